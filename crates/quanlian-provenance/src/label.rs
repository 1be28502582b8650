//! AI-content labels: the implicit label (隐式标识) of GB 45438-2025.
//!
//! In:  the name and the text of a value found in a container.
//! Out: [`Label`]: what its seven fields say, and what is wrong with them.
//!
//! The standard (annex E) and the practice guides TC260-PG-20257A to -202510A put one JSON object into the metadata of
//! a file, under a name that contains `AIGC`. What is found in the field is wider: with and without an outer
//! `{"AIGC": …}`, in other case, with numbers for text, in Base64 under `XmpKvBase64`, as lines of `name: value` at the
//! head of Markdown, as properties of XMP one by one. All of it is read, and what departs from the standard is named. The text of the standard itself was not at hand: the fields and the meaning of
//! 1, 2 and 3 are those that several public descriptions agree on.
//!
//! Invariant: a label is a declaration by whoever wrote the file. Nothing here tests whether it is true.

use std::{collections::BTreeMap, fmt};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::{
    claim::{AiLabelState, MAX_VALUE_BYTES, Problem, ProblemCode},
    provider::{ProviderCode, ProviderCodeError},
    text,
};

/// The largest label that is read, in bytes.
pub const MAX_LABEL_BYTES: usize = 64 * 1024;

/// The fields of the standard, in its order.
pub const FIELDS: [&str; 7] = [
    "Label",
    "ContentProducer",
    "ProduceID",
    "ReservedCode1",
    "ContentPropagator",
    "PropagateID",
    "ReservedCode2",
];

/// The fields without which a label says nothing; the others may be empty or left out.
const NEEDED: [&str; 3] = ["Label", "ContentProducer", "ProduceID"];
/// Fields of one label that are kept.
const MAX_FIELDS: usize = 32;
/// The name under which some services pack a label in Base64.
const PACKED_KEY: &str = "XmpKvBase64";

/// What a label declares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Label {
    /// The meaning of `Label`; none when it is missing or none of 1, 2, 3.
    pub value: Option<LabelValue>,
    /// The fields as the file writes them, those unknown to the standard too.
    pub fields: BTreeMap<String, String>,
    /// `ContentProducer` taken apart, where it is a provider code and no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub producer: Option<ProviderCode>,
    /// `ContentPropagator` likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub propagator: Option<ProviderCode>,
}

/// What `Label` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelValue {
    /// 1: is generated or synthesised by AI (属于).
    Generated,
    /// 2: may be (可能).
    Possibly,
    /// 3: is suspected to be (疑似).
    Suspected,
}

impl LabelValue {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "1" => Some(Self::Generated),
            "2" => Some(Self::Possibly),
            "3" => Some(Self::Suspected),
            _ => None,
        }
    }

    pub(crate) fn state(self) -> AiLabelState {
        match self {
            Self::Generated => AiLabelState::Generated,
            Self::Possibly => AiLabelState::Possibly,
            Self::Suspected => AiLabelState::Suspected,
        }
    }
}

/// Whether a value is meant as a label: by its name, or by an object that holds `AIGC` under any other name, since
/// programs that drop unknown names leave only `comment`.
pub(crate) fn is_label(key: &str, text: &str) -> bool {
    if contains_aigc(key) || key.contains(PACKED_KEY) || lone_field(key).is_some() {
        return true;
    }
    let text = text.trim_start();
    (text.starts_with('{') && contains_aigc(text::cut(text, 64)))
        || text
            .get(..5)
            .is_some_and(|head| head.eq_ignore_ascii_case("AIGC="))
        || (text.starts_with('{') && NEEDED.iter().all(|field| text.contains(field)))
}

/// The field of the standard that stands alone as a property of the label's name space.
fn lone_field(key: &str) -> Option<&'static str> {
    let local = key.strip_prefix("TC260:")?;
    FIELDS.into_iter().find(|field| *field == local)
}

fn contains_aigc(text: &str) -> bool {
    text.as_bytes()
        .windows(4)
        .any(|four| four.eq_ignore_ascii_case(b"AIGC"))
}

