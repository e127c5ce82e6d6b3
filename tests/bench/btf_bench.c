// How long it takes from the bytes of a vmlinux BTF to the offsets of its
// members, here and with libbpf.
//
//   btf_bench FILE...
//
// Ours validates all of it and builds an index; libbpf's btf__new builds its
// table of types, and btf__find_by_name_kind looks through it. Both get the
// same names and must agree on every offset: 300 pairs of a struct and a
// member, spread over the file; and those that kernlens asks a kernel for
// (where a BTF lists types in the order of their declaration, they come early,
// and suit a search from the start). Processor time; medians of RUNS runs each,
// by turns.
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../diff/files.h"
#include "btf/btf.h"
#include "kernel/fields.h"

struct pair {
  const char *type, *member;
};
static const struct pair asked[] = {
#define PAIR(type, member, need, note) {#type, #member},
    KL_FIELD_LIST(PAIR)
#undef PAIR
};

enum { PAIRS = 300, ASKED = sizeof asked / sizeof *asked, RUNS = 15, ARENA = 64 << 20 };

static struct pair spread[PAIRS];
static uint32_t ours_at[PAIRS + ASKED], theirs_at[PAIRS + ASKED];
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
        spread[n++] = (struct pair){copy(t.name), copy(m.name)};
    }
  }
}

static void resolve_ours(const struct kl_btf *btf, const struct pair *pairs, int n, uint32_t *at) {
  for (int i = 0; i < n; i++) {
    struct kl_btf_field f;
    uint32_t id = kl_btf_find(btf, KL_BTF_STRUCT, kl_bytes_of(pairs[i].type, strlen(pairs[i].type)), 0);
    at[i] = kl_btf_find_member(btf, id, kl_bytes_of(pairs[i].member, strlen(pairs[i].member)), &f) ? f.bit_offset
                                                                                                   : UINT32_MAX;
  }
}

// As far as libbpf's own calls go: it does not look into anonymous members.
static void resolve_theirs(const struct btf *btf, const struct pair *pairs, int n, uint32_t *at) {
  for (int i = 0; i < n; i++) {
    at[i] = UINT32_MAX;
    int id = btf__find_by_name_kind(btf, pairs[i].type, BTF_KIND_STRUCT);
    const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : 0;
    for (uint32_t k = 0; t && k < btf_vlen(t); k++) {
      if (strcmp(btf__name_by_offset(btf, btf_members(t)[k].name_off), pairs[i].member) == 0) {
        at[i] = btf_member_bit_offset(t, k);
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

static void agree(const char *path) {
  for (int i = 0; i < PAIRS + ASKED; i++) {
    if (theirs_at[i] != UINT32_MAX && ours_at[i] != theirs_at[i]) {
      fprintf(stderr, "%s: the offsets differ\n", path);
      exit(1);
    }
  }
}

// Opened once, each set of names on its own: how many times as fast.
static double ratio(const char *what, int n, double open, double find, double their_open, double their_find) {
  double times = (their_open + their_find) / (open + find);
  printf("  %4d %-13s ours %5.2f + %4.2f ms, libbpf %5.2f + %6.2f ms: %4.1f times as fast\n", n, what, open, find,
         their_open, their_find, times);
  return times;
}

static double bench(const char *path) {
  static double open[RUNS], find[2][RUNS], their_open[RUNS], their_find[2][RUNS];
  struct kl_bytes data = file_bytes(path);
  struct kl_limits limits = kl_limits_default();
  struct kl_arena arena;
  struct kl_btf *btf = 0;
  for (int run = -1; run < RUNS; run++) { // the first chooses the names and warms up
    double t[7];
    kl_arena_init(&arena, arena_block, sizeof arena_block);
    t[0] = now();
    if (kl_btf_open(&arena, data, 0, &limits, &btf, 0) != KL_OK) {
      fprintf(stderr, "%s: no BTF\n", path);
      exit(1);
    }
    t[1] = now();
    if (run < 0) {
      choose(btf);
      continue;
    }
    resolve_ours(btf, spread, PAIRS, ours_at);
    t[2] = now();
    resolve_ours(btf, asked, ASKED, ours_at + PAIRS);
    t[3] = now();
    struct btf *theirs = btf__new(data.p, (uint32_t)data.n);
    t[4] = now();
    resolve_theirs(theirs, spread, PAIRS, theirs_at);
    t[5] = now();
    resolve_theirs(theirs, asked, ASKED, theirs_at + PAIRS);
    t[6] = now();
    btf__free(theirs);
    open[run] = t[1] - t[0];
    find[0][run] = t[2] - t[1];
    find[1][run] = t[3] - t[2];
    their_open[run] = t[4] - t[3];
    their_find[0][run] = t[5] - t[4];
    their_find[1][run] = t[6] - t[5];
  }
  agree(path);
  printf("%s: %zu bytes, %u types; workspace %.1f bytes a type, %.1f while opening\n", path, data.n,
         kl_btf_count(btf), (double)arena.used / kl_btf_count(btf), (double)arena.peak / kl_btf_count(btf));
  double o = median(open), t = median(their_open);
  double times = ratio("spread names", PAIRS, o, median(find[0]), t, median(their_find[0]));
  double asked_times = ratio("asked names", ASKED, o, median(find[1]), t, median(their_find[1]));
  file_free(data);
  return times < asked_times ? times : asked_times;
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
