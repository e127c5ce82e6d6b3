/* Maps with types, and the variables of a program. */
#include "scene.h"

/* As typed.bpf.c has them. */
struct point {
  int x, y;
};
struct key {
  uint32_t id;
  uint16_t port;
  uint8_t kind;
  char tag[5];
};
struct everything {
  unsigned int three : 3;
  unsigned int five : 5;
  int seven : 7;
  uint64_t forty : 40;
  bool yes, no;
  char letter;
  signed char small;
  uint16_t sixteen;
  int32_t minus;
  uint64_t big;
  int64_t least;
  int color, unnamed;
  uint32_t word;
  struct {
    uint16_t inner;
    struct point point;
  } nested;
  struct point path[3];
  int matrix[2][3];
  char text[16];
  char full[4];
  void *pointer;
  void *call;
};

static struct everything everything_of(int i) {
  struct everything e;
  memset(&e, 0, sizeof e);
  e.three = 5;
  e.five = (unsigned)(i + 9) & 31;
  e.seven = -3 - i;
  e.forty = 0xabcdef0123 + (unsigned)i;
  e.yes = true;
  e.letter = 'k';
  e.small = (signed char)(-7 - i);
  e.sixteen = 65000;
  e.minus = -123456 - i;
  e.big = 0xfedcba9876543210;
  e.least = INT64_MIN;
  e.color = i == 1 ? -3 : 7;
  e.unnamed = 55;
  e.word = 0x01020304;
  e.nested.inner = 99;
  e.nested.point = (struct point){i, -i};
  for (int j = 0; j < 3; j++)
    e.path[j] = (struct point){j, 10 * j};
  for (int j = 0; j < 6; j++)
    e.matrix[j / 3][j % 3] = j * i;
  strcpy(e.text, i ? "text\t\"\\ \xc3\xa9" : "");
  memcpy(e.full, "full", 4);
  e.pointer = (void *)0xffff888000001234;
  return e;
}

static struct key key_of(int i) {
  struct key k;
  memset(&k, 0, sizeof k);
  k.id = (uint32_t)i;
  k.port = 443;
  k.kind = 6;
  memcpy(k.tag, "abcd", 4);
  return k;
}

struct bpf_object *typed(void) {
  struct bpf_object *object = load("typed");
  if (bpf_object__load(object))
    die("typed.bpf.o");
  for (int i = 0; i < 6; i++) {
    struct key k = key_of(i);
    struct everything e = everything_of(i);
    put(map_of(object, "typed_hash"), &k, &e, "typed_hash");
    if (i < 3)
      put(map_of(object, "typed_array"), &i, &e, "typed_array");
    fill_cpus(8, (unsigned)i);
    put(map_of(object, "typed_pc_hash"), &k, value, "typed_pc_hash");
    struct point point = {i, 100 - i};
    int color = (int[]){0, 7, -3, 12, 1 << 30, -1}[i];
    put(map_of(object, "typed_lru"), &color, &point, "typed_lru");
    if (i < 2) {
      fill_cpus(8, (unsigned)i + 50);
      put(map_of(object, "typed_percpu"), &i, value, "typed_percpu");
      struct {
        uint32_t lock;
        int guarded;
      } locked = {0, 77 + i};
      put(map_of(object, "typed_lock"), &i, &locked, "typed_lock");
    }
    struct {
      float f;
      double d;
      __int128 wide;
    } numbers;
    memset(&numbers, 0, sizeof numbers);
    numbers.f = (float[]){0, 1.5f, -2.25f, 1e30f, 0.1f, -0.0f}[i];
    numbers.d = (double[]){0, 0.1, -1e300, 3, 1.0 / 3, 123456789}[i];
    numbers.wide = (__int128)i << 70 | 0x1234;
    if (i < 4) {
      uint64_t k8 = (uint64_t)i << 40;
      put(map_of(object, "typed_numbers"), &k8, &numbers, "typed_numbers");
    }
  }
  struct bpf_program *program = bpf_object__find_program_by_name(object, "on_getpgid");
  if (!bpf_program__attach(program))
    absent("on_getpgid");
  return object;
}
