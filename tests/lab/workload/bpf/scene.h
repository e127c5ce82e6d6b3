/* What the scenes of the BPF workload share: each is a function called by maps.c. */
#ifndef KERNLENS_LAB_BPF_SCENE_H
#define KERNLENS_LAB_BPF_SCENE_H

#include "../workload.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* Newer than our headers. */
enum { CGRP_STORAGE = 32, ARENA = 33, INSN_ARRAY = 34, RHASH = 35, TCX_INGRESS = 46 };

#define ME "bpf"
#define OBJECTS "/workload/bpf-objects/"

extern unsigned char value[1 << 18], key[512];
extern char text[2 * sizeof value + 1];
extern size_t page;
extern int cpus;

/* What this kernel refuses, with errno. */
void absent(const char *what);
/* Known bytes: each differs from its neighbours. */
void pattern(unsigned char *to, size_t bytes, unsigned long seed);
int make(int type, const char *name, unsigned key_bytes, unsigned value_bytes, unsigned entries, unsigned flags);
/* An array that make() made, with known values; every third stays zero. */
int array(int type, const char *name, unsigned bytes, unsigned entries, unsigned flags);
void put(int map, const void *k, const void *v, const char *what);
/* A value for each CPU, in `value'. */
void fill_cpus(unsigned bytes, unsigned long seed);
int socket_filter(const char *name);
void told_slot(const char *map, unsigned slot, const char *kind, unsigned long long what);
unsigned long long inode_of(int fd);

/* Objects that clang made. */
struct bpf_object *load(const char *name);
int map_of(struct bpf_object *object, const char *name);
/* The variables of a loaded object, where the program sees them. */
char *variables(const struct bpf_map *map);
/* Runs a program for network packets once. False when the kernel refuses. */
bool run_once(struct bpf_object *object, const char *program);

void arrays(void);
void hashes(void);
void tries(void);
void queues(void);
void maps_in_maps(void);
void references(void);
void sockets(void);
void storages(void);
void cgroup_storages(struct bpf_object *object);
struct bpf_object *typed(void);
struct bpf_object *probes(void);
void attach_probes(struct bpf_object *object);
void run_probes(struct bpf_object *typed_object, struct bpf_object *object);
void timers(void);
void pointers(void);
void shared_pages(void);
void graphs(void);
void rings(void);
void busy_ring(void);
void arena(void);
void struct_ops(void);
void orphan(void);
void use_up_ids(unsigned count);
void wrap_ids(void);

#endif
