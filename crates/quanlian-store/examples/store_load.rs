//! Drawn the stores under load: lists, figures and searches over many matters, durable appends of many clients.
//!
//! In:  `fill|lists|figures|words|finds|appends` and options, each `--name value`: `--database` (a path or `postgres://…`, its password in
//!      `QUANLIAN_DATABASE_PASSWORD`), `--matters`, `--rounds`, `--clients`, `--seconds`.
//! Out: one JSON object a line.
//!
//! Invariant: `fill` makes the same matters for the same number on both databases.
//!
//! Not here: whether answers are right (the behaviour suite).

#![expect(clippy::print_stdout, reason = "figures are its output")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::{Duration, Instant},
};

use quanlian_record::{
    id::{MatterId, OutboxId},
    time::Timestamp,
};
use quanlian_store::{
    Database, MatterStore,
    database::{Kind, postgres::PostgresOptions},
    lock::PostgresAddress,
    matters::{
        Actions, Change, Code, Direction, MatterFilter, MatterQuery, OutboxEntry, Projection, Reach, Request,
        Scope, Series, Sort,
        measures::{By, Days, Drawn, MeasureKind, MeasureStore as _, Tally, Valued, When},
        search::{Search, SearchStore as _, Wanted},
    },
};
use sea_orm::{ConnectOptions, ConnectionTrait};
use serde_json::json;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// The options, by name.
struct Options(BTreeMap<String, String>);

impl Options {
    fn text(&self, name: &str, default: &str) -> String {
        self.0.get(name).cloned().unwrap_or_else(|| default.to_owned())
    }

    fn number(&self, name: &str, default: u64) -> Result<u64, Failed> {
        Ok(match self.0.get(name) {
            Some(text) => text.parse()?,
            None => default,
        })
    }
}

fn main() -> Result<(), Failed> {
    let mut args = std::env::args().skip(1);
    let act = args.next().unwrap_or_default();
    let mut options = BTreeMap::new();
    while let Some(name) = args.next() {
        let value = args.next().ok_or("each option has a value")?;
        options.insert(name.trim_start_matches("--").to_owned(), value);
    }
    let options = Options(options);
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        match act.as_str() {
            "fill" => fill(&options).await,
            "lists" => lists(&options).await,
            "figures" => figures_of_all(&options).await,
            "words" => words(&options).await,
            "finds" => finds(&options).await,
            "appends" => appends(&options).await,
            _ => Err("fill, lists, figures, words, finds or appends".into()),
        }
    })
}

async fn open(options: &Options) -> Result<Database, Failed> {
    let place = options.text("database", "load.sqlite");
    if !place.contains("://") {
        return Ok(Database::open(Path::new(&place)).await?);
    }
    let password = std::env::var("QUANLIAN_DATABASE_PASSWORD").ok();
    let how = PostgresOptions {
        max_connections: u32::try_from(options.number("clients", 32)?)?.max(4),
        ..PostgresOptions::default()
    };
    Ok(Database::connect(&PostgresAddress::parse(&place)?, password.as_deref(), &how).await?)
}

/// A connection without the store, to fill tables by the statement.
async fn raw(options: &Options) -> Result<sea_orm::DatabaseConnection, Failed> {
    let place = options.text("database", "load.sqlite");
    let mut url = place.clone();
    if place.contains("://") {
        let mut with_password = url::Url::parse(&place)?;
        let password = std::env::var("QUANLIAN_DATABASE_PASSWORD").ok();
        let _ = with_password.set_password(password.as_deref());
        url = with_password.to_string();
    } else {
        url.insert_str(0, "sqlite://");
    }
    let mut how = ConnectOptions::new(url);
    how.max_connections(1).sqlx_logging(false);
    Ok(sea_orm::Database::connect(how).await?)
}

