//! What the parsers do with any bytes, with every kind of file, and with what is made to do harm.

use super::layout::Layout;
use super::rows::checked;
use super::source::{Kind, Odd, Row, Trouble};
use app::backend::imports::{Field, RowFault};
use app::error::Invalid;
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use std::io::{Cursor, Write};
use std::ops::ControlFlow;
use zip::write::SimpleFileOptions;

/// The rows of a file, or why it has none.
fn read(bytes: &[u8]) -> Result<(Kind, Vec<Row>), Invalid> {
    let mut file = Cursor::new(bytes);
    let mut rows = Vec::new();
    let told = |trouble| match trouble {
        Trouble::File(problem) => problem.what,
        Trouble::Io(error) => panic!("{error}"),
    };
    let kind = Kind::of(&mut file).map_err(told)?;
    kind.read(file, &mut |row| {
        rows.push(row);
        ControlFlow::Continue(())
    })
    .map_err(told)?;
    Ok((kind, rows))
}

fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
    read(bytes).unwrap().1.into_iter().map(|row| row.cells).collect()
}

/// A file with headings, as its layout and the rows below.
fn with_layout(bytes: &[u8]) -> (Layout, Vec<Row>) {
    let (kind, mut rows) = read(bytes).unwrap();
    let layout = Layout::of(kind, &rows).unwrap();
    assert!(layout.is_whole(), "{layout:?}");
    rows.remove(0);
    (layout, rows)
}

/// Line, heading and fault of everything that is wrong.
fn errors(bytes: &[u8]) -> Vec<(u64, Option<String>, RowFault)> {
    let (layout, rows) = with_layout(bytes);
    let wrong = rows.iter().filter_map(|row| checked(&layout, row).err()).flatten();
    wrong.map(|error| (error.line, error.column, error.fault)).collect()
}

const HEAD: &str = "sn,manufacturer,model,name,merchant_no,store\n";

fn errors_of(body: &str) -> Vec<(u64, Option<String>, RowFault)> {
    errors(format!("{HEAD}{body}").as_bytes())
}

fn encoded(text: &str, encoding: &'static Encoding, marked: bool) -> Vec<u8> {
    let text = if marked {
        format!("\u{feff}{text}")
    } else {
        text.to_owned()
    };
    match encoding {
        encoding if encoding == UTF_16LE => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        encoding if encoding == UTF_16BE => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        encoding => encoding.encode(&text).0.into_owned(),
    }
}

#[test]
fn every_fault_of_a_row_is_told_with_its_column() {
    let sn = |fault| (2, Some("sn".to_owned()), fault);
    assert_eq!(errors_of(",PAX,S90,,,\n"), [sn(RowFault::SnMissing)]);
    assert_eq!(errors_of("ABC#12,PAX,S90,,,\n"), [sn(RowFault::SnCharacter)]);
    assert_eq!(errors_of("12,PAX,S90,,,\n"), [sn(RowFault::SnTooShort)]);
    let spaced = |between: usize| format!("12{}34,PAX,S90,,,\n", "-".repeat(between));
    assert_eq!(errors_of(&spaced(124)), []);
    assert_eq!(errors_of(&spaced(125)), [sn(RowFault::SnTooLong)]);
    assert_eq!(errors_of("8.20001E+13,PAX,S90,,,\n"), [sn(RowFault::SnScientific)]);
    assert_eq!(errors_of("8E1234,PAX,S90,,,\n"), [], "which is a serial number");
    assert_eq!(
        errors_of("12,,S90,=1+1,,店\n"),
        [
            sn(RowFault::SnTooShort),
            (2, Some("manufacturer".to_owned()), RowFault::Manufacturer),
            (2, Some("name".to_owned()), RowFault::NameFormula),
            (2, Some("store".to_owned()), RowFault::Store),
        ]
    );
    assert_eq!(errors_of("a,b,c\n"), [(2, None, RowFault::ColumnCount)]);
    assert_eq!(errors_of("1234,PAX,S90,,,,x\n"), [(2, None, RowFault::ColumnCount)]);
    assert_eq!(errors_of("1234,PAX,S90,,,,,\n"), [], "as spreadsheets write it");
}

