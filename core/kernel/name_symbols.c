// Names: which symbol table, and the addresses that kernlens asks for.
#include "base/memory.h"
#include "kernel/attach.h"
#include "kernel/symbol_table.h"
#include "kernel/vmcoreinfo.h"

// A banner is the proof of a symbol table: it must lie where its symbol says.
// Tables without data symbols (CONFIG_KALLSYMS_ALL off) name _stext, which must
// lie in the image.
static bool fits_image(struct kl_attach *a, struct kl_symbols *symbols) {
  struct kl_symbol symbol;
  char text[14];
  if (kl_symbols_find(symbols, kl_bytes_of("linux_banner", 12), &symbol) == KL_OK)
    return kl_in_image(a, symbol.address) &&
           kl_image_read(a->k->image, kl_image_phys(a, symbol.address), text, sizeof text) == KL_OK &&
           memcmp(text, "Linux version ", sizeof text) == 0;
  return kl_symbols_find(symbols, kl_bytes_of("_stext", 6), &symbol) == KL_OK && kl_in_image(a, symbol.address);
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

static enum kl_status try_kallsyms(struct kl_attach *a, uint64_t digits, const struct kl_kallsyms_places *given,
                                   const char *by) {
  size_t mark = kl_arena_mark(a->k->arena);
  struct kl_kallsyms *kallsyms;
  enum kl_status status = kl_kallsyms_locate(a->k->arena, a->k->image, a->k->limits, digits, given, &kallsyms);
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
  KL_TRY(
      kl_scan_init(&scan, a->k->arena, a->k->image, &a->options->progress, "symbols", KL_MARK_TOKENS, start, end));
  enum kl_status status = KL_ERR_NOT_FOUND;
  enum kl_mark kind;
  uint64_t digits;
  for (uint64_t tries = a->k->limits->candidates; tries && status != KL_OK; tries--) {
    status = kl_scan_next(&scan, &kind, &digits);
    if (status != KL_OK)
      break;
    status = try_kallsyms(a, digits, &none, by);
    if (kl_attach_stops(status))
      return status;
  }
  if (status == KL_OK) // the table stands above the scan's buffer, which stays
    return KL_OK;
  kl_arena_rewind(a->k->arena, mark);
  return kl_attach_stops(status) ? status : KL_ERR_NOT_FOUND;
}

static enum kl_status find_kallsyms(struct kl_attach *a) {
  const char *by = "kallsyms, by its tokens in the image";
  enum kl_status status = by_vmcoreinfo(a);
  for (size_t i = 0; i < a->hold.n_constant && status != KL_OK && !kl_attach_stops(status); i++)
    status = by_scan(a, a->hold.constant[i].start, a->hold.constant[i].end, by);
  if (status != KL_OK && !kl_attach_stops(status))
    status = by_scan(a, kl_image_phys(a, a->hold.start), kl_image_phys(a, a->hold.end), by);
  return status;
}

enum kl_status kl_attach_symbols(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  enum kl_status status = find_kallsyms(a);
  if (kl_attach_stops(status))
    return status;
  if (status != KL_OK) {
    kl_diagnostics_add(k->diagnostics, "attach", "kallsyms", 0, status);
    KL_TRY(kl_symbols_none(k->arena, &k->symbols));
  }
  return kl_symbols_known(k->symbols, k);
}
