//! The register: all entries together, and who could reach a point on a day.
//!
//! In:  [`Entry`]s in any order.
//! Out: the versions of each thing, what does not fit together ([`Fault`]), and answers at a day.
//!
//! Invariants: an answer names the entries that it rests on. Where nothing is recorded the answer is "undetermined",
//! never "nobody" or "none". What was recorded only after the day that is asked about says so.
//!
//! Not here: which measures covered a point (`checklist`), storage.

use std::collections::{BTreeMap, BTreeSet};

use quanlian_record::{
    id::DepositId,
    time::{Day, Timestamp},
};
use serde::Serialize;

use super::statement::{Access, Entry, Id, Measure, Point, Statement};

/// All entries about one thing, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Versions {
    /// Sorted by the time of recording, then by id.
    pub entries: Vec<Entry>,
}

/// Something in the register that a person must put right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Fault {
    /// Two versions of one thing, none of which takes the place of the other: nobody can say which holds.
    TwoVersions {
        /// `point`, `access` or `measure`.
        of: &'static str,
        /// Its name.
        id: Id,
        /// The entries.
        entries: Vec<DepositId>,
    },
    /// An entry takes the place of one that was not in the register before it (it was erased, say).
    ReplacedMissing {
        /// The entry.
        entry: DepositId,
        /// What it replaces.
        replaced: DepositId,
    },
    /// An access or a measure names a point that is not in the register.
    UnknownPoint {
        /// The entry.
        entry: DepositId,
        /// The point.
        point: Id,
    },
}

impl Fault {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TwoVersions { .. } => "two_versions",
            Self::ReplacedMissing { .. } => "replaced_missing",
            Self::UnknownPoint { .. } => "unknown_point",
        }
    }
}

/// The register as its entries make it.
#[derive(Debug, Clone, Default)]
pub struct Register {
    things: BTreeMap<(&'static str, Id), Versions>,
    faults: Vec<Fault>,
}

/// Who could reach a point on a day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Persons {
    /// The point.
    pub point: Id,
    /// The day.
    pub on: Day,
    /// Whether any access to the point is recorded at all. When not, who had access is undetermined.
    pub is_recorded: bool,
    /// Every recorded access to the point, those of other days too.
    pub accesses: Vec<Accessed>,
}

/// One recorded access, seen from a day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Accessed {
    /// The access.
    pub access: Id,
    /// Who.
    pub person: String,
    /// As what.
    pub role: String,
    /// By what.
    pub basis: String,
    /// Training or undertaking of this person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undertaking: Option<String>,
    /// From.
    pub from: Day,
    /// To, included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// When the person left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_on: Option<Day>,
    /// Whether that is so on the day.
    pub state: AccessState,
    /// The entry that says so.
    pub entry: DepositId,
    /// When it was entered.
    pub recorded_at: Timestamp,
    /// Entered only after the day that is asked about.
    pub is_recorded_later: bool,
    /// Deposits that show it; none: the entry is all there is.
    pub evidence: Vec<DepositId>,
    /// Measures that bound this person on the day, by name.
    pub bound_by: Vec<Id>,
}

/// Whether somebody could reach a point on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessState {
    /// The day lies in the recorded time.
    HadAccess,
    /// The person had left, and no record says that the access was ended.
    LeftWithoutEnd,
    /// The day lies before or after the recorded time.
    OutsidePeriod,
}

impl Register {
    /// Puts entries together. Entries that contradict each other become [`Fault`]s; all stay in the register.
    pub fn from_entries(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut register = Self::default();
        for entry in entries {
            let key = (entry.statement.word(), entry.statement.id().clone());
            register.things.entry(key).or_default().entries.push(entry);
        }
        for ((of, id), versions) in &mut register.things {
            let by_time = |entry: &Entry| (entry.recorded_at, entry.deposit);
            versions.entries.sort_by_key(by_time);
            let mut known = BTreeSet::new();
            for entry in &versions.entries {
                if let Some(replaced) = entry.replaces.filter(|replaced| !known.contains(replaced)) {
                    let entry = entry.deposit;
                    register.faults.push(Fault::ReplacedMissing { entry, replaced });
                }
                known.insert(entry.deposit);
            }
            let standing: Vec<DepositId> = versions.standing().map(|entry| entry.deposit).collect();
            if standing.len() > 1 {
                register.faults.push(Fault::TwoVersions {
                    of,
                    id: id.clone(),
                    entries: standing,
                });
            }
        }
        let unknown = register.unknown_points();
        register.faults.extend(unknown);
        register
    }

