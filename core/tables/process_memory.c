// process_memory: how much memory each process has, and how much it shares.
#include "linux/process.h"
#include "linux/residency.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum {
  TGID,
  COMM,
  VIRTUAL_BYTES,
  RESIDENT_BYTES,
  PROPORTIONAL_BYTES,
  SHARED_BYTES,
  PRIVATE_BYTES,
  SWAPPED_BYTES,
  HUGETLB_BYTES,
  MM,
  COLUMNS
};

static const struct kl_column columns[] = {
    [TGID] = {"tgid", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the process"},
    [COMM] = {"comm", KL_CELL_TEXT, 0, "its name"},
    [VIRTUAL_BYTES] = {"virtual_bytes", KL_CELL_U64, 0, "how long its areas are together"},
    [RESIDENT_BYTES] = {"resident_bytes", KL_CELL_U64, 0, "what of it is in memory: Rss of /proc/PID/smaps"},
    [PROPORTIONAL_BYTES] = {"proportional_bytes", KL_CELL_U64, 0,
                            "the same, each page divided among those who have it mapped: Pss"},
    [SHARED_BYTES] = {"shared_bytes", KL_CELL_U64, 0, "resident pages that are mapped more than once"},
    [PRIVATE_BYTES] = {"private_bytes", KL_CELL_U64, 0, "resident pages that are mapped once"},
    [SWAPPED_BYTES] = {"swapped_bytes", KL_CELL_U64, 0, "what of it is in swap, shared memory included: Swap"},
    [HUGETLB_BYTES] = {"hugetlb_bytes", KL_CELL_U64, 0, "pages of hugetlbfs, which are in none of the above"},
    [MM] = {"mm", KL_CELL_ADDRESS, KL_COLUMN_HIDDEN, "its mm_struct: processes that share one have the same sums"},
};

struct state {
  struct kl_process_walk processes;
  struct kl_process process;
  struct kl_vma_walk areas;
  struct kl_residency_walk residency;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t only = 0;
  if (kl_pushed_u64(c, TGID, &only) && !only)
    return KL_END;
  return kl_process_walk_init(&s->processes, c->kernel, &c->budget, only);
}

// Only the leaves are dear; how long areas are is not.
static bool wants_sums(const struct kl_cursor *c) {
  const uint64_t cheap = 1ull << TGID | 1ull << COMM | 1ull << VIRTUAL_BYTES | 1ull << MM;
  return c->query.columns & ~cheap;
}

static enum kl_status sum_up(struct kl_cursor *c, struct kl_residency *sums, uint64_t *bytes) {
  struct state *s = c->state;
  KL_TRY(kl_residency_init(&s->residency, c->kernel, &c->budget, s->process.mm));
  KL_TRY(kl_vma_walk_init(&s->areas, c->kernel, &c->budget, s->process.mm, 0, UINT64_MAX));
  for (;;) {
    struct kl_vma vma;
    enum kl_status status = kl_vma_walk_next(&s->areas, &vma);
    if (status == KL_END)
      return KL_OK;
    if (status == KL_OK) {
      *bytes += vma.end - vma.start;
      if (wants_sums(c))
        status = kl_residency_add(&s->residency, &vma, sums);
      if (status != KL_OK && status != KL_ERR_BUDGET)
        kl_lost(c, "pages", s->residency.lost, status);
    } else if (status != KL_ERR_BUDGET) {
      kl_lost(c, "vma", s->areas.lost, status);
    }
    if (status == KL_ERR_BUDGET)
      return status;
  }
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  struct kl_residency sums = {0};
  uint64_t bytes = 0;
  for (;;) {
    enum kl_status status = kl_process_walk_next(&s->processes, &s->process);
    if (status == KL_OK)
      break;
    if (status == KL_END || status == KL_ERR_BUDGET)
      return status;
    kl_lost(c, "task", s->processes.lost, status);
  }
  kl_put(c, TGID, KL_OK, 0, s->process.tgid);
  kl_put_bytes(c, COMM, KL_OK, 0, s->process.comm, s->process.comm_bytes);
  kl_put(c, MM, KL_OK, 0, s->process.mm);
  if (!kl_keeps(c))
    return KL_OK;
  enum kl_status status = sum_up(c, &sums, &bytes);
  if (status == KL_ERR_BUDGET)
    return status;
  kl_put(c, VIRTUAL_BYTES, status, s->process.mm, bytes);
  kl_put(c, RESIDENT_BYTES, status, s->process.mm, sums.resident);
  kl_put(c, PROPORTIONAL_BYTES, status, s->process.mm, sums.proportional_4096 >> 12);
  kl_put(c, SHARED_BYTES, status, s->process.mm, sums.shared);
  kl_put(c, PRIVATE_BYTES, status, s->process.mm, sums.exclusive);
  kl_put(c, SWAPPED_BYTES, status, s->process.mm, sums.swapped);
  kl_put(c, HUGETLB_BYTES, status, s->process.mm, sums.hugetlb);
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 64, .open = open, .next = next};

const struct kl_table kl_process_memory_table = {
    .name = "process_memory",
    .group = "processes",
    .doc = "how much memory each process has, and how much of it it shares",
    .example = "process_memory DUMP --columns tgid,comm,proportional_bytes",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
