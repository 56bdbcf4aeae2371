// Challenge {{id}}: give out ids that no node has given out before.
//
// This start counts, which is right for one node only: two nodes that count give the same ids.
#include "maelstrom.h"

static long long given;

void handle(const message *request) {
    if (json_is(request->type, "\"generate\"")) {
        reply(request, "\"type\":\"generate_ok\",\"id\":%lld", ++given);
    } else {
        reply_error(request, NOT_SUPPORTED, "no such request");
    }
}

// Called every TICK_MS milliseconds: the place to try again what has not been answered.
void tick(void) {}
