// A test's part that may end its process: run in a child, and judged by how that
// ended.
#ifndef IO_TEST_CHILD_H
#define IO_TEST_CHILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_KILLED = 1000 }; // + the signal

// The child's exit code, or CHILD_KILLED + signal. work's result is the code.
static inline int in_child(int (*work)(void *user), void *user) {
  int status = 0;
  fflush(NULL);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0)
    _exit(work(user));
  assert_int_equal(waitpid(pid, &status, 0), pid);
  return WIFSIGNALED(status) ? CHILD_KILLED + WTERMSIG(status) : WEXITSTATUS(status);
}

#endif
