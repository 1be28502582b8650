//! What a capture of the hostile site gives.

use std::{
    io::{self, BufReader},
    net::{IpAddr, Ipv4Addr},
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use quanlian_capture::{
    LimitHit, Progress, Report, Request, Stage, Watch, browser, capture,
    login::Script,
    record::Closed,
    resolve::Resolver,
    warc::read::{self, Bounds, Found, Watcher},
};
use tempfile::TempDir;

use crate::site::{PASSWORD, Site};

/// The names of the test: the site, and one whose answer changes after the first time.
struct Names {
    rebind: AtomicU32,
}

impl Resolver for Names {
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        match name {
            "rebind.test" if self.rebind.fetch_add(1, Ordering::SeqCst) == 0 => {
                Ok(vec![Ipv4Addr::new(127, 0, 0, 2).into()])
            }
            "site.test" | "rebind.test" | "localhost" => Ok(vec![Ipv4Addr::LOCALHOST.into()]),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
    fn describe(&self) -> String {
        "names of a test".to_owned()
    }
}

/// Notes what it is told.
#[derive(Default)]
struct Notes {
    stages: std::sync::Mutex<Vec<Stage>>,
    closed: std::sync::Mutex<Option<String>>,
    cancel_in: Option<Stage>,
}

impl Watch for Notes {
    fn progress(&self, progress: &Progress) {
        let mut stages = self.stages.lock().unwrap();
        if stages.last() != Some(&progress.stage) {
            stages.push(progress.stage);
        }
    }
    fn is_cancelled(&self) -> bool {
        self.cancel_in
            .is_some_and(|stage| self.stages.lock().unwrap().contains(&stage))
    }
    fn warc_closed(&self, path: &Path, closed: &Closed) -> io::Result<()> {
        assert!(path.is_file());
        assert!(
            !path.with_file_name("capture.wacz").try_exists()?,
            "the hash is told before the WACZ is made"
        );
        *self.closed.lock().unwrap() = Some(closed.sha256.clone());
        Ok(())
    }
}

/// A capture that was made.
pub(crate) struct Made {
    pub(crate) folder: TempDir,
    pub(crate) report: Report,
    notes: Notes,
    took: Duration,
}

impl Made {
    fn exchange(&self, part: &str) -> &quanlian_capture::record::Listed {
        let found = self
            .report
            .exchanges
            .iter()
            .find(|listed| listed.url.contains(part));
        found.unwrap_or_else(|| panic!("no exchange with {part}: {:#?}", self.report.exchanges))
    }

    pub(crate) fn missing(&self, code: &str) -> Vec<&str> {
        let list = self.report.facts.missing.iter();
        list.filter(|missing| missing.code == code)
            .map(|missing| missing.url.as_str())
            .collect()
    }

    /// The bytes of every block whose target holds `part`.
    pub(crate) fn blocks(&self, kind: &str, part: &str) -> Vec<Vec<u8>> {
        let mut blocks = Blocks {
            kind: kind.to_owned(),
            part: part.to_owned(),
            taking: false,
            found: Vec::new(),
        };
        let file = std::fs::File::open(self.folder.path().join("capture.warc.gz")).unwrap();
        let report = read::watch(BufReader::new(file), Bounds::default(), &mut blocks).unwrap();
        assert!(report.is_complete(), "{:?}", report.problems);
        blocks.found
    }
}

struct Blocks {
    kind: String,
    part: String,
    taking: bool,
    found: Vec<Vec<u8>>,
}

impl Watcher for Blocks {
    fn begins(&mut self, record: &Found) {
        let target = record.target.as_deref().unwrap_or_default();
        self.taking = record.kind == self.kind && target.contains(&self.part);
        if self.taking {
            self.found.push(Vec::new());
        }
    }
    fn bytes(&mut self, bytes: &[u8]) {
        if self.taking
            && let Some(block) = self.found.last_mut()
        {
            block.extend_from_slice(bytes);
        }
    }
    fn ends(&mut self, _: &Found) {}
}

/// Whether there is a browser; says so when there is none.
pub(crate) fn has_browser() -> bool {
    let found = browser::find(None).is_ok();
    if !found {
        eprintln!("skipped: no browser (install the Debian package chromium)");
    }
    found
}

pub(crate) fn request(site: &Site, path: &str) -> Request {
    let mut request = Request::new(site.url(path));
    request.resolver = Arc::new(Names {
        rebind: AtomicU32::new(0),
    });
    request.allowed = vec!["site.test".parse().unwrap()];
    request.limits.seconds = 60;
    request.limits.settle_seconds = 15;
    request.limits.connect_seconds = 5;
    request
}

fn make_with(request: &Request, notes: Notes) -> Made {
    let folder = TempDir::new().unwrap();
    let begin = Instant::now();
    let report = capture(request, folder.path(), &notes).unwrap();
    let made = Made {
        folder,
        report,
        notes,
        took: begin.elapsed(),
    };
    // What holds for every capture.
    assert_eq!(
        made.notes.closed.lock().unwrap().as_ref(),
        Some(&made.report.warc.sha256)
    );
    assert_eq!(made.report.warc.records_checked, made.report.warc.records);
    for file in &made.report.files {
        let (sha256, size) = quanlian_capture::wacz::digest_of(&made.folder.path().join(file.name)).unwrap();
        assert_eq!((&sha256, size), (&file.sha256, file.size_bytes), "{}", file.name);
    }
    eprintln!(
        "{}: {:.1} s, {} requests, {} bytes, limits met {:?}",
        request.url,
        made.took.as_secs_f64(),
        made.report.facts.requests,
        made.report.facts.bytes,
        made.report.facts.limits_met
    );
    made
}

pub(crate) fn make(request: &Request) -> Made {
    make_with(request, Notes::default())
}

/// A page with everything that loads late, captured once for several tests.
pub(crate) fn rich_page() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let site = Site::start("127.0.0.1:0");
        make(&request(&site, "/lazy"))
    })
}

