//! Profiles that a server refuses for a reason that can be told: the payload's signature, the region, the session, the
//! certificate, the clock.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;

const HERE: &[u8] = include_bytes!("tls/here.pem");
const KEYS: &str = "access_key_id = \"demo\"\nsecret_access_key = \"demo-secret\"\n";

const WRONG_REGION: &str = "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'us-east-1' is wrong; expecting 'garage'</Message></Error>";

/// The settings that are recommended, as `key=value`.
fn advice(rows: &[Value]) -> Vec<String> {
    let settings =
        rows.iter().filter_map(|row| Some(format!("{}={}", row["setting"].as_str()?, row["value"])));
    settings.collect()
}

/// Refuses what a rule is for, whatever is asked.
fn refuse(shell: &Shell, only: fn(&Request) -> bool, status: u16, body: &'static str) {
    use Operation::{
        CreateUpload, DeleteObject, GetObject, ListBuckets, ListObjects, Other, PutObject, UploadPart,
    };
    let all = [ListBuckets, ListObjects, GetObject, PutObject, DeleteObject, CreateUpload, UploadPart, Other];
    for operation in all {
        let fault = Fault::Answer(status, vec![], body);
        shell.world.backend.faults().add(Rule { only, ..Rule::always(operation, fault) });
    }
}

