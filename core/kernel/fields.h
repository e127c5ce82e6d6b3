// Every kernel type, member, enum value and symbol that kernlens reads: by subject
// in fields/, all of them here.
//
// Resolved from the dump's own BTF and kallsyms at attach. Absence is data: an
// optional one that is not there has its presence bit clear, and the reader
// asks for the other form. No version comparisons anywhere.
#ifndef KL_KERNEL_FIELDS_H
#define KL_KERNEL_FIELDS_H

#include "kernel/fields/bpf.h"
#include "kernel/fields/containers.h"
#include "kernel/fields/files.h"
#include "kernel/fields/log.h"
#include "kernel/fields/machine.h"
#include "kernel/fields/memory.h"
#include "kernel/fields/modules.h"
#include "kernel/fields/network.h"
#include "kernel/fields/places.h"
#include "kernel/fields/tampering.h"
#include "kernel/fields/tasks.h"

// X(struct, member, need, note). need: REQUIRED (attach says so when missing)
// or OPTIONAL. Members of anonymous structs count as the outer one's. note:
// the commit or release that changed it, or "".
#define KL_FIELD_LIST(X)                                                                                           \
  KL_FIELDS_MACHINE(X)                                                                                             \
  KL_FIELDS_CONTAINERS(X)                                                                                          \
  KL_FIELDS_TASKS(X)                                                                                               \
  KL_FIELDS_FILES(X)                                                                                               \
  KL_FIELDS_MODULES(X)                                                                                             \
  KL_FIELDS_LOG(X)                                                                                                 \
  KL_FIELDS_BPF(X)                                                                                                 \
  KL_FIELDS_MEMORY(X)                                                                                              \
  KL_FIELDS_NETWORK(X)                                                                                             \
  KL_FIELDS_PLACES(X)                                                                                              \
  KL_FIELDS_TAMPERING(X)

// X(type): a struct, union or typedef whose size is asked for.
#define KL_TYPE_LIST(X)                                                                                            \
  KL_TYPES_MACHINE(X)                                                                                              \
  KL_TYPES_CONTAINERS(X)                                                                                           \
  KL_TYPES_TASKS(X)                                                                                                \
  KL_TYPES_FILES(X)                                                                                                \
  KL_TYPES_MODULES(X)                                                                                              \
  KL_TYPES_LOG(X)                                                                                                  \
  KL_TYPES_BPF(X)                                                                                                  \
  KL_TYPES_MEMORY(X)                                                                                               \
  KL_TYPES_NETWORK(X)                                                                                              \
  KL_TYPES_PLACES(X)                                                                                               \
  KL_TYPES_TAMPERING(X)

// X(enum, value): enum is the enum's name, or anon when it has none.
#define KL_ENUM_LIST(X)                                                                                            \
  KL_ENUMS_CONTAINERS(X)                                                                                           \
  KL_ENUMS_MODULES(X)                                                                                              \
  KL_ENUMS_MEMORY(X)                                                                                               \
  KL_ENUMS_PLACES(X)

// X(symbol, need): kallsyms names looked up once, in one pass.
#define KL_SYMBOL_LIST(X)                                                                                          \
  KL_SYMBOLS_MACHINE(X)                                                                                            \
  KL_SYMBOLS_TASKS(X)                                                                                              \
  KL_SYMBOLS_FILES(X)                                                                                              \
  KL_SYMBOLS_MODULES(X)                                                                                            \
  KL_SYMBOLS_LOG(X)                                                                                                \
  KL_SYMBOLS_BPF(X)                                                                                                \
  KL_SYMBOLS_MEMORY(X)                                                                                             \
  KL_SYMBOLS_NETWORK(X)                                                                                            \
  KL_SYMBOLS_PLACES(X)                                                                                             \
  KL_SYMBOLS_TAMPERING(X)

#endif
