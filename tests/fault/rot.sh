#!/usr/bin/env bash
# Damages captures of real guests by seeds and reads them: rot.c, with sanitizers.
#
#   tests/fault/rot.sh [SEEDS [FROM [GUEST...]]]     each captured guest, SEEDS (1000) from FROM (0) on
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seeds=${1:-1000} from=${2:-0}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || mapfile -t guests < <(tests/lab/lab list | sed -n '/not captured/!s/ .*//p')
[ $# = 0 ] || guests=("$@")
[ ${#guests[@]} -gt 0 ] || { echo "rot: no guest is captured: tests/lab/lab build" >&2; exit 1; }
mkdir -p build/log
{ cmake --preset asan && cmake --build build/asan --target rot; } >build/log/rot-build 2>&1 || { tail -n 20 build/log/rot-build; exit 1; }
passed=0 failed=0
for guest in "${guests[@]}"; do
  said=$(build/asan/tests/fault/rot "$(tests/lab/lab path "$guest")/memory.elf" --from "$from" --seeds "$seeds" --anew 40 2>&1)
  grep -vE '^[0-9]+ passed' <<<"$said"
  read -r p f < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' <<<"$said")
  passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1}))
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
