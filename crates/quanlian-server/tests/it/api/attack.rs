//! The permission attack: everybody asks for everything by every way, and learns what the rules say and nothing else.
//!
//! In:  a world that grew by chance: four agencies, people of seven kinds in two units, matters of four procedures, some handed over, some
//!      filed from outside,
//!      grants to agencies, units and people, with ends and revocations, and standing ones.
//! Out: nothing, or the first probe whose answer is not that of the oracle.
//!
//! The oracle is the rules as a person would read them out: roles from `policies/roles.toml`, owner, unit, handlers and grants as the
//! store holds them. It knows neither the policies nor the SQL.

mod filed;
mod holdings;
mod outside;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use quanlian_record::{id::GrantId, time::Timestamp};
use quanlian_store::{
    MatterStore as _,
    matters::{
        Actions, AgencyCode, Grant, GrantItem, Grantee, MatterQuery, MatterRow, Reach, Scope, UserCode,
    },
};
use serde_json::json;

use super::{
    kit::{Answer, Office},
    world::{AGENCIES, Person, World, grow},
};

const NOWHERE: &str = "0190ffff-0000-7000-8000-000000000000";
const ROLES: &str = include_str!("../../../../../policies/roles.toml");

/// How far somebody reaches with an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Far {
    Nothing,
    Handled,
    Unit,
    Agency,
}

/// Everything that is true.
struct Truth {
    rows: Vec<MatterRow>,
    grants: Vec<Grant>,
    roles: toml::Table,
    now: Timestamp,
}

impl Truth {
    async fn of(world: &World) -> Self {
        let (mut rows, mut grants) = (BTreeMap::new(), BTreeMap::new());
        let now = world.office.now();
        for agency in AGENCIES {
            let scope = Scope {
                agency: AgencyCode::parse(agency).unwrap(),
                unit: None,
                user: UserCode::parse("nobody").unwrap(),
                reach: Reach::Agency,
                needs: Actions::ALL,
                at: now,
            };
            let mut query = MatterQuery {
                limit: Some(200),
                ..MatterQuery::default()
            };
            loop {
                let page = world.office.store.matters(&scope, &query).await.unwrap();
                for row in page
                    .matters
                    .into_iter()
                    .filter(|row| row.projection.owner_agency == scope.agency)
                {
                    for grant in world.office.store.grants(&scope, row.id).await.unwrap().unwrap() {
                        grants.insert(grant.id, grant);
                    }
                    rows.insert(row.id, row);
                }
                query.after = page.next;
                if page.next.is_none() {
                    break;
                }
            }
            for grant in world.office.store.standing_grants(&scope.agency).await.unwrap() {
                grants.insert(grant.id, grant);
            }
        }
        Self {
            rows: rows.into_values().collect(),
            grants: grants.into_values().collect(),
            roles: ROLES.parse().unwrap(),
            now,
        }
    }

    fn far(&self, person: &Person, action: &str) -> Far {
        let holds = person.roles.iter().filter_map(|role| {
            let role = &self.roles[*role];
            let mut may = role["may"].as_array().unwrap().iter();
            may.any(|word| word.as_str() == Some(action))
                .then(|| match role["reach"].as_str().unwrap() {
                    "agency" => Far::Agency,
                    "unit" => Far::Unit,
                    "handled" => Far::Handled,
                    _ => Far::Nothing,
                })
        });
        holds.max().unwrap_or(Far::Nothing)
    }

