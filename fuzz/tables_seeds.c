// Writes the seeds of the harness tables: for each guest and each table, the
// bytes of the guest that reading the table reads. tables_seeds DIRECTORY
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attached.h"
#include "kernlens/table.h"
#include "rows.h"

// A table that reads more is fuzzed from nothing, as it is when all that it
// reads is not the guest's doing.
enum { MOST_BYTES = 16384, ROWS = 24, STEPS = 1 << 11 };

static void write_seed(const char *folder, const struct attached *a, const struct kl_table *table,
                       const uint8_t *script, size_t n, unsigned which) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s-%s", folder, table->name, a->name);
  uint16_t hash = attached_table_hash(table->name);
  uint8_t tail[FUZZ_TAIL] = {0};
  tail[FUZZ_TAIL - 2] = (uint8_t)which; // the order of tables_fuzzer.c, from the end
  tail[FUZZ_TAIL - 3] = (uint8_t)hash;
  tail[FUZZ_TAIL - 4] = (uint8_t)(hash >> 8);
  FILE *f = fopen(path, "wb");
  if (!f || (n && fwrite(script, 1, n, f) != n) || fwrite(tail, 1, sizeof tail, f) != sizeof tail ||
      fclose(f) != 0) {
    fprintf(stderr, "tables_seeds: could not write %s\n", path);
    exit(1);
  }
}

static void trace(const char *folder, const struct kl_table *table, unsigned which) {
  struct attached *a = attached_begin(which, (struct kl_bytes){0});
  uint8_t *seen = calloc(1, attached_file_bytes(a)), *script = NULL;
  size_t n = 0;
  FUZZ_REQUIRE(seen != NULL);
  a->seen = seen;
  struct kl_query query = {.table = table, .columns = ~0ull, .steps = STEPS};
  struct fuzz_rows r = {0};
  for (uint64_t rows = ROWS; rows; rows /= 2) { // fewer rows where each reads much
    memset(seen, 0, attached_file_bytes(a));
    r = fuzz_read_rows(a->dump, &query, rows, NULL);
    n = attached_script(a, &script);
    if (n <= MOST_BYTES)
      break;
    n = 0;
  }
  printf("%-18s %-18s %3llu rows %6llu reads %6zu bytes\n", a->name, table->name, (unsigned long long)r.rows,
         (unsigned long long)a->reads, n);
  write_seed(folder, a, table, script, n, which);
  attached_end(a);
  free(seen);
  free(script);
}

int main(int argc, char **argv) {
  const struct kl_table *table;
  if (argc != 2)
    return 2;
  for (unsigned which = 0; which < ATTACHED_GUESTS; which++)
    for (size_t i = 0; (table = kl_table_at(i)); i++)
      trace(argv[1], table, which);
  return 0;
}
