"""Challenge {{id}}: logs that clients send to and poll, and the offsets that they commit.

handle gets the body of a request and who sent it, and returns the body of the answer. An error is an
answer that is raised: NodeError(20, "there is no such key").

This start keeps what it is told to itself, which is right for one node only.
"""

from maelstrom import NodeError, run

logs = {}
committed = {}

# The most messages of a log in one answer.
POLLED_MAX = 20


def poll(key, start):
    messages = logs.get(key, [])[start : start + POLLED_MAX]
    return [[start + index, message] for index, message in enumerate(messages)]


def handle(body, src):
    match body["type"]:
        case "send":
            log = logs.setdefault(body["key"], [])
            log.append(body["msg"])
            return {"type": "send_ok", "offset": len(log) - 1}
        case "poll":
            msgs = {key: poll(key, start) for key, start in body["offsets"].items()}
            return {"type": "poll_ok", "msgs": msgs}
        case "commit_offsets":
            for key, offset in body["offsets"].items():
                committed[key] = max(offset, committed.get(key, 0))
            return {"type": "commit_offsets_ok"}
        case "list_committed_offsets":
            offsets = {key: committed[key] for key in body["keys"] if key in committed}
            return {"type": "list_committed_offsets_ok", "offsets": offsets}
        case _:
            raise NodeError(10, "no such request")


if __name__ == "__main__":
    run(handle)
