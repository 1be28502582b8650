//! Reading `indicators/`: TOML in, [`Definitions`] out, or every mistake at once.
//!
//! In:  the folder inside the program, or the files of another.
//! Out: every version of every indicator.
//!
//! Invariant: nothing is skipped and nothing is guessed; who edits a folder is told all that is wrong with it in one go.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use include_dir::{Dir, include_dir};
use quanlian_law::Text;
use quanlian_ledger::{goods, task::End};
use quanlian_procedure::{ActKind, Procedure, Procedures, StageKind, procedure::FactKind};

use crate::{
    definition::{Aggregate, Definition, Period, Source, Subject, Unit, Value},
    ledger::ledger_state,
    measure::clock_state,
};

/// The indicators that this program was built with.
static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../indicators");

/// Largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 64 * 1024;
/// Most files of a folder.
pub const MAX_FILES: usize = 1000;
/// Longest id, in bytes.
const MAX_ID_BYTES: usize = 64;
/// A file has tables in tables, no deeper; what nests deeper is not put to the parser.
const MAX_NESTING: usize = 8;

/// Every version of every indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definitions(BTreeMap<String, BTreeMap<u32, Definition>>);

/// What is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The file.
    pub file: String,
    /// What is wrong, and what to do.
    pub what: String,
}

/// Everything that is wrong with a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl Mistakes {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        "indicators_invalid"
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the indicators have {} mistakes", self.0.len())?;
        for mistake in &self.0 {
            write!(f, "; {}: {}", mistake.file, mistake.what)?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

impl Definitions {
    /// Those inside the program, compared with the procedures that they count.
    pub fn embedded(procedures: &Procedures) -> Result<Self, Mistakes> {
        let files = EMBEDDED.files().filter_map(|file| {
            let is_toml = file
                .path()
                .extension()
                .is_some_and(|extension| extension == "toml");
            let name = file.path().file_name()?.to_str()?;
            is_toml.then(|| (name.to_owned(), file.contents().to_vec()))
        });
        Self::from_files(files, procedures)
    }

    /// Those of some files, each with its name: `ID.vN.toml`.
    pub fn from_files(
        files: impl IntoIterator<Item = (String, Vec<u8>)>,
        procedures: &Procedures,
    ) -> Result<Self, Mistakes> {
        let mut loaded = Self(BTreeMap::new());
        let mut mistakes = Vec::new();
        for (count, (file, bytes)) in files.into_iter().enumerate() {
            let mut wrong = |what: String| {
                let file = file.chars().take(200).collect();
                mistakes.push(Mistake { file, what });
            };
            if count >= MAX_FILES {
                wrong(format!("more than {MAX_FILES} files; is it the right folder?"));
                break;
            }
            let definition = match parse(&bytes) {
                Ok(definition) => definition,
                Err(what) => {
                    wrong(what);
                    continue;
                }
            };
            let wanted = format!("{}.v{}.toml", definition.id, definition.version);
            if file != wanted {
                wrong(format!(
                    "the file of this version is called {wanted}; rename it, or correct id and version"
                ));
            }
            for what in parts_that_do_not_fit(&definition) {
                wrong(what);
            }
            for what in unknown_names(&definition, procedures) {
                wrong(what);
            }
            let versions = loaded.0.entry(definition.id.clone()).or_default();
            if versions.insert(definition.version, definition).is_some() {
                wrong("this version is there twice; count the version up".to_owned());
            }
        }
        if mistakes.is_empty() {
            return Ok(loaded);
        }
        mistakes.sort();
        Err(Mistakes(mistakes))
    }

    /// The newest version, or the one that is asked for.
    pub fn get(&self, id: &str, version: Option<u32>) -> Option<&Definition> {
        let versions = self.0.get(id)?;
        match version {
            Some(version) => versions.get(&version),
            None => versions.values().next_back(),
        }
    }

    /// The newest version of each.
    pub fn newest(&self) -> impl Iterator<Item = &Definition> {
        self.0
            .values()
            .filter_map(|versions| versions.values().next_back())
    }
}

fn parse(bytes: &[u8]) -> Result<Definition, String> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(format!(
            "more than {MAX_FILE_BYTES} bytes; one file is one version of one indicator"
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8; save it as UTF-8".to_owned())?;
    let is_deep = |line: &str| {
        let brackets = line.bytes().filter(|byte| matches!(byte, b'[' | b'{'));
        brackets.count() > MAX_NESTING * 4 || line.matches('.').count() > MAX_NESTING * 16
    };
    if let Some(line) = text.lines().position(is_deep) {
        return Err(format!("line {}: nested too deep; write it flatter", line + 1));
    }
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        let problem: String = error.message().chars().take(400).collect();
        format!("line {line}: {problem}")
    })
}

