// JSON as text: values are pieces of the text that has arrived, and are read when they are asked for.

const QUOTE = 0x22, BACKSLASH = 0x5c, COMMA = 0x2c, COLON = 0x3a;

function isSpace(c: i32): bool { return c == 0x20 || c == 0x09 || c == 0x0a || c == 0x0d; }

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
    let at = this.from + i32(signed);
    if (at >= this.to) return false;
    for (let value: u64 = 0; at < this.to; at++) {
      const digit = u64(this.whole.charCodeAt(at) - 0x30);
      if (digit > 9 || value > (limit - digit) / 10) return false;
      value = value * 10 + digit;
    }
    return true;
  }

  /** The integer, or 0 if it is none: ask isInteger. */
  integer(): i64 {
    if (!this.isInteger) return 0;
    const negative = this.first == 0x2d;
    let value: u64 = 0;
    for (let at = this.from + i32(negative); at < this.to; at++) value = value * 10 + (this.whole.charCodeAt(at) - 0x30);
    return negative ? i64(0 - value) : i64(value);
  }

  unsigned(): u64 {
    if (!this.isUnsigned) return 0;
    let value: u64 = 0;
    for (let at = this.from; at < this.to; at++) value = value * 10 + (this.whole.charCodeAt(at) - 0x30);
    return value;
  }

  boolean(): bool { return this.text == "true"; }

  /** The characters of a string, or "" if it is none: ask isString. */
  string(): string {
    if (!this.isString) return "";
    const to = this.to - 1;
    let done = this.from + 1;
    const parts: string[] = [], base = changetype<usize>(this.whole);
    for (let at = done; at < to; at++) {
      if (load<u16>(base + (<usize>at << 1)) != BACKSLASH) continue;
      parts.push(this.whole.substring(done, at));
      const escape = this.whole.charCodeAt(++at);
      if (escape == 0x75) {
        // Surrogates are halves here as there.
        const unit = I32.parseInt(this.whole.substring(at + 1, at + 5), 16);
        parts.push(String.fromCharCode(unit));
        at += 4;
      } else {
        const place = "bfnrt".indexOf(String.fromCharCode(escape));
        parts.push(place < 0 ? String.fromCharCode(escape) : "\b\f\n\r\t".charAt(place));
      }
      done = at + 1;
    }
    if (parts.length == 0) return this.whole.substring(done, to);
    parts.push(this.whole.substring(done, to));
    return parts.join("");
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
        for (at += 2; at < end; at += 2) {
          const inner = load<u16>(at);
          if (inner == BACKSLASH) at += 2;
          else if (inner == QUOTE) break;
        }
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
  const parts: string[] = ['"'];
  let done = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at);
    let escape = "";
    if (c == QUOTE || c == BACKSLASH) {
      escape = "\\" + String.fromCharCode(c);
    } else if (c < 0x20) {
      escape = "\\u00" + (c < 0x10 ? "0" : "") + c.toString(16);
    } else if (c >= 0xd800 && c < 0xe000) {
      const next = at + 1 < text.length ? text.charCodeAt(at + 1) : 0;
      if (c < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
        at++;
        continue;
      }
      escape = "\\ufffd";
    } else {
      continue;
    }
    parts.push(text.substring(done, at));
    parts.push(escape);
    done = at + 1;
  }
  parts.push(text.substring(done));
  parts.push('"');
  return parts.join("");
}

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
