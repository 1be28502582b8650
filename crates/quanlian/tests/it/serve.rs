//! `quanlian serve` as an administrator starts it, and what is left when it is killed.
//!
//! In:  the program, a free port, plain HTTP.
//! Out: nothing, or the first promise that it does not keep.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::Command,
};

use serde_json::{Value, json};

use crate::service::Service;
use crate::{json as json_of, quanlian, text};

struct Served {
    service: Service,
    /// `HOST:PORT`
    address: String,
}

impl Served {
    fn start(data: &Path) -> Self {
        Self::start_with(&["--plain-http", "--listen", "127.0.0.1:0", "--data", text(data)])
    }

    fn start_with(words: &[&str]) -> Self {
        let mut service = Service::start(&[&["serve"], words].concat());
        let _database = service.last_word();
        let url = service.last_word();
        let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { service, address }
    }

    /// A new platform with its first administrator, `root`, signed in.
    fn with_administrator(data: &Path) -> (Self, String) {
        let mut served = Self::start(data);
        let code = served.code();
        assert_eq!(served.make_first(&code), 201);
        let cookie = served.sign_in();
        (served, cookie)
    }

    /// Shows the code of the first start; the status of the answer.
    fn make_first(&self, code: &str) -> u16 {
        let first = json!({
            "code": code, "agency": "city", "agency_names": {"zh": "市知识产权局", "en": "City IP office"},
            "login": "root", "name": "管理员", "password": PASSWORD,
        });
        self.send("POST", "/api/v1/first-start", "", &first).0
    }

    fn code(&mut self) -> String {
        self.service.last_word()
    }

    /// Status, headers and body.
    fn send(&self, method: &str, path: &str, cookie: &str, body: &Value) -> (u16, String, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (host, body) = (&self.address, body.to_string());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {cookie}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head[9..12].parse().unwrap();
        (
            status,
            head.to_owned(),
            serde_json::from_str(body).unwrap_or(Value::Null),
        )
    }

    fn sign_in(&self) -> String {
        let body = json!({"login": "root", "password": PASSWORD});
        let (status, head, _) = self.send("POST", "/api/v1/session", "", &body);
        assert_eq!(status, 200, "{head}");
        let set = head
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: "))
            .unwrap();
        set.split(';').next().unwrap().to_owned()
    }
}

/// `quanlian admin …`: its exit code and its report.
fn admin(words: &[&str]) -> (i32, Value) {
    let done = quanlian(&[&["admin"], words, &["--json"]].concat());
    let said = String::from_utf8(done.stdout).unwrap();
    (
        done.status.code().unwrap(),
        serde_json::from_str(&said).unwrap_or(Value::Null),
    )
}

const PASSWORD: &str = "gravel-tidy-moth-9";

#[test]
fn the_first_start_makes_an_administrator_who_is_still_there_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("platform");
    let mut served = Served::start(&data);
    let code = served.code();
    assert_eq!(served.make_first(&code), 201);
    let cookie = served.sign_in();
    let names = json!({"zh": "文旅局", "en": "Culture bureau"});
    assert_eq!(
        served.send("PUT", "/api/v1/agencies/culture", &cookie, &names).0,
        204
    );
    // Killed without a word; whatever was answered is there.
    drop(served);
    let mut served = Served::start(&data);
    let (status, _, agencies) = served.send("GET", "/api/v1/agencies", &cookie, &Value::Null);
    assert_eq!(
        (status, agencies.as_array().unwrap().len()),
        (200, 2),
        "the session holds as well"
    );
    assert_eq!(served.make_first(&code), 403, "used once");

    // Asked to stop, it ends well and says so; with an account it prints no code.
    let stopped = Command::new("kill")
        .arg(served.service.process.id().to_string())
        .status()
        .unwrap();
    assert!(stopped.success());
    assert!(served.service.process.wait().unwrap().success());
    let rest: Vec<String> = served.service.lines.by_ref().map(Result::unwrap).collect();
    assert_eq!(rest, ["the platform has stopped; whatever was answered is kept"]);
}

