//! What ends a step that has fuel left: its wall time, or the request to end all work.
//!
//! The engine asks at each tick of the watchdog whether the step may go on.

use host_guest::{ErrorKind, Interrupt, Limits};
use wasmtime::{AsContextMut, Store, UpdateDeadline};

use crate::engine::watchdog_ticks;
use crate::state::GuestState;

/// What is asked at each tick.
#[derive(Default)]
pub(super) struct Watch {
    /// How many ticks the step may still take.
    ticks_left: u64,
    /// The request to end all work.
    interrupt: Option<Interrupt>,
}

impl Watch {
    /// Watches for this request too.
    pub(super) fn new(interrupt: Option<Interrupt>) -> Self {
        Watch {
            ticks_left: 0,
            interrupt,
        }
    }

    /// Counts a tick.
    fn tick(&mut self) -> wasmtime::Result<UpdateDeadline> {
        if self.interrupt.as_ref().is_some_and(Interrupt::is_requested) {
            return Err(ErrorKind::Interrupted.into());
        }
        self.ticks_left = self.ticks_left.saturating_sub(1);
        Ok(match self.ticks_left {
            0 => UpdateDeadline::Interrupt,
            _ => UpdateDeadline::Continue(1),
        })
    }
}

/// Has the engine ask at each tick.
pub(super) fn watch<T: 'static>(store: &mut Store<T>, guest: fn(&mut T) -> &mut GuestState) {
    store.epoch_deadline_callback(move |mut store| guest(store.data_mut()).watch.tick());
}

impl Watch {
    /// Gives a step its wall time.
    pub(super) fn begin(&mut self, limits: &Limits) {
        self.ticks_left = watchdog_ticks(limits);
    }
}

/// Begins or goes on with a step.
pub(super) fn resume<T: 'static>(mut store: impl AsContextMut<Data = T>) {
    store.as_context_mut().set_epoch_deadline(1);
}
