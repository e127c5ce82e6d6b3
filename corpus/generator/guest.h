// The guest being built: its machine, its memory, its address spaces, its
// types, its symbols, and what a reader is expected to say about it.
//
// Order of building: guest_init; subjects declare types; types_lay_out;
// subjects make objects in memory (image, direct map, vmalloc); kallsyms and
// the BTF go into the image last; page tables when all mappings are known;
// then a container is written.
#ifndef GENERATOR_GUEST_H
#define GENERATOR_GUEST_H

#include "support.h"
#include "types.h"

// Eras stand for how kernels look at a time; nothing else depends on a version.
enum era {
  ERA_5_10, // task_struct.state, mm.mmap, module.core_layout, no kallsyms keys in VMCOREINFO
  ERA_6_1,  // maple tree, 2-byte symbol lengths
  ERA_6_12, // module.mem[], the tables of kallsyms in another order
  ERA_7_2,  // place-relative kallsyms, 32-byte BTF header, per-CPU symbols with real addresses
  ERA_COUNT
};

enum kallsyms_encoding { KALLSYMS_RELATIVE, KALLSYMS_ABSOLUTE_PERCPU, KALLSYMS_PLACE_RELATIVE };

struct paging_shape {
  const char *name; // x86_64, x86_64-la57, arm64, arm64-39, ...
  bool arm;
  unsigned granule_shift, va_bits, levels;
  bool lpa2; // 4K and 16K granules, 52-bit output
};
const struct paging_shape *paging_shape_at(size_t i); // null past the last
const struct paging_shape *paging_shape_named(const char *name);

// crowd: hundreds of processes that share libraries; wide: much memory, most of it free
enum machine { MACHINE_TINY, MACHINE_DEMO, MACHINE_CROWD, MACHINE_WIDE };

struct options {
  uint64_t seed;
  const struct paging_shape *shape;
  enum era era;
  enum kallsyms_encoding kallsyms;
  bool kallsyms_seqs;
  bool vmcoreinfo;
  bool uniprocessor; // CONFIG_SMP=n
  bool damaged_btf;  // below the kernel lies a copy of its types that was overwritten in part
  uint64_t low;      // bytes of memory below the machine's, which are whoever's asks
  bool hole;         // x86-64: RAM goes on above 4 GiB, and the direct map's tables lie there
  enum machine machine;
};

struct ram {
  uint64_t start, bytes;
  uint8_t *p;
  uint64_t empty; // bytes of zeros that follow
};

// A run of virtual addresses that lie in physical memory in one piece.
struct mapping {
  uint64_t va, phys, bytes;
  bool writable, executable, user, large; // large: blocks where they fit
};

struct symbol {
  const char *name;
  uint64_t address;
  char type;
};

struct module_symbol {
  const char *name, *module;
  uint64_t address;
};

struct region { // virtual addresses given out in order
  uint64_t start, next, end;
};

// The image's parts, mapped as a kernel maps them.
enum image_part { IMAGE_TEXT, IMAGE_CONSTANT, IMAGE_DATA, IMAGE_PARTS };

// A range of a process's addresses.
struct area {
  uint64_t start, end, flags; // VM_READ 1, VM_WRITE 2, VM_EXEC 4, VM_SHARED 8
  uint64_t file, page_offset; // file 0: none
  const char *name;           // what a reader calls it; null: nothing
};

struct guest {
  struct options o;
  struct types types;
  struct chance chance;
  unsigned era;

  struct ram ram[2];
  size_t n_ram;
  uint8_t *frame_use;  // of ram[0], an enum frame_use each
  uint64_t frame_next; // frames are taken from the end of ram[0] down
  uint64_t above_next; // tables from the start of ram[1] up

  struct mapping *mappings; // of the kernel
  size_t n_mappings;
  uint64_t page; // bytes
  uint64_t root; // physical, swapper_pg_dir

  uint64_t image_va, image_phys, image_bytes;
  struct region image[IMAGE_PARTS];
  uint64_t kaslr;            // how far chance moved the image
  uint64_t direct_base;      // va = phys + direct_base
  uint64_t vmemmap;          // va of the struct page of pfn 0 (would-be)
  uint64_t kernel_start_map; // x86: __START_KERNEL_map
  struct region vmalloc, modules;
  uint64_t slab_next, slab_end; // rest of the frame that small objects come from

