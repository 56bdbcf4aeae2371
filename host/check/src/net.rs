//! Counts of a run's messages. After Maelstrom's
//! `net/checker.clj`.

use serde::Serialize;

use super::validity::Validity;

/// What happened to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetEvent {
    /// Its sender gave it to the network; every message once, lost or not.
    Sent,
    /// Its receiver got it.
    Received,
}

/// Message counts of a run while its journal is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetStats {
    clients: NetCounts,
    servers: NetCounts,
}

/// Messages sent and received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct NetCounts {
    /// A message was sent.
    pub send_count: u64,
    /// Received. Less if messages are lost, more if they are duplicated.
    pub recv_count: u64,
    /// Different messages. A message is sent once, so this is the count of those sent.
    pub msg_count: u64,
}

/// Message counts of a run. Always valid: it is a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NetResult {
    /// All messages.
    pub all: NetRate,
    /// Those with a client at one end.
    pub clients: NetCounts,
    /// The others, those with a service at one end included.
    pub servers: NetRate,
    /// Always true.
    #[serde(rename = "valid?")]
    pub valid: Validity,
}

/// Message counts, and what they mean for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct NetRate {
    /// The counts.
    #[serde(flatten)]
    pub counts: NetCounts,
    /// Messages for each operation that a client invoked, reads included. Absent if none was. Of 32
    /// bits, as Maelstrom prints it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msgs_per_op: Option<f32>,
}

impl NetStats {
    /// Counts one event of the journal: init, topology and what is lost included.
    pub fn record(&mut self, src: &str, dest: &str, event: NetEvent) {
        let counts = if is_client(src) || is_client(dest) {
            &mut self.clients
        } else {
            &mut self.servers
        };
        match event {
            NetEvent::Sent => {
                counts.send_count += 1;
                counts.msg_count += 1;
            }
            NetEvent::Received => counts.recv_count += 1,
        }
    }

    /// The figures, given how many operations clients invoked.
    #[must_use]
    pub fn result(&self, op_count: u64) -> NetResult {
        let Self { clients, servers } = *self;
        let all = NetCounts {
            send_count: clients.send_count + servers.send_count,
            recv_count: clients.recv_count + servers.recv_count,
            msg_count: clients.msg_count + servers.msg_count,
        };
        NetResult {
            all: rate(all, op_count),
            clients,
            servers: rate(servers, op_count),
            valid: Validity::True,
        }
    }
}

/// Maelstrom's rule: whatever has an id that starts with `c` is a client.
fn is_client(id: &str) -> bool {
    id.starts_with('c')
}

/// Counts are far below 2^53, and 32 bits are what Maelstrom prints.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn rate(counts: NetCounts, op_count: u64) -> NetRate {
    let msgs_per_op = (op_count > 0).then(|| (counts.msg_count as f64 / op_count as f64) as f32);
    NetRate {
        counts,
        msgs_per_op,
    }
}
