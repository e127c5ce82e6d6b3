#!/bin/sh
# Fuzzes: fuzz/fuzz.sh [--afl|--record|--minimise] [TARGET|all [MINUTES]]
#         fuzz/fuzz.sh report | speed | rot ...
#
# Without TARGET, or with "all", each harness has its turn for MINUTES (1). What
# is found goes to build/fuzzing/ (or $KERNLENS_FUZZING): corpus/TARGET grows from run to run,
# crashes/TARGET has the inputs that broke something. Exit 1 when one did.
# --afl fuzzes with AFL++ instead of libFuzzer.
# --record adds what libFuzzer did to ledger.tsv. --minimise keeps of corpus/TARGET
# what the rest of it does not cover. report prints the ledger; speed says how fast the harnesses
# are, next to targets.tsv; rot damages real dumps (tests/fault/rot.sh).
# "planted" is the rig's own test: it must end with a crash.
set -eu
cd "$(dirname "$0")/.."

engine=libfuzzer record= minimise=
case ${1:-} in
--afl) engine=afl && shift ;;
--record) record=yes && shift ;;
--minimise) minimise=yes && shift ;;
report) exec fuzz/ledger.py report ;;
rot) shift && exec tests/fault/rot.sh "$@" ;;
esac
target=${1:-all}
minutes=${2:-1}
[ "$minutes" -gt 0 ] || { echo "fuzz: how many minutes?" >&2; exit 2; }
out=${KERNLENS_FUZZING:-build/fuzzing}
harnesses=$(ls fuzz/*_fuzzer.c | sed 's|fuzz/||; s|_fuzzer.c||; /^planted$/d')

max_len() { awk -F '\t' -v t="$1" '$1 == t { print $2 }' fuzz/targets.tsv; }

case $target in
all) targets=$harnesses ;;
speed) targets= ;;
*) targets=$target ;;
esac
for t in $targets; do
  [ -e "fuzz/${t}_fuzzer.c" ] || { echo "fuzz: no harness $t; there are:" $harnesses >&2; exit 2; }
done

build() { # DIRECTORY OPTION...
  directory=$1
  shift
  mkdir -p "$directory"
  { cmake --preset fuzz -B "$directory" -DKERNLENS_FRONTENDS=OFF -DKERNLENS_WERROR=OFF "$@" &&
    cmake --build "$directory"; } >"$directory/log" 2>&1 || { tail -n 30 "$directory/log" >&2; exit 1; }
}

# Both leave the inputs in corpus/TARGET and crashes/TARGET.
run_libfuzzer() {
  dictionary=
  [ ! -e "fuzz/dictionaries/$1" ] || dictionary=-dict=fuzz/dictionaries/$1
  known=
  [ ! -d "corpus/regressions/$1" ] || known=corpus/regressions/$1
  # Entropic scheduling pays in hours, and costs a third of the speed.
  set -- "$1" "$out/libfuzzer/fuzz/fuzz_$1" -max_total_time=$((minutes * 60)) -max_len="$(max_len "$1")" \
    -timeout=10 -rss_limit_mb=4096 -entropic=0 -reload=0 -print_final_stats=1 -artifact_prefix="$out/crashes/$1/" \
    $dictionary "$out/corpus/$1" "corpus/seeds/$1" $known
  name=$1
  shift
  if [ "$record" ]; then
    nice fuzz/ledger.py run "$name" "$out/$name.log" "$@"
  else
    nice "$@" >"$out/$name.log" 2>&1
  fi
}

minimise() {
  rm -rf "$out/minimised/$1" && mkdir -p "$out/minimised/$1"
  "$out/libfuzzer/fuzz/fuzz_$1" -merge=1 -max_len="$(max_len "$1")" "$out/minimised/$1" "corpus/seeds/$1" \
    "$out/corpus/$1" >"$out/$1.log" 2>&1
  # What the seeds cover stays with them.
  for input in "$out/minimised/$1"/*; do
    for seed in "corpus/seeds/$1"/*; do
      ! cmp -s "$input" "$seed" || { rm "$input" && break; }
    done
  done
  echo "$1: $(ls "$out/corpus/$1" | wc -l) inputs become $(ls "$out/minimised/$1" | wc -l)"
  rm -rf "$out/corpus/$1" && mv "$out/minimised/$1" "$out/corpus/$1"
}

# One instance with the values that comparisons ask for (cmplog), and one with AddressSanitizer, side by side.
run_afl() {
  dictionary=
  [ ! -e "fuzz/dictionaries/$1" ] || dictionary="-x fuzz/dictionaries/$1"
  if grep -qE "page_script.h|made_kernel.h|rows.h" "fuzz/$1_fuzzer.c"; then
    AFL_CUSTOM_MUTATOR_LIBRARY=$(realpath "$out")/afl/fuzz/page_script_mutator.so
    export AFL_CUSTOM_MUTATOR_LIBRARY
  else
    unset AFL_CUSTOM_MUTATOR_LIBRARY
  fi
  export AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_UI=1 AFL_AUTORESUME=1 AFL_NO_AFFINITY=1
  common="-V $((minutes * 60)) -t 10000 -m none -i corpus/seeds/$1 -o $out/afl-state/$1 $dictionary"
  status=0
  nice timeout $((minutes * 60 + 60)) afl-fuzz -S asan $common -- "$out/afl-asan/fuzz/fuzz_$1" >"$out/$1-asan.log" 2>&1 &
  nice timeout $((minutes * 60 + 60)) afl-fuzz -M main -c "$out/afl-cmplog/fuzz/fuzz_$1" $common \
    -- "$out/afl/fuzz/fuzz_$1" >"$out/$1.log" 2>&1 || status=$?
  wait $! || status=$?
  for input in "$out/afl-state/$1"/*/queue/id:*; do
    [ ! -e "$input" ] || cp "$input" "$out/corpus/$1/$(sha1sum <"$input" | cut -c1-40)"
  done
  for input in "$out/afl-state/$1"/*/crashes/id:* "$out/afl-state/$1"/*/hangs/id:*; do
    [ ! -e "$input" ] || cp "$input" "$out/crashes/$1/afl-$(sha1sum <"$input" | cut -c1-40)"
  done
  return $status
}

