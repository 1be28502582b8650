//! Stories of films: made by ffmpeg when the tests run, indexed, changed, asked for.
//!
//! Without ffmpeg each test says so in one line and ends.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::*;
use crate::segment::{PackedSegment, PackedWriter, SegmentParameters};

/// Moving pictures that differ from one another, each some seconds long.
const FLIGHT: &str = "mandelbrot=s=320x240:r=24:start_scale=0.02:end_scale=0.0005:end_pts=600";
const CREATURES: &str =
    "life=s=80x60:r=12:mold=8:seed=3:ratio=0.2:death_color=#803020:life_color=#20f0a0,scale=320:240";

fn has_ffmpeg() -> bool {
    let there = ["ffmpeg", "ffprobe"].iter().all(|program| {
        let mut asked = Command::new(program);
        asked.arg("-version").stdout(Stdio::null()).stderr(Stdio::null());
        asked.status().is_ok_and(|s| s.success())
    });
    if !there {
        let mut stderr = std::io::stderr();
        let _ = std::io::Write::write_all(&mut stderr, b"skipped: no ffmpeg (install the package ffmpeg)\n");
    }
    there
}

fn ffmpeg(arguments: &[&str], out: &Path) {
    let status = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y"])
        .args(arguments)
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"])
        .arg(out)
        .status()
        .expect("ffmpeg runs");
    assert!(status.success(), "ffmpeg {arguments:?}");
}

struct Studio {
    dir: tempfile::TempDir,
}

impl Studio {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// A film of so many seconds from a source of pictures.
    fn film(&self, name: &str, source: &str, seconds: u32) -> PathBuf {
        let out = self.dir.path().join(name);
        let seconds = seconds.to_string();
        ffmpeg(&["-f", "lavfi", "-i", source, "-t", &seconds, "-crf", "20"], &out);
        out
    }

    /// A part of a film, changed.
    fn part(&self, name: &str, film: &Path, from: f64, seconds: f64, change: &str) -> PathBuf {
        let out = self.dir.path().join(name);
        let (from, seconds) = (from.to_string(), seconds.to_string());
        let film = film.to_str().expect("a name");
        ffmpeg(
            &[
                "-ss", &from, "-i", film, "-t", &seconds, "-vf", change, "-crf", "28",
            ],
            &out,
        );
        out
    }

    fn index(&self, films: &[&Path]) -> Works {
        let parameters = SegmentParameters::new(FAMILY, KEY_BITS).expect("parameters");
        let mut writer =
            PackedWriter::create(&self.dir.path().join("postings"), &parameters).expect("create");
        let (mut items, mut starts, mut next) = (Vec::new(), Vec::new(), 0);
        for film in films {
            let item = fingerprint_reference(film, &track(film), &Tools::default()).expect("a film");
            index_keys(&item.keyframes, &mut |key, place| {
                writer.push(key, next + u64::from(place)).expect("push");
            });
            starts.push(next);
            next += places_of(item.keyframes.len() as u64);
            items.push(item);
        }
        Works {
            segment: writer.finish().expect("finish"),
            starts,
            items,
        }
    }
}

fn track(film: &Path) -> FilmTrack {
    probe(film, Container::Mp4, &Tools::default())
        .expect("a file")
        .expect("a film")
}

struct Works {
    segment: PackedSegment,
    starts: Vec<u64>,
    items: Vec<VideoItem>,
}

impl Works {
    fn search(&self, film: &Path) -> VideoSearch {
        search(
            film,
            &track(film),
            &Tools::default(),
            self,
            &SearchOptions::default(),
        )
        .expect("a film")
    }
}

impl VideoIndex for Works {
    fn for_each_place(&self, keys: &[u64], limit: u64, visit: impl FnMut(usize, u64)) {
        self.segment.for_each(keys, limit, visit);
    }

    fn work_at(&self, place: u64) -> Option<(u32, u64)> {
        let item = self
            .starts
            .partition_point(|&start| start <= place)
            .checked_sub(1)?;
        Some((item as u32, self.starts[item]))
    }

    fn keyframes(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        Some(Cow::Borrowed(&self.items.get(item as usize)?.keyframes))
    }

    fn reel(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        Some(Cow::Borrowed(&self.items.get(item as usize)?.reel))
    }

    fn steps(&self, item: u32) -> u32 {
        self.items.get(item as usize).map_or(0, |i| i.steps)
    }

