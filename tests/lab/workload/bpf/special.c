/* Values with fields that are the kernel's own: timers, pointers, heads of lists and trees. */
#include "scene.h"

/* Loads an object and runs its program once; null when the kernel knows none of it. */
static struct bpf_object *filled(const char *name, const char *program) {
  struct bpf_object *object = load(name);
  if (bpf_object__load(object) == 0)
    return object;
  absent(program);
  bpf_object__close(object);
  return NULL;
}

static void run(struct bpf_object *object, const char *program) {
  errno = 0;
  if (!run_once(object, program))
    absent(program);
}

static void told_timer(const char *map, const void *k, size_t bytes, const char *state) {
  fact(ME, "{\"fact\":\"timer\",\"map\":\"%s\",\"key\":\"%s\",\"state\":\"%s\",\"pid\":%d}", map,
       hex(k, bytes, text), state, getpid());
}

void timers(void) {
  struct bpf_object *object = filled("timers", "arm");
  if (!object)
    return;
  struct {
    uint64_t before, timer[2], after;
  } timed = {0xb0b0b0b0b0b0b0b0, {0}, 0xafafafafafafafaf};
  uint64_t wide = 7;
  for (unsigned slot = 0; slot < 3; slot++)
    put(map_of(object, "timers"), &slot, &timed, "timers");
  put(map_of(object, "timers_hash"), &wide, &timed, "timers_hash");
  run(object, "arm");
  told_timer("timers", &(unsigned){0}, 4, "none");
  told_timer("timers", &(unsigned){1}, 4, "armed");
  told_timer("timers", &(unsigned){2}, 4, "made");
  told_timer("timers_hash", &wide, 8, "armed");
}

/* struct NAME { u64 before; struct TARGET __attribute__((TAG)) *MEMBER; ...; u64 after; }, with the types of keys.
 * Null when the kernel knows no tags. */
struct pointer_types {
  struct btf *btf;
  int key, value;
};

static bool make_types(struct pointer_types *types, const char *name, const char *target, unsigned bytes,
                       const char *const members[][2], unsigned n) {
  struct btf *btf = btf__new_empty();
  int word = btf__add_int(btf, "unsigned long long", 8, 0);
  int pointers[2] = {0}, object = btf__add_struct(btf, target, bytes);
  for (unsigned at = 0; at < bytes; at += 8) {
    char member[16];
    snprintf(member, sizeof member, "word_%u", at / 8);
    btf__add_field(btf, member, word, 8 * at, 0);
  }
  for (unsigned i = 0; i < n; i++)
    pointers[i] = btf__add_ptr(btf, btf__add_type_tag(btf, members[i][1], object));
  types->key = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
  types->value = btf__add_struct(btf, name, 16 + 8 * n);
  btf__add_field(btf, "before", word, 0, 0);
  for (unsigned i = 0; i < n; i++)
    btf__add_field(btf, members[i][0], pointers[i], 64 + 64 * i, 0);
  btf__add_field(btf, "after", word, 64 + 64 * n, 0);
  types->btf = btf;
  return btf__load_into_kernel(btf) == 0;
}

static int typed_map(const struct pointer_types *types, int type, const char *name, unsigned bytes,
                     unsigned entries, unsigned flags) {
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags, .btf_fd = (unsigned)btf__fd(types->btf),
              .btf_key_type_id = (unsigned)types->key, .btf_value_type_id = (unsigned)types->value);
  int map = bpf_map_create((enum bpf_map_type)type, name, 4, bytes, entries, &options);
  if (map < 0)
    absent(name);
  return map;
}

void pointers(void) {
  static const char *const members[][2] = {{"plain", "kptr_untrusted"}, {"counted", "kptr"}};
  struct pointer_types types;
  if (!make_types(&types, "held", "task_struct", 8, members, 2)) {
    absent("pointers");
    return;
  }
  int map = typed_map(&types, BPF_MAP_TYPE_ARRAY, "pointers", 32, 2, 0);
  struct bpf_object *object = load("pointers");
  if (map < 0 || bpf_map__reuse_fd(bpf_object__find_map_by_name(object, "pointers"), map) ||
      bpf_object__load(object)) {
    absent("point");
    return;
  }
  run(object, "point");
  fact(ME, "{\"fact\":\"pointer\",\"map\":\"pointers\",\"key\":\"01000000\",\"pid\":%d}", getpid());
}

/* A task's storage that points to memory of user space: pinned since 6.13, before that a mere number. */
void shared_pages(void) {
  static const char *const members[][2] = {{"shared", "uptr"}};
  struct pointer_types types;
  if (!make_types(&types, "with_shared", "shared", 32, members, 1)) {
    absent("shared");
    return;
  }
  uint64_t *user = must_map(mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), "shared");
  struct {
    uint64_t before;
    void *shared;
    uint64_t after;
  } told, with_shared = {0xb0b0b0b0b0b0b0b0, user, 0xafafafafafafafaf};
  pattern((unsigned char *)user, page, 77);
  int map = typed_map(&types, BPF_MAP_TYPE_TASK_STORAGE, "shared", sizeof told, 0, BPF_F_NO_PREALLOC);
  int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
  if (map < 0 || bpf_map_update_elem(map, &self, &with_shared, BPF_ANY) || bpf_map_lookup_elem(map, &self, &told)) {
    absent("shared");
    return;
  }
  fact(ME, "{\"fact\":\"entry\",\"map\":\"shared\",\"value\":\"%s\",\"pid\":%d}", hex(&told, sizeof told, text),
       getpid());
  fact(ME, "{\"fact\":\"shared\",\"map\":\"shared\",\"pid\":%d,\"address\":%llu,\"pinned\":%d}", getpid(),
       (unsigned long long)(uintptr_t)user, told.shared == NULL);
}

void graphs(void) {
  struct bpf_object *object = filled("graphs", "link");
  if (!object)
    return;
  run(object, "link");
  fact(ME, "{\"fact\":\"graph\",\"map\":\"graphs\",\"key\":\"01000000\"}");
}
