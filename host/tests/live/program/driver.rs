//! Steps a guest with a clock of its own, and records its effects.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use host_disk::{Scope, SharedDisk, lock};
use host_guest::{Effect, Event, EventKind, Guest, GuestError, GuestOptions, Limits};
use host_protocol::disk::SyncFailure;
use host_protocol::timers::Timers;
use host_sandbox::{Cache, GuestModule, Sandbox};
use serde_json::{Value, json};
use test_support::{Dir, compiled, program};

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    let cache = Cache::open(compiled()).unwrap();
    Sandbox::new(Some(cache)).unwrap()
});

pub(crate) fn load(path: &Path, limits: &Limits) -> GuestModule {
    SANDBOX.load(path, limits).unwrap()
}

pub(crate) fn load_bytes(wasm: &[u8], limits: &Limits) -> Result<GuestModule, String> {
    let dir = Dir::new();
    let path = dir.write("probe.wasm", wasm);
    let module = SANDBOX.load(&path, limits);
    module.map_err(|error| {
        error
            .to_string()
            .replace(&*path.to_string_lossy(), "[MODULE]")
    })
}

/// A guest and its effects so far.
pub(crate) struct Driver {
    pub(crate) guest: Box<dyn Guest + Send>,
    pub(crate) now_ns: u64,
    pub(crate) timers: Timers,
    pub(crate) disk: SharedDisk,
    /// What it has asked the disk for.
    pub(crate) sync: Option<Scope>,
    /// Its effects, one a line: `-> c1 {…}`, `timer in 5`, `no timer`, `log …`.
    pub(crate) done: Vec<String>,
}

impl Driver {
    pub(crate) fn probe(wasm: &[u8]) -> Self {
        Self::start(
            &load_bytes(wasm, &Limits::default()).unwrap(),
            GuestOptions::default(),
        )
    }

    pub(crate) fn built(name: &str, args: &[&str], seed: u64) -> Self {
        let options = GuestOptions {
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            seed,
            ..GuestOptions::default()
        };
        Self::start(&load(&program(name), &options.limits), options)
    }

    pub(crate) fn start(module: &GuestModule, options: GuestOptions) -> Self {
        let disk = Arc::clone(&options.disk);
        Driver {
            guest: module.start(options).unwrap(),
            now_ns: 0,
            timers: Timers::default(),
            disk,
            sync: None,
            done: Vec::new(),
        }
    }

    fn step(&mut self, kind: EventKind<'_>) -> Result<(), Box<GuestError>> {
        let now_ns = self.now_ns;
        let event = Event {
            now_ns,
            node: "n1",
            kind,
        };
        for effect in self.guest.step(&event)? {
            self.done.push(match effect {
                Effect::Send(send) => {
                    format!("-> {} {}", send.message.dest, send.message.body)
                }
                Effect::SetTimer(timer) => {
                    self.timers
                        .set(timer.id, now_ns.saturating_add(timer.after_ns));
                    format!("timer in {}", timer.after_ns)
                }
                Effect::CancelTimer(timer) => {
                    self.timers.cancel(timer.id);
                    "no timer".to_owned()
                }
                Effect::Log(log) => format!("log {}", log.text),
                Effect::Disk(change) => format!("disk {change:?}"),
                Effect::Sync(scope) => {
                    self.sync = Some(scope.clone());
                    format!("sync {scope:?}")
                }
            });
        }
        Ok(())
    }

    /// The disk answers the sync that the guest waits for, if there is one.
    pub(crate) fn answer_sync(&mut self) -> bool {
        let Some(scope) = self.sync.take() else {
            return false;
        };
        let result = lock(&self.disk).sync(&scope);
        self.try_synced(result).unwrap();
        true
    }

    /// The disk fails the sync that the guest waits for.
    pub(crate) fn fail_sync(&mut self) {
        self.sync.take().expect("it waits for one");
        self.try_synced(Err(SyncFailure::Error)).unwrap();
    }

    /// Delivers the answer to a sync.
    pub(crate) fn try_synced(
        &mut self,
        result: Result<(), SyncFailure>,
    ) -> Result<(), Box<GuestError>> {
        self.step(EventKind::Synced(result))
    }

    /// Delivers this text as a message.
    pub(crate) fn try_text(&mut self, text: &str) -> Result<(), Box<GuestError>> {
        self.step(EventKind::Message(text))
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.try_text(text).unwrap();
    }

    pub(crate) fn tell(&mut self, src: &str, body: Value) {
        self.text(&json!({"src": src, "dest": "n1", "body": body}).to_string());
    }

    /// Delivers `init`, and leaves out the answer.
    pub(crate) fn init(&mut self, ids: &[&str]) {
        self.tell(
            "c0",
            json!({"type": "init", "msg_id": 1, "node_id": "n1", "node_ids": ids}),
        );
        self.done.retain(|done| !done.contains("init_ok"));
    }

    /// Fires the next timer at its deadline.
    pub(crate) fn fire(&mut self) {
        self.try_fire().unwrap();
    }

    pub(crate) fn try_fire(&mut self) -> Result<(), Box<GuestError>> {
        self.now_ns = self
            .timers
            .next_deadline()
            .expect("it waits for a time")
            .max(self.now_ns);
        let id = self.timers.pop_due(self.now_ns).unwrap();
        self.step(EventKind::Timer(id))
    }

    /// Advances the clock and fires the timers that are due.
    pub(crate) fn pass(&mut self, ns: u64) {
        let end_ns = self.now_ns + ns;
        while self
            .timers
            .next_deadline()
            .is_some_and(|at_ns| at_ns <= end_ns)
        {
            self.fire();
        }
        self.now_ns = end_ns;
    }

    /// The effects since the last call.
    pub(crate) fn done(&mut self) -> Vec<String> {
        std::mem::take(&mut self.done)
    }

    /// The messages among [`done`](Self::done).
    pub(crate) fn sent(&mut self) -> Vec<String> {
        let mut done = self.done();
        done.retain(|done| done.starts_with("-> "));
        done
    }

    /// The log among [`done`](Self::done).
    pub(crate) fn logged(&mut self) -> Vec<String> {
        let done = self.done();
        done.iter()
            .filter_map(|line| Some(line.strip_prefix("log ")?.to_owned()))
            .collect()
    }
}
