// Places, and memory by place, in a guest built by hand.
#include "guest.h"

#include "kernel/dump.h"
#include "kernlens/inspect.h"

static struct guest g;
static struct kl_dump dump;
#define VA(phys) (GUEST_DIRECT_MAP + (phys))

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x10000);
  guest_map(&g);
  dump = (struct kl_dump){.image = g.image, .kernel = &g.kernel, .options.limits = g.limits};
  g.kernel.known[KL_S_init_task].present = true;
  g.kernel.known[KL_S_init_task].address = VA(0x2000);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static void places_are_read_as_people_write_them(void **state) {
  (void)state;
  const struct {
    const char *text;
    enum kl_status status;
    enum kl_place_kind kind;
    uint64_t pid, address;
    size_t bad;
  } cases[] = {
      {"0x1f", KL_OK, KL_PLACE_KERNEL, 0, 0x1f, 0},
      {"31", KL_OK, KL_PLACE_KERNEL, 0, 31, 0},
      {"v:0x1f", KL_OK, KL_PLACE_KERNEL, 0, 0x1f, 0},
      {"p:0x1f", KL_OK, KL_PLACE_PHYSICAL, 0, 0x1f, 0},
      {"v:42:0x1f", KL_OK, KL_PLACE_PROCESS, 42, 0x1f, 0},
      {"init_task", KL_OK, KL_PLACE_KERNEL, 0, VA(0x2000), 0},
      {"init_task+0x10-1", KL_OK, KL_PLACE_KERNEL, 0, VA(0x200f), 0},
      {"v:7:init_task+2", KL_OK, KL_PLACE_PROCESS, 7, VA(0x2002), 0},
      {"0-1", KL_OK, KL_PLACE_KERNEL, 0, UINT64_MAX, 0},
      {"", KL_ERR_ARGUMENT, 0, 0, 0, 0},
      {"p:", KL_ERR_ARGUMENT, 0, 0, 0, 2},
      {"0x", KL_ERR_ARGUMENT, 0, 0, 0, 0},
      {"0xg", KL_ERR_ARGUMENT, 0, 0, 0, 0},
      {"12ab", KL_ERR_ARGUMENT, 0, 0, 0, 0},
      {"1+", KL_ERR_ARGUMENT, 0, 0, 0, 2},
      {"-1", KL_ERR_ARGUMENT, 0, 0, 0, 0},
      {"1+nothing", KL_ERR_NOT_FOUND, 0, 0, 0, 2},
      {"v:x:1", KL_ERR_NOT_FOUND, 0, 0, 0, 2},
      {"0x10000000000000000", KL_ERR_ARGUMENT, 0, 0, 0, 0},
      {"99999999999999999999", KL_ERR_ARGUMENT, 0, 0, 0, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct kl_place place;
    size_t bad = 99;
    enum kl_status status = kl_place_parse(&dump, cases[i].text, strlen(cases[i].text), &place, &bad);
    if (status != cases[i].status || (status != KL_OK && bad != cases[i].bad))
      fail_msg("%s: %s at %zu", cases[i].text, kl_status_text(status), bad);
    if (status != KL_OK)
      continue;
    assert_int_equal(place.kind, cases[i].kind);
    assert_int_equal(place.pid, cases[i].pid);
    assert_int_equal(place.address, cases[i].address);
  }
}

static struct kl_memory *open_memory(enum kl_place_kind kind, void **block) {
  struct kl_place place = {.kind = kind};
  struct kl_memory *memory = NULL;
  *block = aligned_alloc(16, (kl_memory_bytes() + 15) & ~(size_t)15);
  assert_int_equal(kl_memory_open(&dump, &place, *block, kl_memory_bytes(), &memory), KL_OK);
  return memory;
}

static void one_byte_is_read_by_both_its_addresses(void **state) {
  (void)state;
  void *a, *b;
  struct kl_memory *kernel = open_memory(KL_PLACE_KERNEL, &a), *physical = open_memory(KL_PLACE_PHYSICAL, &b);
  uint8_t x = 0, y = 0;
  guest_put(&g, 0x3456, 0xab, 1);
  assert_int_equal(kl_memory_read(kernel, VA(0x3456), &x, 1), KL_OK);
  assert_int_equal(kl_memory_read(physical, 0x3456, &y, 1), KL_OK);
  assert_int_equal(x, 0xab);
  assert_int_equal(y, 0xab);
  assert_int_equal(kl_memory_read(kernel, 0x3456, &x, 1), KL_ERR_UNMAPPED); // user addresses are nobody's
  assert_int_equal(kl_memory_read(physical, 0x10000, &y, 1), KL_ERR_ABSENT);
  struct kl_translated t;
  assert_int_equal(kl_memory_translate(kernel, VA(0x3456), &t), KL_OK);
  assert_true(t.mapped);
  assert_int_equal(t.physical, 0x3456);
  assert_int_equal(kl_memory_translate(kernel, 0x3456, &t), KL_ERR_UNMAPPED);
  assert_int_equal(kl_memory_translate(physical, 0x3456, &t), KL_OK);
  assert_int_equal(t.root, 0);
  free(a);
  free(b);
}

static void a_space_wants_a_kernel_and_room(void **state) {
  (void)state;
  struct kl_place place = {.kind = KL_PLACE_KERNEL};
  struct kl_memory *memory;
  void *block = aligned_alloc(16, (kl_memory_bytes() + 15) & ~(size_t)15);
  assert_int_equal(kl_memory_open(&dump, &place, block, kl_memory_bytes() - 1, &memory), KL_ERR_ARGUMENT);
  assert_int_equal(kl_memory_open(&dump, &place, (char *)block + 1, kl_memory_bytes(), &memory), KL_ERR_ARGUMENT);
  dump.kernel = NULL;
  assert_int_equal(kl_memory_open(&dump, &place, block, kl_memory_bytes(), &memory), KL_ERR_ARGUMENT);
  struct kl_place symbol;
  assert_int_equal(kl_place_parse(&dump, "init_task", 9, &symbol, NULL), KL_ERR_NOT_FOUND);
  place.kind = KL_PLACE_PHYSICAL;
  assert_int_equal(kl_memory_open(&dump, &place, block, kl_memory_bytes(), &memory), KL_OK);
  free(block);
}

static void the_dump_says_how_it_holds_an_address(void **state) {
  (void)state;
  uint64_t at;
  assert_string_equal(kl_physical_state(&dump, 0x1234, &at), "file");
  assert_int_equal(at, 0x1000 + 0x1234); // behind the ELF header's page
  assert_string_equal(kl_physical_state(&dump, 0x10000, &at), "absent");
  assert_int_equal(at, 0);
  assert_string_equal(kl_physical_state(&dump, UINT64_MAX, &at), "absent");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(places_are_read_as_people_write_them),
      TEST(one_byte_is_read_by_both_its_addresses),
      TEST(a_space_wants_a_kernel_and_room),
      TEST(the_dump_says_how_it_holds_an_address),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
