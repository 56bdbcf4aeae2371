//! Histories written by hand, and results as a reader of their JSON sees them.

use host_check::history::{History, read};
use serde_json::Value as Json;

/// A history from a script, an operation a line: process, type, f, value, and `final` or other
/// keys. Operations are a second apart; `wait 10` puts ten more in between.
pub(crate) fn history(script: &str) -> History {
    let mut text = String::new();
    let (mut index, mut time_s) = (0, 0);
    for line in script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        if let Some(seconds) = line.strip_prefix("wait ") {
            time_s += seconds.parse::<i64>().unwrap();
            continue;
        }
        let [process, kind, f, rest] = line.splitn(4, ' ').collect::<Vec<_>>()[..] else {
            panic!("not an operation: {line}")
        };
        let (value, extra) = match rest.strip_suffix(" final") {
            Some(value) => (value, ", :final? true".to_owned()),
            None => rest
                .split_once(" :")
                .map_or((rest, String::new()), |(value, extra)| {
                    (value, format!(", :{extra}"))
                }),
        };
        let time_ns = time_s * 1_000_000_000;
        text.push_str(&format!(
            "{{:index {index}, :time {time_ns}, :type :{kind}, :process {process}, :f :{f}, :value {value}{extra}}}\n"
        ));
        index += 1;
        time_s += 1;
    }
    read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Anything as the JSON a reader of our output gets.
pub(crate) fn json(value: &impl serde::Serialize) -> Json {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}
