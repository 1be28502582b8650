//! Decoding: from the bytes of any common picture format to grey planes of bounded size.
//!
//! In:  a path.
//! Out: [`Decoded`]: the picture upright, as one [`Plane`] for a still one and up to [`MAX_FRAMES`] for a moving one.
//!
//! Invariants: the size is judged before memory is taken for pixels; nothing after the first [`MAX_FRAMES_READ`] frames
//! or [`MAX_PIXELS_READ`] pixels is read; a decoder that panics is an error like any other. Transparent pixels lie on
//! white, as on most pages.
//!
//! Not here: AVIF and HEIC, which ffmpeg makes PNG of ([`heif`]).

pub(crate) mod heif;

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ::image::codecs::gif::GifDecoder;
use ::image::codecs::png::PngDecoder;
use ::image::codecs::webp::WebPDecoder;
use ::image::metadata::Orientation;
use ::image::{
    AnimationDecoder, DynamicImage, Frames, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits,
};

use super::plane::Plane;
use super::{ImageError as Error, ImageNote};

/// Pixels of the largest picture that is read: 10,000 × 10,000.
pub const MAX_PIXELS: u64 = 100_000_000;
/// Pixels on one side of the longest picture that is read.
pub const MAX_SIDE: u32 = 65_535;
/// Bytes of the longest file that is read; some decoders hold it whole.
pub const MAX_FILE_BYTES: u64 = 512 << 20;
/// Bytes that a decoder may take for itself and its result.
const MAX_DECODER_BYTES: u64 = 512 << 20;
/// Different pictures taken from one moving picture.
pub const MAX_FRAMES: usize = 8;
/// Bytes up to the end of the brand of a file in the container of films.
const BRAND_BYTES: usize = 12;
/// Frames of a moving picture that are looked at.
pub const MAX_FRAMES_READ: usize = 240;
/// Pixels of a moving picture that are looked at.
pub const MAX_PIXELS_READ: u64 = 400_000_000;

/// A picture, ready to be looked at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decoded {
    /// Sides in pixels, upright.
    pub(super) width: u32,
    pub(super) height: u32,
    /// At least one.
    pub(super) frames: Vec<Plane>,
    pub(super) notes: Vec<ImageNote>,
}

/// Reads the picture at `path`, its longer side scaled to `side` pixels, up at most [`MAX_ENLARGEMENT`] times.
///
/// `differ` says of two frames whether the second is worth keeping beside the first.
pub(super) fn decode_file(
    path: &Path,
    side: usize,
    differ: &dyn Fn(&Plane, &Plane) -> bool,
) -> Result<Decoded, Error> {
    let file = File::open(path).map_err(Error::Open)?;
    let size_bytes = file.metadata().map_err(Error::Open)?.len();
    if size_bytes > MAX_FILE_BYTES {
        return Err(Error::FileTooLong {
            size_bytes,
            limit_bytes: MAX_FILE_BYTES,
        });
    }
    let mut file = BufReader::new(file);
    let start = file.fill_buf().map_err(Error::Open)?;
    if heif::is_heif(start) {
        let start = start[..start.len().min(BRAND_BYTES)].to_vec();
        let (png, is_series) = heif::to_png(
            heif::FFMPEG.as_ref(),
            File::open(path).map_err(Error::Open)?,
            &start,
            MAX_DECODER_BYTES,
        )?;
        let mut decoded = guarded(Cursor::new(png), side, differ)?;
        decoded
            .notes
            .extend(is_series.then_some(ImageNote::FrameLimit { read: 1 }));
        return Ok(decoded);
    }
    guarded(file, side, differ)
}

fn guarded<R: BufRead + Seek>(
    source: R,
    side: usize,
    differ: &dyn Fn(&Plane, &Plane) -> bool,
) -> Result<Decoded, Error> {
    // The decoders are safe code, so that one which panics on a damaged file leaves nothing broken behind.
    catch_unwind(AssertUnwindSafe(|| decode(source, side, differ))).unwrap_or(Err(Error::DecoderPanicked))
}

