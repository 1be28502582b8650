//! Where in a rule file a version, an id or a name stands, so that a finding can name the line.
//!
//! In:  the text of a file that loaded without an error.
//! Out: lines counted from 1, or `None` where the words are written in a way that is not looked for.
//!
//! Invariant: a position only helps a reader; nothing is decided by it.

/// The line of the `index`-th `[[version]]`, counted from 0.
pub(crate) fn version(text: &str, index: usize) -> Option<usize> {
    numbered(text)
        .filter(|(_, line)| line.starts_with("[[version]]"))
        .map(|(number, _)| number)
        .nth(index)
}

/// The line of `id = "…"` inside the `index`-th version.
pub(crate) fn id_in_version(text: &str, index: usize, id: &str) -> Option<usize> {
    let first = version(text, index)?;
    let end = version(text, index + 1).unwrap_or(usize::MAX);
    numbered(text)
        .filter(|(number, _)| (first..end).contains(number))
        .find(|(_, line)| says(line, "id", id))
        .map(|(number, _)| number)
}

/// The line of `name = "…"`, as facts and events are declared.
pub(crate) fn name(text: &str, name: &str) -> Option<usize> {
    numbered(text)
        .find(|(_, line)| says(line, "name", name))
        .map(|(number, _)| number)
}

/// The line that begins with `key =`.
pub(crate) fn key(text: &str, key: &str) -> Option<usize> {
    numbered(text)
        .find(|(_, line)| value_of(line, key).is_some())
        .map(|(number, _)| number)
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim_start()))
}

/// What follows `key =` on a line, also inside an inline table: `{ id = "…", title = … }`.
fn value_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let line = line.trim_start_matches(['{', ' ']);
    line.strip_prefix(key)?
        .trim_start()
        .strip_prefix('=')
        .map(str::trim_start)
}

fn says(line: &str, key: &str, wanted: &str) -> bool {
    value_of(line, key)
        .and_then(|value| value.strip_prefix('"'))
        .and_then(|value| value.strip_prefix(wanted))
        .is_some_and(|rest| rest.starts_with('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "id = \"a\"\n\n[[version]]\n[[version.line]]\nid   = \"a.1\"\n# [[version]]\n\
                        [[version]]\npaper = [\n  { id = \"a.2\", title = 1 },\n]\n[[version.line]]\nid = \"a.1\"\n";

    #[test]
    fn versions_and_the_ids_inside_them_have_their_lines() {
        assert_eq!(
            (version(FILE, 0), version(FILE, 1), version(FILE, 2)),
            (Some(3), Some(7), None)
        );
        assert_eq!(id_in_version(FILE, 0, "a.1"), Some(5));
        assert_eq!(id_in_version(FILE, 1, "a.1"), Some(12));
        assert_eq!(id_in_version(FILE, 1, "a.2"), Some(9));
        assert_eq!(id_in_version(FILE, 1, "a"), None);
    }

    #[test]
    fn names_and_keys_have_their_lines() {
        assert_eq!(name("[[fact]]\nname = \"copies\"\n", "copies"), Some(2));
        assert_eq!(key("S1 = { zh = 1 }\nS12 = 2\n", "S12"), Some(2));
    }
}
