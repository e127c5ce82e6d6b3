// Marks: the detectors.
#include "kernel/marks.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "kernel/foothold.h"

// ── Words ──────────────────────────────────────────────────────────────────

static const uint64_t OSRELEAS = 0x5341454c4552534f, VMCOREIN = 0x4e4945524f434d56, LINUX_VE = 0x65762078756e694c,
                      SWAPPER = 0x0072657070617773;
static const uint64_t SWAPPER_0 = 0x30; // what follows "swapper/" in 8 bytes, NUL included: only the low 2 matter

enum { NOTE_NAME = 12 }; // of an ELF note
enum { BTF_MASK = 0xffffff, BTF_HEAD = 0x01eb9f };

// Four bytes of "d\0d+1\0", or of that shifted by one: 20 bytes of ten tokens
// hold such a word at every multiple of 16.
static bool looks_like_digits(uint32_t v) {
  uint32_t even = v & 0x00ff00ff, odd = v >> 8 & 0x00ff00ff;
  uint32_t digits = even ? even : odd;
  if ((even && odd) || (digits >> 16) != (digits & 0xff) + 1)
    return false;
  return (digits & 0xff) >= '0' && (digits & 0xff) < '9';
}

static bool is_swapper(const uint8_t *p) {
  uint64_t v = kl_le64(p);
  return v == SWAPPER || ((v ^ ((uint64_t)'/' << 56)) == SWAPPER && (kl_le64(p + 8) & 0xffff) == SWAPPER_0);
}

bool kl_mark_stands(enum kl_mark mark, const uint8_t *p, size_t at, size_t n) {
  size_t left = n - at;
  switch (mark) {
  case KL_MARK_VMCOREINFO:
    return left >= KL_MARK_PAGE && (kl_le64(p + at) == OSRELEAS || kl_le64(p + at + NOTE_NAME) == VMCOREIN);
  case KL_MARK_TOKENS:
    return left >= 4 && looks_like_digits(kl_le32(p + at));
  case KL_MARK_BTF:
    return left >= 4 && (kl_le32(p + at) & BTF_MASK) == BTF_HEAD;
  case KL_MARK_BANNER:
    return left >= 8 && kl_le64(p + at) == LINUX_VE;
  case KL_MARK_SWAPPER:
    return left >= 16 && is_swapper(p + at);
  case KL_MARK_ROOT:
  default:
    return false;
  }
}

size_t kl_mark_stride(enum kl_mark mark) {
  return mark == KL_MARK_TOKENS ? 16 : mark == KL_MARK_BTF ? 4 : 8;
}

// ── Blocks ─────────────────────────────────────────────────────────────────

// Sixteen bytes as four words, in the compiler's own form of vectors: also where
// they are not aligned. (Every machine that this is built for is little-endian.)
typedef uint32_t four __attribute__((vector_size(16)));
typedef uint32_t four_anywhere __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t two __attribute__((vector_size(16)));

// These become part of where they are called. (Vectors go by pointer: 32-bit x86
// has no agreed way to hand one over.)
#define INLINED static inline __attribute__((always_inline))

INLINED void load(const uint8_t *p, four *ret) {
  *ret = *(const four_anywhere *)p;
}

INLINED bool is_any(const four *words) {
  two halves = (two)*words;
  return halves[0] | halves[1];
}

// Half of what stands at a multiple of 8 is enough to go on: all is looked at
// again.
static const uint32_t LINU = 0x756e694c, SWAP = 0x70617773;

INLINED void see(const four *words, unsigned marks, four *any) {
  if (marks & KL_MARK_BTF)
    *any |= (four)((*words & BTF_MASK) == BTF_HEAD);
  if (marks & KL_MARK_SWAPPER)
    *any |= (four)(*words == SWAP);
  if (marks & KL_MARK_BANNER)
    *any |= (four)(*words == LINU);
}

// The first word of each: '0' to '9' and NULs.
INLINED void see_tokens(const four v[4], four *any) {
  four low = __builtin_shufflevector(v[0], v[1], 0, 4, 0, 4),
       high = __builtin_shufflevector(v[2], v[3], 0, 4, 0, 4);
  four words = __builtin_shufflevector(low, high, 0, 1, 4, 5) & 0xf0f0f0f0;
  *any |= (four)(words == 0x00300030) | (four)(words == 0x30003000);
}

