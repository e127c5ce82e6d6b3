// bpf_btfs: the BTF objects that the kernel holds.
#include "linux/bpf_btf.h"
#include "linux/bpf_object.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { ID, NAME, BYTES, KERNEL, ADDRESS, TYPES, COLUMNS };

static const struct kl_column columns[] = {
    [ID] = {"id", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the BTF's id"},
    [NAME] = {"name", KL_CELL_TEXT, 0, "vmlinux, a module, or empty for a program's"},
    [BYTES] = {"bytes", KL_CELL_U64, 0, "size of the raw BTF"},
    [KERNEL] = {"kernel", KL_CELL_BOOL, 0, "whether it belongs to the kernel or a module"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, 0, "struct btf"},
    [TYPES] = {"types", KL_CELL_U64, KL_COLUMN_COSTLY | KL_COLUMN_HIDDEN,
               "how many types it has, those of its base included"},
};

struct state {
  struct kl_bpf_objects btfs;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t first, last;
  if (!kl_pushed_range(c, ID, &first, &last))
    return KL_END;
  return kl_bpf_objects_open(&s->btfs, c->kernel, &c->budget, KL_BPF_BTF_OBJECTS, first, last);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  struct kl_bpf_btf b = {0};
  uint64_t address, id;
  enum kl_status status;
  while ((status = kl_bpf_objects_next(&s->btfs, &address, &id)) != KL_OK) {
    if (status == KL_END || status == KL_ERR_BUDGET)
      return status;
    kl_lost(c, "btf_idr", s->btfs.lost, status);
  }
  status = kl_bpf_btf_read(c->kernel, address, &b);
  kl_put(c, ID, KL_OK, 0, id);
  kl_put_bytes(c, NAME, status, address, b.name, b.name_bytes);
  kl_put(c, BYTES, status, address, b.bytes);
  kl_put(c, KERNEL, status, address, b.kernel);
  kl_put(c, ADDRESS, KL_OK, 0, address);
  if (kl_wants(c, TYPES)) {
    const struct kl_btf *types = NULL;
    status = kl_bpf_btf_types(c->kernel, address, &types);
    kl_put(c, TYPES, status, address, types ? kl_btf_count(types) : 0);
  }
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 64, .open = open, .next = next};

const struct kl_table kl_bpf_btfs_table = {
    .name = "bpf_btfs",
    .group = "bpf",
    .doc = "BTF objects: the kernel's, its modules', and those of BPF programs",
    .example = "bpf_btfs DUMP",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
