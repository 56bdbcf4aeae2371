// Nodes in AssemblyScript that are WebAssembly guests of the ABI (docs/abi.md). A node is a class; its file ends with
//
//     start(new Echo());
//     export { maelstrom_abi_v1, alloc, handle, snapshot, restore } from "./maelstrom";
//
// and is built with
//
//     asc node.ts -O --exportStart _initialize --use abort=wasi/abort -o node.wasm
//
// Calls and timers have numbers and not functions to go on with: they are part of the state, which a newer version of the node
// continues from. What cannot go on ends the step with a sentence on stderr, and none of its effects happens.
import * as disk from "./disk";
import { begin, count, effect, isBehindSync, isUnsynced, needsSync, postpone, syncIfDue, taken } from "./effects";
import { Fields, Json, quoted } from "./json";
import { decoded, encoded } from "./text";
import { complain, random_get, scratch } from "./wasi";
export { Fields, Json, quoted };
export { option } from "./wasi";
export { disk };

/** Maelstrom's codes of errors. After TIMEOUT and CRASH the request may have happened. */
export namespace Code {
  export const NONE = -1;
  export const TIMEOUT = 0;
  export const NOT_SUPPORTED = 10;
  export const TEMPORARILY_UNAVAILABLE = 11;
  export const MALFORMED_REQUEST = 12;
  export const CRASH = 13;
  export const ABORT = 14;
  export const KEY_DOES_NOT_EXIST = 20;
  export const KEY_ALREADY_EXISTS = 21;
  export const PRECONDITION_FAILED = 22;
  export const TXN_CONFLICT = 30;
}

/** Who has sent a request, and what the answer repeats. Keep it to answer later. */
export class Caller {
  constructor(public node: string, public wantsReply: bool, public msgId: u64) {}
}

export class Message {
  constructor(public from: Caller, public type: string, public body: Json) {}
}

/** The end of a call: an answer, an error, or Code.TIMEOUT. */
export class Response {
  constructor(public what: i32, public data: i64, public error: i64, public type: string, public body: Json) {}
}

/**
 * How long a call waits, and how often it is tried: each wait is twice as long as the one before, up to eight times the first. Each
 * attempt is the same message, so retry only what may happen twice.
 */
export class Retry {
  /** `attempts`: 0 for no limit. */
  constructor(public firstMs: u64, public attempts: u64) {}

  static never(timeoutMs: u64): Retry { return new Retry(timeoutMs, 1); }
  static times(attempts: u64, timeoutMs: u64): Retry { return new Retry(timeoutMs, max<u64>(attempts, 1)); }
  static forever(timeoutMs: u64): Retry { return new Retry(timeoutMs, 0); }

  mayFollow(attempt: u64): bool { return this.attempts == 0 || attempt + 1 < this.attempts; }
  waitNs(attempt: u64): u64 {
    const wait = (min<u64>(this.firstMs, 1_000_000_000) * 1_000_000) << min<u64>(attempt, 3);
    // Up to a quarter more, so that nodes that failed together do not try again together.
    return attempt == 0 ? wait : wait + randomBelow(wait / 4 + 1);
  }
}

/** What the node does. Only `request` has to be there. */
export abstract class Node {
  /** False: the request is of no known type, and is answered with error 10. */
  abstract request(message: Message): bool;
  /** The node's name and those of all nodes are known. */
  init(): void {}
  response(response: Response): void {}
  timer(what: i32, data: i64): void {}
  /**
   * A sync of the disk has failed, and nothing behind it in its step has happened: no message, no timer, no change. If the disk was full,
   * a later one may succeed; else what was not durable may be lost even then. A log whose end on the disk is in doubt has to be replaced
   * before it is used again: one that was changed behind a sync of that step, and every log unless the disk was full. The node ends here, and its next start finds what is durable.
   */
  syncFailed(isFull: bool): void {
    abort("a sync has failed" + (isFull ? ", because the disk is full" : "") + ": what was written since the last one may be lost", null, 0, 0);
  }
  /** The state, for `load`. Name, calls, timers and logs are kept without it. */
  save(): Fields { return new Fields(); }
  /** Continues from what `save` of this or another version has written. False, with nothing changed, if it does not fit. */
  load(state: Json): bool { return true; }
}

