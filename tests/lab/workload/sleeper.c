/* What scenes turn into when they want an executable, arguments and environment of their own. */
#include "workload.h"

int main(void) {
  if (fcntl(READY_FD, F_GETFD) >= 0)
    ready(READY_FD);
  sleep_for_ever();
}
