// superblocks: every file system that is in memory.
#include "base/checked.h"
#include "linux/file.h"
#include "linux/fs.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { ADDRESS, DEVICE, ID, FS_TYPE, SOURCE, INODES, CACHED_PAGES, MOUNT_POINT, COLUMNS };

static const struct kl_column columns[] = {
    [ADDRESS] = {"address", KL_CELL_ADDRESS, KL_COLUMN_KEY, "of its super_block"},
    [DEVICE] = {"device", KL_CELL_TEXT, 0, "its device number, major:minor"},
    [ID] = {"id", KL_CELL_TEXT, 0, "the name that the kernel uses in messages about it"},
    [FS_TYPE] = {"fs_type", KL_CELL_TEXT, 0, "its type: ext4, tmpfs, proc ..."},
    [SOURCE] = {"source", KL_CELL_TEXT, 0, "what it was mounted from; null when it is mounted nowhere"},
    [INODES] = {"inodes", KL_CELL_U64, KL_COLUMN_COSTLY, "its inodes that are in memory"},
    [CACHED_PAGES] = {"cached_pages", KL_CELL_U64, KL_COLUMN_COSTLY, "base pages of the page cache that they hold"},
    [MOUNT_POINT] = {"mount_point", KL_CELL_TEXT, KL_COLUMN_COSTLY, "where one of its mounts is"},
};

struct state {
  struct kl_super_walk supers;
  struct kl_inode_walk inodes;
  char scratch[KL_PATH_BYTES];
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  return kl_super_walk_init(&s->supers, c->kernel, &c->budget);
}

// Counts inodes and cached pages.
static void put_sums(struct kl_cursor *c, const struct kl_super *super) {
  struct state *s = c->state;
  uint64_t inodes = 0, pages = 0, inode, mapping, of_inode;
  if (!kl_wants(c, INODES) && !kl_wants(c, CACHED_PAGES))
    return;
  enum kl_status status = kl_inode_walk_init(&s->inodes, c->kernel, &c->budget, super);
  while (status == KL_OK && (status = kl_inode_walk_next(&s->inodes, &inode)) == KL_OK) {
    inodes++;
    status = kl_inode_mapping(c->kernel, inode, &mapping, &of_inode);
    if (!kl_add(pages, of_inode, &pages))
      status = KL_ERR_LIMIT; // more than there can be
  }
  status = status == KL_END ? KL_OK : status;
  kl_put(c, INODES, status, s->inodes.lost, inodes);
  kl_put(c, CACHED_PAGES, status, s->inodes.lost, pages);
}

static void put_mount(struct kl_cursor *c, const struct kl_super *super) {
  struct state *s = c->state;
  uint64_t mount, name = 0, dentry;
  char source[256];
  size_t n = 0;
  if (super->mount_status != KL_OK)
    kl_lost(c, "mount", super->address, super->mount_status);
  if (!super->mount)
    return;
  enum kl_status status = kl_container(c->kernel, super->mount, KL_F_mount_mnt, &mount);
  if (status == KL_OK)
    status = kl_get_pointer(c->kernel, mount, KL_F_mount_mnt_devname, &name);
  if (status == KL_OK && name)
    status = kl_read_string(c->kernel, name, source, sizeof source, &n);
  if (status != KL_OK || name)
    kl_put_bytes(c, SOURCE, status, super->mount, source, n);
  if (!kl_wants(c, MOUNT_POINT))
    return;
  struct kl_path_root root = {0};
  struct kl_path_text path = kl_path_into(s->scratch, sizeof s->scratch);
  status = kl_get_pointer(c->kernel, super->mount, KL_F_vfsmount_mnt_root, &dentry);
  if (status == KL_OK)
    status = kl_mounted_path(c->kernel, &c->budget, super->mount, dentry, &root, &path);
  kl_put_bytes(c, MOUNT_POINT, status, super->mount, path.buffer + path.start, path.capacity - path.start);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  struct kl_super super;
  enum kl_status status;
  while ((status = kl_super_walk_next(&s->supers, &super)) != KL_OK) {
    if (status == KL_END || status == KL_ERR_BUDGET)
      return status;
    kl_lost(c, "super_block", s->supers.lost, status);
  }
  size_t start = c->text.used;
  kl_device_print(&c->text, super.device);
  kl_put_written(c, DEVICE, KL_OK, 0, start);
  kl_put(c, ADDRESS, KL_OK, 0, super.address);
  kl_put_field(c, ID, super.address, KL_F_super_block_s_id);
  kl_put_bytes(c, FS_TYPE, KL_OK, 0, super.type, super.type_bytes);
  if (kl_keeps(c)) {
    put_mount(c, &super);
    put_sums(c, &super);
  }
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = KL_PATH_BYTES + 1024, .open = open, .next = next};

const struct kl_table kl_superblocks_table = {
    .name = "superblocks",
    .group = "memory",
    .doc = "file systems that are in memory, and how much of each is cached",
    .example = "superblocks DUMP fs_type=ext4",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
