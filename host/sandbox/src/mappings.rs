//! Memory mappings: Linux allows a process only so many (`vm.max_map_count`, 65,530 unless it is set), and each guest takes
//! some of them.
//!
//! The memory of a guest has up to four: what it writes below its data, its data (copied from the module's file when it is
//! written), its heap, and the addresses that it may grow into. A program runs on a stack of its own, which has two: itself
//! and the page that guards it. One of Go has a second memory. A process that has no mapping left cannot allocate memory
//! either, so what will not fit is refused before it begins.

use std::fs;

/// The most mappings of a guest of the ABI.
pub(crate) const OF_LIBRARY: usize = 4;

/// The most mappings of a program.
pub(crate) const OF_PROGRAM: usize = OF_LIBRARY + 2;

/// The most mappings of a program of Go: the memory of its constants has two more, what is in it and the addresses behind that.
pub(crate) const OF_PROGRAM_OF_GO: usize = OF_PROGRAM + 2;

/// What this program takes itself: its libraries, threads and large allocations.
const OF_HOST: usize = 1000;

/// How many memories, each with all that a 32-bit address can reach, the addresses of a process have room for: 2^47 bytes of
/// a 64-bit processor, less some for all else.
const MEMORIES_MAX: usize = 30_000;

/// More guests than the system has mappings for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{guests} guests at a time need {needed} memory mappings, and the system allows a process {allowed}: run fewer nodes, or \
     fewer runs at a time (RAYON_NUM_THREADS=1), or allow more: sysctl -w vm.max_map_count={needed}"
)]
pub struct TooManyGuests {
    guests: usize,
    needed: usize,
    allowed: usize,
}

/// How many mappings a process may have; `None` where there is no such limit or it is not told.
fn allowed() -> Option<usize> {
    let text = fs::read_to_string("/proc/sys/vm/max_map_count").ok()?;
    text.trim().parse().ok()
}

/// How many guests, of whatever kind, this system has mappings and addresses for at a time.
#[must_use]
pub fn guests_max() -> usize {
    fitting(allowed())
}

fn fitting(allowed: Option<usize>) -> usize {
    let mapped = allowed.map(|allowed| allowed.saturating_sub(OF_HOST) / OF_PROGRAM_OF_GO);
    mapped.unwrap_or(MEMORIES_MAX).min(MEMORIES_MAX)
}

/// Checks that so many guests with so many mappings each can be had.
pub(crate) fn check(guests: usize, of_each: usize) -> Result<(), TooManyGuests> {
    check_against(allowed(), guests, of_each)
}

fn check_against(
    allowed: Option<usize>,
    guests: usize,
    of_each: usize,
) -> Result<(), TooManyGuests> {
    let needed = guests.saturating_mul(of_each).saturating_add(OF_HOST);
    match allowed {
        Some(allowed) if needed > allowed => Err(TooManyGuests {
            guests,
            needed,
            allowed,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Linux allows unless somebody changes it (`DEFAULT_MAX_MAP_COUNT`, include/linux/mm.h).
    const USUAL: usize = 65_530;

    #[test]
    fn ten_thousand_nodes_fit_of_either_kind_and_twice_as_many_are_refused() {
        for of_each in [OF_LIBRARY, OF_PROGRAM] {
            assert_eq!(check_against(Some(USUAL), 10_001, of_each), Ok(()));
            assert_eq!(check_against(None, usize::MAX, of_each), Ok(()));
        }
        let refused = check_against(Some(USUAL), 20_002, OF_LIBRARY).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "20002 guests at a time need 81008 memory mappings, and the system allows a process 65530: run fewer nodes, or \
             fewer runs at a time (RAYON_NUM_THREADS=1), or allow more: sysctl -w vm.max_map_count=81008"
        );
    }

    #[test]
    fn what_fits_is_what_the_check_lets_pass() {
        for allowed in [USUAL, 1000, 1007, 1008, 262_144, 10_000_000] {
            let guests = fitting(Some(allowed));
            assert!(check_against(Some(allowed), guests, OF_PROGRAM_OF_GO).is_ok() || guests == 0);
            let one_more = check_against(Some(allowed), guests + 1, OF_PROGRAM_OF_GO);
            assert!(one_more.is_err() || guests == MEMORIES_MAX);
        }
        assert_eq!(fitting(Some(USUAL)), 8_066);
        assert_eq!(fitting(None), MEMORIES_MAX);
    }
}
