// How long it takes from the bytes of a vmlinux BTF to the offsets of 300
// members, here and with libbpf.
//
//   btf_bench FILE...
//
// Ours validates all of it and builds an index; libbpf's btf__new builds its
// table of types, and btf__find_by_name_kind looks through it. Both get the
// same 300 pairs of a struct and a member, spread over the file, and must agree
// on every offset. Processor time; medians of RUNS runs each, by turns.
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../diff/files.h"
#include "btf/btf.h"

enum { PAIRS = 300, RUNS = 15, ARENA = 64 << 20 };

struct pair {
  char *type, *member;
};
static struct pair pairs[PAIRS];
static uint32_t ours_at[PAIRS], theirs_at[PAIRS];
static uint8_t arena_block[ARENA];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static char *copy(struct kl_bytes s) {
  char *p = malloc(s.n + 1);
  if (!p)
    exit(1);
  memcpy(p, s.p, s.n);
  p[s.n] = 0;
  return p;
}

// Every nth struct that has a name of its own, and one of its members.
static void choose(const struct kl_btf *btf) {
  uint32_t n = 0, seen = 0, structs = 0;
  struct kl_btf_type t;
  for (int pass = 0; pass < 2; pass++) {
    for (uint32_t id = 1; id < kl_btf_count(btf) && n < PAIRS; id++) {
      struct kl_btf_member m;
      kl_btf_type(btf, id, &t);
      if (t.kind != KL_BTF_STRUCT || !t.name.n || !t.vlen || kl_btf_find(btf, t.kind, t.name, 0) != id)
        continue;
      kl_btf_member(btf, &t, id % t.vlen, &m);
      if (!m.name.n)
        continue;
      structs += !pass;
      if (pass && seen++ % (structs / PAIRS) == 0)
        pairs[n++] = (struct pair){copy(t.name), copy(m.name)};
    }
  }
}

static void resolve_ours(const struct kl_btf *btf) {
  for (int i = 0; i < PAIRS; i++) {
    struct kl_btf_field f;
    uint32_t id = kl_btf_find_struct(btf, pairs[i].type);
    ours_at[i] = kl_btf_find_member(btf, id, kl_bytes_of(pairs[i].member, strlen(pairs[i].member)), &f)
                     ? f.bit_offset
                     : UINT32_MAX;
  }
}

static void resolve_theirs(const struct btf *btf) {
  for (int i = 0; i < PAIRS; i++) {
    theirs_at[i] = UINT32_MAX;
    int id = btf__find_by_name_kind(btf, pairs[i].type, BTF_KIND_STRUCT);
    const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : 0;
    for (uint32_t k = 0; t && k < btf_vlen(t); k++) {
      if (strcmp(btf__name_by_offset(btf, btf_members(t)[k].name_off), pairs[i].member) == 0) {
        theirs_at[i] = btf_member_bit_offset(t, k);
        break;
      }
    }
  }
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}
static double median(double *v) {
  qsort(v, RUNS, sizeof *v, compare);
  return v[RUNS / 2];
}

static double bench(const char *path) {
  static double open[RUNS], find[RUNS], their_open[RUNS], their_find[RUNS];
  struct kl_bytes data = file_bytes(path);
  struct kl_limits limits = kl_limits_default();
  size_t used = 0, peak = 0;
  uint32_t types = 0;
  for (int run = -1; run < RUNS; run++) { // the first chooses the names and warms up
    struct kl_arena arena;
    struct kl_btf *btf;
    kl_arena_init(&arena, arena_block, sizeof arena_block);
    double t0 = now();
    if (kl_btf_open(&arena, data, 0, &limits, &btf, 0) != KL_OK) {
      fprintf(stderr, "%s: no BTF\n", path);
      exit(1);
    }
    double t1 = now();
    if (run < 0) {
      choose(btf);
      continue;
    }
    resolve_ours(btf);
    double t2 = now();
    struct btf *theirs = btf__new(data.p, (uint32_t)data.n);
    double t3 = now();
    resolve_theirs(theirs);
    double t4 = now();
    btf__free(theirs);
    open[run] = t1 - t0;
    find[run] = t2 - t1;
    their_open[run] = t3 - t2;
    their_find[run] = t4 - t3;
    used = arena.used;
    peak = arena.peak;
    types = kl_btf_count(btf);
  }
  if (memcmp(ours_at, theirs_at, sizeof ours_at)) {
    fprintf(stderr, "%s: the offsets differ\n", path);
    exit(1);
  }
  double ours = median(open) + median(find), theirs = median(their_open) + median(their_find);
  printf("%s: %zu bytes, %u types; workspace %.1f bytes a type, %.1f while opening\n", path, data.n, types,
         (double)used / types, (double)peak / types);
  printf("  ours    open %7.2f ms, %d members %8.3f ms\n", median(open), PAIRS, median(find));
  printf("  libbpf  open %7.2f ms, %d members %8.3f ms\n", median(their_open), PAIRS, median(their_find));
  printf("  ours is %.1f times as fast\n", theirs / ours);
  return theirs / ours;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: btf_bench FILE...\n");
    return 2;
  }
  memset(arena_block, 1, sizeof arena_block); // page faults are not what is measured
  int slow = 0;
  for (int i = 1; i < argc; i++)
    slow += bench(argv[i]) < 5;
  return slow != 0; // 5 times is what it is held to
}
