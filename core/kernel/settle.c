// From a foothold to the whole kernel.
#include "base/checked.h"
#include "base/memory.h"
#include "kernel/attach.h"
#include "kernel/resolve.h"
#include "kernel/software_bits.h"
#include "kernel/view.h"
#include "kernel/vmcoreinfo.h"

// Reads the NUL-terminated text at a place of the image into dst.
static bool image_text(struct kl_attach *a, uint64_t va, char *dst, size_t capacity) {
  size_t n = 0;
  while (n < capacity - 1) {
    if (kl_image_read(a->k->image, kl_image_phys(a, va + n), dst + n, 1) != KL_OK)
      return false;
    if (!dst[n])
      return true;
    n++;
  }
  dst[n] = 0;
  return true;
}

static bool take_banner(struct kl_attach *a, uint64_t va) {
  struct kl_kernel *k = a->k;
  char *text = k->version;
  if (!image_text(a, va, text, sizeof k->version) ||
      !kl_bytes_start(kl_bytes_of(text, sizeof k->version), "Linux version ")) {
    memset(text, 0, sizeof k->version);
    return false;
  }
  size_t n = kl_string_length(text);
  if (n && text[n - 1] == '\n')
    text[n - 1] = 0;
  return true;
}

static bool is_root(struct kl_attach *a, uint64_t root) {
  return kl_maps(&a->hold.paging, a->k->image, root, a->hold.start, kl_image_phys(a, a->hold.start));
}

static bool has_user_half(struct kl_image *image, uint64_t root) {
  uint8_t bytes[256];
  for (unsigned at = 0; at < 2048; at += sizeof bytes) {
    if (kl_image_read(image, root + at, bytes, sizeof bytes) != KL_OK)
      return true;
    for (size_t i = 0; i < sizeof bytes; i++)
      if (bytes[i])
        return true;
  }
  return false;
}

// x86-64 without the symbol: the page of the image that shares its last entry,
// which leads to the image, with every other root. Of what was freed after boot
// (init, the gaps between sections) a process may have made its root; that one
// has user memory.
static bool root_by_last_entry(struct kl_attach *a, uint64_t *ret) {
  enum { PAGE = 4096, LAST = 511 * 8, ACCESSED_DIRTY = 0x60 };
  struct kl_image *image = a->k->image;
  uint8_t entry[8];
  if (a->hold.paging.arch != KL_ARCH_X86_64 || kl_image_read(image, a->hold.root + LAST, entry, 8) != KL_OK)
    return false;
  uint64_t last = kl_le64(entry) & ~(uint64_t)ACCESSED_DIRTY, end = kl_image_phys(a, a->hold.end);
  for (uint64_t page = kl_image_phys(a, a->hold.start) & ~(PAGE - 1ull); page < end; page += PAGE)
    if (kl_image_read(image, page + LAST, entry, 8) == KL_OK &&
        (kl_le64(entry) & ~(uint64_t)ACCESSED_DIRTY) == last && !has_user_half(image, page) && is_root(a, page)) {
      *ret = page;
      return true;
    }
  return false;
}

// The kernel's own root rather than the one proposed, which may be a process's.
static void prefer_own_root(struct kl_attach *a) {
  const enum kl_symbol_id names[] = {KL_S_init_top_pgt, KL_S_swapper_pg_dir};
  uint64_t root;
  bool named = false;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!a->k->known[names[i]].present)
      continue;
    named = true;
    root = kl_image_phys(a, a->k->known[names[i]].address);
    if (is_root(a, root)) {
      a->hold.root = root;
      return;
    }
  }
  if (!named && root_by_last_entry(a, &root))
    a->hold.root = root;
}

// A page of entries may pass for a root above the root: what four levels map is
// there under its last entry. The direct map tells, which five levels put lower.
static void drop_fifth_level(struct kl_attach *a) {
  uint64_t base;
  uint8_t entry[8];
  if (a->hold.paging.arch != KL_ARCH_X86_64 || a->hold.paging.levels != 5 ||
      !kl_image_u64(a, KL_S_page_offset_base, &base) || base < 0xffff800000000000 ||
      kl_image_read(a->k->image, a->hold.root + (uint64_t)511 * 8, entry, sizeof entry) != KL_OK)
    return;
  struct kl_paging paging = kl_paging_x86_64(4, a->hold.paging.sme_mask);
  uint64_t root = kl_paging_root(&paging, kl_le64(entry));
  if (!kl_maps(&paging, a->k->image, root, a->hold.start, kl_image_phys(a, a->hold.start)))
    return;
  a->hold.paging = paging;
  a->hold.root = root;
}

