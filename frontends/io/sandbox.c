// Confinement: after the files are open, a defect in a parser must not be worth
// anything to who made the dump.
#include "io_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// ── System calls ───────────────────────────────────────────────────────────

// When a call with this argument is let through.
enum test { ALWAYS, EQUALS, LACKS, HAS };

struct rule {
  uint32_t action; // SCMP_ACT_*
  int call;
  enum test test;
  unsigned argument;
  uint64_t value; // LACKS, HAS: bits
};

#define ALLOW(name)                                                                                                \
  { SCMP_ACT_ALLOW, SCMP_SYS(name), ALWAYS, 0, 0 }
#define ALLOW_IF(name, argument, test, value)                                                                      \
  { SCMP_ACT_ALLOW, SCMP_SYS(name), test, argument, value }
#define KILL(name)                                                                                                 \
  { SCMP_ACT_KILL_PROCESS, SCMP_SYS(name), ALWAYS, 0, 0 }
#define FAIL(name, error)                                                                                          \
  { SCMP_ACT_ERRNO(error), SCMP_SYS(name), ALWAYS, 0, 0 }

// All that is allowed. What is not listed fails with EPERM; what no honest run
// of these programs ever asks for ends the process.
static const struct rule rules[] = {
    // Descriptors that are already open.
    ALLOW(read),
    ALLOW(readv),
    ALLOW(pread64),
    ALLOW(pwrite64),
    ALLOW(write),
    ALLOW(writev),
    ALLOW(lseek),
    ALLOW(ftruncate), // the length of a file that is being written
    ALLOW(close),
    ALLOW(fstat),
    ALLOW_IF(newfstatat, 3, HAS, AT_EMPTY_PATH), // fstat of newer libc
    ALLOW(poll),
    ALLOW(ppoll),
    ALLOW(select),
    ALLOW(pselect6),
    ALLOW_IF(fcntl, 1, EQUALS, F_GETFL),
    // A terminal: its size and mode. TIOCSTI, which types, is not among them.
    ALLOW_IF(ioctl, 1, EQUALS, TIOCGWINSZ),
    ALLOW_IF(ioctl, 1, EQUALS, TCGETS),
    ALLOW_IF(ioctl, 1, EQUALS, TCSETS),
    ALLOW_IF(ioctl, 1, EQUALS, TCSETSW),
    ALLOW_IF(ioctl, 1, EQUALS, TCSETSF),
    // Memory, but none that can be run.
    ALLOW(brk),
    ALLOW_IF(mmap, 2, LACKS, PROT_EXEC),
    ALLOW_IF(mprotect, 2, LACKS, PROT_EXEC),
    ALLOW(mremap),
    ALLOW(munmap),
    ALLOW(madvise),
    // Threads. clone3 hides its flags from this filter: libc falls back.
    ALLOW_IF(clone, 0, HAS, CLONE_THREAD),
    FAIL(clone3, ENOSYS),
    ALLOW(futex),
    ALLOW(set_robust_list),
    ALLOW(rseq),
    ALLOW(sched_yield),
    ALLOW(sched_getaffinity),
    ALLOW(getpid),
    ALLOW(gettid),
    // Time, signals, the end.
    ALLOW(clock_gettime),
    ALLOW(clock_nanosleep),
    ALLOW(gettimeofday),
    ALLOW(getrandom),
    ALLOW(setitimer),
    ALLOW(rt_sigaction),
    ALLOW(rt_sigprocmask),
    ALLOW(rt_sigreturn),
    ALLOW(sigaltstack),
    ALLOW(restart_syscall),
    ALLOW(exit),
    ALLOW(exit_group),
    // Never.
    KILL(execve),
    KILL(execveat),
    KILL(fork),
    KILL(vfork),
    KILL(ptrace),
    KILL(socket),
    KILL(socketpair),
};
enum { RULES = sizeof rules / sizeof *rules };

static int add_rule(scmp_filter_ctx filter, const struct rule *r) {
  switch (r->test) {
  case ALWAYS:
    return seccomp_rule_add(filter, r->action, r->call, 0);
  case EQUALS: // commands are ints: what stands in the upper half does not count
    return seccomp_rule_add(filter, r->action, r->call, 1,
                            SCMP_CMP(r->argument, SCMP_CMP_MASKED_EQ, 0xffffffff, r->value));
  case LACKS:
    return seccomp_rule_add(filter, r->action, r->call, 1, SCMP_CMP(r->argument, SCMP_CMP_MASKED_EQ, r->value, 0));
  case HAS:
    return seccomp_rule_add(filter, r->action, r->call, 1,
                            SCMP_CMP(r->argument, SCMP_CMP_MASKED_EQ, r->value, r->value));
  }
  return -EINVAL;
}

