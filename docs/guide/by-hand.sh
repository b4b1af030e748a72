#!/bin/sh
# The guides' walk on one machine: a steward and two members, each in a directory of its own, as if on three machines.
# Usage: docs/guide/by-hand.sh [DIR [PORT]]. TAPESTRY names another launcher; the text is made up here.
set -eu
home=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
work=${1:-$(mktemp -d)}
port=${2:-9443}
launcher=${TAPESTRY:-$home/tapestry}
tapestry() { "$launcher" "$@"; }
say() { echo "== $*"; }

running=""
stop() { for process in $running; do kill "$process" 2>/dev/null || true; done; wait; }
trap stop EXIT
trap 'exit 130' INT TERM
mkdir -p "$work"
cd "$work"

say "the members' text, with its card"
for member in a b; do
    mkdir -p "text-$member"
    cat > "text-$member/card.yaml" <<CARD
name: Minutes of $member
licence: CC0-1.0
category: open
language: en
residency: FI
permitted-uses: [contributed-cpt, private-cpt, evaluation]
text-format: lines
CARD
    for n in $(seq 1 300); do
        echo "Minute $n of committee $member: item $((n * 7 % 31)) was put to the vote and $((n * 13 % 50)) members were in favour."
    done > "text-$member/minutes.txt"
done

say "the steward founds the consortium, gives it a base and starts the coordinator"
cp "$home/docs/examples/charter.yaml" charter.yaml
tapestry consortium found consortium --charter charter.yaml --host 127.0.0.1 --port "$port"
tapestry consortium adopt consortium "$home/models/demo-base"
"$launcher" coordinator start consortium > coordinator.log 2>&1 & # not the function: its process would stand between
running="$running $!"

say "the steward invites the members"
tries=0
until tapestry member invite consortium a > a.token 2> invite.log; do
    tries=$((tries + 1))
    [ $tries -lt 60 ] || { cat invite.log coordinator.log; exit 1; }
    sleep 1
done
tapestry member invite consortium b > b.token

say "the members join: two commands each"
for member in a b; do
    tapestry node join "node-$member" "$(cat $member.token)" --corpus "text-$member" --threads 1
done
tapestry member list consortium

say "the steward starts a run, the members their nodes"
cat > plan.yaml <<PLAN
rounds: 2
training: {steps: 3, optimizer: MUON, learningRate: 0.002, finalLearningRateRatio: 0.1, schedule: COSINE, warmupTokens: 0,
  totalTokens: 1536, batchSequences: 4, sequenceLength: 64, weightDecay: 0.01, clipNorm: 1.0, seed: 1}
merge: {outer: {type: sgd, learningRate: 1.0, momentum: 0.5, nesterov: true}, aggregator: {type: mean}}
scoringTokens: 2000
PLAN
tapestry run start consortium plan.yaml
nodes=""
for member in a b; do
    "$launcher" node start "node-$member" --until-run-ends > "node-$member.log" 2>&1 &
    nodes="$nodes $!"
    running="$running $!"
done
tapestry run watch consortium
for node in $nodes; do wait "$node"; done

say "anybody checks"
tapestry verify log consortium --witness node-a
tapestry verify merge consortium --round 2
tapestry node receipts node-a

say "a member makes a model of its own, and exports it"
tapestry node build node-a --name own --base latest --tokens 2048 --batch 4 --sequence 64 --scoring-tokens 1000
tapestry model export node-a/sovereign/own --gguf own.gguf --quantisation q8_0
tapestry model generate node-a/sovereign/own 'Minute 3 of committee' --tokens 12
say "done, in $work"
