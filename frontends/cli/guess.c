// "Did you mean": the closest name by edits, transpositions counted as one.
#include <string.h>

#include "cli.h"

enum { LONGEST = 40 };

static unsigned least(unsigned a, unsigned b, unsigned c) {
  unsigned d = a < b ? a : b;
  return d < c ? d : c;
}

// Optimal string alignment distance of two strings of at most LONGEST bytes.
static unsigned distance(const char *a, size_t n, const char *b, size_t m) {
  unsigned rows[3][LONGEST + 1];
  unsigned *before = rows[0], *above = rows[1], *row = rows[2];
  for (size_t j = 0; j <= m; j++)
    above[j] = before[j] = (unsigned)j;
  for (size_t i = 1; i <= n; i++) {
    row[0] = (unsigned)i;
    for (size_t j = 1; j <= m; j++) {
      row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < row[j])
        row[j] = before[j - 2] + 1;
    }
    unsigned *oldest = before;
    before = above;
    above = row;
    row = oldest;
  }
  return above[m];
}

void cli_guess_offer(struct cli_guess *guess, const char *name) {
  size_t n = strlen(guess->typed), m = strlen(name);
  if (n < 2 || n > LONGEST || !m || m > LONGEST)
    return;
  unsigned close = n < 5 ? 1 : n < 9 ? 2 : 3;
  bool begins = m > n && strncmp(guess->typed, name, n) == 0;
  if (!begins && (m > n ? m - n : n - m) > close) // each letter too many is a change
    return;
  unsigned d = begins ? 0 : distance(guess->typed, n, name, m);
  if (d <= close && (!guess->best || d < guess->distance)) {
    guess->best = name;
    guess->distance = d;
  }
}
