//! What commands answer with, listen to and read beside their arguments, as help texts and manual pages tell it.

/// A name and what it is.
pub(super) struct Told {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
}

const fn told(name: &'static str, what: &'static str) -> Told {
    Told { name, what }
}

pub(super) const EXIT_CODES: [Told; 4] = [
    told("0", "Fine: what was asked for is there, and every requirement is met."),
    told("1", "A requirement or budget is missed, or not known to be met."),
    told("2", "Bad usage or bad input: nothing was done, or not all of it."),
    told("130", "Ended by Ctrl-C; what was finished is shown."),
];

pub(super) const ENVIRONMENT: [Told; 7] = [
    told(
        "NO_COLOR",
        "Set to anything: no colours. They are used on terminals only, and not where TERM is dumb.",
    ),
    told(
        "CLICOLOR, CLICOLOR_FORCE",
        "0 for no colours; CLICOLOR_FORCE=1 for colours without a terminal too.",
    ),
    told("COLUMNS", "How wide tables are, in place of the terminal's width; 120 at most."),
    told(
        "LC_ALL, LC_CTYPE, LANG",
        "C, POSIX or another encoding than UTF-8: nothing outside ASCII is printed.",
    ),
    told(
        "ORT_DYLIB_PATH",
        "ONNX Runtime's library, or its folder; without it Python packages and system folders are searched.",
    ),
    told(
        "XDG_CONFIG_HOME",
        "Where the folder weigh with the user's devices and calibration is; ~/.config without it.",
    ),
    told(
        "XDG_DATA_HOME",
        "Where the folder weigh with the history of measurements is; ~/.local/share without it.",
    ),
];

pub(super) const FILES: [Told; 3] = [
    told("~/.config/weigh/devices/*.toml", "Devices of the user's own, beside those of the table."),
    told("~/.config/weigh/calibration.json", "What weigh hardware calibrate measured of this machine."),
    told("~/.local/share/weigh/history.db", "Measurements that were saved, for weigh history."),
];

/// The end of the help of the program: exit codes, variables, files.
pub(super) fn help() -> String {
    let sections: [(&str, &[Told]); 3] =
        [("Exit codes", &EXIT_CODES), ("Environment", &ENVIRONMENT), ("Files", &FILES)];
    let mut help = String::new();
    for (title, told) in sections {
        help.push_str(&format!("\n{title}:\n"));
        help.extend(told.iter().map(|Told { name, what }| format!("  {name}\n          {what}\n")));
    }
    help.trim().to_owned()
}
