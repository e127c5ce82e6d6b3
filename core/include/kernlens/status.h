// Statuses: every fallible function of kernlens returns one.
//
// A status says why something could not be told. The ways in which a byte of
// guest memory can be missing are kept apart on purpose: a gap is never zero.
#ifndef KERNLENS_STATUS_H
#define KERNLENS_STATUS_H

// X(name, text): the text completes "could not read X: ...".
#define KL_STATUS_LIST(X)                                                                                          \
  X(KL_OK, "ok")                                                                                                   \
  X(KL_END, "no more")                                                                                             \
  X(KL_ERR_ABSENT, "the dump does not hold this memory")                                                           \
  X(KL_ERR_FILTERED, "the dump left this memory out on purpose")                                                   \
  X(KL_ERR_UNMAPPED, "no translation for this address")                                                            \
  X(KL_ERR_IO, "the file could not be read")                                                                       \
  X(KL_ERR_MALFORMED, "the data contradicts its own format")                                                       \
  X(KL_ERR_UNSUPPORTED, "this form is not supported")                                                              \
  X(KL_ERR_NOT_FOUND, "not found")                                                                                 \
  X(KL_ERR_LIMIT, "a cap on sizes or counts was reached")                                                          \
  X(KL_ERR_BUDGET, "the walk spent its budget")                                                                    \
  X(KL_ERR_CYCLE, "the structure loops back on itself")                                                            \
  X(KL_ERR_NO_MEMORY, "the workspace is full")                                                                     \
  X(KL_ERR_ARGUMENT, "the argument is out of range")                                                               \
  X(KL_ERR_CANCELLED, "cancelled")                                                                                 \
  X(KL_ERR_INTERNAL, "internal error: please report it")

enum kl_status {
#define KL_STATUS_ENUM(name, text) name,
  KL_STATUS_LIST(KL_STATUS_ENUM)
#undef KL_STATUS_ENUM
};

#define KL_MUST_USE __attribute__((warn_unused_result))

// The text of a status: a static string, never null, also for values out of
// range.
const char *kl_status_text(enum kl_status status);

// The one control-flow macro: hands any status but KL_OK to the caller.
#define KL_TRY(expression)                                                                                         \
  do {                                                                                                             \
    enum kl_status kl_try_status_ = (expression);                                                                  \
    if (kl_try_status_ != KL_OK)                                                                                   \
      return kl_try_status_;                                                                                       \
  } while (0)

#endif