#[test]
fn a_page_is_captured_with_what_loads_late_and_its_media() {
    if !has_browser() {
        return;
    }
    let made = rich_page();
    let facts = &made.report.facts;
    assert!(facts.page.loaded, "{:?}", facts.page);
    assert_eq!(facts.page.title, "lazy");
    assert_eq!(
        made.exchange("/picture.png").media_type.as_deref(),
        Some("image/png")
    );
    assert_eq!(made.exchange("/sound.wav").truncated, None);
    assert_eq!(made.exchange("/scrolled").status, Some(404));
    assert!(facts.views_missing.is_empty(), "{:?}", facts.views_missing);
    // The loop in the frame was broken, and the socket refused; both are told.
    assert!(facts.limits_met.contains(&LimitHit::Redirects), "{facts:#?}");
    assert!(!made.missing("refused_redirects").is_empty());
    assert_eq!(made.missing("refused_upgrade").len(), 1);
    // As on the wire: chunks are not joined.
    let response = made.blocks("response", "/lazy").remove(0);
    let text = String::from_utf8_lossy(&response);
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("0\r\n\r\n"));
    let request = made.blocks("request", "/lazy").remove(0);
    let text = String::from_utf8_lossy(&request);
    assert!(text.starts_with("GET /lazy HTTP/1.1\r\n"), "{text}");
    assert!(!text.to_ascii_lowercase().contains("proxy-"), "{text}");
    assert!(text.contains("Accept-Language: zh-CN"), "{text}");
    let answer = made.blocks("resource", "dns:site.test").remove(0);
    assert_eq!(answer, b"site.test.\tIN\tA\t127.0.0.1\n");
    assert!(made.blocks("resource", "urn:fullPage:")[0].starts_with(b"\x89PNG"));
    assert!(made.blocks("resource", "urn:pdf:")[0].starts_with(b"%PDF"));
    // Nothing went anywhere but to the site.
    for exchange in &made.report.exchanges {
        assert!(exchange.url.starts_with("http://site.test:"), "{}", exchange.url);
    }
    // What Chromium wants for itself is not the page's.
    for missing in &facts.missing {
        assert!(missing.url.starts_with("http://site.test:"), "{missing:?}");
    }
    let stages = made.notes.stages.lock().unwrap();
    assert_eq!(stages.first(), Some(&Stage::Start));
    assert_eq!(stages.last(), Some(&Stage::Close));
}

