// Attach: the proposals, from the cheapest to those that look everywhere.
#include "kernel/attach.h"

#include "base/memory.h"

typedef enum kl_status (*propose)(struct kl_attach *a);
static const propose proposals[] = {
    kl_propose_option,     // a root that the user names
    kl_propose_container,  // VMCOREINFO in a note or a header
    kl_propose_registers,  // CR3 in the notes of CPUs
    kl_propose_vmcoreinfo, // VMCOREINFO at the head of some page
    kl_propose_kallsyms,   // the tokens of a symbol table, anywhere
    kl_propose_tasks,      // BTF and "swapper/0", anywhere
    kl_propose_roots,      // pages that look like a root
};

void kl_attach_why(struct kl_attach *a, const char *what, uint64_t object, enum kl_status reason) {
  a->why = (struct kl_diagnostic){"attach", what, object, reason, 1};
}

bool kl_attach_one_more(struct kl_attach *a, uint64_t *tried, const char *search, uint64_t phys) {
  if (*tried < a->k->limits->candidates && a->verify.steps) {
    ++*tried;
    return true;
  }
  kl_diagnostics_add(a->k->diagnostics, "attach", search, phys, KL_ERR_LIMIT);
  return false;
}

bool kl_attach_may_verify(struct kl_attach *a, uint64_t n) {
  bool may = kl_budget_spend(&a->verify, n) == KL_OK;
  if (!may)
    a->verify.steps = 0;
  return may;
}

void kl_attach_confirm(struct kl_attach *a, const char *what) {
  if (a->confirmed.used)
    kl_text_string(&a->confirmed, "; ");
  kl_text_string(&a->confirmed, what);
}

enum kl_status kl_attach_scan(struct kl_attach *a, struct kl_scan *scan, const char *stage, unsigned marks,
                              uint64_t start, uint64_t end) {
  KL_TRY(kl_scan_init(scan, a->k->arena, a->k->image, marks, start, end));
  scan->below = kl_attach_memory_end(a);
  scan->progress = &a->options->progress;
  scan->stage = stage;
  return KL_OK;
}

// ── One proposal ───────────────────────────────────────────────────────────

// An empty kernel, for the next proposal.
static void clear_kernel(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  struct kl_arena *arena = k->arena;
  struct kl_image *image = k->image;
  struct kl_diagnostics *diagnostics = k->diagnostics;
  memset(k, 0, sizeof *k);
  k->arena = arena;
  k->image = image;
  k->limits = &a->options->limits;
  k->diagnostics = diagnostics;
  a->lacks_data = false;
  a->root_by = a->symbols_by = a->btf_by = a->init_task_by = NULL;
  a->confirmed = kl_text_into(k->confirmed_by, sizeof k->confirmed_by - 1);
}

// Where the byte at phys of one layout lies in another: at the same place of
// the file.
static uint64_t moved(const struct kl_image_layout *from, const struct kl_image_layout *to, uint64_t phys) {
  uint64_t hole = from->hole_end - from->hole_start;
  uint64_t offset = phys - from->base - (hole && phys >= from->hole_end ? hole : 0);
  uint64_t low = to->hole_start - to->base;
  hole = to->hole_end - to->hole_start;
  return offset + to->base + (hole && offset >= low ? hole : 0);
}

// Verifies and settles under the layout in use.
static enum kl_status try_here(struct kl_attach *a, const struct kl_proposal *proposal,
                               const struct kl_image_layout *seen) {
  a->hold = proposal->hold;
  if (proposal->places && a->layout.name) {
    uint64_t phys = proposal->va - proposal->hold.image_to_phys;
    a->hold.root = moved(seen, &a->layout, proposal->hold.root);
    if (proposal->va)
      a->hold.image_to_phys = proposal->va - moved(seen, &a->layout, phys);
  }
  enum kl_status held = proposal->va ? kl_foothold_around(&a->hold, a->k->image, proposal->va)
                                     : kl_foothold_find(&a->hold, a->k->image);
  a->root_steps += a->hold.steps;
  KL_TRY(held);
  clear_kernel(a); // not before: pages that only look like a root are many
  a->root_by = proposal->by;
  a->k->vmcoreinfo = proposal->vmcoreinfo;
  return kl_attach_settle(a);
}

// What a trial took and noted, to be given back when it was none.
struct trial {
  size_t arena, diagnostics;
};
static struct trial trial_begin(const struct kl_attach *a) {
  return (struct trial){kl_arena_mark(a->k->arena), a->k->diagnostics ? a->k->diagnostics->used : 0};
}
static void trial_undo(struct kl_attach *a, struct trial trial) {
  kl_arena_rewind(a->k->arena, trial.arena);
  if (a->k->diagnostics)
    a->k->diagnostics->used = trial.diagnostics;
}

