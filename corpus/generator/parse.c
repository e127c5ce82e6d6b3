// The parser of declarations: the part of C that structs are written in.
#include "parse.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct parser {
  struct types *types;
  const char *next;
  char token[64]; // empty at the end
};

static void advance(struct parser *p) {
  while (isspace((unsigned char)*p->next))
    p->next++;
  size_t n = 0;
  const char *s = p->next;
  if (isalnum((unsigned char)*s) || *s == '_')
    while (isalnum((unsigned char)s[n]) || s[n] == '_')
      n++;
  else if (*s)
    n = 1;
  if (n >= sizeof p->token)
    die("a name is too long: %.80s", s);
  memcpy(p->token, s, n);
  p->token[n] = 0;
  p->next += n;
}

static bool at(const struct parser *p, const char *token) {
  return strcmp(p->token, token) == 0;
}

static bool accept(struct parser *p, const char *token) {
  if (!at(p, token))
    return false;
  advance(p);
  return true;
}

static void expect(struct parser *p, const char *token) {
  if (!accept(p, token))
    die("expected '%s' where '%s' is, before: %.60s", token, p->token, p->next);
}

static char *name_of(struct parser *p) {
  if (!isalpha((unsigned char)p->token[0]) && p->token[0] != '_')
    die("expected a name where '%s' is, before: %.60s", p->token, p->next);
  char *name = print("%s", p->token);
  advance(p);
  return name;
}

static int64_t number_of(struct parser *p) {
  bool negative = accept(p, "-");
  int64_t v = (int64_t)strtoull(p->token, NULL, 0);
  if (!isdigit((unsigned char)p->token[0]))
    die("expected a number where '%s' is, before: %.60s", p->token, p->next);
  advance(p);
  if (accept(p, "<")) { // 1 << 4
    expect(p, "<");
    v <<= number_of(p);
  }
  return negative ? -v : v;
}

static uint64_t number_in_parentheses(struct parser *p) {
  expect(p, "(");
  uint64_t v = (uint64_t)number_of(p);
  expect(p, ")");
  return v;
}

// Whether what precedes since(N) until(M) smp belongs to kernels of this era, and
// to those for one CPU.
static bool belongs(struct parser *p) {
  bool here = true;
  for (;;) {
    if (accept(p, "since"))
      here &= p->types->era >= number_in_parentheses(p);
    else if (accept(p, "until"))
      here &= p->types->era <= number_in_parentheses(p);
    else if (accept(p, "smp"))
      here &= !p->types->uniprocessor;
    else
      return here;
  }
}

static struct type *wrap(struct types *types, enum type_kind kind, struct type *target, const char *name) {
  for (size_t i = 0; i < types->n; i++) { // one of each
    struct type *known = types->all[i];
    if (known->kind == kind && known->target == target && kind != TYPE_TAG && kind != TYPE_ARRAY)
      return known;
  }
  struct type *type = type_new(types, kind, name);
  type->target = target;
  return type;
}

static void parse_members(struct parser *p, struct type *type);

static void parse_values(struct parser *p, struct type *type) {
  int64_t value = 0;
  while (!accept(p, "}")) {
    char *name = name_of(p);
    if (accept(p, "="))
      value = number_of(p);
    if (belongs(p)) {
      type->values = realloc(type->values, (type->n + 1) * sizeof *type->values);
      if (!type->values)
        die("no memory for enumerators");
      type->values[type->n++] = (struct enumerator){name, value++};
    }
    if (!at(p, "}"))
      expect(p, ",");
  }
  type->bytes = type->align = 4;
}

// Behind "struct", "union" or "enum": a name, a body or both.
static struct type *parse_tagged(struct parser *p, enum type_kind kind) {
  char *name = at(p, "{") ? NULL : name_of(p);
  struct type *type = name ? type_lookup(p->types, kind, name) : NULL;
  if (!type)
    type = type_new(p->types, kind, name);
  if (!at(p, "{"))
    return type;
  struct type scratch = *type; // a declaration of another era is read and dropped
  scratch.n = 0;
  scratch.members = NULL;
  scratch.values = NULL;
  scratch.complete = true;
  expect(p, "{");
  if (kind == TYPE_ENUM)
    parse_values(p, &scratch);
  else
    parse_members(p, &scratch);
  bool here = true;
  for (bool more = true; more;) {
    if (at(p, "since") || at(p, "until"))
      here &= belongs(p);
    else if (accept(p, "fixed"))
      scratch.fixed = true;
    else if (accept(p, "dense"))
      scratch.dense = true;
    else if (accept(p, "aligned"))
      scratch.align = number_in_parentheses(p);
    else if (accept(p, "padded"))
      scratch.bytes = number_in_parentheses(p);
    else
      more = false;
  }
  if (here) {
    if (type->complete)
      die("%s is declared twice", name);
    *type = scratch;
  }
  return type;
}

