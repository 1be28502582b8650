//! Languages: which programming language a file is written in, and how such a language is cut into tokens.
//!
//! In:  the name of a file and the beginning of its text.
//! Out: a [`Language`], and the [`Syntax`] of its [`Family`].
//!
//! Languages of one family share their tokens, so that C taken into C++ or Verilog renamed to SystemVerilog is found;
//! between families nothing is compared.
//!
//! Invariant: numbers of families and of keywords are kept in indexes; both lists only ever grow at their ends.
//!
//! Not here: the cutting (`lexer`).

mod keywords;

use std::path::Path;

use serde::{Deserialize, Serialize};

/// A programming or hardware description language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say all")]
pub enum Language {
    Verilog,
    SystemVerilog,
    Vhdl,
    C,
    Cpp,
    Rust,
    Go,
    Java,
    Python,
    JavaScript,
    TypeScript,
}

/// Languages that share their tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Family {
    Verilog = 1,
    Vhdl = 2,
    C = 3,
    Rust = 4,
    Go = 5,
    Java = 6,
    Python = 7,
    JavaScript = 8,
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// `0xFF`, `0b1`, `0o7`, `1_000u32`, `1.5e-3f`.
    C,
    /// Those, and `8'hFF`, `'b0`, `'1`.
    Verilog,
    /// `16#FF#`, `x"FF"`, `1_000`.
    Vhdl,
}

/// What strings there are beside `"…"` on one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strings {
    /// None; a quotation mark inside is written with a backslash.
    Plain,
    /// `'c'` is a character.
    Characters,
    /// The same, and `R"x(…)x"`.
    Cpp,
    /// `r#"…"#`, strings over several lines, characters beside lifetimes.
    Rust,
    /// The same characters, and raw strings between grave accents.
    Go,
    /// Either quotation mark, once or three times, with prefixes.
    Python,
    /// Either quotation mark, templates between grave accents, regular expressions.
    JavaScript,
    /// A quotation mark inside is written twice; `'0'` is a number.
    Vhdl,
}

/// How the languages of a family are cut into tokens.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent rules of a grammar, each named where it is set"
)]
pub(crate) struct Syntax {
    pub(crate) line_comment: &'static [u8],
    pub(crate) block_comments: bool,
    /// Whether comments in comments have their own ends.
    pub(crate) nested_comments: bool,
    pub(crate) strings: Strings,
    pub(crate) numbers: Numbers,
    /// Whether capitals and small letters are the same.
    pub(crate) folds_case: bool,
    /// Bytes beside letters and digits that belong to names.
    pub(crate) name_bytes: &'static [u8],
    /// Whether a line ends a statement.
    pub(crate) lines_are_statements: bool,
    /// In the order of their numbers.
    pub(crate) keywords: &'static [&'static str],
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 11] = [
        Self::Verilog,
        Self::SystemVerilog,
        Self::Vhdl,
        Self::C,
        Self::Cpp,
        Self::Rust,
        Self::Go,
        Self::Java,
        Self::Python,
        Self::JavaScript,
        Self::TypeScript,
    ];

    /// Its name as people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Verilog => "Verilog",
            Self::SystemVerilog => "SystemVerilog",
            Self::Vhdl => "VHDL",
            Self::C => "C",
            Self::Cpp => "C++",
            Self::Rust => "Rust",
            Self::Go => "Go",
            Self::Java => "Java",
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::TypeScript => "TypeScript",
        }
    }

    /// The language that the ending of a file name stands for.
    pub fn of_name(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match &*ending {
            "v" | "vh" | "vlg" => Self::Verilog,
            "sv" | "svh" => Self::SystemVerilog,
            "vhd" | "vhdl" => Self::Vhdl,
            "c" | "h" => Self::C,
            "cc" | "cpp" | "cxx" | "c++" | "hh" | "hpp" | "hxx" | "h++" | "ipp" | "inl" => Self::Cpp,
            "rs" => Self::Rust,
            "go" => Self::Go,
            "java" => Self::Java,
            "py" | "pyi" | "pyw" => Self::Python,
            "js" | "mjs" | "cjs" | "jsx" => Self::JavaScript,
            "ts" | "mts" | "cts" | "tsx" => Self::TypeScript,
            _ => return None,
        })
    }

    pub(crate) fn family(self) -> Family {
        match self {
            Self::Verilog | Self::SystemVerilog => Family::Verilog,
            Self::Vhdl => Family::Vhdl,
            Self::C | Self::Cpp => Family::C,
            Self::Rust => Family::Rust,
            Self::Go => Family::Go,
            Self::Java => Family::Java,
            Self::Python => Family::Python,
            Self::JavaScript | Self::TypeScript => Family::JavaScript,
        }
    }
}

