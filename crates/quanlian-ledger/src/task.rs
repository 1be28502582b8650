//! Tasks (任务): what is to be done in a matter beside the acts of its procedure.

use quanlian_record::time::Day;
use serde::{Deserialize, Serialize};

use crate::{
    Mark, RefusalCode,
    terms::terms,
    text::{is_name, is_name_or_nothing, is_remark_or_nothing},
};

/// A task is about no more parties and goods.
pub const MAX_ABOUT: usize = 50;

terms! {
    /// How a task ended.
    End {
        /// It is done.
        Done = "done", "已完成", "done";
        /// It is not needed any more.
        Dropped = "dropped", "已取消", "dropped";
    }
}

/// Something that somebody is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// What, in one line.
    pub title: String,
    /// What else is to be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who: the user code of somebody of the agency of `of_agency`. Nobody yet, if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// Whose agency does it; that of whoever wrote it, if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_agency: Option<String>,
    /// By when; a day that the agency set, no period of the law.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<Day>,
    /// Parties and goods that it is about: `P1`, `G2`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
}

impl Task {
    pub(crate) fn faults(&self) -> Vec<RefusalCode> {
        let mut faults = Vec::new();
        let is_named = [&self.assignee, &self.of_agency]
            .into_iter()
            .all(|text| is_name_or_nothing(text.as_ref()));
        if !is_name(&self.title) || !is_remark_or_nothing(self.note.as_ref()) || !is_named {
            faults.push(RefusalCode::Text);
        }
        if self.about.len() > MAX_ABOUT {
            faults.push(RefusalCode::TooMany);
        }
        faults
    }
}

/// A task on the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskEntry {
    /// What is to be done.
    pub task: Task,
    /// Who entered it.
    pub added: Mark,
    /// How it ended; nothing while it is open.
    pub ended: Option<Ended>,
}

impl TaskEntry {
    /// Whether it is open on this day though its own day is over.
    pub fn is_overdue(&self, today: Day) -> bool {
        self.ended.is_none() && self.task.due_on.is_some_and(|due| due < today)
    }
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// When and by whom.
    pub mark: Mark,
    /// How.
    pub how: End,
    /// What came of it.
    pub note: Option<String>,
}
