//! Tables of metadata: CSV with a heading that people write in Chinese or English.
//!
//! In:  a `.csv` or `.tsv` file: UTF-8, UTF-16 or GB18030 (what spreadsheets save in
//!      China), parted by comma, semicolon or tab.
//! Out: one [`Statement`] a row, with a [`Problem`] for each cell that is not what
//!      its column says.
//!
//! Two shapes are taken. Items: a heading such as `file,view_count,illegal_gain_yuan`.
//! Facts about the account: the heading `fact,value` and one fact a row.
//!
//! Invariant: an amount is in yuan unless its heading or cell says otherwise, and a
//! column that is not known is named, never guessed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use quanlian_record::{
    money::Fen,
    time::{Day, parse_day},
};

use super::{MAX_TABLE_ROWS, Problem, SideFile, SideFileError, Statement, read_bounded};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Media,
    ItemId,
    Url,
    Platform,
    Title,
    Uploader,
    PublishedOn,
    Views,
    Downloads,
    Members,
    Gain(AmountUnit),
    Volume(AmountUnit),
    FactName,
    FactValue,
}

/// What a bare number in a column of money counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AmountUnit {
    Yuan,
    TenThousandYuan,
    Fen,
}

/// The headings that are known, in lower case; the unit of money is cut off before the look-up.
const HEADINGS: &[(Column, &[&str])] = &[
    (
        Column::Media,
        &[
            "file",
            "filename",
            "file_name",
            "path",
            "media",
            "suspect",
            "文件",
            "文件名",
            "媒体文件",
        ],
    ),
    (Column::ItemId, &["id", "video_id", "item_id", "视频id", "作品id"]),
    (
        Column::Url,
        &["url", "webpage_url", "link", "address", "链接", "网址", "地址"],
    ),
    (
        Column::Platform,
        &["platform", "extractor", "extractor_key", "site", "平台"],
    ),
    (Column::Title, &["title", "标题", "名称"]),
    (
        Column::Uploader,
        &[
            "uploader",
            "account",
            "channel",
            "uploader_id",
            "账号",
            "帐号",
            "上传者",
            "发布者",
            "账号名称",
        ],
    ),
    (
        Column::PublishedOn,
        &[
            "upload_date",
            "published_on",
            "publish_date",
            "date",
            "发布日期",
            "上传日期",
            "发布时间",
            "上传时间",
            "日期",
        ],
    ),
    (
        Column::Views,
        &[
            "view_count",
            "views",
            "plays",
            "play_count",
            "actual_clicks",
            "clicks",
            "播放量",
            "播放次数",
            "点击量",
            "点击数",
            "点击次数",
            "实际被点击数",
            "浏览量",
        ],
    ),
    (
        Column::Downloads,
        &["download_count", "downloads", "下载量", "下载次数", "下载数"],
    ),
    (
        Column::Members,
        &[
            "registered_members",
            "members",
            "member_count",
            "注册会员",
            "注册会员数",
            "会员数",
        ],
    ),
    (
        Column::Gain(AmountUnit::Yuan),
        &[
            "illegal_gain",
            "gain",
            "illegal_gains",
            "违法所得",
            "违法所得数额",
            "获利",
        ],
    ),
    (
        Column::Volume(AmountUnit::Yuan),
        &[
            "illegal_business_volume",
            "business_volume",
            "非法经营数额",
            "非法经营额",
            "经营数额",
        ],
    ),
    (Column::FactName, &["fact", "name", "metric", "事实", "项目"]),
    (
        Column::FactValue,
        &["value", "amount", "值", "数值", "数额", "金额"],
    ),
];

