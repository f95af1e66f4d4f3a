//! What a gateway remembers: shares, drop links, grants, the log. One SQL for SQLite (WAL; one machine) and PostgreSQL
//! (several gateways). Whatever is counted is counted by a single statement that checks and changes at once.

mod change;
mod drops;
mod shares;

use std::path::Path;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sqlx::any::{AnyPoolOptions, AnyRow, install_default_drivers};
use sqlx::error::BoxDynError;
use sqlx::migrate::{Migration, MigrationSource, MigrationType, Migrator};
use sqlx::{AnyPool, Connection as _, Executor as _, Row as _, SqlSafeStr as _};

pub(super) use drops::{Drop, Incoming, NewIncoming, Stage};
pub(super) use shares::{Item, NewShare, Share};

use change::{Change, Writer};

use super::secret::{self, Keys};
use crate::config::paths::make_private;
use crate::error::{Error, Kind, Result};

/// What a path keeps as it is in a URL.
const PATH: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
/// Connections that read, and to PostgreSQL also write.
const CONNECTIONS: u32 = 16;
/// A connection that has waited for longer is asked whether it is still there.
const FRESH: Duration = Duration::from_secs(1);

/// The database.
#[derive(Clone, Debug)]
pub(super) struct Store {
    read: AnyPool,
    write: Writer,
}

/// Something that happened to a share or a drop link.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Event {
    /// Seconds since 1970.
    pub happened: i64,
    /// `create`, `view`, `unlock`, `unlock-failed`, `claim`, `again`, `deny`, `revoke`, `extend`, `start`, `complete`,
    /// `abort`, `close`.
    pub kind: String,
    /// Which object, by its name on the page; empty: the whole.
    pub item: String,
    /// Who, as far as it is written down.
    pub address: String,
    /// `User-Agent`, its first 200 characters.
    pub agent: String,
}

#[derive(Debug)]
struct Migrations;

impl MigrationSource<'static> for Migrations {
    fn resolve(self) -> BoxFuture<'static, std::result::Result<Vec<Migration>, BoxDynError>> {
        let first = Migration::new(
            1,
            "shares and drops".into(),
            MigrationType::Simple,
            include_str!("../../migrations/1_shares_and_drops.sql").into_sql_str(),
            false,
        );
        async move { Ok(vec![first]) }.boxed()
    }
}

/// A failure of the database. Its text may hold what it was asked, so that it goes to the log alone.
pub(super) fn failed(error: sqlx::Error) -> Error {
    tracing::error!(%error, "the database");
    Error::new(Kind::Network, "the gateway's database does not answer").with_source(error)
}

/// Sorts by when it was written down, and is nobody else's.
fn event_id() -> Result<String> {
    let bytes: [u8; 8] = crate::config::random()?;
    let now = jiff::Timestamp::now().as_microsecond();
    Ok(format!("{now:016x}{:016x}", u64::from_be_bytes(bytes)))
}

async fn migrate(pool: &AnyPool) -> Result<()> {
    let wrong = |error: sqlx::migrate::MigrateError| {
        Error::new(Kind::Config, format!("the store cannot be brought up to date: {error}"))
            .with_hint("it may have been made by a newer version of this program")
    };
    Migrator::new(Migrations).await.map_err(wrong)?.run(pool).await.map_err(wrong)
}

