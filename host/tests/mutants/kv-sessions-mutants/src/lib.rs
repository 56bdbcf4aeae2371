//! A key-value store with sessions, on gossip: a session's token says how many writes of each node it depends on, and a node that
//! has fewer refuses it. It keeps nothing on its disk. Without an option it is correct; `--bug NAME` gives it the bug of that name.
//!
//! | bug | what is wrong |
//! |---|---|
//! | `arrival` | of two writes to a key the one that arrives last wins, so nodes differ |
//! | `ignores-token` | every session is served at once |
//! | `own-token` | the token that a session gets tells of the node's own writes only |
//! | `own-writes` | a node sends its own writes only, so what was written after a read may arrive before what was read |
//! | `read-token` | a read leaves the token as it was |
//! | `wall-clock` | writes are ordered by the clocks of their nodes |
//! | `write-token` | a write leaves the token as it was |

use std::time::Duration;

use guest_sdk::SortedMap;
use guest_sdk::prelude::*;

const INTERVAL: Duration = Duration::from_millis(100);

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    Arrival,
    IgnoresToken,
    OwnToken,
    OwnWrites,
    ReadToken,
    WallClock,
    WriteToken,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    bug: Bug,
}

/// How many writes of each node a node has executed.
type Vector = SortedMap<String, usize>;

#[derive(Clone, Serialize, Deserialize)]
struct Write {
    key: u64,
    value: u64,
    stamp: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Open {},
    Read {
        key: u64,
        token: Vector,
    },
    Write {
        key: u64,
        value: u64,
        token: Vector,
    },
    Gossip {
        executed: Vector,
        news: SortedMap<String, (usize, Vec<Write>)>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    OpenOk {
        token: Vector,
    },
    ReadOk {
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<u64>,
        token: Vector,
    },
    WriteOk {
        token: Vector,
    },
}

#[derive(Serialize, Deserialize)]
struct Replica {
    bug: Bug,
    stamp: u64,
    writes: SortedMap<String, Vec<Write>>,
    /// The last write to each key: its stamp, its author, its value.
    last: SortedMap<u64, (u64, String, u64)>,
    peers: SortedMap<String, Vector>,
}

impl Node for Replica {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        ctx.set_timer(INTERVAL, ());
        let peers = ctx.peers().map(|peer| (peer.to_owned(), Vector::new()));
        Replica {
            bug: ctx.options::<Options>().bug,
            stamp: 0,
            writes: SortedMap::new(),
            last: SortedMap::new(),
            peers: peers.collect(),
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match request {
            Request::Open {} => {
                let token = Vector::new();
                ctx.reply(from, &Reply::OpenOk { token });
            }
            Request::Read { key, token } => {
                self.check(&token)?;
                let value = self.last.get(&key).map(|(_, _, value)| *value);
                let token = match self.bug {
                    Bug::ReadToken => token,
                    _ => self.token(ctx.id()),
                };
                ctx.reply(from, &Reply::ReadOk { value, token });
            }
            Request::Write { key, value, token } => {
                self.check(&token)?;
                let stamp = match self.bug {
                    Bug::WallClock => u64::try_from(ctx.now().as_millis()).unwrap_or(u64::MAX),
                    _ => self.stamp + 1,
                };
                self.execute(ctx.id(), Write { key, value, stamp });
                let token = match self.bug {
                    Bug::WriteToken => token,
                    _ => self.token(ctx.id()),
                };
                ctx.reply(from, &Reply::WriteOk { token });
            }
            Request::Gossip { executed, news } => {
                let has_gap =
                    |(author, (from, _)): (&String, &(usize, _))| *from > self.count(author);
                if !news.iter().any(has_gap) {
                    for (author, (from, writes)) in news {
                        let known = self.count(&author).saturating_sub(from);
                        for write in writes.into_iter().skip(known) {
                            self.execute(&author, write);
                        }
                    }
                }
                self.peers.insert(from.node().to_owned(), executed);
            }
        }
        Ok(())
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        ctx.set_timer(INTERVAL, ());
        for (peer, theirs) in &self.peers {
            let all = self.writes.iter();
            let all = all.filter(|(author, _)| self.bug != Bug::OwnWrites || *author == ctx.id());
            let news = all.filter_map(|(author, writes)| {
                let from = theirs.get(author).copied().unwrap_or(0);
                let unknown = writes.get(from..).filter(|unknown| !unknown.is_empty())?;
                Some((author.clone(), (from, unknown.to_vec())))
            });
            let gossip = Request::Gossip {
                executed: self.executed(),
                news: news.collect(),
            };
            ctx.send(peer, &gossip);
        }
    }
}

impl Replica {
    fn count(&self, author: &str) -> usize {
        self.writes.get(author).map_or(0, Vec::len)
    }

    fn executed(&self) -> Vector {
        let writes = self.writes.iter();
        let counts = writes.map(|(author, writes)| (author.clone(), writes.len()));
        counts.collect()
    }

    fn token(&self, me: &str) -> Vector {
        let mut token = self.executed();
        token.retain(|author, _| self.bug != Bug::OwnToken || author == me);
        token
    }

    /// Refuses a session that depends on what the node does not have.
    fn check(&self, token: &Vector) -> Result<(), Error> {
        let mut all = token.iter();
        let covers = all.all(|(author, count)| self.count(author) >= *count);
        if covers || self.bug == Bug::IgnoresToken {
            return Ok(());
        }
        let text = "what the session depends on is not here yet";
        Err(Error::new(ErrorCode::TemporarilyUnavailable, text))
    }

    fn execute(&mut self, author: &str, write: Write) {
        self.stamp = self.stamp.max(write.stamp);
        let rank = (write.stamp, author.to_owned());
        let last = self.last.get(&write.key);
        let is_last = last.is_none_or(|(stamp, other, _)| rank > (*stamp, other.clone()));
        if is_last || self.bug == Bug::Arrival {
            self.last.insert(write.key, (rank.0, rank.1, write.value));
        }
        self.writes.get_or_default(author.to_owned()).push(write);
    }
}

guest_sdk::export!(Replica);
