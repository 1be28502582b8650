//! The schema that editors use against the loader that decides: they must not drift apart.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use quanlian_law::{RuleBook, rule_schema};
use serde_json::{Value, json};

use crate::{book, law_files};

const SHARED: [&str; 4] = ["facts.toml", "events.toml", "sources.toml", "messages.toml"];

fn rule_files() -> BTreeMap<String, String> {
    let mut files = law_files();
    files.retain(|name, text| !SHARED.contains(&name.as_str()) && text.contains("\nkind"));
    files
}

/// A file as an editor shows it to the schema: dates as text.
fn as_json(value: &toml::Value) -> Value {
    match value {
        toml::Value::Datetime(date) => json!(date.to_string()),
        toml::Value::Array(items) => items.iter().map(as_json).collect(),
        toml::Value::Table(table) => table
            .iter()
            .map(|(key, value)| (key.clone(), as_json(value)))
            .collect(),
        toml::Value::String(text) => json!(text),
        toml::Value::Integer(number) => json!(number),
        toml::Value::Float(number) => json!(number),
        toml::Value::Boolean(flag) => json!(flag),
    }
}

fn parse(text: &str) -> toml::Value {
    toml::Value::Table(toml::from_str(text).unwrap())
}

fn faults(schema: &Validator, file: &toml::Value) -> Vec<String> {
    let file = as_json(file);
    schema
        .iter_errors(&file)
        .map(|error| format!("{}: {error:.200}", error.instance_path()))
        .collect()
}

#[test]
fn the_schemas_are_schemas() {
    for schema in [rule_schema(), book().sheet_schema()] {
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        jsonschema::meta::validate(&schema).unwrap();
    }
}

#[test]
fn every_rule_file_is_valid() {
    let schema = jsonschema::validator_for(&rule_schema()).unwrap();
    let files = rule_files();
    assert!(files.len() > 30, "{}", files.len());
    for (name, text) in files {
        assert_eq!(faults(&schema, &parse(&text)), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn every_field_says_what_it_is() {
    let schema = rule_schema();
    let silent = |owner: &str, properties: &Value| -> Vec<String> {
        let fields = properties.as_object().into_iter().flatten();
        fields
            .filter(|(_, field)| field["description"].is_null() && field["$ref"].is_null())
            .map(|(name, _)| format!("{owner}.{name}"))
            .collect()
    };
    assert_eq!(silent("rule", &schema["properties"]), Vec::<String>::new());
    assert_eq!(
        silent("version", &schema["$defs"]["version"]["properties"]),
        Vec::<String>::new()
    );
    assert_eq!(
        silent("line", &schema["$defs"]["line"]["properties"]),
        Vec::<String>::new()
    );
}

#[test]
fn an_unknown_key_a_foreign_field_and_a_wrong_word_are_refused() {
    let schema = jsonschema::validator_for(&rule_schema()).unwrap();
    let file = &rule_files()["cn/criminal/217/2007-06-art-01.toml"];
    let refused = |from: &str, to: &str| {
        assert!(file.contains(from), "{from}");
        let found = faults(&schema, &parse(&file.replacen(from, to, 1)));
        assert!(!found.is_empty(), "{to} is accepted");
    };
    refused("order    = 20", "ordr = 20");
    refused("from = 2007-04-05", "from = 2007-04-05\ntimes = 3");
    refused("\"serious\"", "\"grave\"");
    refused("value    = 500", "value = \"500\"");
    refused("from = 2007-04-05", "from = \"2007\"");
    refused("unit     = \"count\"", "flag = \"copying\"");
    refused("\"threshold\"", "\"band\"");
    refused("offences = [\"cn/criminal/217\"]", "offences = []");
}

/// Takes every field out of every kind of file, one at a time, and puts a strange one beside it. What the schema
/// then refuses the loader refuses too; and what the loader refuses for its shape the schema refuses.
#[test]
fn the_schema_and_the_loader_refuse_the_same_shapes() {
    let schema = jsonschema::validator_for(&rule_schema()).unwrap();
    let mut tried: BTreeSet<String> = BTreeSet::new();
    let (mut both, mut neither) = (0, 0);
    let folder = Folder::new();
    for (name, text) in rule_files() {
        let file = parse(&text);
        let kind = file["kind"].as_str().unwrap().to_owned();
        let mut paths = Vec::new();
        walk(&file, &mut Vec::new(), &mut paths);
        for path in paths {
            let keys = path.iter().map(String::as_str);
            let shape: Vec<&str> = keys.filter(|key| key.parse::<usize>().is_err()).collect();
            let table = at(&file, &path[..path.len() - 1]).unwrap();
            // A line with an amount and one with a share are two shapes of the same path.
            let variant = [
                "fact",
                "at_least",
                "any",
                "all",
                "flag",
                "reaches",
                "serious_yuan",
            ]
            .map(|key| shape.len() > 2 && table.get(key).is_some());
            // Only versions differ by kind.
            let kind = if shape[0] == "version" { kind.as_str() } else { "" };
            if !tried.insert(format!("{kind} {} {variant:?}", shape.join("."))) {
                continue;
            }
            // One strange key in each kind of table is enough.
            let table = format!(
                "{kind} {} {variant:?} strange",
                shape[..shape.len() - 1].join(".")
            );
            let is_first = tried.insert(table);
            for strange in [false, true].into_iter().filter(|strange| !strange || is_first) {
                let mut damaged = file.clone();
                damage(&mut damaged, &path, strange);
                let schema_refuses = !faults(&schema, &damaged).is_empty();
                let loader_refuses = folder.refuses(&name, &damaged);
                let at = format!("{name}: {} ({strange})", path.join("."));
                match (schema_refuses, loader_refuses.as_deref()) {
                    (true, None) => panic!("{at}: the schema refuses what the loader accepts"),
                    (false, Some("law_load_syntax")) => {
                        panic!("{at}: the loader refuses a shape that the schema accepts")
                    }
                    (true, Some(_)) => both += 1,
                    (false, _) => neither += 1,
                }
            }
        }
    }
    assert!(
        both > 100 && neither > 20,
        "{both} refused by both, {neither} accepted by the schema"
    );
}

/// A folder with the shared files, into which one rule file after the other is put.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = law_files();
        for name in SHARED {
            std::fs::write(folder.path().join(name), &files[name]).unwrap();
        }
        Self(folder)
    }

    /// The code with which the loader refuses the folder with this file.
    fn refuses(&self, name: &str, file: &toml::Value) -> Option<String> {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, toml::to_string(file).unwrap()).unwrap();
        let refused = RuleBook::from_dir(self.0.path()).err();
        std::fs::remove_file(path).unwrap();
        refused.map(|error| error.code().to_owned())
    }
}

