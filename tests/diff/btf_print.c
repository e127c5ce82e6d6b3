// Prints all structs of a BTF, for a comparison with others' tools.
//
//   btf_print FILE layout    every named struct and union, with offsets, sizes and holes
//   btf_print FILE c DIR     C files 0.c, 1.c, ...: all structs, unions, enums and functions in an order in which
//                            they compile, each with assertions of its size, of the offset of each member and of
//                            the bits of each bitfield. A type whose name is taken in one file goes into the next.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "btf/btf.h"
#include "files.h"

static struct kl_btf *btf;

static enum kl_status write_out(void *user, const char *p, size_t n) {
  return fwrite(p, 1, n, user) == n ? KL_OK : KL_ERR_IO;
}

static void print_type(FILE *to, uint32_t id, bool layout) {
  char buffer[4096];
  struct kl_text t = kl_text_into(buffer, sizeof buffer);
  t.flush = write_out;
  t.user = to;
  enum kl_status status = kl_btf_print_type(btf, id, layout, &t);
  if (status == KL_OK)
    status = kl_text_flush(&t);
  if (status != KL_OK) {
    fprintf(stderr, "type %u: %s\n", id, kl_status_text(status));
    exit(1);
  }
}

static struct kl_btf_type type_of(uint32_t id) {
  struct kl_btf_type t;
  kl_btf_type(btf, id, &t);
  return t;
}

static bool is_composite(enum kl_btf_kind kind) {
  return kind == KL_BTF_STRUCT || kind == KL_BTF_UNION;
}
static bool is_enum(enum kl_btf_kind kind) {
  return kind == KL_BTF_ENUM || kind == KL_BTF_ENUM64;
}

static void print_layouts(void) {
  for (uint32_t id = 1; id < kl_btf_count(btf); id++) {
    struct kl_btf_type t = type_of(id);
    if (is_composite(t.kind) && t.name.n)
      print_type(stdout, id, true);
  }
}

// A file of C, and what it has taken so far.
enum { NAMES = 1 << 20 };
struct taken {
  struct kl_bytes name;
  uint32_t owner; // the type that declares it
  bool tag;       // of a struct, union or enum: C keeps those apart
};
static struct taken *taken;
static uint8_t *state; // of each type in this file: DECLARED, DONE, and of the closure being made: WANTED
enum { DECLARED = 1, DONE = 2, WANTED = 4, WANTED_DECLARED = 8 };

// The closure of one type: what must be written before it, in order.
struct want {
  uint32_t id;
  bool body;
};
static struct want *wants;
static uint32_t n_wants;
static bool conflict;
// The names it took, to give them back in reverse order.
static struct taken **new_names;
static uint32_t n_new_names;

static struct taken *slot_of(struct kl_bytes name, bool tag) {
  uint64_t h = tag ? 1469598103934665603u : 99194853094755497u;
  for (size_t i = 0; i < name.n; i++)
    h = (h ^ name.p[i]) * 1099511628211u;
  for (size_t i = (size_t)(h % NAMES);; i = (i + 1) % NAMES)
    if (!taken[i].name.p ||
        (taken[i].tag == tag && taken[i].name.n == name.n && !memcmp(taken[i].name.p, name.p, name.n)))
      return &taken[i];
}

// Gives way when another type of this file has the name already.
static void take(struct kl_bytes name, bool tag, uint32_t owner) {
  struct taken *slot = slot_of(name, tag);
  if (!slot->name.p) {
    *slot = (struct taken){name, owner, tag};
    new_names[n_new_names++] = slot;
  } else if (slot->owner != owner) {
    conflict = true;
  }
}

static void want(uint32_t id, bool body) {
  wants[n_wants++] = (struct want){id, body};
}

static void take_values(uint32_t id, uint32_t owner) {
  struct kl_btf_type t = type_of(id);
  for (uint32_t i = 0; i < t.vlen; i++) {
    struct kl_btf_value v;
    kl_btf_enum_value(btf, &t, i, &v);
    take(v.name, false, owner);
  }
}

static void visit(uint32_t id, bool complete, uint32_t owner);

static void visit_members(const struct kl_btf_type *t, uint32_t owner) {
  for (uint32_t i = 0; i < t->vlen; i++) {
    struct kl_btf_member m;
    kl_btf_member(btf, t, i, &m);
    visit(m.type, true, owner);
  }
}

static void visit_tag(const struct kl_btf_type *t, bool complete, uint32_t owner) {
  if (!t->name.n) { // written where it stands
    if (is_enum(t->kind))
      take_values(t->id, owner);
    else
      visit_members(t, owner);
    return;
  }
  bool body = complete || is_enum(t->kind);
  if (state[t->id] & (body ? DONE | WANTED : DONE | DECLARED | WANTED | WANTED_DECLARED))
    return;
  state[t->id] |= body ? WANTED : WANTED_DECLARED;
  take(t->name, true, t->id);
  if (is_enum(t->kind))
    take_values(t->id, t->id);
  else if (body)
    visit_members(t, t->id);
  want(t->id, body);
}

