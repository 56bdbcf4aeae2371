"""Challenge 3c: a value goes to all other nodes, and again every 200 ms until they have it.

With the argument "no-retry" it goes to each once.
"""

import json
import os
import select
import sys
import time

RETRY_S = 0.2
RETRIES = sys.argv[1:] != ["no-retry"]
STDIN = 0


def lines(every_s):
    """The lines of stdin, and None when this time has passed."""
    rest = b""
    due = time.monotonic() + every_s
    while True:
        if not select.select([STDIN], [], [], max(0, due - time.monotonic()))[0]:
            due += every_s
            yield None
            continue
        data = os.read(STDIN, 65536)
        if not data:
            return
        *whole, rest = (rest + data).split(b"\n")
        yield from whole


class Node:
    node_id = None
    values = set()
    unacknowledged = {}

    def send(self, dest, body):
        print(json.dumps({"src": self.node_id, "dest": dest, "body": body}), flush=True)

    def gossip(self):
        for node, values in self.unacknowledged.items():
            if values:
                self.send(node, {"type": "gossip", "values": sorted(values)})
                if not RETRIES:
                    values.clear()

    def handle(self, src, body):
        match body["type"]:
            case "init":
                self.node_id = body["node_id"]
                others = [node for node in body["node_ids"] if node != self.node_id]
                self.unacknowledged = {node: set() for node in others}
                reply = {"type": "init_ok"}
            case "topology":
                reply = {"type": "topology_ok"}
            case "broadcast":
                self.values.add(body["message"])
                for values in self.unacknowledged.values():
                    values.add(body["message"])
                self.gossip()
                reply = {"type": "broadcast_ok"}
            case "read":
                reply = {"type": "read_ok", "messages": sorted(self.values)}
            case "gossip":
                self.values.update(body["values"])
                return self.send(src, {"type": "gossip_ok", "values": body["values"]})
            case "gossip_ok":
                return self.unacknowledged[src].difference_update(body["values"])
        self.send(src, {**reply, "in_reply_to": body["msg_id"]})


node = Node()
for line in lines(RETRY_S):
    if line is None:
        node.gossip()
    else:
        message = json.loads(line)
        node.handle(message["src"], message["body"])
