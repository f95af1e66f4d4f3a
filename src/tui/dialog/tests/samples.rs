//! Every dialog as a user may meet it, with hostile names in it.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;

use super::super::super::message::Link;
use super::super::super::units::Units;
use super::super::*;
use super::press;
use crate::error::{Error, Kind};
use crate::links::{Disposition, LinkRequest, Standing};
use crate::location::{Location, Remote};
use crate::s3::{Attributes, EndsBecause, Fact, Presigned, Stored, Upload, Version, Versioning};
use crate::sync::{Plan, Reason, Skipped, Step, StepKind};
use crate::transfer::{Conflict, Failure, Item, Request, TransferId, Unfinished, Verb};
use crate::walk::uploads::Held;
use crate::walk::versions::Scope;
use crate::walk::{Counted, Extent, Target, Total};

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub(super) fn remote(key: &str) -> Remote {
    Remote { profile: "work".into(), bucket: "media".into(), key: key.into() }
}

pub(super) fn conflict() -> Conflict {
    Conflict {
        source: Location::Local(
            "/home/ada/photos/2026/a very long folder name indeed/cat \u{202e}gpj.exe".into(),
        ),
        source_size: 2_400_000,
        source_modified: Some(at("2026-03-01T12:00:00Z")),
        target: Location::Remote(remote("photos/cat.jpg")),
        target_size: 2_300_000,
        target_modified: Some(at("2026-03-02T12:00:00Z")),
    }
}

pub(super) fn link(key: &str, because: EndsBecause) -> Link {
    let mut request = LinkRequest::get(remote(key), Duration::from_hours(1));
    request.disposition = Disposition::Inline;
    let url = format!(
        "https://media.s3.eu-central-1.amazonaws.com/{key}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=\
         EXAMPLE%2F20260301%2Feu-central-1%2Fs3%2Faws4_request&X-Amz-Date=20260301T120000Z&X-Amz-Expires=3600\
         &X-Amz-SignedHeaders=host&X-Amz-Signature={}",
        "0123456789abcdef".repeat(4)
    );
    let signed = Presigned {
        url,
        headers: vec![],
        ends: Some(at("2026-03-01T13:00:00Z")),
        because,
        clock_ahead: jiff::SignedDuration::ZERO,
    };
    Link { request, signed, signed_at: at("2026-03-01T12:00:00Z") }
}

pub(super) fn sync_plan() -> Plan {
    let step = |relative: &str, kind, reason, bytes| Step {
        relative: relative.to_owned(),
        kind,
        reason,
        bytes,
        from: Location::Local("/home/ada/photos".into()),
        to: Location::Remote(remote(relative)),
        known: None,
    };
    let mut steps = vec![
        step("2026/cat.jpg", StepKind::Create, Reason::Missing, 2_400_000),
        step("2026/dog.jpg", StepKind::Update, Reason::Size { source: 2_400_000, target: 12 }, 2_400_000),
        step("evil \u{1b}[2J\u{202e}gpj.exe", StepKind::Update, Reason::Newer, 1),
        step(&"日本語/".repeat(20), StepKind::Update, Reason::Unknown("no checksum is kept".into()), 999),
        step("old/notes.txt", StepKind::Delete, Reason::Extra, 120),
    ];
    steps.extend((0..40).map(|n| step(&format!("z/{n:02}"), StepKind::Create, Reason::Missing, n)));
    Plan {
        source: Location::Local("/home/ada/photos".into()),
        target: Location::Remote(remote("photos/")),
        steps,
        unchanged: 12_345,
        extra: 0,
        source_files: 12_389,
        faults: vec![],
        skipped: Skipped::default(),
    }
}

pub(super) fn links() -> Dialog {
    let links = vec![link("cat.jpg", EndsBecause::Asked), link("dog.jpg", EndsBecause::Credentials)];
    Dialog::links(links, &Units::plain())
}

