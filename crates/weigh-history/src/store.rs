//! The database: one SQLite file with a rollback journal, so that it can be copied and cached as it is. Writers wait for
//! each other; what one writes appears whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::types::Type;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, TransactionBehavior, params};
use serde::de::DeserializeOwned;
use weigh_report::Report;

use crate::error::StoreError;
use crate::rows::{Estimate, Figures, Kept, Key, Overview, Record};
use crate::schema::{self, State, VERSION};
use crate::time;

/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(10);

/// An open history.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Connection,
}

/// Where the user's history is kept: `weigh/history.db` in `$XDG_DATA_HOME`, else in `~/.local/share`. `None` where
/// neither is known.
pub fn usual_path() -> Option<PathBuf> {
    // The XDG specification wants relative paths ignored.
    let given = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let data = given.or_else(|| Some(std::env::home_dir()?.join(".local").join("share")))?;
    Some(data.join("weigh").join("history.db"))
}

impl Store {
    /// Opens a history to write to, and makes it, its folder too, where there is none.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            let why = |error: std::io::Error| StoreError::Unusable {
                path: path.to_owned(),
                why: format!("{}: {error}", folder.display()),
            };
            fs::create_dir_all(folder).map_err(why)?;
        }
        Store::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?.migrated()
    }

    /// Opens a history that is there, to read it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn open_to_read(path: &Path) -> Result<Store, StoreError> {
        fs::metadata(path).map_err(|error| StoreError::io(path, &error))?;
        let store = Store::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        match store.state()? {
            State::Version(version) if version >= VERSION => Ok(store),
            State::Blank => Err(StoreError::Missing { path: path.to_owned() }),
            _ => Store::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?.migrated(),
        }
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Store, StoreError> {
        let failed = |error: rusqlite::Error| StoreError::of(path, &error);
        let connection =
            Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        // The file may be anybody's: nothing in it may run.
        connection.pragma_update(None, "trusted_schema", false).map_err(failed)?;
        connection.pragma_update(None, "foreign_keys", true).map_err(failed)?;
        Ok(Store { path: path.to_owned(), connection })
    }

    /// What the file is; newer ones and those of others are refused.
    fn state(&self) -> Result<State, StoreError> {
        // Read at one moment: in between, another process may make the tables.
        let state = || schema::state(&*self.connection.unchecked_transaction()?);
        match state().map_err(|error| self.failed(&error))? {
            State::Version(found) if found > VERSION => {
                Err(StoreError::Newer { path: self.path.clone(), found, known: VERSION })
            }
            State::Version(found) if found < 0 => {
                Err(StoreError::not_one(&self.path, format!("its version is {found}")))
            }
            State::Foreign => Err(StoreError::not_one(&self.path, "it is another program's database")),
            state => Ok(state),
        }
    }

    fn migrated(mut self) -> Result<Store, StoreError> {
        if self.state()? != State::Version(VERSION) {
            let done = schema::migrate(&mut self.connection);
            done.map_err(|error| self.failed(&error))?;
        }
        Ok(self)
    }

    fn failed(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::of(&self.path, error)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps measurements, all of them or none; their numbers.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn keep(&mut self, records: &[Record]) -> Result<Vec<i64>, StoreError> {
        let path = self.path.clone();
        let failed = |error: rusqlite::Error| StoreError::of(&path, &error);
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let kept = records.iter().map(|record| keep_one(&transaction, record)).collect::<Result<_, _>>();
        let kept = kept.map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(kept)
    }

    /// What there is, by model, machine and settings in the order in which they were first kept.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn overview(&self) -> Result<Vec<Overview>, StoreError> {
        let text = "SELECT series.id, model, fingerprint, facts, settings, count(*), min(at_ms), max(at_ms)
            FROM runs JOIN series ON series.id = runs.series JOIN machines ON machines.id = series.machine
            GROUP BY series.id ORDER BY model, series.id";
        let read = || {
            let mut statement = self.connection.prepare(text)?;
            statement.query_map([], overview_of)?.collect::<rusqlite::Result<Vec<Overview>>>()
        };
        read().map_err(|error| self.failed(&error))
    }

    /// The newest `last` runs of a series since a time, the newest last.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn runs(&self, series: i64, since: Option<SystemTime>, last: usize) -> Result<Vec<Kept>, StoreError> {
        let text = "SELECT * FROM runs WHERE series = ? AND at_ms >= ? ORDER BY at_ms DESC, id DESC LIMIT ?";
        let since = since.and_then(time::kept).unwrap_or(0);
        let last = i64::try_from(last).unwrap_or(i64::MAX);
        let read = || {
            let mut statement = self.connection.prepare(text)?;
            let rows = statement.query_map(params![series, since, last], kept_of)?;
            rows.collect::<rusqlite::Result<Vec<Kept>>>()
        };
        let mut runs = read().map_err(|error| self.failed(&error))?;
        runs.reverse();
        Ok(runs)
    }

    /// The run of that number.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn run(&self, id: i64) -> Result<Option<Kept>, StoreError> {
        let found = self.connection.query_row("SELECT * FROM runs WHERE id = ?", [id], kept_of);
        found.optional().map_err(|error| self.failed(&error))
    }

    /// Takes runs out; how many there were. A series without runs goes with them.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn forget(&mut self, runs: &[i64]) -> Result<usize, StoreError> {
        let path = self.path.clone();
        let mut forget = || -> rusqlite::Result<usize> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut gone = 0;
            for id in runs {
                gone += transaction.execute("DELETE FROM runs WHERE id = ?", [id])?;
            }
            transaction.execute("DELETE FROM series WHERE id NOT IN (SELECT series FROM runs)", [])?;
            transaction.execute("DELETE FROM machines WHERE id NOT IN (SELECT machine FROM series)", [])?;
            transaction.commit()?;
            Ok(gone)
        };
        forget().map_err(|error| StoreError::of(&path, &error))
    }
}

