//! Folding steps into a ledger, and deciding whether new ones can follow.

use std::collections::BTreeMap;

use quanlian_record::time::Day;
use serde::Serialize;

use crate::{
    Event, GoodsId, Mark, PartyId, Refusal, RefusalCode, Refused, Step, TaskId, Withdrawal,
    goods::{Goods, GoodsEntry, Values},
    party::Party,
    step::EVENT_VERSION,
    task::{Ended, Task, TaskEntry},
    text::is_remark,
    verdict::{MatchKey, VerdictEntry, Verdicts},
};

/// A ledger holds no more parties,
const MAX_PARTIES: usize = 1000;
/// no more goods,
const MAX_GOODS: usize = 5000;
/// no more tasks
const MAX_TASKS: usize = 2000;
/// and no more movements.
const MAX_MOVEMENTS: usize = 20_000;

/// A party on the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartyEntry {
    /// Who.
    pub party: Party,
    /// Who entered them.
    pub added: Mark,
    /// Who set it right last, and why.
    pub corrected: Option<Withdrawal>,
    /// Why they stand on the list no longer.
    pub withdrawn: Option<Withdrawal>,
}

/// An event that does not fold: it names what is not there, or is of a newer version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an event of the ledger cannot be read: {0}")]
pub struct Damaged(pub String);

/// Parties, goods, tasks and verdicts of a matter.
///
/// ```
/// use quanlian_ledger::{Ledger, Mark, Step};
///
/// let step: Step = serde_json::from_str(
///     r#"{"do": "add_party", "party": {"roles": ["suspect"], "kind": "unknown", "accounts": ["音乐平台: 频道一号"]}}"#,
/// )
/// .unwrap();
/// let mark = Mark { at: "2024-12-20T01:30:00Z".parse().unwrap(), by: "culture/li".into() };
/// let (ledger, event) = Ledger::default().decide(vec![step], mark).unwrap();
/// assert_eq!(ledger.parties().len(), 1);
/// // What is kept is the event; the ledger is made of it again.
/// let mut again = Ledger::default();
/// again.apply(&event).unwrap();
/// assert_eq!(again, ledger);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    parties: BTreeMap<PartyId, PartyEntry>,
    goods: BTreeMap<GoodsId, GoodsEntry>,
    tasks: BTreeMap<TaskId, TaskEntry>,
    // Their keys are pairs, which are no names of JSON: whoever shows them makes a list.
    #[serde(skip)]
    verdicts: Verdicts,
    #[serde(skip)]
    movements: usize,
}

impl Ledger {
    /// Everybody, those withdrawn too.
    pub fn parties(&self) -> &BTreeMap<PartyId, PartyEntry> {
        &self.parties
    }

    /// All goods, those withdrawn too.
    pub fn goods(&self) -> &BTreeMap<GoodsId, GoodsEntry> {
        &self.goods
    }

    /// All tasks.
    pub fn tasks(&self) -> &BTreeMap<TaskId, TaskEntry> {
        &self.tasks
    }

    /// What people say of matches, by report and line.
    pub fn verdicts(&self) -> &BTreeMap<MatchKey, VerdictEntry> {
        &self.verdicts.0
    }

    /// Whether nothing was ever entered.
    pub fn is_empty(&self) -> bool {
        self.parties.is_empty()
            && self.goods.is_empty()
            && self.tasks.is_empty()
            && self.verdicts.0.is_empty()
    }

    /// The parties that stand.
    pub fn standing_parties(&self) -> impl Iterator<Item = (PartyId, &Party)> {
        let standing = self.parties.iter().filter(|(_, entry)| entry.withdrawn.is_none());
        standing.map(|(id, entry)| (*id, &entry.party))
    }

    /// The goods that stand.
    pub fn standing_goods(&self) -> impl Iterator<Item = (GoodsId, &GoodsEntry)> {
        let standing = self.goods.iter().filter(|(_, entry)| entry.withdrawn.is_none());
        standing.map(|(id, entry)| (*id, entry))
    }

    /// What the goods that stand are worth, by basis.
    pub fn values(&self) -> Values {
        Values::of(self.standing_goods().map(|(_, entry)| &entry.goods))
    }

    /// Whether these steps can be taken at this time; the ledger after them and the event to keep, or everything against them.
    pub fn decide(&self, steps: Vec<Step>, mark: Mark) -> Result<(Self, Event), Refused> {
        let today = mark.at.legal_day();
        let mut after = self.clone();
        let mut refusals = Vec::new();
        for (place, step) in steps.iter().enumerate() {
            let against = after.against(step, today);
            if against.is_empty() {
                // Nothing stands against it, so it folds; if not, that is said as what it is: an entry that is not there.
                if after.take(step, &mark).is_none() {
                    refusals.push(Refusal {
                        step: place,
                        code: RefusalCode::Unknown,
                        about: None,
                    });
                }
            } else {
                let of_step = |(code, about)| Refusal {
                    step: place,
                    code,
                    about,
                };
                refusals.extend(against.into_iter().map(of_step));
            }
        }
        if refusals.is_empty() {
            Ok((
                after,
                Event {
                    ledger: EVENT_VERSION,
                    mark,
                    steps,
                },
            ))
        } else {
            Err(Refused(refusals))
        }
    }

