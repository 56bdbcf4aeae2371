//! Services: functions of their state and a request.

use std::sync::Arc;

use dashmap::DashMap;
use host_sim::service::{self, Service};

use crate::hash::{BuildQuick, Contents, Hash};
use crate::participants::{Addr, Messages};
use crate::table::{Content, STEP_BYTES, Table};

/// All states of services that were met.
#[derive(Default)]
pub(crate) struct Services {
    table: Table<Box<dyn Service>>,
    steps: DashMap<(u32, u32), Arc<ServiceStep>, BuildQuick>,
}

impl Content for Box<dyn Service> {
    fn heap_bytes(&self) -> usize {
        self.bytes()
    }
}

/// What comes of a request.
#[derive(Debug)]
pub(crate) struct ServiceStep {
    pub(crate) next: u32,
    pub(crate) answer: Option<u32>,
}

impl Services {
    /// The numbers of the services at their beginning.
    pub(crate) fn begin(&self) -> Vec<u32> {
        service::all()
            .into_iter()
            .map(|service| self.add(service))
            .collect()
    }

    fn add(&self, service: Box<dyn Service>) -> u32 {
        let mut text = Vec::new();
        service.write_state(&mut text);
        let contents = Contents::of("service").bytes(service.name().as_bytes());
        self.table.add(contents.bytes(&text).finish(), || service)
    }

    /// The number of a state of another table.
    pub(crate) fn adopt(&self, other: &Services, service: u32) -> u32 {
        let content = || other.table.get(service).boxed_clone();
        self.table.add(other.hash(service), content)
    }

    /// What they take, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.table.bytes()
    }

    /// What one of them keeps, in bytes.
    pub(crate) fn bytes_of(&self, service: u32) -> usize {
        self.table.get(service).bytes()
    }

    pub(crate) fn hash(&self, service: u32) -> Hash {
        self.table.hash(service)
    }

    /// Has a service handle a request of a node.
    pub(crate) fn step(&self, service: u32, request: u32, messages: &Messages) -> Arc<ServiceStep> {
        if let Some(step) = self.steps.get(&(service, request)) {
            return Arc::clone(&step);
        }
        let message = messages.get(request);
        let mut next = self.table.get(service).boxed_clone();
        let (client, body) = (messages.name(message.src), message.body());
        let mut draws = service::draws(next.as_ref(), &client, body);
        let answer = next.handle(&client, body, &mut draws);
        let answer = message.msg_id.map(|msg_id| {
            let mut text = Vec::new();
            service::write_body(&mut text, &answer, msg_id);
            messages.add(message.dest, message.src, &String::from_utf8_lossy(&text))
        });
        let step = Arc::new(ServiceStep {
            next: self.add(next),
            answer: answer.filter(|_| matches!(message.src, Addr::Node(_))),
        });
        self.table.note(STEP_BYTES);
        self.steps.insert((service, request), Arc::clone(&step));
        step
    }
}
