// Tests of maelstrom.h on this machine, for its sanitizers. It prints how many have passed.
//
//     cc -Wall -Wextra -fsanitize=address,undefined tests/test.c -o test && ASAN_OPTIONS=detect_leaks=0 ./test
#define MAELSTROM_IMPLEMENTATION
#include "../maelstrom.h"

#include <stdio.h>

static int passed;

static void check(bool is_right, const char *what, int line) {
    if (is_right) return;
    fprintf(stderr, "line %d: not so: %s\n", line, what);
    exit(1);
}
#define CHECK(condition) check(condition, #condition, __LINE__)

static void check_text(const char *got, size_t length, const char *wanted, int line) {
    if (length == strlen(wanted) && memcmp(got, wanted, length) == 0) return;
    fprintf(stderr, "line %d: got\n%.*s\ninstead of\n%s\n", line, (int)length, got, wanted);
    exit(1);
}

// ---- A node that uses all that there is ----

static int64_t sum;
static bool is_ready;
static char name[8];
static integers numbers;
static caller waiting;
static struct {
    int16_t x, y;
} point;
static uint64_t reminder;
static bool uses_disk;
static char heard[256]; // of the last response or timer

static void sum_up_log(void);

void on_init(void) {
    set_timer(0, 7, -1);
    if (uses_disk) sum_up_log();
}

// Adds the records of the log to `numbers`.
static void sum_up_log(void) {
    json rest = disk_open_log("log"), record;
    int64_t number;
    while (disk_next_record(&rest, &record)) {
        if (json_integer(record, &number) || json_integer(json_get(record, "n"), &number)) integers_add(&numbers, number);
    }
    size_t length;
    const char *bytes = disk_read("a\"b", &length);
    snprintf(heard, sizeof heard, "%d", bytes == NULL ? -1 : (int)length);
    if (bytes != NULL) memcpy(name, bytes, length < sizeof name ? length : sizeof name);
}

static void change_disk(const char *what, json given) {
    int64_t number;
    if (strcmp(what, "append") == 0) {
        disk_append_log("log");
        add_json(NULL, given);
    } else if (strcmp(what, "several") == 0) {
        disk_append_log("log");
        add_integers(NULL, &numbers);
        open_object(NULL);
        add_integer("n", 4);
        close_inner();
    } else if (strcmp(what, "nothing") == 0) {
        disk_append_log("log");
    } else if (strcmp(what, "replace") == 0) {
        disk_replace_log("log");
        add_json(NULL, given);
    } else if (strcmp(what, "cut") == 0) {
        CHECK(json_integer(given, &number));
        disk_cut_log("log", (size_t)number);
    } else if (strcmp(what, "bytes") == 0) {
        disk_put("f", "\xff\0", 2);
        disk_append("f", "a", 1);
        disk_write("f", UINT64_MAX, "abc", 3);
        disk_truncate("f", 0);
        disk_rename("f", "\xc3\xa9");
        disk_remove("f");
        disk_append("f", NULL, 0);
    }
}

bool on_request(const message *request) {
    if (json_is(request->type, "remind")) {
        waiting = request->from;
        reminder = set_timer(5 * SECOND, 8, 1);
    } else if (json_is(request->type, "forget")) {
        cancel_timer(reminder);
        cancel_timer(reminder);
        reply(&request->from, "forget_ok");
        open_list("list");
        add_boolean(NULL, false);
        open_object(NULL);
        add_integer("min", INT64_MIN);
        add_unsigned("max", UINT64_MAX);
        close_inner();
        add_text(NULL, "a\"\\\n\x01\xc3\xa9", 7);
        add_json(NULL, json_get(request->body, "no such"));
    } else if (json_is(request->type, "ask")) {
        call(SEQ_KV, "read", retry_times(2, 100), 3, -9);
        add_string("key", "sum");
        log_line("info", "asked");
    } else if (json_is(request->type, "disk")) {
        char what[16];
        json_string(json_get(request->body, "what"), what, sizeof what);
        disk_without_sync(json_is(json_get(request->body, "sync"), "without"));
        if (json_is(json_get(request->body, "sync"), "before")) disk_sync();
        change_disk(what, json_get(request->body, "given"));
        if (json_is(json_get(request->body, "sync"), "first")) disk_sync();
        log_line("info", disk_is_synced() ? "synced" : "not synced");
        reply(&request->from, "disk_ok");
        reply(&request->from, "again");
    } else {
        return false;
    }
    return true;
}

