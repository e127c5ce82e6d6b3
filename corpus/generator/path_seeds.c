// Seeds of the harness path: a file in a mounted file system, a deleted one, one
// without a place, a kernfs node, and a mount namespace of two mounts.
#include <string.h>

#include "../../fuzz/path_layout.h"
#include "containers.h"
#include "seed_file.h"

enum { PAGE = 4096, TEXT_BYTES = 16 };

static uint8_t *page;
static const uint64_t base = 0xffff888000001000;

static void put(uint64_t at, uint64_t v) {
  store(page + at, v, 8);
}

// The text number i, and where it is.
static uint64_t text(unsigned i, const char *s) {
  memcpy(page + PATH_TEXT + i * TEXT_BYTES, s, strlen(s));
  return base + PATH_TEXT + i * TEXT_BYTES;
}

static uint64_t dentry(unsigned i) {
  return PATH_DENTRY + i * PATH_DENTRY_BYTES;
}
static uint64_t mount(unsigned i) {
  return PATH_MOUNT + i * PATH_MOUNT_BYTES;
}

static void put_dentry(unsigned i, unsigned parent, const char *name) {
  uint64_t at = dentry(i);
  put(at + PATH_DENTRY_HASH + 8, base);
  put(at + PATH_DENTRY_PARENT, base + dentry(parent));
  store(page + at + PATH_DENTRY_NAME + 4, strlen(name), 4);
  put(at + PATH_DENTRY_NAME + 8, text(i, name));
  put(at + PATH_DENTRY_INODE, base + PATH_INODE);
  put(at + PATH_DENTRY_SUPER, base + PATH_SUPER);
}

static void put_mount(unsigned i, unsigned parent, unsigned point, unsigned root) {
  uint64_t at = mount(i);
  put(at + PATH_MOUNT_PARENT, base + mount(parent));
  put(at + PATH_MOUNT_POINT, base + dentry(point));
  put(at + PATH_MOUNT_MNT, base + dentry(root));
  put(at + PATH_MOUNT_MNT + 8, base + PATH_SUPER);
  put(at + PATH_MOUNT_INSTANCE, base + PATH_SUPER + PATH_SUPER_MOUNTS);
  put(at + PATH_MOUNT_NAMESPACE, base + PATH_NAMESPACE);
  store(page + at + PATH_MOUNT_ID, 20 + i, 4);
}

static void put_all(const char *type, bool tree) {
  put(PATH_TASK + PATH_TASK_CGROUPS, base + PATH_CSS_SET);
  put(PATH_TASK + PATH_TASK_FS, base + PATH_FS);
  put(PATH_TASK + PATH_TASK_NSPROXY, base + PATH_NSPROXY);
  put(PATH_FS, base + mount(0) + PATH_MOUNT_MNT);
  put(PATH_FS + 8, base + dentry(0));
  put(PATH_NSPROXY, base + PATH_NAMESPACE);
  store(page + PATH_NAMESPACE + PATH_NAMESPACE_NUMBER, 7, 4);
  put(PATH_CSS_SET, base + PATH_CGROUP);
  put(PATH_CGROUP, base + PATH_KERNFS + 2 * PATH_KERNFS_BYTES);
  put(PATH_FILE, base + mount(1) + PATH_MOUNT_MNT);
  put(PATH_FILE + 8, base + dentry(3));
  put(PATH_SUPER + PATH_SUPER_ROOT, base + dentry(2));
  put(PATH_SUPER + PATH_SUPER_MOUNTS, base + mount(1) + PATH_MOUNT_INSTANCE);
  put(PATH_SUPER + PATH_SUPER_TYPE, base + PATH_FS_TYPE);
  put(PATH_FS_TYPE, text(4, type));
  put(PATH_INODE, base + PATH_SUPER);
  put(PATH_INODE + PATH_INODE_NUMBER, 12);
  put(PATH_INODE + PATH_INODE_PRIVATE, base + PATH_FS_TYPE); // a pointer to a text: what dma_buf wants
  put(PATH_INODE + PATH_INODE_DENTRY, base + dentry(3) + PATH_DENTRY_ALIAS);
  put(PATH_OPERATIONS + PATH_OPERATIONS_NAME, base);
  put_dentry(0, 0, "/");
  put_dentry(1, 0, "mnt");
  put_dentry(2, 2, "/");
  put_dentry(3, 2, "file");
  put_mount(0, 0, 0, 0);
  put_mount(1, 0, 1, 2);
  for (unsigned i = 0; i < 3; i++) {
    put(PATH_KERNFS + i * PATH_KERNFS_BYTES, text(5 + i, i ? "slice" : ""));
    put(PATH_KERNFS + i * PATH_KERNFS_BYTES + PATH_KERNFS_PARENT,
        i ? base + PATH_KERNFS + (i - 1) * PATH_KERNFS_BYTES : 0);
  }
  uint64_t head = base + PATH_NAMESPACE + PATH_NAMESPACE_MOUNTS;
  if (tree) { // the second is the first's right child
    put(PATH_NAMESPACE + PATH_NAMESPACE_MOUNTS, base + mount(0) + PATH_MOUNT_NODE);
    put(mount(0) + PATH_MOUNT_NODE + 8, base + mount(1) + PATH_MOUNT_NODE);
  } else {
    put(PATH_NAMESPACE + PATH_NAMESPACE_MOUNTS, base + mount(0) + PATH_MOUNT_LIST);
    put(mount(0) + PATH_MOUNT_LIST, base + mount(1) + PATH_MOUNT_LIST);
    put(mount(1) + PATH_MOUNT_LIST, head);
  }
}

