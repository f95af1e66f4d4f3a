//! Drop links: what may come in, and what is coming in.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Change, Event, Lock, Store, failed};
use crate::error::Result;

/// A link through which strangers send files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Drop {
    pub(in crate::gateway) id: String,
    pub(in crate::gateway) token_sealed: String,
    pub(in crate::gateway) profile: String,
    pub(in crate::gateway) bucket: String,
    /// What the keys of all that comes in begin with; empty or with a `/` at its end.
    pub(in crate::gateway) prefix: String,
    pub(in crate::gateway) name: String,
    pub(in crate::gateway) note: String,
    pub(in crate::gateway) lock: Lock,
    pub(in crate::gateway) created: i64,
    pub(in crate::gateway) expires: i64,
    pub(in crate::gateway) max_files: Option<i64>,
    pub(in crate::gateway) max_bytes: Option<i64>,
    /// What has come in or is coming in.
    pub(in crate::gateway) files: i64,
    pub(in crate::gateway) bytes: i64,
    pub(in crate::gateway) closed: Option<i64>,
}

impl Drop {
    pub(in crate::gateway) fn is_over(&self, now: i64) -> bool {
        self.closed.is_some() || self.expires <= now
    }
}

/// A file that is coming in, or has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Incoming {
    pub(in crate::gateway) id: String,
    pub(in crate::gateway) drop_link: String,
    pub(in crate::gateway) key: String,
    pub(in crate::gateway) upload_id: String,
    pub(in crate::gateway) name: String,
    pub(in crate::gateway) size: i64,
    pub(in crate::gateway) part_size: i64,
    pub(in crate::gateway) stage: Stage,
}

/// How far a file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Stage {
    Open,
    /// The provider was asked to complete it; what came of that may not be known.
    Finishing,
    /// It was asked, but what it said was lost, or was no answer. The next request finds out.
    Unsettled,
    Done,
}

impl Stage {
    /// How the database has it.
    fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Finishing => "finishing",
            Self::Unsettled => "unsettled",
            Self::Done => "done",
        }
    }
}

/// A file that is to come in.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct NewIncoming {
    pub(in crate::gateway) incoming: Incoming,
    pub(in crate::gateway) now: i64,
}

/// Gives room back.
const GIVE_BACK: &str = "UPDATE drop_link SET files = files - 1, bytes = bytes - $1 WHERE id = $2";

/// A query for whole drop links.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, token_sealed, profile, bucket, prefix, name, note, password, password_rev, created, expires, \
             max_files, max_bytes, files, bytes, closed, locked_until FROM drop_link ",
            $rest
        )
    };
}

/// A query for whole incoming files.
macro_rules! select_incoming {
    ($rest:literal) => {
        concat!(
            "SELECT id, drop_link, object_key, upload_id, name, size, part_size, state FROM drop_upload ",
            $rest
        )
    };
}

fn drop_link(row: &AnyRow) -> sqlx::Result<Drop> {
    Ok(Drop {
        id: row.try_get("id")?,
        token_sealed: row.try_get("token_sealed")?,
        profile: row.try_get("profile")?,
        bucket: row.try_get("bucket")?,
        prefix: row.try_get("prefix")?,
        name: row.try_get("name")?,
        note: row.try_get("note")?,
        lock: Lock::of(row)?,
        created: row.try_get("created")?,
        expires: row.try_get("expires")?,
        max_files: row.try_get("max_files")?,
        max_bytes: row.try_get("max_bytes")?,
        files: row.try_get("files")?,
        bytes: row.try_get("bytes")?,
        closed: row.try_get("closed")?,
    })
}

fn incoming(row: &AnyRow) -> sqlx::Result<Incoming> {
    let state: String = row.try_get("state")?;
    Ok(Incoming {
        id: row.try_get("id")?,
        drop_link: row.try_get("drop_link")?,
        key: row.try_get("object_key")?,
        upload_id: row.try_get("upload_id")?,
        name: row.try_get("name")?,
        size: row.try_get("size")?,
        part_size: row.try_get("part_size")?,
        stage: match state.as_str() {
            "done" => Stage::Done,
            "finishing" => Stage::Finishing,
            "unsettled" => Stage::Unsettled,
            _ => Stage::Open,
        },
    })
}

