// Challenges 3a to 3c: every node learns every value. A new value goes to all other nodes, each time as a call that is tried
// again until it is acknowledged, so a partition delays values and loses none.
//
// `-- --retry never` sends each value once, which a partition shows to be wrong.
import { Code, Fields, Json, Message, Node, Retry, call, id, nodes, option, reply, replyError, start } from "../maelstrom";
export { maelstrom_abi_v1, alloc, handle, snapshot, restore } from "../maelstrom";

class Gossip extends Node {
  private messages: i64[] = [];
  private seen: Set<i64> = new Set();
  private retries: bool = true;

  init(): void { this.retries = option("retry") != "never"; }

  private learn(value: i64): void {
    if (this.seen.has(value)) return;
    this.seen.add(value);
    this.messages.push(value);
    for (let i = 0; i < nodes.length; i++) {
      if (nodes[i] == id) continue;
      const retry = this.retries ? Retry.forever(200) : Retry.never(200);
      call(nodes[i], "gossip", new Fields().integer("message", value), retry, 0, value);
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

  save(): Fields { return new Fields().integers("messages", this.messages).boolean("retries", this.retries); }

  load(state: Json): bool {
    const messages = state.get("messages").items();
    for (let i = 0; i < messages.length; i++) {
      if (!messages[i].isInteger) return false;
    }
    for (let i = 0; i < messages.length; i++) {
      this.messages.push(messages[i].integer());
      this.seen.add(messages[i].integer());
    }
    this.retries = state.get("retries").boolean();
    return true;
  }
}

start(new Gossip());