    fn total_steps(&self) -> u64 {
        self.items.iter().map(|i| u64::from(i.steps)).sum()
    }
}

#[test]
fn a_stretch_is_found_at_its_moments_under_every_change() {
    if !has_ffmpeg() {
        return;
    }
    let studio = Studio::new();
    let films = [
        studio.film("a.mp4", FLIGHT, 20),
        studio.film("b.mp4", CREATURES, 20),
        camera(&studio, 20),
    ];
    let works = studio.index(&[&films[0], &films[1], &films[2]]);
    let changes = [
        ("half the size", "scale=iw/2:ih/2", 1.0, false),
        ("a tenth cut away", "crop=iw*0.9:ih*0.9", 1.0, false),
        ("in bars", "pad=iw:ih*1.3:0:(oh-ih)/2", 1.0, false),
        ("mirrored", "hflip", 1.0, true),
        ("faster", "setpts=PTS/1.05", 1.05, false),
        ("slower", "setpts=PTS/0.95", 0.95, false),
        (
            "with a logo",
            "drawbox=x=iw*0.7:y=ih*0.05:w=iw*0.25:h=ih*0.2:color=red@0.9:t=fill",
            1.0,
            false,
        ),
        ("with half the frames", "fps=12", 1.0, false),
        ("darker", "eq=brightness=-0.2", 1.0, false),
    ];
    for (i, (name, change, speed, mirrored)) in changes.into_iter().enumerate() {
        // In a flight into a picture faster and nearer are one, and creatures that leap twelve times a second do not become
        // faster by a twentieth but leave out a leap: the lamp tells.
        let work = if name.ends_with("er") && name != "darker" {
            2
        } else {
            i % 2
        };
        let suspect = studio.part("suspect.mp4", &films[work], 6.0, 8.0, change);
        let found = works.search(&suspect);
        let best = found
            .matches
            .first()
            .unwrap_or_else(|| panic!("{name}: {found:?}"));
        assert_eq!((best.item as usize, best.mirrored), (work, mirrored), "{name}");
        assert!((best.time_scale - speed).abs() < 0.012, "{name}: {best:?}");
        let span = &best.segments[0];
        let near = |is: u64, wanted: f64| (is as f64 - wanted).abs() <= 1000.0;
        assert!(
            near(span.suspect[0], 0.0) && near(span.suspect[1], found.duration_ms as f64),
            "{name}: {span:?}"
        );
        let end = 6000.0 + found.duration_ms as f64 * speed;
        assert!(
            near(span.work[0], 6000.0) && near(span.work[1], end),
            "{name}: {span:?}"
        );
        assert_eq!(found.matches.len(), 1, "{name}");
    }
}

#[test]
fn strangers_match_nothing() {
    if !has_ffmpeg() {
        return;
    }
    let studio = Studio::new();
    let (a, b) = (
        studio.film("a.mp4", FLIGHT, 12),
        studio.film("b.mp4", CREATURES, 12),
    );
    let works = studio.index(&[&a]);
    assert_eq!(works.search(&b).matches, []);
    let other = CREATURES.replace("seed=3", "seed=9");
    let works = studio.index(&[&b]);
    assert_eq!(works.search(&studio.film("c.mp4", &other, 12)).matches, []);
}

/// A room with a lamp that moves about.
fn camera(studio: &Studio, seconds: u32) -> PathBuf {
    let out = studio.dir.path().join("camera.mp4");
    let seconds = seconds.to_string();
    let scene = "[0]loop=-1:1:0,format=yuv420p,setpts=N/24/TB[room];[1]format=yuv420p[lamp];\
                 [room][lamp]overlay=x='150+120*sin(t*0.9)*cos(t*0.37)':y='100+80*sin(t*1.31+sin(t))'";
    ffmpeg(
        &[
            "-f",
            "lavfi",
            "-i",
            "mandelbrot=s=320x240:r=24",
            "-f",
            "lavfi",
            "-i",
            "color=white:s=40x40:r=24",
            "-filter_complex",
            scene,
            "-t",
            &seconds,
            "-crf",
            "20",
        ],
        &out,
    );
    out
}