/// Matters of twelve agencies, the first with four of ten; forty units, two thousand people, four procedures, eight
/// stages; twenty thousand grants to the police, two thousand to the customs, standing grants of all to the procuratorate.
async fn fill(options: &Options) -> Result<(), Failed> {
    let store = open(options).await?;
    let matters = options.number("matters", 1_000_000)?;
    let raw = raw(options).await?;
    let started = Instant::now();
    let (series, id, forty_fifth, grant, head, plus) = match store.kind() {
        Kind::Sqlite => (
            "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {N})",
            "unhex(printf('%032x', n))",
            "unhex(printf('%032x', n * 45))",
            "unhex(printf('%032x', n + 100000000))",
            "zeroblob(32)",
            "printf('%07d', n)",
        ),
        Kind::Postgres => (
            "WITH s AS (SELECT generate_series(1, {N}::bigint) AS n)",
            "lpad(to_hex(n), 32, '0')::uuid",
            "lpad(to_hex(n * 45), 32, '0')::uuid",
            "lpad(to_hex(n + 100000000), 32, '0')::uuid",
            "decode(repeat('00', 32), 'hex')",
            "lpad(n::text, 7, '0')",
        ),
    };
    // Each attribute by a mix of its own, so that none tells of another.
    let mix = |by: u64, many: u64| format!("(((n * {by}) % 2147483647) % {many})");
    let agency = format!(
        "CASE WHEN {} < 4 THEN 'a0' ELSE 'a' || CAST(1 + {} AS TEXT) END",
        mix(48_271, 10),
        mix(69_621, 11)
    );
    let user = format!("'u' || CAST({} AS TEXT)", mix(16_807, 2000));
    let none = i64::MIN;
    let statements = [
        format!(
            "INSERT INTO matters (id, number, procedure_id, procedure_version, stage, status, owner_agency, owner_unit, \
             handlers, title, opened_at, changed_at, due_key, amount_key, blind_keys, state, version, head) {} \
             SELECT {id}, '2024-' || {plus}, 'p' || CAST({} AS TEXT), 1, 's' || CAST({} AS TEXT), \
             CASE WHEN {} < 7 THEN 'closed' ELSE 'open' END, {agency}, 'k' || CAST({} AS TEXT), \
             '[\"' || {user} || '\"]', 'matter ' || CAST(n AS TEXT), 1700000000000000 + n * 1000000, \
             1700000000000000 + {} * 1000000, \
             CASE WHEN {} < 3 THEN 20240101 + {} + {} * 100 ELSE {} END, \
             CASE WHEN {} = 0 THEN {} ELSE {} END, '[]', '{{\"n\":1}}', 0, {head} FROM s",
            series.replace("{N}", &matters.to_string()),
            mix(39_373, 4),
            mix(742_938_285, 8),
            mix(950_706_376, 10),
            mix(1_226_874_159, 40),
            mix(62_089_911, matters),
            mix(1_343_714_438, 5),
            mix(630_360_016, 28),
            mix(7919, 12),
            i64::MAX,
            mix(104_729, 2),
            mix(1_299_709, 100_000_000),
            // The least number of all cannot be written as one.
            format_args!("({} - 1)", none + 1),
        ),
        format!(
            "INSERT INTO matter_handlers (user_id, matter_id) {} SELECT {user}, {id} FROM s",
            series.replace("{N}", &matters.to_string())
        ),
        format!(
            "INSERT INTO matter_grants (id, matter_id, of_agency, to_agency, actions, purpose, legal_basis, \
             handling_code, granted_by, granted_at, until_at, revoked_at) {} SELECT {grant}, {}, 'a0', \
             CASE WHEN n % 11 = 0 THEN 'customs' ELSE 'police' END, 3, 'p', \
             'l', 'P1', 'chief', 0, {max}, {max} FROM s",
            series.replace("{N}", &(matters / 500 * 11).to_string()),
            forty_fifth,
            max = i64::MAX,
        ),
        format!(
            "INSERT INTO matter_grants (id, of_agency, procedure_id, to_agency, actions, purpose, legal_basis, \
             handling_code, granted_by, granted_at, until_at, revoked_at) {} SELECT {}, 'a' || CAST(n - 1 AS TEXT), \
             'p1', 'procuratorate', 3, 'p', 'l', 'P1', 'chief', 0, {max}, {max} FROM s",
            series.replace("{N}", "12"),
            grant.replace("100000000", "200000000"),
            max = i64::MAX,
        ),
    ];
    let statements = statements
        .into_iter()
        .chain(measures())
        .chain(["ANALYZE".to_owned()]);
    for statement in statements {
        raw.execute_unprepared(&statement).await?;
    }
    println!(
        "{}",
        json!({"act": "fill", "matters": matters, "seconds": started.elapsed().as_secs_f64()})
    );
    Ok(())
}

