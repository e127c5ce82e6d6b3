// Kernel modules: the list, and what /proc/modules shows of one.
#include "linux/module.h"

#include "base/checked.h"
#include "base/memory.h"

static const struct {
  enum kl_enum_id value;
  const char *name;
} states[] = {
    {KL_E_module_state_MODULE_STATE_LIVE, "Live"},
    {KL_E_module_state_MODULE_STATE_COMING, "Loading"},
    {KL_E_module_state_MODULE_STATE_GOING, "Unloading"},
    {KL_E_module_state_MODULE_STATE_UNFORMED, "Unformed"},
};

enum kl_status kl_module_state(struct kl_kernel *k, uint64_t module, const char **ret) {
  uint64_t state;
  KL_TRY(kl_get(k, module, KL_F_module_state, &state));
  for (size_t i = 0; i < sizeof states / sizeof *states; i++)
    if (k->enums[states[i].value].present && (int64_t)state == k->enums[states[i].value].value) {
      *ret = states[i].name;
      return KL_OK;
    }
  return KL_ERR_MALFORMED;
}

// ── Finding the list ───────────────────────────────────────────────────────

// Module names come from file names: what modpost lets through.
static bool is_name(const char *name, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (name[i] <= ' ' || name[i] > '~')
      return false;
  return n != 0;
}

// True for a struct module: it has a name and a state, and lies in the data
// that it names as its own.
static bool is_module(struct kl_kernel *k, uint64_t module) {
  char name[64];
  const char *state;
  size_t n;
  if (kl_module_state(k, module, &state) != KL_OK ||
      kl_get_text(k, module, KL_F_module_name, name, sizeof name, &n) != KL_OK || !is_name(name, n))
    return false;
  struct kl_module_region region;
  for (uint64_t i = 0; kl_module_region(k, module, i, &region) == KL_OK; i++)
    if (module - region.address < region.bytes)
      return true;
  return false;
}

// The list's head is the one node on the ring that is in no module.
static enum kl_status head_by_module(struct kl_kernel *k, struct kl_budget *budget, uint64_t module,
                                     uint64_t *head) {
  struct kl_list ring;
  uint64_t start, node;
  KL_TRY(kl_member(k, module, KL_F_module_list, &start));
  kl_list_init(&ring, k, budget, start);
  for (;;) {
    enum kl_status status = kl_list_next(&ring, head);
    if (status != KL_OK)
      return status == KL_END ? KL_ERR_NOT_FOUND : status;
    KL_TRY(kl_container(k, *head, KL_F_module_list, &node));
    if (!is_module(k, node))
      return KL_OK;
  }
}

// The file system that init's root is in: on the ring of all super_blocks.
static enum kl_status first_super_block(struct kl_kernel *k, uint64_t *ret) {
  uint64_t proxy, ns, root, vfsmount;
  KL_TRY(kl_get_pointer(k, k->known[KL_S_init_task].address, KL_F_task_struct_nsproxy, &proxy));
  KL_TRY(kl_get_pointer(k, proxy, KL_F_nsproxy_mnt_ns, &ns));
  KL_TRY(kl_get_pointer(k, ns, KL_F_mnt_namespace_root, &root));
  KL_TRY(kl_member(k, root, KL_F_mount_mnt, &vfsmount));
  return kl_get_pointer(k, vfsmount, KL_F_vfsmount_mnt_sb, ret);
}

// A module among the owners of a file system type and of those that were
// registered after it. KL_ERR_NOT_FOUND: none.
static enum kl_status owner_behind(struct kl_kernel *k, struct kl_budget *budget, uint64_t type, uint64_t *module) {
  for (uint64_t n = 0; type && n <= k->limits->modules; n++) {
    KL_TRY(kl_budget_spend(budget, 1));
    KL_TRY(kl_get_pointer(k, type, KL_F_file_system_type_owner, module));
    if (*module && is_module(k, *module))
      return KL_OK;
    KL_TRY(kl_get_pointer(k, type, KL_F_file_system_type_next, &type));
  }
  return KL_ERR_NOT_FOUND;
}

