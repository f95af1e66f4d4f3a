//! Checks that write nothing: the way to the provider, who we are there, what a bucket says of itself.

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;

use super::{Advice, Finding, Setting, Verdict, connected};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::s3::{ListRequest, Store, Versioning};
use crate::sanitize::display_safe;

/// Clocks that differ by more make requests fail at AWS.
const MOST_SKEW: i64 = 15 * 60;
/// Of an answer's body.
const LIMIT: usize = 256 << 10;

pub(super) async fn credentials(store: &Store) -> Finding {
    const CHECK: &str = "credentials";
    const TOGETHER: &str = "links end with them, however long they were asked for";
    if store.is_anonymous() {
        return Finding::new(CHECK, Verdict::Warning, "none: only public buckets, and no links");
    }
    let end = match store.credentials_end().await {
        Ok(Some(end)) => end,
        Ok(None) if store.is_session().await.is_ok_and(|is_one| is_one) => {
            let detail = "temporary, with a session token that does not say when they end";
            return Finding::new(CHECK, Verdict::Warning, detail).hint(TOGETHER);
        }
        Ok(None) => return Finding::new(CHECK, Verdict::Fine, "they do not end by themselves"),
        Err(error) => return Finding::failed(CHECK, &error),
    };
    let minutes = end.duration_since(Timestamp::now()).as_secs() / 60;
    if end <= Timestamp::now() {
        let finding =
            Finding::new(CHECK, Verdict::Failed, format!("temporary: they ended {} minutes ago", -minutes));
        return finding.hint("log in again (for example `aws sso login`)");
    }
    let verdict = if minutes < 15 { Verdict::Warning } else { Verdict::Fine };
    Finding::new(CHECK, verdict, format!("temporary: they end in {minutes} minutes")).hint(TOGETHER)
}

/// The host, its certificate and its clock, by a request that needs no signature; whether anybody answered.
pub(super) async fn reach(store: &Store) -> (Vec<Finding>, bool) {
    const CHECK: &str = "endpoint";
    let endpoint = store.endpoint();
    let shown = display_safe(&endpoint).into_owned();
    let Ok(request) = Request::builder().method("GET").uri(format!("{endpoint}/")).body(Bytes::new()) else {
        let error = Error::new(Kind::Config, format!("{shown} is no address"));
        return (vec![Finding::failed(CHECK, &error)], false);
    };
    let asked = Timestamp::now();
    let answer = match store.http().fetch(request, LIMIT).await {
        Ok(answer) => answer,
        Err(error) => {
            let hint = store.hint_to_reach(&error.message());
            return (vec![Finding::failed(CHECK, &error).hint(hint)], false);
        }
    };
    let tls = endpoint.starts_with("https://");
    let way = if tls { "over TLS, certificate trusted" } else { "in the clear" };
    let mut findings = vec![Finding::new(CHECK, Verdict::Fine, format!("{shown} answers {way}"))];
    let is_here = ["127.", "localhost", "[::1]"].iter().any(|host| endpoint.contains(host));
    if !tls && !is_here {
        findings.push(
            Finding::new("encryption", Verdict::Warning, "everything goes over the network in the clear")
                .hint("use the https:// address, with `ca_bundle` for a certificate authority of your own"),
        );
    }
    findings.push(clock(answer.headers(), asked));
    (findings, true)
}

fn clock(headers: &http::HeaderMap, asked: Timestamp) -> Finding {
    const CHECK: &str = "clock";
    let date = headers.get(http::header::DATE).and_then(|date| date.to_str().ok());
    let Some(theirs) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) else {
        return Finding::skipped(CHECK, "the provider does not tell the time");
    };
    let ahead = theirs.timestamp().duration_since(asked).as_secs();
    let detail =
        format!("the provider's is {} s {} ours", ahead.abs(), if ahead < 0 { "behind" } else { "ahead of" });
    match ahead.abs() {
        0..=30 => Finding::new(CHECK, Verdict::Fine, detail),
        31..=MOST_SKEW => {
            Finding::new(CHECK, Verdict::Warning, detail).hint("set this machine's clock (NTP)")
        }
        _ => Finding::new(CHECK, Verdict::Failed, detail)
            .hint("set this machine's clock (NTP): signatures are refused"),
    }
}

