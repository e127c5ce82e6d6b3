// Tables of a dump as an ordinary SQLite database.
#ifndef CLI_SQL_EXPORT_H
#define CLI_SQL_EXPORT_H

#include "session.h"

struct cli_export;

// Makes the database, before the process is confined; cli->tables says which
// tables. CLI_ANSWERED, or what to exit with after it has said why not.
int cli_export_open(const struct cli *cli, struct cli_export **ret);
// Fills it from an open session: tables, indexes, views over them, and
// kernlens_tables, which says of each table how many rows it has, whether they
// are all, and why not.
int cli_export_run(struct cli_export *e, struct cli_session *session);
void cli_export_close(struct cli_export *e); // may be null

#endif
