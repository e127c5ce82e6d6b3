// Special fields of map values.
#include "linux/bpf_special.h"

#include "base/memory.h"
#include "linux/enum_name.h"

enum { MAX_ERRNO = 4095 };                                    // include/linux/err.h
enum { LOCK_BYTES = 4, TIMER_BYTES = 16, POINTER_BYTES = 8 }; // struct bpf_spin_lock, bpf_timer (UAPI)

static bool same(const char *kind, const char *name) {
  size_t n = kl_string_length(name);
  return kl_string_length(kind) == n && memcmp(kind, name, n) == 0;
}

static enum kl_status add(struct kl_bpf_specials *s, uint64_t offset, uint64_t bytes, const char *kind, size_t n,
                          uint32_t value_bytes) {
  if (s->count == KL_BPF_SPECIALS || offset > value_bytes || bytes > value_bytes - offset)
    return KL_ERR_MALFORMED;
  struct kl_bpf_special *field = &s->fields[s->count++];
  *field = (struct kl_bpf_special){.offset = (uint32_t)offset, .bytes = (uint32_t)bytes};
  memcpy(field->kind, kind, n < sizeof field->kind ? n : sizeof field->kind - 1);
  return KL_OK;
}

static enum kl_status add_named(struct kl_bpf_specials *s, uint64_t offset, uint64_t bytes, const char *kind,
                                uint32_t value_bytes) {
  return add(s, offset, bytes, kind, kl_string_length(kind), value_bytes);
}

static enum kl_status read_record(struct kl_kernel *k, uint64_t record, uint32_t value_bytes,
                                  struct kl_bpf_specials *ret) {
  uint64_t count, fields;
  KL_TRY(kl_get(k, record, KL_F_btf_record_cnt, &count));
  KL_TRY(kl_member(k, record, KL_F_btf_record_fields, &fields));
  if (count > KL_BPF_SPECIALS || !k->types[KL_T_btf_field].present)
    return KL_ERR_MALFORMED;
  for (uint64_t i = 0; i < count; i++) {
    uint64_t field = fields + i * k->types[KL_T_btf_field].bytes, offset, bytes, type;
    char name[32];
    struct kl_text text = kl_text_into(name, sizeof name);
    KL_TRY(kl_get(k, field, KL_F_btf_field_offset, &offset));
    KL_TRY(kl_get(k, field, KL_F_btf_field_size, &bytes));
    KL_TRY(kl_get(k, field, KL_F_btf_field_type, &type));
    if (kl_enum_name(k, "btf_field_type", "BPF_", (int64_t)type, &text) != KL_OK)
      text.used = 0; // a kind that the kernel does not name is special all the same
    KL_TRY(add(ret, offset, bytes, name, text.used, value_bytes));
  }
  return KL_OK;
}

static enum kl_status read_pointers(struct kl_kernel *k, uint64_t table, uint32_t value_bytes,
                                    struct kl_bpf_specials *ret) {
  uint64_t count, fields, offset;
  KL_TRY(kl_get(k, table, KL_F_bpf_map_value_off_nr_off, &count));
  KL_TRY(kl_member(k, table, KL_F_bpf_map_value_off_off, &fields));
  if (count > KL_BPF_SPECIALS || !k->types[KL_T_bpf_map_value_off_desc].present)
    return KL_ERR_MALFORMED;
  for (uint64_t i = 0; i < count; i++) {
    KL_TRY(kl_get(k, fields + i * k->types[KL_T_bpf_map_value_off_desc].bytes, KL_F_bpf_map_value_off_desc_offset,
                  &offset));
    KL_TRY(add_named(ret, offset, POINTER_BYTES, "kptr", value_bytes));
  }
  return KL_OK;
}

// An offset member of struct bpf_map: negative (-EINVAL) when there is none.
static enum kl_status read_offset(struct kl_kernel *k, uint64_t map, enum kl_field_id member, uint32_t bytes,
                                  const char *kind, uint32_t value_bytes, struct kl_bpf_specials *ret) {
  uint64_t offset = 0;
  if (!kl_has(k, member))
    return KL_OK;
  KL_TRY(kl_get(k, map, member, &offset));
  return (int64_t)offset < 0 ? KL_OK : add_named(ret, offset, bytes, kind, value_bytes);
}

// A value that is no struct, or has none of what is looked for, leaves an error
// (ERR_PTR) and not null: btf_parse_fields(), btf_parse_kptrs().
static bool is_none(uint64_t pointer) {
  return !pointer || pointer >= (uint64_t)-MAX_ERRNO;
}

