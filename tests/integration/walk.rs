//! Recursive listings of servers whose order nobody knows: the same as page after page, and with how many requests.

use std::collections::BTreeSet;

use proptest::prelude::*;
use twinpail::demo::{Fault, Operation, Rule};
use twinpail::error::{Kind, Result};
use twinpail::location::{Location, Remote};
use twinpail::s3::Store;
use twinpail::sync::{self, Counts, Options};
use twinpail::walk::{self, Found};

use crate::support::{World, connections, row};

/// Connected as to each provider whose listings come in no known order.
async fn stores(world: &World) -> Vec<Store> {
    let mut stores = Vec::new();
    for version in [1, 2] {
        let profile = world.profile_of("p", row(|row| row.list_version == version && !row.ordered));
        stores.push(connections(vec![profile]).store("p").await.unwrap());
    }
    stores
}

fn place(prefix: &str) -> Location {
    Location::Remote(Remote { profile: "p".into(), bucket: "box".into(), key: prefix.to_owned() })
}

async fn walk(store: &Store, prefix: &str) -> Result<Vec<Found>> {
    let root = place(prefix).as_remote().unwrap().clone();
    let (mut batches, mut all) = (walk::remote(store.clone(), root), Vec::new());
    while let Some(batch) = batches.recv().await {
        all.extend(batch?);
    }
    Ok(all)
}

fn exact(found: &[Found], prefix: &str) -> Vec<String> {
    let key = |found: &Found| {
        let key = found.location.as_remote().unwrap().key.clone();
        assert_eq!(format!("{prefix}{}", found.relative), key);
        key
    };
    found.iter().map(key).collect()
}

fn hostile() -> impl Strategy<Value = BTreeSet<String>> {
    let part =
        prop_oneof![Just(""), Just("a"), Just("b"), Just("é"), Just(".."), Just("\u{1b}[2J"), Just("+ %2F")];
    let key = prop::collection::vec(part, 1..6).prop_map(|parts| parts.join("/"));
    prop::collection::btree_set(key.prop_filter("a key", |key| !key.is_empty()), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_tree_is_listed_as_page_after_page(keys in hostile(), page in 1usize..12, prefix in "(|a|a/|/|é/)") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            for key in &keys {
                world.backend.put("box", key, "x");
            }
            world.backend.set_page(page);
            let wanted: Vec<String> = keys.iter().filter(|key| key.starts_with(&prefix)).cloned().collect();
            for store in stores(&world).await {
                let found = walk(&store, &prefix).await.unwrap();
                prop_assert_eq!(&exact(&found, &prefix), &wanted);
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn large_folders_are_listed_by_themselves_and_small_ones_are_not() {
    let world = World::new().await;
    let requests = |prefix: &'static str| async {
        let stores = stores(&world).await;
        world.backend.faults().take_requests();
        let found = walk(&stores[1], prefix).await.unwrap();
        let asked = world.backend.faults().take_requests();
        assert!(asked.iter().all(|request| request.operation == Operation::ListObjects));
        (found.len(), asked.len())
    };
    for n in 0..1_500 {
        for folder in ["large/a", "large/b", "large/c"] {
            world.backend.put("box", &format!("{folder}/{n:05}"), "x");
        }
        world.backend.put("box", &format!("small/{n:05}/file"), "x");
        world.backend.put("box", &format!("flat/{n:05}"), "x");
    }
    world.backend.put("box", "large/", "");
    // A flat page, the level, and two pages of each folder.
    assert_eq!(requests("large/").await, (4_501, 1 + 1 + 3 * 2));
    assert_eq!(requests("small/").await, (1_500, 2));
    assert_eq!(requests("flat/").await, (1_500, 2));
    assert_eq!(requests("large/a/000").await, (100, 1));
}

#[tokio::test]
async fn a_fault_in_one_folder_is_the_fault_of_all_and_nothing_is_deleted_then() {
    let world = World::new().await;
    for n in 0..1_500 {
        world.backend.put("box", &format!("a/{n:05}"), "x");
        world.backend.put("box", &format!("b/{n:05}"), "x");
    }
    std::fs::create_dir(world.folder.path().join("b")).unwrap();
    std::fs::write(world.folder.path().join("b/extra"), "x").unwrap();
    let known = connections(vec![world.profile_of("p", row(|row| !row.ordered))]);
    let (from, to) = (place(""), Location::Local(world.folder.path().to_owned()));
    // The flat page, the level, and two pages of each folder.
    for after in 0..6 {
        let denied = || Fault::Status(403, "AccessDenied");
        world.backend.faults().add(Rule { after, ..Rule::once(Operation::ListObjects, denied()) });
        let error = walk(&known.store("p").await.unwrap(), "").await.unwrap_err();
        assert_eq!(error.kind(), Kind::Denied, "{after}");
        world.backend.faults().add(Rule { after, ..Rule::once(Operation::ListObjects, denied()) });
        let options = Options { delete: true, ..Options::default() };
        match sync::plan(&known, &from, &to, &options).await {
            Ok(plan) => assert!(plan.faults.len() == 1 && Counts::of(&plan.steps).delete == 0, "{after}"),
            Err(error) => assert_eq!(error.kind(), Kind::Denied, "{after}"),
        }
    }
    let plan = sync::plan(&known, &from, &to, &Options { delete: true, ..Options::default() }).await.unwrap();
    assert_eq!((Counts::of(&plan.steps).create, Counts::of(&plan.steps).delete), (3_000, 1));
}

#[tokio::test]
async fn a_server_that_is_taken_for_one_that_lists_in_order_is_found_out() {
    const PAGE: &str = "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>\
        <Contents><Key>b</Key><Size>1</Size></Contents><Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>";
    let world = World::new().await;
    world.backend.faults().add(Rule::always(Operation::ListObjects, Fault::Answer(200, vec![], PAGE)));
    let root = Remote { profile: "p".into(), bucket: "box".into(), key: String::new() };
    let mut batches = walk::remote(world.store().await, root);
    let error = batches.recv().await.unwrap().unwrap_err();
    assert!(
        error.error.message().contains("do not come in order")
            && error.error.hint().unwrap().contains("provider = \"other\"")
    );
    assert!(batches.recv().await.is_none());
}

#[tokio::test]
async fn directory_buckets_are_not_taken_to_list_in_order() {
    let store = World::new().await.store().await;
    assert!(store.lists_in_order("box") && !store.lists_in_order("box--use1-az4--x-s3"));
}
