// Names: which symbol table, and the addresses that kernlens asks for.
#include "base/memory.h"
#include "kernel/attach.h"
#include "kernel/exports.h"
#include "kernel/symbol_table.h"
#include "kernel/vmcoreinfo.h"

// A banner is the proof of a symbol table: it must lie where its symbol says.
// Where it is not in the dump, or the table has no data symbols
// (CONFIG_KALLSYMS_ALL off), an edge of the code must at least lie in the image.
static bool fits_image(struct kl_attach *a, struct kl_symbols *symbols) {
  struct kl_symbol symbol;
  char text[14];
  if (kl_symbols_find(symbols, kl_bytes_of("linux_banner", 12), &symbol) == KL_OK) {
    if (!kl_in_image(a, symbol.address))
      return false;
    enum kl_status status = kl_image_read(a->k->image, kl_image_phys(a, symbol.address), text, sizeof text);
    if (status == KL_OK)
      return memcmp(text, "Linux version ", sizeof text) == 0;
  }
  const char *const edges[] = {"_stext", "_etext"};
  for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
    if (kl_symbols_find(symbols, kl_bytes_of(edges[i], 6), &symbol) == KL_OK)
      return kl_in_image(a, symbol.address);
  return false;
}

static enum kl_status take_kallsyms(struct kl_attach *a, struct kl_kallsyms *kallsyms, const char *by) {
  struct kl_symbols *symbols;
  if (kallsyms->encoding == KL_KALLSYMS_PLACE)
    kallsyms->base = kallsyms->at.offsets + a->hold.image_to_phys;
  KL_TRY(kl_symbols_from_kallsyms(a->k->arena, kallsyms, a->k->limits, &symbols));
  if (!fits_image(a, symbols))
    return KL_ERR_NOT_FOUND;
  a->k->symbols = symbols;
  a->symbols_by = by;
  return KL_OK;
}

enum kl_status kl_attach_kallsyms(struct kl_attach *a, uint64_t digits, const struct kl_kallsyms_places *given,
                                  struct kl_kallsyms **ret) {
  KL_TRY(kl_kallsyms_locate(a->k->arena, a->k->image, a->k->limits, &a->verify, digits, given, ret));
  // Each name is stepped over to find one.
  return kl_attach_may_verify(a, (*ret)->count) ? KL_OK : KL_ERR_NOT_FOUND;
}

static enum kl_status try_kallsyms(struct kl_attach *a, uint64_t digits, const struct kl_kallsyms_places *given,
                                   const char *by) {
  size_t mark = kl_arena_mark(a->k->arena);
  struct kl_kallsyms *kallsyms;
  enum kl_status status = kl_attach_kallsyms(a, digits, given, &kallsyms);
  if (status == KL_OK)
    status = take_kallsyms(a, kallsyms, by);
  if (status != KL_OK)
    kl_arena_rewind(a->k->arena, mark);
  return status;
}

static enum kl_status by_vmcoreinfo(struct kl_attach *a) {
  struct kl_bytes text = a->k->vmcoreinfo;
  struct kl_kallsyms_places given = {0};
  const struct {
    const char *key;
    uint64_t *place;
    bool optional;
  } keys[] = {{"SYMBOL(kallsyms_token_table)", &given.token_table, false},
              {"SYMBOL(kallsyms_names)", &given.names, false},
              {"SYMBOL(kallsyms_num_syms)", &given.num_syms, false},
              {"SYMBOL(kallsyms_offsets)", &given.offsets, false},
              {"SYMBOL(kallsyms_relative_base)", &given.relative_base, true}};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    uint64_t va;
    if (kl_vmcoreinfo_address(text, keys[i].key, &va))
      *keys[i].place = kl_image_phys(a, va);
    else if (!keys[i].optional)
      return KL_ERR_NOT_FOUND;
  }
  return try_kallsyms(a, 0, &given, "kallsyms, where VMCOREINFO says");
}

