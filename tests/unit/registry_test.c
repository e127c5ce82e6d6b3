// The registry against the published names: these are in use in scripts, SQL and
// pages, so a table may gain columns and never lose or rename one.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "kernlens/table.h"

// Tables that are promised, and their columns, blank-separated.
static const struct {
  const char *table, *columns;
} promised[] = {
    {"kernel", "release version build_id arch page_size va_bits page_table_levels page_table_root kaslr_offset "
               "image_base image_phys direct_map_base vmemmap_base cpus memory_bytes btf_phys btf_bytes btf_types "
               "symbols hostname domain boot_time container found_by confirmed_by"},
    {"segments", "start end state file_offset"},
    {"diagnostics", "subject object what reason count"},
    {"cpus", "cpu online per_cpu_offset current_pid instruction_pointer page_table_root"},
    {"symbols", "address name type module"},
    {"types", "id btf kind name bytes"},
    {"members", "type_id type name member_type offset_bits size_bits"},
    {"log", "sequence time_ns level facility caller message"},
    {"modules", "address name state base bytes references version taints"},
    {"module_sections", "module kind address bytes"},
    {"mounts", "id parent_id device root mount_point fs_type source options namespace"},
    {"tasks",
     "address pid tgid ppid comm state kind uid gid euid start_time_ns cpu priority mm page_table_root exe "
     "command_line cgroup threads"},
    {"environment", "tgid name value"},
    {"vmas", "tgid comm start end permissions file_offset device inode path"},
    {"mappings", "tgid address physical pfn bytes permissions user dirty accessed kind"},
    {"open_files", "tgid fd file path kind inode device position flags"},
    {"capabilities", "tgid name effective permitted inheritable bounding ambient"},
    {"namespaces", "tgid kind inode"},
    {"superblocks", "address device id fs_type source inodes cached_pages"},
    {"inodes", "address device fs_type inode kind mode bytes links cached_pages path"},
    {"page_cache", "pfn physical device fs_type inode file_offset path dirty uptodate writeback order"},
    {"pages", "pfn physical kind order references mappings flags owner"},
    {"page_users", "pfn tgid comm address"},
    {"memory_summary", "kind pages bytes share"},
    {"bpf_maps", "id address name type type_id key_bytes value_bytes max_entries entries flags btf_id "
                 "pinned_by_programs"},
    {"bpf_entries", "map_id map key value cpu key_text value_text"},
    {"bpf_programs",
     "id address name type tag jited_bytes xlated_bytes run_count run_time_ns btf_id maps loaded_at"},
    {"bpf_links", "id type program_id target"},
    {"bpf_btfs", "id name bytes kernel"},
    {"bpf_ring_records", "map_id position state bytes data"},
    {"bpf_arena_pages", "map_id page user_address physical"},
    {"sockets", "address family protocol state local_address local_port remote_address remote_port inode tgid "
                "namespace"},
    {"interfaces", "address name index mac state mtu addresses namespace"},
};

static void assert_has_columns(const struct kl_table *table, const char *columns) {
  while (*columns) {
    char name[64] = "";
    size_t n = strcspn(columns, " ");
    memcpy(name, columns, n);
    if (kl_table_column(table, name) < 0)
      fail_msg("%s has no column %s", table->name, name);
    columns += n + (columns[n] == ' ');
  }
}

static void tables_keep_the_names_that_were_published(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof promised / sizeof *promised; i++) {
    const struct kl_table *table = kl_table_find(promised[i].table);
    if (table)
      assert_has_columns(table, promised[i].columns);
    else
      print_message("not there yet: %s\n", promised[i].table);
  }
}

static void names_are_unique_and_speakable(void **state) {
  (void)state;
  const char *letters = "abcdefghijklmnopqrstuvwxyz_0123456789";
  for (size_t i = 0; kl_table_at(i); i++) {
    const struct kl_table *t = kl_table_at(i);
    assert_ptr_equal(kl_table_find(t->name), t); // the first of its name
    assert_int_equal(strspn(t->name, letters), strlen(t->name));
    for (uint32_t k = 0; k < t->n_columns; k++) {
      assert_int_equal(kl_table_column(t, t->columns[k].name), k);
      assert_int_equal(strspn(t->columns[k].name, letters), strlen(t->columns[k].name));
    }
  }
}

static void assert_one_line(const char *where, const char *s) {
  size_t n = s ? strlen(s) : 0;
  bool full_stop = n && s[n - 1] == '.' && !(n > 3 && strcmp(s + n - 3, "...") == 0);
  if (!n || strchr(s, '\n') || full_stop)
    fail_msg("%s: its documentation is one line without a full stop: %s", where, s ? s : "null");
}

static void everything_is_documented(void **state) {
  (void)state;
  const char *groups = " machine types processes memory bpf network tampering ";
  for (size_t i = 0; kl_table_at(i); i++) {
    const struct kl_table *t = kl_table_at(i);
    char group[32] = " ";
    assert_in_range(t->n_columns, 1, 64);
    assert_one_line(t->name, t->doc);
    assert_non_null(t->group);
    strcat(strncat(group, t->group, 20), " ");
    assert_non_null(strstr(groups, group));
    for (uint32_t k = 0; k < t->n_columns; k++)
      assert_one_line(t->columns[k].name, t->columns[k].doc);
    // An example is a command line of this very table.
    size_t n = strlen(t->name);
    assert_non_null(t->example);
    if (strncmp(t->example, t->name, n) != 0 || strncmp(t->example + n, " DUMP", 5) != 0)
      fail_msg("the example of %s is: %s", t->name, t->example);
  }
}

static void some_columns_are_shown_and_cursors_stay_small(void **state) {
  (void)state;
  for (size_t i = 0; kl_table_at(i); i++) {
    assert_int_not_equal(kl_table_shown(kl_table_at(i)), 0);
    assert_true(kl_cursor_bytes(kl_table_at(i)) <= 64 << 20);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tables_keep_the_names_that_were_published),
      cmocka_unit_test(names_are_unique_and_speakable),
      cmocka_unit_test(everything_is_documented),
      cmocka_unit_test(some_columns_are_shown_and_cursors_stay_small),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
