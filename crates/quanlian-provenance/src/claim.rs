//! The model: claims, the places they stand in, and what is wrong with them.
//!
//! In:  what the readers of containers found (`findings`).
//! Out: [`Provenance`], a plain value with one order and one JSON form.
//!
//! Invariant: every list and every text in it is bounded by a constant of this module; what did not fit is counted.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    c2pa::{C2paCheck, C2paState},
    label::Label,
};

/// Version of the JSON form of [`Provenance`].
pub const PROVENANCE_VERSION: u32 = 1;
/// Claims that one file may make.
pub const MAX_CLAIMS: usize = 512;
/// Problems that are listed for one file.
pub const MAX_PROBLEMS: usize = 256;
/// Bytes of a value that are kept; its real size stands beside it.
pub const MAX_VALUE_BYTES: usize = 4096;
/// Bytes of the name of a key that are kept.
pub(crate) const MAX_KEY_BYTES: usize = 128;

/// What a file says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// [`PROVENANCE_VERSION`].
    pub v: u32,
    /// What the file is, by its content.
    pub format: Format,
    /// Whether everything was looked at that this program knows to look at.
    pub completeness: Completeness,
    /// What the AI-content labels (GB 45438-2025) say together.
    pub ai_label: AiLabelState,
    /// Whether there is a C2PA manifest store.
    pub c2pa: C2paState,
    /// What a check of that store says, where one was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub c2pa_check: Option<C2paCheck>,
    /// What it says, in the order of the file.
    pub claims: Vec<Claim>,
    /// What is wrong with the file as a whole, and where two claims contradict each other.
    pub problems: Vec<Problem>,
    /// Claims and problems beyond [`MAX_CLAIMS`] and [`MAX_PROBLEMS`].
    pub left_out: u64,
}

/// One statement in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// What sort of statement it is.
    pub kind: Kind,
    /// Where it stands.
    pub place: Place,
    /// What stands there.
    pub value: Value,
    /// What an AI-content label means, field by field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// The sorts of statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An AI-content label of GB 45438-2025 (人工智能生成合成内容隐式标识).
    AiLabel,
    /// A C2PA manifest store.
    C2pa,
    /// A field of an Exif block.
    Exif,
    /// A property of an XMP packet.
    Xmp,
    /// A tag or comment of the container.
    Tag,
    /// What a downloader wrote about the item beside it.
    Download,
}

/// Where a claim stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The structure, outermost first, such as `png/iTXt` or `mp4/moov/udta/meta/ilst`.
    pub container: String,
    /// The name of the value in it, as the file writes it; empty where there is none.
    pub key: String,
    /// First byte in the file of the innermost structure whose place is known.
    pub offset_bytes: u64,
}

/// What stands there: text where it is text, else hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Value {
    /// The value, at most [`MAX_VALUE_BYTES`].
    pub text: String,
    /// Its size in the file, before decoding.
    pub size_bytes: u64,
    /// How the bytes were read.
    pub encoding: Encoding,
    /// Whether only the beginning is here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// How the bytes of a value were read as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// UTF-8, or ASCII.
    Utf8,
    /// UTF-16 as the container says.
    Utf16,
    /// GB 18030, guessed: the bytes are no UTF-8 and are well-formed GB 18030.
    Gb18030Guessed,
    /// ISO 8859-1 as the container says, or because nothing else fits.
    Latin1,
    /// Not text: the digits are the bytes, or a number that the format defines.
    Binary,
}

/// Formats that are told apart by their first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names of formats")]
pub enum Format {
    Jpeg,
    Png,
    Webp,
    Wav,
    Avi,
    /// MP4, M4A, MOV, 3GP: ISO base media that is no still picture.
    Mp4,
    /// HEIC, AVIF and their kin: still pictures in ISO base media.
    Heif,
    Matroska,
    Mp3,
    Flac,
    Ogg,
    Pdf,
    Gif,
    Tiff,
    /// The side file of yt-dlp.
    InfoJson,
    Unknown,
}

/// Whether everything was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Completeness {
    /// Every place of this format that this program knows.
    Whole,
    /// The file is damaged, hostile or beyond a limit; a problem says where reading ended.
    Partly,
    /// The format is not known, or only searched for packets of XMP: absence means nothing.
    SearchedOnly,
}

/// What the AI-content labels of a file say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AiLabelState {
    /// This sort of file was not looked at for labels.
    NotLookedFor,
    /// Every place was looked at and holds none.
    NotFound,
    /// None was found, but not every place could be looked at.
    NotFoundPartly,
    /// There is one whose `Label` cannot be told.
    Unreadable,
    /// `Label` is 1: is generated or synthesised (属于).
    Generated,
    /// `Label` is 2: may be (可能).
    Possibly,
    /// `Label` is 3: is suspected to be (疑似).
    Suspected,
    /// Two labels do not agree on `Label`.
    Contradictory,
}

/// Something that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What is wrong.
    pub code: ProblemCode,
    /// Where; none inside a claim, whose place it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The field, size or limit in question, in the words of the format; may hold text of the file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

