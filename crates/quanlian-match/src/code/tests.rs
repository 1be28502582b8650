//! Tests of the engine for code: what is found of a copy, and what is not taken for one.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::record::{self, StoredTokens};
use super::*;

/// Works in memory.
struct Works(Vec<Source>);

impl CodeIndex for Works {
    fn for_each_posting(&self, key: u64, limit: u64, mut visit: impl FnMut(u32)) {
        let found: Vec<u32> = (0u32..)
            .zip(&self.0)
            .flat_map(|(item, work)| {
                let postings = work.postings.iter().filter(move |(k, _)| *k == key);
                postings.map(move |_| item)
            })
            .collect();
        if found.len() as u64 <= limit {
            found.into_iter().for_each(&mut visit);
        }
    }

    fn tokens(&self, item: u32) -> Option<StoredTokens> {
        StoredTokens::decode(&self.0.get(item as usize)?.record)
    }

    fn works(&self) -> u64 {
        self.0.len() as u64
    }

    fn token_count(&self) -> u64 {
        self.0.iter().map(|work| u64::from(work.tokens)).sum()
    }
}

fn matches(works: &[&str], suspect: &str, language: Language) -> Vec<search::CodeMatch> {
    matches_beside(works, &[], suspect, language)
}

/// Matches where everybody has the works of a background.
fn matches_beside(
    works: &[&str],
    common: &[&str],
    suspect: &str,
    language: Language,
) -> Vec<search::CodeMatch> {
    let indexed = |works: &[&str]| {
        let works = works
            .iter()
            .map(|work| fingerprint_reference(work.as_bytes(), language).expect("a work"));
        Works(works.collect())
    };
    let (works, common) = (indexed(works), indexed(common));
    let stored = (0..works.0.len() as u32).filter_map(|item| works.tokens(item));
    let background = Background::learn(stored, usize::MAX >> 8, 1 << 12);
    let found = search(suspect.as_bytes(), language, &works, &background, Some(&common));
    found.expect("a suspect").0
}

