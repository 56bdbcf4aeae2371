//! The options that a node is started with: arguments, read as a type of the solution, and a seed.

use std::hash::{BuildHasher, RandomState};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What a node is started with.
pub(crate) struct StartOptions {
    pub(crate) arguments: Vec<String>,
    /// The seed of [`Ctx::rng`](crate::Ctx::rng).
    pub(crate) seed: u64,
}

impl StartOptions {
    /// The arguments of this process, and a random seed.
    pub(crate) fn of_process() -> Self {
        StartOptions {
            arguments: arguments(),
            seed: RandomState::new().hash_one(0_u8),
        }
    }
}

/// The arguments of this process, without its name.
pub(crate) fn arguments() -> Vec<String> {
    std::env::args().skip(1).collect()
}

/// Reads pairs of `--name value` into a type whose fields are the names.
///
/// A value that is JSON (a number, a boolean) is read as JSON, any other as text.
pub(crate) fn read<T: DeserializeOwned>(arguments: &[String]) -> Result<T, String> {
    let mut fields = Map::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let name = argument
            .strip_prefix("--")
            .filter(|name| !name.is_empty())
            .ok_or_else(|| format!("\"{argument}\" is not an option: write --NAME VALUE"))?;
        let value = rest
            .next()
            .ok_or_else(|| format!("--{name} has no value: write --{name} VALUE"))?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value.as_str()));
        if fields.insert(name.to_owned(), value).is_some() {
            return Err(format!("--{name} is given twice"));
        }
    }
    serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Strategy {
        Flood,
        TwoPhase,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
    struct Options {
        strategy: Strategy,
        window_ms: u64,
    }

    impl Default for Options {
        fn default() -> Self {
            Options {
                strategy: Strategy::Flood,
                window_ms: 400,
            }
        }
    }

    fn check(arguments: &str, expected: Result<(Strategy, u64), &str>) {
        let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
        let expected = expected
            .map(|(strategy, window_ms)| Options {
                strategy,
                window_ms,
            })
            .map_err(str::to_owned);
        assert_eq!(read(&arguments), expected, "{arguments:?}");
    }

    #[test]
    fn options_are_pairs_and_what_is_not_given_has_its_default() {
        check("", Ok((Strategy::Flood, 400)));
        check("--window-ms 7", Ok((Strategy::Flood, 7)));
        check(
            "--strategy two-phase --window-ms 7",
            Ok((Strategy::TwoPhase, 7)),
        );
    }

    #[test]
    fn a_wrong_argument_is_an_error_that_says_what_there_is() {
        check(
            "--windw-ms 7",
            Err("unknown field `windw-ms`, expected `strategy` or `window-ms`"),
        );
        check(
            "--strategy fast",
            Err("unknown variant `fast`, expected `flood` or `two-phase`"),
        );
        check(
            "--window-ms soon",
            Err("invalid type: string \"soon\", expected u64"),
        );
        check(
            "--window-ms",
            Err("--window-ms has no value: write --window-ms VALUE"),
        );
        check(
            "--window-ms 1 --window-ms 2",
            Err("--window-ms is given twice"),
        );
        check("fast", Err("\"fast\" is not an option: write --NAME VALUE"));
        check("--", Err("\"--\" is not an option: write --NAME VALUE"));
    }
}
