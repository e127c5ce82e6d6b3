/*
 * Tells the host what the guest knows about itself, then sleeps. Where the host dumps a guest twice
 * it says so through the port: the part `later` changes what it has, and the witness tells again
 * what that may have changed.
 *
 * Everything goes out through a virtio port, so that telling leaves no trace in the page cache.
 * What changes least goes first; what the telling itself changes goes last.
 */
#include "workload.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <time.h>

static int port;

static void send_all(const void *data, size_t length) {
  const char *at = data;
  while (length > 0) {
    ssize_t sent = write(port, at, length);
    if (sent < 0 && errno != EINTR && errno != EAGAIN)
      die("port");
    if (sent > 0) {
      at += sent;
      length -= (size_t)sent;
    }
  }
}

/* One record; truth.py explains the form. Records of one path follow on each other. */
static void tell(const char *path, const void *data, size_t length) {
  char head[PATH_MAX + 64];
  while (*path == '/')
    path++;
  int size = snprintf(head, sizeof head, "%zu %zu\n%s", strlen(path), length, path);
  send_all(head, (size_t)size);
  send_all(data, length);
}

static void tell_text(const char *path, const char *text) {
  tell(path, text, strlen(text));
}

static char buffer[256 << 10];

/* A file that is not there is not told; one that is empty is. */
static void tell_file(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return;
  tell(path, "", 0);
  ssize_t got;
  while ((got = read(fd, buffer, sizeof buffer)) > 0)
    tell(path, buffer, (size_t)got);
  close(fd);
}

/* A symbolic link becomes a file that holds the link's target. */
static void tell_link(const char *path) {
  ssize_t got = readlink(path, buffer, sizeof buffer);
  if (got >= 0)
    tell(path, buffer, (size_t)got);
}

/* Tells DIRECTORY/NAME. */
static void tell_under(const char *directory, const char *name, void (*how)(const char *path)) {
  char *path;
  must(asprintf(&path, "%s/%s", directory, name), "asprintf");
  how(path);
  free(path);
}

/* For directories below which all is worth telling. */
static void tell_each(const char *directory, void (*how)(const char *path)) {
  DIR *listing = opendir(directory);
  if (listing == NULL)
    return;
  struct dirent *entry;
  while ((entry = readdir(listing)) != NULL) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
      continue;
    tell_under(directory, entry->d_name, how);
  }
  closedir(listing);
}

static void tell_files_in(const char *directory) {
  tell_each(directory, tell_file);
}

static void tell_links_in(const char *directory) {
  tell_each(directory, tell_link);
}

static const char *const steady_files[] = {
    "/proc/version",
    "/proc/cmdline",
    "/proc/kallsyms",
    "/proc/modules",
    "/proc/iomem",
    "/proc/ioports",
    "/proc/cpuinfo",
    "/proc/mounts",
    "/proc/swaps",
    "/proc/filesystems",
    "/proc/partitions",
    "/proc/devices",
    "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/domainname",
    "/proc/sys/kernel/osrelease",
    "/proc/sys/kernel/ostype",
    "/proc/sys/kernel/version",
    "/proc/sys/kernel/random/boot_id",
    "/proc/sys/kernel/pid_max",
    "/sys/kernel/notes",
    "/sys/kernel/vmcoreinfo",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
    "/sys/devices/system/cpu/possible",
    "/sys/devices/system/cpu/online",
    "/sys/devices/system/cpu/present",
    "/sys/kernel/debug/kprobes/list",
    "/sys/kernel/tracing/enabled_functions",
};

/* In every network namespace. */
static const char *const net_files[] = {
    "tcp",   "tcp6",     "udp",       "udp6",     "udplite",   "raw",  "raw6",      "icmp",
    "icmp6", "udplite6", "unix",      "netlink",  "packet",    "dev",  "if_inet6",  "arp",
    "route", "fib_trie", "protocols", "sockstat", "sockstat6", "igmp", "dev_mcast",
};

