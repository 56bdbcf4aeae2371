// Challenge {{id}}: linearizable registers.
//
// This start keeps what it is told to itself, which is right for one node only.
#include "maelstrom.h"

#include <stdlib.h>

typedef struct {
    long long key, value;
} pair;

static pair *registers;
static size_t registers_length;

static pair *find(long long key) {
    for (size_t i = 0; i < registers_length; i++) {
        if (registers[i].key == key) return &registers[i];
    }
    return NULL;
}

static void put(long long key, long long value) {
    pair *found = find(key);
    if (found == NULL) {
        registers = realloc(registers, (registers_length + 1) * sizeof *registers);
        if (registers == NULL) abort();
        found = &registers[registers_length++];
    }
    *found = (pair){key, value};
}

void handle(const message *request) {
    long long key = json_integer(json_get(request->body, "key"));
    pair *found = find(key);
    if (json_is(request->type, "\"write\"")) {
        put(key, json_integer(json_get(request->body, "value")));
        reply(request, "\"type\":\"write_ok\"");
    } else if (found == NULL) {
        reply_error(request, KEY_DOES_NOT_EXIST, "there is no key %lld", key);
    } else if (json_is(request->type, "\"read\"")) {
        reply(request, "\"type\":\"read_ok\",\"value\":%lld", found->value);
    } else if (json_is(request->type, "\"cas\"")) {
        long long from = json_integer(json_get(request->body, "from"));
        if (found->value != from) {
            const char *reason = "the value is %lld, not %lld";
            reply_error(request, PRECONDITION_FAILED, reason, found->value, from);
            return;
        }
        found->value = json_integer(json_get(request->body, "to"));
        reply(request, "\"type\":\"cas_ok\"");
    } else {
        reply_error(request, NOT_SUPPORTED, "no such request");
    }
}

// Called every TICK_MS milliseconds: the place to try again what has not been answered.
void tick(void) {}
