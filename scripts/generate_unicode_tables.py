#!/usr/bin/env python3
"""Writes UnicodeTables.java of the tokenizer module.

The reference's Unicode is two versions at once: the split pattern runs on Oniguruma (Unicode 16), the normalizer on a
much older NFC table. So nothing is taken from a Unicode database alone: every class is asked of Hugging Face tokenizers,
code point by code point, and Python's database only supplies candidates (combining class, decomposition) that are
dropped where the reference does not know them.

Usage: python3 scripts/generate_unicode_tables.py [path of UnicodeTables.java]     (needs: tokenizers 0.23.2)
"""

import pathlib
import sys
import unicodedata

import tokenizers
from tokenizers import Regex, normalizers

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
OTHER, LETTER, NUMBER, SPACE, NEWLINE = "O", "L", "N", "W", "R"
OUTPUT = pathlib.Path(__file__).parent.parent / (
    "tokenizer/src/main/java/io/github/nextclass/tokenizer/UnicodeTables.java"
)


def members(pattern):
    """The code points that the reference's regex engine puts into a character class."""
    found = set()
    keep = normalizers.Replace(Regex(f"[^{pattern}]"), "")
    for start in range(0, len(CODE_POINTS), 4096):
        text = "".join(map(chr, CODE_POINTS[start : start + 4096]))
        found.update(map(ord, keep.normalize_str(text)))
    return found


def split_classes():
    letters, numbers, spaces = members(r"\p{L}"), members(r"\p{N}"), members(r"\s")
    assert not (letters & numbers or letters & spaces or numbers & spaces)
    classes = [OTHER] * 0x110000
    for points, name in ((letters, LETTER), (numbers, NUMBER), (spaces, SPACE), ({10, 13}, NEWLINE)):
        for c in points:
            classes[c] = name
    return classes


def is_hangul_syllable(c):
    return 0xAC00 <= c < 0xAC00 + 11172


def nfc_data():
    nfc, nfd = normalizers.NFC().normalize_str, normalizers.NFD().normalize_str
    combining, decompositions, compositions = {}, {}, {}
    for c in CODE_POINTS:
        ccc = unicodedata.combining(chr(c))
        # A mark of a class below that of U+0345 (240, the highest) moves before it; one that is not known stays.
        if ccc and (ccc >= 240 or nfd("\u0345" + chr(c)) == chr(c) + "\u0345"):
            combining[c] = ccc
        if not is_hangul_syllable(c) and nfd(chr(c)) != chr(c):
            decompositions[c] = nfd(chr(c))
            parts = unicodedata.decomposition(chr(c)).split()
            assert parts and not parts[0].startswith("<"), hex(c)
            pair = tuple(int(p, 16) for p in parts)
            if nfc(chr(c)) == chr(c):
                assert len(pair) == 2, hex(c)
                compositions[pair] = c
    return combining, decompositions, compositions


def nfc_flags(combining, decompositions, compositions):
    """1: may change or move what stands before it. 2: a starter that may change with what follows it."""
    flags = bytearray(0x110000)
    second = {b for _, b in compositions} | set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))
    first = {a for a, _ in compositions} | set(range(0x1100, 0x1113))
    composed = set(compositions.values())
    for c in CODE_POINTS:
        if c in combining or c in second or (c in decompositions and c not in composed):
            flags[c] = 1
        elif c in first or c in decompositions or is_hangul_syllable(c):
            flags[c] = 2
    return flags


def base36(n):
    digits = ""
    while True:
        n, d = divmod(n, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[d] + digits
        if n == 0:
            return digits


def runs(names):
    """Run-length text: an upper-case class name, then the length of the run in base 36."""
    text, start = [], 0
    for i in range(1, len(names) + 1):
        if i == len(names) or names[i] != names[start]:
            text.append(names[start] + base36(i - start))
            start = i
    return "".join(text)


def records(pairs):
    return ";".join(pairs)


def literal(text, width=88):
    lines = [text[i : i + width] for i in range(0, len(text), width)]
    return "\n          + ".join('"' + line + '"' for line in lines)


def constant(name, comment, text):
    assert text.isascii() and len(text) < 65535, (name, len(text))
    return f"  /** {comment} */\n  static final String {name} =\n      {literal(text)};\n"


def main():
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT
    classes = split_classes()
    combining, decompositions, compositions = nfc_data()
    flags = nfc_flags(combining, decompositions, compositions)
    # Class and flag in one letter: A..E without flag, then F..J, then K..O.
    names = [
        chr(ord("A") + (OTHER, LETTER, NUMBER, SPACE, NEWLINE).index(classes[c]) + 5 * flags[c]) for c in range(0x110000)
    ]
    ccc = [combining.get(c, 0) for c in range(0x110000)]
    classes_of_ccc = sorted(set(ccc))
    hexes = lambda text: ",".join(base36(ord(ch)) for ch in text)
    parts = [
        constant(
            "CLASSES",
            "Runs over U+0000..U+10FFFF: a letter A..O (class + 5 * NFC flag), then the run's length in base 36.",
            runs(names),
        ),
        constant(
            "COMBINING",
            "Canonical combining classes: \"first,count,class\" in base 36, classes other than 0 only.",
            records(
                f"{base36(start)},{base36(count)},{base36(value)}"
                for start, count, value in ccc_runs(ccc)
            ),
        ),
        constant(
            "DECOMPOSITIONS",
            "Full canonical decompositions without Hangul: \"code point,parts...\" in base 36.",
            records(f"{base36(c)},{hexes(d)}" for c, d in sorted(decompositions.items())),
        ),
        constant(
            "COMPOSITIONS",
            "Primary composites without Hangul: \"first,second,composite\" in base 36.",
            records(f"{base36(a)},{base36(b)},{base36(c)}" for (a, b), c in sorted(compositions.items())),
        ),
    ]
    assert len(classes_of_ccc) > 50
    target.write_text(
        "package io.github.nextclass.tokenizer;\n\n"
        "/**\n"
        " * Unicode as the reference knows it; made by scripts/generate_unicode_tables.py from Hugging Face tokenizers\n"
        f" * {tokenizers.__version__}. Do not edit.\n"
        " */\n"
        "final class UnicodeTables {\n" + "\n".join(parts) + "\n  private UnicodeTables() {}\n}\n"
    )
    print(
        f"{len(combining)} combining, {len(decompositions)} decompositions, {len(compositions)} compositions,"
        f" {target.stat().st_size} bytes"
    )


def ccc_runs(ccc):
    start = 0
    for i in range(1, len(ccc) + 1):
        if i == len(ccc) or ccc[i] != ccc[start]:
            if ccc[start]:
                yield start, i - start, ccc[start]
            start = i


if __name__ == "__main__":
    main()
