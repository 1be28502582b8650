//! What a paper of the procedure prints: what is on file in the matter, in both languages.
//!
//! In:  a matter as it stands, the paper that is asked for.
//! Out: [`PaperSheet`], which the worker sets in type.
//!
//! Invariant: nothing is added to what the matter holds; a fact that is not on file is not on the paper.

use axum::http::StatusCode;
use quanlian_law::Text;
use quanlian_ledger::{
    Ledger, PartyId, Term,
    goods::{Goods, Lot, MovementKind},
    party::Party,
};
use quanlian_procedure::{Act, ClockState, FactValue, Listed, Matter, Procedure};
use quanlian_record::{identifier::Identifier, money::Fen, time::Timestamp};
use quanlian_store::{
    AccountStore as _,
    matters::{AgencyCode, MatterRow},
};

use super::{
    super::{Problem, places::coded},
    step::Stored,
};
use crate::{
    platform::Platform,
    work::{PaperGoods, PaperLine, PaperSheet, PaperSource, TwoTexts},
};

/// The sheet of a paper.
pub(super) async fn sheet(
    platform: &Platform,
    row: &MatterRow,
    stored: &Stored,
    paper: &str,
    now: Timestamp,
) -> Result<PaperSheet, Problem> {
    let (matter, ledger) = (&stored.matter, &stored.ledger);
    let procedure = platform
        .procedures()
        .get(&matter.procedure, matter.version)
        .ok_or_else(|| Problem::internal("a matter of no procedure"))?;
    let Some(definition) = procedure.paper_of(paper) else {
        let all: Vec<&str> = procedure.paper.iter().map(|paper| paper.id.as_str()).collect();
        let detail = "the procedure has no such paper; `known` names those that it has";
        return Err(
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "paper_unknown", detail).with("known", all),
        );
    };
    let agencies = platform.store().agencies().await?;
    let own = coded(AgencyCode::parse, &matter.agency)?;
    let agency = agencies.iter().find(|agency| agency.code == own);
    let agency = agency.map_or_else(
        || TwoTexts::same(&matter.agency),
        |agency| TwoTexts {
            zh: agency.names.zh.clone(),
            en: agency.names.en.clone(),
        },
    );
    let stage = procedure.stage_of(&matter.stage);
    let clocks = platform.engine().clocks(matter, now);
    let clocks = clocks.map_err(|error| Problem::internal(format!("{error:?}")))?;
    let clocks = clocks
        .iter()
        .filter(|clock| matches!(clock.state, ClockState::Running | ClockState::Overdue))
        .map(|clock| PaperLine {
            name: two(&clock.name),
            value: clock.due_on.map_or_else(TwoTexts::default, |due| TwoTexts {
                zh: format!("{due} 届满（{}）", clock.citation.zh),
                en: format!("ends on {due} ({})", clock.citation.en),
            }),
        });
    Ok(PaperSheet {
        name: two(&definition.name),
        number: row.number.clone(),
        title: row.projection.title.clone(),
        agency,
        procedure: two(&procedure.name),
        stage: stage.map_or_else(|| TwoTexts::same(&matter.stage), |stage| two(&stage.name)),
        opened_at: row.opened_at,
        parties: parties(ledger),
        goods: definition.lists.map(|Listed::Goods| goods(ledger)),
        facts: facts(procedure, matter),
        papers: papers(procedure, matter),
        clocks: clocks.collect(),
        sources: procedure
            .source
            .iter()
            .map(|source| PaperSource {
                cite: two(&source.cite),
                is_read: source.checked.verified,
            })
            .collect(),
        signs: signs(procedure, paper),
    })
}

/// Several texts as one, those that are there.
fn joined(texts: &[Option<&str>], by: &str) -> String {
    let there: Vec<&str> = texts.iter().flatten().copied().collect();
    there.join(by)
}

fn parties(ledger: &Ledger) -> Vec<PaperLine> {
    let line = |(id, party): (PartyId, &Party)| {
        let roles: Vec<Term> = party.roles.iter().map(|role| role.term()).collect();
        let in_words =
            |of: &dyn Fn(&Term) -> &'static str, by: &str| roles.iter().map(of).collect::<Vec<_>>().join(by);
        let number = party.identifiers.first().map(Identifier::number);
        let kind = party.kind.term();
        let told = [Some(party.label()), number, party.address.as_deref()];
        PaperLine {
            name: TwoTexts::of(
                &format!("{id} {}", in_words(&|term| term.zh, "、")),
                &format!("{id} {}", in_words(&|term| term.en, ", ")),
            ),
            value: TwoTexts::of(
                &format!("{}（{}）", joined(&told, "，"), kind.zh),
                &format!("{} ({})", joined(&told, ", "), kind.en),
            ),
        }
    };
    ledger.standing_parties().map(line).collect()
}

