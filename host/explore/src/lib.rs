//! Explores the schedules of a small cluster: all of them, or those that a strategy chooses.
//!
//! A module and a workload go in, and bounds: how many operations, timers and faults. What comes out is a failing schedule,
//! which the simulator replays, or how much was tried without one.
//!
//! | modules | job |
//! |---|---|
//! | `bounds` | what is tried |
//! | `account` | what that uses, and how much it may use |
//! | `exploration` `explore` | an exploration from its beginning to its result |
//! | `about` `kept` | what is explored, and an exploration that was stopped, as a file |
//! | `breadth` | all states, the nearest first |
//! | `depth_first` `depth` | all states in little memory |
//! | `guided` | schedules that a strategy chooses |
//! | `ends` | what becomes of a state if nothing more goes wrong |
//! | `model` | the rules: how a cluster begins, what may happen, what comes of it |
//! | `moves` `state` | what happens, and to what |
//! | `told` | what guests are told, and what they ask for |
//! | `guests` `nodes` `services` `clients` `record` `participants` | the parts of a state, each a table of contents and a function from events to contents |
//! | `symmetry` `orbits` | nodes that are alike, and states that differ only in which node is which |
//! | `table` `hash` | contents under small numbers, known by their hashes |
//! | `invariants` | what has to hold of what nodes hold, and which goals they show |
//! | `goals` `fates` | which goals can be reached from where, and what a cluster comes to by itself |
//! | `wrong` | why a step has no result |
//! | `trace` `words` | moves as a schedule of the simulator, and in words |

mod about;
mod account;
mod bounds;
mod breadth;
mod clients;
mod depth;
mod depth_first;
mod ends;
mod exploration;
mod explore;
mod fates;
mod goals;
mod guests;
mod guided;
mod hash;
mod invariants;
mod kept;
mod model;
mod moves;
mod nodes;
mod orbits;
mod participants;
mod record;
mod services;
mod state;
mod symmetry;
mod table;
mod told;
mod trace;
mod words;
mod wrong;

pub use bounds::{Bounds, Budget, NODES_MAX, PARTITIONED_NODES_MAX, Progress, Spent, TimerOrder};
pub use exploration::{Exploration, Operations};
pub use explore::{End, Explored, FailingSchedule, Impossible, LostGoal};
pub use goals::{GoalFound, Reach, Sighted, Unjudged};
pub use guests::instances;
pub use guided::{Guidance, Guided, Strategy, Tried};
pub use kept::{About, Differences, KEPT_BEGINNING, Kept, KeptError};
pub use wrong::Mode;
