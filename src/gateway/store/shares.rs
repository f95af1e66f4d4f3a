//! Shares: what they are of, and the counting of downloads.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Event, Lock, Store, failed, insert_event};
use crate::error::Result;

/// How long a counted download can be begun again, in seconds.
const GRANT: i64 = 3600;

/// A protected link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Share {
    pub(in crate::gateway) id: String,
    pub(in crate::gateway) token_sealed: String,
    pub(in crate::gateway) profile: String,
    /// Bucket and prefix of a share of everything below; otherwise it has items.
    pub(in crate::gateway) below: Option<(String, String)>,
    pub(in crate::gateway) name: String,
    pub(in crate::gateway) note: String,
    pub(in crate::gateway) lock: Lock,
    pub(in crate::gateway) created: i64,
    pub(in crate::gateway) expires: i64,
    pub(in crate::gateway) max: Option<i64>,
    pub(in crate::gateway) used: i64,
    /// How often a counted download can be begun again.
    pub(in crate::gateway) again: i64,
    pub(in crate::gateway) revoked: Option<i64>,
}

impl Share {
    /// Whether it is over, whoever asks.
    pub(in crate::gateway) fn is_over(&self, now: i64) -> bool {
        self.revoked.is_some() || self.expires <= now
    }

    /// Whether no download is left to be counted.
    pub(in crate::gateway) fn is_exhausted(&self) -> bool {
        self.max.is_some_and(|max| self.used >= max)
    }
}

/// An object of a share, as it was when it was shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Item {
    pub(in crate::gateway) bucket: String,
    pub(in crate::gateway) key: String,
    pub(in crate::gateway) version: Option<String>,
    pub(in crate::gateway) etag: String,
    pub(in crate::gateway) size: i64,
    /// What a recipient sees and saves it as.
    pub(in crate::gateway) name: String,
}

/// A share to be made.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct NewShare {
    pub(in crate::gateway) share: Share,
    pub(in crate::gateway) token_hash: String,
    pub(in crate::gateway) items: Vec<Item>,
}

/// A query for whole shares.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, token_sealed, profile, bucket, prefix, name, note, password, password_rev, created, expires, \
             max_uses, used, again, revoked, locked_until FROM share ",
            $rest
        )
    };
}

fn share(row: &AnyRow) -> sqlx::Result<Share> {
    let (bucket, prefix): (Option<String>, Option<String>) = (row.try_get("bucket")?, row.try_get("prefix")?);
    Ok(Share {
        id: row.try_get("id")?,
        token_sealed: row.try_get("token_sealed")?,
        profile: row.try_get("profile")?,
        below: bucket.zip(prefix),
        name: row.try_get("name")?,
        note: row.try_get("note")?,
        lock: Lock::of(row)?,
        created: row.try_get("created")?,
        expires: row.try_get("expires")?,
        max: row.try_get("max_uses")?,
        used: row.try_get("used")?,
        again: row.try_get("again")?,
        revoked: row.try_get("revoked")?,
    })
}

impl Store {
    pub(in crate::gateway) async fn add_share(&self, new: &NewShare, event: &Event) -> Result<()> {
        let mut change = self.write.begin().await.map_err(failed)?;
        let share = &new.share;
        let (bucket, prefix) = share.below.clone().unzip();
        let query = "INSERT INTO share (id, token_hash, token_sealed, profile, bucket, prefix, name, note, password, \
                     password_rev, created, expires, max_uses, used, again, failures, locked_until) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14, 0, 0)";
        sqlx::query(query)
            .bind(&share.id)
            .bind(&new.token_hash)
            .bind(&share.token_sealed)
            .bind(&share.profile)
            .bind(bucket)
            .bind(prefix)
            .bind(&share.name)
            .bind(&share.note)
            .bind(&share.lock.password)
            .bind(share.lock.rev)
            .bind(share.created)
            .bind(share.expires)
            .bind(share.max)
            .bind(share.again)
            .execute(&mut *change)
            .await
            .map_err(failed)?;
        for (position, item) in (0_i64..).zip(&new.items) {
            let query = "INSERT INTO share_item (share, position, bucket, object_key, version, etag, size, name) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
            sqlx::query(query)
                .bind(&share.id)
                .bind(position)
                .bind(&item.bucket)
                .bind(&item.key)
                .bind(&item.version)
                .bind(&item.etag)
                .bind(item.size)
                .bind(&item.name)
                .execute(&mut *change)
                .await
                .map_err(failed)?;
        }
        insert_event(&mut *change, &share.id, event).await?;
        change.commit().await.map_err(failed)
    }

    pub(in crate::gateway) async fn share_by_token(&self, token_hash: &str) -> Result<Option<Share>> {
        self.one_share(select!("WHERE token_hash = $1"), token_hash).await
    }

    pub(in crate::gateway) async fn share(&self, id: &str) -> Result<Option<Share>> {
        self.one_share(select!("WHERE id = $1"), id).await
    }

    async fn one_share(&self, query: &'static str, value: &str) -> Result<Option<Share>> {
        let row = sqlx::query(query).bind(value).fetch_optional(&self.read).await.map_err(failed)?;
        row.as_ref().map(share).transpose().map_err(failed)
    }

