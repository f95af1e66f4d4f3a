//! The record of a job: what was asked for, which files of it are over, how it stands.

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::file::read as read_file;
use super::log::{Log, Opened};
use super::{FORMAT, Journal, in_full};
use crate::error::{Error, Kind, Result};
use crate::location::Location;
use crate::transfer::types::{Conflict, OnConflict, Request};

/// Jobs of which only failures are left are forgotten after so long.
const FORGOTTEN_AFTER: jiff::SignedDuration = jiff::SignedDuration::from_hours(30 * 24);

/// Files that a move can be taken back with.
pub const MOST_TAKEN_BACK: usize = 100_000;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Header {
    format: u32,
    created: Timestamp,
    request: Request,
}

/// A file that is over: its source as it was then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::transfer) struct Mark {
    #[serde(rename = "f")]
    pub(in crate::transfer) source: String,
    #[serde(rename = "s")]
    pub(in crate::transfer) size: u64,
    /// ETag or time: what tells one state of it from another.
    #[serde(rename = "v")]
    pub(in crate::transfer) state: String,
    /// Where it is, unless that goes without saying.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub(in crate::transfer) target: Option<Location>,
    /// The ETag that its target got, where it was named.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub(in crate::transfer) etag: Option<String>,
}

impl Mark {
    /// Whether it is about the very state of a source that `other` is about.
    pub(in crate::transfer) fn is_of(&self, other: &Self) -> bool {
        (&self.source, self.size, &self.state) == (&other.source, other.size, &other.state)
    }
}

/// What is added to the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::transfer) enum Line {
    /// A file has arrived.
    Done(Mark),
    /// A file that is moved has arrived, and its source is about to go: from where to where.
    Moved(Location, Location),
    /// A name was chosen for a file that is about to be written: from where to where.
    Chosen(Location, Location),
    /// The user's word on an existing target, and whether it holds for all further ones.
    Answered(Box<Conflict>, OnConflict, bool),
    /// Targets that are the same are skipped.
    SkipSame,
    /// A file has failed: source and reason.
    Failed(String, String),
    /// The user paused it, or went on.
    Paused(bool),
    /// The user's order.
    Priority(i32),
    /// Bytes a second.
    Limit(Option<u64>),
    /// It is begun anew: what failed before counts no more.
    Again,
    /// It ran to its end, with failures.
    Over,
    /// The user does not want to be asked about it again.
    Declined,
}

/// Bytes a second at most; `None`: limited no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transfer) struct Limit(pub(in crate::transfer) Option<u64>);

/// What the lines of a record come to.
#[derive(Clone, Debug, Default)]
struct Told {
    done: HashMap<String, Mark>,
    moved: Vec<(Location, Location)>,
    chosen: HashMap<Location, Location>,
    answers: HashMap<Location, (Conflict, OnConflict)>,
    answer_to_all: Option<OnConflict>,
    skips_same: bool,
    failed: Vec<(String, String)>,
    paused: bool,
    priority: i32,
    /// What the user limited it to last, if anything was said.
    limit: Option<Limit>,
    over: bool,
    declined: bool,
}

/// What was done before of a job.
#[derive(Clone, Debug, Default)]
pub(in crate::transfer) struct Before {
    /// Files that have arrived, by their sources.
    pub(in crate::transfer) done: HashMap<String, Mark>,
    /// What was moved: from where to where it was last.
    pub(in crate::transfer) moved: HashMap<Location, Location>,
    /// Names that were chosen, whether or not the files got them.
    pub(in crate::transfer) chosen: HashMap<Location, Location>,
    /// What the user said about targets that exist, by source, with the question that was answered.
    pub(in crate::transfer) answers: HashMap<Location, (Conflict, OnConflict)>,
    /// What holds for all further ones.
    pub(in crate::transfer) answer_to_all: Option<OnConflict>,
    /// Whether targets that are the same are skipped.
    pub(in crate::transfer) skips_same: bool,
}

