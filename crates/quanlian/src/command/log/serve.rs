//! `quanlian log serve`: the log for readers over HTTP.
//!
//! In:  the data folder of a log, which another process may be writing to; an address to listen on.
//! Out: checkpoint, tiles and entry bundles as C2SP tlog-tiles says, until the process is asked to stop.
//!
//! Not here: proofs, which readers make themselves from tiles; TLS.

use std::process::ExitCode;

use anyhow::anyhow;

use crate::{
    cli::LogServe,
    command::service,
    fault::{Blame, Outcome},
    output::Output,
};

/// Runs `log serve`.
pub(in crate::command) fn run(arguments: &LogServe, output: &Output) -> Outcome {
    let key = super::read_key(&arguments.data, None).bad_input()?;
    let public = arguments.data.join("log").join("public");
    if !public.join("checkpoint").is_file() {
        let data = arguments.data.display();
        return Err(anyhow!(
            "there is no log in {data}; `log append` and `deposit` begin one"
        ))
        .bad_input();
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    service::run(runtime.worker_threads(2), async {
        let listener = service::listen(arguments.listen).await?;
        let address = listener.local_addr().system()?;
        output.say("log.key", &[("key", &key)]);
        output.say("log.serves", &[("address", format!("http://{address}/"))]);
        // What anybody may know, in a form that can be copied into a policy.
        let about = format!("# a transparency log: c2sp.org/tlog-tiles\nlog {key}\n");
        quanlian_witness::tiles::serve(listener, &public, &about, service::asked_to_stop()).await;
        output.say::<&str>("log.stopped", &[]);
        Ok(ExitCode::SUCCESS)
    })
}
