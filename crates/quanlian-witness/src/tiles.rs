//! A log for its readers over HTTP, as C2SP tlog-tiles asks: read-only, no proofs are made here.
//!
//! | request | answer |
//! |---|---|
//! | `GET /checkpoint` | the published checkpoint, not to be cached beyond a few seconds |
//! | `GET /tile/<L>/<N>[.p/<W>]` | a tile of hashes, which never changes |
//! | `GET /tile/entries/<N>[.p/<W>]` | an entry bundle, which never changes; gzip for those who take it |
//! | `GET /` | what the caller says about the log |
//!
//! In:  the public folder of a log, which another process may be writing to.
//! Out: the files as they lie there.
//!
//! Invariant: only the one spelling of a path that the format knows reaches the disk, built anew
//! from its numbers; everything else is not found. A file goes out in pieces, so that memory
//! does not grow with entries or readers.

use std::{
    convert::Infallible,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use flate2::{Compression, read::GzEncoder};
use http_body_util::{Either, Full};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::{Body, Bytes, Frame, Incoming, SizeHint},
    header::{
        ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue,
        VARY, X_CONTENT_TYPE_OPTIONS,
    },
};
use quanlian_tlog::tile::{MAX_ENTRY_BYTES, TILE_WIDTH, TileKind, TilePath};
use tokio::{net::TcpListener, sync::mpsc};

use crate::connections;

/// The largest file that a log can hold: a bundle of the longest entries.
const MAX_FILE_BYTES: u64 = TILE_WIDTH * (MAX_ENTRY_BYTES as u64 + 2);
/// Bytes of a file that are read at a time.
const PIECE_BYTES: usize = 64 << 10;
/// Pieces that wait for a reader who is slower than the disk.
const PIECES_AHEAD: usize = 2;

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";
/// A checkpoint may be replaced at any time.
const SHORT: &str = "public, max-age=5";
/// Tiles and bundles never change.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

type Reply = Response<Either<Full<Bytes>, FileBody>>;

struct Log {
    public: PathBuf,
    about: String,
}

/// Serves the public folder of a log until `stop` is ready; `about` is the answer at `/`.
pub async fn serve(listener: TcpListener, public: &Path, about: &str, stop: impl Future<Output = ()>) {
    let log = Arc::new(Log {
        public: public.to_owned(),
        about: about.to_owned(),
    });
    let answer = move |request| answer(Arc::clone(&log), request);
    connections::serve(listener, answer, stop).await;
}

/// An object of the log, as a reader names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    About,
    Checkpoint,
    Tile(TilePath),
}

impl Wanted {
    fn of(path: &str) -> Option<Self> {
        match path.strip_prefix('/')? {
            "" => Some(Self::About),
            "checkpoint" => Some(Self::Checkpoint),
            tile => tile.parse().ok().map(Self::Tile),
        }
    }

    fn is_bundle(self) -> bool {
        matches!(self, Self::Tile(path) if path.kind == TileKind::Entries)
    }
}

async fn answer(log: Arc<Log>, request: Request<Incoming>) -> Result<Reply, Infallible> {
    let has_body = match *request.method() {
        Method::GET => true,
        Method::HEAD => false,
        _ => {
            let mut reply = text(
                StatusCode::METHOD_NOT_ALLOWED,
                "only GET and HEAD are answered here\n",
            );
            set(&mut reply, ALLOW, "GET, HEAD");
            return Ok(reply);
        }
    };
    let Some(wanted) = Wanted::of(request.uri().path()) else {
        return Ok(absent());
    };
    let name = match wanted {
        Wanted::About => return Ok(text(StatusCode::OK, log.about.clone())),
        Wanted::Checkpoint => "checkpoint".to_owned(),
        Wanted::Tile(path) => path.to_string(),
    };
    let path = log.public.join(name);
    let opened = tokio::task::spawn_blocking(move || open(&path)).await;
    let (file, length) = match opened.unwrap_or_else(|panicked| Err(io::Error::other(panicked))) {
        Ok(Some(opened)) => opened,
        Ok(None) => return Ok(absent()),
        Err(error) => {
            tracing::error!(%error, "a file of the log cannot be read");
            return Ok(text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the log cannot be read just now\n",
            ));
        }
    };
    let is_compressed = wanted.is_bundle() && takes_gzip(request.headers());
    let mut reply = if has_body {
        Response::new(Either::Right(FileBody::of(file, length, is_compressed)))
    } else {
        Response::new(Either::Left(Full::default()))
    };
    let (content_type, caching) = match wanted {
        Wanted::Tile(_) => (BYTES, FOR_EVER),
        _ => (TEXT, SHORT),
    };
    set(&mut reply, CONTENT_TYPE, content_type);
    set(&mut reply, CACHE_CONTROL, caching);
    // An entry is whatever somebody has written; no browser shall guess what that is.
    set(&mut reply, X_CONTENT_TYPE_OPTIONS, "nosniff");
    if wanted.is_bundle() {
        set(&mut reply, VARY, "accept-encoding");
    }
    if is_compressed {
        set(&mut reply, CONTENT_ENCODING, "gzip");
    } else {
        reply.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    Ok(reply)
}

