//! Two sides against each other: the author's text and the one that was put online.

use std::fs;

use super::{code, json, quanlian, stderr, text};

#[test]
fn two_texts_are_compared_and_the_report_shows_where_they_agree_and_where_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let work = "那年秋天，老船长把灯塔的钥匙交给了最小的女儿，只说了一句：风向变的时候，先数三遍浪，再点第二盏灯。\
                她记住了这句话，却直到许多年以后才明白，那三遍浪数的不是浪，是人。";
    let copied = work.replace("最小", "最大").replace("许多年", "很多年");
    fs::write(at("work.txt"), work).unwrap();
    fs::create_dir(at("online")).unwrap();
    fs::write(
        at("online/<b>post.txt"),
        format!("转载 <script>alert(1)</script> {copied} 完"),
    )
    .unwrap();
    fs::write(
        at("online/other.txt"),
        "今天的菜市场里，卖豆腐的大娘换了一块新招牌，红底白字，老远就看得见，邻居们都说好看。",
    )
    .unwrap();
    fs::write(at("online/empty.txt"), "").unwrap();

    let run = || {
        let (work, online, report) = (at("work.txt"), at("online"), at("report.html"));
        let arguments = [
            "compare",
            text(&work),
            text(&online),
            "--report",
            text(&report),
            "--coverage",
            "--json",
        ];
        json(&quanlian(&arguments), 0)
    };
    let found = run();
    let matches = found["matches"].as_array().unwrap();
    assert_eq!(matches.len(), 1, "{found}");
    assert_eq!(matches[0]["work"], "work.txt");
    assert!(
        matches[0]["suspect"].as_str().unwrap().ends_with("<b>post.txt"),
        "{found}"
    );
    assert_eq!(found["suspects_read"].as_array().unwrap().len(), 2, "{found}");
    assert_eq!(found["works_read"][0]["sha256"].as_str().unwrap().len(), 64);
    let codes: Vec<&str> = (found["remarks"].as_array().unwrap().iter())
        .map(|note| note["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["match_empty_file"], "{found}");

    let page = fs::read_to_string(at("report.html")).unwrap();
    for expected in [
        "<mark>小</mark>",
        "<mark>大</mark>",
        "作品的覆盖情况",
        "已知误差",
        "漏检",
        "&lt;b&gt;post.txt",
        "E = 1e-6",
        "比对报告",
        "Comparison report",
    ] {
        assert!(page.contains(expected), "{expected} in {page}");
    }
    for absent in ["<script", "<b>", "http://", "https://", "compare.page"] {
        assert!(!page.contains(absent), "{absent} in {page}");
    }
    run();
    assert_eq!(
        fs::read_to_string(at("report.html")).unwrap(),
        page,
        "the same comparison, another page"
    );
}

#[test]
fn renamed_lines_of_a_circuit_stand_beside_their_origin() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let work = "// serial transmitter\n\
        module sender(input clk, input start, input [7:0] data, output reg line, output reg busy);\n\
          reg [9:0] frame;\n  reg [15:0] ticks;\n  reg [3:0] left;\n\
          always @(posedge clk) begin\n\
            if (start && !busy) begin\n\
              frame <= {1'b1, data, 1'b0};\n      left <= 4'd10;\n      ticks <= 16'd867;\n      busy <= 1'b1;\n\
            end else if (busy) begin\n\
              if (ticks == 0) begin\n\
                line <= frame[0];\n        frame <= {1'b1, frame[9:1]};\n        ticks <= 16'd867;\n\
                left <= left - 1;\n        if (left == 1) busy <= 1'b0;\n\
              end else ticks <= ticks - 1;\n    end\n  end\nendmodule\n";
    let renamed = [
        ("frame", "sr"),
        ("ticks", "div_cnt"),
        ("left", "n"),
        ("busy", "act"),
        ("sender", "tx_unit"),
    ]
    .iter()
    .fold(
        work.replace("// serial transmitter", "// own work\n\nwire spare;"),
        |text, (from, to)| text.replace(from, to),
    );
    fs::write(at("uart.v"), work).unwrap();
    fs::write(at("leak.v"), renamed).unwrap();
    let (work, leak, report) = (at("uart.v"), at("leak.v"), at("report.html"));
    let found = json(
        &quanlian(&[
            "compare",
            text(&work),
            text(&leak),
            "--report",
            text(&report),
            "--json",
        ]),
        0,
    );
    assert_eq!(found["matches"][0]["medium"], "code", "{found}");
    assert_eq!(found["matches"][0]["segments"][0]["unit"], "line", "{found}");
    let page = fs::read_to_string(at("report.html")).unwrap();
    for expected in [
        "class=\"code\"",
        "div_cnt &lt;= div_cnt - 1",
        "ticks &lt;= ticks - 1",
    ] {
        assert!(page.contains(expected), "{expected} in {page}");
    }
}

