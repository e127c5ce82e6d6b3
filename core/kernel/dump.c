// A dump: the workspace, the image and the kernel in it.
#include "kernel/dump.h"

#include "base/checked.h"
#include "kernel/attach.h"

// Beside the image: BTF where it can't be lent and its index (about 12 bytes a
// type), kallsyms likewise, and room for cursors and small indexes.
static const uint64_t KERNEL_BYTES = 96ull << 20;

struct kl_dump_options kl_dump_options_default(void) {
  return (struct kl_dump_options){.limits = kl_limits_default()};
}

enum kl_status kl_workspace_size(const struct kl_dump_options *options, size_t *ret) {
  uint64_t bytes;
  KL_TRY(kl_image_workspace(options->sources, options->n_sources, &options->limits, &bytes));
  uint64_t own = sizeof(struct kl_dump) + KL_DUMP_DIAGNOSTICS * sizeof(struct kl_diagnostic) + KERNEL_BYTES;
  return kl_add(bytes, own, &bytes) && kl_narrow(bytes, ret) ? KL_OK : KL_ERR_NO_MEMORY;
}

static enum kl_status explain(struct kl_diagnostic *why, const char *what, enum kl_status status) {
  if (why && status != KL_OK)
    *why = (struct kl_diagnostic){"open", what, 0, status, 1};
  return status;
}

enum kl_status kl_dump_open(void *workspace, size_t bytes, const struct kl_dump_options *options,
                            struct kl_dump **ret, struct kl_diagnostic *why) {
  struct kl_arena arena;
  struct kl_dump *dump;
  struct kl_diagnostic *items;
  kl_arena_init(&arena, workspace, bytes);
  KL_TRY(explain(why, "workspace", KL_TAKE(&arena, 1, &dump)));
  KL_TRY(explain(why, "workspace", KL_TAKE(&arena, KL_DUMP_DIAGNOSTICS, &items)));
  dump->arena = arena; // from here on this is the arena
  dump->options = *options;
  dump->diagnostics = (struct kl_diagnostics){.items = items, .capacity = KL_DUMP_DIAGNOSTICS};
  enum kl_status status =
      kl_image_open(&dump->arena, dump->options.sources, dump->options.n_sources, &dump->options.codec,
                    &dump->options.limits, &dump->diagnostics, &dump->image);
  if (status != KL_OK && why) {
    // The container's own words, when it had any.
    *why = dump->diagnostics.used ? items[dump->diagnostics.used - 1]
                                  : (struct kl_diagnostic){"open", "container", 0, status, 1};
  }
  KL_TRY(status);
  *ret = dump;
  return KL_OK;
}

const char *kl_dump_container(const struct kl_dump *dump) {
  return kl_image_facts(dump->image)->container;
}

enum kl_status kl_dump_attach(struct kl_dump *dump, struct kl_diagnostic *why) {
  if (dump->kernel)
    return KL_OK;
  size_t mark = kl_arena_mark(&dump->arena);
  enum kl_status status =
      kl_attach(&dump->arena, dump->image, &dump->options, &dump->diagnostics, &dump->kernel, why);
  if (status == KL_OK)
    kl_image_watch(dump->image, &dump->options.progress);
  else
    kl_arena_rewind(&dump->arena, mark);
  return status;
}

void kl_dump_resume(struct kl_dump *dump) {
  kl_image_resume(dump->image);
}

void kl_dump_statistics(const struct kl_dump *dump, struct kl_statistics *ret) {
  *ret = (struct kl_statistics){.steps = dump->steps};
  kl_image_traffic(dump->image, &ret->reads, &ret->read_bytes);
}

const struct kl_diagnostics *kl_dump_diagnostics(const struct kl_dump *dump) {
  return &dump->diagnostics;
}
