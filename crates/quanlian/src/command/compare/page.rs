//! The report of a comparison: one HTML page in Chinese and English that needs no network.
//!
//! In:  a [`Comparison`] and where its files lie.
//! Out: the page.
//!
//! Invariants: nothing of a file reaches the page unescaped, no script is in it and none may run; the same comparison
//! gives the same bytes; what is not shown is counted.
//!
//! Not here: what is compared (`compare`), excerpts (`aligned`), the points touched (`points`), which works stand in which suspects
//! (`coverage`), commits (`since`).

mod coverage;
mod points;
mod since;

use std::{collections::BTreeSet, fmt::Write as _, path::PathBuf};

use quanlian_match::{
    Match, MatchSegment, Medium, Unit,
    calibration::error_rates,
    collection::{Note, text_of},
    score::e_value_in_words,
};

use super::{Comparison, Read, aligned};
use crate::{
    command::matching,
    message::{Language, Messages},
    output::reason,
};

/// Matches whose segments are shown; the others stand in the table alone.
pub(super) const MAX_SHOWN_MATCHES: usize = 200;
/// Segments of one match that are shown.
const MAX_SHOWN_SEGMENTS: usize = 50;
/// Bytes of a file that excerpts are taken from.
const MAX_EXCERPT_BYTES: u64 = 16 << 20;

/// Where the two files of a match lie: the work, the suspect.
pub(super) type Sources<'a> = &'a dyn Fn(&Match) -> Option<[PathBuf; 2]>;

const STYLE: &str = "body{font:15px/1.6 system-ui,'Noto Sans CJK SC',sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}\
h1,h2,h3{line-height:1.3}table{border-collapse:collapse;width:100%;margin:.6rem 0 1.4rem}th,td{border:1px solid #c8c8c8;padding:.25rem .5rem;\
text-align:left;vertical-align:top;overflow-wrap:anywhere}th{background:#f2f2f2}.en{color:#555;font-size:.88em}code,.code td{font:13px/1.45 \
ui-monospace,'Noto Sans Mono CJK SC',monospace}.code td{white-space:pre-wrap;border-width:0 1px}.code td.n{width:3.5rem;text-align:right;color:#666}\
.other{background:#ffe3d6}.around{color:#888}mark{background:#ffd1bd}.pair{table-layout:fixed}@media print{body{max-width:none;margin:0}details{display:block}}";

/// The whole page.
pub(super) fn of(comparison: &Comparison, sources: Sources<'_>) -> String {
    let page = Page {
        languages: [Messages::of(Language::Zh), Messages::of(Language::En)],
    };
    let mut out = String::from("<!doctype html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\">");
    out.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width\">");
    let _ = writeln!(
        out,
        "<title>{}</title><style>{STYLE}</style></head><body>",
        page.plain("compare.page_title")
    );
    let _ = writeln!(out, "<h1>{}</h1>", page.both("compare.page_title", &[]));
    page.summary(&mut out, comparison);
    page.method(&mut out, comparison);
    points::to_judge(&page, &mut out, comparison);
    page.table_of_matches(&mut out, &comparison.matches);
    since::table(&page, &mut out, &comparison.matches);
    points::touched(&page, &mut out, comparison.secrets.as_ref());
    coverage::tables(&page, &mut out, comparison.coverage.as_ref());
    for (index, found) in comparison.matches.iter().enumerate().take(MAX_SHOWN_MATCHES) {
        page.one_match(&mut out, index, found, sources);
    }
    page.inputs(&mut out, "compare.page_works", &comparison.works_read);
    page.inputs(&mut out, "compare.page_suspects", &comparison.suspects_read);
    page.remarks(&mut out, &comparison.remarks);
    out.push_str("</body></html>\n");
    out
}

struct Page {
    languages: [Messages; 2],
}

impl Page {
    /// Both languages in one line, for where markup is not read.
    fn plain(&self, key: &str) -> String {
        let [zh, en] = &self.languages;
        escaped(&format!("{} {}", zh.text(key), en.text(key)))
    }

    /// A message in both languages, its blanks filled and escaped.
    fn both(&self, key: &str, blanks: &[(&str, String)]) -> String {
        self.each(|messages| messages.get(key, blanks))
    }

