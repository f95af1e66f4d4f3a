//! Which remote places are one: by service, bucket and key.

use super::service::{Sameness, Service};
use super::{Overlap, Relation};
use crate::config::Provider;
use crate::error::Result;
use crate::location::Remote;
use crate::s3::Connections;

/// What names of access points and their like end in; each stands for a bucket of another name.
const ALIAS_ENDINGS: &[&str] = &["-s3alias", ".mrap", "--ol-s3", "--op-s3", "--xa-s3"];

pub(super) async fn relation(
    connections: &Connections,
    from: &Remote,
    to: &Remote,
    tree: bool,
) -> Result<Relation> {
    let (source, target) = (provider(connections, from)?, provider(connections, to)?);
    // Most pairs have different keys, which settles it without asking for credentials.
    let exact = source.exact_keys && target.exact_keys;
    let Some(keys) = keys(&from.key, &to.key, tree, exact) else { return Ok(Relation::Apart) };
    let services = if from.profile == to.profile {
        Sameness::Same
    } else {
        service(connections, from).await?.same(&service(connections, to).await?)
    };
    let aliases = source.bucket_aliases || target.bucket_aliases;
    Ok(match buckets(services, &from.bucket, &to.bucket, aliases) {
        Sameness::Apart => Relation::Apart,
        Sameness::Same if keys.exact => Relation::Certain(keys.overlap),
        Sameness::Same | Sameness::Unknown => Relation::Possible(keys.overlap),
    })
}

fn provider(connections: &Connections, place: &Remote) -> Result<&'static Provider> {
    Ok(connections.config().profile(&place.profile)?.provider)
}

async fn service(connections: &Connections, place: &Remote) -> Result<Service> {
    let store = connections.store(&place.profile).await?;
    // Without a bucket it is the profile's own region.
    Ok(Service::of(store.own_endpoint().as_deref(), &store.region_of("")))
}

/// Whether two names stand for one bucket.
fn buckets(services: Sameness, left: &str, right: &str, aliases: bool) -> Sameness {
    let unclear = aliases || is_alias(left) || is_alias(right);
    match services {
        Sameness::Apart => Sameness::Apart,
        _ if left == right => services,
        Sameness::Same | Sameness::Unknown if unclear => Sameness::Unknown,
        Sameness::Same | Sameness::Unknown => Sameness::Apart,
    }
}

/// Whether a name may stand for a bucket of another name: access points, and Ceph's `TENANT:BUCKET`.
fn is_alias(bucket: &str) -> bool {
    bucket.contains(':') || ALIAS_ENDINGS.iter().any(|ending| bucket.ends_with(ending))
}

/// How the keys of two places in one bucket overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Keys {
    overlap: Overlap,
    /// Byte for byte, rather than by what a file system below the server may make of them.
    exact: bool,
}

fn keys(from: &str, to: &str, tree: bool, exact: bool) -> Option<Keys> {
    let found = |overlap, exact| Some(Keys { overlap, exact });
    if let Some(overlap) = overlap(from, to, tree) {
        return found(overlap, true);
    }
    if exact {
        return None;
    }
    found(overlap(&folded(from), &folded(to), tree)?, false)
}

fn overlap(from: &str, to: &str, tree: bool) -> Option<Overlap> {
    match () {
        () if from == to => Some(Overlap::Same),
        () if tree && to.starts_with(from) => Some(Overlap::TargetInSource),
        () if tree && from.starts_with(to) => Some(Overlap::SourceInTarget),
        () => None,
    }
}

