//! Permissions: what a person may do in a matter, decided in one place.
//!
//! In:  a [`Question`]: who, what, about what, under which grants.
//! Out: a [`Decision`] with the policies that it rests on.
//!
//! The rules are policies in Cedar, `policies/platform.cedar`, checked against their schema when they are read; the roles
//! are data, `policies/roles.toml`, and so is in which matters a purpose is asked for, `policies/purpose.toml`. A question that cannot be put to the policies is a [`Fault`] and allows nothing.
//!
//! Invariants: pure; nothing is allowed that no policy allows; whether a purpose is asked for is told to those alone who
//! would be allowed with one, so that nobody learns from it that something exists.
//!
//! Not here: which grants are in force and for whom (`quanlian-store::matters`), what a route answers to a denial.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use cedar_policy::{
    Authorizer, Context, Decision as Verdict, Entities, Entity, EntityId, EntityTypeName, EntityUid, Policy,
    PolicySet, Request, RestrictedExpression, Schema, ValidationMode, Validator,
};

mod purpose;
mod roles;

pub use purpose::{Purpose, PurposeError, Purposes};
pub use roles::{Held, Reach, Role, RoleError, Roles};

const POLICIES: &str = include_str!("../../../policies/platform.cedar");
const SCHEMA: &str = include_str!("../../../policies/platform.cedarschema");

/// So many decisions are remembered; then all are forgotten.
const MAX_DECIDED: usize = 4096;

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $word:literal)*) => {
        /// What somebody wants to do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($(#[$doc])* $name,)* }

        impl Action {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name in policies, roles and the scopes of tokens.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The action of this name.
            pub fn of(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }
        }
    };
}

actions! {
    /// See number, stage, clocks, decisions and thresholds hit of a matter, and no content.
    Clocks = "clocks"
    /// See the content of a matter.
    Read = "read"
    /// Follow what one filed oneself with another agency, and supply what is missing; nothing else of the matter.
    Follow = "follow"
    /// Act in a matter or add to it.
    Write = "write"
    /// Take copies of a matter out.
    Export = "export"
    /// Grant others what they may do in a matter.
    Share = "share"
    /// Hand a matter over to another agency.
    HandOver = "hand_over"
    /// Open a matter.
    Open = "open"
    /// Ask whether others hold something of the same: hit or no hit.
    Hit = "hit"
    /// See figures over many matters.
    Indicators = "indicators"
    /// Read the audit trail.
    Audit = "audit"
    /// Make and change accounts.
    Accounts = "accounts"
    /// Make and change agencies and units.
    Agencies = "agencies"
    /// See and change how the installation runs.
    Operate = "operate"
    /// See and change where an agency has notices sent.
    Webhooks = "webhooks"
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Principal {
    /// The person or service account.
    pub user: String,
    /// Their agency.
    pub agency: String,
    /// Their unit.
    pub unit: Option<String>,
    /// The roles they hold, by the names of `policies/roles.toml`.
    pub roles: BTreeSet<String>,
    /// Whether the account is neither suspended nor ended.
    pub is_active: bool,
    /// What the token was made for, when they come with one.
    pub scopes: Option<BTreeSet<Action>>,
}

/// What it is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// A matter (办件).
    Matter(MatterFacts),
    /// What an agency has as a whole.
    Agency(String),
    /// The installation itself.
    Installation,
}

/// What the policies ask of a matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct MatterFacts {
    /// Its id.
    pub id: String,
    /// The procedure it runs under.
    pub procedure: String,
    /// The agency that owns it.
    pub owner: String,
    /// The unit of that agency.
    pub unit: Option<String>,
    /// Who handles it, by their agency's names.
    pub handlers: BTreeSet<String>,
    /// What the grants in force allow this person in it, together.
    pub granted: BTreeSet<Action>,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question<'a> {
    /// Who.
    pub principal: &'a Principal,
    /// Does what.
    pub action: Action,
    /// With what.
    pub object: &'a Object,
    /// Whether the law asks why (personal data, secrets).
    pub needs_purpose: bool,
    /// Whether they said why.
    pub has_purpose: bool,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Allowed, by these policies.
    Allowed {
        /// Their ids, in order.
        by: BTreeSet<String>,
    },
    /// Allowed as soon as a purpose is stated.
    NeedsPurpose,
    /// Denied: by these policies, or by none that allows it.
    Denied {
        /// Their ids, in order.
        by: BTreeSet<String>,
    },
}

impl Decision {
    /// Whether it may be done now.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }
}

/// The policies were not read, or a question could not be put to them. Nothing is allowed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Policies or schema have a mistake.
    #[error("the policies cannot be read: {0}")]
    Policies(String),
    /// The roles have a mistake.
    #[error("the roles cannot be read")]
    Roles(#[from] RoleError),
    /// The rules of purposes have a mistake.
    #[error("the rules of purposes cannot be read")]
    Purposes(#[from] PurposeError),
    /// The question does not fit the schema.
    #[error("the question does not fit the policies: {0}")]
    Question(String),
    /// A policy could not be evaluated.
    #[error("a policy could not be evaluated: {0}")]
    Evaluation(String),
}

impl Fault {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Policies(_) => "permission_policies_broken",
            Self::Roles(_) => "permission_roles_broken",
            Self::Purposes(_) => "permission_purposes_broken",
            Self::Question(_) => "permission_question_broken",
            Self::Evaluation(_) => "permission_policy_failed",
        }
    }
}

