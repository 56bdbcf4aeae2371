//! One session for many copies of clients. A run has one copy, which is always the one whose state the
//! session has. An exploration has many: the session takes over the state of the copy that is asked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::session::Session;

/// A session, and whose state it has.
pub(crate) struct Shared {
    session: Session,
    live: Weak<Slot>,
}

/// The state of a copy, while the session has another one's.
type Slot = Mutex<Option<Arc<[u8]>>>;

/// One copy.
pub(crate) struct Copy {
    shared: Arc<Mutex<Shared>>,
    slot: Arc<Slot>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Copy {
    /// The only copy of a session that has begun.
    pub(crate) fn of(session: Session) -> Self {
        let slot = Arc::default();
        let live = Arc::downgrade(&slot);
        Copy {
            shared: Arc::new(Mutex::new(Shared { session, live })),
            slot,
        }
    }

    /// Has the session do something with the state of this copy.
    pub(crate) fn with<T>(
        &self,
        act: impl FnOnce(&mut Session) -> Result<T, String>,
    ) -> Result<T, String> {
        let mut shared = locked(&self.shared);
        let shared = &mut *shared;
        let live = shared.live.upgrade();
        if !live
            .as_ref()
            .is_some_and(|live| Arc::ptr_eq(live, &self.slot))
        {
            if let Some(live) = live {
                *locked(&live) = Some(shared.session.snapshot()?.into());
            }
            shared.live = Weak::new();
            let state = locked(&self.slot).take();
            let state = state.ok_or_else(|| "the state of its clients is gone".to_owned())?;
            shared.session.restore(&state)?;
            shared.live = Arc::downgrade(&self.slot);
        }
        act(&mut shared.session)
    }

    /// Another copy with the same state.
    pub(crate) fn copy(&self) -> Result<Self, String> {
        let mut shared = locked(&self.shared);
        let is_live = std::ptr::eq(shared.live.as_ptr(), Arc::as_ptr(&self.slot));
        let state: Arc<[u8]> = match is_live {
            true => shared.session.snapshot()?.into(),
            false => {
                let state = locked(&self.slot).clone();
                state.ok_or_else(|| "the state of its clients is gone".to_owned())?
            }
        };
        Ok(Copy {
            shared: Arc::clone(&self.shared),
            slot: Arc::new(Mutex::new(Some(state))),
        })
    }
}
