// Not a test of kernlens but of the rig: a reader of page scripts with a bug in
// it. Records in guest memory form a list; one whose count is larger than
// eight runs over a buffer. Finding it takes a followed pointer and a changed
// count: every part of the rig must work.
#include <stdlib.h>
#include <string.h>

#include "image/image.h"
#include "page_script.h"

enum { ROOM = 8, NODES = 16, WORKSPACE = 1 << 20 };

static void copy_values(struct kl_image *image, uint64_t at, const uint8_t *head) {
  struct fuzz_guarded values = fuzz_guard((const uint8_t[ROOM]){0}, ROOM, 0);
  uint8_t bytes[256];
  size_t count = head[8]; // the bug: nothing says that this is at most ROOM
  if (kl_image_read(image, at + 16, bytes, sizeof bytes) == KL_OK)
    for (size_t i = 0; i < count; i++)
      values.p[i] = bytes[i];
  fuzz_release(&values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct fuzz_input input;
  fuzz_input_init(&input, data, n);
  struct page_script *script = script_read(input.body, &input);
  if (!script->n)
    return 0;
  uint64_t at = script->frames[0].pfn * SCRIPT_PAGE;
  struct kl_limits limits = fuzz_limits();
  struct kl_arena arena;
  kl_arena_init(&arena, fuzz_workspace_begin(WORKSPACE), WORKSPACE);
  struct kl_image *image;
  if (fuzz_status(script_image(script, &arena, &limits, &image)) == KL_OK) {
    uint8_t head[16];
    for (int i = 0; i < NODES && kl_image_read(image, at, head, sizeof head) == KL_OK; i++) {
      if (i) // not the first: a pointer must have been followed
        copy_values(image, at, head);
      at = kl_le64(head) & 0xffffffff;
    }
  }
  fuzz_workspace_end(arena.peak);
  return 0;
}