    /// What `words` says in either language.
    fn each(&self, words: impl Fn(&Messages) -> String) -> String {
        let [zh, en] = self
            .languages
            .each_ref()
            .map(|messages| escaped(&words(messages)));
        if zh == en {
            zh
        } else {
            format!("{zh} <span class=\"en\" lang=\"en\">{en}</span>")
        }
    }

    fn head(&self, out: &mut String, keys: &[&str]) {
        out.push_str("<tr>");
        for key in keys {
            let _ = write!(out, "<th>{}</th>", self.both(key, &[]));
        }
        out.push_str("</tr>\n");
    }

    fn summary(&self, out: &mut String, comparison: &Comparison) {
        let blanks = [
            ("works", comparison.works.clone()),
            ("work_count", comparison.works_read.len().to_string()),
            ("suspects", comparison.suspects.clone()),
            ("suspect_count", comparison.suspects_read.len().to_string()),
            ("matches", comparison.matches.len().to_string()),
        ];
        let _ = writeln!(out, "<p>{}</p>", self.both("compare.page_summary", &blanks));
        let _ = writeln!(out, "<p>{}</p>", self.both("compare.page_no_judgment", &[]));
    }

    fn method(&self, out: &mut String, comparison: &Comparison) {
        let _ = writeln!(out, "<h2>{}</h2>", self.both("compare.page_method", &[]));
        let version = [("version", env!("CARGO_PKG_VERSION").to_owned())];
        let _ = writeln!(
            out,
            "<p>{}</p>\n<ul>",
            self.both("compare.page_version", &version)
        );
        for model in &comparison.judged_by {
            let _ = writeln!(
                out,
                "<li>{}</li>",
                self.each(|messages| matching::null_model(messages, model))
            );
        }
        let _ = writeln!(out, "</ul>\n<p>{}</p>", self.both("compare.page_e_value", &[]));
        self.known_error(out, comparison);
    }

    /// How well the methods did on known copies, for the media at hand.
    fn known_error(&self, out: &mut String, comparison: &Comparison) {
        let media: BTreeSet<Medium> = (comparison.suspects_read.iter())
            .map(|file| file.medium)
            .collect();
        let rates: Vec<_> = media.into_iter().flat_map(error_rates).collect();
        if rates.is_empty() {
            return;
        }
        let _ = writeln!(
            out,
            "<h2>{}</h2>\n<p>{}</p>\n<table>",
            self.both("compare.page_known_error", &[]),
            self.both("compare.page_known_error_note", &[])
        );
        let heads = [
            "compare.page_medium",
            "compare.page_error_changes",
            "compare.page_error_copies",
            "compare.page_error_missed",
            "compare.page_error_non_members",
            "compare.page_error_false",
            "compare.page_error_source",
        ];
        self.head(out, &heads);
        for rate in rates {
            let medium = format!("medium.{}", crate::command::index::medium_key(rate.medium));
            let changes = self.each(|messages| match messages.language {
                Language::Zh => rate.zh.clone(),
                Language::En => rate.en.clone(),
            });
            let _ = writeln!(
                out,
                "<tr><td>{}</td><td>{changes}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{} {}</td></tr>",
                self.both(&medium, &[]),
                rate.copies,
                rate.copies - rate.found,
                rate.non_members,
                rate.false_positives,
                escaped(&rate.measured_on),
                escaped(&rate.page),
            );
        }
        out.push_str("</table>\n");
    }

    fn table_of_matches(&self, out: &mut String, matches: &[Match]) {
        let _ = writeln!(out, "<h2>{}</h2>", self.both("compare.page_matches", &[]));
        if matches.is_empty() {
            let _ = writeln!(out, "<p>{}</p>", self.both("compare.page_nothing", &[]));
            return;
        }
        out.push_str("<table>");
        self.head(
            out,
            &[
                "compare.page_number",
                "compare.page_suspect",
                "compare.page_work",
                "compare.page_bits",
                "compare.page_expected",
                "compare.page_identity",
                "compare.page_segments",
            ],
        );
        for (index, found) in matches.iter().enumerate() {
            let number = index + 1;
            let link = if index < MAX_SHOWN_MATCHES {
                format!("<a href=\"#m{number}\">{number}</a>")
            } else {
                number.to_string()
            };
            let _ = writeln!(
                out,
                "<tr><td>{link}</td><td>{}</td><td>{}</td><td>{:.1}</td><td>{}</td><td>{:.0} %</td><td>{}</td></tr>",
                escaped(&found.suspect),
                escaped(&found.work),
                found.score_bits,
                e_value_in_words(found.e_value),
                100.0 * found.identity,
                found.segments.len(),
            );
        }
        out.push_str("</table>\n");
        if matches.len() > MAX_SHOWN_MATCHES {
            let blanks = [("count", (matches.len() - MAX_SHOWN_MATCHES).to_string())];
            let _ = writeln!(out, "<p>{}</p>", self.both("compare.page_not_shown", &blanks));
        }
    }

