// Files: their file systems, mounts, directory entries, and cached pages.
#ifndef GENERATOR_FILES_H
#define GENERATOR_FILES_H

#include "guest.h"

// The struct file of a newly opened file, made with its path when it is not
// there yet. flags: O_ flags.
uint64_t file_open(struct guest *g, const char *path, uint64_t flags);
uint64_t pipe_open(struct guest *g, uint64_t flags);
uint64_t socket_open(struct guest *g);

struct opened { // what a reader says of an open file
  const char *path, *kind, *device;
  uint64_t inode, flags, position;
};
struct opened file_opened(const struct guest *g, uint64_t file);

// The frame that holds a page of the file: cached now if it was not.
uint64_t file_page(struct guest *g, uint64_t file, uint64_t index);

uint64_t init_fs(const struct guest *g);      // struct fs_struct of all processes
uint64_t init_nsproxy(const struct guest *g); // struct nsproxy of all
void write_files_truth(struct guest *g);

#endif
