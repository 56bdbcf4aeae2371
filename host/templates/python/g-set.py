"""Challenge {{id}}: a set that only grows.

handle gets the body of a request and who sent it, and returns the body of the answer. An error is an
answer that is raised: NodeError(20, "there is no such key").

This start keeps what it is told to itself, which is right for one node only.
"""

from maelstrom import NodeError, run

elements = set()


def handle(body, src):
    match body["type"]:
        case "add":
            elements.add(body["element"])
            return {"type": "add_ok"}
        case "read":
            return {"type": "read_ok", "value": sorted(elements)}
        case _:
            raise NodeError(10, "no such request")


if __name__ == "__main__":
    run(handle)
