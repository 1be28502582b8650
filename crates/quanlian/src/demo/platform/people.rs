//! Who works on the sample platform: agencies, their units, and somebody for every role.
//!
//! In:  nothing.
//! Out: [`AGENCIES`], [`PEOPLE`], and [`sign_in_card`], which tells a stranger as whom to sign in.
//!
//! Everybody is called by a surname and what they do, so that nobody takes them for somebody real. The password is the same for all and
//! stands here for everybody to read: a platform that has it is for looking at.

use std::collections::BTreeMap;

use anyhow::Context as _;
use quanlian_server::permission::Roles;
use serde_json::{Value, json};

use super::{
    client::{Request, Site, Visitor},
    matter::Cast,
};

/// The password of every account of the sample.
pub(super) const PASSWORD: &str = "lantern-river-quilt-7";
/// What accounts have until their people set the password of the sample: it opens nothing but its own change.
const FIRST_PASSWORD: &str = "timber-oval-crane-3";
/// So many accounts are made side by side.
const AT_ONCE: usize = 4;
/// The first administrator, who makes the other accounts.
pub(super) const ADMINISTRATOR: &str = "root";

/// An agency of the sample, or a company.
pub(super) struct Agency {
    pub(super) code: &'static str,
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
    /// Code, Chinese and English name of each unit.
    pub(super) units: &'static [(&'static str, &'static str, &'static str)],
}

/// Agencies, in the order in which they are told.
pub(super) const AGENCIES: [Agency; 10] = [
    Agency {
        code: "culture",
        zh: "演示市文化市场综合执法支队",
        en: "Sample City culture enforcement",
        units: &[
            ("team-1", "执法一大队", "Team 1"),
            ("legal", "法制科", "Legal section"),
        ],
    },
    Agency {
        code: "market",
        zh: "演示市市场监督管理局",
        en: "Sample City market regulation",
        units: &[
            ("ip", "知识产权执法科", "IP enforcement section"),
            ("legal", "法规科", "Legal section"),
        ],
    },
    Agency {
        code: "ipo",
        zh: "演示市知识产权局",
        en: "Sample City IP office",
        units: &[("protection", "保护协调科", "Protection section")],
    },
    Agency {
        code: "police",
        zh: "演示市公安局经侦支队",
        en: "Sample City police, economic crime",
        units: &[
            ("reception", "案件受理室", "Reception"),
            ("squad-2", "侦查二大队", "Squad 2"),
        ],
    },
    Agency {
        code: "procuratorate",
        zh: "演示市人民检察院",
        en: "Sample City procuratorate",
        units: &[("ip", "知识产权检察部", "IP division")],
    },
    Agency {
        code: "court",
        zh: "演示市中级人民法院",
        en: "Sample City intermediate court",
        units: &[("ip", "知识产权审判庭", "IP tribunal")],
    },
    Agency {
        code: "province",
        zh: "演示省市场监督管理局",
        en: "Sample Province market regulation",
        units: &[],
    },
    Agency {
        code: "music",
        zh: "晨江音乐文化有限公司（演示）",
        en: "Chenjiang Music (sample)",
        units: &[],
    },
    Agency {
        code: "chip",
        zh: "澜芯微电子有限公司（演示）",
        en: "Lanxin Microelectronics (sample)",
        units: &[],
    },
    Agency {
        code: "platform",
        zh: "夜航网络平台公司（演示）",
        en: "Yehang Platform (sample)",
        units: &[],
    },
];

/// Somebody.
pub(super) struct Person {
    /// Login, and user code within the agency.
    pub(super) login: &'static str,
    pub(super) name: &'static str,
    pub(super) agency: &'static str,
    pub(super) unit: Option<&'static str>,
    /// By the names of `policies/roles.toml`, what they are first.
    pub(super) roles: &'static [&'static str],
}

const fn person(
    login: &'static str,
    name: &'static str,
    agency: &'static str,
    unit: &'static str,
    roles: &'static [&'static str],
) -> Person {
    let unit = if unit.is_empty() { None } else { Some(unit) };
    Person {
        login,
        name,
        agency,
        unit,
        roles,
    }
}

