//! Sign-in with a provider: one that plays by the rules, and one that lies in every way.
//!
//! In:  a small provider of OpenID Connect that signs with real keys (RS256 by a key of openssl, ES256 by one of ring).
//! Out: nothing, or the first lie that was believed.

use std::{
    collections::BTreeMap,
    process::Command,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::IntoResponse as _,
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use quanlian_server::sign_in::provider::{NewAccounts, OidcSettings};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

use super::kit::{Answer, Key, Office, Outside, PASSWORD};

fn coded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

enum Signer {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

impl Signer {
    fn rsa() -> Self {
        let made = Command::new("openssl")
            .args([
                "genpkey",
                "-algorithm",
                "RSA",
                "-pkeyopt",
                "rsa_keygen_bits:2048",
                "-outform",
                "DER",
            ])
            .output()
            .unwrap();
        Self::Rsa(RsaKeyPair::from_der(&made.stdout).unwrap())
    }

    fn ec() -> Self {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self::Ec(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref(), &random).unwrap())
    }

    fn alg(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::Ec(_) => "ES256",
        }
    }

    fn public(&self, kid: &str) -> Value {
        match self {
            Self::Rsa(key) => {
                let public: ring::rsa::PublicKeyComponents<Vec<u8>> = key.public().into();
                json!({"kty": "RSA", "use": "sig", "kid": kid, "n": coded(public.n), "e": coded(public.e)})
            }
            Self::Ec(key) => {
                let point = key.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": coded(&point[1..33]), "y": coded(&point[33..])})
            }
        }
    }

    fn sign(&self, text: &str) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
            Self::Ec(key) => key.sign(&random, text.as_bytes()).unwrap().as_ref().to_vec(),
        }
    }
}

/// How the token lies.
type Lie = fn(&mut Value, &mut Value);

/// How the signature is spoiled, with the head and body that were signed.
type Spoil = fn(&Idp, &str) -> String;

/// The same body under another head.
fn headed(alg: &str, signed: &str) -> String {
    let body = signed.split('.').nth(1).unwrap();
    format!("{}.{body}", coded(json!({"alg": alg, "kid": "k1"}).to_string()))
}

struct Idp {
    issuer: String,
    signer: Signer,
    kid: String,
    /// What it publishes as its issuer.
    says: Option<String>,
    lie: Option<Lie>,
    spoil: Option<Spoil>,
    now_s: i64,
    subject: String,
    /// Codes that were given out, with nonce and challenge.
    codes: BTreeMap<String, (String, String)>,
    asked_for_keys: usize,
}

impl Idp {
    fn token(&self, nonce: &str) -> String {
        let mut head = json!({"alg": self.signer.alg(), "kid": self.kid, "typ": "JWT"});
        let mut body = json!({
            "iss": self.issuer, "sub": self.subject, "aud": "quanlian", "nonce": nonce, "iat": self.now_s,
            "exp": self.now_s + 300, "name": "李伟", "email": "root@example.cn", "roles": ["administrator"],
        });
        if let Some(lie) = self.lie {
            lie(&mut head, &mut body);
        }
        let signed = format!("{}.{}", coded(head.to_string()), coded(body.to_string()));
        match self.spoil {
            Some(spoil) => spoil(self, &signed),
            None => format!("{signed}.{}", coded(self.signer.sign(&signed))),
        }
    }
}

type Shared = Arc<Mutex<Idp>>;

async fn discovery(State(idp): State<Shared>) -> Json<Value> {
    let idp = idp.lock().unwrap();
    let at = &idp.issuer;
    let issuer = idp.says.clone().unwrap_or(at.clone());
    Json(json!({
        "issuer": issuer, "authorization_endpoint": format!("{at}/authorize"), "token_endpoint": format!("{at}/token"),
        "jwks_uri": format!("{at}/keys"), "end_session_endpoint": format!("{at}/end"),
    }))
}

