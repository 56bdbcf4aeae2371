//! Access to a guest's memory, every address checked.

use wasmtime::{Caller, Error, Extern, Memory, Result};

use super::errno;
use host_guest::ErrorKind;

/// The guest's memory, with every access checked.
pub(crate) struct Space<'a> {
    bytes: &'a mut [u8],
}

/// An address outside of memory.
pub(crate) struct OutOfBounds;

impl Space<'_> {
    pub(crate) fn range(&mut self, ptr: i32, len: usize) -> Result<&mut [u8], OutOfBounds> {
        let start = ptr.cast_unsigned() as usize;
        let end = start.checked_add(len).ok_or(OutOfBounds)?;
        self.bytes.get_mut(start..end).ok_or(OutOfBounds)
    }

    pub(crate) fn read_u32(&mut self, ptr: i32) -> Result<u32, OutOfBounds> {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(self.range(ptr, 4)?);
        Ok(u32::from_le_bytes(bytes))
    }

    /// Buffer number `i` of an array of addresses and lengths (`iovec`, `ciovec`).
    pub(crate) fn vector(&mut self, vectors: i32, i: i32) -> Result<&mut [u8], OutOfBounds> {
        let vector = vectors.wrapping_add(8 * i);
        let ptr = self.read_u32(vector)?.cast_signed();
        let len = self.read_u32(vector.wrapping_add(4))? as usize;
        self.range(ptr, len)
    }

    pub(crate) fn write(&mut self, ptr: i32, bytes: &[u8]) -> Result<(), OutOfBounds> {
        self.range(ptr, bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    pub(crate) fn write_u32(&mut self, ptr: i32, value: usize) -> Result<(), OutOfBounds> {
        let value = u32::try_from(value).map_err(|_| OutOfBounds)?;
        self.write(ptr, &value.to_le_bytes())
    }
}

/// More buffers than this in one call are refused, as Linux does.
const VECTORS_MAX: i32 = 1024;

fn memory<T: 'static>(caller: &mut Caller<'_, T>) -> Result<Memory> {
    caller
        .get_export(host_protocol::abi::MEMORY)
        .and_then(Extern::into_memory)
        .ok_or_else(|| Error::new(ErrorKind::Denied("it called WASI without a memory".into())))
}

/// What a call into the host costs, in fuel: about as much as it takes longer than an
/// instruction of the guest. Without it a loop of calls would meet the wall-clock limit,
/// which is not exact, before its fuel is used up.
pub(crate) const CALL_UNITS: u64 = 100;

/// What each buffer of a read or a write costs, empty or not.
const VECTOR_UNITS: u64 = 10;

/// Whether a call may have so many buffers; if so, takes the fuel for looking at them.
pub(crate) fn admit_vectors<T>(caller: &mut Caller<'_, T>, count: i32) -> Result<bool> {
    let is_admitted = (0..=VECTORS_MAX).contains(&count);
    if is_admitted {
        charge(caller, VECTOR_UNITS * u64::from(count.cast_unsigned()))?;
    }
    Ok(is_admitted)
}

/// Takes the fuel for one call.
pub(crate) fn charge_call<T>(caller: &mut Caller<'_, T>) -> Result<()> {
    charge(caller, CALL_UNITS)
}

/// Runs `body` on the guest's memory and the host's state; an address outside of
/// memory becomes an error code.
pub(crate) fn with_memory<T: 'static>(
    caller: &mut Caller<'_, T>,
    body: impl FnOnce(&mut Space<'_>, &mut T) -> Result<i32, OutOfBounds>,
) -> Result<i32> {
    charge_call(caller)?;
    let memory = memory(caller)?;
    let (bytes, state) = memory.data_and_store_mut(caller);
    Ok(body(&mut Space { bytes }, state).unwrap_or(errno::FAULT))
}

/// Takes fuel for work that the host does for the guest.
pub(crate) fn charge<T>(caller: &mut Caller<'_, T>, units: u64) -> Result<()> {
    let left = caller.get_fuel()?;
    match left.checked_sub(units) {
        Some(left) => caller.set_fuel(left),
        None => Err(Error::new(wasmtime::Trap::OutOfFuel)),
    }
}
