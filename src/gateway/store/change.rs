//! Changes of the store: statements that hold together or not at all, answered once they are committed. SQLite has one
//! writer at a time, so that what waits for it is committed at once; PostgreSQL commits each change by itself.

use sqlx::{AnyConnection, AnyPool};
use tokio::sync::{mpsc, oneshot};

use super::{Event, event_id, failed};
use crate::error::{Error, Kind, Result};

/// Changes that SQLite commits at once, at most: what shares a commit also shares its wait.
const TOGETHER: usize = 128;
/// Changes that wait in the queue; who comes then waits before it.
const WAITING: usize = 1024;

/// What a statement is given.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(Option<String>),
    Number(Option<i64>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(Some(text.clone()))
    }
}

impl From<&Option<String>> for Value {
    fn from(text: &Option<String>) -> Self {
        Self::Text(text.clone())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

#[derive(Clone, Debug)]
struct Statement {
    sql: &'static str,
    values: Vec<Value>,
}

impl Statement {
    /// How many rows it changed.
    async fn run(&self, connection: &mut AnyConnection) -> sqlx::Result<u64> {
        let mut query = sqlx::query(self.sql);
        for value in &self.values {
            query = match value {
                Value::Text(text) => query.bind(text.clone()),
                Value::Number(number) => query.bind(*number),
            };
        }
        Ok(query.execute(connection).await?.rows_affected())
    }
}

/// Statements that hold together. If the first one changes no row, none is carried out: it is both the question and
/// the deed, so that nothing can come between them.
#[derive(Clone, Debug)]
pub(super) struct Change(Vec<Statement>);

impl Change {
    /// Begins with what decides.
    pub(super) fn new(sql: &'static str) -> Self {
        Self(vec![Statement { sql, values: Vec::new() }])
    }

    /// One that is a line in the log of `about` and nothing else.
    pub(super) fn event(about: &str, event: &Event) -> Result<Self> {
        let sql = "INSERT INTO event (id, happened, about, kind, item, address, agent) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let change = Self::new(sql).bind(&event_id()?).bind(event.happened).bind(about).bind(&event.kind);
        Ok(change.bind(&event.item).bind(&event.address).bind(&event.agent))
    }

    /// Another statement.
    pub(super) fn then(mut self, sql: &'static str) -> Self {
        self.0.push(Statement { sql, values: Vec::new() });
        self
    }

    /// A value for the latest statement.
    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        if let Some(statement) = self.0.last_mut() {
            statement.values.push(value.into());
        }
        self
    }

    /// Along with a line in the log of `about`.
    pub(super) fn noted(mut self, about: &str, event: &Event) -> Result<Self> {
        self.0.append(&mut Self::event(about, event)?.0);
        Ok(self)
    }

    /// False if there was nothing to change.
    async fn run(&self, connection: &mut AnyConnection) -> sqlx::Result<bool> {
        for (at, statement) in self.0.iter().enumerate() {
            if statement.run(connection).await? == 0 && at == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Who carries changes out.
#[derive(Clone, Debug)]
pub(super) enum Writer {
    /// Several side by side, each in a transaction of its own.
    Each(AnyPool),
    /// One task that commits what waits at once.
    Together(mpsc::Sender<Waiting>),
}

/// A change that somebody waits for.
#[derive(Debug)]
pub(super) struct Waiting {
    change: Change,
    done: oneshot::Sender<Result<bool>>,
}

impl Writer {
    /// Ends with its last handle. `pool` is of one connection, to SQLite.
    pub(super) fn together(pool: AnyPool) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        tokio::spawn(write(pool, receiver));
        Self::Together(sender)
    }

    /// Carries a change out; false if there was nothing to change. Once it is answered it is committed. Whoever stops
    /// waiting has it carried out whole or not at all.
    ///
    /// # Errors
    /// The database's. Then nothing was changed, unless the answer to the commit was lost.
    pub(super) async fn run(&self, change: Change) -> Result<bool> {
        match self {
            Self::Each(pool) => each(pool, &change).await.map_err(failed),
            Self::Together(queue) => {
                let gone = || Error::new(Kind::Internal, "the store's writer has ended");
                let (done, is_done) = oneshot::channel();
                queue.send(Waiting { change, done }).await.map_err(|_| gone())?;
                is_done.await.map_err(|_| gone())?
            }
        }
    }
}

async fn each(pool: &AnyPool, change: &Change) -> sqlx::Result<bool> {
    if change.0.len() == 1 {
        return change.run(&mut *pool.acquire().await?).await;
    }
    let mut transaction = pool.begin().await?;
    let changed = change.run(&mut transaction).await?;
    transaction.commit().await?;
    Ok(changed)
}

async fn write(pool: AnyPool, mut queue: mpsc::Receiver<Waiting>) {
    let mut waiting = Vec::new();
    while queue.recv_many(&mut waiting, TOGETHER).await > 0 {
        // Who has gone away would not know of it.
        waiting.retain(|one| !one.done.is_closed());
        if waiting.is_empty() {
            continue;
        }
        match commit(&pool, &waiting).await {
            Ok(answers) => {
                for (one, answer) in waiting.drain(..).zip(answers) {
                    let _ = one.done.send(Ok(answer));
                }
            }
            // What one of them cannot do is no fault of the others.
            Err(Uncommitted::Statement(_)) if waiting.len() > 1 => {
                for one in waiting.drain(..) {
                    let answer = commit(&pool, std::slice::from_ref(&one)).await;
                    let _ = one.done.send(answer.map(|answers| answers == [true]).map_err(Error::from));
                }
            }
            Err(uncommitted) => {
                let error = Error::from(uncommitted);
                for one in waiting.drain(..) {
                    let _ = one.done.send(Err(Error::new(error.kind(), error.message())));
                }
            }
        }
    }
}

/// Why nothing of a commit has happened.
enum Uncommitted {
    /// Another process has the lock, or the file cannot be opened.
    Begin(sqlx::Error),
    Statement(sqlx::Error),
}

impl From<Uncommitted> for Error {
    fn from(why: Uncommitted) -> Self {
        match why {
            Uncommitted::Begin(error) | Uncommitted::Statement(error) => failed(error),
        }
    }
}

/// All of them or none.
async fn commit(pool: &AnyPool, waiting: &[Waiting]) -> std::result::Result<Vec<bool>, Uncommitted> {
    let mut answers = Vec::with_capacity(waiting.len());
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(Uncommitted::Begin)?;
    for one in waiting {
        answers.push(one.change.run(&mut transaction).await.map_err(Uncommitted::Statement)?);
    }
    transaction.commit().await.map_err(Uncommitted::Statement)?;
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;

    fn set(name: &str, value: &str) -> Change {
        Change::new("INSERT INTO setting (name, value) VALUES ($1, $2)").bind(name).bind(value)
    }

    async fn names(store: &Store) -> Vec<String> {
        use sqlx::Row as _;
        let rows =
            sqlx::query("SELECT name FROM setting ORDER BY name").fetch_all(&store.read).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    #[tokio::test]
    async fn what_one_change_cannot_do_harms_no_other_and_who_left_changed_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::sqlite(&folder.path().join("store.sqlite")).await.unwrap();
        // On one thread, so that all of them wait before the writer takes them.
        let half = set("half", "1").then("INSERT INTO setting (name, value) VALUES ($1, $1)").bind("a");
        let left = store.change(set("left", "1"));
        let (mut left, mut others) = (
            Box::pin(left),
            Box::pin(async {
                tokio::join!(store.change(set("a", "1")), store.change(half), store.change(set("b", "1")))
            }),
        );
        assert!(futures_util::poll!(&mut left).is_pending() && futures_util::poll!(&mut others).is_pending());
        drop(left);
        let (a, half, b) = others.await;
        assert!(a.unwrap() && half.is_err() && b.unwrap());
        assert_eq!(names(&store).await, ["a", "b"], "whole or not at all");
        let unless = Change::new("UPDATE setting SET value = '2' WHERE name = $1").bind("absent");
        assert!(!store.change(unless.then("DELETE FROM setting")).await.unwrap());
        assert_eq!(names(&store).await, ["a", "b"], "nothing decided, nothing done");
    }
}
