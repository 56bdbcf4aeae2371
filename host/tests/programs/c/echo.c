// A node that answers what it is told, with nothing but the C library: it reads a line,
// finds what it needs in it and answers. Real nodes want a JSON parser.
//
// With files as arguments, the type of its answers is what their first lines are together. So it
// can stand for an interpreter: with its library, and with the script that it runs.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node.h"

// Appends the first line of a file.
static void append(const char *path, char *out, size_t size) {
    char text[64] = "";
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    if (fgets(text, sizeof text, file) == NULL) text[0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    strncat(out, text, size - strlen(out) - 1);
    fclose(file);
}

int main(int argc, char **argv) {
    char *line = NULL;
    size_t capacity = 0;
    char node[64] = "", src[64], msg_id[32], echo[1024], kind[64], answer[256] = "";
    for (int i = 1; i < argc; i++) append(argv[i], answer, sizeof answer);
    if (argc < 2) strcpy(answer, "echo_ok");
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
            printf("{\"src\":\"%s\",\"dest\":\"%s\",\"body\":{\"type\":\"%s\",\"in_reply_to\":%s,\"echo\":\"%s\"}}\n",
                   node, src, answer, msg_id, echo);
        }
        fflush(stdout); // stdout is a pipe, to C as well
    }
    free(line);
    return 0;
}
