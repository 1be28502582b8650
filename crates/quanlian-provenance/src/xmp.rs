//! XMP: properties that programs write about a file, as XML (ISO 16684-1).
//!
//! In:  the bytes of a packet.
//! Out: claims for the properties that say who, when, with what, under which rights; labels wherever they stand.
//!
//! Invariant: no document type declaration is read and no entity but XML's own five is replaced, so nothing in a packet
//! can grow or fetch. Depth, name spaces and size are bounded.
//!
//! Not here: the extended packets of JPEG (said to be unread), structures below a property, history.

use std::borrow::Cow;

use quick_xml::{
    NsReader, XmlVersion,
    escape::unescape,
    events::{BytesStart, Event},
    name::ResolveResult,
};

use crate::{
    claim::{Encoding, Kind, Place, ProblemCode},
    findings::Findings,
    label::MAX_LABEL_BYTES,
    text,
};

/// The largest packet that is read.
pub(crate) const MAX_XMP_BYTES: usize = 2 * 1024 * 1024;
/// Elements inside each other.
const MAX_DEPTH: usize = 64;
/// Name spaces that may be bound at one time.
const MAX_NAMESPACES: usize = 256;
/// Attributes of one element that are read.
const MAX_ATTRIBUTES: usize = 512;

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";

/// The name spaces that are read, with the prefix by which they are shown whatever the packet calls them.
const SPACES: [(&str, &str); 11] = [
    ("http://purl.org/dc/elements/1.1/", "dc"),
    ("http://purl.org/dc/terms/", "dcterms"),
    ("http://ns.adobe.com/xap/1.0/", "xmp"),
    ("http://ns.adobe.com/xap/1.0/rights/", "xmpRights"),
    ("http://ns.adobe.com/xap/1.0/mm/", "xmpMM"),
    ("http://ns.adobe.com/photoshop/1.0/", "photoshop"),
    ("http://ns.adobe.com/pdf/1.3/", "pdf"),
    ("http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/", "Iptc4xmpCore"),
    ("http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "Iptc4xmpExt"),
    ("http://ns.useplus.org/ldf/xmp/1.0/", "plus"),
    ("http://www.tc260.org.cn/ns/AIGC/1.0/", "TC260"),
];

/// One open element.
struct Open {
    /// The name by which its text is shown; none when it is not read.
    key: Option<String>,
    is_list: bool,
    items: usize,
    at: u64,
    text: String,
}

/// Where a packet lies.
#[derive(Clone, Copy)]
pub(crate) enum Origin {
    /// Its bytes are those of the file, from this place on.
    File(u64),
    /// Its bytes were unpacked from a structure at this place, which every claim is given.
    Unpacked(u64),
}

/// Reads a packet of `size_bytes`, of which `bytes` is what lies within [`MAX_XMP_BYTES`].
pub(crate) fn read(bytes: &[u8], size_bytes: u64, container: &str, origin: Origin, findings: &mut Findings) {
    let (Origin::File(offset) | Origin::Unpacked(offset)) = origin;
    let place = |at| Place::new(container, "XMP", at);
    if size_bytes > MAX_XMP_BYTES as u64 {
        findings.unread(ProblemCode::TooLarge, place(offset), MAX_XMP_BYTES.to_string());
        return;
    }
    if !findings.count_xmp(place(offset)) {
        return;
    }
    let (packet, encoding) = decode(bytes);
    if encoding != Encoding::Utf8 {
        findings.problem(ProblemCode::WrongEncoding, place(offset), "XMP");
    }
    let mut reader = NsReader::from_str(&packet);
    reader.resolver_mut().set_max_namespace_bindings(MAX_NAMESPACES);
    let mut walk = Walk {
        container,
        encoding,
        open: Vec::new(),
        findings,
    };
    // Places inside a packet that was decoded or unpacked from something else are not those of the file.
    let is_plain = encoding == Encoding::Utf8 && matches!(origin, Origin::File(_));
    let at = |position: u64| offset + if is_plain { position } else { 0 };
    loop {
        let position = reader.buffer_position();
        let Ok(event) = reader.read_event() else {
            walk.findings
                .unread(ProblemCode::XmlMalformed, place(at(position)), "");
            break;
        };
        let attributes = |start: &BytesStart<'_>| attributes(&reader, start);
        match event {
            Event::Start(start) => {
                walk.start(key(&reader, &start), attributes(&start), at(position));
                if walk.open.len() > MAX_DEPTH {
                    walk.findings
                        .unread(ProblemCode::TooDeep, place(at(position)), MAX_DEPTH.to_string());
                    break;
                }
            }
            Event::Empty(start) => {
                walk.start(key(&reader, &start), attributes(&start), at(position));
                walk.end();
            }
            Event::End(_) => walk.end(),
            Event::Text(text) => walk.text(&text.xml10_content()),
            Event::CData(text) => walk.text(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let written = format!("&{};", reference.xml10_content());
                match unescape(&written) {
                    Ok(replaced) => walk.text(&replaced),
                    Err(_) => walk
                        .findings
                        .unread(ProblemCode::XmlEntity, place(at(position)), written),
                }
            }
            Event::DocType(_) => {
                walk.findings.unread(ProblemCode::XmlDtd, place(at(position)), "");
                break;
            }
            Event::Eof => {
                if !walk.open.is_empty() {
                    walk.findings
                        .unread(ProblemCode::XmlMalformed, place(at(position)), "");
                }
                break;
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

/// What an element or attribute is called, as far as it is read.
enum Name {
    List,
    Item,
    Read(String),
    Other,
}

fn name(space: &ResolveResult<'_>, local: &str) -> Name {
    let uri = match space {
        ResolveResult::Bound(namespace) => namespace.0,
        _ => "",
    };
    if uri == RDF {
        return match local {
            "Alt" | "Seq" | "Bag" => Name::List,
            "li" => Name::Item,
            _ => Name::Other,
        };
    }
    if let Some((_, prefix)) = SPACES.iter().find(|(known, _)| *known == uri) {
        return Name::Read(format!("{prefix}:{local}"));
    }
    // A label under a name space that is misspelt or missing is still a label.
    if local.eq_ignore_ascii_case("AIGC") || local == "XmpKvBase64" {
        return Name::Read(local.to_owned());
    }
    Name::Other
}

fn key(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Name {
    let (space, local) = reader.resolver().resolve_element(start.name());
    name(&space, local.as_ref())
}

/// The attributes that are properties; none where one is not well-formed.
fn attributes(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    // Without the test for doubles, which takes time by the square of their number.
    for attribute in start.attributes().with_checks(false).take(MAX_ATTRIBUTES) {
        let attribute = attribute.ok()?;
        let (space, local) = reader.resolver().resolve_attribute(attribute.key);
        if let Name::Read(key) = name(&space, local.as_ref()) {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
            found.push((key, value.into_owned()));
        }
    }
    Some(found)
}

struct Walk<'a> {
    container: &'a str,
    encoding: Encoding,
    open: Vec<Open>,
    findings: &'a mut Findings,
}

impl Walk<'_> {
    fn start(&mut self, name: Name, attributes: Option<Vec<(String, String)>>, at: u64) {
        if attributes.is_none() {
            let place = Place::new(self.container, "XMP", at);
            self.findings.unread(ProblemCode::XmlMalformed, place, "");
        }
        for (key, value) in attributes.unwrap_or_default() {
            self.claim(&key, &value, at);
        }
        let is_list = matches!(name, Name::List);
        let key = match name {
            Name::Read(key) => Some(key),
            Name::Item => self.item_key(),
            Name::List | Name::Other => None,
        };
        self.open.push(Open {
            key,
            is_list,
            items: 0,
            at,
            text: String::new(),
        });
    }

    /// `dc:creator[2]` for the second item of the list below `dc:creator`.
    fn item_key(&mut self) -> Option<String> {
        let [.., property, list] = &mut self.open[..] else {
            return None;
        };
        if !list.is_list {
            return None;
        }
        list.items += 1;
        Some(format!("{}[{}]", property.key.as_ref()?, list.items))
    }

    fn text(&mut self, text: &str) {
        if let Some(open) = self.open.last_mut()
            && open.key.is_some()
            // One more than a label may have, so that a longer one is seen to be longer.
            && open.text.len() <= MAX_LABEL_BYTES
        {
            open.text.push_str(text);
        }
    }

    fn end(&mut self) {
        if let Some(open) = self.open.pop()
            && let Some(key) = open.key
        {
            self.claim(&key, &open.text, open.at);
        }
    }

    fn claim(&mut self, key: &str, value: &str, at: u64) {
        let value = value.trim();
        if !value.is_empty() {
            let place = Place::new(self.container, key, at);
            self.findings
                .text(Kind::Xmp, place, value, value.len() as u64, self.encoding);
        }
    }
}

/// UTF-8 as nearly always, UTF-16 and UTF-32 with a byte order mark as the standard allows, GB 18030 as it happens.
fn decode(bytes: &[u8]) -> (Cow<'_, str>, Encoding) {
    if let Ok(packet) = std::str::from_utf8(bytes) {
        return (Cow::Borrowed(packet), Encoding::Utf8);
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return (Cow::Owned(text::decode_utf16(bytes)), Encoding::Utf16);
    }
    let (packet, encoding) = text::decode(bytes);
    (Cow::Owned(packet), encoding)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;
    use crate::claim::Format;

    fn shown(packet: &[u8]) -> String {
        let mut findings = Findings::default();
        read(
            packet,
            packet.len() as u64,
            "png/iTXt",
            Origin::File(100),
            &mut findings,
        );
        let provenance = findings.finish(Format::Png);
        let claims = provenance.claims.iter().map(|claim| {
            let place = &claim.place;
            format!(
                "{} {} {}={}",
                claim.kind.as_str(),
                place.offset_bytes,
                place.key,
                claim.value.text
            )
        });
        let problems = provenance
            .problems
            .iter()
            .map(|p| format!("! {} {}", p.code.as_str(), p.detail));
        claims.chain(problems).collect::<Vec<_>>().join("\n")
    }

    fn check(packet: &str, expected: &Expect) {
        expected.assert_eq(&shown(packet.as_bytes()));
    }

    #[test]
    fn properties_are_read_in_all_their_forms() {
        check(
            concat!(
                r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">"#,
                r#"<r:Description xmlns:a="http://ns.adobe.com/xap/1.0/" a:CreatorTool="Pen &amp; Ink">"#,
                r#"<d:creator xmlns:d="http://purl.org/dc/elements/1.1/"><r:Seq><r:li>张三</r:li><r:li>B</r:li></r:Seq></d:creator>"#,
                r#"<T:AIGC xmlns:T="http://www.tc260.org.cn/ns/AIGC/1.0/">{&quot;Label&quot;:&#34;1"}</T:AIGC>"#,
                r#"<z:x xmlns:z="urn:z">unknown</z:x></r:Description></r:RDF></x:xmpmeta>"#
            ),
            &expect![[r#"
                xmp 197 xmp:CreatorTool=Pen & Ink
                xmp 342 dc:creator[1]=张三
                xmp 361 dc:creator[2]=B
                ai_label 395 TC260:AIGC={"Label":"1"}"#]],
        );
    }

    #[test]
    fn no_entity_is_expanded() {
        check(
            r#"<!DOCTYPE a [<!ENTITY b "bbbbbbbb">]><a>&b;</a>"#,
            &expect!["! xml_dtd "],
        );
        check(
            "<AIGC>&b;{}</AIGC>",
            &expect!["ai_label 100 AIGC={}\n! xml_entity &b;"],
        );
    }

    #[test]
    fn what_is_not_well_formed_is_said() {
        check("<a><b></a>", &expect!["! xml_malformed "]);
        check("<a>", &expect!["! xml_malformed "]);
        check(&"<a>".repeat(70), &expect!["! too_deep 64"]);
        check(r#"<a AIGC="x></a>"#, &expect!["! xml_malformed "]);
    }

    #[test]
    fn other_encodings_are_read_and_said() {
        let (gbk, _, _) =
            encoding_rs::GB18030.encode(r#"<a AIGC='{"Label":"2","ContentProducer":"张三"}'/>"#);
        expect![[r#"
            ai_label 100 AIGC={"Label":"2","ContentProducer":"张三"}
            ! wrong_encoding XMP"#]]
        .assert_eq(&shown(&gbk));
        let utf16: Vec<u8> = "\u{feff}<AIGC>链</AIGC>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        expect!["ai_label 100 AIGC=链\n! wrong_encoding XMP"].assert_eq(&shown(&utf16));
    }

    proptest! {
        #[test]
        fn any_bytes_are_borne(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            shown(&bytes);
        }

        #[test]
        fn anything_like_xml_is_borne(text in r#"(<[a-z:]{0,5}( [a-z:]{1,6}="[^"]{0,5}")?/?>|</[a-z]{1,2}>|&[a-z#0-9]{1,6};|[{}"a]){0,30}"#) {
            shown(text.as_bytes());
        }
    }
}
