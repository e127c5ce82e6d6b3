// ELF notes of a dump: the registers of each CPU, and VMCOREINFO.
//
// kexec and QEMU write one NT_PRSTATUS a CPU; QEMU adds, for x86, a note of its
// own with the control registers.
#include "base/text.h"
#include "image/internal.h"

enum {
  NT_PRSTATUS = 1,
  X86_PRSTATUS_BYTES = 336, // what a machine's struct elf_prstatus has
  ARM64_PRSTATUS_BYTES = 392,
  EM_X86_64 = 62,
  EM_AARCH64 = 183,
  PRSTATUS_PID = 32,  // struct elf_prstatus: pr_pid
  PRSTATUS_REGS = 112 // pr_reg
};

struct note {
  struct kl_bytes name; // without its NUL
  uint32_t type;
  struct kl_bytes desc;
};

// Cuts off the next note. False at the end, or where the sizes run past it.
static bool next_note(struct kl_bytes *rest, struct note *ret) {
  struct kl_bytes b = *rest, pad;
  uint32_t name_bytes, desc_bytes, type;
  if (!kl_bytes_u32(&b, &name_bytes) || !kl_bytes_u32(&b, &desc_bytes) || !kl_bytes_u32(&b, &type) ||
      !kl_bytes_take(&b, name_bytes, &ret->name) ||
      !kl_bytes_take(&b, (size_t)kl_min(b.n, -name_bytes & 3), &pad) || !kl_bytes_take(&b, desc_bytes, &ret->desc))
    return false;
  (void)kl_bytes_take(&b, (size_t)kl_min(b.n, -desc_bytes & 3), &pad);
  while (ret->name.n && !ret->name.p[ret->name.n - 1])
    ret->name.n--;
  ret->type = type;
  *rest = b;
  return true;
}

// Padding behind the last note.
static bool all_zero(struct kl_bytes b) {
  while (b.n && !b.p[b.n - 1])
    b.n--;
  return !b.n;
}

static bool take_u64(struct kl_bytes desc, size_t offset, uint64_t *ret) {
  struct kl_bytes field;
  if (!kl_bytes_slice(desc, offset, 8, &field))
    return false;
  *ret = kl_le64(field.p);
  return true;
}

// Where a note keeps a register.
struct place {
  uint32_t bit;
  uint16_t offset;
  uint16_t field; // of struct kl_cpu_registers
};
#define PLACE(bit, offset, field)                                                                                  \
  { bit, offset, offsetof(struct kl_cpu_registers, field) }

// struct user_regs_struct of x86-64, struct user_pt_regs of arm64, at pr_reg.
static const struct place x86_prstatus[] = {
    PLACE(KL_REGISTER_IP, PRSTATUS_REGS + 16 * 8, ip),
    PLACE(KL_REGISTER_SP, PRSTATUS_REGS + 19 * 8, sp),
    PLACE(KL_REGISTER_GS, PRSTATUS_REGS + 22 * 8, gs_base),
};
static const struct place arm64_prstatus[] = {
    PLACE(KL_REGISTER_SP, PRSTATUS_REGS + 31 * 8, sp),
    PLACE(KL_REGISTER_IP, PRSTATUS_REGS + 32 * 8, ip),
};
// struct QEMUCPUState of QEMU (target/i386/arch_dump.c), version 1.
static const struct place qemu_state[] = {
    PLACE(KL_REGISTER_SP, 56, sp),       PLACE(KL_REGISTER_IP, 136, ip),
    PLACE(KL_REGISTER_GS, 264, gs_base), PLACE(KL_REGISTER_CR3, 416, cr3),
    PLACE(KL_REGISTER_CR4, 424, cr4),    PLACE(KL_REGISTER_KERNEL_GS, 432, kernel_gs_base),
};

static void take_places(struct kl_cpu_registers *cpu, struct kl_bytes desc, const struct place *places, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint64_t value;
    if (!take_u64(desc, places[i].offset, &value))
      continue;
    memcpy((uint8_t *)cpu + places[i].field, &value, sizeof value);
    cpu->known |= places[i].bit;
  }
}

