//! A server on the loopback, until the program is asked to end.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;

use super::address::Address;
use super::guard::{Sites, guarded};
use super::token::Token;
use host_guest::Interrupt;

/// How often the server looks whether it should end.
const POLL: Duration = Duration::from_millis(50);

/// Why nothing can be played.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlayError {
    /// The port cannot be listened on.
    #[error(
        "cannot listen on port {port} of this machine: {error}; another program may have it: choose \
         another --port, or none for a free one"
    )]
    Port {
        /// The port.
        port: u16,
        /// The error of the operating system.
        error: io::Error,
    },
    /// There are no random numbers for the token.
    #[error("the operating system has no random numbers for the address of the page: {0}")]
    Random(getrandom::Error),
    /// The server cannot go on.
    #[error("the server of the page has ended: {0}")]
    Server(io::Error),
}

/// A port that is listened on, and not answered yet.
#[derive(Debug)]
pub(crate) struct Listener {
    listener: TcpListener,
    address: Address,
}

impl Listener {
    /// Listens on this port of the loopback, or on a free one if it is 0.
    ///
    /// # Errors
    /// If that is not possible, or there are no random numbers.
    pub(crate) fn bind(port: u16) -> Result<Self, PlayError> {
        let token = Token::random().map_err(PlayError::Random)?;
        let wrong = |error| PlayError::Port { port, error };
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let listener = listener.map_err(wrong)?;
        let port = listener.local_addr().map_err(wrong)?.port();
        Ok(Listener {
            listener,
            address: Address::new(port, token),
        })
    }

    /// Where its page is.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Answers requests with these routes, whose paths are those behind the token, until `interrupt` is
    /// requested.
    ///
    /// # Errors
    /// If the server cannot go on.
    pub(crate) fn serve(self, routes: Router, interrupt: &Interrupt) -> Result<(), PlayError> {
        self.serve_from(Sites::Own, routes, interrupt)
    }

    /// The same where pages with an origin of their own are served, which may lead to others here.
    ///
    /// # Errors
    /// If the server cannot go on.
    pub(crate) fn serve_linked(
        self,
        routes: Router,
        interrupt: &Interrupt,
    ) -> Result<(), PlayError> {
        self.serve_from(Sites::Links, routes, interrupt)
    }

    fn serve_from(
        self,
        sites: Sites,
        routes: Router,
        interrupt: &Interrupt,
    ) -> Result<(), PlayError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(PlayError::Server)?;
        let Listener { listener, address } = self;
        let served: io::Result<()> = runtime.block_on(async {
            listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let server = axum::serve(listener, guarded(routes, address, sites));
            tokio::select! {
                served = server.into_future() => served,
                () = requested(interrupt) => Ok(()),
            }
        });
        // What a request waits for is left behind.
        runtime.shutdown_background();
        served.map_err(PlayError::Server)
    }
}

/// Waits until the program is asked to end.
async fn requested(interrupt: &Interrupt) {
    while !interrupt.is_requested() {
        tokio::time::sleep(POLL).await;
    }
}
