//! Encryption at the provider and tags: who must have which key, what copies keep, and what is never shown.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;
use twinpail::config::{PROVIDERS, Profile, Provider, SecretSource, TransferDefaults};
use twinpail::demo::{Fault, Operation, Rule};
use twinpail::error::{Kind, Result};
use twinpail::location::{Location, Remote};
use twinpail::s3::{
    Algorithm, Attributes, Body, CompletedPart, Connections, CopySource, GetOptions, Hasher, Method,
    PartRequest, PresignRequest, PutOptions, Store,
};
use twinpail::transfer::{Engine, Event, FileOutcome, FileStatus, Item, Request, Settings};

use crate::support::{World, connections, pattern, row};

const MIB: usize = 1 << 20;
/// Two keys of 256 bits: base64, and how the in-memory server describes what is encrypted with them.
const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
const OTHER_KEY: &str = "ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=";

fn with_key(mut profile: Profile, key: &str) -> Profile {
    profile.sse_customer_key = Some(SecretSource::Command(vec!["echo".into(), key.into()]));
    profile
}

/// Connections that know the server as `plain`, as `right` and `wrong` with a key each.
fn keyed(world: &World) -> Connections {
    connections(vec![
        world.profile("plain"),
        with_key(world.profile("right"), KEY),
        with_key(world.profile("wrong"), OTHER_KEY),
    ])
}

async fn read(store: &Store, key: &str, options: &GetOptions) -> Result<Vec<u8>> {
    let mut download = store.get("box", key, options).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = download.chunk().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes)
}

async fn put(store: &Store, key: &str, bytes: impl Into<bytes::Bytes>, options: &PutOptions) {
    store.put("box", key, Body::from_bytes(bytes), options).await.unwrap();
}

fn source(key: &str, store: &Store) -> CopySource {
    CopySource {
        bucket: "box".into(),
        key: key.into(),
        version_id: None,
        if_match: None,
        customer_key: store.customer_key(),
    }
}

/// Copies one object with the engine, in parts above 5 MiB.
async fn copy(known: &Connections, from: (&str, &str), to: (&str, &str), sse: Option<&str>) -> FileOutcome {
    let remote = |(profile, key): (&str, &str)| {
        Location::Remote(Remote { profile: profile.into(), bucket: "box".into(), key: key.into() })
    };
    let defaults = TransferDefaults { part_size: Some(5 << 20), ..TransferDefaults::default() };
    let (engine, mut events) = Engine::new(known.clone(), Settings { defaults, ..Settings::default() });
    engine.submit(Request {
        items: vec![Item { from: remote(from), to: remote(to), tree: false, known: None }],
        attributes: Attributes { sse: sse.map(str::to_owned), ..Attributes::default() },
        ..Request::default()
    });
    loop {
        if let Event::File { outcome, .. } = events.recv().await.unwrap() {
            return *outcome;
        }
    }
}

pub(crate) async fn copied(known: &Connections, from: (&str, &str), to: (&str, &str)) {
    let outcome = copy(known, from, to, None).await;
    assert_eq!(outcome.status, FileStatus::Done, "{from:?} {to:?}: {:?}", outcome.error);
}

/// A provider whose CopyObject is for small objects, so that a larger one is copied in parts.
fn small_copies() -> &'static Provider {
    Box::leak(Box::new(Provider { max_copy: 5 << 20, counts_tags: true, ..PROVIDERS[0] }))
}