#[test]
fn a_later_stretch_of_one_fixed_camera_is_no_copy() {
    if !has_ffmpeg() {
        return;
    }
    let studio = Studio::new();
    let film = camera(&studio, 40);
    let first = studio.part("first.mp4", &film, 0.0, 20.0, "null");
    let works = studio.index(&[&first]);
    for from in [21.0, 27.0, 32.0] {
        let later = studio.part("later.mp4", &film, from, 7.0, "null");
        assert_eq!(works.search(&later).matches, [], "from {from}");
    }
    let same = studio.part("same.mp4", &film, 8.0, 7.0, "null");
    assert_eq!(
        works.search(&same).matches.len(),
        1,
        "a real copy of the same camera"
    );
}

#[test]
fn a_scene_that_stands_still_is_not_determined() {
    if !has_ffmpeg() {
        return;
    }
    let studio = Studio::new();
    let still = studio.film(
        "still.mp4",
        "mandelbrot=s=320x240:r=24,loop=-1:1:0,setpts=N/24/TB",
        12,
    );
    let works = studio.index(&[&still]);
    let found = works.search(&studio.part("part.mp4", &still, 2.0, 6.0, "null"));
    assert_eq!(found.matches, []);
    assert_eq!(
        (found.alike, found.notes),
        (vec![0], vec![VideoNote::Still { percent: 100 }])
    );
}

#[test]
fn black_and_short_films_say_so() {
    if !has_ffmpeg() {
        return;
    }
    let studio = Studio::new();
    let works = studio.index(&[&studio.film("black.mp4", "color=black:s=320x240:r=24", 5)]);
    assert_eq!(works.items[0].notes, [VideoNote::Featureless]);
    let found = works.search(&studio.film("short.mp4", FLIGHT, 1));
    assert!(
        found.notes.contains(&VideoNote::TooShort { duration_ms: 1000 }),
        "{found:?}"
    );
}

#[test]
fn several_works_in_one_long_film_are_told_with_their_stretches() {
    if !has_ffmpeg() {
        return;
    }
    let studio = Studio::new();
    let films = [
        studio.film("a.mp4", FLIGHT, 20),
        studio.film("b.mp4", CREATURES, 20),
        studio.film(
            "c.mp4",
            &CREATURES
                .replace("seed=3", "seed=5")
                .replace("#803020", "#205080"),
            30,
        ),
    ];
    let works = studio.index(&[&films[0], &films[1]]);
    let out = studio.dir.path().join("mix.mp4");
    let [a, b, c] = films.each_ref().map(|f| f.to_str().expect("a name"));
    let mix = "[0]split=2[a1][a2];[a1]trim=4:14,setpts=PTS-STARTPTS[p1];[2]trim=0:10,setpts=PTS-STARTPTS[p2];\
               [1]trim=8:16,setpts=PTS-STARTPTS,fps=24[p3];[2]split=2[c1][c2];[c1]nullsink;\
               [c2]trim=12:20,setpts=PTS-STARTPTS[p4];[a2]trim=14:20,setpts=PTS-STARTPTS,hflip[p5];\
               [p1][p2][p3][p4][p5]concat=n=5";
    // A source may be split once only: the third film comes in twice.
    let mix = mix
        .replace("[2]trim=0:10", "[3]trim=0:10")
        .replace("[2]split=2[c1][c2];[c1]nullsink;[c2]", "[2]");
    ffmpeg(
        &[
            "-i",
            a,
            "-i",
            b,
            "-i",
            c,
            "-i",
            c,
            "-filter_complex",
            &mix,
            "-r",
            "24",
            "-crf",
            "26",
        ],
        &out,
    );
    let found = works.search(&out);
    let stretches: Vec<(u32, Vec<[f64; 2]>)> = found
        .matches
        .iter()
        .map(|m| {
            (
                m.item,
                m.segments
                    .iter()
                    .map(|s| s.suspect.map(|ms| ms as f64 / 1e3))
                    .collect(),
            )
        })
        .collect();
    let wanted = [(0, vec![[0.0, 10.0], [36.0, 42.0]]), (1, vec![[20.0, 28.0]])];
    for (item, spans) in wanted {
        let own = stretches
            .iter()
            .find(|(i, _)| *i == item)
            .unwrap_or_else(|| panic!("{item} in {stretches:?}"));
        assert_eq!(own.1.len(), spans.len(), "{stretches:?}");
        for (is, wanted) in own.1.iter().zip(&spans) {
            assert!(
                (is[0] - wanted[0]).abs() <= 1.0 && (is[1] - wanted[1]).abs() <= 1.0,
                "{stretches:?}"
            );
        }
    }
}

