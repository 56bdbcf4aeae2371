//! Goals of workloads: what is said of them is what a search of the whole graph says, which is written down here as plain numbers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use expect_test::expect;
use host_check::custom::{Custom, CustomChecker};
use host_check::history::History;
use host_check::linear::{Budgets, NotJudged};
use host_check::workload::{CheckOptions, Workload};
use host_explore::{
    Bounds, Budget, End, Exploration, Explored, Guidance, Operations, Reach, Unjudged,
};
use host_guest::effects::decode;
use host_guest::{Effect, Event, EventKind, Guest, GuestError, GuestOptions, Start};
use host_sim::workload::{CustomWorkload, WorkloadOptions};
use host_sim::{
    Cluster, Completion, Goal, GoalKind, GoalOf, GoalSet, Malformed, Next, Operation, Step, Turn,
    WorkloadClient,
};
use host_trial::Scenario;
use serde_json::{Value, json};

/// A node as a function of its state and what happens: a message or the timer. It has one timer.
type React = fn(&Toy, &mut Value, &Happens<'_>, &mut Acts);

enum Happens<'h> {
    Message(&'h Value),
    Timer,
}

#[derive(Default)]
struct Acts {
    /// To whom, and what.
    sends: Vec<(&'static str, Value)>,
    sets_timer: bool,
}

/// A program.
#[derive(Clone)]
struct Toy {
    react: React,
    begin: Value,
    /// Whether it has snapshots.
    is_open: bool,
    /// For [`hop`].
    table: Table,
}

struct ToyNode {
    toy: Toy,
    state: Value,
    effects: String,
    effects_max: usize,
}

impl Start for Toy {
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        Ok(Box::new(ToyNode {
            toy: self.clone(),
            state: self.begin.clone(),
            effects: String::new(),
            effects_max: options.limits.effects,
        }))
    }
}

impl Guest for ToyNode {
    fn step(&mut self, event: &Event<'_>) -> Result<Vec<Effect<'_>>, Box<GuestError>> {
        let mut acts = Acts::default();
        let mut lines = Vec::new();
        let me = event.node;
        let mut send = |dest: &str, body: &Value| {
            lines.push(json!({"send": {"src": me, "dest": dest, "body": body}}).to_string());
        };
        match event.kind {
            EventKind::Message(text) => {
                let message: Value = serde_json::from_str(text).unwrap();
                let (src, body) = (message["src"].as_str().unwrap(), &message["body"]);
                let kind = body["type"].as_str().unwrap();
                if src.starts_with('c') {
                    let ok = json!({"type": format!("{kind}_ok"), "in_reply_to": body["msg_id"]});
                    send(src, &ok);
                }
                if kind != "init" {
                    let happens = Happens::Message(body);
                    (self.toy.react)(&self.toy, &mut self.state, &happens, &mut acts);
                }
            }
            EventKind::Timer(_) => {
                (self.toy.react)(&self.toy, &mut self.state, &Happens::Timer, &mut acts);
            }
            EventKind::Synced(_) => {}
        }
        for (dest, body) in &acts.sends {
            send(dest, body);
        }
        if acts.sets_timer {
            lines.push(json!({"set_timer": {"id": 1, "after_ns": 100_000_000}}).to_string());
        }
        self.effects = lines.join("\n");
        decode(self.effects.as_bytes(), event.node, self.effects_max)
            .map_err(|error| GuestError::in_effects(error, event))
    }

    fn keeps_state(&self) -> bool {
        self.toy.is_open
    }

    fn snapshot(&mut self) -> Result<Option<Vec<u8>>, Box<GuestError>> {
        let state = self
            .toy
            .is_open
            .then(|| self.state.to_string().into_bytes());
        Ok(state)
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), Box<GuestError>> {
        self.state = serde_json::from_slice(snapshot).unwrap();
        Ok(())
    }

    fn fuel_used(&self) -> u64 {
        0
    }

    fn memory_bytes(&self) -> usize {
        0
    }
}

/// Clients tell a node to go, and look at what nodes hold.
#[derive(Debug, Clone)]
struct Going {
    goals: Vec<Goal>,
    /// The goals by what a node holds, written as JSON: those of each text that it contains.
    shows: Vec<(String, usize)>,
}

impl CustomChecker for Going {
    fn name(&self) -> &str {
        "going"
    }

    fn operations(&self) -> &[String] {
        static GO: std::sync::LazyLock<[String; 1]> = std::sync::LazyLock::new(|| ["go".into()]);
        &*GO
    }

    fn like(&self) -> Option<Workload> {
        None
    }

    fn judge(&self, _: &History, _: &CheckOptions, _: &Budgets) -> Result<Custom, NotJudged> {
        Ok(Custom::default())
    }
}

impl CustomWorkload for Going {
    fn client(&self, _: &WorkloadOptions) -> Result<Box<dyn WorkloadClient>, String> {
        Ok(Box::new(self.clone()))
    }

    fn text(&self) -> &str {
        "going.wasm"
    }

    fn options(&self) -> Vec<String> {
        Vec::new()
    }

    fn with_options(&self, _: &[&str]) -> Result<Arc<dyn CustomWorkload>, String> {
        Ok(Arc::new(self.clone()))
    }
}

impl WorkloadClient for Going {
    fn boxed_clone(&self) -> Box<dyn WorkloadClient> {
        Box::new(self.clone())
    }

    fn next(&mut self, _: &mut Turn<'_>) -> Next {
        Next::Done
    }

    fn begin(&mut self, _: usize, _: &Operation) -> Step {
        Step::Call(r#"{"type":"go"}"#.to_owned())
    }

    fn answer(&mut self, _: usize, _: &Operation, _: &str) -> Result<Step, Malformed> {
        Ok(Step::Done(Completion::ok(host_check::value::Value::Nil)))
    }

    fn goals(&self) -> &[Goal] {
        &self.goals
    }

    fn observe(
        &mut self,
        _: u64,
        _: usize,
        state: Option<&[u8]>,
    ) -> Result<Option<GoalSet>, String> {
        let state = String::from_utf8_lossy(state.unwrap_or_default());
        let mut shown = GoalSet::default();
        for (text, goal) in &self.shows {
            if state.contains(text) {
                shown.insert(*goal);
            }
        }
        Ok(Some(shown))
    }
}

/// Goals of these names, each shown by a node that holds one of these texts.
fn going(goals: &[(&str, GoalKind, &[&str])]) -> Scenario {
    let shows = goals.iter().enumerate().flat_map(|(place, (_, _, texts))| {
        texts.iter().map(move |text| ((*text).to_owned(), place))
    });
    let goal = |(name, kind, _): &(&str, GoalKind, &[&str])| Goal {
        name: (*name).to_owned(),
        kind: *kind,
        of: GoalOf::Any,
        help: String::new(),
    };
    let workload: Arc<dyn CustomWorkload> = Arc::new(Going {
        goals: goals.iter().map(goal).collect(),
        shows: shows.collect(),
    });
    let mut scenario = Scenario::default();
    scenario.workload = workload.into();
    scenario.options.cluster = Cluster::of(2);
    scenario.options.concurrency = 2;
    scenario
}

fn exploration<'a>(
    toy: &'a Toy,
    scenario: &'a Scenario,
    bounds: &'a Bounds,
    states: usize,
    go: &'a [(usize, Operation)],
) -> Exploration<'a> {
    Exploration {
        module: toy,
        scenario,
        bounds,
        budget: Budget {
            states,
            ..Budget::default()
        },
        seed: 1,
        operations: Operations::OfEach(go),
    }
}

fn go_at(node: usize) -> Vec<(usize, Operation)> {
    let nothing = host_check::value::Value::Nil;
    vec![(node, Operation::new(&"go".into(), nothing))]
}

/// n0 sends `a` and `b` to n1 when it is told to go. If they come in that order, n1 settles. If not, it blinks for ever.
fn blink(_: &Toy, state: &mut Value, happens: &Happens<'_>, acts: &mut Acts) {
    let seen = state["seen"].as_str().unwrap().to_owned();
    match happens {
        Happens::Message(body) => match body["type"].as_str().unwrap() {
            "go" => {
                for kind in ["a", "b"] {
                    acts.sends.push(("n1", json!({"type": kind})));
                }
            }
            kind => {
                state["seen"] = json!(seen.clone() + kind);
                acts.sets_timer = seen == "b";
            }
        },
        Happens::Timer => {
            state["is_lit"] = json!(!state["is_lit"].as_bool().unwrap());
            acts.sets_timer = true;
        }
    }
}

fn blinker() -> Toy {
    Toy {
        react: blink,
        begin: json!({"seen": "", "is_lit": false}),
        is_open: true,
        table: Table::default(),
    }
}

const SETTLED: (&str, GoalKind, &[&str]) = ("settled", GoalKind::AlwaysReachable, &["\"ab\""]);

fn one_fire() -> Bounds {
    Bounds {
        fires: 1,
        ..Bounds::default()
    }
}

fn failing(explored: &Explored) -> &host_explore::FailingSchedule {
    match &explored.end {
        End::Failure(failing) => failing,
        end => panic!("{end:?}"),
    }
}

/// What it says, with the moves in words.
fn told(explored: &Explored) -> String {
    let failing = failing(explored);
    let lost = failing.goal.as_ref().expect("a goal is out of reach");
    let story = [failing.story.as_slice(), &lost.story].concat().join("\n");
    format!(
        "{} after {} moves, {} states: {}, {} follow, for ever: {}\n{story}\n",
        failing.names.join(", "),
        failing.moves,
        explored.progress.states,
        lost.goal.name,
        lost.following,
        lost.is_for_ever,
    )
}

/// By hand: nothing begun; both on their way; `a` there, `b` there; both in the right order; in the wrong one, dark and, after its
/// timer, lit. These are seven. The goal is lost when `b` has come first, which is two moves away, and two more states follow. The timer
/// blinks twice until it is dark again.
#[test]
fn a_pair_that_goes_round_after_one_order_of_messages() {
    let (toy, scenario, bounds, go) = (blinker(), going(&[SETTLED]), one_fire(), go_at(0));
    let exploration = exploration(&toy, &scenario, &bounds, 100, &go);
    let explored = exploration.search(&mut |_| ()).unwrap();
    expect![[r#"
        unreached-goal after 2 moves, 7 states: settled, 3 follow, for ever: true
        op 0: client 0 asks n0 to go
        op 1: n0 answers client 0: nil
        n0 tells n1: b
        left to itself, it does the same every 0.2 s for ever:
          n1: timer 1 fires 2 times
    "#]]
    .assert_eq(&told(&explored));
    let schedule = &failing(&explored).schedule;
    assert_eq!(schedule.script.goal.as_deref(), Some("settled"));
    let played = schedule.play(&toy, None, Vec::new());
    let stopped = played.result.expect_err("it does not reach the goal");
    expect!["unreached-goal: at 10 s, the goal settled was not reached: no node has shown it since the last move, or since the beginning if there are no moves, while the cluster had time to recover"].assert_eq(&format!("{}: {stopped}", stopped.reason.name()));
}

/// The same nodes, if they never fall out of order, and if only some schedule has to come there.
#[test]
fn goals_that_are_reached() {
    let (toy, bounds) = (blinker(), one_fire());
    let seen_b = ("b", GoalKind::Reachable, &["\"b\""][..]);
    let any_order = ("both", GoalKind::AlwaysReachable, &["\"ab\"", "\"ba\""][..]);
    let scenario = going(&[seen_b, any_order]);
    let go = go_at(0);
    let exploration = exploration(&toy, &scenario, &bounds, 100, &go);
    let found = |explored: &Explored| -> Vec<(String, Reach)> {
        let goals = explored.goals.iter();
        goals.map(|it| (it.goal.name.clone(), it.found)).collect()
    };
    let breadth = exploration.search(&mut |_| ()).unwrap();
    assert!(matches!(breadth.end, End::Complete), "{breadth:?}");
    let of_all = ("both".to_owned(), Reach::Always(7));
    assert_eq!(found(&breadth), [("b".to_owned(), Reach::Seen), of_all]);
    let depth = exploration.search_depth_first(&mut |_| ()).unwrap();
    assert!(matches!(depth.end, End::Complete), "{depth:?}");
    let not_judged = Reach::NotJudged(Unjudged::Strategy);
    let of_all = ("both".to_owned(), not_judged);
    assert_eq!(found(&depth), [("b".to_owned(), Reach::Seen), of_all]);
}

#[test]
fn a_goal_that_no_state_shows() {
    let (toy, bounds) = (blinker(), one_fire());
    let scenario = going(&[("twice", GoalKind::Reachable, &["\"aa\""])]);
    let go = go_at(0);
    let exploration = exploration(&toy, &scenario, &bounds, 100, &go);
    let depth = exploration.search_depth_first(&mut |_| ()).unwrap();
    let breadth = exploration.search(&mut |_| ()).unwrap();
    for explored in [&breadth, &depth] {
        assert_eq!(
            told(explored),
            "unreached-goal after 0 moves, 7 states: twice, 0 follow, for ever: true\n\n"
        );
    }
    // What was chosen proves nothing.
    let guidance = Guidance {
        runs: 20,
        ..Guidance::default()
    };
    let guided = exploration.guide(guidance, &mut |_| ()).unwrap();
    assert!(matches!(guided.end, End::Runs), "{guided:?}");
    let goals = exploration.goals_by_sight(guided.tried.goals, false);
    assert_eq!(goals.unwrap()[0].found, Reach::Unseen);
}

/// Nothing begun, both messages on their way, and one of them there: the last two were not looked at. Left to themselves, the first
/// does nothing, and in the second messages come in the order of their hashes, which is the wrong one. So both may lead there yet.
#[test]
fn what_was_not_tried_is_not_known() {
    let (toy, bounds) = (blinker(), one_fire());
    let scenario = going(&[("twice", GoalKind::Reachable, &["\"aa\""]), SETTLED]);
    let go = go_at(0);
    let explored = exploration(&toy, &scenario, &bounds, 3, &go).search(&mut |_| ());
    let explored = explored.unwrap();
    assert!(matches!(explored.end, End::States), "{explored:?}");
    let found = explored.goals.iter().map(|it| it.found);
    let open = Reach::Open {
        reached: 0,
        open: 2,
    };
    assert_eq!(found.collect::<Vec<_>>(), [Reach::Unseen, open]);
    // With one move less than the failure needs, the same.
    let bounds = Bounds {
        depth: Some(1),
        ..one_fire()
    };
    let explored = exploration(&toy, &scenario, &bounds, 100, &go).search(&mut |_| ());
    let explored = explored.unwrap();
    assert!(matches!(explored.end, End::Depth), "{explored:?}");
    let found = explored.goals.iter().map(|it| it.found);
    assert_eq!(found.collect::<Vec<_>>(), [Reach::Unseen, open]);
}

#[test]
fn nodes_without_snapshots_say_nothing_of_goals() {
    let (scenario, bounds, go) = (going(&[SETTLED]), one_fire(), go_at(0));
    let toy = Toy {
        is_open: false,
        ..blinker()
    };
    let explored = exploration(&toy, &scenario, &bounds, 100, &go).search(&mut |_| ());
    let explored = explored.unwrap();
    assert!(matches!(explored.end, End::Complete), "{explored:?}");
    let untold = Reach::NotJudged(Unjudged::Untold);
    assert_eq!(explored.goals[0].found, untold);
    let bounds = Bounds {
        tries_ends: false,
        ..one_fire()
    };
    let toy = blinker();
    let explored = exploration(&toy, &scenario, &bounds, 100, &go).search(&mut |_| ());
    let without_ends = Reach::NotJudged(Unjudged::Ends);
    assert_eq!(explored.unwrap().goals[0].found, without_ends);
}

/// How many places a hopping node has, and tokens.
const PLACES: u8 = 5;
const TOKENS: usize = 2;
/// How often a token comes to n0 at most.
const HOPS: u64 = 3;

/// Where n0 goes from each place when a token comes, and whether it sends the token back.
type Table = [[(u8, bool); TOKENS]; PLACES as usize];

/// n1 sends two tokens to n0 when it is told to go, and each that comes back. n0 goes from place to place as its table says.
fn hop(toy: &Toy, state: &mut Value, happens: &Happens<'_>, acts: &mut Acts) {
    let Happens::Message(body) = happens else {
        return;
    };
    let token = |number: usize, left: u64| json!({"type": "token", "number": number, "left": left});
    let number = body["number"].as_u64();
    match (body["type"].as_str().unwrap(), number) {
        ("go", _) => {
            let tokens = (0..TOKENS).map(|number| ("n0", token(number, HOPS)));
            acts.sends.extend(tokens);
        }
        ("back", Some(number)) => {
            let number = usize::try_from(number).unwrap();
            let left = body["left"].as_u64().unwrap();
            acts.sends.push(("n0", token(number, left)));
        }
        (_, number) => {
            let number = usize::try_from(number.unwrap()).unwrap();
            let at = usize::try_from(state["at"].as_u64().unwrap()).unwrap();
            let (to, returns) = toy.table[at][number];
            let left = body["left"].as_u64().unwrap() - 1;
            state["at"] = json!(to);
            if returns && left > 0 {
                let back = json!({"type": "back", "number": number, "left": left});
                acts.sends.push(("n1", back));
            }
        }
    }
}

/// The whole cluster: whether it was told to go, the place of n0, and of each token where it goes to, and how often it may come yet.
type Hopping = (bool, u8, [Option<(u8, u64)>; TOKENS]);

fn hops((goes, at, tokens): Hopping, table: &Table) -> Vec<Hopping> {
    if !goes {
        return vec![(true, at, [Some((0, HOPS)); TOKENS])];
    }
    let mut next = Vec::new();
    for (number, token) in tokens.iter().enumerate() {
        let mut then = tokens;
        match token {
            Some((0, left)) => {
                let (to, returns) = table[usize::from(at)][number];
                then[number] = (returns && *left > 1).then_some((1, left - 1));
                next.push((true, to, then));
            }
            Some((_, left)) => {
                then[number] = Some((0, *left));
                next.push((true, at, then));
            }
            None => {}
        }
    }
    next
}

/// All states by their distance, and which of them a state with the goal can follow on.
fn all_hops(table: &Table, goal: u8) -> (BTreeMap<Hopping, usize>, BTreeSet<Hopping>) {
    let begin = (false, 0, [None; TOKENS]);
    let mut distances = BTreeMap::from([(begin, 0)]);
    let mut open = VecDeque::from([begin]);
    while let Some(now) = open.pop_front() {
        let distance = distances[&now] + 1;
        for next in hops(now, table) {
            distances.entry(next).or_insert_with(|| {
                open.push_back(next);
                distance
            });
        }
    }
    let reaches = distances.keys().copied().filter(|state| {
        following(*state, table)
            .iter()
            .any(|(_, at, _)| *at == goal)
    });
    let reaches = reaches.collect();
    (distances, reaches)
}

fn following(state: Hopping, table: &Table) -> BTreeSet<Hopping> {
    let mut met = BTreeSet::from([state]);
    let mut open = vec![state];
    while let Some(now) = open.pop() {
        let next = hops(now, table).into_iter();
        open.extend(next.filter(|next| met.insert(*next)));
    }
    met
}

#[test]
fn what_is_out_of_reach_is_what_a_brute_force_says() {
    let mut random = 7_u64;
    let mut draw = |below: u8| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        u8::try_from((random >> 33) % u64::from(below)).unwrap()
    };
    let goal = PLACES - 1;
    let scenario = going(&[("there", GoalKind::AlwaysReachable, &["\"at\":4"])]);
    let go = go_at(1);
    let mut ends = (0, 0);
    for _ in 0..40 {
        let mut table = Table::default();
        for (place, entries) in table.iter_mut().enumerate() {
            for entry in entries {
                // Whoever is there stays there, mostly.
                let stays = place == usize::from(goal) && draw(4) > 0;
                *entry = (if stays { goal } else { draw(PLACES) }, draw(3) > 0);
            }
        }
        let (distances, reaches) = all_hops(&table, goal);
        let lost = distances
            .iter()
            .filter(|(state, _)| !reaches.contains(*state));
        let lost: Vec<(Hopping, usize)> = lost.map(|(state, far)| (*state, *far)).collect();
        let nearest = lost.iter().map(|(_, far)| *far).min();
        let toy = Toy {
            react: hop,
            begin: json!({"at": 0}),
            is_open: true,
            table,
        };
        for reduces in [true, false] {
            let bounds = Bounds {
                fires: 0,
                reduces,
                ..Bounds::default()
            };
            let exploration = exploration(&toy, &scenario, &bounds, 100_000, &go);
            let [explored, other] = [1, 2].map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                pool.unwrap()
                    .install(|| exploration.search(&mut |_| ()))
                    .unwrap()
            });
            assert_eq!(format!("{explored:?}"), format!("{other:?}"));
            let Some(nearest) = nearest else {
                ends.0 += usize::from(reduces);
                assert!(matches!(explored.end, End::Complete), "{explored:?}");
                if reduces {
                    assert_eq!(explored.progress.states, distances.len());
                }
                let states = explored.progress.states;
                assert_eq!(explored.goals[0].found, Reach::Always(states));
                continue;
            };
            ends.1 += usize::from(reduces);
            let failing = failing(&explored);
            let found = failing.goal.as_ref().unwrap();
            assert!(found.is_for_ever);
            if !reduces {
                continue; // requests and answers are on their way, too
            }
            assert_eq!(failing.moves, nearest, "{table:?}");
            let mut sizes = lost.iter().filter(|(_, far)| *far == nearest);
            let is_size = |state| following(state, &table).len() == found.following;
            assert!(
                sizes.any(|(state, _)| is_size(*state)),
                "{table:?} {found:?}"
            );
        }
    }
    assert!(ends.0 >= 5 && ends.1 >= 5, "{ends:?}");
}

