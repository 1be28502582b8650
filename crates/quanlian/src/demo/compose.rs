//! Writes the folders of the demo: registered works, what an account published, the case file.
//!
//! In:  an empty folder.
//! Out: `works/`, `suspects/` with their side files, `case.toml`.
//!
//! Invariant: everything is made here, and each suspect's truth is in its name's row of [`PUBLISHED`].

use std::{fs, path::Path};

use anyhow::Context;

use super::{
    sound::{adpcm_wav, cut, encode_with_ffmpeg, ffmpeg_is_there, medley, speed_up, wav, with_noise},
    story,
    tune::{Instrument, compose},
};

/// Length of each registered tune.
const TUNE_SECONDS: u32 = 48;

/// The registered tunes: file name, seed, lead instrument.
const TUNES: [(&str, u64, Instrument); 4] = [
    ("01-晨江曲.wav", 11, Instrument::Dulcimer),
    ("02-竹笛谣.wav", 23, Instrument::Flute),
    ("03-秋筝引.wav", 37, Instrument::Zither),
    ("04-笙歌行.wav", 41, Instrument::Reed),
];

/// What the account published: file name, day, plays. The plays of the copies add up to 30,000,000.
const PUBLISHED: [(&str, &str, u64); 8] = [
    ("夜听-重新编码", "20220501", 12_400_000),
    ("夜听-截取片段", "20220614", 6_250_000),
    ("夜听-加快百分之三", "20220820", 5_100_000),
    ("夜听-混入噪声", "20221103", 3_300_000),
    ("夜听-两曲连播", "20230212", 2_650_000),
    ("每日美文", "20230320", 300_000),
    ("自作曲-与他人无关", "20230105", 900_000),
    ("阳台种菜笔记", "20230401", 40_000),
];

/// Makes the whole sample below `dir`.
pub(super) fn sample(dir: &Path) -> anyhow::Result<()> {
    let (works, suspects) = (dir.join("works"), dir.join("suspects"));
    for folder in [&works, &suspects] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let tunes: Vec<Vec<f32>> = TUNES
        .iter()
        .map(|(_, seed, lead)| compose(*seed, *lead, TUNE_SECONDS))
        .collect();
    for ((name, _, _), samples) in TUNES.iter().zip(&tunes) {
        write(&works.join(name), &wav(samples))?;
    }
    write(&works.join("05-晨江.txt"), story::RIVER_AT_DAWN.as_bytes())?;
    write(&works.join("06-茶馆的钟.txt"), story::TEA_HOUSE.as_bytes())?;

    let [recoded, excerpt, faster, noisy, two, text, own_tune, own_text] = PUBLISHED.map(|(name, _, _)| name);
    let (first, second, third, fourth) = (&tunes[0], &tunes[1], &tunes[2], &tunes[3]);
    let coder = Coder {
        ffmpeg: ffmpeg_is_there(),
    };
    let files = [
        (
            recoded,
            coder.encode(
                first,
                &suspects,
                recoded,
                "mp3",
                &["-c:a", "libmp3lame", "-b:a", "64k"],
            )?,
        ),
        (excerpt, coder.plain(&cut(second, 12, 32), &suspects, excerpt)?),
        (
            faster,
            coder.encode(
                &speed_up(third, 1.03),
                &suspects,
                faster,
                "opus",
                &["-c:a", "libopus", "-b:a", "32k"],
            )?,
        ),
        (
            noisy,
            coder.plain(&with_noise(&cut(fourth, 5, 40), 10.0, 97), &suspects, noisy)?,
        ),
        (
            two,
            coder.encode(
                &medley(&[cut(second, 2, 20), cut(first, 20, 42)]),
                &suspects,
                two,
                "m4a",
                &["-c:a", "aac"],
            )?,
        ),
        (
            own_tune,
            coder.plain(&compose(101, Instrument::Flute, 40), &suspects, own_tune)?,
        ),
        (text, write_text(&suspects, text, story::COPIED_IN_TRADITIONAL)?),
        (own_text, write_text(&suspects, own_text, story::OWN_TEXT)?),
    ];
    for (name, day, plays) in PUBLISHED {
        let Some((_, file)) = files.iter().find(|(of, _)| *of == name) else {
            continue;
        };
        let id = format!("demo{day}");
        let info = serde_json::json!({
            "id": id, "extractor_key": "DemoVideo", "title": name, "uploader": "夜听电台（演示账号）",
            "upload_date": day, "view_count": plays, "webpage_url": format!("https://video.example/v/{id}"),
            "ext": file.rsplit('.').next(),
        });
        write(
            &suspects.join(format!("{name}.info.json")),
            serde_json::to_string_pretty(&info)?.as_bytes(),
        )?;
    }
    write(&suspects.join("account.csv"), GAIN_TABLE.as_bytes())?;
    write(&dir.join("case.toml"), CASE_FILE.as_bytes())
}

/// Encodes with `ffmpeg` where there is one, else by own code.
struct Coder {
    ffmpeg: bool,
}

impl Coder {
    fn encode(
        &self,
        samples: &[f32],
        dir: &Path,
        name: &str,
        ending: &str,
        options: &[&str],
    ) -> anyhow::Result<String> {
        if self.ffmpeg {
            let file = format!("{name}.{ending}");
            encode_with_ffmpeg(samples, options, &dir.join(&file)).context("cannot encode a sample")?;
            return Ok(file);
        }
        let file = format!("{name}.wav");
        write(&dir.join(&file), &adpcm_wav(samples))?;
        Ok(file)
    }

    #[expect(clippy::unused_self, reason = "reads like its sister at the call")]
    fn plain(&self, samples: &[f32], dir: &Path, name: &str) -> anyhow::Result<String> {
        let file = format!("{name}.wav");
        write(&dir.join(&file), &wav(samples))?;
        Ok(file)
    }
}

fn write_text(dir: &Path, name: &str, text: &str) -> anyhow::Result<String> {
    let file = format!("{name}.txt");
    write(&dir.join(&file), text.as_bytes())?;
    Ok(file)
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Income of the account, as an audit might state it; the days are those of payment.
const GAIN_TABLE: &str = "\
fact,value
违法所得,72000元
";

/// The case as the officer would write it down; all names are invented.
const CASE_FILE: &str = r#"# Sample case; all names are invented. 演示案件，所有名称均为虚构。
offence = "cn/criminal/217"
person = "natural"
judged_on = 2024-12-20

[conduct]
from = 2022-05-01
to = 2023-04-30

[case]
number = "演示文执〔2023〕第001号"
title = "夜听电台涉嫌侵犯著作权案"
agency = "演示市文化市场行政执法总队"
officers = ["执法人员甲", "执法人员乙"]
right_holder = "晨江音乐文化有限公司（演示）"
suspect = "“夜听电台”账号运营者（演示）"
police = "演示市公安局"

[events]
report_received_on = 2023-05-10
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plays_of_the_copies_add_up_to_the_thirty_million_of_the_story() {
        let copies: u64 = PUBLISHED[..6].iter().map(|(_, _, plays)| plays).sum();
        assert_eq!(copies, 30_000_000);
    }
}
