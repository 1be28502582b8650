//! What is recorded of certificates, trusted and not.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::Arc,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};

use crate::{
    capture::{has_browser, make, request},
    site::Site,
};

const PAGE: &str = "<title>secure</title>";

/// An https server for `site.test`, and the root of its certificate.
fn start() -> (u16, CertificateDer<'static>) {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["site.test".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap().der().clone();
    let root = issuer.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf, root.clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let config = Arc::clone(&config);
            std::thread::spawn(move || -> std::io::Result<()> {
                let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
                let mut tls = StreamOwned::new(connection, stream);
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    tls.read_exact(&mut byte)?;
                    head.push(byte[0]);
                    if head.ends_with(b"\r\n\r\n") {
                        let size = PAGE.len();
                        write!(
                            tls,
                            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {size}\r\n\r\n{PAGE}"
                        )?;
                        tls.flush()?;
                        head.clear();
                    }
                }
                Ok(())
            });
        }
    });
    (port, root)
}

#[test]
fn the_chain_is_recorded_and_what_is_not_trusted_is_never_called_so() {
    if !has_browser() {
        return;
    }
    let (port, root) = start();
    let url: url::Url = format!("https://site.test:{port}/").parse().unwrap();
    let unused = Site::start("127.0.0.1:0");
    let wanted = |path: &str| {
        let mut wanted = request(&unused, path);
        wanted.url = url.clone();
        wanted
    };
    let mut trusting = wanted("/");
    trusting.roots = vec![root.clone()];
    let made = make(&trusting);
    assert_eq!(made.report.facts.page.title, "secure", "{:#?}", made.report.facts);
    assert_eq!(made.report.facts.connections[0].trusted, Some(true));
    let record = String::from_utf8(made.blocks("metadata", "urn:quanlian:connection:").remove(0)).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    assert_eq!(record["tls"]["version"], "TLSv1_3");
    let chain = record["tls"]["chain"].as_array().unwrap();
    assert_eq!(chain.len(), 2);
    let shown = quanlian_capture::tls::certificates(chain[1]["pem"].as_str().unwrap());
    assert_eq!(shown, [root]);
    let response = made.blocks("response", "https://site.test").remove(0);
    assert!(String::from_utf8_lossy(&response).ends_with(PAGE));

    let made = make(&wanted("/"));
    assert!(!made.report.facts.page.loaded);
    assert!(!made.missing("tls_untrusted").is_empty());
    assert_eq!(made.report.facts.connections[0].trusted, Some(false));
    assert!(made.report.exchanges.is_empty());
    // What the server showed is recorded all the same.
    let record = String::from_utf8(made.blocks("metadata", "urn:quanlian:connection:").remove(0)).unwrap();
    assert!(record.contains("BEGIN CERTIFICATE"), "{record}");

    let mut accepting = wanted("/");
    accepting.accept_untrusted = true;
    let made = make(&accepting);
    assert_eq!(made.report.facts.page.title, "secure");
    let server = &made.report.facts.connections[0];
    assert_eq!(server.trusted, Some(false));
    assert!(
        server
            .why_not
            .as_deref()
            .is_some_and(|why| why.contains("UnknownIssuer")),
        "{server:?}"
    );
}
