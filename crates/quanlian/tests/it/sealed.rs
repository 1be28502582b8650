//! Comparison without disclosure: both sides seal, only what they share is opened, and it says the same as in the open.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::{code, json, quanlian, stderr};

/// A module of hardware that is nobody's: registers that depend on each other in a way that `seed` decides.
fn module(name: &str, seed: u32) -> String {
    let operators = ["+", "^", "&", "|", "-", "<<", ">>"];
    let mut source = format!("module {name}(input clk, input [31:0] d, output reg [31:0] q);\n");
    let mut state = seed;
    for register in 0..40 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (a, b) = (state >> 8 & 31, state >> 16 & 31);
        let operator = operators[(state >> 24) as usize % operators.len()];
        let _ = match state >> 28 & 3 {
            0 => writeln!(
                source,
                "  always @(posedge clk) if (d[{a}]) r{register} <= d {operator} r{b};"
            ),
            1 => writeln!(
                source,
                "  assign w{register} = d[{a}] ? r{b} : (d {operator} {b});"
            ),
            2 => writeln!(
                source,
                "  always @(*) begin t{register} = d {operator} {a}; t{register}[{b}] = 1'b0; end"
            ),
            _ => writeln!(
                source,
                "  wire [{a}:0] x{register} = {{d[{b}:0], r{a} {operator} d}};"
            ),
        };
    }
    source.push_str("endmodule\n");
    source
}

fn lay_out(folder: &Path) {
    fs::create_dir_all(folder.join("ours/rtl")).unwrap();
    fs::create_dir_all(folder.join("theirs/backup")).unwrap();
    fs::write(folder.join("ours/rtl/core_of_ours.v"), module("core", 7)).unwrap();
    fs::write(folder.join("ours/rtl/bus.v"), module("bus", 8)).unwrap();
    let taken = module("core", 7).replace("clk", "takt").replace("r1", "reg_one");
    fs::write(
        folder.join("theirs/backup/hidden_name.v"),
        format!("{}{taken}", module("mine", 9)),
    )
    .unwrap();
    fs::write(folder.join("theirs/secret_plan.v"), module("plan", 10)).unwrap();
}

#[test]
fn sealed_files_give_what_the_open_trees_give_and_show_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    lay_out(folder.path());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let run = |arguments: &[&str]| {
        let arguments: Vec<String> = (arguments.iter())
            .map(|a| a.strip_prefix('@').map_or_else(|| (*a).to_owned(), &path))
            .collect();
        quanlian(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert_eq!(code(&run(&["seal", "key", "--out", "@case.key"])), 0);
    let again = run(&["seal", "key", "--out", "@case.key"]);
    assert_eq!(code(&again), 2, "a key is never overwritten");
    let sealed = json(
        &run(&[
            "seal",
            "--key",
            "@case.key",
            "@ours",
            "--out",
            "@ours.qns",
            "--json",
        ]),
        0,
    );
    assert_eq!(sealed["read_files"], 2, "{sealed}");
    json(
        &run(&[
            "seal",
            "--key",
            "@case.key",
            "@theirs",
            "--out",
            "@theirs.qns",
            "--json",
        ]),
        0,
    );
    let twice = run(&["seal", "--key", "@case.key", "@ours", "--out", "@ours.qns"]);
    assert!(
        code(&twice) == 2 && stderr(&twice).contains("ours.qns"),
        "{}",
        stderr(&twice)
    );

    // Before anything is opened there are counts alone.
    let counted = json(
        &run(&[
            "compare",
            "--sealed",
            "@ours.qns",
            "@theirs.qns",
            "--shared",
            "@shared.json",
            "--json",
        ]),
        0,
    );
    assert!(counted["shared_grams"].as_u64().unwrap() > 100, "{counted}");
    assert!(counted["matches"].is_null());
    assert_eq!(counted["works_sealed"]["root"], sealed["root"]);
    for side in ["ours", "theirs"] {
        let (qns, key, out) = (
            format!("@{side}.qns"),
            format!("@{side}.qns.owner-key"),
            format!("@{side}.opening"),
        );
        let opened = run(&[
            "seal",
            "open",
            &qns,
            "--shared",
            "@shared.json",
            "--owner-key",
            &key,
            "--out",
            &out,
        ]);
        assert_eq!(code(&opened), 0, "{}", stderr(&opened));
        let bytes = fs::read(path(&format!("{side}.qns"))).unwrap();
        let holds = |name: &str| bytes.windows(name.len()).any(|w| w == name.as_bytes());
        assert!(
            !["core_of_ours", "hidden_name", "secret_plan", "module", "posedge"]
                .iter()
                .any(|n| holds(n))
        );
    }
    let of_sealed = json(
        &run(&[
            "compare",
            "--sealed",
            "@ours.qns",
            "@theirs.qns",
            "--openings",
            "@ours.opening",
            "@theirs.opening",
            "--all",
            "--json",
        ]),
        0,
    );
    let of_open = json(
        &run(&["compare", "--grams", "@ours", "@theirs", "--all", "--json"]),
        0,
    );
    assert_eq!(of_sealed["matches"], of_open["matches"]);
    assert_eq!(of_sealed["shared_grams"], of_open["shared_grams"]);
    let best = &of_open["matches"][0];
    assert_eq!(best["work"], "rtl/core_of_ours.v");
    assert_eq!(best["suspect"], "backup/hidden_name.v");
    assert_eq!(best["segments"][0]["work"], serde_json::json!([1, 43]), "{best}");
    assert_eq!(
        best["segments"][0]["suspect"],
        serde_json::json!([43, 85]),
        "{best}"
    );
    let opening = fs::read_to_string(path("theirs.opening")).unwrap();
    assert!(
        !opening.contains("hidden_name"),
        "names stay sealed under the keys handed over"
    );

    // Another case key, another owner's key, the other side's opening: refused, with the reason.
    assert_eq!(code(&run(&["seal", "key", "--out", "@other.key"])), 0);
    json(
        &run(&[
            "seal",
            "--key",
            "@other.key",
            "@theirs",
            "--out",
            "@other.qns",
            "--json",
        ]),
        0,
    );
    let refused = run(&["compare", "--sealed", "@ours.qns", "@other.qns"]);
    assert!(
        code(&refused) == 2 && stderr(&refused).contains("different case keys"),
        "{}",
        stderr(&refused)
    );
    let refused = run(&[
        "seal",
        "open",
        "@ours.qns",
        "--shared",
        "@shared.json",
        "--owner-key",
        "@theirs.qns.owner-key",
        "--out",
        "@x",
    ]);
    assert_eq!(code(&refused), 2);
    let refused = run(&[
        "compare",
        "--sealed",
        "@ours.qns",
        "@theirs.qns",
        "--openings",
        "@theirs.opening",
        "@ours.opening",
    ]);
    assert_eq!(code(&refused), 2);
}
