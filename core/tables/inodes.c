// inodes: every file that the kernel holds an inode of.
#include "linux/file.h"
#include "linux/fs.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { ADDRESS, DEVICE, FS_TYPE, INODE, KIND, MODE, BYTES, LINKS, CACHED_PAGES, PATH, COLUMNS };

static const struct kl_column columns[] = {
    [ADDRESS] = {"address", KL_CELL_ADDRESS, KL_COLUMN_KEY, "of its struct inode"},
    [DEVICE] = {"device", KL_CELL_TEXT, KL_COLUMN_PUSHED, "the file system it is on, major:minor"},
    [FS_TYPE] = {"fs_type", KL_CELL_TEXT, KL_COLUMN_PUSHED, "that file system's type"},
    [INODE] = {"inode", KL_CELL_U64, KL_COLUMN_PUSHED, "its number there"},
    [KIND] = {"kind", KL_CELL_TEXT, 0, "regular, directory, socket, pipe, char, block, link or anon"},
    [MODE] = {"mode", KL_CELL_U64, 0, "file type and permission bits"},
    [BYTES] = {"bytes", KL_CELL_I64, 0, "its size"},
    [LINKS] = {"links", KL_CELL_U64, 0, "names it has on disk"},
    [CACHED_PAGES] = {"cached_pages", KL_CELL_U64, 0, "base pages of it that are in the page cache"},
    [PATH] = {"path", KL_CELL_TEXT, KL_COLUMN_COSTLY, "one of its names; null when none is in memory"},
};

struct state {
  struct kl_super_walk supers;
  struct kl_super super;
  struct kl_inode_walk inodes;
  bool in_super;
  char scratch[KL_PATH_BYTES];
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  return kl_super_walk_init(&s->supers, c->kernel, &c->budget);
}

static void put_super(struct kl_cursor *c, const struct kl_super *super) {
  size_t start = c->text.used;
  kl_device_print(&c->text, super->device);
  kl_put_written(c, DEVICE, KL_OK, 0, start);
  kl_put_bytes(c, FS_TYPE, KL_OK, 0, super->type, super->type_bytes);
}

static enum kl_status next_super(struct kl_cursor *c) {
  struct state *s = c->state;
  KL_TRY(kl_super_walk_next(&s->supers, &s->super));
  if (s->super.mount_status != KL_OK)
    kl_lost(c, "mount", s->super.address, s->super.mount_status);
  put_super(c, &s->super);
  if (!kl_keeps(c)) // none of its inodes is wanted
    return KL_OK;
  KL_TRY(kl_inode_walk_init(&s->inodes, c->kernel, &c->budget, &s->super));
  s->in_super = true;
  return KL_OK;
}

static void put_mode(struct kl_cursor *c, uint64_t inode) {
  uint64_t mode = 0;
  if (!kl_wants(c, MODE) && !kl_wants(c, KIND))
    return;
  enum kl_status status = kl_get(c->kernel, inode, KL_F_inode_i_mode, &mode);
  kl_put(c, MODE, status, inode, mode);
  kl_put_bytes(c, KIND, status, inode, kl_mode_kind(mode), kl_string_length(kl_mode_kind(mode)));
}

static void put_row(struct kl_cursor *c, uint64_t inode) {
  struct state *s = c->state;
  uint64_t mapping, pages = 0;
  put_super(c, &s->super);
  kl_put(c, ADDRESS, KL_OK, 0, inode);
  kl_put_field(c, INODE, inode, KL_F_inode_i_ino);
  if (!kl_keeps(c))
    return;
  kl_put_field(c, BYTES, inode, KL_F_inode_i_size);
  kl_put_field(c, LINKS, inode, KL_F_inode_i_nlink);
  put_mode(c, inode);
  if (kl_wants(c, CACHED_PAGES)) {
    enum kl_status status = kl_inode_mapping(c->kernel, inode, &mapping, &pages);
    kl_put(c, CACHED_PAGES, status, inode, pages);
  }
  if (!kl_wants(c, PATH) || !kl_keeps(c))
    return;
  struct kl_path_text path = kl_path_into(s->scratch, sizeof s->scratch);
  enum kl_status status = kl_inode_path(c->kernel, &c->budget, &s->super, inode, &path);
  if (status != KL_END)
    kl_put_bytes(c, PATH, status, inode, path.buffer + path.start, path.capacity - path.start);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  for (;;) {
    uint64_t inode;
    bool in_super = s->in_super;
    enum kl_status status = in_super ? kl_inode_walk_next(&s->inodes, &inode) : next_super(c);
    c->text.used = 0;
    c->filled = 0;
    if (in_super && status == KL_OK) {
      put_row(c, inode);
      return KL_OK;
    }
    if (status == KL_ERR_BUDGET || (status == KL_END && !in_super))
      return status;
    if (status != KL_OK && in_super)
      s->in_super = false;
    if (status != KL_OK && status != KL_END)
      kl_lost(c, in_super ? "inode" : "super_block", in_super ? s->inodes.lost : s->supers.lost, status);
  }
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = KL_PATH_BYTES + 256, .open = open, .next = next};

const struct kl_table kl_inodes_table = {
    .name = "inodes",
    .group = "memory",
    .doc = "files that the kernel holds an inode of, and how much of each is cached",
    .example = "inodes DUMP 'cached_pages>0'",
    .typical_rows = 100000,
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
