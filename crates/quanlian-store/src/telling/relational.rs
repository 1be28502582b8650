//! What is told outside, in a relational database.
//!
//! In:  an open [`Database`].
//! Out: the behaviour of [`TellingStore`]; leases are taken by one statement, whose row conditions another sender's lease makes false.

mod mail;
mod rows;

use quanlian_record::{
    id::{AccountId, DeliveryId, NoticeId, WebhookId},
    time::Timestamp,
};

use super::{
    Channel, Delivery, MAX_AT_ONCE, MAX_ERROR_BYTES, MAX_PAGE_DELIVERIES, MAX_URL_BYTES, MAX_WEBHOOKS, Mail,
    NewDelivery, Settlement, TellingError, TellingStore, Webhook,
};
use crate::{
    accounts::{Account, SecretDigest},
    database::{Database, Sql, Writing, values, whole},
    matters::{AgencyCode, notices::Notice},
};
use rows::{DELIVERY, WEBHOOK, delivery_of, webhook_of, words_text};

/// So many webhooks of all agencies are read at most.
const MAX_ALL_WEBHOOKS: i64 = 100_000;
const MAX_SECRET_BYTES: usize = 256;

impl TellingStore for Database {
    async fn add_webhook(&self, webhook: &Webhook) -> Result<(), TellingError> {
        check(webhook)?;
        let writing = self.write().await?;
        let count = "SELECT COUNT(*) AS n FROM webhooks WHERE agency = $1";
        let row = writing
            .one(Sql::with(count, values![webhook.agency.as_str()]))
            .await?;
        let count: i64 = row.map_or(Ok(0), |row| self.column_of(&row, "n"))?;
        if count >= whole(MAX_WEBHOOKS) {
            let what = format!("an agency has at most {MAX_WEBHOOKS} webhooks; end one");
            return Err(TellingError::Invalid { what });
        }
        let put = "INSERT INTO webhooks (id, agency, url, kinds, secret, state, made_by, made_at, version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)";
        let row = values![
            webhook.id.0,
            webhook.agency.as_str(),
            webhook.url.as_str(),
            words_text(&webhook.kinds),
            webhook.secret.clone(),
            webhook.state.word(),
            webhook.made_by.as_str(),
            webhook.made_at.unix_micros(),
        ];
        writing.run(Sql::with(put, row)).await?;
        Ok(writing.commit().await?)
    }

    async fn change_webhook(&self, webhook: &Webhook) -> Result<(), TellingError> {
        check(webhook)?;
        let former = webhook.former.as_ref();
        let change = "UPDATE webhooks SET url = $3, kinds = $4, secret = $5, former_secret = $6, former_until = $7, \
             state = $8, failing_since = $9, error = $10, version = version + 1 WHERE id = $1 AND version = $2";
        let row = values![
            webhook.id.0,
            webhook.version.cast_signed(),
            webhook.url.as_str(),
            words_text(&webhook.kinds),
            webhook.secret.clone(),
            former.map(|(secret, _)| secret.clone()),
            former.map(|(_, until)| until.unix_micros()),
            webhook.state.word(),
            webhook.failing_since.map(Timestamp::unix_micros),
            webhook.error.clone(),
        ];
        match self.run(Sql::with(change, row)).await? {
            0 => Err(TellingError::Conflict),
            _ => Ok(()),
        }
    }

    async fn end_webhook(&self, agency: &AgencyCode, id: WebhookId) -> Result<bool, TellingError> {
        let writing = self.write().await?;
        let end = "DELETE FROM webhooks WHERE id = $1 AND agency = $2";
        let ended = writing
            .run(Sql::with(end, values![id.0, agency.as_str()]))
            .await?;
        if ended > 0 {
            forget_target(&writing, id.0).await?;
        }
        writing.commit().await?;
        Ok(ended > 0)
    }

