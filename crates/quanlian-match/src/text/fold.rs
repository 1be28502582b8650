//! Folding: what a letter is reduced to before texts are compared.
//!
//! In:  one Unicode scalar value of the original.
//! Out: the [`Symbol`]s it stands for: none (space, punctuation, accents), one, or
//!      several (`㎏` gives `k`, `g`).
//!
//! The steps: compatibility decomposition (full and half width, ligatures, accents),
//! traditional to simplified, letters that look Latin to Latin, lower case, letters
//! and digits only. Decomposition takes the place of NFKC, because it reads one
//! character at a time: composed and decomposed spelling agree without a look at the
//! neighbours, and a text can be folded from any character on.
//!
//! Invariant: a pure function of the character and of the tables compiled in; the
//! version of the text family changes whenever the result would.
//!
//! Not here: words, grammar, synonyms.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

/// A folded character: the scalar value in the low 24 bits, its units above.
pub(crate) type Symbol = u32;

/// Weight of a symbol in the length of a gram: a Han character tells about as much as
/// two or three letters of an alphabet.
pub(crate) const fn units(symbol: Symbol) -> u32 {
    symbol >> UNITS_SHIFT
}

pub(crate) const HAN_UNITS: u32 = 7;
pub(crate) const KANA_UNITS: u32 = 4;
pub(crate) const LETTER_UNITS: u32 = 3;
const UNITS_SHIFT: u32 = 24;

/// Characters from here on are kept as they are when they are Han, else dropped.
const TABLE_END: u32 = 0x3_0000;
/// Steps along the list of simplified forms; two are needed today.
const MAX_SIMPLIFICATIONS: usize = 4;
/// Marks a cell that names a row of `several`.
const SEVERAL: u32 = 1 << 31;

struct Table {
    cells: Vec<u32>,
    several: Vec<Vec<Symbol>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(Table::build);

/// Folds texts; a handle on the one table of the process.
#[derive(Clone, Copy)]
pub(crate) struct Fold {
    cells: &'static [u32],
    several: &'static [Vec<Symbol>],
}

impl Fold {
    /// Builds the table at the first call, which takes some hundredths of a second.
    pub(crate) fn new() -> Self {
        let table = &*TABLE;
        Self {
            cells: &table.cells,
            several: &table.several,
        }
    }

    /// Calls `sink` with what `c` folds to.
    #[inline]
    pub(crate) fn fold(self, c: char, mut sink: impl FnMut(Symbol)) {
        let cell = match self.cells.get(c as usize) {
            Some(&cell) => cell,
            None if is_han(c) && c.is_alphanumeric() => symbol(c),
            None => 0,
        };
        if cell == 0 {
            return;
        }
        if cell & SEVERAL == 0 {
            sink(cell);
        } else {
            for &s in &self.several[(cell ^ SEVERAL) as usize] {
                sink(s);
            }
        }
    }
}

impl Fold {
    /// Appends what the characters of `text` fold to.
    #[inline]
    pub(crate) fn fold_text(self, text: &str, out: &mut Vec<Symbol>) {
        let mut rest = text;
        while !rest.is_empty() {
            let ascii = rest.bytes().position(|b| !b.is_ascii()).unwrap_or(rest.len());
            self.fold_ascii(&rest.as_bytes()[..ascii], out);
            rest = &rest[ascii..];
            let other = rest.bytes().position(|b| b.is_ascii()).unwrap_or(rest.len());
            for c in rest[..other].chars() {
                self.fold(c, |symbol| out.push(symbol));
            }
            rest = &rest[other..];
        }
    }

