//! Saved views of the list, and how it is laid out.

use crate::client::{Answer, Client, between, table_rows};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use app::backend::list_settings::{ListSettings, MAX_VIEWS, Saved};
use app::backend::terminals::{Amount, TerminalQuery};
use app::backend::verdicts::Verdicts;
use app::caller::{Caller, RequestInfo};
use app::domain::{MerchantId, Role, UserId};
use axum::http::StatusCode;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use server::entities::{saved_views, users};

on_both_engines!(
    a_view_is_saved_counted_opened_renamed_and_deleted,
    views_are_each_persons_own,
    there_are_so_many_views_and_no_more,
    two_that_save_at_once_do_not_pass_the_limit,
    counting_ends_in_time,
    a_list_is_laid_out_as_its_reader_wants,
);

/// The links to views on a page, from their tags on.
fn links(page: &Answer) -> impl Iterator<Item = &str> {
    let all = page.body.split("<a ").skip(1);
    all.filter(|link| link.split('>').next().is_some_and(|tag| tag.contains("view-link")))
}

/// The views that a page links to: address, name, count.
fn views(page: &Answer) -> Vec<(String, String, String)> {
    let view = |link| {
        let href = between(link, "href=\"", "\"").unwrap_or_default();
        let name = between(link, "max-w-60\">", "<").unwrap_or_default();
        let count = between(link, "text-sm\">", "<").unwrap_or_default();
        (href.replace("&amp;", "&"), name.to_owned(), count.to_owned())
    };
    links(page).map(view).collect()
}

/// The key of the view with that name, from the forms of a page.
fn key(page: &Answer, name: &str) -> Result<String> {
    let (before, _) = page
        .body
        .split_once(&format!("name=\"view_name\" value=\"{name}\""))
        .or_else(|| {
            page.body
                .split_once(&format!("value=\"{name}\" autocomplete=\"off\" required"))
        })
        .ok_or("no such view")?;
    let (_, rest) = before.rsplit_once("name=\"view\" value=\"").ok_or("no key")?;
    Ok(rest.split('"').next().unwrap_or_default().to_owned())
}

/// Whether a page says of one of the views that it is what the page shows.
fn is_current(page: &Answer) -> bool {
    links(page).any(|link| {
        link.split('>')
            .next()
            .is_some_and(|tag| tag.contains("aria-current=\"true\""))
    })
}