static void visit_proto(const struct kl_btf_type *t, uint32_t owner) {
  visit(t->type, false, owner);
  for (uint32_t i = 0; i < t->vlen; i++) {
    struct kl_btf_parameter p;
    kl_btf_parameter(btf, t, i, &p);
    visit(p.type, false, owner);
  }
}

static void visit(uint32_t id, bool complete, uint32_t owner) {
  struct kl_btf_type t = type_of(id);
  struct kl_btf_array array;
  switch (t.kind) {
  case KL_BTF_PTR:
    visit(t.type, false, owner);
    break;
  case KL_BTF_VOLATILE:
  case KL_BTF_CONST:
  case KL_BTF_RESTRICT:
  case KL_BTF_TYPE_TAG:
    visit(t.type, complete, owner);
    break;
  case KL_BTF_ARRAY:
    kl_btf_array(btf, &t, &array);
    visit(array.type, true, owner);
    break;
  case KL_BTF_FUNC_PROTO:
    visit_proto(&t, owner);
    break;
  case KL_BTF_TYPEDEF:
    if (complete)
      visit(t.type, true, id);
    if (state[id] & (DONE | WANTED))
      break;
    state[id] |= WANTED;
    take(t.name, false, id);
    visit(t.type, complete, id);
    want(id, true);
    break;
  case KL_BTF_FUNC:
    take(t.name, false, id);
    visit(t.type, false, id);
    want(id, true);
    break;
  case KL_BTF_STRUCT:
  case KL_BTF_UNION:
  case KL_BTF_ENUM:
  case KL_BTF_ENUM64:
    visit_tag(&t, complete, owner);
    break;
  case KL_BTF_VOID:
  case KL_BTF_INT:
  case KL_BTF_FWD:
  case KL_BTF_VAR:
  case KL_BTF_DATASEC:
  case KL_BTF_FLOAT:
  case KL_BTF_DECL_TAG:
  case KL_BTF_UNKNOWN:
  default:
    break;
  }
}

static unsigned long n_types, n_offsets, n_bitfields, n_functions;

// "struct name", or a typedef's name.
static void print_how(FILE *to, uint32_t id) {
  char buffer[1100];
  struct kl_text t = kl_text_into(buffer, sizeof buffer);
  kl_btf_print_name(btf, id, &t);
  fprintf(to, "%.*s", (int)t.used, buffer);
}

// The members of a struct that can be named from outside, and where they are.
static void assert_members(FILE *to, FILE *bits, uint32_t how, uint32_t id, uint64_t base) {
  struct kl_btf_type t = type_of(id);
  for (uint32_t i = 0; i < t.vlen; i++) {
    struct kl_btf_member m;
    kl_btf_member(btf, &t, i, &m);
    uint64_t at = base + m.bit_offset;
    uint32_t inner = kl_btf_strip(btf, m.type);
    if (!m.name.n && is_composite(type_of(inner).kind)) {
      assert_members(to, bits, how, inner, at);
    } else if (m.name.n && m.bit_size) {
      fprintf(bits, "  BITS(");
      print_how(bits, how);
      fprintf(bits, ", %.*s, %llu, %u)\n", (int)m.name.n, (const char *)m.name.p, (unsigned long long)at,
              m.bit_size);
      n_bitfields++;
    } else if (m.name.n) {
      fprintf(to, "_Static_assert(__builtin_offsetof(");
      print_how(to, how);
      fprintf(to, ", %.*s) == %llu, \"\");\n", (int)m.name.n, (const char *)m.name.p, (unsigned long long)at / 8);
      n_offsets++;
    }
  }
}

static void write_type(FILE *to, FILE *bits, uint32_t id) {
  struct kl_btf_type t = type_of(id);
  uint64_t size;
  print_type(to, id, false);
  if (t.kind == KL_BTF_FUNC) {
    n_functions++;
    return;
  }
  n_types++;
  uint32_t below = kl_btf_strip(btf, id);
  struct kl_btf_type b = type_of(below);
  // A typedef of a struct that has a name says nothing that the struct does not, which may not be complete here.
  if ((t.kind == KL_BTF_TYPEDEF && b.name.n) || !kl_btf_size(btf, id, &size) || (is_enum(b.kind) && !b.vlen))
    return;
  fprintf(to, "_Static_assert(sizeof(");
  print_how(to, id);
  fprintf(to, ") == %llu, \"\");\n", (unsigned long long)size);
  if (is_composite(b.kind))
    assert_members(to, bits, id, below, 0);
}

static void commit(FILE *to, FILE *bits) {
  for (uint32_t i = 0; i < n_wants; i++) {
    uint32_t id = wants[i].id;
    struct kl_btf_type t = type_of(id);
    if (wants[i].body) {
      write_type(to, bits, id);
      state[id] |= DONE;
    } else {
      fprintf(to, "%s %.*s;\n", t.kind == KL_BTF_UNION ? "union" : "struct", (int)t.name.n, (const char *)t.name.p);
      state[id] |= DECLARED;
    }
  }
}

