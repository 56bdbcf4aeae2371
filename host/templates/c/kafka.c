// Challenge {{id}}: logs that clients send to and poll, and the offsets that they commit.
//
// This start keeps what it is told to itself, which is right for one node only.
#include "maelstrom.h"

#include <stdlib.h>
#include <string.h>

// The most messages of a log in one answer.
#define POLLED_MAX 20

typedef struct {
    char *key; // with its quotes
    integers messages;
    long long committed; // -1 if it never was
} log_of_key;

static log_of_key *logs;
static size_t logs_length;

static log_of_key *find(json key) {
    for (size_t i = 0; i < logs_length; i++) {
        if (json_is(key, logs[i].key)) return &logs[i];
    }
    return NULL;
}

static log_of_key *find_or_add(json key) {
    log_of_key *found = find(key);
    if (found != NULL) return found;
    logs = realloc(logs, (logs_length + 1) * sizeof *logs);
    if (logs == NULL) abort();
    log_of_key *added = &logs[logs_length++];
    *added = (log_of_key){.key = strndup(key.at, key.length), .committed = -1};
    return added;
}

static void poll_log(text *msgs, json key, size_t from) {
    text_add(msgs, "%s%.*s:[", msgs->length > 1 ? "," : "", SHOW(key));
    const log_of_key *found = find(key);
    size_t length = found == NULL ? 0 : found->messages.length;
    for (size_t at = from; at < length && at < from + POLLED_MAX; at++) {
        const char *comma = at > from ? "," : "";
        text_add(msgs, "%s[%zu,%lld]", comma, at, found->messages.at[at]);
    }
    text_add(msgs, "]");
}

void handle(const message *request) {
    json key, value;
    if (json_is(request->type, "\"send\"")) {
        log_of_key *found = find_or_add(json_get(request->body, "key"));
        integers_add(&found->messages, json_integer(json_get(request->body, "msg")));
        reply(request, "\"type\":\"send_ok\",\"offset\":%zu", found->messages.length - 1);
    } else if (json_is(request->type, "\"poll\"")) {
        json offsets = json_inside(json_get(request->body, "offsets"));
        text msgs = {0};
        text_add(&msgs, "{");
        while (json_next_field(&offsets, &key, &value)) {
            poll_log(&msgs, key, (size_t)json_integer(value));
        }
        reply(request, "\"type\":\"poll_ok\",\"msgs\":%s}", msgs.at);
        free(msgs.at);
    } else if (json_is(request->type, "\"commit_offsets\"")) {
        json offsets = json_inside(json_get(request->body, "offsets"));
        while (json_next_field(&offsets, &key, &value)) {
            log_of_key *found = find_or_add(key);
            long long offset = json_integer(value);
            if (offset > found->committed) found->committed = offset;
        }
        reply(request, "\"type\":\"commit_offsets_ok\"");
    } else if (json_is(request->type, "\"list_committed_offsets\"")) {
        json keys = json_inside(json_get(request->body, "keys"));
        text offsets = {0};
        text_add(&offsets, "{");
        while (json_next(&keys, &key)) {
            const log_of_key *found = find(key);
            if (found == NULL || found->committed < 0) continue;
            const char *comma = offsets.length > 1 ? "," : "";
            text_add(&offsets, "%s%s:%lld", comma, found->key, found->committed);
        }
        reply(request, "\"type\":\"list_committed_offsets_ok\",\"offsets\":%s}", offsets.at);
        free(offsets.at);
    } else {
        reply_error(request, NOT_SUPPORTED, "no such request");
    }
}

// Called every TICK_MS milliseconds: the place to try again what has not been answered.
void tick(void) {}
