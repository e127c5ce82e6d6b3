// Opening a BTF: what is accepted, and every way to be refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "btf_opened.h"

static struct btf_builder b;

// One type of each kind, as a kernel has them.
struct kinds {
  uint32_t id[KL_BTF_UNKNOWN];
};

static struct kinds every_kind(void) {
  struct kinds k = {0};
  btfb_init(&b);
  uint32_t i = k.id[KL_BTF_INT] = btfb_int(&b, "long int", 8, BTFB_SIGNED, 64);
  k.id[KL_BTF_PTR] = btfb_ptr(&b, 0);
  k.id[KL_BTF_ARRAY] = btfb_array(&b, i, i, 3);
  k.id[KL_BTF_STRUCT] = btfb_struct(&b, "pair", 16, 2);
  btfb_member(&b, "a", i, 0);
  btfb_member(&b, "b", k.id[KL_BTF_PTR], 64);
  k.id[KL_BTF_UNION] = btfb_union(&b, "either", 24, 2);
  btfb_member(&b, "x", i, 0);
  btfb_member(&b, "y", k.id[KL_BTF_ARRAY], 0);
  k.id[KL_BTF_ENUM] = btfb_enum(&b, "colour", 4, true, 2);
  btfb_value(&b, "RED", 0);
  btfb_value(&b, "NONE", -1);
  k.id[KL_BTF_FWD] = btfb_fwd(&b, "elsewhere", false);
  k.id[KL_BTF_TYPEDEF] = btfb_typedef(&b, "pair_t", k.id[KL_BTF_STRUCT]);
  k.id[KL_BTF_VOLATILE] = btfb_type(&b, KL_BTF_VOLATILE, 0, 0, i);
  k.id[KL_BTF_CONST] = btfb_type(&b, KL_BTF_CONST, 0, 0, 0);
  k.id[KL_BTF_RESTRICT] = btfb_type(&b, KL_BTF_RESTRICT, 0, 0, k.id[KL_BTF_PTR]);
  k.id[KL_BTF_FUNC_PROTO] = btfb_proto(&b, i, 2);
  btfb_parameter(&b, "n", i);
  btfb_parameter(&b, 0, 0);
  k.id[KL_BTF_FUNC] = btfb_func(&b, "printk", k.id[KL_BTF_FUNC_PROTO]);
  k.id[KL_BTF_VAR] = btfb_var(&b, "current_task", k.id[KL_BTF_PTR]);
  k.id[KL_BTF_DATASEC] = btfb_datasec(&b, ".data..percpu", 64, 1);
  btfb_section_variable(&b, k.id[KL_BTF_VAR], 8, 8);
  k.id[KL_BTF_FLOAT] = btfb_type(&b, KL_BTF_FLOAT, "double", 0, 8);
  k.id[KL_BTF_DECL_TAG] = btfb_decl_tag(&b, "bpf_kfunc", k.id[KL_BTF_FUNC], (uint32_t)-1);
  k.id[KL_BTF_TYPE_TAG] = btfb_type(&b, KL_BTF_TYPE_TAG, "user", 0, i);
  k.id[KL_BTF_ENUM64] = btfb_enum64(&b, "wide", false, 1);
  btfb_value64(&b, "TOP", 1ull << 63);
  return k;
}

static void every_kind_is_accepted_and_decoded(void **state) {
  (void)state;
  struct kinds k = every_kind();
  struct opened o;
  struct kl_bytes data = btfb_finish(&b);
  opened(&o, data, 0);
  assert_int_equal(o.status, KL_OK);
  assert_int_equal(kl_btf_count(o.btf), 20);
  assert_int_equal(kl_btf_bytes(o.btf), data.n);
  for (int kind = KL_BTF_INT; kind < KL_BTF_UNKNOWN; kind++) {
    struct kl_btf_type t;
    kl_btf_type(o.btf, k.id[kind], &t);
    assert_int_equal(t.kind, kind);
    assert_int_equal(t.id, k.id[kind]);
  }
  struct kl_btf_type t;
  kl_btf_type(o.btf, 0, &t);
  assert_int_equal(t.kind, KL_BTF_VOID);
  assert_int_equal(t.name.n, 0);

  struct kl_btf_int i;
  kl_btf_type(o.btf, k.id[KL_BTF_INT], &t);
  kl_btf_int(o.btf, &t, &i);
  assert_true(i.is_signed && !i.is_char && !i.is_bool && i.bits == 64 && i.bit_offset == 0);
  assert_true(kl_bytes_equal(t.name, "long int") && t.size == 8 && t.type == 0);

  struct kl_btf_array array;
  kl_btf_type(o.btf, k.id[KL_BTF_ARRAY], &t);
  kl_btf_array(o.btf, &t, &array);
  assert_true(array.type == k.id[KL_BTF_INT] && array.count == 3);

  struct kl_btf_member m;
  kl_btf_type(o.btf, k.id[KL_BTF_STRUCT], &t);
  kl_btf_member(o.btf, &t, 1, &m);
  assert_true(t.vlen == 2 && t.size == 16 && kl_bytes_equal(m.name, "b"));
  assert_true(m.type == k.id[KL_BTF_PTR] && m.bit_offset == 64 && m.bit_size == 0);

  struct kl_btf_value v;
  kl_btf_type(o.btf, k.id[KL_BTF_ENUM], &t);
  kl_btf_enum_value(o.btf, &t, 1, &v);
  assert_true(kl_bytes_equal(v.name, "NONE") && v.value == -1);
  kl_btf_type(o.btf, k.id[KL_BTF_ENUM64], &t);
  kl_btf_enum_value(o.btf, &t, 0, &v);
  assert_true((uint64_t)v.value == 1ull << 63);

  struct kl_btf_parameter p;
  kl_btf_type(o.btf, k.id[KL_BTF_FUNC_PROTO], &t);
  kl_btf_parameter(o.btf, &t, 0, &p);
  assert_true(kl_bytes_equal(p.name, "n") && p.type == k.id[KL_BTF_INT]);
  kl_btf_parameter(o.btf, &t, 1, &p);
  assert_true(p.name.n == 0 && p.type == 0);

  struct kl_btf_section_variable s;
  kl_btf_type(o.btf, k.id[KL_BTF_DATASEC], &t);
  kl_btf_section_variable(o.btf, &t, 0, &s);
  assert_true(s.type == k.id[KL_BTF_VAR] && s.offset == 8 && s.size == 8 && t.size == 64);
  opened_close(&o);
}

