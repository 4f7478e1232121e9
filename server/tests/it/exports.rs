//! Lists as files: every row that matches, in the order of the page, read back from both forms.

use crate::client::{Client, between};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use axum::http::StatusCode;
use calamine::{Data, Reader, Xlsx};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};
use std::fmt::Write;
use std::io::Cursor;

on_both_engines!(
    terminals_are_read_back_as_they_are,
    a_long_list_comes_whole_and_in_its_order,
    each_takes_away_what_each_sees,
    merchants_and_the_audit_log_are_files_too,
);

/// A file's rows by the names of its columns in CSV, its headings first.
pub(crate) struct File {
    names: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl File {
    /// A column, row by row.
    pub(crate) fn column(&self, name: &str) -> Result<Vec<&str>> {
        let at = self.names.iter().position(|known| known == name);
        let at = at.ok_or_else(|| format!("no column {name} in {:?}", self.names))?;
        Ok(self.rows.iter().map(|row| row[at].as_str()).collect())
    }
}

/// A list as CSV. `query` stands after the address' question mark.
pub(crate) async fn csv_of(client: &mut Client, list: &str, query: &str) -> Result<File> {
    let answer = client.get(&format!("{list}/export.csv?{query}")).await?;
    assert_eq!(answer.status, StatusCode::OK, "{list}");
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    let text = answer.body.strip_prefix('\u{feff}').ok_or("no byte-order mark")?;
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    let names = csv.headers()?.iter().map(str::to_owned).collect();
    let mut rows = Vec::new();
    for record in csv.records() {
        rows.push(record?.iter().map(str::to_owned).collect());
    }
    Ok(File { names, rows })
}

/// The same list as a workbook, whose cells are all text.
async fn workbook_of(client: &mut Client, list: &str, query: &str, names: &[String]) -> Result<(Vec<String>, File)> {
    let (answer, bytes) = client.fetch(&format!("{list}/export.xlsx?{query}")).await?;
    assert_eq!(answer.status, StatusCode::OK, "{list}");
    let mut book = Xlsx::new(Cursor::new(bytes))?;
    let sheets = book.worksheets();
    let mut rows = sheets[0].1.rows().map(|row| {
        let cells = row.iter().map(|cell| match cell {
            Data::String(text) => text.clone(),
            Data::Empty => String::new(),
            other => panic!("{other:?} is no text"),
        });
        cells.collect::<Vec<_>>()
    });
    let headings = rows.next().ok_or("no headings")?;
    assert_eq!(headings.len(), names.len());
    let file = File {
        names: names.to_vec(),
        rows: rows.collect(),
    };
    assert!(
        book.worksheet_formula("Sheet1")
            .is_ok_and(|formulas| formulas.is_empty())
    );
    Ok((headings, file))
}

/// Names that spreadsheets, readers and screens have been known to trip over.
const NAMES: [&str; 8] = [
    "=HYPERLINK(\"http://x\",\"y\")",
    "+1",
    "-1",
    "@SUM(A1)",
    "😀茶馆👨‍👩‍👧",
    "متجر الهاتف",
    "a,\"b\";c",
    "Cafe\u{301} 前台",
];

async fn terminals_are_read_back_as_they_are(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut rows = String::new();
    for number in 0..NAMES.len() {
        writeln!(rows, "0000000{number},PAX,S90,x,{XIAOMAN},一店")?;
    }
    world.import(&rows).await?;
    for (number, name) in NAMES.iter().enumerate() {
        let mut terminal = world
            .terminals(&format!("0000000{number}"))
            .await?
            .remove(0)
            .into_active_model();
        terminal.name = Set((*name).to_owned());
        terminal.note = Set(Some("=1+1".to_owned()));
        terminal.update(db.writer()).await?;
    }
    let mut owner = world.signed_in("xiaoman").await?;
    let file = csv_of(&mut owner, "/devices", "sort=-sn").await?;
    let sns: Vec<_> = (0..NAMES.len())
        .rev()
        .map(|number| format!("0000000{number}"))
        .collect();
    assert_eq!(file.column("sn")?, sns);
    let safe = NAMES.iter().rev().map(|name| match name.chars().next() {
        Some('=' | '+' | '-' | '@') => format!("'{name}"),
        _ => (*name).to_owned(),
    });
    assert_eq!(file.column("name")?, safe.collect::<Vec<_>>());
    assert_eq!(file.column("note")?, ["'=1+1"; NAMES.len()]);
    for (column, value) in [
        ("manufacturer", "PAX"),
        ("merchant_no", XIAOMAN),
        ("merchant_name", "杭州小满母婴"),
        ("store", "一店"),
        ("state", "awaiting"),
        ("state_text", "未注册"),
        ("verdict", "no"),
        ("reason", "not_registered"),
        ("verdict_text", "终端未注册"),
        ("last_seen_at", ""),
    ] {
        assert_eq!(file.column(column)?, [value; NAMES.len()], "{column}");
    }
    // A workbook's cells are text, so that nothing in them has to be disarmed.
    let (headings, book) = workbook_of(&mut owner, "/devices", "sort=-sn", &file.names).await?;
    assert_eq!(headings[..4], ["序列号", "厂商", "型号", "名称"]);
    assert_eq!(book.column("sn")?, sns);
    assert_eq!(book.column("name")?, NAMES.iter().rev().copied().collect::<Vec<_>>());
    assert_eq!(book.column("note")?, ["=1+1"; NAMES.len()]);
    assert_eq!(book.column("verdict_text")?, file.column("verdict_text")?);
    Ok(())
}

async fn a_long_list_comes_whole_and_in_its_order(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut rows = String::new();
    for number in 0..1100 {
        let store = if number % 3 == 0 { "西湖店" } else { "鼓楼店" };
        writeln!(rows, "SN{number:06},PAX,S90,机{},{XIAOMAN},{store}", number * 7 % 1100)?;
    }
    world.import(&rows).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let sn = |number: u32| format!("SN{number:06}");
    let names = csv_of(&mut owner, "/devices", "q=nothing").await?.names;
    for (query, expected) in [
        ("", (0..1100).map(sn).collect::<Vec<_>>()),
        ("sort=-sn&state=unregistered", (0..1100).rev().map(sn).collect()),
        // Newest first, as the page has it.
        (
            "q=%E8%A5%BF%E6%B9%96",
            (0..1100).rev().filter(|number| number % 3 == 0).map(sn).collect(),
        ),
        ("q=sn0000&sort=sn", (0..100).map(sn).collect()),
        ("state=registered", Vec::new()),
        // A place in the list is a matter of its pages.
        (
            "after=SN001098~00000000000000000000000000000000",
            (0..1100).map(sn).collect(),
        ),
    ] {
        let file = csv_of(&mut owner, "/devices", query).await?;
        assert_eq!(file.column("sn")?, expected, "{query}");
        let (_, book) = workbook_of(&mut owner, "/devices", query, &names).await?;
        assert_eq!(book.column("sn")?, expected, "{query}");
    }
    // The page leads to the files of what it shows.
    let page = owner.get("/devices?q=%E8%A5%BF%E6%B9%96&sort=name&after=x").await?;
    let href = between(&page.body, "href=\"/devices/export.csv?", "\"").ok_or("no link")?;
    assert_eq!(href.replace("&amp;", "&"), "q=%E8%A5%BF%E6%B9%96&sort=name");
    Ok(())
}

async fn each_takes_away_what_each_sees(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "OWN00001,PAX,S90,,{XIAOMAN},\nOTHER001,PAX,S90,,{SHENGJING},\nNOBODYS1,PAX,S90,,,\n"
        ))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    for query in ["", "q=00", "sort=-last_seen"] {
        let file = csv_of(&mut owner, "/devices", query).await?;
        assert_eq!(file.column("sn")?, ["OWN00001"], "{query}");
    }
    let file = csv_of(&mut owner, "/devices", &format!("merchant={SHENGJING}")).await?;
    assert!(!file.column("sn")?.contains(&"OTHER001"));
    let mut admin = world.signed_in("admin").await?;
    for list in ["/devices", "/terminals"] {
        let file = csv_of(&mut admin, list, "").await?;
        assert_eq!(file.column("sn")?, ["NOBODYS1", "OTHER001", "OWN00001"]);
        assert_eq!(file.column("merchant_no")?, ["", SHENGJING, XIAOMAN]);
    }
    let file = csv_of(&mut admin, "/terminals", &format!("merchant={SHENGJING}")).await?;
    assert_eq!(file.column("sn")?, ["OTHER001"]);
    for list in ["/terminals", "/merchants", "/audit"] {
        for ending in ["csv", "xlsx"] {
            let path = format!("{list}/export.{ending}");
            assert_eq!(owner.get(&path).await?.status, StatusCode::NOT_FOUND, "{path}");
            let to = world.visitor().get(&path).await?;
            assert!(
                to.location().is_some_and(|to| to.starts_with("/sign-in?next=")),
                "{path}"
            );
        }
    }
    Ok(())
}

