//! A mail server on loopback that answers by a script.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::config::schema::MailTls;

/// What the server does when its turn comes.
#[derive(Clone, Copy)]
enum Turn {
    /// Answers with this line.
    Say(&'static str),
    /// Closes the connection.
    Close,
    /// Never answers.
    Hang,
}

/// What it answers to each word; `250 OK` where nothing is said.
#[derive(Clone, Copy)]
struct Server {
    greeting: Turn,
    recipients: [Turn; 2],
    data: Turn,
    message: Turn,
}

const OK: Turn = Turn::Say("250 OK");
const KIND: Server = Server {
    greeting: Turn::Say("220 mail.example"),
    recipients: [OK, OK],
    data: Turn::Say("354 go on"),
    message: Turn::Say("250 2.0.0 queued as 4F2"),
};

impl Server {
    /// Serves one connection, and returns all that was said to it: what came under TLS begins with `tls `.
    async fn serve(self, listener: TcpListener, tls: Option<(TlsAcceptor, MailTls)>) -> String {
        let (stream, _) = listener.accept().await.unwrap();
        let mut heard = String::new();
        match tls {
            None => drop(self.talk(stream, Some(self.greeting), "", None, &mut heard).await),
            Some((acceptor, MailTls::Implicit)) => {
                let Ok(stream) = acceptor.accept(stream).await else { return heard };
                self.talk(stream, Some(self.greeting), "tls ", None, &mut heard).await;
            }
            Some((acceptor, _)) => {
                let begun = self.talk(stream, Some(self.greeting), "", Some("STARTTLS"), &mut heard).await;
                let Some(stream) = begun else { return heard };
                let Ok(stream) = acceptor.accept(stream).await else { return heard };
                self.talk(stream, None, "tls ", None, &mut heard).await;
            }
        }
        heard
    }

    /// One dialogue; the stream again where TLS is to begin.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        stream: S,
        greeting: Option<Turn>,
        mark: &str,
        offers: Option<&str>,
        heard: &mut String,
    ) -> Option<S> {
        let (mut stream, mut recipients, mut turn) = (BufReader::new(stream), 0, greeting);
        loop {
            match turn {
                Some(Turn::Say(line)) => stream.write_all(format!("{line}\r\n").as_bytes()).await.ok()?,
                Some(Turn::Close) => return None,
                Some(Turn::Hang) => {
                    let mut rest = Vec::new();
                    drop(stream.read_to_end(&mut rest).await);
                    return None;
                }
                None => {}
            }
            let in_message = heard.ends_with("DATA\n") && matches!(turn, Some(Turn::Say(it)) if it.starts_with("354"));
            turn = Some(loop {
                let mut line = String::new();
                stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
                let line = line.trim_end_matches(['\r', '\n']);
                *heard += &format!("{mark}{line}\n");
                match line.split([' ', ':']).next().unwrap_or_default() {
                    _ if in_message && line != "." => continue,
                    "." => break self.message,
                    "EHLO" if offers.is_some() => break Turn::Say("250-mail.example\r\n250-STARTTLS\r\n250 8BITMIME"),
                    "EHLO" => break Turn::Say("250-mail.example\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME"),
                    "STARTTLS" => {
                        stream.write_all(b"220 go on\r\n").await.ok()?;
                        return Some(stream.into_inner());
                    }
                    "AUTH" => break Turn::Say("235 2.7.0 welcome"),
                    "RCPT" => {
                        recipients += 1;
                        break self.recipients[recipients - 1];
                    }
                    "DATA" => break self.data,
                    "QUIT" => break Turn::Say("221 bye"),
                    _ => break OK,
                }
            });
        }
    }
}

/// A certificate for a host by an authority of its own, what vouches for it as PEM, and a server that shows it.
fn certified(host: &str) -> (TlsAcceptor, String) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = authority.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(authority, key);
    let key = KeyPair::generate().unwrap();
    let shown = CertificateParams::new([host.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![shown.der().clone()], key).unwrap();
    (TlsAcceptor::from(Arc::new(config)), pem)
}

