// Sockets and interfaces on memory made by hand, also by somebody hostile.
#include "opened_table.h"

#include "linux/net.h"
#include "linux/socket.h"

static struct opened o;

// Our own layout of everything.
enum { NETS = 0x1000, NET = 0x2000, HASHINFO = 0x3000, EHASH = 0x3100, LHASH = 0x3200, UDP_TABLE = 0x3300 };
enum { UDP_HASH = 0x3400, UNIX_TABLE = 0x4000, SOCKETS = 0x8000, DEVICES = 0xc000, NL_TABLE = 0x3500 };
enum { NET_LIST = 0, NET_NS = 16, NET_IPV4 = 64, NET_DEVICES = 128, NET_PACKET = 160 };
enum {
  DADDR = 0,
  SADDR = 4,
  DPORT = 12,
  NUM = 14,
  FAMILY = 16,
  STATE = 18,
  IFACE = 20,
  SK_NET = 48,
  V6_DADDR = 56
};
enum { V6_SADDR = 72, NODE = 104, SUBSTATE = 140, SK_SOCKET = 144, PROTOCOL = 152, TYPE = 154, UNIX_ADDR = 160 };
enum { D_LIST = 0, D_FLAGS = 16, D_MTU = 24, D_OPER = 28, D_STATE = 32, D_MAC = 40, D_MAC_BYTES = 48, D_IP = 56 };
enum { D_IP6 = 64, D_NAME = 72, D_INDEX = 88, D_BYTES = 0x400 };

static int setup(void **state) {
  (void)state;
  opened_init(&o);
  static const struct {
    enum kl_field_id id;
    uint32_t offset, size;
  } fields[] = {
      {KL_F_net_list, NET_LIST, 16},
      {KL_F_net_ns, NET_NS, 32},
      {KL_F_net_ipv4, NET_IPV4, 64},
      {KL_F_net_dev_base_head, NET_DEVICES, 16},
      {KL_F_net_packet, NET_PACKET, 8},
      {KL_F_netns_packet_sklist, 0, 8},
      {KL_F_ns_common_inum, 8, 4},
      {KL_F_inet_hashinfo_ehash, 0, 8},
      {KL_F_inet_hashinfo_ehash_mask, 8, 4},
      {KL_F_inet_hashinfo_lhash2, 16, 8},
      {KL_F_inet_hashinfo_lhash2_mask, 24, 4},
      {KL_F_inet_ehash_bucket_chain, 0, 8},
      {KL_F_inet_listen_hashbucket_nulls_head, 8, 8},
      {KL_F_udp_table_hash, 0, 8},
      {KL_F_udp_table_mask, 8, 4},
      {KL_F_udp_hslot_head, 0, 8},
      {KL_F_unix_sock_addr, UNIX_ADDR, 8},
      {KL_F_unix_address_len, 0, 4},
      {KL_F_unix_address_name, 4, 0},
      {KL_F_sock_sk_socket, SK_SOCKET, 8},
      {KL_F_sock_sk_protocol, PROTOCOL, 2},
      {KL_F_sock_sk_type, TYPE, 2},
      {KL_F_sock_common_skc_daddr, DADDR, 4},
      {KL_F_sock_common_skc_rcv_saddr, SADDR, 4},
      {KL_F_sock_common_skc_dport, DPORT, 2},
      {KL_F_sock_common_skc_num, NUM, 2},
      {KL_F_sock_common_skc_family, FAMILY, 2},
      {KL_F_sock_common_skc_state, STATE, 1},
      {KL_F_sock_common_skc_bound_dev_if, IFACE, 4},
      {KL_F_sock_common_skc_net, SK_NET, 8},
      {KL_F_sock_common_skc_v6_daddr, V6_DADDR, 16},
      {KL_F_sock_common_skc_v6_rcv_saddr, V6_SADDR, 16},
      {KL_F_sock_common_skc_node, NODE, 16},
      {KL_F_sock_common_skc_nulls_node, NODE, 16},
      {KL_F_inet_timewait_sock_tw_substate, SUBSTATE, 1},
      {KL_F_netlink_table_hash, 0, 8},
      {KL_F_netlink_sock_node, NODE, 8},
      {KL_F_netlink_sock_portid, NUM, 2},
      {KL_F_rhashtable_tbl, 0, 8},
      {KL_F_bucket_table_size, 0, 4},
      {KL_F_bucket_table_nest, 4, 4},
      {KL_F_bucket_table_future_tbl, 8, 8},
      {KL_F_bucket_table_buckets, 16, 0},
      {KL_F_socket_state, 0, 4},
      {KL_F_socket_alloc_socket, 0, 64},
      {KL_F_socket_alloc_vfs_inode, 64, 64},
      {KL_F_inode_i_ino, 8, 8},
      {KL_F_net_device_dev_list, D_LIST, 16},
      {KL_F_net_device_flags, D_FLAGS, 4},
      {KL_F_net_device_mtu, D_MTU, 4},
      {KL_F_net_device_operstate, D_OPER, 4},
      {KL_F_net_device_state, D_STATE, 8},
      {KL_F_net_device_dev_addr, D_MAC, 8},
      {KL_F_net_device_addr_len, D_MAC_BYTES, 1},
      {KL_F_net_device_ip_ptr, D_IP, 8},
      {KL_F_net_device_ip6_ptr, D_IP6, 8},
      {KL_F_net_device_name, D_NAME, 16},
      {KL_F_net_device_ifindex, D_INDEX, 4},
      {KL_F_in_device_ifa_list, 0, 8},
      {KL_F_in_ifaddr_ifa_next, 0, 8},
      {KL_F_in_ifaddr_ifa_local, 8, 4},
      {KL_F_in_ifaddr_ifa_prefixlen, 12, 1},
      {KL_F_inet6_dev_addr_list, 0, 16},
      {KL_F_inet6_ifaddr_addr, 0, 16},
      {KL_F_inet6_ifaddr_prefix_len, 16, 4},
      {KL_F_inet6_ifaddr_if_list, 24, 16},
  };
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    guest_field(&o.g, fields[i].id, fields[i].offset, fields[i].size);
  opened_type(&o, KL_T_inet_ehash_bucket, 8);
  opened_type(&o, KL_T_inet_listen_hashbucket, 16);
  opened_type(&o, KL_T_udp_hslot, 16);
  opened_type(&o, KL_T_netlink_table, 16);
  opened_symbol(&o, KL_S_net_namespace_list, VA(NETS));
  const uint64_t nets[] = {NETS, NET + NET_LIST};
  opened_ring(&o, 2, nets);
  guest_put(&o.g, NET + NET_NS + 8, 4026531840, 4);
  const uint64_t none[] = {NET + NET_DEVICES};
  opened_ring(&o, 1, none);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  opened_close(&o);
  return 0;
}