/// Eight measures a matter: its opening, two stays, a closing for seven of ten, two acts, a clock, a fact for nine of ten.
fn measures() -> Vec<String> {
    let n = "((m.opened_at - 1700000000000000) / 1000000)";
    let day = |by: u64| {
        format!(
            "(20240101 + (({n} * {by}) % 2147483647) % 28 + ((({n} * {by}) % 2147483647) / 28 % 12) * 100)"
        )
    };
    let many = |by: u64, many: u64| format!("((({n} * {by}) % 2147483647) % {many})");
    let never = i64::MAX;
    let insert = |kind: &str, ordinal: u64, rest: String, only: &str| {
        format!(
            "INSERT INTO matter_measures (matter_id, kind, ordinal, name, state, from_key, until_key, due_at, value, \
             owner_agency, owner_unit, procedure_id) SELECT m.id, '{kind}', {ordinal}, {rest}, m.owner_agency, \
             m.owner_unit, m.procedure_id FROM matters m WHERE {only}"
        )
    };
    let closed = "m.status = 'closed'";
    vec![
        insert(
            "basis",
            0,
            format!("'1', NULL, 0, {never}, {never}, NULL"),
            "1 = 1",
        ),
        insert(
            "open",
            0,
            format!("'s0', NULL, {}, {never}, {never}, NULL", day(48_271)),
            "1 = 1",
        ),
        insert(
            "stay",
            0,
            format!(
                "'s0', 'working', {}, {}, {never}, {}",
                day(48_271),
                day(69_621),
                many(69_621, 90)
            ),
            "1 = 1",
        ),
        insert(
            "stay",
            1,
            format!(
                "m.stage, 'working', {}, CASE WHEN {closed} THEN {} ELSE {never} END, {never}, {}",
                day(69_621),
                day(16_807),
                many(16_807, 90)
            ),
            "1 = 1",
        ),
        insert(
            "close",
            0,
            format!(
                "'s7', 'done', {}, {}, {never}, {}",
                day(48_271),
                day(16_807),
                many(16_807, 300)
            ),
            closed,
        ),
        insert(
            "act",
            0,
            format!("'begin', NULL, {0}, {0}, {never}, 1", day(48_271)),
            "1 = 1",
        ),
        insert(
            "act",
            1,
            format!("'hand_over', NULL, {0}, {0}, {never}, 1", day(69_621)),
            &format!("{} < 3", many(7919, 10)),
        ),
        insert(
            "clock",
            0,
            format!(
                "'accept', CASE WHEN {closed} THEN CASE WHEN {} < 9 THEN 'met' ELSE 'met_late' END ELSE 'running' END, {}, \
                 CASE WHEN {closed} THEN {} ELSE {never} END, 1700000000000000 + {} * 1000000, 0",
                many(39_373, 10),
                day(48_271),
                day(16_807),
                many(62_089_911, 1_000_000)
            ),
            "1 = 1",
        ),
        insert(
            "fact",
            0,
            format!(
                "'gain', NULL, 0, {never}, {never}, {}",
                many(1_299_709, 100_000_000)
            ),
            &format!("{} < 9", many(104_729, 10)),
        ),
    ]
}