    fn may(&self, person: &Person, action: &str, bit: Actions, row: &MatterRow) -> bool {
        let far = self.far(person, action);
        let of = &row.projection;
        let is_agency = of.owner_agency.as_str() == person.agency;
        let is_handled = of.handlers.iter().any(|user| user.as_str() == person.user);
        let is_unit = of
            .owner_unit
            .as_ref()
            .is_some_and(|unit| unit.as_str() == person.unit);
        let is_own = is_agency
            && match far {
                Far::Nothing => return false,
                Far::Handled => is_handled,
                Far::Unit => is_handled || is_unit,
                Far::Agency => true,
            };
        let lets_in = |grant: &Grant| {
            let is_about = match &grant.item {
                GrantItem::Matter(id) => *id == row.id,
                GrantItem::Standing { procedure } => {
                    grant.of_agency == of.owner_agency
                        && procedure
                            .as_ref()
                            .is_none_or(|procedure| *procedure == of.procedure)
                }
            };
            let is_in_force = grant.granted_at <= self.now
                && grant.until.is_none_or(|until| self.now < until)
                && grant.revoked_at.is_none_or(|revoked| self.now < revoked);
            let is_for_them = grant.to.agency.as_str() == person.agency
                && match (&grant.to.user, &grant.to.unit) {
                    (Some(user), _) => user.as_str() == person.user,
                    (None, Some(unit)) => {
                        far == Far::Agency || (far == Far::Unit && unit.as_str() == person.unit)
                    }
                    (None, None) => far == Far::Agency,
                };
            is_about && is_in_force && is_for_them && grant.actions.contains(bit)
        };
        is_own || self.grants.iter().any(lets_in)
    }

    fn reads(&self, person: &Person, row: &MatterRow) -> bool {
        self.may(person, "read", Actions::READ, row)
    }

    fn sees_clocks(&self, person: &Person, row: &MatterRow) -> bool {
        self.may(person, "clocks", Actions::CLOCKS, row)
    }
}

/// What was asked, by way.
#[derive(Default)]
struct Probes {
    count: BTreeMap<&'static str, (usize, usize)>,
}

impl Probes {
    /// One more; whether it let something through.
    fn add(&mut self, way: &'static str, is_let_in: bool) {
        let count = self.count.entry(way).or_default();
        if is_let_in {
            count.0 += 1;
        } else {
            count.1 += 1;
        }
    }

    fn total(&self) -> usize {
        self.count.values().map(|(yes, no)| yes + no).sum()
    }
}

/// A refusal tells nothing: it is, but for its own address, what a matter that is not there would be answered with.
fn tells_nothing(answer: &Answer, row: &MatterRow, what: &str) {
    let text = answer.body.to_string();
    for secret in [
        row.number.as_str(),
        &row.projection.title,
        &row.version.to_string(),
        &row.id.to_string(),
    ] {
        assert!(!text.contains(secret), "{what} tells {secret}: {text}");
    }
    assert_eq!(answer.header("etag"), "", "{what} tells a version");
}

async fn ids(office: &Office, person: &Person, path: &str, list: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut after = String::new();
    loop {
        let joint = if path.contains('?') { '&' } else { '?' };
        let page = office
            .get(Some(&person.key), &format!("{path}{joint}limit=100{after}"))
            .await
            .good();
        for one in page.body[list].as_array().unwrap() {
            let matter = if one["matter"].is_object() {
                &one["matter"]
            } else {
                one
            };
            all.insert(matter["id"].as_str().unwrap().to_owned());
        }
        let Some(next) = page.body["next"].as_str() else {
            let count = page.body["count"].as_u64().unwrap_or(all.len() as u64);
            assert_eq!(count, all.len() as u64, "{} counts {path}", person.name());
            return all;
        };
        after = format!("&after={next}");
    }
}

fn of<'r>(rows: impl Iterator<Item = &'r MatterRow>) -> BTreeSet<String> {
    rows.map(|row| row.id.to_string()).collect()
}

