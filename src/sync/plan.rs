//! Makes a [`Plan`]: reads both trees, settles doubts, changes nothing.

use tokio::task::JoinSet;

use super::apart;
use super::compare::{Direction, Verdict, settled, verdict};
use super::content::{self, Content, Place, blocking};
use super::pairing::{Pairing, Rest, is_unread};
use super::places::{self, below, tree};
use super::rules::Rules;
use super::types::{Compare, File, Options, Plan, Reason, Skipped, Step, StepKind};
use crate::error::{Error, Kind, Result};
use crate::location::Location;
use crate::s3::Connections;
use crate::transfer::Known;
use crate::walk::Links;

/// Doubts being settled.
const AT_ONCE: usize = 32;

/// Finds out what makes `target` like `source`; both are folders or prefixes. Dropping the future stops it.
///
/// # Errors
/// Places that are no trees or not apart, wrong patterns, and a tree that cannot be read at all. Parts that cannot be
/// read are [`Plan::faults`].
pub async fn plan(
    connections: &Connections,
    source: &Location,
    target: &Location,
    options: &Options,
) -> Result<Plan> {
    let (source, target) = (tree(source)?, tree(target)?);
    let doubt = apart::refuse_overlap(connections, &source, &target).await?;
    let (filters, root) = (options.filters.clone(), source.as_local().map(std::path::Path::to_path_buf));
    let rules = blocking(move || Rules::new(&filters, root.as_deref())).await?;
    let links = if options.copy_links { Links::Follow } else { Links::Skip };
    let mut pairing = Pairing::open(connections, &source, &target, rules, links).await?;
    let direction = Direction::of(&source, &target);
    let plan = Plan {
        source,
        target,
        steps: Vec::new(),
        unchanged: 0,
        extra: 0,
        source_files: 0,
        faults: Vec::new(),
        skipped: Skipped::default(),
    };
    let mut planner =
        Planner { connections, how: options.compare, direction, links, plan, doubts: JoinSet::new() };
    while let Some(pairs) = pairing.next().await? {
        for (source, target) in pairs {
            planner.pair(source, target).await;
        }
    }
    while planner.next_doubt().await {}
    let seen = pairing.seen[0];
    let mut plan = planner.plan;
    plan.source_files = seen;
    plan.add_rest(pairing.rest(), options.delete, links);
    plan.steps.sort_by(|left, right| left.relative.cmp(&right.relative));
    if let Some(overlap) = doubt {
        apart::prove(connections, overlap, &mut plan).await?;
    }
    Ok(plan)
}

/// A plan in the making.
struct Planner<'a> {
    connections: &'a Connections,
    how: Compare,
    direction: Direction,
    links: Links,
    plan: Plan,
    doubts: JoinSet<(File, Verdict)>,
}

impl Planner<'_> {
    async fn pair(&mut self, source: File, target: File) {
        match verdict(self.how, self.direction, &source, &target) {
            Verdict::Doubt => {
                while self.doubts.len() >= AT_ONCE {
                    self.next_doubt().await;
                }
                self.ask(source, target);
            }
            known => self.plan.add_pair(source, known, self.links),
        }
    }

    fn ask(&mut self, source: File, target: File) {
        let (from, to) = match (self.source_of(&source), below(&self.plan.target, &target.relative)) {
            (Ok(from), Ok(to)) => (from, to),
            (Err(error), _) | (_, Err(error)) => return self.plan.faults.push(error),
        };
        let doubt = Doubt {
            connections: self.connections.clone(),
            how: self.how,
            direction: self.direction,
            source: Place { location: from, file: source },
            target: Place { location: to, file: target },
        };
        self.doubts.spawn(doubt.settle());
    }

    fn source_of(&self, file: &File) -> Result<Location> {
        places::source(&self.plan.source, &file.relative, self.links)
    }

    /// Waits for a doubt to be settled; whether there was one.
    async fn next_doubt(&mut self) -> bool {
        match self.doubts.join_next().await {
            None => return false,
            Some(Ok((source, verdict))) => self.plan.add_pair(source, verdict, self.links),
            Some(Err(error)) => {
                self.plan.faults.push(Error::new(Kind::Internal, format!("a worker failed: {error}")));
            }
        }
        true
    }
}

