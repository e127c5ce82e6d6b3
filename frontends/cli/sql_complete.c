#include "sql_complete.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kernlens/table.h"
#include "sql.h"
#include "sql_shell.h"

static const char *const words[] = {"SELECT",
                                    "FROM",
                                    "WHERE",
                                    "JOIN",
                                    "LEFT JOIN",
                                    "ON",
                                    "USING",
                                    "GROUP BY",
                                    "ORDER BY",
                                    "HAVING",
                                    "LIMIT",
                                    "DESC",
                                    "DISTINCT",
                                    "AS",
                                    "AND",
                                    "OR",
                                    "NOT",
                                    "NULL",
                                    "IS",
                                    "IN",
                                    "LIKE",
                                    "GLOB",
                                    "REGEXP",
                                    "BETWEEN",
                                    "CASE",
                                    "WHEN",
                                    "THEN",
                                    "ELSE",
                                    "END",
                                    "UNION",
                                    "EXISTS",
                                    "WITH",
                                    "RECURSIVE",
                                    "OFFSET",
                                    "EXPLAIN QUERY PLAN",
                                    "count(",
                                    "sum(",
                                    "min(",
                                    "max(",
                                    "avg(",
                                    "group_concat(",
                                    "printf(",
                                    "length(",
                                    "hex(",
                                    "phys(",
                                    "read_bytes(",
                                    "symbol(",
                                    "type_json(",
                                    "addr("};

static bool part_of_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static void offer(struct cli_completions *c, const char *name, const char *typed) {
  if (c->n < CLI_COMPLETIONS && strncasecmp(name, typed, c->typed) == 0)
    c->names[c->n++] = name;
}

// Whether the line has this name as a word of its own.
static bool names(const char *line, size_t n, const char *name) {
  size_t length = strlen(name);
  for (size_t i = 0; i + length <= n; i++)
    if (strncasecmp(line + i, name, length) == 0 && (!i || !part_of_word(line[i - 1])) &&
        (i + length == n || !part_of_word(line[i + length])))
      return true;
  return false;
}

static void offer_columns(struct cli_completions *c, const char *line, size_t n, const char *typed) {
  bool any = false;
  for (size_t i = 0; kl_table_at(i); i++)
    any |= names(line, n, kl_table_at(i)->name);
  for (size_t i = 0; kl_table_at(i); i++) {
    const struct kl_table *t = kl_table_at(i);
    for (uint32_t k = 0; k < t->n_columns && (!any || names(line, n, t->name)); k++)
      offer(c, t->columns[k].name, typed);
  }
}

static void offer_tables(struct cli_completions *c, const char *typed) {
  const struct sql_view *view;
  for (size_t i = 0; kl_table_at(i); i++)
    offer(c, kl_table_at(i)->name, typed);
  for (size_t i = 0; (view = sql_view_at(i)); i++)
    if (sql_view_present(view))
      offer(c, view->name, typed);
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void settle(struct cli_completions *c) {
  size_t kept = 0;
  if (c->n)
    qsort(c->names, c->n, sizeof *c->names, by_name);
  for (size_t i = 0; i < c->n; i++)
    if (!i || strcmp(c->names[i], c->names[kept - 1]) != 0)
      c->names[kept++] = c->names[i];
  c->n = kept;
  c->common = kept ? strlen(c->names[0]) : 0;
  for (size_t i = 1; i < kept; i++) {
    size_t same = 0;
    while (same < c->common && c->names[i][same] == c->names[0][same])
      same++;
    c->common = same;
  }
}

void cli_complete(const char *line, size_t n, struct cli_completions *ret) {
  size_t start = n;
  while (start && part_of_word(line[start - 1]))
    start--;
  *ret = (struct cli_completions){.typed = n - start};
  const char *typed = line + start;
  bool command = n && line[0] == '.';
  if (command && start == 1) {
    for (size_t i = 0; cli_shell_command_at(i); i++)
      offer(ret, cli_shell_command_at(i), typed);
  } else if (start && line[start - 1] == '.') { // of a table, or of an alias
    offer_columns(ret, line, n, typed);
  } else {
    offer_tables(ret, typed);
    if (!command && ret->typed) {
      offer_columns(ret, line, n, typed);
      for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        offer(ret, words[i], typed);
    }
  }
  settle(ret);
}
