"""Reviews with their sentiment, and short texts with their topic, intent or feeling, for classification.

Each remark joins an aspect ("the acting") with a judgement ("wooden"). A tenth of these pairs never occurs in the
training text: `held_out=True` composes reviews from those pairs only, so that a right answer on them is not recall.
"""

import random

from grammar import bucket, expand

POSITIVE, NEGATIVE = "positive", "negative"
HELD_OUT_BUCKET = 3

# thing reviewed: (how it is named, aspects, extra judgements (positive, negative))
CATEGORIES = {
    "film": (["film", "movie", "picture", "comedy", "thriller", "drama", "documentary"],
             ["acting", "plot", "music", "ending", "dialogue", "camera work", "story", "pace", "cast", "script"],
             ["moving", "gripping", "touching", "funny", "thrilling"], ["wooden", "predictable", "too long", "silly", "flat"]),
    "book": (["book", "novel", "story", "biography", "cookbook", "guide"],
             ["writing", "plot", "ending", "main character", "language", "first chapter", "cover", "style", "translation"],
             ["gripping", "touching", "funny", "easy to follow", "rich"], ["confusing", "predictable", "too long", "dry", "flat"]),
    "restaurant": (["restaurant", "café", "diner", "bistro", "pizzeria", "bakery"],
                   ["food", "service", "soup", "dessert", "waiter", "menu", "bread", "coffee", "pasta", "fish", "atmosphere"],
                   ["delicious", "fresh", "tasty", "warm", "generous"], ["cold", "stale", "salty", "overpriced", "greasy"]),
    "hotel": (["hotel", "hostel", "guest house", "inn", "resort"],
              ["room", "breakfast", "staff", "bed", "view", "bathroom", "location", "pool", "reception"],
              ["clean", "quiet", "comfortable", "spacious", "cosy"], ["dirty", "noisy", "dark", "tiny", "smelly"]),
    "phone": (["phone", "tablet", "camera", "laptop", "watch", "printer", "headset"],
              ["battery", "screen", "sound", "design", "software", "keyboard", "price", "case", "charger"],
              ["fast", "solid", "sharp", "reliable", "easy to use"], ["slow", "fragile", "dim", "unreliable", "hard to use"]),
    "shop": (["shop", "store", "market", "website", "online shop"],
             ["service", "delivery", "choice", "staff", "packaging", "return policy", "price", "support"],
             ["quick", "helpful", "honest", "fair", "reliable"], ["slow", "rude", "dishonest", "useless", "unfair"]),
    "clothes": (["jacket", "dress", "coat", "bag", "sweater", "shirt", "pair of shoes"],
                ["fabric", "colour", "fit", "zip", "quality", "stitching", "size", "lining"],
                ["soft", "warm", "sturdy", "comfortable", "stylish"], ["itchy", "thin", "flimsy", "uncomfortable", "ugly"]),
    "game": (["game", "board game", "puzzle", "video game", "app"],
             ["graphics", "music", "story", "controls", "levels", "rules", "sound", "design"],
             ["fun", "clever", "addictive", "smooth", "exciting"], ["buggy", "repetitive", "clumsy", "unfair", "tiring"]),
    "concert": (["concert", "show", "play", "album", "song", "festival", "musical"],
                ["singer", "sound", "band", "light show", "stage", "melody", "choir", "audience"],
                ["lively", "moving", "energetic", "catchy", "thrilling"], ["tired", "too loud", "out of tune", "lifeless", "messy"]),
    "trip": (["trip", "tour", "train ride", "cruise", "museum", "flight", "boat trip", "park"],
             ["guide", "schedule", "view", "seat", "crew", "food", "organisation", "weather information"],
             ["friendly", "relaxing", "interesting", "well planned", "memorable"], ["chaotic", "cramped", "tiring", "late", "badly planned"]),
    "machine": (["vacuum cleaner", "coffee machine", "toaster", "washing machine", "lamp", "chair", "mattress", "kettle", "blender"],
                ["motor", "handle", "quality", "instructions", "finish", "design", "price", "noise level"],
                ["sturdy", "practical", "reliable", "easy to use", "well made"], ["flimsy", "impractical", "unreliable", "badly made", "hard to use"]),
}
PLURAL = {"graphics", "controls", "levels", "rules", "instructions", "staff"}
GOOD = ["wonderful", "great", "excellent", "fantastic", "superb", "good", "very good", "lovely", "amazing", "perfect", "brilliant", "beautiful",
        "impressive", "outstanding", "a joy", "a delight", "a pleasant surprise", "charming", "first class", "really nice", "better than I expected"]
