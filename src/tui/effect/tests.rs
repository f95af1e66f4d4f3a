//! Flows: keys in, a real server and real files behind the door, the screen out. Everything but the terminal.

mod changes;
mod facts;
mod going;
mod kept;
mod links;
mod listing;
mod scale;
mod search;
mod transfers;
mod viewing;

use std::path::{Path, PathBuf};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::super::message::{Landing, PaneId};
use super::super::state::State;
use super::super::theme::Theme;
use super::super::update::{settle, update};
use super::super::view;
use super::*;
use crate::config::Paths;
use crate::demo::{self, Backend, Fault, Operation, Rule, Server};
use crate::location::Location;

struct Flow {
    state: State,
    effects: Effects,
    events: UnboundedReceiver<Event>,
    backend: Backend,
    folder: tempfile::TempDir,
    _server: Server,
}

fn at(key: &str) -> Location {
    Location::Remote(Remote { profile: "demo".into(), bucket: "box".into(), key: key.into() })
}

impl Flow {
    /// Left a folder with `files`, right a place with `objects` in the bucket `box`.
    async fn start(files: &[(&str, &str)], objects: &[(&str, &str)], right: Location) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let local = folder.path().join("files");
        std::fs::create_dir(&local).unwrap();
        for (name, text) in files {
            let path = local.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let backend = Backend::new();
        backend.create_bucket("box");
        for (key, text) in objects {
            backend.put("box", key, text.as_bytes().to_vec());
        }
        let server = Server::start(backend.clone(), None).await.unwrap();
        let config = Arc::new(demo::config(server.endpoint(), Paths::below(folder.path())));
        let places = [Location::Local(local), right];
        let (mut state, mut first) =
            State::new(Arc::clone(&config), Theme::plain(), places.map(Landing::from), (120, 30));
        settle(&mut state, &mut first);
        let (sender, events) = unbounded_channel();
        let runtime = tokio::runtime::Handle::current();
        let effects = Effects::new(&config, &runtime, Arc::new(|_: &[u8]| Ok(())), sender);
        let mut flow = Self { state, effects, events, backend, folder, _server: server };
        flow.perform(first);
        flow.until(|flow| !flow.state.pane(PaneId::Left).loading && !flow.state.pane(PaneId::Right).loading)
            .await;
        flow
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            for event in self.effects.run(effect) {
                self.happen(event);
            }
        }
    }

    fn happen(&mut self, event: Event) {
        let effects = update(&mut self.state, event);
        self.perform(effects);
    }

    /// The user sees what is on the screen.
    fn look(&mut self) {
        if let Some(unseen) = self.state.dialogs.unseen() {
            self.happen(Event::Seen(unseen.number));
        }
    }

    /// Types as somebody does who has seen what is on the screen.
    fn keys(&mut self, text: &str) {
        for c in text.chars() {
            self.look();
            let code = match c {
                '\t' => KeyCode::Tab,
                '\r' => KeyCode::Enter,
                '\x08' => KeyCode::Backspace,
                '\x1b' => KeyCode::Esc,
                c => KeyCode::Char(c),
            };
            self.happen(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        }
    }

    /// Lets things happen until `wanted`.
    async fn until(&mut self, wanted: impl Fn(&Self) -> bool) {
        while !wanted(self) {
            match tokio::time::timeout(Duration::from_secs(30), self.events.recv()).await {
                Ok(Some(event)) => self.happen(event),
                _ => panic!("nothing more happens:\n{}", self.screen()),
            }
        }
    }

    async fn until_shown(&mut self, text: &str) {
        self.until(|flow| flow.screen().contains(text)).await;
    }

    fn screen(&self) -> String {
        let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(120, 30)).unwrap();
        terminal.draw(|frame| view::draw(&self.state, frame)).unwrap();
        terminal.backend().to_string()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("files").join(name)
    }

    fn object(&self, key: &str) -> Option<String> {
        let object = self.backend.get("box", key)?;
        Some(String::from_utf8(object.to_vec()).unwrap())
    }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
