//! Verification of one time-stamp: separate lines, each with its own state and reason.
//!
//! In:  the bytes said to be stamped, request and response as they came, certificates, and what the caller trusts.
//! Out: [`Report`]: one [`Check`] for each [`Line`], and the time that follows.
//!
//! Invariant: *parsed*, *fits*, *signed*, *chained* and *trusted* are different lines, and
//! what nobody checked says so. No line is `held` because a check could not be made.
//!
//! Not here: several authorities together (`quorum`), evidence records (`record`), the network.

use const_oid::ObjectIdentifier;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{
    algorithm::{DigestAlgorithm, Imprint, SignatureProblem},
    ber::Integer,
    certificate::Certificate,
    chain::{self, Chain},
    error::{ParseError, Problem},
    form,
    request::Request,
    response::Response,
    token::{
        CONTENT_TYPE, CertificateId, MESSAGE_DIGEST, SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2,
        SignedAttributes, Signer, Statement, TST_INFO, Token,
    },
};

/// How far an authority's clock and ours may differ before it is called wrong.
pub const DEFAULT_CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(60);

/// What is checked, in the order of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The answer can be read.
    Parsed,
    /// The authority granted the request.
    Granted,
    /// The token is about the bytes handed over.
    Imprint,
    /// The token answers the request handed over: nonce, and digest and policy where those are known.
    Nonce,
    /// The token is signed by the certificate that it names.
    Signature,
    /// That certificate may stamp time, and leads to a root, all valid at that time.
    Chain,
    /// The root, and the policy of the authority, are among those that the caller trusts.
    Trusted,
    /// The chain had not ended when the verification was made, so that a lost key would still have been announced.
    Current,
    /// The authority's clock and ours agree. Which of both is wrong is not for this line to say.
    Clock,
    /// Nothing stands in request or answer that no signature covers. What is found there is never used.
    Form,
    /// Whether a certificate was revoked: never looked up here.
    Revocation,
}

impl Line {
    /// All, in the order of a report.
    pub const ALL: [Self; 11] = [
        Self::Parsed,
        Self::Granted,
        Self::Imprint,
        Self::Nonce,
        Self::Signature,
        Self::Chain,
        Self::Trusted,
        Self::Current,
        Self::Clock,
        Self::Form,
        Self::Revocation,
    ];

    /// A stable word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Parsed => "time_parsed",
            Self::Granted => "time_granted",
            Self::Imprint => "time_imprint",
            Self::Nonce => "time_nonce",
            Self::Signature => "time_signature",
            Self::Chain => "time_chain",
            Self::Trusted => "time_trusted",
            Self::Current => "time_current",
            Self::Clock => "time_clock",
            Self::Form => "time_form",
            Self::Revocation => "time_revocation",
        }
    }

    /// What the line does to the whole.
    fn weight(self) -> Weight {
        match self {
            Self::Nonce | Self::Current | Self::Form | Self::Revocation => Weight::MayBeOpen,
            Self::Clock => Weight::Reported,
            _ => Weight::Needed,
        }
    }
}

/// What a line does to the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// Proves nothing unless it holds.
    Needed,
    /// May be open, must not fail.
    MayBeOpen,
    /// Shown and left to the reader, or to [`crate::quorum`].
    Reported,
}

impl Weight {
    fn allows(self, state: State) -> bool {
        match self {
            Self::Needed => state == State::Held,
            Self::MayBeOpen => state != State::Failed,
            Self::Reported => true,
        }
    }
}

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It holds.
    Held,
    /// It does not hold.
    Failed,
    /// Nobody looked, or nobody can.
    NotChecked,
}

/// One line of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked, by its [`Line::code`].
    pub code: &'static str,
    /// What it came to.
    pub state: State,
    /// Why, as a stable word for programs: `imprint_differs`.
    pub reason: &'static str,
    /// Why, in English, with the particulars.
    pub detail: String,
}

/// Whom the caller trusts to tell the time.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Roots (or authorities themselves) that the caller got elsewhere.
    pub roots: Vec<Certificate>,
    /// Policies under which a token counts; none means every policy of these roots.
    pub policies: Vec<ObjectIdentifier>,
    /// What becomes of a token that nobody renewed before its certificates ended.
    pub ended: Ended,
}

