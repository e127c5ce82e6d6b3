// bpf_instructions: the instructions of BPF programs, after the verifier.
#include "base/memory.h"
#include "linux/bpf_disasm.h"
#include "linux/bpf_lines.h"
#include "linux/bpf_map.h"
#include "linux/bpf_program.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { PROGRAM_ID, INDEX, CODE, TEXT, FUNCTION, FILE_NAME, LINE, SOURCE, LINE_COLUMN, ADDRESS, COLUMNS };

static const struct kl_column columns[] = {
    [PROGRAM_ID] = {"program_id", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the program's id"},
    [INDEX] = {"index", KL_CELL_U64, KL_COLUMN_KEY, "number of the instruction"},
    [CODE] = {"code", KL_CELL_BYTES, 0, "its bytes: 8, or 16 for those with a 64-bit number"},
    [TEXT] = {"text", KL_CELL_TEXT, 0, "as the kernel would list it; maps by their ids, calls by their symbols"},
    [FUNCTION] = {"function", KL_CELL_TEXT, 0, "the function it belongs to; null without BTF"},
    [FILE_NAME] = {"file", KL_CELL_TEXT, 0, "source file it was made from, likewise"},
    [LINE] = {"line", KL_CELL_U64, 0, "line of that file"},
    [SOURCE] = {"source", KL_CELL_TEXT, KL_COLUMN_HIDDEN, "that line, without blanks before it"},
    [LINE_COLUMN] = {"line_column", KL_CELL_U64, KL_COLUMN_HIDDEN, "column in that line"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, KL_COLUMN_HIDDEN, "where it lies in guest memory"},
};

enum { MAX_INSTRUCTIONS = 1000000 }; // BPF_COMPLEXITY_LIMIT_INSNS (include/linux/bpf.h)

struct state {
  struct kl_bpf_objects programs;
  uint64_t id;           // of the program
  uint64_t code;         // its first instruction
  uint64_t index, count; // the next one, and how many there are
  size_t n_maps;
  struct {
    uint64_t address, data, end; // struct bpf_map; of an array: the values that code refers to
    uint32_t id;
  } maps[KL_BPF_USED_MAPS];
  uint64_t functions, n_functions; // struct bpf_func_info[] of aux; 0: not known
  uint64_t call_base;              // __bpf_call_base; 0: not known
  struct kl_bpf_lines lines;
  bool has_lines;
};

static uint64_t symbol(struct kl_kernel *k, const char *name) {
  struct kl_symbol found;
  struct kl_bytes bytes = kl_bytes_of(name, kl_string_length(name));
  return kl_symbols_find(k->symbols, bytes, &found) == KL_OK ? found.address : 0;
}

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t first, last;
  if (!kl_pushed_range(c, PROGRAM_ID, &first, &last))
    return KL_END;
  s->call_base = symbol(c->kernel, "__bpf_call_base");
  return kl_bpf_objects_open(&s->programs, c->kernel, &c->budget, KL_BPF_PROGRAMS, first, last);
}

