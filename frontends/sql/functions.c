// SQL functions that look into the dump: phys, read_bytes, symbol, type_json,
// addr; and regexp.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "kernlens/inspect.h"
#include "sql_internal.h"

enum {
  READ_MAX = 16 << 20,   // bytes that one read_bytes may ask for
  PATTERN_MAX = 4096,    // bytes of a regular expression
  PATTERN_DEPTH = 64,    // parentheses in it
  MATCH_STEPS = 1000000, // of one match: then it is an error, not a hang
  MATCH_KIB = 16 << 10,  // heap of one match
};

bool sql_address(sqlite3_value *value, uint64_t *ret) {
  if (sqlite3_value_type(value) == SQLITE_INTEGER) {
    *ret = (uint64_t)sqlite3_value_int64(value);
    return true;
  }
  if (sqlite3_value_type(value) != SQLITE_TEXT)
    return false;
  struct kl_bytes text = kl_bytes_of(sqlite3_value_text(value), (size_t)sqlite3_value_bytes(value));
  return kl_bytes_start(text, "0x") ? kl_parse_hex(text, ret) : kl_parse_decimal(text, ret);
}

void sql_result_text(sqlite3_context *context, struct kl_text *text) {
  if (text->truncated)
    sqlite3_result_error_toobig(context);
  else
    sqlite3_result_text(context, text->buffer, (int)text->used, SQLITE_TRANSIENT);
}

// The memory that an address lies in: the kernel's, or that of the process in
// the argument behind. Null when there is none: the result is then NULL.
static struct kl_memory *memory_of(sqlite3_context *context, int argc, sqlite3_value **argv, int pid,
                                   void **block) {
  struct kl_dump *dump = sqlite3_user_data(context);
  struct kl_place place = {.kind = KL_PLACE_KERNEL};
  struct kl_memory *memory = NULL;
  if (argc > pid) {
    place.kind = KL_PLACE_PROCESS;
    place.pid = (uint64_t)sqlite3_value_int64(argv[pid]);
  }
  *block = sql_block(kl_memory_bytes());
  if (!*block) {
    sqlite3_result_error_nomem(context);
    return NULL;
  }
  if (kl_memory_open(dump, &place, *block, kl_memory_bytes(), &memory) == KL_OK)
    return memory;
  free(*block);
  *block = NULL;
  return NULL;
}

// phys(address [, pid]): the physical address, or NULL.
static void phys(sqlite3_context *context, int argc, sqlite3_value **argv) {
  uint64_t address;
  void *block;
  char buffer[32];
  struct kl_text text = kl_text_into(buffer, sizeof buffer);
  struct kl_translated t;
  if (!sql_address(argv[0], &address))
    return;
  struct kl_memory *memory = memory_of(context, argc, argv, 1, &block);
  if (!memory)
    return;
  if (kl_memory_translate(memory, address, &t) == KL_OK && t.mapped) {
    kl_text_address(&text, t.physical);
    sql_result_text(context, &text);
  }
  free(block);
}

// read_bytes(address, n [, pid]): n bytes in hex, or NULL where any is missing.
static void read_bytes(sqlite3_context *context, int argc, sqlite3_value **argv) {
  uint64_t address;
  void *block;
  sqlite3_int64 n = sqlite3_value_int64(argv[1]);
  if (!sql_address(argv[0], &address) || n < 0)
    return;
  if (n > READ_MAX) {
    sqlite3_result_error_toobig(context);
    return;
  }
  struct kl_memory *memory = memory_of(context, argc, argv, 2, &block);
  if (!memory)
    return;
  char *hex = sqlite3_malloc64((sqlite3_uint64)n * 3 + 1);
  if (!hex) {
    sqlite3_result_error_nomem(context);
  } else {
    uint8_t *bytes = (uint8_t *)hex + 2 * n; // read behind, spelled out in front
    struct kl_text text = kl_text_into(hex, (size_t)n * 2);
    if (kl_memory_read(memory, address, bytes, (size_t)n) == KL_OK) {
      kl_text_bytes_hex(&text, bytes, (size_t)n);
      sql_result_text(context, &text);
    }
  }
  sqlite3_free(hex);
  free(block);
}

// symbol(address): "name+0x10", or NULL when no symbol is near.
static void symbol(sqlite3_context *context, int argc, sqlite3_value **argv) {
  (void)argc;
  uint64_t address;
  char buffer[1100];
  struct kl_text text = kl_text_into(buffer, sizeof buffer);
  if (!sql_address(argv[0], &address))
    return;
  kl_symbol_print(sqlite3_user_data(context), address, &text);
  if (text.used)
    sql_result_text(context, &text);
}

