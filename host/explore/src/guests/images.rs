//! Steps with names exchanged, if nodes are to be alike.

use host_guest::Guest;

use super::{Guests, Life, Made, SPARE_LIVES, Told};
use crate::participants::Messages;
use crate::wrong::Wrong;

impl Guests<'_> {
    /// Takes a step again with names exchanged, and compares. `spare` is an instance in any state.
    pub(super) fn take_exchanged(
        &self,
        spare: &mut Box<dyn Guest + Send>,
        (guest, snapshot): (u32, &[u8]),
        (node, told, now_ns): (u8, &Told, u64),
        made: &Made,
        messages: &Messages,
    ) -> Result<(), Wrong> {
        let Some(symmetry) = &self.symmetry else {
            return Ok(());
        };
        for by in symmetry.tested(self.states.hash(guest)) {
            let image = symmetry.snapshot(snapshot, by)?;
            let told_image = symmetry.told(told, by, messages)?;
            let to = by.node(node);
            let taken = self
                .restore(spare, SPARE_LIVES[1], to, image.as_bytes(), messages)
                .and_then(|()| self.make(spare.as_mut(), to, &told_image, now_ns, messages));
            let exchanged = match taken {
                Err(wrong) if !wrong.is_no_failure() => {
                    return Err(Wrong::Asymmetric(format!(
                        "the guest does not treat nodes alike: with names exchanged it fails ({wrong})"
                    )));
                }
                taken => taken?,
            };
            let came = (made.came(), exchanged.came());
            symmetry.compare((node, told), by, came, messages)?;
        }
        Ok(())
    }

    /// When a node starts again: starts the others with the same disk and compares.
    pub(super) fn start_exchanged(
        &self,
        life: Life,
        told: &Told,
        now_ns: u64,
        made: &Made,
        messages: &Messages,
    ) -> Result<(), Wrong> {
        // Nodes may be different in the beginning.
        let Some(symmetry) = self.symmetry.as_ref().filter(|_| life.lives > 0) else {
            return Ok(());
        };
        for to in 0..u8::try_from(messages.nodes().len()).unwrap_or(u8::MAX) {
            let by = symmetry.that_moves(life.node, to);
            let Some(by) = by.filter(|_| to != life.node) else {
                continue;
            };
            let told_image = symmetry.told(told, by, messages)?;
            let mut live = self.instance(Life { node: to, ..life }, messages)?;
            let other = self.make(live.guest.as_mut(), to, &told_image, now_ns, messages)?;
            let came = (made.came(), other.came());
            symmetry.compare((life.node, told), by, came, messages)?;
        }
        Ok(())
    }
}
