// Views that answer common questions, in the words of the tables.
#include "sql_internal.h"

// A view is made only where its tables are in this build.
static const struct {
  const char *name;
  const char *needs[3]; // tables
  const char *select;
} views[] = {
    {"processes",
     {"tasks"},
     "SELECT pid, ppid, comm, state, uid, start_time_ns, threads, exe, command_line FROM tasks "
     "WHERE pid = tgid AND kind = 'user'"},
    {"process_tree",
     {"tasks"},
     "WITH RECURSIVE tree(pid, ppid, comm, depth, place) AS ("
     " SELECT pid, ppid, comm, 0, printf('%010d', pid) FROM tasks WHERE pid = tgid AND ppid = 0"
     " UNION ALL"
     " SELECT t.pid, t.ppid, t.comm, tree.depth + 1, tree.place || printf('/%010d', t.pid)"
     " FROM tree JOIN tasks t ON t.ppid = tree.pid WHERE t.pid = t.tgid AND t.pid <> tree.pid AND tree.depth < 64)"
     " SELECT pid, ppid, printf('%.*c', depth * 2, ' ') || comm AS tree, depth FROM tree ORDER BY place"},
    {"map_users",
     {"bpf_maps", "bpf_programs"},
     "SELECT m.id AS map_id, m.name AS map, m.type, p.id AS program_id, p.name AS program, p.type AS program_type "
     "FROM bpf_maps m JOIN bpf_programs p ON ',' || p.maps || ',' LIKE '%,' || m.id || ',%'"},
    {"anonymous_executable",
     {"vmas"},
     "SELECT tgid, comm, start, \"end\", permissions FROM vmas WHERE permissions LIKE '__x_' AND inode = 0 "
     "AND (path IS NULL OR path = '')"},
    {"process_libraries",
     {"vmas"},
     "SELECT DISTINCT tgid, comm, path FROM vmas WHERE permissions LIKE '__x_' AND path LIKE '%.so%'"},
    {"deleted_in_use",
     {"open_files", "vmas"},
     "SELECT tgid, 'open' AS how, path FROM open_files WHERE path LIKE '% (deleted)' UNION "
     "SELECT tgid, 'mapped', path FROM vmas WHERE path LIKE '% (deleted)'"},
    {"process_connections",
     {"sockets", "tasks"},
     "SELECT t.pid, t.comm, s.family, s.protocol, s.state, s.local_address, s.local_port, s.remote_address, "
     "s.remote_port FROM sockets s JOIN tasks t ON t.pid = s.tgid WHERE s.family IN ('inet', 'inet6')"},
    {"loader_overrides",
     {"environment"},
     "SELECT tgid, name, value FROM environment WHERE name LIKE 'LD\\_%' ESCAPE '\\'"},
    {"files_by_cached_bytes",
     {"inodes"},
     "SELECT device, inode, fs_type, path, cached_pages, bytes FROM inodes WHERE cached_pages > 0 "
     "ORDER BY cached_pages DESC"},
    {"cached_directories", // what lies below one counts there only: one level, as du -S
     {"inodes"},
     "SELECT device, fs_type, rtrim(rtrim(path, replace(path, '/', '')), '/') || '/' AS directory, "
     "count(*) AS files, sum(cached_pages) AS cached_pages FROM inodes "
     "WHERE cached_pages > 0 AND path LIKE '/%' GROUP BY device, fs_type, directory ORDER BY 5 DESC"},
};

static bool present(const char *const *needs, size_t n) {
  for (size_t i = 0; i < n && needs[i]; i++)
    if (!kl_table_find(needs[i]))
      return false;
  return true;
}

int sql_views_create(sqlite3 *db) {
  for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
    if (!present(views[i].needs, sizeof views[i].needs / sizeof *views[i].needs))
      continue;
    char *sql = sqlite3_mprintf("CREATE VIEW \"%w\" AS %s", views[i].name, views[i].select);
    if (!sql)
      return SQLITE_NOMEM;
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_free(sql);
    if (rc != SQLITE_OK)
      return rc;
  }
  return SQLITE_OK;
}