static uint64_t socket_at(unsigned n) {
  return SOCKETS + 0x200 * (uint64_t)n;
}

static void plant_socket(unsigned n, unsigned family, unsigned state, uint64_t next) {
  guest_put(&o.g, socket_at(n) + FAMILY, family, 2);
  guest_put(&o.g, socket_at(n) + STATE, state, 1);
  guest_put64(&o.g, socket_at(n) + SK_NET, VA(NET));
  guest_put(&o.g, socket_at(n) + TYPE, 1, 2);
  guest_put64(&o.g, socket_at(n) + NODE, next);
}

// Four empty buckets of connections and one of listeners.
static void plant_tcp(void) {
  opened_symbol(&o, KL_S_tcp_hashinfo, VA(HASHINFO));
  guest_put64(&o.g, HASHINFO, VA(EHASH));
  guest_put(&o.g, HASHINFO + 8, 3, 4);
  guest_put64(&o.g, HASHINFO + 16, VA(LHASH));
  for (uint64_t i = 0; i < 4; i++)
    guest_put64(&o.g, EHASH + 8 * i, 2 * i + 1);
  guest_put64(&o.g, LHASH + 8, 1);
}

static void listeners_come_before_connections(void **state) {
  (void)state;
  plant_tcp();
  guest_put64(&o.g, LHASH + 8, VA(socket_at(0) + NODE));
  plant_socket(0, 2, 10, 1);
  guest_put(&o.g, socket_at(0) + NUM, 22, 2);
  guest_put64(&o.g, EHASH + 16, VA(socket_at(1) + NODE));
  plant_socket(1, 10, 1, 5);
  guest_put(&o.g, socket_at(1) + NUM, 4000, 2);
  guest_put(&o.g, socket_at(1) + DPORT, 0xbb01, 2); // 443 as it goes over the wire
  guest_put(&o.g, socket_at(1) + V6_DADDR, 0xb80d0120, 4);
  guest_put(&o.g, socket_at(1) + V6_DADDR + 15, 7, 1);
  guest_put64(&o.g, socket_at(1) + SK_SOCKET, VA(0xb000));
  guest_put64(&o.g, 0xb000 + 64 + 8, 1234);
  opened_open(&o, "sockets");
  assert_true(opened_next(&o));
  expect_text(&o, "state", "LISTEN");
  expect_text(&o, "family", "inet");
  expect_text(&o, "local_address", "0.0.0.0");
  expect_number(&o, "local_port", 22);
  expect_null(&o, "inode");
  assert_true(opened_next(&o));
  expect_text(&o, "state", "ESTABLISHED");
  expect_text(&o, "family", "inet6");
  expect_text(&o, "remote_address", "2001:db8::7");
  expect_number(&o, "remote_port", 443);
  expect_number(&o, "inode", 1234);
  expect_number(&o, "namespace", 4026531840);
  assert_int_equal(kl_cursor_next(o.cursor, &o.cells), KL_END);
}

