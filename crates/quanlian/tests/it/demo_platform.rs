//! `quanlian demo --serve` as a stranger starts it: everybody signs in and finds work, and the platform is opened again as it was.
//!
//! In:  the program, a free port, an empty folder.
//! Out: nothing, or the first promise that it does not keep.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread::sleep,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{code, quanlian, stderr, text};

/// A platform of the demo that runs; it is killed when it is dropped.
struct Shown {
    process: Child,
    /// `HOST:PORT`
    address: String,
    /// What it told programs: address, password, accounts.
    card: Value,
}

impl Drop for Shown {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Shown {
    /// Starts it and waits until it is filled.
    fn start(folder: &Path, talk: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_quanlian"))
            .args([
                "--lang",
                "en",
                "demo",
                "--serve",
                "--json",
                "--listen",
                "127.0.0.1:0",
            ])
            .args(["--data", text(folder)])
            .stdout(Stdio::piped())
            .stderr(File::create(talk).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut told = BufReader::new(process.stdout.take().unwrap());
        told.read_line(&mut line).unwrap();
        let card: Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("it was not filled: {}", std::fs::read_to_string(talk).unwrap()));
        let address = card["address"].as_str().unwrap();
        let address = address
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned();
        Self {
            process,
            address,
            card,
        }
    }

    /// Asks it to end.
    fn stop(mut self) -> ExitStatus {
        let process = self.process.id().to_string();
        assert!(Command::new("kill").arg(process).status().unwrap().success());
        self.process.wait().unwrap()
    }

    fn send(&self, method: &str, path: &str, headers: &str, body: &Value) -> (u16, String, Value) {
        loop {
            let mut stream = TcpStream::connect(&self.address).unwrap();
            let (host, body) = (&self.address, body.to_string());
            write!(
                stream,
                "{method} {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nConnection: close\r\n{headers}\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
            .unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            let status = head[9..12].parse().unwrap();
            if status == 429 {
                // Everybody comes from one address here.
                sleep(Duration::from_secs(1));
                continue;
            }
            let body = serde_json::from_str(body).unwrap_or(Value::Null);
            return (status, head.to_owned(), body);
        }
    }

    /// Signs in with the password of the card.
    fn person(&self, login: &str) -> Person<'_> {
        let body = json!({"login": login, "password": self.card["password"]});
        let (status, head, answer) = self.send("POST", "/api/v1/session", "", &body);
        assert_eq!(status, 200, "{login}: {answer}");
        assert_eq!(answer["must_change_password"], false, "{login}");
        let set = head.lines().find_map(|line| line.strip_prefix("set-cookie: "));
        Person {
            shown: self,
            cookie: format!("Cookie: {}\r\n", set.unwrap().split(';').next().unwrap()),
        }
    }
}

struct Person<'a> {
    shown: &'a Shown,
    cookie: String,
}

impl Person<'_> {
    fn get(&self, path: &str) -> (u16, Value) {
        let (status, _, body) = self.shown.send("GET", path, &self.cookie, &Value::Null);
        (status, body)
    }

    /// The same with a reason.
    fn get_for(&self, path: &str) -> (u16, Value) {
        let headers = format!("{}X-Quanlian-Purpose: test\r\n", self.cookie);
        let (status, _, body) = self.shown.send("GET", path, &headers, &Value::Null);
        (status, body)
    }

    /// Matters that they read, each whole.
    fn matters(&self) -> Vec<Value> {
        let (status, page) = self.get("/api/v1/matters?limit=200");
        assert_eq!(status, 200, "{page}");
        let ids = page["matters"].as_array().unwrap().iter();
        let whole = |row: &Value| {
            self.get_for(&format!("/api/v1/matters/{}", row["id"].as_str().unwrap()))
                .1
        };
        ids.map(whole).collect()
    }

    /// In how many matters their agreement is what is waited for.
    fn decides(&self) -> usize {
        let is_open = |matter: &&Value| {
            matter["state"]["proposals"]
                .as_object()
                .is_some_and(|all| !all.is_empty())
        };
        let is_theirs = |matter: &&Value| {
            let acts = format!("/api/v1/matters/{}/acts", matter["id"].as_str().unwrap());
            let acts = self.get_for(&acts).1;
            acts["acts"]
                .as_array()
                .unwrap()
                .iter()
                .any(|act| act["proposal"][1] == true)
        };
        self.matters().iter().filter(is_open).filter(is_theirs).count()
    }

    fn figure(&self, indicator: &str) -> Value {
        let (status, figure) = self.get(&format!("/api/v1/indicators/{indicator}"));
        assert_eq!(status, 200, "{figure}");
        figure["value"].clone()
    }
}