#[tokio::test]
async fn bytes_and_headers_are_for_the_holder_of_the_key() {
    let world = World::new().await;
    let known = keyed(&world);
    let [plain, right, wrong] =
        [known.store("plain").await, known.store("right").await, known.store("wrong").await]
            .map(Result::unwrap);
    put(&right, "k", pattern(1000), &PutOptions::default()).await;
    put(&plain, "open", "x", &PutOptions::default()).await;
    assert!(world.backend.encryption("box", "k").unwrap().starts_with("SSE-C:"));
    let part = GetOptions { range: Some(10..20), ..GetOptions::default() };
    assert_eq!(read(&right, "k", &GetOptions::default()).await.unwrap(), pattern(1000));
    assert_eq!(read(&right, "k", &part).await.unwrap(), &pattern(1000)[10..20]);
    assert_eq!(right.head("box", "k", None).await.unwrap().attributes.sse.as_deref(), Some("SSE-C"));
    for (store, key, hint) in [
        (&plain, "k", "sse_customer_key_command"),
        (&wrong, "k", "another key"),
        (&right, "open", "without the encryption key"),
    ] {
        for options in [GetOptions::default(), part.clone()] {
            let error = read(store, key, &options).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Denied, "{error}");
            assert!(error.hint().unwrap().contains(hint), "{error}: {:?}", error.hint());
        }
        let error = store.head("box", key, None).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Denied, "{error}");
        assert!(error.hint().unwrap().contains(hint), "{error}: {:?}", error.hint());
    }
    assert!(plain.copy(&source("k", &plain), "box", "c", None).await.is_err());
    assert!(plain.copy(&source("k", &wrong), "box", "c", None).await.is_err());
    plain.copy(&source("k", &right), "box", "c", None).await.unwrap();
    assert_eq!(world.backend.encryption("box", "c"), None, "a copy is encrypted as its own profile says");
}

#[tokio::test]
async fn every_part_of_an_upload_carries_the_key() {
    let world = World::new().await;
    for algorithm in ["CRC32", "MD5"] {
        let kept = world.profile_of("right", row(|row| row.kept_checksum == Some("CRC32")));
        let md5 = world.profile("right");
        let profile = with_key(if algorithm == "MD5" { md5 } else { kept }, KEY);
        let store = connections(vec![profile]).store("right").await.unwrap();
        let algorithm = Algorithm::named(algorithm).unwrap();
        let options = PutOptions { algorithm: Some(algorithm), ..PutOptions::default() };
        let upload = store.create_upload("box", "big", &options).await.unwrap();
        let data = pattern(6 * MIB);
        let mut parts = Vec::new();
        for (number, bytes) in [(1, data[..5 * MIB].to_vec()), (2, data[5 * MIB..].to_vec())] {
            let digest = Some(Hasher::of(algorithm, &bytes));
            let part = PartRequest { number, body: Body::from_bytes(bytes), digest };
            parts.push(CompletedPart { number, etag: store.upload_part(&upload, part).await.unwrap() });
        }
        assert_eq!(store.list_parts(&upload).await.unwrap().len(), 2);
        let keyless = world.store().await;
        let part = PartRequest { number: 3, body: Body::from_bytes("x"), digest: None };
        assert!(keyless.upload_part(&upload, part).await.is_err());
        store.complete_upload(&upload, &parts, &PutOptions::default()).await.unwrap();
        assert_eq!(read(&store, "big", &GetOptions::default()).await.unwrap(), data);
        assert!(keyless.head("box", "big", None).await.is_err());
    }
}

#[tokio::test]
async fn relays_open_with_one_key_and_close_with_another() {
    let (here, there) = (World::new().await, World::new().await);
    let known = connections(vec![
        with_key(here.profile("here"), KEY),
        with_key(there.profile("there"), OTHER_KEY),
        there.profile("open"),
    ]);
    let store = known.store("here").await.unwrap();
    for (key, size) in [("small", 100), ("big", 11 * MIB)] {
        put(&store, key, pattern(size), &PutOptions::default()).await;
        copied(&known, ("here", key), ("there", key)).await;
        assert_eq!(there.backend.get("box", key).unwrap(), pattern(size));
        let (from, to) = (here.backend.encryption("box", key), there.backend.encryption("box", key));
        assert!(from != to && to.unwrap().starts_with("SSE-C:"), "{key}");
        copied(&known, ("here", key), ("open", "plain")).await;
        assert_eq!(there.backend.encryption("box", "plain"), None);
        let refused = copy(&known, ("open", key), ("here", "back"), None).await;
        assert_eq!(refused.error.unwrap().kind(), Kind::Denied);
    }
}

