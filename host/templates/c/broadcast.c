// Challenge {{id}}: numbers that clients give to one node, and that all nodes have to know.
//
// This start keeps what it is told to itself, which is right for one node only.
#include "maelstrom.h"

#include <stdlib.h>

static integers messages;

void handle(const message *request) {
    if (json_is(request->type, "\"topology\"")) {
        reply(request, "\"type\":\"topology_ok\"");
    } else if (json_is(request->type, "\"broadcast\"")) {
        long long number = json_integer(json_get(request->body, "message"));
        if (!integers_has(&messages, number)) integers_add(&messages, number);
        reply(request, "\"type\":\"broadcast_ok\"");
    } else if (json_is(request->type, "\"read\"")) {
        text list = {0};
        text_add_integers(&list, &messages);
        reply(request, "\"type\":\"read_ok\",\"messages\":%s", list.at);
        free(list.at);
    } else {
        reply_error(request, NOT_SUPPORTED, "no such request");
    }
}

// Called every TICK_MS milliseconds: the place to try again what has not been answered.
void tick(void) {}
