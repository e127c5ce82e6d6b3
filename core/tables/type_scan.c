// Types of one BTF after the other.
#include "tables/type_scan.h"

#include "base/memory.h"

void kl_type_scan_init(struct kl_type_scan *scan, struct kl_kernel *kernel, struct kl_budget *budget) {
  *scan = (struct kl_type_scan){.kernel = kernel, .budget = budget};
}

static bool is_named(const struct kl_type_scan *scan) {
  return !scan->has_btf || (scan->in.n == scan->btf_name_bytes &&
                            (!scan->in.n || memcmp(scan->in.p, scan->btf_name, scan->in.n) == 0));
}

// Stands before the first type of a BTF that begins with id first.
static void enter(struct kl_type_scan *scan, const struct kl_btf *btf, uint32_t first) {
  scan->btf = btf;
  scan->first = scan->next = first;
  scan->kind = KL_BTF_INT;
  scan->previous = 0;
}

// "bpf:12" for what has no name.
static void name_btf(struct kl_type_scan *scan, const char *name, size_t n, uint64_t id) {
  struct kl_text t = kl_text_into(scan->btf_name, sizeof scan->btf_name);
  kl_text_put(&t, name, n);
  if (!n) {
    kl_text_string(&t, "bpf:");
    kl_text_decimal(&t, id);
  }
  scan->btf_name_bytes = t.used;
}

static enum kl_status enter_kernel(struct kl_type_scan *scan) {
  scan->stage = KL_SCAN_OPEN;
  name_btf(scan, "vmlinux", sizeof "vmlinux" - 1, 0);
  if (scan->kernel->btf && is_named(scan))
    enter(scan, scan->kernel->btf, 1);
  return KL_OK;
}

// The ids of BTF objects, unless only the kernel's types are wanted.
static enum kl_status open_others(struct kl_type_scan *scan) {
  scan->stage = KL_SCAN_DONE;
  // A kernel without struct btf keeps none.
  if ((scan->has_btf && kl_bytes_equal(scan->in, "vmlinux")) || !kl_has(scan->kernel, KL_F_btf_data))
    return KL_END;
  scan->lost = 0;
  KL_TRY(kl_bpf_objects_open(&scan->others, scan->kernel, scan->budget, KL_BPF_BTF_OBJECTS, 0, UINT64_MAX));
  scan->stage = KL_SCAN_OTHERS;
  return KL_OK;
}

static enum kl_status enter_other(struct kl_type_scan *scan) {
  uint64_t address, id;
  struct kl_bpf_btf b;
  const struct kl_btf *btf = NULL;
  enum kl_status status = kl_bpf_objects_next(&scan->others, &address, &id);
  if (status == KL_END || status == KL_ERR_BUDGET)
    scan->stage = KL_SCAN_DONE;
  scan->lost = scan->others.lost;
  KL_TRY(status);
  scan->lost = address;
  KL_TRY(kl_bpf_btf_read(scan->kernel, address, &b));
  name_btf(scan, b.name, b.name_bytes, id);
  if ((b.kernel && !b.base) || !is_named(scan)) // vmlinux has been visited
    return KL_OK;
  KL_TRY(kl_bpf_btf_types(scan->kernel, address, &btf));
  enter(scan, btf, b.base ? kl_btf_count(scan->kernel->btf) : 1);
  return KL_OK;
}

static enum kl_status enter_next(struct kl_type_scan *scan) {
  switch (scan->stage) {
  case KL_SCAN_KERNEL:
    return enter_kernel(scan);
  case KL_SCAN_OPEN:
    return open_others(scan);
  case KL_SCAN_OTHERS:
    return enter_other(scan);
  case KL_SCAN_DONE:
    break;
  }
  return KL_END;
}

// Ids of the name: own ones come first, those of the base are not ours to give.
static uint32_t next_named(struct kl_type_scan *scan) {
  while (scan->kind < KL_BTF_UNKNOWN) {
    scan->previous = kl_btf_find(scan->btf, scan->kind, scan->name, scan->previous);
    if (scan->previous >= scan->first && scan->previous)
      return scan->previous;
    scan->previous = 0;
    scan->kind++;
  }
  return 0;
}

static uint32_t next_id(struct kl_type_scan *scan) {
  uint32_t count = kl_btf_count(scan->btf);
  if (scan->has_id)
    scan->next =
        scan->next == scan->first && scan->id >= scan->first && scan->id < count ? (uint32_t)scan->id : count;
  uint32_t id = scan->next;
  scan->next = scan->has_id ? 0 : id + 1; // one id is given once
  return id && id < count ? id : 0;
}

enum kl_status kl_type_scan_next(struct kl_type_scan *scan, struct kl_btf_type *ret) {
  for (;;) {
    uint32_t id = !scan->btf ? 0 : scan->has_name ? next_named(scan) : next_id(scan);
    if (id) {
      kl_btf_type(scan->btf, id, ret);
      return KL_OK;
    }
    scan->btf = NULL;
    KL_TRY(enter_next(scan));
  }
}

static const char *const kind_names[] = {
    [KL_BTF_VOID] = "void",         [KL_BTF_INT] = "int",
    [KL_BTF_PTR] = "ptr",           [KL_BTF_ARRAY] = "array",
    [KL_BTF_STRUCT] = "struct",     [KL_BTF_UNION] = "union",
    [KL_BTF_ENUM] = "enum",         [KL_BTF_FWD] = "fwd",
    [KL_BTF_TYPEDEF] = "typedef",   [KL_BTF_VOLATILE] = "volatile",
    [KL_BTF_CONST] = "const",       [KL_BTF_RESTRICT] = "restrict",
    [KL_BTF_FUNC] = "func",         [KL_BTF_FUNC_PROTO] = "func_proto",
    [KL_BTF_VAR] = "var",           [KL_BTF_DATASEC] = "datasec",
    [KL_BTF_FLOAT] = "float",       [KL_BTF_DECL_TAG] = "decl_tag",
    [KL_BTF_TYPE_TAG] = "type_tag", [KL_BTF_ENUM64] = "enum64",
    [KL_BTF_UNKNOWN] = "unknown",
};

const char *kl_btf_kind_name(enum kl_btf_kind kind) {
  return (size_t)kind < sizeof kind_names / sizeof *kind_names ? kind_names[kind] : "unknown";
}
