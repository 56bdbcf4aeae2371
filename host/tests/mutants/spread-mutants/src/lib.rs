//! Additions that nodes tell each other: `--object broadcast`, `g-set` or `counter`. An addition has an
//! author, which is the node that a client told, and that node's number for it.
//!
//! `--design NAME` chooses how they spread. All are correct.
//!
//! | design | how it works |
//! |---|---|
//! | `batch` | a node sends each other node what is new at its own, a batch at a time, until it is acknowledged |
//! | `failover` | the star, but whoever gets no answer from the hub tells all others itself from then on |
//! | `numbered` | batches have numbers; all that are not acknowledged are sent again every 300 ms |
//! | `parts` | a node keeps what its own clients add, and a read asks all other nodes for their parts |
//! | `primary` | the first node has the object; others forward requests to it, and additions have numbers |
//! | `pull` | a node asks another at random for what follows what it knows of each author |
//! | `push` | each addition goes to every other node on its own, until it is acknowledged |
//! | `star` | nodes tell the first node in batches, which tells all others in batches, each until acknowledged |
//! | `whole` | a node periodically sends all others all that it knows |
//!
//! `--bug NAME` chooses the design that the bug belongs to, and gives it the bug.
//!
//! | bug | what is wrong |
//! |---|---|
//! | `ack-clears` | an acknowledgement of one batch counts for all that a node has yet to be told |
//! | `acks-late` | additions are acknowledged after 4.9 s |
//! | `any-ack` | an addition is not sent again once any other node has acknowledged it |
//! | `appends` | answers to two questions at a time are both appended |
//! | `backs-off` | the wait between two attempts doubles without a limit |
//! | `by-count` | nodes that know equally many additions count as equal |
//! | `by-greatest` | a node that knows the greatest element counts as knowing all |
//! | `by-value` | an author's addition of a value that it has added before counts as known |
//! | `clamps` | reads show 0 instead of less |
//! | `cumulative` | an acknowledgement counts for all batches before, though the receiver takes them in any order |
//! | `doubles` | an addition that is sent again because its answer was lost counts again |
//! | `drops-at-zero` | an add that would make the counter negative is acknowledged and dropped |
//! | `failover-forgets` | when the hub does not answer, what it was being told is forgotten |
//! | `falls-silent` | a node that has heard nothing from another for 3 s never answers again |
//! | `forgets` | only an author's last 8 numbers are remembered |
//! | `full` | with 8 additions on their way to a node, further ones are not sent to it |
//! | `gives-up` | an addition is sent three times at most |
//! | `hides-zero` | reads of 0 are not answered |
//! | `holds-back` | additions are told to others and acknowledged after 4.9 s |
//! | `hub-once` | batches go to the hub once, acknowledged or not |
//! | `larger-wins` | the state of a node that knows more replaces that of one that knows less |
//! | `last-batch` | a batch that comes after a later one is acknowledged and dropped |
//! | `last-client` | a second client's add replaces the first that waits for its answer |
//! | `last-number` | an author's addition that comes after a later one is acknowledged and dropped |
//! | `last-writer` | the state that changed last replaces all others |
//! | `once-an-add` | a node tells its state once after each add of a client, and not again |
//! | `one-deaf` | the last node answers no client |
//! | `own-only` | reads show what clients of the same node added |
//! | `page` | reads show 128 elements at most |
//! | `pending-one` | what waits for the next batch is replaced by what comes after it |
//! | `primary-acks` | additions are acknowledged before the first node has them, and sent once |
//! | `primary-by-number` | the first node takes two requests with the same `msg_id` for one, even from different nodes |
//! | `primary-doubles` | an addition that is forwarded again because its answer was lost counts again |
//! | `primary-forgets` | the first node remembers only the last 8 numbers of each node |
//! | `refuses-adds` | every third add is refused with a definite error |
//! | `refuses-negative` | negative adds are refused with a definite error |
//! | `refuses-reads` | every third read is refused with a definite error |
//! | `refuses-zero` | adds of 0 are refused with a definite error |
//! | `renumbers` | an addition that is sent again has a new number |
//! | `scatters-once` | the hub sends its batches once, acknowledged or not |
//! | `shrugs` | after the third, adds are dropped and answered with an error that leaves the outcome open |
//! | `slow-star` | the star waits 800 ms before it sends a batch |
//! | `storms` | a batch is sent again every 10 ms until it is acknowledged |
//! | `timer-lost` | what arrives while a batch is on its way waits for a timer that nobody sets |
//! | `ttl` | additions are told for 3 s, and never again |
//! | `unanswered` | after the third, adds are dropped and not answered |
//! | `up-only` | reads show the greatest value that the node has ever shown |
//! | `writes-off` | a node that did not answer three times is told nothing more |

