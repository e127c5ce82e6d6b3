// Who holds the frames that do not say it themselves.
#include "linux/holders.h"

#include "base/checked.h"
#include "linux/free_lists.h"
#include "linux/task.h"
#include "linux/vmalloc.h"

// A frame's word: pfn (40 bits), whether it is borrowed, and the holder. The
// first holders are none: blocks of free pages, by order.
enum { FRAME_SHIFT = 24, ORDERS = 32 };
static const uint64_t BORROWED = 1ull << 23;
static const uint64_t HOLDER = (1ull << 23) - 1;

_Static_assert(sizeof(struct kl_holder) <= KL_HOLDER_BYTES, "as the header says");

struct build {
  struct kl_kernel *k;
  struct kl_budget *budget;
  struct kl_holders *all;
};

static void note_lost(struct build *b, const char *what, uint64_t object, enum kl_status why) {
  if (b->all->why != KL_OK)
    return;
  b->all->lost_what = what;
  b->all->lost = object;
  b->all->why = why;
}

// What nothing leads to is no loss: its frames are of unknown use.
static void note_missing(struct build *b, const char *what, enum kl_status status) {
  if (status == KL_ERR_NOT_FOUND)
    kl_diagnostics_add(b->k->diagnostics, "pages", what, 0, status);
  else if (status != KL_OK)
    note_lost(b, what, 0, status);
}

// ── Holders ────────────────────────────────────────────────────────────────

static enum kl_status add_holder(struct build *b, const struct kl_holder *holder) {
  struct kl_holder *room;
  uint64_t most = kl_min(b->k->limits->frame_holders, HOLDER + 1 - ORDERS);
  if (b->all->n_holders >= most)
    return KL_ERR_LIMIT;
  KL_TRY(kl_arena_take(b->k->arena, 1, sizeof *room, _Alignof(struct kl_holder), &room));
  if (!b->all->holders)
    b->all->holders = room;
  if (room != b->all->holders + b->all->n_holders)
    return KL_ERR_INTERNAL; // nobody else takes meanwhile
  b->all->n_holders++;
  *room = *holder;
  return KL_OK;
}

// An area of vmalloc. What ioremap() mapped is no memory of the kernel's.
static enum kl_status add_area(struct build *b, const struct kl_vmalloc_area *area) {
  const struct kl_kernel *k = b->k;
  struct kl_holder h = {.start = area->start, .end = area->end, .object = area->caller, .kind = KL_KIND_VMALLOC};
  if (area->flags & KL_VMALLOC_IOREMAP)
    return KL_OK;
  if (k->known[KL_S_pcpu_get_vm_areas].present && area->caller == k->known[KL_S_pcpu_get_vm_areas].address)
    h.kind = KL_KIND_PERCPU;
  h.borrows = !(area->flags & KL_VMALLOC_ALLOC);
  return add_holder(b, &h);
}

static enum kl_status add_areas(struct build *b) {
  struct kl_vmalloc_walk walk;
  enum kl_status status = kl_vmalloc_walk_init(&walk, b->k, b->budget);
  note_missing(b, "vmalloc areas", status);
  while (status == KL_OK) {
    struct kl_vmalloc_area area;
    status = kl_vmalloc_walk_next(&walk, &area);
    if (status == KL_END)
      break;
    if (status == KL_OK)
      status = add_area(b, &area);
    if (status == KL_ERR_BUDGET || status == KL_ERR_INTERNAL)
      return status;
    if (status != KL_OK)
      note_lost(b, "vmalloc area", walk.lost, status);
    if (status != KL_ERR_LIMIT && status != KL_ERR_NO_MEMORY)
      status = KL_OK; // the next one may be readable
  }
  return KL_OK;
}

// What each CPU has of the first chunk of per-CPU memory: the chunk's own pages,
// and before them the kernel's variables.
static enum kl_status unit_bytes(struct kl_kernel *k, uint64_t base, uint64_t *ret) {
  const uint64_t most = 1ull << 30; // a unit on any machine
  uint64_t chunk, start, pages;
  KL_TRY(kl_read_u64(k, k->known[KL_S_pcpu_first_chunk].address, &chunk));
  KL_TRY(kl_get_pointer(k, chunk, KL_F_pcpu_chunk_base_addr, &start));
  KL_TRY(kl_get(k, chunk, KL_F_pcpu_chunk_nr_pages, &pages));
  if (start - base > most || pages > most >> k->paging.granule_shift)
    return KL_ERR_MALFORMED;
  *ret = start - base + (pages << k->paging.granule_shift);
  return KL_OK;
}

