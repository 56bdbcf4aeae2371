//! The command line of `host play`.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use expect_test::expect;
use test_support::{Dir, Playing, built};

use super::SMALL;

#[test]
fn what_cannot_be_played_is_told_before_anything_is_served() {
    let dir = Dir::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let echo = built("echo").display().to_string();
    dir.write("text.wasm", "no module");
    dir.write("bad.json", "{}");
    let mut said = String::new();
    for args in [
        format!("-w echo --port {port} {echo}"),
        "-w echo text.wasm".to_owned(),
        "-w echo missing.wasm".to_owned(),
        format!("--schedule bad.json {echo}"),
        format!("--schedule missing.json {echo}"),
        format!("--schedule play:AAAA {echo}"),
        format!("-w echo --below msgs-per-op=3 {echo}"),
    ] {
        let ended = dir
            .host()
            .args(["play", "--no-cache"])
            .args(args.split(' '))
            .end();
        assert_eq!(ended.stdout, "", "{args}");
        let stderr = ended.stderr.replace(&port, "PORT");
        said += &format!("{} {stderr}", ended.code().unwrap());
    }
    expect![[r#"
        254 error: cannot listen on port PORT of this machine: Address already in use (os error 98); another program may have it: choose another --port, or none for a free one
        3 error: text.wasm cannot be loaded:
          - this is not WebAssembly: it does not begin with the bytes "\0asm"
        254 error: cannot read the module missing.wasm: No such file or directory (os error 2)
        254 error: cannot play bad.json: missing field `version` at line 1 column 2
        254 error: cannot play missing.json: No such file or directory (os error 2)
        254 error: cannot play the link: the link is not whole or has other characters in it: copy all of it again
        254 error: --below is for `host sim`: a run that is acted on by hand has no targets
    "#]].assert_eq(&said);
}

#[test]
fn the_browser_is_opened_and_that_it_is_not_is_told() {
    let dir = Dir::new();
    let echo = built("echo");
    let args = format!(
        "--open --no-cache -w echo --time-limit 1 {}",
        echo.display()
    );
    let mut playing = Playing::start(dir.host().env("PATH", "/nowhere"), &args);
    assert_eq!(
        playing.next_log_line(),
        "warning: the browser cannot be opened: there is no xdg-open on this machine; open the address by hand\n"
    );
    let opener = dir.write(
        "bin/xdg-open",
        "#!/bin/sh\nprintf '%s\\n' \"$1\" > \"$0.part\"\nmv \"$0.part\" \"$0.said\"\n",
    );
    std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", dir.path("bin").display());
    let playing = Playing::start(dir.host().env("PATH", &path), &args);
    while !dir.path("bin/xdg-open.said").exists() {
        std::thread::yield_now();
    }
    assert_eq!(dir.read("bin/xdg-open.said").trim_end(), playing.address);
}

#[test]
fn a_port_can_be_chosen() {
    let dir = Dir::new();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let args = format!(
        "{SMALL} --port {free} --no-cache {}",
        built("broadcast").display()
    );
    let playing = Playing::start(dir.host(), &args);
    assert!(
        playing
            .address
            .starts_with(&format!("http://127.0.0.1:{free}/"))
    );
    assert_eq!(playing.get("api/session")["seed"], 1);
}
