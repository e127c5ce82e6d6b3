// Proposals that look through memory: for VMCOREINFO, for kallsyms, for the
// first task, for a page-table root.
#include "base/checked.h"
#include "base/memory.h"
#include "kernel/attach.h"
#include "kernel/resolve.h"
#include "kernel/symbol_table.h"
#include "kernel/vmcoreinfo.h"

// What a kernel image spans at most, around something of it.
static const uint64_t IMAGE_REACH = 128ull << 20;

// ── VMCOREINFO ─────────────────────────────────────────────────────────────

// Copies the text at phys into the arena, page by page as far as it goes.
static bool read_vmcoreinfo(struct kl_attach *a, uint64_t phys, uint8_t *buffer, struct kl_bytes *ret) {
  enum { STEP = 4096 };
  size_t n = 0, capacity = (size_t)a->k->limits->vmcoreinfo_bytes;
  while (n < capacity) {
    size_t part = (size_t)kl_min(capacity - n, STEP - (phys + n) % STEP);
    if (kl_image_read(a->k->image, phys + n, buffer + n, part) != KL_OK)
      break;
    n += part;
    if (!kl_vmcoreinfo_text(kl_bytes_of(buffer, n), ret) || ret->n < n)
      break;
  }
  return kl_vmcoreinfo_text(kl_bytes_of(buffer, n), ret);
}

enum kl_status kl_propose_vmcoreinfo(struct kl_attach *a) {
  struct kl_scan scan;
  uint8_t *buffer;
  size_t mark = kl_arena_mark(a->k->arena);
  KL_TRY(KL_TAKE(a->k->arena, a->k->limits->vmcoreinfo_bytes, &buffer));
  KL_TRY(kl_attach_scan(a, &scan, "VMCOREINFO", KL_MARK_VMCOREINFO, 0, 0));
  enum kl_status status = KL_ERR_NOT_FOUND;
  for (uint64_t tries = a->k->limits->candidates; tries; tries--) {
    enum kl_mark kind;
    uint64_t phys;
    struct kl_bytes text;
    struct kl_proposal proposal;
    status = kl_scan_next(&scan, &kind, &phys);
    if (status != KL_OK)
      break;
    status = KL_ERR_NOT_FOUND;
    if (!read_vmcoreinfo(a, phys, buffer, &text) || !kl_proposal_of_vmcoreinfo(text, &proposal))
      continue;
    proposal.by = "VMCOREINFO in memory";
    status = kl_attach_try(a, &proposal);
    if (status == KL_OK || kl_attach_stops(status))
      return status;
  }
  kl_arena_rewind(a->k->arena, mark);
  return kl_attach_stops(status) ? status : KL_ERR_NOT_FOUND;
}

// ── Roots ──────────────────────────────────────────────────────────────────

// A top table of this paging: for x86-64 the last entry leads to the image; for
// arm64 every entry is empty or a table, and some are tables.
static bool looks_like_root(struct kl_image *image, const struct kl_paging *paging, uint64_t phys) {
  enum { STEP = 256, X86_LAST = 511 * 8 };
  uint8_t bytes[STEP];
  if (paging->arch == KL_ARCH_X86_64) {
    if (kl_image_read(image, phys + X86_LAST, bytes, 8) != KL_OK)
      return false;
    uint64_t entry = kl_le64(bytes); // present, no large page, executable below
    return (entry & 0x81) == 1 && !(entry >> 63) && entry & 0x000ffffffffff000;
  }
  unsigned below = paging->granule_shift + (paging->levels - 1u) * (paging->granule_shift - 3u);
  uint64_t table_bytes = 8ull << (paging->va_bits - below);
  unsigned tables = 0;
  for (uint64_t at = 0; at < table_bytes; at += STEP) {
    size_t part = (size_t)kl_min(STEP, table_bytes - at);
    if (kl_image_read(image, phys + at, bytes, part) != KL_OK)
      return false;
    for (size_t i = 0; i < part; i += 8) {
      uint64_t entry = kl_le64(bytes + i);
      if (entry && (entry & 3) != 3)
        return false;
      tables += entry != 0;
    }
  }
  return tables >= 2;
}

// Memory can be full of pages that look like roots, and each may cost a long
// walk: all searches together have one budget.
static bool is_spent(struct kl_attach *a, uint64_t at) {
  const struct kl_limits *limits = a->k->limits;
  if (a->root_steps < limits->root_steps && a->root_trials < limits->candidates)
    return false;
  kl_diagnostics_add(a->k->diagnostics, "attach", "search for a page-table root", at, KL_ERR_LIMIT);
  return true;
}

