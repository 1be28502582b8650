//! Pictures end to end: scenes drawn here, changed as copies are, searched in a small index.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use ::image::imageops::{self, FilterType};
use ::image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage};
use proptest::prelude::*;

use super::*;
use crate::Area;

/// An index in memory, and a folder for the files.
struct Bench {
    folder: tempfile::TempDir,
    postings: BTreeMap<u64, Vec<(u32, u32)>>,
    items: Vec<ImageItem>,
}

impl ImageIndex for Bench {
    fn for_each_posting(&self, key: u64, limit: u64, mut visit: impl FnMut(u32, u32)) {
        let found = self.postings.get(&key).map_or(&[][..], Vec::as_slice);
        if found.len() as u64 <= limit {
            for &(item, position) in found {
                visit(item, position);
            }
        }
    }

    fn hashes(&self, item: u32) -> &[Hash] {
        self.items.get(item as usize).map_or(&[], |i| &i.hashes)
    }

    fn record(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        Some(Cow::Borrowed(&self.items.get(item as usize)?.record))
    }

    fn size(&self, item: u32) -> [u32; 2] {
        self.items
            .get(item as usize)
            .map_or([1, 1], |i| [i.width, i.height])
    }

    fn pictures(&self) -> u64 {
        self.items.len() as u64
    }
}

impl Bench {
    fn new(works: &[RgbImage]) -> Self {
        let mut bench = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            postings: BTreeMap::new(),
            items: Vec::new(),
        };
        for work in works {
            let path = bench.save(work, ImageFormat::Png);
            let number = bench.items.len() as u32;
            let postings = &mut bench.postings;
            let mut emit = |key, position| postings.entry(key).or_default().push((number, position));
            let item = fingerprint_reference(&path, &mut emit).expect("a picture");
            bench.items.push(item);
        }
        bench
    }

    fn save(&self, picture: &RgbImage, format: ImageFormat) -> PathBuf {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).expect("encodes");
        self.file(&bytes.into_inner())
    }

    fn file(&self, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join("picture");
        std::fs::write(&path, bytes).expect("write");
        path
    }

    fn find(&self, suspect: &RgbImage) -> Vec<ImageMatch> {
        let path = self.save(suspect, ImageFormat::Jpeg);
        search(&path, self, &SearchOptions::default())
            .expect("a picture")
            .matches
    }

    /// Asserts that the suspect holds one work and no other, in these boxes.
    fn check(&self, what: &str, suspect: &RgbImage, item: u32, in_suspect: [u64; 4], in_work: [u64; 4]) {
        let found = self.find(suspect);
        let items: Vec<u32> = found.iter().map(|m| m.item).collect();
        assert_eq!(items, [item], "{what}: {found:?}");
        let area = &found[0].segments[0];
        let (a, b) = (overlap(area.suspect, in_suspect), overlap(area.work, in_work));
        assert!(
            a >= 0.8 && b >= 0.8,
            "{what}: overlaps {a:.2} and {b:.2} of {area:?}"
        );
    }
}

/// Intersection over union.
fn overlap(a: [u64; 4], b: [u64; 4]) -> f64 {
    let area = |[x0, y0, x1, y1]: [u64; 4]| x1.saturating_sub(x0) as f64 * y1.saturating_sub(y0) as f64;
    let both = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    both / (area(a) + area(b) - both)
}

struct Random(u32);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(self.0) * u64::from(limit)) >> 32) as u32
    }
}

const WIDTH: u32 = 480;
const HEIGHT: u32 = 360;
const ALL: [u64; 4] = [0, 0, WIDTH as u64, HEIGHT as u64];

/// Discs and boxes of many sizes and shades.
fn scene(seed: u32) -> RgbImage {
    let mut random = Random(seed.wrapping_mul(2_654_435_761).wrapping_add(1));
    let ground = [
        random.below(200) as u8,
        random.below(200) as u8,
        random.below(200) as u8,
    ];
    let mut picture = RgbImage::from_pixel(WIDTH, HEIGHT, Rgb(ground));
    for i in 0..160 {
        let size = 4 + random.below(if i < 30 { 60 } else { 16 });
        let (x, y) = (random.below(WIDTH), random.below(HEIGHT));
        let colour = Rgb([
            random.below(256) as u8,
            random.below(256) as u8,
            random.below(256) as u8,
        ]);
        let (round, flat) = (random.below(2) == 0, 1 + random.below(3));
        for v in y..(y + size / flat).min(HEIGHT) {
            for u in x..(x + size).min(WIDTH) {
                let (dx, dy) = (
                    2 * i64::from(u - x) - i64::from(size),
                    2 * i64::from(flat) * i64::from(v - y) - i64::from(size),
                );
                if !round || dx * dx + dy * dy < i64::from(size) * i64::from(size) {
                    picture.put_pixel(u, v, colour);
                }
            }
        }
    }
    picture
}

