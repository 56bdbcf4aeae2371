// Challenge 1: answers every echo with its own payload.
#define MAELSTROM_IMPLEMENTATION
#include "../maelstrom.h"

bool on_request(const message *request) {
    if (!json_is(request->type, "echo")) return false;
    reply(&request->from, "echo_ok");
    add_json("echo", json_get(request->body, "echo"));
    return true;
}