#[test]
fn redirects_are_followed_and_a_page_in_gbk_is_kept_as_sent() {
    if !has_browser() {
        return;
    }
    let site = Site::start("127.0.0.1:0");
    let made = make(&request(&site, "/r0"));
    assert!(made.report.facts.page.final_url.ends_with("/gbk?arrived"));
    for (part, status) in [("/r0", 302), ("/r1", 302), ("/r2", 302), ("/gbk", 200)] {
        assert_eq!(made.exchange(part).status, Some(status));
    }
    assert_eq!(made.report.facts.page.title, "证据");
    let response = made.blocks("response", "/gbk").remove(0);
    assert!(response.windows(4).any(|bytes| bytes == b"\xd6\xa4\xbe\xdd"));
    let dom = std::fs::read_to_string(made.folder.path().join("dom.txt")).unwrap();
    assert!(dom.contains("全链 GBK 页面"), "{dom}");
}

#[test]
fn a_page_without_end_ends_at_its_limits() {
    if !has_browser() {
        return;
    }
    let site = Site::start("127.0.0.1:0");
    let mut wanted = request(&site, "/infinite");
    wanted.limits.scroll_steps = 3;
    let made = make(&wanted);
    assert_eq!(made.report.facts.scrolled, 3);
    assert_eq!(made.report.facts.limits_met, [LimitHit::ScrollSteps]);
    let mut wanted = request(&site, "/loop");
    wanted.limits.redirects = 4;
    let made = make(&wanted);
    assert!(!made.report.facts.page.loaded);
    assert!(made.report.facts.limits_met.contains(&LimitHit::Redirects));
    let asked = made
        .report
        .exchanges
        .iter()
        .filter(|listed| listed.url.contains("/loop"));
    assert_eq!(asked.count(), 5, "the first, and four redirects");
    // A page whose script never returns answers nobody; what crossed the wire is recorded.
    let mut wanted = request(&site, "/hang");
    (
        wanted.limits.settle_seconds,
        wanted.limits.seconds,
        wanted.limits.grace_seconds,
    ) = (2, 4, 3);
    let made = make(&wanted);
    assert_eq!(made.exchange("/hang").truncated, None);
    assert!(made.report.facts.limits_met.contains(&LimitHit::SettleSeconds));
    assert!(!made.report.facts.views_missing.is_empty());
    assert!(made.took < Duration::from_secs(40), "{:?}", made.took);
}

#[test]
fn five_gigabytes_and_a_drip_are_cut_and_marked() {
    if !has_browser() {
        return;
    }
    let site = Site::start("127.0.0.1:0");
    let mut wanted = request(&site, "/huge");
    wanted.limits.response_bytes = 3 << 20;
    let made = make(&wanted);
    assert!(made.report.facts.page.is_download, "{:?}", made.report.facts.page);
    let huge = made.exchange("/huge");
    assert_eq!((huge.truncated, huge.size_bytes), (Some("length"), 3 << 20));
    assert_eq!(made.report.facts.limits_met, [LimitHit::ResponseBytes]);
    // The limit on everything ends the capture.
    let mut wanted = request(&site, "/huge");
    wanted.limits.total_bytes = 3 << 20;
    let made = make(&wanted);
    assert_eq!(made.exchange("/huge").truncated, Some("length"));
    assert_eq!(made.report.facts.limits_met, [LimitHit::TotalBytes]);
    assert!(made.report.facts.bytes < 4 << 20);
    let mut wanted = request(&site, "/drip");
    wanted.limits.settle_seconds = 2;
    wanted.limits.seconds = 6;
    let made = make(&wanted);
    assert!(made.took < Duration::from_secs(40), "{:?}", made.took);
    assert_eq!(made.exchange("/drip").truncated, Some("time"));
    assert!(made.report.facts.limits_met.contains(&LimitHit::SettleSeconds));
}

