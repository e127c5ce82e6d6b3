// BPF instructions as text.
#include "linux/bpf_disasm.h"

// Classes, sizes, modes and operations are bit fields of the code.
enum { LD, LDX, ST, STX, ALU, JMP, JMP32, ALU64 };
enum {
  MODE_ABS = 1,
  MODE_PROBE_MEM = 1,
  MODE_IND = 2,
  MODE_PROBE_MEMSX = 2,
  MODE_MEM = 3,
  MODE_MEMSX = 4,
  MODE_ATOMIC = 6
};
enum { OP_NEG = 8, OP_MOV = 11, OP_END = 13, OP_DIV = 3, OP_MOD = 9 };
enum { OP_JA = 0, OP_CALL = 8, OP_EXIT = 9, OP_JCOND = 14 };
enum { PSEUDO_CALL = 1 }; // src of a call: a function of the program itself
enum { SOURCE_REGISTER = 8 };
enum { WIDE = 0x18 }; // LD | IMM | DW

static const char *const alu_ops[16] = {
    "+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "neg", "%=", "^=", "=", "s>>=", "endian"};
static const char *const jump_ops[16] = {[1] = "==",  [2] = ">",  [3] = ">=",  [4] = "&",   [5] = "!=",  [6] = "s>",
                                         [7] = "s>=", [10] = "<", [11] = "<=", [12] = "s<", [13] = "s<="};
// By the size bits: W, H, B, DW.
static const char *const sizes[4] = {"u32", "u16", "u8", "u64"};
static const char *const signed_sizes[4] = {"s32", "s16", "s8", "s64"};

// Atomic operations that give the old value, by the upper half of imm.
static const char *const fetching[16] = {
    [0] = "fetch_add", [4] = "fetch_or", [5] = "fetch_and", [10] = "fetch_xor", [14] = "xchg", [15] = "cmpxchg"};

struct kl_bpf_insn kl_bpf_insn_decode(const uint8_t bytes[KL_BPF_INSN_BYTES]) {
  return (struct kl_bpf_insn){.code = bytes[0],
                              .dst = bytes[1] & 15,
                              .src = bytes[1] >> 4,
                              .off = (int16_t)kl_le16(bytes + 2),
                              .imm = (int32_t)kl_le32(bytes + 4)};
}

static unsigned class_of(const struct kl_bpf_insn *i) {
  return i->code & 7;
}
static unsigned op_of(const struct kl_bpf_insn *i) {
  return i->code >> 4;
}
static unsigned mode_of(const struct kl_bpf_insn *i) {
  return i->code >> 5;
}
static const char *size_of(const struct kl_bpf_insn *i) {
  return sizes[i->code >> 3 & 3];
}

bool kl_bpf_insn_is_wide(const struct kl_bpf_insn *insn) {
  return insn->code == WIDE;
}

bool kl_bpf_insn_is_kernel_call(const struct kl_bpf_insn *insn) {
  return class_of(insn) == JMP && op_of(insn) == OP_CALL && insn->src != PSEUDO_CALL;
}

bool kl_bpf_insn_is_own_call(const struct kl_bpf_insn *insn) {
  return class_of(insn) == JMP && op_of(insn) == OP_CALL && insn->src == PSEUDO_CALL;
}

static void put_register(struct kl_text *out, char letter, unsigned number) {
  kl_text_char(out, letter);
  kl_text_decimal(out, number);
}

static void put_sign(struct kl_text *out, int64_t v) {
  if (v >= 0)
    kl_text_char(out, '+');
  kl_text_signed(out, v);
}

// *(u64 *)(r10 -8), or with parts left out: (u64 *)(r10 -8)
static void put_memory(struct kl_text *out, const char *size, unsigned base, int16_t off) {
  kl_text_char(out, '(');
  kl_text_string(out, size);
  kl_text_string(out, " *)(");
  put_register(out, 'r', base);
  kl_text_char(out, ' ');
  put_sign(out, off);
  kl_text_char(out, ')');
}

// Byte swaps: to an order with ALU, always with ALU64 (6.6: 0845c3db7bf5).
static void put_endian(const struct kl_bpf_insn *i, struct kl_text *out) {
  put_register(out, 'r', i->dst);
  kl_text_string(out, class_of(i) == ALU64 ? " = bswap" : i->code & SOURCE_REGISTER ? " = be" : " = le");
  kl_text_signed(out, i->imm);
  kl_text_char(out, ' ');
  put_register(out, 'r', i->dst);
}

static void put_alu(const struct kl_bpf_insn *i, struct kl_text *out) {
  char letter = class_of(i) == ALU64 ? 'r' : 'w';
  unsigned op = op_of(i);
  if (op == OP_END) {
    put_endian(i, out);
    return;
  }
  if (!alu_ops[op]) {
    kl_text_string(out, "unknown");
    return;
  }
  put_register(out, letter, i->dst);
  if (op == OP_NEG) {
    kl_text_string(out, " = -");
    put_register(out, letter, i->dst);
    return;
  }
  // An offset of 1 makes division signed (6.6: ec0e2da95f72).
  kl_text_string(out, (op == OP_DIV || op == OP_MOD) && i->off == 1 ? " s" : " ");
  kl_text_string(out, alu_ops[op]);
  kl_text_char(out, ' ');
  if (!(i->code & SOURCE_REGISTER)) {
    kl_text_signed(out, i->imm);
    return;
  }
  if (op == OP_MOV && i->off == 1 && class_of(i) == ALU64 && i->imm) {
    // A cast between address spaces (6.9: 6082b6c328b5).
    kl_text_string(out, "addr_space_cast(");
    put_register(out, 'r', i->src);
    kl_text_string(out, ", ");
    kl_text_decimal(out, (uint32_t)i->imm >> 16);
    kl_text_string(out, ", ");
    kl_text_decimal(out, (uint16_t)i->imm);
    kl_text_char(out, ')');
    return;
  }
  if (op == OP_MOV && i->off) { // sign extension (6.6: 8100928c8814)
    kl_text_string(out, "(s");
    kl_text_signed(out, i->off);
    kl_text_char(out, ')');
  }
  put_register(out, letter, i->src);
}

// imm: the operation in the upper half, 1 when the old value is fetched.
static void put_atomic(const struct kl_bpf_insn *i, struct kl_text *out) {
  uint32_t op = (uint32_t)i->imm & 0xff;
  const char *wide = (i->code >> 3 & 3) == 3 ? "64" : "", *name = op & 1 ? fetching[op >> 4] : NULL;
  unsigned plain = op >> 4;
  if (i->imm == 0x100) { // 6.15: 880442305a39
    put_register(out, 'r', i->dst);
    kl_text_string(out, " = load_acquire(");
    put_memory(out, size_of(i), i->src, i->off);
    kl_text_char(out, ')');
  } else if (i->imm == 0x110) {
    kl_text_string(out, "store_release(");
    put_memory(out, size_of(i), i->dst, i->off);
    kl_text_string(out, ", ");
    put_register(out, 'r', i->src);
    kl_text_char(out, ')');
  } else if (name) {
    put_register(out, 'r', op == 0xf1 ? 0 : i->src);
    kl_text_string(out, " = atomic");
    kl_text_string(out, wide);
    kl_text_char(out, '_');
    kl_text_string(out, name);
    kl_text_char(out, '(');
    put_memory(out, size_of(i), i->dst, i->off);
    kl_text_string(out, op == 0xf1 ? ", r0, " : ", ");
    put_register(out, 'r', i->src);
    kl_text_char(out, ')');
  } else if (!(op & 15) && (plain == 0 || plain == 4 || plain == 5 || plain == 10)) {
    kl_text_string(out, "lock *");
    put_memory(out, size_of(i), i->dst, i->off);
    kl_text_char(out, ' ');
    kl_text_string(out, alu_ops[plain]);
    kl_text_char(out, ' ');
    put_register(out, 'r', i->src);
  } else {
    kl_text_string(out, "unknown");
  }
}

static void put_store(const struct kl_bpf_insn *i, struct kl_text *out) {
  if (class_of(i) == STX && mode_of(i) == MODE_ATOMIC) {
    put_atomic(i, out);
    return;
  }
  if (class_of(i) == ST && mode_of(i) == MODE_ATOMIC) { // the verifier's own
    kl_text_string(out, "nospec");
    return;
  }
  kl_text_char(out, '*');
  put_memory(out, size_of(i), i->dst, i->off);
  kl_text_string(out, " = ");
  if (class_of(i) == STX)
    put_register(out, 'r', i->src);
  else
    kl_text_signed(out, i->imm);
}

// The kernel marks loads that may fault by modes of their own (PROBE_MEM and
// others), and bpf(2) shows them as the ordinary ones.
static void put_load(const struct kl_bpf_insn *i, struct kl_text *out) {
  bool is_signed = mode_of(i) == MODE_MEMSX || mode_of(i) == MODE_PROBE_MEMSX;
  put_register(out, 'r', i->dst);
  kl_text_string(out, " = *");
  put_memory(out, is_signed ? signed_sizes[i->code >> 3 & 3] : size_of(i), i->src, i->off);
}

static void put_packet_load(const struct kl_bpf_insn *i, struct kl_text *out) {
  if (mode_of(i) != MODE_ABS && mode_of(i) != MODE_IND) {
    kl_text_string(out, "unknown");
    return;
  }
  kl_text_string(out, "r0 = *(");
  kl_text_string(out, size_of(i));
  kl_text_string(out, " *)skb[");
  if (mode_of(i) == MODE_IND) {
    put_register(out, 'r', i->src);
    kl_text_string(out, " + ");
  }
  kl_text_signed(out, i->imm);
  kl_text_char(out, ']');
}

static void put_wide(const struct kl_bpf_insn *i, uint32_t upper, struct kl_bytes name, struct kl_text *out) {
  put_register(out, 'r', i->dst);
  kl_text_string(out, " = ");
  if (name.n) {
    kl_text_put(out, (const char *)name.p, name.n);
    return;
  }
  kl_text_string(out, "0x");
  kl_text_hex(out, (uint64_t)upper << 32 | (uint32_t)i->imm, 1);
}

static void put_call(const struct kl_bpf_insn *i, struct kl_bytes name, struct kl_text *out) {
  kl_text_string(out, "call ");
  if (i->src == PSEUDO_CALL) {
    kl_text_string(out, "pc");
    put_sign(out, i->imm);
    return;
  }
  if (name.n)
    kl_text_put(out, (const char *)name.p, name.n);
  else
    kl_text_string(out, "unknown");
  kl_text_char(out, '#');
  kl_text_signed(out, i->imm);
}

static void put_jump(const struct kl_bpf_insn *i, struct kl_bytes name, struct kl_text *out) {
  unsigned op = op_of(i);
  char letter = class_of(i) == JMP ? 'r' : 'w';
  if (op == OP_CALL && class_of(i) == JMP) {
    put_call(i, name, out);
    return;
  }
  if (op == OP_EXIT) {
    kl_text_string(out, "exit");
    return;
  }
  if (op == OP_JA || op == OP_JCOND) {
    bool distant = op == OP_JA && class_of(i) == JMP32; // 6.6: 4cd58e9af8b9
    kl_text_string(out, op == OP_JCOND ? "may_goto pc" : distant ? "gotol pc" : "goto pc");
    put_sign(out, distant ? i->imm : i->off);
    return;
  }
  if (!jump_ops[op]) {
    kl_text_string(out, "unknown");
    return;
  }
  kl_text_string(out, "if ");
  put_register(out, letter, i->dst);
  kl_text_char(out, ' ');
  kl_text_string(out, jump_ops[op]);
  kl_text_char(out, ' ');
  if (i->code & SOURCE_REGISTER) {
    put_register(out, letter, i->src);
  } else {
    kl_text_string(out, "0x");
    kl_text_hex(out, (uint32_t)i->imm, 1);
  }
  kl_text_string(out, " goto pc");
  put_sign(out, i->off);
}

void kl_bpf_disassemble(const struct kl_bpf_insn *insn, uint32_t upper, struct kl_bytes name, struct kl_text *out) {
  kl_text_char(out, '(');
  kl_text_hex(out, insn->code, 2);
  kl_text_string(out, ") ");
  switch (class_of(insn)) {
  case ALU:
  case ALU64:
    put_alu(insn, out);
    break;
  case ST:
  case STX:
    put_store(insn, out);
    break;
  case LDX:
    put_load(insn, out);
    break;
  case LD:
    if (kl_bpf_insn_is_wide(insn))
      put_wide(insn, upper, name, out);
    else
      put_packet_load(insn, out);
    break;
  default:
    put_jump(insn, name, out);
  }
}
