//! Keys: what can be set, written down once for the reader of files, the example, `config show` and the manual.
//!
//! In:  a section as the macro [`section!`] takes it.
//! Out: its struct, and the list of its [`Key`]s.
//!
//! Invariant: whatever is read stands in the list, because one line makes both. A key carries its unit at its end (`idle_s`,
//! `max_file_mib`); a secret stands in no file, so its key there is `NAME_file`, the file that holds it.
//!
//! Not here: the words about a key (`messages/`, `[setting]`), where values come from (`layers`).

use std::ops::RangeInclusive;

use super::layers::Values;

/// Something that can be set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// The table of the file that it stands in.
    pub(crate) section: &'static str,
    /// Its name there, without `_file`.
    pub(crate) name: &'static str,
    /// What holds when nobody says anything, as TOML; empty where that is nothing.
    pub(crate) default: &'static str,
    /// For the example, where there is no default: as TOML.
    pub(crate) example: &'static str,
    /// Of numbers, the least and the greatest.
    pub(crate) bounds: Option<(u64, u64)>,
    /// Whether its value is shown to nobody.
    pub(crate) is_secret: bool,
    variable: Option<&'static str>,
}

impl Key {
    pub(crate) const fn new(section: &'static str, name: &'static str, default: &'static str) -> Self {
        Self {
            section,
            name,
            default,
            example: "",
            bounds: None,
            is_secret: false,
            variable: None,
        }
    }

    pub(crate) const fn within(mut self, bounds: &RangeInclusive<u64>) -> Self {
        self.bounds = Some((*bounds.start(), *bounds.end()));
        self
    }

    pub(crate) const fn variable_is(mut self, name: &'static str) -> Self {
        self.variable = Some(name);
        self
    }

    pub(crate) const fn such_as(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    pub(crate) const fn secret(mut self, is_secret: bool) -> Self {
        self.is_secret = is_secret;
        self
    }

    /// As messages and people name it.
    pub(crate) fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// Its name in the file.
    pub(crate) fn name_in_file(&self) -> String {
        if self.is_secret {
            format!("{}_file", self.name)
        } else {
            self.name.to_owned()
        }
    }

    /// The variable of the environment that sets it.
    pub(crate) fn variable(&self) -> String {
        let derived = || format!("QUANLIAN_{}_{}", self.section, self.name).to_ascii_uppercase();
        self.variable.map_or_else(derived, str::to_owned)
    }

    /// What a number counts, by the end of its name.
    pub(crate) fn unit(&self) -> &'static str {
        match self.name.rsplit_once('_').map_or("", |(_, unit)| unit) {
            "s" => "seconds",
            "ms" => "milliseconds",
            "kib" => "KiB",
            "mib" => "MiB",
            _ => "",
        }
    }
}

/// A table of the file.
pub(crate) trait Section: Sized {
    /// What can be set in it.
    const KEYS: &'static [Key];
    /// Takes its values; what is wrong with one is noted there.
    fn read(values: &mut Values) -> Self;
}

/// A section: `FIELD: TYPE = "DEFAULT AS TOML", within LEAST..=MOST, variable "NAME", such_as "EXAMPLE AS TOML";`
///
/// Everything behind the default may be left out; numbers must have their bounds. Types are those of `setting`.
macro_rules! section {
    (
        $(#[$doc:meta])* struct $name:ident in $section:literal {
            $(
                $(#[$about:meta])* $field:ident: $type:ty = $default:literal
                $(, within $bounds:expr)? $(, variable $variable:literal)? $(, such_as $example:literal)?;
            )*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        #[allow(clippy::struct_field_names, reason = "a field is named as its key in the file")]
        pub(crate) struct $name {
            $($(#[$about])* pub(crate) $field: $type,)*
        }

        impl $crate::configuration::key::Section for $name {
            const KEYS: &'static [$crate::configuration::key::Key] = &[$(
                $crate::configuration::key::Key::new($section, stringify!($field), $default)
                    .secret(<$type as $crate::configuration::setting::Setting>::IS_SECRET)
                    $(.within(&$bounds))? $(.variable_is($variable))? $(.such_as($example))?,
            )*];

            fn read(values: &mut $crate::configuration::layers::Values) -> Self {
                let mut keys = Self::KEYS.iter();
                $(let $field = values.take(keys.next());)*
                Self { $($field),* }
            }
        }
    };
}
pub(crate) use section;
