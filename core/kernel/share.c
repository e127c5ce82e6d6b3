// A further context on an attached dump, for another thread.
#include "kernlens/share.h"

#include "base/checked.h"
#include "base/memory.h"
#include "kernel/dump.h"
#include "kernel/symbol_table.h"

enum { DIAGNOSTICS = 256 }; // of one range, usually

enum kl_status kl_dump_share_size(const struct kl_dump *dump, size_t *ret) {
  const struct kl_dump_options *o = &dump->options;
  uint64_t bytes;
  KL_TRY(kl_image_workspace(o->sources, o->n_sources, &o->limits, &bytes));
  const uint64_t parts = 4ull * 16; // what their alignment costs
  uint64_t own = sizeof(struct kl_dump) + DIAGNOSTICS * sizeof(struct kl_diagnostic) + sizeof(struct kl_kernel) +
                 sizeof(struct kl_symbols) + parts;
  return kl_add(bytes, own, &bytes) && kl_add(bytes, o->limits.symbol_name_bytes, &bytes) && kl_narrow(bytes, ret)
             ? KL_OK
             : KL_ERR_NO_MEMORY;
}

// What attaching found is only read from here on, but for what a thread needs of
// its own: the image, the cache of translations, the cursor of the symbols.
static enum kl_status share_kernel(struct kl_dump *dump, const struct kl_kernel *from) {
  struct kl_kernel *k;
  KL_TRY(kl_arena_take(&dump->arena, 1, sizeof *k, _Alignof(struct kl_kernel), &k));
  memcpy(k, from, sizeof *k);
  k->arena = &dump->arena;
  k->image = dump->image;
  k->limits = &dump->options.limits;
  k->diagnostics = &dump->diagnostics;
  k->bpf_btfs = NULL;
  kl_space_init(&k->space, &k->paging, dump->image, from->space.kernel_root, from->space.user_root);
  KL_TRY(kl_symbols_share(&dump->arena, from->symbols, &k->symbols));
  dump->kernel = k;
  return KL_OK;
}

enum kl_status kl_dump_share(const struct kl_dump *dump, void *block, size_t bytes, const struct kl_codec *codec,
                             const struct kl_progress *progress, struct kl_dump **ret) {
  struct kl_arena arena;
  struct kl_dump *own;
  struct kl_diagnostic *items;
  if (!dump->kernel)
    return KL_ERR_ARGUMENT;
  kl_arena_init(&arena, block, bytes);
  KL_TRY(KL_TAKE(&arena, 1, &own));
  KL_TRY(KL_TAKE(&arena, DIAGNOSTICS, &items));
  own->arena = arena;
  own->options = dump->options;
  own->options.codec = codec ? *codec : (struct kl_codec){0};
  own->options.progress = progress ? *progress : (struct kl_progress){0};
  own->options.workers = (struct kl_workers){0};
  own->diagnostics = (struct kl_diagnostics){.items = items, .capacity = DIAGNOSTICS};
  KL_TRY(kl_image_open(&own->arena, own->options.sources, own->options.n_sources, &own->options.codec,
                       &own->options.limits, &own->diagnostics, &own->image));
  own->diagnostics.used = 0; // the first context has said it
  own->diagnostics.dropped = 0;
  kl_image_layout_follow(own->image, dump->image);
  KL_TRY(share_kernel(own, dump->kernel));
  kl_image_watch(own->image, &own->options.progress);
  *ret = own;
  return KL_OK;
}

void kl_dump_absorb(struct kl_dump *dump, struct kl_dump *shared) {
  kl_diagnostics_move(&dump->diagnostics, &shared->diagnostics);
  kl_image_traffic_move(dump->image, shared->image);
  dump->steps += shared->steps;
  shared->steps = 0;
}