fn parts_that_do_not_fit(definition: &Definition) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            wrong.push(what.to_owned());
        }
    };
    let is_word = |id: &str| {
        let signs = id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        signs && (1..=MAX_ID_BYTES).contains(&id.len())
    };
    must(is_word(&definition.id), "`id` is up to 64 of a-z, 0-9 and `-`");
    must(definition.version > 0, "`version` counts from 1");
    let is_told = |text: &Text| !text.zh.trim().is_empty() && !text.en.trim().is_empty();
    must(is_told(&definition.name), "`name` needs words in both languages");
    must(
        is_told(&definition.definition),
        "`definition` needs words in both languages",
    );
    let (Source::Own(source) | Source::Cite(source)) = &definition.source;
    must(
        is_told(source),
        "`source` needs words in both languages: where it is from, or why it is our own",
    );
    let counts = &definition.counts;
    must(
        counts.of != Subject::Fact,
        "`counts.of`: a fact is counted with the matter that it is of; count `close` and take `value = { fact = … }`",
    );
    let fits = match definition.period {
        Period::Began => true,
        Period::Ended => counts.of != Subject::Open,
        Period::Standing => matches!(
            counts.of,
            Subject::Stay | Subject::Goods | Subject::Task | Subject::Proposal
        ),
        Period::Overdue => counts.of == Subject::Clock && counts.states.is_empty(),
    };
    must(
        fits,
        "`period` does not fit what is counted: openings do not end, only stays, goods, tasks and proposals stand, only clocks of any state are overdue",
    );
    let takes = match (&definition.aggregate, &definition.value) {
        (Aggregate::Count, value) => *value == Value::One,
        (Aggregate::Sum | Aggregate::Median | Aggregate::P90, value) => {
            matches!(value, Value::Own | Value::Fact(_))
        }
        (Aggregate::Share, value) => {
            matches!(value, Value::State(_) | Value::Done(_) | Value::Fact(_))
        }
    };
    must(
        takes,
        "`value` does not fit `aggregate`: a count takes none, a share a state, an act or a flag, the others a number",
    );
    if let Value::State(states) = &definition.value {
        must(
            !states.is.is_empty() && states.is.is_disjoint(&states.unknown),
            "`value.state.is` names at least one state, and none that is `unknown` too",
        );
    }
    let is_share = definition.aggregate == Aggregate::Share;
    must(
        is_share == (definition.unit == Unit::Share),
        "`unit` is `share` for a share and for nothing else",
    );
    let counts_unit = if counts.of == Subject::Clock {
        Unit::Clocks
    } else {
        Unit::Matters
    };
    must(
        definition.aggregate != Aggregate::Count || definition.unit == counts_unit,
        "`unit` of a count is `matters`, of clocks `clocks`",
    );
    wrong
}

/// Whether a procedure has something of a name.
type Found<'f> = &'f dyn Fn(&Procedure, &str) -> bool;