// What a program that fills a folder asks for beside these.
static const struct rule folder_rules[] = {
    ALLOW(mkdirat),
    ALLOW_IF(openat, 2, HAS, O_NOFOLLOW),
};
enum { FOLDER_RULES = sizeof folder_rules / sizeof *folder_rules };

// abort() sends itself a signal, and only that.
static int add_abort(scmp_filter_ctx filter) {
  return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 2,
                          SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0), SCMP_A2(SCMP_CMP_EQ, SIGABRT, 0));
}

static int confine_syscalls(bool folder) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
  if (!filter)
    return -ENOMEM;
  int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
  for (size_t i = 0; i < RULES && !error; i++)
    error = add_rule(filter, &rules[i]);
  for (size_t i = 0; folder && i < FOLDER_RULES && !error; i++)
    error = add_rule(filter, &folder_rules[i]);
  if (!error)
    error = add_abort(filter);
  if (!error)
    error = seccomp_load(filter);
  seccomp_release(filter);
  return error;
}

// ── Files ──────────────────────────────────────────────────────────────────

// struct landlock_ruleset_attr as it has grown; an old kernel is given the part
// that it knows.
struct ruleset {
  uint64_t access_fs, access_net, scoped;
};

// What each version of Landlock can forbid.
static const struct {
  size_t bytes;
  struct ruleset all;
} versions[] = {
    {8, {(1 << 13) - 1, 0, 0}},  // 1: Linux 5.13
    {8, {(1 << 14) - 1, 0, 0}},  // 2: and to link and rename across folders
    {8, {(1 << 15) - 1, 0, 0}},  // 3: and to truncate
    {16, {(1 << 15) - 1, 3, 0}}, // 4: and TCP
    {16, {(1 << 16) - 1, 3, 0}}, // 5: and ioctl on devices
    {24, {(1 << 16) - 1, 3, 3}}, // 6: and abstract sockets and signals to others
};
enum { VERSIONS = sizeof versions / sizeof *versions, ASK_VERSION = 1 };

// struct landlock_path_beneath_attr, which is packed.
struct __attribute__((packed)) beneath {
  uint64_t allowed;
  int32_t parent;
};
// To write files, to make folders and files, to set their length.
static const uint64_t FOLDER_RIGHTS = 1u << 1 | 1u << 7 | 1u << 8 | 1u << 14;
enum { PATH_BENEATH = 1 };

static int allow_folder(int ruleset, int folder, uint64_t known) {
  struct beneath rule = {FOLDER_RIGHTS & known, folder};
  return syscall(SYS_landlock_add_rule, ruleset, PATH_BENEATH, &rule, 0) == 0 ? 0 : -errno;
}

// Forbids all of it, but for what may be below the folder (-1: none).
// Descriptors that are open stay usable.
static int confine_files(int folder) {
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
  if (version < 1)
    return version < 0 ? -errno : -ENOSYS;
  size_t i = (size_t)(version < VERSIONS ? version : VERSIONS) - 1;
  long fd = syscall(SYS_landlock_create_ruleset, &versions[i].all, versions[i].bytes, 0);
  if (fd < 0)
    return -errno;
  int error = folder < 0 ? 0 : allow_folder((int)fd, folder, versions[i].all.access_fs);
  if (!error && syscall(SYS_landlock_restrict_self, (int)fd, 0) != 0)
    error = -errno;
  close((int)fd);
  return error;
}

// ── Both ───────────────────────────────────────────────────────────────────

#ifdef IO_INSTRUMENTED // sanitizers and coverage open files at exit
enum { INSTRUMENTED = 1 };
#else
enum { INSTRUMENTED = 0 };
#endif

// folder: -1 when nothing may be written.
static unsigned enter(int folder, struct io_error *note) {
  note->text[0] = 0;
  if (INSTRUMENTED) {
    io_error_set(note, "not confined: this is an instrumented build");
    return 0;
  }
  unsigned in_force = 0;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    io_error_set(note, "not confined: %s", strerror(errno));
    return 0;
  }
  int files = confine_files(folder);
  int calls = confine_syscalls(folder >= 0);
  if (!files)
    in_force |= IO_CONFINED_FILES;
  if (!calls)
    in_force |= IO_CONFINED_SYSCALLS;
  if (calls)
    io_error_set(note, "not confined to few system calls: %s", strerror(-calls));
  else if (files)
    io_error_set(note, "not confined by Landlock: %s", strerror(-files));
  return in_force;
}

unsigned io_sandbox_enter(struct io_error *note) {
  return enter(-1, note);
}

unsigned io_sandbox_enter_folder(int folder, struct io_error *note) {
  return enter(folder, note);
}