INLINED size_t skip(const uint8_t *p, size_t at, size_t n, unsigned marks) {
  for (; n >= KL_MARK_BLOCK && at <= n - KL_MARK_BLOCK; at += KL_MARK_BLOCK) {
    four v[4], any = {0};
    load(p + at, &v[0]);
    load(p + at + 16, &v[1]);
    load(p + at + 32, &v[2]);
    load(p + at + 48, &v[3]);
    see(&v[0], marks, &any); // written out: not every compiler unrolls
    see(&v[1], marks, &any);
    see(&v[2], marks, &any);
    see(&v[3], marks, &any);
    if (marks & KL_MARK_TOKENS)
      see_tokens(v, &any);
    if (is_any(&any))
      return at;
  }
  return at;
}

// The set that all of memory is gone through for is known when this is built.
enum { SURVEY = KL_MARK_TOKENS | KL_MARK_BTF | KL_MARK_SWAPPER };
static size_t skip_survey(const uint8_t *p, size_t at, size_t n) {
  return skip(p, at, n, SURVEY);
}

size_t kl_marks_skip(const uint8_t *p, size_t at, size_t n, unsigned marks) {
  marks &= KL_MARKS_OF_WORDS;
  return !marks ? n : marks == SURVEY ? skip_survey(p, at, n) : skip(p, at, n, marks);
}

// ── Roots ──────────────────────────────────────────────────────────────────

static const uint64_t ENTRY_ADDRESS = 0x000ffffffffff000; // of x86-64
// Of arm64, as long as no memory lies above 2^48: the bits beyond are then 0,
// in whatever place of an entry they stand.
static const uint64_t TABLE_ADDRESS = 0x0000fffffffff000;

// Present, no large page, executable below, and leading into memory.
static bool is_x86_table(uint64_t entry, uint64_t below) {
  uint64_t table = entry & ENTRY_ADDRESS;
  return (entry & 0x81) == 1 && !(entry >> 63) && table && table < below;
}

static void see_zeros(struct kl_zeros *zeros, const uint8_t *p, size_t at, size_t end) {
  size_t z = zeros->end > at ? zeros->end : at;
  for (; z + KL_MARK_BLOCK <= end; z += KL_MARK_BLOCK) {
    four v[4];
    for (size_t i = 0; i < 4; i++)
      load(p + z + 16 * i, &v[i]);
    v[0] |= v[1] | v[2] | v[3];
    if (is_any(&v[0]))
      break;
  }
  zeros->end = z;
}

// Nothing but empty entries and tables, two tables at least, and one that leads
// into memory: for the longest table whose alignment phys has, and all shorter.
static bool may_be_arm_root(const uint8_t *p, size_t at, size_t n, uint64_t phys, uint64_t below,
                            struct kl_zeros *zeros) {
  enum { SHORTEST = 16, LONGEST = 1 << 16 };
  size_t reach = phys % LONGEST == 0 ? LONGEST : phys % (1 << 14) == 0 ? 1 << 14 : KL_MARK_PAGE;
  reach = (size_t)kl_min(reach, n - at);
  see_zeros(zeros, p, at, at + reach);
  size_t good = zeros->end - at, second = 0;
  unsigned tables = 0;
  bool leads = below > TABLE_ADDRESS;
  for (; good + 8 <= reach; good += 8) {
    uint64_t entry = kl_le64(p + at + good);
    if (entry && (entry & 3) != 3)
      break;
    leads |= entry && (entry & TABLE_ADDRESS) < below;
    if (entry && ++tables == 2)
      second = good + 8;
  }
  if (tables < 2 || !leads || good < SHORTEST)
    return false;
  struct kl_paging paging;
  for (size_t i = 0; kl_paging_aarch64_way(i, &paging); i++) {
    uint64_t bytes = kl_min(kl_paging_root_bytes(&paging), reach);
    if (phys % (1ull << paging.granule_shift) == 0 && good >= bytes && second <= bytes)
      return true;
  }
  return false;
}

bool kl_may_be_root(const uint8_t *p, size_t at, size_t n, uint64_t phys, uint64_t below, struct kl_zeros *zeros) {
  enum { LAST = KL_MARK_PAGE - 8 };
  if (n - at < KL_MARK_PAGE)
    return false;
  return is_x86_table(kl_le64(p + at + LAST), below) || may_be_arm_root(p, at, n, phys, below, zeros);
}
