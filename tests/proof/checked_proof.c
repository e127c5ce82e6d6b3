// Checked arithmetic: what is given is the mathematical result, and what is
// refused has none.
#include "base/checked.h"

#include "proof.h"

void prove_add(void) {
  uint64_t a = any_u64(), b = any_u64(), sum = 7;
  if (kl_add(a, b, &sum))
    PROVE(sum >= a && sum - a == b);
  else
    PROVE(b > UINT64_MAX - a && sum == 7);
}

void prove_narrow(void) {
  uint64_t v = any_u64();
  size_t n = 7;
  if (kl_narrow(v, &n))
    PROVE(n == v);
  else
    PROVE(v > SIZE_MAX && n == 7);
}

void prove_round_up(void) {
  uint64_t v = any_u64(), shift = any_u64(), up = 7;
  ASSUME(shift < 64);
  uint64_t to = (uint64_t)1 << shift;
  if (kl_round_up(v, to, &up))
    PROVE(up >= v && up - v < to && !(up & (to - 1)));
  else
    PROVE(v > UINT64_MAX - (to - 1) && up == 7);
}
