//! Numbers: every way of writing a value to one word.
//!
//! In:  the text at a digit, or at the quotation mark of a based number.
//! Out: a number token; its word is the value in decimal, or the digits where there is no such value.
//!
//! `8'hFF`, `255`, `x"FF"`, `0xff`, `16#FF#` and `2_5_5` are all `255`. The width of a Verilog number is left out: it
//! is the first thing that changes when code is adapted.
//!
//! Not here: characters and strings (`string`).

use super::super::language::{Numbers, Strings};
use super::{Lexer, is_letter};

/// Most bytes of a number; what is longer is cut into several.
const MAX_NUMBER_BYTES: usize = 4096;

impl Lexer<'_> {
    /// Takes a number, if there is one here.
    pub(super) fn number(&mut self) -> bool {
        let b = self.peek(0);
        if self.syntax.numbers == Numbers::Verilog && b == b'\'' {
            return self.based_number();
        }
        if self.syntax.numbers == Numbers::Vhdl && self.bit_string() {
            return true;
        }
        let starts =
            b.is_ascii_digit() || b == b'.' && self.peek(1).is_ascii_digit() && !self.follows_a_value();
        if !starts {
            return false;
        }
        let start = self.at;
        self.at = start + self.digits(start);
        let digits = &self.bytes[start..self.at];
        if self.syntax.numbers == Numbers::Verilog {
            // The blank between width and base is allowed and seldom.
            let blanks = self.rest().iter().take_while(|b| **b == b' ').count();
            if self.peek(blanks) == b'\'' && is_base(self.peek(blanks + 1), self.peek(blanks + 2)) {
                self.at += blanks;
                return self.based_number();
            }
        }
        if self.syntax.numbers == Numbers::Vhdl && self.peek(0) == b'#' {
            return self.vhdl_based(start);
        }
        let word = plain(digits);
        self.push_number(&word);
        true
    }

    fn follows_a_value(&self) -> bool {
        self.at > 0 && (is_letter(self.bytes[self.at - 1]) || b")]_".contains(&self.bytes[self.at - 1]))
    }

    /// Length of what belongs to the number that begins at `start`.
    fn digits(&self, start: usize) -> usize {
        let bytes = &self.bytes[start..self.bytes.len().min(start + MAX_NUMBER_BYTES)];
        let is_hex = bytes.len() > 1 && bytes[0] == b'0' && matches!(bytes[1], b'x' | b'X');
        let mut length = 0;
        while let Some(&b) = bytes.get(length) {
            let next = bytes.get(length + 1).copied().unwrap_or(0);
            let is_sign = matches!(b, b'+' | b'-')
                && !is_hex
                && length > 0
                && matches!(bytes[length - 1], b'e' | b'E')
                && next.is_ascii_digit();
            // A point belongs to a number unless it begins a range or a call.
            let is_point = b == b'.' && next != b'.' && (!is_letter(next) || matches!(next, b'e' | b'E'));
            let is_quote =
                b == b'\'' && self.syntax.strings == Strings::Cpp && next.is_ascii_hexdigit() && length > 0;
            if b.is_ascii_alphanumeric() || b == b'_' || is_sign || is_point || is_quote {
                length += 1;
            } else {
                break;
            }
        }
        length.max(1)
    }

    /// `'hFF`, `'sb01xz`, `'0`, with the width already taken; a lone quotation mark is no number.
    fn based_number(&mut self) -> bool {
        if !is_base(self.peek(1), self.peek(2)) {
            let fills = matches!(self.peek(1), b'0' | b'1' | b'x' | b'X' | b'z' | b'Z')
                && !(self.peek(2).is_ascii_alphanumeric() || self.peek(2) == b'_');
            if fills {
                let digit = self.peek(1).to_ascii_lowercase();
                self.at += 2;
                self.push_number(&[b'\'', digit]);
            }
            return fills;
        }
        self.at += if matches!(self.peek(1), b's' | b'S') { 2 } else { 1 };
        let radix = match self.peek(0).to_ascii_lowercase() {
            b'b' => 2,
            b'o' => 8,
            b'h' => 16,
            _ => 10,
        };
        self.at += 1;
        while self.peek(0) == b' ' {
            self.at += 1;
        }
        let start = self.at;
        let is_digit = |b: u8| b.is_ascii_hexdigit() || b"_xXzZ?".contains(&b);
        while is_digit(self.peek(0)) && self.at - start < MAX_NUMBER_BYTES {
            self.at += 1;
        }
        let word = value(&self.bytes[start..self.at], radix);
        self.push_number(&word);
        true
    }

    /// `x"FF"`, `b"01"`, `8x"FF"`.
    fn bit_string(&mut self) -> bool {
        let width = self
            .rest()
            .iter()
            .take(8)
            .take_while(|b| b.is_ascii_digit())
            .count();
        let signed = usize::from(matches!(self.peek(width), b'u' | b'U' | b's' | b'S'));
        let radix = match self.peek(width + signed).to_ascii_lowercase() {
            b'x' => 16,
            b'o' => 8,
            b'b' => 2,
            b'd' => 10,
            _ => return false,
        };
        if self.peek(width + signed + 1) != b'"' {
            return false;
        }
        let start = self.at + width + signed + 2;
        let line = &self.bytes[start..self.bytes.len().min(start + MAX_NUMBER_BYTES)];
        let Some(length) = line.iter().position(|&b| b == b'"' || b == b'\n') else {
            return false;
        };
        if line[length] == b'\n' {
            return false;
        }
        let word = value(&line[..length], radix);
        self.at = start + length + 1;
        self.push_number(&word);
        true
    }

    /// `16#FF#`, at the first `#`.
    fn vhdl_based(&mut self, start: usize) -> bool {
        let base = std::str::from_utf8(&self.bytes[start..self.at]).ok();
        let radix = base
            .and_then(|b| b.parse::<u32>().ok())
            .filter(|r| (2..=16).contains(r));
        let digits = self.rest()[1..]
            .iter()
            .take(MAX_NUMBER_BYTES)
            .take_while(|b| b.is_ascii_hexdigit() || **b == b'_')
            .count();
        let ends = self.peek(digits + 1) == b'#';
        match radix {
            Some(radix) if ends => {
                let word = value(&self.rest()[1..=digits], radix);
                self.at += digits + 2;
                self.push_number(&word);
            }
            _ => {
                let word = plain(&self.bytes[start..self.at]);
                self.push_number(&word);
            }
        }
        true
    }
}

