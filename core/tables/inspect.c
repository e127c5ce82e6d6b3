// Memory by address, and types by name.
#include "kernlens/inspect.h"

#include "base/checked.h"
#include "base/memory.h"
#include "base/text.h"
#include "kernel/dump.h"
#include "tables/cell.h"
#include "tables/type_scan.h"

// ── Places ─────────────────────────────────────────────────────────────────

static const char *const known_names[] = {
#define KNOWN_NAME(symbol, need) #symbol,
    KL_SYMBOL_LIST(KNOWN_NAME)
#undef KNOWN_NAME
};

// A symbol by name. What attach has found and verified comes first: kallsyms may
// have only code, or several of one name.
static enum kl_status find_symbol(struct kl_kernel *k, struct kl_bytes name, uint64_t *ret) {
  for (size_t i = 0; i < KL_SYMBOL_COUNT; i++) {
    if (!k->known[i].present || !kl_bytes_equal(name, known_names[i]))
      continue;
    *ret = k->known[i].address;
    return KL_OK;
  }
  struct kl_symbol symbol;
  if (!k->symbols)
    return KL_ERR_NOT_FOUND;
  KL_TRY(kl_symbols_find(k->symbols, name, &symbol));
  *ret = symbol.address;
  return KL_OK;
}

static enum kl_status parse_term(struct kl_dump *dump, struct kl_bytes term, uint64_t *ret) {
  if (!term.n)
    return KL_ERR_ARGUMENT;
  if (term.p[0] >= '0' && term.p[0] <= '9') {
    bool ok = kl_bytes_start(term, "0x") ? kl_parse_hex(term, ret) : kl_parse_decimal(term, ret);
    return ok ? KL_OK : KL_ERR_ARGUMENT;
  }
  return dump->kernel ? find_symbol(dump->kernel, term, ret) : KL_ERR_NOT_FOUND;
}

// TERM{(+|-)TERM}, modulo 2^64. *at is where the term that is wrong begins.
static enum kl_status parse_expression(struct kl_dump *dump, struct kl_bytes text, uint64_t *ret, size_t *at) {
  uint64_t sum = 0;
  bool minus = false;
  *at = 0;
  for (;;) {
    size_t n = 0;
    while (*at + n < text.n && text.p[*at + n] != '+' && text.p[*at + n] != '-')
      n++;
    uint64_t term;
    KL_TRY(parse_term(dump, kl_bytes_of(text.p + *at, n), &term));
    sum = minus ? sum - term : sum + term;
    if (*at + n == text.n)
      break;
    minus = text.p[*at + n] == '-';
    *at += n + 1;
  }
  *ret = sum;
  return KL_OK;
}

// v:PID: in front of an expression.
static bool take_pid(struct kl_bytes *text, uint64_t *ret) {
  size_t n = 0;
  while (n < text->n && text->p[n] != ':')
    n++;
  struct kl_bytes pid, colon, rest = *text;
  if (!kl_bytes_take(&rest, n, &pid) || !kl_bytes_take(&rest, 1, &colon) || !kl_parse_decimal(pid, ret))
    return false;
  *text = rest;
  return true;
}

enum kl_status kl_place_parse(struct kl_dump *dump, const char *text, size_t n, struct kl_place *ret, size_t *bad) {
  struct kl_bytes rest = kl_bytes_of(text, n), prefix;
  *ret = (struct kl_place){.kind = KL_PLACE_KERNEL};
  if (kl_bytes_start(rest, "p:"))
    ret->kind = KL_PLACE_PHYSICAL;
  if (kl_bytes_start(rest, "p:") || kl_bytes_start(rest, "v:"))
    (void)kl_bytes_take(&rest, 2, &prefix);
  if (ret->kind == KL_PLACE_KERNEL && kl_bytes_start(kl_bytes_of(text, n), "v:") && take_pid(&rest, &ret->pid))
    ret->kind = KL_PLACE_PROCESS;
  size_t at;
  enum kl_status status = parse_expression(dump, rest, &ret->address, &at);
  if (bad)
    *bad = n - rest.n + at;
  return status;
}

// No symbol covers more: what lies further behind one is something else.
enum { SYMBOL_REACH = 1 << 20 };

void kl_symbol_print(struct kl_dump *dump, uint64_t address, struct kl_text *out) {
  struct kl_symbol symbol;
  uint64_t offset;
  if (!dump->kernel || !dump->kernel->symbols ||
      kl_symbols_by_address(dump->kernel->symbols, address, &symbol, &offset) != KL_OK || offset > SYMBOL_REACH)
    return;
  kl_text_guest(out, symbol.name.p, symbol.name.n);
  if (offset) {
    kl_text_string(out, "+0x");
    kl_text_hex(out, offset, 1);
  }
}

// ── Memory ─────────────────────────────────────────────────────────────────

struct kl_memory {
  struct kl_dump *dump;
  enum kl_place_kind kind;
  struct kl_space space; // unless physical
};

// Room behind a kl_memory for the cursor that finds a process: not the arena,
// where a table may put what it keeps.
static const struct kl_table *process_table(void) {
  return kl_table_find("tasks");
}

static size_t own_bytes(void) {
  return (sizeof(struct kl_memory) + 15) & ~(size_t)15;
}

