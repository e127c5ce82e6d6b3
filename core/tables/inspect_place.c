// Addresses as people write them, and what lies there by name.
#include "base/text.h"
#include "kernel/dump.h"
#include "kernlens/inspect.h"
#include "tables/cell.h"

static const char *const known_names[] = {
#define KNOWN_NAME(symbol, need) #symbol,
    KL_SYMBOL_LIST(KNOWN_NAME)
#undef KNOWN_NAME
};

// A symbol by name. What attach has found and verified comes first: kallsyms may
// have only code, or several of one name.
static enum kl_status find_symbol(struct kl_kernel *k, struct kl_bytes name, uint64_t *ret) {
  for (size_t i = 0; i < KL_SYMBOL_COUNT; i++) {
    if (!k->known[i].present || !kl_bytes_equal(name, known_names[i]))
      continue;
    *ret = k->known[i].address;
    return KL_OK;
  }
  struct kl_symbol symbol;
  if (!k->symbols)
    return KL_ERR_NOT_FOUND;
  KL_TRY(kl_symbols_find(k->symbols, name, &symbol));
  *ret = symbol.address;
  return KL_OK;
}

static enum kl_status parse_term(struct kl_dump *dump, struct kl_bytes term, uint64_t *ret) {
  if (!term.n)
    return KL_ERR_ARGUMENT;
  if (term.p[0] >= '0' && term.p[0] <= '9') {
    bool ok = kl_bytes_start(term, "0x") ? kl_parse_hex(term, ret) : kl_parse_decimal(term, ret);
    return ok ? KL_OK : KL_ERR_ARGUMENT;
  }
  return dump->kernel ? find_symbol(dump->kernel, term, ret) : KL_ERR_NOT_FOUND;
}

// TERM{(+|-)TERM}, modulo 2^64. *at is where the term that is wrong begins.
static enum kl_status parse_expression(struct kl_dump *dump, struct kl_bytes text, uint64_t *ret, size_t *at) {
  uint64_t sum = 0;
  bool minus = false;
  *at = 0;
  for (;;) {
    size_t n = 0;
    while (*at + n < text.n && text.p[*at + n] != '+' && text.p[*at + n] != '-')
      n++;
    uint64_t term;
    KL_TRY(parse_term(dump, kl_bytes_of(text.p + *at, n), &term));
    sum = minus ? sum - term : sum + term;
    if (*at + n == text.n)
      break;
    minus = text.p[*at + n] == '-';
    *at += n + 1;
  }
  *ret = sum;
  return KL_OK;
}

// v:PID: in front of an expression.
static bool take_pid(struct kl_bytes *text, uint64_t *ret) {
  size_t n = 0;
  while (n < text->n && text->p[n] != ':')
    n++;
  struct kl_bytes pid, colon, rest = *text;
  if (!kl_bytes_take(&rest, n, &pid) || !kl_bytes_take(&rest, 1, &colon) || !kl_parse_decimal(pid, ret))
    return false;
  *text = rest;
  return true;
}

enum kl_status kl_place_parse(struct kl_dump *dump, const char *text, size_t n, struct kl_place *ret, size_t *bad) {
  struct kl_bytes rest = kl_bytes_of(text, n), prefix;
  *ret = (struct kl_place){.kind = KL_PLACE_KERNEL};
  if (kl_bytes_start(rest, "p:"))
    ret->kind = KL_PLACE_PHYSICAL;
  if (kl_bytes_start(rest, "p:") || kl_bytes_start(rest, "v:"))
    (void)kl_bytes_take(&rest, 2, &prefix);
  if (ret->kind == KL_PLACE_KERNEL && kl_bytes_start(kl_bytes_of(text, n), "v:") && take_pid(&rest, &ret->pid))
    ret->kind = KL_PLACE_PROCESS;
  size_t at;
  enum kl_status status = parse_expression(dump, rest, &ret->address, &at);
  if (bad)
    *bad = n - rest.n + at;
  return status;
}

// No symbol covers more: what lies further behind one is something else.
enum { SYMBOL_REACH = 1 << 20 };

void kl_symbol_print(struct kl_dump *dump, uint64_t address, struct kl_text *out) {
  struct kl_symbol symbol;
  uint64_t offset;
  if (!dump->kernel || !dump->kernel->symbols ||
      kl_symbols_by_address(dump->kernel->symbols, address, &symbol, &offset) != KL_OK || offset > SYMBOL_REACH)
    return;
  kl_text_guest(out, symbol.name.p, symbol.name.n);
  if (offset) {
    kl_text_string(out, "+0x");
    kl_text_hex(out, offset, 1);
  }
}