/// The same of anything that can be read and wound back.
pub(super) fn decode<R: BufRead + Seek>(
    source: R,
    side: usize,
    differ: &dyn Fn(&Plane, &Plane) -> bool,
) -> Result<Decoded, Error> {
    let reader = ImageReader::new(source)
        .with_guessed_format()
        .map_err(Error::Open)?;
    match reader.format() {
        Some(ImageFormat::Gif) => {
            let decoder = checked(GifDecoder::new(reader.into_inner()).map_err(refused)?)?;
            moving(decoder.into_frames(), Orientation::NoTransforms, side, differ)
        }
        Some(ImageFormat::WebP) => {
            let mut decoder = checked(WebPDecoder::new(reader.into_inner()).map_err(refused)?)?;
            if decoder.has_animation() {
                let orientation = decoder.orientation().map_err(refused)?;
                moving(decoder.into_frames(), orientation, side, differ)
            } else {
                still(decoder, side)
            }
        }
        Some(ImageFormat::Png) => {
            let decoder = checked(PngDecoder::with_limits(reader.into_inner(), limits()).map_err(refused)?)?;
            if decoder.is_apng().map_err(refused)? {
                let frames = decoder.apng().map_err(refused)?.into_frames();
                moving(frames, Orientation::NoTransforms, side, differ)
            } else {
                still(decoder, side)
            }
        }
        Some(ImageFormat::Jpeg | ImageFormat::Bmp | ImageFormat::Tiff) => {
            still(checked(reader.into_decoder().map_err(refused)?)?, side)
        }
        _ => Err(Error::NotAPicture),
    }
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    limits
}

/// Refuses a picture that is too large, by its header.
fn checked<D: ImageDecoder>(mut decoder: D) -> Result<D, Error> {
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(Error::Empty);
    }
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(Error::TooLarge {
            width,
            height,
            limit_pixels: MAX_PIXELS,
        });
    }
    decoder.set_limits(limits()).map_err(refused)?;
    Ok(decoder)
}

fn refused(error: ImageError) -> Error {
    match error {
        ImageError::IoError(source) if source.kind() != std::io::ErrorKind::UnexpectedEof => {
            Error::Open(source)
        }
        ImageError::Limits(_) => Error::TakesTooMuch {
            limit_bytes: MAX_DECODER_BYTES,
        },
        ImageError::Unsupported(what) => Error::Unsupported(what.to_string()),
        other => Error::Damaged(other.to_string()),
    }
}

fn still(mut decoder: impl ImageDecoder, side: usize) -> Result<Decoded, Error> {
    // A flag that cannot be read is as good as none: the picture itself is there.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
    let plane = upright(grey(&picture, side), orientation);
    let (width, height) = turned_sides(picture.width(), picture.height(), orientation);
    Ok(Decoded {
        width,
        height,
        frames: vec![plane],
        notes: Vec::new(),
    })
}

fn moving(
    frames: Frames<'_>,
    orientation: Orientation,
    side: usize,
    differ: &dyn Fn(&Plane, &Plane) -> bool,
) -> Result<Decoded, Error> {
    let mut decoded = Decoded {
        width: 0,
        height: 0,
        frames: Vec::new(),
        notes: Vec::new(),
    };
    let mut pixels = 0;
    for (read, frame) in frames.enumerate() {
        if read == MAX_FRAMES_READ || pixels > MAX_PIXELS_READ || decoded.frames.len() == MAX_FRAMES {
            decoded.notes.push(ImageNote::FrameLimit { read: read as u64 });
            break;
        }
        let picture = match frame {
            Ok(frame) => DynamicImage::ImageRgba8(frame.into_buffer()),
            Err(e) if decoded.frames.is_empty() => return Err(refused(e)),
            Err(_) => {
                decoded.notes.push(ImageNote::CutShort);
                break;
            }
        };
        pixels += u64::from(picture.width()) * u64::from(picture.height());
        let plane = upright(grey(&picture, side), orientation);
        (decoded.width, decoded.height) = turned_sides(picture.width(), picture.height(), orientation);
        if decoded.frames.iter().all(|kept| differ(kept, &plane)) {
            decoded.frames.push(plane);
        }
    }
    if decoded.frames.is_empty() {
        return Err(Error::Empty);
    }
    Ok(decoded)
}