impl Trust {
    /// Accepts tokens under this policy, an object identifier as text: `1.3.6.1.4.1.57264.2`.
    pub fn accept_policy(&mut self, policy: &str) -> Result<(), ParseError> {
        let policy = ObjectIdentifier::new(policy).map_err(|_| ParseError::new("policy", Problem::Value))?;
        self.policies.push(policy);
        Ok(())
    }
}

/// What becomes of a token that nobody renewed before its certificates ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ended {
    /// It does not count (RFC 3161 §4), as with OpenSSL. Some authorities have certificates for one year.
    #[default]
    Refused,
    /// It counts as it did while they lasted; the report says that nobody can tell what became of the key.
    Accepted,
}

/// Our own clock around an exchange with an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Just before the request left.
    pub sent_at: Timestamp,
    /// Just after the answer came.
    pub received_at: Timestamp,
    /// How far both clocks may differ; [`DEFAULT_CLOCK_TOLERANCE`] unless there is a reason.
    pub tolerance: SignedDuration,
}

/// What is verified.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// What is said to be stamped. None: then only its digest is known, and `imprint` says so.
    pub stamped: Option<Stamped<'a>>,
    /// What was asked, when it was kept.
    pub asked: Option<Asked<'a>>,
    /// The response, or a bare token, as it came.
    pub response: &'a [u8],
    /// Certificates kept beside it. They complete the chain; they are not believed for that.
    pub certificates: &'a [Certificate],
    /// Our own clock at that time, when it was kept.
    pub clock: Option<Clock>,
    /// When the verification is made; none leaves [`Line::Current`] open.
    pub at: Option<Timestamp>,
}

/// What was asked of the authority.
#[derive(Debug, Clone, Copy)]
pub enum Asked<'a> {
    /// The request as it was sent.
    Request(&'a [u8]),
    /// Its nonce alone.
    Nonce(&'a Integer),
}

/// What is said to be stamped.
#[derive(Debug, Clone, Copy)]
pub enum Stamped<'a> {
    /// The bytes.
    Bytes(&'a [u8]),
    /// Their digest, which must be of the algorithm that the token uses.
    Imprint(&'a Imprint),
}

/// The time that a token speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Time {
    /// What the authority says.
    pub gen_time: Timestamp,
    /// `gen_time` less the accuracy: it was made no earlier, says the authority.
    pub earliest: Timestamp,
    /// `gen_time` plus the accuracy: what was stamped existed by then.
    pub latest: Timestamp,
    /// Accuracy in microseconds; none when the authority states none, and then the interval is a point that may be off.
    pub accuracy_us: Option<i64>,
    /// The token's number.
    pub serial: String,
    /// The policy of the authority.
    pub policy: String,
    /// The name that the authority gives itself in the token.
    pub authority: Option<String>,
    /// The signer's certificate, when it was found.
    pub signer: Option<String>,
    /// When the first certificate of the chain ends: renew before.
    pub chain_ends_at: Option<Timestamp>,
    /// `gen_time` less our own clock half-way between question and answer, in milliseconds.
    pub skew_ms: Option<i64>,
}

impl Time {
    fn of(statement: &Statement) -> Self {
        let accuracy = statement.accuracy.unwrap_or(SignedDuration::ZERO);
        let gen_time = statement.gen_time;
        Self {
            gen_time,
            earliest: gen_time.checked_sub(accuracy).unwrap_or(Timestamp::MIN),
            latest: gen_time.checked_add(accuracy).unwrap_or(Timestamp::MAX),
            accuracy_us: statement
                .accuracy
                .map(|accuracy| i64::try_from(accuracy.as_micros()).unwrap_or(i64::MAX)),
            serial: statement.serial.to_string(),
            policy: statement.policy.to_string(),
            authority: statement.authority.clone(),
            signer: None,
            chain_ends_at: None,
            skew_ms: None,
        }
    }
}

/// The report on one time-stamp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether every needed line holds and none that may be open has failed: only then does the
    /// token prove a time to the caller. [`Line::Clock`] is shown and decides nothing.
    pub ok: bool,
    /// One for each [`Line`], in that order.
    pub checks: Vec<Check>,
    /// What the token says, as soon as it could be read; believe it only when `ok`.
    pub time: Option<Time>,
    /// Fingerprint of the root that the caller trusts and the chain ends at: who counts as one authority.
    pub anchor: Option<String>,
    /// The chain that was found, signer first.
    #[serde(skip)]
    pub chain: Option<Chain>,
}