void on_sync_failed(bool is_full) { log_line("error", is_full ? "full" : "failed"); }

void on_response(const response *answer) {
    snprintf(heard, sizeof heard, "%d %lld %d %.*s", answer->what, (long long)answer->data, answer->error, (int)answer->type.length, answer->type.at);
}

void on_timer(int what, int64_t data) {
    snprintf(heard, sizeof heard, "timer %d %lld", what, (long long)data);
    if (what == 8) reply(&waiting, "remind_ok");
}

void on_state(void) {
    state_integer("sum", &sum);
    state_boolean("is_ready", &is_ready);
    state_string("name", name, sizeof name);
    state_integers("numbers", &numbers);
    state_caller("waiting", &waiting);
    state_bytes("point", &point, sizeof point);
}

// ---- A host ----

static char input[1 << 16];

static void event(const char *text, const char *effects, int line) {
    size_t length = strlen(text);
    memcpy(maelstrom_alloc((uint32_t)length), text, length);
    maelstrom_handle(ms_in.at, (uint32_t)length);
    const char *got = maelstrom_output(&length);
    check_text(got, length, effects, line);
}
#define EVENT(text, effects) event(text, effects, __LINE__)

static json piece(const char *text) { return ms_piece(text, text + strlen(text)); }

// Forgets all, as a fresh instance does.
static void afresh(void) {
    while (ms_calls.length > 0) ms_forget_call(0);
    while (ms_logs.length > 0) {
        ms_log *log = &ms_logs.at[--ms_logs.length];
        free(log->file), free(log->at);
    }
    ms_is_unsynced = uses_disk = false;
    ms_timers.length = nodes_count = node_index = 0;
    ms_random = ms_now = 0;
    node_id = NULL;
    sum = 0, is_ready = false, numbers.length = 0;
    memset(name, 0, sizeof name), memset(&waiting, 0, sizeof waiting), memset(&point, 0, sizeof point);
}

#define INIT                                                                                                         \
    "{\"now_ns\":5000,\"message\":{\"id\":0,\"src\":\"c0\",\"dest\":\"n2\",\"body\":{\"type\":\"init\",\"msg_id\":1," \
    "\"node_id\":\"n2\",\"node_ids\":[\"n1\",\"n2\"]}},\"disk\":{\"f\":{\"text\":\"x\"}}}"
#define MESSAGE(src, body) "{\"now_ns\":6000,\"message\":{\"src\":\"" src "\",\"dest\":\"n2\",\"body\":" body "}}"
#define TIMER(id) "{\"now_ns\":7000,\"timer\":{\"id\":" id "}}"

static void strings_are_decoded(void) {
    char text[16];
    CHECK(json_string(piece("\"a\\u00e9\\ud83d\\ude00\\n\""), text, sizeof text) == 8);
    CHECK(strcmp(text, "a\xc3\xa9\xf0\x9f\x98\x80\n") == 0);
    CHECK(json_string(piece("\"\\ud83d\\u0041\\udc00\""), text, sizeof text) == 7);
    CHECK(strcmp(text, "\xef\xbf\xbd"
                       "A\xef\xbf\xbd") == 0);
    // A character that does not fit is left out as a whole, and so is what follows.
    CHECK(json_string(piece("\"ab\\u20acc\""), text, 5) == 6);
    CHECK(strcmp(text, "ab") == 0);
    // Not even one that is not escaped is torn.
    CHECK(json_string(piece("\"ab\xe2\x82\xac\\n\""), text, 5) == 6);
    CHECK(strcmp(text, "ab") == 0);
    CHECK(json_string(piece("\"ab\xe2\x82\xac\\n\""), text, 6) == 6);
    CHECK(strcmp(text, "ab\xe2\x82\xac") == 0);
    CHECK(json_string(piece("17"), text, sizeof text) == SIZE_MAX && text[0] == '\0');
    CHECK(json_is(piece("\"\\u0065ch\\u006f\""), "echo"));
    CHECK(!json_is(piece("\"echo\""), "ech") && !json_is(piece("\"echo\""), "echo2") && !json_is(piece("echo"), "echo"));
    passed++;
}

