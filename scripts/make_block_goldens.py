#!/usr/bin/env python3
"""Write the golden data of q8 and q4: tiny random Qwen3 checkpoints in NextClass's own formats, packed by the functions below, which
are written after docs/quantization.md and not after the engine, and what Hugging Face transformers computes from the dequantised
weights when the inputs of its linear layers are rounded to 8 bits in blocks of 32.

usage: make_block_goldens.py [--out DIR]

Writes DIR/{q4,q8}/{config.json, model.safetensors, expected.safetensors, dequantized.json}; DIR is
engine/src/test/resources/golden. dequantized.json is as make_quant_goldens.py makes it.

Needs torch, transformers 5 and safetensors.
"""
import argparse
import json
import tempfile
from pathlib import Path

import make_engine_goldens as goldens
import torch
from make_quant_goldens import digest
from safetensors.torch import save_file

BLOCK = 32
NEAREST_TIE = 3e-5  # of a level: nearer, the last bit of a sum would decide to which side an input is rounded
TIES: list[float] = []
CASES = {
    4: goldens.Case("q4", hidden_size=128, intermediate_size=192, num_hidden_layers=2, tied=False),
    8: goldens.Case("q8", hidden_size=64, intermediate_size=320),
}


def quantize(w: torch.Tensor, bits: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Integers [out, blocks, 32] and scales [out, blocks]. The plain way: the largest weight gets the largest level."""
    blocks = w.float().reshape(w.shape[0], -1, BLOCK)
    largest = blocks.gather(2, blocks.abs().argmax(2, keepdim=True)).squeeze(2)
    scales = (largest / (-8 if bits == 4 else 127)).to(torch.bfloat16)
    low, high = (-8, 7) if bits == 4 else (-127, 127)
    return (blocks / scales.float().unsqueeze(2)).round().clamp(low, high).to(torch.int64), scales


def pack(levels: torch.Tensor, scales: torch.Tensor, bits: int) -> torch.Tensor:
    """U8 [panels, blocks, bytes of a block]."""
    out, blocks, _ = levels.shape
    panels = -(-out // 32)
    padded = torch.zeros(panels * 32, blocks, BLOCK, dtype=torch.int64)
    padded[:out] = levels
    padded_scales = torch.zeros(panels * 32, blocks, dtype=torch.bfloat16)
    padded_scales[:out] = scales
    order = [output for i in range(16) for output in (i, 16 + i)]  # which output each of 32 lanes is
    lanes = padded.reshape(panels, 32, blocks, BLOCK)[:, order].permute(0, 2, 3, 1)  # [panel, block, input, lane]
    per_word = 16 // bits
    unsigned = (lanes + 8) if bits == 4 else lanes & 0xFF
    parts = unsigned.reshape(panels, blocks, BLOCK // per_word, per_word, 32)
    words = sum(parts[:, :, :, i] << (bits * i) for i in range(per_word))
    word_bytes = torch.stack([words & 0xFF, words >> 8], -1).to(torch.uint8).reshape(panels, blocks, -1)
    scale_lanes = padded_scales.reshape(panels, 32, blocks)[:, order].permute(0, 2, 1).contiguous()
    return torch.cat([word_bytes, scale_lanes.view(torch.uint8).reshape(panels, blocks, -1)], -1).contiguous()


def dequantize(levels: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    return (levels.float() * scales.float().unsqueeze(2)).reshape(levels.shape[0], -1)


def rounded_inputs(_, inputs):
    x = inputs[0]
    blocks = x.reshape(*x.shape[:-1], -1, BLOCK)
    largest = blocks.abs().amax(-1, keepdim=True)
    levels = blocks * (127 / largest)
    TIES.append((levels - levels.floor() - 0.5).abs().nan_to_num(1).min().item())
    return (levels.round() * (largest / 127)).reshape(x.shape).nan_to_num(),


class Reference(goldens.Reference):
    def __init__(self, folder: Path):
        super().__init__(folder)
        for module in self.model.modules():
            if isinstance(module, torch.nn.Linear):
                module.register_forward_pre_hook(rounded_inputs)

    @torch.no_grad()
    def logits(self, token_ids: list[int]) -> torch.Tensor:
        hidden = self.body(torch.tensor([token_ids]), use_cache=False).last_hidden_state[0]
        return rounded_inputs(None, (hidden,))[0] @ self.head.weight.T


def write(bits: int, seed: int, folder: Path) -> bool:
    case = CASES[bits]
    weights = goldens.weights_of(case, seed)
    stored, floats, digests = {}, {}, {}
    for name, w in weights.items():
        if w.dim() == 2:
            levels, scales = quantize(w, bits)
            stored[name] = pack(levels, scales, bits)
            floats[name] = dequantize(levels, scales)
            digests[name] = digest(floats[name])
        else:
            stored[name] = w
            floats[name] = w.float()
    folder.mkdir(parents=True, exist_ok=True)
    config = goldens.config_of(case)
    config["quantization_config"] = {"quant_method": "nextclass", "format": case.name}
    (folder / "config.json").write_text(json.dumps(dict(sorted(config.items())), indent=2) + "\n")
    (folder / "dequantized.json").write_text(json.dumps(dict(sorted(digests.items())), indent=2) + "\n")
    save_file(stored, folder / "model.safetensors", {"format": "pt"})
    with tempfile.TemporaryDirectory() as temporary:
        goldens.write_checkpoint(case, floats, Path(temporary))
        goldens.Reference, plain = Reference, goldens.Reference
        try:
            TIES.clear()
            Reference(Path(temporary)).logits(goldens.token_ids_of(case, seed))
            nearest = min(TIES)
            expected, margin = goldens.expected_of(case, Path(temporary), seed)
        finally:
            goldens.Reference = plain
    save_file({name: tensor.contiguous() for name, tensor in expected.items()}, folder / "expected.safetensors",
              {"made_with": f"torch {torch.__version__}, seed {seed}"})
    return margin > goldens.SMALLEST_MARGIN and nearest > NEAREST_TIE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=goldens.DEFAULT_OUT)
    out = parser.parse_args().out
    torch.set_num_threads(1)
    for bits, case in CASES.items():
        for seed in range(200_000 + 1000 * bits, 200_999 + 1000 * bits):
            if write(bits, seed, out / case.name):
                print(f"{case.name}: seed {seed}")
                break


if __name__ == "__main__":
    main()
