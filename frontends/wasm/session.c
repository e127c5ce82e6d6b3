// One dump: opened, attached, and what it says of itself.
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "web.h"

static struct {
  uint64_t sizes[WEB_FILES];
  struct kl_source sources[WEB_FILES];
  struct kl_dump_options options;
  struct kl_dump *dump;
  bool attached;
} session;

struct kl_dump *web_dump(void) {
  return session.dump;
}

bool web_attached(void) {
  return session.attached;
}

// ── What comes in ──────────────────────────────────────────────────────────

// Memory for the worker to write to: it keeps it, or gives it to web_free.
uint8_t *WEB_EXPORT(web_room)(uint32_t n) {
  return malloc(n ? n : 1);
}

void WEB_EXPORT(web_free)(uint8_t *p) {
  free(p);
}

void WEB_EXPORT(web_file)(uint32_t i, uint32_t low, uint32_t high) {
  if (i < WEB_FILES)
    session.sizes[i] = web_u64(low, high);
}

// The memory stays ours.
void WEB_EXPORT(web_btf)(const uint8_t *p, uint32_t n) {
  session.options.btf = p;
  session.options.btf_bytes = n;
}

void WEB_EXPORT(web_symbols)(const uint8_t *p, uint32_t n) {
  session.options.symbols = p;
  session.options.symbols_bytes = n;
}

void WEB_EXPORT(web_root)(uint32_t low, uint32_t high) {
  session.options.root = web_u64(low, high);
}

// ── Opening ────────────────────────────────────────────────────────────────

static bool report(void *user, const char *stage, uint64_t done, uint64_t total) {
  (void)user;
  web_host_progress(stage, (double)done, (double)total);
  return true;
}

static void put_diagnostic(struct kl_text *t, const struct kl_diagnostic *d) {
  kl_text_string(t, "{\"subject\":\"");
  kl_text_string(t, d->subject ? d->subject : "");
  kl_text_string(t, "\",\"what\":\"");
  kl_text_string(t, d->what ? d->what : "");
  kl_text_string(t, "\",");
  web_json_hex("object", d->object);
  kl_text_string(t, ",\"status\":");
  kl_text_decimal(t, (uint64_t)d->reason);
  kl_text_string(t, ",\"count\":\"");
  kl_text_decimal(t, d->count);
  kl_text_string(t, "\"}");
}

static enum kl_status answer(enum kl_status status, struct kl_diagnostic *why) {
  struct kl_text *t = web_out_begin();
  if (!why->what)
    why->what = "what its header says";
  if (!why->subject)
    why->subject = "open";
  why->reason = status;
  put_diagnostic(t, why);
  return status;
}

// Opens the n files whose sizes were given. The answer says what was wrong.
enum kl_status WEB_EXPORT(web_open)(uint32_t n) {
  struct kl_diagnostic why = {0};
  size_t bytes;
  struct io_codec *codec = io_codec_create();
  void *workspace;
  if (n > WEB_FILES || !codec || !web_sources_init(session.sizes, n)) {
    why.what = "memory of the page";
    return answer(n > WEB_FILES ? KL_ERR_LIMIT : KL_ERR_NO_MEMORY, &why);
  }
  struct kl_dump_options options = kl_dump_options_default();
  options.btf = session.options.btf;
  options.btf_bytes = session.options.btf_bytes;
  options.symbols = session.options.symbols;
  options.symbols_bytes = session.options.symbols_bytes;
  options.root = session.options.root;
  options.sources = session.sources;
  options.n_sources = n;
  options.codec = io_codec_calls(codec);
  options.progress.report = report;
  session.options = options;
  for (size_t i = 0; i < n; i++)
    session.sources[i] = web_source(i);
  enum kl_status status = kl_workspace_size(&session.options, &bytes);
  if (status != KL_OK)
    return answer(status, &why);
  workspace = malloc(bytes); // not calloc, which here writes to all of it
  if (!workspace) {
    why.what = "workspace";
    return answer(KL_ERR_NO_MEMORY, &why);
  }
  status = kl_dump_open(workspace, bytes, &session.options, &session.dump, &why);
  return answer(status, &why);
}

enum kl_status WEB_EXPORT(web_attach)(void) {
  struct kl_diagnostic why = {0};
  enum kl_status status = kl_dump_attach(session.dump, &why);
  session.attached = status == KL_OK;
  return answer(status, &why);
}

void WEB_EXPORT(web_container)(void) {
  kl_text_string(web_out_begin(), kl_dump_container(session.dump));
}

uint32_t WEB_EXPORT(web_page_bytes)(void) {
  return session.attached ? (uint32_t)kl_page_bytes(session.dump) : 4096;
}

// ── What was lost ──────────────────────────────────────────────────────────

// All diagnostics, as a JSON array.
void WEB_EXPORT(web_diagnostics)(void) {
  const struct kl_diagnostics *d = session.dump ? kl_dump_diagnostics(session.dump) : NULL;
  struct kl_text *t = web_out_begin();
  kl_text_char(t, '[');
  for (size_t i = 0; d && i < d->used; i++) {
    kl_text_string(t, i ? "," : "");
    put_diagnostic(t, &d->items[i]);
  }
  kl_text_char(t, ']');
}

// The texts of all statuses, as a JSON array.
void WEB_EXPORT(web_statuses)(void) {
  struct kl_text *t = web_out_begin();
  kl_text_char(t, '[');
  for (int i = KL_OK; i <= KL_ERR_INTERNAL; i++) {
    const char *s = kl_status_text((enum kl_status)i);
    kl_text_string(t, i ? "," : "");
    kl_text_json_string(t, (const uint8_t *)s, strlen(s));
  }
  kl_text_char(t, ']');
}

// ── Time ───────────────────────────────────────────────────────────────────

struct web_slice web_slice_begin(double milliseconds) {
  return (struct web_slice){.end = web_host_now() + milliseconds};
}

bool web_slice_over(struct web_slice *slice) {
  return ++slice->calls % 8 == 0 && web_host_now() > slice->end;
}
