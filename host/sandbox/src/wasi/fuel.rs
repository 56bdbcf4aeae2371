//! The fuel that calls into the host cost.

use wasmtime::{AsContextMut, Caller, Error, Result, Trap};

/// The most buffers in one call, as on Linux.
const VECTORS_MAX: i32 = 1024;

/// For a call into the host, whatever it does and whether it succeeds.
pub(crate) const CALL_UNITS: u64 = 1_000;

/// For each buffer of a read or a write, and each subscription of a wait, even if it is empty.
pub(crate) const BUFFER_UNITS: u64 = 100;

/// For each byte that the host copies from or to the memory of a guest.
pub(crate) const COPIED_BYTE_UNITS: u64 = 1;

/// For each random byte.
pub(crate) const RANDOM_BYTE_UNITS: u64 = 3;

/// For each name on a path that the host follows, and each that it lists.
pub(crate) const NAME_UNITS: u64 = 1_000;

/// For each unsynced change of the disk that a sync looks at.
pub(crate) const UNSYNCED_UNITS: u64 = 300;

/// For each other thread, when one waits, yields or wakes others.
pub(crate) const SEARCH_UNITS: u64 = 50;

/// For a thread that is started: its instance, its stack and its end.
pub(crate) const THREAD_UNITS: u64 = 400_000;

/// Charges for the buffers of a call. Returns false, without a charge, if there are too
/// many.
pub(crate) fn admit_vectors<T>(caller: &mut Caller<'_, T>, count: i32) -> Result<bool> {
    let is_admitted = (0..=VECTORS_MAX).contains(&count);
    if is_admitted {
        charge(caller, BUFFER_UNITS * u64::from(count.cast_unsigned()))?;
    }
    Ok(is_admitted)
}

/// Charges for one call into the host.
pub(crate) fn charge_call<T>(caller: &mut Caller<'_, T>) -> Result<()> {
    charge(caller, CALL_UNITS)
}

/// Takes `units` of fuel from the guest. If it has less it loses all of it, and traps.
pub(crate) fn charge(store: &mut impl AsContextMut, units: u64) -> Result<()> {
    let mut store = store.as_context_mut();
    let left = store.get_fuel()?;
    store.set_fuel(left.saturating_sub(units))?;
    match left < units {
        true => Err(Error::new(Trap::OutOfFuel)),
        false => Ok(()),
    }
}
