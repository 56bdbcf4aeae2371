//! Strongly connected components, by Tarjan's algorithm ("Depth-first search and linear graph
//! algorithms", 1972), without recursion: a path may be as long as the history.

/// For each node, the number of its component.
pub(crate) struct Components {
    of: Vec<u32>,
    sizes: Vec<u32>,
}

const UNSEEN: u32 = u32::MAX;

impl Components {
    /// The components of a graph of nodes `0..nodes`. `edge(node, i)` is the node's `i`th edge:
    /// `None` past the last one, `Some(None)` for one that does not count, else where it leads.
    pub(crate) fn of(nodes: usize, edge: impl Fn(u32, u32) -> Option<Option<u32>>) -> Self {
        let mut search = Tarjan {
            order: vec![UNSEEN; nodes],
            low: vec![0; nodes],
            of: vec![UNSEEN; nodes],
            sizes: Vec::new(),
            open: Vec::new(),
            seen: 0,
        };
        for root in 0..u32::try_from(nodes).unwrap_or(UNSEEN) {
            if search.order[root as usize] == UNSEEN {
                search.explore(root, &edge);
            }
        }
        Self {
            of: search.of,
            sizes: search.sizes,
        }
    }

    /// Whether two nodes are in one component.
    pub(crate) fn are_together(&self, a: u32, b: u32) -> bool {
        self.of[a as usize] == self.of[b as usize]
    }

    /// The nodes of each component of more than one node, in the order of their first nodes.
    pub(crate) fn nontrivial(&self) -> Vec<Vec<u32>> {
        let mut slot = vec![UNSEEN; self.sizes.len()];
        let mut components: Vec<Vec<u32>> = Vec::new();
        for (node, &component) in (0..).zip(&self.of) {
            let component = component as usize;
            if self.sizes[component] < 2 {
                continue;
            }
            if slot[component] == UNSEEN {
                slot[component] = u32::try_from(components.len()).unwrap_or(UNSEEN);
                components.push(Vec::with_capacity(self.sizes[component] as usize));
            }
            components[slot[component] as usize].push(node);
        }
        components
    }
}

struct Tarjan {
    /// When a node was first seen.
    order: Vec<u32>,
    /// The earliest open node that is known to be reachable from it.
    low: Vec<u32>,
    of: Vec<u32>,
    sizes: Vec<u32>,
    /// Nodes whose component is not complete.
    open: Vec<u32>,
    seen: u32,
}

impl Tarjan {
    fn enter(&mut self, node: u32) {
        self.order[node as usize] = self.seen;
        self.low[node as usize] = self.seen;
        self.seen += 1;
        self.open.push(node);
    }

    fn explore(&mut self, root: u32, edge: &impl Fn(u32, u32) -> Option<Option<u32>>) {
        self.enter(root);
        let mut path: Vec<(u32, u32)> = vec![(root, 0)];
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            let Some(target) = edge(node, *next) else {
                path.pop();
                if let Some(&(parent, _)) = path.last() {
                    let low = self.low[node as usize].min(self.low[parent as usize]);
                    self.low[parent as usize] = low;
                }
                if self.low[node as usize] == self.order[node as usize] {
                    self.close(node);
                }
                continue;
            };
            *next += 1;
            match target {
                Some(target) if self.order[target as usize] == UNSEEN => {
                    self.enter(target);
                    path.push((target, 0));
                }
                Some(target) if self.of[target as usize] == UNSEEN => {
                    let low = self.low[node as usize].min(self.order[target as usize]);
                    self.low[node as usize] = low;
                }
                _ => {}
            }
        }
    }

    /// `first` and all that was entered after it are a component.
    fn close(&mut self, first: u32) {
        let component = u32::try_from(self.sizes.len()).unwrap_or(UNSEEN);
        let mut size = 0;
        while let Some(node) = self.open.pop() {
            self.of[node as usize] = component;
            size += 1;
            if node == first {
                break;
            }
        }
        self.sizes.push(size);
    }
}