/// A divider such as a company would guard.
const DIVIDER: &str = "\
// Divides by subtraction, one bit a clock.
module divider #(parameter WIDTH = 16) (
  input clk, input rst_n, input start,
  input [WIDTH-1:0] dividend, input [WIDTH-1:0] divisor,
  output reg [WIDTH-1:0] quotient, output reg [WIDTH-1:0] rest, output reg busy, output reg done
);
  reg [WIDTH:0] partial;
  reg [WIDTH-1:0] shifted;
  reg [4:0] count;
  wire [WIDTH:0] difference = {partial[WIDTH-1:0], shifted[WIDTH-1]} - {1'b0, divisor};

  always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      busy <= 1'b0;
      done <= 1'b0;
      count <= 5'd0;
    end else if (start && !busy) begin
      partial <= 0;
      shifted <= dividend;
      count <= WIDTH;
      busy <= 1'b1;
      done <= 1'b0;
    end else if (busy) begin
      if (difference[WIDTH]) begin
        partial <= {partial[WIDTH-1:0], shifted[WIDTH-1]};
        shifted <= {shifted[WIDTH-2:0], 1'b0};
      end else begin
        partial <= difference;
        shifted <= {shifted[WIDTH-2:0], 1'b1};
      end
      count <= count - 1;
      if (count == 1) begin
        busy <= 1'b0;
        done <= 1'b1;
        quotient <= shifted;
        rest <= partial[WIDTH-1:0];
      end
    end
  end
endmodule
";

/// A module that has nothing to do with it.
const BLINKER: &str = "\
module blinker(input clock, input reset, output led);
  parameter LIMIT = 24'd9_999_999;
  reg [23:0] ticks;
  reg state;
  assign led = state;
  always @(posedge clock) begin
    if (reset) begin
      ticks <= 0;
      state <= 0;
    end else if (ticks == LIMIT) begin
      ticks <= 0;
      state <= ~state;
    end else
      ticks <= ticks + 1;
  end
endmodule
";

fn renamed(text: &str) -> String {
    let names = [
        ("divider", "kuro"),
        ("WIDTH", "QX"),
        ("clk", "tik"),
        ("rst_n", "zer"),
        ("start", "fen"),
        ("dividend", "aa7"),
        ("divisor", "bb1"),
        ("quotient", "cc"),
        ("rest", "dd"),
        ("busy", "vek"),
        ("done", "um"),
        ("partial", "sol"),
        ("shifted", "nal"),
        ("count", "hex"),
        ("difference", "lux"),
    ];
    let mut out = String::new();
    let mut word = String::new();
    for c in text.chars().chain(Some('\n')) {
        if c.is_ascii_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        let new = names
            .iter()
            .find(|(old, _)| *old == word)
            .map_or(&*word, |(_, new)| new);
        out.push_str(new);
        out.push(c);
        word.clear();
    }
    out
}

#[test]
fn a_renamed_module_without_comments_is_found_with_its_lines() {
    let body = DIVIDER.split_once('\n').expect("a first line").1;
    let suspect = format!(
        "{BLINKER}\n{}",
        renamed(body).replace("  ", " ").replace("1'b0", "1'h0")
    );
    let found = matches(&[BLINKER, DIVIDER], &suspect, Language::Verilog);
    let copy = found.iter().find(|m| m.item == 1).expect("the divider is found");
    assert!(copy.score.e_value <= 1e-6, "{:?}", copy.score);
    assert!(copy.identity > 0.95, "{}", copy.identity);
    let span = &copy.segments[0];
    assert_eq!(
        (span.suspect, span.work, copy.segments.len()),
        ([18, 57], [2, 41], 1)
    );
}

#[test]
fn modules_that_share_their_frame_alone_are_no_copies() {
    for m in matches(&[DIVIDER], BLINKER, Language::Verilog) {
        assert!(m.score.e_value > 1e-6, "{:?}", m.score);
    }
}

#[test]
fn other_order_dead_code_and_other_constants_hide_nothing() {
    let functions = |order: &[usize], dead: bool, name: &str, seed: u32| -> String {
        let mut text = String::new();
        for &i in order {
            writeln!(
                text,
                "static int {name}_{i}(struct {name} *s, const char *p, int n) {{"
            )
            .expect("write");
            for k in 0..8u32 {
                let op = ["+=", "^=", "|=", "-="][(i + k as usize * 3) % 4];
                let field = (i * 7 + k as usize * 5) % 11;
                writeln!(
                    text,
                    "  if (p[{k}] > n + {}) s->{name}f{field} {op} (p[{}] << {k}) & n;",
                    seed + k,
                    i + 1
                )
                .expect("write");
                if dead && k % 4 == 1 {
                    text.push_str("  (void)77;\n");
                }
            }
            text.push_str("  while (n-- > 0) s->total = s->total * 31 + p[n];\n  return s->total;\n}\n\n");
        }
        text
    };
    let work = functions(&[0, 1, 2, 3, 4], false, "carry", 3);
    let suspect = functions(&[3, 1, 4, 0, 2], true, "kuro", 90);
    let found = matches(&[&work], &suspect, Language::C);
    assert!(found[0].score.e_value <= 1e-6, "{:?}", found[0].score);
    let mut lines: Vec<u64> = found[0]
        .segments
        .iter()
        .flat_map(|s| s.work[0]..s.work[1])
        .collect();
    lines.sort_unstable();
    lines.dedup();
    assert!(
        lines.len() * 10 >= work.lines().count() * 7,
        "{} of {}",
        lines.len(),
        work.lines().count()
    );
}

#[test]
fn a_table_of_numbers_is_found_by_its_values_in_any_base() {
    let values: Vec<u32> = (1..64u32).map(|i| i.wrapping_mul(0x9E37_79B9) >> 8).collect();
    let of = |show: &dyn Fn(u32) -> String| -> String {
        let rows: Vec<String> = values.iter().map(|v| format!("  {},", show(*v))).collect();
        format!("static const int t[] = {{\n{}\n}};\n", rows.join("\n"))
    };
    let work = of(&|v| v.to_string());
    let found = matches(&[&work], &of(&|v| format!("0x{v:X}")), Language::C);
    assert!(found[0].score.e_value <= 1e-6, "{:?}", found[0].score);
    let other = of(&|v| (v ^ 0x5A5A).to_string());
    assert!(
        matches(&[&work], &other, Language::C)
            .iter()
            .all(|m| m.score.e_value > 1e-6)
    );
}

#[test]
fn what_is_no_code_gives_an_error_or_a_remark_and_never_a_panic() {
    let read = |bytes: &[u8]| fingerprint_reference(bytes, Language::Verilog);
    assert!(matches!(read(b""), Err(TextError::Empty)));
    assert!(matches!(read(&[0, 1, 2, 0, 255, 254]), Err(TextError::Binary)));
    let notes = read(b"// comments alone\n").expect("readable").notes;
    assert_eq!(notes, [CodeNote::TooShort { tokens: 0 }]);
    let latin = read(b"module m; // caf\xe9 \xe4\xf6\xfc\nendmodule\n").expect("readable");
    assert_eq!(latin.lines, 2);
}

#[test]
fn a_record_gives_the_tokens_back() {
    let (tokens, _) = read(DIVIDER.as_bytes(), Language::Verilog).expect("readable");
    let stored =
        StoredTokens::decode(&record::encode(&tokens, Language::Verilog.family())).expect("a record");
    assert_eq!(stored.tokens, tokens);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_bytes_are_read_stored_and_searched_without_a_panic(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            "(module|begin|end|a|b|[0-9]'h|\"|'|`|/\\*|//|;|\\(|\\)|=|\n| ){0,120}".prop_map(String::into_bytes),
        ],
        which in 0..Language::ALL.len(),
    ) {
        let language = Language::ALL[which];
        if let Ok(source) = fingerprint_reference(&*bytes, language) {
            let stored = StoredTokens::decode(&source.record).expect("what was written can be read");
            prop_assert_eq!(stored.tokens.len(), source.tokens as usize);
            let works = Works(vec![source]);
            let background = Background::learn(works.tokens(0).into_iter(), 1 << 10, 1 << 10);
            for m in search(&*bytes, language, &works, &background, None).expect("read before").0 {
                prop_assert!(m.identity <= 1.0 && m.segments.iter().all(|s| s.work[0] < s.work[1]));
            }
        }
    }

    #[test]
    fn any_bytes_are_a_record_or_none(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = StoredTokens::decode(&bytes);
        // Deflated as well, so that more than the unpacking is reached.
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, &bytes).expect("memory");
        let _ = StoredTokens::decode(&encoder.finish().expect("memory"));
    }
}

#[test]
fn code_in_a_comment_is_found_on_its_lines() {
    let suspect = format!("{BLINKER}/* kept for later\n{DIVIDER}*/\n");
    let found = matches(&[DIVIDER], &suspect, Language::Verilog);
    let best = found.first().expect("found");
    assert!(best.score.bits > 100.0, "{best:?}");
    let first = BLINKER.lines().count() as u64 + 2;
    let span = &best.segments[0];
    assert_eq!(
        span.suspect.map(|line| line - first + 1)[1],
        span.work[1],
        "{span:?}"
    );
    let in_line_comments = format!("// {}\n", renamed(DIVIDER).trim_end().replace('\n', "\n// "));
    let found = matches(&[DIVIDER], &in_line_comments, Language::Verilog);
    assert!(found[0].score.bits > 100.0, "{found:?}");
}

#[test]
fn what_the_background_holds_does_not_count_and_is_told() {
    let (work, suspect) = (format!("{DIVIDER}{BLINKER}"), renamed(DIVIDER) + BLINKER);
    let before = matches(&[&work], &suspect, Language::Verilog);
    assert!(before[0].not_counted.is_empty());
    let after = matches_beside(&[&work], &[BLINKER], &suspect, Language::Verilog);
    assert!(after[0].score.bits < before[0].score.bits - 50.0);
    assert!(after[0].score.bits > 100.0, "what is not in it still counts");
    let told = &after[0].not_counted;
    assert!(told.iter().all(|n| n.reason == crate::FilterReason::Background));
    let first = DIVIDER.lines().count() as u64;
    assert!(told.iter().any(|n| n.suspect[0] >= first), "{told:?}");
    let whole = matches_beside(&[&work], &[&work], &suspect, Language::Verilog);
    assert!(whole.iter().all(|m| m.score.e_value > 1e-6), "{whole:?}");
}

#[test]
fn a_template_that_came_with_another_work_is_explained_by_it() {
    let template = "module top(input a, input b, output c);\n  wire x = a & b;\n  wire y = a | b;\n  assign c = x ^ y;\nendmodule\n";
    let (owner, other) = (format!("{template}{BLINKER}"), format!("{template}{DIVIDER}"));
    let found = matches(&[&owner, &other], &other, Language::Verilog);
    assert_eq!(found[0].item, 1);
    let of_owner = found.iter().find(|m| m.item == 0).expect("shares the template");
    assert!(of_owner.score.e_value > 1e-6, "{of_owner:?}");
    let told = &of_owner.not_counted;
    assert!(
        told.iter()
            .any(|n| n.by == 1 && n.reason == crate::FilterReason::BetterSource),
        "{told:?}"
    );
}

#[test]
fn a_file_that_a_tool_made_is_told_by_what_its_head_says() {
    let notes = |source: &str| read(source.as_bytes(), Language::Go).unwrap().1;
    let body = "package main\nfunc main() { a := 1; b := a + 2; println(a, b) }\n";
    assert!(
        notes(&format!(
            "// Code generated by protoc-gen-go. DO NOT EDIT.\n{body}"
        ))
        .contains(&CodeNote::Generated)
    );
    assert!(!notes(body).contains(&CodeNote::Generated));
    // Farther down it is talk about other files; and the head may end inside of a sign.
    let far = format!(
        "// {}\n{body}// @generated\n",
        "字".repeat(GENERATED_HEAD_BYTES / 3 + 1)
    );
    assert!(!notes(&far).contains(&CodeNote::Generated));
}