impl Store {
    pub(in crate::gateway) async fn add_drop(
        &self,
        new: &Drop,
        token_hash: &str,
        event: &Event,
    ) -> Result<()> {
        let query = "INSERT INTO drop_link (id, token_hash, token_sealed, profile, bucket, prefix, name, note, password, \
                     password_rev, created, expires, max_files, max_bytes, files, bytes, failures, locked_until) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, 0, 0, 0)";
        let change = Change::new(query)
            .bind(&new.id)
            .bind(token_hash)
            .bind(&new.token_sealed)
            .bind(&new.profile)
            .bind(&new.bucket)
            .bind(&new.prefix)
            .bind(&new.name)
            .bind(&new.note)
            .bind(&new.lock.password)
            .bind(new.lock.rev)
            .bind(new.created)
            .bind(new.expires)
            .bind(new.max_files)
            .bind(new.max_bytes);
        self.change(change.noted(&new.id, event)?).await.map(drop)
    }

    pub(in crate::gateway) async fn drop_by_token(&self, token_hash: &str) -> Result<Option<Drop>> {
        self.one_drop(select!("WHERE token_hash = $1"), token_hash).await
    }

    pub(in crate::gateway) async fn drop_link(&self, id: &str) -> Result<Option<Drop>> {
        self.one_drop(select!("WHERE id = $1"), id).await
    }

    async fn one_drop(&self, query: &'static str, value: &str) -> Result<Option<Drop>> {
        let row = sqlx::query(query).bind(value).fetch_optional(&self.read).await.map_err(failed)?;
        row.as_ref().map(drop_link).transpose().map_err(failed)
    }

    /// The newest first.
    pub(in crate::gateway) async fn drops(&self, most: i64) -> Result<Vec<Drop>> {
        let query = sqlx::query(select!("ORDER BY created DESC, id LIMIT $1")).bind(most);
        let rows = query.fetch_all(&self.read).await.map_err(failed)?;
        rows.iter().map(drop_link).collect::<sqlx::Result<_>>().map_err(failed)
    }

    /// Ends a drop link at once; false if there is none, or it was closed before.
    pub(in crate::gateway) async fn close_drop(&self, id: &str, event: &Event) -> Result<bool> {
        let query = "UPDATE drop_link SET closed = $1 WHERE id = $2 AND closed IS NULL";
        self.change(Change::new(query).bind(event.happened).bind(id).noted(id, event)?).await
    }

    /// Sets room aside for a file of `size` bytes; false if the link is over or there is not so much.
    pub(in crate::gateway) async fn reserve(&self, id: &str, size: i64, now: i64) -> Result<bool> {
        let query = "UPDATE drop_link SET files = files + 1, bytes = bytes + $1 WHERE id = $2 AND closed IS NULL \
                     AND expires > $3 AND (max_files IS NULL OR files < max_files) \
                     AND (max_bytes IS NULL OR bytes + $1 <= max_bytes)";
        self.change(Change::new(query).bind(size).bind(id).bind(now)).await
    }

    /// Gives the room of a file back that does not come.
    pub(in crate::gateway) async fn give_back(&self, id: &str, size: i64) -> Result<()> {
        self.change(Change::new(GIVE_BACK).bind(size).bind(id)).await.map(drop)
    }

    pub(in crate::gateway) async fn add_incoming(&self, new: &NewIncoming, event: &Event) -> Result<()> {
        let query = "INSERT INTO drop_upload (id, drop_link, object_key, upload_id, name, size, part_size, state, created, \
                     touched) VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $8)";
        let file = &new.incoming;
        let change = Change::new(query)
            .bind(&file.id)
            .bind(&file.drop_link)
            .bind(&file.key)
            .bind(&file.upload_id)
            .bind(&file.name)
            .bind(file.size)
            .bind(file.part_size)
            .bind(new.now);
        self.change(change.noted(&file.drop_link, event)?).await.map(drop)
    }

    /// A file of a drop link that is coming in, or has.
    pub(in crate::gateway) async fn incoming(&self, drop_link: &str, id: &str) -> Result<Option<Incoming>> {
        let query =
            sqlx::query(select_incoming!("WHERE id = $1 AND drop_link = $2")).bind(id).bind(drop_link);
        let row = query.fetch_optional(&self.read).await.map_err(failed)?;
        row.as_ref().map(incoming).transpose().map_err(failed)
    }

