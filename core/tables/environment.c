// environment: the variables that every process was started with.
#include "base/checked.h"
#include "linux/process.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { TGID, COMM, NAME, VALUE, COLUMNS };

static const struct kl_column columns[] = {
    [TGID] = {"tgid", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the process"},
    [COMM] = {"comm", KL_CELL_TEXT, 0, "its name"},
    [NAME] = {"name", KL_CELL_TEXT, KL_COLUMN_KEY, "the variable; all of the text when it has no ="},
    [VALUE] = {"value", KL_CELL_TEXT, 0, "its value, as it stands in the process's memory now"},
};

// One variable is at most MAX_ARG_STRLEN, 32 pages of 4 KiB; of one that the
// process itself made longer, that much is shown.
enum { VARIABLE_BYTES = 128 << 10, CHUNK = 4096 };

struct state {
  struct kl_process_walk processes;
  struct kl_process process;
  struct kl_space space;
  uint64_t at, end; // of the environment; at == end: none left
  uint8_t chunk[CHUNK];
  uint64_t chunk_at;
  size_t chunk_bytes;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t only = 0;
  if (kl_pushed_u64(c, TGID, &only) && !only)
    return KL_END;
  return kl_process_walk_init(&s->processes, c->kernel, &c->budget, only);
}

static enum kl_status next_process(struct kl_cursor *c) {
  struct state *s = c->state;
  KL_TRY(kl_process_walk_next(&s->processes, &s->process));
  s->processes.lost = s->process.mm;
  s->at = s->end = 0;
  s->chunk_bytes = 0;
  uint64_t start, end;
  KL_TRY(kl_get(c->kernel, s->process.mm, KL_F_mm_struct_env_start, &start));
  KL_TRY(kl_get(c->kernel, s->process.mm, KL_F_mm_struct_env_end, &end));
  KL_TRY(kl_mm_space(c->kernel, s->process.mm, &s->space));
  if (end < start || end - start > c->kernel->limits->environment_bytes)
    return KL_ERR_LIMIT;
  s->at = start;
  s->end = end;
  return KL_OK;
}

// The bytes from an address on, up to the end of its chunk.
static enum kl_status chunk_at(struct state *s, uint64_t address, const uint8_t **p, size_t *n) {
  if (address < s->chunk_at || address - s->chunk_at >= s->chunk_bytes) {
    size_t bytes = (size_t)kl_min(CHUNK - (address & (CHUNK - 1)), s->end - address);
    s->chunk_bytes = 0;
    KL_TRY(kl_space_read(&s->space, address, s->chunk, bytes));
    s->chunk_at = address;
    s->chunk_bytes = bytes;
  }
  *p = s->chunk + (address - s->chunk_at);
  *n = s->chunk_bytes - (size_t)(address - s->chunk_at);
  return KL_OK;
}

// Appends one variable, up to its NUL, to the row's text.
static enum kl_status take_variable(struct kl_cursor *c) {
  struct state *s = c->state;
  size_t room = VARIABLE_BYTES;
  bool cut = false;
  while (s->at < s->end) {
    const uint8_t *p;
    size_t n, i = 0;
    KL_TRY(kl_budget_spend(&c->budget, 1));
    KL_TRY(chunk_at(s, s->at, &p, &n));
    while (i < n && p[i])
      i++;
    size_t shown = (size_t)kl_min(i, room);
    kl_text_put(&c->text, (const char *)p, shown);
    room -= shown;
    if (shown < i && !cut)
      kl_lost(c, "value", s->at, KL_ERR_LIMIT);
    cut = cut || shown < i;
    s->at += i < n ? i + 1 : n;
    if (i < n)
      break;
  }
  return KL_OK;
}

// The text from start on as NAME=VALUE.
static void put_variable(struct kl_cursor *c, size_t start) {
  struct state *s = c->state;
  const char *p = c->text.buffer + start;
  size_t n = c->text.used - start, name = 0;
  while (name < n && p[name] != '=')
    name++;
  kl_put(c, TGID, KL_OK, 0, s->process.tgid);
  kl_put_bytes(c, COMM, KL_OK, 0, s->process.comm, s->process.comm_bytes);
  kl_put_bytes(c, NAME, KL_OK, 0, p, name);
  if (name < n)
    kl_put_bytes(c, VALUE, KL_OK, 0, p + name + 1, n - name - 1);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  for (;;) {
    bool in_process = s->at < s->end;
    uint64_t at = s->at;
    size_t start = c->text.used;
    enum kl_status status = in_process ? take_variable(c) : next_process(c);
    if (in_process && status == KL_OK && c->text.used > start) {
      put_variable(c, start);
      return KL_OK;
    }
    if (status == KL_ERR_BUDGET || (status == KL_END && !in_process))
      return status;
    if (status == KL_OK)
      continue;
    kl_lost(c, "environment", in_process ? at : s->processes.lost, status);
    c->text.used = start;
    s->at = s->end; // where the next variable begins is not known
  }
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 2 * VARIABLE_BYTES + 64, .open = open, .next = next};

const struct kl_table kl_environment_table = {
    .name = "environment",
    .group = "processes",
    .doc = "environment variables of every process",
    .example = "environment DUMP tgid=1",
    .typical_rows = 5000,
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