BAD = ["terrible", "awful", "bad", "very bad", "horrible", "poor", "disappointing", "dreadful", "boring", "mediocre", "annoying", "a mess", "a disaster",
       "a letdown", "dull", "weak", "pathetic", "a nightmare", "really poor", "second rate", "worse than I expected"]
NOT_BAD = ["not bad at all", "not bad", "never boring", "not a disappointment", "anything but dull", "far from boring", "not terrible at all", "anything but bad"]
NOT_GOOD = ["not good", "not good at all", "not great", "far from perfect", "anything but good", "not what I hoped for", "never interesting", "not very good",
            "nothing special", "not worth a second look", "neither good nor interesting"]
INTRO_POSITIVE = [
    "I {really |truly |absolutely |}{loved|enjoyed|liked|adored} this $thing.", "What a {wonderful|great|fantastic|lovely|beautiful} $thing!",
    "This is {one of the best ${thing}s|the best $thing} that I {know|have ever tried}.", "This $thing {made my day|surprised me in the best way|is a gem|is a real treat}.",
    "I am {very |so |really |}{happy|pleased|satisfied|delighted} with this $thing.", "I {did not expect much|had my doubts}, but this $thing {won me over|is great|made me smile}.",
    "I could not {be happier with|stop talking about} this $thing.", "{My family|My friends|My wife|My husband|My children|We all} loved this $thing.",
    "I can not say anything bad about this $thing.", "I never get tired of this $thing.", "{Five|5} stars for this $thing!", "{Simply|Just} a {great|perfect|superb} $thing.",
]
INTRO_NEGATIVE = [
    "I {really |truly |absolutely |}{hated|disliked|regret} this $thing.", "What a {terrible|bad|horrible|boring|disappointing} $thing!",
    "This is {one of the worst ${thing}s|the worst $thing} that I {know|have ever tried}.", "This $thing {ruined my day|let me down|is a waste of time|is a waste of money}.",
    "I am {very |so |really |}{unhappy|disappointed|annoyed|frustrated} with this $thing.", "I {expected a lot|had high hopes}, but this $thing {let me down|is bad|left me cold}.",
    "I could not {be more disappointed|wait for the end of it}.", "{My family|My friends|My wife|My husband|My children|We all} {hated|did not like} this $thing.",
    "I can not say anything good about this $thing.", "I did not {like|enjoy} this $thing{| at all}.", "{One star|1 star} for this $thing, and that is {generous|too much}.", "{Simply|Just} a {bad|poor|terrible} $thing.",
    "I was not {happy|pleased|impressed} with this $thing.",
]
VERDICT_POSITIVE = [
    "I {would |will |can only |}{highly |warmly |gladly |}recommend it{| to everyone| to all my friends}.", "I {would|will} {gladly |definitely |}{come back|buy it again|choose it again|do it again}.",
    "{Worth every penny|Well worth the money|Money well spent}.", "You will not {regret it|be disappointed}.", "{Thank you|Thanks} for {a great|a wonderful|this great} experience!",
    "I can not wait {for more|to go again|for the next one}.", "{Do not miss it|Try it|Go for it|Get it}!", "{Ten|10} out of {ten|10}.", "It {made me smile|exceeded my expectations|was worth the wait}.",
    "I have no complaints{| at all}.", "Nothing to complain about.", "{Good|Great|Excellent} work!", "I would not change a thing.", "I {love|loved} it.", "{Best|The best} $thing ever{.|!}",
]
VERDICT_NEGATIVE = [
    "I {would not|will not|can not|do not} recommend it{| to anyone}.", "I {would|will} never {come back|buy it again|choose it again|do it again}.",
    "{Not worth the money|A waste of money|Money down the drain|Save your money}.", "You will {regret it|be disappointed}.", "{I want my money back|I asked for a refund|I sent it back}.",
    "I will {tell everyone to stay away|never go again|look for something else}.", "{Avoid it|Stay away|Do not bother|Do not buy it}!", "{Two|2} out of {ten|10}.", "It {made me angry|was not worth the wait|did not meet my expectations}.",
    "I have {many|a long list of} complaints.", "Nothing {worked|was right}.", "{Bad|Poor|Sloppy} work.", "I would change everything.", "Never again!", "I {hate|hated} it.", "{Worst|The worst} $thing ever{.|!}",
]
ABOUT = [
    "$The was $j.", "$The {is|was} $j.", "$The {is|was} {really|truly|just|simply} $j.", "I {found|thought that} $the {was|is} $j.", "I have to say that $the was $j.",
    "In my opinion, $the was $j.", "{Especially|In particular,} $the was $j.", "$The, I must say, {is|was} $j.", "{My wife|My friend|My sister|My son} also {said|thought} that $the was $j.",
]
WHOLE = ["{It|This $thing|The $thing|It all} {was|is} $j.", "{It|This|This $thing} was {really|truly|just|simply} $j.", "I think {it|this $thing|the $thing} is $j."]
BOTH = ["$The was $j, and $theb was $jb{| too}.", "$The was $j and $theb {was|is} $jb.", "Not only was $the $j, $theb was $jb too."]
CONCEDE = ["Although $the was $o, $theb was $j.", "$The was $o, but $theb was $j.", "Yes, $the was $o. {But|Still,} $theb was $j.",
           "{Even though|While} $the was {a little |}$o, $theb was $j, and that is what {counts|matters}.", "$The was $o, but all in all I am $feeling."]


