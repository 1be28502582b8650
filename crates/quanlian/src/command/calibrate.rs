//! `quanlian calibrate`: a null model of one's own collection, from files that copy none of its works.
//!
//! In:  an index and non-members.
//! Out: what chance scores there, what that many files can and cannot show, and the model as a file.
//!
//! Not here: the fit (`quanlian_match::calibration`).

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use quanlian_match::{
    Medium,
    calibration::{
        CalibrateError, Calibration, IndexFigures, Judge, MAX_FILE_BYTES, MediumModel, Members, NonMember,
        NullModel, rate_bound,
    },
    collection::{ChanceOptions, Collection, CollectionError},
    score::DEFAULT_MAX_E_VALUE,
};
use quanlian_record::time::Timestamp;
use serde::Serialize;

use crate::{
    cli::{Calibrate as Arguments, CalibrationChoice, MembersFound},
    command::{index, matching},
    fault::{Blame, Fault, Outcome},
    files,
    output::{Output, warn, warn_about},
};

/// What a run found, for programs.
#[derive(Serialize)]
struct Report<'a> {
    /// SHA-256 of the model, which names it.
    model: String,
    #[serde(flatten)]
    calibration: &'a Calibration,
    support: BTreeMap<Medium, Support>,
    failed: usize,
}

/// What so many non-members can show.
#[derive(Serialize)]
struct Support {
    /// Bits at which the built-in E-value is 1e-6.
    built_in_bits: f64,
    /// Whether the model is the stricter of the two.
    is_stricter: bool,
    /// The tail is not told from an exponential one.
    fits: bool,
    /// No more than this share of tries scores above the best, with 95 % confidence, if each try stands for itself.
    rate_bound: f64,
    /// The same if only each file stands for itself.
    rate_bound_by_file: f64,
}

impl Support {
    fn of(model: &MediumModel) -> Self {
        let built_in_bits = -DEFAULT_MAX_E_VALUE.log2();
        Self {
            built_in_bits,
            is_stricter: model.bits_at_default > built_in_bits,
            fits: model.tail.fits(),
            rate_bound: model.tail.rate_bound(),
            rate_bound_by_file: rate_bound(model.files),
        }
    }
}

/// Runs `calibrate`.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Outcome {
    for path in &arguments.nonmembers {
        std::fs::metadata(path)
            .with_context(|| format!("cannot read {}", path.display()))
            .bad_input()?;
    }
    // Whatever is installed is about to be replaced, and may be what is broken.
    let collection = Collection::open_with_built_in(std::slice::from_ref(&arguments.index))
        .with_context(|| format!("cannot open the index {}", arguments.index.display()))
        .bad_input()?;
    let (non_members, failed) = search(arguments, &collection, output)?;
    let members = match arguments.members {
        MembersFound::Refuse => Members::Refuse,
        MembersFound::SetAside => Members::SetAside,
        MembersFound::Keep => Members::Keep,
    };
    let calibration = Calibration::fit(&non_members, |medium| collection.figures(medium), members)
        .map_err(|error| refused(error, &non_members, output))?
        .made_on(&Timestamp::now().legal_day().to_string());
    if let Some(path) = &arguments.out {
        files::replace_durably(path, &calibration.to_bytes())
            .with_context(|| format!("cannot write {}", path.display()))
            .bad_input()?;
    }
    let report = Report {
        model: calibration.digest(),
        support: (calibration.media.iter())
            .map(|(medium, model)| (*medium, Support::of(model)))
            .collect(),
        calibration: &calibration,
        failed,
    };
    output.document(&report).system()?;
    for (medium, model) in &calibration.media {
        for_people(output, *medium, model, &report.support[medium]);
    }
    for input in calibration.inputs.iter().filter(|input| input.set_aside) {
        output.text(
            &output
                .messages
                .get("calibrate.set_aside", &[("file", &input.name)]),
        );
    }
    if let Some(path) = &arguments.out {
        let path = path.display().to_string();
        output.say(
            "calibrate.written",
            &[("path", path), ("model", report.model.clone())],
        );
    }
    if arguments.install {
        let path =
            Collection::install_calibration(&arguments.index, &calibration).map_err(|error| match error {
                CollectionError::Busy { .. } => Fault::BadInput(error.into()),
                _ => Fault::System(error.into()),
            })?;
        let path = path.display().to_string();
        output.say(
            "calibrate.installed",
            &[("path", path), ("model", report.model.clone())],
        );
    } else if arguments.out.is_none() {
        output.say::<&str>("calibrate.kept_nowhere", &[]);
    }
    Ok(ExitCode::SUCCESS)
}