/// Rows of made-up letters, six pixels wide.
fn page(seed: u32, width: u32, height: u32) -> RgbImage {
    let mut random = Random(seed);
    let letters: Vec<u32> = (0..26).map(|i| Random(i * 77 + 5).below(1 << 24)).collect();
    let mut picture = RgbImage::from_pixel(width, height, Rgb([250, 250, 250]));
    for row in (10..height.saturating_sub(16)).step_by(16) {
        for column in (10..width.saturating_sub(20)).step_by(10) {
            let letter = letters[random.below(26) as usize];
            for bit in 0..24 {
                if letter >> bit & 1 == 1 {
                    for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                        picture.put_pixel(
                            column + bit % 4 * 2 + dx,
                            row + bit / 4 * 2 + dy,
                            Rgb([20, 20, 20]),
                        );
                    }
                }
            }
        }
    }
    picture
}

fn pattern(value: impl Fn(u32, u32) -> u8) -> RgbImage {
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| Rgb([value(x, y); 3]))
}

fn laid_on(ground: &RgbImage, picture: &RgbImage, x: i64, y: i64) -> RgbImage {
    let mut out = ground.clone();
    imageops::overlay(&mut out, picture, x, y);
    out
}

fn turned(picture: &RgbImage, degrees: f32) -> RgbImage {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let (u, v) = (x as f32 - WIDTH as f32 / 2.0, y as f32 - HEIGHT as f32 / 2.0);
        let (u, v) = (
            cosine * u + sine * v + WIDTH as f32 / 2.0,
            cosine * v - sine * u + HEIGHT as f32 / 2.0,
        );
        if u < 0.0 || v < 0.0 {
            return Rgb([0; 3]);
        }
        *picture
            .get_pixel_checked(u as u32, v as u32)
            .unwrap_or(&Rgb([0; 3]))
    })
}

#[test]
fn a_changed_copy_is_found_with_its_boxes() {
    let works: Vec<RgbImage> = (0..4).map(scene).collect();
    let bench = Bench::new(&works);
    let work = &works[2];
    bench.check("unchanged", work, 2, ALL, ALL);
    let half = imageops::resize(work, 240, 180, FilterType::Triangle);
    bench.check("half the size", &half, 2, [0, 0, 240, 180], ALL);
    let cut = imageops::crop_imm(work, 60, 80, 340, 254).to_image();
    bench.check("half of the area", &cut, 2, [0, 0, 340, 254], [60, 80, 400, 334]);
    bench.check("mirrored", &imageops::flip_horizontal(work), 2, ALL, ALL);
    bench.check(
        "a quarter turn",
        &imageops::rotate90(work),
        2,
        [0, 0, 360, 480],
        ALL,
    );
    bench.check(
        "mirrored and turned",
        &imageops::flip_vertical(&imageops::rotate90(work)),
        2,
        [0, 0, 360, 480],
        ALL,
    );
    bench.check("turned by 20 degrees", &turned(work, 20.0), 2, ALL, ALL);
    let frame = laid_on(&RgbImage::from_pixel(560, 440, Rgb([200, 30, 90])), work, 40, 40);
    bench.check("framed", &frame, 2, [40, 40, 520, 400], ALL);
    let letterbox = laid_on(&RgbImage::new(480, 560), work, 0, 100);
    bench.check("letterboxed", &letterbox, 2, [0, 100, 480, 460], ALL);
    let shot = laid_on(&page(9, 700, 500), &half, 350, 200);
    bench.check("on a page", &shot, 2, [350, 200, 590, 380], ALL);
    let under_text = laid_on(work, &page(11, WIDTH, 60), 0, 220);
    bench.check("under text", &under_text, 2, ALL, ALL);
    let grey = DynamicImage::ImageRgb8(work.clone())
        .grayscale()
        .brighten(30)
        .blur(1.5)
        .to_rgb8();
    bench.check("grey, brighter and blurred", &grey, 2, ALL, ALL);
}

#[test]
fn every_work_of_a_collage_is_found() {
    let works: Vec<RgbImage> = (10..16).map(scene).collect();
    let bench = Bench::new(&works);
    let mut collage = RgbImage::from_pixel(820, 640, Rgb([240, 240, 235]));
    let places = [(0u32, 10i64, 10i64), (1, 420, 10), (3, 10, 330), (4, 420, 330)];
    for (item, x, y) in places {
        let small = imageops::resize(&works[item as usize], 384, 288, FilterType::Triangle);
        imageops::overlay(&mut collage, &small, x, y);
    }
    let found = bench.find(&collage);
    let by_item: BTreeMap<u32, &Area> = found.iter().map(|m| (m.item, &m.segments[0])).collect();
    assert_eq!(by_item.keys().copied().collect::<Vec<_>>(), [0, 1, 3, 4]);
    for (item, x, y) in places {
        let (x, y) = (x as u64, y as u64);
        assert!(
            overlap(by_item[&item].suspect, [x, y, x + 384, y + 288]) >= 0.8,
            "{:?}",
            by_item[&item]
        );
    }
}

