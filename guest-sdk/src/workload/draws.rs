//! Random choices.

use host_protocol::draw::below;

/// Random choices of a workload. In a module they come from the run's seed, by a stream of their own.
pub struct Draws(Source);

enum Source {
    #[cfg(target_family = "wasm")]
    Host,
    #[cfg(not(target_family = "wasm"))]
    Seed(fastrand::Rng),
    #[cfg(not(target_family = "wasm"))]
    Words(Box<dyn FnMut() -> u64 + Send>),
}

#[cfg(target_family = "wasm")]
#[expect(unsafe_code, reason = "functions of WASI are called through pointers")]
mod wasi {
    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    unsafe extern "C" {
        fn random_get(buffer: *mut u8, len: usize) -> i32;
    }

    /// 64 random bits of the host; none if it has none.
    pub(super) fn word() -> Option<u64> {
        let mut bytes = [0; 8];
        // SAFETY: the pointer is valid for writes of 8 bytes, the length that it comes with.
        let errno = unsafe { random_get(bytes.as_mut_ptr(), bytes.len()) };
        (errno == 0).then(|| u64::from_le_bytes(bytes))
    }
}

impl Draws {
    #[cfg(target_family = "wasm")]
    pub(super) fn of_host() -> Self {
        Draws(Source::Host)
    }

    /// Choices that a seed determines, for tests.
    #[cfg(not(target_family = "wasm"))]
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        Draws(Source::Seed(fastrand::Rng::with_seed(seed)))
    }

    /// Choices that random words determine.
    #[cfg(not(target_family = "wasm"))]
    #[must_use]
    pub fn of_words(words: Box<dyn FnMut() -> u64 + Send>) -> Self {
        Draws(Source::Words(words))
    }

    /// Draws 64 random bits.
    ///
    /// # Panics
    /// If the host has none.
    pub fn word(&mut self) -> u64 {
        match &mut self.0 {
            #[cfg(target_family = "wasm")]
            Source::Host => wasi::word().expect("the host has random bytes"),
            #[cfg(not(target_family = "wasm"))]
            Source::Seed(rng) => rng.u64(..),
            #[cfg(not(target_family = "wasm"))]
            Source::Words(words) => words(),
        }
    }

    /// Draws a number from 0 to below `end`, uniformly; 0 if `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        below(end, || self.word())
    }

    /// Draws an index of a slice of `len` elements.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is below len, which is a usize"
    )]
    pub fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// Draws one of `choices`, uniformly.
    ///
    /// # Panics
    /// If `choices` is empty.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }

    /// Draws true in `permille` of 1000 cases.
    pub fn chance(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// Shuffles `items`.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }
}