/** The name of this node, and those of all in the same order on each. */
export let id = "";
export let nodes: string[] = [];
/** Nanoseconds since 1970. Time stands still while a handler runs. */
export let nowNs: u64 = 0;

class Call {
  constructor(
    public dest: string, public body: string, public what: i32, public data: i64, public retry: Retry,
    public attempt: u64, public timer: u64,
  ) {}
}

class Timer {
  /** `call`: the msg_id of the call that it is for, or 0. */
  constructor(public call: u64, public what: i32, public data: i64) {}
}

const PENDING_MAX = 10_000; // the host's limit on timers

let node: Node | null = null;
let hasBegun = false;
let nextMsgId: u64 = 0, nextTimer: u64 = 1, randomState: u64 = 0;
let calls = new Map<u64, Call>(), timers = new Map<u64, Timer>();

/** Makes this the node of the module. */
export function start(it: Node): void { node = it; }

function send(dest: string, body: string): void {
  syncIfDue();
  effect('{"send":{"src":' + quoted(id) + ',"dest":' + quoted(dest) + ',"body":' + body + "}}");
}

function bodyOf(type: string, idName: string, id: u64, fields: Fields | null): string {
  const head = '{"type":' + quoted(type) + (idName == "" ? "" : ',"' + idName + '":' + id.toString());
  const rest = fields == null ? "}" : fields.toString().substring(1);
  return rest == "}" ? head + rest : head + "," + rest;
}

/** Sends a message that expects no answer. */
export function sendTo(dest: string, type: string, fields: Fields | null = null): void { send(dest, bodyOf(type, "", 0, fields)); }

/** Answers a request. Says nothing to who wants no reply. */
export function reply(to: Caller, type: string, fields: Fields | null = null): void {
  if (to.wantsReply) send(to.node, bodyOf(type, "in_reply_to", to.msgId, fields));
}

export function replyError(to: Caller, code: i32, text: string): void {
  reply(to, "error", new Fields().integer("code", code).string("text", text));
}

/** Sends a request. `response` of the node gets `what` and `data` with its end. */
export function call(dest: string, type: string, fields: Fields | null, retry: Retry, what: i32, data: i64): void {
  assert(calls.size < PENDING_MAX, "more calls in flight than 10,000");
  const msgId = nextMsgId++;
  const body = bodyOf(type, "msg_id", msgId, fields);
  send(dest, body);
  const timer = startTimer(retry.waitNs(0), new Timer(msgId, 0, 0));
  calls.set(msgId, new Call(dest, retry.mayFollow(0) ? body : "", what, data, retry, 0, timer));
}

function startTimer(afterNs: u64, timer: Timer): u64 {
  assert(timers.size < PENDING_MAX, "more timers than 10,000");
  const id = nextTimer++;
  timers.set(id, timer);
  effect('{"set_timer":{"id":' + id.toString() + ',"after_ns":' + max<u64>(afterNs, 1_000_000).toString() + "}}");
  return id;
}

/** Has `timer` of the node called once, after at least 1 ms. Returns the timer's id. */
export function setTimer(afterMs: u64, what: i32, data: i64): u64 {
  return startTimer(min<u64>(afterMs, u64.MAX_VALUE / 1_000_000) * 1_000_000, new Timer(0, what, data));
}

/** Has no effect if the timer has fired already. */
export function cancelTimer(id: u64): void {
  if (timers.delete(id)) effect('{"cancel_timer":{"id":' + id.toString() + "}}");
}