#[test]
fn two_copies_of_one_work_are_two_areas() {
    let works: Vec<RgbImage> = (20..22).map(scene).collect();
    let bench = Bench::new(&works);
    let twice = laid_on(&RgbImage::from_pixel(1000, 360, Rgb([9, 9, 9])), &works[0], 0, 0);
    let twice = laid_on(&twice, &imageops::flip_horizontal(&works[0]), 510, 0);
    let found = bench.find(&twice);
    assert_eq!(found.iter().map(|m| m.item).collect::<Vec<_>>(), [0]);
    let mut lefts: Vec<u64> = found[0].segments.iter().map(|s| s.suspect[0]).collect();
    lefts.sort_unstable();
    assert!(matches!(lefts[..], [0..30, 480..540]), "{found:?}");
}

#[test]
fn plain_periodic_and_written_pictures_match_nothing_else() {
    let works = [
        pattern(|_, _| 128),
        pattern(|x, _| (x / 2) as u8),
        pattern(|x, y| if (x / 24 + y / 24) % 2 == 0 { 230 } else { 20 }),
        pattern(|x, _| if x / 16 % 2 == 0 { 240 } else { 60 }),
        page(1, WIDTH, HEIGHT),
        page(2, WIDTH, HEIGHT),
        scene(30),
    ];
    let bench = Bench::new(&works);
    let others = [
        pattern(|_, _| 131),
        pattern(|_, y| (y / 2) as u8),
        pattern(|x, y| {
            if ((x + 7) / 30 + (y + 3) / 30) % 2 == 0 {
                220
            } else {
                10
            }
        }),
        pattern(|_, y| if y / 14 % 2 == 0 { 250 } else { 30 }),
        page(3, WIDTH, HEIGHT),
        page(4, 600, 300),
        scene(31),
        laid_on(&page(5, 700, 500), &scene(32), 100, 60),
    ];
    for (i, other) in others.iter().enumerate() {
        let found = bench.find(other);
        assert!(found.is_empty(), "suspect {i}: {found:?}");
    }
    assert!(bench.items[0].notes.contains(&ImageNote::Featureless));
    assert!(bench.find(&works[0]).is_empty());
    // A page of text is still found in a copy of itself.
    assert_eq!(
        bench.find(&works[5]).iter().map(|m| m.item).collect::<Vec<_>>(),
        [5]
    );
}

#[test]
fn a_logo_that_two_pictures_share_is_no_copy() {
    let logo = imageops::resize(&scene(40), 90, 68, FilterType::Triangle);
    let works = [laid_on(&scene(41), &logo, 20, 20), scene(42)];
    let bench = Bench::new(&works);
    let found = bench.find(&laid_on(&scene(43), &logo, 350, 250));
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_flag_of_the_camera_is_honoured() {
    let works = [scene(50), scene(51)];
    let bench = Bench::new(&works);
    // Stored lying on its side, with the flag that says so.
    let mut jpeg = Cursor::new(Vec::new());
    imageops::rotate270(&works[1])
        .write_to(&mut jpeg, ImageFormat::Jpeg)
        .expect("encodes");
    let tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let mut flagged = vec![0xff, 0xd8, 0xff, 0xe1, 0, (8 + tiff.len()) as u8];
    flagged.extend(b"Exif\0\0");
    flagged.extend(tiff);
    flagged.extend(&jpeg.into_inner()[2..]);
    let answer = search(&bench.file(&flagged), &bench, &SearchOptions::default()).expect("a picture");
    assert_eq!((answer.width, answer.height), (WIDTH, HEIGHT));
    assert_eq!(answer.matches.iter().map(|m| m.item).collect::<Vec<_>>(), [1]);
    assert!(overlap(answer.matches[0].segments[0].suspect, ALL) > 0.95);
}

#[test]
fn all_formats_are_read() {
    let works = [scene(60), scene(61)];
    let bench = Bench::new(&works);
    for format in [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Gif,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
    ] {
        let path = bench.save(&works[1], format);
        let answer = search(&path, &bench, &SearchOptions::default()).expect("a picture");
        assert_eq!(
            answer.matches.iter().map(|m| m.item).collect::<Vec<_>>(),
            [1],
            "{format:?}"
        );
    }
}

#[test]
fn any_frame_of_a_moving_picture_is_found() {
    let works = [scene(70), scene(71), scene(72)];
    let bench = Bench::new(&works);
    let mut bytes = Vec::new();
    let mut encoder = ::image::codecs::gif::GifEncoder::new_with_speed(&mut bytes, 20);
    for picture in [&scene(73), &works[2], &works[2], &works[0]] {
        encoder
            .encode(picture.as_raw(), WIDTH, HEIGHT, ::image::ExtendedColorType::Rgb8)
            .expect("encodes");
    }
    drop(encoder);
    let answer = search(&bench.file(&bytes), &bench, &SearchOptions::default()).expect("a picture");
    let mut items: Vec<u32> = answer.matches.iter().map(|m| m.item).collect();
    items.sort_unstable();
    assert_eq!(items, [0, 2]);
}

fn code_of(bench: &Bench, bytes: &[u8]) -> &'static str {
    fingerprint_reference(&bench.file(bytes), &mut |_, _| {})
        .expect_err("no picture")
        .code()
}

