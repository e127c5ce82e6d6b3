// pages: every page frame, and what it is used for.
#include "base/checked.h"
#include "linux/code_name.h"
#include "linux/frames.h"
#include "linux/fs.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { PFN, PHYSICAL, KIND, ORDER, REFERENCES, MAPPINGS, FLAGS, OWNER, ADDRESS, COLUMNS };

static const struct kl_column columns[] = {
    [PFN] = {"pfn", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "number of the page frame"},
    [PHYSICAL] = {"physical", KL_CELL_ADDRESS, KL_COLUMN_PUSHED, "its physical address"},
    [KIND] = {"kind", KL_CELL_TEXT, 0,
              "free, file, shmem, anon, slab, page_table, kernel_image, kernel_stack, vmalloc, percpu, hugetlb, "
              "reserved, "
              "offline, guard; unknown: in use, by whom is not known"},
    [ORDER] = {"order", KL_CELL_U64, 0, "of the folio or free block that it is in: 1 << order pages"},
    [REFERENCES] = {"references", KL_CELL_I64, 0, "users that the folio counts; null where the dump left that out"},
    [MAPPINGS] = {"mappings", KL_CELL_I64, 0,
                  "page-table entries that lead to it alone; null where it keeps no count"},
    [FLAGS] = {"flags", KL_CELL_TEXT, 0, "the folio's flags, as enum pageflags names them"},
    [OWNER] = {"owner", KL_CELL_TEXT, KL_COLUMN_COSTLY,
               "path of its file, swap, cache of its slab, task of its stack, code that allocated it"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, KL_COLUMN_HIDDEN, "of its struct page"},
};

enum { FLAG_BITS = 32, CALLER_BYTES = 512 };

struct state {
  struct kl_frame_walk frames;
  struct kl_bytes flag_names[FLAG_BITS];
  const struct kl_holder *caller; // whose code is named in caller_name
  char caller_name[CALLER_BYTES];
  size_t caller_bytes;
  uint64_t window;        // of the row given last
  uint64_t owner_mapping; // whose path is in scratch; 0: nobody's
  enum kl_status owner_status;
  size_t owner_start;
  char scratch[KL_PATH_BYTES];
};

// The names of the flags, by bit. Where a bit has several, the enum gives the
// general one first.
static void name_flags(struct kl_cursor *c) {
  struct state *s = c->state;
  const struct kl_btf *btf = c->kernel->btf;
  struct kl_btf_type type;
  uint32_t id = kl_btf_find(btf, KL_BTF_ENUM, kl_bytes_of("pageflags", 9), 0);
  if (!id)
    return;
  kl_btf_type(btf, id, &type);
  for (uint32_t i = 0; i < type.vlen; i++) {
    struct kl_btf_value v;
    kl_btf_enum_value(btf, &type, i, &v);
    if (v.value >= 0 && v.value < FLAG_BITS && !s->flag_names[v.value].n && kl_bytes_start(v.name, "PG_"))
      s->flag_names[v.value] = kl_bytes_of(v.name.p + 3, v.name.n - 3);
  }
}

// Those whose use the struct page does not tell: dear, and so only for who asks.
static bool wants_holders(const struct kl_cursor *c) {
  return kl_wants(c, KIND) || kl_wants(c, ORDER) || kl_wants(c, OWNER);
}

static enum kl_status find_holders(struct kl_cursor *c, const struct kl_holders **ret) {
  *ret = NULL;
  if (!wants_holders(c))
    return KL_OK;
  KL_TRY(kl_holders_find(c->kernel, &c->budget, ret));
  if ((*ret)->why != KL_OK)
    kl_lost(c, (*ret)->lost_what, (*ret)->lost, (*ret)->why);
  return KL_OK;
}

// What is lost while they are found is to be said once.
static bool share(struct kl_cursor *c) {
  const struct kl_holders *holders;
  return !wants_holders(c) || (kl_holders_find(c->kernel, &c->budget, &holders) == KL_OK && holders->why == KL_OK);
}

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  const struct kl_holders *holders;
  uint64_t first, last, low, high, shift = c->kernel->paging.granule_shift;
  if (!kl_pushed_range(c, PFN, &first, &last) || !kl_pushed_range(c, PHYSICAL, &low, &high))
    return KL_END;
  KL_TRY(find_holders(c, &holders));
  kl_frame_walk_init(&s->frames, c->kernel, &c->budget, kl_max(first, low >> shift), kl_min(last, high >> shift),
                     holders);
  if (kl_wants(c, FLAGS))
    name_flags(c);
  return KL_OK;
}

static void put_flags(struct kl_cursor *c, uint64_t flags) {
  struct state *s = c->state;
  size_t start = c->text.used;
  if (!kl_wants(c, FLAGS))
    return;
  for (unsigned bit = 0; bit < FLAG_BITS; bit++) {
    if (!(flags >> bit & 1) || !s->flag_names[bit].n)
      continue;
    if (c->text.used != start)
      kl_text_char(&c->text, ',');
    kl_text_put(&c->text, (const char *)s->flag_names[bit].p, s->flag_names[bit].n);
  }
  kl_put_written(c, FLAGS, KL_OK, 0, start);
}

