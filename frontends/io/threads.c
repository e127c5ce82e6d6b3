// Threads for one piece of work that several can share.
#include "io_internal.h"

#include <pthread.h>
#include <sched.h>

struct job {
  void (*work)(void *user, size_t i);
  void (*ended)(void *user);
  void *user;
};

struct part {
  const struct job *job;
  size_t i;
  pthread_t thread;
  bool whole;
  struct io_error why;
};

size_t io_processors(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) // more processors than the set has room for
    return IO_MOST_THREADS;
  int n = CPU_COUNT(&set);
  return n < 1 ? 1 : n > IO_MOST_THREADS ? IO_MOST_THREADS : (size_t)n;
}

static int do_work(void *user) {
  struct part *part = user;
  part->job->work(part->job->user, part->i);
  return 0;
}

static void *run_part(void *user) {
  struct part *part = user;
  int code;
  part->whole = io_guard_run(do_work, part, &code, &part->why);
  if (!part->whole)
    part->job->ended(part->job->user);
  return NULL;
}

bool io_threads_run(size_t n, void (*work)(void *user, size_t i), void (*ended)(void *user), void *user,
                    struct io_error *why) {
  struct job job = {work, ended, user};
  struct part parts[IO_MOST_THREADS];
  size_t started = 0;
  for (size_t i = 0; i < n && i < IO_MOST_THREADS; i++) {
    parts[i] = (struct part){.job = &job, .i = i};
    if (i && pthread_create(&parts[i].thread, NULL, run_part, &parts[i]) != 0)
      break;
    started++;
  }
  if (started)
    run_part(&parts[0]);
  bool whole = true;
  for (size_t i = 0; i < started; i++) {
    if (i)
      pthread_join(parts[i].thread, NULL);
    if (!parts[i].whole && whole)
      *why = parts[i].why;
    whole &= parts[i].whole;
  }
  return whole;
}
