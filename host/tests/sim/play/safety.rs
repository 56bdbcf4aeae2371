//! Who may ask: the page that knows the token, from this server, and nobody else.

use serde_json::Value as Json;
use test_support::{Dir, Playing};

use super::{SMALL, play};

/// The status line of the answer to a request for a path with these headers.
fn status(playing: &Playing, path: &str, headers: &[&str]) -> String {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let request = format!("GET {path} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n");
    let answer = playing.raw(&request);
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn only_the_page_of_this_server_is_answered() {
    let dir = Dir::new();
    let playing = play(&dir, "broadcast", SMALL);
    let (host, path) = playing.host_and_path();
    let port = host.rsplit_once(':').unwrap().1;
    let own = format!("Host: {host}");
    let named = format!("Host: localhost:{port}");
    let session = format!("{path}api/session");
    let ok = "HTTP/1.1 200 OK";
    let forbidden = "HTTP/1.1 403 Forbidden";
    let unknown = "HTTP/1.1 404 Not Found";

    assert_eq!(status(&playing, &session, &[&own]), ok);
    assert_eq!(status(&playing, &session, &[&named]), ok);
    assert_eq!(
        status(&playing, &session, &[&format!("Host: [::1]:{port}")]),
        ok
    );
    // The token.
    let token = path.trim_matches('/');
    assert_eq!(token.len(), 32);
    let other = token.replace(|c| c != '0', "0");
    for wrong in [
        "/",
        "/api/session",
        &format!("/{other}/api/session"),
        &format!("/{}/", &token[..31]),
        &format!("/{token}0/"),
    ] {
        assert_eq!(status(&playing, wrong, &[&own]), unknown, "{wrong}");
    }
    // Other names of this machine, which a page of another site may have made one (DNS rebinding).
    for host in [
        "Host: example.org".to_owned(),
        format!("Host: example.org:{port}"),
        "Host: 127.0.0.1".to_owned(),
        "Host: 127.0.0.1:1".to_owned(),
        format!("Host: 127.0.0.1:{port}.example.org"),
        format!("Host: 127.0.0.1:{port}@example.org"),
    ] {
        assert_eq!(status(&playing, &session, &[&host]), forbidden, "{host}");
    }
    let absolute = format!("http://example.org{session}");
    assert_eq!(status(&playing, &absolute, &[&own]), forbidden);
    // Other pages.
    let origin = |origin: &str| status(&playing, &session, &[&own, &format!("Origin: {origin}")]);
    assert_eq!(origin(&format!("http://{host}")), ok);
    for other in [
        "null",
        "http://example.org",
        &format!("http://localhost:{port}"),
        &format!("https://{host}"),
        "http://127.0.0.1:1",
    ] {
        assert_eq!(origin(other), forbidden, "{other}");
    }
    let site = |site: &str| {
        status(
            &playing,
            &session,
            &[&own, &format!("Sec-Fetch-Site: {site}")],
        )
    };
    assert_eq!(
        (site("same-origin"), site("none")),
        (ok.to_owned(), ok.to_owned())
    );
    for other in ["cross-site", "same-site", "anything"] {
        assert_eq!(site(other), forbidden, "{other}");
    }
    // Without a host, or with two.
    assert_eq!(status(&playing, &session, &[]), forbidden);
    assert_eq!(
        status(&playing, &session, &[&own, "Host: example.org"]),
        forbidden
    );
    assert_eq!(
        status(&playing, &session, &["Host: example.org", &own]),
        forbidden
    );
}

#[test]
fn no_answer_is_kept_framed_or_taken_for_something_else() {
    let dir = Dir::new();
    let playing = play(&dir, "broadcast", SMALL);
    let (host, path) = playing.host_and_path();
    let head = |path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = playing.raw(&request);
        let head = answer.split("\r\n\r\n").next().unwrap().to_lowercase();
        let mut lines: Vec<String> = head.lines().skip(1).map(str::to_owned).collect();
        let is_plain = |line: &String| {
            !["date:", "content-length:"]
                .iter()
                .any(|it| line.starts_with(it))
        };
        lines.retain(is_plain);
        lines.sort();
        lines.join("\n")
    };
    expect_test::expect![[r#"
        cache-control: no-store
        connection: close
        content-security-policy: default-src 'none'; frame-ancestors 'none'
        content-type: application/json
        cross-origin-opener-policy: same-origin
        cross-origin-resource-policy: same-origin
        referrer-policy: no-referrer
        x-content-type-options: nosniff
        x-frame-options: deny"#]]
    .assert_eq(&head(&format!("{path}api/session")));
    expect_test::expect![[r#"
        cache-control: no-store
        connection: close
        content-security-policy: frame-ancestors 'none'; base-uri 'none'; form-action 'none'
        content-type: text/html; charset=utf-8
        cross-origin-opener-policy: same-origin
        cross-origin-resource-policy: same-origin
        referrer-policy: no-referrer
        x-content-type-options: nosniff
        x-frame-options: deny"#]]
    .assert_eq(&head(path));
    // What is refused, too.
    let refused = head("/");
    assert!(
        refused.contains("cache-control: no-store") && refused.contains("frame-ancestors 'none'"),
        "{refused}"
    );
}

#[test]
fn requests_that_are_too_large_or_make_no_sense_are_refused() {
    let dir = Dir::new();
    let playing = play(&dir, "broadcast", SMALL);
    let large = format!("{{\"schedule\":\"{}\"}}", " ".repeat(17 << 20));
    let (host, path) = playing.host_and_path();
    let answer = playing.raw(&format!(
        "POST {path}api/open HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        large.len()
    ));
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("{\"error\":\""), "{answer}");
    for (method, path, body, expected) in [
        ("POST", "api/branches/1/act", "{", 400),
        ("POST", "api/branches/1/act", r#"{"at":0}"#, 400),
        ("POST", "api/open", r#"{"schedule":"{}"}"#, 400),
        ("POST", "api/open", r#"{"schedule":"play:AAAA"}"#, 400),
        ("PUT", "api/breakpoints", r#"[{"kind":"sunset"}]"#, 400),
        ("POST", "api/branches/1/name", r#"{"name":" "}"#, 400),
        ("DELETE", "api/branches/1", "", 409),
        ("GET", "api/nothing", "", 404),
        ("GET", "api/branches/one", "", 400),
        ("GET", "api/branches/1?from=-1", "", 400),
        ("DELETE", "api/session", "", 405),
    ] {
        assert_eq!(
            playing.refused(method, path, body).0,
            expected,
            "{path} {body}"
        );
    }
    let _: Json = playing.get("api/session");
}