static const char *const process_files[] = {
    "stat",      "status", "statm", "cmdline", "environ", "comm",  "maps",          "smaps",          "cgroup",
    "mountinfo", "limits", "auxv",  "uid_map", "gid_map", "wchan", "oom_score_adj", "timens_offsets",
};
static const char *const process_links[] = {"exe", "cwd", "root"};
static const char *const thread_files[] = {"stat", "status", "comm", "wchan"};

/* The telling changes these, so they go last. */
static const char *const moving_files[] = {
    "/proc/slabinfo", "/proc/vmallocinfo", "/proc/zoneinfo", "/proc/pagetypeinfo", "/proc/buddyinfo",
    "/proc/vmstat",   "/proc/stat",        "/proc/uptime",   "/proc/meminfo",
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void tell_sections(const char *module) {
  static const char *const files[] = {"taint", "version", "refcnt", "initstate", "coresize"};
  for (size_t at = 0; at < COUNT(files); at++)
    tell_under(module, files[at], tell_file);
  tell_under(module, "sections", tell_files_in);
  tell_under(module, "notes", tell_files_in);
}

/* MAC address, index, mtu and the like. */
static void tell_interface(const char *interface) {
  static const char *const files[] = {"address", "ifindex", "mtu", "flags", "operstate", "type"};
  for (size_t at = 0; at < COUNT(files); at++)
    tell_under(interface, files[at], tell_file);
}

/* A control group and those below it, which are as many directories deep as they are groups. */
static void tell_group(const char *group) {
  static const char *const files[] = {
      "cgroup.procs", "cgroup.threads",      "cgroup.controllers", "cpu.stat", "memory.current", "memory.max",
      "memory.peak",  "memory.swap.current", "pids.current",       "cpu.max",  "cgroup.stat"};
  struct stat facts;
  if (stat(group, &facts) < 0 || !S_ISDIR(facts.st_mode))
    return;
  for (size_t at = 0; at < COUNT(files); at++)
    tell_under(group, files[at], tell_file);
  char inode[32];
  char *path;
  snprintf(inode, sizeof inode, "%lu\n", (unsigned long)facts.st_ino);
  must(asprintf(&path, "%s/inode", group), "asprintf");
  tell_text(path, inode);
  free(path);
  tell_each(group, tell_group);
}

/*
 * /proc/PID/pagemap as runs: u64 virtual address, u64 count, then count entries as the kernel
 * gives them. Only pages that are present or swapped are told: others may still have bits set
 * that are the area's, for each of the many pages it could have.
 */
static const uint64_t present_or_swapped = UINT64_C(3) << 62;

static void tell_pagemap(const char *process) {
  char path[512], line[8192];
  snprintf(path, sizeof path, "%s/maps", process);
  FILE *maps = fopen(path, "re");
  snprintf(path, sizeof path, "%s/pagemap", process);
  int pagemap = open(path, O_RDONLY | O_CLOEXEC);
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  static uint64_t entries[2 + 4096];

  while (maps != NULL && pagemap >= 0 && fgets(line, sizeof line, maps) != NULL) {
    uint64_t start, end;
    if (sscanf(line, "%lx-%lx", &start, &end) != 2)
      continue;
    while (start < end) {
      uint64_t want = (end - start) / page;
      if (want > 4096)
        want = 4096;
      ssize_t got = pread(pagemap, entries + 2, want * 8, (off_t)(start / page * 8));
      if (got <= 0)
        break;
      uint64_t count = (uint64_t)got / 8;
      for (uint64_t at = 0; at < count;) {
        uint64_t run = at;
        while (run < count && (entries[2 + run] & present_or_swapped) != 0)
          run++;
        if (run > at) {
          uint64_t head[2] = {start + at * page, run - at};
          tell(path, head, sizeof head);
          tell(path, entries + 2 + at, (run - at) * 8);
        }
        at = run + 1;
      }
      start += count * page;
    }
  }
  if (maps != NULL)
    fclose(maps);
  if (pagemap >= 0)
    close(pagemap);
}

static void tell_thread(const char *thread) {
  for (size_t at = 0; at < COUNT(thread_files); at++)
    tell_under(thread, thread_files[at], tell_file);
}

static void tell_threads_in(const char *directory) {
  tell_each(directory, tell_thread);
}

/* Once for each network namespace, under the first process found in it. */
static void tell_network(const char *process) {
  static char seen[16][64];
  char path[600], name[64] = "";
  snprintf(path, sizeof path, "%s/ns/net", process);
  if (readlink(path, name, sizeof name - 1) < 0)
    return;
  size_t at = 0;
  while (at < COUNT(seen) - 1 && seen[at][0] != '\0') {
    if (strcmp(seen[at++], name) == 0)
      return;
  }
  memcpy(seen[at], name, sizeof name);
  snprintf(path, sizeof path, "%s/net", process);
  for (size_t file = 0; file < COUNT(net_files); file++)
    tell_under(path, net_files[file], tell_file);
}

static void tell_process(const char *process) {
  for (size_t at = 0; at < COUNT(process_files); at++)
    tell_under(process, process_files[at], tell_file);
  for (size_t at = 0; at < COUNT(process_links); at++)
    tell_under(process, process_links[at], tell_link);
  tell_under(process, "fd", tell_links_in);
  tell_under(process, "fdinfo", tell_files_in);
  tell_under(process, "ns", tell_links_in);
  tell_under(process, "task", tell_threads_in);
  tell_network(process);
  tell_pagemap(process);
}

static void tell_if_process(const char *path) {
  const char *name = strrchr(path, '/') + 1;
  if (*name >= '0' && *name <= '9')
    tell_process(path);
}

/* Which threads there are, and their memory. */
static void tell_if_process_briefly(const char *path) {
  const char *name = strrchr(path, '/') + 1;
  if (*name < '0' || *name > '9')
    return;
  tell_under(path, "maps", tell_file);
  tell_under(path, "task", tell_threads_in);
  tell_pagemap(path);
}

/*
 * For each file that a workload listed in /facts/cached.txt: which pages are resident, a byte
 * (0 or 1) a page. Mapping a file brings none of its pages in.
 */
static void tell_cached(void) {
  char line[512], path[600];
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  FILE *list = fopen("/facts/cached.txt", "re");
  while (list != NULL && fgets(line, sizeof line, list) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    int fd = (int)must(open(line, O_RDONLY | O_CLOEXEC | O_NOATIME), line);
    struct stat facts;
    must(fstat(fd, &facts), line);
    size_t pages = ((size_t)facts.st_size + page - 1) / page;
    unsigned char *resident = calloc(pages + 1, 1);
    if (pages > 0) {
      void *mapped = must_map(mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_SHARED, fd, 0), line);
      must(mincore(mapped, (size_t)facts.st_size, resident), "mincore");
      munmap(mapped, (size_t)facts.st_size);
      for (size_t at = 0; at < pages; at++)
        resident[at] &= 1;
    }
    close(fd);
    snprintf(path, sizeof path, "mincore%s", line);
    tell(path, resident, pages);
    free(resident);
  }
  if (list != NULL)
    fclose(list);
}

