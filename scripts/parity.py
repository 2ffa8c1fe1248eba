#!/usr/bin/env python3
"""Compare ./nextclass with Hugging Face transformers on random Qwen3 checkpoints of odd shapes.

usage: parity.py [--only NAME,...] [--primitives scalar,vector] [--nextclass FILE] [--reference-error] [--keep DIR] [CHECKPOINT ...]

For every case below, and for every folder named on the command line:
  logits  of all positions of one prompt: relative L2 error <= 1e-5 (that of the worst position is shown beside it), and
          the same best class wherever the reference's best two are more than 1e-5 apart;
  greedy  64 ids, computed by the reference without a KV cache and by ./nextclass with one: identical.
The reference is float32 on the stored weights. --reference-error adds the distance between that reference and one in
float64: what is left of the allowance. Exit status: 0 all equal, 1 something differs or failed, 2 usage.

Needs torch, transformers 5 and safetensors. The checkpoints are made in a temporary folder, or kept in --keep DIR.
"""
import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file

from make_engine_goldens import GREEDY_PROMPT, GREEDY_STEPS, ROOT, SMALLEST_MARGIN, Case, Reference, token_ids_of, weights_of, write_checkpoint

TOLERANCE = 1e-5
PADDING_ROWS_FROM = 151669  # of a vocabulary of 151,936: ./nextclass may mask these rows, transformers does not


@dataclass
class Shape(Case):
    """As a golden case, with room: larger defaults."""

    vocab_size: int = 1024
    hidden_size: int = 256
    intermediate_size: int = 640
    num_hidden_layers: int = 3
    num_attention_heads: int = 4
    num_key_value_heads: int = 2
    head_dim: int = 128
    max_position_embeddings: int = 40960
    positions: int = 320
    gain: float = 1.0  # rounding errors grow with it from layer to layer, in the reference too
    published: dict = field(default_factory=dict)  # keys of config.json that differ from the defaults


