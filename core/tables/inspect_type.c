// Types by name, their declarations, and values by type.
#include "base/checked.h"
#include "base/text.h"
#include "kernel/dump.h"
#include "kernlens/inspect.h"
#include "tables/type_scan.h"

// What a name may be, best first, and the word that asks for just that.
static const struct {
  const char *word;
  enum kl_btf_kind kind;
} kinds[] = {{"struct ", KL_BTF_STRUCT}, {"union ", KL_BTF_UNION}, {"enum ", KL_BTF_ENUM}, {"enum ", KL_BTF_ENUM64},
             {"", KL_BTF_TYPEDEF},       {"", KL_BTF_INT},         {"", KL_BTF_FLOAT},     {"", KL_BTF_FUNC},
             {"", KL_BTF_VAR},           {"", KL_BTF_DATASEC},     {"", KL_BTF_FWD}};
enum { KINDS = sizeof kinds / sizeof *kinds };

// A name with what was said in front of it.
struct type_name {
  struct kl_bytes in, word, name; // in, word: empty when not said
  uint64_t id;                    // of #ID
  bool has_id;
};

static struct type_name parse_type_name(struct kl_bytes text) {
  struct type_name t = {0};
  struct kl_bytes cut;
  for (size_t n = text.n; n-- > 0;) { // the last one: a BPF program's is bpf:ID
    if (text.p[n] != ':')
      continue;
    (void)kl_bytes_take(&text, n, &t.in);
    (void)kl_bytes_take(&text, 1, &cut);
    break;
  }
  for (size_t i = 0; i < KINDS && !t.word.n; i++)
    if (*kinds[i].word && kl_bytes_start(text, kinds[i].word))
      (void)kl_bytes_take(&text, kl_string_length(kinds[i].word), &t.word);
  t.name = text;
  t.has_id =
      !t.word.n && text.n > 1 && text.p[0] == '#' && kl_parse_decimal(kl_bytes_of(text.p + 1, text.n - 1), &t.id);
  return t;
}

// How good a candidate is: lower is better; KINDS when it is not what was asked.
static size_t rank_of(const struct type_name *want, enum kl_btf_kind kind) {
  for (size_t i = 0; i < KINDS; i++)
    if (kinds[i].kind == kind && (!want->word.n || kl_bytes_equal(want->word, kinds[i].word)))
      return i;
  return want->has_id ? 0 : KINDS;
}

// Attach chose this one of its name by the members that it has.
static bool is_known(const struct kl_kernel *k, const struct kl_type_scan *scan, uint32_t id) {
  for (size_t i = 0; i < KL_TYPE_COUNT && scan->btf == k->btf; i++)
    if (k->types[i].present && k->types[i].type == id)
      return true;
  return false;
}

static enum kl_status find_in(struct kl_dump *dump, const struct type_name *want, struct kl_bytes in,
                              struct kl_type_place *ret) {
  struct kl_budget budget = {.steps = dump->options.limits.steps};
  struct kl_type_scan scan;
  struct kl_btf_type t;
  enum kl_status status;
  size_t best = KINDS;
  kl_type_scan_init(&scan, dump->kernel, &budget);
  scan.has_id = want->has_id;
  scan.id = want->id;
  scan.has_name = !want->has_id;
  scan.name = want->name;
  scan.has_btf = in.n != 0;
  scan.in = in;
  // A BTF that can't be read is passed over: the next may have it.
  while ((status = kl_type_scan_next(&scan, &t)) != KL_END && status != KL_ERR_BUDGET) {
    size_t rank = status == KL_OK ? rank_of(want, t.kind) : KINDS;
    if (rank == KINDS || rank > best)
      continue;
    ret->others = rank == best ? ret->others + 1 : 0;
    if (rank < best || is_known(dump->kernel, &scan, t.id)) {
      ret->btf = scan.btf;
      ret->type = t.id;
    }
    best = rank;
  }
  return best < KINDS ? KL_OK : KL_ERR_NOT_FOUND;
}

