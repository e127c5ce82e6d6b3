// Which BTF types a table over types visits: all, one id, or one name.
#ifndef KL_TABLES_TYPE_WALK_H
#define KL_TABLES_TYPE_WALK_H

#include "btf/btf.h"

struct kl_type_walk {
  const struct kl_btf *btf;
  bool by_name;
  uint32_t next, end;   // ids, unless by name
  struct kl_bytes name; // borrowed
  enum kl_btf_kind kind;
  uint32_t previous; // of this name and kind
};

struct kl_type_walk kl_type_walk_all(const struct kl_btf *btf);
struct kl_type_walk kl_type_walk_one(const struct kl_btf *btf, uint64_t id);
// name: borrowed as long as the walk.
struct kl_type_walk kl_type_walk_named(const struct kl_btf *btf, struct kl_bytes name);
// False past the last.
bool kl_type_walk_next(struct kl_type_walk *walk, struct kl_btf_type *ret);

// The kind as bpftool writes it: "struct", "ptr", ...
const char *kl_btf_kind_name(enum kl_btf_kind kind);

#endif
