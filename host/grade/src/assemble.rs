//! Makes a grade of the results of judging.

use std::collections::BTreeMap;

use super::grade::{
    ChallengeFacts, ChallengeGrade, ChallengeState, FORMAT, FailedWorld, FailureDetails, Grade,
    HiddenUntil, JudgeFacts, Judgement, SubmissionGrade, SuiteFacts, TargetResult, Timings,
    VERSION, WorldFacts,
};
use super::judge::{JudgeResult, JudgedRuns};
use super::run::SeedRun;
use super::submission::{ModuleContent, ModuleFile};
use super::suite::{Challenge, PlannedRun, Setting, Suite, Visibility, World};
use super::work::{Work, WorkItem, is_in};
use super::{Verdict, sanitize};
use host_protocol::text::{counted, shell_quoted};

impl JudgeFacts {
    /// The facts about this program.
    #[must_use]
    pub fn of_this_program() -> Self {
        JudgeFacts {
            host: env!("CARGO_PKG_VERSION").to_owned(),
            engine: host_sandbox::ENGINE.to_owned(),
            cost_table: host_sandbox::cost_table()
                .into_iter()
                .map(|(name, cost)| (name.to_owned(), cost))
                .collect(),
        }
    }
}

/// Makes the grade of all submissions.
#[must_use]
pub fn assemble(work: &Work<'_>, results: &BTreeMap<WorkItem, JudgeResult>, wall_ms: u64) -> Grade {
    let mut timings = Timings {
        wall_ms,
        runs_ms: BTreeMap::new(),
    };
    let mut submissions = Vec::new();
    for submission in work.submissions {
        let mut challenges = Vec::new();
        for challenge in &work.suite.challenges {
            let module = submission.module_for(challenge);
            let state = match module {
                None if challenge.optional || submission.is_single => continue,
                None => ChallengeState::Missing,
                Some(_) if !is_in(work.shard, &submission.name, challenge) => {
                    ChallengeState::Pending
                }
                Some(module) => {
                    let judged = ModuleForChallenge {
                        suite: work.suite,
                        challenge,
                        module,
                        results,
                    };
                    let (state, ms) = judged.state();
                    if ms > 0 {
                        let of_submission = timings.runs_ms.entry(submission.name.clone());
                        of_submission.or_default().insert(challenge.id.clone(), ms);
                    }
                    state
                }
            };
            challenges.push(ChallengeGrade {
                id: challenge.id.clone(),
                score: 0,
                state,
            });
        }
        submissions.push(SubmissionGrade {
            name: submission.name.clone(),
            passed: false,
            score: 0,
            points: 0,
            notes: submission.notes.clone(),
            challenges,
        });
    }
    let mut grade = Grade {
        format: FORMAT.to_owned(),
        version: VERSION,
        judge: JudgeFacts::of_this_program(),
        suite: suite_facts(work.suite),
        shard: work.shard,
        complete: false,
        passed: false,
        submissions,
        timings,
    };
    grade.add_up();
    grade
}

impl Grade {
    /// Computes scores, and whether submissions passed, from the verdicts.
    pub fn add_up(&mut self) {
        let facts: BTreeMap<&str, &ChallengeFacts> = self
            .suite
            .challenges
            .iter()
            .map(|facts| (facts.id.as_str(), facts))
            .collect();
        for submission in &mut self.submissions {
            (submission.score, submission.points) = (0, 0);
            submission.passed = true;
            for challenge in &mut submission.challenges {
                let Some(facts) = facts.get(challenge.id.as_str()) else {
                    continue;
                };
                let verdict = match &challenge.state {
                    ChallengeState::Judged(judgement) => Some(judgement.verdict),
                    ChallengeState::Missing | ChallengeState::Pending => None,
                };
                let is_accepted = verdict == Some(Verdict::Accepted);
                challenge.score = if is_accepted { facts.points } else { 0 };
                submission.score += u64::from(challenge.score);
                if verdict != Some(Verdict::Internal) && !facts.optional {
                    submission.points += u64::from(facts.points);
                }
                submission.passed &= is_accepted || challenge.state == ChallengeState::Pending;
            }
        }
        let challenges = || self.submissions.iter().flat_map(|it| &it.challenges);
        self.complete = challenges().all(|challenge| challenge.state != ChallengeState::Pending);
        self.passed = self.submissions.iter().all(|submission| submission.passed);
    }
}

