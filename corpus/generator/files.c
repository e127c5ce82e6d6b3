// Files. Sources: include/linux/fs.h, dcache.h, fs/mount.h, fs/pipe.c.
#include "files.h"

#include <string.h>

#include "pages.h"
#include "subjects.h"
#include "trees.h"

enum {
  MAX_FILES = 4096,
  MAX_SUPERS = 8,
  S_IFIFO = 010000,
  S_IFCHR = 020000,
  S_IFDIR = 040000,
  S_IFREG = 0100000,
  S_IFSOCK = 0140000
};

struct super {
  const char *type, *id, *source, *mount_point; // mount_point null: internal
  unsigned major, minor;
  uint64_t address, root, mount, next_inode, inodes, cached;
};

struct entry { // a dentry with its inode
  const char *path;
  struct super *super;
  uint64_t dentry, inode, number, mode, cached;
  struct bytes frames; // physical addresses of the cached pages, 8 bytes each
};

struct open_file {
  uint64_t address, flags;
  size_t entry;
};

struct files {
  struct super supers[MAX_SUPERS];
  size_t n_supers;
  struct entry entries[MAX_FILES];
  size_t n;
  struct open_file opened[MAX_FILES];
  size_t n_opened;
  uint64_t fs, nsproxy, namespace, own_name_ops, supers_head;
};

void declare_files(struct guest *g) {
  // clang-format off
  types_declare(&g->types, DECLARE(
    struct qstr { union { struct { u32 hash; u32 len; }; u64 hash_len; }; const unsigned char *name; };
    struct hlist_bl_node { struct hlist_bl_node *next, **pprev; };
    struct path { struct vfsmount *mnt; struct dentry *dentry; };
    struct dentry_operations { int (*d_revalidate)(void); char *(*d_dname)(struct dentry *d, char *b, int n); };
    struct dentry {
      unsigned int d_flags; struct hlist_bl_node d_hash; struct dentry *d_parent; struct qstr d_name;
      struct inode *d_inode; unsigned char d_iname[32]; const struct dentry_operations *d_op;
      struct super_block *d_sb;
      union { struct hlist_node d_alias; struct callback_head d_rcu; } d_u until(2);
      struct hlist_node d_alias since(3);
    };
    struct address_space {
      struct inode *host; struct xarray i_pages; unsigned long nrpages, flags; void *a_ops;
    };
    struct inode {
      unsigned short i_mode; kuid_t i_uid; kgid_t i_gid; struct super_block *i_sb; struct address_space *i_mapping;
      unsigned long i_ino; union { const unsigned int i_nlink; unsigned int __i_nlink; }; u32 i_rdev;
      long long i_size; struct list_head i_sb_list;
      union { struct hlist_head i_dentry; struct callback_head i_rcu; };
      struct address_space i_data; void *i_private;
    };
    struct file_system_type { const char *name; int fs_flags; struct module *owner; struct file_system_type *next; };
    struct super_block {
      struct list_head s_list; u32 s_dev; unsigned long s_flags; struct file_system_type *s_type;
      struct dentry *s_root; struct list_head s_mounts until(2); struct mount *s_mounts since(3);
      struct block_device *s_bdev; char s_id[32]; struct list_head s_inodes;
    };
    struct vfsmount { struct dentry *mnt_root; struct super_block *mnt_sb; int mnt_flags; };
    struct mount {
      struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct vfsmount mnt;
      struct list_head mnt_instance until(2); struct mount *mnt_next_for_sb since(3);
      const char *mnt_devname; struct list_head mnt_list; struct rb_node mnt_node since(2);
      struct mnt_namespace *mnt_ns; int mnt_id;
    };
    struct proc_ns_operations { const char *name; };
    struct ns_common { const struct proc_ns_operations *ops; unsigned int inum; };
    struct mnt_namespace {
      struct ns_common ns; struct mount *root; struct list_head list until(1);
      unsigned int mounts until(1); struct rb_root mounts since(2);
    };
    struct nsproxy { struct uts_namespace *uts_ns; struct mnt_namespace *mnt_ns; struct net *net_ns; };
    struct fs_struct { int users; struct path root, pwd; };
    struct file {
      unsigned int f_mode, f_flags; struct path f_path; struct inode *f_inode; const void *f_op; long long f_pos;
      struct address_space *f_mapping; void *private_data;
    };
    ));
  // clang-format on
}