/// Luminance as Rec. 709 weighs it, the longer side scaled to `side` pixels, enlarged at most [`MAX_ENLARGEMENT`] times.
fn grey(picture: &DynamicImage, side: usize) -> Plane {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    // Large pictures are averaged over whole blocks first, so that no plane of their full size is ever made.
    let block = (width.max(height) / (2 * side)).max(1);
    let mut small = Plane::new(width.div_ceil(block), height.div_ceil(block));
    match picture {
        DynamicImage::ImageRgb8(rgb) => fill(&mut small, rgb.as_raw(), width, block, |p: &[u8; 3]| {
            luminance(*p)
        }),
        DynamicImage::ImageLuma8(luma) => fill(&mut small, luma.as_raw(), width, block, |[p]: &[u8; 1]| {
            u32::from(*p) << 8
        }),
        other if other.color().has_alpha() => {
            let rgba = other.to_rgba8();
            fill(
                &mut small,
                rgba.as_raw(),
                width,
                block,
                |[r, g, b, a]: &[u8; 4]| {
                    let a = u32::from(*a);
                    (luminance([*r, *g, *b]) * a + (255 << 8) * (255 - a)) / 255
                },
            );
        }
        other => {
            let rgb = other.to_rgb8();
            fill(&mut small, rgb.as_raw(), width, block, |p: &[u8; 3]| {
                luminance(*p)
            });
        }
    }
    let factor = (side as f64 / width.max(height) as f64).min(MAX_ENLARGEMENT);
    let scaled = |length: usize| ((length as f64 * factor).round() as usize).max(1);
    small.resized(scaled(width), scaled(height))
}

/// A small picture is enlarged no more than this: between its pixels there is nothing to find.
const MAX_ENLARGEMENT: f64 = 3.0;

/// 256 times the luminance.
fn luminance([r, g, b]: [u8; 3]) -> u32 {
    54 * u32::from(r) + 183 * u32::from(g) + 19 * u32::from(b)
}

/// Means over blocks of `block` × `block` pixels of `N` bytes, the last ones possibly smaller.
fn fill<const N: usize>(
    out: &mut Plane,
    bytes: &[u8],
    width: usize,
    block: usize,
    value: impl Fn(&[u8; N]) -> u32,
) {
    let mut sums = vec![0u64; out.width];
    for (rows, target) in bytes
        .chunks(width * N * block)
        .zip(out.pixels.chunks_exact_mut(out.width))
    {
        sums.fill(0);
        for row in rows.chunks_exact(width * N) {
            let (pixels, _) = row.as_chunks::<N>();
            for (sum, pixels) in sums.iter_mut().zip(pixels.chunks(block)) {
                *sum += pixels.iter().map(|p| u64::from(value(p))).sum::<u64>();
            }
        }
        let lines = rows.len() / (width * N);
        for (i, (pixel, sum)) in target.iter_mut().zip(&sums).enumerate() {
            let columns = block.min(width - i * block);
            *pixel = *sum as f32 / (lines * columns) as f32 / (255.0 * 256.0);
        }
    }
}

fn turned_sides(width: u32, height: u32, orientation: Orientation) -> (u32, u32) {
    if swaps_sides(orientation) {
        (height, width)
    } else {
        (width, height)
    }
}

fn swaps_sides(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

/// Turns a plane as the flag of the camera asks.
fn upright(plane: Plane, orientation: Orientation) -> Plane {
    let (w, h) = (plane.width, plane.height);
    let from: fn(usize, usize, usize, usize) -> (usize, usize) = match orientation {
        Orientation::NoTransforms => return plane,
        Orientation::FlipHorizontal => |x, y, w, _| (w - 1 - x, y),
        Orientation::Rotate180 => |x, y, w, h| (w - 1 - x, h - 1 - y),
        Orientation::FlipVertical => |x, y, _, h| (x, h - 1 - y),
        Orientation::Rotate90FlipH => |x, y, _, _| (y, x),
        Orientation::Rotate90 => |x, y, _, h| (y, h - 1 - x),
        Orientation::Rotate270FlipH => |x, y, w, h| (w - 1 - y, h - 1 - x),
        Orientation::Rotate270 => |x, y, w, _| (w - 1 - y, x),
    };
    let mut out = if swaps_sides(orientation) {
        Plane::new(h, w)
    } else {
        Plane::new(w, h)
    };
    let width = out.width;
    for (i, value) in out.pixels.iter_mut().enumerate() {
        let (x, y) = from(i % width, i / width, w, h);
        *value = plane.at(x, y);
    }
    out
}