/// Reads a label; what cannot be read leaves an empty one and a problem.
pub(crate) fn parse(key: &str, text: &str, problems: &mut Vec<Problem>) -> Label {
    let mut problem = |code, detail: &str| problems.push(Problem::here(code, detail));
    if text.len() > MAX_LABEL_BYTES {
        problem(ProblemCode::TooLarge, &MAX_LABEL_BYTES.to_string());
        return Label::default();
    }
    let unpacked;
    let mut json = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if key.contains(PACKED_KEY) {
        problem(ProblemCode::LabelBase64, PACKED_KEY);
        let Some(text) = STANDARD.decode(json).ok().map(|bytes| text::decode(&bytes).0) else {
            problem(ProblemCode::LabelNotJson, "Base64");
            return Label::default();
        };
        unpacked = text;
        json = unpacked.trim();
    }
    if json
        .get(..5)
        .is_some_and(|head| head.eq_ignore_ascii_case("AIGC="))
    {
        json = &json[5..];
    }
    // A number alone is JSON too, so this comes first.
    let lines = if json.starts_with('{') {
        Vec::new()
    } else {
        pairs_of_lines(key, json)
    };
    if !lines.is_empty() {
        problem(ProblemCode::LabelNotJson, "");
        return from_pairs(lines, problems);
    }
    let pairs = match serde_json::from_str::<Node>(json) {
        Ok(Node::Object(pairs)) => pairs,
        Ok(_) => {
            problem(ProblemCode::LabelNotObject, "");
            return Label::default();
        }
        Err(error) => {
            // Where, and not what: the words of the error may repeat the file.
            problem(
                ProblemCode::LabelNotJson,
                &format!("line {}, column {}", error.line(), error.column()),
            );
            return Label::default();
        }
    };
    from_pairs(unwrap_outer(pairs), problems)
}

/// Lines of `name: value`, or the value of a property whose name is the field; nothing when it is neither.
fn pairs_of_lines(key: &str, text: &str) -> Vec<(String, Node)> {
    if let Some(field) = lone_field(key) {
        return vec![(field.to_owned(), Node::Text(text.to_owned()))];
    }
    let pair = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        let bare = ['"', '\'']
            .iter()
            .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
        Some((
            name.trim().to_owned(),
            Node::Text(bare.unwrap_or(value).to_owned()),
        ))
    };
    let pairs: Option<Vec<_>> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(pair)
        .collect();
    let pairs = pairs.unwrap_or_default();
    if pairs.iter().any(|(name, _)| FIELDS.contains(&name.as_str())) {
        pairs
    } else {
        Vec::new()
    }
}

/// `{"AIGC": {…}}` as annex E writes it, or the inner object alone as the guides do.
fn unwrap_outer(mut pairs: Vec<(String, Node)>) -> Vec<(String, Node)> {
    if let [(name, Node::Object(inner))] = &mut pairs[..]
        && name.eq_ignore_ascii_case("AIGC")
    {
        return std::mem::take(inner);
    }
    pairs
}

fn from_pairs(pairs: Vec<(String, Node)>, problems: &mut Vec<Problem>) -> Label {
    let mut label = Label::default();
    let mut problem = |code, detail: &str| {
        if problems.len() < MAX_FIELDS {
            problems.push(Problem::here(code, detail));
        }
    };
    for (name, node) in pairs {
        let name = text::cut(&name, 64).to_owned();
        if !FIELDS.contains(&name.as_str()) {
            problem(ProblemCode::FieldUnknown, &name);
        }
        if label.fields.contains_key(&name) {
            problem(ProblemCode::FieldDuplicate, &name);
            continue;
        }
        let value = match node {
            Node::Text(text) => text,
            Node::Other(text) => {
                problem(ProblemCode::FieldNotText, &name);
                text
            }
            Node::Object(_) => {
                problem(ProblemCode::FieldNotText, &name);
                "{…}".to_owned()
            }
        };
        if value.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
            problem(ProblemCode::FieldCharacters, &name);
        }
        if label.fields.len() < MAX_FIELDS {
            label
                .fields
                .insert(name, text::cut(&value, MAX_VALUE_BYTES).to_owned());
        }
    }
    for field in NEEDED {
        if label
            .fields
            .get(field)
            .is_none_or(|value| value.trim().is_empty())
        {
            problem(ProblemCode::FieldMissing, field);
        }
    }
    if let Some(text) = label.fields.get("Label") {
        label.value = LabelValue::parse(text.trim());
        if label.value.is_none() {
            problem(ProblemCode::LabelValueUnknown, text);
        }
    }
    let mut code = |field: &str| match ProviderCode::parse(label.fields.get(field)?) {
        Ok(code) => Some(code),
        Err(ProviderCodeError::CheckDigit) => {
            problem(ProblemCode::ProviderCodeCheckDigit, field);
            None
        }
        // A name is allowed instead of a code.
        Err(ProviderCodeError::Shape) => None,
    };
    let (producer, propagator) = (code("ContentProducer"), code("ContentPropagator"));
    Label {
        producer,
        propagator,
        ..label
    }
}

