//! Watching: what is published over feeds, lists, folders and archives is found, compared, and its spread told.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::{code, copy_folder, demo, json, quanlian, stderr, text};

type Pages = Arc<Mutex<BTreeMap<String, (u16, &'static str, Vec<u8>)>>>;

/// A site whose pages change between rounds; it keeps what was asked for.
struct Site {
    address: String,
    pages: Pages,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (pages, asked): (Pages, Arc<Mutex<Vec<String>>>) = Default::default();
        let (served, seen) = (Arc::clone(&pages), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                seen.lock().unwrap().push(path.clone());
                let page = served.lock().unwrap().get(&path).cloned();
                let (status, kind, body) = page.unwrap_or((404, "text/plain", b"gone".to_vec()));
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nlocation: {}\r\nconnection: close\r\n\r\n",
                    body.len(),
                    if status == 302 {
                        String::from_utf8_lossy(&body).into_owned()
                    } else {
                        "/".into()
                    },
                );
                let _ = stream.write_all(&body);
            }
        });
        Self {
            address,
            pages,
            asked,
        }
    }

    fn put(&self, path: &str, status: u16, kind: &'static str, body: impl Into<Vec<u8>>) {
        self.pages
            .lock()
            .unwrap()
            .insert(path.to_owned(), (status, kind, body.into()));
    }

    fn asked_for(&self, path: &str) -> usize {
        self.asked
            .lock()
            .unwrap()
            .iter()
            .filter(|asked| *asked == path)
            .count()
    }
}

fn feed(views: u32) -> String {
    format!(
        r#"<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>某频道</title>
        <item><title>夜听</title><guid>g1</guid><link>/v/1</link><pubDate>Mon, 01 May 2023 02:00:00 GMT</pubDate>
        <media:group><media:content url="/song.mp3"/>
        <media:community><media:statistics views="{views}"/></media:community></media:group></item>
        <item><title>gone</title><guid>g2</guid><enclosure url="/gone.mp3" length="1" type="audio/mpeg"/></item>
        </channel></rss>"#
    )
}

/// An archive with one response, as any crawler writes it.
fn archive(path: &Path, address: &str, body: &[u8]) {
    let http = [
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
        .as_bytes(),
        body,
    ]
    .concat();
    let head = format!(
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n\
        WARC-Date: 2023-05-03T04:00:00Z\r\nWARC-Target-URI: {address}\r\n\
        Content-Type: application/http; msgtype=response\r\nContent-Length: {}\r\n\r\n",
        http.len()
    );
    fs::write(path, [head.as_bytes(), &http, b"\r\n\r\n"].concat()).unwrap();
}

struct Scene {
    folder: tempfile::TempDir,
    site: Site,
    song: Vec<u8>,
    other: Vec<u8>,
}

fn one_named(folder: &Path, part: &str) -> PathBuf {
    let mut names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    names
        .find(|path| path.to_string_lossy().contains(part) && path.extension().is_some_and(|e| e != "json"))
        .unwrap()
}

