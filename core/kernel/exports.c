// Exported symbols: the table is found from a name in it.
#include "kernel/exports.h"

#include "base/checked.h"
#include "base/memory.h"

enum {
  NAME_BYTES = 128,      // of an exported symbol; the longest have some 60
  MAX_ENTRIES = 1 << 17, // allyesconfig exports about 35,000
  FULL = 12,
  SHORT = 8,      // strides
  MAX_NAMES = 64, // places that hold "init_task"
};

// Every entry's targets lie within this of it: they are in one image.
static const int64_t MAX_DISTANCE = 512ll << 20;

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
    if (!is_entry(image, phys + i * stride) && !is_entry(image, phys - i * stride))
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

static const char anchor[] = "init_task";

// Its places; the linker may have merged it as the end of a longer name.
static size_t find_names(const struct kl_view *view, uint64_t *places) {
  size_t n = 0;
  const uint8_t *p = view->all.p;
  for (size_t at = 0; at + sizeof anchor <= view->all.n && n < MAX_NAMES; at++)
    if (p[at] == 'i' && p[at + 4] == '_' && memcmp(p + at, anchor, sizeof anchor) == 0)
      places[n++] = at;
  return n;
}

static bool names_it(const uint64_t *places, size_t n, uint64_t at) {
  for (size_t i = 0; i < n; i++)
    if (places[i] == at)
      return true;
  return false;
}

enum kl_status kl_exports_find(struct kl_arena *arena, struct kl_image *image, uint64_t start, uint64_t end,
                               struct kl_exports *ret) {
  size_t mark = kl_arena_mark(arena);
  struct kl_view view;
  uint64_t places[MAX_NAMES];
  enum kl_status status = kl_view_open(arena, image, start, end - start, &view);
  if (status == KL_OK) {
    status = KL_ERR_NOT_FOUND;
    size_t n = find_names(&view, places);
    for (size_t at = 4; n && at + 4 <= view.all.n && status != KL_OK; at += 4) {
      uint64_t name = at + (uint64_t)(int64_t)(int32_t)kl_le32(view.all.p + at);
      if (names_it(places, n, name) && take_table(image, start + at - 4, ret))
        status = KL_OK;
    }
  }
  kl_arena_rewind(arena, mark);
  return status;
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
