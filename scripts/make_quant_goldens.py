#!/usr/bin/env python3
"""Write the golden data of quantised checkpoints: tiny random Qwen3 checkpoints in the published formats FP8, GPTQ and AWQ, and
what Hugging Face transformers computes from the dequantised weights.

usage: make_quant_goldens.py [--out DIR] [--check]

Writes DIR/NAME/{config.json, model.safetensors, expected.safetensors, dequantized.json} for every case below; DIR is
engine/src/test/resources/golden. --check writes nothing: it computes everything again and compares it with the files in DIR.

dequantized.json holds, for every matrix that is quantised, the SHA-256 of its dequantised values: float32, little-endian,
[out, in] row-major. The formulas that make these values are written here after the reference implementations that the functions
name, not after the engine. expected.safetensors is as make_engine_goldens.py makes it, from the dequantised weights.

Needs torch, transformers 5 and safetensors.
"""
import argparse
import hashlib
import json
import math
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import make_engine_goldens as goldens
import torch
import transformers
from safetensors.torch import save_file
from transformers.integrations.finegrained_fp8 import Fp8Dequantize

LARGEST_E4M3 = 448.0  # the largest E4M3
BLOCK = 128


@dataclass
class Case(goldens.Case):
    """A checkpoint whose linear layers are quantised."""

    method: str = "gptq"
    bits: int = 4
    group_size: int = 128
    sym: bool = True
    desc_act: bool = False
    checkpoint_format: str = "gptq"
    zeros_less_one: int = 1  # v1 of GPTQ; 0 in v2
    scale_dtype: torch.dtype = torch.float16
    in_floats: tuple = ()  # linear layers of layer 0 that are not quantised


CASES = [
    # 192 = 128 + 64: the last blocks are not whole.
    Case("fp8", method="fp8", scale_dtype=torch.bfloat16, hidden_size=192, intermediate_size=192, tied=False),
    Case("fp8-f32-scales", method="fp8", scale_dtype=torch.float32, hidden_size=64, intermediate_size=192,
         in_floats=("self_attn.o_proj",)),
    Case("gptq-int4-v1", hidden_size=256, intermediate_size=128, tied=False),
    Case("gptq-int4-v2-act", group_size=32, desc_act=True, checkpoint_format="gptq_v2", zeros_less_one=0),
    # Labelled v1, stored as v2: what newer GPTQModel writes. The values tell.
    Case("gptq-int8-v2-labelled-v1", bits=8, group_size=64, zeros_less_one=0, hidden_size=128, tied=False),
    Case("gptq-int8-v1-act", bits=8, group_size=32, desc_act=True),
    Case("gptq-int4-asym", sym=False, group_size=-1),
    Case("awq", method="awq", dtype="F16", hidden_size=256, intermediate_size=128, tied=False, spelling={
        "rope_theta": 1000000, "rope_scaling": None, "torch_dtype": True}),
]


def quantization_config(case: Case) -> dict:
    """With the keys and the order of the published ones."""
    if case.method == "fp8":
        return {
            "activation_scheme": "dynamic",
            "fmt": "e4m3",
            "modules_to_not_convert": ["lm_head"] + [f"model.layers.0.{name}" for name in case.in_floats],
            "quant_method": "fp8",
            "weight_block_size": [BLOCK, BLOCK],
        }
    if case.method == "awq":
        return {
            "bits": case.bits,
            "group_size": case.group_size,
            "modules_to_not_convert": None,
            "quant_method": "awq",
            "version": "gemm",
            "zero_point": True,
        }
    return {
        "bits": case.bits,
        "checkpoint_format": case.checkpoint_format,
        "damp_percent": 0.01,
        "desc_act": case.desc_act,
        "group_size": case.group_size,
        "lm_head": False,
        "meta": {"quantizer": ["gptqmodel:2.2.0"]},
        "pack_dtype": "int32",
        "quant_method": "gptq",
        "static_groups": False,
        "sym": case.sym,
        "true_sequential": True,
    }


# ---------------------------------------------------------------------------------------------------- quantising and packing


