//! A matter of the sample, as whoever acts in it sees it: opening, acts, papers, files, work, the ledger, grants.
//!
//! In:  people who are signed in; what they do.
//! Out: [`Matter`], at the version that was written last.
//!
//! Not here: what is done in which matter (`music`, `chip`, `desk`).

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::client::{Answer, Request, Visitor};

/// How often a job is looked at,
const LOOK_EVERY: Duration = Duration::from_millis(40);
/// and how long altogether.
const JOB_TIME: Duration = Duration::from_mins(5);
const PIECE: &str = "application/offset+octet-stream";

/// Everybody who is signed in, by login.
pub(super) struct Cast<'a>(pub(super) BTreeMap<&'static str, Visitor<'a>>);

impl<'a> Cast<'a> {
    /// Somebody.
    pub(super) fn who(&self, login: &str) -> anyhow::Result<&Visitor<'a>> {
        let known = self.0.get(login);
        known.with_context(|| format!("nobody of the sample is called {login}"))
    }

    /// Signs everybody out.
    pub(super) fn leave(self) -> anyhow::Result<()> {
        self.0.into_values().try_for_each(Visitor::leave)
    }
}

/// What is given with an act.
#[derive(Default)]
pub(super) struct Doing<'a> {
    /// When it happened: a day or an instant; now, if empty.
    pub(super) happened: &'a str,
    /// Who else is present.
    pub(super) with: &'a [&'a str],
    /// `Given` of the procedures: `facts`, `papers`, `reason`, `counterparts`.
    pub(super) given: Map<String, Value>,
    /// Papers that are set for it and filed with it,
    pub(super) sets: &'a [&'a str],
    /// with this text.
    pub(super) text: &'a str,
}

/// A matter.
pub(super) struct Matter {
    pub(super) id: String,
    pub(super) number: String,
    version: String,
    /// Why it is looked at, where somebody has to say.
    purpose: Option<String>,
    /// As it was answered last.
    seen: Value,
}

impl Matter {
    /// Opens one.
    pub(super) fn open(who: &Visitor<'_>, body: &Value, purpose: Option<&str>) -> anyhow::Result<Self> {
        let purpose = purpose.map(encoded);
        let stated = purpose.clone();
        Self::opened(who, body, stated.as_deref(), purpose)
    }

    /// Opens one that follows from another, which is looked at for its own purpose; this one asks for none.
    pub(super) fn open_after(who: &Visitor<'_>, body: &Value, parent: &Self) -> anyhow::Result<Self> {
        Self::opened(who, body, parent.purpose.as_deref(), None)
    }

    fn opened(
        who: &Visitor<'_>,
        body: &Value,
        stated: Option<&str>,
        purpose: Option<String>,
    ) -> anyhow::Result<Self> {
        let mut request = Request::new("POST", "/api/v1/matters").json(body);
        if let Some(stated) = stated {
            request = request.with("X-Quanlian-Purpose", stated);
        }
        let answer = who.send(&request)?;
        let text = |name: &str| {
            let text = answer.body[name].as_str();
            text.map(str::to_owned).context("a matter without id or number")
        };
        Ok(Self {
            id: text("id")?,
            number: text("number")?,
            version: answer.etag.context("a matter without a version")?,
            purpose,
            seen: answer.body,
        })
    }

    /// A route below the matter.
    pub(super) fn path(&self, more: &str) -> String {
        format!("/api/v1/matters/{}{more}", self.id)
    }

    /// The stage that it is in.
    pub(super) fn stage(&self) -> &str {
        self.seen["stage"].as_str().unwrap_or_default()
    }

    fn send(&self, who: &Visitor<'_>, request: Request<'_>) -> anyhow::Result<Answer> {
        let request = match &self.purpose {
            Some(purpose) => request.with("X-Quanlian-Purpose", purpose.as_str()),
            None => request,
        };
        who.send(&request)
    }

