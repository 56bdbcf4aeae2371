//! A solution in this process, without WebAssembly and without its limits: for unit tests, where a
//! panic should be one and a debugger should see the solution's own lines, and for the tours of the
//! host, which need no module.
//!
//! A run of native nodes is a function of its options and its seed, as one of modules is: the SDK gives a node no clock
//! and no random numbers but those of the run.

use std::any::Any;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use guest_sdk::Node;
use guest_sdk::step::Stepped;

use host_disk::{SharedDisk, lock};
use host_guest::effects::decode;
use host_guest::{Effect, ErrorKind, Event, EventKind, Guest, GuestError, GuestOptions, Start};
use host_protocol::abi;

/// What starts nodes of the type `N`. As a module would, they get arguments and a seed.
#[derive(Debug)]
pub struct Native<N> {
    catches: bool,
    node: PhantomData<fn() -> N>,
}

impl<N> Native<N> {
    /// Of this type.
    #[must_use]
    pub fn new() -> Self {
        Native {
            catches: false,
            node: PhantomData,
        }
    }

    /// The same, for a host that has to live on: a panic in a node is a trap of the guest, and ends the run.
    #[must_use]
    pub fn catching_panics() -> Self {
        Native {
            catches: true,
            node: PhantomData,
        }
    }
}

impl<N> Default for Native<N> {
    fn default() -> Self {
        Native::new()
    }
}

impl<N> Start for Native<N>
where
    N: Node<Call: Send, Timer: Send> + Send + 'static,
{
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        Ok(Box::new(NativeGuest::<N> {
            node: Stepped::new(options.args, options.seed),
            disk: Some(options.disk),
            effects: options.limits.effects,
            catches: self.catches,
        }))
    }
}

struct NativeGuest<N: Node> {
    node: Stepped<N>,
    /// The node's disk, until it has been told what is on it.
    disk: Option<SharedDisk>,
    /// The most effects of a step.
    effects: usize,
    /// Whether a panic is an error of the step.
    catches: bool,
}

/// The member `disk` of the first event, if there are files.
fn disk_member(disk: &SharedDisk) -> Option<String> {
    let mut event = Vec::new();
    abi::encode_first(&mut event, 0, "{}", lock(disk).files());
    let event = String::from_utf8(event).ok()?;
    let member = event.strip_prefix(r#"{"now_ns":0,"message":{},"disk":"#)?;
    Some(member.strip_suffix('}')?.to_owned())
}

impl<N: Node> NativeGuest<N> {
    /// The effects of an event, as lines of the ABI.
    fn handle(&mut self, event: &Event<'_>) -> &[u8] {
        match event.kind {
            EventKind::Message(text) => match self.disk.take() {
                None => self.node.message(event.now_ns, text),
                Some(disk) => {
                    let disk = disk_member(&disk);
                    (self.node).message_with_disk(event.now_ns, text, disk.as_deref())
                }
            },
            EventKind::Timer(id) => self.node.timer(event.now_ns, id),
            EventKind::Synced(Err(reason)) => self.node.sync_failed(event.now_ns, reason),
            EventKind::Synced(Ok(())) => b"",
        }
    }
}

/// What a panic says.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic".to_owned())
}

impl<N: Node> Guest for NativeGuest<N> {
    fn step(&mut self, event: &Event<'_>) -> Result<Vec<Effect<'_>>, Box<GuestError>> {
        let refused = |kind| GuestError::refusal(kind, "a step", &|| event.to_string(), b"");
        let effects = self.effects;
        let output = match self.catches {
            false => self.handle(event),
            true => {
                let node = self;
                let handle = || {
                    let node = node;
                    node.handle(event)
                };
                // A node that has panicked is not stepped again: the run ends.
                catch_unwind(AssertUnwindSafe(handle))
                    .map_err(|panic| refused(ErrorKind::Trap(words(&*panic))))?
            }
        };
        decode(output, event.node, effects).map_err(refused)
    }

    fn keeps_state(&self) -> bool {
        true
    }

    fn snapshot(&mut self) -> Result<Option<Vec<u8>>, Box<GuestError>> {
        let snapshot = self.node.snapshot();
        snapshot.map(Some).map_err(|error| {
            let kind = ErrorKind::Denied(format!("its state cannot be JSON: {error}"));
            GuestError::refusal(kind, "snapshot", &String::new, b"")
        })
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), Box<GuestError>> {
        self.disk = None;
        self.node.restore(snapshot).map_err(|why| {
            let kind = ErrorKind::Denied(format!("it refuses the state: {why}"));
            GuestError::refusal(kind, "restore", &String::new, b"")
        })
    }

    /// Nothing is counted.
    fn fuel_used(&self) -> u64 {
        0
    }

    /// Nothing is counted.
    fn memory_bytes(&self) -> usize {
        0
    }
}

#[cfg(test)]
mod tests {
    use guest_sdk::prelude::*;

    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Fragile;

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Request {
        Drop {},
    }

    impl Node for Fragile {
        type Request = Request;
        type Call = ();
        type Timer = ();

        fn init(_: &mut Ctx<Self>) -> Self {
            Fragile
        }

        fn request(
            &mut self,
            Request::Drop {}: Request,
            from: Caller,
            _: &mut Ctx<Self>,
        ) -> Result<(), guest_sdk::Error> {
            panic!("{} has dropped it", from.node());
        }
    }

    #[test]
    fn a_panic_is_an_error_of_the_step_where_the_host_has_to_live_on() {
        let mut guest = Native::<Fragile>::catching_panics()
            .start(GuestOptions::default())
            .unwrap();
        let mut step = |text: &str| {
            let kind = EventKind::Message(text);
            let event = Event {
                node: "n1",
                now_ns: 0,
                kind,
            };
            guest
                .step(&event)
                .map(|effects| effects.len())
                .map_err(|error| error.to_string())
        };
        let init = r#"{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}"#;
        assert_eq!(step(init), Ok(1));
        let error =
            step(r#"{"src":"c1","dest":"n1","body":{"type":"drop","msg_id":1}}"#).unwrap_err();
        assert!(error.contains("c1 has dropped it"), "{error}");
    }
}
