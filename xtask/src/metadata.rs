//! What cargo knows about the workspace's own crates.
//!
//! In:  `cargo metadata --no-deps --offline` (no network, no build).
//! Out: [`Crates`]: each crate with its folder, dependencies and targets.
//!
//! Not here: crates of others.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use crate::{Stop, json::Json, step};

/// The workspace's own crates by name.
pub(crate) type Crates = BTreeMap<String, Crate>;

/// One crate of the workspace.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Crate {
    /// Folder of its manifest, relative to the root, with `/` between parts.
    pub(crate) folder: String,
    /// Names under which its sources know its dependencies, of every kind (normal, dev, build).
    pub(crate) dependencies: BTreeSet<String>,
    /// Names of its integration test targets.
    pub(crate) test_targets: Vec<String>,
    /// Names of its benchmark targets.
    pub(crate) bench_targets: Vec<String>,
}

/// Asks cargo about the workspace at `root`.
pub(crate) fn read(root: &Path) -> Result<Crates, Stop> {
    let mut cargo = step::cargo(root);
    cargo.args(["metadata", "--no-deps", "--format-version", "1", "--offline"]);
    let output = cargo
        .output()
        .map_err(|e| Stop::Machine(format!("cannot start cargo metadata: {e}")))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Stop::Machine(format!("cargo metadata failed: {why}")));
    }
    parse(&String::from_utf8_lossy(&output.stdout)).map_err(Stop::Machine)
}

/// Reads the answer of cargo.
pub(crate) fn parse(text: &str) -> Result<Crates, String> {
    let metadata =
        Json::parse(text).map_err(|e| format!("cargo metadata is not JSON at byte {}", e.at_byte))?;
    let root = text_of(&metadata, "workspace_root")?;
    let mut crates = Crates::new();
    for package in metadata.get("packages").map_or(&[][..], Json::items) {
        let name = text_of(package, "name")?;
        let folder = text_of(package, "manifest_path")?
            .strip_prefix(root)
            .and_then(|rest| rest.strip_suffix("Cargo.toml"))
            .ok_or_else(|| format!("the manifest of {name} is outside the workspace"))?
            .replace('\\', "/");
        let mut entry = Crate {
            folder: folder.trim_matches('/').to_owned(),
            ..Crate::default()
        };
        for dependency in package.get("dependencies").map_or(&[][..], Json::items) {
            let renamed = dependency.get("rename").and_then(Json::text);
            entry.dependencies.insert(
                renamed
                    .map_or_else(|| text_of(dependency, "name"), Ok)?
                    .to_owned(),
            );
        }
        for target in package.get("targets").map_or(&[][..], Json::items) {
            let list = match target
                .get("kind")
                .map_or(&[][..], Json::items)
                .first()
                .and_then(Json::text)
            {
                Some("test") => &mut entry.test_targets,
                Some("bench") => &mut entry.bench_targets,
                _ => continue,
            };
            list.push(text_of(target, "name")?.to_owned());
        }
        crates.insert(name.to_owned(), entry);
    }
    if crates.is_empty() {
        Err("cargo metadata names no crate".into())
    } else {
        Ok(crates)
    }
}

fn text_of<'a>(value: &'a Json, key: &str) -> Result<&'a str, String> {
    value
        .get(key)
        .and_then(Json::text)
        .ok_or_else(|| format!("cargo metadata lacks `{key}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_are_read_with_folder_dependencies_and_targets() {
        let crates = parse(
            r#"{"workspace_root":"/src","packages":[{"name":"a-b","manifest_path":"/src/crates/a-b/Cargo.toml",
            "dependencies":[{"name":"serde","rename":null},{"name":"old","rename":"new","kind":"dev"}],
            "targets":[{"kind":["lib"],"name":"a_b"},{"kind":["test"],"name":"it"},{"kind":["bench"],"name":"audio"}]}]}"#,
        )
        .unwrap();
        let entry = &crates["a-b"];
        assert_eq!(entry.folder, "crates/a-b");
        assert_eq!(entry.dependencies.iter().collect::<Vec<_>>(), ["new", "serde"]);
        assert_eq!(
            (&entry.test_targets[..], &entry.bench_targets[..]),
            (&["it".to_owned()][..], &["audio".to_owned()][..])
        );
    }

    #[test]
    fn an_answer_that_is_not_metadata_is_an_error_and_not_an_empty_workspace() {
        assert!(parse("error: no such file").is_err());
        assert!(parse(r#"{"workspace_root":"/src","packages":[]}"#).is_err());
    }
}
