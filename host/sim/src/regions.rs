//! Regions: where nodes stand, and how far that is from each other.
//!
//! A text of statements says it, each on a line of its own or ended by a semicolon; `#` begins a comment. `docs/simulator.md`
//! has the format. A preset is such a text under a name.

use std::fmt;
use std::str::FromStr;

use super::ranges::LATENCY_MS_MAX;
use super::time::MS;

/// The most regions of a matrix.
const REGIONS_MAX: usize = 64;

/// The most characters of a region's name.
const NAME_MAX: usize = 40;

/// The most bytes of a text.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// The fastest and the slowest link, in Mbit/s.
const MBITS: std::ops::RangeInclusive<f64> = 0.001..=1_000_000.0;

/// Words that statements begin with, which no region can be called.
const WORDS: [&str; 6] = [
    "regions",
    "nodes",
    "clients",
    "services",
    "loss",
    "bandwidth",
];

/// Measured latencies under a name.
///
/// Halves of the median round trips between regions of Azure in the 30 days until 19 June 2024, from "Azure network round-trip
/// latency statistics" in Microsoft's documentation. Within a region 1 ms, half of the two that the same documentation gives as the
/// most between zones.
const PRESETS: [(&str, &str); 2] = [
    (
        "azure-2024",
        "regions east-us west-us-2 brazil-south west-europe central-india southeast-asia japan-east australia-east;\
         east-us 1 33 58 44.5 100 116.5 84.5 100.5;\
         west-us-2 34.5 1 92 77 107 82.5 50 81;\
         brazil-south 59.5 91.5 1 93 153.5 172 139 158.5;\
         west-europe 45 77 92.5 1 68 95 125 143;\
         central-india 101.5 106 153.5 67.5 1 27.5 60.5 73.5;\
         southeast-asia 117 81.5 171.5 95 27.5 1 36 47.5;\
         japan-east 85 50 139 125.5 61 36.5 1 52;\
         australia-east 100.5 80.5 158 143.5 73.5 45.5 51.5 1",
    ),
    (
        "azure-2024-europe",
        "regions west-europe north-europe france-central germany-west-central sweden-central;\
         west-europe 1 10 5.5 6 13.5;\
         north-europe 9.5 1 9.5 14 21.5;\
         france-central 6 10 1 6.5 17.5;\
         germany-west-central 5.5 13.5 5.5 1 14;\
         sweden-central 13.5 22 17.5 15 1",
    ),
];

/// Regions, and the links between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regions {
    names: Vec<String>,
    /// `[from * regions + to]`, as all that is of pairs of regions.
    links: Vec<RegionLink>,
    /// Ranges of nodes by the numbers in their names, each with its region. Later ones win.
    nodes: Vec<(usize, usize, usize)>,
    /// Where clients are; each near its node if nobody says.
    clients: Option<usize>,
    services: usize,
}

/// What a message finds between two regions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RegionLink {
    /// The mean latency.
    pub(super) latency_ns: u64,
    /// How many of a million messages between nodes are lost.
    pub(super) loss_ppm: u64,
    /// How fast each link from one participant to another is; any number of bits at once if nobody says.
    pub(super) bits_per_s: Option<u64>,
}

/// A text that says no regions: the statement, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRegions {
    /// A statement is wrong.
    #[error("statement {number}, `{statement}`: {what}")]
    Statement {
        /// Its place, from 1.
        number: usize,
        /// The statement.
        statement: String,
        /// What is wrong, and what to write.
        what: String,
    },
    /// A row of the matrix is missing.
    #[error("there is no row for {0}: write its name and a latency in ms to each region")]
    NoRow(String),
    /// It is neither a preset nor a text of statements.
    #[error("expected statements that begin with `regions`, or a preset ({}), found `{found}`", presets().join(", "))]
    Unknown {
        /// What is there.
        found: String,
    },
    /// The text is too long.
    #[error("the text has {0} bytes; {TEXT_BYTES_MAX} are the most")]
    Long(usize),
}

/// The names of all presets.
#[must_use]
pub fn presets() -> [&'static str; PRESETS.len()] {
    PRESETS.map(|(name, _)| name)
}

impl Regions {
    /// The longest mean latency, in nanoseconds.
    pub(super) fn latency_ns_max(&self) -> u64 {
        let links = self.links.iter().map(|link| link.latency_ns);
        links.max().unwrap_or(0)
    }

