//! The bytes of a file over HTTP, whole or a part of them (RFC 9110 §14).
//!
//! In:  a file of a matter; the `Range` that is wanted, under the `If-Range` that it is of.
//! Out: a download, its digest in `Repr-Digest`, checked while the whole leaves.
//!
//! A part is read from the beginning and what lies before it is passed over, so that players can look into a recording; whoever
//! needs proof fetches the whole, because a part has no digest of its own.
//!
//! Invariants: a download of no type, never a page; a whole with a wrong digest breaks off and does not end well.

use std::fmt::Write as _;

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::Engine as _;
use futures::stream;
use quanlian_record::id::{FileId, MatterId};
use quanlian_store::{ObjectStore as _, files::File};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::{super::allowed, At, Caller, Problem, filing, find};
use crate::{permission::Action, platform::Platform};

/// What is read and sent at a time.
const CHUNK_BYTES: usize = 256 << 10;

/// The bytes of a file, as a download.
#[utoipa::path(
    operation_id = "files_content", get, path = "/api/v1/matters/{id}/files/{file}/content",
    params(("id" = String, Path), ("file" = String, Path), ("Range" = Option<String>, Header), ("If-Range" = Option<String>, Header)),
    responses(
        (status = 200, description = "the bytes; `Repr-Digest` holds their SHA-256", content_type = "application/octet-stream"),
        (status = 206, description = "one part of them", content_type = "application/octet-stream"),
        (status = 401), (status = 404), (status = 416)
    )
)]
pub(crate) async fn fetch(
    State(platform): State<Platform>,
    caller: Caller,
    At((id, file)): At<(MatterId, FileId)>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    allowed(&platform, &caller, Action::Read, id, "read_content").await?;
    let file = find(&platform, id, file).await?;
    respond(&platform, &file, &asked).await
}

/// The bytes of a file that the caller may have, or the part of them that was asked for.
pub(in crate::api::matters) async fn respond(
    platform: &Platform,
    file: &File,
    asked: &HeaderMap,
) -> Result<Response, Problem> {
    let etag = format!("\"{}\"", file.object);
    let is_of_this = asked
        .get(header::IF_RANGE)
        .is_none_or(|tag| tag.as_bytes() == etag.as_bytes());
    let range = asked.get(header::RANGE).and_then(|range| range.to_str().ok());
    let part = match range
        .filter(|_| is_of_this)
        .map(|range| part(range, file.size_bytes))
    {
        None | Some(Wanted::Whole) => None,
        Some(Wanted::Part(part)) => Some(part),
        Some(Wanted::Nowhere) => {
            let detail = "the file has no such part";
            let problem = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range_not_there", detail);
            let mut response = problem.with("size_bytes", file.size_bytes).into_response();
            if let Ok(size) = HeaderValue::from_str(&format!("bytes */{}", file.size_bytes)) {
                response.headers_mut().insert(header::CONTENT_RANGE, size);
            }
            return Ok(response);
        }
    };
    let reader = filing(platform)?.objects.open(file.object).await?;
    let (first, length) = part.map_or((0, file.size_bytes), |part| (part.first, part.length));
    let mut response = body(reader, first, part.map(|part| part.length)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    let digest = base64::engine::general_purpose::STANDARD.encode(file.object.as_digest());
    let mut more = vec![
        ("repr-digest", format!("sha-256=:{digest}:")),
        ("etag", etag),
        (
            "content-disposition",
            format!("attachment; filename*=UTF-8''{}", percent_encoded(&file.name)),
        ),
    ];
    if part.is_some() {
        let last = first + length - 1;
        more.push((
            "content-range",
            format!("bytes {first}-{last}/{}", file.size_bytes),
        ));
    }
    for (name, value) in more {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    if part.is_some() {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// A part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    first: u64,
    /// Never 0.
    length: u64,
}

/// What a `Range` comes to.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// It is none that is understood, or several at once: the whole is given, as the standard has it.
    Whole,
    Part(Part),
    /// Behind the end.
    Nowhere,
}

/// One range of bytes of a file of so many.
fn part(range: &str, size: u64) -> Wanted {
    let number = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse::<u64>().ok())
            .flatten()
    };
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|one| one.split_once('-')) else {
        return Wanted::Whole;
    };
    let (first, end) = match (first, last) {
        ("", last) => match number(last) {
            Some(count) => (size.saturating_sub(count), size),
            None => return Wanted::Whole,
        },
        (first, "") => match number(first) {
            Some(first) => (first, size),
            None => return Wanted::Whole,
        },
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => (first, last.saturating_add(1).min(size)),
            _ => return Wanted::Whole,
        },
    };
    match end.checked_sub(first) {
        None | Some(0) => Wanted::Nowhere,
        Some(length) => Wanted::Part(Part { first, length }),
    }
}

