//! Who answers what on the public listener. GET and HEAD change nothing; every form is a POST of our own page.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Form, Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::app::{App, Shared, now};
use super::claim;
use super::intake;
use super::metrics::count;
use super::page::{self, LockedPage, Refusal, Row, SharePage, see_other, set_cookie};
use super::secret::token_hash;
use super::store::{Item, Share};
use super::unlock::{Door, Unlock, is_unlocked, try_password};
use super::visitor::Visitor;
use crate::s3::ListRequest;

/// The largest form.
const BODY: usize = 8 << 10;
/// Files on one page of everything below a prefix.
const LISTED: u16 = 500;

/// Everything that recipients can ask for.
pub(super) fn public(app: Shared) -> Router {
    Router::new()
        .route("/s/{token}", get(show))
        .route("/s/{token}/unlock", post(unlock))
        .route("/s/{token}/claim", post(claim_item))
        .merge(intake::routes())
        .layer(DefaultBodyLimit::max(BODY))
        .route("/assets/style.css", get(|| asset("text/css; charset=utf-8", page::STYLE)))
        .route("/assets/send.js", get(|| asset("text/javascript; charset=utf-8", page::SCRIPT)))
        .route("/robots.txt", get(|| asset("text/plain", "User-agent: *\nDisallow: /\n")))
        .fallback(nothing)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), guard))
        .route("/health", get(health))
        .layer(middleware::map_response(sealed))
        .with_state(app)
}

/// What every answer carries.
async fn sealed(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    response
}

/// Refuses who asks too often, who asks for another host, and forms of other sites.
async fn guard(State(app): State<Shared>, mut request: Request<Body>, next: Next) -> Response {
    count(&app.metrics.requests);
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    let visitor = Visitor::new(peer, request.headers(), &app.serve.trusted_proxies, &app.serve.public_url);
    let language = visitor.language;
    // A request that names its host twice, or another one than this, was put together by somebody else.
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = (hosts.next().and_then(|host| host.to_str().ok()), hosts.next());
    if !matches!(host, (Some(host), None) if host.eq_ignore_ascii_case(&app.host)) {
        return (StatusCode::MISDIRECTED_REQUEST, "this is not the host that you asked for\n")
            .into_response();
    }
    // Forms are small and say how long they are; anything else is where proxies and servers disagree.
    if request.headers().contains_key(header::TRANSFER_ENCODING) {
        return StatusCode::LENGTH_REQUIRED.into_response();
    }
    if let Some(seconds) = app.limits.request(visitor.household()) {
        count(&app.metrics.throttled);
        return page::refusal(Refusal::SlowDown(seconds), language);
    }
    if request.method() == axum::http::Method::POST && visitor.is_foreign {
        count(&app.metrics.refused);
        return page::refusal(Refusal::Foreign, language);
    }
    request.extensions_mut().insert(visitor);
    next.run(request).await
}

fn asset(kind: &'static str, text: &'static str) -> std::future::Ready<Response> {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=3600")];
    std::future::ready((headers, text).into_response())
}

async fn nothing(visitor: axum::Extension<Visitor>) -> Response {
    page::refusal(Refusal::NotFound, visitor.language)
}

async fn health(State(app): State<Shared>) -> Response {
    match app.store.ping().await {
        Ok(()) => "ok\n".into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response(),
    }
}

/// A share with its objects (all, or the one at a position), unless anything is wrong with it whoever asks.
async fn find(app: &App, token: &str, position: Option<i64>) -> Result<(Share, Vec<Item>), Refusal> {
    let Some(hash) = token_hash(token) else { return Err(Refusal::NotFound) };
    let found = app.store.share_by_token(&hash, position).await.map_err(|_| {
        count(&app.metrics.store_failures);
        Refusal::Away
    })?;
    let (share, items) = found.ok_or(Refusal::NotFound)?;
    if share.revoked.is_some() {
        return Err(Refusal::Revoked);
    }
    if share.is_over(now()) {
        return Err(Refusal::Expired);
    }
    Ok((share, items))
}

fn holder_cookie(id: &str) -> String {
    format!("__Host-tp-holder-{id}")
}

#[derive(Default, Deserialize)]
struct Shown {
    after: Option<String>,
}

async fn show(
    State(app): State<Shared>,
    Path(token): Path<String>,
    Query(shown): Query<Shown>,
    axum::Extension(visitor): axum::Extension<Visitor>,
) -> Response {
    match shown_page(&app, &token, shown.after.as_deref(), &visitor).await {
        Ok(response) => response,
        Err(refusal) => page::refusal(refusal, visitor.language),
    }
}

async fn shown_page(
    app: &App,
    token: &str,
    after: Option<&str>,
    visitor: &Visitor,
) -> Result<Response, Refusal> {
    let (share, items) = find(app, token, None).await?;
    let words = visitor.language.words();
    if !is_unlocked(app, visitor, &share.id, &share.lock) {
        let page = LockedPage { words, kind: 's', token, wrong: false };
        return Ok(page::html(StatusCode::OK, &page, ""));
    }
    let exhausted = share.is_exhausted();
    if exhausted && !claim::may_begin_again(app, &share, visitor.cookie(&holder_cookie(&share.id))).await? {
        return Err(Refusal::Exhausted);
    }
    count(&app.metrics.views);
    if app.is_first_visit(&share.id, visitor) {
        app.write_down(&share.id, app.event(visitor, "view", "")).await;
    }
    // Where a page goes on is a key at some providers, and the bucket's keys are nobody's business.
    let mark = format!("after:{}", share.id);
    let after = after.map(|sealed| app.keys.open(&mark, sealed).ok_or(Refusal::NotFound)).transpose()?;
    let listed = rows(app, &share, items, after).await?;
    let next =
        listed.next.map(|next| app.keys.seal(&mark, next.as_bytes())).transpose().map_err(|error| {
            tracing::error!(%error, share = share.id, "the next page cannot be sealed");
            Refusal::Away
        })?;
    let policy = leads_to(app, &share, listed.first.as_ref()).await;
    let page = SharePage {
        words,
        token,
        name: if share.name.is_empty() { words.files } else { &share.name },
        rows: listed.rows,
        next: next.map(|next| {
            percent_encoding::utf8_percent_encode(&next, percent_encoding::NON_ALPHANUMERIC).to_string()
        }),
        until: page::time(share.expires),
        left: share.max.map(|max| (max - share.used).max(0)),
        exhausted,
    };
    Ok(page::html(StatusCode::OK, &page, &policy))
}

