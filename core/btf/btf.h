// BTF: the kernel's own type information, as it lies in the dump.
//
// kl_btf_open validates everything once (every reference, string, size, cycle);
// after that no accessor can fail on the data. Type ids start at 1; 0 is void.
// A function here takes any id below the count; kl_bytes it gives point into
// the data. Sources: include/uapi/linux/btf.h, Documentation/bpf/btf.rst,
// kernel/bpf/btf.c; the 32-byte header with a layout section and the wider info
// word are of 2026.
#ifndef KL_BTF_BTF_H
#define KL_BTF_BTF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/text.h"
#include "kernlens/diagnostics.h"
#include "kernlens/limits.h"

enum kl_btf_kind {
  KL_BTF_VOID,
  KL_BTF_INT,
  KL_BTF_PTR,
  KL_BTF_ARRAY,
  KL_BTF_STRUCT,
  KL_BTF_UNION,
  KL_BTF_ENUM,
  KL_BTF_FWD,
  KL_BTF_TYPEDEF,
  KL_BTF_VOLATILE,
  KL_BTF_CONST,
  KL_BTF_RESTRICT,
  KL_BTF_FUNC,
  KL_BTF_FUNC_PROTO,
  KL_BTF_VAR,
  KL_BTF_DATASEC,
  KL_BTF_FLOAT,
  KL_BTF_DECL_TAG,
  KL_BTF_TYPE_TAG,
  KL_BTF_ENUM64,
  KL_BTF_UNKNOWN // a newer kind, stepped over by the layout section
};

struct kl_btf; // opaque; lives in the arena

// Validates and indexes raw BTF, of any alignment; bytes behind it are not
// looked at. data: borrowed for the life of the btf. base: null, or the vmlinux
// BTF that this split BTF continues. What any kernel accepts is accepted.
// KL_ERR_MALFORMED: *bad_offset (may be null) is an offending byte.
// KL_ERR_LIMIT: btf_bytes, btf_types. KL_ERR_NO_MEMORY. Keeps 12 to 16 bytes of
// arena a type; while it runs it takes the bytes of the types, 8 a type and a
// 64th of the strings'. Cost: a pass over strings, types and members; some 3 ms
// for 5 MB.
enum kl_status kl_btf_open(struct kl_arena *arena, struct kl_bytes data, const struct kl_btf *base,
                           const struct kl_limits *limits, struct kl_btf **ret, uint64_t *bad_offset) KL_MUST_USE;

// Reads only a header: how long the whole BTF is. For the scan: cheap and
// strict, false for anything that can't be BTF. head: KL_BTF_PROBE_BYTES, or all
// there is.
bool kl_btf_probe(struct kl_bytes head, uint64_t *total_bytes);
enum { KL_BTF_PROBE_BYTES = 32 };

// One type, decoded.
struct kl_btf_type {
  uint32_t id;
  enum kl_btf_kind kind;
  bool kflag;
  uint32_t vlen;        // members, values, parameters, variables; FUNC: linkage
  uint32_t size;        // bytes: INT, STRUCT, UNION, ENUM, ENUM64, FLOAT, DATASEC
  uint32_t type;        // referred type: PTR, TYPEDEF, modifiers, FUNC, FUNC_PROTO (return), VAR, tags
  struct kl_bytes name; // n is 0 when anonymous; a tag's is its text
  const uint8_t *extra; // the items behind the header
};

// Number of ids: valid ids are 0 .. count - 1 (base included for split BTF).
uint32_t kl_btf_count(const struct kl_btf *btf);
uint64_t kl_btf_bytes(const struct kl_btf *btf);
// id must be below the count.
void kl_btf_type(const struct kl_btf *btf, uint32_t id, struct kl_btf_type *ret);

// The string at an offset of the string section, as .BTF.ext and line
// information refer to it. False: there is none.
bool kl_btf_text(const struct kl_btf *btf, uint32_t offset, struct kl_bytes *ret);

// Items of a type; i below vlen (1 for ARRAY).
struct kl_btf_member {
  struct kl_bytes name;
  uint32_t type;
  uint32_t bit_offset; // from the start of the struct
  uint32_t bit_size;   // 0: not a bitfield
};
void kl_btf_member(const struct kl_btf *btf, const struct kl_btf_type *t, uint32_t i, struct kl_btf_member *ret);
// ENUM: sign-extended when the type is signed, or when this whole BTF is from
// before Linux 6.0, which could not say; else zero-extended. ENUM64: the bits.
struct kl_btf_value {
  struct kl_bytes name;
  int64_t value;
};
void kl_btf_enum_value(const struct kl_btf *btf, const struct kl_btf_type *t, uint32_t i, struct kl_btf_value *ret);
struct kl_btf_array {
  uint32_t type, index_type, count;
};
void kl_btf_array(const struct kl_btf *btf, const struct kl_btf_type *t, struct kl_btf_array *ret);
struct kl_btf_int {
  bool is_signed, is_char, is_bool;
  uint8_t bit_offset, bits;
};
void kl_btf_int(const struct kl_btf *btf, const struct kl_btf_type *t, struct kl_btf_int *ret);
struct kl_btf_section_variable {
  uint32_t type, offset, size;
};
void kl_btf_section_variable(const struct kl_btf *btf, const struct kl_btf_type *t, uint32_t i,
                             struct kl_btf_section_variable *ret);
