//! Stories of films in an index: told by content, removed, merged, verified, each with its sound.

use super::*;
use crate::Match;

/// Runs ffmpeg; `false`, with a line that says so, where there is none.
fn ffmpeg(folder: &Path, arguments: &str) -> bool {
    let mut command = std::process::Command::new("ffmpeg");
    command
        .current_dir(folder)
        .args(["-nostdin", "-v", "error", "-y"]);
    let Ok(status) = command.args(arguments.split_whitespace()).status() else {
        let mut stderr = io::stderr();
        let _ = io::Write::write_all(&mut stderr, b"skipped: no ffmpeg (install the package ffmpeg)\n");
        return false;
    };
    assert!(status.success(), "ffmpeg {arguments}");
    true
}

const MELODY: &str =
    "aevalsrc=0.3*sin(2*PI*t*(330+55*floor(mod(5*t*t/3\\,9))))+0.2*sin(2*PI*t*(700+90*floor(mod(t*t\\,7))))";
const PICTURES: &str = "mandelbrot=s=320x240:r=24:start_scale=0.02:end_scale=0.0005:end_pts=600";
const H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

/// A film of its own pictures and melody, 16 s; `false` where there is no ffmpeg.
fn film(bench: &Bench, name: &str, pictures: &str, pitch: u32) -> bool {
    let melody = format!(
        "aevalsrc=0.3*sin(2*PI*t*({pitch}+45*floor(mod(7*t*t/3\\,11))))+0.2*sin(2*PI*t*({pitch}*2+70*floor(mod(t*t*t/5\\,8))))"
    );
    ffmpeg(
        bench.dir.path(),
        &format!("-f lavfi -i {pictures} -f lavfi -i {melody} -t 16 {H264} {name}"),
    )
}

fn found(collection: &Collection, suspect: &Path) -> Vec<Match> {
    let matches = collection.match_file(suspect, &MatchOptions::default());
    let mut matches = matches.expect("match").matches;
    for found in &mut matches {
        // A smaller collection makes the same match weigh a little more.
        (found.score_bits, found.e_value) = (0.0, 0.0);
        if let Some(evidence) = &mut found.evidence {
            evidence.picture_bits = evidence.picture_bits.map(|_| 0.0);
            evidence.sound_bits = evidence.sound_bits.map(|_| 0.0);
        }
    }
    matches
}

#[test]
fn films_are_removed_merged_and_verified_with_their_sound() {
    let bench = Bench::new(&[("story.txt", LINES.join("\n").as_bytes())]);
    fs::create_dir(bench.at("more")).expect("folder");
    let zoom = "mandelbrot=s=320x240:r=24:start_scale=0.3:end_scale=0.002:end_pts=500";
    let cells = "life=s=160x120:r=12:mold=8:ratio=0.4:seed=5:life_color=white:death_color=gray,scale=320:240";
    if !(film(&bench, "works/zoom.mp4", PICTURES, 330) && film(&bench, "more/deep.mp4", zoom, 250)) {
        return;
    }
    assert!(film(&bench, "more/cells.mp4", cells, 410));
    bench.build().expect("build");
    let index = bench.at("index");
    Collection::add(&index, &bench.at("more"), &BuildOptions::default()).expect("add");
    let names = ["zoom", "deep", "cells"];
    for name in names {
        let of = if name == "zoom" { "works" } else { "more" };
        let cut = format!("-ss 3 -t 9 -i {of}/{name}.mp4 {H264} {name}-part.mkv");
        assert!(ffmpeg(bench.dir.path(), &cut));
    }
    let part = |name: &str| bench.at(&format!("{name}-part.mkv"));

    let before: Vec<Vec<Match>> = names.iter().map(|n| found(&bench.open(), &part(n))).collect();
    for (name, matches) in names.iter().zip(&before) {
        assert_eq!(matches.len(), 1, "{name}: {matches:?}");
        assert_eq!(matches[0].work, format!("{name}.mp4"));
        assert!(matches[0].evidence.is_some(), "{matches:?}");
    }

    // A removed film is found neither by its pictures nor by its sound.
    Collection::remove(&index, &["deep.mp4".into()]).expect("remove");
    let open = bench.open();
    let after = |collection: &Collection| -> Vec<Vec<Match>> {
        names.iter().map(|name| found(collection, &part(name))).collect()
    };
    let kept = vec![before[0].clone(), Vec::new(), before[2].clone()];
    assert_eq!(after(&open), kept);

    let merged = Collection::merge(&index, &MergeOptions::default()).expect("merge");
    assert_eq!((merged.dropped, merged.parts), (1, 1), "{merged:?}");
    let open = bench.open();
    assert_eq!(after(&open), kept);
    assert_eq!(open.stats().media[&Medium::Video].items, 2);
    let verify = || Collection::verify(&index, &VerifyOptions::default()).expect("verify");
    assert!(verify().sound);

    // A damaged reel is told with the film that it belongs to, and is no answer.
    let files = fs::read_dir(&index).expect("folder").flatten();
    let records = files.map(|entry| entry.path().join("video.records"));
    let records = records.into_iter().find(|path| path.is_file()).expect("records");
    let mut bytes = fs::read(&records).expect("read");
    *bytes.last_mut().expect("bytes") ^= 4;
    fs::write(&records, bytes).expect("write");
    let report = verify();
    let told = report.parts.iter().flat_map(|part| &part.damage);
    let told: Vec<_> = told.filter(|damage| !damage.works.is_empty()).collect();
    assert_eq!(told.len(), 1, "{report:#?}");
    assert!(
        told[0].file.ends_with("video.records") && told[0].works == ["cells.mp4"],
        "{told:?}"
    );
    let answer = bench.open().match_file(&part("cells"), &MatchOptions::default());
    assert_eq!(answer.expect_err("damaged").code(), "segment_damaged");
}

