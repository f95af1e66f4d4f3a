//! The store against the in-memory server: exact keys, pages, conditions, multipart, links, faults.

use std::time::Duration;

use http::Request;
use jiff::SignedDuration;
use twinpail::config::{CredentialSource, Profile, SecretSource, provider};
use twinpail::demo::{Fault, Operation, Rule};
use twinpail::error::Kind;
use twinpail::http::{Http, Settings};
use twinpail::s3::{
    Attributes, Body, CompletedPart, CopySource, GetOptions, ListRequest, Method, PartRequest,
    PresignRequest, PutOptions, Store,
};

use crate::support::{World, closed_port, pattern, row};

const ODD: &[&str] = &[
    "plain",
    "with space",
    "plus+plus",
    "percent%2Fsigns%",
    "//double",
    "/lead",
    "a//b",
    ".",
    "..",
    "a/../b",
    "a/./b",
    "é and e\u{301}",
    "日本語/写真",
    "\u{1f980}",
    "esc \u{1b}[31m",
    "new\nline",
    "tab\t",
    "quote'\"&<>",
    "~!*()$,;:=@?#[]",
    "trailing/",
    "trailing ",
];

async fn get(store: &Store, key: &str, options: &GetOptions) -> twinpail::error::Result<Vec<u8>> {
    let mut download = store.get("box", key, options).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = download.chunk().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes)
}

#[tokio::test]
async fn any_key_is_written_read_listed_copied_and_deleted_exactly() {
    let world = World::new().await;
    for name in ["minio", "spaces", "seaweedfs"] {
        // Encoded keys, raw keys, raw keys and the first version of the operation.
        let profile = world.profile_of("p", row(|row| row.name == name));
        let store = crate::support::connections(vec![profile]).store("p").await.unwrap();
        for key in ODD {
            store
                .put("box", key, Body::from_bytes(key.as_bytes().to_vec()), &PutOptions::default())
                .await
                .unwrap();
            assert_eq!(get(&store, key, &GetOptions::default()).await.unwrap(), key.as_bytes(), "{key:?}");
            assert_eq!(store.head("box", key, None).await.unwrap().size, key.len() as u64);
        }
        let request = ListRequest { bucket: "box".into(), recursive: true, ..ListRequest::default() };
        let page = store.list(&request).await.unwrap();
        let mut names: Vec<String> =
            page.entries.iter().map(|e| e.name.to_string_lossy().into_owned()).collect();
        let mut wanted: Vec<String> = ODD.iter().map(|&key| key.to_owned()).collect();
        names.sort();
        wanted.sort();
        assert_eq!(names, wanted, "{name}");
        let source = CopySource {
            bucket: "box".into(),
            key: "//double".into(),
            version_id: None,
            if_match: None,
            customer_key: None,
        };
        store.copy(&source, "box", "copied//é", None).await.unwrap();
        assert_eq!(world.backend.get("box", "copied//é").unwrap(), "//double");
        let keys = world.backend.keys("box");
        assert_eq!(store.delete_many("box", &keys).await, []);
        assert_eq!(world.backend.keys("box"), Vec::<String>::new());
    }
}

#[tokio::test]
async fn listings_come_page_by_page_one_level_or_all() {
    let world = World::new().await;
    for folder in 0..30 {
        for file in 0..3 {
            world.backend.put("box", &format!("top/{folder:02}/f{file}"), "x");
        }
    }
    world.backend.put("box", "top/", "");
    world.backend.put("box", "top/zz file", "content");
    for version in [1, 2] {
        let profile = world.profile_of("p", row(|row| row.list_version == version && row.ordered));
        let store = crate::support::connections(vec![profile]).store("p").await.unwrap();
        for (recursive, own_marker, expected) in [(false, false, 31), (false, true, 32), (true, false, 92)] {
            let (mut token, mut names) = (None, Vec::new());
            loop {
                let request = ListRequest {
                    bucket: "box".into(),
                    prefix: "top/".into(),
                    recursive,
                    own_marker,
                    start_after: None,
                    token,
                    max_keys: Some(7),
                };
                let page = store.list(&request).await.unwrap();
                assert!(page.entries.len() <= 7);
                names.extend(page.entries.into_iter().map(|entry| entry.name));
                token = page.next;
                if token.is_none() {
                    break;
                }
            }
            assert_eq!(names.len(), expected, "version {version}, recursive {recursive}: {names:?}");
            assert!(names.contains(&"zz file".into()));
        }
    }
}

