#!/usr/bin/env python3
"""Write the golden data of the engine tests: tiny random Qwen3 checkpoints and what Hugging Face transformers computes from them.

usage: make_engine_goldens.py [--out DIR] [--check]

Writes DIR/NAME/{config.json, model.safetensors or shards with an index, expected.safetensors} for every case below;
DIR is engine/src/test/resources/golden. --check writes nothing: it computes everything again and compares it with the
files in DIR (checkpoints and ids equal, numbers within 1e-6), so that a new release of transformers can be tried.

Needs torch, transformers 5 and safetensors. The weights are seeded. The reference runs in float32, on one thread, with
eager attention, on exactly the weights that are stored (BF16 and F16 are widened, which loses nothing).
DIR/README.md describes the contents.
"""
import argparse
import json
import math
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import Qwen3Model
from transformers.models.qwen3 import modeling_qwen3

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_OUT = ROOT / "engine/src/test/resources/golden"
DTYPES = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32}
NAMES_OF_DTYPES = {"BF16": "bfloat16", "F16": "float16", "F32": "float32"}

BOS, EOS = 0, 1
GREEDY_PROMPT = 5  # greedy continues from the first five token ids
GREEDY_STEPS = 64
SMALLEST_MARGIN = 1e-4  # between the two best logits, everywhere: no rounding can swap the winner
SMALLEST_VARIETY = 12  # distinct ids among the greedy ones: a loop of a few tokens proves little


@dataclass
class Case:
    """One checkpoint. The defaults are the smallest shape in which every matrix row is a multiple of 64 long."""

    name: str
    dtype: str = "BF16"
    vocab_size: int = 40
    hidden_size: int = 64
    intermediate_size: int = 64
    num_hidden_layers: int = 1
    num_attention_heads: int = 2
    num_key_value_heads: int = 1
    head_dim: int = 64
    tied: bool = True
    attention_bias: bool = False
    rms_norm_eps: float = 1e-6
    max_position_embeddings: int = 128
    positions: int = 12
    gain: float = 1.5  # of the matrices and of q_norm and k_norm: above 1, attention is choosy and the greedy ids vary
    intermediates: int = 0  # of how many positions every step is kept
    shards: int = 1
    model_prefix: bool = True
    redundant_lm_head: str = ""  # "equal" to the embedding, as published, or "other" values
    spelling: dict = field(default_factory=lambda: {"rope_theta": 1000000, "rope_scaling": None, "torch_dtype": True})


CASES = [
    Case("gqa-tied-bf16", vocab_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, intermediates=4),
    Case("mha-untied-f32", dtype="F32", num_key_value_heads=2, tied=False,
         spelling={"rope_theta": 1000000.0, "rope_scaling": None, "torch_dtype": True}),
    Case("mqa-f16", dtype="F16", intermediate_size=128, vocab_size=43,
         spelling={"rope_theta": 10000.0, "dtype": True}),
    Case("yarn", positions=80,
         spelling={"rope_parameters": {"rope_type": "yarn", "rope_theta": 10000, "factor": 4.0,
                                       "original_max_position_embeddings": 32}, "dtype": True}),
    Case("bias", attention_bias=True, rms_norm_eps=1e-3,
         spelling={"rope_parameters": {"rope_type": "default", "rope_theta": 5000000.0}, "dtype": True}),
    Case("sharded", num_attention_heads=1, shards=3, redundant_lm_head="other"),
    Case("noprefix", num_attention_heads=1, model_prefix=False),
    Case("llama3", positions=80,
         spelling={"rope_theta": 10000.0, "torch_dtype": True,
                   "rope_scaling": {"rope_type": "llama3", "factor": 4.0, "original_max_position_embeddings": 64,
                                    "low_freq_factor": 1.0, "high_freq_factor": 4.0}}),
]


