// Addresses on the command line.
#include "place.h"

#include <stdlib.h>
#include <string.h>

enum cli_reach cli_place_reach(const char *text) {
  return strncmp(text, "p:", 2) == 0 ? CLI_IMAGE : CLI_KERNEL;
}

static int no_process(const struct cli_session *s, uint64_t pid, enum kl_status status) {
  if (status == KL_ERR_NOT_FOUND)
    cli_complain("%s: no process %llu; see: kernlens tasks", s->cli->dump, (unsigned long long)pid);
  else if (status == KL_ERR_UNMAPPED)
    cli_complain("%s: %llu is a kernel thread: it has no memory of its own", s->cli->dump, (unsigned long long)pid);
  else
    cli_complain("%s: the page tables of process %llu: %s", s->cli->dump, (unsigned long long)pid,
                 kl_status_text(status));
  return CLI_FAILED;
}

int cli_place_open(struct cli_session *s, const char *text, struct cli_place *ret) {
  size_t bad = 0;
  enum kl_status status = kl_place_parse(s->dump, text, strlen(text), &ret->place, &bad);
  if (status == KL_ERR_NOT_FOUND) {
    cli_complain("%s: no symbol '%s'; see: kernlens symbols (a hex address begins with 0x)", s->cli->dump,
                 text + bad);
    return CLI_FAILED;
  }
  if (status != KL_OK)
    return cli_misuse(s->cli, "'%s' is no address", text);
  if (s->cli->has_pid) {
    if (ret->place.kind != KL_PLACE_KERNEL)
      return cli_misuse(s->cli, "--pid says nothing about %s", text);
    ret->place.kind = KL_PLACE_PROCESS;
    ret->place.pid = s->cli->pid;
  }
  s->memory = aligned_alloc(16, (kl_memory_bytes() + 15) & ~(size_t)15);
  if (!s->memory) {
    cli_complain("no memory for an address space");
    return CLI_FAILED;
  }
  status = kl_memory_open(s->dump, &ret->place, s->memory, kl_memory_bytes(), &ret->memory);
  return status == KL_OK ? CLI_ANSWERED : no_process(s, ret->place.pid, status);
}
