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
#include "kernel/code_shapes.h"
#include "kernel/symbol_table.h"

// What to find, and functions that use it from early on; the first that is
// there and shows it will do.
struct sought {
  enum kl_symbol_id symbol;
  enum kl_shape shape;
  const char *functions[4];
};
static const struct sought all_sought[] = {
    {KL_S_super_blocks,
     KL_SHAPE_SUPER_BLOCKS,
     {"iterate_supers", "user_get_super", "sync_filesystems", "drop_super"}},
    {KL_S_modules,
     KL_SHAPE_MODULES,
     {"find_module_all", "module_kallsyms_lookup_name", "print_modules", "find_module"}},
    {KL_S_map_idr, KL_SHAPE_MAPS, {"bpf_map_get_curr_or_next", "bpf_map_free_id"}},
    {KL_S_prog_idr, KL_SHAPE_PROGRAMS, {"bpf_prog_get_curr_or_next", "bpf_prog_free_id", "bpf_prog_by_id"}},
    {KL_S_link_idr, KL_SHAPE_LINKS, {"bpf_link_by_id", "bpf_link_get_curr_or_next", "bpf_link_free"}},
    {KL_S_btf_idr, KL_SHAPE_BTFS, {"btf_get_fd_by_id", "btf_put", "btf_new_fd"}},
    {KL_S_tk_core, KL_SHAPE_TIMEKEEPER, {"ktime_get_real_ts64", "ktime_get", "getboottime64", "ktime_get_ts64"}},
    {KL_S_kprobe_table, KL_SHAPE_PROBES, {"get_kprobe", "kprobe_seq_next", "show_kprobe_addr"}},
    {KL_S_ftrace_ops_list,
     KL_SHAPE_TRACERS,
     {"arch_ftrace_ops_list_func", "ftrace_ops_list_func", "update_ftrace_function"}},
    {KL_S_mod_tree, KL_SHAPE_MODULE_TREE, {"__module_address", "mod_find", "mod_tree_insert"}},
    {KL_S_swap_info, KL_SHAPE_SWAP_INFO, {"si_swapinfo", "count_swap_pages", "swp_swap_info", "get_swap_device"}},
    {KL_S_nr_swapfiles, KL_SHAPE_SWAP_COUNT, {"si_swapinfo", "count_swap_pages", "swap_type_of"}},
    {KL_S_swapper_spaces, KL_SHAPE_SWAP_SPACES, {"exit_swap_address_space", "init_swap_address_space"}},
    {KL_S_nr_swapper_spaces, KL_SHAPE_SWAP_SPACE_COUNTS, {"exit_swap_address_space", "init_swap_address_space"}},
    {KL_S_runqueues, KL_SHAPE_RUN_QUEUES, {"idle_cpu", "task_curr", "nr_running", "idle_task"}},
};

enum {
  FUNCTION_BYTES = 2048,    // of a function that is looked at
  PER_CPU_BYTES = 16 << 20, // of one CPU's variables, which x86-64 counts from zero up to 6.14
};

// ── Instructions ───────────────────────────────────────────────────────────

struct reading {
  struct kl_attach *a;
  const struct sought *sought;
  uint64_t last; // candidate looked at last
  enum kl_likeness best;
  uint64_t found; // the place that looks best
};

// True when the search is over.
static bool propose(struct reading *r, uint64_t at) {
  bool per_cpu = r->sought->shape == KL_SHAPE_RUN_QUEUES && at && at < PER_CPU_BYTES;
  bool of_words = r->sought->shape == KL_SHAPE_SWAP_COUNT || r->sought->shape == KL_SHAPE_SWAP_SPACE_COUNTS;
  if (at == r->last || at & (of_words ? 3 : 7) || !(per_cpu || kl_in_image(r->a, at)))
    return false;
  r->last = at;
  uint64_t found;
  enum kl_likeness like = kl_likeness_of(r->a->k, r->sought->shape, at, &found);
  if (like > r->best) {
    r->best = like;
    r->found = found;
  }
  return r->best == KL_LIKE_SURE;
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
    if (reading.best != KL_LIKE_NONE) {
      k->known[s->symbol].present = any = true;
      k->known[s->symbol].address = reading.found;
    }
  }
  kl_arena_rewind(k->arena, mark);
  if (any)
    a->symbols_by = "kallsyms of code, exported symbols, and what code refers to";
  return KL_OK;
}