    /// Everything that came in through a drop link, newest first.
    pub(in crate::gateway) async fn arrived(&self, drop_link: &str) -> Result<Vec<Incoming>> {
        let query = select_incoming!("WHERE drop_link = $1 ORDER BY created DESC, id LIMIT 10000");
        let rows = sqlx::query(query).bind(drop_link).fetch_all(&self.read).await.map_err(failed)?;
        rows.iter().map(incoming).collect::<sqlx::Result<_>>().map_err(failed)
    }

    /// It is still being sent.
    pub(in crate::gateway) async fn touch(&self, id: &str, now: i64) -> Result<()> {
        let query = "UPDATE drop_upload SET touched = $1 WHERE id = $2";
        self.change(Change::new(query).bind(now).bind(id)).await.map(drop)
    }

    /// It is about to be completed, so that nobody aborts it meanwhile; false if it is gone, or whole already.
    pub(in crate::gateway) async fn begin_finishing(&self, id: &str, now: i64) -> Result<bool> {
        let query =
            "UPDATE drop_upload SET state = 'finishing', touched = $1 WHERE id = $2 AND state <> 'done'";
        self.change(Change::new(query).bind(now).bind(id)).await
    }

    /// Nobody is completing it any more; `stage` is what is known of it then.
    pub(in crate::gateway) async fn stop_finishing(&self, id: &str, stage: Stage) -> Result<()> {
        let query = "UPDATE drop_upload SET state = $1 WHERE id = $2 AND state = 'finishing'";
        self.change(Change::new(query).bind(stage.word()).bind(id)).await.map(drop)
    }

    /// It is whole; false if it was before.
    pub(in crate::gateway) async fn finish_incoming(&self, file: &Incoming, event: &Event) -> Result<bool> {
        let query = "UPDATE drop_upload SET state = 'done' WHERE id = $1 AND state <> 'done'";
        self.change(Change::new(query).bind(&file.id).noted(&file.drop_link, event)?).await
    }

    /// It does not come: its room is given back. False if somebody else did that, or it is further than `file` says.
    pub(in crate::gateway) async fn forget_incoming(&self, file: &Incoming, event: &Event) -> Result<bool> {
        let query = "DELETE FROM drop_upload WHERE id = $1 AND state = $2 AND state <> 'done'";
        let gone = Change::new(query).bind(&file.id).bind(file.stage.word());
        let given = gone.then(GIVE_BACK).bind(file.size).bind(&file.drop_link);
        self.change(given.noted(&file.drop_link, event)?).await
    }

    /// Forgets some of the drop links that ended before `ended`; false if there were none. What is unfinished of a link is
    /// thrown away at the provider before it is forgotten.
    pub(super) async fn sweep_drops(&self, ended: i64) -> Result<bool> {
        macro_rules! settled {
            ($query:literal, $rest:literal) => {
                concat!(
                    $query,
                    " FROM drop_link WHERE expires <= $1 AND NOT EXISTS (SELECT 1 FROM drop_upload \
                     WHERE drop_upload.drop_link = drop_link.id AND state <> 'done')",
                    $rest
                )
            };
        }
        let ids = self.ids(settled!("SELECT id", " LIMIT 1000"), ended).await?;
        for id in &ids {
            let link = Change::new(settled!("DELETE", " AND id = $2")).bind(ended).bind(id);
            self.change(link.then("DELETE FROM drop_upload WHERE drop_link = $1").bind(id)).await?;
        }
        Ok(!ids.is_empty())
    }

    /// Files that nobody has sent anything of since `before`, or whose link is over; what is being completed has its
    /// time all the same.
    pub(in crate::gateway) async fn stale(&self, before: i64, now: i64) -> Result<Vec<Incoming>> {
        let query = select_incoming!(
            "WHERE (state IN ('finishing', 'unsettled') AND touched <= $1) OR (state = 'open' AND (touched <= $1 OR drop_link IN \
             (SELECT id FROM drop_link WHERE closed IS NOT NULL OR expires <= $2))) LIMIT 1000"
        );
        let rows = sqlx::query(query).bind(before).bind(now).fetch_all(&self.read).await.map_err(failed)?;
        rows.iter().map(incoming).collect::<sqlx::Result<_>>().map_err(failed)
    }
}