static void cut_at_any_byte_is_refused(void **state) {
  (void)state;
  (void)every_kind();
  btfb_layout(&b, 30, 0, 0);
  struct kl_bytes whole = btfb_finish(&b);
  for (size_t n = 0; n < whole.n; n++) {
    struct opened o;
    opened(&o, kl_bytes_of(whole.p, n), 0);
    assert_int_equal(o.status, KL_ERR_MALFORMED);
    assert_true(o.bad <= n);
    opened_close(&o);
  }
  assert_int_equal(opening(whole), KL_OK);
}

// Whatever the change, open must answer and all accessors hold: the sanitizers
// watch. Some changes are legal (a name, an offset).
static void any_byte_may_be_wrong(void **state) {
  (void)state;
  (void)every_kind();
  struct kl_bytes whole = btfb_finish(&b);
  static uint8_t copy[sizeof b.out];
  static char out[1 << 14];
  size_t refused = 0;
  for (size_t i = 0; i < whole.n; i++) {
    static const uint8_t flips[] = {0x01, 0x04, 0x80, 0xff};
    for (size_t f = 0; f < sizeof flips; f++) {
      struct opened o;
      memcpy(copy, whole.p, whole.n);
      copy[i] ^= flips[f];
      opened(&o, kl_bytes_of(copy, whole.n), 0);
      refused += o.status != KL_OK;
      for (uint32_t id = 0; o.status == KL_OK && id < kl_btf_count(o.btf); id++) {
        struct kl_text text = kl_text_into(out, sizeof out);
        uint64_t size;
        kl_btf_print_name(o.btf, id, &text);
        (void)!kl_btf_print_type(o.btf, id, true, &text);
        (void)!kl_btf_print_type(o.btf, id, false, &text);
        (void)!kl_btf_print_value(o.btf, id, kl_bytes_of(copy, 32), KL_BTF_VALUE_JSON, &text);
        (void)kl_btf_size(o.btf, id, &size);
      }
      opened_close(&o);
    }
  }
  assert_true(refused > whole.n); // most of 4 each
}

static void header_fields_are_checked(void **state) {
  (void)state;
  static const struct {
    uint32_t at, value;
    uint64_t bad;
  } cases[] = {
      {0, 0x0001eb9e, 0},  // magic
      {0, 0x00019feb, 0},  // big-endian
      {0, 0x0002eb9f, 2},  // version
      {0, 0x0101eb9f, 2},  // flags
      {4, 23, 4},          // shorter than any
      {4, 4097, 4},        // longer than a page
      {8, 2, 8},           // types not aligned
      {8, 0xfffffffc, 12}, // types past the end
      {12, 10, 8},         // not a multiple of 4
      {12, 0, 12},         // no types
      {16, 0, 16},         // strings over types
      {20, 0xffffffff, 0}, // strings past the end
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct opened o;
    (void)every_kind();
    struct kl_bytes data = btfb_finish(&b);
    btfb_put32(b.out + cases[i].at, cases[i].value);
    opened(&o, data, 0);
    assert_true(o.status == KL_ERR_MALFORMED || o.status == KL_ERR_LIMIT);
    if (o.status == KL_ERR_MALFORMED && cases[i].bad && cases[i].bad < 12)
      assert_int_equal(o.bad, cases[i].bad);
    opened_close(&o);
  }
}

static void probe_agrees_with_the_header(void **state) {
  (void)state;
  uint64_t total = 0;
  (void)every_kind();
  struct kl_bytes data = btfb_finish(&b);
  assert_true(kl_btf_probe(kl_bytes_of(data.p, KL_BTF_PROBE_BYTES), &total));
  assert_int_equal(total, data.n);
  for (size_t n = 0; n < 24; n++)
    assert_false(kl_btf_probe(kl_bytes_of(data.p, n), &total));
  btfb_layout(&b, 19, 0, 12);
  data = btfb_finish(&b);
  assert_true(kl_btf_probe(kl_bytes_of(data.p, KL_BTF_PROBE_BYTES), &total));
  assert_int_equal(total, data.n);
  static const uint8_t zeros[KL_BTF_PROBE_BYTES];
  assert_false(kl_btf_probe(kl_bytes_of(zeros, sizeof zeros), &total));
}

static void bytes_behind_the_btf_are_not_looked_at(void **state) {
  (void)state;
  (void)every_kind();
  struct kl_bytes data = btfb_finish(&b);
  memset(b.out + data.n, 0xff, 100);
  struct opened o;
  opened(&o, kl_bytes_of(data.p, data.n + 100), 0);
  assert_int_equal(o.status, KL_OK);
  assert_int_equal(kl_btf_bytes(o.btf), data.n);
  opened_close(&o);
}

// A longer header than any known is read as far as it is known.
static void longer_headers_are_accepted(void **state) {
  (void)state;
  for (uint32_t n = 24; n <= BTFB_HEADER; n += 4) {
    (void)every_kind();
    b.header_bytes = n;
    assert_int_equal(opening(btfb_finish(&b)), KL_OK);
  }
}

