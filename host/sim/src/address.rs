//! Addresses: the participants of a run as small numbers, and their names.

/// A participant. Only the edges of the simulator read and write names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Addr {
    /// A node, by its position in the cluster.
    Node(usize),
    /// A service, by its position in the list of services.
    Service(usize),
    /// A client, by its number.
    Client(usize),
}

impl Addr {
    pub(super) fn is_client(self) -> bool {
        matches!(self, Addr::Client(_))
    }
}

/// The names of a run's nodes and services. Clients are `c0`, `c1` and so on.
#[derive(Debug)]
pub(super) struct Names {
    nodes: Vec<String>,
    first: usize,
    services: Vec<String>,
}

impl Names {
    /// `count` nodes, the first of which has the number `first`.
    pub(super) fn new(count: usize, first: usize, services: Vec<String>) -> Self {
        Names {
            nodes: (first..first + count).map(|n| format!("n{n}")).collect(),
            first,
            services,
        }
    }

    pub(super) fn nodes(&self) -> &[String] {
        &self.nodes
    }

    /// Finds the participant of a name. Every client has one, whether or not it exists.
    pub(super) fn find(&self, name: &str) -> Option<Addr> {
        let number = |digits: &str| -> Option<usize> {
            let canonical = digits == "0" || !digits.starts_with('0');
            let digits_only = digits.bytes().all(|byte| byte.is_ascii_digit());
            (canonical && digits_only).then(|| digits.parse().ok())?
        };
        if let Some(number) = name.strip_prefix('n').and_then(number) {
            let index = number.checked_sub(self.first)?;
            return (index < self.nodes.len()).then_some(Addr::Node(index));
        }
        if let Some(number) = name.strip_prefix('c').and_then(number) {
            return Some(Addr::Client(number));
        }
        let service = self.services.iter().position(|service| service == name)?;
        Some(Addr::Service(service))
    }

    /// Appends a name to `out`.
    pub(super) fn write(&self, out: &mut String, addr: Addr) {
        use std::fmt::Write;
        match addr {
            Addr::Node(index) => out.push_str(&self.nodes[index]),
            Addr::Service(index) => out.push_str(&self.services[index]),
            Addr::Client(number) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "c{number}");
            }
        }
    }

    /// Returns a name, where speed does not matter.
    pub(super) fn name(&self, addr: Addr) -> String {
        let mut name = String::new();
        self.write(&mut name, addr);
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_as_they_are_written_and_no_others() {
        let names = Names::new(3, 1, vec!["lin-kv".into(), "c1-kv".into()]);
        for (addr, name) in [
            (Addr::Node(0), "n1"),
            (Addr::Node(2), "n3"),
            (Addr::Client(0), "c0"),
            (Addr::Client(17), "c17"),
            (Addr::Service(0), "lin-kv"),
            (Addr::Service(1), "c1-kv"),
        ] {
            assert_eq!(names.name(addr), name);
            assert_eq!(names.find(name), Some(addr), "{name}");
        }
        for name in [
            "n0", "n4", "n01", "n+1", "c", "c01", "c-1", "N1", "", "lin-kv2",
        ] {
            assert_eq!(names.find(name), None, "{name:?}");
        }
    }
}
