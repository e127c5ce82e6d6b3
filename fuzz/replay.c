// The replayer: each file, and each file of each folder, through the harness.
// Any compiler can build it; it is how tests replay the corpus.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness.h"

static size_t replayed;

static void replay_file(const char *path, size_t bytes) {
  FILE *f = fopen(path, "rb");
  uint8_t *data = malloc(bytes ? bytes : 1); // exact, so that a sanitizer sees its ends
  if (!f || !data || fread(data, 1, bytes, f) != bytes) {
    fprintf(stderr, "replay: could not read %s\n", path);
    exit(1);
  }
  fclose(f);
  if (getenv("REPLAY_NAMES"))
    fprintf(stderr, "%s\n", path);
  LLVMFuzzerTestOneInput(data, bytes);
  free(data);
  replayed++;
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

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    struct stat s;
    if (stat(argv[i], &s) != 0)
      continue; // a harness without regressions has no such folder
    if (S_ISDIR(s.st_mode))
      replay_folder(argv[i]);
    else
      replay_file(argv[i], (size_t)s.st_size);
  }
  printf("%zu inputs\n", replayed);
  return replayed ? 0 : 1;
}