impl Report {
    /// The state of one line.
    pub fn state(&self, line: Line) -> State {
        self.check(line).map_or(State::NotChecked, |check| check.state)
    }

    /// The reason of one line, as a word.
    pub fn reason(&self, line: Line) -> &'static str {
        self.check(line).map_or("", |check| check.reason)
    }

    /// The first line that keeps the whole from being `ok`.
    pub fn blocking(&self) -> Option<&Check> {
        let of = |check: &Check| Line::ALL.into_iter().find(|line| line.code() == check.code);
        self.checks
            .iter()
            .find(|check| of(check).is_some_and(|line| !line.weight().allows(check.state)))
    }

    fn check(&self, line: Line) -> Option<&Check> {
        self.checks.iter().find(|check| check.code == line.code())
    }
}

/// What one line comes to, before it knows which line it is.
#[derive(Debug, Clone)]
struct Outcome {
    state: State,
    reason: &'static str,
    detail: String,
}

fn holds(detail: impl Into<String>) -> Outcome {
    Outcome {
        state: State::Held,
        reason: "held",
        detail: detail.into(),
    }
}

fn fails(reason: &'static str, detail: impl Into<String>) -> Outcome {
    Outcome {
        state: State::Failed,
        reason,
        detail: detail.into(),
    }
}

fn open(reason: &'static str, detail: impl Into<String>) -> Outcome {
    Outcome {
        state: State::NotChecked,
        reason,
        detail: detail.into(),
    }
}

/// Verifies one token of which no more is known than its imprint and nonce; see [`verify`].
///
/// `at` is when the verification is made: no clock is read here.
pub fn verify_token(
    token: &[u8],
    imprint: &Imprint,
    nonce: Option<&Integer>,
    roots: &[Certificate],
    at: Timestamp,
) -> Report {
    let evidence = Evidence {
        stamped: Some(Stamped::Imprint(imprint)),
        asked: nonce.map(Asked::Nonce),
        response: token,
        certificates: &[],
        clock: None,
        at: Some(at),
    };
    let trust = Trust {
        roots: roots.to_vec(),
        ..Trust::default()
    };
    verify(&evidence, &trust)
}

/// Verifies one time-stamp. Linear in the bytes; bounded by the limits of the parsers and of [`chain`].
pub fn verify(evidence: &Evidence<'_>, trust: &Trust) -> Report {
    let mut outcomes: Vec<(Line, Outcome)> = Vec::new();
    let mut time = None;
    let mut chain = None;
    match Response::from_bytes(evidence.response) {
        Err(error) => outcomes.push((Line::Parsed, fails(error.code(), error.to_string()))),
        Ok(response) => {
            outcomes.push((Line::Parsed, holds(format!("{} bytes", evidence.response.len()))));
            outcomes.push((
                Line::Granted,
                if response.status.is_granted() {
                    holds(response.status.describe())
                } else {
                    fails("not_granted", response.status.describe())
                },
            ));
            if let Some(token) = &response.token {
                let statement = token.unverified_statement();
                let mut said = Time::of(statement);
                outcomes.push((Line::Imprint, check_imprint(evidence.stamped, &statement.imprint)));
                outcomes.push((Line::Nonce, check_asked(evidence.asked, statement)));
                let signed = Signed::find(token, evidence.certificates, &trust.roots);
                outcomes.push((Line::Signature, signed.outcome));
                let (outcome, found) = check_chain(signed.signer, token, evidence.certificates, trust);
                outcomes.push((Line::Chain, outcome));
                outcomes.push((Line::Trusted, check_trust(found.as_ref(), statement, trust)));
                outcomes.push((
                    Line::Current,
                    check_current(evidence.at, found.as_ref(), &said, trust.ended),
                ));
                outcomes.push((Line::Clock, check_clock(evidence.clock, &mut said)));
                outcomes.push((Line::Form, check_form(evidence, token, found.as_ref())));
                said.signer = signed.signer.map(Certificate::subject_text);
                said.chain_ends_at = found.as_ref().and_then(ends_at);
                time = Some(said);
                chain = found;
            }
        }
    }
    let revocation = "nobody was asked; this check is made without a network";
    outcomes.push((Line::Revocation, open("offline", revocation)));
    report(&outcomes, time, chain)
}