// The first chunk lies in the direct map, a unit for each CPU
// (pcpu_embed_first_chunk()); later chunks are areas of vmalloc.
static enum kl_status add_units(struct build *b) {
  struct kl_kernel *k = b->k;
  uint64_t base, offsets, bytes;
  if (!k->known[KL_S_pcpu_base_addr].present || !k->known[KL_S_pcpu_unit_offsets].present ||
      !k->known[KL_S_pcpu_first_chunk].present)
    return KL_ERR_NOT_FOUND;
  KL_TRY(kl_read_u64(k, k->known[KL_S_pcpu_base_addr].address, &base));
  KL_TRY(kl_read_u64(k, k->known[KL_S_pcpu_unit_offsets].address, &offsets));
  KL_TRY(unit_bytes(k, base, &bytes));
  for (uint32_t cpu = 0; cpu < k->cpus; cpu++) {
    uint64_t offset;
    KL_TRY(kl_budget_spend(b->budget, 1));
    KL_TRY(kl_read_u64(k, offsets + 8ull * cpu, &offset));
    struct kl_holder h = {.start = base + offset, .kind = KL_KIND_PERCPU};
    if (!kl_add(h.start, bytes, &h.end))
      return KL_ERR_MALFORMED;
    KL_TRY(add_holder(b, &h));
  }
  return KL_OK;
}

// ── Stacks ─────────────────────────────────────────────────────────────────

// THREAD_SIZE, by the stack that the image has for the first task; 0: not
// known.
static uint64_t stack_bytes(const struct kl_kernel *k) {
  enum { LARGEST = 64 << 10 };
  enum kl_symbol_id end =
      k->known[KL_S___end_init_task].present ? KL_S___end_init_task : KL_S___end_init_stack; // renamed in 6.10
  if (!k->known[KL_S_init_stack].present || !k->known[end].present)
    return 0;
  uint64_t bytes = k->known[end].address - k->known[KL_S_init_stack].address;
  return bytes > LARGEST || bytes & (bytes - 1) ? 0 : bytes;
}

// All tasks, and the CPUs' idle tasks, which are in no list.
struct stack_walk {
  struct kl_task_walk tasks;
  uint32_t cpu;
};

static void begin_stacks(struct build *b, struct stack_walk *walk) {
  kl_task_walk_init(&walk->tasks, b->k, b->budget, true);
  walk->cpu = 0;
}

static enum kl_status next_stack(struct build *b, struct stack_walk *walk, uint64_t *task, uint64_t *stack) {
  struct kl_kernel *k = b->k;
  enum kl_status status = kl_task_walk_next(&walk->tasks, task);
  if (status == KL_END) {
    uint64_t rq;
    if (walk->cpu >= k->cpus || !k->known[KL_S_runqueues].present || !kl_has(k, KL_F_rq_idle))
      return KL_END;
    KL_TRY(kl_budget_spend(b->budget, 1));
    KL_TRY(kl_per_cpu_address(k, k->known[KL_S_runqueues].address, walk->cpu++, &rq));
    *task = rq;
    status = kl_get_pointer(k, rq, KL_F_rq_idle, task);
  }
  KL_TRY(status);
  *stack = 0;
  return *task ? kl_get_pointer(k, *task, KL_F_task_struct_stack, stack) : KL_OK;
}

// A stack in the direct map, of kernels that do not map them one by one
// (CONFIG_VMAP_STACK).
static enum kl_status add_stack(struct build *b, uint64_t task, uint64_t stack, uint64_t bytes) {
  uint64_t phys;
  if (!bytes || kl_space_phys(&b->k->space, stack, &phys) != KL_OK || stack - b->k->direct_map_base != phys)
    return KL_OK;
  struct kl_holder h = {.start = stack, .end = stack + bytes, .object = task, .kind = KL_KIND_KERNEL_STACK};
  return add_holder(b, &h);
}

static size_t held_index(const struct kl_holders *all, uint64_t pfn);

