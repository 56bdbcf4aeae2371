"""Challenge 3c: a value goes to all other nodes, and again every 200 ms until they have it.

With the argument "no-retry" it goes to each once.
"""

import asyncio
import json
import sys

RETRY_S = 0.2
RETRIES = sys.argv[1:] != ["no-retry"]


class Node:
    def __init__(self, node_id, node_ids):
        self.node_id = node_id
        self.values = set()
        self.unacknowledged = {node: set() for node in node_ids if node != node_id}

    def send(self, dest, body):
        print(json.dumps({"src": self.node_id, "dest": dest, "body": body}), flush=True)

    def gossip(self):
        for node, values in self.unacknowledged.items():
            if values:
                self.send(node, {"type": "gossip", "values": sorted(values)})
                if not RETRIES:
                    values.clear()

    async def retry(self):
        while True:
            await asyncio.sleep(RETRY_S)
            self.gossip()

    def handle(self, src, body):
        match body["type"]:
            case "init":
                self.reply(src, body, {"type": "init_ok"})
            case "topology":
                self.reply(src, body, {"type": "topology_ok"})
            case "broadcast":
                self.values.add(body["message"])
                for values in self.unacknowledged.values():
                    values.add(body["message"])
                self.gossip()
                self.reply(src, body, {"type": "broadcast_ok"})
            case "read":
                self.reply(src, body, {"type": "read_ok", "messages": sorted(self.values)})
            case "gossip":
                self.values.update(body["values"])
                self.send(src, {"type": "gossip_ok", "values": body["values"]})
            case "gossip_ok":
                self.unacknowledged[src].difference_update(body["values"])

    def reply(self, src, request, body):
        self.send(src, {**body, "in_reply_to": request["msg_id"]})


async def message():
    """The next message, while other tasks run."""
    line = await asyncio.to_thread(sys.stdin.readline)
    return json.loads(line) if line else None


async def main():
    init = await message()
    node = Node(init["body"]["node_id"], init["body"]["node_ids"])
    node.handle(init["src"], init["body"])
    retry = asyncio.create_task(node.retry())
    while received := await message():
        node.handle(received["src"], received["body"])
    retry.cancel()


asyncio.run(main())
