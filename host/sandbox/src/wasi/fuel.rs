//! The fuel that calls into the host cost.

use wasmtime::{Caller, Error, Result, Trap};

/// The most buffers in one call, as on Linux.
const VECTORS_MAX: i32 = 1024;

/// The cost of a call into the host: about as many instructions as the call takes time.
/// Without it, a loop of calls would reach the limit of wall time, which is not exact,
/// before it has used up its fuel.
pub(crate) const CALL_UNITS: u64 = 100;

/// The cost of each buffer of a read or a write, even if it is empty.
const VECTOR_UNITS: u64 = 10;

/// Charges for the buffers of a call. Returns false, without a charge, if there are too
/// many.
pub(crate) fn admit_vectors<T>(caller: &mut Caller<'_, T>, count: i32) -> Result<bool> {
    let is_admitted = (0..=VECTORS_MAX).contains(&count);
    if is_admitted {
        charge(caller, VECTOR_UNITS * u64::from(count.cast_unsigned()))?;
    }
    Ok(is_admitted)
}

/// Charges for one call into the host.
pub(crate) fn charge_call<T>(caller: &mut Caller<'_, T>) -> Result<()> {
    charge(caller, CALL_UNITS)
}

/// Takes `units` of fuel from the guest; traps if it has less.
pub(crate) fn charge<T>(caller: &mut Caller<'_, T>, units: u64) -> Result<()> {
    let left = caller.get_fuel()?;
    match left.checked_sub(units) {
        Some(left) => caller.set_fuel(left),
        None => Err(Error::new(Trap::OutOfFuel)),
    }
}