static void integers_have_limits(void) {
    int64_t number = 5;
    uint64_t unsigned_number = 5;
    CHECK(json_integer(piece("-9223372036854775808"), &number) && number == INT64_MIN);
    CHECK(json_integer(piece("9223372036854775807"), &number) && number == INT64_MAX);
    CHECK(json_unsigned(piece("18446744073709551615"), &unsigned_number) && unsigned_number == UINT64_MAX);
    static const char *const wrong[] = {"", "-", "1.0", "1e3", "9223372036854775808", "-9223372036854775809", "\"1\"", "null", "--1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) CHECK(!json_integer(piece(wrong[i]), &number));
    CHECK(!json_unsigned(piece("18446744073709551616"), &unsigned_number) && !json_unsigned(piece("-1"), &unsigned_number));
    CHECK(number == INT64_MAX && unsigned_number == UINT64_MAX);
    passed++;
}

static void values_are_found_between_blanks_at_any_depth(void) {
    json object = piece("{ \"a\" : [ 1 , [ ] , { \"b\" : \"]}\\\"\" } ] ,\n\"c\":{},\"d\":-2}"), item, key;
    json list = json_inside(json_get(object, "a"));
    static const char *const items[] = {"1", "[ ]", "{ \"b\" : \"]}\\\"\" }"};
    for (int i = 0; i < 3; i++) {
        CHECK(json_next(&list, &item));
        check_text(item.at, item.length, items[i], __LINE__);
    }
    CHECK(!json_next(&list, &item));
    CHECK(json_is(json_get(item = piece(items[2]), "b"), "]}\""));
    list = json_inside(json_get(object, "c"));
    CHECK(!json_next_field(&list, &key, &item));
    CHECK(json_get(object, "e").length == 0 && json_get(json_get(object, "e"), "f").length == 0);
    // Tens of thousands of lists in each other.
    size_t deep = sizeof input / 2;
    memset(input, '[', deep), memset(input + deep, ']', deep);
    list = json_inside(ms_piece(input, input + sizeof input));
    CHECK(json_next(&list, &item) && item.length == sizeof input - 2 && !json_next(&list, &item));
    passed++;
}

// Anything that is not JSON is read wrongly, and nothing outside of it is read. The sanitizers look.
static void nothing_behind_the_end_is_read(void) {
    static const char whole[] = "{\"a\":[1,\"x\\u00e9\\\\\",{\"b\":null}],\"type\":\"\\ud83d\\ude00\",\"c\\\"\":-12}";
    static const char strange[] = "]}[{\"\\u,:";
    for (size_t length = 0; length < sizeof whole; length++) {
        for (size_t at = 0; at <= sizeof strange; at++) {
            char *copy = (char *)malloc(length + 1), text[8];
            memcpy(copy, whole, length);
            if (length > 0 && at < sizeof strange) copy[(at * 7919 + length * 31) % length] = strange[at];
            char *exact = (char *)malloc(length > 0 ? length : 1);
            memcpy(exact, copy, length);
            json cut = ms_piece(exact, exact + length), rest = json_inside(cut), key, value;
            for (int i = 0; i < 100 && json_next_field(&rest, &key, &value); i++) {
                json_string(key, text, sizeof text);
                json_is(value, "x\xc3\xa9");
                json_get(value, "b");
            }
            json_string(cut, text, sizeof text);
            free(copy), free(exact);
        }
    }
    passed++;
}

static void a_conversation(void) {
    afresh();
    ms_random = 1;
    EVENT(INIT, "{\"send\":{\"src\":\"n2\",\"dest\":\"c0\",\"body\":{\"type\":\"init_ok\",\"in_reply_to\":1}}}\n"
                "{\"set_timer\":{\"id\":1,\"after_ns\":1000000}}\n");
    CHECK(strcmp(node_id, "n2") == 0 && nodes_count == 2 && node_index == 1 && strcmp(nodes[0], "n1") == 0);
    EVENT(TIMER("1"), "");
    CHECK(strcmp(heard, "timer 7 -1") == 0 && now_ns() == 7000);
    EVENT(TIMER("1"), "");
    EVENT(MESSAGE("c1", "{\"type\":\"remind\",\"msg_id\":18446744073709551615}"), "{\"set_timer\":{\"id\":2,\"after_ns\":5000000000}}\n");
    EVENT(MESSAGE("c2", "{\"type\":\"forget\",\"msg_id\":3}"),
          "{\"cancel_timer\":{\"id\":2}}\n"
          "{\"send\":{\"src\":\"n2\",\"dest\":\"c2\",\"body\":{\"type\":\"forget_ok\",\"in_reply_to\":3,\"list\":[false,"
          "{\"min\":-9223372036854775808,\"max\":18446744073709551615},\"a\\\"\\\\\\u000a\\u0001\xc3\xa9\",null]}}}\n");
    EVENT(MESSAGE("c2", "{\"type\":\"forget\"}"), "");
    EVENT(TIMER("2"), "");
    EVENT(MESSAGE("c1", "{\"type\":\"other\",\"msg_id\":4}"),
          "{\"send\":{\"src\":\"n2\",\"dest\":\"c1\",\"body\":{\"type\":\"error\",\"in_reply_to\":4,\"code\":10,"
          "\"text\":\"unknown message type other\"}}}\n");
    // An event of a kind that there is not yet.
    EVENT("{\"now_ns\":8000,\"other\":{\"reason\":\"full\"}}", "");
    passed++;
}

#define READ(timer_id, after)                                                                                          \
    "{\"send\":{\"src\":\"n2\",\"dest\":\"seq-kv\",\"body\":{\"type\":\"read\",\"msg_id\":6,\"key\":\"sum\"}}}\n"           \
    "{\"set_timer\":{\"id\":" timer_id ",\"after_ns\":" after "}}\n"
#define ASKED "{\"log\":{\"level\":\"info\",\"text\":\"asked\"}}\n"

static void asks(void) {
    afresh();
    ms_random = 1;
    EVENT(INIT, "{\"send\":{\"src\":\"n2\",\"dest\":\"c0\",\"body\":{\"type\":\"init_ok\",\"in_reply_to\":1}}}\n"
                "{\"set_timer\":{\"id\":1,\"after_ns\":1000000}}\n");
    EVENT(MESSAGE("c1", "{\"type\":\"ask\"}"), READ("2", "100000000") ASKED);
    heard[0] = '\0';
}

static void a_call_is_answered_refused_or_given_up(void) {
    asks();
    EVENT(MESSAGE("seq-kv", "{\"type\":\"read_ok\",\"in_reply_to\":6,\"value\":1}"), "{\"cancel_timer\":{\"id\":2}}\n");
    CHECK(strcmp(heard, "3 -9 -1 \"read_ok\"") == 0);
    asks();
    EVENT(MESSAGE("seq-kv", "{\"type\":\"error\",\"in_reply_to\":6,\"code\":20}"), "{\"cancel_timer\":{\"id\":2}}\n");
    CHECK(strcmp(heard, "3 -9 20 \"error\"") == 0);
    asks();
    // Unavailable: it is tried again when the timer fires, and then no more.
    EVENT(MESSAGE("seq-kv", "{\"type\":\"error\",\"in_reply_to\":6,\"code\":11}"), "");
    size_t length;
    maelstrom_handle(TIMER("2"), (uint32_t)strlen(TIMER("2")));
    const char *again = maelstrom_output(&length);
    const char *sent = "{\"send\":{\"src\":\"n2\",\"dest\":\"seq-kv\",\"body\":{\"type\":\"read\",\"msg_id\":6,\"key\":\"sum\"}}}\n"
                       "{\"set_timer\":{\"id\":3,\"after_ns\":2";
    CHECK(length > strlen(sent) && memcmp(again, sent, strlen(sent)) == 0 && heard[0] == '\0');
    EVENT(TIMER("3"), "");
    CHECK(strcmp(heard, "3 -9 0 ") == 0);
    passed++;
}

static void restored(const char *text, uint32_t status, int line) { check(maelstrom_restore(text, (uint32_t)strlen(text)) == status, text, line); }

static void a_snapshot_has_everything(void) {
    asks();
    sum = INT64_MIN, is_ready = true, point.x = -2, point.y = 3;
    strcpy(name, "a\"b");
    CHECK(integers_insert(&numbers, 5) && integers_insert(&numbers, -5) && !integers_insert(&numbers, 5) && integers_insert(&numbers, 7));
    EVENT(MESSAGE("c1", "{\"type\":\"remind\",\"msg_id\":9}"), "{\"set_timer\":{\"id\":3,\"after_ns\":5000000000}}\n");
    size_t length;
    maelstrom_snapshot();
    const char *got = maelstrom_output(&length);
    const char *wanted =
        "{\"sdk\":\"c\",\"state_version\":1,\"node\":{\"sum\":-9223372036854775808,\"is_ready\":true,\"name\":\"a\\\"b\",\"numbers\":[-5,5,7],"
        "\"waiting\":{\"node\":\"c1\",\"msg_id\":9},\"point\":\"feff0300\"},\"now_ns\":6000,\"node_id\":\"n2\",\"node_ids\":[\"n1\",\"n2\"],"
        "\"next_msg_id\":7,\"next_timer\":4,\"random\":1,\"calls\":[{\"id\":6,\"timer\":2,\"first_ns\":100000000,\"max_ns\":800000000,"
        "\"attempts\":2,\"attempt\":0,\"what\":3,\"data\":-9,\"dest\":\"seq-kv\",\"body\":{\"type\":\"read\",\"msg_id\":6,\"key\":\"sum\"}}],"
        "\"timers\":[{\"id\":1,\"call\":0,\"what\":7,\"data\":-1},{\"id\":2,\"call\":6,\"what\":0,\"data\":0},"
        "{\"id\":3,\"call\":0,\"what\":8,\"data\":1}],\"is_unsynced\":false,\"logs\":{},\"logs_behind_sync\":[]}";
    check_text(got, length, wanted, __LINE__);
    char *kept = ms_copy(got, length);
    afresh();
    restored(kept, 0, __LINE__);
    maelstrom_snapshot();
    got = maelstrom_output(&length);
    check_text(got, length, wanted, __LINE__);
    // It goes on where the other one was.
    EVENT(TIMER("3"), "{\"send\":{\"src\":\"n2\",\"dest\":\"c1\",\"body\":{\"type\":\"remind_ok\",\"in_reply_to\":9}}}\n");
    EVENT(MESSAGE("seq-kv", "{\"type\":\"read_ok\",\"in_reply_to\":6,\"value\":1}"), "{\"cancel_timer\":{\"id\":2}}\n");
    CHECK(sum == INT64_MIN && is_ready && point.x == -2 && point.y == 3 && strcmp(name, "a\"b") == 0);
    restored(kept, 1, __LINE__); // it runs already
    free(kept);
    passed++;
}

static void what_does_not_fit_is_refused_and_changes_nothing(void) {
    static const char *const wrong[] = {
        "{\"sum\":1.5}", "{\"is_ready\":1}", "{\"name\":\"12345678\"}", "{\"numbers\":[1,\"2\"]}", "{\"numbers\":7}",
        "{\"waiting\":{}}", "{\"point\":\"feff03\"}", "{\"point\":\"feff030g\"}",
    };
    const char *around = "{\"sdk\":\"c\",\"state_version\":%d,\"node\":%s,\"now_ns\":1,\"node_id\":\"n1\",\"node_ids\":[\"n1\"],"
                         "\"next_msg_id\":1,\"next_timer\":1,\"random\":1,\"calls\":[],\"timers\":[]}";
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        afresh();
        snprintf(input, sizeof input, around, 1, wrong[i]);
        restored(input, 1, __LINE__);
        CHECK(sum == 0 && !is_ready && numbers.length == 0 && node_id == NULL);
    }
    snprintf(input, sizeof input, around, 2, "{}");
    restored(input, 1, __LINE__);
    restored("{}", 1, __LINE__);
    restored("", 1, __LINE__);
    restored("null", 0, __LINE__);
    // Fields that are missing or new are neither.
    sum = 4;
    snprintf(input, sizeof input, around, 1, "{\"later\":[1],\"name\":\"x\"}");
    restored(input, 0, __LINE__);
    CHECK(sum == 4 && strcmp(name, "x") == 0);
    passed++;
}

