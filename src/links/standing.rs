//! Whether what a link leads to is still what it was when the link was made.

use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Shared;
use crate::error::{Error, Kind, Result};
use crate::s3::{Connections, Method, ObjectInfo};

/// Objects that are asked for at once.
const AT_ONCE: usize = 16;

/// What was known of an object when its link was made, as far as a listing says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Bytes.
    pub size: u64,
    /// Last modified; whole seconds count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<Timestamp>,
    /// Without quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

/// How the object of a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It is what it was.
    Same,
    /// It was replaced since the link was made.
    Changed,
    /// It is not there any more.
    Gone,
    /// Nothing has come by this upload link yet.
    Waiting,
    /// Something was stored there since this upload link was made.
    Arrived,
}

impl Standing {
    /// The word for lists.
    pub fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Changed => "changed",
            Self::Gone => "gone",
            Self::Waiting => "waiting",
            Self::Arrived => "arrived",
        }
    }
}

/// Asks for the objects of `links`, one request each, several at once; in the order of `links`.
pub async fn standings(connections: &Connections, links: &[Shared]) -> Vec<Result<Standing>> {
    let asked: Vec<_> = links.iter().map(|link| standing(connections.clone(), link.clone())).collect();
    futures_util::stream::iter(asked).buffered(AT_ONCE).collect().await
}

async fn standing(connections: Connections, link: Shared) -> Result<Standing> {
    let tampered = || Error::new(Kind::Integrity, format!("link {} names no object", link.id));
    let object = link.object().ok_or_else(tampered)?;
    let store = connections.store(&object.profile).await?;
    match store.head(&object.bucket, &object.key, link.version_id.as_deref()).await {
        Ok(info) => Ok(judge(&link, Some(&info), store.clock_ahead())),
        Err(error) if error.kind() == Kind::NotFound => Ok(judge(&link, None, SignedDuration::ZERO)),
        Err(error) => Err(error),
    }
}

/// `ahead`: how far the provider's clock is ahead of ours.
fn judge(link: &Shared, now: Option<&ObjectInfo>, ahead: SignedDuration) -> Standing {
    let is_upload = link.method == Method::Put;
    let same = now.is_some_and(|info| link.version_id.is_some() || !is_another(link, info, ahead));
    match (is_upload, now.is_some(), same) {
        (true, true, false) => Standing::Arrived,
        (true, ..) => Standing::Waiting,
        (false, false, _) => Standing::Gone,
        (false, true, true) => Standing::Same,
        (false, true, false) => Standing::Changed,
    }
}

fn is_another(link: &Shared, info: &ObjectInfo, ahead: SignedDuration) -> bool {
    let seconds = |time: Timestamp| time.as_second();
    match &link.seen {
        Some(Seen { etag: Some(etag), .. }) if !info.etag.is_empty() => *etag != info.etag,
        Some(seen) => {
            seen.size != info.size
                || matches!((seen.modified, info.modified), (Some(then), Some(now)) if seconds(then) != seconds(now))
        }
        // Nobody looked at it then. Headers have whole seconds, so that the same second proves nothing.
        None => info.modified.is_some_and(|modified| seconds(modified) > seconds(link.made + ahead)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::links::LinkRequest;
    use crate::location::Remote;
    use crate::s3::{EndsBecause, Presigned};

    fn link(method: Method, seen: Option<Seen>) -> Shared {
        let target = Remote { profile: "p".into(), bucket: "b".into(), key: "k".into() };
        let request = LinkRequest { method, seen, ..LinkRequest::get(target, Duration::from_mins(1)) };
        let signed = Presigned {
            url: String::new(),
            headers: Vec::new(),
            ends: None,
            because: EndsBecause::Asked,
            clock_ahead: SignedDuration::ZERO,
        };
        let mut link = Shared::of(&request, &signed);
        link.made = at(1000);
        link
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::new(second, 0).unwrap()
    }

    fn object(size: u64, modified: i64, etag: &str) -> ObjectInfo {
        ObjectInfo { size, modified: Some(at(modified)), etag: etag.into(), ..ObjectInfo::default() }
    }

    #[test]
    fn a_download_is_the_same_changed_or_gone() {
        let seen = |etag: Option<&str>| {
            Some(Seen { size: 5, modified: Some(at(900)), etag: etag.map(str::to_owned) })
        };
        let judged = |seen, now: Option<ObjectInfo>| {
            judge(&link(Method::Get, seen), now.as_ref(), SignedDuration::ZERO)
        };
        assert_eq!(
            judged(seen(Some("e")), Some(object(5, 999, "e"))),
            Standing::Same,
            "touched, not changed"
        );
        assert_eq!(judged(seen(Some("e")), Some(object(5, 900, "f"))), Standing::Changed);
        assert_eq!(judged(seen(None), Some(object(5, 900, "f"))), Standing::Same);
        assert_eq!(judged(seen(None), Some(object(5, 901, "f"))), Standing::Changed);
        assert_eq!(judged(seen(None), Some(object(6, 900, "f"))), Standing::Changed);
        assert_eq!(judged(None, Some(object(5, 1000, "f"))), Standing::Same);
        assert_eq!(judged(None, Some(object(5, 1001, "f"))), Standing::Changed);
        assert_eq!(judged(None, None), Standing::Gone);
    }

    #[test]
    fn the_providers_clock_counts_for_what_nobody_looked_at() {
        let ahead = SignedDuration::from_secs(60);
        let judged = |modified| judge(&link(Method::Get, None), Some(&object(1, modified, "")), ahead);
        assert_eq!((judged(1060), judged(1061)), (Standing::Same, Standing::Changed));
    }

    #[test]
    fn an_upload_waits_until_something_has_arrived() {
        let judged =
            |now: Option<ObjectInfo>| judge(&link(Method::Put, None), now.as_ref(), SignedDuration::ZERO);
        assert_eq!(judged(None), Standing::Waiting);
        assert_eq!(judged(Some(object(1, 900, ""))), Standing::Waiting, "what it is to replace");
        assert_eq!(judged(Some(object(1, 1001, ""))), Standing::Arrived);
    }
}
