//! From the cells of a row to facts that are right by themselves.

use super::layout::Layout;
use super::source::{Odd, Row};
use app::backend::imports::{Field, RowError, RowFault};
use app::domain::{Manufacturer, MerchantNo, Name, NameError, SerialNumber, SerialNumberError};

/// Characters of a cell that an error quotes.
const FOUND_CHARS: usize = 80;

/// Most characters of a firmware, a note and a model.
const FIRMWARE_CHARS: usize = 64;
const NOTE_CHARS: usize = 500;
const MODEL_CHARS: usize = 40;

/// A row whose cells are right, each by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GoodRow {
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

/// Checks the cells of a row.
pub(super) fn checked(layout: &Layout, row: &Row) -> Result<GoodRow, Vec<RowError>> {
    if has_other_columns(layout, row) {
        return Err(vec![RowError {
            line: row.line,
            column: None,
            fault: RowFault::ColumnCount,
            found: Some(quoted(&row.cells.join(","))),
        }]);
    }
    let cell = |field| {
        let place = layout.place(field);
        let found = place
            .and_then(|place| row.cells.get(place))
            .map(|cell| unguarded(cell.trim()));
        found
            .filter(|cell| !cell.is_empty())
            .or(layout.constant(field))
            .unwrap_or("")
    };
    let odd = |field| {
        let place = layout.place(field)?;
        row.odd.iter().find(|(column, _)| *column == place).map(|(_, odd)| *odd)
    };
    let mut errors = Vec::new();
    let mut check = |field: Field, checked: Result<(), RowFault>| {
        let broken = (odd(field) == Some(Odd::Error)).then_some(RowFault::CellError);
        if let Some(fault) = broken.or(checked.err()) {
            errors.push(RowError {
                line: row.line,
                column: Some(heading(layout, field)),
                fault,
                found: Some(cell(field)).filter(|found| !found.is_empty()).map(quoted),
            });
        }
    };
    let given = |field| Some(cell(field)).filter(|text| !text.is_empty());
    let typed = |field| match odd(field) {
        Some(Odd::NotText) => Err(RowFault::NotText),
        _ => Ok(()),
    };
    let sn = typed(Field::Sn).and_then(|()| serial_number(cell(Field::Sn)));
    check(Field::Sn, sn.as_ref().map(|_| ()).map_err(|fault| *fault));
    let manufacturer = Manufacturer::parse(cell(Field::Manufacturer)).map_err(|_| RowFault::Manufacturer);
    check(
        Field::Manufacturer,
        manufacturer.as_ref().map(|_| ()).map_err(|fault| *fault),
    );
    let model = cell(Field::Model);
    check(Field::Model, plain(model, 1, MODEL_CHARS).map_err(|()| RowFault::Model));
    let name = given(Field::Name).map(Name::parse).transpose().map_err(name_fault);
    check(Field::Name, name.as_ref().map(|_| ()).map_err(|fault| *fault));
    let merchant_no = typed(Field::MerchantNo).and_then(|()| {
        let parsed = given(Field::MerchantNo).map(MerchantNo::parse).transpose();
        parsed.map_err(|_| RowFault::MerchantUnknown)
    });
    check(
        Field::MerchantNo,
        merchant_no.as_ref().map(|_| ()).map_err(|fault| *fault),
    );
    let store = given(Field::Store)
        .map(Name::parse)
        .transpose()
        .map_err(|_| RowFault::Store);
    let homeless = given(Field::Store).is_some() && given(Field::MerchantNo).is_none();
    check(
        Field::Store,
        store
            .as_ref()
            .map(|_| ())
            .map_err(|fault| *fault)
            .and(if homeless { Err(RowFault::Store) } else { Ok(()) }),
    );
    for (field, most) in [(Field::Firmware, FIRMWARE_CHARS), (Field::Note, NOTE_CHARS)] {
        check(field, plain(cell(field), 0, most).map_err(|()| RowFault::Text));
    }
    match (sn, manufacturer, name, merchant_no, store) {
        (Ok(sn), Ok(manufacturer), Ok(name), Ok(merchant_no), Ok(store)) if errors.is_empty() => Ok(GoodRow {
            sn,
            sn_printed: cell(Field::Sn).to_owned(),
            manufacturer,
            model: model.to_owned(),
            name,
            merchant_no: merchant_no.map(|number| number.as_str().to_owned()),
            store,
            firmware: given(Field::Firmware).map(str::to_owned),
            note: given(Field::Note).map(str::to_owned),
        }),
        _ => Err(errors),
    }
}

/// Whether a line of text has more or fewer cells than the first one. Empty ones at its end do not count, since
/// spreadsheets write them, and a sheet has no more cells in a row than are filled.
fn has_other_columns(layout: &Layout, row: &Row) -> bool {
    let columns = layout.names.len();
    let more = row.cells.iter().skip(columns).any(|cell| !cell.trim().is_empty());
    let fewer = row.cells.len() < columns && layout.kind != super::source::Kind::Xlsx;
    more || fewer
}

/// What the column of a field is called in the file.
pub(super) fn heading(layout: &Layout, field: Field) -> String {
    layout
        .place(field)
        .map_or_else(|| field.code().to_owned(), |place| layout.name(place))
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

fn serial_number(text: &str) -> Result<SerialNumber, RowFault> {
    if is_scientific(text) {
        return Err(RowFault::SnScientific);
    }
    let parsed = SerialNumber::parse(text).map_err(|error| match error {
        SerialNumberError::Empty => RowFault::SnMissing,
        SerialNumberError::Character(_) => RowFault::SnCharacter,
        SerialNumberError::TooShort(_) => RowFault::SnTooShort,
        SerialNumberError::TooLong(_) => RowFault::SnTooLong,
    })?;
    // It is kept as it is printed, and shown so.
    match text.chars().count() {
        n if n > SerialNumber::MAX_PRINTED_LEN => Err(RowFault::SnTooLong),
        _ => Ok(parsed),
    }
}

/// Whether a text is what a spreadsheet makes of a long number: `8.20001E+13`.
fn is_scientific(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix('+').filter(|exponent| digits(exponent));
    whole.len() == 1 && digits(whole) && digits(fraction) && exponent.is_some()
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
