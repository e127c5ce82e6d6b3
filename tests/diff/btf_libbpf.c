// Every type of real BTFs, decoded here and by libbpf: all must agree.
//
//   btf_libbpf BASE [SPLIT...]
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "btf/btf.h"
#include "files.h"

static struct { unsigned long types, members, values, parameters, sizes, names, failures; } count;

static const char *file;

enum { ARENA = 64 << 20 };
static uint8_t arena_block[ARENA];

#define CHECK(id, what, ours, theirs)                                                                              \
  do {                                                                                                             \
    long long ours_ = (long long)(ours), theirs_ = (long long)(theirs);                                            \
    if (ours_ != theirs_ && count.failures++ < 20)                                                                 \
      printf("%s: type %u: %s is %lld, libbpf says %lld\n", file, id, what, ours_, theirs_);                       \
  } while (0)

static void check_name(uint32_t id, const char *what, struct kl_bytes ours, const char *theirs) {
  if (!theirs)
    theirs = "";
  if (!kl_bytes_equal(ours, theirs) && count.failures++ < 20)
    printf("%s: type %u: %s is %.*s, libbpf says %s\n", file, id, what, (int)ours.n, (const char *)ours.p, theirs);
}

static void check_members(const struct btf *their, const struct btf_type *bt, const struct kl_btf *btf,
                          const struct kl_btf_type *t) {
  const struct btf_member *bm = btf_members(bt);
  for (uint32_t i = 0; i < t->vlen; i++, bm++, count.members++) {
    struct kl_btf_member m;
    struct kl_btf_field f;
    uint64_t size = 0;
    kl_btf_member(btf, t, i, &m);
    check_name(t->id, "member name", m.name, btf__name_by_offset(their, bm->name_off));
    CHECK(t->id, "member type", m.type, bm->type);
    CHECK(t->id, "bit offset", m.bit_offset, btf_member_bit_offset(bt, i));
    CHECK(t->id, "bit size", m.bit_size, btf_member_bitfield_size(bt, i));
    CHECK(t->id, "member has a size", kl_btf_size(btf, m.type, &size), btf__resolve_size(their, bm->type) >= 0);
    CHECK(t->id, "member size", size, btf__resolve_size(their, bm->type));
    if (!m.name.n)
      continue;
    // The first member of that name (real structs repeat none).
    CHECK(t->id, "member is found", kl_btf_find_member(btf, t->id, m.name, &f), true);
    CHECK(t->id, "offset found", f.bit_offset, m.bit_offset);
    CHECK(t->id, "type found", f.type, m.type);
  }
}

static void check_values(const struct btf *their, const struct btf_type *bt, const struct kl_btf *btf,
                         const struct kl_btf_type *t) {
  for (uint32_t i = 0; i < t->vlen; i++, count.values++) {
    struct kl_btf_value v;
    kl_btf_enum_value(btf, t, i, &v);
    if (t->kind == KL_BTF_ENUM64) {
      check_name(t->id, "value name", v.name, btf__name_by_offset(their, btf_enum64(bt)[i].name_off));
      CHECK(t->id, "value", v.value, btf_enum64_value(&btf_enum64(bt)[i]));
    } else {
      check_name(t->id, "value name", v.name, btf__name_by_offset(their, btf_enum(bt)[i].name_off));
      CHECK(t->id, "value", (int32_t)v.value, btf_enum(bt)[i].val);
    }
  }
}

static void check_items(const struct btf *their, const struct btf_type *bt, const struct kl_btf *btf,
                        const struct kl_btf_type *t) {
  if (t->kind == KL_BTF_STRUCT || t->kind == KL_BTF_UNION) {
    check_members(their, bt, btf, t);
  } else if (t->kind == KL_BTF_ENUM || t->kind == KL_BTF_ENUM64) {
    check_values(their, bt, btf, t);
  } else if (t->kind == KL_BTF_ARRAY) {
    struct kl_btf_array a;
    kl_btf_array(btf, t, &a);
    CHECK(t->id, "element type", a.type, btf_array(bt)->type);
    CHECK(t->id, "index type", a.index_type, btf_array(bt)->index_type);
    CHECK(t->id, "elements", a.count, btf_array(bt)->nelems);
  } else if (t->kind == KL_BTF_INT) {
    struct kl_btf_int i;
    kl_btf_int(btf, t, &i);
    CHECK(t->id, "signed", i.is_signed, !!(btf_int_encoding(bt) & BTF_INT_SIGNED));
    CHECK(t->id, "bool", i.is_bool, !!(btf_int_encoding(bt) & BTF_INT_BOOL));
    CHECK(t->id, "bits", i.bits, btf_int_bits(bt));
    CHECK(t->id, "int offset", i.bit_offset, btf_int_offset(bt));
  } else if (t->kind == KL_BTF_FUNC_PROTO) {
    for (uint32_t k = 0; k < t->vlen; k++, count.parameters++) {
      struct kl_btf_parameter p;
      kl_btf_parameter(btf, t, k, &p);
      check_name(t->id, "parameter name", p.name, btf__name_by_offset(their, btf_params(bt)[k].name_off));
      CHECK(t->id, "parameter type", p.type, btf_params(bt)[k].type);
    }
  } else if (t->kind == KL_BTF_DATASEC) {
    for (uint32_t k = 0; k < t->vlen; k++) {
      struct kl_btf_section_variable v;
      kl_btf_section_variable(btf, t, k, &v);
      CHECK(t->id, "variable", v.type, btf_var_secinfos(bt)[k].type);
      CHECK(t->id, "variable offset", v.offset, btf_var_secinfos(bt)[k].offset);
      CHECK(t->id, "variable size", v.size, btf_var_secinfos(bt)[k].size);
    }
  }
}