// A kernel whose kallsyms has functions only does not name its list. Any module
// leads to it, and file systems are listed: those in use on a ring (its head is
// no super_block, and what is read from it leads nowhere), all others behind
// one another.
static enum kl_status head_by_file_systems(struct kl_kernel *k, struct kl_budget *budget, uint64_t *head) {
  struct kl_list ring;
  uint64_t super, node, type, module;
  KL_TRY(first_super_block(k, &super));
  KL_TRY(kl_member(k, super, KL_F_super_block_s_list, &node));
  kl_list_init(&ring, k, budget, node);
  for (;;) {
    enum kl_status status = kl_list_next(&ring, &node);
    if (status != KL_OK)
      return status == KL_END ? KL_ERR_NOT_FOUND : status;
    KL_TRY(kl_container(k, node, KL_F_super_block_s_list, &super));
    if (kl_get_pointer(k, super, KL_F_super_block_s_type, &type) != KL_OK)
      continue;
    status = owner_behind(k, budget, type, &module);
    if (status == KL_OK)
      return head_by_module(k, budget, module, head);
    if (status == KL_ERR_BUDGET)
      return status;
  }
}

enum kl_status kl_module_walk_init(struct kl_module_walk *walk, struct kl_kernel *kernel,
                                   struct kl_budget *budget) {
  uint64_t head = kernel->known[KL_S_modules].address;
  walk->count = 0;
  if (!kl_has(kernel, KL_F_module_list))
    return KL_ERR_NOT_FOUND;
  if (!kernel->known[KL_S_modules].present) {
    KL_TRY(head_by_file_systems(kernel, budget, &head));
    kernel->known[KL_S_modules].present = true; // found once is found
    kernel->known[KL_S_modules].address = head;
  }
  kl_list_init(&walk->list, kernel, budget, head);
  return KL_OK;
}

enum kl_status kl_module_walk_next(struct kl_module_walk *walk, uint64_t *module) {
  struct kl_kernel *k = walk->list.kernel;
  uint64_t node;
  KL_TRY(kl_list_next(&walk->list, &node));
  if (walk->count++ >= k->limits->modules) {
    walk->list.done = true;
    return KL_ERR_LIMIT;
  }
  return kl_container(k, node, KL_F_module_list, module);
}

enum kl_status kl_module_references(struct kl_kernel *k, uint64_t module, uint64_t *ret) {
  uint64_t count;
  KL_TRY(kl_get(k, module, KL_F_module_refcnt, &count));
  *ret = (uint32_t)(count - 1); // the module holds one itself: MODULE_REF_BASE
  return KL_OK;
}

// Bit i of module.taints: taint_flags[] in kernel/panic.c.
static const char taint_letters[] = "PFSRMBUDAWCIOELKXTNJ";

enum kl_status kl_module_taints(struct kl_kernel *k, uint64_t module, char *dst, size_t *ret) {
  uint64_t taints;
  KL_TRY(kl_get(k, module, KL_F_module_taints, &taints));
  size_t n = 0;
  for (size_t i = 0; i < KL_MODULE_TAINTS; i++) {
    if (!(taints >> i & 1))
      continue;
    dst[n] = '?';
    if (i < sizeof taint_letters - 1)
      dst[n] = taint_letters[i];
    n++;
  }
  *ret = n;
  return KL_OK;
}

// ── Memory ─────────────────────────────────────────────────────────────────

// Since 6.4 (ac3b43283923 "module: replace module_layout with module_memory")
// a module has one piece of memory a kind.
static const struct {
  enum kl_enum_id value;
  const char *kind;
} pieces[] = {
    {KL_E_mod_mem_type_MOD_TEXT, "text"},
    {KL_E_mod_mem_type_MOD_DATA, "data"},
    {KL_E_mod_mem_type_MOD_RODATA, "rodata"},
    {KL_E_mod_mem_type_MOD_RO_AFTER_INIT, "ro_after_init"},
    {KL_E_mod_mem_type_MOD_INIT_TEXT, "init_text"},
    {KL_E_mod_mem_type_MOD_INIT_DATA, "init_data"},
    {KL_E_mod_mem_type_MOD_INIT_RODATA, "init_rodata"},
};
enum { PIECES = sizeof pieces / sizeof *pieces };

static enum kl_status piece(struct kl_kernel *k, uint64_t module, uint64_t i, struct kl_module_region *ret) {
  uint64_t at;
  KL_TRY(kl_member(k, module, KL_F_module_mem, &at));
  ret->kind = pieces[i].kind;
  ret->address = ret->bytes = 0;
  if (!k->enums[pieces[i].value].present)
    return KL_OK;
  uint64_t index = (uint64_t)k->enums[pieces[i].value].value, bytes = k->types[KL_T_module_memory].bytes, offset;
  if (!kl_mul(index, bytes, &offset) || offset > k->fields[KL_F_module_mem].size)
    return KL_ERR_MALFORMED;
  KL_TRY(kl_get_pointer(k, at + offset, KL_F_module_memory_base, &ret->address));
  return kl_get(k, at + offset, KL_F_module_memory_size, &ret->bytes);
}

