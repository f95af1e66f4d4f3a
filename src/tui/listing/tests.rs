use proptest::prelude::*;

use super::*;

fn entries(names: &[&str]) -> Vec<Entry> {
    names
        .iter()
        .map(|name| {
            let kind = if name.ends_with('/') { Kind::Prefix } else { Kind::Object };
            Entry { size: Some(name.len() as u64), ..Entry::new(*name, kind) }
        })
        .collect()
}

fn listing(local: bool, names: &[&str]) -> Listing {
    let mut listing = Listing::new(local);
    listing.append(&entries(names), &HashSet::new());
    listing
}

fn seen(listing: &Listing) -> Vec<String> {
    (0..listing.rows()).map(|row| listing.row(listing.at(row).unwrap()).label).collect()
}

#[test]
fn folders_come_first_and_local_names_as_people_count() {
    let local = listing(true, &["file10", "b/", "File2", ".hidden", "a/"]);
    assert_eq!(seen(&local), ["a/", "b/", "File2", "file10"]);
    let remote = listing(false, &["file10", "b/", "File2", ".hidden", "a/"]);
    assert_eq!(seen(&remote), ["a/", "b/", ".hidden", "File2", "file10"]);
}

#[test]
fn a_filter_is_text_or_a_glob() {
    let mut listing = listing(false, &["Cat.JPG", "catalogue.txt", "dog.jpg", "photos/"]);
    listing.set_filter("cat");
    assert_eq!(seen(&listing), ["Cat.JPG", "catalogue.txt"]);
    listing.set_filter("*.jpg");
    assert_eq!(seen(&listing), ["Cat.JPG", "dog.jpg"]);
    listing.set_filter("ph*");
    assert_eq!(seen(&listing), ["photos/"]);
    listing.set_filter("[");
    assert_eq!(listing.rows(), 0);
    listing.set_filter("");
    assert_eq!(listing.rows(), 4);
}

#[test]
fn marks_belong_to_entries_and_are_counted() {
    let mut listing = listing(false, &["a", "bb", "ccc"]);
    listing.mark_seen(|name, _| name != b"bb");
    assert_eq!(listing.marks(), (2, 4));
    listing.set_sort(SortBy::Size, false);
    let marked: Vec<_> = listing.marked().iter().map(|entry| listing.name(*entry).to_owned()).collect();
    assert_eq!(marked, ["ccc", "a"], "in the order that is seen");
    listing.mark_seen(|_, marked| !marked);
    assert_eq!(listing.marks(), (1, 2));
}

#[test]
fn a_hundred_thousand_keys_stay_small() {
    let mut listing = Listing::new(false);
    for page in 0..100 {
        let names: Vec<String> = (0..1000).map(|n| format!("IMG_{:08}.jpg", page * 1000 + n)).collect();
        listing.append(&entries(&names.iter().map(String::as_str).collect::<Vec<_>>()), &HashSet::new());
    }
    let bytes = listing.names.capacity()
        + 8 * (listing.ends.capacity() + listing.sizes.capacity() + listing.times.capacity())
        + listing.kinds.capacity()
        + listing.classes.capacity()
        + listing.marks.capacity()
        + 4 * listing.view.capacity();
    assert!(bytes < 12 << 20, "{bytes} bytes");
}

proptest! {
    #[test]
    fn pages_merge_into_the_order_of_the_whole(
        pages in proptest::collection::vec(proptest::collection::vec("[a-cA-C0-2]{1,3}/?", 0..8), 0..6),
        by in prop_oneof![Just(SortBy::Name), Just(SortBy::Size), Just(SortBy::Time)],
        reverse: bool,
        local: bool,
    ) {
        let mut paged = Listing::new(local);
        paged.set_sort(by, reverse);
        for page in &pages {
            paged.append(&entries(&page.iter().map(String::as_str).collect::<Vec<_>>()), &HashSet::new());
        }
        let view = paged.view.clone();
        paged.rebuild();
        prop_assert_eq!(&view, &paged.view);
        for (row, entry) in view.iter().enumerate() {
            prop_assert_eq!(paged.row_of(*entry), row);
        }
    }
}
