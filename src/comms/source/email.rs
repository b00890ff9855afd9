//! E-mail over SMTP, command by command: only what breaks after the message began has an unknown outcome.

use std::path::Path;
use std::time::{Duration, SystemTime};

use lettre::address::Envelope;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters, TlsParametersBuilder};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

use super::{Arrived, Post, Sort, Trouble};
use crate::comms::model::Message;
use crate::config::schema::{Email, MailTls};
use crate::evidence::text::{clean, fit};

/// What a certificate begins with.
const MARK: &[u8] = b"-----BEGIN CERTIFICATE-----";
/// How long saying goodbye may take: the mail is out by then.
const GOODBYE: Duration = Duration::from_secs(1);

pub(super) async fn send(email: &Email, message: &Message, post: &Post<'_>) -> Result<Arrived, Trouble> {
    let (envelope, bytes, id) =
        composed(email, message).map_err(|what| Trouble::refused(what, "see `hotfix doctor`"))?;
    let password = match &email.password {
        Some(password) => Some(post.secret(password).await?),
        None => None,
    };
    let place = &email.server;
    let late = |sort, what: &str| {
        let limit = post.timeout.as_secs_f64();
        Trouble::new(sort, format!("{place}: {what} within {limit} s"), Some("the server is slow or hangs"))
    };
    let prepared = timeout(post.timeout, prepare(email, password, &envelope, post)).await;
    let (mut connection, missed) = prepared.map_err(|_| late(Sort::Later(None), "no complete dialogue"))??;
    let answer = match timeout(post.timeout, connection.message(&bytes)).await {
        Ok(Ok(answer)) => answer,
        // A code is a clear word; a connection that broke here is none.
        Ok(Err(error)) if error.status().is_some() => return Err(told(place, "the message", &error)),
        Ok(Err(error)) => return Err(Trouble { sort: Sort::Unknown, ..told(place, "the message", &error) }),
        Err(_) => return Err(late(Sort::Unknown, "the message was not acknowledged")),
    };
    let _ = timeout(GOODBYE, connection.quit()).await;
    let queued = answer.message().next().map_or_else(String::new, |line| format!(", {}", fit(&clean(line), 100)));
    Ok(Arrived { receipt: Some(format!("<{id}>{queued}")), missed })
}

/// The envelope, the message as bytes, and its id: the same for each attempt.
fn composed(email: &Email, message: &Message) -> Result<(Envelope, Vec<u8>, String), String> {
    let mailbox = |text: &str| text.parse::<Mailbox>().map_err(|error| format!("{}: {error}", clean(text)));
    let from = mailbox(&email.from)?;
    let domain = from.email.domain().to_owned();
    let id = format!("hotfix.{}@{domain}", message.key);
    let thread = format!("<hotfix.{}@{domain}>", message.incident);
    let mut builder = lettre::Message::builder()
        .from(from)
        .subject(clean(&message.headline()))
        .date(SystemTime::from(message.at))
        .message_id(Some(format!("<{id}>")))
        .in_reply_to(thread.clone())
        .references(thread)
        .header(ContentType::TEXT_PLAIN);
    for to in &email.to {
        builder = builder.to(mailbox(to)?);
    }
    let mail = builder.body(message.body()).map_err(|error| clean(&error.to_string()))?;
    Ok((mail.envelope().clone(), mail.formatted(), id))
}