// The path of the file that an address_space belongs to. Neighbouring frames
// often belong to one file: the last path is kept.
static void put_file(struct kl_cursor *c, uint64_t mapping) {
  struct state *s = c->state;
  if (mapping != s->owner_mapping) {
    uint64_t inode;
    struct kl_super super;
    struct kl_path_text path = kl_path_into(s->scratch, sizeof s->scratch);
    s->owner_mapping = mapping;
    s->owner_status = kl_get_pointer(c->kernel, mapping, KL_F_address_space_host, &inode);
    if (s->owner_status == KL_OK)
      s->owner_status = kl_super_of_inode(c->kernel, inode, &super);
    if (s->owner_status == KL_OK && super.mount_status != KL_OK)
      kl_lost(c, "mount", super.address, super.mount_status);
    if (s->owner_status == KL_OK)
      s->owner_status = kl_inode_path(c->kernel, &c->budget, &super, inode, &path);
    s->owner_start = path.start;
  }
  if (s->owner_status != KL_END)
    kl_put_bytes(c, OWNER, s->owner_status, mapping, s->scratch + s->owner_start,
                 sizeof s->scratch - s->owner_start);
}

static void put_slab(struct kl_cursor *c, uint64_t cache) {
  char name[128];
  uint64_t address = 0;
  size_t n = 0;
  enum kl_status status = kl_get_pointer(c->kernel, cache, KL_F_kmem_cache_name, &address);
  if (status == KL_OK)
    status = kl_read_string(c->kernel, address, name, sizeof name, &n);
  kl_put_bytes(c, OWNER, status, cache, name, n);
}

// COMM (PID), as people write it.
static void put_task(struct kl_cursor *c, uint64_t task) {
  char comm[16];
  size_t n = 0, start = c->text.used;
  uint64_t pid = 0;
  enum kl_status status = kl_get(c->kernel, task, KL_F_task_struct_pid, &pid);
  if (status == KL_OK)
    status = kl_get_text(c->kernel, task, KL_F_task_struct_comm, comm, sizeof comm, &n);
  if (status == KL_ERR_LIMIT)
    status = KL_OK; // 16 bytes are all that can be told
  kl_text_put(&c->text, comm, n);
  kl_text_string(&c->text, " (");
  kl_text_decimal(&c->text, pid);
  kl_text_char(&c->text, ')');
  kl_put_written(c, OWNER, status, task, start);
}

// The code that asked for an area of vmalloc; the last name is kept.
static void put_caller(struct kl_cursor *c, const struct kl_holder *holder) {
  struct state *s = c->state;
  if (s->caller != holder) {
    struct kl_text text = kl_text_into(s->caller_name, sizeof s->caller_name);
    s->caller = holder;
    bool known = holder->object && kl_code_name(c->kernel, &c->budget, holder->object, &text) == KL_OK;
    s->caller_bytes = known ? text.used : 0;
  }
  if (s->caller_bytes)
    kl_put_bytes(c, OWNER, KL_OK, 0, s->caller_name, s->caller_bytes);
}

static void put_owner(struct kl_cursor *c, const struct kl_frame *frame) {
  const struct kl_page *page = &frame->page;
  if (!kl_wants(c, OWNER))
    return;
  bool file = frame->kind == KL_KIND_FILE || frame->kind == KL_KIND_SHMEM;
  if (file && kl_page_file(page))
    put_file(c, kl_page_file(page));
  else if ((file || frame->kind == KL_KIND_ANON) && kl_page_has(c->kernel, page, KL_E_pageflags_PG_swapcache))
    kl_put_string(c, OWNER, "swap");
  else if (frame->kind == KL_KIND_SLAB && page->slab_cache)
    put_slab(c, page->slab_cache);
  else if (frame->kind == KL_KIND_KERNEL_STACK)
    put_task(c, frame->holder->object);
  else if (frame->kind == KL_KIND_VMALLOC)
    put_caller(c, frame->holder);
}

// What is kept from one row to the next is kept within a window, so that ranges
// of windows give the same rows, and the same is said of them.
static void forget(struct state *s, uint64_t pfn) {
  if (pfn >> KL_FRAME_WINDOW_SHIFT == s->window)
    return;
  s->window = pfn >> KL_FRAME_WINDOW_SHIFT;
  s->owner_mapping = 0;
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  struct kl_frame frame;
  enum kl_status status = kl_frame_walk_next(&s->frames, &frame);
  if (status == KL_END || status == KL_ERR_BUDGET)
    return status;
  forget(s, frame.page.pfn);
  kl_put(c, PFN, KL_OK, 0, frame.page.pfn);
  kl_put(c, PHYSICAL, KL_OK, 0, frame.page.pfn << c->kernel->paging.granule_shift);
  if (status != KL_OK) {
    kl_put(c, KIND, status, frame.page.pfn << c->kernel->paging.granule_shift, 0);
    return KL_OK;
  }
  kl_put_string(c, KIND, kl_page_kind_name(frame.kind));
  kl_put(c, ORDER, KL_OK, 0, frame.order);
  kl_put(c, ADDRESS, KL_OK, 0, frame.page.address);
  if (frame.unread)
    return KL_OK; // the rest was not read: it is not 0
  kl_put(c, REFERENCES, KL_OK, 0, (uint64_t)frame.page.references);
  if (frame.page.type == KL_PAGE_PLAIN)
    kl_put(c, MAPPINGS, KL_OK, 0, (uint64_t)frame.page.mappings);
  if (!kl_keeps(c))
    return KL_OK;
  put_flags(c, frame.page.flags);
  put_owner(c, &frame);
  return KL_OK;
}

static const struct kl_table_code code = {.state_bytes = sizeof(struct state),
                                          .text_bytes = KL_PATH_BYTES + 1024,
                                          .open = open,
                                          .next = next,
                                          .share = share,
                                          .frame_column = PFN};

const struct kl_table kl_pages_table = {
    .name = "pages",
    .group = "memory",
    .doc = "page frames, and what each is used for",
    .example = "pages DUMP kind=anon",
    .typical_rows = 1000000,
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
