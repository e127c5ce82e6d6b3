// The summary's lines about memory: by kind, by process, by file.
#include "summary.h"

#include <string.h>

#include "escape.h"
#include "kernlens/inspect.h"

enum { TOP = 5, NAME_BYTES = 160 };

// The largest things seen so far, largest first.
struct top {
  struct {
    uint64_t size;
    uint64_t id; // 0: none
    char name[NAME_BYTES];
    size_t n;
  } items[TOP];
  size_t used;
};

static void offer(struct top *top, uint64_t size, uint64_t id, const uint8_t *name, size_t n) {
  if (!size || (top->used == TOP && size <= top->items[TOP - 1].size))
    return;
  size_t at = top->used < TOP ? top->used++ : TOP - 1;
  for (; at && top->items[at - 1].size < size; at--)
    top->items[at] = top->items[at - 1];
  top->items[at].size = size;
  top->items[at].id = id;
  top->items[at].n = n < NAME_BYTES ? n : NAME_BYTES;
  if (top->items[at].n)
    memcpy(top->items[at].name, name, top->items[at].n);
}

// 1.2 GiB, 34.5 MiB, 678 KiB.
static void print_size(struct kl_text *t, uint64_t bytes) {
  static const char *const units[] = {" KiB", " MiB", " GiB", " TiB"};
  size_t unit = 0;
  uint64_t tenths = bytes / 1024 * 10 + bytes % 1024 * 10 / 1024;
  for (; unit < 3 && tenths >= 10240; unit++)
    tenths /= 1024;
  kl_text_decimal(t, tenths / 10);
  if (unit && tenths < 1000) {
    kl_text_char(t, '.');
    kl_text_decimal(t, tenths % 10);
  }
  kl_text_string(t, units[unit]);
}

// ── By kind ────────────────────────────────────────────────────────────────

struct kinds {
  struct cli_summary *s;
  struct kl_text *t;
  int kind, bytes;
  bool first;
};

static bool print_kind(void *user, const struct kl_cell *cells) {
  struct kinds *k = user;
  const struct kl_cell *kind = &cells[k->kind];
  if (k->s->json)
    kl_text_string(k->t, k->first ? "{\"" : ",\"");
  else if (!k->first)
    kl_text_string(k->t, ", ");
  kl_text_put(k->t, (const char *)kind->data, kind->n); // a static string of the table
  kl_text_string(k->t, k->s->json ? "\":" : " ");
  if (k->s->json)
    kl_text_decimal(k->t, cells[k->bytes].u64);
  else
    print_size(k->t, cells[k->bytes].u64);
  k->first = false;
  return true;
}

static void print_kinds(struct cli_summary *s) {
  static const char *const names[] = {"kind", "bytes"};
  const struct kl_table *table = kl_table_find("memory_summary");
  int numbers[2];
  uint64_t mask;
  if (!table || !cli_summary_columns(table, names, 2, numbers, &mask))
    return;
  struct kinds k = {s, cli_summary_line(s, "memory_by_kind"), numbers[0], numbers[1], true};
  (void)cli_summary_ask(s, table, mask, print_kind, &k);
  if (k.first)
    kl_text_string(k.t, s->json ? "{" : "not known");
  if (s->json)
    kl_text_char(k.t, '}');
  cli_summary_end_line(s);
}

// ── By process and by file ─────────────────────────────────────────────────

// The four sizes by which processes are shown, and the lines that show them.
static const struct {
  const char *line, *column;
} sizes[] = {
    {"largest_processes", "resident_bytes"},
    {"most_proportional", "proportional_bytes"},
    {"most_shared", "shared_bytes"},
    {"most_swapped", "swapped_bytes"},
};
enum { SIZES = sizeof sizes / sizeof *sizes };

struct processes {
  struct top tops[SIZES];
  int tgid, comm, bytes[SIZES];
};

