/*
 * The first process of a guest with much memory and little in it: some areas filled, a file of its
 * own in the page cache, some processes; says so and sleeps.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { AREA = 256 << 20, PART = 1 << 20, PROCESSES = 200 };

int main(void) {
  const char *said = "lab: ready\n";
  char *area = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int file = open("/file", O_RDWR | O_CREAT, 0644);
  if (area == MAP_FAILED || file < 0)
    said = "lab: failed\n";
  else
    memset(area, 1, AREA);
  for (int at = 0; file >= 0 && at < AREA / PART; at++)
    if (write(file, area, PART) != PART)
      said = "lab: failed\n";
  for (int i = 0; i < PROCESSES; i++) {
    pid_t pid = fork();
    if (pid < 0)
      said = "lab: failed\n";
    if (pid == 0)
      for (;;)
        pause();
  }
  (void)!write(1, said, strlen(said));
  for (;;)
    pause();
}
