//! The world on loopback: a real server, reached by the same adapters as production.
//!
//! One task owns the world; connections send it errands. It goes on to the time of the drill before each of them.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, DATE, HeaderValue};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::api;
use super::exchange::{Answer, Request};
use super::moment::Moment;
use super::world::World;

/// The largest body that is read.
const BODY_LIMIT: usize = 64 * 1024;
/// How long a connection may take to say what it wants.
const HEADER_DEADLINE: Duration = Duration::from_secs(10);
/// Between two looks at whether the time has come to give an answer.
const HOLD: Duration = Duration::from_millis(10);

type Errand = Box<dyn FnOnce(&mut World) + Send>;

/// Tells how far the drill has come.
pub type Time = Arc<dyn Fn() -> Moment + Send + Sync>;

/// The running server. Dropping it ends it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    desk: Desk,
    _tasks: JoinSet<()>,
}

/// Where errands to the world are left.
#[derive(Debug, Clone)]
pub struct Desk(mpsc::Sender<Errand>);

impl Desk {
    /// Does something with the world, in its turn; `None` once the world has ended.
    pub async fn with<T: Send + 'static>(&self, errand: impl FnOnce(&mut World) -> T + Send + 'static) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        let errand: Errand = Box::new(move |world| drop(sender.send(errand(world))));
        self.0.send(errand).await.ok()?;
        receiver.await.ok()
    }
}

impl Server {
    /// Serves `world`, which started at `epoch` and goes on by `time`, on a free loopback port.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(world: World, epoch: Timestamp, time: Time) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (sender, errands) = mpsc::channel(64);
        let desk = Desk(sender);
        let mut tasks = JoinSet::new();
        tasks.spawn(keep(world, time, errands));
        tasks.spawn(accept(listener, desk.clone(), epoch));
        Ok(Self { address, desk, _tasks: tasks })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The way to the world itself.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }
}

async fn keep(mut world: World, time: Time, mut errands: mpsc::Receiver<Errand>) {
    let end = world.scenario().length;
    while let Some(errand) = errands.recv().await {
        world.advance_to(time().min(end));
        errand(&mut world);
    }
}

async fn accept(listener: TcpListener, desk: Desk, epoch: Timestamp) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { connections.spawn(converse(stream, desk.clone(), epoch)); }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
}

/// A connection that breaks off is the visitor's business.
async fn converse(stream: TcpStream, desk: Desk, epoch: Timestamp) {
    let service = service_fn(move |request| respond(request, desk.clone(), epoch));
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_DEADLINE);
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(
    request: hyper::Request<Incoming>,
    desk: Desk,
    epoch: Timestamp,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let Some(request) = taken_apart(request).await else {
        return Ok(response(Answer::text(413, "Request Entity Too Large\n"), None));
    };
    let answered = answered(&desk, epoch, request).await;
    Ok(match answered {
        Some((answer, now)) => response(answer, date(epoch, now)),
        None => response(Answer::text(503, "the drill has ended\n"), None),
    })
}

/// Asks the world, and waits until it gives its answer. Its time may run at any speed, or stand still.
async fn answered(desk: &Desk, epoch: Timestamp, request: Request) -> Option<(Answer, Moment)> {
    let look = |world: &mut World| (world.now(), world.now() == world.scenario().length);
    let (answer, mut now) = desk.with(move |world| (api::answer(world, epoch, &request), world.now())).await?;
    let until = answer.held_until.unwrap_or(now);
    while now < until {
        tokio::time::sleep(HOLD).await;
        let (later, is_over) = desk.with(look).await?;
        now = if is_over { until } else { later };
    }
    Some((answer, now))
}

/// The world's own time: whoever compares clocks must find the drill's.
fn date(epoch: Timestamp, now: Moment) -> Option<HeaderValue> {
    let at = epoch.checked_add(SignedDuration::try_from(now.duration()).ok()?).ok()?;
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()?;
    HeaderValue::from_str(&text).ok()
}

async fn taken_apart(request: hyper::Request<Incoming>) -> Option<Request> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY_LIMIT).collect().await.ok()?.to_bytes();
    let query = head.uri.query().unwrap_or_default();
    let mut parameters: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let content_type = head.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    if content_type.starts_with("application/x-www-form-urlencoded") {
        parameters.extend(form_urlencoded::parse(&body).into_owned());
    }
    let (method, path) = (head.method.to_string(), head.uri.path().to_owned());
    Some(Request { method, path, parameters, body: body.to_vec() })
}

fn response(answer: Answer, date: Option<HeaderValue>) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = hyper::StatusCode::from_u16(answer.status).unwrap_or_default();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    if let Some(date) = date {
        response.headers_mut().insert(DATE, date);
    }
    response
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
