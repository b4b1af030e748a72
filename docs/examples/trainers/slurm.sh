#!/usr/bin/env bash
# A template: trains a Tapestry job on a Slurm cluster: slurm.sh JOB_DIRECTORY
#
# The node runs on a login or service node; the job's directory lies on a disk that the compute nodes see under the same
# path. In node.yaml:
#
#     trainer:
#       command: [bash, /opt/tapestry/docs/examples/trainers/slurm.sh]
#       environment: {TAPESTRY_PARTITION: gpu, TAPESTRY_RESOURCES: "--gres=gpu:1 --cpus-per-task=8 --mem=64G"}
#       lease: PT30M
#       directory: /shared/tapestry/job
#
# Adapt the lines marked with ADAPT. Nothing of this was run on your cluster: try it with a short run first.
set -euo pipefail
job=$1
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

# ADAPT: what the compute node runs. Modules or containers belong here too.
work="${TAPESTRY_TRAINER:-python3 $here/pytorch.py}"

# ADAPT: how long a round may take, and what it needs.
time_limit=${TAPESTRY_TIME:-02:00:00}
read -r -a resources <<< "${TAPESTRY_RESOURCES:---cpus-per-task=8}"

# A submission of a node that was killed: it may still run, or wait in the queue. Two must never write one directory.
if [ -s "$job/state/slurm-id" ]; then
    old=$(cut -d ';' -f 1 "$job/state/slurm-id")
    scancel "$old" 2> /dev/null || true
    while [ -n "$(squeue --noheader --jobs="$old" --format=%T 2> /dev/null || true)" ]; do
        echo "waits for the end of job $old, which was cancelled"
        sleep 5
    done
fi

# --wait: sbatch ends when the job does, with its exit code. --no-requeue: a job that Slurm begins again behind the node's
# back would write over what is being read. --parsable: the id comes at once, so that it can be cancelled.
sbatch --wait --parsable --no-requeue \
    --job-name="tapestry-$(basename -- "$job")" \
    --partition="${TAPESTRY_PARTITION:-gpu}" --time="$time_limit" "${resources[@]}" \
    --chdir="$job" --output="$job/state/slurm.log" --open-mode=truncate \
    --wrap="exec $work $(printf '%q' "$job")" > "$job/state/slurm-id" &
submission=$!

# The node stops us: so ends the job on the cluster.
cancel() {
    scancel "$(cut -d ';' -f 1 "$job/state/slurm-id")" || true
    kill "$submission" 2> /dev/null || true
    exit 143
}
trap cancel TERM INT

# While it waits in the queue there are no steps. What is printed keeps the lease: say so, as long as Slurm knows the job.
# A job that runs keeps its lease by its steps alone, so that one that hangs is found.
while kill -0 "$submission" 2> /dev/null; do
    id=$(cut -d ';' -f 1 "$job/state/slurm-id" 2> /dev/null || true)
    if [ -n "$id" ] && [ "$(squeue --noheader --jobs="$id" --format=%T 2> /dev/null || true)" = PENDING ]; then
        echo "$(date -u +%FT%TZ) job $id waits in the queue"
    fi
    sleep "${TAPESTRY_POLL:-30}" &
    wait $! # a sleep in the foreground would keep the trap waiting
done
status=0
wait "$submission" || status=$?
rm -f "$job/state/slurm-id"
if [ "$status" -ne 0 ]; then
    echo "the job on the cluster ended with $status; its output:"
    head -n 20 "$job/state/slurm.log" || true
fi
exit "$status"