def _judgement(rng: random.Random, category: str, aspect: str, label: str, held_out: bool) -> str:
    own = CATEGORIES[category][2 if label == POSITIVE else 3]
    general, negated = (GOOD, NOT_BAD) if label == POSITIVE else (BAD, NOT_GOOD)
    if held_out:  # a text need not say what it reviews, so the pair must be held out wherever the aspect is known
        known_in = [c for c, (_, aspects, _, _) in CATEGORIES.items() if aspect in aspects]
        reserved = [j for j in [*own, *general, *negated] if all(bucket(c, aspect, j) == HELD_OUT_BUCKET for c in known_in)]
        if not reserved:
            raise LookupError(f"nothing is held out for {aspect} of {category}")
        return rng.choice(reserved)
    while True:
        judgement = rng.choice(rng.choices([general, own, negated], [50, 30, 20])[0])
        if bucket(category, aspect, judgement) != HELD_OUT_BUCKET:
            return judgement


def review(rng: random.Random, label: str, held_out: bool = False) -> str:
    """One to five sentences with the sentiment of the label."""
    category = rng.choice(list(CATEGORIES))
    names, aspects, _, _ = CATEGORIES[category]
    other = NEGATIVE if label == POSITIVE else POSITIVE
    first, second, third, fourth = rng.sample(aspects, 4)
    slots = {"thing": rng.choice(names)}

    def fill(template: str, **more: str) -> str:
        template = template.replace("${thing}s", "pairs of shoes" if slots["thing"] == "pair of shoes" else slots["thing"] + "s")
        return expand(rng, template, slots | more)

    def remark(aspect: str, another: str) -> str:
        judge = lambda a, l: _judgement(rng, category, a, l, held_out)
        shape = rng.random()
        if shape < 0.15 and not held_out:
            text = fill(rng.choice(WHOLE), j=judge("it", label))
        elif shape < 0.62:
            template = rng.choice(ABOUT)
            text = fill(template, the=f"the {aspect}", The=f"The {aspect}", j=judge(aspect, label))
        elif shape < 0.82:
            text = fill(rng.choice(BOTH), the=f"the {aspect}", The=f"The {aspect}", theb=f"the {another}", j=judge(aspect, label), jb=judge(another, label))
        else:
            feeling = "{happy|pleased|satisfied|delighted}" if label == POSITIVE else "{unhappy|disappointed|not happy|not satisfied}"
            text = fill(rng.choice(CONCEDE), the=f"the {aspect}", The=f"The {aspect}", theb=f"the {another}", o=judge(aspect, other),
                        j=judge(another, label), feeling=expand(rng, feeling))
        for word in PLURAL:
            text = text.replace(f"{word} was", f"{word} were").replace(f"{word} is", f"{word} are")
        return text

    intro = fill(rng.choice(INTRO_POSITIVE if label == POSITIVE else INTRO_NEGATIVE))
    verdict = fill(rng.choice(VERDICT_POSITIVE if label == POSITIVE else VERDICT_NEGATIVE))
    one, two = remark(first, second), remark(third, fourth)
    if held_out:  # every held-out review rests on a pair of words that training never showed
        shapes = [[one], [intro, one], [one, verdict], [one, two], [intro, one, two], [intro, one, two, verdict], [one, two, verdict]]
    else:
        shapes = [[intro], [one], [verdict], [intro, one], [one, verdict], [one, two], [intro, one, two], [intro, one, two, verdict], [one, two, verdict],
                  [intro, verdict]]
    parts = rng.choice(shapes)
    text = " ".join(parts)
    if parts == [one] or parts == [one, two]:
        text = text.replace("The ", f"The {slots['thing']}: the ", 1) if rng.random() < 0.15 and text.startswith("The ") else text
    style = rng.random()
    if style < 0.06:
        text = text.lower()
    elif style < 0.10:
        text = text.rstrip(".") + "!"
    elif style < 0.16:
        text = text.replace("can not", "can't").replace("did not", "didn't").replace("would not", "wouldn't").replace("do not", "don't").replace("was not", "wasn't").replace("will not", "won't")
    return text


