//! Servers that know less of S3 than others, or say it in words of their own.

use twinpail::config::{Profile, provider};
use twinpail::demo::{ACCESS_KEY_ID, Fault, Operation, Rule, SECRET_ACCESS_KEY};
use twinpail::error::Kind;
use twinpail::s3::{Attributes, Body, ListRequest, PutOptions, Store, Versioning};

use crate::cli::Shell;
use crate::encryption::copied;
use crate::support::{World, canned, connections};

const OK: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n";

/// A store of the provider `other` whose server answers this.
async fn other(answers: &'static [(&'static str, String)]) -> Store {
    let answers: Vec<(&str, &str)> = answers.iter().map(|(part, answer)| (*part, answer.as_str())).collect();
    let (port, _) = canned(answers.leak());
    let endpoint = format!("http://127.0.0.1:{port}");
    let row = provider("other").unwrap();
    let profile = Profile::with_keys("p", row, &endpoint, ACCESS_KEY_ID, SECRET_ACCESS_KEY);
    connections(vec![profile]).store("p").await.unwrap()
}

fn saying(what: &'static [(&'static str, &'static str)]) -> &'static [(&'static str, String)] {
    what.iter()
        .map(|(part, body)| (*part, format!("{OK}content-length: {}\r\n\r\n{body}", body.len())))
        .collect::<Vec<_>>()
        .leak()
}

#[tokio::test]
async fn answers_with_roots_of_their_own_are_understood() {
    let store = other(saying(&[
        (
            "uploads",
            "<?xml version=\"1.0\"?>\n<InitiateMultipartUpload><Bucket>box</Bucket><UploadId>u1</UploadId></InitiateMultipartUpload>",
        ),
        (
            "uploadId=u1",
            "<ListPartsResponse xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>false</IsTruncated>\
             <Part><PartNumber>1</PartNumber><Size>7</Size><ETag>\"e\"</ETag></Part></ListPartsResponse>",
        ),
        ("versioning", "<GetBucketVersioningResponse><Status>Enabled</Status></GetBucketVersioningResponse>"),
    ]))
    .await;
    let upload = store.create_upload("box", "k", &PutOptions::default()).await.unwrap();
    assert_eq!(upload.upload_id, "u1");
    assert_eq!(store.list_parts(&upload).await.unwrap()[0].size, 7);
    assert_eq!(store.versioning("box").await.unwrap(), Versioning::Enabled);
}

#[tokio::test]
async fn an_object_is_no_answer_to_a_question_about_it() {
    // Ten bytes have come; nobody waits for the rest.
    let answers = vec![("tagging", format!("{OK}content-length: 9999999\r\n\r\n0123456789"))];
    let error = other(answers.leak()).await.tags("box", "k", None).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Integrity);
    assert!(error.hint().unwrap().contains("does not know this request"), "{error:?}");
}

#[tokio::test]
async fn keys_that_are_only_said_to_be_encoded_are_listed_as_they_are() {
    const PLAIN: &str = "<Contents><Key>a+b</Key></Contents><Contents><Key>c%2Fd</Key></Contents>";
    let page = |inside: &str| format!("<ListBucketResult>{inside}</ListBucketResult>");
    let said: &'static str = page(&format!("{PLAIN}<EncodingType>url</EncodingType>")).leak();
    let plain: &'static str = page(PLAIN).leak();
    let store = other(saying(vec![("encoding-type=url", said), ("", plain)].leak())).await;
    let request = ListRequest { bucket: "box".into(), recursive: true, ..ListRequest::default() };
    for _ in 0..2 {
        let page = store.list(&request).await.unwrap();
        let names: Vec<_> = page.entries.iter().map(|entry| entry.name.to_str().unwrap()).collect();
        assert_eq!(names, ["a+b", "c%2Fd"]);
    }
}

#[tokio::test]
async fn encoded_keys_of_an_unknown_server_are_doubted_once() {
    let world = World::new().await;
    for key in ["a+b", "c%2Fd", "é e"] {
        world.backend.put("box", key, "x");
    }
    let store =
        connections(vec![world.profile_of("p", provider("other").unwrap())]).store("p").await.unwrap();
    let request = ListRequest { bucket: "box".into(), recursive: true, ..ListRequest::default() };
    let mut asked = Vec::new();
    for _ in 0..2 {
        world.backend.faults().take_requests();
        let page = store.list(&request).await.unwrap();
        let names: Vec<_> = page.entries.iter().map(|entry| entry.name.to_str().unwrap()).collect();
        assert_eq!(names, ["a+b", "c%2Fd", "é e"]);
        asked.push(world.backend.faults().take_requests().len());
    }
    assert_eq!(asked, [2, 1]);
}

#[tokio::test]
async fn a_proxy_whose_server_is_away_is_asked_again() {
    let world = World::new().await;
    world.backend.put("box", "k", "x");
    let store = world.store().await;
    let page = "<html><head><title>502 Bad Gateway</title></head></html>";
    world.backend.faults().add(Rule::once(Operation::HeadObject, Fault::Answer(502, Vec::new(), page)));
    assert_eq!(store.head("box", "k", None).await.unwrap().size, 1);
    world.backend.faults().add(Rule::always(Operation::PutObject, Fault::Answer(503, Vec::new(), page)));
    let put = store.put("box", "k", Body::from_bytes("y"), &PutOptions::default()).await;
    assert!(put.unwrap_err().is_retryable());
}

#[tokio::test]
async fn keys_that_a_server_may_trim_are_deleted_one_by_one() {
    let world = World::new().await;
    let keys = ["plain", " lead", "trail "].map(str::to_owned);
    for key in &keys {
        world.backend.put("box", key, "x");
    }
    let store = world.store().await;
    world.backend.faults().take_requests();
    assert!(store.delete_many("box", &keys).await.is_empty());
    let requests = world.backend.faults().take_requests();
    let singly: Vec<&str> = requests
        .iter()
        .filter(|request| request.operation == Operation::DeleteObject)
        .map(|request| &*request.key)
        .collect();
    assert!(singly.contains(&" lead") && singly.contains(&"trail ") && singly.len() == 2, "{requests:?}");
    assert!(keys.iter().all(|key| world.backend.get("box", key).is_none()));
}

/// To such a server, the tags of an object are the object.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tags_keeps_its_objects() {
    let shell = Shell::new().await;
    shell.world.backend.put("box", "a", "content");
    shell.world.backend.faults().add(Rule::always(Operation::Other, Fault::Answer(200, vec![], "content")));
    shell.world.backend.faults().take_requests();
    let (code, error) = shell.fails(&["set", "--tag", "k=v", "p:box/a"]);
    assert!(code == 1 && error.contains("tags of p:box/a"), "{error}");
    let requests = shell.world.backend.faults().take_requests();
    let asked: Vec<Operation> = requests.iter().map(|request| request.operation).collect();
    assert_eq!(asked, [Operation::HeadObject, Operation::Other]);
}

