//! Item metadata: what the platform said about each published item.
//!
//! In:  the side files of a folder of suspects: yt-dlp's `NAME.info.json` and gallery-dl's
//!      `NAME.EXT.json` beside the media file, and CSV tables with the same fields.
//! Out: [`Statement`]s, each with the file and row that it stands in, and
//!      [`Problem`]s for what could not be read. Nothing is dropped without a line.
//!
//! Invariant: a statement repeats one source; merging sources is `facts`' business.
//!
//! Not here: finding the files (the caller walks the folder), the law's fact names.

mod fields;
mod gallery_dl;
mod info_json;
mod table;

use std::path::{Path, PathBuf};

use quanlian_record::{
    money::Fen,
    time::{Day, Timestamp},
};
use serde::{Deserialize, Serialize};

pub use gallery_dl::{is_gallery_dl_file, is_gallery_note, read_gallery_dl};
pub use info_json::read_info_json;
pub use table::read_table;

/// Ending of the side file that yt-dlp writes beside a media file.
pub const INFO_JSON_ENDING: &str = ".info.json";

/// The largest side file that is read; yt-dlp's files with comments stay far below.
pub const MAX_SIDE_FILE_BYTES: u64 = 64 << 20;

/// The most rows that one table may have.
pub const MAX_TABLE_ROWS: usize = 1_000_000;

/// What one source says about one published item, or about the account as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The side file, relative to the folder of suspects.
    pub source: String,
    /// Row in the table, counted as a spreadsheet shows it (the heading is row 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<usize>,
    /// A fact that a person states of the conduct itself, one a row, and not a figure of the platform.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stated_fact: bool,
    /// Media file that the statement is about, relative to the folder of suspects; none: not tied to a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// The platform, as the downloader names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The item's id on the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_id: Option<String>,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The account that published it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploader: Option<String>,
    /// That account's id on the platform, which a change of name leaves as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// The address of its page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Address or id of the item that this one says it republishes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub republished_from: Option<String>,
    /// The instant of publication as the platform states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
    /// When the downloader asked, by the clock of its machine: the figures are of that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
    /// The day of publication as the platform states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_on: Option<Day>,
    /// Plays or clicks that the platform counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view_count: Option<u64>,
    /// Downloads that the platform counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download_count: Option<u64>,
    /// Likes that the platform counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like_count: Option<u64>,
    /// Comments that the platform counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment_count: Option<u64>,
    /// How often others passed it on, as the platform counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_count: Option<u64>,
    /// Registered members (注册会员), for the account as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_count: Option<u64>,
    /// Illegal gain (违法所得) from this item, or of the account where no item is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub illegal_gain_fen: Option<Fen>,
    /// Illegal business volume (非法经营数额), likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub illegal_business_volume_fen: Option<Fen>,
}

impl Statement {
    /// Whether the statement names an item (a file, an address or an id) and not the account as a whole.
    pub fn is_about_an_item(&self) -> bool {
        self.media.is_some() || self.url.is_some() || self.item_id.is_some()
    }

    /// `gains.csv, row 3` or the name of the side file.
    pub fn place(&self) -> String {
        match self.row {
            Some(row) => format!("{}, row {row}", self.source),
            None => self.source.clone(),
        }
    }

    fn says_nothing(&self) -> bool {
        let bare = Self {
            source: self.source.clone(),
            row: self.row,
            stated_fact: self.stated_fact,
            media: self.media.clone(),
            ..Self::default()
        };
        *self == bare
    }
}

/// Something in a side file that could not be used, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The side file, with the row where there is one.
    pub place: String,
    /// Stable code for programs.
    pub code: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// What one side file yields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SideFile {
    /// What it says.
    pub statements: Vec<Statement>,
    /// What of it could not be used.
    pub problems: Vec<Problem>,
}

/// Why a side file could not be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum SideFileError {
    /// The system would not give its bytes.
    #[error("cannot read {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// Larger than [`MAX_SIDE_FILE_BYTES`].
    #[error("{path} has {size_bytes} bytes, the limit is {MAX_SIDE_FILE_BYTES}")]
    TooLarge { path: PathBuf, size_bytes: u64 },
    /// Not JSON, or not an object.
    #[error("{path} is not the JSON object that a downloader writes")]
    NotJson {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    /// Not a table whose heading names at least one field that is known.
    #[error(
        "{path} has no column that is known (give one of: file, url, uploader, upload_date, view_count, illegal_gain_yuan)"
    )]
    NoKnownColumn { path: PathBuf },
    /// More rows than [`MAX_TABLE_ROWS`].
    #[error("{path} has more than {MAX_TABLE_ROWS} rows")]
    TooManyRows { path: PathBuf },
}

impl SideFileError {
    /// Stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "side_file_unreadable",
            Self::TooLarge { .. } => "side_file_too_large",
            Self::NotJson { .. } => "side_file_not_json",
            Self::NoKnownColumn { .. } => "side_file_no_known_column",
            Self::TooManyRows { .. } => "side_file_too_many_rows",
        }
    }
}

/// Whether a file is a side file (metadata about items) and no item itself.
pub fn is_side_file(path: &Path) -> bool {
    let name = path
        .file_name()
        .map(|n| n.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    name.ends_with(INFO_JSON_ENDING) || is_table(path) || is_gallery_dl_file(path) || is_gallery_note(path)
}

/// Whether a file is a table of metadata, by its ending.
pub fn is_table(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("csv") || e.eq_ignore_ascii_case("tsv"))
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, SideFileError> {
    let failed = |source| SideFileError::Read {
        path: path.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let size_bytes = file.metadata().map_err(failed)?.len();
    let mut bytes = Vec::new();
    // The limit holds for what is read, not for what the file system claims.
    std::io::Read::read_to_end(
        &mut std::io::Read::take(file, MAX_SIDE_FILE_BYTES + 1),
        &mut bytes,
    )
    .map_err(failed)?;
    if bytes.len() as u64 > MAX_SIDE_FILE_BYTES {
        return Err(SideFileError::TooLarge {
            path: path.to_owned(),
            size_bytes: size_bytes.max(bytes.len() as u64),
        });
    }
    Ok(bytes)
}
