// Exported symbols: the table is found from a name in it.
#include "kernel/exports.h"

#include "base/checked.h"
#include "base/find.h"
#include "base/memory.h"
#include "base/text.h"

enum {
  NAME_BYTES = 128,      // of an exported symbol; the longest have some 60
  MAX_ENTRIES = 1 << 17, // allyesconfig exports about 35,000
  FULL = 12,
  SHORT = 8,      // strides
  MAX_NAMES = 64, // places that hold "init_task"
};

// Every entry's targets lie within this of it: they are in one image.
static const int64_t MAX_DISTANCE = (int64_t)512 << 20;

static bool i32_at(struct kl_image *image, uint64_t phys, int64_t *ret) {
  uint8_t bytes[4];
  if (kl_image_read(image, phys, bytes, sizeof bytes) != KL_OK)
    return false;
  *ret = (int32_t)kl_le32(bytes);
  return true;
}

// Length of the symbol name at phys; 0 when there is none.
static size_t name_at(struct kl_image *image, uint64_t phys, char *name, size_t capacity) {
  for (size_t n = 0; n < capacity; n++) {
    if (kl_image_read(image, phys + n, name + n, 1) != KL_OK)
      return 0;
    char c = name[n];
    if (!c)
      return n;
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
    if (!letter && (!n || c < '0' || c > '9'))
      return 0;
  }
  return 0;
}

static bool entry_at(struct kl_image *image, uint64_t phys, char *name, size_t capacity, size_t *n,
                     uint64_t *value) {
  int64_t to_value, to_name;
  if (!i32_at(image, phys, &to_value) || !i32_at(image, phys + 4, &to_name) || to_name > MAX_DISTANCE ||
      to_name < -MAX_DISTANCE)
    return false;
  *value = phys + (uint64_t)to_value;
  *n = name_at(image, phys + 4 + (uint64_t)to_name, name, capacity);
  return *n != 0;
}

static bool is_entry(struct kl_image *image, uint64_t phys) {
  char name[NAME_BYTES];
  size_t n;
  uint64_t value;
  return entry_at(image, phys, name, sizeof name, &n, &value);
}

// Whether entries of this stride stand around one.
static bool stride_fits(struct kl_image *image, uint64_t phys, unsigned stride) {
  enum { AROUND = 8 };
  for (unsigned i = 1; i <= AROUND; i++)
    if (!is_entry(image, phys + (uint64_t)i * stride) && !is_entry(image, phys - (uint64_t)i * stride))
      return false;
  return true;
}

// From one entry to the whole table.
static bool take_table(struct kl_image *image, uint64_t phys, struct kl_exports *ret) {
  unsigned stride = stride_fits(image, phys, FULL) ? FULL : stride_fits(image, phys, SHORT) ? SHORT : 0;
  if (!stride)
    return false;
  uint64_t first = phys, end = phys;
  for (unsigned i = 0; i < MAX_ENTRIES && is_entry(image, first - stride); i++)
    first -= stride;
  for (unsigned i = 0; i < MAX_ENTRIES && is_entry(image, end); i++)
    end += stride;
  *ret = (struct kl_exports){.image = image, .next = first, .end = end, .stride = stride};
  return true;
}

// Exported for long and by every configuration that matters; init_task is not
// any more in 7.x.
static const char *const anchors[] = {"init_task", "__per_cpu_offset", "init_pid_ns", "nr_cpu_ids"};

struct places {
  size_t n;
  uint64_t at[MAX_NAMES]; // ascending
};

// Adds the places of a name in [at, end), of which most blocks of 8 lack the
// first letter or the last; the linker may have merged it as the end of a longer
// one.
static void add_places(const uint8_t *p, size_t at, size_t end, const char *name, struct places *ret) {
  enum { BLOCK = 8 };
  size_t bytes = kl_string_length(name) + 1, last = bytes - 2;
  for (; at + bytes <= end && ret->n < MAX_NAMES; at += BLOCK) {
    size_t starts = end - at - bytes + 1;
    if (starts >= BLOCK &&
        !(kl_any_is(kl_le64(p + at), (uint8_t)name[0]) && kl_any_is(kl_le64(p + at + last), (uint8_t)name[last])))
      continue;
    for (size_t i = at; i < at + kl_min(starts, BLOCK) && ret->n < MAX_NAMES; i++)
      if (p[i] == (uint8_t)name[0] && p[i + last] == (uint8_t)name[last] && memcmp(p + i, name, bytes) == 0)
        ret->at[ret->n++] = i;
  }
}

// Most words point elsewhere.
static bool names_it(const struct places *places, uint64_t at) {
  if (at < places->at[0] || at > places->at[places->n - 1])
    return false;
  for (size_t i = 0; i < places->n; i++)
    if (places->at[i] == at)
      return true;
  return false;
}

// The entry in [at, end) that has one of these places as its name.
static bool find_entry(const struct kl_view *view, size_t at, size_t end, struct kl_image *image,
                       const struct places *places, struct kl_exports *ret) {
  for (at = at < 4 ? 4 : (at + 3) & ~(size_t)3; at + 4 <= end; at += 4) {
    uint64_t target = at + (uint64_t)(int64_t)(int32_t)kl_le32(view->all.p + at);
    if (names_it(places, target) && take_table(image, view->phys + at - 4, ret))
      return true;
  }
  return false;
}

static bool find_table(const struct kl_view *view, struct kl_image *image, const char *anchor,
                       struct kl_exports *ret) {
  struct places places = {.n = 0};
  for (size_t at = 0, end; kl_view_stretch(view, &at, &end); at = end)
    add_places(view->all.p, at, end, anchor, &places);
  for (size_t at = 0, end; places.n && kl_view_stretch(view, &at, &end); at = end)
    if (find_entry(view, at, end, image, &places, ret))
      return true;
  return false;
}

enum kl_status kl_exports_find(struct kl_arena *arena, struct kl_image *image, uint64_t start, uint64_t end,
                               struct kl_exports *ret) {
  size_t mark = kl_arena_mark(arena);
  struct kl_view view;
  bool found = false;
  enum kl_status status = kl_view_open(arena, image, start, end - start, &view);
  for (size_t i = 0; status == KL_OK && i < sizeof anchors / sizeof *anchors && !found; i++)
    found = find_table(&view, image, anchors[i], ret);
  kl_arena_rewind(arena, mark);
  return status == KL_OK && !found ? KL_ERR_NOT_FOUND : status;
}

enum kl_status kl_exports_next(struct kl_exports *exports, char *name, size_t capacity, size_t *name_n,
                               uint64_t *value) {
  while (exports->next < exports->end) {
    uint64_t at = exports->next;
    exports->next += exports->stride;
    if (entry_at(exports->image, at, name, capacity, name_n, value))
      return KL_OK;
  }
  return KL_END;
}
