// The areas of an address space.
#include "linux/vma.h"

#include "base/memory.h"
#include "linux/file.h"

enum kl_status kl_vma_walk_init(struct kl_vma_walk *walk, struct kl_kernel *kernel, struct kl_budget *budget,
                                uint64_t mm, uint64_t first, uint64_t last) {
  walk->kernel = kernel;
  walk->budget = budget;
  walk->above = 0;
  walk->first = first;
  walk->last = last;
  walk->lost = mm;
  walk->is_list = !kl_has(kernel, KL_F_mm_struct_mm_mt);
  if (walk->is_list)
    return kl_get_pointer(kernel, mm, KL_F_mm_struct_mmap, &walk->next_vma);
  uint64_t tree;
  KL_TRY(kl_member(kernel, mm, KL_F_mm_struct_mm_mt, &tree));
  kl_maple_init(&walk->tree, kernel, budget, tree, first, last);
  return KL_OK;
}

static enum kl_status read_vma(struct kl_kernel *k, uint64_t address, struct kl_vma *ret) {
  uint64_t page = 0;
  *ret = (struct kl_vma){.address = address};
  KL_TRY(kl_get(k, address, KL_F_vm_area_struct_vm_start, &ret->start));
  KL_TRY(kl_get(k, address, KL_F_vm_area_struct_vm_end, &ret->end));
  KL_TRY(kl_get(k, address, KL_F_vm_area_struct_vm_flags, &ret->flags));
  KL_TRY(kl_get_pointer(k, address, KL_F_vm_area_struct_vm_file, &ret->file));
  if (ret->file)
    KL_TRY(kl_get(k, address, KL_F_vm_area_struct_vm_pgoff, &page));
  ret->offset = page << k->paging.granule_shift;
  return KL_OK;
}

// The list is in order of address: one that does not rise has come back on
// itself.
static enum kl_status next_of_list(struct kl_vma_walk *walk, struct kl_vma *ret) {
  for (;;) {
    uint64_t address = walk->next_vma;
    if (!address)
      return KL_END;
    walk->next_vma = 0; // an error ends the list: what follows is not known
    walk->lost = address;
    KL_TRY(kl_budget_spend(walk->budget, 1));
    KL_TRY(read_vma(walk->kernel, address, ret));
    if (ret->start < walk->above || ret->end <= ret->start)
      return KL_ERR_CYCLE;
    walk->above = ret->end;
    if (ret->start > walk->last)
      return KL_END;
    KL_TRY(kl_get_pointer(walk->kernel, address, KL_F_vm_area_struct_vm_next, &walk->next_vma));
    if (ret->end > walk->first)
      return KL_OK;
  }
}

static enum kl_status next_of_tree(struct kl_vma_walk *walk, struct kl_vma *ret) {
  struct kl_maple_entry entry = {0};
  enum kl_status status = kl_maple_next(&walk->tree, &entry);
  walk->lost = entry.pointer;
  KL_TRY(status);
  KL_TRY(read_vma(walk->kernel, entry.pointer, ret));
  // The tree says where it lies, too.
  bool agrees = ret->start == entry.first && ret->end - 1 == entry.last && ret->end > ret->start;
  return agrees ? KL_OK : KL_ERR_MALFORMED;
}

enum kl_status kl_vma_walk_next(struct kl_vma_walk *walk, struct kl_vma *ret) {
  return walk->is_list ? next_of_list(walk, ret) : next_of_tree(walk, ret);
}

// ── Names ──────────────────────────────────────────────────────────────────

static enum kl_status put_name(struct kl_path_text *text, const char *prefix, const char *p, size_t n,
                               const char *suffix) {
  size_t before = kl_string_length(prefix), behind = kl_string_length(suffix);
  if (before + n + behind > text->capacity)
    return KL_ERR_LIMIT;
  text->start = text->capacity - (before + n + behind);
  char *at = text->buffer + text->start;
  memcpy(at, prefix, before);
  memcpy(at + before, p, n);
  memcpy(at + before + n, suffix, behind);
  return KL_OK;
}

