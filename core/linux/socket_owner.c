// Who has sockets open.
#include "linux/socket_owner.h"

#include "base/checked.h"
#include "base/memory.h"

_Static_assert(KL_OWNERS <= KL_OWNER_SLOTS / 2, "the hash table must stay sparse");

void kl_owners_clear(struct kl_owners *o) {
  o->n = 0;
  memset(o->slots, 0, sizeof o->slots);
}

// The slot of a struct socket, or the empty one where it would be.
static size_t slot_of(const struct kl_owners *o, uint64_t socket) {
  size_t slot = (size_t)((socket ^ socket >> 15) * 0x9e3779b97f4a7c15u >> 55) % KL_OWNER_SLOTS;
  while (o->slots[slot] && o->sockets[o->slots[slot] - 1] != socket)
    slot = (slot + 1) % KL_OWNER_SLOTS;
  return slot;
}

void kl_owners_add(struct kl_owners *o, uint64_t socket) {
  size_t i = o->n++;
  o->sockets[i] = socket;
  o->tgids[i] = 0;
  size_t slot = slot_of(o, socket);
  if (socket && !o->slots[slot])
    o->slots[slot] = (uint16_t)(i + 1);
}

enum kl_status kl_owners_begin(struct kl_owners *o, struct kl_kernel *k, struct kl_budget *budget, uint64_t only) {
  o->fd = o->fd_end = o->loaded_end = 0;
  return kl_process_walk_init(&o->processes, k, budget, only);
}

static enum kl_status next_process(struct kl_owners *o) {
  struct kl_kernel *k = o->processes.kernel;
  struct kl_process process;
  uint64_t files, fdt, count;
  o->fd = o->fd_end = o->loaded_end = 0;
  o->lost_what = "task";
  enum kl_status status = kl_process_walk_next(&o->processes, &process);
  o->lost = o->processes.lost;
  KL_TRY(status);
  o->tgid = process.tgid;
  KL_TRY(kl_get_pointer(k, process.task, KL_F_task_struct_files, &files));
  if (!files) // it is exiting
    return KL_OK;
  KL_TRY(kl_get_pointer(k, files, KL_F_files_struct_fdt, &fdt));
  KL_TRY(kl_get(k, fdt, KL_F_fdtable_max_fds, &count));
  KL_TRY(kl_get_pointer(k, fdt, KL_F_fdtable_fd, &o->table));
  if (count > k->limits->open_files)
    return KL_ERR_LIMIT;
  o->fd_end = count;
  return KL_OK;
}

// The struct file of the next descriptor; 0 when it is not open.
static enum kl_status next_file(struct kl_owners *o, uint64_t *file) {
  struct kl_kernel *k = o->processes.kernel;
  uint64_t fd = o->fd++, at = o->table + 8 * fd;
  o->lost_what = "fd";
  o->lost = at;
  if (fd >= o->loaded_end) {
    uint64_t n = kl_min(KL_OWNER_BATCH, o->fd_end - fd);
    KL_TRY(kl_budget_spend(o->processes.tasks.budget, 1));
    if (kl_read(k, at, o->files, (size_t)n * 8) != KL_OK)
      return kl_read_u64(k, at, file); // a part of the batch is there
    o->loaded = fd;
    o->loaded_end = fd + n;
  }
  *file = kl_le64(o->files + 8 * (fd - o->loaded));
  return KL_OK;
}

// A file that is a socket has it as its private data; what other files have
// there is no struct socket.
static enum kl_status look_at(struct kl_owners *o, uint64_t file) {
  uint64_t socket;
  KL_TRY(kl_budget_spend(o->processes.tasks.budget, 1));
  KL_TRY(kl_get_pointer(o->processes.kernel, file, KL_F_file_private_data, &socket));
  size_t slot = slot_of(o, socket);
  if (socket && o->slots[slot] && !o->tgids[o->slots[slot] - 1])
    o->tgids[o->slots[slot] - 1] = o->tgid;
  return KL_OK;
}

enum kl_status kl_owners_find(struct kl_owners *o) {
  for (;;) {
    uint64_t file = 0;
    if (o->fd >= o->fd_end) {
      KL_TRY(next_process(o));
      continue;
    }
    KL_TRY(next_file(o, &file));
    if (!file)
      continue;
    o->lost = file;
    KL_TRY(look_at(o, file));
  }
}
