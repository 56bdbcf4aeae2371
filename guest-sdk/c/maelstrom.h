// A node for Maelstrom in C or C++, as a WebAssembly guest that is called with each event (docs/abi.md): it answers, sets
// timers, calls other nodes, and its state outlives a hot swap. One file of the node has
//
//     #define MAELSTROM_IMPLEMENTATION
//     #include "maelstrom.h"
//
// and defines the functions whose names begin with `on_`; all but `on_request` may be left out. Challenge 1 in full:
//
//     bool on_request(const message *request) {
//         if (!json_is(request->type, "echo")) return false;
//         reply(&request->from, "echo_ok");
//         add_json("echo", json_get(request->body, "echo"));
//         return true;
//     }
//
// It needs no C library: clang and wasm-ld are enough. With wasi-libc it uses that one's `realloc` and `free`.
//
//     clang --target=wasm32 -mbulk-memory -O2 -nostdlib -Wl,--no-entry node.c -o node.wasm
//     clang --target=wasm32-wasi -mexec-model=reactor -O2 node.c -o node.wasm
//     zig cc -target wasm32-wasi -mexec-model=reactor -O2 node.c -o node.wasm
//
// Names that begin with `ms_` are the header's own. What cannot go on (no memory, too many calls) ends the step with a
// sentence on stderr, and none of its effects happens.
#ifndef MAELSTROM_H
#define MAELSTROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The most bytes of a node's name, of one step's effects, and the most calls or timers at a time. Define others before the
// header is included.
#ifndef MAELSTROM_NAME_MAX
#define MAELSTROM_NAME_MAX 63
#endif
#ifndef MAELSTROM_OUTPUT_MAX
#define MAELSTROM_OUTPUT_MAX (8u << 20)
#endif
#ifndef MAELSTROM_PENDING_MAX
#define MAELSTROM_PENDING_MAX 10000
#endif
// Raise it when a newer version of the node must not continue from the state of an older one.
#ifndef MAELSTROM_STATE_VERSION
#define MAELSTROM_STATE_VERSION 1
#endif

// ---- JSON that has arrived ----

// A value as JSON text, neither copied nor changed. It lives until the handler returns. An empty piece stands for what is
// missing, and each function takes it.
typedef struct {
    const char *at;
    size_t length;
} json;

// The value of a field of an object.
json json_get(json object, const char *key);
// What is inside the brackets of a list or an object, for the two functions below.
json json_inside(json piece);
// Takes the first item from the inside of a list. False at the end.
bool json_next(json *items, json *item);
// Takes the first key (a string) and its value from the inside of an object. False at the end.
bool json_next_field(json *fields, json *key, json *value);
// Whether it is a string of exactly these characters; escapes are understood.
bool json_is(json piece, const char *text);
// Reads an integer. False if it is none, or not in the range.
bool json_integer(json piece, int64_t *integer);
bool json_unsigned(json piece, uint64_t *integer);
bool json_boolean(json piece, bool *boolean);
// Copies the characters of a string as UTF-8, with a NUL behind them, as far as there is room. Returns how many bytes the
// whole string has without the NUL, or SIZE_MAX if it is none. Half a surrogate pair becomes U+FFFD.
size_t json_string(json piece, char *out, size_t room);

// ---- Messages ----

// The codes of errors. After TIMEOUT and CRASH, and codes of one's own from 1000 on, the request may have happened.
enum {
    NO_ERROR = -1,
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

// Who has sent a request, and what the answer repeats. Keep a copy to answer later.
typedef struct {
    char node[MAELSTROM_NAME_MAX + 1];
    uint64_t msg_id;
    bool wants_reply;
} caller;

typedef struct {
    caller from;
    json type, body;
} message;

// The name of this node, those of all nodes in the same order on each, and where this one is among them.
extern const char *node_id;
extern const char **nodes;
extern size_t nodes_count, node_index;

// These begin a message. What `add_…` and `open_…` write goes into its body, until the next message or other effect begins or
// the handler returns. `reply` says nothing to who wants no reply.
void reply(const caller *to, const char *type);
void send_to(const char *dest, const char *type);
void reply_error(const caller *to, int code, const char *text);

// Add a field to the body. In a list `key` is NULL.
void add_json(const char *key, json piece);
void add_integer(const char *key, int64_t integer);
void add_unsigned(const char *key, uint64_t integer);
void add_boolean(const char *key, bool boolean);
void add_string(const char *key, const char *text);
void add_text(const char *key, const char *text, size_t length);
void open_object(const char *key);
void open_list(const char *key);
void close_inner(void); // the list or object that was opened last

// ---- Calls ----

// How long a call waits, and how often it is tried: each wait is twice as long as the one before, up to eight times the
// first. Each attempt is the same message, so retry only what may happen twice.
typedef struct {
    uint64_t first_ns, max_ns;
    uint32_t attempts; // 0: without limit
} retry;

retry retry_never(uint64_t timeout_ms);
retry retry_times(uint32_t attempts, uint64_t timeout_ms);
retry retry_forever(uint64_t timeout_ms);

// Maelstrom's services: call(SEQ_KV, "read", …); add_string("key", "counter");
#define LIN_KV "lin-kv"
#define SEQ_KV "seq-kv"
#define LWW_KV "lww-kv"
#define LIN_TSO "lin-tso"

// Begins a request, as `send_to` does. `on_response` gets `what` and `data` with the answer, an error, or error TIMEOUT. They
// are numbers and not a function, because a newer version of the node has its functions elsewhere.
void call(const char *dest, const char *type, retry how, int what, int64_t data);

typedef struct {
    int what; // as given to `call`
    int64_t data;
    int error; // NO_ERROR, or a code
    json type, body; // empty after a TIMEOUT
} response;

// ---- Timers, clock, chance, log, arguments ----

#define MILLISECOND 1000000ull
#define SECOND 1000000000ull

// Calls on_timer(what, data) once, after at least 1 ms. Returns the timer's id.
uint64_t set_timer(uint64_t after_ns, int what, int64_t data);
// Has no effect if it has fired already.
void cancel_timer(uint64_t id);
// Nanoseconds since 1970. Time stands still while a handler runs.
uint64_t now_ns(void);
// A number below `bound`, from the seed of the node. 0 if there is none.
uint64_t random_below(uint64_t bound);
// `level`: trace, debug, info, warn, error.
void log_line(const char *level, const char *text);
// The value behind `--name` among the arguments, or NULL.
const char *option(const char *name);
// Ends the step with this sentence on stderr. None of its effects happens, and the node has failed.
#ifdef __cplusplus
[[noreturn]] void give_up(const char *why);
#else
_Noreturn void give_up(const char *why);
#endif

// ---- Integers in a list that grows ----

typedef struct {
    int64_t *at;
    size_t length, room;
} integers;

void integers_add(integers *list, int64_t integer);
// Keeps the list sorted and without doubles. False if the integer is in it already.
bool integers_insert(integers *list, int64_t integer);
void add_integers(const char *key, const integers *list);

// ---- The disk ----

// Files that outlive the process. They are read in `on_init` only; from then on the node's own variables are the truth, and the
// disk is only written. A change is visible at once, and durable after a sync. A node must not speak of what it may forget:
// while there are changes that are not synced, the header puts a sync before every message, and what comes behind it in the
// step happens when the disk has answered. What was read counts as a change, since a killed node finds what it never synced.
//
// A log is a file of records, each with a checksum over itself and all before it. Open it in `on_init`: it has the records
// before the first one that is torn or damaged, and the rest is cut off. A value that is replaced is a log of one record.
//
//     json rest = disk_open_log("values"), record;
//     while (disk_next_record(&rest, &record)) …
//     …
//     disk_append_log("values");
//     add_integer(NULL, value);
//
// The records live until `on_init` returns. The header keeps where they end, also over a hot swap, and none of them. After a sync
// that has failed no later one makes durable what is there already. A node that is to survive that writes it again in `on_init`:
// `disk_put("values", rest.at, rest.length)`, before it takes a record.
json disk_open_log(const char *file);
bool disk_next_record(json *rest, json *record);
// These begin a change as `send_to` begins a message: each item that is added, without a key, is a record. To replace a log
// changes it as a whole or not at all, whatever happens meanwhile.
void disk_append_log(const char *file);
void disk_replace_log(const char *file);
// Keeps the first records. Has no effect if there are not more.
void disk_cut_log(const char *file, size_t records);
size_t disk_log_length(const char *file);

// Bytes, for files that are no logs: `put` replaces all, after a crash too; `truncate` also lengthens, with zeros. Files are made
// by all but `rename` and `remove`. A name has 1 to 255 bytes, is neither "." nor "..", and has no slash. Other names, a file
// to rename that is not there, and a disk beyond the limits of the host fail the step.
void disk_put(const char *file, const void *bytes, size_t length);
void disk_append(const char *file, const void *bytes, size_t length);
void disk_write(const char *file, uint64_t at, const void *bytes, size_t length);
void disk_truncate(const char *file, uint64_t length);
void disk_rename(const char *from, const char *to);
void disk_remove(const char *file);
// All bytes of a file, with a NUL behind them, until `on_init` returns. NULL if there is no such file.
const char *disk_read(const char *file, size_t *length);
// All files, for `json_next_field`: the keys are their names.
json disk_files(void);

// Makes all changes durable before what follows in the step happens, and whether they are, or will be.
void disk_sync(void);
bool disk_is_synced(void);
// While true, for one handler at most, messages do not wait for what is changed or read: it may be lost.
void disk_without_sync(bool is_without);

// ---- State ----

// `on_state` names all that the node has to remember, one call for each variable. The same function writes a snapshot and
// reads one: a field that the snapshot does not have leaves the variable as it is, a field that nobody names is ignored, and a
// value that does not fit refuses the snapshot. Name, calls, timers and logs of the node are kept without it.
void state_integer(const char *key, int64_t *integer);
void state_boolean(const char *key, bool *boolean);
void state_string(const char *key, char *text, size_t room);
void state_integers(const char *key, integers *list);
void state_caller(const char *key, caller *who);
// Any bytes without pointers, as hexadecimal text. Another size refuses the snapshot.
void state_bytes(const char *key, void *bytes, size_t size);
// For other forms: while this is true, write with `add_…`; else read `state_get`, and say `state_refuse` if it does not fit.
// A snapshot is read twice, the first time only to see whether it fits: `state_is_checked` is true then.
bool state_is_written(void);
bool state_is_checked(void);
json state_get(const char *key);
void state_refuse(const char *why);

// ---- What the node defines ----

// False: the request is of no known type, and is answered with error 10.
bool on_request(const message *request);
void __attribute__((weak)) on_init(void);
void __attribute__((weak)) on_response(const response *answer);
void __attribute__((weak)) on_timer(int what, int64_t data);
// A sync has failed, and nothing behind it in its step has happened: no message, no timer, no change. If the disk was full, a later one
// may succeed; else what was not durable may be lost even then. A log whose end on the disk is in doubt has to be replaced before it is
// used again: one that was changed behind a sync of that step, and every log unless the disk was full. Without this function the node gives up, and its next start finds what is durable.
void __attribute__((weak)) on_sync_failed(bool is_full);
void __attribute__((weak)) on_state(void);

// ---- The exports of the ABI; a test without WebAssembly calls them ----

void maelstrom_abi_v1(void);
char *maelstrom_alloc(uint32_t length);
uint64_t maelstrom_handle(const char *event, uint32_t length);
uint64_t maelstrom_snapshot(void);
uint32_t maelstrom_restore(const char *snapshot, uint32_t length);
// What the last of them has returned.
const char *maelstrom_output(size_t *length);

#ifdef __cplusplus
}
#endif
#endif