pub(super) fn upload(key: &str, started: Option<&str>) -> Upload {
    let started = started.map(at);
    Upload { bucket: "media".into(), key: key.into(), upload_id: key.into(), started }
}

/// Unfinished uploads as they are while the second page is on its way: measured, being measured, not measured yet.
pub(super) fn unfinished() -> Dialog {
    let mut dialog = Dialog::uploads(Location::Remote(remote("films/")), true);
    let uploads = dialog.as_uploads().expect("it is that one");
    let mut found = vec![
        upload("films/raw/tour-4k.mov", Some("2026-02-17T12:00:00Z")),
        upload("films/esc\u{1b}[2J \u{202e}gpj.exe", Some("2026-03-01T11:59:18Z")),
        upload("films/日本語", None),
    ];
    found.extend((0..40).map(|n| upload(&format!("films/{n:02}/{}", "long ".repeat(30)), None)));
    uploads.found(Ok(found), at("2026-03-01T12:00:00Z"));
    uploads.found(Err(Error::new(Kind::Denied, "cannot list it: access denied")), at("2026-03-01T12:00:00Z"));
    assert_eq!(uploads.measure().len(), 8, "no more at once");
    uploads.held(0, Ok(Held { parts: 3, bytes: 3_400_000_000 }));
    uploads.held(1, Ok(Held { parts: 1, bytes: 5 }));
    uploads.held(2, Err(Error::new(Kind::NotFound, "it is gone")));
    press(&mut dialog, KeyCode::Char(' '));
    press(&mut dialog, KeyCode::Char(' '));
    dialog
}

pub(super) fn no_uploads(lists_all: bool) -> Dialog {
    let mut dialog = Dialog::uploads(Location::Profile("work".into()), lists_all);
    dialog.as_uploads().expect("it is that one").end();
    dialog
}

pub(super) fn failed() -> Dialog {
    let failure = |number: u64, key: &str| {
        let text = format!("cannot write {}: access denied (AccessDenied: \u{1b}[2J no)", remote(key));
        let error = Error::new(Kind::Denied, text).with_hint("the key may read here, but not write");
        Failure {
            number,
            source: Location::Local(format!("/home/ada/{key}").into()),
            error,
            again: number > 0,
        }
    };
    let mut failures =
        vec![failure(0, "photos"), failure(1, "esc\u{1b}[2J \u{202e}gpj.exe"), failure(2, "日本語")];
    failures.extend((3..40).map(|n| failure(n, &format!("{n:02}/{}", "long ".repeat(30)))));
    Dialog::failures(TransferId(7), failures)
}

pub(super) fn version(key: &str, id: &str, latest: bool, size: Option<u64>) -> Version {
    let object = size.map(|size| Stored { size, ..Stored::default() });
    let modified = Some(at("2026-03-01T12:00:00Z"));
    Version { key: key.into(), id: id.into(), latest, modified, object }
}

pub(super) fn kept() -> Dialog {
    let mut dialog = Dialog::versions(Scope { root: remote("photos/"), tree: true });
    let versions = dialog.as_versions().expect("it is that one");
    let mut found = vec![
        version("photos/cat.jpg", "3HL4kqtJvjVBH40Nrjfkd", true, Some(2_400_000)),
        version("photos/cat.jpg", "3HL4kqtJlcpXroDTDmJ+r", false, Some(2_300_000)),
        version("photos/esc\u{1b}[2J \u{202e}gpj.exe", "null", true, None),
    ];
    found.extend(
        (0..40).map(|n| version(&format!("photos/{n:02}/{}", "long ".repeat(30)), "id", true, Some(n))),
    );
    versions.found(found);
    versions
        .end(true, Some(Error::new(Kind::Denied, "cannot list it: access denied").with_hint("ask for it")));
    press(&mut dialog, KeyCode::Char(' '));
    dialog
}

pub(super) fn kept_of_one() -> Dialog {
    let mut dialog = Dialog::versions(Scope { root: remote("plan.txt"), tree: false });
    let versions = dialog.as_versions().expect("it is that one");
    versions.found(vec![version("plan.txt", "null", true, Some(12))]);
    versions.end(false, None);
    dialog
}

