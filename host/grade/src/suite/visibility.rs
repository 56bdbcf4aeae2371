//! Who sees a challenge.

/// Whether and when students are shown a challenge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Visibility {
    /// From the beginning.
    #[default]
    Visible,
    /// Never.
    Hidden,
    /// Once the work is due.
    AfterDueDate,
    /// Once grades are published.
    AfterPublished,
}