/// The region that the provider wants instead of the profile's, and takes.
pub(super) struct Region {
    pub(super) finding: Finding,
    pub(super) advice: Advice,
    /// Has it.
    pub(super) store: Store,
    /// What that one got: a listing, or a refusal for another reason.
    listed: Result<()>,
}

/// Looks for another region where the profile's is refused.
pub(super) async fn region(config: &Config, store: &Store, bucket: Option<&str>) -> Option<Region> {
    let region = store.other_region(bucket).await?;
    let mut profile = store.profile().clone();
    profile.region = Some(region.clone());
    let other = connected(config, profile).await.ok()?;
    let listed = match bucket {
        Some(bucket) => other.list(&first_of(bucket)).await.map(drop),
        None => other.list_buckets(None).await.map(drop),
    };
    let is_taken = listed.as_ref().map_or_else(
        |error| matches!(error.kind(), Kind::Denied | Kind::NotFound | Kind::Unsupported),
        |()| true,
    );
    if !is_taken {
        return None;
    }
    let ours = store.region_of("");
    let why = format!("the provider takes signatures for {region}, not for {ours}");
    let advice = Advice { key: "region", value: Setting::Text(region), why: why.clone() };
    Some(Region { finding: Finding::new("region", Verdict::Warning, why), advice, store: other, listed })
}

fn first_of(bucket: &str) -> ListRequest {
    ListRequest { bucket: bucket.to_owned(), max_keys: Some(1), ..ListRequest::default() }
}

/// What ListBuckets says, and the first bucket.
pub(super) async fn list_buckets(store: &Store) -> (Finding, Option<String>) {
    const CHECK: &str = "list buckets";
    match store.list_buckets(None).await {
        Ok(page) => {
            let first = page.entries.first().map(|entry| entry.name.to_string_lossy().into_owned());
            (Finding::new(CHECK, Verdict::Fine, format!("{} buckets", page.entries.len())), first)
        }
        Err(error) if matches!(error.kind(), Kind::Denied | Kind::Unsupported) => {
            let finding = Finding::new(CHECK, Verdict::Warning, error.message());
            (finding.hint("name buckets in locations, or list them in `buckets = [...]`"), None)
        }
        Err(error) => (Finding::failed(CHECK, &error), None),
    }
}

/// Lists a bucket; if that fails, in the other style of address. The store that works.
pub(super) async fn open(
    config: &Config,
    store: &Store,
    bucket: &str,
    advice: &mut Vec<Advice>,
) -> (Finding, Option<Store>) {
    const CHECK: &str = "bucket";
    let request = first_of(bucket);
    let style = |path: bool| if path { "path style" } else { "virtual-host style" };
    let path_style = store.profile().path_style;
    let Err(error) = store.list(&request).await else {
        let region = store.region_of(bucket);
        if store.profile().region.as_ref().is_some_and(|own| *own != region) {
            let why = format!("bucket {bucket} is in {region}: one redirect less a bucket");
            advice.push(Advice { key: "region", value: Setting::Text(region.clone()), why });
        }
        let detail = format!("{bucket} can be listed ({}, {region})", style(path_style));
        return (Finding::new(CHECK, Verdict::Fine, detail), Some(store.clone()));
    };
    if let Some(region) = Box::pin(region(config, store, Some(bucket))).await {
        advice.push(region.advice);
        return match region.listed {
            Ok(()) => (region.finding, Some(region.store)),
            Err(error) => (Finding::failed(CHECK, &error), None),
        };
    }
    let mut other = store.profile().clone();
    other.path_style = !path_style;
    if let Ok(other) = connected(config, other).await
        && other.list(&request).await.is_ok()
    {
        let why = format!("{bucket} can only be listed in {}", style(!path_style));
        advice.push(Advice { key: "path_style", value: Setting::Switch(!path_style), why: why.clone() });
        return (Finding::new(CHECK, Verdict::Warning, why).hint(error.message()), Some(other));
    }
    (Finding::failed(CHECK, &error), None)
}

pub(super) async fn versioning(store: &Store, bucket: &str) -> Finding {
    const CHECK: &str = "versioning";
    match store.versioning(bucket).await {
        Ok(Versioning::Off) => Finding::new(CHECK, Verdict::Fine, "off: what is deleted or replaced is gone"),
        Ok(versioning) => Finding::new(CHECK, Verdict::Fine, versioning.word()),
        Err(error) => Finding::skipped(CHECK, &error.message()),
    }
}
