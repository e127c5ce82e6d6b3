// bpf_programs: every BPF program.
#include "linux/bpf_program.h"
#include "linux/enum_name.h"
#include "linux/machine.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum {
  ID,
  ADDRESS,
  NAME,
  TYPE,
  TYPE_ID,
  TAG,
  JITED_BYTES,
  XLATED_BYTES,
  RUN_COUNT,
  RUN_TIME_NS,
  MISSED,
  BTF_ID,
  MAPS,
  LOADED_AT,
  UID,
  GPL_COMPATIBLE,
  IMAGE,
  JITED,
  ATTACHED_FUNCTION,
  COLUMNS
};

static const struct kl_column columns[] = {
    [ID] = {"id", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the program's id"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, 0, "struct bpf_prog"},
    [NAME] = {"name", KL_CELL_TEXT, 0, "the name it was loaded with, at most 15 bytes"},
    [TYPE] = {"type", KL_CELL_TEXT, 0, "its type as bpftool names it"},
    [TYPE_ID] = {"type_id", KL_CELL_U64, KL_COLUMN_HIDDEN, "its type as enum bpf_prog_type numbers it"},
    [TAG] = {"tag", KL_CELL_BYTES, 0, "hash over its instructions"},
    [JITED_BYTES] = {"jited_bytes", KL_CELL_U64, 0, "size of its machine code, that of its functions included"},
    [XLATED_BYTES] = {"xlated_bytes", KL_CELL_U64, 0, "size of its instructions after the verifier"},
    [RUN_COUNT] = {"run_count", KL_CELL_U64, 0, "times it ran, while kernel.bpf_stats_enabled was set"},
    [RUN_TIME_NS] = {"run_time_ns", KL_CELL_DURATION, 0, "time it took in all, likewise"},
    [MISSED] = {"missed", KL_CELL_U64, KL_COLUMN_HIDDEN, "times it did not run to avoid recursion"},
    [BTF_ID] = {"btf_id", KL_CELL_U64, 0, "id of its BTF"},
    [MAPS] = {"maps", KL_CELL_TEXT, 0, "ids of the maps it uses"},
    [LOADED_AT] = {"loaded_at", KL_CELL_TIME, 0, "when it was loaded"},
    [UID] = {"uid", KL_CELL_U64, 0, "user who loaded it"},
    [GPL_COMPATIBLE] = {"gpl_compatible", KL_CELL_BOOL, KL_COLUMN_HIDDEN, "whether its licence is GPL compatible"},
    [IMAGE] = {"image", KL_CELL_ADDRESS, KL_COLUMN_HIDDEN, "its machine code, or the interpreter"},
    [JITED] = {"jited", KL_CELL_BYTES, KL_COLUMN_HIDDEN | KL_COLUMN_COSTLY,
               "its machine code, its functions one behind the other; null where the interpreter runs it"},
    [ATTACHED_FUNCTION] = {"attached_function", KL_CELL_TEXT, 0, "kernel function that a tracing program is for"},
};

// Names and ids of a row, and machine code that is shown whole.
enum { TEXT_BYTES = 4 << 20 };

struct state {
  struct kl_bpf_objects programs;
  bool asked; // when the kernel started
  enum kl_status boot_status;
  int64_t boot;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t first, last;
  if (!kl_pushed_range(c, ID, &first, &last))
    return KL_END;
  return kl_bpf_objects_open(&s->programs, c->kernel, &c->budget, KL_BPF_PROGRAMS, first, last);
}

static void put_type(struct kl_cursor *c, uint64_t program) {
  uint64_t type = 0;
  enum kl_status status = kl_get(c->kernel, program, KL_F_bpf_prog_type, &type);
  kl_put(c, TYPE_ID, status, program, type);
  size_t start = c->text.used;
  if (status == KL_OK &&
      kl_enum_name(c->kernel, "bpf_prog_type", "BPF_PROG_TYPE_", (int64_t)type, &c->text) == KL_ERR_NOT_FOUND)
    return; // a number that this kernel's own enum does not name
  kl_put_written(c, TYPE, status, program, start);
}

static void put_tag(struct kl_cursor *c, uint64_t program) {
  uint64_t address;
  uint8_t tag[8] = {0}; // BPF_TAG_SIZE
  enum kl_status status = kl_member(c->kernel, program, KL_F_bpf_prog_tag, &address);
  if (status == KL_OK)
    status = kl_read(c->kernel, address, tag, sizeof tag);
  kl_put_bytes(c, TAG, status, program, tag, sizeof tag);
}

// The sizes of all functions' machine code, and their bytes one behind the other.
static void put_jited(struct kl_cursor *c, uint64_t program, uint64_t aux) {
  struct kl_bpf_image image;
  uint64_t sum = 0;
  size_t start = c->text.used;
  enum kl_status status = KL_OK, bytes = KL_OK;
  for (uint64_t i = 0; (status = kl_bpf_program_image(c->kernel, program, aux, i, &image)) == KL_OK; i++) {
    sum += image.bytes;
    if (!kl_wants(c, JITED) || bytes != KL_OK || !image.bytes)
      continue;
    bytes = KL_ERR_LIMIT;
    if (image.bytes > c->text.capacity - c->text.used)
      continue;
    bytes = kl_read(c->kernel, image.address, c->text.buffer + c->text.used, (size_t)image.bytes);
    c->text.used += bytes == KL_OK ? (size_t)image.bytes : 0;
  }
  status = status == KL_END ? KL_OK : status;
  kl_put(c, JITED_BYTES, status, program, sum);
  if (kl_wants(c, JITED) && (sum || status != KL_OK))
    kl_put_written(c, JITED, status == KL_OK ? bytes : status, program, start);
}

// struct bpf_insn is 8 bytes (include/uapi/linux/bpf.h).
static void put_xlated(struct kl_cursor *c, uint64_t program) {
  uint64_t count = 0;
  enum kl_status status = kl_get(c->kernel, program, KL_F_bpf_prog_len, &count);
  kl_put(c, XLATED_BYTES, status, program, count * 8);
}

static const struct {
  uint32_t column;
  enum kl_field_id field;
} sums[] = {
    {RUN_COUNT, KL_F_bpf_prog_stats_cnt},
    {RUN_TIME_NS, KL_F_bpf_prog_stats_nsecs},
    {MISSED, KL_F_bpf_prog_stats_misses},
};

static enum kl_status add_cpu(struct kl_cursor *c, uint64_t stats, uint32_t cpu, enum kl_field_id field,
                              uint64_t *sum) {
  uint64_t address, v = 0;
  KL_TRY(kl_budget_spend(&c->budget, 1));
  enum kl_status status = kl_per_cpu_address(c->kernel, stats, cpu, &address);
  if (status == KL_ERR_NOT_FOUND)
    return KL_OK;
  KL_TRY(status);
  KL_TRY(kl_get(c->kernel, address, field, &v));
  *sum += v;
  return KL_OK;
}

static void put_stats(struct kl_cursor *c, uint64_t program, uint64_t aux) {
  uint64_t stats = 0;
  bool on_program = kl_has(c->kernel, KL_F_bpf_prog_stats);
  enum kl_status found = on_program ? kl_get(c->kernel, program, KL_F_bpf_prog_stats, &stats)
                                    : kl_get(c->kernel, aux, KL_F_bpf_prog_aux_stats, &stats);
  for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
    if (!kl_wants(c, sums[i].column) || !kl_has(c->kernel, sums[i].field))
      continue;
    uint64_t sum = 0;
    enum kl_status status = found;
    for (uint32_t cpu = 0; status == KL_OK && cpu < c->kernel->cpus; cpu++)
      status = add_cpu(c, stats, cpu, sums[i].field, &sum);
    kl_put(c, sums[i].column, status, stats, sum);
  }
}

