//! Shares: what they are of, and the counting of downloads.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Change, Event, Lock, Store, failed};
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
            "SELECT share.id, share.token_sealed, share.profile, share.bucket, share.prefix, share.name, share.note, \
             share.password, share.password_rev, share.created, share.expires, share.max_uses, share.used, share.again, \
             share.revoked, share.locked_until",
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

/// `None`: a share was joined with no object.
fn item(row: &AnyRow) -> sqlx::Result<Option<Item>> {
    let Some(bucket) = row.try_get("item_bucket")? else { return Ok(None) };
    Ok(Some(Item {
        bucket,
        key: row.try_get("object_key")?,
        version: row.try_get("version")?,
        etag: row.try_get("etag")?,
        size: row.try_get("size")?,
        name: row.try_get("item_name")?,
    }))
}

impl Store {
    pub(in crate::gateway) async fn add_share(&self, new: &NewShare, event: &Event) -> Result<()> {
        let share = &new.share;
        let (bucket, prefix) = share.below.clone().unzip();
        let query = "INSERT INTO share (id, token_hash, token_sealed, profile, bucket, prefix, name, note, password, \
                     password_rev, created, expires, max_uses, used, again, failures, locked_until) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14, 0, 0)";
        let mut change = Change::new(query)
            .bind(&share.id)
            .bind(&new.token_hash)
            .bind(&share.token_sealed)
            .bind(&share.profile)
            .bind(&bucket)
            .bind(&prefix)
            .bind(&share.name)
            .bind(&share.note)
            .bind(&share.lock.password)
            .bind(share.lock.rev)
            .bind(share.created)
            .bind(share.expires)
            .bind(share.max)
            .bind(share.again);
        for (position, item) in (0_i64..).zip(&new.items) {
            let query = "INSERT INTO share_item (share, position, bucket, object_key, version, etag, size, name) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
            change = change
                .then(query)
                .bind(&share.id)
                .bind(position)
                .bind(&item.bucket)
                .bind(&item.key)
                .bind(&item.version)
                .bind(&item.etag)
                .bind(item.size)
                .bind(&item.name);
        }
        self.change(change.noted(&share.id, event)?).await.map(drop)
    }

    /// The share with a token, with its objects: all, or the one at a position.
    pub(in crate::gateway) async fn share_by_token(
        &self,
        token_hash: &str,
        position: Option<i64>,
    ) -> Result<Option<(Share, Vec<Item>)>> {
        let query = select!(
            ", share_item.bucket AS item_bucket, object_key, version, etag, size, share_item.name AS item_name \
             FROM share LEFT JOIN share_item ON share_item.share = share.id AND ($2 IS NULL OR position = $2) \
             WHERE token_hash = $1 ORDER BY position"
        );
        let query = sqlx::query(query).bind(token_hash).bind(position);
        let rows = query.fetch_all(&self.read).await.map_err(failed)?;
        let Some(first) = rows.first() else { return Ok(None) };
        let found = || {
            let share = share(first)?;
            let items = if share.below.is_some() { &[] } else { rows.as_slice() };
            let items = items.iter().filter_map(|row| item(row).transpose());
            Ok((share, items.collect::<sqlx::Result<_>>()?))
        };
        found().map(Some).map_err(failed)
    }

    pub(in crate::gateway) async fn share(&self, id: &str) -> Result<Option<Share>> {
        self.one_share(select!(" FROM share WHERE id = $1"), id).await
    }

    async fn one_share(&self, query: &'static str, value: &str) -> Result<Option<Share>> {
        let row = sqlx::query(query).bind(value).fetch_optional(&self.read).await.map_err(failed)?;
        row.as_ref().map(share).transpose().map_err(failed)
    }

    /// The newest first.
    pub(in crate::gateway) async fn shares(&self, most: i64) -> Result<Vec<Share>> {
        let query = sqlx::query(select!(" FROM share ORDER BY created DESC, id LIMIT $1")).bind(most);
        let rows = query.fetch_all(&self.read).await.map_err(failed)?;
        rows.iter().map(share).collect::<sqlx::Result<_>>().map_err(failed)
    }

