"""What PyTorch does on this GPU at the shapes of Qwen3-0.6B, to compare with: cuda_anchors.py OUT.json

Copy bandwidth, and matrix products in bf16 (cuBLAS) for the linear layers at 1, 32, 512 and 2,048 tokens.
"""

import json
import sys

import torch

SHAPES = {"q, k, v": (4096, 1024), "o": (1024, 2048), "gate, up": (6144, 1024), "down": (1024, 3072)}
LAYERS = 28  # as many weights as the model has, so that no cache holds them


def milliseconds(work, runs=10):
    """The least time of a run, which makes a graph of the work first."""
    for _ in range(3):
        work()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    best = float("inf")
    for _ in range(runs):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        graph.replay()
        end.record()
        torch.cuda.synchronize()
        best = min(best, start.elapsed_time(end))
    return best


def main(out):
    results = {"device": torch.cuda.get_device_name(0), "torch": torch.__version__}
    a = torch.empty(1 << 30, dtype=torch.uint8, device="cuda")
    b = torch.empty_like(a)
    results["copy, GB/s read and written"] = round(2 * a.numel() / milliseconds(lambda: b.copy_(a)) / 1e6, 1)
    for tokens in (1, 32, 512, 2048):
        for name, (rows, columns) in SHAPES.items():
            x = torch.randn(tokens, columns, dtype=torch.bfloat16, device="cuda")
            weights = [torch.randn(rows, columns, dtype=torch.bfloat16, device="cuda") for _ in range(LAYERS)]
            ms = milliseconds(lambda: [torch.nn.functional.linear(x, w) for w in weights])
            results[f"{name}, {tokens} tokens"] = {
                "us a layer": round(1e3 * ms / LAYERS, 2),
                "TFLOP/s": round(2e-9 * tokens * rows * columns * LAYERS / ms, 1),
                "GB/s of weights": round(2e-6 * rows * columns * LAYERS / ms, 1),
            }
            del weights
    with open(out, "w") as file:
        json.dump(results, file, indent=1)
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main(sys.argv[1])