QWEN3 = {"bos_token_id": 151643, "eos_token_id": 151645}
SHAPES = [
    Shape("tied-bf16"),
    Shape("tied-f16-3-shards", dtype="F16", shards=3),
    Shape("untied-f32", dtype="F32", tied=False),
    Shape("untied-bf16-3-shards", tied=False, shards=3),
    Shape("mha-bf16", num_key_value_heads=4),
    Shape("mha-f32", dtype="F32", num_attention_heads=2, num_key_value_heads=2, head_dim=64),
    Shape("mqa-bf16", num_attention_heads=8, num_key_value_heads=1),
    Shape("mqa-f16", dtype="F16", num_key_value_heads=1),
    Shape("bias-bf16", attention_bias=True),
    Shape("odd-sizes", vocab_size=1009, hidden_size=192, intermediate_size=320, num_hidden_layers=5, num_attention_heads=6,
          num_key_value_heads=2, head_dim=64, positions=333),
    Shape("large-eps", dtype="F32", rms_norm_eps=1e-3),
    Shape("deep", hidden_size=64, intermediate_size=192, num_hidden_layers=28, head_dim=64),
    Shape("long", hidden_size=64, intermediate_size=128, num_hidden_layers=2, head_dim=64, positions=1500),
    Shape("noprefix-2-shards", model_prefix=False, shards=2),
    Shape("one-layer-one-head", num_hidden_layers=1, num_attention_heads=1, num_key_value_heads=1, head_dim=64, positions=1),
    # YaRN as transformers 5, as Qwen3's model card, and as Qwen2.5 spell it. Of 4096 positions, some frequencies stay as they are.
    Shape("yarn-v5", max_position_embeddings=16384,
          spelling={"rope_parameters": {"rope_type": "yarn", "rope_theta": 1000000, "factor": 4.0,
                                        "original_max_position_embeddings": 4096}, "dtype": True}),
    Shape("yarn-card", max_position_embeddings=131072,
          spelling={"rope_theta": 1000000, "torch_dtype": True,
                    "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}}),
    Shape("yarn-type", max_position_embeddings=1024, attention_bias=True,
          spelling={"rope_theta": 10000.0, "torch_dtype": True,
                    "rope_scaling": {"type": "yarn", "factor": 8, "original_max_position_embeddings": 128}}),
    Shape("yarn-all-keys", max_position_embeddings=1024,
          spelling={"rope_theta": 10000.0, "torch_dtype": True,
                    "rope_scaling": {"rope_type": "yarn", "factor": 2.5, "original_max_position_embeddings": 400,
                                     "attention_factor": 1.25, "beta_fast": 24, "beta_slow": 2}}),
    Shape("base", vocab_size=151936, hidden_size=128, intermediate_size=384, num_hidden_layers=2, max_position_embeddings=32768,
          positions=40, published={"bos_token_id": 151643, "eos_token_id": 151643}),
    Shape("2507", hidden_size=320, tied=False, max_position_embeddings=262144, published={"max_window_layers": 36},
          spelling={"rope_theta": 5000000, "rope_scaling": None, "torch_dtype": True}),
    Shape("0.6B-3-layers", vocab_size=151936, hidden_size=1024, intermediate_size=3072, num_attention_heads=16, num_key_value_heads=8,
          positions=40, redundant_lm_head="equal", published=QWEN3),
    Shape("8B-1-layer", vocab_size=2048, hidden_size=4096, intermediate_size=12288, num_hidden_layers=1, num_attention_heads=32,
          num_key_value_heads=8, tied=False, shards=3, positions=40),
]


def make(shape: Shape, folder: Path) -> tuple[list[int], list[int], list[float]]:
    """Write a checkpoint whose greedy ids are beyond doubt; return the prompt, these ids and their margins."""
    first = 1000 * SHAPES.index(shape) + 1
    for seed in range(first, first + 100):
        write_checkpoint(shape, weights_of(shape, seed), folder)
        path = folder / "config.json"
        config = json.loads(path.read_text()) | shape.published
        path.write_text(json.dumps(config, indent=2) + "\n")
        token_ids = token_ids_of(shape, seed)
        greedy, margins = Reference(folder).greedy(token_ids[:GREEDY_PROMPT])
        refused = {config["bos_token_id"], config["eos_token_id"], 151643, 151645}
        if min(margins) > SMALLEST_MARGIN and not refused & set(greedy) and max(greedy) < PADDING_ROWS_FROM:
            return token_ids, greedy, margins
    raise SystemExit(f"{shape.name}: no seed of 100 will do")


def prompt_for(folder: Path) -> tuple[list[int], list[int], list[float]]:
    """A prompt of 300 ids for a checkpoint that was there before, and the greedy ids after its beginning."""
    vocab_size = json.loads((folder / "config.json").read_text())["vocab_size"]
    token_ids = torch.randint(2, min(vocab_size, 151643), (300,), generator=torch.Generator().manual_seed(1)).tolist()
    return token_ids, *Reference(folder).greedy(token_ids[:GREEDY_PROMPT])


def nextclass(command: Path, *arguments: str) -> str:
    done = subprocess.run([command, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"exit status {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def errors(logits: torch.Tensor, reference: torch.Tensor) -> tuple[float, float]:
    """The relative L2 error of all logits, and of the worst position. NaN where logits hold a NaN."""
    difference, reference = logits.double() - reference.double(), reference.double()
    return (difference.norm() / reference.norm()).item(), (difference.norm(dim=-1) / reference.norm(dim=-1)).max().item()


def compare(args, primitives: str, folder: Path, token_ids: list[int], greedy: list[int], margins: list[float], reference) -> list[str]:
    """Run ./nextclass and return [error, of the worst position, classes, greedy] for the table; each ends in '!' where it fails."""
    ids = ",".join(map(str, token_ids))
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary) / "logits.safetensors"
        nextclass(args.nextclass, "logits", "--model", str(folder), "--tokens", ids, "--out", str(out), "--primitives", primitives)
        logits = load_file(out)["logits"]
    if logits.shape != reference.shape or logits.dtype != torch.float32:
        return [f"{list(logits.shape)} {logits.dtype}, not {list(reference.shape)} float32!", "", "", ""]
    error, worst = errors(logits, reference)
    best = reference.topk(2)
    clear = best.values[:, 0] - best.values[:, 1] > TOLERANCE
    other = (clear & (logits.argmax(-1) != best.indices[:, 0])).sum().item()

    printed = nextclass(args.nextclass, "generate", "--model", str(folder), "--tokens", ",".join(map(str, token_ids[:GREEDY_PROMPT])),
                        "--greedy", "--max-new-tokens", str(GREEDY_STEPS), "--json", "--primitives", primitives)
    mine = json.loads(printed.strip().splitlines()[-1])["token_ids"]
    if mine == greedy:
        verdict = f"{len(greedy)} equal"
    else:
        step = next((i for i, (a, b) in enumerate(zip(mine, greedy)) if a != b), min(len(mine), len(greedy)))
        if len(mine) == len(greedy) and margins[step] <= TOLERANCE:
            verdict = f"tie at {step}"  # only in checkpoints made elsewhere
        else:
            verdict = f"{len(mine)} ids, differ at {step}!"
    return [f"{error:.1e}" + ("" if error <= TOLERANCE else "!"), f"{worst:.1e}",
            f"{clear.sum().item() - other}/{clear.sum().item()}" + ("!" if other else ""), verdict]


def run(args, name: str, folder: Path, token_ids: list[int], greedy: list[int], margins: list[float]) -> bool:
    reference = Reference(folder).logits(token_ids)
    distance = ""
    if args.reference_error:
        error, worst = errors(reference, Reference(folder, torch.float64).logits(token_ids))
        distance = f"   reference to f64: {error:.1e}, worst {worst:.1e}"
    good = True
    for primitives in args.primitives:
        start = time.time()
        try:
            cells = compare(args, primitives, folder, token_ids, greedy, margins, reference)
        except (RuntimeError, OSError, KeyError, ValueError) as e:
            cells = [f"{type(e).__name__}: {e}!", "", "", ""]
        good &= not any(cell.endswith("!") for cell in cells)
        print(f"{name:22s} {primitives:8s} {cells[0]:>10s} {cells[1]:>10s} {cells[2]:>11s} {cells[3]:>12s} {time.time() - start:6.1f} s{distance}", flush=True)
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="*", type=Path, metavar="CHECKPOINT", help="compare on these folders too")
    parser.add_argument("--only", default=None, help="names of cases, separated by commas; 'none' for the folders alone")
    parser.add_argument("--primitives", default="scalar,vector")
    parser.add_argument("--nextclass", type=Path, default=ROOT / "nextclass")
    parser.add_argument("--reference-error", action="store_true")
    parser.add_argument("--keep", type=Path, default=None)
    args = parser.parse_args()
    args.primitives = args.primitives.split(",")
    names = None if args.only is None else set(args.only.split(",")) - {"none"}
    if unknown := (names or set()) - {shape.name for shape in SHAPES}:
        parser.error(f"no case named {', '.join(sorted(unknown))}; there are {', '.join(shape.name for shape in SHAPES)}")
    torch.use_deterministic_algorithms(True)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()

    print(f"{'case':22s} {'':8s} {'rel. L2':>10s} {'worst':>10s} {'best class':>11s} {'greedy':>12s}")
    good = True
    for shape in SHAPES:
        if names is None or shape.name in names:
            with tempfile.TemporaryDirectory() as temporary:
                folder = (args.keep or Path(temporary)) / shape.name
                good &= run(args, shape.name, folder, *make(shape, folder))
    for folder in args.checkpoints:
        good &= run(args, folder.name, folder, *prompt_for(folder))
    print("all equal" if good else "NOT equal: see the cells that end in '!'")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
