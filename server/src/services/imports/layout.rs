//! Which column of a file is what: recognized by its heading in Chinese or English, or said by a person.

use super::source::{Kind, Row};
use app::backend::imports::{Field, FileColumn, Mapping, SAMPLE_ROWS};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use strum::VariantArray;
use unicode_normalization::UnicodeNormalization;

/// Rows above the headings that a list may have: a title, a date.
const ROWS_ABOVE: usize = 10;

/// Characters of a heading and of a sample that are kept.
const KEPT_CHARS: usize = 60;

/// What columns are called, in the form of [`plain`].
const HEADINGS: [(Field, &[&str]); 8] = [
    (
        Field::Sn,
        &[
            "sn",
            "s/n",
            "snno",
            "sncode",
            "serial",
            "serialno",
            "serialnumber",
            "terminalsn",
            "devicesn",
            "序列号",
            "终端序列号",
            "设备序列号",
            "机身序列号",
            "机身号",
            "机具序列号",
            "sn号",
            "sn码",
            "设备sn",
            "终端sn",
            "机身sn",
        ],
    ),
    (
        Field::Manufacturer,
        &[
            "manufacturer",
            "vendor",
            "maker",
            "brand",
            "厂商",
            "生产厂商",
            "厂家",
            "生产厂家",
            "品牌",
        ],
    ),
    (
        Field::Model,
        &[
            "model",
            "modelname",
            "terminalmodel",
            "devicemodel",
            "型号",
            "终端型号",
            "设备型号",
            "机型",
            "产品型号",
        ],
    ),
    (
        Field::Name,
        &[
            "name",
            "terminalname",
            "devicename",
            "终端名称",
            "设备名称",
            "名称",
            "终端名",
        ],
    ),
    (
        Field::MerchantNo,
        &[
            "merchantno",
            "merchantnumber",
            "merchantid",
            "mid",
            "商户编号",
            "商户号",
            "商户代码",
        ],
    ),
    (
        Field::Store,
        &[
            "store",
            "storename",
            "shop",
            "branch",
            "门店",
            "门店名称",
            "店铺",
            "店铺名称",
            "分店",
        ],
    ),
    (
        Field::Firmware,
        &["firmware", "firmwareversion", "固件版本", "固件", "固件版本号"],
    ),
    (
        Field::Note,
        &["note", "notes", "remark", "remarks", "comment", "备注", "说明"],
    ),
];

/// A heading without what does not matter: case, width, blanks, marks, and what stands in brackets.
fn plain(heading: &str) -> String {
    let mut depth = 0_usize;
    heading
        .nfkc()
        .filter(|c| {
            match c {
                '(' | '[' | '【' => depth += 1,
                ')' | ']' | '】' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0 && !c.is_whitespace() && !matches!(c, '_' | '-' | '.' | '*' | ':' | '#')
        })
        .flat_map(char::to_lowercase)
        .collect()
}

/// What a heading says that its column is.
fn recognized(heading: &str) -> Option<Field> {
    let plain = plain(heading);
    HEADINGS
        .iter()
        .find(|(_, names)| names.contains(&plain.as_str()))
        .map(|(field, _)| *field)
}

/// A file's kind and the meaning of its columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Layout {
    /// How it is read.
    pub(super) kind: Kind,
    /// The line of the first row, which may be the headings.
    pub(super) first_line: u64,
    /// Whether that row is the headings.
    pub(super) headings: bool,
    /// What stands in it.
    pub(super) names: Vec<String>,
    /// Which field each column is, by the field's code.
    pub(super) columns: Vec<Option<String>>,
    /// The values that hold for all rows, by the field's code.
    pub(super) constants: BTreeMap<String, String>,
    /// The rows after it, as far as people need to see them.
    pub(super) samples: Vec<Vec<String>>,
}

impl Layout {
    /// Rows that [`Layout::of`] wants to see.
    pub(super) const ROWS: usize = ROWS_ABOVE + SAMPLE_ROWS + 1;

    /// Finds the headings among the first rows; where none has all that is needed, the first row counts as such when it
    /// has any heading that is known. `None` without a row.
    pub(super) fn of(kind: Kind, rows: &[Row]) -> Option<Self> {
        let fields = |row: &Row| -> Vec<Option<Field>> {
            let mut seen = Vec::new();
            row.cells
                .iter()
                .map(|cell| {
                    let field = recognized(cell).filter(|field| !seen.contains(field));
                    seen.extend(field);
                    field
                })
                .collect()
        };
        let whole = |columns: &[Option<Field>]| needed().all(|field| columns.contains(&Some(field)));
        let at = rows
            .iter()
            .take(ROWS_ABOVE)
            .position(|row| whole(&fields(row)))
            .unwrap_or(0);
        let first = rows.get(at)?;
        let columns = fields(first);
        let headings = columns.iter().any(Option::is_some);
        Some(Self {
            kind,
            first_line: first.line,
            headings,
            names: first.cells.iter().map(|cell| kept(cell)).collect(),
            columns: columns
                .iter()
                .map(|field| field.map(|field| field.code().to_owned()))
                .collect(),
            constants: BTreeMap::new(),
            samples: rows[at + 1..]
                .iter()
                .take(SAMPLE_ROWS)
                .map(|row| row.cells.iter().map(|cell| kept(cell)).collect())
                .collect(),
        })
    }

