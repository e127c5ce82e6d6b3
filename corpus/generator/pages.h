// struct page: what the kernel says of each frame.
#ifndef GENERATOR_PAGES_H
#define GENERATOR_PAGES_H

#include "guest.h"

void declare_pages(struct guest *g);
void build_memory_map(struct guest *g); // maps vmemmap
// A page of a file (mapping: its address_space) or an anonymous one (mapping: its anon_vma).
void page_describe(struct guest *g, uint64_t phys, enum frame_use use, uint64_t mapping, uint64_t index);
void page_mapped(struct guest *g, uint64_t phys); // once more by a process
// All other frames by their use, when nothing more is taken; and the sums.
void describe_pages(struct guest *g);

#endif