/// Figures as heads of agencies ask for them, of a whole year and of a month; each ten times.
async fn figures_of_all(options: &Options) -> Result<(), Failed> {
    let store = open(options).await?;
    let rounds = options.number("rounds", 10)?;
    let days = |first: &str, last: &str| -> Result<Days, Failed> {
        Ok(Days {
            first: Some(first.parse()?),
            last: Some(last.parse()?),
        })
    };
    let year = days("2024-01-01", "2024-12-31")?;
    let month = days("2024-06-01", "2024-06-30")?;
    let now = Timestamp::from_unix_micros(1_700_000_500_000_000)?;
    let kind = |of, when, value, by| Tally {
        of,
        procedures: [].into(),
        names: [].into(),
        states: [].into(),
        done: [].into(),
        flags: [].into(),
        when,
        value,
        by,
        group: None,
    };
    let gain = || -> Result<Valued, Failed> { Ok(Valued::Fact(code("gain")?)) };
    let met = Valued::State {
        is: [code("met")?].into(),
        unknown: [].into(),
    };
    let handed = Tally {
        names: [code("hand_over")?].into(),
        ..kind(
            MeasureKind::Act,
            When::Began(year),
            Valued::Done([code("begin")?].into()),
            By::Whole,
        )
    };
    let asked = [
        (
            "opened in a year, by month",
            kind(MeasureKind::Open, When::Began(year), Valued::One, By::Month),
            true,
        ),
        (
            "opened in a month",
            kind(MeasureKind::Open, When::Began(month), Valued::One, By::Whole),
            true,
        ),
        (
            "open at a day, by stage",
            kind(
                MeasureKind::Stay,
                When::Stands("2024-06-15".parse()?),
                Valued::One,
                By::Name,
            ),
            true,
        ),
        (
            "closed in a year, by procedure",
            kind(MeasureKind::Close, When::Ended(year), Valued::One, By::Procedure),
            true,
        ),
        (
            "days in a stage of a year, by stage",
            kind(MeasureKind::Stay, When::Ended(year), Valued::Own, By::Name),
            false,
        ),
        (
            "days to close of a month",
            kind(MeasureKind::Close, When::Ended(month), Valued::Own, By::Whole),
            false,
        ),
        (
            "clocks overdue now",
            kind(MeasureKind::Clock, When::Overdue(now), Valued::One, By::Whole),
            true,
        ),
        (
            "share of clocks met in a year",
            kind(MeasureKind::Clock, When::Ended(year), met, By::Month),
            true,
        ),
        (
            "sum of a fact of a year",
            kind(MeasureKind::Close, When::Ended(year), gain()?, By::Whole),
            true,
        ),
        (
            "sum of a fact of a month",
            kind(MeasureKind::Close, When::Ended(month), gain()?, By::Whole),
            true,
        ),
        ("handed over in a year, share", handed, true),
    ];
    let scopes = [
        ("400,000 own", person("a0", None, "u0", Reach::Agency)?),
        ("55,000 own", person("a5", None, "u0", Reach::Agency)?),
        ("a unit", person("a0", Some("k3"), "u13", Reach::Unit)?),
        ("20,000 grants", person("police", None, "x", Reach::Agency)?),
        (
            "12 standing grants",
            person("procuratorate", None, "x", Reach::Agency)?,
        ),
    ];
    for (whose, scope) in &scopes {
        for (name, tally, is_summed) in &asked {
            let (mut times, mut rows) = (Vec::new(), 0);
            for _ in 0..rounds {
                let started = Instant::now();
                rows = if *is_summed {
                    let sums = store.summed(scope, tally).await?;
                    sums.iter().map(|one| one.known + one.missing).sum()
                } else {
                    let bins = store.valued(scope, tally).await?;
                    bins.iter().map(|bin| bin.rows).sum()
                };
                times.push(started.elapsed());
            }
            let mut line = figures(&format!("{whose}: {name}"), &times);
            line["rows"] = json!(rows);
            println!("{line}");
        }
        let tally = &asked.first().ok_or("no figure")?.1;
        let started = Instant::now();
        let page = store.measured_rows(scope, tally, None, 50).await?;
        println!(
            "{}",
            json!({"list": format!("{whose}: fifty rows behind the first"), "rows": page.len(), "ms": millis(started.elapsed())})
        );
    }
    Ok(())
}

/// A number by which everything about a matter is chosen.
fn mixed(n: u64, by: u64) -> u64 {
    (n.wrapping_add(by).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 17) % 1_000_003
}

