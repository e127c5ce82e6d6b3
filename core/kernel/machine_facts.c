// Facts about the machine and the build: CPUs, per-CPU memory, build id.
#include "base/checked.h"
#include "base/memory.h"
#include "kernel/attach.h"
#include "kernel/vmcoreinfo.h"

// ── CPUs ───────────────────────────────────────────────────────────────────

// Behind the highest bit of __cpu_possible_mask.
static uint32_t possible_cpus(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  if (!k->known[KL_S___cpu_possible_mask].present || !k->types[KL_T_cpumask].present)
    return 0;
  uint64_t words = kl_min(k->types[KL_T_cpumask].bytes / 8, k->limits->cpus / 64);
  for (uint64_t word = words; word-- > 0;) {
    uint64_t bits;
    if (kl_read_u64(k, k->known[KL_S___cpu_possible_mask].address + 8 * word, &bits) != KL_OK)
      return 0;
    if (bits)
      return (uint32_t)(64 * word) + 64 - (uint32_t)__builtin_clzll(bits);
  }
  return 0;
}

// Without the mask: nr_cpu_ids, or as many offsets as differ from the one before
// (those of CPUs that are not possible keep one initial value).
static uint32_t guessed_cpus(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  uint32_t n = 0;
  uint64_t last = 0, offset;
  if (k->known[KL_S_nr_cpu_ids].present && kl_read_u32(k, k->known[KL_S_nr_cpu_ids].address, &n) == KL_OK && n &&
      n <= k->limits->cpus)
    return n;
  for (n = 0; k->per_cpu_offset_address && n < k->limits->cpus; n++) {
    if (kl_read_u64(k, k->per_cpu_offset_address + 8ull * n, &offset) != KL_OK || !offset || offset == last)
      break;
    last = offset;
  }
  return n;
}

// A run queue says which CPU it is of.
static bool run_queues_agree(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  if (!k->known[KL_S_runqueues].present)
    return false;
  for (uint32_t cpu = 0; cpu < k->cpus; cpu++) {
    uint64_t rq, of;
    if (kl_per_cpu_address(k, k->known[KL_S_runqueues].address, cpu, &rq) != KL_OK ||
        kl_get(k, rq, KL_F_rq_cpu, &of) != KL_OK || of != cpu)
      return false;
  }
  return true;
}

// In a kernel for one CPU a per-CPU variable lies among the others, and what it
// points to can be followed.
static bool run_queue_is_plain(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  uint64_t task, pid;
  return k->known[KL_S_runqueues].present && kl_in_image(a, k->known[KL_S_runqueues].address) &&
         kl_get_pointer(k, k->known[KL_S_runqueues].address, KL_F_rq_curr, &task) == KL_OK &&
         kl_get(k, task, KL_F_task_struct_pid, &pid) == KL_OK;
}

// A kernel for one CPU has no __per_cpu_offset. One for several may have lost its
// name: the types tell which it is. Only where there are several does a task say
// which it is on; a run queue does in every kernel since 6.17: cac5cefbade9
// ("sched/smp: Make SMP unconditional").
static bool is_smp(const struct kl_kernel *k) {
  return kl_has(k, KL_F_task_struct_cpu) || kl_has(k, KL_F_thread_info_cpu);
}

static void find_cpus(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  if (k->known[KL_S___per_cpu_offset].present)
    k->per_cpu_offset_address = k->known[KL_S___per_cpu_offset].address;
  else if (is_smp(k))
    k->per_cpu_unknown = true;
  if (k->per_cpu_unknown)
    kl_diagnostics_add(k->diagnostics, "attach", "per-CPU offsets", 0, KL_ERR_NOT_FOUND);
  k->cpus = possible_cpus(a);
  if (!k->cpus && (k->per_cpu_offset_address || k->per_cpu_unknown)) {
    kl_diagnostics_add(k->diagnostics, "attach", "possible CPUs", k->known[KL_S___cpu_possible_mask].address,
                       KL_ERR_NOT_FOUND);
    k->cpus = guessed_cpus(a);
  }
  if (!k->cpus)
    k->cpus = 1;
  if (k->per_cpu_offset_address && run_queues_agree(a))
    kl_attach_confirm(a, "run queues know their CPUs");
  else if (kl_is_uniprocessor(k) && run_queue_is_plain(a))
    kl_attach_confirm(a, "the only run queue lies in the image");
}

// ── Build id ───────────────────────────────────────────────────────────────

enum { NOTES_BYTES = 4096, NT_GNU_BUILD_ID = 3 };

static void set_build_id(struct kl_kernel *k, struct kl_bytes id) {
  struct kl_text t = kl_text_into(k->build_id, sizeof k->build_id - 1);
  kl_text_bytes_hex(&t, id.p, id.n);
}

// The ELF notes of the image: name size, description size, type, and both
// padded to 4 bytes.
static bool build_id_of_notes(struct kl_kernel *k, struct kl_bytes notes) {
  for (;;) {
    uint32_t name_bytes, bytes, type;
    struct kl_bytes name, description;
    if (!kl_bytes_u32(&notes, &name_bytes) || !kl_bytes_u32(&notes, &bytes) || !kl_bytes_u32(&notes, &type) ||
        name_bytes > NOTES_BYTES || bytes > NOTES_BYTES || !kl_bytes_take(&notes, (name_bytes + 3) & ~3u, &name) ||
        !kl_bytes_take(&notes, (bytes + 3) & ~3u, &description))
      return false;
    if (type == NT_GNU_BUILD_ID && name_bytes == 4 && memcmp(name.p, "GNU", 4) == 0 &&
        bytes <= sizeof k->build_id / 2) {
      set_build_id(k, kl_bytes_of(description.p, bytes));
      return true;
    }
  }
}

static bool build_id_in_image(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  uint8_t bytes[512];
  if (!k->known[KL_S___start_notes].present || !k->known[KL_S___stop_notes].present)
    return false;
  uint64_t start = k->known[KL_S___start_notes].address, end = k->known[KL_S___stop_notes].address;
  if (end <= start)
    return false;
  size_t n = (size_t)kl_min(end - start, sizeof bytes);
  return kl_image_read(k->image, kl_image_phys(a, start), bytes, n) == KL_OK &&
         build_id_of_notes(k, kl_bytes_of(bytes, n));
}

static void find_build_id(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  struct kl_bytes value;
  char noted[sizeof k->build_id];
  bool told = kl_vmcoreinfo_value(k->vmcoreinfo, "BUILD-ID", &value) && value.n < sizeof k->build_id;
  bool read = build_id_in_image(a);
  memcpy(noted, k->build_id, sizeof noted);
  if (told && read && kl_bytes_equal(value, noted))
    kl_attach_confirm(a, "VMCOREINFO has the image's build id");
  else if (told && !read)
    memcpy(k->build_id, value.p, value.n);
}

void kl_attach_machine(struct kl_attach *a) {
  find_cpus(a);
  find_build_id(a);
}
