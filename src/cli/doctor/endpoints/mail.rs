//! Reaching mail servers: a connection and a greeting, and no mail.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::cli::doctor::Check;
use crate::config::schema::{Comms, Email, MailTls};
use crate::evidence::text::{clean, fit};

const PATIENCE: Duration = Duration::from_secs(5);

/// One check for each mail server.
pub(super) async fn look(comms: &[Comms]) -> Vec<Check> {
    let mut checks = Vec::new();
    for (channel, email) in comms.iter().filter_map(|channel| Some((channel, channel.email.as_ref()?))) {
        let (name, server) = (&channel.name, &email.server);
        checks.push(match greeting(email).await {
            Ok(said) => Check::ok(format!("comms {name}: {server}: {said}")),
            Err(why) => Check::fail(
                format!("comms {name}: {server}: {why}"),
                "see whether the server runs, and whether this machine may reach it",
            ),
        });
    }
    checks
}

async fn greeting(email: &Email) -> Result<String, String> {
    let (host, port) = email.place().ok_or("no `host:port`")?;
    let connected = timeout(PATIENCE, TcpStream::connect((host.as_str(), port))).await;
    let stream = connected.map_err(|_| "no connection within 5 s")?.map_err(|error| error.to_string())?;
    if email.tls == MailTls::Implicit {
        return Ok("is there".to_owned());
    }
    let mut line = String::new();
    let read = timeout(PATIENCE, BufReader::new(stream).read_line(&mut line)).await;
    read.map_err(|_| "no greeting within 5 s")?.map_err(|error| error.to_string())?;
    if line.starts_with("220") {
        Ok(fit(&clean(line.trim()), 80))
    } else {
        Err(format!("greets with `{}`", fit(&clean(line.trim()), 80)))
    }
}