impl Told {
    /// Takes it out.
    fn before(&mut self) -> Before {
        Before {
            done: std::mem::take(&mut self.done),
            moved: self.moved.drain(..).collect(),
            chosen: std::mem::take(&mut self.chosen),
            answers: std::mem::take(&mut self.answers),
            answer_to_all: self.answer_to_all,
            skips_same: self.skips_same,
        }
    }
}

/// A job that an earlier run did not finish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Names it in `transfers resume` and `transfers forget`.
    pub id: String,
    /// When it was begun.
    pub created: Timestamp,
    /// What was asked for.
    pub request: Request,
    /// Files that have arrived.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What a move has moved: from where to where. Of more than [`MOST_TAKEN_BACK`] only one more, which says so.
    pub moved: Vec<(Location, Location)>,
    /// What failed, and why.
    pub failed: Vec<(String, String)>,
    /// Whether the user had paused it.
    pub paused: bool,
    /// Whether it ran to its end and only failures are left.
    pub over: bool,
    /// Whether a running twinpail is at it.
    pub busy: bool,
    /// Whether the user does not want to be asked about it again.
    pub declined: bool,
}

/// The record of a running job.
#[derive(Debug)]
pub(in crate::transfer) struct JobRecord {
    pub(in crate::transfer) id: String,
    log: Log,
    /// What an earlier run has done.
    pub(in crate::transfer) before: Before,
    pub(in crate::transfer) paused: bool,
    pub(in crate::transfer) priority: i32,
    /// What the user limited it to last, if anything was said.
    pub(in crate::transfer) limit: Option<Limit>,
}

/// What `lines` say; of what was moved the first `most`.
fn tell(lines: &[String], most: usize) -> Option<(Header, Told)> {
    let (header, rest) = lines.split_first()?;
    let header: Header =
        serde_json::from_str(header).ok().filter(|header: &Header| header.format == FORMAT)?;
    let mut told = Told::default();
    for line in rest {
        match serde_json::from_str(line).ok()? {
            Line::Done(mark) => drop(told.done.insert(mark.source.clone(), mark)),
            Line::Moved(from, to) if told.moved.len() < most => told.moved.push((from, to)),
            Line::Moved(..) => {}
            Line::Chosen(from, to) => drop(told.chosen.insert(from, to)),
            Line::Answered(_, choice, true) => told.answer_to_all = Some(choice),
            Line::Answered(conflict, choice, false) => {
                told.answers.insert(conflict.source.clone(), (*conflict, choice));
            }
            Line::SkipSame => told.skips_same = true,
            Line::Failed(source, why) => told.failed.push((source, why)),
            Line::Paused(paused) => told.paused = paused,
            Line::Priority(priority) => told.priority = priority,
            Line::Limit(limit) => told.limit = Some(Limit(limit)),
            Line::Again => (told.over, told.failed, told.declined) = (false, Vec::new(), false),
            Line::Over => told.over = true,
            Line::Declined => told.declined = true,
        }
    }
    Some((header, told))
}