static bool add_process(void *user, const struct kl_cell *cells) {
  struct processes *p = user;
  const struct kl_cell *comm = &cells[p->comm];
  for (size_t i = 0; i < SIZES; i++)
    if (cells[p->bytes[i]].kind == KL_CELL_U64)
      offer(&p->tops[i], cells[p->bytes[i]].u64, cells[p->tgid].u64, comm->data, comm->n);
  return true;
}

struct files {
  struct top top;
  int path, pages, device, inode;
  uint64_t page_bytes;
};

static bool add_file(void *user, const struct kl_cell *cells) {
  struct files *f = user;
  uint64_t pages = cells[f->pages].u64; // what the inode says: it may be any number
  if (cells[f->path].kind == KL_CELL_TEXT && f->page_bytes && pages <= UINT64_MAX / f->page_bytes)
    offer(&f->top, pages * f->page_bytes, cells[f->inode].u64, cells[f->path].data, cells[f->path].n);
  return true;
}

// How a list of the largest is written.
static void print_top(struct cli_summary *s, const char *name, const struct top *top, const char *id,
                      const char *size) {
  struct kl_text *t = cli_summary_line(s, name);
  if (s->json)
    kl_text_char(t, '[');
  for (size_t i = 0; i < top->used; i++) {
    const uint8_t *p = (const uint8_t *)top->items[i].name;
    if (s->json) {
      kl_text_string(t, i ? ",{\"" : "{\"");
      kl_text_string(t, id);
      kl_text_string(t, "\":");
      kl_text_decimal(t, top->items[i].id);
      kl_text_string(t, ",\"name\":");
      kl_text_json_string(t, p, top->items[i].n);
      kl_text_string(t, ",\"");
      kl_text_string(t, size);
      kl_text_string(t, "\":");
      kl_text_decimal(t, top->items[i].size);
      kl_text_char(t, '}');
      continue;
    }
    kl_text_string(t, i ? ", " : "");
    cli_escape(t, p, top->items[i].n);
    kl_text_char(t, ' ');
    print_size(t, top->items[i].size);
  }
  if (!top->used && !s->json)
    kl_text_string(t, "none");
  if (s->json)
    kl_text_char(t, ']');
  cli_summary_end_line(s);
}

static void print_processes(struct cli_summary *s) {
  static struct processes p; // one summary a run
  const struct kl_table *table = kl_table_find("process_memory");
  const char *names[2 + SIZES] = {"tgid", "comm"};
  int numbers[2 + SIZES];
  uint64_t mask;
  for (size_t i = 0; i < SIZES; i++)
    names[2 + i] = sizes[i].column;
  if (!table || !cli_summary_columns(table, names, 2 + SIZES, numbers, &mask))
    return;
  p = (struct processes){.tgid = numbers[0], .comm = numbers[1]};
  for (size_t i = 0; i < SIZES; i++)
    p.bytes[i] = numbers[2 + i];
  (void)cli_summary_ask(s, table, mask, add_process, &p);
  for (size_t i = 0; i < SIZES; i++)
    print_top(s, sizes[i].line, &p.tops[i], "tgid", sizes[i].column);
}

static void print_files(struct cli_summary *s) {
  static const char *const names[] = {"path", "cached_pages", "inode"};
  static struct files f;
  const struct kl_table *table = kl_table_find("inodes");
  int numbers[3];
  uint64_t mask;
  if (!table || !cli_summary_columns(table, names, 3, numbers, &mask))
    return;
  f = (struct files){
      .path = numbers[0], .pages = numbers[1], .inode = numbers[2], .page_bytes = kl_page_bytes(s->session->dump)};
  (void)cli_summary_ask(s, table, mask, add_file, &f);
  print_top(s, "most_cached_files", &f.top, "inode", "cached_bytes");
}

void cli_summary_memory(struct cli_summary *s) {
  print_kinds(s);
  print_processes(s);
  print_files(s);
}
