// Questions that are not rows: places, bytes, translations, types.
#include <stdlib.h>
#include <string.h>

#include "web.h"

// The address space that was asked last: opening one walks the tasks.
static struct {
  void *block;
  struct kl_memory *memory;
  struct kl_place place;
} space;

static enum kl_status open_space(uint32_t kind, uint64_t pid) {
  struct kl_place place = {.kind = (enum kl_place_kind)kind, .pid = pid};
  if (kind > KL_PLACE_PHYSICAL || !web_dump())
    return KL_ERR_ARGUMENT;
  if (space.memory && space.place.kind == place.kind && space.place.pid == pid)
    return KL_OK;
  space.memory = NULL;
  space.place = place;
  if (!space.block)
    space.block = aligned_alloc(16, (kl_memory_bytes() + 15) & ~(size_t)15);
  if (!space.block)
    return KL_ERR_NO_MEMORY;
  enum kl_status status = kl_memory_open(web_dump(), &place, space.block, kl_memory_bytes(), &space.memory);
  if (status != KL_OK)
    space.memory = NULL;
  return status;
}

// ── Places ─────────────────────────────────────────────────────────────────

static void put_symbol(struct kl_text *t, uint64_t address) {
  char name[1100];
  struct kl_text symbol = kl_text_into(name, sizeof name);
  if (web_attached())
    kl_symbol_print(web_dump(), address, &symbol);
  if (symbol.used)
    kl_text_json_string(t, (const uint8_t *)name, symbol.used);
  else
    kl_text_string(t, "null");
}

// {"kind":0,"pid":"..","address":"..","symbol":..}, or {"bad":OFFSET}.
enum kl_status WEB_EXPORT(web_place)(const char *text, uint32_t n) {
  struct kl_place place;
  size_t bad = 0;
  struct kl_text *t = web_out_begin();
  enum kl_status status = kl_place_parse(web_dump(), text, n, &place, &bad);
  if (status != KL_OK) {
    kl_text_string(t, "{\"bad\":");
    kl_text_decimal(t, bad);
    kl_text_char(t, '}');
    return status;
  }
  kl_text_string(t, "{\"kind\":");
  kl_text_decimal(t, (uint64_t)place.kind);
  kl_text_string(t, ",\"pid\":\"");
  kl_text_decimal(t, place.kind == KL_PLACE_PROCESS ? place.pid : 0);
  kl_text_string(t, "\",");
  web_json_hex("address", place.address);
  kl_text_string(t, ",\"symbol\":");
  if (place.kind == KL_PLACE_KERNEL)
    put_symbol(t, place.address);
  else
    kl_text_string(t, "null");
  kl_text_char(t, '}');
  return KL_OK;
}

// ── Bytes ──────────────────────────────────────────────────────────────────

// The answer: n bytes, then a status for each piece of 1024 that they touch
// (pieces begin at multiples of 1024 in the address space).
enum kl_status WEB_EXPORT(web_read)(uint32_t kind, uint32_t pid_low, uint32_t pid_high, uint32_t low, uint32_t high,
                                    uint32_t n) {
  enum { PIECE = 1024, MOST = 1 << 20 };
  static uint8_t piece[PIECE], states[MOST / PIECE + 1];
  uint64_t address = web_u64(low, high);
  uint32_t pieces = 0;
  web_out_begin();
  KL_TRY(open_space(kind, web_u64(pid_low, pid_high)));
  if (n > MOST || (n && address > UINT64_MAX - (n - 1)))
    return KL_ERR_ARGUMENT;
  for (uint32_t done = 0; done < n; pieces++) {
    uint32_t part = PIECE - (uint32_t)(address % PIECE);
    part = part < n - done ? part : n - done;
    enum kl_status status = kl_memory_read(space.memory, address, piece, part);
    if (status != KL_OK)
      memset(piece, 0, part);
    states[pieces] = (uint8_t)status;
    web_out_bytes(piece, part);
    address += part;
    done += part;
  }
  web_out_bytes(states, pieces);
  return KL_OK;
}

// [address, address + n) of physical memory to dst: all or nothing.
enum kl_status WEB_EXPORT(web_read_physical)(uint32_t low, uint32_t high, uint8_t *dst, uint32_t n) {
  KL_TRY(open_space(KL_PLACE_PHYSICAL, 0));
  return kl_memory_read(space.memory, web_u64(low, high), dst, n);
}

// {"state":"file","offset":"0x.."}: how the dump holds a physical address.
void WEB_EXPORT(web_physical_state)(uint32_t low, uint32_t high) {
  uint64_t offset = 0;
  const char *state = kl_physical_state(web_dump(), web_u64(low, high), &offset);
  struct kl_text *t = web_out_begin();
  kl_text_string(t, "{\"state\":\"");
  kl_text_string(t, state);
  kl_text_string(t, "\",");
  web_json_hex("offset", offset);
  kl_text_char(t, '}');
}

