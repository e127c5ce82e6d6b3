// A mutator that knows page scripts (page_script.h): for libFuzzer, as
// LLVMFuzzerCustomMutator, and for AFL++, as a custom mutator library.
//
// Half of the time it changes what a structure is made of: a pointer becomes
// another pointer of the script, a count grows by one, a frame goes missing,
// two frames swap. Otherwise bytes change as the fuzzer likes, and the records'
// lengths are then mended, so that what follows keeps its meaning.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD = 8, TAIL = 16, PAGE = 4096, RECORDS = 1024 };

struct script {
  uint8_t *p;
  size_t n, capacity; // without the tail
  size_t at[RECORDS]; // where each record begins
  size_t records;
};

static uint64_t random_next(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}
static size_t below(uint64_t *state, size_t n) {
  return n ? (size_t)(random_next(state) % n) : 0;
}

static uint64_t load64(const uint8_t *p) {
  uint64_t v = 0;
  for (int i = 7; i >= 0; i--)
    v = v << 8 | p[i];
  return v;
}
static void store64(uint8_t *p, uint64_t v) {
  for (int i = 0; i < 8; i++)
    p[i] = (uint8_t)(v >> 8 * i);
}

static size_t length_of(const struct script *s, size_t i) {
  return (size_t)(load64(s->p + s->at[i]) & 4095) + 1;
}

// Where records lie. A last one that is cut gets the length that is there; a
// rest that is no record is dropped.
static void index_records(struct script *s) {
  s->records = 0;
  size_t at = 0;
  while (s->records < RECORDS && s->n - at > RECORD) {
    uint64_t head = load64(s->p + at);
    size_t length = (size_t)(head & 4095) + 1, left = s->n - at - RECORD;
    if (length > left) {
      length = left;
      head = (head & ~4095ull) | (length - 1);
    }
    if ((head >> 12 & 4095) + length > PAGE) // over the frame's end: moved to its start
      head &= ~(4095ull << 12);
    store64(s->p + at, head);
    s->at[s->records++] = at;
    at += RECORD + length;
  }
  s->n = at;
}

// at[] is large: only what is in use of it is written.
static void begin(struct script *s, uint8_t *p, size_t n, size_t capacity) {
  s->p = p;
  s->n = n;
  s->capacity = capacity;
  index_records(s);
}

static void remove_record(struct script *s, size_t i) {
  size_t bytes = RECORD + length_of(s, i), end = s->at[i] + bytes;
  memmove(s->p + s->at[i], s->p + end, s->n - end);
  s->n -= bytes;
}

static void append_record(struct script *s, uint64_t head, const uint8_t *bytes) {
  size_t length = (size_t)(head & 4095) + 1;
  if (s->capacity - s->n < RECORD + length)
    return;
  memmove(s->p + s->n + RECORD, bytes, length); // bytes may be a part of the script
  store64(s->p + s->n, head);
  s->n += RECORD + length;
}

// A word of some record: null when there is none.
static uint8_t *any_word(struct script *s, uint64_t *random) {
  for (int tries = 0; s->records && tries < 8; tries++) {
    size_t i = below(random, s->records), length = length_of(s, i);
    if (length >= 8)
      return s->p + s->at[i] + RECORD + 8 * below(random, length / 8);
  }
  return NULL;
}

static bool looks_like_pointer(uint64_t v) {
  return v >> 48 == 0xffff || v >> 56 == 0xff;
}

static uint8_t *any_pointer(struct script *s, uint64_t *random) {
  uint8_t *word = NULL;
  for (int tries = 0; tries < 64; tries++) {
    word = any_word(s, random);
    if (word && looks_like_pointer(load64(word)))
      return word;
  }
  return word;
}

static void change_pointer(struct script *s, uint64_t *random) {
  uint8_t *to = any_pointer(s, random), *from = any_pointer(s, random);
  if (!to || !from)
    return;
  uint64_t v = load64(from);
  static const uint64_t steps[] = {0, 8, 16, PAGE, 1, 2, 3, 0xff0};
  uint64_t step = steps[below(random, sizeof steps / sizeof *steps)];
  store64(to, below(random, 2) ? v + step : v - step);
}

static void change_number(struct script *s, uint64_t *random) {
  static const uint64_t values[] = {0,          1,          2,     0x7f, 0xff, 0xffff, 0x7fffffff, 0x80000000,
                                    0xffffffff, 1ull << 63, ~0ull, 64,   4096, 0x402,  0x406};
  uint8_t *word = any_word(s, random);
  if (!word)
    return;
  size_t bytes = (size_t)1 << below(random, 4);
  uint8_t *at = word + bytes * below(random, 8 / bytes);
  uint64_t v = 0;
  for (size_t i = bytes; i-- > 0;)
    v = v << 8 | at[i];
  switch (below(random, 4)) {
  case 0:
    v++;
    break;
  case 1:
    v--;
    break;
  case 2:
    v ^= 1ull << below(random, 8 * bytes);
    break;
  default:
    v = values[below(random, sizeof values / sizeof *values)];
  }
  for (size_t i = 0; i < bytes; i++)
    at[i] = (uint8_t)(v >> 8 * i);
}

