/* Processes in states other than sleeping: stopped, traced, zombie, uninterruptible. */
#include "workload.h"

#include <signal.h>
#include <sys/ptrace.h>

static void stay(int pipe, const void *name) {
  must(prctl(PR_SET_NAME, name), "PR_SET_NAME");
  ready(pipe);
  sleep_for_ever();
}

static void leave(int pipe, const void *name) {
  must(prctl(PR_SET_NAME, name), "PR_SET_NAME");
  ready(pipe);
  _exit(7);
}

/* The parent of a vfork sleeps uninterruptibly until the child has done its exec. */
static void wait_on_vfork(int pipe, const void *name) {
  must(prctl(PR_SET_NAME, name), "PR_SET_NAME");
  volatile int shared = pipe;
  if (vfork() == 0) {
    ready(shared);
    sleep_for_ever();
  }
  _exit(1);
}

/* /proc/PID/stat tells the state after the name, which ends with the last parenthesis. */
static char state_of(pid_t pid) {
  char path[64], text[512] = "";
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  int fd = (int)must(open(path, O_RDONLY | O_CLOEXEC), path);
  must(read(fd, text, sizeof text - 1), path);
  close(fd);
  const char *end = strrchr(text, ')');
  return end != NULL ? end[2] : '?';
}

static void tell(pid_t pid, char state) {
  while (state_of(pid) != state)
    usleep(10000);
  fact("states", "{\"fact\": \"state\", \"pid\": %d, \"state\": \"%c\"}", pid, state);
}

int main(void) {
  pid_t stopped = spawn(stay, "stopped");
  must(kill(stopped, SIGSTOP), "SIGSTOP");
  tell(stopped, 'T');

  pid_t traced = spawn(stay, "traced");
  must(ptrace(PTRACE_ATTACH, traced, NULL, NULL), "PTRACE_ATTACH");
  must(waitpid(traced, NULL, 0), "waitpid");
  tell(traced, 't');

  pid_t zombie = spawn(leave, "zombie");
  tell(zombie, 'Z');

  pid_t uninterruptible = spawn(wait_on_vfork, "uninterrupted");
  tell(uninterruptible, 'D');

  settled("states");
  sleep_for_ever();
}