static enum kl_status by_scan(struct kl_attach *a, uint64_t start, uint64_t end, const char *by) {
  struct kl_scan scan;
  struct kl_kallsyms_places none = {0};
  size_t mark = kl_arena_mark(a->k->arena);
  KL_TRY(kl_attach_scan(a, &scan, "symbols", KL_MARK_TOKENS, start, end));
  enum kl_status status = KL_ERR_NOT_FOUND;
  enum kl_mark kind;
  uint64_t digits, tried = 0;
  while (status != KL_OK) {
    status = kl_scan_next(&scan, &kind, &digits);
    if (status != KL_OK)
      break;
    status = KL_ERR_NOT_FOUND;
    if (!kl_attach_one_more(a, &tried, "search for a symbol table", digits))
      break;
    status = try_kallsyms(a, digits, &none, by);
    if (kl_attach_ends(status))
      return status;
  }
  if (status == KL_OK) // the table stands above the scan's buffer, which stays
    return KL_OK;
  kl_arena_rewind(a->k->arena, mark);
  return kl_attach_ends(status) ? status : KL_ERR_NOT_FOUND;
}

static enum kl_status find_kallsyms(struct kl_attach *a) {
  const char *by = "kallsyms, by its tokens in the image";
  enum kl_status status = by_vmcoreinfo(a);
  for (size_t i = 0; i < a->hold.n_constant && status != KL_OK && !kl_attach_ends(status); i++)
    status = by_scan(a, a->hold.constant[i].start, a->hold.constant[i].end, by);
  if (status != KL_OK && !kl_attach_ends(status))
    status = by_scan(a, kl_image_phys(a, a->hold.start), kl_image_phys(a, a->hold.end), by);
  return status;
}

// ── A System.map ───────────────────────────────────────────────────────────

// The user's map, moved to where the image is. It proves itself like kallsyms.
static enum kl_status by_map(struct kl_attach *a) {
  struct kl_bytes text = {a->options->symbols, a->options->symbols_bytes};
  struct kl_symbols *symbols;
  struct kl_symbol first;
  uint64_t stext;
  if (!text.n)
    return KL_ERR_NOT_FOUND;
  KL_TRY(kl_symbols_from_map(a->k->arena, text, a->k->limits, &symbols));
  if (kl_vmcoreinfo_address(a->k->vmcoreinfo, "SYMBOL(_stext)", &stext)) {
    KL_TRY(kl_symbols_find(symbols, kl_bytes_of("_stext", 6), &first));
    symbols->shift = stext - first.address;
  } else {
    KL_TRY(kl_symbols_find(symbols, kl_bytes_of("_text", 5), &first));
    symbols->shift = a->hold.start - first.address;
  }
  if (!fits_image(a, symbols))
    return KL_ERR_NOT_FOUND;
  a->k->symbols = symbols;
  a->symbols_by = "the System.map that was given";
  return KL_OK;
}

static enum kl_status find_table(struct kl_attach *a) {
  size_t mark = kl_arena_mark(a->k->arena);
  enum kl_status status = by_map(a);
  if (status == KL_OK || status == KL_ERR_NO_MEMORY)
    return status;
  kl_arena_rewind(a->k->arena, mark);
  if (a->options->symbols_bytes)
    kl_diagnostics_add(a->k->diagnostics, "attach", "System.map", 0, status);
  return find_kallsyms(a);
}

// ── Single names ───────────────────────────────────────────────────────────

static void know(struct kl_kernel *k, enum kl_symbol_id id, uint64_t address) {
  if (k->known[id].present)
    return;
  k->known[id].present = true;
  k->known[id].address = address;
}

// VMCOREINFO's own SYMBOL lines. Two of them are values, not addresses: of the
// arrays mem_section and vmemmap.
static void names_of_vmcoreinfo(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  for (size_t i = 0; i < KL_SYMBOL_COUNT; i++) {
    char key[80];
    struct kl_text t = kl_text_into(key, sizeof key - 1);
    uint64_t address;
    kl_text_string(&t, "SYMBOL(");
    kl_text_string(&t, kl_wanted_name((enum kl_symbol_id)i));
    kl_text_string(&t, ")");
    key[t.used] = 0;
    if (!k->known[i].present && kl_vmcoreinfo_address(k->vmcoreinfo, key, &address) && kl_in_image(a, address))
      know(k, (enum kl_symbol_id)i, address);
  }
}

