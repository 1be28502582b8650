//! WACZ 1.1.1: a WARC with its index and its pages in one ZIP that viewers open.
//!
//! In:  a closed WARC and the list of its exchanges.
//! Out: the WACZ, with its digests in `datapackage.json` and the digest of that in `datapackage-digest.json`.
//!
//! Invariant: the same WARC and the same words give the same bytes: entries are stored, without times, in a fixed order.
//!
//! Not here: signatures of the WACZ (the log and its time stamps are the proof), replay.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, Write},
    path::Path,
};

use quanlian_record::time::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};
use url::{Host, Url};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use crate::record::{Closed, Listed};

/// The name of the WARC inside.
const WARC_NAME: &str = "capture.warc.gz";

/// What the pages of an archive are called.
pub struct Front<'a> {
    /// The address that was asked for.
    pub url: &'a str,
    /// The title of the page.
    pub title: &'a str,
    /// When the capture began.
    pub at: Timestamp,
    /// The program.
    pub software: &'a str,
}

/// Writes the archive to a file that is not there yet, and gives its SHA-256 and size.
pub fn write(path: &Path, warc: &Path, closed: &Closed, front: &Front<'_>) -> io::Result<(String, u64)> {
    let file = File::create_new(path)?;
    let mut zip = ZipWriter::new(BufWriter::new(file));
    let (pages, index) = (pages(front), index(&closed.listed));
    put(
        &mut zip,
        "archive/capture.warc.gz",
        &mut BufReader::new(File::open(warc)?),
        closed.size_bytes,
    )?;
    let mut resources = vec![resource(
        WARC_NAME,
        "archive/capture.warc.gz",
        &closed.sha256,
        closed.size_bytes,
    )];
    for (name, path, text) in [
        ("index.cdx", "indexes/index.cdx", &index),
        ("pages.jsonl", "pages/pages.jsonl", &pages),
    ] {
        put(&mut zip, path, &mut text.as_bytes(), text.len() as u64)?;
        resources.push(resource(name, path, &sha256(text), text.len() as u64));
    }
    let package = json!({
        "profile": "data-package",
        "wacz_version": "1.1.1",
        "title": front.title,
        "software": front.software,
        "created": front.at.to_string(),
        "mainPageUrl": front.url,
        "mainPageDate": front.at.to_string(),
        "resources": resources,
    });
    let package = serde_json::to_string_pretty(&package)?;
    put(
        &mut zip,
        "datapackage.json",
        &mut package.as_bytes(),
        package.len() as u64,
    )?;
    let digest = json!({ "path": "datapackage.json", "hash": format!("sha256:{}", sha256(&package)) });
    let digest = serde_json::to_string_pretty(&digest)?;
    put(
        &mut zip,
        "datapackage-digest.json",
        &mut digest.as_bytes(),
        digest.len() as u64,
    )?;
    let file = zip
        .finish()?
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    digest_of(path)
}

fn put<W: Write + Seek>(
    zip: &mut ZipWriter<W>,
    name: &str,
    from: &mut dyn Read,
    size: u64,
) -> io::Result<()> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        .large_file(size >= u64::from(u32::MAX));
    zip.start_file(name, options)?;
    if io::copy(from, zip)? != size {
        return Err(io::Error::other("the WARC changed while it was packed"));
    }
    Ok(())
}

fn resource(name: &str, path: &str, sha256: &str, bytes: u64) -> serde_json::Value {
    json!({ "name": name, "path": path, "hash": format!("sha256:{sha256}"), "bytes": bytes })
}

fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// SHA-256 and size of a file.
pub fn digest_of(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let (mut digest, mut size) = (Sha256::new(), 0);
    let mut step = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut step)?;
        if read == 0 {
            return Ok((hex::encode(digest.finalize()), size));
        }
        digest.update(&step[..read]);
        size += read as u64;
    }
}

fn pages(front: &Front<'_>) -> String {
    let head = json!({ "format": "json-pages-1.0", "id": "pages", "title": "All Pages" });
    let page = json!({ "id": "page", "url": front.url, "title": front.title, "ts": front.at.to_string() });
    format!("{head}\n{page}\n")
}

/// The index: one line a response, sorted.
fn index(listed: &[Listed]) -> String {
    let mut lines: Vec<String> = listed.iter().filter_map(line).collect();
    lines.sort();
    lines.concat()
}

fn line(listed: &Listed) -> Option<String> {
    let (place, status) = (listed.place?, listed.status?);
    let mut url = Url::parse(&listed.url).ok()?;
    if listed.method != "GET" {
        // As other indexers tell requests with a body apart.
        url.query_pairs_mut().append_pair("__wb_method", &listed.method);
    }
    let about = json!({
        "url": url.as_str(),
        "mime": listed.media_type.as_deref().unwrap_or("unk"),
        "status": status.to_string(),
        "digest": format!("sha256:{}", listed.payload_sha256.as_deref()?),
        "length": place.size_bytes.to_string(),
        "offset": place.offset.to_string(),
        "filename": WARC_NAME,
    });
    let at: String = listed
        .at
        .to_string()
        .chars()
        .filter(char::is_ascii_digit)
        .take(14)
        .collect();
    Some(format!("{} {at} {about}\n", sort_key(&url)))
}

/// The key that indexes sort by (SURT): the host backwards, then the rest, lower case.
fn sort_key(url: &Url) -> String {
    let mut key = match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.strip_prefix("www.").unwrap_or(name);
            name.split('.').rev().collect::<Vec<_>>().join(",")
        }
        Some(address) => address.to_string(),
        None => String::new(),
    };
    if let Some(port) = url.port() {
        let _ = write!(key, ":{port}");
    }
    key.push(')');
    key.push_str(&url[url::Position::BeforePath..url::Position::AfterQuery].to_ascii_lowercase());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_the_host_backwards() {
        for (url, wanted) in [
            ("https://www.Example.com/A?B=1#c", "com,example)/a?b=1"),
            ("http://a.b.example:8080/", "example,b,a:8080)/"),
            ("http://127.0.0.1/x", "127.0.0.1)/x"),
        ] {
            assert_eq!(sort_key(&Url::parse(url).unwrap()), wanted);
        }
    }
}