enum kl_status kl_bpf_specials_read(struct kl_kernel *k, const struct kl_bpf_map *map,
                                    struct kl_bpf_specials *ret) {
  uint64_t pointer = 0;
  ret->count = 0;
  if (kl_has(k, KL_F_bpf_map_record)) {
    KL_TRY(kl_get_pointer(k, map->address, KL_F_bpf_map_record, &pointer));
    return is_none(pointer) ? KL_OK : read_record(k, pointer, map->value_bytes, ret);
  }
  KL_TRY(read_offset(k, map->address, KL_F_bpf_map_spin_lock_off, LOCK_BYTES, "spin_lock", map->value_bytes, ret));
  KL_TRY(read_offset(k, map->address, KL_F_bpf_map_timer_off, TIMER_BYTES, "timer", map->value_bytes, ret));
  if (!kl_has(k, KL_F_bpf_map_kptr_off_tab))
    return KL_OK;
  KL_TRY(kl_get_pointer(k, map->address, KL_F_bpf_map_kptr_off_tab, &pointer));
  return is_none(pointer) ? KL_OK : read_pointers(k, pointer, map->value_bytes, ret);
}

void kl_bpf_specials_hide(const struct kl_bpf_specials *specials, uint8_t *value, size_t n) {
  for (size_t i = 0; i < specials->count; i++) {
    const struct kl_bpf_special *s = &specials->fields[i];
    if (s->offset <= n && s->bytes <= n - s->offset)
      memset(value + s->offset, 0, s->bytes);
  }
}

// What the words of a special field are; null: nothing worth a name.
static const struct {
  const char *kind, *first, *second;
} shapes[] = {
    {"timer", "address", NULL},     {"workqueue", "address", NULL},    {"wq", "address", NULL},
    {"task_work", "address", NULL}, {"list_head", "next", "previous"}, {"rb_root", "node", "leftmost"},
};

static void put_address(struct kl_text *out, const char *name, uint64_t address) {
  kl_text_string(out, ",\"");
  kl_text_string(out, name);
  kl_text_string(out, "\":");
  if (!address) {
    kl_text_string(out, "null");
    return;
  }
  kl_text_char(out, '"');
  kl_text_address(out, address);
  kl_text_char(out, '"');
}

static void put_number(struct kl_text *out, const char *name, uint64_t v) {
  kl_text_string(out, ",\"");
  kl_text_string(out, name);
  kl_text_string(out, "\":");
  kl_text_decimal(out, v);
}

// The program whose callback a timer runs: in struct bpf_async_cb since 6.10.
static enum kl_status timer_program(struct kl_kernel *k, uint64_t timer, uint64_t *id) {
  uint64_t callback, program, aux;
  if (kl_has(k, KL_F_bpf_hrtimer_cb)) {
    KL_TRY(kl_member(k, timer, KL_F_bpf_hrtimer_cb, &callback));
    KL_TRY(kl_get_pointer(k, callback, KL_F_bpf_async_cb_prog, &program));
  } else {
    KL_TRY(kl_get_pointer(k, timer, KL_F_bpf_hrtimer_prog, &program));
  }
  if (!program) // no callback was given yet
    return KL_ERR_NOT_FOUND;
  KL_TRY(kl_get_pointer(k, program, KL_F_bpf_prog_aux, &aux));
  return kl_get(k, aux, KL_F_bpf_prog_aux_id, id);
}

// struct bpf_hrtimer. What can't be read is left out, never guessed.
static void put_timer(struct kl_kernel *k, uint64_t timer, struct kl_text *out) {
  uint64_t hrtimer, armed = 0, expires = 0, id = 0;
  if (timer_program(k, timer, &id) == KL_OK)
    put_number(out, "program_id", id);
  if (kl_member(k, timer, KL_F_bpf_hrtimer_timer, &hrtimer) != KL_OK ||
      kl_get(k, hrtimer, kl_either(k, KL_F_hrtimer_is_queued, KL_F_hrtimer_state), &armed) != KL_OK)
    return;
  kl_text_string(out, armed ? ",\"armed\":true" : ",\"armed\":false");
  if (armed && kl_get(k, hrtimer, KL_F_hrtimer__softexpires, &expires) == KL_OK)
    put_number(out, "expires_ns", expires);
}

bool kl_bpf_special_render(struct kl_kernel *k, const struct kl_bpf_special *special, struct kl_bytes value,
                           struct kl_text *out) {
  struct kl_bytes field;
  size_t i = 0;
  while (i < sizeof shapes / sizeof *shapes && !same(special->kind, shapes[i].kind))
    i++;
  if (i == sizeof shapes / sizeof *shapes || !kl_bytes_slice(value, special->offset, special->bytes, &field) ||
      field.n < (shapes[i].second ? 16 : 8))
    return false;
  uint64_t first = kl_le64(field.p);
  kl_text_string(out, "{\"kind\":\"");
  kl_text_string(out, shapes[i].kind);
  kl_text_char(out, '"');
  put_address(out, shapes[i].first, first);
  if (shapes[i].second)
    put_address(out, shapes[i].second, kl_le64(field.p + 8));
  if (i == 0 && first)
    put_timer(k, first, out);
  kl_text_char(out, '}');
  return true;
}
