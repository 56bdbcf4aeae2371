//! Renders a page: one HTML file with its style, script and data. It loads nothing else.
//!
//! Guests wrote much of the data, so it is never markup: the page has it as JSON without any `<`,
//! and the script shows it as text only, with escapes for what is not fit to be shown. If that fails, the page's content security policy still
//! lets nothing run or load but this script and this style.

use host_protocol::text::{fit_json, unfit_pattern};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The part of the script that all pages share.
const COMMON: &str = include_str!("assets/dom.js");

const STYLE: &str = include_str!("assets/page.css");

/// How every page begins. A file that begins so is a report's.
pub(super) const BEGINNING: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="host">
"#;

/// What stands before and after the data of a page.
const DATA_BEGIN: &str = r#"<script type="application/json" id="data">"#;
const DATA_END: &str = "</script>";

/// The data of a page, which is JSON.
pub(super) fn data_of(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once(DATA_BEGIN)?;
    Some(rest.split_once(DATA_END)?.0)
}

/// The views of a run, which pages of other kinds may use too: a model of it that can be appended to, its diagram, its
/// states, its operations, the lines of its verdict. They need nothing else than what all pages share.
pub const RUN_VIEWS: [&str; 8] = [
    include_str!("assets/data.js"),
    include_str!("assets/requests.js"),
    include_str!("assets/states.js"),
    include_str!("assets/diagram.js"),
    include_str!("assets/panel.js"),
    include_str!("assets/travel.js"),
    include_str!("assets/operations.js"),
    include_str!("assets/problems.js"),
];

/// The content security policy of a page of a report; `None` if this text is none, or has another policy than
/// such pages have.
#[must_use]
pub fn policy_of(page: &str) -> Option<&str> {
    let rest = page.strip_prefix(BEGINNING)?;
    let rest = rest.strip_prefix("<meta http-equiv=\"Content-Security-Policy\" content=\"")?;
    let (policy, _) = rest.split_once('"')?;
    let hash = |text: &str, name: &str| {
        let hash = text
            .strip_prefix(name)?
            .strip_prefix(" 'sha256-")?
            .strip_suffix('\'')?;
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
        hash.bytes().all(is_base64).then_some(())
    };
    let parts: Vec<&str> = policy.split("; ").collect();
    match parts.as_slice() {
        [
            "default-src 'none'",
            script,
            style,
            "base-uri 'none'",
            "form-action 'none'",
        ] => {
            hash(script, "script-src")?;
            hash(style, "style-src")?;
            Some(policy)
        }
        _ => None,
    }
}

/// The title of a page of a report, which no guest has written.
#[must_use]
pub fn title_of(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once("<title>")?;
    Some(rest.split_once("</title>")?.0)
}

/// Renders a page that shows `data` with the script `parts`, which may use what `assets/dom.js`
/// defines. Neither the title nor the script may contain text from guests: they are not escaped.
///
/// # Errors
/// When `data` cannot be written as JSON.
pub fn page(parts: &[&str], title: &str, data: &impl Serialize) -> serde_json::Result<String> {
    render(parts, &Live::default(), title, data)
}

/// Renders a page as [`page`] does, with a style beside the common one, that may send requests to where it comes
/// from, and nowhere else.
///
/// # Errors
/// When `data` cannot be written as JSON.
pub fn live_page(
    parts: &[&str],
    style: &str,
    title: &str,
    data: &impl Serialize,
) -> serde_json::Result<String> {
    let live = Live {
        policy: "; connect-src 'self'; img-src data:",
        // Without one, browsers ask for `/favicon.ico`.
        head: "<link rel=\"icon\" href=\"data:,\">\n",
        style,
    };
    render(parts, &live, title, data)
}

/// What a page that is served has more than others.
#[derive(Default)]
struct Live<'a> {
    policy: &'a str,
    head: &'a str,
    style: &'a str,
}

fn render(
    parts: &[&str],
    live: &Live<'_>,
    title: &str,
    data: &impl Serialize,
) -> serde_json::Result<String> {
    let [common, parts] = [COMMON, &parts.concat()].map(compact);
    let unfit = unfit_pattern();
    let script =
        format!("\"use strict\";\n(() => {{\nconst UNFIT = /{unfit}/gu;\n{common}{parts}}})();\n");
    let Live {
        policy: more_policy,
        head,
        style,
    } = live;
    let style = format!("{STYLE}{style}");
    let data = inert(&serde_json::to_string(data)?);
    let (script_hash, style_hash) = (source_hash(&script), source_hash(&style));
    let policy = format!(
        "default-src 'none'; script-src '{script_hash}'; style-src '{style_hash}'; base-uri 'none'; form-action 'none'{more_policy}"
    );
    Ok(format!(
        r#"{BEGINNING}<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
{head}<style>{style}</style>
</head>
<body>
<noscript>This page needs JavaScript to show its data. The files beside it have the same as text.</noscript>
{DATA_BEGIN}{data}{DATA_END}
<script>{script}</script>
</body>
</html>
"#
    ))
}

