// The layout of the kernel's address space: image, direct map, vmemmap.
//
// Each base is proposed by what names it (a variable, VMCOREINFO) and, failing
// that, by where architectures put it; a proposal counts when the page tables
// map known memory as it says.
#include "base/checked.h"
#include "kernel/attach.h"
#include "kernel/vmcoreinfo.h"

bool kl_image_u64(struct kl_attach *a, enum kl_symbol_id symbol, uint64_t *ret) {
  uint8_t bytes[8];
  if (!a->k->known[symbol].present || !kl_in_image(a, a->k->known[symbol].address) ||
      kl_image_read(a->k->image, kl_image_phys(a, a->k->known[symbol].address), bytes, sizeof bytes) != KL_OK)
    return false;
  *ret = kl_le64(bytes);
  return true;
}

// ── The image ──────────────────────────────────────────────────────────────

// Where x86-64 images are linked: CONFIG_PHYSICAL_START, 16 MiB but for old
// kdump kernels. arm64 depends on release and configuration: not known.
static const uint64_t x86_64_linked_at = 0xffffffff81000000;

static void find_image(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  k->image_base = k->known[KL_S__text].present ? k->known[KL_S__text].address : a->hold.start;
  k->image_phys = kl_image_phys(a, k->image_base);
  k->kaslr_known = kl_vmcoreinfo_address(k->vmcoreinfo, "KERNELOFFSET", &k->kaslr_offset);
  if (!k->kaslr_known && k->paging.arch == KL_ARCH_X86_64 && k->image_base >= x86_64_linked_at) {
    k->kaslr_offset = k->image_base - x86_64_linked_at;
    k->kaslr_known = true;
  }
}

// ── The direct map ─────────────────────────────────────────────────────────

// base: the address of physical 0. It must map pages of the image a second time.
static bool try_direct_map(struct kl_attach *a, uint64_t base, uint64_t start) {
  struct kl_kernel *k = a->k;
  const uint64_t known[] = {k->root, k->image_phys, kl_image_phys(a, k->known[KL_S_linux_banner].address)};
  if (base == 0 - a->hold.image_to_phys)
    return false;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (kl_maps(&k->paging, k->image, k->root, known[i] + base, known[i])) {
      k->direct_map_base = base;
      k->direct_map_start = start;
      return true;
    }
  return false;
}

static bool direct_map_x86_64(struct kl_attach *a) {
  uint64_t base;
  if (kl_image_u64(a, KL_S_page_offset_base, &base) && try_direct_map(a, base, base))
    return true;
  base = a->k->paging.levels == 5 ? 0xff11000000000000 : 0xffff888000000000; // __PAGE_OFFSET_BASE_L5, _L4
  return try_direct_map(a, base, base);
}

// va = (phys - memstart_addr) + PAGE_OFFSET. PAGE_OFFSET goes by the bits that
// the kernel was built for, which may be more than it runs with.
static bool direct_map_aarch64(struct kl_attach *a) {
  uint64_t memstart, built_for = a->k->paging.va_bits;
  (void)kl_vmcoreinfo_number(a->k->vmcoreinfo, "NUMBER(VA_BITS)", &built_for);
  if (!kl_image_u64(a, KL_S_memstart_addr, &memstart) &&
      !kl_vmcoreinfo_number(a->k->vmcoreinfo, "NUMBER(PHYS_OFFSET)", &memstart))
    return false;
  const uint64_t bits[] = {built_for, a->k->paging.va_bits, 52};
  for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
    if (bits[i] && bits[i] < 64 && try_direct_map(a, 0 - (1ull << bits[i]) - memstart, 0 - (1ull << bits[i])))
      return true;
  return false;
}

// The lowest run of kernel addresses that maps the image a second time.
static bool direct_map_by_walk(struct kl_attach *a) {
  struct kl_leaf_walk walk;
  enum { MAX_STEPS = 1 << 16 };
  struct kl_budget budget = {.steps = MAX_STEPS};
  struct kl_translation t;
  unsigned bits = a->k->paging.arch == KL_ARCH_X86_64 ? a->k->paging.va_bits - 1u : a->k->paging.va_bits;
  uint64_t va, tried = 0;
  kl_leaf_walk_init(&walk, &a->k->paging, a->k->image, a->k->root, 0 - (1ull << bits), a->hold.start);
  for (;;) {
    enum kl_status status = kl_leaf_walk_next(&walk, &budget, &va, &t);
    if (status == KL_END || status == KL_ERR_BUDGET)
      return false;
    if (status != KL_OK || t.state != KL_ENTRY_PRESENT || va - t.phys == tried)
      continue;
    tried = va - t.phys;
    if (try_direct_map(a, tried, va))
      return true;
  }
}