macro_rules! words {
    ($(#[$outer:meta])* $name:ident { $($(#[$inner:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[non_exhaustive]
        pub enum $name { $($(#[$inner])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// All of them, for whoever has words for each.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// A stable word for programs.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

words! {
    /// What can be wrong with a file or a claim. Never reworded, never reused.
    ProblemCode {
        /// The structure says that it is longer than what holds it.
        SizeLies = "size_lies",
        /// The file ends inside a structure.
        Truncated = "truncated",
        /// A structure breaks the rules of its format; reading ended there.
        Malformed = "malformed",
        /// Nested deeper than is read.
        TooDeep = "too_deep",
        /// More structures than are read.
        TooMany = "too_many",
        /// Larger than is read.
        TooLarge = "too_large",
        /// Compressed data that grows beyond the limit.
        DecompressionBomb = "decompression_bomb",
        /// Compressed data that cannot be unpacked.
        DecompressionFailed = "decompression_failed",
        /// The checksum of the structure is not that of its bytes.
        Checksum = "checksum",
        /// Encrypted by the container.
        Encrypted = "encrypted",
        /// Parts of this format are not read by this program.
        NotReadHere = "not_read_here",
        /// The file was searched up to a limit only.
        SearchedPartly = "searched_partly",
        /// The bytes are not of the encoding that the format asks for.
        WrongEncoding = "wrong_encoding",
        /// XML that is not well-formed.
        XmlMalformed = "xml_malformed",
        /// XML with a document type declaration, which is never read.
        XmlDtd = "xml_dtd",
        /// A reference to an entity that XML does not define itself.
        XmlEntity = "xml_entity",
        /// A label that is not JSON.
        LabelNotJson = "label_not_json",
        /// A label that is JSON but not an object.
        LabelNotObject = "label_not_object",
        /// A field that the standard asks for is not there or empty.
        FieldMissing = "field_missing",
        /// A field stands there twice; the first is taken.
        FieldDuplicate = "field_duplicate",
        /// A field that should be text is not.
        FieldNotText = "field_not_text",
        /// A field that the standard does not know.
        FieldUnknown = "field_unknown",
        /// `Label` is none of 1, 2, 3.
        LabelValueUnknown = "label_value_unknown",
        /// Characters that the standard does not allow in a value.
        FieldCharacters = "field_characters",
        /// A provider code whose shape is right and whose check digit is wrong.
        ProviderCodeCheckDigit = "provider_code_check_digit",
        /// The label is packed in a way of its own (Base64 in `XmpKvBase64`).
        LabelBase64 = "label_base64",
        /// More than one label; the standard asks for one.
        LabelDuplicate = "label_duplicate",
        /// Two labels disagree on a field.
        LabelContradiction = "label_contradiction",
        /// The side file contradicts itself or breaks its own form.
        SideFileField = "side_file_field",
    }
}

impl AiLabelState {
    /// A stable word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotLookedFor => "not_looked_for",
            Self::NotFound => "not_found",
            Self::NotFoundPartly => "not_found_partly",
            Self::Unreadable => "unreadable",
            Self::Generated => "generated",
            Self::Possibly => "possibly",
            Self::Suspected => "suspected",
            Self::Contradictory => "contradictory",
        }
    }
}

impl Completeness {
    /// A stable word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Partly => "partly",
            Self::SearchedOnly => "searched_only",
        }
    }
}

impl Format {
    /// A stable word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Wav => "wav",
            Self::Avi => "avi",
            Self::Mp4 => "mp4",
            Self::Heif => "heif",
            Self::Matroska => "matroska",
            Self::Mp3 => "mp3",
            Self::Flac => "flac",
            Self::Ogg => "ogg",
            Self::Pdf => "pdf",
            Self::Gif => "gif",
            Self::Tiff => "tiff",
            Self::InfoJson => "info_json",
            Self::Unknown => "unknown",
        }
    }
}

impl Kind {
    /// A stable word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AiLabel => "ai_label",
            Self::C2pa => "c2pa",
            Self::Exif => "exif",
            Self::Xmp => "xmp",
            Self::Tag => "tag",
            Self::Download => "download",
        }
    }
}

impl Provenance {
    /// The claims of one sort.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Claim> {
        self.claims.iter().filter(move |claim| claim.kind == kind)
    }

    /// Adds what a side file says about the same item. The two stay apart by the container of each claim.
    pub fn append(&mut self, side_file: Self) {
        self.left_out += side_file.left_out;
        for claim in side_file.claims {
            if self.claims.len() < MAX_CLAIMS {
                self.claims.push(claim);
            } else {
                self.left_out += 1;
            }
        }
        for problem in side_file.problems {
            if self.problems.len() < MAX_PROBLEMS {
                self.problems.push(problem);
            } else {
                self.left_out += 1;
            }
        }
    }

    /// Notes what a check of the manifest store says.
    pub fn set_c2pa_check(&mut self, check: C2paCheck) {
        self.c2pa = C2paState::PresentChecked;
        self.c2pa_check = Some(check);
    }

    /// The problems of the file and of its claims, with places, in one list.
    pub fn all_problems(&self) -> Vec<Problem> {
        let of_claims = self.claims.iter().flat_map(|claim| {
            claim.problems.iter().map(|problem| Problem {
                place: Some(claim.place.clone()),
                ..problem.clone()
            })
        });
        self.problems.iter().cloned().chain(of_claims).collect()
    }

    /// How many problems there are of each sort.
    pub fn problem_counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for problem in self.all_problems() {
            *counts.entry(problem.code.as_str()).or_default() += 1;
        }
        counts
    }
}