#[tokio::test]
async fn tags_that_nobody_counts_are_copied_and_asked_for_in_vain_once() {
    let (here, there) = (World::new().await, World::new().await);
    let row = provider("other").unwrap();
    let known = connections(vec![here.profile_of("here", row), there.profile_of("there", row)]);
    let store = known.store("here").await.unwrap();
    let tags = vec![("team".to_owned(), "blue".to_owned())];
    let attributes = Attributes { tags: tags.clone(), ..Attributes::default() };
    let tagged = PutOptions { attributes, ..PutOptions::default() };
    for key in ["a", "b", "c"] {
        store.put("box", key, Body::from_bytes("x"), &tagged).await.unwrap();
    }
    let faults = here.backend.faults();
    faults.add(Rule::always(Operation::HeadObject, Fault::Omit(vec!["x-amz-tagging-count"])));
    copied(&known, ("here", "a"), ("there", "a")).await;
    assert_eq!(there.backend.tags("box", "a"), tags);
    faults.add(Rule::always(Operation::Other, Fault::Answer(200, vec![], "x")));
    faults.take_requests();
    for key in ["b", "c"] {
        copied(&known, ("here", key), ("there", key)).await;
        assert!(there.backend.get("box", key).is_some() && there.backend.tags("box", key).is_empty());
    }
    let asked = faults.take_requests();
    assert_eq!(asked.iter().filter(|request| request.operation == Operation::Other).count(), 1);
}

#[tokio::test]
async fn what_a_server_cannot_copy_comes_through_here() {
    let world = World::new().await;
    let known = connections(vec![world.profile_of("p", provider("other").unwrap())]);
    let store = known.store("p").await.unwrap();
    let tags = vec![("team".to_owned(), "blue".to_owned())];
    let attributes =
        Attributes { tags: tags.clone(), content_type: Some("text/x".into()), ..Attributes::default() };
    let options = PutOptions { attributes, ..PutOptions::default() };
    store.put("box", "a+b", Body::from_bytes("text"), &options).await.unwrap();
    for refusal in [Fault::Status(501, "NotImplemented"), Fault::Status(404, "NoSuchKey")] {
        world.backend.faults().add(Rule::once(Operation::CopyObject, refusal));
        copied(&known, ("p", "a+b"), ("p", "copy")).await;
        assert_eq!(world.backend.get("box", "copy").unwrap(), "text");
        assert_eq!(world.backend.tags("box", "copy"), tags);
        let info = store.head("box", "copy", None).await.unwrap();
        assert_eq!(info.attributes.content_type.as_deref(), Some("text/x"));
        store.delete("box", "copy", None).await.unwrap();
    }
}
