// Bytes that grow, repeatable chance, giving up.
#include "support.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("generate: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

void *take(size_t bytes) {
  void *p = calloc(bytes ? bytes : 1, 1);
  if (!p)
    die("no memory for %zu bytes", bytes);
  return p;
}

char *print(const char *format, ...) {
  char *text = NULL;
  va_list arguments;
  va_start(arguments, format);
  if (vasprintf(&text, format, arguments) < 0)
    die("no memory for a string");
  va_end(arguments);
  return text;
}

struct chance chance_of(uint64_t seed, const char *subject) {
  struct chance c = {seed ^ 0x6b65726e6c656e73};
  for (const char *s = subject; *s; s++) {
    c.state ^= (uint8_t)*s;
    chance_next(&c);
    c.state *= 0x100000001b3;
  }
  return c;
}

uint64_t chance_next(struct chance *c) {
  uint64_t z = c->state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

uint64_t chance_below(struct chance *c, uint64_t n) {
  return chance_next(c) % n;
}

bool chance_one_in(struct chance *c, uint64_t n) {
  return chance_below(c, n) == 0;
}

uint8_t *bytes_grow(struct bytes *b, size_t n) {
  if (n > b->capacity - b->n) {
    size_t capacity = (b->capacity + n) * 2 + 64;
    uint8_t *p = realloc(b->p, capacity);
    if (!p)
      die("no memory for %zu bytes", capacity);
    b->p = p;
    b->capacity = capacity;
  }
  uint8_t *at = b->n ? b->p + b->n : b->p;
  if (n) // no bytes at all may have no place
    memset(at, 0, n);
  b->n += n;
  return at;
}

void bytes_put(struct bytes *b, const void *p, size_t n) {
  uint8_t *at = bytes_grow(b, n);
  if (n)
    memcpy(at, p, n);
}

void bytes_string(struct bytes *b, const char *s) {
  bytes_put(b, s, strlen(s));
}

void bytes_number(struct bytes *b, uint64_t v, size_t n) {
  store(bytes_grow(b, n), v, n);
}

void bytes_align(struct bytes *b, size_t to) {
  bytes_grow(b, (size_t)(round_up(b->n, to) - b->n));
}

void bytes_print(struct bytes *b, const char *format, ...) {
  char *text = NULL;
  va_list arguments;
  va_start(arguments, format);
  if (vasprintf(&text, format, arguments) < 0)
    die("no memory for a string");
  va_end(arguments);
  bytes_string(b, text);
  free(text);
}

void store(uint8_t *at, uint64_t v, size_t n) {
  for (size_t i = 0; i < n; i++)
    at[i] = (uint8_t)(i < 8 ? v >> (8 * i) : 0);
}

void store_big(uint8_t *at, uint64_t v, size_t n) {
  for (size_t i = 0; i < n; i++)
    at[n - 1 - i] = (uint8_t)(v >> (8 * i));
}

uint64_t load(const uint8_t *at, size_t n) {
  uint64_t v = 0;
  for (size_t i = n; i-- > 0;)
    v = v << 8 | at[i];
  return v;
}
