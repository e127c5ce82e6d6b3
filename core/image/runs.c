// Runs of memory: collected in any order, sorted, and made disjoint.
#include "image/internal.h"

enum kl_status kl_runs_add(struct kl_arena *arena, struct kl_runs *runs, const struct kl_run *run) {
  struct kl_run *next;
  KL_TRY(kl_arena_take(arena, 1, sizeof *next, _Alignof(struct kl_run), &next));
  if (!runs->n)
    runs->items = next;
  else if (next != runs->items + runs->n)
    return KL_ERR_INTERNAL;
  *next = *run;
  runs->n++;
  return KL_OK;
}

uint64_t kl_runs_cost(uint64_t n) {
  // The runs, what resolving makes of them (two for each) and its heap.
  uint64_t each = 3 * sizeof(struct kl_run) + sizeof(uint32_t);
  uint64_t bytes;
  return kl_mul(n, each, &bytes) ? kl_arena_cost(kl_arena_cost(kl_arena_cost(bytes))) : UINT64_MAX;
}

static bool starts_before(const struct kl_run *a, const struct kl_run *b) {
  return a->start != b->start ? a->start < b->start : a->order < b->order;
}

static bool wins_over(const struct kl_run *a, const struct kl_run *b) {
  return a->weight != b->weight ? a->weight < b->weight : a->order < b->order;
}

static void swap(struct kl_run *a, struct kl_run *b) {
  struct kl_run t = *a;
  *a = *b;
  *b = t;
}

static void sift_down(struct kl_run *items, size_t root, size_t n) {
  for (size_t child; (child = 2 * root + 1) < n; root = child) {
    if (child + 1 < n && starts_before(&items[child], &items[child + 1]))
      child++;
    if (!starts_before(&items[root], &items[child]))
      return;
    swap(&items[root], &items[child]);
  }
}

// Heapsort: in place, no recursion, and a hostile order costs no more.
static void sort(struct kl_runs *runs) {
  struct kl_run *items = runs->items;
  size_t sorted = 1;
  while (sorted < runs->n && !starts_before(&items[sorted], &items[sorted - 1]))
    sorted++;
  if (sorted >= runs->n)
    return;
  for (size_t i = runs->n / 2; i-- > 0;)
    sift_down(items, i, runs->n);
  for (size_t i = runs->n; i-- > 1;) {
    swap(&items[0], &items[i]);
    sift_down(items, 0, i);
  }
}

// The runs that cover the address at which the sweep stands (and some that it
// has passed): a heap with the winner on top.
struct active {
  const struct kl_run *runs;
  uint32_t *heap;
  size_t n;
};

static void active_push(struct active *a, uint32_t run) {
  size_t i = a->n++;
  for (; i && wins_over(&a->runs[run], &a->runs[a->heap[(i - 1) / 2]]); i = (i - 1) / 2)
    a->heap[i] = a->heap[(i - 1) / 2];
  a->heap[i] = run;
}

static void active_pop(struct active *a) {
  uint32_t last = a->heap[--a->n];
  size_t i = 0;
  for (size_t child; (child = 2 * i + 1) < a->n; i = child) {
    if (child + 1 < a->n && wins_over(&a->runs[a->heap[child + 1]], &a->runs[a->heap[child]]))
      child++;
    if (!wins_over(&a->runs[a->heap[child]], &a->runs[last]))
      break;
    a->heap[i] = a->heap[child];
  }
  a->heap[i] = last;
}

static bool same_bytes(const struct kl_run *a, const struct kl_run *b) {
  return a->state == b->state && (a->state != KL_SEGMENT_FILE || a->offset - a->start == b->offset - b->start);
}