// Directory entries.

static uint64_t text_of(struct guest *g, const char *s) {
  uint64_t at = slab_take(g, strlen(s) + 1, 8);
  poke(g, at, s, strlen(s) + 1);
  return at;
}

static uint64_t new_dentry(struct guest *g, const struct super *super, uint64_t parent, const char *name) {
  uint64_t dentry = object_new(g, "dentry"), text;
  if (strlen(name) < 32) {
    set_text(g, dentry, "dentry", "d_iname", name);
    text = member_at(g, dentry, "dentry", "d_iname");
  } else {
    text = text_of(g, name);
  }
  set(g, dentry, "dentry", "d_name.len", strlen(name));
  set(g, dentry, "dentry", "d_name.name", text);
  set(g, dentry, "dentry", "d_parent", parent ? parent : dentry);
  set(g, dentry, "dentry", "d_sb", super->address);
  if (parent) // hashed: not deleted
    set(g, dentry, "dentry", "d_hash.pprev", direct_of(g, g->root));
  return dentry;
}

static uint64_t new_inode(struct guest *g, struct super *super, uint64_t dentry, uint64_t mode) {
  uint64_t inode = object_new(g, "inode"), data = member_at(g, inode, "inode", "i_data");
  set(g, inode, "inode", "i_mode", mode);
  set(g, inode, "inode", "i_sb", super->address);
  set(g, inode, "inode", "i_mapping", data);
  set(g, data, "address_space", "host", inode);
  set(g, inode, "inode", "i_ino", ++super->next_inode);
  set(g, inode, "inode", "__i_nlink", 1);
  list_append(g, member_at(g, super->address, "super_block", "s_inodes"),
              member_at(g, inode, "inode", "i_sb_list"));
  super->inodes++;
  if (dentry) {
    set(g, dentry, "dentry", "d_inode", inode);
    hlist_append(g, member_at(g, inode, "inode", "i_dentry"),
                 member_at(g, dentry, "dentry", has(g, "dentry", "d_u") ? "d_u" : "d_alias"));
  }
  return inode;
}

static struct entry *add_entry(struct guest *g, struct super *super, const char *path, uint64_t dentry,
                               uint64_t mode) {
  struct files *f = g->files;
  if (f->n == MAX_FILES)
    die("too many files");
  struct entry *e = &f->entries[f->n++];
  *e = (struct entry){.path = path, .super = super, .dentry = dentry, .mode = mode};
  e->inode = new_inode(g, super, dentry, mode);
  e->number = super->next_inode;
  return e;
}

static struct entry *find_entry(struct files *f, const struct super *super, const char *path) {
  for (size_t i = 0; i < f->n; i++)
    if (f->entries[i].super == super && f->entries[i].path && strcmp(f->entries[i].path, path) == 0)
      return &f->entries[i];
  return NULL;
}

static struct super *super_of_path(struct files *f, const char *path) {
  struct super *best = NULL;
  for (size_t i = 0; i < f->n_supers; i++) {
    const char *at = f->supers[i].mount_point;
    if (!at)
      continue;
    size_t n = strcmp(at, "/") == 0 ? 0 : strlen(at);
    bool inside = strncmp(path, at, n) == 0 && (path[n] == '/' || !path[n]);
    if (inside && (!best || n > strlen(best->mount_point)))
      best = &f->supers[i];
  }
  return best;
}

// The entry of a path, with directories above it made as needed.
static struct entry *make_path(struct guest *g, const char *path, uint64_t mode) {
  struct super *super = super_of_path(g->files, path);
  size_t from = strcmp(super->mount_point, "/") == 0 ? 0 : strlen(super->mount_point);
  uint64_t parent = super->root;
  for (const char *at = path + from; *at == '/';) {
    const char *end = strchr(at + 1, '/');
    size_t n = end ? (size_t)(end - path) : strlen(path);
    char *prefix = print("%.*s", (int)n, path);
    struct entry *e = find_entry(g->files, super, prefix);
    if (!e)
      e = add_entry(g, super, prefix, new_dentry(g, super, parent, strrchr(prefix, '/') + 1),
                    end ? S_IFDIR | 0755 : mode);
    if (!end)
      return e;
    parent = e->dentry;
    at = end;
  }
  die("%s is no path", path);
}