    /// Asks for something below the matter.
    pub(super) fn get(&self, who: &Visitor<'_>, more: &str) -> anyhow::Result<Value> {
        Ok(self.send(who, Request::new("GET", &self.path(more)))?.body)
    }

    fn post(&self, who: &Visitor<'_>, more: &str, body: &Value) -> anyhow::Result<Value> {
        Ok(self
            .send(who, Request::new("POST", &self.path(more)).json(body))?
            .body)
    }

    /// Writes after the version that was seen last; nobody else writes to the sample while it is made.
    fn write(&mut self, who: &Visitor<'_>, method: &str, more: &str, body: &Value) -> anyhow::Result<()> {
        let path = self.path(more);
        let request = Request::new(method, &path)
            .with("If-Match", self.version.as_str())
            .json(body);
        let answer = self.send(who, request)?;
        self.version = answer.etag.context("a write without a version")?;
        self.seen = answer.body;
        Ok(())
    }

    /// Sends a command of the procedures.
    pub(super) fn tell(
        &mut self,
        who: &Visitor<'_>,
        command: &Value,
        happened: &str,
        with: &[&str],
    ) -> anyhow::Result<()> {
        let mut body = json!({"command": command, "with": with});
        if !happened.is_empty() {
            body["happened"] = json!(happened);
        }
        self.write(who, "POST", "/commands", &body)
            .with_context(|| format!("in {} at {}", self.number, self.stage()))
    }

    /// Acts; papers that are to be set are set first and filed with it.
    pub(super) fn act(&mut self, who: &Visitor<'_>, act: &str, doing: Doing<'_>) -> anyhow::Result<()> {
        let mut given = doing.given;
        for paper in doing.sets {
            let file = self.paper(who, paper, doing.text)?;
            let papers = given.entry("papers").or_insert_with(|| json!({}));
            papers[*paper] = json!(file);
        }
        let command = json!({"do": "act", "act": act, "given": given});
        self.tell(who, &command, doing.happened, doing.with)
    }

    /// The number of the proposal that waits; there is one.
    pub(super) fn proposal(&self) -> anyhow::Result<u32> {
        let proposals = self.seen["state"]["proposals"].as_object();
        let first = proposals.and_then(|all| all.keys().next());
        first
            .and_then(|number| number.parse().ok())
            .with_context(|| format!("nothing waits for approval in {}", self.number))
    }

    /// Agrees to what was proposed.
    pub(super) fn endorse(&mut self, who: &Visitor<'_>, happened: &str) -> anyhow::Result<()> {
        let command = json!({"do": "endorse", "proposal": self.proposal()?});
        self.tell(who, &command, happened, &[])
    }

    /// Says who handles it.
    pub(super) fn assign(
        &mut self,
        who: &Visitor<'_>,
        title: &str,
        unit: Option<&str>,
        handlers: &[&str],
    ) -> anyhow::Result<()> {
        let body = json!({"title": title, "unit": unit, "handlers": handlers});
        self.write(who, "PUT", "/assignment", &body)
    }

    /// Enters parties, goods and tasks: all of them, or none.
    pub(super) fn enter(&mut self, who: &Visitor<'_>, steps: &[Value]) -> anyhow::Result<()> {
        self.write(who, "POST", "/ledger", &json!({"steps": steps}))
            .with_context(|| format!("in the ledger of {}", self.number))
    }

    /// Lets another agency in, or somebody of it.
    pub(super) fn grant(
        &self,
        who: &Visitor<'_>,
        agency: &str,
        user: Option<&str>,
        actions: &[&str],
        purpose: &str,
    ) -> anyhow::Result<()> {
        let body = json!({
            "to_agency": agency, "to_user": user, "actions": actions, "purpose": purpose,
            "legal_basis": "知识产权协同保护工作机制（演示）", "handling_code": "internal",
        });
        self.post(who, "/grants", &body).map(drop)
    }