static bool locate_direct_map(struct kl_attach *a) {
  bool found = a->k->paging.arch == KL_ARCH_X86_64 ? direct_map_x86_64(a) : direct_map_aarch64(a);
  return found || direct_map_by_walk(a);
}

static void find_direct_map(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  if (locate_direct_map(a))
    kl_attach_confirm(a, "the direct map holds the image too");
  else
    kl_diagnostics_add(k->diagnostics, "attach", "direct map", 0, KL_ERR_NOT_FOUND);
}

// ── vmemmap ────────────────────────────────────────────────────────────────

static bool is_reserved(struct kl_attach *a, uint64_t base, uint64_t phys) {
  struct kl_kernel *k = a->k;
  uint64_t flags, page = base + (phys >> k->paging.granule_shift) * k->types[KL_T_page].bytes;
  return kl_get(k, page, KL_F_page_flags, &flags) == KL_OK &&
         (!k->enums[KL_E_pageflags_PG_reserved].present ||
          flags >> (k->enums[KL_E_pageflags_PG_reserved].value & 63) & 1);
}

// Pages of the image are reserved for good (but not those of the gaps between
// its sections, which are freed).
static bool try_vmemmap(struct kl_attach *a, uint64_t base) {
  struct kl_kernel *k = a->k;
  if (!k->types[KL_T_page].present || base >> 48 < 0xff00)
    return false;
  const enum kl_symbol_id of_image[] = {KL_S_linux_banner, KL_S_init_task, KL_S_init_top_pgt, KL_S_swapper_pg_dir};
  for (size_t i = 0; i < sizeof of_image / sizeof *of_image; i++)
    if (k->known[of_image[i]].present && is_reserved(a, base, kl_image_phys(a, k->known[of_image[i]].address))) {
      k->vmemmap_base = base;
      return true;
    }
  return false;
}

// SPARSEMEM notes for each section where its struct pages are, less its first
// pfn: with vmemmap this is the same number in all (sparse_encode_mem_map()).
static bool vmemmap_of_section(struct kl_attach *a, uint64_t roots, uint64_t section_bits, uint64_t *ret) {
  struct kl_kernel *k = a->k;
  uint64_t each = k->types[KL_T_mem_section].bytes, root, map;
  if (!k->types[KL_T_mem_section].present || !each || section_bits > 40)
    return false;
  uint64_t per_root = (1ull << k->paging.granule_shift) / each, section = k->root >> section_bits;
  if (!per_root || kl_read_u64(k, roots + section / per_root * 8, &root) != KL_OK ||
      kl_get(k, root + section % per_root * each, KL_F_mem_section_section_mem_map, &map) != KL_OK)
    return false;
  *ret = map & ~63ull; // flags below (SECTION_MAP_MASK)
  return *ret != 0;
}

// SECTION_SIZE_BITS: 27 on x86-64; 27 or 29 on arm64, 30 before 5.12 (f0b13ee23241).
static bool vmemmap_of_sections(struct kl_attach *a, uint64_t *ret) {
  struct kl_kernel *k = a->k;
  uint64_t roots, told;
  if (!kl_vmcoreinfo_address(k->vmcoreinfo, "SYMBOL(mem_section)", &roots) &&
      !kl_image_u64(a, KL_S_mem_section, &roots))
    return false;
  if (kl_vmcoreinfo_number(k->vmcoreinfo, "NUMBER(SECTION_SIZE_BITS)", &told))
    return vmemmap_of_section(a, roots, told, ret);
  const uint8_t bits[] = {27, 29, 30};
  for (size_t i = 0; i < sizeof bits; i++)
    if (vmemmap_of_section(a, roots, bits[i], ret) && (!k->vmemmap_base || *ret == k->vmemmap_base))
      return true;
  return false;
}

static bool vmemmap_by_name(struct kl_attach *a) {
  uint64_t base;
  if (kl_vmcoreinfo_address(a->k->vmcoreinfo, "SYMBOL(vmemmap)", &base) && try_vmemmap(a, base))
    return true;
  return kl_image_u64(a, KL_S_vmemmap_base, &base) && try_vmemmap(a, base);
}