    /// Folds an event that was kept.
    pub fn apply(&mut self, event: &Event) -> Result<(), Damaged> {
        if event.ledger != EVENT_VERSION {
            return Err(Damaged(format!("it is of version {}", event.ledger)));
        }
        for step in &event.steps {
            self.take(step, &event.mark)
                .ok_or_else(|| Damaged("it names an entry that is not there".to_owned()))?;
        }
        Ok(())
    }

    fn take(&mut self, step: &Step, mark: &Mark) -> Option<()> {
        let with = |why: &String| Withdrawal {
            mark: mark.clone(),
            why: why.clone(),
        };
        match step {
            Step::AddParty { party } => {
                let entry = PartyEntry {
                    party: party.clone(),
                    added: mark.clone(),
                    corrected: None,
                    withdrawn: None,
                };
                self.parties.insert(PartyId(next(self.parties.len())?), entry);
            }
            Step::CorrectParty { id, party, why } => {
                let entry = self.parties.get_mut(id)?;
                entry.party = party.clone();
                entry.corrected = Some(with(why));
            }
            Step::WithdrawParty { id, why } => self.parties.get_mut(id)?.withdrawn = Some(with(why)),
            Step::AddGoods { goods } => {
                let entry = GoodsEntry::new((**goods).clone(), mark.clone());
                self.goods.insert(GoodsId(next(self.goods.len())?), entry);
            }
            Step::CorrectGoods { id, goods, why } => {
                self.goods.get_mut(id)?.correct((**goods).clone(), with(why));
            }
            Step::WithdrawGoods { id, why } => self.goods.get_mut(id)?.withdrawn = Some(with(why)),
            Step::MoveGoods { id, lot, movement } => {
                self.goods.get_mut(id)?.move_lot(*lot, movement, mark.clone())?;
                self.movements += 1;
            }
            Step::AddTask { task } => {
                let entry = TaskEntry {
                    task: task.clone(),
                    added: mark.clone(),
                    ended: None,
                };
                self.tasks.insert(TaskId(next(self.tasks.len())?), entry);
            }
            Step::ChangeTask { id, task } => self.tasks.get_mut(id)?.task = task.clone(),
            Step::EndTask { id, how, note } => {
                let ended = Ended {
                    mark: mark.clone(),
                    how: *how,
                    note: note.clone(),
                };
                self.tasks.get_mut(id)?.ended = Some(ended);
            }
            Step::ReopenTask { id, .. } => self.tasks.get_mut(id)?.ended = None,
            Step::JudgeMatch(judgement) => self.verdicts.take(judgement, mark),
        }
        Some(())
    }

    /// Everything that stands against a step.
    fn against(&self, step: &Step, today: Day) -> Vec<(RefusalCode, Option<String>)> {
        let mut against = match step {
            Step::AddParty { party } => full(self.parties.len() < MAX_PARTIES)
                .chain(self.against_party(party, None))
                .collect(),
            Step::CorrectParty { id, party, .. } => match self.standing_party(*id) {
                Some(_) => self.against_party(party, Some(*id)),
                None => unknown(id),
            },
            Step::WithdrawParty { id, .. } => match self.standing_party(*id) {
                Some(_) => self.uses(*id),
                None => unknown(id),
            },
            Step::AddGoods { goods } => full(self.goods.len() < MAX_GOODS)
                .chain(self.against_goods(goods, today))
                .collect(),
            Step::CorrectGoods { id, goods, .. } => match self.standing_entry(*id) {
                Some(entry) => {
                    let mut against = self.against_goods(goods, today);
                    if !entry.movements.is_empty() && !is_same_start(&entry.goods, goods) {
                        against.push((RefusalCode::GoodsMoved, Some(id.to_string())));
                    }
                    against
                }
                None => unknown(id),
            },
            Step::WithdrawGoods { id, .. } => match self.standing_entry(*id) {
                Some(entry) if entry.movements.is_empty() => Vec::new(),
                Some(_) => vec![(RefusalCode::GoodsMoved, Some(id.to_string()))],
                None => unknown(id),
            },
            Step::MoveGoods { id, lot, movement } => match self.standing_entry(*id) {
                Some(entry) => {
                    let about = Some(format!("{id}.{lot}"));
                    let Some(lot) = entry.lots.iter().find(|one| one.number == *lot) else {
                        return vec![(RefusalCode::LotUnknown, about)];
                    };
                    let faults = movement.faults(entry, lot, today).into_iter();
                    full(self.movements < MAX_MOVEMENTS)
                        .chain(faults.map(|code| (code, about.clone())))
                        .collect()
                }
                None => unknown(id),
            },
            Step::AddTask { task } => full(self.tasks.len() < MAX_TASKS)
                .chain(self.against_task(task))
                .collect(),
            Step::ChangeTask { id, task } => match self.tasks.get(id) {
                Some(entry) if entry.ended.is_some() => vec![(RefusalCode::TaskEnded, Some(id.to_string()))],
                Some(_) => self.against_task(task),
                None => unknown(id),
            },
            Step::EndTask { id, note, .. } => match self.tasks.get(id) {
                Some(entry) if entry.ended.is_some() => vec![(RefusalCode::TaskEnded, Some(id.to_string()))],
                Some(_) if note.as_ref().is_some_and(|note| !is_remark(note)) => {
                    vec![(RefusalCode::Text, None)]
                }
                Some(_) => Vec::new(),
                None => unknown(id),
            },
            Step::ReopenTask { id, .. } => match self.tasks.get(id) {
                Some(entry) if entry.ended.is_none() => vec![(RefusalCode::TaskOpen, Some(id.to_string()))],
                Some(_) => Vec::new(),
                None => unknown(id),
            },
            Step::JudgeMatch(judgement) => self.verdicts.against(judgement),
        };
        if let Step::CorrectParty { why, .. }
        | Step::WithdrawParty { why, .. }
        | Step::CorrectGoods { why, .. }
        | Step::WithdrawGoods { why, .. }
        | Step::ReopenTask { why, .. } = step
            && !is_remark(why)
        {
            against.push((RefusalCode::Text, Some("why".to_owned())));
        }
        against
    }