/// A word of two signs out of 3,000, the common ones more often.
fn word(n: u64, by: u64) -> String {
    let rank = mixed(n, by) % 3000 * (mixed(n, by + 77) % 3000) / 3000;
    let sign = |of: u64| char::from_u32(0x4e00 + (of % 6000) as u32).unwrap_or('字');
    [sign(rank * 7 + 11), sign(rank * 13 + 5)].iter().collect()
}

/// A name of three signs, one of 20,000.
fn name(n: u64) -> String {
    let of = mixed(n, 5) % 20_000;
    let sign = |of: u64| char::from_u32(0x5200 + (of % 5000) as u32).unwrap_or('字');
    [sign(of % 100), sign(of * 31 + 9), sign(of * 17 + 3)]
        .iter()
        .collect()
}

/// Gives matters words: forty of a common kind, a name, a number, and one word that all have. What was counted of them goes.
async fn words(options: &Options) -> Result<(), Failed> {
    let store = open(options).await?;
    let (matters, started) = (options.number("matters", 100_000)?, Instant::now());
    let (basis, mut after, mut done) = (code("words")?, None, 0_u64);
    while done < matters {
        let page = store.undrawn(&basis, after, 1000).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for matter in &page {
            let n = done;
            let common: Vec<String> = (0..40).map(|by| word(n, by)).collect();
            let drawn = Drawn {
                basis: basis.clone(),
                measures: Vec::new(),
                words: format!("投诉 {} 当事人{} 编号{n}", common.concat(), name(n)),
            };
            store.put_drawn(matter.id, matter.version, &drawn).await?;
            done += 1;
        }
    }
    println!(
        "{}",
        json!({"act": "words", "matters": done, "seconds": started.elapsed().as_secs_f64()})
    );
    Ok(())
}

/// Twenty of all that have a word, with their count up to 1,000; each thirty times with other words.
async fn finds(options: &Options) -> Result<(), Failed> {
    let store = open(options).await?;
    let rounds = options.number("rounds", 30)?;
    let scopes = [
        ("four of ten", person("a0", None, "u0", Reach::Agency)?),
        ("one of eighteen", person("a5", None, "u0", Reach::Agency)?),
        ("a unit", person("a0", Some("k3"), "u13", Reach::Unit)?),
        ("in hand", person("a0", None, "u13", Reach::Handled)?),
        ("20,000 grants", person("police", None, "x", Reach::Agency)?),
        (
            "12 standing grants",
            person("procuratorate", None, "x", Reach::Agency)?,
        ),
    ];
    for (whose, scope) in &scopes {
        for what in [
            "a name",
            "a frequent word",
            "two frequent words",
            "a number",
            "what all have",
            "nothing",
        ] {
            let (mut times, mut counts, mut found) = (Vec::new(), Vec::new(), 0);
            for round in 0..rounds {
                let typed = match what {
                    "a name" => name(round * 97),
                    "a frequent word" => word(round * 97, 3),
                    "two frequent words" => format!("{} {}", word(round * 97, 3), word(round * 97, 4)),
                    "a number" => format!("2024-{:07}", 1 + round * 97),
                    "what all have" => "投诉".to_owned(),
                    _ => "鑫鑫鑫".to_owned(),
                };
                let search = Search {
                    wanted: Wanted::parse(&typed)?,
                    is_in_titles: false,
                    after: None,
                    limit: 20,
                };
                let started = Instant::now();
                store.search(scope, &search).await?;
                times.push(started.elapsed());
                let started = Instant::now();
                found += store.count_found(scope, &search, 1000).await?;
                counts.push(started.elapsed());
            }
            let mut line = figures(&format!("{whose}: {what}"), &times);
            line["count_p50_ms"] = figures("", &counts)["p50_ms"].clone();
            line["found"] = json!(found / rounds.max(1));
            println!("{line}");
        }
    }
    Ok(())
}

fn code(text: &str) -> Result<Code, Failed> {
    Ok(Code::parse(text)?)
}

