//! What can go wrong on request, and a record of what was asked.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

/// The operations that faults and the record tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// ListBuckets.
    ListBuckets,
    /// ListObjects, both versions.
    ListObjects,
    /// ListObjectVersions.
    ListVersions,
    /// HeadObject.
    HeadObject,
    /// GetObject.
    GetObject,
    /// PutObject.
    PutObject,
    /// CopyObject.
    CopyObject,
    /// `RestoreObject`.
    RestoreObject,
    /// DeleteObject.
    DeleteObject,
    /// DeleteObjects.
    DeleteObjects,
    /// CreateMultipartUpload.
    CreateUpload,
    /// UploadPart.
    UploadPart,
    /// UploadPartCopy.
    CopyPart,
    /// CompleteMultipartUpload.
    CompleteUpload,
    /// AbortMultipartUpload.
    AbortUpload,
    /// Everything else.
    Other,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This status, with an S3 error of this code as its body (none: no body).
    Status(u16, &'static str),
    /// This status with these headers and this body.
    Answer(u16, Vec<(&'static str, &'static str)>, &'static str),
    /// The request is carried out, then the connection breaks before the answer.
    LoseAnswer,
    /// The connection breaks after so many bytes of the answer's body.
    CutBody(usize),
    /// The byte at this offset of the answer's body is another one.
    WrongByte(usize),
    /// The byte at this offset of the request's body arrives as another one.
    ArrivesWrong(usize),
    /// No answer ever.
    Stall,
    /// No answer before [`Faults::let_go`].
    Hold,
    /// The object is replaced by these bytes before the request is carried out.
    Replace(Bytes),
    /// These headers are missing from the answer.
    Omit(Vec<&'static str>),
}

/// When it goes wrong.
#[derive(Clone, Debug)]
pub struct Rule {
    /// In which operation.
    pub operation: Operation,
    /// For keys that contain this text.
    pub key: &'static str,
    /// For that part only.
    pub part: Option<u32>,
    /// For such requests only.
    pub only: fn(&Request) -> bool,
    /// How many matching requests are let through first.
    pub after: u32,
    /// How many times.
    pub times: u32,
    /// What happens.
    pub fault: Fault,
}

impl Rule {
    /// Once, the first time that `operation` is asked for, whatever the key.
    pub fn once(operation: Operation, fault: Fault) -> Self {
        Self { operation, key: "", part: None, only: |_| true, after: 0, times: 1, fault }
    }

    /// Every time.
    pub fn always(operation: Operation, fault: Fault) -> Self {
        Self { times: u32::MAX, ..Self::once(operation, fault) }
    }
}

/// One request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What was asked.
    pub operation: Operation,
    /// Of which bucket.
    pub bucket: String,
    /// About which key.
    pub key: String,
    /// Which part.
    pub part: Option<u32>,
    /// Its `Range` header.
    pub range: Option<String>,
    /// The checksum that comes behind its body.
    pub trailer: Option<String>,
    /// What its signature says of its body: a SHA-256, or that it says nothing.
    pub payload: Option<String>,
    /// The region that its signature is for.
    pub region: Option<String>,
}

/// The rules in force and the requests seen.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Mutex<Vec<Rule>>,
    requests: Mutex<Vec<Request>>,
    /// Changes when answers that are held back may go.
    gate: watch::Sender<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Faults {
    /// Adds a rule.
    pub fn add(&self, rule: Rule) {
        lock(&self.rules).push(rule);
    }

    /// Drops all rules.
    pub fn clear(&self) {
        lock(&self.rules).clear();
    }

    /// Drops the rules, and lets go of every answer that is held back.
    pub fn let_go(&self) {
        self.clear();
        self.gate.send_replace(());
    }

    /// Tells of the next [`Faults::let_go`].
    pub(super) fn gate(&self) -> watch::Receiver<()> {
        self.gate.subscribe()
    }

    /// Every request since the last call.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut *lock(&self.requests))
    }

    /// Records a request; what is to go wrong with it.
    pub(super) fn meet(&self, request: Request) -> Option<Fault> {
        let mut rules = lock(&self.rules);
        let mut found = None;
        for rule in rules.iter_mut() {
            let meant = rule.operation == request.operation
                && request.key.contains(rule.key)
                && (rule.part.is_none() || rule.part == request.part)
                && (rule.only)(&request);
            if !meant || rule.times == 0 {
                continue;
            }
            if rule.after > 0 {
                rule.after -= 1;
                continue;
            }
            rule.times -= 1;
            found = Some(rule.fault.clone());
            break;
        }
        drop(rules);
        lock(&self.requests).push(request);
        found
    }
}
