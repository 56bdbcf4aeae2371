// Challenge {{id}}: answer every echo with its own payload.
#include "maelstrom.h"

void handle(const message *request) {
    if (json_is(request->type, "\"echo\"")) {
        json echo = json_get(request->body, "echo");
        reply(request, "\"type\":\"echo_ok\",\"echo\":%.*s", SHOW(echo));
    } else {
        reply_error(request, NOT_SUPPORTED, "no such request");
    }
}

// Called every TICK_MS milliseconds: the place to try again what has not been answered.
void tick(void) {}