/// The bytes behind `first`, so many of them or all.
fn body(reader: impl AsyncRead + Send + Unpin + 'static, first: u64, length: Option<u64>) -> Body {
    let chunks = stream::unfold(Some((reader, first, length)), |state| async {
        let (mut reader, mut before, mut left) = state?;
        loop {
            // To the end of the whole, the reader is asked once more behind its last byte: then it compares the digest.
            let most = left.map_or(CHUNK_BYTES, |left| {
                usize::try_from(left.saturating_add(before)).unwrap_or(CHUNK_BYTES)
            });
            if most == 0 {
                return None;
            }
            let mut chunk = vec![0; CHUNK_BYTES.min(most)];
            match reader.read(&mut chunk).await {
                Ok(0) => return None,
                Ok(read) => {
                    chunk.truncate(read);
                    let skipped = before.min(read as u64);
                    before -= skipped;
                    if skipped == read as u64 {
                        continue;
                    }
                    let mut bytes = Bytes::from(chunk);
                    let _ = bytes.split_to(usize::try_from(skipped).unwrap_or(0));
                    left = left.map(|left| left.saturating_sub(bytes.len() as u64));
                    return Some((Ok(bytes), Some((reader, before, left))));
                }
                Err(error) => {
                    tracing::error!(%error, "an object could not be read to its end");
                    return Some((Err(error), None));
                }
            }
        }
    });
    Body::from_stream(chunks)
}

fn percent_encoded(name: &str) -> String {
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[test]
    fn ranges_are_those_of_the_standard() {
        let part_of = |first, length| Wanted::Part(Part { first, length });
        for (range, expected) in [
            ("bytes=0-0", part_of(0, 1)),
            ("bytes=2-", part_of(2, 8)),
            ("bytes=-3", part_of(7, 3)),
            ("bytes=-30", part_of(0, 10)),
            ("bytes=8-99", part_of(8, 2)),
            ("bytes=0-18446744073709551615", part_of(0, 10)),
            ("bytes=10-", Wanted::Nowhere),
            ("bytes=-0", Wanted::Nowhere),
            ("bytes=5-4", Wanted::Whole),
            ("bytes=0-1,3-4", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=", Wanted::Whole),
            ("lines=0-1", Wanted::Whole),
            ("bytes=99999999999999999999-", Wanted::Whole),
        ] {
            assert_eq!(part(range, 10), expected, "{range}");
        }
        assert_eq!(part("bytes=0-", 0), Wanted::Nowhere);
    }

    #[tokio::test]
    async fn any_part_is_what_a_slice_is() {
        let all: Vec<u8> = (0..600_000_u32).map(|n| (n * 7 % 251) as u8).collect();
        for (first, length) in [
            (0, 1),
            (0, 600_000),
            (262_143, 2),
            (262_144, 262_144),
            (599_999, 1),
            (300_000, 300_000),
        ] {
            let reader = std::io::Cursor::new(all.clone());
            let body = body(reader, first, Some(length))
                .collect()
                .await
                .unwrap()
                .to_bytes();
            let (first, length) = (first as usize, length as usize);
            assert!(body == all[first..first + length], "{first} {length}");
        }
        let whole = body(std::io::Cursor::new(all.clone()), 0, None)
            .collect()
            .await
            .unwrap()
            .to_bytes();
        assert!(whole == all);
    }
}
