"""Trains the byte-level BPE vocabulary on composed text and writes tokenizer.json.

The pipeline (NFC, split pattern, byte level, decoder) is Qwen3's. The base vocabulary holds all 256 bytes, so every
text can be encoded. The control tokens follow it, in Qwen3's order.
"""

import random
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import documents

BASE_SIZE = 2520
PADDED_SIZE = 2560  # rows of the embedding: a multiple of 64, so the last rows belong to no token, as in the published models
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# (text, special): as in Qwen3, the markers of thoughts and tools are plain added tokens and stay in decoded text
ADDED = [
    ("<|endoftext|>", True), ("<|im_start|>", True), ("<|im_end|>", True),
    ("<tool_call>", False), ("</tool_call>", False), ("<tool_response>", False), ("</tool_response>", False),
    ("<think>", False), ("</think>", False),
]


def build(seed: int = 11, count: int = 40_000) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(continuing_subword_prefix="", end_of_word_suffix=""))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), behavior="isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False),
    ])
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    rng = random.Random(seed)

    def texts():
        for _ in range(count):
            text = "".join(part for part, _ in documents.document(rng))
            for marker, _ in ADDED:
                text = text.replace(marker, "\n")
            yield text

    trainer = trainers.BpeTrainer(vocab_size=BASE_SIZE, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
    tokenizer.train_from_iterator(texts(), trainer)
    for marker, special in ADDED:
        added = AddedToken(marker, normalized=False, special=special)
        (tokenizer.add_special_tokens if special else tokenizer.add_tokens)([added])
    return tokenizer


def save(tokenizer: Tokenizer, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path), pretty=False)