/// What a page of a share lists.
struct Listed {
    rows: Vec<Row>,
    next: Option<String>,
    first: Option<Item>,
}

async fn rows(app: &App, share: &Share, items: Vec<Item>, after: Option<String>) -> Result<Listed, Refusal> {
    let away = |error: crate::error::Error| {
        tracing::error!(%error, share = share.id, "what is shared cannot be listed");
        Refusal::Away
    };
    let Some((bucket, prefix)) = &share.below else {
        let row = |(at, item): (usize, &Item)| Row {
            item: at.to_string(),
            name: item.name.clone(),
            size: page::size(item.size),
        };
        let rows = items.iter().enumerate().map(row).collect();
        return Ok(Listed { rows, next: None, first: items.into_iter().next() });
    };
    let request = ListRequest {
        bucket: bucket.clone(),
        prefix: prefix.clone(),
        recursive: true,
        token: after,
        max_keys: Some(LISTED),
        ..ListRequest::default()
    };
    let store = app.connections.store(&share.profile).await.map_err(away)?;
    let listed = store.list(&request).await.map_err(away)?;
    let files = listed.entries.iter().filter_map(|entry| {
        let name = entry.name.to_str().filter(|name| !name.is_empty() && !name.ends_with('/'))?;
        Some((name.to_owned(), entry.size.unwrap_or(0)))
    });
    let files: Vec<(String, u64)> = files.collect();
    let first = files.first().and_then(|(name, _)| below(share, name));
    let row = |(name, size): (String, u64)| Row {
        item: name.clone(),
        name: crate::sanitize::display_safe(&name).into_owned(),
        size: page::size(i64::try_from(size).unwrap_or(i64::MAX)),
    };
    Ok(Listed { rows: files.into_iter().map(row).collect(), next: listed.next, first })
}

/// The object that is called `name` below a share's prefix.
fn below(share: &Share, name: &str) -> Option<Item> {
    let (bucket, prefix) = share.below.as_ref()?;
    let last = name.rsplit('/').next().filter(|last| !last.is_empty())?;
    Some(Item {
        bucket: bucket.clone(),
        key: format!("{prefix}{name}"),
        version: None,
        etag: String::new(),
        size: 0,
        name: last.to_owned(),
    })
}

/// Forms may lead to the storage: browsers would drop the download after it was counted otherwise.
async fn leads_to(app: &App, share: &Share, first: Option<&Item>) -> String {
    let Some(item) = first else { return String::new() };
    let origin = app.storage_origin(&share.profile, &item.bucket).await;
    origin.map(|origin| format!("; form-action 'self' {origin}")).unwrap_or_default()
}

async fn unlock(
    State(app): State<Shared>,
    Path(token): Path<String>,
    axum::Extension(visitor): axum::Extension<Visitor>,
    Form(given): Form<Unlock>,
) -> Response {
    match find(&app, &token, Some(0)).await {
        Ok((share, _)) => {
            let door = Door { kind: 's', token: &token, id: &share.id, lock: &share.lock };
            try_password(&app, &visitor, &door, given).await
        }
        Err(refusal) => page::refusal(refusal, visitor.language),
    }
}

#[derive(Default, Deserialize)]
struct Claimed {
    #[serde(default)]
    item: String,
}

async fn claim_item(
    State(app): State<Shared>,
    Path(token): Path<String>,
    axum::Extension(visitor): axum::Extension<Visitor>,
    Form(claimed): Form<Claimed>,
) -> Response {
    match claimed_url(&app, &token, &claimed.item, &visitor).await {
        Ok(response) => response,
        Err(refusal) => page::refusal(refusal, visitor.language),
    }
}

async fn claimed_url(app: &App, token: &str, item: &str, visitor: &Visitor) -> Result<Response, Refusal> {
    let position = if item.is_empty() { 0 } else { item.parse().unwrap_or(-1) };
    let (share, mut items) = find(app, token, Some(position)).await?;
    if !is_unlocked(app, visitor, &share.id, &share.lock) {
        let page = LockedPage { words: visitor.language.words(), kind: 's', token, wrong: false };
        return Ok(page::html(StatusCode::FORBIDDEN, &page, ""));
    }
    let item = if share.below.is_some() { below(&share, item) } else { items.pop() };
    let item = item.ok_or(Refusal::NotFound)?;
    let name = holder_cookie(&share.id);
    let granted = claim::claim(app, visitor, &share, &item, visitor.cookie(&name)).await?;
    let mut response = see_other(&granted.url);
    let headers = response.headers_mut();
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if share.again > 0 {
        set_cookie(headers, &name, &granted.holder, 3600);
    }
    Ok(response)
}
