// A node with POSIX threads: the first reads lines into a queue, two others answer them. "wait"
// is answered after a second, in which the other thread goes on.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node.h"

struct entry {
    char *line;
    struct entry *next;
};

static struct entry *first, **last = &first;
static pthread_mutex_t queue = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static char node[64];

static char *take(void) {
    pthread_mutex_lock(&queue);
    while (first == NULL) pthread_cond_wait(&arrived, &queue);
    struct entry *entry = first;
    first = entry->next;
    if (first == NULL) last = &first;
    pthread_mutex_unlock(&queue);
    char *line = entry->line;
    free(entry);
    return line;
}

static void put(char *line) {
    struct entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL) abort();
    entry->line = line;
    pthread_mutex_lock(&queue);
    *last = entry;
    last = &entry->next;
    pthread_cond_signal(&arrived);
    pthread_mutex_unlock(&queue);
}

// Waits a second for what never comes.
static void wait_in_vain(void) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    pthread_mutex_lock(&lock);
    while (pthread_cond_timedwait(&never, &lock, &until) == 0) continue;
    pthread_mutex_unlock(&lock);
}

static void answer(const char *line) {
    char src[64], msg_id[32], echo[1024], kind[64];
    field(line, "\"src\":\"", src, sizeof src);
    field(line, "\"type\":\"", kind, sizeof kind);
    field(line, "\"msg_id\":", msg_id, sizeof msg_id);
    field(line, "\"echo\":\"", echo, sizeof echo);
    if (strcmp(kind, "wait") == 0) wait_in_vain();
    char told[1100] = "";
    if (strcmp(kind, "echo") == 0) snprintf(told, sizeof told, ",\"echo\":\"%s\"", echo);
    // One call of the library, so that no other line comes between.
    printf("{\"src\":\"%s\",\"dest\":\"%s\",\"body\":{\"type\":\"%s_ok\",\"in_reply_to\":%s%s}}\n",
           node, src, kind, msg_id, told);
    fflush(stdout);
}

static void *work(void *nothing) {
    for (;;) {
        char *line = take();
        answer(line);
        free(line);
    }
    return nothing;
}

int main(void) {
    for (;;) {
        char *line = NULL;
        size_t capacity = 0;
        if (getline(&line, &capacity, stdin) <= 0) return 0;
        if (node[0] == '\0') {
            field(line, "\"node_id\":\"", node, sizeof node);
            for (int i = 0; i < 2; i++) {
                pthread_t thread;
                if (pthread_create(&thread, NULL, work, NULL) != 0) abort();
            }
        }
        put(line);
    }
}