fn id_of(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

impl Journal {
    /// The record of a job: that of an equal one that was interrupted, else a new one. One that ran to its end with
    /// failures is gone on with only if it is `resumed` by name. `None` without a journal.
    pub(in crate::transfer) fn job(&self, request: &Request, resumed: bool) -> Option<JobRecord> {
        let folder = self.folder("jobs")?;
        let request = in_full(request);
        for path in self.records("jobs") {
            let Ok((lines, _)) = Log::peek(&path) else { continue };
            let equal = lines.first().and_then(|header| serde_json::from_str::<Header>(header).ok());
            if equal.is_some_and(|header| header.request.is_like(&request))
                && let Ok(Opened::Ours(log, lines)) = Log::open(&path)
                && let Some((_, mut told)) = tell(&lines, usize::MAX)
            {
                if told.over && !resumed {
                    log.remove();
                    continue;
                }
                let record = JobRecord {
                    id: id_of(&path),
                    log,
                    before: told.before(),
                    paused: told.paused,
                    priority: told.priority,
                    limit: told.limit,
                };
                record.note(&Line::Again);
                return Some(record);
            }
        }
        let id = format!("{:011x}{:05x}", Timestamp::now().as_millisecond(), fastrand::u32(..) >> 12);
        let header = Header { format: FORMAT, created: Timestamp::now(), request };
        match Log::create(&folder.join(format!("{id}.log")), &header) {
            Ok(log) => Some(JobRecord {
                id,
                log,
                before: Before::default(),
                paused: false,
                priority: 0,
                limit: None,
            }),
            Err(error) => {
                tracing::warn!(%error, "going on without the journal");
                None
            }
        }
    }

    /// Every job that is not finished, oldest first. Records that cannot be read are set aside; what only failed is
    /// forgotten after a month.
    pub(in crate::transfer) fn unfinished(&self) -> Vec<Unfinished> {
        let long_ago = Timestamp::now().checked_sub(FORGOTTEN_AFTER).unwrap_or(Timestamp::MIN);
        let mut found = Vec::new();
        for path in self.records("jobs") {
            let Ok((lines, busy)) = Log::peek(&path) else { continue };
            let Some((header, told)) = tell(&lines, MOST_TAKEN_BACK + 1) else {
                self.set_aside(&path);
                continue;
            };
            if told.over && !busy && header.created < long_ago {
                let _ = std::fs::remove_file(&path);
                continue;
            }
            found.push(Unfinished {
                id: id_of(&path),
                created: header.created,
                request: header.request,
                files: told.done.len() as u64,
                bytes: told.done.values().map(|mark| mark.size).sum(),
                moved: told.moved,
                failed: told.failed,
                paused: told.paused,
                over: told.over,
                busy,
                declined: told.declined,
            });
        }
        found
    }

    /// Writes down that the user does not want to be asked about a job again.
    ///
    /// # Errors
    /// The file system's. One that is gone, or that a running twinpail is at, needs no note.
    pub(in crate::transfer) fn decline(&self, id: &str) -> Result<()> {
        let path = self.records("jobs").into_iter().find(|path| id_of(path) == id);
        let Some(path) = path else { return Ok(()) };
        match Log::open(&path)? {
            Opened::Ours(log, _) => log.append(&Line::Declined),
            Opened::Absent | Opened::Busy => Ok(()),
        }
    }

    /// Forgets a job; returns what it left to be cleaned up: unfinished uploads (target and upload id) and `.part`
    /// files.
    ///
    /// # Errors
    /// `Kind::NotFound`; `Kind::Exists` if a running twinpail is at it.
    pub(in crate::transfer) fn forget(&self, id: &str) -> Result<Vec<Leftover>> {
        let path = self.records("jobs").into_iter().find(|path| id_of(path) == id);
        let Some(path) = path else {
            return Err(Error::new(Kind::NotFound, format!("there is no transfer {id}"))
                .with_hint("`twinpail transfers ls` lists them"));
        };
        let log = match Log::open(&path)? {
            Opened::Ours(log, _) => log,
            Opened::Absent => return Ok(Vec::new()),
            Opened::Busy => {
                return Err(Error::new(Kind::Exists, format!("transfer {id} is running"))
                    .with_hint("cancel it where it runs"));
            }
        };
        let mut left = Vec::new();
        for path in self.records("files") {
            let Ok(Opened::Ours(file, lines)) = Log::open(&path) else { continue };
            let Some((begun, _)) = read_file(&lines).filter(|(begun, _)| begun.job.as_deref() == Some(id))
            else {
                continue;
            };
            if let Some(upload_id) = begun.upload_id {
                left.push(Leftover::Upload(begun.target, upload_id));
            }
            left.extend(begun.partial.map(Leftover::Partial));
            file.remove();
        }
        log.remove();
        Ok(left)
    }
}

/// What a forgotten job leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::transfer) enum Leftover {
    /// An unfinished upload.
    Upload(Location, String),
    /// A `.part` file.
    Partial(std::path::PathBuf),
}

