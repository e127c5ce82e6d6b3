// Keys, values and targets of BPF maps as JSON text.
#include "linux/bpf_render.h"

#include "linux/bpf_btf.h"
#include "linux/path.h"

enum kl_status kl_bpf_map_types(struct kl_kernel *k, const struct kl_bpf_map *map, struct kl_bpf_map_types *ret) {
  *ret = (struct kl_bpf_map_types){0};
  if (map->type == KL_BPF_STRUCT_OPS && map->vmlinux_value_type && map->vmlinux_value_type < kl_btf_count(k->btf)) {
    ret->btf = k->btf;
    ret->value = map->vmlinux_value_type;
    return KL_OK;
  }
  if (!map->btf)
    return KL_ERR_NOT_FOUND;
  KL_TRY(kl_bpf_btf_types(k, map->btf, &ret->btf));
  uint32_t count = kl_btf_count(ret->btf);
  if (map->key_type >= count || map->value_type >= count) {
    *ret = (struct kl_bpf_map_types){0};
    return KL_ERR_MALFORMED;
  }
  ret->key = map->key_type;
  ret->value = map->value_type;
  return KL_OK;
}

enum kl_status kl_bpf_render(const struct kl_btf *btf, uint32_t type, struct kl_bytes bytes, struct kl_text *out) {
  if (btf && type)
    return kl_btf_print_value(btf, type, bytes, KL_BTF_VALUE_JSON, out);
  if (bytes.n != 1 && bytes.n != 2 && bytes.n != 4 && bytes.n != 8)
    return KL_ERR_NOT_FOUND;
  kl_text_decimal(out, kl_le_n(bytes.p, bytes.n));
  return KL_OK;
}

enum { SPECIAL_TEXT = 1024 }; // timers take some 120 bytes each, and a value has one; heads 90

enum kl_status kl_bpf_render_value(struct kl_kernel *k, const struct kl_bpf_map_types *types,
                                   const struct kl_bpf_specials *specials, struct kl_bytes bytes,
                                   struct kl_text *out) {
  struct kl_btf_shown shown[KL_BPF_SPECIALS];
  char buffer[SPECIAL_TEXT];
  struct kl_text text = kl_text_into(buffer, sizeof buffer);
  size_t n = 0;
  if (!types->btf || !types->value || !specials->count)
    return kl_bpf_render(types->btf, types->value, bytes, out);
  for (size_t i = 0; i < specials->count; i++) {
    size_t start = text.used;
    if (!kl_bpf_special_render(k, &specials->fields[i], bytes, &text))
      continue;
    if (text.failed) // what has no room shows as its type has it
      break;
    shown[n++] = (struct kl_btf_shown){specials->fields[i].offset, specials->fields[i].bytes,
                                       kl_bytes_of(buffer + start, text.used - start)};
  }
  return kl_btf_print_value_with(types->btf, types->value, bytes, KL_BTF_VALUE_JSON, shown, n, out);
}

// struct bpf_stack_build_id (include/uapi/linux/bpf.h): what it has is said by
// its status: 1 the file's build id and an offset, 2 an address.
enum { STATUS_AT = 0, BUILD_ID_AT = 4, BUILD_ID_BYTES = 20, OFFSET_AT = 24, STATUS_VALID = 1, STATUS_IP = 2 };

static void put_hex(struct kl_text *out, uint64_t v) {
  kl_text_string(out, "\"0x");
  kl_text_hex(out, v, 1);
  kl_text_char(out, '"');
}

static void put_call(struct kl_kernel *k, uint64_t address, struct kl_text *out) {
  struct kl_symbol found;
  uint64_t offset;
  if (!(address >> 63) || kl_symbols_by_address(k->symbols, address, &found, &offset) != KL_OK) {
    put_hex(out, address);
    return;
  }
  kl_text_char(out, '"');
  kl_text_put(out, (const char *)found.name.p, found.name.n); // kallsyms names are plain
  kl_text_string(out, "+0x");
  kl_text_hex(out, offset, 1);
  kl_text_char(out, '"');
}

static void put_file_call(struct kl_kernel *k, const uint8_t *frame, struct kl_text *out) {
  uint32_t status = kl_le32(frame + STATUS_AT);
  if (status == STATUS_VALID) {
    kl_text_string(out, "{\"build_id\":\"");
    kl_text_bytes_hex(out, frame + BUILD_ID_AT, BUILD_ID_BYTES);
    kl_text_string(out, "\",\"offset\":");
    put_hex(out, kl_le64(frame + OFFSET_AT));
    kl_text_char(out, '}');
  } else if (status == STATUS_IP) {
    put_call(k, kl_le64(frame + OFFSET_AT), out);
  } else {
    kl_text_string(out, "null");
  }
}

void kl_bpf_render_stack(struct kl_kernel *k, const struct kl_bpf_map *map, struct kl_bytes frames,
                         struct kl_text *out) {
  size_t bytes = kl_bpf_stack_frame_bytes(map);
  kl_text_char(out, '[');
  for (size_t at = 0; at + bytes <= frames.n; at += bytes) {
    kl_text_string(out, at ? "," : "");
    if (bytes == 8)
      put_call(k, kl_le64(frames.p + at), out);
    else
      put_file_call(k, frames.p + at, out);
  }
  kl_text_char(out, ']');
}

