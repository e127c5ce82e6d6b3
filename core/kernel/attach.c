// Attach: the proposals, from the cheapest to the one that looks everywhere.
#include "kernel/attach.h"

#include "base/memory.h"
#include "kernel/vmcoreinfo.h"

void kl_attach_why(struct kl_attach *a, const char *what, uint64_t object, enum kl_status reason) {
  a->why = (struct kl_diagnostic){"attach", what, object, reason, 1};
}

void kl_attach_confirm(struct kl_attach *a, const char *what) {
  if (a->confirmed.used)
    kl_text_string(&a->confirmed, "; ");
  kl_text_string(&a->confirmed, what);
}

// An empty kernel, for the next proposal.
static void clear_kernel(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  struct kl_arena *arena = k->arena;
  struct kl_image *image = k->image;
  struct kl_diagnostics *diagnostics = k->diagnostics;
  memset(k, 0, sizeof *k);
  k->arena = arena;
  k->image = image;
  k->limits = &a->options->limits;
  k->diagnostics = diagnostics;
  a->symbols_by = a->btf_by = a->init_task_by = a->layout_by = NULL;
  a->confirmed = kl_text_into(k->confirmed_by, sizeof k->confirmed_by - 1);
}

// A foothold that holds: everything else follows, or it was not the kernel.
static enum kl_status settle(struct kl_attach *a, const char *root_by) {
  size_t mark = kl_arena_mark(a->k->arena);
  a->root_by = root_by;
  enum kl_status status = kl_attach_settle(a);
  if (status != KL_OK && !kl_attach_stops(status)) {
    kl_arena_rewind(a->k->arena, mark);
    clear_kernel(a);
  }
  return status;
}

// ── VMCOREINFO ─────────────────────────────────────────────────────────────

static bool vmcoreinfo_x86_64(struct kl_bytes text, struct kl_foothold *hold, uint64_t *va) {
  uint64_t phys_base, root, l5 = 0, sme_mask = 0;
  if (!kl_vmcoreinfo_number(text, "NUMBER(phys_base)", &phys_base) ||
      !(kl_vmcoreinfo_address(text, "SYMBOL(init_top_pgt)", &root) ||
        kl_vmcoreinfo_address(text, "SYMBOL(swapper_pg_dir)", &root)))
    return false;
  (void)kl_vmcoreinfo_number(text, "NUMBER(pgtable_l5_enabled)", &l5);
  (void)kl_vmcoreinfo_number(text, "NUMBER(sme_mask)", &sme_mask);
  hold->paging = kl_paging_x86_64(l5 == 1 ? 5 : 4, sme_mask);
  hold->image_to_phys = 0xffffffff80000000 - phys_base;
  hold->root = root - hold->image_to_phys;
  return kl_vmcoreinfo_address(text, "SYMBOL(_stext)", va);
}

static bool vmcoreinfo_aarch64(struct kl_bytes text, struct kl_foothold *hold, uint64_t *va) {
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
  hold->paging = kl_paging_aarch64(granule_shift, (uint8_t)va_bits);
  hold->image_to_phys = voffset;
  hold->root = root - voffset;
  return kl_vmcoreinfo_address(text, "SYMBOL(_stext)", va);
}

static enum kl_status try_vmcoreinfo(struct kl_attach *a, struct kl_bytes text, const char *root_by) {
  uint64_t va;
  memset(&a->hold, 0, sizeof a->hold);
  if (!vmcoreinfo_x86_64(text, &a->hold, &va) && !vmcoreinfo_aarch64(text, &a->hold, &va))
    return KL_ERR_NOT_FOUND;
  KL_TRY(kl_foothold_around(&a->hold, a->k->image, va));
  a->k->vmcoreinfo = text;
  return settle(a, root_by);
}

static enum kl_status by_vmcoreinfo_of_container(struct kl_attach *a) {
  struct kl_bytes text;
  if (!kl_vmcoreinfo_text(kl_image_facts(a->k->image)->vmcoreinfo, &text))
    return KL_ERR_NOT_FOUND;
  return try_vmcoreinfo(a, text, "VMCOREINFO of the container");
}

// ── Registers ──────────────────────────────────────────────────────────────

static enum kl_status try_x86_64_root(struct kl_attach *a, uint64_t root, uint8_t levels, const char *root_by) {
  memset(&a->hold, 0, sizeof a->hold);
  a->hold.paging = kl_paging_x86_64(levels, 0);
  a->hold.root = root;
  KL_TRY(kl_foothold_x86_64(&a->hold, a->k->image));
  return settle(a, root_by);
}

// CR3 may be a user table: with page-table isolation the kernel's is the even
// one of the pair (arch/x86/entry/calling.h).
static enum kl_status by_registers(struct kl_attach *a) {
  struct kl_cpu_registers cpu;
  for (uint64_t i = 0; i < a->k->limits->cpus && kl_image_cpu(a->k->image, i, &cpu); i++) {
    if (!(cpu.known & KL_REGISTER_CR3))
      continue;
    enum { CR4_LA57 = 1 << 12 };
    uint8_t levels = cpu.known & KL_REGISTER_CR4 && cpu.cr4 & CR4_LA57 ? 5 : 4;
    uint64_t root = cpu.cr3 & 0x000ffffffffff000;
    for (uint64_t clear = 0x1000;; clear = 0) {
      enum kl_status status = try_x86_64_root(a, root & ~clear, levels, "CR3 of a CPU");
      if (status == KL_OK || kl_attach_stops(status))
        return status;
      if (!clear || !(root & clear))
        break;
    }
  }
  return KL_ERR_NOT_FOUND;
}

// ── The order ──────────────────────────────────────────────────────────────

typedef enum kl_status (*proposal)(struct kl_attach *a);
static const proposal proposals[] = {
    by_vmcoreinfo_of_container,
    by_registers,
};

static void say_found(struct kl_attach *a) {
  struct kl_text t = kl_text_into(a->k->found_by, sizeof a->k->found_by - 1);
  const struct {
    const char *what, *by;
  } parts[] = {{"", a->root_by},
               {"symbols: ", a->symbols_by},
               {"BTF: ", a->btf_by},
               {"init_task: ", a->init_task_by},
               {"layout: ", a->layout_by}};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    if (!parts[i].by)
      continue;
    if (i)
      kl_text_string(&t, "; ");
    kl_text_string(&t, parts[i].what);
    kl_text_string(&t, parts[i].by);
  }
}

enum kl_status kl_attach(struct kl_arena *arena, struct kl_image *image, const struct kl_dump_options *options,
                         struct kl_diagnostics *diagnostics, struct kl_kernel **ret, struct kl_diagnostic *why) {
  struct kl_attach *a;
  KL_TRY(KL_TAKE(arena, 1, &a));
  KL_TRY(KL_TAKE(arena, 1, &a->k));
  a->k->arena = arena;
  a->k->image = image;
  a->k->diagnostics = diagnostics;
  a->options = options;
  clear_kernel(a);
  kl_attach_why(a, "no trace of a Linux kernel", 0, KL_ERR_NOT_FOUND);
  enum kl_status status = KL_ERR_NOT_FOUND;
  for (size_t i = 0; i < sizeof proposals / sizeof *proposals; i++) {
    status = proposals[i](a);
    if (status == KL_OK || kl_attach_stops(status))
      break;
  }
  if (status == KL_OK) {
    say_found(a);
    *ret = a->k;
    return KL_OK;
  }
  if (kl_attach_stops(status))
    a->why.reason = status;
  if (why)
    *why = a->why;
  return a->why.reason;
}
