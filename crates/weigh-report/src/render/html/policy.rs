//! What the page may do: run its own scripts, known by their hashes, and nothing else. It can ask for nothing.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

/// The content security policy (W3C, CSP Level 3) of a page with these scripts.
pub(super) fn of(scripts: &[&str]) -> String {
    let hash =
        |script: &&str| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(script.as_bytes())));
    let hashes: Vec<String> = scripts.iter().map(hash).collect();
    // Charts set their sizes and colours as styles; pictures are those that a chart makes of itself.
    format!(
        "default-src 'none'; script-src {}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; \
         form-action 'none'",
        hashes.join(" ")
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_script_is_known_by_its_hash() {
        // printf 'alert(1)' | openssl dgst -sha256 -binary | base64
        let policy = super::of(&["alert(1)"]);
        assert!(
            policy.contains("script-src 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI=';"),
            "{policy}"
        );
    }
}
