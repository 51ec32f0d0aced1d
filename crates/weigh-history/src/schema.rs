//! The tables, and how a database of an older version becomes one of this. SQLite keeps the version (`user_version`)
//! and whose file it is (`application_id`).

use rusqlite::{Connection, TransactionBehavior};

/// What brings a database from each version to the next.
const MIGRATIONS: [&str; 1] = [include_str!("schema/1.sql")];

/// The newest version.
pub(crate) const VERSION: i64 = MIGRATIONS.len() as i64;

/// `weig`, in ASCII.
const APPLICATION: i64 = 0x7765_6967;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// A database without tables.
    Blank,
    /// A history of this version.
    Version(i64),
    /// Somebody else's database.
    Foreign,
}

/// What the file is.
pub(crate) fn state(connection: &Connection) -> rusqlite::Result<State> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match application {
        APPLICATION => State::Version(version),
        0 if tables == 0 && version == 0 => State::Blank,
        _ => State::Foreign,
    })
}

/// Brings the database to the newest version. Of several processes that try, one does.
pub(crate) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = match state(&transaction)? {
        State::Version(version) => version,
        State::Blank => 0,
        State::Foreign => return Ok(()),
    };
    for step in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(usize::MAX)) {
        transaction.execute_batch(step)?;
    }
    if version < VERSION {
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()
}