#define SYNC "{\"sync\":{}}\n"
#define SAID(text) "{\"log\":{\"level\":\"info\",\"text\":\"" text "\"}}\n"
#define SENT(type) "{\"send\":{\"src\":\"n2\",\"dest\":\"c1\",\"body\":{\"type\":\"" type "\",\"in_reply_to\":2}}}\n"
#define ANSWERS SENT("disk_ok") SENT("again")
#define CHANGE(what, given, sync) \
    MESSAGE("c1", "{\"type\":\"disk\",\"msg_id\":2,\"what\":\"" what "\",\"given\":" given ",\"sync\":\"" sync "\"}")
#define APPENDED(lines) "{\"append\":{\"file\":\"log\",\"text\":\"" lines "\"}}\n"
#define INIT_WITH(disk)                                                                                              \
    "{\"now_ns\":5000,\"message\":{\"src\":\"c0\",\"dest\":\"n2\",\"body\":{\"type\":\"init\",\"msg_id\":1," \
    "\"node_id\":\"n2\",\"node_ids\":[\"n1\",\"n2\"]}},\"disk\":" disk "}"
#define INIT_OK "{\"send\":{\"src\":\"n2\",\"dest\":\"c0\",\"body\":{\"type\":\"init_ok\",\"in_reply_to\":1}}}\n"
#define FIRST_TIMER "{\"set_timer\":{\"id\":1,\"after_ns\":1000000}}\n"

