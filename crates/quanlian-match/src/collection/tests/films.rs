//! Films of an index that is kept up: removed, merged, verified, each with its sound.

use super::*;
use crate::Match;

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