/// The file and its length, or `None` when there is none of ours.
fn open(path: &Path) -> io::Result<Option<(File, u64)>> {
    // Looked at first: to open what is no file could wait for ever.
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() <= MAX_FILE_BYTES => {}
        Ok(_) => return Ok(None),
        Err(error) if is_absence(&error) => return Ok(None),
        Err(error) => return Err(error),
    }
    match File::open(path) {
        Ok(file) => {
            let length = file.metadata()?.len();
            Ok(Some((file, length)))
        }
        Err(error) if is_absence(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Whether the reader asks for gzip, and does not forbid it in the same breath.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let asked = headers.get_all(ACCEPT_ENCODING);
    let mut words = asked
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    words.any(|word| {
        let mut parts = word.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        is_gzip && weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0))
    })
}

fn text(status: StatusCode, content: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Either::Left(Full::new(content.into())));
    *reply.status_mut() = status;
    set(&mut reply, CONTENT_TYPE, TEXT);
    // What is absent may be there in a moment.
    set(&mut reply, CACHE_CONTROL, "no-store");
    reply
}

fn absent() -> Reply {
    text(StatusCode::NOT_FOUND, "no such object in this log\n")
}

fn set(reply: &mut Reply, name: hyper::header::HeaderName, value: &'static str) {
    reply.headers_mut().insert(name, HeaderValue::from_static(value));
}

/// A file that is read as the reader takes it.
struct FileBody {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    /// Bytes that are still to come; not known of what is being compressed.
    left: Option<u64>,
}

impl FileBody {
    fn of(file: File, length: u64, is_compressed: bool) -> Self {
        let (sender, pieces) = mpsc::channel(PIECES_AHEAD);
        // Not more than was promised, should somebody make the file longer.
        let file = file.take(length);
        tokio::task::spawn_blocking(move || {
            if is_compressed {
                send(GzEncoder::new(file, Compression::fast()), &sender);
            } else {
                send(file, &sender);
            }
        });
        Self {
            pieces,
            left: (!is_compressed).then_some(length),
        }
    }
}

/// Reads to the end, or until nobody takes it any more.
fn send(mut from: impl Read, to: &mpsc::Sender<io::Result<Bytes>>) {
    loop {
        let mut piece = vec![0; PIECE_BYTES];
        let read = match from.read(&mut piece) {
            Ok(0) => return,
            Ok(read) => {
                piece.truncate(read);
                Ok(piece.into())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let has_failed = read.is_err();
        if to.blocking_send(read).is_err() || has_failed {
            return;
        }
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.pieces
            .poll_recv(context)
            .map(|piece| match (piece, self.left) {
                (Some(Ok(piece)), left) => {
                    self.left = left.map(|left| left.saturating_sub(piece.len() as u64));
                    Some(Ok(Frame::data(piece)))
                }
                (Some(Err(error)), _) => Some(Err(error)),
                // The connection is broken off, so that nobody takes a part for the whole.
                (None, Some(1..)) => Some(Err(io::ErrorKind::UnexpectedEof.into())),
                (None, _) => None,
            })
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_of_each_object_is_known() {
        for path in ["/", "/checkpoint", "/tile/0/000", "/tile/entries/x001/002.p/3"] {
            assert!(Wanted::of(path).is_some(), "{path}");
        }
        for path in [
            "",
            "*",
            "//checkpoint",
            "/checkpoint/",
            "/Checkpoint",
            "/checkpoint.tmp",
            "/tile/../checkpoint",
            "/tile/0/..%2f..%2f..%2fprivate/in-use",
            "/%63heckpoint",
            "/tile/0/000.p/256",
            "/tile/0/000.tmp",
            "/../private/wal",
            "/tile/entries/000%00",
        ] {
            assert_eq!(Wanted::of(path), None, "{path}");
        }
    }

    #[test]
    fn gzip_is_taken_by_its_name_alone() {
        let takes = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
            takes_gzip(&headers)
        };
        assert!(takes("gzip") && takes("br, GZip;q=0.5") && takes("identity,gzip; q=1"));
        assert!(
            !takes("identity") && !takes("gzip;q=0") && !takes("gzip;q=x") && !takes("xgzip") && !takes("")
        );
    }
}