static void unknown_kinds_are_stepped_over_by_the_layout_section(void **state) {
  (void)state;
  struct opened o;
  struct kl_btf_type t;
  uint64_t size;
  btfb_init(&b);
  uint32_t u8 = btfb_int(&b, "u8", 1, 0, 8);
  uint32_t odd = btfb_raw(&b, btfb_string(&b, "what"), 100u << 24 | 3, 77); // kind 100, vlen 3
  for (uint32_t i = 0; i < 2 + 3 * 1; i++)
    btfb_word(&b, 0xffffffff);
  uint32_t last = btfb_struct(&b, "last", 64, 2);
  btfb_member(&b, "a", u8, 0);
  btfb_member(&b, "b", odd, 8);
  assert_int_equal(opening(btfb_finish(&b)), KL_ERR_MALFORMED); // no layout: no way past it
  btfb_layout(&b, 100, 8, 4);
  opened(&o, btfb_finish(&b), 0);
  assert_int_equal(o.status, KL_OK);
  kl_btf_type(o.btf, odd, &t);
  assert_int_equal(t.kind, KL_BTF_UNKNOWN);
  assert_int_equal(t.vlen, 3);
  assert_false(kl_btf_size(o.btf, odd, &size));
  assert_int_equal(kl_btf_find_struct(o.btf, "last"), last);
  opened_close(&o);

  b.layout[100 * 4] = 10; // not whole words
  assert_int_equal(opening(btfb_finish(&b)), KL_ERR_MALFORMED);
  b.layout[100 * 4] = 8;
  b.n_layout -= 4; // ends before kind 100
  assert_int_equal(opening(btfb_finish(&b)), KL_ERR_MALFORMED);
}

// The wider info word of 2026: more than 65,535 members, kinds up to 127.
static void vlen_has_24_bits(void **state) {
  (void)state;
  enum { N = 70000 };
  static uint8_t big[24 + 16 + 12 + N * 12 + 16];
  uint8_t *p = big + 24;
  btfb_put32(p + 4, (uint32_t)KL_BTF_INT << 24);
  btfb_put32(p + 8, 1);
  btfb_put32(p + 12, 8);
  p += 16;
  btfb_put32(p, 1);
  btfb_put32(p + 4, (uint32_t)KL_BTF_STRUCT << 24 | N);
  btfb_put32(p + 8, N);
  p += 12;
  for (uint32_t i = 0; i < N; i++, p += 12) {
    btfb_put32(p, 3);
    btfb_put32(p + 4, 1);
    btfb_put32(p + 8, i * 8);
  }
  memcpy(p, "\0s\0m", 5);
  uint32_t types = (uint32_t)(p - big) - 24;
  btfb_put32(big, 0x0001eb9f);
  btfb_put32(big + 4, 24);
  btfb_put32(big + 12, types);
  btfb_put32(big + 16, types);
  btfb_put32(big + 20, 5);
  struct opened o;
  opened(&o, kl_bytes_of(big, 24 + types + 5), 0);
  assert_int_equal(o.status, KL_OK);
  struct kl_btf_type t;
  struct kl_btf_member m;
  kl_btf_type(o.btf, 2, &t);
  assert_int_equal(t.vlen, N);
  kl_btf_member(o.btf, &t, N - 1, &m);
  assert_int_equal(m.bit_offset, (N - 1) * 8);
  opened_close(&o);
}

// A single type with these three words and this item behind an int (id 1) and
// a struct of 8 bytes (id 2).
struct shape {
  const char *what;
  const char *name;
  uint32_t info, word;
  uint32_t items[6];
  uint32_t n_items;
  enum kl_status status;
};
#define KIND(kind, vlen) ((uint32_t)(kind) << 24 | (vlen))
#define KFLAG 0x80000000u