    /// An ASCII character folds to one symbol or none, so that no branch needs to guess
    /// which: every cell is written, and the next one over it when it was empty.
    #[inline]
    fn fold_ascii(self, text: &[u8], out: &mut Vec<Symbol>) {
        let mut end = out.len();
        out.resize(end + text.len(), 0);
        for &b in text {
            let cell = self.cells[usize::from(b)];
            out[end] = cell;
            end += usize::from(cell != 0);
        }
        out.truncate(end);
    }
}

impl Table {
    fn build() -> Self {
        let simplified = simplified_characters();
        let mut table = Self {
            cells: vec![0; TABLE_END as usize],
            several: Vec::new(),
        };
        for code in 0..TABLE_END {
            let Some(c) = char::from_u32(code) else { continue };
            let folded = fold_slowly(c, &simplified);
            table.cells[code as usize] = match folded[..] {
                [] => 0,
                [one] => one,
                _ => {
                    table.several.push(folded);
                    SEVERAL | (table.several.len() - 1) as u32
                }
            };
        }
        table
    }
}

fn fold_slowly(c: char, simplified: &[char]) -> Vec<Symbol> {
    let mut folded = Vec::new();
    for part in std::iter::once(c).nfkd() {
        let part = match part {
            '〇' => '零',
            _ if is_han(part) => simplify(part, simplified),
            _ => look_alike(part),
        };
        for lower in part.to_lowercase() {
            let lower = look_alike(lower);
            if lower.is_alphanumeric() {
                folded.push(symbol(lower));
            }
        }
    }
    folded
}

/// Follows the list to its end, since some simplified forms stand in it once more.
fn simplify(mut c: char, simplified: &[char]) -> char {
    for _ in 0..MAX_SIMPLIFICATIONS {
        match simplified.get(c as usize) {
            Some(&next) if next != '\0' && next != c => c = next,
            _ => break,
        }
    }
    c
}

/// The simplified form of every Han character, found once, one character at a time.
///
/// The list is OpenCC's (Apache-2.0). Line breaks keep its phrase tables out, so that
/// the fold of a character never depends on its neighbours. Should the list ever fail to
/// load, which a test excludes, characters stand for themselves.
fn simplified_characters() -> Vec<char> {
    use ferrous_opencc::{OpenCC, config::BuiltinConfig};
    let mut simplified = vec!['\0'; TABLE_END as usize];
    let Ok(converter) = OpenCC::from_config(BuiltinConfig::T2s) else {
        return simplified;
    };
    let all: Vec<char> = (0..TABLE_END)
        .filter_map(char::from_u32)
        .filter(|&c| is_han(c))
        .collect();
    let lines: String = all.iter().flat_map(|&c| [c, '\n']).collect();
    let converted = converter.convert(&lines);
    for (&c, line) in all.iter().zip(converted.split('\n')) {
        let mut to = line.chars();
        if let (Some(one), None) = (to.next(), to.next()) {
            simplified[c as usize] = one;
        }
    }
    simplified
}

fn symbol(c: char) -> Symbol {
    let units = match c {
        _ if is_han(c) => HAN_UNITS,
        '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' => KANA_UNITS,
        _ => LETTER_UNITS,
    };
    c as u32 | units << UNITS_SHIFT
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{2fa1f}' | '\u{30000}'..='\u{3ffff}')
}

/// Greek and Cyrillic letters that are printed like Latin ones, the usual disguise.
fn look_alike(c: char) -> char {
    match c {
        'а' | 'А' | 'α' | 'Α' | 'ɑ' => 'a',
        'в' | 'В' | 'Β' => 'b',
        'с' | 'С' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'Е' | 'Ε' | 'є' | 'Є' => 'e',
        'һ' | 'Н' | 'Η' | 'н' => 'h',
        'і' | 'І' | 'ι' | 'Ι' | 'ı' => 'i',
        'ј' | 'Ј' => 'j',
        'к' | 'К' | 'κ' | 'Κ' => 'k',
        'ӏ' | 'Ӏ' => 'l',
        'м' | 'М' | 'Μ' => 'm',
        'Ν' => 'n',
        'о' | 'О' | 'ο' | 'Ο' | 'օ' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' => 'p',
        'ԛ' => 'q',
        'ѕ' | 'Ѕ' => 's',
        'т' | 'Т' | 'τ' | 'Τ' => 't',
        'υ' | 'ս' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ѡ' => 'w',
        'х' | 'Х' | 'χ' | 'Χ' => 'x',
        'у' | 'У' | 'Υ' | 'ү' => 'y',
        'Ζ' => 'z',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        let fold = Fold::new();
        let mut out = String::new();
        for c in text.chars() {
            fold.fold(c, |s| {
                out.push(char::from_u32(s & 0x00ff_ffff).expect("a scalar value"));
            });
        }
        out
    }

    #[test]
    fn traditional_and_simplified_agree_character_by_character() {
        assert_eq!(
            folded("開放中文轉換，於是沒現為"),
            folded("开放中文转换于是没现为")
        );
        assert_eq!(folded("裏 裡"), "里里");
    }

    #[test]
    fn width_case_accents_and_disguise_disappear() {
        assert_eq!(folded("Ｆｕｌｌ　ｗｉｄｔｈ！"), "fullwidth");
        assert_eq!(folded("Café cafe\u{301} ﬁn ㎏"), "cafecafefinkg");
        assert_eq!(folded("рirаtе с\u{200b}ору"), "piratecopy");
    }

    #[test]
    fn only_letters_and_digits_stay() {
        assert_eq!(folded("《第217条》（a-b_c）\u{0}\u{feff}\n"), "第217条abc");
        assert_eq!(folded("〇"), "零");
    }

    #[test]
    fn every_scalar_value_folds_to_letters_or_digits() {
        let fold = Fold::new();
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            fold.fold(c, |s| {
                let to = char::from_u32(s & 0x00ff_ffff).expect("a scalar value");
                assert!(to.is_alphanumeric(), "{c:?} gave {to:?}");
                assert!((3..=7).contains(&units(s)));
            });
        }
    }

    #[test]
    fn a_text_folds_as_its_characters_do() {
        let text = "The ﬁrst: 第一回, a\u{7f}bc ㎏; Ｆｕｌｌ 0123456789 ~\n宴桃園!";
        let fold = Fold::new();
        let (mut one_by_one, mut at_once) = (vec![7], vec![7]);
        for c in text.chars() {
            fold.fold(c, |s| one_by_one.push(s));
        }
        fold.fold_text(text, &mut at_once);
        assert_eq!(at_once, one_by_one);
        assert!((0..128u8).all(|b| fold.cells[usize::from(b)] & SEVERAL == 0));
    }

    #[test]
    fn folding_twice_changes_nothing() {
        let fold = Fold::new();
        for c in (0..TABLE_END).filter_map(char::from_u32) {
            fold.fold(c, |s| {
                let to = char::from_u32(s & 0x00ff_ffff).expect("a scalar value");
                let mut again = Vec::new();
                fold.fold(to, |t| again.push(t));
                assert_eq!(again, [s], "{c:?} gave {to:?}");
            });
        }
    }
}
