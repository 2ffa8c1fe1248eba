#!/usr/bin/env python3
"""How exact are q8 and q4 beside llama.cpp's Q8_0 and Q4_0, which take the same 8.5 and 4.5 bits a weight?

usage: compare_quantization.py FLOATS Q8 Q4

FLOATS is a checkpoint folder, Q8 and Q4 are what `./nextclass quantize` made of it. Prints the relative error of the outputs of all
matrices, |W' x' - W x| / |W x| over random x, with the inputs x' rounded to 8 bits in blocks of 32 for both (llama.cpp's Q8_0 of
activations, the same in NextClass), and that of the weights alone. llama.cpp's formats come from the gguf package.

Needs numpy, torch, safetensors and gguf.
"""
import sys
from pathlib import Path

import gguf
import numpy as np
from safetensors import safe_open


def unpack(blocks: np.ndarray, rows: int) -> np.ndarray:
    """After docs/quantization.md: U8 [panels, blocks, bytes] to floats [rows, columns]."""
    panels, count, size = blocks.shape
    bits = {576: 4, 1088: 8}[size]
    words = blocks[:, :, :-64].copy().view("<u2").reshape(panels, count, -1, 32)
    scales = (blocks[:, :, -64:].copy().view("<u2").astype(np.uint32) << 16).view(np.float32)
    parts = [(words >> (bits * i)) & (2**bits - 1) for i in range(16 // bits)]
    levels = np.stack(parts, 3).reshape(panels, count, 32, 32).astype(np.int16)  # [.., input, lane]
    levels = levels - 8 if bits == 4 else levels.astype(np.uint8).view(np.int8)
    values = levels.astype(np.float32) * scales[:, :, None, :]
    output_of_lane = [output for i in range(16) for output in (i, 16 + i)]
    rows_of = np.empty_like(values)
    rows_of[..., output_of_lane] = values
    return rows_of.transpose(0, 3, 1, 2).reshape(panels * 32, count * 32)[:rows]


def rounded(x: np.ndarray, half: bool) -> np.ndarray:
    blocks = x.reshape(x.shape[0], -1, 32)
    scales = np.abs(blocks).max(2, keepdims=True) / 127
    levels = np.round(blocks / scales)
    return (levels * (scales.astype(np.float16).astype(np.float32) if half else scales)).reshape(x.shape)


def main() -> None:
    floats, *ours = (safe_open(Path(folder) / "model.safetensors", "pt") for folder in sys.argv[1:4])
    types = [gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_0]
    random = np.random.default_rng(20261125)
    sums = np.zeros((2, 2, 4))  # [format][ours, theirs][output error, output, weight error, weight]
    for name in ours[0].keys():
        if ours[0].get_slice(name).get_dtype() != "U8":
            continue
        w = floats.get_tensor(name).float().numpy()[:4096]
        x = random.standard_normal((256, w.shape[1])).astype(np.float32)
        y = x @ w.T
        for i, (mine, kind) in enumerate(zip(ours, types)):
            blocks = mine.get_slice(name)[: -(-w.shape[0] // 32)].numpy()
            theirs = gguf.dequantize(gguf.quantize(w, kind), kind)
            for j, (values, inputs) in enumerate(((unpack(blocks, w.shape[0]), rounded(x, False)), (theirs, rounded(x, True)))):
                sums[i, j] += [((inputs @ values.T - y) ** 2).sum(), (y**2).sum(), ((values - w) ** 2).sum(), (w**2).sum()]
    for i, kind in enumerate(("q8", "q4")):
        (a, b, c, d), (e, f, g, h) = np.sqrt(sums[i])
        print(f"{kind}: outputs {a / b:.5f}, llama.cpp {e / f:.5f}, ratio {a / b * f / e:.3f}; "
              f"weights {c / d:.5f}, llama.cpp {g / h:.5f}, ratio {c / d * h / g:.3f}")


if __name__ == "__main__":
    main()