    async fn webhooks(&self, agency: &AgencyCode) -> Result<Vec<Webhook>, TellingError> {
        let sql = format!("SELECT {WEBHOOK} FROM webhooks WHERE agency = $1 ORDER BY made_at, id");
        let rows = self.all(Sql::with(&sql, values![agency.as_str()])).await?;
        rows.iter().map(|row| webhook_of(self, row)).collect()
    }

    async fn webhook(&self, id: WebhookId) -> Result<Option<Webhook>, TellingError> {
        let sql = format!("SELECT {WEBHOOK} FROM webhooks WHERE id = $1");
        let row = self.one(Sql::with(&sql, values![id.0])).await?;
        row.map(|row| webhook_of(self, &row)).transpose()
    }

    async fn all_webhooks(&self) -> Result<Vec<Webhook>, TellingError> {
        let sql = format!("SELECT {WEBHOOK} FROM webhooks ORDER BY id LIMIT $1");
        let rows = self.all(Sql::with(&sql, values![MAX_ALL_WEBHOOKS])).await?;
        rows.iter().map(|row| webhook_of(self, row)).collect()
    }

    async fn webhook_answered(&self, id: WebhookId) -> Result<(), TellingError> {
        let well = "UPDATE webhooks SET failing_since = NULL, error = NULL WHERE id = $1 AND failing_since IS NOT NULL";
        self.run(Sql::with(well, values![id.0])).await?;
        Ok(())
    }

    async fn webhook_failed(
        &self,
        id: WebhookId,
        at: Timestamp,
        error: &str,
        dead_before: Timestamp,
    ) -> Result<bool, TellingError> {
        let writing = self.write().await?;
        let fail =
            "UPDATE webhooks SET failing_since = COALESCE(failing_since, $2), error = $3 WHERE id = $1";
        let row = values![id.0, at.unix_micros(), cut(error)];
        writing.run(Sql::with(fail, row)).await?;
        let die =
            "UPDATE webhooks SET state = 'dead' WHERE id = $1 AND state = 'active' AND failing_since < $2";
        let row = values![id.0, dead_before.unix_micros()];
        let is_dead = writing.run(Sql::with(die, row)).await? > 0;
        writing.commit().await?;
        Ok(is_dead)
    }

    async fn put_deliveries(&self, deliveries: &[NewDelivery]) -> Result<(), TellingError> {
        let writing = self.write().await?;
        put(&writing, deliveries).await?;
        Ok(writing.commit().await?)
    }

    async fn deliveries(
        &self,
        target: uuid::Uuid,
        before: Option<(Timestamp, DeliveryId)>,
        limit: usize,
    ) -> Result<Vec<Delivery>, TellingError> {
        let mut sql = Sql::new(&format!("SELECT {DELIVERY} FROM deliveries WHERE target_id = "));
        sql.bind(target);
        if let Some((at, id)) = before {
            sql.push(" AND (made_at, id) < (").bind(at.unix_micros());
            sql.push(", ").bind(id.0).push(")");
        }
        sql.push(" ORDER BY made_at DESC, id DESC LIMIT ")
            .bind(whole(limit.clamp(1, MAX_PAGE_DELIVERIES)));
        let rows = self.all(sql).await?;
        rows.iter().map(|row| delivery_of(self, row)).collect()
    }

    async fn untold(&self, limit: usize) -> Result<Vec<Notice>, TellingError> {
        let sql = "SELECT n.* FROM notices_untold u JOIN notices n ON n.id = u.notice_id ORDER BY u.made_at, u.notice_id LIMIT $1";
        let rows = self.all(Sql::with(sql, values![whole(limit)])).await?;
        rows.iter().map(|row| rows::notice_of(self, row)).collect()
    }

    async fn spread(&self, notice: NoticeId, deliveries: &[NewDelivery]) -> Result<(), TellingError> {
        let writing = self.write().await?;
        put(&writing, deliveries).await?;
        let told = "DELETE FROM notices_untold WHERE notice_id = $1";
        writing.run(Sql::with(told, values![notice.0])).await?;
        Ok(writing.commit().await?)
    }

