//! A relay between a client and a server that loses what it is told to lose.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// What is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Nothing.
    Nothing,
    /// What holds these bytes is not given on, and the connection ends.
    Before(&'static [u8]),
    /// What holds these bytes is given on and acted on, and the connection ends without the answer.
    After(&'static [u8]),
    /// Nobody is let in.
    Everything,
    /// Everybody is let in and gets no answer.
    Silent,
    /// A header of this name, in small letters, does not arrive as such.
    Header(&'static str),
}

#[derive(Debug)]
struct Plan {
    now: Cut,
    then: Cut,
    has_cut: bool,
}

pub(super) struct Proxy {
    pub(super) port: u16,
    plan: Arc<Mutex<Plan>>,
}

impl Proxy {
    pub(super) fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let plan = Arc::new(Mutex::new(Plan {
            now: Cut::Nothing,
            then: Cut::Nothing,
            has_cut: false,
        }));
        let shared = plan.clone();
        // Ends with the process.
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, plan) = (client.unwrap(), shared.clone());
                thread::spawn(move || relay(client, server, &plan));
            }
        });
        Self { port, plan }
    }

    fn set(&self, now: Cut, then: Cut) {
        *self.plan.lock().unwrap() = Plan {
            now,
            then,
            has_cut: false,
        };
    }

    pub(super) fn cut(&self, cut: Cut) {
        self.set(cut, cut);
    }

    pub(super) fn cut_once(&self, cut: Cut) {
        self.set(cut, Cut::Nothing);
    }

    pub(super) fn cut_and_refuse(&self, cut: Cut) {
        self.set(cut, Cut::Everything);
    }

    pub(super) fn pass(&self) {
        self.set(Cut::Nothing, Cut::Nothing);
    }

    pub(super) fn has_cut(&self) -> bool {
        self.plan.lock().unwrap().has_cut
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn relay(mut client: TcpStream, server: u16, plan: &Mutex<Plan>) {
    if plan.lock().unwrap().now == Cut::Everything {
        return;
    }
    let Ok(mut to_server) = TcpStream::connect(("127.0.0.1", server)) else {
        return;
    };
    let (mut from_server, mut to_client) = (to_server.try_clone().unwrap(), client.try_clone().unwrap());
    // What stands here is not given to the client.
    let is_lost = Arc::new(Mutex::new(false));
    let back = {
        let is_lost = is_lost.clone();
        thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(read) = from_server.read(&mut buffer) {
                if read == 0 || *is_lost.lock().unwrap() || to_client.write_all(&buffer[..read]).is_err() {
                    break;
                }
            }
            let _ = to_client.shutdown(Shutdown::Both);
        })
    };
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = client.read(&mut buffer) {
        let bytes = &mut buffer[..read];
        let mut now = plan.lock().unwrap();
        match now.now {
            Cut::Before(part) if holds(bytes, part) => {
                (now.now, now.has_cut) = (now.then, true);
                break;
            }
            Cut::After(part) if holds(bytes, part) => {
                (now.now, now.has_cut) = (now.then, true);
                *is_lost.lock().unwrap() = true;
            }
            Cut::Silent => continue,
            Cut::Everything => break,
            Cut::Header(name) => spoil(bytes, name),
            _ => {}
        }
        drop(now);
        if to_server.write_all(bytes).is_err() {
            break;
        }
        if *is_lost.lock().unwrap() {
            // The rest of the request, when it comes in several pieces; then the answer, which is lost.
            client.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        }
    }
    if *is_lost.lock().unwrap() {
        let _ = back.join();
        return;
    }
    let _ = to_server.shutdown(Shutdown::Both);
    let _ = client.shutdown(Shutdown::Both);
    let _ = back.join();
}

/// Changes the name of a header, in place.
fn spoil(bytes: &mut [u8], name: &str) {
    let wanted = format!("\n{name}:");
    for at in 0..bytes.len().saturating_sub(wanted.len()) {
        if bytes[at..at + wanted.len()].eq_ignore_ascii_case(wanted.as_bytes()) {
            bytes[at + 1] = b'x';
        }
    }
}