impl Scene {
    fn new() -> Self {
        let (sample, _) = demo();
        let folder = tempfile::tempdir().unwrap();
        copy_folder(&sample.join("works"), &folder.path().join("works"));
        let suspects = sample.join("suspects");
        let song = fs::read(one_named(&suspects, "重新编码")).unwrap();
        let other = fs::read(one_named(&suspects, "截取片段")).unwrap();
        let (works, index) = (folder.path().join("works"), folder.path().join("index"));
        let built = quanlian(&["index", "build", "--works", text(&works), "--index", text(&index)]);
        assert_eq!(code(&built), 0, "{}", stderr(&built));
        Self {
            folder,
            site: Site::new(),
            song,
            other,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn watch(&self, more: &[&str]) -> std::process::Output {
        let (index, out) = (self.path("index"), self.path("out"));
        let common = ["watch", "--index", text(&index), "--out", text(&out), "--json"];
        quanlian(&[&common, more].concat())
    }
}

fn kinds_of(book: &Path) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for line in fs::read_to_string(book).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        *kinds
            .entry(line["event"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    kinds
}

#[test]
fn copies_are_found_wherever_they_appear_and_their_spread_is_told() {
    let scene = Scene::new();
    let site = &scene.site;
    site.put("/feed.xml", 200, "application/rss+xml", feed(100));
    site.put("/song.mp3", 302, "text/plain", "/cdn/song.mp3");
    site.put("/cdn/song.mp3", 200, "audio/mpeg", scene.song.clone());
    site.put("/page", 200, "text/html; charset=utf-8", "<html>sign in</html>");
    let (list, warc, folder) = (scene.path("list.txt"), scene.path("a.warc"), scene.path("down"));
    fs::write(
        &list,
        format!("# found by hand\n{0}/page\nnonsense\n", site.address),
    )
    .unwrap();
    archive(&warc, "https://video.example/x.mp3", &scene.song);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("clip.wav"), &scene.other).unwrap();
    fs::write(
        folder.join("clip.info.json"),
        json!({"id": "9", "extractor_key": "Site", "uploader": "乙", "uploader_id": "u2", "timestamp": 1_683_100_000,
            "epoch": 1_683_200_000, "view_count": 7, "webpage_url": "https://site.example/9"})
        .to_string(),
    )
    .unwrap();
    fs::write(folder.join("later.mp3.part"), "half").unwrap();
    // Files written a moment ago are left alone; these were written an hour ago.
    let past = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_750_000_001);
    for name in ["clip.wav", "clip.info.json"] {
        fs::File::options()
            .append(true)
            .open(folder.join(name))
            .unwrap()
            .set_modified(past)
            .unwrap();
    }
    let feed_address = format!("{}/feed.xml", site.address);
    let sources = [
        "--feed",
        &feed_address,
        "--list",
        text(&list),
        "--archive",
        text(&warc),
        "--folder",
        text(&folder),
        "--allow-private",
        "127.0.0.1",
    ];

    let output = scene.watch(&sources);
    let told = stderr(&output);
    let report = json(&output, 0);
    assert_eq!(report["copies"], 3, "{report:#} {told}");
    assert_eq!(report["new_copies"], 3);
    for named in ["nonsense", "/page", "/gone.mp3"] {
        assert!(told.contains(named), "{named}: {told}");
    }
    let all = &report["spread"][0];
    assert_eq!(all["speed"]["first_on"], "2023-05-01");
    assert_eq!(all["breadth"]["platforms"], 3);
    assert_eq!(
        all["without_time"], 1,
        "the archive states no time of publication"
    );
    assert_eq!(
        all["speed"]["last_on"], "2023-05-03",
        "the archive's date and the clip's, in Shanghai"
    );
    assert_eq!(all["plays"]["at_least"], 107);
    assert_eq!(all["plays"]["without_figure"], 1);
    assert_eq!(all["depth"], Value::Null, "no copy says what it republishes");
    let csv = fs::read_to_string(scene.path("out/spread.csv")).unwrap();
    assert!(csv.contains("2023-05-01,1,1,1,1"), "{csv}");
    let before = kinds_of(&scene.path("out/book.jsonl"));
    assert_eq!(site.asked_for("/cdn/song.mp3"), 1);

    // Later the counter has moved; nothing is fetched or compared twice.
    site.put("/feed.xml", 200, "application/rss+xml", feed(250));
    let report = json(&scene.watch(&sources), 0);
    assert_eq!(
        (&report["new_copies"], &report["compared"]),
        (&json!(0), &json!(0)),
        "{report:#}"
    );
    assert_eq!(report["spread"][0]["plays"]["at_least"], 257);
    assert_eq!(site.asked_for("/cdn/song.mp3"), 1);
    let after = kinds_of(&scene.path("out/book.jsonl"));
    assert_eq!(after["look"], before["look"] + 1);
    assert_eq!(report["looks"], 1, "known looks are not counted again");
    assert_eq!(after["file"], before["file"]);

    // The dossier of a case takes what the watch saw; the clip, which the case's own folder holds too, counts once.
    let (works, watched) = (scene.path("works"), scene.path("out"));
    let case = super::trace(
        &works,
        &folder,
        &scene.path("result"),
        &["--watch", text(&watched)],
    );
    let all = &case["spread"][0];
    assert_eq!(
        (&all["copies"], &all["plays"]["at_least"]),
        (&json!(3), &json!(257)),
        "{all:#}"
    );
    assert_eq!(
        all["curve"].as_array().unwrap().last().unwrap()["plays_at_least"],
        257
    );
    let exhibits = case["evidence"].as_array().unwrap();
    assert!(
        exhibits.iter().any(|exhibit| exhibit["kind"] == "watch_book"),
        "{exhibits:#?}"
    );
    let folders = ["--works", text(&works), "--suspects", text(&folder), "--out"];
    let (elsewhere, nowhere) = (scene.path("other"), scene.path("nowhere"));
    let refused = quanlian(
        &[
            &["trace"],
            &folders[..],
            &[text(&elsewhere), "--watch", text(&nowhere)],
        ]
        .concat(),
    );
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("nowhere"), "{}", stderr(&refused));