    /// The region of the node with this number in its name, which has this place in the cluster: unless it is named, nodes are
    /// dealt out to the regions in turn.
    pub(super) fn of_node(&self, number: usize, place: usize) -> usize {
        let mut ranges = self.nodes.iter().rev();
        let range = ranges.find(|(first, last, _)| (*first..=*last).contains(&number));
        range.map_or(place % self.names.len(), |(_, _, region)| *region)
    }

    /// The region of clients, unless they are near their nodes.
    pub(super) fn of_clients(&self) -> Option<usize> {
        self.clients
    }

    /// The region of services.
    pub(super) fn of_services(&self) -> usize {
        self.services
    }

    pub(super) fn link(&self, from: usize, to: usize) -> RegionLink {
        self.links[from * self.names.len() + to]
    }

    fn read(text: &str) -> Result<Self, InvalidRegions> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(InvalidRegions::Long(text.len()));
        }
        let lines = text.lines();
        let lines = lines.map(|line| line.split('#').next().unwrap_or_default());
        let statements = lines.flat_map(|line| line.split(';')).map(str::trim);
        let statements = statements.filter(|statement| !statement.is_empty());
        let mut regions: Option<Regions> = None;
        let mut rows = Vec::new();
        for (index, statement) in statements.enumerate() {
            let wrong = |what: String| InvalidRegions::Statement {
                number: index + 1,
                statement: statement.chars().take(100).collect(),
                what,
            };
            let mut words = statement.split_whitespace();
            let first = words.next().unwrap_or_default();
            let rest: Vec<&str> = words.collect();
            match &mut regions {
                None if first == "regions" => {
                    regions = Some(Regions::named(&rest).map_err(wrong)?);
                }
                None if index == 0 && rest.is_empty() => {
                    let found = first.to_owned();
                    return Err(InvalidRegions::Unknown { found });
                }
                None => return Err(wrong("expected `regions NAME NAME …` first".to_owned())),
                Some(regions) => {
                    regions.state(first, &rest, &mut rows).map_err(wrong)?;
                }
            }
        }
        let regions = regions.ok_or_else(|| InvalidRegions::Unknown {
            found: String::new(),
        })?;
        let missing = (0..regions.names.len()).find(|region| !rows.contains(region));
        match missing {
            Some(region) => Err(InvalidRegions::NoRow(regions.names[region].clone())),
            None => Ok(regions),
        }
    }

    /// Regions with these names, between which there is nothing.
    fn named(names: &[&str]) -> Result<Self, String> {
        if names.is_empty() || names.len() > REGIONS_MAX {
            return Err(format!("expected 1 to {REGIONS_MAX} names of regions"));
        }
        for (index, name) in names.iter().enumerate() {
            let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"-_.".contains(&it);
            let begins = name
                .bytes()
                .next()
                .is_some_and(|it| it.is_ascii_alphabetic());
            if !begins || !name.bytes().all(is_plain) || name.len() > NAME_MAX {
                return Err(format!(
                    "`{name}` is no name of a region: it begins with a letter and has at most {NAME_MAX} letters, \
                     digits, `-`, `_` and `.`"
                ));
            }
            if WORDS.contains(name) {
                return Err(format!(
                    "`{name}` begins a statement, and is no name of a region"
                ));
            }
            if names[..index].contains(name) {
                return Err(format!("the region {name} is there twice"));
            }
        }
        Ok(Regions {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            links: vec![RegionLink::default(); names.len() * names.len()],
            nodes: Vec::new(),
            clients: None,
            services: 0,
        })
    }

    /// One more statement: its first word, and the others.
    fn state(&mut self, first: &str, rest: &[&str], rows: &mut Vec<usize>) -> Result<(), String> {
        match (first, rest) {
            ("regions", _) => Err("the regions have been named already".to_owned()),
            ("nodes", [region, nodes @ ..]) if !nodes.is_empty() => {
                let region = self.find(region)?;
                for range in nodes {
                    let (from, to) = nodes_of(range)?;
                    self.nodes.push((from, to, region));
                }
                Ok(())
            }
            ("nodes", _) => Err("expected a region and nodes: `nodes eu n0 n3-n7`".to_owned()),
            ("clients", ["near"]) => {
                self.clients = None;
                Ok(())
            }
            ("clients", [region]) => {
                self.clients = Some(self.find(region)?);
                Ok(())
            }
            ("clients", _) => {
                Err("expected a region, or `near` for that of each client's node".to_owned())
            }
            ("services", [region]) => {
                self.services = self.find(region)?;
                Ok(())
            }
            ("services", _) => Err("expected a region".to_owned()),
            ("loss", [from, to, percent]) => {
                let percent = number(percent, 0.0..=100.0, "a percentage")?;
                let loss_ppm = whole(percent * 10_000.0);
                self.each(from, to, |link| link.loss_ppm = loss_ppm)
            }
            ("loss", _) => {
                Err("expected two regions or `*`, and a percentage: `loss eu us 0.5`".to_owned())
            }
            ("bandwidth", [from, to, mbits]) => {
                let mbits = number(mbits, MBITS, "Mbit/s")?;
                let bits_per_s = Some(whole(mbits * 1e6));
                self.each(from, to, |link| link.bits_per_s = bits_per_s)
            }
            ("bandwidth", _) => {
                Err("expected two regions or `*`, and Mbit/s: `bandwidth eu us 100`".to_owned())
            }
            (row, latencies) => {
                let from = self.find(row)?;
                let count = self.names.len();
                if latencies.len() != count {
                    return Err(format!(
                        "expected {count} latencies in ms, one to each region, found {}",
                        latencies.len()
                    ));
                }
                if rows.contains(&from) {
                    return Err(format!("{row} has a row already"));
                }
                rows.push(from);
                for (to, text) in latencies.iter().enumerate() {
                    let ms = number(text, 0.0..=LATENCY_MS_MAX as f64, "ms")?;
                    self.links[from * count + to].latency_ns = whole(ms * MS as f64);
                }
                Ok(())
            }
        }
    }

    fn find(&self, name: &str) -> Result<usize, String> {
        let found = self.names.iter().position(|it| it == name);
        let names = || self.names.join(", ");
        found.ok_or_else(|| format!("there is no region `{name}`, only {}", names()))
    }

    /// Changes the links from a region to another; `*` is each.
    fn each(
        &mut self,
        from: &str,
        to: &str,
        change: impl Fn(&mut RegionLink),
    ) -> Result<(), String> {
        let all = |name: &str| match name {
            "*" => Ok(0..self.names.len()),
            name => self.find(name).map(|region| region..region + 1),
        };
        let (from, to, count) = (all(from)?, all(to)?, self.names.len());
        for (from, to) in from.flat_map(|from| to.clone().map(move |to| (from, to))) {
            change(&mut self.links[from * count + to]);
        }
        Ok(())
    }
}

