//! The formats that are published: a summary and annotations on GitHub, a leaderboard.

use expect_test::expect;
use serde_json::{Value as Json, json};

use host_protocol::text::is_fit;
use test_support::class::{Class, check};

use super::text::{grade_with, merged};

#[test]
fn a_class_as_markdown() {
    check(
        &Class::small().grade(&["--format", "markdown", "class"]),
        &expect![[r#"
            exit code 1
            ---- stdout
            | submission | echo | flood | cut | score |
            |---|---|---|---|---|
            | alice | AC | AC | AC | 10/10 |
            | bob | **RTE** | AC | **WA** | 3/10 |
            | carol | **CE** | - | - | 0/10 |
            | dora | - | - | - | 0/10 |

            <details><summary>bob&#58; notes</summary>

            ```text
            notes.txt is not a .wasm file
            ```

            </details>

            <details><summary>bob echo&#58; RTE&#58; runtime error, with seed 1, after 0 seeds that passed</summary>

            ```text
              at 0.005 s, node n0: the guest failed in handle: trap: integer divide by zero
                in: average < go < handle
                event: message {"src":"c2","dest":"n0","body":{"echo":"Please echo 68","type":"echo","msg_id":1}}
                [NOTHING DONE]
            shortest trace that fails:
              1 node, 1 client, 1 operation and 0 faults in 0.001 s:
              0  op 0: client 0 asks n0 to echo "Please echo 68"
            replay: host sim --module class/bob/echo.wasm -w echo --node-count 1 --rate 5 --time-limit 3 --seed 1
            pages: host sim --report report --module class/bob/echo.wasm -w echo --node-count 1 --rate 5 --time-limit 3 --seed 1
            ```

            </details>

            <details><summary>bob cut&#58; WA&#58; wrong answer, with seed 1, after 0 seeds that passed</summary>

            ```text
              24 known elements lost, not in the last reads: 0 1 2 3 4 5 6 8 … and 16 more
              Also wrong (stricter than Maelstrom):
              op 210 (process 1, 19.934 s) lacks 5 known elements for good: 7 10 18 20 23
              op 211 (process 0, 19.934 s) lacks 5 known elements for good: 7 10 18 20 23
              op 212 (process 3, 19.934 s) lacks 5 known elements for good: 7 10 18 20 23
              op 213 (process 2, 19.935 s) lacks 5 known elements for good: 7 10 18 20 23
            shortest trace that fails:
              2 nodes, 2 clients, 1 operation and 1 fault in 0.002 s:
              0       the link from n0 to n1 is cut
              0.001   op 2: client 0 asks n0 to broadcast 2
              0.001   n0 tells n1: gossip {"message":2}, but the link is cut, and n0 never tries again
              0.001   op 3: n0 answers client 0: ok  <-- contradicts op 9
              0.001   the links work again
              10.001  op 6: client 0 asks n0 to read
              10.001  op 7: client 1 asks n1 to read
              10.001  op 8: n0 answers client 0: [2]  <-- contradicts op 9
              10.001  op 9: n1 answers client 1: []  <-- shows lost-elements
              - 1 known element lost, not in the last reads: 2
            replay: host sim --module class/bob/broadcast.wasm -w broadcast --node-count 5 --rate 10 --time-limit 10 --nemesis partition --seed 1
            pages: host sim --report report --module class/bob/broadcast.wasm -w broadcast --node-count 5 --rate 10 --time-limit 10 --nemesis partition --seed 1
            targets: msgs-per-op 1.34 (below 60)
            ```

            </details>

            <details><summary>carol echo&#58; CE&#58; module rejected</summary>

            ```text
              this is not WebAssembly: it does not begin with the bytes "\0asm"
            replay: host inspect class/carol/echo.wasm
            ```

            </details>

            <details><summary>dora&#58; notes</summary>

            ```text
            the folder is empty: nothing was handed in
            ```

            </details>

            **1 of 4 submissions passed** (suite small, host 0&#46;1&#46;0, wasmtime 48&#46;0&#46;8)
        "#]],
    );
}

#[test]
fn a_class_as_annotations() {
    check(
        &Class::small().grade(&["--format", "annotations", "class"]),
        &expect![[r#"
            exit code 1
            ---- stdout
            ::notice title=alice::10 of 10 points
            ::notice title=bob::3 of 10 points
            ::error title=bob%2C echo Echo::RTE: runtime error, with seed 1, after 0 seeds that passed%0A  at 0.005 s, node n0: the guest failed in handle: trap: integer divide by zero%0A    in: average < go < handle%0A    event: message {"src":"c2","dest":"n0","body":{"echo":"Please echo 68","type":"echo","msg_id":1}}%0A    [NOTHING DONE]%0Ashortest trace that fails:%0A  1 node, 1 client, 1 operation and 0 faults in 0.001 s:%0A  0  op 0: client 0 asks n0 to echo "Please echo 68"%0Areplay: host sim --module class/bob/echo.wasm -w echo --node-count 1 --rate 5 --time-limit 3 --seed 1%0Apages: host sim --report report --module class/bob/echo.wasm -w echo --node-count 1 --rate 5 --time-limit 3 --seed 1
            ::error title=bob%2C cut Broadcast that survives partitions::WA: wrong answer, with seed 1, after 0 seeds that passed%0A  24 known elements lost, not in the last reads: 0 1 2 3 4 5 6 8 … and 16 more%0A  Also wrong (stricter than Maelstrom):%0A  op 210 (process 1, 19.934 s) lacks 5 known elements for good: 7 10 18 20 23%0A  op 211 (process 0, 19.934 s) lacks 5 known elements for good: 7 10 18 20 23%0A  op 212 (process 3, 19.934 s) lacks 5 known elements for good: 7 10 18 20 23%0A  op 213 (process 2, 19.935 s) lacks 5 known elements for good: 7 10 18 20 23%0Ashortest trace that fails:%0A  2 nodes, 2 clients, 1 operation and 1 fault in 0.002 s:%0A  0       the link from n0 to n1 is cut%0A  0.001   op 2: client 0 asks n0 to broadcast 2%0A  0.001   n0 tells n1: gossip {"message":2}, but the link is cut, and n0 never tries again%0A  0.001   op 3: n0 answers client 0: ok  <-- contradicts op 9%0A  0.001   the links work again%0A  10.001  op 6: client 0 asks n0 to read%0A  10.001  op 7: client 1 asks n1 to read%0A  10.001  op 8: n0 answers client 0: [2]  <-- contradicts op 9%0A  10.001  op 9: n1 answers client 1: []  <-- shows lost-elements%0A  - 1 known element lost, not in the last reads: 2%0Areplay: host sim --module class/bob/broadcast.wasm -w broadcast --node-count 5 --rate 10 --time-limit 10 --nemesis partition --seed 1
            ::notice title=carol::0 of 10 points
            ::error title=carol%2C echo Echo::CE: module rejected%0A  this is not WebAssembly: it does not begin with the bytes "\0asm"%0Areplay: host inspect class/carol/echo.wasm
            ::error title=carol%2C flood Broadcast::There is no module for it: broadcast.wasm or flood.wasm was looked for.
            ::error title=carol%2C cut Broadcast that survives partitions::There is no module for it: broadcast.wasm or cut.wasm was looked for.
            ::notice title=dora::0 of 10 points
            ::error title=dora%2C echo Echo::There is no module for it: echo.wasm was looked for.%0A  the folder is empty: nothing was handed in
            ::error title=dora%2C flood Broadcast::There is no module for it: broadcast.wasm or flood.wasm was looked for.%0A  the folder is empty: nothing was handed in
            ::error title=dora%2C cut Broadcast that survives partitions::There is no module for it: broadcast.wasm or cut.wasm was looked for.%0A  the folder is empty: nothing was handed in
        "#]],
    );
}

#[test]
fn a_class_as_a_leaderboard() {
    let class = Class::small();
    class.built("eve/broadcast.wasm", "broadcast-retry");
    check(
        &class.grade(&["--format", "leaderboard", "class"]),
        &expect![[r#"
            exit code 1
            ---- stdout
            <!doctype html>
            <html lang="en" data-page="leaderboard">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Leaderboard: small</title>
            <style>
            :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
            body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
            table { border-collapse: collapse; margin: 1rem 0 2rem; }
            caption { font-weight: bold; text-align: left; }
            th, td { border-bottom: 1px solid #8888; padding: 0.2rem 0.8rem; text-align: right; }
            th:nth-child(2), td:nth-child(2) { overflow-wrap: anywhere; text-align: left; }
            .best { font-weight: bold; }
            </style>
            </head>
            <body>
            <h1>small</h1>
            <p>5 submissions. Who has the same has the same place.</p>
            <table>
            <caption>Points</caption>
            <thead><tr><th scope="col">place</th><th scope="col">submission</th><th scope="col">points</th><th scope="col"><abbr title="Echo">echo</abbr></th><th scope="col"><abbr title="Broadcast that survives partitions">cut</abbr></th></tr></thead>
            <tbody>
            <tr><td>1</td><th scope="row">alice</th><td>7</td><td>✓</td><td>✓</td></tr>
            <tr><td>2</td><th scope="row">eve</th><td>5</td><td></td><td>✓</td></tr>
            <tr><td>3</td><th scope="row">bob</th><td>0</td><td></td><td></td></tr>
            <tr><td>3</td><th scope="row">carol</th><td>0</td><td></td><td></td></tr>
            <tr><td>3</td><th scope="row">dora</th><td>0</td><td></td><td></td></tr>
            </tbody>
            </table>
            <table>
            <caption>cut Broadcast that survives partitions</caption>
            <thead><tr><th scope="col">place</th><th scope="col">submission</th><th scope="col">msgs-per-op</th></tr></thead>
            <tbody>
            <tr><td>1</td><th scope="row">alice</th><td><span class="best">2.45</span></td></tr>
            <tr><td>2</td><th scope="row">eve</th><td>7.62</td></tr>
            </tbody>
            </table>
            <p>Figures are the worst of all seeds; less is better. Judged by host 0.1.0, wasmtime 48.0.8.</p>
            </body>
            </html>
        "#]],
    );
}

#[test]
fn formats_that_cut_lines_show_nothing_that_is_not_fit() {
    let class = Class::empty();
    let all: String = ('\0'..=char::MAX).collect();
    let grade = grade_with(&class, &all);
    for format in ["markdown", "annotations", "leaderboard"] {
        let text = merged(&class, &grade, format);
        let unfit = |c: &char| !is_fit(*c) && *c != '\n';
        assert_eq!(text.chars().find(unfit), None, "{format}");
    }
}

#[test]
fn what_students_wrote_is_neither_markup_nor_a_command() {
    let class = Class::empty();
    let hostile = "a|b <img src=x> [c](http://d) @e ::f:: 5% ```` </details>";
    let grade = grade_with(&class, hostile);
    expect![[r#"
        | submission | echo | score |
        |---|---|---|
        | ann a&#124;b &#60;img src&#61;x&#62; &#91;c&#93;(http&#58;//d) &#64;e &#58;&#58;f&#58;&#58; 5&#37; &#96;&#96;&#96;&#96; &#60;/details&#62; | **CE** | 0/2 |

        <details><summary>ann a&#124;b &#60;img src&#61;x&#62; &#91;c&#93;(http&#58;//d) &#64;e &#58;&#58;f&#58;&#58; 5&#37; &#96;&#96;&#96;&#96; &#60;/details&#62;&#58; notes</summary>

        `````text
        note a|b <img src=x> [c](http://d) @e ::f:: 5% ```` </details>
        `````

        </details>

        <details><summary>ann a&#124;b &#60;img src&#61;x&#62; &#91;c&#93;(http&#58;//d) &#64;e &#58;&#58;f&#58;&#58; 5&#37; &#96;&#96;&#96;&#96; &#60;/details&#62; echo&#58; CE&#58; module rejected</summary>

        `````text
          anomaly a|b <img src=x> [c](http://d) @e ::f:: 5% ```` </details>
        shortest trace that fails:
          trace 
        replay: replay 
        `````

        </details>

        **0 of 1 submission passed** (suite suite , host 0&#46;1&#46;0, wasmtime 48&#46;0&#46;8)
    "#]].assert_eq(&merged(&class, &grade, "markdown"));
    expect![[r#"
        ::notice title=ann a|b <img src=x> [c](http%3A//d) @e %3A%3Af%3A%3A 5%25 ```` </details>::0 of 2 points
        ::error title=ann a|b <img src=x> [c](http%3A//d) @e %3A%3Af%3A%3A 5%25 ```` </details>%2C echo title ::CE: module rejected%0A  anomaly a|b <img src=x> [c](http://d) @e ::f:: 5%25 ```` </details>%0Ashortest trace that fails:%0A  trace %0Areplay: replay 
    "#]].assert_eq(&merged(&class, &grade, "annotations"));
    let page = merged(&class, &grade, "leaderboard");
    let rows = page.lines().filter(|line| line.contains("ann "));
    expect![[r#"<tr><td>1</td><th scope="row">ann a|b &lt;img src=x&gt; [c](http://d) @e ::f:: 5% ```` &lt;/details&gt;</th><td>0</td><td></td></tr>"#]].assert_eq(&rows.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_summary_has_a_size_that_github_shows() {
    let class = Class::empty();
    let mut grade = grade_with(&class, "");
    let one = grade["submissions"][0].clone();
    let lines: Vec<Json> = (0..100).map(|_| json!("`".repeat(1_500))).collect();
    let all = (0..1_000).map(|number| {
        let mut one = one.clone();
        one["name"] = json!(format!("{number} {}", "!".repeat(300)));
        if number < 30 {
            one["challenges"][0]["failure"]["trace"] = Json::Array(lines.clone());
        }
        one
    });
    grade["submissions"] = Json::Array(all.collect());
    let text = merged(&class, &grade, "markdown");
    assert!(text.len() <= 1 << 20, "{}", text.len());
    assert!(text.contains(" submissions more: the table has no place for them.\n"));
    assert!(text.contains(" explanations more: the summary has no place for them.\n"));
    assert!(
        text.ends_with(", host 0&#46;1&#46;0, wasmtime 48&#46;0&#46;8)\n"),
        "{}",
        &text[text.len() - 200..]
    );
}