#if defined(MAELSTROM_IMPLEMENTATION) && !defined(MAELSTROM_IMPLEMENTED)
#define MAELSTROM_IMPLEMENTED

#if defined(__wasm__) && !defined(__wasi__)
#define MS_BARE 1
#else
#define MS_BARE 0
#include <stdlib.h>
#include <string.h>
#endif
#ifndef __wasm__
#include <stdio.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

// ---- The world outside: WASI, or the process of a test ----

#ifdef __wasm__
#define MS_EXPORT(name) __attribute__((export_name(name)))
#define MS_WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(name)))
typedef struct {
    const void *at;
    size_t length;
} ms_buffer;
MS_WASI("fd_write") int ms_fd_write(int fd, const ms_buffer *buffers, size_t count, size_t *written);
MS_WASI("random_get") int ms_random_get(void *at, size_t length);
MS_WASI("args_sizes_get") int ms_args_sizes_get(size_t *count, size_t *bytes);
MS_WASI("args_get") int ms_args_get(char **arguments, char *bytes);
#else
#define MS_EXPORT(name)
#endif

#if MS_BARE
// The compiler may make calls of these out of loops and assignments. With bulk memory the first three are instructions.
#ifdef __wasm_bulk_memory__
__attribute__((weak)) void *memcpy(void *to, const void *from, size_t size) {
    return __builtin_memcpy(to, from, size);
}
__attribute__((weak)) void *memmove(void *to, const void *from, size_t size) {
    return __builtin_memmove(to, from, size);
}
__attribute__((weak)) void *memset(void *to, int byte, size_t size) {
    return __builtin_memset(to, byte, size);
}
#else
#error "give -mbulk-memory, or use wasi-libc"
#endif
__attribute__((weak, no_builtin("memcmp", "bcmp"))) int memcmp(const void *left, const void *right, size_t size) {
    const unsigned char *a = (const unsigned char *)left, *b = (const unsigned char *)right;
    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    }
    return 0;
}
__attribute__((weak, no_builtin("strlen"))) size_t strlen(const char *text) {
    size_t length = 0;
    while (text[length] != '\0') length++;
    return length;
}

// Blocks of powers of two. One that is free is kept for the next of its size.
extern unsigned char __heap_base;
static uintptr_t ms_top;
static void *ms_free_blocks[32];

static unsigned ms_class(size_t size) {
    unsigned class_of = 5;
    while (class_of < 31 && ((size_t)1 << class_of) < size + 8) class_of++;
    return class_of;
}

static void *realloc(void *old, size_t size) {
    if (size > (1u << 30)) return NULL;
    unsigned class_of = ms_class(size);
    unsigned *old_class = old == NULL ? NULL : (unsigned *)old - 2;
    if (old != NULL && *old_class >= class_of) return old;
    unsigned char *block = (unsigned char *)ms_free_blocks[class_of];
    if (block != NULL) {
        ms_free_blocks[class_of] = *(void **)(block + 8);
    } else {
        if (ms_top == 0) ms_top = ((uintptr_t)&__heap_base + 15) & ~(uintptr_t)15;
        uintptr_t end = ms_top + ((uintptr_t)1 << class_of), room = __builtin_wasm_memory_size(0) << 16;
        if (end < ms_top) return NULL;
        if (end > room && __builtin_wasm_memory_grow(0, (end - room + 65535) >> 16) == (size_t)-1) return NULL;
        block = (unsigned char *)ms_top;
        ms_top = end;
    }
    *(unsigned *)block = class_of;
    if (old != NULL) {
        memcpy(block + 8, old, ((size_t)1 << *old_class) - 8);
        *(void **)old = ms_free_blocks[*old_class];
        ms_free_blocks[*old_class] = (void *)old_class;
    }
    return block + 8;
}

static void free(void *old) {
    if (old == NULL) return;
    unsigned *block = (unsigned *)old - 2;
    *(void **)old = ms_free_blocks[*block];
    ms_free_blocks[*block] = block;
}
#endif

static void ms_complain(const char *text, size_t length) {
#ifdef __wasm__
    ms_buffer buffer = {text, length};
    size_t written;
    ms_fd_write(2, &buffer, 1, &written);
#else
    fprintf(stderr, "%.*s", (int)length, text);
#endif
}

void give_up(const char *why) {
    ms_complain(why, strlen(why));
    ms_complain("\n", 1);
    __builtin_trap();
}

static void *ms_grown(void *at, size_t size) {
    at = realloc(at, size);
    if (at == NULL) give_up("the node has no memory left");
    return at;
}

// Room for one more item of a list; it doubles.
static void *ms_more(void *at, size_t length, size_t *room, size_t item) {
    if (length < *room) return at;
    if (*room > (SIZE_MAX / 4) / item) give_up("a list is too long");
    *room = *room * 2 + 8;
    return ms_grown(at, *room * item);
}

// ---- JSON that has arrived ----

static json ms_piece(const char *at, const char *end) {
    json piece;
    piece.at = at;
    piece.length = (size_t)(end - at);
    return piece;
}

// The first of two bytes, or the end. What is long is text, so eight bytes are looked at in one go: a byte of `word ^ all` is 0 where
// the byte is found, and only such a byte, or one behind it, has its highest bit set by the subtraction.
static const char *ms_find(const char *at, const char *end, char one, char other) {
    const uint64_t ones = UINT64_MAX / 255, highest = ones << 7;
    const uint64_t all_one = ones * (unsigned char)one, all_other = ones * (unsigned char)other;
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        uint64_t left = word ^ all_one, right = word ^ all_other;
        if ((((left - ones) & ~left) | ((right - ones) & ~right)) & highest) break;
    }
    while (at < end && *at != one && *at != other) at++;
    return at;
}

static bool ms_is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static const char *ms_skip_spaces(const char *at, const char *end) {
    while (at < end && ms_is_space(*at)) at++;
    return at;
}