/// The number of a row that is there, or that is put there.
fn number_of(connection: &Connection, find: &str, put: &str, row: &[&str]) -> rusqlite::Result<i64> {
    let find = || connection.query_row(find, rusqlite::params_from_iter(row), |row| row.get(0)).optional();
    if let Some(id) = find()? {
        return Ok(id);
    }
    connection.execute(put, rusqlite::params_from_iter(row))?;
    Ok(connection.last_insert_rowid())
}

fn keep_one(connection: &Connection, record: &Record) -> rusqlite::Result<i64> {
    let key = &record.key;
    let machine = connection.query_row(
        "INSERT INTO machines (fingerprint, facts) VALUES (?, ?)
         ON CONFLICT (fingerprint) DO UPDATE SET facts = excluded.facts RETURNING id",
        params![key.fingerprint, json(&key.machine)?],
        |row| row.get::<_, i64>(0),
    )?;
    let series = number_of(
        connection,
        "SELECT id FROM series WHERE model = ? AND machine = ? AND settings = ?",
        "INSERT INTO series (model, machine, settings) VALUES (?, ?, ?)",
        &[&key.model, &machine.to_string(), &json(&key.settings)?],
    )?;
    let run = record.report.measurements.first().cloned().unwrap_or_default();
    let figures = Figures::of(&run);
    let at = time::kept(record.at).ok_or_else(|| unwritable("its time is before 1970 or after 9999"))?;
    let end = |(_, interval): Estimate, end: usize| interval.map(|ends| ends[end]);
    connection.execute(
        "INSERT INTO runs (series, at_ms, tag, engine_version, model_digest, processes, min_ms,
            p50_ms, p50_low_ms, p50_high_ms, p90_ms, p90_low_ms, p90_high_ms, p99_ms, p99_low_ms, p99_high_ms,
            per_second, per_second_low, per_second_high, peak_rss_bytes, joules, noise, report)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            series,
            at,
            record.tag,
            run.engine.version,
            record.model_digest,
            figures.processes,
            figures.min_ms,
            figures.p50_ms.0,
            end(figures.p50_ms, 0),
            end(figures.p50_ms, 1),
            figures.p90_ms.0,
            end(figures.p90_ms, 0),
            end(figures.p90_ms, 1),
            figures.p99_ms.0,
            end(figures.p99_ms, 0),
            end(figures.p99_ms, 1),
            figures.per_second.0,
            end(figures.per_second, 0),
            end(figures.per_second, 1),
            figures.peak_rss_bytes.and_then(|bytes| i64::try_from(bytes).ok()),
            figures.joules,
            figures.noise,
            json(&record.report)?,
        ],
    )?;
    Ok(connection.last_insert_rowid())
}

fn json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn unwritable(why: &'static str) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(why.into())
}

fn overview_of(row: &Row<'_>) -> rusqlite::Result<Overview> {
    let key = Key {
        model: row.get("model")?,
        fingerprint: row.get("fingerprint")?,
        machine: read_json(row, "facts")?,
        settings: read_json(row, "settings")?,
    };
    let at = |column: usize| moment(column, row.get(column)?);
    Ok(Overview {
        id: row.get(0)?,
        key,
        kept: row.get::<_, i64>(5)?.unsigned_abs(),
        first: at(6)?,
        last: at(7)?,
    })
}

fn kept_of(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let estimate = |name: &str| -> rusqlite::Result<Estimate> {
        let [value, low, high]: [Option<f64>; 3] = match name {
            "per_second" => [row.get(name)?, row.get("per_second_low")?, row.get("per_second_high")?],
            name => {
                let end = |end: &str| row.get(format!("{name}_{end}_ms").as_str());
                [row.get(format!("{name}_ms").as_str())?, end("low")?, end("high")?]
            }
        };
        Ok((value, low.zip(high).map(|(low, high)| [low, high])))
    };
    let report: Report = read_json(row, "report")?;
    Ok(Kept {
        id: row.get("id")?,
        at: moment(2, row.get("at_ms")?)?,
        tag: row.get("tag")?,
        engine_version: row.get("engine_version")?,
        model_digest: row.get("model_digest")?,
        figures: Figures {
            processes: row.get("processes")?,
            min_ms: row.get("min_ms")?,
            p50_ms: estimate("p50")?,
            p90_ms: estimate("p90")?,
            p99_ms: estimate("p99")?,
            per_second: estimate("per_second")?,
            peak_rss_bytes: row.get::<_, Option<i64>>("peak_rss_bytes")?.map(i64::unsigned_abs),
            joules: row.get("joules")?,
            noise: row.get("noise")?,
        },
        report,
    })
}

fn moment(column: usize, ms: i64) -> rusqlite::Result<SystemTime> {
    time::from_kept(ms).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, ms))
}

fn read_json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    let wrong = |error: serde_json::Error| {
        rusqlite::Error::FromSqlConversionFailure(0, Type::Text, format!("{column}: {error}").into())
    };
    serde_json::from_str(&text).map_err(wrong)
}