fn of<'a>(matters: &'a [Value], procedure: &str, stage: &str) -> Vec<&'a Value> {
    let fits = |matter: &&Value| matter["procedure"] == procedure && matter["stage"] == stage;
    matters.iter().filter(fits).collect()
}

#[test]
fn a_stranger_finds_work_in_every_role_and_the_platform_as_it_was_left() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, talk) = (dir.path().join("demo"), dir.path().join("talk.txt"));
    let shown = Shown::start(&folder, &talk);
    everybody_finds_something(&shown);
    those_who_decide_find_what_waits(&shown);
    figures_and_the_trail_are_there(&shown);
    what_is_in_use_is_left_alone(&shown, &folder);
    let said = std::fs::read_to_string(&talk).unwrap();
    assert!(!said.contains("ERROR") && !said.contains("WARN"), "{said}");
    let before = shown.person("wang").get("/api/v1/matters").1["count"].clone();
    assert!(shown.stop().success(), "asked to stop, it ends well");

    // Opened again, not made again.
    let shown = Shown::start(&folder, &talk);
    let said = std::fs::read_to_string(&talk).unwrap();
    assert!(
        said.contains("is opened again") && !said.contains("accounts"),
        "{said}"
    );
    assert_eq!(shown.person("wang").get("/api/v1/matters").1["count"], before);
}

fn everybody_finds_something(shown: &Shown) {
    let accounts = shown.card["accounts"].as_array().unwrap();
    assert!(accounts.len() >= 20);
    for account in accounts {
        let login = account["login"].as_str().unwrap();
        let (status, page) = shown.person(login).get("/api/v1/matters?limit=1");
        assert_eq!(status, 200, "{login}: {page}");
        let roles = account["roles"].as_array().unwrap();
        let is_outside = roles
            .iter()
            .any(|role| role["code"] == "auditor" || role["code"] == "administrator");
        let count = page["count"].as_u64().unwrap();
        assert_eq!(count == 0, is_outside, "{login} sees {count} matters");
    }
    let mut lights: BTreeMap<String, usize> = BTreeMap::new();
    for login in ["wang", "jiang", "qin"] {
        let matters = shown.person(login).matters();
        for clock in matters
            .iter()
            .flat_map(|matter| matter["clocks"].as_array().unwrap())
        {
            let (state, light) = (clock["state"].as_str().unwrap(), clock["light"].as_str().unwrap());
            let word = if state == "overdue" { state } else { light };
            *lights.entry(word.to_owned()).or_default() += 1;
        }
    }
    for light in ["green", "yellow", "red", "overdue"] {
        assert!(lights.contains_key(light), "no clock is {light}: {lights:?}");
    }
}