/// JSON that keeps a name that stands twice, which a map would hide.
enum Node {
    Object(Vec<(String, Node)>),
    Text(String),
    Other(String),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Node::Object(pairs))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Node::Other("[…]".into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Other(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Other(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Other(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Other(value.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other("null".into()))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn check(key: &str, text: &str, expected: &Expect) {
        assert!(is_label(key, text), "{key}: {text}");
        let mut problems = Vec::new();
        let label = parse(key, text, &mut problems);
        let mut out = format!("{:?}", label.value);
        for (name, value) in &label.fields {
            let _ = write!(out, "\n{name}={value}");
        }
        for problem in problems {
            let _ = write!(out, "\n! {} {}", problem.code.as_str(), problem.detail);
        }
        expected.assert_eq(&out);
    }

    #[test]
    fn the_form_of_the_standard_has_no_problems() {
        let text = r#"{"AIGC":{"Label":"1","ContentProducer":"001191110000802100433B00000","ProduceID":"T-1","ReservedCode1":"","ContentPropagator":"某平台","PropagateID":"P-1","ReservedCode2":""}}"#;
        check(
            "AIGC",
            text,
            &expect![[r"
                Some(Generated)
                ContentProducer=001191110000802100433B00000
                ContentPropagator=某平台
                Label=1
                ProduceID=T-1
                PropagateID=P-1
                ReservedCode1=
                ReservedCode2="]],
        );
    }

    #[test]
    fn each_departure_is_named() {
        check(
            "comment",
            r#"{"aigc": {"Label": 2, "Label": "1", "ContentProducer": "", "Tool": ["x"]}}"#,
            &expect![[r"
                Some(Possibly)
                ContentProducer=
                Label=2
                Tool=[…]
                ! field_not_text Label
                ! field_duplicate Label
                ! field_unknown Tool
                ! field_not_text Tool
                ! field_missing ContentProducer
                ! field_missing ProduceID"]],
        );
        check(
            "AIGC",
            r#"{"Label":"AIGC","ContentProducer":"a\"b","ProduceID":"c"}"#,
            &expect![[r#"
                None
                ContentProducer=a"b
                Label=AIGC
                ProduceID=c
                ! field_characters ContentProducer
                ! label_value_unknown AIGC"#]],
        );
    }

    #[test]
    fn what_is_no_object_is_said_to_be_none() {
        check(
            "AIGC",
            "AI生成",
            &expect!["None\n! label_not_json line 1, column 1"],
        );
        check("AIGC", "[1]", &expect!["None\n! label_not_object "]);
        check("AIGC", "", &expect!["None\n! label_not_json line 1, column 0"]);
        let deep = "{\"AIGC\":".repeat(500);
        check(
            "AIGC",
            &deep,
            &expect![[r"
            None
            ! label_not_json line 1, column 1017"]],
        );
        let long = format!("{{\"AIGC\":\"{}\"}}", "x".repeat(MAX_LABEL_BYTES));
        check("AIGC", &long, &expect!["None\n! too_large 65536"]);
    }

    #[test]
    fn a_packed_label_is_unpacked() {
        let packed = STANDARD.encode(r#"AIGC={"Label":"3","ContentProducer":"a","ProduceID":"b"}"#);
        check(
            "XmpKvBase64",
            &packed,
            &expect![[r"
                Some(Suspected)
                ContentProducer=a
                Label=3
                ProduceID=b
                ! label_base64 XmpKvBase64"]],
        );
        check(
            "XmpKvBase64",
            "%%%",
            &expect![[r"
                None
                ! label_base64 XmpKvBase64
                ! label_not_json Base64"]],
        );
    }

    #[test]
    fn fields_outside_json_are_read_and_said_to_be_outside() {
        check(
            "AIGC",
            "  ContentProducer: 某平台\n  Label: '1'\n  ProduceID: \"a-b\"\n",
            &expect![[r"
                Some(Generated)
                ContentProducer=某平台
                Label=1
                ProduceID=a-b
                ! label_not_json "]],
        );
        check(
            "TC260:Label",
            "2",
            &expect![[r"
                Some(Possibly)
                Label=2
                ! label_not_json 
                ! field_missing ContentProducer
                ! field_missing ProduceID"]],
        );
        check(
            "AIGC",
            "note: by hand",
            &expect!["None\n! label_not_json line 1, column 2"],
        );
    }

    #[test]
    fn other_json_is_no_label() {
        assert!(!is_label("comment", r#"{"title":"x"}"#));
        assert!(!is_label("comment", "about AIGC in general"));
        assert!(is_label(
            "x",
            r#"{"Label":"1","ContentProducer":"a","ProduceID":"b"}"#
        ));
    }

    proptest! {
        #[test]
        fn any_text_gives_a_bounded_label(key in ".{0,12}", text in r#"[\{\}\[\]",:0-9a-zA-Z\\ 曲]{0,400}"#) {
            let mut problems = Vec::new();
            let label = parse(&key, &text, &mut problems);
            prop_assert!(label.fields.len() <= MAX_FIELDS && problems.len() <= MAX_FIELDS + 4);
        }
    }
}
