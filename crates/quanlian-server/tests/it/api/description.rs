//! The description: what answers hold is what it says, and the copy that pages are made from is this one.
//!
//! In:  the answers of a populated platform; `web/openapi.json`.
//! Out: nothing, or the first fields that are not described, or not so.
//!
//! The reader of schemas is strict: a field that stands in no schema is a fault, so that a shape that is described by hand cannot fall behind
//! what is written.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    kit::{Key, Office},
    matters::{opened, people},
};

/// A schema with what it takes from others.
#[derive(Default)]
struct Fields<'s> {
    properties: BTreeMap<&'s str, &'s Value>,
    required: BTreeSet<&'s str>,
    more: Option<&'s Value>,
}

struct Reader<'s> {
    schemas: &'s Value,
}

impl<'s> Reader<'s> {
    fn resolved(&self, schema: &'s Value) -> &'s Value {
        match schema["$ref"].as_str() {
            Some(place) => {
                let name = place.rsplit('/').next().unwrap();
                let found = &self.schemas[name];
                assert!(found.is_object(), "there is no schema {name}");
                self.resolved(found)
            }
            None => schema,
        }
    }

    fn gather(&self, schema: &'s Value, fields: &mut Fields<'s>) {
        let schema = self.resolved(schema);
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.gather(part, fields);
        }
        for (name, of) in schema["properties"].as_object().into_iter().flatten() {
            fields.properties.insert(name, of);
        }
        let required = schema["required"].as_array().into_iter().flatten();
        fields
            .required
            .extend(required.map(|name| name.as_str().unwrap()));
        fields.more = schema.get("additionalProperties").or(fields.more);
    }

