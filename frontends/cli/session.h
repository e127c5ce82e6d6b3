// A dump, opened for one command: files, workspace, confinement, image, kernel.
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "cli.h"
#include "io.h"
#include "kernlens/dump.h"
#include "progress.h"

enum { CLI_MAX_FILES = 1 + CLI_MAX_PARTS };

struct cli_session {
  const struct cli *cli;
  const char *path;           // of the dump's first file
  struct cli_session *second; // the other dump of a command that reads two; else null
  struct kl_dump *dump;
  struct cli_progress progress;

  struct io_file *files[CLI_MAX_FILES], *btf, *symbols;
  struct kl_source sources[CLI_MAX_FILES];
  size_t n_files;
  struct io_codec *codec;
  struct kl_dump_options options;
  void *memory; // of a cli_place; freed with the rest
  void *workspace;
  size_t workspace_bytes;
};

// How far opening has to go.
enum cli_reach {
  CLI_IMAGE,      // the container only
  CLI_TRY_KERNEL, // attach, and go on without when that fails
  CLI_KERNEL,     // attach, or fail
};

// Opens the files, confines the process, opens the dump, calls work(session,
// user) and closes all. Returns what work returned, or what to exit with after
// one line has said what is wrong. work can be left at any read of the dump
// (its file was cut): it owns nothing that outlives it.
int cli_session_run(const struct cli *cli, enum cli_reach reach,
                    int (*work)(struct cli_session *session, void *user), void *user);

// The same for two dumps: the command line's, and session->second. What the
// user gave beside (--btf and the like) is of both.
int cli_session_run_two(const struct cli *cli, const char *second,
                        int (*work)(struct cli_session *session, void *user), void *user);

// One dump, with a folder (an open descriptor) in which work may make files.
int cli_session_run_folder(const struct cli *cli, int folder, int (*work)(struct cli_session *session, void *user),
                           void *user);

// Says on stderr what was lost since the diagnostics had `from` entries.
void cli_session_tell_lost(struct cli_session *session, size_t from);

#endif
