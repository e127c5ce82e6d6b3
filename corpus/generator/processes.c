// The memory and the open files of a process.
#include "processes.h"

#include <string.h>

#include "files.h"
#include "pages.h"
#include "trees.h"

enum { READ = 1, WRITE = 2, EXEC = 4, MAX_AREAS = 32, MAX_FDS = 8 };

void declare_processes(struct guest *g) {
  // clang-format off
  types_declare(&g->types, DECLARE(
    struct vm_operations_struct { void (*open)(void); void (*close)(void); const char *(*name)(void); };
    struct vm_area_struct {
      union { struct { unsigned long vm_start, vm_end; }; struct callback_head vm_rcu; };
      struct vm_area_struct *vm_next until(0);
      struct vm_area_struct *vm_prev until(0);
      struct mm_struct *vm_mm; unsigned long vm_page_prot;
      union { const unsigned long vm_flags; unsigned long __vm_flags; };
      const struct vm_operations_struct *vm_ops; unsigned long vm_pgoff; struct file *vm_file;
      void *vm_private_data;
    };
    typedef struct { unsigned long pgd; } pgd_t;
    struct mm_struct {
      struct {
        struct maple_tree mm_mt since(1);
        struct vm_area_struct *mmap until(0);
        unsigned long mmap_base, task_size;
        pgd_t *pgd;
        atomic_t mm_users, mm_count;
        int map_count;
        struct list_head mmlist;
        unsigned long total_vm, stack_vm;
        unsigned long start_code, end_code, start_data, end_data, start_brk, brk, start_stack;
        unsigned long arg_start, arg_end, env_start, env_end;
        struct user_namespace *user_ns;
        struct file __rcu *exe_file;
      };
      unsigned long cpu_bitmap[];
    };
    struct fdtable { unsigned int max_fds; struct file __rcu **fd; unsigned long *open_fds; };
    struct files_struct { atomic_t count; struct fdtable __rcu *fdt; struct fdtable fdtab; };
    ));
  // clang-format on
}

struct builder {
  struct guest *g;
  const struct role *role;
  uint64_t mm, root, exe;
  struct area areas[MAX_AREAS];
  size_t n;
  uint64_t anon; // stands for an anon_vma
};

static void map_page(struct builder *b, const struct area *a, uint64_t va, uint64_t phys) {
  struct guest *g = b->g;
  struct mapping m = {.va = va,
                      .phys = phys,
                      .bytes = g->page,
                      .writable = a->flags & WRITE,
                      .executable = a->flags & EXEC,
                      .user = true};
  map_into(g, b->root, &m);
  page_mapped(g, phys);
  truth_table(g, "mappings");
  truth_row(g);
  truth_number(g, "tgid", b->role->pid);
  truth_address(g, "address", va);
  truth_address(g, "physical", phys);
  truth_number(g, "pfn", phys / g->page);
  truth_number(g, "bytes", g->page);
  truth_text(g, "permissions", m.writable ? "rw-" : m.executable ? "r-x" : "r--");
  truth_bool(g, "user", true);
  truth_bool(g, "accessed", true);
  truth_text(g, "kind", a->file ? "file" : "anon");
}

static uint64_t map_anonymous(struct builder *b, const struct area *a, uint64_t va) {
  uint64_t phys = frames_take(b->g, b->g->page);
  page_describe(b->g, phys, FRAME_ANONYMOUS, b->anon, va / b->g->page);
  map_page(b, a, va, phys);
  return phys;
}

static struct area *add_area(struct builder *b, uint64_t start, uint64_t pages, uint64_t flags, const char *name) {
  if (b->n == MAX_AREAS)
    die("too many areas");
  b->areas[b->n] = (struct area){.start = start, .end = start + pages * b->g->page, .flags = flags, .name = name};
  return &b->areas[b->n++];
}

