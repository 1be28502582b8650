//! Who is at the other end of a loopback connection.
//!
//! In:  the two ends of a connection that was accepted, the table of the kernel (`/proc/net/tcp`).
//! Out: whether the other end belongs to the user who runs this program.
//!
//! Invariant: a loopback port can be reached by every user of the machine; an exchange of somebody else must not enter
//! the record. What cannot be told is refused.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read as _},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
};

/// Bytes of the table that are read: some 100,000 connections.
const MAX_TABLE_BYTES: u64 = 16 << 20;

/// Whether the end `peer` of a connection to `own` belongs to this process's user.
pub(super) fn is_ours(peer: SocketAddr, own: SocketAddr) -> bool {
    let (SocketAddr::V4(peer), SocketAddr::V4(own)) = (peer, own) else {
        return false;
    };
    let Ok(table) = File::open("/proc/net/tcp") else {
        return false;
    };
    let user = rustix::process::geteuid().as_raw();
    user_of(BufReader::new(table.take(MAX_TABLE_BYTES)), peer, own) == Some(user)
}

/// The user of the socket at `local` that is connected to `remote`.
fn user_of(table: impl BufRead, local: SocketAddrV4, remote: SocketAddrV4) -> Option<u32> {
    table.lines().skip(1).map_while(Result::ok).find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let here = address(fields.next()?)?;
        let there = address(fields.next()?)?;
        // Behind the two addresses: state, queues, timer, retransmissions, and then the user.
        let user = fields.nth(4)?.parse().ok()?;
        (here == local && there == remote).then_some(user)
    })
}

/// `0100007F:1F90`: the address as the machine's own number, the port as a number.
fn address(text: &str) -> Option<SocketAddrV4> {
    let (address, port) = text.split_once(':')?;
    let address = u32::from_str_radix(address, 16).ok()?.to_ne_bytes();
    let port = u16::from_str_radix(port, 16).ok()?;
    Some(SocketAddrV4::new(Ipv4Addr::from(address), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_of_a_connection_is_read_from_the_kernels_table() {
        let loopback = if cfg!(target_endian = "little") {
            "0100007F"
        } else {
            "7F000001"
        };
        let table = format!(
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
             0: {loopback}:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n   \
             1: {loopback}:8001 {loopback}:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 2 1\n   \
             2: {loopback}:1F90 {loopback}:8001 01 00000000:00000000 00:00000000 00000000     7        0 3 1\n"
        );
        let at = |port| SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        assert_eq!(user_of(table.as_bytes(), at(0x8001), at(8080)), Some(1000));
        assert_eq!(user_of(table.as_bytes(), at(0x8002), at(8080)), None);
        assert_eq!(user_of(&b"rubbish\nmore : rubbish\n\xff"[..], at(1), at(2)), None);
    }

    #[test]
    fn our_own_connection_is_ours() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap();
        let client = std::net::TcpStream::connect(own).unwrap();
        assert!(is_ours(client.local_addr().unwrap(), own));
    }
}
