//! Rows of text: comma, semicolon or tab between cells (RFC 4180 for the rest), in UTF-8, UTF-16 or GB18030.

use super::source::{MAX_CELL_CHARS, MAX_ROW_BYTES, Row, Trouble, on_line};
use app::backend::imports::MAX_COLUMNS;
use app::error::Invalid;
use csv_core::{ReadRecordResult, ReaderBuilder};
use encoding_rs::{CoderResult, Decoder, DecoderResult, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

/// Bytes that are looked at to tell a file's kind.
const HEAD_BYTES: u64 = 4096;

/// Bytes read at a time.
const BLOCK: usize = 64 * 1024;

/// What may stand between cells, the likeliest first.
const DELIMITERS: [u8; 3] = *b",;\t";

/// The first bytes of a file.
pub(super) fn head<F: Read + Seek>(file: &mut F) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(0))?;
    let mut head = Vec::new();
    file.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(head)
}

/// The encoding in which all of a file is text.
pub(super) fn encoding_of<F: Read + Seek>(file: &mut F, head: &[u8]) -> Result<&'static Encoding, Trouble> {
    let marked = Encoding::for_bom(head).map(|(encoding, _)| encoding);
    let guessed = marked.or_else(|| utf_16_by_zeros(head));
    let candidates: &[&'static Encoding] = match &guessed {
        Some(one) => std::slice::from_ref(one),
        None => &[UTF_8, GB18030],
    };
    for encoding in candidates {
        if is_text_in(file, encoding)? {
            return Ok(encoding);
        }
    }
    Err(Invalid::FileEncoding.into())
}

/// UTF-16 without a mark shows in zeros at every other place, which heads of lists, ASCII for the most part, have.
fn utf_16_by_zeros(head: &[u8]) -> Option<&'static Encoding> {
    let zeros = |parity| head.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    let many = head.len() / 2 / 4;
    match () {
        () if second > many && first <= many / 8 => Some(UTF_16LE),
        () if first > many && second <= many / 8 => Some(UTF_16BE),
        () => None,
    }
}

fn is_text_in<F: Read + Seek>(file: &mut F, encoding: &'static Encoding) -> Result<bool, Trouble> {
    file.seek(SeekFrom::Start(0))?;
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let (mut bytes, mut text) = (vec![0; BLOCK], vec![0; BLOCK]);
    loop {
        let count = file.read(&mut bytes)?;
        let mut block = &bytes[..count];
        loop {
            let (result, read, written) = decoder.decode_to_utf8_without_replacement(block, &mut text, count == 0);
            if text[..written].contains(&0) {
                return Ok(false);
            }
            block = &block[read..];
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => return Ok(false),
            }
        }
        if count == 0 {
            return Ok(true);
        }
    }
}

/// What stands between the cells: what the first line has most of, outside of quotes.
pub(super) fn delimiter_of<F: Read + Seek>(file: &mut F, encoding: &'static Encoding) -> Result<u8, Trouble> {
    file.seek(SeekFrom::Start(0))?;
    let mut text = Vec::new();
    Decoded::of(file.by_ref(), encoding)
        .take(BLOCK as u64)
        .read_to_end(&mut text)?;
    let mut counts = [0_usize; DELIMITERS.len()];
    let (mut quoted, mut filled) = (false, false);
    for byte in text {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted && filled => break,
            byte if !quoted => {
                if let Some(place) = DELIMITERS.iter().position(|delimiter| *delimiter == byte) {
                    counts[place] += 1;
                }
            }
            _ => {}
        }
        filled |= !byte.is_ascii_whitespace();
    }
    let most = counts.iter().max().copied().unwrap_or_default();
    let place = counts.iter().position(|count| *count == most).unwrap_or_default();
    Ok(DELIMITERS[place])
}

/// A text as UTF-8, without its mark.
struct Decoded<R> {
    source: R,
    /// Gone when the text has ended.
    decoder: Option<Decoder>,
    bytes: Vec<u8>,
    from: usize,
    until: usize,
    text: Vec<u8>,
    text_from: usize,
    text_until: usize,
}