/// A key as a server may store it that keeps objects as files: without empty and `.` components, perhaps on a disk that
/// does not know upper case.
fn folded(key: &str) -> String {
    let names: Vec<&str> = key.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
    let slash = if key.ends_with('/') && !names.is_empty() { "/" } else { "" };
    format!("{}{slash}", names.join("/").to_lowercase())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::config::{Config, Paths, Profile, provider};

    /// Profiles `NAME`, each with a provider and an endpoint.
    fn connections(profiles: &[(&str, &str, &str)]) -> Connections {
        let profile = |(name, row, endpoint): &(&str, &str, &str)| {
            Profile::with_keys(name, provider(row).unwrap(), endpoint, name, "secret")
        };
        let profiles = profiles.iter().map(profile).collect();
        Connections::new(Arc::new(Config::of_profiles(profiles, Paths::below(Path::new("/nonexistent")))))
    }

    async fn relate(known: &Connections, from: &str, to: &str, tree: bool) -> Relation {
        let place = |text: &str| {
            let (profile, rest) = text.split_once(' ').unwrap();
            let (bucket, key) = rest.split_once('/').unwrap();
            Remote { profile: profile.into(), bucket: bucket.into(), key: key.into() }
        };
        relation(known, &place(from), &place(to), tree).await.unwrap()
    }

    #[tokio::test]
    async fn objects_are_known_by_service_bucket_and_key() {
        let known = connections(&[
            ("one", "minio", "http://localhost:9000"),
            ("two", "minio", "http://127.0.0.1:9000/"),
            ("port", "minio", "http://127.0.0.1:9001"),
            ("garage", "garage", "http://127.0.0.1:3900"),
            ("eu", "aws", "https://s3.eu-west-1.amazonaws.com"),
            ("fast", "aws", "https://s3-accelerate.amazonaws.com"),
            ("r2", "r2", "https://acc.r2.cloudflarestorage.com"),
        ]);
        let (same, maybe) = (Relation::Certain(Overlap::Same), Relation::Possible(Overlap::Same));
        for (from, to, expected) in [
            ("one b/k", "one b/k", same),
            ("one b/k", "two b/k", same),
            ("one b/k", "two c/k", Relation::Apart),
            ("one b/k", "two b/k2", Relation::Apart),
            ("one b/k", "port b/k", maybe),
            ("one b/k", "port b/k2", Relation::Apart),
            ("one b/k", "port c/k", Relation::Apart),
            ("one b/a/k", "one b/a//K", maybe),
            ("garage b/k", "garage alias/k", maybe),
            ("garage b/k", "garage b/K", Relation::Apart),
            ("eu b/k", "fast b/k", same),
            ("eu b/k", "fast c/k", Relation::Apart),
            ("eu b/k", "eu b-s3alias/k", maybe),
            ("eu b/k", "eu arn:aws:s3:eu-west-1:1:accesspoint:x/k", maybe),
            ("eu b/k", "r2 b/k", Relation::Apart),
            ("eu b/k", "one b/k", maybe),
        ] {
            assert_eq!(relate(&known, from, to, false).await, expected, "{from} {to}");
        }
    }

    #[tokio::test]
    async fn trees_overlap_by_their_prefixes() {
        let known = connections(&[
            ("one", "minio", "http://localhost:9000"),
            ("two", "minio", "http://127.0.0.1:9000/"),
            ("port", "minio", "http://127.0.0.1:9001"),
        ]);
        for (from, to, expected) in [
            ("one b/a/", "two b/a/", Relation::Certain(Overlap::Same)),
            ("one b/", "two b/copy/", Relation::Certain(Overlap::TargetInSource)),
            ("one b/a/", "two b/", Relation::Certain(Overlap::SourceInTarget)),
            ("one b/a/", "two b/ab/", Relation::Apart),
            ("one b/", "port b/copy/", Relation::Possible(Overlap::TargetInSource)),
            ("one b/a/", "port b/", Relation::Possible(Overlap::SourceInTarget)),
            ("one b/a/", "port b/c/", Relation::Apart),
            ("one b/A/", "one b/a/x/", Relation::Possible(Overlap::TargetInSource)),
        ] {
            assert_eq!(relate(&known, from, to, true).await, expected, "{from} {to}");
        }
    }
}