// Behind the string that begins here. Never beyond the end.
static const char *ms_skip_string(const char *at, const char *end) {
    at = ms_find(at + 1, end, '"', '\\');
    while (at < end && *at == '\\') at = ms_find(at + (end - at > 1 ? 2 : 1), end, '"', '\\');
    return at < end ? at + 1 : end;
}

// Behind the value that begins here, without recursion: nesting of any depth costs nothing.
static const char *ms_skip_value(const char *at, const char *end) {
    size_t depth = 0;
    while (at < end) {
        char c = *at;
        if (c == '"') {
            at = ms_skip_string(at, end);
            if (depth == 0) return at;
            continue;
        }
        if (c == '[' || c == '{') {
            depth++;
        } else if (c == ']' || c == '}') {
            if (depth == 0) return at;
            if (--depth == 0) return at + 1;
        } else if (depth == 0 && (c == ',' || c == ':' || ms_is_space(c))) {
            return at;
        }
        at++;
    }
    return end;
}

json json_inside(json piece) {
    if (piece.length < 2 || (*piece.at != '[' && *piece.at != '{')) return ms_piece("", "");
    return ms_piece(piece.at + 1, piece.at + piece.length - 1);
}

// Takes the value in front, and the comma or colon behind it.
bool json_next(json *items, json *item) {
    const char *end = items->at + items->length, *at = ms_skip_spaces(items->at, end);
    const char *behind = ms_skip_value(at, end);
    *item = ms_piece(at, behind);
    at = ms_skip_spaces(behind, end);
    if (at < end) at++; // a comma or a colon
    bool is_there = item->length > 0;
    *items = ms_piece(at, end);
    return is_there;
}

bool json_next_field(json *fields, json *key, json *value) { return json_next(fields, key) && json_next(fields, value); }

json json_get(json object, const char *key) {
    json fields = json_inside(object), name, value;
    while (json_next_field(&fields, &name, &value)) {
        if (json_is(name, key)) return value;
    }
    return ms_piece("", "");
}

static int ms_hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The four digits of `\uXXXX`, or -1.
static int32_t ms_unit(const char *at, const char *end) {
    int32_t unit = 0;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return -1;
    for (int i = 2; i < 6; i++) {
        int digit = ms_hex_digit(at[i]);
        if (digit < 0) return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

// The UTF-8 of the escape or byte at `*at`, which moves behind it.
static size_t ms_decode(const char **at, const char *end, char bytes[4]) {
    const char *from = *at;
    if (*from != '\\' || end - from < 2) {
        bytes[0] = *from;
        *at = from + 1;
        return 1;
    }
    if (from[1] != 'u') {
        static const char escapes[] = "b\bf\fn\nr\rt\t";
        bytes[0] = from[1]; // a quote, a slash or a backslash
        for (size_t i = 0; i + 1 < sizeof escapes; i += 2) {
            if (escapes[i] == from[1]) bytes[0] = escapes[i + 1];
        }
        *at = from + 2;
        return 1;
    }
    int32_t point = ms_unit(from, end);
    from += point < 0 ? 2 : 6;
    if (point >= 0xd800 && point < 0xdc00) {
        int32_t low = ms_unit(from, end);
        if (low >= 0xdc00 && low < 0xe000) {
            point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
            from += 6;
        }
    }
    if (point < 0 || (point >= 0xd800 && point < 0xe000)) point = 0xfffd;
    *at = from;
    if (point < 0x80) {
        bytes[0] = (char)point;
        return 1;
    }
    size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const int first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length - 1; i > 0; i--, point >>= 6) bytes[i] = (char)(0x80 | (point & 0x3f));
    bytes[0] = (char)(first[length] | point);
    return length;
}

static bool ms_is_string(json piece) { return piece.length >= 2 && *piece.at == '"'; }

bool json_is(json piece, const char *text) {
    if (!ms_is_string(piece)) return false;
    const char *at = piece.at + 1, *end = piece.at + piece.length - 1;
    while (at < end) {
        char bytes[4];
        size_t length = ms_decode(&at, end, bytes);
        for (size_t i = 0; i < length; i++, text++) {
            if (*text == '\0' || *text != bytes[i]) return false;
        }
    }
    return *text == '\0';
}

size_t json_string(json piece, char *out, size_t room) {
    if (!ms_is_string(piece)) {
        if (room > 0) *out = '\0';
        return SIZE_MAX;
    }
    const char *at = piece.at + 1, *end = piece.at + piece.length - 1;
    size_t total = 0, kept = 0;
    while (at < end) {
        char bytes[4];
        const char *plain = at;
        size_t length = (size_t)(ms_find(at, end, '\\', '\\') - at);
        at += length;
        if (length == 0) {
            plain = bytes;
            length = ms_decode(&at, end, bytes);
        }
        size_t fits = total != kept || kept + 1 >= room ? 0 : length < room - 1 - kept ? length : room - 1 - kept;
        // A character is there as a whole or not at all, and none behind one that is not.
        while (fits < length && fits > 0 && ((unsigned char)plain[fits] & 0xc0) == 0x80) fits--;
        if (fits > 0) memcpy(out + kept, plain, fits);
        kept += fits;
        total += length;
    }
    if (room > 0) out[kept] = '\0';
    return total;
}

bool json_unsigned(json piece, uint64_t *integer) {
    uint64_t value = 0;
    if (piece.length == 0) return false;
    for (size_t i = 0; i < piece.length; i++) {
        unsigned digit = (unsigned)(piece.at[i] - '0');
        if (digit > 9 || value > (UINT64_MAX - digit) / 10) return false;
        value = value * 10 + digit;
    }
    *integer = value;
    return true;
}

bool json_integer(json piece, int64_t *integer) {
    uint64_t value;
    bool is_negative = piece.length > 0 && *piece.at == '-';
    if (is_negative) piece = ms_piece(piece.at + 1, piece.at + piece.length);
    if (!json_unsigned(piece, &value) || value > (uint64_t)INT64_MAX + is_negative) return false;
    *integer = is_negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

bool json_boolean(json piece, bool *boolean) {
    bool is_true = piece.length == 4 && memcmp(piece.at, "true", 4) == 0;
    if (!is_true && (piece.length != 5 || memcmp(piece.at, "false", 5) != 0)) return false;
    *boolean = is_true;
    return true;
}

// ---- Text that is written: effects, or a snapshot ----

static struct {
    char *at;
    size_t length, room;
} ms_out;

static void ms_put(const char *at, size_t length) {
    if (length > MAELSTROM_OUTPUT_MAX - ms_out.length) give_up("a step has more output than MAELSTROM_OUTPUT_MAX");
    if (ms_out.length + length > ms_out.room) {
        ms_out.room = (ms_out.length + length) * 2;
        ms_out.at = (char *)ms_grown(ms_out.at, ms_out.room);
    }
    if (length > 0) memcpy(ms_out.at + ms_out.length, at, length);
    ms_out.length += length;
}

#define MS_PUT(literal) ms_put(literal, sizeof(literal) - 1)

static void ms_put_unsigned(uint64_t integer) {
    char digits[20];
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + integer % 10);
        integer /= 10;
    } while (integer > 0);
    ms_put(digits + first, sizeof digits - first);
}

// The characters of a string, without its quotes.
static void ms_put_escaped(const char *text, size_t length) {
    static const char hex[] = "0123456789abcdef";
    size_t done = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= ' ' && c != '"' && c != '\\') continue;
        char escape[] = {'\\', (char)c, '0', '0', hex[c >> 4], hex[c & 15]};
        if (c < ' ') escape[1] = 'u';
        ms_put(text + done, i - done);
        ms_put(escape, c < ' ' ? sizeof escape : 2);
        done = i + 1;
    }
    ms_put(text + done, length - done);
}

static void ms_put_text(const char *text, size_t length) {
    MS_PUT("\"");
    ms_put_escaped(text, length);
    MS_PUT("\"");
}

static void ms_put_string(const char *text) { ms_put_text(text, strlen(text)); }

static const char ms_base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void ms_put_base64(const void *bytes, size_t length) {
    const unsigned char *at = (const unsigned char *)bytes;
    MS_PUT("\"");
    for (size_t i = 0; i < length; i += 3) {
        uint32_t group = (uint32_t)at[i] << 16;
        if (i + 1 < length) group |= (uint32_t)at[i + 1] << 8;
        if (i + 2 < length) group |= at[i + 2];
        char digits[] = {ms_base64[group >> 18], ms_base64[group >> 12 & 63], ms_base64[group >> 6 & 63], ms_base64[group & 63]};
        if (i + 1 >= length) digits[2] = '=';
        if (i + 2 >= length) digits[3] = '=';
        ms_put(digits, sizeof digits);
    }
    MS_PUT("\"");
}

