// Free pages that CPUs keep for themselves.
#include "linux/free_lists.h"

enum {
  MAX_ZONES = 8,  // enum zone_type has at most 6
  MAX_LISTS = 64, // NR_PCP_LISTS: 3 up to 5.13, then 3 for each small order and those of huge pages
  COSTLY_ORDER = 3,
};

enum kl_status kl_free_list_walk_init(struct kl_free_list_walk *walk, struct kl_kernel *k,
                                      struct kl_budget *budget) {
  *walk = (struct kl_free_list_walk){.kernel = k, .budget = budget, .nodes = 1};
  kl_list_init(&walk->list, k, budget, 0);
  walk->list.done = true;
  if (!k->known[KL_S_node_data].present && !k->known[KL_S_contig_page_data].present)
    return KL_ERR_NOT_FOUND;
  if (!k->types[KL_T_zone].present || !k->types[KL_T_zone].bytes || !kl_has(k, KL_F_per_cpu_pages_lists) ||
      !kl_has(k, kl_either(k, KL_F_zone_per_cpu_pageset, KL_F_zone_pageset)))
    return KL_ERR_NOT_FOUND;
  if (k->known[KL_S_node_data].present && k->known[KL_S_nr_node_ids].present)
    KL_TRY(kl_read_u32(k, k->known[KL_S_nr_node_ids].address, &walk->nodes));
  if (walk->nodes > k->limits->numa_nodes)
    return KL_ERR_LIMIT;
  walk->lists = k->fields[KL_F_per_cpu_pages_lists].size / 16; // of struct list_head
  return walk->lists && walk->lists <= MAX_LISTS ? KL_OK : KL_ERR_UNSUPPORTED;
}

// The zones of the next NUMA node. A node that is not there has none.
static enum kl_status begin_node(struct kl_free_list_walk *walk) {
  struct kl_kernel *k = walk->kernel;
  uint64_t data = k->known[KL_S_contig_page_data].address, zones, bytes = k->types[KL_T_zone].bytes;
  if (k->known[KL_S_node_data].present) {
    walk->lost = k->known[KL_S_node_data].address + 8ull * walk->node;
    walk->node++;
    KL_TRY(kl_read_u64(k, walk->lost, &data));
  } else {
    walk->node++;
  }
  if (!data)
    return KL_OK;
  walk->lost = data;
  KL_TRY(kl_get(k, data, KL_F_pglist_data_nr_zones, &zones));
  KL_TRY(kl_member(k, data, KL_F_pglist_data_node_zones, &walk->zone_at));
  if (zones > MAX_ZONES || zones * bytes > k->fields[KL_F_pglist_data_node_zones].size)
    return KL_ERR_MALFORMED;
  walk->zone = 0;
  walk->zones = (uint32_t)zones;
  walk->cpu = 0;
  return KL_OK;
}

// The lists of the next CPU in this zone. Up to 5.13 a struct per_cpu_pageset
// is around them: 28f836b6777b ("mm/page_alloc: split per cpu page lists and zone
// stats") in 5.14.
static enum kl_status begin_cpu(struct kl_free_list_walk *walk) {
  struct kl_kernel *k = walk->kernel;
  bool older = !kl_has(k, KL_F_zone_per_cpu_pageset);
  uint64_t pageset, zone = walk->zone_at + walk->zone * k->types[KL_T_zone].bytes;
  uint32_t cpu = walk->cpu;
  if (++walk->cpu >= k->cpus) {
    walk->cpu = 0;
    walk->zone++;
  }
  walk->lost = zone;
  KL_TRY(kl_budget_spend(walk->budget, 1));
  KL_TRY(kl_get_pointer(k, zone, older ? KL_F_zone_pageset : KL_F_zone_per_cpu_pageset, &pageset));
  if (!pageset)
    return KL_OK;
  KL_TRY(kl_per_cpu_address(k, pageset, cpu, &pageset));
  if (older)
    KL_TRY(kl_member(k, pageset, KL_F_per_cpu_pageset_pcp, &pageset));
  walk->pages_at = pageset;
  walk->index = 0;
  return KL_OK;
}

static enum kl_status begin_list(struct kl_free_list_walk *walk) {
  uint64_t lists;
  KL_TRY(kl_member(walk->kernel, walk->pages_at, KL_F_per_cpu_pages_lists, &lists));
  kl_list_init(&walk->list, walk->kernel, walk->budget, lists + 16ull * walk->index++);
  return KL_OK;
}

// order_to_pindex(), backwards: 44042b449872 ("mm/page_alloc: allow high-order
// pages to be stored on the per-cpu lists") in 5.14. What comes behind the small
// orders are huge pages: of one table entry, a level up.
static uint8_t order_of(const struct kl_free_list_walk *walk) {
  int64_t types = walk->kernel->enums[KL_E_migratetype_MIGRATE_PCPTYPES].value;
  if (!walk->kernel->enums[KL_E_migratetype_MIGRATE_PCPTYPES].present || types <= 0 || walk->lists <= types)
    return 0;
  uint32_t order = (walk->index - 1) / (uint32_t)types;
  return (uint8_t)(order <= COSTLY_ORDER ? order : walk->kernel->paging.granule_shift - 3u);
}

static enum kl_status next_page(struct kl_free_list_walk *walk, uint64_t *pfn) {
  struct kl_kernel *k = walk->kernel;
  uint64_t node, page;
  enum kl_status status = kl_list_next(&walk->list, &node);
  walk->lost = walk->list.current;
  KL_TRY(status);
  KL_TRY(kl_container(k, node, KL_F_page_lru, &page));
  return kl_page_pfn(k, page, pfn);
}

enum kl_status kl_free_list_walk_next(struct kl_free_list_walk *walk, uint64_t *pfn, uint8_t *order) {
  for (;;) {
    enum kl_status status = next_page(walk, pfn);
    if (status == KL_OK)
      *order = order_of(walk);
    else if (status != KL_END)
      walk->list.done = true; // what is no page leads nowhere
    if (status != KL_END)
      return status;
    if (walk->pages_at && walk->index < walk->lists) {
      KL_TRY(begin_list(walk));
    } else if (walk->zone < walk->zones) {
      walk->pages_at = 0;
      KL_TRY(begin_cpu(walk));
    } else if (walk->node < walk->nodes) {
      walk->pages_at = 0;
      KL_TRY(begin_node(walk));
    } else {
      walk->lost = 0;
      return KL_END;
    }
  }
}