  unsigned cpus;
  uint64_t per_cpu_start, per_cpu_bytes; // addresses of symbols
  uint64_t per_cpu_area[8];              // virtual, in the direct map
  uint64_t per_cpu_offset[8];

  struct symbol *symbols;
  size_t n_symbols;

  uint64_t *task_by_pid; // [4096], virtual; 0: none
  uint64_t init_mm;
  uint64_t user_roots[512]; // to be given the kernel's half
  size_t n_user_roots;
  struct files *files;
  uint64_t libraries[8]; // of a crowd: open files

  const char *release, *banner, *hostname, *build_id;
  uint64_t vmcoreinfo_va; // of the text
  struct bytes vmcoreinfo;
  uint64_t btf_va, btf_bytes;

  struct module_symbol *module_symbols;
  size_t n_module_symbols;

  struct {
    const char *name;
    struct bytes rows;
  } truth[48];
  size_t n_truth, truth_at;
};

void guest_init(struct guest *g, const struct options *options);

// memory.c: physical memory. Dies when there is no such memory.
uint64_t frames_take(struct guest *g, uint64_t bytes); // whole pages, zeroed: the physical address
// What frames are for, which their struct pages will say.
enum frame_use { FRAME_FREE, FRAME_KERNEL, FRAME_SLAB, FRAME_TABLE, FRAME_CACHED, FRAME_ANONYMOUS, FRAME_USES };
void frames_mark(struct guest *g, uint64_t phys, uint64_t bytes, enum frame_use use);
uint8_t *phys_at(struct guest *g, uint64_t phys, uint64_t bytes);
bool phys_in_ram(const struct guest *g, uint64_t phys);

// Virtual memory of the kernel. The address of zeroed bytes in:
uint64_t image_take(struct guest *g, enum image_part part, uint64_t bytes, uint64_t align);
uint64_t slab_take(struct guest *g, uint64_t bytes, uint64_t align);           // the direct map
uint64_t vmalloc_take(struct guest *g, struct region *region, uint64_t bytes); // scattered pages
uint64_t direct_of(const struct guest *g, uint64_t phys);
uint64_t phys_of(const struct guest *g, uint64_t va);
void poke(struct guest *g, uint64_t va, const void *p, uint64_t n); // across pages
void poke_number(struct guest *g, uint64_t va, uint64_t v, size_t n);
uint64_t peek_number(struct guest *g, uint64_t va, size_t n);
uint64_t image_string(struct guest *g, const char *s); // with its NUL, among the constants

// paging.c
void map_kernel(struct guest *g, struct mapping mapping);
// One page or run into a root of its own; entry_bits are or-ed to the leaves.
void map_into(struct guest *g, uint64_t root, const struct mapping *mapping);
void set_leaf(struct guest *g, uint64_t root, uint64_t va, uint64_t entry); // a last-level entry as it is
void build_page_tables(struct guest *g);
uint64_t new_user_root(struct guest *g);

// objects.c: structs by their names and members.
uint64_t object_new(struct guest *g, const char *type); // in the direct map
uint64_t object_in_image(struct guest *g, const char *type);
uint64_t object_bytes(struct guest *g, const char *type);
void set(struct guest *g, uint64_t object, const char *type, const char *path, uint64_t v);
// The same, where this era's type may lack the member.
void set_if(struct guest *g, uint64_t object, const char *type, const char *path, uint64_t v);
void set_text(struct guest *g, uint64_t object, const char *type, const char *path, const char *text);
uint64_t get(struct guest *g, uint64_t object, const char *type, const char *path);
bool has(struct guest *g, const char *type, const char *path);
uint64_t member_at(struct guest *g, uint64_t object, const char *type, const char *path); // its address
void list_init(struct guest *g, uint64_t head);
void list_append(struct guest *g, uint64_t head, uint64_t node);
void hlist_append(struct guest *g, uint64_t head, uint64_t node); // to the front

void symbol_add(struct guest *g, const char *name, uint64_t address, char type);

// truth.c: expected rows, as JSON. Rows go to the table named last.
void truth_table(struct guest *g, const char *name);
void truth_row(struct guest *g); // begins one
void truth_number(struct guest *g, const char *column, uint64_t v);
void truth_bool(struct guest *g, const char *column, bool v);
void truth_address(struct guest *g, const char *column, uint64_t v);
void truth_text(struct guest *g, const char *column, const char *v);
void truth_null(struct guest *g, const char *column);
void truth_write(const struct guest *g, struct bytes *ret);

#endif