/// Everybody, in the order in which they are told.
pub(super) const PEOPLE: [Person; 28] = [
    person("zhou", "周受理", "culture", "team-1", &["intake_clerk"]),
    person("li", "李承办", "culture", "team-1", &["handler"]),
    person(
        "qian",
        "钱协办",
        "culture",
        "team-1",
        &["second_handler", "member_officer"],
    ),
    person("zhao", "赵审核", "culture", "team-1", &["reviewer"]),
    person("sun", "孙法制", "culture", "legal", &["legal_reviewer"]),
    person(
        "wang",
        "王支队长",
        "culture",
        "",
        &["head", "approver", "agency_officer"],
    ),
    person(
        "wu",
        "吴受理",
        "market",
        "ip",
        &["intake_clerk", "second_handler", "member_officer"],
    ),
    person("zheng", "郑承办", "market", "ip", &["handler"]),
    person("chen", "陈审核", "market", "ip", &["reviewer"]),
    person("shen", "沈法制", "market", "legal", &["legal_reviewer"]),
    person(
        "jiang",
        "蒋局长",
        "market",
        "",
        &["head", "approver", "other_officer"],
    ),
    person("he", "何牵头", "ipo", "protection", &["lead", "handler"]),
    person("fan", "范研判", "ipo", "protection", &["analyst"]),
    person("lv", "吕局长", "ipo", "", &["head", "approver"]),
    person("han", "韩接收", "police", "reception", &["police_receiver"]),
    person("yang", "杨侦查", "police", "squad-2", &["police_officer"]),
    person("zhu", "朱支队长", "police", "", &["police_head"]),
    person("qin", "秦检察官", "procuratorate", "ip", &["procurator"]),
    person("you", "尤检察长", "procuratorate", "", &["chief_procurator"]),
    person("xu", "许书记员", "court", "ip", &["court_clerk"]),
    person("tang", "唐经办", "province", "", &["superior_officer"]),
    person("lin", "林维权", "music", "", &["right_holder", "complainant"]),
    person("fang", "方总监", "music", "", &["head", "approver"]),
    person("gao", "高维权", "chip", "", &["right_holder", "complainant"]),
    person("luo", "罗处理", "platform", "", &["platform_officer"]),
    person("hu", "胡用户", "platform", "", &["user", "party"]),
    person("shi", "施审计", "ipo", "", &["auditor"]),
    person(ADMINISTRATOR, "管理员", "ipo", "", &["administrator"]),
];

/// Somebody, by login.
pub(super) fn known(login: &str) -> Option<&'static Person> {
    PEOPLE.iter().find(|person| person.login == login)
}

/// Makes all agencies, units and accounts on a platform that is new, and signs everybody in.
pub(super) fn arrive<'a>(site: &'a Site, code: &str) -> anyhow::Result<Cast<'a>> {
    let first = known(ADMINISTRATOR).context("nobody administers the sample")?;
    let office = AGENCIES.iter().find(|agency| agency.code == first.agency);
    let office = office.context("the administrator is of no agency")?;
    let first = json!({
        "code": code, "agency": office.code, "agency_names": {"zh": office.zh, "en": office.en},
        "login": first.login, "name": first.name, "password": PASSWORD,
    });
    site.send(&Request::new("POST", "/api/v1/first-start").json(&first))?;
    let root = site.sign_in(ADMINISTRATOR, PASSWORD)?;
    for agency in &AGENCIES {
        let place = format!("/api/v1/agencies/{}", agency.code);
        root.put(&place, &json!({"zh": agency.zh, "en": agency.en}))?;
        for (unit, zh, en) in agency.units {
            root.put(&format!("{place}/units/{unit}"), &json!({"zh": zh, "en": en}))?;
        }
    }
    let others: Vec<&'static Person> = PEOPLE
        .iter()
        .filter(|person| person.login != ADMINISTRATOR)
        .collect();
    // Most of the time goes into hashes of passwords, which the platform computes side by side.
    let arrived = std::thread::scope(|scope| {
        let groups = others.chunks(others.len().div_ceil(AT_ONCE));
        let root = &root;
        let groups: Vec<_> = groups
            .map(|group| scope.spawn(move || group.iter().map(|person| enter(site, root, person)).collect()))
            .collect();
        let joined = groups.into_iter().map(|group| {
            let group = group.join();
            group.unwrap_or_else(|_| Err(anyhow::anyhow!("making the accounts broke off")))
        });
        joined.collect::<anyhow::Result<Vec<Vec<Visitor<'a>>>>>()
    })?;
    root.leave()?;
    let arrived = arrived.into_iter().flatten();
    let by_login: BTreeMap<_, _> = arrived.map(|visitor| (visitor.login, visitor)).collect();
    Ok(Cast(by_login))
}