/// Reads one table; `source` is its name and `media` lists the media files, both relative to the folder of suspects.
pub fn read_table(path: &Path, source: &str, media: &[String]) -> Result<SideFile, SideFileError> {
    let text = decode(&read_bounded(path)?);
    let delimiter = delimiter_of(text.lines().next().unwrap_or_default());
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(true)
        .from_reader(text.as_bytes());
    let mut problems = Vec::new();
    let no_known_column = || SideFileError::NoKnownColumn {
        path: path.to_owned(),
    };
    let heading = reader.headers().map_err(|_| no_known_column())?.clone();
    let mut columns: Vec<Option<Column>> = heading.iter().map(column_of).collect();
    let pairs = columns.contains(&Some(Column::FactName)) && columns.contains(&Some(Column::FactValue));
    if !pairs {
        // `name` or `value` alone say nothing about what they hold.
        for column in &mut columns {
            if matches!(column, Some(Column::FactName | Column::FactValue)) {
                *column = None;
            }
        }
    }
    if columns.iter().all(Option::is_none) {
        return Err(no_known_column());
    }
    for (name, column) in heading.iter().zip(&columns) {
        if column.is_none() && !name.trim().is_empty() {
            problems.push(problem(
                format!("{source}, row 1"),
                "column_unknown",
                format!("column `{}` is not known; it is left out", short(name)),
            ));
        }
    }
    let media = MediaNames::of(media);
    let mut statements = Vec::new();
    for (index, record) in reader.records().enumerate() {
        if index >= MAX_TABLE_ROWS {
            return Err(SideFileError::TooManyRows {
                path: path.to_owned(),
            });
        }
        let row = index + 2;
        let place = format!("{source}, row {row}");
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                problems.push(problem(
                    place,
                    "row_unreadable",
                    format!("the row cannot be read ({error}); it is left out"),
                ));
                continue;
            }
        };
        let mut statement = Statement {
            source: source.to_owned(),
            row: Some(row),
            stated_fact: pairs,
            ..Statement::default()
        };
        let mut cells = RowReader {
            place: &place,
            problems: &mut problems,
            media: &media,
        };
        if pairs {
            cells.read_fact(&record, &columns, &mut statement);
        } else {
            for (cell, column) in record.iter().zip(&columns) {
                if let Some(column) = column {
                    cells.read_cell(*column, cell.trim(), &mut statement);
                }
            }
        }
        if !statement.says_nothing() {
            statements.push(statement);
        }
    }
    Ok(SideFile { statements, problems })
}

/// Reads the cells of one row into a statement and notes what it cannot use.
struct RowReader<'a> {
    place: &'a str,
    problems: &'a mut Vec<Problem>,
    media: &'a MediaNames<'a>,
}

/// The media files, to be found by their whole relative path or by a file name that only one has.
struct MediaNames<'a> {
    paths: BTreeSet<&'a str>,
    by_file_name: BTreeMap<&'a str, Option<&'a str>>,
}

impl<'a> MediaNames<'a> {
    fn of(media: &'a [String]) -> Self {
        let mut by_file_name = BTreeMap::new();
        for path in media {
            let name = path.rsplit('/').next().unwrap_or(path);
            // A second file of that name makes it ambiguous, and then it names none.
            by_file_name
                .entry(name)
                .and_modify(|only| *only = None)
                .or_insert(Some(path.as_str()));
        }
        Self {
            paths: media.iter().map(String::as_str).collect(),
            by_file_name,
        }
    }

    fn named(&self, cell: &str) -> Option<String> {
        let cell = cell.replace('\\', "/");
        let cell = cell.trim_start_matches("./");
        let exact = self.paths.get(cell).copied();
        exact
            .or_else(|| self.by_file_name.get(cell).copied().flatten())
            .map(str::to_owned)
    }
}

impl RowReader<'_> {
    fn read_fact(&mut self, record: &csv::StringRecord, columns: &[Option<Column>], into: &mut Statement) {
        let cell = |wanted| {
            columns
                .iter()
                .position(|c| *c == Some(wanted))
                .and_then(|i| record.get(i))
                .unwrap_or("")
        };
        let (name, value) = (cell(Column::FactName).trim(), cell(Column::FactValue).trim());
        match column_of(name) {
            Some(
                column @ (Column::Gain(_)
                | Column::Volume(_)
                | Column::Views
                | Column::Downloads
                | Column::Members
                | Column::Uploader
                | Column::Url
                | Column::Platform),
            ) => {
                self.read_cell(column, value, into);
                // A whole-account row names no item, whatever address stands elsewhere in it.
                if !matches!(column, Column::Url) {
                    into.url = None;
                }
            }
            _ if name.is_empty() && value.is_empty() => {}
            _ => self.report(
                "fact_unknown",
                format!(
                    "`{}` is no fact that a table can state; it is left out",
                    short(name)
                ),
            ),
        }
    }

    fn read_cell(&mut self, column: Column, cell: &str, into: &mut Statement) {
        if cell.is_empty() {
            return;
        }
        let text = || Some(cell.to_owned());
        match column {
            Column::Media => {
                into.media = self.media.named(cell);
                if into.media.is_none() {
                    self.report(
                        "no_such_media",
                        format!(
                            "no media file is named `{}`; the row is kept without it",
                            short(cell)
                        ),
                    );
                    // Named but absent: it must not pass for a statement about the whole account.
                    into.item_id.get_or_insert_with(|| cell.to_owned());
                }
            }
            Column::ItemId => into.item_id = text(),
            Column::Url => into.url = text(),
            Column::Platform => into.platform = text(),
            Column::Title => into.title = text(),
            Column::Uploader => into.uploader = text(),
            Column::PublishedOn => {
                into.published_on = self.wanted(cell, day_of(cell), "a date such as 2022-05-01");
            }
            Column::Views => into.view_count = self.wanted(cell, parse_count(cell), "a whole number"),
            Column::Downloads => into.download_count = self.wanted(cell, parse_count(cell), "a whole number"),
            Column::Members => into.member_count = self.wanted(cell, parse_count(cell), "a whole number"),
            Column::Gain(unit) => {
                into.illegal_gain_fen = self.wanted(cell, amount_of(cell, unit), "an amount in yuan");
            }
            Column::Volume(unit) => {
                into.illegal_business_volume_fen =
                    self.wanted(cell, amount_of(cell, unit), "an amount in yuan");
            }
            Column::FactName | Column::FactValue => {}
        }
    }

    fn wanted<T>(&mut self, cell: &str, value: Option<T>, wanted: &str) -> Option<T> {
        if value.is_none() {
            self.report(
                "cell_unusable",
                format!("`{}` is not {wanted}; it is left out", short(cell)),
            );
        }
        value
    }

    fn report(&mut self, code: &str, message: String) {
        self.problems.push(problem(self.place.to_owned(), code, message));
    }
}