// What closes the lists and objects that are open, innermost last.
#define MS_DEPTH_MAX 64
static char ms_closers[MS_DEPTH_MAX];
static size_t ms_depth;
static bool ms_is_first; // nothing stands in the innermost one yet
static bool ms_is_open;  // fields may be added
static bool ms_is_mute;  // they lead nowhere: an answer that nobody wants

static bool ms_begin_field(const char *key) {
    if (!ms_is_open) give_up("a field is added and no message has begun: call reply, send_to or call first");
    if (ms_is_mute) return false;
    if (!ms_is_first) MS_PUT(",");
    ms_is_first = false;
    bool is_list = ms_depth > 0 && ms_closers[ms_depth - 1] == ']';
    if (is_list != (key == NULL)) give_up("a field of an object has a key, an item of a list has none");
    if (key == NULL) return true;
    ms_put_string(key);
    MS_PUT(":");
    return true;
}

void add_json(const char *key, json piece) {
    if (!ms_begin_field(key)) return;
    if (piece.length == 0) MS_PUT("null");
    else ms_put(piece.at, piece.length);
}

void add_unsigned(const char *key, uint64_t integer) {
    if (ms_begin_field(key)) ms_put_unsigned(integer);
}

void add_integer(const char *key, int64_t integer) {
    if (!ms_begin_field(key)) return;
    if (integer < 0) MS_PUT("-");
    ms_put_unsigned(integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer);
}

void add_boolean(const char *key, bool boolean) {
    static const char texts[] = "falsetrue";
    add_json(key, boolean ? ms_piece(&texts[5], &texts[9]) : ms_piece(texts, &texts[5]));
}

void add_text(const char *key, const char *text, size_t length) {
    if (ms_begin_field(key)) ms_put_text(text, length);
}

void add_string(const char *key, const char *text) { add_text(key, text, strlen(text)); }

static void ms_open(const char *key, char opener, char closer) {
    if (!ms_begin_field(key)) return;
    if (ms_depth == MS_DEPTH_MAX) give_up("more than 64 lists and objects in each other");
    ms_put(&opener, 1);
    ms_closers[ms_depth++] = closer;
    ms_is_first = true;
}

void open_object(const char *key) { ms_open(key, '{', '}'); }
void open_list(const char *key) { ms_open(key, '[', ']'); }

void close_inner(void) {
    if (ms_is_mute) return;
    if (ms_depth == 0) give_up("close_inner without open_list or open_object");
    ms_put(&ms_closers[--ms_depth], 1);
    ms_is_first = false;
}

void add_integers(const char *key, const integers *list) {
    open_list(key);
    for (size_t i = 0; i < list->length; i++) add_integer(NULL, list->at[i]);
    close_inner();
}

// ---- What the node remembers beside its own state ----

// A call in flight. The ids of both tables grow from front to back.
typedef struct {
    uint64_t id, timer; // id: the msg_id
    retry how;
    uint32_t attempt;
    int what;
    int64_t data;
    char *dest; // with the body behind it
    size_t dest_length, body_length;
} ms_call;

typedef struct {
    uint64_t id, call; // call: the msg_id of the call that it is for, or 0
    int what;
    int64_t data;
} ms_timer;

const char *node_id;
const char **nodes;
size_t nodes_count, node_index;

static uint64_t ms_now, ms_next_msg_id, ms_next_timer, ms_random;
static struct {
    ms_call *at;
    size_t length, room;
} ms_calls;
static struct {
    ms_timer *at;
    size_t length, room;
} ms_timers;

// The place of an id, or the length if it is not there.
#define MS_FIND(list, wanted, place)                             \
    do {                                                         \
        size_t low_ = 0, high_ = (list).length;                  \
        while (low_ < high_) {                                   \
            size_t middle_ = low_ + (high_ - low_) / 2;          \
            if ((list).at[middle_].id < (wanted)) low_ = middle_ + 1; \
            else high_ = middle_;                                \
        }                                                        \
        bool is_there_ = low_ < (list).length && (list).at[low_].id == (wanted); \
        (place) = is_there_ ? low_ : (list).length;              \
    } while (0)

#define MS_REMOVE(list, place)                                                                       \
    do {                                                                                             \
        (list).length--;                                                                             \
        memmove(&(list).at[place], &(list).at[(place) + 1], ((list).length - (place)) * sizeof *(list).at); \
    } while (0)

uint64_t now_ns(void) { return ms_now; }

uint64_t random_below(uint64_t bound) {
    // xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled" (2016).
    ms_random ^= ms_random >> 12;
    ms_random ^= ms_random << 25;
    ms_random ^= ms_random >> 27;
    uint64_t number = ms_random * 0x2545f4914f6cdd1dull;
    return bound == 0 ? 0 : number % bound;
}

static void ms_seed(void) {
#ifdef __wasm__
    ms_random_get(&ms_random, sizeof ms_random);
#endif
    if (ms_random == 0) ms_random = 1;
}

#ifdef __wasm__
const char *option(const char *name) {
    static char **arguments;
    static size_t count;
    size_t bytes;
    if (arguments == NULL) {
        if (ms_args_sizes_get(&count, &bytes) != 0) return NULL;
        arguments = (char **)ms_grown(NULL, count * sizeof *arguments + bytes + 1);
        if (ms_args_get(arguments, (char *)(arguments + count)) != 0) count = 0;
    }
    size_t length = strlen(name);
    for (size_t i = 1; i + 1 < count; i++) {
        const char *given = arguments[i];
        if (strlen(given) == length + 2 && memcmp(given, "--", 2) == 0 && memcmp(given + 2, name, length) == 0) return arguments[i + 1];
    }
    return NULL;
}
#else
const char *option(const char *name) {
    (void)name;
    return NULL;
}
#endif

static char *ms_copy(const char *at, size_t length) {
    char *copy = (char *)ms_grown(NULL, length + 1);
    memcpy(copy, at, length);
    copy[length] = '\0';
    return copy;
}

// ---- Effects ----

static size_t ms_body;         // where the body of the open message begins
static uint64_t ms_calling;    // the call that it belongs to, or 0

static const char *ms_log_kind; // if records are open: whether they are appended or replace others
static size_t ms_log_place;     // and the log that they belong to
static bool ms_is_unsynced;     // a change, or what was read, has to be durable before the next message
static bool ms_has_synced;      // in this step
static bool ms_is_without_sync; // what changes now may be lost

static void ms_sync_if_due(void) {
    if (!ms_is_unsynced) return;
    MS_PUT("{\"sync\":{}}\n");
    ms_is_unsynced = false;
    ms_has_synced = true;
}

static void ms_set_driver_timer(uint64_t id, uint64_t after_ns) {
    MS_PUT("{\"set_timer\":{\"id\":");
    ms_put_unsigned(id);
    MS_PUT(",\"after_ns\":");
    ms_put_unsigned(after_ns < MILLISECOND ? MILLISECOND : after_ns);
    MS_PUT("}}\n");
}

static uint64_t ms_start_timer(uint64_t after_ns, uint64_t call_id, int what, int64_t data) {
    if (ms_timers.length >= MAELSTROM_PENDING_MAX) give_up("more timers than MAELSTROM_PENDING_MAX");
    ms_timers.at = (ms_timer *)ms_more(ms_timers.at, ms_timers.length, &ms_timers.room, sizeof *ms_timers.at);
    ms_timer *added = &ms_timers.at[ms_timers.length++];
    added->id = ms_next_timer++;
    added->call = call_id;
    added->what = what;
    added->data = data;
    ms_set_driver_timer(added->id, after_ns);
    return added->id;
}

static uint64_t ms_wait_ns(retry how, uint32_t attempt) {
    if (attempt == 0) return how.first_ns;
    uint64_t wait = how.first_ns;
    for (uint32_t i = 0; i < attempt && wait < how.max_ns; i++) wait *= 2;
    if (wait > how.max_ns) wait = how.max_ns;
    // Up to a quarter more, so that nodes that failed together do not try again together.
    return wait + random_below(wait / 4 + 1);
}

static bool ms_may_follow(retry how, uint32_t attempt) { return how.attempts == 0 || attempt + 1 < how.attempts; }

static void ms_finish_log(void);

// Ends the open message or change, and everything that is open in it.
static void ms_finish(void) {
    if (!ms_is_open) return;
    ms_is_open = false;
    if (ms_is_mute) return;
    while (ms_depth > 0) ms_put(&ms_closers[--ms_depth], 1);
    if (ms_log_kind != NULL) {
        ms_finish_log();
        return;
    }
    MS_PUT("}");
    size_t end = ms_out.length;
    MS_PUT("}}\n");
    if (ms_calling == 0) return;
    ms_call *called = &ms_calls.at[ms_calls.length - 1];
    if (ms_may_follow(called->how, 0)) {
        called->body_length = end - ms_body;
        called->dest = (char *)ms_grown(called->dest, called->dest_length + called->body_length);
        memcpy(called->dest + called->dest_length, ms_out.at + ms_body, called->body_length);
    }
    called->timer = ms_start_timer(called->how.first_ns, called->id, 0, 0);
    ms_calling = 0;
}

