// Every fault at every place, over synthetic guests that were attached to, or
// over a capture that was cut to what this reads of it.
//
//   guest_faults [STRIDE [DUMP...]]     every STRIDE-th place (1: all)
//
// For each guest and table: the k-th read fails, once or from then on, for I/O or
// because it was cancelled; the k-th read gives rubbish; the budget ends after k
// steps. For each guest: the workspace of open, attach and tables has k bytes; the
// file ends after k bytes. What must hold: a reading that differs from the whole
// one says that it is partial, and rows that it gives whole are rows of the whole
// one; the same fault gives the same; the context can be used afterwards.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../fuzz/attached.h"
#include "../../fuzz/rows.h"
#include "capture.h"
#include "kernlens/table.h"

enum { ROWS = 48, STEPS = 4096, READS_MORE = 1 << 14 };

static uint64_t stride = 1, faults, failures;
static bool captured; // large, and slow to attach to: fewer places
enum { CAPTURED_PLACES = 128, CAPTURED_ATTACHES = 64 };

// From one place to the next, of so many.
static uint64_t step_of(uint64_t places) {
  return captured ? 1 + places * stride / CAPTURED_PLACES : stride;
}

// What is being tried: for the line that says what went wrong.
static struct {
  const char *guest, *table, *fault, *told;
  uint64_t at;
} trying;

// One line for each table and kind of fault.
static void expect(bool true_, const char *what) {
  if (true_)
    return;
  failures++;
  if (trying.told != trying.fault)
    printf("%s %s: %s at %llu: %s\n", trying.guest, trying.table, trying.fault, (unsigned long long)trying.at,
           what);
  trying.told = trying.fault;
}

struct subject {
  struct attached *a;
  struct kl_query query;
  struct fuzz_rows whole; // without faults
  uint64_t each[ROWS];
  uint64_t reads;
};

// A poisoned read is data to the reader: what was read wrong is its answer.
static void check(const struct subject *s, const struct fuzz_rows *r, const uint64_t *each, bool lies) {
  faults++;
  expect(s->a->reads <= s->reads + READS_MORE || lies, "it read far more");
  expect(r->ended == KL_OK || r->ended == KL_END || r->partial, "cut, and not partial");
  if (lies)
    return;
  expect(r->rows == s->whole.rows || r->partial, "rows are missing, and it is not partial");
  for (uint64_t i = 0; i < r->rows; i++) // without a word of loss, each row is one of the whole reading
    expect(r->partial || each[i] == s->each[i], "a row is another, and it is not partial");
}

// A subject under a fault of its source, twice, and then without.
static void read_with_fault(struct subject *s, uint64_t at, bool once, enum kl_status failure, bool poison) {
  trying.fault = poison ? (once ? "a read gives rubbish" : "reads give rubbish")
                 : once ? (failure == KL_ERR_IO ? "a read fails" : "a read is cancelled")
                        : "reads fail";
  trying.at = at;
  struct fuzz_rows r[3];
  uint64_t each[3][ROWS];
  for (int i = 0; i < 3; i++) {
    struct attached *a = s->a;
    if (i < 2)
      a = attached_again(s->a);
    a->reads = 0;
    a->fail_at = i < 2 ? at : 0;
    a->fail_once = once;
    a->failure = failure;
    a->poison = poison;
    r[i] = fuzz_read_rows(a->dump, &s->query, ROWS, each[i]);
    if (i < 2)
      check(s, &r[i], each[i], poison);
  }
  expect(r[0].sum == r[1].sum && r[0].ended == r[1].ended && r[0].rows == r[1].rows, "it is not the same again");
  // In the context that saw the fault: what it remembers of it, it says.
  expect(poison || r[2].sum == s->whole.sum || r[2].partial, "the context has changed");
}

static void fail_reads(struct subject *s) {
  for (uint64_t at = 1; at <= s->reads; at += step_of(s->reads)) {
    read_with_fault(s, at, true, KL_ERR_IO, false);
    read_with_fault(s, at, false, KL_ERR_IO, false);
    read_with_fault(s, at, true, KL_ERR_CANCELLED, false);
    read_with_fault(s, at, true, KL_OK, true);
    read_with_fault(s, at, false, KL_OK, true);
  }
}

static void end_budgets(struct subject *s) {
  uint64_t each[ROWS];
  struct kl_query query = s->query;
  for (query.steps = 1; query.steps < s->reads + ROWS && query.steps < STEPS; query.steps += step_of(s->reads)) {
    struct attached *a = attached_again(s->a);
    trying.fault = "the budget ends";
    trying.at = query.steps;
    struct fuzz_rows r = fuzz_read_rows(a->dump, &query, ROWS, each);
    check(s, &r, each, false);
  }
}

