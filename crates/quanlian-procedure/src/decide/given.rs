//! What must be given with an act, by its kind: a reason, a stage, an agency, a clock, an event to supersede.
//!
//! In:  the guards of an act, with what is given or, before anything is, without.
//! Out: lacks.
//!
//! Invariant: a part that the act does not take is refused: a stage given with an ordinary step would be ignored, and
//! what is ignored looks done.

use std::collections::BTreeMap;

use quanlian_law::Moment;

use super::guard::Guard;
use crate::{
    event::{FactValue, Given},
    matter::{MAX_EXTENSIONS, MAX_MEMBERS, MAX_PAUSES, Matter, Pause},
    procedure::{Act, ActKind, Length},
    refusal::{Lack, LackCode},
};

impl Guard<'_> {
    pub(super) fn given_parts(&mut self, act: &Act) {
        let Some(given) = self.given else { return };
        let limits = given.check_limits();
        self.limit(&limits);
        if limits.is_err() {
            // Looking at a list beyond its limit would make the refusal as long as the list.
            return;
        }
        self.known_parts(&given.facts, &given.papers);
        self.counterparts(act, given);
        if (act.reason || act.kind.needs_reason())
            && given.reason.as_ref().is_none_or(|text| text.trim().is_empty())
        {
            self.add(Lack::new(LackCode::ReasonMissing));
        }
        self.not_taken(act, given);
        let Some(matter) = self.matter else { return };
        match act.kind {
            ActKind::Open | ActKind::Step | ActKind::Withdraw | ActKind::Reopen => {}
            ActKind::Suspend => self.suspension(matter),
            ActKind::Resume => self.resumption(matter),
            ActKind::Return => self.stage_to_return_to(act, matter, given),
            ActKind::Transfer => self.agency_to_transfer_to(act, matter, given),
            ActKind::Join | ActKind::Leave => self.joint_agency(act, matter, given),
            ActKind::AddMember | ActKind::RemoveMember => self.member(act, matter, given),
            ActKind::Correct => self.superseded(matter, given),
            ActKind::Extend => self.extension(matter, given),
            ActKind::Upgrade => self.version(matter, given),
        }
    }

    /// Facts and papers that the procedure knows, of the kind that it says.
    pub(super) fn known_parts(
        &mut self,
        facts: &BTreeMap<String, FactValue>,
        papers: &BTreeMap<String, String>,
    ) {
        for (id, value) in facts {
            match self.procedure.fact_of(id) {
                None => self.add(Lack::of(LackCode::FactUnknown, id)),
                Some(fact) if fact.kind != value.kind() => {
                    let name = fact.name.clone();
                    self.add(Lack::named(LackCode::FactKind, id, &name));
                }
                Some(_) => {}
            }
        }
        for id in papers.keys().filter(|id| self.procedure.paper_of(id).is_none()) {
            self.lacks.insert(Lack::of(LackCode::PaperUnknown, id));
        }
    }

    fn counterparts(&mut self, act: &Act, given: &Given) {
        for (id, agency) in &given.counterparts {
            let Some(part) = self.procedure.counterpart_of(id) else {
                self.add(Lack::of(LackCode::CounterpartUnknown, id));
                continue;
            };
            let before = self.matter.and_then(|matter| matter.counterparts.get(id));
            if before.is_some_and(|before| before != agency) {
                self.add(Lack::named(LackCode::CounterpartFixed, id, &part.name));
            }
        }
        for id in &act.counterparts {
            let before = self
                .matter
                .is_some_and(|matter| matter.counterparts.contains_key(id));
            if !before && !given.counterparts.contains_key(id) {
                let name = self.procedure.counterpart_of(id).map(|part| part.name.clone());
                self.add(Lack::named(
                    LackCode::CounterpartMissing,
                    id,
                    &name.unwrap_or_default(),
                ));
            }
        }
    }

    fn not_taken(&mut self, act: &Act, given: &Given) {
        let kind = act.kind;
        let takes_agency = matches!(kind, ActKind::Transfer | ActKind::Join | ActKind::Leave);
        let takes_member = matches!(kind, ActKind::AddMember | ActKind::RemoveMember);
        let parts = [
            ("to_stage", given.to_stage.is_some(), kind == ActKind::Return),
            ("agency", given.agency.is_some(), takes_agency),
            ("member", given.member.is_some(), takes_member),
            ("clock", given.clock.is_some(), kind == ActKind::Extend),
            ("length", given.length.is_some(), kind == ActKind::Extend),
            ("supersedes", given.supersedes.is_some(), kind == ActKind::Correct),
            (
                "happened_instead",
                given.happened_instead.is_some(),
                kind == ActKind::Correct,
            ),
            ("version", given.version.is_some(), kind == ActKind::Upgrade),
        ];
        for (part, _, _) in parts.into_iter().filter(|(_, given, taken)| *given && !taken) {
            self.add(Lack::of(LackCode::NotTaken, part));
        }
    }

    fn stage_to_return_to(&mut self, act: &Act, matter: &Matter, given: &Given) {
        let possible = super::available::stages_to_return_to(self.procedure, matter, act);
        match &given.to_stage {
            None => self.add(Lack::new(LackCode::ToStageMissing).wanting(possible)),
            Some(stage) if !matter.may_return_to(self.procedure, act, stage) => {
                self.add(Lack::of(LackCode::ToStageNotAllowed, stage).wanting(possible));
            }
            Some(_) => {}
        }
    }

    fn agency_to_transfer_to(&mut self, act: &Act, matter: &Matter, given: &Given) {
        let now = match &act.of {
            Some(counterpart) => matter.counterparts.get(counterpart),
            None => Some(&matter.agency),
        };
        match &given.agency {
            None => self.add(Lack::new(LackCode::AgencyMissing)),
            Some(agency) if now == Some(agency) => self.add(Lack::of(LackCode::AgencySame, agency)),
            Some(_) => {}
        }
    }

    fn joint_agency(&mut self, act: &Act, matter: &Matter, given: &Given) {
        let Some(agency) = &given.agency else {
            self.add(Lack::new(LackCode::AgencyMissing));
            return;
        };
        let is_in = matter.joint.contains(agency);
        if act.kind == ActKind::Leave {
            if !is_in {
                self.add(Lack::of(LackCode::AgencyNotJoint, agency));
            }
        } else if is_in || *agency == matter.agency {
            self.add(Lack::of(LackCode::AgencySame, agency));
        } else if matter.joint.len() >= MAX_MEMBERS {
            self.add(Lack::of(LackCode::Limit, "agency"));
        }
    }

    fn member(&mut self, act: &Act, matter: &Matter, given: &Given) {
        let Some(member) = &given.member else {
            self.add(Lack::new(LackCode::MemberMissing));
            return;
        };
        let is_in = matter.members.contains(member);
        if act.kind == ActKind::RemoveMember {
            if !is_in {
                self.add(Lack::of(LackCode::MemberUnknown, member));
            }
        } else if is_in || *member == matter.id {
            self.add(Lack::of(LackCode::MemberTwice, member));
        } else if matter.members.len() >= MAX_MEMBERS {
            self.add(Lack::of(LackCode::Limit, "member"));
        }
    }

    fn superseded(&mut self, matter: &Matter, given: &Given) {
        let Some(superseded) = given.supersedes else {
            self.add(Lack::new(LackCode::SupersededMissing));
            return;
        };
        if !matter.history.iter().any(|past| past.seq == superseded) {
            self.add(Lack::of(LackCode::SupersededUnknown, &superseded.to_string()));
        }
        if let Some(moment) = given.happened_instead {
            let future = match moment {
                Moment::At(at) => at > self.context.now,
                Moment::Day(day) => day > self.context.now.legal_day(),
            };
            if future {
                self.add(Lack::new(LackCode::InFuture));
            }
            self.corrected_clocks(matter, superseded, moment);
            if superseded != 1 && moment.day() < matter.opened.day() {
                self.add(Lack::new(LackCode::BeforeOpening));
            }
        }
    }

    /// A pause begins after the one before it has ended.
    fn suspension(&mut self, matter: &Matter) {
        let day = self.context.moment().day();
        let runs = || matter.clocks.iter().filter(|run| run.runs());
        if runs()
            .flat_map(|run| &run.pauses)
            .any(|pause| pause.to.is_none_or(|to| day <= to))
        {
            self.add(Lack::new(LackCode::SuspensionOverlaps));
        }
        if runs().any(|run| run.pauses.len() >= MAX_PAUSES) {
            self.add(Lack::of(LackCode::Limit, "suspend"));
        }
    }

    fn resumption(&mut self, matter: &Matter) {
        let day = self.context.moment().day();
        let mut open = matter
            .clocks
            .iter()
            .flat_map(|run| &run.pauses)
            .filter(|pause| pause.to.is_none());
        if open.any(|pause| day < pause.from) {
            self.add(Lack::new(LackCode::SuspensionOverlaps));
        }
    }

    /// What a corrected event began or ended still begins before it ends, and pauses stay one after the other.
    fn corrected_clocks(&mut self, matter: &Matter, superseded: u32, moment: Moment) {
        let mut after = matter.clone();
        after.move_ticks(superseded, moment);
        for run in &after.clocks {
            let began = run.started.day();
            let ended = run.ended.filter(|_| began <= self.context.now.legal_day());
            if ended.is_some_and(|ended| ended.day() < began) {
                let name = self
                    .procedure
                    .clock_of(&run.clock)
                    .map(|clock| clock.name.clone());
                self.lacks.insert(Lack::named(
                    LackCode::BeforeClock,
                    &run.clock,
                    &name.unwrap_or_default(),
                ));
            }
            let overlap = |pair: &[Pause]| pair[0].to.is_none_or(|to| pair[1].from <= to);
            if run.pauses.windows(2).any(overlap) {
                self.lacks.insert(Lack::new(LackCode::SuspensionOverlaps));
            }
        }
    }

    fn extension(&mut self, matter: &Matter, given: &Given) {
        let Some(length) = given.length.filter(|length| length.number() > 0) else {
            self.add(Lack::new(LackCode::LengthMissing));
            return;
        };
        let Some(id) = &given.clock else {
            self.add(Lack::new(LackCode::ClockMissing));
            return;
        };
        let Some(run) = matter.running(id).next() else {
            self.add(Lack::of(LackCode::ClockNotRunning, id));
            return;
        };
        let clock = self.procedure.clock_of(id);
        let name = clock.map(|clock| clock.name.clone()).unwrap_or_default();
        if !clock.is_some_and(|clock| self.may_extend(clock, run, length)) {
            self.add(Lack::named(LackCode::ExtensionNotAllowed, id, &name));
        }
    }

    /// By the rule of law, when it provides for extensions (it says itself when they are too long); by the limit, up to
    /// what that allows in all.
    fn may_extend(
        &self,
        clock: &crate::procedure::Clock,
        run: &crate::matter::ClockRun,
        length: Length,
    ) -> bool {
        if run.extensions.len() >= MAX_EXTENSIONS {
            return false;
        }
        if let Some(rule) = &clock.rule {
            let extension = self
                .engine
                .clock_rule(rule)
                .is_some_and(|clock| clock.extension.is_some());
            return extension && !matches!(length, Length::Hours(_)) && length.number() <= 1_000;
        }
        let most = clock.limit.as_ref().and_then(|limit| limit.extension);
        let before = run
            .extensions
            .iter()
            .fold(0_u32, |sum, granted| sum.saturating_add(granted.length.number()));
        most.is_some_and(|most| {
            most.same_unit(length) && before.saturating_add(length.number()) <= most.number()
        })
    }

    fn version(&mut self, matter: &Matter, given: &Given) {
        let Some(version) = given.version else {
            self.add(Lack::new(LackCode::VersionMissing));
            return;
        };
        let to = self.engine.procedures.get(&matter.procedure, version);
        let Some(to) = to.filter(|_| version != matter.version) else {
            self.add(Lack::of(LackCode::VersionUnknown, &version.to_string()));
            return;
        };
        if to.is_closed(&matter.stage) {
            self.add(Lack::of(LackCode::VersionLacks, &matter.stage));
        }
        for run in matter
            .clocks
            .iter()
            .filter(|run| to.clock_of(&run.clock).is_none())
        {
            self.add(Lack::of(LackCode::VersionLacks, &run.clock));
        }
    }
}