struct kl_btf_parameter {
  struct kl_bytes name;
  uint32_t type; // 0 without name: "..."
};
void kl_btf_parameter(const struct kl_btf *btf, const struct kl_btf_type *t, uint32_t i,
                      struct kl_btf_parameter *ret);

// Through TYPEDEF, modifiers, TYPE_TAG (and VAR, FUNC not): the type below.
uint32_t kl_btf_strip(const struct kl_btf *btf, uint32_t id);
// Bytes of a type; false for void, functions, forward declarations.
bool kl_btf_size(const struct kl_btf *btf, uint32_t id, uint64_t *ret);

// The next id after previous (0 to begin) with this kind and name: by index,
// built once in open; ascending. 0 when there is none. Split: own types first,
// then the base's. Name: empty finds anonymous enums. Not for tags. Cost: O(1)
// on the average; of functions, which are half of all types and hardly ever asked
// for, one look at each type.
uint32_t kl_btf_find(const struct kl_btf *btf, enum kl_btf_kind kind, struct kl_bytes name, uint32_t previous);
// STRUCT, UNION or TYPEDEF to one (then what it stands for): the first that is
// complete. 0: none. Others of the name: kl_btf_find.
uint32_t kl_btf_find_struct(const struct kl_btf *btf, const char *name);

// A member by name, through anonymous members and modifiers. struct_id may be a
// typedef. False too when it is not found within limits.btf_steps members.
struct kl_btf_field {
  uint32_t type;       // of the member
  uint32_t bit_offset; // from the start of the outer struct
  uint32_t bit_size;   // 0: not a bitfield
};
bool kl_btf_find_member(const struct kl_btf *btf, uint32_t struct_id, struct kl_bytes name,
                        struct kl_btf_field *ret);
// A path such as "mm.owner->x" is not for here; "a.b[2].c" is: nested members
// and array elements. An array of 0 (a flexible one) has no bound. False when
// any step is missing, or lies 512 MiB or more from the start.
bool kl_btf_find_path(const struct kl_btf *btf, uint32_t struct_id, struct kl_bytes path, struct kl_btf_field *ret);
// The value of an enumerator. enum_name: of the enum or of a typedef of one; null
// or empty: of any anonymous enum.
bool kl_btf_find_enum(const struct kl_btf *btf, const char *enum_name, const char *value_name, int64_t *ret);

// Printing. Text and declarations are printable ASCII whatever the guest says.
// KL_ERR_LIMIT: nested too deep, or limits.btf_steps reached: the text ends
// there. KL_ERR_ARGUMENT: no such id. Else what out's flush returned.
//
// The name of a type as C writes it ("struct task_struct *", "int [4]").
void kl_btf_print_name(const struct kl_btf *btf, uint32_t id, struct kl_text *out);

// A C declaration, with its last newline. Plain: compiles to the layout that the
// BTF states (packed where need be, gaps as unnamed bitfields). With layout:
// offsets, sizes, holes and bit positions as comments in the way of pahole, and
// the totals at the end. Tags as the kernel writes them: __user, __rcu.
enum kl_status kl_btf_print_type(const struct kl_btf *btf, uint32_t id, bool layout,
                                 struct kl_text *out) KL_MUST_USE;

// A value, from its bytes: as text in C initialiser style (lines, no last
// newline), or as JSON in one line. Too few bytes: what lacks them is shown as
// <unreadable> (null in JSON), as is what has no value. Pointers: 0x and 16
// digits; in JSON these, floats (C's hexadecimal form) and enum names are
// strings, integers of any width are numbers. Arrays of char that hold text are
// strings; members of anonymous structs belong to what is around them; a VAR
// or DATASEC is the value of its variables.
enum kl_btf_value_style { KL_BTF_VALUE_TEXT, KL_BTF_VALUE_JSON };
enum kl_status kl_btf_print_value(const struct kl_btf *btf, uint32_t id, struct kl_bytes bytes,
                                  enum kl_btf_value_style style, struct kl_text *out) KL_MUST_USE;

// The same, with text of the caller's own in place of some structs: those that
// begin at an offset and are as large as it says.
struct kl_btf_shown {
  uint64_t offset, size; // bytes
  struct kl_bytes text;
};
enum kl_status kl_btf_print_value_with(const struct kl_btf *btf, uint32_t id, struct kl_bytes bytes,
                                       enum kl_btf_value_style style, const struct kl_btf_shown *shown, size_t n,
                                       struct kl_text *out) KL_MUST_USE;

#endif