/** `level`: trace, debug, info, warn, error. */
export function log(level: string, text: string): void {
  effect('{"log":' + new Fields().string("level", level).string("text", text).toString() + "}");
}

/** A number below `bound`, from the seed of the node. 0 if there is none. */
export function randomBelow(bound: u64): u64 {
  // xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled" (2016).
  randomState ^= randomState >> 12;
  randomState ^= randomState << 25;
  randomState ^= randomState >> 27;
  return bound == 0 ? 0 : (randomState * 0x2545f4914f6cdd1d) % bound;
}

// ---- Events ----

function field(fields: Map<string, Json>, key: string): Json { return fields.has(key) ? fields.get(key) : Json.of(""); }

function hear(message: Json, files: Json): void {
  // Each value is scanned once: a message may be long.
  const whole = message.fields(), body = field(whole, "body"), fields = body.fields();
  const msgId = field(fields, "msg_id"), inReplyTo = field(fields, "in_reply_to");
  const from = new Caller(field(whole, "src").string(), msgId.isUnsigned, msgId.unsigned());
  const type = field(fields, "type").string();
  if (!hasBegun) {
    random_get(scratch(), 8);
    randomState = load<u64>(scratch()) | 1;
    nextMsgId = 1 + nowNs / 1000; // not those of a life before a kill
    readNames(body);
    reply(from, "init_ok");
    const answers = count();
    disk.find(files);
    node!.init();
    disk.forget();
    syncIfDue();
    if (isBehindSync()) postpone(answers); // the node is ready when what it has changed is durable
  } else if (inReplyTo.isUnsigned) {
    answered(inReplyTo.unsigned(), type, body);
  } else if (!node!.request(new Message(from, type, body))) {
    replyError(from, Code.NOT_SUPPORTED, "unknown message type " + quoted(type));
  }
}

function readNames(from: Json): void {
  hasBegun = true;
  id = from.get("node_id").string();
  nodes = from.get("node_ids").items().map<string>((name) => name.string());
}

function answered(msgId: u64, type: string, body: Json): void {
  if (!calls.has(msgId)) return; // late, or a duplicate
  const called = calls.get(msgId);
  const code = body.get("code");
  const error: i64 = type != "error" ? Code.NONE : code.isUnsigned ? code.integer() : Code.CRASH;
  // What is unavailable for now is tried again, when the timer fires.
  if (error == Code.TEMPORARILY_UNAVAILABLE && called.retry.mayFollow(called.attempt)) return;
  cancelTimer(called.timer);
  calls.delete(msgId);
  node!.response(new Response(called.what, called.data, error, type, body));
}

function fire(id: u64): void {
  if (!timers.has(id)) return;
  const timer = timers.get(id);
  timers.delete(id);
  if (timer.call == 0) {
    node!.timer(timer.what, timer.data);
    return;
  }
  if (!calls.has(timer.call)) return;
  const called = calls.get(timer.call);
  if (!called.retry.mayFollow(called.attempt)) {
    calls.delete(timer.call);
    node!.response(new Response(called.what, called.data, Code.TIMEOUT, "", Json.of("")));
    return;
  }
  send(called.dest, called.body);
  called.attempt++;
  called.timer = startTimer(called.retry.waitNs(called.attempt), new Timer(timer.call, 0, 0));
}

// ---- The exports of the ABI ----

// What the host writes and reads: these keep it from being collected.
let input = new ArrayBuffer(1024), result = new ArrayBuffer(0);

function packed(text: string): u64 {
  result = encoded(text);
  return (u64(changetype<usize>(result)) << 32) | result.byteLength;
}

export function maelstrom_abi_v1(): void {}

export function alloc(length: i32): usize {
  if (input.byteLength < length) input = new ArrayBuffer(length);
  return changetype<usize>(input);
}

