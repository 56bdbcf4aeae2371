//! Opens a page in the browser of the desktop.

use std::io;
use std::process::{Command, Stdio};
use std::thread;

use crate::cli::interrupt;

/// The program that opens an address, and what is said to it before that.
const OPENER: (&str, &[&str]) = match () {
    () if cfg!(target_os = "macos") => ("open", &[]),
    () if cfg!(windows) => ("cmd", &["/c", "start", ""]),
    () => ("xdg-open", &[]),
};

/// Opens an address. That it cannot be opened is told, and nothing else: it can be opened by hand.
pub(crate) fn in_browser(address: &str) {
    let (program, words) = OPENER;
    let started = Command::new(program)
        .args(words)
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match started {
        Ok(mut opener) => drop(thread::spawn(move || match opener.wait() {
            Ok(status) if !status.success() => tell(&status),
            Ok(_) => {}
            Err(error) => tell(&error),
        })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            tell(&format!("there is no {program} on this machine"));
        }
        Err(error) => tell(&error),
    }
}

fn tell(why: &dyn std::fmt::Display) {
    interrupt::tell(&format!(
        "warning: the browser cannot be opened: {why}; open the address by hand"
    ));
}
