// Variables that no table names, found from the code that uses them.
//
// A kernel without CONFIG_KALLSYMS_ALL names its functions but not its data
// (Debian's 5.10 and 6.1 for arm64). What a function refers to can be read from
// its instructions; of the addresses found so, the one is taken at which memory
// has the shape of the variable. An instruction read wrongly only proposes one
// address more.
#include "base/checked.h"
#include "base/memory.h"
#include "kernel/attach.h"
#include "kernel/symbol_table.h"

enum shape {
  SUPER_BLOCKS,
  MODULES,
  MAPS,
  PROGRAMS,
  LINKS,
  BTFS,
  TIMEKEEPER,
  RUN_QUEUES,
  PROBES,
  TRACERS,
  MODULE_TREE
};

// What to find, and functions that use it from early on; the first that is
// there and shows it will do.
struct sought {
  enum kl_symbol_id symbol;
  enum shape shape;
  const char *functions[4];
};
static const struct sought all_sought[] = {
    {KL_S_super_blocks, SUPER_BLOCKS, {"iterate_supers", "user_get_super", "sync_filesystems", "drop_super"}},
    {KL_S_modules, MODULES, {"find_module_all", "module_kallsyms_lookup_name", "print_modules", "find_module"}},
    {KL_S_map_idr, MAPS, {"bpf_map_get_curr_or_next", "bpf_map_free_id"}},
    {KL_S_prog_idr, PROGRAMS, {"bpf_prog_get_curr_or_next", "bpf_prog_free_id", "bpf_prog_by_id"}},
    {KL_S_link_idr, LINKS, {"bpf_link_by_id", "bpf_link_get_curr_or_next", "bpf_link_free"}},
    {KL_S_btf_idr, BTFS, {"btf_get_fd_by_id", "btf_put", "btf_new_fd"}},
    {KL_S_tk_core, TIMEKEEPER, {"ktime_get_real_ts64", "ktime_get", "getboottime64", "ktime_get_ts64"}},
    {KL_S_kprobe_table, PROBES, {"get_kprobe", "kprobe_seq_next", "show_kprobe_addr"}},
    {KL_S_ftrace_ops_list,
     TRACERS,
     {"arch_ftrace_ops_list_func", "ftrace_ops_list_func", "update_ftrace_function"}},
    {KL_S_mod_tree, MODULE_TREE, {"__module_address", "mod_find", "mod_tree_insert"}},
    {KL_S_runqueues, RUN_QUEUES, {"idle_cpu", "task_curr", "nr_running", "idle_task"}},
};

enum {
  FUNCTION_BYTES = 2048,    // of a function that is looked at
  TIMEKEEPER_BEFORE = 64,   // from what code uses to the start: the sequence counter stands before it
  TIMEKEEPER_BEHIND = 512,  // or a member is used
  PER_CPU_BYTES = 16 << 20, // of one CPU's variables, which x86-64 counts from zero up to 6.14
};

// How much a place looks like what is sought.
enum likeness { NONE, MAYBE, SURE };

// ── Shapes ─────────────────────────────────────────────────────────────────

// A list that is not empty: its neighbours know it. Gives the first node.
static bool is_list(struct kl_kernel *k, uint64_t head, uint64_t *first) {
  uint64_t last, back, forth;
  return kl_get_pointer(k, head, KL_F_list_head_next, first) == KL_OK &&
         kl_get_pointer(k, head, KL_F_list_head_prev, &last) == KL_OK && *first != head &&
         kl_get_pointer(k, *first, KL_F_list_head_prev, &back) == KL_OK &&
         kl_get_pointer(k, last, KL_F_list_head_next, &forth) == KL_OK && back == head && forth == head;
}

static bool is_name(const char *text, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (text[i] < '!' || text[i] > '~')
      return false;
  return n != 0;
}

static bool is_super_blocks(struct kl_kernel *k, uint64_t at) {
  uint64_t first, super_block, type, name;
  char text[32];
  size_t n;
  return is_list(k, at, &first) && kl_container(k, first, KL_F_super_block_s_list, &super_block) == KL_OK &&
         kl_get_pointer(k, super_block, KL_F_super_block_s_type, &type) == KL_OK &&
         kl_get_pointer(k, type, KL_F_file_system_type_name, &name) == KL_OK &&
         kl_read_string(k, name, text, sizeof text, &n) == KL_OK && is_name(text, n);
}

static bool is_modules(struct kl_kernel *k, uint64_t at) {
  uint64_t first, module;
  char text[64];
  size_t n;
  return is_list(k, at, &first) && kl_container(k, first, KL_F_module_list, &module) == KL_OK &&
         kl_get_text(k, module, KL_F_module_name, text, sizeof text, &n) == KL_OK && is_name(text, n);
}

