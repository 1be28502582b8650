//! A statement in the making: its text and its values, which never meet.
//!
//! In:  texts of this program and values from anywhere.
//! Out: a statement with numbered places (`$1`), which both databases read.
//!
//! Invariant: what comes from outside is bound, never written into the text.

use sea_orm::{DatabaseBackend, Statement, Value};

use super::Kind;

/// A statement and its values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sql {
    text: String,
    values: Vec<Value>,
}

/// Values of several types in one list.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$(sea_orm::Value::from($value)),*] };
}
pub(crate) use values;

impl Sql {
    /// A text without values.
    pub(crate) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            values: Vec::new(),
        }
    }

    /// A text whose places are numbered in it.
    pub(crate) fn with(text: &str, values: Vec<Value>) -> Self {
        Self {
            text: text.to_owned(),
            values,
        }
    }

    /// Text behind the text.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// The next place, and what stands in it.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.text.push('$');
        self.text.push_str(&self.values.len().to_string());
        self
    }

    /// Values with commas between them.
    pub(crate) fn bind_all(&mut self, values: impl IntoIterator<Item = Value>) -> &mut Self {
        for (at, value) in values.into_iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            self.bind(value);
        }
        self
    }

    pub(crate) fn statement(self, kind: Kind) -> Statement {
        let backend = match kind {
            Kind::Sqlite => DatabaseBackend::Sqlite,
            Kind::Postgres => DatabaseBackend::Postgres,
        };
        Statement::from_sql_and_values(backend, self.text, self.values)
    }
}

/// A count as the databases keep it; what is beyond them is the greatest that they know.
pub(crate) fn whole(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

/// A digest as a value.
pub(crate) fn bytes32(digest: &[u8; 32]) -> Value {
    Value::from(digest.to_vec())
}
