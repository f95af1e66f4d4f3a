//! Which service an endpoint leads to. Pure: nothing here asks a resolver or a server.

use std::net::IpAddr;

use http::Uri;

/// Whether two things are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sameness {
    Same,
    Apart,
    /// Nothing here can tell.
    Unknown,
}

/// Where the requests of a profile go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// AWS: one bucket name means one bucket in all regions of a partition.
    Aws(&'static str),
    /// Any other server.
    Server(Server),
    /// It may be anything.
    Unclear,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    /// In lower case, without a trailing dot; one name for all of loopback.
    host: String,
    port: u16,
    path: String,
    /// Who runs it, if that is well known.
    operator: Option<&'static str>,
}

/// What all loopback names are called here.
const LOOPBACK: &str = "localhost";

/// The domains of AWS's partitions. Those of `aws` are also used by `aws-us-gov`, whose regions have names of their own.
const AWS: &[(&str, &str)] = &[
    ("amazonaws.com", "aws"),
    ("api.aws", "aws"),
    ("amazonaws.com.cn", "aws-cn"),
    ("api.amazonwebservices.com.cn", "aws-cn"),
    ("amazonaws.eu", "aws-eusc"),
    ("c2s.ic.gov", "aws-iso"),
    ("sc2s.sgov.gov", "aws-iso-b"),
    ("cloud.adc-e.uk", "aws-iso-e"),
    ("csp.hci.ic.gov", "aws-iso-f"),
];

