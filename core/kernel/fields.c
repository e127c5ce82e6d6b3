// Resolves the tables of fields.h from BTF.
#include "base/text.h"
#include "kernel/resolve.h"

struct wanted_field {
  const char *type, *member;
  uint8_t member_bytes;
  uint8_t need; // enum kl_need
};
static const struct wanted_field wanted_fields[KL_FIELD_COUNT] = {
#define KL_WANTED_FIELD(type, member, need, note) {#type, #member, sizeof #member - 1, KL_##need},
    KL_FIELD_LIST(KL_WANTED_FIELD)
#undef KL_WANTED_FIELD
};

static const char *const wanted_types[KL_TYPE_COUNT] = {
#define KL_WANTED_TYPE(type) #type,
    KL_TYPE_LIST(KL_WANTED_TYPE)
#undef KL_WANTED_TYPE
};

struct wanted_enum {
  const char *type, *value;
};
static const struct wanted_enum wanted_enums[KL_ENUM_COUNT] = {
#define KL_WANTED_ENUM(type, value) {#type, #value},
    KL_ENUM_LIST(KL_WANTED_ENUM)
#undef KL_WANTED_ENUM
};

static struct kl_bytes name_of(const char *s) {
  return kl_bytes_of(s, kl_string_length(s));
}

static struct kl_bytes member_of(const struct wanted_field *w) {
  return kl_bytes_of(w->member, w->member_bytes);
}

// ── Structs ────────────────────────────────────────────────────────────────

// How many of the wanted members of this struct's name the type has.
static uint32_t members_of(const struct kl_btf *btf, uint32_t id, const char *type) {
  uint32_t n = 0;
  for (size_t i = 0; i < KL_FIELD_COUNT; i++) {
    struct kl_btf_field field;
    n += kl_text_equal(wanted_fields[i].type, type) &&
         kl_btf_find_member(btf, id, member_of(&wanted_fields[i]), &field);
  }
  return n;
}

// Files of the kernel may use one name for different structs ("struct bucket"):
// the one that has most of what is asked for. Of more than a kernel has, the
// first: looking for a member may take a million steps.
static uint32_t choose_struct(const struct kl_btf *btf, const char *type) {
  enum { SAME_NAME = 8 };
  const enum kl_btf_kind kinds[] = {KL_BTF_STRUCT, KL_BTF_UNION};
  uint32_t best = 0, best_members = 0, seen = 0;
  for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
    uint32_t id = kl_btf_find(btf, kinds[kind], name_of(type), 0);
    while (id && seen++ < SAME_NAME) {
      uint32_t next = kl_btf_find(btf, kinds[kind], name_of(type), id);
      if (!best && !next)
        return id; // the usual case
      uint32_t members = members_of(btf, id, type);
      if (!best || members > best_members) {
        best = id;
        best_members = members;
      }
      id = next;
    }
  }
  return best ? best : kl_btf_find_struct(btf, type);
}

static bool is_signed(const struct kl_btf *btf, uint32_t id) {
  struct kl_btf_type t;
  struct kl_btf_int integer;
  // atomic_t, kuid_t: structs around one number. The nesting is bounded by BTF's
  // validation, and by depth.
  for (int depth = 0; depth < 4; depth++) {
    kl_btf_type(btf, kl_btf_strip(btf, id), &t);
    if (t.kind != KL_BTF_STRUCT || !t.vlen)
      break;
    struct kl_btf_member member;
    kl_btf_member(btf, &t, 0, &member);
    uint64_t bytes;
    if (member.bit_size || !kl_btf_size(btf, member.type, &bytes) || bytes != t.size)
      return false;
    id = member.type;
  }
  if (t.kind == KL_BTF_INT) {
    kl_btf_int(btf, &t, &integer);
    return integer.is_signed;
  }
  return (t.kind == KL_BTF_ENUM || t.kind == KL_BTF_ENUM64) && t.kflag;
}

bool kl_field_of_member(const struct kl_btf *btf, const struct kl_btf_field *member, struct kl_field *ret) {
  uint64_t bytes = 0;
  *ret = (struct kl_field){.present = true, .type = member->type, .offset = member->bit_offset / 8};
  if (member->bit_size) {
    ret->bit_offset = (uint8_t)(member->bit_offset % 8);
    ret->bit_size = (uint8_t)member->bit_size;
    bytes = (ret->bit_offset + (uint64_t)member->bit_size + 7) / 8;
    if (member->bit_size > 64 || bytes > 8)
      return false;
  } else if (!kl_btf_size(btf, member->type, &bytes) || bytes > UINT32_MAX) {
    return false;
  }
  ret->size = (uint32_t)bytes;
  ret->is_signed = is_signed(btf, member->type);
  return true;
}

static void resolve_fields(struct kl_kernel *k) {
  const char *type = "";
  uint32_t id = 0;
  for (size_t i = 0; i < KL_FIELD_COUNT; i++) {
    const struct wanted_field *w = &wanted_fields[i];
    if (!kl_text_equal(w->type, type)) {
      type = w->type;
      id = choose_struct(k->btf, type);
    }
    struct kl_btf_field member;
    k->fields[i] = (struct kl_field){0};
    if (id && kl_btf_find_member(k->btf, id, member_of(w), &member) &&
        kl_field_of_member(k->btf, &member, &k->fields[i]))
      continue;
    k->fields[i].present = false;
    if (w->need == KL_REQUIRED)
      kl_diagnostics_add(k->diagnostics, "fields", w->member, 0, KL_ERR_NOT_FOUND);
  }
}

// ── Types and enums ────────────────────────────────────────────────────────

static void resolve_types(struct kl_kernel *k) {
  for (size_t i = 0; i < KL_TYPE_COUNT; i++) {
    uint32_t id = choose_struct(k->btf, wanted_types[i]);
    if (!id)
      id = kl_btf_find(k->btf, KL_BTF_TYPEDEF, name_of(wanted_types[i]), 0);
    k->types[i].present = id && kl_btf_size(k->btf, id, &k->types[i].bytes);
    k->types[i].type = id;
  }
}

static void resolve_enums(struct kl_kernel *k) {
  for (size_t i = 0; i < KL_ENUM_COUNT; i++) {
    const char *type = kl_text_equal(wanted_enums[i].type, "anon") ? "" : wanted_enums[i].type;
    k->enums[i].present = kl_btf_find_enum(k->btf, type, wanted_enums[i].value, &k->enums[i].value);
  }
}

void kl_resolve_fields(struct kl_kernel *k) {
  resolve_fields(k);
  resolve_types(k);
  resolve_enums(k);
}
