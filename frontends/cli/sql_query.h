// Queries of one session: running them, printing what they give, and saying
// what kept them from giving all.
#ifndef CLI_SQL_QUERY_H
#define CLI_SQL_QUERY_H

#include "format.h"
#include "session.h"
#include "sql.h"

struct cli_sql {
  struct cli_session *session;
  struct sql *sql;
  struct cli cli; // as given; the shell changes its format
  struct cli_output *out;
  struct cli_sql_result *result; // of the statement that runs
  bool timer;                    // say how long each statement took
};

// Opens what queries need over an open session. CLI_ANSWERED, or CLI_FAILED
// after it has said why.
int cli_sql_open(struct cli_sql *q, struct cli_session *session, struct cli_output *out);
void cli_sql_close(struct cli_sql *q);

// Runs every statement of the text, until one fails or is cut short.
// CLI_ANSWERED; CLI_PARTIAL: a limit ended it, or something was lost;
// CLI_FAILED, CLI_CANCELLED. stderr says what and why.
int cli_sql_run(struct cli_sql *q, const char *text);

#endif
