//! The reader of policy texts.
//!
//! In:  bytes.
//! Out: [`Policy`], or the first line that is wrong.
//!
//! Invariant: work is linear in the length of the text, which is bounded.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Group, MAX_POLICY_BYTES, MAX_POLICY_GROUPS, MAX_POLICY_LOGS, MAX_POLICY_WITNESSES, Member, Policy,
    PolicyLog, PolicyName, PolicyWitness,
};
use crate::{cosignature::CosignerKey, key::PublicKey, note::NoteError, rotation::KeySpan};

/// The name that stands for "no cosignature".
const NONE: &[u8] = b"none";
/// What the lines of the addition begin with.
const ADDITION: &[u8] = b"#@";

/// A policy that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the policy")]
pub struct PolicyError {
    /// Counted from one; zero for the text as a whole.
    pub line: usize,
    /// What is wrong there.
    #[source]
    pub fault: PolicyFault,
}

impl PolicyError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        self.fault.code()
    }
}

/// What is wrong with a line of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyFault {
    /// Longer than allowed.
    #[error("the policy is longer than {MAX_POLICY_BYTES} bytes")]
    TooLong,
    /// A carriage return, for example.
    #[error("a control character; lines end in a newline alone")]
    ControlCharacter,
    /// Not one of the words that begin a line.
    #[error("a line begins with log, witness, group or quorum, not with `{0}`")]
    Word(String),
    /// Too few or too many words.
    #[error("the line should read `{0}`")]
    Shape(&'static str),
    /// Too many lines of one kind.
    #[error("there are more than {0}")]
    TooMany(&'static str),
    /// The key cannot be used.
    #[error("the key cannot be used")]
    Key(#[from] NoteError),
    /// A witness's key as a log's, or the other way round.
    #[error("a key of this type cannot be the key of a {0}")]
    KeyRole(&'static str),
    /// The same public key on two lines of one kind.
    #[error("this key stands on an earlier line, under this or another name")]
    DuplicateKey,
    /// A witness or a group that has the name of another, or is called `none`.
    #[error("the name `{0}` is taken")]
    DuplicateName(String),
    /// No witness or group on an earlier line has this name.
    #[error("no witness or group on an earlier line is called `{0}`")]
    UnknownName(String),
    /// A member can count in one place only.
    #[error("`{0}` is a member of a group already")]
    MemberTwice(String),
    /// Not `any`, `all` or a number from one to the number of members.
    #[error("`{threshold}` of {members} members cannot be asked for")]
    Threshold {
        /// As written.
        threshold: String,
        /// How many there are.
        members: usize,
    },
    /// A second quorum line.
    #[error("a policy has one quorum line")]
    QuorumTwice,
    /// No quorum line.
    #[error("the policy has no quorum line; `quorum none` asks for no cosignature")]
    QuorumMissing,
    /// The sizes for which a key is valid are written wrongly, or for a key that no line above lists.
    #[error("the line should read `#@ valid <name+id of a log above> from <size> [until <size>]`")]
    Validity,
}

impl PolicyFault {
    fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "policy_too_long",
            Self::ControlCharacter => "policy_control_character",
            Self::Word(_) => "policy_word",
            Self::Shape(_) => "policy_shape",
            Self::TooMany(_) => "policy_too_many",
            Self::Key(source) => source.code(),
            Self::KeyRole(_) => "policy_key_role",
            Self::DuplicateKey => "policy_duplicate_key",
            Self::DuplicateName(_) => "policy_duplicate_name",
            Self::UnknownName(_) => "policy_unknown_name",
            Self::MemberTwice(_) => "policy_member_twice",
            Self::Threshold { .. } => "policy_threshold",
            Self::QuorumTwice => "policy_quorum_twice",
            Self::QuorumMissing => "policy_quorum_missing",
            Self::Validity => "policy_validity",
        }
    }
}

/// As [`Policy::parse`].
pub(super) fn parse(policy: &[u8]) -> Result<Policy, PolicyError> {
    let whole = |fault| PolicyError { line: 0, fault };
    if policy.len() > MAX_POLICY_BYTES {
        return Err(whole(PolicyFault::TooLong));
    }
    let mut reader = Reader::default();
    for (at, line) in policy.split(|byte| *byte == b'\n').enumerate() {
        reader
            .line(line)
            .map_err(|fault| PolicyError { line: at + 1, fault })?;
    }
    Ok(Policy {
        logs: reader.logs,
        witnesses: reader.witnesses,
        groups: reader.groups,
        quorum: match reader.quorum.ok_or(whole(PolicyFault::QuorumMissing))? {
            QuorumLine::NotAsked => None,
            QuorumLine::Asked(member) => Some(member),
        },
    })
}

/// What the quorum line says.
enum QuorumLine {
    NotAsked,
    Asked(Member),
}

#[derive(Default)]
struct Reader {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    names: BTreeMap<PolicyName, Member>,
    /// Names that are members of a group.
    members: BTreeSet<PolicyName>,
    quorum: Option<QuorumLine>,
}

impl Reader {
    fn line(&mut self, line: &[u8]) -> Result<(), PolicyFault> {
        if line
            .iter()
            .any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f)
        {
            return Err(PolicyFault::ControlCharacter);
        }
        let words: Vec<&[u8]> = line
            .split(|byte| matches!(byte, b' ' | b'\t'))
            .filter(|word| !word.is_empty())
            .collect();
        match words.as_slice() {
            [] => Ok(()),
            [ADDITION, rest @ ..] => self.validity(rest),
            [first, ..] if first.starts_with(ADDITION) => Err(PolicyFault::Validity),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", rest @ ..] => self.log(rest),
            [b"witness", rest @ ..] => self.witness(rest),
            [b"group", rest @ ..] => self.group(rest),
            [b"quorum", rest @ ..] => self.quorum(rest),
            [first, ..] => Err(PolicyFault::Word(shown(first))),
        }
    }

    fn log(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let (key, url) = match words {
            [key] => (key, None),
            [key, url] => (key, Some(shown(url))),
            _ => return Err(PolicyFault::Shape("log <key> [<url>]")),
        };
        let key: PublicKey = text(key)?.parse()?;
        if !key.is_log_key() {
            return Err(PolicyFault::KeyRole("log"));
        }
        if self.logs.len() == MAX_POLICY_LOGS {
            return Err(PolicyFault::TooMany("64 logs"));
        }
        let known = |log: &PolicyLog| log.span.key.key_bytes() == key.key_bytes();
        if self.logs.iter().any(known) {
            return Err(PolicyFault::DuplicateKey);
        }
        self.logs.push(PolicyLog {
            span: KeySpan {
                key,
                from_size: 0,
                until_size: None,
            },
            url,
        });
        Ok(())
    }

    fn witness(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let (name, key, url) = match words {
            [name, key] => (name, key, None),
            [name, key, url] => (name, key, Some(shown(url))),
            _ => return Err(PolicyFault::Shape("witness <name> <key> [<url>]")),
        };
        let PublicKey::Cosigner(key) = text(key)?.parse()? else {
            return Err(PolicyFault::KeyRole("witness"));
        };
        if self.witnesses.len() == MAX_POLICY_WITNESSES {
            return Err(PolicyFault::TooMany("32 witnesses"));
        }
        let known = |witness: &PolicyWitness| same_key(&witness.key, &key);
        if self.witnesses.iter().any(known) {
            return Err(PolicyFault::DuplicateKey);
        }
        let name = self.define(name, Member::Witness(self.witnesses.len()))?;
        self.witnesses.push(PolicyWitness { name, key, url });
        Ok(())
    }

    fn group(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let [name, threshold, names @ ..] = words else {
            return Err(PolicyFault::Shape("group <name> any|all|<number> <member>..."));
        };
        if names.is_empty() {
            return Err(PolicyFault::Shape("group <name> any|all|<number> <member>..."));
        }
        if self.groups.len() == MAX_POLICY_GROUPS {
            return Err(PolicyFault::TooMany("64 groups"));
        }
        let wrong = || PolicyFault::Threshold {
            threshold: shown(threshold),
            members: names.len(),
        };
        let threshold = match *threshold {
            b"any" => 1,
            b"all" => names.len(),
            number if number.iter().all(u8::is_ascii_digit) => shown(number).parse().map_err(|_| wrong())?,
            _ => return Err(wrong()),
        };
        if !(1..=names.len()).contains(&threshold) {
            return Err(wrong());
        }
        let mut members = Vec::new();
        for name in names {
            members.push(self.find(name)?);
            if !self.members.insert(PolicyName(name.to_vec())) {
                return Err(PolicyFault::MemberTwice(shown(name)));
            }
        }
        let name = self.define(name, Member::Group(self.groups.len()))?;
        self.groups.push(Group {
            name,
            threshold,
            members,
        });
        Ok(())
    }

    fn quorum(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let [name] = words else {
            return Err(PolicyFault::Shape("quorum <name>|none"));
        };
        if self.quorum.is_some() {
            return Err(PolicyFault::QuorumTwice);
        }
        self.quorum = Some(match *name {
            NONE => QuorumLine::NotAsked,
            name => QuorumLine::Asked(self.find(name)?),
        });
        Ok(())
    }

    /// The sizes for which a key of a log counts.
    fn validity(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let (key, from, until) = match words {
            [b"valid", key, b"from", from] => (key, from, None),
            [b"valid", key, b"from", from, b"until", until] => (key, from, Some(until)),
            _ => return Err(PolicyFault::Validity),
        };
        let from_size = size(from)?;
        let until_size = until.map(|until| size(until)).transpose()?;
        if until_size.is_some_and(|until| until < from_size) {
            return Err(PolicyFault::Validity);
        }
        let named = |log: &&mut PolicyLog| {
            let named = format!("{}+{}", log.span.key.name(), hex::encode(log.span.key.id()));
            named.as_bytes() == *key
        };
        let log = self.logs.iter_mut().find(named).ok_or(PolicyFault::Validity)?;
        if log.span.from_size != 0 || log.span.until_size.is_some() {
            return Err(PolicyFault::Validity);
        }
        (log.span.from_size, log.span.until_size) = (from_size, until_size);
        Ok(())
    }

    fn define(&mut self, name: &[u8], member: Member) -> Result<PolicyName, PolicyFault> {
        let key = PolicyName(name.to_vec());
        if name == NONE || self.names.contains_key(&key) {
            return Err(PolicyFault::DuplicateName(shown(name)));
        }
        self.names.insert(key.clone(), member);
        Ok(key)
    }

    fn find(&self, name: &[u8]) -> Result<Member, PolicyFault> {
        let found = self.names.get(&PolicyName(name.to_vec())).copied();
        found.ok_or_else(|| PolicyFault::UnknownName(shown(name)))
    }
}

fn same_key(left: &CosignerKey, right: &CosignerKey) -> bool {
    left.key_bytes() == right.key_bytes()
}

fn size(word: &[u8]) -> Result<u64, PolicyFault> {
    let digits = word.iter().all(u8::is_ascii_digit);
    shown(word)
        .parse()
        .ok()
        .filter(|_| digits)
        .ok_or(PolicyFault::Validity)
}

/// The name of a key is UTF-8, unlike other names.
fn text(word: &[u8]) -> Result<&str, NoteError> {
    std::str::from_utf8(word).map_err(|_| NoteError::Key)
}

fn shown(word: &[u8]) -> String {
    String::from_utf8_lossy(word).into_owned()
}
