// Views that answer common questions, in the words of the tables.
#include "sql_internal.h"

// Every query here is a SELECT of SQLite; a column is named by what it is in
// the tables.
static const struct sql_view views[] = {
    {"processes",
     "processes that run programs: a row each, of the leader",
     {"tasks"},
     "SELECT pid, ppid, comm, state, uid, start_time_ns, threads, exe, command_line FROM tasks "
     "WHERE pid = tgid AND kind = 'user'",
     NULL},
    {"process_tree",
     "processes under those that started them, in the order of a tree",
     {"tasks"},
     "WITH RECURSIVE tree(pid, ppid, comm, depth, place) AS ("
     " SELECT pid, ppid, comm, 0, printf('%010d', pid) FROM tasks WHERE pid = tgid AND ppid = 0"
     " UNION ALL"
     " SELECT t.pid, t.ppid, t.comm, tree.depth + 1, tree.place || printf('/%010d', t.pid)"
     " FROM tree JOIN tasks t ON t.ppid = tree.pid WHERE t.pid = t.tgid AND t.pid <> tree.pid AND tree.depth < 64)"
     " SELECT pid, ppid, printf('%.*c', depth * 2, ' ') || comm AS tree, depth FROM tree ORDER BY place",
     NULL},
    {"process_connections",
     "sockets of the internet and the processes that have them open",
     {"sockets", "tasks"},
     "SELECT t.pid, t.comm, s.family, s.protocol, s.state, s.local_address, s.local_port, s.remote_address, "
     "s.remote_port FROM sockets s JOIN tasks t ON t.pid = s.tgid WHERE s.family IN ('inet', 'inet6')",
     NULL},
    {"process_libraries",
     "shared libraries whose code a process has mapped",
     {"vmas"},
     "SELECT DISTINCT tgid, comm, path FROM vmas WHERE permissions LIKE '__x_' "
     "AND (path LIKE '%.so' OR path LIKE '%.so.%')",
     NULL},
    {"processes_by_memory",
     "processes by proportional memory: a page that several have mapped counts for each as its share",
     {"process_memory"},
     "SELECT tgid, comm, proportional_bytes, resident_bytes, private_bytes, swapped_bytes FROM process_memory "
     "ORDER BY proportional_bytes DESC",
     NULL},
    {"shared_pages",
     "page frames that two processes both have mapped: ask with tgid = ? AND other_tgid = ?",
     {"page_users"},
     "SELECT a.tgid, a.comm, b.tgid AS other_tgid, b.comm AS other_comm, a.pfn, a.address, "
     "b.address AS other_address FROM page_users a JOIN page_users b ON b.pfn = a.pfn WHERE b.tgid <> a.tgid",
     "SELECT other_tgid, other_comm, count(DISTINCT pfn) AS pages FROM shared_pages WHERE tgid = 1 GROUP BY 1"},
    {"anonymous_executable",
     "memory that can be run and that no file backs: just-in-time compilers have it, and injected code",
     {"vmas"},
     "SELECT tgid, comm, start, \"end\", permissions, path FROM vmas WHERE permissions LIKE '__x_' "
     "AND inode IS NULL AND (path IS NULL OR path NOT IN ('[vdso]', '[vsyscall]', '[vectors]', '[sigpage]'))",
     NULL},
    {"deleted_in_use",
     "files that have no name any more and are still open or mapped",
     {"open_files", "vmas"},
     "SELECT DISTINCT tgid, 'open' AS how, path FROM open_files WHERE path LIKE '% (deleted)' UNION "
     "SELECT DISTINCT tgid, 'mapped', path FROM vmas WHERE path LIKE '% (deleted)'",
     NULL},
    {"loader_overrides",
     "LD_ variables of processes: they change what the loader loads",
     {"environment"},
     "SELECT tgid, comm, name, value FROM environment WHERE name LIKE 'LD\\_%' ESCAPE '\\'",
     NULL},
    {"files_by_cached_bytes",
     "files by how much of them is in the page cache",
     {"inodes"},
     "SELECT device, inode, fs_type, path, cached_pages * (SELECT page_size FROM kernel) AS cached_bytes, bytes "
     "FROM inodes WHERE cached_pages > 0 ORDER BY cached_pages DESC",
     NULL},
    {"cached_directories",
     "directories by how much of the files in them, and not below, is in the page cache",
     {"inodes"},
     "SELECT device, fs_type, rtrim(rtrim(path, replace(path, '/', '')), '/') || '/' AS directory, "
     "count(*) AS files, sum(cached_pages) AS cached_pages FROM inodes "
     "WHERE cached_pages > 0 AND path LIKE '/%' GROUP BY device, fs_type, directory ORDER BY 5 DESC",
     NULL},
    {"map_users",
     "BPF maps by the programs that use them",
     {"bpf_maps", "bpf_programs"},
     "SELECT m.id AS map_id, m.name AS map, m.type, p.id AS program_id, p.name AS program, p.type AS program_type "
     "FROM bpf_maps m JOIN bpf_programs p ON ',' || p.maps || ',' LIKE '%,' || m.id || ',%'",
     NULL},
    {"tasks_seen_one_way",
     "processes that run or have memory and files, and that the table of tasks does not have",
     {"tasks", "cpus", "vmas", "open_files"},
     "WITH seen(pid, how) AS (SELECT current_pid, 'runs on a CPU' FROM cpus WHERE online UNION "
     "SELECT tgid, 'has memory' FROM vmas UNION SELECT tgid, 'has open files' FROM open_files) "
     "SELECT pid, how FROM seen WHERE pid <> 0 AND pid NOT IN (SELECT pid FROM tasks)",
     NULL},
};

const struct sql_view *sql_view_at(size_t i) {
  return i < sizeof views / sizeof *views ? &views[i] : NULL;
}

bool sql_view_present(const struct sql_view *view) {
  for (size_t i = 0; i < sizeof view->needs / sizeof *view->needs && view->needs[i]; i++)
    if (!kl_table_find(view->needs[i]))
      return false;
  return true;
}

int sql_views_create(sqlite3 *db) {
  const struct sql_view *view;
  for (size_t i = 0; (view = sql_view_at(i)); i++) {
    if (!sql_view_present(view))
      continue;
    char *sql = sqlite3_mprintf("CREATE VIEW \"%w\" AS %s", view->name, view->select);
    if (!sql)
      return SQLITE_NOMEM;
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_free(sql);
    if (rc != SQLITE_OK)
      return rc;
  }
  return SQLITE_OK;
}
