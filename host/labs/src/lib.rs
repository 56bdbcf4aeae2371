//! The workloads of this project that are written as modules (`host/workloads`), by name: `host sim -w lock` needs no file.
//!
//! They run in the process of the host and answer the same requests as their modules do, so a run of one is, to the byte of its journal,
//! a run of the other.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use guest_sdk::workload::native::Native;
use guest_sdk::workload::{Draws, Workload};
use host_guest::{ErrorKind, GuestError, Responder, StartResponder};
use host_workload::ModuleWorkload;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Defines the names of the workloads, and their types.
macro_rules! workloads {
    ($($name:literal: $workload:ty;)*) => {
        /// Their names.
        pub const NAMES: &[&str] = &[$($name),*];

        /// The workload with this name; `None` if there is none.
        #[must_use]
        pub fn find(name: &str) -> Option<Result<ModuleWorkload, String>> {
            let source: Arc<dyn StartResponder> = match name {
                $($name => Arc::new(Source::<$workload>(PhantomData)),)*
                _ => return None,
            };
            Some(ModuleWorkload::load(source, name))
        }
    };
}

workloads! {
    "bank": workload_bank::Bank;
    "kv-sessions": workload_kv_sessions::KvSessions;
    "leader": workload_leader::Election;
    "lock": workload_lock::Lock;
    "membership": workload_membership::Membership;
    "queue": workload_queue::Queue;
    "shard-kv": workload_shard_kv::ShardKv;
}

/// What starts a workload.
struct Source<W>(PhantomData<fn() -> W>);

impl<W: Workload + Send + 'static> StartResponder for Source<W> {
    fn start(&self, _fuel: u64) -> Result<Box<dyn Responder>, Box<GuestError>> {
        let lent = Arc::new(Mutex::new(ChaCha8Rng::seed_from_u64(0)));
        let random = Arc::clone(&lent);
        let word = move || {
            let mut random = random.lock().unwrap_or_else(PoisonError::into_inner);
            random.next_u64()
        };
        Ok(Box::new(Running {
            workload: Native::<W>::new(Draws::of_words(Box::new(word))),
            lent,
        }))
    }
}

/// A workload that answers requests.
struct Running<W> {
    workload: Native<W>,
    /// What it draws from: that of the request, while it is answered.
    lent: Arc<Mutex<ChaCha8Rng>>,
}

impl<W> Running<W> {
    /// Lends it a generator, or takes it back.
    fn swap(&self, random: &mut ChaCha8Rng) {
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut *lent, random);
    }
}

impl<W: Workload + Send> Responder for Running<W> {
    fn respond(
        &mut self,
        request: &[u8],
        random: &mut ChaCha8Rng,
    ) -> Result<&[u8], Box<GuestError>> {
        let request = text("handle", request)?;
        self.swap(random);
        self.workload.answer(request);
        self.swap(random);
        Ok(self.workload.answered())
    }

    fn snapshot(&mut self) -> Result<Option<Vec<u8>>, Box<GuestError>> {
        Ok(Some(self.workload.snapshot()))
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), Box<GuestError>> {
        let restored = self.workload.restore(text("restore", snapshot)?);
        restored.map_err(|why| refused("restore", why))
    }
}

fn text<'a>(entry: &'static str, bytes: &'a [u8]) -> Result<&'a str, Box<GuestError>> {
    str::from_utf8(bytes).map_err(|why| refused(entry, why.to_string()))
}

fn refused(entry: &'static str, why: String) -> Box<GuestError> {
    GuestError::refusal(ErrorKind::Denied(why), entry, &String::new, b"")
}
