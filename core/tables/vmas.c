// vmas: the areas of every process's address space, as in /proc/PID/maps.
#include "linux/file.h"
#include "linux/process.h"
#include "linux/vma.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { TGID, COMM, START, END, PERMISSIONS, FILE_OFFSET, DEVICE, INODE, PATH, BYTES, ADDRESS, COLUMNS };

static const struct kl_column columns[] = {
    [TGID] = {"tgid", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the process"},
    [COMM] = {"comm", KL_CELL_TEXT, 0, "its name"},
    [START] = {"start", KL_CELL_ADDRESS, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "first address"},
    [END] = {"end", KL_CELL_ADDRESS, KL_COLUMN_PUSHED, "first address behind it"},
    [PERMISSIONS] = {"permissions", KL_CELL_TEXT, 0,
                     "r, w, x, and s for shared or p for private: what the process may do"},
    [FILE_OFFSET] = {"file_offset", KL_CELL_U64, 0, "where in the file it begins; null without a file"},
    [DEVICE] = {"device", KL_CELL_TEXT, 0, "of the file's file system, major:minor"},
    [INODE] = {"inode", KL_CELL_U64, 0, "the file's number there"},
    [PATH] = {"path", KL_CELL_TEXT, KL_COLUMN_COSTLY,
              "the file as the process sees it, or [heap], [stack], [vdso] and the like"},
    [BYTES] = {"bytes", KL_CELL_U64, 0, "how long it is"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, KL_COLUMN_HIDDEN, "of its vm_area_struct"},
};

struct state {
  struct kl_process_walk processes;
  struct kl_process process;
  struct kl_vma_walk areas;
  struct kl_path_root root;
  uint64_t first, last; // addresses that are wanted
  bool in_process;
  char scratch[KL_PATH_BYTES];
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t only = 0, low, high;
  if (kl_pushed_u64(c, TGID, &only) && !only)
    return KL_END;
  // An area that begins at or below high and ends behind low.
  if (!kl_pushed_range(c, START, &s->first, &s->last) || !kl_pushed_range(c, END, &low, &high))
    return KL_END;
  s->first = low && low - 1 > s->first ? low - 1 : s->first;
  return kl_process_walk_init(&s->processes, c->kernel, &c->budget, only);
}

static enum kl_status next_process(struct kl_cursor *c) {
  struct state *s = c->state;
  KL_TRY(kl_process_walk_next(&s->processes, &s->process));
  s->root = (struct kl_path_root){0};
  if (kl_wants(c, PATH))
    (void)!kl_task_root(c->kernel, s->process.task, &s->root); // without one: as its namespace sees it
  KL_TRY(kl_vma_walk_init(&s->areas, c->kernel, &c->budget, s->process.mm, s->first, s->last));
  s->in_process = true;
  return KL_OK;
}

static void put_permissions(struct kl_cursor *c, uint64_t flags) {
  char text[4] = {flags & KL_VM_READ ? 'r' : '-', flags & KL_VM_WRITE ? 'w' : '-', flags & KL_VM_EXEC ? 'x' : '-',
                  flags & KL_VM_MAYSHARE ? 's' : 'p'};
  kl_put_bytes(c, PERMISSIONS, KL_OK, 0, text, sizeof text);
}

static void put_file(struct kl_cursor *c, const struct kl_vma *vma) {
  uint64_t inode = 0, device = 0;
  kl_put(c, FILE_OFFSET, KL_OK, 0, vma->offset);
  if (!kl_wants(c, INODE) && !kl_wants(c, DEVICE))
    return;
  enum kl_status status = kl_file_user_inode(c->kernel, vma->file, &inode);
  if (status == KL_OK)
    kl_put_field(c, INODE, inode, KL_F_inode_i_ino);
  else
    kl_put(c, INODE, status, vma->file, 0);
  if (status == KL_OK)
    status = kl_inode_device(c->kernel, inode, &device);
  size_t start = c->text.used;
  kl_device_print(&c->text, device);
  kl_put_written(c, DEVICE, status, vma->file, start);
}

static void put_path(struct kl_cursor *c, const struct kl_vma *vma) {
  struct state *s = c->state;
  struct kl_path_text path = kl_path_into(s->scratch, sizeof s->scratch);
  if (!kl_wants(c, PATH))
    return;
  enum kl_status status = kl_vma_name(c->kernel, &c->budget, s->process.mm, vma, &s->root, &path);
  if (status != KL_OK || path.start < path.capacity)
    kl_put_bytes(c, PATH, status, vma->address, path.buffer + path.start, path.capacity - path.start);
}

static void put_row(struct kl_cursor *c, const struct kl_vma *vma) {
  struct state *s = c->state;
  kl_put(c, TGID, KL_OK, 0, s->process.tgid);
  kl_put_bytes(c, COMM, KL_OK, 0, s->process.comm, s->process.comm_bytes);
  kl_put(c, START, KL_OK, 0, vma->start);
  kl_put(c, END, KL_OK, 0, vma->end);
  kl_put(c, BYTES, KL_OK, 0, vma->end - vma->start);
  kl_put(c, ADDRESS, KL_OK, 0, vma->address);
  put_permissions(c, vma->flags);
  if (vma->file)
    put_file(c, vma);
  if (kl_keeps(c))
    put_path(c, vma);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  for (;;) {
    struct kl_vma vma;
    bool in_process = s->in_process;
    enum kl_status status = in_process ? kl_vma_walk_next(&s->areas, &vma) : next_process(c);
    if (in_process && status == KL_OK) {
      put_row(c, &vma);
      return KL_OK;
    }
    if (status == KL_ERR_BUDGET || (status == KL_END && !in_process))
      return status;
    if (status == KL_END)
      s->in_process = false;
    else if (status != KL_OK)
      kl_lost(c, in_process ? "vma" : "task", in_process ? s->areas.lost : s->processes.lost, status);
  }
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = KL_PATH_BYTES + 256, .open = open, .next = next};

const struct kl_table kl_vmas_table = {
    .name = "vmas",
    .group = "processes",
    .doc = "areas of every process's address space, as in /proc/PID/maps",
    .example = "vmas DUMP tgid=1",
    .typical_rows = 10000,
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
