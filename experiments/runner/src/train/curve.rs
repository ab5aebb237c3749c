//! What a course of learning saw, generation by generation, and the forms in which it is left: text, and event files of TensorBoard.
//!
//! An event file is a row of records of TensorFlow (`TFRecord`), each an `Event` in the wire format of protocol buffers:
//!
//! ```text
//!   record  = length u64 | masked checksum of the length u32 | event | masked checksum of the event u32        little-endian
//!   masked  = (c >> 15 | c << 17) + 0xa282ead8        c: CRC-32C
//!   Event   = 1: wall time f64, 2: step varint, 3: version text (the first event alone), 5: Summary
//!   Summary = 1: Value, for each number      Value = 1: tag text, 2: number f32
//! ```
//!
//! Wall time is the number of the generation, in seconds, so that a training leaves the same bytes each time.

use results::CurvePoint;

/// A row for each generation, and a number, or none, for each of the columns.
pub(super) struct Curve {
    columns: &'static [&'static str],
    rows: Vec<(u64, Vec<Option<f64>>)>,
}

impl Curve {
    /// Without rows. `training` and `validation` come first.
    pub(super) fn new(columns: &'static [&'static str]) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a generation; what is not said at the end of the row is nothing.
    pub(super) fn push(&mut self, generation: u64, mut row: Vec<Option<f64>>) {
        row.resize(self.columns.len(), None);
        self.rows.push((generation, row));
    }

    /// As text, a line for each generation below the names; nothing is an empty cell.
    pub(super) fn csv(&self) -> String {
        let mut text = format!("generation,{}\n", self.columns.join(","));
        for (generation, row) in &self.rows {
            text.push_str(&generation.to_string());
            for number in row {
                text.push(',');
                text.extend(number.map(|number| number.to_string()));
            }
            text.push('\n');
        }
        text
    }

    /// Every number with what it is.
    pub(super) fn points(&self, seed: u64) -> impl Iterator<Item = CurvePoint> {
        let of_row = move |(generation, row): &(u64, Vec<Option<f64>>)| {
            let named = self.columns.iter().zip(row.clone());
            let generation = *generation;
            named.filter_map(move |(measure, value)| {
                Some(CurvePoint { seed, generation, measure: (*measure).to_owned(), value: value? })
            })
        };
        self.rows.iter().flat_map(of_row)
    }

    /// As an event file.
    pub(super) fn events(&self) -> Vec<u8> {
        let mut file = Vec::new();
        record(&mut file, &event(0, &field(3, b"brain.Event:2")));
        for (generation, row) in &self.rows {
            let mut summary = Vec::new();
            for (name, number) in self.columns.iter().zip(row) {
                let Some(number) = number else { continue };
                let mut value = field(1, name.as_bytes());
                value.push(2 << 3 | FIXED_32);
                value.extend((*number as f32).to_le_bytes());
                summary.extend(field(1, &value));
            }
            record(&mut file, &event(*generation, &field(5, &summary)));
        }
        file
    }
}

// Types of fields on the wire.
const VARINT: u8 = 0;
const FIXED_64: u8 = 1;
const BYTES: u8 = 2;
const FIXED_32: u8 = 5;

fn event(generation: u64, what: &[u8]) -> Vec<u8> {
    let mut event = vec![1 << 3 | FIXED_64];
    event.extend((generation as f64).to_le_bytes());
    event.push(2 << 3 | VARINT);
    event.extend(varint(generation));
    event.extend(what);
    event
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | BYTES];
    field.extend(varint(bytes.len() as u64));
    field.extend(bytes);
    field
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn record(file: &mut Vec<u8>, event: &[u8]) {
    let length = (event.len() as u64).to_le_bytes();
    file.extend(length);
    file.extend(masked(&length).to_le_bytes());
    file.extend(event);
    file.extend(masked(event).to_le_bytes());
}

fn masked(bytes: &[u8]) -> u32 {
    crc_32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The checksum of Castagnoli (RFC 3720, appendix B.4), a bit at a time: files are small.
fn crc_32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
    !bytes.iter().fold(u32::MAX, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve() -> Curve {
        let mut curve = Curve::new(&["training", "validation"]);
        curve.push(1, vec![Some(0.5)]);
        curve.push(300, vec![Some(0.25), Some(2.0)]);
        curve
    }

    /// RFC 3720, appendix B.4: 32 bytes of 0, and 32 of 1; and the usual check of nine digits.
    #[test]
    fn checksums_are_those_of_the_standard() {
        assert_eq!(crc_32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc_32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc_32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn text_and_points_say_the_same() {
        assert_eq!(curve().csv(), "generation,training,validation\n1,0.5,\n300,0.25,2\n");
        let points: Vec<CurvePoint> = curve().points(7).collect();
        let said: Vec<_> = points.iter().map(|p| (p.seed, p.generation, &*p.measure, p.value)).collect();
        assert_eq!(said, [(7, 1, "training", 0.5), (7, 300, "training", 0.25), (7, 300, "validation", 2.0)]);
    }

    /// Byte by byte: the version, then 0.5 at step 1, then 0.25 and 2 at step 300 = 0b10_0101100, in single precision.
    #[test]
    fn an_event_file_by_hand() {
        let mut rest = &curve().events()[..];
        let mut events = Vec::new();
        while !rest.is_empty() {
            let (length, after) = rest.split_at(8);
            let count = u64::from_le_bytes(length.try_into().expect("eight bytes")) as usize;
            assert_eq!(after[..4], masked(length).to_le_bytes());
            let event = &after[4..4 + count];
            assert_eq!(after[4 + count..8 + count], masked(event).to_le_bytes());
            events.push(event.to_vec());
            rest = &after[8 + count..];
        }
        let begin =
            |generation: f64, step: &[u8]| [&[9], &generation.to_le_bytes()[..], &[16], step].concat();
        let value = |name: &[u8], number: f32| {
            let inner = [&[10, name.len() as u8], name, &[21], &number.to_le_bytes()].concat();
            [&[10, inner.len() as u8], &inner[..]].concat()
        };
        let summary = |values: &[Vec<u8>]| {
            let all = values.concat();
            [&[42, all.len() as u8], &all[..]].concat()
        };
        let expected = [
            [begin(0.0, &[0]), [&[26, 13], &b"brain.Event:2"[..]].concat()].concat(),
            [begin(1.0, &[1]), summary(&[value(b"training", 0.5)])].concat(),
            [begin(300.0, &[0xac, 2]), summary(&[value(b"training", 0.25), value(b"validation", 2.0)])]
                .concat(),
        ];
        assert_eq!(events, expected);
    }
}