fn problem(place: String, code: &str, message: String) -> Problem {
    Problem {
        place,
        code: code.into(),
        message,
    }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A count as people write it: `30000000`, `30,000,000`, `3000万`, `3千万` is not taken.
pub(super) fn parse_count(text: &str) -> Option<u64> {
    let text = text.trim().trim_end_matches(['次', '+']).trim();
    // The rules for amounts hold for counts too; a count has no fraction of one.
    let hundredths = Fen::parse_yuan(text).ok()?.0;
    let plain = !text.contains(['¥', '￥', '元']) && !text.to_ascii_uppercase().contains(['R', 'C']);
    (plain && hundredths >= 0 && hundredths % 100 == 0).then(|| (hundredths / 100).unsigned_abs())
}

fn amount_of(cell: &str, unit: AmountUnit) -> Option<Fen> {
    let says_unit = cell.contains(['元', '万', '亿', '¥', '￥']);
    let fen = match unit {
        AmountUnit::Fen if !says_unit => Fen(cell.replace(',', "").parse().ok()?),
        AmountUnit::TenThousandYuan if !says_unit => Fen::parse_yuan(&format!("{cell}万")).ok()?,
        _ => Fen::parse_yuan(cell).ok()?,
    };
    (fen.0 >= 0).then_some(fen)
}

/// A date, with or without a time of day behind it.
fn day_of(cell: &str) -> Option<Day> {
    parse_day(cell)
        .ok()
        .or_else(|| parse_day(cell.split([' ', 'T']).next()?).ok())
}

fn column_of(heading: &str) -> Option<Column> {
    let mut name = heading
        .trim()
        .trim_start_matches('\u{feff}')
        .to_lowercase()
        .replace([' ', '-'], "_");
    let mut unit = None;
    for (ending, of) in [
        ("_yuan", AmountUnit::Yuan),
        ("_cny", AmountUnit::Yuan),
        ("_rmb", AmountUnit::Yuan),
        ("_fen", AmountUnit::Fen),
        ("(元)", AmountUnit::Yuan),
        ("（元）", AmountUnit::Yuan),
        ("(万元)", AmountUnit::TenThousandYuan),
        ("（万元）", AmountUnit::TenThousandYuan),
        ("(分)", AmountUnit::Fen),
        ("（分）", AmountUnit::Fen),
    ] {
        if let Some(rest) = name.strip_suffix(ending) {
            name = rest.trim_end_matches('_').to_owned();
            unit = Some(of);
            break;
        }
    }
    let (column, _) = HEADINGS
        .iter()
        .find(|(_, names)| names.contains(&name.as_str()))?;
    match (column, unit) {
        (Column::Gain(_), Some(unit)) => Some(Column::Gain(unit)),
        (Column::Volume(_), Some(unit)) => Some(Column::Volume(unit)),
        (_, Some(_)) => None,
        (column, None) => Some(*column),
    }
}

/// Spreadsheets in China save GB18030 or UTF-16 as often as UTF-8.
fn decode(bytes: &[u8]) -> String {
    if let Some((encoding, skip)) = encoding_rs::Encoding::for_bom(bytes) {
        return encoding
            .decode_without_bom_handling(&bytes[skip..])
            .0
            .into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::GB18030
            .decode_without_bom_handling(bytes)
            .0
            .into_owned(),
    }
}

fn delimiter_of(heading: &str) -> u8 {
    [b',', b'\t', b';']
        .into_iter()
        .max_by_key(|d| (heading.bytes().filter(|b| b == d).count(), *d == b','))
        .unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<SideFile, SideFileError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.csv");
        std::fs::write(&path, bytes).unwrap();
        read_table(
            &path,
            "t.csv",
            &[
                "a.mp3".into(),
                "sub/b.mp3".into(),
                "x/c.mp3".into(),
                "y/c.mp3".into(),
            ],
        )
    }

    fn gains(bytes: &[u8]) -> Vec<Option<i64>> {
        read(bytes)
            .unwrap()
            .statements
            .iter()
            .map(|s| s.illegal_gain_fen.map(|f| f.0))
            .collect()
    }

    #[test]
    fn amounts_follow_the_unit_of_their_heading_or_cell() {
        assert_eq!(
            gains(b"file,illegal_gain_yuan\na.mp3,\"72,000\"\n"),
            [Some(7_200_000)]
        );
        assert_eq!(
            gains("file,illegal_gain_fen\na.mp3,7200000\n".as_bytes()),
            [Some(7_200_000)]
        );
        assert_eq!(
            gains("文件,违法所得（万元）\na.mp3,7.2\n".as_bytes()),
            [Some(7_200_000)]
        );
        assert_eq!(
            gains("文件,违法所得\na.mp3,7.2万元\n".as_bytes()),
            [Some(7_200_000)]
        );
    }

    #[test]
    fn a_table_saved_in_gb18030_or_with_semicolons_or_a_byte_order_mark_is_read() {
        let (gbk, _, _) =
            encoding_rs::GB18030.encode("文件;违法所得（元）;发布日期\na.mp3;72000;2022年5月1日\n");
        let file = read(&gbk).unwrap();
        assert_eq!(file.problems, []);
        assert_eq!(file.statements[0].illegal_gain_fen, Some(Fen(7_200_000)));
        assert_eq!(
            gains("\u{feff}illegal_gain\tuploader\n72000\t某\n".as_bytes()),
            [Some(7_200_000)]
        );
    }

    #[test]
    fn facts_about_the_account_may_stand_one_a_row() {
        let file = read("fact,value\n违法所得,72000\nplays,3000万\nshoe_size,42\n".as_bytes()).unwrap();
        assert_eq!(file.statements[0].illegal_gain_fen, Some(Fen(7_200_000)));
        assert!(!file.statements[0].is_about_an_item());
        assert_eq!(file.statements[1].view_count, Some(30_000_000));
        assert_eq!(file.problems[0].code, "fact_unknown");
    }

    #[test]
    fn a_row_that_names_an_absent_file_is_not_taken_for_the_whole_account() {
        let file = read(b"file,view_count\ngone.mp3,5\nb.mp3,6\nc.mp3,7\n").unwrap();
        let about: Vec<_> = file
            .statements
            .iter()
            .map(|s| (s.media.as_deref(), s.is_about_an_item()))
            .collect();
        assert_eq!(about, [(None, true), (Some("sub/b.mp3"), true), (None, true)]);
        assert_eq!(file.problems.len(), 2, "absent, and named twice over");
    }

    #[test]
    fn what_cannot_be_used_is_named_and_the_rest_goes_on() {
        let file = read(b"file,view_count,mood\na.mp3,many,good\nb.mp3,-1,\n\xff\xfe,1,\n").unwrap();
        let codes: Vec<_> = file
            .problems
            .iter()
            .map(|p| (p.place.as_str(), p.code.as_str()))
            .collect();
        assert_eq!(
            codes[..2],
            [
                ("t.csv, row 1", "column_unknown"),
                ("t.csv, row 2", "cell_unusable")
            ]
        );
        assert_eq!(
            read(b"mood,colour\ngood,red\n").unwrap_err().code(),
            "side_file_no_known_column"
        );
        assert_eq!(read(b"").unwrap_err().code(), "side_file_no_known_column");
    }

    #[test]
    fn counts_are_read_as_people_write_them() {
        for (text, then) in [
            ("30,000,000", Some(30_000_000)),
            ("3000万次", Some(30_000_000)),
            ("1.5万+", Some(15_000)),
            ("1.5", None),
            ("5元", None),
        ] {
            assert_eq!(parse_count(text), then, "{text}");
        }
    }
}
