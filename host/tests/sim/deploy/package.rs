//! The archive of the program.

use std::fs;
use std::process::Command;

use expect_test::expect;

use test_support::{Dir, bytes};

use super::{files_below, printed, script, small_host};

#[test]
fn an_archive_has_both_names_and_the_same_bytes_each_time() {
    let dir = Dir::new();
    small_host(&dir.path("built/host"));
    for name in ["broadcast", "broadcast-flood"] {
        dir.write(&format!("modules/{name}.wasm"), bytes(name));
    }
    let made = |out: &str| {
        let mut command = script("package.sh", dir.root());
        command.args(["--target", "any-target", "--binary", "built/host"]);
        command.args(["--examples", "modules", "--out", out]);
        printed(command.env("SOURCE_DATE_EPOCH", "1000000000"), 0)
    };
    let archive = "host-0.1.0-any-target.tar.gz";
    assert!(made("one").ends_with(&format!("one/{archive}\n")));
    made("two");
    let read = |path: &str| fs::read(dir.path(path)).unwrap();
    assert_eq!(
        read(&format!("one/{archive}")),
        read(&format!("two/{archive}"))
    );
    let sums = |folder: &str, file: &str| {
        let mut check = Command::new("sha256sum");
        check.args(["--check", "--quiet", file]);
        printed(check.current_dir(dir.path(folder)), 0);
    };
    sums("one", &format!("{archive}.sha256"));
    let unpack = ["-xzf", archive];
    printed(
        Command::new("tar")
            .args(unpack)
            .current_dir(dir.path("one")),
        0,
    );
    let folder = "one/host-0.1.0-any-target";
    let (pages, others): (Vec<_>, Vec<_>) = files_below(&dir.path(folder))
        .into_iter()
        .partition(|file| file.starts_with("share/man/"));
    expect![[r#"
        SHA256SUMS
        bin/host
        bin/maelstrom-wasm
        share/bash-completion/completions/host
        share/bash-completion/completions/maelstrom-wasm
        share/doc/maelstrom-wasm/CHANGELOG.md
        share/doc/maelstrom-wasm/LICENSE-APACHE
        share/doc/maelstrom-wasm/LICENSE-MIT
        share/doc/maelstrom-wasm/README.md
        share/doc/maelstrom-wasm/VERSION
        share/doc/maelstrom-wasm/examples/broadcast-flood.wasm
        share/doc/maelstrom-wasm/examples/broadcast.wasm
        share/fish/vendor_completions.d/host.fish
        share/fish/vendor_completions.d/maelstrom-wasm.fish
        share/zsh/site-functions/_host
        share/zsh/site-functions/_maelstrom-wasm"#]]
    .assert_eq(&others.join("\n"));
    // Each command has a page under both names.
    let pages_of = |name: &str| {
        let files = pages
            .iter()
            .filter_map(|file| file.strip_prefix("share/man/man1/"));
        let files = files.filter_map(|file| file.strip_prefix(name));
        files.map(str::to_owned).collect::<Vec<_>>()
    };
    dir.host().args(["man", "pages"]).end();
    let made: Vec<String> = (dir.files_in("pages").iter())
        .map(|page| page.strip_prefix("host").unwrap().to_owned())
        .collect();
    assert_eq!(pages_of("host"), made);
    assert_eq!(pages_of("maelstrom-wasm"), made);
    assert_eq!(pages.len(), 2 * made.len());
    sums(folder, "SHA256SUMS");
    let link = fs::read_link(dir.path(&format!("{folder}/bin/host"))).unwrap();
    assert_eq!(link.to_str(), Some("maelstrom-wasm"));
    // And it runs what it brings.
    let mut inspect = Command::new(dir.path(&format!("{folder}/bin/maelstrom-wasm")));
    inspect.arg("inspect");
    let example = format!("{folder}/share/doc/maelstrom-wasm/examples/broadcast.wasm");
    printed(inspect.arg(dir.path(&example)), 0);
}
