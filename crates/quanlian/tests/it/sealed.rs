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
        code(&refused) == 2 && stderr(&refused).contains("different keys"),
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

/// Runs words parted by spaces; `@` stands before a name in the folder.
fn words(folder: &Path, line: &str) -> std::process::Output {
    let arguments: Vec<String> = line
        .split(' ')
        .map(|word| match word.strip_prefix('@') {
            Some(name) => folder.join(name).to_str().unwrap().to_owned(),
            None => word.to_owned(),
        })
        .collect();
    quanlian(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn two_parties_without_a_common_key_find_what_the_open_trees_give() {
    let folder = tempfile::tempdir().unwrap();
    lay_out(folder.path());
    let run = |line: &str| words(folder.path(), line);
    let ok = |line: &str| json(&run(&format!("{line} --json")), 0);
    let refused = |line: &str, why: &str| {
        let answer = run(line);
        assert!(
            code(&answer) == 2 && stderr(&answer).contains(why),
            "{line}: {}",
            stderr(&answer)
        );
    };
    assert_eq!(code(&run("seal key --oblivious --out @ours.key")), 0);
    assert_eq!(code(&run("seal key --oblivious --out @other.key")), 0);
    let sealed = ok("seal --key @ours.key @ours --out @ours.qns");
    assert_eq!(sealed["oblivious_public_key"].as_str().unwrap().len(), 64);

    let asked = ok("seal blind @theirs --for @ours.qns.root.json --out @theirs.request");
    assert_eq!(asked["elements"], 4096);
    refused(
        "seal evaluate @theirs.request --key @other.key --out @x.answer",
        "another key",
    );
    refused(
        "seal evaluate @theirs.request --key @ours.key --out @x.answer --at-most 4095",
        "4096",
    );
    let answered = ok("seal evaluate @theirs.request --key @ours.key --out @theirs.answer");
    assert_eq!(answered["elements_in_all"], 4096);
    // The same request again teaches nothing new and is not counted; a new one is.
    let again = ok("seal evaluate @theirs.request --key @ours.key --out @again.answer");
    assert_eq!(again["elements_in_all"], 4096);
    ok("seal blind @ours --for @ours.qns.root.json --out @more.request");
    refused(
        "seal evaluate @more.request --key @ours.key --out @x.answer --at-most 8191",
        "8191",
    );
    let record = fs::read_to_string(folder.path().join("ours.key.answered.json")).unwrap();
    assert!(record.contains(asked["request"].as_str().unwrap()), "{record}");

    refused(
        "seal finish @theirs.request @ours --answer @theirs.answer --out @x.qns",
        "make a new request",
    );
    let finished = ok("seal finish @theirs.request @theirs --answer @theirs.answer --out @theirs.qns");
    assert_eq!(finished["oblivious_public_key"], sealed["oblivious_public_key"]);
    assert_eq!(finished["case_key_id"], sealed["case_key_id"]);

    ok("compare --sealed @ours.qns @theirs.qns --shared @shared.json");
    ok("seal open @ours.qns --shared @shared.json --owner-key @ours.qns.owner-key --out @ours.opening");
    ok(
        "seal open @theirs.qns --shared @shared.json --owner-key @theirs.request.owner-key --out @theirs.opening",
    );
    let blind = ok("compare --sealed @ours.qns @theirs.qns --openings @ours.opening @theirs.opening --all");
    let open = ok("compare --grams @ours @theirs --all");
    assert_eq!(blind["matches"], open["matches"]);
    assert_eq!(open["matches"][0]["work"], "rtl/core_of_ours.v");

    // A case key where the other kind is needed, and the other way round.
    assert_eq!(code(&run("seal key --out @case.key")), 0);
    ok("seal --key @case.key @theirs --out @plain.qns");
    refused(
        "seal blind @theirs --for @plain.qns.root.json --out @x.request",
        "--oblivious",
    );
    refused("compare --sealed @ours.qns @plain.qns", "different keys");
    refused(
        "seal evaluate @theirs.request --key @case.key --out @x.answer",
        "case.key",
    );
}
