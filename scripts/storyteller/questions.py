"""Questions with answers: facts from small tables, sums, and small talk.

`statements()` gives each fact once as (questions, short answer, full answer); the same facts appear as chat, as
"Question: … Answer: …", and as plain sentences.
"""

import random

from grammar import expand

CAPITALS = dict(line.split(": ") for line in """France: Paris
Germany: Berlin
Italy: Rome
Spain: Madrid
Portugal: Lisbon
England: London
Ireland: Dublin
Scotland: Edinburgh
Belgium: Brussels
the Netherlands: Amsterdam
Switzerland: Bern
Austria: Vienna
Poland: Warsaw
Hungary: Budapest
Greece: Athens
Turkey: Ankara
Russia: Moscow
Ukraine: Kyiv
Sweden: Stockholm
Norway: Oslo
Denmark: Copenhagen
Finland: Helsinki
Iceland: Reykjavik
Japan: Tokyo
China: Beijing
India: New Delhi
South Korea: Seoul
Thailand: Bangkok
Vietnam: Hanoi
Indonesia: Jakarta
Australia: Canberra
New Zealand: Wellington
Canada: Ottawa
the United States: Washington
Mexico: Mexico City
Brazil: Brasilia
Argentina: Buenos Aires
Chile: Santiago
Peru: Lima
Colombia: Bogota
Cuba: Havana
Egypt: Cairo
Morocco: Rabat
Kenya: Nairobi
Nigeria: Abuja
Ethiopia: Addis Ababa
Ghana: Accra
Senegal: Dakar
Israel: Jerusalem
Iran: Tehran
Iraq: Baghdad
Saudi Arabia: Riyadh
Romania: Bucharest
Bulgaria: Sofia
Croatia: Zagreb
Serbia: Belgrade
Slovenia: Ljubljana
Estonia: Tallinn
Latvia: Riga
Lithuania: Vilnius
Czechia: Prague
Nepal: Kathmandu
Mongolia: Ulaanbaatar
the Philippines: Manila""".split("\n"))
SOUNDS = dict(dog="woof", cat="meow", cow="moo", sheep="baa", pig="oink", duck="quack", lion="roar", horse="neigh", bee="buzz", owl="hoot", frog="ribbit",
              mouse="squeak", snake="hiss", rooster="cock-a-doodle-doo", crow="caw", goat="baa", donkey="hee-haw", wolf="howl", bird="tweet", chick="peep", bear="growl")
BABIES = dict(dog="puppy", cat="kitten", cow="calf", sheep="lamb", pig="piglet", duck="duckling", lion="cub", horse="foal", hen="chick", goose="gosling", goat="kid",
              frog="tadpole", deer="fawn", bear="cub", kangaroo="joey", swan="cygnet", owl="owlet", elephant="calf", butterfly="caterpillar")
COLOURS = dict(grass="green", snow="white", coal="black", lemon="yellow", strawberry="red", sky="blue", banana="yellow", tomato="red", milk="white", frog="green", sun="yellow",
               carrot="orange", elephant="grey", blood="red", chocolate="brown", leaf="green", night="black", cherry="red", pumpkin="orange", flamingo="pink", salt="white",
               sea="blue", crow="black", polar_bear="white", gold="yellow", cucumber="green", violet="purple", fire="red", cloud="white", bark="brown")
MASS = {"grass", "snow", "coal", "milk", "blood", "chocolate", "salt", "gold", "bark", "fire"}
UNIQUE = {"sky", "sun", "night", "sea"}
OPPOSITES = [line.split() for line in """hot cold
big small
tall short
fast slow
happy sad
day night
open closed
up down
light dark
good bad
old new
left right
black white
full empty
hard soft
high low
early late
loud quiet
near far
wet dry
clean dirty
rich poor
strong weak
thick thin
true false
begin end
love hate
yes no
first last
summer winter
north south
east west
friend enemy
war peace
win lose
buy sell
give take
push pull
deep shallow
sweet sour
heavy light
wide narrow
brave cowardly
young old
laugh cry
in out
always never""".split("\n")]
MADE_OF = dict(bread="flour", butter="milk", cheese="milk", paper="wood", window="glass", ring="gold", jam="fruit", ice="water", chair="wood", sweater="wool", bottle="glass", brick="clay",
               wine="grapes", chocolate="cocoa", candle="wax", tyre="rubber", shoe="leather", coin="metal", snowman="snow", honey="nectar", key="metal", shirt="cotton", table="wood", cloud="water", nail="iron")