#[tokio::test]
async fn conditions_and_ranges_are_kept() {
    let world = World::new().await;
    let store = world.store().await;
    world.backend.put("box", "k", pattern(1000));
    let etag = store.head("box", "k", None).await.unwrap().etag;
    let ranged = |if_match: &str| GetOptions {
        checksums: false,
        range: Some(100..300),
        if_match: Some(if_match.into()),
        version_id: None,
    };
    assert_eq!(get(&store, "k", &ranged(&etag)).await.unwrap(), &pattern(1000)[100..300]);
    assert_eq!(store.get("box", "k", &ranged(&etag)).await.unwrap().info.size, 1000);
    assert_eq!(get(&store, "k", &ranged("other")).await.unwrap_err().kind(), Kind::Changed);
    let only_new = PutOptions { if_none_match: true, ..PutOptions::default() };
    let again = store.put("box", "k", Body::from_bytes("x"), &only_new).await.unwrap_err();
    assert_eq!(again.kind(), Kind::Exists);
    store.put("box", "new", Body::from_bytes("x"), &only_new).await.unwrap();
}

#[tokio::test]
async fn attributes_travel_and_non_ascii_metadata_is_refused() {
    let world = World::new().await;
    let store = world.store().await;
    let mut attributes = Attributes { content_type: Some("text/x".into()), ..Attributes::default() };
    attributes.metadata.insert("colour".into(), "blue".into());
    let options = PutOptions { attributes: attributes.clone(), ..PutOptions::default() };
    store.put("box", "k", Body::from_bytes("x"), &options).await.unwrap();
    let info = store.head("box", "k", None).await.unwrap();
    assert_eq!(
        (info.attributes.content_type, info.attributes.metadata),
        (attributes.content_type.clone(), attributes.metadata.clone())
    );
    attributes.metadata.insert("colour".into(), "grün".into());
    let refused = store
        .put("box", "k", Body::from_bytes("x"), &PutOptions { attributes, ..PutOptions::default() })
        .await;
    assert_eq!(refused.unwrap_err().kind(), Kind::Usage);
}

#[tokio::test]
async fn multipart_uploads_are_made_listed_and_aborted() {
    let world = World::new().await;
    let store = world.store().await;
    let upload = store.create_upload("box", "big", &PutOptions::default()).await.unwrap();
    let data = pattern(6 << 20);
    let mut parts = Vec::new();
    for (number, bytes) in [(1, data[..5 << 20].to_vec()), (2, data[5 << 20..].to_vec())] {
        let part = PartRequest { number, body: Body::from_bytes(bytes), digest: None };
        parts.push(CompletedPart { number, etag: store.upload_part(&upload, part).await.unwrap() });
    }
    assert_eq!(store.list_uploads("box", "", None).await.unwrap().uploads[0].key, "big");
    let listed = store.list_parts(&upload).await.unwrap();
    assert_eq!(listed.iter().map(|part| part.size).collect::<Vec<_>>(), [5 << 20, 1 << 20]);
    store.complete_upload(&upload, &parts, &PutOptions::default()).await.unwrap();
    assert_eq!(world.backend.get("box", "big").unwrap(), data);
    let other = store.create_upload("box", "other", &PutOptions::default()).await.unwrap();
    store.abort_upload(&other).await.unwrap();
    store.abort_upload(&other).await.unwrap();
    assert!(world.backend.uploads("box").is_empty());
}

fn presign(key: &str, method: Method) -> PresignRequest {
    PresignRequest {
        bucket: "box".into(),
        key: key.into(),
        method,
        expires: Duration::from_mins(1),
        ..PresignRequest::default()
    }
}

