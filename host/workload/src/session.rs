//! One running module: requests and answers.

use std::sync::LazyLock;

use host_guest::{ErrorKind, GuestError, Responder, StartResponder};
use host_protocol::data;
use host_protocol::text::excerpt;
use host_protocol::workload::{Operation, Request};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use host_check::value::Value;

/// The most bytes of an answer that an error shows.
const SHOWN_MAX: usize = 200;

/// A running module.
pub(crate) struct Session {
    module: Box<dyn Responder>,
    request: Vec<u8>,
}

impl Session {
    /// Starts a module that may use so much fuel for a request.
    pub(crate) fn start(source: &dyn StartResponder, fuel: u64) -> Result<Self, String> {
        let module = source.start(fuel).map_err(|error| told(&error))?;
        Ok(Session {
            module,
            request: Vec::new(),
        })
    }

    /// Makes a request that needs no random numbers: it finds the same ones each time.
    pub(crate) fn ask<T: for<'a> Deserialize<'a>>(
        &mut self,
        request: &Request<'_, Operation<'_>>,
    ) -> Result<T, String> {
        let mut same = same_numbers();
        self.ask_with(request, &mut same, |answer: T| Ok(answer))
    }

    /// Makes a request, and hands the answer to `read`.
    pub(crate) fn ask_with<'s, T: Deserialize<'s>, R>(
        &'s mut self,
        request: &Request<'_, Operation<'_>>,
        random: &mut ChaCha8Rng,
        read: impl FnOnce(T) -> Result<R, String>,
    ) -> Result<R, String> {
        self.request.clear();
        match request {
            Request::Next(next) => next.write(&mut self.request),
            request => data::write(&mut self.request, request).map_err(|why| why.to_string())?,
        }
        let answer = (self.module.respond(&self.request, random)).map_err(|e| told(&e))?;
        let text = str::from_utf8(answer).map_err(|_| "its answer is not UTF-8".to_owned());
        let parsed = text.and_then(|text| {
            // The other parser takes longer and says better what is wrong.
            let parsed = data::from_str(text).or_else(|_| serde_json::from_str(text));
            parsed.map_err(|why| {
                let shown = excerpt(text, SHOWN_MAX);
                format!("its answer has not the form that it should have: {why}: {shown}")
            })
        });
        let result = parsed.and_then(read);
        result.map_err(|why| {
            let request = String::from_utf8_lossy(&self.request);
            format!("{why} (request: {})", excerpt(&request, SHOWN_MAX))
        })
    }

    /// Its state; an error if it cannot tell.
    pub(crate) fn snapshot(&mut self) -> Result<Vec<u8>, String> {
        let snapshot = self.module.snapshot().map_err(|error| told(&error))?;
        snapshot.ok_or_else(|| {
            "it has no snapshot and no restore, which explorations need (docs/workloads.md)"
                .to_owned()
        })
    }

    /// Goes on from a state.
    pub(crate) fn restore(&mut self, snapshot: &[u8]) -> Result<(), String> {
        self.module.restore(snapshot).map_err(|error| told(&error))
    }
}

/// The random numbers of requests that need none.
pub(crate) fn same_numbers() -> ChaCha8Rng {
    static SAME: LazyLock<ChaCha8Rng> = LazyLock::new(|| ChaCha8Rng::seed_from_u64(0));
    SAME.clone()
}

/// How a module failed. Its limits are no flags.
fn told(error: &GuestError) -> String {
    match &error.kind {
        ErrorKind::Fuel { limit } => format!(
            "out of fuel: a request may use {limit} units; does it loop for ever?\n  request: {}",
            error.event
        ),
        ErrorKind::Memory { wanted, limit } => format!(
            "out of memory: it asked for {wanted} bytes and may have {limit}\n  request: {}",
            error.event
        ),
        _ => error.to_string(),
    }
}

/// A value as JSON.
pub(crate) fn raw(value: &Value) -> Result<Box<RawValue>, String> {
    to_raw_value(value).map_err(|error| error.to_string())
}

/// JSON as a value.
pub(crate) fn value(json: &RawValue) -> Result<Value, String> {
    serde_json::from_str(json.get()).map_err(|error| error.to_string())
}
