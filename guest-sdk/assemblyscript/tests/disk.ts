// A node that does with its disk all that there is, for a test that looks at its effects.
// The files of the library may be imported in any order.
import * as disk from "../disk";
import { Fields, Json, Message, Node, log, reply, start } from "../maelstrom";
export { maelstrom_abi_v1, alloc, handle, snapshot, restore } from "../maelstrom";

class Tried extends Node {
  private log: disk.Log = new disk.Log("log");

  init(): void {
    log("info", disk.names().join(" "));
    const bytes = disk.read("raw");
    log("info", bytes == null ? "none" : bytes.join(" "));
    log("info", disk.read("other") == null ? "none" : "some");
    log("info", this.log.open().map<string>((record) => record.text).join(" "));
  }

  request(message: Message): bool {
    const given = message.body.get("given");
    disk.setWithoutSync(message.body.get("without_sync").boolean());
    if (message.body.get("sync_first").boolean()) disk.sync();
    if (message.type == "append") this.log.append(given.text);
    else if (message.type == "replace") this.log.replace(given.items().map<string>((record) => record.text));
    else if (message.type == "cut") this.log.truncate(i32(given.integer()));
    else if (message.type == "half") this.log.append('"' + String.fromCharCode(0xd83d) + '"');
    else if (message.type == "bytes") this.changeBytes();
    else if (message.type == "say") log("info", given.string());
    else return false;
    log("info", this.log.length.toString() + (disk.isSynced() ? " synced" : " not synced"));
    if (message.body.get("sync").boolean()) disk.sync();
    reply(message.from, "ok");
    reply(message.from, "ok");
    return true;
  }

  syncFailed(isFull: bool): void { log("info", isFull ? "full" : "failed"); }

  private changeBytes(): void {
    const abc = Uint8Array.wrap(String.UTF8.encode("abc"));
    disk.put("f", Uint8Array.wrap(abc.buffer, 0, 1));
    disk.append("f", Uint8Array.wrap(abc.buffer, 0, 2));
    disk.write("f", u64.MAX_VALUE, abc);
    disk.append("f", new Uint8Array(0));
    disk.truncate("f", 7);
    disk.rename("f", "é\"");
    disk.remove("f");
  }

  save(): Fields { return new Fields(); }
  load(state: Json): bool { return true; }
}

start(new Tried());
