// Challenge {{id}}: transactions that read lists and append to them.
//
// This start keeps what it is told to itself, which is right for one node only.
#include "maelstrom.h"

#include <stdlib.h>

typedef struct {
    long long key;
    integers values;
} list;

static list *lists;
static size_t lists_length;

static list *find(long long key) {
    for (size_t i = 0; i < lists_length; i++) {
        if (lists[i].key == key) return &lists[i];
    }
    return NULL;
}

static void append(long long key, long long value) {
    list *found = find(key);
    if (found == NULL) {
        lists = realloc(lists, (lists_length + 1) * sizeof *lists);
        if (lists == NULL) abort();
        found = &lists[lists_length++];
        *found = (list){.key = key};
    }
    integers_add(&found->values, value);
}

// Does one operation, and appends it with its result.
static void apply(text *done, json operation) {
    json items = json_inside(operation), kind, key, value;
    if (!json_next(&items, &kind) || !json_next(&items, &key) || !json_next(&items, &value)) return;
    const char *comma = done->length > 1 ? "," : "";
    const list *found = find(json_integer(key));
    if (json_is(kind, "\"append\"")) {
        append(json_integer(key), json_integer(value));
        text_add(done, "%s%.*s", comma, SHOW(operation));
    } else if (found == NULL) {
        text_add(done, "%s[\"r\",%.*s,null]", comma, SHOW(key));
    } else {
        text_add(done, "%s[\"r\",%.*s,", comma, SHOW(key));
        text_add_integers(done, &found->values);
        text_add(done, "]");
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
