#!/usr/bin/env python3
"""The step of `tapestry bench train` in plain PyTorch: the same Llama, batch and AdamW, for comparison.

  python3 acceptance/peers/train_speed.py --sequences 8 --length 128 --threads 1 --steps 30
  python3 acceptance/peers/train_speed.py --against ./tapestry     # both in turn, three times; prints the ratio
  python3 acceptance/peers/train_speed.py --against ./tapestry --device cuda --precision bf16 --model 100M

Rates are of processor time, so that other work on the machine counts little, and on a GPU of wall time; the median step is taken.
Debian's PyTorch uses whichever libblas.so.3 it finds: install libopenblas0-pthread, or it compares with no BLAS at all. Give
that one OPENBLAS_NUM_THREADS as many as --threads, and on a processor newer than it knows OPENBLAS_CORETYPE, such as
SkylakeX: it otherwise takes kernels of twenty years ago. Tapestry does not see these variables.
Runs with PyTorch 1.13 (Debian's python3-torch) and later; attention is PyTorch's fused one where it has it.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

SHAPES = {  # vocabulary, width, inner, layers, heads, key heads
    "1M": (2048, 128, 384, 4, 4, 2),
    "10M": (4096, 384, 1024, 6, 6, 2),
    "100M": (32768, 768, 2048, 12, 12, 4),
}


class RmsNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


class Layer(nn.Module):
    def __init__(self, width, inner, heads, key_heads, length):
        super().__init__()
        self.heads, self.key_heads, self.size = heads, key_heads, width // heads
        linear = lambda i, o: nn.Linear(i, o, bias=False)
        self.norm1, self.norm2 = RmsNorm(width), RmsNorm(width)
        self.q, self.o = linear(width, width), linear(width, width)
        self.k, self.v = (linear(width, key_heads * self.size) for _ in range(2))
        self.gate, self.up, self.down = linear(width, inner), linear(width, inner), linear(inner, width)
        # Tables of the position, not weights.
        angles = torch.outer(torch.arange(length), 10000 ** (-torch.arange(0, self.size, 2) / self.size))
        self.register_buffer("cos", torch.cat([angles] * 2, -1).cos())
        self.register_buffer("sin", torch.cat([angles] * 2, -1).sin())
        self.register_buffer("mask", torch.full((length, length), -math.inf).triu(1))

    def turned(self, x):
        a, b = x.chunk(2, -1)
        return x * self.cos + torch.cat((-b, a), -1) * self.sin

    def forward(self, x):
        batch, length, width = x.shape
        h = self.norm1(x)
        split = lambda y, n: y.view(batch, length, n, self.size).transpose(1, 2)
        q, k, v = split(self.q(h), self.heads), split(self.k(h), self.key_heads), split(self.v(h), self.key_heads)
        q, k = self.turned(q), self.turned(k)
        k, v = (y.repeat_interleave(self.heads // self.key_heads, 1) for y in (k, v))
        if hasattr(F, "scaled_dot_product_attention"):
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            mixed = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(self.size) + self.mask, -1) @ v
        x = x + self.o(mixed.transpose(1, 2).reshape(batch, length, width))
        h = self.norm2(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Llama(nn.Module):
    def __init__(self, shape, length):
        super().__init__()
        vocabulary, width, inner, layers, heads, key_heads = shape
        self.embedding = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.layers = nn.ModuleList(Layer(width, inner, heads, key_heads, length) for _ in range(layers))
        self.norm = RmsNorm(width)

    def forward(self, ids):
        x = self.embedding(ids)
        for layer in self.layers:
            x = layer(x)
        return F.linear(self.norm(x), self.embedding.weight)


def measured(options):
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    shape = SHAPES[options.model]
    on_gpu = options.device != "cpu"
    model = Llama(shape, options.length).to(options.device)
    fastest = {"fused": True} if on_gpu else {}
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.002, betas=(0.9, 0.95), weight_decay=0.1, **fastest)
    rounded = torch.autocast(options.device.split(":")[0], torch.bfloat16, enabled=options.precision == "bf16")
    now = time.perf_counter if on_gpu else time.process_time
    seconds = []
    for step in range(options.steps):
        ids = torch.randint(shape[0], (options.sequences, options.length + 1))
        start = now()
        ids = ids.to(options.device)
        with rounded:
            loss = F.cross_entropy(model(ids[:, :-1]).reshape(-1, shape[0]), ids[:, 1:].reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if on_gpu:
            torch.cuda.synchronize()
        seconds.append(now() - start)
    if not math.isfinite(loss.item()):
        sys.exit("the loss is not finite")
    return options.sequences * options.length / statistics.median(seconds)


def ours(options):
    command = [options.against, "bench", "train", "--models", options.model, "--precisions", options.precision, "--steps",
               str(options.steps), "--sequences", str(options.sequences), "--length", str(options.length),
               "--threads", str(options.threads), "--device", options.device, "--json"]
    own = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    line = subprocess.run(command, check=True, capture_output=True, text=True, env=own).stdout.strip().splitlines()[-1]
    row = json.loads(line)["rows"][0]
    return row["tokens_per_processor_second" if options.device == "cpu" else "tokens_per_second"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", choices=SHAPES, default="1M")
    parser.add_argument("--sequences", type=int, default=8)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--against", help="the tapestry launcher: measure both in turn")
    options = parser.parse_args()
    unit = "tokens per processor second" if options.device == "cpu" else "tokens per second"
    if not options.against:
        print(f"PyTorch {torch.__version__}: {measured(options):.0f} {unit}")
        return
    pairs = []
    for _ in range(3):
        pairs.append((ours(options), measured(options)))
        print(f"Tapestry {pairs[-1][0]:.0f}, PyTorch {torch.__version__} {pairs[-1][1]:.0f} {unit}")
    print(f"ratio {statistics.median(a / b for a, b in pairs):.2f}")


main()
