// Challenge {{id}}: transactions that read and write registers.
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

// Does one operation, and appends it with its result.
static void apply(text *done, json operation) {
    json items = json_inside(operation), kind, key, value;
    if (!json_next(&items, &kind) || !json_next(&items, &key) || !json_next(&items, &value)) return;
    const char *comma = done->length > 1 ? "," : "";
    const pair *found = find(json_integer(key));
    if (json_is(kind, "\"w\"")) {
        put(json_integer(key), json_integer(value));
        text_add(done, "%s%.*s", comma, SHOW(operation));
    } else if (found == NULL) {
        text_add(done, "%s[\"r\",%.*s,null]", comma, SHOW(key));
    } else {
        text_add(done, "%s[\"r\",%.*s,%lld]", comma, SHOW(key), found->value);
    }
}

void handle(const message *request) {
    if (json_is(request->type, "\"txn\"")) {
        json operations = json_inside(json_get(request->body, "txn")), operation;
        text done = {0};
        text_add(&done, "[");
        while (json_next(&operations, &operation)) apply(&done, operation);
        reply(request, "\"type\":\"txn_ok\",\"txn\":%s]", done.at);
        free(done.at);
    } else {
        reply_error(request, NOT_SUPPORTED, "no such request");
    }
}

// Called every TICK_MS milliseconds: the place to try again what has not been answered.
void tick(void) {}