// The checksums are those of zlib.crc32 in Python, over the JSON of all records so far.
#define NEWLINE "\\u000a"
#define RECORD_1 "84b12bae 5" NEWLINE
#define RECORD_2 "ca145ef7 {\\\"n\\\": \\\"\\\\n\\\" }" NEWLINE

static void with_disk(const char *disk, const char *effects) {
    char text[1024];
    afresh();
    ms_random = 1, uses_disk = true;
    snprintf(text, sizeof text, INIT_WITH("%s"), disk);
    EVENT(text, effects);
}

static void a_message_waits_for_what_was_written(void) {
    with_disk("{}", INIT_OK FIRST_TIMER);
    CHECK(strcmp(heard, "-1") == 0 && disk_log_length("log") == 0);
    // One sync, before the first of several messages; newlines between values become blanks.
    EVENT(CHANGE("append", "5", ""), APPENDED(RECORD_1) SAID("not synced") SYNC ANSWERS);
    EVENT(CHANGE("append", "{\"n\":\n\"\\n\" }", ""), APPENDED(RECORD_2) SAID("not synced") SYNC ANSWERS);
    EVENT(CHANGE("nothing", "0", ""), SAID("synced") ANSWERS);
    EVENT(CHANGE("append", "5", "first"), APPENDED("a7a2584f 5" NEWLINE) SYNC SAID("synced") ANSWERS);
    CHECK(disk_log_length("log") == 3);
    // What may be lost has nothing wait, also later.
    EVENT(CHANGE("append", "5", "without"), APPENDED("6275d5f7 5" NEWLINE) SAID("synced") ANSWERS);
    // Messages that are not sent need no sync; the next one does.
    EVENT(MESSAGE("c1", "{\"type\":\"disk\",\"what\":\"cut\",\"given\":2}"),
          "{\"truncate\":{\"file\":\"log\",\"len\":33}}\n" SAID("not synced"));
    EVENT(CHANGE("cut", "2", ""), SAID("not synced") SYNC ANSWERS);
    EVENT(CHANGE("append", "5", ""), APPENDED("a7a2584f 5" NEWLINE) SAID("not synced") SYNC ANSWERS);
    EVENT(CHANGE("replace", "5", ""), "{\"put\":{\"file\":\"log\",\"text\":\"" RECORD_1 "\"}}\n" SAID("not synced") SYNC ANSWERS);
    CHECK(disk_log_length("log") == 1);
    CHECK(integers_insert(&numbers, 6) && integers_insert(&numbers, 7));
    EVENT(CHANGE("several", "0", ""), APPENDED("cb7c5ce3 [6,7]" NEWLINE "7d56dff4 {\\\"n\\\":4}" NEWLINE) SAID("not synced") SYNC ANSWERS);
    CHECK(disk_log_length("log") == 3);
    passed++;
}