/// Policies and roles, ready to be asked.
///
/// ```
/// use quanlian_server::permission::{Action, MatterFacts, Object, Permissions, Principal, Question};
///
/// let permissions = Permissions::embedded().unwrap();
/// let officer = Principal {
///     user: "li".into(),
///     agency: "culture".into(),
///     unit: Some("team-1".into()),
///     roles: ["handler".to_owned()].into(),
///     is_active: true,
///     scopes: None,
/// };
/// let own = Object::Matter(MatterFacts {
///     id: "m1".into(),
///     owner: "culture".into(),
///     handlers: ["li".to_owned()].into(),
///     ..MatterFacts::default()
/// });
/// let question = Question {
///     principal: &officer,
///     action: Action::Read,
///     object: &own,
///     needs_purpose: false,
///     has_purpose: false,
/// };
/// assert!(permissions.decide(&question).unwrap().is_allowed());
/// ```
pub struct Permissions {
    policies: PolicySet,
    schema: Schema,
    roles: Roles,
    purposes: Purposes,
    actions: BTreeMap<Action, EntityUid>,
    /// What was decided: a decision rests on its question alone, so it is the same the next time.
    decided: Mutex<BTreeMap<Asked, Decision>>,
}

/// A question of its own.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    principal: Principal,
    action: Action,
    object: Object,
    needs_purpose: bool,
    has_purpose: bool,
}

impl Permissions {
    /// Those that the program was built with.
    pub fn embedded() -> Result<Self, Fault> {
        Self::of(POLICIES, SCHEMA, Roles::embedded()?, Purposes::embedded()?)
    }

    /// From texts: policies and their schema; roles; where a purpose is asked for.
    pub fn of(policies: &str, schema: &str, roles: Roles, purposes: Purposes) -> Result<Self, Fault> {
        let broken = |error: &dyn std::fmt::Display| Fault::Policies(error.to_string());
        let (schema, warnings) = Schema::from_cedarschema_str(schema).map_err(|error| broken(&error))?;
        if let Some(warning) = warnings.into_iter().next() {
            return Err(broken(&warning));
        }
        let parsed: PolicySet = policies.parse().map_err(|error| broken(&error))?;
        // Answers name a policy by its own id, not by its place in the file.
        let mut named = PolicySet::new();
        for policy in parsed.policies() {
            let id = policy
                .annotation("id")
                .ok_or_else(|| Fault::Policies(format!("{} has no @id", policy.id())))?;
            let policy: Policy = policy.new_id(id.parse().map_err(|error| broken(&error))?);
            named.add(policy).map_err(|error| broken(&error))?;
        }
        let checked = Validator::new(schema.clone()).validate(&named, ValidationMode::Strict);
        let first = checked
            .validation_errors()
            .map(ToString::to_string)
            .chain(checked.validation_warnings().map(ToString::to_string))
            .next();
        if let Some(first) = first {
            return Err(Fault::Policies(first));
        }
        let actions = Action::ALL
            .iter()
            .map(|&action| Ok((action, uid("Action", action.word())?)))
            .collect::<Result<_, Fault>>()?;
        Ok(Self {
            policies: named,
            schema,
            roles,
            purposes,
            actions,
            decided: Mutex::default(),
        })
    }

    /// The roles.
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// In which matters a purpose is asked for.
    pub fn purposes(&self) -> &Purposes {
        &self.purposes
    }

    /// The ids of all policies.
    pub fn policy_ids(&self) -> BTreeSet<String> {
        self.policies.policies().map(|p| p.id().to_string()).collect()
    }

    /// Decides. Costs some tenths of a millisecond the first time, and little when the same was asked before.
    pub fn decide(&self, question: &Question<'_>) -> Result<Decision, Fault> {
        let asked = Asked {
            principal: question.principal.clone(),
            action: question.action,
            object: question.object.clone(),
            needs_purpose: question.needs_purpose,
            has_purpose: question.has_purpose,
        };
        if let Some(decision) = self.decided().get(&asked) {
            return Ok(decision.clone());
        }
        let decision = self.decide_anew(question)?;
        let mut decided = self.decided();
        if decided.len() >= MAX_DECIDED {
            decided.clear();
        }
        decided.insert(asked, decision.clone());
        Ok(decision)
    }

    fn decided(&self) -> MutexGuard<'_, BTreeMap<Asked, Decision>> {
        self.decided.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn decide_anew(&self, question: &Question<'_>) -> Result<Decision, Fault> {
        let (verdict, by) = self.evaluate(question)?;
        if verdict == Verdict::Allow {
            return Ok(Decision::Allowed { by });
        }
        let lacks_purpose = question.needs_purpose && !question.has_purpose;
        if lacks_purpose && by.len() == 1 && by.contains("purpose-missing") {
            let with = Question {
                has_purpose: true,
                ..question.clone()
            };
            if self.evaluate(&with)?.0 == Verdict::Allow {
                return Ok(Decision::NeedsPurpose);
            }
        }
        Ok(Decision::Denied { by })
    }

