//! The request to end all work early, which a signal makes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How often a thread that waits looks whether it still should.
const POLL: Duration = Duration::from_millis(50);

/// A request to end all work early. All clones are the same request, which is never withdrawn.
///
/// Work that is interrupted has no result: what it would have been is not known.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Makes the request.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it has been made.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The flag that makes the request when it is set, for a signal handler.
    #[must_use]
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    /// Does work that cannot be interrupted, on a thread of its own. If the request is made before
    /// the work is done, the thread is left behind and the result is `None`.
    ///
    /// # Panics
    /// If the work panics, with the same message.
    pub fn wait_for<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        if self.is_requested() {
            return None;
        }
        let (done, waiting) = mpsc::channel();
        let worker = thread::spawn(move || {
            // Nobody waits for it after an interrupt.
            let _ = done.send(work());
        });
        loop {
            match waiting.recv_timeout(POLL) {
                Ok(result) => return Some(result),
                Err(RecvTimeoutError::Timeout) if self.is_requested() => return None,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => match worker.join() {
                    Err(panic) => std::panic::resume_unwind(panic),
                    Ok(()) => return None, // it cannot end without a result
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;
    use std::time::Instant;

    #[test]
    fn work_is_waited_for_until_it_is_done_or_interrupted() {
        let interrupt = Interrupt::default();
        assert_eq!(interrupt.wait_for(|| 7), Some(7));
        let signal = interrupt.clone();
        let begin = Instant::now();
        let result = interrupt.wait_for(move || {
            signal.request();
            thread::sleep(Duration::from_secs(60));
        });
        assert_eq!(result, None);
        assert!(begin.elapsed() < Duration::from_secs(10));
        assert_eq!(interrupt.wait_for(|| 7), None); // nothing begins after the request
    }

    #[test]
    fn a_panic_of_the_work_is_a_panic_of_who_waits_for_it() {
        let panic = catch_unwind(|| Interrupt::default().wait_for(|| panic!("why"))).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"why"));
    }
}
