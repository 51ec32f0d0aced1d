//! Points in time as they are kept (milliseconds since 1970, UTC) and as they are written (RFC 3339).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last millisecond of the year 9999: nothing later can be written.
const LAST_MS: i64 = 253_402_300_799_999;

/// As it is kept; `None` before 1970 and after 9999.
pub(crate) fn kept(at: SystemTime) -> Option<i64> {
    let ms = at.duration_since(UNIX_EPOCH).ok()?.as_millis();
    i64::try_from(ms).ok().filter(|ms| *ms <= LAST_MS)
}

/// From how it is kept; `None` before 1970 and after 9999.
pub(crate) fn from_kept(ms: i64) -> Option<SystemTime> {
    let ms = u64::try_from(ms).ok().filter(|_| ms <= LAST_MS)?;
    UNIX_EPOCH.checked_add(Duration::from_millis(ms))
}

/// By RFC 3339 to the second; empty before 1970 and after 9999.
pub fn written(at: SystemTime) -> String {
    match kept(at) {
        Some(_) => humantime::format_rfc3339_seconds(at).to_string(),
        None => String::new(),
    }
}

/// From a date, a date and a time, or RFC 3339, all in UTC; `None` for anything else.
pub fn read(text: &str) -> Option<SystemTime> {
    let text = text.trim();
    let with_time = |date: &str| humantime::parse_rfc3339_weak(&format!("{date} 00:00:00"));
    let at = humantime::parse_rfc3339_weak(text).or_else(|_| with_time(text)).ok()?;
    kept(at).map(|_| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let at = UNIX_EPOCH + Duration::from_secs(1_764_374_400);
        assert_eq!(written(at), "2025-11-29T00:00:00Z");
        for text in ["2025-11-29T00:00:00Z", "2025-11-29", "2025-11-29 00:00:00"] {
            assert_eq!(read(text), Some(at), "{text}");
        }
        assert_eq!((read("yesterday"), read("2025-13-01")), (None, None));
        assert_eq!(from_kept(kept(at).unwrap()), Some(at));
    }

    #[test]
    fn no_time_is_too_strange() {
        assert_eq!((from_kept(-1), from_kept(i64::MAX)), (None, None));
        let far = UNIX_EPOCH + Duration::from_millis(LAST_MS as u64 + 1);
        assert_eq!((kept(far), written(far)), (None, String::new()));
    }
}