static bool has_size(enum kl_btf_kind kind) {
  return kind == KL_BTF_INT || kind == KL_BTF_STRUCT || kind == KL_BTF_UNION || kind == KL_BTF_ENUM ||
         kind == KL_BTF_DATASEC || kind == KL_BTF_FLOAT || kind == KL_BTF_ENUM64;
}

static void check_type(const struct btf *their, const struct kl_btf *btf, uint32_t id) {
  const struct btf_type *bt = btf__type_by_id(their, id);
  struct kl_btf_type t;
  kl_btf_type(btf, id, &t);
  count.types++;
  if (!bt) {
    CHECK(id, "exists", true, false);
    return;
  }
  CHECK(id, "kind", t.kind, btf_kind(bt));
  CHECK(id, "kflag", t.kflag, btf_kflag(bt));
  CHECK(id, "vlen", t.vlen, btf_vlen(bt));
  check_name(id, "name", t.name, btf__name_by_offset(their, bt->name_off));
  CHECK(id, "size or type", has_size(t.kind) ? t.size : t.type, bt->size);
  if (t.kind != KL_BTF_DATASEC) { // libbpf gives up on types that have none
    uint64_t size = 0;
    long long theirs = btf__resolve_size(their, id);
    bool ours = kl_btf_size(btf, id, &size);
    CHECK(id, "has a size", ours, theirs >= 0);
    if (ours)
      CHECK(id, "size", size, theirs);
    count.sizes++;
  }
  check_items(their, bt, btf, &t);
}

// The first of each name. Of a split BTF libbpf looks through the base first,
// we through its own types: then ours must be one of that name all the same.
static void check_find(const struct btf *their, const struct kl_btf *btf, uint32_t id, bool split) {
  struct kl_btf_type t, found;
  kl_btf_type(btf, id, &t);
  if (!t.name.n || t.kind == KL_BTF_DECL_TAG || t.kind == KL_BTF_TYPE_TAG || t.kind == KL_BTF_FUNC)
    return; // FUNC: 50,000 linear searches would take libbpf long
  count.names++;
  uint32_t first = kl_btf_find(btf, t.kind, t.name, 0);
  kl_btf_type(btf, first, &found);
  if (split || first != id) {
    CHECK(id, "is found under its name", found.kind == t.kind && found.name.n == t.name.n, true);
    return;
  }
  char name[1025];
  snprintf(name, sizeof name, "%.*s", (int)t.name.n, (const char *)t.name.p);
  if (id % 16 == 0 || t.kind == KL_BTF_ENUM) // a sample, for time
    CHECK(id, "first of its name", first, btf__find_by_name_kind(their, name, t.kind));
}

static struct kl_bytes check_file(const char *path, struct btf *their_base, struct btf **their,
                                  struct kl_arena *arena, const struct kl_btf *base, struct kl_btf **btf) {
  struct kl_limits limits = kl_limits_default();
  struct kl_bytes data = file_bytes(path);
  uint64_t bad = 0;
  file = path;
  enum kl_status status = kl_btf_open(arena, data, base, &limits, btf, &bad);
  *their = their_base ? btf__parse_raw_split(path, their_base) : btf__new(data.p, (uint32_t)data.n);
  if (status != KL_OK || !*their) {
    printf("%s: %s at %llu; libbpf: %s\n", path, kl_status_text(status), (unsigned long long)bad,
           *their ? "ok" : "refused");
    count.failures++;
    exit(1);
  }
  CHECK(0u, "count of types", kl_btf_count(*btf), btf__type_cnt(*their));
  CHECK(0u, "bytes", kl_btf_bytes(*btf), data.n);
  for (uint32_t id = base ? kl_btf_count(base) : 1; id < kl_btf_count(*btf); id++) {
    check_type(*their, *btf, id);
    check_find(*their, *btf, id, base != 0);
  }
  return data;
}

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments) {
  (void)level;
  (void)format;
  (void)arguments;
  return 0;
}

int main(int argc, char **argv) {
  struct kl_arena arena;
  struct kl_btf *base, *split;
  struct btf *their_base, *their_split;
  if (argc < 2)
    return 2;
  libbpf_set_print(quiet);
  kl_arena_init(&arena, arena_block, sizeof arena_block);
  struct kl_bytes base_data = check_file(argv[1], 0, &their_base, &arena, 0, &base);
  for (int i = 2; i < argc; i++) {
    size_t mark = kl_arena_mark(&arena);
    struct kl_bytes data = check_file(argv[i], their_base, &their_split, &arena, base, &split);
    btf__free(their_split);
    kl_arena_rewind(&arena, mark);
    file_free(data);
  }
  btf__free(their_base);
  file_free(base_data);
  printf("libbpf %u.%u: %d files: %lu types, %lu members, %lu values, %lu parameters, %lu sizes, %lu names: %lu "
         "differences\n",
         libbpf_major_version(), libbpf_minor_version(), argc - 1, count.types, count.members, count.values,
         count.parameters, count.sizes, count.names, count.failures);
  return count.failures != 0;
}
