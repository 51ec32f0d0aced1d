//! What is added to generated scripts, which have no word for it: models are files or `zoo:NAME`; in fish, the names that
//! commands are given without an option.

use clap_complete::Shell;

use super::values::{given, zoo};

/// Bash takes the colon for a word of its own, so names are completed after `zoo` and a colon.
const BASH: &str = r#"
_weigh_models() {
    local cur="${COMP_WORDS[COMP_CWORD]}" at=$((COMP_CWORD - 1))
    if [[ "${cur}" == ":" ]]; then
        cur=""
        at=${COMP_CWORD}
    fi
    if [[ ${at} -gt 1 && "${COMP_WORDS[at]}" == ":" && "${COMP_WORDS[at - 1]}" == "zoo" ]]; then
        COMPREPLY=( $(compgen -W "ZOO" -- "${cur}") )
        return 0
    fi
    _weigh "$@"
    if [[ -n "${cur}" && "zoo" == "${cur}"* ]]; then
        COMPREPLY+=("zoo:")
        compopt -o nospace 2>/dev/null
    fi
    return 0
}
complete -F _weigh_models -o bashdefault -o default weigh
"#;

const ZSH: &str = r#"
_weigh_models() {
    local -a zoo=(ZOO)
    _alternative 'zoo:model of the zoo:compadd -a zoo' 'files:file:_files'
}
"#;

const FISH: &str = r#"
complete -c weigh -n "not __fish_seen_subcommand_from completions docs engines hardware layer man requirements schema zoo" -a "ZOO"
"#;

/// The script with the models of the zoo, for the shells that there is something to add for.
pub(super) fn completed(shell: Shell, script: String) -> String {
    let prefixed = || zoo().iter().map(|name| format!("zoo:{name}")).collect::<Vec<_>>().join(" ");
    match shell {
        Shell::Bash => script + &BASH.replace("ZOO", &zoo().join(" ")),
        Shell::Zsh => {
            // The first line says what the file completes; functions follow it.
            let (first, rest) = script.split_once('\n').unwrap_or((script.as_str(), ""));
            format!(
                "{first}\n{}{}",
                ZSH.replace("ZOO", &prefixed()),
                rest.replace(":_urls", ":_weigh_models")
            )
        }
        Shell::Fish => script + &FISH.replace("ZOO", &prefixed()) + &given_in_fish(),
        _ => script,
    }
}

fn given_in_fish() -> String {
    let line = |(command, names): (&str, Vec<&str>)| {
        format!(
            "complete -c weigh -n \"__fish_seen_subcommand_from {command}\" -f -a \"{}\"\n",
            names.join(" ")
        )
    };
    given().map(line).collect()
}
