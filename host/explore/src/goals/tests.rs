use super::*;

/// The goal that all is about.
const GOAL: usize = 0;

/// A table of `judged` states, of which those before `tried` were tried: which lack the goal, whether the ways to their ends were
/// cut off, and edges.
fn table((judged, tried): (u32, u32), lacks: &[(u32, bool)], edges: &[(u32, u32)]) -> GoalTable {
    let lacks = lacks.iter().map(|(id, is_cut)| Lack {
        id: *id,
        goals: GoalSet::from_bits(1),
        is_cut: *is_cut,
    });
    GoalTable {
        judged,
        tried,
        lacks: lacks.collect(),
        edges: edges.to_vec(),
        ..GoalTable::default()
    }
}

#[track_caller]
fn check(table: &GoalTable, reached: usize, open: usize, lost: &[u32]) {
    let expected = Reachable {
        reached,
        open,
        lost: lost.to_vec(),
    };
    assert_eq!(table.reachable(GOAL), expected);
}

#[test]
fn states_that_lack_nothing_reach_it_by_themselves() {
    check(&table((3, 3), &[], &[]), 3, 0, &[]);
    let mut other = table((3, 3), &[(1, false)], &[]);
    other.lacks[0].goals = GoalSet::from_bits(2);
    check(&other, 3, 0, &[]);
}

#[test]
fn what_leads_to_it_over_any_number_of_edges_reaches_it() {
    let chain = [(0, 1), (1, 2), (2, 3)];
    let lacks = [(0, false), (1, false), (2, false)];
    check(&table((4, 4), &lacks, &chain), 4, 0, &[]);
    check(&table((4, 4), &lacks, &chain[..2]), 1, 0, &[0, 1, 2]);
}

#[test]
fn a_circle_that_nothing_leaves_has_lost_it_and_so_has_what_leads_there_alone() {
    let edges = [(0, 1), (0, 3), (1, 2), (2, 1)];
    let lacks = [(0, false), (1, false), (2, false)];
    let table = table((4, 4), &lacks, &edges);
    check(&table, 2, 0, &[1, 2]);
    assert_eq!(table.following(1), (2, true));
    let mut table = table;
    table.lacks[2].is_cut = true;
    assert_eq!(table.following(1), (2, false));
}

#[test]
fn what_is_not_tried_or_not_judged_is_open_and_what_leads_there_too() {
    let lacks = [(0, false), (1, false), (2, false)];
    // The last one was not tried.
    check(&table((3, 2), &lacks, &[(0, 1), (1, 2)]), 0, 3, &[]);
    // There is one more, which was not judged.
    check(&table((3, 3), &lacks, &[(0, 1), (1, 3)]), 0, 2, &[2]);
    // What leads to a state with the goal as well is known.
    check(
        &table((4, 3), &lacks, &[(0, 2), (0, 3), (2, 4)]),
        2,
        1,
        &[1],
    );
}

/// Small graphs at random: what is lost is what reaches neither a state with the goal nor an open one, by a search from
/// each state.
#[test]
fn verdicts_are_those_of_a_search_from_each_state() {
    let mut random = 1_u64;
    let mut draw = |below: u32| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        u32::try_from((random >> 33) % u64::from(below)).unwrap()
    };
    let mut lost = 0;
    for _ in 0..2000 {
        let states = 1 + draw(8);
        let (judged, tried) = match draw(3) {
            0 => (states - draw(states), 0),
            1 => (states, states - draw(states)),
            _ => (states, states),
        };
        let tried = if judged < states {
            draw(judged + 1)
        } else {
            tried
        };
        let mut lacks = Vec::new();
        let mut edges = Vec::new();
        for id in 0..judged {
            if draw(4) > 0 {
                lacks.push((id, draw(6) == 0));
                if id < tried {
                    edges.extend((0..draw(3)).map(|_| (id, draw(states))));
                }
            }
        }
        let table = table((judged, tried), &lacks, &edges);
        let mut expected = Reachable::default();
        for id in 0..judged {
            let mut met = vec![id];
            let mut at = 0;
            while at < met.len() {
                let next = edges.iter().filter(|(from, _)| *from == met[at]);
                let next: Vec<u32> = next.map(|(_, to)| *to).collect();
                let new = next.into_iter().filter(|it| !met.contains(it));
                let mut new: Vec<u32> = new.collect();
                new.dedup();
                met.append(&mut new);
                at += 1;
            }
            let lacking = |id: &u32| lacks.iter().find(|(it, _)| it == id);
            let has = |id: &u32| *id < judged && lacking(id).is_none();
            let is_open = |id: &u32| *id >= judged || *id >= tried && lacking(id).is_some();
            if met.iter().any(has) {
                expected.reached += 1;
            } else if met.iter().any(is_open) {
                expected.open += 1;
            } else {
                expected.lost.push(id);
            }
        }
        lost += expected.lost.len();
        assert_eq!(table.reachable(GOAL), expected, "{table:?}");
    }
    assert!(lost > 100);
}

fn goal(name: &str, kind: GoalKind) -> Goal {
    Goal {
        name: name.to_owned(),
        kind,
        of: host_sim::GoalOf::Any,
        help: String::new(),
    }
}

#[test]
fn what_is_said_of_goals() {
    let goals = [
        goal("a", GoalKind::AlwaysReachable),
        goal("b", GoalKind::Reachable),
        goal("c", GoalKind::Reachable),
    ];
    let said = |table: &GoalTable, tried, ends| {
        let found = table.found(&goals, tried, ends);
        let found: Vec<Reach> = found.iter().map(|it| it.found).collect();
        found
    };
    let mut table = table((3, 3), &[(2, false)], &[]);
    table.sighted.seen = GoalSet::from_bits(0b011);
    assert_eq!(
        said(&table, Tried::All, true),
        [Reach::Lost(1), Reach::Seen, Reach::Never]
    );
    let of_ends = Reach::NotJudged(Unjudged::Ends);
    assert_eq!(
        said(&table, Tried::Some, false),
        [of_ends, Reach::Seen, Reach::Unseen]
    );
    table.lacks.clear();
    assert_eq!(said(&table, Tried::All, true)[0], Reach::Always(3));
    let open = Reach::Open {
        reached: 3,
        open: 0,
    };
    assert_eq!(said(&table, Tried::Some, true)[0], open);
    let of_depth = [Reach::Always(3), Reach::Seen, Reach::Unseen];
    assert_eq!(said(&table, Tried::AllOfDepth, true), of_depth);
    let untold = Reach::NotJudged(Unjudged::Untold);
    table.sighted.is_untold = true;
    assert_eq!(
        said(&table, Tried::All, true),
        [untold, Reach::Seen, untold]
    );
    let by_sight = found_by_sight(&goals, Sighted::default(), false);
    let by_sight: Vec<Reach> = by_sight.iter().map(|it| it.found).collect();
    let of_strategy = Reach::NotJudged(Unjudged::Strategy);
    assert_eq!(by_sight, [of_strategy, Reach::Unseen, Reach::Unseen]);
}
