//! Findings: what in a ledger is open or irregular, so that nobody has to look for it.
//!
//! In:  a ledger, a day.
//! Out: [`Finding`]s, in the order of the list.
//!
//! Invariant: a finding says what is there or missing on the list; whether it matters in law is not said here.

use quanlian_record::time::Day;
use serde::Serialize;

use crate::{Ledger, goods::MovementKind, terms::terms};

terms! {
    /// What is to be looked at.
    What {
        /// A number has a wrong check digit.
        WrongNumber = "party_wrong_number", "证件号码校验码不对，已说明理由", "a number has a wrong check digit, with a reason";
        /// Nobody knows who it is.
        UnknownParty = "party_unknown", "当事人身份待查", "who the party is, is not known yet";
        /// No price.
        NoPrice = "goods_no_price", "没有价格，不计入金额", "no price is known; it is in no sum";
        /// No photograph, no paper.
        NoPaper = "goods_no_paper", "没有决定文书编号", "the decision by which they were taken is not named";
        /// No photograph.
        NoPicture = "goods_no_picture", "没有照片、录像", "there is no photograph or film of them";
        /// A movement without its order.
        Irregular = "goods_irregular", "流转不合程序，已说明理由", "a movement was out of order, with a reason";
        /// Some are lost.
        Lost = "goods_lost", "有灭失、短少", "some are lost";
        /// Some are away.
        Away = "goods_away", "在外送检，未收回", "some are away for examination";
        /// Its day is over.
        TaskOverdue = "task_overdue", "任务逾期", "the task is overdue";
        /// Nobody is to do it.
        TaskNobody = "task_nobody", "任务没有承办人", "nobody is to do the task";
    }
}

/// Something to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The entry.
    pub about: String,
    /// What.
    pub what: What,
}

impl Ledger {
    /// What is open or irregular on this day.
    pub fn findings(&self, today: Day) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut tell = |about: String, what: What, is_so: bool| {
            if is_so {
                findings.push(Finding { about, what });
            }
        };
        for (id, party) in self.standing_parties() {
            tell(id.to_string(), What::WrongNumber, party.has_wrong_number());
            tell(
                id.to_string(),
                What::UnknownParty,
                party.kind == crate::party::Kind::Unknown,
            );
        }
        for (id, entry) in self.standing_goods() {
            let about = || id.to_string();
            tell(about(), What::NoPrice, entry.goods.price.is_none());
            tell(about(), What::NoPaper, entry.goods.paper.is_none());
            tell(about(), What::NoPicture, entry.goods.files.is_empty());
            let is_irregular = entry
                .movements
                .iter()
                .any(|moved| moved.movement.irregular.is_some());
            tell(about(), What::Irregular, is_irregular);
            let by = |kind| entry.lots.iter().any(|lot| lot.by == Some(kind));
            tell(about(), What::Lost, by(MovementKind::Lost));
            tell(about(), What::Away, by(MovementKind::Sent));
        }
        for (id, entry) in self.tasks() {
            tell(id.to_string(), What::TaskOverdue, entry.is_overdue(today));
            tell(
                id.to_string(),
                What::TaskNobody,
                entry.ended.is_none() && entry.task.assignee.is_none(),
            );
        }
        findings
    }

    /// Whether the custody of all goods is complete: each was taken by a decision that is named, no movement was out of order, none
    /// are lost. `None` where there are no goods.
    pub fn is_custody_complete(&self) -> Option<bool> {
        self.standing_goods().next()?;
        Some(
            self.standing_goods()
                .all(|(_, entry)| entry.is_custody_complete()),
        )
    }
}