impl Store {
    /// The SQLite file at `path`, made if it is not there.
    ///
    /// # Errors
    /// It cannot be opened, or was made by a newer program.
    pub(super) async fn sqlite(path: &Path) -> Result<Self> {
        install_default_drivers();
        if let Some(folder) = path.parent() {
            make_private(folder)?;
        }
        let encoded = percent_encoding::utf8_percent_encode(&path.to_string_lossy(), PATH).to_string();
        let url = format!("sqlite://{encoded}?mode=rwc");
        let pool = |connections| {
            // A file does not hang up: asking before each use would cost as much as the use.
            let options = AnyPoolOptions::new().max_connections(connections).test_before_acquire(false);
            options.after_connect(|connection, _| {
                async move {
                    // What is lost at most when the power goes are the last claims, never the file.
                    connection.execute("PRAGMA journal_mode = WAL").await?;
                    connection.execute("PRAGMA synchronous = NORMAL").await?;
                    connection.execute("PRAGMA busy_timeout = 5000").await?;
                    Ok(())
                }
                .boxed()
            })
        };
        let opened = |error: sqlx::Error| {
            Error::new(Kind::Local, format!("cannot open the store {}: {error}", path.display()))
        };
        let write = pool(1).connect(&url).await.map_err(opened)?;
        let read = pool(4).connect(&url).await.map_err(opened)?;
        migrate(&write).await?;
        Ok(Self { read, write: Writer::together(write) })
    }

    /// A PostgreSQL database.
    ///
    /// # Errors
    /// It cannot be reached, or was made by a newer program.
    pub(super) async fn postgres(url: &str) -> Result<Self> {
        install_default_drivers();
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(Duration::from_secs(5))
            // What was in use a moment ago is there: asking each time would cost as much as the use.
            .test_before_acquire(false)
            .before_acquire(|connection, known| {
                async move {
                    if known.idle_for > FRESH {
                        connection.ping().await?;
                    }
                    Ok(true)
                }
                .boxed()
            })
            .connect(url)
            .await
            // The URL may hold a password.
            .map_err(|error| {
                if !matches!(error, sqlx::Error::Configuration(_)) {
                    tracing::error!(%error, "the database cannot be connected to");
                }
                Error::new(Kind::Network, "cannot connect to the store's database").with_hint(
                    "store_url_command prints postgres://USER:PASSWORD@HOST/DATABASE; --log says more",
                )
            })?;
        migrate(&pool).await?;
        Ok(Self { read: pool.clone(), write: Writer::Each(pool) })
    }

    /// Carries a change out; false if there was nothing to change.
    async fn change(&self, change: Change) -> Result<bool> {
        self.write.run(change).await
    }

    /// Refuses a key other than the one that this store was begun with: what is sealed in it could not be opened.
    ///
    /// # Errors
    /// `Kind::Config`; the database's.
    pub(super) async fn check_key(&self, keys: &Keys) -> Result<()> {
        let sealed = keys.seal("check", b"twinpail")?;
        let insert = "INSERT INTO setting (name, value) VALUES ('check', $1) ON CONFLICT (name) DO NOTHING";
        self.change(Change::new(insert).bind(&sealed)).await?;
        let row = sqlx::query("SELECT value FROM setting WHERE name = 'check'");
        let row = row.fetch_one(&self.read).await.map_err(failed)?;
        let known: String = row.try_get(0).map_err(failed)?;
        match keys.open("check", &known) {
            Some(_) => Ok(()),
            None => Err(Error::new(Kind::Config, "the key is not the one that this store was begun with")
                .with_hint("all gateways of one store need the same key_file")),
        }
    }

