//! What a configuration names is tried: folder, keys, database, bucket, address.
//!
//! In:  a configuration that was read without errors.
//! Out: what was found, each with its code.
//!
//! Invariants: nothing stays changed (a file that is written to try the folder goes again); each question ends within [`PATIENCE`].

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    time::Duration,
};

use quanlian_store::{
    Database, ObjectId, ObjectStore as _, S3Objects,
    database::{OpenError, Standing},
};

use super::super::{
    platform,
    serve::{key_of, outside as outside_of},
};
use crate::configuration::{Configuration, Finding};

/// How long database and bucket are waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long whoever listens at the address already is waited for.
const NEIGHBOUR_PATIENCE: Duration = Duration::from_secs(2);

/// Tries everything.
pub(super) async fn all(configuration: &Configuration) -> Vec<Finding> {
    let mut found = vec![folder(configuration.data())];
    found.extend(names_key(configuration.data()));
    found.push(database(configuration).await);
    found.extend(bucket(configuration).await);
    found.push(address(configuration.sections.server.listen, "server.listen"));
    if let Some(listen) = configuration.sections.metrics.listen {
        found.push(address(listen, "metrics.listen"));
    }
    found.extend(front(configuration));
    found.extend(outside(configuration));
    found
}

/// What webhooks, mail and the provider of sign-in are set to; nobody is asked.
fn outside(configuration: &Configuration) -> Option<Finding> {
    let refused = outside_of(&configuration.sections).err()?;
    Some(Finding::error("config_outside", &format!("{refused:#}")))
}

fn folder(data: &Path) -> Finding {
    let shown = data.display();
    let refused = |why: &std::io::Error| {
        Finding::error("config_data_refused", &format!("{shown}: {why}")).of("storage.data")
    };
    match std::fs::metadata(data) {
        Ok(found) if !found.is_dir() => {
            Finding::error("config_data_refused", &format!("{shown} is no folder")).of("storage.data")
        }
        Ok(_) => match tempfile::Builder::new().prefix(".check-").tempfile_in(data) {
            Ok(_) => {
                Finding::note("config_data_ok", &format!("{shown} can be written to")).of("storage.data")
            }
            Err(error) => refused(&error),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Finding::note(
            "config_data_new",
            &format!("{shown} is not there yet and will be made"),
        )
        .of("storage.data"),
        Err(error) => refused(&error),
    }
}

/// The key of names, when there is one: who cannot read it cannot find what was named.
fn names_key(data: &Path) -> Option<Finding> {
    let path = data.join("names.key");
    let wrong = |why: String| {
        Some(Finding::error(
            "config_names_key",
            &format!("{}: {why}", path.display()),
        ))
    };
    match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => wrong(error.to_string()),
        Ok(text) => {
            let mut key = [0; 32];
            match hex::decode_to_slice(text.trim(), &mut key) {
                Ok(()) => None,
                Err(_) => wrong("it is no key of names".to_owned()),
            }
        }
    }
}

async fn database(configuration: &Configuration) -> Finding {
    let of = &configuration.sections.database;
    let looked = async {
        match (&of.url, platform::file(configuration)) {
            (Some(server), _) => {
                let password = of.password.reveal();
                let options = platform::options(configuration);
                Database::look_at_server(&server.0, password, &options)
                    .await
                    .map(Some)
            }
            (None, Some(file)) if file.parent().is_some_and(Path::is_dir) => Database::look(&file).await,
            (None, _) => Ok(None),
        }
    };
    let outcome = tokio::time::timeout(PATIENCE, looked).await;
    standing(outcome.ok()).of("database.url")
}

