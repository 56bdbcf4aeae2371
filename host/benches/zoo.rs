//! Has `host grade` judge the zoo of wrong but plausible programs at its default seeds, one run
//! at a time, and prints docs/zoo.md: how many seeds and milliseconds it took to catch each.
//!
//! `./runner.sh build` builds what this needs.

#[path = "../tests/sim/zoo/table.rs"]
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use host_grade::grade::{ChallengeState, Grade};
use host_protocol::text::one_line;
use test_support::{built, guests, host, root};

use table::{Mutant, Table};

const HEAD: &str = "\
# The zoo

Wrong but plausible programs, each with one classic bug, and the seed at which `host grade` catches them. They are listed in
[`zoo.txt`](../host/tests/sim/zoo/zoo.txt), which a test also grades: every mutant must get its verdict for its reason, and the same
module without its bug must be accepted with all seeds.

The seeds are the grader's default, 1 to 10, tried in this order. The milliseconds are those of the runs up to the first that failed,
checkers included, without compiling the module and without the search for the shortest trace. These commands
print this page:

    ./runner.sh build
    cargo bench --locked -p host --bench zoo > docs/zoo.md
";

/// What became of a mutant.
struct Caught {
    seeds: usize,
    ms: u64,
    verdict: String,
}

fn main() {
    let table = Table::read();
    let grade = grade(&table);
    let caught: Vec<Caught> = (table.mutants.iter())
        .map(|mutant| caught(&grade, mutant, &table))
        .collect();
    println!("{HEAD}\n{}\n", summary(&table, &caught));
    println!("| mutant | what is wrong | verdict | anomaly | seeds | ms |");
    println!("|---|---|---|---|---:|---:|");
    let mut bugs = BTreeMap::new();
    for (mutant, caught) in table.mutants.iter().zip(&caught) {
        let bugs = bugs
            .entry(&mutant.module)
            .or_insert_with(|| bugs_of(&mutant.module));
        let (id, anomaly) = (mutant.id(), &mutant.anomaly);
        let what = &bugs[mutant.bug()];
        let Caught { seeds, ms, verdict } = caught;
        let ms = match ms {
            0 => "< 1".to_owned(),
            _ => ms.to_string(),
        };
        println!("| `{id}` | {what} | {verdict} | {anomaly} | {seeds} | {ms} |");
    }
}

/// The grade of the workspace's modules, by the binary that is measured.
fn grade(table: &Table) -> Grade {
    for mutant in &table.mutants {
        built(&mutant.module); // is refused if it is older than its sources
    }
    let suite = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("zoo.toml");
    fs::write(&suite, table.suite()).expect("a file can be written");
    let output = Command::new(host())
        .args(["grade", "--format", "json", "--suite"])
        .arg(&suite)
        .arg(guests())
        // So that no run slows another down.
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .expect("host starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let grade: Grade = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("use ./runner.sh build; host says {}", one_line(&stderr)));
    assert_eq!(grade.submissions.len(), 1);
    grade
}

/// After how many seeds, and how long, a mutant had its verdict, which has to be the right one.
fn caught(grade: &Grade, mutant: &Mutant, table: &Table) -> Caught {
    let (id, submission) = (mutant.id(), &grade.submissions[0]);
    let challenge = submission.challenges.iter().find(|it| it.id == id);
    let ChallengeState::Judged(judgement) = &challenge.expect("it is in the suite").state else {
        panic!("{id} has no module: use ./runner.sh build");
    };
    let verdict = judgement.verdict.to_string();
    let failure = judgement.failure.as_ref();
    let said = failure.map_or_else(String::new, |failure| failure.anomaly.join("\n"));
    assert!(
        table.reason(mutant).is(&verdict, &said),
        "{id}: {verdict} {said}"
    );
    let ms = grade.timings.runs_ms[&submission.name].get(&id);
    Caught {
        seeds: judgement.seeds_passed + 1,
        ms: ms.copied().unwrap_or(0),
        verdict,
    }
}

fn summary(table: &Table, caught: &[Caught]) -> String {
    let mut ms: Vec<u64> = caught.iter().map(|it| it.ms).collect();
    ms.sort_unstable();
    let (rows, median, max) = (caught.len(), ms[ms.len() / 2], ms[ms.len() - 1]);
    let first = caught.iter().filter(|it| it.seeds == 1).count();
    let seeds_max = caught.iter().map(|it| it.seeds).max().unwrap_or(0);
    let mutants = table.bugs().len();
    format!(
        "{mutants} mutants, some of them on two challenges, are {rows} rows. All are caught: {first} with the first seed, none \
         needs\nmore than {seeds_max}. The median takes {median} ms, the longest {max} ms."
    )
}

/// What is wrong, by the bug's name: the table at the head of the module's source.
fn bugs_of(module: &str) -> BTreeMap<String, String> {
    let path = root().join(format!("host/tests/mutants/{module}/src/lib.rs"));
    let source = fs::read_to_string(path).expect("a mutant has a source");
    let rows = source.lines().filter_map(|line| {
        let row = line.strip_prefix("//! | `")?.strip_suffix(" |")?;
        let (bug, what) = row.split_once("` | ")?;
        Some((bug.to_owned(), what.to_owned()))
    });
    rows.collect()
}
