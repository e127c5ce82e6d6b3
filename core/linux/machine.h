// What the kernel says of the machine that it runs on: its names and clock.
#ifndef KL_LINUX_MACHINE_H
#define KL_LINUX_MACHINE_H

#include "kernel/kernel.h"

enum { KL_UTS_BYTES = 65 }; // __NEW_UTS_LEN + 1

// The initial UTS namespace's names; not terminated. dst has KL_UTS_BYTES.
enum kl_status kl_machine_hostname(struct kl_kernel *k, char *dst, size_t *ret) KL_MUST_USE;
enum kl_status kl_machine_domain(struct kl_kernel *k, char *dst, size_t *ret) KL_MUST_USE;

// When the machine started, in Unix seconds: what /proc/stat calls btime.
enum kl_status kl_machine_boot_time(struct kl_kernel *k, int64_t *ret) KL_MUST_USE;

#endif
