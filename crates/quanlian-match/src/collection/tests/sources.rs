//! Stories of source code in an index: told from text, found renamed, merged, damaged, asked beside other media.

use super::*;
use crate::Unit;

/// A counter that a company would guard; `seed` makes another one of the same kind.
fn module(seed: u32) -> String {
    use std::fmt::Write as _;
    let mut text =
        format!("// Counter {seed}\nmodule counter_{seed}(input clk, input reset, output reg [7:0] q);\n");
    for i in 0..12u32 {
        let (a, b) = ((seed * 7 + i * 5) % 13, (seed * 3 + i * 11) % 17);
        let op = ["+", "^", "&", "|"][((seed + i * 3) % 4) as usize];
        writeln!(text, "  reg [{b}:0] stage_{i};").expect("write");
        writeln!(
            text,
            "  always @(posedge clk) if (reset) stage_{i} <= 8'h{a:02x}; else begin"
        )
        .expect("write");
        writeln!(
            text,
            "    stage_{i} <= (stage_{} {op} q[{}:{i}]) << {a};",
            i.saturating_sub(1),
            i + b
        )
        .expect("write");
        text.push_str("  end\n");
    }
    text.push_str("endmodule\n");
    text
}

fn renamed(seed: u32) -> String {
    let text = module(seed)
        .replace("stage_", "kuro")
        .replace("clk", "tik")
        .replace("reset", "zer");
    text.replace("8'h0", "8'd").replace("// Counter", "// rewritten")
}

#[test]
fn a_renamed_module_is_found_in_a_tree_by_its_lines_and_a_text_stays_text() {
    let bench = Bench::new(&[
        ("rtl/a.v", module(3).as_bytes()),
        ("rtl/b.sv", module(8).as_bytes()),
        (
            "doc/readme.md",
            "The counter counts. ```module a; endmodule```"
                .repeat(20)
                .as_bytes(),
        ),
    ]);
    assert_eq!(bench.build().expect("build").added, 3);
    let collection = bench.open();
    let stats = collection.stats();
    assert_eq!(stats.media[&Medium::Code].items, 2);
    assert_eq!(stats.media[&Medium::Code].lines, Some(2 * 51));
    assert_eq!(stats.media[&Medium::Text].items, 1);
    let suspect = bench.suspect("leak.v", format!("\n\n{}", renamed(3)).as_bytes());
    let report = collection
        .match_file(&suspect, &MatchOptions::default())
        .expect("match");
    assert_eq!(
        (report.medium, report.matches.len()),
        (Medium::Code, 1),
        "{:?}",
        report.matches
    );
    let found = &report.matches[0];
    assert_eq!((&*found.work, found.medium), ("rtl/a.v", Medium::Code));
    assert_eq!(found.segments[0].unit(), Unit::Line);
    assert_eq!(
        (found.segments[0].suspect(), found.segments[0].work()),
        (&[4, 54][..], &[2, 52][..])
    );
}

#[test]
fn a_merged_index_answers_as_before_and_forgets_what_was_removed() {
    let bench = Bench::new(&[("a.v", module(1).as_bytes())]);
    bench.build().expect("build");
    for seed in 2..5 {
        bench.work(&format!("{seed}.v"), module(seed).as_bytes());
        bench.add().expect("add");
    }
    let suspect = bench.suspect("s.v", renamed(3).as_bytes());
    let ask = || {
        let report = bench
            .open()
            .match_file(&suspect, &MatchOptions::default())
            .expect("match");
        report.matches
    };
    let before = ask();
    assert_eq!(before[0].work, "3.v");
    assert!(
        Collection::merge(&bench.at("index"), &MergeOptions::default())
            .expect("merge")
            .merged
            >= 4
    );
    assert_eq!(ask(), before);
    Collection::remove(&bench.at("index"), &["3.v".to_owned()]).expect("remove");
    assert!(ask().iter().all(|m| m.work != "3.v"));
    Collection::merge(&bench.at("index"), &MergeOptions::default()).expect("merge");
    assert!(ask().iter().all(|m| m.work != "3.v"));
    let report = Collection::verify(&bench.at("index"), &VerifyOptions::default()).expect("verify");
    assert!(report.sound, "{:?}", report.parts);
}

#[test]
fn a_damaged_record_is_told_and_never_gives_a_shorter_list() {
    let bench = Bench::new(&[("a.v", module(1).as_bytes()), ("b.v", module(2).as_bytes())]);
    bench.build().expect("build");
    let path = bench.at("index").join("part-000001/code.records");
    let mut bytes = fs::read(&path).expect("read");
    bytes[5] ^= 0xff;
    fs::write(&path, bytes).expect("write");
    let suspect = bench.suspect("s.v", module(1).as_bytes());
    let answer = bench.open().match_file(&suspect, &MatchOptions::default());
    assert!(answer.is_err_and(|e| e.is_about_the_index()));
    let report = Collection::verify(&bench.at("index"), &VerifyOptions::default()).expect("verify");
    let works: Vec<&str> = report.parts[0]
        .damage
        .iter()
        .flat_map(|d| &d.works)
        .map(String::as_str)
        .collect();
    assert_eq!(works, ["a.v"]);
}

#[test]
fn binary_content_and_prose_under_the_name_of_code_are_not_code() {
    let bench = Bench::new(&[
        ("noise.v", &[0u8, 1, 2, 3, 0, 255, 254, 0].repeat(50)),
        (
            "story.c",
            "It was the best of times, it was the worst of times.\n"
                .repeat(9)
                .as_bytes(),
        ),
        ("empty.py", b""),
        (
            "ok.py",
            b"def f(a, b):\n    return [a * 31 + b for a in range(b) if a % 7]\n",
        ),
    ]);
    let report = bench.build().expect("build");
    let codes: Vec<(&str, &str)> = report.notes.iter().map(|n| (&*n.subject, &*n.code)).collect();
    assert_eq!(
        codes,
        [
            ("empty.py", "work_empty"),
            ("noise.v", "work_unknown_medium"),
            ("story.c", "file_name_misleads")
        ]
    );
    let media: Vec<Medium> = bench.open().works().map(|w| w.medium).collect();
    assert_eq!(media, [Medium::Code, Medium::Text]);
}
