//! What a live node shows on stderr is fit to be shown, whoever has written it.

use expect_test::expect;

use test_support::wat::answering;
use test_support::{Dir, GO, INIT};

use host_protocol::text::is_fit;

#[test]
fn a_log_cannot_turn_hide_or_fake_text() {
    let dir = Dir::new();
    let module = dir.module(
        "guest.wasm",
        &answering("{\"log\":{\"level\":\"info\",\"text\":\"a\u{202e}b\u{2066}\u{61c}\u{200b}\u{e0041}\u{ffff}\u{9b}c 👩\u{200d}👧 é\\nn1 error\u{2028}x\"}}\n"),
    );
    dir.node(module)
        .input(format!("{INIT}{GO}"))
        .is(expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        n1 info a\u{202e}b\u{2066}\u{61c}\u{200b}\u{e0041}\u{ffff}\u{9b}c 👩‍👧 é
        n1 info n1 error\u{2028}x
    "#]]);
}

#[test]
fn a_log_of_every_character_of_unicode_is_fit() {
    let dir = Dir::new();
    let all: Vec<char> = ('\0'..=char::MAX)
        .filter(|c| !matches!(c, '\n' | '\r'))
        .collect();
    for part in all
        .chunks(5000)
        .filter(|part| part.iter().any(|c| !is_fit(*c)))
    {
        let text = serde_json::to_string(&part.iter().collect::<String>()).unwrap();
        let effect = format!("{{\"log\":{{\"level\":\"info\",\"text\":{text}}}}}\n");
        let module = dir.module("guest.wasm", &answering(effect));
        let ended = dir.node(module).input(format!("{INIT}{GO}"));
        assert_eq!(ended.code(), Some(0), "{}", ended.stderr.len());
        let unfit = |c: &char| !is_fit(*c) && !matches!(c, '\n' | '\t');
        assert_eq!(ended.stderr.chars().find(unfit), None);
        let shown = |c: &&char| is_fit(**c) && !ended.stderr.contains(**c);
        assert_eq!(part.iter().find(shown), None);
    }
}

#[test]
fn names_of_files_in_errors_and_warnings_are_escaped() {
    let dir = Dir::new();
    dir.write("c\u{202e}ache", "a file is in the way");
    let module = dir.guest("golden_v1");
    let node = dir.host().arg("--module").arg(&module);
    node.args(["--cache-dir", "c\u{202e}ache"])
        .end()
        .is(expect![[r#"
        exit code 0
        ---- stderr
         WARN working without the cache c\u{202e}ache: File exists (os error 17)
    "#]]);
    dir.node("a\u{2066}b.wasm").end().is(expect![[r#"
        exit code 254
        ---- stderr
        error: cannot read the module a\u{2066}b.wasm: No such file or directory (os error 2)
    "#]]);
    let ended = dir
        .host()
        .args(["inspect", "a.wasm", "b\u{202e}.wasm"])
        .end();
    assert_eq!(ended.code(), Some(254));
    assert!(ended.stderr.contains("'b\\u{202e}.wasm'"), "{ended}");
}