// ── Layouts ────────────────────────────────────────────────────────────────

static bool use_layout(struct kl_attach *a, uint64_t i) {
  struct kl_image_layout layout;
  if (kl_image_layout_propose(a->k->image, i, &layout) != KL_OK ||
      kl_image_layout_use(a->k->image, &layout) != KL_OK)
    return false;
  a->layout = layout;
  return true;
}

// Where RAM has a hole, several layouts show the kernel, which lies below it:
// the one whose memory the direct map describes.
static bool choose_layout(struct kl_attach *a) {
  struct kl_image_layout found = a->layout, best = a->layout;
  int64_t best_score = kl_attach_layout_score(a);
  for (uint64_t i = 0; use_layout(a, i); i++) {
    if (!kl_maps(&a->hold.paging, a->k->image, a->hold.root, a->hold.start, kl_image_phys(a, a->hold.start)))
      continue;
    int64_t score = kl_attach_layout_score(a);
    if (score > best_score) {
      best = a->layout;
      best_score = score;
    }
  }
  a->layout = best;
  return kl_image_layout_use(a->k->image, &best) == KL_OK && memcmp(&best, &found, sizeof best) != 0;
}

enum kl_status kl_attach_try(struct kl_attach *a, const struct kl_proposal *proposal) {
  struct kl_image_layout seen = a->layout;
  struct trial trial = trial_begin(a);
  enum kl_status status = KL_ERR_NOT_FOUND, here;
  for (uint64_t i = 0; seen.name ? use_layout(a, i) : !i; i++) {
    here = try_here(a, proposal, &seen);
    if (here == KL_OK && seen.name && choose_layout(a)) {
      trial_undo(a, trial);
      here = try_here(a, proposal, &seen);
    }
    if (here == KL_OK || kl_attach_ends(here))
      return here;
    trial_undo(a, trial);
    if (status != KL_ERR_UNSUPPORTED)
      status = here;
  }
  a->layout = seen;
  if (seen.name && kl_image_layout_use(a->k->image, &seen) != KL_OK)
    return KL_ERR_INTERNAL;
  return status;
}

// ── All of them ────────────────────────────────────────────────────────────

static void say_found(struct kl_attach *a) {
  struct kl_text t = kl_text_into(a->k->found_by, sizeof a->k->found_by - 1);
  const struct {
    const char *what, *by;
  } parts[] = {{"", a->root_by},
               {"symbols: ", a->symbols_by},
               {"BTF: ", a->btf_by},
               {"init_task: ", a->init_task_by},
               {"layout: ", a->layout.name}};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    if (!parts[i].by)
      continue;
    if (i)
      kl_text_string(&t, "; ");
    kl_text_string(&t, parts[i].what);
    kl_text_string(&t, parts[i].by);
  }
}

enum kl_status kl_attach(struct kl_arena *arena, struct kl_image *image, const struct kl_dump_options *options,
                         struct kl_diagnostics *diagnostics, struct kl_kernel **ret, struct kl_diagnostic *why) {
  struct kl_attach *a;
  if (why) // until there is room for more to say
    *why = (struct kl_diagnostic){"attach", "workspace", 0, KL_ERR_NO_MEMORY, 1};
  KL_TRY(KL_TAKE(arena, 1, &a));
  KL_TRY(KL_TAKE(arena, 1, &a->k));
  a->k->arena = arena;
  a->k->image = image;
  a->k->diagnostics = diagnostics;
  a->options = options;
  a->verify.steps = options->limits.candidate_steps;
  kl_survey_init(&a->survey);
  clear_kernel(a);
  (void)use_layout(a, 0);
  kl_attach_why(a, "no trace of a Linux kernel", 0, KL_ERR_NOT_FOUND);
  enum kl_status status = KL_ERR_NOT_FOUND;
  for (size_t i = 0; i < sizeof proposals / sizeof *proposals; i++) {
    status = proposals[i](a);
    if (status == KL_OK || kl_attach_stops(status))
      break;
  }
  if (status == KL_OK) {
    say_found(a);
    *ret = a->k;
    return KL_OK;
  }
  if (status == KL_ERR_NO_MEMORY) // whatever was looked for then
    kl_attach_why(a, "workspace", 0, status);
  else if (kl_attach_ends(status))
    a->why.reason = status;
  else if (!a->verify.steps)
    kl_attach_why(a, "there is more that looks like a kernel than is verified", 0, KL_ERR_LIMIT);
  if (why)
    *why = a->why;
  return a->why.reason;
}
