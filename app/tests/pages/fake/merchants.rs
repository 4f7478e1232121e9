//! Merchants and their stores.

use super::{Fake, ago};
use app::backend::merchants::{Merchant, MerchantInput, MerchantQuery, MerchantRow, Merchants};
use app::backend::page::Page;
use app::backend::stores::{Closing, StoreInput, StoreRow, Stores};
use app::backend::terminals::TerminalCounts;
use app::caller::{Caller, MerchantMember, PlatformAdmin, PlatformViewer, StoreManager};
use app::domain::{MerchantNo, MerchantState, StoreId};
use app::error::{AppError, Invalid};
use async_trait::async_trait;
use uuid::Uuid;

fn merchant(state: MerchantState) -> Merchant {
    let store = |n: u128, name: &str, terminals| StoreRow {
        id: StoreId(Uuid::from_u128(n)),
        name: name.to_owned(),
        address: Some("西湖区文三路 477 号<b>".to_owned()),
        closed: (terminals == 0).then(|| ago(9)),
        terminals,
    };
    Merchant {
        row: MerchantRow {
            number: MerchantNo::parse("898269350000008").unwrap(),
            name: "小满&母婴\"<b>".to_owned(),
            state,
            state_since: ago(50_000),
            quota: 20,
            used: 20,
        },
        state_reason: (state == MerchantState::Suspended).then(|| "合同到期<b>".to_owned()),
        time_zone: "Asia/Shanghai".to_owned(),
        contact_name: Some("林小满".to_owned()),
        contact_phone: Some("0571-5550 0108".to_owned()),
        contact_email: None,
        created: ago(90_000),
        counts: TerminalCounts {
            awaiting: 2,
            registered: 19,
            suspended: 1,
            ..TerminalCounts::default()
        },
        stores: vec![store(1, "西湖店<b>", 12), store(2, "滨江店", 0)],
        users: 3,
    }
}

#[async_trait]
impl Merchants for Fake {
    async fn list(&self, _: PlatformViewer<'_>, query: &MerchantQuery) -> Result<Page<MerchantRow>, AppError> {
        let all = [MerchantState::Active, MerchantState::Suspended].map(|state| merchant(state).row);
        Ok(Page {
            rows: all.into_iter().filter(|_| query.search.is_none()).collect(),
            previous: None,
            next: None,
        })
    }

    async fn get(&self, _: PlatformViewer<'_>, number: &MerchantNo) -> Result<Option<Merchant>, AppError> {
        let state = match number.as_str() {
            "898269350000008" => MerchantState::Active,
            "898269350000009" => MerchantState::Suspended,
            _ => return Ok(None),
        };
        Ok(Some(merchant(state)))
    }

    async fn own(&self, _: MerchantMember<'_>) -> Result<Merchant, AppError> {
        Ok(merchant(MerchantState::Suspended))
    }

    async fn create(&self, _: PlatformAdmin<'_>, _: &str, _: &MerchantInput) -> Result<MerchantNo, AppError> {
        Err(AppError::Invalid(Invalid::MerchantNoTaken))
    }

    async fn update(&self, _: PlatformAdmin<'_>, _: &MerchantNo, _: &MerchantInput) -> Result<(), AppError> {
        Ok(())
    }

    async fn suspend(&self, _: PlatformAdmin<'_>, _: &MerchantNo, _: &str) -> Result<(), AppError> {
        Ok(())
    }

    async fn resume(&self, _: PlatformAdmin<'_>, _: &MerchantNo) -> Result<(), AppError> {
        Ok(())
    }
}

#[async_trait]
impl Stores for Fake {
    async fn list(&self, _: &Caller, _: Option<&MerchantNo>) -> Result<Vec<StoreRow>, AppError> {
        Ok(merchant(MerchantState::Active).stores)
    }

    async fn create(&self, _: StoreManager<'_>, _: Option<&MerchantNo>, _: &StoreInput) -> Result<StoreId, AppError> {
        Err(AppError::Invalid(Invalid::StoreTaken))
    }

    async fn update(&self, _: StoreManager<'_>, _: StoreId, _: &StoreInput) -> Result<(), AppError> {
        Ok(())
    }

    async fn close(&self, _: StoreManager<'_>, _: StoreId) -> Result<Closing, AppError> {
        Ok(Closing::Closed)
    }

    async fn reopen(&self, _: StoreManager<'_>, _: StoreId) -> Result<(), AppError> {
        Ok(())
    }
}