// The area that a stack lies in is that task's. Many may have its frame.
static enum kl_status mark_stack(struct build *b, uint64_t task, uint64_t stack) {
  const struct kl_holders *all = b->all;
  uint64_t phys;
  if (kl_space_phys(&b->k->space, stack, &phys) != KL_OK)
    return KL_OK;
  uint64_t pfn = phys >> b->k->paging.granule_shift;
  for (size_t i = held_index(all, pfn); i < all->n_held && all->held[i] >> FRAME_SHIFT == pfn; i++) {
    KL_TRY(kl_budget_spend(b->budget, 1));
    uint64_t n = all->held[i] & HOLDER;
    struct kl_holder *h = n < ORDERS ? NULL : &all->holders[n - ORDERS];
    if (!h || stack < h->start || stack >= h->end)
      continue;
    h->kind = KL_KIND_KERNEL_STACK;
    h->object = task;
  }
  return KL_OK;
}

static enum kl_status visit_stacks(struct build *b, bool add) {
  struct stack_walk walk;
  uint64_t task = 0, stack = 0, bytes = stack_bytes(b->k);
  if (!kl_has(b->k, KL_F_task_struct_stack))
    return KL_OK;
  begin_stacks(b, &walk);
  for (;;) {
    enum kl_status status = next_stack(b, &walk, &task, &stack);
    if (status == KL_END)
      return KL_OK;
    if (status == KL_OK && stack)
      status = add ? add_stack(b, task, stack, bytes) : mark_stack(b, task, stack);
    if (status == KL_ERR_BUDGET || status == KL_ERR_INTERNAL)
      return status;
    if (status != KL_OK)
      note_lost(b, "stack", task, status);
    if (status == KL_ERR_LIMIT || status == KL_ERR_NO_MEMORY)
      return KL_OK;
  }
}

// ── Frames ─────────────────────────────────────────────────────────────────

static enum kl_status add_frame(struct build *b, uint64_t pfn, uint64_t holder) {
  uint64_t *room;
  if (b->all->n_held >= b->k->limits->held_frames)
    return KL_ERR_LIMIT;
  if (pfn >> (64 - FRAME_SHIFT))
    return KL_ERR_MALFORMED;
  KL_TRY(kl_budget_spend(b->budget, 1));
  KL_TRY(kl_arena_take(b->k->arena, 1, sizeof *room, _Alignof(uint64_t), &room));
  if (!b->all->held)
    b->all->held = room;
  if (room != b->all->held + b->all->n_held)
    return KL_ERR_INTERNAL;
  b->all->n_held++;
  *room = pfn << FRAME_SHIFT | holder;
  return KL_OK;
}

// The frames of one leaf, as far as the holder reaches.
static enum kl_status add_leaf(struct build *b, const struct kl_holder *h, uint64_t word, uint64_t va,
                               const struct kl_translation *leaf) {
  uint64_t shift = b->k->paging.granule_shift, page = 1ull << shift;
  uint64_t first = kl_max(va, h->start & ~(page - 1)), last = h->end - 1; // the area may end where addresses do
  if (leaf->page_bytes <= last - va)
    last = va + leaf->page_bytes - 1;
  if (leaf->state != KL_ENTRY_PRESENT && leaf->state != KL_ENTRY_PROT_NONE)
    return KL_OK;
  for (uint64_t i = 0; i <= (last - first) >> shift; i++)
    KL_TRY(add_frame(b, ((leaf->phys + (first - va)) >> shift) + i, word));
  return KL_OK;
}

static enum kl_status add_frames_of(struct build *b, size_t i) {
  const struct kl_holder *h = &b->all->holders[i];
  struct kl_kernel *k = b->k;
  struct kl_leaf_walk walk;
  struct kl_translation leaf;
  uint64_t va = 0;
  kl_leaf_walk_init(&walk, &k->paging, k->image, k->root, h->start, h->end);
  for (;;) {
    enum kl_status status = kl_leaf_walk_next(&walk, b->budget, &va, &leaf);
    if (status == KL_END)
      return KL_OK;
    if (status == KL_OK)
      status = add_leaf(b, h, (i + ORDERS) | (h->borrows ? BORROWED : 0), va, &leaf);
    if (status == KL_ERR_BUDGET || status == KL_ERR_INTERNAL || status == KL_ERR_LIMIT ||
        status == KL_ERR_NO_MEMORY)
      return status;
    if (status != KL_OK)
      note_lost(b, "vmalloc area", va, status);
  }
}

