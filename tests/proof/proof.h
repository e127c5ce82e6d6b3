// What a proof is made of: values that may be anything, and what must hold for
// all of them. CBMC defines the three underneath.
#ifndef KL_PROOF_H
#define KL_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void __CPROVER_assume(_Bool that);
void __CPROVER_assert(_Bool that, const char *what);

uint64_t any_u64(void);
uint32_t any_u32(void);
uint8_t any_u8(void);
size_t any_size(void);
bool any_bool(void);

#define ASSUME(that) __CPROVER_assume(that)
#define PROVE(that) __CPROVER_assert((that), #that)

#endif
