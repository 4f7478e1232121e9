//! What went wrong: the failure story at one merchant, and a refusal of each kind at the others. Reasons and what is told
//! are those that the services give.

use super::fleet::{self, Fate, STORY, Terminal};
use super::story::{FULL, Person, Script, TERMINAL_ADDRESS, about};
use super::world::World;
use crate::entities::terminals;
use crate::services::chain::{Actor, NewEntry};
use app::domain::{LogKind, MerchantId, Outcome, Reason, Timestamp};
use uuid::Uuid;

/// A terminal that was nobody's, and whose merchant mistypes its number, then its code, then takes the old code.
pub(super) fn late_start(script: &mut Script, world: &World, late: &Terminal, admin: Person<'_>, owner: Person<'_>) {
    let (row, dice, calendar) = (&late.row, &world.dice, &world.calendar);
    let request = |at: Timestamp| dice.id(at).to_string();

    let issued = calendar.ago(41, 16, 20);
    let mut old = script.code_issued(dice, row, issued, admin, request(issued));

    let attempts = [
        (calendar.ago(6, 10, 12), swapped(&row.sn_printed), Reason::SnUnknown),
        (calendar.ago(6, 10, 15), row.sn_printed.clone(), Reason::CodeInvalid),
        (calendar.ago(6, 10, 19), row.sn_printed.clone(), Reason::CodeExpired),
    ];
    for (at, sn, reason) in attempts {
        let mut entry = refused(&sn, row.merchant_id, None, reason, false, owner.actor());
        entry.address = owner.address();
        entry.correlation = request(at);
        script.add(at, entry);
    }

    let reissued = calendar.ago(6, 14, 2);
    let mut expired = about(row, LogKind::CodeExpired, Outcome::Info, admin.actor());
    expired.address = admin.address();
    expired.correlation = request(reissued);
    let second_request = expired.correlation.clone();
    script.add(reissued, expired);
    old.state = "expired".to_owned();
    old.ended_at = Some(reissued.0);
    let mut new = script.code_issued(dice, row, reissued, admin, second_request);
    script.claimed(world, row, row.registered_at.map_or(reissued, Timestamp), &mut new);
    script.codes.extend([old, new]);
}

/// A refusal of each kind, here and there.
pub(super) fn refusals(script: &mut Script, world: &World, fleet: &[Terminal], owners: &[Person<'_>]) {
    let ago = |days, hour, minute| world.calendar.ago(days, hour, minute);
    let merchant = |place: usize| Some(world.merchants[place].id());
    let sn_of = |terminal: Option<&Terminal>| {
        terminal
            .map(|terminal| terminal.row.sn_printed.clone())
            .unwrap_or_default()
    };
    let nobodys = fleet.iter().find(|terminal| terminal.fate == Fate::Unassigned);
    let of = |place, fate| fleet::first(fleet, place, fate);

    let mut by_person = |at: Timestamp, place: usize, sn: String, terminal: Option<&Terminal>, reason: Reason| {
        let own = terminal.is_some();
        let row = terminal.map(|terminal| &terminal.row);
        let mut entry = refused(&sn, merchant(place), row, reason, own, owners[place].actor());
        entry.address = owners[place].address();
        entry.correlation = world.dice.id(at).to_string();
        script.add(at, entry);
    };
    let stolen = of(STORY, Fate::Suspended);
    by_person(ago(9, 9, 48), STORY, sn_of(stolen), stolen, Reason::TerminalSuspended);
    let registered = of(1, Fate::Online);
    by_person(
        ago(4, 11, 20),
        1,
        sn_of(registered),
        registered,
        Reason::AlreadyRegistered,
    );
    by_person(
        ago(10, 15, 33),
        4,
        sn_of(of(5, Fate::Online)),
        None,
        Reason::RegisteredElsewhere,
    );
    by_person(ago(9, 13, 5), 5, sn_of(nobodys), None, Reason::CodeRequired);
    let waiting = of(FULL, Fate::Awaiting);
    by_person(ago(2, 10, 5), FULL, sn_of(waiting), waiting, Reason::QuotaExceeded);
    by_person(ago(2, 10, 7), FULL, sn_of(waiting), waiting, Reason::QuotaExceeded);
    by_person(ago(7, 17, 26), 7, "PC2404#10442".to_owned(), None, Reason::SnMalformed);

    let mut by_terminal =
        |at: Timestamp, place: Option<usize>, sn: String, terminal: Option<&Terminal>, reason: Reason| {
            let own = reason == Reason::ModelMismatch;
            let row = terminal.map(|terminal| &terminal.row);
            let mut entry = refused(&sn, place.and_then(merchant), row, reason, own, Actor::terminal(None));
            entry.address = Some(TERMINAL_ADDRESS.to_owned());
            entry.correlation = world.dice.id(at).to_string();
            script.add(at, entry);
        };
    let connected = of(fleet::CAME_BACK, Fate::Online);
    by_terminal(
        ago(1, 8, 2),
        Some(fleet::CAME_BACK),
        sn_of(connected),
        connected,
        Reason::CodeUsed,
    );
    let waiting = of(3, Fate::Awaiting);
    by_terminal(ago(5, 12, 44), Some(3), sn_of(waiting), waiting, Reason::ModelMismatch);
    by_terminal(ago(3, 19, 10), None, "1839999999".to_owned(), None, Reason::SnUnknown);
}

/// A registration that was refused.
fn refused(
    sn: &str,
    merchant: Option<Uuid>,
    terminal: Option<&terminals::Model>,
    reason: Reason,
    own: bool,
    actor: Actor,
) -> NewEntry {
    NewEntry {
        merchant: merchant.map(MerchantId),
        occurred: Timestamp(0),
        sn_sent: Some(sn.to_owned()),
        terminal: terminal.map(|row| app::domain::TerminalId(row.id)),
        kind: LogKind::RegistrationFailed,
        outcome: Outcome::Failure,
        reason: Some(reason),
        told: Some(reason.told(own)),
        actor,
        address: None,
        correlation: String::new(),
        detail: serde_json::json!({}),
    }
}

/// A serial number with its last two different neighbours swapped, as one mistypes it.
fn swapped(sn: &str) -> String {
    let mut characters: Vec<char> = sn.chars().collect();
    let last = (1..characters.len())
        .rev()
        .find(|place| characters[place - 1] != characters[*place]);
    if let Some(place) = last {
        characters.swap(place - 1, place);
    }
    characters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::swapped;

    #[test]
    fn a_mistyped_number_is_another_one() {
        assert_eq!(swapped("PC2004D1234566"), "PC2004D1234656");
        assert_eq!(swapped("1111"), "1111");
    }
}