    /// What in a value is not as the schema says.
    fn faults(&self, schema: &'s Value, value: &Value, at: &str) -> Vec<String> {
        let schema = self.resolved(schema);
        for word in ["oneOf", "anyOf"] {
            if let Some(ways) = schema[word].as_array() {
                let all = ways.iter().map(|way| self.faults(way, value, at));
                return all.min_by_key(Vec::len).unwrap();
            }
        }
        let is_of = |kind: &str| match kind {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "string" => value.is_string(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            other => panic!("{at}: a type {other}"),
        };
        let is_right = match &schema["type"] {
            Value::String(kind) => is_of(kind),
            Value::Array(kinds) => kinds.iter().any(|kind| is_of(kind.as_str().unwrap())),
            _ => true,
        };
        if !is_right {
            return vec![format!("{at} is no {}: {value:.80}", schema["type"])];
        }
        if let Some(words) = schema["enum"].as_array()
            && !words.contains(value)
        {
            return vec![format!("{at} is none of {words:?}: {value}")];
        }
        match value {
            Value::Array(all) if schema["items"].is_object() => {
                let item = |(place, one): (usize, &Value)| {
                    self.faults(&schema["items"], one, &format!("{at}[{place}]"))
                };
                all.iter().enumerate().flat_map(item).collect()
            }
            Value::Object(object) => {
                let mut fields = Fields::default();
                self.gather(schema, &mut fields);
                // An object of which nothing is said holds anything.
                if fields.properties.is_empty() && fields.more.is_none() {
                    return Vec::new();
                }
                let missing = fields.required.iter().filter(|name| !object.contains_key(**name));
                let mut faults: Vec<String> = missing.map(|name| format!("{at}.{name} is missing")).collect();
                for (name, value) in object {
                    let at = format!("{at}.{name}");
                    match (fields.properties.get(name.as_str()), fields.more) {
                        (Some(schema), _) => faults.extend(self.faults(schema, value, &at)),
                        (None, Some(schema)) if schema.is_object() => {
                            faults.extend(self.faults(schema, value, &at));
                        }
                        _ => faults.push(format!("{at} is not described: {value:.80}")),
                    }
                }
                faults
            }
            _ => Vec::new(),
        }
    }
}

/// Asks, and reads the answer by what the description says of this path.
async fn read(office: &Office, description: &Value, key: &Key, described: &str, path: &str) -> Value {
    let answer = office.get(Some(key), path).await.good();
    let schema =
        &description["paths"][described]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{described} is not described");
    let reader = Reader {
        schemas: &description["components"]["schemas"],
    };
    let faults = reader.faults(schema, &answer.body, described);
    assert!(faults.is_empty(), "{:#?}", &faults[..faults.len().min(12)]);
    answer.body
}

#[tokio::test]
async fn answers_are_what_the_description_says() {
    let office = Office::new().await;
    let people = people(&office).await;
    let description = office.get(None, "/openapi.json").await.body;
    office.set("2024-04-01T10:00:00+08:00");
    let admin = office.sign_in("root").await;
    office.agency(&admin, "acme").await;
    let wei = office.person(&admin, "acme", "wei", &["complainant"]).await;
    let (clerk, head) = (
        office.sign_in("culture.zhou").await,
        office.sign_in("culture.head").await,
    );
    let matter = opened(&office, &clerk).await;
    let id = matter.body["id"].as_str().unwrap();
    let path = format!("/api/v1/matters/{id}");
    let version = async || {
        let seen = office.get(Some(&clerk), &path).await.good();
        seen.header("etag").to_owned()
    };
    let send = async |method: &str, part: &str, body: Value| {
        let etag = version().await;
        let path = format!("{path}/{part}");
        let headers = [("if-match", etag.as_str())];
        office
            .send(Some(&clerk), method, &path, &headers, Some(body))
            .await
            .good()
    };
    // As much of everything as one matter may have.
    let moved = json!({"kind": "sent", "quantity": 2, "on": "2024-03-29", "giver": "支队", "receiver": "鉴定所", "place": "鉴定所"});
    send("POST", "ledger", json!({"steps": [
        {"do": "add_party", "party": {"roles": ["suspect"], "kind": "natural", "name": "张三", "accounts": ["平台: 一号"], "contacts": ["电话"],
            "identifiers": [{"kind": "passport", "number": "E123"}]}},
        {"do": "add_goods", "goods": {"name": "光盘", "kind": "infringing", "quantity": 100, "unit": "张", "measure": "seized",
            "taken_on": "2024-03-28", "found_at": "某路 1 号", "from": "P1", "paper": "扣押 1 号", "holder": "支队", "place": "物证室",
            "price": {"each_fen": 1500, "basis": "marked", "shown_by": "吊牌"}}},
        {"do": "move_goods", "id": "G1", "lot": 1, "movement": moved},
        {"do": "add_task", "task": {"title": "调取数据", "assignee": "zhou", "due_on": "2024-04-03", "about": ["P1"]}},
        {"do": "add_task", "task": {"title": "约谈", "assignee": "zhou"}},
        {"do": "end_task", "id": "T2", "how": "done", "note": "已约谈"},
    ]})).await;
    send(
        "PUT",
        "named",
        json!({"rights": ["国作登字-1"], "links": ["https://a.example/x"]}),
    )
    .await;
    let accept = json!({"do": "act", "act": "accept", "given": {
        "facts": {"place_of_act": {"text": "310115"}, "jurisdiction_settled": {"flag": true}, "duplicate_checked": {"flag": true}},
        "papers": {"identity_proof": "T-2", "right_proof": "T-3", "evidence_material": "T-4", "acceptance_notice": "T-5"}}});
    send("POST", "commands", json!({"command": accept})).await;
    let assign = json!({"title": "频道", "handlers": ["zhou", "li"], "unit": "team-1"});
    send("PUT", "assignment", assign).await;
    let handler = office.sign_in("culture.li").await;
    let etag = version().await;
    let file = json!({"command": {"do": "act", "act": "file", "given": {"papers": {"filing_form": "T-6"}}}});
    let headers = [("if-match", etag.as_str())];
    let proposed = format!("{path}/commands");
    office
        .send(Some(&handler), "POST", &proposed, &headers, Some(file))
        .await
        .good();
    office
        .post(
            &clerk,
            &format!("{path}/jobs"),
            json!({"task": {"kind": "match"}}),
        )
        .await
        .good();
    let filing = json!({"at": "culture", "procedure": "complaint-intake", "version": 2, "title": "投诉", "given": {
        "facts": {"subject": {"text": "copyright"}}, "papers": {"complaint_letter": "随附"}}});
    let filed = office.post(&wei, "/api/v1/filings", filing).await.good();
    let filed = filed.body["id"].as_str().unwrap();
    assert!(office.platform.look_at_clocks().await.is_ok());

    for part in [
        "",
        "/events",
        "/acts",
        "/ledger",
        "/matches",
        "/files",
        "/jobs",
        "/duplicates",
    ] {
        let described = format!("/api/v1/matters/{{id}}{part}");
        read(
            &office,
            &description,
            &clerk,
            &described,
            &format!("{path}{part}"),
        )
        .await;
    }
    for (key, described, more) in [
        (&clerk, "/api/v1/procedures", ""),
        (&clerk, "/api/v1/matters", ""),
        (&clerk, "/api/v1/matters", "?view=clocks"),
        (&clerk, "/api/v1/tasks", "?whose=all"),
        (&clerk, "/api/v1/notices", ""),
        (&clerk, "/api/v1/search", "?q=%E9%A2%91%E9%81%93"),
        (&clerk, "/api/v1/search/suggest", "?q=culture"),
        (&head, "/api/v1/indicators", ""),
        (&clerk, "/api/v1/terms", ""),
        (&clerk, "/api/v1/people", ""),
        (&clerk, "/api/v1/session", ""),
        (&clerk, "/api/v1/agencies", ""),
        (&clerk, "/api/v1/law/rules", ""),
        (&clerk, "/api/v1/law/offences", ""),
        (&wei, "/api/v1/filings", ""),
        (&people.auditor, "/api/v1/audit", ""),
        (&people.auditor, "/api/v1/audit/check", ""),
        (&admin, "/api/v1/accounts", ""),
    ] {
        let key = if std::ptr::eq(key, &raw const people.auditor) {
            &office.sign_in("city.audit").await
        } else {
            key
        };
        let told = read(
            &office,
            &description,
            key,
            described,
            &format!("{described}{more}"),
        )
        .await;
        let rows = ["matters", "tasks", "notices", "suggestions", "filings", "entries"];
        let list = rows.iter().find_map(|name| told[name].as_array());
        assert!(
            list.is_none_or(|list| !list.is_empty()),
            "{described} has nothing to read"
        );
    }
    for (described, path) in [
        ("/api/v1/indicators/{id}", "matters-opened?by=agency"),
        ("/api/v1/indicators/{id}", "clocks-met-share"),
        ("/api/v1/indicators/{id}/matters", "matters-opened/matters"),
    ] {
        let path = format!("/api/v1/indicators/{path}");
        read(&office, &description, &head, described, &path).await;
    }
    let told = format!("/api/v1/filings/{filed}");
    read(&office, &description, &wei, "/api/v1/filings/{id}", &told).await;
    read(
        &office,
        &description,
        &clerk,
        "/api/v1/matters/{id}",
        &format!("/api/v1/matters/{filed}"),
    )
    .await;
}

#[test]
fn the_reader_of_schemas_finds_what_is_not_so() {
    let schemas =
        json!({"Name": {"type": "object", "required": ["zh"], "properties": {"zh": {"type": "string"}}}});
    let reader = Reader { schemas: &schemas };
    let name = json!({"$ref": "#/components/schemas/Name"});
    let or_null = json!({"oneOf": [{"type": "null"}, name]});
    let map = json!({"type": "object", "additionalProperties": name});
    for (schema, value, faults) in [
        (&name, json!({"zh": "字"}), 0),
        (&name, json!({"zh": 1}), 1),
        (&name, json!({}), 1),
        (&name, json!({"zh": "字", "en": "word"}), 1),
        (&or_null, json!(null), 0),
        (&or_null, json!({"en": "word"}), 1),
        (&map, json!({"a": {"zh": "字"}, "b": {"zh": null}}), 1),
    ] {
        assert_eq!(reader.faults(schema, &value, "it").len(), faults, "{value}");
    }
}

#[tokio::test]
async fn the_copy_that_pages_are_made_from_is_the_description() {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let sorted: BTreeMap<&String, Value> =
                    fields.iter().map(|(name, value)| (name, sorted(value))).collect();
                json!(sorted)
            }
            Value::Array(all) => all.iter().map(sorted).collect(),
            other => other.clone(),
        }
    }
    let office = Office::new().await;
    let description = office.get(None, "/openapi.json").await.body;
    let text = format!("{:#}\n", sorted(&description));
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/openapi.json");
    if std::env::var_os("QUANLIAN_WRITE_OPENAPI").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "web/openapi.json is not what is served: run this test with QUANLIAN_WRITE_OPENAPI=1"
    );
}