/// A file says where everything is; `admin` and `config` read the same one as `serve`.
#[test]
fn a_platform_runs_by_its_file_and_the_check_tells_what_would_keep_it_from_running() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("platform.toml");
    let write = |more: &str| {
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nplain_http = true\n[storage]\ndata = \"state\"\n{more}"
        );
        std::fs::write(&file, text).unwrap();
    };
    let check = |wanted: i32| {
        let told = json_of(
            &quanlian(&["config", "check", "--json", "--config", text(&file)]),
            wanted,
        );
        let findings = told["findings"].as_array().unwrap().clone();
        let codes = findings
            .iter()
            .map(|found| found["code"].as_str().unwrap().to_owned());
        codes.collect::<Vec<_>>()
    };
    write("");
    assert_eq!(
        check(0),
        ["config_data_new", "config_database_new", "config_address_free"]
    );
    let mut served = Served::start_with(&["--config", text(&file)]);
    let _code = served.code();
    let state = folder.path().join("state");
    assert!(state.join("platform.sqlite").is_file() && state.join("objects").is_dir());
    assert_eq!(
        check(0),
        ["config_data_ok", "config_database_ok", "config_address_free"]
    );
    // Its own address is no trouble, that of another program is.
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for (address, wanted, code) in [
        (served.address.clone(), 0, "config_address_ours"),
        (other.local_addr().unwrap().to_string(), 1, "config_address_taken"),
    ] {
        std::fs::write(
            &file,
            format!("[server]\nlisten = \"{address}\"\n[storage]\ndata = \"state\"\n"),
        )
        .unwrap();
        assert_eq!(check(wanted).last().unwrap(), code);
    }
    let backup = folder.path().join("backup");
    let made = quanlian(&["admin", "backup", "--config", text(&file), "--out", text(&backup)]);
    assert_eq!(made.status.code(), Some(0));
    write("max_file_mib = -1\n");
    assert_eq!(check(1), ["config_bounds"]);
    let refused = quanlian(&["serve", "--config", text(&file)]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("platform.toml:6: storage.max_file_mib"), "{said}");
    assert_eq!(
        quanlian(&["admin", "check-trail", "--config", text(&file)])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn a_platform_is_backed_up_while_it_runs_and_comes_back_equal() {
    let folder = tempfile::tempdir().unwrap();
    let (data, backup) = (folder.path().join("platform"), folder.path().join("backup"));
    let (served, cookie) = Served::with_administrator(&data);
    let (status, made) = admin(&["backup", "--data", text(&data), "--out", text(&backup)]);
    assert_eq!(status, 0);
    let rows = |report: &Value, table: &str| {
        let tables = report["tables"].as_array().unwrap().iter();
        tables.clone().find(|one| one["table"] == table).unwrap()["rows"].clone()
    };
    assert_eq!(
        (rows(&made, "accounts"), rows(&made, "account_sessions")),
        (json!(1), json!(1))
    );
    assert_eq!(
        admin(&["backup", "--data", text(&data), "--out", text(&backup)]).0,
        3,
        "there is one already"
    );
    drop(served);

    let restored = folder.path().join("restored");
    let (status, report) = admin(&["restore", text(&backup), "--data", text(&restored)]);
    assert_eq!((status, &report["tables"]), (0, &made["tables"]));
    assert_eq!(
        admin(&["restore", text(&backup), "--data", text(&restored)]).0,
        2,
        "not empty"
    );
    let moved = folder.path().join("moved");
    let (status, report) = admin(&["migrate", "--data", text(&restored), "--to", text(&moved)]);
    assert_eq!((status, &report["tables"]), (0, &made["tables"]));
    assert_eq!(
        admin(&[
            "migrate",
            "--data",
            text(&folder.path().join("none")),
            "--to",
            text(&moved)
        ])
        .0,
        2
    );

    // Who was signed in still is.
    let served = Served::start(&moved);
    assert_eq!(
        served.send("GET", "/api/v1/session", &cookie, &Value::Null).0,
        200
    );
    // One flipped byte is told.
    let file = backup.join("database.sqlite");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(
        admin(&[
            "restore",
            text(&backup),
            "--data",
            text(&folder.path().join("other"))
        ])
        .0,
        2
    );
}

/// An old backup of the database that is put back has lost lines; the evidence log says so.
#[test]
fn an_old_backup_that_is_put_back_does_not_pass_for_the_whole_trail() {
    let folder = tempfile::tempdir().unwrap();
    let (data, backup) = (folder.path().join("platform"), folder.path().join("backup"));
    let (mut served, cookie) = Served::with_administrator(&data);
    assert_eq!(
        admin(&["backup", "--data", text(&data), "--out", text(&backup)]).0,
        0
    );
    for _ in 0..5 {
        assert_eq!(
            served.send("GET", "/api/v1/agencies", &cookie, &Value::Null).0,
            200
        );
    }
    let process = served.service.process.id().to_string();
    assert!(Command::new("kill").arg(process).status().unwrap().success());
    assert!(served.service.process.wait().unwrap().success());

    let (status, whole) = admin(&["check-trail", "--data", text(&data)]);
    assert_eq!((status, &whole["sound"]), (0, &json!(true)), "{whole}");
    let counts = ["lines", "anchored", "in_log"].map(|name| whole[name].as_u64().unwrap());
    assert!(
        counts[0] >= 7 && counts[1] == counts[0] && counts[2] > 0,
        "{whole}"
    );

    let restored = folder.path().join("restored");
    assert_eq!(admin(&["restore", text(&backup), "--data", text(&restored)]).0, 0);
    let (status, alone) = admin(&["check-trail", "--data", text(&restored)]);
    assert_eq!(
        (status, &alone["log"]),
        (0, &Value::Null),
        "nobody can tell without the log"
    );
    std::fs::rename(data.join("evidence"), restored.join("evidence")).unwrap();
    let (status, late) = admin(&["check-trail", "--data", text(&restored)]);
    assert_eq!((status, &late["sound"]), (1, &json!(false)), "{late}");
    let last = late["findings"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["what"], &last["number"]),
        (&json!("tail_cut"), &whole["lines"])
    );
}