def quantize_fp8(case: Case, name: str, w: torch.Tensor) -> dict[str, torch.Tensor]:
    out, inputs = w.shape
    scales = torch.empty(math.ceil(out / BLOCK), math.ceil(inputs / BLOCK))
    quantized = torch.empty(out, inputs, dtype=torch.float8_e4m3fn)
    for i in range(0, out, BLOCK):
        for j in range(0, inputs, BLOCK):
            block = w[i:i + BLOCK, j:j + BLOCK].float()
            scale = (block.abs().max() / LARGEST_E4M3).to(case.scale_dtype).float()
            scales[i // BLOCK, j // BLOCK] = scale
            quantized[i:i + BLOCK, j:j + BLOCK] = (block / scale).clamp(-LARGEST_E4M3, LARGEST_E4M3).to(torch.float8_e4m3fn)
    return {f"{name}.weight": quantized, f"{name}.weight_scale_inv": scales.to(case.scale_dtype)}


def levels(case: Case, w: torch.Tensor, g_idx: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Rounds to the nearest level: integers [in, out], scales [groups, out] as float16, zero points [groups, out]."""
    top = 2**case.bits - 1
    w = w.float().T
    groups = int(g_idx.max()) + 1
    scales, zeros = torch.empty(groups, w.shape[1]), torch.empty(groups, w.shape[1])
    for g in range(groups):
        columns = w[g_idx == g]
        if case.sym and case.method == "gptq":
            scales[g] = 2 * columns.abs().amax(0) / top
            zeros[g] = (top + 1) // 2
        else:
            low, high = columns.amin(0).clamp(max=0), columns.amax(0).clamp(min=0)
            if g == 0:
                low[::5] = 0  # so that zero points of 0 occur; v1 stores them as -1
            scales[g] = (high - low) / top
            zeros[g] = (-low / scales[g]).round().clamp(0, top)
    scales = scales.to(torch.float16)
    integers = (w / scales.float()[g_idx]).round() + zeros[g_idx]
    return integers.clamp(0, top).to(torch.int64), scales, zeros.to(torch.int64)


def as_int32(words: torch.Tensor) -> torch.Tensor:
    return torch.where(words >= 2**31, words - 2**32, words).to(torch.int32).contiguous()


def pack_rows(integers: torch.Tensor, bits: int) -> torch.Tensor:
    """GPTQ's qweight (AutoGPTQ, QuantLinear.pack): 32 / bits integers along the first axis make a word, the first lowest."""
    per_word = 32 // bits
    parts = integers.reshape(-1, per_word, integers.shape[1])
    return as_int32(sum(parts[:, i] << (bits * i) for i in range(per_word)))


def pack_columns(integers: torch.Tensor, bits: int, order: list[int]) -> torch.Tensor:
    """Along the second axis; place p of a word takes integer order[p]."""
    parts = integers.reshape(integers.shape[0], -1, len(order))
    return as_int32(sum(parts[:, :, source] << (bits * place) for place, source in enumerate(order)))


def quantize_gptq(case: Case, name: str, w: torch.Tensor, generator: torch.Generator) -> dict[str, torch.Tensor]:
    inputs = w.shape[1]
    group_size = inputs if case.group_size == -1 else case.group_size
    g_idx = torch.arange(inputs) // group_size
    if case.desc_act:
        g_idx = g_idx[torch.randperm(inputs, generator=generator)]
    integers, scales, zeros = levels(case, w, g_idx)
    stored_zeros = (zeros - case.zeros_less_one) % 2**case.bits
    return {
        f"{name}.qweight": pack_rows(integers, case.bits),
        f"{name}.qzeros": pack_columns(stored_zeros, case.bits, list(range(32 // case.bits))),
        f"{name}.scales": scales,
        f"{name}.g_idx": g_idx.to(torch.int32),
    }


def quantize_awq(case: Case, name: str, w: torch.Tensor) -> dict[str, torch.Tensor]:
    """AutoAWQ, WQLinear_GEMM.from_linear."""
    order_map = [0, 2, 4, 6, 1, 3, 5, 7]
    integers, scales, zeros = levels(case, w, torch.arange(w.shape[1]) // case.group_size)
    return {
        f"{name}.qweight": pack_columns(integers, 4, order_map),
        f"{name}.qzeros": pack_columns(zeros, 4, order_map),
        f"{name}.scales": scales,
    }


# ---------------------------------------------------------------------------------------------------- the reference formulas


def dequantize_fp8(quantized: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    """DeepSeek-V3's weight_dequant and vLLM: despite its name weight_scale_inv is a factor."""
    out, inputs = quantized.shape
    factors = scales.float().repeat_interleave(BLOCK, 0)[:out].repeat_interleave(BLOCK, 1)[:, :inputs]
    dequantized = quantized.float() * factors
    if out % BLOCK == 0 and inputs % BLOCK == 0:  # transformers' own does whole blocks only
        assert torch.equal(dequantized, Fp8Dequantize(None)._dequantize_one(quantized, scales, torch.float32))
    return dequantized


def dequantize_gptq(bits: int, less_one: int, qweight, qzeros, scales, g_idx) -> torch.Tensor:
    """AutoGPTQ, the torch path of QuantLinear.forward."""
    shifts = torch.arange(0, 32, bits, dtype=torch.int32)
    mask = 2**bits - 1
    zeros = torch.bitwise_right_shift(qzeros.unsqueeze(2).expand(-1, -1, 32 // bits), shifts[None, None, :])
    zeros = torch.bitwise_and(zeros + less_one, mask).reshape(scales.shape)
    weight = torch.bitwise_right_shift(qweight.unsqueeze(1).expand(-1, 32 // bits, -1), shifts[None, :, None])
    weight = torch.bitwise_and(weight, mask).reshape(-1, qweight.shape[1])
    g_idx = g_idx.long()
    return (scales.float()[g_idx] * (weight - zeros[g_idx])).T.contiguous()


def dequantize_awq(group_size: int, qweight, qzeros, scales) -> torch.Tensor:
    """AutoAWQ, packing_utils.dequantize_gemm."""
    awq_reverse_order = [0, 4, 1, 5, 2, 6, 3, 7]
    shifts = torch.arange(0, 32, 4, dtype=torch.int32)

    def unpack(packed):
        integers = torch.bitwise_right_shift(packed[:, :, None], shifts[None, None, :]).view(packed.shape[0], -1)
        order = torch.arange(integers.shape[1]).view(-1, 8)[:, awq_reverse_order].view(-1)
        return torch.bitwise_and(integers[:, order], 15)

    scales = scales.float().repeat_interleave(group_size, dim=0)
    zeros = unpack(qzeros).repeat_interleave(group_size, dim=0)
    return ((unpack(qweight) - zeros) * scales).T.contiguous()


def quantize(case: Case, weights: dict, seed: int) -> tuple[dict, dict]:
    """The tensors of the checkpoint, and the same in floats as the reference formulas see them."""
    generator = torch.Generator().manual_seed(seed)
    stored, dequantized = {}, {}
    for full_name, w in weights.items():
        name = full_name.removesuffix(".weight")
        if not name.endswith("_proj") or any(name.endswith(kept) for kept in case.in_floats):
            stored[full_name] = w
            continue
        if case.method == "fp8":
            parts = quantize_fp8(case, name, w)
            values = dequantize_fp8(*parts.values())
        elif case.method == "gptq":
            parts = quantize_gptq(case, name, w, generator)
            values = dequantize_gptq(case.bits, case.zeros_less_one, *parts.values())
        else:
            parts = quantize_awq(case, name, w)
            values = dequantize_awq(case.group_size, *parts.values())
        error = (values - w.float()).norm() / w.float().norm()
        assert error < 0.5, f"{name} lost its values: {error}"  # a wrong order loses all
        stored |= parts
        dequantized[full_name] = values
    return stored, dequantized


def digest(values: torch.Tensor) -> str:
    return hashlib.sha256(values.contiguous().numpy().astype("<f4").tobytes()).hexdigest()


def write(case: Case, seed: int, folder: Path) -> tuple[dict, float]:
    """Writes the checkpoint, and computes what is expected of it and the smallest margin."""
    weights = goldens.weights_of(case, seed)
    stored, dequantized = quantize(case, weights, seed)
    folder.mkdir(parents=True, exist_ok=True)
    config = goldens.config_of(case)
    config["quantization_config"] = quantization_config(case)
    (folder / "config.json").write_text(json.dumps(dict(sorted(config.items())), indent=2) + "\n")
    save_file(stored, folder / "model.safetensors", {"format": "pt"})
    digests = {name: digest(values) for name, values in sorted(dequantized.items())}
    (folder / "dequantized.json").write_text(json.dumps(digests, indent=2) + "\n")
    with tempfile.TemporaryDirectory() as temporary:
        plain = Path(temporary)
        floats = {name: w.float() for name, w in weights.items()} | dequantized
        goldens.write_checkpoint(case, floats, plain)
        return goldens.expected_of(case, plain, seed)


def make(case: Case, folder: Path) -> str:
    first = 100_000 + 1000 * CASES.index(case)
    for seed in range(first, first + 999):
        expected, margin = write(case, seed, folder)
        greedy = set(expected["greedy"].tolist())
        if margin > goldens.SMALLEST_MARGIN and len(greedy) >= goldens.SMALLEST_VARIETY and not greedy & {goldens.BOS, goldens.EOS}:
            made_with = f"transformers {transformers.__version__}, torch {torch.__version__}, seed {seed}"
            save_file({name: tensor.contiguous() for name, tensor in expected.items()}, folder / "expected.safetensors",
                      {"made_with": made_with})
            return f"seed {seed}, smallest margin {margin:.2e}, {len(greedy)} distinct greedy ids"
    raise SystemExit(f"{case.name}: no seed of 999 will do")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=goldens.DEFAULT_OUT)
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
            print(f"{case.name:26s} {make(case, folder)}", end="", flush=True)
            size = sum(path.stat().st_size for path in folder.iterdir())
            total += size
            print(f", {size:,} bytes")
            if args.check:
                for problem in goldens.differences(folder, args.out / case.name):
                    failed = True
                    print(f"  {problem}")
    print(f"{total:,} bytes in all")
    return 1 if failed or total > 1_000_000 else 0


if __name__ == "__main__":
    sys.exit(main())