// The leftmost entry below an xarray's head, and its index. Shifts fall, so
// the descent ends.
static bool first_entry(struct kl_kernel *k, uint64_t head, uint64_t *index, uint64_t *entry) {
  const struct kl_field *slots = &k->fields[KL_F_xa_node_slots];
  uint64_t above = 64, shift;
  *index = 0;
  for (*entry = head; (*entry & 3) == 2 && *entry > 4096;) {
    uint64_t node = *entry - 2, slot = 0;
    if (!slots->present || kl_get(k, node, KL_F_xa_node_shift, &shift) != KL_OK || shift >= above)
      return false;
    above = shift;
    for (*entry = 0; slot < slots->size / 8 && !*entry; slot++)
      if (kl_read_u64(k, node + slots->offset + 8 * slot, entry) != KL_OK)
        return false;
    if (!*entry)
      return false;
    *index |= (slot - 1) << shift;
  }
  return *entry != 0;
}

// What an object in one of BPF's indexes calls itself.
static bool id_of(struct kl_kernel *k, enum shape shape, uint64_t object, uint64_t *id) {
  uint64_t aux;
  switch (shape) {
  case MAPS:
    return kl_get(k, object, KL_F_bpf_map_id, id) == KL_OK;
  case PROGRAMS:
    return kl_get_pointer(k, object, KL_F_bpf_prog_aux, &aux) == KL_OK &&
           kl_get(k, aux, KL_F_bpf_prog_aux_id, id) == KL_OK;
  case LINKS:
    return kl_get(k, object, KL_F_bpf_link_id, id) == KL_OK;
  case BTFS:
    return kl_get(k, object, KL_F_btf_id, id) == KL_OK;
  case SUPER_BLOCKS:
  case MODULES:
  case TIMEKEEPER:
  case RUN_QUEUES:
  case PROBES:
  case TRACERS:
  case MODULE_TREE:
    break;
  }
  return false;
}

// IDR_RT_MARKER: ROOT_IS_IDR (4), and the tag of free entries above the gfp
// bits. An empty index may be any; in another one the objects know their ids.
static enum likeness likeness_of_idr(struct kl_kernel *k, enum shape shape, uint64_t at) {
  uint64_t root, flags, head, index, object, id;
  if (kl_member(k, at, KL_F_idr_idr_rt, &root) != KL_OK || kl_get(k, root, KL_F_xarray_xa_flags, &flags) != KL_OK ||
      kl_get_pointer(k, root, KL_F_xarray_xa_head, &head) != KL_OK || !(flags & 4) || !(flags >> 20))
    return NONE;
  if (!head)
    return MAYBE;
  return first_entry(k, head, &index, &object) && id_of(k, shape, object, &id) && id == index ? SURE : NONE;
}

// offs_real is wall_to_monotonic negated (tk_set_wall_to_mono()).
static bool is_timekeeper(struct kl_kernel *k, uint64_t at) {
  uint64_t offset, to_monotonic, seconds, ns;
  return kl_get(k, at, KL_F_timekeeper_offs_real, &offset) == KL_OK && offset &&
         kl_member(k, at, KL_F_timekeeper_wall_to_monotonic, &to_monotonic) == KL_OK &&
         kl_get(k, to_monotonic, KL_F_timespec64_tv_sec, &seconds) == KL_OK &&
         kl_get(k, to_monotonic, KL_F_timespec64_tv_nsec, &ns) == KL_OK && ns < 1000000000 &&
         seconds * 1000000000 + ns + offset == 0;
}

static bool is_run_queues(struct kl_kernel *k, uint64_t at) {
  for (uint32_t cpu = 0; cpu < k->cpus; cpu++) {
    uint64_t rq, of;
    if (kl_per_cpu_address(k, at, cpu, &rq) != KL_OK || kl_get(k, rq, KL_F_rq_cpu, &of) != KL_OK || of != cpu)
      return false;
  }
  return k->cpus > 1; // a zero alone says nothing
}

// 64 chains whose first nodes point back to their heads, each of probes whose
// address has the chain's hash (hash_ptr()). A table of empty ones may be any.
static const uint64_t GOLDEN_RATIO_64 = 0x61c8864680b583eb; // include/linux/hash.h

static enum likeness likeness_of_probes(struct kl_kernel *k, uint64_t at) {
  enum { BUCKETS = 64 };
  enum likeness best = MAYBE;
  if (!kl_has(k, KL_F_kprobe_hlist))
    return NONE;
  for (uint64_t head = at; head < at + 8 * BUCKETS; head += 8) {
    uint64_t first, back, probed;
    if (kl_read_u64(k, head, &first) != KL_OK)
      return NONE;
    if (!first)
      continue;
    first = kl_paging_strip(&k->paging, first);
    if (kl_read_u64(k, first + 8, &back) != KL_OK || kl_paging_strip(&k->paging, back) != head ||
        kl_container(k, first, KL_F_kprobe_hlist, &first) != KL_OK ||
        kl_get_pointer(k, first, KL_F_kprobe_addr, &probed) != KL_OK ||
        probed * GOLDEN_RATIO_64 >> 58 != (head - at) / 8)
      return NONE;
    best = SURE;
  }
  return best;
}