#[tokio::test]
async fn links_work_for_strangers_until_they_end() {
    let world = World::new().await;
    let store = world.store().await;
    let http = Http::new(&Settings { ca_bundle: None, connect_timeout: Duration::from_secs(5) }).unwrap();
    let fetch = async |method: &str, url: &str, body: &'static str| {
        let request = Request::builder().method(method).uri(url).body(body.into()).unwrap();
        let answer = http.fetch(request, 1 << 20).await.unwrap();
        (answer.status().as_u16(), answer.into_body())
    };
    for key in ["a b+c.txt", "//x", "dots/../x", "日本"] {
        world.backend.put("box", key, "content");
        let link = store.presign(&presign(key, Method::Get)).await.unwrap();
        assert_eq!(fetch("GET", &link.url, "").await, (200, "content".into()), "{key}");
    }
    let link = store.presign(&presign("put", Method::Put)).await.unwrap();
    assert_eq!(fetch("PUT", &link.url, "from afar").await.0, 200);
    assert_eq!(world.backend.get("box", "put").unwrap(), "from afar");
    let mut late = presign("put", Method::Get);
    late.signed_at = Some(jiff::Timestamp::now() - SignedDuration::from_secs(120));
    let link = store.presign(&late).await.unwrap();
    assert_eq!(fetch("GET", &link.url, "").await.0, 403, "an expired link");
}

#[tokio::test]
async fn busy_and_broken_answers_are_tried_again() {
    let world = World::new().await;
    let store = world.store().await;
    world.backend.put("box", "k", "x");
    for fault in [
        Fault::Status(503, "SlowDown"),
        Fault::Status(429, ""),
        Fault::Status(500, "InternalError"),
        Fault::LoseAnswer,
    ] {
        world.backend.faults().add(Rule::once(Operation::ListObjects, fault.clone()));
        let request = ListRequest { bucket: "box".into(), ..ListRequest::default() };
        assert_eq!(store.list(&request).await.unwrap().entries.len(), 1, "{fault:?}");
    }
    world.backend.faults().add(Rule::once(Operation::GetObject, Fault::CutBody(0)));
    assert!(get(&store, "k", &GetOptions::default()).await.unwrap_err().is_retryable());
}

#[tokio::test]
async fn failures_say_what_where_and_what_to_do() {
    let world = World::new().await;
    let store = world.store().await;
    let list = async |bucket: &str| {
        let request = ListRequest { bucket: bucket.into(), ..ListRequest::default() };
        store.list(&request).await.unwrap_err()
    };
    let missing = list("absent").await;
    assert_eq!(missing.kind(), Kind::NotFound);
    assert!(
        missing.message().contains("p:absent/") && missing.message().contains("NoSuchBucket"),
        "{missing}"
    );
    let key = get(&store, "no key", &GetOptions::default()).await.unwrap_err();
    assert!(key.kind() == Kind::NotFound && key.message().contains("p:box/no key"), "{key}");

    let html = Fault::Answer(200, vec![("content-type", "text/html")], "<!DOCTYPE html><html>hi</html>");
    world.backend.faults().add(Rule { times: 2, ..Rule::once(Operation::ListObjects, html) });
    let html = list("box").await;
    assert!(html.kind() == Kind::Integrity && html.message().contains("HTML"), "{html}");

    let region = Fault::Answer(
        400,
        vec![],
        "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'x' is wrong; expecting 'garage'</Message><Region>garage</Region></Error>",
    );
    world.backend.faults().add(Rule::once(Operation::ListObjects, region));
    assert!(list("box").await.hint().unwrap().contains("region = \"garage\""));

    let skewed = Fault::Answer(
        403,
        vec![("date", "Mon, 02 Jan 2006 15:04:05 GMT")],
        "<Error><Code>RequestTimeTooSkewed</Code><Message>too far</Message></Error>",
    );
    world.backend.faults().add(Rule { times: 9, ..Rule::once(Operation::ListObjects, skewed) });
    assert!(list("box").await.hint().unwrap().contains("clock"));
    world.backend.faults().clear();

    world.backend.faults().add(Rule::once(Operation::ListBuckets, Fault::Status(403, "AccessDenied")));
    let denied = store.list_buckets(None).await.unwrap_err();
    assert!(denied.hint().unwrap().contains("buckets = ["), "{denied:?}");
    let known =
        world.connections(|profile| profile.buckets = vec!["secret-bucket".into()]).store("p").await.unwrap();
    world.backend.faults().add(Rule::once(Operation::ListBuckets, Fault::Status(403, "AccessDenied")));
    assert_eq!(known.list_buckets(None).await.unwrap().entries[0].name, "secret-bucket");

    let wrong_key = world.connections(|profile| {
        if let CredentialSource::Static { access_key_id, .. } = &mut profile.credentials {
            *access_key_id = "nobody".into();
        }
    });
    let error = wrong_key.store("p").await.unwrap().list_buckets(None).await.unwrap_err();
    assert!(error.kind() == Kind::Credentials || error.kind() == Kind::Denied, "{error:?}");

    let nobody =
        world.connections(|profile| profile.endpoint = Some(format!("http://127.0.0.1:{}", closed_port())));
    let error = nobody.store("p").await.unwrap().list_buckets(None).await.unwrap_err();
    assert!(error.kind() == Kind::Network && error.hint().unwrap().contains("listens"), "{error:?}");
}