#[test]
fn comparing_what_is_not_there_or_has_nothing_in_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(
        at("a.txt"),
        "一段足够长的文字，好让它可以被拿来比较，也好让它同另一段毫无关系。",
    )
    .unwrap();
    fs::write(
        at("b.txt"),
        "完全不同的另一段话，说的是别的事，别的人，别的年月，同前面没有一个字的来往。",
    )
    .unwrap();
    fs::write(at("nothing.txt"), "").unwrap();
    let run = |a: &str, b: &str, more: &[&str]| {
        let (a, b) = (at(a), at(b));
        quanlian(&[&["compare", text(&a), text(&b)], more].concat())
    };
    assert_eq!(code(&run("a.txt", "missing.txt", &[])), 2);
    assert_eq!(code(&run("missing.txt", "a.txt", &[])), 2);
    let empty = run("nothing.txt", "a.txt", &[]);
    assert_eq!(code(&empty), 2, "{}", stderr(&empty));
    assert_eq!(code(&run("a.txt", "b.txt", &[])), 0);
    assert_eq!(code(&run("a.txt", "b.txt", &["--require"])), 1);
}

#[test]
fn the_appendix_of_an_opinion_names_the_digest_of_the_result_that_was_printed() {
    if !super::has_tool("pdftotext") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let work =
        "那年秋天，老船长把灯塔的钥匙交给了最小的女儿，只说了一句：风向变的时候，先数三遍浪，再点第二盏灯。";
    fs::write(at("work.txt"), work).unwrap();
    fs::write(
        at("post.txt"),
        format!("转载：{}完", work.replace("最小", "最大")),
    )
    .unwrap();
    let (works, post, paper) = (at("work.txt"), at("post.txt"), at("appendix.pdf"));
    let common = ["compare", text(&works), text(&post), "--json"];
    let arguments = [
        &common[..],
        &[
            "--appendix",
            text(&paper),
            "--case-number",
            "沪鉴第7号",
            "--paper-language",
            "both",
        ],
    ];
    let printed = quanlian(&arguments.concat());
    let found = json(&printed, 0);
    let shown = std::process::Command::new("pdftotext")
        .args(["-raw", text(&paper), "-"])
        .output()
        .unwrap();
    let shown: String = String::from_utf8(shown.stdout)
        .unwrap()
        .split_whitespace()
        .collect();
    let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&printed.stdout));
    assert!(shown.contains(&digest), "{digest} is not in {shown}");
    let of_work = found["works_read"][0]["sha256"].as_str().unwrap();
    for wanted in [of_work, "沪鉴第7号", "中文：", "Chinese:", "work.txt"] {
        assert!(shown.contains(wanted), "{wanted} is not in {shown}");
    }
    // What belongs to the appendix means nothing without it, and neither has a place in a comparison of sealed files.
    for wrong in [&["--case-number", "7"][..], &["--appendix", "x.pdf", "--grams"]] {
        assert_eq!(code(&quanlian(&[&common[..], wrong].concat())), 2, "{wrong:?}");
    }
}