/// A script without its comments and indentation, which every page of a class would have again. No line may
/// begin inside a text.
fn compact(script: &str) -> String {
    let lines = script.lines().map(str::trim_start);
    let code = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    code.flat_map(|line| [line, "\n"]).collect()
}

/// Escapes JSON so that it cannot end the element that holds it, and is fit to be shown. In JSON a
/// `<` is always inside a string.
fn inert(json: &str) -> String {
    fit_json(json).replace('<', "\\u003c")
}

/// The name of a script or style in a content security policy.
fn source_hash(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text)))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            text.push(match digit <= chunk.len() {
                true => char::from(DIGITS[value as usize]),
                false => '=',
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::budget::{cost, string_cost};
    use super::*;
    use host_protocol::text::is_fit;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let pairs = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, coded) in pairs {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn scripts_lose_comments_and_indentation_only() {
        let script = "// A comment.\n\nif (a) {\n  // Why.\n  b(\"// text\"); // how\n}\n";
        assert_eq!(compact(script), "if (a) {\nb(\"// text\"); // how\n}\n");
        let all = RUN_VIEWS
            .iter()
            .chain(&super::super::run_page::SCRIPT)
            .chain([&COMMON]);
        let lines = all.flat_map(|script| script.lines());
        let open = lines.filter(|line| line.matches('`').count() % 2 == 1);
        assert_eq!(open.collect::<Vec<_>>(), Vec::<&str>::new());
    }

    #[test]
    fn data_cannot_end_its_element() {
        let hostile = "</script><script>alert(1)</script><!--";
        let page = page(&[], "title", &[hostile]).unwrap();
        assert_eq!(page.matches("<script").count(), 2);
        assert_eq!(page.matches("</script").count(), 2);
        let data = data_of(&page).unwrap();
        let read: [String; 1] = serde_json::from_str(data).unwrap();
        assert_eq!(read, [hostile]);
        assert_eq!(
            cost(&serde_json::to_string(&[hostile]).unwrap()),
            data.len()
        );
        assert_eq!(string_cost(hostile), data.len() - r#"[""]"#.len());
    }

    #[test]
    fn every_character_of_unicode_is_data_and_none_that_is_unfit_is_in_the_file() {
        let all: String = ('\0'..=char::MAX).collect();
        let page = page(&[], "title", &[&all]).unwrap();
        let unfit: Vec<char> = page.chars().filter(|c| !is_fit(*c) && *c != '\n').collect();
        assert_eq!(unfit, Vec::<char>::new());
        let data = data_of(&page).unwrap();
        let read: [String; 1] = serde_json::from_str(data).unwrap();
        assert_eq!(read, [all]);
    }

    /// The relative luminance of `#rrggbb`, as WCAG 2.2 defines it.
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let value = u8::from_str_radix(&colour[at..at + 2], 16).unwrap();
            let value = f64::from(value) / 255.0;
            match value <= 0.04045 {
                true => value / 12.92,
                false => ((value + 0.055) / 1.055).powf(2.4),
            }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    #[test]
    fn text_has_contrast_in_light_and_in_dark() {
        let themes: Vec<&str> = STYLE.split(":root {").skip(1).collect();
        assert_eq!(themes.len(), 2);
        for theme in themes {
            let (theme, _) = theme.split_once('}').unwrap();
            let colour = |name: &str| {
                let (_, rest) = theme.split_once(&format!("--{name}: ")).unwrap();
                luminance(rest.split_once(';').unwrap().0)
            };
            let texts = [
                "ink", "quiet", "link", "good", "bad", "unsure", "client", "node", "service",
            ];
            let papers = texts.map(|text| [(text, "paper"), (text, "card")]);
            let marked = [("ink", "selected"), ("ink", "changed")];
            for (text, paper) in papers.into_iter().flatten().chain(marked) {
                let (one, other) = (colour(text), colour(paper));
                let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
                assert!(contrast >= 4.5, "{text} on {paper}: {contrast:.2}");
            }
        }
    }
}
