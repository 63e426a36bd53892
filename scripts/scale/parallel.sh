#!/usr/bin/env bash
# GNU parallel: the pictures of a folder in N parts, as many at once as there are cores. Each writes RESULTS/part-00002-of-00016.jsonl.
#   scripts/scale/parallel.sh N PICTURES RESULTS [OPTION...]
# OPTION: of `classify`, for example --model or --top-k. The exit code is the number of parts that are not done; started again, it goes on.
set -uo pipefail

export VIT_INSPECTOR=${VIT_INSPECTOR:-$(dirname "$0")/../../dist/cli.js}
export ATTEMPTS=${ATTEMPTS:-3}

shard() {
  local index=$1 parts=$2 pictures=$3 results=$4 code
  shift 4
  for ((attempt = 1; attempt <= ATTEMPTS; attempt++)); do
    node "$VIT_INSPECTOR" classify "$pictures" --shard "$index/$parts" --output "$results/part-{shard}.jsonl" --resume --threads 1 "$@"
    code=$?
    case $code in
      # done, wrong usage, or what can never be read: the same again would end the same
      0 | 2 | 3) return "$code" ;;
    esac
  done
  return "$code"
}
export -f shard

parts=$1 results=$3
mkdir -p "$results"
# --line-buffer: what is said is shown when it is said
PARALLEL_SHELL=$(command -v bash) exec parallel --quote --line-buffer --jobs "${JOBS:-100%}" shard {} "$@" ::: $(seq 0 $((parts - 1)))