async fn keys(State(idp): State<Shared>) -> Json<Value> {
    let mut idp = idp.lock().unwrap();
    idp.asked_for_keys += 1;
    // With kinds that nobody here knows.
    Json(json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA"}, idp.signer.public(&idp.kid)]}))
}

async fn token(State(idp): State<Shared>, given: axum::body::Bytes) -> axum::response::Response {
    let given: BTreeMap<String, String> = url::form_urlencoded::parse(&given).into_owned().collect();
    let mut idp = idp.lock().unwrap();
    let Some((nonce, challenge)) = given.get("code").and_then(|code| idp.codes.remove(code)) else {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    };
    let shown = coded(Sha256::digest(&given["code_verifier"]));
    if shown != challenge || given["client_id"] != "quanlian" {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    }
    Json(json!({"access_token": "x", "token_type": "Bearer", "id_token": idp.token(&nonce)})).into_response()
}

struct World {
    office: Office,
    admin: Key,
    idp: Shared,
    other: Shared,
}

async fn open(signer: Signer) -> Shared {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let idp = Arc::new(Mutex::new(Idp {
        issuer: format!("http://{}", listener.local_addr().unwrap()),
        signer,
        kid: "k1".to_owned(),
        says: None,
        lie: None,
        spoil: None,
        now_s: 0,
        subject: "person-1".to_owned(),
        codes: BTreeMap::new(),
        asked_for_keys: 0,
    }));
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/keys", get(keys))
        .route("/token", post(token))
        .with_state(Arc::clone(&idp));
    tokio::spawn(async move { axum::serve(listener, router).await });
    idp
}

fn settings(name: &str, idp: &Shared) -> OidcSettings {
    OidcSettings {
        name: name.to_owned(),
        issuer: idp.lock().unwrap().issuer.clone(),
        client_id: "quanlian".to_owned(),
        client_secret: None,
        redirect_url: format!("https://quanlian.test/api/v1/session/oidc/{name}/callback"),
        after_path: "/".to_owned(),
        scopes: vec!["profile".to_owned()],
        new_accounts: None,
        allow_private: false,
        allow_loopback: true,
        root_certificates: None,
    }
}

impl World {
    async fn new(signer: Signer, new_accounts: Option<NewAccounts>) -> Self {
        let (idp, other) = (open(signer).await, open(Signer::ec()).await);
        let providers = vec![
            OidcSettings {
                new_accounts,
                ..settings("sso", &idp)
            },
            settings("other", &other),
        ];
        let office = Office::outside(Outside {
            providers,
            ..Outside::default()
        })
        .await;
        let admin = office.admin().await;
        let now_s = office.now().unix_micros() / 1_000_000;
        for one in [&idp, &other] {
            one.lock().unwrap().now_s = now_s;
        }
        Self {
            office,
            admin,
            idp,
            other,
        }
    }

    async fn with_li(signer: Signer) -> Self {
        let world = Self::new(signer, None).await;
        world.office.agency(&world.admin, "culture").await;
        world
            .office
            .person(&world.admin, "culture", "li", &["handler"])
            .await;
        world.link("person-1").await.good();
        world
    }

    async fn id_of_li(&self) -> String {
        let all = self
            .office
            .get(Some(&self.admin), "/api/v1/accounts?agency=culture")
            .await
            .good();
        all.body[0]["id"].as_str().unwrap().to_owned()
    }

    async fn link(&self, subject: &str) -> Answer {
        let path = format!("/api/v1/accounts/{}/subjects", self.id_of_li().await);
        let body = json!({"provider": "sso", "subject": subject});
        self.office.post(&self.admin, &path, body).await
    }

    /// Begins, and lets the provider sign somebody in; what the browser comes back with, and its cookie.
    async fn away(&self, name: &str) -> (BTreeMap<String, String>, String) {
        let begun = self
            .office
            .send(None, "POST", &format!("/api/v1/session/oidc/{name}"), &[], None)
            .await
            .good();
        let cookie = begun.header("set-cookie").to_owned();
        assert!(
            cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax"),
            "{cookie}"
        );
        let url = url::Url::parse(begun.body["address"].as_str().unwrap()).unwrap();
        let asked: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(
            (
                asked["response_type"].as_str(),
                asked["code_challenge_method"].as_str()
            ),
            ("code", "S256")
        );
        assert_eq!(asked["scope"], "openid profile");
        let idp = if name == "sso" { &self.idp } else { &self.other };
        let code = format!("code-{}", asked["state"]);
        let given = (asked["nonce"].clone(), asked["code_challenge"].clone());
        idp.lock().unwrap().codes.insert(code.clone(), given);
        let back = [
            ("code".to_owned(), code),
            ("state".to_owned(), asked["state"].clone()),
        ]
        .into();
        (back, cookie.split(';').next().unwrap().to_owned())
    }

    async fn back(&self, name: &str, back: &BTreeMap<String, String>, cookie: &str) -> Answer {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(back);
        let path = format!("/api/v1/session/oidc/{name}/callback?{}", query.finish());
        self.office
            .raw(None, "GET", &path, &[("cookie", cookie)], "")
            .await
    }

    async fn round(&self) -> Answer {
        let (back, cookie) = self.away("sso").await;
        self.back("sso", &back, &cookie).await
    }
}

#[tokio::test]
async fn whom_an_administrator_linked_signs_in_with_either_kind_of_key_and_signs_out() {
    for signer in [Signer::rsa(), Signer::ec()] {
        let world = World::with_li(signer).await;
        let office = &world.office;
        let names = office.get(None, "/api/v1/session/oidc").await.good();
        assert_eq!(names.body, json!([{"name": "sso"}, {"name": "other"}]));
        let answer = world.round().await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, "/"),
            "{}",
            answer.body
        );
        let key = answer.key();
        let who = office.get(Some(&key), "/api/v1/session").await.good();
        assert_eq!(
            (who.body["login"].as_str(), &who.body["roles"]),
            (Some("culture.li"), &json!(["handler"]))
        );
        let out = office
            .send(Some(&key), "DELETE", "/api/v1/session/oidc/sso", &[], None)
            .await
            .good();
        assert!(
            out.body["address"]
                .as_str()
                .unwrap()
                .ends_with("/end?client_id=quanlian")
        );
        assert_eq!(office.get(Some(&key), "/api/v1/session").await.status, 401);
        // The trail says by what.
        office.agency(&world.admin, "city").await;
        let auditor = office.person(&world.admin, "city", "audit", &["auditor"]).await;
        let lines = office.trail(&auditor).await;
        assert!(
            lines
                .iter()
                .any(|line| line["body"]["by"] == "oidc" && line["body"]["result"] == "done"),
            "{lines:?}"
        );
        // A link that is taken away opens nothing.
        let path = format!("/api/v1/accounts/{}/subjects", world.id_of_li().await);
        let body = json!({"provider": "sso", "subject": "person-1"});
        office
            .send(Some(&world.admin), "DELETE", &path, &[], Some(body))
            .await
            .good();
        assert_eq!(world.round().await.code(), "oidc_unknown");
    }
}