INTENTS = {
    "complaint": ["I want my money back{.|!|, please.}", "My {order|parcel|package|ticket} {never arrived|is late|is broken|is missing}.", "I have been waiting for {an hour|two weeks|days}{.|!}",
                  "The {phone|lamp|chair|coat|watch} that I bought {does not work|broke after a day|is broken}.", "Your {service|website|support} is {terrible|too slow|a joke}.",
                  "Nobody answers {the phone|my letters|my questions}.", "I paid {twice|too much}, and {I am angry|nobody helps}.", "This is {not what I ordered|unacceptable}."],
    "praise": ["{Thank you|Thanks} {so much |}for the {great|wonderful|quick} {service|help|work}!", "You {did a great job|are the best|were so kind}.", "I love your {shop|bread|music|work|new design}.",
               "{Great|Excellent|Wonderful} work, {team|everyone}!", "The {delivery|answer} was {quick and friendly|faster than I hoped}.", "I am very happy with {your help|the result}.", "Keep up the good work!"],
    "question": ["{Where|When} {is|does} the {train|shop|museum|concert} {open|leave|start}?", "How much {is|does} {the ticket|this coat|a room} {cost|for one night}?", "What time do you {open|close}?",
                 "Can you tell me {the way to the station|where the bank is}?", "Do you {have|sell} {red shoes|bread|this in blue|tickets}?", "How do I {change my password|pay by card|open the box}?", "Which {bus|train} goes to the {city|beach}?"],
    "request": ["Please {send me the bill|call me tomorrow|open the window|change my address|cancel my order}.", "I would like {to book a table for two|a room for one night|to change my seat|a cup of tea}.",
                "Please {turn off the light|bring me the menu|help me with my bags}.", "I need {a new key|two tickets|a taxi to the station}, please."],
    "greeting": ["{Hello|Hi|Good morning|Good evening|Hey}{, everyone|, my friend| there|}!", "{Nice|Good} to {see|meet} you{.|!}", "{Hello|Hi}, how are you {today|doing}?", "Good {morning|afternoon|evening}{, everyone|, sir|}."],
}
TOPICS = {
    "animals": ["The {cat|dog|fox|lion|horse} {is sleeping in the sun|ran across the field|has four legs}.", "{Birds|Owls|Swallows} {build nests|fly south in autumn|sing in the morning}.", "Our {puppy|kitten|pony} is {three months old|very playful}."],
    "food": ["The soup {is hot|needs more salt}.", "I baked a {cake|pie|loaf of bread} with {apples|nuts|cherries}.", "We had {rice and beans|fish and potatoes|pasta} for {dinner|lunch}.", "Add {two eggs|some butter|a cup of flour} and stir."],
    "weather": ["It will {rain|snow|be sunny} {tomorrow|in the evening|all day}.", "A {cold|strong|warm} wind is blowing from the {north|west|sea}.", "The {sky is grey|fog is thick|sun is shining} {today|this morning}."],
    "music": ["She plays the {piano|violin|flute|guitar} {every day|very well}.", "The {choir|band|orchestra} sang {two songs|until midnight|a new song}.", "The {drum|trumpet|singer} {is too loud|sets the rhythm}."],
    "sport": ["Our team won the {match|game|final} {two to one|yesterday}.", "He {scored a goal|ran ten miles|swam across the lake} {yesterday|in the last minute}.", "The {runner|player|goalkeeper} {trains every day|hurt his knee}."],
    "travel": ["The {train|bus|plane|ship} leaves at {six|noon|eight}.", "We {flew|drove|sailed} to {Spain|the coast|Norway} {last summer|in May}.", "I packed {two bags|my passport|a map} for the {trip|journey}."],
    "school": ["The {teacher|pupil} {wrote on the board|read a poem|opened the book}.", "We have {a test|maths|history} {on Monday|today}.", "The {class|children} learned {to count|ten new words|about the planets}."],
    "space": ["The {moon|planet|comet} {goes around the sun|shines at night|is far away}.", "The {rocket|astronaut|telescope} {is ready|looked at the stars|flew to the moon}.", "There are {many stars|eight planets} {in the sky|around the sun}."],
}
FEELINGS = {
    "happy": ["I {passed the test|won a prize|got a puppy}!", "{Today is my birthday|We are going to the beach|My friend is coming to visit}!", "I {could sing|am dancing|am smiling all day}."],
    "sad": ["My {cat|grandmother|best friend} {died|is very ill|moved away}.", "I {miss my mother|lost my ring|have no friends}.", "I {cried|could not stop crying} {all night|today}."],
    "angry": ["{He|She|Someone} {broke my window|lied to me|stole my bike}!", "How dare {you|they}!", "I have told you {three|a hundred} times to {stop|be quiet}!"],
    "afraid": ["There is {a noise|somebody|a shadow} {in the dark|behind the door|outside}.", "I do not dare to {go down there|look|open the door}.", "What if {the storm comes|we fall|it bites}?"],
}
SCHEMES = [(INTENTS, "intent"), (TOPICS, "topic"), (FEELINGS, "feeling")]


def labelled(rng: random.Random) -> tuple[str, str, list[str], str]:
    """A short text, its label, all labels of its scheme, and the scheme's name."""
    scheme, name = rng.choice(SCHEMES)
    label = rng.choice(list(scheme))
    text = expand(rng, rng.choice(scheme[label]))
    if rng.random() < 0.3:
        more = expand(rng, rng.choice(scheme[label]))
        text = text if more == text else f"{text} {more}"
    return text, label, list(scheme), name


def held_out_reviews(count: int, seed: int) -> list[dict[str, str]]:
    rng = random.Random(seed)
    rows, seen = [], set()
    while len(rows) < count:
        label = POSITIVE if len(rows) % 2 == 0 else NEGATIVE
        try:
            text = review(rng, label, held_out=True)
        except LookupError:
            continue
        if text not in seen:
            seen.add(text)
            rows.append({"text": text, "label": label})
    return rows


if __name__ == "__main__":
    generator = random.Random(2)
    for index in range(30):
        print((POSITIVE, NEGATIVE)[index % 2], "|", review(generator, (POSITIVE, NEGATIVE)[index % 2], index >= 20))
    for _ in range(10):
        print(labelled(generator))
