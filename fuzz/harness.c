// Options, guards, sources.
#include "harness.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#ifndef HAS_ASAN
#define HAS_ASAN 0
#endif
#if HAS_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#else
#define __lsan_disable() ((void)0)
#define __lsan_enable() ((void)0)
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

// Freed blocks are kept from reuse for a while: in a cache's worth of memory,
// or each input's copy costs fresh pages. The core does not allocate, so where a
// block was allocated tells little, and costs a look through the stack.
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
  return "quarantine_size_mb=2:malloc_context_size=2";
}

_Noreturn void fuzz_fail(const char *file, int line, const char *what) {
  fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
  abort();
}

enum kl_status fuzz_status(enum kl_status status) {
  FUZZ_REQUIRE((unsigned)status <= KL_ERR_INTERNAL);
  FUZZ_REQUIRE(status != KL_ERR_INTERNAL);
  return status;
}

void fuzz_input_init(struct fuzz_input *input, const uint8_t *data, size_t n) {
  memset(input, 0, sizeof *input);
  size_t tail = n < FUZZ_TAIL ? n : FUZZ_TAIL;
  for (size_t i = 0; i < tail; i++)
    input->tail[i] = data[n - 1 - i];
  input->body = (struct kl_bytes){data, n - tail};
}

uint8_t fuzz_option8(struct fuzz_input *input) {
  return input->used < FUZZ_TAIL ? input->tail[input->used++] : 0;
}

uint16_t fuzz_option16(struct fuzz_input *input) {
  unsigned low = fuzz_option8(input);
  return (uint16_t)(low | (unsigned)fuzz_option8(input) << 8);
}

uint32_t fuzz_option32(struct fuzz_input *input) {
  uint32_t low = fuzz_option16(input);
  return low | (uint32_t)fuzz_option16(input) << 16;
}

// Guards.

// Under AddressSanitizer a few blocks that are kept, of which nothing but the
// copy can be touched: an allocation and its release cost more than most
// inputs. What does not fit is allocated.
enum { GUARDS = 4, GUARD_BYTES = 1 << 18, GUARD_FRONT = 64 };
static uint8_t *guard_blocks[GUARDS];
static bool guard_used[GUARDS];

static uint8_t *guard_take(size_t n) {
  for (size_t i = 0; n <= GUARD_BYTES && i < GUARDS; i++) {
    size_t all = GUARD_FRONT + GUARD_BYTES + GUARD_FRONT;
    if (guard_used[i])
      continue;
    if (!guard_blocks[i]) {
      guard_blocks[i] = malloc(all);
      FUZZ_REQUIRE(guard_blocks[i] != NULL);
      ASAN_POISON_MEMORY_REGION(guard_blocks[i], all);
    }
    guard_used[i] = true;
    ASAN_UNPOISON_MEMORY_REGION(guard_blocks[i] + GUARD_FRONT, n);
    return guard_blocks[i] + GUARD_FRONT;
  }
  uint8_t *p = malloc(n ? n : 1);
  FUZZ_REQUIRE(p != NULL);
  return p;
}

static void guard_give_back(uint8_t *p, size_t n) {
  for (size_t i = 0; i < GUARDS; i++)
    if (guard_blocks[i] && p == guard_blocks[i] + GUARD_FRONT) {
      ASAN_POISON_MEMORY_REGION(p, n);
      guard_used[i] = false;
      return;
    }
  free(p);
}

