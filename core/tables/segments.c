// segments: which guest-physical memory the dump holds, and how.
#include "image/image.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { START, END, STATE, FILE_OFFSET, BYTES, COLUMNS };

static const struct kl_column columns[] = {
    [START] = {"start", KL_CELL_ADDRESS, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "first guest-physical address"},
    [END] = {"end", KL_CELL_ADDRESS, 0, "first guest-physical address behind it"},
    [STATE] = {"state", KL_CELL_TEXT, 0,
               "file: its bytes are there; zero: declared to be zero; filtered: left out"},
    [FILE_OFFSET] = {"file_offset", KL_CELL_U64, 0, "where its bytes begin in the file"},
    [BYTES] = {"bytes", KL_CELL_U64, 0, "how long it is"},
};

struct state {
  uint64_t next;
};

static const char *state_name(enum kl_segment_state state) {
  switch (state) {
  case KL_SEGMENT_FILE:
    return "file";
  case KL_SEGMENT_ZERO:
    return "zero";
  case KL_SEGMENT_FILTERED:
    return "filtered";
  }
  return "unknown";
}

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t max;
  if (!kl_pushed_range(c, START, &s->next, &max))
    return KL_END;
  return KL_OK;
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  struct kl_segment segment;
  KL_TRY(kl_image_segment(c->dump->image, s->next, &segment));
  if (segment.end <= s->next) // nothing would ever end here
    return KL_ERR_INTERNAL;
  s->next = segment.end;
  kl_put(c, START, KL_OK, 0, segment.start);
  kl_put(c, END, KL_OK, 0, segment.end);
  kl_put_string(c, STATE, state_name(segment.state));
  if (segment.state == KL_SEGMENT_FILE)
    kl_put(c, FILE_OFFSET, KL_OK, 0, segment.file_offset);
  kl_put(c, BYTES, KL_OK, 0, segment.end - segment.start);
  return KL_OK;
}

static const struct kl_table_code code = {.state_bytes = sizeof(struct state), .open = open, .next = next};

const struct kl_table kl_segments_table = {
    .name = "segments",
    .group = "machine",
    .doc = "runs of guest-physical memory that the dump holds, declares to be zero, or left out",
    .example = "segments DUMP state=file",
    .flags = KL_TABLE_IMAGE_ONLY,
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