/// Makes an account; its person sets the password of the sample.
fn enter<'a>(site: &'a Site, root: &Visitor<'_>, person: &'static Person) -> anyhow::Result<Visitor<'a>> {
    let account = json!({
        "login": person.login, "agency": person.agency, "user": person.login, "unit": person.unit, "name": person.name,
        "roles": person.roles, "password": FIRST_PASSWORD,
    });
    root.post("/api/v1/accounts", &account)?;
    let visitor = site.sign_in(person.login, FIRST_PASSWORD)?;
    visitor.put("/api/v1/account/password", &json!({"password": PASSWORD}))?;
    Ok(visitor)
}

/// As whom a stranger can sign in: `password`, which is the same for all, and `accounts` with `login`, `name`, `agency` and `roles`, names
/// in both languages.
pub(crate) fn sign_in_card() -> Value {
    // The policies were read before any platform began; without them a role is told by its word.
    let roles = Roles::embedded().ok();
    let role = |code: &&str| {
        let known = roles.as_ref().and_then(|roles| roles.get(code));
        let (zh, en) = known.map_or((*code, *code), |role| (role.zh.as_str(), role.en.as_str()));
        json!({"code": code, "zh": zh, "en": en})
    };
    let account = |person: &Person| {
        let agency = AGENCIES.iter().find(|agency| agency.code == person.agency);
        json!({
            "login": person.login,
            "name": person.name,
            "agency": agency.map(|agency| json!({"code": agency.code, "zh": agency.zh, "en": agency.en})),
            "roles": person.roles.iter().map(role).collect::<Vec<_>>(),
        })
    };
    json!({"password": PASSWORD, "accounts": PEOPLE.iter().map(account).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn everybody_is_of_an_agency_a_unit_and_roles_that_there_are() {
        let roles = Roles::embedded().unwrap();
        let mut logins = BTreeSet::new();
        for person in &PEOPLE {
            assert!(logins.insert(person.login), "{} twice", person.login);
            let agency = AGENCIES.iter().find(|agency| agency.code == person.agency);
            let units: Vec<&str> = agency.unwrap().units.iter().map(|unit| unit.0).collect();
            assert!(
                person.unit.is_none_or(|unit| units.contains(&unit)),
                "{}",
                person.login
            );
            roles.of_person(person.roles.iter().copied()).unwrap();
        }
    }

    #[test]
    fn every_role_of_the_platform_has_somebody_who_shows_it() {
        let held: BTreeSet<&str> = PEOPLE
            .iter()
            .flat_map(|person| person.roles.iter().copied())
            .collect();
        let roles = Roles::embedded().unwrap();
        let all: BTreeSet<&str> = roles.iter().map(|(id, _)| id).collect();
        assert_eq!(held, all);
    }

    #[test]
    fn the_card_tells_names_in_both_languages() {
        let card = sign_in_card();
        let root = card["accounts"].as_array().unwrap().last().unwrap();
        assert_eq!(root["roles"][0]["zh"], "系统管理员");
        assert_eq!(root["agency"]["en"], "Sample City IP office");
    }
}