#[test]
fn nothing_inside_is_reached_and_a_name_that_changes_its_address_neither() {
    if !has_browser() {
        return;
    }
    // The same port on two addresses: where the name pointed at first, and where it points to afterwards.
    let canary = Site::start("127.0.0.1:0");
    let port = canary.address.port();
    let first = Site::start(&format!("127.0.0.2:{port}"));
    let site = Site::start("127.0.0.1:0");
    let mut wanted = request(&site, &format!("/attack?{port}"));
    wanted.allowed.push("127.0.0.2".parse().unwrap());
    let made = make(&wanted);
    assert_eq!(canary.hits.load(Ordering::SeqCst), 0, "{:?}", canary.seen.lock());
    assert!(
        first.hits.load(Ordering::SeqCst) >= 1,
        "{:#?}",
        made.report.facts.missing
    );
    let refused = made.missing("refused_address");
    for inside in [
        "169.254.169.254:80",
        "127.0.0.1:",
        "[::1]:",
        "localhost:",
        "10.0.0.1:80",
    ] {
        assert!(
            refused.iter().any(|url| url.starts_with(inside)),
            "{inside} {refused:?}"
        );
    }
    // The attack is evidence too: what was tried stands in the record.
    let facts = made.blocks("metadata", "urn:quanlian:capture").remove(0);
    assert!(String::from_utf8_lossy(&facts).contains("169.254.169.254"));
    for block in made.blocks("response", "/") {
        assert!(!String::from_utf8_lossy(&block).contains("root:"));
    }
}

#[test]
fn a_login_opens_the_page_and_its_password_stays_out_of_the_record() {
    if !has_browser() {
        return;
    }
    let site = Site::start("127.0.0.1:0");
    let mut wanted = request(&site, "/private");
    let script = format!(
        "start = '{}'\n[[step]]\nfill = '#user'\nvalue = 'officer'\n[[step]]\nfill = '#pw'\nsecret = {{ env = 'PW' }}\n\
         [[step]]\nclick = 'button'\n[[step]]\nwait = '#in'",
        site.url("/login")
    );
    wanted.login = Some(Script::parse(&script, |_| Ok(PASSWORD.to_owned())).unwrap());
    wanted.fields = vec![("X-Officer".to_owned(), "badge 7".to_owned())];
    let made = make(&wanted);
    assert_eq!(made.report.facts.page.title, "private");
    assert_eq!(made.report.facts.withheld, 1);
    assert!(site.has_seen("field[badge 7]"));
    let posted = made.blocks("request", "/session").remove(0);
    assert_eq!(posted, b"POST /session HTTP/1.1\r\n\r\n");
    for kind in ["request", "response", "metadata", "resource", "warcinfo"] {
        for block in made.blocks(kind, "") {
            let text = String::from_utf8_lossy(&block);
            for form in [PASSWORD, "pass+w%C3%B6rd%261", "pass%20w%C3%B6rd%261"] {
                assert!(!text.contains(form), "{kind}: {text}");
            }
        }
    }
}

#[test]
fn a_cancelled_capture_still_ends_with_a_whole_record() {
    if !has_browser() {
        return;
    }
    let site = Site::start("127.0.0.1:0");
    let notes = Notes {
        cancel_in: Some(Stage::Open),
        ..Notes::default()
    };
    let made = make_with(&request(&site, "/drip"), notes);
    assert!(made.report.facts.cancelled);
    assert!(made.took < Duration::from_secs(40), "{:?}", made.took);
}

#[test]
fn a_folder_in_use_and_an_absent_browser_are_named() {
    let folder = TempDir::new().unwrap();
    let mut wanted = Request::new("http://site.test/".parse().unwrap());
    wanted.browser = Some("/nowhere/chromium".into());
    let error = capture(&wanted, folder.path(), &Notes::default()).unwrap_err();
    assert_eq!(error.code(), "browser_start");
    let error = capture(&wanted, folder.path(), &Notes::default()).unwrap_err();
    assert_eq!(error.code(), "capture_folder");
    wanted.url = "file:///etc/passwd".parse().unwrap();
    let error = capture(&wanted, folder.path(), &Notes::default()).unwrap_err();
    assert_eq!(error.code(), "capture_address");
    wanted.url = "http://site.test/".parse().unwrap();
    wanted.fields = vec![("Host".to_owned(), "other".to_owned())];
    let error = capture(&wanted, folder.path(), &Notes::default()).unwrap_err();
    assert_eq!(error.code(), "capture_field");
}
