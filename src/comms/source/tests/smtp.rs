//! A mail server on loopback that answers by a script.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::*;

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
    /// Serves one connection, and returns all that was said to it.
    async fn serve(self, listener: TcpListener) -> String {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let (mut lines, mut heard, mut recipients) = (BufReader::new(read).lines(), String::new(), 0);
        let mut turn = self.greeting;
        loop {
            match turn {
                Turn::Say(line) => write.write_all(format!("{line}\r\n").as_bytes()).await.unwrap(),
                Turn::Close => return heard,
                Turn::Hang => {
                    while lines.next_line().await.is_ok_and(|line| line.is_some()) {}
                    return heard;
                }
            }
            let in_message = heard.ends_with("DATA\n") && matches!(turn, Turn::Say(line) if line.starts_with("354"));
            turn = loop {
                let Ok(Some(line)) = lines.next_line().await else { return heard };
                heard += &format!("{line}\n");
                match line.split([' ', ':']).next().unwrap_or_default() {
                    _ if in_message && line != "." => continue,
                    "." => break self.message,
                    "EHLO" => break Turn::Say("250-mail.example\r\n250 8BITMIME"),
                    "RCPT" => {
                        recipients += 1;
                        break self.recipients[recipients - 1];
                    }
                    "DATA" => break self.data,
                    "QUIT" => break Turn::Say("221 bye"),
                    _ => break OK,
                }
            };
        }
    }
}

/// Mails two people through such a server.
fn mailed(server: Server, tls: &str) -> (Result<Arrived, Trouble>, String) {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let kind = format!(
            "email = {{ server = \"{}\", tls = \"{tls}\", from = \"Ops <ops@acme.example>\", to = [\"a@b.example\", \"c@d.example\"] }}",
            listener.local_addr().unwrap()
        );
        let heard = tokio::spawn(server.serve(listener));
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
