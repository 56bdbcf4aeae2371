"""Challenge {{id}}: numbers that clients give to one node, and that all nodes have to know.

handle gets the body of a request and who sent it, and returns the body of the answer. An error is an
answer that is raised: NodeError(20, "there is no such key").

This start keeps what it is told to itself, which is right for one node only.
"""

from maelstrom import NodeError, run

messages = set()


def handle(body, src):
    match body["type"]:
        case "topology":
            return {"type": "topology_ok"}
        case "broadcast":
            messages.add(body["message"])
            return {"type": "broadcast_ok"}
        case "read":
            return {"type": "read_ok", "messages": sorted(messages)}
        case _:
            raise NodeError(10, "no such request")


if __name__ == "__main__":
    run(handle)