    fn unknown_points(&self) -> Vec<Fault> {
        let is_known = |id: &&Id| !self.things.contains_key(&("point", (*id).clone()));
        let mut faults = Vec::new();
        for entry in self.things.values().flat_map(Versions::standing) {
            let named: &[Id] = match &entry.statement {
                Statement::Point(_) => &[],
                Statement::Access(access) => &access.points,
                Statement::Measure(measure) => match &measure.scope {
                    super::Scope::All => &[],
                    super::Scope::Points(points) => points,
                },
            };
            faults.extend(named.iter().filter(is_known).map(|point| Fault::UnknownPoint {
                entry: entry.deposit,
                point: point.clone(),
            }));
        }
        faults
    }

    /// What does not fit together.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The versions of a thing: `of` is `point`, `access` or `measure`.
    pub fn versions(&self, of: &'static str, id: &Id) -> Option<&Versions> {
        self.things.get(&(of, id.clone()))
    }

    /// Every thing with its versions, in the order of kind and name.
    pub fn things(&self) -> impl Iterator<Item = &Versions> {
        self.things.values()
    }

    /// The points as they stand, each with its entry. One with two standing versions comes twice.
    pub fn points(&self) -> impl Iterator<Item = (&Entry, &Point)> {
        self.standing().filter_map(|entry| match &entry.statement {
            Statement::Point(point) => Some((entry, point)),
            _ => None,
        })
    }

    /// The accesses as they stand.
    pub fn accesses(&self) -> impl Iterator<Item = (&Entry, &Access)> {
        self.standing().filter_map(|entry| match &entry.statement {
            Statement::Access(access) => Some((entry, access)),
            _ => None,
        })
    }

    /// The measures as they stand.
    pub fn measures(&self) -> impl Iterator<Item = (&Entry, &Measure)> {
        self.standing().filter_map(|entry| match &entry.statement {
            Statement::Measure(measure) => Some((entry, measure)),
            _ => None,
        })
    }

    fn standing(&self) -> impl Iterator<Item = &Entry> {
        self.things.values().flat_map(Versions::standing)
    }

    /// Who could reach `point` on `on`; `None` when the point is not in the register.
    pub fn who(&self, point: &Id, on: Day) -> Option<Persons> {
        self.versions("point", point)?;
        let accesses: Vec<Accessed> = (self.accesses())
            .filter(|(_, access)| access.points.contains(point))
            .map(|(entry, access)| self.accessed(entry, access, point, on))
            .collect();
        Some(Persons {
            point: point.clone(),
            on,
            is_recorded: !accesses.is_empty(),
            accesses,
        })
    }

    fn accessed(&self, entry: &Entry, access: &Access, point: &Id, on: Day) -> Accessed {
        let bound_by = (self.measures())
            .filter(|(_, measure)| {
                measure.scope.covers(point)
                    && measure.persons.contains(&access.person)
                    && is_within(on, measure.from, measure.until)
            })
            .map(|(_, measure)| measure.id.clone());
        Accessed {
            access: access.id.clone(),
            person: access.person.clone(),
            role: access.role.clone(),
            basis: access.basis.clone(),
            undertaking: access.undertaking.clone(),
            from: access.from,
            until: access.until,
            left_on: access.left_on,
            state: if !is_within(on, access.from, access.until) {
                AccessState::OutsidePeriod
            } else if access.until.is_none() && access.left_on.is_some_and(|left| left < on) {
                AccessState::LeftWithoutEnd
            } else {
                AccessState::HadAccess
            },
            entry: entry.deposit,
            recorded_at: entry.recorded_at,
            is_recorded_later: entry.recorded_at.legal_day() > on,
            evidence: access.evidence.clone(),
            bound_by: bound_by.collect(),
        }
    }
}

impl Versions {
    /// The entries whose place no other took: one, unless two people changed the same thing without knowing of each other.
    ///
    /// Only an older entry can be replaced, so that two that name each other cannot both go.
    pub fn standing(&self) -> impl Iterator<Item = &Entry> {
        let (mut seen, mut replaced) = (BTreeSet::new(), BTreeSet::new());
        for entry in &self.entries {
            replaced.extend(entry.replaces.filter(|older| seen.contains(older)));
            seen.insert(entry.deposit);
        }
        (self.entries.iter()).filter(move |entry| !replaced.contains(&entry.deposit))
    }

    /// The one entry that stands; `None` when there are two.
    pub fn newest(&self) -> Option<&Entry> {
        let mut standing = self.standing();
        let newest = standing.next();
        if standing.next().is_some() { None } else { newest }
    }
}

/// Whether a day lies in a time whose last day, where there is one, is included.
pub(super) fn is_within(on: Day, from: Day, until: Option<Day>) -> bool {
    from <= on && until.is_none_or(|until| on <= until)
}
