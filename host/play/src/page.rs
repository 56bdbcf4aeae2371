//! The page: the views that reports have too, and what a person does by hand.

use std::sync::LazyLock;

use host_report::page::{RUN_VIEWS, live_page};

/// The page's own script, in an order in which each part only needs those before it.
const SCRIPT: [&str; 11] = [
    include_str!("assets/api.js"),
    include_str!("assets/session.js"),
    include_str!("assets/view.js"),
    include_str!("assets/stage.js"),
    include_str!("assets/actions.js"),
    include_str!("assets/controls.js"),
    include_str!("assets/branches.js"),
    include_str!("assets/breakpoints.js"),
    include_str!("assets/out.js"),
    include_str!("assets/tour.js"),
    include_str!("assets/play.js"),
];

const STYLE: &str = include_str!("assets/play.css");

/// The page. It has no data: it asks the server that it comes from.
pub(crate) fn html() -> &'static str {
    static PAGE: LazyLock<String> = LazyLock::new(|| {
        let scripts = [&RUN_VIEWS[..], &SCRIPT].concat();
        let page = live_page(&scripts, STYLE, "host play", &serde_json::json!({}));
        page.unwrap_or_default() // an empty object is always JSON
    });
    &PAGE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_begins_inside_a_text() {
        // Comments and indentation are taken away line by line.
        let lines = SCRIPT.iter().flat_map(|script| script.lines());
        let open: Vec<&str> = lines
            .filter(|line| line.matches('`').count() % 2 == 1)
            .collect();
        assert_eq!(open, Vec::<&str>::new());
    }

    #[test]
    fn the_page_may_ask_the_server_that_it_comes_from_and_load_nothing() {
        let policy = "content=\"default-src 'none'; script-src 'sha256-";
        assert!(html().contains(policy));
        assert!(html().contains("; connect-src 'self'; img-src data:\""));
    }
}
