"""Challenge {{id}}: answer every echo with its own payload.

handle gets the body of a request and who sent it, and returns the body of the answer. An error is an
answer that is raised: NodeError(20, "there is no such key").
"""

from maelstrom import NodeError, run


def handle(body, src):
    match body["type"]:
        case "echo":
            return {"type": "echo_ok", "echo": body["echo"]}
        case _:
            raise NodeError(10, "no such request")


if __name__ == "__main__":
    run(handle)
