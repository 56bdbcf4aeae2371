//! Access to a guest's memory with every address checked.

use host_guest::ErrorKind;
use wasmtime::{Caller, Error, Extern, Result};

use super::{WasiState, errno};

/// The memory of a guest.
pub(crate) struct GuestMemory<'a> {
    bytes: &'a mut [u8],
}

/// An address is outside of memory.
pub(crate) struct OutOfBounds;

impl GuestMemory<'_> {
    /// The `len` bytes at `ptr`.
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

    pub(crate) fn write_u64(&mut self, ptr: i32, value: u64) -> Result<(), OutOfBounds> {
        self.write(ptr, &value.to_le_bytes())
    }

    /// Buffer number `i` of the array `vectors` of addresses and lengths (`iovec`, `ciovec`).
    pub(crate) fn vector(&mut self, vectors: i32, i: i32) -> Result<&mut [u8], OutOfBounds> {
        let vector = vectors.wrapping_add(8 * i);
        let ptr = self.read_u32(vector)?.cast_signed();
        let len = self.read_u32(vector.wrapping_add(4))? as usize;
        self.range(ptr, len)
    }

    /// The bytes of `count` buffers together. Fails if one is not inside of memory.
    pub(crate) fn vectors_len(&mut self, vectors: i32, count: i32) -> Result<usize, OutOfBounds> {
        (0..count).try_fold(0, |total: usize, i| {
            Ok(total.saturating_add(self.vector(vectors, i)?.len()))
        })
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

/// Runs `body` on the guest's memory and the host's state. An address outside of memory becomes
/// the error code `FAULT`.
pub(crate) fn with_memory<T: WasiState>(
    caller: &mut Caller<'_, T>,
    body: impl FnOnce(&mut GuestMemory<'_>, &mut T) -> Result<i32, OutOfBounds>,
) -> Result<i32> {
    let known = caller.data_mut().guest().memory.map(Extern::Memory);
    let memory = known.or_else(|| caller.get_export(host_protocol::abi::MEMORY));
    let answer = match memory {
        Some(Extern::Memory(memory)) => {
            let (bytes, state) = memory.data_and_store_mut(caller);
            body(&mut GuestMemory { bytes }, state)
        }
        Some(Extern::SharedMemory(memory)) => {
            let cells = memory.data();
            #[expect(unsafe_code, reason = "the engine cannot know that nobody else runs")]
            // SAFETY: the bytes are those of `memory`, which lives until the end of this arm. All
            // threads of a program are fibers of one thread of the machine, and the one that
            // runs is in this call; what it is about to run is `body`, which has no other way to
            // the memory. So nothing else reads or writes the bytes meanwhile.
            let bytes = unsafe {
                let first = std::cell::UnsafeCell::raw_get(cells.as_ptr());
                std::slice::from_raw_parts_mut(first, cells.len())
            };
            body(&mut GuestMemory { bytes }, caller.data_mut())
        }
        _ => {
            let text = "it called WASI without a memory";
            return Err(Error::new(ErrorKind::Denied(text.into())));
        }
    };
    Ok(answer.unwrap_or(errno::FAULT))
}