    // A torn last line is cut away and told; damage anywhere else is refused.
    let book = scene.path("out/book.jsonl");
    let whole = fs::read(&book).unwrap();
    fs::write(&book, &whole[..whole.len() - 5]).unwrap();
    assert_eq!(code(&scene.watch(&sources)), 0);
    fs::write(&book, [b"{}\n", &whole[..]].concat()).unwrap();
    let refused = scene.watch(&sources);
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("line 1"), "{}", stderr(&refused));
}

#[test]
fn nothing_inside_is_reached_unless_it_is_allowed() {
    let scene = Scene::new();
    scene.site.put("/song.mp3", 200, "audio/mpeg", scene.song.clone());
    scene.site.put("/feed.xml", 200, "application/rss+xml", feed(1));
    let list = scene.path("list.txt");
    let address = scene.site.address.replace("127.0.0.1", "localhost");
    fs::write(
        &list,
        format!(
            "{0}/song.mp3\n{address}/song.mp3\nhttp://[::1]:9/\n",
            scene.site.address
        ),
    )
    .unwrap();
    let output = scene.watch(&[
        "--list",
        text(&list),
        "--feed",
        &format!("{}/feed.xml", scene.site.address),
    ]);
    let told = stderr(&output);
    let report = json(&output, 0);
    assert_eq!(report["copies"], 0);
    assert_eq!(report["failed"], 4, "{told}");
    assert!(told.contains("--allow-private"), "{told}");
    assert_eq!(
        scene.site.asked.lock().unwrap().len(),
        0,
        "nobody was connected to"
    );
}

#[test]
fn a_second_watch_in_the_same_folder_is_refused_and_new_works_are_a_reason_to_compare_again() {
    let scene = Scene::new();
    let folder = scene.path("down");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("a.mp3"), &scene.song).unwrap();
    let past = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_750_000_001);
    fs::File::options()
        .append(true)
        .open(folder.join("a.mp3"))
        .unwrap()
        .set_modified(past)
        .unwrap();
    let sources = ["--folder", text(&folder)];
    assert_eq!(json(&scene.watch(&sources), 0)["compared"], 1);
    assert_eq!(json(&scene.watch(&sources), 0)["compared"], 0);

    fs::write(
        scene.path("works/more.txt"),
        "一篇新登记的作品，与此前的作品都不相同。".repeat(20),
    )
    .unwrap();
    let (works, index) = (scene.path("works"), scene.path("index"));
    assert_eq!(
        code(&quanlian(&[
            "index",
            "add",
            "--works",
            text(&works),
            "--index",
            text(&index)
        ])),
        0
    );
    assert_eq!(json(&scene.watch(&sources), 0)["compared"], 1);

    let lock = fs::File::options()
        .write(true)
        .open(scene.path("out/book.lock"))
        .unwrap();
    lock.lock().unwrap();
    let refused = scene.watch(&sources);
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("another watch"), "{}", stderr(&refused));

    drop(lock);
    let aimless = scene.watch(&[]);
    assert_eq!(code(&aimless), 2);
    assert!(stderr(&aimless).contains("--folder"), "{}", stderr(&aimless));

    let inside = folder.join("out");
    let refused = quanlian(&[
        "watch",
        "--index",
        text(&index),
        "--out",
        text(&inside),
        "--folder",
        text(&folder),
    ]);
    assert_eq!(code(&refused), 2);
}
