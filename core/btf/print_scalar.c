// Values of what has no parts: integers, enums, pointers, floats; and of
// bitfields, which may lie anywhere.
#include "base/memory.h"
#include "btf/print.h"

struct wide {
  uint64_t low, high;
};

// Up to 128 bits, behind the first skip; they are there.
static struct wide get_bits(const struct kl_btf_scalar *s, uint32_t skip, uint32_t bits) {
  uint64_t bit_offset = s->bit_offset + skip;
  uint8_t window[24] = {0};
  uint32_t shift = (uint32_t)(bit_offset % 8);
  struct wide v;
  memcpy(window, s->bytes.p + (size_t)(bit_offset / 8), (shift + bits + 7) / 8);
  v.low = kl_le64(window) >> shift;
  v.high = kl_le64(window + 8) >> shift;
  if (shift) {
    v.low |= (uint64_t)window[8] << (64 - shift);
    v.high |= (uint64_t)window[16] << (64 - shift);
  }
  if (bits < 64)
    v.low &= ((uint64_t)1 << bits) - 1;
  if (bits <= 64)
    v.high = 0;
  else if (bits < 128)
    v.high &= ((uint64_t)1 << (bits - 64)) - 1;
  return v;
}

// Bits above the sign become copies of it.
static struct wide sign_extend(struct wide v, uint32_t bits) {
  if (bits && bits <= 64 && v.low >> (bits - 1) & 1)
    v = (struct wide){bits < 64 ? v.low | ~(uint64_t)0 << bits : v.low, ~(uint64_t)0};
  else if (bits > 64 && bits < 128 && v.high >> (bits - 65) & 1)
    v.high |= ~(uint64_t)0 << (bits - 64);
  return v;
}

static void put_decimal(struct kl_text *out, struct wide v, bool is_signed) {
  char digits[40];
  size_t i = sizeof digits;
  if (is_signed && v.high >> 63) {
    kl_text_char(out, '-');
    v.low = 0 - v.low;
    v.high = ~v.high + (v.low ? 0 : 1);
  }
  uint32_t limbs[4] = {(uint32_t)(v.high >> 32), (uint32_t)v.high, (uint32_t)(v.low >> 32), (uint32_t)v.low};
  do {
    uint64_t rest = 0;
    for (size_t k = 0; k < 4; k++) {
      rest = rest << 32 | limbs[k];
      limbs[k] = (uint32_t)(rest / 10);
      rest %= 10;
    }
    digits[--i] = (char)('0' + rest);
  } while (limbs[0] | limbs[1] | limbs[2] | limbs[3]);
  kl_text_put(out, digits + i, sizeof digits - i);
}

static void quote(const struct kl_btf_scalar *s) {
  if (s->json)
    kl_text_char(s->out, '"');
}

static void put_int(const struct kl_btf_scalar *s, const struct kl_btf_type *t) {
  struct kl_btf_int i;
  kl_btf_int(s->btf, t, &i);
  uint32_t bits = s->bit_size ? s->bit_size : i.bits;
  struct wide v = get_bits(s, s->bit_size ? 0 : i.bit_offset, bits);
  if (i.is_bool && v.low <= 1 && !v.high)
    kl_text_string(s->out, v.low ? "true" : "false");
  else
    put_decimal(s->out, i.is_signed ? sign_extend(v, bits) : v, i.is_signed);
}

static void put_enum(const struct kl_btf_scalar *s, const struct kl_btf_type *t) {
  uint32_t bits = s->bit_size ? s->bit_size : t->size * 8;
  bool is_signed = t->kflag || (t->kind == KL_BTF_ENUM && s->btf->old_enums);
  struct wide v = get_bits(s, 0, bits);
  uint64_t mask = bits < 64 ? ((uint64_t)1 << bits) - 1 : ~(uint64_t)0;
  for (uint32_t i = 0; i < t->vlen && *s->steps; i++, --*s->steps) {
    struct kl_btf_value value;
    kl_btf_enum_value(s->btf, t, i, &value);
    if (((uint64_t)value.value ^ v.low) & mask)
      continue;
    quote(s);
    kl_text_put(s->out, (const char *)value.name.p, value.name.n);
    quote(s);
    return;
  }
  put_decimal(s->out, is_signed ? sign_extend(v, bits) : v, is_signed);
}

static void put_pointer(const struct kl_btf_scalar *s) {
  quote(s);
  kl_text_address(s->out, get_bits(s, 0, s->bit_size ? s->bit_size : KL_BTF_POINTER_BYTES * 8).low);
  quote(s);
}

// IEEE 754 in C's hexadecimal form: exact, and needs no arithmetic. What is
// wider than a double is shown as its bits.
static void put_float_digits(struct kl_text *out, struct wide v, uint32_t bytes, uint32_t fraction_bits) {
  uint32_t exponent_bits = bytes * 8 - 1 - fraction_bits;
  uint64_t fraction = v.low & (((uint64_t)1 << fraction_bits) - 1);
  uint32_t top = (1u << exponent_bits) - 1, exponent = (uint32_t)(v.low >> fraction_bits) & top;
  if (v.low >> (bytes * 8 - 1))
    kl_text_char(out, '-');
  if (exponent == top) {
    kl_text_string(out, fraction ? "nan" : "inf");
    return;
  }
  bool zero = !exponent && !fraction;
  kl_text_string(out, exponent ? "0x1" : "0x0");
  for (fraction <<= 52 - fraction_bits, v.low = 48; fraction; fraction &= ((uint64_t)1 << v.low) - 1, v.low -= 4) {
    if (v.low == 48)
      kl_text_char(out, '.');
    kl_text_hex(out, fraction >> v.low, 1);
  }
  int64_t scale = (int64_t)(exponent ? exponent : 1) - (int64_t)(top / 2);
  kl_text_char(out, 'p');
  kl_text_string(out, zero || scale >= 0 ? "+" : "");
  kl_text_signed(out, zero ? 0 : scale);
}

static void put_float(const struct kl_btf_scalar *s, const struct kl_btf_type *t) {
  struct wide v = get_bits(s, 0, t->size * 8);
  quote(s);
  if (t->size <= 8) {
    uint32_t half = kl_bytes_equal(t->name, "__bf16") ? 7 : 10; // two formats share this size
    put_float_digits(s->out, v, t->size, t->size == 8 ? 52 : t->size == 4 ? 23 : half);
  } else {
    kl_text_string(s->out, "0x");
    kl_text_hex(s->out, v.high, t->size == 16 ? 16 : 8);
    kl_text_hex(s->out, v.low, 16);
  }
  quote(s);
}

static bool is_there(const struct kl_btf_scalar *s) {
  uint64_t size, end;
  if (!kl_btf_size(s->btf, s->type, &size))
    return false;
  uint64_t bits = s->bit_size ? s->bit_size : size * 8;
  return !__builtin_add_overflow(s->bit_offset, bits, &end) && end / 8 + (end % 8 ? 1 : 0) <= s->bytes.n;
}

bool kl_btf_print_scalar(const struct kl_btf_scalar *s) {
  struct kl_btf_type t;
  kl_btf_type(s->btf, s->type, &t);
  if (!is_there(s))
    return false;
  if (t.kind == KL_BTF_INT)
    put_int(s, &t);
  else if (kl_btf_is_enum(t.kind))
    put_enum(s, &t);
  else if (t.kind == KL_BTF_PTR)
    put_pointer(s);
  else if (t.kind == KL_BTF_FLOAT)
    put_float(s, &t);
  else
    return false;
  return true;
}
