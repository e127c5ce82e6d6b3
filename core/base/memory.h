// The four functions that the core needs from outside, and no header of libc.
#ifndef KL_BASE_MEMORY_H
#define KL_BASE_MEMORY_H

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);

#endif