    /// Whether it answers.
    pub(super) async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").fetch_one(&self.read).await.map(drop).map_err(failed)
    }

    /// Writes down what happened to `about`.
    pub(super) async fn add_event(&self, about: &str, event: &Event) -> Result<()> {
        self.change(Change::event(about, event)?).await.map(drop)
    }

    /// The log of a share or a drop link, newest first.
    pub(super) async fn events(&self, about: &str, most: i64) -> Result<Vec<Event>> {
        let query = "SELECT happened, kind, item, address, agent FROM event WHERE about = $1 ORDER BY id DESC LIMIT $2";
        let rows = sqlx::query(query).bind(about).bind(most).fetch_all(&self.read).await.map_err(failed)?;
        let event = |row: &AnyRow| -> sqlx::Result<Event> {
            Ok(Event {
                happened: row.try_get("happened")?,
                kind: row.try_get("kind")?,
                item: row.try_get("item")?,
                address: row.try_get("address")?,
                agent: row.try_get("agent")?,
            })
        };
        rows.iter().map(event).collect::<sqlx::Result<_>>().map_err(failed)
    }

    /// Forgets what is over: grants, and events, shares and drop links that ended before `ended`; some at a time, so that
    /// downloads are counted in between.
    pub(super) async fn sweep(&self, now: i64, ended: i64) -> Result<()> {
        for (query, time) in [
            (
                "DELETE FROM share_grant WHERE (holder, share, item) IN \
                 (SELECT holder, share, item FROM share_grant WHERE expires <= $1 LIMIT 1000)",
                now,
            ),
            ("DELETE FROM event WHERE id IN (SELECT id FROM event WHERE happened <= $1 LIMIT 1000)", ended),
        ] {
            while self.change(Change::new(query).bind(time)).await? {}
        }
        while self.sweep_shares(ended).await? | self.sweep_drops(ended).await? {}
        Ok(())
    }

    /// The ids that `query` finds.
    async fn ids(&self, query: &'static str, time: i64) -> Result<Vec<String>> {
        let rows = sqlx::query(query).bind(time).fetch_all(&self.read).await.map_err(failed)?;
        rows.iter().map(|row| row.try_get(0)).collect::<sqlx::Result<_>>().map_err(failed)
    }
}

/// What stands in the row of a share or a drop link about its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lock {
    /// Argon2id in PHC form; `None`: no password.
    pub(super) password: Option<String>,
    /// Changes with the password, so that old cookies end.
    pub(super) rev: i64,
    /// Until when nobody's password is looked at.
    pub(super) until: i64,
}

impl Lock {
    fn of(row: &AnyRow) -> sqlx::Result<Self> {
        Ok(Self {
            password: row.try_get("password")?,
            rev: row.try_get("password_rev")?,
            until: row.try_get("locked_until")?,
        })
    }
}

/// The two tables that have passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Share,
    Drop,
}

impl Store {
    /// A wrong password: after a few, whoever tries next waits, twice as long each time, but a minute at most.
    pub(super) async fn wrong_password(&self, table: Table, id: &str, event: &Event) -> Result<()> {
        macro_rules! queries {
            ($table:literal) => {
                (
                    concat!("UPDATE ", $table, " SET failures = failures + 1 WHERE id = $1"),
                    concat!(
                        "UPDATE ",
                        $table,
                        " SET locked_until = $1 + CASE failures WHEN 6 THEN 1 WHEN 7 THEN 2 WHEN 8 THEN 4 \
                         WHEN 9 THEN 8 WHEN 10 THEN 16 WHEN 11 THEN 32 ELSE 60 END WHERE id = $2 AND failures > 5"
                    ),
                )
            };
        }
        let (count, wait) = match table {
            Table::Share => queries!("share"),
            Table::Drop => queries!("drop_link"),
        };
        let change = Change::new(count).bind(id).then(wait).bind(event.happened).bind(id);
        self.change(change.noted(id, event)?).await.map(drop)
    }

    /// The right password: nobody waits any more.
    pub(super) async fn right_password(&self, table: Table, id: &str, event: &Event) -> Result<()> {
        let query = match table {
            Table::Share => "UPDATE share SET failures = 0, locked_until = 0 WHERE id = $1",
            Table::Drop => "UPDATE drop_link SET failures = 0, locked_until = 0 WHERE id = $1",
        };
        self.change(Change::new(query).bind(id).noted(id, event)?).await.map(drop)
    }
}

/// A new id for a row.
pub(super) fn new_id() -> Result<String> {
    Ok(secret::hex(&crate::config::random::<8>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_store_is_where_it_is_said_to_be_whatever_the_folder_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("100% #1? of é/store.sqlite");
        let store = Store::sqlite(&path).await.unwrap();
        store.ping().await.unwrap();
        assert!(path.exists());
    }
}