/// A submission's module for a challenge.
struct ModuleForChallenge<'a> {
    suite: &'a Suite,
    challenge: &'a Challenge,
    module: &'a ModuleFile,
    results: &'a BTreeMap<WorkItem, JudgeResult>,
}

impl ModuleForChallenge<'_> {
    /// Whether it has been judged and the verdict, and how long its runs took, in milliseconds.
    fn state(&self) -> (ChallengeState, u64) {
        let not_run = |verdict, sha256: &str, anomaly| {
            let judgement = Judgement {
                failure: Some(self.failed_to_load(anomaly)),
                ..self.judgement(verdict, sha256)
            };
            (ChallengeState::Judged(Box::new(judgement)), 0)
        };
        let sha256 = match &self.module.content {
            ModuleContent::Sha256(sha256) => sha256,
            ModuleContent::Refused(why) => {
                return not_run(Verdict::Compile, "", sanitize::lines(why));
            }
        };
        let item = WorkItem::of(self.module, sha256, self.challenge);
        match self.results.get(&item) {
            None | Some(JudgeResult::Unfinished) => (ChallengeState::Pending, 0),
            Some(JudgeResult::Rejected(why)) => not_run(Verdict::Compile, sha256, why.clone()),
            Some(JudgeResult::InternalError(why)) => {
                not_run(Verdict::Internal, sha256, why.clone())
            }
            Some(JudgeResult::Judged(runs)) => {
                let judgement = self.judged(runs, sha256);
                (ChallengeState::Judged(Box::new(judgement)), runs.ms)
            }
        }
    }

    fn judged(&self, judged: &JudgedRuns, sha256: &str) -> Judgement {
        let failed = judged.failed.as_deref();
        let verdict = failed.map_or(Verdict::Accepted, |run| run.verdict);
        let seeds_passed = judged.passed.min(self.challenge.seeds.len());
        let first_failed = self.challenge.runs().nth(judged.passed);
        let failure = first_failed.zip(failed);
        Judgement {
            seeds_passed,
            world_runs_passed: judged.passed - seeds_passed,
            usage: judged.usage.clone(),
            targets: self.worst_targets(judged),
            explored: judged.explored.clone(),
            seeds_untouched: judged.untouched,
            warnings: warnings(judged),
            failure: failure.map(|(planned, run)| self.failure(planned, run)),
            ..self.judgement(verdict, sha256)
        }
    }

    fn judgement(&self, verdict: Verdict, sha256: &str) -> Judgement {
        Judgement {
            verdict,
            module: sanitize::line(&self.module.path.to_string_lossy()),
            sha256: sha256.to_owned(),
            seeds_passed: 0,
            world_runs_passed: 0,
            usage: BTreeMap::new(),
            targets: BTreeMap::new(),
            explored: Vec::new(),
            seeds_untouched: 0,
            warnings: Vec::new(),
            failure: None,
        }
    }

    fn failure(&self, planned: PlannedRun<'_>, run: &SeedRun) -> FailureDetails {
        let PlannedRun { setting, seed } = planned;
        FailureDetails {
            seed: Some(seed),
            world: setting.world.map(|world| FailedWorld {
                name: world.name.clone(),
                why: world.why.clone(),
            }),
            anomalies: run.anomalies.clone(),
            anomaly: run.anomaly.clone(),
            backtrace: run.backtrace.clone(),
            replay: self.module.command(
                self.suite,
                setting,
                setting.run_seed(seed),
                &run.replay_flags(setting),
            ),
            trace: run.trace.clone().unwrap_or_default(),
            trace_may_be_shorter: run.trace_may_be_shorter,
            evidence: run.evidence.clone().unwrap_or_default(),
        }
    }

    fn failed_to_load(&self, anomaly: Vec<String>) -> FailureDetails {
        let path = match &self.module.script {
            None => &self.module.path,
            Some(script) => &self.suite.runtimes[script.runtime].module,
        };
        let path = shell_quoted(&path.to_string_lossy());
        FailureDetails {
            seed: None,
            world: None,
            anomalies: Vec::new(),
            anomaly,
            backtrace: Vec::new(),
            replay: format!("host inspect {path}"),
            trace: Vec::new(),
            trace_may_be_shorter: false,
            evidence: Vec::new(),
        }
    }

    fn worst_targets(&self, judged: &JudgedRuns) -> BTreeMap<String, TargetResult> {
        let settings = self.challenge.settings();
        let targets = settings.flat_map(|setting| {
            let targets = setting.targets().iter();
            targets.filter_map(move |target| {
                let name = setting.name_of(target.measure);
                let worst = *judged.worst.get(&name)?;
                let below = target.below;
                Some((name, TargetResult { worst, below }))
            })
        });
        targets.collect()
    }
}