// What the kernel itself put there (vdso, vvar ...) names itself:
// special_mapping_name() in mm/mmap.c.
static enum kl_status special_name(struct kl_kernel *k, const struct kl_vma *vma, struct kl_path_text *text,
                                   bool *found) {
  uint64_t ops, namer = 0, mapping, name;
  char buffer[64];
  size_t n = 0;
  KL_TRY(kl_get_pointer(k, vma->address, KL_F_vm_area_struct_vm_ops, &ops));
  if (ops)
    KL_TRY(kl_get_pointer(k, ops, KL_F_vm_operations_struct_name, &namer));
  *found =
      namer && k->known[KL_S_special_mapping_name].present && namer == k->known[KL_S_special_mapping_name].address;
  if (!*found)
    return KL_OK;
  KL_TRY(kl_get_pointer(k, vma->address, KL_F_vm_area_struct_vm_private_data, &mapping));
  KL_TRY(kl_get_pointer(k, mapping, KL_F_vm_special_mapping_name, &name));
  KL_TRY(kl_read_string(k, name, buffer, sizeof buffer, &n));
  return put_name(text, "", buffer, n, "");
}

// prctl(PR_SET_VMA_ANON_NAME). Up to 6.1 the name shares its place with what
// only areas of files have (6.2: d09e8ca6cb93).
static enum kl_status anonymous_name(struct kl_kernel *k, const struct kl_vma *vma, const char *prefix,
                                     struct kl_path_text *text, bool *found) {
  uint64_t object = 0, name;
  char buffer[80]; // ANON_VMA_NAME_MAX_LEN
  size_t n = 0;
  *found = false;
  if (!kl_has(k, KL_F_vm_area_struct_anon_name))
    return KL_OK;
  bool shared = k->fields[KL_F_vm_area_struct_anon_name].offset == k->fields[KL_F_vm_area_struct_shared].offset;
  if (shared && vma->file)
    return KL_OK;
  KL_TRY(kl_get_pointer(k, vma->address, KL_F_vm_area_struct_anon_name, &object));
  if (!object)
    return KL_OK;
  KL_TRY(kl_member(k, object, KL_F_anon_vma_name_name, &name));
  KL_TRY(kl_read_string(k, name, buffer, sizeof buffer, &n));
  *found = true;
  return put_name(text, prefix, buffer, n, "]");
}

// vma_is_initial_heap() and vma_is_initial_stack().
static enum kl_status usual_name(struct kl_kernel *k, uint64_t mm, const struct kl_vma *vma,
                                 struct kl_path_text *text, bool *found) {
  uint64_t brk, start_brk, stack;
  KL_TRY(kl_get(k, mm, KL_F_mm_struct_brk, &brk));
  KL_TRY(kl_get(k, mm, KL_F_mm_struct_start_brk, &start_brk));
  KL_TRY(kl_get(k, mm, KL_F_mm_struct_start_stack, &stack));
  bool heap = vma->start < brk && vma->end > start_brk, is_stack = vma->start <= stack && vma->end >= stack;
  *found = heap || is_stack;
  return *found ? put_name(text, heap ? "[heap]" : "[stack]", "", 0, "") : KL_OK;
}

// The order of get_vma_name() in fs/proc/task_mmu.c.
enum kl_status kl_vma_name(struct kl_kernel *k, struct kl_budget *budget, uint64_t mm, const struct kl_vma *vma,
                           const struct kl_path_root *root, struct kl_path_text *text) {
  bool found = false;
  if (vma->file) {
    KL_TRY(anonymous_name(k, vma, "[anon_shmem:", text, &found));
    if (found)
      return KL_OK;
    uint64_t path;
    KL_TRY(kl_file_user_path(k, vma->file, &path));
    return kl_path_print(k, budget, path, root, text);
  }
  KL_TRY(special_name(k, vma, text, &found));
  if (!found)
    KL_TRY(usual_name(k, mm, vma, text, &found));
  if (!found)
    KL_TRY(anonymous_name(k, vma, "[anon:", text, &found));
  return KL_OK;
}