static void write_area(struct builder *b, const struct area *a, uint64_t vma) {
  struct guest *g = b->g;
  set(g, vma, "vm_area_struct", "vm_start", a->start);
  set(g, vma, "vm_area_struct", "vm_end", a->end);
  set(g, vma, "vm_area_struct", "vm_mm", b->mm);
  set(g, vma, "vm_area_struct", "vm_flags", a->flags);
  set(g, vma, "vm_area_struct", "vm_file", a->file);
  set(g, vma, "vm_area_struct", "vm_pgoff", a->file ? a->page_offset : a->start / g->page);
  truth_table(g, "vmas");
  truth_row(g);
  truth_number(g, "tgid", b->role->pid);
  truth_address(g, "start", a->start);
  truth_address(g, "end", a->end);
  truth_text(
      g, "permissions",
      print("%c%c%cp", a->flags & READ ? 'r' : '-', a->flags & WRITE ? 'w' : '-', a->flags & EXEC ? 'x' : '-'));
  if (a->file) {
    struct opened o = file_opened(g, a->file);
    truth_number(g, "file_offset", a->page_offset * g->page);
    truth_text(g, "device", o.device);
    truth_number(g, "inode", o.inode);
    truth_text(g, "path", o.path);
  } else if (a->name) {
    truth_text(g, "path", a->name);
  }
}

static void write_areas(struct builder *b) {
  struct guest *g = b->g;
  struct maple_range ranges[MAX_AREAS];
  uint64_t before = 0;
  for (size_t i = 0; i < b->n; i++) {
    uint64_t vma = object_new(g, "vm_area_struct");
    write_area(b, &b->areas[i], vma);
    ranges[i] = (struct maple_range){b->areas[i].start, b->areas[i].end - 1, vma};
    if (!has(g, "mm_struct", "mmap"))
      continue;
    if (before)
      set(g, before, "vm_area_struct", "vm_next", vma);
    else
      set(g, b->mm, "mm_struct", "mmap", vma);
    before = vma;
  }
  if (has(g, "mm_struct", "mm_mt"))
    maple_fill(g, member_at(g, b->mm, "mm_struct", "mm_mt"), ranges, b->n);
  set(g, b->mm, "mm_struct", "map_count", b->n);
}

// Arguments and environment, at the top of the stack.
static void write_strings(struct builder *b, const struct area *stack, uint64_t phys) {
  struct guest *g = b->g;
  struct bytes arguments = {0}, environment = {0};
  bytes_string(&arguments, b->role->arguments);
  for (size_t i = 0; i < arguments.n; i++)
    arguments.p[i] = arguments.p[i] == ' ' ? 0 : arguments.p[i];
  bytes_number(&arguments, 0, 1);
  static const char *const names[] = {"PATH", "LANG", "EMPTY"};
  const char *values[] = {"/usr/sbin:/usr/bin", print("C.%s", b->role->comm), ""};
  for (size_t i = 0; i < 3; i++) {
    bytes_print(&environment, "%s=%s", names[i], values[i]);
    bytes_number(&environment, 0, 1);
    truth_table(g, "environment");
    truth_row(g);
    truth_number(g, "tgid", b->role->pid);
    truth_text(g, "name", names[i]);
    truth_text(g, "value", values[i]);
  }
  uint64_t top = stack->end - g->page, at = g->page / 2;
  memcpy(phys_at(g, phys + at, arguments.n), arguments.p, arguments.n);
  memcpy(phys_at(g, phys + at + arguments.n, environment.n), environment.p, environment.n);
  set(g, b->mm, "mm_struct", "arg_start", top + at);
  set(g, b->mm, "mm_struct", "arg_end", top + at + arguments.n);
  set(g, b->mm, "mm_struct", "env_start", top + at + arguments.n);
  set(g, b->mm, "mm_struct", "env_end", top + at + arguments.n + environment.n);
  set(g, b->mm, "mm_struct", "start_stack", top + at - 64);
}

// Libraries that all processes of a crowd have, cached once; none of their
// pages is mapped yet.
static void add_libraries(struct builder *b, uint64_t at) {
  enum { LIBRARIES = 8, PAGES = 96 };
  struct guest *g = b->g;
  for (unsigned i = 0; i < LIBRARIES; i++, at += (PAGES + 1) * g->page) {
    struct area *library = add_area(b, at, PAGES, READ | EXEC, NULL);
    bool first = !g->libraries[i];
    if (first)
      g->libraries[i] = file_open(g, print("/usr/lib/libcrowd-%u.so", i), 0);
    library->file = g->libraries[i];
    for (unsigned page = 0; first && page < PAGES; page++)
      file_page(g, library->file, page);
  }
}

