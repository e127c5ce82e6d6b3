// diagnostics: what could not be told so far, and why.
#include "tables/cursor.h"
#include "tables/registry.h"

enum { SUBJECT, OBJECT, WHAT, REASON, COUNT, COLUMNS };

static const struct kl_column columns[] = {
    [SUBJECT] = {"subject", KL_CELL_TEXT, KL_COLUMN_KEY, "the table, or the stage of opening the dump"},
    [OBJECT] = {"object", KL_CELL_ADDRESS, 0, "address (or file offset) of the first one"},
    [WHAT] = {"what", KL_CELL_TEXT, KL_COLUMN_KEY, "the column, structure or decision"},
    [REASON] = {"reason", KL_CELL_TEXT, KL_COLUMN_KEY, "what kept it from us"},
    [COUNT] = {"count", KL_CELL_U64, 0, "how often"},
};

struct state {
  size_t next;
};

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  const struct kl_diagnostics *list = &c->dump->diagnostics;
  if (s->next > list->used)
    return KL_END;
  if (s->next == list->used) { // one row for those that no longer fitted
    s->next++;
    if (!list->dropped)
      return KL_END;
    kl_put_string(c, SUBJECT, "diagnostics");
    kl_put_string(c, WHAT, "further diagnostics");
    kl_put_string(c, REASON, kl_status_text(KL_ERR_LIMIT));
    kl_put(c, COUNT, KL_OK, 0, list->dropped);
    return KL_OK;
  }
  const struct kl_diagnostic *d = &list->items[s->next++];
  kl_put_string(c, SUBJECT, d->subject);
  if (d->object)
    kl_put(c, OBJECT, KL_OK, 0, d->object);
  kl_put_string(c, WHAT, d->what);
  kl_put_string(c, REASON, kl_status_text(d->reason));
  kl_put(c, COUNT, KL_OK, 0, d->count);
  return KL_OK;
}

static const struct kl_table_code code = {.state_bytes = sizeof(struct state), .next = next};

const struct kl_table kl_diagnostics_table = {
    .name = "diagnostics",
    .group = "machine",
    .doc = "what could not be read or decided so far, and why",
    .example = "diagnostics DUMP",
    .flags = KL_TABLE_IMAGE_ONLY | KL_TABLE_GROWS,
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