#[test]
fn what_an_export_guards_is_read_back() {
    let (layout, rows) = with_layout(b"sn,manufacturer,model,note\n1234,PAX,S90,'-5 days\n5678,PAX,S90,'quoted'\n");
    let notes: Vec<_> = rows.iter().map(|row| checked(&layout, row).unwrap().note).collect();
    assert_eq!(notes, [Some("-5 days".to_owned()), Some("'quoted'".to_owned())]);
}

#[test]
fn lines_are_those_that_an_editor_shows() {
    for end in ["\n", "\r\n", "\r"] {
        let text = "sn,manufacturer,model|\"OK|01\",PAX,S90||,PAX,S90|12,PAX,S90".replace('|', end);
        let lines: Vec<_> = read(text.as_bytes()).unwrap().1.iter().map(|row| row.line).collect();
        assert_eq!(lines, [1, 2, 5, 6], "{end:?}");
    }
}

#[test]
fn encodings_and_delimiters_are_recognized() {
    let text = "序列号,厂商,型号,终端名称\n１２３４５,PAX,S90,前台\n6789,旺POS,\"A;B\t,\",“吧台”\n";
    let expected = cells(text.as_bytes());
    assert_eq!(expected[2][2], "A;B\t,");
    for (encoding, marked) in [
        (UTF_8, true),
        (UTF_8, false),
        (GB18030, false),
        (UTF_16LE, true),
        (UTF_16BE, true),
        (UTF_16LE, false),
        (UTF_16BE, false),
    ] {
        let bytes = encoded(text, encoding, marked);
        assert_eq!(cells(&bytes), expected, "{} {marked}", encoding.name());
    }
    for delimiter in [";", "\t"] {
        let text = format!("a{delimiter}b,c{delimiter}d\n1{delimiter}2{delimiter}3\n");
        assert_eq!(cells(text.as_bytes()), [["a", "b,c", "d"], ["1", "2", "3"]]);
    }
}

#[test]
fn what_is_no_such_file_is_refused() {
    for (bytes, what) in [
        (&b""[..], Invalid::FileMissing),
        (b"\xff\xff\xff\xfe1", Invalid::FileEncoding),
        (b"sn\0,model\n", Invalid::FileEncoding),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Invalid::FileKind),
        (b"PK\x03\x04\0\0", Invalid::FileBroken),
    ] {
        assert_eq!(read(bytes).unwrap_err(), what, "{bytes:?}");
    }
    let long = format!("sn,model\n\"{}\",x\n", "x".repeat(40_000));
    assert_eq!(read(long.as_bytes()).unwrap_err(), Invalid::FileCell);
    // A quote that is never closed takes in all that follows.
    let open = format!("sn,model\n\"1234,S90\n{}", "5678,S90\n".repeat(200_000));
    assert_eq!(read(open.as_bytes()).unwrap_err(), Invalid::FileCell);
    let wide = format!("{}\n", "x,".repeat(300));
    assert_eq!(read(wide.as_bytes()).unwrap_err(), Invalid::FileTooWide);
}

fn workbook(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    fill(book.add_worksheet());
    book.save_to_buffer().unwrap()
}

#[test]
fn numbers_of_a_sheet_keep_their_digits_or_are_refused() {
    let zeros = Format::new().set_num_format("00000000000000");
    let date = Format::new().set_num_format("yyyy-mm-dd");
    let bytes = workbook(|sheet| {
        for (column, heading) in (0..).zip(["序列号", "厂商", "型号"]) {
            sheet.write_string(0, column, heading).unwrap();
        }
        sheet.write_string(1, 0, "00820000553978").unwrap();
        sheet.write_number(2, 0, 820_000_553_978.0).unwrap();
        sheet.write_number_with_format(3, 0, 820_000_553_978.0, &zeros).unwrap();
        sheet.write_number(4, 0, 8_200_005_539_781_234.0).unwrap();
        sheet.write_number(5, 0, 1234.5).unwrap();
        let day = ExcelDateTime::from_ymd(2026, 11, 24).unwrap();
        sheet.write_datetime_with_format(6, 0, &day, &date).unwrap();
        sheet
            .write_formula(7, 0, rust_xlsxwriter::Formula::new("=1/0").set_result("#DIV/0!"))
            .unwrap();
        for row in 1..8 {
            sheet.write_string(row, 1, "PAX").unwrap();
            sheet.write_string(row, 2, "S90").unwrap();
        }
    });
    let (layout, rows) = with_layout(&bytes);
    let told: Vec<_> = rows
        .iter()
        .map(|row| match checked(&layout, row) {
            Ok(good) => (row.line, Ok(good.sn_printed)),
            Err(errors) => (
                row.line,
                Err((errors[0].fault, errors[0].found.clone().unwrap_or_default())),
            ),
        })
        .collect();
    let ok = |text: &str| Ok(text.to_owned());
    assert_eq!(
        told[..6],
        [
            (2, ok("00820000553978")),
            (3, ok("820000553978")),
            (4, ok("00820000553978")),
            (5, Err((RowFault::NotText, "8200005539781234".to_owned()))),
            (6, Err((RowFault::NotText, "1234.5".to_owned()))),
            (7, Err((RowFault::NotText, "2026-11-24".to_owned()))),
        ]
    );
    assert!(told[6].1.is_err(), "{told:?}");
}