static void bytes_are_as_they_are(void) {
    with_disk("{\"a\\\"b\":{\"base64\":\"/w\\/+AGE=\"},\"c\":{\"text\":\"\"}}", FIRST_TIMER SYNC INIT_OK);
    // A message that was begun before cannot tell of what is read, since no sync stands before it.
    ms_is_starting = true;
    send_to("n1", "hi");
    disk_files();
    CHECK(!ms_is_open);
    ms_is_starting = ms_is_unsynced = false;
    CHECK(strcmp(heard, "5") == 0 && memcmp(name, "\xff\x0f\xfe\0a", 5) == 0);
    EVENT(CHANGE("bytes", "0", ""),
          "{\"put\":{\"file\":\"f\",\"base64\":\"/wA=\"}}\n"
          "{\"append\":{\"file\":\"f\",\"base64\":\"YQ==\"}}\n"
          "{\"write\":{\"file\":\"f\",\"at\":18446744073709551615,\"base64\":\"YWJj\"}}\n"
          "{\"truncate\":{\"file\":\"f\",\"len\":0}}\n"
          "{\"rename\":{\"from\":\"f\",\"to\":\"\xc3\xa9\"}}\n"
          "{\"remove\":{\"file\":\"f\"}}\n"
          "{\"append\":{\"file\":\"f\",\"base64\":\"\"}}\n" SAID("not synced") SYNC ANSWERS);
    passed++;
}

