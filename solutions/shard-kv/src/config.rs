//! The configuration: groups and their shards.

use guest_sdk::SortedMap;
use guest_sdk::prelude::*;

use crate::{SHARDS, index};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Config {
    /// Each change makes a later one.
    pub(crate) number: u64,
    /// The nodes of each group.
    groups: SortedMap<u64, Vec<String>>,
    /// The group of each shard; empty if there is no group.
    pub(crate) shards: Vec<u64>,
}

impl Config {
    /// The node that is to hold a shard.
    pub(crate) fn owner(&self, shard: u64) -> Option<&str> {
        let group = self.shards.get(index(shard))?;
        self.groups.get(group)?.first().map(String::as_str)
    }

    /// Adds a group. Returns whether anything has changed.
    pub(crate) fn join(&mut self, group: u64, nodes: Vec<String>) -> bool {
        if self.groups.contains_key(&group) {
            return false;
        }
        self.groups.insert(group, nodes);
        self.spread();
        true
    }

    /// Removes a group. Returns whether anything has changed.
    pub(crate) fn leave(&mut self, group: u64) -> Result<bool, Error> {
        if !self.groups.contains_key(&group) {
            return Ok(false);
        }
        if self.groups.len() == 1 {
            return Err(refused(
                "it is the last group, and its shards would be nowhere",
            ));
        }
        self.groups.remove(&group);
        self.spread();
        Ok(true)
    }

    /// Gives a shard to a group. Returns whether anything has changed.
    pub(crate) fn assign(&mut self, shard: u64, group: u64) -> Result<bool, Error> {
        if !self.groups.contains_key(&group) {
            return Err(refused("there is no such group"));
        }
        let of_shard = self.shards.get_mut(index(shard));
        let of_shard = of_shard.ok_or_else(|| refused("there is no such shard"))?;
        Ok(std::mem::replace(of_shard, group) != group)
    }

    /// Spreads the shards evenly, and moves no more of them than that takes.
    fn spread(&mut self) {
        // Shards of groups that are gone, and at first all, have none.
        self.shards.resize(index(SHARDS), 0);
        while let Some((fewest, most)) = self.fewest_and_most() {
            let has_left = |group: &u64| !self.groups.contains_key(group);
            let shard = self.shards.iter().position(has_left);
            let is_uneven = self.count(most) > self.count(fewest) + 1;
            let of_most = self.shards.iter().position(|group| *group == most);
            match shard.or(of_most.filter(|_| is_uneven)) {
                Some(shard) => self.shards[shard] = fewest,
                None => return,
            }
        }
    }

    fn fewest_and_most(&self) -> Option<(u64, u64)> {
        let groups = || self.groups.keys().copied();
        let fewest = groups().min_by_key(|group| self.count(*group))?;
        let most = groups().max_by_key(|group| self.count(*group))?;
        Some((fewest, most))
    }

    fn count(&self, group: u64) -> usize {
        self.shards.iter().filter(|it| **it == group).count()
    }
}

fn refused(text: &str) -> Error {
    Error::new(ErrorCode::PreconditionFailed, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_groups(groups: &[u64]) -> Config {
        let mut config = Config::default();
        for group in groups {
            assert!(config.join(*group, vec![format!("n{group}")]));
        }
        config
    }

    #[test]
    fn shards_are_spread_and_no_more_move_than_must() {
        assert_eq!(of_groups(&[]).shards, [0; 0]);
        assert_eq!(of_groups(&[1]).shards, [1; 8]);
        assert_eq!(of_groups(&[1, 2]).shards, [2, 2, 2, 2, 1, 1, 1, 1]);
        let mut config = of_groups(&[1, 2, 3]);
        assert_eq!(config.shards, [3, 2, 2, 2, 3, 1, 1, 1]);
        assert_eq!(config.leave(2), Ok(true));
        assert_eq!(config.shards, [3, 3, 1, 3, 3, 1, 1, 1]);
        assert!(!config.join(3, vec!["n9".to_owned()]));
        assert_eq!(config.owner(0), Some("n3"));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let mut config = of_groups(&[1]);
        assert_eq!(config.leave(2), Ok(false));
        assert!(
            config.leave(1).is_err()
                && config.assign(0, 2).is_err()
                && config.assign(8, 1).is_err()
        );
        assert_eq!(config, of_groups(&[1]));
        assert_eq!(config.assign(3, 1), Ok(false));
    }
}