async fn a_view_is_saved_counted_opened_renamed_and_deleted(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "SN000001,PAX,S90,前台,{XIAOMAN},\nSN000002,PAX,A920,后厨,{XIAOMAN},\nSN000003,PAX,A920,后厨,{SHENGJING},\n"
        ))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let page = owner.get("/devices").await?;
    page.is_silent_on(&["view-link", "保存与管理视图"]);
    let page = owner.get("/devices?q=sn&model=A920&sort=-name&after=x").await?;
    page.says(&["保存与管理视图", "保存现在的条件"]);
    let query = between(&page.body, "name=\"query\" value=\"", "\"").ok_or("no form")?;
    let query = query.replace("&amp;", "&");
    assert_eq!(query, "q=sn&model=A920&sort=-name");
    // What is no query parameter of the list is not kept, nor is the place in it.
    let posted = format!("{query}&after=x&evil=1&state=");
    let answer = owner
        .post("/actions/view-save", &[("view_name", " 收银😀 "), ("query", &posted)])
        .await?;
    assert_eq!(answer.location(), Some(format!("/devices?{query}").as_str()));
    let page = owner.follow(answer).await?;
    page.says(&["视图已保存"]);
    assert_eq!(
        views(&page),
        [(format!("/devices?{query}"), "收银😀".to_owned(), "1".to_owned())]
    );
    assert!(is_current(&page));
    // The count is the present one.
    world.import(&format!("SN000004,PAX,A920,x,{XIAOMAN},\n")).await?;
    let page = owner.get("/devices").await?;
    assert_eq!(views(&page)[0].2, "2");
    assert!(!is_current(&page));
    let opened = owner.get(&views(&page)[0].0).await?;
    assert_eq!(table_rows(&opened.body).len(), 2);

    let (_, from) = opened
        .body
        .split_once("<nav aria-label=\"我的视图\"")
        .ok_or("no views")?;
    let shown = from.split("<div class=\"md:overflow-x-auto").next().unwrap_or_default();
    let shown = shown.replace(&key(&opened, "收银😀")?, "{view}").replace("><", ">\n<");
    insta::assert_snapshot!("above_the_list", shown);

    // The same name shows something else.
    let replaced = [("view_name", "收银😀"), ("query", "state=registered")];
    let page = owner.submit("/actions/view-save", &replaced).await?;
    page.says(&["视图已更新"]);
    assert_eq!(views(&page).len(), 1);
    assert_eq!(views(&page)[0].2, "0");
    owner
        .submit("/actions/view-save", &[("view_name", "全部"), ("query", "")])
        .await?;
    let page = owner.get("/devices").await?;
    assert_eq!(
        views(&page).iter().map(|view| view.1.as_str()).collect::<Vec<_>>(),
        ["全部", "收银😀"]
    );
    assert_eq!(views(&page)[0].0, "/devices");

    let view = key(&page, "收银😀")?;
    let taken = [("view", view.as_str()), ("view_name", "全部"), ("query", "model=S90")];
    let page = owner.submit("/actions/view-rename", &taken).await?;
    page.says(&["视图名称已被使用", "SN000001"]).is_silent_on(&["SN000002"]);
    let page = owner
        .submit("/actions/view-rename", &[("view", &view), ("view_name", "已注册")])
        .await?;
    page.says(&["视图已改名"]);
    assert!(views(&page).iter().any(|view| view.1 == "已注册"));
    let page = owner.submit("/actions/view-delete", &[("view", &view)]).await?;
    page.says(&["视图已删除"]);
    assert_eq!(views(&page).len(), 1);

    // What cannot be used comes back as it was typed.
    for name in ["", "=1+1", &"长".repeat(101)] {
        let page = owner
            .submit("/actions/view-save", &[("view_name", name), ("query", "model=A920")])
            .await?;
        page.says(&["名称不能用", "SN000002"]);
        let typed: String = name.chars().take(100).collect();
        assert!(typed.is_empty() || page.body.contains(&format!("value=\"{typed}\"")));
    }
    let long = format!("q={}", "a".repeat(3000));
    let answer = owner
        .post("/actions/view-save", &[("view_name", "x"), ("query", &long)])
        .await?;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(saved_views::Entity::find().count(db.reader()).await?, 1);
    Ok(())
}

async fn views_are_each_persons_own(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("SN000001,PAX,S90,,{XIAOMAN},\n")).await?;
    world.add_user("clerk", Role::MerchantClerk, Some(XIAOMAN)).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let page = owner
        .submit("/actions/view-save", &[("view_name", "我的"), ("query", "model=S90")])
        .await?;
    let view = key(&page, "我的")?;
    for login in ["clerk", "shengjing", "admin"] {
        let mut other = world.signed_in(login).await?;
        let list = if login == "admin" { "/terminals" } else { "/devices" };
        other.get(list).await?.is_silent_on(&["我的</bdi>"]);
        for (action, fields) in [
            (
                "/actions/view-rename",
                vec![("view", view.as_str()), ("view_name", "x")],
            ),
            ("/actions/view-delete", vec![("view", view.as_str())]),
        ] {
            let page = other.submit(action, &fields).await?;
            page.says(&["找不到这个页面"]);
        }
        // The same name is another view.
        let page = other
            .submit("/actions/view-save", &[("view_name", "我的"), ("query", "q=x")])
            .await?;
        assert_eq!(views(&page)[0].0, format!("{list}?q=x"));
    }
    let page = owner.get("/devices").await?;
    assert_eq!(
        views(&page),
        [("/devices?model=S90".to_owned(), "我的".to_owned(), "1".to_owned())]
    );
    Ok(())
}

async fn save(client: &mut Client, name: &str) -> Result<Answer> {
    client
        .submit("/actions/view-save", &[("view_name", name), ("query", "model=S90")])
        .await
}

