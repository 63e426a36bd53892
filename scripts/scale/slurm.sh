#!/usr/bin/env bash
# Slurm: the pictures of a folder, shared out to the tasks of an array. Each task writes RESULTS/part-00002-of-00100.jsonl.
#   VIT_INSPECTOR=/opt/vit-inspector/dist/cli.js sbatch --array=0-99 scripts/scale/slurm.sh PICTURES RESULTS [OPTION...]
# OPTION: of `classify`, for example --model or --top-k.
#SBATCH --job-name=vit-inspector
#SBATCH --array=0-3
#SBATCH --cpus-per-task=1
#SBATCH --requeue
#SBATCH --open-mode=append
set -uo pipefail

cli=${VIT_INSPECTOR:?set it to the path of dist/cli.js, the same on every node}
pictures=$1 results=$2
shift 2
retries=5

mkdir -p "$results"
# its number and their count are read from SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT
node "$cli" classify "$pictures" --output "$results/part-{shard}.jsonl" --resume --threads "${SLURM_CPUS_PER_TASK:-1}" "$@"
code=$?

case $code in
  # done, wrong usage, or what can never be read: the same again would end the same
  0 | 2 | 3) exit "$code" ;;
esac
if ((${SLURM_RESTART_COUNT:-0} < retries)); then
  echo "ended with $code; goes on in the queue ($((${SLURM_RESTART_COUNT:-0} + 1)) of $retries)" >&2
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