#[tokio::test]
async fn the_server_copies_from_key_to_key() {
    let world = World::new().await;
    let row = small_copies();
    let known = connections(vec![
        with_key(world.profile_of("right", row), KEY),
        with_key(world.profile_of("other", row), OTHER_KEY),
        world.profile_of("plain", row),
    ]);
    let store = known.store("right").await.unwrap();
    for (key, size) in [("small", 100), ("big", 11 * MIB)] {
        put(&store, key, pattern(size), &PutOptions::default()).await;
        world.backend.faults().take_requests();
        for to in ["right", "other", "plain"] {
            copied(&known, ("right", key), (to, to)).await;
            assert_eq!(world.backend.get("box", to).unwrap(), pattern(size));
        }
        let asked = world.backend.faults().take_requests();
        assert!(asked.iter().all(|request| request.operation != Operation::GetObject), "{asked:?}");
        assert_eq!(world.backend.encryption("box", "right"), world.backend.encryption("box", key));
        assert_ne!(world.backend.encryption("box", "other"), world.backend.encryption("box", key));
        assert_eq!(world.backend.encryption("box", "plain"), None);
    }
}

#[tokio::test]
async fn etags_under_kms_and_customer_keys_are_not_mistaken_for_md5s() {
    let world = World::new().await;
    let mut kms = world.profile("kms");
    kms.sse = Some("aws:kms:alias/k".into());
    let known = connections(vec![with_key(world.profile("own"), KEY), kms, world.profile("plain")]);
    let md5 = Hasher::of(Algorithm::Md5, b"content");
    for profile in ["own", "kms", "plain"] {
        let store = known.store(profile).await.unwrap();
        let options = PutOptions { digest: Some(md5.clone()), ..PutOptions::default() };
        let is_plain = profile == "plain";
        let written = store.put("box", "k", Body::from_bytes("content"), &options).await.unwrap();
        assert_eq!(written.etag == md5.hex(), is_plain, "{profile}");
        let info = store.head("box", "k", None).await.unwrap();
        assert_eq!(info.proof(true), is_plain.then(|| md5.clone()), "{profile}");
        assert_eq!(store.md5_etags(), is_plain);
        let upload = store.create_upload("box", "parts", &PutOptions::default()).await.unwrap();
        let part = PartRequest { number: 1, body: Body::from_bytes("content"), digest: Some(md5.clone()) };
        store.upload_part(&upload, part).await.unwrap();
        let wrong =
            PutOptions { digest: Some(Hasher::of(Algorithm::Md5, b"other")), ..PutOptions::default() };
        assert!(store.put("box", "k", Body::from_bytes("content"), &wrong).await.is_err(), "{profile}");
    }
}

#[tokio::test]
async fn encryption_is_asked_for_by_every_kind_of_write() {
    let world = World::new().await;
    for (sse, asked) in
        [("AES256", None), ("aws:kms:alias/k", None), ("aws:kms:dsse", Some("aws:kms:dsse:k"))]
    {
        let mut profile = world.profile_of("p", small_copies());
        profile.sse = Some(sse.into());
        let known = connections(vec![profile, world.profile_of("plain", small_copies())]);
        let plain = known.store("plain").await.unwrap();
        for (key, size) in [("small", 100), ("big", 11 * MIB)] {
            put(&plain, key, pattern(size), &PutOptions::default()).await;
            let outcome = copy(&known, ("plain", key), ("p", "copied"), asked).await;
            assert_eq!(outcome.status, FileStatus::Done, "{sse} {:?}", outcome.error);
            assert_eq!(world.backend.encryption("box", "copied").as_deref(), asked.or(Some(sse)), "{key}");
        }
        let store = known.store("p").await.unwrap();
        put(&store, "put", "x", &PutOptions::default()).await;
        assert_eq!(world.backend.encryption("box", "put").as_deref(), Some(sse));
        assert_eq!(read(&store, "put", &GetOptions::default()).await.unwrap(), b"x");
    }
    let known = keyed(&world);
    let right = known.store("right").await.unwrap();
    let options = PutOptions {
        attributes: Attributes { sse: Some("AES256".into()), ..Attributes::default() },
        ..PutOptions::default()
    };
    let error = right.put("box", "k", Body::from_bytes("x"), &options).await.unwrap_err();
    assert!(error.kind() == Kind::Usage && error.hint().unwrap().contains("--sse"), "{error}");
}

