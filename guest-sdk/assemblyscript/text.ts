// Text in words: four units of a string, which is UTF-16, or four or eight bytes of UTF-8 at a time. A node looks at each character of
// an event many times, and most are ASCII that is like its neighbours.

const ONES: u64 = 0x0001000100010001, TOPS: u64 = 0x8000800080008000;
const QUOTES: u64 = 0x22 * ONES, BACKSLASHES: u64 = 0x5c * ONES;

/** Not 0 in its highest bits if one of four units is 0, and only then. */
// @ts-ignore: decorator
@inline
function zeros(units: u64): u64 { return (units - ONES) & ~units & TOPS; }

/** The first quote or backslash among units, or the end. */
export function toQuote(at: usize, end: usize): usize {
  for (; at + 8 <= end; at += 8) {
    const units = load<u64>(at);
    if (zeros(units ^ QUOTES) | zeros(units ^ BACKSLASHES)) break;
  }
  for (; at < end; at += 2) {
    const c = load<u16>(at);
    if (c == 0x22 || c == 0x5c) break;
  }
  return at;
}

/** The first unit that is not written in JSON as it is, or that depends on the next: an escape, a surrogate. Or the end. */
export function toSpecial(at: usize, end: usize): usize {
  for (; at + 8 <= end; at += 8) {
    const units = load<u64>(at), controls = zeros(units & (0xffe0 * ONES));
    if (zeros(units ^ QUOTES) | zeros(units ^ BACKSLASHES) | controls | zeros((units & (0xf800 * ONES)) ^ (0xd800 * ONES))) break;
  }
  for (; at < end; at += 2) {
    const c = load<u16>(at);
    if (c < 0x20 || c == 0x22 || c == 0x5c || (c & 0xf800) == 0xd800) break;
  }
  return at;
}

/** The first newline among bytes, or the end. */
export function toNewline(at: usize, end: usize): usize {
  for (; at + 8 <= end; at += 8) {
    const bytes = load<u64>(at) ^ 0x0a0a0a0a0a0a0a0a;
    if ((bytes - 0x0101010101010101) & ~bytes & 0x8080808080808080) break;
  }
  while (at < end && load<u8>(at) != 0x0a) at++;
  return at;
}

/** The string of UTF-8. */
export function decoded(from: usize, length: usize): string {
  const text = changetype<string>(__new(length << 1, idof<string>()));
  let at = from, out = changetype<usize>(text), end = from + length;
  for (; at + 4 <= end; at += 4, out += 8) {
    const bytes = load<u32>(at);
    if (bytes & 0x80808080) return String.UTF8.decodeUnsafe(from, length);
    const pairs = (u64(bytes) | (u64(bytes) << 16)) & 0x0000ffff0000ffff;
    store<u64>(out, (pairs | (pairs << 8)) & 0x00ff00ff00ff00ff);
  }
  for (; at < end; at++, out += 2) {
    const byte = load<u8>(at);
    if (byte & 0x80) return String.UTF8.decodeUnsafe(from, length);
    store<u16>(out, byte);
  }
  return text;
}

/** UTF-8 of a string. */
export function encoded(text: string): ArrayBuffer {
  const buffer = new ArrayBuffer(text.length);
  let at = changetype<usize>(text), out = changetype<usize>(buffer);
  const end = at + (<usize>text.length << 1);
  for (; at + 8 <= end; at += 8, out += 4) {
    const units = load<u64>(at);
    if (units & (0xff80 * ONES)) return String.UTF8.encode(text);
    const pairs = (units | (units >> 8)) & 0x0000ffff0000ffff;
    store<u32>(out, u32(pairs | (pairs >> 16)));
  }
  for (; at < end; at += 2, out++) {
    const unit = load<u16>(at);
    if (unit >= 0x80) return String.UTF8.encode(text);
    store<u8>(out, u8(unit));
  }
  return buffer;
}
