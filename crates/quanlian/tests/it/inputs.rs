//! What is compared lies inside archives, and its files were moved.

use std::{fs, io::Write, path::Path};

use super::{json, quanlian, text};

/// A module whose every line is its own, with `salt` in its names and numbers.
fn module(name: &str, salt: usize) -> String {
    let lines = (0..40).map(|n| {
        let (a, b) = (n * 7 + salt * 31, (n * n + salt * 13) % 251);
        format!("  always @(posedge clk) if (sel[{n}] && cnt == 16'd{a}) begin {name}_{n} <= data[{b}] ^ 8'h{b:02x}; end\n")
    });
    format!(
        "module {name}(input clk, input [63:0] sel);\n{}endmodule\n",
        lines.collect::<String>()
    )
}

fn zip(path: &Path, members: &[(&str, &str)]) {
    let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, content) in members {
        zip.start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn a_copied_core_inside_an_archive_is_found_shown_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (alu, fifo, uart) = (module("alu", 1), module("fifo", 2), module("uart", 3));
    fs::create_dir_all(at("works/rtl")).unwrap();
    for (name, content) in [("alu.v", &alu), ("fifo.v", &fifo), ("uart.v", &uart)] {
        fs::write(at("works/rtl").join(name), content).unwrap();
    }
    fs::create_dir(at("disk")).unwrap();
    zip(
        &at("disk/old.zip"),
        &[
            ("backup/rtl/alu.v", &alu),
            ("ip/queue.v", &fifo),
            ("readme.txt", "nothing of it"),
        ],
    );

    let (works, disk, report) = (at("works"), at("disk"), at("report.html"));
    let compare = [
        "compare",
        text(&works),
        text(&disk),
        "--coverage",
        "--json",
        "--report",
        text(&report),
    ];
    let found = json(&quanlian(&compare), 0);
    let table = &found["coverage"]["tables"][0];
    assert_eq!(
        (&table["unit"], &table["missing"]),
        (&"line".into(), &1.into()),
        "{table}"
    );
    let counterpart = |file: usize| {
        let counterpart = &table["files"][file]["counterpart"];
        let suspect = counterpart["suspect"].as_str().unwrap_or_default();
        let member = suspect.rsplit_once("!/").map_or("", |(_, member)| member);
        format!("{member} {}", counterpart["place"])
    };
    assert_eq!(counterpart(0), "backup/rtl/alu.v \"same_path\"", "{table}");
    assert_eq!(counterpart(1), "ip/queue.v \"renamed\"", "{table}");
    assert!(table["files"][0]["share"].as_f64().unwrap() > 0.9, "{table}");
    let read = found["suspects_read"].as_array().unwrap();
    assert!(
        read.iter()
            .all(|file| file["sha256"].as_str().unwrap().len() == 64),
        "{found}"
    );
    // The excerpt was taken out of the archive.
    let page = fs::read_to_string(at("report.html")).unwrap();
    assert!(page.contains("alu_17 &lt;= data["), "the lines are shown");

    let shut = json(
        &quanlian(&["compare", text(&works), text(&disk), "--no-archives", "--json"]),
        0,
    );
    assert_eq!(shut["matches"].as_array().unwrap().len(), 0, "{shut}");
    assert_eq!(shut["remarks"][0]["code"], "match_unknown_medium", "{shut}");
    // The other way round: works inside an archive.
    let turned = json(
        &quanlian(&["compare", text(&at("disk/old.zip")), text(&works), "--json"]),
        0,
    );
    assert_eq!(turned["matches"].as_array().unwrap().len(), 2, "{turned}");
}