#[tokio::test]
async fn links_that_would_need_the_key_are_refused() {
    let world = World::new().await;
    let store = keyed(&world).store("right").await.unwrap();
    for method in [Method::Get, Method::Put, Method::Head, Method::Delete] {
        let request = PresignRequest {
            bucket: "box".into(),
            key: "k".into(),
            method,
            expires: std::time::Duration::from_mins(1),
            ..PresignRequest::default()
        };
        let link = store.presign(&request).await;
        if method == Method::Delete {
            assert!(!link.unwrap().url.contains("customer"));
        } else {
            let error = link.unwrap_err();
            assert_eq!(error.kind(), Kind::Unsupported);
            assert!(error.message().contains("the holder would need the encryption key"), "{error}");
        }
    }
}

#[tokio::test]
async fn the_key_is_fetched_once_on_first_use_and_never_for_an_open_line() {
    let world = World::new().await;
    let count = world.folder.path().join("count");
    let script = format!("echo x >> {}; echo {KEY}", count.display());
    let mut profile = world.profile("p");
    profile.sse_customer_key = Some(SecretSource::Command(vec!["sh".into(), "-c".into(), script]));
    let mut open = profile.clone();
    open.name = "open".into();
    open.endpoint = Some("http://s3.example.org".into());
    let known = connections(vec![profile, open]);
    let Err(error) = known.store("open").await else { panic!("an open line") };
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.message().contains("http://s3.example.org in the clear"), "{error}");
    assert!(error.hint().unwrap().contains("https://"), "{error:?}");
    assert!(!count.exists());
    for _ in 0..3 {
        let store = known.store("p").await.unwrap();
        put(&store, "k", "x", &PutOptions::default()).await;
    }
    assert_eq!(std::fs::read_to_string(&count).unwrap(), "x\n");
}

#[tokio::test]
async fn a_server_that_ignores_the_key_is_not_believed() {
    let world = World::new().await;
    let store = keyed(&world).store("right").await.unwrap();
    let ignored = Fault::Omit(vec!["x-amz-server-side-encryption-customer-algorithm"]);
    world.backend.faults().add(Rule::once(Operation::PutObject, ignored.clone()));
    world.backend.faults().add(Rule::once(Operation::UploadPart, ignored));
    let error = store.put("box", "k", Body::from_bytes("x"), &PutOptions::default()).await.unwrap_err();
    assert!(error.kind() == Kind::Unsupported && error.hint().unwrap().contains("in the clear"), "{error}");
    let upload = store.create_upload("box", "k", &PutOptions::default()).await.unwrap();
    let part = PartRequest { number: 1, body: Body::from_bytes("x"), digest: None };
    assert_eq!(store.upload_part(&upload, part).await.unwrap_err().kind(), Kind::Unsupported);
}

#[tokio::test]
async fn tags_are_kept_by_relays_and_by_copies_in_parts() {
    let (here, there) = (World::new().await, World::new().await);
    let row = small_copies();
    let known = connections(vec![here.profile_of("here", row), there.profile_of("there", row)]);
    let store = known.store("here").await.unwrap();
    let tags = vec![("team".to_owned(), "a b&c=d".to_owned()), ("größe".to_owned(), String::new())];
    let attributes = Attributes { tags: tags.clone(), ..Attributes::default() };
    let tagged = PutOptions { attributes, ..PutOptions::default() };
    for (key, size) in [("small", 100), ("big", 11 * MIB)] {
        put(&store, key, pattern(size), &tagged).await;
        assert_eq!(store.head("box", key, None).await.unwrap().tag_count, 2);
        assert_eq!(store.tags("box", key, None).await.unwrap(), tags);
        copied(&known, ("here", key), ("there", key)).await;
        assert_eq!(there.backend.tags("box", key), tags, "{key}");
        copied(&known, ("here", key), ("here", "copied")).await;
        assert_eq!(here.backend.tags("box", "copied"), tags, "{key}");
        let outcome = copy(&known, ("here", key), ("here", "changed"), Some("AES256")).await;
        assert_eq!(outcome.status, FileStatus::Done, "{:?}", outcome.error);
        assert_eq!(here.backend.tags("box", "changed"), tags, "{key}");
    }
    put(&store, "untagged", "x", &PutOptions::default()).await;
    here.backend.faults().take_requests();
    copied(&known, ("here", "untagged"), ("there", "untagged")).await;
    let asked = here.backend.faults().take_requests();
    assert!(asked.iter().all(|request| request.operation != Operation::Other), "nothing to ask: {asked:?}");
}