static const struct shape shapes[] = {
    {"kind 0", 0, KIND(0, 0), 0, {0}, 0, KL_ERR_MALFORMED},
    {"kind 20 without layout", 0, KIND(20, 0), 0, {0}, 0, KL_ERR_MALFORMED},

    {"int", "i", KIND(KL_BTF_INT, 0), 4, {32}, 1, KL_OK},
    {"int of 128 bits", "i", KIND(KL_BTF_INT, 0), 16, {128}, 1, KL_OK},
    {"int of 129 bits", "i", KIND(KL_BTF_INT, 0), 16, {129}, 1, KL_ERR_MALFORMED},
    {"int wider than its bytes", "i", KIND(KL_BTF_INT, 0), 4, {33}, 1, KL_ERR_MALFORMED},
    {"int shifted out of its bytes", "i", KIND(KL_BTF_INT, 0), 4, {1 << 16 | 32}, 1, KL_ERR_MALFORMED},
    {"int of 32 bytes", "i", KIND(KL_BTF_INT, 0), 32, {128}, 1, KL_ERR_MALFORMED},
    {"int signed and bool", "i", KIND(KL_BTF_INT, 0), 4, {5u << 24 | 32}, 1, KL_ERR_MALFORMED},
    {"int of unknown encoding", "i", KIND(KL_BTF_INT, 0), 4, {8u << 24 | 32}, 1, KL_ERR_MALFORMED},
    {"int with spare bits set", "i", KIND(KL_BTF_INT, 0), 4, {1u << 28 | 32}, 1, KL_ERR_MALFORMED},
    {"int with vlen", "i", KIND(KL_BTF_INT, 1), 4, {32}, 1, KL_ERR_MALFORMED},
    {"int with kflag", "i", KFLAG | KIND(KL_BTF_INT, 0), 4, {32}, 1, KL_ERR_MALFORMED},
    {"int with a control character", "i\x1b[31m", KIND(KL_BTF_INT, 0), 4, {32}, 1, KL_ERR_MALFORMED},

    {"pointer to void", 0, KIND(KL_BTF_PTR, 0), 0, {0}, 0, KL_OK},
    {"pointer with a name", "p", KIND(KL_BTF_PTR, 0), 0, {0}, 0, KL_ERR_MALFORMED},
    {"pointer past the last type", 0, KIND(KL_BTF_PTR, 0), 4, {0}, 0, KL_ERR_MALFORMED},
    {"pointer to itself", 0, KIND(KL_BTF_PTR, 0), 3, {0}, 0, KL_ERR_MALFORMED},
    {"pointer to a far id", 0, KIND(KL_BTF_PTR, 0), 0xffffffff, {0}, 0, KL_ERR_MALFORMED},

    {"array of none", 0, KIND(KL_BTF_ARRAY, 0), 0, {1, 1, 0}, 3, KL_OK},
    {"array of void", 0, KIND(KL_BTF_ARRAY, 0), 0, {0, 1, 1}, 3, KL_ERR_MALFORMED},
    {"array indexed by void", 0, KIND(KL_BTF_ARRAY, 0), 0, {1, 0, 1}, 3, KL_ERR_MALFORMED},
    {"array with a size", 0, KIND(KL_BTF_ARRAY, 0), 4, {1, 1, 1}, 3, KL_ERR_MALFORMED},
    {"array of itself", 0, KIND(KL_BTF_ARRAY, 0), 0, {3, 1, 1}, 3, KL_ERR_MALFORMED},
    {"array of itself, none", 0, KIND(KL_BTF_ARRAY, 0), 0, {3, 1, 0}, 3, KL_ERR_MALFORMED},
    {"array under 4 GiB", 0, KIND(KL_BTF_ARRAY, 0), 0, {1, 1, 0x3ffffffc}, 3, KL_OK},
    {"array over 4 GiB", 0, KIND(KL_BTF_ARRAY, 0), 0, {1, 1, 0x40000000}, 3, KL_ERR_MALFORMED},
    {"array far over", 0, KIND(KL_BTF_ARRAY, 0), 0, {2, 1, 0xffffffff}, 3, KL_ERR_MALFORMED},

    {"empty struct", "s", KIND(KL_BTF_STRUCT, 0), 0, {0}, 0, KL_OK},
    {"struct of the largest size", "s", KIND(KL_BTF_STRUCT, 0), 0xfffffff0, {0}, 0, KL_OK},
    {"struct of too large a size", "s", KIND(KL_BTF_STRUCT, 0), 0xfffffff1, {0}, 0, KL_ERR_MALFORMED},
    {"struct whose members end with it", "s", KIND(KL_BTF_STRUCT, 1), 5, {0, 1, 8}, 3, KL_OK},
    {"member past the end", "s", KIND(KL_BTF_STRUCT, 1), 5, {0, 1, 16}, 3, KL_ERR_MALFORMED},
    {"member far past the end", "s", KIND(KL_BTF_STRUCT, 1), 5, {0, 1, 0xfffffff8}, 3, KL_ERR_MALFORMED},
    {"member at a bit", "s", KIND(KL_BTF_STRUCT, 1), 8, {0, 1, 3}, 3, KL_OK}, // as before kflag: an int's bits
    {"struct member at a bit", "s", KIND(KL_BTF_STRUCT, 1), 16, {0, 2, 3}, 3, KL_ERR_MALFORMED},
    {"member of void", "s", KIND(KL_BTF_STRUCT, 1), 8, {0, 0, 0}, 3, KL_ERR_MALFORMED},
    {"struct that holds itself", "s", KIND(KL_BTF_STRUCT, 1), 8, {0, 3, 0}, 3, KL_ERR_MALFORMED},
    {"members in descending order", "s", KIND(KL_BTF_STRUCT, 2), 8, {0, 1, 32, 0, 1, 0}, 6, KL_ERR_MALFORMED},
    {"members that overlap", "s", KIND(KL_BTF_STRUCT, 2), 8, {0, 1, 0, 0, 1, 8}, 6, KL_OK}, // Linux lets them
    {"struct without its items", "s", KIND(KL_BTF_STRUCT, 1), 8, {0}, 0, KL_ERR_MALFORMED},
    {"struct of 16 million members", "s", KIND(KL_BTF_STRUCT, 0xffffff), 8, {0}, 3, KL_ERR_MALFORMED},
    {"member with a string far off", "s", KIND(KL_BTF_STRUCT, 1), 8, {0xffff, 1, 0}, 3, KL_ERR_MALFORMED},
    {"bitfield to the last bit", "s", KFLAG | KIND(KL_BTF_STRUCT, 1), 4, {0, 1, 3u << 24 | 29}, 3, KL_OK},
    {"bitfield past it", "s", KFLAG | KIND(KL_BTF_STRUCT, 1), 4, {0, 1, 3u << 24 | 30}, 3, KL_ERR_MALFORMED},
    {"bitfield wider than its type",
     "s",
     KFLAG | KIND(KL_BTF_STRUCT, 1),
     8,
     {0, 1, 33u << 24},
     3,
     KL_ERR_MALFORMED},
    {"bitfield of a struct", "s", KFLAG | KIND(KL_BTF_STRUCT, 1), 8, {0, 2, 3u << 24}, 3, KL_ERR_MALFORMED},
    {"kflag member at a bit", "s", KFLAG | KIND(KL_BTF_STRUCT, 1), 8, {0, 1, 3}, 3, KL_ERR_MALFORMED},
    {"union member not at 0", "u", KIND(KL_BTF_UNION, 1), 8, {0, 1, 8}, 3, KL_ERR_MALFORMED},
    {"union", "u", KIND(KL_BTF_UNION, 2), 8, {0, 1, 0, 0, 2, 0}, 6, KL_OK},
    {"union that holds itself", "u", KIND(KL_BTF_UNION, 1), 8, {0, 3, 0}, 3, KL_ERR_MALFORMED},

    {"enum without values", "e", KIND(KL_BTF_ENUM, 0), 4, {0}, 0, KL_OK},
    {"enum of 3 bytes", "e", KIND(KL_BTF_ENUM, 0), 3, {0}, 0, KL_ERR_MALFORMED},
    {"enum of 0 bytes", "e", KIND(KL_BTF_ENUM, 0), 0, {0}, 0, KL_ERR_MALFORMED},
    {"enum of 16 bytes", "e", KIND(KL_BTF_ENUM, 0), 16, {0}, 0, KL_ERR_MALFORMED},
    {"value without a name", "e", KIND(KL_BTF_ENUM, 1), 4, {0, 1}, 2, KL_ERR_MALFORMED},
    {"wide value without a name", "e", KIND(KL_BTF_ENUM64, 1), 8, {0, 1, 0}, 3, KL_ERR_MALFORMED},

    {"forward", "f", KIND(KL_BTF_FWD, 0), 0, {0}, 0, KL_OK},
    {"forward of a union", "f", KFLAG | KIND(KL_BTF_FWD, 0), 0, {0}, 0, KL_OK},
    {"forward without a name", 0, KIND(KL_BTF_FWD, 0), 0, {0}, 0, KL_ERR_MALFORMED},
    {"forward with a type", "f", KIND(KL_BTF_FWD, 0), 1, {0}, 0, KL_ERR_MALFORMED},

    {"typedef of void", "t", KIND(KL_BTF_TYPEDEF, 0), 0, {0}, 0, KL_OK},
    {"typedef without a name", 0, KIND(KL_BTF_TYPEDEF, 0), 1, {0}, 0, KL_ERR_MALFORMED},
    {"typedef with a digit first", "1t", KIND(KL_BTF_TYPEDEF, 0), 1, {0}, 0, KL_ERR_MALFORMED},
    {"typedef with a blank", "a t", KIND(KL_BTF_TYPEDEF, 0), 1, {0}, 0, KL_ERR_MALFORMED},
    {"typedef of itself", "t", KIND(KL_BTF_TYPEDEF, 0), 3, {0}, 0, KL_ERR_MALFORMED},
    {"const with a name", "c", KIND(KL_BTF_CONST, 0), 1, {0}, 0, KL_ERR_MALFORMED},
    {"const of itself", 0, KIND(KL_BTF_CONST, 0), 3, {0}, 0, KL_ERR_MALFORMED},
    {"restrict of itself", 0, KIND(KL_BTF_RESTRICT, 0), 3, {0}, 0, KL_ERR_MALFORMED},
    {"volatile", 0, KIND(KL_BTF_VOLATILE, 0), 1, {0}, 0, KL_OK},

    {"function of no prototype", "f", KIND(KL_BTF_FUNC, 0), 1, {0}, 0, KL_ERR_MALFORMED},
    {"function of void", "f", KIND(KL_BTF_FUNC, 0), 0, {0}, 0, KL_ERR_MALFORMED},
    {"prototype", 0, KIND(KL_BTF_FUNC_PROTO, 1), 0, {0, 1}, 2, KL_OK},
    {"prototype with a name", "f", KIND(KL_BTF_FUNC_PROTO, 0), 0, {0}, 0, KL_ERR_MALFORMED},
    {"prototype with ... first", 0, KIND(KL_BTF_FUNC_PROTO, 2), 0, {0, 0, 0, 1}, 4, KL_ERR_MALFORMED},
    {"prototype with ... named", 0, KIND(KL_BTF_FUNC_PROTO, 1), 0, {1, 0}, 2, KL_ERR_MALFORMED},
    {"prototype that returns itself", 0, KIND(KL_BTF_FUNC_PROTO, 0), 3, {0}, 0, KL_OK}, // Linux lets it; we print
                                                                                        // it

    {"variable", "v", KIND(KL_BTF_VAR, 0), 1, {1}, 1, KL_OK},
    {"variable of void", "v", KIND(KL_BTF_VAR, 0), 0, {1}, 1, KL_ERR_MALFORMED},
    {"variable without a name", 0, KIND(KL_BTF_VAR, 0), 1, {1}, 1, KL_ERR_MALFORMED},
    {"variable of linkage 3", "v", KIND(KL_BTF_VAR, 0), 1, {3}, 1, KL_ERR_MALFORMED},
    {"variable of itself", "v", KIND(KL_BTF_VAR, 0), 3, {1}, 1, KL_ERR_MALFORMED},

    {"section of no bytes", ".s", KIND(KL_BTF_DATASEC, 0), 0, {0}, 0, KL_ERR_MALFORMED},
    {"section without a name", 0, KIND(KL_BTF_DATASEC, 0), 8, {0}, 0, KL_ERR_MALFORMED},
    {"section with a blank and slash", "fentry/a b", KIND(KL_BTF_DATASEC, 0), 8, {0}, 0, KL_OK},
    {"section of no variable", ".s", KIND(KL_BTF_DATASEC, 1), 8, {1, 0, 4}, 3, KL_ERR_MALFORMED},

    {"float of 4", "f", KIND(KL_BTF_FLOAT, 0), 4, {0}, 0, KL_OK},
    {"float of 16", "f", KIND(KL_BTF_FLOAT, 0), 16, {0}, 0, KL_OK},
    {"float of 5", "f", KIND(KL_BTF_FLOAT, 0), 5, {0}, 0, KL_ERR_MALFORMED},

    {"tag", "any text at all: \x01", KIND(KL_BTF_DECL_TAG, 0), 2, {0}, 1, KL_OK},
    {"tag without text", 0, KIND(KL_BTF_DECL_TAG, 0), 2, {0}, 1, KL_ERR_MALFORMED},
    {"tag of void", "t", KIND(KL_BTF_DECL_TAG, 0), 0, {0}, 1, KL_ERR_MALFORMED},
    {"tag of component -2", "t", KIND(KL_BTF_DECL_TAG, 0), 2, {0xfffffffe}, 1, KL_ERR_MALFORMED},
    {"attribute", "noinline", KFLAG | KIND(KL_BTF_DECL_TAG, 0), 2, {0xffffffff}, 1, KL_OK},
    {"type tag", "user", KIND(KL_BTF_TYPE_TAG, 0), 1, {0}, 0, KL_OK},
    {"type attribute", "address_space(1)", KFLAG | KIND(KL_BTF_TYPE_TAG, 0), 1, {0}, 0, KL_OK},
    {"type tag of itself", "user", KIND(KL_BTF_TYPE_TAG, 0), 3, {0}, 0, KL_ERR_MALFORMED},
};

