"""Writes the golden files of the safetensors module with the reference implementation.

    pip install torch numpy safetensors      # made with safetensors 0.8.0, torch 2.13.0, numpy 2.4.6
    python scripts/make_safetensors_goldens.py            # writes the files
    python scripts/make_safetensors_goldens.py --check F  # loads a file of ours with the reference

The Java tests read these files, and write each of them anew and expect the same bytes.
"""

import ctypes
import json
import sys
from pathlib import Path

import numpy as np
import safetensors.numpy
import safetensors.torch
import torch
from safetensors import TensorSpec, deserialize, safe_open, serialize

FOLDER = (
    Path(__file__).resolve().parent.parent
    / "safetensors/src/test/resources/io/github/nextclass/safetensors/golden"
)

# Name in the reference's Python API, name in the file, bytes of 12 elements.
DTYPES = [
    ("bool", "BOOL", 12),
    ("float4_e2m1fn_x2", "F4", 6),
    ("uint8", "U8", 12),
    ("int8", "I8", 12),
    ("float8_e5m2", "F8_E5M2", 12),
    ("float8_e4m3fn", "F8_E4M3", 12),
    ("float8_e8m0fnu", "F8_E8M0", 12),
    ("float8_e4m3fnuz", "F8_E4M3FNUZ", 12),
    ("float8_e5m2fnuz", "F8_E5M2FNUZ", 12),
    ("int16", "I16", 24),
    ("uint16", "U16", 24),
    ("float16", "F16", 24),
    ("bfloat16", "BF16", 24),
    ("int32", "I32", 48),
    ("uint32", "U32", 48),
    ("float32", "F32", 48),
    ("complex64", "C64", 96),
    ("float64", "F64", 96),
    ("int64", "I64", 96),
    ("uint64", "U64", 96),
]


def pattern(name, size):
    """Bytes that differ from tensor to tensor; the Java test computes the same."""
    return bytes((37 * i + 11 * len(name)) % 2 if name == "BOOL" else (37 * i + 11 * len(name)) % 251 for i in range(size))


def all_dtypes():
    keep, specs = [], {}
    for python_name, name, size in DTYPES:
        buffer = ctypes.create_string_buffer(pattern(name, size), size)
        keep.append(buffer)
        # For packed types the constructor doubles the last dimension itself.
        shape = [3, 2] if name == "F4" else [3, 4]
        specs["t." + name] = TensorSpec(
            dtype=python_name, shape=shape, data_ptr=ctypes.addressof(buffer), data_len=size
        )
    return bytes(serialize(specs, {"format": "bytes"}))


def six_bits():
    """The format knows F6, but the Python API cannot write it: made by hand, read by the reference."""
    header, data = {}, b""
    for name in ("F6_E3M2", "F6_E2M3"):
        header["t." + name] = {"dtype": name, "shape": [3, 4], "data_offsets": [len(data), len(data) + 9]}
        data += pattern(name, 9)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    file = len(text).to_bytes(8, "little") + text + data
    assert {n: t["dtype"] for n, t in deserialize(file)} == {"t.F6_E3M2": "F6_E3M2", "t.F6_E2M3": "F6_E2M3"}
    return file


def values():
    """Typed values beside the same values widened by PyTorch."""
    f16_bits = [0x0000, 0x8000, 0x0001, 0x03FF, 0x0400, 0x3555, 0x3C00, 0xC000, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00]
    bf16_bits = [0x0000, 0x8000, 0x0001, 0x0080, 0x3EAA, 0x3F80, 0xC000, 0x7F7F, 0xFF7F, 0x7F80, 0xFF80, 0x7FC0, 0x4049]
    f16 = torch.tensor(f16_bits, dtype=torch.int32).to(torch.int16).view(torch.float16)
    bf16 = torch.tensor(bf16_bits, dtype=torch.int32).to(torch.int16).view(torch.bfloat16)
    f8 = torch.arange(256, dtype=torch.int32).to(torch.uint8).view(torch.float8_e4m3fn).reshape(16, 16)
    tensors = {"f16": f16, "bf16": bf16, "f8_e4m3": f8}
    tensors |= {name + ".widened": tensor.to(torch.float32) for name, tensor in tensors.items()}
    tensors |= {
        "f32": torch.tensor([[0.0, -0.0, 1.5], [3.4028235e38, 1e-45, float("-inf")]]),
        "i8": torch.tensor([-128, -1, 0, 127], dtype=torch.int8),
        "u8": torch.tensor([0, 1, 128, 255], dtype=torch.uint8),
        "i32": torch.tensor([-(2**31), -1, 2**31 - 1], dtype=torch.int32),
        "i64": torch.tensor([-(2**63), -1, 2**63 - 1], dtype=torch.int64),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
    }
    return safetensors.torch.save(tensors, {"format": "pt"})


def numpy_arrays():
    """What the Java test builds from arrays, value by value."""
    return safetensors.numpy.save(
        {
            "logits": (np.arange(15, dtype=np.float32) * np.float32(0.37) - np.float32(2)).reshape(3, 5),
            "ids": np.arange(7, dtype=np.int32) * -1000003,
            "positions": (np.arange(4, dtype=np.int64) * 10**15).reshape(2, 2),
            "mask": np.array([1, 0, 255], dtype=np.uint8),
            "scalar": np.array(1.25, dtype=np.float32),
            "nothing": np.zeros((0, 4), dtype=np.float32),
        },
        {"source": 'a "quoted" text\n'},
    )


def names():
    """Names that need escapes, and an order that differs between UTF-8 and UTF-16."""
    raw = ['q"\\\n\r\t\b\f\x01\x1f\x7f/', "é\u2028", "\U0001f600", "\uff00", "", "a", "a.b"]
    return safetensors.numpy.save({name: np.array([i], dtype=np.uint8) for i, name in enumerate(raw)})


def check(path):
    """Loads every tensor with the reference, which raises on a file that is not valid."""
    with safe_open(path, framework="pt") as file:
        print(path, file.metadata())
        for name in file.keys():
            tensor = file.get_tensor(name)
            print(" ", repr(name), tensor.dtype, tuple(tensor.shape))


def main():
    if sys.argv[1:2] == ["--check"]:
        for path in sys.argv[2:]:
            check(path)
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    goldens = {
        "all-dtypes": all_dtypes(),
        "six-bits": six_bits(),
        "values": values(),
        "numpy-arrays": numpy_arrays(),
        "names": names(),
        "no-tensors": bytes(serialize({})),
    }
    for name, data in goldens.items():
        (FOLDER / f"{name}.safetensors").write_bytes(data)


if __name__ == "__main__":
    main()
