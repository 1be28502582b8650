//! Problems (RFC 9457): what a caller is told when something is not done.
//!
//! In:  an error of a part below.
//! Out: `application/problem+json` with a stable code; what only an operator may know goes to the log.
//!
//! Invariant: no text of a database, a path or a query stands in an answer.

use axum::{
    extract::rejection::{JsonRejection, PathRejection, QueryRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use quanlian_store::{
    accounts::AccountError,
    database::DatabaseError,
    files::FileError,
    jobs::JobError,
    matters::{ReadError, WriteError},
    objects::{GetError, PutError},
    telling::TellingError,
    trail::TrailError,
};
use serde_json::{Map, Value, json};

use super::observed;
use crate::permission;

/// What went wrong.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    code: String,
    detail: String,
    more: Map<String, Value>,
    retry_after_s: Option<u32>,
}

/// The code of a problem, as it goes with its answer through the layers of this program.
#[derive(Debug, Clone)]
pub(super) struct ProblemCode(pub(super) String);

/// The JSON of a problem; some have more fields, named in the manual.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it describes the JSON that is made below")]
pub(super) struct ProblemBody {
    /// `urn:quanlian:problem:` and the code.
    r#type: String,
    title: String,
    status: u16,
    /// Stable, for programs.
    code: String,
    /// What to do.
    detail: String,
    /// As in `x-request-id`: by it whoever runs the server finds the request in the log.
    request_id: String,
}

impl Problem {
    /// A problem that the caller can act on.
    pub fn new(status: StatusCode, code: &str, detail: &str) -> Self {
        Self(Box::new(Parts {
            status,
            code: code.to_owned(),
            detail: detail.to_owned(),
            more: Map::new(),
            retry_after_s: None,
        }))
    }

    /// One that the caller cannot act on; `what` goes to the log alone.
    pub(crate) fn internal(what: impl std::fmt::Display) -> Self {
        tracing::error!(%what, "request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the server failed; nothing was changed, or the change can be seen by reading again",
        )
    }

    /// No route and no page has this address.
    pub(crate) fn nothing_here() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "route_not_found",
            "there is nothing at this address",
        )
    }

    pub(crate) fn bad(code: &str, detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.more.insert(name.to_owned(), value.into());
        self
    }

    /// Whether it is the one of this code.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.0.code == code
    }

    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self.with("retry_after_s", seconds)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Parts {
            status,
            code,
            detail,
            more: mut body,
            retry_after_s,
        } = *self.0;
        body.insert("type".into(), json!(format!("urn:quanlian:problem:{}", code)));
        body.insert(
            "title".into(),
            json!(status.canonical_reason().unwrap_or("error")),
        );
        body.insert("status".into(), json!(status.as_u16()));
        body.insert("code".into(), json!(code));
        body.insert("detail".into(), json!(detail));
        if let Some(id) = observed::request_id() {
            body.insert("request_id".into(), json!(id));
        }
        let mut response = (status, Value::Object(body).to_string()).into_response();
        response.extensions_mut().insert(ProblemCode(code));
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

fn of_database(trouble: &DatabaseError) -> Problem {
    tracing::error!(error = ?trouble, "the database failed");
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        trouble.code(),
        "the database did not answer; send the same request again, with the same Idempotency-Key",
    )
    .retry_after(1)
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Self {
        let status = match &error {
            WriteError::Database(trouble) => return of_database(trouble),
            WriteError::Conflict { .. } => StatusCode::PRECONDITION_FAILED,
            WriteError::NotFound { .. } => StatusCode::NOT_FOUND,
            WriteError::Exists { .. } | WriteError::NumberTaken { .. } | WriteError::KeyReused { .. } => {
                StatusCode::CONFLICT
            }
            WriteError::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            _ => return Self::internal(format!("{error:?}")),
        };
        let problem = Self::new(status, error.code(), &error.to_string());
        match error {
            WriteError::Conflict { current, .. } => problem.with("current", current.to_string()),
            _ => problem,
        }
    }
}