/// Names that nothing in the procedures has.
fn unknown_names(definition: &Definition, procedures: &Procedures) -> Vec<String> {
    let counts = &definition.counts;
    let mut wrong = Vec::new();
    for id in &counts.procedures {
        if !procedures.has(id) {
            wrong.push(format!("`counts.procedures`: there is no procedure `{id}`"));
        }
    }
    let counted: Vec<&Procedure> = procedures
        .iter()
        .filter(|procedure| counts.procedures.is_empty() || counts.procedures.contains(&procedure.id))
        .collect();
    let has = |found: &dyn Fn(&Procedure) -> bool| counted.iter().any(|procedure| found(procedure));
    let mut must = |place: &str, names: &BTreeSet<String>, found: &dyn Fn(&Procedure, &str) -> bool| {
        for name in names {
            if !has(&|procedure| found(procedure, name)) {
                wrong.push(format!(
                    "`{place}`: none of the procedures that are counted has `{name}`"
                ));
            }
        }
    };
    let is_act = |procedure: &Procedure, name: &str| procedure.act_of(name).is_some();
    let is_open_stage = |procedure: &Procedure, name: &str| {
        let stage = procedure.stage_of(name);
        stage.is_some_and(|stage| stage.kind != StageKind::Closed)
    };
    let is_closed_stage = |procedure: &Procedure, name: &str| {
        let stage = procedure.stage_of(name);
        stage.is_some_and(|stage| stage.kind == StageKind::Closed)
    };
    let is_duty = |procedure: &Procedure, name: &str| {
        let clock = procedure.clock_of(name);
        clock.is_some_and(|clock| !clock.window)
    };
    let is_outcome = |procedure: &Procedure, name: &str| {
        let mut stages = procedure.stage.iter();
        stages.any(|stage| stage.outcome.as_deref() == Some(name))
    };
    let is_clock_state = |_: &Procedure, name: &str| clock_state::ALL.contains(&name);
    let is_stage_kind = |_: &Procedure, name: &str| matches!(name, "working" | "waiting");
    let nothing = |_: &Procedure, _: &str| false;
    let is_role = |procedure: &Procedure, name: &str| procedure.role.iter().any(|role| role.id == name);
    let is_kind_of_goods =
        |_: &Procedure, name: &str| goods::Kind::ALL.iter().any(|kind| kind.term().word == name);
    let is_state_of_goods =
        |_: &Procedure, name: &str| matches!(name, ledger_state::COMPLETE | ledger_state::GAPS);
    let is_state_of_task = |_: &Procedure, name: &str| {
        name == ledger_state::OPEN || End::ALL.iter().any(|end| end.term().word == name)
    };
    let (names, states): (Found<'_>, Found<'_>) = match counts.of {
        Subject::Open => (&is_open_stage, &nothing),
        Subject::Stay => (&is_open_stage, &is_stage_kind),
        Subject::Close => (&is_closed_stage, &is_outcome),
        Subject::Act => (&is_act, &nothing),
        Subject::Clock => (&is_duty, &is_clock_state),
        Subject::Fact => (&nothing, &nothing),
        Subject::Goods => (&is_kind_of_goods, &is_state_of_goods),
        Subject::Task => (&nothing, &is_state_of_task),
        Subject::Proposal => (&is_role, &is_act),
    };
    must("counts.names", &counts.names, names);
    must("counts.states", &counts.states, states);
    must("counts.done", &counts.done, &is_act);
    let is_flag = |procedure: &Procedure, name: &str| {
        let fact = procedure.fact_of(name);
        fact.is_some_and(|fact| fact.kind == FactKind::Flag)
    };
    let flags = counts.flags.keys().cloned().collect();
    must("counts.flags", &flags, &is_flag);
    match &definition.value {
        Value::One | Value::Own => {}
        Value::Done(acts) => must("value.done", acts, &is_act),
        Value::State(of) => {
            must("value.state.is", &of.is, states);
            must("value.state.unknown", &of.unknown, states);
        }
        Value::Fact(fact) => {
            let wanted: &[FactKind] = match (definition.aggregate, definition.unit) {
                (Aggregate::Share, _) => &[FactKind::Flag],
                (_, Unit::Fen) => &[FactKind::Fen],
                _ => &[FactKind::Count],
            };
            let fits = |procedure: &Procedure, name: &str| {
                let fact = procedure.fact_of(name);
                fact.is_some_and(|fact| wanted.contains(&fact.kind))
            };
            must("value.fact", &[fact.clone()].into(), &fits);
        }
    }
    let opens = |procedure: &Procedure| procedure.act.iter().any(|act| act.kind == ActKind::Open);
    if counted.is_empty() || !has(&opens) {
        wrong.push("no procedure is counted".to_owned());
    }
    wrong
}
