// BTF: opened, and when it is sound, each type in it asked for one thing, or printed in one way.
#include <string.h>

#include "btf/btf.h"
#include "harness.h"

enum { WORKSPACE = 8 << 20, PRINTED = 1 << 10, TYPES = 256 };

static enum kl_status swallow(void *user, const char *p, size_t n) {
  uint64_t *left = user;
  for (size_t i = 0; i < n; i++)
    FUZZ_REQUIRE(p[i] != 0);
  *left = n < *left ? *left - n : 0;
  return *left ? KL_OK : KL_ERR_CANCELLED;
}

static void ask_items(const struct kl_btf *btf, const struct kl_btf_type *t) {
  struct kl_btf_member member;
  struct kl_btf_field field;
  struct kl_btf_value value;
  struct kl_btf_array array;
  struct kl_btf_int integer;
  struct kl_btf_section_variable variable;
  struct kl_btf_parameter parameter;
  for (uint32_t i = 0; i < t->vlen && i < 256; i++) {
    if (t->kind == KL_BTF_STRUCT || t->kind == KL_BTF_UNION) {
      kl_btf_member(btf, t, i, &member);
      FUZZ_REQUIRE(member.type < kl_btf_count(btf));
      if (member.name.n)
        FUZZ_REQUIRE(kl_btf_find_member(btf, t->id, member.name, &field));
      (void)kl_btf_find_path(btf, t->id, member.name, &field);
    } else if (t->kind == KL_BTF_ENUM || t->kind == KL_BTF_ENUM64) {
      kl_btf_enum_value(btf, t, i, &value);
    } else if (t->kind == KL_BTF_DATASEC) {
      kl_btf_section_variable(btf, t, i, &variable);
    } else if (t->kind == KL_BTF_FUNC_PROTO) {
      kl_btf_parameter(btf, t, i, &parameter);
    }
  }
  if (t->kind == KL_BTF_ARRAY)
    kl_btf_array(btf, t, &array);
  if (t->kind == KL_BTF_INT)
    kl_btf_int(btf, t, &integer);
}

// What an input asks of each type.
enum { ASK_MEMBERS, ASK_NAMES, ASK_C, ASK_LAYOUT, ASK_TEXT, ASK_JSON, ASK_SHOWN, ASKS };

static void ask_members(const struct kl_btf *btf, const struct kl_btf_type *t) {
  uint64_t bytes;
  ask_items(btf, t);
  FUZZ_REQUIRE(kl_btf_strip(btf, t->id) < kl_btf_count(btf));
  (void)kl_btf_size(btf, t->id, &bytes);
  bool is_tag = t->kind == KL_BTF_TYPE_TAG || t->kind == KL_BTF_DECL_TAG; // not found by name
  if (t->name.n && !is_tag && t->kind != KL_BTF_UNKNOWN)
    FUZZ_REQUIRE(kl_btf_find(btf, t->kind, t->name, 0) != 0);
}

// With text of ours for what may begin at one offset.
static enum kl_status print_shown(const struct kl_btf *btf, uint32_t id, struct kl_bytes value,
                                  struct kl_text *out) {
  struct kl_btf_shown shown = {.offset = value.n / 2, .size = 8, .text = kl_bytes_of("shown", 5)};
  return kl_btf_print_value_with(btf, id, value, KL_BTF_VALUE_JSON, &shown, 1, out);
}

static void ask_type(const struct kl_btf *btf, uint32_t id, unsigned ask, struct kl_bytes value,
                     struct kl_text *out) {
  struct kl_btf_type type;
  kl_btf_type(btf, id, &type);
  FUZZ_REQUIRE(type.id == id);
  if (ask == ASK_MEMBERS)
    ask_members(btf, &type);
  else if (ask == ASK_NAMES)
    kl_btf_print_name(btf, id, out);
  else if (ask == ASK_C || ask == ASK_LAYOUT)
    (void)fuzz_status(kl_btf_print_type(btf, id, ask == ASK_LAYOUT, out));
  else if (ask == ASK_TEXT || ask == ASK_JSON)
    (void)fuzz_status(
        kl_btf_print_value(btf, id, value, ask == ASK_JSON ? KL_BTF_VALUE_JSON : KL_BTF_VALUE_TEXT, out));
  else
    (void)fuzz_status(print_shown(btf, id, value, out));
}

static void ask_all(const struct kl_btf *btf, unsigned ask, struct kl_bytes value, uint32_t first) {
  static char buffer[256];
  uint64_t left = PRINTED;
  struct kl_text out = kl_text_into(buffer, sizeof buffer);
  out.flush = swallow;
  out.user = &left;
  uint32_t count = kl_btf_count(btf);
  for (uint32_t id = first; id < count && id < first + TYPES && out.failed == KL_OK; id++)
    ask_type(btf, id, ask, value, &out);
  struct kl_btf_field field;
  int64_t enumerator;
  uint32_t task = kl_btf_find_struct(btf, "task_struct");
  if (task)
    (void)kl_btf_find_path(btf, task, kl_bytes_of("tasks.next", 10), &field);
  (void)kl_btf_find_enum(btf, "maple_type", "maple_leaf_64", &enumerator);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct fuzz_input input;
  fuzz_input_init(&input, data, n);
  uint8_t flags = fuzz_option8(&input), value_bytes = fuzz_option8(&input);
  unsigned ask = fuzz_option8(&input) % ASKS;
  struct kl_bytes body = input.body, split = {0};
  if (flags & 1) { // the base's length, and behind it a split BTF
    size_t cut = fuzz_option32(&input);
    split = body;
    if (kl_bytes_take(&split, cut < split.n ? cut : split.n, &body) && !split.n)
      split.p = NULL;
  }
  struct kl_bytes value = {data, value_bytes < n ? value_bytes : n};
  struct fuzz_guarded base_bytes = fuzz_guard(body.p, body.n, flags & 2);
  struct fuzz_guarded split_bytes = fuzz_guard(split.p, split.n, flags & 2);
  struct fuzz_guarded value_guarded = fuzz_guard(value.p, value.n, flags & 2);
  struct kl_limits limits = fuzz_limits();
  struct kl_arena arena;
  size_t workspace = flags & 4 ? fuzz_option16(&input) : WORKSPACE;
  kl_arena_init(&arena, fuzz_workspace_begin(workspace), workspace);
  struct kl_btf *base, *module;
  uint64_t total, bad = 0;
  struct kl_bytes head = {base_bytes.p, base_bytes.n < KL_BTF_PROBE_BYTES ? base_bytes.n : KL_BTF_PROBE_BYTES};
  bool probed = kl_btf_probe(head, &total);
  enum kl_status status =
      fuzz_status(kl_btf_open(&arena, kl_bytes_of(base_bytes.p, base_bytes.n), NULL, &limits, &base, &bad));
  FUZZ_REQUIRE(status != KL_OK || probed);
  FUZZ_REQUIRE(status != KL_ERR_MALFORMED || bad <= base_bytes.n);
  value.p = value_guarded.p;
  if (status == KL_OK) {
    if (!(flags & 1))
      ask_all(base, ask, value, 0);
    else if (fuzz_status(kl_btf_open(&arena, kl_bytes_of(split_bytes.p, split_bytes.n), base, &limits, &module,
                                     &bad)) == KL_OK)
      ask_all(module, ask, value, kl_btf_count(base));
  }
  fuzz_workspace_end(arena.peak);
  fuzz_release(&base_bytes);
  fuzz_release(&split_bytes);
  fuzz_release(&value_guarded);
  return 0;
}
