//! Protected links end to end: the gateway as its visitors and attackers see it, on `SQLite` and the in-memory server;
//! on PostgreSQL where `TWINPAIL_TEST_STORE` is a URL of one.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, Request, Response, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::sync::CancellationToken;
use twinpail::config::{AdminAddress, Config, Paths, SecretSource, Serve};
use twinpail::demo::{Fault, Operation, Rule};
use twinpail::gateway::{self, Client, DropRequest, ExtendRequest, Password, ShareRequest, ShareView};
use twinpail::http::{Http, Settings};
use twinpail::s3::Connections;

use crate::cli::Shell;
use crate::pty::Session;
use crate::support::{World, pattern};

mod trials;

/// The key of all gateways here, so that they can share a store.
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";
const TOKEN: &str = "an-admin-token-for-tests";

struct Gate {
    world: World,
    /// One or more gateways on one store.
    urls: Vec<String>,
    client: Client,
    http: Http,
    stop: CancellationToken,
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn private(path: &std::path::Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn serve(world: &World, port: u16, admin: std::path::PathBuf) -> Serve {
    Serve {
        listen: ([127, 0, 0, 1], port).into(),
        admin: AdminAddress::Unix(admin),
        public_url: format!("http://127.0.0.1:{port}"),
        store_url: std::env::var("TWINPAIL_TEST_STORE").ok().map(|url| SecretSource::Plain(url.into())),
        trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        tls: None,
        key_file: world.folder.path().join("key"),
        token_file: world.folder.path().join("token"),
        truncate_addresses: false,
        keep_events: Duration::from_hours(24),
        patience: Duration::from_secs(10),
    }
}

fn config(world: &World, serve: Option<Serve>) -> Config {
    let mut config = Config::of_profiles(vec![world.profile("p")], Paths::below(world.folder.path()));
    config.gateway.serve = serve;
    config
}

/// A gateway of that configuration, once it listens.
async fn start(config: &Arc<Config>, stop: &CancellationToken) {
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let (serve, known) = (config.gateway.serve.clone().unwrap(), Connections::new(Arc::clone(config)));
    let running = gateway::run(serve, known, stop.clone(), |_| ready.send(()).unwrap());
    tokio::spawn(async move { running.await.unwrap() });
    is_ready.await.unwrap();
}

impl Gate {
    async fn new() -> Self {
        Self::several(1, |_| {}).await
    }

    async fn several(count: usize, change: impl Fn(&mut Serve)) -> Self {
        let world = World::new().await;
        private(&world.folder.path().join("key"), KEY);
        private(&world.folder.path().join("token"), TOKEN);
        let (stop, mut urls, mut client) = (CancellationToken::new(), Vec::new(), None);
        for number in 0..count {
            let port = crate::support::closed_port();
            let mut serve = serve(&world, port, world.folder.path().join(format!("admin{number}.sock")));
            change(&mut serve);
            urls.push(serve.public_url.clone());
            let config = Arc::new(config(&world, Some(serve)));
            start(&config, &stop).await;
            if client.is_none() {
                client = Some(Client::new(&config).await.unwrap());
            }
        }
        let http = Http::new(&Settings { ca_bundle: None, connect_timeout: Duration::from_secs(5) }).unwrap();
        Self { world, urls, client: client.unwrap(), http, stop }
    }

    async fn share(&self, locations: &[&str], change: impl FnOnce(&mut ShareRequest)) -> ShareView {
        let mut request = ShareRequest {
            locations: locations.iter().map(|place| (*place).to_owned()).collect(),
            expires_in: 3600,
            ..ShareRequest::default()
        };
        change(&mut request);
        self.client.create_share(&request).await.unwrap()
    }

    /// One more gateway on the same store, with its own configuration; its number.
    async fn join(&mut self, change: impl FnOnce(&mut Config)) -> usize {
        let port = crate::support::closed_port();
        let admin = self.world.folder.path().join(format!("admin{}.sock", self.urls.len()));
        let mut config = config(&self.world, Some(serve(&self.world, port, admin)));
        change(&mut config);
        start(&Arc::new(config), &self.stop).await;
        self.urls.push(format!("http://127.0.0.1:{port}"));
        self.urls.len() - 1
    }

    async fn used(&self, share: &ShareView) -> i64 {
        self.client.share(&share.id).await.unwrap().used
    }

    /// Asks the first gateway.
    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response<Bytes> {
        self.ask_at(0, method, path, headers, body).await
    }

    async fn ask_at(
        &self,
        gateway: usize,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response<Bytes> {
        let url = format!("{}{path}", self.urls[gateway]);
        let mut request = Request::builder().method(method).uri(&url);
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            request = request.header("host", url.split('/').nth(2).unwrap());
        }
        if method == "POST" && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
        self.http.fetch(request, 1 << 20).await.unwrap()
    }

    /// What is behind a URL that was handed out.
    async fn fetch(&self, url: &str) -> Response<Bytes> {
        let request = Request::builder().uri(url).header("host", url.split('/').nth(2).unwrap());
        self.http.fetch(request.body(Bytes::new()).unwrap(), 64 << 20).await.unwrap()
    }
}

fn path(share: &ShareView) -> String {
    share.url.splitn(4, '/').last().map(|path| format!("/{path}")).unwrap()
}

fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

fn location(response: &Response<Bytes>) -> String {
    assert_eq!(response.status(), StatusCode::SEE_OTHER, "{}", text(response));
    response.headers()["location"].to_str().unwrap().to_owned()
}

/// The cookies of an answer, for the next request.
fn cookies(headers: &HeaderMap) -> String {
    let pairs =
        headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().split(';').next().unwrap());
    pairs.collect::<Vec<_>>().join("; ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_is_unlocked_downloaded_counted_and_begun_again() {
    let gate = Gate::new().await;
    gate.world.backend.put("box", "film.mov", pattern(100_000));
    let share = gate
        .share(&["p:box/film.mov"], |share| {
            (share.password, share.max) = (Some(Password("let me in".into())), Some(1));
        })
        .await;
    let path = path(&share);
    let locked = gate.ask("GET", &path, &[("accept-language", "de")], "").await;
    assert!(locked.status() == 200 && text(&locked).contains("Dieser Link ist geschützt"));
    for secret in ["film", "mov", "box", "100"] {
        assert!(
            !text(&locked).contains(secret) && !format!("{:?}", locked.headers()).contains(secret),
            "{secret}"
        );
    }
    let wrong = gate.ask("POST", &format!("{path}/unlock"), &[], "password=guess").await;
    assert!(wrong.status() == 403 && text(&wrong).contains("That is not the password"));
    let refused = gate.ask("POST", &format!("{path}/claim"), &[], "item=0").await;
    assert!(refused.status() == 403 && refused.headers().get("location").is_none(), "locked");
    let right = gate.ask("POST", &format!("{path}/unlock"), &[], "password=let+me+in").await;
    assert_eq!(location(&right), path);
    let set = right.headers()["set-cookie"].to_str().unwrap();
    for word in ["__Host-", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(set.contains(word), "{set}");
    }
    let cookie = cookies(right.headers());
    let page = gate.ask("GET", &path, &[("cookie", &cookie)], "").await;
    assert!(text(&page).contains("film.mov") && text(&page).contains("100 kB"), "{}", text(&page));
    let claimed = gate.ask("POST", &format!("{path}/claim"), &[("cookie", &cookie)], "item=0").await;
    assert_eq!(claimed.headers()["referrer-policy"], "no-referrer");
    let url = location(&claimed);
    assert!(url.contains("X-Amz-Expires=60&"), "{url}");
    let bytes = gate.fetch(&url).await;
    assert_eq!(bytes.body(), &pattern(100_000));
    assert_eq!(bytes.headers()["content-type"], "application/octet-stream");
    assert_eq!(bytes.headers()["content-disposition"], "attachment; filename=\"film.mov\"");
    assert_eq!(gate.used(&share).await, 1);
    let both = format!("{cookie}; {}", cookies(claimed.headers()));
    for again in 0..4 {
        let answer = gate.ask("POST", &format!("{path}/claim"), &[("cookie", &both)], "item=0").await;
        assert_eq!(answer.status(), if again < 3 { 303 } else { 410 }, "{again}");
    }
    let other = gate.ask("GET", &path, &[("cookie", &cookie)], "").await;
    assert!(other.status() == 410 && text(&other).contains("used up"));
    assert_eq!(gate.used(&share).await, 1);
    let kinds: Vec<String> =
        gate.client.events(&share.id, false).await.unwrap().into_iter().map(|e| e.kind).collect();
    for kind in ["create", "unlock-failed", "unlock", "view", "claim", "again", "deny"] {
        assert!(kinds.iter().any(|known| known == kind), "{kind}: {kinds:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_never_counts() {
    let gate = Gate::new().await;
    gate.world.backend.put("box", "f", "x");
    let share = gate.share(&["p:box/f"], |share| share.max = Some(1)).await;
    let path = path(&share);
    for number in 0..100 {
        let (method, headers) = match number % 4 {
            0 => ("HEAD", ("user-agent", "preview-bot")),
            1 => ("GET", ("purpose", "prefetch")),
            2 => ("GET", ("sec-purpose", "prefetch;prerender")),
            _ => ("GET", ("user-agent", "Mozilla/5.0")),
        };
        for path in [path.clone(), format!("{path}/claim"), format!("{path}/unlock")] {
            let address = format!("198.51.{number}.1");
            let answer = gate.ask(method, &path, &[headers, ("x-forwarded-for", &address)], "").await;
            assert!(answer.headers().get("location").is_none(), "{method} {path}");
        }
    }
    assert_eq!(gate.used(&share).await, 0);
}

/// So many claims at once, from as many households, spread over the gateways; how many got a URL.
async fn rush(gate: &Gate, path: &str, claims: usize) -> usize {
    let asked = (0..claims).map(|number| {
        let address = format!("10.{}.{}.{}", number >> 16, (number >> 8) & 255, number & 255);
        let path = format!("{path}/claim");
        async move {
            let gateway = number % gate.urls.len();
            gate.ask_at(gateway, "POST", &path, &[("x-forwarded-for", &address)], "item=0").await.status()
        }
    });
    let answers: Vec<StatusCode> = futures_util::stream::iter(asked).buffer_unordered(200).collect().await;
    assert!(answers.iter().all(|status| [303, 410].contains(&status.as_u16())), "{answers:?}");
    answers.iter().filter(|status| **status == 303).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_never_hand_out_more_than_there_is() {
    let gate = Gate::several(2, |_| {}).await;
    gate.world.backend.put("box", "f", "x");
    let one = gate.share(&["p:box/f"], |share| share.max = Some(1)).await;
    assert_eq!(rush(&gate, &path(&one), 50).await, 1);
    let hundred = gate.share(&["p:box/f"], |share| share.max = Some(100)).await;
    assert_eq!(rush(&gate, &path(&hundred), 1000).await, 100);
    assert_eq!((gate.used(&one).await, gate.used(&hundred).await), (1, 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_not_guessed_from_one_place_or_from_many() {
    let lone = Gate::several(1, |serve| serve.trusted_proxies.clear()).await;
    lone.world.backend.put("box", "f", "x");
    let password = || Some(Password("right".into()));
    let share = lone.share(&["p:box/f"], |share| share.password = password()).await;
    let mut statuses = Vec::new();
    for number in 0..14 {
        let forged = format!("203.0.113.{number}");
        let guess = format!("password=guess{number}");
        let path = format!("{}/unlock", path(&share));
        statuses
            .push(lone.ask("POST", &path, &[("x-forwarded-for", &forged)], &guess).await.status().as_u16());
    }
    assert!(statuses[0] == 403 && statuses.contains(&429), "{statuses:?}");
    let events = lone.client.events(&share.id, false).await.unwrap();
    assert!(
        events.iter().filter(|event| event.kind == "unlock-failed").all(|event| event.address == "127.0.0.1")
    );

    // From many places at once: everybody waits, the right one too, but not for ever.
    let gate = Gate::new().await;
    gate.world.backend.put("box", "f", "x");
    let share = gate.share(&["p:box/f"], |share| share.password = password()).await;
    let unlock = format!("{}/unlock", path(&share));
    let mut throttled = None;
    for number in 0..40 {
        let address = format!("203.0.113.{number}");
        let answer = gate.ask("POST", &unlock, &[("x-forwarded-for", &address)], "password=guess").await;
        if answer.status() == 429 {
            throttled = Some(answer);
            break;
        }
    }
    let throttled = throttled.expect("somebody has to wait");
    let wait: u64 = throttled.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    assert!(text(&throttled).contains("One moment, please"));
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_are_refused_early() {
    let gate = Gate::new().await;
    gate.world.backend.put("box", "f", "x");
    let share = gate.share(&["p:box/f"], |share| share.password = Some(Password("right".into()))).await;
    let unlock = format!("{}/unlock", path(&share));
    let long = format!("password={}", "x".repeat(1 << 20));
    assert_eq!(gate.ask("POST", &unlock, &[], &long).await.status(), 413);
    let asked = (0..100).map(|number| {
        let (gate, unlock, address) = (&gate, &unlock, format!("10.1.{number}.1"));
        async move {
            gate.ask("POST", unlock, &[("x-forwarded-for", &address)], "password=no").await.status().as_u16()
        }
    });
    let answers: Vec<u16> = futures_util::stream::iter(asked).buffer_unordered(100).collect().await;
    assert!(
        answers.iter().all(|status| [403, 429].contains(status)) && answers.contains(&429),
        "{answers:?}"
    );
    // Who asks too often at all is told so.
    let mut seen = Vec::new();
    for _ in 0..300 {
        seen.push(gate.ask("GET", "/s/x", &[("x-forwarded-for", "192.0.2.1")], "").await.status().as_u16());
    }
    assert!(seen[0] == 404 && seen.contains(&429));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_tokens_are_all_the_same() {
    let gate = Gate::new().await;
    gate.world.backend.put("box", "f", "x");
    let share = gate.share(&["p:box/f"], |_| {}).await;
    let token = path(&share)[3..].to_owned();
    let mut altered = token.clone().into_bytes();
    altered[0] = if altered[0] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).unwrap();
    let mut pages = Vec::new();
    let random: Vec<String> =
        (0..20).map(|n| format!("{:0>22}", fastrand::u64(..).wrapping_add(n))).collect();
    let odd = ["x", "%00", "%ff", "..%2f..", "' OR 1=1 --", &token[..21], &altered, &format!("{token}A")]
        .map(|text| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        });
    for token in random.iter().chain(&odd) {
        for (method, end) in [("GET", ""), ("POST", "/claim")] {
            let answer = gate.ask(method, &format!("/s/{token}{end}"), &[], "").await;
            assert_eq!(answer.status(), 404, "{token}");
            pages.push(text(&answer));
        }
    }
    assert!(pages.iter().all(|page| *page == pages[0]));
    assert_eq!(gate.ask("GET", &path(&share), &[], "").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_cookies_unlock_nothing() {
    let gate = Gate::new().await;
    gate.world.backend.put("box", "secret-name", "x");
    let password = || Some(Password("right".into()));
    let share = gate.share(&["p:box/secret-name"], |share| share.password = password()).await;
    let other = gate.share(&["p:box/secret-name"], |share| share.password = password()).await;
    let unlocked = gate.ask("POST", &format!("{}/unlock", path(&other)), &[], "password=right").await;
    let good = cookies(unlocked.headers());
    let moved = good.replace(&other.id, &share.id);
    let mut forged = vec![
        good.clone(),
        moved.clone(),
        moved.replace('.', ".A"),
        format!("__Host-tp-unlock-{}=1.", share.id),
    ];
    forged.push(format!("__Host-tp-unlock-{}={}", share.id, "9".repeat(4000)));
    for _ in 0..30 {
        let noise: String = (0..60).map(|_| fastrand::alphanumeric()).collect();
        forged.push(format!("__Host-tp-unlock-{}={}.{noise}", share.id, fastrand::u32(..)));
    }
    for cookie in &forged {
        let page = gate.ask("GET", &path(&share), &[("cookie", cookie)], "").await;
        assert!(
            text(&page).contains("This link is protected") && !text(&page).contains("secret-name"),
            "{cookie}"
        );
        let claim = gate.ask("POST", &format!("{}/claim", path(&share)), &[("cookie", cookie)], "").await;
        assert!(claim.status() == 403 && claim.headers().get("location").is_none());
    }
    let page = gate.ask("GET", &path(&other), &[("cookie", &good)], "").await;
    assert!(text(&page).contains("secret-name"), "the right one does");
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_of_other_sites_and_other_hosts_are_refused() {
    let gate = Gate::new().await;
    gate.world.backend.put("box", "f", "x");
    let share = gate.share(&["p:box/f"], |_| {}).await;
    let claim = format!("{}/claim", path(&share));
    let own = gate.urls[0].clone();
    for headers in [
        &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")][..],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
    ] {
        let answer = gate.ask("POST", &claim, headers, "item=0").await;
        assert!(answer.status() == 403 && answer.headers().get("location").is_none(), "{headers:?}");
    }
    let evil = gate.ask("GET", &path(&share), &[("host", "evil.example")], "").await;
    assert!(evil.status() == 421 && !text(&evil).contains("evil"));
    assert_eq!(gate.used(&share).await, 0);
    assert!(share.url.starts_with(&own), "links are made of public_url");
    let page = gate.ask("GET", &path(&share), &[], "").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{policy}");
    assert!(policy.contains(&format!("form-action 'self' {}", gate.world.server.endpoint())), "{policy}");
    for (name, value) in
        [("x-frame-options", "DENY"), ("cache-control", "no-store"), ("x-content-type-options", "nosniff")]
    {
        assert_eq!(page.headers()[name], value);
    }
    let fine =
        gate.ask("POST", &claim, &[("sec-fetch-site", "same-origin"), ("origin", "null")], "item=0").await;
    assert_eq!(fine.status(), 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_withdrawn_replaced_or_deleted_is_not_handed_out() {
    let gate = Gate::several(2, |_| {}).await;
    for key in ["revoked", "replaced", "deleted", "late"] {
        gate.world.backend.put("box", key, "first");
    }
    let share = gate.share(&["p:box/revoked"], |share| share.max = Some(5)).await;
    assert_eq!(gate.ask_at(1, "GET", &path(&share), &[], "").await.status(), 200);
    assert_eq!(gate.client.revoke(&share.id).await.unwrap().state, "revoked");
    let after = gate.ask_at(1, "POST", &format!("{}/claim", path(&share)), &[], "item=0").await;
    assert!(after.status() == 410 && text(&after).contains("withdrawn"), "{}", text(&after));
    let extended = gate.client.extend(&share.id, &ExtendRequest { expires_in: Some(60), max: None }).await;
    assert!(extended.unwrap_err().message().contains("was revoked"));

    for key in ["replaced", "deleted"] {
        let share = gate.share(&[&format!("p:box/{key}")], |share| share.max = Some(5)).await;
        if key == "replaced" {
            gate.world.backend.put("box", key, "second");
        } else {
            gate.world.store().await.delete("box", key, None).await.unwrap();
        }
        let answer = gate.ask("POST", &format!("{}/claim", path(&share)), &[], "item=0").await;
        assert!(answer.status() == 410 && text(&answer).contains("no longer what was shared"), "{key}");
        assert_eq!(gate.used(&share).await, 0, "{key}");
    }
    // The storage is away: nothing is counted, and the link is said to be fine.
    let share = gate.share(&["p:box/late"], |share| share.max = Some(1)).await;
    gate.world.backend.faults().add(Rule::always(Operation::HeadObject, Fault::Status(403, "AccessDenied")));
    let away = gate.ask("POST", &format!("{}/claim", path(&share)), &[], "item=0").await;
    assert!(away.status() == 503 && text(&away).contains("The link is fine"), "{}", text(&away));
    gate.world.backend.faults().clear();
    assert_eq!(gate.used(&share).await, 0);
    let expired = gate.share(&["p:box/late"], |share| share.expires_in = 1).await;
    while gate.client.share(&expired.id).await.unwrap().state == "open" {
        tokio::task::yield_now().await;
    }
    assert!(text(&gate.ask("GET", &path(&expired), &[], "").await).contains("has expired"));
    let longer = ExtendRequest { expires_in: Some(600), max: Some(9) };
    assert_eq!(gate.client.extend(&expired.id, &longer).await.unwrap().state, "open");
    assert_eq!(gate.ask("GET", &path(&expired), &[], "").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_are_shown_and_saved_harmlessly() {
    let gate = Gate::new().await;
    let names =
        ["a\"b\r\nSet-Cookie: x=1.html", "<script>alert(1)</script>.svg", "日本語 é.html", "same", "x/same"];
    for name in names {
        gate.world.backend.put("box", name, "<script>alert(1)</script>");
    }
    let places: Vec<String> = names.iter().map(|name| format!("p:box/{name}")).collect();
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    let share = gate.share(&places, |_| {}).await;
    let page = gate.ask("GET", &path(&share), &[], "").await;
    assert!(!text(&page).contains("<script>") && text(&page).contains("same (2)"), "{}", text(&page));
    for (at, name) in names.iter().enumerate() {
        let claim = gate.ask("POST", &format!("{}/claim", path(&share)), &[], &format!("item={at}")).await;
        let bytes = gate.fetch(&location(&claim)).await;
        assert_eq!(bytes.status(), 200, "{name}");
        let disposition = bytes.headers()["content-disposition"].to_str().unwrap();
        assert!(disposition.starts_with("attachment; filename=\""), "{disposition}");
        assert!(bytes.headers().get("set-cookie").is_none());
        assert_eq!(bytes.headers()["content-type"], "application/octet-stream");
    }
    assert_eq!(gate.ask("POST", &format!("{}/claim", path(&share)), &[], "item=99").await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_is_an_index_and_nothing_beside_it_can_be_had() {
    let gate = Gate::new().await;
    for key in ["t/a.txt", "t/deep/b.txt", "secret", "t2/c"] {
        gate.world.backend.put("box", key, key.to_owned());
    }
    let share = gate.share(&["p:box/t/"], |share| share.max = Some(10)).await;
    let page = gate.ask("GET", &path(&share), &[], "").await;
    assert!(
        text(&page).contains("a.txt")
            && text(&page).contains("deep/b.txt")
            && !text(&page).contains("secret")
    );
    let claim = |item: &str| {
        let body = format!(
            "item={}",
            percent_encoding::utf8_percent_encode(item, percent_encoding::NON_ALPHANUMERIC)
        );
        let (gate, path) = (&gate, format!("{}/claim", path(&share)));
        async move { gate.ask("POST", &path, &[], &body).await }
    };
    let got = claim("deep/b.txt").await;
    assert_eq!(gate.fetch(&location(&got)).await.body(), "t/deep/b.txt");
    for item in ["../secret", "/secret", "", "deep/", "../t2/c"] {
        assert!([404, 410].contains(&claim(item).await.status().as_u16()), "{item}");
    }
    assert_eq!(gate.used(&share).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_name_has_a_title_in_the_visitors_language() {
    let gate = Gate::new().await;
    gate.world.backend.put("box", "a", "x");
    let share = gate.share(&["p:box/"], |_| {}).await;
    let (_, sender) = drop_link(&gate, |_| {}).await;
    for (language, files, send) in [("en", "Files", "Send files"), ("de", "Dateien", "Dateien senden")] {
        for (path, title) in [(path(&share), files), (sender.path.clone(), send)] {
            let page = gate.ask("GET", &path, &[("accept-language", language)], "").await;
            assert!(text(&page).contains(&format!("<h1>{title}</h1>")), "{}", text(&page));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_index_goes_on_without_telling_keys() {
    let gate = Gate::new().await;
    for number in 0..=500 {
        gate.world.backend.put("box", &format!("inner/t/{number:03}"), "x");
    }
    let share = gate.share(&["p:box/inner/t/"], |_| {}).await;
    let first = text(&gate.ask("GET", &path(&share), &[], "").await);
    assert!(first.contains(">499<") && !first.contains(">500<"));
    let next = first.split("class=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(!next.contains("inner") && !next.contains("499"), "{next}");
    let rest = text(&gate.ask("GET", next, &[], "").await);
    assert!(rest.contains(">500<") && !rest.contains(">499<"), "{rest}");
    for forged in ["inner%2Ft%2F000", ""] {
        let asked = gate.ask("GET", &format!("{}?after={forged}", path(&share)), &[], "").await;
        assert_eq!(asked.status(), 404, "{forged}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_counted_for_one_file_is_no_right_to_another_of_its_name() {
    let gate = Gate::new().await;
    for key in ["t/a/x", "t/b/x"] {
        gate.world.backend.put("box", key, key.to_owned());
    }
    let share = gate.share(&["p:box/t/"], |share| share.max = Some(1)).await;
    let claim = format!("{}/claim", path(&share));
    let first = gate.ask("POST", &claim, &[], "item=a%2Fx").await;
    assert_eq!(first.status(), 303);
    let cookie = cookies(first.headers());
    let other = gate.ask("POST", &claim, &[("cookie", &cookie)], "item=b%2Fx").await;
    assert_eq!(other.status(), 410, "the one download is used up");
    assert_eq!(gate.ask("POST", &claim, &[("cookie", &cookie)], "item=a%2Fx").await.status(), 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_this_machine_is_sent_to_no_other() {
    let gate = Gate::new().await;
    let serve = serve(&gate.world, 1, gate.world.folder.path().join("admin0.sock"));
    let mut config = config(&gate.world, Some(serve));
    config.gateway.url = Some("https://gateway.example.org".into());
    let error = Client::new(&config).await.unwrap_err();
    assert!(error.message().contains("token_command"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_put_together_oddly_are_refused() {
    let gate = Gate::new().await;
    gate.world.backend.put("box", "f", "x");
    let share = gate.share(&["p:box/f"], |share| share.max = Some(1)).await;
    let (path, host) = (path(&share), gate.urls[0].split('/').nth(2).unwrap().to_owned());
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    for request in [
        format!(
            "POST {path}/claim HTTP/1.1\r\nhost: {host}\r\n{form}content-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n"
        ),
        format!(
            "POST {path}/claim HTTP/1.1\r\nhost: {host}\r\n{form}content-length: 6\r\ncontent-length: 7\r\n\r\nitem=0"
        ),
        format!(
            "POST {path}/claim HTTP/1.1\r\nhost: {host}\r\nhost: evil.example\r\n{form}content-length: 6\r\n\r\nitem=0"
        ),
        format!("POST {path}/claim HTTP/1.1\r\nhost : {host}\r\n{form}content-length: 6\r\n\r\nitem=0"),
        format!(
            "POST {path}/claim HTTP/1.1\r\nhost: {host}\r\n{form}transfer-encoding: xchunked\r\n\r\nitem=0"
        ),
        format!("POST {path}/claim HTTP/1.1\r\n{form}content-length: 6\r\n\r\nitem=0"),
        format!("GET {path}\0 HTTP/1.1\r\nhost: {host}\r\n\r\n"),
        format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{}\r\n\r\n", "x: y\r\n".repeat(200).trim_end()),
    ] {
        let mut stream = tokio::net::TcpStream::connect(&host).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.contains(" 303 ") && !answer.contains(" 200 "), "{request:?}: {answer}");
    }
    assert_eq!(gate.used(&share).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_and_storage_on_its_own_host_are_refused() {
    let gate = Gate::new().await;
    gate.world.backend.put("box", "f", "x");
    gate.share(&["p:box/f"], |_| {}).await;
    let mut other =
        serve(&gate.world, crate::support::closed_port(), gate.world.folder.path().join("other.sock"));
    other.key_file = gate.world.folder.path().join("other-key");
    private(&other.key_file, &KEY.replace('M', "N"));
    let run = |serve: Serve| {
        let known = Connections::new(Arc::new(config(&gate.world, Some(serve.clone()))));
        gateway::run(serve, known, CancellationToken::new(), |_| panic!("it must not start"))
    };
    let error = run(other.clone()).await.unwrap_err();
    assert!(error.message().contains("not the one that this store was begun with"), "{error}");
    // Storage on the gateway's own host could read its cookies.
    other.key_file = gate.world.folder.path().join("key");
    other.public_url = gate.world.server.endpoint().to_owned();
    let error = run(other.clone()).await.unwrap_err();
    assert!(error.message().contains("the gateway's own public_url"), "{error}");
    // However it is written.
    other.public_url = "https://files.example".into();
    let mut known = config(&gate.world, Some(other.clone()));
    known.profiles[0].endpoint = Some("https://FILES.example:443".into());
    let known = Connections::new(Arc::new(known));
    let run = gateway::run(other, known, CancellationToken::new(), |_| panic!("it must not start"));
    let error = run.await.unwrap_err();
    assert!(error.message().contains("the gateway's own public_url"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_made_by_whoever_has_the_token_and_mistakes_are_named() {
    let gate = Gate::new().await;
    gate.world.backend.put("box", "f", "x");
    let mut config =
        config(&gate.world, Some(serve(&gate.world, 1, gate.world.folder.path().join("admin0.sock"))));
    config.gateway.token = Some(SecretSource::Plain("wrong-token-wrong-token".into()));
    let stranger = Client::new(&config).await.unwrap();
    assert!(stranger.shares().await.unwrap_err().message().contains("token"));
    let request = |places: &[&str], seconds| ShareRequest {
        locations: places.iter().map(|place| (*place).to_owned()).collect(),
        expires_in: seconds,
        ..ShareRequest::default()
    };
    for (request, words) in [
        (request(&["p:box/absent"], 60), "box/absent"),
        (request(&["q:box/f"], 60), "q"),
        (request(&["p:box/f"], 0), "lasts between"),
        (request(&[], 60), "nothing to share"),
        (request(&["p:box/f", "p:box/t/"], 60), "a prefix is shared alone"),
        (ShareRequest { password: Some(Password(String::new())), ..request(&["p:box/f"], 60) }, "password"),
        (ShareRequest { max: Some(0), ..request(&["p:box/f"], 60) }, "max"),
    ] {
        let error = gate.client.create_share(&request).await.unwrap_err();
        assert!(error.message().contains(words), "{words}: {error}");
    }
    assert!(gate.client.share("nothing").await.unwrap_err().message().contains("no share nothing"));
    let metrics = gate.ask("GET", "/metrics", &[], "").await;
    assert_eq!(metrics.status(), 404, "they are the admin's");
    assert_eq!(gate.ask("GET", "/health", &[("host", "10.0.0.1")], "").await.status(), 200);
}

/// A visitor of a drop link.
struct Sender<'a> {
    gate: &'a Gate,
    path: String,
    cookie: String,
}

impl Sender<'_> {
    async fn ask(&self, what: &str, body: &serde_json::Value) -> (u16, serde_json::Value) {
        let headers = [("content-type", "application/json"), ("cookie", self.cookie.as_str())];
        let answer =
            self.gate.ask("POST", &format!("{}/{what}", self.path), &headers, &body.to_string()).await;
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or_default())
    }

    async fn put(&self, url: &str, bytes: Vec<u8>) -> u16 {
        // A client of its own: the connection of another one may be hung up just now.
        let http = Http::new(&Settings { ca_bundle: None, connect_timeout: Duration::from_secs(5) }).unwrap();
        let request =
            Request::builder().method("PUT").uri(url).header("host", url.split('/').nth(2).unwrap());
        let request = request.header("content-length", bytes.len()).body(Bytes::from(bytes)).unwrap();
        // A server may also hang up on what is too much.
        http.fetch(request, 1 << 20).await.map_or(400, |answer| answer.status().as_u16())
    }
}

async fn drop_link(gate: &Gate, change: impl FnOnce(&mut DropRequest)) -> (String, Sender<'_>) {
    let mut request =
        DropRequest { location: "p:box/in/".into(), expires_in: 3600, ..DropRequest::default() };
    change(&mut request);
    let link = gate.client.create_drop(&request).await.unwrap();
    let path = format!("/d/{}", link.url.rsplit('/').next().unwrap());
    (link.id, Sender { gate, path, cookie: String::new() })
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_in_by_parts_under_keys_that_the_gateway_chooses() {
    let gate = Gate::new().await;
    let (id, mut sender) = drop_link(&gate, |link| {
        (link.password, link.max_files, link.max_bytes) =
            (Some(Password("open".into())), Some(2), Some(40 << 20));
    })
    .await;
    assert_eq!(sender.ask("start", &serde_json::json!({ "name": "a", "size": 1 })).await.0, 403, "locked");
    let unlocked = gate.ask("POST", &format!("{}/unlock", sender.path), &[], "password=open").await;
    sender.cookie = cookies(unlocked.headers());
    let page = gate.ask("GET", &sender.path, &[("cookie", &sender.cookie)], "").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains(&format!("connect-src 'self' {}", gate.world.server.endpoint())), "{policy}");
    assert!(!text(&page).contains("box"));

    let data = pattern((20 << 20) + 7);
    let (status, started) = sender
        .ask("start", &serde_json::json!({ "name": "../../etc/pass\u{202e}wd", "size": data.len() }))
        .await;
    assert!(status == 200 && started["parts"] == 2, "{started}");
    let file = started["id"].as_str().unwrap();
    let size = usize::try_from(started["part_size"].as_u64().unwrap()).unwrap();
    let urls =
        sender.ask("parts", &serde_json::json!({ "id": file, "parts": [1, 2] })).await.1["urls"].clone();
    assert_eq!(sender.put(urls["1"].as_str().unwrap(), data[..size].to_vec()).await, 200);
    assert_eq!(sender.ask("complete", &serde_json::json!({ "id": file })).await.0, 409, "a part is missing");
    let told = sender.ask("parts", &serde_json::json!({ "id": file })).await.1;
    assert_eq!(told["arrived"], serde_json::json!([1]), "after a reload the page knows");
    let larger = sender.put(urls["2"].as_str().unwrap(), vec![0; data.len() - size + 1]).await;
    assert!((400..500).contains(&larger), "its length is signed: {larger}");
    assert_eq!(sender.put(urls["2"].as_str().unwrap(), data[size..].to_vec()).await, 200);
    for _ in 0..2 {
        assert_eq!(
            sender.ask("complete", &serde_json::json!({ "id": file })).await.0,
            200,
            "also a second time"
        );
    }
    let keys = gate.world.backend.keys("box");
    assert!(keys.len() == 1 && keys[0].starts_with("in/") && keys[0].ends_with("/etc/passwd"), "{keys:?}");
    assert_eq!(gate.world.backend.get("box", &keys[0]).unwrap(), data);
    assert!(
        (400..500).contains(&sender.put(urls["1"].as_str().unwrap(), data[..size].to_vec()).await),
        "too late"
    );
    assert_eq!(sender.ask("parts", &serde_json::json!({ "id": file, "parts": [1] })).await.0, 409);
    assert_eq!(sender.ask("abort", &serde_json::json!({ "id": file })).await.0, 409);

    // Quotas, and others' files.
    assert_eq!(sender.ask("start", &serde_json::json!({ "name": "big", "size": 21 << 20 })).await.0, 507);
    let (status, second) = sender.ask("start", &serde_json::json!({ "name": "b", "size": 3 })).await;
    assert_eq!(status, 200);
    assert_eq!(sender.ask("start", &serde_json::json!({ "name": "c", "size": 1 })).await.0, 507);
    let (_, other) = drop_link(&gate, |_| {}).await;
    assert_eq!(other.ask("parts", &serde_json::json!({ "id": second["id"], "parts": [1] })).await.0, 404);
    assert_eq!(sender.ask("abort", &serde_json::json!({ "id": second["id"] })).await.0, 200);
    assert!(gate.world.backend.uploads("box").is_empty(), "its parts are gone");
    assert_eq!(
        sender.ask("start", &serde_json::json!({ "name": "c", "size": 0 })).await.0,
        200,
        "its room is free"
    );
    let link = gate.client.drop_link(&id).await.unwrap();
    assert_eq!((link.files, link.bytes, link.arrived.len()), (2, i64::try_from(data.len()).unwrap(), 2));
    assert_eq!(gate.client.close_drop(&id).await.unwrap().state, "closed");
    assert_eq!(sender.ask("start", &serde_json::json!({ "name": "d", "size": 1 })).await.0, 410);
    assert_eq!(gate.ask("GET", &sender.path, &[("cookie", &sender.cookie)], "").await.status(), 410);
}

/// Sends a file in one part; its id.
async fn send_one(sender: &Sender<'_>, name: &str, data: &[u8]) -> String {
    let (_, started) = sender.ask("start", &serde_json::json!({ "name": name, "size": data.len() })).await;
    let file = started["id"].as_str().unwrap().to_owned();
    let told = sender.ask("parts", &serde_json::json!({ "id": file, "parts": [1] })).await.1;
    assert_eq!(sender.put(told["urls"]["1"].as_str().unwrap(), data.to_vec()).await, 200);
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_arrived_keeps_its_room_whatever_answer_was_lost() {
    let gate = Gate::new().await;
    let faults = gate.world.backend.faults();
    let (id, sender) = drop_link(&gate, |link| link.max_files = Some(2)).await;
    // Completed, but neither the answer nor the look afterwards came through.
    let file = serde_json::json!({ "id": send_one(&sender, "a", b"one").await });
    faults.add(Rule::always(Operation::CompleteUpload, Fault::LoseAnswer));
    faults.add(Rule::always(Operation::HeadObject, Fault::Status(503, "")));
    assert_eq!(sender.ask("complete", &file).await.0, 503);
    faults.clear();
    assert_eq!(sender.ask("abort", &file).await.0, 409, "it may be there");
    let (status, told) = sender.ask("parts", &file).await;
    assert!(status == 409 && told["error"] == "done", "not sent again: {told}");
    assert_eq!(sender.ask("complete", &file).await.0, 200);

    // Completed by another request than the one that throws it away.
    let file = serde_json::json!({ "id": send_one(&sender, "b", b"two").await });
    let arrived = gate.client.drop_link(&id).await.unwrap().arrived;
    let key = arrived.iter().find(|one| !one.done).unwrap().location.clone();
    gate.world.backend.put("box", key.strip_prefix("p:box/").unwrap(), "two");
    let (status, told) = sender.ask("abort", &file).await;
    assert!(status == 409 && told["error"] == "done", "{told}");

    // Gone at the provider, with keys that may not list: it is begun anew, and nothing holds its room.
    let (_, other) = drop_link(&gate, |_| {}).await;
    let file = serde_json::json!({ "id": send_one(&other, "lost", b"lost").await });
    let list_parts = Rule::always(Operation::Other, Fault::Status(404, "NoSuchUpload"));
    faults.add(Rule { key: "lost", ..list_parts });
    faults.add(Rule::always(Operation::HeadObject, Fault::Status(403, "")));
    assert_eq!(other.ask("parts", &file).await.0, 404);
    assert_eq!(other.ask("complete", &file).await.0, 404);
    assert_eq!(other.ask("abort", &file).await.0, 200);
    faults.clear();

    let link = gate.client.drop_link(&id).await.unwrap();
    assert!((link.files, link.bytes) == (2, 6) && link.arrived.iter().all(|one| one.done), "{link:?}");
    assert_eq!(sender.ask("start", &serde_json::json!({ "name": "c", "size": 1 })).await.0, 507);
}

/// A gateway of the real binary, stopped when it is dropped.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program's own gateway on a port of its own, once it listens.
fn start_gateway(shell: &Shell) -> (Running, u16) {
    let port = crate::support::closed_port();
    let (text, home) =
        (std::fs::read_to_string(shell.path("config.toml")).unwrap(), shell.path("").display().to_string());
    let home = home.trim_end_matches('/');
    shell.configure(&format!(
        "{text}[gateway.serve]\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n\
         admin = \"unix:{home}/admin.sock\"\ntoken_file = \"{home}/token\"\nkey_file = \"{home}/key\"\n"
    ));
    let mut child = shell.command(&["gateway"]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    let first = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("serving"))).unwrap().unwrap();
    assert!(first.contains(&format!("http://127.0.0.1:{port}")), "{first}");
    (Running(child), port)
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_are_made_shown_extended_and_revoked_on_the_command_line() {
    let shell = Shell::new().await;
    shell.world.backend.put("box", "film.mov", "film");
    let (code, error) = shell.fails(&["share", "list"]);
    assert!(code == 1 && error.contains("need a gateway") && error.contains("twinpail gateway"), "{error}");
    let (code, error) = shell.fails(&["gateway"]);
    assert!(code == 2 && error.contains("[gateway.serve]") && error.contains("public_url"), "{error}");
    let (mut gateway, port) = start_gateway(&shell);
    let taken = shell.fails(&["gateway", "--check"]);
    assert!(taken.0 == 1 && taken.1.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{taken:?}");
    let output =
        shell.run(&["share", "create", "--generate", "--max", "2", "--note", "for ada", "p:box/film.mov"]);
    let (url, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(
        url.starts_with(&format!("http://127.0.0.1:{port}/s/")) && url.trim_end().lines().count() == 1,
        "{url}"
    );
    assert!(said.contains("password: ") && said.contains("0/2 downloads, password"), "{said}");
    let listed = shell.json(&["share", "list", "--json"]);
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    assert!(
        listed[0]["url"] == "" && listed[0]["note"] == "for ada" && listed[0]["state"] == "open",
        "{listed:?}"
    );
    assert!(shell.ok(&["share", "show", &id]).contains(url.trim_end()));
    assert!(shell.ok(&["share", "extend", "--max", "5", "--expires", "30d", &id]).contains("0/5"));
    assert!(shell.ok(&["share", "events", &id]).contains("extend"));
    shell.ok(&["share", "revoke", &id]);
    assert_eq!(shell.ok(&["share", "list"]), "");
    assert!(shell.ok(&["share", "list", "--all"]).contains("revoked"));
    assert_eq!(shell.fails(&["share", "revoke", "nothing"]).0, 1);
    let made = shell.run(&["drop", "create", "--max-bytes", "1GB", "--json", "p:box/in/"]);
    let said = String::from_utf8(made.stderr).unwrap();
    assert!(said.contains("CORS") && said.contains(&format!("\"http://127.0.0.1:{port}\"")), "{said}");
    let link: Vec<serde_json::Value> = vec![serde_json::from_slice(&made.stdout).unwrap()];
    let id = link[0]["id"].as_str().unwrap();
    assert!(shell.ok(&["drop", "list"]).contains("p:box/in/"));
    shell.ok(&["drop", "close", id]);
    assert_eq!(shell.json(&["drop", "show", "--json", id])[0]["state"], "closed");
    let (code, error) = shell.fails(&["share", "create", "p:box/absent"]);
    assert!(code == 1 && error.contains("p:box/absent"), "{error}");
    // It ends by itself when it is told to.
    let pid = rustix::process::Pid::from_child(&gateway.0);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(tokio::task::block_in_place(|| gateway.0.wait().unwrap().code()), Some(143));
    assert!(shell.fails(&["share", "list"]).1.contains("gateway"));
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_made_listed_and_ended_in_the_browser() {
    let shell = Shell::new().await;
    shell.world.backend.put("box", "film.mov", "film");
    let (_gateway, port) = start_gateway(&shell);
    let (home, config) = (shell.world.folder.path(), shell.path("config.toml"));
    let variables = [("TWINPAIL_CONFIG", config.to_str().unwrap())];
    let mut session = Session::start(&["p:box/", "."], &variables, home, (120, 30));
    session.wait_for("film.mov");
    session.keys("x");
    session.wait_for("Protected link");
    session.keys("secret\r");
    session.wait_for(&format!("http://127.0.0.1:{port}/s/"));
    session.wait_for("password: secret");
    // Esc and a letter at once would be Alt with that letter.
    let close = |title: &str| {
        session.keys("\u{1b}");
        session.wait_until("the dialog gone", |screen| !screen.contents().contains(title));
    };
    close("Protected link");
    session.keys("X");
    session.wait_for("Given out");
    session.wait_for("share  open");
    session.keys("\r");
    session.wait_for("create");
    close("create");
    session.keys("d");
    session.wait_for("revoke: film.mov?");
    session.answer("y yes", "y");
    session.wait_for("is over");
    session.keys("a");
    session.wait_for("share  revoked");
    close("Given out");
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
}
