// All BPF maps: first the list, then what programs use, then what maps hold.
#include "linux/bpf_maps.h"

#include "base/memory.h"

static const char *const found_by_names[] = {"idr", "program", "map"};

const char *kl_bpf_found_by_name(enum kl_bpf_found_by found_by) {
  return found_by_names[found_by];
}

enum kl_status kl_bpf_maps_open(struct kl_bpf_maps *m, struct kl_kernel *k, struct kl_budget *budget,
                                uint64_t first, uint64_t last) {
  memset(m, 0, sizeof *m);
  m->kernel = k;
  m->budget = budget;
  m->first = first;
  m->last = last;
  return kl_bpf_objects_open(&m->objects, k, budget, KL_BPF_MAPS, first, last);
}

static enum kl_status lost(struct kl_bpf_maps *m, const char *what, uint64_t object, enum kl_status status) {
  m->what = what;
  m->lost = object;
  return status;
}

// Whether the list has this very map under the id that the map says.
static enum kl_status is_listed(struct kl_bpf_maps *m, uint64_t map, bool *ret) {
  struct kl_bpf_objects at_id;
  uint64_t id, address = 0;
  *ret = false;
  KL_TRY(kl_get(m->kernel, map, KL_F_bpf_map_id, &id));
  KL_TRY(kl_bpf_objects_open(&at_id, m->kernel, m->budget, KL_BPF_MAPS, id, id));
  enum kl_status status = kl_bpf_objects_next(&at_id, &address, &id);
  *ret = status == KL_OK && address == map;
  return status == KL_END ? KL_OK : status;
}

// Notes a map that something refers to, unless it is listed or was noted.
// KL_END: there is nothing new in it.
static enum kl_status note(struct kl_bpf_maps *m, uint64_t map) {
  bool listed = false;
  KL_TRY(kl_budget_spend(m->budget, 1));
  for (size_t i = 0; i < m->unlisted_count; i++)
    if (m->unlisted[i] == map)
      return KL_END;
  enum kl_status status = is_listed(m, map, &listed);
  if (status != KL_OK)
    return lost(m, "map", map, status);
  if (listed)
    return KL_END;
  if (m->unlisted_count == KL_BPF_UNLISTED_MAPS) {
    bool told = m->full;
    m->full = true;
    return told ? KL_END : lost(m, "unlisted maps", map, KL_ERR_LIMIT);
  }
  m->unlisted[m->unlisted_count++] = map;
  return KL_OK;
}

// The next map that a program uses. Programs are looked at whatever ids are wanted.
static enum kl_status next_used(struct kl_bpf_maps *m, uint64_t *map) {
  while (m->used_next == m->used_count) {
    uint64_t program = 0, id, aux = 0;
    enum kl_status status = kl_bpf_objects_next(&m->objects, &program, &id);
    if (status == KL_END)
      return KL_END;
    if (status != KL_OK)
      return lost(m, "prog_idr", m->objects.lost, status);
    m->used_next = m->used_count = 0;
    status = kl_get_pointer(m->kernel, program, KL_F_bpf_prog_aux, &aux);
    if (status == KL_OK)
      status = kl_bpf_program_maps(m->kernel, aux, m->used, &m->used_count);
    if (status != KL_OK)
      return lost(m, "program", program, status);
  }
  *map = m->used[m->used_next++];
  return KL_OK;
}

// The next map of maps: from the list, then from those that are not in it.
static enum kl_status next_holder(struct kl_bpf_maps *m, struct kl_bpf_map *ret) {
  uint64_t address = 0, id;
  enum kl_status status = kl_bpf_objects_next(&m->objects, &address, &id);
  if (status == KL_END) {
    if (m->unlisted_next == m->unlisted_count)
      return KL_END;
    address = m->unlisted[m->unlisted_next++];
  } else if (status != KL_OK) {
    return lost(m, "map_idr", m->objects.lost, status);
  }
  status = kl_bpf_map_read(m->kernel, address, ret);
  return status == KL_OK ? KL_OK : lost(m, "map", address, status);
}

// The next map that a map of maps holds. Inner maps are followed once: a map
// that was noted has its own slots looked at, and none is noted twice.
static enum kl_status next_inner(struct kl_bpf_maps *m, uint64_t *map) {
  for (;;) {
    struct kl_bpf_map holder;
    enum kl_status status;
    if (m->in_slots) {
      status = kl_bpf_entries_next(&m->slots, &m->slot);
      if (status == KL_OK && m->slot.target == KL_BPF_TARGET_MAP && m->slot.target_address) {
        *map = m->slot.target_address;
        return KL_OK;
      }
      if (status == KL_END)
        m->in_slots = false;
      else if (status != KL_OK)
        return lost(m, "entries", m->slots.lost, status);
      continue;
    }
    KL_TRY(next_holder(m, &holder));
    if (holder.type != KL_BPF_ARRAY_OF_MAPS && holder.type != KL_BPF_HASH_OF_MAPS)
      continue;
    status = kl_bpf_entries_open(&m->slots, m->kernel, m->budget, &holder);
    if (status != KL_OK)
      return lost(m, "map", holder.address, status);
    m->in_slots = true;
  }
}

// Begins the next stage; a kernel without programs has none that use maps.
static enum kl_status next_stage(struct kl_bpf_maps *m) {
  enum kl_bpf_object kind = KL_BPF_MAPS;
  if (m->stage == KL_BPF_FOUND_BY_MAP)
    return KL_END;
  if (m->stage == KL_BPF_FOUND_BY_ID)
    kind = KL_BPF_PROGRAMS;
  m->stage = m->stage == KL_BPF_FOUND_BY_ID ? KL_BPF_FOUND_BY_PROGRAM : KL_BPF_FOUND_BY_MAP;
  enum kl_status status = kl_bpf_objects_open(&m->objects, m->kernel, m->budget, kind, 0, UINT32_MAX);
  if (status == KL_OK)
    return KL_OK;
  // Its walk gives nothing: one that ended at once.
  kl_idr_init(&m->objects.ids, m->kernel, m->budget, 0, 1, 0);
  return status == KL_END ? KL_OK : lost(m, "prog_idr", 0, status);
}

// The next map that only something else refers to.
static enum kl_status next_unlisted(struct kl_bpf_maps *m, uint64_t *map) {
  for (;;) {
    enum kl_status status = m->stage == KL_BPF_FOUND_BY_PROGRAM ? next_used(m, map) : next_inner(m, map);
    if (status == KL_OK)
      status = note(m, *map);
    else if (status == KL_END)
      return KL_END;
    if (status != KL_END)
      return status;
  }
}

enum kl_status kl_bpf_maps_next(struct kl_bpf_maps *m, struct kl_bpf_map *ret, enum kl_bpf_found_by *found_by) {
  for (;;) {
    uint64_t address = 0, id = 0;
    bool listed = m->stage == KL_BPF_FOUND_BY_ID;
    enum kl_status status = listed ? kl_bpf_objects_next(&m->objects, &address, &id) : next_unlisted(m, &address);
    if (status == KL_END) {
      KL_TRY(next_stage(m));
      continue;
    }
    *found_by = m->stage;
    ret->address = 0;
    if (status != KL_OK)
      return listed ? lost(m, "map_idr", m->objects.lost, status) : status;
    status = kl_bpf_map_read(m->kernel, address, ret);
    ret->address = address;
    if (listed)
      ret->id = (uint32_t)id;
    else if (status == KL_OK && (ret->id < m->first || ret->id > m->last))
      continue;
    return status == KL_OK ? KL_OK : lost(m, "map", address, status);
  }
}
