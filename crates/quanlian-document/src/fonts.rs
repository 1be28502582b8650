//! Fonts: the Chinese faces that this machine has, found once and used for every paper.
//!
//! In:  the system's font folders, or folders of the caller's.
//! Out: [`Fonts`], with one serif and one sans family that cover Chinese.
//!
//! Invariants: faces are kept in the order of family and path, so that the same
//! fonts give the same paper. The scan reads names and coverage; a face is
//! loaded when a paper first uses it.
//!
//! Not here: fonts of our own. None is shipped; the error names the package to install.

use std::path::{Path, PathBuf};

use typst::layout::Abs;
use typst::text::{
    Font, FontBook, FontInfo, FontInstance, FontStretch, FontStyle, FontVariant, FontVariations, FontWeight,
};
use typst::utils::LazyHash;
use typst_kit::fonts::{self as kit, FontPath, FontStore};

/// What a family must cover to count as Chinese: words of the papers, and two rarer name characters.
const SAMPLE: &str = "涉嫌犯罪案件移送书卷宗权利人，。（）〔〕《》、：喆堃";

/// Serif families for running text, the best first.
const SERIF_FAMILIES: [&str; 12] = [
    "Noto Serif CJK SC",
    "Noto Serif SC",
    "Source Han Serif SC",
    "Source Han Serif CN",
    "思源宋体",
    "Songti SC",
    "STSong",
    "SimSun",
    "FangSong",
    "AR PL UMing CN",
    "AR PL SungtiL GB",
    "AR PL UKai CN",
];

/// Sans families for headings and tables, the best first.
const SANS_FAMILIES: [&str; 12] = [
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "思源黑体",
    "PingFang SC",
    "Heiti SC",
    "Microsoft YaHei",
    "SimHei",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
];

/// The weights that the templates use.
const WEIGHTS: [FontWeight; 2] = [FontWeight::REGULAR, FontWeight::BOLD];

/// The size at which a variable face is asked for its glyphs; they are the same at any.
const BODY_PT: f64 = 10.5;

/// Why there are no fonts to set a Chinese paper in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FontError {
    /// No family on this machine covers Chinese.
    #[error(
        "none of the {faces} font faces found covers Chinese; on Debian and Ubuntu install the package \
         fonts-noto-cjk: sudo apt-get install fonts-noto-cjk"
    )]
    NoChinese {
        /// Faces that were looked at.
        faces: usize,
    },
    /// The folder given for extra fonts is not a folder that can be read.
    #[error("cannot read the font folder {}", folder.display())]
    Folder {
        /// The folder as given.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl FontError {
    /// The stable name of this error for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoChinese { .. } => "fonts_no_chinese",
            Self::Folder { .. } => "fonts_folder",
        }
    }
}

/// The faces of this machine, and the two families chosen for Chinese.
pub struct Fonts {
    store: FontStore,
    serif: String,
    sans: String,
}

impl std::fmt::Debug for Fonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fonts")
            .field("serif", &self.serif)
            .field("sans", &self.sans)
            .finish_non_exhaustive()
    }
}

impl Fonts {
    /// Scans the system's font folders. Takes about a second: do it once.
    pub fn system() -> Result<Self, FontError> {
        Self::choose(kit::system().collect())
    }

    /// Scans the system's font folders and `folder`.
    pub fn system_and(folder: &Path) -> Result<Self, FontError> {
        Self::choose(kit::system().chain(scan(folder)?).collect())
    }

    /// Scans `folder` alone.
    pub fn in_folder(folder: &Path) -> Result<Self, FontError> {
        Self::choose(scan(folder)?)
    }

    /// The family of running text.
    pub fn serif(&self) -> &str {
        &self.serif
    }

    /// The family of headings and tables.
    pub fn sans(&self) -> &str {
        &self.sans
    }

    fn choose(mut faces: Vec<(FontPath, FontInfo)>) -> Result<Self, FontError> {
        faces.retain(|(_, info)| is_text_face(info));
        faces.sort_by(|(path_a, a), (path_b, b)| {
            (&a.family, &path_a.path, path_a.index).cmp(&(&b.family, &path_b.path, path_b.index))
        });
        let count = faces.len();
        let mut store = FontStore::new();
        store.extend(faces);
        let covers = |family: &&str| {
            SAMPLE
                .chars()
                .all(|c| family_says_it_covers(store.book(), family, c))
        };
        let serif = SERIF_FAMILIES.iter().copied().find(covers);
        let sans = SANS_FAMILIES.iter().copied().find(covers);
        let any = || store.book().families().map(|(family, _)| family).find(covers);
        let serif_or_other = serif
            .or(sans)
            .or_else(any)
            .ok_or(FontError::NoChinese { faces: count })?;
        let chosen = (
            serif_or_other.to_owned(),
            sans.unwrap_or(serif_or_other).to_owned(),
        );
        Ok(Self {
            store,
            serif: chosen.0,
            sans: chosen.1,
        })
    }

