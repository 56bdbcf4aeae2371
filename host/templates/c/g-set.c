// Challenge {{id}}: a set that only grows.
//
// This start keeps what it is told to itself, which is right for one node only.
#include "maelstrom.h"

#include <stdlib.h>

static integers elements;

void handle(const message *request) {
    if (json_is(request->type, "\"add\"")) {
        long long element = json_integer(json_get(request->body, "element"));
        if (!integers_has(&elements, element)) integers_add(&elements, element);
        reply(request, "\"type\":\"add_ok\"");
    } else if (json_is(request->type, "\"read\"")) {
        text list = {0};
        text_add_integers(&list, &elements);
        reply(request, "\"type\":\"read_ok\",\"value\":%s", list.at);
        free(list.at);
    } else {
        reply_error(request, NOT_SUPPORTED, "no such request");
    }
}

// Called every TICK_MS milliseconds: the place to try again what has not been answered.
void tick(void) {}
