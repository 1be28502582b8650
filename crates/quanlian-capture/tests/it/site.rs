//! The hostile site: one thread a connection, one answer a connection.
//!
//! In:  a loopback address to bind.
//! Out: pages that redirect for ever, drip, send five gigabytes, scroll without end, ask for a login, attack the inside.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Bytes of `/huge`.
pub(crate) const HUGE_BYTES: u64 = 5 << 30;
/// The password of `/login`.
pub(crate) const PASSWORD: &str = "pass w\u{f6}rd&1";

/// A running site. Its threads end with the process.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) hits: Arc<AtomicU32>,
    /// Request lines, and the fields that tests look for.
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
}

impl Site {
    pub(crate) fn start(bind: &str) -> Self {
        let listener = TcpListener::bind(bind).unwrap();
        let site = Self {
            address: listener.local_addr().unwrap(),
            hits: Arc::default(),
            seen: Arc::default(),
        };
        let (hits, seen) = (Arc::clone(&site.hits), Arc::clone(&site.seen));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                hits.fetch_add(1, Ordering::SeqCst);
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || {
                    // The other side leaves when it has enough.
                    let _ = answer(stream, &seen);
                });
            }
        });
        site
    }

    pub(crate) fn url(&self, path: &str) -> url::Url {
        format!("http://site.test:{}{path}", self.address.port())
            .parse()
            .unwrap()
    }

    pub(crate) fn has_seen(&self, text: &str) -> bool {
        self.seen.lock().unwrap().iter().any(|seen| seen.contains(text))
    }
}

fn answer(mut stream: TcpStream, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let (mut length, mut cookie, mut secret_field) = (0, String::new(), String::new());
    loop {
        let mut field = String::new();
        if reader.read_line(&mut field)? <= 2 {
            break;
        }
        let (name, value) = field.split_once(':').unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "cookie" => value.trim().clone_into(&mut cookie),
            "x-officer" => value.trim().clone_into(&mut secret_field),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    seen.lock().unwrap().push(format!(
        "{} cookie[{cookie}] field[{secret_field}] {body}",
        line.trim()
    ));
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let out = &mut stream;
    match path.split('?').next().unwrap_or_default() {
        "/r0" => redirect(out, "/r1"),
        "/r1" => redirect(out, "/r2"),
        "/r2" => redirect(out, "/gbk?arrived"),
        "/loop" => redirect(out, "/loop2"),
        "/loop2" => redirect(out, "/loop"),
        "/gbk" => typed(
            out,
            "text/html; charset=gbk",
            b"<title>\xd6\xa4\xbe\xdd</title><body>\xc8\xab\xc1\xb4 GBK \xd2\xb3\xc3\xe6</body>",
        ),
        "/lazy" => html(
            out,
            "<title>lazy</title><div style='height:9000px'>top</div>\
             <img loading=lazy src=/picture.png width=10 height=10>\
             <audio id=a src=/sound.wav></audio><iframe src=/loop width=10 height=10></iframe>\
             <script>addEventListener('scroll', () => fetch('/scrolled'), { once: true });\
             new WebSocket('ws://' + location.host + '/socket'); alert('stop'); </script>",
        ),
        "/picture.png" => typed(out, "image/png", PNG),
        "/sound.wav" => typed(out, "audio/wav", &wav()),
        "/infinite" => html(
            out,
            "<title>infinite</title><body><script>const more = () => { const d = document.createElement('div'); \
             d.style.height = '3000px'; d.textContent = 'more'; document.body.append(d); fetch('/more?' + Math.random()); };\
             more(); addEventListener('scroll', more);</script>",
        ),
        "/hang" => html(out, "<title>hang</title><body>before<script>for (;;) {}</script>"),
        "/login" => html(
            out,
            "<form method=post action=/session><input id=user name=user><input id=pw name=pw type=password>\
             <button>in</button></form>",
        ),
        "/session" if body.contains("user=officer") && body.contains("pw=pass+w%C3%B6rd%261") => {
            write!(
                out,
                "HTTP/1.1 303 See Other\r\nSet-Cookie: sid=42; HttpOnly\r\nLocation: /private\r\nContent-Length: 0\r\n\
                 Connection: close\r\n\r\n"
            )
        }
        "/private" if cookie.contains("sid=42") => html(out, "<title>private</title><p id=in>inside</p>"),
        "/huge" => huge(out),
        "/drip" => drip(out),
        "/attack" => {
            // The canary's port is the query.
            let port = path.split('?').nth(1).unwrap_or_default();
            html(
                out,
                &format!(
                    "<title>attack</title><img src='http://169.254.169.254/latest/meta-data/'>\
                     <img src='http://127.0.0.1:{port}/inside'><img src='http://[::1]:{port}/inside'>\
                     <img src='http://[::ffff:127.0.0.1]:{port}/inside'><img src='http://2130706433:{port}/inside'>\
                     <img src='http://localhost:{port}/inside'><img src='https://127.0.0.1:{port}/inside'>\
                     <iframe src='file:///etc/passwd'></iframe>\
                     <script>const again = n => n && fetch('http://rebind.test:{port}/?' + n, {{ mode: 'no-cors' }})\
                     .catch(() => 0).finally(() => setTimeout(() => again(n - 1), 50)); again(5);\
                     navigator.sendBeacon('http://10.0.0.1/'); new WebSocket('ws://127.0.0.1:{port}/');</script>"
                ),
            )
        }
        _ => write!(
            out,
            "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone"
        ),
    }
}

fn html(out: &mut TcpStream, text: &str) -> std::io::Result<()> {
    typed(out, "text/html; charset=utf-8", text.as_bytes())
}

fn typed(out: &mut TcpStream, kind: &str, body: &[u8]) -> std::io::Result<()> {
    // In chunks, so that what is recorded is what crossed the wire.
    write!(
        out,
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )?;
    for part in body.chunks(1000) {
        write!(out, "{:x}\r\n", part.len())?;
        out.write_all(part)?;
        out.write_all(b"\r\n")?;
    }
    out.write_all(b"0\r\n\r\n")
}

fn redirect(out: &mut TcpStream, to: &str) -> std::io::Result<()> {
    write!(
        out,
        "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

fn huge(out: &mut TcpStream) -> std::io::Result<()> {
    write!(
        out,
        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=x.bin\r\n\
         Content-Length: {HUGE_BYTES}\r\nConnection: close\r\n\r\n"
    )?;
    let block = vec![b'x'; 1 << 20];
    for _ in 0..HUGE_BYTES >> 20 {
        out.write_all(&block)?;
    }
    Ok(())
}

fn drip(out: &mut TcpStream) -> std::io::Result<()> {
    write!(
        out,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<title>drip</title>"
    )?;
    loop {
        out.write_all(b"drop ")?;
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// One second of silence.
fn wav() -> Vec<u8> {
    let data = vec![128_u8; 8000];
    let mut wav = b"RIFF".to_vec();
    wav.extend(u32::try_from(36 + data.len()).unwrap().to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data");
    wav.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    wav.extend(data);
    wav
}

/// One transparent pixel.
const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\0\
\x01\0\0\x05\0\x01\r\n-\xb4\0\0\0\0IEND\xaeB`\x82";
