"""Challenge {{id}}: linearizable registers.

handle gets the body of a request and who sent it, and returns the body of the answer. An error is an
answer that is raised: NodeError(20, "there is no such key").

This start keeps what it is told to itself, which is right for one node only.
"""

from maelstrom import NodeError, run

registers = {}


def read(key):
    if key not in registers:
        raise NodeError(20, f"there is no key {key}")
    return registers[key]


def handle(body, src):
    match body["type"]:
        case "read":
            return {"type": "read_ok", "value": read(body["key"])}
        case "write":
            registers[body["key"]] = body["value"]
            return {"type": "write_ok"}
        case "cas":
            value = read(body["key"])
            if value != body["from"]:
                raise NodeError(22, f"the value is {value}, not {body['from']}")
            registers[body["key"]] = body["to"]
            return {"type": "cas_ok"}
        case _:
            raise NodeError(10, "no such request")


if __name__ == "__main__":
    run(handle)
