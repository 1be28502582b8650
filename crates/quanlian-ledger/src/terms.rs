//! Words of the ledger in both languages, for papers and pages.

/// A word of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// As it stands in events.
    pub word: &'static str,
    /// Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

/// An enum of words, each with its name in both languages.
macro_rules! terms {
    ($(#[$doc:meta])* $of:ident { $($(#[$each:meta])* $name:ident = $word:literal, $zh:literal, $en:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $of { $($(#[$each])* #[serde(rename = $word)] $name,)* }

        impl $of {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its word and names.
            pub fn term(self) -> $crate::Term {
                match self { $(Self::$name => $crate::Term { word: $word, zh: $zh, en: $en },)* }
            }
        }
    };
}

pub(crate) use terms;