static const char prologue[] =
    "#define __user\n#define __rcu\n#define __percpu\n#define __arena\n"
    "#define address_space(n) unused\n#define __builtin_va_list guest_va_list\n"
    // All bits of the field set: those and no others are.
    "static int wrong(const unsigned char *p, __SIZE_TYPE__ n, __SIZE_TYPE__ at, int bits) {\n"
    "  for (__SIZE_TYPE__ i = 0; i < n * 8; i++)\n"
    "    if ((p[i / 8] >> i % 8 & 1) != (i >= at && i < at + bits)) return 1;\n"
    "  return 0;\n}\n";
static const char bits_macro[] = "\n#define BITS(type, member, at, bits) { static type v = {.member = -1}; if "
                                 "(wrong((void *)&v, sizeof v, at, bits)) { failures++; "
                                 "__builtin_printf(\"%s\\n\", #type \" \" #member); } }\n"
                                 "int main(void) {\n  int failures = 0;\n";

// The compiler's own types that another compiler or machine may not have.
static void declare_builtin_types(FILE *to) {
  static const char *const here[] = {"_Bool", "char", "int", "__int128", "float", "double"};
  static const char *const modes[17] = {[1] = "QI", [2] = "HI", [4] = "SI", [8] = "DI", [16] = "TI"};
  for (uint32_t id = 1; id < kl_btf_count(btf); id++) {
    struct kl_btf_type t = type_of(id);
    bool known = (t.kind != KL_BTF_INT && t.kind != KL_BTF_FLOAT) || memchr(t.name.p, ' ', t.name.n);
    for (size_t i = 0; i < sizeof here / sizeof *here; i++)
      known = known || kl_bytes_equal(t.name, here[i]);
    if (!known)
      fprintf(to, "#define %.*s guest_%u\ntypedef unsigned guest_%u __attribute__((mode(%s)));\n", (int)t.name.n,
              (const char *)t.name.p, id, id, modes[t.size]);
  }
}

static bool is_wanted(uint32_t id) {
  struct kl_btf_type t = type_of(id);
  if (t.kind == KL_BTF_FUNC) // of which there may be more than one; and what C can say
    return !memchr(t.name.p, '.', t.name.n);
  return (is_composite(t.kind) || is_enum(t.kind) || t.kind == KL_BTF_TYPEDEF) && t.name.n;
}

// Writes what fits into one file. How many types are still to come.
static uint32_t write_file(const char *path, uint8_t *written) {
  uint32_t count = kl_btf_count(btf), left = 0;
  FILE *to = fopen(path, "w"), *bits = tmpfile();
  if (!to || !bits)
    exit(1);
  memset(taken, 0, NAMES * sizeof *taken);
  memset(state, 0, count);
  fputs(prologue, to);
  declare_builtin_types(to);
  for (uint32_t id = 1; id < count; id++) {
    if (written[id] || !is_wanted(id))
      continue;
    n_wants = n_new_names = 0;
    conflict = false;
    visit(id, is_composite(type_of(id).kind), id);
    if (!conflict) {
      commit(to, bits);
      for (uint32_t i = 0; i < n_wants; i++)
        written[wants[i].id] |= wants[i].body;
      written[id] = 1;
    } else {
      while (n_new_names)
        new_names[--n_new_names]->name.p = 0;
      left++;
    }
    for (uint32_t i = 0; i < n_wants; i++)
      state[wants[i].id] &= DECLARED | DONE;
  }
  fputs(bits_macro, to);
  rewind(bits);
  for (int c; (c = getc(bits)) != EOF;)
    putc(c, to);
  fputs("  return failures != 0;\n}\n", to);
  fclose(bits);
  fclose(to);
  return left;
}

static int write_files(const char *dir) {
  char path[4096];
  uint32_t count = kl_btf_count(btf), left = 1;
  uint8_t *written = calloc(count, 1);
  taken = malloc(NAMES * sizeof *taken);
  state = malloc(count);
  wants = malloc((size_t)count * 2 * sizeof *wants); // each: forward, and whole
  new_names = malloc(NAMES * sizeof(struct taken *));
  if (!written || !taken || !state || !wants || !new_names)
    return 1;
  for (int n = 0; left; n++) {
    uint32_t before = left;
    snprintf(path, sizeof path, "%s/%d.c", dir, n);
    left = write_file(path, written);
    if (n && left >= before) {
      fprintf(stderr, "%u types conflict with themselves\n", left);
      return 1;
    }
  }
  free(written);
  printf("%lu types, %lu functions, %lu offsets, %lu bitfields\n", n_types, n_functions, n_offsets, n_bitfields);
  return 0;
}

int main(int argc, char **argv) {
  static uint8_t arena_block[64 << 20];
  struct kl_limits limits = kl_limits_default();
  struct kl_arena arena;
  if (argc < 3)
    return 2;
  kl_arena_init(&arena, arena_block, sizeof arena_block);
  struct kl_bytes data = file_bytes(argv[1]);
  enum kl_status status = kl_btf_open(&arena, data, 0, &limits, &btf, 0);
  if (status != KL_OK) {
    fprintf(stderr, "%s: %s\n", argv[1], kl_status_text(status));
    return 1;
  }
  int failed = 0;
  if (argc == 4)
    failed = write_files(argv[3]);
  else
    print_layouts();
  file_free(data);
  return failed;
}
