// Prints values of every struct and union of a BTF, here and by libbpf, of the
// same bytes. None of the bytes is zero: libbpf ends arrays of char there.
//
//   btf_values FILE        for each: "= NAME", ours, "-", libbpf's, and "!" where libbpf gives up
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "btf/btf.h"
#include "files.h"

enum { BYTES = 4096 }; // of the largest: few are larger, and they are long
static uint8_t arena_block[64 << 20];

static void print(void *context, const char *format, va_list arguments) {
  (void)context;
  vprintf(format, arguments);
}

static enum kl_status write_out(void *user, const char *p, size_t n) {
  return fwrite(p, 1, n, user) == n ? KL_OK : KL_ERR_IO;
}

static bool print_both(const struct kl_btf *btf, struct btf_dump *dump, const struct kl_btf_type *t) {
  char buffer[4096];
  uint8_t *bytes = malloc(t->size); // exactly as many as it has
  if (!bytes)
    return false;
  uint64_t random = t->id + 1;
  for (uint32_t i = 0; i < t->size; i++) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    bytes[i] = (uint8_t)(random >> 56) | (i % 4 ? 0x80 : 0x01); // hardly ever text
  }
  struct kl_text text = kl_text_into(buffer, sizeof buffer);
  text.flush = write_out;
  text.user = stdout;
  printf("= %.*s\n", (int)t->name.n, (const char *)t->name.p);
  enum kl_status status = kl_btf_print_value(btf, t->id, kl_bytes_of(bytes, t->size), KL_BTF_VALUE_TEXT, &text);
  bool ok = status == KL_OK && kl_text_flush(&text) == KL_OK;
  puts("\n-");
  LIBBPF_OPTS(btf_dump_type_data_opts, options, .emit_zeroes = true);
  int theirs = btf_dump__dump_type_data(dump, t->id, bytes, t->size, &options);
  puts(theirs == (int)t->size ? "" : "\n!"); // it knows no arrays of empty structs, for one
  free(bytes);
  return ok;
}

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments) {
  (void)level;
  (void)format;
  (void)arguments;
  return 0;
}

int main(int argc, char **argv) {
  struct kl_limits limits = kl_limits_default();
  struct kl_arena arena;
  struct kl_btf *btf;
  if (argc != 2)
    return 2;
  libbpf_set_print(quiet);
  kl_arena_init(&arena, arena_block, sizeof arena_block);
  struct kl_bytes data = file_bytes(argv[1]);
  struct btf *theirs = btf__new(data.p, (uint32_t)data.n);
  struct btf_dump *dump = theirs ? btf_dump__new(theirs, print, 0, 0) : 0;
  if (kl_btf_open(&arena, data, 0, &limits, &btf, 0) != KL_OK || !dump)
    return 1;
  int failed = 0;
  for (uint32_t id = 1; id < kl_btf_count(btf) && !failed; id++) {
    struct kl_btf_type t;
    kl_btf_type(btf, id, &t);
    if ((t.kind == KL_BTF_STRUCT || t.kind == KL_BTF_UNION) && t.name.n && t.size && t.size <= BYTES)
      failed = !print_both(btf, dump, &t);
  }
  btf_dump__free(dump);
  btf__free(theirs);
  file_free(data);
  return failed;
}