    fn one_match(&self, out: &mut String, index: usize, found: &Match, sources: Sources<'_>) {
        let _ = writeln!(
            out,
            "<h3 id=\"m{0}\">{0}. {1} ⇐ {2}</h3>",
            index + 1,
            escaped(&found.suspect),
            escaped(&found.work)
        );
        let remark = self.each(|messages| matching::film_remark(messages, found));
        if !matching::film_remark(&self.languages[0], found).is_empty() {
            let _ = writeln!(out, "<p>{remark}</p>");
        }
        let texts = sources(found).and_then(|paths| Texts::read(found, &paths));
        for segment in found.segments.iter().take(MAX_SHOWN_SEGMENTS) {
            self.segment(out, segment, texts.as_ref());
        }
        if found.segments.len() > MAX_SHOWN_SEGMENTS {
            let blanks = [("count", (found.segments.len() - MAX_SHOWN_SEGMENTS).to_string())];
            let _ = writeln!(out, "<p>{}</p>", self.both("compare.page_not_shown", &blanks));
        }
    }

    fn segment(&self, out: &mut String, segment: &MatchSegment, texts: Option<&Texts>) {
        let place = |of: &[u64]| matching::place(segment.unit(), of);
        let said = self.each(|messages| {
            let unit = match segment.unit() {
                Unit::Char => messages.text("compare.unit_char"),
                Unit::Line => messages.text("compare.unit_line"),
                Unit::Px => messages.text("compare.unit_px"),
                _ => messages.text("compare.unit_ms"),
            };
            let blanks = [
                ("unit", unit),
                ("work", place(segment.work())),
                ("suspect", place(segment.suspect())),
            ];
            messages.get("compare.page_segment", &blanks)
        });
        let _ = writeln!(out, "<p>{said}</p>");
        let (&[work_from, work_to], &[from, to]) = (segment.work(), segment.suspect()) else {
            return;
        };
        let Some(texts) = texts else { return };
        let ranges = [work_from as usize..work_to as usize, from as usize..to as usize];
        if segment.unit() == Unit::Line {
            self.rows(out, texts, &ranges);
        } else {
            self.passages(out, texts, &ranges);
        }
    }