// A list whose last element, a place holder, calls ftrace_stub.
static bool is_tracers(struct kl_kernel *k, uint64_t at) {
  enum { TRACERS_SEEN = 256 };
  uint64_t ops, next, function;
  struct kl_symbol stub;
  if (kl_read_u64(k, at, &ops) != KL_OK)
    return false;
  ops = kl_paging_strip(&k->paging, ops);
  for (int i = 0; i < TRACERS_SEEN; i++) {
    if (kl_get_pointer(k, ops, KL_F_ftrace_ops_next, &next) != KL_OK ||
        kl_get_pointer(k, ops, KL_F_ftrace_ops_func, &function) != KL_OK)
      return false;
    if (!next)
      return kl_symbols_find(k->symbols, kl_bytes_of("ftrace_stub", 11), &stub) == KL_OK &&
             stub.address == function;
    ops = next;
  }
  return false;
}

// A tree whose root is in the memory of a module that has a name.
static bool is_module_tree(struct kl_kernel *k, uint64_t at) {
  uint64_t root, node, module;
  char text[64];
  size_t n;
  return kl_member(k, at, KL_F_mod_tree_root_root, &root) == KL_OK &&
         kl_member(k, root, KL_F_latch_tree_root_tree, &root) == KL_OK &&
         kl_get_pointer(k, root, KL_F_rb_root_rb_node, &node) == KL_OK && node &&
         kl_container(k, node, KL_F_latch_tree_node_node, &node) == KL_OK &&
         kl_container(k, node, KL_F_mod_tree_node_node, &node) == KL_OK &&
         kl_get_pointer(k, node, KL_F_mod_tree_node_mod, &module) == KL_OK &&
         kl_get_text(k, module, KL_F_module_name, text, sizeof text, &n) == KL_OK && is_name(text, n);
}

static enum likeness likeness(struct kl_kernel *k, enum shape shape, uint64_t at, uint64_t *found) {
  *found = at;
  switch (shape) {
  case SUPER_BLOCKS:
    return is_super_blocks(k, at) ? SURE : NONE;
  case MODULES:
    return is_modules(k, at) ? SURE : NONE;
  case MAPS:
  case PROGRAMS:
  case LINKS:
  case BTFS:
    return likeness_of_idr(k, shape, at);
  case RUN_QUEUES:
    return is_run_queues(k, at) ? SURE : NONE;
  case PROBES:
    return likeness_of_probes(k, at);
  case TRACERS:
    return is_tracers(k, at) ? SURE : NONE;
  case MODULE_TREE:
    return is_module_tree(k, at) ? SURE : NONE;
  case TIMEKEEPER:
    for (*found = at + TIMEKEEPER_BEFORE; *found > at - TIMEKEEPER_BEHIND; *found -= 8)
      if (is_timekeeper(k, *found))
        return SURE;
  }
  return NONE;
}

// ── Instructions ───────────────────────────────────────────────────────────

struct reading {
  struct kl_attach *a;
  const struct sought *sought;
  uint64_t last; // candidate looked at last
  enum likeness best;
  uint64_t found; // the place that looks best
};

// True when the search is over.
static bool propose(struct reading *r, uint64_t at) {
  bool per_cpu = r->sought->shape == RUN_QUEUES && at && at < PER_CPU_BYTES;
  if (at == r->last || at & 7 || !(per_cpu || kl_in_image(r->a, at)))
    return false;
  r->last = at;
  uint64_t found;
  enum likeness like = likeness(r->a->k, r->sought->shape, at, &found);
  if (like > r->best) {
    r->best = like;
    r->found = found;
  }
  return r->best == SURE;
}

// x86-64: any four bytes may be a distance from the next instruction, with up
// to four bytes of immediate between, or an address (-mcmodel=kernel).
static bool read_x86_64(struct reading *r, uint64_t va, struct kl_bytes code) {
  const uint8_t between[] = {0, 1, 4};
  for (size_t i = 0; i + 4 <= code.n; i++) {
    uint64_t value = (uint64_t)(int64_t)(int32_t)kl_le32(code.p + i);
    if (propose(r, value))
      return true;
    for (size_t b = 0; b < sizeof between; b++)
      if (propose(r, va + i + 4 + between[b] + value))
        return true;
  }
  return false;
}

// Arm ARM, C4.1. What each register is known to hold.
struct registers {
  bool known[32];
  uint64_t value[32];
};