#[tokio::test]
async fn a_server_without_tags_takes_the_object_all_the_same() {
    let (here, there) = (World::new().await, World::new().await);
    let known = connections(vec![
        here.profile("here"),
        there.profile("there"),
        there.profile_of("tagless", row(|row| !row.tags && row.list_version == 2)),
    ]);
    let store = known.store("here").await.unwrap();
    let attributes = Attributes { tags: vec![("a".into(), "b".into())], ..Attributes::default() };
    let tagged = PutOptions { attributes, ..PutOptions::default() };
    let absent = || Fault::Status(501, "NotImplemented");
    for (key, size, write) in
        [("small", 100, Operation::PutObject), ("big", 11 * MIB, Operation::CreateUpload)]
    {
        put(&store, key, pattern(size), &tagged).await;
        here.backend.faults().add(Rule::once(Operation::Other, absent()));
        copied(&known, ("here", key), ("there", key)).await;
        there.backend.faults().add(Rule::once(write, absent()));
        copied(&known, ("here", key), ("there", key)).await;
        here.backend.faults().take_requests();
        copied(&known, ("here", key), ("tagless", key)).await;
        let asked = here.backend.faults().take_requests();
        assert!(asked.iter().all(|request| request.operation != Operation::Other), "{asked:?}");
        assert_eq!(there.backend.get("box", key).unwrap(), pattern(size));
        assert!(there.backend.tags("box", key).is_empty());
        assert!(there.backend.uploads("box").is_empty());
    }
}

/// A log of everything that any library says, as the log file would have it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let line = String::from_utf8_lossy(line).into_owned();
        self.0.lock().unwrap().extend_from_slice(twinpail::log::redact(&line).as_bytes());
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn the_key_is_shown_nowhere() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    // With one subscriber alone, what it wants to hear would be asked of whichever thread comes by first.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let _logging = tracing::subscriber::set_default(subscriber);
    let world = World::new().await;
    let mut profile = world.profile("p");
    profile.sse_customer_key = Some(SecretSource::Plain(KEY.into()));
    let known = connections(vec![profile, with_key(world.profile("other"), OTHER_KEY)]);
    assert!(!format!("{:?}", known.config()).contains(KEY));
    let (store, other) = (known.store("p").await.unwrap(), known.store("other").await.unwrap());
    put(&store, "k", "content", &PutOptions::default()).await;
    read(&store, "k", &GetOptions::default()).await.unwrap();
    other.copy(&source("k", &store), "box", "copied", None).await.unwrap();
    let upload = store.create_upload("box", "big", &PutOptions::default()).await.unwrap();
    store.copy_part(&upload, 1, &source("k", &store), 0..3).await.unwrap();

    let wrong = store.head("box", "copied", None).await.unwrap_err();
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("customer-algorithm"), "the requests are in the log");
    for (number, line) in logged.lines().enumerate() {
        assert!(!line.contains(KEY) && !line.contains(OTHER_KEY), "{number}: {line}");
    }

    let echo = "<Error><Code>InvalidArgument</Code><Message>bad AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA= key</Message></Error>";
    world.backend.faults().add(Rule::once(Operation::GetObject, Fault::Answer(400, vec![], echo)));
    let echoed = read(&store, "k", &GetOptions::default()).await.unwrap_err();
    assert!(echoed.message().contains("bad [redacted] key"), "{echoed}");
    for shown in [
        format!("{wrong:?} {wrong} {:?}", wrong.hint()),
        format!("{echoed:?} {echoed} {:?}", echoed.hint()),
        format!("{:?}", source("k", &store)),
        format!("{upload:?}"),
    ] {
        assert!(!shown.contains(KEY) && !shown.contains(OTHER_KEY), "{shown}");
    }
}