// File systems and mounts.

static void build_mount(struct guest *g, struct super *s, uint64_t parent, uint64_t mountpoint, unsigned id) {
  s->mount = object_new(g, "mount");
  set(g, s->mount, "mount", "mnt.mnt_root", s->root);
  set(g, s->mount, "mount", "mnt.mnt_sb", s->address);
  set(g, s->mount, "mount", "mnt_parent", parent ? parent : s->mount);
  set(g, s->mount, "mount", "mnt_mountpoint", mountpoint ? mountpoint : s->root);
  set(g, s->mount, "mount", "mnt_devname", text_of(g, s->source));
  set(g, s->mount, "mount", "mnt_id", id);
  if (s->mount_point)
    set(g, s->mount, "mount", "mnt_ns", g->files->namespace);
  uint64_t head = member_at(g, s->address, "super_block", "s_mounts");
  if (has(g, "mount", "mnt_instance")) {
    list_init(g, head);
    list_append(g, head, member_at(g, s->mount, "mount", "mnt_instance"));
  } else {
    poke_number(g, head, s->mount, 8);
  }
  list_init(g, member_at(g, s->mount, "mount", "mnt_list"));
}

static void build_super(struct guest *g, const struct super *like) {
  struct files *f = g->files;
  struct super *s = &f->supers[f->n_supers++];
  *s = *like;
  s->address = object_new(g, "super_block");
  s->next_inode = 1 + 1000 * f->n_supers;
  uint64_t type = object_new(g, "file_system_type");
  set(g, type, "file_system_type", "name", image_string(g, s->type));
  set(g, s->address, "super_block", "s_type", type);
  set(g, s->address, "super_block", "s_dev", (uint64_t)s->major << 20 | s->minor);
  set_text(g, s->address, "super_block", "s_id", s->id);
  list_init(g, member_at(g, s->address, "super_block", "s_inodes"));
  list_append(g, f->supers_head, member_at(g, s->address, "super_block", "s_list"));
  s->root = new_dentry(g, s, 0, "/");
  set(g, s->address, "super_block", "s_root", s->root);
  add_entry(g, s, s->mount_point ? s->mount_point : NULL, s->root, S_IFDIR | 0755);
}

// The tree of mounts is a chain here: each node hangs on the right of the one before.
static void link_mounts(struct guest *g) {
  struct files *f = g->files;
  uint64_t last = 0;
  for (size_t i = 0; i < f->n_supers; i++) {
    uint64_t mount = f->supers[i].mount;
    if (!f->supers[i].mount_point)
      continue;
    if (has(g, "mnt_namespace", "list")) {
      list_append(g, member_at(g, f->namespace, "mnt_namespace", "list"), member_at(g, mount, "mount", "mnt_list"));
      continue;
    }
    uint64_t node = member_at(g, mount, "mount", "mnt_node");
    if (last)
      set(g, last, "rb_node", "rb_right", node);
    else
      set(g, f->namespace, "mnt_namespace", "mounts.rb_node", node);
    set(g, node, "rb_node", "__rb_parent_color", last | 1);
    last = node;
  }
}

static void build_namespace(struct guest *g) {
  struct files *f = g->files;
  f->namespace = object_new(g, "mnt_namespace");
  set(g, f->namespace, "mnt_namespace", "ns.inum", 4026531841);
  if (has(g, "mnt_namespace", "list"))
    list_init(g, member_at(g, f->namespace, "mnt_namespace", "list"));
  f->nsproxy = object_in_image(g, "nsproxy");
  set(g, f->nsproxy, "nsproxy", "mnt_ns", f->namespace);
  f->own_name_ops = object_in_image(g, "dentry_operations");
  set(g, f->own_name_ops, "dentry_operations", "d_dname", g->image_va + 0x40);
}