/// Two files of which the listings do not tell whether they are the same.
struct Doubt {
    connections: Connections,
    how: Compare,
    direction: Direction,
    source: Place,
    target: Place,
}

impl Doubt {
    async fn settle(self) -> (File, Verdict) {
        let verdict = match self.how {
            Compare::Checksum => self.by_content().await,
            Compare::Times | Compare::Size => self.by_time().await,
        };
        // A file that cannot be compared is copied: the source is right.
        let verdict = verdict.unwrap_or_else(|error| Verdict::Differs(Reason::Unknown(error.message())));
        (self.source.file, verdict)
    }

    async fn by_content(&self) -> Result<Verdict> {
        let content = content::compare(&self.connections, &self.source, &self.target).await?;
        Ok(match content {
            Content::Same(_) => Verdict::Same,
            Content::Differs(_) => Verdict::Differs(Reason::Content),
            Content::Unknown(why) => Verdict::Differs(Reason::Unknown(why)),
        })
    }

    async fn by_time(&self) -> Result<Verdict> {
        let object = if self.direction == Direction::Up { &self.target } else { &self.source };
        let Location::Remote(remote) = &object.location else {
            return Err(Error::new(Kind::Internal, format!("{} is no object", object.location)));
        };
        let store = self.connections.store(&remote.profile).await?;
        let info = store.head(&remote.bucket, &remote.key, None).await?;
        Ok(settled(self.direction, &self.source.file, &self.target.file, &info))
    }
}

impl Plan {
    fn add_pair(&mut self, source: File, verdict: Verdict, links: Links) {
        match verdict {
            Verdict::Differs(reason) => self.add(source, StepKind::Update, reason, links),
            Verdict::Same | Verdict::Doubt => self.unchanged += 1,
        }
    }

    fn add_rest(&mut self, mut rest: Rest, delete: bool, links: Links) {
        self.skipped = Skipped::of(&rest.unread[0]);
        let (first, second) = (std::mem::take(&mut rest.first), std::mem::take(&mut rest.second));
        let of_source = &rest.unread[0];
        let (unread, second): (Vec<File>, Vec<File>) =
            second.into_iter().partition(|file| is_unread(of_source.iter(), file));
        // The source may have these.
        self.extra = unread.len() as u64;
        self.faults.extend(rest.faults());
        for file in first {
            self.add(file, StepKind::Create, Reason::Missing, links);
        }
        // What the source seems to lack may only not have been seen.
        if !delete || !self.faults.is_empty() {
            self.extra += second.len() as u64;
            return;
        }
        for file in second {
            self.add(file, StepKind::Delete, Reason::Extra, links);
        }
    }

    fn add(&mut self, file: File, kind: StepKind, reason: Reason, links: Links) {
        let from = match kind {
            // What the source lacks need not be a possible name in it.
            StepKind::Delete => Ok(self.source.clone()),
            StepKind::Create | StepKind::Update => places::source(&self.source, &file.relative, links),
        };
        let places = from.and_then(|from| Ok((from, below(&self.target, &file.relative)?)));
        let (from, to) = match places {
            Ok(places) => places,
            Err(error) => return self.faults.push(error),
        };
        let known = from.as_remote().filter(|_| kind != StepKind::Delete).map(|_| Known {
            size: file.size,
            modified: file.modified,
            etag: file.etag.map(String::from).filter(|etag| !etag.is_empty()),
            version_id: None,
        });
        self.steps.push(Step { relative: file.relative, kind, reason, bytes: file.size, from, to, known });
    }
}