#[test]
fn odd_films_are_read_or_refused_by_name() {
    if !has_ffmpeg() {
        return;
    }
    let studio = Studio::new();
    let at = |name: &str| studio.dir.path().join(name);
    let film = studio.film("a.mp4", FLIGHT, 12);
    let works = studio.index(&[&film]);
    let bytes = std::fs::read(&film).expect("read");

    // A film that breaks off: its table comes first, so that the beginning can be read.
    ffmpeg(
        &["-i", film.to_str().expect("a name"), "-movflags", "+faststart"],
        &at("fast.mp4"),
    );
    let fast = std::fs::read(at("fast.mp4")).expect("read");
    std::fs::write(at("cut.mp4"), &fast[..fast.len() * 2 / 3]).expect("write");
    let found = works.search(&at("cut.mp4"));
    assert!(
        found.notes.iter().any(|n| n.code() == "video_damaged"),
        "{:?}",
        found.notes
    );
    assert_eq!(found.matches.len(), 1);

    // One without its table, one of zeros.
    std::fs::write(at("headless.mp4"), &bytes[..bytes.len() / 2]).expect("write");
    let mut zeros = vec![0; 50_000];
    zeros[4..8].copy_from_slice(b"ftyp");
    std::fs::write(at("zeros.mp4"), zeros).expect("write");
    for name in ["headless.mp4", "zeros.mp4"] {
        let refused = probe(&at(name), Container::Mp4, &Tools::default()).expect_err("no film");
        assert_eq!(refused.code(), "video_unreadable", "{name}");
    }

    // A list of other files is of no format that ffmpeg is told to read.
    let list = format!("#EXTM3U\n#EXTINF:9,\n{}\n", film.display());
    std::fs::write(at("list.mp4"), list).expect("write");
    for container in [
        Container::Mp4,
        Container::Matroska,
        Container::Avi,
        Container::MpegTs,
        Container::Flv,
    ] {
        assert!(
            !matches!(probe(&at("list.mp4"), container, &Tools::default()), Ok(Some(_))),
            "{container:?}"
        );
    }

    // Of another format than its name says; its own name is never read.
    std::fs::write(at("-i.http:x.mkv"), &bytes).expect("write");
    assert_eq!(works.search(&at("-i.http:x.mkv")).matches.len(), 1);

    // Frames of varying length, and one that is shown turned.
    let uneven = studio.part("uneven.mp4", &film, 2.0, 8.0, "select='not(eq(mod(n,7),3))'");
    assert_eq!(works.search(&uneven).matches.len(), 1);
    let lying = studio.part("lying.mp4", &film, 2.0, 8.0, "transpose=clock");
    ffmpeg_copy(
        &["-display_rotation", "90", "-i", lying.to_str().expect("a name")],
        &at("turned.mp4"),
        &film,
        &works,
    );
}

/// Newer versions of ffmpeg write the mark that a film is to be turned; where this one does not, nothing is checked.
fn ffmpeg_copy(arguments: &[&str], out: &Path, _: &Path, works: &Works) {
    let status = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "quiet", "-y"])
        .args(arguments)
        .args(["-c", "copy"])
        .arg(out)
        .status()
        .expect("ffmpeg runs");
    if status.success() {
        assert_eq!(
            works.search(out).matches.len(),
            1,
            "a film that is marked to be turned upright"
        );
    }
}

#[test]
fn programs_that_are_missing_or_hang_are_named() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let film = dir.path().join("a.mp4");
    std::fs::write(&film, b"\0\0\0\x20ftypisom").expect("write");
    let tools = Tools {
        ffmpeg: "/nowhere/ffmpeg".into(),
        ffprobe: "/nowhere/ffprobe".into(),
    };
    assert_eq!(
        probe(&film, Container::Mp4, &tools).expect_err("missing").code(),
        "video_no_ffmpeg"
    );
    let track = FilmTrack {
        container: Container::Mp4,
        width: 2,
        height: 2,
    };
    let missing = fingerprint_reference(&film, &track, &tools).expect_err("missing");
    assert_eq!(missing.code(), "video_no_ffmpeg");
    assert!(missing.to_string().contains("install the package ffmpeg"));
}
