//! The four scenarios by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::statistics::Quantile;

/// How queries come to the system under test. Each of a query's samples is one input (an image, a sentence).
///
/// Written `single-stream`, `multi-stream` (or `multi-stream:4` for other than 8 samples), `offline`, `server`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Scenario {
    /// Queries of one sample; the next when the last is done. A phone's camera.
    SingleStream,
    /// Queries of several samples; the next when the last is done. Several cameras, one computer.
    MultiStream {
        /// Samples per query: 8 in MLPerf.
        samples_per_query: usize,
    },
    /// All samples are there from the start. A pile of photographs.
    Offline,
    /// Queries of one sample at the random times of a Poisson process. A web service.
    Server,
}

impl Scenario {
    /// Samples per query of MLPerf's multi-stream scenario.
    pub const STREAMS: usize = 8;

    /// Every scenario, multi-stream as in MLPerf.
    pub const ALL: [Scenario; 4] = [
        Scenario::SingleStream,
        Scenario::MultiStream { samples_per_query: Scenario::STREAMS },
        Scenario::Offline,
        Scenario::Server,
    ];

    /// The percentile of latency that is the scenario's metric: p90 for a single stream, p99 for several and for a
    /// server. `None` for offline, whose metric is samples per second.
    pub fn quantile(self) -> Option<Quantile> {
        match self {
            Scenario::SingleStream => Some(Quantile::P90),
            Scenario::MultiStream { .. } | Scenario::Server => Some(Quantile::P99),
            Scenario::Offline => None,
        }
    }

    /// Samples in one query.
    pub fn samples_per_query(self) -> usize {
        match self {
            Scenario::MultiStream { samples_per_query } => samples_per_query,
            Scenario::SingleStream | Scenario::Offline | Scenario::Server => 1,
        }
    }

    /// What it is called, without the samples of a query.
    pub fn name(self) -> &'static str {
        match self {
            Scenario::SingleStream => "single-stream",
            Scenario::MultiStream { .. } => "multi-stream",
            Scenario::Offline => "offline",
            Scenario::Server => "server",
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Scenario::MultiStream { samples_per_query } if samples_per_query != Scenario::STREAMS => {
                write!(f, "{}:{samples_per_query}", self.name())
            }
            _ => f.pad(self.name()),
        }
    }
}

/// A name that is no scenario's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no scenario is called {0:?}: there are single-stream, multi-stream, offline and server")]
pub struct UnknownScenario(pub String);

impl FromStr for Scenario {
    type Err = UnknownScenario;

    fn from_str(text: &str) -> Result<Scenario, UnknownScenario> {
        let unknown = || UnknownScenario(text.to_owned());
        match text.split_once(':') {
            None => Scenario::ALL.into_iter().find(|scenario| scenario.name() == text).ok_or_else(unknown),
            Some(("multi-stream", samples)) => match samples.parse() {
                Ok(samples_per_query) if samples_per_query > 0 => {
                    Ok(Scenario::MultiStream { samples_per_query })
                }
                _ => Err(unknown()),
            },
            Some(_) => Err(unknown()),
        }
    }
}

impl From<Scenario> for String {
    fn from(scenario: Scenario) -> String {
        scenario.to_string()
    }
}

impl TryFrom<String> for Scenario {
    type Error = UnknownScenario;

    fn try_from(text: String) -> Result<Scenario, UnknownScenario> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        let four = Scenario::MultiStream { samples_per_query: 4 };
        for scenario in Scenario::ALL.into_iter().chain([four]) {
            assert_eq!(scenario.to_string().parse(), Ok(scenario));
            let json = serde_json::to_string(&scenario).unwrap();
            assert_eq!(json, format!("\"{scenario}\""));
            assert_eq!(serde_json::from_str::<Scenario>(&json).unwrap(), scenario);
        }
        assert_eq!(four.to_string(), "multi-stream:4");
        for wrong in ["", "Server", "multi-stream:0", "multi-stream:", "server:2", "multi-stream:-1"] {
            assert_eq!(wrong.parse::<Scenario>(), Err(UnknownScenario(wrong.to_owned())));
        }
    }
}