impl From<TellingError> for Problem {
    fn from(error: TellingError) -> Self {
        let status = match error {
            TellingError::Database(trouble) => return of_database(&trouble),
            TellingError::Account(error) => return error.into(),
            TellingError::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            TellingError::Conflict => StatusCode::PRECONDITION_FAILED,
            _ => return Self::internal(format!("{error:?}")),
        };
        Self::new(status, error.code(), &error.to_string())
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match &error {
            ReadError::Database(trouble) => of_database(trouble),
            ReadError::Cursor => Self::bad(error.code(), &error.to_string()),
            ReadError::TooManyGrants { .. } | ReadError::TooManyValues { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), &error.to_string())
            }
            ReadError::Damaged { .. } | ReadError::DamagedRow { .. } => {
                tracing::error!(%error, "a matter is damaged");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    error.code(),
                    &error.to_string(),
                )
            }
            _ => Self::internal(format!("{error:?}")),
        }
    }
}

impl From<FileError> for Problem {
    fn from(error: FileError) -> Self {
        let status = match &error {
            FileError::Database(trouble) => return of_database(trouble),
            FileError::NoMatter { .. } | FileError::NoUpload { .. } => StatusCode::NOT_FOUND,
            FileError::Taken { .. } => StatusCode::CONFLICT,
            FileError::Invalid { .. } | FileError::TooMany { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            _ => return Self::internal(format!("{error:?}")),
        };
        Self::new(status, error.code(), &error.to_string())
    }
}

impl From<JobError> for Problem {
    fn from(error: JobError) -> Self {
        match &error {
            JobError::Database(trouble) => of_database(trouble),
            JobError::Invalid { .. } | JobError::Canonical { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), &error.to_string())
            }
            _ => Self::internal(format!("{error:?}")),
        }
    }
}

impl From<PutError> for Problem {
    fn from(error: PutError) -> Self {
        tracing::error!(error = ?error, "an object was not stored");
        let (status, detail) = match &error {
            PutError::TooLarge { .. } => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "the file is longer than the store takes",
            ),
            PutError::Full(_) => (
                StatusCode::INSUFFICIENT_STORAGE,
                "the store of files is full; what was sent is safe, send an empty last piece when there is room",
            ),
            _ => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the store of files did not answer; what was sent is safe, send an empty last piece again",
            ),
        };
        Self::new(status, error.code(), detail).retry_after(2)
    }
}

impl From<GetError> for Problem {
    fn from(error: GetError) -> Self {
        tracing::error!(error = ?error, "an object was not read");
        let status = match &error {
            GetError::Store { .. } => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(
            status,
            error.code(),
            "the store of files does not give these bytes; tell who runs it",
        )
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        let status = match &error {
            AccountError::Database(trouble) => return of_database(trouble),
            AccountError::Conflict { .. } => StatusCode::PRECONDITION_FAILED,
            AccountError::LoginTaken { .. } | AccountError::UserTaken { .. } => StatusCode::CONFLICT,
            AccountError::NotFound => StatusCode::NOT_FOUND,
            AccountError::NotFirst => StatusCode::FORBIDDEN,
            AccountError::NoPlace { .. } | AccountError::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            _ => return Self::internal(format!("{error:?}")),
        };
        Self::new(status, error.code(), &error.to_string())
    }
}

impl From<&TrailError> for Problem {
    fn from(error: &TrailError) -> Self {
        match error {
            TrailError::Database(trouble) => of_database(trouble),
            TrailError::NoPlace => Self::bad(error.code(), "`after` is the `next` of the part before"),
            TrailError::Log(trouble) => {
                tracing::error!(?trouble, "the evidence log cannot be read");
                let detail = "the evidence log cannot be read; the operator sees why";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, error.code(), detail).retry_after(10)
            }
            _ => Self::internal(format!("{error:?}")),
        }
    }
}

impl From<permission::Fault> for Problem {
    fn from(fault: permission::Fault) -> Self {
        Self::internal(format!("{fault:?}"))
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let status = rejection.status();
        let code = match status {
            StatusCode::PAYLOAD_TOO_LARGE => "body_too_large",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "body_not_json",
            _ => "body_invalid",
        };
        // What serde says names fields and places of the caller's own text.
        Self::new(status, code, &rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::bad("path_invalid", &rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::bad("query_invalid", &rejection.body_text())
    }
}