static void put_flag(struct kl_text *t, const char *name, bool value) {
  kl_text_string(t, ",\"");
  kl_text_string(t, name);
  kl_text_string(t, value ? "\":true" : "\":false");
}

enum kl_status WEB_EXPORT(web_translate)(uint32_t kind, uint32_t pid_low, uint32_t pid_high, uint32_t low,
                                         uint32_t high) {
  struct kl_translated r;
  struct kl_text *t = web_out_begin();
  KL_TRY(open_space(kind, web_u64(pid_low, pid_high)));
  KL_TRY(kl_memory_translate(space.memory, web_u64(low, high), &r));
  kl_text_string(t, "{\"state\":\"");
  kl_text_string(t, r.state);
  kl_text_string(t, "\",");
  web_json_hex("physical", r.physical);
  kl_text_char(t, ',');
  web_json_hex("pageBytes", r.page_bytes);
  kl_text_char(t, ',');
  web_json_hex("entry", r.entry);
  kl_text_char(t, ',');
  web_json_hex("swapType", r.swap_type);
  kl_text_char(t, ',');
  web_json_hex("swapOffset", r.swap_offset);
  kl_text_string(t, ",\"level\":");
  kl_text_decimal(t, r.level);
  put_flag(t, "mapped", r.mapped);
  put_flag(t, "writable", r.writable);
  put_flag(t, "executable", r.executable);
  put_flag(t, "user", r.user);
  put_flag(t, "dirty", r.dirty);
  put_flag(t, "accessed", r.accessed);
  put_flag(t, "swapped", r.swapped);
  kl_text_char(t, '}');
  return KL_OK;
}

// ── Types ──────────────────────────────────────────────────────────────────

static void put_type_head(struct kl_text *t, const struct kl_type_place *type) {
  uint64_t bytes = 0;
  bool sized = kl_type_bytes(type, &bytes);
  kl_text_string(t, "{\"id\":");
  kl_text_decimal(t, type->type);
  kl_text_string(t, ",\"others\":");
  kl_text_decimal(t, type->others);
  put_flag(t, "sized", sized);
  kl_text_char(t, ',');
  web_json_hex("bytes", bytes);
}

// {"id":..,"others":..,"sized":..,"bytes":".."}, a NUL, and the declaration.
enum kl_status WEB_EXPORT(web_struct)(const char *text, uint32_t n) {
  struct kl_type_place type;
  struct kl_text *t = web_out_begin();
  KL_TRY(kl_type_find(web_dump(), text, n, &type, NULL));
  put_type_head(t, &type);
  kl_text_char(t, '}');
  kl_text_char(t, 0);
  return kl_type_declare(&type, true, t);
}

// C initialisers, a NUL, JSON, a NUL, {..., "lost":STATUS}.
enum kl_status WEB_EXPORT(web_value)(const char *text, uint32_t n, uint32_t kind, uint32_t pid_low,
                                     uint32_t pid_high, uint32_t low, uint32_t high) {
  struct kl_type_place type;
  enum kl_status lost = KL_OK;
  struct kl_text *t = web_out_begin();
  KL_TRY(kl_type_find(web_dump(), text, n, &type, NULL));
  KL_TRY(open_space(kind, web_u64(pid_low, pid_high)));
  uint64_t address = web_u64(low, high) + type.offset;
  KL_TRY(kl_type_value(web_dump(), space.memory, &type, address, false, t, &lost));
  kl_text_char(t, 0);
  KL_TRY(kl_type_value(web_dump(), space.memory, &type, address, true, t, &lost));
  kl_text_char(t, 0);
  put_type_head(t, &type);
  kl_text_string(t, ",\"lost\":");
  kl_text_decimal(t, (uint64_t)lost);
  kl_text_char(t, '}');
  return KL_OK;
}

// ── Search ─────────────────────────────────────────────────────────────────

// Where needle stands in [p, p + n): offsets of at most `most` of them.
void WEB_EXPORT(web_find)(const uint8_t *p, uint32_t n, const uint8_t *needle, uint32_t needle_n, uint32_t most) {
  const uint8_t *at = p, *end = p + n;
  web_out_begin();
  for (uint32_t found = 0; needle_n && found < most && (size_t)(end - at) >= needle_n;) {
    at = memchr(at, needle[0], (size_t)(end - at) - needle_n + 1);
    if (!at)
      return;
    if (memcmp(at, needle, needle_n) == 0) {
      web_out_u32((uint32_t)(at - p));
      found++;
    }
    at++;
  }
}
