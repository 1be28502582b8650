//! Grants (授权) and scopes: who may see which matters.
//!
//! In:  grants as agencies give them; the person who asks, with the reach that the person's role has.
//! Out: [`Scope`], which every reading of matters takes.
//!
//! | reach | own agency's matters | grants to |
//! |---|---|---|
//! | [`Reach::Agency`] | all | the agency, any of its units, the person |
//! | [`Reach::Unit`] | those of the unit, those that the person handles | the unit, the person |
//! | [`Reach::Handled`] | those that the person handles | the person |
//! | [`Reach::Nothing`] | none | none |
//!
//! A grant is in force from `granted_at` until, not at, `until` or its revocation.

use std::ops::BitOr;

use quanlian_record::{
    id::{GrantId, MatterId},
    time::Timestamp,
};

use super::{AgencyCode, Code, UnitCode, UserCode};

/// What may be done, as a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Actions(u32);

impl Actions {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// See clocks, decisions and thresholds hit, and no content.
    pub const CLOCKS: Self = Self(1);
    /// See the content.
    pub const READ: Self = Self(1 << 1);
    /// Add to it.
    pub const WRITE: Self = Self(1 << 2);
    /// Take copies out.
    pub const EXPORT: Self = Self(1 << 3);
    /// Let others see it in turn.
    pub const SHARE: Self = Self(1 << 4);
    /// Follow what one filed oneself, and supply what is missing; nothing else of the matter.
    pub const FOLLOW: Self = Self(1 << 5);
    /// Everything.
    pub const ALL: Self = Self((1 << 6) - 1);

    /// Whether all of `other` are in it.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether nothing is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set as a number.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// From a number; bits that mean nothing are dropped.
    pub fn from_bits(bits: u32) -> Self {
        Self(bits & Self::ALL.0)
    }
}

impl BitOr for Actions {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What a grant is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantItem {
    /// One matter, whoever owns it later.
    Matter(MatterId),
    /// All matters that the granting agency owns, of one procedure or of any: a standing grant.
    Standing {
        /// Only of this procedure.
        procedure: Option<Code>,
    },
}

/// Whom a grant is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grantee {
    /// The agency.
    pub agency: AgencyCode,
    /// Only this unit of it.
    pub unit: Option<UnitCode>,
    /// Only this person of it.
    pub user: Option<UserCode>,
}

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// About what.
    pub item: GrantItem,
    /// Which agency gives it.
    pub of_agency: AgencyCode,
    /// To whom.
    pub to: Grantee,
    /// What they may do.
    pub actions: Actions,
    /// What for.
    pub purpose: String,
    /// By which article.
    pub legal_basis: String,
    /// How what is seen has to be handled.
    pub handling_code: Code,
    /// Which person gave it.
    pub granted_by: Code,
    /// From when.
    pub granted_at: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
    /// When it was taken back. Nothing in a new grant.
    pub revoked_at: Option<Timestamp>,
}

/// How far a role reaches within its own agency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The whole agency.
    Agency,
    /// The unit.
    Unit,
    /// What the person handles.
    Handled,
    /// No matter at all: who administers does not read.
    Nothing,
}

/// What one person may see at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The person's agency.
    pub agency: AgencyCode,
    /// The person's unit.
    pub unit: Option<UnitCode>,
    /// The person.
    pub user: UserCode,
    /// How far the role reaches.
    pub reach: Reach,
    /// Grants count that allow all of these.
    pub needs: Actions,
    /// Grants count that are in force now.
    pub at: Timestamp,
}

/// What a scope may do with one matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Whether it is seen as one's own agency's.
    pub is_own: bool,
    /// What the grants in force allow together; nothing where it is one's own alone.
    pub granted: Actions,
    /// The grants in force, with how to handle what is seen.
    pub grants: Vec<(GrantId, Code)>,
}
