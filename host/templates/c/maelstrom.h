// What a node needs beside its own rules: JSON, messages, answers. It is yours to change.
#ifndef MAELSTROM_H
#define MAELSTROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

// A piece of JSON text, which is neither copied nor changed. It lives as long as the line that it
// is in. An empty piece stands for what is missing.
typedef struct {
    const char *at;
    size_t length;
} json;

// For printf and its kin: "%.*s" with SHOW(piece).
#define SHOW(piece) (int)(piece).length, (piece).at

// The value of a field of an object.
json json_get(json object, const char *key);

// What is inside the brackets of a list or an object.
json json_inside(json piece);

// Takes the first item from the inside of a list. False at the end.
bool json_next(json *items, json *item);

// Takes the first key, with its quotes, and its value from the inside of an object. False at the
// end.
bool json_next_field(json *fields, json *key, json *value);

// Whether this is exactly the text: json_is(kind, "\"echo\"").
bool json_is(json piece, const char *text);

// The integer, or 0 if it is none.
long long json_integer(json piece);

// Text that grows.
typedef struct {
    char *at;
    size_t length, room;
} text;

void text_add(text *text, const char *format, ...);

// Integers in a list that grows.
typedef struct {
    long long *at;
    size_t length, room;
} integers;

void integers_add(integers *list, long long integer);
bool integers_has(const integers *list, long long integer);

// Appends the list as JSON.
void text_add_integers(text *text, const integers *list);

// A message that has arrived. `type` has quotes.
typedef struct {
    json src, type, msg_id, body;
} message;

// The codes of errors. After TIMEOUT and CRASH, and codes of one's own from 1000 on, the request may
// have happened.
enum {
    TIMEOUT = 0,
    NODE_NOT_FOUND = 1,
    NOT_SUPPORTED = 10,
    TEMPORARILY_UNAVAILABLE = 11,
    MALFORMED_REQUEST = 12,
    CRASH = 13,
    ABORT = 14,
    KEY_DOES_NOT_EXIST = 20,
    KEY_ALREADY_EXISTS = 21,
    PRECONDITION_FAILED = 22,
    TXN_CONFLICT = 30,
};

// Answers a request. The format has the fields of the body: "\"type\":\"echo_ok\",\"echo\":1".
void reply(const message *request, const char *format, ...);

// Answers a request with an error. The text must need no escapes.
void reply_error(const message *request, int code, const char *format, ...);

// Sends a message to a node or a service. The format has the fields of the body.
void send_to(const char *dest, const char *format, ...);

// The name of this node, and those of all nodes, in quotes, as a list.
extern char *node_id;
extern char *node_ids;

// Where messages go: stdout, or what a test gives.
extern FILE *node_out;

// Handles a line: answers `init`, hands all else to `handle`.
void node_line(const char *line, size_t length);

// These two are in node.c: what the node does with a message, and every TICK_MS milliseconds.
void handle(const message *request);
void tick(void);

#define TICK_MS 100

#endif
