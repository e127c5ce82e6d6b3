// Proposals that look through memory: for VMCOREINFO, for kallsyms.
#include "base/checked.h"
#include "base/memory.h"
#include "kernel/attach.h"
#include "kernel/symbol_table.h"
#include "kernel/vmcoreinfo.h"

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

static enum kl_status try_vmcoreinfo(struct kl_attach *a, uint64_t phys, uint8_t *buffer) {
  struct kl_bytes text;
  struct kl_proposal proposal;
  if (!read_vmcoreinfo(a, phys, buffer, &text) || !kl_proposal_of_vmcoreinfo(text, &proposal))
    return KL_ERR_NOT_FOUND;
  proposal.by = "VMCOREINFO in memory";
  return kl_attach_try(a, &proposal);
}

// Where memory can be looked at as it lies, the heads of pages are gone through
// first, which costs a twentieth of going through all. Elsewhere, copies and
// decompression cost more than any search: the pass notes all that is wanted
// later.
enum kl_status kl_propose_vmcoreinfo(struct kl_attach *a) {
  struct kl_scan scan;
  uint8_t *buffer;
  size_t mark = kl_arena_mark(a->k->arena);
  KL_TRY(KL_TAKE(a->k->arena, a->k->limits->vmcoreinfo_bytes, &buffer));
  KL_TRY(kl_attach_scan(a, &scan, "VMCOREINFO", KL_MARK_VMCOREINFO, 0, 0));
  if (!scan.lends)
    scan.marks |= kl_survey_begin(a);
  enum kl_status status;
  uint64_t tried = 0;
  for (;;) {
    enum kl_mark kind;
    uint64_t phys;
    status = kl_scan_next(&scan, &kind, &phys);
    if (status != KL_OK)
      break;
    kl_survey_note(a, kind, phys);
    if (kind != KL_MARK_VMCOREINFO || !kl_attach_one_more(a, &tried, "search for VMCOREINFO", phys))
      continue;
    status = try_vmcoreinfo(a, phys, buffer);
    if (status == KL_OK || kl_attach_stops(status))
      return status;
  }
  if (status == KL_END)
    kl_survey_end(a, scan.marks);
  kl_arena_rewind(a->k->arena, mark);
  return kl_attach_stops(status) ? status : KL_ERR_NOT_FOUND;
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
  KL_TRY(kl_attach_scan(a, &scan, "banner", KL_MARK_BANNER, near > KL_IMAGE_REACH ? near - KL_IMAGE_REACH : 0,
                        near + KL_IMAGE_REACH));
  enum kl_status status;
  uint64_t tried = 0;
  for (;;) {
    enum kl_mark kind;
    uint64_t phys;
    status = kl_scan_next(&scan, &kind, &phys);
    if (status != KL_OK || !kl_attach_one_more(a, &tried, "search for a banner", phys))
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
  uint64_t low = near > KL_IMAGE_REACH ? near - KL_IMAGE_REACH : 0;
  return kl_attach_try_roots(a, arch, low, near + KL_IMAGE_REACH, near, &proposal);
}

static enum kl_status try_digits(struct kl_attach *a, uint64_t digits) {
  struct kl_kallsyms_places none = {0};
  struct kl_kallsyms *kallsyms;
  struct kl_symbols *symbols;
  size_t here = kl_arena_mark(a->k->arena);
  enum kl_status status = kl_attach_kallsyms(a, digits, &none, &kallsyms);
  if (status == KL_OK)
    status = kl_symbols_from_kallsyms(a->k->arena, kallsyms, a->k->limits, &symbols);
  if (status == KL_OK)
    status = try_table(a, kallsyms, symbols);
  if (status != KL_OK)
    kl_arena_rewind(a->k->arena, here);
  return status;
}

static const char for_tables[] = "search for a symbol table";

static enum kl_status try_noted(struct kl_attach *a, const struct kl_places *noted) {
  uint64_t tried = 0;
  for (size_t i = 0; i < noted->n && kl_attach_one_more(a, &tried, for_tables, noted->at[i]); i++) {
    enum kl_status status = try_digits(a, noted->at[i]);
    if (status == KL_OK || kl_attach_stops(status))
      return status;
  }
  return KL_ERR_NOT_FOUND;
}

// Memory is gone through once for this and for what is wanted if it fails.
enum kl_status kl_propose_kallsyms(struct kl_attach *a) {
  const struct kl_places *noted = kl_survey_places(a, KL_MARK_TOKENS);
  if (noted)
    return try_noted(a, noted);
  struct kl_scan scan;
  size_t mark = kl_arena_mark(a->k->arena);
  KL_TRY(kl_attach_scan(a, &scan, "kallsyms", kl_survey_begin(a), 0, 0));
  enum kl_status status;
  uint64_t tried = 0;
  for (;;) {
    enum kl_mark kind;
    uint64_t phys;
    status = kl_scan_next(&scan, &kind, &phys);
    if (status != KL_OK)
      break;
    if (kind != KL_MARK_TOKENS) {
      kl_survey_note(a, kind, phys);
      continue;
    }
    if (!kl_attach_one_more(a, &tried, for_tables, phys))
      continue;
    status = try_digits(a, phys);
    if (status == KL_OK || kl_attach_stops(status))
      return status;
  }
  if (status == KL_END)
    kl_survey_end(a, scan.marks & ~(unsigned)KL_MARK_TOKENS);
  kl_arena_rewind(a->k->arena, mark);
  return kl_attach_stops(status) ? status : KL_ERR_NOT_FOUND;
}
