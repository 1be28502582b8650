//! The page of the bundle (`核验说明.html`): what lies in it, and every command that checks it.
//!
//! In:  what the bundle holds.
//! Out: one HTML page, Chinese first, with no script and no outside request.
//!
//! Invariant: whatever comes from outside is escaped, and the commands shown are those of
//! `verify.sh`, cut at its section marks, so the two cannot drift apart.

use std::fmt::Write as _;

use quanlian_record::{id::DepositId, time::Timestamp};

use super::VERIFY_SCRIPT;
use crate::content::{Content, visible};

/// What `verify.sh` puts before the title of each section.
const SECTION_MARK: &str = "\n# ---- ";
/// The page, with `{{name}}` where a value goes.
const TEMPLATE: &str = include_str!("../../assets/page.html");

/// One line of the table of items.
pub(crate) enum PageItem<'a> {
    /// A deposit that stands.
    Kept {
        content: &'a Content,
        kind: &'a str,
        deposited_at: Timestamp,
        log_index: u64,
        is_included: bool,
    },
    /// One that was erased.
    Erased {
        deposit: DepositId,
        at: Timestamp,
        by: &'a str,
        log_index: u64,
    },
}

/// The page.
pub(crate) fn page(
    bundle_id: uuid::Uuid,
    made_at: Timestamp,
    actor: &str,
    log_key: &str,
    items: &[PageItem<'_>],
) -> String {
    let value = |name: &str| match name {
        "bundle_id" => bundle_id.to_string(),
        "made_at" => made_at.to_string(),
        "made_at_local" => made_at.to_local_string(),
        "actor" => escape(actor),
        "log_key" => escape(log_key),
        "items" => rows(items),
        "commands" => commands(),
        other => unreachable!("the template names only the values above, not {other}"),
    };
    // One pass, so that a value that looks like a placeholder stays as it is.
    let mut html = String::with_capacity(TEMPLATE.len() + VERIFY_SCRIPT.len() * 2);
    let mut rest = TEMPLATE;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        html.push_str(before);
        html.push_str(&value(name));
        rest = after;
    }
    html.push_str(rest);
    html
}

fn rows(items: &[PageItem<'_>]) -> String {
    let mut html = String::new();
    for (at, item) in items.iter().enumerate() {
        let number = at + 1;
        let _ = match item {
            PageItem::Kept {
                content:
                    Content {
                        name,
                        size_bytes,
                        sha256,
                        sm3,
                    },
                kind,
                deposited_at,
                log_index,
                is_included,
            } => {
                let (name, kind, time) = (escape(name), escape(kind), deposited_at.to_local_string());
                let original = if *is_included {
                    "在包内 included"
                } else {
                    "仅摘要 digest only"
                };
                writeln!(
                    html,
                    "<tr><td>{number:04}</td><td>{name}</td><td>{kind}</td><td>{size_bytes}</td>\
                     <td><code>{sha256}</code><br><code>{sm3}</code></td><td>{time}</td><td>{log_index}</td>\
                     <td>{original}</td></tr>"
                )
            }
            PageItem::Erased {
                deposit,
                at,
                by,
                log_index,
            } => {
                let (time, by) = (at.to_local_string(), escape(by));
                writeln!(
                    html,
                    "<tr><td>{number:04}</td><td colspan=\"5\">存证 {deposit} 已由 {by} 于 {time} 决定删除 \
                     <span class=\"en\">erased by order of {by}</span></td><td>{log_index}</td>\
                     <td>已删除 erased</td></tr>"
                )
            }
        };
    }
    html
}

fn commands() -> String {
    let mut sections = VERIFY_SCRIPT.split(SECTION_MARK);
    let mut html = format!(
        "<pre>{}</pre>\n",
        escape_markup(sections.next().unwrap_or_default())
    );
    for section in sections {
        let (title, commands) = section.split_once('\n').unwrap_or((section, ""));
        let title = escape_markup(title.trim_end_matches([' ', '-']));
        let _ = writeln!(html, "<h3>{title}</h3>\n<pre>{}</pre>", escape_markup(commands));
    }
    html
}

/// Text from outside as it may stand in HTML, also inside quotes.
fn escape(text: &str) -> String {
    escape_markup(&visible(text))
}

/// Our own text, whose line breaks stay.
fn escape_markup(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_text_and_nothing_else() {
        let at: Timestamp = "2024-12-20T01:30:00Z".parse().unwrap();
        let content = Content {
            name: "<script>alert('1')</script>{{items}}\u{202e}\n\"&".into(),
            size_bytes: 1,
            sha256: "a".repeat(64),
            sm3: "b".repeat(64),
        };
        let item = PageItem::Kept {
            content: &content,
            kind: "<b>",
            deposited_at: at,
            log_index: 7,
            is_included: false,
        };
        let erased = PageItem::Erased {
            deposit: DepositId(uuid::Uuid::nil()),
            at,
            by: "<u>",
            log_index: 8,
        };
        let html = page(uuid::Uuid::nil(), at, "<i>{{log_key}}", "key<", &[item, erased]);
        let name = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;{{items}}[U+202E][U+000A]&quot;&amp;";
        assert!(
            html.contains(&format!("<td>{name}</td><td>&lt;b&gt;</td>")),
            "{html}"
        );
        assert!(
            html.contains("由 &lt;i&gt;{{log_key}} 于 2024-12-20 09:30:00 (UTC+8) 封存"),
            "{html}"
        );
        assert!(html.contains("<code>key&lt;</code>"));
        for tag in ["<script", "<b>", "<i>", "<u>", "src=", "href="] {
            assert!(!html.contains(tag), "{tag}");
        }
    }

    #[test]
    fn the_page_shows_every_line_of_the_script() {
        let html = commands();
        for line in VERIFY_SCRIPT.lines().filter(|line| !line.starts_with("# ---- ")) {
            assert!(html.contains(&escape_markup(line)), "{line}");
        }
        assert!(html.matches("<h3>").count() >= 7);
    }
}