static enum kl_status add_free_pages(struct build *b) {
  struct kl_free_list_walk walk;
  enum kl_status status = kl_free_list_walk_init(&walk, b->k, b->budget);
  note_missing(b, "free lists of CPUs", status);
  while (status == KL_OK) {
    uint64_t pfn = 0;
    uint8_t order = 0;
    status = kl_free_list_walk_next(&walk, &pfn, &order);
    if (status == KL_END)
      break;
    for (uint64_t i = 0; status == KL_OK && i < 1ull << order; i++)
      status = add_frame(b, pfn + i, order);
    if (status == KL_ERR_BUDGET || status == KL_ERR_INTERNAL || status == KL_ERR_LIMIT ||
        status == KL_ERR_NO_MEMORY)
      return status;
    if (status != KL_OK)
      note_lost(b, "free lists of CPUs", walk.lost, status);
    status = KL_OK;
  }
  return KL_OK;
}

static enum kl_status add_frames(struct build *b) {
  KL_TRY(add_free_pages(b));
  for (size_t i = 0; i < b->all->n_holders; i++)
    KL_TRY(add_frames_of(b, i));
  return KL_OK;
}

// ── In order ───────────────────────────────────────────────────────────────

static void sift(uint64_t *v, size_t at, size_t n) {
  uint64_t moved = v[at];
  for (size_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
    if (child + 1 < n && v[child + 1] > v[child])
      child++;
    if (v[child] <= moved)
      break;
    v[at] = v[child];
    at = child;
  }
  v[at] = moved;
}

// Heapsort: in place, and as quick for what a dump makes up.
static void sort(uint64_t *v, size_t n) {
  for (size_t i = n / 2; i-- > 0;)
    sift(v, i, n);
  for (size_t end = n; end-- > 1;) {
    uint64_t last = v[end];
    v[end] = v[0];
    v[0] = last;
    sift(v, 0, end);
  }
}

// The first of a frame's words, or where it would be.
static size_t held_index(const struct kl_holders *all, uint64_t pfn) {
  size_t low = 0, high = all->n_held;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (all->held[middle] >> FRAME_SHIFT < pfn)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

bool kl_holders_of(const struct kl_holders *all, uint64_t pfn, size_t *at, struct kl_held *ret) {
  enum { NEAR = 8 }; // steps forward that cost less than looking anew
  size_t i = *at;
  if (i >= all->n_held || all->held[i] >> FRAME_SHIFT >= pfn)
    i = i && i <= all->n_held && all->held[i - 1] >> FRAME_SHIFT < pfn ? i : held_index(all, pfn);
  for (size_t steps = 0; i < all->n_held && all->held[i] >> FRAME_SHIFT < pfn; i++)
    if (++steps > NEAR) {
      i = held_index(all, pfn);
      break;
    }
  *at = i;
  if (i == all->n_held || all->held[i] >> FRAME_SHIFT != pfn)
    return false;
  uint64_t holder = all->held[i] & HOLDER;
  *ret = (struct kl_held){.order = (uint8_t)holder};
  if (holder >= ORDERS)
    *ret = (struct kl_held){.holder = &all->holders[holder - ORDERS]};
  return true;
}

// ── All of it ──────────────────────────────────────────────────────────────

static enum kl_status build(struct build *b) {
  KL_TRY(add_areas(b));
  enum kl_status status = add_units(b);
  if (status == KL_ERR_BUDGET || status == KL_ERR_INTERNAL)
    return status;
  note_missing(b, "per-CPU memory", status);
  KL_TRY(visit_stacks(b, true));
  status = add_frames(b);
  if (status == KL_ERR_LIMIT || status == KL_ERR_NO_MEMORY)
    note_lost(b, "frames", 0, status);
  else
    KL_TRY(status);
  sort(b->all->held, b->all->n_held);
  return visit_stacks(b, false);
}

enum kl_status kl_holders_find(struct kl_kernel *k, struct kl_budget *budget, const struct kl_holders **ret) {
  size_t mark = kl_arena_mark(k->arena);
  if (!k->holders) {
    struct kl_holders *all;
    KL_TRY(KL_TAKE(k->arena, 1, &all));
    struct build b = {.k = k, .budget = budget, .all = all};
    enum kl_status status = build(&b);
    if (status != KL_OK) {
      kl_arena_rewind(k->arena, mark);
      return status;
    }
    k->holders = all;
  }
  *ret = k->holders;
  return KL_OK;
}
