// Walking BTF types by id or by name.
#include "tables/type_walk.h"

#include "base/checked.h"

struct kl_type_walk kl_type_walk_all(const struct kl_btf *btf) {
  return (struct kl_type_walk){.btf = btf, .next = 1, .end = kl_btf_count(btf)};
}

struct kl_type_walk kl_type_walk_one(const struct kl_btf *btf, uint64_t id) {
  uint32_t count = kl_btf_count(btf);
  uint32_t first = id && id < count ? (uint32_t)id : count;
  return (struct kl_type_walk){.btf = btf, .next = first, .end = first < count ? first + 1 : count};
}

struct kl_type_walk kl_type_walk_named(const struct kl_btf *btf, struct kl_bytes name) {
  return (struct kl_type_walk){.btf = btf, .by_name = true, .name = name, .kind = KL_BTF_INT};
}

static bool next_named(struct kl_type_walk *walk, struct kl_btf_type *ret) {
  while (walk->kind < KL_BTF_UNKNOWN) {
    walk->previous = kl_btf_find(walk->btf, walk->kind, walk->name, walk->previous);
    if (walk->previous) {
      kl_btf_type(walk->btf, walk->previous, ret);
      return true;
    }
    walk->kind++;
  }
  return false;
}

bool kl_type_walk_next(struct kl_type_walk *walk, struct kl_btf_type *ret) {
  if (walk->by_name)
    return next_named(walk, ret);
  if (walk->next >= walk->end)
    return false;
  kl_btf_type(walk->btf, walk->next++, ret);
  return true;
}

static const char *const kind_names[] = {
    [KL_BTF_VOID] = "void",         [KL_BTF_INT] = "int",
    [KL_BTF_PTR] = "ptr",           [KL_BTF_ARRAY] = "array",
    [KL_BTF_STRUCT] = "struct",     [KL_BTF_UNION] = "union",
    [KL_BTF_ENUM] = "enum",         [KL_BTF_FWD] = "fwd",
    [KL_BTF_TYPEDEF] = "typedef",   [KL_BTF_VOLATILE] = "volatile",
    [KL_BTF_CONST] = "const",       [KL_BTF_RESTRICT] = "restrict",
    [KL_BTF_FUNC] = "func",         [KL_BTF_FUNC_PROTO] = "func_proto",
    [KL_BTF_VAR] = "var",           [KL_BTF_DATASEC] = "datasec",
    [KL_BTF_FLOAT] = "float",       [KL_BTF_DECL_TAG] = "decl_tag",
    [KL_BTF_TYPE_TAG] = "type_tag", [KL_BTF_ENUM64] = "enum64",
    [KL_BTF_UNKNOWN] = "unknown",
};

const char *kl_btf_kind_name(enum kl_btf_kind kind) {
  return (size_t)kind < sizeof kind_names / sizeof *kind_names ? kind_names[kind] : "unknown";
}
