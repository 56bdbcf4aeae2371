// Files that outlive the process: `import { disk } from "./maelstrom"`. They are read in `init` of the node only; from then on its own
// fields are the truth, and the disk is only written.
//
// A change is visible at once, and durable after a sync. A node must not speak of what it may forget: while there are changes that
// are not synced, the library puts a sync before every message, and what comes behind it in the step happens when the disk has
// answered. What was read counts as a change, since a killed node finds what it never synced.
//
// A name has 1 to 255 bytes, is neither "." nor "..", and has no slash. Other names, a file to rename that is not there, and a disk
// beyond the limits of the host fail the step.
import { effect, isBehindSync, isUnsynced, needsSync, syncIfDue } from "./effects";
import { Fields, Json, hex, hexDigit, quoted } from "./json";
import { decoded, encoded, toNewline } from "./text";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", PADDING: u8 = 0x3d;

let survived: Map<string, Json> | null = null; // what there was; only while the node starts
let withoutSync = false;

/** While true, for one handler at most, messages do not wait for what is changed or read: it may be lost. */
export function setWithoutSync(without: bool): void { withoutSync = without; }

/** Makes all changes durable before what follows in this step happens. */
export function sync(): void {
  needsSync();
  syncIfDue();
}

/** Whether no message has to wait: every change is durable, or behind it in this step stands a sync. */
export function isSynced(): bool { return !isUnsynced(); }

function change(kind: string, fields: Fields): void {
  effect('{"' + kind + '":' + fields.toString() + "}");
  if (!withoutSync) needsSync();
}

function named(file: string): Fields { return new Fields().string("file", file); }

/** Replaces a file. After a crash it has all of the bytes, or is as before. */
export function put(file: string, bytes: Uint8Array): void { change("put", named(file).string("base64", base64(bytes))); }

/** Writes to the end of a file, which is made if there is none. */
export function append(file: string, bytes: Uint8Array): void { change("append", named(file).string("base64", base64(bytes))); }

/** Writes from the offset on. The file is made if there is none, and filled with zeros up to there. */
export function write(file: string, at: u64, bytes: Uint8Array): void {
  change("write", named(file).unsigned("at", at).string("base64", base64(bytes)));
}

/** Cuts a file to a length, or fills it with zeros up to there. It is made if there is none. */
export function truncate(file: string, length: u64): void { change("truncate", named(file).unsigned("len", length)); }

/** Gives a file another name; one that has it is replaced. */
export function rename(from: string, to: string): void { change("rename", new Fields().string("from", from).string("to", to)); }

/** Removes a file, if there is one. */
export function remove(file: string): void { change("remove", named(file)); }

function base64(bytes: Uint8Array): string {
  const digits = new Uint8Array(((bytes.length + 2) / 3) * 4);
  for (let at = 0, done = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const group = (u32(bytes[at]) << 16) | (left > 1 ? u32(bytes[at + 1]) << 8 : 0) | (left > 2 ? u32(bytes[at + 2]) : 0);
    digits[done++] = u8(DIGITS.charCodeAt(group >> 18));
    digits[done++] = u8(DIGITS.charCodeAt((group >> 12) & 63));
    digits[done++] = left > 1 ? u8(DIGITS.charCodeAt((group >> 6) & 63)) : PADDING;
    digits[done++] = left > 2 ? u8(DIGITS.charCodeAt(group & 63)) : PADDING;
  }
  return textOf(digits, 0, digits.length);
}

function ofDigit(c: i32): u32 {
  if (c >= 0x61) return c - 0x61 + 26;
  if (c >= 0x41) return c - 0x41;
  return c >= 0x30 ? c - 0x30 + 52 : c == 0x2b ? 62 : 63;
}

function ofBase64(digits: string): Uint8Array {
  const padding = digits.endsWith("==") ? 2 : i32(digits.endsWith("="));
  const bytes = new Uint8Array((digits.length / 4) * 3 - padding);
  for (let at = 0, group: u32 = 0, bits = 0, done = 0; done < bytes.length; at++) {
    group = (group << 6) | ofDigit(digits.charCodeAt(at));
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[done++] = u8(group >> bits);
  }
  return bytes;
}

function files(): Map<string, Json> {
  assert(survived != null, "the disk is read in init only: keep in a field what the node has to know");
  return survived!;
}

