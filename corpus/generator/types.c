// The layout of types, and finding members in them.
#include "types.h"

#include <stdlib.h>
#include <string.h>

#include "parse.h"

struct type *type_new(struct types *types, enum type_kind kind, const char *name) {
  if (types->n == types->capacity) {
    types->capacity = types->capacity * 2 + 256;
    types->all = realloc(types->all, types->capacity * sizeof *types->all);
    if (!types->all)
      die("no memory for types");
  }
  struct type *type = take(sizeof *type);
  type->kind = kind;
  type->name = name;
  types->all[types->n++] = type;
  return type;
}

static bool is_named(const struct type *type, const char *name) {
  return type->name && strcmp(type->name, name) == 0;
}

struct type *type_lookup(struct types *types, enum type_kind kind, const char *name) {
  for (size_t i = 0; i < types->n; i++)
    if (types->all[i]->kind == kind && is_named(types->all[i], name))
      return types->all[i];
  return NULL;
}

static struct type *find_named(struct types *types, const char *name) {
  static const enum type_kind kinds[] = {TYPE_STRUCT, TYPE_UNION, TYPE_TYPEDEF, TYPE_ENUM, TYPE_INT};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    struct type *type = type_lookup(types, kinds[i], name);
    if (type)
      return type;
  }
  return NULL;
}

struct type *type_named(struct types *types, const char *name) {
  struct type *type = find_named(types, name);
  if (!type)
    die("no type %s", name);
  return type;
}

bool type_exists(struct types *types, const char *name) {
  struct type *type = find_named(types, name);
  return type && (type->complete || type->kind == TYPE_TYPEDEF || type->kind == TYPE_INT);
}

const struct type *type_strip(const struct type *type) {
  while (type->kind == TYPE_TYPEDEF || type->kind == TYPE_CONST || type->kind == TYPE_VOLATILE ||
         type->kind == TYPE_TAG)
    type = type->target;
  return type;
}

void types_init(struct types *types, uint64_t seed, unsigned era) {
  *types = (struct types){.era = era, .chance = chance_of(seed, "types")};
  types->tags = chance_one_in(&types->chance, 2);
  type_new(types, TYPE_VOID, NULL);
  static const struct {
    const char *name;
    uint64_t bytes;
    bool is_signed, is_bool, is_char;
  } ints[] = {
      {"char", 1, true, false, true},
      {"signed char", 1, true, false, true},
      {"unsigned char", 1, false, false, false},
      {"short int", 2, true, false, false},
      {"short unsigned int", 2, false, false, false},
      {"int", 4, true, false, false},
      {"unsigned int", 4, false, false, false},
      {"long int", 8, true, false, false},
      {"long unsigned int", 8, false, false, false},
      {"long long int", 8, true, false, false},
      {"long long unsigned int", 8, false, false, false},
      {"_Bool", 1, false, true, false},
      {"__int128", 16, true, false, false},
  };
  for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) {
    struct type *type = type_new(types, TYPE_INT, ints[i].name);
    type->bytes = type->align = ints[i].bytes;
    type->is_signed = ints[i].is_signed;
    type->is_bool = ints[i].is_bool;
    type->is_char = ints[i].is_char;
    type->complete = true;
  }
  // clang-format off
  types_declare(types, DECLARE(
    typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
    typedef signed char s8; typedef short s16; typedef int s32; typedef long long s64;
    typedef _Bool bool;
    ));
  // clang-format on
}

// Layout.

static void lay_out(struct types *types, struct type *type);

static uint64_t aligned_size(struct types *types, struct type *type, uint64_t *align) {
  switch (type->kind) {
  case TYPE_POINTER:
    *align = 8;
    return 8;
  case TYPE_ARRAY: {
    uint64_t bytes = aligned_size(types, type->target, align);
    return bytes * type->count;
  }
  case TYPE_TYPEDEF:
  case TYPE_CONST:
  case TYPE_VOLATILE:
  case TYPE_TAG:
    return aligned_size(types, type->target, align);
  case TYPE_STRUCT:
  case TYPE_UNION:
    if (!type->complete)
      die("struct %s is used but not declared", type->name ? type->name : "(anonymous)");
    lay_out(types, type);
    *align = type->align;
    return type->bytes;
  case TYPE_INT:
  case TYPE_ENUM:
    *align = type->align;
    return type->bytes;
  case TYPE_VOID:
  case TYPE_FUNCTION:
    break;
  }
  die("a type without a size is used as a member");
}

static void insert_member(struct type *type, size_t at, struct member member) {
  type->members = realloc(type->members, (type->n + 1) * sizeof *type->members);
  if (!type->members)
    die("no memory for members");
  memmove(type->members + at + 1, type->members + at, (type->n - at) * sizeof *type->members);
  type->members[at] = member;
  type->n++;
}

// Members in another order, and fillers between them.
static void shuffle(struct types *types, struct type *type) {
  size_t movable = type->n - (type->has_flexible_end ? 1 : 0);
  for (size_t i = movable; i > 1; i--) {
    size_t j = (size_t)chance_below(&types->chance, i);
    struct member moved = type->members[i - 1];
    type->members[i - 1] = type->members[j];
    type->members[j] = moved;
  }
  size_t fillers = type->dense ? 0 : (size_t)chance_below(&types->chance, 2 + movable / 4);
  for (size_t i = 0; i < fillers; i++) {
    struct type *filler = type_named(types, chance_one_in(&types->chance, 2) ? "u64" : "u32");
    if (chance_one_in(&types->chance, 3)) {
      struct type *array = type_new(types, TYPE_ARRAY, NULL);
      array->target = filler;
      array->used = true;
      array->count = 1 + chance_below(&types->chance, 6);
      filler = array;
    }
    struct member member = {.name = print("filler_%zu", i), .type = filler};
    insert_member(type, (size_t)chance_below(&types->chance, movable + 1), member);
    movable++;
  }
}

