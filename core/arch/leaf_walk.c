// The cursor over all leaves of a page table.
#include "arch/entry.h"
#include "arch/paging.h"
#include "base/bytes.h"
#include "base/checked.h"
#include "base/memory.h"

// The two halves of the address space: [0, *low_last] and [*high_first, 2^64).
static void halves(const struct kl_paging *paging, uint64_t *low_last, uint64_t *high_first) {
  unsigned bits = paging->arch == KL_ARCH_X86_64 ? paging->va_bits - 1u : paging->va_bits;
  *low_last = (1ull << bits) - 1;
  *high_first = ~*low_last;
}

void kl_leaf_walk_init(struct kl_leaf_walk *walk, const struct kl_paging *paging, struct kl_image *image,
                       uint64_t root, uint64_t start, uint64_t end) {
  memset(walk, 0, sizeof *walk);
  walk->paging = paging;
  walk->image = image;
  if (!kl_paging_valid(paging) || (end && end <= start)) {
    walk->done = true;
    return;
  }
  uint64_t low_last, high_first;
  halves(paging, &low_last, &high_first);
  walk->next = start > low_last && start < high_first ? high_first : start;
  walk->last = end - 1; // end 0: the highest address
  if (walk->next <= low_last && (paging->arch == KL_ARCH_AARCH64 || walk->last < high_first))
    walk->last = kl_min(walk->last, low_last);
  walk->done = walk->next > walk->last;
  walk->top = walk->level = (uint8_t)(paging->levels - 1u);
  walk->at[walk->top].table = kl_root_table(paging, root);
  walk->at[walk->top].rights = KL_RIGHTS_ALL;
}

// Goes on behind [base, base + bytes): up to the table that holds the next one.
static void advance(struct kl_leaf_walk *walk, uint64_t base, uint64_t bytes) {
  uint64_t last = base + (bytes - 1);
  if (last >= walk->last) {
    walk->done = true;
    return;
  }
  uint64_t low_last, high_first;
  halves(walk->paging, &low_last, &high_first);
  walk->next = last == low_last ? high_first : last + 1;
  while (walk->level < walk->top) {
    unsigned above = kl_level_shift(walk->paging, walk->level + 1u);
    if (walk->next >> above == base >> above)
      return;
    walk->level++;
  }
}

// The entry for walk->next. Reads a run of entries at a time.
static enum kl_status fetch(struct kl_leaf_walk *walk, uint64_t *raw) {
  uint64_t index = kl_level_index(walk->paging, walk->level, walk->next);
  uint64_t first = index - index % KL_LEAF_WALK_ENTRIES;
  uint64_t phys = walk->at[walk->level].table + 8 * first;
  if (walk->run_phys != phys || index - first >= walk->run_count) {
    uint8_t bytes[8 * KL_LEAF_WALK_ENTRIES];
    uint64_t count = kl_min(KL_LEAF_WALK_ENTRIES, kl_level_entries(walk->paging, walk->level) - first);
    walk->run_count = 0;
    KL_TRY(kl_image_read(walk->image, phys, bytes, (size_t)(8 * count)));
    for (size_t i = 0; i < count; i++)
      walk->entries[i] = kl_le64(bytes + 8 * i);
    walk->run_phys = phys;
    walk->run_count = (uint8_t)count;
  }
  *raw = walk->entries[index - first];
  return KL_OK;
}

// A table can't be read: the walk goes on behind what it maps.
static void skip_table(struct kl_leaf_walk *walk, uint64_t *va) {
  *va = walk->next;
  if (walk->level == walk->top) {
    walk->done = true;
    return;
  }
  walk->level++;
  uint64_t bytes = kl_level_bytes(walk->paging, walk->level);
  *va &= ~(bytes - 1);
  walk->at[walk->level].previous = 0;
  advance(walk, *va, bytes);
}

static void descend(struct kl_leaf_walk *walk, const struct kl_entry *entry, uint64_t raw, uint64_t base) {
  walk->at[walk->level].previous = walk->next == base ? raw : 0;
  walk->level--;
  walk->at[walk->level].table = entry->table;
  walk->at[walk->level].rights = entry->rights;
  walk->at[walk->level].previous = 0;
}

enum kl_status kl_leaf_walk_next(struct kl_leaf_walk *walk, struct kl_budget *budget, uint64_t *va,
                                 struct kl_translation *ret) {
  while (!walk->done) {
    KL_TRY(kl_budget_spend(budget, 1));
    uint64_t raw;
    enum kl_status status = fetch(walk, &raw);
    if (status != KL_OK) {
      skip_table(walk, va);
      return status;
    }
    uint64_t bytes = kl_level_bytes(walk->paging, walk->level);
    uint64_t base = walk->next & ~(bytes - 1);
    if (!raw) { // nothing, of every architecture; most entries are
      walk->at[walk->level].previous = 0;
      advance(walk, base, bytes);
      continue;
    }
    struct kl_entry entry;
    kl_paging_entry(walk->paging, walk->level, kl_is_kernel_half(walk->next), walk->at[walk->level].rights, raw,
                    &entry);
    if (entry.is_table && raw != walk->at[walk->level].previous) {
      descend(walk, &entry, raw, base);
      continue;
    }
    if (entry.is_table)
      walk->repeated_bytes += bytes;
    else
      walk->at[walk->level].previous = 0;
    advance(walk, base, bytes);
    if (entry.is_table || entry.leaf.state == KL_ENTRY_NONE)
      continue;
    *va = base;
    *ret = entry.leaf;
    return KL_OK;
  }
  return KL_END;
}
