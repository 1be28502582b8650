//! Which addresses a capture may reach (the guard against server-side request forgery).
//!
//! In:  a host as it stands in an address, the addresses that it resolved to, what the operator allows.
//! Out: the addresses to connect to, or the reason for refusing.
//!
//! Invariant: only globally routed unicast addresses pass, unless the operator allows a network or a host by name. An
//! IPv6 address that carries an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo) is never a way around.
//!
//! Not here: looking names up, and connecting to the address that was checked and to no other (`resolve`, `proxy`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::Host;

/// Networks closed to captures, from the IANA registries of special-purpose addresses (RFC 6890).
/// The metadata services of the clouds lie inside: 169.254.169.254, 100.100.100.200, 192.0.0.192, fd00:ec2::254.
const CLOSED_V4: [(&str, &str); 15] = [
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "carrier-grade NAT"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "protocol assignments"),
    ("192.0.2.0/24", "documentation"),
    ("192.88.99.0/24", "6to4 relay"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
];
/// Inside 2000::/3, which alone is open.
const CLOSED_V6: [(&str, &str); 4] = [
    ("2001::/23", "protocol assignments"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("3fff::/20", "documentation"),
];

/// Why an address may not be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum Refusal {
    /// Neither http nor https.
    #[error("scheme `{scheme}` is not captured, only http and https")]
    Scheme { scheme: String },
    /// Not an address at all.
    #[error("`{target}` is not an address that can be reached")]
    Target { target: String },
    /// Every address of the host is closed.
    #[error("{host} is at {address} ({network}); allow it with --allow-private {address}")]
    Closed {
        host: String,
        address: IpAddr,
        network: &'static str,
    },
    /// The host has no address.
    #[error("{host} has no address")]
    NoAddress { host: String },
    /// The proxy itself.
    #[error("{address} is this program's own proxy")]
    Own { address: std::net::SocketAddr },
    /// The address would carry a secret of the login script into the record.
    #[error("the address carries a value of the login script")]
    Secret,
}

impl Refusal {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Scheme { .. } => "refused_scheme",
            Self::Target { .. } => "refused_target",
            Self::Closed { .. } => "refused_address",
            Self::NoAddress { .. } => "refused_no_address",
            Self::Own { .. } => "refused_own_proxy",
            Self::Secret => "refused_secret_in_address",
        }
    }
}

/// One exception that the operator makes: a network in CIDR form, one address, or a host by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Addresses of this network.
    Network(IpNet),
    /// This host, whatever address it has; lower case.
    Host(String),
}

/// A text that is no exception.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a network (10.1.0.0/16), an address nor a host name")]
pub struct NotAllowed(pub String);

impl std::str::FromStr for Allowed {
    type Err = NotAllowed;
    fn from_str(text: &str) -> Result<Self, NotAllowed> {
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(Self::Network(network));
        }
        let plain = text.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = plain.parse::<IpAddr>() {
            return Ok(Self::Network(IpNet::from(address)));
        }
        match Host::parse(text) {
            Ok(Host::Domain(name)) if !text.contains('/') => Ok(Self::Host(name)),
            // 2130706433 and 0x7f.1 are addresses in the eyes of a browser, so here too.
            Ok(Host::Ipv4(address)) => Ok(Self::Network(IpNet::from(IpAddr::V4(address)))),
            _ => Err(NotAllowed(text.to_owned())),
        }
    }
}

/// The rule of one capture.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    allowed: Vec<Allowed>,
}

impl Guard {
    /// A guard with exceptions.
    pub fn new(allowed: Vec<Allowed>) -> Self {
        Self { allowed }
    }

    /// Those of `addresses` that may be reached for `host`.
    pub fn admit(&self, host: &Host<String>, addresses: &[IpAddr]) -> Result<Vec<IpAddr>, Refusal> {
        let by_name = match host {
            Host::Domain(name) => {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                self.allowed
                    .iter()
                    .any(|rule| matches!(rule, Allowed::Host(allowed) if *allowed == name))
            }
            _ => false,
        };
        let open: Vec<IpAddr> = addresses
            .iter()
            .copied()
            .filter(|address| by_name || self.network_of(*address).is_none())
            .collect();
        if !open.is_empty() {
            return Ok(open);
        }
        match addresses.first() {
            None => Err(Refusal::NoAddress {
                host: host.to_string(),
            }),
            Some(address) => Err(Refusal::Closed {
                host: host.to_string(),
                address: *address,
                network: self.network_of(*address).unwrap_or("closed"),
            }),
        }
    }

    /// The closed network that an address lies in, when the operator does not allow it.
    fn network_of(&self, address: IpAddr) -> Option<&'static str> {
        let named = |candidate: IpAddr| {
            self.allowed
                .iter()
                .any(|rule| matches!(rule, Allowed::Network(network) if network.contains(&candidate)))
        };
        if named(address) {
            return None;
        }
        // A mapped address reaches what the plain one reaches, so the exception for one holds for the other.
        if let IpAddr::V6(v6) = address
            && let Some(v4) = v6.to_ipv4_mapped()
        {
            return if named(IpAddr::V4(v4)) {
                None
            } else {
                closed_v4(v4).or(Some("IPv4-mapped"))
            };
        }
        match address {
            IpAddr::V4(v4) => closed_v4(v4),
            IpAddr::V6(v6) => closed_v6(v6),
        }
    }
}

