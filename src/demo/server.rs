//! The listener: one task a connection, all of them gone when the server is dropped.

use std::net::Ipv4Addr;

use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::validation::NameValidation;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::service::Door;
use super::{ACCESS_KEY_ID, Backend, SECRET_ACCESS_KEY};
use crate::error::{Error, Kind, Result};

/// A running server; stops when dropped.
#[derive(Debug)]
pub struct Server {
    endpoint: String,
    task: JoinHandle<()>,
}

/// Any name that is a path segment: what buckets may be called is the client's business to find out.
struct AnyName;

impl NameValidation for AnyName {
    fn validate_bucket_name(&self, name: &str) -> bool {
        !name.is_empty() && name.len() < 256
    }
}

impl Server {
    /// Serves `backend` on a free port of 127.0.0.1 (or on `port`).
    ///
    /// # Errors
    /// The port is taken.
    pub async fn start(backend: Backend, port: Option<u16>) -> Result<Self> {
        let wanted = (Ipv4Addr::LOCALHOST, port.unwrap_or(0));
        let failed = |error: std::io::Error| {
            Error::new(Kind::Network, format!("cannot listen on 127.0.0.1:{}: {error}", wanted.1))
        };
        let listener = TcpListener::bind(wanted).await.map_err(failed)?;
        let endpoint = format!("http://{}", listener.local_addr().map_err(failed)?);
        let mut builder = S3ServiceBuilder::new(backend.clone());
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY_ID, SECRET_ACCESS_KEY));
        builder.set_validation(AnyName);
        let task = tokio::spawn(accept(listener, builder.build(), backend));
        Ok(Self { endpoint, task })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, service: S3Service, backend: Backend) {
    let mut connections = JoinSet::new();
    loop {
        // Out of file descriptors, or a client that left at once: the next one may do better.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let door = Door::new(service.clone(), backend.clone());
        connections.spawn(async move {
            let serving = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), door);
            // A broken connection is the client's business, or an injected fault.
            let _ = serving.await;
        });
        while connections.try_join_next().is_some() {}
    }
}