#[test]
fn films_are_told_by_content_and_found_by_pictures_and_sound() {
    let bench = Bench::new(&[("story.txt", LINES.join("\n").as_bytes())]);
    let folder = bench.dir.path();
    let both = format!("-f lavfi -i {PICTURES} -f lavfi -i {MELODY} -t 20 {H264} works/film.mp4");
    if !ffmpeg(folder, &both) {
        return;
    }
    // Without pictures, with a cover only, with other sound, with the sound elsewhere, with a name that says otherwise.
    for made in [
        "-i works/film.mp4 -vn -c:a copy works/sound.mp4",
        "-i works/film.mp4 -i works/film.mp4 -map 0:a -map 1:v -c:a copy -c:v mjpeg -frames:v 1 -disposition:v attached_pic cover.m4v.mp4",
        &format!("-ss 5 -t 10 -i works/film.mp4 -s 160x120 {H264} part.mkv"),
        &format!(
            "-ss 5 -t 10 -i works/film.mp4 -f lavfi -t 10 -i anoisesrc=a=0.1:seed=3 -map 0:v -map 1:a {H264} dubbed.avi"
        ),
        &format!(
            "-ss 5 -t 10 -i works/film.mp4 -ss 1 -t 10 -i works/film.mp4 -map 0:v -map 1:a {H264} shifted.mp4"
        ),
    ] {
        assert!(ffmpeg(folder, made));
    }
    fs::copy(bench.at("part.mkv"), bench.at("part.mp3")).expect("copy");
    assert_eq!(bench.build().expect("build").notes, []);
    let index = bench.open();
    let stats = index.stats().media;
    assert_eq!((stats[&Medium::Video].items, stats[&Medium::Audio].items), (1, 1));
    assert_eq!(stats[&Medium::Video].duration_ms, Some(20_000));

    let answer = |name: &str| {
        index
            .match_file(&bench.at(name), &MatchOptions::default())
            .expect(name)
    };
    let film = |report: &FileReport| {
        let found = report
            .matches
            .iter()
            .find(|m| m.work == "film.mp4")
            .expect("the film");
        (found.medium, found.evidence.map(|e| e.carried_by))
    };
    let report = answer("part.mkv");
    assert_eq!(
        (report.medium, film(&report)),
        (Medium::Video, (Medium::Video, Some(Carrier::Both)))
    );
    let span = &report.matches[0].segments[0];
    assert!(
        span.work()[0].abs_diff(5000) <= 1000 && span.work()[1].abs_diff(15_000) <= 1000,
        "{span:?}"
    );
    assert!(
        report
            .matches
            .iter()
            .any(|m| m.work == "sound.mp4" && m.medium == Medium::Audio)
    );

    let renamed = answer("part.mp3");
    assert_eq!(codes(&renamed.notes)[0].1, "file_name_misleads");
    assert_eq!(renamed.matches.len(), report.matches.len());
    assert_eq!(film(&answer("dubbed.avi")).1, Some(Carrier::Picture));
    let shifted = answer("shifted.mp4");
    let evidence = shifted.matches[0].evidence.expect("evidence");
    assert!(
        evidence.carried_by != Carrier::Both
            && evidence.picture_bits.is_some()
            && evidence.sound_bits.is_some()
    );
    let cover = answer("cover.m4v.mp4");
    assert_eq!(
        (cover.medium, film(&cover)),
        (Medium::Audio, (Medium::Audio, None))
    );

    let as_json = serde_json::to_value(&report.matches[0]).expect("JSON");
    assert_eq!(as_json["evidence"]["carried_by"], "both");
    assert!(
        as_json["transform"].get("mirrored").is_none(),
        "left out when it is not so"
    );
}
