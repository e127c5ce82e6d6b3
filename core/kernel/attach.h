// Attach: from an opened image to a verified struct kl_kernel.
//
// attach.c has each proposal verified, in order of cost; proposals.c takes them
// from what the container says, search*.c from a pass over memory, of which
// survey.c remembers what comes later; settle.c finds everything else from a foothold (foothold.h) that holds; the
// other files each know one thing to be found.
#ifndef KL_KERNEL_ATTACH_H
#define KL_KERNEL_ATTACH_H

#include "base/text.h"
#include "kernel/foothold.h"
#include "kernel/kallsyms.h"
#include "kernel/kernel.h"
#include "kernel/scan.h"
#include "kernlens/dump.h"

// Places that a pass over memory saw.
struct kl_places {
  uint64_t *at; // guest-physical, ascending
  size_t n;     // seen; those beyond room are not kept
  size_t room;
  bool all; // there is no other
};

static inline void kl_places_add(struct kl_places *places, uint64_t phys) {
  if (places->n < places->room)
    places->at[places->n] = phys;
  places->n++;
}

// What a pass over all of memory saw beside what it was made for: proposals that
// come later need no pass of their own, unless there are more places than are
// kept. Of BTF, only what is as large as a kernel's is noted. A guest has a root a
// process, and other tables that look like one.
enum { KL_PLACES = 64, KL_ROOT_PLACES = 1 << 13 };
struct kl_survey {
  struct kl_image_layout layout; // under which it was made
  struct kl_places tokens, btf, swapper, roots;
  uint64_t token_places[KL_PLACES], btf_places[KL_PLACES], swapper_places[KL_PLACES];
  uint64_t root_places[KL_ROOT_PLACES];
};

struct kl_attach {
  struct kl_kernel *k; // arena, image, limits and diagnostics are set
  const struct kl_dump_options *options;
  struct kl_foothold hold;
  struct kl_image_layout layout; // in use; name null: the container states it
  const char *root_by;           // what proposed the root: static
  const char *symbols_by;        // and so on; null: not found
  bool lacks_data;               // the symbol table has no variables
  const char *btf_by;
  const char *init_task_by;
  uint64_t init_task;           // virtual, from a search that began there; 0: not known
  uint64_t btf_phys, btf_bytes; // of a whole copy, seen under the layout then in use; 0: not known
  struct kl_survey survey;
  struct kl_text confirmed; // into k->confirmed_by
  uint64_t root_steps;      // pages looked at, and table entries to measure images, in all trials
  uint64_t root_trials;     // roots of which one was found and tried
  struct kl_budget verify;  // words and bytes of candidates that may still be looked at, in all trials
  // The farthest that any proposal came, for the one line that says why.
  struct kl_diagnostic why;
};

// Finds and verifies the kernel in the image. The kernel lives in the arena.
// On an error *why (may be null) says what was missing.
enum kl_status kl_attach(struct kl_arena *arena, struct kl_image *image, const struct kl_dump_options *options,
                         struct kl_diagnostics *diagnostics, struct kl_kernel **ret,
                         struct kl_diagnostic *why) KL_MUST_USE;

// ── Proposals ──────────────────────────────────────────────────────────────

// A root and what it should map. Of the foothold paging and root are set.
struct kl_proposal {
  struct kl_foothold hold;
  uint64_t va;                // an address inside the image, mapped by hold.image_to_phys; 0: find the image
  const char *by;             // static
  bool places;                // root and image_to_phys were seen in memory, under the layout in use
  struct kl_bytes vmcoreinfo; // in the arena or the image; n 0: none
};

// Verifies a proposal, under each layout when the container does not state one,
// and settles. KL_OK: attached. After a status that does not stop the attach
// (kl_attach_stops) the next proposal may be tried.
enum kl_status kl_attach_try(struct kl_attach *a, const struct kl_proposal *proposal) KL_MUST_USE;

// A root with each way of paging that fits its machine.
enum kl_status kl_attach_try_root(struct kl_attach *a, enum kl_arch arch,
                                  const struct kl_proposal *proposal) KL_MUST_USE;

// Each goes through its candidates. KL_ERR_NOT_FOUND: none was it.
enum kl_status kl_propose_option(struct kl_attach *a) KL_MUST_USE;
enum kl_status kl_propose_container(struct kl_attach *a) KL_MUST_USE;
enum kl_status kl_propose_registers(struct kl_attach *a) KL_MUST_USE;
enum kl_status kl_propose_vmcoreinfo(struct kl_attach *a) KL_MUST_USE;
enum kl_status kl_propose_kallsyms(struct kl_attach *a) KL_MUST_USE;
enum kl_status kl_propose_tasks(struct kl_attach *a) KL_MUST_USE;
enum kl_status kl_propose_roots(struct kl_attach *a) KL_MUST_USE;

// What a kernel image spans at most, around something of it.
static const uint64_t KL_IMAGE_REACH = 128ull << 20;

