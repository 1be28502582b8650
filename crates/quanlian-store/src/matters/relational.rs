//! Matters in a relational database: which module answers what.
//!
//! In:  an open [`Database`].
//! Out: the behaviour of [`MatterStore`].

mod filter;
mod granting;
mod outbox;
mod reading;
mod rows;
mod scope;
mod writing;

use std::collections::BTreeSet;

use quanlian_record::{
    id::{GrantId, MatterId, OutboxId},
    time::Timestamp,
};

use super::{
    Access, AgencyCode, BlindKey, Change, Code, Grant, Matter, MatterFilter, MatterPage, MatterQuery,
    MatterStore, ReadError, Scope, Series, StoredEvent, TakenEntry, Taking, Version, WriteError, Written,
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
