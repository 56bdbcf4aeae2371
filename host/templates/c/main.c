// Reads messages from stdin, a line each, and has the node handle them.
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "maelstrom.h"

static long long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int main(void) {
    static char *input;
    static size_t length, room;
    node_out = stdout;
    long long next_tick = now_ms() + TICK_MS;
    for (;;) {
        long long wait = next_tick - now_ms();
        struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
        int ready = poll(&in, 1, wait > 0 ? (int)wait : 0);
        if (now_ms() >= next_tick) {
            next_tick = now_ms() + TICK_MS;
            if (node_id != NULL) tick();
        }
        if (ready <= 0) continue;
        if (room - length < 65536) {
            room = room * 2 + 65536;
            input = realloc(input, room);
            if (input == NULL) return 1;
        }
        ssize_t got = read(STDIN_FILENO, input + length, room - length);
        if (got <= 0) return 0;
        length += (size_t)got;
        char *line = input, *end;
        while ((end = memchr(line, '\n', length - (size_t)(line - input))) != NULL) {
            if (end > line) node_line(line, (size_t)(end - line));
            line = end + 1;
        }
        length -= (size_t)(line - input);
        memmove(input, line, length);
    }
}