/// Stopped at any number of states and gone on with, it ends as without a stop.
#[test]
fn goals_are_kept() {
    let (toy, bounds, go) = (blinker(), one_fire(), go_at(0));
    for goals in [
        vec![SETTLED],
        vec![("both", SETTLED.1, &["\"ab\"", "\"ba\""])],
    ] {
        let scenario = going(&goals);
        let whole = exploration(&toy, &scenario, &bounds, 100, &go);
        let expected = whole.search(&mut |_| ()).unwrap();
        for states in 1..7 {
            let about = whole.about("test", &[]);
            let short = exploration(&toy, &scenario, &bounds, states, &go);
            let (_, kept) = short.resume(None, &mut |_| ()).unwrap();
            let mut bytes = Vec::new();
            kept.unwrap().write(&about, &mut bytes).unwrap();
            let kept = host_explore::Kept::read(&bytes, &about).unwrap();
            let (resumed, over) = whole.resume(Some(kept), &mut |_| ()).unwrap();
            assert_eq!(format!("{resumed:?}"), format!("{expected:?}"), "{states}");
            let Some(over) = over else { continue };
            let (again, _) = whole.resume(Some(over), &mut |_| ()).unwrap();
            assert_eq!(format!("{again:?}"), format!("{expected:?}"), "{states}");
        }
    }
}
