//! Which networks this program may reach in somebody's name (the guard against server-side request forgery).
//!
//! In:  an address that is about to be connected to; what the operator opened.
//! Out: that it may be reached, or the name of the network that is closed.
//!
//! Invariants: what is not globally routed unicast is closed; private networks and loopback are opened by the operator alone;
//! link-local addresses and the metadata services of clouds are never open. An IPv6 address that carries an IPv4 address is judged as
//! that one, or closed.
//!
//! Source: the IANA registries of special-purpose addresses (RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The name of a network that is closed.
pub type Closed = &'static str;

/// What the operator opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Networks {
    /// Private networks, as closed networks need them.
    pub allows_private: bool,
    /// This machine.
    pub allows_loopback: bool,
}

/// Metadata services that lie in networks which may be opened, or in none that is closed.
const METADATA: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// Networks of IPv4 that are never open: address, length of the prefix, name.
const CLOSED_V4: [([u8; 4], u32, Closed); 11] = [
    ([0, 0, 0, 0], 8, "this network"),
    ([169, 254, 0, 0], 16, "link-local"),
    ([192, 0, 0, 0], 24, "protocol assignments"),
    ([192, 0, 2, 0], 24, "documentation"),
    ([192, 88, 99, 0], 24, "6to4 relay"),
    ([198, 18, 0, 0], 15, "benchmarking"),
    ([198, 51, 100, 0], 24, "documentation"),
    ([203, 0, 113, 0], 24, "documentation"),
    ([224, 0, 0, 0], 4, "multicast"),
    ([240, 0, 0, 0], 4, "reserved"),
    ([255, 255, 255, 255], 32, "broadcast"),
];

const PRIVATE_V4: [([u8; 4], u32); 4] = [
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([172, 16, 0, 0], 12),
    ([192, 168, 0, 0], 16),
];

impl Networks {
    /// Whether an address may be reached.
    pub fn admit(self, address: IpAddr) -> Result<(), Closed> {
        let address = address.to_canonical();
        if METADATA.contains(&address) {
            return Err("metadata service");
        }
        let open = |is_open: bool, network: Closed| if is_open { Ok(()) } else { Err(network) };
        if address.is_loopback() {
            return open(self.allows_loopback, "loopback");
        }
        match address {
            IpAddr::V4(address) => {
                if let Some((_, _, name)) = CLOSED_V4
                    .iter()
                    .find(|(network, length, _)| within(address, *network, *length))
                {
                    return Err(name);
                }
                let is_private = PRIVATE_V4
                    .iter()
                    .any(|(network, length)| within(address, *network, *length));
                open(self.allows_private || !is_private, "private")
            }
            IpAddr::V6(address) => match address.segments() {
                [first, ..] if first & 0xfe00 == 0xfc00 => open(self.allows_private, "private"),
                [first, ..] if first & 0xe000 != 0x2000 => Err("not global unicast"),
                [0x2001, second, ..] if second < 0x200 => Err("protocol assignments"),
                [0x2001, 0xdb8, ..] => Err("documentation"),
                [0x2002, ..] => Err("6to4"),
                [0x3fff, second, ..] if second < 0x1000 => Err("documentation"),
                _ => Ok(()),
            },
        }
    }
}

fn within(address: Ipv4Addr, network: [u8; 4], length: u32) -> bool {
    let shift = 32 - length;
    u32::from(address) >> shift == u32::from_be_bytes(network) >> shift
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(networks: Networks, address: &str) -> Closed {
        networks.admit(address.parse().unwrap()).err().unwrap_or("open")
    }

    #[test]
    fn only_what_is_routed_everywhere_is_open_by_itself() {
        for (address, wanted) in [
            ("93.184.216.34", "open"),
            ("172.32.0.1", "open"),
            ("2606:2800:220:1::1", "open"),
            ("::ffff:93.184.216.34", "open"),
            ("0.0.0.0", "this network"),
            ("127.0.0.1", "loopback"),
            ("::1", "loopback"),
            ("::ffff:127.0.0.1", "loopback"),
            ("10.1.2.3", "private"),
            ("172.31.255.255", "private"),
            ("192.168.0.1", "private"),
            ("100.64.0.1", "private"),
            ("fc00::1", "private"),
            ("169.254.169.254", "link-local"),
            ("::ffff:169.254.169.254", "link-local"),
            ("100.100.100.200", "metadata service"),
            ("168.63.129.16", "metadata service"),
            ("fd00:ec2::254", "metadata service"),
            ("192.0.0.192", "protocol assignments"),
            ("198.18.0.1", "benchmarking"),
            ("224.0.0.251", "multicast"),
            ("255.255.255.255", "reserved"),
            ("fe80::1", "not global unicast"),
            ("ff02::1", "not global unicast"),
            ("::", "not global unicast"),
            ("::7f00:1", "not global unicast"),
            ("64:ff9b::7f00:1", "not global unicast"),
            ("2002:7f00:1::", "6to4"),
            ("2001:0:7f00:1::", "protocol assignments"),
            ("2001:db8::1", "documentation"),
            ("3fff::1", "documentation"),
        ] {
            assert_eq!(verdict(Networks::default(), address), wanted, "{address}");
        }
    }

    #[test]
    fn what_the_operator_opens_opens_nothing_else() {
        let private = Networks {
            allows_private: true,
            allows_loopback: false,
        };
        for (address, wanted) in [
            ("10.1.2.3", "open"),
            ("100.64.0.1", "open"),
            ("fd12::1", "open"),
            ("::ffff:192.168.0.1", "open"),
            ("127.0.0.1", "loopback"),
            ("169.254.169.254", "link-local"),
            ("100.100.100.200", "metadata service"),
            ("fd00:ec2::254", "metadata service"),
            ("fe80::1", "not global unicast"),
        ] {
            assert_eq!(verdict(private, address), wanted, "{address}");
        }
        let loopback = Networks {
            allows_private: false,
            allows_loopback: true,
        };
        assert_eq!(verdict(loopback, "127.0.0.1"), "open");
        assert_eq!(verdict(loopback, "::1"), "open");
        assert_eq!(verdict(loopback, "10.0.0.1"), "private");
        assert_eq!(verdict(loopback, "0.0.0.0"), "this network");
    }
}
