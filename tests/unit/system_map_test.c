// Symbols from a System.map.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/symbol_table.h"

static uint8_t block[1 << 16];
static struct kl_arena arena;
static struct kl_limits limits;
static struct kl_symbols *symbols;

static enum kl_status open_map(const char *text) {
  kl_arena_init(&arena, block, sizeof block);
  limits = kl_limits_default();
  return kl_symbols_from_map(&arena, kl_bytes_of(text, strlen(text)), &limits, &symbols);
}

static const char map[] = "0000000000000000 A fixed_percpu_data\n"
                          "0000000000019158 A cpu_number\n"
                          "ffffffff81000000 T _stext\n"
                          "ffffffff81000000 T _text\r\n"
                          "ffffffff81000040 t helper\n"
                          "ffffffff81000040 W weak_helper\n"
                          "\n"
                          "ffffffff81200000 r odd.name$1\n"
                          "ffffffff81c00000 D init_task";

static void symbol_is(uint64_t i, uint64_t address, char type, const char *name) {
  struct kl_symbol s;
  assert_int_equal(kl_symbols_at(symbols, i, &s), KL_OK);
  assert_int_equal(s.address, address);
  assert_int_equal(s.type, type);
  assert_int_equal(s.name.n, strlen(name));
  assert_memory_equal(s.name.p, name, s.name.n);
}

static void lines_are_symbols_in_order(void **state) {
  (void)state;
  assert_int_equal(open_map(map), KL_OK);
  assert_int_equal(kl_symbols_count(symbols), 8);
  symbol_is(0, 0, 'A', "fixed_percpu_data");
  symbol_is(3, 0xffffffff81000000, 'T', "_text");
  symbol_is(6, 0xffffffff81200000, 'r', "odd.name$1");
  symbol_is(7, 0xffffffff81c00000, 'D', "init_task");
  struct kl_symbol s;
  assert_int_equal(kl_symbols_at(symbols, 8, &s), KL_ERR_NOT_FOUND);
}

static void what_is_in_the_image_moves_with_it(void **state) {
  (void)state;
  assert_int_equal(open_map(map), KL_OK);
  symbols->shift = 0x1a000000;
  symbol_is(1, 0x19158, 'A', "cpu_number");
  symbol_is(2, 0xffffffff9b000000, 'T', "_stext");
  struct kl_symbol s;
  uint64_t offset;
  assert_int_equal(kl_symbols_by_address(symbols, 0xffffffff9b000047, &s, &offset), KL_OK);
  assert_int_equal(offset, 7);
  assert_memory_equal(s.name.p, "helper", 6); // the first of its names
  assert_int_equal(kl_symbols_by_address(symbols, 0xffffffff81000000, &s, &offset), KL_ERR_NOT_FOUND);
}

static void names_are_found_whole(void **state) {
  (void)state;
  struct kl_symbol s;
  assert_int_equal(open_map(map), KL_OK);
  assert_int_equal(kl_symbols_find(symbols, kl_bytes_of("helper", 6), &s), KL_OK);
  assert_int_equal(s.address, 0xffffffff81000040);
  assert_int_equal(kl_symbols_find(symbols, kl_bytes_of("help", 4), &s), KL_ERR_NOT_FOUND);
  uint64_t next;
  assert_int_equal(kl_symbols_next_address(symbols, 0xffffffff81000000, &next), KL_OK);
  assert_int_equal(next, 0xffffffff81000040);
  assert_int_equal(kl_symbols_next_address(symbols, 0xffffffff81c00000, &next), KL_ERR_NOT_FOUND);
}

static void lines_that_are_no_symbols_are_left_out(void **state) {
  (void)state;
  assert_int_equal(open_map("# a comment\n"
                            "ffffffff81000000 T _text\n"
                            "ffffffff81000000 TT two_letters\n"
                            "ffffffffc0000000 t in_a_module\t[ext4]\n"
                            "ffffffff8100000000 T too_long\n"
                            "ffffffff81000010 T \n"
                            "ffffffff81000010 T\n"
                            "xyz T not_hex\n"),
                   KL_OK);
  assert_int_equal(kl_symbols_count(symbols), 1);
}

static void other_files_are_no_maps(void **state) {
  (void)state;
  assert_int_equal(open_map(""), KL_ERR_MALFORMED);
  assert_int_equal(open_map("\n\n"), KL_ERR_MALFORMED);
  assert_int_equal(open_map("\177ELF"), KL_ERR_MALFORMED);
  assert_int_equal(open_map("ffffffff81000010 T b\nffffffff81000000 T a\n"), KL_ERR_MALFORMED); // not sorted
}