/** The names of all files that there were, sorted. */
export function names(): string[] {
  const names = files().keys();
  if (names.length > 0 && !withoutSync) needsSync();
  return names;
}

/** The bytes of a file as it was, or null. */
export function read(file: string): Uint8Array | null {
  if (!files().has(file)) return null;
  if (!withoutSync) needsSync();
  const content = files().get(file), text = content.get("text");
  return text.isMissing ? ofBase64(content.get("base64").string()) : Uint8Array.wrap(encoded(text.string()));
}

/** What a byte does to a checksum, once there is one. */
const TABLE = new StaticArray<u32>(256);

/** CRC-32 (ISO 3309) of the bytes that stand so far apart, behind others that have the checksum `sum`. */
function checksum(sum: u32, at: usize, end: usize, apart: usize): u32 {
  for (let byte: u32 = 0; TABLE[255] == 0; byte++) {
    let effect = byte;
    for (let bit = 0; bit < 8; bit++) effect = (effect >> 1) ^ (0xedb88320 & (0 - (effect & 1)));
    TABLE[byte] = effect;
  }
  sum = ~sum;
  for (; at < end; at += apart) sum = (sum >> 8) ^ unchecked(TABLE[(sum ^ load<u8>(at)) & 255]);
  return ~sum;
}

/** Where each record of a log ends, and the checksum of all JSON up to there. */
class Ends {
  at: u64[] = [];
  sums: u32[] = [];

  get length(): i32 { return this.at.length; }
  get lastAt(): u64 { return this.length > 0 ? this.at[this.length - 1] : 0; }
  get lastSum(): u32 { return this.length > 0 ? this.sums[this.length - 1] : 0; }

  add(at: u64, sum: u32): void {
    this.at.push(at);
    this.sums.push(sum);
  }

  cut(length: i32): void {
    this.at.length = length;
    this.sums.length = length;
  }
}

const logs = new Map<string, Ends>();
let behindSync = new Set<string>(); // those that were changed behind a sync of the last step

/** Notes that a change of a log is lost if a sync before it in this step fails. */
function noteSync(file: string): void {
  if (isBehindSync()) behindSync.add(file);
}

/** Whether a record is written as it is, and a byte a character. */
function isPlain(record: string): bool {
  const from = changetype<usize>(record), end = from + (<usize>record.length << 1);
  for (let at = from; at < end; at += 2) {
    const c = load<u16>(at);
    if (c >= 0x80 || c == 0x0a) return false;
  }
  return true;
}

/** JSON that has arrived may have newlines between its values; half a surrogate pair is written as U+FFFD. */
function toWritten(record: string): string { return Json.of(quoted(record.replaceAll("\n", " "))).string(); }

/** What stands before the JSON of a record: eight hexadecimal digits and a blank. A newline stands behind it. */
const HEAD = 9;
const head = new StaticArray<u16>(HEAD);

function headOf(sum: u32): string {
  hex(changetype<usize>(head), sum, HEAD - 1);
  head[HEAD - 1] = 0x20;
  return String.UTF16.decodeUnsafe(changetype<usize>(head), HEAD << 1);
}

function hasHead(bytes: Uint8Array, from: i32, sum: u32): bool {
  for (let i = 0; i < 8; i++) {
    if (unchecked(bytes[from + i]) != u8(hexDigit((sum >> (28 - 4 * i)) & 15))) return false;
  }
  return bytes[from + 8] == 0x20;
}

/**
 * A file of records, each with a checksum over itself and all before it: what grows, and is never written again as a whole. A value
 * that is replaced is a log of one record. The library keeps where the records end, also over a hot swap, and none of them.
 */
export class Log {
  constructor(public file: string) {}