pub(super) fn purge() -> Dialog {
    let scope = Scope { root: remote("photos/"), tree: true };
    let lines =
        vec!["43 versions, 4.7 MB, would be gone for good:".to_owned(), "everything below it".to_owned()];
    let mut dialog = Dialog::typed("Purge", &lines, Word::Name("photos".into()), Decision::Purge(scope));
    press(&mut dialog, KeyCode::Char('x'));
    press(&mut dialog, KeyCode::Enter);
    dialog
}

pub(super) fn attributes() -> Attributes {
    let metadata =
        [("owner", "ada"), ("esc", "\u{1b}[2J"), ("long", "word word word word word word word word word")];
    Attributes {
        content_type: Some("image/jpeg".into()),
        metadata: metadata.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        tags: vec![("größe \u{202e}".to_owned(), "groß".to_owned())],
        ..Attributes::default()
    }
}

pub(super) fn names() -> Dialog {
    let old = ["cat.jpg", "esc\u{1b}[2J \u{202e}gpj.exe", "日本語.txt"].map(str::to_owned).into_iter();
    let old = old.chain((0..30).map(|n| format!("long {n:02} {}.txt", "word ".repeat(20))));
    let old = old.map(|name| Old::new(name.as_ref(), false)).collect();
    let mut dialog = Dialog::batch(old, HashSet::from(["dog.jpg".to_owned()]));
    dialog.on_paste("cat");
    press(&mut dialog, KeyCode::Tab);
    dialog.on_paste("dog");
    dialog
}

fn edited(why: Why) -> Dialog {
    let editing = Editing {
        place: Location::Remote(remote("note.txt")),
        file: "/home/ada/.local/state/twinpail/edits/edit-x1/esc\u{1b}[2J.txt".into(),
        base: None,
    };
    Dialog::unsaved(Box::new(editing), why)
}

pub(super) fn unsaved() -> Dialog {
    let error = Error::new(Kind::Changed, "work:media/note.txt was changed by somebody else meanwhile");
    edited(Why::Refused(error.with_hint("overwrite it, or save yours under another key")))
}

fn editor_failed() -> Dialog {
    edited(Why::EditorFailed(Error::new(Kind::Local, "the editor `vim` was killed by signal 9")))
}

pub(super) fn facts() -> Dialog {
    let mut rows = vec![
        Property::new("size", "2.4 MB (2,400,000 bytes)"),
        Property::new("key", "日本語/".repeat(30) + "\u{1b}[2J"),
        Property::new("metadata origin", "word ".repeat(40)),
    ];
    let refused = Err("AccessDenied: no \u{1b}[2J".to_owned());
    rows.extend(Property::of(&Fact { name: "tags", value: refused, alarming: false }));
    rows.extend(Property::of(&Fact { name: "retention", value: Ok(Vec::new()), alarming: false }));
    Dialog::facts(Location::Remote(remote("cat.jpg")), rows, None)
}

pub(super) fn bucket() -> Dialog {
    let open = vec!["its policy lets anybody s3:GetObject".to_owned()];
    let policy: Vec<String> = (0..40).map(|n| format!("line {n} of a policy")).collect();
    let facts = [
        Fact { name: "PUBLIC", value: Ok(open), alarming: true },
        Fact::known("versioning", "enabled"),
        Fact { name: "policy", value: Ok(policy), alarming: true },
    ];
    let rows = facts.iter().flat_map(Property::of).collect();
    Dialog::facts(Location::Remote(remote("")), rows, Some(Versioning::Enabled))
}

