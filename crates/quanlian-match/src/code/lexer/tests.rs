//! Tests of the lexer: one source in, its tokens as words out.

use proptest::prelude::*;

use super::super::language::{Family, Language};
use super::super::tokens::{NAME, NO_WORD, NUMBER, STRING, Tokens};
use super::lex;

fn tokens(text: &str, family: Family) -> Tokens {
    lex(text, family, usize::MAX).0
}

/// Each token as one word: names in angle brackets, numbers as their value, strings in quotation marks, the rest as `.`.
fn shown(text: &str, family: Family) -> String {
    let tokens = tokens(text, family);
    let shown: Vec<String> = (tokens.symbols.iter().zip(&tokens.words))
        .map(|(&symbol, &word)| {
            let word =
                (word != NO_WORD).then(|| String::from_utf8_lossy(tokens.dictionary.word(word)).into_owned());
            match (symbol, word) {
                (NAME, Some(word)) => format!("<{word}>"),
                (NUMBER, Some(word)) => word,
                (STRING, Some(word)) => format!("\"{word}\""),
                _ => ".".to_owned(),
            }
        })
        .collect();
    shown.join(" ")
}

fn check(family: Family, text: &str, expected: &str) {
    assert_eq!(shown(text, family), expected, "{text:?}");
}

#[test]
fn a_number_is_its_value_in_any_base() {
    check(
        Family::Verilog,
        "8'hFF 8'b1111_1111 'd255 255 12'o377 8 'hff 9'sd255",
        "255 255 255 255 255 255 255",
    );
    check(
        Family::Vhdl,
        r#"x"FF" 16#ff# 255 2_5_5 8x"ff" b"1111_1111""#,
        "255 255 255 255 255 255",
    );
    check(
        Family::C,
        "0xFF 0XffUL 255u 0b11111111 2'5'5",
        "255 255 255 255 255",
    );
    check(
        Family::Rust,
        "0xff_u8 255i64 0o377 1_0.50 10.5e0",
        "255 255 255 10.5 10.5",
    );
    check(Family::Verilog, "4'b10xz '0 'x", "2#10xz '0 'x");
}

#[test]
fn numbers_end_where_ranges_and_calls_begin() {
    check(Family::Rust, "0..10 1.max(2)", "0 . 10 1 . <max> . 2 .");
    check(Family::C, "1e-5+x 1-2", "0.00001 . <x> 1 . 2");
    check(Family::JavaScript, ".5 a.b", "0.5 <a> . <b>");
}

#[test]
fn comments_are_left_out_and_nested_ones_end_where_they_should() {
    check(Family::C, "a /* x /* y */ b // c\nd", "<a> <b> <d>");
    check(Family::Rust, "a /* x /* y */ z */ b", "<a> <b>");
    check(Family::Vhdl, "a -- b\nc", "<a> <c>");
    check(Family::Python, "a # b\nc", "<a> <c>");
    check(Family::C, "a /* never ends", "<a>");
}

#[test]
fn strings_of_every_kind_are_one_token() {
    check(
        Family::C,
        r#""a\"b" 'c' '\n' R"x(a)"b)x" L"w""#,
        r#""a\"b" 'c '\n "a)"b" "w""#,
    );
    check(
        Family::Rust,
        r##"r#"a"b"# b"c" 'd' &'e f"##,
        r#""a"b" "c" 'd . . <e> <f>"#,
    );
    check(Family::Go, "`a\nb` \"c\" 'd'", "\"a\nb\" \"c\" 'd");
    check(
        Family::Python,
        "'''a\n'b''' rb\"c\\d\" f'e'",
        "\"a\n'b\" \"c\\d\" \"e\"",
    );
    check(
        Family::JavaScript,
        "`a\nb` x / y / z; s = /[/]\"/g",
        "\"a\nb\" <x> . <y> . <z> . <s> . \"[/]\"\"",
    );
    check(
        Family::Vhdl,
        "\"a\"\"b\" '1' clk'event",
        "\"a\"\"b\" '1 <clk> . <event>",
    );
}

#[test]
fn a_string_without_an_end_stops_at_the_end_of_its_line() {
    check(Family::C, "\"abc\nint x", "\"abc\" . <x>");
    check(Family::Java, "'abc\nint x", ". <abc> . <x>");
}

#[test]
fn case_counts_but_in_vhdl() {
    let (a, b) = ("Signal Foo : STD_LOGIC;", "signal foo : std_logic;");
    assert_eq!(tokens(a, Family::Vhdl), tokens(b, Family::Vhdl));
    assert_ne!(tokens("Foo", Family::C), tokens("foo", Family::C));
}

#[test]
fn renaming_changes_no_symbol_and_another_keyword_does() {
    let symbols = |text| tokens(text, Family::Verilog).symbols;
    assert_eq!(
        symbols("always @(posedge clk) a <= b;"),
        symbols("always @(posedge q1) zz <= \\x+y ;")
    );
    assert_ne!(
        symbols("always @(posedge clk) a <= b;"),
        symbols("always @(negedge clk) a <= b;")
    );
    assert_ne!(
        symbols("$display(a);"),
        symbols("$finish(a);"),
        "names of the system stay"
    );
}

#[test]
fn every_token_knows_its_line() {
    let text = "a /* 1\n2 */ b\n`x\ny`\nc // d\n\"e\\\nf\" g";
    let tokens = tokens(text, Family::Go);
    assert_eq!(tokens.lines, [1, 2, 3, 5, 6, 7]);
    assert_eq!(tokens.line_count, 7);
    let comments: Vec<u32> = tokens.comments.iter().map(|c| c.line).collect();
    assert_eq!(comments, [1, 2, 5]);
    let vhdl = lex("a\r\n\r\nb\r\n", Family::Vhdl, usize::MAX).0;
    assert_eq!((vhdl.lines, vhdl.line_count), (vec![1, 3], 3));
}

#[test]
fn a_limit_of_tokens_is_kept_and_told() {
    let text = "a ".repeat(100);
    let (tokens, whole) = lex(&text, Family::C, 10);
    assert_eq!((tokens.len(), whole), (10, false));
    assert!(lex(&text, Family::C, 100).1);
}

#[test]
fn a_minified_line_and_a_long_run_of_quotes_take_linear_time() {
    for (family, piece) in [
        (Family::JavaScript, "a=function(b){return/x/.test(b)?`${b}`:'c'},"),
        (Family::Rust, "r#\" '"),
        (Family::Python, "\"\"\"'"),
        (Family::C, "R\"(/*'"),
        (Family::Vhdl, "x\"'16#"),
    ] {
        let text = piece.repeat(200_000);
        lex(&text, family, usize::MAX);
    }
}

proptest! {
    #[test]
    fn any_text_gives_tokens_with_rising_lines(
        text in prop_oneof![any::<String>(), "[a-z0-9'\"`#/*\\\\xrRb(){}\n. -]{0,200}"], which in 0..Language::ALL.len(),
    ) {
        let tokens = tokens(&text, Language::ALL[which].family());
        prop_assert!(tokens.lines.windows(2).all(|w| w[0] <= w[1]));
        prop_assert!(tokens.lines.iter().all(|&line| line >= 1 && line <= tokens.line_count.max(1)));
        prop_assert!(tokens.words.iter().all(|&w| w == NO_WORD || (w as usize) < tokens.dictionary.len()));
        prop_assert!(tokens.len() <= text.len());
        prop_assert_eq!((tokens.symbols.len(), tokens.words.len()), (tokens.lines.len(), tokens.lines.len()));
    }
}