    /// The newest first.
    pub(in crate::gateway) async fn shares(&self, most: i64) -> Result<Vec<Share>> {
        let query = sqlx::query(select!("ORDER BY created DESC, id LIMIT $1")).bind(most);
        let rows = query.fetch_all(&self.read).await.map_err(failed)?;
        rows.iter().map(share).collect::<sqlx::Result<_>>().map_err(failed)
    }

    pub(in crate::gateway) async fn items(&self, share: &str) -> Result<Vec<Item>> {
        let query = "SELECT bucket, object_key, version, etag, size, name FROM share_item WHERE share = $1 ORDER BY position";
        let rows = sqlx::query(query).bind(share).fetch_all(&self.read).await.map_err(failed)?;
        let item = |row: &AnyRow| -> sqlx::Result<Item> {
            Ok(Item {
                bucket: row.try_get("bucket")?,
                key: row.try_get("object_key")?,
                version: row.try_get("version")?,
                etag: row.try_get("etag")?,
                size: row.try_get("size")?,
                name: row.try_get("name")?,
            })
        };
        rows.iter().map(item).collect::<sqlx::Result<_>>().map_err(failed)
    }

    /// Counts one download and gives a holder the right to begin it again for an hour, of that exact object (`grant`:
    /// both); false if none was left.
    pub(in crate::gateway) async fn claim(
        &self,
        share: &Share,
        grant: (&str, &str),
        now: i64,
        event: &Event,
    ) -> Result<bool> {
        let (holder, object) = grant;
        let mut change = self.write.begin().await.map_err(failed)?;
        let count = "UPDATE share SET used = used + 1 WHERE id = $1 AND revoked IS NULL AND expires > $2 \
                     AND (max_uses IS NULL OR used < max_uses) RETURNING used";
        let counted = sqlx::query(count).bind(&share.id).bind(now);
        if counted.fetch_optional(&mut *change).await.map_err(failed)?.is_none() {
            return Ok(false);
        }
        if share.again > 0 {
            let query = "INSERT INTO share_grant (holder, share, item, remaining, expires) VALUES ($1, $2, $3, $4, $5) \
                         ON CONFLICT (holder, share, item) DO UPDATE SET remaining = $4, expires = $5";
            sqlx::query(query)
                .bind(holder)
                .bind(&share.id)
                .bind(object)
                .bind(share.again)
                .bind(now + GRANT)
                .execute(&mut *change)
                .await
                .map_err(failed)?;
        }
        insert_event(&mut *change, &share.id, event).await?;
        change.commit().await.map_err(failed)?;
        Ok(true)
    }

    /// Begins a download again that was counted already; false if the holder has no right to that object.
    pub(in crate::gateway) async fn claim_again(
        &self,
        share: &str,
        grant: (&str, &str),
        now: i64,
        event: &Event,
    ) -> Result<bool> {
        let (holder, object) = grant;
        let mut change = self.write.begin().await.map_err(failed)?;
        let query = "UPDATE share_grant SET remaining = remaining - 1 WHERE holder = $1 AND share = $2 AND item = $3 \
                     AND remaining > 0 AND expires > $4 AND EXISTS (SELECT 1 FROM share WHERE id = $2 \
                     AND revoked IS NULL AND expires > $4) RETURNING remaining";
        let again = sqlx::query(query).bind(holder).bind(share).bind(object).bind(now);
        if again.fetch_optional(&mut *change).await.map_err(failed)?.is_none() {
            return Ok(false);
        }
        insert_event(&mut *change, share, event).await?;
        change.commit().await.map_err(failed)?;
        Ok(true)
    }

    /// Whether `holder` may begin anything of a share again.
    pub(in crate::gateway) async fn has_grant(&self, share: &str, holder: &str, now: i64) -> Result<bool> {
        let query = "SELECT 1 FROM share_grant WHERE holder = $1 AND share = $2 AND remaining > 0 AND expires > $3 LIMIT 1";
        let row = sqlx::query(query).bind(holder).bind(share).bind(now);
        row.fetch_optional(&self.read).await.map(|row| row.is_some()).map_err(failed)
    }

    /// Ends a share at once; false if there is none, or it was revoked before.
    pub(in crate::gateway) async fn revoke(&self, id: &str, event: &Event) -> Result<bool> {
        let mut change = self.write.begin().await.map_err(failed)?;
        let query = "UPDATE share SET revoked = $1 WHERE id = $2 AND revoked IS NULL RETURNING id";
        let revoked = sqlx::query(query).bind(event.happened).bind(id);
        if revoked.fetch_optional(&mut *change).await.map_err(failed)?.is_none() {
            return Ok(false);
        }
        insert_event(&mut *change, id, event).await?;
        change.commit().await.map_err(failed)?;
        Ok(true)
    }

    /// Changes when it ends and how often it may be downloaded; what is `None` stays.
    pub(in crate::gateway) async fn extend(
        &self,
        id: &str,
        expires: Option<i64>,
        max: Option<i64>,
        event: &Event,
    ) -> Result<bool> {
        let mut change = self.write.begin().await.map_err(failed)?;
        let query = "UPDATE share SET expires = COALESCE($1, expires), max_uses = COALESCE($2, max_uses) \
                     WHERE id = $3 AND revoked IS NULL RETURNING id";
        let extended = sqlx::query(query).bind(expires).bind(max).bind(id);
        if extended.fetch_optional(&mut *change).await.map_err(failed)?.is_none() {
            return Ok(false);
        }
        insert_event(&mut *change, id, event).await?;
        change.commit().await.map_err(failed)?;
        Ok(true)
    }
}