pub(super) fn given_out() -> Dialog {
    let mut dialog = Dialog::given();
    let row = |sort, state: &str, count: &str, what: &str| Given {
        sort,
        id: "5f0c9a3be1d27784".into(),
        state: state.into(),
        count: count.into(),
        until: "2026-03-08 12:00".into(),
        what: what.into(),
        place: None,
        standing: None,
    };
    let stands = |standing, row| Given { standing: Some(standing), ..row };
    let rows = vec![
        row(Sort::Share, "open", "2/3", "tour-4k.mov  (for the print shop)"),
        row(Sort::Share, "revoked", "0", "gone"),
        row(Sort::Drop, "open", "4, 1.2 GB", "work:media/inbox/"),
        row(Sort::Kit, "open", "3/12 parts", "work:media/raw/\u{202e}gpj.exe"),
        row(Sort::Link, "open", "GET", "work:media/日本語/\u{1b}[2J"),
        stands(Standing::Changed, row(Sort::Link, "open", "GET", "work:media/cat.jpg")),
        stands(Standing::Arrived, row(Sort::Link, "open", "PUT", "work:media/inbox/cv.pdf")),
        stands(Standing::Gone, row(Sort::Link, "ended", "GET", "work:media/old.jpg")),
    ];
    let error = Error::new(Kind::Network, "cannot reach share.example.org").with_hint("is it running?");
    dialog.as_given().expect("it is that one").set(rows, vec![error]);
    dialog
}

/// A link that fits into a code on a small screen.
fn code() -> Dialog {
    let mut one = link("a", EndsBecause::Asked);
    one.signed.url = "https://files.example.org/a".into();
    let mut dialog = Dialog::links(vec![one], &Units::plain());
    press(&mut dialog, KeyCode::Char('Q'));
    dialog
}

fn usage() -> Dialog {
    let place = |key: &str| Location::Remote(remote(key));
    let mut dialog = Dialog::usage(place("films/"));
    let usage = dialog.as_usage().expect("it is that one");
    usage.enter(place("films/raw/"));
    let share = |key: &str, bytes| Share { place: place(key), bytes, files: 3, folder: true };
    let rows = vec![share("films/raw/a/", 3_000_000), share("films/raw/esc\u{1b}[2J/", 1_000)];
    usage.take(Measured { rows, looked: 6, bytes: 3_001_000, done: true, ..Measured::default() });
    dialog
}

fn end() -> Dialog {
    Dialog::confirm_end(Given {
        sort: Sort::Share,
        id: "one".into(),
        state: "open".into(),
        count: "2/3".into(),
        until: "2026-03-08 12:00".into(),
        what: "work:media/esc\u{1b}[2J \u{202e}gpj.exe".into(),
        place: None,
        standing: None,
    })
}

/// Transfers that earlier runs did not finish.
fn offer() -> Dialog {
    let one = |id: &str, verb, key: &str| {
        let (from, to) = (Location::Local("/home/ada/films".into()), Location::Remote(remote(key)));
        Unfinished {
            id: id.into(),
            created: at("2026-11-24T14:05:00Z"),
            request: Request {
                verb,
                items: vec![Item { from, to, tree: true, known: None }],
                ..Request::default()
            },
            files: 1234,
            bytes: 5_600_000,
            moved: Vec::new(),
            failed: vec![("/home/ada/films/x".into(), "access denied".into())],
            paused: false,
            over: false,
            busy: false,
            declined: false,
        }
    };
    let unfinished = vec![one("1", Verb::Copy, "films/"), one("2", Verb::Move, "esc\u{1b}[2J/")];
    Dialog::offer(unfinished, &Units::plain())
}

fn moving() -> Dialog {
    let subject = Subject {
        verb: Verb::Move,
        what: "cat.jpg".to_owned(),
        several: false,
        left_out: Some("2 marked entries are hidden by the filter and left out".to_owned()),
    };
    let extent =
        Extent { total: Total { files: 1, bytes: 3_400_000, ..Total::default() }, counted: Counted::All };
    let mut dialog = Dialog::transfer(subject, extent, "work:media/photos/");
    dialog.as_transfer().expect("it").means(Some("work:media/photos/cat.jpg".to_owned()));
    dialog
}