/* Every record, in order, as /dev/kmsg gives it; returns how many. */
static unsigned long tell_log(bool aloud) {
  unsigned long records = 0;
  int fd = (int)must(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC), "/dev/kmsg");
  if (aloud)
    tell("dev/kmsg", "", 0);
  for (;;) {
    ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EPIPE)
      continue;
    if (got <= 0)
      break;
    records++;
    if (aloud)
      tell("dev/kmsg", buffer, (size_t)got);
  }
  close(fd);
  return records;
}

/* Late drivers and timers still log while the workload starts. */
static void await_quiet(void) {
  unsigned long before = tell_log(false);
  for (int quiet = 0; quiet < 4; quiet++) {
    usleep(1000000);
    unsigned long now = tell_log(false);
    if (now != before)
      quiet = 0;
    before = now;
  }
}

static void tell_numbers(void) {
  char text[64];
  snprintf(text, sizeof text, "%ld\n", sysconf(_SC_PAGESIZE));
  tell_text("lab/page_size", text);
  snprintf(text, sizeof text, "%d\n", getpid());
  tell_text("lab/witness_pid", text);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  snprintf(text, sizeof text, "%lld.%09ld\n", (long long)now.tv_sec, now.tv_nsec);
  tell_text("lab/time", text);
}

/* QEMU's ports are those of the first virtio serial device. */
static int open_port(char number, int mode) {
  static char path[] = "/dev/vport?p?";
  for (int tries = 0; tries < 100; tries++) {
    for (char device = '0'; device <= '1'; device++) {
      path[10] = device;
      path[12] = number;
      int fd = open(path, mode | O_CLOEXEC);
      if (fd >= 0)
        return fd;
    }
    usleep(100000);
  }
  die("no virtio port");
  return -1;
}