fn report(outcomes: &[(Line, Outcome)], time: Option<Time>, chain: Option<Chain>) -> Report {
    let mut ok = true;
    let mut checks = Vec::new();
    for line in Line::ALL {
        let outcome = outcomes.iter().find(|(of, _)| *of == line);
        let outcome = outcome.map_or_else(|| open("no_token", "there is no token"), |(_, o)| o.clone());
        ok &= line.weight().allows(outcome.state);
        checks.push(Check {
            code: line.code(),
            state: outcome.state,
            reason: outcome.reason,
            detail: outcome.detail,
        });
    }
    let anchor = chain
        .as_ref()
        .filter(|chain| chain.is_anchored)
        .and_then(Chain::root);
    Report {
        ok,
        checks,
        time,
        anchor: anchor.map(Certificate::fingerprint),
        chain,
    }
}

fn check_imprint(stamped: Option<Stamped<'_>>, imprint: &Imprint) -> Outcome {
    let Some(stamped) = stamped else {
        return open("no_data", "the bytes that were stamped were not handed over");
    };
    let Some(algorithm) = imprint.algorithm() else {
        let oid = imprint.algorithm.oid;
        return open(
            "digest_unsupported",
            format!("digest {oid} is not one that this program computes"),
        );
    };
    if algorithm == DigestAlgorithm::Sha1 {
        return fails("digest_broken", "the token is about a SHA-1, which can be forged");
    }
    let fits = match stamped {
        Stamped::Bytes(bytes) => algorithm.digest(bytes) == imprint.digest(),
        Stamped::Imprint(other) if other.algorithm() == Some(algorithm) => other.digest() == imprint.digest(),
        Stamped::Imprint(_) => {
            return open(
                "digest_other",
                "the digest handed over is of another algorithm than that of the token",
            );
        }
    };
    let (name, digest) = (algorithm.name(), hex::encode(imprint.digest()));
    if fits {
        holds(format!("{name} {digest}"))
    } else {
        fails(
            "imprint_differs",
            format!("the token is about {name} {digest}, which is of other bytes"),
        )
    }
}

fn check_asked(asked: Option<Asked<'_>>, statement: &Statement) -> Outcome {
    let request = match asked {
        None => return open("no_request", "the request was not handed over"),
        Some(Asked::Nonce(nonce)) => return check_nonce(Some(nonce), statement),
        Some(Asked::Request(bytes)) => match Request::from_bytes(bytes) {
            Ok(request) => request,
            Err(error) => return fails(error.code(), error.to_string()),
        },
    };
    if !request.imprint.equals(&statement.imprint) {
        return fails(
            "request_imprint_differs",
            "the token is about another digest than the request",
        );
    }
    if let Some(policy) = request.policy
        && policy != statement.policy
    {
        return fails(
            "request_policy_differs",
            format!("asked for policy {policy}, answered under {}", statement.policy),
        );
    }
    check_nonce(request.nonce.as_ref(), statement)
}

fn check_nonce(asked: Option<&Integer>, statement: &Statement) -> Outcome {
    match (asked, &statement.nonce) {
        (Some(asked), Some(answered)) if asked == answered => holds(format!("nonce {asked}")),
        (Some(asked), Some(answered)) => {
            fails("nonce_differs", format!("asked {asked}, answered {answered}"))
        }
        (Some(asked), None) => fails("nonce_missing", format!("asked {asked}, answered none")),
        (None, _) => open(
            "no_nonce",
            "the request has no nonce; digest and policy are those of the token",
        ),
    }
}

/// The signer's certificate, as far as it could be told, and what its signature came to.
struct Signed<'a> {
    signer: Option<&'a Certificate>,
    outcome: Outcome,
}

impl<'a> Signed<'a> {
    fn find(token: &'a Token, beside: &'a [Certificate], roots: &'a [Certificate]) -> Self {
        let none = |outcome| Self {
            signer: None,
            outcome,
        };
        let [signer] = token.signers.as_slice() else {
            let count = token.signers.len();
            return none(fails("signer_count", format!("{count} signers; a token has one")));
        };
        let Some(attributes) = &signer.attributes else {
            return none(fails("attributes_missing", "the token has no signed attributes"));
        };
        let ids = match certificate_ids(attributes) {
            Ok(ids) => ids,
            Err(outcome) => return none(outcome),
        };
        let candidates = token.certificates().iter().chain(beside).chain(roots);
        let mut named = candidates
            .filter(|certificate| signer.id.names(certificate))
            .peekable();
        if named.peek().is_none() {
            let detail = match token.unreadable_certificates {
                0 => "the signer's certificate was not handed over".to_owned(),
                n => format!(
                    "the signer's certificate was not handed over, or is among {n} that cannot be read"
                ),
            };
            return none(open("signer_missing", detail));
        }
        let Some(certificate) = named.find(|certificate| ids.iter().all(|id| id_fits(id, certificate)))
        else {
            return none(fails(
                "certificate_id_differs",
                "the certificate is not the one that the signed attributes name",
            ));
        };
        Self {
            signer: Some(certificate),
            outcome: check_signature(token, signer, attributes, certificate),
        }
    }
}

