// The survey: places that a pass over memory saw, for proposals that come later.
#include "base/checked.h"
#include "base/memory.h"
#include "kernel/attach.h"

static struct kl_places *places_of(struct kl_survey *survey, enum kl_mark mark) {
  switch (mark) {
  case KL_MARK_TOKENS:
    return &survey->tokens;
  case KL_MARK_BTF:
    return &survey->btf;
  case KL_MARK_SWAPPER:
    return &survey->swapper;
  case KL_MARK_ROOT:
    return &survey->roots;
  case KL_MARK_VMCOREINFO: // are tried as they are seen
  case KL_MARK_BANNER:     // are wanted near a symbol table only
  default:
    return NULL;
  }
}

void kl_survey_init(struct kl_survey *survey) {
  survey->tokens = (struct kl_places){.at = survey->token_places, .room = KL_PLACES};
  survey->btf = (struct kl_places){.at = survey->btf_places, .room = KL_PLACES};
  survey->swapper = (struct kl_places){.at = survey->swapper_places, .room = KL_PLACES};
  survey->roots = (struct kl_places){.at = survey->root_places, .room = KL_ROOT_PLACES};
}

static const enum kl_mark kept[] = {KL_MARK_TOKENS, KL_MARK_BTF, KL_MARK_SWAPPER, KL_MARK_ROOT};

unsigned kl_survey_begin(struct kl_attach *a) {
  unsigned marks = 0;
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
    if (kl_survey_places(a, kept[i]))
      continue;
    struct kl_places *places = places_of(&a->survey, kept[i]);
    places->n = 0;
    places->all = false;
    marks |= kept[i];
  }
  return marks;
}

void kl_survey_note(struct kl_attach *a, enum kl_mark mark, uint64_t phys) {
  uint64_t total;
  struct kl_places *places = places_of(&a->survey, mark);
  if (places && (mark != KL_MARK_BTF || kl_looks_like_btf(a->k->image, phys, &total)))
    kl_places_add(places, phys);
}

void kl_survey_end(struct kl_attach *a, unsigned marks) {
  a->survey.layout = a->layout;
  for (unsigned mark = 1; mark <= marks; mark <<= 1) {
    struct kl_places *places = marks & mark ? places_of(&a->survey, (enum kl_mark)mark) : NULL;
    if (places)
      places->all = places->n <= places->room;
  }
}

const struct kl_places *kl_survey_places(struct kl_attach *a, enum kl_mark mark) {
  const struct kl_places *places = places_of(&a->survey, mark);
  bool same = memcmp(&a->survey.layout, &a->layout, sizeof a->layout) == 0;
  return places && places->all && same ? places : NULL;
}

uint64_t kl_attach_memory_end(const struct kl_attach *a) {
  enum { GRANULE = 1 << 16 }; // what an entry says of its table may have bits below that
  uint64_t end = kl_image_end(a->k->image), bytes = kl_image_bytes(a->k->image);
  struct kl_image_layout layout;
  for (uint64_t i = 0; kl_image_layout_propose(a->k->image, i, &layout) == KL_OK; i++)
    end = kl_max(end, layout.base + bytes + (layout.hole_end - layout.hole_start));
  return kl_add(end, GRANULE, &end) ? end : UINT64_MAX;
}
