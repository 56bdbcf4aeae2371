// A node that answers init, asks with the next message for memory that it may not have, and then does
// as its argument says.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
    const char *then = argc > 1 ? argv[1] : "";
    char *line = NULL;
    size_t capacity = 0;
    getline(&line, &capacity, stdin);
    puts("{\"src\":\"n1\",\"dest\":\"c0\",\"body\":{\"type\":\"init_ok\",\"in_reply_to\":1}}");
    fflush(stdout); // stdout is a pipe, to C as well
    getline(&line, &capacity, stdin);
    void *volatile large = malloc(1u << 30); // volatile: or the compiler leaves it out
    if (large != NULL) return 9;
    if (strcmp(then, "exit") == 0) {
        perror("malloc");
        return 1;
    }
    if (strcmp(then, "abort") == 0) abort();
    if (strcmp(then, "return") == 0) return 0;
    getline(&line, &capacity, stdin); // it goes on without
    return 3;
}
