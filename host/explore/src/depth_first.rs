//! An exploration that goes depth first, from its beginning to its result.

use std::sync::Arc;

use crate::account::Account;
use crate::bounds::Progress;
use crate::breadth::Watch;
use crate::depth::{Depth, Over};
use crate::exploration::Exploration;
use crate::explore::{End, Explored, Impossible, begin, failing, never};
use crate::goals::{Reach, Sighted, found_by_sight};
use crate::guided::Shortening;
use crate::model::Model;
use crate::wrong::{Mode, Wrong};

impl Exploration<'_> {
    /// Tries all schedules within the bounds, in less memory than [`search`](Self::search) takes, on one thread. It meets the same states; a failure is not a
    /// shortest one, and is shortened. The depth that is told is that of the longest schedule that was tried.
    ///
    /// # Errors
    /// If the workload cannot be made so, or the cluster does not begin.
    pub fn search_depth_first(
        &self,
        show: &mut dyn FnMut(Progress),
    ) -> Result<Explored, Impossible> {
        self.verify()?;
        let mut progress = Progress::default();
        let account = Account::of(&self.budget);
        let mut sighted = Sighted::default();
        let (end, mode) = self.in_its_mode(Mode::default(), |mode| {
            let mut note = |now| {
                progress = now;
                show(now);
            };
            let (end, shown) = self.depth_first_in(mode, &account, &mut note)?;
            sighted = shown;
            Ok(end)
        })?;
        let goals = match end {
            End::Failure(_) => Vec::new(),
            _ => self.goals_by_sight(sighted, matches!(end, End::Complete))?,
        };
        Ok(Explored {
            progress,
            end,
            mode,
            goals,
        })
    }

    fn depth_first_in(
        &self,
        mode: Mode,
        account: &Arc<Account>,
        show: &mut dyn FnMut(Progress),
    ) -> Result<(End, Sighted), Wrong> {
        let model = Model::new(self, mode, account).map_err(Wrong::Internal)?;
        let first = begin(&model)?;
        let interrupt = self.module.interrupt();
        let is_interrupted = || interrupt.is_some_and(host_guest::Interrupt::is_requested);
        let mut depth = Depth::new(&model);
        let over = depth.search(
            first.clone(),
            &mut Watch {
                states_max: self.budget.states,
                is_interrupted: &is_interrupted,
                show,
            },
        )?;
        model.vouch()?;
        let sighted = model.sighted();
        let end = match over {
            Over::Complete => match found_by_sight(model.goals(), sighted, true)
                .iter()
                .position(|it| it.found == Reach::Never)
            {
                Some(place) => never(&model, place)?,
                None => End::Complete,
            },
            Over::Depth => End::Depth,
            Over::States => End::States,
            Over::Failure(failure) => {
                let states = depth.progress().states.max(1) as u64;
                let shortening = Shortening {
                    model: &model,
                    begin: &first,
                    ends: &depth.ends,
                    end_steps: depth.ends.steps().div_ceil(states),
                    names: failure.names.clone(),
                    is_at_end: failure.is_at_end,
                };
                failing(&model, shortening.shorten(failure, &is_interrupted)?)?
            }
        };
        Ok((end, sighted))
    }
}