void build_files(struct guest *g) {
  static const struct super like[] = {
      {.type = "ext4", .id = "vda1", .source = "/dev/vda1", .mount_point = "/", .major = 254, .minor = 1},
      {.type = "devtmpfs", .id = "devtmpfs", .source = "udev", .mount_point = "/dev", .minor = 5},
      {.type = "tmpfs", .id = "tmpfs", .source = "tmpfs", .mount_point = "/run", .minor = 24},
      {.type = "proc", .id = "proc", .source = "proc", .mount_point = "/proc", .minor = 22},
      {.type = "pipefs", .id = "pipefs", .source = "pipefs", .minor = 14},
      {.type = "sockfs", .id = "sockfs", .source = "sockfs", .minor = 8},
  };
  struct files *f = g->files = take(sizeof *f);
  f->supers_head = image_take(g, IMAGE_DATA, object_bytes(g, "list_head"), 8);
  list_init(g, f->supers_head);
  symbol_add(g, "super_blocks", f->supers_head, 'D');
  build_namespace(g);
  for (size_t i = 0; i < sizeof like / sizeof *like; i++)
    build_super(g, &like[i]);
  for (size_t i = 0; i < f->n_supers; i++) {
    struct super *s = &f->supers[i];
    bool below = i && s->mount_point;
    const char *point = s->mount_point;
    s->mount_point = below ? NULL : point; // the directory lies in the file system below
    uint64_t on = below ? make_path(g, point, S_IFDIR | 0755)->dentry : 0;
    s->mount_point = point;
    build_mount(g, s, below ? f->supers[0].mount : 0, on, 21 + (unsigned)i);
  }
  link_mounts(g);
  set(g, f->namespace, "mnt_namespace", "root", f->supers[0].mount);
  f->fs = object_new(g, "fs_struct");
  static const char *const paths[] = {"root", "pwd"};
  for (size_t i = 0; i < 2; i++) {
    set(g, f->fs, "fs_struct", print("%s.mnt", paths[i]), member_at(g, f->supers[0].mount, "mount", "mnt"));
    set(g, f->fs, "fs_struct", print("%s.dentry", paths[i]), f->supers[0].root);
  }
}

uint64_t init_fs(const struct guest *g) {
  return g->files->fs;
}

uint64_t init_nsproxy(const struct guest *g) {
  return g->files->nsproxy;
}

// Open files.

static uint64_t open_entry(struct guest *g, const struct entry *e, uint64_t flags) {
  struct files *f = g->files;
  if (f->n_opened == MAX_FILES)
    die("too many open files");
  uint64_t file = object_new(g, "file");
  set(g, file, "file", "f_path.mnt", member_at(g, e->super->mount, "mount", "mnt"));
  set(g, file, "file", "f_path.dentry", e->dentry);
  set(g, file, "file", "f_inode", e->inode);
  set(g, file, "file", "f_mapping", member_at(g, e->inode, "inode", "i_data"));
  set(g, file, "file", "f_flags", flags);
  f->opened[f->n_opened++] = (struct open_file){file, flags, (size_t)(e - f->entries)};
  return file;
}

uint64_t file_open(struct guest *g, const char *path, uint64_t flags) {
  bool device = strncmp(path, "/dev/", 5) == 0;
  return open_entry(g, make_path(g, path, device ? S_IFCHR | 0666 : S_IFREG | 0644), flags);
}

// Pipes and sockets have no place in a tree; a function names them.
static uint64_t open_nameless(struct guest *g, size_t super, uint64_t mode, uint64_t flags) {
  struct super *s = &g->files->supers[super];
  uint64_t dentry = new_dentry(g, s, 0, "");
  set(g, dentry, "dentry", "d_op", g->files->own_name_ops);
  return open_entry(g, add_entry(g, s, NULL, dentry, mode), flags);
}

uint64_t pipe_open(struct guest *g, uint64_t flags) {
  return open_nameless(g, 4, S_IFIFO | 0600, flags);
}

uint64_t socket_open(struct guest *g) {
  return open_nameless(g, 5, S_IFSOCK | 0777, 2);
}

static struct entry *entry_of(const struct guest *g, uint64_t file, uint64_t *flags) {
  struct files *f = g->files;
  for (size_t i = 0; i < f->n_opened; i++)
    if (f->opened[i].address == file) {
      *flags = f->opened[i].flags;
      return &f->entries[f->opened[i].entry];
    }
  die("no such open file");
}