/// What the regions of the partitions begin with; all others are in `aws`.
const REGIONS: &[(&str, &str)] = &[
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("eusc-", "aws-eusc"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
];

/// Domains of well-known providers: a server of one of them is never that of another.
const OPERATORS: &[(&str, &str)] = &[
    ("r2.cloudflarestorage.com", "cloudflare"),
    ("digitaloceanspaces.com", "digitalocean"),
    ("wasabisys.com", "wasabi"),
    ("backblazeb2.com", "backblaze"),
    ("storage.googleapis.com", "google"),
    ("scw.cloud", "scaleway"),
    ("linodeobjects.com", "linode"),
    ("vultrobjects.com", "vultr"),
    ("cloud.ovh.net", "ovh"),
    ("your-objectstorage.com", "hetzner"),
    ("aliyuncs.com", "alibaba"),
    ("myqcloud.com", "tencent"),
    ("cloud-object-storage.appdomain.cloud", "ibm"),
    ("contabostorage.com", "contabo"),
    ("exo.io", "exoscale"),
];

impl Service {
    /// The service at `endpoint`; without one AWS's own, in `region`.
    pub(super) fn of(endpoint: Option<&str>, region: &str) -> Self {
        match endpoint {
            None => Self::Aws(partition(region)),
            Some(endpoint) => Self::at(endpoint).unwrap_or(Self::Unclear),
        }
    }

    fn at(endpoint: &str) -> Option<Self> {
        let uri: Uri = endpoint.parse().ok()?;
        let default = match uri.scheme_str()? {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let host = host(uri.host()?);
        let (port, path) = (uri.port_u16().unwrap_or(default), uri.path().trim_matches('/').to_owned());
        let below = |domain: &str| host.strip_suffix(domain)?.strip_suffix('.').map(str::to_owned);
        let aws = AWS.iter().find_map(|(domain, partition)| Some((below(domain)?, *partition)));
        if let Some((name, domain)) = aws
            && let Some(known) = s3(&name)
        {
            let plain = known && matches!(port, 80 | 443) && path.is_empty();
            let partition = if name.contains("us-gov-") { "aws-us-gov" } else { domain };
            return Some(if plain { Self::Aws(partition) } else { Self::Unclear });
        }
        let ours = |domain: &str| host == domain || below(domain).is_some();
        let operator = OPERATORS.iter().find(|(domain, _)| ours(domain)).map(|(_, operator)| *operator);
        Some(Self::Server(Server { host, port, path, operator }))
    }

    /// Whether both lead to one service.
    pub(super) fn same(&self, other: &Self) -> Sameness {
        match (self, other) {
            (Self::Aws(left), Self::Aws(right)) if left == right => Sameness::Same,
            (Self::Aws(_), Self::Aws(_)) => Sameness::Apart,
            (Self::Aws(_), Self::Server(server)) | (Self::Server(server), Self::Aws(_)) => {
                if server.operator.is_some() { Sameness::Apart } else { Sameness::Unknown }
            }
            // The scheme does not matter: one port is one listener.
            (Self::Server(left), Self::Server(right)) if left == right => Sameness::Same,
            (Self::Server(left), Self::Server(right)) => match (left.operator, right.operator) {
                (Some(left), Some(right)) if left != right => Sameness::Apart,
                _ => Sameness::Unknown,
            },
            (Self::Unclear, _) | (_, Self::Unclear) => Sameness::Unknown,
        }
    }
}

fn partition(region: &str) -> &'static str {
    let own = REGIONS.iter().find(|(prefix, _)| region.starts_with(prefix));
    own.map_or("aws", |(_, partition)| partition)
}

/// Whether the name of an AWS host, without its domain, is one of S3: `Some(true)` for all the ways to reach any bucket
/// (`s3`, `s3.REGION`, `s3-REGION`, `s3.dualstack.REGION`, `s3-fips.REGION`, `s3-accelerate`, `bucket.vpce-ID.s3.REGION`),
/// `Some(false)` for access points and what has a bucket in its name.
fn s3(name: &str) -> Option<bool> {
    let labels: Vec<&str> = name.split('.').collect();
    let at = labels
        .iter()
        .position(|label| *label == "s3" || label.starts_with("s3-") || label.starts_with("s3express"))?;
    let special = ["s3-accesspoint", "s3-object-lambda", "s3-outposts", "s3-control", "s3-website"];
    let plain = !special.iter().any(|prefix| labels[at].starts_with(prefix));
    let before = match &labels[..at] {
        [] => true,
        ["bucket", vpce] | [vpce] => vpce.starts_with("vpce-"),
        _ => false,
    };
    Some(plain && before)
}

/// A host's name as all spellings of it have it.
fn host(text: &str) -> String {
    let name = text.trim_end_matches('.').to_ascii_lowercase();
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&name);
    if let Ok(address) = bare.parse::<IpAddr>() {
        let address = address.to_canonical();
        let is_here = address.is_loopback() || address.is_unspecified();
        return if is_here { LOOPBACK.to_owned() } else { address.to_string() };
    }
    let loopback = ["localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"];
    if loopback.contains(&bare) || bare.ends_with(".localhost") { LOOPBACK.to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(text: &str) -> Service {
        match text.strip_prefix("region ") {
            Some(region) => Service::of(None, region),
            None => Service::of(Some(text), "us-east-1"),
        }
    }

    fn same(left: &str, right: &str) -> Sameness {
        let (left, right) = (service(left), service(right));
        assert_eq!(left.same(&right), right.same(&left), "{left:?} {right:?}");
        left.same(&right)
    }

    #[test]
    fn spellings_of_one_endpoint_are_the_same() {
        for group in [
            &[
                "http://localhost:9000",
                "http://127.0.0.1:9000/",
                "http://[::1]:9000",
                "http://0.0.0.0:9000",
                "http://LocalHost.:9000",
                "http://127.9.9.9:9000",
                "https://localhost:9000",
                "http://x.localhost:9000",
                "http://[::ffff:127.0.0.1]:9000",
                "http://[::]:9000//",
            ][..],
            &["http://s3.example", "http://S3.Example:80", "http://s3.example.", "http://user@s3.example/"],
            &["https://minio.example:443/s3", "https://minio.example/s3/"],
            &["http://[fe80::1]:1", "http://[fe80:0::1]:1"],
            &[
                "region eu-west-1",
                "region us-east-1",
                "https://s3.amazonaws.com",
                "https://s3.eu-west-1.amazonaws.com",
                "https://s3-eu-west-1.amazonaws.com",
                "https://s3.dualstack.eu-west-1.amazonaws.com",
                "https://s3-fips.us-east-1.amazonaws.com",
                "https://s3-fips.dualstack.us-east-1.amazonaws.com",
                "https://s3-accelerate.amazonaws.com",
                "https://s3-accelerate.dualstack.amazonaws.com",
                "https://s3-external-1.amazonaws.com",
                "http://S3.AMAZONAWS.COM.",
                "https://bucket.vpce-1a2b-5e6f.s3.us-east-1.vpce.amazonaws.com",
                "https://s3express-usw2-az1.us-west-2.amazonaws.com",
            ],
            &[
                "region us-gov-west-1",
                "https://s3.us-gov-west-1.amazonaws.com",
                "https://s3-fips-us-gov-west-1.amazonaws.com",
                "https://s3-us-gov-west-1.amazonaws.com",
            ],
            &["region cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn"],
            &["https://acc.r2.cloudflarestorage.com", "https://ACC.r2.cloudflarestorage.com/"],
        ] {
            for other in group {
                assert_eq!(same(group[0], other), Sameness::Same, "{} {other}", group[0]);
            }
        }
    }

    #[test]
    fn well_known_services_are_apart() {
        let services = [
            "region eu-west-1",
            "region cn-north-1",
            "region us-gov-east-1",
            "region us-isob-east-1",
            "https://acc.r2.cloudflarestorage.com",
            "https://fra1.digitaloceanspaces.com",
            "https://s3.eu-central-1.wasabisys.com",
            "https://s3.us-west-004.backblazeb2.com",
            "https://storage.googleapis.com",
        ];
        for (at, left) in services.iter().enumerate() {
            for right in &services[at + 1..] {
                assert_eq!(same(left, right), Sameness::Apart, "{left} {right}");
            }
        }
    }

    #[test]
    fn what_nothing_here_can_tell_is_unknown() {
        for (left, right) in [
            ("http://localhost:9000", "http://localhost:9001"),
            ("http://localhost:9000", "http://minio:9000"),
            ("http://minio.example", "https://minio.example"),
            ("http://minio.example/a", "http://minio.example/b"),
            ("http://localhost:9000", "region eu-west-1"),
            ("https://s3.wasabisys.com", "https://s3.us-east-1.wasabisys.com"),
            ("https://a.r2.cloudflarestorage.com", "https://b.r2.cloudflarestorage.com"),
            ("https://b.s3.eu-west-1.amazonaws.com", "region eu-west-1"),
            ("https://x-1.s3-accesspoint.eu-west-1.amazonaws.com", "region eu-west-1"),
            ("https://accesspoint.vpce-1.s3.us-east-1.vpce.amazonaws.com", "region us-east-1"),
            ("https://s3.amazonaws.com/bucket", "region us-east-1"),
            ("http://s3.amazonaws.com:8080", "region us-east-1"),
            ("http://ec2-1-2-3-4.compute-1.amazonaws.com:9000", "http://minio.example:9000"),
            ("not an endpoint", "not an endpoint"),
        ] {
            assert_eq!(same(left, right), Sameness::Unknown, "{left} {right}");
        }
    }
}
