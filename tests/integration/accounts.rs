//! Whose key signs: a profile that is named signs with its own credentials, whatever else the machine has.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use crate::pty::Session;

const BUCKETS: &str = "<ListAllMyBucketsResult><Buckets><Bucket><Name>box</Name></Bucket></Buckets>\
                       </ListAllMyBucketsResult>";
const OBJECTS: &str = "<ListBucketResult><Name>box</Name><IsTruncated>false</IsTruncated></ListBucketResult>";
const ROLE: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ROLEKEY</AccessKeyId>\
                    <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
                    <Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>\
                    <AssumedRoleUser><AssumedRoleId>i</AssumedRoleId><Arn>arn:aws:sts::1:assumed-role/r/s</Arn></AssumedRoleUser>\
                    </AssumeRoleResult></AssumeRoleResponse>";
const CONTAINER: &str = "{\"AccessKeyId\":\"BOXKEY\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\
                         \"Expiration\":\"2100-01-01T00:00:00Z\"}";

/// Profiles of the AWS files.
const FILES: &str = "[default]\naws_access_key_id = DEFAULTKEY\naws_secret_access_key = s\n\
                     [work]\naws_access_key_id = WORKKEY\naws_secret_access_key = s\n\
                     [other]\naws_access_key_id = OTHERKEY\naws_secret_access_key = s\n\
                     [process]\ncredential_process = printf '{\"Version\":1,\"AccessKeyId\":\"PROCESSKEY\",\"SecretAccessKey\":\"s\"}'\n\
                     [chained]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = work\n\
                     [asks]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = Environment\n\
                     [empty]\nregion = us-east-1\n";
const KEYS: &[(&str, &str)] =
    &[("AWS_ACCESS_KEY_ID", "ENVKEY"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_SESSION_TOKEN", "envtoken")];

/// A machine with AWS files, and a server that notes who signed what it was asked.
struct Machine {
    folder: tempfile::TempDir,
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

/// Reads a request, notes its head, and answers as S3, STS or a container's agent would.
fn serve(stream: TcpStream, heads: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while reader.read_line(&mut head)? > 2 {}
    let length = head.to_ascii_lowercase().lines().find_map(|line| {
        line.strip_prefix("content-length:").and_then(|value| value.trim().parse::<u64>().ok())
    });
    reader.by_ref().take(length.unwrap_or(0)).read_to_end(&mut Vec::new())?;
    let answer = match head.split(' ').take(2).collect::<Vec<_>>()[..] {
        ["POST", _] => ROLE,
        ["GET", "/container"] => CONTAINER,
        ["GET", path] if path.starts_with("/box") => OBJECTS,
        _ => BUCKETS,
    };
    heads.lock().unwrap().push(head);
    let length = answer.len();
    write!(
        reader.get_mut(),
        "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}"
    )
}

impl Machine {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let noted = Arc::clone(&heads);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let noted = Arc::clone(&noted);
                std::thread::spawn(move || serve(stream.unwrap(), &noted));
            }
        });
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("credentials"), FILES).unwrap();
        let machine = Self { folder, port, heads };
        let url = machine.url("");
        machine.configure(&format!(
            "[profiles.cfg]\nprovider = \"other\"\nendpoint = \"{url}\"\naws_profile = \"work\"\n\
             [profiles.plain]\nprovider = \"aws\"\nendpoint = \"{url}\"\n\
             [profiles.slip]\nprovider = \"other\"\nendpoint = \"{url}\"\naws_profile = \"wrok\"\n"
        ));
        machine
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn configure(&self, text: &str) {
        std::fs::write(self.config(), text).unwrap();
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_SHARED_CREDENTIALS_FILE", self.folder.path().join("credentials").display().to_string()),
            ("AWS_ENDPOINT_URL", self.url("")),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("TWINPAIL_CONFIG", self.config().display().to_string()),
        ]
    }

    fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_twinpail"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder.path()).env("TZ", "UTC").stdin(Stdio::null());
        command.envs(self.variables()).envs(environment.iter().copied());
        command.output().unwrap()
    }

    /// Exit code and stderr.
    fn said(&self, arguments: &[&str], environment: &[(&str, &str)]) -> (i32, String) {
        let output = self.run(arguments, environment);
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }

    /// The keys that have signed since this was last asked, in order of the requests; unsigned ones are left out.
    fn signers(&self) -> Vec<String> {
        let heads = std::mem::take(&mut *self.heads.lock().unwrap());
        let signer = |head: &String| Some(head.split_once("Credential=")?.1.split('/').next()?.to_owned());
        heads.iter().filter_map(signer).collect()
    }

    /// Whose keys a command signs with, in order.
    fn signs(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Vec<String> {
        self.signers();
        let (code, said) = self.said(arguments, environment);
        assert_eq!(code, 0, "{arguments:?} {environment:?}: {said}");
        self.signers()
    }
}

