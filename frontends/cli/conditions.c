// column=value, as the words behind a table are.
#include "conditions.h"

#include <string.h>

#include "tables/cell.h"

static const char *kind_name(enum kl_cell_kind kind) {
  switch (kind) {
  case KL_CELL_BOOL:
    return "true or false";
  case KL_CELL_ADDRESS:
    return "an address";
  case KL_CELL_BYTES:
    return "bytes in hex";
  case KL_CELL_TEXT:
    return "text";
  case KL_CELL_NULL:
  case KL_CELL_UNREADABLE:
  case KL_CELL_U64:
  case KL_CELL_I64:
  case KL_CELL_DURATION:
  case KL_CELL_TIME:
    break;
  }
  return "a number";
}

static int unknown_column(const struct cli *cli, const struct kl_table *table, struct kl_bytes column) {
  char typed[64];
  size_t n = column.n < sizeof typed ? column.n : sizeof typed - 1;
  memcpy(typed, column.p, n);
  typed[n] = 0;
  struct cli_guess guess = {.typed = typed};
  for (uint32_t i = 0; i < table->n_columns; i++)
    cli_guess_offer(&guess, table->columns[i].name);
  if (guess.best)
    return cli_misuse(cli, "%s has no column '%s': did you mean %s?", table->name, typed, guess.best);
  return cli_misuse(cli, "%s has no column '%s'", table->name, typed);
}

int cli_conditions_parse(struct cli_conditions *ret, const struct cli *cli, const struct kl_table *table,
                         const char *const *words, size_t n) {
  struct kl_text room = kl_text_into(ret->room, sizeof ret->room);
  ret->n = n;
  for (size_t i = 0; i < n; i++) {
    const char *text = words[i];
    struct kl_bytes column;
    enum kl_status status =
        kl_constraint_parse(table, kl_bytes_of(text, strlen(text)), &room, &ret->items[i], &column);
    if (status == KL_ERR_NOT_FOUND)
      return unknown_column(cli, table, column);
    if (status == KL_ERR_ARGUMENT && column.n == strlen(text))
      return cli_misuse(cli, "'%s' is no condition: write column=value (or <, <=, >, >=)", text);
    if (status != KL_OK)
      return cli_misuse(cli, "'%s': this column takes %s", text,
                        kind_name(table->columns[ret->items[i].column].kind));
  }
  return CLI_ANSWERED;
}
