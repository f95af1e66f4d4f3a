//! The browser: terminal guard and the only loop. State changes in `update`, drawing is a pure function of the
//! state, and the outside is reached through `effect` alone.

mod dialog;
mod effect;
mod keymap;
mod listing;
mod message;
mod pane;
mod session;
mod state;
mod terminal;
mod text;
mod theme;
mod transfers;
mod units;
mod update;
mod view;

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{Config, importable};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote, spellings};
use crate::sanitize;
pub use message::Landing;
use message::{Asked, EditEffect, Effect, PaneId, PlacesChange};
use session::Session;
use state::State;
use terminal::Terminal;
use theme::Theme;

/// How the browser ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With this exit code: 0, or 129, 130, 143 after a signal.
    Code(u8),
    /// For a look at sample data, after which it is opened again.
    Demo,
}

/// Runs the browser until the user quits.
///
/// # Errors
/// `Kind::Usage` if stdin or stdout is not a terminal or `TERM` is `dumb` or unset.
pub fn run(config: &Arc<Config>, panes: [Landing; 2]) -> Result<End> {
    terminal::check_tty()?;
    let theme = Theme::new(&config.ui);
    sanitize::set_screen_ascii(theme.ascii);
    let end = browse(config, theme, panes);
    // Messages after it may go to a file.
    sanitize::set_screen_ascii(false);
    end
}

fn browse(config: &Arc<Config>, theme: Theme, panes: [Landing; 2]) -> Result<End> {
    let mut terminal = Terminal::take_over(config.ui.mouse)?;
    let (state, effects) = first_state(config, theme, panes, &terminal);
    // The first frame comes before runtime, credentials and network.
    terminal.draw(|frame| view::draw(&state, frame))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Error::new(Kind::Internal, format!("cannot start: {error}")))?;
    let end = runtime.block_on(async {
        let mut session = Session::start(config, terminal, state)?;
        session.run(effects).await
    });
    // Whatever still waits for a disk or a server must not keep the user waiting.
    runtime.shutdown_background();
    end
}

fn first_state(
    config: &Arc<Config>,
    theme: Theme,
    panes: [Landing; 2],
    terminal: &Terminal,
) -> (State, Vec<Effect>) {
    let size = terminal.size();
    let [(left, left_sought), (right, right_sought)] = panes.map(begin);
    let shown = [left.place.clone(), right.place.clone()];
    let (mut state, mut effects) =
        State::new(Arc::clone(config), theme, [left, right], (size.width, size.height));
    let sought = [left_sought, right_sought].into_iter().zip([PaneId::Left, PaneId::Right]).zip(shown);
    for (reads, ((sought, pane), shown)) in effects.iter_mut().zip(sought) {
        if !sought.is_empty() {
            *reads = Effect::Locate { pane, asked: Asked::Start(shown), readings: sought };
        }
    }
    state.home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    if config.profiles.is_empty() {
        update::welcome(&mut state, importable().0);
    }
    // Asked for before anything is typed, so that nothing is typed into the panes instead.
    state.locked = [PaneId::Left, PaneId::Right].iter().any(|&id| config.is_locked(&state.pane(id).location));
    effects.push(Effect::FindUnfinished);
    effects.push(Effect::Edit(EditEffect::Find));
    effects.push(Effect::Places(PlacesChange::Load));
    update::settle(&mut state, &mut effects);
    (state, effects)
}

/// What a pane shows first, and what is looked for before it reads anything: a key may be an object or a prefix, and
/// spaces behind it a slip.
fn begin(start: Landing) -> (Landing, Vec<Location>) {
    match start.place {
        Location::Local(path) => {
            let path = std::path::absolute(&path).unwrap_or(path);
            (Landing { place: update::folder(Location::Local(path)), ..start }, Vec::new())
        }
        Location::Remote(remote) if !remote.is_prefix() => {
            let spelled = |key: &str| Location::Remote(Remote { key: key.to_owned(), ..remote.clone() });
            let readings: Vec<Location> = spellings(&remote.key).map(spelled).collect();
            let key = Location::Remote(remote);
            let above = key.parent().unwrap_or_else(|| key.clone());
            (Landing { cursor: key.below(&above), place: above }, readings)
        }
        place => (Landing { place, ..start }, Vec::new()),
    }
}