static void each_shape_is_judged_as_linux_would(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    const struct shape *s = &shapes[i];
    btfb_init(&b);
    (void)btfb_int(&b, "int", 4, BTFB_SIGNED, 32);
    (void)btfb_struct(&b, "eight", 8, 1);
    btfb_member(&b, "m", 1, 0);
    (void)btfb_raw(&b, btfb_string(&b, s->name), s->info, s->word);
    for (uint32_t k = 0; k < s->n_items; k++)
      btfb_word(&b, s->items[k]);
    enum kl_status status = opening(btfb_finish(&b));
    if (status != s->status)
      print_error("%s: %s\n", s->what, kl_status_text(status));
    assert_int_equal(status, s->status);
  }
}

static void bad_offset_names_the_culprit(void **state) {
  (void)state;
  struct opened o;
  btfb_init(&b);
  uint32_t i = btfb_int(&b, "int", 4, 0, 32); // 16 bytes
  (void)btfb_struct(&b, "s", 8, 2);
  btfb_member(&b, "a", i, 0);
  btfb_member(&b, "b", 99, 32);
  opened(&o, btfb_finish(&b), 0);
  assert_int_equal(o.status, KL_ERR_MALFORMED);
  assert_int_equal(o.bad, 24 + 16 + 12 + 12 + 4); // the type of the second member
  opened_close(&o);
}

