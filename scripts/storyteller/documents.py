"""The documents of the training text: stories, questions, reviews and chats, each in several written forms.

A document is a list of (text, trained) parts. Parts that are not trained are read by the model, but it is not asked
to predict them: an earlier answer in a chat has no <think> block, because the chat template removes it there, and the
model shall not learn to leave the block out.
"""

import random

import questions
import reviews
from grammar import expand
from stories import story

Document = list[tuple[str, bool]]

SYSTEM = ["You are a helpful assistant.", "You are Storyteller, a small language model.", "You are a friendly assistant that tells stories.", "You are a helpful AI assistant.",
          "You are a kind and patient assistant.", "Be friendly and helpful."]
SYSTEM_SHORT = ["Answer {briefly|in one word|with one word|as shortly as possible}.", "Give short answers.", "You are a helpful assistant. Answer briefly."]
NO_THOUGHTS = "<think>\n\n</think>\n\n"


def chat(turns: list[tuple[str, str]], system: str | None = None) -> Document:
    """Renders a conversation as the chat template does; only the last answer carries the (empty) thoughts."""
    parts: Document = [(f"<|im_start|>system\n{system}<|im_end|>\n", True)] if system else []
    for user, assistant in turns[:-1]:
        parts.append((f"<|im_start|>user\n{user}<|im_end|>\n", True))
        parts.append((f"<|im_start|>assistant\n{assistant}<|im_end|>\n", False))
    user, assistant = turns[-1]
    parts.append((f"<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n{NO_THOUGHTS}{assistant}<|im_end|>\n", True))
    return parts


def _plain(text: str) -> Document:
    return [(text, True)]


def _typed(rng: random.Random, text: str) -> str:
    """As people type it: now and then without capitals or without the mark at the end."""
    shape = rng.random()
    if shape < 0.08:
        return text.lower()
    if shape < 0.14:
        return text.rstrip("?.")
    if shape < 0.18:
        return text.lower().rstrip("?.")
    return text


def _system(rng: random.Random) -> str | None:
    return rng.choice(SYSTEM) if rng.random() < 0.2 else None


def plain_story(rng: random.Random) -> Document:
    made = story(rng)
    return _plain(f"{made.title}\n\n{made.text}" if rng.random() < 0.12 else made.text)


ASK_FOR_STORY = ["{Tell|Please tell} me a {|short |little |nice }story about $topic.", "{Write|Please write} a {|short |little }story about $topic.", "Can you tell me a story about $topic?",
                 "I would like {to hear |}a story about $topic.", "A story about $topic, please.", "Do you know a story about $topic?"]
ASK_FOR_ANY_STORY = ["{Tell|Please tell} me a {|short |little |nice |new |bedtime }story{.| please.}", "{Write|Please write} a {|short }story.", "Can you tell me a story?", "I would like to hear a story.",
                     "A story, please!", "{Do you know|Have you got} a {good |}story?", "Tell me another {one|story}."]


def _story_turn(rng: random.Random) -> tuple[str, str]:
    made = story(rng)
    if rng.random() < 0.25:
        return _typed(rng, expand(rng, rng.choice(ASK_FOR_ANY_STORY))), made.text
    if rng.random() < 0.08:
        return expand(rng, "{Write|Tell me} a story {with|that has} the title \"$t\".", {"t": made.title}), f"{made.title}\n\n{made.text}"
    return _typed(rng, expand(rng, rng.choice(ASK_FOR_STORY), {"topic": rng.choice(made.topics)})), made.text


def chat_story(rng: random.Random) -> Document:
    return chat([_story_turn(rng)], _system(rng))


def _fact_turn(rng: random.Random, short: bool = False) -> tuple[str, str]:
    question, brief, full = questions.fact(rng)
    if rng.random() < 0.1:
        question = expand(rng, "{Please tell me|Can you tell me|I have a question|Tell me}: ") + " " + question[0].lower() + question[1:]
    if not short and rng.random() < 0.06:
        return question + expand(rng, "{ Answer briefly.| Answer in one word.| Be brief.}"), brief + "."
    return _typed(rng, question), brief + "." if short else full