mod batch;
mod clients;
mod known;
mod numbered;
mod options;
mod parts;
mod primary;
mod pull;
mod push;
mod whole;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use guest_sdk::prelude::*;

use known::{Additions, Known};
use options::{Bug, Design, Object, Options};

/// Messages between nodes are sent again until they are answered.
const RETRY: Retry = Retry::forever(Duration::from_millis(500)).max_wait(Duration::from_secs(2));

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Topology {},
    Broadcast {
        message: i64,
    },
    Add {
        #[serde(alias = "element")]
        delta: i64,
    },
    Read,
    /// What somebody knows; wants no answer.
    Know {
        additions: Additions,
        /// When the sender's state last changed, by its clock.
        changed: Duration,
    },
    /// What somebody knows; wants an answer.
    Tell {
        additions: Additions,
        #[serde(default, skip_serializing)]
        msg_id: u64,
    },
    /// What somebody knows, and the number of this batch; wants `BatchOk`.
    Batch {
        number: u64,
        additions: Additions,
    },
    BatchOk {
        number: u64,
    },
    /// What has somebody added?
    Part,
    /// What does somebody know beyond this?
    Ask {
        have: BTreeMap<String, u64>,
        count: usize,
        greatest: Option<i64>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    TopologyOk,
    BroadcastOk,
    AddOk,
    TellOk,
    PartOk {
        values: Vec<i64>,
    },
    #[serde(rename = "read_ok")]
    Messages {
        messages: Vec<i64>,
    },
    #[serde(rename = "read_ok")]
    Elements {
        value: Vec<i64>,
    },
    #[serde(rename = "read_ok")]
    Sum {
        value: i64,
    },
}

#[derive(Serialize, Deserialize)]
enum Call {
    /// To learn additions.
    Tell { peer: String, additions: Additions },
    /// To the primary: an addition of a client.
    Forward(Option<Caller>),
    /// To the primary: a client's read.
    Read(Caller),
    /// For a node's part of this reading.
    Part(u64),
}

#[derive(Serialize, Deserialize)]
enum Timer {
    Tick,
    /// An addition of this client is to be made.
    Add(i64, Caller),
    /// An addition of this client, or of the one that waits, is to be acknowledged.
    Acknowledge(Option<Caller>),
}

/// What a node keeps of another.
#[derive(Default, Serialize, Deserialize)]
struct Peer {
    /// What it has yet to be told, and is not on its way.
    waiting: Additions,
    /// A batch is on its way to it.
    is_busy: bool,
    is_written_off: bool,
    /// Batches that it has not acknowledged.
    unacknowledged: BTreeMap<u64, Additions>,
    batches: u64,
    /// The greatest number of a batch from it.
    last_batch: u64,
    heard: Duration,
}

#[derive(Serialize, Deserialize)]
struct Replica {
    object: Object,
    design: Design,
    bug: Bug,
    known: Known,
    peers: BTreeMap<String, Peer>,
    timer_is_set: bool,
    /// The hub did not answer once.
    is_direct: bool,
    /// Numbers of its own additions that some node has acknowledged.
    acknowledged: BTreeSet<u64>,
    /// When this node learned what, as long as it tells it.
    fresh: Vec<(Duration, Additions)>,
    changed: Duration,
    adds: u64,
    reads: u64,
    is_silent: bool,
    waiting_client: Option<Caller>,
    readings: BTreeMap<u64, parts::Reading>,
    /// Of requests that others forwarded.
    numbers: BTreeSet<u64>,
}

