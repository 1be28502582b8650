//! A world that grows by chance, through the API alone.
//!
//! In:  a seed.
//! Out: agencies, officers, and matters of several procedures that went as far as chance took them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::kit::{Answer, Key, Office};

pub(super) const AGENCIES: [&str; 4] = ["culture", "market", "police", "court"];
/// Officers who can do whatever a procedure asks of anybody; three, because a chain is of several persons.
const OFFICERS: [&str; 3] = ["li", "wang", "zhao"];
const ROLES: [&str; 11] = [
    "intake_clerk",
    "handler",
    "second_handler",
    "reviewer",
    "legal_reviewer",
    "approver",
    "head",
    "police_receiver",
    "police_head",
    "court_clerk",
    "procurator",
];
/// Those who look on.
const LOOKERS: [(&str, &str, &[&str]); 7] = [
    ("ana", "team-1", &["analyst"]),
    ("shen", "team-1", &["reviewer"]),
    ("zhou", "team-2", &["intake_clerk"]),
    ("he", "team-2", &["handler"]),
    ("rec", "team-1", &["police_receiver"]),
    ("two", "team-2", &["handler", "reviewer"]),
    ("chief", "team-1", &["approver", "head"]),
];
/// How they open a matter of each procedure.
const OPENINGS: [(&str, &str); 4] = [
    ("complaint-intake", "receive"),
    ("court-outcome", "file"),
    ("criminal-transfer", "suspect"),
    ("copyright-investigation", "start"),
];

/// Somebody of an agency, signed in when the world has grown.
pub(super) struct Person {
    pub(super) agency: &'static str,
    pub(super) user: &'static str,
    pub(super) unit: &'static str,
    pub(super) roles: &'static [&'static str],
    pub(super) key: Key,
}

impl Person {
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.agency, self.user)
    }

    /// Whether they may count matters.
    pub(super) fn counts(&self) -> bool {
        self.roles
            .iter()
            .any(|role| ["analyst", "reviewer"].contains(role))
    }
}

pub(super) struct World {
    pub(super) office: Office,
    pub(super) admin: Key,
    pub(super) people: Vec<Person>,
    pub(super) procedures: BTreeMap<String, Value>,
}

/// Numbers by chance, the same for the same seed.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn below(&mut self, many: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).cast_signed() % many
    }

    pub(super) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let at = self.below(i64::try_from(of.len()).unwrap());
        &of[usize::try_from(at).unwrap()]
    }
}

pub(super) async fn grow(office: Office, seed: u64, steps: usize) -> World {
    office.set("2024-01-02T09:00:00+08:00");
    let admin = office.admin().await;
    let mut officers = BTreeMap::new();
    let mut people = Vec::new();
    for agency in AGENCIES {
        office.agency(&admin, agency).await;
        for user in OFFICERS {
            officers.insert((agency, user), office.person(&admin, agency, user, &ROLES).await);
        }
        let names = json!({"zh": "二队", "en": "Team 2"});
        let path = format!("/api/v1/agencies/{agency}/units/team-2");
        office
            .send(Some(&admin), "PUT", &path, &[], Some(names))
            .await
            .good();
        for (user, unit, roles) in LOOKERS {
            office.person_of(&admin, agency, unit, user, roles).await;
        }
    }
    let mut world = World {
        procedures: BTreeMap::new(),
        office,
        people: Vec::new(),
        admin,
    };
    let of = world
        .office
        .get(Some(&officers[&("culture", "li")]), "/api/v1/procedures")
        .await;
    for procedure in of.good().body.as_array().unwrap() {
        let id = procedure["id"].as_str().unwrap().to_owned();
        world.procedures.insert(id, procedure.clone());
    }
    let mut chance = Chance(seed);
    for step in 0..steps {
        let agency = *chance.one(&AGENCIES);
        let user = *chance.one(&OFFICERS);
        // Days pass; sessions do not last that long.
        if step % 6 == 0 {
            world.office.wait_s(86_400 * (1 + chance.below(4)) + 3600);
        }
        let key = world.office.sign_in(&format!("{agency}.{user}")).await;
        if step < 16 || chance.below(20) == 0 {
            open(&world, &mut chance, &key, user).await;
        } else if chance.below(8) == 0 {
            share_or_assign(&world, &mut chance, &key).await;
        } else {
            go_on(&world, &mut chance, &key, agency, user).await;
        }
    }
    for agency in AGENCIES {
        for (user, unit, roles) in LOOKERS {
            let key = world.office.sign_in(&format!("{agency}.{user}")).await;
            people.push(Person {
                agency,
                user,
                unit,
                roles,
                key,
            });
        }
    }
    world.people = people;
    world.admin = world.office.sign_in("root").await;
    world
}

