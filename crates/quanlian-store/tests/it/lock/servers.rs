//! The real servers, started for one test and stopped after it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use quanlian_store::lock::S3Key;
use tempfile::TempDir;

const USER: &str = "writer";
pub(crate) const BUCKET: &str = "heads-of-logs";

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A PostgreSQL server in a folder of its own, on this machine alone.
pub(crate) struct Postgres {
    pub(crate) port: u16,
    bin: PathBuf,
    folder: TempDir,
    is_root: bool,
}

impl Postgres {
    pub(crate) fn start() -> Option<Self> {
        let Some(bin) = postgres_bin() else {
            eprintln!(
                "skipped: what is kept in PostgreSQL (install Debian's postgresql, or set QUANLIAN_POSTGRES_BIN)"
            );
            return None;
        };
        let server = Self {
            port: free_port(),
            bin,
            folder: tempfile::tempdir().unwrap(),
            // The server refuses to run as root.
            is_root: fs::metadata("/proc/self").is_ok_and(|of| std::os::unix::fs::MetadataExt::uid(&of) == 0),
        };
        let password_file = server.folder.path().join("password");
        fs::write(&password_file, Self::password()).unwrap();
        if server.is_root {
            let owner = Command::new("chown")
                .args(["-R", "postgres:postgres"])
                .arg(server.folder.path())
                .status();
            assert!(
                owner.unwrap().success(),
                "Debian's postgresql makes the user postgres"
            );
        }
        let data = server.data();
        let mut init = server.as_user("initdb");
        init.arg("-D")
            .arg(&data)
            .args(["-A", "scram-sha-256", "-U", USER, "--pwfile"])
            .arg(&password_file);
        run(&mut init);
        run(server.control("start", "").arg("-w"));
        Some(server)
    }

    pub(crate) fn password() -> &'static str {
        "a word that nobody guesses"
    }

    /// The address of the server, seen through `port`.
    pub(crate) fn address(port: u16) -> String {
        format!("postgres://{USER}@127.0.0.1:{port}/postgres")
    }

    pub(crate) fn restart(&self, options: &str) {
        run(self.control("restart", options).args(["-w", "-m", "fast"]));
    }

    /// Stops the server like a loss of power of its processes, and starts it again.
    pub(crate) fn crash(&self) {
        run(self.control("restart", "").args(["-w", "-m", "immediate"]));
    }

    /// Stops the server when this program ends, however it ends: the pipe that the shell reads from is closed then.
    fn end_with_this_program(&self) -> Child {
        let mut stop = Command::new("sh");
        stop.args(["-c", "read line; \"$@\"; rm -rf \"$0\""])
            .arg(self.folder.path());
        let control = self.control("stop", "");
        stop.arg(control.get_program())
            .args(control.get_args())
            .args(["-m", "immediate"]);
        stop.current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// The server that all tests of this program share; each makes a database of its own there.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SERVER: OnceLock<Option<(Postgres, Child)>> = OnceLock::new();
        let server = SERVER.get_or_init(|| {
            let server = Self::start()?;
            let end = server.end_with_this_program();
            Some((server, end))
        });
        server.as_ref().map(|(server, _)| server)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn control(&self, act: &str, options: &str) -> Command {
        let mut command = self.as_user("pg_ctl");
        command.arg("-D").arg(self.data()).arg(act);
        if act != "stop" {
            command.arg("-o").arg(format!(
                "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories='' {options}",
                self.port
            ));
        }
        command
    }

    fn as_user(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = if self.is_root {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
                .arg(program);
            command
        } else {
            Command::new(program)
        };
        command
            .current_dir("/")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.control("stop", "").args(["-w", "-m", "immediate"]).status();
    }
}

fn run(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

fn postgres_bin() -> Option<PathBuf> {
    if let Some(bin) = std::env::var_os("QUANLIAN_POSTGRES_BIN") {
        return Some(PathBuf::from(bin));
    }
    let has_server = |bin: &Path| bin.join("initdb").is_file() && bin.join("pg_ctl").is_file();
    let installed = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut bins: Vec<PathBuf> = installed
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .collect();
    bins.sort();
    bins.into_iter().rev().find(|bin| has_server(bin))
}

/// An S3 server: that of moto, answering one request at a time, because it looks at a condition and writes in two steps.
const S3_SERVER: &str = "
from werkzeug.serving import make_server
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
server = make_server('127.0.0.1', 0, DomainDispatcherApplication(create_backend_app), threaded=False)
print(server.port, flush=True)
server.serve_forever()
";

pub(crate) struct S3 {
    pub(crate) port: u16,
    server: Child,
}

pub(crate) fn s3_key() -> S3Key {
    S3Key {
        access_key_id: "writer".to_owned(),
        secret_access_key: "a word that nobody guesses".to_owned(),
    }
}

impl S3 {
    pub(crate) fn start() -> Option<Self> {
        let python = std::env::var_os("QUANLIAN_PYTHON").unwrap_or_else(|| "python3".into());
        let mut command = Command::new(python);
        command
            .args(["-c", S3_SERVER])
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let skipped = || {
            eprintln!("skipped: what is kept in S3 (pip install 'moto[s3,server]', or set QUANLIAN_PYTHON)");
        };
        let Ok(mut server) = command.spawn() else {
            skipped();
            return None;
        };
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let Ok(port) = line.trim().parse() else {
            let _ = server.wait();
            skipped();
            return None;
        };
        let server = Self { port, server };
        server.make_bucket();
        Some(server)
    }

    /// The server that all tests of this program share; each keeps below a prefix of its own.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SERVER: OnceLock<Option<(S3, Child)>> = OnceLock::new();
        let server = SERVER.get_or_init(|| {
            let server = Self::start()?;
            // Ends the server when the pipe from this program is closed.
            let end = Command::new("sh")
                .args(["-c", "read line; kill \"$0\""])
                .arg(server.server.id().to_string())
                .stdin(Stdio::piped())
                .spawn()
                .unwrap();
            Some((server, end))
        });
        server.as_ref().map(|(server, _)| server)
    }

    fn make_bucket(&self) {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            connection,
            "PUT /{BUCKET} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: 0\r\nConnection: close\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=writer/20260101/us-east-1/s3/aws4_request, \
             SignedHeaders=host, Signature=0\r\n\r\n",
            self.port
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.contains(" 200 "), "{answer}");
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
