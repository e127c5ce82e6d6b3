// The machine's names and clock.
#include "linux/machine.h"

#include "base/bytes.h"
#include "base/checked.h"

enum { NS_PER_SECOND = 1000000000 };

static enum kl_status uts_text(struct kl_kernel *k, enum kl_field_id field, char *dst, size_t *ret) {
  if (!k->known[KL_S_init_uts_ns].present)
    return KL_ERR_NOT_FOUND;
  uint64_t name;
  KL_TRY(kl_member(k, k->known[KL_S_init_uts_ns].address, KL_F_uts_namespace_name, &name));
  return kl_get_text(k, name, field, dst, KL_UTS_BYTES, ret);
}

enum kl_status kl_machine_hostname(struct kl_kernel *k, char *dst, size_t *ret) {
  return uts_text(k, KL_F_new_utsname_nodename, dst, ret);
}

enum kl_status kl_machine_domain(struct kl_kernel *k, char *dst, size_t *ret) {
  return uts_text(k, KL_F_new_utsname_domainname, dst, ret);
}

// ── The clock ──────────────────────────────────────────────────────────────

// What of a struct timekeeper is looked at: the piece from the first of these
// members to the last. Up to offs_boot all are needed; the others tell a
// timekeeper from other bytes where no symbol does.
enum { TO_MONOTONIC, OFFS_REAL, OFFS_BOOT, NEEDED, SECONDS = NEEDED, CLOCK, CLOCK_MEMBERS };
enum { PIECE_MAX = 512, WINDOW = 1024 };

struct clock_shape {
  uint64_t first;             // offset of the piece in struct timekeeper
  uint64_t bytes;             // of the piece
  uint64_t at[CLOCK_MEMBERS]; // within the piece
  uint64_t tv_sec, tv_nsec;   // within struct timespec64
  bool whole;                 // all members are there
};

static const enum kl_field_id clock_members[CLOCK_MEMBERS] = {
    [TO_MONOTONIC] = KL_F_timekeeper_wall_to_monotonic,
    [OFFS_REAL] = KL_F_timekeeper_offs_real,
    [OFFS_BOOT] = KL_F_timekeeper_offs_boot,
    [SECONDS] = KL_F_timekeeper_xtime_sec,
    [CLOCK] = KL_F_timekeeper_tkr_mono,
};

static bool is_u64(const struct kl_kernel *k, enum kl_field_id field, uint64_t within) {
  return kl_has(k, field) && k->fields[field].size == 8 && (uint64_t)k->fields[field].offset + 8 <= within;
}

static bool clock_shape(const struct kl_kernel *k, struct clock_shape *ret) {
  uint64_t timespec = k->fields[KL_F_timekeeper_wall_to_monotonic].size;
  uint64_t read_base = k->fields[KL_F_timekeeper_tkr_mono].size, end = 0;
  if (!is_u64(k, KL_F_timespec64_tv_sec, timespec) || !is_u64(k, KL_F_timespec64_tv_nsec, timespec))
    return false;
  *ret = (struct clock_shape){.first = UINT64_MAX,
                              .tv_sec = k->fields[KL_F_timespec64_tv_sec].offset,
                              .tv_nsec = k->fields[KL_F_timespec64_tv_nsec].offset,
                              .whole = kl_has(k, KL_F_timekeeper_xtime_sec) &&
                                       is_u64(k, KL_F_tk_read_base_clock, read_base)};
  size_t n = ret->whole ? CLOCK_MEMBERS : NEEDED;
  for (size_t i = 0; i < n; i++) {
    const struct kl_field *f = &k->fields[clock_members[i]];
    if (!f->present || f->size < 8)
      return false;
    ret->first = kl_min(ret->first, f->offset);
    end = kl_max(end, f->offset + (uint64_t)f->size);
  }
  for (size_t i = 0; i < n; i++)
    ret->at[i] = k->fields[clock_members[i]].offset - ret->first;
  ret->at[CLOCK] += k->fields[KL_F_tk_read_base_clock].offset;
  ret->bytes = end - ret->first;
  return ret->bytes <= PIECE_MAX;
}

// A timekeeper holds the same fact twice: offs_real is wall_to_monotonic
// negated (tk_set_wall_to_mono). What does not keep this is no timekeeper.
static bool clock_at(const struct clock_shape *shape, const uint8_t *p, int64_t *boot_time) {
  uint64_t seconds = kl_le64(p + shape->at[TO_MONOTONIC] + shape->tv_sec);
  uint64_t ns = kl_le64(p + shape->at[TO_MONOTONIC] + shape->tv_nsec);
  uint64_t real = kl_le64(p + shape->at[OFFS_REAL]), boot = kl_le64(p + shape->at[OFFS_BOOT]);
  if (!real || ns >= NS_PER_SECOND || 0 - (seconds * NS_PER_SECOND + ns) != real)
    return false;
  *boot_time = (int64_t)(real - boot) / NS_PER_SECOND;
  return true;
}

// Where no symbol points, small numbers could keep that by chance: a timekeeper
// also names its clock, and shows a time after that of its boot.
static bool clock_runs(const struct clock_shape *shape, const uint8_t *p, int64_t boot_time) {
  uint64_t now = kl_le64(p + shape->at[SECONDS]), clock = kl_le64(p + shape->at[CLOCK]);
  return boot_time > 0 && clock >> 63 && clock % 8 == 0 && now >= (uint64_t)boot_time && now <= INT32_MAX * 8ull;
}

// The first timekeeper in [start, start + n), at places aligned to 8. What
// can't be read is stepped over.
static enum kl_status search_clock(struct kl_kernel *k, const struct clock_shape *shape, uint64_t start, uint64_t n,
                                   bool doubt, int64_t *ret) {
  uint8_t window[WINDOW + PIECE_MAX];
  enum kl_status lost = KL_ERR_NOT_FOUND;
  start &= ~7ull;
  for (uint64_t at = 0; at < n; at += WINDOW) {
    enum kl_status status = kl_read(k, start + at + shape->first, window, WINDOW + PIECE_MAX);
    if (status != KL_OK) {
      lost = status;
      continue;
    }
    for (size_t i = 0; i < WINDOW; i += 8)
      if (clock_at(shape, window + i, ret) && (!doubt || clock_runs(shape, window + i, *ret)))
        return KL_OK;
  }
  return lost;
}

// The core timekeeper stands behind a sequence counter in a struct whose shape
// changed: anonymous up to 6.12, struct tk_data later, and an array of those,
// timekeeper_data, from 6.17. The counter's size depends on lock debugging, so
// it is searched for. Without its symbol (kallsyms of code only) it is searched
// for in the kernel's data, which begins with init_task.
enum kl_status kl_machine_boot_time(struct kl_kernel *k, int64_t *ret) {
  enum { BEHIND_SYMBOL = 256 };
  struct clock_shape shape;
  if (!clock_shape(k, &shape))
    return KL_ERR_NOT_FOUND;
  enum kl_symbol_id symbol = k->known[KL_S_tk_core].present ? KL_S_tk_core : KL_S_timekeeper_data;
  if (k->known[symbol].present)
    return search_clock(k, &shape, k->known[symbol].address, BEHIND_SYMBOL, false, ret);
  if (!k->known[KL_S_init_task].present || !shape.whole)
    return KL_ERR_NOT_FOUND;
  return search_clock(k, &shape, k->known[KL_S_init_task].address, k->limits->data_search_bytes, true, ret);
}