struct fuzz_guarded fuzz_guard(const uint8_t *p, size_t n, int front) {
  struct fuzz_guarded g = {.n = n};
  if (HAS_ASAN) {
    g.p = guard_take(n);
  } else {
    enum { PAGE = 65536 }; // at least a page anywhere
    size_t inside = (n + PAGE - 1) / PAGE * PAGE;
    g.mapping_bytes = inside + 2 * PAGE;
    uint8_t *m = mmap(NULL, g.mapping_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    FUZZ_REQUIRE(m != MAP_FAILED);
    FUZZ_REQUIRE(!inside || mprotect(m + PAGE, inside, PROT_READ | PROT_WRITE) == 0);
    g.mapping = m;
    g.p = m + PAGE + (front ? 0 : inside - n);
  }
  if (n)
    memcpy(g.p, p, n);
  return g;
}

void fuzz_release(struct fuzz_guarded *g) {
  if (g->mapping)
    munmap(g->mapping, g->mapping_bytes);
  else
    guard_give_back(g->p, g->n);
}

// FUZZ_WORKSPACE bytes, and behind them what can't be touched. RUBBISH of them
// are the same rubbish for each input; what lies above is from inputs before.
enum { BEHIND = 65536, RUBBISH = 16384 };

uint8_t *fuzz_block(void) {
  uint8_t *p = mmap(NULL, FUZZ_WORKSPACE + BEHIND, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  FUZZ_REQUIRE(p != MAP_FAILED && mprotect(p + FUZZ_WORKSPACE, BEHIND, PROT_NONE) == 0);
  return p;
}

static uint8_t *workspace;
static size_t bounded = FUZZ_WORKSPACE; // behind it: poisoned, or the block's end

static size_t behind(size_t bytes) {
  size_t left = FUZZ_WORKSPACE - bytes;
  return left < BEHIND ? left : BEHIND;
}

// Under AddressSanitizer the 64 KiB behind the bytes are poisoned, and stay so
// while the next input has as many; else the bytes are an upper bound that
// nothing enforces.
void *fuzz_workspace_begin(size_t bytes) {
  FUZZ_REQUIRE(bytes <= FUZZ_WORKSPACE);
  if (!workspace)
    workspace = fuzz_block();
  if (bytes != bounded) {
    ASAN_UNPOISON_MEMORY_REGION(workspace + bounded, behind(bounded));
    ASAN_POISON_MEMORY_REGION(workspace + bytes, behind(bytes));
    bounded = bytes;
  }
  return workspace;
}

void fuzz_workspace_end(size_t touched) {
  FUZZ_REQUIRE(touched <= bounded);
  memset(workspace, 0xa5, touched < RUBBISH ? touched : RUBBISH);
}

void fuzz_leak_begin(void) {
  __lsan_disable();
}

void fuzz_leak_end(void) {
  __lsan_enable();
}

void *fuzz_scratch(size_t bytes) {
  static uint8_t *block;
  FUZZ_REQUIRE(bytes <= FUZZ_WORKSPACE);
  if (!block)
    block = fuzz_block();
  return block + (FUZZ_WORKSPACE - bytes);
}

// Sources.

static enum kl_status read_bytes(void *user, uint64_t offset, void *dst, size_t n) {
  struct fuzz_source *s = user;
  // The core has checked the range: it promises so (kernlens/source.h).
  FUZZ_REQUIRE(offset <= s->source.bytes && n <= s->source.bytes - offset);
  if (s->fail_at && ++s->reads >= s->fail_at)
    return s->failure;
  if (n)
    memcpy(dst, s->p + offset, n);
  return KL_OK;
}

static enum kl_status lend_bytes(void *user, uint64_t offset, size_t n, const uint8_t **ret) {
  struct fuzz_source *s = user;
  FUZZ_REQUIRE(offset <= s->source.bytes && n <= s->source.bytes - offset);
  if (s->fail_at && ++s->reads >= s->fail_at)
    return s->reads % 2 ? KL_ERR_UNSUPPORTED : s->failure;
  *ret = s->p + offset;
  return KL_OK;
}

void fuzz_source_init(struct fuzz_source *s, const uint8_t *p, size_t n, struct fuzz_input *options) {
  uint8_t flags = fuzz_option8(options);
  *s = (struct fuzz_source){
      .p = p, .fail_at = fuzz_option8(options), .failure = flags & 2 ? KL_ERR_CANCELLED : KL_ERR_IO};
  s->source = (struct kl_source){.user = s, .bytes = n, .read = read_bytes, .lend = flags & 1 ? NULL : lend_bytes};
}

static enum kl_status fake_inflate(void *user, enum kl_method method, const uint8_t *in, size_t in_n, uint8_t *out,
                                   size_t out_cap, size_t *out_n) {
  (void)user;
  uint8_t sum = (uint8_t)method;
  for (size_t i = 0; i < in_n; i++) // every byte that is lent must be readable
    sum = (uint8_t)(sum + in[i]);
  uint8_t first = in_n ? in[0] : 0;
  if (first == 0xff)
    return KL_ERR_MALFORMED;
  if (first == 0xfe)
    return KL_ERR_UNSUPPORTED;
  memset(out, sum, out_cap);
  *out_n = first == 0xfd && out_cap ? out_cap - 1 : first == 0xfc ? 0 : out_cap;
  return KL_OK;
}

const struct kl_codec fuzz_codec = {.inflate = fake_inflate};

struct kl_limits fuzz_limits(void) {
  struct kl_limits limits = kl_limits_default();
  limits.segments = 1 << 12;
  limits.flat_records = 1 << 12;
  limits.note_bytes = 1 << 16;
  limits.block_cache_bytes = 1 << 17;
  limits.cpus = 64;
  limits.btf_bytes = 1 << 20;
  limits.btf_types = 1 << 16;
  limits.btf_steps = 1 << 12;
  limits.symbols = 1 << 14;
  limits.candidates = 8;
  limits.candidate_steps = 1 << 22;
  limits.root_steps = 1 << 16;
  limits.list_nodes = 1 << 12;
  limits.path_depth = 64;
  limits.log_records = 1 << 10;
  limits.modules = 64;
  limits.module_symbols = 1 << 10;
  limits.steps = 1 << 14;
  return limits;
}
