//! What to do about a refusal, or about a server that cannot be reached.

use super::{Facts, Op};
use crate::config::CredentialSource;
use crate::s3::Store;

pub(super) fn not_empty(op: Op<'_>) -> String {
    let place = format!("{}:{}/", op.profile, op.bucket);
    format!("delete what is in it first; `twinpail rm -r --versions {place}` takes old versions too")
}

pub(super) fn denied(store: &Store, op: Op<'_>) -> String {
    let credentials = format!("the credentials of profile {} may not do this", op.profile);
    let reads = matches!(op.words, "read" | "copy to" | "copy a part to");
    match store.own_key().filter(|_| reads) {
        None => credentials,
        Some(_) => format!("{credentials}, or the object is encrypted with another key than the profile's"),
    }
}

/// An object and a request of which only one has a customer key.
pub(super) fn key(store: &Store, profile: &str) -> String {
    match store.own_key() {
        None => format!(
            "it may be encrypted with a key of your own: sse_customer_key_command in profile {profile} names it"
        ),
        Some(_) => format!(
            "it may be stored without the encryption key of profile {profile}; use a profile without sse_customer_key_command"
        ),
    }
}

pub(super) fn clock(facts: &Facts) -> String {
    match facts.skew_minutes {
        Some(minutes) if minutes != 0 => {
            let direction = if minutes > 0 { "ahead" } else { "behind" };
            format!("this machine's clock is {} min {direction} of the server's; set it right", minutes.abs())
        }
        _ => "this machine's clock is wrong; set it right".to_owned(),
    }
}

pub(super) fn session(store: &Store, profile: &str) -> String {
    match &store.profile().credentials {
        CredentialSource::Static { .. } => {
            format!(
                "the session has ended; put the keys and the session_token of a new one into profile {profile}"
            )
        }
        _ => "the session has ended; log in again (for example `aws sso login`)".to_owned(),
    }
}

pub(super) fn region(store: &Store, op: Op<'_>, facts: &Facts) -> String {
    let profile = op.profile;
    match facts.wanted_region(&store.region_of(op.bucket)) {
        Some(region) => format!("set region = \"{region}\" in profile {profile}"),
        None => format!("check region and endpoint of profile {profile} ({})", store.profile().place()),
    }
}

impl Store {
    /// What to do about a server that cannot be reached, by what the operating system or the TLS library says.
    pub fn hint_to_reach(&self, cause: &str) -> String {
        let lower = cause.to_ascii_lowercase();
        let profile = &self.profile().name;
        let says = |any: &[&str]| any.iter().any(|words| lower.contains(words));
        if says(&["certificate not valid for name"]) {
            format!(
                "its certificate is for other names; one of them must be the endpoint's in profile {profile}"
            )
        } else if says(&["certificate expired", "certificate not valid yet"]) {
            "its certificate must be renewed, or this machine's clock is wrong".to_owned()
        } else if says(&["unknownissuer", "certificate"]) {
            format!("its certificate is not trusted; set ca_bundle in profile {profile}")
        } else if says(&["corrupt message", "invalidcontenttype"]) {
            format!(
                "it does not speak TLS there; check http:// or https:// in the endpoint of profile {profile}"
            )
        } else if says(&["lookup", "name or service", "nodename"]) {
            "its name cannot be resolved; check the endpoint and the network".to_owned()
        } else if says(&["refused"]) {
            "nothing listens there; check the endpoint's host and port".to_owned()
        } else {
            "check the network and the profile's endpoint, then retry".to_owned()
        }
    }
}
