// Types as C declares them, and a layout for them that chance chooses.
//
// The generator says what a kernel's structs hold in C itself:
//
//   types_declare(types, DECLARE(struct list_head { struct list_head *next, *prev; } fixed;))
//
// and the layout puts members in an order of its own, with fillers between
// them, so that nothing which reads the result can lean on a known offset.
//
// Beside C there is:
//   member since(N) until(M);   the member is there in eras N to M (machine.h)
//   } since(N) until(M);        the same for a whole type
//   } fixed;                    members stay in this order, without fillers
//   } dense;                    without fillers, in any order
//   } aligned(N) padded(N);     at least this alignment, this size
#ifndef GENERATOR_TYPES_H
#define GENERATOR_TYPES_H

#include "support.h"

#define DECLARE(...) #__VA_ARGS__

enum type_kind {
  TYPE_VOID,
  TYPE_INT,
  TYPE_POINTER,
  TYPE_ARRAY,
  TYPE_STRUCT,
  TYPE_UNION,
  TYPE_ENUM,
  TYPE_TYPEDEF,
  TYPE_CONST,
  TYPE_VOLATILE,
  TYPE_TAG,     // what clang writes for __rcu, __percpu, __user
  TYPE_FUNCTION // a prototype, always void (*)(void)
};

struct member {
  const char *name; // null: anonymous
  struct type *type;
  uint32_t bits; // 0: not a bitfield
  uint64_t bit_offset;
};

struct enumerator {
  const char *name;
  int64_t value;
};

struct type {
  enum type_kind kind;
  const char *name; // null: none
  struct type *target;
  uint64_t count; // of an array
  uint64_t bytes, align;
  bool is_signed, is_bool, is_char;            // INT
  bool complete, fixed, dense, laid_out, used; // STRUCT, UNION, ENUM
  bool has_flexible_end;                       // STRUCT: its last member stays last
  struct member *members;
  struct enumerator *values;
  size_t n;
  uint32_t id; // BTF
};

struct types {
  struct type **all;
  size_t n, capacity;
  unsigned era;
  bool uniprocessor; // members that are marked smp are left out
  bool tags;         // pointers marked __rcu and so on get a TYPE_TAG
  struct chance chance;
};

// Types known to every C program, and u8 to u64.
void types_init(struct types *types, uint64_t seed, unsigned era);
void types_declare(struct types *types, const char *text);
// Chooses the layout of all that was declared. Nothing can be declared after.
void types_lay_out(struct types *types);

// A struct, union, enum or typedef by its name; dies when there is none.
struct type *type_named(struct types *types, const char *name);
bool type_exists(struct types *types, const char *name);
const struct type *type_strip(const struct type *type); // below typedefs and modifiers

// Where a member lies: "a.b[2].c", through anonymous members. False when this
// era's type has no such member.
struct place {
  uint64_t bit_offset;
  uint32_t bits; // 0: not a bitfield
  struct type *type;
};
bool type_find(struct type *type, const char *path, struct place *ret);
uint64_t enum_value(struct types *types, const char *enum_name, const char *name);

#endif
