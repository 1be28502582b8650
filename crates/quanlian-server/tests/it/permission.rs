//! Permissions against a plain account of the rules.
//!
//! In:  every role alone and every pair of roles, every action, every kind of matter and grant.
//! Out: nothing, or the first question that the policies answer otherwise than the rules as written here.

use std::collections::BTreeSet;

use quanlian_server::permission::{
    Action, Decision, MatterFacts, Object, Permissions, Principal, Purposes, Question, Reach, RoleError,
    Roles,
};

const POLICIES: &str = include_str!("../../../../policies/platform.cedar");
const SCHEMA: &str = include_str!("../../../../policies/platform.cedarschema");

fn officer(roles: &[&str]) -> Principal {
    Principal {
        user: "li".into(),
        agency: "culture".into(),
        unit: Some("team-1".into()),
        roles: roles.iter().map(|&role| role.to_owned()).collect(),
        is_active: true,
        scopes: None,
    }
}

fn set<T: Ord, const N: usize>(items: [T; N]) -> BTreeSet<T> {
    items.into()
}

/// Everything that a matter may be to somebody.
fn objects() -> Vec<Object> {
    let mut objects = vec![
        Object::Installation,
        Object::Agency("culture".into()),
        Object::Agency("police".into()),
    ];
    for owner in ["culture", "police"] {
        for unit in [None, Some("team-1"), Some("team-2")] {
            for handlers in [set([]), set(["li".to_owned()]), set(["wang".to_owned()])] {
                for granted in [
                    set([]),
                    set([Action::Clocks]),
                    set([Action::Clocks, Action::Read]),
                    set([
                        Action::Clocks,
                        Action::Read,
                        Action::Write,
                        Action::Export,
                        Action::Share,
                    ]),
                ] {
                    objects.push(Object::Matter(MatterFacts {
                        procedure: String::new(),
                        id: "m".into(),
                        owner: owner.into(),
                        unit: unit.map(Into::into),
                        handlers: handlers.clone(),
                        granted,
                    }));
                }
            }
        }
    }
    objects
}

/// People with every role, and with every two that may be held together.
fn people(roles: &Roles) -> Vec<Principal> {
    let ids: Vec<&str> = roles.iter().map(|(id, _)| id).collect();
    let mut people = vec![officer(&[])];
    for (at, &one) in ids.iter().enumerate() {
        people.push(officer(&[one]));
        for &other in &ids[at + 1..] {
            if roles.of_person([one, other].into_iter()).is_ok() {
                people.push(officer(&[one, other]));
            }
        }
    }
    let mut variants = Vec::new();
    for person in people.iter().filter(|person| person.roles.len() < 2) {
        variants.push(Principal {
            unit: None,
            ..person.clone()
        });
        variants.push(Principal {
            is_active: false,
            ..person.clone()
        });
        variants.push(Principal {
            scopes: Some(set([Action::Clocks, Action::Audit])),
            ..person.clone()
        });
    }
    people.extend(variants);
    people
}

/// The rules, as a person would read them out: some role that may do it reaches it.
fn may(roles: &Roles, question: &Question<'_>) -> bool {
    let (person, action) = (question.principal, question.action);
    if !person.is_active
        || person
            .scopes
            .as_ref()
            .is_some_and(|scopes| !scopes.contains(&action))
    {
        return false;
    }
    let asks_why = matches!(
        action,
        Action::Read | Action::Write | Action::Export | Action::Hit
    );
    if asks_why && question.needs_purpose && !question.has_purpose {
        return false;
    }
    let able = || {
        person
            .roles
            .iter()
            .filter_map(|role| roles.get(role))
            .filter(|role| role.may.contains(&action))
    };
    match question.object {
        Object::Installation => {
            able().next().is_some()
                && matches!(
                    action,
                    Action::Audit | Action::Accounts | Action::Agencies | Action::Operate
                )
        }
        Object::Agency(agency) => able().next().is_some() && *agency == person.agency,
        Object::Matter(matter) => able().any(|role| {
            let own = matter.owner == person.agency;
            let handled = own && matter.handlers.contains(&person.user);
            let of_unit = own && person.unit.is_some() && person.unit == matter.unit;
            let is_own = match role.reach {
                Reach::Agency => own,
                Reach::Unit => of_unit || handled,
                Reach::Handled => handled,
                Reach::Nothing => false,
            };
            is_own
                || (role.reach != Reach::Nothing
                    && action != Action::HandOver
                    && matter.granted.contains(&action))
        }),
    }
}

fn fits(action: Action, object: &Object) -> bool {
    match object {
        Object::Matter(_) => matches!(
            action,
            Action::Clocks | Action::Read | Action::Write | Action::Export | Action::Share | Action::HandOver
        ),
        Object::Agency(_) => matches!(
            action,
            Action::Open | Action::Hit | Action::Indicators | Action::Webhooks
        ),
        Object::Installation => {
            matches!(
                action,
                Action::Audit | Action::Accounts | Action::Agencies | Action::Operate
            )
        }
    }
}

