// Who lives in the sample machine: its processes, modules and messages.
#include "subjects.h"

#include <string.h>

static const struct role demo_roles[] = {
    {1, 0, "systemd", "/usr/lib/systemd/systemd", "/sbin/init", 0, 0, 'S', 0, 0},
    {2, 0, "kthreadd", 0, 0, 0, 0, 'S', 0, 0},
    {3, 2, "pool_workqueue_", 0, 0, 0, 0, 'S', 0, 0},
    {4, 2, "kworker/R-rcu_g", 0, 0, 0, 0, 'I', 0, 0},
    {5, 2, "kworker/0:0", 0, 0, 0, 0, 'I', 0, 0},
    {6, 2, "kworker/0:0H", 0, 0, 0, 0, 'I', 0, 0},
    {7, 2, "ksoftirqd/0", 0, 0, 0, 0, 'S', 0, 0},
    {8, 2, "rcu_preempt", 0, 0, 0, 0, 'I', 0, 0},
    {9, 2, "migration/0", 0, 0, 0, 0, 'S', 0, 0},
    {10, 2, "cpuhp/0", 0, 0, 0, 0, 'S', 0, 0},
    {11, 2, "kdevtmpfs", 0, 0, 0, 0, 'S', 0, 0},
    {12, 2, "kauditd", 0, 0, 0, 0, 'S', 0, 0},
    {13, 2, "khungtaskd", 0, 0, 0, 0, 'S', 0, 0},
    {14, 2, "oom_reaper", 0, 0, 0, 0, 'S', 0, 0},
    {15, 2, "kcompactd0", 0, 0, 0, 0, 'S', 0, 0},
    {16, 2, "khugepaged", 0, 0, 0, 0, 'S', 0, 0},
    {17, 2, "kswapd0", 0, 0, 0, 0, 'S', 0, 0},
    {18, 2, "jbd2/vda1-8", 0, 0, 0, 0, 'S', 0, 0},
    {19, 2, "ext4-rsv-conver", 0, 0, 0, 0, 'I', 0, 0},
    {211, 1, "systemd-journal", "/usr/lib/systemd/systemd-journald", "/lib/systemd/systemd-journald", 0, 0, 'S', 0,
     0},
    {236, 1, "systemd-udevd", "/usr/bin/udevadm", "/lib/systemd/systemd-udevd", 0, 0, 'S', 0, 0},
    {301, 1, "systemd-network", "/usr/lib/systemd/systemd-networkd", "/lib/systemd/systemd-networkd", 998, 998, 'S',
     0, 0},
    {352, 1, "dbus-daemon", "/usr/bin/dbus-daemon", "/usr/bin/dbus-daemon --system --nofork", 100, 106, 'S', 0, 0},
    {360, 1, "rsyslogd", "/usr/sbin/rsyslogd", "/usr/sbin/rsyslogd -n -iNONE", 0, 0, 'S', 3, "in:imuxsock"},
    {371, 1, "cron", "/usr/sbin/cron", "/usr/sbin/cron -f", 0, 0, 'S', 0, 0},
    {402, 1, "sshd", "/usr/sbin/sshd", "sshd: /usr/sbin/sshd -D [listener]", 0, 0, 'S', 0, 0},
    {420, 1, "nginx", "/usr/sbin/nginx", "nginx: master process /usr/sbin/nginx", 0, 0, 'S', 0, 0},
    {421, 420, "nginx", "/usr/sbin/nginx", "nginx: worker process", 33, 33, 'S', 0, 0},
    {422, 420, "nginx", "/usr/sbin/nginx", "nginx: worker process", 33, 33, 'S', 0, 0},
    {440, 1, "postgres", "/usr/lib/postgresql/15/bin/postgres", "postgres -D /var/lib/postgresql/15/main", 109, 115,
     'S', 0, 0},
    {446, 440, "postgres", "/usr/lib/postgresql/15/bin/postgres", "postgres: checkpointer", 109, 115, 'S', 0, 0},
    {447, 440, "postgres", "/usr/lib/postgresql/15/bin/postgres", "postgres: background writer", 109, 115, 'D', 0,
     0},
    {500, 1, "containerd", "/usr/bin/containerd", "/usr/bin/containerd --log-level info", 0, 0, 'S', 7, 0},
    {600, 1, "agetty", "/usr/sbin/agetty", "/sbin/agetty -o -p -- \\u --noclear tty1 linux", 0, 0, 'S', 0, 0},
    {733, 402, "sshd", "/usr/sbin/sshd", "sshd: ada [priv]", 0, 0, 'S', 0, 0},
    {740, 733, "sshd", "/usr/sbin/sshd", "sshd: ada@pts/0", 1000, 1000, 'S', 0, 0},
    {741, 740, "bash", "/usr/bin/bash", "-bash", 1000, 1000, 'S', 0, 0},
    {802, 741, "python3", "/usr/bin/python3.11", "python3 -m http.server 8080", 1000, 1000, 'R', 2, 0},
    {815, 741, "vim", "/usr/bin/vim.basic", "vim notes.txt", 1000, 1000, 'T', 0, 0},
    {822, 741, "sh", "/usr/bin/dash", "sh -c true", 1000, 1000, 'Z', 0, 0},
};

