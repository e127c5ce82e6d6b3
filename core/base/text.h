// Text: a writer into a bounded buffer or a callback, and the few string
// functions that a program without libc needs.
#ifndef KL_BASE_TEXT_H
#define KL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "kernlens/status.h"

// Where text goes: buffered, and handed to flush when the buffer is full.
// Without flush the buffer is all there is: what does not fit is cut, and
// truncated says so. Nothing is ever NUL-terminated.
struct kl_text {
  char *buffer; // borrowed
  size_t capacity;
  size_t used;
  bool truncated;        // something did not fit
  enum kl_status failed; // first status of flush that was not KL_OK; writes then do nothing
  enum kl_status (*flush)(void *user, const char *p, size_t n); // may be null
  void *user;
};

static inline struct kl_text kl_text_into(char *buffer, size_t capacity) {
  return (struct kl_text){.buffer = buffer, .capacity = capacity};
}

void kl_text_put(struct kl_text *t, const char *p, size_t n);
void kl_text_char(struct kl_text *t, char c);
void kl_text_string(struct kl_text *t, const char *s); // NUL-terminated
void kl_text_decimal(struct kl_text *t, uint64_t v);
void kl_text_signed(struct kl_text *t, int64_t v);
void kl_text_hex(struct kl_text *t, uint64_t v, unsigned min_digits); // lowercase, no prefix
void kl_text_address(struct kl_text *t, uint64_t v);                  // 0x and 16 digits
void kl_text_bytes_hex(struct kl_text *t, const uint8_t *p, size_t n);
// A JSON string with its quotes. Valid UTF-8 stays; a byte that is not, or is
// NUL, appears as \\xNN (the table contract: JSON text is valid UTF-8 with \xNN
// in it). Hidden characters (kl_text_hidden) are written as \uNNNN, so that no
// raw one reaches a terminal.
void kl_text_json_string(struct kl_text *t, const uint8_t *p, size_t n);
// How many bytes at the beginning need no escape anywhere: printable ASCII but
// the quote and the backslash.
size_t kl_text_plain(const uint8_t *p, size_t n);
// Hands what is buffered to flush. Returns the first failure.
enum kl_status kl_text_flush(struct kl_text *t);

size_t kl_string_length(const char *s);
bool kl_text_equal(const char *a, const char *b); // both NUL-terminated
// A piece of memory against a NUL-terminated string.
bool kl_bytes_equal(struct kl_bytes b, const char *s);
bool kl_bytes_start(struct kl_bytes b, const char *prefix);
// Length of the valid UTF-8 sequence at p (1 to 4), or 0. n > 0.
size_t kl_utf8_length(const uint8_t *p, size_t n);
// The code point of a valid sequence of that length.
uint32_t kl_utf8_decode(const uint8_t *p, size_t length);
// True for code points that act on the reader instead of showing themselves:
// C0, DEL, C1, bidirectional controls, zero-width and other format characters.
bool kl_text_hidden(uint32_t code_point);
// Parses all of b as a number; false when it is empty, has another character
// or does not fit. Signed decimals come as two's complement.
bool kl_parse_decimal(struct kl_bytes b, uint64_t *ret);
bool kl_parse_hex(struct kl_bytes b, uint64_t *ret); // with or without 0x

#endif
