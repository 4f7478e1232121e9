//! From the bytes of a file to rows that are right by themselves.

use crate::services::failure::Failure;
use app::backend::imports::{RowError, RowFault};
use app::domain::{Manufacturer, MerchantNo, Name, NameError, SerialNumber, SerialNumberError};
use app::error::Invalid;
use csv::StringRecord;

/// Characters of a cell that an error quotes.
const FOUND_CHARS: usize = 80;

/// Most characters of a firmware and of a note.
const FIRMWARE_CHARS: usize = 64;
const NOTE_CHARS: usize = 500;
const MODEL_CHARS: usize = 40;

/// The columns that are looked for, in English and Chinese. Others are passed over.
const HEADINGS: [(Column, &[&str]); 8] = [
    (
        Column::Sn,
        &["sn", "serial number", "序列号", "终端序列号", "设备序列号"],
    ),
    (Column::Manufacturer, &["manufacturer", "厂商", "生产厂商"]),
    (Column::Model, &["model", "型号", "终端型号"]),
    (Column::Name, &["name", "终端名称", "设备名称", "名称"]),
    (
        Column::MerchantNo,
        &["merchant_no", "merchant no", "商户编号", "商户号"],
    ),
    (Column::Store, &["store", "门店", "门店名称"]),
    (Column::Firmware, &["firmware", "固件版本", "固件"]),
    (Column::Note, &["note", "备注"]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Sn,
    Manufacturer,
    Model,
    Name,
    MerchantNo,
    Store,
    Firmware,
    Note,
}

/// A row whose cells are right, each by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GoodRow {
    pub(super) line: u64,
    pub(super) sn: SerialNumber,
    pub(super) sn_printed: String,
    pub(super) manufacturer: Manufacturer,
    pub(super) model: String,
    pub(super) name: Option<Name>,
    pub(super) merchant_no: Option<String>,
    pub(super) store: Option<Name>,
    pub(super) firmware: Option<String>,
    pub(super) note: Option<String>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReadFile {
    pub(super) rows_total: i64,
    pub(super) rows: Vec<GoodRow>,
    pub(super) errors: Vec<RowError>,
    /// The file's own headings of the columns that later checks speak of.
    pub(super) sn_heading: String,
    pub(super) merchant_heading: Option<String>,
}

struct Layout {
    places: [Option<usize>; HEADINGS.len()],
    headings: StringRecord,
}

impl Layout {
    fn of(headings: StringRecord) -> Result<Self, Invalid> {
        let places = HEADINGS.map(|(_, names)| {
            headings
                .iter()
                .position(|heading| names.contains(&heading.trim().to_lowercase().as_str()))
        });
        let layout = Self { places, headings };
        let needed = [Column::Sn, Column::Manufacturer, Column::Model];
        if needed.iter().any(|column| layout.place(*column).is_none()) {
            return Err(Invalid::FileHeadings);
        }
        Ok(layout)
    }

    fn place(&self, column: Column) -> Option<usize> {
        let index = HEADINGS.iter().position(|(known, _)| *known == column)?;
        self.places[index]
    }

    fn heading(&self, column: Column) -> Option<String> {
        self.headings
            .get(self.place(column)?)
            .map(|heading| heading.trim().to_owned())
    }
}

/// Counts the lines of a text on the way through it. The reader's own count is one less after a carriage return, since
/// it ends a record there and passes over the line feed with the next.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            at: 0,
            line: 1,
        }
    }

    /// The line of the first character at or after `byte` that ends no line; `byte` must not go back.
    fn line_at(&mut self, byte: u64) -> u64 {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX);
        while let Some(current) = self.bytes.get(self.at) {
            let ends_line = match current {
                b'\n' => true,
                b'\r' => self.bytes.get(self.at + 1) != Some(&b'\n'),
                _ if self.at >= byte => break,
                _ => false,
            };
            self.line += u64::from(ends_line);
            self.at += 1;
        }
        self.line
    }
}