#[test]
fn a_named_profile_signs_with_its_own_key_although_the_environment_has_one() {
    let machine = Machine::new();
    let named = [("TWINPAIL_PROFILE", "work")];
    for (arguments, more, key) in [
        (&["ls", "work:"][..], &[][..], "WORKKEY"),
        (&["ls", "other:box/"], &[], "OTHERKEY"),
        (&["ls", "default:"], &[], "DEFAULTKEY"),
        (&["ls", "--profile", "work", "s3://box/"], &[], "WORKKEY"),
        (&["ls"], &named[..], "WORKKEY"),
        (&["ls", "cfg:"], &[], "WORKKEY"),
        (&["ls", "process:"], &[], "PROCESSKEY"),
        (&["ls", "env:"], &[], "ENVKEY"),
        (&["ls", "plain:"], &[], "ENVKEY"),
        (&["ls"], &[], "ENVKEY"),
        (&["ls", "s3://box/"], &[("AWS_PROFILE", "work")], "ENVKEY"),
    ] {
        assert_eq!(machine.signs(arguments, &[KEYS, more].concat()), [key], "{arguments:?} {more:?}");
    }
    machine.signs(&["ls", "work:"], KEYS);
    let head = {
        machine.said(&["ls", "work:"], KEYS);
        machine.heads.lock().unwrap().pop().unwrap()
    };
    assert!(!head.contains("envtoken"), "the environment's session goes along: {head}");
}

#[test]
fn roles_are_assumed_with_the_keys_that_their_profile_names() {
    let machine = Machine::new();
    assert_eq!(machine.signs(&["ls", "chained:"], KEYS), ["WORKKEY", "ROLEKEY"]);
    assert_eq!(machine.signs(&["ls", "asks:"], KEYS), ["ENVKEY", "ROLEKEY"], "it asks for the environment");
}

#[test]
fn links_are_signed_by_the_profile_that_is_named() {
    let machine = Machine::new();
    for (place, key) in [("work:box/k", "WORKKEY"), ("cfg:box/k", "WORKKEY"), ("s3://box/k", "ENVKEY")] {
        let output = machine.run(&["presign", place], KEYS);
        let link = String::from_utf8(output.stdout).unwrap();
        assert!(link.contains(&format!("Credential={key}")), "{place}: {link}");
        assert_eq!(link.contains("Security-Token"), key == "ENVKEY", "{place}: {link}");
    }
}

#[test]
fn without_keys_in_the_environment_aws_profile_is_the_default() {
    let machine = Machine::new();
    assert_eq!(machine.signs(&["ls"], &[("AWS_PROFILE", "work")]), ["WORKKEY"]);
    assert_eq!(machine.signs(&["ls", "plain:"], &[("AWS_PROFILE", "work")]), ["WORKKEY"]);
    assert_eq!(machine.signs(&["ls"], &[]), ["DEFAULTKEY"]);
    let container = machine.url("/container");
    let container = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.as_str())];
    assert_eq!(machine.signs(&["ls", "env:"], &container), ["BOXKEY"]);
    assert_eq!(machine.signs(&["ls", "work:"], &container), ["WORKKEY"]);
}

