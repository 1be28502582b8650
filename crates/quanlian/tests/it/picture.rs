//! The shop's pictures: taken from a catalogue, cut, mirrored and put under a banner; found, located and filed.

use std::{fs, path::Path};

use serde_json::Value;

use super::{code, json, quanlian, text, trace};

const WIDTH: usize = 420;
const HEIGHT: usize = 300;

/// A picture as rows of colours.
struct Picture {
    width: usize,
    pixels: Vec<[u8; 3]>,
}

/// Boxes of many sizes and colours, drawn here so that the sample is nobody's.
fn drawn(seed: u32) -> Picture {
    let mut state = seed;
    let mut draw = |limit: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(state) * limit as u64) >> 32) as usize
    };
    let mut pixels = vec![[90; 3]; WIDTH * HEIGHT];
    for i in 0..150 {
        let size = 5 + draw(if i < 30 { 60 } else { 18 });
        let (x, y) = (draw(WIDTH), draw(HEIGHT));
        let colour = [draw(256) as u8, draw(256) as u8, draw(256) as u8];
        for row in y..(y + size).min(HEIGHT) {
            pixels[row * WIDTH + x..row * WIDTH + (x + size * 2 / 3).min(WIDTH)].fill(colour);
        }
    }
    Picture { width: WIDTH, pixels }
}

impl Picture {
    fn mirrored(mut self) -> Self {
        self.pixels.chunks_exact_mut(self.width).for_each(<[_]>::reverse);
        self
    }

    fn cut(&self, [x0, y0, x1, y1]: [usize; 4]) -> Self {
        let rows = (y0..y1).flat_map(|y| &self.pixels[y * self.width + x0..y * self.width + x1]);
        Self {
            width: x1 - x0,
            pixels: rows.copied().collect(),
        }
    }

    /// With a banner of one colour across the middle.
    fn under_banner(mut self) -> Self {
        let from = self.pixels.len() / self.width / 2 * self.width;
        self.pixels[from..from + 30 * self.width].fill([250, 240, 20]);
        self
    }

    /// Writes a 24-bit BMP, the one format that needs no library.
    fn save(&self, path: &Path) {
        let height = self.pixels.len() / self.width;
        let stride = (self.width * 3).next_multiple_of(4);
        let mut bytes = b"BM".to_vec();
        for number in [54 + stride * height, 0, 54, 40, self.width, height] {
            bytes.extend((number as u32).to_le_bytes());
        }
        bytes.extend([1, 0, 24, 0]);
        bytes.extend([0; 24]);
        for row in self.pixels.chunks_exact(self.width).rev() {
            let start = bytes.len();
            bytes.extend(row.iter().flat_map(|[r, g, b]| [b, g, r]));
            bytes.resize(start + stride, 0);
        }
        fs::write(path, bytes).unwrap();
    }
}

fn sides(value: &Value) -> Vec<u64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_u64().unwrap())
        .collect()
}

#[test]
fn pictures_of_a_catalogue_are_found_in_a_shop_and_filed() {
    let dir = tempfile::tempdir().unwrap();
    let (works, suspects) = (dir.path().join("works"), dir.path().join("shop"));
    fs::create_dir(&works).unwrap();
    fs::create_dir(&suspects).unwrap();
    for seed in 1..4 {
        drawn(seed).save(&works.join(format!("catalogue-{seed}.bmp")));
    }
    drawn(1).mirrored().save(&suspects.join("mirrored.bmp"));
    drawn(2).cut([100, 60, 380, 260]).save(&suspects.join("cut.bmp"));
    drawn(3).under_banner().save(&suspects.join("banner.bmp"));
    drawn(99).save(&suspects.join("own.bmp"));
    fs::write(
        suspects.join("broken.bmp"),
        &fs::read(suspects.join("own.bmp")).unwrap()[..60],
    )
    .unwrap();

    let index = dir.path().join("index");
    let built = quanlian(&["index", "build", "--works", text(&works), "--index", text(&index)]);
    assert_eq!(code(&built), 0);
    let found = json(
        &quanlian(&["match", "--index", text(&index), text(&suspects), "--json"]),
        0,
    );
    let pair = |m: &Value| {
        let name = |key: &str| {
            Path::new(m[key].as_str().unwrap())
                .file_stem()
                .unwrap()
                .to_owned()
        };
        (name("suspect"), name("work"))
    };
    let mut pairs: Vec<_> = found.as_array().unwrap().iter().map(pair).collect();
    pairs.sort();
    let wanted = [
        ("banner", "catalogue-3"),
        ("cut", "catalogue-2"),
        ("mirrored", "catalogue-1"),
    ];
    assert_eq!(pairs, wanted.map(|(s, w)| (s.into(), w.into())));
    let cut = found
        .as_array()
        .unwrap()
        .iter()
        .find(|m| pair(m).0 == "cut")
        .unwrap();
    assert_eq!(
        (&cut["medium"], &cut["segments"][0]["unit"]),
        (&"image".into(), &"px".into())
    );
    for (side, wanted) in [("suspect", [0, 0, 280, 200]), ("work", [100, 60, 380, 260])] {
        let near = |(a, b): (&u64, u64)| a.abs_diff(b) <= 12;
        let area = sides(&cut["segments"][0][side]);
        assert!(
            area.len() == 4 && area.iter().zip(wanted).all(near),
            "{side}: {area:?}"
        );
    }
    let spoken = quanlian(&["match", "--index", text(&index), text(&suspects.join("cut.bmp"))]);
    assert!(
        String::from_utf8_lossy(&spoken.stdout).contains("(0, 0)–(280, 200)"),
        "{spoken:?}"
    );

    let report = trace(&works, &suspects, &dir.path().join("out"), &[]);
    assert_eq!(report["matches"].as_array().unwrap().len(), 3);
    assert!(dir.path().join("out/dossier.pdf").is_file());
}