/// Reads a CSV file (RFC 4180) in UTF-8, with or without a byte-order mark.
pub(super) fn read(bytes: &[u8]) -> Result<ReadFile, Failure> {
    let text = std::str::from_utf8(bytes).map_err(|_| Invalid::FileNotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(Invalid::FileMissing.into());
    }
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let headings = reader.headers().map_err(|_| Invalid::FileHeadings)?.clone();
    let layout = Layout::of(headings)?;
    let mut file = ReadFile {
        rows_total: 0,
        rows: Vec::new(),
        errors: Vec::new(),
        sn_heading: layout.heading(Column::Sn).unwrap_or_default(),
        merchant_heading: layout.heading(Column::MerchantNo),
    };
    let mut lines = Lines::of(text);
    for record in reader.records() {
        let record = record.map_err(|_| Invalid::FileNotUtf8)?;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        file.rows_total += 1;
        let line = lines.line_at(record.position().map_or(0, csv::Position::byte));
        match row(&layout, &record, line) {
            Ok(row) => file.rows.push(row),
            Err(errors) => file.errors.extend(errors),
        }
    }
    Ok(file)
}

fn row(layout: &Layout, record: &StringRecord, line: u64) -> Result<GoodRow, Vec<RowError>> {
    if record.len() != layout.headings.len() {
        let found = record.iter().collect::<Vec<_>>().join(",");
        return Err(vec![RowError {
            line,
            column: None,
            fault: RowFault::ColumnCount,
            found: Some(quoted(&found)),
        }]);
    }
    let cell = |column| {
        let place = layout.place(column);
        unguarded(place.and_then(|place| record.get(place)).unwrap_or("").trim())
    };
    let mut errors = Vec::new();
    let mut check = |column: Column, checked: Result<(), RowFault>| {
        if let Err(fault) = checked {
            errors.push(RowError {
                line,
                column: layout.heading(column),
                fault,
                found: Some(cell(column)).filter(|found| !found.is_empty()).map(quoted),
            });
        }
    };
    let given = |column| Some(cell(column)).filter(|text| !text.is_empty());
    let sn = SerialNumber::parse(cell(Column::Sn)).map_err(sn_fault);
    check(Column::Sn, sn.as_ref().map(|_| ()).map_err(|fault| *fault));
    let manufacturer = Manufacturer::parse(cell(Column::Manufacturer)).map_err(|_| RowFault::Manufacturer);
    check(
        Column::Manufacturer,
        manufacturer.as_ref().map(|_| ()).map_err(|fault| *fault),
    );
    let model = cell(Column::Model);
    check(
        Column::Model,
        plain(model, 1, MODEL_CHARS).map_err(|()| RowFault::Model),
    );
    let name = given(Column::Name).map(Name::parse).transpose().map_err(name_fault);
    check(Column::Name, name.as_ref().map(|_| ()).map_err(|fault| *fault));
    let merchant_no = given(Column::MerchantNo).map(MerchantNo::parse).transpose();
    check(
        Column::MerchantNo,
        merchant_no.as_ref().map(|_| ()).map_err(|_| RowFault::MerchantUnknown),
    );
    let store = given(Column::Store)
        .map(Name::parse)
        .transpose()
        .map_err(|_| RowFault::Store);
    let homeless = given(Column::Store).is_some() && given(Column::MerchantNo).is_none();
    check(
        Column::Store,
        store
            .as_ref()
            .map(|_| ())
            .map_err(|fault| *fault)
            .and(if homeless { Err(RowFault::Store) } else { Ok(()) }),
    );
    for (column, most) in [(Column::Firmware, FIRMWARE_CHARS), (Column::Note, NOTE_CHARS)] {
        check(column, plain(cell(column), 0, most).map_err(|()| RowFault::Text));
    }
    match (sn, manufacturer, name, merchant_no, store) {
        (Ok(sn), Ok(manufacturer), Ok(name), Ok(merchant_no), Ok(store)) if errors.is_empty() => Ok(GoodRow {
            line,
            sn,
            sn_printed: cell(Column::Sn).to_owned(),
            manufacturer,
            model: model.to_owned(),
            name,
            merchant_no: merchant_no.map(|number| number.as_str().to_owned()),
            store,
            firmware: given(Column::Firmware).map(str::to_owned),
            note: given(Column::Note).map(str::to_owned),
        }),
        _ => Err(errors),
    }
}

/// A cell without the apostrophe that an export puts before what a spreadsheet would take for a formula.
fn unguarded(cell: &str) -> &str {
    let guarded = cell
        .strip_prefix('\'')
        .filter(|rest| rest.starts_with(['=', '+', '-', '@']));
    guarded.unwrap_or(cell)
}