#[test]
fn a_profile_without_credentials_borrows_none() {
    let machine = Machine::new();
    let container = machine.url("/container");
    let container = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.as_str())];
    for environment in [KEYS, &container] {
        let (code, said) = machine.said(&["ls", "empty:"], environment);
        assert!(code == 1 && said.contains("empty") && said.contains("no credentials"), "{said}");
        assert_eq!(machine.signers(), Vec::<String>::new(), "{environment:?}");
    }
    let (code, said) = machine.said(&["ls", "slip:"], KEYS);
    assert!(code != 0 && said.contains("wrok") && said.contains("did you mean work"), "{said}");
}

#[test]
fn an_unknown_aws_profile_is_refused_where_it_would_be_used() {
    let machine = Machine::new();
    let typo = [("AWS_PROFILE", "wrok")];
    for arguments in [
        &["ls"][..],
        &["ls", "s3://box/"],
        &["cp", "credentials", "s3://box/"],
        &["presign", "s3://box/k"],
        &["doctor"],
        &[],
    ] {
        for environment in [typo.to_vec(), [&typo[..], KEYS].concat()] {
            let (code, said) = machine.said(arguments, &environment);
            assert_eq!(code, 2, "{arguments:?}: {said}");
            assert!(said.contains("wrok") && said.contains("did you mean work"), "{arguments:?}: {said}");
            assert_eq!(machine.signers(), Vec::<String>::new(), "{arguments:?}");
        }
    }
    let (code, said) = machine.said(&["ls", "plain:"], &typo);
    assert!(code != 0 && said.contains("did you mean work"), "{said}");
    assert_eq!(machine.signs(&["ls", "work:"], &typo), ["WORKKEY"], "another one is named");
    let (code, said) = machine.said(&["profile", "list"], &typo);
    assert!(code == 0 && said.contains("wrok"), "{said}");
}

#[test]
fn a_profile_called_env_stays_what_it_is() {
    let machine = Machine::new();
    let url = machine.url("");
    machine.configure(&format!(
        "[profiles.env]\nprovider = \"other\"\nendpoint = \"{url}\"\naws_profile = \"work\"\n"
    ));
    assert_eq!(machine.signs(&["ls", "env:"], KEYS), ["WORKKEY"]);
    assert_eq!(machine.signs(&["ls", "environment:"], KEYS), ["ENVKEY"]);
    assert_eq!(machine.signs(&["ls"], KEYS), ["ENVKEY"]);
}

#[test]
fn the_list_of_profiles_says_where_credentials_come_from() {
    let machine = Machine::new();
    let output = machine.run(&["profile", "list"], KEYS);
    let list = String::from_utf8(output.stdout).unwrap();
    let line = |name: &str| list.lines().find(|line| line[2..].starts_with(&format!("{name} "))).unwrap();
    assert!(line("work").contains("AWS profile work"), "{list}");
    assert!(line("cfg").contains("AWS profile work"), "{list}");
    assert!(line("plain").contains("AWS default chain: AWS_ACCESS_KEY_ID"), "{list}");
    assert!(line("env").starts_with("* ") && line("env").contains("AWS_ACCESS_KEY_ID"), "{list}");
}

#[test]
fn two_panes_with_two_profiles_sign_with_two_keys() {
    let machine = Machine::new();
    let variables = machine.variables();
    let mut environment: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    environment.extend(KEYS);
    let mut session = Session::start(&["work:", "other:"], &environment, machine.folder.path(), (100, 24));
    session.wait_until("both listings", |screen| screen.contents().matches("box").count() == 2);
    let signers: BTreeSet<String> = machine.signers().into_iter().collect();
    assert_eq!(signers, ["OTHERKEY", "WORKKEY"].map(str::to_owned).into());
    session.keys("q");
    session.exit_code();
    let mut session = Session::start(&[], &environment, machine.folder.path(), (100, 24));
    session.wait_for("env:");
    session.wait_for("box");
    assert_eq!(machine.signers(), ["ENVKEY"]);
    session.keys("q");
    session.exit_code();
}
