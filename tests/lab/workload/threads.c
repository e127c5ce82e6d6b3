/* One process, several threads, each with a name of its own. */
#include "workload.h"

#include <pthread.h>
#include <sys/syscall.h>

static const char *const names[] = {
    "weaver", "spinner", "a b\tc", "fifteen-letters", "\xd0\xbd\xd0\xb8\xd1\x82\xd1\x8c", "\xff\xfe bad", "",
};
enum { THREADS = sizeof names / sizeof names[0] };

static pthread_barrier_t named;

static void *thread(void *argument) {
  const char *name = argument;
  must(prctl(PR_SET_NAME, name), "PR_SET_NAME");

  char name_hex[33];
  fact("threads", "{\"fact\": \"thread\", \"tgid\": %d, \"tid\": %ld, \"comm_hex\": \"%s\"}", getpid(),
       syscall(SYS_gettid), hex(name, strlen(name), name_hex));
  pthread_barrier_wait(&named);
  sleep_for_ever();
}

int main(void) {
  /* One at a time, so that tids follow the table and facts do not mix. */
  pthread_barrier_init(&named, NULL, 2);
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 64 << 10);
  for (int at = 0; at < THREADS; at++) {
    pthread_t id;
    if (pthread_create(&id, &small, thread, (void *)(uintptr_t)names[at]) != 0)
      die("pthread_create");
    pthread_barrier_wait(&named);
  }
  settled("threads");
  sleep_for_ever();
}