    fn evaluate(&self, question: &Question<'_>) -> Result<(Verdict, BTreeSet<String>), Fault> {
        let principal = question.principal;
        let held = self.roles.of_person(principal.roles.iter().map(String::as_str))?;
        let user = user_uid(&principal.agency, &principal.user)?;
        let mut attributes = HashMap::from([
            ("agency".to_owned(), entity("Agency", &principal.agency)?),
            ("reach".to_owned(), text(held.reach(question.action).word())),
            ("may".to_owned(), words(&held.may())),
            (
                "is_active".to_owned(),
                RestrictedExpression::new_bool(principal.is_active),
            ),
        ]);
        if let Some(unit) = &principal.unit {
            attributes.insert("unit".to_owned(), unit_entity(&principal.agency, unit)?);
        }
        let mut entities = vec![new_entity(user.clone(), attributes)?];
        let none = BTreeSet::new();
        let (resource, granted) = match question.object {
            Object::Installation => (uid("Installation", "this")?, &none),
            Object::Agency(agency) => (uid("Agency", agency)?, &none),
            Object::Matter(matter) => {
                let id = uid("Matter", &matter.id)?;
                entities.push(new_entity(id.clone(), matter_attributes(matter)?)?);
                (id, &matter.granted)
            }
        };
        let context = Self::context(question, granted)?;
        let asked = |error: &dyn std::fmt::Display| Fault::Question(error.to_string());
        let entities =
            Entities::from_entities(entities, Some(&self.schema)).map_err(|error| asked(&error))?;
        let action = self.actions[&question.action].clone();
        let request = Request::new(user, action, resource, context, Some(&self.schema))
            .map_err(|error| asked(&error))?;
        let response = Authorizer::new().is_authorized(&request, &self.policies, &entities);
        if let Some(error) = response.diagnostics().errors().next() {
            return Err(Fault::Evaluation(error.to_string()));
        }
        let by = response.diagnostics().reason().map(ToString::to_string).collect();
        Ok((response.decision(), by))
    }

    fn context(question: &Question<'_>, granted: &BTreeSet<Action>) -> Result<Context, Fault> {
        let mut pairs = vec![
            ("doing".to_owned(), text(question.action.word())),
            ("granted".to_owned(), words(granted)),
            (
                "has_purpose".to_owned(),
                RestrictedExpression::new_bool(question.has_purpose),
            ),
            (
                "needs_purpose".to_owned(),
                RestrictedExpression::new_bool(question.needs_purpose),
            ),
        ];
        if let Some(scopes) = &question.principal.scopes {
            pairs.push(("scopes".to_owned(), words(scopes)));
        }
        Context::from_pairs(pairs).map_err(|error| Fault::Question(error.to_string()))
    }
}

fn matter_attributes(matter: &MatterFacts) -> Result<HashMap<String, RestrictedExpression>, Fault> {
    let handlers = matter
        .handlers
        .iter()
        .map(|user| {
            Ok(RestrictedExpression::new_entity_uid(user_uid(
                &matter.owner,
                user,
            )?))
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    let mut attributes = HashMap::from([
        ("owner".to_owned(), entity("Agency", &matter.owner)?),
        ("handlers".to_owned(), RestrictedExpression::new_set(handlers)),
    ]);
    if let Some(unit) = &matter.unit {
        attributes.insert("unit".to_owned(), unit_entity(&matter.owner, unit)?);
    }
    Ok(attributes)
}

fn new_entity(id: EntityUid, attributes: HashMap<String, RestrictedExpression>) -> Result<Entity, Fault> {
    Entity::new(id, attributes, HashSet::new()).map_err(|error| Fault::Question(error.to_string()))
}

/// Names of people and units are those of their agency: two agencies may each have a `li`.
fn within(agency: &str, name: &str) -> String {
    format!("{}:{agency}/{name}", agency.len())
}

fn user_uid(agency: &str, user: &str) -> Result<EntityUid, Fault> {
    uid("User", &within(agency, user))
}

fn unit_entity(agency: &str, unit: &str) -> Result<RestrictedExpression, Fault> {
    entity("Unit", &within(agency, unit))
}

fn entity(kind: &str, name: &str) -> Result<RestrictedExpression, Fault> {
    uid(kind, name).map(RestrictedExpression::new_entity_uid)
}

fn uid(kind: &str, name: &str) -> Result<EntityUid, Fault> {
    let kind: EntityTypeName = kind
        .parse()
        .map_err(|error| Fault::Question(format!("{kind}: {error}")))?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(name)))
}

fn text(word: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(word.to_owned())
}

fn words(actions: &BTreeSet<Action>) -> RestrictedExpression {
    RestrictedExpression::new_set(actions.iter().map(|action| text(action.word())))
}
