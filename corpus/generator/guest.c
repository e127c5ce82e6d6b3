// A guest from its options: all subjects in order.
#include "subjects.h"

#include "files.h"
#include "pages.h"
#include "seeds.h"

void options_complete(struct options *o, int kallsyms) {
  // One is the era's own: place-relative since 7.0; before that x86-64 had
  // absolute values for per-CPU symbols (where there are any), until 6.15.
  if (o->era >= ERA_7_2)
    o->kallsyms = KALLSYMS_PLACE_RELATIVE;
  else if (o->shape->arm || o->uniprocessor || (kallsyms == KALLSYMS_RELATIVE && o->era == ERA_6_12))
    o->kallsyms = KALLSYMS_RELATIVE;
  else
    o->kallsyms = KALLSYMS_ABSOLUTE_PERCPU;
  o->kallsyms_seqs = o->era >= ERA_6_12 || (o->era == ERA_6_1 && o->seed % 2); // 6.2: 60443c88f3a8
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
  describe_pages(g);
  write_kernel_truth(g);
  write_symbols_truth(g);
  write_files_truth(g);
  return g;
}
