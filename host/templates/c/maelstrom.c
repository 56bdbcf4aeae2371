#include "maelstrom.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

char *node_id;
char *node_ids;
FILE *node_out;

static void *grown(void *at, size_t size) {
    at = realloc(at, size);
    if (at == NULL) {
        fprintf(stderr, "no memory for %zu bytes\n", size);
        abort();
    }
    return at;
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static json trimmed(json piece) {
    while (piece.length > 0 && is_space(*piece.at)) piece.at++, piece.length--;
    while (piece.length > 0 && is_space(piece.at[piece.length - 1])) piece.length--;
    return piece;
}

// How long the value at the beginning is: to the comma or colon that ends it.
static size_t value_length(json piece) {
    size_t depth = 0;
    bool is_string = false;
    for (size_t i = 0; i < piece.length; i++) {
        char c = piece.at[i];
        if (is_string) {
            if (c == '\\') i++;
            else if (c == '"') is_string = false;
        } else if (c == '"') {
            is_string = true;
        } else if (c == '[' || c == '{') {
            depth++;
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        } else if ((c == ',' || c == ':') && depth == 0) {
            return i;
        }
    }
    return piece.length;
}

// Takes the value at the beginning, and the comma or colon behind it.
static json take_value(json *rest) {
    size_t length = value_length(*rest);
    json value = trimmed((json){rest->at, length});
    size_t taken = length < rest->length ? length + 1 : length;
    rest->at += taken;
    rest->length -= taken;
    return value;
}

json json_inside(json piece) {
    if (piece.length < 2) return (json){"", 0};
    return trimmed((json){piece.at + 1, piece.length - 2});
}

bool json_next(json *items, json *item) {
    if (items->length == 0) return false;
    *item = take_value(items);
    return true;
}

bool json_next_field(json *fields, json *key, json *value) {
    return json_next(fields, key) && json_next(fields, value);
}

json json_get(json object, const char *key) {
    json fields = json_inside(object), name, value;
    size_t length = strlen(key);
    while (json_next_field(&fields, &name, &value)) {
        if (name.length == length + 2 && memcmp(name.at + 1, key, length) == 0) return value;
    }
    return (json){"", 0};
}

bool json_is(json piece, const char *text) {
    return piece.length == strlen(text) && memcmp(piece.at, text, piece.length) == 0;
}

long long json_integer(json piece) {
    char digits[24] = "";
    size_t length = piece.length < sizeof digits - 1 ? piece.length : sizeof digits - 1;
    memcpy(digits, piece.at, length);
    return strtoll(digits, NULL, 10);
}

static void add(text *text, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    size_t needed = text->length + (size_t)length + 1;
    if (needed > text->room) {
        text->room = needed * 2;
        text->at = grown(text->at, text->room);
    }
    vsnprintf(text->at + text->length, (size_t)length + 1, format, arguments);
    text->length += (size_t)length;
}

void text_add(text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(text, format, arguments);
    va_end(arguments);
}

void integers_add(integers *list, long long integer) {
    if (list->length == list->room) {
        list->room = list->room * 2 + 8;
        list->at = grown(list->at, list->room * sizeof *list->at);
    }
    list->at[list->length++] = integer;
}

bool integers_has(const integers *list, long long integer) {
    for (size_t i = 0; i < list->length; i++) {
        if (list->at[i] == integer) return true;
    }
    return false;
}

void text_add_integers(text *text, const integers *list) {
    text_add(text, "[");
    for (size_t i = 0; i < list->length; i++) {
        text_add(text, i == 0 ? "%lld" : ",%lld", list->at[i]);
    }
    text_add(text, "]");
}

static void write_line(json dest, const char *reserved, const char *format, va_list arguments) {
    text body = {0};
    add(&body, format, arguments);
    fprintf(node_out, "{\"src\":\"%s\",\"dest\":%.*s,\"body\":{%s%s}}\n", node_id, SHOW(dest),
            reserved, body.at);
    free(body.at);
    fflush(node_out); // stdout is a pipe
}

static void answer(const message *request, const char *format, va_list arguments) {
    text reserved = {0};
    text_add(&reserved, "\"in_reply_to\":%.*s,", SHOW(request->msg_id));
    write_line(request->src, reserved.at, format, arguments);
    free(reserved.at);
}

void reply(const message *request, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    answer(request, format, arguments);
    va_end(arguments);
}

void reply_error(const message *request, int code, const char *format, ...) {
    text reason = {0};
    va_list arguments;
    va_start(arguments, format);
    add(&reason, format, arguments);
    va_end(arguments);
    reply(request, "\"type\":\"error\",\"code\":%d,\"text\":\"%s\"", code, reason.at);
    free(reason.at);
}

void send_to(const char *dest, const char *format, ...) {
    text quoted = {0};
    text_add(&quoted, "\"%s\"", dest);
    va_list arguments;
    va_start(arguments, format);
    write_line((json){quoted.at, quoted.length}, "", format, arguments);
    va_end(arguments);
    free(quoted.at);
}

static char *copied(json piece) {
    char *copy = grown(NULL, piece.length + 1);
    memcpy(copy, piece.at, piece.length);
    copy[piece.length] = '\0';
    return copy;
}

void node_line(const char *line, size_t length) {
    json whole = trimmed((json){line, length});
    json body = json_get(whole, "body");
    message got = {json_get(whole, "src"), json_get(body, "type"), json_get(body, "msg_id"), body};
    if (!json_is(got.type, "\"init\"")) {
        handle(&got);
        return;
    }
    json id = json_get(body, "node_id");
    node_id = copied((json){id.at + 1, id.length - 2});
    node_ids = copied(json_get(body, "node_ids"));
    reply(&got, "\"type\":\"init_ok\"");
}