  /**
   * The records that there were, before the first one that is torn or damaged; what comes behind is cut off. Call it in `init`,
   * also where there may be no file yet.
   *
   * After a sync that has failed no later one makes durable what is there already. A node that is to survive that gives all records
   * to `replace` here.
   */
  open(): Json[] {
    const bytes = read(this.file), records: Json[] = [], ends = new Ends();
    logs.set(this.file, ends);
    if (bytes == null) return records;
    let start = 0, sum: u32 = 0;
    while (true) {
      const at = bytes.dataStart, end = i32(toNewline(at + start, at + bytes.length) - at);
      if (end < start + HEAD || end == bytes.length) break;
      sum = checksum(sum, at + start + HEAD, at + end, 1);
      if (!hasHead(bytes, start, sum)) break;
      records.push(Json.of(textOf(bytes, start + HEAD, end)));
      start = end + 1;
      ends.add(start, sum);
    }
    if (start < bytes.length) {
      const where = `the log "${this.file}" is torn or damaged behind record ${ends.length}`;
      const text = `${where}: ${start} of ${bytes.length} bytes are kept`;
      effect('{"log":' + new Fields().string("level", "warn").string("text", text).toString() + "}");
      noteSync(this.file);
      truncate(this.file, start);
    }
    return records;
  }

  /** Appends a record, which is JSON. */
  append(record: string): void { this.extend("append", [record]); }

  /** Replaces all records: compaction. After a crash the log has all of the new ones, or all of the old ones. */
  replace(records: string[]): void {
    logs.set(this.file, new Ends());
    this.extend("put", records);
  }

  /** Keeps the first records. Has no effect if there are not more. */
  truncate(records: i32): void {
    const ends = this.ends();
    if (records >= ends.length) return;
    ends.cut(records);
    noteSync(this.file);
    truncate(this.file, ends.lastAt);
  }

  get length(): i32 { return this.ends().length; }

  private ends(): Ends {
    assert(logs.has(this.file), "a log is used and where it ends is not known, because it was not opened in init (of a version before a hot swap neither) or a sync has failed: replace it with all records first");
    return logs.get(this.file);
  }

  private extend(kind: string, records: string[]): void {
    const lines: string[] = [], ends = this.ends();
    let at = ends.lastAt, sum = ends.lastSum;
    noteSync(this.file);
    for (let i = 0; i < records.length; i++) {
      let record = records[i], length = record.length;
      if (isPlain(record)) {
        const from = changetype<usize>(record);
        sum = checksum(sum, from, from + (<usize>length << 1), 2);
      } else {
        record = toWritten(record);
        const bytes = encoded(record), from = changetype<usize>(bytes);
        length = bytes.byteLength;
        sum = checksum(sum, from, from + length, 1);
      }
      at += HEAD + length + 1;
      ends.add(at, sum);
      lines.push(headOf(sum));
      lines.push(record);
      lines.push("\n");
    }
    change(kind, named(this.file).string("text", lines.join("")));
  }
}

function textOf(bytes: Uint8Array, from: i32, to: i32): string { return decoded(bytes.dataStart + from, to - from); }

// ---- For the library ----

/** The node starts with these files, an object. */
export function find(disk: Json): void { survived = disk.fields(); }
export function forget(): void { survived = null; }

/** The ends of all logs, for a snapshot: pairs in one list. */
export function saved(): string {
  const fields = new Fields(), names = logs.keys();
  for (let i = 0; i < names.length; i++) {
    const ends = logs.get(names[i]), numbers: u64[] = [];
    for (let j = 0; j < ends.length; j++) {
      numbers.push(ends.at[j]);
      numbers.push(ends.sums[j]);
    }
    fields.json(names[i], "[" + numbers.join(",") + "]");
  }
  return fields.toString();
}

/**
 * A step begins. If a sync of the last one has failed, nobody knows where logs end on the disk: those that were changed behind a sync,
 * or all if the disk may have lost what was not durable.
 */
export function settle(hasFailed: bool, isFull: bool): void {
  const files = isFull ? behindSync.values() : logs.keys();
  for (let i = 0; hasFailed && i < files.length; i++) logs.delete(files[i]);
  behindSync.clear();
}

/** Those logs, for a snapshot. */
export function savedBehindSync(): string { return "[" + behindSync.values().map<string>((file) => quoted(file)).join(",") + "]"; }

export function loadSaved(saved: Json, savedBehindSync: Json): void {
  const files = savedBehindSync.items();
  for (let i = 0; i < files.length; i++) behindSync.add(files[i].string());
  const all = saved.fields(), names = all.keys();
  for (let i = 0; i < names.length; i++) {
    const numbers = all.get(names[i]).items(), ends = new Ends();
    for (let j = 0; j + 1 < numbers.length; j += 2) ends.add(numbers[j].unsigned(), u32(numbers[j + 1].unsigned()));
    logs.set(names[i], ends);
  }
}