/// `n3-n7` or `n3`, as numbers.
fn nodes_of(range: &str) -> Result<(usize, usize), String> {
    let number = |name: &str| name.strip_prefix('n')?.parse().ok();
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok((first, last)),
        _ => Err(format!(
            "expected a node or a range of them, such as n3 or n3-n7, found `{range}`"
        )),
    }
}

fn number(text: &str, range: std::ops::RangeInclusive<f64>, unit: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    let (least, most) = (range.start(), range.end());
    number.ok_or_else(|| format!("expected {unit} from {least} to {most}, found `{text}`"))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is in a range far below 2^53"
)]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

impl FromStr for Regions {
    type Err = InvalidRegions;

    /// A preset, or a text of statements.
    fn from_str(text: &str) -> Result<Self, InvalidRegions> {
        let preset = PRESETS.iter().find(|(name, _)| *name == text.trim());
        Regions::read(preset.map_or(text, |(_, statements)| statements))
    }
}

/// The name of the preset that it is, or statements on one line.
impl fmt::Display for Regions {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_it = |(_, text): &&(&str, &str)| Regions::read(text).as_ref() == Ok(self);
        if let Some((name, _)) = PRESETS.iter().find(is_it) {
            return f.write_str(name);
        }
        write!(f, "regions {}", self.names.join(" "))?;
        let count = self.names.len();
        for (name, links) in self.names.iter().zip(self.links.chunks(count)) {
            write!(f, "; {name}")?;
            links
                .iter()
                .try_for_each(|link| write!(f, " {}", link.latency_ns as f64 / MS as f64))?;
        }
        for (first, last, region) in &self.nodes {
            write!(f, "; nodes {} n{first}", self.names[*region])?;
            if first != last {
                write!(f, "-n{last}")?;
            }
        }
        if let Some(region) = self.clients {
            write!(f, "; clients {}", self.names[region])?;
        }
        if self.services > 0 {
            write!(f, "; services {}", self.names[self.services])?;
        }
        for (index, link) in self.links.iter().enumerate() {
            let (from, to) = (&self.names[index / count], &self.names[index % count]);
            if link.loss_ppm > 0 {
                write!(f, "; loss {from} {to} {}", link.loss_ppm as f64 / 10_000.0)?;
            }
            if let Some(bits) = link.bits_per_s {
                write!(f, "; bandwidth {from} {to} {}", bits as f64 / 1e6)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "\
# Two regions, and what is between them.
regions us eu
us 0.5 40      # one way
eu 42.25 0.5
nodes eu n0 n3-n5
clients us
services eu
loss us eu 0.5
bandwidth * us 100
";

    #[test]
    fn a_text_says_where_everybody_is_and_what_is_between_them() {
        let regions: Regions = TWO.parse().unwrap();
        let places = (0..8).map(|node| regions.of_node(node, node));
        assert_eq!(places.collect::<Vec<_>>(), [1, 1, 0, 1, 1, 1, 0, 1]);
        assert_eq!((regions.of_clients(), regions.of_services()), (Some(0), 1));
        let us_eu = RegionLink {
            latency_ns: 40_000_000,
            loss_ppm: 5000,
            bits_per_s: None,
        };
        let eu_us = RegionLink {
            latency_ns: 42_250_000,
            loss_ppm: 0,
            bits_per_s: Some(100_000_000),
        };
        assert_eq!((regions.link(0, 1), regions.link(1, 0)), (us_eu, eu_us));
        assert_eq!(regions.latency_ns_max(), 42_250_000);
        // Where the first node is n1, the first place is still the first region's.
        assert_eq!((regions.of_node(1, 0), regions.of_node(3, 2)), (0, 1));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let regions: Regions = TWO.parse().unwrap();
        let line = "regions us eu; us 0.5 40; eu 42.25 0.5; nodes eu n0; nodes eu n3-n5; clients us; services eu; \
                    bandwidth us us 100; loss us eu 0.5; bandwidth eu us 100";
        assert_eq!(regions.to_string(), line);
        assert_eq!(line.parse(), Ok(regions));
        for name in presets() {
            assert_eq!(name.parse::<Regions>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn a_preset_is_half_of_the_round_trips() {
        let azure: Regions = "azure-2024".parse().unwrap();
        let ms = |from, to| azure.link(from, to).latency_ns as f64 / MS as f64;
        // 90 ms from West Europe to East US and back, 89 ms the other way; 344 ms from Brazil to Singapore.
        assert_eq!((ms(3, 0), ms(0, 3), ms(2, 5)), (45.0, 44.5, 172.0));
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(text.parse::<Regions>().unwrap_err().to_string(), expected);
    }

    #[test]
    fn a_wrong_statement_is_named_with_what_to_write() {
        check(
            "world.txt",
            "expected statements that begin with `regions`, or a preset (azure-2024, azure-2024-europe), found `world.txt`",
        );
        check(
            "us 1 2",
            "statement 1, `us 1 2`: expected `regions NAME NAME …` first",
        );
        check(
            "regions a b; a 1 2",
            "there is no row for b: write its name and a latency in ms to each region",
        );
        check(
            "regions a b\na 1\nb 1 2",
            "statement 2, `a 1`: expected 2 latencies in ms, one to each region, found 1",
        );
        check(
            "regions a b; a 1 -2; b 1 2",
            "statement 2, `a 1 -2`: expected ms from 0 to 600000, found `-2`",
        );
        check(
            "regions a a",
            "statement 1, `regions a a`: the region a is there twice",
        );
        check(
            "regions a; a 1; a 2",
            "statement 3, `a 2`: a has a row already",
        );
        check(
            "regions a; a 1; c 2",
            "statement 3, `c 2`: there is no region `c`, only a",
        );
        check(
            "regions loss",
            "statement 1, `regions loss`: `loss` begins a statement, and is no name of a region",
        );
        check(
            "regions a; a 1; nodes a n3-n1",
            "statement 3, `nodes a n3-n1`: expected a node or a range of them, such as n3 or n3-n7, found `n3-n1`",
        );
        check(
            "regions a; a 1; loss a a 101",
            "statement 3, `loss a a 101`: expected a percentage from 0 to 100, found `101`",
        );
        check(
            "regions a; a 1; bandwidth a 5",
            "statement 3, `bandwidth a 5`: expected two regions or `*`, and Mbit/s: `bandwidth eu us 100`",
        );
        check(
            "regions a; a nan",
            "statement 2, `a nan`: expected ms from 0 to 600000, found `nan`",
        );
    }
}
