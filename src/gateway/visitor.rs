//! Who asks: the address behind trusted proxies, cookies, language, and whether a form is our own page's.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::{HeaderMap, header};
use ipnet::IpNet;

use super::words::Language;

/// Characters of a `User-Agent` that are kept.
const AGENT: usize = 200;

/// Who asks.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    /// As far as trusted proxies tell.
    pub(super) address: IpAddr,
    pub(super) agent: String,
    pub(super) language: Language,
    cookies: Vec<(String, String)>,
    /// Whether a form comes from another site.
    pub(super) is_foreign: bool,
}

impl Visitor {
    /// `peer` is who is connected; `origin` is our own.
    pub(super) fn new(
        peer: Option<SocketAddr>,
        headers: &HeaderMap,
        trusted: &[IpNet],
        origin: &str,
    ) -> Self {
        let peer = peer.map_or(IpAddr::V6(Ipv6Addr::LOCALHOST), |peer| peer.ip().to_canonical());
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self {
            address: address(peer, headers, trusted),
            agent: text(header::USER_AGENT).chars().filter(|c| !c.is_control()).take(AGENT).collect(),
            language: Language::wanted(text(header::ACCEPT_LANGUAGE)),
            cookies: cookies(headers),
            is_foreign: is_foreign(headers, origin),
        }
    }

    /// The cookie called `name`.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The address as it is written down: all of it, or its network alone.
    pub(super) fn written(&self, truncated: bool) -> String {
        match self.address {
            address if !truncated => address.to_string(),
            IpAddr::V4(address) => network(address.into(), 24),
            IpAddr::V6(address) => network(address.into(), 48),
        }
    }

    /// What limits are counted by: an IPv6 network of 64 bits is one household.
    pub(super) fn household(&self) -> IpAddr {
        match self.address {
            IpAddr::V4(_) => self.address,
            IpAddr::V6(address) => IpNet::new(address.into(), 64).map_or(self.address, |net| net.network()),
        }
    }
}

fn network(address: IpAddr, bits: u8) -> String {
    IpNet::new(address, bits).map_or_else(|_| String::new(), |net| net.trunc().to_string())
}

/// Read from the right: each proxy that we trust names who it spoke to; what others wrote further left is hearsay.
fn address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut address = peer;
    let lists = headers.get_all("x-forwarded-for").iter().rev();
    let named = lists.flat_map(|list| {
        let list = list.to_str().unwrap_or("?");
        list.rsplit(',').map(|text| text.trim().to_owned()).collect::<Vec<_>>()
    });
    for text in named {
        if !is_trusted(&address) {
            break;
        }
        let Some(next) = parse_address(&text) else { break };
        address = next.to_canonical();
    }
    address
}

/// `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

fn cookies(headers: &HeaderMap) -> Vec<(String, String)> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// `Sec-Fetch-Site` decides where there is one; pages that ask for no referrer send `Origin: null`.
fn is_foreign(headers: &HeaderMap, origin: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site != "same-origin",
        (None, Some(from)) => from != origin,
        // No browser: nobody's cookies are misused.
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitor(peer: &str, headers: &[(&str, &str)]) -> Visitor {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(axum::http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        Visitor::new(Some(SocketAddr::new(peer.parse().unwrap(), 1)), &map, &trusted, "https://s.example")
    }

    #[test]
    fn forwarded_addresses_count_from_the_right_and_from_trusted_proxies_alone() {
        for (peer, forwarded, wanted) in [
            ("203.0.113.9", "1.1.1.1", "203.0.113.9"),
            ("10.0.0.1", "1.1.1.1", "1.1.1.1"),
            ("10.0.0.1", "6.6.6.6, 1.1.1.1", "1.1.1.1"),
            ("10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", "1.1.1.1"),
            ("10.0.0.1", "10.9.9.9, 10.0.0.2", "10.9.9.9"),
            ("10.0.0.1", "1.1.1.1:4711", "1.1.1.1"),
            ("::1", "[2001:db8::7]:80", "2001:db8::7"),
            ("10.0.0.1", "1.1.1.1, nonsense", "10.0.0.1"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("::ffff:10.0.0.1", "1.1.1.1", "1.1.1.1"),
        ] {
            assert_eq!(
                visitor(peer, &[("x-forwarded-for", forwarded)]).address.to_string(),
                wanted,
                "{forwarded}"
            );
        }
        let two = visitor("10.0.0.1", &[("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "1.1.1.1")]);
        assert_eq!(two.address.to_string(), "1.1.1.1");
    }

    #[test]
    fn a_household_is_counted_once_and_networks_are_written_without_hosts() {
        let one = visitor("2001:db8:1:2:3::4", &[]);
        assert_eq!(one.household(), visitor("2001:db8:1:2:ffff::9", &[]).household());
        assert_eq!(one.written(true), "2001:db8:1::/48");
        assert_eq!(visitor("203.0.113.77", &[]).written(true), "203.0.113.0/24");
        assert_eq!(visitor("203.0.113.77", &[]).written(false), "203.0.113.77");
    }

    #[test]
    fn forms_of_other_sites_are_told() {
        for (headers, foreign) in [
            (&[("sec-fetch-site", "same-origin"), ("origin", "null")][..], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://s.example")], true),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("origin", "https://s.example")], false),
            (&[("origin", "null")], true),
            (&[("origin", "https://evil.example")], true),
            (&[], false),
        ] {
            assert_eq!(visitor("1.1.1.1", headers).is_foreign, foreign, "{headers:?}");
        }
    }
}
