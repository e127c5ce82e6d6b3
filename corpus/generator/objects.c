// Structs in the guest's memory, by the names of their members.
#include "guest.h"

#include <string.h>

static struct place find(struct guest *g, const char *type, const char *path) {
  struct place place;
  if (!type_find(type_named(&g->types, type), path, &place))
    die("%s has no member %s", type, path);
  return place;
}

uint64_t object_bytes(struct guest *g, const char *type) {
  return type_strip(type_named(&g->types, type))->bytes;
}

static uint64_t alignment_of(struct guest *g, const char *type) {
  uint64_t align = type_strip(type_named(&g->types, type))->align;
  return align > 16 ? align : 16;
}

uint64_t object_new(struct guest *g, const char *type) {
  return slab_take(g, object_bytes(g, type), alignment_of(g, type));
}

uint64_t object_in_image(struct guest *g, const char *type) {
  return image_take(g, IMAGE_DATA, object_bytes(g, type), alignment_of(g, type));
}

bool has(struct guest *g, const char *type, const char *path) {
  struct place place;
  return type_exists(&g->types, type) && type_find(type_named(&g->types, type), path, &place);
}

uint64_t member_at(struct guest *g, uint64_t object, const char *type, const char *path) {
  return object + find(g, type, path).bit_offset / 8;
}

static size_t number_bytes(const struct type *type, const char *path) {
  type = type_strip(type);
  if (type->kind == TYPE_POINTER)
    return 8;
  if (type->kind == TYPE_INT || type->kind == TYPE_ENUM)
    return (size_t)type->bytes;
  die("%s is not a number", path);
}

static void set_bits(struct guest *g, uint64_t object, const struct place *place, uint64_t v) {
  for (uint32_t i = 0; i < place->bits; i++) {
    uint64_t bit = place->bit_offset + i, byte = object + bit / 8;
    uint64_t old = peek_number(g, byte, 1), mask = 1ull << bit % 8;
    poke_number(g, byte, (v >> i & 1) ? old | mask : old & ~mask, 1);
  }
}

void set(struct guest *g, uint64_t object, const char *type, const char *path, uint64_t v) {
  struct place place = find(g, type, path);
  if (place.bits)
    set_bits(g, object, &place, v);
  else
    poke_number(g, object + place.bit_offset / 8, v, number_bytes(place.type, path));
}

void set_if(struct guest *g, uint64_t object, const char *type, const char *path, uint64_t v) {
  if (has(g, type, path))
    set(g, object, type, path, v);
}

uint64_t get(struct guest *g, uint64_t object, const char *type, const char *path) {
  struct place place = find(g, type, path);
  return peek_number(g, object + place.bit_offset / 8, number_bytes(place.type, path));
}

void set_text(struct guest *g, uint64_t object, const char *type, const char *path, const char *text) {
  struct place place = find(g, type, path);
  if (place.type->kind != TYPE_ARRAY || strlen(text) >= place.type->count)
    die("%s.%s can't hold \"%s\"", type, path, text);
  poke(g, object + place.bit_offset / 8, text, strlen(text) + 1);
}

void list_init(struct guest *g, uint64_t head) {
  set(g, head, "list_head", "next", head);
  set(g, head, "list_head", "prev", head);
}

void list_append(struct guest *g, uint64_t head, uint64_t node) {
  uint64_t last = get(g, head, "list_head", "prev");
  set(g, last, "list_head", "next", node);
  set(g, node, "list_head", "prev", last);
  set(g, node, "list_head", "next", head);
  set(g, head, "list_head", "prev", node);
}

void hlist_append(struct guest *g, uint64_t head, uint64_t node) {
  uint64_t first = get(g, head, "hlist_head", "first");
  set(g, node, "hlist_node", "next", first);
  set(g, node, "hlist_node", "pprev", member_at(g, head, "hlist_head", "first"));
  if (first)
    set(g, first, "hlist_node", "pprev", member_at(g, node, "hlist_node", "next"));
  set(g, head, "hlist_head", "first", node);
}

void symbol_add(struct guest *g, const char *name, uint64_t address, char type) {
  if (g->n_symbols % 256 == 0) {
    struct symbol *more = take((g->n_symbols + 256) * sizeof *more);
    if (g->n_symbols)
      memcpy(more, g->symbols, g->n_symbols * sizeof *more);
    g->symbols = more;
  }
  g->symbols[g->n_symbols++] = (struct symbol){name, address, type};
}
