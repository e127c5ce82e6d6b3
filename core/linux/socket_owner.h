// Who has sockets open: found for many sockets in one walk over all descriptors.
#ifndef KL_LINUX_SOCKET_OWNER_H
#define KL_LINUX_SOCKET_OWNER_H

#include "linux/process.h"

enum {
  KL_OWNERS = 256,      // sockets asked about at once
  KL_OWNER_SLOTS = 512, // of the hash table; half of them stay empty
  KL_OWNER_BATCH = 64,  // descriptors read at a time
};

struct kl_owners {
  size_t n;
  uint64_t sockets[KL_OWNERS]; // struct socket; 0 for what nobody can have open
  uint64_t tgids[KL_OWNERS];   // 0: nobody has
  uint16_t slots[KL_OWNER_SLOTS];
  struct kl_process_walk processes;
  uint64_t tgid;              // whose descriptors are read
  uint64_t table, fd, fd_end; // of them
  uint64_t loaded, loaded_end;
  uint8_t files[KL_OWNER_BATCH * 8];
  const char *lost_what; // of the last error: a static string
  uint64_t lost;
};

void kl_owners_clear(struct kl_owners *o);
// Adds a struct socket; n must be below KL_OWNERS.
void kl_owners_add(struct kl_owners *o, uint64_t socket);
// Begins to look for owners of what was added. only: a tgid, or 0 for all.
// KL_END: no such process.
enum kl_status kl_owners_begin(struct kl_owners *o, struct kl_kernel *k, struct kl_budget *budget,
                               uint64_t only) KL_MUST_USE;
// Goes on until KL_END: then tgids hold the processes that have a socket open,
// of several the first in the kernel's order. KL_ERR_BUDGET ends the search; any
// other status: what lost_what names is lost at o->lost, and the next call goes
// on. Steps: a process, a batch of descriptors and an open file each.
enum kl_status kl_owners_find(struct kl_owners *o) KL_MUST_USE;

#endif
