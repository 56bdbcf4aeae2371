// JSON as text: values are pieces of the text that has arrived, and are read when they are asked for.
import { toQuote, toSpecial } from "./text";

const QUOTE = 0x22, BACKSLASH = 0x5c, COMMA = 0x2c, COLON = 0x3a;

function isSpace(c: i32): bool { return c == 0x20 || c == 0x09 || c == 0x0a || c == 0x0d; }

let lastDigits: u64 = 0; // what they say that were last found to be an integer

/** A value as JSON text. An empty piece stands for what is missing. */
export class Json {
  constructor(private whole: string, private from: i32, private to: i32) {}

  static of(text: string): Json { return new Json(text, 0, text.length); }

  /** The text, as it arrived. */
  get text(): string { return this.whole.substring(this.from, this.to); }
  get isMissing(): bool { return this.from >= this.to; }
  private get first(): i32 { return this.isMissing ? 0 : this.whole.charCodeAt(this.from); }
  get isString(): bool { return this.first == QUOTE; }
  get isList(): bool { return this.first == 0x5b; }
  get isObject(): bool { return this.first == 0x7b; }

  /** The value of a field of an object. */
  get(key: string): Json {
    if (!this.isObject) return new Json("", 0, 0);
    const inside = new Inside(this.whole, this.from + 1, this.to - 1);
    while (true) {
      const name = inside.next();
      if (name.isMissing) return name;
      const value = inside.next();
      if (name.string() == key) return value;
    }
  }

  /** The items of a list. */
  items(): Json[] {
    const items: Json[] = [];
    if (!this.isList) return items;
    const inside = new Inside(this.whole, this.from + 1, this.to - 1);
    while (true) {
      const item = inside.next();
      if (item.isMissing) return items;
      items.push(item);
    }
  }

  /** The fields of an object, in one pass. */
  fields(): Map<string, Json> {
    const fields = new Map<string, Json>();
    if (!this.isObject) return fields;
    const inside = new Inside(this.whole, this.from + 1, this.to - 1);
    while (true) {
      const name = inside.next();
      if (name.isMissing) return fields;
      fields.set(name.string(), inside.next());
    }
  }

  /** Whether it is an integer of 64 bits with a sign. */
  get isInteger(): bool {
    const negative = this.first == 0x2d;
    const limit: u64 = negative ? 1 << 63 : i64.MAX_VALUE;
    return this.digits(negative, limit);
  }

  /** Whether it is an integer of 64 bits without a sign. */
  get isUnsigned(): bool { return this.digits(false, u64.MAX_VALUE); }

  private digits(signed: bool, limit: u64): bool {
    const base = changetype<usize>(this.whole), end = base + (<usize>this.to << 1);
    let at = base + (<usize>(this.from + i32(signed)) << 1), value: u64 = 0;
    if (at >= end) return false;
    const checked = at + (18 << 1); // that many digits are below each limit
    for (; at < end; at += 2) {
      const digit = u64(load<u16>(at)) - 0x30;
      if (digit > 9 || (at >= checked && value > (limit - digit) / 10)) return false;
      value = value * 10 + digit;
    }
    lastDigits = value;
    return true;
  }

  /** The integer, or 0 if it is none: ask isInteger. */
  integer(): i64 {
    if (!this.isInteger) return 0;
    return this.first == 0x2d ? i64(0 - lastDigits) : i64(lastDigits);
  }

  unsigned(): u64 { return this.isUnsigned ? lastDigits : 0; }

  boolean(): bool { return this.text == "true"; }

  /** The characters of a string, or "" if it is none: ask isString. */
  string(): string {
    if (!this.isString) return "";
    const from = changetype<usize>(this.whole) + (<usize>(this.from + 1) << 1);
    const end = changetype<usize>(this.whole) + (<usize>(this.to - 1) << 1);
    let at = toQuote(from, end);
    if (at >= end) return this.whole.substring(this.from + 1, this.to - 1);
    // In one piece, since garbage costs more than characters. None is longer than its escape.
    const buffer = new ArrayBuffer(i32(end - from)), start = changetype<usize>(buffer);
    memory.copy(start, from, at - from);
    let out = start + (at - from);
    while (at < end) {
      let c = load<u16>(at + 2);
      if (c == 0x75) {
        // Surrogates are halves here as there.
        c = ofHex(at + 4);
        at += 12;
      } else {
        c = ofEscape(c);
        at += 4;
      }
      store<u16>(out, c);
      out += 2;
      const next = toQuote(at, end);
      memory.copy(out, at, next - at);
      out += next - at;
      at = next;
    }
    return String.UTF16.decodeUnsafe(start, out - start);
  }
}

