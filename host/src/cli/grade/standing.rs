//! What a submission is compared by with others: its points, and the figures of the challenges that it
//! solved. Challenges that students do not see count for neither.

use host_grade::Grade;
use host_grade::grade::{ChallengeFacts, ChallengeState, SubmissionGrade};

/// How a submission stands.
pub(super) struct Standing<'a> {
    /// The points of the challenges that students see.
    pub(super) points: u32,
    /// The figures with a target, in the order of the challenges.
    pub(super) figures: Vec<Figure<'a>>,
}

/// A figure of which less is better.
pub(super) struct Figure<'a> {
    pub(super) challenge: &'a ChallengeFacts,
    /// The name of the target: `msgs-per-op`.
    pub(super) name: &'a str,
    /// The worst of all seeds.
    pub(super) worst: f64,
}

/// How a submission stands.
pub(super) fn standing<'a>(grade: &'a Grade, submission: &'a SubmissionGrade) -> Standing<'a> {
    let mut standing = Standing {
        points: 0,
        figures: Vec::new(),
    };
    let seen = grade.challenges_of(submission);
    for (facts, challenge) in seen.filter(|(facts, _)| !facts.hidden) {
        standing.points = standing.points.saturating_add(challenge.score);
        let ChallengeState::Judged(judgement) = &challenge.state else {
            continue;
        };
        // The figures of a wrong program are no achievement.
        if !judgement.is_accepted() {
            continue;
        }
        // Those of worlds are too many to compare.
        let official = judgement.targets.iter();
        let official = official.filter(|(name, _)| !name.contains('/'));
        standing.figures.extend(official.map(|(name, it)| Figure {
            challenge: facts,
            name,
            worst: it.worst,
        }));
    }
    standing
}
