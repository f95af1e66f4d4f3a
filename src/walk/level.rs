//! A level of a prefix, its folders among its objects, read by many at once where keys come in order.

use tokio::sync::mpsc;

use super::pieces::{self, Listed};
use super::segments::Segment;
use super::{AHEAD, Batch, Found, in_order, listed};
use crate::location::{Location, Remote};
use crate::s3::{ListRequest, Store};

/// What is right below a prefix and behind the key `after`, read by many at once; for providers that list in order. Folders
/// are told like their marker objects: by names that end in `/`.
pub fn level(store: Store, root: Remote, after: String) -> mpsc::Receiver<Batch> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        let first = ListRequest {
            bucket: root.bucket.clone(),
            prefix: root.key.clone(),
            start_after: Some(after),
            ..ListRequest::default()
        };
        let list = move |request: ListRequest| {
            let (store, root) = (store.clone(), root.clone());
            async move {
                let page = store.list(&request).await?;
                in_order(&store, &root, &request, &page)?;
                Ok(with_folders(&root, listed(&root, &request.prefix, page)))
            }
        };
        pieces::read(Segment::new(first), list, &sender).await;
    });
    receiver
}

/// A key behind all that a folder holds, and before what follows it.
pub fn behind_folder(folder: &str) -> String {
    format!("{folder}{}", char::MAX)
}

/// A level with its folders among its objects, in the order of the keys.
pub(super) fn with_folders(root: &Remote, mut level: Listed) -> Listed {
    let folder = |key: String| Found {
        relative: key.strip_prefix(&root.key).unwrap_or(&key).to_owned(),
        location: Location::Remote(Remote { key, ..root.clone() }),
        size: 0,
        modified: None,
        etag: None,
        storage_class: None,
    };
    level.found.extend(level.folders.drain(..).map(folder));
    level.found.sort_unstable_by(|left, right| left.key().cmp(right.key()));
    level
}