    /// Has work done and waits for it; what it came to.
    pub(super) fn job(&self, who: &Visitor<'_>, task: &Value) -> anyhow::Result<Value> {
        let job = self.post(who, "/jobs", &json!({"task": task}))?;
        let id = job["id"].as_str().context("a job without an id")?;
        let more = format!("/jobs/{id}");
        let begun = Instant::now();
        while begun.elapsed() < JOB_TIME {
            let job = self.get(who, &more)?;
            match job["state"].as_str() {
                Some("done") if job["result"].get("refused").is_none() => return Ok(job["result"].clone()),
                Some("waiting" | "running") => std::thread::sleep(LOOK_EVERY),
                _ => bail!("the work {task} in {} came to nothing: {job}", self.number),
            }
        }
        bail!("the work {task} in {} takes too long", self.number);
    }

    /// Sets a paper of the procedure; where it lies.
    pub(super) fn paper(&self, who: &Visitor<'_>, paper: &str, text: &str) -> anyhow::Result<String> {
        let made = self.job(who, &json!({"kind": "paper", "paper": paper, "text": text}))?;
        let file = made["files"]["paper"]
            .as_str()
            .context("a paper without a file")?;
        Ok(format!("file:{file}"))
    }

    /// Uploads a file; its id.
    pub(super) fn upload(
        &self,
        who: &Visitor<'_>,
        kind: &str,
        name: &str,
        bytes: Vec<u8>,
    ) -> anyhow::Result<String> {
        let digest = hex::encode(Sha256::digest(&bytes));
        let body = json!({"kind": kind, "name": name, "size_bytes": bytes.len(), "sha256": digest});
        let upload = self.post(who, "/uploads", &body)?;
        let path = format!(
            "/api/v1/uploads/{}",
            upload["id"].as_str().context("an upload without an id")?
        );
        let mut piece = Request::new("PATCH", &path)
            .with("Content-Type", PIECE)
            .with("Upload-Offset", "0")
            .with("Tus-Resumable", "1.0.0");
        piece.body = Some(bytes);
        let place = self.send(who, piece)?.location;
        let id = place.as_deref().and_then(|place| place.rsplit('/').next());
        id.map(str::to_owned)
            .with_context(|| format!("{name} was not taken whole"))
    }

    /// A paper that somebody else made, as its scan would come; where it lies.
    pub(super) fn note(&self, who: &Visitor<'_>, name: &str, text: &str) -> anyhow::Result<String> {
        let file = self.upload(who, "evidence", name, text.as_bytes().to_vec())?;
        Ok(format!("file:{file}"))
    }

    /// Takes over those files of another matter that are wanted: kind, name and new id of each.
    pub(super) fn take_over(
        &self,
        who: &Visitor<'_>,
        other: &Self,
        wanted: impl Fn(&str) -> bool,
    ) -> anyhow::Result<Vec<Taken>> {
        let files = other.get(who, "/files?limit=1000")?;
        let mut taken = Vec::new();
        for file in files["files"].as_array().into_iter().flatten() {
            let text = |name: &str| file[name].as_str().unwrap_or_default().to_owned();
            let (kind, name, from) = (text("kind"), text("name"), text("id"));
            if !wanted(&kind) {
                continue;
            }
            let mut request = Request::new("POST", "").json(&json!({"matter": other.id, "file": from}));
            if let Some(purpose) = &other.purpose {
                request = request.with("X-Quanlian-Purpose", purpose.as_str());
            }
            let path = self.path("/files");
            request.path = &path;
            let body = who.send(&request)?.body;
            let id = body["id"].as_str().context("a file without an id")?.to_owned();
            taken.push(Taken { name, from, id });
        }
        Ok(taken)
    }
}

/// A file that was taken over.
pub(super) struct Taken {
    pub(super) name: String,
    /// Its id in the other matter.
    pub(super) from: String,
    /// Its id here.
    pub(super) id: String,
}

/// Percent-encoded, as a header takes it.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&hex::encode_upper([byte]));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purpose_travels_in_a_header() {
        assert_eq!(encoded("办案 1"), "%E5%8A%9E%E6%A1%88%201");
    }
}
