//! Shares: made, listed, changed, ended.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;

use super::{
    EVENTS, LISTED, answer, at_least_one, event, lasting, lock, reachable, remote, token, unknown, url,
    visible,
};
use crate::error::{Error, Kind, Result};
use crate::gateway::api::{ExtendRequest, ShareRequest, ShareView};
use crate::gateway::app::{App, Shared, now};
use crate::gateway::store::{Item, NewShare, Share, new_id};
use crate::location::{Location, Remote};

/// Objects of one share.
const MOST_ITEMS: usize = 1000;
/// How often a counted download can be begun again.
const AGAIN: i64 = 3;

pub(super) async fn create_share(State(app): State<Shared>, Json(wanted): Json<ShareRequest>) -> Response {
    answer(new_share(&app, wanted).await)
}

async fn new_share(app: &App, wanted: ShareRequest) -> Result<ShareView> {
    let expires = lasting(wanted.expires_in)?;
    at_least_one("max", wanted.max)?;
    let again = wanted.again.unwrap_or(AGAIN);
    if !(0..=1000).contains(&again) {
        return Err(Error::new(Kind::Usage, "again is between 0 and 1000"));
    }
    let places: Vec<Remote> = wanted.locations.iter().map(|text| remote(app, text)).collect::<Result<_>>()?;
    let Some(first) = places.first() else { return Err(Error::new(Kind::Usage, "nothing to share")) };
    let below = if let [place] = places.as_slice()
        && place.is_prefix()
    {
        Some((place.bucket.clone(), place.key.clone()))
    } else {
        None
    };
    if below.is_none() && places.iter().any(Remote::is_prefix) {
        return Err(Error::new(Kind::Usage, "a prefix is shared alone")
            .with_hint("share it by itself, or name the objects in it"));
    }
    if places.iter().any(|place| place.profile != first.profile) {
        return Err(Error::new(Kind::Usage, "the objects of one share are of one profile"));
    }
    if places.len() > MOST_ITEMS {
        return Err(Error::new(Kind::Usage, format!("a share has at most {MOST_ITEMS} objects"))
            .with_hint("share their prefix"));
    }
    let items = if below.is_some() {
        reachable(app, first).await.map(|()| Vec::new())?
    } else {
        items(app, &places).await?
    };
    let name = wanted.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| title(first, &items));
    let id = new_id()?;
    let (_, token_hash, token_sealed) = token(app, &id)?;
    let share = Share {
        lock: lock(app, wanted.password).await?,
        id,
        token_sealed,
        profile: first.profile.clone(),
        below,
        name: visible(&name),
        note: visible(&wanted.note),
        created: now(),
        expires,
        max: wanted.max,
        used: 0,
        again,
        revoked: None,
    };
    let new = NewShare { share, token_hash, items };
    app.store.add_share(&new, &event("create")).await?;
    Ok(view(app, &new.share, Some(&new.items)))
}

/// In no language; the page has words for a share of a whole bucket.
fn title(first: &Remote, items: &[Item]) -> String {
    match items {
        [one] => one.name.clone(),
        [] => first.key.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned(),
        several => format!("{} + {}", several[0].name, several.len() - 1),
    }
}

/// The objects as they are now; names that are equal are told apart.
async fn items(app: &App, places: &[Remote]) -> Result<Vec<Item>> {
    let mut items: Vec<Item> = Vec::with_capacity(places.len());
    for place in places {
        let store = app.connections.store(&place.profile).await?;
        let info = store.head(&place.bucket, &place.key, None).await?;
        let plain = visible(place.key.rsplit('/').next().unwrap_or(&place.key));
        let mut name = if plain.is_empty() { "file".to_owned() } else { plain.clone() };
        let mut number = 1;
        while items.iter().any(|item| item.name == name) {
            number += 1;
            name = match plain.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()) {
                Some((stem, ending)) => format!("{stem} ({number}).{ending}"),
                None => format!("{plain} ({number})"),
            };
        }
        items.push(Item {
            bucket: place.bucket.clone(),
            key: place.key.clone(),
            version: info.version_id,
            etag: info.etag,
            size: i64::try_from(info.size).unwrap_or(i64::MAX),
            name,
        });
    }
    Ok(items)
}

/// A share as it is told; with its items its URL too.
fn view(app: &App, share: &Share, items: Option<&[Item]>) -> ShareView {
    let at = |bucket: &str, key: &str| {
        let place = Remote { profile: share.profile.clone(), bucket: bucket.to_owned(), key: key.to_owned() };
        Location::Remote(place).exact()
    };
    let locations = match (&share.below, items) {
        (Some((bucket, prefix)), _) => vec![at(bucket, prefix)],
        (None, items) => items.unwrap_or_default().iter().map(|item| at(&item.bucket, &item.key)).collect(),
    };
    let state = match share {
        share if share.revoked.is_some() => "revoked",
        share if share.expires <= now() => "expired",
        share if share.is_exhausted() => "exhausted",
        _ => "open",
    };
    ShareView {
        id: share.id.clone(),
        url: items.map(|_| url(app, 's', &share.id, &share.token_sealed)).unwrap_or_default(),
        locations,
        name: share.name.clone(),
        note: share.note.clone(),
        password: share.lock.password.is_some(),
        created: share.created,
        expires: share.expires,
        max: share.max,
        used: share.used,
        state: state.to_owned(),
    }
}

pub(super) async fn shares(State(app): State<Shared>) -> Response {
    let shares = app.store.shares(LISTED).await;
    answer(shares.map(|shares| shares.iter().map(|share| view(&app, share, None)).collect::<Vec<_>>()))
}

async fn one_share(app: &App, id: &str) -> Result<ShareView> {
    let share = app.store.share(id).await?.ok_or_else(|| unknown("share", id))?;
    let items = app.store.items(id).await?;
    Ok(view(app, &share, Some(&items)))
}

pub(super) async fn share(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    answer(one_share(&app, &id).await)
}

pub(super) async fn share_events(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    let events = async {
        app.store.share(&id).await?.ok_or_else(|| unknown("share", &id))?;
        app.store.events(&id, EVENTS).await
    };
    answer(events.await)
}

pub(super) async fn revoke(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    let revoked = async {
        if !app.store.revoke(&id, &event("revoke")).await? {
            app.store.share(&id).await?.ok_or_else(|| unknown("share", &id))?;
        }
        one_share(&app, &id).await
    };
    answer(revoked.await)
}

pub(super) async fn extend(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Json(wanted): Json<ExtendRequest>,
) -> Response {
    let extended = async {
        at_least_one("max", wanted.max)?;
        let expires = wanted.expires_in.map(lasting).transpose()?;
        if expires.is_none() && wanted.max.is_none() {
            return Err(Error::new(Kind::Usage, "nothing to change"));
        }
        if !app.store.extend(&id, expires, wanted.max, &event("extend")).await? {
            app.store.share(&id).await?.ok_or_else(|| unknown("share", &id))?;
            return Err(Error::new(Kind::Changed, format!("share {id} was revoked"))
                .with_hint("what was withdrawn stays so; make a new one"));
        }
        one_share(&app, &id).await
    };
    answer(extended.await)
}
