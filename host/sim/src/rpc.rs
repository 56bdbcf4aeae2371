//! Clients and the one request that each may have open.

/// Who a client works for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// It sends `init` to this node.
    Init(usize),
    /// It prepares this node for the workload.
    Setup(usize),
    /// It is the client of this worker.
    Worker(usize),
}

/// All clients that there ever were: `c0`, `c1` and so on.
#[derive(Debug, Default)]
pub(super) struct Clients {
    clients: Vec<Client>,
}

#[derive(Debug)]
struct Client {
    owner: Owner,
    open: bool,
    calls: u64,
    awaited: Option<u64>,
}

impl Clients {
    /// A new client.
    pub(super) fn open(&mut self, owner: Owner) -> usize {
        self.clients.push(Client {
            owner,
            open: true,
            calls: 0,
            awaited: None,
        });
        self.clients.len() - 1
    }

    /// The client is gone. Answers to it are lost from now on.
    pub(super) fn close(&mut self, client: usize) {
        self.clients[client].open = false;
        self.clients[client].awaited = None;
    }

    /// Whether there is or was such a client.
    pub(super) fn exists(&self, client: usize) -> bool {
        client < self.clients.len()
    }

    /// Begins a request; its `msg_id`.
    pub(super) fn call(&mut self, client: usize) -> u64 {
        let client = &mut self.clients[client];
        client.calls += 1;
        client.awaited = Some(client.calls);
        client.calls
    }

    /// Ends the request `msg_id`, if it is the one that is open. Answers who made it.
    pub(super) fn end(&mut self, client: usize, msg_id: u64) -> Option<Owner> {
        let client = self.clients.get_mut(client)?;
        if !client.open || client.awaited != Some(msg_id) {
            return None;
        }
        client.awaited = None;
        Some(client.owner)
    }

    /// The client goes on waiting for the answer to `msg_id`.
    pub(super) fn await_again(&mut self, client: usize, msg_id: u64) {
        self.clients[client].awaited = Some(msg_id);
    }

    /// Whether messages to it arrive.
    pub(super) fn is_open(&self, client: usize) -> bool {
        self.clients.get(client).is_some_and(|client| client.open)
    }
}

/// Adds the `msg_id` to the body of a request, which is a JSON object with a `type`.
pub(super) fn with_msg_id(body: &str, msg_id: u64) -> String {
    let fields = body.strip_suffix('}').unwrap_or(body);
    format!("{fields},\"msg_id\":{msg_id}}}")
}
