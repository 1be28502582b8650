//! The part of the report for an expert opinion: the points touched, what was filtered, what is left to judge.
//!
//! In:  what the comparison touches, where a register was named.
//! Out: sections of the page.
//!
//! Invariant: no section says that something is a trade secret, or substantially the same; what nobody judged stands
//! there by name.

use std::fmt::Write as _;

use quanlian_match::{FilterReason, score::e_value_in_words};
use quanlian_right::secret::{
    checklist::{Checklist, Item, Words},
    touched::Touch,
};

use super::{Page, escaped};
use crate::command::compare::Comparison;
use crate::command::secret::touching::{self, Secrets};

/// Touched points that are shown.
const MAX_SHOWN_TOUCHES: usize = 500;
/// Stretches that did not count that are shown.
const MAX_SHOWN_FILTERED: usize = 500;
/// Places of one touched point that are shown.
const MAX_SHOWN_PLACES: usize = 50;

/// Says what was filtered before, and what stays for people to judge.
pub(super) fn to_judge(page: &Page, out: &mut String, comparison: &Comparison) {
    filtered(page, out, comparison);
    open_questions(page, out);
}

/// The points that are touched.
pub(super) fn touched(page: &Page, out: &mut String, secrets: Option<&Secrets>) {
    let Some(secrets) = secrets else { return };
    let _ = writeln!(out, "<h2>{}</h2>", page.both("compare.page_secrets", &[]));
    let _ = writeln!(out, "<p>{}</p>", page.both("compare.page_secrets_note", &[]));
    if secrets.touches.is_empty() {
        let _ = writeln!(out, "<p>{}</p>", page.both("secret.nothing_touched", &[]));
    } else {
        out.push_str("<table>");
        let heads = [
            "compare.page_point",
            "compare.page_since",
            "compare.page_suspect",
            "compare.page_share",
            "compare.page_expected",
            "compare.page_where",
        ];
        page.head(out, &heads);
        for touch in secrets.touches.iter().take(MAX_SHOWN_TOUCHES) {
            let point = secrets.points.iter().find(|point| point.id == touch.point);
            let (title, since) = point.map_or((String::new(), String::new()), |point| {
                let since = format!("{} / {}", point.created_on, point.recorded_at.to_local_string());
                (format!("{}（{}）", point.title, point.owner), since)
            });
            let _ = write!(
                out,
                "<tr><td>{} {}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>",
                escaped(touch.point.as_str()),
                escaped(&title),
                escaped(&since),
                escaped(&touch.suspect),
                page.each(|messages| touching::share(messages, touch)),
                e_value_in_words(touch.e_value),
            );
            places(page, out, touch);
            left_out(page, out, touch.places.len(), MAX_SHOWN_PLACES);
            out.push_str("</td></tr>\n");
        }
        out.push_str("</table>\n");
        left_out(page, out, secrets.touches.len(), MAX_SHOWN_TOUCHES);
    }
    let count = touching::untold(&page.languages[0], secrets).len();
    if count > 0 {
        out.push_str("<ul>");
        for number in 0..count.min(MAX_SHOWN_TOUCHES) {
            let said = page.each(|messages| touching::untold(messages, secrets).swap_remove(number));
            let _ = writeln!(out, "<li>{said}</li>");
        }
        out.push_str("</ul>\n");
        left_out(page, out, count, MAX_SHOWN_TOUCHES);
    }
}

/// Where a point is touched: the file once, then numbers, which need no language.
fn places(page: &Page, out: &mut String, touch: &Touch) {
    let mut last = None;
    for place in touch.places.iter().take(MAX_SHOWN_PLACES) {
        let (Some(point), Some(suspect)) = (place.of_point, place.in_suspect) else {
            let said = page.each(|messages| touching::place(messages, place));
            let _ = writeln!(out, "{said}<br>");
            continue;
        };
        if last != Some((&place.file, place.unit)) {
            let unit = page.each(|messages| touching::unit(messages, place.unit));
            let _ = writeln!(out, "<b>{}</b> {unit}<br>", escaped(&place.file));
            last = Some((&place.file, place.unit));
        }
        let _ = writeln!(
            out,
            "{} ⇒ {}<br>",
            touching::inclusive(point),
            touching::inclusive(suspect)
        );
    }
}

fn left_out(page: &Page, out: &mut String, count: usize, limit: usize) {
    if count > limit {
        let blanks = [("count", (count - limit).to_string())];
        let _ = writeln!(out, "<p>{}</p>", page.both("compare.page_not_shown", &blanks));
    }
}

/// What background was taken off before the comparison. None is given yet, and that is said.
fn filtered(page: &Page, out: &mut String, comparison: &Comparison) {
    let _ = writeln!(out, "<h2>{}</h2>", page.both("compare.page_filtered", &[]));
    if comparison.background.is_empty() {
        let _ = writeln!(out, "<p>{}</p>", page.both("compare.page_filtered_none", &[]));
    } else {
        let named = [("background", comparison.background.join("; "))];
        let _ = writeln!(out, "<p>{}</p>", page.both("compare.page_filtered_by", &named));
    }
    let all =
        (comparison.matches.iter()).flat_map(|found| found.filtered.iter().map(move |part| (found, part)));
    let count = all.clone().count();
    if count == 0 {
        return;
    }
    out.push_str("<table>");
    let heads = [
        "compare.page_suspect",
        "compare.page_filtered_where",
        "compare.page_filtered_why",
        "compare.page_filtered_holder",
    ];
    page.head(out, &heads);
    for (found, part) in all.take(MAX_SHOWN_FILTERED) {
        let why = match part.reason {
            FilterReason::Background => "compare.page_filtered_background",
            _ => "compare.page_filtered_better_source",
        };
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>[{}, {})</td><td>{}</td><td>{}</td></tr>",
            escaped(&found.suspect),
            part.suspect[0],
            part.suspect[1],
            page.both(why, &[]),
            escaped(&part.by),
        );
    }
    out.push_str("</table>\n");
    if count > MAX_SHOWN_FILTERED {
        let more = [("count", (count - MAX_SHOWN_FILTERED).to_string())];
        let _ = writeln!(out, "<p>{}</p>", page.both("compare.page_filtered_more", &more));
    }
}

fn open_questions(page: &Page, out: &mut String) {
    // The data is part of the program and a test reads it, so an error here cannot reach a user.
    let Ok(checklist) = Checklist::embedded() else {
        return;
    };
    let _ = writeln!(out, "<h2>{}</h2>", page.both("compare.page_open_questions", &[]));
    let source = &checklist.source;
    let blanks = [
        ("law", source.law.clone()),
        ("number", source.number.clone()),
        ("on", source.checked.on.clone()),
    ];
    let _ = writeln!(
        out,
        "<p>{}</p>\n<ul>",
        page.both("compare.page_open_note", &blanks)
    );
    for question in &checklist.question {
        let _ = writeln!(out, "<li>{}</li>", question_of(question));
    }
    out.push_str("</ul>\n");
}

fn question_of(item: &Item) -> String {
    let said = |pick: fn(&Words) -> &String| {
        format!(
            "{}（{}）：{}",
            pick(&item.title),
            pick(&item.cite),
            pick(&item.gist)
        )
    };
    let english = format!("{} ({}): {}", item.title.en, item.cite.en, item.gist.en);
    format!(
        "{} <span class=\"en\" lang=\"en\">{}</span>",
        escaped(&said(|words| &words.zh)),
        escaped(&english)
    )
}
