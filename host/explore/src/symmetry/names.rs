//! Names in JSON, and their images.
//!
//! A name is a text that is the name of a node or client, or begins with one as `n0@7` does, as a value or as a key. The order of keys says nothing.
//! A list of all-different names of nodes in their order is a set, and a list of pairs whose first parts are such names is a map: their images
//! are put in order again. Such a list in another order is refused, since nobody knows whether its order says something.

use host_sim::service::Json;
use serde_json::{Map, Value};

use super::Symmetry;
use super::group::Permutation;

/// For a byte of JSON that is read, changed, and put in its canonical form.
const RENAMED_UNITS: u64 = 64;

/// JSON that was read, or why it has no images.
pub(crate) type Read = Result<Value, String>;

impl Symmetry {
    /// Reads JSON.
    pub(crate) fn read(&self, text: &str) -> Read {
        self.account.charge(text.len() as u64 * RENAMED_UNITS);
        let canonical = |text: &str| Json::read(text).map_err(|why| format!("is not read: {why}"));
        let read: Value =
            serde_json::from_str(text).map_err(|why| format!("is no JSON ({why})"))?;
        // Numbers may have more digits than are read here.
        match canonical(text.trim())? == canonical(&read.to_string())? {
            true => Ok(read),
            false => Err("has numbers that 64 bits do not hold".to_owned()),
        }
    }

    /// The image of JSON, as a text in which the order of keys is one. If it has none, that is noted.
    pub(crate) fn renamed(&self, what: &str, read: &Read, by: &Permutation) -> String {
        match self.image(read, by) {
            Ok(image) => image,
            Err(why) => {
                self.fail(format!("{what} {why}"));
                String::new()
            }
        }
    }

    /// The same.
    ///
    /// # Errors
    /// Why it has none.
    pub(crate) fn image(&self, read: &Read, by: &Permutation) -> Result<String, String> {
        let image = of_value(read.as_ref().map_err(String::clone)?, by)?.to_string();
        self.account.charge(image.len() as u64 * RENAMED_UNITS);
        Ok(image)
    }
}

fn of_value(value: &Value, by: &Permutation) -> Result<Value, String> {
    Ok(match value {
        Value::String(name) => Value::String(new_name(name, by)),
        Value::Array(items) => {
            let is_sorted = is_set(items, by)?;
            let images = items.iter().map(|item| of_value(item, by));
            let mut images = images.collect::<Result<Vec<Value>, String>>()?;
            if is_sorted {
                images.sort_by(|one, other| name_of(one).cmp(&name_of(other)));
            }
            Value::Array(images)
        }
        Value::Object(members) => {
            let images = members
                .iter()
                .map(|(key, value)| Ok((new_name(key, by), of_value(value, by)?)));
            Value::Object(images.collect::<Result<Map<String, Value>, String>>()?)
        }
        other => other.clone(),
    })
}

fn new_name(name: &str, by: &Permutation) -> String {
    by.name(name).unwrap_or_else(|| name.to_owned())
}

/// The name that decides the place of an item.
fn name_of(item: &Value) -> Option<&str> {
    match item {
        Value::String(name) => Some(name),
        Value::Array(pair) if pair.len() == 2 => pair[0].as_str(),
        _ => None,
    }
}

/// Whether a list is in the order of nodes' names, each once. An error if it has such names, each once, in another order.
fn is_set(items: &[Value], by: &Permutation) -> Result<bool, String> {
    if items.len() < 2 {
        return Ok(false);
    }
    let names: Option<Vec<&str>> = items.iter().map(name_of).collect();
    let names = names.filter(|names| names.iter().all(|name| by.is_node(name)));
    let Some(names) = names else {
        return Ok(false);
    };
    let mut sorted = names.clone();
    sorted.sort_unstable();
    if names == sorted && sorted.windows(2).all(|pair| pair[0] != pair[1]) {
        return Ok(true);
    }
    sorted.dedup();
    match sorted.len() == names.len() {
        true => Err(format!(
            "has the list {}, whose order may say something; a set of names is in their order",
            names.join(", ")
        )),
        false => Ok(false),
    }
}
