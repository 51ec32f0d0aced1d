//! A limit on a figure: `latency.p99<=33ms`.

use std::fmt;
use std::str::FromStr;

use weigh_ir::units::Dimension;

use super::errors::NoRequirement;
use super::subject::Subject;

/// On which side of the limit the figure has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `<=`
    AtMost,
    /// `<`
    Below,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
    /// `=`
    Equal,
}

/// How relations are written, the longer ones first.
const RELATIONS: [(&str, Relation); 8] = [
    ("<=", Relation::AtMost),
    ("≤", Relation::AtMost),
    (">=", Relation::AtLeast),
    ("≥", Relation::AtLeast),
    ("==", Relation::Equal),
    ("<", Relation::Below),
    (">", Relation::Above),
    ("=", Relation::Equal),
];

impl Relation {
    /// Whether the limit is one from above.
    pub fn is_upper(self) -> bool {
        matches!(self, Relation::AtMost | Relation::Below)
    }

    /// Whether one number keeps it.
    pub(super) fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Relation::AtMost => value <= limit,
            Relation::Below => value < limit,
            Relation::AtLeast => value >= limit,
            Relation::Above => value > limit,
            Relation::Equal => value == limit,
        }
    }

    /// Splits `<= 33ms` after the relation.
    pub(super) fn read(text: &str) -> Option<(Relation, &str)> {
        let text = text.trim_start();
        RELATIONS.iter().find_map(|(sign, relation)| Some((*relation, text.strip_prefix(sign)?)))
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = RELATIONS.iter().find(|(_, relation)| relation == self).map_or("", |(sign, _)| sign);
        f.write_str(if *self == Relation::Equal { "=" } else { sign })
    }
}

/// A limit on a figure of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// What it is on.
    pub subject: Subject,
    /// On which side of the limit that has to be.
    pub relation: Relation,
    /// The limit, in the unit of the subject.
    pub limit: f64,
    /// As written.
    pub written: String,
    /// Where it is from, for people: `--require`, a class, a file.
    pub source: String,
}

impl Requirement {
    /// A requirement on a subject, of text such as `<= 33ms`.
    ///
    /// # Errors
    /// It is no relation and amount, or one of another dimension than the subject's.
    pub fn on(subject: Subject, text: &str) -> Result<Requirement, NoRequirement> {
        let written = format!("{subject}{}", text.trim().replace(' ', ""));
        let (relation, limit) = Relation::read(text).ok_or_else(|| NoRequirement::Form(written.clone()))?;
        let amount = subject.dimension().read(limit);
        let limit =
            amount.map_err(|problem| NoRequirement::Amount { metric: subject.to_string(), problem })?;
        let is_exact = matches!(subject.dimension(), Dimension::Count | Dimension::Bytes | Dimension::Share);
        if relation == Relation::Equal && !is_exact {
            return Err(NoRequirement::Equal(subject.to_string()));
        }
        Ok(Requirement { subject, relation, limit, written, source: "--require".to_owned() })
    }

    /// The same, from another place.
    pub fn from(self, source: impl Into<String>) -> Requirement {
        Requirement { source: source.into(), ..self }
    }
}

impl FromStr for Requirement {
    type Err = NoRequirement;

    fn from_str(text: &str) -> Result<Requirement, NoRequirement> {
        let wrong = || NoRequirement::Form(text.trim().to_owned());
        let at = text.find(['<', '>', '=', '≤', '≥']).ok_or_else(wrong)?;
        let (name, rest) = text.split_at(at);
        if name.trim().is_empty() || Relation::read(rest).is_none_or(|(_, limit)| limit.trim().is_empty()) {
            return Err(wrong());
        }
        let requirement = Requirement::on(name.parse()?, rest)?;
        Ok(Requirement { written: text.trim().to_owned(), ..requirement })
    }
}

/// Two of the requirements that nothing can meet together.
pub fn contradiction(requirements: &[Requirement]) -> Option<NoRequirement> {
    let clash = |a: &Requirement, b: &Requirement| {
        let excluded = |a: &Requirement, b: &Requirement| match (a.relation, b.relation) {
            (Relation::Equal, relation) => !relation.holds(a.limit, b.limit),
            (upper, lower) if upper.is_upper() && !lower.is_upper() && lower != Relation::Equal => {
                let strict = upper == Relation::Below || lower == Relation::Above;
                a.limit < b.limit || (strict && a.limit == b.limit)
            }
            _ => false,
        };
        a.subject == b.subject && (excluded(a, b) || excluded(b, a))
    };
    requirements.iter().enumerate().find_map(|(index, a)| {
        let b = requirements[index + 1..].iter().find(|b| clash(a, b))?;
        Some(NoRequirement::Contradiction(a.written.clone(), b.written.clone()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Requirement, NoRequirement> {
        text.parse()
    }

    #[test]
    fn limits_are_read_in_the_unit_of_their_metric() {
        let cases = [
            ("latency.p99<=33ms", "latency.p99", Relation::AtMost, 33.0),
            ("p99 < 0.2 s", "latency.p99", Relation::Below, 200.0),
            ("throughput>=400/s", "throughput", Relation::AtLeast, 400.0),
            ("throughput >= 1M/day", "throughput", Relation::AtLeast, 1e6 / 86400.0),
            ("parameters<=5M", "parameters", Relation::AtMost, 5e6),
            ("model_size ≤ 20 MiB", "model_size", Relation::AtMost, 20_971_520.0),
            ("peak_memory<=512MiB", "peak_memory", Relation::AtMost, 536_870_912.0),
            ("energy<=50mJ", "energy", Relation::AtMost, 0.05),
            ("cost<=6$/day", "cost", Relation::AtMost, 0.25),
            ("coverage=100%", "coverage", Relation::Equal, 1.0),
            ("macs==724406816", "macs", Relation::Equal, 724_406_816.0),
            (
                "totals.activations.peak.bytes<=9MiB",
                "totals.activations.peak.bytes",
                Relation::AtMost,
                9_437_184.0,
            ),
        ];
        for (text, subject, relation, limit) in cases {
            let found = read(text).unwrap();
            assert_eq!((found.subject.to_string().as_str(), found.relation), (subject, relation), "{text}");
            assert!((found.limit - limit).abs() <= 1e-12 * limit, "{text}: {}", found.limit);
        }
    }

    #[test]
    fn wrong_units_and_forms_are_told() {
        let said = |text: &str| read(text).unwrap_err().to_string();
        assert_eq!(said("throughput>=33ms"), "throughput: '33ms' is a time, not a rate: write it as 400/s");
        assert!(said("latency<=5MiB").contains("not a time"));
        assert_eq!(said("latency=5ms"), "latency.p50 cannot be required to equal a number");
        for wrong in ["", "latency", "<=5ms", "latency<=", "latency<=>5ms", "latency<=-5ms", "macs<=nan"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn contradictions_are_found() {
        let clash = |texts: &[&str]| {
            let set: Vec<Requirement> = texts.iter().map(|text| read(text).unwrap()).collect();
            contradiction(&set).map(|error| error.to_string())
        };
        let both = "'p99<=10ms' and 'latency.p99>=20ms' contradict each other";
        assert_eq!(clash(&["p99<=10ms", "macs<=1G", "latency.p99>=20ms"]).as_deref(), Some(both));
        assert!(clash(&["macs<5M", "macs>=5M"]).is_some() && clash(&["macs=4M", "macs>=5M"]).is_some());
        assert!(clash(&["macs<=5M", "macs>=5M", "macs=5M", "p50<=1ms", "p99>=2ms"]).is_none());
    }
}
