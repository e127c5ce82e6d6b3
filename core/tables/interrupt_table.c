// interrupt_table: the x86 interrupt descriptor table, and whose code its gates
// lead to. arm64 has vectors of code in its place, and no rows here.
#include "tables/code_cells.h"
#include "tables/registry.h"

enum { VECTOR, ADDRESS, SYMBOL, MODULE, KIND, PRIVILEGE, STACK, AGREES, COLUMNS };

static const struct kl_column columns[] = {
    [VECTOR] = {"vector", KL_CELL_U64, KL_COLUMN_KEY, "number of the exception or interrupt"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, 0, "of the code that handles it"},
    [SYMBOL] = {"symbol", KL_CELL_TEXT, 0, "that code; name+0x... behind its start"},
    [MODULE] = {"module", KL_CELL_TEXT, 0, "the module that the code is in; none for the kernel itself"},
    [KIND] = {"kind", KL_CELL_TEXT, 0, "interrupt, trap, or the number of another type of gate"},
    [PRIVILEGE] = {"privilege", KL_CELL_U64, 0,
                   "who may raise it by an instruction: 3 for every program, 0 for the kernel"},
    [STACK] = {"stack", KL_CELL_U64, 0, "number of the interrupt stack that it runs on; 0 for none of its own"},
    [AGREES] = {"agrees", KL_CELL_BOOL, 0,
                "whether it is the kernel's own code (of early boot, for exceptions that do not exist); if not, "
                "the gate was changed"},
};

// Intel SDM, volume 3, 7.14.1: 64-bit gates of 16 bytes.
enum { GATES = 256, GATE_BYTES = 16, INTERRUPT_GATE = 14, TRAP_GATE = 15 };

struct state {
  uint64_t next;
};

static enum kl_status open(struct kl_cursor *c) {
  if (c->kernel->paging.arch != KL_ARCH_X86_64)
    return KL_END;
  return c->kernel->known[KL_S_idt_table].present ? KL_OK : KL_ERR_NOT_FOUND;
}

static void put_kind(struct kl_cursor *c, unsigned type) {
  if (type == INTERRUPT_GATE || type == TRAP_GATE) {
    kl_put_string(c, KIND, type == INTERRUPT_GATE ? "interrupt" : "trap");
    return;
  }
  size_t start = c->text.used;
  kl_text_decimal(&c->text, type);
  kl_put_written(c, KIND, KL_OK, 0, start);
}

// Vectors that no processor raises keep the gates of early boot, which lead to
// code that was freed behind it (idt_setup_early_handler(); x86-64 has set up the
// others anew by then).
enum { EXCEPTIONS = 32 };

static bool is_left_over(const struct kl_kernel *k, uint64_t vector, uint64_t address) {
  return vector < EXCEPTIONS && k->known[KL_S__sinittext].present && k->known[KL_S__einittext].present &&
         address >= k->known[KL_S__sinittext].address && address < k->known[KL_S__einittext].address;
}

static void put_row(struct kl_cursor *c, uint64_t vector, const uint8_t *gate) {
  struct kl_code_verdict verdict;
  uint64_t address = kl_le16(gate) | (uint64_t)kl_le16(gate + 6) << 16 | (uint64_t)kl_le32(gate + 8) << 32;
  kl_put(c, VECTOR, KL_OK, 0, vector);
  kl_put(c, ADDRESS, KL_OK, 0, address);
  put_kind(c, gate[5] & 15);
  kl_put(c, PRIVILEGE, KL_OK, 0, gate[5] >> 5 & 3);
  kl_put(c, STACK, KL_OK, 0, gate[4] & 7);
  kl_put_code(c, SYMBOL, MODULE, address, &verdict);
  kl_put(c, AGREES, KL_OK, 0, verdict.place.kind == KL_CODE_KERNEL || is_left_over(c->kernel, vector, address));
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  while (s->next < GATES) {
    uint8_t gate[GATE_BYTES];
    uint64_t vector = s->next++, at = c->kernel->known[KL_S_idt_table].address + vector * GATE_BYTES;
    KL_TRY(kl_budget_spend(&c->budget, 1));
    enum kl_status status = kl_read(c->kernel, at, gate, sizeof gate);
    if (status != KL_OK) {
      kl_lost(c, "gate", at, status);
      continue;
    }
    if (!(gate[5] & 0x80)) // not present
      continue;
    put_row(c, vector, gate);
    return KL_OK;
  }
  return KL_END;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = KL_CODE_TEXT + 8, .open = open, .next = next};

const struct kl_table kl_interrupt_table_table = {
    .name = "interrupt_table",
    .group = "tampering",
    .doc = "gates of the x86 interrupt descriptor table; agrees is false for what an intruder has put there",
    .example = "interrupt_table DUMP agrees=false",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