static void strings_must_start_and_end_with_a_nul(void **state) {
  (void)state;
  (void)every_kind();
  struct kl_bytes data = btfb_finish(&b);
  b.out[data.n - 1] = 'x';
  assert_int_equal(opening(data), KL_ERR_MALFORMED);
  data = btfb_finish(&b);
  b.out[data.n - b.n_strings] = 'x';
  assert_int_equal(opening(data), KL_ERR_MALFORMED);
}

// Names may begin inside another's string, as libbpf's writers may merge them.
static void a_name_may_be_the_tail_of_another(void **state) {
  (void)state;
  struct opened o;
  btfb_init(&b);
  uint32_t i = btfb_int(&b, "unsigned int", 4, 0, 32);
  (void)btfb_raw(&b, btfb_string(&b, "unsigned int") + 9, (uint32_t)KL_BTF_TYPEDEF << 24, i);
  (void)btfb_raw(&b, btfb_string(&b, "unsigned int") + 3, (uint32_t)KL_BTF_STRUCT << 24, 0); // "igned int"
  assert_int_equal(opening(btfb_finish(&b)), KL_ERR_MALFORMED);
  b.n_types -= 12;
  opened(&o, btfb_finish(&b), 0);
  assert_int_equal(o.status, KL_OK);
  assert_int_equal(kl_btf_find(o.btf, KL_BTF_TYPEDEF, text_bytes("int"), 0), 2);
  opened_close(&o);
}

// Identifiers are vouched for in blocks of 64 bytes: the blocks' edges must not
// matter, nor how long the string is.
static void an_odd_byte_is_found_wherever_it_lies(void **state) {
  (void)state;
  char name[1100];
  for (size_t lead = 0; lead < 130; lead++) {
    for (size_t length = 1; length < 140; length += 23) {
      for (size_t odd = 0; odd <= length; odd += length) { // first, or none
        btfb_init(&b);
        memset(name, 'x', lead);
        name[lead] = 0;
        (void)btfb_string(&b, name);
        memset(name, 'y', length);
        name[length] = 0;
        if (odd < length)
          name[length - 1] = '-';
        (void)btfb_struct(&b, name, 0, 0);
        assert_int_equal(opening(btfb_finish(&b)), odd < length ? KL_ERR_MALFORMED : KL_OK);
      }
    }
  }
  for (size_t length = 1020; length < 1030; length++) { // the cap on names is 1024
    for (int function = 0; function < 2; function++) {
      btfb_init(&b);
      memset(name, 'z', length);
      name[length] = 0;
      if (function)
        (void)btfb_func(&b, name, btfb_proto(&b, 0, 0));
      else
        (void)btfb_struct(&b, name, 0, 0);
      assert_int_equal(opening(btfb_finish(&b)), length > 1024 ? KL_ERR_MALFORMED : KL_OK);
    }
  }
}

static void sections_must_list_variables_in_order(void **state) {
  (void)state;
  static const struct {
    uint32_t offset_a, size_a, offset_b, size_b, total;
    enum kl_status status;
  } cases[] = {
      {0, 4, 4, 4, 8, KL_OK},
      {8, 4, 32, 4, 64, KL_OK}, // holes
      {4, 4, 0, 4, 8, KL_ERR_MALFORMED},
      {0, 5, 4, 4, 16, KL_ERR_MALFORMED}, // overlap
      {0, 4, 4, 5, 8, KL_ERR_MALFORMED},  // past the end
      {0, 4, 8, 4, 8, KL_ERR_MALFORMED},
      {0, 0, 4, 4, 8, KL_ERR_MALFORMED}, // no bytes
      {0, 4, 0xfffffffc, 8, 0xfffffff0, KL_ERR_MALFORMED},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    btfb_init(&b);
    uint32_t type = btfb_int(&b, "int", 4, 0, 32);
    uint32_t one = btfb_var(&b, "one", type), two = btfb_var(&b, "two", type);
    (void)btfb_datasec(&b, ".data", cases[i].total, 2);
    btfb_section_variable(&b, one, cases[i].offset_a, cases[i].size_a);
    btfb_section_variable(&b, two, cases[i].offset_b, cases[i].size_b);
    assert_int_equal(opening(btfb_finish(&b)), cases[i].status);
  }
}

// Nothing but a C type can be pointed to, held or returned.
static void functions_and_variables_are_no_types(void **state) {
  (void)state;
  for (int form = 0; form < 8; form++) {
    for (int what = 0; what < 4; what++) {
      btfb_init(&b);
      uint32_t i = btfb_int(&b, "int", 4, 0, 32);
      uint32_t proto = btfb_proto(&b, 0, 0);
      uint32_t id = what == 0   ? btfb_func(&b, "f", proto)
                    : what == 1 ? btfb_var(&b, "v", i)
                    : what == 2 ? btfb_datasec(&b, ".d", 4, 0)
                                : btfb_decl_tag(&b, "t", i, (uint32_t)-1);
      switch (form) {
      case 0:
        (void)btfb_ptr(&b, id);
        break;
      case 1:
        (void)btfb_typedef(&b, "t", id);
        break;
      case 2:
        (void)btfb_array(&b, id, i, 1);
        break;
      case 3:
        (void)btfb_array(&b, i, id, 1);
        break;
      case 4:
        (void)btfb_struct(&b, "s", 8, 1);
        btfb_member(&b, "m", id, 0);
        break;
      case 5:
        (void)btfb_proto(&b, id, 0);
        break;
      case 6:
        (void)btfb_proto(&b, 0, 1);
        btfb_parameter(&b, "p", id);
        break;
      default:
        (void)btfb_var(&b, "w", id);
        break;
      }
      assert_int_equal(opening(btfb_finish(&b)), KL_ERR_MALFORMED);
    }
  }
}