fn closed_v4(address: Ipv4Addr) -> Option<&'static str> {
    within(IpAddr::V4(address), &CLOSED_V4)
}

fn closed_v6(address: Ipv6Addr) -> Option<&'static str> {
    let first = address.segments()[0];
    if address.is_loopback() {
        Some("loopback")
    } else if address.is_unspecified() {
        Some("unspecified")
    } else if first & 0xfe00 == 0xfc00 {
        Some("unique local")
    } else if first & 0xffc0 == 0xfe80 {
        Some("link-local")
    } else if first & 0xff00 == 0xff00 {
        Some("multicast")
    } else if first & 0xe000 != 0x2000 {
        Some("not global unicast")
    } else {
        within(IpAddr::V6(address), &CLOSED_V6)
    }
}

fn within(address: IpAddr, table: &[(&str, &'static str)]) -> Option<&'static str> {
    table
        .iter()
        .find(|(network, _)| {
            network
                .parse::<IpNet>()
                .is_ok_and(|network| network.contains(&address))
        })
        .map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(guard: &Guard, host: &str) -> String {
        let host = Host::parse(host).unwrap();
        let addresses: Vec<IpAddr> = match &host {
            Host::Ipv4(address) => vec![(*address).into()],
            Host::Ipv6(address) => vec![(*address).into()],
            Host::Domain(_) => vec![],
        };
        match guard.admit(&host, &addresses) {
            Ok(_) => "open".into(),
            Err(Refusal::Closed { network, .. }) => network.into(),
            Err(other) => other.code().into(),
        }
    }

    #[test]
    fn tables_are_networks() {
        for (network, _) in CLOSED_V4.iter().chain(&CLOSED_V6) {
            assert!(network.parse::<IpNet>().is_ok(), "{network}");
        }
    }

    #[test]
    fn only_global_unicast_is_open() {
        let guard = Guard::default();
        for (host, wanted) in [
            ("93.184.216.34", "open"),
            ("[2606:2800:220:1::1]", "open"),
            ("127.0.0.1", "loopback"),
            ("2130706433", "loopback"),
            ("0x7f.1", "loopback"),
            ("0177.0.0.1", "loopback"),
            ("0", "this network"),
            ("10.1.2.3", "private"),
            ("172.31.255.255", "private"),
            ("172.32.0.0", "open"),
            ("192.168.0.1", "private"),
            ("100.100.100.200", "carrier-grade NAT"),
            ("100.128.0.0", "open"),
            ("169.254.169.254", "link-local"),
            ("224.0.0.251", "multicast"),
            ("255.255.255.255", "reserved"),
            ("[::1]", "loopback"),
            ("[::]", "unspecified"),
            ("[fd00:ec2::254]", "unique local"),
            ("[fe80::1]", "link-local"),
            ("[ff02::1]", "multicast"),
            ("[::ffff:169.254.169.254]", "link-local"),
            ("[::ffff:93.184.216.34]", "IPv4-mapped"),
            ("[::127.0.0.1]", "not global unicast"),
            ("[64:ff9b::7f00:1]", "not global unicast"),
            ("[2002:7f00:1::]", "6to4"),
            ("[2001:0:7f00:1::]", "protocol assignments"),
            ("example.com", "refused_no_address"),
        ] {
            assert_eq!(verdict(&guard, host), wanted, "{host}");
        }
    }

    #[test]
    fn an_exception_opens_what_it_names_and_nothing_else() {
        let guard = Guard::new(vec![
            "127.0.0.1".parse().unwrap(),
            "10.1.0.0/16".parse().unwrap(),
            "Intranet.Example".parse().unwrap(),
        ]);
        assert_eq!(verdict(&guard, "127.0.0.1"), "open");
        assert_eq!(verdict(&guard, "[::ffff:127.0.0.1]"), "open");
        assert_eq!(verdict(&guard, "127.0.0.2"), "loopback");
        assert_eq!(verdict(&guard, "10.1.9.9"), "open");
        assert_eq!(verdict(&guard, "10.2.0.1"), "private");
        let inside = [IpAddr::from([192, 168, 0, 9])];
        let named = Host::Domain("intranet.example".to_owned());
        assert_eq!(guard.admit(&named, &inside).unwrap(), inside);
        let other = Host::Domain("evil.example".to_owned());
        assert_eq!(
            guard.admit(&other, &inside).unwrap_err().code(),
            "refused_address"
        );
        for text in ["", "10.0.0.0/33", "a b", "http://x/"] {
            assert!(text.parse::<Allowed>().is_err(), "{text}");
        }
    }

    #[test]
    fn of_several_addresses_only_the_open_ones_are_used() {
        let host = Host::Domain("two.example".to_owned());
        let addresses = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([93, 184, 216, 34])];
        assert_eq!(Guard::default().admit(&host, &addresses).unwrap(), addresses[1..]);
    }
}