/// Mails under TLS to a server with a certificate for `host`, of which the mailer knows the authority if `is_known`.
fn mailed_under(tls: MailTls, host: &str, is_known: bool) -> (Result<Arrived, Trouble>, String) {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let word = if tls == MailTls::Implicit { "implicit" } else { "starttls" };
        let ca = if is_known { "ca = \"ca.pem\", " } else { "" };
        let kind = format!(
            "email = {{ server = \"{}\", tls = \"{word}\", {ca}user = \"ops\", password = {{ file = \"password\" }}, from = \"ops@acme.example\", to = [\"a@b.example\"] }}",
            listener.local_addr().unwrap()
        );
        let (acceptor, pem) = certified(host);
        let heard = tokio::spawn(KIND.serve(listener, Some((acceptor, tls))));
        let bench = Bench::new(&[("ca.pem", &pem), ("password", "hunter2")]);
        let patient = Comms { timeout: Duration::from_secs(20), ..channel(&kind) };
        let outcome = bench.send(&patient, &message(About::Deploy)).await;
        (outcome, heard.await.unwrap())
    })
}

#[test]
fn by_starttls_and_from_the_first_byte_nothing_but_greetings_is_said_in_the_clear() {
    for tls in [MailTls::Starttls, MailTls::Implicit] {
        let (outcome, heard) = mailed_under(tls, "127.0.0.1", true);
        let receipt = outcome.unwrap_or_else(|trouble| panic!("{tls:?}: {}", trouble.what)).receipt;
        assert_eq!(receipt.as_deref(), Some("<hotfix.f00d@acme.example>, 2.0.0 queued as 4F2"), "{tls:?}");
        for line in ["tls MAIL FROM:<ops@acme.example>", "tls RCPT TO:<a@b.example>", "tls Next update at 14:32 UTC."] {
            assert!(heard.lines().any(|it| it == line), "{tls:?}: {line} in\n{heard}");
        }
        assert!(heard.contains("tls AUTH PLAIN "), "{heard}");
        let clear: Vec<_> = heard.lines().filter(|line| !line.starts_with("tls ")).collect();
        assert!(clear.iter().all(|line| line.starts_with("EHLO ") || *line == "STARTTLS"), "{tls:?}: {clear:?}");
    }
}

#[test]
fn a_server_for_which_nobody_vouches_gets_neither_password_nor_mail() {
    for tls in [MailTls::Starttls, MailTls::Implicit] {
        for (host, is_known, why) in [("127.0.0.1", false, "UnknownIssuer"), ("other.example", true, "NotValidForName")]
        {
            let (outcome, heard) = mailed_under(tls, host, is_known);
            let trouble = outcome.unwrap_err();
            assert_eq!(trouble.sort, Sort::Refused, "{tls:?} {host}: {}", trouble.what);
            assert!(trouble.words().contains("certificate"), "{tls:?} {why}: {}", trouble.words());
            assert!(!heard.contains("AUTH") && !heard.contains("MAIL"), "{tls:?} {host}: {heard}");
        }
    }
}

#[test]
fn authorities_that_cannot_be_read_are_told_before_anything_is_said() {
    run(async {
        for (name, pem, told) in
            [("gone.pem", None, "No such file"), ("odd.pem", Some("-- nothing --"), "no certificate")]
        {
            let bench = Bench::new(&pem.map_or_else(Vec::new, |pem| vec![(name, pem)]));
            let kind = format!(
                "email = {{ server = \"127.0.0.1:9\", ca = \"{name}\", from = \"a@b.example\", to = [\"c@d.example\"] }}"
            );
            let trouble = bench.send(&channel(&kind), &message(About::Deploy)).await.unwrap_err();
            assert_eq!(trouble.sort, Sort::Refused);
            assert!(trouble.what.contains(name) && trouble.what.contains(told), "{}", trouble.what);
        }
    });
}