function ofHex(at: usize): u16 {
  let unit: u16 = 0;
  for (let end = at + 8; at < end; at += 2) {
    const c = load<u16>(at);
    unit = (unit << 4) | (c < 0x41 ? c - 0x30 : (c | 0x20) - 0x57);
  }
  return unit;
}

/** What a letter behind a backslash stands for. */
function ofEscape(c: u16): u16 {
  switch (c) {
    case 0x62: return 0x08;
    case 0x66: return 0x0c;
    case 0x6e: return 0x0a;
    case 0x72: return 0x0d;
    case 0x74: return 0x09;
    default: return c;
  }
}

/** What is inside the brackets of a list or an object. */
class Inside {
  constructor(private whole: string, private at: i32, private to: i32) {}

  /** Takes the value in front, and the comma or colon behind it. Nothing calls itself: nesting of any depth is right. */
  next(): Json {
    // All that is read goes through here, so the text is read in place: two bytes a unit.
    const base = changetype<usize>(this.whole), end = base + (<usize>max(this.to, 0) << 1);
    let at = base + (<usize>this.at << 1);
    while (at < end && isSpace(load<u16>(at))) at += 2;
    const from = at;
    let depth = 0;
    for (; at < end; at += 2) {
      const c = load<u16>(at);
      if (c == QUOTE) {
        at = toQuote(at + 2, end);
        while (at < end && load<u16>(at) == BACKSLASH) at = toQuote(at + 4, end);
      } else if (c == 0x5b || c == 0x7b) {
        depth++;
      } else if (c == 0x5d || c == 0x7d) {
        depth--;
      } else if (depth == 0 && (c == COMMA || c == COLON || isSpace(c))) {
        break;
      }
    }
    at = min(at, end);
    const value = new Json(this.whole, i32((from - base) >> 1), i32((at - base) >> 1));
    while (at < end && isSpace(load<u16>(at))) at += 2;
    if (at < end) at += 2; // a comma or a colon
    this.at = i32((at - base) >> 1);
    return value;
  }
}

/** A string as JSON. Half a surrogate pair becomes U+FFFD, because messages are UTF-8. */
export function quoted(text: string): string {
  const from = changetype<usize>(text), end = from + (<usize>text.length << 1);
  let escapes = 0; // at most
  for (let at = toSpecial(from, end); at < end; at = toSpecial(at + 2, end)) escapes++;
  const buffer = new ArrayBuffer((text.length + 2 + 5 * escapes) << 1), start = changetype<usize>(buffer);
  let at = from, out = start + 2;
  store<u16>(start, QUOTE);
  while (true) {
    const next = toSpecial(at, end);
    memory.copy(out, at, next - at);
    out += next - at;
    at = next;
    if (at >= end) break;
    const c = load<u16>(at);
    if (isHalf(c, 0xd800) && at + 2 < end && isHalf(load<u16>(at + 2), 0xdc00)) {
      store<u32>(out, load<u32>(at));
      out += 4;
      at += 4;
    } else {
      out = escape(out, c);
      at += 2;
    }
  }
  store<u16>(out, QUOTE);
  return String.UTF16.decodeUnsafe(start, out + 2 - start);
}

/** Whether it is a surrogate of the kind that begins there. */
function isHalf(c: u16, first: u16): bool { return (c & 0xfc00) == first; }

/** Writes the escape of a unit; returns where it ends. */
function escape(out: usize, c: u16): usize {
  const letter: u16 = c == 0x0a ? 0x6e : c == QUOTE || c == BACKSLASH ? c : 0x75;
  store<u32>(out, BACKSLASH | (u32(letter) << 16));
  if (letter != 0x75) return out + 4;
  hex(out + 4, c < 0x20 ? c : 0xfffd, 4);
  return out + 12;
}

/** Writes the last hexadecimal digits of a number. */
export function hex(out: usize, value: u32, digits: i32): void {
  for (let shift = 4 * (digits - 1); shift >= 0; shift -= 4, out += 2) store<u16>(out, hexDigit((value >> shift) & 15));
}

export function hexDigit(value: u32): u16 { return u16(value + (value < 10 ? 0x30 : 0x57)); }

/** The fields of an object that is written. Each method returns the object itself. */
export class Fields {
  private parts: string[] = [];

  json(key: string, value: string): Fields {
    this.parts.push(quoted(key) + ":" + value);
    return this;
  }
  integer(key: string, value: i64): Fields { return this.json(key, value.toString()); }
  unsigned(key: string, value: u64): Fields { return this.json(key, value.toString()); }
  boolean(key: string, value: bool): Fields { return this.json(key, value ? "true" : "false"); }
  string(key: string, value: string): Fields { return this.json(key, quoted(value)); }
  integers(key: string, values: i64[]): Fields { return this.json(key, "[" + values.join(",") + "]"); }

  /** The object. */
  toString(): string { return "{" + this.parts.join(",") + "}"; }
}
