//! `quanlian serve`: the platform over HTTP.
//!
//! In:  a folder or a PostgreSQL database, an address to listen on.
//! Out: the API, until the process is asked to stop; requests that run then are answered first.
//!
//! Invariant: the code of the first start is printed and kept as its digest alone; it is made anew at each start until there is
//! an account.
//!
//! Not here: TLS, which a server in front of it does; the web pages (not built yet).

use std::process::ExitCode;

use anyhow::Context;
use quanlian_law::RuleBook;
use quanlian_procedure::Procedures;
use quanlian_record::time::Timestamp;
use quanlian_server::{
    permission::Permissions,
    platform::{Platform, Settings},
    sign_in::secret::{self, Kind},
};
use quanlian_store::AccountStore as _;

use crate::{
    cli::platform::Serve,
    command::service,
    fault::{Blame, Outcome},
    output::{Output, warn},
};

const FIRST_START_HOURS: i64 = 24;
const HOUR_US: i64 = 3_600_000_000;

/// Runs `serve`.
pub(super) fn run(arguments: &Serve, output: &Output) -> Outcome {
    let permissions = Permissions::embedded()
        .context("the policies cannot be used")
        .system()?;
    let procedures = Procedures::embedded()
        .context("the procedures cannot be used")
        .system()?;
    let law = RuleBook::embedded()
        .context("the rules of law cannot be used")
        .system()?;
    let settings = Settings {
        allows_plain_http: arguments.plain_http,
        is_behind_proxy: arguments.behind_proxy,
        ..Settings::default()
    };
    service::run(&mut tokio::runtime::Builder::new_multi_thread(), async {
        let listener = service::listen(arguments.listen).await?;
        let store = super::platform::open(&arguments.place, output)
            .await
            .bad_input()?;
        let address = format!("http://{}/", listener.local_addr().system()?);
        output.say("serve.database", &[("place", store.place())]);
        output.say("serve.listens", &[("address", &address)]);
        if !store.has_accounts().await.system()? {
            let issued = secret::fresh(Kind::FirstStart);
            let until = Timestamp::now().unix_micros() + FIRST_START_HOURS * HOUR_US;
            let until = Timestamp::from_unix_micros(until).system()?;
            store.await_first(&issued.digest.0, until).await.system()?;
            // Also to those who asked for silence: without it nobody gets in.
            let first = [("code", issued.text.as_str()), ("address", &address)];
            warn(&output.messages.get("serve.first", &first));
        }
        let platform = Platform::new(
            store.clone(),
            permissions,
            procedures,
            law,
            settings,
            Timestamp::now,
        );
        quanlian_server::serve(listener, platform, service::asked_to_stop())
            .await
            .context("the platform cannot go on")
            .system()?;
        store
            .close()
            .await
            .context("the database was not closed well")
            .system()?;
        output.say::<&str>("serve.stopped", &[]);
        Ok(ExitCode::SUCCESS)
    })
}