fn goods(ledger: &Ledger) -> Vec<PaperGoods> {
    let mut lines = Vec::new();
    for (id, entry) in ledger.standing_goods() {
        let goods = &entry.goods;
        let from = goods
            .from
            .and_then(|from| Some(ledger.parties().get(&from)?.party.label()));
        let (measure, day) = (goods.measure.term(), goods.taken_on.to_string());
        let rest = [Some(goods.found_at.as_str()), from, goods.paper.as_deref()];
        for lot in &entry.lots {
            lines.push(PaperGoods {
                id: format!("{id}.{}", lot.number),
                name: TwoTexts::same(&joined(
                    &[Some(&goods.name), goods.brand.as_deref(), goods.model.as_deref()],
                    " ",
                )),
                quantity: format!("{} {}", lot.quantity, goods.unit),
                value: worth(goods, lot),
                taken: TwoTexts::of(
                    &joined(&[Some(&day), Some(measure.zh), Some(&joined(&rest, "，"))], " "),
                    &joined(&[Some(&day), Some(measure.en), Some(&joined(&rest, ", "))], " "),
                ),
                held: {
                    let there = joined(&[Some(&lot.holder), Some(&lot.place), lot.seal.as_deref()], "，");
                    let by = lot.by.map(MovementKind::term);
                    TwoTexts::of(
                        &joined(&[by.map(|by| by.zh), Some(&there)], " "),
                        &joined(&[by.map(|by| by.en), Some(&there)], " "),
                    )
                },
            });
        }
    }
    lines
}

/// What a lot is worth, with the basis of its price.
fn worth(goods: &Goods, lot: &Lot) -> TwoTexts {
    let of_lot = Goods {
        quantity: lot.quantity,
        ..goods.clone()
    };
    match (&goods.price, of_lot.value()) {
        (Some(price), Some(value)) => {
            let (yuan, basis) = (value.to_yuan_string(), price.basis.term());
            TwoTexts::of(
                &format!("{yuan} 元（{}）", basis.zh),
                &format!("CNY {yuan} ({})", basis.en),
            )
        }
        _ => TwoTexts::of("未查明", "not known"),
    }
}

fn facts(procedure: &Procedure, matter: &Matter) -> Vec<PaperLine> {
    let line = |(id, stated): (&String, &quanlian_procedure::Stated)| PaperLine {
        name: procedure
            .fact_of(id)
            .map_or_else(|| TwoTexts::same(id), |fact| two(&fact.name)),
        value: value(&stated.value),
    };
    matter.facts.iter().map(line).collect()
}

fn value(value: &FactValue) -> TwoTexts {
    match value {
        FactValue::Flag(true) => TwoTexts::of("是", "yes"),
        FactValue::Flag(false) => TwoTexts::of("否", "no"),
        FactValue::Count(count) => TwoTexts::same(&count.to_string()),
        FactValue::Fen(fen) => {
            let yuan = Fen(*fen).to_yuan_string();
            TwoTexts::of(&format!("{yuan} 元"), &format!("CNY {yuan}"))
        }
        FactValue::Day(day) => TwoTexts::same(&day.to_string()),
        FactValue::Text(text) => TwoTexts::same(text),
    }
}

fn papers(procedure: &Procedure, matter: &Matter) -> Vec<PaperLine> {
    let on_file = matter.papers.iter();
    let lines = on_file.filter_map(|(id, on_file)| {
        let place = on_file.place.as_deref()?;
        let name = procedure
            .paper_of(id)
            .map_or_else(|| TwoTexts::same(id), |paper| two(&paper.name));
        Some(PaperLine {
            name,
            value: TwoTexts::same(place),
        })
    });
    lines.collect()
}

/// Who signs: the roles of the act that makes it, or whoever handles the matter.
fn signs(procedure: &Procedure, paper: &str) -> Vec<TwoTexts> {
    let makes = |act: &&Act| act.makes.iter().any(|made| made == paper);
    let act = procedure.act.iter().find(makes);
    let chain = act
        .and_then(|act| act.chain.as_deref())
        .and_then(|chain| procedure.chain_of(chain));
    let mut roles: Vec<&String> = match (chain, act) {
        (Some(chain), _) => chain.steps.iter().collect(),
        (None, Some(act)) => act.roles.iter().collect(),
        (None, None) => procedure.suppliers.iter().collect(),
    };
    roles.extend(
        act.and_then(|act| act.together.as_ref())
            .map(|together| &together.role),
    );
    let name = |role: &String| {
        procedure
            .role_of(role)
            .map_or_else(|| TwoTexts::same(role), |role| two(&role.name))
    };
    roles.into_iter().map(name).collect()
}

fn two(text: &Text) -> TwoTexts {
    TwoTexts {
        zh: text.zh.clone(),
        en: text.en.clone(),
    }
}