/// RFC 3161 §2.4.1 and RFC 5816: at least one of both forms must be there.
fn certificate_ids(attributes: &SignedAttributes) -> Result<Vec<CertificateId>, Outcome> {
    let mut ids = Vec::new();
    for (oid, is_v2) in [(SIGNING_CERTIFICATE, false), (SIGNING_CERTIFICATE_V2, true)] {
        let attribute = attributes
            .one(oid)
            .map_err(|error| fails(error.code(), error.to_string()))?;
        if let Some(attribute) = attribute {
            let id = CertificateId::first(attribute, is_v2);
            ids.push(id.map_err(|error| fails(error.code(), error.to_string()))?);
        }
    }
    if ids.is_empty() {
        return Err(fails(
            "certificate_id_missing",
            "the signed attributes do not say which certificate signs",
        ));
    }
    if ids.iter().any(|id| id.algorithm.is_none()) {
        return Err(open(
            "certificate_id_unsupported",
            "the signed attributes name the certificate by a digest that this program does not compute",
        ));
    }
    Ok(ids)
}

fn id_fits(id: &CertificateId, certificate: &Certificate) -> bool {
    let digest = id
        .algorithm
        .map(|algorithm| algorithm.digest(certificate.as_der()));
    digest.as_ref() == Some(&id.digest)
}

fn check_signature(
    token: &Token,
    signer: &Signer,
    attributes: &SignedAttributes,
    certificate: &Certificate,
) -> Outcome {
    let by = certificate.subject_text();
    // RFC 5652 §11.1, §11.2: what the attributes say about the content must hold, else they sign something else.
    let content_type = crate::der::oid(TST_INFO);
    match attributes.one(CONTENT_TYPE) {
        Ok(Some(value)) if value == content_type => {}
        Ok(_) => {
            return fails(
                "content_type",
                "the signed attributes do not say that a time-stamp is signed",
            );
        }
        Err(error) => return fails(error.code(), error.to_string()),
    }
    let Some(digest) = signer.digest.digest() else {
        let oid = signer.digest.oid;
        return open(
            "digest_unsupported",
            format!("digest {oid} is not one that this program computes"),
        );
    };
    if digest == DigestAlgorithm::Sha1 {
        return fails(
            "digest_broken",
            "the token is signed over a SHA-1, which can be forged",
        );
    }
    let expected = crate::der::octets(&digest.digest(&token.content));
    match attributes.one(MESSAGE_DIGEST) {
        Ok(Some(value)) if value == expected => {}
        Ok(_) => {
            return fails(
                "message_digest",
                "the signed digest is not that of the time-stamp",
            );
        }
        Err(error) => return fails(error.code(), error.to_string()),
    }
    let mut outcome = fails("signature_wrong", format!("the signature is not by {by}"));
    for encoding in &attributes.encodings {
        match certificate
            .key
            .verify(&signer.algorithm, Some(digest), encoding, &signer.signature)
        {
            Ok(()) => return holds(format!("by {by}")),
            Err(SignatureProblem::Wrong) => {}
            Err(problem @ SignatureProblem::Unsupported(_)) => {
                outcome = open("signature_unsupported", problem.to_string());
            }
        }
    }
    outcome
}

fn check_chain(
    signer: Option<&Certificate>,
    token: &Token,
    beside: &[Certificate],
    trust: &Trust,
) -> (Outcome, Option<Chain>) {
    let Some(signer) = signer else {
        return (
            open("signer_missing", "the signer's certificate is not known"),
            None,
        );
    };
    let pool: Vec<Certificate> = token.certificates().iter().chain(beside).cloned().collect();
    let at = token.unverified_statement().gen_time;
    match chain::find(signer, &pool, &trust.roots, at) {
        Ok(chain) => {
            let names: Vec<String> = chain.certificates.iter().map(Certificate::subject_text).collect();
            let detail = format!("{} at {at}", names.join(" < "));
            (holds(detail), Some(chain))
        }
        Err(error @ chain::ChainError::Unsupported { .. }) => (open(error.code(), error.to_string()), None),
        Err(error) => (fails(error.code(), error.to_string()), None),
    }
}

