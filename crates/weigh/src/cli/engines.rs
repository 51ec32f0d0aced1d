//! `weigh engines`: what runs models here, where it was found, and what is missing for the rest.

use std::process::ExitCode;

use weigh_engine::{Engine, Provider};

use super::{Outcome, output};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Output format
    #[arg(long, default_value = "table", value_parser = ["table", "json"])]
    format: String,
}

/// An engine as it is listed.
#[derive(serde::Serialize)]
struct Row {
    name: &'static str,
    usable: bool,
    /// Whether it runs models where no engine is named.
    default: bool,
    version: Option<String>,
    /// The library it was loaded from; none for an engine that is part of this program.
    library: Option<String>,
    /// What it can run models on.
    providers: Vec<&'static str>,
    /// Why it is not usable.
    reason: Option<String>,
    /// What can be done about that.
    hint: Option<String>,
}

impl Row {
    fn of(engine: &dyn Engine) -> Row {
        let empty = Row {
            name: engine.name(),
            usable: false,
            default: engine.name() == weigh_engine::automatic().name(),
            version: None,
            library: None,
            providers: Vec::new(),
            reason: None,
            hint: None,
        };
        match engine.installation() {
            Ok(found) => Row {
                usable: true,
                version: Some(found.version),
                library: found.library.map(|path| path.display().to_string()),
                providers: found.providers.into_iter().map(Provider::name).collect(),
                ..empty
            },
            Err(missing) => Row { reason: Some(missing.reason), hint: Some(missing.hint), ..empty },
        }
    }

    /// Lines for people, each a name and what it says.
    fn lines(&self) -> Vec<(&'static str, String)> {
        let absent = Provider::ALL.iter().map(|provider| provider.name());
        let absent: Vec<&str> = absent.filter(|name| !self.providers.contains(name)).collect();
        let lacking = match absent.as_slice() {
            absent if absent.is_empty() || self.library.is_none() => String::new(),
            absent => format!("  (not in it: {})", absent.join(", ")),
        };
        let providers = self.usable.then(|| format!("{}{lacking}", self.providers.join(", ")));
        let place = self.usable.then(|| self.library.clone().unwrap_or_else(|| "part of weigh".to_owned()));
        [
            ("library", place),
            ("providers", providers),
            ("not usable", self.reason.clone()),
            ("hint", self.hint.clone()),
        ]
        .into_iter()
        .filter_map(|(name, text)| Some((name, text?)))
        .collect()
    }

    fn text(&self) -> String {
        let version = self.version.as_deref().unwrap_or("-");
        let default = if self.default { "  (default)" } else { "" };
        let lines = self.lines().into_iter().map(|(name, text)| format!("  {name:10}  {text}\n"));
        format!("{}  {version}{default}\n{}", self.name, lines.collect::<String>())
    }
}

pub(crate) fn run(args: &Args) -> Outcome {
    let rows: Vec<Row> = weigh_engine::engines().iter().map(|engine| Row::of(*engine)).collect();
    let text = match args.format.as_str() {
        "json" => format!("{:#}\n", serde_json::json!({ "engines": rows })),
        _ => rows.iter().map(Row::text).collect::<Vec<_>>().join("\n"),
    };
    output::write(None, text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_engine_is_always_listed_as_usable() {
        let row = Row::of(weigh_engine::engine("rten").expect("it is embedded"));
        assert!(row.usable && row.reason.is_none());
        let text = row.text();
        assert!(text.contains("part of weigh") && text.contains("providers   cpu"), "{text}");
    }

    #[test]
    fn what_is_missing_is_told_with_its_hint() {
        let row = Row {
            usable: false,
            reason: Some("not found".to_owned()),
            hint: Some("install it".to_owned()),
            version: None,
            library: None,
            providers: Vec::new(),
            default: false,
            name: "onnxruntime",
        };
        assert_eq!(row.text(), "onnxruntime  -\n  not usable  not found\n  hint        install it\n");
    }
}