#[test]
fn a_server_that_is_down_has_got_nothing_and_a_repetition_is_known_by_its_id() {
    let ids: Vec<_> = (0..2)
        .map(|_| mailed(KIND, "none").1.lines().find(|line| line.starts_with("Message-ID:")).unwrap().to_owned())
        .collect();
    assert_eq!(ids[0], ids[1], "a server that has it may drop it");
    run(async {
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let kind = format!(
            "email = {{ server = \"{address}\", tls = \"none\", from = \"a@b.example\", to = [\"c@d.example\"] }}"
        );
        let trouble = Bench::new(&[]).send(&channel(&kind), &message(About::Deploy)).await.unwrap_err();
        assert_eq!(trouble.sort, Sort::Later(None), "{}", trouble.what);
    });
}

/// Mails two people through such a server.
fn mailed(server: Server, tls: &str) -> (Result<Arrived, Trouble>, String) {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let kind = format!(
            "email = {{ server = \"{}\", tls = \"{tls}\", from = \"Ops <ops@acme.example>\", to = [\"a@b.example\", \"c@d.example\"] }}",
            listener.local_addr().unwrap()
        );
        let heard = tokio::spawn(server.serve(listener, None));
        let bench = Bench::new(&[]);
        let outcome = bench.send(&channel(&kind), &message(About::Deploy)).await;
        (outcome, heard.await.unwrap())
    })
}

#[test]
fn a_mail_says_what_a_notice_says_and_belongs_to_its_thread() {
    let (outcome, heard) = mailed(KIND, "none");
    assert_eq!(outcome.unwrap().receipt.as_deref(), Some("<hotfix.f00d@acme.example>, 2.0.0 queued as 4F2"));
    for line in [
        "MAIL FROM:<ops@acme.example>",
        "RCPT TO:<a@b.example>",
        "RCPT TO:<c@d.example>",
        "Subject: [SEV2] checkout-502: deploying",
        "From: Ops <ops@acme.example>",
        "Message-ID: <hotfix.f00d@acme.example>",
        "References: <hotfix.checkout-502@acme.example>",
        "We deploy <v2.4.2> & watch it, @channel",
        "Next update at 14:32 UTC.",
        "QUIT",
    ] {
        assert!(heard.lines().any(|it| it == line), "{line} in\n{heard}");
    }
}

#[test]
fn only_what_breaks_after_the_message_is_in_doubt() {
    let later = Sort::Later(None);
    let refused = [Turn::Say("550 5.1.1 no such user"); 2];
    for (server, sort) in [
        (Server { greeting: Turn::Say("421 try later"), ..KIND }, later),
        (Server { greeting: Turn::Close, ..KIND }, later),
        (Server { greeting: Turn::Hang, ..KIND }, later),
        (Server { recipients: refused, ..KIND }, Sort::Refused),
        (Server { recipients: [OK, Turn::Say("451 greylisted")], ..KIND }, later),
        (Server { data: Turn::Say("554 no"), ..KIND }, Sort::Refused),
        (Server { data: Turn::Close, ..KIND }, later),
        (Server { message: Turn::Say("452 disk full"), ..KIND }, later),
        (Server { message: Turn::Say("554 looks like spam"), ..KIND }, Sort::Refused),
        (Server { message: Turn::Close, ..KIND }, Sort::Unknown),
        (Server { message: Turn::Hang, ..KIND }, Sort::Unknown),
    ] {
        let trouble = mailed(server, "none").0.unwrap_err();
        assert_eq!(trouble.sort, sort, "{}", trouble.what);
    }
}

#[test]
fn one_refused_addressee_keeps_the_mail_from_nobody_else_and_is_named() {
    let server = Server { recipients: [Turn::Say("550 5.1.1 no such user"), OK], ..KIND };
    let missed = mailed(server, "none").0.unwrap().missed.unwrap();
    assert!(missed.contains("a@b.example: 5.1.1 no such user (550)") || missed.contains("a@b.example"), "{missed}");
}

#[test]
fn without_starttls_nothing_is_sent() {
    let (outcome, heard) = mailed(KIND, "starttls");
    let trouble = outcome.unwrap_err();
    assert_eq!(trouble.sort, Sort::Refused);
    assert!(trouble.what.contains("offers no STARTTLS") && !heard.contains("MAIL FROM"), "{}", trouble.what);
}