static void a_log_ends_before_what_is_torn(void) {
    static const char *const files[] = {
        RECORD_1 RECORD_2, RECORD_1 "ca145ef7 {\\\"n\\\": \\\"\\\\n\\\" }", RECORD_1 "84b12bae 5\\n", RECORD_1 "\\n", RECORD_1 "\\u0000\\u0000",
        RECORD_1 "CA145EF7 {\\\"n\\\": \\\"\\\\n\\\" }\\n", RECORD_1 "ca145ef7\\n",
    };
    static const int lengths[] = {33, 32, 22, 12, 13, 33, 20};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char disk[256], effects[512], more[128] = "";
        snprintf(disk, sizeof disk, "{\"log\":{\"text\":\"%s\"}}", files[i]);
        if (i > 0) {
            snprintf(more, sizeof more, "the log log is torn or damaged behind record 1: 11 of %d bytes are kept", lengths[i]);
            snprintf(effects, sizeof effects, FIRST_TIMER "{\"log\":{\"level\":\"warn\",\"text\":\"%s\"}}\n%s" SYNC INIT_OK, more,
                     "{\"truncate\":{\"file\":\"log\",\"len\":11}}\n");
        } else {
            snprintf(effects, sizeof effects, FIRST_TIMER SYNC INIT_OK);
        }
        with_disk(disk, effects);
        CHECK(numbers.length == 1 && numbers.at[0] == 5);
        CHECK(disk_log_length("log") == (i == 0 ? 2 : 1));
        if (i > 0) EVENT(CHANGE("append", "{\"n\": \"\\n\" }", ""), APPENDED(RECORD_2) SAID("not synced") SYNC ANSWERS);
    }
    passed++;
}

static void a_failed_sync_is_told_and_done_again(void) {
    with_disk("{}", INIT_OK FIRST_TIMER);
    EVENT("{\"now_ns\":8000,\"sync_failed\":{\"reason\":\"new\"}}", "{\"log\":{\"level\":\"error\",\"text\":\"failed\"}}\n");
    EVENT(CHANGE("replace", "5", ""), "{\"put\":{\"file\":\"log\",\"text\":\"" RECORD_1 "\"}}\n" SAID("not synced") SYNC ANSWERS);
    EVENT("{\"now_ns\":8000,\"sync_failed\":{\"reason\":\"full\"}}", "{\"log\":{\"level\":\"error\",\"text\":\"full\"}}\n");
    EVENT(CHANGE("nothing", "0", ""), SAID("not synced") SYNC ANSWERS);
    passed++;
}

