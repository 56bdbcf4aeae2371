//! A panic is a bug of ours, on whichever thread: it is told in one line, for a report of the bug.

use host_protocol::text::{excerpt, one_line};

/// The longest message of a panic that is told whole, in characters.
const MESSAGE_CHARS_MAX: usize = 400;

/// Calls `tell` with a line about each panic from now on, instead of what the standard library
/// prints.
pub fn tell_panics(tell: impl Fn(&str) + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |info| {
        let at = info.location().map(ToString::to_string).unwrap_or_default();
        let why = info.payload_as_str().unwrap_or("it does not say why");
        let line = format!(
            "internal error at {at}: {}",
            excerpt(why, MESSAGE_CHARS_MAX)
        );
        tell(&one_line(&line));
    }));
}
