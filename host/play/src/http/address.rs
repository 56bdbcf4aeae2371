//! Where a page is.

use std::fmt;

use super::token::Token;

/// Where a page is.
#[derive(Debug, Clone)]
pub struct Address {
    port: u16,
    token: Token,
}

impl Address {
    pub(super) fn new(port: u16, token: Token) -> Self {
        Address { port, token }
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn token(&self) -> &Token {
        &self.token
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://127.0.0.1:{}/{}/", self.port, self.token)
    }
}
