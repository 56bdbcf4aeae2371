//! What a check lets pass, each with the reason.

/// A finding that is known, and why it stays.
#[derive(Debug, Clone, Copy)]
pub struct Exception {
    /// The finding, as the check names it.
    pub finding: &'static str,
    /// Why it is fine, or what it waits for.
    pub reason: &'static str,
}

impl Exception {
    /// The findings without those among `exceptions`, and the exceptions that nothing needs any
    /// more, each as a sentence. `what` is what a finding is.
    #[must_use]
    pub fn sort_out(exceptions: &[Self], found: Vec<String>, what: &str) -> Vec<String> {
        let is_known = |finding: &String| exceptions.iter().any(|it| it.finding == finding);
        let stale = exceptions
            .iter()
            .filter(|it| !found.iter().any(|found| found == it.finding));
        let stale: Vec<String> = stale
            .map(|it| {
                format!(
                    "{} is not {what} any more: remove the exception",
                    it.finding
                )
            })
            .collect();
        let fresh = found.into_iter().filter(|finding| !is_known(finding));
        fresh
            .map(|finding| format!("{finding} is {what}"))
            .chain(stale)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_lets_its_finding_pass_and_must_be_needed() {
        let exception = |finding| Exception {
            finding,
            reason: "known",
        };
        let found = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(
            Exception::sort_out(&[exception("a"), exception("c")], found, "wrong"),
            [
                "b is wrong",
                "c is not wrong any more: remove the exception"
            ]
        );
    }
}