// search_roots.c: the pages of guest-physical [start, end) that look like a root,
// with each way of paging of arch. within: physical, must lie in the image that
// the root maps; 0: any. proposal: all but paging and root.
enum kl_status kl_attach_try_roots(struct kl_attach *a, enum kl_arch arch, uint64_t start, uint64_t end,
                                   uint64_t within, const struct kl_proposal *proposal) KL_MUST_USE;

// From the text of VMCOREINFO. False when it does not say enough.
bool kl_proposal_of_vmcoreinfo(struct kl_bytes text, struct kl_proposal *ret);

// ── The survey ─────────────────────────────────────────────────────────────

void kl_survey_init(struct kl_survey *survey);
// A pass over all of memory begins: the marks to note, whose places are not all
// known under the layout in use. It ended: all of marks have been seen.
unsigned kl_survey_begin(struct kl_attach *a);
void kl_survey_note(struct kl_attach *a, enum kl_mark mark, uint64_t phys);
void kl_survey_end(struct kl_attach *a, unsigned marks);
// All the places of a mark under the layout in use; null when they are not known.
const struct kl_places *kl_survey_places(struct kl_attach *a, enum kl_mark mark);
// No memory lies there or above, whichever layout is the true one.
uint64_t kl_attach_memory_end(const struct kl_attach *a);

// ── Parts ──────────────────────────────────────────────────────────────────

// settle.c: fills the kernel from a->hold. KL_OK: attached.
enum kl_status kl_attach_settle(struct kl_attach *a) KL_MUST_USE;

// The tables around digits, or those that were given, as far as they may still
// be looked at.
enum kl_status kl_attach_kallsyms(struct kl_attach *a, uint64_t digits, const struct kl_kallsyms_places *given,
                                  struct kl_kallsyms **ret) KL_MUST_USE;

// Notes the reason that is told when nothing works: the last one given.
void kl_attach_why(struct kl_attach *a, const char *what, uint64_t object, enum kl_status reason);
// Whether one more candidate of a search is to be verified, which is counted in
// *tried. False past the cap: that is said, of the first one at phys.
bool kl_attach_one_more(struct kl_attach *a, uint64_t *tried, const char *search, uint64_t phys);
// Whether n words or bytes of one may be looked at. Past the cap of all trials
// together no candidate is verified any more.
bool kl_attach_may_verify(struct kl_attach *a, uint64_t n);
// Adds to what is said under confirmed_by.
void kl_attach_confirm(struct kl_attach *a, const char *what);
// These end everything; a guest page that is absent is only an answer.
static inline bool kl_attach_ends(enum kl_status status) {
  return status == KL_ERR_CANCELLED || status == KL_ERR_NO_MEMORY;
}
// Of a proposal: no other one is worth a try. KL_ERR_UNSUPPORTED: a kernel is
// there beyond doubt, but its types are not, and no other way to it will bring
// them.
static inline bool kl_attach_stops(enum kl_status status) {
  return kl_attach_ends(status) || status == KL_ERR_UNSUPPORTED;
}
static inline uint64_t kl_image_phys(const struct kl_attach *a, uint64_t va) {
  return va - a->hold.image_to_phys;
}
static inline bool kl_in_image(const struct kl_attach *a, uint64_t va) {
  return va >= a->hold.start && va < a->hold.end;
}
// A scan that takes arena of the kernel and tells the user's progress.
enum kl_status kl_attach_scan(struct kl_attach *a, struct kl_scan *scan, const char *stage, unsigned marks,
                              uint64_t start, uint64_t end) KL_MUST_USE;
// The value of a 64-bit variable of the image, read at its physical place.
bool kl_image_u64(struct kl_attach *a, enum kl_symbol_id symbol, uint64_t *ret);

// name_symbols.c: k->symbols and k->known.
enum kl_status kl_attach_symbols(struct kl_attach *a) KL_MUST_USE;
// code_symbols.c: variables that only the code names. Wants fields and CPUs.
enum kl_status kl_attach_code_symbols(struct kl_attach *a) KL_MUST_USE;
// find_btf.c: k->btf, btf_phys, btf_bytes.
//
// Is what lies at phys the head of a BTF as large as a kernel's?
bool kl_looks_like_btf(struct kl_image *image, uint64_t phys, uint64_t *total);
enum kl_status kl_attach_btf(struct kl_attach *a) KL_MUST_USE;
// find_init_task.c: k->known[KL_S_init_task], verified.
enum kl_status kl_attach_init_task(struct kl_attach *a) KL_MUST_USE;
// layout.c: the image's place, direct map, vmemmap. machine_facts.c: CPUs, build
// id. What can't be found is noted in the diagnostics and left 0.
void kl_attach_layout(struct kl_attach *a);
void kl_attach_machine(struct kl_attach *a);
// layout.c: how well the direct map fits the memory that the image has under
// the layout in use: bytes that both know, less what only one does.
int64_t kl_attach_layout_score(struct kl_attach *a);

#endif