fn plain(text: &str, fewest: usize, most: usize) -> Result<(), ()> {
    let fits = (fewest..=most).contains(&text.chars().count());
    if fits && !text.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(())
    }
}

fn sn_fault(error: SerialNumberError) -> RowFault {
    match error {
        SerialNumberError::Empty => RowFault::SnMissing,
        SerialNumberError::Character(_) => RowFault::SnCharacter,
        SerialNumberError::TooShort(_) => RowFault::SnTooShort,
        SerialNumberError::TooLong(_) => RowFault::SnTooLong,
    }
}

fn name_fault(error: NameError) -> RowFault {
    match error {
        NameError::Length(_) => RowFault::NameTooLong,
        NameError::Character(_) => RowFault::NameCharacter,
        NameError::Formula(_) => RowFault::NameFormula,
    }
}

/// A cell as an error quotes it, which need not be the whole of a long one.
pub(super) fn quoted(text: &str) -> String {
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let more = text.chars().nth(FOUND_CHARS).map(|_| '…');
    text.chars().take(FOUND_CHARS).map(shown).chain(more).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: &str = "sn,manufacturer,model,name,merchant_no,store\n";

    fn errors(body: &str) -> Vec<(u64, Option<String>, RowFault)> {
        let file = read(format!("{HEAD}{body}").as_bytes()).unwrap();
        file.errors.into_iter().map(|e| (e.line, e.column, e.fault)).collect()
    }

    #[test]
    fn every_fault_of_a_row_is_told_with_its_column() {
        let sn = |fault| (2, Some("sn".to_owned()), fault);
        assert_eq!(errors(",PAX,S90,,,\n"), [sn(RowFault::SnMissing)]);
        assert_eq!(errors("ABC#12,PAX,S90,,,\n"), [sn(RowFault::SnCharacter)]);
        assert_eq!(errors("12,PAX,S90,,,\n"), [sn(RowFault::SnTooShort)]);
        assert_eq!(
            errors("12,,S90,=1+1,,店\n"),
            [
                sn(RowFault::SnTooShort),
                (2, Some("manufacturer".to_owned()), RowFault::Manufacturer),
                (2, Some("name".to_owned()), RowFault::NameFormula),
                (2, Some("store".to_owned()), RowFault::Store),
            ]
        );
        assert_eq!(errors("a,b,c\n"), [(2, None, RowFault::ColumnCount)]);
    }

    #[test]
    fn chinese_headings_and_a_byte_order_mark() {
        let file = read("\u{feff}型号,序列号,厂商\nS90,６５０００１２３４５, PAX \n".as_bytes()).unwrap();
        assert_eq!(file.rows[0].sn.as_str(), "6500012345");
        assert_eq!(file.rows[0].sn_printed, "６５０００１２３４５");
        assert_eq!(file.rows[0].line, 2);
    }

    #[test]
    fn what_an_export_guards_is_read_back() {
        let file =
            read("sn,manufacturer,model,note\n1234,PAX,S90,'-5 days\n5678,PAX,S90,'quoted'\n".as_bytes()).unwrap();
        let notes: Vec<_> = file.rows.iter().map(|row| row.note.as_deref()).collect();
        assert_eq!(notes, [Some("-5 days"), Some("'quoted'")]);
    }

    #[test]
    fn lines_are_those_that_an_editor_shows() {
        for end in ["\n", "\r\n", "\r"] {
            let text = "sn,manufacturer,model|\"OK|01\",PAX,S90||,PAX,S90|12,PAX,S90".replace('|', end);
            let file = read(text.as_bytes()).unwrap();
            let lines: Vec<_> = file.errors.iter().map(|error| error.line).collect();
            assert_eq!((lines, file.rows.len()), (vec![5, 6], 1), "{end:?}");
        }
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        let refused = |bytes: &[u8]| match read(bytes) {
            Err(Failure::Told(error)) => error.code(),
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(b""), "file_missing");
        assert_eq!(refused(&[0xd0, 0xf2, 0xc1, 0xd0]), "file_not_utf8");
        assert_eq!(refused(b"name,model\nx,y\n"), "file_headings");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, body: String) {
            let _ = read(&bytes);
            let _ = read(format!("{HEAD}{body}").as_bytes());
        }
    }
}