static bool vmemmap_by_place(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  uint64_t start;
  if (k->paging.arch == KL_ARCH_X86_64) // __VMEMMAP_BASE_L5, _L4
    return try_vmemmap(a, k->paging.levels == 5 ? 0xffd4000000000000 : 0xffffea0000000000);
  // memstart_addr as the direct map shows it.
  uint64_t memstart = k->direct_map_start - k->direct_map_base;
  uint64_t shifted = (uint64_t)((int64_t)memstart >> k->paging.granule_shift) * k->types[KL_T_page].bytes;
  if (kl_vmcoreinfo_number(k->vmcoreinfo, "NUMBER(VMEMMAP_START)", &start) && try_vmemmap(a, start - shifted))
    return true;
  // 5.4 to 5.10, then to 6.8 (8c96400d6a39), then later (32697ff38287), each with
  // struct pages of 64 bytes.
  unsigned bits = k->direct_map_start ? (unsigned)__builtin_ctzll(k->direct_map_start) : k->paging.va_bits;
  unsigned shift = k->paging.granule_shift - 6u, min_bits = bits > 48 ? 48 : bits;
  uint64_t size = (0 - (1ull << (min_bits - 1)) + (1ull << bits)) >> shift;
  return try_vmemmap(a, 0 - size - (2ull << 20) - shifted) ||
         try_vmemmap(a, 0 - (1ull << (bits - shift)) - shifted) ||
         try_vmemmap(a, 0 - (1ull << 30) - size - shifted);
}

static void find_vmemmap(struct kl_attach *a) {
  uint64_t sections;
  bool found = vmemmap_by_name(a);
  bool known = vmemmap_of_sections(a, &sections);
  if (!found)
    found = (known && try_vmemmap(a, sections)) || vmemmap_by_place(a);
  if (!found)
    kl_diagnostics_add(a->k->diagnostics, "attach", "vmemmap", 0, KL_ERR_NOT_FOUND);
  else if (known && sections == a->k->vmemmap_base)
    kl_attach_confirm(a, "mem_section agrees on vmemmap");
}

void kl_attach_layout(struct kl_attach *a) {
  find_image(a);
  find_direct_map(a);
  find_vmemmap(a);
}

// ── Raw images ─────────────────────────────────────────────────────────────

// Bytes of [start, end) that the image knows.
static uint64_t bytes_known(struct kl_image *image, uint64_t start, uint64_t end) {
  uint64_t known = 0;
  struct kl_segment segment;
  for (uint64_t at = start; at < end && kl_image_segment(image, at, &segment) == KL_OK; at = segment.end)
    if (segment.start < end)
      known += kl_min(end, segment.end) - kl_max(at, segment.start);
  return known;
}

int64_t kl_attach_layout_score(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  struct kl_leaf_walk walk;
  enum { MAX_STEPS = 1 << 20 };
  struct kl_budget budget = {.steps = MAX_STEPS};
  struct kl_translation t;
  uint64_t va, both = 0, mapped_only = 0, lost = 0;
  // Its tables may lie where only this layout has them.
  bool found_here = !k->direct_map_start && locate_direct_map(a);
  if (!k->direct_map_start)
    return 0;
  // Physical addresses have at most 52 bits; nothing else is that close above.
  uint64_t end = k->direct_map_start + (1ull << (k->paging.va_bits - 2));
  kl_leaf_walk_init(&walk, &k->paging, k->image, k->root, k->direct_map_start, end);
  for (;;) {
    enum kl_status status = kl_leaf_walk_next(&walk, &budget, &va, &t);
    if (status == KL_END || status == KL_ERR_BUDGET)
      break;
    if (status != KL_OK) {
      lost += 1ull << 30; // what a table of the next level up maps
    } else if (t.state == KL_ENTRY_PRESENT && va - t.phys == k->direct_map_base) {
      uint64_t known = bytes_known(k->image, t.phys, t.phys + t.page_bytes);
      both += known;
      mapped_only += t.page_bytes - known;
    }
  }
  if (found_here)
    k->direct_map_base = k->direct_map_start = 0;
  return (int64_t)both - (int64_t)mapped_only - (int64_t)lost;
}
