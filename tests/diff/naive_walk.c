#include "naive_walk.h"

// Bits high..low of a value, moved down.
static uint64_t bits(uint64_t v, unsigned high, unsigned low) {
  uint64_t out = 0;
  for (unsigned i = low; i <= high; i++)
    if (v >> i & 1)
      out += (uint64_t)1 << (i - low);
  return out;
}

static bool bit(uint64_t v, unsigned i) {
  return v >> i & 1;
}

// Bits high..low of a value, in their place.
static uint64_t field(uint64_t v, unsigned high, unsigned low) {
  return bits(v, high, low) << low;
}

// ── x86-64 ─────────────────────────────────────────────────────────────────

// Tables 4-15 to 4-20: MAXPHYADDR is 52 here.
static struct naive_result x86(const struct naive_machine *m, naive_read *read, void *user, uint64_t root,
                               uint64_t va) {
  struct naive_result r = {.outcome = NAIVE_NOT_CANONICAL, .write = true, .user = true, .execute = true};
  unsigned levels = m->address_bits == 57 ? 5 : 4, top = m->address_bits - 1;
  for (unsigned i = top; i < 64; i++)
    if (bit(va, i) != bit(va, top))
      return r;
  bool upper = bit(va, 63), lower_no_execute = false;
  uint64_t table = field(root, 51, 12);
  for (unsigned level = levels; level >= 1; level--) {
    unsigned low = 12 + 9 * (level - 1);
    uint64_t entry;
    if (!read(user, table + 8 * bits(va, low + 8, low), &entry)) {
      r.outcome = NAIVE_NO_MEMORY;
      return r;
    }
    if (!bit(entry, 0)) {
      r.outcome = NAIVE_NOT_MAPPED;
      return r;
    }
    r.write = r.write && bit(entry, 1);
    r.user = r.user && bit(entry, 2);
    r.execute = r.execute && !bit(entry, 63);
    if (level < levels)
      lower_no_execute = lower_no_execute || bit(entry, 63);
    bool large = level > 1 && bit(entry, 7);
    if (large && level > 3) { // PS must be 0 in a PML4E and a PML5E
      r.outcome = NAIVE_NOT_MAPPED;
      return r;
    }
    if (level == 1 || large) {
      if (large && bits(entry, low - 1, 13)) // bit 12 is PAT
        r.reserved_bits = true;
      r.outcome = NAIVE_MAPPED;
      r.page_bytes = (uint64_t)1 << low;
      r.phys = field(entry, 51, low) + field(va, low - 1, 0);
      r.root_no_execute = !upper && !r.execute && !lower_no_execute;
      return r;
    }
    table = field(entry, 51, 12);
  }
  return r;
}

// ── arm64 ──────────────────────────────────────────────────────────────────

// Where a descriptor's output address lies (D8.3.1, figures D8-12 to D8-16);
// low: its lowest bit.
static uint64_t output(const struct naive_machine *m, uint64_t d, unsigned low) {
  if (!m->wide)
    return field(d, 47, low);
  if (m->granule_bits == 16)
    return field(d, 47, low) + (bits(d, 15, 12) << 48);
  return field(d, 49, low) + (bits(d, 9, 8) << 50);
}

// Table D8-20: which levels may have blocks; the last is level 3.
static bool block_allowed(const struct naive_machine *m, int level) {
  switch (m->granule_bits) {
  case 12:
    return level == 2 || level == 1 || (level == 0 && m->wide);
  case 14:
    return level == 2 || (level == 1 && m->wide);
  default:
    return level == 2 || (level == 1 && m->wide);
  }
}

static struct naive_result arm(const struct naive_machine *m, naive_read *read, void *user, uint64_t root,
                               uint64_t va) {
  struct naive_result r = {.outcome = NAIVE_NOT_CANONICAL};
  bool upper = bit(va, 63);
  for (unsigned i = m->address_bits; i < 64; i++)
    if (bit(va, i) != upper)
      return r;
  // Each level below the first resolves granule_bits - 3 bits.
  unsigned stride = m->granule_bits - 3;
  int first = 3;
  while (m->granule_bits + stride * (unsigned)(4 - first) < m->address_bits)
    first--;
  bool no_write = false, no_user = false, no_kernel_execute = false, no_user_execute = false;
  uint64_t table = root;
  for (int level = first; level <= 3; level++) {
    unsigned low = m->granule_bits + stride * (unsigned)(3 - level);
    unsigned high = level == first ? m->address_bits - 1 : low + stride - 1;
    uint64_t d;
    if (!read(user, table + 8 * bits(va, high, low), &d)) {
      r.outcome = NAIVE_NO_MEMORY;
      return r;
    }
    r.outcome = NAIVE_NOT_MAPPED;
    if (!bit(d, 0))
      return r;
    if (level < 3 && bit(d, 1)) { // a table
      no_user_execute = no_user_execute || bit(d, 60);
      no_kernel_execute = no_kernel_execute || bit(d, 59);
      no_write = no_write || bit(d, 62);
      no_user = no_user || bit(d, 61);
      table = output(m, d, m->granule_bits);
      continue;
    }
    if (level == 3 ? !bit(d, 1) : !block_allowed(m, level))
      return r; // reserved
    bool user_executes = !no_user_execute && !bit(d, 54);
    r.outcome = NAIVE_MAPPED;
    r.page_bytes = (uint64_t)1 << low;
    r.phys = output(m, d, low) + field(va, low - 1, 0);
    r.write = !no_write && (!bit(d, 7) || bit(d, 51)); // DBM: the processor makes it writable
    r.execute = upper ? !no_kernel_execute && !bit(d, 53) : user_executes;
    // EL0 reads, or only executes.
    r.user = (!no_user && bit(d, 6)) || (!upper && user_executes);
    r.not_accessed = !bit(d, 10);
    return r;
  }
  return r;
}

struct naive_result naive_translate(const struct naive_machine *machine, naive_read *read, void *user,
                                    uint64_t root, uint64_t va) {
  return machine->arm ? arm(machine, read, user, root, va) : x86(machine, read, user, root, va);
}
