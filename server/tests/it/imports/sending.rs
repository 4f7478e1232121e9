//! How a file comes in, and how long it waits for whoever sent it.

use super::{send, tally};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, World};
use app::backend::imports::{Imports, PART_BYTES};
use app::caller::Caller;
use app::domain::ImportBatchId;
use axum::http::StatusCode;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use server::entities::{import_jobs, import_parts};

on_both_engines!(a_large_file_is_sent_in_pieces, a_file_nobody_comes_back_for_is_given_up);

const HOUR_MS: i64 = 3_600_000;

async fn a_large_file_is_sent_in_pieces(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let note = "备注".repeat(100);
    let rows: String = (0..2_000).map(|n| format!("ROW{n:07},PAX,S90,{note}\n")).collect();
    let file = format!("sn,manufacturer,model,note\n{rows}");
    assert!(file.len() > 3 * PART_BYTES);
    let (to, preview) = send(&world, &mut admin, "large.csv", file.as_bytes()).await?;
    assert_eq!(tally(&preview), [2_000, 2_000, 0, 0, 0]);
    // A piece that nobody waits for.
    let id: ImportBatchId = to.rsplit('/').next().unwrap_or_default().parse()?;
    let system = Caller::system("test");
    let imports = &world.services.imports;
    assert!(imports.put(system.platform_admin()?, id, 9, vec![1]).await.is_err());
    assert!(imports.close(system.platform_admin()?, id).await.is_err());
    Ok(())
}

async fn a_file_nobody_comes_back_for_is_given_up(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let file = "sn,manufacturer,model\n12,PAX,S90\n";
    let (to, _) = send(&world, &mut admin, "left.csv", file.as_bytes()).await?;
    let (unmatched, page) = send(&world, &mut admin, "list.csv", "机具\n12345678\n".as_bytes()).await?;
    page.says(&["对应列"]);
    // One is broken off, and of another a piece comes each day.
    let system = Caller::system("test");
    let (by, imports) = (system.platform_admin()?, &world.services.imports);
    let (broken_off, slow) = (
        imports.create(by, "broken.csv").await?,
        imports.create(by, "slow.csv").await?,
    );
    imports.put(by, broken_off, 0, vec![b'x'; PART_BYTES]).await?;
    let sweep = async |hours| -> Result<u64> {
        world.clock.advance_ms(hours * HOUR_MS);
        Ok(world.services.imports.sweep().await?)
    };
    for (place, given_up) in [(0, 0), (1, 1), (2, 0), (3, 0), (4, 0), (5, 0)] {
        imports.put(by, slow, place, vec![b'x'; PART_BYTES]).await?;
        assert_eq!(sweep(23).await?, given_up, "after {} hours", (place + 1) * 23);
    }
    let stage = async |id: &str| -> Result<String> {
        let jobs = import_jobs::Entity::find_by_id(id.parse::<ImportBatchId>()?.0);
        Ok(jobs.one(db.reader()).await?.ok_or("no job")?.stage)
    };
    assert_eq!(stage(&broken_off.to_string()).await?, "cancelled");
    let pieces = import_parts::Entity::find().filter(import_parts::Column::BatchId.eq(broken_off.0));
    assert_eq!(pieces.count(db.reader()).await?, 0);
    assert!(imports.put(by, broken_off, 1, vec![b'x']).await.is_err());
    assert_eq!(stage(&slow.to_string()).await?, "uploading");
    imports.cancel(by, slow).await?;

    // What waits for somebody to decide is kept for a week.
    assert_eq!(sweep(7 * 24 - 6 * 23 - 1).await?, 0);
    assert_eq!(sweep(2).await?, 2);
    let mut admin = world.signed_in("admin").await?;
    for to in [&to, &unmatched] {
        admin.get(to).await?.says(&["已取消"]);
    }
    assert_eq!(admin.get(&format!("{to}/rejects")).await?.status, StatusCode::OK);
    sweep(31 * 24).await?;
    assert_eq!(import_parts::Entity::find().count(db.reader()).await?, 0);
    Ok(())
}
