//! The branches of a tour.

use std::sync::Arc;

use host_report::live::LiveRecord;

use super::branch::Branch;
use super::command::{Anew, AnewUntil};
use super::held::{Opening, Session};
use crate::game::{About, Programs};
use crate::tour::{Run, Tour};

impl Session {
    /// Begins a session that shows a tour: each of its runs is a branch, made as far as the tour goes.
    ///
    /// # Errors
    /// Why one of the runs cannot be made.
    pub fn begin_tour(
        about: About,
        programs: Programs,
        tour: &Tour,
        name: &str,
    ) -> Result<Self, String> {
        let first = tour.runs.first().ok_or("the tour has no run")?;
        let session = Session::begin(about, programs, first.base.clone(), Opening::AtMain)?;
        let mut branches: Vec<u32> = Vec::new();
        for (index, run) in tour.runs.iter().enumerate() {
            let step = tour.steps.iter().find(|step| step.run == index);
            let name = step.map_or("tour", |step| &step.title);
            branches.push(session.open_run(run, name, &branches)?);
        }
        let page = serde_json::to_value(tour.page(name, &branches));
        session.set_tour(page.map_err(|error| error.to_string())?);
        Ok(session)
    }

    /// Opens a run of a tour, whose earlier runs are these branches.
    fn open_run(&self, run: &Run, name: &str, branches: &[u32]) -> Result<u32, String> {
        let (name, base) = (name.to_owned(), run.base.clone());
        let parent = match run.parent {
            Some((parent, at)) => {
                let parent = branches
                    .get(parent)
                    .ok_or("a run has a parent that is none")?;
                Some((self.branches().into_iter().find(|it| it.id == *parent), at))
            }
            None => None,
        };
        let branch: Arc<Branch> = self.add(|id, generation| match &parent {
            Some((Some(parent), at)) => parent.fork(id, name, base, *at),
            _ => Branch::new(id, name, base, generation),
        })?;
        let anew = Anew {
            touches: run.made.clone().into(),
            until: run.events.map_or(AnewUntil::End, AnewUntil::Events),
            record: LiveRecord::with_states(),
            generation: branch.known().generation,
        };
        if let Err(why) = self.begin_life(&branch, anew) {
            self.forget(branch.id);
            return Err(why);
        }
        branch.known().opens_at = None;
        self.signal.changed();
        Ok(branch.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tour::TourFile;

    /// What the host would say of a session with this node.
    fn about(node: &str) -> About {
        About {
            module: node.to_owned(),
            replay: String::new(),
            play: Box::new(str::to_owned),
            messages: Vec::new(),
            program: None,
            watch: false,
        }
    }

    #[test]
    fn each_run_of_each_tour_is_a_branch_that_stands_at_the_moment_of_its_last_step() {
        for name in host_tours::tours() {
            let file = TourFile::read(host_tours::tour(name).unwrap()).unwrap();
            let node = file.node.as_deref().unwrap();
            let start = || host_tours::node(node, &[]).unwrap();
            let tour = file.walk(&*start()).unwrap();
            let programs = Programs {
                module: start().into(),
                next_module: None,
            };
            let session = Session::begin_tour(about(node), programs, &tour, name).unwrap();
            let shown = session.shown()["tour"].clone();
            assert_eq!(shown["name"], name);
            for (step, shown) in tour.steps.iter().zip(shown["steps"].as_array().unwrap()) {
                // The first branch is the run that nobody has touched.
                assert_eq!(shown["branch"], step.run + 2);
            }
            for (index, run) in tour.runs.iter().enumerate() {
                let id = u32::try_from(index + 2).unwrap();
                let branch = session.branch(id).unwrap();
                let known = branch.known();
                let last = tour.steps.iter().rfind(|step| step.run == index).unwrap();
                let what = (name, index);
                assert_eq!((known.position, what), (last.at, what));
                assert_eq!((known.is_over, what), (run.events.is_none(), what));
                let made = |all: &[crate::session::Made]| -> Vec<(usize, String)> {
                    all.iter()
                        .map(|made| (made.at, made.words.clone()))
                        .collect()
                };
                assert_eq!(made(&known.touches), made(&run.made));
                assert_eq!(known.why, None);
            }
        }
    }
}