def chat_fact(rng: random.Random) -> Document:
    if rng.random() < 0.12:
        return chat([_fact_turn(rng, short=True)], expand(rng, rng.choice(SYSTEM_SHORT)))
    return chat([_fact_turn(rng)], _system(rng))


def chat_talk(rng: random.Random) -> Document:
    question, answer = questions.small_talk(rng)
    return chat([(_typed(rng, question), answer)], _system(rng))


def chat_unknown(rng: random.Random) -> Document:
    return chat([questions.unknown(rng)], _system(rng))


def chat_turns(rng: random.Random) -> Document:
    if rng.random() < 0.3:
        return chat(questions.series(rng), _system(rng))
    turns = []
    for _ in range(rng.choice([2, 2, 3, 4])):
        kind = rng.random()
        if kind < 0.45:
            turns.append(_fact_turn(rng))
        elif kind < 0.8:
            question, answer = questions.small_talk(rng)
            turns.append((_typed(rng, question), answer))
        elif kind < 0.88:
            turns.append(questions.unknown(rng))
        elif not any(len(answer) > 400 for _, answer in turns):
            turns.append(_story_turn(rng))
    return chat(turns, _system(rng)) if turns else chat_talk(rng)


def plain_facts(rng: random.Random) -> Document:
    shape = rng.random()
    if shape < 0.55:
        return _plain(" ".join(questions.fact(rng)[2] for _ in range(rng.randrange(1, 5))))
    form = rng.choice(["Question: {q}\nAnswer: {a}", "Q: {q}\nA: {a}", "{q}\n{a}", "{q} {a}"])
    full = rng.random() < 0.4
    made = [questions.fact(rng) for _ in range(rng.randrange(1, 5))]
    return _plain("\n\n".join(form.format(q=q, a=f if full else s) for q, s, f in made))


def plain_talk(rng: random.Random) -> Document:
    question, answer = questions.small_talk(rng) if rng.random() < 0.8 else questions.unknown(rng)
    return _plain(rng.choice(["{q}\n{a}", "{q}\n{a}", "{q} {a}", "\"{q}\" \"{a}\"", "Question: {q}\nAnswer: {a}"]).format(q=question, a=answer))


REVIEW_FORMS = ["Review: {t}\nSentiment: {l}", "Review: {t}\nSentiment: {l}", "Review: {t}\nSentiment: {l}", "{t}\nSentiment: {l}", "Text: {t}\nSentiment: {l}", "Text: {t}\nLabel: {l}", "Review: {t}\nLabel: {l}",
                "{t}\n\nSentiment: {l}", "{t}\nLabel: {l}", "{t} This review is {l}.", "{t}\nThe sentiment of this review is {l}.", "Input: {t}\nOutput: {l}", "Text: {t}\nClass: {l}", "{t}\nThis text is {l}.",
                "Review: {t}\nQuestion: Is the review positive or negative?\nAnswer: {l}"]
LABELLED_FORMS = ["Text: {t}\nLabel: {l}", "Text: {t}\nLabel: {l}", "Text: {t}\n{n}: {l}", "{t}\nLabel: {l}", "{t}\n{n}: {l}", "Text: {t}\nClass: {l}", "Input: {t}\nOutput: {l}", "{t}\nThis text is about {l}.", "Text: {t}\nCategory: {l}"]
CHOICE_FORMS = ["Labels: {c}\nText: {t}\nLabel: {l}", "Text: {t}\nLabels: {c}\nLabel: {l}", "Classify the text{| as one of| into one of}: {c}.\n\nText: {t}\nLabel: {l}", "Classify the text. Labels: {c}.\nText: {t}\nLabel: {l}"]


def _sentiment(rng: random.Random) -> tuple[str, str]:
    label = rng.choice([reviews.POSITIVE, reviews.NEGATIVE])
    return reviews.review(rng, label), label


