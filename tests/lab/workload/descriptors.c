/* One process that holds every kind of open file we could think of. */
#include "workload.h"

#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#define PLACE "/mnt/ext4/descriptors"

static void tell(const char *name, int fd) {
  struct stat facts;
  must(fstat(fd, &facts), name);
  fact("descriptors",
       "{\"fact\": \"descriptor\", \"pid\": %d, \"name\": \"%s\", \"fd\": %d, "
       "\"device\": \"%u:%u\", \"inode\": %lu, \"mode\": \"%o\", \"bytes\": %ld}",
       getpid(), name, fd, major(facts.st_dev), minor(facts.st_dev), (unsigned long)facts.st_ino, facts.st_mode,
       (long)facts.st_size);
}

struct plain {
  const char *name, *path;
  int flags;
  off_t position;
  bool unlink;
};

static const struct plain plain_files[] = {
    {"regular", PLACE "/regular", O_RDWR | O_CREAT, 1234, false},
    {"append", PLACE "/append", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0, false},
    {"sync", PLACE "/sync", O_RDWR | O_CREAT | O_SYNC | O_NOATIME, 0, false},
    {"far", PLACE "/far", O_RDWR | O_CREAT | O_LARGEFILE, INT64_C(1) << 40, false},
    {"deleted", PLACE "/deleted file", O_RDWR | O_CREAT, 7, true},
    {"tmpfile", PLACE, O_RDWR | O_TMPFILE, 0, false},
    {"path", "/mnt/ext4", O_PATH, 0, false},
    {"directory", PLACE, O_RDONLY | O_DIRECTORY, 0, false},
    {"proc", "/proc/self/maps", O_RDONLY, 0, false},
    {"sysfs", "/sys/kernel/notes", O_RDONLY, 0, false},
    {"null", "/dev/null", O_RDWR, 0, false},
    {"zero", "/dev/zero", O_RDONLY | O_NONBLOCK, 0, false},
    {"block", "/dev/vda", O_RDONLY, 0, false},
    {"terminals", "/dev/ptmx", O_RDWR | O_NOCTTY, 0, false},
};

static void open_plain(void) {
  must(mkdir(PLACE, 0755), PLACE);
  for (size_t at = 0; at < sizeof plain_files / sizeof plain_files[0]; at++) {
    const struct plain *file = &plain_files[at];
    int fd = (int)must(open(file->path, file->flags, 0640), file->path);
    if (file->position != 0)
      must(lseek(fd, file->position, SEEK_SET), file->path);
    if (file->unlink)
      must(unlink(file->path), file->path);
    tell(file->name, fd);
  }
}

static void open_memory(void) {
  static char block[BLOCK];
  int fd = (int)must(memfd_create("lab memfd", MFD_ALLOW_SEALING), "memfd");
  for (unsigned long at = 0; at < 8; at++) {
    fill_block(block, "memfd", at);
    must(write(fd, block, BLOCK), "memfd");
  }
  must(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), "seal");
  tell("memfd", fd);
}

/* Pipes and sockets with something in them that nobody reads. */
static void open_channels(void) {
  static char block[3 * BLOCK];
  int ends[2];
  fill(block, "pipe", sizeof block);
  must(pipe(ends), "pipe");
  must(write(ends[1], block, sizeof block), "pipe");
  tell("pipe-read", ends[0]);
  tell("pipe-write", ends[1]);

  must(mkfifo(PLACE "/fifo", 0600), "fifo");
  tell("fifo", (int)must(open(PLACE "/fifo", O_RDWR | O_NONBLOCK), "fifo"));

  static const struct {
    const char *name;
    int type;
  } pairs[] = {
      {"unix-stream", SOCK_STREAM},
      {"unix-datagram", SOCK_DGRAM},
      {"unix-packets", SOCK_SEQPACKET},
  };
  for (size_t at = 0; at < 3; at++) {
    must(socketpair(AF_UNIX, pairs[at].type, 0, ends), pairs[at].name);
    must(write(ends[0], "unread", 6), pairs[at].name);
    tell(pairs[at].name, ends[0]);
    tell(pairs[at].name, ends[1]);
  }
}

/* A file that is open only in a message that nobody has received. */
static void send_descriptor(void) {
  int ends[2];
  must(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), "in flight");
  int fd = (int)must(open(PLACE "/in-flight", O_RDWR | O_CREAT, 0600), "in flight");
  union {
    char room[CMSG_SPACE(sizeof(int))];
    struct cmsghdr aligned;
  } control;
  struct iovec text = {"fd", 2};
  struct msghdr message = {
      .msg_iov = &text, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(head), &fd, sizeof fd);
  must(sendmsg(ends[0], &message, 0), "in flight");
  close(fd);
  tell("in-flight-from", ends[0]);
  tell("in-flight-to", ends[1]);
}

static void open_events(void) {
  int event = (int)must(eventfd(42, EFD_NONBLOCK), "eventfd");
  tell("eventfd", event);

  int epoll = (int)must(epoll_create1(EPOLL_CLOEXEC), "epoll");
  struct epoll_event wanted = {.events = EPOLLIN | EPOLLET, .data.u64 = 0x1122334455667788};
  must(epoll_ctl(epoll, EPOLL_CTL_ADD, event, &wanted), "epoll");
  tell("epoll", epoll);

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR2);
  tell("signalfd", (int)must(signalfd(-1, &signals, 0), "signalfd"));

  int timer = (int)must(timerfd_create(CLOCK_BOOTTIME, 0), "timerfd");
  struct itimerspec later = {.it_value.tv_sec = 1000000};
  must(timerfd_settime(timer, 0, &later, NULL), "timerfd");
  tell("timerfd", timer);

  int inotify = (int)must(inotify_init1(0), "inotify");
  must(inotify_add_watch(inotify, PLACE, IN_CREATE), "inotify");
  tell("inotify", inotify);

  tell("pidfd", (int)must(syscall(SYS_pidfd_open, getppid(), 0), "pidfd"));
  /* Not in every kernel, or not for everyone. */
  int fanotify = fanotify_init(FAN_CLASS_NOTIF, O_RDONLY);
  if (fanotify >= 0)
    tell("fanotify", fanotify);
  long userfault = syscall(SYS_userfaultfd, 0);
  if (userfault >= 0)
    tell("userfaultfd", (int)userfault);
}

/* Locks show in fdinfo; a duplicate shares position and flags; a high number grows the table. */
static void share(void) {
  int fd = (int)must(open(PLACE "/locked", O_RDWR | O_CREAT, 0600), "locked");
  must(flock(fd, LOCK_EX), "flock");
  struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 20};
  must(fcntl(fd, F_OFD_SETLK, &range), "lock");
  tell("locked", fd);
  must(lseek(fd, 77, SEEK_SET), "locked");
  tell("duplicate", (int)must(dup(fd), "dup"));
  tell("high", (int)must(dup2(fd, 700), "dup2"));
}

int main(void) {
  open_plain();
  open_memory();
  open_channels();
  send_descriptor();
  open_events();
  share();
  settled("descriptors");
  sleep_for_ever();
}
