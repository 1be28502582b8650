//! Requests that left no line of the trail get one: what was refused before anybody looked, such as a body that is none.
//!
//! In:  a request of somebody who is signed in, and its answer.
//! Out: the answer, when there is a line for it.
//!
//! Invariant: whoever is known leaves at least one line with each request, whatever came of it; only one that was told to wait because
//! of too many leaves none.
//!
//! Not here: the lines that say what was looked at; the routes write those themselves.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{
    problem::ProblemCode,
    trail::{self, Outcome, Who},
};
use crate::platform::Platform;

/// Who sent a request, once that is known, and whether there is a line for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Traced(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    somebody: Option<Somebody>,
    is_written: bool,
}

#[derive(Debug, Clone)]
struct Somebody {
    actor: String,
    address: String,
    by: &'static str,
    purpose: Option<String>,
}

impl Traced {
    /// It is known who sends.
    pub(super) fn is_of(&self, who: &Who<'_>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.somebody = Some(Somebody {
            actor: who.actor.clone(),
            address: who.address.clone(),
            by: who.by,
            purpose: who.purpose.map(str::to_owned),
        });
    }

    /// A line was written.
    pub(super) fn is_written(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_written = true;
    }

    fn without_line(&self) -> Option<Somebody> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.somebody.clone().filter(|_| !state.is_written)
    }
}

/// Lets a request through, and writes the line that nobody wrote.
pub(super) async fn see(State(platform): State<Platform>, mut request: Request, next: Next) -> Response {
    let traced = Traced::default();
    let path = request.extensions().get::<MatchedPath>();
    let route = path.map_or("", MatchedPath::as_str);
    let route = format!("{} {route}", request.method());
    request.extensions_mut().insert(traced.clone());
    let response = next.run(request).await;
    let Some(somebody) = traced.without_line() else {
        return response;
    };
    let who = Who {
        actor: somebody.actor,
        address: somebody.address,
        by: somebody.by,
        purpose: somebody.purpose.as_deref(),
        now: platform.now(),
    };
    let code = response.extensions().get::<ProblemCode>();
    let outcome = match code {
        Some(ProblemCode(code)) => Outcome::Refused(code),
        None => Outcome::Signed("done"),
    };
    let object = json!({"kind": "route", "id": route});
    match trail::append(&platform, who, "request", object, outcome).await {
        Ok(()) => response,
        Err(problem) => problem.into_response(),
    }
}