static const struct role tiny_roles[] = {
    {1, 0, "init", "/init", "/init", 0, 0, 'S', 0, 0},
    {2, 0, "kthreadd", 0, 0, 0, 0, 'S', 0, 0},
    {3, 2, "kworker/0:0", 0, 0, 0, 0, 'I', 0, 0},
    {40, 1, "worker", "/usr/bin/worker", "worker --all", 1000, 1001, 'S', 2, "worker-thread"},
    {43, 1, "gone", "/usr/bin/gone", "gone", 7, 8, 'Z', 0, 0},
    {44, 40, "strange \xff\"\\\x1b", "/usr/bin/strange", "strange", 1000, 1000, 'R', 0, 0},
};

static const struct module_role demo_modules[] = {
    {"virtio_net", 0, 0, 24}, {"virtio_blk", 0, 0, 12}, {"ext4", 0, 0, 96},      {"jbd2", 0, "ext4", 32},
    {"crc16", 0, "ext4", 4},  {"overlay", 0, 0, 28},    {"nf_tables", 0, 0, 48}, {"e1000", "7.3.21-k8-NAPI", 0, 36},
};

static const struct module_role tiny_modules[] = {{"sample", "1.2", 0, 4}, {"crc16", 0, "sample", 4}};

static const struct log_line demo_log[] = {
    {0, 5, "Linux version of a synthetic guest: nothing here ever ran"},
    {0, 6, "Command line: root=/dev/vda1 ro quiet console=ttyS0"},
    {0, 6, "BIOS-provided physical RAM map:"},
    {12000, 6, "Memory: 16384K total"},
    {35120, 6, "rcu: Preemptible hierarchical RCU implementation."},
    {120443, 6, "smp: Brought up 1 node"},
    {388012, 6, "virtio_blk virtio1: [vda] 20971520 512-byte logical blocks (10.7 GB/10.0 GiB)"},
    {390331, 6, " vda: vda1"},
    {612004, 6, "EXT4-fs (vda1): mounted filesystem with ordered data mode."},
    {815290, 6, "systemd[1]: Detected virtualization kvm."},
    {815411, 6, "systemd[1]: Hostname set to <kernlens-sample>."},
    {1333120, 4, "e1000: unsupported revision, carrying on"},
    {2019884, 6, "virtio_net virtio0 enp1s0: renamed from eth0"},
    {2755112, 5, "audit: type=1400 audit(1760000002.755:2): apparmor=\"STATUS\" operation=\"profile_load\""},
    {9120005, 6, "IPv6: ADDRCONF(NETDEV_CHANGE): enp1s0: link becomes ready"},
    {3600111222, 3,
     "EXT4-fs error (device vda1): ext4_find_entry:1683: inode #131: comm postgres: reading directory"},
    {3611000001, 4, "TCP: request_sock_TCP: Possible SYN flooding on port 80. Sending cookies."},
    {3612550431, 1, "postgres[447]: blocked for more than 120 seconds."},
};

// A tiny machine, and 300 processes more.
static const struct role *crowd_roles(size_t *n) {
  enum { FIRST = sizeof tiny_roles / sizeof *tiny_roles, CROWD = 300, FIRST_PID = 100 };
  struct role *roles = take((FIRST + CROWD) * sizeof *roles);
  memcpy(roles, tiny_roles, sizeof tiny_roles);
  for (unsigned i = 0; i < CROWD; i++)
    roles[FIRST + i] = (struct role){
        FIRST_PID + i, 1, print("crowd-%u", i), "/usr/bin/crowd", "crowd --one-of many", 1000, 1000, 'S', 0, 0};
  *n = FIRST + CROWD;
  return roles;
}

#define GIVE(list)                                                                                                 \
  *n = sizeof(list) / sizeof *(list);                                                                              \
  return list

const struct role *cast_roles(const struct guest *g, size_t *n) {
  if (g->o.machine == MACHINE_DEMO) {
    GIVE(demo_roles);
  }
  if (g->o.machine == MACHINE_CROWD)
    return crowd_roles(n);
  GIVE(tiny_roles);
}

const struct module_role *cast_modules(const struct guest *g, size_t *n) {
  if (g->o.machine == MACHINE_DEMO) {
    GIVE(demo_modules);
  }
  GIVE(tiny_modules);
}

const struct log_line *cast_log(const struct guest *g, size_t *n) {
  (void)g;
  GIVE(demo_log);
}
