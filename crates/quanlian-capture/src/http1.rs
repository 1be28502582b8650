//! HTTP/1.1 messages as bytes: heads, and where a body ends.
//!
//! In:  bytes from a browser or a server, as many as have arrived.
//! Out: parsed heads with their length in bytes, and a [`Body`] that says which of the following bytes belong to the
//!      message. The bytes themselves are never changed.
//!
//! Invariant: heads and chunk lines are bounded; a message whose length can be read in two ways (differing
//! Content-Length fields) is refused, because recorder and browser could cut it differently.
//!
//! Not here: connections (`proxy`).

/// The longest head of a message, in bytes.
pub const MAX_HEAD_BYTES: usize = 256 * 1024;
/// Fields in one head.
pub const MAX_FIELDS: usize = 256;
/// The longest line with the size of a chunk, and the longest trailer section, in bytes.
const MAX_CHUNK_LINE_BYTES: usize = 16 * 1024;

/// Why bytes are not a message that can be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// Not a head of HTTP/1.
    #[error("the head is not one of HTTP/1")]
    Head,
    /// Longer than [`MAX_HEAD_BYTES`] or more fields than [`MAX_FIELDS`].
    #[error("the head is longer than {MAX_HEAD_BYTES} bytes or {MAX_FIELDS} fields")]
    HeadTooLong,
    /// Two lengths, or one that is no number.
    #[error("the length of the body can be read in more than one way")]
    Length,
    /// Not a chunk.
    #[error("the body is not in chunks as its head says")]
    Chunk,
}

impl HttpError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Head => "http_head",
            Self::HeadTooLong => "http_head_too_long",
            Self::Length => "http_length",
            Self::Chunk => "http_chunk",
        }
    }
}

/// Field names and values as they came, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, Vec<u8>)>);

impl Fields {
    fn of(headers: &[httparse::Header<'_>]) -> Self {
        Self(
            headers
                .iter()
                .map(|field| (field.name.to_owned(), field.value.to_vec()))
                .collect(),
        )
    }

    /// The fields in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// Every value of `name`, as text.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = std::borrow::Cow<'a, str>> {
        self.iter()
            .filter(move |(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| String::from_utf8_lossy(value))
    }

    /// The first value of `name`, as text.
    pub fn first(&self, name: &str) -> Option<String> {
        self.iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| String::from_utf8_lossy(value).trim().to_owned())
    }

    /// Whether the list that is the value of `name` holds `token`.
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.all(name).any(|value| {
            value
                .split(',')
                .any(|part| part.trim().eq_ignore_ascii_case(token))
        })
    }
}

/// The head of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// The method, upper case as sent.
    pub method: String,
    /// The target as sent: a path, an address, or host and port.
    pub target: String,
    /// The fields.
    pub fields: Fields,
    /// Bytes of the head with the empty line that ends it.
    pub size_bytes: usize,
}

/// The head of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseHead {
    /// Three digits.
    pub status: u16,
    /// 0 for HTTP/1.0, 1 for HTTP/1.1.
    pub minor_version: u8,
    /// The fields.
    pub fields: Fields,
    /// Bytes of the head with the empty line that ends it.
    pub size_bytes: usize,
}

/// Reads the head of a request; `None` when more bytes are needed.
pub fn request_head(bytes: &[u8]) -> Result<Option<RequestHead>, HttpError> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    let parsed = request.parse(bytes);
    let Some(size_bytes) = ended(parsed, bytes)? else {
        return Ok(None);
    };
    let (Some(method), Some(target)) = (request.method, request.path) else {
        return Err(HttpError::Head);
    };
    Ok(Some(RequestHead {
        method: method.to_owned(),
        target: target.to_owned(),
        fields: Fields::of(request.headers),
        size_bytes,
    }))
}

/// Reads the head of a response; `None` when more bytes are needed.
///
/// As lenient as browsers are: spaces before the colon, folded lines, lines that are no field.
pub fn response_head(bytes: &[u8]) -> Result<Option<ResponseHead>, HttpError> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let parsed = httparse::ParserConfig::default()
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .ignore_invalid_headers_in_responses(true)
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .parse_response(&mut response, bytes);
    let Some(size_bytes) = ended(parsed, bytes)? else {
        return Ok(None);
    };
    let (Some(status), Some(minor_version)) = (response.code, response.version) else {
        return Err(HttpError::Head);
    };
    Ok(Some(ResponseHead {
        status,
        minor_version,
        fields: Fields::of(response.headers),
        size_bytes,
    }))
}

fn ended(
    parsed: Result<httparse::Status<usize>, httparse::Error>,
    bytes: &[u8],
) -> Result<Option<usize>, HttpError> {
    match parsed {
        Ok(httparse::Status::Complete(size_bytes)) if size_bytes <= MAX_HEAD_BYTES => Ok(Some(size_bytes)),
        Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD_BYTES => Ok(None),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => Err(HttpError::HeadTooLong),
        Err(_) => Err(HttpError::Head),
    }
}

