//! Files of matters in a relational database.
//!
//! In:  an open [`Database`].
//! Out: the behaviour of [`FileStore`]; what two requests could do at once is done in one transaction.

use quanlian_record::{
    canonical,
    id::{AccountId, FileId, JobId, MatterId, UploadId},
    time::Timestamp,
};
use sea_orm::{QueryResult, TryGetable};
use serde_json::Value;

use super::{
    File, FileError, FileStore, MAX_FILE_NAME_BYTES, MAX_MATTER_FILES, MAX_OPEN_UPLOADS, MAX_PAGE_FILES,
    MAX_REASON_BYTES, MAX_RECEIPT_BYTES, OpenUploads, Upload, Withdrawn,
};
use crate::{
    ObjectId,
    database::{Database, Sql, Writing, values, whole},
    matters::Code,
};

const FILE: &str = "f.id, f.matter_id, f.kind, f.name, f.paper, f.sha256, f.size_bytes, f.copy_of, f.job_id, f.by_actor, \
     f.at, f.receipt, f.withdrawn_at, f.withdrawn_by, f.withdrawn_why";
const UPLOAD: &str = "id, matter_id, account_id, kind, name, sha256, size_bytes, made_at, until_at, file_id";
/// So many uploads lapse at a time.
const LAPSE_AT_ONCE: usize = 200;

impl FileStore for Database {
    async fn begin_upload(&self, upload: &Upload) -> Result<(), FileError> {
        check_name(&upload.name)?;
        let writing = self.write().await?;
        has_matter(&writing, upload.matter).await?;
        let open =
            "SELECT count(*) AS n FROM uploads WHERE account_id = $1 AND until_at > $2 AND file_id IS NULL";
        let key = values![upload.account.0, upload.made_at.unix_micros()];
        if count(self, writing.one(Sql::with(open, key)).await?)? >= MAX_OPEN_UPLOADS {
            let what = format!("{MAX_OPEN_UPLOADS} uploads are on their way; end some of them first");
            return Err(FileError::TooMany { what });
        }
        let insert =
            format!("INSERT INTO uploads ({UPLOAD}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL)");
        let row = values![
            upload.id.0,
            upload.matter.0,
            upload.account.0,
            upload.kind.as_str(),
            upload.name.as_str(),
            upload.sha256.map(|sha256| sha256.to_string()),
            whole(upload.size_bytes),
            upload.made_at.unix_micros(),
            upload.until.unix_micros(),
        ];
        writing.run(Sql::with(&insert, row)).await?;
        Ok(writing.commit().await?)
    }

    async fn upload(&self, account: AccountId, id: UploadId) -> Result<Option<Upload>, FileError> {
        let one = format!("SELECT {UPLOAD} FROM uploads WHERE id = $1 AND account_id = $2");
        let row = self.one(Sql::with(&one, values![id.0, account.0])).await?;
        row.map(|row| upload_of(self, &row)).transpose()
    }

    async fn end_upload(&self, account: AccountId, id: UploadId) -> Result<bool, FileError> {
        let end = "DELETE FROM uploads WHERE id = $1 AND account_id = $2 AND file_id IS NULL";
        Ok(self.run(Sql::with(end, values![id.0, account.0])).await? == 1)
    }

    async fn open_uploads(&self, account: AccountId, now: Timestamp) -> Result<OpenUploads, FileError> {
        // A sum of BIGINT is NUMERIC in PostgreSQL.
        let open = "SELECT count(*) AS n, CAST(COALESCE(sum(size_bytes), 0) AS BIGINT) AS size_bytes FROM uploads \
             WHERE account_id = $1 AND until_at > $2 AND file_id IS NULL";
        let row = self
            .one(Sql::with(open, values![account.0, now.unix_micros()]))
            .await?;
        let Some(row) = row else {
            return Ok(OpenUploads::default());
        };
        let number = |name: &str| -> Result<u64, FileError> {
            let number: i64 = column(self, &row, name)?;
            Ok(u64::try_from(number).unwrap_or(0))
        };
        Ok(OpenUploads {
            count: number("n")?,
            size_bytes: number("size_bytes")?,
        })
    }

    async fn lapse_uploads(&self, now: Timestamp) -> Result<Vec<UploadId>, FileError> {
        let lapse = "DELETE FROM uploads WHERE id IN (SELECT id FROM uploads WHERE until_at <= $1 ORDER BY id LIMIT $2) \
             RETURNING id";
        let bounds = values![now.unix_micros(), whole(LAPSE_AT_ONCE)];
        let rows = self.write_one(Sql::with(lapse, bounds)).await?;
        let id = |row| Ok(UploadId(column(self, row, "id")?));
        rows.iter().map(id).collect()
    }