static void small_sockets_are_not_read_as_large_ones(void **state) {
  (void)state;
  plant_tcp();
  guest_put64(&o.g, EHASH, VA(socket_at(0) + NODE));
  plant_socket(0, 2, 6, VA(socket_at(1) + NODE)); // TIME_WAIT, of a FIN_WAIT2
  guest_put(&o.g, socket_at(0) + SUBSTATE, 5, 1);
  guest_put64(&o.g, socket_at(0) + SK_SOCKET, 0xdead);
  plant_socket(1, 2, 12, 1); // a request
  guest_put64(&o.g, socket_at(1) + SK_SOCKET, 0xdead);
  opened_open(&o, "sockets");
  assert_true(opened_next(&o));
  expect_text(&o, "state", "FIN_WAIT2");
  expect_null(&o, "inode");
  expect_null(&o, "type");
  assert_true(opened_next(&o));
  expect_text(&o, "state", "SYN_RECV");
  expect_null(&o, "inode");
}

static void hash_chains_that_loop_end(void **state) {
  (void)state;
  plant_tcp();
  guest_put64(&o.g, EHASH, VA(socket_at(0) + NODE));
  plant_socket(0, 2, 1, VA(socket_at(1) + NODE));
  plant_socket(1, 2, 1, VA(socket_at(0) + NODE));
  guest_put64(&o.g, EHASH + 8, VA(socket_at(2) + NODE));
  plant_socket(2, 2, 1, 3);
  opened_open(&o, "sockets");
  size_t rows = opened_count(&o);
  assert_in_range(rows, 3, 10);
  assert_true(was_told(&o, KL_ERR_CYCLE));
  assert_true(kl_cursor_partial(o.cursor));
}

static void absurd_tables_are_refused_and_the_others_read(void **state) {
  (void)state;
  plant_tcp();
  guest_put(&o.g, HASHINFO + 8, UINT32_MAX, 4); // 2^32 buckets
  opened_symbol(&o, KL_S_udp_table, VA(UDP_TABLE));
  guest_put64(&o.g, UDP_TABLE, VA(UDP_HASH));
  guest_put64(&o.g, UDP_HASH, VA(socket_at(0) + NODE));
  plant_socket(0, 2, 7, 0);
  opened_open(&o, "sockets");
  assert_true(opened_next(&o));
  expect_text(&o, "protocol", "udp");
  expect_text(&o, "state", "CLOSE");
  assert_int_equal(kl_cursor_next(o.cursor, &o.cells), KL_END);
  assert_true(was_told(&o, KL_ERR_LIMIT));
}

static void tables_that_follow_themselves_end(void **state) {
  (void)state;
  // A netlink table that grows into itself.
  opened_symbol(&o, KL_S_nl_table, VA(NL_TABLE));
  guest_put64(&o.g, NL_TABLE, VA(0x5000));
  guest_put64(&o.g, 0x5000, VA(0x6000));
  guest_put(&o.g, 0x6000, 1, 4);
  guest_put64(&o.g, 0x6000 + 8, VA(0x6000));
  guest_put64(&o.g, 0x6000 + 16, VA(socket_at(0) + NODE));
  plant_socket(0, 16, 0, 1);
  opened_open(&o, "sockets");
  assert_in_range(opened_count(&o), 1, 16);
  assert_true(was_told(&o, KL_ERR_CYCLE));
}

// A kernel whose types lack struct netlink_table.
static void tables_of_an_unknown_struct_are_told_of_once(void **state) {
  (void)state;
  opened_symbol(&o, KL_S_nl_table, VA(NL_TABLE));
  memset(&o.g.kernel.types[KL_T_netlink_table], 0, sizeof o.g.kernel.types[0]);
  opened_open(&o, "sockets");
  assert_int_equal(kl_cursor_next(o.cursor, &o.cells), KL_END);
  assert_true(was_told(&o, KL_ERR_NOT_FOUND));
  assert_true(kl_cursor_partial(o.cursor));
}

