// Addresses on the command line, and the memory that they lie in.
#ifndef CLI_PLACE_H
#define CLI_PLACE_H

#include "kernlens/inspect.h"
#include "session.h"

struct cli_place {
  struct kl_place place;
  struct kl_memory *memory;
};

// How far a dump must be opened for this address.
enum cli_reach cli_place_reach(const char *text);
// Parses the address (--pid counts) and opens its space. CLI_ANSWERED, or what
// to exit with after it has said why.
int cli_place_open(struct cli_session *session, const char *text, struct cli_place *ret);

// What the three commands that take an address say about it.
#define CLI_ADDRESS_ABOUT                                                                                          \
  "ADDRESS is 0x and hex digits, a decimal number or a symbol's name, joined by + and -: init_task+0x40. It is "   \
  "virtual, as the kernel sees it, or a process with --pid (or v:PID:ADDRESS); p:ADDRESS is guest-physical."

#endif