fn fact(chance: &mut Chance, world: &World, procedure: &str, id: &str) -> Value {
    let facts = world.procedures[procedure]["fact"].as_array().unwrap();
    let kind = facts.iter().find(|fact| fact["id"] == id).unwrap()["kind"]
        .as_str()
        .unwrap();
    match kind {
        // Yes more often than no: most acts ask for a yes.
        "flag" => json!({"flag": chance.below(5) > 0}),
        "count" => json!({"count": chance.below(60)}),
        "fen" => json!({"fen": chance.below(90) * 1_000_003}),
        "day" => json!({"day": world.office.now().legal_day().to_string()}),
        _ => json!({"text": "甲"}),
    }
}

/// One other officer: the third has to be free to approve.
fn another(user: &str) -> Value {
    json!([OFFICERS.iter().find(|other| **other != user)])
}

fn counterpart(id: &str) -> &str {
    match id {
        "police" | "court" => id,
        _ => "market",
    }
}

async fn open(world: &World, chance: &mut Chance, key: &Key, user: &str) {
    let (procedure, act) = *chance.one(&OPENINGS);
    let acts = world.procedures[procedure]["act"].as_array().unwrap();
    let Some(opening) = acts.iter().find(|one| one["kind"] == "open") else {
        panic!("{procedure} {act}")
    };
    let mut given = json!({"facts": {}, "papers": {}, "counterparts": {}});
    for need in opening["needs"].as_array().unwrap() {
        let id = need["fact"].as_str().unwrap();
        let mut value = fact(chance, world, procedure, id);
        if let Some(is) = need["is"].as_bool() {
            value = json!({"flag": is});
        }
        given["facts"][id] = value;
    }
    for paper in opening["papers"].as_array().unwrap() {
        given["papers"][paper.as_str().unwrap()] = json!("T-1");
    }
    for id in opening["counterparts"].as_array().unwrap() {
        given["counterparts"][id.as_str().unwrap()] = json!(counterpart(id.as_str().unwrap()));
    }
    // A title of its own, by which each is searched.
    let title = format!(
        "密档{}号",
        world.office.now().unix_micros() + chance.below(1_000_000)
    );
    let body = json!({"procedure": procedure, "title": title, "given": given, "with": another(user)});
    let answer = world.office.post(key, "/api/v1/matters", body).await;
    assert!(
        answer.status == 201 || answer.code() == "act_refused",
        "{}",
        answer.body
    );
}

/// A matter that the officer sees, as it is now.
async fn any_matter(world: &World, chance: &mut Chance, key: &Key) -> Option<Answer> {
    let list = world
        .office
        .get(Some(key), "/api/v1/matters?limit=200")
        .await
        .good();
    let matters = list.body["matters"].as_array().unwrap();
    if matters.is_empty() {
        return None;
    }
    let id = chance.one(matters)["id"].as_str().unwrap().to_owned();
    Some(
        world
            .office
            .get(Some(key), &format!("/api/v1/matters/{id}"))
            .await
            .good(),
    )
}