#[tokio::test]
async fn no_lie_of_a_token_is_believed() {
    let world = World::with_li(Signer::rsa()).await;
    let lies: [(&str, &str, Lie); 20] = [
        ("nonce of another", "oidc_token_nonce", |_, body| {
            body["nonce"] = json!("another");
        }),
        ("no nonce", "oidc_token_nonce", |_, body| {
            body["nonce"] = Value::Null;
        }),
        ("another audience", "oidc_token_audience", |_, body| {
            body["aud"] = json!("others");
        }),
        ("audiences without us", "oidc_token_audience", |_, body| {
            body["aud"] = json!(["a", "b"]);
        }),
        ("several without a party", "oidc_token_audience", |_, body| {
            body["aud"] = json!(["quanlian", "b"]);
        }),
        ("another party", "oidc_token_audience", |_, body| {
            body["azp"] = json!("b");
        }),
        ("no audience", "oidc_token_form", |_, body| {
            body["aud"] = Value::Null;
        }),
        ("another issuer", "oidc_token_issuer", |_, body| {
            body["iss"] = json!("https://evil.example");
        }),
        ("an issuer with a stroke", "oidc_token_issuer", |_, body| {
            body["iss"] = json!(format!("{}/", body["iss"].as_str().unwrap()));
        }),
        ("over", "oidc_token_time", |_, body| {
            body["exp"] = json!(body["iat"].as_i64().unwrap() - 121);
        }),
        ("made long ago", "oidc_token_time", |_, body| {
            body["iat"] = json!(body["iat"].as_i64().unwrap() - 3601);
        }),
        ("made tomorrow", "oidc_token_time", |_, body| {
            body["iat"] = json!(body["iat"].as_i64().unwrap() + 121);
        }),
        ("not before later", "oidc_token_time", |_, body| {
            body["nbf"] = json!(body["iat"].as_i64().unwrap() + 121);
        }),
        ("no end", "oidc_token_form", |_, body| body["exp"] = Value::Null),
        ("nobody", "oidc_token_subject", |_, body| body["sub"] = json!("")),
        ("a long subject", "oidc_token_subject", |_, body| {
            body["sub"] = json!("x".repeat(256));
        }),
        ("an unknown key", "oidc_token_key", |head, _| {
            head["kid"] = json!("k9");
        }),
        ("something critical", "oidc_token_algorithm", |head, _| {
            head["crit"] = json!(["b64"]);
        }),
        ("a key in the head", "oidc_token_signature", |head, _| {
            // What is signed is spoiled below; the key in the head is nobody's.
            head["jwk"] = json!({"kty": "RSA"});
        }),
        ("somebody else's mail", "oidc_unknown", |_, body| {
            body["sub"] = json!("root@example.cn");
        }),
    ];
    for (what, code, lie) in lies {
        world.idp.lock().unwrap().lie = Some(lie);
        if code == "oidc_token_signature" {
            world.idp.lock().unwrap().spoil = Some(|_, signed| format!("{signed}.{}", coded([7; 256])));
        }
        let answer = world.round().await;
        assert_eq!(
            (answer.status, answer.code()),
            (401, code),
            "{what}: {}",
            answer.body
        );
        assert!(
            !answer.header("set-cookie").contains("quanlian_session"),
            "{what}"
        );
        world.idp.lock().unwrap().spoil = None;
    }
    world.idp.lock().unwrap().lie = None;
    assert_eq!(world.round().await.status, 303, "and the truth is");
    // Clocks may differ a little, and a list with us alone is us.
    world.idp.lock().unwrap().lie = Some(|_, body| {
        body["iat"] = json!(body["iat"].as_i64().unwrap() + 119);
        body["aud"] = json!(["quanlian"]);
    });
    assert_eq!(world.round().await.status, 303);
}

