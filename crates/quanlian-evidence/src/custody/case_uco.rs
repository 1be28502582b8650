//! The chain as CASE/UCO JSON-LD (CASE 1.4, UCO 1.4), for tools of other laboratories.
//!
//! In:  the deposit record and the lines of its chain.
//! Out: one JSON-LD document: the item, the tool, the parties, and one `InvestigativeAction` a line.
//!
//! Invariant: the same chain gives the same document: all ids are made of ids in the chain. What the
//! ontology has no word for (how the machine was, how a party signed) stands in a facet of our own
//! name space, so that nothing is lost and nothing of ours is taken for a word of theirs.
//!
//! Not here: whether the chain holds ([`super::examine`]). This document is an extract: it cannot be
//! verified, `custody.jsonl` can.
//!
//! Source: <https://ontology.caseontology.org>, <https://ontology.unifiedcyberontology.org>.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    CustodyLine,
    act::{Attestation, Clock, MachineCheck, Media, MediaKind, Party, TimeSync},
};
use crate::deposit::Deposit;

/// The name space of what the ontology has no word for.
pub const OWN_NAMESPACE: &str = "urn:quanlian:custody:1#";

/// The chain of `deposit` as one JSON-LD document. Linear in the lines.
pub fn export(deposit: &Deposit, lines: &[CustodyLine]) -> Value {
    let mut graph = Graph {
        nodes: Vec::new(),
        item: node_id("item", &deposit.id.to_string()),
        people: Vec::new(),
        tools: Vec::new(),
    };
    graph.add_item(deposit);
    let mut before = None;
    for (number, line) in (1..).zip(lines) {
        before = Some(graph.add_line(number, line, before));
    }
    json!({
        "@context": {
            "kb": "urn:uuid:",
            "quanlian": OWN_NAMESPACE,
            "case-investigation": "https://ontology.caseontology.org/case/investigation/",
            "uco-action": "https://ontology.unifiedcyberontology.org/uco/action/",
            "uco-core": "https://ontology.unifiedcyberontology.org/uco/core/",
            "uco-identity": "https://ontology.unifiedcyberontology.org/uco/identity/",
            "uco-location": "https://ontology.unifiedcyberontology.org/uco/location/",
            "uco-observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
            "uco-tool": "https://ontology.unifiedcyberontology.org/uco/tool/",
            "uco-types": "https://ontology.unifiedcyberontology.org/uco/types/",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@graph": graph.nodes,
    })
}

struct Graph {
    nodes: Vec<Value>,
    item: Value,
    people: Vec<Party>,
    tools: Vec<String>,
}

impl Graph {
    fn add_item(&mut self, deposit: &Deposit) {
        let content = &deposit.content;
        let id = deposit.id.to_string();
        self.nodes.push(json!({
            "@id": self.item["@id"],
            "@type": "uco-observable:ObservableObject",
            "uco-core:hasFacet": [
                {
                    "@id": name("file", &id),
                    "@type": "uco-observable:FileFacet",
                    "uco-observable:fileName": content.name,
                    "uco-observable:sizeInBytes": integer(content.size_bytes),
                },
                {
                    "@id": name("content", &id),
                    "@type": "uco-observable:ContentDataFacet",
                    "uco-observable:sizeInBytes": integer(content.size_bytes),
                    "uco-observable:hash": [
                        hash(&name("sha256", &id), "SHA256", &content.sha256),
                        hash(&name("sm3", &id), "SM3", &content.sm3),
                    ],
                },
            ],
        }));
    }

    /// Adds one line; the reference to its action.
    fn add_line(&mut self, number: usize, line: &CustodyLine, before: Option<Value>) -> Value {
        let id = line.id.to_string();
        let own = node_id("action", &id);
        let record = self.provenance(number, line);
        let mut results = vec![record];
        let mut action = Map::new();
        let mut set = |key: &str, value: Value| action.insert(key.to_owned(), value);
        set("@id", own["@id"].clone());
        set("@type", json!("case-investigation:InvestigativeAction"));
        set("uco-core:name", json!(line.act.word()));
        set("uco-action:startTime", instant(line));
        set("uco-action:endTime", instant(line));
        set("uco-action:instrument", self.tool(&line.tool));
        set("uco-action:object", self.item.clone());
        if let Some(before) = before {
            set("case-investigation:wasInformedBy", before);
        }
        if let Some(record) = &line.record {
            set("uco-core:description", json!(record.reason));
            let (first, others) = record
                .parties
                .split_first()
                .map_or((None, &[][..]), |(f, o)| (Some(f), o));
            if let Some(first) = first {
                set("uco-action:performer", self.person(first));
            }
            let others: Vec<Value> = others.iter().map(|party| self.person(party)).collect();
            if !others.is_empty() {
                set("uco-action:participant", json!(others));
            }
            if let Some(place) = &record.place {
                set("uco-action:location", self.location(&id, place));
            }
            for (at, media) in (1..).zip(&record.media) {
                results.push(self.media(&id, at, media));
            }
            set(
                "uco-core:hasFacet",
                json!([facet(&id, line, record.irregular.as_ref(), &record.machine)]),
            );
        } else {
            let only = Party {
                role: super::act::Role::Operator,
                name: line.actor.clone(),
                organisation: None,
            };
            set("uco-action:performer", self.person(&only));
        }
        set("uco-action:result", json!(results));
        self.nodes.push(Value::Object(action));
        own
    }

    fn provenance(&mut self, number: usize, line: &CustodyLine) -> Value {
        let own = node_id("provenance", &line.id.to_string());
        self.nodes.push(json!({
            "@id": own["@id"],
            "@type": "case-investigation:ProvenanceRecord",
            "uco-core:description": format!("custody line {number}: {}", line.act.word()),
            "case-investigation:exhibitNumber": format!("{}/{number}", line.item),
            "uco-core:object": self.item,
        }));
        own
    }

    fn tool(&mut self, tool: &str) -> Value {
        let own = node_id("tool", tool);
        if !self.tools.iter().any(|known| known == tool) {
            self.tools.push(tool.to_owned());
            let (name, version) = tool.split_once([' ', '/']).unwrap_or((tool, ""));
            let mut node = json!({"@id": own["@id"], "@type": "uco-tool:Tool", "uco-core:name": name});
            if !version.is_empty() {
                node["uco-tool:version"] = json!(version);
            }
            self.nodes.push(node);
        }
        own
    }

    fn person(&mut self, party: &Party) -> Value {
        let organisation = party.organisation.as_deref().unwrap_or_default();
        let own = node_id("person", &format!("{}\n{organisation}", party.name));
        let is_same = |known: &Party| known.name == party.name && known.organisation == party.organisation;
        if !self.people.iter().any(is_same) {
            self.people.push(party.clone());
            let mut node =
                json!({"@id": own["@id"], "@type": "uco-identity:Identity", "uco-core:name": party.name});
            if let Some(organisation) = &party.organisation {
                node["uco-core:description"] = json!(organisation);
            }
            self.nodes.push(node);
        }
        own
    }

    fn location(&mut self, line: &str, place: &str) -> Value {
        let own = node_id("location", line);
        self.nodes.push(json!({
            "@id": own["@id"],
            "@type": "uco-location:Location",
            "uco-core:name": place,
        }));
        own
    }

    fn media(&mut self, line: &str, number: usize, media: &Media) -> Value {
        let of = |what: &str| name(what, &format!("{line}\n{number}"));
        let kind = match media.kind {
            MediaKind::Photo => "photo",
            MediaKind::Video => "video",
            MediaKind::Document => "document",
        };
        let id = of("media");
        self.nodes.push(json!({
            "@id": id,
            "@type": "uco-observable:ObservableObject",
            "uco-core:description": kind,
            "uco-core:hasFacet": [
                {
                    "@id": of("media-file"),
                    "@type": "uco-observable:FileFacet",
                    "uco-observable:fileName": media.name,
                    "uco-observable:sizeInBytes": integer(media.size_bytes),
                },
                {
                    "@id": of("media-content"),
                    "@type": "uco-observable:ContentDataFacet",
                    "uco-observable:hash": [hash(&of("media-sha256"), "SHA256", &media.sha256)],
                },
            ],
        }));
        json!({"@id": id})
    }
}

/// What the ontology has no word for.
fn facet(id: &str, line: &CustodyLine, irregular: Option<&String>, machine: &MachineCheck) -> Value {
    let mut facet = Map::new();
    let mut set = |key: &str, value: Value| facet.insert(key.to_owned(), value);
    set("@id", json!(name("facet", id)));
    set("@type", json!(["quanlian:CustodyFacet", "uco-core:Facet"]));
    set("quanlian:previousLineSha256", json!(line.prev));
    set("quanlian:system", json!(machine.system));
    set("quanlian:clock", json!(clock(&machine.clock)));
    set("quanlian:timeSync", json!(time_sync(&machine.time_sync)));
    set("quanlian:selfTestPassed", json!(machine.self_test));
    if let Some(sha256) = &machine.program_sha256 {
        set("quanlian:programSha256", json!(sha256));
    }
    if let Some(bytes) = machine.disk_free_bytes {
        set("quanlian:diskFreeBytes", integer(bytes));
    }
    if let Some(words) = &machine.cleanliness {
        set("quanlian:cleanliness", json!(words));
    }
    if let Some(reason) = irregular {
        set("quanlian:irregular", json!(reason));
    }
    let parties = line.record.iter().flat_map(|record| &record.parties);
    let signed: Vec<Value> = parties
        .zip(&line.attestations)
        .map(|(party, attestation)| attested(id, party, attestation))
        .collect();
    set("quanlian:attestation", json!(signed));
    Value::Object(facet)
}

fn attested(line: &str, party: &Party, attestation: &Attestation) -> Value {
    let mut node = json!({
        "@id": name("attestation", &format!("{line}\n{}", attestation.party())),
        "@type": "quanlian:Attestation",
        "quanlian:role": party.role.word(),
        "quanlian:name": party.name,
    });
    let mut set = |key: &str, value: Value| node[key] = value;
    match attestation {
        Attestation::Signed { key, signature, .. } => {
            set("quanlian:how", json!("signed"));
            set("quanlian:key", json!(key));
            set("quanlian:signature", json!(signature));
        }
        Attestation::Paper { scan, .. } => {
            set("quanlian:how", json!("paper"));
            set("quanlian:scan", json!(scan.to_string()));
        }
        Attestation::Unsigned { reason, .. } => {
            set("quanlian:how", json!("unsigned"));
            set("quanlian:reason", json!(reason));
        }
    }
    node
}

/// The clock in one short text: measured, stated, or that nobody measured.
fn clock(clock: &Clock) -> String {
    match clock {
        Clock::NotMeasured => "not measured".to_owned(),
        Clock::Measured { against, offset_us } => format!("measured {offset_us} us against {against}"),
        Clock::Stated { against, offset_us } => format!("stated {offset_us} us against {against}"),
    }
}

fn time_sync(sync: &TimeSync) -> String {
    match sync {
        TimeSync::Synchronised { by } => format!("synchronised, says {by}"),
        TimeSync::NotSynchronised { by } => format!("not synchronised, says {by}"),
        TimeSync::Unknown => "unknown".to_owned(),
    }
}

/// SM3 is no member of the vocabulary, which takes other names too.
fn hash(id: &str, method: &str, value: &str) -> Value {
    json!({
        "@id": id,
        "@type": "uco-types:Hash",
        "uco-types:hashMethod": method,
        "uco-types:hashValue": {"@type": "xsd:hexBinary", "@value": value},
    })
}

fn instant(line: &CustodyLine) -> Value {
    json!({"@type": "xsd:dateTime", "@value": line.at.to_string()})
}

/// A JSON number of 64 bits may lose digits in other readers; a typed literal does not.
fn integer(number: u64) -> Value {
    json!({"@type": "xsd:integer", "@value": number.to_string()})
}

fn node_id(what: &str, of: &str) -> Value {
    json!({"@id": name(what, of)})
}

/// An id that is the same whenever it is made for the same thing.
fn name(what: &str, of: &str) -> String {
    let digest = Sha256::digest(format!("quanlian case\n{what}\n{of}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    // Version 5 is "made of a name"; the checker of the ontology knows it, version 8 it does not.
    let uuid = uuid::Builder::from_bytes(bytes)
        .with_version(uuid::Version::Sha1)
        .into_uuid();
    format!("kb:{uuid}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_depends_on_what_it_names_alone() {
        assert_eq!(name("tool", "x"), name("tool", "x"));
        assert_ne!(name("tool", "x"), name("person", "x"));
    }
}
