// Challenges 3a to 3c: every node learns every value. A new value goes to all other nodes, each time as a call that is tried
// again until it is acknowledged, so a partition delays values and loses none.
//
// `-- --retry never` sends each value once, which a partition shows to be wrong.
#define MAELSTROM_IMPLEMENTATION
#include "../maelstrom.h"

enum { GOSSIP };

static integers messages; // sorted
static bool retries = true;

void on_init(void) {
    const char *given = option("retry");
    retries = given == NULL || given[0] != 'n';
}

static void learn(int64_t value) {
    if (!integers_insert(&messages, value)) return;
    for (size_t i = 0; i < nodes_count; i++) {
        if (i == node_index) continue;
        call(nodes[i], "gossip", retries ? retry_forever(200) : retry_never(200), GOSSIP, value);
        add_integer("message", value);
    }
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
    state_boolean("retries", &retries);
}