// One thing that is known of a target.
struct fact {
  const char *name;
  enum kl_field_id field;
  bool text;
};

// How a target is named: the word for it, and what its object says. through:
// the facts lie in the object that this member points to.
static const struct {
  const char *kind;
  bool behind;
  enum kl_field_id through;
  struct fact facts[2];
} targets[] = {
    [KL_BPF_TARGET_PROGRAM] = {"program",
                               true,
                               KL_F_bpf_prog_aux,
                               {{"id", KL_F_bpf_prog_aux_id, false}, {"name", KL_F_bpf_prog_aux_name, true}}},
    [KL_BPF_TARGET_MAP] = {"map", false, 0, {{"id", KL_F_bpf_map_id, false}, {"name", KL_F_bpf_map_name, true}}},
    [KL_BPF_TARGET_PERF_EVENT] = {"perf_event", false, 0, {{0}}},
    [KL_BPF_TARGET_CGROUP] = {"cgroup", true, KL_F_cgroup_kn, {{"id", KL_F_kernfs_node_id, false}}},
    [KL_BPF_TARGET_NETDEV] = {"interface",
                              false,
                              0,
                              {{"index", KL_F_net_device_ifindex, false}, {"name", KL_F_net_device_name, true}}},
    [KL_BPF_TARGET_SOCKET] = {"socket", false, 0, {{0}}},
    [KL_BPF_TARGET_INODE] = {"inode", false, 0, {{"inode", KL_F_inode_i_ino, false}}},
    [KL_BPF_TARGET_TASK] = {"task",
                            false,
                            0,
                            {{"pid", KL_F_task_struct_pid, false}, {"comm", KL_F_task_struct_comm, true}}},
};

static void put_number(struct kl_text *out, const char *name, uint64_t v) {
  kl_text_string(out, ",\"");
  kl_text_string(out, name);
  kl_text_string(out, "\":");
  kl_text_decimal(out, v);
}

static void put_fact(struct kl_kernel *k, uint64_t object, const struct fact *fact, struct kl_text *out) {
  char text[64];
  uint64_t v = 0;
  size_t n = 0;
  enum kl_status status =
      fact->text ? kl_get_text(k, object, fact->field, text, sizeof text, &n) : kl_get(k, object, fact->field, &v);
  if (status != KL_OK && !(fact->text && status == KL_ERR_LIMIT))
    return;
  if (!fact->text) {
    put_number(out, fact->name, v);
    return;
  }
  kl_text_string(out, ",\"");
  kl_text_string(out, fact->name);
  kl_text_string(out, "\":");
  kl_text_json_string(out, (const uint8_t *)text, n);
}

// A cgroup by its path in its hierarchy, as far as that can be read.
static void put_cgroup_path(struct kl_kernel *k, uint64_t node, struct kl_text *out) {
  char buffer[1024];
  struct kl_path_text path = kl_path_into(buffer, sizeof buffer);
  struct kl_budget budget = {sizeof buffer};
  if (kl_kernfs_path(k, &budget, node, &path) != KL_OK)
    return;
  kl_text_string(out, ",\"path\":");
  kl_text_json_string(out, (const uint8_t *)buffer + path.start, path.capacity - path.start);
}

// A socket by the inode under which user space knows it (sock -> socket, which
// struct socket_alloc holds beside its inode); a socket of no file has none.
static void put_socket_inode(struct kl_kernel *k, uint64_t sock, struct kl_text *out) {
  uint64_t socket = 0, alloc, inode, number;
  if (kl_get_pointer(k, sock, KL_F_sock_sk_socket, &socket) == KL_OK && socket &&
      kl_container(k, socket, KL_F_socket_alloc_socket, &alloc) == KL_OK &&
      kl_member(k, alloc, KL_F_socket_alloc_vfs_inode, &inode) == KL_OK &&
      kl_get(k, inode, KL_F_inode_i_ino, &number) == KL_OK)
    put_number(out, "inode", number);
}

void kl_bpf_render_target(struct kl_kernel *k, const struct kl_bpf_entry *entry, struct kl_text *out) {
  kl_text_string(out, "{\"kind\":\"");
  kl_text_string(out, targets[entry->target].kind);
  kl_text_string(out, "\",\"address\":\"");
  kl_text_address(out, entry->target_address);
  kl_text_char(out, '"');
  uint64_t object = entry->target_address;
  if (!targets[entry->target].behind || kl_get_pointer(k, object, targets[entry->target].through, &object) == KL_OK)
    for (size_t i = 0; i < 2 && targets[entry->target].facts[i].name; i++)
      put_fact(k, object, &targets[entry->target].facts[i], out);
  if (entry->target == KL_BPF_TARGET_SOCKET)
    put_socket_inode(k, object, out);
  if (entry->target == KL_BPF_TARGET_CGROUP)
    put_cgroup_path(k, object, out);
  kl_text_char(out, '}');
}
