// Guest text on its way to a terminal or a line of text: whatever would act on
// the reader instead of showing itself becomes an escape.
#ifndef CLI_ESCAPE_H
#define CLI_ESCAPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

// Bytes of any kind: printable UTF-8 stays, a backslash is doubled, C0 and DEL
// and bytes that are not UTF-8 become \xNN (\n, \t and \r by their letters),
// other hidden characters \uNNNN or \UNNNNNNNN.
void cli_escape(struct kl_text *out, const uint8_t *p, size_t n);
// The same for a message of our own that quotes something: a backslash stays.
void cli_escape_line(struct kl_text *out, const char *p, size_t n);

// How many columns a terminal gives escaped text.
size_t cli_width(const char *p, size_t n);
// The longest beginning of escaped text of at most that width, in bytes.
size_t cli_fit(const char *p, size_t n, size_t width);

#endif