// Sorted runs to disjoint ones: at most one for each start and end, so twice
// as many.
static size_t sweep(struct active *a, size_t n, struct kl_run *out, uint64_t *conflicts) {
  size_t made = 0, next = 0;
  uint64_t at = a->runs[0].start;
  for (;;) {
    for (; next < n && a->runs[next].start <= at; next++) {
      const struct kl_run *r = &a->runs[next];
      const struct kl_run *top = a->n ? &a->runs[a->heap[0]] : r;
      if (top->end > at && top->weight == r->weight && !same_bytes(top, r))
        ++*conflicts;
      active_push(a, (uint32_t)next);
    }
    while (a->n && a->runs[a->heap[0]].end <= at)
      active_pop(a);
    if (!a->n) {
      if (next == n)
        return made;
      at = a->runs[next].start;
      continue;
    }
    const struct kl_run *top = &a->runs[a->heap[0]];
    uint64_t stop = next < n ? kl_min(top->end, a->runs[next].start) : top->end;
    struct kl_run *last = made ? &out[made - 1] : 0;
    if (last && last->end == at && last->order == top->order && last->weight == top->weight) {
      last->end = stop;
    } else {
      out[made] = *top;
      out[made].start = at;
      out[made].end = stop;
      out[made++].offset = top->offset + (at - top->start);
    }
    at = stop;
  }
}

enum kl_status kl_runs_resolve(struct kl_arena *arena, struct kl_runs *runs, uint64_t *conflicts) {
  *conflicts = 0;
  if (!runs->n)
    return KL_OK;
  sort(runs);
  size_t i = 1;
  while (i < runs->n && runs->items[i].start >= runs->items[i - 1].end)
    i++;
  if (i >= runs->n)
    return KL_OK;
  size_t mark = kl_arena_mark(arena) - runs->n * sizeof *runs->items;
  struct kl_run *out;
  struct active a = {.runs = runs->items};
  KL_TRY(kl_arena_take(arena, (uint64_t)runs->n * 2, sizeof *out, _Alignof(struct kl_run), &out));
  KL_TRY(kl_arena_take(arena, runs->n, sizeof *a.heap, _Alignof(uint32_t), &a.heap));
  runs->n = sweep(&a, runs->n, out, conflicts);
  // The result moves down over the input; what it needs beyond that lies in
  // the block just taken, which directly follows.
  memmove(runs->items, out, runs->n * sizeof *out);
  kl_arena_rewind(arena, mark + runs->n * sizeof *out);
  return KL_OK;
}

// Where RAM goes on behind the hole that x86 leaves for devices.
#define FOUR_GIB (1ull << 32)

enum kl_status kl_runs_fill_elided(struct kl_arena *arena, struct kl_runs *runs, uint64_t block, uint64_t *filled,
                                   uint64_t *doubtful) {
  *filled = *doubtful = 0;
  for (size_t i = 1, n = runs->n; i < n; i++) {
    const struct kl_run *last = &runs->items[i - 1];
    struct kl_run gap = {.start = last->end, .end = runs->items[i].start, .state = KL_SEGMENT_ZERO, .weight = 1};
    if (gap.start == gap.end || last->end - last->start != block)
      continue;
    bool hole = gap.end == FOUR_GIB || (gap.end - gap.start) % block;
    uint64_t *first = hole ? doubtful : filled;
    if (!*first)
      *first = gap.start;
    if (first == filled)
      KL_TRY(kl_runs_add(arena, runs, &gap));
  }
  uint64_t conflicts;
  return kl_runs_resolve(arena, runs, &conflicts);
}

void kl_runs_merge(struct kl_runs *runs) {
  size_t kept = 0;
  for (size_t i = 1; i < runs->n; i++) {
    struct kl_run *last = &runs->items[kept];
    const struct kl_run *r = &runs->items[i];
    if (last->end == r->start && same_bytes(last, r))
      last->end = r->end;
    else
      runs->items[++kept] = *r;
  }
  if (runs->n)
    runs->n = kept + 1;
}

size_t kl_runs_find(const struct kl_runs *runs, uint64_t phys, size_t hint) {
  const struct kl_run *items = runs->items;
  if (hint < runs->n && phys < items[hint].end && (!hint || items[hint - 1].end <= phys))
    return hint;
  size_t low = 0, high = runs->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (items[middle].end > phys)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

enum kl_status kl_runs_segment(const struct kl_runs *runs, uint64_t phys, struct kl_segment *ret) {
  size_t i = kl_runs_find(runs, phys, 0);
  if (i == runs->n)
    return KL_END;
  const struct kl_run *r = &runs->items[i];
  *ret = (struct kl_segment){.start = r->start, .end = r->end, .state = (enum kl_segment_state)r->state};
  if (ret->state == KL_SEGMENT_FILE)
    ret->file_offset = r->offset;
  return KL_OK;
}
