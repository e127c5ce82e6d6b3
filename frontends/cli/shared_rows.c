// The rows of one query, made by several threads.
//
// Each takes the next range, makes its rows into memory, and writes them when all
// ranges before it have been written. Who has more than it may keep waits for its
// turn and writes on as it goes.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "workers.h"

struct shared {
  struct cli_workers workers;
  const struct kl_query *query;
  struct cli_sink *sink;
  const struct kl_range *ranges;
  size_t n_ranges;
  atomic_size_t claimed;

  pthread_mutex_t lock; // of all that follows; where rows are written, turn is enough
  pthread_cond_t turned;
  size_t turn; // the range that may be written
  uint64_t rows;
  bool over; // no more turns: something ended it
  bool partial;
  enum kl_status status; // what did
};

// One thread's own.
struct maker {
  struct shared *shared;
  struct cli_output out; // its text goes to kept, and from there to the real one
  struct cli_sink sink;
  struct kl_constraint *constraints;
  void *memory; // of the cursor
  char *kept;
  size_t used, capacity;
  size_t range;
  bool direct; // it is this range's turn
};

// ── Turns ──────────────────────────────────────────────────────────────────

static void end_all(struct shared *s, enum kl_status status) {
  pthread_mutex_lock(&s->lock);
  if (!s->over) {
    s->over = true;
    s->status = status;
  }
  s->workers.stop = true;
  pthread_cond_broadcast(&s->turned);
  pthread_mutex_unlock(&s->lock);
}

// False when it will never come.
static bool await_turn(struct maker *m) {
  struct shared *s = m->shared;
  pthread_mutex_lock(&s->lock);
  while (!s->over && s->turn != m->range)
    pthread_cond_wait(&s->turned, &s->lock);
  m->direct = !s->over;
  pthread_mutex_unlock(&s->lock);
  return m->direct;
}

// What is kept, to where it belongs. JSON puts a comma before each row but the
// very first, of which its maker does not know that it is.
static bool deliver(struct maker *m, const char *p, size_t n) {
  struct shared *s = m->shared;
  struct kl_text *text = &s->sink->out->text;
  if (n && !s->rows && s->sink->format == CLI_JSON) {
    p++;
    n--;
  }
  if (n) {
    s->rows++;
    kl_text_put(text, p, n);
  }
  return text->failed == KL_OK;
}

static bool deliver_kept(struct maker *m) {
  bool written = (m->direct || await_turn(m)) && deliver(m, m->kept, m->used);
  m->used = 0;
  return written;
}

static bool make_room(struct maker *m, size_t n) {
  size_t capacity = m->capacity ? m->capacity : 1 << 20;
  while (capacity < m->used + n)
    capacity *= 2;
  if (capacity > CLI_WORKER_TEXT)
    return false;
  char *kept = capacity == m->capacity ? m->kept : realloc(m->kept, capacity);
  if (!kept)
    return false;
  m->kept = kept;
  m->capacity = capacity;
  return true;
}

static enum kl_status collect(void *user, const char *p, size_t n) {
  struct maker *m = user;
  if (!m->direct && make_room(m, n)) {
    memcpy(m->kept + m->used, p, n);
    m->used += n;
    return KL_OK;
  }
  return deliver_kept(m) && deliver(m, p, n) ? KL_OK : KL_ERR_IO;
}

// ── Ranges ─────────────────────────────────────────────────────────────────

static enum kl_status make_rows(struct maker *m, struct kl_dump *dump, bool *partial) {
  struct shared *s = m->shared;
  struct kl_query query = *s->query;
  const struct kl_cell *cells;
  struct kl_cursor *cursor;
  memcpy(m->constraints + query.n_constraints, s->ranges[m->range].constraints,
         sizeof s->ranges[m->range].constraints);
  query.constraints = m->constraints;
  query.n_constraints += 2;
  enum kl_status status = kl_cursor_open(dump, &query, m->memory, kl_cursor_bytes(query.table), &cursor);
  while (status == KL_OK) {
    if (s->workers.stop || cli_cancelled())
      return KL_ERR_CANCELLED;
    status = kl_cursor_next(cursor, &cells);
    if (status == KL_OK && !cli_sink_row(&m->sink, cells))
      status = KL_ERR_IO;
  }
  *partial = kl_cursor_partial(cursor);
  return status;
}