    async fn add_file(&self, file: &File, upload: Option<UploadId>) -> Result<FileId, FileError> {
        check_name(&file.name)?;
        let writing = self.write().await?;
        if let Some(upload) = upload {
            // Taken by one writer: whoever comes second waits here and then sees the file.
            let take = "UPDATE uploads SET file_id = COALESCE(file_id, $2) WHERE id = $1 AND matter_id = $3";
            let key = values![upload.0, file.id.0, file.matter.0];
            if writing.run(Sql::with(take, key)).await? != 1 {
                return Err(FileError::NoUpload { id: upload });
            }
            let taken = "SELECT file_id FROM uploads WHERE id = $1";
            let row = writing.one(Sql::with(taken, values![upload.0])).await?;
            let row = row.ok_or(FileError::NoUpload { id: upload })?;
            let became: Option<uuid::Uuid> = column(self, &row, "file_id")?;
            if let Some(became) = became.filter(|became| *became != file.id.0) {
                return Ok(FileId(became));
            }
        }
        has_matter(&writing, file.matter).await?;
        let there = "SELECT count(*) AS n FROM matter_files WHERE matter_id = $1";
        let there = writing.one(Sql::with(there, values![file.matter.0])).await?;
        if count(self, there)? >= MAX_MATTER_FILES {
            let what =
                format!("a matter has at most {MAX_MATTER_FILES} files; put many small ones into an archive");
            return Err(FileError::TooMany { what });
        }
        let insert = "INSERT INTO matter_files (id, matter_id, kind, name, paper, sha256, size_bytes, copy_of, job_id, by_actor, \
             at, receipt) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING";
        let receipt = file.receipt.as_ref().map(text_of).transpose()?;
        let row = values![
            file.id.0,
            file.matter.0,
            file.kind.as_str(),
            file.name.as_str(),
            file.paper.as_ref().map(|paper| paper.as_str().to_owned()),
            file.object.to_string(),
            whole(file.size_bytes),
            file.copy_of.map(|file| file.0),
            file.job.map(|job| job.0),
            file.by.as_str(),
            file.at.unix_micros(),
            receipt,
        ];
        if writing.run(Sql::with(insert, row)).await? == 0 {
            let same = "SELECT 1 AS there FROM matter_files WHERE id = $1 AND matter_id = $2 AND sha256 = $3";
            let key = values![file.id.0, file.matter.0, file.object.to_string()];
            if writing.one(Sql::with(same, key)).await?.is_none() {
                return Err(FileError::Taken { id: file.id });
            }
        }
        writing.commit().await?;
        Ok(file.id)
    }

    async fn file(&self, matter: MatterId, id: FileId) -> Result<Option<File>, FileError> {
        let one = format!("SELECT {FILE} FROM matter_files f WHERE f.id = $1 AND f.matter_id = $2");
        let row = self.one(Sql::with(&one, values![id.0, matter.0])).await?;
        row.map(|row| file_of(self, &row)).transpose()
    }

    async fn files(
        &self,
        matter: MatterId,
        after: Option<FileId>,
        limit: usize,
    ) -> Result<Vec<File>, FileError> {
        let mut sql = Sql::new("SELECT ");
        sql.push(FILE).push(" FROM matter_files f WHERE f.matter_id = ");
        sql.bind(matter.0);
        if let Some(after) = after {
            sql.push(" AND f.id > ").bind(after.0);
        }
        sql.push(" ORDER BY f.id LIMIT ")
            .bind(whole(limit.clamp(1, MAX_PAGE_FILES)));
        let rows = self.all(sql).await?;
        rows.iter().map(|row| file_of(self, row)).collect()
    }

    async fn withdraw_file(
        &self,
        matter: MatterId,
        id: FileId,
        withdrawn: &Withdrawn,
    ) -> Result<bool, FileError> {
        let why = withdrawn.why.trim();
        if why.is_empty() || why.len() > MAX_REASON_BYTES || why.contains('\0') {
            let what = format!("a reason has 1 to {MAX_REASON_BYTES} bytes");
            return Err(FileError::Invalid { what });
        }
        let withdraw = "UPDATE matter_files SET withdrawn_at = $3, withdrawn_by = $4, withdrawn_why = $5 \
             WHERE id = $1 AND matter_id = $2 AND withdrawn_at IS NULL";
        let row = values![
            id.0,
            matter.0,
            withdrawn.at.unix_micros(),
            withdrawn.by.as_str(),
            why
        ];
        Ok(self.run(Sql::with(withdraw, row)).await? == 1)
    }

    async fn undeposited(&self, limit: usize) -> Result<Vec<File>, FileError> {
        let mut sql = Sql::new("SELECT ");
        sql.push(FILE)
            .push(" FROM matter_files f WHERE f.receipt IS NULL ORDER BY f.id LIMIT ");
        sql.bind(whole(limit.clamp(1, MAX_PAGE_FILES)));
        let rows = self.all(sql).await?;
        rows.iter().map(|row| file_of(self, row)).collect()
    }

    async fn keep_receipt(&self, id: FileId, receipt: &Value) -> Result<bool, FileError> {
        let keep = "UPDATE matter_files SET receipt = $2 WHERE id = $1 AND receipt IS NULL";
        Ok(self
            .run(Sql::with(keep, values![id.0, text_of(receipt)?]))
            .await?
            == 1)
    }
}

async fn has_matter(writing: &Writing<'_>, id: MatterId) -> Result<(), FileError> {
    let there = "SELECT 1 AS there FROM matters WHERE id = $1";
    let found = writing.one(Sql::with(there, values![id.0])).await?;
    found.map(drop).ok_or(FileError::NoMatter { id })
}

