// The files that memory comes in.
#ifndef GENERATOR_CONTAINERS_H
#define GENERATOR_CONTAINERS_H

#include "guest.h"

struct container {
  const char *name;
  void (*write)(struct guest *g, struct bytes *ret);
};
const struct container *container_at(size_t i); // null past the last
const struct container *container_named(const char *name);

void write_raw(struct guest *g, struct bytes *ret);
void write_lime(struct guest *g, struct bytes *ret);
void write_elf(struct guest *g, struct bytes *ret);        // as QEMU's dump-guest-memory
void write_elf_vmcore(struct guest *g, struct bytes *ret); // and with a VMCOREINFO note
void write_kdump(struct guest *g, struct bytes *ret);      // zlib; all-zero pages left out
void write_kdump_stored(struct guest *g, struct bytes *ret);
void write_flattened(struct guest *g, struct bytes *ret);              // the kdump, flattened, in no order
void write_script(struct guest *g, struct bytes *ret);                 // fuzz/page_script.h
void write_page(uint64_t pfn, const uint8_t *page, struct bytes *ret); // the records of 4096 bytes

// A zlib stream (RFC 1950) of fixed codes and matches.
void deflate(const uint8_t *p, size_t n, struct bytes *ret);

#endif
