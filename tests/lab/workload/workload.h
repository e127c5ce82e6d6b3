/*
 * What every workload program shares. A program sets up its scene, states what it did as facts,
 * says that it has settled and sleeps for ever: the truth stays true because nothing moves.
 *
 * Facts are JSON lines in /facts/NAME.jsonl, and reach the host as truth/workload/NAME.jsonl.
 */
#ifndef KERNLENS_LAB_WORKLOAD_H
#define KERNLENS_LAB_WORKLOAD_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static inline void die(const char *what) {
  fprintf(stderr, "workload: %s: %s\n", what, strerror(errno));
  exit(1);
}

/* For calls that return -1 on failure. */
static inline long must(long result, const char *what) {
  if (result < 0)
    die(what);
  return result;
}

static inline void *must_map(void *address, const char *what) {
  if (address == (void *)-1)
    die(what);
  return address;
}

/* Files are opened for one line at a time, so that no program keeps one open. */
__attribute__((format(printf, 2, 3))) static inline void fact(const char *workload, const char *format, ...) {
  char path[64];
  snprintf(path, sizeof path, "/facts/%s.jsonl", workload);
  FILE *file = fopen(path, "ae");
  if (file == NULL)
    die(path);
  va_list values;
  va_start(values, format);
  vfprintf(file, format, values);
  va_end(values);
  fputc('\n', file);
  fclose(file);
}

/* The init script waits for this. */
static inline void settled(const char *workload) {
  char path[64];
  snprintf(path, sizeof path, "/settled/%s", workload);
  close((int)must(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644), path));
}

static inline _Noreturn void sleep_for_ever(void) {
  for (;;)
    pause();
}

/*
 * Forks a process that runs `scene`, which must call ready(pipe) once all is in place, and must
 * not return. The parent goes on only then. A scene may instead exec the sleeper, which is ready
 * once it runs: become_sleeper().
 */
static inline void ready(int pipe) {
  if (write(pipe, "", 1) != 1)
    die("ready");
  close(pipe);
}

static inline void await_ready(int read_end) {
  char byte;
  if (read(read_end, &byte, 1) != 1) {
    fprintf(stderr, "workload: a scene failed\n");
    exit(1);
  }
  close(read_end);
}

static inline pid_t spawn(void (*scene)(int pipe, const void *argument), const void *argument) {
  int ends[2];
  must(pipe(ends), "pipe");
  pid_t pid = (pid_t)must(fork(), "fork");
  if (pid == 0) {
    close(ends[0]);
    scene(ends[1], argument);
    exit(1);
  }
  close(ends[1]);
  await_ready(ends[0]);
  return pid;
}

/* The sleeper finds the pipe here: its arguments and its environment belong to the scene. */
enum { READY_FD = 9 };

#define SLEEPER "/workload/sleeper"

static inline _Noreturn void become_sleeper(int pipe, const char *path, char *const arguments[],
                                            char *const environment[]) {
  must(dup2(pipe, READY_FD), "dup2");
  if (pipe != READY_FD)
    close(pipe);
  execve(path, arguments, environment);
  die(path);
  exit(1);
}

static inline void copy_file(const char *from, const char *to, mode_t mode) {
  char part[65536];
  ssize_t got;
  int in = (int)must(open(from, O_RDONLY | O_CLOEXEC), from);
  int out = (int)must(open(to, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode), to);
  while ((got = must(read(in, part, sizeof part), from)) > 0)
    must(write(out, part, (size_t)got), to);
  close(in);
  close(out);
}

/*
 * Known contents, in blocks of 4096 bytes whatever the page size: the line "NAME:INDEX\n", over
 * and over, the last one cut off. Whoever knows name and index can write the block again.
 */
enum { BLOCK = 4096 };

static inline void fill_block(void *block, const char *name, unsigned long index) {
  char line[128];
  size_t length = (size_t)snprintf(line, sizeof line, "%s:%lu\n", name, index);
  for (size_t at = 0; at < BLOCK; at++)
    ((char *)block)[at] = line[at % length];
}

static inline void fill(void *area, const char *name, size_t bytes) {
  for (size_t at = 0; at < bytes; at += BLOCK)
    fill_block((char *)area + at, name, at / BLOCK);
}

/* For names that JSON could not hold. */
static inline const char *hex(const void *data, size_t length, char *out) {
  out[0] = '\0';
  for (size_t at = 0; at < length; at++)
    sprintf(out + 2 * at, "%02x", ((const unsigned char *)data)[at]);
  return out;
}

#endif
