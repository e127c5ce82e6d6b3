// What the files of frontends/wasm share. The worker calls the functions that
// are exported here by name, one at a time; answers stand in one buffer, `out`,
// until the next call.
//
// Conventions of the calls: 64-bit values come as two halves (low, high);
// most results are a status; text comes as pointer and length
// into memory that web_room gave.
#ifndef WASM_WEB_H
#define WASM_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "kernlens/dump.h"
#include "kernlens/inspect.h"

#ifdef __wasm__
#define WEB_EXPORT(name) __attribute__((export_name(#name), used)) name
#define WEB_IMPORT(name) __attribute__((import_module("kernlens"), import_name(#name)))
#else // a test of one of the files
#define WEB_IMPORT(name)
#endif

static inline uint64_t web_u64(uint32_t low, uint32_t high) {
  return (uint64_t)high << 32 | low;
}

// ── What the worker does for us ────────────────────────────────────────────

// Copies n bytes of part `file` from an offset on to dst. 0, or the file could
// not be read.
WEB_IMPORT(read) int32_t web_host_read(uint32_t file, uint32_t low, uint32_t high, uint8_t *dst, uint32_t n);
// Milliseconds since some moment.
WEB_IMPORT(now) double web_host_now(void);
// About ten times a second while something runs. stage: NUL-terminated.
WEB_IMPORT(progress) void web_host_progress(const char *stage, double done, double total);

// ── The answer ─────────────────────────────────────────────────────────────

// Empties it. What does not fit in memory is cut, and web_out_failed says so.
struct kl_text *web_out_begin(void);
void web_out_bytes(const void *p, size_t n);
void web_out_u8(uint8_t v);
void web_out_u32(uint32_t v);
void web_out_u64(uint64_t v);
bool web_out_failed(void);
size_t web_out_used(void);
// Overwrites what was put at that place.
void web_out_patch(size_t at, const void *p, size_t n);

// JSON with 64-bit values as text: "name":"0x...".
void web_json_hex(const char *name, uint64_t v);

// ── The dump ───────────────────────────────────────────────────────────────

enum { WEB_FILES = 64 };

// The parts of the dump, read through a cache of blocks.
bool web_sources_init(const uint64_t *sizes, size_t n);
struct kl_source web_source(size_t i);

struct kl_dump *web_dump(void); // null until it is open
bool web_attached(void);

// A cell as cells.ts reads it.
void web_cell(const struct kl_cell *cell);

// True when this slice of work has taken long enough.
struct web_slice {
  double end;
  uint32_t calls;
};
struct web_slice web_slice_begin(double milliseconds);
bool web_slice_over(struct web_slice *slice);

#endif