    pub(crate) fn book(&self) -> &LazyHash<FontBook> {
        self.store.book()
    }

    pub(crate) fn font(&self, index: usize) -> Option<Font> {
        self.store.font(index)
    }

    /// Loads the faces in which text of `family` is set, or `None` when one cannot be read.
    pub(crate) fn family(&self, family: &str) -> Option<Family> {
        let faces = WEIGHTS.map(|weight| {
            let font = self.font(face(self.book(), family, weight)?)?;
            Some(font.instantiate(upright(weight), Abs::pt(BODY_PT), &FontVariations::default()))
        });
        let [Some(regular), Some(bold)] = faces else {
            return None;
        };
        Some(Family {
            name: family.to_owned(),
            faces: [regular, bold],
        })
    }

    /// Whether `family` says that it covers `c`; [`Family::covers`] tells for certain.
    pub(crate) fn may_cover(&self, family: &str, c: char) -> bool {
        family_says_it_covers(self.store.book(), family, c)
    }

    /// The families other than the two chosen ones, by name.
    pub(crate) fn other_families(&self) -> impl Iterator<Item = &str> {
        let chosen = [self.serif.as_str(), self.sans.as_str()];
        self.store
            .book()
            .families()
            .map(|(family, _)| family)
            .filter(move |f| !chosen.contains(f))
    }
}

fn scan(folder: &Path) -> Result<Vec<(FontPath, FontInfo)>, FontError> {
    let unreadable = |source| FontError::Folder {
        folder: folder.to_owned(),
        source,
    };
    std::fs::read_dir(folder).map_err(unreadable)?;
    Ok(kit::scan(folder).collect())
}

/// Leaves out what no paper is set in: slanted and squeezed faces, colour pictures.
fn is_text_face(info: &FontInfo) -> bool {
    let upright = info.variant.style == FontStyle::Normal && info.variant.stretch == FontStretch::NORMAL;
    upright && !info.family.contains("Emoji") && !info.family.contains("LastResort")
}

/// The index of the face that sets `family` in `weight`.
fn face(book: &FontBook, family: &str, weight: FontWeight) -> Option<usize> {
    book.select(&family.to_lowercase(), upright(weight))
}

fn upright(weight: FontWeight) -> FontVariant {
    FontVariant::new(FontStyle::Normal, weight, FontStretch::NORMAL)
}

fn family_says_it_covers(book: &FontBook, family: &str, c: char) -> bool {
    let says = |weight| {
        Some(
            book.info(face(book, family, weight)?)?
                .coverage
                .contains(u32::from(c)),
        )
    };
    WEIGHTS.into_iter().all(|weight| says(weight) == Some(true))
}

/// The faces, regular and bold, in which text of one family is set.
pub(crate) struct Family {
    pub(crate) name: String,
    faces: [FontInstance; 2],
}

impl Family {
    /// Whether both faces have a glyph for `c`.
    ///
    /// Asks the faces themselves: some list characters that they map to no glyph.
    pub(crate) fn covers(&self, c: char) -> bool {
        self.faces
            .iter()
            .all(|font| font.ttf().glyph_index(c).is_some_and(|glyph| glyph.0 != 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_chinese_fonts_is_told_which_package_to_install() {
        let empty = tempfile::tempdir().unwrap();
        let error = Fonts::in_folder(empty.path()).unwrap_err();
        assert_eq!(error.code(), "fonts_no_chinese");
        assert!(
            error.to_string().contains("sudo apt-get install fonts-noto-cjk"),
            "{error}"
        );
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let gone = tempfile::tempdir().unwrap().path().join("gone");
        let error = Fonts::in_folder(&gone).unwrap_err();
        assert_eq!(error.code(), "fonts_folder");
        assert!(error.to_string().contains("gone"), "{error}");
    }

    #[test]
    fn a_file_that_lies_about_being_a_font_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("NotoSerifCJK-Regular.ttc"), b"this is no font").unwrap();
        assert!(matches!(
            Fonts::in_folder(folder.path()),
            Err(FontError::NoChinese { faces: 0 })
        ));
    }
}