fn check_trust(chain: Option<&Chain>, statement: &Statement, trust: &Trust) -> Outcome {
    if trust.roots.is_empty() {
        return open(
            "no_roots",
            "the caller named no root that is trusted to tell the time",
        );
    }
    let Some(chain) = chain else {
        return open("no_chain", "there is no chain whose root could be trusted");
    };
    let root = chain.root().map(Certificate::subject_text).unwrap_or_default();
    if !chain.is_anchored {
        return fails(
            "root_not_trusted",
            format!("the chain ends at {root}, which the caller did not name"),
        );
    }
    if !trust.policies.is_empty() && !trust.policies.contains(&statement.policy) {
        return fails(
            "policy_not_trusted",
            format!("policy {} is not one that the caller accepts", statement.policy),
        );
    }
    let policy = if trust.policies.is_empty() {
        format!("{} (every policy is accepted)", statement.policy)
    } else {
        statement.policy.to_string()
    };
    holds(format!("{root}, policy {policy}"))
}

/// The end of the certificate that ends first.
fn ends_at(chain: &Chain) -> Option<Timestamp> {
    chain
        .certificates
        .iter()
        .map(|certificate| certificate.not_after)
        .min()
}

/// RFC 3161 §4: once the certificates have ended, nobody would announce that the key was lost, so a token must
/// have been renewed before (RFC 4998). A token from the future is refused for the same honesty.
fn check_current(at: Option<Timestamp>, chain: Option<&Chain>, time: &Time, ended: Ended) -> Outcome {
    let Some(at) = at else {
        return open(
            "no_time_given",
            "the caller did not say when the verification is made",
        );
    };
    let latest = at.checked_add(DEFAULT_CLOCK_TOLERANCE).unwrap_or(Timestamp::MAX);
    if time.earliest > latest {
        let gen_time = time.gen_time;
        return fails(
            "from_the_future",
            format!("the token says {gen_time}, it is verified at {at}"),
        );
    }
    match chain.and_then(ends_at) {
        None => open("no_chain", "there is no chain whose end could be told"),
        Some(end) if at.as_second() > end.as_second() => {
            let detail = format!(
                "its certificates ended at {end}; from then on it needs an evidence record made before"
            );
            match ended {
                Ended::Refused => fails("certificate_ended", detail),
                Ended::Accepted => open("certificate_ended", detail),
            }
        }
        Some(end) => holds(format!("certificates valid until {end}")),
    }
}

/// Open, never failed: authorities differ in how they write, and what nobody signed is not used.
fn check_form(evidence: &Evidence<'_>, token: &Token, chain: Option<&Chain>) -> Outcome {
    let request = match evidence.asked {
        Some(Asked::Request(bytes)) => Some(bytes),
        _ => None,
    };
    let parts = form::unsigned_parts(request, evidence.response, token, evidence.certificates, chain);
    if parts.is_empty() {
        holds("every byte follows from what is signed")
    } else {
        open("unsigned_parts", parts.join("; "))
    }
}

fn check_clock(clock: Option<Clock>, time: &mut Time) -> Outcome {
    let Some(clock) = clock else {
        return open("no_clock", "our own clock at that time is not known");
    };
    let half = clock.received_at.duration_since(clock.sent_at) / 2;
    let between = clock.sent_at.checked_add(half).unwrap_or(clock.sent_at);
    let skew = time.gen_time.duration_since(between);
    let skew_ms = i64::try_from(skew.as_millis()).unwrap_or(i64::MAX);
    time.skew_ms = Some(skew_ms);
    if clock.received_at < clock.sent_at {
        return fails(
            "clock_went_back",
            "our own clock went back between question and answer",
        );
    }
    let earliest = clock
        .sent_at
        .checked_sub(clock.tolerance)
        .unwrap_or(Timestamp::MIN);
    let latest = clock
        .received_at
        .checked_add(clock.tolerance)
        .unwrap_or(Timestamp::MAX);
    if time.latest < earliest || time.earliest > latest {
        return fails(
            "clock_differs",
            format!("the authority's clock and ours differ by {skew_ms} ms"),
        );
    }
    holds(format!("differs by {skew_ms} ms"))
}