void path_seeds(const struct folder *to) {
  static const struct {
    const char *name, *type;
    uint8_t subject, forms, small;
    bool own, deleted, chroot;
  } rows[] = {
      {"list", "ext4", PATH_OF_MOUNTS, 0, 0, false, false, false},
      {"tree", "ext4", PATH_OF_MOUNTS, PATH_FORM_TREE | PATH_FORM_NEW_PARENT, 0, false, false, false},
      {"nodes", "ext4", PATH_OF_NODES, 0, 0, false, false, false},
      {"nodes-new-parent", "ext4", PATH_OF_NODES, PATH_FORM_NEW_PARENT, 0, false, false, false},
      {"file", "ext4", PATH_OF_FILES, 0, 0, false, false, false},
      {"deleted", "tmpfs", PATH_OF_DENTRIES, 0, 0, false, true, false},
      {"chroot", "ext4", PATH_OF_DENTRIES, PATH_FORM_TREE, 0, false, false, true},
      {"short-buffer", "ext4", PATH_OF_FILES, PATH_FORM_TREE, 5, false, false, false},
      {"pipe", "pipefs", PATH_OF_FILES, 0, 0, true, false, false},
      {"namespace", "nsfs", PATH_OF_FILES, 0, 0, true, false, false},
      {"dma-buffer", "dmabuf", PATH_OF_FILES, 0, 0, true, false, false},
      {"anonymous", "anon_inodefs", PATH_OF_FILES, 0, 0, true, false, false},
      {"memory-file", "tmpfs", PATH_OF_FILES, 0, 0, true, true, false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct bytes b = {0};
    page = take(PAGE);
    put_all(rows[i].type, rows[i].forms & PATH_FORM_TREE);
    if (rows[i].own)
      put(dentry(3) + PATH_DENTRY_OPERATIONS, base + PATH_OPERATIONS);
    if (rows[i].deleted)
      put(dentry(3) + PATH_DENTRY_HASH + 8, 0);
    if (rows[i].chroot)
      put(PATH_FS + 8, base + dentry(1));
    if (strcmp(rows[i].type, "nsfs") == 0) { // its operations, with a name first
      put(PATH_TEXT + 9 * TEXT_BYTES, base + PATH_FS_TYPE);
      put(PATH_INODE + PATH_INODE_PRIVATE, base + PATH_TEXT + 9 * TEXT_BYTES);
    }
    write_page(1, page, &b);
    uint8_t options[5] = {0, 0, rows[i].forms, rows[i].small, rows[i].subject}; // behind the script's two
    write_seed(to, "path", rows[i].name, &b, options, sizeof options);
  }
}
