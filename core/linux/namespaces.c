// Namespaces of a task.
#include "linux/namespaces.h"

#include "base/checked.h"

// Where a task has it: a member of its nsproxy, or of its credentials; or that
// in which it got its pid. Then the struct ns_common inside.
enum place { BY_PROXY, BY_CREDENTIALS, BY_PID };
static const struct {
  const char *kind;
  enum place place;
  enum kl_field_id member, common;
} kinds[KL_NAMESPACE_KINDS] = {
    {"cgroup", BY_PROXY, KL_F_nsproxy_cgroup_ns, KL_F_cgroup_namespace_ns},
    {"ipc", BY_PROXY, KL_F_nsproxy_ipc_ns, KL_F_ipc_namespace_ns},
    {"mnt", BY_PROXY, KL_F_nsproxy_mnt_ns, KL_F_mnt_namespace_ns},
    {"net", BY_PROXY, KL_F_nsproxy_net_ns, KL_F_net_ns},
    {"pid", BY_PID, KL_F_upid_ns, KL_F_pid_namespace_ns},
    {"pid_for_children", BY_PROXY, KL_F_nsproxy_pid_ns_for_children, KL_F_pid_namespace_ns},
    {"time", BY_PROXY, KL_F_nsproxy_time_ns, KL_F_time_namespace_ns},
    {"time_for_children", BY_PROXY, KL_F_nsproxy_time_ns_for_children, KL_F_time_namespace_ns},
    {"user", BY_CREDENTIALS, KL_F_cred_user_ns, KL_F_user_namespace_ns},
    {"uts", BY_PROXY, KL_F_nsproxy_uts_ns, KL_F_uts_namespace_ns},
};

const char *kl_namespace_kind(size_t i) {
  return kinds[i].kind;
}

// ns_of_pid(): that of the deepest level at which the pid has a number.
static enum kl_status pid_namespace(struct kl_kernel *k, uint64_t task, uint64_t *ret) {
  uint64_t pid, level, numbers, offset;
  *ret = 0;
  KL_TRY(kl_get_pointer(k, task, KL_F_task_struct_thread_pid, &pid));
  if (!pid)
    return KL_OK;
  KL_TRY(kl_get(k, pid, KL_F_pid_level, &level));
  KL_TRY(kl_member(k, pid, KL_F_pid_numbers, &numbers));
  if (!k->types[KL_T_upid].present)
    return KL_ERR_NOT_FOUND;
  if (level > 32 || !kl_mul(level, k->types[KL_T_upid].bytes, &offset)) // MAX_PID_NS_LEVEL
    return KL_ERR_MALFORMED;
  return kl_get_pointer(k, numbers + offset, KL_F_upid_ns, ret);
}

static enum kl_status object_of(struct kl_kernel *k, uint64_t task, size_t kind, uint64_t *ret) {
  uint64_t holder;
  if (kinds[kind].place == BY_PID)
    return pid_namespace(k, task, ret);
  bool by_proxy = kinds[kind].place == BY_PROXY;
  KL_TRY(kl_get_pointer(k, task, by_proxy ? KL_F_task_struct_nsproxy : KL_F_task_struct_real_cred, &holder));
  *ret = 0;
  return holder ? kl_get_pointer(k, holder, kinds[kind].member, ret) : KL_OK;
}

enum kl_status kl_task_namespace(struct kl_kernel *k, uint64_t task, size_t kind, uint64_t *address,
                                 uint64_t *number) {
  uint64_t common;
  if (!kl_has(k, kinds[kind].member) || !kl_has(k, kinds[kind].common))
    return KL_END;
  KL_TRY(object_of(k, task, kind, address));
  if (!*address)
    return KL_END;
  KL_TRY(kl_member(k, *address, kinds[kind].common, &common));
  return kl_get(k, common, KL_F_ns_common_inum, number);
}