fn says(finding: &Value, field: &str, words: &str) -> bool {
    finding[field].as_str().is_some_and(|text| text.contains(words))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_insists_on_signed_bodies_gets_them_from_now_on() {
    let shell = Shell::new().await;
    refuse(
        &shell,
        |request| request.payload.as_deref() == Some("UNSIGNED-PAYLOAD"),
        403,
        "<Error><Code>AccessDenied</Code><Message>sign the body</Message></Error>",
    );
    shell.write("a.txt", b"content");
    assert!(shell.fails(&["cp", "a.txt", "p:box/"]).1.contains("sign the body"));
    let (code, found) = rows(&shell, &["p", "--write"]);
    let signing = finding(&found, "payload signing");
    assert!(signing["verdict"] == "warning" && says(signing, "hint", "sign the body"), "{signing}");
    assert!(says(signing, "detail", "only signed") && says(signing, "detail", "is refused"), "{signing}");
    assert_eq!(advice(&found), ["sign_payload=true"]);
    for check in ["write and read", "multipart upload", "delete"] {
        assert_eq!(finding(&found, check)["verdict"], "ok", "{found:?}");
    }
    assert_eq!(code, 0, "{found:?}");
    assert!(std::fs::read_to_string(shell.path("config.toml")).unwrap().contains("sign_payload = true"));
    shell.ok(&["cp", "a.txt", "p:box/"]);
    let (_, found) = rows(&shell, &["p"]);
    assert_eq!(finding(&found, "payload signing")["verdict"], "ok", "it is as it should be: {found:?}");
    assert_eq!((advice(&found), shell.world.backend.keys("box")), (vec![], vec!["a.txt".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_no_signed_bodies_or_any_of_them_is_told() {
    let shell = Shell::new().await;
    let endpoint = shell.world.server.endpoint();
    shell.configure(&format!(
        "[profiles.p]\nprovider = \"minio\"\nendpoint = \"{endpoint}\"\nsign_payload = true\n{KEYS}"
    ));
    // A body is signed by a SHA-256 in hex; that of no body is signed everywhere.
    let body = |request: &Request| {
        request.operation == Operation::PutObject
            && request.payload.as_ref().is_some_and(|said| said.len() == 64)
    };
    refuse(&shell, body, 501, "<Error><Code>NotImplemented</Code><Message>no hashes</Message></Error>");
    let (code, found) = rows(&shell, &["p"]);
    assert_eq!((code, advice(&found)), (0, vec!["sign_payload=false".to_owned()]), "{found:?}");
    // A server that looks at no signature of a body: it answers as if the third body were fine.
    shell.world.backend.faults().clear();
    let fine = Fault::Answer(200, vec![("etag", "\"0\"")], "");
    shell.world.backend.faults().add(Rule {
        key: "signing",
        after: 2,
        ..Rule::once(Operation::PutObject, fine)
    });
    let (_, found) = rows(&shell, &["p"]);
    let signing = finding(&found, "payload signing");
    assert!(signing["verdict"] == "warning" && says(signing, "detail", "not what was signed"), "{signing}");
    assert_eq!(advice(&found), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_region_is_found_by_what_the_refusal_says() {
    let shell = Shell::new().await;
    shell.world.backend.put("box", "mine", "x");
    refuse(
        &shell,
        |request| request.region.as_ref().is_some_and(|region| region != "garage"),
        400,
        WRONG_REGION,
    );
    let before = std::fs::read_to_string(shell.path("config.toml")).unwrap();
    for bucket in [&[][..], &["--bucket", "box"]] {
        shell.configure(&before);
        let (code, found) = rows(&shell, &[&["p", "--write"], bucket].concat());
        let region = finding(&found, "region");
        assert!(region["verdict"] == "warning" && says(region, "detail", "garage"), "{region}");
        assert_eq!((code, advice(&found)), (0, vec!["region=\"garage\"".to_owned()]), "{found:?}");
        assert_eq!(finding(&found, "list buckets")["verdict"], "ok", "{found:?}");
        assert!(shell.ok(&["ls", "p:box/"]).contains("mine"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_is_recommended_only_if_it_is_taken() {
    let shell = Shell::new().await;
    let faults = shell.world.backend.faults();
    let answer = |code: &str| {
        let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
        Fault::Answer(403, vec![], Box::leak(body.into_boxed_str()))
    };
    let there = |request: &Request| request.region.as_deref() == Some("garage");
    let elsewhere = |request: &Request| request.region.as_deref().is_some_and(|region| region != "garage");
    let before = std::fs::read_to_string(shell.path("config.toml")).unwrap();
    // About no bucket, about a named one, about the first that is listed.
    for (operation, bucket) in [
        (Operation::ListBuckets, &[][..]),
        (Operation::ListObjects, &["--bucket", "box"]),
        (Operation::ListObjects, &[]),
    ] {
        for (fault, advised) in [
            (answer("SignatureDoesNotMatch"), None),
            (Fault::LoseAnswer, None),
            // In the right region, but not allowed.
            (answer("AccessDenied"), Some("region=\"garage\"")),
        ] {
            faults.clear();
            let wrong = Fault::Answer(400, vec![], WRONG_REGION);
            faults.add(Rule { only: elsewhere, ..Rule::always(operation, wrong) });
            faults.add(Rule { only: there, ..Rule::always(operation, fault.clone()) });
            let (_, found) = rows(&shell, &[&["p", "--write"], bucket].concat());
            assert_eq!(advice(&found), Vec::from_iter(advised), "{fault:?} {found:?}");
            let is_as_before = std::fs::read_to_string(shell.path("config.toml")).unwrap() == before;
            assert_eq!(is_as_before, advised.is_none(), "{fault:?}");
            let is_told = found.iter().any(|row| row["check"] == "region");
            assert!(advised.is_some() || !is_told, "{fault:?} {found:?}");
            shell.configure(&before);
        }
    }
    // Who is not allowed to list is told where the bucket is, too.
    faults.clear();
    let denied = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    let fault = Fault::Answer(403, vec![("x-amz-bucket-region", "eu-west-1")], denied);
    faults.add(Rule::always(Operation::ListObjects, fault));
    let (code, found) = rows(&shell, &["p", "--bucket", "box"]);
    assert_eq!((code, advice(&found)), (1, vec![]), "{found:?}");
    assert!(says(finding(&found, "bucket"), "detail", "AccessDenied"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_was_moved_away_names_its_region() {
    let shell = Shell::new().await;
    let moved = "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>";
    let fault = Fault::Answer(301, vec![("x-amz-bucket-region", "eu-west-1")], moved);
    let only = |request: &Request| request.region.as_deref() != Some("eu-west-1");
    shell.world.backend.faults().add(Rule { only, ..Rule::always(Operation::ListObjects, fault) });
    let (code, found) = rows(&shell, &["p"]);
    assert_eq!((code, advice(&found)), (0, vec!["region=\"eu-west-1\"".to_owned()]), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_end_or_have_ended_are_told_before_anything_fails() {
    let shell = Shell::new().await;
    let endpoint = shell.world.server.endpoint().to_owned();
    let profile =
        |more: &str| format!("[profiles.p]\nprovider = \"minio\"\nendpoint = \"{endpoint}\"\n{more}");
    shell.configure(&profile(&format!("{KEYS}session_token = \"token\"\n")));
    refuse(
        &shell,
        |request| request.region.is_some(),
        400,
        "<Error><Code>ExpiredToken</Code><Message>The provided token has expired</Message></Error>",
    );
    let (code, found) = rows(&shell, &["p"]);
    let credentials = finding(&found, "credentials");
    assert!(credentials["verdict"] == "warning" && says(credentials, "detail", "session token"), "{found:?}");
    let refused = finding(&found, "list buckets");
    assert!(code == 1 && says(refused, "detail", "ExpiredToken"), "{refused}");
    assert!(
        says(refused, "hint", "session_token") && !refused.to_string().contains("demo-secret"),
        "{refused}"
    );
    // Credentials that say when they end.
    shell.world.backend.faults().clear();
    shell.configure(&profile("aws_profile = \"temporary\"\n"));
    shell.write(
        ".aws/config",
        format!("[profile temporary]\ncredential_process = cat {}\n", shell.path("keys.json").display())
            .as_bytes(),
    );
    let ending = |minutes: i64| {
        let end = Timestamp::now() + SignedDuration::from_mins(minutes);
        let keys = serde_json::json!({ "Version": 1, "AccessKeyId": "demo", "SecretAccessKey": "demo-secret",
            "SessionToken": "t", "Expiration": end.to_string() });
        shell.write("keys.json", keys.to_string().as_bytes());
        rows(&shell, &["p"])
    };
    for (minutes, verdict, words) in
        [(600, "ok", "they end in 59"), (10, "warning", "they end in 9 minutes"), (-5, "failed", "ended")]
    {
        let (code, found) = ending(minutes);
        let credentials = finding(&found, "credentials");
        assert!(credentials["verdict"] == verdict && says(credentials, "detail", words), "{found:?}");
        assert_eq!(code, i32::from(minutes < 0), "{found:?}");
    }
}

/// A server in front of the world's that speaks TLS with that certificate (of `tls/make`).
async fn over_tls(shell: &Shell, certificate: &[u8]) -> u16 {
    let certificate = CertificateDer::from_pem_slice(certificate).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let behind = shell.world.server.endpoint().trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, behind) = (acceptor.clone(), behind.clone());
            tokio::spawn(async move {
                // Clients that do not like the certificate leave.
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut server = TcpStream::connect(behind).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_trusted_is_told_with_what_to_do() {
    let shell = Shell::new().await;
    let configure = |port: u16, more: &str| {
        shell.configure(&format!(
            "[profiles.p]\nprovider = \"minio\"\nendpoint = \"https://127.0.0.1:{port}\"\n{KEYS}{more}"
        ));
    };
    let port = over_tls(&shell, HERE).await;
    configure(port, "");
    let (code, found) = rows(&shell, &["p"]);
    let reached = finding(&found, "endpoint");
    assert!(code == 1 && reached["verdict"] == "failed", "{found:?}");
    assert!(says(reached, "detail", "certificate") && says(reached, "hint", "set ca_bundle"), "{reached}");
    assert_eq!(found.len(), 2, "nothing else is tried: {found:?}");
    let trust = |certificate: &[u8]| {
        shell.write("authority.pem", certificate);
        format!("ca_bundle = \"{}\"\n", shell.path("authority.pem").display())
    };
    configure(port, &trust(HERE));
    let (code, found) = rows(&shell, &["p"]);
    assert!(code == 0 && says(finding(&found, "endpoint"), "detail", "certificate trusted"), "{found:?}");
    // Trust does not help against these.
    for (certificate, hint) in [
        (&include_bytes!("tls/elsewhere.pem")[..], "other names"),
        (include_bytes!("tls/expired.pem"), "renewed"),
    ] {
        configure(over_tls(&shell, certificate).await, &trust(certificate));
        let (code, found) = rows(&shell, &["p"]);
        let reached = finding(&found, "endpoint");
        assert!(code == 1 && says(reached, "hint", hint), "{reached}");
    }
    // TLS spoken to one that does not.
    configure(shell.world.server.endpoint().rsplit(':').next().unwrap().parse().unwrap(), "");
    let (_, found) = rows(&shell, &["p"]);
    assert!(says(finding(&found, "endpoint"), "hint", "does not speak TLS"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_is_told_with_the_way_it_is() {
    let shell = Shell::new().await;
    for (minutes, verdict, words) in [(-90, "failed", "behind"), (5, "warning", "ahead")] {
        let theirs = Timestamp::now() + SignedDuration::from_mins(minutes);
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&theirs).unwrap();
        let headers = vec![("date", &*Box::leak(date.into_boxed_str()))];
        let refused = "<Error><Code>RequestTimeTooSkewed</Code><Message>too far</Message></Error>";
        let times = if minutes < 0 { u32::MAX } else { 1 };
        let fault = Fault::Answer(403, headers, refused);
        shell.world.backend.faults().clear();
        shell.world.backend.faults().add(Rule { times, ..Rule::always(Operation::ListBuckets, fault) });
        let (code, found) = rows(&shell, &["p"]);
        let clock = finding(&found, "clock");
        assert!(clock["verdict"] == verdict && says(clock, "detail", words), "{clock}");
        assert!(says(clock, "hint", "NTP"), "{clock}");
        assert_eq!(code, i32::from(minutes < 0), "{found:?}");
        if minutes < 0 {
            let refused = finding(&found, "list buckets");
            assert!(says(refused, "hint", "clock is 90 min ahead"), "{refused}");
        }
    }
}