#[test]
fn bombs_and_broken_files_are_named() {
    let bench = Bench::new(&[]);
    // 30,000 × 30,000 pixels by the header, and a checksum that is right.
    let mut header = b"IHDR\0\0\x75\x30\0\0\x75\x30\x08\x02\0\0\0".to_vec();
    let crc = crc32fast::hash(&header);
    let mut bomb = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    bomb.append(&mut header);
    bomb.extend(crc.to_be_bytes());
    bomb.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");
    assert_eq!(code_of(&bench, &bomb), "image_too_large");
    assert_eq!(
        code_of(
            &bench,
            b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x02\0;"
        ),
        "image_too_large"
    );
    assert_eq!(code_of(&bench, b"plain words"), "image_not_a_picture");
    assert_eq!(code_of(&bench, b""), "image_not_a_picture");
    let mut png = Cursor::new(Vec::new());
    scene(1).write_to(&mut png, ImageFormat::Png).expect("encodes");
    let png = png.into_inner();
    assert_eq!(code_of(&bench, &png[..png.len() / 2]), "image_damaged");
    assert_eq!(code_of(&bench, &png[..20]), "image_damaged");
    let long = bench.file(&png);
    let file = std::fs::File::options().write(true).open(&long).expect("open");
    file.set_len(decode::MAX_FILE_BYTES + 1)
        .expect("a file with a hole");
    let refused = fingerprint_reference(&long, &mut |_, _| {}).expect_err("too long");
    assert_eq!(refused.code(), "image_file_too_long");
    let missing = Path::new("/nowhere/at/all.png");
    assert_eq!(
        search(missing, &bench, &SearchOptions::default())
            .expect_err("absent")
            .code(),
        "image_open"
    );
}

#[test]
fn slivers_and_dots_are_read_and_match_nothing() {
    let slivers = [(1, 1), (1, 3000), (3000, 1), (2, 2), (17, 9)]
        .map(|(w, h)| RgbImage::from_pixel(w, h, Rgb([7, 9, 200])));
    let bench = Bench::new(&slivers);
    for sliver in &slivers {
        assert!(bench.find(sliver).is_empty());
    }
}

#[test]
fn a_gif_of_endless_frames_is_read_up_to_a_limit() {
    let bench = Bench::new(&[]);
    let mut bytes = Vec::new();
    let mut encoder = ::image::codecs::gif::GifEncoder::new_with_speed(&mut bytes, 30);
    for i in 0..decode::MAX_FRAMES_READ as u32 + 40 {
        let frame = GrayImage::from_fn(24, 24, |x, y| Luma([((x * 7 + y * 3 + i) % 256) as u8]));
        let rgb = DynamicImage::ImageLuma8(frame).to_rgb8();
        encoder
            .encode(rgb.as_raw(), 24, 24, ::image::ExtendedColorType::Rgb8)
            .expect("encodes");
    }
    drop(encoder);
    let item = fingerprint_reference(&bench.file(&bytes), &mut |_, _| {}).expect("a picture");
    assert!(item.hashes.len() <= decode::MAX_FRAMES);
    assert!(
        item.notes
            .iter()
            .any(|n| matches!(n, ImageNote::FrameLimit { .. })),
        "{:?}",
        item.notes
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn damaged_bytes_of_any_format_are_no_panic(
        format in prop::sample::select(vec![ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::Tiff]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = Cursor::new(Vec::new());
        imageops::resize(&scene(5), 40, 30, FilterType::Triangle).write_to(&mut bytes, format).expect("encodes");
        let mut bytes = bytes.into_inner();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        let _ = decode::decode(Cursor::new(bytes), 64, &|_, _| true);
    }

    #[test]
    fn any_bytes_are_no_panic(start in prop::sample::select(vec![&b"GIF89a"[..], b"BM", b"II*\0", b"\xff\xd8\xff", b"RIFF\x10\0\0\0WEBP", b"\x89PNG\r\n\x1a\n"]), rest in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode::decode(Cursor::new([start, &rest].concat()), 64, &|_, _| true);
    }
}