static struct type *parse_integer(struct parser *p) {
  bool is_unsigned = false, is_signed = false, is_char = false, is_short = false, seen = false;
  int longs = 0;
  for (;; seen = true) {
    if (accept(p, "unsigned"))
      is_unsigned = true;
    else if (accept(p, "signed"))
      is_signed = true;
    else if (accept(p, "char"))
      is_char = true;
    else if (accept(p, "short"))
      is_short = true;
    else if (accept(p, "long"))
      longs++;
    else if (!accept(p, "int"))
      break;
  }
  if (!seen)
    return NULL;
  const char *name = is_char       ? (is_unsigned ? "unsigned char"
                                      : is_signed ? "signed char"
                                                  : "char")
                     : is_short    ? (is_unsigned ? "short unsigned int" : "short int")
                     : longs == 1  ? (is_unsigned ? "long unsigned int" : "long int")
                     : longs == 2  ? (is_unsigned ? "long long unsigned int" : "long long int")
                     : is_unsigned ? "unsigned int"
                                   : "int";
  return type_lookup(p->types, TYPE_INT, name);
}

static struct type *parse_base(struct parser *p) {
  if (accept(p, "const"))
    return wrap(p->types, TYPE_CONST, parse_base(p), NULL);
  if (accept(p, "volatile"))
    return wrap(p->types, TYPE_VOLATILE, parse_base(p), NULL);
  if (accept(p, "struct"))
    return parse_tagged(p, TYPE_STRUCT);
  if (accept(p, "union"))
    return parse_tagged(p, TYPE_UNION);
  if (accept(p, "enum"))
    return parse_tagged(p, TYPE_ENUM);
  if (accept(p, "void"))
    return p->types->all[0];
  if (accept(p, "_Bool"))
    return type_lookup(p->types, TYPE_INT, "_Bool");
  struct type *type = parse_integer(p);
  if (type)
    return type;
  char *name = name_of(p);
  type = type_lookup(p->types, TYPE_TYPEDEF, name);
  if (!type)
    type = type_lookup(p->types, TYPE_INT, name);
  if (!type)
    die("no type %s, before: %.60s", name, p->next);
  return type;
}

static struct type *parse_dimensions(struct parser *p, struct type *type) {
  uint64_t counts[4];
  size_t n = 0;
  while (accept(p, "[")) {
    if (n == 4)
      die("too many dimensions");
    counts[n++] = at(p, "]") ? 0 : (uint64_t)number_of(p);
    expect(p, "]");
  }
  while (n) {
    type = wrap(p->types, TYPE_ARRAY, type, NULL);
    type->count = counts[--n];
  }
  return type;
}

// Stars, a name, dimensions; or (*name)(...). *name is null when there is none.
static struct type *parse_declarator(struct parser *p, struct type *type, char **name) {
  *name = NULL;
  static const char *const tags[] = {"__rcu", "__percpu", "__user"};
  for (bool more = true; more;) {
    more = false;
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
      if (accept(p, tags[i])) {
        if (p->types->tags)
          type = wrap(p->types, TYPE_TAG, type, tags[i] + 2);
        more = true;
      }
    if (accept(p, "*")) {
      type = wrap(p->types, TYPE_POINTER, type, NULL);
      more = true;
    }
    if (accept(p, "const")) {
      type = wrap(p->types, TYPE_CONST, type, NULL);
      more = true;
    }
  }
  if (accept(p, "(")) { // a pointer to a function, whatever its parameters
    expect(p, "*");
    *name = name_of(p);
    expect(p, ")");
    expect(p, "(");
    while (!accept(p, ")"))
      advance(p);
    return wrap(p->types, TYPE_POINTER, wrap(p->types, TYPE_FUNCTION, p->types->all[0], NULL), NULL);
  }
  if (isalpha((unsigned char)p->token[0]) || p->token[0] == '_')
    *name = name_of(p);
  return parse_dimensions(p, type);
}

static void add_member(struct type *type, struct member member) {
  type->members = realloc(type->members, (type->n + 1) * sizeof *type->members);
  if (!type->members)
    die("no memory for members");
  type->members[type->n++] = member;
  const struct type *last = type_strip(member.type);
  type->has_flexible_end = last->kind == TYPE_ARRAY && !last->count;
}

static void parse_members(struct parser *p, struct type *type) {
  while (!accept(p, "}")) {
    struct type *base = parse_base(p);
    if (accept(p, ";")) { // an anonymous struct or union
      add_member(type, (struct member){.type = base});
      continue;
    }
    if (at(p, "since") || at(p, "until")) {
      if (belongs(p))
        add_member(type, (struct member){.type = base});
      expect(p, ";");
      continue;
    }
    do {
      struct member member = {0};
      char *name;
      member.type = parse_declarator(p, base, &name);
      member.name = name;
      if (accept(p, ":"))
        member.bits = (uint32_t)number_of(p);
      if (belongs(p))
        add_member(type, member);
    } while (accept(p, ","));
    expect(p, ";");
  }
}

void types_declare(struct types *types, const char *text) {
  struct parser p = {.types = types, .next = text};
  advance(&p);
  while (p.token[0]) {
    if (accept(&p, "typedef")) {
      char *name;
      struct type *target = parse_declarator(&p, parse_base(&p), &name);
      if (belongs(&p) && !type_lookup(types, TYPE_TYPEDEF, name))
        type_new(types, TYPE_TYPEDEF, name)->target = target;
    } else {
      parse_base(&p);
    }
    expect(&p, ";");
  }
}
