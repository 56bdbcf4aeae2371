//! The options that a node is started with: arguments, read as a type of the solution, and a seed.

use std::hash::{BuildHasher, RandomState};

use serde::de::DeserializeOwned;

use host_protocol::data;
use host_protocol::json::write_string;

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
    let arguments = std::env::args_os().skip(1);
    arguments
        .map(|it| it.to_string_lossy().into_owned())
        .collect()
}

/// Reads pairs of `--name value` into a type whose fields are the names.
///
/// A value that is JSON (a number, a boolean) is read as JSON, any other as text.
pub(crate) fn read<T: DeserializeOwned>(arguments: &[String]) -> Result<T, String> {
    data::from_str(&object(arguments)?).map_err(|error| error.text().to_owned())
}

/// The options as a JSON object.
fn object(arguments: &[String]) -> Result<String, String> {
    let mut fields = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let name = argument
            .strip_prefix("--")
            .filter(|name| !name.is_empty())
            .ok_or_else(|| format!("\"{argument}\" is not an option: write --NAME VALUE"))?;
        let value = rest
            .next()
            .ok_or_else(|| format!("--{name} has no value: write --{name} VALUE"))?;
        if names.contains(&name) {
            return Err(format!("--{name} is given twice"));
        }
        names.push(name);
        fields.push(if fields.is_empty() { b'{' } else { b',' });
        write_string(&mut fields, name);
        fields.push(b':');
        if data::is_json(value) {
            fields.extend_from_slice(value.as_bytes());
        } else {
            write_string(&mut fields, value);
        }
    }
    if fields.is_empty() {
        fields.push(b'{');
    }
    fields.push(b'}');
    Ok(String::from_utf8_lossy(&fields).into_owned())
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