/// Single looks and writes at one matter.
async fn at_one(world: &World, truth: &Truth, person: &Person, row: &MatterRow, probes: &mut Probes) {
    let office = &world.office;
    let (reads, sees) = (truth.reads(person, row), truth.sees_clocks(person, row));
    let path = format!("/api/v1/matters/{}", row.id);
    let who = format!("{} at {}", person.name(), row.number);
    let look = office.get(Some(&person.key), &path).await;
    match (reads, sees) {
        (true, _) => assert_eq!(look.body["title"], row.projection.title.as_str(), "{who}"),
        (false, true) => {
            assert_eq!(look.status, 200, "{who}");
            for hidden in ["title", "handlers", "amount_fen", "state"] {
                assert!(look.body.get(hidden).is_none(), "{who} is told {hidden}");
            }
        }
        (false, false) => {
            assert_eq!((look.status, look.code()), (404, "matter_not_found"), "{who}");
            tells_nothing(&look, row, &who);
        }
    }
    probes.add("look", reads || sees);
    for part in ["events", "acts"] {
        let answer = office.get(Some(&person.key), &format!("{path}/{part}")).await;
        let wanted = if reads {
            (200, "")
        } else if sees {
            (403, "permission_denied")
        } else {
            (404, "matter_not_found")
        };
        assert_eq!((answer.status, answer.code()), wanted, "{who} {part}");
        if !reads {
            tells_nothing(&answer, row, &who);
        }
        probes.add("events and acts", reads);
    }
    // Writes that change nothing: an act that no procedure has, with the right version and a wrong one.
    let writes = truth.may(person, "write", Actions::WRITE, row);
    let command = json!({"command": {"do": "act", "act": "no-such-act", "given": {}}});
    for etag in [row.version.to_string(), format!("1-{}", "0".repeat(64))] {
        let etag = format!("\"{etag}\"");
        let headers = [
            ("if-match", etag.as_str()),
            ("idempotency-key", "of somebody else"),
        ];
        let path = format!("{path}/commands");
        let answer = office
            .send(Some(&person.key), "POST", &path, &headers, Some(command.clone()))
            .await;
        if writes {
            assert!([400, 412, 422].contains(&answer.status), "{who} {}", answer.body);
        } else {
            let wanted = if sees { 403 } else { 404 };
            assert_eq!(answer.status, wanted, "{who} writes: {}", answer.body);
            tells_nothing(&answer, row, &who);
        }
        probes.add("act", writes);
    }
    let grant = json!({
        "to_agency": person.agency, "actions": ["nonsense"], "purpose": "p", "legal_basis": "l", "handling_code": "P1",
    });
    let shares = truth.may(person, "share", Actions::SHARE, row);
    let answer = office.post(&person.key, &format!("{path}/grants"), grant).await;
    let wanted = match (shares, sees) {
        (true, _) => (422, "grant_actions"),
        (false, true) => (403, "permission_denied"),
        (false, false) => (404, "matter_not_found"),
    };
    assert_eq!((answer.status, answer.code()), wanted, "{who} shares");
    probes.add("share", shares);
    if !sees {
        let assign = json!({"title": "x", "handlers": []});
        let etag = format!("\"{}\"", row.version);
        let headers = [("if-match", etag.as_str())];
        let path_of = format!("{path}/assignment");
        let answer = office
            .send(Some(&person.key), "PUT", &path_of, &headers, Some(assign))
            .await;
        assert_eq!(answer.code(), "matter_not_found", "{who} assigns");
        probes.add("assign", false);
        let grant = truth
            .grants
            .iter()
            .find(|grant| grant.item == GrantItem::Matter(row.id));
        let grant = grant.map_or(NOWHERE.to_owned(), |grant| grant.id.to_string());
        let path_of = format!("{path}/grants/{grant}");
        let answer = office
            .send(Some(&person.key), "DELETE", &path_of, &[], None)
            .await;
        assert_eq!(answer.code(), "matter_not_found", "{who} unshares");
        probes.add("unshare", false);
    }
    if !reads && truth.far(person, "open") > Far::Nothing {
        // As the parent of another: hidden or not there, one answer.
        let body = |parent: &str| {
            json!({"procedure": "complaint-intake", "title": "x", "parent": parent,
                   "given": {"facts": {"subject": {"text": "x"}}, "papers": {"complaint_letter": "T"}}})
        };
        let hidden = office
            .post(&person.key, "/api/v1/matters", body(&row.id.to_string()))
            .await;
        let wanted = if sees {
            "permission_denied"
        } else {
            "matter_not_found"
        };
        assert_eq!(hidden.code(), wanted, "{who} follows");
        probes.add("parent", false);
    }
    // By its number, by its title, by the beginning of both.
    let number = ids(
        office,
        person,
        &format!("/api/v1/matters?number={}", row.number),
        "matters",
    )
    .await;
    assert_eq!(number.contains(&row.id.to_string()), reads, "{who} by number");
    probes.add("number", reads);
    let title = escaped(&row.projection.title);
    let found = ids(office, person, &format!("/api/v1/search?q={title}"), "matters").await;
    assert_eq!(found.contains(&row.id.to_string()), reads, "{who} by title");
    probes.add("search", reads);
    let found = ids(
        office,
        person,
        &format!("/api/v1/search?q={}", row.number),
        "matters",
    )
    .await;
    assert_eq!(
        found.contains(&row.id.to_string()),
        reads,
        "{who} finds the number"
    );
    probes.add("search", reads);
    let answer = office
        .get(Some(&person.key), &format!("/api/v1/search/suggest?q={title}"))
        .await
        .good();
    let is_suggested = answer.body.to_string().contains(&row.id.to_string());
    assert_eq!(is_suggested, reads, "{who} is suggested");
    if !reads {
        assert!(!answer.body.to_string().contains(&row.number));
    }
    probes.add("suggest", reads);
}

