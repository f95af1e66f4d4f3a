//! What several tests stand on: the in-memory server, and stores connected to it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use twinpail::config::{Config, PROVIDERS, Paths, Profile, Provider, provider};
use twinpail::demo::{ACCESS_KEY_ID, Backend, SECRET_ACCESS_KEY, Server};
use twinpail::s3::{Connections, Store};

/// A server of its own for one test.
pub(crate) struct World {
    pub backend: Backend,
    pub server: Server,
    pub folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let backend = Backend::new();
        backend.create_bucket("box");
        let server = Server::start(backend.clone(), None).await.unwrap();
        Self { backend, server, folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn profile(&self, name: &str) -> Profile {
        self.profile_of(name, provider("minio").unwrap())
    }

    pub(crate) fn profile_of(&self, name: &str, row: &'static Provider) -> Profile {
        Profile::with_keys(name, row, self.server.endpoint(), ACCESS_KEY_ID, SECRET_ACCESS_KEY)
    }

    /// Connections that know the server as `p`, changed by `change`.
    pub(crate) fn connections(&self, change: impl FnOnce(&mut Profile)) -> Connections {
        let mut profile = self.profile("p");
        change(&mut profile);
        connections(vec![profile])
    }

    pub(crate) async fn store(&self) -> Store {
        self.connections(|_| {}).store("p").await.unwrap()
    }
}

pub(crate) fn connections(profiles: Vec<Profile>) -> Connections {
    let paths = Paths::below(std::path::Path::new("/nonexistent"));
    Connections::new(Arc::new(Config::of_profiles(profiles, paths)))
}

/// A port of 127.0.0.1 where nothing listens.
pub(crate) fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The provider row with these properties; every quirk of the table is one of them.
pub(crate) fn row(wanted: impl Fn(&Provider) -> bool) -> &'static Provider {
    PROVIDERS.iter().find(|row| wanted(row)).unwrap()
}

/// Bytes that differ everywhere, so that a part in the wrong place shows.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length as u64).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}

/// A server that answers what is asked of it by name, and notes the heads of the requests.
pub(crate) fn canned(answers: &'static [(&'static str, &'static str)]) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heads = Arc::<Mutex<Vec<String>>>::default();
    let noted = Arc::clone(&heads);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let (_, answer) = answers.iter().find(|(part, _)| head[0].contains(part)).unwrap();
            noted.lock().unwrap().push(head.join("\n"));
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (port, heads)
}