/* What the workload says of itself. */
static void tell_facts(void) {
  DIR *facts = opendir("/facts");
  struct dirent *entry;
  while (facts != NULL && (entry = readdir(facts)) != NULL) {
    char from[512], to[512];
    snprintf(from, sizeof from, "/facts/%s", entry->d_name);
    snprintf(to, sizeof to, "workload/%s", entry->d_name);
    int fd = entry->d_name[0] != '.' ? open(from, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t got;
    while (fd >= 0 && (got = read(fd, buffer, sizeof buffer)) > 0)
      tell(to, buffer, (size_t)got);
    if (fd >= 0)
      close(fd);
  }
  if (facts != NULL)
    closedir(facts);
}

static void await_settled(const char *path) {
  for (int tries = 0; access(path, F_OK) < 0; tries++) {
    if (tries > 600)
      die(path);
    usleep(100000);
  }
}

/* Has `later` change what it has, and tells of the machine as it then is. */
static void tell_later(void) {
  int pid;
  FILE *file = fopen("/run/later", "re");
  if (file == NULL || fscanf(file, "%d", &pid) != 1)
    die("/run/later");
  fclose(file);
  must(kill(pid, SIGUSR1), "later");
  await_settled("/settled/later-changed");
  await_settled("/settled/later-renamed");
  tell_numbers();
  tell_facts();
  tell_each("/proc", tell_if_process_briefly);
  tell_cached();
  tell_file("/proc/kpageflags");
  tell_file("/proc/kpagecount");
  tell_text("END", "");
}

int main(void) {
  port = open_port('1', O_WRONLY);
  int go_on = open_port('2', O_RDONLY);
  await_quiet();
  tell_numbers();
  for (size_t at = 0; at < COUNT(steady_files); at++)
    tell_file(steady_files[at]);
  tell_each("/sys/kernel/btf", tell_file);
  tell_each("/sys/module", tell_sections);
  tell_each("/sys/class/net", tell_interface);
  tell_each("/sys/kernel/mm/ksm", tell_file);

  tell_facts();
  tell_each("/proc", tell_if_process);
  tell_cached();
  tell_group("/sys/fs/cgroup");
  tell_group("/run/named-cgroup");
  tell_file("/proc/kpageflags");
  tell_file("/proc/kpagecount");
  tell_file("/proc/kpagecgroup");
  for (size_t at = 0; at < COUNT(moving_files); at++)
    tell_file(moving_files[at]);
  tell_log(true);
  tell_text("END", "");

  /* Nothing comes where nobody is at the other end. */
  char byte;
  if (read(go_on, &byte, 1) == 1)
    tell_later();
  sleep_for_ever();
}