static void put_btf(struct kl_cursor *c, uint64_t aux) {
  uint64_t btf = 0, id = 0;
  enum kl_status status = kl_get_pointer(c->kernel, aux, KL_F_bpf_prog_aux_btf, &btf);
  if (status == KL_OK && !btf)
    return;
  if (status == KL_OK)
    status = kl_get(c->kernel, btf, KL_F_btf_id, &id);
  kl_put(c, BTF_ID, status, aux, id);
}

static void put_maps(struct kl_cursor *c, uint64_t aux) {
  uint64_t maps[KL_BPF_USED_MAPS], id = 0;
  size_t n = 0, start = c->text.used;
  if (!kl_wants(c, MAPS))
    return;
  enum kl_status status = kl_bpf_program_maps(c->kernel, aux, maps, &n);
  for (size_t i = 0; status == KL_OK && i < n; i++) {
    status = kl_get(c->kernel, maps[i], KL_F_bpf_map_id, &id);
    if (i)
      kl_text_char(&c->text, ',');
    kl_text_decimal(&c->text, id);
  }
  kl_put_written(c, MAPS, status, aux, start);
}

static void put_loaded_at(struct kl_cursor *c, uint64_t aux) {
  struct state *s = c->state;
  uint64_t ns = 0;
  if (!kl_wants(c, LOADED_AT))
    return;
  enum kl_status status = kl_get(c->kernel, aux, KL_F_bpf_prog_aux_load_time, &ns);
  if (!s->asked) // once: without a symbol it is searched for
    s->boot_status = kl_machine_boot_time(c->kernel, &s->boot);
  s->asked = true;
  if (status == KL_OK)
    status = s->boot_status;
  kl_put(c, LOADED_AT, status, aux, (uint64_t)s->boot + ns / 1000000000);
}

