/* Where a process lives: executables that are gone, other roots, namespaces, control groups. */
#include "workload.h"

#include <sched.h>
#include <sys/mount.h>

static char *const no_environment[] = {"PLACE=here", NULL};

static void tell(const char *name, pid_t pid) {
  fact("places", "{\"fact\": \"place\", \"name\": \"%s\", \"pid\": %d}", name, pid);
}

static void put(const char *path, const char *text) {
  int fd = (int)must(open(path, O_WRONLY | O_CLOEXEC), path);
  must(write(fd, text, strlen(text)), path);
  close(fd);
}

static void run(int pipe, const void *path) {
  char *const arguments[] = {(char *)(uintptr_t)path, NULL};
  become_sleeper(pipe, path, arguments, no_environment);
}

static void run_chrooted(int pipe, const void *root) {
  must(chroot(root), root);
  must(chdir("/below"), "/below");
  run(pipe, "/bin/jailed");
}

/* Its own tree of mounts: one over another, a bind, a nested one, an overlay, a detached one. */
static void live_in_mounts(int pipe, const void *argument) {
  (void)argument;
  must(unshare(CLONE_NEWNS), "CLONE_NEWNS");
  must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
  must(mount("lower", "/tmp/places", "tmpfs", MS_NOSUID | MS_NODEV, "size=1m"), "tmpfs");
  must(mkdir("/tmp/places/in side", 0755), "mkdir");
  must(mount("nested", "/tmp/places/in side", "tmpfs", MS_NOEXEC, "size=1m,mode=700"), "nested");
  must(mkdir("/tmp/places/bind", 0755), "mkdir");
  must(mount("/workload", "/tmp/places/bind", NULL, MS_BIND, NULL), "bind");
  must(mount(NULL, "/tmp/places/bind", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), "ro");
  static const char *const layers[] = {"lower", "upper", "work", "merged"};
  for (int at = 0; at < 4; at++) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/places/%s", layers[at]);
    must(mkdir(path, 0755), path);
  }
  copy_file(SLEEPER, "/tmp/places/lower/layered", 0755);
  if (mount("overlay", "/tmp/places/merged", "overlay", 0,
            "lowerdir=/tmp/places/lower,upperdir=/tmp/places/upper,workdir=/tmp/places/work") == 0)
    run(pipe, "/tmp/places/merged/layered");
  run(pipe, "/tmp/places/bind/sleeper");
}

static void sleep_named(int pipe, const void *name) {
  must(prctl(PR_SET_NAME, name), "PR_SET_NAME");
  ready(pipe);
  sleep_for_ever();
}

/* The child that comes after is process 1 of the namespace, and has a child of its own. */
static void be_first(int pipe, const void *name) {
  spawn(sleep_named, "pid-second");
  sleep_named(pipe, name);
}

static void live_in_pids(int pipe, const void *argument) {
  (void)argument;
  must(unshare(CLONE_NEWPID), "CLONE_NEWPID");
  spawn(be_first, "pid-first");
  sleep_named(pipe, "pid-outside");
}

static void live_in_uts(int pipe, const void *argument) {
  (void)argument;
  must(unshare(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP), "unshare");
  must(sethostname("another-host", 12), "sethostname");
  sleep_named(pipe, "uts");
}

/* Only somebody outside may map a whole range of users. */
static void map_users_of_parent(int gate) {
  char path[64], byte;
  must(read(gate, &byte, 1), "gate");
  snprintf(path, sizeof path, "/proc/%d/uid_map", getppid());
  put(path, "0 100000 1000\n");
  snprintf(path, sizeof path, "/proc/%d/gid_map", getppid());
  put(path, "0 200000 500\n500 300000 500\n");
  _exit(0);
}

static void live_in_users(int pipe_end, const void *argument) {
  (void)argument;
  int gate[2];
  must(pipe(gate), "pipe");
  pid_t mapper = (pid_t)must(fork(), "fork");
  if (mapper == 0)
    map_users_of_parent(gate[0]);
  must(unshare(CLONE_NEWUSER), "CLONE_NEWUSER");
  must(write(gate[1], "", 1), "gate");
  must(waitpid(mapper, NULL, 0), "waitpid");
  close(gate[0]);
  close(gate[1]);
  must(setresgid(5, 505, 5), "setresgid");
  must(setresuid(3, 4, 3), "setresuid");
  sleep_named(pipe_end, "users");
}

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static void live_in_time(int pipe, const void *argument) {
  (void)argument;
  must(unshare(CLONE_NEWTIME), "CLONE_NEWTIME");
  put("/proc/self/timens_offsets", "monotonic 1000000 0\nboottime 2000000 0\n");
  spawn(sleep_named, "time-inside");
  sleep_named(pipe, "time-outside");
}

static void live_in_cgroup(int pipe, const void *group) {
  char path[256];
  snprintf(path, sizeof path, "/sys/fs/cgroup/%s/cgroup.procs", (const char *)group);
  put(path, "0\n");
  sleep_named(pipe, "grouped");
}

static void make_groups(void) {
  static const char *const groups[] = {"lab.slice", "lab.slice/a b", "lab.slice/a b/deep", "lab.slice/a b/deep/er"};
  for (size_t at = 0; at < sizeof groups / sizeof groups[0]; at++) {
    char path[256];
    snprintf(path, sizeof path, "/sys/fs/cgroup/%s", groups[at]);
    must(mkdir(path, 0755), path);
  }
}

int main(void) {
  must(mkdir("/tmp/places", 0755), "mkdir");
  copy_file(SLEEPER, "/tmp/places/deleted-program", 0755);
  tell("deleted", spawn(run, "/tmp/places/deleted-program"));
  must(unlink("/tmp/places/deleted-program"), "unlink");

  must(mkdir("/mnt/ext4/jail", 0755), "jail");
  must(mkdir("/mnt/ext4/jail/bin", 0755), "jail");
  must(mkdir("/mnt/ext4/jail/below", 0755), "jail");
  copy_file(SLEEPER, "/mnt/ext4/jail/bin/jailed", 0755);
  tell("chroot", spawn(run_chrooted, "/mnt/ext4/jail"));

  tell("mounts", spawn(live_in_mounts, NULL));
  tell("pids", spawn(live_in_pids, NULL));
  tell("uts", spawn(live_in_uts, NULL));
  tell("users", spawn(live_in_users, NULL));
  tell("time", spawn(live_in_time, NULL));
  make_groups();
  tell("cgroup", spawn(live_in_cgroup, "lab.slice/a b/deep/er"));
  tell("cgroup-middle", spawn(live_in_cgroup, "lab.slice/a b"));

  settled("places");
  sleep_for_ever();
}
