//! `--strategy tree`, the default of more than 100 nodes: values go along a tree, in windows.
//!
//! Nodes form a tree in the order of their names in `init`: the first is the root, and each has up to
//! [`CHILDREN`] children. Every node keeps the values that it knows as a log, in the order in which they came. Over
//! each link go those that the other end has not sent itself, and how much of its log has arrived. So a message is as long
//! as its news, and a node keeps as much as its values and its links: what the digests of the other strategies, which have
//! an entry for each node, would not be.
//!
//! - Costs: in a window of W seconds with new values at most 2 (n - 1) messages, and as many acknowledgements in
//!   [`ACK_AFTER`]. Nothing when nothing is new. With the depth d a value is known everywhere after 2 d latencies and
//!   2 d + 1 windows at most.
//! - What is not acknowledged goes out again. A node that lost its memory is another life of it: its neighbours tell it
//!   everything.
//! - Fails slowly: below a node that is down or cut off nobody hears what is new above it, until it is back.
//!
//! Source: the multicast trees of the textbooks, with cumulative acknowledgements for each link as in TCP.

use std::time::Duration;

use guest_sdk::disk::Log;
use guest_sdk::prelude::*;

use crate::knowledge::Values;
use crate::{Broadcast, Request, Strategy, Timer, not_for_this_strategy};

/// How many children a node has: two levels are 1,000 nodes, three 33,000.
const CHILDREN: usize = 32;

/// The default: that of a star.
const WINDOW: Duration = Duration::from_millis(430);

/// How long a node may owe an acknowledgement.
const ACK_AFTER: Duration = Duration::from_secs(2);

/// How long a node waits for the first message of a neighbour before it says hello, and says it again.
const HELLO_AFTER: Duration = Duration::from_secs(2);

#[derive(Serialize, Deserialize)]
pub(crate) struct Tree {
    /// When this life of the node began, in nanoseconds. Its log is another one's in each life.
    life: u64,
    window: Duration,
    values: Values,
    /// All values in the order in which they came, each with the place of the link that it came over, if it did.
    log: Vec<(i64, Option<usize>)>,
    disk: Log<i64>,
    links: Vec<Link>,
    /// Whether a timer is set.
    ticks: bool,
}

/// A neighbour in the tree.
#[derive(Serialize, Deserialize)]
struct Link {
    peer: String,
    /// The life of the neighbour that was heard last; 0 if none was.
    life: u64,
    /// How much of its log has arrived here.
    heard: usize,
    /// How much of this node's log has been sent …
    told: usize,
    /// … which part of it has to be acknowledged, since it has values …
    due: usize,
    /// … and which has been.
    acked: usize,
    /// Up to here the log has nothing for it beyond what it was told.
    own_until: usize,
    /// Since when it has acknowledged nothing that is due; until it is heard, since when it was last greeted.
    since: Duration,
    owes_since: Option<Duration>,
}

/// What goes over a link.
#[derive(Serialize, Deserialize)]
pub(crate) struct Share {
    /// The sender's life.
    life: u64,
    /// The part of the sender's log that the values are from. Those that the receiver told are left out.
    from: usize,
    to: usize,
    values: Vec<i64>,
    /// The receiver's life, as far as the sender knows, and how much of its log the sender has.
    of: u64,
    have: usize,
}

impl Tree {
    pub(crate) fn new(
        children: Option<usize>,
        window: Option<Duration>,
        ctx: &mut Ctx<Broadcast>,
    ) -> Self {
        let (nodes, children) = (ctx.nodes(), children.unwrap_or(CHILDREN));
        let me = nodes.iter().position(|node| node == ctx.id()).unwrap_or(0);
        let parent = me.checked_sub(1).map(|before| before / children);
        let first = me * children + 1;
        let neighbours = parent.into_iter().chain(first..first + children);
        let now = ctx.now();
        let link = |peer: &String| Link {
            peer: peer.clone(),
            life: 0,
            heard: 0,
            told: 0,
            due: 0,
            acked: 0,
            own_until: 0,
            since: now,
            owes_since: None,
        };
        let links = neighbours.filter_map(|node| nodes.get(node));
        let links = links.map(link).collect();
        let (mut disk, known) = ctx.disk().open_log("values");
        if !known.is_empty() {
            // Some of it may never have been synced, and after a sync that failed it may be here though no later one
            // makes it durable.
            disk.replace(&known, ctx.disk());
        }
        let mut tree = Tree {
            life: u64::try_from(now.as_nanos()).unwrap_or(u64::MAX).max(1),
            window: window.unwrap_or(WINDOW),
            values: Values::default(),
            log: known.iter().map(|value| (*value, None)).collect(),
            disk,
            links,
            ticks: false,
        };
        for value in known {
            tree.values.insert(value);
        }
        tree.wake(ctx);
        tree
    }

