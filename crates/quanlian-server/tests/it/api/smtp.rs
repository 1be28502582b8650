//! A small server of mail for tests: SMTP as far as a client needs it (RFC 5321), with STARTTLS (RFC 3207) or TLS from the first byte.
//!
//! In:  mail.
//! Out: what came, as it came; refusals, where a test wants them.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// How the way is guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Plain,
    Starttls,
    Tls,
}

/// What came.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) to: Vec<String>,
    pub(crate) text: String,
    pub(crate) was_secure: bool,
}

#[derive(Default)]
struct Box {
    letters: Vec<Letter>,
    /// What is said to every recipient.
    refusal: Option<String>,
}

/// The server.
pub(crate) struct Post {
    pub(crate) port: u16,
    /// The certificate to trust.
    pub(crate) root: PathBuf,
    seen: Arc<Mutex<Box>>,
    _folder: TempDir,
}

/// A certificate for `localhost` and 127.0.0.1, by itself, and the file in which it stands.
pub(crate) fn certificate() -> (TempDir, PathBuf, Arc<ServerConfig>) {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.pem");
    std::fs::write(&root, made.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (folder, root, Arc::new(config))
}

impl Post {
    pub(crate) async fn open(way: Way) -> Self {
        let (folder, root, config) = certificate();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Box::default()));
        let (kept, acceptor) = (Arc::clone(&seen), TlsAcceptor::from(config));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, way, acceptor.clone(), Arc::clone(&kept)));
            }
        });
        Self {
            port,
            root,
            seen,
            _folder: folder,
        }
    }

    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.seen.lock().unwrap().letters.clone()
    }

    /// Says this to every recipient from now on: `550 5.1.1 nobody here`.
    pub(crate) fn refuse(&self, what: Option<&str>) {
        self.seen.lock().unwrap().refusal = what.map(str::to_owned);
    }
}

async fn talk(stream: TcpStream, way: Way, acceptor: TlsAcceptor, seen: Arc<Mutex<Box>>) {
    if way == Way::Tls {
        if let Ok(stream) = acceptor.accept(stream).await {
            dialogue(stream, true, false, &seen).await;
        }
        return;
    }
    let back = dialogue(stream, false, way == Way::Starttls, &seen).await;
    if let Some(stream) = back
        && let Ok(stream) = acceptor.accept(stream).await
    {
        dialogue(stream, true, false, &seen).await;
    }
}

/// Talks until the end, or until TLS is wanted: then the stream comes back.
async fn dialogue<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    was_secure: bool,
    offers_tls: bool,
    seen: &Mutex<Box>,
) -> Option<S> {
    let mut stream = BufReader::new(stream);
    let is_continued = was_secure && !offers_tls;
    let (mut to, mut line) = (Vec::new(), String::new());
    // Behind STARTTLS nobody greets again; behind TLS from the first byte somebody does. Both read what comes first.
    if !was_secure || !is_continued {
        stream.write_all(b"220 post.test ESMTP\r\n").await.ok()?;
    } else {
        let peek = tokio::time::timeout(std::time::Duration::from_millis(200), stream.fill_buf()).await;
        if peek.is_err() {
            stream.write_all(b"220 post.test ESMTP\r\n").await.ok()?;
        }
    }
    loop {
        line.clear();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let word: String = line.chars().take(8).collect::<String>().to_ascii_uppercase();
        let answer = if word.starts_with("EHLO") {
            if offers_tls {
                "250-post.test\r\n250 STARTTLS".to_owned()
            } else {
                "250 post.test".to_owned()
            }
        } else if word.starts_with("STARTTLS") {
            stream.write_all(b"220 go on\r\n").await.ok()?;
            return Some(stream.into_inner());
        } else if word.starts_with("MAIL") {
            to.clear();
            "250 ok".to_owned()
        } else if word.starts_with("RCPT") {
            to.push(line.trim().to_owned());
            let refusal = seen.lock().unwrap().refusal.clone();
            refusal.unwrap_or("250 ok".to_owned())
        } else if word.starts_with("DATA") {
            stream.write_all(b"354 go on\r\n").await.ok()?;
            let mut text = String::new();
            loop {
                line.clear();
                if stream.read_line(&mut line).await.ok()? == 0 {
                    return None;
                }
                if line == ".\r\n" {
                    break;
                }
                text.push_str(&line);
            }
            let to = to.clone();
            seen.lock().unwrap().letters.push(Letter { to, text, was_secure });
            "250 taken".to_owned()
        } else if word.starts_with("QUIT") {
            stream.write_all(b"221 bye\r\n").await.ok()?;
            return None;
        } else {
            "250 ok".to_owned()
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}
