// Proposals that cost nothing: what the user or the container says.
#include "base/memory.h"
#include "kernel/attach.h"
#include "kernel/vmcoreinfo.h"

// ── VMCOREINFO ─────────────────────────────────────────────────────────────

static bool of_x86_64(struct kl_bytes text, struct kl_proposal *ret) {
  uint64_t phys_base, root, l5 = 0, sme_mask = 0;
  if (!kl_vmcoreinfo_number(text, "NUMBER(phys_base)", &phys_base) ||
      !(kl_vmcoreinfo_address(text, "SYMBOL(init_top_pgt)", &root) ||
        kl_vmcoreinfo_address(text, "SYMBOL(swapper_pg_dir)", &root)))
    return false;
  (void)kl_vmcoreinfo_number(text, "NUMBER(pgtable_l5_enabled)", &l5);
  (void)kl_vmcoreinfo_number(text, "NUMBER(sme_mask)", &sme_mask);
  ret->hold.paging = kl_paging_x86_64(l5 == 1 ? 5 : 4, sme_mask);
  ret->hold.image_to_phys = 0xffffffff80000000 - phys_base; // __START_KERNEL_map
  ret->hold.root = root - ret->hold.image_to_phys;
  return kl_vmcoreinfo_address(text, "SYMBOL(_stext)", &ret->va);
}

static bool of_aarch64(struct kl_bytes text, struct kl_proposal *ret) {
  uint64_t voffset, root, va_bits, page_bytes, t1sz;
  if (!kl_vmcoreinfo_number(text, "NUMBER(kimage_voffset)", &voffset) ||
      !kl_vmcoreinfo_address(text, "SYMBOL(swapper_pg_dir)", &root) ||
      !kl_vmcoreinfo_number(text, "NUMBER(VA_BITS)", &va_bits) ||
      !kl_vmcoreinfo_number(text, "PAGESIZE", &page_bytes))
    return false;
  // VA_BITS is what the kernel was built for, T1SZ what it runs with: bbdbc11804ff
  // ("arm64/crash_core: Export TCR_EL1.T1SZ in vmcoreinfo") in 5.9.
  if (kl_vmcoreinfo_number(text, "NUMBER(TCR_EL1_T1SZ)", &t1sz))
    va_bits = 64 - t1sz;
  uint8_t granule_shift = page_bytes == 4096 ? 12 : page_bytes == 16384 ? 14 : page_bytes == 65536 ? 16 : 0;
  if (!granule_shift || va_bits < 36 || va_bits > 52)
    return false;
  ret->hold.paging = kl_paging_aarch64(granule_shift, (uint8_t)va_bits);
  ret->hold.image_to_phys = voffset;
  ret->hold.root = root - voffset;
  return kl_vmcoreinfo_address(text, "SYMBOL(_stext)", &ret->va);
}

bool kl_proposal_of_vmcoreinfo(struct kl_bytes text, struct kl_proposal *ret) {
  *ret = (struct kl_proposal){.vmcoreinfo = text};
  return (of_x86_64(text, ret) || of_aarch64(text, ret)) && ret->va;
}

enum kl_status kl_propose_container(struct kl_attach *a) {
  struct kl_bytes text;
  struct kl_proposal proposal;
  if (!kl_vmcoreinfo_text(kl_image_facts(a->k->image)->vmcoreinfo, &text) ||
      !kl_proposal_of_vmcoreinfo(text, &proposal))
    return KL_ERR_NOT_FOUND;
  proposal.by = "VMCOREINFO of the container";
  return kl_attach_try(a, &proposal);
}

// ── Roots ──────────────────────────────────────────────────────────────────

enum kl_status kl_attach_try_root(struct kl_attach *a, enum kl_arch arch, const struct kl_proposal *proposal) {
  enum kl_status status = KL_ERR_NOT_FOUND;
  struct kl_proposal way = *proposal;
  if (arch != KL_ARCH_AARCH64)
    for (uint8_t levels = 5; levels >= 4 && status != KL_OK && !kl_attach_stops(status); levels--) {
      way.hold.paging = kl_paging_x86_64(levels, 0);
      status = kl_attach_try(a, &way);
    }
  if (arch != KL_ARCH_X86_64)
    for (size_t i = 0; status != KL_OK && !kl_attach_stops(status); i++) {
      if (!kl_paging_aarch64_way(i, &way.hold.paging))
        break;
      status = kl_attach_try(a, &way);
    }
  return status;
}

// CR3 may be a user table: with page-table isolation the kernel's is the even
// one of the pair (arch/x86/entry/calling.h).
enum kl_status kl_propose_registers(struct kl_attach *a) {
  struct kl_cpu_registers cpu;
  uint64_t last = 0;
  for (uint64_t i = 0; i < a->k->limits->cpus && kl_image_cpu(a->k->image, i, &cpu); i++) {
    uint64_t root = cpu.cr3 & 0x000ffffffffff000;
    if (!(cpu.known & KL_REGISTER_CR3) || root == last)
      continue;
    last = root;
    enum { CR4_LA57 = 1 << 12 };
    uint8_t levels = cpu.known & KL_REGISTER_CR4 && cpu.cr4 & CR4_LA57 ? 5 : 4;
    struct kl_proposal proposal = {.hold = {.paging = kl_paging_x86_64(levels, 0), .root = root & ~0x1000ull},
                                   .by = "CR3 of a CPU"};
    enum kl_status status = kl_attach_try(a, &proposal);
    if (status != KL_OK && !kl_attach_stops(status) && root & 0x1000) {
      proposal.hold.root = root;
      status = kl_attach_try(a, &proposal);
    }
    if (status == KL_OK || kl_attach_stops(status))
      return status;
  }
  return KL_ERR_NOT_FOUND;
}

enum kl_status kl_propose_option(struct kl_attach *a) {
  struct kl_proposal proposal = {.hold = {.root = a->options->root & ~0xfffull}, .by = "the root that was given"};
  return proposal.hold.root ? kl_attach_try_root(a, KL_ARCH_UNKNOWN, &proposal) : KL_ERR_NOT_FOUND;
}