#[test]
fn an_index_of_what_everybody_has_takes_it_out_of_a_match() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let own =
        "那年秋天，老船长把灯塔的钥匙交给了最小的女儿，只说了一句：风向变的时候，先数三遍浪，再点第二盏灯。";
    let everybody = "凡使用本软件者，视为已阅读并同意下列全部条款；如不同意，请立即停止使用并删除全部副本，违者自行承担责任。";
    for (name, content) in [
        ("works/book.txt", format!("{everybody}{own}")),
        ("common/terms.txt", format!("通用条款：{everybody}")),
        ("post.txt", format!("转载。{own}另附：{everybody}")),
    ] {
        fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        fs::write(at(name), content).unwrap();
    }
    for (from, to) in [("works", "index"), ("common", "background")] {
        let build = quanlian(&[
            "index",
            "build",
            "--works",
            text(&at(from)),
            "--index",
            text(&at(to)),
        ]);
        assert_eq!(code(&build), 0, "{}", stderr(&build));
    }
    let (index, background, post) = (at("index"), at("background"), at("post.txt"));
    let plain = json(
        &quanlian(&["match", "--index", text(&index), text(&post), "--json"]),
        0,
    );
    let arguments = [
        "match",
        "--index",
        text(&index),
        "--background",
        text(&background),
        text(&post),
        "--json",
    ];
    let filtered = json(&quanlian(&arguments), 0);
    assert!(plain[0]["filtered"].is_null(), "{plain}");
    assert_eq!(filtered[0]["filtered"][0]["by"], "terms.txt", "{filtered}");
    let bits = |answer: &serde_json::Value| answer[0]["score_bits"].as_f64().unwrap();
    assert!(bits(&filtered) < bits(&plain) - 50.0, "{plain} {filtered}");
}

#[test]
fn exact_runs_and_near_duplicates_are_questions_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("works")).unwrap();
    let sentence = |number: usize| {
        let who = ["船长", "木匠", "老师", "渔夫", "画家"][number % 5];
        let what = ["灯塔", "石桥", "旧书", "竹筏", "茶壶", "铜铃", "纸伞"][number % 7];
        let when = [
            "清晨", "黄昏", "雨夜", "雪后", "立春", "中秋", "霜降", "正午", "岁末", "端午", "夏至",
        ][number % 11];
        format!(
            "{when}第{number}次，{who}把{what}修好以后坐了{}刻钟。",
            number * 37 % 90
        )
    };
    let book: Vec<String> = (1..120).map(sentence).collect();
    fs::write(at("works/book.txt"), book.concat()).unwrap();
    let edition = book
        .concat()
        .replace("修好", "补好")
        .replace("第60次", "第六十次");
    fs::write(at("edition.txt"), &edition).unwrap();
    fs::write(
        at("quote.txt"),
        format!("有人写道：{}如此而已。", book[40..44].concat()),
    )
    .unwrap();
    let (works, index) = (at("works"), at("index"));
    let build = quanlian(&["index", "build", "--works", text(&works), "--index", text(&index)]);
    assert_eq!(code(&build), 0, "{}", stderr(&build));
    let ask = |mode: &str, file: &str, wanted: i32| {
        let path = at(file);
        json(
            &quanlian(&[
                "match",
                "--index",
                text(&index),
                mode,
                text(&path),
                "--require",
                "--json",
            ]),
            wanted,
        )
    };
    let exact = ask("--exact=30", "quote.txt", 0);
    let runs = exact[0]["runs"].as_array().unwrap();
    let wanted = book[40..44].concat();
    let characters = wanted.chars().count() as u64;
    assert_eq!(runs.len(), 1, "{exact}");
    let [from, to] = [0, 1].map(|side| runs[0]["suspect"][side].as_u64().unwrap());
    // Signs at the ends are no letters, so that the run may end before the last of them.
    assert!(
        from == 5 && (characters - 2..=characters).contains(&(to - from)),
        "{exact} {characters}"
    );
    assert!(ask("--exact=1000", "quote.txt", 1).as_array().unwrap().is_empty());
    let near = ask("--near=0.2", "edition.txt", 0);
    assert_eq!(near[0]["work"], "book.txt", "{near}");
    // The book holds most of the quotation, which is little of the book.
    let quoted = ask("--near=0.5", "quote.txt", 0);
    let share = |side: &str| quoted[0][side]["share"].as_f64().unwrap();
    assert!(share("of_suspect") > 0.5 && share("of_work") < 0.2, "{quoted}");
    assert_eq!(
        code(&quanlian(&[
            "match",
            "--index",
            text(&index),
            "--near=1.5",
            text(&at("quote.txt"))
        ])),
        2
    );
    assert_eq!(
        code(&quanlian(&[
            "match",
            "--index",
            text(&index),
            "--near",
            "--exact",
            text(&at("quote.txt"))
        ])),
        2
    );
}