/// Asks every so manieth question until policies and rules differ; gives how many were asked, and where they differ.
fn compare(permissions: &Permissions, people: &[Principal], step: usize) -> (usize, Option<String>) {
    let (mut asked, mut turn) = (0, 0);
    let objects = objects();
    for principal in people {
        for object in &objects {
            for &action in Action::ALL.iter().filter(|&&action| fits(action, object)) {
                for (needs_purpose, has_purpose) in [(false, false), (true, false), (true, true)] {
                    turn += 1;
                    if turn % step != 0 {
                        continue;
                    }
                    let question = Question {
                        principal,
                        action,
                        object,
                        needs_purpose,
                        has_purpose,
                    };
                    asked += 1;
                    let decision = permissions.decide(&question).unwrap();
                    if decision.is_allowed() != may(permissions.roles(), &question) {
                        return (asked, Some(format!("{question:?}: {decision:?}")));
                    }
                }
            }
        }
    }
    (asked, None)
}

#[test]
fn policies_and_rules_agree_on_every_question() {
    let permissions = Permissions::embedded().unwrap();
    // Prime to the sizes of the loops, so that each person meets each kind of object.
    let (asked, differ) = compare(&permissions, &people(permissions.roles()), 31);
    assert_eq!(differ, None);
    assert!(asked > 10_000, "{asked}");
}

#[test]
fn without_any_one_policy_the_answers_are_others() {
    let whole = Permissions::embedded().unwrap();
    let roles = Roles::embedded().unwrap();
    let few: Vec<Principal> = (people(&roles).into_iter())
        .filter(|person| {
            ["approver", "handler", "intake_clerk", "administrator"]
                .iter()
                .any(|&role| person.roles == set([role.to_owned()]))
        })
        .collect();
    assert_eq!(compare(&whole, &few, 7).1, None);
    let cut: Vec<&str> = POLICIES.split("@id(").collect();
    assert_eq!(cut.len() - 1, whole.policy_ids().len());
    for left_out in 1..cut.len() {
        let rest: Vec<&str> = cut
            .iter()
            .enumerate()
            .filter(|&(at, _)| at != left_out)
            .map(|(_, &part)| part)
            .collect();
        let fewer = Permissions::of(&rest.join("@id("), SCHEMA, roles.clone(), Purposes::default()).unwrap();
        let (_, differ) = compare(&fewer, &few, 7);
        assert!(
            differ.is_some(),
            "nothing changes without {}",
            cut[left_out].lines().next().unwrap()
        );
    }
}

#[test]
fn a_decision_names_its_policies() {
    let permissions = Permissions::embedded().unwrap();
    let handler = officer(&["handler"]);
    let decide = |object: &Object, action| {
        let question = Question {
            principal: &handler,
            action,
            object,
            needs_purpose: false,
            has_purpose: false,
        };
        permissions.decide(&question).unwrap()
    };
    let handled = Object::Matter(MatterFacts {
        id: "m".into(),
        owner: "culture".into(),
        handlers: set(["li".into()]),
        ..MatterFacts::default()
    });
    assert_eq!(
        decide(&handled, Action::Read),
        Decision::Allowed {
            by: set(["own-handled".into()])
        }
    );
    assert_eq!(
        decide(&handled, Action::Share),
        Decision::Denied {
            by: set(["role-lacks-it".into()])
        }
    );
    let foreign = Object::Matter(MatterFacts {
        id: "m".into(),
        owner: "police".into(),
        ..MatterFacts::default()
    });
    assert_eq!(decide(&foreign, Action::Read), Decision::Denied { by: set([]) });
}

#[test]
fn a_purpose_is_asked_of_those_alone_who_may_read_with_one() {
    let permissions = Permissions::embedded().unwrap();
    let ask = |principal: &Principal, owner: &str| {
        let object = Object::Matter(MatterFacts {
            id: "m".into(),
            owner: owner.into(),
            ..MatterFacts::default()
        });
        let question = Question {
            principal,
            action: Action::Read,
            object: &object,
            needs_purpose: true,
            has_purpose: false,
        };
        permissions.decide(&question).unwrap()
    };
    let approver = officer(&["approver"]);
    assert_eq!(ask(&approver, "culture"), Decision::NeedsPurpose);
    assert!(matches!(ask(&approver, "police"), Decision::Denied { .. }));
    assert!(matches!(
        ask(&officer(&["administrator"]), "culture"),
        Decision::Denied { .. }
    ));
}

#[test]
fn two_roles_do_not_lend_each_other_their_reach() {
    // An approver reaches the whole agency and takes no copies out; a handler does, of what is handled.
    let permissions = Permissions::embedded().unwrap();
    let both = officer(&["approver", "handler"]);
    let ask = |handlers: BTreeSet<String>, action| {
        let object = Object::Matter(MatterFacts {
            id: "m".into(),
            owner: "culture".into(),
            handlers,
            ..MatterFacts::default()
        });
        let question = Question {
            principal: &both,
            action,
            object: &object,
            needs_purpose: false,
            has_purpose: false,
        };
        permissions.decide(&question).unwrap().is_allowed()
    };
    assert!(ask(set([]), Action::Read) && !ask(set([]), Action::Export));
    assert!(ask(set(["li".into()]), Action::Export));
}