static void ms_begin_message(const char *dest, size_t dest_length) {
    ms_sync_if_due();
    MS_PUT("{\"send\":{\"src\":");
    ms_put_string(node_id);
    MS_PUT(",\"dest\":");
    ms_put_text(dest, dest_length);
    MS_PUT(",\"body\":");
    ms_body = ms_out.length;
}

static void ms_begin_body(const char *type) {
    MS_PUT("{\"type\":");
    ms_put_string(type);
    ms_is_open = true;
    ms_is_mute = ms_is_first = false;
    ms_depth = 0;
}

void send_to(const char *dest, const char *type) {
    ms_finish();
    ms_begin_message(dest, strlen(dest));
    ms_begin_body(type);
}

void reply(const caller *to, const char *type) {
    ms_finish();
    if (!to->wants_reply) {
        ms_is_open = ms_is_mute = true;
        return;
    }
    send_to(to->node, type);
    add_unsigned("in_reply_to", to->msg_id);
}

void reply_error(const caller *to, int code, const char *text) {
    reply(to, "error");
    add_integer("code", code);
    add_string("text", text);
}

void call(const char *dest, const char *type, retry how, int what, int64_t data) {
    ms_finish();
    if (ms_calls.length >= MAELSTROM_PENDING_MAX) give_up("more calls in flight than MAELSTROM_PENDING_MAX");
    ms_calls.at = (ms_call *)ms_more(ms_calls.at, ms_calls.length, &ms_calls.room, sizeof *ms_calls.at);
    ms_call *added = &ms_calls.at[ms_calls.length++];
    memset(added, 0, sizeof *added);
    added->id = ms_calling = ms_next_msg_id++;
    added->how = how;
    added->what = what;
    added->data = data;
    added->dest_length = strlen(dest);
    added->dest = ms_copy(dest, added->dest_length);
    send_to(dest, type);
    add_unsigned("msg_id", added->id);
}

static retry ms_retry(uint32_t attempts, uint64_t timeout_ms) {
    retry how;
    if (timeout_ms > 1000000000) timeout_ms = 1000000000;
    how.first_ns = timeout_ms * MILLISECOND;
    how.max_ns = how.first_ns * 8;
    how.attempts = attempts;
    return how;
}

retry retry_never(uint64_t timeout_ms) { return ms_retry(1, timeout_ms); }
retry retry_times(uint32_t attempts, uint64_t timeout_ms) { return ms_retry(attempts == 0 ? 1 : attempts, timeout_ms); }
retry retry_forever(uint64_t timeout_ms) { return ms_retry(0, timeout_ms); }

uint64_t set_timer(uint64_t after_ns, int what, int64_t data) {
    ms_finish();
    return ms_start_timer(after_ns, 0, what, data);
}

void cancel_timer(uint64_t id) {
    size_t place;
    ms_finish();
    MS_FIND(ms_timers, id, place);
    if (place == ms_timers.length) return;
    MS_REMOVE(ms_timers, place);
    MS_PUT("{\"cancel_timer\":{\"id\":");
    ms_put_unsigned(id);
    MS_PUT("}}\n");
}

void log_line(const char *level, const char *text) {
    ms_finish();
    MS_PUT("{\"log\":{\"level\":");
    ms_put_string(level);
    MS_PUT(",\"text\":");
    ms_put_string(text);
    MS_PUT("}}\n");
}

void integers_add(integers *list, int64_t integer) {
    list->at = (int64_t *)ms_more(list->at, list->length, &list->room, sizeof *list->at);
    list->at[list->length++] = integer;
}

bool integers_insert(integers *list, int64_t integer) {
    size_t low = 0, high = list->length;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->at[middle] < integer) low = middle + 1;
        else high = middle;
    }
    if (low < list->length && list->at[low] == integer) return false;
    integers_add(list, integer);
    memmove(&list->at[low + 1], &list->at[low], (list->length - 1 - low) * sizeof *list->at);
    list->at[low] = integer;
    return true;
}

// ---- The disk ----

// Where a record ends, and the checksum of all JSON up to there.
typedef struct {
    uint64_t at;
    uint32_t sum;
} ms_end;

typedef struct {
    char *file;
    ms_end *at;
    size_t length, room;
    bool is_behind_sync; // it was changed behind a sync of the last step
} ms_log;

static struct {
    ms_log *at;
    size_t length, room;
} ms_logs;

static bool ms_is_starting; // on_init runs: the disk may be read
static json ms_disk;        // what there was, an object
static void *ms_kept;       // what was read of it: blocks that begin with the address of the next

// A line of a log: eight hexadecimal digits, a blank, JSON, a newline. The digits are the CRC-32 (ISO 3309) of the JSON of all
// records up to this one, so a record is valid only behind those that it was written behind.
#define MS_RECORD_HEAD 9

static uint32_t ms_checksum(uint32_t sum, const char *at, size_t length) {
    static uint32_t table[256]; // what a byte does to it
    if (table[1] == 0) {
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint32_t entry = byte;
            for (int bit = 0; bit < 8; bit++) entry = entry >> 1 ^ (0xedb88320 & (0 - (entry & 1)));
            table[byte] = entry;
        }
    }
    sum = ~sum;
    for (size_t i = 0; i < length; i++) sum = sum >> 8 ^ table[(sum ^ (unsigned char)at[i]) & 255];
    return ~sum;
}

static void ms_write_head(char head[MS_RECORD_HEAD], uint32_t sum) {
    static const char hex[] = "0123456789abcdef";
    for (int i = 0; i < 8; i++) head[i] = hex[sum >> (28 - 4 * i) & 15];
    head[8] = ' ';
}

static ms_end ms_last_end(const ms_log *log) {
    ms_end none = {0, 0};
    return log->length > 0 ? log->at[log->length - 1] : none;
}

static void ms_add_end(ms_log *log, ms_end end) {
    log->at = (ms_end *)ms_more(log->at, log->length, &log->room, sizeof *log->at);
    log->at[log->length++] = end;
}

static size_t ms_find_log(const char *file) {
    size_t length = strlen(file) + 1, place = 0;
    while (place < ms_logs.length && (strlen(ms_logs.at[place].file) + 1 != length || memcmp(ms_logs.at[place].file, file, length) != 0)) place++;
    return place;
}

// The log of this name, and if there is none yet and `may_add`, a new one.
static size_t ms_log_of(const char *file, bool may_add) {
    size_t place = ms_find_log(file);
    if (place < ms_logs.length) return place;
    if (!may_add) give_up("a log is used and where it ends is not known, because it was not opened in on_init (of a version before a hot swap neither) or a sync has failed: write all records with disk_replace_log first");
    ms_logs.at = (ms_log *)ms_more(ms_logs.at, ms_logs.length, &ms_logs.room, sizeof *ms_logs.at);
    ms_log *added = &ms_logs.at[ms_logs.length++];
    memset(added, 0, sizeof *added);
    added->file = ms_copy(file, strlen(file));
    return place;
}

// A new step begins. If a sync of the last one has failed, nobody knows where logs end on the disk: those that were changed behind a
// sync, or all if the disk may have lost what was not durable.
static void ms_settle_logs(bool has_failed, bool is_full) {
    for (size_t place = ms_logs.length; place-- > 0;) {
        ms_log *log = &ms_logs.at[place];
        bool is_lost = has_failed && (!is_full || log->is_behind_sync);
        log->is_behind_sync = false;
        if (!is_lost) continue;
        free(log->file);
        free(log->at);
        MS_REMOVE(ms_logs, place);
    }
}

// Begins an effect whose first field is a file.
static void ms_begin_change(const char *kind, const char *key, const char *file) {
    ms_finish();
    MS_PUT("{");
    ms_put_string(kind);
    MS_PUT(":{");
    ms_put_string(key);
    MS_PUT(":");
    ms_put_string(file);
    if (!ms_is_without_sync) ms_is_unsynced = true;
}

static void ms_change_bytes(const char *kind, const char *file, const uint64_t *at, const void *bytes, size_t length) {
    ms_begin_change(kind, "file", file);
    if (at != NULL) {
        MS_PUT(",\"at\":");
        ms_put_unsigned(*at);
    }
    MS_PUT(",\"base64\":");
    ms_put_base64(bytes, length);
    MS_PUT("}}\n");
}

void disk_put(const char *file, const void *bytes, size_t length) { ms_change_bytes("put", file, NULL, bytes, length); }
void disk_append(const char *file, const void *bytes, size_t length) { ms_change_bytes("append", file, NULL, bytes, length); }

void disk_write(const char *file, uint64_t at, const void *bytes, size_t length) {
    ms_change_bytes("write", file, &at, bytes, length);
}