static void unix_names_are_bounded(void **state) {
  (void)state;
  char path[KL_SOCKET_PATH];
  size_t n;
  const uint64_t bound = 0x7000;
  struct kl_socket socket = {.address = VA(socket_at(0)), .kind = KL_SOCKET_UNIX, .is_full = true};
  assert_int_equal(kl_socket_path(&o.g.kernel, &socket, path, &n), KL_END);
  guest_put64(&o.g, socket_at(0) + UNIX_ADDR, VA(bound));
  guest_put_text(&o.g, bound + 4 + 2, "/run/x");
  const struct {
    uint32_t length;
    enum kl_status status;
    size_t n;
  } cases[] = {{9, KL_OK, 6},
               {2, KL_END, 0},
               {1, KL_ERR_MALFORMED, 0},
               {0xffffffff, KL_ERR_MALFORMED, 0},
               {112, KL_ERR_MALFORMED, 0},
               {110, KL_OK, 107}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    guest_put(&o.g, bound, cases[i].length, 4);
    assert_int_equal(kl_socket_path(&o.g.kernel, &socket, path, &n), cases[i].status);
    if (cases[i].status == KL_OK)
      assert_int_equal(n, cases[i].n);
  }
  guest_put(&o.g, bound, 2 + 5, 4);
  const char abstract[] = "\0a\0b\0";
  for (size_t i = 0; i < 5; i++)
    guest_put(&o.g, bound + 6 + i, (uint8_t)abstract[i], 1);
  assert_int_equal(kl_socket_path(&o.g.kernel, &socket, path, &n), KL_OK);
  assert_int_equal(n, 5);
  assert_memory_equal(path, "@a@b@", 5);
}

// ── Interfaces ─────────────────────────────────────────────────────────────

static void plant_device(unsigned n) {
  uint64_t at = DEVICES + D_BYTES * (uint64_t)n;
  guest_put(&o.g, at + D_MTU, 1500, 4);
  guest_put(&o.g, at + D_OPER, 6, 4);
  guest_put(&o.g, at + D_STATE, 3, 8);
  guest_put(&o.g, at + D_INDEX, n + 1, 4);
  guest_put_text(&o.g, at + D_NAME, "eth");
  guest_put64(&o.g, at + D_MAC, VA(at + 0x80));
  guest_put(&o.g, at + D_MAC_BYTES, 6, 1);
  guest_put64(&o.g, at + 0x80, 0x665544332202);
  guest_put64(&o.g, at + D_IP, VA(at + 0x100));
  guest_put64(&o.g, at + 0x100, VA(at + 0x140));
  guest_put64(&o.g, at + 0x140, 0);
  guest_put(&o.g, at + 0x148, 0x010200c0, 4);
  guest_put(&o.g, at + 0x14c, 24, 1);
  guest_put64(&o.g, at + D_IP6, VA(at + 0x200));
  const uint64_t addresses[] = {at + 0x200, at + 0x240 + 24};
  opened_ring(&o, 2, addresses);
  guest_put(&o.g, at + 0x240 + 15, 1, 1);
  guest_put(&o.g, at + 0x240 + 16, 128, 4);
}

static void an_interface_has_its_addresses(void **state) {
  (void)state;
  plant_device(0);
  const uint64_t devices[] = {NET + NET_DEVICES, DEVICES + D_LIST};
  opened_ring(&o, 2, devices);
  opened_open(&o, "interfaces");
  assert_true(opened_next(&o));
  expect_text(&o, "name", "eth");
  expect_text(&o, "mac", "02:22:33:44:55:66");
  expect_text(&o, "state", "UP");
  expect_text(&o, "addresses", "192.0.2.1/24 ::1/128");
  expect_end(&o, false);
}

static void interfaces_that_lie_are_bounded(void **state) {
  (void)state;
  plant_device(0);
  plant_device(1);
  const uint64_t devices[] = {NET + NET_DEVICES, DEVICES + D_LIST, DEVICES + D_BYTES + D_LIST};
  opened_ring(&o, 3, devices);
  guest_put64(&o.g, DEVICES + 0x140, VA(DEVICES + 0x140)); // its address is behind itself
  guest_put(&o.g, DEVICES + D_MAC_BYTES, 255, 1);
  guest_put(&o.g, DEVICES + D_OPER, 99, 4);
  opened_open(&o, "interfaces");
  assert_true(opened_next(&o));
  expect_unreadable(&o, "mac", KL_ERR_MALFORMED);
  expect_unreadable(&o, "state", KL_ERR_MALFORMED);
  assert_int_equal(opened_cell(&o, "addresses")->kind, KL_CELL_TEXT);
  assert_true(opened_next(&o));
  expect_text(&o, "addresses", "192.0.2.1/24 ::1/128");
  expect_end(&o, true);
  assert_true(was_told(&o, KL_ERR_CYCLE));
}

