"""Challenge {{id}}: transactions that read lists and append to them.

handle gets the body of a request and who sent it, and returns the body of the answer. An error is an
answer that is raised: NodeError(20, "there is no such key").

This start keeps what it is told to itself, which is right for one node only.
"""

from maelstrom import NodeError, run

lists = {}


def apply(operation):
    match operation:
        case ["r", key, _]:
            return ["r", key, list(lists[key]) if key in lists else None]
        case ["append", key, value]:
            lists.setdefault(key, []).append(value)
            return operation
        case _:
            raise NodeError(10, "no such operation")


def handle(body, src):
    match body["type"]:
        case "txn":
            return {"type": "txn_ok", "txn": [apply(operation) for operation in body["txn"]]}
        case _:
            raise NodeError(10, "no such request")


if __name__ == "__main__":
    run(handle)
