/*
 * More than its control group may hold in memory (see init), private and shared: the rest is in
 * swap. Arguments are the swap areas, which all get one priority: the kernel then takes turns,
 * and there are entries of more than one swap type.
 */
#include "workload.h"

#include <sys/mman.h>
#include <sys/swap.h>

enum { AREA = 2 << 20 };

static char *fill_area(const char *name, int flags) {
  char *area = must_map(mmap(NULL, AREA, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0), name);
  fill(area, name, AREA);
  return area;
}

/* mincore says 1 for a page that is mapped or still in the swap cache. */
static void tell(const char *name, char *area) {
  static unsigned char resident[AREA / BLOCK];
  size_t pages = AREA / (size_t)sysconf(_SC_PAGESIZE), out = 0;
  must(mincore(area, AREA, resident), "mincore");
  for (size_t at = 0; at < pages; at++)
    out += !(resident[at] & 1);
  fact("swapped",
       "{\"fact\": \"area\", \"pid\": %d, \"area\": \"%s\", \"address\": \"0x%016lx\", "
       "\"bytes\": %d, \"filled\": \"%s\", \"pages\": %zu, \"not_resident\": %zu}",
       getpid(), name, (unsigned long)area, AREA, name, pages, out);
}

int main(int count, char **areas) {
  for (int at = 1; at < count; at++)
    must(swapon(areas[at], SWAP_FLAG_PREFER | 5), areas[at]);
  char *private = fill_area("swapped-private", MAP_PRIVATE);
  char *shared = fill_area("swapped-shared", MAP_SHARED);
  /* Some read back: present, but their slots in swap may be kept. */
  for (size_t at = 0; at < AREA / 8; at += BLOCK)
    (void)*(volatile char *)(private + at);
  tell("swapped-private", private);
  tell("swapped-shared", shared);
  settled("swapped");
  sleep_for_ever();
}
