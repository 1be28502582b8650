//! JSON Schemas (draft 2020-12) of rule files and fact sheets, for editors.
//!
//! In:  the types that the loader reads files into, and its table of fields by kind.
//! Out: [`rule_schema`] and [`sheet_schema`] as JSON.
//!
//! Invariant: what the schema refuses, the loader refuses; a test damages every file in every field and compares.
//! The loader refuses more: names, dates and numbers that contradict each other are beyond a schema.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::{Map, Value, json};

use crate::{
    load::{Parsed, RawRule, fields_of},
    rule::Kind,
    vocabulary::FactKind,
};

/// A date: in TOML `2024-12-20`, which editors show to a schema as a text.
pub(crate) struct Date;

impl JsonSchema for Date {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "date".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" })
    }
}

/// A value in an example.
pub(crate) struct ExampleScalar;

impl JsonSchema for ExampleScalar {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "True or false, a whole number (money in yuan), an amount with a fraction as text (\"29,999.99\"), a date, a word.",
            "type": ["boolean", "integer", "string"],
        })
    }
}

/// The schema of a rule file. Which fields a version has depends on the `kind`.
pub fn rule_schema() -> Value {
    let mut schema =
        of::<RawRule>("Rule file of quanlian: one provision of the law, its versions and examples");
    // TOML has no null: a field that may be absent is left out.
    without_null(&mut schema);
    let kinds = variants(&schema, "Kind");
    let branches: Vec<Value> = kinds.iter().map(|(word, kind)| branch(word, *kind)).collect();
    schema["allOf"] = Value::Array(branches);
    let definition = |name: &str| format!("/$defs/{name}");
    for name in ["line", "condition"] {
        if let Some(line) = schema.pointer_mut(&definition(name)) {
            line["oneOf"] = one_of(&[
                &["fact", "op", "value", "unit"],
                &["flag"],
                &["all"],
                &["any"],
                &["at_least"],
                &["reaches"],
            ]);
        }
    }
    if let Some(step) = schema.pointer_mut(&definition("fine_step")) {
        // A share of a fact, or fixed ranges of the two tiers that the offence has.
        let share = ["fact", "low_percent", "high_percent"];
        let none_of = |fields: &[&str]| -> Value {
            let any: Vec<Value> = fields
                .iter()
                .map(|field| json!({ "required": [field] }))
                .collect();
            json!({ "anyOf": any })
        };
        step["oneOf"] = json!([
            { "required": share, "not": none_of(&["base_yuan", "serious_yuan", "especially_serious_yuan"]) },
            {
                "required": ["serious_yuan"],
                "anyOf": [{ "required": ["base_yuan"] }, { "required": ["especially_serious_yuan"] }],
                "not": none_of(&share),
            },
        ]);
    }
    schema
}

/// The schema of a fact sheet, with the offences and facts of a rule book.
pub(crate) fn sheet_schema(law: &Parsed) -> Value {
    let mut schema = of::<crate::FactSheet>("Fact sheet of quanlian: what is stated about a case");
    let offences: Vec<&str> = law.offences().map(|rule| rule.id.as_str()).collect();
    schema["properties"]["offence"]["enum"] = json!(offences);
    let names: Vec<Value> = law
        .facts
        .values()
        .map(|fact| {
            json!({
                "const": fact.name,
                "title": format!("{} / {}", fact.title.zh, fact.title.en),
                "description": format!("{} / {}", fact.meaning.zh, fact.meaning.en),
            })
        })
        .collect();
    // By kind of fact: which fields may hold its value.
    let all = [
        "fen",
        "at_least_fen",
        "at_most_fen",
        "count",
        "at_least_count",
        "at_most_count",
        "value",
    ];
    let branch = |kind: FactKind, fields: &[&str]| {
        let own: Vec<&str> = law
            .facts
            .values()
            .filter(|fact| fact.kind == kind)
            .map(|fact| fact.name.as_str())
            .collect();
        let mut properties = Map::new();
        for foreign in all.iter().filter(|field| !fields.contains(field)) {
            properties.insert((*foreign).to_owned(), json!({ "type": "null" }));
        }
        if fields == ["value"] {
            let of = if kind == FactKind::Flag {
                "boolean"
            } else {
                "string"
            };
            properties.insert("value".to_owned(), json!({ "type": of }));
        }
        let any: Vec<Value> = fields
            .iter()
            .map(|field| json!({ "required": [field] }))
            .collect();
        json!({
            "if": { "properties": { "name": { "enum": own } } },
            "then": { "properties": properties, "anyOf": any },
        })
    };
    let branches = [
        branch(FactKind::Money, &["fen", "at_least_fen", "at_most_fen"]),
        branch(FactKind::Count, &["count", "at_least_count", "at_most_count"]),
        branch(FactKind::Flag, &["value"]),
        branch(FactKind::Text, &["value"]),
    ];
    if let Some(statement) = schema.pointer_mut("/$defs/Statement") {
        statement["properties"]["name"]["oneOf"] = Value::Array(names);
        statement["allOf"] = json!(branches);
    }
    schema
}