static void build_memory(struct builder *b, struct chance *c) {
  struct guest *g = b->g;
  bool arm = g->o.shape->arm; // the smallest address space has 39 bits
  uint64_t at = (arm ? 0x0000005500000000 : 0x0000555500000000) + 65536 * chance_below(c, 4096);
  struct area *text = add_area(b, at, 2, READ | EXEC, NULL);
  text->file = b->exe;
  map_page(b, text, at, file_page(g, b->exe, 0));
  struct area *data = add_area(b, at + 4 * g->page, 1, READ | WRITE, NULL);
  map_anonymous(b, data, data->start);
  struct area *heap = add_area(b, at + 16 * g->page, 4, READ | WRITE, "[heap]");
  map_anonymous(b, heap, heap->start + g->page);
  set(g, b->mm, "mm_struct", "start_brk", heap->start);
  set(g, b->mm, "mm_struct", "brk", heap->end);
  at = arm ? 0x0000007f00000000 : 0x00007f0000000000;
  for (unsigned i = 0; i < b->role->n_threads; i++, at += 64 * g->page) { // stacks of threads, each with a guard
    add_area(b, at, 1, 0, NULL);
    struct area *stack = add_area(b, at + g->page, 8, READ | WRITE, NULL);
    map_anonymous(b, stack, stack->end - g->page);
  }
  if (g->o.machine == MACHINE_CROWD)
    add_libraries(b, at);
  struct area *stack = add_area(b, (arm ? 0x0000007ff0000000 : 0x00007ffc00000000) + 65536 * chance_below(c, 256),
                                8, READ | WRITE, "[stack]");
  write_strings(b, stack, map_anonymous(b, stack, stack->end - g->page));
  write_areas(b);
}

static uint64_t build_fds(struct guest *g, const struct role *r, struct chance *c) {
  uint64_t files = object_new(g, "files_struct"), table = slab_take(g, 8 * MAX_FDS, 8);
  uint64_t fdt = member_at(g, files, "files_struct", "fdtab");
  set(g, files, "files_struct", "fdt", fdt);
  set(g, fdt, "fdtable", "max_fds", MAX_FDS);
  set(g, fdt, "fdtable", "fd", table);
  for (unsigned fd = 0; fd < 5; fd++) {
    if (fd == 3 && chance_one_in(c, 3))
      continue; // closed
    uint64_t file = fd == 0   ? file_open(g, "/dev/null", 0)
                    : fd == 1 ? pipe_open(g, 1)
                    : fd == 2 ? file_open(g, print("/run/%u.log", r->pid), 02001)
                    : fd == 3
                        ? socket_open(g)
                        : file_open(g, "/etc/a-configuration-file-whose-name-is-not-kept-inline.conf", 0100000);
    poke_number(g, table + 8 * fd, file, 8);
    struct opened o = file_opened(g, file);
    truth_table(g, "open_files");
    truth_row(g);
    truth_number(g, "tgid", r->pid);
    truth_number(g, "fd", fd);
    truth_address(g, "file", file);
    truth_text(g, "path", o.path);
    truth_text(g, "kind", o.kind);
    truth_number(g, "inode", o.inode);
    truth_text(g, "device", o.device);
    truth_number(g, "flags", o.flags);
  }
  return files;
}

// Each task that has a program calls process_new; nothing is left for here.
void build_processes(struct guest *g) {
  (void)g;
}

struct process process_new(struct guest *g, const struct role *r) {
  struct chance c = chance_of(g->o.seed + r->pid, "process");
  struct builder b = {.g = g, .role = r};
  b.mm = object_new(g, "mm_struct");
  b.root = new_user_root(g);
  b.anon = object_new(g, "list_head");
  b.exe = file_open(g, r->exe, 0);
  set(g, b.mm, "mm_struct", "pgd", direct_of(g, b.root));
  set(g, b.mm, "mm_struct", "exe_file", b.exe);
  build_memory(&b, &c);
  return (struct process){b.mm, b.root, build_fds(g, r, &c)};
}
