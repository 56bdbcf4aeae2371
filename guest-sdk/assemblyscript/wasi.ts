// The functions of WASI that a node needs. Nothing here is made when the module starts: the compiler's memory manager calls `abort`, so this
// file starts before it.

@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: i32, buffers: usize, count: i32, written: usize): i32;
@external("wasi_snapshot_preview1", "random_get")
export declare function random_get(at: usize, length: i32): i32;
@external("wasi_snapshot_preview1", "args_sizes_get")
declare function args_sizes_get(count: usize, bytes: usize): i32;
@external("wasi_snapshot_preview1", "args_get")
declare function args_get(places: usize, bytes: usize): i32;

/** Room for what WASI returns. */
export function scratch(): usize { return memory.data(16, 8); }

export function complain(text: string): void {
  const bytes = String.UTF8.encode(text + "\n");
  store<u32>(scratch(), <u32>changetype<usize>(bytes));
  store<u32>(scratch(), bytes.byteLength, 4);
  fd_write(2, scratch(), 1, scratch() + 8);
}

/** What the compiler calls where the program cannot go on. */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const what = message == null ? "aborted" : message;
  const where = file == null ? "" : " in " + file + ":" + line.toString();
  complain(what + where);
  unreachable();
}

/** The value behind `--name` among the arguments, or null. */
export function option(name: string): string | null {
  if (args_sizes_get(scratch(), scratch() + 4) != 0) return null;
  const count = load<u32>(scratch());
  const places = new StaticArray<u32>(count), bytes = new StaticArray<u8>(load<u32>(scratch(), 4));
  if (args_get(changetype<usize>(places), changetype<usize>(bytes)) != 0) return null;
  for (let i: u32 = 1; i + 1 < count; i++) {
    if (textAt(places[i]) == "--" + name) return textAt(places[i + 1]);
  }
  return null;
}

/** The text at an address, up to a NUL. */
function textAt(at: usize): string {
  let length = 0;
  while (load<u8>(at + length) != 0) length++;
  return String.UTF8.decodeUnsafe(at, length);
}
