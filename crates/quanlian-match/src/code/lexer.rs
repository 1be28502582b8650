//! The lexer: source text to tokens, for every language by one table.
//!
//! In:  the text of a file and the [`Syntax`] of its family.
//! Out: its [`Tokens`], without comments and blanks.
//!
//! It never fails: what no language knows becomes a token of its own, and a string or comment without an end runs to
//! the end of the line or of the file. So a fragment, a macro that breaks the grammar and a file under a wrong name all
//! come out as tokens; what they are worth the comparison decides.
//!
//! Invariants: linear in the length of the text; at most `limit` tokens.
//!
//! Not here: values of numbers (`number`), strings (`string`).

mod number;
mod string;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::language::{Family, Strings, Syntax};
use super::tokens::{
    FIRST_FIXED_NAME, FIRST_KEYWORD, NAME, NO_WORD, NUMBER, OTHER, Symbol, Tokens, word_hash,
};

/// Operators of more than one byte, longest first where one begins another; their symbols count on from 128.
const LONG_OPERATORS: [&[u8]; 62] = [
    b">>>=", b"<<<=", b"===", b"!==", b"==?", b"!=?", b"<->", b"->>", b"&&&", b"<<<", b">>>", b"<<=", b">>=",
    b"**=", b"...", b"..=", b"//=", b"<=>", b"->*", b"&&=", b"||=", b"??=", b"?/=", b"==", b"!=", b"<=",
    b">=", b"&&", b"||", b"<<", b">>", b"**", b"++", b"--", b"+=", b"-=", b"*=", b"/=", b"%=", b"&=", b"|=",
    b"^=", b":=", b"=>", b"->", b"::", b"..", b"//", b"~&", b"~|", b"~^", b"^~", b"+:", b"-:", b"##", b"?.",
    b"??", b"<-", b"&^", b"?=", b"@*", b"<>",
];
const FIRST_LONG_OPERATOR: Symbol = 128;
const _: () = assert!(FIRST_LONG_OPERATOR as usize + LONG_OPERATORS.len() <= FIRST_KEYWORD as usize);

/// Cuts a text into at most `limit` tokens; says whether that was all of it.
pub(crate) fn lex(text: &str, family: Family, limit: usize) -> (Tokens, bool) {
    let (tokens, whole, _) = lex_noting(text, family, limit);
    (tokens, whole)
}

/// Cuts what stands in the comments and in the strings over several lines of a text into tokens, as if it were code.
///
/// Lines are those of the text. Prose comes out as tokens too; it agrees with no code.
pub(crate) fn lex_hidden(text: &str, family: Family, limit: usize) -> Tokens {
    let (_, _, hidden) = lex_noting(text, family, limit);
    let (mut bare, mut line) = (String::new(), 1);
    for (first, range) in hidden {
        // A cut that is no character's border can only come from broken signs; what lies there is left out.
        let Some(piece) = text.get(range) else { continue };
        bare.push(' ');
        for _ in line..first {
            bare.push('\n');
        }
        bare.push_str(piece);
        line = first.max(line) + count_lines(piece.as_bytes());
    }
    lex(&bare, family, limit).0
}

/// Tokens, whether they are all, and where comments and long strings lie: their first line and their bytes.
type Noted = (Tokens, bool, Vec<(u32, Range<usize>)>);

fn lex_noting(text: &str, family: Family, limit: usize) -> Noted {
    let keywords = Keywords::of(family);
    let mut lexer = Lexer {
        bytes: text.as_bytes(),
        at: 0,
        line: 1,
        syntax: family.syntax(),
        keywords: &keywords,
        tokens: Tokens::default(),
        folded: Vec::new(),
        hidden: Vec::new(),
    };
    let mut whole = true;
    while lexer.skip_blanks_and_comments() {
        if lexer.tokens.len() >= limit {
            whole = false;
            break;
        }
        lexer.token();
    }
    let unended = u32::from(!text.is_empty() && !text.ends_with('\n'));
    lexer.tokens.line_count = count_lines(text.as_bytes()) + unended;
    (lexer.tokens, whole, lexer.hidden)
}

/// Ends of lines; a source file is shorter than what a `u32` counts.
fn count_lines(bytes: &[u8]) -> u32 {
    bytes.split(|&b| b == b'\n').count() as u32 - 1
}

/// The keywords of a family by the hash of their letters.
struct Keywords {
    /// Sorted.
    hashes: Vec<(u64, Symbol)>,
    longest: usize,
}

impl Keywords {
    fn of(family: Family) -> Self {
        let words = family.syntax().keywords;
        let mut hashes: Vec<(u64, Symbol)> = (words.iter().zip(FIRST_KEYWORD..))
            .map(|(word, symbol)| (word_hash(NAME, word.as_bytes()), symbol))
            .collect();
        hashes.sort_unstable();
        Self {
            hashes,
            longest: words.iter().map(|w| w.len()).max().unwrap_or(0),
        }
    }

