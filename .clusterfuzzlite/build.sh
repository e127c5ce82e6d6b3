#!/bin/bash -eu
# Builds the harnesses as ClusterFuzzLite and OSS-Fuzz ask: CC, CFLAGS, CXX, CXXFLAGS,
# LIB_FUZZING_ENGINE and OUT are theirs. Harnesses, seeds, dictionaries and lengths
# are those of fuzz/: nothing is listed here.
cd "$(dirname "$0")/.."
work=${WORK:-/tmp/work}
mkdir -p "$work/objects" "$OUT"
flags="-std=gnu11 -D_GNU_SOURCE -Icore -Icore/include"

compile() { # NAME SOURCE OPTION...
  # shellcheck disable=SC2086
  $CC $CFLAGS $flags "${@:3}" -c "$2" -o "$work/objects/$1.o"
}

for source in core/*/*.c; do
  compile "core-$(tr / - <<<"${source%.c}")" "$source" -ffreestanding -fno-common
done
for source in corpus/generator/*.c; do
  [ "$source" = corpus/generator/main.c ] || compile "generator-$(basename "$source" .c)" "$source"
done
for source in fuzz/harness.c fuzz/page_script.c fuzz/rows.c fuzz/attached.c fuzz/mutator.c frontends/cli/escape.c; do
  compile "part-$(basename "$source" .c)" "$source"
done
rm -f "$work/libkernlens.a"
ar rcs "$work/libkernlens.a" "$work"/objects/core-*.o "$work"/objects/generator-*.o "$work"/objects/part-{harness,page_script,rows,attached,escape}.o

grep -v '^#' fuzz/targets.tsv | while IFS=$'\t' read -r target max_len _; do
  compile "$target" "fuzz/${target}_fuzzer.c"
  mutator=
  if grep -qE 'page_script.h|attached.h' "fuzz/${target}_fuzzer.c"; then
    mutator=$work/objects/part-mutator.o
  fi
  # shellcheck disable=SC2086
  $CXX $CXXFLAGS "$work/objects/$target.o" $mutator "$work/libkernlens.a" $LIB_FUZZING_ENGINE -o "$OUT/$target"
  printf '[libfuzzer]\nmax_len = %s\n' "$max_len" >"$OUT/$target.options"
  if [ -e "fuzz/dictionaries/$target" ]; then
    cp "fuzz/dictionaries/$target" "$OUT/$target.dict"
  fi
  seeds=("corpus/seeds/$target")
  if [ -d "corpus/regressions/$target" ]; then
    seeds+=("corpus/regressions/$target")
  fi
  (cd corpus && python3 -m zipfile -c "$OUT/${target}_seed_corpus.zip" "${seeds[@]#corpus/}")
done
