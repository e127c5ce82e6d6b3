// What only tables of the network read: all optional, because a kernel can be built
// without any of it.
#ifndef KL_KERNEL_FIELDS_NETWORK_H
#define KL_KERNEL_FIELDS_NETWORK_H

#define KL_FIELDS_NETWORK(X)                                                                                       \
  X(net, list, OPTIONAL, "")                                                                                       \
  X(net, ns, OPTIONAL, "")                                                                                         \
  X(net, ipv4, OPTIONAL, "")                                                                                       \
  X(net, nf, OPTIONAL, "")                                                                                         \
  X(net, packet, OPTIONAL, "")                                                                                     \
  X(net, unx, OPTIONAL, "")                                                                                        \
  X(net, dev_base_head, OPTIONAL, "")                                                                              \
  X(netns_ipv4, tcp_death_row, OPTIONAL, "a pointer in 6.0 and 6.1")                                               \
  X(netns_ipv4, udp_table, OPTIONAL, "6.2: ba6aac151641")                                                          \
  X(inet_timewait_death_row, hashinfo, OPTIONAL, "")                                                               \
  X(inet_hashinfo, ehash, OPTIONAL, "")                                                                            \
  X(inet_hashinfo, ehash_mask, OPTIONAL, "")                                                                       \
  X(inet_hashinfo, listening_hash, OPTIONAL, "before 5.19: cae3873c5b3a")                                          \
  X(inet_hashinfo, lhash2, OPTIONAL, "")                                                                           \
  X(inet_hashinfo, lhash2_mask, OPTIONAL, "")                                                                      \
  X(inet_ehash_bucket, chain, OPTIONAL, "")                                                                        \
  X(inet_listen_hashbucket, nulls_head, OPTIONAL, "")                                                              \
  X(udp_table, hash, OPTIONAL, "")                                                                                 \
  X(udp_table, mask, OPTIONAL, "")                                                                                 \
  X(udp_hslot, head, OPTIONAL, "")                                                                                 \
  X(raw_hashinfo, ht, OPTIONAL, "")                                                                                \
  X(ping_table, hash, OPTIONAL, "")                                                                                \
  X(netns_unix, table, OPTIONAL, "6.0: cf21b355ccb3")                                                              \
  X(unix_table, buckets, OPTIONAL, "")                                                                             \
  X(netns_packet, sklist, OPTIONAL, "")                                                                            \
  X(netlink_table, hash, OPTIONAL, "")                                                                             \
  X(netlink_sock, node, OPTIONAL, "")                                                                              \
  X(netlink_sock, portid, OPTIONAL, "")                                                                            \
  X(packet_sock, num, OPTIONAL, "")                                                                                \
  X(packet_sock, ifindex, OPTIONAL, "")                                                                            \
  X(unix_sock, addr, OPTIONAL, "")                                                                                 \
  X(unix_address, len, OPTIONAL, "")                                                                               \
  X(unix_address, name, OPTIONAL, "")                                                                              \
  X(sock, sk_protocol, OPTIONAL, "")                                                                               \
  X(sock, sk_type, OPTIONAL, "")                                                                                   \
  X(sock_common, skc_daddr, OPTIONAL, "")                                                                          \
  X(sock_common, skc_rcv_saddr, OPTIONAL, "")                                                                      \
  X(sock_common, skc_dport, OPTIONAL, "")                                                                          \
  X(sock_common, skc_num, OPTIONAL, "")                                                                            \
  X(sock_common, skc_family, OPTIONAL, "")                                                                         \
  X(sock_common, skc_state, OPTIONAL, "")                                                                          \
  X(sock_common, skc_net, OPTIONAL, "")                                                                            \
  X(sock_common, skc_v6_daddr, OPTIONAL, "")                                                                       \
  X(sock_common, skc_v6_rcv_saddr, OPTIONAL, "")                                                                   \
  X(sock_common, skc_node, OPTIONAL, "")                                                                           \
  X(sock_common, skc_nulls_node, OPTIONAL, "")                                                                     \
  X(sock_common, skc_bound_dev_if, OPTIONAL, "")                                                                   \
  X(inet_timewait_sock, tw_substate, OPTIONAL, "")                                                                 \
  X(socket, state, OPTIONAL, "")                                                                                   \
  X(net_device, dev_list, OPTIONAL, "")                                                                            \
  X(net_device, flags, OPTIONAL, "")                                                                               \
  X(net_device, mtu, OPTIONAL, "")                                                                                 \
  X(net_device, operstate, OPTIONAL, "")                                                                           \
  X(net_device, state, OPTIONAL, "")                                                                               \
  X(net_device, dev_addr, OPTIONAL, "")                                                                            \
  X(net_device, addr_len, OPTIONAL, "")                                                                            \
  X(net_device, ip_ptr, OPTIONAL, "")                                                                              \
  X(net_device, ip6_ptr, OPTIONAL, "")                                                                             \
  X(net_device, nf_hooks_ingress, OPTIONAL, "")                                                                    \
  X(net_device, nf_hooks_egress, OPTIONAL, "5.16: 42df6e1d221d")                                                   \
  X(in_device, ifa_list, OPTIONAL, "")                                                                             \
  X(in_ifaddr, ifa_next, OPTIONAL, "")                                                                             \
  X(in_ifaddr, ifa_local, OPTIONAL, "")                                                                            \
  X(in_ifaddr, ifa_address, OPTIONAL, "")                                                                          \
  X(in_ifaddr, ifa_prefixlen, OPTIONAL, "")                                                                        \
  X(inet6_dev, addr_list, OPTIONAL, "")                                                                            \
  X(inet6_ifaddr, addr, OPTIONAL, "")                                                                              \
  X(inet6_ifaddr, prefix_len, OPTIONAL, "")                                                                        \
  X(inet6_ifaddr, if_list, OPTIONAL, "")                                                                           \
  X(inet6_ifaddr, peer_addr, OPTIONAL, "")

#define KL_TYPES_NETWORK(X)                                                                                        \
  X(inet_ehash_bucket)                                                                                             \
  X(inet_listen_hashbucket)                                                                                        \
  X(udp_hslot)                                                                                                     \
  X(netlink_table)

#define KL_SYMBOLS_NETWORK(X)                                                                                      \
  X(net_namespace_list, OPTIONAL)                                                                                  \
  X(init_net, OPTIONAL)                                                                                            \
  X(tcp_hashinfo, OPTIONAL)                                                                                        \
  X(udp_table, OPTIONAL)                                                                                           \
  X(ping_table, OPTIONAL)                                                                                          \
  X(udplite_table, OPTIONAL)                                                                                       \
  X(raw_v4_hashinfo, OPTIONAL)                                                                                     \
  X(raw_v6_hashinfo, OPTIONAL)                                                                                     \
  X(nl_table, OPTIONAL)                                                                                            \
  X(unix_socket_table, OPTIONAL)

#endif