static uint64_t sign_extended(uint64_t v, unsigned bits) {
  uint64_t sign = 1ull << (bits - 1);
  return (v ^ sign) - sign;
}

// The address that one instruction forms or uses; false when there is none.
static bool step_aarch64(struct registers *x, uint64_t pc, uint32_t w, uint64_t *address) {
  unsigned d = w & 31, n = w >> 5 & 31;
  if ((w & 0x1f000000) == 0x10000000) { // ADR, ADRP
    uint64_t distance = sign_extended((uint64_t)(w >> 5 & 0x7ffff) << 2 | (w >> 29 & 3), 21);
    x->value[d] = w >> 31 ? (pc & ~0xfffull) + (distance << 12) : pc + distance;
    x->known[d] = true;
    *address = x->value[d];
    return !(w >> 31); // a page alone is no address yet
  }
  if ((w & 0xff800000) == 0x91000000) { // ADD Xd, Xn, #imm
    x->known[d] = x->known[n];
    x->value[d] = x->value[n] + ((uint64_t)(w >> 10 & 0xfff) << (w & 1 << 22 ? 12 : 0));
    *address = x->value[d];
    return x->known[d];
  }
  if ((w & 0xffe0ffe0) == 0xaa0003e0) { // MOV Xd, Xm
    x->known[d] = x->known[w >> 16 & 31];
    x->value[d] = x->value[w >> 16 & 31];
    return false;
  }
  bool used = x->known[n];
  *address = x->value[n];
  if ((w & 0x3b000000) == 0x39000000) { // load, store: unsigned offset
    *address += (uint64_t)(w >> 10 & 0xfff) << (w >> 30);
    if ((w & 0x04c00000) == 0x00400000) // a load of a general register
      x->known[d] = false;
    return used;
  }
  if ((w & 0x3b200000) == 0x38000000) { // unscaled; with mode 1 or 3 the base moves
    uint64_t distance = sign_extended(w >> 12 & 0x1ff, 9);
    unsigned mode = w >> 10 & 3;
    *address += mode == 1 ? 0 : distance;
    x->value[n] += mode & 1 ? distance : 0;
    return used;
  }
  if ((w & 0x3a000000) == 0x28000000) { // load, store pair
    *address += sign_extended(w >> 15 & 0x7f, 7) << (w >> 31 ? 3 : 2);
    return used;
  }
  return used && (w & 0x3f000000) == 0x08000000; // exclusive, acquire, release
}

static bool read_aarch64(struct reading *r, uint64_t va, struct kl_bytes code) {
  struct registers x = {0};
  for (size_t i = 0; i + 4 <= code.n; i += 4) {
    uint64_t address;
    if (step_aarch64(&x, va + i, kl_le32(code.p + i), &address) && propose(r, address))
      return true;
  }
  return false;
}

// ── Functions ──────────────────────────────────────────────────────────────

static bool read_function(struct reading *r, const char *name, uint8_t *bytes) {
  struct kl_attach *a = r->a;
  struct kl_symbol function;
  uint64_t next;
  if (!name || kl_symbols_find(a->k->symbols, kl_bytes_of(name, kl_string_length(name)), &function) != KL_OK ||
      !kl_in_image(a, function.address))
    return false;
  uint64_t n = FUNCTION_BYTES;
  if (kl_symbols_next_address(a->k->symbols, function.address, &next) == KL_OK)
    n = kl_min(n, next - function.address);
  if (kl_image_read(a->k->image, kl_image_phys(a, function.address), bytes, (size_t)n) != KL_OK)
    return false;
  struct kl_bytes code = kl_bytes_of(bytes, (size_t)n);
  return a->k->paging.arch == KL_ARCH_X86_64 ? read_x86_64(r, function.address, code)
                                             : read_aarch64(r, function.address, code);
}

enum kl_status kl_attach_code_symbols(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  size_t mark = kl_arena_mark(k->arena);
  uint8_t *bytes;
  bool any = false;
  KL_TRY(KL_TAKE(k->arena, FUNCTION_BYTES, &bytes));
  for (size_t i = 0; i < sizeof all_sought / sizeof *all_sought; i++) {
    const struct sought *s = &all_sought[i];
    struct reading reading = {.a = a, .sought = s};
    for (size_t f = 0; f < sizeof s->functions / sizeof *s->functions && !k->known[s->symbol].present; f++)
      if (read_function(&reading, s->functions[f], bytes))
        break;
    if (reading.best != NONE) {
      k->known[s->symbol].present = any = true;
      k->known[s->symbol].address = reading.found;
    }
  }
  kl_arena_rewind(k->arena, mark);
  if (any)
    a->symbols_by = "kallsyms of code, exported symbols, and what code refers to";
  return KL_OK;
}
