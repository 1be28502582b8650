//! `quanlian serve`: the platform over HTTP.
//!
//! In:  a folder or a PostgreSQL database, a folder or a bucket for files, an address to listen on.
//! Out: the API and its worker, until the process is asked to stop; requests that run then are answered first, jobs are given back.
//!
//! | below the folder | holds |
//! |---|---|
//! | `platform.sqlite` | the database, where it is no server |
//! | `objects/` | files, where they are in no bucket |
//! | `uploads/` | files on their way |
//! | `evidence/` | the evidence log and its receipts |
//! | `names.key` | the key of the blind index; servers of one database share it, and a backup needs it |
//! | `seal.key` | the keys of secrets that have to be given out again, the newest first; shared and backed up like `names.key` |
//! | `work/` | desks of jobs that run; may be emptied while nothing runs |
//!
//! Invariant: the code of the first start is printed and kept as its digest alone; it is made anew at each start until there is
//! an account.
//!
//! Not here: TLS, which a server in front of it does.

mod outside;

use std::{future::Future, path::Path, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use quanlian_law::RuleBook;
use quanlian_procedure::Procedures;
use quanlian_record::time::Timestamp;
use quanlian_server::{
    limits::{Limits, Rate},
    permission::Permissions,
    platform::{Blind, Filing, Means, Platform, Settings},
    sign_in::{
        attempts, password,
        secret::{self, Kind},
        session,
    },
};
use quanlian_store::{AccountStore as _, Database, FolderObjects, Objects, S3Objects, lock::S3Key};
use tokio::{net::TcpListener, sync::watch};

pub(super) use outside::outside;

use crate::{
    cli::{LockChoice, platform::Serve},
    command::service,
    configuration::{
        Configuration, Flag, Sections,
        sections::{self, Storage},
        setting::LogFormat,
    },
    evidence::RoomLog,
    fault::{Blame, Fault, Outcome},
    files, logging, otlp,
    output::{Output, warn},
    worker::{Worker, room::RoomHandle},
};

const FIRST_START_HOURS: i64 = 24;
/// Who deposits what nobody else does.
const DEPOSITOR: &str = "quanlian platform";
/// The end of the program waits no longer for the last traces.
const LAST_TRACES: Duration = Duration::from_secs(4);
const HOUR_US: i64 = 3_600_000_000;

/// Runs `serve`.
pub(super) fn run(arguments: &Serve, output: &Output) -> Outcome {
    let rules = Rules::embedded()?;
    let configuration = Configuration::load(&arguments.place, &flags(arguments)).sound(output)?;
    let sections = &configuration.sections;
    logging::begin(&sections.log.filter.0, sections.log.format);
    // Then every line is one of the log, apart from the code of the first start.
    let hushed = output.hushed();
    let output = if sections.log.format == LogFormat::Json {
        &hushed
    } else {
        output
    };
    service::run(&mut tokio::runtime::Builder::new_multi_thread(), async {
        let begun = Begun::open(&configuration, rules, output).await?;
        begun.say_where(output);
        if let Some(code) = begun.first_code().await? {
            // Also to those who asked for silence: without it nobody gets in.
            let first = [("code", code.as_str()), ("address", begun.address.as_str())];
            warn(&output.messages.get("serve.first", &first));
        }
        begun.run(service::asked_to_stop(), output).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// By what a platform works, whatever its folder.
pub(crate) struct Rules {
    permissions: Permissions,
    procedures: Procedures,
    law: RuleBook,
}

impl Rules {
    /// Those that the program was built with.
    pub(crate) fn embedded() -> Result<Self, Fault> {
        Ok(Self {
            permissions: Permissions::embedded()
                .context("the policies cannot be used")
                .system()?,
            procedures: Procedures::embedded()
                .context("the procedures cannot be used")
                .system()?,
            law: RuleBook::embedded()
                .context("the rules of law cannot be used")
                .system()?,
        })
    }
}

/// A platform that is open and has its address, and answers nobody yet.
pub(crate) struct Begun {
    /// What its requests work with.
    pub(crate) platform: Platform,
    /// Where it listens: `http://HOST:PORT/`.
    pub(crate) address: String,
    listener: TcpListener,
    measuring: Option<TcpListener>,
    measured_at: Option<String>,
    store: Database,
    worker: Worker,
    sending: Option<std::thread::JoinHandle<()>>,
}

impl Begun {
    /// Opens everything that the configuration names; nothing of it is there twice, so a port or a folder in use is told here.
    pub(crate) async fn open(
        configuration: &Configuration,
        rules: Rules,
        output: &Output,
    ) -> Result<Self, Fault> {
        let sections = &configuration.sections;
        let listener = service::listen(sections.server.listen).await?;
        let measuring = match sections.metrics.listen {
            Some(address) => Some(service::listen(address).await?),
            None => None,
        };
        let measured_at = match &measuring {
            Some(listener) => Some(format!("http://{}/metrics", listener.local_addr().system()?)),
            None => None,
        };
        let filing = Arc::new(filing(configuration).await?);
        if let Some(bucket) = &sections.storage.objects {
            output.say("serve.objects", &[("place", &bucket.text)]);
        }
        let store = super::platform::open(configuration, output).await.bad_input()?;
        let address = format!("http://{}/", listener.local_addr().system()?);
        output.say("serve.database", &[("place", store.place())]);
        let room = room(configuration.data())?;
        let outside = outside(sections).bad_input()?;
        let means = Means {
            store: store.clone(),
            permissions: rules.permissions,
            procedures: rules.procedures,
            law: rules.law,
            settings: settings(sections),
            filing: Some(Arc::clone(&filing)),
            blind: Some(blind(&configuration.data().join("names.key")).system()?),
            seal: outside::seal(&configuration.data().join("seal.key")).system()?,
            telling: outside.telling,
            providers: outside.providers,
        };
        let platform = Platform::new(means, Timestamp::now);
        platform.render_with(Arc::new(crate::rendering::Drawing));
        if let Some(log) = RoomLog::of(room.clone()).await {
            platform.anchor_in(Arc::new(log));
        }
        let worker = Worker {
            store: store.clone(),
            filing,
            room,
            work: configuration.data().join("work"),
            platform: platform.clone(),
            lease: Duration::from_secs(sections.jobs.lease_s),
        };
        let sending = match &sections.traces.endpoint {
            Some(endpoint) => {
                let begun = otlp::begin(&endpoint.0);
                let (spans, sending) = begun.context("traces cannot be sent").system()?;
                platform.trace_to(spans);
                Some(sending)
            }
            None => None,
        };
        Ok(Self {
            platform,
            address,
            listener,
            measuring,
            measured_at,
            store,
            worker,
            sending,
        })
    }

    /// Whether nobody on another machine can reach it.
    pub(crate) fn is_of_this_machine_alone(&self) -> bool {
        let address = self.listener.local_addr();
        address.is_ok_and(|address| address.ip().is_loopback())
    }

    /// Tells the person where it is found.
    pub(crate) fn say_where(&self, output: &Output) {
        if let Some(place) = &self.measured_at {
            output.say("serve.metrics", &[("address", place)]);
            tracing::info!(address = %place, "metrics are shown");
        }
        let address = &self.address;
        output.say("serve.listens", &[("address", address)]);
        tracing::info!(%address, database = self.store.place(), "the platform listens");
    }

    /// A new code of the first start; nothing where there is an account already.
    pub(crate) async fn first_code(&self) -> Result<Option<String>, Fault> {
        if self.store.has_accounts().await.system()? {
            return Ok(None);
        }
        let issued = secret::fresh(Kind::FirstStart);
        let until = Timestamp::now().unix_micros() + FIRST_START_HOURS * HOUR_US;
        let until = Timestamp::from_unix_micros(until).system()?;
        self.store.await_first(&issued.digest.0, until).await.system()?;
        Ok(Some(issued.text.to_string()))
    }

    /// Answers and works until `stop` is ready; what runs then is answered first, and everything is closed.
    pub(crate) async fn run(
        self,
        stop: impl Future<Output = ()> + Send + 'static,
        output: &Output,
    ) -> Result<(), Fault> {
        let (tell, is_stopping) = watch::channel(false);
        if let Some(listener) = self.measuring {
            let mut is_stopping = is_stopping.clone();
            let ended = async move {
                let _ = is_stopping.changed().await;
            };
            tokio::spawn(quanlian_server::serve_metrics(
                listener,
                self.platform.clone(),
                ended,
            ));
        }
        let working = tokio::spawn(self.worker.run(is_stopping));
        let served = quanlian_server::serve(self.listener, self.platform, stop).await;
        let _ = tell.send(true);
        let worked = working.await;
        served.context("the platform cannot go on").system()?;
        worked.map_err(anyhow::Error::new).system()?.system()?;
        self.store
            .close()
            .await
            .context("the database was not closed well")
            .system()?;
        output.say::<&str>("serve.stopped", &[]);
        tracing::info!("the platform has stopped");
        // The sender goes with the last clone of the platform; what waits is then sent, or given up with the process.
        if let Some(sending) = self.sending {
            let until = tokio::time::Instant::now() + LAST_TRACES;
            while !sending.is_finished() && tokio::time::Instant::now() < until {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(())
    }
}

/// The evidence room of the folder.
fn room(data: &Path) -> Result<RoomHandle, Fault> {
    let opened = RoomHandle::open(&data.join("evidence"), DEPOSITOR, LockChoice::default());
    let way_out = || {
        format!(
            "the evidence log of {} is not opened; if another process serves this folder, stop that one or name another folder with `--data`",
            data.display()
        )
    };
    opened.map_err(|fault| match fault {
        Fault::BadInput(error) => Fault::BadInput(error.context(way_out())),
        Fault::System(error) => Fault::System(error.context(way_out())),
    })
}

/// What the arguments of `serve` alone say.
fn flags(arguments: &Serve) -> Vec<Flag> {
    let mut flags = Vec::new();
    let mut add = |path, name, says: Option<String>| flags.extend(says.map(|says| Flag { path, name, says }));
    add(
        "server.listen",
        "--listen",
        arguments.listen.map(|listen| listen.to_string()),
    );
    add(
        "server.plain_http",
        "--plain-http",
        arguments.plain_http.then(|| "true".to_owned()),
    );
    add(
        "server.trusted_proxies",
        "--behind-proxy",
        arguments.behind_proxy.clone(),
    );
    add("storage.objects", "--objects", arguments.objects.clone());
    add(
        "storage.max_file_mib",
        "--max-file",
        arguments.max_file.map(|max| max.to_string()),
    );
    flags
}

/// As the server takes them.
fn settings(sections: &Sections) -> Settings {
    let (password, session, sign_in) = (&sections.password, &sections.session, &sections.sign_in);
    Settings {
        password: password::Rules {
            min_chars: password.min_chars,
            min_guesses_log10: password.min_guesses_log10,
        },
        cost: password::Cost {
            memory_kib: password.hash_memory_kib,
            passes: password.hash_passes,
        },
        session: session::Rules {
            idle_s: session.idle_s,
            longest_s: session.longest_s,
            fresh_s: session.fresh_s,
            second_factor_s: session.second_factor_s,
        },
        allows_plain_http: sections.server.plain_http,
        proxies: sections.server.trusted_proxies.0.clone(),
        address_attempts: attempts::Rules {
            free: sign_in.address_free_tries,
            first_wait_s: sign_in.address_first_wait_s,
            longest_wait_s: sign_in.address_longest_wait_s,
            forget_after_s: sign_in.address_forget_after_s,
        },
        limits: limits(&sections.limits),
        job_attempts: sections.jobs.max_attempts,
    }
}

fn limits(of: &sections::Limits) -> Limits {
    let rate = |per_s, burst| (per_s > 0).then_some(Rate { per_s, burst });
    Limits {
        address: rate(of.address_per_s, of.address_burst),
        sign_in: rate(of.sign_in_per_s, of.sign_in_burst),
        account: rate(of.account_per_s, of.account_burst),
        requests_in_flight: of.requests_in_flight,
        pieces_in_flight: of.pieces_in_flight,
        open_uploads: of.open_uploads,
        open_upload_bytes: of.open_uploads_mib << 20,
        piece_bytes_per_s: of.piece_bytes_per_s,
        connections: of.connections,
        head_time: Duration::from_secs(of.head_time_s),
        stop_time: Duration::from_secs(of.stop_time_s),
    }
}

/// The key of the bucket, where the configuration has one; else the library looks for it in the environment.
pub(super) fn key_of(storage: &Storage) -> Option<S3Key> {
    Some(S3Key {
        access_key_id: storage.objects_key_id.clone()?,
        secret_access_key: storage.objects_secret.reveal()?.to_owned(),
    })
}

/// Where files are kept.
async fn filing(configuration: &Configuration) -> Result<Filing, Fault> {
    let data = configuration.data();
    let storage = &configuration.sections.storage;
    let uploads = data.join("uploads");
    make(&uploads)?;
    let objects = if let Some(bucket) = &storage.objects {
        let waiting = data.join("work").join("objects");
        make(&waiting)?;
        let bucket = S3Objects::open(&bucket.address, key_of(storage).as_ref()).bad_input()?;
        Objects::from(bucket.with_waiting_folder(waiting))
    } else {
        let folder = data.join("objects");
        make(&folder)?;
        FolderObjects::open(&folder).await.system()?.into()
    };
    Ok(Filing {
        objects,
        uploads,
        max_file_bytes: storage.max_file_mib << 20,
    })
}

fn make(folder: &Path) -> Result<(), Fault> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}; `--data` names one", folder.display()))
        .bad_input()
}

/// The key of names; made when there is none.
fn blind(path: &Path) -> anyhow::Result<Blind> {
    let made = || -> anyhow::Result<String> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
        let text = hex::encode(key);
        files::write_secret(path, &text)?;
        Ok(text)
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => made()?,
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let mut key = [0; 32];
    hex::decode_to_slice(text.trim(), &mut key).with_context(|| {
        format!(
            "{} is no key of names; restore it from the backup",
            path.display()
        )
    })?;
    Ok(Blind::new(key))
}
