//! Metrics: what the program counts of itself, in the text format of Prometheus.
//!
//! In:  requests that ended; the gauges of the database when somebody asks.
//! Out: one page of text.
//!
//! Invariants: labels are words of this program (templates of routes, methods, kinds of work), never what somebody sent, so that neither
//! memory nor the page grows by strangers; nothing about a person or a matter is in it.
//!
//! Source of the format: Prometheus, "Exposition formats", text format 0.0.4.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use quanlian_store::gauges::Gauges;

/// Upper ends of the buckets, in microseconds, and as they are written in seconds.
const BUCKETS: [(u64, &str); 12] = [
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (5_000_000, "5"),
    (30_000_000, "30"),
];

#[derive(Debug, Clone, Copy, Default)]
struct Latency {
    /// How many were no longer than each end.
    within: [u64; BUCKETS.len()],
    count: u64,
    sum_us: u64,
}

/// What was counted since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, String, u16), Latency>>,
    in_flight: AtomicI64,
}

/// Counts as running until it is dropped.
#[derive(Debug)]
pub(crate) struct Running<'m>(&'m Metrics);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is asked of the rest of the program when the page is made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Now {
    /// `None` when the database did not answer.
    pub(crate) gauges: Option<Gauges>,
    pub(crate) at_us: i64,
    /// Records of the trail that wait for their writer.
    pub(crate) trail_waiting: usize,
    /// Lines since an anchor was last tried.
    pub(crate) trail_unanchored: u64,
    /// When everything was last anchored, in microseconds since 1970; 0: not since the start.
    pub(crate) anchored_us: i64,
    pub(crate) is_in_trouble: bool,
}

impl Metrics {
    /// A request begins.
    pub(crate) fn begin(&self) -> Running<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Running(self)
    }

    /// A request ended. `route` is a template of this program, empty where there is none.
    pub(crate) fn ended(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let latency = requests.entry((method, route.to_owned(), status)).or_default();
        for (within, (end_us, _)) in latency.within.iter_mut().zip(BUCKETS) {
            *within += u64::from(took_us <= end_us);
        }
        latency.count += 1;
        latency.sum_us = latency.sum_us.saturating_add(took_us);
    }

    /// The page.
    pub(crate) fn page(&self, now: &Now) -> String {
        let mut page = Page(String::new());
        self.requests(&mut page);
        let in_flight = self.in_flight.load(Ordering::Relaxed);
        page.gauge("quanlian_requests_in_flight", "Requests that run now.", in_flight);
        page.gauge(
            "quanlian_database_up",
            "Whether the database answered just now.",
            i32::from(now.gauges.is_some()),
        );
        if let Some(gauges) = &now.gauges {
            of_database(&mut page, gauges, now.at_us);
        }
        page.gauge(
            "quanlian_trail_records_waiting",
            "Records of the audit trail that wait for their writer.",
            now.trail_waiting,
        );
        page.gauge(
            "quanlian_trail_lines_unanchored",
            "Lines of the audit trail since an anchor was last tried.",
            now.trail_unanchored,
        );
        page.gauge(
            "quanlian_trail_in_trouble",
            "Whether the audit trail cannot be anchored.",
            i32::from(now.is_in_trouble),
        );
        if now.anchored_us > 0 {
            let age = seconds_since(now.anchored_us, now.at_us);
            page.gauge(
                "quanlian_trail_anchor_age_seconds",
                "Since when the audit trail was last anchored whole.",
                age,
            );
        }
        of_process(&mut page);
        page.0
    }

    fn requests(&self, page: &mut Page) {
        let requests = self
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let name = "quanlian_request_duration_seconds";
        page.head(
            name,
            "histogram",
            "Requests by route, method and status, until their answer began.",
        );
        for ((method, route, status), latency) in &requests {
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            for (within, (_, end)) in latency.within.iter().zip(BUCKETS) {
                page.line(&format!("{name}_bucket{{{labels},le=\"{end}\"}}"), within);
            }
            page.line(&format!("{name}_bucket{{{labels},le=\"+Inf\"}}"), latency.count);
            page.line(&format!("{name}_sum{{{labels}}}"), seconds(latency.sum_us));
            page.line(&format!("{name}_count{{{labels}}}"), latency.count);
        }
    }
}

fn of_database(page: &mut Page, gauges: &Gauges, now_us: i64) {
    page.head(
        "quanlian_jobs",
        "gauge",
        "Jobs that are not done, by kind and state.",
    );
    for job in &gauges.jobs {
        let (kind, state) = (&job.kind, &job.state);
        page.line(
            &format!("quanlian_jobs{{kind=\"{kind}\",state=\"{state}\"}}"),
            job.count,
        );
    }
    let waiting = gauges.jobs.iter().filter(|job| job.state == "waiting");
    let since_us = waiting.map(|job| job.since_us).min().unwrap_or(now_us);
    page.gauge(
        "quanlian_jobs_oldest_waiting_seconds",
        "How long the first job that waits could have been begun; 0: none waits.",
        seconds_since(since_us, now_us),
    );
    page.gauge(
        "quanlian_deposits_waiting",
        "Files that wait for their receipt of the evidence log.",
        gauges.deposits_waiting,
    );
    page.gauge(
        "quanlian_uploads_open",
        "Uploads on their way.",
        gauges.uploads_open,
    );
    page.gauge(
        "quanlian_uploads_open_bytes",
        "What the uploads on their way will be together.",
        gauges.uploads_bytes,
    );
    page.gauge(
        "quanlian_database_connections",
        "Connections to the database.",
        gauges.connections,
    );
    page.gauge(
        "quanlian_database_connections_idle",
        "Those that nobody uses.",
        gauges.connections_idle,
    );
}

/// What Linux says of this process; elsewhere nothing.
fn of_process(page: &mut Page) {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return;
    };
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = resident.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    if let Some(kib) = kib {
        page.gauge(
            "process_resident_memory_bytes",
            "Resident memory size in bytes.",
            kib.saturating_mul(1024),
        );
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        page.gauge(
            "process_open_fds",
            "Number of open file descriptors.",
            open.count(),
        );
    }
}

fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// A clock that was set back gives no negative age.
fn seconds_since(then_us: i64, now_us: i64) -> String {
    seconds(u64::try_from(now_us.saturating_sub(then_us)).unwrap_or(0))
}

struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, what: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{what} {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, "gauge", help);
        self.line(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_in_its_bucket_and_all_wider_ones() {
        let metrics = Metrics::default();
        let running = metrics.begin();
        metrics.ended("GET", "/a/{id}", 200, Duration::from_micros(2_500));
        metrics.ended("GET", "/a/{id}", 200, Duration::from_millis(40));
        let page = metrics.page(&Now::default());
        let has = |line: &str| assert!(page.lines().any(|one| one == line), "{line}\n{page}");
        let of = "method=\"GET\",route=\"/a/{id}\",status=\"200\"";
        for (end, count) in [
            ("0.001", 0),
            ("0.0025", 1),
            ("0.025", 1),
            ("0.05", 2),
            ("+Inf", 2),
        ] {
            has(&format!(
                "quanlian_request_duration_seconds_bucket{{{of},le=\"{end}\"}} {count}"
            ));
        }
        has(&format!("quanlian_request_duration_seconds_sum{{{of}}} 0.042500"));
        has("quanlian_requests_in_flight 1");
        has("quanlian_database_up 0");
        drop(running);
        assert!(
            metrics
                .page(&Now::default())
                .contains("quanlian_requests_in_flight 0")
        );
    }
}
