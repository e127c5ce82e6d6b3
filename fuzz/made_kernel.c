// The kernel made by hand.
#include "made_kernel.h"

#include <string.h>

enum { EM_X86_64 = 62 };
static const uint64_t DIRECT_MAP = 0xffff888000000000, TABLES_PFN = 0xfffffffe;

static struct kl_kernel kernel;
static struct kl_limits limits;
static struct kl_arena arena;

// Two tables, in frames that no script names: one writable page of 1 GiB at
// physical 0.
static bool map_memory(struct page_script *script) {
  uint8_t *root = script_frame(script, TABLES_PFN), *upper = script_frame(script, TABLES_PFN + 1);
  if (!root || !upper)
    return false;
  memset(root, 0, SCRIPT_PAGE);
  memset(upper, 0, SCRIPT_PAGE);
  uint64_t index = DIRECT_MAP >> 39 & 511, entry = (TABLES_PFN + 1) << 12 | 0x63;
  for (int i = 0; i < 8; i++)
    root[8 * index + (unsigned)i] = (uint8_t)(entry >> 8 * i);
  upper[0] = 0xe3;
  upper[1] = 1;
  return true;
}

static void make(const struct made_layout *layout, struct kl_image *image) {
  struct kl_kernel *k = &kernel;
  memset(k, 0, sizeof *k);
  k->arena = &arena;
  k->image = image;
  k->limits = &limits;
  k->root = TABLES_PFN * SCRIPT_PAGE;
  k->direct_map_base = DIRECT_MAP;
  k->paging = (struct kl_paging){.arch = KL_ARCH_X86_64, .granule_shift = 12, .levels = 4, .va_bits = 48};
  for (size_t i = 0; i < layout->n_fields; i++)
    k->fields[layout->fields[i].id] =
        (struct kl_field){.present = true, .offset = layout->fields[i].offset, .size = layout->fields[i].size};
  for (size_t i = 0; i < layout->n_types; i++) {
    k->types[layout->types[i].id].present = true;
    k->types[layout->types[i].id].bytes = layout->types[i].bytes;
  }
  for (size_t i = 0; i < layout->n_enums; i++) {
    k->enums[layout->enums[i].id].present = true;
    k->enums[layout->enums[i].id].value = layout->enums[i].value;
  }
  kl_space_init(&k->space, &k->paging, image, k->root, 0);
}

struct kl_kernel *made_begin(const struct made_layout *layout, const uint8_t *data, size_t n,
                             struct fuzz_input *input, uint64_t *at) {
  fuzz_input_init(input, data, n);
  struct page_script *script = script_read(input->body, input);
  if (!script->n)
    return NULL;
  *at = DIRECT_MAP + script->frames[0].pfn % (1 << 18) * SCRIPT_PAGE;
  if (!map_memory(script))
    return NULL;
  script_finish(script, EM_X86_64, (struct kl_bytes){0});
  limits = fuzz_limits();
  kl_arena_init(&arena, fuzz_workspace_begin(layout->workspace), layout->workspace);
  struct kl_image *image;
  if (fuzz_status(kl_image_open(&arena, &script->source, 1, NULL, &limits, NULL, &image)) != KL_OK) {
    made_end();
    return NULL;
  }
  make(layout, image);
  return &kernel;
}

void made_end(void) {
  fuzz_workspace_end(arena.peak);
}