#[test]
fn people_of_two_agencies_with_one_name_are_two_people() {
    let permissions = Permissions::embedded().unwrap();
    for (agency, owner) in [("a", "a/b"), ("a/b", "a"), ("1:a", "a")] {
        let person = Principal {
            agency: agency.into(),
            user: "b/li".into(),
            ..officer(&["handler"])
        };
        let object = Object::Matter(MatterFacts {
            id: "m".into(),
            owner: owner.into(),
            handlers: set(["li".into(), "b/li".into()]),
            ..MatterFacts::default()
        });
        let question = Question {
            principal: &person,
            action: Action::Read,
            object: &object,
            needs_purpose: false,
            has_purpose: false,
        };
        assert!(
            !permissions.decide(&question).unwrap().is_allowed(),
            "{agency} {owner}"
        );
    }
}

#[test]
fn who_administers_or_audits_holds_no_other_role() {
    let roles = Roles::embedded().unwrap();
    for alone in ["administrator", "auditor"] {
        for (other, _) in roles.iter().filter(|(id, _)| *id != alone) {
            let held = roles.of_person([other, alone].into_iter());
            assert!(
                matches!(held, Err(RoleError::Together { .. })),
                "{alone} and {other}"
            );
        }
    }
    assert_eq!(
        roles.of_person(["king"].into_iter()),
        Err(RoleError::Unknown("king".into()))
    );
}

#[test]
fn broken_policies_and_roles_are_refused_with_their_place() {
    let roles = Roles::embedded().unwrap();
    let refused = |policies: &str| {
        Permissions::of(policies, SCHEMA, roles.clone(), Purposes::default())
            .err()
            .unwrap()
            .to_string()
    };
    let mistakes = [
        ("permit (principal, action, resource);", "has no @id"),
        (
            r#"@id("a") permit (principal, action, resource) when { principal.age > 3 };"#,
            "age",
        ),
        (
            r#"@id("a") permit (principal, action == Action::"fly", resource);"#,
            "fly",
        ),
        (r#"@id("a") permit (principal, action, resource"#, "unexpected"),
    ];
    for (policies, says) in mistakes {
        let text = refused(policies);
        assert!(text.contains(says), "{text}");
    }
    let fly = Roles::of("[a]\nname = { zh = \"甲\", en = \"a\" }\nreach = \"unit\"\nmay = [\"fly\"]\n");
    assert_eq!(
        fly,
        Err(RoleError::NoAction {
            role: "a".into(),
            action: "fly".into()
        })
    );
    assert!(matches!(
        Roles::of("[a]\nreach = \"unit\""),
        Err(RoleError::Unreadable(_))
    ));
}

#[test]
fn every_role_of_every_procedure_is_a_role() {
    let roles = Roles::embedded().unwrap();
    for procedure in quanlian_procedure::Procedures::embedded().unwrap().iter() {
        for role in &procedure.role {
            let known = roles
                .get(&role.id)
                .unwrap_or_else(|| panic!("{} asks for the role {}", procedure.id, role.id));
            assert!(
                known.may.contains(&Action::Write),
                "{} acts and may not write",
                role.id
            );
        }
    }
}

#[test]
fn a_purpose_is_asked_for_in_procedures_that_exist_and_each_rule_names_its_law() {
    let purposes = Purposes::embedded().unwrap();
    let procedures = quanlian_procedure::Procedures::embedded().unwrap();
    let known: BTreeSet<String> = procedures.iter().map(|procedure| procedure.id.clone()).collect();
    let mut rules = 0;
    for (id, rule) in purposes.iter() {
        rules += 1;
        assert!(rule.procedures.is_subset(&known), "{id}");
        assert!(rule.laws.iter().any(|(_, is_verified)| *is_verified), "{id}");
    }
    assert!(rules > 0);
    assert!(purposes.are_asked("trade-secret-investigation", Action::Read));
    assert!(!purposes.are_asked("trade-secret-investigation", Action::Clocks));
    assert!(!purposes.are_asked("complaint-intake", Action::Read));
    let rule = |actions: &str, laws: &str| {
        format!(
            "[x]\ntitle = {{ zh = 'x', en = 'x' }}\nprocedures = ['p']\nactions = [{actions}]\nlaws = [{laws}]\n"
        )
    };
    let law = "{ cite = 'c', gist = { zh = 'x', en = 'x' }, checked = { on = 2026-11-23, against = 'S1', verified = true } }";
    assert!(Purposes::of(&rule("'read'", law)).is_ok());
    for (text, code) in [
        (rule("'clocks'", law), "purposes_no_action"),
        (rule("'nothing'", law), "purposes_no_action"),
        (rule("", law), "purposes_empty"),
        (rule("'read'", ""), "purposes_empty"),
        (rule("'read'", "{ cite = 'c' }"), "purposes_unreadable"),
    ] {
        assert_eq!(Purposes::of(&text).unwrap_err().code(), code, "{text}");
    }
}
