#!/bin/sh
# A model that was built of a consortium's base k follows it to base k + 5. Two members, real text (this repository's own pages), one machine.
# Usage: docs/results/rebase.sh [DIR [PORT]]. TAPESTRY names another launcher. Leaves rebase.json and the report in DIR.
set -eu
home=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
work=${1:-$(mktemp -d)}
port=${2:-9444}
launcher=${TAPESTRY:-$home/tapestry}
tapestry() { "$launcher" "$@"; }
say() { echo "== $*"; }

running=""
stop() { for process in $running; do kill "$process" 2>/dev/null || true; done; wait; }
trap stop EXIT
trap 'exit 130' INT TERM
mkdir -p "$work"
cd "$work"

text() { # NAME FILE…: a text with its card, a paragraph a document
    mkdir -p "$1"
    cat > "$1/card.yaml" <<CARD
name: Pages, $1
licence: Apache-2.0
category: open
language: en
residency: EU
permitted-uses: [contributed-cpt, private-cpt, evaluation]
text-format: paragraphs
CARD
    name=$1
    shift
    cat "$@" > "$name/text.txt"
}
text text-a "$home"/docs/guide/*.md
text text-b "$home"/docs/*.md "$home"/docs/results/*.md
text text-own "$home"/docs/decisions/*.md
text text-all "$home"/docs/guide/*.md "$home"/docs/*.md "$home"/docs/results/*.md

say "a consortium of two"
sed 's/releaseToleranceBitsPerByte: .*/releaseToleranceBitsPerByte: 1/' "$home/docs/examples/charter.yaml" > charter.yaml
tapestry consortium found consortium --charter charter.yaml --host 127.0.0.1 --port "$port"
tapestry consortium adopt consortium "$home/models/demo-base"
"$launcher" coordinator start consortium > coordinator.log 2>&1 &
running="$running $!"
tries=0
until tapestry member invite consortium a > a.token 2> invite.log; do
    tries=$((tries + 1))
    [ $tries -lt 60 ] || { cat invite.log coordinator.log; exit 1; }
    sleep 1
done
tapestry member invite consortium b > b.token
for member in a b; do
    tapestry node join "node-$member" "$(cat $member.token)" --corpus "text-$member" --threads 1
done

rounds() { # N: so many rounds of 20 steps
    cat > "plan-$1.yaml" <<PLAN
rounds: $1
training: {steps: 20, optimizer: MUON, learningRate: 0.002, finalLearningRateRatio: 0.1, schedule: COSINE, warmupTokens: 0,
  totalTokens: $(($1 * 20 * 8 * 128)), batchSequences: 8, sequenceLength: 128, weightDecay: 0.01, clipNorm: 1.0, seed: 1}
merge: {outer: {type: sgd, learningRate: 1.0, momentum: 0, nesterov: false}, aggregator: {type: mean}}
scoringTokens: 4000
PLAN
    tapestry run start consortium "plan-$1.yaml"
    nodes=""
    for member in a b; do
        "$launcher" node start "node-$member" --until-run-ends > "node-$member-$1.log" 2>&1 &
        nodes="$nodes $!"
        running="$running $!"
    done
    tapestry run watch consortium > "watch-$1.log"
    for node in $nodes; do wait "$node"; done
    newest=$(tapestry consortium show consortium --json | sed 's/.*"base":"\([0-9a-f]*\)".*/\1/')
    cp -r "node-a/models/$newest" "$2"
}

say "base k"
rounds 1 base-k
say "a model of it"
cat > build.yaml <<PLAN
name: decisions
base: base-k
stages:
  - {type: pretrain, corpus: text-own, tokens: 120000, replay: {corpus: text-all, share: 0.25}, training: {learning-rate: 0.002, batch: 8, sequence: 128}}
evaluation: {own: text-own, retention: text-all, tokens: 20000, sequence: 128, min-gain-percent: 1}
PLAN
tapestry build run build.yaml --threads 1 --json built.json
say "base k + 5"
rounds 5 base-k5
say "the model follows"
tapestry build rebase build.yaml --onto base-k5 --scales 0.3,0.5,0.7,0.85,1 --threads 1 --json rebase.json || say "nothing passed"
say "done: $work/rebase.json, $work/builds/reports/decisions.html"