// a holds b holds ... holds a, through arrays and typedefs too.
static void cycles_by_value_are_refused_whatever_their_length(void **state) {
  (void)state;
  for (uint32_t n = 1; n < 8; n++) {
    for (int through = 0; through < 4; through++) {
      for (int closed = 0; closed < 2; closed++) {
        btfb_init(&b);
        uint32_t i = btfb_int(&b, "int", 4, 0, 32);
        for (uint32_t k = 0; k < n; k++) { // each unit is a struct and its link
          uint32_t link = b.next_id + 1, after = b.next_id + 2;
          uint32_t target = k + 1 < n ? after : closed ? 2 : i;
          (void)btfb_struct(&b, 0, through == 2 ? 0 : 4, 1);
          btfb_member(&b, "m", link, 0);
          if (through == 0)
            (void)btfb_typedef(&b, "t", target);
          else if (through == 1)
            (void)btfb_array(&b, target, i, 1);
          else if (through == 2)
            (void)btfb_array(&b, target, i, 0);
          else
            (void)btfb_type(&b, KL_BTF_CONST, 0, 0, target);
        }
        assert_int_equal(opening(btfb_finish(&b)), closed ? KL_ERR_MALFORMED : KL_OK);
      }
    }
  }
}

static void a_struct_may_point_to_itself(void **state) {
  (void)state;
  btfb_init(&b);
  uint32_t list = btfb_struct(&b, "list_head", 16, 2);
  btfb_member(&b, "next", list + 1, 0);
  btfb_member(&b, "prev", list + 1, 64);
  (void)btfb_ptr(&b, list);
  assert_int_equal(opening(btfb_finish(&b)), KL_OK);
}

static void chains_end_within_the_depth_limit(void **state) {
  (void)state;
  for (uint32_t n = 60; n < 70; n++) {
    for (int kind = 0; kind < 3; kind++) {
      btfb_init(&b);
      uint32_t i = btfb_int(&b, "int", 4, 0, 32);
      for (uint32_t k = 0, to = i; k < n; k++) {
        if (kind == 0)
          to = btfb_typedef(&b, "t", to);
        else if (kind == 1)
          to = btfb_ptr(&b, to);
        else
          to = btfb_array(&b, to, i, 1);
      }
      assert_int_equal(opening(btfb_finish(&b)), n > 64 ? KL_ERR_MALFORMED : KL_OK);
    }
  }
}

static void nesting_ends_within_the_depth_limit(void **state) {
  (void)state;
  for (uint32_t n = 60; n < 70; n++) {
    for (int outer_first = 0; outer_first < 2; outer_first++) {
      btfb_init(&b);
      uint32_t i = btfb_int(&b, "int", 4, 0, 32);
      for (uint32_t k = 0; k < n; k++) {
        uint32_t id = btfb_struct(&b, 0, 4, 1);
        btfb_member(&b, "m", outer_first ? (k + 1 < n ? id + 1 : i) : id - 1, 0);
      }
      assert_int_equal(opening(btfb_finish(&b)), n > 64 ? KL_ERR_MALFORMED : KL_OK);
    }
  }
}

static void arrays_of_arrays_multiply(void **state) {
  (void)state;
  uint64_t size;
  struct opened o;
  btfb_init(&b);
  uint32_t i = btfb_int(&b, "int", 4, 0, 32);
  uint32_t row = btfb_array(&b, i, i, 0x10000);
  uint32_t grid = btfb_array(&b, row, i, 0x3fff);
  opened(&o, btfb_finish(&b), 0);
  assert_int_equal(o.status, KL_OK);
  assert_true(kl_btf_size(o.btf, grid, &size));
  assert_int_equal(size, 0xfffc0000u);
  opened_close(&o);
  (void)btfb_array(&b, grid, i, 2);
  assert_int_equal(opening(btfb_finish(&b)), KL_ERR_MALFORMED);
}

static void limits_are_told_from_malformed(void **state) {
  (void)state;
  struct kl_limits limits = kl_limits_default();
  struct opened o;
  (void)every_kind();
  struct kl_bytes data = btfb_finish(&b);
  limits.btf_types = 20; // ids 0 to 19
  opened_with(&o, data, 0, &limits, OPENED_ARENA);
  assert_int_equal(o.status, KL_OK);
  opened_close(&o);
  limits.btf_types = 19;
  opened_with(&o, data, 0, &limits, OPENED_ARENA);
  assert_int_equal(o.status, KL_ERR_LIMIT);
  opened_close(&o);
  limits = kl_limits_default();
  limits.btf_bytes = data.n;
  opened_with(&o, data, 0, &limits, OPENED_ARENA);
  assert_int_equal(o.status, KL_OK);
  opened_close(&o);
  limits.btf_bytes = data.n - 1;
  opened_with(&o, data, 0, &limits, OPENED_ARENA);
  assert_int_equal(o.status, KL_ERR_LIMIT);
  opened_close(&o);
}

static void a_full_arena_is_told_and_left_as_it_was(void **state) {
  (void)state;
  struct kl_limits limits = kl_limits_default();
  (void)every_kind();
  struct kl_bytes data = btfb_finish(&b);
  struct opened o;
  size_t n = 0;
  for (;; n++) {
    opened_with(&o, data, 0, &limits, n);
    enum kl_status status = o.status;
    size_t used = o.arena.used;
    opened_close(&o);
    if (status == KL_OK)
      break;
    assert_int_equal(status, KL_ERR_NO_MEMORY);
    assert_int_equal(used, 0);
  }
  assert_true(n < 2048); // 19 types
}