impl Node for Replica {
    type Request = Request;
    type Call = Call;
    type Timer = Timer;

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let options: Options = ctx.options();
        let peers = ctx.peers().map(|peer| (peer.to_owned(), Peer::default()));
        let mut replica = Replica {
            object: options.object,
            design: options.design(),
            bug: options.bug,
            known: Known::new(options.object, options.bug),
            peers: peers.collect(),
            timer_is_set: false,
            is_direct: false,
            acknowledged: BTreeSet::new(),
            fresh: Vec::new(),
            changed: Duration::ZERO,
            adds: 0,
            reads: 0,
            is_silent: false,
            waiting_client: None,
            readings: BTreeMap::new(),
            numbers: BTreeSet::new(),
        };
        if let Design::Whole | Design::Pull | Design::Numbered = replica.design {
            replica.set_timer(ctx);
        }
        replica
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        if let Some(peer) = self.peers.get_mut(from.node()) {
            peer.heard = ctx.now();
        }
        match request {
            Request::Topology {} => ctx.reply(from, &Reply::TopologyOk),
            Request::Broadcast { message: value } | Request::Add { delta: value } => {
                return self.add(value, from, ctx);
            }
            Request::Read => return self.read(from, ctx),
            Request::Know { additions, changed } => self.know(additions, changed, ctx),
            Request::Tell { msg_id, .. }
                if self.bug == Bug::PrimaryByNumber && !self.numbers.insert(msg_id) =>
            {
                ctx.reply(from, &Reply::TellOk);
            }
            Request::Tell { additions, .. } => {
                let news = self.known.learn(additions);
                if let Design::Star | Design::Failover = self.design {
                    self.relay(&news, from.node(), ctx);
                }
                ctx.reply(from, &Reply::TellOk);
            }
            Request::Batch { number, additions } => {
                self.batch(number, additions, from.node(), ctx);
            }
            Request::BatchOk { number } => self.batch_ok(number, from.node()),
            Request::Part => self.part(from, ctx),
            Request::Ask {
                have,
                count,
                greatest,
            } => self.asked(&have, count, greatest, from.node(), ctx),
        }
        Ok(())
    }

    fn response(&mut self, call: Call, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Self>) {
        match call {
            Call::Tell { peer, additions } if self.design == Design::Push => {
                self.pushed(&peer, additions, response.is_ok(), ctx);
            }
            Call::Tell { peer, additions } => self.told(&peer, &additions, response.is_ok(), ctx),
            Call::Forward(client) => {
                if let Some(client) = client {
                    self.reply_added(client, ctx);
                }
            }
            Call::Read(client) => primary::read(client, response, ctx),
            Call::Part(reading) => self.gather(reading, response, ctx),
        }
    }

    fn timer(&mut self, timer: Timer, ctx: &mut Ctx<Self>) {
        match timer {
            Timer::Tick => {
                self.timer_is_set = false;
                match self.design {
                    Design::Whole => self.tell_all(ctx),
                    Design::Pull => self.ask(ctx),
                    Design::Numbered => self.send_batches(ctx),
                    _ => self.send_waiting(ctx),
                }
            }
            Timer::Add(value, client) => self.make(value, client, ctx),
            Timer::Acknowledge(client) => {
                if let Some(client) = client.or_else(|| self.waiting_client.take()) {
                    self.reply_added(client, ctx);
                }
            }
        }
    }
}

impl Replica {
    /// Sets the timer, unless it is set.
    fn set_timer(&mut self, ctx: &mut Ctx<Self>) {
        let after_ms = match self.design {
            _ if self.bug == Bug::SlowStar => 800,
            Design::Batch | Design::Parts | Design::Primary | Design::Push => 100,
            Design::Failover | Design::Star => 150,
            Design::Pull => 200,
            Design::Numbered => 300,
            Design::Whole => 500,
        };
        if !self.timer_is_set {
            self.timer_is_set = true;
            ctx.set_timer(Duration::from_millis(after_ms), Timer::Tick);
        }
    }
}

guest_sdk::export!(Replica);