static void names_of_exports(struct kl_attach *a, const struct kl_wanted *wanted) {
  struct kl_kernel *k = a->k;
  struct kl_exports exports;
  char name[128];
  size_t n;
  uint64_t value;
  enum kl_status status = KL_ERR_NOT_FOUND;
  for (size_t i = 0; i < a->hold.n_constant && status != KL_OK; i++) {
    uint64_t start = a->hold.constant[i].start, end = a->hold.constant[i].end;
    if (!kl_attach_may_verify(a, end - start))
      break;
    status = kl_exports_find(k->arena, k->image, start, end, &exports);
  }
  while (status == KL_OK && kl_exports_next(&exports, name, sizeof name, &n, &value) == KL_OK) {
    enum kl_symbol_id id;
    if (kl_wanted_find(wanted, kl_bytes_of(name, n), &id) && kl_in_image(a, value + a->hold.image_to_phys))
      know(k, id, value + a->hold.image_to_phys);
  }
  if (status == KL_OK)
    a->symbols_by = a->symbols_by ? "kallsyms of code, and exported symbols" : "exported symbols";
}

// How far a text is the banner: it names the release that VMCOREINFO names, if
// there is one, and has a build number (the place holder of 6.1 has "#" alone).
static int banner_likeness(struct kl_attach *a, uint64_t phys) {
  struct kl_bytes release;
  uint8_t text[256];
  size_t n = sizeof "Linux version " - 1;
  if (kl_image_read(a->k->image, phys, text, sizeof text) != KL_OK || text[n] < '0' || text[n] > '9')
    return 0;
  if (kl_vmcoreinfo_value(a->k->vmcoreinfo, "OSRELEASE", &release) &&
      (release.n > sizeof text - n || memcmp(text + n, release.p, release.n) != 0))
    return 0;
  for (; n + 1 < sizeof text && text[n]; n++)
    if (text[n] == '#' && text[n + 1] >= '0' && text[n + 1] <= '9')
      return 2;
  return 1;
}

static void banner_by_scan(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  size_t mark = kl_arena_mark(k->arena);
  int best = 0;
  for (size_t i = 0; i < a->hold.n_constant && best < 2; i++) {
    struct kl_scan scan;
    enum kl_mark kind;
    uint64_t phys;
    if (kl_attach_scan(a, &scan, "banner", KL_MARK_BANNER, a->hold.constant[i].start, a->hold.constant[i].end) !=
        KL_OK)
      break;
    while (best < 2 && kl_scan_next(&scan, &kind, &phys) == KL_OK) {
      int likeness = banner_likeness(a, phys);
      if (likeness <= best)
        continue;
      best = likeness;
      k->known[KL_S_linux_banner].present = true;
      k->known[KL_S_linux_banner].address = phys + a->hold.image_to_phys;
    }
    kl_arena_rewind(k->arena, mark);
  }
  kl_arena_rewind(k->arena, mark);
}

enum kl_status kl_attach_symbols(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  struct kl_wanted wanted;
  enum kl_status status = find_table(a);
  if (kl_attach_ends(status))
    return status;
  if (status != KL_OK) {
    kl_diagnostics_add(k->diagnostics, "attach", "kallsyms", 0, status);
    KL_TRY(kl_symbols_none(k->arena, &k->symbols));
  }
  size_t mark = kl_arena_mark(k->arena);
  KL_TRY(kl_wanted_open(k->arena, &wanted));
  KL_TRY(kl_symbols_known(k->symbols, &wanted, k));
  names_of_vmcoreinfo(a);
  a->lacks_data = !k->known[KL_S_linux_banner].present; // every other table names it
  if (a->lacks_data)
    names_of_exports(a, &wanted);
  kl_arena_rewind(k->arena, mark);
  if (!k->known[KL_S_linux_banner].present)
    banner_by_scan(a);
  return KL_OK;
}
