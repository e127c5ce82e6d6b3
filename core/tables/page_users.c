// page_users: which processes have a page frame mapped, and where.
#include "linux/mapping.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { PFN, TGID, COMM, ADDRESS, PHYSICAL, COLUMNS };

static const struct kl_column columns[] = {
    [PFN] = {"pfn", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the page frame"},
    [TGID] = {"tgid", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "a process that has it mapped"},
    [COMM] = {"comm", KL_CELL_TEXT, 0, "that process's name"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, KL_COLUMN_KEY, "where it has it"},
    [PHYSICAL] = {"physical", KL_CELL_ADDRESS, 0, "the frame's physical address"},
};

struct state {
  struct kl_mapping_walk walk;
  uint64_t low, high; // frames that are wanted
  uint64_t pfn, end;  // of the leaf being given: what is left
  uint64_t address;   // of pfn
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t only = 0;
  if ((kl_pushed_u64(c, TGID, &only) && !only) || !kl_pushed_range(c, PFN, &s->low, &s->high))
    return KL_END;
  return kl_mapping_walk_init(&s->walk, c->kernel, &c->budget, only, 0, UINT64_MAX);
}

// The frames of a leaf that are wanted, huge pages page by page.
static void take_leaf(struct kl_cursor *c, const struct kl_mapping *m) {
  struct state *s = c->state;
  uint64_t shift = c->kernel->paging.granule_shift, pfn = m->leaf.phys >> shift;
  if (m->leaf.state != KL_ENTRY_PRESENT && m->leaf.state != KL_ENTRY_PROT_NONE)
    return;
  s->end = pfn + (m->leaf.page_bytes >> shift);
  s->pfn = pfn < s->low && s->low < s->end ? s->low : pfn;
  s->address = m->address + ((s->pfn - pfn) << shift);
  if (s->pfn < s->low || s->pfn > s->high)
    s->end = s->pfn;
  else if (s->high < s->end - 1)
    s->end = s->high + 1;
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t shift = c->kernel->paging.granule_shift;
  while (s->pfn >= s->end) {
    struct kl_mapping m;
    enum kl_status status = kl_mapping_walk_next(&s->walk, &m);
    if (status == KL_OK)
      take_leaf(c, &m);
    else if (status == KL_END || status == KL_ERR_BUDGET)
      return status;
    else
      kl_lost(c, s->walk.lost_what, s->walk.lost, status);
  }
  kl_put(c, PFN, KL_OK, 0, s->pfn);
  kl_put(c, TGID, KL_OK, 0, s->walk.process.tgid);
  kl_put_bytes(c, COMM, KL_OK, 0, s->walk.process.comm, s->walk.process.comm_bytes);
  kl_put(c, ADDRESS, KL_OK, 0, s->address);
  kl_put(c, PHYSICAL, KL_OK, 0, s->pfn++ << shift);
  s->address += 1ull << shift;
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 64, .open = open, .next = next};

const struct kl_table kl_page_users_table = {
    .name = "page_users",
    .group = "memory",
    .doc = "which processes have a page frame mapped, and where",
    .example = "page_users DUMP tgid=1",
    .typical_rows = 1000000,
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
