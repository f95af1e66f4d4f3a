//! Bookmarks and visits, to and from their file.

use crate::config::Paths;
use crate::error::Result;
use crate::places::{Places, PlacesFile};
use crate::tui::message::PlacesChange;

pub(super) fn change(paths: &Paths, change: &PlacesChange) -> Result<Places> {
    let file = PlacesFile::new(&paths.state);
    match change {
        PlacesChange::Load => file.read(),
        PlacesChange::Add(place) => file.change(|places| {
            places.add(place);
        }),
        PlacesChange::Remove(place) => file.change(|places| places.remove(place)),
        PlacesChange::Visit(place) => file.change(|places| places.visit(place)),
    }
}