#[tokio::test]
async fn a_read_only_profile_changes_nothing() {
    let world = World::new().await;
    world.backend.put("box", "k", "x");
    let store = world.connections(|profile| profile.read_only = true).store("p").await.unwrap();
    let body = || Body::from_bytes("y");
    assert_eq!(store.put("box", "k", body(), &PutOptions::default()).await.unwrap_err().kind(), Kind::Denied);
    assert_eq!(store.delete("box", "k", None).await.unwrap_err().kind(), Kind::Denied);
    assert_eq!(store.delete_many("box", &["k".into()]).await.len(), 1);
    assert_eq!(store.create_bucket("c").await.unwrap_err().kind(), Kind::Denied);
    let changes = world.backend.faults().take_requests();
    assert_eq!(changes, [], "nothing may even be asked");
    assert_eq!(get(&store, "k", &GetOptions::default()).await.unwrap(), b"x");
}

#[tokio::test]
async fn directory_buckets_are_read_in_a_session() {
    let (port, heads) = crate::support::canned(&[
        (
            "session",
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 272\r\n\r\n\
             <CreateSessionResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Credentials><SessionToken>tok\
             </SessionToken><SecretAccessKey>sec</SecretAccessKey><AccessKeyId>KEYOFSESSION</AccessKeyId>\
             <Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></CreateSessionResult>",
        ),
        ("k", "HTTP/1.1 200 OK\r\nconnection: close\r\netag: \"e\"\r\ncontent-length: 2\r\n\r\n"),
    ]);
    let mut profile = Profile::new("p", provider("aws").unwrap());
    profile.endpoint = Some(format!("http://127.0.0.1:{port}"));
    profile.credentials = CredentialSource::Static {
        access_key_id: "KEY".into(),
        secret: SecretSource::Plain("secret".into()),
        session_token: None,
    };
    let store = crate::support::connections(vec![profile]).store("p").await.unwrap();
    for _ in 0..2 {
        assert_eq!(store.head("films--use1-az4--x-s3", "k", None).await.unwrap().size, 2);
    }
    let heads = heads.lock().unwrap().clone();
    assert_eq!(heads.len(), 3, "one session for both: {heads:?}");
    for head in &heads[1..] {
        assert!(head.contains("x-amz-s3session-token: tok"), "{head}");
        assert!(
            head.contains("Credential=KEYOFSESSION/") && head.contains("/s3express/aws4_request"),
            "{head}"
        );
    }
    let link = PresignRequest {
        bucket: "films--use1-az4--x-s3".into(),
        key: "k".into(),
        expires: Duration::from_mins(1),
        ..PresignRequest::default()
    };
    assert_eq!(store.presign(&link).await.unwrap_err().kind(), Kind::Unsupported);
}

#[tokio::test]
async fn an_address_needs_no_credentials() {
    let world = World::new().await;
    let connections = world.connections(|profile| profile.credentials = CredentialSource::Anonymous);
    let address = connections.store("p").await.unwrap().address("box", "a b/é+.txt").await.unwrap();
    assert_eq!(address, format!("{}/box/a%20b/%C3%A9%2B.txt", world.server.endpoint()));
}