/// Paths of all fields; free tables of facts are left out.
fn walk(value: &toml::Value, path: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    let mut below = |key: String, inner: &toml::Value, is_field: bool| {
        path.push(key.clone());
        if is_field {
            paths.push(path.clone());
        }
        if !["given", "then", "with", "below", "at", "above"].contains(&key.as_str()) {
            walk(inner, path, paths);
        }
        path.pop();
    };
    match value {
        toml::Value::Table(table) => table
            .iter()
            .for_each(|(key, inner)| below(key.clone(), inner, true)),
        toml::Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                below(index.to_string(), inner, false);
            }
        }
        _ => {}
    }
}

fn at<'a>(value: &'a toml::Value, path: &[String]) -> Option<&'a toml::Value> {
    path.iter()
        .try_fold(value, |value, key| match key.parse::<usize>() {
            Ok(index) => value.get(index),
            Err(_) => value.get(key.as_str()),
        })
}

/// Removes the field, or renames it to one that nobody knows.
fn damage(value: &mut toml::Value, path: &[String], strange: bool) {
    let (last, parents) = path.split_last().unwrap();
    let mut inner = value;
    for key in parents {
        inner = match key.parse::<usize>() {
            Ok(index) => &mut inner[index],
            Err(_) => &mut inner[key.as_str()],
        };
    }
    let table = inner.as_table_mut().unwrap();
    let old = table.remove(last).unwrap();
    if strange {
        table.insert(format!("{last}_x"), old);
    }
}

#[test]
fn a_fact_sheet_is_told_which_facts_there_are_and_how_they_are_stated() {
    let schema = jsonschema::validator_for(&book().sheet_schema()).unwrap();
    let valid = |facts: Value| {
        let sheet = json!({ "offence": "cn/criminal/217", "person": "natural", "conduct": { "from": "2022-05-01" },
                            "judged_on": "2024-12-20", "facts": facts });
        schema.is_valid(&sheet)
    };
    assert!(valid(
        json!([{ "name": "illegal_gain", "fen": 7_200_000, "evidence": ["E1"] },
                         { "name": "actual_clicks", "at_least_count": 3, "at_most_count": 5 },
                         { "name": "online", "value": true }, { "name": "act_type", "value": "lending" }])
    ));
    for wrong in [
        json!([{ "name": "ilegal_gain", "fen": 1 }]),
        json!([{ "name": "illegal_gain", "count": 1 }]),
        json!([{ "name": "illegal_gain" }]),
        json!([{ "name": "online", "value": "yes" }]),
        json!([{ "name": "online", "value": true, "fen": 1 }]),
        json!([{ "name": "illegal_gain", "fen": 1, "colour": 1 }]),
    ] {
        assert!(!valid(wrong.clone()), "{wrong}");
    }
    assert!(!schema.is_valid(&json!({ "offence": "cn/criminal/999" })));
}
