//! Roles (角色): how far each reaches within its agency, and what it may touch at all.
//!
//! In:  `policies/roles.toml`.
//! Out: [`Roles`], and what somebody who holds several of them may do ([`Held`]).
//!
//! Invariant: who administers or audits holds no other role, so that nobody who changes accounts reads matters.
//!
//! Not here: which act of a procedure asks for which role (`procedures/`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Action;

const ROLES: &str = include_str!("../../../../policies/roles.toml");

/// How far a role reaches within its own agency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// No matter at all.
    Nothing,
    /// What the person handles.
    Handled,
    /// The unit.
    Unit,
    /// The whole agency.
    Agency,
}

impl Reach {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Nothing, Self::Handled, Self::Unit, Self::Agency];

    /// Its name in the policies.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Handled => "handled",
            Self::Unit => "unit",
            Self::Agency => "agency",
        }
    }
}

/// One role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// How far it reaches.
    pub reach: Reach,
    /// What it may touch at all.
    pub may: BTreeSet<Action>,
    /// Whether its holder holds no other.
    pub is_alone: bool,
}

/// What all roles of one person come to: how far they reach with each action that one of them may do.
///
/// By action, so that who handles some matters with one role and oversees a unit with another does not take copies out of
/// all matters of the unit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held(BTreeMap<Action, Reach>);

impl Held {
    /// How far they reach with this action.
    pub fn reach(&self, action: Action) -> Reach {
        self.0.get(&action).copied().unwrap_or(Reach::Nothing)
    }

    /// What they may do at all.
    pub fn may(&self) -> BTreeSet<Action> {
        self.0.keys().copied().collect()
    }
}

/// All roles of the installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles(BTreeMap<String, Role>);

/// Why roles were not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum RoleError {
    /// The file is not what it should be.
    #[error("the file of roles cannot be read: {0}")]
    Unreadable(String),
    /// A role may do what does not exist.
    #[error("the role `{role}` may `{action}`, which is no action")]
    NoAction { role: String, action: String },
    /// Somebody holds a role that does not exist.
    #[error("there is no role `{0}`")]
    Unknown(String),
    /// Somebody holds a role that goes with no other.
    #[error("the role `{role}` is held alone, and not together with `{other}`")]
    Together { role: String, other: String },
}

impl RoleError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "roles_unreadable",
            Self::NoAction { .. } => "roles_no_action",
            Self::Unknown(_) => "role_unknown",
            Self::Together { .. } => "roles_not_together",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: Names,
    reach: Reach,
    may: Vec<String>,
    #[serde(default)]
    alone: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    zh: String,
    en: String,
}

impl Roles {
    /// Those that the program was built with.
    pub fn embedded() -> Result<Self, RoleError> {
        Self::of(ROLES)
    }

    /// From the text of a file of roles.
    pub fn of(file: &str) -> Result<Self, RoleError> {
        let written: BTreeMap<String, Written> =
            toml::from_str(file).map_err(|error| RoleError::Unreadable(error.to_string()))?;
        let mut roles = BTreeMap::new();
        for (id, role) in written {
            let mut may = BTreeSet::new();
            for word in role.may {
                let Some(action) = Action::of(&word) else {
                    return Err(RoleError::NoAction {
                        role: id,
                        action: word,
                    });
                };
                may.insert(action);
            }
            let role = Role {
                zh: role.name.zh,
                en: role.name.en,
                reach: role.reach,
                may,
                is_alone: role.alone,
            };
            roles.insert(id, role);
        }
        Ok(Self(roles))
    }

    /// The role of this id.
    pub fn get(&self, id: &str) -> Option<&Role> {
        self.0.get(id)
    }

    /// All of them by their ids.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Role)> {
        self.0.iter().map(|(id, role)| (id.as_str(), role))
    }

    /// What somebody may do who holds these; nobody without a role may do anything.
    pub fn of_person<'a>(&self, roles: impl Iterator<Item = &'a str>) -> Result<Held, RoleError> {
        let roles: Vec<&str> = roles.collect();
        let mut held = Held::default();
        for &id in &roles {
            let role = self.0.get(id).ok_or_else(|| RoleError::Unknown(id.to_owned()))?;
            if role.is_alone
                && let Some(other) = roles.iter().find(|&&other| other != id)
            {
                return Err(RoleError::Together {
                    role: id.to_owned(),
                    other: (*other).to_owned(),
                });
            }
            for &action in &role.may {
                let reach = held.0.entry(action).or_insert(role.reach);
                *reach = role.reach.max(*reach);
            }
        }
        Ok(held)
    }
}