static const char *kind_of(uint64_t mode) {
  switch (mode & 0170000) {
  case S_IFIFO:
    return "pipe";
  case S_IFCHR:
    return "char";
  case S_IFDIR:
    return "directory";
  case S_IFSOCK:
    return "socket";
  default:
    return "regular";
  }
}

static const char *device_of(const struct super *s) {
  return print("%u:%u", s->major, s->minor);
}

struct opened file_opened(const struct guest *g, uint64_t file) {
  uint64_t flags;
  const struct entry *e = entry_of(g, file, &flags);
  const char *kind = kind_of(e->mode);
  const char *path = e->path ? e->path : print("%s:[%llu]", kind, (unsigned long long)e->number);
  return (struct opened){
      .path = path, .kind = kind, .device = device_of(e->super), .inode = e->number, .flags = flags};
}

uint64_t file_page(struct guest *g, uint64_t file, uint64_t index) {
  uint64_t flags;
  struct entry *e = entry_of(g, file, &flags);
  uint64_t known;
  if (index < e->cached) { // pages are cached in order
    memcpy(&known, e->frames.p + 8 * index, sizeof known);
    return known;
  }
  if (index != e->cached)
    die("pages are cached in order");
  uint64_t phys = frames_take(g, g->page), data = member_at(g, e->inode, "inode", "i_data");
  char *text = print("%s, page %llu\n", e->path, (unsigned long long)index);
  memcpy(phys_at(g, phys, g->page), text, strlen(text));
  page_describe(g, phys, FRAME_CACHED, data, index);
  xarray_store(g, member_at(g, data, "address_space", "i_pages"), index, g->vmemmap + phys / g->page * 64);
  memcpy(bytes_grow(&e->frames, sizeof phys), &phys, sizeof phys);
  e->cached++;
  e->super->cached++;
  set(g, data, "address_space", "nrpages", e->cached);
  set(g, e->inode, "inode", "i_size", e->cached * g->page);
  truth_table(g, "page_cache");
  truth_row(g);
  truth_number(g, "pfn", phys / g->page);
  truth_address(g, "physical", phys);
  truth_text(g, "device", device_of(e->super));
  truth_text(g, "fs_type", e->super->type);
  truth_number(g, "inode", e->number);
  truth_number(g, "file_offset", index * g->page);
  truth_text(g, "path", e->path);
  truth_bool(g, "dirty", false);
  truth_bool(g, "uptodate", true);
  truth_number(g, "order", 0);
  return phys;
}

static void write_super(struct guest *g, const struct super *s) {
  truth_table(g, "superblocks");
  truth_row(g);
  truth_address(g, "address", s->address);
  truth_text(g, "device", device_of(s));
  truth_text(g, "id", s->id);
  truth_text(g, "fs_type", s->type);
  truth_number(g, "inodes", s->inodes);
  truth_number(g, "cached_pages", s->cached);
  if (!s->mount_point)
    return;
  truth_text(g, "source", s->source);
  truth_table(g, "mounts");
  truth_row(g);
  truth_number(g, "id", get(g, s->mount, "mount", "mnt_id"));
  truth_number(g, "parent_id", 21);
  truth_text(g, "device", device_of(s));
  truth_text(g, "root", "/");
  truth_text(g, "mount_point", s->mount_point);
  truth_text(g, "fs_type", s->type);
  truth_text(g, "source", s->source);
  truth_number(g, "namespace", 4026531841);
}

void write_files_truth(struct guest *g) {
  struct files *f = g->files;
  for (size_t i = 0; i < f->n_supers; i++)
    write_super(g, &f->supers[i]);
  truth_table(g, "inodes");
  for (size_t i = 0; i < f->n; i++) {
    const struct entry *e = &f->entries[i];
    truth_row(g);
    truth_address(g, "address", e->inode);
    truth_text(g, "device", device_of(e->super));
    truth_text(g, "fs_type", e->super->type);
    truth_number(g, "inode", e->number);
    truth_text(g, "kind", kind_of(e->mode));
    truth_number(g, "bytes", e->cached * g->page);
    truth_number(g, "links", 1);
    truth_number(g, "cached_pages", e->cached);
    if (e->path)
      truth_text(g, "path", e->path);
  }
}