fn of<T: JsonSchema>(title: &str) -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    schema["title"] = json!(title);
    schema
}

/// The words of an enum, with the value that each stands for.
fn variants(schema: &Value, name: &str) -> Vec<(String, Kind)> {
    let definition = &schema["$defs"][name];
    let plain = definition["enum"].as_array().into_iter().flatten().cloned();
    let described = definition["oneOf"].as_array().into_iter().flatten();
    let described = described.flat_map(|one| match &one["const"] {
        Value::Null => one["enum"].as_array().cloned().unwrap_or_default(),
        word => vec![word.clone()],
    });
    plain
        .chain(described)
        .filter_map(|word| {
            let kind = serde_json::from_value(word.clone()).ok()?;
            Some((word.as_str()?.to_owned(), kind))
        })
        .collect()
}

/// What a version holds if the rule is of this kind.
fn branch(word: &str, kind: Kind) -> Value {
    let (needed, optional) = fields_of(kind);
    let common = ["from", "to", "row", "source"];
    let allowed: Vec<&str> = common.iter().chain(needed).chain(optional).copied().collect();
    let needed: Vec<&str> = ["from"].iter().chain(needed).copied().collect();
    let mut version = json!({ "required": needed, "propertyNames": { "enum": allowed } });
    if kind == Kind::Element {
        version["oneOf"] = one_of(&[&["element"], &["no_offence"]]);
    }
    if kind == Kind::Deadline {
        version["oneOf"] = one_of(&[
            &["at_once"],
            &["reasonable"],
            &["hours"],
            &["days", "count"],
            &["months"],
            &["years"],
        ]);
    }
    let mut then = json!({ "properties": { "version": { "items": version } } });
    if matches!(
        kind,
        Kind::Threshold | Kind::Band | Kind::Element | Kind::Fine | Kind::Unit
    ) {
        then["required"] = json!(["offences"]);
        then["properties"]["offences"] = json!({ "minItems": 1 });
    }
    json!({ "if": { "properties": { "kind": { "const": word } } }, "then": then })
}

/// All fields of one group and none of the others.
fn one_of(groups: &[&[&str]]) -> Value {
    let group = |own: &&[&str]| {
        let others = groups.iter().filter(|other| other != &own).copied().flatten();
        let foreign: Vec<Value> = others.map(|field| json!({ "required": [field] })).collect();
        json!({ "required": own, "not": { "anyOf": foreign } })
    };
    groups.iter().map(group).collect()
}

/// Takes `null` out of every list of types and every choice.
fn without_null(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::Array(types)) = fields.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    fields.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(choices)) = fields.get_mut("anyOf") {
                choices.retain(|choice| choice["type"] != "null");
            }
            if let Some(Value::Array(choices)) = fields.get_mut("enum") {
                choices.retain(|choice| !choice.is_null());
            }
            // A default of null would be written by an editor that fills in defaults.
            if fields.get("default").is_some_and(Value::is_null) {
                fields.remove("default");
            }
            fields.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}