void disk_truncate(const char *file, uint64_t length) {
    ms_begin_change("truncate", "file", file);
    MS_PUT(",\"len\":");
    ms_put_unsigned(length);
    MS_PUT("}}\n");
}

void disk_rename(const char *from, const char *to) {
    ms_begin_change("rename", "from", from);
    MS_PUT(",\"to\":");
    ms_put_string(to);
    MS_PUT("}}\n");
}

void disk_remove(const char *file) {
    ms_begin_change("remove", "file", file);
    MS_PUT("}}\n");
}

void disk_sync(void) {
    ms_finish();
    ms_is_unsynced = true;
    ms_sync_if_due();
}

// Records that are open are changes already.
static void ms_finish_records(void) {
    if (ms_log_kind != NULL) ms_finish();
}

bool disk_is_synced(void) {
    ms_finish_records();
    return !ms_is_unsynced;
}

void disk_without_sync(bool is_without) {
    ms_finish();
    ms_is_without_sync = is_without;
}

// What is read may be what was never synced.
static json ms_rely_on(json read) {
    if (!ms_is_starting) give_up("the disk is read in on_init only: keep in a variable what the node has to know");
    ms_finish(); // a message that is open is sent before the sync
    if (read.length > 0 && !ms_is_without_sync) ms_is_unsynced = true;
    return read;
}

// Room for bytes of a file, with a NUL, until on_init returns.
static char *ms_keep(size_t length) {
    void **block = (void **)ms_grown(NULL, sizeof *block + length + 1);
    *block = ms_kept;
    ms_kept = block;
    char *at = (char *)(block + 1);
    at[length] = '\0';
    return at;
}

static void ms_forget_disk(void) {
    while (ms_kept != NULL) {
        void *block = ms_kept;
        ms_kept = *(void **)block;
        free(block);
    }
    ms_is_starting = false;
}

