//! The demonstration authority over HTTP, for the machine itself and a closed network.
//!
//! In:  a listening socket and what turns a request into an answer.
//! Out: answers, one connection after the other.
//!
//! Invariant: a client holds the service up for at most [`MAX_CONNECTION_TIME`] and sends at
//! most a request of [`MAX_REQUEST_BYTES`]; whatever it sends, the next one is served.
//!
//! Not here: what is answered (`demo`), TLS, more than one client at a time.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

use crate::{
    client::{QUERY_TYPE, REPLY_TYPE},
    request::MAX_REQUEST_BYTES,
};

/// How long one client may take.
pub const MAX_CONNECTION_TIME: Duration = Duration::from_secs(10);
/// The longest head of a request.
const MAX_HEAD_BYTES: usize = 8 << 10;
/// The most lines in it.
const MAX_HEADERS: usize = 32;
/// How much is read at a time.
const CHUNK_BYTES: usize = 4 << 10;

/// Serves until the socket fails. A client that fails is reported to `complain` and forgotten.
pub fn serve(
    listener: &TcpListener,
    answer: &dyn Fn(&[u8]) -> Vec<u8>,
    complain: &dyn Fn(&io::Error),
) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        if let Err(error) = converse(stream, answer) {
            complain(&error);
        }
    }
}

/// What stands between us and the answer.
enum Refusal {
    Method,
    Type,
    TooLarge,
    Unreadable,
}

impl Refusal {
    fn status(&self) -> &'static str {
        match self {
            Self::Method => "405 Method Not Allowed",
            Self::Type => "415 Unsupported Media Type",
            Self::TooLarge => "413 Content Too Large",
            Self::Unreadable => "400 Bad Request",
        }
    }
}

fn converse(mut stream: TcpStream, answer: &dyn Fn(&[u8]) -> Vec<u8>) -> io::Result<()> {
    stream.set_write_timeout(Some(MAX_CONNECTION_TIME))?;
    let (status, reply) = match read_request(&mut stream)? {
        Ok(request) => ("200 OK", answer(&request)),
        Err(refusal) => (refusal.status(), Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {REPLY_TYPE}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        reply.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&reply)
}

fn read_request(stream: &mut TcpStream) -> io::Result<Result<Vec<u8>, Refusal>> {
    let deadline = Instant::now() + MAX_CONNECTION_TIME;
    let mut bytes = Vec::new();
    let (body_at, length) = loop {
        match read_head(&bytes) {
            Ok(Some(head)) => break head,
            Ok(None) if bytes.len() > MAX_HEAD_BYTES => return Ok(Err(Refusal::TooLarge)),
            Ok(None) => {}
            Err(refusal) => return Ok(Err(refusal)),
        }
        read_more(stream, &mut bytes, deadline)?;
    };
    while bytes.len() < body_at + length {
        read_more(stream, &mut bytes, deadline)?;
    }
    Ok(Ok(bytes[body_at..body_at + length].to_vec()))
}

/// Where the body begins and how long it is; none while the head is not whole.
fn read_head(bytes: &[u8]) -> Result<Option<(usize, usize)>, Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(body_at) = request.parse(bytes).map_err(|_| Refusal::Unreadable)? else {
        return Ok(None);
    };
    if request.method != Some("POST") {
        return Err(Refusal::Method);
    }
    let header = |name: &str| {
        let mut found = request
            .headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case(name));
        found
            .next()
            .and_then(|header| std::str::from_utf8(header.value).ok())
    };
    if !header("content-type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case(QUERY_TYPE)) {
        return Err(Refusal::Type);
    }
    let length = header("content-length").and_then(|length| length.trim().parse::<usize>().ok());
    match length {
        None => Err(Refusal::Unreadable),
        Some(length) if length > MAX_REQUEST_BYTES => Err(Refusal::TooLarge),
        Some(length) => Ok(Some((body_at, length))),
    }
}

fn read_more(stream: &mut TcpStream, bytes: &mut Vec<u8>, deadline: Instant) -> io::Result<()> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    stream.set_read_timeout(Some(left))?;
    let mut chunk = [0; CHUNK_BYTES];
    match stream.read(&mut chunk)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        count => {
            bytes.extend_from_slice(&chunk[..count]);
            Ok(())
        }
    }
}
