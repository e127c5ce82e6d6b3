// C declarators from type chains, by a stack of small jobs instead of recursion.
//
// A declarator has a part left of the name and one right of it: for a pointer
// to an array of int these are "int (*" and ")[4]".
#include "btf/print.h"

enum job_kind {
  LEFT,       // what a type puts left of the name
  RIGHT,      // and right of it
  NAME,       // value: a string offset
  STAR,       // value: 1 when a parenthesis opens before it
  QUALIFIER,  // type: a modifier of a pointer
  TAG,        // type: a TYPE_TAG
  PARAMETERS, // type: a FUNC_PROTO; value: the next one
};

struct job {
  uint32_t kind, type, value;
};

// Real declarators need about ten.
enum { JOBS = 128 };

struct declarator {
  const struct kl_btf *btf;
  struct kl_text *out;
  bool base_done;
  bool overflow;
  char last; // character written last
  uint32_t used;
  struct job jobs[JOBS];
};

static void push(struct declarator *d, enum job_kind kind, uint32_t type, uint32_t value) {
  if (d->used == JOBS)
    d->overflow = true;
  else
    d->jobs[d->used++] = (struct job){kind, type, value};
}

static void put(struct declarator *d, struct kl_bytes b) {
  if (!b.n)
    return;
  kl_text_put(d->out, (const char *)b.p, b.n);
  d->last = (char)b.p[b.n - 1];
}
static void put_string(struct declarator *d, const char *s) {
  put(d, kl_btf_c_string(s));
}
static void put_space(struct declarator *d) {
  if (d->last && d->last != '*' && d->last != '(' && d->last != ' ')
    put_string(d, " ");
}

static void push_declaration(struct declarator *d, uint32_t type, uint32_t name) {
  push(d, RIGHT, type, !name);
  if (name)
    push(d, NAME, 0, name);
  push(d, LEFT, type, 0);
}

static uint32_t target(const struct kl_btf *btf, uint32_t id) {
  return kl_le32(kl_btf_raw(btf, id) + 8);
}

// Through qualifiers and tags, not typedefs: the kind that decides how they
// are written.
static enum kl_btf_kind kind_below(const struct kl_btf *btf, uint32_t id) {
  enum kl_btf_kind kind;
  while (kl_btf_is_qualifier(kind = kl_btf_kind(btf, id)) || kind == KL_BTF_TYPE_TAG)
    id = target(btf, id);
  return kind;
}

static bool binds_right(enum kl_btf_kind kind) {
  return kind == KL_BTF_ARRAY || kind == KL_BTF_FUNC_PROTO;
}

const char *kl_btf_keyword(enum kl_btf_kind kind, bool fwd_union) {
  if (kl_btf_is_enum(kind))
    return "enum";
  return kind == KL_BTF_UNION || (kind == KL_BTF_FWD && fwd_union) ? "union" : "struct";
}

const char *kl_btf_qualifier_text(enum kl_btf_kind kind) {
  return kind == KL_BTF_CONST ? "const" : kind == KL_BTF_VOLATILE ? "volatile" : "restrict";
}

static void put_base(struct declarator *d, uint32_t id) {
  struct kl_btf_type t;
  if (d->base_done)
    return;
  kl_btf_type(d->btf, id, &t);
  if (t.kind == KL_BTF_VOID) {
    put_string(d, "void");
  } else if (t.kind == KL_BTF_UNKNOWN) {
    put_string(d, "/* unknown kind */ void");
  } else if (kl_btf_is_composite(t.kind) || kl_btf_is_enum(t.kind) || t.kind == KL_BTF_FWD) {
    put_string(d, kl_btf_keyword(t.kind, t.kflag));
    put_string(d, " ");
    put(d, t.name.n ? t.name : kl_btf_c_string("{...}"));
  } else {
    put(d, t.name.n ? t.name : kl_btf_c_string("int"));
  }
}

static void left(struct declarator *d, uint32_t id) {
  enum kl_btf_kind kind = kl_btf_kind(d->btf, id);
  if (kind == KL_BTF_PTR) {
    push(d, STAR, 0, binds_right(kind_below(d->btf, target(d->btf, id))));
    push(d, LEFT, target(d->btf, id), 0);
  } else if (kl_btf_is_qualifier(kind)) {
    if (kind_below(d->btf, id) == KL_BTF_PTR) {
      push(d, QUALIFIER, id, 0);
    } else if (!d->base_done) {
      put_string(d, kl_btf_qualifier_text(kind));
      put_string(d, " ");
    }
    push(d, LEFT, target(d->btf, id), 0);
  } else if (kind == KL_BTF_TYPE_TAG) {
    push(d, TAG, id, 0);
    push(d, LEFT, target(d->btf, id), 0);
  } else if (kind == KL_BTF_ARRAY) {
    push(d, LEFT, kl_le32(kl_btf_raw(d->btf, id) + KL_BTF_TYPE_BYTES), 0);
  } else if (kind == KL_BTF_FUNC_PROTO) {
    push(d, LEFT, target(d->btf, id), 0);
  } else {
    put_base(d, id);
  }
}