def config_of(case: Case) -> dict:
    """config.json, with the keys of the published ones."""
    config = {
        "architectures": ["Qwen3ForCausalLM" if case.model_prefix else "Qwen3Model"],
        "attention_bias": case.attention_bias,
        "attention_dropout": 0.0,
        "bos_token_id": BOS,
        "eos_token_id": EOS,
        "head_dim": case.head_dim,
        "hidden_act": "silu",
        "hidden_size": case.hidden_size,
        "initializer_range": 0.02,
        "intermediate_size": case.intermediate_size,
        "max_position_embeddings": case.max_position_embeddings,
        "max_window_layers": case.num_hidden_layers,
        "model_type": "qwen3",
        "num_attention_heads": case.num_attention_heads,
        "num_hidden_layers": case.num_hidden_layers,
        "num_key_value_heads": case.num_key_value_heads,
        "rms_norm_eps": case.rms_norm_eps,
        "sliding_window": None,
        "tie_word_embeddings": case.tied,
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": case.vocab_size,
    }
    for key, value in case.spelling.items():
        config[key] = NAMES_OF_DTYPES[case.dtype] if key in ("dtype", "torch_dtype") else value
    if "rope_parameters" in config:  # transformers 5 writes this key too
        config["layer_types"] = ["full_attention"] * case.num_hidden_layers
    return dict(sorted(config.items()))


def weights_of(case: Case, seed: int) -> dict[str, torch.Tensor]:
    """Random weights at which every part of the network matters: matrices keep or raise the scale of their input, norms are away from 1."""
    generator = torch.Generator().manual_seed(seed)
    dtype = DTYPES[case.dtype]

    def normal(shape, std, mean=0.0):
        return (mean + std * torch.randn(shape, generator=generator)).to(dtype)

    hidden, inter = case.hidden_size, case.intermediate_size
    q_size, kv_size = case.num_attention_heads * case.head_dim, case.num_key_value_heads * case.head_dim
    weights = {"model.embed_tokens.weight": normal((case.vocab_size, hidden), 0.5)}
    for layer in range(case.num_hidden_layers):
        prefix = f"model.layers.{layer}."
        for norm in "input_layernorm", "post_attention_layernorm":
            weights[f"{prefix}{norm}.weight"] = normal((hidden,), 0.3, mean=1)
        for norm in "q_norm", "k_norm":
            weights[f"{prefix}self_attn.{norm}.weight"] = normal((case.head_dim,), 0.3, mean=case.gain)
        for name, out, inputs in (
            ("self_attn.q_proj", q_size, hidden), ("self_attn.k_proj", kv_size, hidden), ("self_attn.v_proj", kv_size, hidden),
            ("self_attn.o_proj", hidden, q_size), ("mlp.gate_proj", inter, hidden), ("mlp.up_proj", inter, hidden),
            ("mlp.down_proj", hidden, inter),
        ):
            weights[f"{prefix}{name}.weight"] = normal((out, inputs), case.gain / math.sqrt(inputs))
            if case.attention_bias and name.startswith("self_attn."):
                weights[f"{prefix}{name}.bias"] = normal((out,), 0.5)
    weights["model.norm.weight"] = normal((hidden,), 0.3, mean=1)
    if case.redundant_lm_head == "equal":
        weights["lm_head.weight"] = weights["model.embed_tokens.weight"].clone()
    elif case.redundant_lm_head or not case.tied:
        weights["lm_head.weight"] = normal((case.vocab_size, hidden), 0.5)
    if not case.model_prefix:
        weights = {name.removeprefix("model."): tensor for name, tensor in weights.items()}
    return weights