static int ms_base64_digit(char c) {
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static const char *ms_decode_base64(json digits, size_t *length) {
    uint32_t group = 0, bits = 0;
    char *bytes = ms_keep(digits.length);
    *length = 0;
    for (size_t i = 1; i + 1 < digits.length; i++) {
        int digit = ms_base64_digit(digits.at[i]);
        if (digit < 0) continue; // padding, or a slash's escape
        group = group << 6 | (uint32_t)digit;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes[(*length)++] = (char)(group >> bits);
    }
    bytes[*length] = '\0';
    return bytes;
}

json disk_files(void) { return ms_rely_on(json_inside(ms_disk)); }

const char *disk_read(const char *file, size_t *length) {
    json content = ms_rely_on(json_get(ms_disk, file)), text = json_get(content, "text");
    *length = 0;
    if (content.length == 0) return NULL;
    if (text.length == 0) return ms_decode_base64(json_get(content, "base64"), length);
    *length = json_string(text, NULL, 0);
    char *bytes = ms_keep(*length);
    json_string(text, bytes, *length + 1);
    return bytes;
}

bool disk_next_record(json *rest, json *record) {
    const char *end = rest->at + rest->length, *at = ms_find(rest->at, end, '\n', '\n');
    if (at == end || at - rest->at < MS_RECORD_HEAD) return false;
    *record = ms_piece(rest->at + MS_RECORD_HEAD, at);
    *rest = ms_piece(at + 1, end);
    return true;
}

json disk_open_log(const char *file) {
    size_t length, place = ms_log_of(file, true);
    const char *bytes = disk_read(file, &length);
    ms_log *log = &ms_logs.at[place];
    ms_end last = {0, 0};
    log->length = 0;
    if (bytes == NULL) return ms_piece("", "");
    json rest = ms_piece(bytes, bytes + length), record;
    while (disk_next_record(&rest, &record)) {
        char head[MS_RECORD_HEAD];
        const char *line = bytes + last.at;
        last.sum = ms_checksum(last.sum, record.at, record.length);
        ms_write_head(head, last.sum);
        if (memcmp(line, head, sizeof head) != 0) break;
        last.at = (uint64_t)(rest.at - bytes);
        ms_add_end(log, last);
    }
    size_t kept = (size_t)ms_last_end(log).at;
    if (kept < length) {
        ms_finish();
        MS_PUT("{\"log\":{\"level\":\"warn\",\"text\":\"the log ");
        ms_put_escaped(file, strlen(file));
        MS_PUT(" is torn or damaged behind record ");
        ms_put_unsigned(log->length);
        MS_PUT(": ");
        ms_put_unsigned(kept);
        MS_PUT(" of ");
        ms_put_unsigned(length);
        MS_PUT(" bytes are kept\"}}\n");
        log->is_behind_sync |= ms_has_synced;
        disk_truncate(file, kept);
    }
    return ms_piece(bytes, bytes + kept);
}

static void ms_begin_log(const char *kind, const char *file) {
    ms_finish();
    ms_log_place = ms_log_of(file, *kind == 'p');
    ms_log_kind = kind;
    ms_body = ms_out.length;
    MS_PUT("[");
    ms_closers[0] = ']';
    ms_depth = 1;
    ms_is_open = ms_is_first = true;
    ms_is_mute = false;
}

void disk_append_log(const char *file) { ms_begin_log("append", file); }
void disk_replace_log(const char *file) { ms_begin_log("put", file); }

// Makes lines of the list that was written, and an effect of the lines.
static void ms_finish_log(void) {
    const char *kind = ms_log_kind;
    bool is_appended = *kind == 'a';
    ms_log *log = &ms_logs.at[ms_log_place];
    size_t length = ms_out.length - ms_body, room = 0, done = 0;
    json list = json_inside(ms_piece(ms_out.at + ms_body, ms_out.at + ms_body + length)), items = list, item;
    ms_log_kind = NULL;
    if (!is_appended) log->length = 0;
    while (json_next(&items, &item)) room += MS_RECORD_HEAD + item.length + 1;
    char *lines = (char *)ms_grown(NULL, room + 1);
    ms_end end = ms_last_end(log);
    while (json_next(&list, &item)) {
        char *line = lines + done, *text = line + MS_RECORD_HEAD;
        // JSON that has arrived may have newlines between its values.
        for (size_t i = 0; i < item.length; i++) text[i] = item.at[i] == '\n' ? ' ' : item.at[i];
        end.sum = ms_checksum(end.sum, text, item.length);
        ms_write_head(line, end.sum);
        text[item.length] = '\n';
        end.at += MS_RECORD_HEAD + item.length + 1;
        done += MS_RECORD_HEAD + item.length + 1;
        ms_add_end(log, end);
    }
    ms_out.length = ms_body;
    if (room > 0 || !is_appended) {
        log->is_behind_sync |= ms_has_synced;
        ms_begin_change(kind, "file", log->file);
        MS_PUT(",\"text\":");
        ms_put_text(lines, room);
        MS_PUT("}}\n");
    }
    free(lines);
}

void disk_cut_log(const char *file, size_t records) {
    ms_finish();
    ms_log *log = &ms_logs.at[ms_log_of(file, false)];
    if (records >= log->length) return;
    log->length = records;
    log->is_behind_sync |= ms_has_synced;
    disk_truncate(file, ms_last_end(log).at);
}

size_t disk_log_length(const char *file) {
    ms_finish_records();
    return ms_logs.at[ms_log_of(file, false)].length;
}

// ---- Events ----

static struct {
    char *at;
    size_t room;
} ms_in;

static void ms_read_name(json piece, caller *from) {
    if (json_string(piece, from->node, sizeof from->node) >= sizeof from->node) give_up("the name of a node is longer than MAELSTROM_NAME_MAX");
}

static char *ms_copy_name(json piece) {
    caller from;
    ms_read_name(piece, &from);
    return ms_copy(from.node, strlen(from.node));
}

// The lists of an init or a snapshot: {"node_id":…,"node_ids":[…]}.
static void ms_read_names(json body) {
    json names = json_inside(json_get(body, "node_ids")), name;
    size_t room = 0;
    node_id = ms_copy_name(json_get(body, "node_id"));
    while (json_next(&names, &name)) {
        nodes = (const char **)ms_more(nodes, nodes_count, &room, sizeof *nodes);
        if (json_is(name, node_id)) node_index = nodes_count;
        nodes[nodes_count++] = ms_copy_name(name);
    }
}

static void ms_forget_call(size_t place) {
    free(ms_calls.at[place].dest);
    MS_REMOVE(ms_calls, place);
}

static void ms_end_call(size_t place, int error, json type, json body) {
    response answer;
    answer.what = ms_calls.at[place].what;
    answer.data = ms_calls.at[place].data;
    answer.error = error;
    answer.type = type;
    answer.body = body;
    ms_forget_call(place);
    if (on_response) on_response(&answer);
}

static void ms_hear_response(uint64_t id, json type, json body) {
    size_t place;
    int64_t code = NO_ERROR;
    MS_FIND(ms_calls, id, place);
    if (place == ms_calls.length) return; // late, or a duplicate
    if (json_is(type, "error") && (!json_integer(json_get(body, "code"), &code) || code < 0 || code > INT32_MAX)) code = CRASH;
    ms_call *called = &ms_calls.at[place];
    // What is unavailable for now is tried again, when the timer fires.
    if (code == TEMPORARILY_UNAVAILABLE && ms_may_follow(called->how, called->attempt)) return;
    cancel_timer(called->timer);
    ms_end_call(place, (int)code, type, body);
}

// Moves the first effects behind all others.
static void ms_postpone(size_t length) {
    char *first = ms_copy(ms_out.at, length);
    ms_out.length -= length;
    memmove(ms_out.at, ms_out.at + length, ms_out.length);
    ms_put(first, length);
    free(first);
}

static void ms_hear_sync_failed(bool is_full) {
    ms_is_unsynced = true;
    if (on_sync_failed) on_sync_failed(is_full);
    else if (is_full) give_up("a sync has failed, because the disk is full: what was written since the last one may be lost");
    else give_up("a sync has failed: what was written since the last one may be lost");
}

static void ms_hear_message(json whole) {
    json fields = json_inside(whole), key, value, body = ms_piece("", ""), reply_to = body;
    message heard;
    memset(&heard, 0, sizeof heard);
    while (json_next_field(&fields, &key, &value)) {
        if (json_is(key, "src")) ms_read_name(value, &heard.from);
        else if (json_is(key, "body")) body = value;
    }
    heard.body = body;
    fields = json_inside(body);
    while (json_next_field(&fields, &key, &value)) {
        if (json_is(key, "type")) heard.type = value;
        else if (json_is(key, "msg_id")) heard.from.wants_reply = json_unsigned(value, &heard.from.msg_id);
        else if (json_is(key, "in_reply_to")) reply_to = value;
    }
    uint64_t id;
    if (node_id == NULL) {
        ms_seed();
        ms_next_msg_id = 1 + ms_now / 1000; // not those of a life before a kill
        ms_next_timer = 1;
        ms_read_names(body);
        reply(&heard.from, "init_ok");
        ms_finish();
        size_t answer = ms_out.length;
        ms_is_starting = true;
        if (on_init) on_init();
        ms_finish();
        ms_forget_disk();
        ms_sync_if_due();
        // The node is ready when what it has changed is durable.
        if (ms_has_synced) ms_postpone(answer);
    } else if (json_unsigned(reply_to, &id)) {
        ms_hear_response(id, heard.type, body);
    } else if (!on_request(&heard)) {
        char text[96] = "unknown message type ";
        json_string(heard.type, text + strlen(text), sizeof text - strlen(text));
        reply_error(&heard.from, NOT_SUPPORTED, text);
    }
}

static void ms_fire(uint64_t id) {
    size_t place, timer_place;
    MS_FIND(ms_timers, id, timer_place);
    if (timer_place == ms_timers.length) return;
    ms_timer fired = ms_timers.at[timer_place];
    MS_REMOVE(ms_timers, timer_place);
    if (fired.call == 0) {
        if (on_timer) on_timer(fired.what, fired.data);
        return;
    }
    MS_FIND(ms_calls, fired.call, place);
    if (place == ms_calls.length) return;
    ms_call *called = &ms_calls.at[place];
    if (!ms_may_follow(called->how, called->attempt)) {
        ms_end_call(place, TIMEOUT, ms_piece("", ""), ms_piece("", ""));
        return;
    }
    ms_begin_message(called->dest, called->dest_length);
    ms_put(called->dest + called->dest_length, called->body_length);
    MS_PUT("}}\n");
    if (called->attempt < UINT32_MAX - 1) called->attempt++;
    called->timer = ms_start_timer(ms_wait_ns(called->how, called->attempt), called->id, 0, 0);
}

static uint64_t ms_packed(void) { return (uint64_t)(uintptr_t)ms_out.at << 32 | ms_out.length; }

const char *maelstrom_output(size_t *length) {
    *length = ms_out.length;
    return ms_out.at;
}

MS_EXPORT("maelstrom_abi_v1") void maelstrom_abi_v1(void) {}

MS_EXPORT("alloc") char *maelstrom_alloc(uint32_t length) {
    if (length >= ms_in.room) {
        free(ms_in.at); // its contents are not needed
        ms_in.at = (char *)ms_grown(NULL, length + (size_t)1);
        ms_in.room = length + (size_t)1;
    }
    return ms_in.at;
}

MS_EXPORT("handle") uint64_t maelstrom_handle(const char *event, uint32_t length) {
    json fields = json_inside(ms_piece(event, event + length)), key, value, heard = ms_piece("", ""), timer = heard, failed = heard;
    uint64_t id;
    ms_out.length = 0;
    ms_is_open = ms_has_synced = ms_is_without_sync = false;
    ms_disk = heard;
    while (json_next_field(&fields, &key, &value)) {
        if (json_is(key, "now_ns")) json_unsigned(value, &ms_now);
        else if (json_is(key, "message")) heard = value;
        else if (json_is(key, "timer")) timer = value;
        else if (json_is(key, "disk")) ms_disk = value;
        else if (json_is(key, "sync_failed")) failed = value;
    }
    bool is_full = json_is(json_get(failed, "reason"), "full");
    ms_settle_logs(failed.length > 0, is_full);
    if (heard.length > 0) ms_hear_message(heard);
    else if (failed.length > 0) ms_hear_sync_failed(is_full);
    else if (json_unsigned(json_get(timer, "id"), &id)) ms_fire(id);
    ms_finish();
    return ms_packed();
}

// ---- State ----

static enum { MS_WRITES, MS_CHECKS, MS_READS } ms_mode;
static json ms_state;            // the object that is read
static const char *ms_refusal;   // why it is refused

bool state_is_written(void) { return ms_mode == MS_WRITES; }
bool state_is_checked(void) { return ms_mode == MS_CHECKS; }
json state_get(const char *key) { return json_get(ms_state, key); }
void state_refuse(const char *why) { ms_refusal = why; }

// The value of a field that is read, if it is there.
static bool ms_read(const char *key, json *value) {
    *value = state_get(key);
    return value->length > 0;
}

void state_integer(const char *key, int64_t *integer) {
    json value;
    int64_t number;
    if (ms_mode == MS_WRITES) add_integer(key, *integer);
    else if (!ms_read(key, &value)) return;
    else if (!json_integer(value, &number)) state_refuse(key);
    else if (ms_mode == MS_READS) *integer = number;
}

void state_boolean(const char *key, bool *boolean) {
    json value;
    bool read;
    if (ms_mode == MS_WRITES) add_boolean(key, *boolean);
    else if (!ms_read(key, &value)) return;
    else if (!json_boolean(value, &read)) state_refuse(key);
    else if (ms_mode == MS_READS) *boolean = read;
}

void state_string(const char *key, char *text, size_t room) {
    json value;
    if (ms_mode == MS_WRITES) add_string(key, text);
    else if (!ms_read(key, &value)) return;
    else if (json_string(value, NULL, 0) >= room) state_refuse(key);
    else if (ms_mode == MS_READS) json_string(value, text, room);
}

void state_integers(const char *key, integers *list) {
    json value, item;
    int64_t number;
    if (ms_mode == MS_WRITES) {
        add_integers(key, list);
        return;
    }
    if (!ms_read(key, &value)) return;
    if (*value.at != '[') state_refuse(key);
    if (ms_mode == MS_READS) list->length = 0;
    value = json_inside(value);
    while (json_next(&value, &item)) {
        if (!json_integer(item, &number)) state_refuse(key);
        else if (ms_mode == MS_READS) integers_add(list, number);
    }
}

void state_caller(const char *key, caller *who) {
    json value;
    caller read;
    if (ms_mode == MS_WRITES) {
        open_object(key);
        add_string("node", who->node);
        if (who->wants_reply) add_unsigned("msg_id", who->msg_id);
        close_inner();
        return;
    }
    if (!ms_read(key, &value)) return;
    memset(&read, 0, sizeof read);
    if (json_string(json_get(value, "node"), read.node, sizeof read.node) >= sizeof read.node) state_refuse(key);
    read.wants_reply = json_unsigned(json_get(value, "msg_id"), &read.msg_id);
    if (ms_mode == MS_READS) *who = read;
}

void state_bytes(const char *key, void *bytes, size_t size) {
    static const char hex[] = "0123456789abcdef";
    unsigned char *at = (unsigned char *)bytes;
    json value;
    if (ms_mode == MS_WRITES) {
        if (!ms_begin_field(key)) return;
        MS_PUT("\"");
        for (size_t i = 0; i < size; i++) {
            char pair[] = {hex[at[i] >> 4], hex[at[i] & 15]};
            ms_put(pair, 2);
        }
        MS_PUT("\"");
        return;
    }
    if (!ms_read(key, &value)) return;
    if (!ms_is_string(value) || value.length != size * 2 + 2) {
        state_refuse(key);
        return;
    }
    for (size_t i = 0; i < size; i++) {
        int high = ms_hex_digit(value.at[1 + 2 * i]), low = ms_hex_digit(value.at[2 + 2 * i]);
        if (high < 0 || low < 0) state_refuse(key);
        else if (ms_mode == MS_READS) at[i] = (unsigned char)(high << 4 | low);
    }
}

MS_EXPORT("snapshot") uint64_t maelstrom_snapshot(void) {
    ms_out.length = 0;
    if (node_id == NULL) {
        MS_PUT("null");
        return ms_packed();
    }
    MS_PUT("{\"sdk\":\"c\"");
    ms_is_open = true;
    ms_is_mute = ms_is_first = false;
    ms_depth = 0;
    add_unsigned("state_version", MAELSTROM_STATE_VERSION);
    open_object("node");
    ms_mode = MS_WRITES;
    if (on_state) on_state();
    close_inner();
    add_unsigned("now_ns", ms_now);
    add_string("node_id", node_id);
    open_list("node_ids");
    for (size_t i = 0; i < nodes_count; i++) add_string(NULL, nodes[i]);
    close_inner();
    add_unsigned("next_msg_id", ms_next_msg_id);
    add_unsigned("next_timer", ms_next_timer);
    add_unsigned("random", ms_random);
    open_list("calls");
    for (size_t i = 0; i < ms_calls.length; i++) {
        const ms_call *it = &ms_calls.at[i];
        open_object(NULL);
        add_unsigned("id", it->id);
        add_unsigned("timer", it->timer);
        add_unsigned("first_ns", it->how.first_ns);
        add_unsigned("max_ns", it->how.max_ns);
        add_unsigned("attempts", it->how.attempts);
        add_unsigned("attempt", it->attempt);
        add_integer("what", it->what);
        add_integer("data", it->data);
        add_text("dest", it->dest, it->dest_length);
        add_json("body", ms_piece(it->dest + it->dest_length, it->dest + it->dest_length + it->body_length));
        close_inner();
    }
    close_inner();
    open_list("timers");
    for (size_t i = 0; i < ms_timers.length; i++) {
        const ms_timer *it = &ms_timers.at[i];
        open_object(NULL);
        add_unsigned("id", it->id);
        add_unsigned("call", it->call);
        add_integer("what", it->what);
        add_integer("data", it->data);
        close_inner();
    }
    close_inner();
    add_boolean("is_unsynced", ms_is_unsynced);
    open_object("logs");
    for (size_t i = 0; i < ms_logs.length; i++) {
        const ms_log *it = &ms_logs.at[i];
        open_list(it->file);
        for (size_t j = 0; j < it->length; j++) {
            add_unsigned(NULL, it->at[j].at);
            add_unsigned(NULL, it->at[j].sum);
        }
        close_inner();
    }
    close_inner();
    open_list("logs_behind_sync");
    for (size_t i = 0; i < ms_logs.length; i++) {
        if (ms_logs.at[i].is_behind_sync) add_string(NULL, ms_logs.at[i].file);
    }
    close_inner();
    ms_is_open = false;
    MS_PUT("}");
    return ms_packed();
}

static uint64_t ms_field(json object, const char *key) {
    uint64_t number = 0;
    if (!json_unsigned(json_get(object, key), &number)) state_refuse(key);
    return number;
}

static int64_t ms_signed_field(json object, const char *key) {
    int64_t number = 0;
    if (!json_integer(json_get(object, key), &number)) state_refuse(key);
    return number;
}

// Reads the calls and timers, or only looks whether they fit.
static void ms_restore_tables(json whole) {
    json list = json_inside(json_get(whole, "calls")), item;
    while (json_next(&list, &item)) {
        json dest = json_get(item, "dest"), body = json_get(item, "body");
        size_t dest_length = json_string(dest, NULL, 0);
        ms_call it;
        memset(&it, 0, sizeof it);
        it.id = ms_field(item, "id");
        it.timer = ms_field(item, "timer");
        it.how.first_ns = ms_field(item, "first_ns");
        it.how.max_ns = ms_field(item, "max_ns");
        it.how.attempts = (uint32_t)ms_field(item, "attempts");
        it.attempt = (uint32_t)ms_field(item, "attempt");
        it.what = (int)ms_signed_field(item, "what");
        it.data = ms_signed_field(item, "data");
        if (dest_length == SIZE_MAX) state_refuse("dest");
        if (ms_mode != MS_READS) continue;
        it.dest_length = dest_length;
        it.body_length = body.length > 0 && *body.at == '{' ? body.length : 0;
        it.dest = (char *)ms_grown(NULL, dest_length + 1 + it.body_length);
        json_string(dest, it.dest, dest_length + 1);
        memcpy(it.dest + dest_length, body.at, it.body_length);
        ms_calls.at = (ms_call *)ms_more(ms_calls.at, ms_calls.length, &ms_calls.room, sizeof *ms_calls.at);
        ms_calls.at[ms_calls.length++] = it;
    }
    list = json_inside(json_get(whole, "timers"));
    while (json_next(&list, &item)) {
        ms_timer it;
        it.id = ms_field(item, "id");
        it.call = ms_field(item, "call");
        it.what = (int)ms_signed_field(item, "what");
        it.data = ms_signed_field(item, "data");
        if (ms_mode != MS_READS) continue;
        ms_timers.at = (ms_timer *)ms_more(ms_timers.at, ms_timers.length, &ms_timers.room, sizeof *ms_timers.at);
        ms_timers.at[ms_timers.length++] = it;
    }
}

// Where the records of logs end, in pairs. A version without a disk has written none.
static void ms_restore_logs(json whole) {
    json logs = json_inside(json_get(whole, "logs")), name, list, item;
    while (json_next_field(&logs, &name, &list)) {
        size_t place = 0;
        char file[256];
        list = json_inside(list);
        if (json_string(name, file, sizeof file) >= sizeof file) state_refuse("logs");
        if (ms_mode == MS_READS) place = ms_log_of(file, true);
        while (json_next(&list, &item)) {
            ms_end end = {0, 0};
            uint64_t sum;
            if (!json_unsigned(item, &end.at) || !json_next(&list, &item) || !json_unsigned(item, &sum) || sum > UINT32_MAX) {
                state_refuse("logs");
                return;
            }
            end.sum = (uint32_t)sum;
            if (ms_mode == MS_READS) ms_add_end(&ms_logs.at[place], end);
        }
    }
    if (ms_mode != MS_READS) return;
    json_boolean(json_get(whole, "is_unsynced"), &ms_is_unsynced);
    list = json_inside(json_get(whole, "logs_behind_sync"));
    while (json_next(&list, &name)) {
        for (size_t i = 0; i < ms_logs.length; i++) {
            if (json_is(name, ms_logs.at[i].file)) ms_logs.at[i].is_behind_sync = true;
        }
    }
}

static void ms_restore_all(json whole) {
    uint64_t next_msg_id = ms_field(whole, "next_msg_id"), next_timer = ms_field(whole, "next_timer");
    uint64_t random = ms_field(whole, "random"), now = ms_field(whole, "now_ns");
    ms_state = json_get(whole, "node");
    if (ms_mode == MS_READS) {
        ms_next_msg_id = next_msg_id;
        ms_next_timer = next_timer;
        ms_random = random;
        ms_now = now;
        ms_read_names(whole);
    }
    ms_restore_tables(whole);
    ms_restore_logs(whole);
    if (on_state) on_state();
}

MS_EXPORT("restore") uint32_t maelstrom_restore(const char *snapshot, uint32_t length) {
    json whole = ms_piece(snapshot, snapshot + length);
    uint64_t version = 0;
    if (length == 4 && memcmp(snapshot, "null", 4) == 0 && node_id == NULL) return 0;
    ms_refusal = NULL;
    if (node_id != NULL) state_refuse("the node runs already");
    else if (!json_is(json_get(whole, "sdk"), "c")) state_refuse("it is not of maelstrom.h");
    else if (!json_unsigned(json_get(whole, "state_version"), &version) || version != MAELSTROM_STATE_VERSION) state_refuse("another MAELSTROM_STATE_VERSION");
    else {
        ms_mode = MS_CHECKS;
        ms_restore_all(whole);
    }
    if (ms_refusal != NULL) {
        static const char said[] = "snapshot refused: ";
        ms_complain(said, sizeof said - 1);
        ms_complain(ms_refusal, strlen(ms_refusal));
        ms_complain("\n", 1);
        return 1;
    }
    ms_mode = MS_READS;
    ms_restore_all(whole);
    return 0;
}

#ifdef __cplusplus
}
#endif
#endif