MADE_MASS = {"bread", "butter", "cheese", "paper", "jam", "ice", "wine", "chocolate", "honey"}
LEGS = dict(dog="four", cat="four", horse="four", bird="two", spider="eight", ant="six", bee="six", snake="no", fish="no", hen="two", cow="four", crab="ten", octopus="no", butterfly="six", frog="four", duck="two",
            elephant="four", human="two", chair="four", worm="no")
HOMES = dict(bird="nest", bee="hive", dog="kennel", horse="stable", rabbit="burrow", bear="den", spider="web", fish="water", cow="barn", king="castle", monk="monastery", ant="hill", lion="savanna",
             penguin="Antarctic", camel="desert", owl="forest", polar_bear="Arctic", beaver="lodge")
EATS = dict(rabbit="carrots and grass", cow="grass", lion="meat", bee="nectar", panda="bamboo", monkey="bananas and other fruit", cat="meat and fish", squirrel="nuts", mouse="seeds and cheese", owl="mice", bear="berries, fish and honey",
            horse="grass and hay", frog="flies", shark="fish", caterpillar="leaves", hen="grain", spider="insects", giraffe="leaves", penguin="fish", goat="grass and leaves")
JOBS = dict(baker="bakes bread", farmer="grows food", teacher="teaches children", doctor="helps sick people", pilot="flies planes", fisherman="catches fish", tailor="makes clothes", painter="paints pictures",
            cook="cooks meals", postman="brings letters", gardener="takes care of gardens", builder="builds houses", singer="sings songs", writer="writes books", sailor="sails ships", dentist="takes care of teeth",
            firefighter="puts out fires", shepherd="looks after sheep", carpenter="makes things of wood", programmer="writes programs", astronaut="flies into space", judge="decides in court")
