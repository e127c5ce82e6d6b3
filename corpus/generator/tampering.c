// What intruders change: the system call table, the interrupt table, function
// tracers, kprobes. Here nobody has.
#include <string.h>

#include "subjects.h"

void declare_tampering(struct guest *g) {
  // clang-format off
  types_declare(&g->types, DECLARE(
    struct ftrace_ops { void (*func)(void); struct ftrace_ops *next; unsigned long flags; void *private; unsigned long trampoline; };
    struct kprobe {
      struct hlist_node hlist; struct list_head list; unsigned long nmissed; u8 *addr; const char *symbol_name;
      unsigned int offset; void (*pre_handler)(void); void (*post_handler)(void); u32 flags;
    };
    ));
  // clang-format on
}

static uint64_t address_of(const struct guest *g, const char *name) {
  for (size_t i = 0; i < g->n_symbols; i++)
    if (strcmp(g->symbols[i].name, name) == 0)
      return g->symbols[i].address;
  die("no symbol %s", name);
}

// Functions that nothing else is named after, at addresses of their own.
static uint64_t function(struct guest *g, const char *name, unsigned i) {
  uint64_t at = address_of(g, "_stext") + 16 * (uint64_t)i + 8;
  symbol_add(g, name, at, 'T');
  return at;
}

static const char *const calls[] = {"read", "write", "open", "close", "stat", "fstat", "lstat", "poll"};
enum { CALLS = sizeof calls / sizeof *calls, GATES = 256, PROBE_BUCKETS = 64 };

static void build_system_calls(struct guest *g) {
  uint64_t table = image_take(g, IMAGE_CONSTANT, 8 * CALLS, 64);
  symbol_add(g, "sys_call_table", table, 'D');
  truth_table(g, "syscall_table");
  for (unsigned i = 0; i < CALLS; i++) {
    const char *name = print(g->o.shape->arm ? "__arm64_sys_%s" : "__x64_sys_%s", calls[i]);
    uint64_t at = function(g, name, i);
    poke_number(g, table + 8 * i, at, 8);
    truth_row(g);
    truth_number(g, "number", i);
    truth_address(g, "address", at);
    truth_text(g, "symbol", name);
    truth_bool(g, "agrees", true);
  }
  symbol_add(g, "behind_sys_call_table", image_take(g, IMAGE_CONSTANT, 8, 8), 'd');
}

// Gates of the first exceptions; the others are not present.
static void build_interrupts(struct guest *g) {
  static const char *const names[] = {"asm_exc_divide_error", "asm_exc_debug", "asm_exc_nmi", "asm_exc_int3"};
  if (g->o.shape->arm)
    return;
  uint64_t table = image_take(g, IMAGE_DATA, 16 * GATES, 16);
  symbol_add(g, "idt_table", table, 'b');
  truth_table(g, "interrupt_table");
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    uint64_t at = function(g, names[i], CALLS + i);
    uint64_t low = (at & 0xffff) | 0x10ull << 16 | 0x8eull << 40 | (at >> 16 & 0xffff) << 48;
    poke_number(g, table + 16 * i, low, 8);
    poke_number(g, table + 16 * i + 8, at >> 32, 8);
    truth_row(g);
    truth_number(g, "vector", i);
    truth_address(g, "address", at);
    truth_text(g, "symbol", names[i]);
    truth_text(g, "kind", "interrupt");
    truth_bool(g, "agrees", true);
  }
}

static void build_tracers(struct guest *g) {
  uint64_t list = image_take(g, IMAGE_DATA, 8, 8), end = object_in_image(g, "ftrace_ops");
  uint64_t ops = object_in_image(g, "ftrace_ops"), at = function(g, "kprobe_ftrace_handler", 20);
  set(g, end, "ftrace_ops", "func", function(g, "ftrace_stub", 21));
  set(g, ops, "ftrace_ops", "func", at);
  set(g, ops, "ftrace_ops", "next", end);
  set(g, ops, "ftrace_ops", "flags", 1);
  poke_number(g, list, ops, 8);
  symbol_add(g, "ftrace_ops_list", list, 'D');
  symbol_add(g, "ftrace_list_end", end, 'D');
  truth_table(g, "ftrace_ops");
  truth_row(g);
  truth_address(g, "address", ops);
  truth_address(g, "function", at);
  truth_text(g, "symbol", "kprobe_ftrace_handler");
  truth_bool(g, "agrees", true);
}

static void build_probes(struct guest *g) {
  uint64_t table = image_take(g, IMAGE_DATA, 8 * PROBE_BUCKETS, 8), probe = object_new(g, "kprobe");
  uint64_t handler = function(g, "kprobe_dispatcher", 22), probed = function(g, "probed_function", 23);
  symbol_add(g, "kprobe_table", table, 'b');
  set(g, probe, "kprobe", "addr", probed + 4);
  set(g, probe, "kprobe", "pre_handler", handler);
  list_init(g, member_at(g, probe, "kprobe", "list"));
  hlist_append(g, table + 8 * 11, member_at(g, probe, "kprobe", "hlist"));
  truth_table(g, "kprobes");
  truth_row(g);
  truth_address(g, "address", probe);
  truth_address(g, "probed", probed + 4);
  truth_text(g, "symbol", "probed_function+0x4");
  truth_text(g, "handler_symbol", "kprobe_dispatcher");
  truth_bool(g, "disabled", false);
  truth_bool(g, "agrees", true);
}

void build_tampering(struct guest *g) {
  build_system_calls(g);
  build_interrupts(g);
  build_tracers(g);
  build_probes(g);
}
