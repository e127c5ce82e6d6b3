// The kernel made by hand.
#include "made_kernel.h"

#include <string.h>

static const uint64_t DIRECT_MAP = 0xffff888000000000, TABLES_PFN = 0xfffffffe;

static struct kl_kernel kernel;
static const struct made_layout *made; // what kernel is made of
static struct kl_limits limits;
static struct kl_arena arena;

// Two tables, in frames of which no script has a say: one writable page of
// 1 GiB at physical 0.
static bool map_memory(struct page_script *script) {
  static const uint8_t page[] = {0xe3, 1};
  size_t index = DIRECT_MAP >> 39 & 511;
  uint64_t entry = (TABLES_PFN + 1) << 12 | 0x63;
  uint8_t raw[8];
  for (int i = 0; i < 8; i++)
    raw[i] = (uint8_t)(entry >> 8 * i);
  script_clear(script, TABLES_PFN);
  script_clear(script, TABLES_PFN + 1);
  return script_write(script, TABLES_PFN, 8 * index, raw, sizeof raw) &&
         script_write(script, TABLES_PFN + 1, 0, page, sizeof page);
}

// What attach would resolve, and nobody changes then: once.
static void make(const struct made_layout *layout) {
  struct kl_kernel *k = &kernel;
  made = layout;
  memset(k, 0, sizeof *k);
  limits = fuzz_limits();
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
}

// The rest, for each input.
static void begin(struct kl_image *image) {
  enum { FACTS = offsetof(struct kl_kernel, release) };
  struct kl_kernel *k = &kernel;
  memset((uint8_t *)k + FACTS, 0, sizeof *k - FACTS);
  k->arena = &arena;
  k->image = image;
  k->limits = &limits;
  k->diagnostics = NULL;
  k->btf = NULL;
  k->symbols = NULL;
  k->bpf_btfs = NULL;
  k->holders = NULL;
  k->root = TABLES_PFN * SCRIPT_PAGE;
  k->direct_map_base = DIRECT_MAP;
  k->paging = (struct kl_paging){.arch = KL_ARCH_X86_64, .granule_shift = 12, .levels = 4, .va_bits = 48};
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
  if (made != layout)
    make(layout);
  kl_arena_init(&arena, fuzz_workspace_begin(layout->workspace), layout->workspace);
  struct kl_image *image;
  if (fuzz_status(script_image(script, &arena, &limits, &image)) != KL_OK) {
    made_end();
    return NULL;
  }
  begin(image);
  return &kernel;
}

void made_end(void) {
  fuzz_workspace_end(arena.peak);
}