fn refused_copy() -> Dialog {
    let what = "1,200 entries".to_owned();
    let subject = Subject { verb: Verb::Copy, what, several: true, left_out: None };
    let extent = Extent {
        total: Total { files: 1_000, bytes: 5_600_000, ..Total::default() },
        counted: Counted::AtLeast,
    };
    let mut dialog = Dialog::transfer(subject, extent.clone(), "wrok:media/esc\u{1b}[2J/");
    let form = dialog.as_transfer().expect("it");
    let denied = Error::new(Kind::Denied, "cannot list work:media/raw/: access denied");
    form.counted(extent, Some(&denied));
    let unknown =
        Error::new(Kind::Usage, "there is no profile called wrok").with_hint("did you mean work: ?");
    form.refuse(&unknown);
    dialog
}

pub(super) fn every_dialog() -> Vec<(&'static str, Dialog)> {
    let targets = vec![Target { location: Location::Remote(remote("photos/")), tree: true }];
    let profiles = (0..30)
        .map(|n| (format!("profile{n}"), "Cloudflare R2".to_owned(), format!("https://r2-{n}.example.org")))
        .collect();
    let lines = vec!["cannot list work:media/: access denied".to_owned(), "check the policy".to_owned()];
    let uploads = vec![(0, upload("films/a.mov", None)), (1, upload("films/esc\u{1b}[2J.mov", None))];
    let held = Held { parts: 3, bytes: 3_400_000_000 };
    let aborted = Chosen { uploads, held, unknown: 1 };
    let here = Location::Remote(remote("films/"));
    let conflict = conflict::ConflictDialog::new(TransferId(7), conflict());
    vec![
        ("filter", Dialog::input(Purpose::Filter, "Filter", "*.jpg")),
        ("go_to", Dialog::input(Purpose::GoTo, "Go to", &"work:media/日本語/".repeat(9))),
        ("delete", Dialog::confirm_delete(targets, "photos/", "1234 files, 5.6 MB")),
        ("quit", Dialog::confirm_quit(2)),
        ("conflict", Dialog::Conflict(Box::new(conflict))),
        ("link", Dialog::link(link("cat.jpg", EndsBecause::Asked).request, true, "/home/u", &Units::plain())),
        ("links", links()),
        ("code", code()),
        ("usage", usage()),
        ("end", end()),
        ("uploads", unfinished()),
        ("no_uploads", no_uploads(false)),
        ("abort", Dialog::confirm_abort(&here, aborted, true, &Units::plain())),
        ("profiles", Dialog::profiles(profiles, Some("profile20"))),
        ("sync", Dialog::sync(sync_plan())),
        ("versions", kept()),
        ("versions_of_one", kept_of_one()),
        ("purge", purge()),
        ("failures", failed()),
        ("share", Dialog::share(vec![Location::Remote(remote("films/"))], &Units::plain())),
        (
            "share_several",
            Dialog::share(vec![here.clone(), Location::Remote(remote("raw/"))], &Units::plain()),
        ),
        ("given", given_out()),
        ("help", Dialog::help(&Keys::default(), Screen::Browser)),
        ("help_searched", super::help::searched("copy link")),
        ("batch", names()),
        ("unsaved", unsaved()),
        ("editor_failed", editor_failed()),
        ("still_open", edited(Why::StillOpen)),
        ("left_behind", edited(Why::LeftBehind)),
        ("offer", offer()),
        ("wait", Dialog::wait("Counting", "counting what would be deleted".to_owned())),
        ("facts", facts()),
        ("properties", Dialog::properties("Properties of cat.jpg", Vec::new(), Some(&attributes()))),
        ("properties_of_several", Dialog::properties("Properties of 3 marked entries", Vec::new(), None)),
        ("bucket", bucket()),
        ("new_profile", super::setup::new_profile()),
        ("new_profile_refused", super::setup::refused()),
        ("import", super::setup::imported()),
        ("move", moving()),
        ("copy_refused", refused_copy()),
        ("message", Dialog::message("Failed", lines)),
    ]
}
