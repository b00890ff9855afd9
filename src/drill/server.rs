//! The world on loopback: a real server, reached by the same adapters as production.
//!
//! One task owns the world; connections send it errands. It goes on by its clock before each of them,
//! or, without a clock, when its driver says so.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::api::{self, Answer, Request};
use super::clock::Clock;
use super::world::World;

/// The largest body that is read.
const BODY_LIMIT: usize = 64 * 1024;
/// How long a connection may take to say what it wants.
const HEADER_DEADLINE: Duration = Duration::from_secs(10);

type Errand = Box<dyn FnOnce(&mut World) + Send>;

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
    /// Serves `world`, which started at `epoch`, on a free loopback port; by `clock` if there is one.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(world: World, epoch: Timestamp, clock: Option<Clock>) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (sender, errands) = mpsc::channel(64);
        let desk = Desk(sender);
        let mut tasks = JoinSet::new();
        tasks.spawn(keep(world, clock, errands));
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

async fn keep(mut world: World, clock: Option<Clock>, mut errands: mpsc::Receiver<Errand>) {
    while let Some(errand) = errands.recv().await {
        if let Some(clock) = &clock {
            let end = world.scenario().length;
            world.advance_to(clock.moment().min(end));
        }
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
    let answer = match taken_apart(request).await {
        Some(request) => desk.with(move |world| api::answer(world, epoch, &request)).await,
        None => Some(Answer { status: 413, content_type: "text/plain", body: "Request Entity Too Large\n".into() }),
    };
    let ended = Answer { status: 503, content_type: "text/plain", body: "the drill has ended\n".into() };
    Ok(response(answer.unwrap_or(ended)))
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

fn response(answer: Answer) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = hyper::StatusCode::from_u16(answer.status).unwrap_or_default();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    response
}
