//! The pages of the platform (`web/`), built by Vite and put into the binary.
//!
//! In:  the path of a request, which encodings the browser takes.
//! Out: a file with its type, and the first page with a nonce for its styles.
//!
//! Invariants: nothing outside of the built folder is given out; what is hashed in its name never changes, the first page is never
//! kept; whatever goes into the first page is escaped.
//!
//! Not here: headers and HTTP (`quanlian-server`), building the pages (`xtask`).

use std::borrow::Cow;

use rust_embed::RustEmbed;

/// What Vite built. In builds without optimisation it is read from the folder as it stands.
#[derive(RustEmbed)]
#[folder = "../../web/dist/"]
#[allow_missing = true]
struct Built;

/// Where files with a hash in their name lie.
const HASHED: &str = "assets/";
const FIRST_PAGE: &str = "index.html";

/// A file as it is sent.
#[derive(Debug)]
pub struct File {
    /// Its bytes.
    pub bytes: Cow<'static, [u8]>,
    /// Its media type.
    pub media_type: &'static str,
    /// `br` when the bytes are compressed so.
    pub encoding: Option<&'static str>,
    /// Whether it never changes under this name.
    pub is_forever: bool,
}

/// The file at `path` (without the first slash); compressed when the browser takes Brotli and there is such a file.
pub fn file(path: &str, takes_brotli: bool) -> Option<File> {
    let media_type = media_type(path)?;
    let is_forever = path.starts_with(HASHED);
    if takes_brotli && let Some(found) = Built::get(&format!("{path}.br")) {
        return Some(File {
            bytes: found.data,
            media_type,
            encoding: Some("br"),
            is_forever,
        });
    }
    Built::get(path).map(|found| File {
        bytes: found.data,
        media_type,
        encoding: None,
        is_forever,
    })
}

/// The first page, with the nonce of its styles and what a demo puts into it (JSON); nothing when the pages were not built.
pub fn first_page(nonce: &str, demo: Option<&str>) -> Option<String> {
    let page = Built::get(FIRST_PAGE)?;
    let page = String::from_utf8_lossy(&page.data);
    let page = fill(&page, "csp-nonce", nonce);
    Some(fill(&page, "quanlian-demo", demo.unwrap_or_default()))
}

/// Fills `<meta name="NAME" content="" />`.
fn fill(page: &str, name: &str, content: &str) -> String {
    let empty = format!("<meta name=\"{name}\" content=\"\"");
    let filled = format!("<meta name=\"{name}\" content=\"{}\"", escaped(content));
    page.replacen(&empty, &filled, 1)
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(sign),
        }
    }
    out
}

/// The types of what Vite writes; anything else is not given out.
fn media_type(path: &str) -> Option<&'static str> {
    let (_, ending) = path.rsplit_once('.')?;
    Some(match ending {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        "bcmap" | "pfb" | "ttf" | "icc" => "application/octet-stream",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_into_the_page_stays_text() {
        let page = "<head><meta name=\"csp-nonce\" content=\"\" /><meta name=\"quanlian-demo\" content=\"\" /></head>";
        let filled = fill(page, "quanlian-demo", "\"><script>alert('&')</script>");
        assert_eq!(
            filled,
            "<head><meta name=\"csp-nonce\" content=\"\" /><meta name=\"quanlian-demo\" content=\"&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;\" /></head>"
        );
        assert!(fill(page, "csp-nonce", "abc").contains("name=\"csp-nonce\" content=\"abc\""));
    }

    #[test]
    fn nothing_outside_of_the_built_folder_is_given_out() {
        for path in [
            "../package.json",
            "../src/main.tsx",
            "/etc/passwd.txt",
            "assets/../../package.json",
            "index",
            ".br",
        ] {
            assert!(file(path, false).is_none(), "{path}");
            assert!(file(path, true).is_none(), "{path}");
        }
    }

    #[test]
    fn the_first_page_is_no_file() {
        assert!(
            file("index.html", false).is_none(),
            "it goes out with its nonce alone"
        );
    }
}