#[tokio::test]
async fn a_token_does_not_say_how_it_wants_to_be_checked() {
    let world = World::with_li(Signer::rsa()).await;
    let ways: [(&str, &str, Spoil); 7] = [
        ("none", "oidc_token_algorithm", |_, signed| {
            format!("{}.", headed("none", signed))
        }),
        ("None", "oidc_token_algorithm", |_, signed| {
            format!("{}.", headed("None", signed))
        }),
        (
            "HMAC with the public key",
            "oidc_token_algorithm",
            |idp, signed| {
                use hmac::{Hmac, KeyInit as _, Mac as _};
                let text = headed("HS256", signed);
                let public = idp.signer.public("k1").to_string();
                let mut mac = Hmac::<Sha256>::new_from_slice(public.as_bytes()).unwrap();
                mac.update(text.as_bytes());
                format!("{text}.{}", coded(mac.finalize().into_bytes()))
            },
        ),
        ("a curve with an RSA key", "oidc_token_key", |_, signed| {
            format!("{}.{}", headed("ES256", signed), coded([1; 64]))
        }),
        ("no signature", "oidc_token_signature", |_, signed| {
            format!("{signed}.")
        }),
        (
            "a signature of something else",
            "oidc_token_signature",
            |idp, signed| format!("{signed}.{}", coded(idp.signer.sign("something else"))),
        ),
        ("no token", "oidc_token_form", |_, _| "x".repeat(20_000)),
    ];
    for (what, code, spoil) in ways {
        world.idp.lock().unwrap().spoil = Some(spoil);
        let answer = world.round().await;
        assert_eq!(
            (answer.status, answer.code()),
            (401, code),
            "{what}: {}",
            answer.body
        );
    }
    // Another key signs under the name of the right one.
    world.idp.lock().unwrap().spoil =
        Some(|_, signed| format!("{signed}.{}", coded(Signer::rsa().sign(signed))));
    assert_eq!(world.round().await.code(), "oidc_token_signature");
}

#[tokio::test]
async fn what_comes_back_is_taken_once_from_the_browser_that_was_sent() {
    let world = World::with_li(Signer::ec()).await;
    let (back, cookie) = world.away("sso").await;
    // Without the cookie, with another browser's, with another state: nothing, and the flow waits.
    let (_, foreign) = world.away("sso").await;
    for shown in ["", "quanlian_flow=x", &foreign] {
        assert_eq!(
            world.back("sso", &back, shown).await.code(),
            "oidc_state",
            "{shown}"
        );
    }
    let mut other = back.clone();
    other.insert("state".to_owned(), "qlf_x".to_owned());
    assert_eq!(world.back("sso", &other, &cookie).await.code(), "oidc_state");
    assert_eq!(world.back("sso", &back, &cookie).await.status, 303);
    assert_eq!(
        world.back("sso", &back, &cookie).await.code(),
        "oidc_state",
        "once"
    );
    // A code that was used, in a flow of its own.
    let (mut stolen, cookie) = world.away("sso").await;
    stolen.insert("code".to_owned(), back["code"].clone());
    assert_eq!(world.back("sso", &stolen, &cookie).await.code(), "oidc_code");
    // A code of another browser's flow does not fit the verifier of this one.
    let (theirs, _) = world.away("sso").await;
    let (mut mine, cookie) = world.away("sso").await;
    mine.insert("code".to_owned(), theirs["code"].clone());
    assert_eq!(world.back("sso", &mine, &cookie).await.code(), "oidc_code");
    // Another provider's address, and another provider's word.
    let (back, cookie) = world.away("sso").await;
    assert_eq!(world.back("other", &back, &cookie).await.code(), "oidc_mixed_up");
    let (mut back, cookie) = world.away("sso").await;
    back.insert("iss".to_owned(), "https://evil.example".to_owned());
    assert_eq!(world.back("sso", &back, &cookie).await.code(), "oidc_mixed_up");
    let (mut back, cookie) = world.away("sso").await;
    back.insert("iss".to_owned(), world.idp.lock().unwrap().issuer.clone());
    assert_eq!(world.back("sso", &back, &cookie).await.status, 303);
    let (mut back, cookie) = world.away("sso").await;
    back.insert("error".to_owned(), "access_denied".to_owned());
    assert_eq!(world.back("sso", &back, &cookie).await.code(), "oidc_denied");
    // Too late.
    let (back, cookie) = world.away("sso").await;
    world.office.wait_s(601);
    assert_eq!(world.back("sso", &back, &cookie).await.code(), "oidc_state");
    let none = world
        .office
        .send(None, "POST", "/api/v1/session/oidc/none", &[], None)
        .await;
    assert_eq!((none.status, none.code()), (404, "provider_not_found"));
}

