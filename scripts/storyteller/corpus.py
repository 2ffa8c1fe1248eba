"""Turns composed documents into rows of token ids for training.

A row starts with a document, as a prompt does, and holds whole documents with <|endoftext|> after each; only the last
one may be cut. A negative number -1 - id marks a token that is read but not learned.
"""

import random
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

import documents

WAITING = 24  # documents from which the one that fits into the rest of a row is taken


def encode(tokenizer: Tokenizer, document: documents.Document, end: int) -> list[int]:
    ids: list[int] = []
    for text, trained in document:
        part = tokenizer.encode(text).ids
        ids += part if trained else [-1 - token for token in part]
    return ids + [end]


def rows(tokenizer: Tokenizer, count: int, length: int, seed: int) -> np.ndarray:
    """`count` rows of `length` ids."""
    rng = random.Random(seed)
    end = tokenizer.token_to_id("<|endoftext|>")
    made = np.empty((count, length), dtype=np.int16)
    waiting: list[list[int]] = []
    for row in made:
        filled = 0
        while filled < length:
            while len(waiting) < WAITING:
                waiting.append(encode(tokenizer, documents.document(rng), end))
            free = length - filled
            index = next((i for i, ids in enumerate(waiting) if len(ids) <= free), 0)
            ids = waiting.pop(index)[:free]
            row[filled : filled + len(ids)] = ids
            filled += len(ids)
    return made


def cached_rows(folder: Path, name: str, tokenizer: Tokenizer, count: int, length: int, seed: int) -> np.ndarray:
    path = folder / f"{name}-{count}x{length}-{seed}.npy"
    if not path.exists():
        np.save(path, rows(tokenizer, count, length, seed))
    return np.load(path, mmap_mode="r")
