"""What a node needs beside its own rules. It is yours to change."""

import heapq
import itertools
import json
import os
import select
import time

# The name of this node, and those of all nodes: maelstrom.node_id, maelstrom.node_ids.
node_id = None
node_ids = []


class NodeError(Exception):
    """An answer of type "error". After code 0, 13, and one's own from 1000 on, the request may have
    happened."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def send(dest, body):
    """Sends a message to a node or a service."""
    print(json.dumps({"src": node_id, "dest": dest, "body": body}), flush=True)


def after(seconds, function):
    """Has a function called later, once."""
    heapq.heappush(timers, (time.monotonic() + seconds, next(order), function))


def answer(handle, body, src=None):
    """The answer to a request, or None if it asks for none."""
    global node_id, node_ids
    try:
        if body["type"] == "init":
            node_id, node_ids = body["node_id"], body["node_ids"]
            fields = {"type": "init_ok"}
        else:
            fields = handle(body, src)
    except NodeError as error:
        fields = {"type": "error", "code": error.code, "text": str(error)}
    if fields is None or "msg_id" not in body:
        return None
    return {**fields, "in_reply_to": body["msg_id"]}


def run(handle):
    """Answers the messages of stdin, a line each, and calls what `after` was given, until stdin ends."""
    for line in lines():
        message = json.loads(line)
        reply = answer(handle, message["body"], message["src"])
        if reply is not None:
            send(message["src"], reply)


timers = []
order = itertools.count()  # of timers for the same time
STDIN = 0


def lines():
    rest = b""
    while True:
        # What these set is due when stdin has been looked at, even if that is after(0).
        now = time.monotonic()
        due = []
        while timers and timers[0][0] <= now:
            due.append(heapq.heappop(timers)[2])
        for function in due:
            function()
        wait = max(0, timers[0][0] - time.monotonic()) if timers else None
        if not select.select([STDIN], [], [], wait)[0]:
            continue
        data = os.read(STDIN, 65536)
        if not data:
            if rest:
                yield rest
            return
        *whole, rest = (rest + data).split(b"\n")
        yield from whole
