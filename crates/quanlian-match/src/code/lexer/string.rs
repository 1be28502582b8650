//! Strings and characters, by the rules of each family.
//!
//! In:  the text at a quotation mark or at a prefix of one.
//! Out: a string token with its content, or a number token for a character.
//!
//! A string that has no end stops at the end of its line, or, where strings go over lines, at the end of the text.
//!
//! Not here: interpretation of escapes. `"\n"` and a string with that character written out are two words.

use super::super::language::Strings;
use super::super::tokens::{STRING, Symbol};
use super::{Lexer, count_lines, is_letter};

impl Lexer<'_> {
    /// Takes a string or character, if there is one here.
    pub(super) fn string(&mut self) -> bool {
        let b = self.peek(0);
        match self.syntax.strings {
            Strings::Plain => b == b'"' && self.quoted(0, b'"', false),
            Strings::Characters => match b {
                b'"' if self.rest().starts_with(b"\"\"\"") => self.tripled(0, b'"', false),
                b'"' => self.quoted(0, b'"', false),
                b'\'' => self.character(),
                _ => false,
            },
            Strings::Cpp => self.string_of_cpp(),
            Strings::Rust => self.string_of_rust(),
            Strings::Go => match b {
                b'"' => self.quoted(0, b'"', false),
                b'`' => self.until(1, b"`"),
                b'\'' => self.character(),
                _ => false,
            },
            Strings::Python => self.string_of_python(),
            Strings::JavaScript => match b {
                b'"' | b'\'' => self.quoted(0, b, false),
                b'`' => self.quoted(0, b, true),
                b'/' => self.pattern(),
                _ => false,
            },
            Strings::Vhdl => match b {
                b'"' => self.string_of_vhdl(),
                b'\'' => self.character_of_vhdl(),
                _ => false,
            },
        }
    }

    fn push_string(&mut self, start: usize, end: usize, line: u32) {
        let word = self.tokens.dictionary.intern(STRING, &self.bytes[start..end]);
        self.tokens.push(STRING, word, line);
        if self.line > line + 1 {
            self.hidden.push((line, start..end));
        }
    }

    /// A string between equal marks, `prefix` bytes ahead; a backslash takes the next byte with it.
    fn quoted(&mut self, prefix: usize, mark: u8, over_lines: bool) -> bool {
        let line = self.line;
        let start = self.at + prefix + 1;
        let mut end = start;
        loop {
            match self.bytes.get(end) {
                None => break,
                Some(b'\n') if !over_lines => break,
                Some(&b) if b == mark => break,
                Some(b'\\') => {
                    // A line that ends in a backslash goes on.
                    self.line += u32::from(self.bytes.get(end + 1) == Some(&b'\n'));
                    end += 2;
                }
                Some(b'\n') => {
                    self.line += 1;
                    end += 1;
                }
                Some(_) => end += 1,
            }
        }
        let end = end.min(self.bytes.len());
        self.push_string(start.min(end), end, line);
        self.at = end + usize::from(self.bytes.get(end) == Some(&mark));
        true
    }

    /// A string from `open` bytes on to `close`, over any lines.
    fn until(&mut self, open: usize, close: &[u8]) -> bool {
        let line = self.line;
        let start = (self.at + open).min(self.bytes.len());
        let found = self.bytes[start..].windows(close.len()).position(|w| w == close);
        let end = found.map_or(self.bytes.len(), |n| start + n);
        self.line += count_lines(&self.bytes[self.at..end]);
        self.push_string(start, end, line);
        self.at = (end + close.len()).min(self.bytes.len());
        true
    }

    /// A string between three marks on either side.
    fn tripled(&mut self, prefix: usize, mark: u8, is_raw: bool) -> bool {
        let line = self.line;
        let start = self.at + prefix + 3;
        let mut end = start;
        while end < self.bytes.len() && !self.bytes[end..].starts_with(&[mark; 3]) {
            let step = if self.bytes[end] == b'\\' && !is_raw { 2 } else { 1 };
            let taken = &self.bytes[end..self.bytes.len().min(end + step)];
            self.line += count_lines(taken);
            end += step;
        }
        let end = end.min(self.bytes.len());
        self.push_string(start.min(end), end, line);
        self.at = (end + 3).min(self.bytes.len());
        true
    }

    /// `'c'`, `'\n'`, `'\u{1F600}'`; false when no mark follows close behind.
    fn character(&mut self) -> bool {
        const MAX_BYTES: usize = 14;
        let inside = &self.bytes[self.at + 1..self.bytes.len().min(self.at + MAX_BYTES)];
        let skip = if inside.first() == Some(&b'\\') { 2 } else { 1 };
        let Some(length) = inside.iter().skip(skip).position(|b| *b == b'\'' || *b == b'\n') else {
            return false;
        };
        let length = skip + length;
        if inside[length] == b'\n' || inside[0] == b'\n' {
            return false;
        }
        let word = [b"'", &inside[..length]].concat();
        self.at += length + 2;
        self.push_number(&word);
        true
    }

    fn string_of_cpp(&mut self) -> bool {
        let prefix = self.prefix(b"LuU8R");
        match self.peek(prefix) {
            b'"' if prefix > 0 && self.peek(prefix - 1) == b'R' => {
                let open = &self.bytes[self.at + prefix + 1..];
                let name = open.iter().take(17).position(|b| *b == b'(');
                match name {
                    Some(length) => {
                        let close = [b")", &open[..length], b"\""].concat();
                        self.until(prefix + 2 + length, &close)
                    }
                    None => self.quoted(prefix, b'"', false),
                }
            }
            b'"' => self.quoted(prefix, b'"', false),
            b'\'' if prefix == 0 => self.character(),
            _ => false,
        }
    }

    fn string_of_rust(&mut self) -> bool {
        let prefix = self.prefix(b"bcr");
        if prefix > 0 && self.peek(prefix - 1) == b'r' {
            let signs = (self.rest()[prefix..].iter())
                .take(32)
                .take_while(|b| **b == b'#')
                .count();
            if self.peek(prefix + signs) == b'"' {
                let close = [b"\"" as &[u8], &vec![b'#'; signs]].concat();
                return self.until(prefix + signs + 1, &close);
            }
            return false;
        }
        match self.peek(prefix) {
            b'"' => self.quoted(prefix, b'"', true),
            b'\'' if prefix <= 1 => {
                // `'a` without a mark behind it is the name of a lifetime.
                if self.peek(prefix + 1) != b'\\'
                    && is_letter(self.peek(prefix + 1))
                    && self.is_lifetime(prefix)
                {
                    return false;
                }
                self.at += prefix;
                let taken = self.character();
                if !taken {
                    self.at -= prefix;
                }
                taken
            }
            _ => false,
        }
    }

    fn is_lifetime(&self, prefix: usize) -> bool {
        let text = &self.bytes[self.at + prefix + 1..];
        let character = if text[0] < 0x80 {
            1
        } else {
            1 + text[1..]
                .iter()
                .take(3)
                .take_while(|b| **b & 0xc0 == 0x80)
                .count()
        };
        text.get(character) != Some(&b'\'')
    }

    fn string_of_python(&mut self) -> bool {
        let prefix = self.prefix(b"rbfuRBFUtT");
        let mark = self.peek(prefix);
        if prefix > 2 || !matches!(mark, b'"' | b'\'') {
            return false;
        }
        let is_raw = self.rest()[..prefix].iter().any(|b| matches!(b, b'r' | b'R'));
        if self.rest()[prefix..].starts_with(&[mark; 3]) {
            self.tripled(prefix, mark, is_raw)
        } else {
            self.quoted(prefix, mark, false)
        }
    }

    /// Letters before a quotation mark that belong to it.
    fn prefix(&self, letters: &[u8]) -> usize {
        let length = self
            .rest()
            .iter()
            .take(4)
            .take_while(|b| letters.contains(b))
            .count();
        let follows_a_name = self.at > 0 && {
            let before = self.bytes[self.at - 1];
            is_letter(before) || before.is_ascii_digit() || before == b'_'
        };
        if follows_a_name { 0 } else { length }
    }

    /// `/…/flags`, where a division could not stand.
    fn pattern(&mut self) -> bool {
        if self.tokens.symbols.last().is_some_and(|&s| ends_a_value(s)) {
            return false;
        }
        let (mut end, mut in_class) = (self.at + 1, false);
        loop {
            match self.bytes.get(end) {
                None | Some(b'\n') => return false,
                Some(b'\\') => end += 1,
                Some(b'[') => in_class = true,
                Some(b']') => in_class = false,
                Some(b'/') if !in_class => break,
                Some(_) => {}
            }
            end += 1;
        }
        self.push_string(self.at + 1, end, self.line);
        self.at = end + 1;
        while is_letter(self.peek(0)) {
            self.at += 1;
        }
        true
    }

    fn string_of_vhdl(&mut self) -> bool {
        let start = self.at + 1;
        let mut end = start;
        while let Some(&b) = self.bytes.get(end) {
            match b {
                b'"' if self.bytes.get(end + 1) == Some(&b'"') => end += 1,
                b'"' | b'\n' => break,
                _ => {}
            }
            end += 1;
        }
        let end = end.min(self.bytes.len());
        self.push_string(start, end, self.line);
        self.at = end + usize::from(self.bytes.get(end) == Some(&b'"'));
        true
    }

    /// `'0'`; a mark behind a name begins an attribute.
    fn character_of_vhdl(&mut self) -> bool {
        let before = self.at.checked_sub(1).map_or(0, |at| self.bytes[at]);
        let is_attribute = is_letter(before) || before.is_ascii_digit() || b"_)]".contains(&before);
        if is_attribute || self.peek(2) != b'\'' || self.peek(1) == b'\n' {
            return false;
        }
        let word = [b'\'', self.peek(1).to_ascii_lowercase()];
        self.at += 3;
        self.push_number(&word);
        true
    }
}

/// Whether a division, and no pattern, may stand behind this.
fn ends_a_value(symbol: Symbol) -> bool {
    const VALUES: std::ops::RangeInclusive<Symbol> = super::NAME..=STRING;
    VALUES.contains(&symbol) || [b')', b']', b'}'].iter().any(|&b| symbol == Symbol::from(b))
}
