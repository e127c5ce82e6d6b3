/* Who a process is to the kernel: user, group, capabilities, scheduling. */
#include "workload.h"

#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>

struct identity {
  const char *name;
  uid_t uid, euid, suid;
  gid_t gid, egid, sgid;
  uint64_t capabilities; /* effective, permitted, inheritable */
  bool ambient;          /* the same set */
  int policy, priority, nice;
  uint64_t cpus; /* affinity mask; 0: leave it */
  bool no_new_privileges;
};

#define CAP(name) (UINT64_C(1) << (name))

static const struct identity identities[] = {
    {.name = "user", .uid = 1000, .euid = 1000, .suid = 1000, .gid = 1001, .egid = 1001, .sgid = 1001},
    {.name = "euid", .uid = 1000, .euid = 2000, .suid = 3000, .gid = 1001, .egid = 2001, .sgid = 3001},
    {.name = "high-uid",
     .uid = 4294967294,
     .euid = 4294967294,
     .suid = 4294967294,
     .gid = 4000000000,
     .egid = 4000000000,
     .sgid = 4000000000},
    {.name = "caps",
     .uid = 1002,
     .euid = 1002,
     .suid = 1002,
     .gid = 1002,
     .egid = 1002,
     .sgid = 1002,
     .capabilities = CAP(CAP_NET_RAW) | CAP(CAP_SYS_PTRACE) | CAP(CAP_CHECKPOINT_RESTORE),
     .ambient = true},
    {.name = "no-caps", .uid = 0, .no_new_privileges = true},
    {.name = "fifo", .capabilities = ~UINT64_C(0), .policy = SCHED_FIFO, .priority = 17},
    {.name = "round-robin", .capabilities = ~UINT64_C(0), .policy = SCHED_RR, .priority = 99},
    {.name = "batch", .capabilities = ~UINT64_C(0), .policy = SCHED_BATCH, .nice = 5},
    {.name = "idle", .capabilities = ~UINT64_C(0), .policy = SCHED_IDLE, .cpus = 2},
    {.name = "nice", .capabilities = ~UINT64_C(0), .nice = -11, .cpus = 1},
};

static void set_capabilities(uint64_t wanted) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct sets[2];
  must(syscall(SYS_capget, &head, sets), "capget");
  for (int half = 0; half < 2; half++) {
    uint32_t keep = sets[half].permitted & (uint32_t)(wanted >> (32 * half));
    sets[half].effective = sets[half].permitted = keep;
    sets[half].inheritable = keep;
  }
  must(syscall(SYS_capset, &head, sets), "capset");
}

static void become(int pipe, const void *argument) {
  const struct identity *who = argument;
  must(prctl(PR_SET_NAME, who->name), "PR_SET_NAME");
  struct sched_param parameter = {.sched_priority = who->priority};
  must(sched_setscheduler(0, who->policy, &parameter), "sched_setscheduler");
  errno = 0;
  must(setpriority(PRIO_PROCESS, 0, who->nice), "setpriority");
  if (who->cpus != 0)
    must(syscall(SYS_sched_setaffinity, 0, sizeof who->cpus, &who->cpus), "affinity");

  gid_t groups[] = {7, 70, 700, who->gid};
  must(setgroups(4, groups), "setgroups");
  must(setresgid(who->gid, who->egid, who->sgid), "setresgid");
  must(prctl(PR_SET_KEEPCAPS, 1), "PR_SET_KEEPCAPS");
  must(setresuid(who->uid, who->euid, who->suid), "setresuid");
  set_capabilities(who->capabilities);
  for (int cap = 0; who->ambient && cap < 64; cap++)
    if (who->capabilities >> cap & 1)
      must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0), "PR_CAP_AMBIENT");
  if (who->no_new_privileges)
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
  ready(pipe);
  sleep_for_ever();
}

/* A session and process groups, so that pgid and sid differ from pid. */
static void lead_session(int pipe, const void *argument) {
  (void)argument;
  must(setsid(), "setsid");
  must(prctl(PR_SET_NAME, "session"), "PR_SET_NAME");
  spawn(become, &identities[0]);
  ready(pipe);
  sleep_for_ever();
}

int main(void) {
  for (size_t at = 0; at < sizeof identities / sizeof identities[0]; at++)
    fact("identity", "{\"fact\": \"identity\", \"name\": \"%s\", \"pid\": %d}", identities[at].name,
         spawn(become, &identities[at]));
  fact("identity", "{\"fact\": \"identity\", \"name\": \"session\", \"pid\": %d}", spawn(lead_session, NULL));
  settled("identity");
  sleep_for_ever();
}