// The maps that the program's code may point to, and its functions; what can't
// be read is noted as lost, and shows as a number.
static void take_references(struct kl_cursor *c, uint64_t program) {
  struct state *s = c->state;
  uint64_t aux, maps[KL_BPF_USED_MAPS];
  size_t n = 0;
  s->n_maps = 0;
  s->n_functions = 0;
  s->has_lines = false;
  enum kl_status status = kl_get_pointer(c->kernel, program, KL_F_bpf_prog_aux, &aux);
  if (status != KL_OK) {
    kl_lost(c, "aux", program, status);
    return;
  }
  status = kl_get(c->kernel, aux, KL_F_bpf_prog_aux_func_info_cnt, &s->n_functions);
  if (status == KL_OK)
    status = kl_get_pointer(c->kernel, aux, KL_F_bpf_prog_aux_func_info, &s->functions);
  if (status != KL_OK) {
    s->n_functions = 0;
    kl_lost(c, "functions", aux, status);
  }
  status = kl_bpf_lines_open(&s->lines, c->kernel, &c->budget, aux);
  s->has_lines = status == KL_OK;
  if (status != KL_OK && status != KL_END)
    kl_lost(c, "lines", aux, status);
  status = kl_bpf_program_maps(c->kernel, aux, maps, &n);
  if (status != KL_OK) {
    kl_lost(c, "maps", aux, status);
    return;
  }
  for (size_t i = 0; i < n; i++) {
    struct kl_bpf_map map;
    status = kl_bpf_map_read(c->kernel, maps[i], &map);
    if (status != KL_OK) { // its uses show as the numbers they are
      kl_lost(c, "map", maps[i], status);
      continue;
    }
    s->maps[s->n_maps].address = map.address;
    s->maps[s->n_maps].id = map.id;
    s->maps[s->n_maps].data = s->maps[s->n_maps].end = 0;
    if (map.type == KL_BPF_ARRAY &&
        kl_member(c->kernel, map.address, KL_F_bpf_array_value, &s->maps[s->n_maps].data) == KL_OK)
      s->maps[s->n_maps].end = s->maps[s->n_maps].data + (uint64_t)map.value_bytes * map.max_entries;
    s->n_maps++;
  }
}

static enum kl_status next_program(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t program = 0, count = 0;
  KL_TRY(kl_bpf_objects_next(&s->programs, &program, &s->id));
  s->programs.lost = program;
  KL_TRY(kl_get(c->kernel, program, KL_F_bpf_prog_len, &count));
  KL_TRY(kl_member(c->kernel, program, KL_F_bpf_prog_insnsi, &s->code));
  if (count > MAX_INSTRUCTIONS)
    return KL_ERR_LIMIT;
  take_references(c, program);
  s->count = count;
  s->index = 0;
  return KL_OK;
}

// Where function i of the program starts: struct bpf_func_info begins with it.
static bool starts_at(struct kl_cursor *c, uint64_t function, uint64_t index) {
  struct state *s = c->state;
  uint32_t start = 0;
  if (function >= s->n_functions)
    return false;
  enum kl_status status = kl_read_u32(c->kernel, s->functions + 8 * function, &start);
  if (status != KL_OK)
    kl_lost(c, "functions", s->functions + 8 * function, status);
  return status == KL_OK && start == index;
}

// A call of the program's own function has its number and its distance, which
// are off and imm in 7.x, and imm and off before: the table of functions tells.
static void order_call(struct kl_cursor *c, uint64_t index, struct kl_bpf_insn *insn) {
  uint64_t next = index + 1;
  if (starts_at(c, (uint64_t)(int64_t)insn->off, next + (uint64_t)(int64_t)insn->imm))
    return;
  if (starts_at(c, (uint64_t)(int64_t)insn->imm, next + (uint64_t)(int64_t)insn->off) || insn->off)
    insn->imm = insn->off;
}

// map[id:3], or map[id:3][0]+16 for a place in an array's values. What it
// writes is given back with the name.
static bool map_name(const struct state *s, uint64_t value, struct kl_text *out) {
  for (size_t i = 0; i < s->n_maps; i++) {
    bool inside = value >= s->maps[i].data && value < s->maps[i].end;
    if (value != s->maps[i].address && !inside)
      continue;
    kl_text_string(out, "map[id:");
    kl_text_decimal(out, s->maps[i].id);
    kl_text_char(out, ']');
    if (inside) {
      kl_text_string(out, "[0]+");
      kl_text_decimal(out, value - s->maps[i].data);
    }
    return true;
  }
  return false;
}

