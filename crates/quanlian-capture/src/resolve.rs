//! Names to addresses, once for each name and capture.
//!
//! In:  a host, a [`Resolver`].
//! Out: the answer, kept: every later connection to that host uses the same addresses.
//!
//! Invariant: a name is looked up once and the addresses that the guard saw are those that are connected to, so an
//! answer that changes in between (DNS rebinding) reaches nothing.
//!
//! Not here: which addresses may be reached (`guard`).

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, ToSocketAddrs as _},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use quanlian_record::time::Timestamp;
use serde::Serialize;
use url::Host;

/// Names that one capture looks up.
pub const MAX_NAMES: usize = 4096;

/// Looks a name up. It may block; it is called on a thread for that.
pub trait Resolver: Send + Sync {
    /// All addresses of `name`.
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>>;
    /// What answered, for the record.
    fn describe(&self) -> String;
}

/// The resolver of this machine.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let mut addresses: Vec<IpAddr> = (name, 0).to_socket_addrs()?.map(|found| found.ip()).collect();
        addresses.dedup();
        Ok(addresses)
    }

    fn describe(&self) -> String {
        let servers = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
        let servers: Vec<&str> = servers
            .lines()
            .filter_map(|line| line.strip_prefix("nameserver"))
            .map(str::trim)
            .collect();
        format!(
            "getaddrinfo of this machine, name servers [{}]",
            servers.join(", ")
        )
    }
}

/// What a name resolved to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The name that was asked for.
    pub name: String,
    /// When.
    pub asked_at: Timestamp,
    /// Addresses in the order of the answer; empty when there are none.
    pub addresses: Vec<IpAddr>,
    /// What the resolver said instead of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The answers of one capture.
pub struct Names {
    resolver: Arc<dyn Resolver>,
    answers: Mutex<BTreeMap<String, Arc<tokio::sync::OnceCell<Answer>>>>,
    timeout: Duration,
}

impl Names {
    /// No answers yet.
    pub fn new(resolver: Arc<dyn Resolver>, timeout: Duration) -> Self {
        Self {
            resolver,
            answers: Mutex::default(),
            timeout,
        }
    }

    /// The addresses of `host`, and the answer itself when this call was the first to ask.
    pub async fn addresses(&self, host: &Host<String>) -> (Vec<IpAddr>, Option<Answer>) {
        let name = match host {
            Host::Ipv4(address) => return (vec![(*address).into()], None),
            Host::Ipv6(address) => return (vec![(*address).into()], None),
            Host::Domain(name) => name.to_ascii_lowercase(),
        };
        let cell = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            if answers.len() >= MAX_NAMES && !answers.contains_key(&name) {
                return (Vec::new(), None);
            }
            Arc::clone(answers.entry(name.clone()).or_default())
        };
        let mut fresh = None;
        let answer = cell
            .get_or_init(|| async {
                let answer = self.ask(&name).await;
                fresh = Some(answer.clone());
                answer
            })
            .await;
        (answer.addresses.clone(), fresh)
    }

    async fn ask(&self, name: &str) -> Answer {
        let asked_at = Timestamp::now();
        let (resolver, asked) = (Arc::clone(&self.resolver), name.to_owned());
        let looked_up = tokio::task::spawn_blocking(move || resolver.addresses(&asked));
        let result = match tokio::time::timeout(self.timeout, looked_up).await {
            Ok(Ok(result)) => result.map_err(|error| error.to_string()),
            Ok(Err(_)) => Err("the resolver stopped".to_owned()),
            Err(_) => Err(format!("no answer in {} s", self.timeout.as_secs())),
        };
        let (addresses, error) = match result {
            Ok(addresses) => (addresses, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        Answer {
            name: name.to_owned(),
            asked_at,
            addresses,
            error,
        }
    }

    /// What answered.
    pub fn describe(&self) -> String {
        self.resolver.describe()
    }
}

impl Answer {
    /// The answer as `text/dns` (RFC 4027), the form that `dns:` records hold. Time to live is not known here.
    pub fn to_text(&self) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        for address in &self.addresses {
            let kind = if address.is_ipv4() { "A" } else { "AAAA" };
            let _ = writeln!(
                text,
                "{}.\tIN\t{kind}\t{address}",
                self.name.trim_end_matches('.')
            );
        }
        if let Some(error) = &self.error {
            let _ = writeln!(text, "; no answer: {error}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU8, Ordering};

    /// Answers with another address every time, as a rebinding name server does.
    struct Rebinding(AtomicU8);
    impl Resolver for Rebinding {
        fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            Ok(vec![IpAddr::from([
                93,
                184,
                216,
                self.0.fetch_add(1, Ordering::SeqCst),
            ])])
        }
        fn describe(&self) -> String {
            "a test".into()
        }
    }

    #[tokio::test]
    async fn a_name_keeps_the_address_of_its_first_answer() {
        let names = Names::new(Arc::new(Rebinding(AtomicU8::new(1))), Duration::from_secs(5));
        let host = Host::Domain("Evil.example".to_owned());
        let (first, fresh) = names.addresses(&host).await;
        assert_eq!(fresh.unwrap().to_text(), "evil.example.\tIN\tA\t93.184.216.1\n");
        let (second, fresh) = names.addresses(&host).await;
        assert_eq!((first, fresh), (second, None));
    }
}
