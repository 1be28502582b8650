//! The behaviour of lock records, one suite for the file, SQLite, PostgreSQL and S3, each on the real thing.
//!
//! A server that is not installed gives one line, `skipped: …`.

mod proxy;
pub(crate) mod servers;
mod suite;

use std::time::Duration;

use proxy::{Cut, Proxy};
use quanlian_store::lock::{
    LockAddress, PostgresAddress, PostgresLockRecord, S3Address, S3LockRecord, Secrets, take_home,
};
use quanlian_tlog::{
    lock_record::{FileLockRecord, LockRecord, SqliteLockRecord},
    store::{LogHome, StoreError},
};
use servers::{Postgres, S3};
use suite::{Kind, behaves};

const TIMEOUT: Duration = Duration::from_secs(10);

fn code<T>(result: Result<T, StoreError>) -> &'static str {
    result.err().unwrap().code()
}

#[test]
fn a_record_in_a_file_behaves() {
    let folder = tempfile::tempdir().unwrap();
    behaves(&Kind {
        open: &|_, data| {
            std::fs::create_dir_all(data).unwrap();
            Ok(Box::new(FileLockRecord::open(&data.join("log.head"))?))
        },
        take: &|home, _| home.with_lock_file(),
        is_exclusive: true,
        folder: folder.path(),
    });
}

#[test]
fn a_record_in_sqlite_behaves() {
    let folder = tempfile::tempdir().unwrap();
    let address = LockAddress::Sqlite(folder.path().join("heads.sqlite"));
    behaves(&Kind {
        open: &|origin, _| {
            Ok(Box::new(SqliteLockRecord::open(
                &folder.path().join("heads.sqlite"),
                origin,
            )?))
        },
        take: &|home, origin| take(home, &address, origin, &Secrets::default()),
        is_exclusive: false,
        folder: folder.path(),
    });
}

fn take(
    home: LogHome,
    address: &LockAddress,
    origin: &str,
    secrets: &Secrets,
) -> Result<LogHome, StoreError> {
    take_home(home, Some(address), origin, secrets)
}

fn postgres_address(text: &str) -> PostgresAddress {
    match LockAddress::parse(text).unwrap() {
        LockAddress::Postgres(address) => address,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_record_in_postgresql_behaves() {
    let Some(server) = Postgres::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let text = Postgres::address(server.port);
    let address = postgres_address(&text);
    let open_at = |address: &PostgresAddress, origin: &str| {
        PostgresLockRecord::open(address, origin, Some(Postgres::password()), TIMEOUT)
    };
    let secrets = Secrets {
        password: Some(Postgres::password().to_owned()),
        s3: None,
    };
    behaves(&Kind {
        open: &|origin, _| Ok(Box::new(open_at(&address, origin)?)),
        take: &|home, origin| take(home, &LockAddress::Postgres(address.clone()), origin, &secrets),
        is_exclusive: false,
        folder: folder.path(),
    });

    // Between us and the server, so that answers can be lost.
    let proxy = Proxy::before(server.port);
    let through = postgres_address(&Postgres::address(proxy.port));
    suite::finds_out(
        &|| Ok(Box::new(open_at(&through, "a.example/lost")?)),
        &proxy,
        b"COMMIT",
    );

    let wrong = PostgresLockRecord::open(&address, "a.example/x", Some("hunter2"), TIMEOUT);
    let error = wrong.err().unwrap();
    assert_eq!(error.code(), "log_lock_denied");
    let shown = format!("{error} {error:?} {}", std::error::Error::source(&error).unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
    let nowhere = postgres_address(&Postgres::address(servers::free_port()));
    assert_eq!(code(open_at(&nowhere, "a.example/x")), "log_lock_unreachable");
    let no_database = postgres_address(&format!("{text}-not-there"));
    assert_eq!(code(open_at(&no_database, "a.example/x")), "log_lock_record");

    // A server that never answers costs the time that was named.
    proxy.cut(Cut::Silent);
    let quick = Duration::from_millis(300);
    let silent = PostgresLockRecord::open(&through, "a.example/x", Some(Postgres::password()), quick);
    assert_eq!(code(silent), "log_lock_unreachable");

    let record = open_at(&address, "a.example/restarted").unwrap();
    record.swap(None, b"one").unwrap();
    server.restart("-c fsync=off");
    record.swap(Some(b"one"), b"two").unwrap();
    assert_eq!(record.load().unwrap().unwrap(), b"two");
    assert_eq!(
        code(open_at(&address, "a.example/restarted")),
        "log_lock_not_durable"
    );
}

fn s3_address(port: u16) -> S3Address {
    let text = format!(
        "s3://{}/heads/of logs?endpoint=http://127.0.0.1:{port}",
        servers::BUCKET
    );
    match LockAddress::parse(&text).unwrap() {
        LockAddress::S3(address) => address,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_record_in_s3_behaves() {
    let Some(server) = S3::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let address = s3_address(server.port);
    let open_at = |address: &S3Address, origin: &str| {
        S3LockRecord::open(address, origin, Some(&servers::s3_key()), TIMEOUT)
    };
    let secrets = Secrets {
        password: None,
        s3: Some(servers::s3_key()),
    };
    behaves(&Kind {
        open: &|origin, _| Ok(Box::new(open_at(&address, origin)?)),
        take: &|home, origin| take(home, &LockAddress::S3(address.clone()), origin, &secrets),
        is_exclusive: false,
        folder: folder.path(),
    });

    let proxy = Proxy::before(server.port);
    let through = s3_address(proxy.port);
    suite::finds_out(
        &|| Ok(Box::new(open_at(&through, "a.example/lost")?)),
        &proxy,
        b"PUT /",
    );

    // The same server, once without ears for conditions.
    for header in ["if-match", "if-none-match"] {
        proxy.cut(Cut::Header(header));
        assert_eq!(
            code(open_at(&through, "a.example/x")),
            "log_lock_no_compare_and_swap",
            "{header}"
        );
    }
    let nowhere = s3_address(servers::free_port());
    assert_eq!(code(open_at(&nowhere, "a.example/x")), "log_lock_unreachable");
    proxy.cut(Cut::Silent);
    let quick = Duration::from_millis(300);
    let silent = S3LockRecord::open(&through, "a.example/x", Some(&servers::s3_key()), quick);
    assert_eq!(code(silent), "log_lock_unreachable");
}