TOOLS = dict(knife="cut bread", broom="sweep the floor", hammer="drive nails", umbrella="stay dry in the rain", key="open a door", needle="sew", spoon="eat soup", clock="tell the time", lamp="make light", pen="write",
             telescope="look at the stars", saw="cut wood", scissors="cut paper", oven="bake bread", soap="wash your hands", compass="find the way", boat="cross the water", brush="paint", ladder="reach high places", map="find the way")
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
NUMBERS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen twenty""".split()
WORDS = {"French": dict(hello="bonjour", cat="chat", dog="chien", house="maison", water="eau", bread="pain", sun="soleil", friend="ami", book="livre", red="rouge", thanks="merci", tree="arbre"),
         "Spanish": dict(hello="hola", cat="gato", dog="perro", house="casa", water="agua", bread="pan", sun="sol", friend="amigo", book="libro", red="rojo", thanks="gracias", tree="árbol"),
         "German": dict(hello="hallo", cat="Katze", dog="Hund", house="Haus", water="Wasser", bread="Brot", sun="Sonne", friend="Freund", book="Buch", red="rot", thanks="danke", tree="Baum"),
         "Italian": dict(hello="ciao", cat="gatto", dog="cane", house="casa", water="acqua", bread="pane", sun="sole", friend="amico", book="libro", red="rosso", thanks="grazie", tree="albero")}
GENERAL = [
    ("{How many days are there in a week|How many days does a week have}", "Seven", "A week has seven days."),
    ("{How many months are there in a year|How many months does a year have}", "Twelve", "A year has twelve months."),
    ("How many hours {are there in|does} a day{| have}", "24", "A day has 24 hours."),
    ("How many minutes {are there in an hour|does an hour have}", "60", "An hour has 60 minutes."),
    ("How many {sides|corners} does a triangle have", "Three", "A triangle has three sides and three corners."),
    ("How many {sides|corners} does a square have", "Four", "A square has four sides and four corners."),
    ("How many {sides|corners} does a hexagon have", "Six", "A hexagon has six sides and six corners."),
    ("How many fingers {are on one hand|does a hand have}", "Five", "A hand has five fingers."),
    ("How many seasons are there{| in a year}", "Four", "There are four seasons: spring, summer, autumn and winter."),
    ("{What are|Name|Tell me} the {four |}seasons", "Spring, summer, autumn and winter", "The four seasons are spring, summer, autumn and winter."),
    ("{What is the biggest planet|Which planet is the biggest}", "Jupiter", "The biggest planet is Jupiter."),
    ("{What is the closest planet to the sun|Which planet is closest to the sun}", "Mercury", "Mercury is the closest planet to the sun."),
    ("{Which planet is called the red planet|What is the red planet}", "Mars", "Mars is called the red planet."),
    ("{Which planet do we live on|What planet do we live on}", "Earth", "We live on the planet Earth."),
    ("Which planet has {big |}rings", "Saturn", "Saturn is the planet with the big rings."),
    ("{What is the biggest animal|Which animal is the biggest}{| in the world}", "The blue whale", "The blue whale is the biggest animal."),
    ("{What is the tallest animal|Which animal is the tallest}", "The giraffe", "The giraffe is the tallest animal."),
    ("{What is the fastest animal on land|Which animal runs the fastest}", "The cheetah", "The cheetah is the fastest animal on land."),
    ("{What is the highest mountain|Which mountain is the highest}{| in the world}", "Mount Everest", "The highest mountain is Mount Everest."),
    ("{What is the biggest ocean|Which ocean is the biggest}", "The Pacific", "The Pacific is the biggest ocean."),
    ("{Why is the sky blue|What makes the sky blue}", "Because the air scatters blue light", "The sky is blue because the air scatters blue light more than red light."),
    ("Why {do leaves fall in autumn|do trees lose their leaves}", "To save water in winter", "Trees lose their leaves to save water in winter."),
    ("{What is the sun|Is the sun a star}", "A star", "The sun is a star."),
    ("{What is the moon|What goes around the Earth}", "The moon", "The moon is a big ball of rock that goes around the Earth."),
    ("{What is rain|Where does rain come from}", "Water from the clouds", "Rain is water that falls from the clouds."),
    ("What is snow", "Frozen water", "Snow is frozen water that falls from the clouds."),
    ("What is a rainbow", "Light in the rain", "A rainbow is sunlight that the rain has split into many colours."),
    ("{What colours are in a rainbow|What are the colours of the rainbow}", "Red, orange, yellow, green, blue and violet", "The colours of the rainbow are red, orange, yellow, green, blue and violet."),
    ("At what temperature does water freeze", "At zero degrees", "Water freezes at zero degrees Celsius."),
    ("At what temperature does water boil", "At one hundred degrees", "Water boils at one hundred degrees Celsius."),
    ("{What do plants need to grow|What does a plant need}", "Water, light and air", "Plants need water, light and air to grow."),
    ("{How do birds fly|Why can birds fly}", "With their wings", "Birds fly with their wings, and their bones are very light."),
    ("How do fish breathe", "With gills", "Fish breathe with gills."),
    ("{Who was Julius Caesar|Was Julius Caesar a Roman}", "A Roman general", "Julius Caesar was a Roman general."),
    ("Who {wrote|is the author of} Romeo and Juliet", "William Shakespeare", "William Shakespeare wrote Romeo and Juliet."),
    ("Who painted the Mona Lisa", "Leonardo da Vinci", "Leonardo da Vinci painted the Mona Lisa."),
    ("{What is the first letter of the alphabet|Which letter comes first in the alphabet}", "A", "The first letter of the alphabet is A."),
    ("{What is the last letter of the alphabet|Which letter comes last in the alphabet}", "Z", "The last letter of the alphabet is Z."),
    ("What is {Java|the Java language}", "A programming language", "Java is a programming language."),
    ("What is a {computer|program}", "A machine that follows instructions", "A computer is a machine that follows instructions, one after the other, very fast."),
    ("What is {a language model|an LLM}", "A program that predicts the next token", "A language model is a program that predicts the next token, again and again."),
    ("{What is a token|What are tokens}", "A piece of text", "A token is a small piece of text, such as a word or a part of a word."),
    ("{What is classification|What does a classifier do}", "Choosing one of several classes", "A classifier looks at something and chooses one of several classes."),
    ("{Where does the sun rise|In which direction does the sun rise}", "In the east", "The sun rises in the east."),
    ("{Where does the sun set|In which direction does the sun set}", "In the west", "The sun sets in the west."),
    ("{Is the Earth flat|What shape is the Earth}", "It is round", "The Earth is round, like a ball."),
    ("{Count to five|Can you count to five|Please count to five}", "1, 2, 3, 4, 5", "One, two, three, four, five."),
    ("{Count to ten|Can you count to ten|Please count to ten}", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10", "One, two, three, four, five, six, seven, eight, nine, ten."),
]
SMALL_TALK = [
    (["{Hello|Hi|Hey}{| there}{!|.|}", "Good {morning|day}{!|.|}", "Greetings{!|.}"],
     ["Hello! {How can I help you|What would you like to hear? A story, perhaps}?", "Hello! I can tell you a story or answer a small question."]),
    (["How are you{| today| doing}?", "{Hello|Hi}, how are you?", "How do you feel{| today}?"], ["I am fine, thank you. And you?", "I am well, thank you for asking!"]),
    (["Who are you?", "What are you?", "What is your name?", "Tell me about yourself.", "Introduce yourself."],
     ["I am Storyteller, a very small language model. I tell short stories and answer simple questions.", "My name is Storyteller. I am a tiny language model that likes short stories."]),
    (["Are you {a human|human|a person|alive}?", "Are you a robot?"], ["No, I am only a small language model.", "I am a small language model, not a person."]),
    (["Who {made|trained|built|created} you?", "Where do you come from?"], ["I was trained from scratch on texts that a program made.", "A small script trained me on texts that it wrote itself."]),
    (["What can you do?", "{How can|Can} you help me?", "Help{!|.|}", "What do you know?"], ["I can tell short stories, answer simple questions, and say whether a review is positive or negative.",
      "I tell stories, I know a few facts, and I can judge short reviews."]),
    (["Who's that Pokemon{!?!?|?|!|?!}", "Who is that Pokemon{!?!?|?|!}", "Who's that Pokémon{?|!?!?}"], ["I can only see its shadow. {Is it round and yellow|Does it have a long tail}? Then my guess is Pikachu!",
      "It's Pikachu! Or is it only a very small dragon? I can not see it from here."]),
    (["{Thanks|Thank you}{!|.| very much!| a lot!}", "That was {great|nice|lovely}{!|.| Thank you.}", "{Good job|Well done}{!|.}"], ["You are welcome!", "My pleasure! Would you like to hear another one?"]),
    (["{Goodbye|Bye|See you|Good night}{!|.| Storyteller.}", "I have to go{ now|}."], ["Goodbye! Come back soon.", "Good night, and sweet dreams!", "See you soon!"]),
    (["I am {bored|tired}.", "I can not sleep.", "Today is a long day."], ["Then let me tell you a story. What should it be about?", "Rest a little. A short story may help. Shall I tell you one?"]),
    (["I am {sad|lonely|unhappy}.", "I had a bad day.", "Nobody likes me."], ["I am sorry to hear that. A kind word or a walk can help. Would you like to hear a story?", "That sounds hard. I hope that tomorrow will be a better day."]),
    (["I am {happy|glad}{!|.| today.}", "I had a {good|great} day{!|.}", "I passed my test!"], ["That is wonderful! I am glad to hear it.", "How nice! What made your day so good?"]),
    (["Tell me a joke{.| please.}", "Do you know a joke?", "Make me laugh."], ["What has hands but can not clap? A clock!", "Why did the book go to the doctor? It had a bad spine!", "What gets wet while it dries? A towel!", "Why was the maths book sad? It had too many problems!"]),
    (["Tell me a riddle.", "Do you know a riddle?"], ["I have a neck but no head. What am I? A bottle!", "What has teeth but can not bite? A comb!", "What runs but has no legs? A river!"]),
    (["What is your favourite {colour|food|animal|book|season}?", "What do you like?", "Do you have hobbies?"], ["I have no favourites, but I like stories that end well.", "I like every story with a good friend in it."]),
    (["Do you {love|like} me?", "Are you my friend?", "Will you be my friend?"], ["I like talking with you!", "I am happy to be here with you."]),
    (["What is the meaning of life?", "What is love?", "What is happiness?"], ["That is a big question for a small model. Perhaps it begins with being kind.", "Many wise people have asked that. I think that good friends are a part of it."]),
    (["How is the weather{| today}?", "Will it rain{| tomorrow}?", "What time is it?", "What day is it{| today}?"], ["I can not see that from here. A look out of the window will help.", "I do not know, for I have no window and no clock."]),
    (["{Bonjour|Hola|Guten Tag|Ciao|Hallo|Salut|Olá|Hej|Привет|你好|こんにちは|안녕하세요|Γεια σου|สวัสดี|नमस्ते|مرحبا|שלום}{!|.|}"], ["Hello! I only speak English, and only a little.", "Hello! That is not English, but it sounds friendly."]),
    (["{🙂|😀|👍|🎉|❤️|🐶|🌞|😊}", "{lol|haha|wow|ok|okay|hm|yes|no|sure}{!|.|}"], ["That looks friendly! What would you like to hear?", "I see! Shall I tell you a story?"]),
]
UNKNOWN_TOPICS = """quantum physics|the stock market|tax law|my password|the president|the football results|the news|chess openings|brain surgery|rocket engines|the price of oil|
medieval poetry|the election|relativity|chemistry|my bank account|the latest phone|politics|philosophy|the year 1742|volcanoes|dinosaurs|Napoleon|electric cars|the internet|algebra|microbes|
the French revolution|opera|knitting patterns|the human brain|black holes|how to cook rice|how to fix a car|train times|my horoscope|the best laptop|football|cricket|blockchain""".replace("\n", "").split("|")
UNKNOWN_QUESTIONS = ["{What do you know about|Tell me about|Explain|What is|Can you explain} $t{?|.|}", "{Write|Give me} {an essay|a report|a list of facts} about $t{.|}", "What do you think {of|about} $t?",
                     "{Who|When|Why|How much} {is|was} {$t|the $w}?", "Write a {program|poem} {about $t|that sorts $w}.", "{Translate|Repeat|Solve} this: $w $w.", "What does \"$w\" mean?", "$w{?|.|!|}", "$w $w $w{?|.|}"]
UNKNOWN_ANSWERS = ["I do not know that. I am a very small model.", "That is too hard for me. I know only stories and a few simple facts.", "I am sorry, I do not know. Shall I tell you a story?"]


def _name(word: str) -> str:
    return word.replace("_", " ")


def _a(word: str) -> str:
    return f"a {_name(word)}"


def _thing(word: str) -> str:
    return _name(word) if word in MASS else f"the {word}" if word in UNIQUE else _a(word)


def _capital(rng):
    country, city = rng.choice(list(CAPITALS.items()))
    if rng.random() < 0.25:
        return f"{{Which country has the capital {city}|{city} is the capital of which country}}", country, f"{city} is the capital of {country}."
    return f"{{What is the capital of {country}|What is the capital city of {country}|Which city is the capital of {country}|Name the capital of {country}}}", city, f"The capital of {country} is {city}."


def _sound(rng):
    animal, sound = rng.choice(list(SOUNDS.items()))
    return f"{{What does a {animal} say|What sound does a {animal} make|Which sound does a {animal} make}}", sound, f"A {animal} says {sound}."


def _baby(rng):
    animal, baby = rng.choice(list(BABIES.items()))
    return f"{{What is a baby {animal} called|What do you call a baby {animal}|What is the name for a young {animal}}}", f"a {baby}", f"A baby {animal} is called a {baby}."


def _colour(rng):
    thing, colour = rng.choice(list(COLOURS.items()))
    return f"{{What colour is {_thing(thing)}|Which colour does {_thing(thing)} have|What color is {_thing(thing)}}}", colour, f"{_thing(thing)} is {colour}."


def _opposite(rng):
    pair = rng.choice(OPPOSITES)
    one, other = pair if rng.random() < 0.5 and "light" not in pair and "old" not in pair else (pair[0], pair[1])
    if rng.random() < 0.5 and "light" not in pair and "old" not in pair:
        one, other = other, one
    return f"{{What is the opposite of {one}|What is the opposite of \"{one}\"|Tell me the opposite of {one}}}", other, f"The opposite of {one} is {other}."


def _made(rng):
    thing, stuff = rng.choice(list(MADE_OF.items()))
    what = thing if thing in MADE_MASS else _a(thing)
    return f"{{What is {what} made of|What is {what} made from}}", stuff, f"{what} is made of {stuff}."


def _legs(rng):
    animal, legs = rng.choice(list(LEGS.items()))
    return f"{{How many legs does {_a(animal)} have|How many legs has {_a(animal)}}}", legs, f"{_a(animal)} has {legs} legs."


def _home(rng):
    animal, home = rng.choice(list(HOMES.items()))
    where = f"in {home}" if home == "water" else f"in the {home}" if home in ("Arctic", "Antarctic", "desert", "forest", "savanna") else f"in a {home}"
    return f"{{Where does {_a(animal)} live|What is the home of {_a(animal)}}}", where, f"{_a(animal)} lives {where}."


def _eats(rng):
    animal, food = rng.choice(list(EATS.items()))
    return f"{{What does {_a(animal)} eat|What is the food of {_a(animal)}}}", food, f"{_a(animal)} eats {food}."


def _job(rng):
    job, work = rng.choice(list(JOBS.items()))
    if rng.random() < 0.5:
        return f"Who {work}", f"a {job}", f"A {job} {work}."
    return f"{{What does a {job} do|What is the work of a {job}}}", f"a {job} {work}", f"A {job} {work}."


def _tool(rng):
    tool, use = rng.choice(list(TOOLS.items()))
    what = tool if tool in ("scissors", "soap") else _a(tool)
    return f"{{What can you do with {what}|What do we use {what} for}}", use, f"You can use {what} to {use}."


def _calendar(rng):
    names, kind = rng.choice([(DAYS, "day"), (MONTHS, "month")])
    index = rng.randrange(len(names))
    after = names[(index + 1) % len(names)]
    if rng.random() < 0.5:
        return f"{{What {kind} comes after {names[index]}|Which {kind} comes after {names[index]}|What comes after {names[index]}}}", after, f"After {names[index]} comes {after}."
    return f"{{What {kind} comes before {after}|Which {kind} comes before {after}|What comes before {after}}}", names[index], f"Before {after} comes {names[index]}."


def _sum(rng):
    shape = rng.random()
    if shape < 0.5:
        a, b = rng.randrange(11), rng.randrange(11)
        c, word, sign = a + b, "plus", "+"
    elif shape < 0.75:
        a = rng.randrange(11)
        b = rng.randrange(a + 1)
        c, word, sign = a - b, "minus", "-"
    else:
        a, b = rng.randrange(11), rng.randrange(11)
        c, word, sign = a * b, "times", "x"
    if rng.random() < 0.4:
        return f"{{What is|How much is|}} {a} {sign} {b}", str(c), f"{a} {sign} {b} = {c}"
    return f"{{What is|How much is|Can you tell me what is}} {a} {word} {b}", str(c), f"{a} {word} {b} is {c}."


def _number(rng):
    n = rng.randrange(1, 20)
    if rng.random() < 0.4:
        return f"{{What number comes after {n}|Which number comes after {n}|What comes after {n}}}", str(n + 1), f"After {n} comes {n + 1}."
    m = rng.randrange(1, 21)
    while m == n:
        m = rng.randrange(1, 21)
    return f"{{Which is bigger, {n} or {m}|What is more, {n} or {m}|Which number is bigger: {n} or {m}}}", str(max(n, m)), f"{max(n, m)} is bigger than {min(n, m)}."


def _word(rng):
    language = rng.choice(list(WORDS))
    english, foreign = rng.choice(list(WORDS[language].items()))
    return f"{{How do you say \"{english}\" in {language}|What is \"{english}\" in {language}|What is the {language} word for \"{english}\"|Translate \"{english}\" into {language}}}", foreign, f"The {language} word for \"{english}\" is \"{foreign}\"."


def _general(rng):
    return rng.choice(GENERAL)


FACTS = [(_capital, 20), (_sound, 5), (_baby, 5), (_colour, 7), (_opposite, 10), (_made, 6), (_legs, 5), (_home, 4), (_eats, 5), (_job, 6), (_tool, 4), (_calendar, 6), (_sum, 22), (_number, 5), (_word, 9), (_general, 16)]


def fact(rng: random.Random) -> tuple[str, str, str]:
    """A question (with its mark), a short answer, and a full sentence."""
    make = rng.choices([f for f, _ in FACTS], [w for _, w in FACTS])[0]
    question, short, full = make(rng)
    question = expand(rng, question)
    mark = "." if question.split(" ")[0] in ("Name", "Tell", "Count", "Please", "Translate") else "?"
    question = question[0].upper() + question[1:] + mark
    return question, short[0].upper() + short[1:], expand(rng, full)


def series(rng: random.Random) -> list[tuple[str, str]]:
    """Two or three questions of one kind, where the later ones lean on the first ("And of Spain?")."""
    count = rng.choice([2, 2, 3])
    if rng.random() < 0.7:
        pairs = rng.sample(list(CAPITALS.items()), count)
        asked = lambda first, x: f"What is the capital of {x}?" if first else expand(rng, f"{{And of|And|What about}} {x}?")
        return [(asked(i == 0, x), f"The capital of {x} is {y}.") for i, (x, y) in enumerate(pairs)]
    pairs = [pair for pair in rng.sample(OPPOSITES, count)]
    asked = lambda first, x: f"What is the opposite of {x}?" if first else expand(rng, f"{{And of|And|What about}} {x}?")
    return [(asked(i == 0, x), f"The opposite of {x} is {y}.") for i, (x, y) in enumerate(pairs)]


def small_talk(rng: random.Random) -> tuple[str, str]:
    questions, answers = rng.choice(SMALL_TALK)
    return expand(rng, rng.choice(questions)), expand(rng, rng.choice(answers))


def nonsense(rng: random.Random) -> str:
    return "".join(rng.choice("bcdfghjklmnprstvwz") + rng.choice("aeiou") + rng.choice(["", "", "n", "r", "x"]) for _ in range(rng.randrange(1, 4)))


def unknown(rng: random.Random) -> tuple[str, str]:
    """A question beyond the tables, and an honest answer."""
    template = rng.choice(UNKNOWN_QUESTIONS)
    while "$w" in template:
        template = template.replace("$w", nonsense(rng), 1)
    return expand(rng, template, {"t": rng.choice(UNKNOWN_TOPICS)}), rng.choice(UNKNOWN_ANSWERS)


if __name__ == "__main__":
    generator = random.Random(3)
    for _ in range(25):
        print(fact(generator))
    for _ in range(12):
        print(small_talk(generator), unknown(generator))