def write_checkpoint(case: Case, weights: dict[str, torch.Tensor], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config_of(case), indent=2) + "\n")
    metadata = {"format": "pt"}
    if case.shards == 1:
        save_file(weights, folder / "model.safetensors", metadata)
        return
    names = list(weights)
    body = [name for name in names if name != "lm_head.weight" or not case.redundant_lm_head]
    # The redundant head has the last shard to itself, as in the published 1.7B.
    per_shard = math.ceil(len(body) / (case.shards - bool(case.redundant_lm_head)))
    groups = [body[i:i + per_shard] for i in range(0, len(body), per_shard)]
    if case.redundant_lm_head:
        groups.append(["lm_head.weight"])
    assert len(groups) == case.shards
    weight_map = {}
    for number, group in enumerate(groups, start=1):
        shard = f"model-{number:05d}-of-{case.shards:05d}.safetensors"
        save_file({name: weights[name] for name in group}, folder / shard, metadata)
        weight_map.update((name, shard) for name in group)
    total = sum(tensor.numel() * tensor.element_size() for tensor in weights.values())
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


class Reference:
    """Hugging Face transformers on a checkpoint folder, in float32."""

    def __init__(self, folder: Path, dtype: torch.dtype = torch.float32):
        config = json.loads((folder / "config.json").read_text())
        kind = getattr(transformers, config["architectures"][0])
        self.model = kind.from_pretrained(folder, dtype=dtype, attn_implementation="eager").eval()
        self.body = self.model if kind is Qwen3Model else self.model.model
        # A tied head is the embedding, but transformers 5 uses a stored lm_head.weight whose values differ. No published
        # checkpoint differs; here one does, so that using the wrong one shows.
        self.head = self.body.embed_tokens if kind is Qwen3Model else self.model.lm_head

    @torch.no_grad()
    def logits(self, token_ids: list[int]) -> torch.Tensor:
        hidden = self.body(torch.tensor([token_ids]), use_cache=False).last_hidden_state[0]
        return hidden @ self.head.weight.T

    def greedy(self, prompt: list[int]) -> tuple[list[int], list[float]]:
        """GREEDY_STEPS ids, and for each by how much it beat the second best. Computed without a KV cache."""
        token_ids, margins = list(prompt), []
        for _ in range(GREEDY_STEPS):
            best = self.logits(token_ids)[-1].topk(2)
            margins.append((best.values[0] - best.values[1]).item())
            token_ids.append(best.indices[0].item())
        return token_ids[len(prompt):], margins

    def intermediates(self, token_ids: list[int]) -> dict[str, torch.Tensor]:
        """Every step of one forward pass, [positions, features], heads side by side, under the names of transformers' modules."""
        steps, hooks = {}, []

        def keep(name, tensor):
            steps[name] = tensor[0].reshape(len(token_ids), -1).clone()

        def on_output(module, name):
            hooks.append(module.register_forward_hook(lambda _, __, output: keep(name, output)))

        def on_input(module, name):
            hooks.append(module.register_forward_pre_hook(lambda _, inputs: keep(name, inputs[0])))

        on_output(self.body.embed_tokens, "embed_tokens")
        for number, layer in enumerate(self.body.layers):
            prefix = f"layers.{number}"
            for name in "input_layernorm", "post_attention_layernorm":
                on_output(layer.get_submodule(name), f"{prefix}.{name}")
            for name in "q_proj", "k_proj", "v_proj", "q_norm", "k_norm", "o_proj":
                on_output(layer.self_attn.get_submodule(name), f"{prefix}.self_attn.{name}")
            on_input(layer.self_attn.o_proj, f"{prefix}.self_attn.attended")
            for name in "gate_proj", "up_proj", "down_proj":
                on_output(layer.mlp.get_submodule(name), f"{prefix}.mlp.{name}")
            on_input(layer.mlp.down_proj, f"{prefix}.mlp.gated")
            on_output(layer, prefix)
        on_output(self.body.norm, "norm")

        # Layers run in order, so the n-th rotation is that of layer n. Rotated heads are [batch, head, position, headDim].
        rotate, layers = modeling_qwen3.apply_rotary_pos_emb, iter(range(len(self.body.layers)))

        def rotate_and_keep(*args, **kwargs):
            q, k = rotate(*args, **kwargs)
            prefix = f"layers.{next(layers)}.self_attn"
            keep(f"{prefix}.q_rope", q.transpose(1, 2))
            keep(f"{prefix}.k_rope", k.transpose(1, 2))
            return q, k

        modeling_qwen3.apply_rotary_pos_emb = rotate_and_keep
        try:
            steps["lm_head"] = self.logits(token_ids)
        finally:
            modeling_qwen3.apply_rotary_pos_emb = rotate
            for hook in hooks:
                hook.remove()
        return steps


