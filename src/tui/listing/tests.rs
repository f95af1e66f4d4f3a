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
    for long in ["x", "*", "[日本]"] {
        listing.set_filter(&long.repeat(1 << 18));
        assert_eq!(listing.rows(), 0, "no name is as long as a pasted text");
    }
    listing.set_filter("");
    assert_eq!(listing.rows(), 4);
}

#[test]
fn a_filter_of_letters_takes_them_in_their_order_wherever_they_are() {
    let mut listing = listing(false, &["Cat.JPG", "catalogue.txt", "dog.jpg", "écart.jpg", "tac.jpg"]);
    listing.set_filter("~ctj");
    assert_eq!(seen(&listing), ["Cat.JPG", "écart.jpg"]);
    listing.set_filter("~");
    assert_eq!(listing.rows(), 5, "no letters yet");
    listing.set_filter("~ecrt");
    assert_eq!(seen(&listing), ["écart.jpg"], "accents may be left out");
    listing.set_filter("[~]*");
    assert_eq!(listing.rows(), 0);
}

#[test]
fn what_a_filter_looked_for_is_known_of_every_name() {
    let hits = |filter: &str, label: &str| -> Vec<String> {
        let filter = Filter::new(filter);
        let hits = filter.sieve().hits(label);
        hits.into_iter().map(|hit| label[hit].to_owned()).collect()
    };
    assert_eq!(hits("AN", "banana.txt"), ["an", "an"]);
    assert_eq!(hits("img_*.jp?g", "IMG_01.jpeg"), ["IMG_", ".jp", "g"]);
    assert_eq!(hits("*.{jpg,png}", "a.b.png"), ["."]);
    assert_eq!(hits("*[0-9]", "photos 2/"), Vec::<String>::new());
    assert_eq!(hits("ph*s", "photos/"), ["ph", "s"]);
    assert_eq!(hits("~éjg", "écart.jpg").concat(), "éjg");
    assert_eq!(hits("", "a"), Vec::<String>::new());
}

/// Does what a listing wants, as another thread would; returns what it told.
fn arranged(listing: &mut Listing) -> Vec<Arranged> {
    let mut told = Vec::new();
    listing.wants().expect("nothing is wanted").run(|| true, |done| told.push(done));
    told
}

#[test]
fn a_long_listing_is_arranged_elsewhere_and_shows_the_old_order_meanwhile() {
    let names: Vec<String> = (0..50_000).map(|n| format!("{:05}-{}", n, "x".repeat(n % 7))).collect();
    let mut listing = Listing::new(false);
    for page in names.chunks(1000) {
        listing.append(&entries(&page.iter().map(String::as_str).collect::<Vec<_>>()), &HashSet::new());
    }
    assert!(listing.pending().is_none() && listing.wants().is_none(), "pages fit in where they belong");
    listing.set_sort(SortBy::Size, false);
    assert_eq!(
        (listing.pending(), listing.at(0), listing.sort().0),
        (Some("sorting"), Some(0), SortBy::Size)
    );
    listing.append(&entries(&["99999-yyyyyyyyy"]), &HashSet::new());
    assert_eq!(listing.rows(), 50_001, "a page is seen at once");
    let told = arranged(&mut listing);
    assert!(listing.wants().is_none(), "once");
    listing.append(&entries(&["99999-zzzzzzzzzz"]), &HashSet::new());
    for done in told {
        listing.take(done);
    }
    assert!(listing.pending().is_none());
    let first: Vec<String> = seen(&listing).into_iter().take(3).collect();
    assert_eq!(first, ["99999-zzzzzzzzzz", "99999-yyyyyyyyy", "00006-xxxxxx"], "what came meanwhile too");
}

#[test]
fn the_first_rows_of_a_filter_come_before_the_others_and_more_letters_look_at_fewer_names() {
    let names: Vec<String> = (0..60_000).map(|n| format!("{n:05}")).collect();
    let mut listing = Listing::new(false);
    for page in names.chunks(1000) {
        listing.append(&entries(&page.iter().map(String::as_str).collect::<Vec<_>>()), &HashSet::new());
    }
    listing.set_filter("3");
    let told = arranged(&mut listing);
    assert_eq!(told.iter().map(|done| done.whole).collect::<Vec<_>>(), [false, true]);
    let rows: Vec<Vec<u32>> = told.iter().map(|done| done.seen.as_ref().unwrap().to_vec()).collect();
    assert!(rows[1].starts_with(&rows[0]) && rows[0].len() < rows[1].len());
    listing.take(told[0].clone());
    assert!(listing.pending().is_some() && listing.rows() == rows[0].len());
    listing.set_filter("33");
    assert!(listing.wants().unwrap().within.is_none(), "a beginning is not all of them");
    listing.set_filter("3");
    assert!(listing.wants().unwrap().within.is_none());
    listing.want_again();
    for done in arranged(&mut listing) {
        listing.take(done);
    }
    listing.set_filter("33");
    let work = listing.wants().unwrap();
    assert_eq!(work.within.as_deref(), Some(&rows[1]), "more letters look at fewer names");
    listing.set_filter("~3");
    let work = listing.wants().unwrap();
    assert!(work.within.is_none() && work.order.is_some(), "all names anew, but nothing is sorted");
}