    pub(in crate::gateway) async fn items(&self, share: &str) -> Result<Vec<Item>> {
        let query = "SELECT bucket AS item_bucket, object_key, version, etag, size, name AS item_name FROM share_item \
                     WHERE share = $1 ORDER BY position";
        let rows = sqlx::query(query).bind(share).fetch_all(&self.read).await.map_err(failed)?;
        let items = rows.iter().filter_map(|row| item(row).transpose());
        items.collect::<sqlx::Result<_>>().map_err(failed)
    }

    /// Counts one download and gives a holder the right to begin it again for an hour, of that exact object (`grant`:
    /// both); false if none was left.
    pub(in crate::gateway) async fn claim(
        &self,
        share: &Share,
        grant: (&str, &str),
        event: &Event,
    ) -> Result<bool> {
        let (holder, object) = grant;
        let count = "UPDATE share SET used = used + 1 WHERE id = $1 AND revoked IS NULL AND expires > $2 \
                     AND (max_uses IS NULL OR used < max_uses)";
        let mut change = Change::new(count).bind(&share.id).bind(event.happened);
        if share.again > 0 {
            let query = "INSERT INTO share_grant (holder, share, item, remaining, expires) VALUES ($1, $2, $3, $4, $5) \
                         ON CONFLICT (holder, share, item) DO UPDATE SET remaining = $4, expires = $5";
            change = change.then(query).bind(holder).bind(&share.id).bind(object);
            change = change.bind(share.again).bind(event.happened + GRANT);
        }
        self.change(change.noted(&share.id, event)?).await
    }

    /// Begins a download again that was counted already; false if the holder has no right to that object.
    pub(in crate::gateway) async fn claim_again(
        &self,
        share: &str,
        grant: (&str, &str),
        event: &Event,
    ) -> Result<bool> {
        let (holder, object) = grant;
        let query = "UPDATE share_grant SET remaining = remaining - 1 WHERE holder = $1 AND share = $2 AND item = $3 \
                     AND remaining > 0 AND expires > $4 AND EXISTS (SELECT 1 FROM share WHERE id = $2 \
                     AND revoked IS NULL AND expires > $4)";
        let change = Change::new(query).bind(holder).bind(share).bind(object).bind(event.happened);
        self.change(change.noted(share, event)?).await
    }

    /// Whether `holder` may begin anything of a share again.
    pub(in crate::gateway) async fn has_grant(&self, share: &str, holder: &str, now: i64) -> Result<bool> {
        let query = "SELECT 1 FROM share_grant WHERE holder = $1 AND share = $2 AND remaining > 0 AND expires > $3 LIMIT 1";
        let row = sqlx::query(query).bind(holder).bind(share).bind(now);
        row.fetch_optional(&self.read).await.map(|row| row.is_some()).map_err(failed)
    }

    /// Ends a share at once; false if there is none, or it was revoked before.
    pub(in crate::gateway) async fn revoke(&self, id: &str, event: &Event) -> Result<bool> {
        let query = "UPDATE share SET revoked = $1 WHERE id = $2 AND revoked IS NULL";
        self.change(Change::new(query).bind(event.happened).bind(id).noted(id, event)?).await
    }

    /// Changes when it ends and how often it may be downloaded; what is `None` stays.
    pub(in crate::gateway) async fn extend(
        &self,
        id: &str,
        expires: Option<i64>,
        max: Option<i64>,
        event: &Event,
    ) -> Result<bool> {
        let query = "UPDATE share SET expires = COALESCE($1, expires), max_uses = COALESCE($2, max_uses) \
                     WHERE id = $3 AND revoked IS NULL";
        self.change(Change::new(query).bind(expires).bind(max).bind(id).noted(id, event)?).await
    }

    /// Forgets some of the shares that ended before `ended`; false if there were none.
    pub(super) async fn sweep_shares(&self, ended: i64) -> Result<bool> {
        let ids = self.ids("SELECT id FROM share WHERE expires <= $1 LIMIT 1000", ended).await?;
        for id in &ids {
            // It may have been extended meanwhile.
            let share = Change::new("DELETE FROM share WHERE id = $1 AND expires <= $2").bind(id).bind(ended);
            self.change(share.then("DELETE FROM share_item WHERE share = $1").bind(id)).await?;
        }
        Ok(!ids.is_empty())
    }
}