#[test]
fn the_samples_are_read() {
    let data = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/");
        std::fs::read(format!("{folder}{name}")).unwrap()
    };
    let sns = |name: &str| -> Vec<String> {
        let (layout, rows) = with_layout(&data(name));
        let good = rows.iter().map(|row| checked(&layout, row).unwrap().sn_printed);
        good.collect()
    };
    let all = sns("inventory.csv");
    assert_eq!(all.len(), 240);
    assert_eq!(sns("inventory-gbk.csv"), all[..120]);
    assert_eq!(sns("inventory.xlsx"), all, "leading zeros and all");
}

/// An archive with these entries.
fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        archive.start_file(*name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn a_bomb_is_refused_before_it_goes_off() {
    let zeros = vec![b' '; 32 * 1024 * 1024];
    let bomb = archive(&[
        ("xl/workbook.xml", b"<workbook/>"),
        ("xl/worksheets/sheet1.xml", &zeros),
    ]);
    assert!(bomb.len() < 100_000);
    assert_eq!(read(&bomb).unwrap_err(), Invalid::FileBomb);
    // The directory tells less than there is.
    let told = (zeros.len() as u32).to_le_bytes();
    let mut lying = bomb;
    let places: Vec<_> = (0..lying.len() - 4).filter(|at| lying[*at..*at + 4] == told).collect();
    assert!(!places.is_empty());
    for at in places {
        lying[at..at + 4].copy_from_slice(&100_u32.to_le_bytes());
    }
    let refused = read(&lying).unwrap_err();
    assert!(
        matches!(refused, Invalid::FileBomb | Invalid::FileCell | Invalid::FileBroken),
        "{refused:?}"
    );
    let cell: String = (0..60_000).map(|n| format!("{n:x}")).collect();
    let sheet =
        format!("<worksheet><sheetData><row><c t=\"str\"><v>{cell}{cell}</v></c></row></sheetData></worksheet>");
    let long = archive(&[
        ("xl/workbook.xml", b"<workbook/>"),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ]);
    assert_eq!(read(&long).unwrap_err(), Invalid::FileCell);
    // A sheet that is called something else.
    let hidden = archive(&[("xl/workbook.xml", b"<workbook/>"), ("xl/worksheets/s.bin", &zeros)]);
    assert_eq!(read(&hidden).unwrap_err(), Invalid::FileBomb);
    let many: Vec<_> = (0..2_100).map(|n| format!("xl/media/{n}.png")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    assert_eq!(read(&archive(&many)).unwrap_err(), Invalid::FileBomb);
    assert_eq!(
        read(&archive(&[("word/document.xml", b"<w/>")])).unwrap_err(),
        Invalid::FileKind
    );
    // One long text in every cell of a row: small in the file and unpacked, large once it is read.
    let long = "长".repeat(20_000);
    let full = workbook(|sheet| {
        for column in 0..60 {
            sheet.write_string(0, column, &long).unwrap();
        }
    });
    assert_eq!(read(&full).unwrap_err(), Invalid::FileCell);
}

/// Text that a cell of a list may hold.
fn cell() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 \u{4e00}-\u{9fa5}\",;\t\n'=+@-]{0,12}".prop_map(|text| text.trim().to_owned())
}

fn table() -> impl Strategy<Value = Vec<Vec<String>>> {
    (1_usize..6).prop_flat_map(|columns| prop::collection::vec(prop::collection::vec(cell(), columns), 1..8))
}

fn not_blank(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    let filled = rows.iter().filter(|row| row.iter().any(|cell| !cell.is_empty()));
    filled.cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, body: String, tail: Vec<u8>) {
        let _ = read(&bytes);
        let _ = read(format!("{HEAD}{body}").as_bytes());
        let _ = read(&[b"PK\x03\x04", tail.as_slice()].concat());
        let _ = read(&[b"\xff\xfe", tail.as_slice()].concat());
        if let Ok((kind, rows)) = read(format!("{HEAD}{body}").as_bytes()) {
            let layout = Layout::of(kind, &rows).unwrap();
            for row in &rows {
                let _ = checked(&layout, row);
            }
        }
    }

    #[test]
    fn no_damaged_workbook_panics(at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>()) {
        let mut bytes = workbook(|sheet| {
            sheet.write_string(0, 0, "sn").unwrap();
            sheet.write_number(1, 0, 12.5).unwrap();
        });
        let place = at.index(bytes.len());
        bytes[place] = byte;
        let _ = read(&bytes);
        let _ = read(&bytes[..cut.index(bytes.len())]);
    }

    /// The delimiter that stands in the first row is the one that is found.
    #[test]
    fn a_text_reads_back(rows in table(), which in 0_usize..3, encoding in 0_usize..4) {
        let delimiter = b",;\t"[which];
        // A first row that holds the others' delimiters in abundance may mean them.
        let head = vec!["h".to_owned(); rows[0].len()];
        let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
        let mut csv = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        for row in &rows {
            csv.write_record(row).unwrap();
        }
        let text = String::from_utf8(csv.into_inner().unwrap()).unwrap();
        let (encoding, marked) = [(UTF_8, false), (UTF_8, true), (UTF_16LE, true), (UTF_16BE, true)][encoding];
        let found = cells(&encoded(&text, encoding, marked));
        if rows[0].len() > 1 {
            prop_assert_eq!(found, not_blank(&rows));
        }
    }

    #[test]
    fn a_sheet_reads_back(rows in table()) {
        let bytes = workbook(|sheet| {
            for (at, row) in (0..).zip(&rows) {
                for (column, text) in (0..).zip(row) {
                    sheet.write_string(at, column, text).unwrap();
                }
            }
        });
        let trimmed = |rows: Vec<Vec<String>>| -> Vec<Vec<String>> {
            rows.into_iter()
                .map(|mut row| {
                    while row.last().is_some_and(String::is_empty) {
                        row.pop();
                    }
                    row
                })
                .collect()
        };
        if rows.iter().flatten().any(|cell| !cell.is_empty()) {
            prop_assert_eq!(trimmed(cells(&bytes)), trimmed(not_blank(&rows)));
        }
    }

    /// A number that a spreadsheet holds exactly is the same serial number as its digits in text.
    #[test]
    fn exact_numbers_keep_their_digits(number in 1_000_u64..1_000_000_000_000_000) {
        let bytes = workbook(|sheet| {
            sheet.write_number(0, 0, number as f64).unwrap();
        });
        let (_, rows) = read(&bytes).unwrap();
        prop_assert_eq!(&rows[0].cells[0], &number.to_string());
        prop_assert!(rows[0].odd.is_empty());
    }

    #[test]
    fn longer_numbers_are_never_trusted(number in 1_000_000_000_000_000_u64..u64::MAX) {
        let bytes = workbook(|sheet| {
            sheet.write_number(0, 0, number as f64).unwrap();
        });
        let (_, rows) = read(&bytes).unwrap();
        prop_assert_eq!(&rows[0].odd, &[(0, Odd::NotText)]);
    }
}

#[test]
fn a_field_that_is_needed_may_have_one_value_for_all() {
    let (kind, rows) = read("SN;备注\n1234;x\n".as_bytes()).unwrap();
    let layout = Layout::of(kind, &rows).unwrap();
    assert!(!layout.is_whole());
    let mapping = app::backend::imports::Mapping {
        columns: vec![Some(Field::Sn), Some(Field::Note)],
        headings: true,
        constants: [
            (Field::Manufacturer, "PAX".to_owned()),
            (Field::Model, "S90".to_owned()),
        ]
        .into(),
    };
    let layout = layout.mapped(&mapping);
    let good = checked(&layout, &rows[1]).unwrap();
    assert_eq!((good.model.as_str(), good.manufacturer.as_str()), ("S90", "PAX"));
}
