// mappings: every page that a process has in its page tables.
#include "linux/mapping.h"
#include "linux/page.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum {
  TGID,
  COMM,
  ADDRESS,
  PHYSICAL,
  PFN,
  BYTES,
  PERMISSIONS,
  USER,
  DIRTY,
  ACCESSED,
  KIND,
  STATE,
  SWAP_TYPE,
  SWAP_OFFSET,
  COLUMNS
};

static const struct kl_column columns[] = {
    [TGID] = {"tgid", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the process"},
    [COMM] = {"comm", KL_CELL_TEXT, 0, "its name"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "virtual address of the page"},
    [PHYSICAL] = {"physical", KL_CELL_ADDRESS, 0, "its physical address; null when it is swapped"},
    [PFN] = {"pfn", KL_CELL_U64, 0, "its page frame; null when it is swapped"},
    [BYTES] = {"bytes", KL_CELL_U64, 0, "what the entry maps: more than a page for huge pages"},
    [PERMISSIONS] = {"permissions", KL_CELL_TEXT, 0, "r, w, x: what the page tables allow now"},
    [USER] = {"user", KL_CELL_BOOL, 0, "whether user mode may use it"},
    [DIRTY] = {"dirty", KL_CELL_BOOL, 0, "whether the processor noted a write through this entry"},
    [ACCESSED] = {"accessed", KL_CELL_BOOL, 0, "whether it noted any use"},
    [KIND] = {"kind", KL_CELL_TEXT, 0, "file, anon, shmem, zero, huge (hugetlb), device; null when it is swapped"},
    [STATE] =
        {"state", KL_CELL_TEXT, 0,
         "present; prot_none: there, but not to be touched; swapped; migration: being moved; other: a marker"},
    [SWAP_TYPE] = {"swap_type", KL_CELL_U64, 0, "number of the swap area"},
    [SWAP_OFFSET] = {"swap_offset", KL_CELL_U64, 0, "page in the swap area"},
};

struct state {
  struct kl_mapping_walk walk;
  uint64_t zero_page; // pfn of the page of zeros; ~0: not known
};

static const char *const states[] = {
    [KL_ENTRY_PRESENT] = "present", [KL_ENTRY_NONE] = "none",           [KL_ENTRY_PROT_NONE] = "prot_none",
    [KL_ENTRY_SWAP] = "swapped",    [KL_ENTRY_MIGRATION] = "migration", [KL_ENTRY_OTHER] = "other",
};

static uint64_t find_zero_page(struct kl_kernel *k) {
  uint64_t pfn = UINT64_MAX, phys;
  if (k->known[KL_S_zero_pfn].present && kl_read_u64(k, k->known[KL_S_zero_pfn].address, &pfn) == KL_OK && pfn)
    return pfn;
  if (k->known[KL_S_empty_zero_page].present &&
      kl_space_phys(&k->space, k->known[KL_S_empty_zero_page].address, &phys) == KL_OK)
    return phys >> k->paging.granule_shift;
  return UINT64_MAX;
}

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t only = 0, first, last;
  if ((kl_pushed_u64(c, TGID, &only) && !only) || !kl_pushed_range(c, ADDRESS, &first, &last))
    return KL_END;
  if (kl_wants(c, KIND))
    s->zero_page = find_zero_page(c->kernel);
  return kl_mapping_walk_init(&s->walk, c->kernel, &c->budget, only, first, last);
}

static void put_kind(struct kl_cursor *c, uint64_t pfn) {
  struct state *s = c->state;
  struct kl_page page;
  if (!kl_wants(c, KIND))
    return;
  if (pfn == s->zero_page) {
    kl_put_string(c, KIND, "zero");
    return;
  }
  enum kl_status status = kl_page_read(c->kernel, pfn, &page);
  if (status == KL_ERR_UNMAPPED) { // memory that the kernel does not manage
    kl_put_string(c, KIND, "device");
    return;
  }
  enum kl_page_kind kind = status == KL_OK ? kl_page_kind(c->kernel, &page, false) : KL_KIND_UNKNOWN;
  if (status != KL_OK)
    kl_put_bytes(c, KIND, status, 0, NULL, 0);
  else
    kl_put_string(c, KIND, kind == KL_KIND_HUGETLB ? "huge" : kl_page_kind_name(kind));
}

static void put_row(struct kl_cursor *c, const struct kl_mapping *m) {
  const struct kl_process *process = &((struct state *)c->state)->walk.process;
  const struct kl_translation *leaf = &m->leaf;
  bool mapped = leaf->state == KL_ENTRY_PRESENT || leaf->state == KL_ENTRY_PROT_NONE;
  kl_put(c, TGID, KL_OK, 0, process->tgid);
  kl_put_bytes(c, COMM, KL_OK, 0, process->comm, process->comm_bytes);
  kl_put(c, ADDRESS, KL_OK, 0, m->address);
  kl_put(c, BYTES, KL_OK, 0, leaf->page_bytes);
  kl_put_string(c, STATE, states[leaf->state]);
  if (!mapped) {
    if (leaf->state != KL_ENTRY_NONE) {
      kl_put(c, SWAP_TYPE, KL_OK, 0, leaf->swap_type);
      kl_put(c, SWAP_OFFSET, KL_OK, 0, leaf->swap_offset);
    }
    return;
  }
  bool present = leaf->state == KL_ENTRY_PRESENT;
  char permissions[3] = {present ? 'r' : '-', present && leaf->writable ? 'w' : '-',
                         present && leaf->executable ? 'x' : '-'};
  kl_put(c, PHYSICAL, KL_OK, 0, leaf->phys);
  kl_put(c, PFN, KL_OK, 0, leaf->phys >> c->kernel->paging.granule_shift);
  kl_put_bytes(c, PERMISSIONS, KL_OK, 0, permissions, sizeof permissions);
  kl_put(c, USER, KL_OK, 0, present && leaf->user);
  kl_put(c, DIRTY, KL_OK, 0, leaf->dirty);
  kl_put(c, ACCESSED, KL_OK, 0, leaf->accessed);
  if (kl_keeps(c))
    put_kind(c, leaf->phys >> c->kernel->paging.granule_shift);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  for (;;) {
    struct kl_mapping m;
    enum kl_status status = kl_mapping_walk_next(&s->walk, &m);
    if (status == KL_OK)
      put_row(c, &m);
    if (status == KL_OK || status == KL_END || status == KL_ERR_BUDGET)
      return status;
    kl_lost(c, s->walk.lost_what, s->walk.lost, status);
  }
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 64, .open = open, .next = next};

const struct kl_table kl_mappings_table = {
    .name = "mappings",
    .group = "processes",
    .doc = "pages in every process's page tables, present or swapped",
    .example = "mappings DUMP tgid=1",
    .typical_rows = 1000000,
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
