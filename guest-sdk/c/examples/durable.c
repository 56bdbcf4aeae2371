// Challenge 3c-durable: gossip.c, with every value in a log on the disk. What a node has acknowledged, to a client or to another
// node, it knows again after it was killed or lost its power; the header syncs before each message that says so.
//
// `-- --sync never` acknowledges before that, which a loss of power shows to be wrong.
#define MAELSTROM_IMPLEMENTATION
#include "../maelstrom.h"

enum { GOSSIP };

static integers messages; // sorted
static bool syncs = true;

// Tells all other nodes.
static void spread(int64_t value) {
    for (size_t i = 0; i < nodes_count; i++) {
        if (i == node_index) continue;
        call(nodes[i], "gossip", retry_forever(200), GOSSIP, value);
        add_integer("message", value);
    }
}

void on_init(void) {
    const char *given = option("sync");
    syncs = given == NULL || given[0] != 'n';
    json rest = disk_open_log("messages"), record;
    int64_t value;
    // After a sync that has failed no later one makes durable what was there: it is written again.
    disk_put("messages", rest.at, rest.length);
    while (disk_next_record(&rest, &record)) {
        if (!json_integer(record, &value)) give_up("a record is not an integer");
        // Who has acknowledged it is not on the disk.
        if (integers_insert(&messages, value)) spread(value);
    }
}

static void learn(int64_t value) {
    if (!integers_insert(&messages, value)) return;
    disk_without_sync(!syncs);
    disk_append_log("messages");
    add_integer(NULL, value);
    spread(value);
}

bool on_request(const message *request) {
    bool is_gossip = json_is(request->type, "gossip");
    if (is_gossip || json_is(request->type, "broadcast")) {
        int64_t value;
        if (!json_integer(json_get(request->body, "message"), &value)) {
            reply_error(&request->from, MALFORMED_REQUEST, "message is not an integer of 64 bits");
            return true;
        }
        learn(value);
        reply(&request->from, is_gossip ? "gossip_ok" : "broadcast_ok");
    } else if (json_is(request->type, "read")) {
        reply(&request->from, "read_ok");
        add_integers("messages", &messages);
    } else if (json_is(request->type, "topology")) {
        reply(&request->from, "topology_ok"); // every node talks to every other
    } else {
        return false;
    }
    return true;
}

void on_state(void) {
    state_integers("messages", &messages);
    state_boolean("syncs", &syncs);
}