// Records behind a sync that failed are not on the disk, and what is written behind them would be cut off as damaged.
static void a_log_that_was_changed_behind_a_failed_sync_is_replaced_first(void) {
#define BEHIND(what) CHANGE(what, "5", "before")
#define FAILS() EVENT("{\"now_ns\":8000,\"sync_failed\":{\"reason\":\"full\"}}", "{\"log\":{\"level\":\"error\",\"text\":\"full\"}}\n")
    for (int is_swapped = 0; is_swapped < 2; is_swapped++) {
        with_disk("{}", INIT_OK FIRST_TIMER);
        EVENT(CHANGE("append", "5", ""), APPENDED(RECORD_1) SAID("not synced") SYNC ANSWERS);
        // In front of the sync that fails, it is visible as before.
        FAILS();
        CHECK(disk_log_length("log") == 1);
        EVENT(BEHIND("cut"), SYNC SAID("synced") ANSWERS);
        FAILS();
        CHECK(disk_log_length("log") == 1);
        EVENT(BEHIND("append"), SYNC APPENDED("b55b146a 5" NEWLINE) SAID("not synced") SYNC ANSWERS);
        if (is_swapped) {
            size_t length;
            maelstrom_snapshot();
            const char *got = maelstrom_output(&length);
            char *kept = ms_copy(got, length);
            afresh();
            restored(kept, 0, __LINE__);
            free(kept);
        }
        FAILS();
        CHECK(ms_find_log("log") == ms_logs.length); // to use it now ends the node
        EVENT(CHANGE("replace", "5", ""), "{\"put\":{\"file\":\"log\",\"text\":\"" RECORD_1 "\"}}\n" SAID("not synced") SYNC ANSWERS);
        EVENT(BEHIND("append"), SYNC APPENDED("b55b146a 5" NEWLINE) SAID("not synced") SYNC ANSWERS);
        EVENT(CHANGE("nothing", "0", ""), SAID("synced") ANSWERS);
        FAILS();
        CHECK(disk_log_length("log") == 2); // that sync was of a later step
        EVENT("{\"now_ns\":8000,\"sync_failed\":{\"reason\":\"error\"}}", "{\"log\":{\"level\":\"error\",\"text\":\"failed\"}}\n");
        CHECK(ms_logs.length == 0); // what was in front of it may be lost too
    }
    passed++;
}

static void a_log_goes_on_behind_a_swap(void) {
    with_disk("{}", INIT_OK FIRST_TIMER);
    EVENT(CHANGE("append", "5", ""), APPENDED(RECORD_1) SAID("not synced") SYNC ANSWERS);
    EVENT(MESSAGE("c1", "{\"type\":\"disk\",\"what\":\"cut\",\"given\":0}"), "{\"truncate\":{\"file\":\"log\",\"len\":0}}\n" SAID("not synced"));
    EVENT(MESSAGE("c1", "{\"type\":\"disk\",\"what\":\"append\",\"given\":5}"), APPENDED(RECORD_1) SAID("not synced"));
    size_t length;
    maelstrom_snapshot();
    const char *got = maelstrom_output(&length);
    char *kept = ms_copy(got, length);
    CHECK(strstr(kept, ",\"is_unsynced\":true,\"logs\":{\"log\":[11,2226203566]},\"logs_behind_sync\":[]}") != NULL);
    afresh();
    restored(kept, 0, __LINE__);
    CHECK(disk_log_length("log") == 1);
    EVENT(CHANGE("nothing", "0", ""), SAID("not synced") SYNC ANSWERS);
    EVENT(CHANGE("append", "{\"n\": \"\\n\" }", ""), APPENDED(RECORD_2) SAID("not synced") SYNC ANSWERS);
    static const char *const wrong[] = {"[11]", "[11,4294967296]", "[-1,0]", "[\"11\",0]"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char *right = strstr(kept, "[11,2226203566]");
        snprintf(input, sizeof input, "%.*s%s}}", (int)(right - kept), kept, wrong[i]);
        afresh();
        restored(input, 1, __LINE__);
        CHECK(node_id == NULL && ms_logs.length == 0);
    }
    free(kept);
    passed++;
}

static void chance_has_bounds(void) {
    ms_random = 7;
    size_t seen[10] = {0};
    for (int i = 0; i < 10000; i++) {
        uint64_t number = random_below(10);
        CHECK(number < 10);
        seen[number]++;
    }
    for (int i = 0; i < 10; i++) CHECK(seen[i] > 800 && seen[i] < 1200);
    CHECK(random_below(0) == 0);
    passed++;
}

int main(void) {
    strings_are_decoded();
    integers_have_limits();
    values_are_found_between_blanks_at_any_depth();
    nothing_behind_the_end_is_read();
    a_conversation();
    a_call_is_answered_refused_or_given_up();
    a_snapshot_has_everything();
    what_does_not_fit_is_refused_and_changes_nothing();
    a_message_waits_for_what_was_written();
    bytes_are_as_they_are();
    a_log_ends_before_what_is_torn();
    a_failed_sync_is_told_and_done_again();
    a_log_that_was_changed_behind_a_failed_sync_is_replaced_first();
    a_log_goes_on_behind_a_swap();
    chance_has_bounds();
    printf("%d tests passed\n", passed);
    return 0;
}
