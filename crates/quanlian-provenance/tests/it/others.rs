//! Other programs as writers and readers: FFmpeg and ExifTool.
//!
//! In:  labels that FFmpeg and ExifTool write.
//! Out: the same label read by us; and ours, read by them.

use std::{fs, path::Path, process::Command};

use quanlian_provenance::{AiLabelState, Kind};

use crate::{
    LABEL,
    make::{mp4, png, png_chunk, xmp},
    read,
};

/// Whether `program` runs; else one line says what to install.
fn has(program: &str, flag: &str, package: &str) -> bool {
    let runs = Command::new(program)
        .arg(flag)
        .output()
        .is_ok_and(|output| output.status.success());
    if !runs {
        eprintln!("skipped: {program} does not run here (install the Debian package {package})");
    }
    runs
}

fn run(program: &str, arguments: &[&str], folder: &Path) -> Vec<u8> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("it was there a moment ago");
    assert!(
        output.status.success(),
        "{program} {arguments:?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

#[test]
fn labels_that_ffmpeg_writes_are_read() {
    if !has("ffmpeg", "-version", "ffmpeg") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tag = format!("AIGC={LABEL}");
    for (name, codec, place) in [
        ("a.mp3", "libmp3lame", "mp3/id3v2.4"),
        ("a.flac", "flac", "flac/VORBIS_COMMENT"),
        ("a.ogg", "libvorbis", "ogg/vorbis"),
        ("a.opus", "libopus", "ogg/opus"),
        ("a.m4a", "aac", "mp4/moov/udta/meta/ilst"),
        ("a.mp4", "aac", "mp4/moov/udta/meta/ilst"),
        ("a.mov", "aac", "mp4/moov/udta/meta/ilst"),
        ("a.mka", "libvorbis", "matroska/Segment/Tags"),
        ("a.webm", "libopus", "matroska/Segment/Tags"),
    ] {
        let tone = "sine=frequency=440:duration=0.3";
        #[rustfmt::skip]
        let mut arguments = vec![
            "-hide_banner", "-loglevel", "error", "-y", "-f", "lavfi", "-i", tone, "-c:a", codec, "-metadata", &tag,
        ];
        if place.starts_with("mp4") {
            arguments.extend(["-movflags", "use_metadata_tags"]);
        }
        arguments.push(name);
        run("ffmpeg", &arguments, folder.path());
        let provenance = read(&fs::read(folder.path().join(name)).unwrap());
        assert_eq!(
            provenance.ai_label,
            AiLabelState::Generated,
            "{name}: {provenance:#?}"
        );
        let label = provenance.of_kind(Kind::AiLabel).next().unwrap();
        assert_eq!(label.place.container, place, "{name}");
        assert_eq!(label.value.text, LABEL, "{name}");
        assert_eq!(label.problems, [], "{name}");
        assert_eq!(provenance.problems, [], "{name}");
    }
}

/// Leaves out the flag without which FFmpeg drops the label silently: the file must then read as one without a label.
#[test]
fn a_label_that_ffmpeg_drops_is_not_found() {
    if !has("ffmpeg", "-version", "ffmpeg") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tag = format!("AIGC={LABEL}");
    #[rustfmt::skip]
    run("ffmpeg", &["-loglevel", "error", "-f", "lavfi", "-i", "sine=duration=0.2", "-metadata", &tag, "a.mp4"], folder.path());
    let provenance = read(&fs::read(folder.path().join("a.mp4")).unwrap());
    assert_eq!(provenance.ai_label, AiLabelState::NotFound);
}

#[test]
fn what_exiftool_writes_is_read_and_what_we_read_exiftool_reads() {
    if !has("exiftool", "-ver", "libimage-exiftool-perl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    fs::write(&path, png(&[])).unwrap();
    #[rustfmt::skip]
    run("exiftool", &[
        "-q", "-overwrite_original", "-EXIF:Artist=张三", "-EXIF:Model=X100", "-EXIF:GPSLatitude=30.5", "-EXIF:GPSLatitudeRef=N",
        "-EXIF:DateTimeOriginal=2024:03:01 12:00:00", "-XMP-dc:Creator=李四", "-XMP-dc:Creator=王五", "-XMP-xmp:CreatorTool=P & Q",
        "-XMP-iptcExt:DigitalSourceType=http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
        "-PNG:Comment=note", "a.png",
    ], folder.path());
    let provenance = read(&fs::read(&path).unwrap());
    assert_eq!(provenance.problems, []);
    let value = |key: &str| {
        let claim = provenance.claims.iter().find(|claim| claim.place.key == key);
        claim.map_or("", |claim| claim.value.text.as_str())
    };
    assert_eq!(value("Artist"), "张三");
    assert_eq!(value("Model"), "X100");
    assert_eq!(value("DateTimeOriginal"), "2024:03:01 12:00:00");
    assert_eq!(value("GPSLatitude"), "30 deg 30 min 0 sec N");
    assert_eq!((value("dc:creator[1]"), value("dc:creator[2]")), ("李四", "王五"));
    assert_eq!(value("xmp:CreatorTool"), "P & Q");
    assert!(value("Iptc4xmpExt:DigitalSourceType").ends_with("trainedAlgorithmicMedia"));
    assert_eq!(value("Comment"), "note");

    let packet = xmp(&format!(
        "<TC260:AIGC>{}</TC260:AIGC>",
        LABEL.replace('"', "&quot;")
    ));
    let content = [b"XML:com.adobe.xmp\0\0\0\0\0", &packet[..]].concat();
    let ours = png(&[png_chunk(b"iTXt", &content)]);
    assert_eq!(read(&ours).ai_label, AiLabelState::Generated);
    fs::write(&path, ours).unwrap();
    let theirs = run("exiftool", &["-b", "-XMP-TC260:AIGC", "a.png"], folder.path());
    assert_eq!(String::from_utf8_lossy(&theirs), LABEL);
    let ours = mp4("AIGC", LABEL);
    fs::write(folder.path().join("a.mp4"), ours).unwrap();
    let theirs = run("exiftool", &["-b", "-AIGC", "a.mp4"], folder.path());
    assert_eq!(String::from_utf8_lossy(&theirs), LABEL);
}
