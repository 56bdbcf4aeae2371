//! A panic is a bug of ours, and every one of them is told.

use std::panic::{self, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;

#[test]
fn each_panic_of_a_thread_is_told_and_not_only_the_first() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&told);
    let before = panic::take_hook();
    host::cli::tell_panics(move |line| lines.lock().unwrap().push(line.to_owned()));
    let thread = thread::spawn(|| {
        for number in 1..=3 {
            let caught = catch_unwind(|| panic!("bug {number}\n\u{202e}"));
            assert!(caught.is_err());
        }
    });
    let ended = thread.join();
    panic::set_hook(before);
    assert!(ended.is_ok());
    let told = told.lock().unwrap().clone();
    let [one, two, three] = told.as_slice() else {
        panic!("{told:?}");
    };
    for (line, number) in [(one, 1), (two, 2), (three, 3)] {
        assert!(line.starts_with("internal error at "), "{line}");
        assert!(
            line.ends_with(&format!(": bug {number}\\n\\u{{202e}}")),
            "{line}"
        );
    }
}
