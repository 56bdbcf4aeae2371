//! Goals of workloads: what is said of them is what a search of the whole graph says, which is written down here as plain numbers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use expect_test::expect;
use host_explore::{
    Bounds, Budget, End, Exploration, Explored, Guidance, Operations, Reach, Unjudged,
};
use host_sim::{GoalKind, Operation};
use host_trial::Scenario;
use serde_json::{Value, json};

use crate::toy::{Acts, Happens, Toy, going};

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
pub(crate) type Table = [[(u8, bool); TOKENS]; PLACES as usize];

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
