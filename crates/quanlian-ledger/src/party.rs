//! Parties (当事人): who takes part in a matter, as what, and how they are told apart.
//!
//! In:  what somebody knows of a person or organisation; of an account on a platform that may be all.
//! Out: [`Party`].
//!
//! Invariant: an identifier whose check digit is wrong stands only with the reason why it is kept all the same.

use quanlian_record::identifier::{Identifier, IdentifierKind};
use serde::{Deserialize, Serialize};

use crate::{
    PartyId, RefusalCode,
    terms::terms,
    text::{is_name, is_name_or_nothing, is_remark_or_nothing},
};

/// No party has more identifiers, accounts or ways to be reached.
pub const MAX_EACH: usize = 20;

terms! {
    /// As what somebody takes part. `suspect` says that they are looked into, and nothing of guilt.
    Role {
        /// Whoever complained or reported.
        Complainant = "complainant", "投诉举报人", "complainant";
        /// Whose right it is about.
        RightHolder = "right_holder", "权利人", "right holder";
        /// Whoever is looked into.
        Suspect = "suspect", "涉嫌违法当事人", "party under investigation";
        /// Whoever answers a claim or a request.
        Respondent = "respondent", "被申请人", "respondent";
        /// Whoever acts for another party.
        Agent = "agent", "代理人", "agent";
        /// 法定代表人 or 负责人.
        Representative = "representative", "法定代表人", "legal representative";
        /// Whoever saw something.
        Witness = "witness", "证人", "witness";
        /// Whoever judges a question of fact.
        Appraiser = "appraiser", "鉴定人", "appraiser";
        /// A platform on which it happened.
        Platform = "platform", "网络平台", "platform";
        /// A third party with an interest.
        Third = "third", "第三人", "third party";
    }
}

terms! {
    /// What they are.
    Kind {
        /// 自然人.
        Natural = "natural", "自然人", "natural person";
        /// 个体工商户.
        SoleTrader = "sole_trader", "个体工商户", "sole trader";
        /// 法人.
        Legal = "legal", "法人", "legal person";
        /// 非法人组织.
        Organisation = "organisation", "非法人组织", "unincorporated organisation";
        /// Nobody knows yet: an account, a shop.
        Unknown = "unknown", "身份待查", "not known yet";
    }
}

/// Somebody who takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// As what; at least one.
    pub roles: Vec<Role>,
    /// What they are.
    pub kind: Kind,
    /// The name; nobody may know it yet, then there is an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Numbers of their papers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<Identifier>,
    /// Why a number with a wrong check digit is kept: it stands so on the paper that was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifiers_despite: Option<String>,
    /// Accounts on platforms: `platform: account`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
    /// 住所、住址.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Telephone, mail and the like.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// For whom they act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acts_for: Option<PartyId>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

impl Party {
    /// What to call them: the name, or the first account.
    pub fn label(&self) -> &str {
        let account = || self.accounts.first().map_or("", String::as_str);
        self.name.as_deref().unwrap_or_else(account)
    }

    /// Whether a number with a wrong check digit stands there.
    pub fn has_wrong_number(&self) -> bool {
        self.identifiers
            .iter()
            .any(|number| number.is_right() == Some(false))
    }

    /// What is wrong with it by itself.
    pub(crate) fn faults(&self) -> Vec<RefusalCode> {
        let mut faults = Vec::new();
        let mut ask = |is_right: bool, code: RefusalCode| {
            if !is_right {
                faults.push(code);
            }
        };
        let once = |roles: &[Role]| {
            roles
                .iter()
                .enumerate()
                .all(|(at, role)| !roles[..at].contains(role))
        };
        ask(
            !self.roles.is_empty() && once(&self.roles),
            RefusalCode::PartyRoles,
        );
        ask(
            self.name.is_some() || !self.accounts.is_empty(),
            RefusalCode::PartyNameless,
        );
        let lists = [self.identifiers.len(), self.accounts.len(), self.contacts.len()];
        ask(lists.iter().all(|count| *count <= MAX_EACH), RefusalCode::TooMany);
        let texts = self
            .accounts
            .iter()
            .chain(&self.contacts)
            .all(|text| is_name(text));
        let texts = texts
            && [&self.name, &self.address]
                .into_iter()
                .all(|text| is_name_or_nothing(text.as_ref()));
        let remarks = [&self.remark, &self.identifiers_despite];
        ask(
            texts
                && remarks
                    .into_iter()
                    .all(|text| is_remark_or_nothing(text.as_ref())),
            RefusalCode::Text,
        );
        // What is read back from an event was parsed once; from outside it comes as plain fields.
        let is_parsed =
            |one: &Identifier| Identifier::parse(one.kind(), one.number()).is_ok_and(|parsed| parsed == *one);
        ask(self.identifiers.iter().all(is_parsed), RefusalCode::PartyNumber);
        ask(
            !self.has_wrong_number() || self.identifiers_despite.is_some(),
            RefusalCode::PartyCheckDigit,
        );
        let is_body = matches!(self.kind, Kind::Legal | Kind::Organisation);
        let has_personal = self
            .identifiers
            .iter()
            .any(|one| one.kind() == IdentifierKind::ResidentId);
        ask(!(is_body && has_personal), RefusalCode::PartyKind);
        faults
    }
}