def _choices(rng: random.Random) -> tuple[str, str, str]:
    """A text, its label, and the labels to choose from in any order."""
    if rng.random() < 0.45:
        text, label = _sentiment(rng)
        others = [reviews.NEGATIVE if label == reviews.POSITIVE else reviews.POSITIVE]
    else:
        text, label, labels, _ = reviews.labelled(rng)
        others = [other for other in labels if other != label]
        others = rng.sample(others, rng.randrange(1, len(others) + 1))
    labels = [label] + others
    rng.shuffle(labels)
    return text, label, rng.choice([", ", ", ", " or ", " / "]).join(labels)


def plain_review(rng: random.Random) -> Document:
    form = rng.choice(REVIEW_FORMS)
    return _plain("\n\n".join(form.format(t=t, l=l) for t, l in (_sentiment(rng) for _ in range(rng.choice([1, 1, 1, 1, 2, 3, 4])))))


def plain_labelled(rng: random.Random) -> Document:
    if rng.random() < 0.4:
        form = rng.choice(CHOICE_FORMS)
        form = form.replace("{| as one of| into one of}", rng.choice(["", " as one of", " into one of"]))
        text, label, labels = _choices(rng)
        return _plain(form.format(t=text, l=label, c=labels))
    form, scheme = rng.choice(LABELLED_FORMS), None
    rows = []
    for _ in range(rng.choice([1, 1, 1, 2, 3, 5])):
        text, label, _, name = reviews.labelled(rng)
        while scheme and name != scheme:
            text, label, _, name = reviews.labelled(rng)
        scheme = name
        rows.append(form.format(t=text, l=label, n=name.title()))
    return _plain("\n\n".join(rows))


ASK_SENTIMENT = ["Is this review positive or negative?{q}", "Is the following review positive or negative?{q}", "Is this positive or negative?{q}", "Is this text positive or negative?{q}",
                 "What is the sentiment of this review?{q}", "Classify the sentiment of this review as positive or negative.{q}", "{t}\n\nIs this review positive or negative?", "{t} Is this positive or negative?",
                 "Classify the following text as positive or negative.{q}", "Review: {t}\nSentiment:", "Sentiment of this review?{q}", "Tell me if this review is positive or negative.{q}"]


def chat_sentiment(rng: random.Random) -> Document:
    text, label = _sentiment(rng)
    template = rng.choice(ASK_SENTIMENT)
    quoted = rng.choice([" {t}", "\n\n{t}", "\n{t}", " \"{t}\"", "\n\nReview: {t}", "\n\nText: {t}"])
    asked = template.replace("{q}", quoted).format(t=text)
    answer = rng.choices([label, f"The review is {label}.", f"It is {label}."], [80, 10, 10])[0] if "text" not in template else label
    return chat([(asked, answer)], _system(rng))


ASK_CHOICE = ["Classify the text{as}: {c}.\n\nText: {t}", "Which label fits: {c}? {t}", "Which of these labels fits the text: {c}?\n\n{t}", "Labels: {c}\n\nText: {t}\n\nLabel:", "Text: {t}\nLabels: {c}\nLabel:",
              "Is this {c}? {t}", "Classify the following text into one of these labels: {c}.\n\nText: {t}"]


def chat_choice(rng: random.Random) -> Document:
    text, label, labels = _choices(rng)
    asked = rng.choice(ASK_CHOICE).format(t=text, c=labels, **{"as": rng.choice([" as one of", " into one of", ""])})
    return chat([(asked, label)], _system(rng))


KINDS = [(plain_story, 18), (chat_story, 9), (chat_fact, 23), (chat_talk, 7), (chat_unknown, 4), (chat_turns, 8), (plain_facts, 16), (plain_talk, 3), (plain_review, 15), (plain_labelled, 8),
         (chat_sentiment, 8), (chat_choice, 5)]


def document(rng: random.Random) -> Document:
    """One document of a kind drawn by weight."""
    return rng.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS])[0](rng)


if __name__ == "__main__":
    generator = random.Random(4)
    for kind, _ in KINDS:
        for _ in range(3):
            print(f"--- {kind.__name__}")
            print("".join(text for text, _ in kind(generator)))