static void put_user(struct kl_cursor *c, uint64_t aux) {
  uint64_t user = 0;
  enum kl_status status = kl_get_pointer(c->kernel, aux, KL_F_bpf_prog_aux_user, &user);
  if (status != KL_OK)
    kl_put(c, UID, status, aux, 0);
  else if (user)
    kl_put_field(c, UID, user, KL_F_user_struct_uid);
}

static void put_attached_function(struct kl_cursor *c, uint64_t aux) {
  char name[256];
  uint64_t address = 0;
  size_t n = 0;
  enum kl_status status = kl_get_pointer(c->kernel, aux, KL_F_bpf_prog_aux_attach_func_name, &address);
  if (status == KL_OK && !address)
    return;
  if (status == KL_OK)
    status = kl_read_string(c->kernel, address, name, sizeof name, &n);
  kl_put_bytes(c, ATTACHED_FUNCTION, status, aux, name, n);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t program, id, aux = 0;
  enum kl_status status;
  while ((status = kl_bpf_objects_next(&s->programs, &program, &id)) != KL_OK) {
    if (status == KL_END || status == KL_ERR_BUDGET)
      return status;
    kl_lost(c, "prog_idr", s->programs.lost, status);
  }
  kl_put(c, ID, KL_OK, 0, id);
  kl_put(c, ADDRESS, KL_OK, 0, program);
  put_type(c, program);
  put_tag(c, program);
  put_xlated(c, program);
  kl_put_field(c, GPL_COMPATIBLE, program, KL_F_bpf_prog_gpl_compatible);
  kl_put_field(c, IMAGE, program, KL_F_bpf_prog_bpf_func);
  status = kl_get_pointer(c->kernel, program, KL_F_bpf_prog_aux, &aux);
  if (status != KL_OK) {
    kl_put(c, NAME, status, program, 0);
    return KL_OK;
  }
  kl_put_field(c, NAME, aux, KL_F_bpf_prog_aux_name);
  if (kl_wants(c, JITED_BYTES) || kl_wants(c, JITED))
    put_jited(c, program, aux);
  put_stats(c, program, aux);
  put_btf(c, aux);
  put_maps(c, aux);
  put_loaded_at(c, aux);
  put_user(c, aux);
  put_attached_function(c, aux);
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = TEXT_BYTES, .open = open, .next = next};

const struct kl_table kl_bpf_programs_table = {
    .name = "bpf_programs",
    .group = "bpf",
    .doc = "BPF programs",
    .example = "bpf_programs DUMP type=kprobe",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