// Before, two or three layouts, each with text first, then rodata, then what is
// read-only after init, then data; ends are counted from the layout's base.
static const struct {
  enum kl_field_id layout, begin, end; // begin, end: KL_FIELD_COUNT for none
  const char *kind;
} parts[] = {
    {KL_F_module_core_layout, KL_FIELD_COUNT, KL_F_module_layout_text_size, "text"},
    {KL_F_module_core_layout, KL_F_module_layout_text_size, KL_F_module_layout_ro_size, "rodata"},
    {KL_F_module_core_layout, KL_F_module_layout_ro_size, KL_F_module_layout_ro_after_init_size, "ro_after_init"},
    {KL_F_module_core_layout, KL_F_module_layout_ro_after_init_size, KL_F_module_layout_size, "data"},
    {KL_F_module_data_layout, KL_FIELD_COUNT, KL_F_module_layout_size, "data"},
    {KL_F_module_init_layout, KL_FIELD_COUNT, KL_F_module_layout_text_size, "init_text"},
    {KL_F_module_init_layout, KL_F_module_layout_text_size, KL_F_module_layout_ro_size, "init_rodata"},
    {KL_F_module_init_layout, KL_F_module_layout_ro_size, KL_F_module_layout_size, "init_data"},
};
enum { PARTS = sizeof parts / sizeof *parts };

static enum kl_status part(struct kl_kernel *k, uint64_t module, uint64_t i, struct kl_module_region *ret) {
  uint64_t layout, base, begin = 0, end;
  ret->kind = parts[i].kind;
  ret->address = ret->bytes = 0;
  if (!kl_has(k, parts[i].layout))
    return KL_OK;
  KL_TRY(kl_member(k, module, parts[i].layout, &layout));
  KL_TRY(kl_get_pointer(k, layout, KL_F_module_layout_base, &base));
  if (parts[i].begin != KL_FIELD_COUNT)
    KL_TRY(kl_get(k, layout, parts[i].begin, &begin));
  KL_TRY(kl_get(k, layout, parts[i].end, &end));
  if (end > begin) {
    ret->address = base + begin;
    ret->bytes = end - begin;
  }
  return KL_OK;
}

static enum kl_status per_cpu(struct kl_kernel *k, uint64_t module, struct kl_module_region *ret) {
  *ret = (struct kl_module_region){.kind = "percpu"};
  if (!kl_has(k, KL_F_module_percpu))
    return KL_OK;
  KL_TRY(kl_get(k, module, KL_F_module_percpu, &ret->address));
  return kl_get(k, module, KL_F_module_percpu_size, &ret->bytes);
}

enum kl_status kl_module_region(struct kl_kernel *k, uint64_t module, uint64_t i, struct kl_module_region *ret) {
  uint64_t n = kl_has(k, KL_F_module_mem) ? PIECES : PARTS;
  if (i > n)
    return KL_END;
  if (i == n)
    return per_cpu(k, module, ret);
  return kl_has(k, KL_F_module_mem) ? piece(k, module, i, ret) : part(k, module, i, ret);
}

enum kl_status kl_module_base(struct kl_kernel *k, uint64_t module, uint64_t *ret) {
  if (!kl_has(k, KL_F_module_mem)) {
    uint64_t layout;
    KL_TRY(kl_member(k, module, KL_F_module_core_layout, &layout));
    return kl_get_pointer(k, layout, KL_F_module_layout_base, ret);
  }
  struct kl_module_region text;
  KL_TRY(piece(k, module, 0, &text));
  *ret = text.address;
  return KL_OK;
}

enum kl_status kl_module_bytes(struct kl_kernel *k, uint64_t module, uint64_t *ret) {
  uint64_t n = kl_has(k, KL_F_module_mem) ? PIECES : PARTS;
  *ret = 0;
  for (uint64_t i = 0; i < n; i++) { // all but the per-CPU ones
    struct kl_module_region region;
    KL_TRY(kl_module_region(k, module, i, &region));
    *ret += region.bytes;
  }
  return KL_OK;
}