// abstract: no name stands before it.
static void right(struct declarator *d, uint32_t id, bool abstract) {
  enum kl_btf_kind kind = kl_btf_kind(d->btf, id);
  if (kind == KL_BTF_PTR) {
    if (binds_right(kind_below(d->btf, target(d->btf, id))))
      put_string(d, ")");
    push(d, RIGHT, target(d->btf, id), 0);
  } else if (kl_btf_is_qualifier(kind) || kind == KL_BTF_TYPE_TAG) {
    push(d, RIGHT, target(d->btf, id), abstract);
  } else if (kind == KL_BTF_ARRAY) {
    const uint8_t *extra = kl_btf_raw(d->btf, id) + KL_BTF_TYPE_BYTES;
    if (abstract)
      put_space(d);
    put_string(d, "[");
    kl_text_decimal(d->out, kl_le32(extra + 8));
    put_string(d, "]");
    push(d, RIGHT, kl_le32(extra), 0);
  } else if (kind == KL_BTF_FUNC_PROTO) {
    if (abstract)
      put_space(d);
    put_string(d, "(");
    push(d, RIGHT, target(d->btf, id), 0);
    push(d, PARAMETERS, id, 0);
  }
}

static void parameters(struct declarator *d, uint32_t id, uint32_t i) {
  struct kl_btf_type proto;
  kl_btf_type(d->btf, id, &proto);
  if (i == proto.vlen) {
    put_string(d, i ? ")" : "void)");
    return;
  }
  const uint8_t *item = proto.extra + (size_t)i * 8;
  if (i)
    put_string(d, ", ");
  push(d, PARAMETERS, id, i + 1);
  if (kl_le32(item + 4))
    push_declaration(d, kl_le32(item + 4), kl_le32(item));
  else
    put_string(d, "...");
}

// The kernel writes __user, __rcu, __percpu for the tags user, rcu, percpu. A
// kflag tag is an attribute itself (Linux 6.15, 53ee0d66d7a6).
static void tag(struct declarator *d, uint32_t id) {
  struct kl_btf_type t;
  kl_btf_type(d->btf, id, &t);
  bool plain = !t.kflag;
  for (size_t i = 0; i < t.name.n; i++) {
    uint8_t c = t.name.p[i], lower = c | 0x20;
    plain = plain && ((lower >= 'a' && lower <= 'z') || c == '_' || (c >= '0' && c <= '9'));
  }
  put_space(d);
  put_string(d, plain ? "__" : t.kflag ? "__attribute__((" : "__attribute__((btf_type_tag(\"");
  kl_btf_put_escaped(d->out, t.name);
  put_string(d, plain ? " " : t.kflag ? ")) " : "\"))) ");
}

static void run(struct declarator *d, struct job job) {
  switch ((enum job_kind)job.kind) {
  case LEFT:
    left(d, job.type);
    break;
  case RIGHT:
    right(d, job.type, job.value);
    break;
  case NAME:
    put_space(d);
    put(d, kl_btf_string(d->btf, job.value));
    break;
  case STAR:
    put_space(d);
    put_string(d, job.value ? "(*" : "*");
    break;
  case QUALIFIER:
    put_space(d);
    put_string(d, kl_btf_qualifier_text(kl_btf_kind(d->btf, job.type)));
    break;
  case TAG:
    tag(d, job.type);
    break;
  case PARAMETERS:
    parameters(d, job.type, job.value);
    break;
  }
}

enum kl_status kl_btf_declare(const struct kl_btf *btf, uint32_t id, uint32_t name, bool base_done, uint64_t *steps,
                              struct kl_text *out) {
  struct declarator d;
  d.btf = btf;
  d.out = out;
  d.base_done = base_done;
  d.overflow = false;
  d.last = base_done ? '}' : 0;
  d.used = 0;
  push_declaration(&d, id, name);
  while (d.used && !d.overflow && out->failed == KL_OK) {
    if (!*steps)
      return KL_ERR_LIMIT;
    --*steps;
    struct job job = d.jobs[--d.used];
    run(&d, job);
    if (job.kind != LEFT)
      d.base_done = false; // parameters have bases of their own
  }
  return d.overflow ? KL_ERR_LIMIT : out->failed;
}

uint32_t kl_btf_declaration_base(const struct kl_btf *btf, uint32_t id) {
  for (uint32_t steps = 0; steps < 4 * KL_BTF_DEPTH; steps++) { // functions may return themselves
    enum kl_btf_kind kind = kl_btf_kind(btf, id);
    if (kind == KL_BTF_ARRAY)
      id = kl_le32(kl_btf_raw(btf, id) + KL_BTF_TYPE_BYTES);
    else if (kind == KL_BTF_PTR || kind == KL_BTF_FUNC_PROTO || kind == KL_BTF_TYPE_TAG ||
             kl_btf_is_qualifier(kind))
      id = target(btf, id);
    else
      return id;
  }
  return 0;
}

void kl_btf_print_name(const struct kl_btf *btf, uint32_t id, struct kl_text *out) {
  if (id >= btf->count)
    return;
  enum kl_btf_kind kind = kl_btf_kind(btf, id);
  if (kind == KL_BTF_FUNC || kind == KL_BTF_VAR || kind == KL_BTF_DATASEC || kind == KL_BTF_DECL_TAG) {
    struct kl_bytes name = kl_btf_string(btf, kl_btf_name_offset(btf, id));
    kl_text_put(out, (const char *)name.p, name.n);
    return;
  }
  uint64_t steps = btf->steps;
  if (kl_btf_declare(btf, id, 0, false, &steps, out) != KL_OK)
    kl_text_string(out, "...");
}