#[tokio::test]
async fn keys_that_change_are_fetched_anew_and_a_foreign_issuer_publishes_nothing() {
    let world = World::with_li(Signer::ec()).await;
    assert_eq!(world.round().await.status, 303);
    {
        let mut idp = world.idp.lock().unwrap();
        idp.signer = Signer::rsa();
        idp.kid = "k2".to_owned();
    }
    // Not more often than once a minute, so that nobody makes us ask by inventing keys.
    assert_eq!(world.round().await.code(), "oidc_token_key");
    assert_eq!(world.idp.lock().unwrap().asked_for_keys, 1);
    world.office.wait_s(61);
    world.idp.lock().unwrap().now_s += 61;
    assert_eq!(world.round().await.status, 303);
    assert_eq!(world.idp.lock().unwrap().asked_for_keys, 2);
    // What it publishes of itself is of somebody else.
    world.other.lock().unwrap().says = Some("https://evil.example".to_owned());
    let begun = world
        .office
        .send(None, "POST", "/api/v1/session/oidc/other", &[], None)
        .await;
    assert_eq!((begun.status, begun.code()), (502, "oidc_discovery"));
}

#[tokio::test]
async fn nobody_is_made_by_a_provider_unless_the_operator_says_so_and_never_with_its_roles() {
    let world = World::with_li(Signer::ec()).await;
    world.idp.lock().unwrap().subject = "person-2".to_owned();
    assert_eq!(world.round().await.code(), "oidc_unknown");
    world.link("person-2").await.good();
    assert_eq!(world.round().await.status, 303);
    let path = format!("/api/v1/accounts/{}/subjects", world.id_of_li().await);
    let all = world.office.get(Some(&world.admin), &path).await.good();
    assert_eq!(all.body.as_array().unwrap().len(), 2);
    // Somebody who is not there any more, and a second factor.
    let li = world.office.store_account("culture.li").await;
    let change = json!({"unit": "team-1", "name": "李", "roles": ["handler"], "state": "suspended"});
    let version = format!("\"{}\"", li.version);
    let headers = [("if-match", version.as_str())];
    let path = format!("/api/v1/accounts/{}", li.id);
    world
        .office
        .send(Some(&world.admin), "PUT", &path, &headers, Some(change))
        .await
        .good();
    assert_eq!(world.round().await.code(), "oidc_unknown");

    let new = NewAccounts {
        agency: "city".to_owned(),
        roles: vec!["handler".to_owned()],
    };
    let world = World::new(Signer::ec(), Some(new)).await;
    world.idp.lock().unwrap().subject = "root".to_owned();
    let key = world.round().await.key();
    let who = world.office.get(Some(&key), "/api/v1/session").await.good();
    assert_eq!(
        (&who.body["roles"], who.body["name"].as_str()),
        (&json!(["handler"]), Some("李伟"))
    );
    assert_ne!(who.body["login"], "root", "nobody becomes another by a name");
    assert_eq!(who.body["has_password"], false);
    let login = who.body["login"].as_str().unwrap();
    assert_eq!(world.office.try_sign_in(login, PASSWORD).await.status, 401);
    let again = world.round().await.key();
    let same = world.office.get(Some(&again), "/api/v1/session").await.good();
    assert_eq!(same.body["id"], who.body["id"]);
}