size_t kl_memory_bytes(void) {
  return own_bytes() + (process_table() ? kl_cursor_bytes(process_table()) : 0);
}

// A process's page-table root, as its row in tasks has it.
static enum kl_status process_root(struct kl_dump *dump, uint64_t pid, uint8_t *room, uint64_t *ret) {
  const struct kl_table *table = process_table();
  int pid_column = table ? kl_table_column(table, "pid") : -1;
  int root_column = table ? kl_table_column(table, "page_table_root") : -1;
  if (pid_column < 0 || root_column < 0)
    return KL_ERR_UNSUPPORTED;
  struct kl_constraint constraint = {
      .column = (uint32_t)pid_column, .op = KL_OP_EQ, .value = {.kind = KL_CELL_U64, .u64 = pid}};
  struct kl_query query = {
      .table = table, .constraints = &constraint, .n_constraints = 1, .columns = 1ull << root_column};
  struct kl_cursor *cursor;
  const struct kl_cell *cells;
  KL_TRY(kl_cursor_open(dump, &query, room, kl_cursor_bytes(table), &cursor));
  enum kl_status status = kl_cursor_next(cursor, &cells);
  if (status != KL_OK)
    return status == KL_END ? KL_ERR_NOT_FOUND : status;
  const struct kl_cell *root = &cells[root_column];
  *ret = root->u64;
  return root->kind == KL_CELL_UNREADABLE ? root->why : root->kind == KL_CELL_NULL ? KL_ERR_UNMAPPED : KL_OK;
}

enum kl_status kl_memory_open(struct kl_dump *dump, const struct kl_place *place, void *block, size_t bytes,
                              struct kl_memory **ret) {
  if (bytes < kl_memory_bytes() || (uintptr_t)block % 16)
    return KL_ERR_ARGUMENT;
  struct kl_memory *m = block;
  m->dump = dump;
  m->kind = place->kind;
  *ret = m;
  if (place->kind == KL_PLACE_PHYSICAL)
    return KL_OK;
  struct kl_kernel *k = dump->kernel;
  uint64_t user_root = 0;
  if (!k)
    return KL_ERR_ARGUMENT;
  if (place->kind == KL_PLACE_PROCESS)
    KL_TRY(process_root(dump, place->pid, (uint8_t *)block + own_bytes(), &user_root));
  kl_space_init(&m->space, &k->paging, k->image, k->root, user_root);
  return KL_OK;
}

uint64_t kl_page_bytes(const struct kl_dump *dump) {
  return 1ull << dump->kernel->paging.granule_shift;
}

enum kl_status kl_memory_read(struct kl_memory *m, uint64_t address, void *dst, size_t n) {
  if (m->kind == KL_PLACE_PHYSICAL)
    return kl_image_read(m->dump->image, address, dst, n);
  return kl_space_read(&m->space, kl_paging_strip(m->space.paging, address), dst, n);
}

static const char *const states[] = {
    [KL_ENTRY_PRESENT] = "present", [KL_ENTRY_NONE] = "none",           [KL_ENTRY_PROT_NONE] = "prot_none",
    [KL_ENTRY_SWAP] = "swap",       [KL_ENTRY_MIGRATION] = "migration", [KL_ENTRY_OTHER] = "other",
};

enum kl_status kl_memory_translate(struct kl_memory *m, uint64_t address, struct kl_translated *ret) {
  if (m->kind == KL_PLACE_PHYSICAL) {
    *ret = (struct kl_translated){.state = "present", .mapped = true, .physical = address};
    return KL_OK;
  }
  struct kl_translation t;
  const struct kl_space *space = &m->space;
  address = kl_paging_strip(space->paging, address);
  uint64_t root = address >> 63 ? space->kernel_root : space->user_root;
  if (!root)
    return KL_ERR_UNMAPPED;
  KL_TRY(kl_paging_translate(space->paging, space->image, root, address, &t));
  *ret = (struct kl_translated){
      .state = states[t.state],
      .mapped = t.state == KL_ENTRY_PRESENT || t.state == KL_ENTRY_PROT_NONE,
      .physical = t.phys,
      .page_bytes = t.page_bytes,
      .entry = t.entry,
      .level = t.level,
      .writable = t.writable,
      .executable = t.executable,
      .user = t.user,
      .dirty = t.dirty,
      .accessed = t.accessed,
      .swapped = t.state == KL_ENTRY_SWAP,
      .swap_type = t.swap_type,
      .swap_offset = t.swap_offset,
      .root = root,
  };
  return KL_OK;
}

static const char *const segment_states[] = {
    [KL_SEGMENT_FILE] = "file", [KL_SEGMENT_ZERO] = "zero", [KL_SEGMENT_FILTERED] = "filtered"};

const char *kl_physical_state(struct kl_dump *dump, uint64_t physical, uint64_t *file_offset) {
  struct kl_segment segment;
  *file_offset = 0;
  if (kl_image_segment(dump->image, physical, &segment) != KL_OK || segment.start > physical)
    return "absent";
  if (segment.state == KL_SEGMENT_FILE)
    *file_offset = segment.file_offset + (physical - segment.start);
  return segment_states[segment.state];
}

// ── Types ──────────────────────────────────────────────────────────────────

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
  for (size_t n = 0; n < text.n; n++) {
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
