// Synthetic guests of corpus/generator, attached to once: an input is what lies
// over one guest's memory, and all is as it was before the next.
#ifndef FUZZ_ATTACHED_H
#define FUZZ_ATTACHED_H

#include "harness.h"
#include "kernel/dump.h"

// The guests: one of each era and of the shapes that differ most.
enum { ATTACHED_GUESTS = 5 };

struct attached {
  struct kl_dump *dump; // attached
  const char *name;
  struct kl_source source;
  uint8_t *file; // the ELF core that holds the guest
  uint8_t *block;
  uint8_t *pristine; // of the block, up to used
  size_t used;
  uint64_t reads;   // since attached_begin
  uint64_t fail_at; // the read that fails, counted from 1, and those behind it; 0: none
  enum kl_status failure;
  bool fail_once;
  bool poison;   // the read that fails gives rubbish instead
  uint8_t *seen; // of each byte of the file: read since attached_begin; null: nobody asks
};

// Reads of the file, failing as is said: the read of source.
enum kl_status attached_read(void *user, uint64_t offset, void *dst, size_t n);

// A guest (modulo their number) as attach left it, with the page script's bytes
// written over it. What the script says of memory that the guest does not have
// is dropped. One guest at a time.
struct attached *attached_begin(unsigned which, struct kl_bytes script);
// The same guest and script, as attach left it: what was read since is forgotten.
struct attached *attached_again(struct attached *a);
// Takes the script back.
void attached_end(struct attached *a);

// What of the guest was read since attached_begin (seen is set), as a page
// script in *ret (from malloc); its length.
size_t attached_script(const struct attached *a, uint8_t **ret);
// How many bytes the file has: what seen is for.
size_t attached_file_bytes(const struct attached *a);

// A table by what the options say: tables may come and go, so it is a hash of
// the name; one that no table has is taken modulo their number.
const struct kl_table *attached_table(uint16_t hash);
uint16_t attached_table_hash(const char *name);

#endif
