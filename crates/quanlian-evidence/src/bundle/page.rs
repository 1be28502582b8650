//! The page of the bundle (`核验说明.html`): what lies in it, and every command that checks it.
//!
//! In:  what the bundle holds.
//! Out: one HTML page, Chinese first, with no script and no outside request.
//!
//! Invariant: whatever comes from outside is escaped, and the commands shown are those of
//! `verify.sh`, cut at its section marks, so the two cannot drift apart.

use std::fmt::Write as _;

use quanlian_record::time::Timestamp;

use super::VERIFY_SCRIPT;
use crate::content::{Content, visible};

/// What `verify.sh` puts before the title of each section.
const SECTION_MARK: &str = "\n# ---- ";
const STYLE: &str = include_str!("../../assets/page.css");

/// One line of the table of items.
pub(crate) struct PageItem<'a> {
    pub(crate) content: &'a Content,
    pub(crate) kind: &'a str,
    pub(crate) deposited_at: Timestamp,
    pub(crate) log_index: u64,
    pub(crate) is_included: bool,
}

/// The page.
pub(crate) fn page(
    bundle_id: uuid::Uuid,
    made_at: Timestamp,
    actor: &str,
    log_key: &str,
    items: &[PageItem<'_>],
) -> String {
    let mut html = String::new();
    let mut put = |text: &str| html.push_str(text);
    put("<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n");
    put(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
    );
    put("<title>核验说明 / Verification</title>\n<style>\n");
    put(STYLE);
    put("</style>\n</head>\n<body>\n<h1>核验说明 <span class=\"en\">Verification</span></h1>\n");
    put(&format!(
        "<p>证据包 <span class=\"en\">Bundle</span> <code>{bundle_id}</code>，{} 由 {} 封存 \
         <span class=\"en\">closed at {} by {}</span>。</p>\n",
        made_at.to_local_string(),
        escape(actor),
        made_at,
        escape(actor)
    ));
    put(
        "<p>在装有 bash、coreutils、openssl（3.0 以上）、xxd 和 unzip 的任何计算机上均可核验，不需要本系统，也不需要网络：</p>\n",
    );
    put(
        "<p class=\"en\">Any computer with bash, coreutils, openssl (3.0 or later), xxd and unzip can check this bundle, without this system and without a network:</p>\n",
    );
    put(
        "<pre>sha256sum -c BUNDLE.qne.zip.sha256\nunzip -q BUNDLE.qne.zip -d x &amp;&amp; cd x &amp;&amp; bash verify.sh</pre>\n",
    );
    put(&format!(
        "<p>日志公钥随包提供。要确认其真实，请与运营方公布的公钥比对，并将公布的公钥作为参数传入。\
         <span class=\"en\">The key of the log lies in the bundle. To know that it is genuine, compare it with the one \
         that the operator publishes, and give the published one as the argument:</span></p>\n<pre>bash verify.sh {}</pre>\n",
        escape(&shell_quote(log_key))
    ));
    put(LIMITS);
    put(
        "<h2>证据项 <span class=\"en\">Items</span></h2>\n<table>\n<tr><th>编号<br>No.</th><th>名称 Name</th><th>类别 Kind</th>\
         <th>字节 Bytes</th><th>SHA-256 / SM3</th><th>存证时间（日志自身时钟）<br>Deposited (log's own clock)</th><th>日志条目<br>Entry</th><th>原件<br>Original</th></tr>\n",
    );
    for (at, item) in items.iter().enumerate() {
        let included = if item.is_included {
            "在包内 included"
        } else {
            "仅摘要 digest only"
        };
        let _ = writeln!(
            html,
            "<tr><td>{:04}</td><td>{}</td><td>{}</td><td>{}</td><td><code>{}</code><br><code>{}</code></td><td>{}</td><td>{}</td><td>{included}</td></tr>",
            at + 1,
            escape(&item.content.name),
            escape(item.kind),
            item.content.size_bytes,
            item.content.sha256,
            item.content.sm3,
            item.deposited_at.to_local_string(),
            item.log_index,
        );
    }
    html.push_str("</table>\n<h2>全部核验命令 <span class=\"en\">Every command</span></h2>\n");
    html.push_str("<p>以下即 <code>verify.sh</code> 全文，可逐段阅读、逐段运行。<span class=\"en\">This is all of <code>verify.sh</code>, to read and run part by part.</span></p>\n");
    let mut sections = VERIFY_SCRIPT.split(SECTION_MARK);
    let _ = writeln!(
        html,
        "<pre>{}</pre>",
        escape_markup(sections.next().unwrap_or_default())
    );
    for section in sections {
        let (title, commands) = section.split_once('\n').unwrap_or((section, ""));
        let _ = writeln!(
            html,
            "<h3>{}</h3>\n<pre>{}</pre>",
            escape_markup(title.trim_end_matches([' ', '-'])),
            escape_markup(commands)
        );
    }
    html.push_str("</body>\n</html>\n");
    html
}

const LIMITS: &str = "<h2>结论与界限 <span class=\"en\">What this shows, and what it does not</span></h2>\n<ul>\n\
<li>核验通过说明：原件自存证后未被改动，存证记录在日志中，保管链完整，整包自封存后未被改动。\
<span class=\"en\">When all checks pass: the originals are unchanged since their deposit, the deposits are in the log, \
the chain of custody is whole, and the bundle is unchanged since it was closed.</span></li>\n\
<li>所载时间为日志自身时钟，不是可信时间戳。<span class=\"en\">The times are those of the log's own clock, not trusted time stamps.</span></li>\n\
<li>存证之前内容是否真实、如何取得，须另行审查。<span class=\"en\">Whether the content was true, and how it was obtained, \
before it was deposited has to be examined separately.</span></li>\n</ul>\n";

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

/// `text` as one word of a POSIX shell.
fn shell_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
