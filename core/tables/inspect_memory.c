// Memory by address: the kernel's, a process's, or guest-physical.
#include "kernel/dump.h"
#include "kernlens/inspect.h"
#include "kernlens/table.h"

struct kl_memory {
  struct kl_dump *dump;
  enum kl_place_kind kind;
  struct kl_space space; // unless physical
};

// Room behind a kl_memory for the cursor that finds a process: not the arena,
// where a table may put what it keeps.
static const struct kl_table *process_table(void) {
  return kl_table_find("tasks");
}

static size_t own_bytes(void) {
  return (sizeof(struct kl_memory) + 15) & ~(size_t)15;
}

size_t kl_memory_bytes(void) {
  return own_bytes() + (process_table() ? kl_cursor_bytes(process_table()) : 0);
}

// A process's page-table root, as its row in tasks has it.
static enum kl_status process_root(struct kl_dump *dump, uint64_t pid, uint8_t *room, uint64_t *ret) {
  const struct kl_table *table = process_table();
  int pid_column = table ? kl_table_column(table, "pid") : -1;
  int root_column = table ? kl_table_column(table, "page_table_root") : -1;
  if (pid_column < 0 || root_column < 0)
    return KL_ERR_UNSUPPORTED;
  struct kl_constraint constraint = {
      .column = (uint32_t)pid_column, .op = KL_OP_EQ, .value = {.kind = KL_CELL_U64, .u64 = pid}};
  struct kl_query query = {
      .table = table, .constraints = &constraint, .n_constraints = 1, .columns = 1ull << root_column};
  struct kl_cursor *cursor;
  const struct kl_cell *cells;
  KL_TRY(kl_cursor_open(dump, &query, room, kl_cursor_bytes(table), &cursor));
  enum kl_status status = kl_cursor_next(cursor, &cells);
  if (status != KL_OK)
    return status == KL_END ? KL_ERR_NOT_FOUND : status;
  const struct kl_cell *root = &cells[root_column];
  *ret = root->u64;
  return root->kind == KL_CELL_UNREADABLE ? root->why : root->kind == KL_CELL_NULL ? KL_ERR_UNMAPPED : KL_OK;
}

enum kl_status kl_memory_open(struct kl_dump *dump, const struct kl_place *place, void *block, size_t bytes,
                              struct kl_memory **ret) {
  if (bytes < kl_memory_bytes() || (uintptr_t)block % 16)
    return KL_ERR_ARGUMENT;
  struct kl_memory *m = block;
  m->dump = dump;
  m->kind = place->kind;
  *ret = m;
  if (place->kind == KL_PLACE_PHYSICAL)
    return KL_OK;
  struct kl_kernel *k = dump->kernel;
  uint64_t user_root = 0;
  if (!k)
    return KL_ERR_ARGUMENT;
  if (place->kind == KL_PLACE_PROCESS)
    KL_TRY(process_root(dump, place->pid, (uint8_t *)block + own_bytes(), &user_root));
  kl_space_init(&m->space, &k->paging, k->image, k->root, user_root);
  return KL_OK;
}

uint64_t kl_page_bytes(const struct kl_dump *dump) {
  return 1ull << dump->kernel->paging.granule_shift;
}

enum kl_status kl_memory_read(struct kl_memory *m, uint64_t address, void *dst, size_t n) {
  if (m->kind == KL_PLACE_PHYSICAL)
    return kl_image_read(m->dump->image, address, dst, n);
  return kl_space_read(&m->space, kl_paging_strip(m->space.paging, address), dst, n);
}

static const char *const states[] = {
    [KL_ENTRY_PRESENT] = "present", [KL_ENTRY_NONE] = "none",           [KL_ENTRY_PROT_NONE] = "prot_none",
    [KL_ENTRY_SWAP] = "swap",       [KL_ENTRY_MIGRATION] = "migration", [KL_ENTRY_OTHER] = "other",
};

enum kl_status kl_memory_translate(struct kl_memory *m, uint64_t address, struct kl_translated *ret) {
  if (m->kind == KL_PLACE_PHYSICAL) {
    *ret = (struct kl_translated){.state = "present", .mapped = true, .physical = address};
    return KL_OK;
  }
  struct kl_translation t;
  const struct kl_space *space = &m->space;
  address = kl_paging_strip(space->paging, address);
  uint64_t root = address >> 63 ? space->kernel_root : space->user_root;
  if (!root)
    return KL_ERR_UNMAPPED;
  KL_TRY(kl_paging_translate(space->paging, space->image, root, address, &t));
  *ret = (struct kl_translated){
      .state = states[t.state],
      .mapped = t.state == KL_ENTRY_PRESENT || t.state == KL_ENTRY_PROT_NONE,
      .physical = t.phys,
      .page_bytes = t.page_bytes,
      .entry = t.entry,
      .level = t.level,
      .writable = t.writable,
      .executable = t.executable,
      .user = t.user,
      .dirty = t.dirty,
      .accessed = t.accessed,
      .swapped = t.state == KL_ENTRY_SWAP,
      .swap_type = t.swap_type,
      .swap_offset = t.swap_offset,
      .root = root,
  };
  return KL_OK;
}

static const char *const segment_states[] = {
    [KL_SEGMENT_FILE] = "file", [KL_SEGMENT_ZERO] = "zero", [KL_SEGMENT_FILTERED] = "filtered"};

const char *kl_physical_state(struct kl_dump *dump, uint64_t physical, uint64_t *file_offset) {
  struct kl_segment segment;
  *file_offset = 0;
  if (kl_image_segment(dump->image, physical, &segment) != KL_OK || segment.start > physical)
    return "absent";
  if (segment.state == KL_SEGMENT_FILE)
    *file_offset = segment.file_offset + (physical - segment.start);
  return segment_states[segment.state];
}