export function handle(at: usize, length: i32): u64 {
  begin();
  disk.setWithoutSync(false);
  const event = Json.of(decoded(at, length));
  const fields = event.fields(), message = field(fields, "message"), timer = field(fields, "timer");
  nowNs = field(fields, "now_ns").unsigned();
  const failed = field(fields, "sync_failed");
  const isFull = !failed.isMissing && failed.get("reason").string() == "full";
  disk.settle(!failed.isMissing, isFull);
  if (!message.isMissing) hear(message, field(fields, "disk"));
  else if (!timer.isMissing) fire(timer.get("id").unsigned());
  else if (!failed.isMissing) {
    needsSync();
    node!.syncFailed(isFull);
  }
  return packed(taken());
}

export function snapshot(): u64 {
  if (!hasBegun) return packed("null");
  const inFlight: string[] = [], ids = calls.keys();
  for (let i = 0; i < ids.length; i++) {
    const it = calls.get(ids[i]);
    const fields = new Fields().unsigned("id", ids[i]).string("dest", it.dest).integer("what", it.what).integer("data", it.data);
    fields.unsigned("first_ms", it.retry.firstMs).unsigned("attempts", it.retry.attempts).unsigned("attempt", it.attempt);
    inFlight.push(fields.unsigned("timer", it.timer).json("body", it.body == "" ? "null" : it.body).toString());
  }
  const set: string[] = [], timerIds = timers.keys();
  for (let i = 0; i < timerIds.length; i++) {
    const it = timers.get(timerIds[i]);
    const fields = new Fields().unsigned("id", timerIds[i]).unsigned("call", it.call);
    set.push(fields.integer("what", it.what).integer("data", it.data).toString());
  }
  const all = new Fields().string("sdk", "assemblyscript").json("node", node!.save().toString());
  all.string("node_id", id).json("node_ids", "[" + nodes.map<string>((name) => quoted(name)).join(",") + "]");
  all.unsigned("now_ns", nowNs).unsigned("next_msg_id", nextMsgId).unsigned("next_timer", nextTimer);
  all.unsigned("random", randomState).json("calls", "[" + inFlight.join(",") + "]").json("timers", "[" + set.join(",") + "]");
  all.boolean("is_unsynced", isUnsynced()).json("logs", disk.saved()).json("logs_behind_sync", disk.savedBehindSync());
  return packed(all.toString());
}

export function restore(at: usize, length: i32): i32 {
  const text = decoded(at, length), all = Json.of(text);
  if (text == "null" && !hasBegun) return 0;
  const state = all.get("node");
  if (hasBegun || all.get("sdk").string() != "assemblyscript" || !state.isObject) {
    complain("snapshot refused: it is not of this library");
    return 1;
  }
  if (!node!.load(state)) {
    complain("snapshot refused: the state does not fit");
    return 1;
  }
  readNames(all);
  nowNs = all.get("now_ns").unsigned();
  nextMsgId = all.get("next_msg_id").unsigned();
  nextTimer = all.get("next_timer").unsigned();
  randomState = all.get("random").unsigned();
  if (all.get("is_unsynced").boolean()) needsSync();
  disk.loadSaved(all.get("logs"), all.get("logs_behind_sync"));
  const inFlight = all.get("calls").items();
  for (let i = 0; i < inFlight.length; i++) {
    const it = inFlight[i], body = it.get("body");
    const retry = new Retry(it.get("first_ms").unsigned(), it.get("attempts").unsigned());
    const what = i32(it.get("what").integer()), data = it.get("data").integer();
    const text = body.isObject ? body.text : "", attempt = it.get("attempt").unsigned();
    const call = new Call(it.get("dest").string(), text, what, data, retry, attempt, it.get("timer").unsigned());
    calls.set(it.get("id").unsigned(), call);
  }
  const set = all.get("timers").items();
  for (let i = 0; i < set.length; i++) {
    const it = set[i];
    timers.set(it.get("id").unsigned(), new Timer(it.get("call").unsigned(), i32(it.get("what").integer()), it.get("data").integer()));
  }
  return 0;
}