impl<R: Read> Decoded<R> {
    fn of(source: R, encoding: &'static Encoding) -> Self {
        Self {
            source,
            decoder: Some(encoding.new_decoder_with_bom_removal()),
            bytes: vec![0; BLOCK],
            from: 0,
            until: 0,
            text: vec![0; BLOCK],
            text_from: 0,
            text_until: 0,
        }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.text_from == self.text_until {
            let Some(decoder) = &mut self.decoder else {
                return Ok(0);
            };
            let mut ended = false;
            if self.from == self.until {
                self.from = 0;
                self.until = self.source.read(&mut self.bytes)?;
                ended = self.until == 0;
            }
            let (result, read, written, _replaced) =
                decoder.decode_to_utf8(&self.bytes[self.from..self.until], &mut self.text, ended);
            self.from += read;
            (self.text_from, self.text_until) = (0, written);
            if ended && result == CoderResult::InputEmpty {
                self.decoder = None;
            }
        }
        let count = into.len().min(self.text_until - self.text_from);
        into[..count].copy_from_slice(&self.text[self.text_from..self.text_from + count]);
        self.text_from += count;
        Ok(count)
    }
}

/// Counts lines as an editor does: a carriage return, a line feed, or both together end one.
#[derive(Default)]
struct Lines {
    ended: u64,
    after_return: bool,
}

impl Lines {
    fn pass(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' if self.after_return => {}
                b'\n' | b'\r' => self.ended += 1,
                _ => {}
            }
            self.after_return = *byte == b'\r';
        }
    }

    fn current(&self) -> u64 {
        self.ended + 1
    }
}

/// Reads the rows of a text.
pub(super) fn read<R: Read>(
    source: R,
    encoding: &'static Encoding,
    delimiter: u8,
    take: &mut dyn FnMut(Row) -> ControlFlow<()>,
) -> Result<(), Trouble> {
    let mut source = Decoded::of(source, encoding);
    let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
    let mut lines = Lines::default();
    let mut block = vec![0; BLOCK];
    let (mut from, mut until) = (0, 0);
    let mut text = vec![0; BLOCK];
    let mut ends = vec![0; MAX_COLUMNS + 1];
    let (mut written, mut cells) = (0, 0);
    // The line on which the row begins, once it has.
    let mut line = None;
    loop {
        if from == until {
            from = 0;
            until = source.read(&mut block)?;
        }
        if line.is_none() {
            let blank = block[from..until]
                .iter()
                .take_while(|byte| matches!(byte, b'\n' | b'\r'));
            let blank = blank.count();
            lines.pass(&block[from..from + blank]);
            from += blank;
            if from == until && until > 0 {
                continue;
            }
            line = Some(lines.current());
        }
        let at = line.unwrap_or_default();
        let (result, read, wrote, ended) =
            reader.read_record(&block[from..until], &mut text[written..], &mut ends[cells..]);
        lines.pass(&block[from..from + read]);
        from += read;
        written += wrote;
        cells += ended;
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputFull if text.len() < MAX_ROW_BYTES => text.resize(text.len() * 2, 0),
            ReadRecordResult::OutputFull => return Err(on_line(Invalid::FileCell, at)),
            ReadRecordResult::OutputEndsFull => return Err(on_line(Invalid::FileTooWide, at)),
            ReadRecordResult::Record => {
                let row = row(at, &text[..written], &ends[..cells])?;
                (written, cells, line) = (0, 0, None);
                if take(row).is_break() {
                    return Ok(());
                }
            }
            ReadRecordResult::End => return Ok(()),
        }
    }
}

fn row(line: u64, text: &[u8], ends: &[usize]) -> Result<Row, Trouble> {
    if ends.len() > MAX_COLUMNS {
        return Err(on_line(Invalid::FileTooWide, line));
    }
    let mut from = 0;
    let mut cells = Vec::with_capacity(ends.len());
    for end in ends {
        let cell = String::from_utf8_lossy(&text[from..*end]);
        if cell.len() > MAX_CELL_CHARS && cell.chars().count() > MAX_CELL_CHARS {
            return Err(on_line(Invalid::FileCell, line));
        }
        cells.push(cell.into_owned());
        from = *end;
    }
    Ok(Row {
        line,
        cells,
        odd: Vec::new(),
    })
}