static void namespaces_that_loop_end(void **state) {
  (void)state;
  guest_put64(&o.g, NET + NET_LIST, VA(NET + NET_LIST));
  opened_open(&o, "interfaces");
  assert_int_equal(opened_count(&o), 0);
  assert_true(was_told(&o, KL_ERR_CYCLE));
}

// The examples of RFC 5952, section 4, and RFC 4291.
static void addresses_are_written_as_rfc_5952_says(void **state) {
  (void)state;
  static const struct {
    uint8_t bytes[16];
    const char *text;
  } cases[] = {
      {{0}, "::"},
      {{[15] = 1}, "::1"},
      {{0x20, 1, 0xd, 0xb8, [15] = 1}, "2001:db8::1"},
      {{0x20, 1, 0xd, 0xb8, [7] = 1, [9] = 1, [11] = 1, [13] = 1, [15] = 1}, "2001:db8:0:1:1:1:1:1"},
      {{0x20, 1, [7] = 1, [15] = 1}, "2001:0:0:1::1"},
      {{0x20, 1, 0xd, 0xb8, [9] = 1, [15] = 1}, "2001:db8::1:0:0:1"},
      {{0xfe, 0x80}, "fe80::"},
      {{[10] = 0xff, 0xff, 192, 0, 2, 33}, "::ffff:192.0.2.33"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char buffer[64] = "";
    struct kl_text text = kl_text_into(buffer, sizeof buffer - 1);
    kl_ipv6_print(&text, cases[i].bytes);
    assert_string_equal(buffer, cases[i].text);
  }
}

// Whose sockets are wanted can't be found: there is no walk over its files.
static void an_owner_that_cannot_be_found_is_told_of(void **state) {
  (void)state;
  plant_tcp();
  guest_put64(&o.g, LHASH + 8, VA(socket_at(0) + NODE));
  plant_socket(0, 2, 10, 1);
  guest_field(&o.g, KL_F_task_struct_tasks, 0, 16); // of an init_task at 0: nothing is there
  assert_int_equal(opened_try(&o, "sockets", 1u << 20), KL_OK);
  struct kl_constraint one = {.column = (uint32_t)kl_table_column(o.table, "tgid"),
                              .op = KL_OP_EQ,
                              .value = {.kind = KL_CELL_U64, .u64 = 5}};
  struct kl_query query = {.table = o.table, .constraints = &one, .n_constraints = 1, .columns = UINT64_MAX};
  assert_int_equal(kl_cursor_open(&o.dump, &query, o.memory, kl_cursor_bytes(o.table), &o.cursor), KL_OK);
  expect_end(&o, true);
  assert_true(was_told(&o, KL_ERR_UNMAPPED));
}

static bool stop(void *user) {
  (void)user;
  return true;
}

// Sixteen million buckets that can't be read, and a user who wants no more of
// them: nothing is gone through to the end after that.
static void a_walk_that_was_cancelled_takes_no_step_more(void **state) {
  (void)state;
  plant_tcp();
  guest_put(&o.g, HASHINFO + 8, 0xffffff, 4);
  guest_put64(&o.g, HASHINFO, VA(0x30000000));
  o.dump.options.progress.stop = stop;
  kl_image_watch(o.dump.image, &o.dump.options.progress);
  assert_int_equal(opened_try(&o, "sockets", 1u << 25), KL_OK);
  assert_int_equal(kl_cursor_next(o.cursor, &o.cells), KL_ERR_CANCELLED);
  assert_true(o.dump.steps < 1 << 16);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(listeners_come_before_connections),
      TEST(small_sockets_are_not_read_as_large_ones),
      TEST(hash_chains_that_loop_end),
      TEST(absurd_tables_are_refused_and_the_others_read),
      TEST(tables_that_follow_themselves_end),
      TEST(tables_of_an_unknown_struct_are_told_of_once),
      TEST(unix_names_are_bounded),
      TEST(an_interface_has_its_addresses),
      TEST(interfaces_that_lie_are_bounded),
      TEST(namespaces_that_loop_end),
      TEST(addresses_are_written_as_rfc_5952_says),
      TEST(an_owner_that_cannot_be_found_is_told_of),
      TEST(a_walk_that_was_cancelled_takes_no_step_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