/// The warnings, with in how many runs there was one.
fn warnings(judged: &JudgedRuns) -> Vec<String> {
    let runs = judged.passed + usize::from(judged.failed.is_some());
    let seeds = judged.warnings.seeds;
    let first = judged.warnings.first.iter();
    let runs = counted(runs, "run");
    let warnings = first.map(|warning| sanitize::line(&format!("{seeds} of {runs}: {warning}")));
    warnings.collect()
}

fn suite_facts(suite: &Suite) -> SuiteFacts {
    let world = |world: &World| WorldFacts {
        name: world.name.clone(),
        why: world.why.clone(),
        seeds: world.seeds.clone(),
        options: quoted(&world.flags()),
        explored: world.explore.is_some(),
    };
    let targets = |setting: Setting<'_>| {
        let targets = setting.targets().to_vec();
        let targets = targets.into_iter();
        let named = targets.map(|it| (setting.name_of(it.measure), it.below));
        named.collect::<Vec<_>>()
    };
    let challenge = |challenge: &Challenge| {
        let options = &challenge.scenario.options;
        let (bounds, limits) = (&options.bounds, &options.limits);
        let facts = [
            ("node-memory-bytes", limits.memory_bytes as u64),
            ("step-fuel", limits.fuel),
            ("run-fuel", bounds.fuel),
            ("run-memory-bytes", bounds.memory_bytes as u64),
            ("events", bounds.steps),
        ];
        ChallengeFacts {
            id: challenge.id.clone(),
            title: challenge.title.clone(),
            module: challenge.module.clone(),
            points: challenge.points,
            optional: challenge.optional,
            hidden: challenge.visibility != Visibility::Visible,
            hidden_until: match challenge.visibility {
                Visibility::Visible | Visibility::Hidden => None,
                Visibility::AfterDueDate => Some(HiddenUntil::DueDate),
                Visibility::AfterPublished => Some(HiddenUntil::Published),
            },
            seeds: challenge.seeds.clone(),
            options: quoted(&challenge.scenario.flags()),
            limits: facts
                .into_iter()
                .map(|(name, limit)| (name.to_owned(), limit))
                .collect(),
            targets: challenge.settings().flat_map(targets).collect(),
            worlds: challenge.worlds.iter().map(world).collect(),
        }
    };
    SuiteFacts {
        name: suite.name.clone(),
        sha256: suite.sha256.clone(),
        seed_key: suite.seed_key.map(|key| key.name()),
        challenges: suite.challenges.iter().map(challenge).collect(),
    }
}

/// Words as one line for a shell.
fn quoted(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| shell_quoted(word)).collect();
    words.join(" ")
}