/// Follows a body and says where it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// So many bytes are still to come.
    Length(u64),
    /// Chunks (RFC 9112 §7.1).
    Chunked(Chunks),
    /// Until the connection closes.
    UntilClose,
}

impl Body {
    /// The body of a request.
    pub fn of_request(head: &RequestHead) -> Result<Self, HttpError> {
        match transfer(&head.fields)? {
            // A request with a coding that is not chunked has no end.
            Transfer::Other => Err(HttpError::Length),
            Transfer::Chunked => Ok(Self::Chunked(Chunks::default())),
            Transfer::Plain(length) => Ok(Self::Length(length.unwrap_or(0))),
        }
    }

    /// The body of the response to a request with `method`.
    pub fn of_response(method: &str, head: &ResponseHead) -> Result<Self, HttpError> {
        if method == "HEAD" || matches!(head.status, 100..=199 | 204 | 304) {
            return Ok(Self::Length(0));
        }
        match transfer(&head.fields)? {
            Transfer::Other | Transfer::Plain(None) => Ok(Self::UntilClose),
            Transfer::Chunked => Ok(Self::Chunked(Chunks::default())),
            Transfer::Plain(Some(length)) => Ok(Self::Length(length)),
        }
    }

    /// How many of `bytes` belong to the body.
    pub fn take(&mut self, bytes: &[u8]) -> Result<usize, HttpError> {
        match self {
            Self::Length(left) => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= taken as u64;
                Ok(taken)
            }
            Self::Chunked(chunks) => chunks.take(bytes, |_| ()),
            Self::UntilClose => Ok(bytes.len()),
        }
    }

    /// Whether no further byte belongs to it.
    pub fn is_complete(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunks) => chunks.is_complete(),
            Self::UntilClose => false,
        }
    }

    /// Whether the end of the connection is its proper end.
    pub fn may_end_here(&self) -> bool {
        self.is_complete() || *self == Self::UntilClose
    }
}

enum Transfer {
    Plain(Option<u64>),
    Chunked,
    Other,
}

fn transfer(fields: &Fields) -> Result<Transfer, HttpError> {
    let codings: Vec<String> = fields
        .all("transfer-encoding")
        .flat_map(|value| {
            value
                .split(',')
                .map(|part| part.trim().to_ascii_lowercase())
                .collect::<Vec<_>>()
        })
        .filter(|coding| !coding.is_empty() && coding != "identity")
        .collect();
    if let Some(last) = codings.last() {
        return Ok(if last == "chunked" {
            Transfer::Chunked
        } else {
            Transfer::Other
        });
    }
    let mut length = None;
    for value in fields.all("content-length") {
        for part in value.split(',') {
            let digits = part.trim();
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(HttpError::Length);
            }
            let number: u64 = digits.parse().map_err(|_| HttpError::Length)?;
            if length.is_some_and(|known| known != number) {
                return Err(HttpError::Length);
            }
            length = Some(number);
        }
    }
    Ok(Transfer::Plain(length))
}

/// A body in chunks, followed byte by byte.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chunks {
    state: ChunkState,
    /// The line that is being read, without its end; in trailers, bytes of the whole section.
    line_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChunkState {
    /// In the digits of a size; whether there was one yet.
    Size {
        so_far: u64,
        digits: u8,
    },
    /// Behind the digits, up to the end of the line.
    Extension {
        size: u64,
    },
    /// So many bytes of data are still to come.
    Data {
        left: u64,
    },
    /// The line end behind data.
    DataEnd,
    /// Trailer lines; whether the present line is empty so far.
    Trailer {
        empty: bool,
    },
    Complete,
}

impl Default for ChunkState {
    fn default() -> Self {
        Self::Size { so_far: 0, digits: 0 }
    }
}

