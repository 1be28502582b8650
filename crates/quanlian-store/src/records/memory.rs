//! Records in memory, for the tests of other crates.
//!
//! In and out: as [`RecordStore`] says; gone when dropped.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use quanlian_record::{envelope::Record, id::RecordId};

use super::{
    AppendError, Appended, EraseError, MAX_ERASED_RECORDS, Page, Place, ReadError, RecordQuery, RecordStore,
    checked::{self, StoredRecord},
};

/// Records in memory.
#[derive(Debug, Default)]
pub struct MemoryRecords {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    places: BTreeMap<RecordId, Place>,
    records: BTreeMap<Place, StoredRecord>,
}

impl MemoryRecords {
    /// The state is whole even after a panic elsewhere: no step that changes it can panic halfway.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn get(&self, id: RecordId) -> Option<&StoredRecord> {
        self.records.get(self.places.get(&id)?)
    }

    fn append(&mut self, given: StoredRecord) -> Result<Appended, AppendError> {
        let id = given.place.id;
        if let Some(stored) = self.get(id) {
            return given.meets(&stored.canonical, &stored.sha256);
        }
        if let Some(supersedes) = given.supersedes.filter(|id| !self.places.contains_key(id)) {
            return Err(AppendError::UnknownSuperseded { id, supersedes });
        }
        self.places.insert(id, given.place);
        self.records.insert(given.place, given);
        Ok(Appended::New)
    }

    /// The places of `id` and of all that correct it.
    fn with_corrections(&self, id: RecordId) -> Vec<Place> {
        let mut found: Vec<Place> = self.places.get(&id).copied().into_iter().collect();
        let mut next = 0;
        while let Some(place) = found.get(next).copied() {
            let corrections = self
                .records
                .values()
                .filter(|stored| stored.supersedes == Some(place.id));
            found.extend(corrections.map(|stored| stored.place));
            next += 1;
        }
        found
    }

    fn take_back(&mut self, appended: &[Place]) {
        for place in appended {
            self.places.remove(&place.id);
            self.records.remove(place);
        }
    }
}

impl RecordStore for MemoryRecords {
    async fn append_all(&self, records: &[Record]) -> Result<Vec<Appended>, AppendError> {
        let batch = checked::batch(records)?;
        let mut state = self.state();
        let mut answers = Vec::with_capacity(batch.len());
        let mut appended = Vec::new();
        for given in batch {
            let place = given.place;
            match state.append(given) {
                Ok(answer) => answers.push(answer),
                Err(refused) => {
                    state.take_back(&appended);
                    return Err(refused);
                }
            }
            if answers.last() == Some(&Appended::New) {
                appended.push(place);
            }
        }
        Ok(answers)
    }

    async fn get(&self, id: RecordId) -> Result<Option<Record>, ReadError> {
        self.state().get(id).map(StoredRecord::record).transpose()
    }

    async fn erase(&self, id: RecordId) -> Result<usize, EraseError> {
        let mut state = self.state();
        let places = state.with_corrections(id);
        if places.len() > MAX_ERASED_RECORDS {
            return Err(EraseError::TooMany { id });
        }
        state.take_back(&places);
        Ok(places.len())
    }

    async fn list(&self, query: &RecordQuery) -> Result<Page, ReadError> {
        let is_asked_for = |stored: &&StoredRecord| {
            query.kind.as_ref().is_none_or(|kind| *kind == stored.kind)
                && query.supersedes.is_none_or(|id| stored.supersedes == Some(id))
                && query.from.is_none_or(|from| stored.place.recorded_at >= from)
                && query.until.is_none_or(|until| stored.place.recorded_at < until)
                && query.after.is_none_or(|after| stored.place > after)
        };
        let state = self.state();
        let found = state
            .records
            .values()
            .filter(is_asked_for)
            .take(query.page_size() + 1);
        let records = found.map(StoredRecord::record).collect::<Result<_, _>>()?;
        Ok(Page::cut(records, query.page_size()))
    }
}