    fn symbol(&self, word: &[u8]) -> Option<Symbol> {
        if word.len() > self.longest {
            return None;
        }
        let hash = word_hash(NAME, word);
        let found = self.hashes.binary_search_by_key(&hash, |&(hash, _)| hash);
        found.ok().map(|at| self.hashes[at].1)
    }
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
    syntax: &'static Syntax,
    keywords: &'a Keywords,
    tokens: Tokens,
    /// Holds a word in small letters.
    folded: Vec<u8>,
    /// Comments and strings over several lines: the first line and the bytes.
    hidden: Vec<(u32, Range<usize>)>,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    /// Goes to the next token; false at the end of the text.
    fn skip_blanks_and_comments(&mut self) -> bool {
        while let Some(&b) = self.bytes.get(self.at) {
            if b == b'\n' {
                self.line += 1;
                self.at += 1;
            } else if b <= b' ' || b == b'\\' && matches!(self.peek(1), b'\n' | b'\r') {
                self.at += 1;
            } else if self.rest().starts_with(self.syntax.line_comment) {
                let start = self.at;
                self.skip_line();
                self.tokens.push_comment(self.line, &self.bytes[start..self.at]);
                let inside = start + self.syntax.line_comment.len();
                self.hidden.push((self.line, inside..self.at));
            } else if self.syntax.block_comments && self.rest().starts_with(b"/*") {
                self.skip_block_comment();
            } else {
                return true;
            }
        }
        false
    }

    fn skip_line(&mut self) {
        let length = self.rest().iter().position(|&b| b == b'\n');
        self.at = length.map_or(self.bytes.len(), |n| self.at + n);
    }

    fn skip_block_comment(&mut self) {
        let mut start = self.at;
        self.at += 2;
        let inside = (self.line, self.at);
        let mut depth = 1usize;
        while depth > 0 && self.at < self.bytes.len() {
            match (self.peek(0), self.peek(1)) {
                (b'*', b'/') => {
                    depth -= 1;
                    self.at += 1;
                }
                (b'/', b'*') if self.syntax.nested_comments => {
                    depth += 1;
                    self.at += 1;
                }
                (b'\n', _) => {
                    self.tokens.push_comment(self.line, &self.bytes[start..self.at]);
                    start = self.at + 1;
                    self.line += 1;
                }
                _ => {}
            }
            self.at += 1;
        }
        self.at = self.at.min(self.bytes.len());
        let end = if depth == 0 { self.at - 2 } else { self.at };
        self.hidden.push((inside.0, inside.1.min(end)..end));
        if start < self.at {
            self.tokens.push_comment(self.line, &self.bytes[start..self.at]);
        }
    }

    fn token(&mut self) {
        let b = self.peek(0);
        if self.string() || self.number() {
            return;
        }
        if is_letter(b) || self.syntax.name_bytes.contains(&b) {
            return self.name();
        }
        // `\name ` of Verilog and VHDL holds any signs up to a blank.
        if b == b'\\' && self.syntax.strings_are_of_hardware() {
            return self.escaped_name();
        }
        self.operator();
    }

    fn name(&mut self) {
        let start = self.at;
        let first = self.peek(0);
        self.at += 1;
        while is_letter(self.peek(0)) || self.peek(0).is_ascii_digit() || self.is_name_byte(self.peek(0)) {
            self.at += 1;
        }
        let name = &self.bytes[start..self.at];
        self.push_name(name, first);
    }

    fn is_name_byte(&self, b: u8) -> bool {
        b != 0 && b != b'`' && self.syntax.name_bytes.contains(&b)
    }

    fn escaped_name(&mut self) {
        let start = self.at + 1;
        let length = self.bytes[start..].iter().position(u8::is_ascii_whitespace);
        let end = length.map_or(self.bytes.len(), |n| start + n);
        self.at = end;
        if end > start {
            let name = &self.bytes[start..end];
            self.push_name(name, 0);
        }
    }

    fn push_name(&mut self, name: &[u8], first: u8) {
        let line = self.line;
        if self.syntax.folds_case {
            self.folded.clear();
            self.folded.extend(name.iter().map(u8::to_ascii_lowercase));
        }
        let name = if self.syntax.folds_case {
            &*self.folded
        } else {
            name
        };
        let is_fixed = first == b'`' || first == b'$' && self.syntax.strings_are_of_hardware();
        if is_fixed {
            let range = u64::from(Symbol::MAX - FIRST_FIXED_NAME);
            let symbol = FIRST_FIXED_NAME + (word_hash(NAME, name) % range) as Symbol;
            self.tokens.push(symbol, NO_WORD, line);
        } else if let Some(symbol) = self.keywords.symbol(name) {
            self.tokens.push(symbol, NO_WORD, line);
        } else {
            let word = self.tokens.dictionary.intern(NAME, name);
            self.tokens.push(NAME, word, line);
        }
    }

    fn operator(&mut self) {
        let (b, next) = (self.peek(0), self.peek(1));
        if b >= 0x80 {
            // A whole character, so that the next token begins at one.
            self.at += 1;
            while self.peek(0) & 0xc0 == 0x80 {
                self.at += 1;
            }
            self.tokens.push(OTHER, NO_WORD, self.line);
            return;
        }
        if next.is_ascii_punctuation() {
            let long = LONG_OPERATORS.iter().position(|o| self.rest().starts_with(o));
            if let Some(number) = long {
                self.tokens
                    .push(FIRST_LONG_OPERATOR + number as Symbol, NO_WORD, self.line);
                self.at += LONG_OPERATORS[number].len();
                return;
            }
        }
        self.tokens.push(Symbol::from(b), NO_WORD, self.line);
        self.at += 1;
    }

    fn push_number(&mut self, value: &[u8]) {
        let word = self.tokens.dictionary.intern(NUMBER, value);
        self.tokens.push(NUMBER, word, self.line);
    }
}

impl Syntax {
    fn strings_are_of_hardware(&self) -> bool {
        matches!(self.strings, Strings::Vhdl) || self.name_bytes.contains(&b'`')
    }
}

/// Letters of names, those beyond ASCII among them.
fn is_letter(b: u8) -> bool {
    b.is_ascii_alphabetic() || b >= 0x80
}
