"""A very small template language, used by every composer of training text.

A template holds alternatives in braces and slots behind a dollar sign:

    {One day|One morning}, $N {found|saw} a $thing.

Alternatives may be nested. After expansion, "a" becomes "an" where needed and sentences start with a
capital. All choices come from the random generator that is handed in, so that a seed fixes the text.
"""

import random
import re
import zlib

_INNERMOST = re.compile(r"\{([^{}]*)\}")
_SLOT = re.compile(r"\$([A-Za-z_]+)")
_ARTICLE = re.compile(r"\b([Aa]) (?=(?:[aeio]|u(?!ni|se))(?!ne\b))", re.ASCII)
_SENTENCE_START = re.compile(r"(^|[.!?] |\n|: \")([a-z])")


def expand(rng: random.Random, template: str, slots: dict[str, str] | None = None) -> str:
    """Chooses one of the alternatives at each brace, fills the slots, and tidies articles and capitals."""
    text = template
    while "{" in text:
        text = _INNERMOST.sub(lambda match: rng.choice(match.group(1).split("|")), text)
    while slots and "$" in text:
        filled = _SLOT.sub(lambda match: slots[match.group(1)], text)
        text = filled
    text = " ".join(text.split(" ")).replace("  ", " ").strip(" ")
    text = _ARTICLE.sub(r"\1n ", text)
    return _SENTENCE_START.sub(lambda match: match.group(1) + match.group(2).upper(), text)


def bucket(*parts: str, buckets: int = 10) -> int:
    """A number below `buckets` that depends on the words only; decides what is held out of training."""
    return zlib.crc32("|".join(parts).encode()) % buckets