// Tries the pages of [start, end) that look like a root. within: physical, must
// lie in the image that the root maps; 0: any. proposal: all but the root.
static enum kl_status try_roots(struct kl_attach *a, const struct kl_paging *paging, uint64_t start, uint64_t end,
                                uint64_t within, const struct kl_proposal *proposal) {
  struct kl_segment segment;
  uint64_t page = 1ull << paging->granule_shift;
  for (uint64_t at = start; at < end && kl_image_segment(a->k->image, at, &segment) == KL_OK; at = segment.end) {
    at = kl_max(at, segment.start);
    if (segment.state != KL_SEGMENT_FILE)
      continue;
    for (at = (at + page - 1) & ~(page - 1); at < kl_min(segment.end, end); at += page) {
      if (!looks_like_root(a->k->image, paging, at))
        continue;
      if (is_spent(a, at))
        return KL_ERR_LIMIT;
      struct kl_proposal found = *proposal;
      found.hold.paging = *paging;
      found.hold.root = at;
      found.places = true;
      // The scan's own layout shows whether this is worth the full trial.
      struct kl_foothold hold = found.hold;
      bool holds = found.va ? kl_maps(paging, a->k->image, at, found.va, found.va - hold.image_to_phys)
                            : !a->layout.name && kl_foothold_find(&hold, a->k->image) == KL_OK &&
                                  (!within || within - (hold.start - hold.image_to_phys) < hold.end - hold.start);
      a->root_steps += hold.steps;
      if (!holds && !a->layout.name)
        continue;
      a->root_trials += holds;
      enum kl_status status = kl_attach_try(a, &found);
      if (status == KL_OK || kl_attach_stops(status))
        return status;
    }
  }
  return KL_ERR_NOT_FOUND;
}

static enum kl_status try_all_roots(struct kl_attach *a, enum kl_arch arch, uint64_t start, uint64_t end,
                                    uint64_t within, const struct kl_proposal *proposal) {
  enum kl_status status = KL_ERR_NOT_FOUND;
  struct kl_paging paging;
  if (arch != KL_ARCH_AARCH64)
    for (uint8_t levels = 5; levels >= 4 && status != KL_OK && !kl_attach_stops(status); levels--) {
      paging = kl_paging_x86_64(levels, 0);
      status = try_roots(a, &paging, start, end, within, proposal);
    }
  if (arch != KL_ARCH_X86_64)
    for (size_t i = 0; status != KL_OK && !kl_attach_stops(status) && kl_paging_aarch64_way(i, &paging); i++)
      status = try_roots(a, &paging, start, end, within, proposal);
  return status;
}

enum kl_status kl_propose_roots(struct kl_attach *a) {
  struct kl_proposal proposal = {.by = "a page that maps a kernel image"};
  return try_all_roots(a, KL_ARCH_UNKNOWN, 0, UINT64_MAX, 0, &proposal);
}

// ── kallsyms ───────────────────────────────────────────────────────────────

static bool address_of(struct kl_symbols *symbols, const char *name, uint64_t *ret) {
  struct kl_symbol symbol;
  if (kl_symbols_find(symbols, kl_bytes_of(name, kl_string_length(name)), &symbol) != KL_OK)
    return false;
  *ret = symbol.address;
  return true;
}

// Symbols say where the banner is, memory around the table where its text is:
// the distance between the two is that of the whole image.
static enum kl_status try_banners(struct kl_attach *a, enum kl_arch arch, uint64_t near, uint64_t banner,
                                  uint64_t root) {
  struct kl_scan scan;
  size_t mark = kl_arena_mark(a->k->arena);
  KL_TRY(kl_attach_scan(a, &scan, "banner", KL_MARK_BANNER, near > IMAGE_REACH ? near - IMAGE_REACH : 0,
                        near + IMAGE_REACH));
  enum kl_status status = KL_ERR_NOT_FOUND;
  for (uint64_t tries = a->k->limits->candidates; tries; tries--) {
    enum kl_mark kind;
    uint64_t phys;
    status = kl_scan_next(&scan, &kind, &phys);
    if (status != KL_OK)
      break;
    struct kl_proposal proposal = {.hold = {.root = root - (banner - phys), .image_to_phys = banner - phys},
                                   .va = banner,
                                   .places = true,
                                   .by = "kallsyms and banner in memory"};
    status = kl_attach_try_root(a, arch, &proposal);
    if (status == KL_OK || kl_attach_stops(status))
      return status;
  }
  kl_arena_rewind(a->k->arena, mark);
  return kl_attach_stops(status) ? status : KL_ERR_NOT_FOUND;
}

