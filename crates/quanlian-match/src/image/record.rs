//! Records: what the index keeps about a picture beside its postings, to verify on.
//!
//! In:  the frames of a picture with their features.
//! Out: bytes; and from bytes, frames again.
//!
//! Invariant: reading never trusts a length, so that foreign bytes give `None` and no panic; but whether the bytes are
//! those that were written is for the caller to know, who keeps a checksum.
//!
//! # Layout (little endian)
//! A byte with the number of frames. For each frame: width and height of the plane (2 + 2), quality (1), hash (32),
//! thumbnail ([`THUMB_PIXELS`]), number of features (2), and for each feature x, y (2 + 2), size (1), angle (1),
//! sketch (16).
//!
//! Not here: where records lie (`collection`).

use std::f32::consts::TAU;

use super::feature::Feature;
use super::hash::Hash;
use super::plane::Plane;

/// Side of the thumbnail, whatever the shape of the picture.
pub(super) const THUMB_SIDE: usize = 32;
/// Bytes of the thumbnail.
pub(super) const THUMB_PIXELS: usize = THUMB_SIDE * THUMB_SIDE;
/// Steps of the logarithm of a size to the base of two.
const SIGMA_STEPS: f32 = 24.0;
/// Logarithm of the smallest size that can be told, in long sides.
const MIN_LOG_SIGMA: f32 = -10.5;

/// A described spot of a work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mark {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) log_sigma: f32,
    pub(super) angle: f32,
    pub(super) sketch: u128,
}

/// One frame of a work.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frame {
    /// Sides in long sides, so that the longer one is 1.
    pub(super) sides: [f32; 2],
    pub(super) quality: u8,
    pub(super) hash: Hash,
    pub(super) thumb: Vec<u8>,
    pub(super) marks: Vec<Mark>,
}

/// A small grey picture of everything.
pub(super) fn thumb(plane: &Plane) -> Vec<u8> {
    let small = plane.resized(THUMB_SIDE, THUMB_SIDE);
    small.pixels.iter().map(|p| (p * 255.0).round() as u8).collect()
}

/// Starts a record of so many frames.
pub(super) fn start(frames: usize) -> Vec<u8> {
    vec![u8::try_from(frames).expect("frames are bounded far below 256")]
}

/// Adds a frame to a record.
pub(super) fn push(out: &mut Vec<u8>, plane: &Plane, quality: u8, hash: &Hash, features: &[Feature]) {
    out.extend((plane.width as u16).to_le_bytes());
    out.extend((plane.height as u16).to_le_bytes());
    out.push(quality);
    for word in hash {
        out.extend(word.to_le_bytes());
    }
    out.extend(thumb(plane));
    out.extend((features.len() as u16).to_le_bytes());
    for f in features {
        out.extend(fixed(f.x).to_le_bytes());
        out.extend(fixed(f.y).to_le_bytes());
        out.push(((f.sigma.log2() - MIN_LOG_SIGMA) * SIGMA_STEPS).round() as u8);
        out.push((f.angle / TAU * 256.0) as u8);
        out.extend(f.sketch.to_le_bytes());
    }
}

fn fixed(value: f32) -> u16 {
    (value * f32::from(u16::MAX)).round() as u16
}

/// Reads a whole record; `None` when it is none.
pub(super) fn read(mut bytes: &[u8]) -> Option<Vec<Frame>> {
    let bytes = &mut bytes;
    let [count] = take(bytes)?;
    let frames = (0..count)
        .map(|_| read_frame(bytes))
        .collect::<Option<Vec<_>>>()?;
    bytes.is_empty().then_some(frames)
}

fn read_frame(bytes: &mut &[u8]) -> Option<Frame> {
    let width = f32::from(u16::from_le_bytes(take(bytes)?).max(1));
    let height = f32::from(u16::from_le_bytes(take(bytes)?).max(1));
    let long = width.max(height);
    let [quality] = take(bytes)?;
    let hash = read_hash(bytes)?;
    let thumb = take::<THUMB_PIXELS>(bytes)?.to_vec();
    let count = u16::from_le_bytes(take(bytes)?);
    let marks = (0..count).map(|_| read_mark(bytes)).collect::<Option<Vec<_>>>()?;
    Some(Frame {
        sides: [width / long, height / long],
        quality,
        hash,
        thumb,
        marks,
    })
}

fn read_hash(bytes: &mut &[u8]) -> Option<Hash> {
    let mut hash = [0; 4];
    for word in &mut hash {
        *word = u64::from_le_bytes(take(bytes)?);
    }
    Some(hash)
}

fn read_mark(bytes: &mut &[u8]) -> Option<Mark> {
    let place = |bytes: [u8; 2]| f32::from(u16::from_le_bytes(bytes)) / f32::from(u16::MAX);
    let (x, y) = (place(take(bytes)?), place(take(bytes)?));
    let [sigma, angle] = take(bytes)?;
    Some(Mark {
        x,
        y,
        log_sigma: f32::from(sigma) / SIGMA_STEPS + MIN_LOG_SIGMA,
        angle: (f32::from(angle) + 0.5) / 256.0 * TAU,
        sketch: u128::from_le_bytes(take(bytes)?),
    })
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_record_comes_back_as_it_was() {
        let plane = Plane::new(40, 20);
        let feature = Feature {
            x: 0.25,
            y: 0.1,
            sigma: 0.01,
            angle: 3.0,
            sketch: u128::MAX / 3,
            margins: [0.0; 128],
        };
        let mut bytes = start(2);
        push(
            &mut bytes,
            &plane,
            7,
            &[1, 2, 3, 4],
            std::slice::from_ref(&feature),
        );
        push(&mut bytes, &plane, 9, &[5, 6, 7, 8], &[]);
        let frames = read(&bytes).expect("a record");
        assert_eq!([frames[0].hash, frames[1].hash], [[1, 2, 3, 4], [5, 6, 7, 8]]);
        assert_eq!((frames.len(), frames[0].quality, frames[1].quality), (2, 7, 9));
        assert!((frames[0].sides[0] - 1.0).abs() + (frames[0].sides[1] - 0.5).abs() < 1e-6);
        let mark = frames[0].marks[0];
        assert!((mark.x - 0.25).abs() < 1e-4 && (mark.angle - 3.0).abs() < 0.02);
        assert!((mark.log_sigma - feature.sigma.log2()).abs() < 0.03);
        assert_eq!(mark.sketch, feature.sketch);
    }

    proptest! {
        #[test]
        fn foreign_bytes_are_no_record_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..3000), cut in any::<prop::sample::Index>()) {
            read(&bytes);
            let mut good = start(1);
            push(&mut good, &Plane::new(3, 3), 0, &[0; 4], &[]);
            prop_assert!(read(&good[..cut.index(good.len())]).is_none());
        }
    }
}
