//! Matters in a relational database: which module answers what.
//!
//! In:  an open [`Database`].
//! Out: the behaviour of [`MatterStore`].

mod filter;
mod granting;
mod measuring;
mod noticing;
mod outbox;
mod reading;
mod rows;
mod scope;
mod searching;
mod tallying;
mod writing;

use std::collections::BTreeSet;

use quanlian_record::{
    id::{GrantId, MatterId, NoticeId, OutboxId},
    time::Timestamp,
};

use super::{
    Access, AgencyCode, BlindKey, Change, Code, Grant, Matter, MatterFilter, MatterPage, MatterQuery,
    MatterRow, MatterStore, ReadError, Scope, Series, StoredEvent, TakenEntry, Taking, Version, WriteError,
    Written,
    measures::{Bin, Drawn, MeasureStore, MeasuredPlace, MeasuredRow, Summed, Tally, Undrawn},
    notices::{InboxQuery, Notice, NoticeStore, Reader, Received},
    search::{Found, Search, SearchStore},
};
use crate::database::{Database, Sql, values};

impl MatterStore for Database {
    async fn create_matter(
        &self,
        id: MatterId,
        series: &Series,
        number: &(dyn Fn(u64) -> String + Send + Sync),
        change: &Change,
    ) -> Result<Written, WriteError> {
        writing::create(self, id, series, number, change).await
    }

    async fn append_events(
        &self,
        id: MatterId,
        expected: Version,
        change: &Change,
    ) -> Result<Written, WriteError> {
        writing::append(self, id, expected, change).await
    }

    async fn matter(&self, scope: &Scope, id: MatterId) -> Result<Option<Matter>, ReadError> {
        reading::get(self, scope, id).await
    }

    async fn matter_row(&self, scope: &Scope, id: MatterId) -> Result<Option<MatterRow>, ReadError> {
        reading::row(self, scope, id).await
    }

    async fn matters(&self, scope: &Scope, query: &MatterQuery) -> Result<MatterPage, ReadError> {
        reading::list(self, scope, query).await
    }

    async fn count_matters(
        &self,
        scope: &Scope,
        filter: &MatterFilter,
        up_to: u64,
    ) -> Result<u64, ReadError> {
        reading::count(self, scope, filter, up_to).await
    }

    async fn sharing(
        &self,
        scope: &Scope,
        keys: &BTreeSet<BlindKey>,
    ) -> Result<Vec<(BlindKey, MatterId)>, ReadError> {
        reading::sharing(self, scope, keys).await
    }

    async fn holders(
        &self,
        keys: &BTreeSet<BlindKey>,
        but: &AgencyCode,
    ) -> Result<Vec<(BlindKey, AgencyCode)>, ReadError> {
        reading::holders(self, keys, but).await
    }

    async fn events(
        &self,
        scope: &Scope,
        id: MatterId,
        after: u64,
        limit: usize,
    ) -> Result<Option<Vec<StoredEvent>>, ReadError> {
        reading::events(self, scope, id, after, limit).await
    }

    async fn access(&self, scope: &Scope, id: MatterId) -> Result<Option<Access>, ReadError> {
        granting::access(self, scope, id).await
    }

    async fn grants(&self, scope: &Scope, id: MatterId) -> Result<Option<Vec<Grant>>, ReadError> {
        granting::of_matter(self, scope, id).await
    }

    async fn standing_grants(&self, agency: &AgencyCode) -> Result<Vec<Grant>, ReadError> {
        granting::standing(self, agency).await
    }

    async fn grant(&self, grant: &Grant) -> Result<(), WriteError> {
        let writing = self.write().await?;
        granting::grant(&writing, grant).await?;
        Ok(writing.commit().await?)
    }

    async fn revoke(&self, id: GrantId, at: Timestamp, by: &Code) -> Result<bool, WriteError> {
        Ok(self.run(granting::revocation(id, at, by.as_str())).await? > 0)
    }

    async fn revoke_of(
        &self,
        matter: MatterId,
        id: GrantId,
        at: Timestamp,
        by: &Code,
    ) -> Result<bool, WriteError> {
        let mut sql = granting::revocation(id, at, by.as_str());
        sql.push(" AND matter_id = ").bind(matter.0);
        Ok(self.run(sql).await? > 0)
    }

    async fn take_outbox(&self, taking: &Taking) -> Result<Vec<TakenEntry>, WriteError> {
        outbox::take(self, taking).await
    }

    async fn acknowledge_outbox(&self, worker: &Code, ids: &[OutboxId]) -> Result<u64, WriteError> {
        outbox::acknowledge(self, worker, ids).await
    }

    async fn forget_requests(&self, before: Timestamp) -> Result<u64, WriteError> {
        let forget = "DELETE FROM matter_requests WHERE at < $1";
        Ok(self.run(Sql::with(forget, values![before.unix_micros()])).await?)
    }
}

impl MeasureStore for Database {
    async fn summed(&self, scope: &Scope, tally: &Tally) -> Result<Vec<Summed>, ReadError> {
        tallying::summed(self, scope, tally).await
    }

    async fn valued(&self, scope: &Scope, tally: &Tally) -> Result<Vec<Bin>, ReadError> {
        tallying::valued(self, scope, tally).await
    }

    async fn measured_rows(
        &self,
        scope: &Scope,
        tally: &Tally,
        after: Option<MeasuredPlace>,
        limit: usize,
    ) -> Result<Vec<MeasuredRow>, ReadError> {
        tallying::rows(self, scope, tally, after, limit).await
    }

    async fn undrawn(
        &self,
        basis: &Code,
        after: Option<MatterId>,
        limit: usize,
    ) -> Result<Vec<Undrawn>, ReadError> {
        measuring::undrawn(self, basis.as_str(), after, limit).await
    }

    async fn put_drawn(&self, id: MatterId, version: Version, drawn: &Drawn) -> Result<bool, WriteError> {
        measuring::put_drawn(self, id, version, drawn).await
    }
}

impl SearchStore for Database {
    async fn search(&self, scope: &Scope, search: &Search) -> Result<Vec<Found>, ReadError> {
        searching::search(self, scope, search).await
    }

    async fn count_found(&self, scope: &Scope, search: &Search, up_to: u64) -> Result<u64, ReadError> {
        searching::count(self, scope, search, up_to).await
    }
}

impl NoticeStore for Database {
    async fn notices(
        &self,
        scope: &Scope,
        reader: &Reader,
        query: &InboxQuery,
    ) -> Result<Vec<Received>, ReadError> {
        noticing::inbox(self, scope, reader, query).await
    }

    async fn count_unread(&self, scope: &Scope, reader: &Reader, up_to: u64) -> Result<u64, ReadError> {
        noticing::count_unread(self, scope, reader, up_to).await
    }

    async fn read_notice(
        &self,
        scope: &Scope,
        reader: &Reader,
        id: NoticeId,
        at: Timestamp,
    ) -> Result<bool, WriteError> {
        noticing::read(self, scope, reader, id, at).await
    }

    async fn notify(&self, notices: &[Notice]) -> Result<u64, WriteError> {
        noticing::notify(self, notices).await
    }

    async fn with_clocks_due(
        &self,
        until: Timestamp,
        last: &Code,
        after: Option<MatterId>,
        limit: usize,
    ) -> Result<Vec<Undrawn>, ReadError> {
        noticing::with_clocks_due(self, until, last, after, limit).await
    }
}