fn is_base(first: u8, second: u8) -> bool {
    let is_radix = |b: u8| b"bodhBODH".contains(&b);
    is_radix(first) || matches!(first, b's' | b'S') && is_radix(second)
}

/// A number of the C family: prefix, digits, suffix.
fn plain(digits: &[u8]) -> Vec<u8> {
    let bare: Vec<u8> = (digits.iter())
        .filter(|b| !matches!(b, b'_' | b'\''))
        .map(u8::to_ascii_lowercase)
        .collect();
    let prefixed = |at: usize, radix| value(without_suffix(&bare[at..], radix), radix);
    match bare.as_slice() {
        [b'0', b'x', _, ..] => prefixed(2, 16),
        [b'0', b'b', _, ..] => prefixed(2, 2),
        [b'0', b'o', _, ..] => prefixed(2, 8),
        bare if bare.contains(&b'.') || bare.contains(&b'e') => {
            // The shortest way to write it: 1.50 and 1.5 are one number.
            let text: String = bare
                .iter()
                .map(|&b| char::from(b))
                .take_while(|c| c.is_ascii_digit() || ".e+-".contains(*c))
                .collect();
            match text.parse::<f64>() {
                Ok(number) => number.to_string().into_bytes(),
                Err(_) => bare.to_vec(),
            }
        }
        bare => value(without_suffix(bare, 10), 10),
    }
}

/// Leaves out what names the type: `u32`, `ULL`, `n`.
fn without_suffix(digits: &[u8], radix: u32) -> &[u8] {
    let end = digits.iter().position(|b| !char::from(*b).is_digit(radix));
    match end {
        Some(0) | None => digits,
        Some(end) => &digits[..end],
    }
}

/// Digits of a radix as a decimal number; as they are, in small letters, when some have no value or it is too large.
fn value(digits: &[u8], radix: u32) -> Vec<u8> {
    let bare: Vec<u8> = (digits.iter())
        .filter(|b| **b != b'_')
        .map(u8::to_ascii_lowercase)
        .collect();
    let number = bare.iter().try_fold(0u128, |sum, b| {
        let digit = char::from(*b).to_digit(radix)?;
        sum.checked_mul(u128::from(radix))?.checked_add(u128::from(digit))
    });
    match number {
        Some(number) if !bare.is_empty() => number.to_string().into_bytes(),
        _ => [radix.to_string().as_bytes(), b"#", &bare].concat(),
    }
}