if [ $engine = afl ]; then
  set -- -DCMAKE_C_COMPILER=afl-clang-fast -DCMAKE_BUILD_TYPE=RelWithDebInfo
  build "$out/afl" "$@" -DKERNLENS_SANITIZE=
  (AFL_LLVM_CMPLOG=1 && export AFL_LLVM_CMPLOG && build "$out/afl-cmplog" "$@" -DKERNLENS_SANITIZE=)
  build "$out/afl-asan" "$@" -DKERNLENS_SANITIZE=address
else
  build "$out/libfuzzer"
fi
if [ "$target" = speed ]; then
  exec fuzz/speed.py "$out/libfuzzer"
fi
if [ "$minimise" ]; then
  for t in $targets; do
    mkdir -p "$out/corpus/$t"
    minimise "$t"
  done
  exit 0
fi
failed=
for t in $targets; do
  mkdir -p "$out/corpus/$t" "$out/crashes/$t" "$out/afl-state/$t"
  touch "$out/began"
  status=0
  run_$engine "$t" || status=$?
  found=$(find "$out/crashes/$t" -type f -newer "$out/began" | wc -l)
  if [ "$found" -gt 0 ]; then
    failed="$failed $t"
    echo "$t: $found inputs break it: see $out/crashes/$t and $out/$t.log"
    grep -E "not true|SUMMARY" "$out/$t.log" | sort -u | head -n 4 || true
  elif [ $status != 0 ]; then
    echo "$t: the fuzzer stopped with $status:"
    tail -n 20 "$out/$t.log"
    exit 1
  else
    echo "$t: nothing in $minutes min; $(ls "$out/corpus/$t" | wc -l) inputs"
  fi
done
if [ "$target" = planted ]; then
  [ -n "$failed" ] || { echo "fuzz: the planted bug was not found" >&2; exit 1; }
  echo "the rig finds what was planted"
  exit 0
fi
[ -z "$failed" ]