impl JobRecord {
    /// What has arrived and what was moved by now, in this run or in an earlier one; `None` if it cannot be read.
    pub(in crate::transfer) fn read(&self) -> Option<Before> {
        let lines = self.log.read().ok()?;
        tell(&lines, usize::MAX).map(|(_, mut told)| told.before())
    }

    /// Adds a line; a journal that cannot be written does not stop a transfer.
    pub(in crate::transfer) fn note(&self, line: &Line) {
        if let Err(error) = self.log.append(line) {
            tracing::warn!(%error, "the journal misses something");
        }
    }

    /// Nothing is left to be done.
    pub(in crate::transfer) fn remove(self) {
        self.log.remove();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::types::Item;

    fn request(name: &str) -> Request {
        let item = Item {
            from: Location::Local(name.into()),
            to: Location::Local("/b".into()),
            tree: true,
            known: None,
        };
        Request { items: vec![item], on_conflict: OnConflict::Skip, ..Request::default() }
    }

    #[test]
    fn of_what_a_huge_move_has_moved_only_so_much_is_told_but_it_goes_on_with_all_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::at(folder.path().join("t"));
        drop(journal.job(&request("/a"), false).unwrap());
        let place = |n: usize| Location::Local(format!("/{n}").into());
        let line = |n| serde_json::to_string(&Line::Moved(place(n), place(0))).unwrap();
        let lines: Vec<String> = (0..MOST_TAKEN_BACK + 10).map(line).collect();
        let record = &journal.records("jobs")[0];
        let header = std::fs::read_to_string(record).unwrap();
        std::fs::write(record, format!("{header}{}\n", lines.join("\n"))).unwrap();
        assert_eq!(journal.unfinished()[0].moved.len(), MOST_TAKEN_BACK + 1);
        let record = journal.job(&request("/a"), false).unwrap();
        assert!(record.before.moved.contains_key(&place(MOST_TAKEN_BACK + 9)));
    }

    #[test]
    fn a_job_that_is_not_to_be_asked_about_stays_so_until_it_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::at(folder.path().join("t"));
        drop(journal.job(&request("/a"), false).unwrap());
        let id = journal.unfinished()[0].id.clone();
        assert!(!journal.unfinished()[0].declined);
        journal.decline(&id).unwrap();
        journal.decline("gone").unwrap();
        assert!(journal.unfinished()[0].declined);
        drop(journal.job(&request("/a"), true).unwrap());
        assert!(!journal.unfinished()[0].declined);
    }

    #[test]
    fn an_unfinished_job_is_found_again_by_its_request() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::at(folder.path().join("t"));
        let record = journal.job(&request("/a"), false).unwrap();
        let mark =
            Mark { source: "/a/x".into(), size: 3, state: "s".into(), target: None, etag: Some("e".into()) };
        record.note(&Line::Done(mark.clone()));
        record.note(&Line::Failed("/a/y".into(), "no".into()));
        record.note(&Line::Priority(2));
        let moved = (Location::Local("/a/x".into()), Location::Local("/b/x".into()));
        record.note(&Line::Moved(moved.0.clone(), moved.1.clone()));
        let other = journal.job(&request("/a"), false).unwrap();
        assert_ne!(other.id, record.id, "one that runs is not taken");
        other.remove();
        let id = record.id.clone();
        drop(record);
        let found = journal.unfinished();
        assert_eq!((found.len(), found[0].files, found[0].bytes, found[0].failed.len()), (1, 1, 3, 1));
        assert_eq!(found[0].moved, [moved]);
        let record = journal.job(&request("/a"), false).unwrap();
        assert_eq!((&record.id, record.priority), (&id, 2));
        assert_eq!(record.before.done, HashMap::from([("/a/x".to_owned(), mark)]));
        assert!(journal.unfinished()[0].busy);
        assert_eq!(journal.forget(&id).unwrap_err().kind(), Kind::Exists);
        drop(record);
        assert_eq!(journal.forget(&id).unwrap(), []);
        assert!(journal.unfinished().is_empty());
        assert_eq!(journal.forget(&id).unwrap_err().kind(), Kind::NotFound);
    }
}
