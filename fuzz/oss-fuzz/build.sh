#!/bin/bash -eu
# Builds the harnesses as OSS-Fuzz and ClusterFuzzLite ask: SRC, OUT, CC, CFLAGS, CXX, CXXFLAGS,
# LIB_FUZZING_ENGINE and SANITIZER are theirs. Harnesses, seeds, dictionaries and lengths are those of
# fuzz/: nothing is listed here. fuzz/oss-fuzz/check runs it on this machine.
cd -P "$SRC/kernlens"
build=${WORK:-/tmp}/kernlens
libraries=ON
[ "${SANITIZER:-}" != memory ] || libraries=OFF # nobody has compiled them with it
cmake -S . -B "$build" -G Ninja -DKERNLENS_FUZZ=ON -DKERNLENS_TESTS=OFF -DKERNLENS_FRONTENDS=OFF \
  -DKERNLENS_FUZZ_LIBRARIES=$libraries -DKERNLENS_FUZZ_ENGINE="$LIB_FUZZING_ENGINE"
cmake --build "$build" --target fuzz/all

grep -v '^#' fuzz/targets.tsv | while IFS=$'\t' read -r target max_len _; do
  if [ ! -e "$build/fuzz/fuzz_$target" ]; then
    [ $libraries = ON ] || continue
    echo "$target was not built: a library is missing" >&2
    exit 1
  fi
  cp "$build/fuzz/fuzz_$target" "$OUT/$target"
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
