"""Writes models/storyteller from the trained weights: bfloat16 weights and the files of a published Qwen3 checkpoint."""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

import train
import vocabulary

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent.parent / "models" / "storyteller"
MAX_WEIGHT_BYTES = 4_900_000


def _write(path: Path, value: dict, indent: int = 2) -> None:
    path.write_text(json.dumps(value, indent=indent, ensure_ascii=False) + "\n", encoding="utf-8")


def export(weights: Path, tokenizer_file: Path, target: Path = TARGET) -> None:
    target.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    vocabulary.save(tokenizer, target / "tokenizer.json")
    ids = {marker: tokenizer.token_to_id(marker) for marker, _ in vocabulary.ADDED}
    end, turn_end = ids["<|endoftext|>"], ids["<|im_end|>"]
    shape = train.config()
    _write(target / "config.json", {
        "architectures": ["Qwen3ForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": end,
        "eos_token_id": turn_end,
        "head_dim": shape.head_dim,
        "hidden_act": "silu",
        "hidden_size": shape.hidden_size,
        "initializer_range": shape.initializer_range,
        "intermediate_size": shape.intermediate_size,
        "max_position_embeddings": shape.max_position_embeddings,
        "max_window_layers": shape.num_hidden_layers,
        "model_type": "qwen3",
        "num_attention_heads": shape.num_attention_heads,
        "num_hidden_layers": shape.num_hidden_layers,
        "num_key_value_heads": shape.num_key_value_heads,
        "rms_norm_eps": shape.rms_norm_eps,
        "rope_scaling": None,
        "rope_theta": 10000,
        "sliding_window": None,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.51.0",
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": shape.vocab_size,
    })
    _write(target / "generation_config.json", {
        "bos_token_id": end, "do_sample": True, "eos_token_id": [turn_end, end], "pad_token_id": end,
        "temperature": 0.6, "top_k": 20, "top_p": 0.95, "transformers_version": "4.51.0",
    })
    template = (target / "chat_template.jinja").read_text(encoding="utf-8")
    _write(target / "tokenizer_config.json", {
        "add_bos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": {
            str(ids[marker]): {"content": marker, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": special}
            for marker, special in vocabulary.ADDED
        },
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        "bos_token": None,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "errors": "replace",
        "model_max_length": shape.max_position_embeddings,
        "pad_token": "<|endoftext|>",
        "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    })
    assert template, "chat_template.jinja is the published template; it is not made here"
    state = torch.load(weights)["model"]
    tensors = {name: tensor.to(torch.bfloat16).contiguous() for name, tensor in sorted(state.items()) if name != "lm_head.weight"}
    save_file(tensors, str(target / "model.safetensors"), metadata={"format": "pt"})
    size = (target / "model.safetensors").stat().st_size
    assert size < MAX_WEIGHT_BYTES, f"model.safetensors has {size} bytes, at most {MAX_WEIGHT_BYTES} are allowed"
    print(f"{target}: {sum(t.numel() for t in tensors.values()):,} parameters, {size:,} bytes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--tokenizer", type=Path, default=Path("/tmp/storyteller/tokenizer.json"))
    parser.add_argument("--target", type=Path, default=TARGET)
    arguments = parser.parse_args()
    export(arguments.weights, arguments.tokenizer, arguments.target)
