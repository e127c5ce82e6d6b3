// A dump, opened for one command: files, workspace, sandbox, image, kernel.
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "cli.h"
#include "kernlens/dump.h"
#include "progress.h"

enum { CLI_MAX_FILES = 1 + CLI_MAX_PARTS };

struct cli_file {
  uint8_t *data; // mapped; null when empty
  size_t bytes;
};

struct cli_session {
  const struct cli *cli;
  struct kl_dump *dump;
  bool attached;
  struct cli_progress progress;
  struct cli_file files[CLI_MAX_FILES], btf, symbols;
  struct kl_source sources[CLI_MAX_FILES];
  size_t n_files;
  void *workspace;
  size_t workspace_bytes;
};

// How far opening has to go.
enum cli_reach {
  CLI_IMAGE,      // the container only
  CLI_TRY_KERNEL, // attach, and go on without when that fails
  CLI_KERNEL,     // attach, or fail
};

// CLI_ANSWERED, or what to exit with after one line has said what is wrong.
int cli_session_open(struct cli_session *session, const struct cli *cli, enum cli_reach reach);
void cli_session_close(struct cli_session *session);

// Says on stderr what was lost since the diagnostics had `from` entries.
void cli_session_tell_lost(struct cli_session *session, size_t from);

#endif
