//! Changes between two states of a node: a page holds these instead of all states.
//!
//! A state is JSON. A change is a path and the new value there. Lists are compared by their common
//! beginning and end, since most of them grow at one place. The page applies changes by the same
//! rules (`assets/states.js`).

use serde::{Serialize, Serializer};
use serde_json::Value as Json;

/// A change at one place. In a page an array: `[path, new]`, `[path]` for a removed key, or
/// `[path, at, gone, [new…]]` for a part of a list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// Keys and positions, from the outside in.
    path: Vec<Json>,
    kind: ChangeKind,
}

#[derive(Debug, Clone, PartialEq)]
enum ChangeKind {
    /// The new value.
    Set(Json),
    /// The key was removed.
    Gone,
    /// In a list, from `at` on, `gone` elements were replaced by `new`.
    Splice {
        at: usize,
        gone: usize,
        new: Vec<Json>,
    },
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.kind {
            ChangeKind::Set(new) => (&self.path, new).serialize(serializer),
            ChangeKind::Gone => (&self.path,).serialize(serializer),
            ChangeKind::Splice { at, gone, new } => {
                (&self.path, at, gone, new).serialize(serializer)
            }
        }
    }
}

/// The changes that lead from `old` to `new`. Without `old`, one change that sets everything.
pub(super) fn changes(old: Option<&Json>, new: &Json) -> Vec<Change> {
    let mut found = Vec::new();
    match old {
        Some(old) => compare(old, new, &mut Vec::new(), &mut found),
        None => found.push(Change {
            path: Vec::new(),
            kind: ChangeKind::Set(new.clone()),
        }),
    }
    found
}

fn compare(old: &Json, new: &Json, path: &mut Vec<Json>, found: &mut Vec<Change>) {
    let change = |kind| Change {
        path: path.clone(),
        kind,
    };
    match (old, new) {
        (old, new) if old == new => {}
        (Json::Object(old), Json::Object(new)) => {
            for key in old.keys().filter(|key| !new.contains_key(*key)) {
                path.push(key.as_str().into());
                found.push(Change {
                    path: path.clone(),
                    kind: ChangeKind::Gone,
                });
                path.pop();
            }
            for (key, new) in new {
                path.push(key.as_str().into());
                match old.get(key) {
                    Some(old) => compare(old, new, path, found),
                    None => found.push(Change {
                        path: path.clone(),
                        kind: ChangeKind::Set(new.clone()),
                    }),
                }
                path.pop();
            }
        }
        (Json::Array(old), Json::Array(new)) => {
            let pairs = || old.iter().zip(new);
            let before = pairs().take_while(|(old, new)| old == new).count();
            let rest = old.len().min(new.len()) - before;
            let ends = old.iter().rev().zip(new.iter().rev());
            let after = ends.take(rest).take_while(|(old, new)| old == new).count();
            let (gone, come) = (old.len() - before - after, new.len() - before - after);
            let parts = || pairs().skip(before).take(gone);
            if gone == come && parts().all(|(old, new)| is_alike(old, new)) {
                for (at, (old, new)) in parts().enumerate() {
                    path.push((before + at).into());
                    compare(old, new, path, found);
                    path.pop();
                }
            } else {
                found.push(change(ChangeKind::Splice {
                    at: before,
                    gone,
                    new: new[before..before + come].to_vec(),
                }));
            }
        }
        (_, new) => found.push(change(ChangeKind::Set(new.clone()))),
    }
}

/// Whether to compare the contents of two values rather than replace one by the other.
fn is_alike(old: &Json, new: &Json) -> bool {
    (old.is_object() && new.is_object()) || (old.is_array() && new.is_array())
}

/// Applies a change to a state. A change that does not fit the state does nothing.
pub(super) fn apply(state: &mut Json, change: &Change) {
    let Some((last, outer)) = change.path.split_last() else {
        match &change.kind {
            ChangeKind::Set(new) => *state = new.clone(),
            ChangeKind::Gone => *state = Json::Null,
            ChangeKind::Splice { at, gone, new } => splice(state, *at, *gone, new),
        }
        return;
    };
    let mut place = Some(state);
    for step in outer {
        place = place.and_then(|place| inside(place, step));
    }
    let Some(place) = place else { return };
    match (&change.kind, place) {
        (ChangeKind::Gone, Json::Object(map)) => {
            map.remove(last.as_str().unwrap_or_default());
        }
        (ChangeKind::Set(new), Json::Object(map)) => {
            map.insert(last.as_str().unwrap_or_default().to_owned(), new.clone());
        }
        (ChangeKind::Splice { at, gone, new }, place) => {
            if let Some(place) = inside(place, last) {
                splice(place, *at, *gone, new);
            }
        }
        (ChangeKind::Set(new), place) => {
            if let Some(place) = inside(place, last) {
                *place = new.clone();
            }
        }
        (ChangeKind::Gone, _) => {}
    }
}

fn inside<'a>(place: &'a mut Json, step: &Json) -> Option<&'a mut Json> {
    match step {
        Json::String(key) => place.get_mut(key.as_str()),
        step => place.get_mut(usize::try_from(step.as_u64()?).ok()?),
    }
}

fn splice(place: &mut Json, at: usize, gone: usize, new: &[Json]) {
    if let Json::Array(list) = place
        && at + gone <= list.len()
    {
        list.splice(at..at + gone, new.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(old: Json, new: Json, expected: Json) {
        let found = changes(Some(&old), &new);
        assert_eq!(serde_json::to_value(&found).unwrap(), expected);
    }

    #[test]
    fn a_change_names_the_place_and_what_is_new() {
        check(
            json!({"a": 1, "b": {"c": [1, 2, 4]}, "d": 0}),
            json!({"a": 2, "b": {"c": [1, 2, 3, 4]}, "e": null}),
            json!([[["d"]], [["a"], 2], [["b", "c"], 2, 0, [3]], [["e"], null]]),
        );
        check(json!([1, 2]), json!([2]), json!([[[], 0, 1, []]]));
        check(
            json!([{"n": 1}, {"n": 2}]),
            json!([{"n": 1}, {"n": 3}]),
            json!([[[1, "n"], 3]]),
        );
        check(json!([1]), json!({}), json!([[[], {}]]));
        check(json!({"a": [1]}), json!({"a": [1]}), json!([]));
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            (0..4_u8).prop_map(Json::from),
            "[ab<]{0,2}".prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map("[abc]", inner, 0..4)
                    .prop_map(|map| Json::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn changes_applied_to_the_old_state_give_the_new_one(old in any_json(), new in any_json()) {
            let mut state = old.clone();
            for change in changes(Some(&old), &new) {
                apply(&mut state, &change);
            }
            prop_assert_eq!(state, new);
        }
    }
}
