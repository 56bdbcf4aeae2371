// Challenge 1: answers every echo with its own payload.
import { Fields, Message, Node, reply, start } from "../maelstrom";
export { maelstrom_abi_v1, alloc, handle, snapshot, restore } from "../maelstrom";

class Echo extends Node {
  request(message: Message): bool {
    if (message.type != "echo") return false;
    reply(message.from, "echo_ok", new Fields().json("echo", message.body.get("echo").text));
    return true;
  }
}

start(new Echo());
