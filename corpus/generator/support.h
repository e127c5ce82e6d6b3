// What every part of the generator uses: bytes that grow, repeatable chance,
// and the way to give up.
#ifndef GENERATOR_SUPPORT_H
#define GENERATOR_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Prints a line and ends the program: a description that can't be built is a
// mistake of whoever wrote it.
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

void *take(size_t bytes); // zeroed; never null; given back at exit
char *print(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Chance: splitmix64. The same seed gives the same guest on every machine.
struct chance {
  uint64_t state;
};
struct chance chance_of(uint64_t seed, const char *subject); // independent streams
uint64_t chance_next(struct chance *c);
uint64_t chance_below(struct chance *c, uint64_t n); // 0 .. n - 1; n > 0
bool chance_one_in(struct chance *c, uint64_t n);

// Bytes that grow. Numbers are put in little-endian.
struct bytes {
  uint8_t *p;
  size_t n, capacity;
};
uint8_t *bytes_grow(struct bytes *b, size_t n); // n zero bytes more: where they are
void bytes_put(struct bytes *b, const void *p, size_t n);
void bytes_string(struct bytes *b, const char *s); // without the NUL
void bytes_number(struct bytes *b, uint64_t v, size_t n);
void bytes_align(struct bytes *b, size_t to);
void bytes_print(struct bytes *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void store(uint8_t *at, uint64_t v, size_t n); // little-endian
void store_big(uint8_t *at, uint64_t v, size_t n);
uint64_t load(const uint8_t *at, size_t n);

static inline uint64_t round_up(uint64_t v, uint64_t to) {
  return (v + to - 1) / to * to;
}

#endif