/// Everything before the message itself: until then nobody has anything.
async fn prepare(
    email: &Email,
    password: Option<String>,
    envelope: &Envelope,
    post: &Post<'_>,
) -> Result<(AsyncSmtpConnection, Option<String>), Trouble> {
    let place = &email.server;
    let mut connection = connect(email, post).await?;
    if let (Some(user), Some(password)) = (&email.user, password) {
        let credentials = Credentials::new(user.clone(), password);
        let signed_in = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
        signed_in.map_err(|error| told(place, "signing in", &error))?;
    }
    let sender = Mail::new(envelope.from().cloned(), Vec::new());
    connection.command(sender).await.map_err(|error| told(place, "the sender", &error))?;
    let mut missed = Vec::new();
    for to in envelope.to() {
        match connection.command(Rcpt::new(to.clone(), Vec::new())).await {
            Ok(_) => {}
            Err(error) if error.is_permanent() => missed.push(told(place, &clean(to.as_ref()), &error).what),
            Err(error) => return Err(told(place, &clean(to.as_ref()), &error)),
        }
    }
    if missed.len() == envelope.to().len() {
        return Err(Trouble::refused(missed.join("; "), "check the addresses of `to`"));
    }
    connection.command(Data).await.map_err(|error| told(place, "the message", &error))?;
    Ok((connection, (!missed.is_empty()).then(|| missed.join("; "))))
}

async fn connect(email: &Email, post: &Post<'_>) -> Result<AsyncSmtpConnection, Trouble> {
    let place = &email.server;
    let (host, port) = email.place().ok_or_else(|| Trouble::refused(clean(place), "write `host` or `host:port`"))?;
    let broken = |error: Error| told(place, "connecting", &error);
    let ca = authorities(email, &post.place.root)?;
    let tls = || {
        let builder = TlsParameters::builder(host.clone());
        let trusting = ca.iter().cloned().fold(builder, TlsParametersBuilder::add_root_certificate);
        trusting.build_rustls().map_err(broken)
    };
    let implicit = if email.tls == MailTls::Implicit { Some(tls()?) } else { None };
    let name = ClientId::default();
    let connected = AsyncSmtpConnection::connect_tokio1((host.as_str(), port), None, &name, implicit, None).await;
    let mut connection = connected.map_err(broken)?;
    if email.tls == MailTls::Starttls {
        if !connection.can_starttls() {
            let what = format!("{place}: the server offers no STARTTLS: nothing was sent");
            return Err(Trouble::refused(what, "write tls = \"implicit\", or ask who runs the server"));
        }
        connection.starttls(tls()?, &name).await.map_err(broken)?;
    }
    Ok(connection)
}

/// The certificates of `ca`: what cannot be read is told before anything is sent.
fn authorities(email: &Email, root: &Path) -> Result<Option<Certificate>, Trouble> {
    let Some(path) = email.ca.as_ref().filter(|_| email.tls != MailTls::None) else { return Ok(None) };
    let path = root.join(path);
    let refused = |what: String| {
        Trouble::refused(format!("ca {}: {what}: nothing was sent", clean(&path.display().to_string())), "a PEM file")
    };
    let pem = std::fs::read(&path).map_err(|error| refused(error.to_string()))?;
    match Certificate::from_pem(&pem) {
        Ok(_) if !pem.windows(MARK.len()).any(|part| part == MARK) => Err(refused("no certificate is in it".into())),
        Ok(certificate) => Ok(Some(certificate)),
        Err(error) => Err(refused(clean(&error.to_string()))),
    }
}

/// What the server said, or what happened to the connection. Before the message: nobody has it.
fn told(place: &str, about: &str, error: &Error) -> Trouble {
    let is_untrusted = is_untrusted(error);
    let is_final = error.is_permanent() || error.is_tls() || error.is_client() || is_untrusted;
    let sort = if is_final { Sort::Refused } else { Sort::Later(None) };
    let cause = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    let code = error.status().map_or_else(String::new, |code| format!(" ({code})"));
    let remedy = is_untrusted.then_some("name who vouches for its certificate: ca = \"FILE.pem\"");
    Trouble::new(sort, format!("{place}: {about}: {}{code}", fit(&clean(&cause), 200)), remedy)
}

/// Whether TLS itself was refused: by a certificate for which nobody vouches, another host's, or no TLS at all.
fn is_untrusted(error: &Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(it) = cause {
        let inner = it.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if it.is::<rustls::Error>() || inner.is_some_and(|inner| inner.is::<rustls::Error>()) {
            return true;
        }
        cause = it.source();
    }
    false
}