    /// Whether every field that is needed has a column or a value, and no field has two.
    pub(super) fn is_whole(&self) -> bool {
        let columns: Vec<_> = self.columns.iter().flatten().collect();
        let once = |field: &Field| columns.iter().filter(|code| code.as_str() == field.code()).count() <= 1;
        needed().all(|field| self.place(field).is_some() || self.constant(field).is_some())
            && Field::VARIANTS.iter().all(once)
    }

    /// The same with what a person says of it.
    pub(super) fn mapped(self, mapping: &Mapping) -> Self {
        let mut columns: Vec<_> = mapping
            .columns
            .iter()
            .map(|field| field.map(|field| field.code().to_owned()))
            .collect();
        columns.resize(self.names.len(), None);
        let constants = mapping.constants.iter();
        let constants = constants
            .map(|(field, value)| (*field, value.trim()))
            .filter(|(field, value)| !value.is_empty() && field.can_be_constant())
            .map(|(field, value)| (field.code().to_owned(), kept(value)));
        Self {
            columns,
            headings: mapping.headings,
            constants: constants.collect(),
            ..self
        }
    }

    /// The column of a field.
    pub(super) fn place(&self, field: Field) -> Option<usize> {
        self.columns
            .iter()
            .position(|code| code.as_deref() == Some(field.code()))
    }

    /// The value of a field that holds for all rows; a column goes before.
    pub(super) fn constant(&self, field: Field) -> Option<&str> {
        self.constants.get(field.code()).map(String::as_str)
    }

    /// What a column is called: its heading, or its letter as spreadsheets show it.
    pub(super) fn name(&self, column: usize) -> String {
        let heading = self.names.get(column).filter(|_| self.headings).map(|name| name.trim());
        heading
            .filter(|name| !name.is_empty())
            .map_or_else(|| letters(column), str::to_owned)
    }

    /// As pages see it.
    pub(super) fn shown(&self) -> (Vec<FileColumn>, Mapping) {
        let columns = self.names.iter().enumerate().map(|(place, name)| FileColumn {
            heading: name.clone(),
            samples: self
                .samples
                .iter()
                .map(|row| row.get(place).cloned().unwrap_or_default())
                .collect(),
        });
        let mapping = Mapping {
            columns: self
                .columns
                .iter()
                .map(|code| code.as_deref().and_then(|code| code.parse().ok()))
                .collect(),
            headings: self.headings,
            constants: self
                .constants
                .iter()
                .filter_map(|(code, value)| Some((code.parse().ok()?, value.clone())))
                .collect(),
        };
        (columns.collect(), mapping)
    }
}

fn needed() -> impl Iterator<Item = Field> {
    Field::VARIANTS.iter().copied().filter(|field| field.is_needed())
}

fn kept(text: &str) -> String {
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.trim().chars().take(KEPT_CHARS).map(shown).collect()
}

/// `A`, `B`, … `Z`, `AA`: a column's letters.
fn letters(mut column: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'A' + u8::try_from(column % 26).unwrap_or_default()));
        if column < 26 {
            break;
        }
        column = column / 26 - 1;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: u64, cells: &[&str]) -> Row {
        Row {
            line,
            cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
            odd: Vec::new(),
        }
    }

    #[test]
    fn headings_are_recognized_whatever_they_are_dressed_in() {
        for (heading, field) in [
            (" SN ", Field::Sn),
            ("Serial No.", Field::Sn),
            ("序列号（必填）", Field::Sn),
            ("＊设备ＳＮ", Field::Sn),
            ("商户编号*", Field::MerchantNo),
            ("merchant_no", Field::MerchantNo),
            ("厂家", Field::Manufacturer),
        ] {
            assert_eq!(recognized(heading), Some(field), "{heading}");
        }
        assert_eq!(recognized("商户名称"), None);
    }

    #[test]
    fn a_title_above_the_headings_is_passed_over() {
        let rows = [
            row(1, &["2026 年 11 月到货清单"]),
            row(3, &["型号", "序列号", "厂商", "SN"]),
            row(4, &["S90", "1234", "PAX", "x"]),
        ];
        let layout = Layout::of(Kind::Xlsx, &rows).unwrap();
        assert_eq!((layout.first_line, layout.headings), (3, true));
        assert_eq!(layout.place(Field::Sn), Some(1), "the first of two");
        assert!(layout.is_whole());
    }

    #[test]
    fn a_person_says_what_nobody_could_know() {
        let layout = Layout::of(Kind::Xlsx, &[row(1, &["1234", "前台"]), row(2, &["5678", "后厨"])]).unwrap();
        assert!(!layout.headings && !layout.is_whole());
        let constants = BTreeMap::from([(Field::Manufacturer, "PAX".into()), (Field::Model, " S90 ".into())]);
        let mapping = Mapping {
            columns: vec![Some(Field::Sn), Some(Field::Name)],
            headings: false,
            constants,
        };
        let mapped = layout.clone().mapped(&mapping);
        assert!(mapped.is_whole());
        assert_eq!(mapped.constant(Field::Model), Some("S90"));
        assert_eq!(mapped.name(1), "B");
        let twice = Mapping {
            columns: vec![Some(Field::Sn), Some(Field::Sn)],
            ..mapping
        };
        assert!(!layout.mapped(&twice).is_whole());
    }

    #[test]
    fn columns_have_the_letters_of_spreadsheets() {
        assert_eq!(
            [0, 25, 26, 51, 52, 701, 702].map(letters).join(" "),
            "A Z AA AZ BA ZZ AAA"
        );
    }
}