// False when this was the last one.
static bool answer_range(struct maker *m, struct kl_dump *dump) {
  struct shared *s = m->shared;
  bool partial = true;
  m->used = 0;
  m->direct = false;
  enum kl_status status = make_rows(m, dump, &partial);
  bool written = status != KL_ERR_IO && kl_text_flush(&m->out.text) == KL_OK && deliver_kept(m);
  if (!written) {
    end_all(s, status == KL_ERR_CANCELLED ? status : KL_ERR_IO);
    return false;
  }
  pthread_mutex_lock(&s->lock);
  kl_dump_absorb(s->workers.session->dump, dump);
  s->partial |= partial;
  s->turn++;
  pthread_cond_broadcast(&s->turned);
  pthread_mutex_unlock(&s->lock);
  if (status != KL_END)
    end_all(s, status);
  return status == KL_END;
}

static bool begin_maker(struct maker *m, struct shared *s) {
  const struct cli_output *out = s->sink->out;
  m->shared = s;
  m->sink = *s->sink;
  m->sink.out = &m->out;
  m->sink.rows = 1; // see deliver
  m->out.fd = -1;
  m->out.color = out->color;
  m->out.text = kl_text_into(m->out.buffer, sizeof m->out.buffer);
  m->out.text.flush = collect;
  m->out.text.user = m;
  m->memory = aligned_alloc(16, kl_cursor_bytes(s->query->table));
  m->constraints = calloc(s->query->n_constraints + 2, sizeof *m->constraints);
  if (!m->memory || !m->constraints)
    return false;
  if (s->query->n_constraints)
    memcpy(m->constraints, s->query->constraints, s->query->n_constraints * sizeof *m->constraints);
  return true;
}

static void work_on(void *user, size_t i) {
  struct maker *m = (struct maker *)user + i;
  struct shared *s = m->shared;
  do
    m->range = atomic_fetch_add(&s->claimed, 1);
  while (m->range < s->n_ranges && answer_range(m, s->workers.each[i].dump));
}

static void give_up(void *user) {
  end_all(((struct maker *)user)->shared, KL_ERR_IO);
}

// ── All of it ──────────────────────────────────────────────────────────────

// Every range of the query, from the first thread's context: 100 bytes for each 128 MiB of memory.
static struct kl_range *find_ranges(struct cli_session *session, const struct kl_query *query, size_t *n) {
  struct kl_range range = {0}, *all = NULL;
  size_t capacity = 0;
  for (*n = 0; kl_range_next(session->dump, query, &range); ++*n) {
    if (*n == capacity) {
      capacity = capacity ? 2 * capacity : 64;
      struct kl_range *more = realloc(all, capacity * sizeof *all);
      if (!more) {
        free(all);
        return NULL;
      }
      all = more;
    }
    all[*n] = range;
  }
  return all;
}

static bool run_makers(struct shared *s, size_t threads) {
  struct maker *makers = calloc(threads, sizeof *makers);
  struct io_error why;
  bool ready = makers;
  for (size_t i = 0; ready && i < threads; i++)
    ready = begin_maker(&makers[i], s);
  if (ready && !io_threads_run(threads, work_on, give_up, makers, &why))
    s->partial = true; // the file has lost a page: the session says which
  for (size_t i = 0; makers && i < threads; i++) {
    free(makers[i].memory);
    free(makers[i].constraints);
    free(makers[i].kept);
  }
  free(makers);
  return ready;
}

bool cli_shared_rows(struct cli_session *session, const struct kl_query *query, struct cli_sink *sink,
                     enum kl_status *status, bool *partial) {
  uint64_t frames;
  bool apt = sink->format != CLI_TABLE && !sink->out->tty && session->cli->limit == UINT64_MAX &&
             kl_query_frames(session->dump, query, &frames);
  size_t threads = apt ? cli_workers_wanted(session, frames) : 1;
  if (threads < 2 || !kl_query_prepare(session->dump, query))
    return false;
  struct shared s = {.query = query, .sink = sink, .status = KL_END};
  struct kl_range *ranges = find_ranges(session, query, &s.n_ranges);
  bool done = ranges && s.n_ranges > 1 && cli_workers_open(&s.workers, session, threads);
  s.ranges = ranges;
  if (done) {
    pthread_mutex_init(&s.lock, NULL);
    pthread_cond_init(&s.turned, NULL);
    cli_output_wait(sink->out, true);
    done = run_makers(&s, threads);
    cli_output_wait(sink->out, false);
    pthread_cond_destroy(&s.turned);
    pthread_mutex_destroy(&s.lock);
    cli_workers_close(&s.workers);
  }
  free(ranges);
  if (done) {
    sink->rows += s.rows;
    *status = s.status;
    *partial = s.partial;
  }
  return done;
}
