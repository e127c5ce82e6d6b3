// log: the kernel's messages, as /dev/kmsg has them.
#include "linux/log.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { SEQUENCE, TIME_NS, LEVEL, FACILITY, CALLER, MESSAGE, SUBSYSTEM, DEVICE, COLUMNS };

static const struct kl_column columns[] = {
    [SEQUENCE] = {"sequence", KL_CELL_U64, KL_COLUMN_KEY, "its number since boot"},
    [TIME_NS] = {"time_ns", KL_CELL_DURATION, 0, "when it was written, since boot"},
    [LEVEL] = {"level", KL_CELL_U64, 0,
               "0 emergency, 1 alert, 2 critical, 3 error, 4 warning, 5 notice, 6, 7 debug"},
    [FACILITY] = {"facility", KL_CELL_U64, 0, "0 the kernel, 1 user programs and up, as in syslog"},
    [CALLER] = {"caller", KL_CELL_TEXT, 0, "who wrote it: T and a thread's pid, or C and a CPU"},
    [MESSAGE] = {"message", KL_CELL_TEXT, 0, "its text; lines in it are kept"},
    [SUBSYSTEM] = {"subsystem", KL_CELL_TEXT, 0, "of the device it is about"},
    [DEVICE] = {"device", KL_CELL_TEXT, 0,
                "the device it is about, as SUBSYSTEM and DEVICE are named in /dev/kmsg"},
};

enum { MESSAGE_BYTES = 64 << 10, CHUNK_BYTES = 1024 }; // printk_info.text_len has 16 bits

struct state {
  struct kl_log log;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  return kl_log_open(&s->log, c->kernel, &c->budget);
}

static void put_caller(struct kl_cursor *c, const struct kl_log_record *record) {
  size_t start = c->text.used;
  if (!kl_wants(c, CALLER))
    return;
  kl_text_char(&c->text, record->caller >> 31 & 1 ? 'C' : 'T');
  kl_text_decimal(&c->text, record->caller & 0x7fffffff);
  kl_put_written(c, CALLER, KL_OK, record->info, start);
}

static void put_message(struct kl_cursor *c, const struct kl_log_record *record, enum kl_status status) {
  size_t start = c->text.used, done = 0;
  char chunk[CHUNK_BYTES];
  if (!kl_wants(c, MESSAGE) || status == KL_ERR_NOT_FOUND)
    return;
  while (status == KL_OK && done < record->text_bytes) {
    size_t n = record->text_bytes - done;
    if (n > sizeof chunk)
      n = sizeof chunk;
    status = kl_read(c->kernel, record->text + done, chunk, n);
    if (status == KL_OK)
      kl_text_put(&c->text, chunk, n);
    done += n;
  }
  kl_put_written(c, MESSAGE, status, record->info, start);
}

static void put_device(struct kl_cursor *c, const struct kl_log_record *record) {
  uint64_t info;
  if (kl_member(c->kernel, record->info, KL_F_printk_info_dev_info, &info) != KL_OK)
    return;
  kl_put_field(c, SUBSYSTEM, info, KL_F_dev_printk_info_subsystem);
  kl_put_field(c, DEVICE, info, KL_F_dev_printk_info_device);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  struct kl_log_record record;
  enum kl_status status = kl_log_next(&s->log, &record);
  if (status == KL_END || status == KL_ERR_BUDGET)
    return status;
  kl_put(c, SEQUENCE, KL_OK, 0, record.sequence);
  kl_put(c, TIME_NS, KL_OK, 0, record.time_ns);
  kl_put(c, LEVEL, KL_OK, 0, record.level);
  kl_put(c, FACILITY, KL_OK, 0, record.facility);
  put_caller(c, &record);
  put_message(c, &record, status);
  put_device(c, &record);
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = MESSAGE_BYTES + 128, .open = open, .next = next};

const struct kl_table kl_log_table = {
    .name = "log",
    .group = "machine",
    .doc = "the kernel's messages, oldest first",
    .example = "log DUMP 'level<=3'",
    .typical_rows = 1000,
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
