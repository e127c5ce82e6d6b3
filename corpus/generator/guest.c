// A guest from its options: all subjects in order.
#include "subjects.h"

#include "seeds.h"

void options_complete(struct options *o, int kallsyms) {
  if (kallsyms >= 0)
    o->kallsyms = (enum kallsyms_encoding)kallsyms;
  else if (o->era >= ERA_7_2)
    o->kallsyms = KALLSYMS_PLACE_RELATIVE;
  else
    o->kallsyms = o->shape->arm ? KALLSYMS_RELATIVE : KALLSYMS_ABSOLUTE_PERCPU;
  if (o->shape->arm && o->kallsyms == KALLSYMS_ABSOLUTE_PERCPU)
    o->kallsyms = KALLSYMS_RELATIVE; // arm64 never had it
  o->kallsyms_seqs = o->era >= ERA_6_12;
}

struct guest *guest_build(const struct options *options) {
  struct guest *g = take(sizeof *g);
  guest_init(g, options);
#define CALL(name) declare_##name(g);
  SUBJECTS(CALL)
#undef CALL
  types_lay_out(&g->types);
  begin_image(g);
#define CALL(name) build_##name(g);
  SUBJECTS(CALL)
#undef CALL
  finish_image(g);
  build_page_tables(g);
  write_kernel_truth(g);
  write_symbols_truth(g);
  truth_end(g);
  return g;
}