static bool wants_shuffle(const struct type *type) {
  if (type->kind != TYPE_STRUCT || type->fixed || type->n < 2)
    return false;
  for (size_t i = 0; i < type->n; i++) // bitfields stay together
    if (type->members[i].bits)
      return false;
  return true;
}

static void lay_out(struct types *types, struct type *type) {
  if (type->laid_out)
    return;
  type->laid_out = true;
  for (size_t i = 0; i < type->n && type->fixed; i++) // and so is what is anonymous in it
    if (!type->members[i].name)
      type->members[i].type->fixed = true;
  if (wants_shuffle(type))
    shuffle(types, type);
  uint64_t bit = 0, largest = 0, align = type->align ? type->align : 1;
  for (size_t i = 0; i < type->n; i++) {
    struct member *member = &type->members[i];
    uint64_t member_align = 1, bits = 8 * aligned_size(types, member->type, &member_align);
    if (type->kind == TYPE_UNION)
      bit = 0;
    if (member->bits) { // may not cross a unit of its type
      if (bit / bits != (bit + member->bits - 1) / bits)
        bit = round_up(bit, bits);
      bits = member->bits;
    } else {
      bit = round_up(bit, 8 * member_align);
    }
    member->bit_offset = bit;
    bit += bits;
    align = member_align > align ? member_align : align;
    largest = bit > largest ? bit : largest;
  }
  uint64_t bytes = round_up((largest + 7) / 8, align);
  type->bytes = type->bytes > bytes ? type->bytes : bytes;
  type->align = align;
}

// Types that something of this era uses. Declarations of other eras leave
// structs, arrays and pointers behind that nothing does.
static void mark_used(struct types *types) {
  for (size_t i = 0; i < types->n; i++) {
    struct type *type = types->all[i];
    type->used = type->kind == TYPE_INT || type->kind == TYPE_TYPEDEF || (type->name && type->complete);
  }
  for (bool more = true; more;) {
    more = false;
    for (size_t i = 0; i < types->n; i++) {
      struct type *type = types->all[i];
      if (!type->used)
        continue;
      for (size_t j = 0; j < type->n && type->members; j++) {
        more |= !type->members[j].type->used;
        type->members[j].type->used = true;
      }
      if (type->target) {
        more |= !type->target->used;
        type->target->used = true;
      }
    }
  }
  types->all[0]->used = false; // void
}

void types_lay_out(struct types *types) {
  mark_used(types);
  for (size_t i = 0; i < types->n; i++) // fillers append types: n moves
    if (types->all[i]->used && types->all[i]->complete &&
        (types->all[i]->kind == TYPE_STRUCT || types->all[i]->kind == TYPE_UNION))
      lay_out(types, types->all[i]);
}

// Members.

static bool find_member(struct type *type, const char *name, size_t n, struct place *ret) {
  if (type->kind != TYPE_STRUCT && type->kind != TYPE_UNION)
    return false;
  for (size_t i = 0; i < type->n; i++) {
    struct member *member = &type->members[i];
    struct place inner;
    if (member->name && strlen(member->name) == n && memcmp(member->name, name, n) == 0) {
      *ret = (struct place){member->bit_offset, member->bits, member->type};
      return true;
    }
    if (!member->name && find_member(member->type, name, n, &inner)) {
      *ret = (struct place){member->bit_offset + inner.bit_offset, inner.bits, inner.type};
      return true;
    }
  }
  return false;
}

static struct type *strip(struct type *type) {
  while (type->kind == TYPE_TYPEDEF || type->kind == TYPE_CONST || type->kind == TYPE_VOLATILE ||
         type->kind == TYPE_TAG)
    type = type->target;
  return type;
}

static uint64_t size_of(const struct type *type) {
  uint64_t count = 1;
  for (type = type_strip(type); type->kind == TYPE_ARRAY; type = type_strip(type->target))
    count *= type->count;
  return count * (type->kind == TYPE_POINTER ? 8 : type->bytes);
}

bool type_find(struct type *type, const char *path, struct place *ret) {
  struct place at = {0, 0, strip(type)};
  while (*path) {
    size_t n = strcspn(path, ".[");
    struct place step;
    if (*path == '[') {
      char *end;
      uint64_t index = strtoull(path + 1, &end, 10);
      if (at.type->kind != TYPE_ARRAY || *end != ']')
        die("%s is no element", path);
      struct type *element = strip(at.type->target);
      at = (struct place){at.bit_offset + 8 * index * size_of(element), 0, element};
      path = end + 1;
    } else if (*path == '.') {
      path++;
    } else if (find_member(at.type, path, n, &step)) {
      at = (struct place){at.bit_offset + step.bit_offset, step.bits, strip(step.type)};
      path += n;
    } else {
      return false;
    }
  }
  *ret = at;
  return true;
}

uint64_t enum_value(struct types *types, const char *enum_name, const char *name) {
  struct type *type = type_lookup(types, TYPE_ENUM, enum_name);
  for (size_t i = 0; type && i < type->n; i++)
    if (strcmp(type->values[i].name, name) == 0)
      return (uint64_t)type->values[i].value;
  die("enum %s has no %s", enum_name, name);
}
