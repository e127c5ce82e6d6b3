// BTF: the copies that the dump may hold, and the one that is whole.
#include "base/memory.h"
#include "kernel/attach.h"
#include "kernel/view.h"

static enum kl_status open_btf(struct kl_attach *a, uint64_t phys, uint64_t n, const char *by) {
  struct kl_kernel *k = a->k;
  struct kl_view view;
  if (n < KL_BTF_PROBE_BYTES || n > k->limits->btf_bytes)
    return KL_ERR_NOT_FOUND;
  if (!kl_attach_may_verify(a, n))
    return KL_ERR_BUDGET;
  size_t mark = kl_arena_mark(k->arena);
  enum kl_status status = kl_view_open(k->arena, k->image, phys, n, &view);
  uint64_t bad;
  if (status == KL_OK && view.pages)
    status = KL_ERR_ABSENT;
  if (status == KL_OK)
    status = kl_btf_open(k->arena, view.all, NULL, k->limits, &k->btf, &bad);
  if (status == KL_OK && !kl_btf_find_struct(k->btf, "task_struct"))
    status = KL_ERR_NOT_FOUND;
  if (status != KL_OK) {
    k->btf = NULL;
    kl_arena_rewind(k->arena, mark);
    return status;
  }
  k->btf_phys = phys;
  k->btf_bytes = kl_btf_bytes(k->btf);
  a->btf_by = by;
  return KL_OK;
}

static enum kl_status by_symbols(struct kl_attach *a) {
  const struct kl_kernel *k = a->k;
  if (!k->known[KL_S___start_BTF].present || !k->known[KL_S___stop_BTF].present)
    return KL_ERR_NOT_FOUND;
  uint64_t start = k->known[KL_S___start_BTF].address, end = k->known[KL_S___stop_BTF].address;
  if (!kl_in_image(a, start) || end < start)
    return KL_ERR_NOT_FOUND;
  return open_btf(a, kl_image_phys(a, start), end - start, "__start_BTF");
}

static enum kl_status by_option(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  struct kl_bytes data = {a->options->btf, a->options->btf_bytes};
  size_t mark = kl_arena_mark(k->arena);
  uint64_t bad;
  if (!data.n)
    return KL_ERR_NOT_FOUND;
  enum kl_status status = kl_btf_open(k->arena, data, NULL, k->limits, &k->btf, &bad);
  if (status == KL_OK && kl_btf_find_struct(k->btf, "task_struct")) {
    k->btf_bytes = kl_btf_bytes(k->btf);
    a->btf_by = "the file that was given";
    return KL_OK;
  }
  kl_diagnostics_add(k->diagnostics, "attach", "the BTF that was given", bad, status ? status : KL_ERR_NOT_FOUND);
  k->btf = NULL;
  kl_arena_rewind(k->arena, mark);
  return status == KL_ERR_NO_MEMORY ? status : KL_ERR_NOT_FOUND;
}

// A kernel's BTF has over 1 MiB; modules' have kilobytes.
static const uint64_t MIN_BYTES = 1ull << 20;

bool kl_looks_like_btf(struct kl_image *image, uint64_t phys, uint64_t *total) {
  uint8_t head[KL_BTF_PROBE_BYTES];
  return kl_image_read(image, phys, head, sizeof head) == KL_OK &&
         kl_btf_probe(kl_bytes_of(head, sizeof head), total) && *total >= MIN_BYTES;
}

// Copies may be damaged: what the boot decompressor left is partly overwritten.
static enum kl_status try_place(struct kl_attach *a, uint64_t phys, uint64_t total, const char *by) {
  enum kl_status status = open_btf(a, phys, total, by);
  if (status != KL_OK && status != KL_ERR_BUDGET && !kl_attach_ends(status))
    kl_diagnostics_add(a->k->diagnostics, "attach", "a damaged copy of BTF", phys, status);
  return status;
}

static const char for_btf[] = "search for BTF";

// Any place of [start, end) where a header says that enough follows.
static enum kl_status by_scan(struct kl_attach *a, uint64_t start, uint64_t end, const char *by) {
  struct kl_kernel *k = a->k;
  struct kl_scan scan;
  size_t mark = kl_arena_mark(k->arena);
  KL_TRY(kl_attach_scan(a, &scan, "BTF", KL_MARK_BTF, start, end));
  enum kl_status status;
  uint64_t tried = 0;
  for (;;) {
    enum kl_mark kind;
    uint64_t phys, total;
    status = kl_scan_next(&scan, &kind, &phys);
    if (status != KL_OK)
      break;
    if (!kl_looks_like_btf(k->image, phys, &total))
      continue;
    if (!kl_attach_one_more(a, &tried, for_btf, phys))
      break;
    status = try_place(a, phys, total, by);
    if (status == KL_OK || kl_attach_ends(status))
      return status;
  }
  kl_arena_rewind(k->arena, mark);
  return kl_attach_ends(status) ? status : KL_ERR_NOT_FOUND;
}

static enum kl_status anywhere(struct kl_attach *a) {
  const char *by = "a whole copy in memory";
  const struct kl_places *noted = kl_survey_places(a, KL_MARK_BTF);
  if (!noted)
    return by_scan(a, 0, 0, by);
  uint64_t total, tried = 0;
  for (size_t i = 0; i < noted->n && kl_attach_one_more(a, &tried, for_btf, noted->at[i]); i++) {
    if (!kl_looks_like_btf(a->k->image, noted->at[i], &total))
      continue;
    enum kl_status status = try_place(a, noted->at[i], total, by);
    if (status == KL_OK || kl_attach_ends(status))
      return status;
  }
  return KL_ERR_NOT_FOUND;
}

enum kl_status kl_attach_btf(struct kl_attach *a) {
  enum kl_status status = by_option(a);
  if (status != KL_OK && !kl_attach_ends(status))
    status = by_symbols(a);
  if (status != KL_OK && !kl_attach_ends(status) && a->btf_bytes)
    status = open_btf(a, a->btf_phys, a->btf_bytes, "a whole copy in memory");
  for (size_t i = 0; i < a->hold.n_constant && status != KL_OK && !kl_attach_ends(status); i++)
    status = by_scan(a, a->hold.constant[i].start, a->hold.constant[i].end, "a whole copy in the image");
  if (status != KL_OK && !kl_attach_ends(status) && a->hold.end > a->hold.start)
    status =
        by_scan(a, kl_image_phys(a, a->hold.start), kl_image_phys(a, a->hold.end), "a whole copy in the image");
  if (status != KL_OK && !kl_attach_ends(status))
    status = anywhere(a);
  if (status != KL_OK)
    kl_attach_why(a, "no whole BTF of the kernel; give one with --btf", 0, status);
  return status;
}
