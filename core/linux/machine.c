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

// What of a struct timekeeper is looked at, and where: the piece from the first
// of these members to the last.
enum { CLOCK, SECONDS, TO_MONOTONIC, OFFS_REAL, OFFS_BOOT, CLOCK_MEMBERS };

struct clock_shape {
  uint64_t first; // offset of the piece in struct timekeeper
  uint64_t bytes;
  uint64_t at[CLOCK_MEMBERS]; // within the piece
  uint64_t tv_sec, tv_nsec;   // within struct timespec64
};

enum { PIECE_MAX = 512, WINDOW = 1024 };

static bool clock_shape(const struct kl_kernel *k, struct clock_shape *ret) {
  const enum kl_field_id members[] = {KL_F_timekeeper_tkr_mono, KL_F_timekeeper_xtime_sec,
                                      KL_F_timekeeper_wall_to_monotonic, KL_F_timekeeper_offs_real,
                                      KL_F_timekeeper_offs_boot};
  const enum kl_field_id within[] = {KL_F_tk_read_base_clock, KL_F_timespec64_tv_sec, KL_F_timespec64_tv_nsec};
  uint64_t end = 0, inner[3];
  for (size_t i = 0; i < 3; i++) {
    if (!kl_has(k, within[i]) || k->fields[within[i]].size != 8)
      return false;
    inner[i] = k->fields[within[i]].offset;
  }
  ret->first = UINT64_MAX;
  for (size_t i = 0; i < CLOCK_MEMBERS; i++) {
    const struct kl_field *f = &k->fields[members[i]];
    if (!f->present || f->size < 8 || f->size > PIECE_MAX)
      return false;
    ret->at[i] = f->offset;
    ret->first = kl_min(ret->first, f->offset);
    end = kl_max(end, f->offset + (uint64_t)f->size);
  }
  ret->bytes = end - ret->first;
  ret->tv_sec = inner[1];
  ret->tv_nsec = inner[2];
  for (size_t i = 0; i < CLOCK_MEMBERS; i++)
    ret->at[i] -= ret->first;
  ret->at[CLOCK] += inner[0];
  uint64_t timespec = k->fields[KL_F_timekeeper_wall_to_monotonic].size;
  return ret->bytes <= PIECE_MAX && ret->at[CLOCK] + 8 <= ret->bytes && inner[1] + 8 <= timespec &&
         inner[2] + 8 <= timespec;
}

// A timekeeper holds the same fact twice: offs_real is wall_to_monotonic
// negated (tk_set_wall_to_mono). It names its clock, and has gone on from when
// it began. What does not keep this is no timekeeper.
static bool clock_at(const struct clock_shape *shape, const uint8_t *p, int64_t *boot_time) {
  uint64_t seconds = kl_le64(p + shape->at[TO_MONOTONIC] + shape->tv_sec);
  uint64_t ns = kl_le64(p + shape->at[TO_MONOTONIC] + shape->tv_nsec);
  uint64_t real = kl_le64(p + shape->at[OFFS_REAL]), boot = kl_le64(p + shape->at[OFFS_BOOT]);
  uint64_t now = kl_le64(p + shape->at[SECONDS]), clock = kl_le64(p + shape->at[CLOCK]);
  if (!real || real > INT64_MAX || boot > real || ns >= NS_PER_SECOND || 0 - (seconds * NS_PER_SECOND + ns) != real)
    return false;
  if (!(clock >> 63) || clock % 8 || now < real / NS_PER_SECOND || now > UINT32_MAX * 8ull)
    return false;
  *boot_time = (int64_t)((real - boot) / NS_PER_SECOND);
  return true;
}

// The first timekeeper in [start, start + n), at places aligned to 8. What
// can't be read is stepped over.
static enum kl_status search_clock(struct kl_kernel *k, const struct clock_shape *shape, uint64_t start, uint64_t n,
                                   int64_t *ret) {
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
      if (clock_at(shape, window + i, ret))
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
    return search_clock(k, &shape, k->known[symbol].address, BEHIND_SYMBOL, ret);
  if (!k->known[KL_S_init_task].present)
    return KL_ERR_NOT_FOUND;
  return search_clock(k, &shape, k->known[KL_S_init_task].address, k->limits->data_search_bytes, ret);
}