fn check_name(name: &str) -> Result<(), FileError> {
    if name.trim().is_empty() || name.len() > MAX_FILE_NAME_BYTES || name.chars().any(char::is_control) {
        let what = format!("the name of a file has 1 to {MAX_FILE_NAME_BYTES} bytes without control signs");
        return Err(FileError::Invalid { what });
    }
    Ok(())
}

fn text_of(receipt: &Value) -> Result<String, FileError> {
    let invalid = |what: &str| FileError::Invalid {
        what: what.to_owned(),
    };
    let bytes = canonical::to_bytes(receipt).map_err(|_| invalid("a receipt has no canonical bytes"))?;
    if bytes.len() > MAX_RECEIPT_BYTES {
        return Err(invalid("the receipt is too long"));
    }
    String::from_utf8(bytes).map_err(|_| invalid("a receipt is no text"))
}

fn count(database: &Database, row: Option<QueryResult>) -> Result<u64, FileError> {
    let n: i64 = row.map_or(Ok(0), |row| column(database, &row, "n"))?;
    Ok(u64::try_from(n).unwrap_or(0))
}

fn column<T: TryGetable>(database: &Database, row: &QueryResult, name: &str) -> Result<T, FileError> {
    row.try_get("", name)
        .map_err(|e| FileError::Database(database.trouble(e)))
}

/// What of a row may be damaged, with the id that says which.
struct Reading<'a> {
    database: &'a Database,
    row: &'a QueryResult,
    id: uuid::Uuid,
}

impl<'a> Reading<'a> {
    fn of(database: &'a Database, row: &'a QueryResult) -> Result<Self, FileError> {
        let id = column(database, row, "id")?;
        Ok(Self { database, row, id })
    }

    fn get<T: TryGetable>(&self, name: &str) -> Result<T, FileError> {
        column(self.database, self.row, name)
    }

    fn damaged(&self, what: &'static str) -> FileError {
        FileError::Damaged { id: self.id, what }
    }

    fn code(&self, name: &str) -> Result<Code, FileError> {
        Code::parse(&self.get::<String>(name)?).map_err(|_| self.damaged("a code is none"))
    }

    fn maybe_code(&self, name: &str) -> Result<Option<Code>, FileError> {
        let text: Option<String> = self.get(name)?;
        let code = text.map(|text| Code::parse(&text)).transpose();
        code.map_err(|_| self.damaged("a code is none"))
    }

    fn instant(&self, micros: i64) -> Result<Timestamp, FileError> {
        Timestamp::from_unix_micros(micros).map_err(|_| self.damaged("an instant is outside the calendar"))
    }

    fn object(&self, text: &str) -> Result<ObjectId, FileError> {
        text.parse().map_err(|_| self.damaged("its digest is none"))
    }

    fn size(&self) -> Result<u64, FileError> {
        u64::try_from(self.get::<i64>("size_bytes")?).map_err(|_| self.damaged("its length is none"))
    }
}

fn file_of(database: &Database, row: &QueryResult) -> Result<File, FileError> {
    let read = Reading::of(database, row)?;
    let receipt: Option<String> = read.get("receipt")?;
    let receipt = receipt.map(|text| serde_json::from_str(&text)).transpose();
    let withdrawn_at: Option<i64> = read.get("withdrawn_at")?;
    let withdrawn = match withdrawn_at {
        None => None,
        Some(at) => Some(Withdrawn {
            at: read.instant(at)?,
            by: read.code("withdrawn_by")?,
            why: read.get("withdrawn_why")?,
        }),
    };
    Ok(File {
        id: FileId(read.id),
        matter: MatterId(read.get("matter_id")?),
        kind: read.code("kind")?,
        name: read.get("name")?,
        paper: read.maybe_code("paper")?,
        object: read.object(&read.get::<String>("sha256")?)?,
        size_bytes: read.size()?,
        copy_of: read.get::<Option<uuid::Uuid>>("copy_of")?.map(FileId),
        job: read.get::<Option<uuid::Uuid>>("job_id")?.map(JobId),
        by: read.code("by_actor")?,
        at: read.instant(read.get("at")?)?,
        receipt: receipt.map_err(|_| read.damaged("its receipt is no JSON"))?,
        withdrawn,
    })
}

fn upload_of(database: &Database, row: &QueryResult) -> Result<Upload, FileError> {
    let read = Reading::of(database, row)?;
    let sha256: Option<String> = read.get("sha256")?;
    Ok(Upload {
        id: UploadId(read.id),
        matter: MatterId(read.get("matter_id")?),
        account: AccountId(read.get("account_id")?),
        kind: read.code("kind")?,
        name: read.get("name")?,
        sha256: sha256.map(|text| read.object(&text)).transpose()?,
        size_bytes: read.size()?,
        made_at: read.instant(read.get("made_at")?)?,
        until: read.instant(read.get("until_at")?)?,
        file: read.get::<Option<uuid::Uuid>>("file_id")?.map(FileId),
    })
}