def token_ids_of(case: Case, seed: int) -> list[int]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, case.vocab_size, (case.positions,), generator=generator).tolist()


def expected_of(case: Case, folder: Path, seed: int) -> tuple[dict[str, torch.Tensor], float]:
    reference = Reference(folder)
    token_ids = token_ids_of(case, seed)
    logits = reference.logits(token_ids)
    best = logits.topk(2).values
    greedy, margins = reference.greedy(token_ids[:GREEDY_PROMPT])
    expected = {"token_ids": torch.tensor(token_ids), "logits": logits, "greedy": torch.tensor(greedy)}
    if case.intermediates:
        expected |= reference.intermediates(token_ids[:case.intermediates])
    return expected, min(*margins, (best[:, 0] - best[:, 1]).min().item())


def make(case: Case, folder: Path) -> str:
    """Write the case with the first seed whose margins and variety suffice, and whose greedy ids do not end the text."""
    first = 1000 * CASES.index(case) + 1  # no two cases share weights
    for seed in range(first, first + 999):
        write_checkpoint(case, weights_of(case, seed), folder)
        expected, margin = expected_of(case, folder, seed)
        greedy = set(expected["greedy"].tolist())
        variety = len(greedy)
        if margin > SMALLEST_MARGIN and variety >= SMALLEST_VARIETY and not greedy & {BOS, EOS}:
            # One entry: safetensors writes several in random order.
            made_with = f"transformers {transformers.__version__}, torch {torch.__version__}, seed {seed}"
            save_file({name: tensor.contiguous() for name, tensor in expected.items()}, folder / "expected.safetensors",
                      {"made_with": made_with})
            return f"seed {seed:4d}, smallest margin {margin:.2e}, {variety} distinct greedy ids"
    raise SystemExit(f"{case.name}: no seed of 999 will do")


def differences(made: Path, kept: Path) -> list[str]:
    problems = []
    for path in sorted({p.name for p in made.iterdir()} | {p.name for p in kept.iterdir()}):
        if not (made / path).is_file() or not (kept / path).is_file():
            problems.append(f"{path} is on one side only")
        elif path != "expected.safetensors":
            if (made / path).read_bytes() != (kept / path).read_bytes():
                problems.append(f"{path} differs")
        else:
            new, old = load_file(made / path), load_file(kept / path)
            if new.keys() != old.keys():
                problems.append(f"{path}: other tensors {sorted(new.keys() ^ old.keys())}")
            for name in new.keys() & old.keys():
                if new[name].shape != old[name].shape:
                    problems.append(f"{path}: {name} has another shape")
                    continue
                error = (new[name].double() - old[name].double()).norm() / old[name].double().norm()
                if error > (1e-6 if old[name].is_floating_point() else 0):
                    problems.append(f"{path}: {name} differs, relative L2 {error:.2e}")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()

    total, failed = 0, False
    for case in CASES:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / case.name if args.check else args.out / case.name
            print(f"{case.name:15s} {make(case, folder)}", end="")
            size = sum(path.stat().st_size for path in folder.iterdir())
            total += size
            print(f", {size:,} bytes")
            if args.check:
                for problem in differences(folder, args.out / case.name):
                    failed = True
                    print(f"  {problem}")
    print(f"{total:,} bytes in all")
    return 1 if failed or total > 1_100_000 else 0


if __name__ == "__main__":
    sys.exit(main())
