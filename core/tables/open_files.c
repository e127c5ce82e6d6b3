// open_files: every descriptor of every process, as in /proc/PID/fd.
#include "base/checked.h"
#include "linux/file.h"
#include "linux/path.h"
#include "linux/process.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { TGID, COMM, FD, FILE_ADDRESS, PATH, KIND, INODE, DEVICE, POSITION, FLAGS, COLUMNS };

static const struct kl_column columns[] = {
    [TGID] = {"tgid", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the process"},
    [COMM] = {"comm", KL_CELL_TEXT, 0, "its name"},
    [FD] = {"fd", KL_CELL_U64, KL_COLUMN_KEY, "the descriptor"},
    [FILE_ADDRESS] = {"file", KL_CELL_ADDRESS, 0, "of its struct file: equal where it is shared"},
    [PATH] = {"path", KL_CELL_TEXT, KL_COLUMN_COSTLY, "the file as the process sees it"},
    [KIND] = {"kind", KL_CELL_TEXT, 0, "regular, directory, socket, pipe, char, block or anon"},
    [INODE] = {"inode", KL_CELL_U64, 0, "the file's number in its file system"},
    [DEVICE] = {"device", KL_CELL_TEXT, 0, "that file system, major:minor"},
    [POSITION] = {"position", KL_CELL_I64, 0, "where the next read or write is"},
    [FLAGS] = {"flags", KL_CELL_U64, 0, "O_ flags it is open with"},
};

enum { BATCH = 64 };

struct state {
  struct kl_process_walk processes;
  struct kl_process process;
  struct kl_path_root root;
  uint64_t table; // of struct file pointers
  uint64_t next, count;
  uint8_t files[BATCH * 8];
  uint64_t loaded, loaded_end; // which descriptors are in files
  char scratch[KL_PATH_BYTES];
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t only = 0;
  if (kl_pushed_u64(c, TGID, &only) && !only)
    return KL_END;
  return kl_process_walk_init(&s->processes, c->kernel, &c->budget, only);
}

static enum kl_status next_process(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t files, fdt, count, table;
  s->next = s->count = s->loaded_end = 0;
  KL_TRY(kl_process_walk_next(&s->processes, &s->process));
  s->processes.lost = s->process.task;
  s->root = (struct kl_path_root){0};
  if (kl_wants(c, PATH))
    (void)!kl_task_root(c->kernel, s->process.task, &s->root);
  KL_TRY(kl_get_pointer(c->kernel, s->process.task, KL_F_task_struct_files, &files));
  if (!files) // it is exiting
    return KL_OK;
  KL_TRY(kl_get_pointer(c->kernel, files, KL_F_files_struct_fdt, &fdt));
  KL_TRY(kl_get(c->kernel, fdt, KL_F_fdtable_max_fds, &count));
  KL_TRY(kl_get_pointer(c->kernel, fdt, KL_F_fdtable_fd, &table));
  if (count > c->kernel->limits->open_files)
    return KL_ERR_LIMIT;
  s->table = table;
  s->count = count;
  return KL_OK;
}

// The struct file of a descriptor, 0 when it is not open. Read in batches: most
// slots of a table are empty.
static enum kl_status file_of(struct kl_cursor *c, uint64_t fd, uint64_t *ret) {
  struct state *s = c->state;
  if (fd >= s->loaded_end) {
    uint64_t n = kl_min(BATCH, s->count - fd);
    KL_TRY(kl_budget_spend(&c->budget, 1));
    if (kl_read(c->kernel, s->table + 8 * fd, s->files, (size_t)n * 8) != KL_OK)
      return kl_read_u64(c->kernel, s->table + 8 * fd, ret); // a part of the batch is there
    s->loaded = fd;
    s->loaded_end = fd + n;
  }
  *ret = kl_le64(s->files + 8 * (fd - s->loaded));
  return KL_OK;
}

static void put_inode(struct kl_cursor *c, uint64_t file) {
  uint64_t inode = 0, mode = 0, device = 0;
  enum kl_status status = kl_file_inode(c->kernel, file, &inode);
  if (status == KL_OK)
    status = kl_get(c->kernel, inode, KL_F_inode_i_mode, &mode);
  kl_put_bytes(c, KIND, status, file, kl_mode_kind(mode), kl_string_length(kl_mode_kind(mode)));
  if (status == KL_OK)
    kl_put_field(c, INODE, inode, KL_F_inode_i_ino);
  else
    kl_put(c, INODE, status, file, 0);
  if (status == KL_OK)
    status = kl_inode_device(c->kernel, inode, &device);
  size_t start = c->text.used;
  kl_device_print(&c->text, device);
  kl_put_written(c, DEVICE, status, file, start);
}

static void put_row(struct kl_cursor *c, uint64_t fd, uint64_t file) {
  struct state *s = c->state;
  kl_put(c, TGID, KL_OK, 0, s->process.tgid);
  kl_put_bytes(c, COMM, KL_OK, 0, s->process.comm, s->process.comm_bytes);
  kl_put(c, FD, KL_OK, 0, fd);
  kl_put(c, FILE_ADDRESS, KL_OK, 0, file);
  kl_put_field(c, POSITION, file, KL_F_file_f_pos);
  kl_put_field(c, FLAGS, file, KL_F_file_f_flags);
  if (!kl_keeps(c))
    return;
  put_inode(c, file);
  if (!kl_wants(c, PATH) || !kl_keeps(c))
    return;
  struct kl_path_text path = kl_path_into(s->scratch, sizeof s->scratch);
  enum kl_status status = kl_file_path(c->kernel, &c->budget, file, &s->root, &path);
  kl_put_bytes(c, PATH, status, file, path.buffer + path.start, path.capacity - path.start);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  for (;;) {
    uint64_t file = 0, fd = s->next;
    bool in_process = fd < s->count;
    enum kl_status status = in_process ? file_of(c, fd, &file) : next_process(c);
    s->next += in_process;
    if (status == KL_OK && file) {
      put_row(c, fd, file);
      return KL_OK;
    }
    if (status == KL_ERR_BUDGET || status == KL_END)
      return status;
    if (status != KL_OK)
      kl_lost(c, in_process ? "fd" : "task", in_process ? s->table + 8 * fd : s->processes.lost, status);
  }
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = KL_PATH_BYTES + 256, .open = open, .next = next};

const struct kl_table kl_open_files_table = {
    .name = "open_files",
    .group = "processes",
    .doc = "open descriptors of every process, as in /proc/PID/fd",
    .example = "open_files DUMP tgid=1",
    .typical_rows = 5000,
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