static enum kl_status find_type(struct kl_dump *dump, struct kl_bytes text, struct kl_type_place *ret) {
  struct type_name want = parse_type_name(text);
  *ret = (struct kl_type_place){0};
  if (want.in.n)
    return find_in(dump, &want, want.in, ret);
  enum kl_status status = find_in(dump, &want, kl_bytes_of("vmlinux", sizeof "vmlinux" - 1), ret);
  if (status == KL_ERR_NOT_FOUND && !want.has_id) // ids of other BTFs overlap
    status = find_in(dump, &want, (struct kl_bytes){0}, ret);
  return status;
}

enum kl_status kl_type_find(struct kl_dump *dump, const char *text, size_t n, struct kl_type_place *ret,
                            size_t *bad) {
  if (!dump->kernel)
    return KL_ERR_ARGUMENT;
  size_t name = 0;
  while (name < n && text[name] != '.')
    name++;
  if (bad)
    *bad = 0;
  KL_TRY(find_type(dump, kl_bytes_of(text, name), ret));
  if (name == n)
    return KL_OK;
  struct kl_btf_field field;
  if (bad)
    *bad = name + 1;
  if (!kl_btf_find_path(ret->btf, kl_btf_strip(ret->btf, ret->type), kl_bytes_of(text + name + 1, n - name - 1),
                        &field))
    return KL_ERR_NOT_FOUND;
  if (field.bit_size || field.bit_offset % 8)
    return KL_ERR_UNSUPPORTED;
  ret->type = field.type;
  ret->offset = field.bit_offset / 8;
  return KL_OK;
}

bool kl_type_bytes(const struct kl_type_place *type, uint64_t *ret) {
  return type->type < kl_btf_count(type->btf) && kl_btf_size(type->btf, type->type, ret);
}

enum kl_status kl_type_declare(const struct kl_type_place *type, bool layout, struct kl_text *out) {
  if (type->type >= kl_btf_count(type->btf))
    return KL_ERR_ARGUMENT;
  return kl_btf_print_type(type->btf, type->type, layout, out);
}

enum { VALUE_PIECE = 4096 };

// Reads up to the first piece that can't be read. Pieces end where pages do.
static size_t read_prefix(struct kl_memory *m, uint64_t address, uint8_t *dst, size_t n, enum kl_status *lost) {
  size_t got = 0;
  *lost = KL_OK;
  while (got < n) {
    size_t part = (size_t)kl_min(n - got, VALUE_PIECE - (address + got) % VALUE_PIECE);
    *lost = kl_memory_read(m, address + got, dst + got, part);
    if (*lost != KL_OK)
      return got;
    got += part;
  }
  return got;
}

enum kl_status kl_type_value(struct kl_dump *dump, struct kl_memory *memory, const struct kl_type_place *type,
                             uint64_t address, bool json, struct kl_text *out, enum kl_status *lost) {
  uint64_t bytes;
  uint8_t *value;
  enum kl_status why;
  if (!kl_type_bytes(type, &bytes))
    return KL_ERR_ARGUMENT;
  if (bytes > dump->options.limits.value_bytes)
    return KL_ERR_LIMIT;
  size_t mark = kl_arena_mark(&dump->arena);
  KL_TRY(kl_arena_take(&dump->arena, bytes, 1, 16, &value));
  size_t got = read_prefix(memory, address, value, (size_t)bytes, &why);
  if (lost)
    *lost = why;
  enum kl_status status = got || !bytes ? KL_OK : why;
  if (status == KL_OK)
    status = kl_btf_print_value(type->btf, type->type, kl_bytes_of(value, got),
                                json ? KL_BTF_VALUE_JSON : KL_BTF_VALUE_TEXT, out);
  kl_arena_rewind(&dump->arena, mark); // nothing above keeps anything there
  return status;
}