    fn rows(&self, out: &mut String, texts: &Texts, ranges: &[std::ops::Range<usize>; 2]) {
        let lines = [&texts.work, &texts.suspect].map(|text| text.lines().collect::<Vec<&str>>());
        if (0..2).any(|side| lines[side].len() + 1 < ranges[side].end) {
            return self.no_excerpt(out);
        }
        let (rows, left_out) = aligned::rows([&lines[0], &lines[1]], ranges);
        out.push_str("<table class=\"code\">");
        let heads = ["compare.page_work", "compare.page_suspect"].map(|key| self.both(key, &[]));
        let _ = writeln!(
            out,
            "<tr><th colspan=\"2\">{}</th><th colspan=\"2\">{}</th></tr>",
            heads[0], heads[1]
        );
        for row in rows {
            let class = if row.same { "" } else { " class=\"other\"" };
            out.push_str("<tr>");
            for line in [row.work, row.suspect] {
                let (number, text) = line.map_or((String::new(), String::new()), |(number, text)| {
                    (number.to_string(), text)
                });
                let _ = write!(
                    out,
                    "<td class=\"n\">{number}</td><td{class}>{}</td>",
                    escaped(&text)
                );
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</table>\n");
        if left_out != [0, 0] {
            let blanks = [
                ("work", left_out[0].to_string()),
                ("suspect", left_out[1].to_string()),
            ];
            let _ = writeln!(
                out,
                "<p>{}</p>",
                self.both("compare.page_left_out_lines", &blanks)
            );
        }
    }

    fn passages(&self, out: &mut String, texts: &Texts, ranges: &[std::ops::Range<usize>; 2]) {
        let chars = [&texts.work, &texts.suspect].map(|text| text.chars().collect::<Vec<char>>());
        if (0..2).any(|side| chars[side].len() < ranges[side].end) {
            return self.no_excerpt(out);
        }
        out.push_str("<table class=\"pair\">");
        self.head(out, &["compare.page_work", "compare.page_suspect"]);
        out.push_str("<tr>");
        for passage in aligned::passages([&chars[0], &chars[1]], ranges) {
            out.push_str("<td>");
            for (kind, text) in &passage.pieces {
                let text = escaped(text);
                let _ = match kind {
                    aligned::Kind::Around => write!(out, "<span class=\"around\">{text}</span>"),
                    aligned::Kind::Same => write!(out, "{text}"),
                    aligned::Kind::Other => write!(out, "<mark>{text}</mark>"),
                };
            }
            if passage.left_out > 0 {
                let blanks = [("count", passage.left_out.to_string())];
                let _ = write!(out, " … {}", self.both("compare.page_left_out_chars", &blanks));
            }
            out.push_str("</td>");
        }
        out.push_str("</tr></table>\n");
    }

    /// The file is longer than what excerpts are taken from, or not what it was when it was compared.
    fn no_excerpt(&self, out: &mut String) {
        let _ = writeln!(out, "<p>{}</p>", self.both("compare.page_no_excerpt", &[]));
    }

    fn inputs(&self, out: &mut String, title: &str, files: &[Read]) {
        let _ = write!(
            out,
            "<h2>{}</h2>\n<details open><summary>{}</summary><table>",
            self.both(title, &[]),
            files.len()
        );
        self.head(
            out,
            &["compare.page_file", "compare.page_medium", "compare.page_digest"],
        );
        for file in files {
            let medium = format!("medium.{}", crate::command::index::medium_key(file.medium));
            let _ = writeln!(
                out,
                "<tr><td>{}</td><td>{}</td><td><code>{}</code></td></tr>",
                escaped(&file.name),
                self.both(&medium, &[]),
                escaped(&file.sha256)
            );
        }
        out.push_str("</table></details>\n");
    }

    fn remarks(&self, out: &mut String, remarks: &[Note]) {
        let _ = writeln!(out, "<h2>{}</h2>", self.both("compare.page_remarks", &[]));
        if remarks.is_empty() {
            let _ = writeln!(out, "<p>{}</p>", self.both("compare.page_no_remarks", &[]));
            return;
        }
        out.push_str("<table>");
        self.head(out, &["compare.page_file", "compare.page_remark"]);
        for note in remarks {
            let said = self.each(|messages| reason(messages, &note.code, &note.message));
            let _ = writeln!(out, "<tr><td>{}</td><td>{said}</td></tr>", escaped(&note.subject));
        }
        out.push_str("</table>\n");
    }
}

/// The texts that the segments of a match lie in.
struct Texts {
    work: String,
    suspect: String,
}

impl Texts {
    /// Reads both files; none when the match is of another medium or one of them cannot be read any more.
    fn read(found: &Match, [work, suspect]: &[PathBuf; 2]) -> Option<Self> {
        let unit = found.segments.first()?.unit();
        let read = |path: &PathBuf| text_of(path, MAX_EXCERPT_BYTES).ok()?;
        matches!(unit, Unit::Char | Unit::Line).then_some(())?;
        Some(Self {
            work: read(work)?,
            suspect: read(suspect)?,
        })
    }
}

/// Text as HTML, control characters made visible.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            // Directions that a name or text sets would turn the words around it as well.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_name_or_text_becomes_markup() {
        assert_eq!(
            escaped("<a href='x' b=\"y\">&\u{202e}\u{7}"),
            "&lt;a href=&#39;x&#39; b=&quot;y&quot;&gt;&amp;\u{fffd}\u{fffd}"
        );
    }
}
