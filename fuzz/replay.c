// The replayer: each file, and each file of each folder, through the harness.
// Any compiler can build it; it is how tests replay the corpus. With --speed it
// says how many inputs a second of one core that makes (fuzz/speed.py).
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "harness.h"

static struct input {
  uint8_t *data; // exact, so that a sanitizer sees its ends
  size_t n;
} * inputs;
static size_t n_inputs;

static void take_file(const char *path, size_t bytes) {
  FILE *f = fopen(path, "rb");
  uint8_t *data = malloc(bytes ? bytes : 1);
  struct input *more = realloc(inputs, (n_inputs + 1) * sizeof *inputs);
  if (!f || !data || !more || fread(data, 1, bytes, f) != bytes) {
    fprintf(stderr, "replay: could not read %s\n", path);
    exit(1);
  }
  fclose(f);
  inputs = more;
  inputs[n_inputs++] = (struct input){data, bytes};
}

static void replay_file(const char *path, size_t bytes) {
  if (getenv("REPLAY_NAMES"))
    fprintf(stderr, "%s\n", path);
  take_file(path, bytes);
  LLVMFuzzerTestOneInput(inputs[n_inputs - 1].data, bytes);
}

static void replay_folder(const char *path) {
  DIR *folder = opendir(path);
  for (struct dirent *entry; folder && (entry = readdir(folder));) {
    char inside[4096];
    struct stat s;
    if (entry->d_name[0] == '.' ||
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name) >= (int)sizeof inside)
      continue;
    if (stat(inside, &s) == 0 && S_ISREG(s.st_mode))
      replay_file(inside, (size_t)s.st_size);
  }
  if (folder)
    closedir(folder);
}

// ── Speed ──────────────────────────────────────────────────────────────────

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// What this machine does at this moment, of what a harness is made of: bytes
// that are read, and branches on them. Passes over 4 KiB.
static uint64_t calibrate(void) {
  static uint8_t block[4096];
  volatile uint32_t sum = 1;
  for (size_t i = 0; i < sizeof block; i++) {
    block[i] = (uint8_t)(block[i] + sum);
    sum = sum & 1 ? sum * 16777619u ^ block[i] : sum / 2 + block[(i * 7) % sizeof block];
  }
  return 1;
}

// In turns, so that a busy moment slows both. Tells passes of calibration and
// inputs, each a second.
static void measure(double seconds) {
  enum { TURNS = 16 };
  double spent[2] = {0};
  uint64_t done[2] = {0};
  for (int turn = 0; turn < TURNS; turn++) {
    double begin = cpu_seconds(), end = begin;
    for (; end - begin < seconds / TURNS / 4; end = cpu_seconds())
      done[0] += calibrate();
    spent[0] += end - begin;
    for (begin = end; end - begin < seconds / TURNS; end = cpu_seconds())
      for (size_t i = 0; i < n_inputs; i++, done[1]++)
        LLVMFuzzerTestOneInput(inputs[i].data, inputs[i].n);
    spent[1] += end - begin;
  }
  printf("%.0f %.0f\n", (double)done[0] / spent[0], (double)done[1] / spent[1]);
}

int main(int argc, char **argv) {
  double seconds = 0;
  int first = 1;
  if (argc > 2 && strcmp(argv[1], "--speed") == 0) {
    seconds = strtod(argv[2], NULL);
    first = 3;
  }
  for (int i = first; i < argc; i++) {
    struct stat s;
    if (stat(argv[i], &s) != 0)
      continue; // a harness without regressions has no such folder
    if (S_ISDIR(s.st_mode))
      replay_folder(argv[i]);
    else
      replay_file(argv[i], (size_t)s.st_size);
  }
  size_t n = n_inputs;
  if (seconds > 0 && n)
    measure(seconds);
  else
    printf("%zu inputs\n", n);
  for (size_t i = 0; i < n; i++)
    free(inputs[i].data);
  free(inputs);
  return n ? 0 : 1;
}
