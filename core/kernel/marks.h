// The marks that kernels leave in memory, as bytes show them.
//
// Each is a word at a place of known alignment, so a pass costs little more than
// touching the memory: blocks that can hold none are stepped over, all kinds at
// once. A mark is only a proposal.
#ifndef KL_KERNEL_MARKS_H
#define KL_KERNEL_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kl_mark {
  KL_MARK_VMCOREINFO = 1, // text that starts with OSRELEASE= at a page's head, or in a note there
  KL_MARK_TOKENS = 2,     // the tokens "0", "1", "2", ... of kallsyms: the place of "0"
  KL_MARK_BTF = 4,        // the magic of a BTF header, little-endian, version 1
  KL_MARK_BANNER = 8,     // "Linux version "
  KL_MARK_SWAPPER = 16,   // "swapper" or "swapper/0", NUL-terminated, aligned to 8: comm of init_task
  KL_MARK_ROOT = 32,      // a page that may be the top table of some paging
};

// Those that stand at a page, and those that stand anywhere.
enum {
  KL_MARKS_OF_PAGES = KL_MARK_VMCOREINFO | KL_MARK_ROOT,
  KL_MARKS_OF_WORDS = KL_MARK_TOKENS | KL_MARK_BTF | KL_MARK_BANNER | KL_MARK_SWAPPER,
  KL_MARK_BLOCK = 64,
  KL_MARK_PAGE = 4096,
};

// From at, a multiple of KL_MARK_BLOCK: the next block of [p, p + n) that may
// hold one of the marks of words; a block that n cuts short is one.
size_t kl_marks_skip(const uint8_t *p, size_t at, size_t n, unsigned marks);

// Does this one mark stand at p + at? Tokens: a piece of them does.
bool kl_mark_stands(enum kl_mark mark, const uint8_t *p, size_t at, size_t n);

// How far apart the places of a mark of words are.
size_t kl_mark_stride(enum kl_mark mark);

// What is known of the zeros at hand, so that each is looked at once.
struct kl_zeros {
  size_t end; // of those seen last
};

// May the page at p + at, of n bytes that are at hand, be a root? phys: its
// address. below: no memory lies there or above, so no table does. Whether it is
// one of a given paging is for kl_looks_like_root to say.
bool kl_may_be_root(const uint8_t *p, size_t at, size_t n, uint64_t phys, uint64_t below, struct kl_zeros *zeros);

#endif