fn those_who_decide_find_what_waits(shown: &Shown) {
    for login in ["zhao", "wang", "chen", "jiang", "sun", "shen", "lv", "zhu", "you"] {
        assert!(shown.person(login).decides() > 0, "nothing waits before {login}");
    }
    let police = shown.person("han").matters();
    assert!(
        !of(&police, "criminal-transfer", "handed_over").is_empty(),
        "something is to be received"
    );
    let chip = of(&police, "criminal-transfer", "police_reviewing");
    let chip = chip
        .iter()
        .find(|matter| matter["title"].as_str().unwrap().contains("处理器核"));
    let clocks = chip.expect("the chip code lies with the police")["clocks"]
        .as_array()
        .unwrap();
    let decide = clocks
        .iter()
        .find(|clock| clock["clock"] == "police_decide")
        .unwrap();
    assert_eq!(decide["state"], "running", "{decide}");
    let supervised = shown.person("qin").matters();
    assert!(
        !of(&supervised, "filing-supervision", "asked").is_empty(),
        "reasons are awaited"
    );
    assert!(!of(&supervised, "criminal-transfer", "under_supervision").is_empty());
    assert_eq!(
        of(
            &shown.person("tang").matters(),
            "jurisdiction-dispute",
            "reported"
        )
        .len(),
        1
    );
    assert!(!of(&shown.person("luo").matters(), "platform-notice", "notified").is_empty());
    let lin = shown.person("lin").matters();
    assert!(
        !of(&lin, "complaint-intake", "supplementing").is_empty(),
        "the right holder is asked for papers"
    );

    let li = shown.person("li");
    assert!(li.get("/api/v1/notices?unread=true").1["unread"].as_u64() > Some(3));
    let (_, tasks) = li.get("/api/v1/tasks?whose=mine&state=open");
    let tasks = tasks["tasks"].as_array().unwrap();
    assert!(tasks.len() >= 3, "{tasks:?}");

    // Whoever reads of a trade secret says why.
    let zheng = shown.person("zheng");
    let matters = zheng.matters();
    let secret = of(&matters, "trade-secret-investigation", "investigating");
    let place = format!("/api/v1/matters/{}", secret[0]["id"].as_str().unwrap());
    assert_eq!(zheng.get(&place).0, 428);
    assert_eq!(
        shown.person("li").get_for(&place).0,
        404,
        "another agency knows nothing of it"
    );
}

fn figures_and_the_trail_are_there(shown: &Shown) {
    let (wang, jiang, lv) = (shown.person("wang"), shown.person("jiang"), shown.person("lv"));
    assert!(wang.figure("matters-open").as_u64() > Some(10));
    assert!(wang.figure("illegal-gain").as_u64() >= Some(7_200_000));
    assert_eq!(wang.figure("court-months"), 33);
    assert_eq!(jiang.figure("penalty-fines"), 5_000_000);
    assert_eq!(lv.figure("court-damages"), 38_000_000);
    let music = wang.matters();
    let ended = of(&music, "court-outcome", "concluded");
    assert_eq!(ended.len(), 1, "the music channel was judged");
    let filed = of(&music, "copyright-investigation", "criminal")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let files = shown
        .person("li")
        .get(&format!("/api/v1/matters/{filed}/files?limit=1000"))
        .1;
    let files = files["files"].as_array().unwrap();
    for kind in ["work", "suspect", "side_file", "report", "paper"] {
        assert!(files.iter().any(|file| file["kind"] == kind), "no {kind}");
    }
    let auditor = shown.person("shi");
    let (status, trail) = auditor.get("/api/v1/audit?limit=5");
    assert_eq!(
        (status, trail["entries"].as_array().map(Vec::len)),
        (200, Some(5)),
        "{trail}"
    );
    assert_eq!(wang.get("/api/v1/audit").0, 403);
}

fn what_is_in_use_is_left_alone(shown: &Shown, folder: &Path) {
    let beside = folder.with_file_name("beside");
    let serve = |data: &Path, listen: &str, more: &[&str]| {
        let words = ["demo", "--serve", "--listen", listen, "--data", text(data)];
        quanlian(&[&words, more].concat())
    };
    let port_taken = serve(&beside, &shown.address, &[]);
    assert_eq!(code(&port_taken), 2, "{}", stderr(&port_taken));
    assert!(
        stderr(&port_taken).contains("--listen"),
        "{}",
        stderr(&port_taken)
    );
    for done in [
        serve(folder, "127.0.0.1:0", &["--anew"]),
        quanlian(&["demo", "--data", text(folder)]),
    ] {
        assert_eq!(code(&done), 2, "{}", stderr(&done));
        assert!(
            stderr(&done).contains("served by another process"),
            "{}",
            stderr(&done)
        );
    }
    let somebodys = folder.with_file_name("somebodys");
    std::fs::create_dir(&somebodys).unwrap();
    std::fs::write(somebodys.join("thesis.txt"), "x").unwrap();
    let not_ours = serve(&somebodys, "127.0.0.1:0", &[]);
    assert_eq!(code(&not_ours), 2);
    assert!(
        stderr(&not_ours).contains("no demo made"),
        "{}",
        stderr(&not_ours)
    );
    assert!(somebodys.join("thesis.txt").is_file());
}
