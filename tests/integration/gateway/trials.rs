//! What is done to a gateway from behind and from the side: its store edited and swept, its visitors slow, its answers
//! lost.

use sqlx::AnyPool;
use twinpail::config::{CredentialSource, Vault};
use twinpail::demo::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};

use super::*;

/// How long what must happen may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// The store of a gate, without its gateways.
async fn database(gate: &Gate) -> AnyPool {
    sqlx::any::install_default_drivers();
    let file = Paths::below(gate.world.folder.path()).gateway().join("store.sqlite");
    let url = std::env::var("TWINPAIL_TEST_STORE").unwrap_or_else(|_| format!("sqlite://{}", file.display()));
    AnyPool::connect(&url).await.unwrap()
}

/// Carries a statement out for one row.
async fn edit(database: &AnyPool, query: &'static str, id: &str) {
    assert!(sqlx::query(query).bind(id).execute(database).await.unwrap().rows_affected() > 0, "{query}");
}

/// How many rows `queries` count for `id`.
async fn rows(database: &AnyPool, queries: &[&'static str], id: &str) -> Vec<i64> {
    let mut counts = Vec::new();
    for query in queries {
        let count = sqlx::query_scalar(*query).bind(id).fetch_one(database).await;
        counts.push(count.unwrap());
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_of_an_old_password_unlocks_nothing() {
    let gate = Gate::new().await;
    gate.world.backend.put("box", "secret-name", "x");
    let share =
        gate.share(&["p:box/secret-name"], |share| share.password = Some(Password("old".into()))).await;
    let path = path(&share);
    let cookie = cookies(gate.ask("POST", &format!("{path}/unlock"), &[], "password=old").await.headers());
    let page = async || text(&gate.ask("GET", &path, &[("cookie", &cookie)], "").await);
    assert!(page().await.contains("secret-name"));
    edit(&database(&gate).await, "UPDATE share SET password_rev = password_rev + 1 WHERE id = $1", &share.id)
        .await;
    let locked = page().await;
    assert!(locked.contains("This link is protected") && !locked.contains("secret-name"), "{locked}");
    let claim = gate.ask("POST", &format!("{path}/claim"), &[("cookie", &cookie)], "item=0").await;
    assert!(claim.status() == 403 && claim.headers().get("location").is_none());
    assert_eq!(gate.used(&share).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_record_that_was_edited_or_moved_is_not_told() {
    let gate = Gate::new().await;
    gate.world.backend.put("box", "f", "x");
    let (one, two) = (gate.share(&["p:box/f"], |_| {}).await, gate.share(&["p:box/f"], |_| {}).await);
    let database = database(&gate).await;
    assert_eq!(gate.client.share(&one.id).await.unwrap().url, one.url);
    sqlx::query(
        "UPDATE share SET token_sealed = (SELECT token_sealed FROM share WHERE id = $1) WHERE id = $2",
    )
    .bind(&two.id)
    .bind(&one.id)
    .execute(&database)
    .await
    .unwrap();
    assert_eq!(gate.client.share(&one.id).await.unwrap().url, "", "another link's");
    edit(&database, "UPDATE share SET token_sealed = REPLACE(token_sealed, 'a', 'b') WHERE id = $1", &two.id)
        .await;
    assert_eq!(gate.client.share(&two.id).await.unwrap().url, "", "edited");
    let events = gate.client.events(&one.id, false).await.unwrap();
    assert_eq!(events.len(), 1, "and the rest of it is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_keys_that_were_edited_sign_nothing() {
    let mut gate = Gate::new().await;
    gate.world.backend.put("box", "f", "x");
    let share = gate.share(&["p:box/f"], |share| share.max = Some(1)).await;
    let paths = Paths::below(gate.world.folder.path());
    let vault = Vault::new(&paths, vec!["echo".into(), "passphrase".into()]);
    let sealing = (Arc::clone(&vault), SECRET_ACCESS_KEY.into());
    tokio::task::spawn_blocking(move || sealing.0.set("p", &sealing.1)).await.unwrap().unwrap();
    let whole = std::fs::read_to_string(paths.sealed_secrets()).unwrap();
    let mut file: serde_json::Value = serde_json::from_str(&whole).unwrap();
    let data = file["secrets"]["p"]["data"].as_str().unwrap();
    let other = if data.starts_with('A') { "B" } else { "A" };
    file["secrets"]["p"]["data"] = format!("{other}{}", &data[1..]).into();
    std::fs::write(paths.sealed_secrets(), file.to_string()).unwrap();
    let sealed = gate
        .join(|config| {
            config.profiles[0].credentials = CredentialSource::Static {
                access_key_id: ACCESS_KEY_ID.into(),
                secret: SecretSource::Sealed(vault, "p".into()),
                session_token: None,
            };
        })
        .await;
    let claim = format!("{}/claim", path(&share));
    let refused = gate.ask_at(sealed, "POST", &claim, &[], "item=0").await;
    assert!(refused.status() == 503 && refused.headers().get("location").is_none(), "{}", text(&refused));
    assert_eq!(gate.used(&share).await, 0);
    std::fs::write(paths.sealed_secrets(), whole).unwrap();
    let url = location(&gate.ask_at(sealed, "POST", &claim, &[], "item=0").await);
    assert_eq!(gate.fetch(&url).await.body(), "x", "as it was sealed it signs");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_is_forgotten_and_nothing_else() {
    let mut gate = Gate::new().await;
    for key in ["a", "b"] {
        gate.world.backend.put("box", key, "x");
    }
    let (old, new) = (
        gate.share(&["p:box/a", "p:box/b"], |_| {}).await,
        gate.share(&["p:box/a", "p:box/b"], |_| {}).await,
    );
    let mut holders = Vec::new();
    for share in [&old, &new] {
        let claim = gate.ask("POST", &format!("{}/claim", path(share)), &[], "item=1").await;
        holders.push(cookies(claim.headers()));
    }
    let mut links = Vec::new();
    for _ in 0..2 {
        let (id, sender) = drop_link(&gate, |_| {}).await;
        let arrived = serde_json::json!({ "id": send_one(&sender, "arrived", b"1").await });
        assert_eq!(sender.ask("complete", &arrived).await.0, 200);
        let begun = send_one(&sender, "begun", b"2").await;
        links.push((id, sender.path, begun));
    }
    let database = database(&gate).await;
    for query in [
        "UPDATE share SET expires = 1 WHERE id = $1",
        "UPDATE event SET happened = 1 WHERE about = $1",
        "UPDATE share_grant SET expires = 1 WHERE share = $1",
    ] {
        edit(&database, query, &old.id).await;
    }
    for query in
        ["UPDATE drop_link SET expires = 1 WHERE id = $1", "UPDATE event SET happened = 1 WHERE about = $1"]
    {
        edit(&database, query, &links[0].0).await;
    }
    let of_share = [
        "SELECT COUNT(*) FROM share WHERE id = $1",
        "SELECT COUNT(*) FROM share_item WHERE share = $1",
        "SELECT COUNT(*) FROM share_grant WHERE share = $1",
        "SELECT COUNT(*) FROM event WHERE about = $1 AND happened = 1",
    ];
    let of_drop = [
        "SELECT COUNT(*) FROM drop_link WHERE id = $1",
        "SELECT COUNT(*) FROM drop_upload WHERE drop_link = $1",
        "SELECT COUNT(*) FROM event WHERE about = $1 AND happened = 1",
    ];
    // A gateway begins with sweeping.
    gate.join(|_| {}).await;
    let swept = async {
        while rows(&database, &of_share, &old.id).await != [0; 4]
            || rows(&database, &of_drop, &links[0].0).await != [0; 3]
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, swept).await.expect("what is over goes");
    assert_eq!(gate.world.backend.uploads("box").len(), 1, "parts of what nobody completes go too");
    let arrived = gate.world.backend.keys("box").into_iter().filter(|key| key.ends_with("/arrived")).count();
    assert_eq!(arrived, 2, "what has arrived stays");
    assert_eq!(gate.ask("GET", &path(&old), &[], "").await.status(), 404);

    assert_eq!(rows(&database, &of_share[..3], &new.id).await, [1, 2, 1]);
    let kinds: Vec<String> =
        gate.client.events(&new.id, false).await.unwrap().into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, ["claim", "create"]);
    let claim = format!("{}/claim", path(&new));
    assert_eq!(gate.ask("POST", &claim, &[("cookie", &holders[1])], "item=1").await.status(), 303);
    assert_eq!(gate.used(&new).await, 1, "begun again, not counted again");
    let (id, path, begun) = links.remove(1);
    let sender = Sender { gate: &gate, path, cookie: String::new() };
    assert_eq!(sender.ask("complete", &serde_json::json!({ "id": begun })).await.0, 200);
    assert_eq!(gate.client.drop_link(&id).await.unwrap().files, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_dawdles_is_cut_off_and_holds_up_nobody() {
    let gate = Gate::several(1, |serve| serve.patience = Duration::from_millis(300)).await;
    gate.world.backend.put("box", "f", "x");
    let share = gate.share(&["p:box/f"], |share| share.max = Some(1)).await;
    let (path, host) = (path(&share), gate.urls[0].split('/').nth(2).unwrap().to_owned());
    let body = format!("POST {path}/claim HTTP/1.1\r\nhost: {host}\r\ncontent-length: 6\r\n");
    let body = format!("{body}content-type: application/x-www-form-urlencoded\r\n\r\nitem");
    let beginnings = [String::new(), "GET / HTTP/1.1\r\nhost: ".to_owned(), body];
    let mut slow = tokio::task::JoinSet::new();
    for beginning in beginnings.iter().cycle().take(150) {
        let mut stream = tokio::net::TcpStream::connect(&host).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        slow.spawn(async move {
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            String::from_utf8(answer).unwrap()
        });
    }
    let mut served = 0_u32;
    let mut cut_off = Box::pin(slow.join_all());
    let answers = async {
        loop {
            let address = format!("10.0.{}.{}", served >> 8, served & 255);
            let headers = [("x-forwarded-for", address.as_str())];
            tokio::select! {
                answers = &mut cut_off => break answers,
                page = gate.ask("GET", &path, &headers, "") => assert_eq!(page.status(), 200),
            }
            served += 1;
        }
    };
    let answers = tokio::time::timeout(DEADLINE, answers).await.expect("who dawdles is cut off");
    assert!(served > 0, "others are served meanwhile");
    assert!(
        answers.iter().all(|answer| !answer.contains(" 200 ") && !answer.contains(" 303 ")),
        "{answers:?}"
    );
    assert_eq!(gate.used(&share).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completion_that_said_nothing_is_settled_by_the_senders_next_request() {
    let gate = Gate::new().await;
    let faults = gate.world.backend.faults();
    let (id, sender) = drop_link(&gate, |_| {}).await;
    // The provider did not do it: the file can be thrown away, or goes on.
    for (next, status, told) in [
        ("abort", 200, serde_json::json!({ "gone": true })),
        ("parts", 409, serde_json::json!({ "error": "done" })),
        ("complete", 200, serde_json::json!({ "done": true })),
    ] {
        let file = serde_json::json!({ "id": send_one(&sender, next, b"data").await });
        faults.add(Rule::always(Operation::CompleteUpload, Fault::Status(503, "")));
        assert_eq!(sender.ask("complete", &file).await.0, 503);
        faults.clear();
        assert_eq!(sender.ask(next, &file).await, (status, told), "{next}");
    }
    // It did, and only that was not said.
    for next in ["abort", "parts"] {
        let file = serde_json::json!({ "id": send_one(&sender, next, b"data").await });
        faults.add(Rule::always(Operation::CompleteUpload, Fault::LoseAnswer));
        faults.add(Rule::always(Operation::HeadObject, Fault::Status(503, "")));
        assert_eq!(sender.ask("complete", &file).await.0, 503);
        faults.clear();
        let (status, told) = sender.ask(next, &file).await;
        assert!(status == 409 && told["error"] == "done", "{next}: {told}");
    }
    let link = gate.client.drop_link(&id).await.unwrap();
    assert!((link.files, link.bytes) == (4, 16) && link.arrived.iter().all(|file| file.done), "{link:?}");
    assert!(gate.world.backend.uploads("box").is_empty());
    assert_eq!(gate.world.backend.keys("box").len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_makes_a_drop_link_is_told_whether_browsers_may_send_there() {
    let gate = Gate::new().await;
    let request = DropRequest { location: "p:box/in/".into(), expires_in: 3600, ..DropRequest::default() };
    let made = gate.client.create_drop(&request).await.unwrap();
    for word in ["CORS", "\"PUT\"", &format!("\"{}\"", gate.urls[0])] {
        assert!(made.warning.contains(word), "{word}: {}", made.warning);
    }
    assert_eq!(gate.client.drop_link(&made.id).await.unwrap().warning, "", "said once");
    let allowed = vec![("access-control-allow-origin", "*"), ("access-control-allow-methods", "GET, PUT")];
    gate.world.backend.faults().add(Rule::always(Operation::Other, Fault::Answer(200, allowed, "")));
    assert_eq!(gate.client.create_drop(&request).await.unwrap().warning, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_a_gateway_elsewhere_is_kept_sealed() {
    let port = crate::support::closed_port();
    let _gate =
        Gate::several(1, |serve| serve.admin = AdminAddress::Tcp(([127, 0, 0, 1], port).into())).await;
    let shell = Shell::new().await;
    let gateway = format!("[gateway]\nurl = \"http://127.0.0.1:{port}\"\ntoken = \"sealed\"\n");
    shell.configure(&format!("passphrase_command = [\"echo\", \"some words\"]\n{gateway}"));
    let (code, error) = shell.fails(&["share", "list"]);
    assert!(code == 1 && error.contains("--store-token"), "{error}");
    let mut storing = shell.command(&["gateway", "--store-token", "sealed"]);
    let mut storing =
        storing.stdin(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut storing.stdin.take().unwrap(), TOKEN.as_bytes()).unwrap();
    let stored = tokio::task::block_in_place(|| storing.wait_with_output().unwrap());
    let said = String::from_utf8(stored.stderr).unwrap();
    assert!(
        stored.status.success() && said.contains("token = \"sealed\"") && !said.contains(TOKEN),
        "{said}"
    );
    shell.ok(&["share", "list"]);
    shell.configure(&format!("{gateway}token_command = [\"echo\", \"x\"]\n"));
    let (code, error) = shell.fails(&["share", "list"]);
    assert!(code == 2 && error.contains("both of token_command and token"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_may_be_a_credential_of_the_service() {
    use std::os::unix::fs::PermissionsExt as _;
    let shell = Shell::new().await;
    let key = shell.path("credentials/key");
    std::fs::create_dir(key.parent().unwrap()).unwrap();
    private(&key, KEY);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o440)).unwrap();
    let text = std::fs::read_to_string(shell.path("config.toml")).unwrap();
    shell.configure(&format!(
        "{text}[gateway.serve]\nlisten = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1:1\"\nkey_file = {key:?}\n"
    ));
    let mut command = shell.command(&["gateway", "--check"]);
    let mut check = || tokio::task::block_in_place(|| command.output().unwrap());
    let refused = String::from_utf8(check().stderr).unwrap();
    assert!(refused.contains("can be read by others"), "{refused}");
    command.env("CREDENTIALS_DIRECTORY", key.parent().unwrap());
    let mut check = || tokio::task::block_in_place(|| command.output().unwrap());
    assert!(check().status.success());
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o444)).unwrap();
    assert!(!check().status.success(), "everybody is nobody's service");
}