    async fn notice(&self, id: NoticeId) -> Result<Option<Notice>, TellingError> {
        let sql = "SELECT n.* FROM notices n WHERE n.id = $1";
        let row = self.one(Sql::with(sql, values![id.0])).await?;
        row.map(|row| rows::notice_of(self, &row)).transpose()
    }

    async fn take_for_webhooks(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Delivery>, TellingError> {
        let mut sql = taking(Channel::Webhook, now, until);
        sql.push(
            " AND id IN (SELECT id FROM (SELECT d.id, d.ready_at, \
             ROW_NUMBER() OVER (PARTITION BY d.target_id ORDER BY d.ready_at, d.id) AS place \
             FROM deliveries d JOIN webhooks w ON w.id = d.target_id WHERE d.channel = 'webhook' \
             AND d.state = 'waiting' AND w.state = 'active' AND d.ready_at <= ",
        );
        sql.bind(now.unix_micros()).push(") AS due WHERE place <= ");
        sql.bind(MAX_AT_ONCE).push(" ORDER BY ready_at, id LIMIT ");
        sql.bind(whole(limit)).push(") RETURNING ").push(DELIVERY);
        let rows = self.write_one(sql).await?;
        rows.iter().map(|row| delivery_of(self, row)).collect()
    }

    async fn take_for_mail(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Delivery>, TellingError> {
        let due = "FROM deliveries WHERE channel = 'mail' AND state = 'waiting' AND ready_at <= ";
        let mut sql = taking(Channel::Mail, now, until);
        sql.push(" AND id IN (SELECT id ")
            .push(due)
            .bind(now.unix_micros());
        sql.push(" AND target_id = (SELECT target_id ")
            .push(due)
            .bind(now.unix_micros());
        sql.push(" ORDER BY ready_at, id LIMIT 1) ORDER BY made_at, id LIMIT ");
        sql.bind(whole(limit)).push(") RETURNING ").push(DELIVERY);
        let rows = self.write_one(sql).await?;
        let taken: Result<Vec<Delivery>, _> = rows.iter().map(|row| delivery_of(self, row)).collect();
        let mut taken = taken?;
        taken.sort_by_key(|delivery| (delivery.made_at, delivery.id));
        Ok(taken)
    }

    async fn settle(
        &self,
        delivery: &Delivery,
        settlement: &Settlement,
        at: Timestamp,
    ) -> Result<bool, TellingError> {
        let (state, status, error, ready_at) = match settlement {
            Settlement::Done { status } => ("done", Some(*status), None, None),
            Settlement::Again {
                ready_at,
                status,
                error,
            } => ("waiting", *status, Some(error), Some(ready_at.unix_micros())),
            Settlement::Dead { status, error } => ("dead", *status, Some(error), None),
            Settlement::Void => ("void", None, None, None),
        };
        let ended = ready_at.is_none().then(|| at.unix_micros());
        let settle = "UPDATE deliveries SET state = $3, status = $4, error = $5, ready_at = COALESCE($6, ready_at), \
             ended_at = $7 WHERE id = $1 AND lease = $2 AND state = 'waiting'";
        let row = values![
            delivery.id.0,
            delivery.lease.cast_signed(),
            state,
            status.map(i64::from),
            error.map(|error| cut(error)),
            ready_at,
            ended,
        ];
        Ok(self.run(Sql::with(settle, row)).await? == 1)
    }

    async fn forget_deliveries(&self, before: Timestamp) -> Result<u64, TellingError> {
        let forget = "DELETE FROM deliveries WHERE ended_at < $1";
        Ok(self.run(Sql::with(forget, values![before.unix_micros()])).await?)
    }

    async fn mail(&self, account: AccountId) -> Result<Option<Mail>, TellingError> {
        mail::of(self, account).await
    }

    async fn put_mail(&self, given: &Mail) -> Result<(), TellingError> {
        mail::put(self, given).await
    }

    async fn confirm_mail(
        &self,
        account: AccountId,
        digest: &SecretDigest,
        now: Timestamp,
    ) -> Result<bool, TellingError> {
        mail::confirm(self, account, digest, now).await
    }

    async fn mail_went(&self, account: AccountId, error: Option<&str>) -> Result<(), TellingError> {
        let went = "UPDATE account_mail SET error = $2 WHERE account_id = $1";
        self.run(Sql::with(went, values![account.0, error.map(cut)]))
            .await?;
        Ok(())
    }

    async fn end_mail(&self, account: AccountId) -> Result<bool, TellingError> {
        let writing = self.write().await?;
        let end = "DELETE FROM account_mail WHERE account_id = $1";
        let ended = writing.run(Sql::with(end, values![account.0])).await?;
        forget_target(&writing, account.0).await?;
        writing.commit().await?;
        Ok(ended > 0)
    }

    async fn confirmed_mail(
        &self,
        agency: Option<&AgencyCode>,
        after: Option<AccountId>,
        limit: usize,
    ) -> Result<Vec<(Mail, Account)>, TellingError> {
        mail::confirmed(self, agency, after, limit).await
    }
}

/// The beginning of a statement that leases; its row conditions are false for whoever comes second.
fn taking(channel: Channel, now: Timestamp, until: Timestamp) -> Sql {
    let mut sql = Sql::new("UPDATE deliveries SET lease = lease + 1, tries = tries + 1, ready_at = ");
    sql.bind(until.unix_micros())
        .push(" WHERE channel = ")
        .bind(channel.word());
    sql.push(" AND state = 'waiting' AND ready_at <= ")
        .bind(now.unix_micros());
    sql
}

async fn put(writing: &Writing<'_>, deliveries: &[NewDelivery]) -> Result<(), TellingError> {
    for some in deliveries.chunks(500) {
        let mut sql = Sql::new(
            "INSERT INTO deliveries (id, channel, target_id, notice_id, what, about, state, made_at, ready_at, lease, tries) VALUES ",
        );
        for (at, delivery) in some.iter().enumerate() {
            sql.push(if at == 0 { "(" } else { ", (" });
            sql.bind_all(values![
                delivery.id.0,
                delivery.channel.word(),
                delivery.target,
                delivery.notice.map(|notice| notice.0),
                delivery.what.as_str(),
                delivery.about.as_ref().map(|about| about.as_str().to_owned()),
                "waiting",
                delivery.at.unix_micros(),
                delivery.ready_at.unix_micros(),
                0_i64,
                0_i64,
            ]);
            sql.push(")");
        }
        sql.push(" ON CONFLICT (target_id, notice_id) DO NOTHING");
        writing.run(sql).await?;
    }
    Ok(())
}

/// Forgets what was to go to somebody who is told no more.
async fn forget_target(writing: &Writing<'_>, target: uuid::Uuid) -> Result<(), TellingError> {
    let forget = "DELETE FROM deliveries WHERE target_id = $1";
    writing.run(Sql::with(forget, values![target])).await?;
    Ok(())
}

fn check(webhook: &Webhook) -> Result<(), TellingError> {
    let secrets = [
        Some(&webhook.secret),
        webhook.former.as_ref().map(|(secret, _)| secret),
    ];
    let is_long = secrets
        .into_iter()
        .flatten()
        .any(|secret| secret.len() > MAX_SECRET_BYTES);
    if is_long || webhook.url.len() > MAX_URL_BYTES || webhook.kinds.len() > 64 {
        let what = format!("an address has up to {MAX_URL_BYTES} bytes, and there are up to 64 kinds");
        return Err(TellingError::Invalid { what });
    }
    Ok(())
}

/// What is kept of an error.
pub(super) fn cut(error: &str) -> String {
    let mut end = error.len().min(MAX_ERROR_BYTES);
    while !error.is_char_boundary(end) {
        end -= 1;
    }
    error[..end]
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
