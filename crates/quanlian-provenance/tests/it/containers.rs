//! One label in each container, with its place.
//!
//! In:  files made by hand.
//! Out: what is read from them, whole.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use expect_test::{Expect, expect};

use crate::{
    LABEL,
    make::{
        c2pa_store, exif, flac, id3, id3_frame, join, jpeg, jpeg_segment, mp4, mp4_box, png, png_chunk, riff,
        riff_chunk, xmp, zlib,
    },
    read, shown,
};

fn check(bytes: &[u8], expected: &Expect) {
    expected.assert_eq(&shown(bytes));
}

fn escaped() -> String {
    LABEL.replace('"', "&quot;")
}

#[test]
fn png_keeps_a_label_in_xmp_and_in_text() {
    let packet = xmp(&format!("<TC260:AIGC>{}</TC260:AIGC>", escaped()));
    let itxt = |packed: u8, content: &[u8]| {
        png_chunk(
            b"iTXt",
            &join(&[b"XML:com.adobe.xmp\0", &[packed, 0], b"\0\0", content]),
        )
    };
    check(
        &png(&[itxt(0, &packet)]),
        &expect![[r#"
        png whole ai=generated c2pa=not_found
        ai_label png/iTXt @336 TC260:AIGC={"Label":"1","ContentProducer":"00119111"#]],
    );
    check(
        &png(&[itxt(1, &zlib(&packet))]),
        &expect![[r#"
        png whole ai=generated c2pa=not_found
        ai_label png/iTXt @33 TC260:AIGC={"Label":"1","ContentProducer":"00119111"#]],
    );
    let text = png_chunk(b"tEXt", &join(&[b"AIGC\0", LABEL.as_bytes()]));
    let packed = png_chunk(b"zTXt", &join(&[b"Comment\0\0", &zlib(b"\xc7\xfa\xd2\xbb")]));
    check(
        &png(&[text, packed]),
        &expect![[r#"
        png whole ai=generated c2pa=not_found
        ai_label png/tEXt @33 AIGC={"Label":"1","ContentProducer":"00119111
        tag png/zTXt @207 Comment=曲一"#]],
    );
    check(&png(&[]), &expect!["png whole ai=not_found c2pa=not_found"]);
}

#[test]
fn jpeg_keeps_exif_xmp_c2pa_and_comments() {
    let packet = xmp(&format!(
        r"<xmp:CreatorTool>画</xmp:CreatorTool><TC260:AIGC>{}</TC260:AIGC>",
        escaped()
    ));
    check(
        &jpeg(&[
            jpeg_segment(0xe1, &join(&[b"Exif\0\0", &exif(0x0131, b"Painter\0")])),
            jpeg_segment(0xe1, &join(&[b"http://ns.adobe.com/xap/1.0/\0", &packet])),
            jpeg_segment(0xeb, &join(&[b"JP\0\x01\0\0\0\x01", &c2pa_store()])),
            jpeg_segment(0xfe, "注\u{202e}".as_bytes()),
        ]),
        &expect![[r#"
            jpeg whole ai=generated c2pa=present_not_checked
            exif jpeg/APP1 @6 Software=Painter
            xmp jpeg/APP1 @352 xmp:CreatorTool=画
            ai_label jpeg/APP1 @390 TC260:AIGC={"Label":"1","ContentProducer":"00119111
            c2pa jpeg/APP11 @771 c2pa=000000266a756d620000001e6a756d6463327061
            tag jpeg/COM @821 =注\u{202e}"#]],
    );
}

#[test]
fn riff_keeps_a_label_in_a_chunk_in_info_and_in_xmp() {
    check(
        &riff(b"WAVE", &[riff_chunk(b"AIGC", LABEL.as_bytes())]),
        &expect![[r#"
        wav whole ai=generated c2pa=not_found
        ai_label wav @12 AIGC={"Label":"1","ContentProducer":"00119111"#]],
    );
    let info = join(&[
        b"INFO",
        &riff_chunk(b"AIGC", LABEL.as_bytes()),
        &riff_chunk(b"ISFT", b"x\0"),
    ]);
    check(
        &riff(b"AVI ", &[riff_chunk(b"LIST", &info)]),
        &expect![[r#"
        avi whole ai=generated c2pa=not_found
        ai_label avi/INFO @24 AIGC={"Label":"1","ContentProducer":"00119111
        tag avi/INFO @190 ISFT=x"#]],
    );
    let packet = xmp(&format!("<TC260:AIGC>{}</TC260:AIGC>", escaped()));
    check(
        &riff(
            b"WEBP",
            &[
                riff_chunk(b"EXIF", &exif(0x013b, "张三\0".as_bytes())),
                riff_chunk(b"XMP ", &packet),
                riff_chunk(b"C2PA", &c2pa_store()),
            ],
        ),
        &expect![[r#"
            webp whole ai=generated c2pa=present_not_checked
            exif webp/EXIF @20 Artist=张三
            ai_label webp/XMP @335 TC260:AIGC={"Label":"1","ContentProducer":"00119111
            c2pa webp @716 C2PA=000000266a756d620000001e6a756d6463327061"#]],
    );
}

#[test]
fn mp4_keeps_a_label_in_keys_and_in_freeform_items() {
    check(
        &mp4("AIGC", LABEL),
        &expect![[r#"
        mp4 whole ai=generated c2pa=not_found
        ai_label mp4/moov/udta/meta/ilst @125 AIGC={"Label":"1","ContentProducer":"00119111"#]],
    );
    let data = mp4_box(b"data", &join(&[&[0, 0, 0, 1, 0, 0, 0, 0], LABEL.as_bytes()]));
    let item = mp4_box(
        b"----",
        &join(&[
            &mp4_box(b"mean", b"\0\0\0\0com.apple.iTunes"),
            &mp4_box(b"name", b"\0\0\0\0AIGC"),
            &data,
        ]),
    );
    let meta = mp4_box(b"meta", &join(&[&[0; 4], &mp4_box(b"ilst", &item)]));
    let purpose = join(&[
        b"\xd8\xfe\xc3\xd6\x1b\x0e\x48\x3c\x92\x97\x58\x28\x87\x7e\xc4\x81",
        b"\0\0\0\0manifest\0",
        &[0; 8],
        &c2pa_store(),
    ]);
    check(
        &join(&[
            &mp4_box(b"ftyp", b"M4A \0\0\0\0"),
            &mp4_box(b"uuid", &purpose),
            &mp4_box(b"moov", &mp4_box(b"udta", &meta)),
        ]),
        &expect![[r#"
            mp4 whole ai=generated c2pa=present_not_checked
            c2pa mp4/uuid @16 c2pa=000000266a756d620000001e6a756d6463327061
            ai_label mp4/moov/udta/meta/ilst @187 AIGC={"Label":"1","ContentProducer":"00119111"#]],
    );
}

#[test]
fn mp3_keeps_a_label_in_a_described_text() {
    let latin = id3_frame(b"TXXX", &join(&[b"\0AIGC\0", LABEL.as_bytes()]));
    let wide: Vec<u8> = format!("\u{feff}aigc\0\u{feff}{LABEL}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let wide = id3_frame(b"TXXX", &join(&[b"\x01", &wide]));
    let gbk = id3_frame(b"TIT2", b"\0\xc7\xfa\xd2\xbb");
    let mut tail = vec![0; 128];
    tail[..7].copy_from_slice(b"TAG\xc7\xfa\xd2\xbb");
    check(
        &join(&[&id3(&[latin, wide, gbk]), b"\xff\xfb\x90\0", &tail]),
        &expect![[r#"
        mp3 whole ai=generated c2pa=not_found
        ai_label mp3/id3v2.4 @10 TXXX:AIGC={"Label":"1","ContentProducer":"00119111
        ai_label mp3/id3v2.4 @183 TXXX:aigc={"Label":"1","ContentProducer":"00119111
        tag mp3/id3v2.4 @522 TIT2=曲一
        tag mp3/id3v1 @544 title=曲一
        ! label_duplicate mp3/id3v2.4 @183 2"#]],
    );
    let packed = format!("\0XmpKvBase64\0{}", STANDARD.encode(format!("AIGC={LABEL}")));
    check(
        &id3(&[id3_frame(b"TXXX", packed.as_bytes())]),
        &expect![[r"
        mp3 whole ai=generated c2pa=not_found
        ai_label mp3/id3v2.4 @10 TXXX:XmpKvBase64=QUlHQz17IkxhYmVsIjoiMSIsIkNvbnRlbnRQcm9k
        ! label_base64 mp3/id3v2.4 @10 XmpKvBase64"]],
    );
}

#[test]
fn flac_keeps_a_label_in_a_comment() {
    check(
        &flac(&["TITLE=曲一", &format!("AIGC={LABEL}"), "odd"]),
        &expect![[r#"
        flac whole ai=generated c2pa=not_found
        tag flac/VORBIS_COMMENT @12 vendor=test
        tag flac/VORBIS_COMMENT @20 TITLE=曲一
        ai_label flac/VORBIS_COMMENT @36 AIGC={"Label":"1","ContentProducer":"00119111
        tag flac/VORBIS_COMMENT @202 =odd"#]],
    );
}

#[test]
fn pdf_keeps_a_label_in_xmp_and_in_its_dictionary() {
    let packet = xmp(&format!("<TC260:AIGC>{}</TC260:AIGC>", escaped()));
    let dictionary = format!("1 0 obj <</Title (x) /AIGC ({LABEL})>> endobj\n");
    check(
        &join(&[b"%PDF-1.7\n", dictionary.as_bytes(), &packet, b"\n%%EOF"]),
        &expect![[r#"
        pdf whole ai=generated c2pa=not_found
        ai_label pdf @478 TC260:AIGC={"Label":"1","ContentProducer":"00119111
        ai_label pdf/Info @30 AIGC={"Label":"1","ContentProducer":"00119111
        ! label_duplicate pdf/Info @30 2"#]],
    );
    check(
        b"%PDF-1.7\n2 0 obj <</Type /ObjStm>> stream",
        &expect![[r"
        pdf partly ai=not_found_partly c2pa=not_found_partly
        ! not_read_here pdf @25 object streams"]],
    );
}

#[test]
fn other_files_are_searched_and_absence_is_not_claimed() {
    let packet = xmp(&format!("<TC260:AIGC>{}</TC260:AIGC>", escaped()));
    check(
        &join(&[b"GIF89a", &packet]),
        &expect![[r#"
        gif searched_only ai=generated c2pa=not_found_partly
        ai_label gif @279 TC260:AIGC={"Label":"1","ContentProducer":"00119111"#]],
    );
    check(
        b"hello",
        &expect!["unknown searched_only ai=not_found_partly c2pa=not_found_partly"],
    );
}

#[test]
fn markdown_keeps_a_label_before_its_text() {
    let text = "---\ntitle: x\nAIGC:\n  Label: '1'\n  ContentProducer: \"P\"\n  ProduceID: a\nother: AIGC\n---\n\nText\n";
    check(
        text.as_bytes(),
        &expect![[r#"
        unknown searched_only ai=generated c2pa=not_found_partly
        ai_label markdown @13 AIGC=  Label: '1'\u{a}  ContentProducer: "P"\
        ! label_not_json markdown @13 "#]],
    );
    check(
        b"---\nAIGC:\n  Label: 1\n",
        &expect![[r"
        unknown searched_only ai=not_found_partly c2pa=not_found_partly
        ! truncated markdown @4 ---"]],
    );
}

#[test]
fn the_second_label_is_compared_with_the_first() {
    let other = LABEL.replace("\"1\"", "\"3\"").replace("T-1", "T-2");
    let text = |label: &str| png_chunk(b"tEXt", &join(&[b"AIGC\0", label.as_bytes()]));
    check(
        &png(&[text(LABEL), text(&other)]),
        &expect![[r#"
        png whole ai=contradictory c2pa=not_found
        ai_label png/tEXt @33 AIGC={"Label":"1","ContentProducer":"00119111
        ai_label png/tEXt @207 AIGC={"Label":"3","ContentProducer":"00119111
        ! label_duplicate png/tEXt @207 2
        ! label_contradiction png/tEXt @207 Label
        ! label_contradiction png/tEXt @207 ProduceID"#]],
    );
}

#[test]
fn the_deposit_record_carries_the_label_first() {
    let text = png_chunk(b"tEXt", &join(&[b"AIGC\0", LABEL.as_bytes()]));
    let comment = png_chunk(b"tEXt", b"Software\0Painter");
    let pairs = read(&png(&[comment, text])).to_metadata();
    let lines: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("{key}: {value}"))
        .collect();
    expect![[r#"
        provenance.ai_label: generated
        provenance.c2pa: not_found
        provenance.claim.001: {"container":"png/tEXt","key":"AIGC","kind":"ai_label","offset_bytes":61,"size_bytes":157,"value":"{\"Label\":\"1\",\"ContentProducer\":\"001191110000802100433B00000\",\"ProduceID\":\"T-1\",\"ReservedCode1\":\"\",\"ContentPropagator\":\"\",\"PropagateID\":\"\",\"ReservedCode2\":\"\"}"}
        provenance.claim.002: {"container":"png/tEXt","key":"Software","kind":"tag","offset_bytes":33,"size_bytes":7,"value":"Painter"}
        provenance.completeness: whole
        provenance.format: png
        provenance.v: 1"#]].assert_eq(&lines.join("\n"));
}
