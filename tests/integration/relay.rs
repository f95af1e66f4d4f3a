//! Objects from one provider to another: every byte proved, and nothing replaced by wrong ones.

use twinpail::config::{Provider, TransferDefaults};
use twinpail::demo::{Backend, Fault, Operation, Rule};
use twinpail::error::Kind;
use twinpail::location::{Location, Remote};
use twinpail::s3::{Body, PartRequest};
use twinpail::transfer::{
    Engine, Event, FileOutcome, FileStatus, Item, OnConflict, Request, Settings, Verified,
};

use tokio::sync::mpsc::UnboundedReceiver;

use crate::support::{World, connections, pattern, row};

const MIB: usize = 1 << 20;
/// In one request from memory, in one that streams, in parts.
const SIZES: [usize; 3] = [1000, 3 * MIB, 12 * MIB];

/// Two servers, the first with an object, the second with another one of that name.
struct Pair {
    here: World,
    there: World,
    row: &'static Provider,
    data: Vec<u8>,
}

impl Pair {
    /// Of each size, on providers that keep no checksum and on such as keep one.
    async fn all() -> Vec<Self> {
        let mut pairs = Vec::new();
        for row in [row(|row| row.kept_checksum.is_none()), row(|row| row.kept_checksum == Some("CRC32"))] {
            for size in SIZES {
                let (here, there) = (World::new().await, World::new().await);
                let pair = Self { here, there, row, data: pattern(size) };
                let file = pair.here.folder.path().join("f");
                std::fs::write(&file, &pair.data).unwrap();
                let outcome = pair.copy(Location::Local(file), remote("here")).await;
                assert_eq!(outcome.status, FileStatus::Done, "{:?}", outcome.error);
                pair.there.backend.put("box", "k", "old");
                pairs.push(pair);
            }
        }
        pairs
    }

    /// An engine with a journal that sends parts of 5 MiB, on its way.
    fn begin(&self, from: Location, to: Location) -> (Engine, UnboundedReceiver<Event>) {
        let profile = |world: &World, name| world.profile_of(name, self.row);
        let known = connections(vec![profile(&self.here, "here"), profile(&self.there, "there")]);
        let defaults = TransferDefaults { part_size: Some(5 << 20), ..TransferDefaults::default() };
        let journal = Some(self.here.folder.path().join("journal"));
        let (engine, events) = Engine::new(known, Settings { defaults, journal, ..Settings::default() });
        engine.submit(Request {
            items: vec![Item { from, to, tree: false, known: None }],
            on_conflict: OnConflict::Overwrite,
            ..Request::default()
        });
        (engine, events)
    }

    async fn copy(&self, from: Location, to: Location) -> FileOutcome {
        let (_engine, mut events) = self.begin(from, to);
        loop {
            if let Event::File { outcome, .. } = events.recv().await.unwrap() {
                return *outcome;
            }
        }
    }

    async fn relayed(&self) -> FileOutcome {
        self.copy(remote("here"), remote("there")).await
    }

    /// What is there under the name, and nothing besides.
    fn there(&self) -> Vec<u8> {
        assert!(self.there.backend.uploads("box").is_empty());
        self.there.backend.get("box", "k").unwrap().to_vec()
    }

    /// Whether the source's provider says what its bytes are; the ETag of many parts does not.
    fn is_told(&self) -> bool {
        self.data.len() < 5 * MIB || self.row.kept_checksum.is_some()
    }

    fn what(&self) -> String {
        format!("{} of {} bytes", self.row.title, self.data.len())
    }
}

fn remote(profile: &str) -> Location {
    Location::Remote(Remote { profile: profile.into(), bucket: "box".into(), key: "k".into() })
}

fn fail(backend: &Backend, rule: Rule) {
    backend.faults().take_requests();
    backend.faults().add(rule);
}

#[tokio::test]
async fn what_passes_is_proved_by_what_the_target_keeps() {
    for pair in Pair::all().await {
        let outcome = pair.relayed().await;
        assert_eq!(outcome.status, FileStatus::Done, "{}: {:?}", pair.what(), outcome.error);
        let streamed = (MIB..5 * MIB).contains(&pair.data.len());
        let kept = pair.row.kept_checksum.is_some() && !streamed;
        let wanted = if kept { Verified::Crc32 } else { Verified::Md5 };
        assert_eq!(outcome.verified, wanted, "{}", pair.what());
        assert!(pair.there() == pair.data);
    }
}

#[tokio::test]
async fn bytes_that_come_wrong_from_the_source_replace_nothing() {
    for pair in Pair::all().await {
        if !pair.is_told() {
            continue;
        }
        fail(&pair.here.backend, Rule::always(Operation::GetObject, Fault::WrongByte(50)));
        let outcome = pair.relayed().await;
        assert_eq!(outcome.error.map(|error| error.kind()), Some(Kind::Integrity), "{}", pair.what());
        assert_eq!(pair.there(), b"old", "{}", pair.what());
    }
}

#[tokio::test]
async fn bytes_that_arrive_wrong_are_sent_again() {
    for pair in Pair::all().await {
        let write = if pair.data.len() < 5 * MIB { Operation::PutObject } else { Operation::UploadPart };
        fail(&pair.there.backend, Rule::once(write, Fault::ArrivesWrong(50)));
        let outcome = pair.relayed().await;
        assert_eq!(outcome.status, FileStatus::Done, "{}: {:?}", pair.what(), outcome.error);
        assert!(pair.there() == pair.data, "{}", pair.what());
        let asked = pair.there.backend.faults().take_requests();
        let writes = asked.iter().filter(|request| request.operation == write).count();
        assert_eq!(writes, pair.data.len().div_ceil(5 * MIB) + 1, "{}", pair.what());
    }
}

#[tokio::test]
async fn a_part_that_nobody_wrote_down_is_sent_again() {
    for pair in Pair::all().await.into_iter().filter(|pair| pair.data.len() > 5 * MIB) {
        let stalled = Rule { after: 1, ..Rule::always(Operation::UploadPart, Fault::Stall) };
        fail(&pair.there.backend, stalled);
        let (engine, _events) = pair.begin(remote("here"), remote("there"));
        let store = pair.there.store().await;
        let (upload, mut there) = loop {
            tokio::task::yield_now().await;
            let Some(upload) = store.list_uploads("box", "", None).await.unwrap().uploads.pop() else {
                continue;
            };
            let parts = store.list_parts(&upload).await.unwrap();
            if !parts.is_empty() {
                break (upload, parts);
            }
        };
        engine.stop().await;
        drop(engine);
        pair.there.backend.faults().clear();
        let there = there.remove(0).number;
        let (number, size) =
            [(1, 5 * MIB), (2, 5 * MIB)].into_iter().find(|(number, _)| *number != there).unwrap();
        let foreign = PartRequest { number, body: Body::from_bytes(vec![7; size]), digest: None };
        store.upload_part(&upload, foreign).await.unwrap();
        let outcome = pair.relayed().await;
        assert_eq!(outcome.status, FileStatus::Done, "{}: {:?}", pair.what(), outcome.error);
        assert!(pair.there() == pair.data, "{}", pair.what());
    }
}
