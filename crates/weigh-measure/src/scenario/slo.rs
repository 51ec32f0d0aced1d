//! A limit on latency, and whether it was met.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::statistics::Quantile;

/// A service-level objective: this percentile of latency is to be at most so long.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slo {
    /// Which percentile, as a fraction.
    #[serde(with = "fraction")]
    pub quantile: Quantile,
    /// The longest it may be, in nanoseconds.
    pub limit_ns: u64,
}

/// `p99 ≤ 50 ms`.
impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ≤ {} ms", self.quantile, self.limit_ns as f64 / 1e6)
    }
}

/// What a run says about an objective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Met, with 99 % confidence.
    Met,
    /// Missed, with 99 % confidence.
    Missed,
    /// Too few queries to tell, or the run is void.
    Unknown,
}

/// A quantile as its fraction.
mod fraction {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::statistics::Quantile;

    pub fn serialize<S: Serializer>(quantile: &Quantile, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(quantile.fraction())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Quantile, D::Error> {
        let fraction = f64::deserialize(deserializer)?;
        Quantile::new(fraction).ok_or_else(|| D::Error::custom(format!("{fraction} is no quantile")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_objective_in_words_and_in_json() {
        let slo = Slo { quantile: Quantile::P99, limit_ns: 50_500_000 };
        assert_eq!(slo.to_string(), "p99 ≤ 50.5 ms");
        let json = serde_json::to_string(&slo).unwrap();
        assert_eq!(json, r#"{"quantile":0.99,"limit_ns":50500000}"#);
        assert_eq!(serde_json::from_str::<Slo>(&json).unwrap(), slo);
        assert!(serde_json::from_str::<Slo>(r#"{"quantile":1.5,"limit_ns":1}"#).is_err());
    }
}
