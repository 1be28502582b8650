//! Segments of the match index whose checksums fit whatever else they hold, so that what they guard is reached.

use quanlian_match::segment::PAGE_BYTES;

/// Length of the header of a segment; its last four bytes are its checksum.
const HEADER_BYTES: usize = 256;
const CRC_AT: usize = HEADER_BYTES - 4;
/// Bytes of an entry of the bucket table.
const OFFSET_BYTES: usize = 5;
/// More bits for buckets would make every input long.
const MAX_BUCKET_BITS: u8 = 11;
/// Bytes behind the last record of a packed segment.
const PADDING_BYTES: usize = 8;
/// Widest record of a packed segment.
const MAX_RECORD_BITS: u32 = 57;

/// Keys that are asked for: a few of each width.
pub const KEYS: [u64; 6] = [0, 1, 255, 65_535, 1 << 20, u64::MAX];

/// The bytes of a segment, with lengths and checksums in the header that fit the body, and the checksums behind it.
pub fn made_good(bytes: &[u8]) -> Vec<u8> {
    let Some((header, body)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        return bytes.to_vec();
    };
    let mut header = *header;
    let Some(data_bytes) = body.len().checked_sub(bucket_table_bytes(&mut header)) else {
        return bytes.to_vec();
    };
    header[40..48].copy_from_slice(&(data_bytes as u64).to_le_bytes());
    summed(header, body, 48)
}

/// The same of a packed segment.
pub fn made_good_packed(bytes: &[u8]) -> Vec<u8> {
    let Some((header, body)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        return bytes.to_vec();
    };
    let mut header = *header;
    let table_bytes = bucket_table_bytes(&mut header);
    let key_bits = 8 + u32::from(header[12]) % 57;
    let rest_bits = key_bits - u32::from(header[16]).min(key_bits);
    let place_bits = 1 + u32::from(header[20]) % MAX_RECORD_BITS.saturating_sub(rest_bits).max(1);
    header[12..16].copy_from_slice(&key_bits.to_le_bytes());
    header[20..24].copy_from_slice(&place_bits.to_le_bytes());
    let Some(most_bits) = body
        .len()
        .checked_sub(table_bytes + PADDING_BYTES)
        .map(|bytes| 8 * bytes as u64)
    else {
        return bytes.to_vec();
    };
    let record_bits = u64::from(rest_bits + place_bits);
    let records = most_bits / record_bits;
    header[32..40].copy_from_slice(&records.to_le_bytes());
    let records_bytes = (records * record_bits).div_ceil(8) as usize + PADDING_BYTES;
    let table = &body[body.len() - table_bytes..];
    summed(header, &[&body[..records_bytes], table].concat(), 28)
}

/// Bounds the bits for buckets, and says how long their table is.
fn bucket_table_bytes(header: &mut [u8; HEADER_BYTES]) -> usize {
    let bits = header[16] % (MAX_BUCKET_BITS + 1);
    header[16..20].copy_from_slice(&u32::from(bits).to_le_bytes());
    ((1_usize << bits) + 1) * OFFSET_BYTES
}

/// Header, body and page table; the checksum of that stands in the header at `sum_at`.
fn summed(mut header: [u8; HEADER_BYTES], body: &[u8], sum_at: usize) -> Vec<u8> {
    let sums: Vec<u8> = body
        .chunks(PAGE_BYTES)
        .flat_map(|page| crc32fast::hash(page).to_le_bytes())
        .collect();
    header[sum_at..sum_at + 4].copy_from_slice(&crc32fast::hash(&sums).to_le_bytes());
    let crc = crc32fast::hash(&header[..CRC_AT]);
    header[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
    [&header[..], body, &sums].concat()
}
