// Requests to a node that is alone, and the answers. It is built for this machine.
#include "maelstrom.h"

#include <stdlib.h>
#include <string.h>

static const char *conversation[][2] = {
    {"{\"type\":\"txn\",\"msg_id\":2,\"txn\":[[\"r\",1,null],[\"w\",1,6],[\"r\",1,null]]}",
     "{\"in_reply_to\":2,\"type\":\"txn_ok\",\"txn\":[[\"r\",1,null],[\"w\",1,6],[\"r\",1,6]]}"},
};

static void deliver(const char *src, const char *body) {
    text line = {0};
    text_add(&line, "{\"src\":\"%s\",\"dest\":\"n0\",\"body\":%s}", src, body);
    node_line(line.at, line.length);
    free(line.at);
}

int main(void) {
    char *out = NULL;
    size_t length = 0;
    node_out = open_memstream(&out, &length);
    deliver("c0", "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n0\",\"node_ids\":[\"n0\"]}");
    int wrong = 0;
    for (size_t i = 0; i < sizeof conversation / sizeof *conversation; i++) {
        size_t before = length;
        deliver("c1", conversation[i][0]);
        text expected = {0};
        text_add(&expected, "{\"src\":\"n0\",\"dest\":\"c1\",\"body\":%s}\n", conversation[i][1]);
        if (strcmp(out + before, expected.at) != 0) {
            printf("%s\ngot:  %swant: %s", conversation[i][0], out + before, expected.at);
            wrong++;
        }
        free(expected.at);
    }
    printf("%d of %zu answers are wrong\n", wrong, sizeof conversation / sizeof *conversation);
    return wrong > 0;
}