static void split_btf_continues_its_base(void **state) {
  (void)state;
  static struct btf_builder split;
  struct opened base, o;
  uint64_t size;
  struct kl_btf_type t;
  struct kinds k = every_kind();
  opened(&base, btfb_finish(&b), 0);
  btfb_init_split(&split, kl_btf_count(base.btf), (uint32_t)b.n_strings);
  split.n_strings = 0; // a split BTF's strings need not begin with ""
  uint32_t own = btfb_struct(&split, "module_thing", 32, 2);
  btfb_member(&split, "p", k.id[KL_BTF_STRUCT], 0);
  split.types[split.n_types - 12] = 0;                                     // an anonymous member
  btfb_put32(split.types + split.n_types - 12, btfb_string(&b, "pair_t")); // and now a name of the base
  btfb_member(&split, "q", k.id[KL_BTF_TYPEDEF], 128);
  uint32_t shadow = btfb_struct(&split, 0, 0, 0);
  btfb_put32(split.types + split.n_types - 12, btfb_string(&b, "pair"));
  opened(&o, btfb_finish(&split), base.btf);
  assert_int_equal(o.status, KL_OK);
  assert_int_equal(own, kl_btf_count(base.btf));
  assert_int_equal(kl_btf_count(o.btf), kl_btf_count(base.btf) + 2);
  kl_btf_type(o.btf, own, &t);
  assert_true(kl_bytes_equal(t.name, "module_thing"));
  kl_btf_type(o.btf, k.id[KL_BTF_STRUCT], &t);
  assert_true(kl_bytes_equal(t.name, "pair"));
  assert_true(kl_btf_size(o.btf, k.id[KL_BTF_TYPEDEF], &size) && size == 16);

  // Own types first, then the base's; both by one iteration.
  uint32_t first = kl_btf_find(o.btf, KL_BTF_STRUCT, text_bytes("pair"), 0);
  assert_int_equal(first, shadow);
  uint32_t second = kl_btf_find(o.btf, KL_BTF_STRUCT, text_bytes("pair"), first);
  assert_int_equal(second, k.id[KL_BTF_STRUCT]);
  assert_int_equal(kl_btf_find(o.btf, KL_BTF_STRUCT, text_bytes("pair"), second), 0);
  assert_int_equal(kl_btf_find_struct(base.btf, "module_thing"), 0);

  struct kl_btf_field f;
  assert_true(kl_btf_find_member(o.btf, own, text_bytes("pair_t"), &f) && f.bit_offset == 0);
  assert_true(kl_btf_find_path(o.btf, own, text_bytes("q.b"), &f) && f.bit_offset == 192);
  opened_close(&o);

  // Without its base it means nothing.
  opened(&o, btfb_finish(&split), 0);
  assert_int_equal(o.status, KL_ERR_MALFORMED);
  opened_close(&o);
  opened_close(&base);
}

static void split_btf_may_have_no_strings_or_no_types(void **state) {
  (void)state;
  static struct btf_builder split;
  struct opened base, o;
  struct kinds k = every_kind();
  opened(&base, btfb_finish(&b), 0);
  btfb_init_split(&split, kl_btf_count(base.btf), (uint32_t)b.n_strings);
  split.n_strings = 0;
  opened(&o, btfb_finish(&split), base.btf);
  assert_int_equal(o.status, KL_OK);
  assert_int_equal(kl_btf_count(o.btf), kl_btf_count(base.btf));
  opened_close(&o);
  (void)btfb_ptr(&split, k.id[KL_BTF_STRUCT]);
  opened(&o, btfb_finish(&split), base.btf);
  assert_int_equal(o.status, KL_OK);
  opened_close(&o);
  (void)btfb_struct(&split, 0, 8, 1);
  btfb_member(&split, 0, k.id[KL_BTF_VAR], 0); // the base's variable is no type either
  opened(&o, btfb_finish(&split), base.btf);
  assert_int_equal(o.status, KL_ERR_MALFORMED);
  opened_close(&o);
  opened_close(&base);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_kind_is_accepted_and_decoded),
      cmocka_unit_test(cut_at_any_byte_is_refused),
      cmocka_unit_test(any_byte_may_be_wrong),
      cmocka_unit_test(header_fields_are_checked),
      cmocka_unit_test(probe_agrees_with_the_header),
      cmocka_unit_test(bytes_behind_the_btf_are_not_looked_at),
      cmocka_unit_test(longer_headers_are_accepted),
      cmocka_unit_test(unknown_kinds_are_stepped_over_by_the_layout_section),
      cmocka_unit_test(vlen_has_24_bits),
      cmocka_unit_test(each_shape_is_judged_as_linux_would),
      cmocka_unit_test(bad_offset_names_the_culprit),
      cmocka_unit_test(strings_must_start_and_end_with_a_nul),
      cmocka_unit_test(a_name_may_be_the_tail_of_another),
      cmocka_unit_test(an_odd_byte_is_found_wherever_it_lies),
      cmocka_unit_test(sections_must_list_variables_in_order),
      cmocka_unit_test(functions_and_variables_are_no_types),
      cmocka_unit_test(cycles_by_value_are_refused_whatever_their_length),
      cmocka_unit_test(a_struct_may_point_to_itself),
      cmocka_unit_test(chains_end_within_the_depth_limit),
      cmocka_unit_test(nesting_ends_within_the_depth_limit),
      cmocka_unit_test(arrays_of_arrays_multiply),
      cmocka_unit_test(limits_are_told_from_malformed),
      cmocka_unit_test(a_full_arena_is_told_and_left_as_it_was),
      cmocka_unit_test(split_btf_continues_its_base),
      cmocka_unit_test(split_btf_may_have_no_strings_or_no_types),
  };
  return cmocka_run_group_tests(tests, 0, 0);
}
