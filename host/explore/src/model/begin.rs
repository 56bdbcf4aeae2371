//! How a cluster begins: nodes start, are prepared, and run by fair rules until the exploration begins.

use std::collections::VecDeque;

use host_sim::{Malformed, with_msg_id};

use super::{DELIVERIES_MAX, Model, Sink, index};
use crate::nodes::Happens;
use crate::participants::Addr;
use crate::state::{Done, Left, State};
use crate::wrong::Wrong;

impl Model<'_> {
    /// The state in which the main phase begins, after the warm-up, and the messages in flight in the order of sending.
    pub(crate) fn begin(&self, sink: &mut Sink) -> Result<(State, VecDeque<u32>), Wrong> {
        let nodes = (0..self.count).map(|node| {
            let index = u8::try_from(node).unwrap_or(u8::MAX);
            self.nodes.new_node(index, &self.guests, &self.messages)
        });
        let parts: Vec<u32> = nodes.chain(self.services.begin()).collect();
        let scenario = self.scenario;
        let workload = scenario.workload.client(&scenario.workload_options());
        let workload = workload.map_err(Wrong::internal)?;
        let opened = u32::try_from(2 * self.count).unwrap_or(u32::MAX);
        let mut state = State {
            parts,
            clients: 0,
            left: Left::NOTHING,
            cut: 0,
            now_ns: 0,
            messages: Vec::new(),
            late: Vec::new(),
        };
        let inits = (0..self.count).map(|node| self.init(node, node));
        let mut queue: VecDeque<u32> = inits.collect();
        self.prepare(&mut state, &mut queue, sink, 0, |body| {
            match kind_of(body).as_deref() {
                Some("init_ok") => Ok(()),
                _ => Err(Malformed("the answer to `init` is no `init_ok`".to_owned())),
            }
        })?;
        let count = self.count;
        let requests = (0..count).filter_map(|node| {
            let body = with_msg_id(&workload.setup(node)?, 1);
            let client = u32::try_from(count + node).unwrap_or(u32::MAX);
            let node = u8::try_from(node).unwrap_or(u8::MAX);
            Some(
                self.messages
                    .add(Addr::Client(client), Addr::Node(node), &body),
            )
        });
        let requests: Vec<u32> = requests.collect();
        if !requests.is_empty() {
            queue.extend(requests);
            let check = |body: &str| workload.check_setup(body);
            self.prepare(&mut state, &mut queue, sink, count, check)?;
        }
        state.clients = self.clients.begin(workload, opened);
        self.warm_up(&mut state, &mut queue, sink)?;
        let bounds = self.bounds;
        state.left = Left {
            fires: bounds.fires,
            delays: bounds.delays.unwrap_or(0),
            drops: bounds.drops,
            duplicates: bounds.duplicates,
            kills: bounds.kills,
            power: bounds.power,
            partitions: bounds.partitions,
            timeouts: bounds.timeouts,
        };
        Ok((state, queue))
    }

    /// The `init` that a client sends to a node.
    pub(super) fn init(&self, node: usize, client: usize) -> u32 {
        let body = serde_json::json!({
            "type": "init",
            "node_id": self.messages.nodes()[node],
            "node_ids": self.messages.nodes(),
        });
        let client = u32::try_from(client).unwrap_or(u32::MAX);
        let node = u8::try_from(node).unwrap_or(u8::MAX);
        let body = with_msg_id(&body.to_string(), 1);
        self.messages
            .add(Addr::Client(client), Addr::Node(node), &body)
    }

    /// Delivers messages in the order of sending until each node has answered a request of the clients from `first` on.
    fn prepare(
        &self,
        state: &mut State,
        queue: &mut VecDeque<u32>,
        sink: &mut Sink,
        first: usize,
        check: impl Fn(&str) -> Result<(), Malformed>,
    ) -> Result<(), Wrong> {
        for message in queue.iter() {
            if matches!(self.messages.get(*message).src, Addr::Client(_)) {
                sink.note(Done::Sent(*message));
            }
        }
        let mut left = self.count;
        while left > 0 {
            let Some(message) = queue.pop_front() else {
                return Err(Wrong::NoAnswer);
            };
            let it = self.messages.get(message);
            if let Addr::Client(client) = it.dest {
                let is_awaited = (first..first + self.count).contains(&(client as usize));
                if is_awaited && it.in_reply_to == Some(1) {
                    check(it.body()).map_err(|Malformed(why)| Wrong::BadAnswer(why))?;
                    left -= 1;
                }
                continue;
            }
            self.deliver_fairly(state, message, sink)?;
            queue.extend(sink.sent.drain(..));
        }
        Ok(())
    }

    /// Delivers a message to a node or a service; syncs end at once.
    fn deliver_fairly(
        &self,
        state: &mut State,
        message: u32,
        sink: &mut Sink,
    ) -> Result<(), Wrong> {
        match self.messages.get(message).dest {
            Addr::Node(node) => {
                let node = usize::from(node);
                let is_down = self.nodes.get(state.parts[node]).guest.is_none();
                let happens = match is_down {
                    // The only message that a node gets before it is started.
                    true => Happens::Start(message),
                    false => Happens::Message(message),
                };
                self.happen_fairly(state, node, happens, sink)
            }
            Addr::Service(_) => {
                self.ask_service(state, message, sink);
                Ok(())
            }
            Addr::Client(_) => Ok(()),
        }
    }

    pub(crate) fn happen_fairly(
        &self,
        state: &mut State,
        node: usize,
        happens: Happens,
        sink: &mut Sink,
    ) -> Result<(), Wrong> {
        self.happen(state, node, happens, sink)?;
        while self.nodes.get(state.parts[node]).is_syncing() {
            sink.note(Done::Synced(index(node)));
            self.happen(state, node, Happens::Synced, sink)?;
        }
        Ok(())
    }

    /// Runs by fair rules until the exploration begins.
    fn warm_up(
        &self,
        state: &mut State,
        queue: &mut VecDeque<u32>,
        sink: &mut Sink,
    ) -> Result<(), Wrong> {
        let until_ns = self.bounds.warm_up_ns;
        let mut deliveries = 0_u32;
        if until_ns == 0 {
            return Ok(());
        }
        loop {
            if let Some(message) = queue.pop_front() {
                deliveries += 1;
                if deliveries > DELIVERIES_MAX {
                    return Err(Wrong::Standstill);
                }
                if let Addr::Client(_) = self.messages.get(message).dest {
                    continue;
                }
                self.pay(state)?;
                self.deliver_fairly(state, message, sink)?;
                queue.extend(sink.sent.drain(..));
                continue;
            }
            deliveries = 0;
            let left_ns = until_ns - state.now_ns;
            match self.next_timer(state) {
                Some((node, timer)) if timer.left_ns.max(0).cast_unsigned() <= left_ns => {
                    self.pass(state, timer.left_ns.max(0).cast_unsigned())?;
                    self.happen_fairly(state, node, Happens::Timer(timer.id), sink)?;
                    queue.extend(sink.sent.drain(..));
                }
                _ => {
                    self.pass(state, left_ns)?;
                    break;
                }
            }
        }
        Ok(())
    }
}

fn kind_of(body: &str) -> Option<String> {
    let header = host_protocol::message::Header::of(body);
    header.ok().map(|header| header.kind.into_owned())
}
