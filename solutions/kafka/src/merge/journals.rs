//! What every node has taken in, and the logs that this makes.

use guest_sdk::SortedMap;
use guest_sdk::disk::{Disk, Log};

use guest_sdk::prelude::*;

use crate::Kafka;
use crate::log;
use crate::protocol::{Key, Message, Offset, Offsets, POLL_MAX};

/// The journals of all nodes, as far as they are known here, without gaps. All that is here is on the disk too, in the
/// order in which it came.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Journals {
    /// This node's place among the nodes.
    rank: usize,
    journals: Vec<Vec<Entry>>,
    /// Where each message of each log is.
    logs: SortedMap<Key, SortedMap<Offset, Place>>,
    committed: Offsets,
    life: u64,
    has_served: bool,
    disk: Log<Record>,
}

/// What is on the disk.
#[derive(Debug, Serialize, Deserialize)]
enum Record {
    News(News),
    /// The first record: when this life of the node began, which ends when the disk is lost.
    Begins(u64),
    /// The node has learned all that it has to know before it serves.
    Serves,
}

/// A message, or, without one, a committed offset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    key: Key,
    offset: Offset,
    msg: Option<Message>,
}

/// A place in a journal.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Place {
    rank: usize,
    index: usize,
}

/// A part of the journal of the node of this rank, from an index on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct News {
    rank: usize,
    from: usize,
    entries: Vec<Entry>,
}

impl Journals {
    /// Those on the disk, for the node of this rank among so many. A life begins now if the disk is empty.
    pub(crate) fn open(rank: usize, count: usize, now: u64, ctx: &mut Ctx<Kafka>) -> Self {
        let (disk, records) = ctx.disk().open_log("journals");
        let mut journals = Journals {
            rank,
            journals: vec![Vec::new(); count],
            logs: SortedMap::new(),
            committed: Offsets::new(),
            life: now,
            has_served: false,
            disk,
        };
        for record in records {
            match record {
                Record::News(news) => journals.add(news),
                Record::Begins(life) => journals.life = life,
                Record::Serves => journals.has_served = true,
            }
        }
        journals.rewrite(ctx.disk());
        journals
    }

    /// Writes what was read again, in few records: some of it may never have been synced, and after a sync that failed it
    /// may be here though no later one makes it durable.
    fn rewrite(&mut self, disk: Disk<'_>) {
        let news = self.all().into_iter().map(Record::News);
        let begins = [Record::Begins(self.life)].into_iter().chain(news);
        let serves = self.has_served.then_some(Record::Serves);
        let records: Vec<Record> = begins.chain(serves).collect();
        self.disk.replace(&records, disk);
    }

    /// When this life of the node began, in nanoseconds.
    pub(crate) fn life(&self) -> u64 {
        self.life
    }

    /// Whether the node has served before, in this life.
    pub(crate) fn has_served(&self) -> bool {
        self.has_served
    }

    /// The node serves from now on.
    pub(crate) fn serve(&mut self, disk: Disk<'_>) {
        self.has_served = true;
        self.disk.append(&Record::Serves, disk);
    }

    pub(crate) fn rank(&self) -> usize {
        self.rank
    }

    /// How much of each journal is here.
    pub(crate) fn lens(&self) -> Vec<usize> {
        self.journals.iter().map(Vec::len).collect()
    }

    pub(crate) fn own_len(&self) -> usize {
        self.journals[self.rank].len()
    }

    /// Takes in a message: at the first offset of this node's that is behind all known ones.
    pub(crate) fn send(&mut self, key: Key, msg: Message, disk: Disk<'_>) -> Offset {
        let last = self.logs.get(&key).and_then(|log| log.last_key_value());
        let next = last.map_or(0, |(offset, _)| offset + 1);
        let (rank, count) = (log::offset(self.rank), log::offset(self.journals.len()));
        let offset = next + (rank - next).rem_euclid(count);
        let msg = Some(msg);
        self.append(self.rank, vec![Entry { key, offset, msg }], disk);
        offset
    }

    /// Takes in committed offsets that are news. Answers whether there were any.
    pub(crate) fn commit(&mut self, offsets: Offsets, disk: Disk<'_>) -> bool {
        let known = &self.committed;
        let news = |(key, offset): &(Key, Offset)| known.get(key).is_none_or(|it| it < offset);
        let entry = |(key, offset)| Entry {
            key,
            offset,
            msg: None,
        };
        let entries = offsets.into_iter().filter(news).map(entry).collect();
        self.append(self.rank, entries, disk)
    }

    pub(crate) fn committed(&self, keys: Vec<Key>) -> Offsets {
        log::committed(&self.committed, keys)
    }

    /// The messages of a log from an offset on, as long as all nodes have them: of each journal
    /// so many entries.
    pub(crate) fn poll(
        &self,
        key: &str,
        from: Offset,
        known_to_all: &[usize],
    ) -> Vec<(Offset, Message)> {
        let log = self.logs.get(key).map(|log| log.iter_from(&from));
        let shown = log.into_iter().flatten();
        shown
            .take_while(|(_, place)| place.index < known_to_all[place.rank])
            .filter_map(|(offset, place)| {
                let entry = &self.journals[place.rank][place.index];
                Some((*offset, entry.msg?))
            })
            .take(POLL_MAX)
            .collect()
    }

    /// This node's journal from an index on; nothing if that is its end.
    pub(crate) fn news(&self, from: usize) -> Vec<News> {
        let part = self.part(self.rank, from);
        part.into_iter().collect()
    }

    /// All journals.
    pub(crate) fn all(&self) -> Vec<News> {
        let ranks = 0..self.journals.len();
        ranks.filter_map(|rank| self.part(rank, 0)).collect()
    }

    fn part(&self, rank: usize, from: usize) -> Option<News> {
        let entries = self.journals[rank].get(from..)?.to_vec();
        (!entries.is_empty()).then_some(News {
            rank,
            from,
            entries,
        })
    }

    /// Takes in what is new here and leaves no gap. (What was lost comes again.) Answers whether there was
    /// something.
    pub(crate) fn learn(&mut self, news: News, disk: Disk<'_>) -> bool {
        let Some(journal) = self.journals.get(news.rank) else {
            return false;
        };
        let Some(known) = journal.len().checked_sub(news.from) else {
            return false;
        };
        let entries = news.entries.into_iter().skip(known).collect();
        self.append(news.rank, entries, disk)
    }

    /// Appends entries to a journal, on the disk too. Answers whether there are any.
    fn append(&mut self, rank: usize, entries: Vec<Entry>, disk: Disk<'_>) -> bool {
        if entries.is_empty() {
            return false;
        }
        let from = self.journals[rank].len();
        let record = Record::News(News {
            rank,
            from,
            entries,
        });
        self.disk.append(&record, disk);
        if let Record::News(news) = record {
            self.add(news);
        }
        true
    }

    /// Adds to a journal in memory.
    fn add(&mut self, news: News) {
        let News { rank, entries, .. } = news;
        for entry in entries {
            let index = self.journals[rank].len();
            let (key, offset) = (entry.key.clone(), entry.offset);
            if entry.msg.is_some() {
                let log = self.logs.get_or_default(key);
                log.insert(offset, Place { rank, index });
            } else {
                log::commit(&mut self.committed, Offsets::from([(key, offset)]));
            }
            self.journals[rank].push(entry);
        }
    }
}