fn person(agency: &str, unit: Option<&str>, user: &str, reach: Reach) -> Result<Scope, Failed> {
    Ok(Scope {
        agency: agency.parse()?,
        unit: unit.map(str::parse).transpose()?,
        user: user.parse()?,
        reach,
        needs: Actions::READ,
        at: Timestamp::now(),
    })
}

/// Fifty of all, asked for in the ways of people; each way a hundred times, with other values each time.
async fn lists(options: &Options) -> Result<(), Failed> {
    let store = open(options).await?;
    let rounds = options.number("rounds", 100)?;
    let matters = options.number("matters", 1_000_000)?;
    let chief = person("a0", None, "u0", Reach::Agency)?;
    let small = person("a5", None, "u0", Reach::Agency)?;
    let police = person("police", None, "x", Reach::Agency)?;
    let customs = person("customs", None, "x", Reach::Agency)?;
    let procurator = person("procuratorate", None, "x", Reach::Agency)?;
    let by = |sort, direction| MatterQuery {
        sort,
        direction,
        ..MatterQuery::default()
    };
    let newest = || by(Sort::Changed, Direction::Descending);
    let mut all = Vec::new();
    for name in [
        "newest",
        "newest of a small agency",
        "page 20",
        "status",
        "procedure and stage",
        "open, next due first",
        "greatest amount",
        "greatest amount of a stage",
        "opened in a week, next due",
        "handler",
        "handler, open, next due",
        "one number",
        "all numbers",
        "unit",
        "in hand",
        "2,000 grants",
        "20,000 grants",
        "20,000 grants, next due",
        "12 standing grants",
    ] {
        let mut times = Vec::new();
        for round in 0..rounds {
            let mut query = newest();
            let mut scope = chief.clone();
            match name {
                "newest of a small agency" => scope = small.clone(),
                "status" => query.filter.status = Some(code(if round % 2 == 0 { "open" } else { "closed" })?),
                "procedure and stage" => {
                    query.filter.procedure = Some(code(&format!("p{}", round % 4))?);
                    query.filter.stage = Some(code(&format!("s{}", round % 8))?);
                }
                "open, next due first" => {
                    query = by(Sort::Due, Direction::Ascending);
                    query.filter.status = Some(code("open")?);
                }
                "greatest amount" => query = by(Sort::Amount, Direction::Descending),
                "greatest amount of a stage" => {
                    query = by(Sort::Amount, Direction::Descending);
                    query.filter.stage = Some(code(&format!("s{}", round % 8))?);
                }
                "opened in a week, next due" => {
                    query = by(Sort::Due, Direction::Ascending);
                    let from = 1_700_000_000_000_000 + (round * 7919 % matters).cast_signed() * 1_000_000;
                    query.filter.opened_from = Some(Timestamp::from_unix_micros(from)?);
                    query.filter.opened_until = Some(Timestamp::from_unix_micros(from + 604_800_000_000)?);
                }
                "handler" => query.filter.handler = Some(format!("u{}", round * 13 % 2000).parse()?),
                "handler, open, next due" => {
                    query = by(Sort::Due, Direction::Ascending);
                    query.filter.handler = Some(format!("u{}", round * 13 % 2000).parse()?);
                    query.filter.status = Some(code("open")?);
                }
                "one number" => {
                    query.filter.number_prefix = Some(format!("2024-{:07}", 1 + round * 7919 % matters));
                }
                "all numbers" => query.filter.number_prefix = Some("2024-".to_owned()),
                "unit" => {
                    let unit = format!("k{}", round % 40);
                    scope = person("a0", Some(&unit), &format!("u{}", round * 13 % 2000), Reach::Unit)?;
                }
                "in hand" => scope = person("a0", None, &format!("u{}", round * 13 % 2000), Reach::Handled)?,
                "2,000 grants" => scope = customs.clone(),
                "20,000 grants" => scope = police.clone(),
                "20,000 grants, next due" => {
                    scope = police.clone();
                    query = by(Sort::Due, Direction::Ascending);
                }
                "12 standing grants" => scope = procurator.clone(),
                "page 20" => {
                    for _ in 0..19 {
                        query.after = store.matters(&scope, &query).await?.next;
                    }
                }
                _ => {}
            }
            let started = Instant::now();
            let page = store.matters(&scope, &query).await?;
            times.push(started.elapsed());
            if name == "one number" && page.matters.len() > 1 {
                return Err("more than one matter has a number".into());
            }
        }
        println!("{}", figures(name, &times));
        all.extend(times);
    }
    println!("{}", figures("all lists", &all));
    let started = Instant::now();
    let count = store
        .count_matters(&chief, &MatterFilter::default(), 10_000)
        .await?;
    println!(
        "{}",
        json!({"list": "count up to 10,000", "count": count, "ms": millis(started.elapsed())})
    );
    Ok(())
}

fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}

fn figures(name: &str, times: &[Duration]) -> serde_json::Value {
    let mut times = times.to_vec();
    times.sort();
    let at = |share: f64| {
        times
            .get((times.len() as f64 * share) as usize)
            .or(times.last())
            .map(|time| millis(*time))
    };
    json!({"list": name, "calls": times.len(), "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0)})
}

/// Each client appends to matters of its own, one event and one outbox entry at a time; each waits for its answer.
async fn appends(options: &Options) -> Result<(), Failed> {
    let store = open(options).await?;
    let clients = options.number("clients", 32)?;
    let time = Duration::from_secs(options.number("seconds", 10)?);
    let started = Instant::now();
    let tasks = (0..clients).map(|client| tokio::spawn(client_appends(store.clone(), client, time)));
    let mut times = Vec::new();
    let mut created = Duration::ZERO;
    for task in tasks.collect::<Vec<_>>() {
        let (own, slowest) = task.await??;
        times.extend(own);
        created = created.max(slowest);
    }
    let count = times.len();
    let mut line = figures("appends", &times);
    line["clients"] = json!(clients);
    line["appends_per_s"] =
        json!((count as f64 / started.elapsed().saturating_sub(created).as_secs_f64()).round());
    println!("{line}");
    Ok(())
}

async fn client_appends(
    store: Database,
    client: u64,
    time: Duration,
) -> Result<(Vec<Duration>, Duration), Failed> {
    let now = Timestamp::now();
    let projection = Projection {
        procedure: code("complaint")?,
        procedure_version: 1,
        stage: code("intake")?,
        status: code("open")?,
        owner_agency: "a0".parse()?,
        owner_unit: Some("k1".parse()?),
        handlers: ["u1".parse()?, "u2".parse()?].into(),
        title: "a matter that grows".to_owned(),
        due_on: None,
        amount_fen: Some(100),
        keys: BTreeSet::new(),
    };
    let mut change = Change {
        request: Request {
            principal: code("load")?,
            key: code("-")?,
            digest: [0; 32],
        },
        at: now,
        events: vec![json!({"act": "note", "v": 1, "by": "u1", "text": "x".repeat(300)})],
        projection,
        state: json!({"stage": "intake", "papers": ["a", "b", "c"], "note": "y".repeat(500)}),
        drawn: None,
        notices: Vec::new(),
        grants: Vec::new(),
        revoked: Vec::new(),
        outbox: Vec::new(),
    };
    let started = Instant::now();
    let id = MatterId::fresh(now);
    let series = Series {
        agency: "a0".parse()?,
        procedure: code("load")?,
        year: 2024,
    };
    change.request.key = code(&id.to_string())?;
    let form = |ordinal: u64| format!("load-{ordinal}");
    let mut version = store.create_matter(id, &series, &form, &change).await?.version;
    let created = started.elapsed();
    let mut times = Vec::new();
    let started = Instant::now();
    let mut n = 0_u64;
    while started.elapsed() < time {
        n += 1;
        change.at = Timestamp::now();
        change.request.key = code(&format!("{id}-{client}-{n}"))?;
        change.outbox = vec![OutboxEntry {
            id: OutboxId::fresh(change.at),
            kind: code("log")?,
            payload: json!({"matter": id.to_string(), "n": n}),
        }];
        let begun = Instant::now();
        version = store.append_events(id, version, &change).await?.version;
        times.push(begun.elapsed());
    }
    Ok((times, created))
}
