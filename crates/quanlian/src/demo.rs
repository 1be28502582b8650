//! `quanlian demo`: the whole chain on content that the program makes itself, in two stories.
//!
//! In:  a folder to work in.
//! Out: the music channel: sample works and suspects, the results of `trace` on them; the chip code, below `chip/`; and where
//!      everything lies.
//!
//! With `--serve` a platform is filled with the same samples and served (`platform`).
//!
//! Invariant: only a folder that an earlier demo made is ever emptied.

mod chip;
mod circuit;
mod compose;
pub(crate) mod platform;
mod sound;
mod story;
mod tune;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;

use crate::{
    cli::{Attesting, Demo as Arguments, LockChoice, Originals, Trace},
    fault::{Blame, Fault, Outcome},
    output::Output,
    trace,
};

/// Stands in each folder that a demo made, so that the next one knows it may empty it.
const MARKER: &str = ".quanlian-demo";

/// The most demos that are kept beside each other.
const MAX_KEPT: u32 = 1000;

/// Runs `demo`.
pub(crate) fn run(arguments: &Arguments, output: &Output) -> Outcome {
    let folder = prepare(arguments)?;
    if arguments.serve {
        return platform::run(&folder, arguments, output);
    }
    output.say("demo.composing", &[("path", folder.display())]);
    compose::sample(&folder).system()?;
    let trace = Trace {
        works: folder.join("works"),
        suspects: folder.join("suspects"),
        out: folder.join("result"),
        watch: None,
        case: Some(folder.join("case.toml")),
        originals: Originals::Matched,
        attesting: Attesting {
            // Without a network; its certificate says that it proves nothing.
            demo_tsa: Some(folder.join("demo-tsa")),
            ..Attesting::nobody()
        },
        lock: LockChoice::default(),
        form: crate::cli::AnyForm::text(),
    };
    let report = trace::trace(&trace, output)?;
    output.document(&report).system()?;
    trace::print_summary(&report, output);
    output.say::<&str>("demo.chip", &[]);
    chip::run(&folder.join("chip"), output).system()?;
    let bundle = folder.join("result/case.qne.zip");
    output.text(&output.messages.get(
        "demo.next",
        &[
            ("folder", folder.display().to_string()),
            ("bundle", bundle.display().to_string()),
            ("report", folder.join("chip/report.html").display().to_string()),
        ],
    ));
    Ok(ExitCode::SUCCESS)
}

/// A folder with the marker in it; an empty one, unless a platform is asked for, which finds itself what it may take away.
fn prepare(arguments: &Arguments) -> Result<PathBuf, Fault> {
    let mut folder = arguments.data.clone();
    if arguments.keep {
        let beside = |number: u32| {
            let mut name = arguments.data.file_name().unwrap_or_default().to_owned();
            name.push(format!("-{number}"));
            arguments.data.with_file_name(name)
        };
        let mut number = 1;
        while folder.try_exists().system()? {
            number += 1;
            if number > MAX_KEPT {
                return Err(Fault::BadInput(anyhow::anyhow!(
                    "{MAX_KEPT} demos are kept already; remove some"
                )));
            }
            folder = beside(number);
        }
    } else if folder.try_exists().system()? {
        refuse_what_is_not_ours(&folder)?;
        if !arguments.serve {
            platform::is_unused_in(&folder)?;
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot empty {}", folder.display()))
                .system()?;
        }
    }
    fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))
        .bad_input()?;
    fs::write(
        folder.join(MARKER),
        "made by `quanlian demo`; the next run may empty this folder\n",
    )
    .system()?;
    Ok(folder)
}

/// What no demo made stays as it is.
fn refuse_what_is_not_ours(folder: &Path) -> Result<(), Fault> {
    let is_ours = folder.join(MARKER).try_exists().system()?;
    let holds_something = fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))
        .bad_input()?
        .next()
        .is_some();
    if holds_something && !is_ours {
        return Err(Fault::BadInput(anyhow::anyhow!(
            "{} holds something that no demo made; choose another --data",
            folder.display()
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::JsonForm;

    fn arguments(data: &Path, keep: bool) -> Arguments {
        Arguments {
            data: data.to_owned(),
            keep,
            serve: false,
            listen: None,
            anew: false,
            form: JsonForm { json: false },
        }
    }

    #[test]
    fn a_folder_that_no_demo_made_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mine = dir.path().join("mine");
        fs::create_dir(&mine).unwrap();
        fs::write(mine.join("thesis.txt"), "x").unwrap();
        assert!(matches!(
            prepare(&arguments(&mine, false)),
            Err(Fault::BadInput(_))
        ));
        assert!(mine.join("thesis.txt").is_file());
    }

    #[test]
    fn a_demo_replaces_the_last_one_or_stands_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("demo");
        assert_eq!(prepare(&arguments(&data, false)).unwrap(), data);
        fs::write(data.join("old"), "x").unwrap();
        assert_eq!(
            prepare(&arguments(&data, true)).unwrap(),
            dir.path().join("demo-2")
        );
        assert_eq!(prepare(&arguments(&data, false)).unwrap(), data);
        assert!(!data.join("old").is_file());
    }
}