// type_json(type, address [, pid]): the value of a kernel type as JSON.
static void type_json(sqlite3_context *context, int argc, sqlite3_value **argv) {
  enum { JSON_MAX = 4 << 20 };
  struct kl_dump *dump = sqlite3_user_data(context);
  struct kl_type_place type;
  uint64_t address;
  void *block;
  const char *name = (const char *)sqlite3_value_text(argv[0]);
  if (!name || !sql_address(argv[1], &address) ||
      kl_type_find(dump, name, (size_t)sqlite3_value_bytes(argv[0]), &type, NULL) != KL_OK)
    return;
  struct kl_memory *memory = memory_of(context, argc, argv, 2, &block);
  if (!memory)
    return;
  char *buffer = malloc(JSON_MAX);
  if (!buffer) {
    sqlite3_result_error_nomem(context);
  } else {
    struct kl_text text = kl_text_into(buffer, JSON_MAX);
    if (kl_type_value(dump, memory, &type, address + type.offset, true, &text, NULL) == KL_OK)
      sql_result_text(context, &text);
  }
  free(buffer);
  free(block);
}

// addr(x): an integer or text as an address is spelled, or NULL.
static void addr(sqlite3_context *context, int argc, sqlite3_value **argv) {
  (void)argc;
  uint64_t address;
  char buffer[32];
  struct kl_text text = kl_text_into(buffer, sizeof buffer);
  if (!sql_address(argv[0], &address))
    return;
  kl_text_address(&text, address);
  sql_result_text(context, &text);
}

static void free_pattern(void *code) {
  pcre2_code_free(code);
}

// The compiled pattern: kept by SQLite between rows where it is a constant.
static pcre2_code *pattern_of(sqlite3_context *context, sqlite3_value *value, bool *kept) {
  pcre2_code *code = sqlite3_get_auxdata(context, 0);
  *kept = true;
  if (code)
    return code;
  int error;
  PCRE2_SIZE where;
  const unsigned char *text = sqlite3_value_text(value);
  size_t n = (size_t)sqlite3_value_bytes(value);
  pcre2_compile_context *limits = pcre2_compile_context_create(NULL);
  if (limits) {
    pcre2_set_parens_nest_limit(limits, PATTERN_DEPTH);
    pcre2_set_max_pattern_length(limits, PATTERN_MAX);
    code = pcre2_compile(text, n, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &error, &where, limits);
    pcre2_compile_context_free(limits);
  }
  if (!code)
    sqlite3_result_error(context, "regexp: the pattern is not a regular expression, or too long", -1);
  *kept = false;
  return code;
}

// regexp(pattern, text), which X REGEXP Y calls: Perl's syntax (PCRE2), bounded.
static void regexp(sqlite3_context *context, int argc, sqlite3_value **argv) {
  (void)argc;
  const unsigned char *text = sqlite3_value_text(argv[1]);
  if (!text || !sqlite3_value_text(argv[0]))
    return; // NULL
  bool kept;
  pcre2_code *code = pattern_of(context, argv[0], &kept);
  if (!code)
    return;
  pcre2_match_data *data = pcre2_match_data_create(1, NULL);
  pcre2_match_context *limits = pcre2_match_context_create(NULL);
  if (data && limits) {
    pcre2_set_match_limit(limits, MATCH_STEPS);
    pcre2_set_heap_limit(limits, MATCH_KIB);
    int rc = pcre2_match(code, text, (size_t)sqlite3_value_bytes(argv[1]), 0, 0, data, limits);
    if (rc >= 0 || rc == PCRE2_ERROR_NOMATCH)
      sqlite3_result_int(context, rc >= 0);
    else
      sqlite3_result_error(context, "regexp: this match takes too long", -1);
  } else {
    sqlite3_result_error_nomem(context);
  }
  pcre2_match_data_free(data);
  pcre2_match_context_free(limits);
  if (!kept)
    sqlite3_set_auxdata(context, 0, code, free_pattern); // last: it may free the code at once
}

int sql_functions_register(sqlite3 *db, struct kl_dump *dump) {
  static const struct {
    const char *name;
    int arguments;
    void (*run)(sqlite3_context *, int, sqlite3_value **);
  } functions[] = {
      {"phys", 1, phys},
      {"phys", 2, phys},
      {"read_bytes", 2, read_bytes},
      {"read_bytes", 3, read_bytes},
      {"symbol", 1, symbol},
      {"type_json", 2, type_json},
      {"type_json", 3, type_json},
      {"addr", 1, addr},
      {"regexp", 2, regexp},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    int rc = sqlite3_create_function_v2(db, functions[i].name, functions[i].arguments,
                                        SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, dump,
                                        functions[i].run, NULL, NULL, NULL);
    if (rc != SQLITE_OK)
      return rc;
  }
  return SQLITE_OK;
}