static struct kl_bytes name_of(struct kl_cursor *c, const struct kl_bpf_insn *insn, uint32_t upper,
                               struct kl_text *room) {
  struct state *s = c->state;
  uint64_t offset;
  struct kl_symbol found;
  if (kl_bpf_insn_is_wide(insn)) {
    uint64_t value = (uint64_t)upper << 32 | (uint32_t)insn->imm;
    if (!map_name(s, value, room) && kl_symbols_by_address(c->kernel->symbols, value, &found, &offset) == KL_OK &&
        !offset)
      return found.name;
    return kl_bytes_of(room->buffer, room->used);
  }
  if (kl_bpf_insn_is_kernel_call(insn) && s->call_base &&
      kl_symbols_by_address(c->kernel->symbols, s->call_base + (uint64_t)(int64_t)insn->imm, &found, &offset) ==
          KL_OK &&
      !offset)
    return found.name;
  return kl_bytes_of("", 0);
}

static void put_origin(struct kl_cursor *c, uint64_t index) {
  struct state *s = c->state;
  struct kl_bpf_lines *l = &s->lines;
  if (!s->has_lines)
    return;
  enum kl_status status = kl_bpf_lines_at(l, index);
  if (status != KL_OK) { // the rest would be told of a wrong line
    s->has_lines = false;
    kl_lost(c, "lines", l->lines.address, status);
    return;
  }
  if (l->in_function && l->function.n)
    kl_put_bytes(c, FUNCTION, KL_OK, 0, l->function.p, l->function.n);
  if (!l->in_line)
    return;
  struct kl_bytes source = l->source;
  while (source.n && (*source.p == ' ' || *source.p == '\t'))
    source = kl_bytes_of(source.p + 1, source.n - 1);
  if (l->file.n)
    kl_put_bytes(c, FILE_NAME, KL_OK, 0, l->file.p, l->file.n);
  kl_put(c, LINE, KL_OK, 0, l->line);
  kl_put(c, LINE_COLUMN, KL_OK, 0, l->column);
  if (source.n)
    kl_put_bytes(c, SOURCE, KL_OK, 0, source.p, source.n);
}

static void put_row(struct kl_cursor *c) {
  struct state *s = c->state;
  uint8_t code[2 * KL_BPF_INSN_BYTES] = {0};
  char name[64];
  uint64_t address = s->code + s->index * KL_BPF_INSN_BYTES;
  struct kl_text room = kl_text_into(name, sizeof name);
  size_t n = KL_BPF_INSN_BYTES;
  kl_put(c, PROGRAM_ID, KL_OK, 0, s->id);
  put_origin(c, s->index);
  kl_put(c, INDEX, KL_OK, 0, s->index++);
  kl_put(c, ADDRESS, KL_OK, 0, address);
  enum kl_status status = kl_read(c->kernel, address, code, n);
  struct kl_bpf_insn insn = kl_bpf_insn_decode(code);
  if (status == KL_OK && kl_bpf_insn_is_wide(&insn) && s->index < s->count) {
    status = kl_read(c->kernel, address + n, code + n, n);
    n *= 2;
    s->index++;
  }
  kl_put_bytes(c, CODE, status, address, code, n);
  if (kl_bpf_insn_is_own_call(&insn))
    order_call(c, s->index - 1, &insn);
  size_t start = c->text.used;
  if (status == KL_OK && kl_wants(c, TEXT)) {
    uint32_t upper = kl_le32(code + KL_BPF_INSN_BYTES + 4);
    kl_bpf_disassemble(&insn, upper, name_of(c, &insn, upper, &room), &c->text);
  }
  kl_put_written(c, TEXT, status, address, start);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  while (s->index >= s->count) {
    enum kl_status status = next_program(c);
    if (status == KL_END || status == KL_ERR_BUDGET)
      return status;
    if (status != KL_OK)
      kl_lost(c, "program", s->programs.lost, status);
  }
  KL_TRY(kl_budget_spend(&c->budget, 1));
  put_row(c);
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 1 << 16, .open = open, .next = next};

const struct kl_table kl_bpf_instructions_table = {
    .name = "bpf_instructions",
    .group = "bpf",
    .doc = "instructions of BPF programs, after the verifier",
    .example = "bpf_instructions DUMP program_id=70",
    .typical_rows = 10000,
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
