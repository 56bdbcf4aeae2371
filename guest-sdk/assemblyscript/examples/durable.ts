// Challenge 3c-durable: gossip.ts, with every value in a log on the disk. What a node has acknowledged, to a client or to another node,
// it knows again after it was killed or lost its power; the library syncs before each message that says so.
//
// `-- --sync never` acknowledges before that, which a loss of power shows to be wrong.
import { Code, Fields, Json, Message, Node, Retry, call, disk, id, nodes, option, reply, replyError, start } from "../maelstrom";
export { maelstrom_abi_v1, alloc, handle, snapshot, restore } from "../maelstrom";

class Durable extends Node {
  private messages: i64[] = [];
  private seen: Set<i64> = new Set();
  private log: disk.Log = new disk.Log("messages");
  private syncs: bool = true;

  init(): void {
    this.syncs = option("sync") != "never";
    const records = this.log.open();
    // After a sync that has failed no later one makes durable what was there: it is written again.
    this.log.replace(records.map<string>((record) => record.text));
    for (let i = 0; i < records.length; i++) {
      assert(records[i].isInteger, "a record is not an integer");
      this.learn(records[i].integer()); // who has acknowledged it is not on the disk
    }
  }

  /** Tells all other nodes what is new. */
  private learn(value: i64): void {
    if (this.seen.has(value)) return;
    this.seen.add(value);
    this.messages.push(value);
    for (let i = 0; i < nodes.length; i++) {
      if (nodes[i] == id) continue;
      call(nodes[i], "gossip", new Fields().integer("message", value), Retry.forever(200), 0, value);
    }
  }

  request(message: Message): bool {
    const from = message.from;
    if (message.type == "broadcast" || message.type == "gossip") {
      const value = message.body.get("message");
      if (!value.isInteger) {
        replyError(from, Code.MALFORMED_REQUEST, "message is not an integer of 64 bits");
        return true;
      }
      disk.setWithoutSync(!this.syncs);
      if (!this.seen.has(value.integer())) this.log.append(value.text);
      this.learn(value.integer());
      reply(from, message.type + "_ok");
    } else if (message.type == "read") {
      reply(from, "read_ok", new Fields().integers("messages", this.messages));
    } else if (message.type == "topology") {
      reply(from, "topology_ok"); // every node talks to every other
    } else {
      return false;
    }
    return true;
  }

  save(): Fields { return new Fields().integers("messages", this.messages).boolean("syncs", this.syncs); }

  load(state: Json): bool {
    const messages = state.get("messages").items();
    for (let i = 0; i < messages.length; i++) {
      if (!messages[i].isInteger) return false;
    }
    for (let i = 0; i < messages.length; i++) {
      this.messages.push(messages[i].integer());
      this.seen.add(messages[i].integer());
    }
    this.syncs = state.get("syncs").boolean();
    return true;
  }
}

start(new Durable());