    fn against_party(&self, party: &Party, own: Option<PartyId>) -> Vec<(RefusalCode, Option<String>)> {
        let mut against: Vec<_> = party.faults().into_iter().map(|code| (code, None)).collect();
        for (id, other) in self.standing_parties().filter(|(id, _)| Some(*id) != own) {
            if party
                .identifiers
                .iter()
                .any(|number| other.identifiers.contains(number))
            {
                against.push((RefusalCode::PartyTwice, Some(id.to_string())));
            }
        }
        let mut at = party.acts_for;
        let mut steps = 0;
        while let Some(id) = at {
            let next = self.standing_party(id);
            if next.is_none() || Some(id) == own || steps > MAX_PARTIES {
                against.push((RefusalCode::PartyActsFor, Some(id.to_string())));
                break;
            }
            at = next.and_then(|next| next.acts_for);
            steps += 1;
        }
        against
    }

    fn against_goods(&self, goods: &Goods, today: Day) -> Vec<(RefusalCode, Option<String>)> {
        let mut against: Vec<_> = goods.faults(today).into_iter().map(|code| (code, None)).collect();
        if let Some(from) = goods.from.filter(|from| self.standing_party(*from).is_none()) {
            against.push((RefusalCode::GoodsFrom, Some(from.to_string())));
        }
        against
    }

    fn against_task(&self, task: &Task) -> Vec<(RefusalCode, Option<String>)> {
        let mut against: Vec<_> = task.faults().into_iter().map(|code| (code, None)).collect();
        for about in &task.about {
            let is_party = about.parse().is_ok_and(|id| self.standing_party(id).is_some());
            let is_goods = about.parse().is_ok_and(|id| self.standing_entry(id).is_some());
            if !is_party && !is_goods {
                against.push((RefusalCode::Unknown, Some(about.chars().take(20).collect())));
            }
        }
        against
    }

    /// What refers to a party.
    fn uses(&self, id: PartyId) -> Vec<(RefusalCode, Option<String>)> {
        let text = id.to_string();
        let goods = self
            .standing_goods()
            .filter(|(_, entry)| entry.goods.from == Some(id));
        let parties = self
            .standing_parties()
            .filter(|(_, party)| party.acts_for == Some(id));
        let open = self.tasks.iter().filter(|(_, entry)| entry.ended.is_none());
        let tasks = open.filter(|(_, entry)| entry.task.about.contains(&text));
        let ids = goods.map(|(id, _)| id.to_string());
        let ids = ids
            .chain(parties.map(|(id, _)| id.to_string()))
            .chain(tasks.map(|(id, _)| id.to_string()));
        ids.map(|id| (RefusalCode::PartyInUse, Some(id))).collect()
    }

    fn standing_party(&self, id: PartyId) -> Option<&Party> {
        let entry = self.parties.get(&id).filter(|entry| entry.withdrawn.is_none())?;
        Some(&entry.party)
    }

    fn standing_entry(&self, id: GoodsId) -> Option<&GoodsEntry> {
        self.goods.get(&id).filter(|entry| entry.withdrawn.is_none())
    }
}

/// What lots were made of: it stays once there are movements.
fn is_same_start(before: &Goods, after: &Goods) -> bool {
    (
        before.quantity,
        before.taken_on,
        &before.holder,
        &before.place,
        &before.seal,
    ) == (
        after.quantity,
        after.taken_on,
        &after.holder,
        &after.place,
        &after.seal,
    )
}

fn next(count: usize) -> Option<u32> {
    u32::try_from(count).ok()?.checked_add(1)
}

fn full(has_room: bool) -> impl Iterator<Item = (RefusalCode, Option<String>)> {
    (!has_room).then_some((RefusalCode::Full, None)).into_iter()
}

fn unknown(id: &impl ToString) -> Vec<(RefusalCode, Option<String>)> {
    vec![(RefusalCode::Unknown, Some(id.to_string()))]
}
