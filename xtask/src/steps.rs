//! A run as a row of steps: a heading before each, the first failure ends it, and a summary says how long each took.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How a step ended.
enum Outcome {
    Passed,
    Skipped(String),
    Failed,
}

/// The steps of one run so far, and the checks that corpus scripts counted.
#[derive(Default)]
pub struct Steps {
    done: Vec<(String, Duration, Outcome)>,
    passed: u64,
    failed: u64,
}

impl Steps {
    /// Run a row of steps and print the summary, whether they succeed or not.
    ///
    /// # Errors
    /// Whatever ended the row early, or that checks failed in a row that came to its end.
    pub fn run(row: impl FnOnce(&mut Steps) -> Result<()>) -> Result<()> {
        let mut steps = Steps::default();
        let result = row(&mut steps);
        steps.summarise();
        result?;
        if steps.failed > 0 {
            bail!("{} checks failed", steps.failed);
        }
        Ok(())
    }

    /// Run one step under a heading.
    pub fn step(&mut self, name: &str, action: impl FnOnce() -> Result<()>) -> Result<()> {
        self.counting_step(name, |_| action())
    }

    /// Run one step that counts checks. Failed checks fail the step, but not the row: the next corpus still runs.
    pub fn counting_step(&mut self, name: &str, action: impl FnOnce(&mut Score) -> Result<()>) -> Result<()> {
        println!("\n==> {name}");
        let start = Instant::now();
        let mut score = Score::default();
        let result = action(&mut score).with_context(|| format!("step `{name}` failed"));
        self.passed += score.passed;
        self.failed += score.failed;
        let outcome = if result.is_ok() && score.failed == 0 { Outcome::Passed } else { Outcome::Failed };
        self.done.push((name.to_owned(), start.elapsed(), outcome));
        result
    }

    /// Note a step that cannot run here.
    pub fn skip(&mut self, name: &str, reason: &str) {
        println!("\n==> {name}\nskipped: {reason}");
        self.done.push((name.to_owned(), Duration::ZERO, Outcome::Skipped(reason.to_owned())));
    }

    fn summarise(&self) {
        println!("\n==> summary");
        for (name, time, outcome) in &self.done {
            let outcome = match outcome {
                Outcome::Passed => "ok".to_owned(),
                Outcome::Skipped(reason) => format!("skipped: {reason}"),
                Outcome::Failed => "FAILED".to_owned(),
            };
            println!("{:>8.1} s  {name:<44} {outcome}", time.as_secs_f64());
        }
        if self.passed + self.failed > 0 {
            println!("xtask: {} passed, {} failed", self.passed, self.failed);
        }
    }
}

/// Checks that one step counted.
#[derive(Debug, Default, PartialEq)]
pub struct Score {
    /// Checks that came out right.
    pub passed: u64,
    /// Checks that did not.
    pub failed: u64,
}

impl Score {
    /// What was counted; where the counting itself failed, one failed check.
    pub fn or_failed(counted: Result<Score>) -> Score {
        counted.unwrap_or_else(|error| {
            println!("FAILED {error:#}");
            Score { passed: 0, failed: 1 }
        })
    }

    /// Read the closing line of a corpus script: `N passed, N failed`.
    pub fn parse(line: &str) -> Option<Score> {
        let (passed, failed) = line.trim().split_once(", ")?;
        Some(Score {
            passed: passed.strip_suffix(" passed")?.parse().ok()?,
            failed: failed.strip_suffix(" failed")?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines() {
        assert_eq!(Score::parse("12 passed, 3 failed\n"), Some(Score { passed: 12, failed: 3 }));
        assert_eq!(Score::parse("FAILED a: b: 12 passed, 3 failed"), None);
        assert_eq!(Score::parse("12 passed"), None);
        assert_eq!(Score::parse(""), None);
    }

    #[test]
    fn failed_checks_fail_the_run_but_let_the_row_go_on() {
        let mut reached = false;
        let result = Steps::run(|steps| {
            steps.counting_step("one", |score| {
                *score = Score { passed: 1, failed: 2 };
                Ok(())
            })?;
            steps.step("two", || {
                reached = true;
                Ok(())
            })
        });
        assert!(reached);
        assert_eq!(result.unwrap_err().to_string(), "2 checks failed");
    }

    #[test]
    fn an_error_ends_the_row() {
        let result = Steps::run(|steps| {
            steps.step("one", || bail!("no"))?;
            unreachable!("the row has ended")
        });
        assert_eq!(format!("{:#}", result.unwrap_err()), "step `one` failed: no");
    }
}
