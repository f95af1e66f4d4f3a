//! Properties of files, objects, prefixes and buckets, gathered from everybody who knows some.

use super::super::message::Properties;
use super::blocking;
use crate::entry::Kind;
use crate::error::{Error, Kind as Failure, Result};
use crate::local;
use crate::location::{Location, Remote};
use crate::s3::{Attributes, Connections, Fact, ListRequest, ObjectInfo, Store};
use crate::tui::units::Units;

pub(super) async fn stat(connections: &Connections, place: &Location, kind: Kind) -> Result<Properties> {
    let units = Units::new(&connections.config().ui);
    match place {
        Location::Local(path) => {
            let path = path.clone();
            blocking(move || local_properties(&path, &units)).await
        }
        Location::Profile(profile) => {
            Err(Error::new(Failure::Usage, format!("{profile}: is a whole profile")))
        }
        Location::Remote(remote) => {
            let store = connections.store(&remote.profile).await?;
            match kind {
                _ if remote.key.is_empty() => {
                    let facts = Box::pin(store.bucket_facts(&remote.bucket)).await;
                    Ok(Properties { object: None, facts })
                }
                Kind::Prefix => prefix(&store, remote, &units).await,
                _ => object(&store, remote).await,
            }
        }
    }
}

fn local_properties(path: &std::path::Path, units: &Units) -> Result<Properties> {
    let facts = local::facts(path, |time| units.exact_time(time))?
        .into_iter()
        .map(|(name, value)| Fact::known(name, value))
        .collect();
    // A link that leads nowhere has no more to tell than the link.
    let object = local::stat(path).ok().map(|entry| {
        let size = entry.size.unwrap_or(0);
        ObjectInfo { size, modified: entry.modified, ..ObjectInfo::default() }
    });
    Ok(Properties { object, facts })
}

async fn object(store: &Store, remote: &Remote) -> Result<Properties> {
    let (bucket, key) = (&remote.bucket, &remote.key);
    let (info, facts) =
        tokio::join!(Box::pin(store.head(bucket, key, None)), Box::pin(store.object_facts(bucket, key)));
    Ok(Properties { object: Some(info?), facts })
}

/// Headers, metadata and tags; no tags where there are no such things.
pub(super) async fn attributes(connections: &Connections, remote: &Remote) -> Result<Attributes> {
    let store = connections.store(&remote.profile).await?;
    let info = store.head(&remote.bucket, &remote.key, None).await?;
    let tags = store.tags_beside(&info, &remote.bucket, &remote.key, None).await?;
    Ok(Attributes { tags, ..info.attributes })
}

/// One request says what there is at least; a sum of everything is `du`'s.
async fn prefix(store: &Store, remote: &Remote, units: &Units) -> Result<Properties> {
    let request = ListRequest {
        bucket: remote.bucket.clone(),
        prefix: remote.key.clone(),
        recursive: true,
        ..ListRequest::default()
    };
    let page = store.list(&request).await?;
    let is_marker = |name: &std::ffi::OsStr| name.is_empty();
    let marker = page.entries.iter().any(|entry| is_marker(&entry.name));
    let count = page.entries.len() - usize::from(marker);
    let bytes: u64 = page.entries.iter().filter_map(|entry| entry.size).sum();
    let plus = if page.next.is_some() { "+" } else { "" };
    let size = units.size(bytes);
    let newest = page.entries.iter().filter_map(|entry| entry.modified).max();
    let mut facts = vec![
        Fact::known("kind", "prefix"),
        Fact::known("below it", format!("{count}{plus} objects, {size}{plus}")),
        Fact::known("marker object", if marker { "yes" } else { "no" }),
    ];
    facts
        .extend(newest.filter(|_| plus.is_empty()).map(|time| Fact::known("newest", units.exact_time(time))));
    if !plus.is_empty() {
        facts.push(Fact::known("all of it", format!("twinpail du {remote}")));
    }
    Ok(Properties { object: None, facts })
}