async fn share_or_assign(world: &World, chance: &mut Chance, key: &Key) {
    let Some(seen) = any_matter(world, chance, key).await else {
        return;
    };
    let path = format!("/api/v1/matters/{}", seen.body["id"].as_str().unwrap());
    if chance.below(2) == 0 {
        let unit = *chance.one(&["team-1", "team-2"]);
        let handler = *chance.one(&["li", "he", "two", "zhou"]);
        let body = json!({"title": seen.body["title"], "unit": unit, "handlers": [handler]});
        let headers = [("if-match", seen.header("etag"))];
        let path = format!("{path}/assignment");
        world
            .office
            .send(Some(key), "PUT", &path, &headers, Some(body))
            .await;
        return;
    }
    let until = world.office.now().unix_micros() + chance.below(40) * 86_400_000_000;
    let until = quanlian_record::time::Timestamp::from_unix_micros(until).unwrap();
    let body = json!({
        "to_agency": chance.one(&AGENCIES), "to_unit": chance.one(&[None, None, Some("team-2")]),
        "to_user": chance.one(&[None, None, None, Some("he")]), "actions": [chance.one(&["clocks", "read"])], "purpose": "核对",
        "legal_basis": "第一条", "handling_code": "P1", "until": until.to_string(),
    });
    let granted = world.office.post(key, &format!("{path}/grants"), body).await;
    if granted.status == 201 && chance.below(3) == 0 {
        let id = granted.body["id"].as_str().unwrap();
        let path = format!("{path}/grants/{id}");
        world.office.send(Some(key), "DELETE", &path, &[], None).await;
    }
}

/// Agrees to what waits for it, or does something that is possible.
async fn go_on(world: &World, chance: &mut Chance, key: &Key, agency: &str, user: &str) {
    let Some(seen) = any_matter(world, chance, key).await else {
        return;
    };
    let path = format!("/api/v1/matters/{}", seen.body["id"].as_str().unwrap());
    let headers = [("if-match", seen.header("etag"))];
    let send = async |command: Value| {
        let body = json!({"command": command, "with": another(user)});
        let path = format!("{path}/commands");
        world
            .office
            .send(Some(key), "POST", &path, &headers, Some(body))
            .await
    };
    let proposals = seen.body["state"]["proposals"].as_object().unwrap();
    if let Some(proposal) = proposals.keys().next() {
        let number: u32 = proposal.parse().unwrap();
        let done = send(json!({"do": "endorse", "proposal": number})).await;
        if done.status == 200 {
            return;
        }
    }
    let acts = world.office.get(Some(key), &format!("{path}/acts")).await;
    let Some(acts) = acts.body["acts"].as_array() else {
        return;
    };
    let is_plain = |act: &&Value| {
        let asks = act["asks"].as_array();
        let strange = ["stage", "member", "extension", "superseded", "version"];
        act["possible"] == true
            && !asks.is_some_and(|asks| {
                asks.iter()
                    .any(|ask| strange.contains(&ask["ask"].as_str().unwrap()))
            })
    };
    let possible: Vec<&Value> = acts.iter().filter(is_plain).collect();
    if possible.is_empty() {
        return;
    }
    let mut act = *chance.one(&possible);
    // What leads nowhere is done less often, so that matters come to an end.
    let dull = [
        "suspend",
        "reassign",
        "join_agency",
        "leave_agency",
        "reopen",
        "withdraw",
        "forward",
        "drop",
    ];
    for _ in 0..3 {
        if dull.contains(&act["act"].as_str().unwrap()) {
            act = *chance.one(&possible);
        }
    }
    let procedure = seen.body["procedure"].as_str().unwrap();
    let mut given = json!({"reason": "理由", "facts": {}, "papers": {}, "counterparts": {}});
    for ask in act["asks"].as_array().unwrap() {
        let of = ask["of"].as_str().unwrap_or_default();
        match ask["ask"].as_str().unwrap() {
            "fact" => given["facts"][of] = fact(chance, world, procedure, of),
            "paper" => given["papers"][of] = json!("T-2"),
            "counterpart" => given["counterparts"][of] = json!(counterpart(of)),
            "agency" => {
                given["agency"] = json!(AGENCIES.iter().find(|other| **other != agency).unwrap());
            }
            _ => {}
        }
    }
    let answer = send(json!({"do": "act", "act": act["act"], "given": given})).await;
    assert!(
        answer.status == 200 || ["act_refused", "permission_denied"].contains(&answer.code()),
        "{} {}",
        act["act"],
        answer.body
    );
}
