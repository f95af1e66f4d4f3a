//! A download: looked for, signed, counted, in this order. Nothing is counted that could not be had, and nothing is
//! handed out that was not counted.

use std::time::Duration;

use super::app::{App, now};
use super::metrics::count;
use super::page::Refusal;
use super::secret::{hex, new_token, token_hash};
use super::store::{Item, Share};
use super::visitor::Visitor;
use crate::error::{Error, Kind};
use crate::links::{Disposition, content_disposition};
use crate::s3::{Method, PresignRequest, Presigned};

/// How long a signed URL can be begun to be used. A download that has begun goes on.
const LIFE: Duration = Duration::from_mins(1);

/// What a recipient gets.
pub(super) struct Granted {
    pub(super) url: String,
    /// What says that this download was counted: the value of a cookie.
    pub(super) holder: String,
}

/// The holder's cookie, as the store knows it.
fn holder_of(cookie: Option<&str>) -> Option<(String, String)> {
    let cookie = cookie?;
    Some((cookie.to_owned(), token_hash(cookie)?))
}

/// Claims one object of an unlocked share.
pub(super) async fn claim(
    app: &App,
    visitor: &Visitor,
    share: &Share,
    item: &Item,
    cookie: Option<&str>,
) -> Result<Granted, Refusal> {
    let denied = |refusal| async move {
        count(&app.metrics.refused);
        app.write_down(&share.id, app.event(visitor, "deny", &item.name)).await;
        Err(refusal)
    };
    let signed = match sign(app, share, item).await {
        Ok(signed) => signed,
        Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Changed) => {
            return denied(Refusal::Changed).await;
        }
        Err(error) => {
            count(&app.metrics.storage_failures);
            tracing::error!(%error, share = share.id, "the storage refused");
            return Err(Refusal::Away);
        }
    };
    // Names on the page may be equal below a prefix; bucket and key are not.
    let object = format!("{}/{}", item.bucket, item.key);
    let known = holder_of(cookie);
    if let Some((value, holder)) = &known {
        let event = app.event(visitor, "again", &item.name);
        if app.store.claim_again(&share.id, (holder, &object), &event).await.map_err(|_| away(app))? {
            count(&app.metrics.claims_again);
            return Ok(Granted { url: signed.url, holder: value.clone() });
        }
    }
    let (value, holder) = match known {
        Some(known) => known,
        None => new_holder().map_err(|_| Refusal::Away)?,
    };
    let event = app.event(visitor, "claim", &item.name);
    if app.store.claim(share, (&holder, &object), &event).await.map_err(|_| away(app))? {
        count(&app.metrics.claims);
        return Ok(Granted { url: signed.url, holder: value });
    }
    // It may have been revoked since the page was shown; which it was is found out for the page alone.
    let share_now = app.store.share(&share.id).await.map_err(|_| away(app))?;
    let refusal = match share_now {
        None => Refusal::NotFound,
        Some(share) if share.revoked.is_some() => Refusal::Revoked,
        Some(share) if share.expires <= now() => Refusal::Expired,
        Some(_) => Refusal::Exhausted,
    };
    denied(refusal).await
}

fn away(app: &App) -> Refusal {
    count(&app.metrics.store_failures);
    Refusal::Away
}

fn new_holder() -> crate::error::Result<(String, String)> {
    let value = new_token()?;
    let hash = token_hash(&value).unwrap_or_else(|| hex(value.as_bytes()));
    Ok((value, hash))
}

/// Whether the visitor may begin something again that was counted.
pub(super) async fn may_begin_again(app: &App, share: &Share, cookie: Option<&str>) -> Result<bool, Refusal> {
    match holder_of(cookie) {
        Some((_, holder)) => app.store.has_grant(&share.id, &holder, now()).await.map_err(|_| away(app)),
        None => Ok(false),
    }
}

/// Looks whether the object is still the one that was shared, and signs its URL.
async fn sign(app: &App, share: &Share, item: &Item) -> crate::error::Result<Presigned> {
    let store = app.connections.store(&share.profile).await?;
    let info = store.head(&item.bucket, &item.key, item.version.as_deref()).await?;
    if !item.etag.is_empty() && info.etag != item.etag {
        return Err(Error::new(Kind::Changed, "the object is another one than the one that was shared"));
    }
    store.presign(&request(item)).await
}

/// What a download is signed for: saved under its name, never shown, whatever it holds.
pub(super) fn request(item: &Item) -> PresignRequest {
    PresignRequest {
        bucket: item.bucket.clone(),
        key: item.key.clone(),
        method: Method::Get,
        expires: LIFE,
        version_id: item.version.clone(),
        content_type: Some("application/octet-stream".to_owned()),
        content_disposition: content_disposition(Disposition::Attachment, Some(&item.name)),
        ..PresignRequest::default()
    }
}