// Place-relative symbols: the table's addresses are physical for now, so the
// root's place is known at once.
static enum kl_status try_table(struct kl_attach *a, const struct kl_kallsyms *kallsyms,
                                struct kl_symbols *symbols) {
  uint64_t root, banner;
  bool x86_64 = address_of(symbols, "init_top_pgt", &root);
  bool rooted = x86_64 || address_of(symbols, "swapper_pg_dir", &root);
  enum kl_arch arch = x86_64 ? KL_ARCH_X86_64 : rooted ? KL_ARCH_AARCH64 : KL_ARCH_UNKNOWN;
  uint64_t near = kallsyms->at.token_table;
  struct kl_proposal proposal = {.by = "kallsyms in memory", .places = true};
  enum kl_status status = KL_ERR_NOT_FOUND;
  if (rooted && kallsyms->encoding == KL_KALLSYMS_PLACE) {
    proposal.hold.root = root;
    status = kl_attach_try_root(a, arch, &proposal);
  } else if (rooted && address_of(symbols, "linux_banner", &banner)) {
    status = try_banners(a, arch, near, banner, root);
  }
  if (status == KL_OK || kl_attach_stops(status))
    return status;
  // Without data symbols, or without its own root in the dump: any root near the
  // table that maps it into an image.
  proposal.by = "a root near kallsyms that maps it";
  uint64_t low = near > IMAGE_REACH ? near - IMAGE_REACH : 0;
  return try_all_roots(a, arch, low, near + IMAGE_REACH, near, &proposal);
}

static enum kl_status try_digits(struct kl_attach *a, uint64_t digits) {
  struct kl_kallsyms_places none = {0};
  struct kl_kallsyms *kallsyms;
  struct kl_symbols *symbols;
  size_t here = kl_arena_mark(a->k->arena);
  enum kl_status status = kl_kallsyms_locate(a->k->arena, a->k->image, a->k->limits, digits, &none, &kallsyms);
  if (status == KL_OK)
    status = kl_symbols_from_kallsyms(a->k->arena, kallsyms, a->k->limits, &symbols);
  if (status == KL_OK)
    status = try_table(a, kallsyms, symbols);
  if (status != KL_OK)
    kl_arena_rewind(a->k->arena, here);
  return status;
}

// What the search for BTF will want, if it comes to that: memory is gone through
// once for both.
static void note_btf(struct kl_attach *a, uint64_t phys) {
  uint64_t total;
  if (!kl_looks_like_btf(a->k->image, phys, &total))
    return;
  if (a->btf_places.n < KL_BTF_PLACES)
    a->btf_places.at[a->btf_places.n] = phys;
  a->btf_places.n++;
}

enum kl_status kl_propose_kallsyms(struct kl_attach *a) {
  struct kl_scan scan;
  size_t mark = kl_arena_mark(a->k->arena);
  KL_TRY(kl_attach_scan(a, &scan, "kallsyms", KL_MARK_TOKENS | KL_MARK_BTF, 0, 0));
  a->btf_places.layout = a->layout;
  enum kl_status status = KL_ERR_NOT_FOUND;
  for (uint64_t tries = a->k->limits->candidates; tries;) {
    enum kl_mark kind;
    uint64_t phys;
    status = kl_scan_next(&scan, &kind, &phys);
    if (status != KL_OK)
      break;
    if (kind == KL_MARK_BTF) {
      note_btf(a, phys);
      continue;
    }
    status = try_digits(a, phys);
    if (status == KL_OK || kl_attach_stops(status))
      return status;
    tries--;
  }
  a->btf_places.all = status == KL_END && a->btf_places.n <= KL_BTF_PLACES;
  kl_arena_rewind(a->k->arena, mark);
  return kl_attach_stops(status) ? status : KL_ERR_NOT_FOUND;
}

// ── The first task ─────────────────────────────────────────────────────────

// What a task_struct must show before anything else is known.
struct task_shape {
  struct kl_field comm, pid, real_parent, group_leader, active_mm, pgd;
};