static void shrink_arena(struct subject *s) {
  uint64_t each[ROWS];
  size_t most = 64 << 10; // what tables take is less, or opens BTFs
  for (size_t room = 0; room < most; room += 16 * (size_t)step_of(captured ? most / 16 : 0)) {
    struct attached *a = attached_again(s->a);
    size_t size = a->dump->arena.size;
    trying.fault = "the arena ends";
    trying.at = room;
    a->dump->arena.size = a->dump->arena.used + room;
    struct fuzz_rows r = fuzz_read_rows(a->dump, &s->query, ROWS, each);
    bool all_used = a->dump->arena.peak + 16 >= a->dump->arena.size || r.sum != s->whole.sum;
    a->dump->arena.size = size;
    check(s, &r, each, false);
    if (!all_used)
      break;
  }
}

static void read_table(struct attached *a, const struct kl_table *table) {
  struct subject s = {.a = a, .query = {.table = table, .columns = ~0ull, .steps = STEPS}};
  attached_again(a);
  trying.guest = a->name;
  trying.table = table->name;
  trying.told = NULL;
  s.whole = fuzz_read_rows(a->dump, &s.query, ROWS, s.each);
  s.reads = a->reads;
  if (s.reads > 4096) // a pass over all memory: others fail the same reads
    return;
  fail_reads(&s);
  end_budgets(&s);
  shrink_arena(&s);
}

// Open and attach with less and less.
static enum kl_status attach_within(struct attached *a, void *block, size_t bytes, uint64_t fail_at) {
  struct kl_dump_options options = a->dump->options;
  struct kl_dump *dump;
  struct kl_diagnostic why = {0};
  a->reads = 0;
  a->fail_at = fail_at;
  enum kl_status status = fuzz_status(kl_dump_open(block, bytes, &options, &dump, &why));
  if (status == KL_OK)
    status = fuzz_status(kl_dump_attach(dump, &why));
  FUZZ_REQUIRE(status == KL_OK || why.what != NULL);
  faults++;
  return status;
}

static void starve_attach(struct attached *a, uint8_t *block, size_t room) {
  attached_again(a);
  FUZZ_REQUIRE(attach_within(a, block, room, 0) == KL_OK);
  uint64_t reads = a->reads, used = a->used, places = captured ? CAPTURED_ATTACHES : 512;
  for (uint64_t bytes = 0; bytes < used; bytes += captured ? 1 + used * stride / places : 997 * stride) {
    enum kl_status first = attach_within(a, block, (size_t)bytes, 0);
    FUZZ_REQUIRE(first == attach_within(a, block, (size_t)bytes, 0));
  }
  for (uint64_t at = 1; at <= reads; at += 1 + reads * stride / places) {
    enum kl_status first = attach_within(a, block, room, at);
    FUZZ_REQUIRE(first == attach_within(a, block, room, at));
  }
  uint64_t bytes = a->source.bytes;
  for (uint64_t cut = 0; cut < bytes; cut += 1 + bytes * stride * 2 / places) {
    a->source.bytes = cut;
    (void)attach_within(a, block, room, 0);
  }
  a->source.bytes = bytes;
}

static void try_guest(struct attached *a, uint8_t *block, size_t room) {
  const struct kl_table *table;
  for (size_t i = 0; (table = kl_table_at(i)); i++)
    read_table(a, table);
  starve_attach(a, block, room);
}

static void try_synthetic(void) {
  uint8_t *block = fuzz_block();
  for (unsigned which = 0; which < ATTACHED_GUESTS; which++) {
    struct attached *a = attached_begin(which, (struct kl_bytes){0});
    try_guest(a, block, FUZZ_WORKSPACE);
    attached_end(a);
  }
}

static int try_capture(const char *path) {
  struct kl_query query = {.columns = ~0ull, .steps = STEPS};
  struct attached *a = capture_cut(path, &query, ROWS);
  captured = true;
  if (!a) {
    printf("%s: no dump that can be attached to\n", path);
    return 1;
  }
  size_t room = CAPTURE_WORKSPACE;
  uint8_t *block = capture_block(room);
  try_guest(a, block, room);
  capture_free(a);
  return 0;
}

int main(int argc, char **argv) {
  int lost = 0;
  stride = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
  if (argc < 3)
    try_synthetic();
  for (int i = 2; i < argc; i++)
    lost |= try_capture(argv[i]);
  printf("%llu faults, %llu failures\n", (unsigned long long)faults, (unsigned long long)failures);
  return failures || lost;
}
