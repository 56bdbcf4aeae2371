"""Challenge {{id}}: give out ids that no node has given out before.

handle gets the body of a request and who sent it, and returns the body of the answer. An error is an
answer that is raised: NodeError(20, "there is no such key").

This start counts, which is right for one node only: two nodes that count give the same ids.
"""

import itertools

from maelstrom import NodeError, run

given = itertools.count(1)


def handle(body, src):
    match body["type"]:
        case "generate":
            return {"type": "generate_ok", "id": next(given)}
        case _:
            raise NodeError(10, "no such request")


if __name__ == "__main__":
    run(handle)