static void use_space(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  k->paging = a->hold.paging;
  k->root = a->hold.root;
  k->image_to_phys = a->hold.image_to_phys;
  kl_space_init(&k->space, &k->paging, k->image, k->root, 0);
}

// Release: the first word behind "Linux version ", or what VMCOREINFO says.
static void take_release(struct kl_kernel *k) {
  struct kl_bytes value = {0};
  if (k->version[0]) {
    const char *p = k->version + sizeof "Linux version " - 1;
    value.p = (const uint8_t *)p;
    while (p[value.n] && p[value.n] != ' ')
      value.n++;
  } else if (!kl_vmcoreinfo_value(k->vmcoreinfo, "OSRELEASE", &value)) {
    return;
  }
  size_t n = (size_t)kl_min(value.n, sizeof k->release - 1);
  memcpy(k->release, value.p, n);
  k->release[n] = 0;
}

// Or what uname would say; either way a second witness.
static void compare_release(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  char release[sizeof k->release];
  uint64_t name;
  size_t n;
  if (!k->known[KL_S_init_uts_ns].present ||
      kl_member(k, k->known[KL_S_init_uts_ns].address, KL_F_uts_namespace_name, &name) != KL_OK ||
      kl_get_text(k, name, KL_F_new_utsname_release, release, sizeof release - 1, &n) != KL_OK || !n)
    return;
  if (!k->release[0])
    memcpy(k->release, release, n);
  else if (kl_bytes_equal(kl_bytes_of(release, n), k->release))
    kl_attach_confirm(a, "init_uts_ns has the release");
}

// VMCOREINFO lies where vmcoreinfo_data points, a page of the direct map. It
// was not needed to come here, but says more than can be found otherwise.
static void take_vmcoreinfo(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  uint64_t va, phys;
  struct kl_view view;
  struct kl_bytes text, symbol;
  if (k->vmcoreinfo.n || !kl_image_u64(a, KL_S_vmcoreinfo_data, &va) ||
      kl_space_phys(&k->space, va, &phys) != KL_OK)
    return;
  size_t mark = kl_arena_mark(k->arena);
  uint64_t page = 1ull << k->paging.granule_shift;
  if (kl_view_open(k->arena, k->image, phys, page - phys % page, &view) == KL_OK && !view.pages &&
      kl_vmcoreinfo_text(view.all, &text) && kl_vmcoreinfo_value(text, "SYMBOL(_stext)", &symbol)) {
    k->vmcoreinfo = text;
    kl_attach_confirm(a, "VMCOREINFO is where vmcoreinfo_data points");
  } else {
    kl_arena_rewind(k->arena, mark);
  }
}

enum kl_status kl_attach_settle(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  use_space(a);
  KL_TRY(kl_attach_symbols(a));
  drop_fifth_level(a);
  prefer_own_root(a);
  use_space(a);
  if (k->known[KL_S_linux_banner].present && take_banner(a, k->known[KL_S_linux_banner].address) && !a->lacks_data)
    kl_attach_confirm(a, "linux_banner is where its symbol says");
  take_vmcoreinfo(a);
  take_release(k);
  enum kl_status status = kl_attach_btf(a);
  if (status == KL_ERR_NOT_FOUND && k->version[0])
    return KL_ERR_UNSUPPORTED;
  KL_TRY(status);
  kl_resolve_fields(k);
  KL_TRY(kl_attach_init_task(a));
  compare_release(a);
  kl_learn_software_bits(k);
  kl_attach_layout(a);
  kl_attach_machine(a);
  if (a->lacks_data) {
    KL_TRY(kl_attach_code_symbols(a));
    kl_learn_software_bits(k); // by how many swap files there are
  }
  return KL_OK;
}