static bool shape_of(const struct kl_btf *btf, struct task_shape *ret) {
  const struct {
    const char *type, *member;
    struct kl_field *field;
  } wanted[] = {{"task_struct", "comm", &ret->comm},
                {"task_struct", "pid", &ret->pid},
                {"task_struct", "real_parent", &ret->real_parent},
                {"task_struct", "group_leader", &ret->group_leader},
                {"task_struct", "active_mm", &ret->active_mm},
                {"mm_struct", "pgd", &ret->pgd}};
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    struct kl_btf_field member;
    uint32_t id = kl_btf_find_struct(btf, wanted[i].type);
    struct kl_bytes name = kl_bytes_of(wanted[i].member, kl_string_length(wanted[i].member));
    if (!id || !kl_btf_find_member(btf, id, name, &member) || !kl_field_of_member(btf, &member, wanted[i].field))
      return false;
  }
  return true;
}

static bool u64_at(struct kl_image *image, uint64_t phys, uint64_t *ret) {
  uint8_t bytes[8];
  if (kl_image_read(image, phys, bytes, sizeof bytes) != KL_OK)
    return false;
  *ret = kl_le64(bytes);
  return true;
}

// init_task is its own parent and leader, and so says its own address.
static bool is_first_task(struct kl_image *image, const struct task_shape *shape, uint64_t phys, uint64_t *va) {
  uint64_t leader, pid;
  return u64_at(image, phys + shape->real_parent.offset, va) &&
         u64_at(image, phys + shape->group_leader.offset, &leader) &&
         u64_at(image, phys + shape->pid.offset, &pid) && *va == leader && !(uint32_t)pid && *va >> 48 >= 0xff00 &&
         ((*va ^ phys) & 0xfff) == 0;
}

// The root by init_mm, which the first task borrows unless it last ran a
// process; else any page that maps the task where it says it is.
static enum kl_status try_task(struct kl_attach *a, const struct task_shape *shape, uint64_t phys, uint64_t va) {
  enum kl_arch arch = va >= 0xffffffff80000000 ? KL_ARCH_X86_64 : KL_ARCH_AARCH64;
  struct kl_proposal proposal = {
      .hold = {.image_to_phys = va - phys}, .va = va, .places = true, .by = "the first task in memory"};
  uint64_t mm, pgd, to_phys = va - phys;
  enum kl_status status = KL_ERR_NOT_FOUND;
  a->init_task = va;
  if (u64_at(a->k->image, phys + shape->active_mm.offset, &mm) && mm - va + IMAGE_REACH < 2 * IMAGE_REACH &&
      u64_at(a->k->image, mm - to_phys + shape->pgd.offset, &pgd) && pgd - va + IMAGE_REACH < 2 * IMAGE_REACH) {
    proposal.hold.root = pgd - to_phys;
    status = kl_attach_try_root(a, arch, &proposal);
  }
  if (status != KL_OK && !kl_attach_stops(status)) {
    proposal.by = "a page that maps the first task";
    status = try_all_roots(a, arch, 0, UINT64_MAX, 0, &proposal);
  }
  if (status != KL_OK)
    a->init_task = 0;
  return status;
}

static enum kl_status try_tasks(struct kl_attach *a, const struct task_shape *shape) {
  struct kl_scan scan;
  size_t mark = kl_arena_mark(a->k->arena);
  KL_TRY(kl_attach_scan(a, &scan, "first task", KL_MARK_SWAPPER, 0, 0));
  enum kl_status status = KL_ERR_NOT_FOUND;
  for (uint64_t tries = a->k->limits->candidates; tries;) {
    enum kl_mark kind;
    uint64_t comm, va;
    status = kl_scan_next(&scan, &kind, &comm);
    if (status != KL_OK)
      break;
    if (!is_first_task(a->k->image, shape, comm - shape->comm.offset, &va))
      continue;
    status = try_task(a, shape, comm - shape->comm.offset, va);
    if (status == KL_OK || kl_attach_stops(status))
      return status;
    tries--;
  }
  kl_arena_rewind(a->k->arena, mark);
  return kl_attach_stops(status) ? status : KL_ERR_NOT_FOUND;
}

enum kl_status kl_propose_tasks(struct kl_attach *a) {
  struct task_shape shape;
  size_t mark = kl_arena_mark(a->k->arena);
  struct kl_diagnostic why = a->why;
  enum kl_status status = kl_attach_btf(a);
  if (status == KL_ERR_NOT_FOUND)
    a->why = why; // no BTF here is no news: nothing says yet that this is a kernel
  bool known = status == KL_OK && shape_of(a->k->btf, &shape);
  uint64_t phys = a->k->btf_phys, bytes = a->k->btf_bytes;
  kl_arena_rewind(a->k->arena, mark); // settling opens it again
  if (!known)
    return kl_attach_stops(status) ? status : KL_ERR_NOT_FOUND;
  a->btf_phys = phys;
  a->btf_bytes = bytes;
  return try_tasks(a, &shape);
}
