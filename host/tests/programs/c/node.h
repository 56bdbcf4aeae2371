// What the test programs in C share.
#include <stddef.h>
#include <string.h>

// The text between the quotes after "key":, or an empty one.
static inline void field(const char *line, const char *key, char *out, size_t size) {
    out[0] = '\0';
    const char *at = strstr(line, key);
    if (at == NULL) return;
    at += strlen(key);
    const char *end = at;
    while (*end != '\0' && *end != '"' && *end != ',' && *end != '}') end++;
    size_t length = (size_t)(end - at);
    if (length >= size) length = size - 1;
    memcpy(out, at, length);
    out[length] = '\0';
}
