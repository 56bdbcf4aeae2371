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
static char heard[256]; // of the last response or timer

void on_init(void) { set_timer(0, 7, -1); }

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
    } else {
        return false;
    }
    return true;
}

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
    EVENT("{\"now_ns\":8000,\"sync_failed\":{\"reason\":\"full\"}}", "");
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
        "{\"id\":3,\"call\":0,\"what\":8,\"data\":1}]}";
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
    chance_has_bounds();
    printf("%d tests passed\n", passed);
    return 0;
}