    fn add(&mut self, value: i64, over: Option<usize>, ctx: &mut Ctx<Broadcast>) {
        if self.values.insert(value) {
            self.log.push((value, over));
            self.disk.append(&value, ctx.disk());
        }
    }

    /// Has a window end, if none does.
    fn wake(&mut self, ctx: &mut Ctx<Broadcast>) {
        if !self.ticks && !self.links.is_empty() {
            ctx.set_timer(self.window, Timer::Tick);
            self.ticks = true;
        }
    }

    /// Says what there is to say over a link. Whether something is waited for.
    fn tell(&mut self, place: usize, ctx: &mut Ctx<Broadcast>) -> bool {
        let (now, end, life) = (ctx.now(), self.log.len(), self.life);
        let patience = ACK_AFTER + 2 * self.window;
        let log = &self.log;
        let link = &mut self.links[place];
        let is_over = |since, patience| now.saturating_sub(since) >= patience;
        if link.acked < link.due && is_over(link.since, patience) {
            link.told = link.acked;
            link.own_until = link.acked;
            link.since = now;
        }
        let is_news = |(_, over): &&(i64, Option<usize>)| *over != Some(place);
        let has_news = log[link.own_until.max(link.told)..]
            .iter()
            .any(|it| is_news(&it));
        link.own_until = end;
        let is_unheard = link.life == 0;
        let greets = is_unheard && is_over(link.since, HELLO_AFTER);
        let owes = link
            .owes_since
            .is_some_and(|since| is_over(since, ACK_AFTER));
        if has_news || greets || owes {
            let news = log[link.told..].iter().filter(is_news);
            let share = Share {
                life,
                from: link.told,
                to: if has_news { end } else { link.told },
                values: news.map(|(value, _)| *value).collect(),
                of: link.life,
                have: link.heard,
            };
            if has_news {
                if link.acked >= link.due {
                    link.since = now;
                }
                (link.told, link.due) = (end, end);
            }
            if greets {
                link.since = now;
            }
            link.owes_since = None;
            ctx.send(&link.peer, &Request::Share(share));
        }
        is_unheard || link.acked < link.due || link.owes_since.is_some()
    }

    fn hear_share(&mut self, place: usize, share: Share, ctx: &mut Ctx<Broadcast>) {
        let now = ctx.now();
        let knows_me = share.of == self.life;
        let have = if knows_me {
            share.have.min(self.log.len())
        } else {
            0
        };
        let link = &mut self.links[place];
        if link.life != share.life {
            link.life = share.life;
            link.heard = 0;
            (link.told, link.due, link.acked, link.own_until) = (have, have, have, have);
            // What another life of it has said, this one may not know.
            let others = self.log.iter_mut().filter(|(_, over)| *over == Some(place));
            others.for_each(|(_, over)| *over = None);
        } else if have > link.acked {
            link.acked = have;
            link.told = link.told.max(have);
            link.since = now;
        }
        let is_gap = share.from > link.heard;
        if !knows_me || is_gap || !share.values.is_empty() {
            link.owes_since.get_or_insert(now);
        }
        if !is_gap {
            link.heard = link.heard.max(share.to);
            for value in share.values {
                self.add(value, Some(place), ctx);
            }
        }
        self.wake(ctx);
    }
}

impl Strategy for Tree {
    fn values(&self) -> &Values {
        &self.values
    }

    fn store(&mut self, value: i64, ctx: &mut Ctx<Broadcast>) {
        self.add(value, None, ctx);
        self.wake(ctx);
    }

    fn hear(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Broadcast>,
    ) -> Result<(), Error> {
        let place = self.links.iter().position(|link| link.peer == from.node());
        let (Request::Share(share), Some(place)) = (request, place) else {
            return Err(not_for_this_strategy());
        };
        self.hear_share(place, share, ctx);
        Ok(())
    }

    fn timer(&mut self, _timer: Timer, ctx: &mut Ctx<Broadcast>) {
        self.ticks = false;
        let mut waits = false;
        for place in 0..self.links.len() {
            waits |= self.tell(place, ctx);
        }
        if waits {
            self.wake(ctx);
        }
    }
}

#[cfg(test)]
mod tests {
    use guest_sdk::testing::TestNode;
    use serde_json::{Value, json};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// n2 between its parent n1 and its children n4 and n5, with windows of a second.
    fn middle() -> TestNode<Broadcast> {
        let arguments = [
            "--strategy",
            "tree",
            "--children",
            "2",
            "--window-ms",
            "1000",
        ];
        let nodes = ["n1", "n2", "n3", "n4", "n5", "n6"];
        TestNode::start_with(&arguments, "n2", &nodes)
    }