// A page's entry of a table: present bits, large pages, another frame.
static void change_frame(struct script *s, uint64_t *random) {
  if (!s->records)
    return;
  size_t i = below(random, s->records), j = below(random, s->records);
  uint64_t a = load64(s->p + s->at[i]), b = load64(s->p + s->at[j]);
  switch (below(random, 4)) {
  case 0: // the frame goes missing, or one record of it
    remove_record(s, i);
    return;
  case 1: // two frames swap their places
    store64(s->p + s->at[i], (a & 0xffffff) | (b & ~0xffffffull));
    store64(s->p + s->at[j], (b & 0xffffff) | (a & ~0xffffffull));
    return;
  case 2: // one moves
    store64(s->p + s->at[i], a + ((uint64_t)below(random, 3) << 24) - (1 << 24));
    return;
  default: // a copy of one lies over another
    append_record(s, (a & 4095) | (b & ~4095ull), s->p + s->at[i] + RECORD);
  }
}

// One change of structure. Gives the new length.
static size_t mutate(uint8_t *data, size_t n, size_t capacity, uint64_t random) {
  uint8_t tail[TAIL] = {0};
  size_t kept = n < TAIL ? n : TAIL;
  if (capacity < TAIL + RECORD)
    return n;
  memcpy(tail, data + n - kept, kept);
  struct script s;
  begin(&s, data, n - kept, capacity - TAIL);
  for (size_t times = 1 + below(&random, 4); times-- > 0;) {
    switch (below(&random, 8)) {
    case 0:
      change_frame(&s, &random);
      index_records(&s);
      break;
    case 1:
    case 2:
      change_number(&s, &random);
      break;
    case 3:
      tail[below(&random, TAIL)] ^= (uint8_t)(1 << below(&random, 8));
      break;
    default:
      change_pointer(&s, &random);
    }
  }
  memcpy(data + s.n, tail, TAIL);
  return s.n + TAIL;
}

static size_t mend(uint8_t *data, size_t n) {
  if (n < TAIL)
    return n;
  uint8_t tail[TAIL];
  memcpy(tail, data + n - TAIL, TAIL);
  struct script s;
  begin(&s, data, n - TAIL, n - TAIL);
  memcpy(data + s.n, tail, TAIL);
  return s.n + TAIL;
}

#ifdef FUZZ_AFL_MUTATOR

// AFL++: see its docs/custom_mutators.md. The library is loaded by afl-fuzz.

struct afl_mutator {
  uint64_t random;
  uint8_t *buffer;
  size_t capacity;
};

void *afl_custom_init(void *afl, unsigned int seed);
size_t afl_custom_fuzz(void *data, uint8_t *buf, size_t buf_size, uint8_t **out_buf, uint8_t *add_buf,
                       size_t add_buf_size, size_t max_size);
void afl_custom_deinit(void *data);

void *afl_custom_init(void *afl, unsigned int seed) {
  (void)afl;
  struct afl_mutator *m = calloc(1, sizeof *m);
  if (m)
    m->random = seed;
  return m;
}

size_t afl_custom_fuzz(void *data, uint8_t *buf, size_t buf_size, uint8_t **out_buf, uint8_t *add_buf,
                       size_t add_buf_size, size_t max_size) {
  struct afl_mutator *m = data;
  (void)add_buf;
  (void)add_buf_size;
  if (m->capacity < max_size) {
    uint8_t *bigger = realloc(m->buffer, max_size);
    if (!bigger) {
      *out_buf = buf;
      return buf_size;
    }
    m->buffer = bigger;
    m->capacity = max_size;
  }
  size_t n = buf_size < max_size ? buf_size : max_size;
  memcpy(m->buffer, buf, n);
  *out_buf = m->buffer;
  uint64_t random = random_next(&m->random);
  if (n > TAIL && random % 4 == 0) { // a plain change of one byte, mended
    m->buffer[below(&random, n)] ^= (uint8_t)(1 << below(&random, 8));
    return mend(m->buffer, n);
  }
  return mutate(m->buffer, n, max_size, random);
}

void afl_custom_deinit(void *data) {
  struct afl_mutator *m = data;
  free(m->buffer);
  free(m);
}

#else

size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t capacity);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t capacity, unsigned int seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t capacity, unsigned int seed) {
  uint64_t random = seed;
  if (random_next(&random) % 2)
    return mutate(data, n, capacity, random);
  return mend(data, LLVMFuzzerMutate(data, n, capacity));
}

#endif
