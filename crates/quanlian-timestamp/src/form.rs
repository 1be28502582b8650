//! Whether an answer says anything outside of what its authority signed.
//!
//! In:  the request and the answer as they came, the chain that was found.
//! Out: what stands there that no signature covers and the one strict encoding does not hold.
//!
//! Invariant: with nothing to name, every byte of request and answer follows from what is signed, so that no
//! byte can be changed without a line of the report changing with it.
//!
//! Not here: whether any of it holds (`verify`); reading, which is looser on purpose (`token`).

use crate::{
    algorithm::AlgorithmId,
    ber::{NULL, context_constructed},
    certificate::Certificate,
    chain::Chain,
    der,
    request::Request,
    response,
    token::{GM_SIGNED_DATA, SIGNED_DATA, Signer, SignerId, TST_INFO, Token},
};

/// The parts that no signature covers and that say more, or say it otherwise, than strict DER would.
pub(crate) fn unsigned_parts(
    request: Option<&[u8]>,
    answer: &[u8],
    token: &Token,
    beside: &[Certificate],
    chain: Option<&Chain>,
) -> Vec<&'static str> {
    let mut parts = Vec::new();
    // Who reads the request has already told whether it can be read.
    if let Some(request) = request
        && Request::from_bytes(request).is_ok_and(|read| read.to_der() != request)
    {
        parts.push("the request is not strict DER");
    }
    if answer != token.as_bytes() && answer != response::granted(token.as_bytes()) {
        parts.push("the answer says more than `granted`, or is not strict DER");
    }
    if strict(token).as_deref() != Some(token.as_bytes()) {
        parts.push("the token holds more than statement, certificates and signature, or is not strict DER");
    }
    let in_chain = |certificate: &Certificate| chain.is_some_and(|c| c.certificates.contains(certificate));
    if token.unreadable_certificates > 0 || !token.certificates().iter().chain(beside).all(in_chain) {
        parts.push("there are certificates that the chain does not use");
    }
    parts
}

/// The token with everything that is not signed in the one form that it has when nothing is added.
fn strict(token: &Token) -> Option<Vec<u8>> {
    let [signer] = token.signers.as_slice() else {
        return None;
    };
    // GM/T 0010 counts its versions anew.
    let (kind, version) = if token.is_gm {
        (GM_SIGNED_DATA, 1)
    } else {
        (SIGNED_DATA, 3)
    };
    let mut parts = vec![
        der::number(version),
        der::set_of(vec![plain(&signer.digest)?]),
        der::sequence(&[der::oid(TST_INFO), der::tagged(0, &der::octets(&token.content))]),
    ];
    if !token.certificates().is_empty() {
        let certificates: Vec<_> = token.certificates().iter().map(Certificate::as_der).collect();
        parts.push(der::tagged(0, &der::concat(&certificates)));
    }
    parts.push(der::set_of(vec![strict_signer(signer)?]));
    Some(der::sequence(&[
        der::oid(kind),
        der::tagged(0, &der::sequence(&parts)),
    ]))
}

fn strict_signer(signer: &Signer) -> Option<Vec<u8>> {
    // Where more than one encoding may have been signed, what was sent is not known to be the signed one.
    let [attributes] = signer.attributes.as_ref()?.encodings.as_slice() else {
        return None;
    };
    let mut sent = attributes.clone();
    *sent.first_mut()? = context_constructed(0);
    let (version, id) = match &signer.id {
        SignerId::IssuerAndSerial { issuer, serial } => {
            (1, der::sequence(&[issuer.clone(), der::integer(serial)]))
        }
        SignerId::SubjectKeyId(id) => (3, der::value(crate::ber::context(0), id)),
    };
    Some(der::sequence(&[
        der::number(version),
        id,
        plain(&signer.digest)?,
        sent,
        plain(&signer.algorithm)?,
        der::octets(&signer.signature),
    ]))
}

/// Without parameters, or with NULL, which means the same and which many write.
fn plain(algorithm: &AlgorithmId) -> Option<Vec<u8>> {
    let is_plain = algorithm.parameters.as_deref().is_none_or(|p| p == [NULL, 0]);
    is_plain.then(|| algorithm.to_der())
}