fn escaped(text: &str) -> String {
    let digits = hex::encode(text);
    let pairs = (0..digits.len()).step_by(2).map(|at| &digits[at..at + 2]);
    pairs.flat_map(|pair| ["%", pair]).collect()
}

/// Lists with every filter and order, counts, figures and the rows behind them.
async fn at_large(world: &World, truth: &Truth, person: &Person, probes: &mut Probes) {
    let office = &world.office;
    let read: Vec<&MatterRow> = truth.rows.iter().filter(|row| truth.reads(person, row)).collect();
    let seen: Vec<&MatterRow> = truth
        .rows
        .iter()
        .filter(|row| truth.sees_clocks(person, row))
        .collect();
    for (view, visible) in [("read", &read), ("clocks", &seen)] {
        for sort in ["changed", "opened", "due", "amount"] {
            for direction in ["ascending", "descending"] {
                let path = format!("/api/v1/matters?view={view}&sort={sort}&direction={direction}");
                let listed = ids(office, person, &path, "matters").await;
                assert_eq!(listed, of(visible.iter().copied()), "{} {path}", person.name());
                probes.add("list", !listed.is_empty());
            }
        }
        let mut filters: BTreeSet<(&str, String)> = BTreeSet::new();
        for row in &truth.rows {
            let of = &row.projection;
            filters.insert(("procedure", of.procedure.to_string()));
            filters.insert(("stage", of.stage.to_string()));
            filters.insert(("status", of.status.to_string()));
            filters.extend(of.handlers.iter().map(|user| ("handler", user.to_string())));
        }
        for (filter, value) in filters {
            let path = format!("/api/v1/matters?view={view}&{filter}={value}");
            let listed = ids(office, person, &path, "matters").await;
            let fits = |row: &&&MatterRow| {
                let of = &row.projection;
                match filter {
                    "procedure" => of.procedure.as_str() == value,
                    "stage" => of.stage.as_str() == value,
                    "status" => of.status.as_str() == value,
                    _ => of.handlers.iter().any(|user| user.as_str() == value),
                }
            };
            assert_eq!(
                listed,
                of(visible.iter().filter(fits).copied()),
                "{} {path}",
                person.name()
            );
            probes.add("filter", !listed.is_empty());
        }
    }
    let told = office
        .get(Some(&person.key), "/api/v1/notices?limit=100")
        .await
        .good();
    let about = |notice: &serde_json::Value| notice["matter"]["id"].as_str().unwrap().to_owned();
    let told: BTreeSet<String> = told.body["notices"]
        .as_array()
        .unwrap()
        .iter()
        .map(about)
        .collect();
    assert!(
        told.is_subset(&of(seen.iter().copied())),
        "{} is told of others",
        person.name()
    );
    probes.add("notices", !told.is_empty());
    let far = truth.far(person, "indicators").min(truth.far(person, "read"));
    let list = office.get(Some(&person.key), "/api/v1/indicators").await.good();
    for definition in list.body["indicators"].as_array().unwrap() {
        let id = definition["id"].as_str().unwrap();
        let path = format!("/api/v1/indicators/{id}");
        if far == Far::Nothing {
            for path in [path.clone(), format!("{path}/matters")] {
                assert_eq!(
                    office.get(Some(&person.key), &path).await.code(),
                    "permission_denied"
                );
                probes.add("figure", false);
            }
            continue;
        }
        let behind = ids(office, person, &format!("{path}/matters"), "rows").await;
        let counted = of(read.iter().copied());
        assert!(
            behind.is_subset(&counted),
            "{} {id} counts what they do not read",
            person.name()
        );
        let table = office
            .get(Some(&person.key), &format!("{path}?by=agency&format=csv"))
            .await
            .good();
        for agency in AGENCIES {
            let is_there = table.body.as_str().unwrap().contains(&format!(",{agency},"));
            let is_read = read
                .iter()
                .any(|row| row.projection.owner_agency.as_str() == agency);
            assert!(!is_there || is_read, "{} {id} tells of {agency}", person.name());
        }
        if id == "matters-opened" && far == truth.far(person, "read") {
            assert_eq!(behind, counted, "{}", person.name());
        }
        probes.add("figure", !behind.is_empty());
        probes.add("figure", !behind.is_empty());
    }
}

