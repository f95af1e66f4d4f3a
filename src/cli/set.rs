//! `set`: properties of objects that are there, changed in place by the server.

use clap::Args;

use super::Context;
use super::output::{Out, Tally};
use super::transfer::key_value;
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::{Change, Changed, Store};
use crate::walk;

#[derive(Args, Debug)]
#[command(
    after_help = "Example: twinpail set -r --cache-control max-age=3600 --metadata owner=ada work:site/\n\
                  Everything that is not named stays as it is; an object that changes meanwhile is left alone."
)]
#[group(id = "change", multiple = true)]
pub(super) struct Options {
    /// Every object below the prefix.
    #[arg(short, long)]
    recursive: bool,
    /// Only say what would be changed.
    #[arg(long)]
    dry_run: bool,
    #[arg(long, value_name = "TYPE", group = "change")]
    content_type: Option<String>,
    #[arg(long, value_name = "TEXT", group = "change")]
    cache_control: Option<String>,
    #[arg(long, value_name = "TEXT", group = "change")]
    content_disposition: Option<String>,
    #[arg(long, value_name = "TEXT", group = "change")]
    content_encoding: Option<String>,
    #[arg(long, value_name = "TEXT", group = "change")]
    content_language: Option<String>,
    #[arg(long, value_name = "CLASS", group = "change")]
    storage_class: Option<String>,
    /// Metadata to add or replace (may be repeated).
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value, group = "change")]
    metadata: Vec<(String, String)>,
    /// Metadata to take away (may be repeated).
    #[arg(long, value_name = "KEY", group = "change")]
    remove_metadata: Vec<String>,
    /// Tags that the object is to have instead of its own (may be repeated).
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value, group = "change")]
    tag: Vec<(String, String)>,
    /// The objects; with -r the prefixes.
    #[arg(value_name = "LOC", required = true)]
    locations: Vec<String>,
}

impl Options {
    fn change(&self) -> Change {
        let added = self.metadata.iter().map(|(key, value)| (key.clone(), Some(value.clone())));
        let removed = self.remove_metadata.iter().map(|key| (key.clone(), None));
        Change {
            content_type: self.content_type.clone(),
            cache_control: self.cache_control.clone(),
            content_disposition: self.content_disposition.clone(),
            content_encoding: self.content_encoding.clone(),
            content_language: self.content_language.clone(),
            storage_class: self.storage_class.clone(),
            metadata: removed.chain(added).collect(),
            tags: self.tag.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect(),
            only_these_tags: !self.tag.is_empty(),
        }
    }
}

pub(super) async fn run(context: &Context, options: Options) -> Result<u8> {
    let change = options.change();
    if change.is_empty() {
        return Err(
            Error::new(Kind::Usage, "nothing to set").with_hint("for example --content-type text/plain")
        );
    }
    let (mut out, mut tally) = (Out::new(), Tally::new());
    for text in &options.locations {
        let Location::Remote(target) = context.location(text)? else {
            return Err(Error::new(
                Kind::Usage,
                format!("{} is not an object", crate::sanitize::display_safe(text)),
            )
            .with_hint("write PROFILE:BUCKET/KEY"));
        };
        let store = context.connections.store(&target.profile).await?;
        if !options.dry_run {
            store.profile().writable(&format!("change {target}"))?;
        }
        if !options.recursive {
            let set = one(&change, options.dry_run, &store, &target, &mut out).await;
            tally.take(set)?;
            continue;
        }
        let mut batches = walk::remote(store.clone(), target);
        while let Some(batch) = batches.recv().await {
            for found in batch? {
                let Location::Remote(object) = found.location else { continue };
                let set = one(&change, options.dry_run, &store, &object, &mut out).await;
                tally.take(set)?;
            }
        }
    }
    out.flush()?;
    Ok(tally.code())
}

async fn one(change: &Change, dry_run: bool, store: &Store, target: &Remote, out: &mut Out) -> Result<()> {
    if target.key.is_empty() {
        return Err(
            Error::new(Kind::Usage, format!("{target} is a bucket")).with_hint("-r sets all of its objects")
        );
    }
    let words = match store.change(target, change, dry_run).await? {
        Changed::AsItIs => "as it is",
        Changed::Planned => "would be changed",
        Changed::Done => "changed",
    };
    out.line(&format!("{target}: {words}"))
}