    fn broadcast(node: &mut TestNode<Broadcast>, value: i64) {
        let body = json!({"type": "broadcast", "msg_id": 1, "message": value});
        let ok = json!({"type": "broadcast_ok", "in_reply_to": 1});
        assert_eq!(node.receive("c1", body), [("c1", ok)]);
    }

    fn share(life: u64, part: [usize; 2], values: &[i64], of: u64, have: usize) -> Value {
        let [from, to] = part;
        json!({
            "type": "share", "life": life, "from": from, "to": to, "values": values, "of": of, "have": have
        })
    }

    /// The first life of a node begins at 0, which is written as 1.
    const ME: u64 = 1;

    #[test]
    fn values_go_over_all_links_but_the_one_they_came_over() {
        let mut node = middle();
        assert_eq!(node.receive("n4", share(7, [0, 2], &[5, 6], 0, 0)), []);
        let on = |have, of| share(ME, [0, 2], &[5, 6], of, have);
        assert_eq!(node.advance(SECOND), [("n1", on(0, 0)), ("n5", on(0, 0))]);
        // The others are heard, and acknowledge; n4 is acknowledged after two seconds, and knows its own.
        assert_eq!(node.receive("n1", share(8, [0, 0], &[], ME, 2)), []);
        assert_eq!(node.receive("n5", share(9, [0, 0], &[], ME, 2)), []);
        assert_eq!(node.advance(SECOND), [("n4", share(ME, [0, 0], &[], 7, 2))]);
        assert_eq!(node.advance(60 * SECOND), []);
        broadcast(&mut node, 4);
        let news = |part, values, of, have| share(ME, part, values, of, have);
        assert_eq!(
            node.advance(SECOND),
            [
                ("n1", news([2, 3], &[4], 8, 0)),
                ("n4", news([0, 3], &[4], 7, 2)),
                ("n5", news([2, 3], &[4], 9, 0)),
            ]
        );
    }

    #[test]
    fn what_is_not_acknowledged_goes_out_again_after_four_seconds() {
        let mut node = middle();
        for (peer, life) in [("n1", 8), ("n4", 7), ("n5", 9)] {
            assert_eq!(node.receive(peer, share(life, [0, 0], &[], ME, 0)), []);
        }
        broadcast(&mut node, 4);
        assert_eq!(node.advance(SECOND).len(), 3);
        node.receive("n4", share(7, [0, 0], &[], ME, 1));
        node.receive("n5", share(9, [0, 0], &[], ME, 1));
        assert_eq!(node.advance(3 * SECOND), []);
        let again = || ("n1", share(ME, [0, 1], &[4], 8, 0));
        assert_eq!(node.advance(SECOND), [again()]);
        assert_eq!(node.advance(4 * SECOND), [again()]);
        node.receive("n1", share(8, [0, 0], &[], ME, 1));
        assert_eq!(node.advance(60 * SECOND), []);
    }

    #[test]
    fn another_life_of_a_neighbour_is_told_everything_and_heard_from_its_beginning() {
        let mut node = middle();
        for (peer, life) in [("n1", 8), ("n4", 7), ("n5", 9)] {
            node.receive(peer, share(life, [0, 0], &[], ME, 0));
        }
        node.receive("n4", share(7, [0, 1], &[3], ME, 0));
        assert_eq!(node.advance(SECOND).len(), 2);
        for (peer, life) in [("n1", 8), ("n5", 9)] {
            node.receive(peer, share(life, [0, 0], &[], ME, 1));
        }
        // It knew the value itself; in its next life it does not.
        assert_eq!(node.receive("n4", share(70, [0, 0], &[], 0, 0)), []);
        assert_eq!(
            node.advance(2 * SECOND),
            [("n4", share(ME, [0, 1], &[3], 70, 0))]
        );
    }

    #[test]
    fn after_a_gap_it_says_how_much_it_has() {
        let mut node = middle();
        for (peer, life) in [("n1", 8), ("n4", 7), ("n5", 9)] {
            node.receive(peer, share(life, [0, 0], &[], ME, 0));
        }
        assert_eq!(node.receive("n4", share(7, [1, 2], &[6], ME, 0)), []);
        assert_eq!(
            node.advance(2 * SECOND),
            [("n4", share(ME, [0, 0], &[], 7, 0))]
        );
        let read = node.receive("c1", json!({"type": "read", "msg_id": 2}));
        let none = json!({"type": "read_ok", "in_reply_to": 2, "messages": []});
        assert_eq!(read, [("c1", none)]);
    }
}
