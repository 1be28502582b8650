//! A page is fixed and its record deposited, and what an officer can get wrong is named.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
};

use serde_json::Value;

use super::{code, has_tool, json, quanlian, stderr, text};

/// A site with one page; its port.
fn site() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let page = "<meta charset=utf-8><title>侵权播放页</title><p>正在播放";
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
                page.len()
            );
        }
    });
    port
}

#[test]
fn a_page_is_captured_and_its_record_is_in_the_log() {
    if !has_tool("chromium") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (out, data) = (dir.path().join("page"), dir.path().join("data"));
    let url = format!("http://127.0.0.1:{}/", site());
    let shared = [
        "capture",
        &url,
        "--allow-private",
        "127.0.0.1",
        "--no-scroll",
        "--out",
    ];
    let output = quanlian(&[&shared[..], &[text(&out), "--data", text(&data), "--json"]].concat());
    let report = json(&output, 0);
    assert_eq!(report["page"]["title"], "侵权播放页");
    assert_eq!(report["deposit"]["sha256"], report["warc"]["sha256"]);
    assert_eq!(report["allowed"][0], "127.0.0.1");
    let written: Value = serde_json::from_slice(&fs::read(out.join("capture.json")).unwrap()).unwrap();
    assert_eq!(written["warc"], report["warc"]);
    // What is there is not written over.
    let output = quanlian(&[&shared[..], &[text(&out)]].concat());
    assert_eq!(code(&output), 2, "{}", stderr(&output));

    let file = dir.path().join("one.wacz");
    let output = quanlian(&[&shared[..], &[text(&file), "--jsonl"]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let lines: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (last, progress) = lines.split_last().unwrap();
    assert_eq!(last["format"], "quanlian-capture/1");
    assert!(progress.iter().all(|line| line["progress"]["stage"].is_string()));
    assert!(file.is_file());
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        3,
        "nothing else is left behind"
    );

    // Without leave nothing inside is reached: the answer is "no", and the attempt is recorded.
    let refused = dir.path().join("refused");
    let output = quanlian(&["capture", &url, "--out", text(&refused), "--json"]);
    let report = json(&output, 1);
    assert_eq!(report["page"]["loaded"], false);
    assert_eq!(report["page"]["final_url"], url.as_str());
    assert_eq!(report["missing"][0]["code"], "refused_address");
    assert!(refused.join("capture.warc.gz").is_file());
}

#[test]
fn what_cannot_be_captured_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("page");
    let login = dir.path().join("login.toml");
    fs::write(&login, "start = 'http://a.example/'\n[[step]]\nfill = '#u'").unwrap();
    for (more, wanted) in [
        (&["file:///etc/passwd"][..], "file:///etc/passwd"),
        (&["http://a.example/", "--header", "no colon"], "no colon"),
        (&["http://a.example/", "--header", "Host: other"], "Host"),
        (&["http://a.example/", "--login", text(&login)], "step 1"),
        (
            &["http://a.example/", "--cookies", "/nowhere/cookies.txt"],
            "/nowhere/cookies.txt",
        ),
        (&["http://a.example/", "--ca", text(&login)], "certificate"),
        (
            &["http://a.example/", "--allow-private", "10.0.0.0/99"],
            "10.0.0.0/99",
        ),
    ] {
        let output = quanlian(&[&["capture", "--out", text(&out)], more].concat());
        assert_eq!(code(&output), 2, "{more:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(wanted), "{wanted}: {}", stderr(&output));
        assert!(!out.is_dir(), "{more:?}");
    }
}