async fn merchants_and_the_audit_log_are_files_too(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OWN00001,PAX,S90,,{XIAOMAN},\n")).await?;
    world
        .sql(&format!(
            "UPDATE merchants SET name = '=cmd()😀' WHERE merchant_no = '{SHENGJING}'"
        ))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    owner.submit("/actions/register", &[("sn", "OWN00001")]).await?;
    let mut admin = world.signed_in("admin").await?;
    admin
        .submit(
            "/actions/merchant-suspend",
            &[("number", SHENGJING), ("reason", "合同到期")],
        )
        .await?;
    let file = csv_of(&mut admin, "/merchants", "").await?;
    assert_eq!(file.column("merchant_no")?, [XIAOMAN, SHENGJING]);
    assert_eq!(file.column("name")?, ["杭州小满母婴", "'=cmd()😀"]);
    assert_eq!(file.column("state")?, ["active", "suspended"]);
    assert_eq!(file.column("used")?, ["1", "0"]);
    let (headings, book) = workbook_of(&mut admin, "/merchants", "state=suspended", &file.names).await?;
    assert_eq!(headings[..2], ["商户编号", "商户名称"]);
    assert_eq!(book.column("name")?, ["=cmd()😀"]);
    admin
        .get("/merchants?state=suspended")
        .await?
        .says(&["href=\"/merchants/export.xlsx?state=suspended\""]);

    let file = csv_of(&mut admin, "/audit", "action=merchant.suspended").await?;
    assert_eq!(file.column("target")?, [SHENGJING]);
    let (headings, book) = workbook_of(&mut admin, "/audit", "action=merchant.suspended", &file.names).await?;
    assert_eq!(headings[2], "登录名");
    assert_eq!(book.column("actor")?, ["admin"]);
    assert_eq!(book.column("action_text")?, ["停用商户"]);
    admin
        .get("/audit?action=merchant.suspended")
        .await?
        .says(&["href=\"/audit/export.xlsx?action=merchant.suspended\""]);
    Ok(())
}
