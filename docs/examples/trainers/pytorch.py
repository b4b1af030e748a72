#!/usr/bin/env python3
"""Trains a Tapestry job with PyTorch: python3 pytorch.py JOB_DIRECTORY

One file, torch (1.13 or newer) and numpy only; a place to begin for a trainer of your own. It computes what the embedded
engine computes: the same model, order of the data, schedule and optimisers, in the same order; the last digits differ.
The contract is described in docs/guide/own-trainer.md. On a machine with a GPU set TAPESTRY_DEVICE=cuda.
"""

import json
import math
import os
import signal
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

WORD = (1 << 64) - 1


# --- files -----------------------------------------------------------------------------------------------------------

def read_safetensors(path):
    """Name -> float32 tensor. The file: 8 bytes length, that much JSON, then the numbers, all little-endian."""
    raw = np.memmap(path, dtype=np.uint8, mode="r")
    length = int.from_bytes(raw[:8].tobytes(), "little")
    header = json.loads(raw[8:8 + length].tobytes())
    tensors = {}
    for name, spec in header.items():
        if name == "__metadata__":
            continue
        begin, end = spec["data_offsets"]
        data = raw[8 + length + begin:8 + length + end].tobytes()
        if spec["dtype"] == "F32":
            values = np.frombuffer(data, "<f4").copy()
        elif spec["dtype"] == "BF16":  # the upper half of a float32
            values = (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
        else:
            raise SystemExit(f"{path}: {name} is {spec['dtype']}; this trainer reads F32 and BF16")
        tensors[name] = torch.from_numpy(values.reshape(spec["shape"]))
    return tensors


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, tensor in tensors.items():
        size = tensor.numel() * 4
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    draft = path.with_name("." + path.name + ".part")
    with open(draft, "wb") as out:
        out.write(len(text).to_bytes(8, "little"))
        out.write(text)
        for tensor in tensors.values():
            out.write(tensor.detach().cpu().numpy().astype("<f4").tobytes())
        out.flush()
        os.fsync(out.fileno())
    os.replace(draft, path)


def read_model(directory):
    tensors = {}
    for shard in sorted(directory.glob("model*.safetensors")):
        tensors.update(read_safetensors(shard))
    return tensors


def read_tokens(path):
    """The ids of a token shard: a header of 160 bytes, then two or four bytes for each."""
    header = Path(path).open("rb").read(160)
    if header[:8] != b"TAPTOKEN" or int.from_bytes(header[8:12], "little") != 1:
        raise SystemExit(f"{path} is no token shard of version 1")
    width = int.from_bytes(header[12:16], "little")
    return np.memmap(path, dtype="<u2" if width == 2 else "<u4", mode="r", offset=160)


def write_json(path, document):
    draft = path.with_name("." + path.name + ".part")
    draft.write_text(json.dumps(document))
    os.replace(draft, path)


# --- the order of the data (training/DataOrder.java) -----------------------------------------------------------------

def mixed(x):
    """The finaliser of SplitMix64."""
    z = (x + 0x9E3779B97F4A7C15) & WORD
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
    return z ^ (z >> 31)


class DataOrder:
    """Every epoch visits each window once, in an order and with an offset of its own."""

    def __init__(self, tokens, length, seed):
        if tokens < length + 1:
            raise SystemExit(f"the corpus has {tokens} tokens; a sequence needs {length + 1}")
        self.tokens, self.length, self.seed = tokens, length, seed & WORD
        self.windows = max(1, (tokens - 1) // length - 1)
        self.half_bits = max(1, ((self.windows - 1).bit_length() + 1) // 2)

    def start(self, number):
        epoch, index = divmod(number, self.windows)
        slack = self.tokens - self.windows * self.length
        offset = mixed(self.seed ^ mixed(epoch)) % min(slack, self.length)
        return offset + self.permuted(index, mixed(self.seed + epoch)) * self.length

    def permuted(self, at, key):
        """A Feistel network over the next even power of two, walked until it lands inside."""
        mask = (1 << self.half_bits) - 1
        while True:
            left, right = at >> self.half_bits, at & mask
            for turn in range(4):
                left, right = right, left ^ (mixed(right ^ mixed(key + turn)) & mask)
            at = left << self.half_bits | right
            if at < self.windows:
                return at


# --- the learning rate (training/LearningRateSchedule.java) ------------------------------------------------------------

def rate_factor(schedule, tokens):
    """What the learning rate is multiplied by in the step that begins after so many tokens."""
    warmup = schedule["warmupTokens"]
    rising = 1.0 if warmup == 0 else min(1.0, (tokens + 1) / warmup)
    if schedule["type"] == "constant":
        return rising
    total, floor = schedule["totalTokens"], schedule["floor"]
    if schedule["type"] == "cosine":
        if tokens < warmup:
            return rising
        done = min(1.0, (tokens - warmup) / (total - warmup))
        return floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2
    if schedule["type"] == "warmup-stable-decay":
        decay = schedule["decayFromTokens"]
        if tokens < decay:
            return rising
        return 1 - (1 - floor) * min(1.0, (tokens - decay) / (total - decay))
    raise SystemExit(f"unknown schedule {schedule['type']}")


# --- the model (training/LlamaForward.java) ----------------------------------------------------------------------------

class Llama:
    def __init__(self, config, weights, narrow):
        if config.get("rope_scaling") is not None or config.get("model_type") != "llama":
            raise SystemExit("this trainer computes plain Llamas only")
        self.w = weights
        self.narrow = narrow  # matrix products on operands rounded to bf16; all else stays fp32
        self.layers = config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.shared = config.get("num_key_value_heads") or self.heads
        self.size = config.get("head_dim") or config["hidden_size"] // self.heads
        self.epsilon = config.get("rms_norm_eps", 1e-6)
        rope = config.get("rope_parameters") or config
        self.theta = rope.get("rope_theta", 10_000.0)
        tied = config.get("tie_word_embeddings", False)
        self.head = weights["model.embed_tokens.weight" if tied else "lm_head.weight"]

    def product(self, x, weight):
        return F.linear(x, weight.to(torch.bfloat16) if self.narrow else weight)

    def normed(self, x, weight):
        x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * weight
        return x.to(torch.bfloat16) if self.narrow else x

    def turned(self, x, cosine, sine):
        """RoPE as Hugging Face lays it out: component i and i + size/2 are a pair."""
        half = self.size // 2
        return x * cosine + torch.cat((-x[..., half:], x[..., :half]), -1) * sine

    def attention(self, x, prefix, cosine, sine, mask):
        batch, length, _ = x.shape

        def heads(name, count):
            y = self.product(x, self.w[f"{prefix}.self_attn.{name}.weight"]).float()
            return y.view(batch, length, count, self.size).transpose(1, 2)

        q = self.turned(heads("q_proj", self.heads), cosine, sine)
        k = self.turned(heads("k_proj", self.shared), cosine, sine)
        v = heads("v_proj", self.shared)
        k = k.repeat_interleave(self.heads // self.shared, 1)
        v = v.repeat_interleave(self.heads // self.shared, 1)
        scores = (q @ k.transpose(2, 3)) / math.sqrt(self.size) + mask
        y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, -1)
        y = y.to(torch.bfloat16) if self.narrow else y
        return self.product(y, self.w[f"{prefix}.self_attn.o_proj.weight"])

    def logits(self, ids):
        length, device = ids.shape[1], ids.device
        turns = torch.arange(length, dtype=torch.float64)[:, None] * self.theta ** (
            -2.0 * torch.arange(self.size // 2, dtype=torch.float64) / self.size)
        cosine = torch.cos(turns).repeat(1, 2).float().to(device)
        sine = torch.sin(turns).repeat(1, 2).float().to(device)
        mask = torch.full((length, length), -math.inf, device=device).triu(1)
        x = F.embedding(ids, self.w["model.embed_tokens.weight"])
        for i in range(self.layers):
            prefix = f"model.layers.{i}"
            y = self.normed(x, self.w[f"{prefix}.input_layernorm.weight"])
            x = x + self.attention(y, prefix, cosine, sine, mask)
            y = self.normed(x, self.w[f"{prefix}.post_attention_layernorm.weight"])
            gate = F.silu(self.product(y, self.w[f"{prefix}.mlp.gate_proj.weight"]))
            up = self.product(y, self.w[f"{prefix}.mlp.up_proj.weight"])
            x = x + self.product(gate * up, self.w[f"{prefix}.mlp.down_proj.weight"])
        return self.product(self.normed(x, self.w["model.norm.weight"]), self.head).float()


# --- the optimisers (training/AdamWUpdate.java, MuonUpdate.java, NewtonSchulz.java) --------------------------------------

def is_matrix_of_a_layer(name):
    return name.startswith("model.layers.") and not name.endswith("norm.weight")


def adamw(plan, name, weight, state, step, factor):
    """One AdamW update; norms are not decayed."""
    gradient, rate = weight.grad, plan["learningRate"] * factor
    first = state.setdefault(f"first.{name}", torch.zeros_like(weight))
    second = state.setdefault(f"second.{name}", torch.zeros_like(weight))
    if not name.endswith("norm.weight"):
        weight.mul_(1 - rate * plan["weightDecay"])
    first.mul_(plan["beta1"]).add_(gradient, alpha=1 - plan["beta1"])
    second.mul_(plan["beta2"]).addcmul_(gradient, gradient, value=1 - plan["beta2"])
    root = second.sqrt() / math.sqrt(1 - plan["beta2"] ** step) + plan["epsilon"]
    weight.addcdiv_(first, root, value=-rate / (1 - plan["beta1"] ** step))


def orthogonalised(matrix, narrow):
    """Five quintic Newton-Schulz iterations."""
    x = matrix / (matrix.norm() + 1e-7)
    x = x.to(torch.bfloat16) if narrow else x
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x.float()


def muon(plan, name, weight, state, factor, narrow):
    """One Muon update with Nesterov momentum, as large as AdamW's would be."""
    gradient, rate = weight.grad, plan["learningRate"] * factor
    momentum = state.setdefault(f"momentum.{name}", torch.zeros_like(weight))
    momentum.mul_(plan["momentum"]).add_(gradient)
    nesterov = gradient + plan["momentum"] * momentum
    rows, columns = weight.shape
    tall = rows > columns
    update = orthogonalised(nesterov.T if tall else nesterov, narrow)
    weight.mul_(1 - rate * plan["weightDecay"])
    weight.add_(update.T if tall else update, alpha=-rate * 0.2 * math.sqrt(max(rows, columns)))


def optimise(plan, weights, state, step, factor, narrow):
    if plan["type"] not in ("adam-w", "muon"):
        raise SystemExit(f"unknown optimiser {plan['type']}")
    for name, weight in weights.items():
        if plan["type"] == "muon" and is_matrix_of_a_layer(name):
            muon(plan, name, weight, state, factor, narrow)
        else:
            adamw(plan["others"] if plan["type"] == "muon" else plan, name, weight, state, step, factor)


# --- averaging around the optimiser (training/PrimalAverage.java) --------------------------------------------------------

class PrimalAverage:
    """GPA (arXiv 2512.17131). Between steps the weights are x, the average; the optimiser moves z, which runs ahead."""

    def __init__(self, plan, weights, state):
        self.point, self.memory, self.weights = plan["gradientPoint"], plan["memory"], weights
        with torch.no_grad():
            self.average = {n: torch.zeros_like(w) for n, w in weights.items()}
            self.fast = {n: w + state.get(f"ahead.{n}", 0) for n, w in weights.items()}

    def look_ahead(self):
        """Puts y, where the gradient is taken, in the weights' place."""
        for name, weight in self.weights.items():
            self.average[name].copy_(weight)
            weight.mul_(self.point).add_(self.fast[name], alpha=1 - self.point)

    def step(self, optimiser):
        """Lets the optimiser move z, and x follow, which is then in the weights' place again."""
        for name, weight in self.weights.items():
            weight.copy_(self.fast[name])
        optimiser()
        for name, weight in self.weights.items():
            self.fast[name].copy_(weight)
            weight.copy_(self.average[name]).mul_(self.memory).add_(self.fast[name], alpha=1 - self.memory)

    def ahead(self):
        """z - x: what outlives the round, for a new base moves x and z alike."""
        return {f"ahead.{n}": self.fast[n] - w.detach() for n, w in self.weights.items()}


# --- between rounds ------------------------------------------------------------------------------------------------------

def state_file(job_directory, number):
    return job_directory / "state" / f"pytorch-after-round-{number}.npz"


def load_state(job_directory, job, weights, device):
    """The latest state before this round: a round that is trained again begins where it began before."""
    numbers = [int(p.stem.rsplit("-", 1)[1]) for p in (job_directory / "state").glob("pytorch-after-round-*.npz")]
    earlier = [n for n in numbers if n < job["round"]]
    if not earlier:
        return {}, 0, 0
    with np.load(state_file(job_directory, max(earlier)), allow_pickle=False) as saved:
        state = {n: torch.from_numpy(saved[n]).to(device) for n in saved.files if n not in ("steps", "sequences")}
        fits = all(n.split(".", 1)[1] in weights and t.shape == weights[n.split(".", 1)[1]].shape
                   for n, t in state.items())
        return (state, int(saved["steps"]), int(saved["sequences"])) if fits else ({}, 0, 0)


def save_state(job_directory, job, state, steps, sequences):
    file = state_file(job_directory, job["round"])
    draft = file.with_name("." + file.name)
    with open(draft, "wb") as out:
        np.savez(out, steps=steps, sequences=sequences, **{n: t.cpu().numpy() for n, t in state.items()})
    os.replace(draft, file)
    for old in (job_directory / "state").glob("pytorch-after-round-*.npz"):
        if int(old.stem.rsplit("-", 1)[1]) < job["round"] - 1:
            old.unlink()


# --- the round -----------------------------------------------------------------------------------------------------------

def main(job_directory):
    job = json.loads((job_directory / "job.json").read_text())
    if job["protocol"] != 1:
        raise SystemExit(f"this trainer speaks protocol 1, the job {job['protocol']}")
    device = torch.device(os.environ.get("TAPESTRY_DEVICE", "cpu"))
    torch.set_num_threads(job["threads"])
    narrow = job["precision"] == "BF16"
    base = job_directory / "base"
    weights = {n: t.to(device).requires_grad_(True) for n, t in read_model(base).items()}
    model = Llama(json.loads((base / "config.json").read_text()), weights, narrow)
    tokens = read_tokens(job_directory / "corpus" / "train.tokens")
    batch, length = job["batchSequences"], job["sequenceLength"]
    order = DataOrder(len(tokens), length, job["seed"])
    state, steps, sequences = load_state(job_directory, job, weights, device)
    average = PrimalAverage(job["averaging"], weights, state) if "averaging" in job else None
    state = {n: t for n, t in state.items() if not n.startswith("ahead.")}
    schedule_tokens, losses = job["scheduleTokens"], []
    asked = job.get("gradients")  # members share their mean gradients, and correct their own by the difference
    correction = {}
    if asked and asked["corrected"]:
        correction = {n: t.to(device) for n, t in read_model(job_directory / "correction").items()}
    gradients = {n: torch.zeros_like(w) for n, w in weights.items()} if asked else {}
    print(f"round {job['round']}: {job['steps']} steps on {device}", flush=True)

    with open(job_directory / "metrics.jsonl", "w") as metrics:
        for step in range(1, job["steps"] + 1):
            starts = [order.start(sequences + i) for i in range(batch)]
            windows = torch.from_numpy(np.stack([tokens[s:s + length + 1] for s in starts]).astype(np.int64)).to(device)
            if average:
                with torch.no_grad():
                    average.look_ahead()
            logits = model.logits(windows[:, :-1])
            loss = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), windows[:, 1:].reshape(-1))
            loss.backward()
            with torch.no_grad():
                for name, total in gradients.items():
                    total.add_(weights[name].grad)
                for name, difference in correction.items():
                    weights[name].grad.add_(difference)
                norm = math.sqrt(sum(float(w.grad.double().pow(2).sum()) for w in weights.values()))
                if not math.isfinite(loss.item()) or not math.isfinite(norm):
                    raise SystemExit(f"step {step}: loss {loss.item()}, gradient norm {norm}")
                if norm > job["clipNorm"]:
                    for weight in weights.values():
                        weight.grad.mul_(job["clipNorm"] / norm)
                factor = rate_factor(job["schedule"], schedule_tokens)

                def move():
                    optimise(job["optimizer"], weights, state, steps + 1, factor, narrow)

                average.step(move) if average else move()
                for weight in weights.values():
                    weight.grad = None
            steps += 1
            sequences += batch
            schedule_tokens += batch * length
            losses.append(loss.item())
            metrics.write(json.dumps({"step": step, "tokens": step * batch * length, "loss": loss.item()}) + "\n")
            metrics.flush()

    write_safetensors(job_directory / "model.safetensors", weights)
    if asked:
        write_safetensors(job_directory / "gradient.safetensors", {n: g / job["steps"] for n, g in gradients.items()})
    save_state(job_directory, job, {**state, **average.ahead()} if average else state, steps, sequences)
    write_json(job_directory / "done.json",
               {"tokens": job["tokens"], "steps": job["steps"], "meanLoss": sum(losses) / len(losses)})


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main(Path(sys.argv[1]))