/// The chance scores of all non-members, and how many files could not be searched.
fn search(
    arguments: &Arguments,
    collection: &Collection,
    output: &Output,
) -> Result<(Vec<NonMember>, usize), Fault> {
    let bar = output.progress("progress.match", 0);
    let progress = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let clip_ms: Vec<u64> = arguments
        .clip_seconds
        .iter()
        .map(|seconds| seconds * 1000)
        .collect();
    let options = ChanceOptions {
        medium: arguments.medium.map(Medium::from),
        clip_ms: &clip_ms,
        exclude: &|path: &Path| quanlian_case::metadata::is_side_file(path),
        progress: &progress,
    };
    let (mut non_members, mut failed, mut broken_index) = (Vec::new(), 0, None);
    let notes = collection.chance_scores(&arguments.nonmembers, &options, |path, result| {
        bar.suspend(|| match result {
            Ok(non_member) => non_members.push(non_member),
            Err(error) => {
                failed += 1;
                let why = matching::why_failed(output, &error);
                warn_about(output, &path.display().to_string(), &why);
                if error.is_about_the_index() && broken_index.is_none() {
                    broken_index = Some(error);
                }
            }
        });
    });
    bar.finish_and_clear();
    matching::say_notes(output, &notes);
    match broken_index {
        Some(error) => Err(Fault::System(error.into())),
        None => Ok((non_members, failed)),
    }
}

/// Says why there is no model, and what the person can do.
fn refused(error: CalibrateError, non_members: &[NonMember], output: &Output) -> Fault {
    if let CalibrateError::Members { .. } = &error {
        for non_member in non_members.iter().filter(|n| n.is_evidently_member()) {
            if let Some((bits, work)) = non_member.best() {
                warn(&output.messages.get(
                    "calibrate.member",
                    &[
                        ("file", non_member.name.clone()),
                        ("work", work.to_owned()),
                        ("bits", format!("{bits:.1}")),
                    ],
                ));
            }
        }
    }
    let hint = output.messages.text(&format!("error.{}", error.code()));
    Fault::BadInput(anyhow::Error::new(error).context(hint))
}

fn for_people(output: &Output, medium: Medium, model: &MediumModel, support: &Support) {
    let tail = &model.tail;
    let say = |key: &str, args: &[(&str, String)]| output.text(&output.messages.get(key, args));
    let bits = |value: f64| format!("{value:.1}");
    let share = |value: f64| format!("{value:.2e}");
    say(
        "calibrate.medium",
        &[
            (
                "medium",
                output
                    .messages
                    .text(&format!("medium.{}", index::medium_key(medium))),
            ),
            ("files", model.files.to_string()),
            ("tries", tail.non_members.to_string()),
            ("scored", tail.scored.to_string()),
        ],
    );
    let quantile = |name: &str| {
        model
            .quantiles
            .get(name)
            .map_or("–".to_owned(), |value| bits(*value))
    };
    say(
        "calibrate.scores",
        &[
            ("half", quantile("0.50")),
            ("most", quantile("0.99")),
            ("best", bits(tail.best_bits)),
        ],
    );
    say(
        "calibrate.tail",
        &[
            ("start", bits(tail.start_bits)),
            ("halving", format!("{:.2}", tail.halving_bits)),
            ("upper", format!("{:.2}", tail.halving_bits_upper)),
            ("count", tail.in_tail.to_string()),
        ],
    );
    let fits = if support.fits {
        "calibrate.fits"
    } else {
        "calibrate.misfits"
    };
    say(fits, &[("misfit", format!("{:.2}", tail.misfit))]);
    let threshold = if support.is_stricter {
        "calibrate.stricter"
    } else {
        "calibrate.laxer"
    };
    say(
        threshold,
        &[
            ("bits", bits(model.bits_at_default)),
            ("built_in", bits(support.built_in_bits)),
        ],
    );
    say(
        "calibrate.support",
        &[
            ("rate", share(support.rate_bound)),
            ("rate_by_file", share(support.rate_bound_by_file)),
        ],
    );
}

/// Opens an index to be judged by the model that was chosen: a file, what is installed, or what is built in.
pub(super) fn open(folders: &[PathBuf], choice: &CalibrationChoice) -> Result<Collection, Fault> {
    let Some(path) = &choice.calibration else {
        return index::open_all(folders);
    };
    let mut collection = Collection::open_with_built_in(folders)
        .context("cannot open the index")
        .bad_input()?;
    let about = || format!("cannot use the calibration {}", path.display());
    let bytes = files::read_limited(path, MAX_FILE_BYTES)
        .with_context(about)
        .bad_input()?;
    let bytes =
        bytes.ok_or_else(|| Fault::BadInput(anyhow::anyhow!("there is no file {}", path.display())))?;
    let judge = Judge::from_file(&bytes, choice.allow_laxer)
        .with_context(about)
        .bad_input()?;
    collection.set_judge(judge);
    Ok(collection)
}

/// Says by which null model the media of a report were judged, and whether it was made for another index.
pub(super) fn say_judge(collection: &Collection, media: impl Iterator<Item = Medium>, output: &Output) {
    for medium in media {
        let model: NullModel = collection.judge().describe(medium);
        let name = output
            .messages
            .text(&format!("medium.{}", index::medium_key(medium)));
        let known = matching::measured(&output.messages, &model);
        output.say(
            "calibrate.judged",
            &[
                ("medium", name.clone()),
                ("model", model.name),
                ("bits", format!("{:.1}", model.bits_at_default)),
                ("known", known),
            ],
        );
        let made_for = collection.judge().made_for(medium);
        let now: IndexFigures = collection.figures(medium);
        if let Some(then) = made_for.filter(|then| *then != now) {
            output.say(
                "calibrate.other_index",
                &[
                    ("medium", name),
                    ("then", then.works.to_string()),
                    ("now", now.works.to_string()),
                ],
            );
        }
    }
}
