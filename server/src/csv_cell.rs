//! Cells of CSV files that people open in a spreadsheet.

/// The cell with an apostrophe in front of what a spreadsheet takes for the start of a formula (CWE-1236).
pub(crate) fn safe(cell: &str) -> String {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{cell}"),
        _ => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn no_cell_runs_as_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(safe(cell), format!("'{cell}"));
        }
        assert_eq!(safe("1号收银台"), "1号收银台");
        assert_eq!(safe(""), "");
    }
}
