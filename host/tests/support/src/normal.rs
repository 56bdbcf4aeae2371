//! Sentences of `host` that many outputs repeat, as placeholders, so that a change of one of them
//! changes one expectation: that of the test which owns it and compares to the letter.

/// The sentences, their placeholders, and the tests that own them. A block ends before an empty
/// line or the end.
const OWNED: [Owned; 8] = [
    // live::cli::faults::a_trap_names_the_guests_functions_and_the_event
    Owned::sentence(
        "nothing that this step asked for was done",
        "[NOTHING DONE]",
    ),
    // live::cli::modules::an_empty_file
    Owned::sentence(" cannot be loaded:\n", " [CANNOT BE LOADED]\n"),
    // live::cli::command_line::no_arguments
    Owned::block("Usage: host --module", "[USAGE]"),
    Owned::sentence("For more information, try '--help'.", "[TRY HELP]"),
    // live::cli::command_line::help_is_not_an_error
    Owned::block("Exit codes:\n", "[EXIT CODES]\n"),
    // host/check/tests/check/text.rs
    Owned::sentence("Everything looks good! ヽ(‘ー`)ノ", "[VALID]"),
    Owned::sentence("Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻", "[INVALID]"),
    Owned::sentence(
        "Errors occurred during analysis, but no anomalies found. ಠ~ಠ",
        "[UNKNOWN]",
    ),
];

struct Owned {
    text: &'static str,
    is_block: bool,
    placeholder: &'static str,
}

impl Owned {
    const fn sentence(text: &'static str, placeholder: &'static str) -> Self {
        Owned {
            text,
            is_block: false,
            placeholder,
        }
    }

    const fn block(begin: &'static str, placeholder: &'static str) -> Self {
        Owned {
            text: begin,
            is_block: true,
            placeholder,
        }
    }
}

/// An output with placeholders for the sentences that other tests own.
pub fn with_placeholders(output: &str) -> String {
    let mut shown = output.to_owned();
    for owned in &OWNED {
        if !owned.is_block {
            shown = shown.replace(owned.text, owned.placeholder);
        } else if let Some(begin) = shown.find(owned.text) {
            let len = shown[begin..].find("\n\n");
            let end = len.map_or(shown.len(), |len| begin + len);
            shown.replace_range(begin..end, owned.placeholder);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::with_placeholders;

    #[test]
    fn a_sentence_is_replaced_wherever_it_is_and_a_block_to_its_end() {
        let output = "error\n\nUsage: host --module FILE\n       host suite\n\n\
                      For more information, try '--help'.\n\nExit codes:\n  0  fine\n  1  not\n";
        assert_eq!(
            with_placeholders(output),
            "error\n\n[USAGE]\n\n[TRY HELP]\n\n[EXIT CODES]\n"
        );
    }

    #[test]
    fn other_outputs_stay_as_they_are() {
        let output = "exit code 0\n---- stdout\nUsage: host inspect <FILE>\n";
        assert_eq!(with_placeholders(output), output);
    }
}