async fn there_are_so_many_views_and_no_more(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("SN000001,PAX,S90,,{XIAOMAN},\n")).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    for number in 0..MAX_VIEWS {
        save(&mut owner, &format!("视图 {number:02}"))
            .await?
            .says(&["视图已保存"]);
    }
    let page = save(&mut owner, "再一个").await?;
    page.says(&["视图已满", "value=\"再一个\""]);
    assert_eq!(views(&page).len(), MAX_VIEWS);
    save(&mut owner, "视图 03").await?.says(&["视图已更新"]);
    let view = key(&page, "视图 03")?;
    owner.submit("/actions/view-delete", &[("view", &view)]).await?;
    save(&mut owner, "再一个").await?.says(&["视图已保存"]);
    Ok(())
}

async fn two_that_save_at_once_do_not_pass_the_limit(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let owner = users::Entity::find()
        .filter(users::Column::Login.eq("xiaoman"))
        .one(db.reader())
        .await?
        .ok_or("no owner")?;
    let merchant = owner.merchant_id.map(MerchantId);
    let caller = Caller::user(
        UserId(owner.id),
        owner.login,
        Role::MerchantOwner,
        merchant,
        RequestInfo::default(),
    );
    let caller = caller.ok_or("no caller")?;
    let settings = &world.services.list_settings;
    for number in 1..MAX_VIEWS {
        let saved = settings.save_view(&caller, &format!("视图 {number}"), "").await?;
        assert_eq!(saved, Saved::Added);
    }
    let (a, b, c) = tokio::join!(
        settings.save_view(&caller, "甲", ""),
        settings.save_view(&caller, "乙", ""),
        settings.save_view(&caller, "乙", "q=x"),
    );
    let added = [a, b, c].into_iter().filter(|saved| *saved == Ok(Saved::Added)).count();
    assert_eq!(added, 1);
    assert_eq!(settings.get(&caller).await?.views.len(), MAX_VIEWS);
    Ok(())
}

async fn counting_ends_in_time(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    // The clock of a story goes on with each look at it.
    let lists = vec![TerminalQuery::default(); 100];
    let amounts = world.services.verdicts.amounts(&Caller::system("test"), &lists).await?;
    assert_eq!(amounts.len(), lists.len());
    assert_eq!(amounts[0], Some(Amount::Exactly(0)));
    assert_eq!(amounts[99], None);
    Ok(())
}

async fn a_list_is_laid_out_as_its_reader_wants(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("SN000001,PAX,S90,前台,{XIAOMAN},总店\n")).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let heads = |page: &Answer| page.body.matches("role=\"columnheader\"").count();
    let cells = |page: &Answer| table_rows(&page.body)[0].matches("role=\"cell\"").count();
    let page = owner.get("/devices").await?;
    assert_eq!((heads(&page), cells(&page)), (8, 8));
    page.says(&["table table-sm cards", "列与行距"]);
    let answer = owner
        .post(
            "/actions/list-layout",
            &[
                ("columns[0]", "state"),
                ("columns[1]", "verdict"),
                ("columns[2]", "nonsense"),
                ("density", "compact"),
                ("query", "model=S90&after=x"),
            ],
        )
        .await?;
    assert_eq!(answer.location(), Some("/devices?model=S90"));
    let page = owner.follow(answer).await?;
    assert_eq!((heads(&page), cells(&page)), (3, 3));
    page.says(&["列表显示已保存", "table table-xs cards", "SN000001", "终端未注册"]);
    assert!(!table_rows(&page.body)[0].contains("总店"));
    // It is kept with the account, wherever its owner signs in, and is nobody else's.
    let mut elsewhere = world.signed_in("xiaoman").await?;
    assert_eq!(cells(&elsewhere.get("/devices").await?), 3);
    let mut admin = world.signed_in("admin").await?;
    assert_eq!(cells(&admin.get("/terminals").await?), 8);
    // Nothing ticked leaves the serial number; another choice replaces the one before.
    owner.submit("/actions/list-layout", &[]).await?;
    let page = owner.get("/devices").await?;
    assert_eq!((heads(&page), cells(&page)), (1, 1));
    page.says(&["table table-sm cards"]);
    Ok(())
}