#[test]
fn a_folder_that_comes_in_one_piece_is_put_in_order_elsewhere() {
    let names: Vec<String> = (0..30_000).rev().map(|n| format!("{n:05}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut listing = Listing::new(true);
    listing.append(&entries(&names), &HashSet::from([OsString::from("00007")]));
    assert_eq!((listing.rows(), listing.pending()), (0, Some("sorting")));
    assert_eq!(listing.marked().len(), 1, "a mark is one wherever its entry is");
    for done in arranged(&mut listing) {
        listing.take(done);
    }
    assert_eq!((listing.rows(), seen(&listing)[0].as_str()), (30_000, "00000"));
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
    let bytes = listing.columns.footprint() + listing.marks.capacity() + 4 * listing.order.capacity();
    assert!(listing.seen.is_none(), "what is seen is not written down twice");
    assert!(bytes < 12 << 20, "{bytes} bytes");
}

#[test]
fn it_does_not_count_whether_an_accent_is_part_of_its_character() {
    let (one, two) = ("r\u{e9}sum\u{e9}.pdf", "RE\u{301}SUME\u{301}.pdf");
    for text in ["sum\u{e9}", "SUME\u{301}", "~r\u{e9}pdf", "~re\u{301}pdf", "*\u{e9}.pdf", "*E\u{301}.p?f"] {
        for name in [one, two] {
            let filter = Filter::new(text);
            assert!(filter.sieve().takes(name.as_bytes()), "{text} {name}");
            let hits = filter.sieve().hits(name);
            assert!(
                !hits.is_empty() && hits.iter().all(|hit| name.get(hit.clone()).is_some()),
                "{text} {name}"
            );
        }
    }
    assert!(Filter::new("{r\u{c9},x}*").sieve().takes(two.as_bytes()));
    for text in ["sum\u{e8}", "~r\u{e8}pdf", "*\u{e8}.pdf"] {
        assert!(!Filter::new(text).sieve().takes(two.as_bytes()), "{text}");
    }
    assert!(Filter::glob("*SUM\u{c9}*").unwrap().sieve().takes(two.as_bytes()), "marks by a pattern, too");
    let hits = Filter::new("m\u{e9}.p").sieve().hits(two);
    assert_eq!(two.get(hits[0].clone()), Some("ME\u{301}.p"));
    let mut listing = Listing::new(true);
    listing.append(&entries(&["a", "z\u{e9}", two]), &HashSet::new());
    let row = |text: &str| listing.jump(text, 0).map(|row| listing.name(listing.at(row).unwrap()).to_owned());
    assert_eq!(row("r\u{e9}s").as_deref(), Some(OsStr::new(two)), "begins");
    assert_eq!(row("um\u{e9}").as_deref(), Some(OsStr::new(two)), "contains");
    assert_eq!(row("ze\u{301}").as_deref(), Some(OsStr::new("z\u{e9}")));
    // What was read is filtered anew as letters come: a mark changes the letter before it.
    let mut narrowed = Listing::new(true);
    narrowed.append(&entries(&[one, two, "other"]), &HashSet::new());
    for text in ["e", "e\u{301}", "e\u{301}."] {
        narrowed.set_filter(text);
    }
    assert_eq!(narrowed.rows(), 2);
}

proptest! {
    #[test]
    fn what_is_faster_takes_the_same_names(name in "[aA.bé/]{0,8}", filter in r"[ab*?./é]{0,4}[aA\[\]{},*]{0,4}") {
        let glob = globset::GlobBuilder::new(&filter).case_insensitive(true).build();
        if let (Ok(glob), Some(filter)) = (glob, Filter::glob(&filter)) {
            let bare = name.strip_suffix('/').unwrap_or(&name);
            prop_assert_eq!(filter.sieve().takes(name.as_bytes()), glob.compile_matcher().is_match(bare));
        }
        let letters = filter.replace(['*', '?'], "");
        let is_subsequence = {
            let mut rest = name.chars().map(|c| c.to_ascii_lowercase());
            letters.chars().map(|c| c.to_ascii_lowercase()).all(|letter| rest.any(|c| c == letter))
        };
        // Without accents in the filter those of names do not count.
        if name.is_ascii() {
            let filter = Filter::new(&format!("~{letters}"));
            prop_assert_eq!(filter.sieve().takes(name.as_bytes()), is_subsequence);
        }
    }

    #[test]
    fn ranks_put_no_entry_anywhere_else(
        facts in proptest::collection::vec((any::<Option<u64>>(), any::<Option<i32>>(), any::<bool>()), 0..20),
        by in prop_oneof![Just(SortBy::Name), Just(SortBy::Size), Just(SortBy::Time)],
        reverse: bool,
    ) {
        let entry = |(size, time, folder): &(Option<u64>, Option<i32>, bool)| Entry {
            size: *size,
            modified: time.and_then(|time| Timestamp::from_second(time.into()).ok()),
            ..Entry::new("a", if *folder { Kind::Prefix } else { Kind::Object })
        };
        let mut listing = Listing::new(false);
        listing.append(&facts.iter().map(entry).collect::<Vec<_>>(), &HashSet::new());
        listing.set_sort(by, reverse);
        for pair in listing.view().windows(2) {
            prop_assert!(listing.columns.compare(listing.how.order, pair[0], pair[1]).is_lt());
        }
    }

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
        let view = paged.view().clone();
        let mut whole = Listing::new(local);
        whole.append(&entries(&pages.concat().iter().map(String::as_str).collect::<Vec<_>>()), &HashSet::new());
        whole.set_sort(by, reverse);
        prop_assert_eq!(&view, whole.view());
        for (row, entry) in view.iter().enumerate() {
            prop_assert_eq!(paged.row_of(*entry), row);
        }
    }
}
