// A node that answers what it is told, with nothing but the C library: it reads a line,
// finds what it needs in it and answers. Real nodes want a JSON parser.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node.h"

int main(void) {
    char *line = NULL;
    size_t capacity = 0;
    char node[64] = "", src[64], msg_id[32], echo[1024], kind[64];
    while (getline(&line, &capacity, stdin) > 0) {
        field(line, "\"src\":\"", src, sizeof src);
        field(line, "\"type\":\"", kind, sizeof kind);
        field(line, "\"msg_id\":", msg_id, sizeof msg_id);
        if (strcmp(kind, "init") == 0) {
            field(line, "\"node_id\":\"", node, sizeof node);
            printf("{\"src\":\"%s\",\"dest\":\"%s\",\"body\":{\"type\":\"init_ok\",\"in_reply_to\":%s}}\n",
                   node, src, msg_id);
        } else {
            field(line, "\"echo\":\"", echo, sizeof echo);
            printf("{\"src\":\"%s\",\"dest\":\"%s\",\"body\":{\"type\":\"echo_ok\",\"in_reply_to\":%s,\"echo\":\"%s\"}}\n",
                   node, src, msg_id, echo);
        }
        fflush(stdout); // stdout is a pipe, to C as well
    }
    free(line);
    return 0;
}