impl Family {
    pub(crate) fn syntax(self) -> &'static Syntax {
        match self {
            Self::Verilog => &keywords::VERILOG,
            Self::Vhdl => &keywords::VHDL,
            Self::C => &keywords::C,
            Self::Rust => &keywords::RUST,
            Self::Go => &keywords::GO,
            Self::Java => &keywords::JAVA,
            Self::Python => &keywords::PYTHON,
            Self::JavaScript => &keywords::JAVASCRIPT,
        }
    }
}

/// Signs of programs, in per mille of what is not blank, below which a text is prose whatever its name.
const MIN_SIGNS_PER_MILLE: usize = 15;
/// Lines that must be typical of a language before a file without an ending counts as written in it.
const MIN_TYPICAL_LINES: usize = 3;
/// Bytes of the beginning that are looked at.
const LOOK_BYTES: usize = 64 << 10;

/// The language of a text that begins with `start`, bytes of any encoding that has ASCII in it.
///
/// The ending of the name decides between languages, the content whether it is code at all; a name without an ending
/// leaves both to the content.
pub(crate) fn detect(path: &Path, start: &[u8]) -> Option<Language> {
    let start = &start[..start.len().min(LOOK_BYTES)];
    if let Some(language) = Language::of_name(path) {
        return looks_like_code(start, language).then_some(language);
    }
    if path.extension().is_some() {
        return None;
    }
    let language = typical_language(start)?;
    looks_like_code(start, language).then_some(language)
}

/// Whether there are enough of the signs that programs are full of and prose is not.
fn looks_like_code(start: &[u8], language: Language) -> bool {
    let is_sign = |b: &u8| b"(){}[];=<>:*&|_#".contains(b);
    let signs = start.iter().filter(|b| is_sign(b)).count();
    let inked = start.iter().filter(|b| b.is_ascii_graphic()).count();
    let small_letters = start.iter().filter(|b| b.is_ascii_lowercase()).count();
    // A memory image or a table is mostly digits, and prose is mostly small letters.
    if signs * 1000 >= inked * MIN_SIGNS_PER_MILLE && signs > 0 || inked > 0 && small_letters * 4 < inked {
        return true;
    }
    // Mostly comments: some line of code must be there.
    typical_lines(start, language) >= 1
}

/// The language with the most typical lines, if there are enough of them.
fn typical_language(start: &[u8]) -> Option<Language> {
    if start.starts_with(b"#!") {
        let line = start.split(|&b| b == b'\n').next().unwrap_or_default();
        let has = |word: &[u8]| line.windows(word.len()).any(|w| w == word);
        if has(b"python") {
            return Some(Language::Python);
        }
        return has(b"node").then_some(Language::JavaScript);
    }
    let counts = Language::ALL.map(|language| (typical_lines(start, language), language));
    // Of equal counts the first language.
    let (lines, language) = counts.into_iter().rev().max_by_key(|&(lines, _)| lines)?;
    (lines >= MIN_TYPICAL_LINES).then_some(language)
}

