#!/usr/bin/env bash
# A template: trains a Tapestry job as a Kubernetes Job: kubernetes.sh JOB_DIRECTORY
#
# The node sees the job's directory on a volume (ReadWriteMany) that the pod mounts too. In node.yaml:
#
#     trainer:
#       command: [bash, /opt/tapestry/docs/examples/trainers/kubernetes.sh]
#       environment: {TAPESTRY_NAMESPACE: tapestry, TAPESTRY_IMAGE: registry.example/pytorch-trainer:1}
#       lease: PT30M
#       directory: /volume/tapestry-job
#
# What runs is described in kubernetes-job.yaml beside this script; adapt that. kubectl must be allowed to create, watch and
# delete Jobs and to read pods' logs in the namespace, and nothing else. Nothing of this was run on your cluster: try it with
# a short run first.
set -euo pipefail
job=$1
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
namespace=${TAPESTRY_NAMESPACE:-tapestry}
image=${TAPESTRY_IMAGE:?name the image with python3, torch, numpy and pytorch.py in /opt/trainer}
name=tapestry-$(basename -- "$job" | tr -c 'a-z0-9\n' '-' | sed 's/^-*//; s/-*$//')
kube() { kubectl --namespace "$namespace" "$@"; }

# Also of a node that was killed: two must never write one directory. Waits until its pods are gone.
remove() { kube delete job "$name" --ignore-not-found --cascade=foreground --wait=true; }
watchers=()
cancel() {
    kill "${watchers[@]}" 2> /dev/null || true
    remove || true
    exit 143
}
trap cancel TERM INT
remove

# The node's directory is the volume's: only its last name differs from where the pod mounts it.
sed -e "s|@NAME@|$name|g" -e "s|@IMAGE@|$image|g" -e "s|@DIRECTORY@|$(basename -- "$job")|g" \
    "$here/kubernetes-job.yaml" | kube apply -f -

# A Job ends in one of two ways, and kubectl waits for one at a time. What the pod prints keeps the lease while it starts.
kube wait --for=condition=complete --timeout=-1s "job/$name" & complete=$!
kube wait --for=condition=failed --timeout=-1s "job/$name" & failed=$!
kube logs --follow --pod-running-timeout=24h "job/$name" & logs=$!
watchers=("$complete" "$failed" "$logs")
while kill -0 "$complete" 2> /dev/null && kill -0 "$failed" 2> /dev/null; do
    sleep 2 &
    wait $! # a sleep in the foreground would keep the trap waiting
done
status=1
if ! kill -0 "$complete" 2> /dev/null && wait "$complete"; then status=0; fi
kill "${watchers[@]}" 2> /dev/null || true
if [ "$status" -ne 0 ]; then
    kube describe job "$name" | tail -n 20 || true
fi
remove
exit "$status"
