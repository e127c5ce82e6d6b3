// Pages of a mapped file that are gone when they are read: the kernel sends
// SIGBUS, and the thread that reads leaves its work.
#include "io_internal.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

struct guard {
  sigjmp_buf back;
  struct io_file *volatile file; // the one that lost a page
};

static _Thread_local struct guard *volatile innermost;

static struct io_file *file_at(const void *address) {
  for (struct io_file *f = io_files; f; f = f->next) {
    uintptr_t start = (uintptr_t)f->map, at = (uintptr_t)address;
    if (f->map && at >= start && at - start < f->bytes)
      return f;
  }
  return NULL;
}

static void on_sigbus(int signal_number, siginfo_t *info, void *context) {
  (void)context;
  struct io_file *file = file_at(info->si_addr);
  struct guard *guard = innermost;
  if (!file || !guard) { // not ours: the same instruction runs into the default
    signal(signal_number, SIG_DFL);
    return;
  }
  file->lost = -1;
  file->lost_at = (uint64_t)((const uint8_t *)info->si_addr - file->map);
  guard->file = file;
  siglongjmp(guard->back, 1);
}

static void install(void) {
  struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, NULL);
}

bool io_guard_run(int (*work)(void *user), void *user, int *ret, struct io_error *why) {
  struct guard guard = {.file = NULL};
  struct guard *outer = innermost;
  install(); // each time: another may have taken the signal since
  if (sigsetjmp(guard.back, 1)) {
    innermost = outer;
    (void)io_file_intact(guard.file, why);
    return false;
  }
  innermost = &guard;
  *ret = work(user);
  innermost = outer;
  return true;
}