impl Chunks {
    /// How many of `bytes` belong to the body; `data` gets what the chunks hold.
    pub fn take(&mut self, bytes: &[u8], mut data: impl FnMut(&[u8])) -> Result<usize, HttpError> {
        let mut at = 0;
        while at < bytes.len() && self.state != ChunkState::Complete {
            if let ChunkState::Data { left } = self.state {
                let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - at);
                data(&bytes[at..at + taken]);
                at += taken;
                let left = left - taken as u64;
                self.state = if left == 0 {
                    ChunkState::DataEnd
                } else {
                    ChunkState::Data { left }
                };
                continue;
            }
            self.line_bytes += 1;
            if self.line_bytes > MAX_CHUNK_LINE_BYTES {
                return Err(HttpError::Chunk);
            }
            self.state = self.after(bytes[at])?;
            at += 1;
        }
        Ok(at)
    }

    fn after(&mut self, byte: u8) -> Result<ChunkState, HttpError> {
        Ok(match self.state {
            ChunkState::Size { so_far, digits } => match (char::from(byte).to_digit(16), byte) {
                (Some(digit), _) if digits < 16 => ChunkState::Size {
                    so_far: so_far << 4 | u64::from(digit),
                    digits: digits + 1,
                },
                (None, b'\n') if digits > 0 => self.size_read(so_far),
                (None, b'\r' | b';' | b' ' | b'\t') if digits > 0 => ChunkState::Extension { size: so_far },
                _ => return Err(HttpError::Chunk),
            },
            ChunkState::Extension { size } if byte == b'\n' => self.size_read(size),
            state @ ChunkState::Extension { .. } => state,
            ChunkState::DataEnd => match byte {
                b'\r' => ChunkState::DataEnd,
                b'\n' => {
                    self.line_bytes = 0;
                    ChunkState::default()
                }
                _ => return Err(HttpError::Chunk),
            },
            ChunkState::Trailer { empty: true } if byte == b'\n' => ChunkState::Complete,
            ChunkState::Trailer { empty } => match byte {
                b'\n' => ChunkState::Trailer { empty: true },
                b'\r' => ChunkState::Trailer { empty },
                _ => ChunkState::Trailer { empty: false },
            },
            ChunkState::Data { .. } | ChunkState::Complete => return Err(HttpError::Chunk),
        })
    }

    fn size_read(&mut self, size: u64) -> ChunkState {
        self.line_bytes = 0;
        if size == 0 {
            ChunkState::Trailer { empty: true }
        } else {
            ChunkState::Data { left: size }
        }
    }

    /// Whether the last chunk and its trailer have been read.
    pub fn is_complete(&self) -> bool {
        self.state == ChunkState::Complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body_of(head: &str) -> Result<Body, HttpError> {
        let head = response_head(head.as_bytes())?.expect("a whole head");
        Body::of_response("GET", &head)
    }

    #[test]
    fn the_end_of_a_body_follows_from_its_head() {
        let ok = "HTTP/1.1 200 OK\r\n";
        assert_eq!(
            body_of(&format!("{ok}Content-Length: 5\r\n\r\n")).unwrap(),
            Body::Length(5)
        );
        assert_eq!(
            body_of(&format!("{ok}Content-Length: 5, 5\r\n\r\n")).unwrap(),
            Body::Length(5)
        );
        assert_eq!(body_of(&format!("{ok}\r\n")).unwrap(), Body::UntilClose);
        let chunked = Body::Chunked(Chunks::default());
        assert_eq!(
            body_of(&format!(
                "{ok}Transfer-Encoding : gzip, Chunked\r\nContent-Length: 9\r\n\r\n"
            ))
            .unwrap(),
            chunked
        );
        assert_eq!(
            body_of("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n").unwrap(),
            Body::Length(0)
        );
        for length in [
            "5\r\nContent-Length: 6",
            "+5",
            "5 5",
            "-1",
            "99999999999999999999",
        ] {
            assert_eq!(
                body_of(&format!("{ok}Content-Length: {length}\r\n\r\n")),
                Err(HttpError::Length),
                "{length}"
            );
        }
    }

    #[test]
    fn chunks_are_followed_however_they_arrive() {
        let wire = b"5\r\nhello\r\n6;x=1\r\n world\r\n0\r\nT: 1\r\n\r\nHTTP/1.1";
        for step in 1..wire.len() {
            let (mut chunks, mut data, mut used) = (Chunks::default(), Vec::new(), 0);
            for part in wire.chunks(step) {
                used += chunks.take(part, |bytes| data.extend_from_slice(bytes)).unwrap();
            }
            assert!(chunks.is_complete());
            assert_eq!(
                (data.as_slice(), used),
                (&b"hello world"[..], wire.len() - 8),
                "{step}"
            );
        }
        for wire in ["\r\n", "g\r\n", "11111111111111111\r\n", "1\r\nab"] {
            assert_eq!(
                Chunks::default().take(wire.as_bytes(), |_| ()),
                Err(HttpError::Chunk),
                "{wire}"
            );
        }
    }

    #[test]
    fn heads_are_bounded() {
        assert_eq!(request_head(b"GET / HTTP/1.1\r\n"), Ok(None));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(MAX_FIELDS + 1));
        assert_eq!(request_head(many.as_bytes()), Err(HttpError::HeadTooLong));
        let long = format!("GET / HTTP/1.1\r\na: {}", "b".repeat(MAX_HEAD_BYTES));
        assert_eq!(request_head(long.as_bytes()), Err(HttpError::HeadTooLong));
        assert_eq!(request_head(b"\x16\x03\x01"), Err(HttpError::Head));
    }
}