static void take_prstatus(struct kl_cpu_registers *cpu, struct kl_bytes desc, uint16_t machine) {
  struct kl_bytes pid;
  if (kl_bytes_slice(desc, PRSTATUS_PID, 4, &pid)) {
    cpu->pid = kl_le32(pid.p);
    cpu->known |= KL_REGISTER_PID;
  }
  if (machine == EM_X86_64)
    take_places(cpu, desc, x86_prstatus, sizeof x86_prstatus / sizeof *x86_prstatus);
  else if (machine == EM_AARCH64)
    take_places(cpu, desc, arm64_prstatus, sizeof arm64_prstatus / sizeof *arm64_prstatus);
}

static void take_qemu(struct kl_cpu_registers *cpu, struct kl_bytes desc) {
  struct kl_bytes b = desc;
  uint32_t version, size;
  if (!kl_bytes_u32(&b, &version) || !kl_bytes_u32(&b, &size) || version != 1)
    return;
  desc.n = (size_t)kl_min(desc.n, size);
  take_places(cpu, desc, qemu_state, sizeof qemu_state / sizeof *qemu_state);
}

static bool is_prstatus(const struct note *note) {
  return note->type == NT_PRSTATUS && kl_bytes_equal(note->name, "CORE");
}

// QEMU's kdump files of arm64 guests say "Unknown".
static uint16_t machine_of(size_t prstatus_bytes) {
  return prstatus_bytes == X86_PRSTATUS_BYTES ? EM_X86_64 : prstatus_bytes == ARM64_PRSTATUS_BYTES ? EM_AARCH64 : 0;
}

static bool is_qemu(const struct note *note) {
  return note->type == 0 && kl_bytes_equal(note->name, "QEMU");
}

// QEMU writes the number of the CPU where the kernel writes the pid of the task
// that ran: what looks like a count from 0 or 1 says nothing about tasks.
static void forget_numbers(struct kl_image *image) {
  for (uint64_t first = 0; first < 2; first++) {
    uint64_t i = 0;
    while (i < image->n_cpus && image->cpus[i].pid == first + i)
      i++;
    if (i < image->n_cpus)
      continue;
    for (i = 0; i < image->n_cpus; i++)
      image->cpus[i].known &= ~(uint32_t)KL_REGISTER_PID;
  }
}

uint64_t kl_notes_cost(uint64_t bytes, const struct kl_limits *limits) {
  return kl_arena_cost(kl_min(bytes / 12, limits->cpus) * sizeof(struct kl_cpu_registers));
}

enum kl_status kl_notes_read(struct kl_image *image, struct kl_bytes notes) {
  struct note note;
  uint64_t prstatus = 0, qemu = 0;
  struct kl_bytes rest = notes;
  while (next_note(&rest, &note)) {
    prstatus += is_prstatus(&note);
    if (is_prstatus(&note) && !image->facts.elf_machine)
      image->facts.elf_machine = machine_of(note.desc.n);
    if (kl_bytes_equal(note.name, "ERASEINFO"))
      kl_image_note(image, KL_ERASED, 0, KL_ERR_FILTERED);
    if (kl_bytes_equal(note.name, "VMCOREINFO") && !image->facts.vmcoreinfo.n)
      image->facts.vmcoreinfo =
          kl_bytes_of(note.desc.p, (size_t)kl_min(note.desc.n, image->limits->vmcoreinfo_bytes));
  }
  if (!all_zero(rest))
    kl_image_note(image, "ELF notes end in the middle of one", 0, KL_ERR_MALFORMED);
  if (image->n_cpus || !prstatus)
    return KL_OK;
  if (prstatus > image->limits->cpus) {
    kl_image_note(image, "more CPUs in the notes than the limit", 0, KL_ERR_LIMIT);
    prstatus = image->limits->cpus;
  }
  KL_TRY(KL_TAKE(image->arena, prstatus, &image->cpus));
  for (rest = notes; next_note(&rest, &note);) {
    if (is_prstatus(&note) && image->n_cpus < prstatus)
      take_prstatus(&image->cpus[image->n_cpus++], note.desc, image->facts.elf_machine);
    if (is_qemu(&note) && qemu < prstatus && image->facts.elf_machine == EM_X86_64)
      take_qemu(&image->cpus[qemu++], note.desc);
  }
  forget_numbers(image);
  return KL_OK;
}
