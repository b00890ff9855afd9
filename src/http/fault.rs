//! A TCP server on loopback that misbehaves on request.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Makes an answer of a request.
pub type Reply = Arc<dyn Fn(&str) -> Vec<u8> + Send + Sync>;

/// What the server does with every request.
#[derive(Clone)]
pub enum Fault {
    /// Answers with what this makes of the request.
    Reply(Reply),
    /// Sends these bytes and closes.
    Bytes(Vec<u8>),
    /// Never answers.
    Hang,
    /// Sends these bytes two at a time, ten times a second.
    Loris(Vec<u8>),
    /// Sends these bytes, then nothing, with the connection open.
    Stall(Vec<u8>),
    /// Sends these bytes, then resets the connection.
    Reset(Vec<u8>),
    /// Sends a head, then this chunk again and again.
    Endless(Vec<u8>, Vec<u8>),
}

/// The server: its address, and the requests that it saw.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts it; it lives as long as the runtime.
    pub async fn start(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, fault.clone(), Arc::clone(&log)));
            }
        });
        Self { address, seen }
    }

    /// A server that answers with this status line, these headers and this body.
    pub async fn answering(status: &str, headers: &str, body: &[u8]) -> Self {
        Self::start(Fault::Bytes(answer(status, headers, body))).await
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The requests so far, as text.
    pub fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// A whole answer as bytes.
pub fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

async fn serve(mut stream: TcpStream, fault: Fault, log: Arc<Mutex<Vec<String>>>) {
    let request = request(&mut stream).await;
    let fault = match fault {
        Fault::Reply(reply) => Fault::Bytes(reply(&request)),
        other => other,
    };
    log.lock().unwrap().push(request);
    let _ = misbehave(&mut stream, fault).await;
}

async fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while !is_whole(&bytes) {
        match stream.read(&mut buffer).await {
            Ok(n) if n > 0 => bytes.extend_from_slice(&buffer[..n]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length:").map(|n| n.trim().parse::<usize>()));
    length.is_none_or(|n| body.len() >= n.unwrap_or(0))
}

async fn misbehave(stream: &mut TcpStream, fault: Fault) -> std::io::Result<()> {
    match fault {
        Fault::Reply(_) => Ok(()),
        Fault::Bytes(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Fault::Hang => std::future::pending().await,
        Fault::Loris(bytes) => {
            for pair in bytes.chunks(2) {
                stream.write_all(pair).await?;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Ok(())
        }
        Fault::Stall(bytes) => {
            stream.write_all(&bytes).await?;
            std::future::pending().await
        }
        Fault::Reset(bytes) => {
            stream.write_all(&bytes).await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
            stream.set_zero_linger()
        }
        Fault::Endless(head, chunk) => {
            stream.write_all(&head).await?;
            loop {
                stream.write_all(&chunk).await?;
            }
        }
    }
}

/// A gzip stream of `mebibytes` of zeros, through the zlib that libgit2 brings.
pub fn gzip_of_zeros(mebibytes: usize) -> Vec<u8> {
    // One deflate block with fixed codes, again and again: a literal 0, then matches of length 258
    // and distance 1, each 258 bytes in 13 bits.
    let mut bits = Bits::default();
    bits.push(0b1, 1);
    bits.push(0b01, 2);
    bits.push_code(0x30, 8);
    for _ in 0..mebibytes * 1024 * 1024 / 258 {
        bits.push_code(0b1100_0101, 8);
        bits.push_code(0, 5);
    }
    bits.push_code(0, 7);
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    [header.as_slice(), &bits.bytes(), &[0; 8]].concat()
}

#[derive(Default)]
struct Bits {
    out: Vec<u8>,
    used: u32,
}

impl Bits {
    fn push(&mut self, value: u32, count: u32) {
        for i in 0..count {
            if self.used.is_multiple_of(8) {
                self.out.push(0);
            }
            *self.out.last_mut().unwrap() |= (((value >> i) & 1) as u8) << (self.used % 8);
            self.used += 1;
        }
    }

    /// Huffman codes go in with their first bit first.
    fn push_code(&mut self, code: u32, count: u32) {
        for i in (0..count).rev() {
            self.push(code >> i & 1, 1);
        }
    }

    fn bytes(self) -> Vec<u8> {
        self.out
    }
}