fn hours_before(now: Timestamp, hours: i64) -> Timestamp {
    Timestamp::from_unix_micros(now.unix_micros() - hours * 3_600_000_000).unwrap()
}

fn standing(n: u8, of: &str, to: &str, actions: Actions, procedure: Option<&str>, now: Timestamp) -> Grant {
    let mut id = [0; quanlian_record::id::RANDOM_BYTES];
    id[0] = n;
    Grant {
        id: GrantId(quanlian_record::id::from_parts(now, id)),
        item: GrantItem::Standing {
            procedure: procedure.map(|procedure| procedure.parse().unwrap()),
        },
        of_agency: AgencyCode::parse(of).unwrap(),
        to: Grantee {
            agency: AgencyCode::parse(to).unwrap(),
            unit: None,
            user: None,
        },
        actions,
        purpose: "监督".to_owned(),
        legal_basis: "第一条".to_owned(),
        handling_code: "P1".parse().unwrap(),
        granted_by: "chief".parse().unwrap(),
        granted_at: now,
        until: None,
        revoked_at: None,
    }
}

#[tokio::test]
async fn nobody_learns_more_than_the_rules_say_by_any_way() {
    attack(Office::new().await, 7, 140).await;
}

/// The scope is the same text of SQL on both databases, and they need not take it alike.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_learns_more_than_the_rules_say_by_any_way_on_postgresql() {
    let Some(office) = Office::on_postgres().await else {
        return;
    };
    attack(office, 11, 90).await;
}

async fn attack(office: Office, seed: u64, steps: usize) {
    let mut world = grow(office, seed, steps).await;
    let now = world.office.now();
    let complaints = Some("complaint-intake");
    for grant in [
        standing(1, "culture", "police", Actions::CLOCKS, None, now),
        standing(
            2,
            "market",
            "court",
            Actions::CLOCKS | Actions::READ,
            complaints,
            now,
        ),
        // One that is over, whatever else the world holds.
        Grant {
            granted_at: hours_before(now, 48),
            until: Some(hours_before(now, 24)),
            ..standing(3, "culture", "court", Actions::READ, None, now)
        },
    ] {
        world.office.store.grant(&grant).await.unwrap();
    }
    filed::from_outside(&mut world).await;
    assert!(world.office.platform.look_at_clocks().await.unwrap() > 0);
    assert!(holdings::note(&world).await > 5);
    let truth = Truth::of(&world).await;
    let is_over = |grant: &&Grant| {
        grant.until.is_some_and(|until| until <= now)
            || grant.revoked_at.is_some_and(|revoked| revoked <= now)
    };
    let over = truth.grants.iter().filter(is_over).count();
    assert!(
        truth.rows.len() > 10 && truth.grants.len() > 3 && over > 0,
        "{} matters, {} grants, {over} of them over",
        truth.rows.len(),
        truth.grants.len()
    );
    let held = holdings::fill(&world, &truth).await;
    let mut probes = Probes::default();
    for person in &world.people {
        at_large(&world, &truth, person, &mut probes).await;
        holdings::at_large(&world, &truth, person, &mut probes).await;
        for row in &truth.rows {
            at_one(&world, &truth, person, row, &mut probes).await;
            holdings::at_one(&world, &truth, person, row, &held[&row.id], &mut probes).await;
            filed::at_one(&world, &truth, person, row, &held[&row.id], &mut probes).await;
        }
    }
    a_key_of_another_is_another_key(&world, &mut probes).await;
    outside::nobody_sees_where_others_are_told(&world, &mut probes).await;
    // Administrators see no matter at all.
    for row in &truth.rows {
        let path = format!("/api/v1/matters/{}", row.id);
        let look = world.office.get(Some(&world.admin), &path).await;
        assert_eq!(look.code(), "matter_not_found");
        probes.add("administrator", false);
    }
    eprintln!(
        "{} probes at {} matters, {} grants ({over} over); let in and kept out by way: {:?}",
        probes.total(),
        truth.rows.len(),
        truth.grants.len(),
        probes.count
    );
    assert!(probes.total() >= 2000, "{}", probes.total());
    for (way, (let_in, kept_out)) in &probes.count {
        let is_one_sided = [
            "assign",
            "unshare",
            "parent",
            "administrator",
            "repeated",
            "through another",
            "content of a filing",
            // Few roles take copies out, and they reach what they handle; in some worlds they handle nothing.
            "export",
        ]
        .contains(way);
        assert!(
            (*kept_out > 0 && *let_in > 0) || is_one_sided,
            "{way} was not tried both ways"
        );
    }
    time_tells_nothing(&world, &truth).await;
    // Takes a database of the server with it.
    drop(world);
}