/// `None`: it did not answer in time.
fn standing(outcome: Option<Result<Option<Standing>, OpenError>>) -> Finding {
    match outcome {
        None => Finding::error(
            "config_database_refused",
            &format!("no answer within {} seconds", PATIENCE.as_secs()),
        ),
        Some(Err(error)) => {
            let mut detail = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(one) = cause {
                let more = one.to_string();
                if !detail.ends_with(&more) {
                    detail.push_str(": ");
                    detail.push_str(&more);
                }
                cause = one.source();
            }
            Finding::error("config_database_refused", &detail)
        }
        Some(Ok(None)) => Finding::note(
            "config_database_new",
            "there is none yet; the first start makes it",
        ),
        Some(Ok(Some(standing))) => {
            let Standing { done, known, last } = standing;
            let last = last.unwrap_or_else(|| "no tables".to_owned());
            let detail = format!("it answers and is at {last} ({done} of {known} steps)");
            if done == known {
                Finding::note("config_database_ok", &detail)
            } else {
                Finding::note("config_database_behind", &detail)
            }
        }
    }
}

async fn bucket(configuration: &Configuration) -> Option<Finding> {
    let storage = &configuration.sections.storage;
    let bucket = storage.objects.as_ref()?;
    let refused = |detail: String| Finding::error("config_bucket_refused", &detail).of("storage.objects");
    let store = match S3Objects::open_with_patience(&bucket.address, key_of(storage).as_ref(), PATIENCE) {
        Ok(store) => store,
        Err(error) => return Some(refused(error.to_string())),
    };
    // Whether it is there does not matter; whether somebody says so does.
    let asked = tokio::time::timeout(PATIENCE * 2, store.has(ObjectId::of(b"quanlian config check"))).await;
    Some(match asked {
        Ok(Ok(_)) => {
            Finding::note("config_bucket_ok", &format!("{} answers", bucket.text)).of("storage.objects")
        }
        Ok(Err(error)) => refused(format!("{:#}", anyhow::Error::new(error))),
        Err(_) => refused("no answer in time".to_owned()),
    })
}

/// Whether the address is free, or taken by a platform: then it is most likely the one that is asked about.
fn address(listen: SocketAddr, key: &str) -> Finding {
    match TcpListener::bind(listen) {
        Ok(_) => Finding::note("config_address_free", &format!("{listen} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            if is_a_platform(listen) {
                Finding::note(
                    "config_address_ours",
                    &format!("a platform answers at {listen} now"),
                )
            } else {
                Finding::error(
                    "config_address_taken",
                    &format!("{listen} is in use by another program"),
                )
            }
        }
        Err(error) => Finding::error("config_address_refused", &format!("{listen}: {error}")),
    }
    .of(key)
}

fn is_a_platform(listen: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&listen, NEIGHBOUR_PATIENCE)?;
        stream.set_read_timeout(Some(NEIGHBOUR_PATIENCE))?;
        stream.set_write_timeout(Some(NEIGHBOUR_PATIENCE))?;
        write!(stream, "GET /healthz HTTP/1.0\r\nHost: {listen}\r\n\r\n")?;
        let mut answer = [0; 4096];
        let read = stream.read(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer[..read]).into_owned())
    };
    ask().is_ok_and(|answer| {
        answer.contains(" 200 ")
            && answer
                .to_ascii_lowercase()
                .contains("referrer-policy: no-referrer")
    })
}

/// Whoever listens to more than this machine should have a server in front that does TLS.
fn front(configuration: &Configuration) -> Option<Finding> {
    let server = &configuration.sections.server;
    let is_open = !server.listen.ip().is_loopback();
    if server
        .trusted_proxies
        .0
        .iter()
        .any(|network| network.prefix_len() == 0)
    {
        let detail = "everybody is believed to be a server in front, and may write any address";
        return Some(Finding::warning("config_no_front", detail).of("server.trusted_proxies"));
    }
    if is_open && server.plain_http {
        let detail =
            "it listens to the network and sends cookies over plain HTTP, where others can read them";
        return Some(Finding::warning("config_plain_http", detail).of("server.plain_http"));
    }
    if is_open && server.trusted_proxies.0.is_empty() {
        let detail = "it listens to the network and no server in front is named, so nobody does TLS";
        return Some(Finding::warning("config_no_front", detail).of("server.trusted_proxies"));
    }
    None
}