static void a_map_cut_anywhere_is_no_harm(void **state) {
  (void)state;
  for (size_t n = 0; n < sizeof map; n++) {
    char *cut = malloc(n + 1); // so that a byte too far is seen
    memcpy(cut, map, n);
    kl_arena_init(&arena, block, sizeof block);
    if (kl_symbols_from_map(&arena, kl_bytes_of(cut, n), &limits, &symbols) == KL_OK)
      for (uint64_t i = 0; i < kl_symbols_count(symbols); i++) {
        struct kl_symbol s;
        assert_int_equal(kl_symbols_at(symbols, i, &s), KL_OK);
      }
    free(cut);
  }
}

static void caps_hold(void **state) {
  (void)state;
  kl_arena_init(&arena, block, sizeof block);
  limits = kl_limits_default();
  limits.symbols = 8;
  assert_int_equal(kl_symbols_from_map(&arena, kl_bytes_of(map, strlen(map)), &limits, &symbols), KL_OK);
  limits.symbols = 7;
  assert_int_equal(kl_symbols_from_map(&arena, kl_bytes_of(map, strlen(map)), &limits, &symbols), KL_ERR_LIMIT);
  kl_arena_init(&arena, block, 16);
  assert_int_equal(kl_symbols_from_map(&arena, kl_bytes_of(map, strlen(map)), &limits, &symbols), KL_ERR_NO_MEMORY);
}

static void no_symbols_answer_everything(void **state) {
  (void)state;
  struct kl_symbol s;
  uint64_t offset;
  kl_arena_init(&arena, block, sizeof block);
  assert_int_equal(kl_symbols_none(&arena, &symbols), KL_OK);
  assert_int_equal(kl_symbols_count(symbols), 0);
  assert_int_equal(kl_symbols_at(symbols, 0, &s), KL_ERR_NOT_FOUND);
  assert_int_equal(kl_symbols_find(symbols, kl_bytes_of("a", 1), &s), KL_ERR_NOT_FOUND);
  assert_int_equal(kl_symbols_by_address(symbols, 0xffffffff81000000, &s, &offset), KL_ERR_NOT_FOUND);
}

// ── Wanted names ───────────────────────────────────────────────────────────

static void every_wanted_name_is_found_by_its_hash(void **state) {
  (void)state;
  struct kl_wanted wanted;
  enum kl_symbol_id id;
  kl_arena_init(&arena, block, sizeof block);
  assert_int_equal(kl_wanted_open(&arena, &wanted), KL_OK);
  for (unsigned i = 0; i < KL_SYMBOL_COUNT; i++) {
    const char *name = kl_wanted_name((enum kl_symbol_id)i);
    assert_true(kl_wanted_find(&wanted, kl_bytes_of(name, strlen(name)), &id));
    assert_int_equal(id, i);
    assert_false(kl_wanted_find(&wanted, kl_bytes_of(name, strlen(name) - 1), &id) && id == i);
  }
  assert_false(kl_wanted_find(&wanted, kl_bytes_of("no_such_symbol", 14), &id));
  assert_false(kl_wanted_find(&wanted, kl_bytes_of("", 0), &id));
}

static void known_symbols_are_the_first_of_their_name(void **state) {
  (void)state;
  static struct kl_kernel k;
  struct kl_wanted wanted;
  assert_int_equal(open_map("ffffffff81000000 T _stext\n"
                            "ffffffff81000000 T _text\n"
                            "ffffffff81000040 t modules\n"
                            "ffffffff81c00000 D init_task\n"
                            "ffffffff81c01000 d modules\n"),
                   KL_OK);
  memset(&k, 0, sizeof k);
  k.arena = &arena;
  k.known[KL_S_init_task].present = true;
  k.known[KL_S_init_task].address = 7;
  assert_int_equal(kl_wanted_open(&arena, &wanted), KL_OK);
  assert_int_equal(kl_symbols_known(symbols, &wanted, &k), KL_OK);
  assert_int_equal(k.known[KL_S__text].address, 0xffffffff81000000);
  assert_int_equal(k.known[KL_S_modules].address, 0xffffffff81000040);
  assert_int_equal(k.known[KL_S_init_task].address, 7); // known before
  assert_false(k.known[KL_S_swapper_pg_dir].present);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_are_symbols_in_order),
      cmocka_unit_test(what_is_in_the_image_moves_with_it),
      cmocka_unit_test(names_are_found_whole),
      cmocka_unit_test(lines_that_are_no_symbols_are_left_out),
      cmocka_unit_test(other_files_are_no_maps),
      cmocka_unit_test(a_map_cut_anywhere_is_no_harm),
      cmocka_unit_test(caps_hold),
      cmocka_unit_test(no_symbols_answer_everything),
      cmocka_unit_test(every_wanted_name_is_found_by_its_hash),
      cmocka_unit_test(known_symbols_are_the_first_of_their_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
