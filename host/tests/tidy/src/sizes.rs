//! A source file of more than 600 lines has a reason.

use crate::exceptions::Exception;
use crate::repository::Repository;

/// More lines need a reason.
const LINES_MAX: usize = 600;

/// The long files that are not among `exceptions`.
#[must_use]
pub fn problems(repository: &Repository, exceptions: &[Exception]) -> Vec<String> {
    let sources = repository.texts().filter(|(path, _)| path.ends_with(".rs"));
    let long = sources.filter(|(_, text)| text.lines().count() > LINES_MAX);
    let found = long.map(|(path, _)| path.to_owned()).collect();
    Exception::sort_out(exceptions, found, "a file of more than 600 lines")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_a_problem() {
        let (long, fine) = ("\n".repeat(601), "\n".repeat(600));
        let repository = Repository::of(&[("a.rs", &long), ("b.rs", &fine), ("c.txt", &long)]);
        assert_eq!(
            problems(&repository, &[]),
            ["a.rs is a file of more than 600 lines"]
        );
    }
}
