//! A matter as a row, and back.
//!
//! In:  a [`Projection`], or a row of the database.
//! Out: the values of its columns, or a [`MatterRow`].
//!
//! `due_key` is the day as the number YYYYMMDD, `i64::MAX` for none; `amount_key` the fen, `i64::MIN` for none: so that a
//! list is one walk along an index, and what has none stands at one end.

use quanlian_record::{
    id::MatterId,
    time::{Day, Timestamp},
};
use sea_orm::{QueryResult, TryGetable, Value};

use crate::{
    database::Database,
    matters::{AgencyCode, Code, MatterRow, Projection, ReadError, UnitCode, UserCode, Version, WriteError},
};

/// The columns of [`row_of`].
pub(super) const COLUMNS: &str = "m.id, m.number, m.procedure_id, m.procedure_version, m.stage, m.status, \
     m.owner_agency, m.owner_unit, m.handlers, m.title, m.opened_at, m.changed_at, m.due_key, m.amount_key, \
     m.blind_keys, m.version, m.head";

/// What stands for no day.
const NO_DAY: i64 = i64::MAX;
/// What stands for no amount.
const NO_AMOUNT: i64 = i64::MIN;

/// The number of a day, in the order of days.
pub(super) fn day_key(day: Day) -> i64 {
    i64::from(day.year()) * 10_000 + i64::from(day.month()) * 100 + i64::from(day.day())
}

/// The day of a number.
pub(super) fn day_of(key: i64) -> Option<Day> {
    let year = i16::try_from(key / 10_000).ok()?;
    let month = i8::try_from(key / 100 % 100).ok()?;
    Day::new(year, month, i8::try_from(key % 100).ok()?).ok()
}

/// Handlers as they stand in their column.
pub(super) fn handlers_text(projection: &Projection) -> String {
    let names: Vec<&str> = projection.handlers.iter().map(UserCode::as_str).collect();
    serde_json::Value::from(names).to_string()
}

/// Keys as they stand in their column.
pub(super) fn keys_text(projection: &Projection) -> String {
    let digits: Vec<String> = projection.keys.iter().map(hex::encode).collect();
    serde_json::Value::from(digits).to_string()
}

/// The values of the columns from `procedure_id` to `owner_unit`, then `handlers`, `title`, `due_key`, `amount_key` and
/// `blind_keys`.
pub(super) fn values_of(projection: &Projection) -> Result<Vec<Value>, WriteError> {
    let due_key = match projection.due_on {
        Some(day) if day.year() < 0 => return Err(WriteError::invalid("the day due is before the year 0")),
        Some(day) => day_key(day),
        None => NO_DAY,
    };
    if projection.amount_fen == Some(NO_AMOUNT) {
        return Err(WriteError::invalid("the amount is outside its limits"));
    }
    let word = |code: &Code| Value::from(code.as_str());
    Ok(vec![
        word(&projection.procedure),
        Value::from(i64::from(projection.procedure_version)),
        word(&projection.stage),
        word(&projection.status),
        Value::from(projection.owner_agency.as_str()),
        Value::from(
            projection
                .owner_unit
                .as_ref()
                .map(|unit| unit.as_str().to_owned()),
        ),
        Value::from(handlers_text(projection)),
        Value::from(projection.title.as_str()),
        Value::from(due_key),
        Value::from(projection.amount_fen.unwrap_or(NO_AMOUNT)),
        Value::from(keys_text(projection)),
    ])
}

/// One column of a row.
pub(super) fn column<T: TryGetable>(
    database: &Database,
    row: &QueryResult,
    name: &str,
) -> Result<T, ReadError> {
    row.try_get("", name)
        .map_err(|e| ReadError::Database(database.trouble(e)))
}

pub(super) fn digest_of(bytes: &[u8]) -> Option<[u8; 32]> {
    bytes.try_into().ok()
}

/// A row with the columns of [`COLUMNS`].
pub(super) fn row_of(database: &Database, row: &QueryResult) -> Result<MatterRow, ReadError> {
    let id = MatterId(column(database, row, "id")?);
    let damaged = |what| ReadError::DamagedRow { id, what };
    let text = |name: &str| column::<String>(database, row, name);
    let number = |name: &str| column::<i64>(database, row, name);
    let instant = |name: &str| {
        Timestamp::from_unix_micros(number(name)?).map_err(|_| damaged("an instant is outside the calendar"))
    };
    let code = |name: &str| Code::parse(&text(name)?).map_err(|_| damaged("a code is none"));
    let unit: Option<String> = column(database, row, "owner_unit")?;
    let handlers: Vec<UserCode> =
        serde_json::from_str(&text("handlers")?).map_err(|_| damaged("its handlers cannot be read"))?;
    let digits: Vec<String> =
        serde_json::from_str(&text("blind_keys")?).map_err(|_| damaged("its keys cannot be read"))?;
    let keys = digits.iter().map(|digits| {
        let bytes = hex::decode(digits).ok();
        bytes
            .and_then(|bytes| digest_of(&bytes))
            .ok_or(damaged("a key is none"))
    });
    let due_on = match number("due_key")? {
        NO_DAY => None,
        key => Some(day_of(key).ok_or(damaged("the day due is none"))?),
    };
    let projection = Projection {
        procedure: code("procedure_id")?,
        procedure_version: u32::try_from(number("procedure_version")?)
            .map_err(|_| damaged("the version of its procedure is none"))?,
        stage: code("stage")?,
        status: code("status")?,
        owner_agency: AgencyCode::parse(&text("owner_agency")?).map_err(|_| damaged("a code is none"))?,
        owner_unit: unit
            .map(|unit| UnitCode::parse(&unit))
            .transpose()
            .map_err(|_| damaged("a code is none"))?,
        handlers: handlers.into_iter().collect(),
        title: text("title")?,
        due_on,
        amount_fen: Some(number("amount_key")?).filter(|fen| *fen != NO_AMOUNT),
        keys: keys.collect::<Result<_, _>>()?,
    };
    Ok(MatterRow {
        id,
        number: text("number")?,
        opened_at: instant("opened_at")?,
        changed_at: instant("changed_at")?,
        version: version_of(database, row)?,
        projection,
    })
}

/// The columns `id`, `version` and `head`.
pub(super) fn version_of(database: &Database, row: &QueryResult) -> Result<Version, ReadError> {
    let id = MatterId(column(database, row, "id")?);
    let damaged = |what| ReadError::DamagedRow { id, what };
    let head: Vec<u8> = column(database, row, "head")?;
    Ok(Version {
        number: u64::try_from(column::<i64>(database, row, "version")?)
            .map_err(|_| damaged("its version is none"))?,
        head: digest_of(&head).ok_or(damaged("its digest is none"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_keep_their_order_and_come_back() {
        let days = [
            "0000-01-01",
            "1999-12-31",
            "2000-01-01",
            "2024-02-29",
            "9999-12-31",
        ];
        let keys: Vec<i64> = days.iter().map(|day| day_key(day.parse().unwrap())).collect();
        assert!(
            keys.is_sorted() && keys.iter().all(|key| *key < NO_DAY),
            "{keys:?}"
        );
        for (day, key) in days.iter().zip(keys) {
            assert_eq!(day_of(key).unwrap().to_string(), *day);
        }
        assert_eq!(day_of(20_240_231), None);
    }
}