/// How many lines hardly any other language, and no prose, would have.
fn typical_lines(start: &[u8], language: Language) -> usize {
    let text = String::from_utf8_lossy(start);
    let typical = |line: &str| -> bool {
        let lower = line.to_ascii_lowercase();
        let begins = |words: &[&str]| words.iter().any(|w| line.starts_with(w));
        match language {
            Language::Verilog => {
                (begins(&["module ", "assign ", "always @", "wire ", "reg ", "initial begin"])
                    && line.ends_with([';', '(', ')', 'n']))
                    || line == "endmodule"
            }
            Language::SystemVerilog => begins(&[
                "always_ff ",
                "always_comb",
                "logic ",
                "endpackage",
                "endinterface",
            ]),
            Language::Vhdl => {
                (lower.starts_with("entity ") || lower.starts_with("architecture ")) && lower.ends_with(" is")
                    || (lower.starts_with("library ")
                        || lower.starts_with("use ")
                        || lower.starts_with("signal ")
                        || lower.starts_with("end "))
                        && lower.ends_with(';')
            }
            Language::C => begins(&[
                "#include <",
                "#include \"",
                "#define ",
                "#ifdef ",
                "#ifndef ",
                "#endif",
                "typedef ",
            ]),
            Language::Cpp => begins(&["namespace ", "template <", "template<", "using namespace "]),
            Language::Rust => {
                begins(&[
                    "pub fn ",
                    "fn ",
                    "impl ",
                    "let mut ",
                    "pub struct ",
                    "use std::",
                    "use crate::",
                ]) && line.ends_with(['{', ';', ','])
            }
            Language::Go => begins(&["func ", "import (", "type "]) && line.ends_with(['{', '(']),
            Language::Java => {
                begins(&[
                    "import java",
                    "public class ",
                    "public static ",
                    "private ",
                    "public void ",
                ]) && line.ends_with(['{', ';'])
            }
            Language::Python => {
                begins(&["def ", "class ", "elif ", "if __name__"]) && line.ends_with(':')
                    || begins(&["from "]) && line.contains(" import ")
            }
            Language::JavaScript => {
                begins(&["const ", "var ", "function ", "module.exports", "exports."])
                    && line.ends_with(['{', ';', ','])
            }
            Language::TypeScript => begins(&["export interface ", "export type ", "export const "]),
        }
    };
    text.lines().filter(|line| typical(line.trim())).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_decides_between_languages_and_the_content_whether_it_is_code() {
        let of = |name: &str, start: &str| detect(Path::new(name), start.as_bytes());
        assert_eq!(of("a.v", "module a(input b); endmodule"), Some(Language::Verilog));
        assert_eq!(of("a.sv", "logic a;"), Some(Language::SystemVerilog));
        assert_eq!(of("a.TS", "let a = 1;"), Some(Language::TypeScript));
        assert_eq!(of("a.txt", "int main() { return 0; }"), None);
        assert_eq!(of("a.md", "```c\nint main() { return 0; }\n```"), None);
        assert_eq!(
            of("a.v", "@00000000\n6F 00 C0 04 13 00 00 00\n"),
            Some(Language::Verilog)
        );
        assert_eq!(
            of("a.c", "It was the best of times, it was the worst of times."),
            None
        );
        assert_eq!(
            of("LICENSE", "Permission is hereby granted, free of charge."),
            None
        );
    }

    #[test]
    fn a_file_without_an_ending_is_code_when_its_lines_are() {
        let of = |start: &str| detect(Path::new("x"), start.as_bytes());
        let verilog = "module a(b);\n  wire c;\n  assign b = c;\nendmodule\n";
        assert_eq!(of(verilog), Some(Language::Verilog));
        assert_eq!(of("#!/usr/bin/env python3\nprint(1)\n"), Some(Language::Python));
        let vhdl = "library ieee;\nuse ieee.all;\nentity a is\nend a;\n";
        assert_eq!(of(vhdl), Some(Language::Vhdl));
        assert_eq!(of("use a pen;\nand write\n"), None);
    }

    #[test]
    fn keywords_are_few_enough_and_named_once() {
        for language in Language::ALL {
            let mut words = language.family().syntax().keywords.to_vec();
            assert!(words.len() < 400, "{language:?}");
            words.sort_unstable();
            assert!(words.windows(2).all(|w| w[0] != w[1]), "{language:?}: {words:?}");
        }
    }
}