/// The same request under the same key, by somebody of another agency, is their own request and no answer to the first.
async fn a_key_of_another_is_another_key(world: &World, probes: &mut Probes) {
    let clerks = world.people.iter().filter(|person| person.user == "zhou");
    let body = json!({
        "procedure": "complaint-intake", "title": "同一请求",
        "given": {"facts": {"subject": {"text": "copyright"}}, "papers": {"complaint_letter": "T-1"}},
    });
    let mut made = BTreeSet::new();
    for clerk in clerks {
        for _ in 0..2 {
            let headers = [("idempotency-key", "one and the same")];
            let answer = world
                .office
                .send(
                    Some(&clerk.key),
                    "POST",
                    "/api/v1/matters",
                    &headers,
                    Some(body.clone()),
                )
                .await
                .good();
            assert_eq!(answer.body["owner_agency"], clerk.agency);
            made.insert(answer.body["id"].as_str().unwrap().to_owned());
            probes.add("repeated", true);
        }
    }
    assert_eq!(
        made.len(),
        AGENCIES.len(),
        "each agency has one, and only its own"
    );
}

/// A matter that is hidden takes as long as one that is not there. Medians of looks that alternate; a machine that is
/// disturbed gets another try, because chance does not disturb the same side each time.
async fn time_tells_nothing(world: &World, truth: &Truth) {
    let hidden = truth.rows.iter().find_map(|row| {
        let mut people = world.people.iter();
        let person =
            people.find(|person| !truth.sees_clocks(person, row) && truth.far(person, "read") == Far::Agency);
        person.map(|person| (person, row))
    });
    let (person, row) = hidden.unwrap();
    let mut told = Vec::new();
    for _ in 0..5 {
        let mut times = [Vec::new(), Vec::new()];
        for round in 0..80 {
            let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
            for which in order {
                let id = if which == 0 {
                    row.id.to_string()
                } else {
                    NOWHERE.to_owned()
                };
                let started = Instant::now();
                let path = format!("/api/v1/matters/{id}");
                let look = world.office.get(Some(&person.key), &path).await;
                times[which].push(started.elapsed());
                assert_eq!(look.status, 404);
            }
        }
        let median = |times: &mut Vec<Duration>| {
            times.sort();
            times[times.len() / 2].as_secs_f64()
        };
        let [hidden, nowhere] = times.each_mut().map(median);
        let differ = (hidden - nowhere).abs() / nowhere;
        told.push(format!("{:.2} and {:.2} ms", hidden * 1e3, nowhere * 1e3));
        if differ < 0.1 {
            eprintln!("hidden and not there, medians of 80: {}", told.join("; "));
            return;
        }
    }
    panic!("the time tells whether a matter is there: {told:?}");
}
