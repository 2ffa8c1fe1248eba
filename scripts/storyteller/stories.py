"""Short stories: a hero, a problem, a friend, an attempt, an ending.

A plot is a list of beats, and a beat is a list of alternatives. The hero's name, pronouns and things are
slots that are filled once for a story, so they stay the same from the first sentence to the last.
"""

import random
from dataclasses import dataclass

from grammar import expand

GIRLS = """Mia Anna Lily Rosa Nora Emma Clara Zoe Ella Ruby Ivy Maya Sara Lucy Amy Tara Nina Eva Leila Hana June Kira
Olga Paula Ines Freya Greta Molly Daisy Alice Sofia Amina Yuki Priya Elsa Hazel Luna Willa Petra Mina""".split()
BOYS = """Tom Ben Sam Leo Max Finn Jack Oscar Noah Hugo Omar Ravi Felix Theo Liam Emil Otto Pablo Milo Adam Luca Kai
Jonas Peter Anton Henry Arlo Ivan Nico Simon Toby Karim Diego Hiro Marco Elias Rafi Bruno Jamal Oliver""".split()
ANIMALS = """fox rabbit bear mouse owl hedgehog squirrel frog turtle duck kitten puppy goat lamb beaver badger otter
sparrow crow penguin elephant monkey lion tiger deer donkey pony pig hen cat dog mole""".split()
ANIMAL_NAMES_HE = "Rusty Pip Bramble Hoot Waddle Fuzz Biscuit Tiko Barley Moss Button Gus Bobo Chip Pepper Flint".split()
ANIMAL_NAMES_SHE = "Hazel Poppy Clover Willow Dot Ginger Honey Pearl Tilly Snow Misty Bella Fern Olive Sunny Coco".split()
WORKERS_M = ["old fisherman", "young baker", "kind shepherd", "poor tailor", "old farmer", "young sailor", "quiet gardener"]
WORKERS_F = ["old weaver", "young baker", "kind farmer", "poor painter", "brave sailor", "young teacher", "quiet gardener"]

HOMES = [
    "a small village by the sea", "a little house near the forest", "a quiet town between two hills",
    "a tall house at the edge of the town", "a green valley", "a cottage beside a river", "a farm on a hill",
    "a village high in the mountains", "a busy town with a big market", "a small house with a yellow door",
    "a village under an old castle", "a little town near a lake", "a house at the end of a long road",
    "a stone house on an island", "a warm valley full of flowers",
]
ANIMAL_HOMES = [
    "a hollow tree in the forest", "a cosy den under an old oak", "a small cave near the river", "the middle of a big forest",
    "a nest of leaves beside the pond", "a green meadow", "a quiet corner of the forest", "an old barn on a farm",
    "a burrow under the hill", "the reeds beside a lake", "a garden behind a red house", "the tall grass near the river",
]
TRAITS = ["kind", "curious", "brave", "cheerful", "shy", "clever", "gentle", "patient", "playful", "quiet", "busy", "friendly"]
HOBBIES = [
    "to sing", "to climb trees", "to count the stars", "to collect smooth stones", "to run in the wind", "to listen to old stories",
    "to draw pictures", "to watch the clouds", "to dance in the rain", "to look for shells", "to explore", "to help others",
    "to play in the garden", "to watch the boats", "to sleep in the sun", "to jump over puddles", "to pick berries",
]
WEATHER = ["sunny", "cold", "windy", "warm", "rainy", "cloudy", "bright", "foggy", "snowy", "quiet", "fine", "grey"]
COLOURS = ["red", "blue", "green", "yellow", "white", "black", "golden", "silver", "purple", "orange", "brown", "pink"]
THINGS = ["kite", "hat", "scarf", "key", "ball", "whistle", "drum", "book", "lantern", "bell", "ring", "boat", "button", "flute",
          "umbrella", "basket", "coin", "map", "teddy", "spinning top"]
FOODS = ["apple pie", "loaf of bread", "bowl of soup", "honey cake", "basket of berries", "piece of cheese", "plate of pancakes",
         "bag of nuts", "pot of jam", "box of cookies", "sweet melon", "bunch of carrots"]
HIDING = ["under the bed", "behind the old oak", "in the tall grass", "under a pile of leaves", "beside the well", "in a bird's nest",
          "between two rocks", "at the bottom of the basket", "behind the door", "in the branches of a tree", "near the bridge",
          "under the wooden bench", "on the roof of the barn", "next to the pond"]
SEARCHED = ["in the kitchen", "in the garden", "by the river", "in the barn", "at the market", "under the table", "along the path",
            "behind the house", "in the meadow", "near the school", "on the hill", "beside the lake"]
SKILLS = [("swim", "swimming", "in the lake"), ("whistle", "whistling", "in the yard"), ("bake bread", "baking", "in the kitchen"),
          ("paint", "painting", "by the window"), ("ride a bike", "riding", "on the long road"), ("dance", "dancing", "in the hall"),
          ("skate", "skating", "on the frozen pond"), ("play the drum", "drumming", "in the barn"), ("read", "reading", "under a tree"),
          ("climb", "climbing", "on the big rock"), ("sing", "singing", "on the hill"), ("juggle", "juggling", "in the market"),
          ("knit", "knitting", "by the fire"), ("play the flute", "playing", "beside the river")]
FEARS = [("the dark", "In the dark there are the same things as in the light, only quieter", "a small lantern", "night"),
         ("thunder", "Thunder is only the sky clapping its hands", "a warm blanket", "storm"),
         ("deep water", "Water will carry you if you trust it", "a little wooden boat", "swim"),
         ("high places", "Do not look down, look where you want to go", "a strong rope", "climb"),
         ("the big dog next door", "He barks because he wants to play", "a piece of bread", "walk"),
         ("the old forest", "The forest is full of friends that you have not met yet", "a bright lantern", "walk")]
SEEDS = [("sunflower", "as tall as a house", "It was the brightest flower in the village"),
         ("apple tree", "with sweet red apples", "There were enough apples for everyone"),
         ("pumpkin", "as big as a cart", "They made soup for the whole village"),
         ("rose", "with a hundred petals", "The smell of it filled the street"),
         ("bean plant", "that climbed to the roof", "They ate beans all summer"),
         ("cherry tree", "full of white blossoms", "The birds came from far away to see it"),
         ("strawberry plant", "full of sweet berries", "They made jam for the winter")]
GIFTS = [("a warm scarf", "wool", "knitted"), ("a little wooden boat", "wood", "carved"), ("a picture of the sea", "paint", "painted"),
         ("a necklace of shells", "shells", "made"), ("a honey cake", "honey and flour", "baked"), ("a paper star", "paper", "folded"), ("a small clay bird", "clay", "made"), ("a basket of flowers", "flowers", "filled")]
RELATIVES = ["mother", "father", "grandmother", "grandfather", "sister", "brother", "aunt", "uncle"]
NOISES = [("a soft tapping", "a branch that was knocking on the window", "window"), ("a strange humming", "a lost bee in a glass jar", "kitchen"),
          ("a low moaning", "the wind in an empty bottle", "yard"), ("a quiet crying", "a tiny kitten behind the stove", "kitchen"),
          ("a loud scratching", "a hedgehog that was looking for food", "garden"), ("a strange ringing", "a goat with a bell on its neck", "yard"),
          ("a soft rustling", "a mouse that was making a bed of paper", "attic"), ("a deep hooting", "a young owl on the chimney", "attic")]
BABIES = [("lamb", "sheep", "meadow"), ("duckling", "duck", "pond"), ("kitten", "cat", "barn"), ("chick", "hen", "farm"),
          ("puppy", "dog", "farm"), ("calf", "cow", "field"), ("fawn", "deer", "forest"), ("cub", "bear", "forest"), ("foal", "horse", "field"),
          ("piglet", "pig", "farm"), ("bear cub", "mother bear", "forest"), ("little owl", "mother owl", "forest")]
WISHES = [("a mountain of gold", "rain for the dry fields", "the fields were dry and the people were hungry", "The rain fell for three days, and the fields turned green"),
          ("a palace of glass", "a new bridge for the village", "the old bridge had fallen into the river", "In the morning a strong stone bridge stood over the river"),
          ("a crown of silver", "good health for $his sick neighbour", "an old neighbour was very ill", "The next day the neighbour was up and singing"),
          ("a ship with white sails", "a warm coat for every child", "the winter was hard and the children were cold", "That evening every child had a warm new coat"),
          ("a hundred cakes", "a home for a lonely old dog", "an old dog slept alone in the street", "By the evening the dog had a soft bed and a kind friend")]
RACES = ["a race to the top of the hill", "a race through the forest", "a race around the village", "a race to the old mill"]
BROKEN = [("vase", "blue"), ("teapot", "white"), ("clock", "old"), ("cup", "painted"), ("mirror", "round"), ("lamp", "green")]
CURES = [("a silver flower", "on the highest mountain"), ("water from the clear spring", "behind the dark forest"),
         ("a red mushroom", "in the deep valley"), ("honey from the wild bees", "in the old forest"), ("a golden apple", "in the garden of a giant")]
MORALS = {
    "help": ["{A friend in need is a treasure|Help is never far away when you have a friend|It is good to ask for help|Two pairs of eyes see more than one}."],
    "patience": ["{Good things take time|Patience brings the sweetest fruit|Whoever waits with a calm heart is never late|Slow steps still reach the top}."],
    "truth": ["{The truth is lighter to carry than a lie|It is brave to tell the truth|An honest word mends more than glue}."],
    "kind": ["{Kindness always comes back|A kind heart is worth more than gold|What we share grows bigger|Small kindness can change a whole day}."],
    "brave": ["{Being brave means being afraid and going on|Courage begins with one small step|Fear grows small when we look at it}."],
    "practice": ["{Nobody is born a master|Practice makes hard things easy|Every fall teaches us something|Never give up too soon}."],
    "friends": ["{A friend is worth more than any toy|Friends can always say sorry|New friends are often only one hello away}."],
    "curious": ["{Many scary things are small when you look closely|It is good to look before you are afraid|Curious eyes find the answer}."],
    "pride": ["{Pride runs fast but does not run far|It is better to help than to win|Slow and steady gets there too}."],
}
OPENINGS_ONCE = [
    "Once upon a time, there {was|lived} $hero named $N{, who| . $He} lived in $home.",
    "Once upon a time, in $home, there lived $hero {named|called} $N.",
    "Once upon a time there was $hero. $His name was $N, and $he lived in $home.",
    "Once upon a time, $hero {named|called} $N lived in $home.",
]
OPENINGS = [
    "{Long ago|Long, long ago|Many years ago}, $hero {named|called} $N lived in $home.",
    "There once was $hero {named|called} $N. $He lived in $home.",
    "In $home, there lived $hero {named|called} $N.",
    "$N was $hero who lived in $home.",
    "$N lived in $home. $He was $hero.",
    "This is the story of $N, $hero from $home.",
]
CHARACTER = [
    "$N was {very|always} $trait and loved $hobby.",
    "Everyone {liked|knew} $N because $he was so $trait.",
    "$He was $trait, and $he loved $hobby.",
    "More than anything, $N loved $hobby.",
    "$N loved $hobby. $He did it every day.",
    "", "",
]
WHEN = "{One day|One morning|One $weather day|One $weather morning|One $weather afternoon|One evening}"
CLOSINGS = [
    "", "", "The end.", "{From that day on|After that day}, $N and $F were {the best of friends|always together|good friends}.",
    "And they lived happily ever after.", "That night, $N slept {well|deeply} and dreamed of $dream.",
    "$N never forgot that day.", "$N went home with a {happy|light|warm} heart.",
    "And if you go there today, you may still {hear|see} them laughing.",
]
DREAMS = ["stars", "the sea", "flying", "golden fields", "new friends", "summer", "the moon", "warm bread", "a big adventure"]
SAD = "{sad|very sad|unhappy|close to tears|upset}"
HAPPY = "{happy|very happy|glad|full of joy|so happy}"

# Each plot: titles, topics ("Tell me a story about ..."), the moral's kind, and the beats.
PLOTS = {
    "lost": dict(
        titles=["The Lost $Thing", "$N and the $Colour $Thing"],
        topics=["a lost $thing", "$hero who loses a $thing", "losing something", "$N and a $colour $thing"],
        moral="help",
        beats=[
            ["$N had a $colour $thing that $he {loved very much|carried everywhere|got from $his $relative}. " + WHEN + ", the $thing was gone.",
             WHEN + ", $N {wanted to play with|looked for} $his $colour $thing, but it was not there.",
             "$His {favourite thing|greatest treasure} was a $colour $thing. " + WHEN + ", $he could not find it anywhere."],
            ["$He looked $searched and $searchedb, but {the $thing was not there|$he found nothing}. $N was " + SAD + ".",
             "First $he looked $searched. Then $he looked $searchedb. There was no $thing. $N {began to cry|sat down and sighed|did not know what to do}."],
            ["$friend {named|called} $F {saw $him|came by} and asked, \"{Why are you so sad|What is wrong|What happened}?\" \"I have lost my $thing,\" said $N. \"{Do not worry|Do not cry|Cheer up}. {I will help you|We will look together|Let us look together},\" said $F.",
             "Then $F came along the path. $F was $friend. \"Can you help me find my $thing?\" asked $N. \"{Of course|Yes, of course|I would love to},\" said $F."],
            ["{Together they looked|They looked and looked|They walked slowly and looked} {everywhere|high and low}. At last, $F looked $hiding. {There it was|There was the $colour $thing}!",
             "\"Where did you have it last?\" asked $F. $N thought for a while. \"$searchedc_cap,\" $he said. They went there, and $hiding they found the $colour $thing."],
            ["\"Thank you, $F!\" {cried|said|shouted} $N. $He was " + HAPPY + ". {They played together until the sun went down|They laughed and went home together|$N let $F hold the $thing all the way home}.",
             "$N {jumped for joy|hugged $F|laughed out loud}. \"You are a {true|real|good} friend,\" $he said."],
        ]),
    "baby": dict(
        titles=["The Little Lost $Baby", "$N Helps a $Baby"],
        topics=["a lost $baby", "helping a $baby", "a $baby who looks for $baby_its mother", "$hero who helps an animal"],
        moral="kind",
        beats=[
            [WHEN + ", $N {was walking near the $babyplace|went for a walk} and heard a small cry. It was a little $baby, all alone.",
             WHEN + ", $N found a small $baby beside the path. It was {cold and hungry|shaking with fear|all alone}."],
            ["\"I have lost my mother,\" said the $baby. {Two big tears rolled down its face|It began to cry}. $N felt " + SAD + " for the little one.",
             "\"Where is your mother?\" asked $N. \"I do not know,\" said the $baby. \"{I followed a butterfly|I ran after a leaf|I fell asleep}, and then she was gone.\""],
            ["$N {gave the $baby some milk|wrapped the $baby in $his coat|picked the $baby up} and said, \"We will find her.\" They {asked|met} $friend {named|called} $F. \"I saw a $babymother {near the bridge|behind the hill|beside the old mill}. She was looking for someone,\" said $F.",
             "$N took the $baby along. On the way they met $F, $friend. \"Have you seen a $babymother?\" asked $N. \"Yes, {down by the river|behind the hill|near the old mill}. Come, I will show you,\" said $F."],
            ["They {hurried|ran|walked quickly} {over the hill|through the grass|along the river}. There stood the $babymother, {calling and calling|looking all around}. The little $baby {ran to her|cried with joy}.",
             "It was a long way, and the $baby grew tired, so $N carried it. At last they saw the $babymother. \"My child!\" she cried."],
            ["\"Thank you, $N,\" said the $babymother. \"{You have a kind heart|I will never forget this}.\" $N was " + HAPPY + ".",
             "The $babymother thanked $N and $F {again and again|with all her heart}. {From then on, the $baby came to visit every week|They all ate together in the $babyplace}."],
        ]),
    "skill": dict(
        titles=["$N Learns to $Skill", "How $N Learned to $Skill"],
        topics=["learning to $skill", "$hero who wants to $skill", "$N, who learns to $skill", "not giving up"],
        moral="practice",
        beats=[
            ["$N wanted to learn to $skill. {All the others could do it|It looked so easy|$He had seen it at the fair}. " + WHEN + ", $he tried it $skillplace.",
             "There was one thing that $N could not do: $he could not $skill. " + WHEN + ", $he {decided|made up $his mind} to learn it."],
            ["But it went wrong. {$He fell down|$He made a big mess|Nothing worked}, and {the others laughed|everyone laughed}. $N was " + SAD + ". \"I will never learn to $skill,\" $he said.",
             "The first time it went {badly|wrong}. The second time it was even worse. $N {wanted to give up|was ready to give up|sat down and sighed}."],
            ["$F, $friend, {had seen it all|was watching}. \"I could not $skill at first either,\" said $F. \"{Start slowly|Take your time|Begin with small steps}. Try it a little every day.\"",
             "Then $friend {named|called} $F sat down beside $him. \"Shall I show you how?\" asked $F. \"{The secret is practice|You must not hurry|Nobody can do it on the first day},\" $F said."],
            ["So $N practised $skillplace {every morning|every day|day after day}. After a week it went {better|a little better}. After a month $he could {really |}$skill.",
             "$N tried again. And again. $F {helped $him|cheered for $him|stayed with $him}. Slowly, the $skilling {became easier|got better}. And then, one day, it worked!"],
            ["Now everyone {came to watch|clapped|was amazed}. \"{How did you do that|How did you learn it}?\" they asked. \"{One small step at a time|With practice and a good friend},\" said $N.",
             "$N was so proud. \"Look, $F! I can $skill!\" $he {cried|shouted|called}. $F {smiled|clapped|laughed with joy}."],
        ]),
    "share": dict(
        titles=["$N Shares", "The $Food", "$N and the Hungry Friend"],
        topics=["sharing", "$hero who shares food", "kindness", "a $food", "a hungry friend"],
        moral="kind",
        beats=[
            [WHEN + ", $N had a $food. $He {sat down under a tree|went to the meadow|found a nice place} to eat it.",
             WHEN + ", $his $relative gave $him a $food. {It smelled wonderful|$N was very hungry}."],
            ["Just then, $friend {named|called} $F came by. $F {looked tired and thin|had not eaten all day|looked at the food with big eyes}. \"I am so hungry,\" said $F.",
             "Then $he saw $F, $friend. $F {sat alone and had nothing to eat|was cold and hungry}."],
            ["$N {thought for a moment|was not sure}. {There was not much|It was $his favourite food}. But then $he {smiled|made up $his mind} and said, \"{Come and sit with me. There is enough for two|Please take half}.\"",
             "At first $N {wanted to keep it all|turned away}. But the food did not taste good any more. \"Here, $F, {let us share|have some},\" $he said."],
            ["They ate together and {talked about many things|told each other stories|laughed a lot}. \"Thank you,\" said $F. \"{I will not forget this|You are very kind}.\"",
             "$F ate {slowly|quickly} and smiled. \"This is the best $food that I have ever had,\" said $F."],
            ["{Some days|A few weeks|A month} later, {the snow came|a storm came|the river rose}, and $N had nothing to eat. {There was a knock at the door|Someone called $his name}. It was $F, with a big basket of food. \"Now it is my turn to share,\" said $F.",
             "The next winter, $N lost $his way in the snow. It was $F who {found $him|heard $him call} and brought $him home. \"You helped me once,\" said $F. \"{Now I help you|Today I can help you}.\""],
        ]),
    "storm": dict(
        titles=["The Big Storm", "$N and the Storm"],
        topics=["a storm", "a stormy night", "$hero in a storm", "bad weather"],
        moral="help",
        beats=[
            [WHEN + ", {dark clouds came over the hills|the sky turned black|the wind began to howl}. {A big storm was coming|Soon the rain began to fall}.",
             "{In autumn|At the end of summer|One night}, a {terrible|great} storm came. {The wind pulled at the trees|The rain fell like a wall}."],
            ["$N {ran home|hid inside|closed the door} and {lit a candle|made a fire}. Then $he heard a {voice|cry} outside. \"Help! {My house has blown away|I cannot find the way|The water is rising}!\" It was $F, $friend. $N {was afraid, but $he opened the door|took a rope and went out into the rain|did not wait. $He ran outside}. \"{Take my hand|Hold on|Come with me}!\" $he {called|shouted}.",
             "$N was safe {and warm|and dry}. But what about $F, who lived {down by the river|on the other side of the hill|all alone}? $F was $friend. \"I must go and see,\" said $N. $He took {a lantern and a rope|a big umbrella} and went out into the storm. Soon $he found $F {under a fallen tree|holding on to a branch|wet and shaking}. \"{Take my hand|Hold on to me}!\" $he {called|shouted}."],
            ["Step by step they went back through the {wind|rain|mud}. At home there was {hot soup|warm tea|a warm fire}. They {sat together and listened to the thunder|told stories until the storm was over}.",
             "It was hard, but together they {reached the house|got home}. {They dried themselves by the fire|They drank hot tea} and waited."],
            ["In the morning the {sun was shining|sky was blue} again. {All the neighbours came to help|$N helped to build a new house}. \"You saved me,\" said $F. \"{You would do the same for me|That is what friends are for},\" said $N.",
             "When the sun came up, there was a rainbow over the {hill|valley|trees}. $F looked at $N and said, \"Thank you for {coming|opening your door|being there}.\""],
        ]),
    "broken": dict(
        titles=["The Broken $Brk", "$N Tells the Truth"],
        topics=["telling the truth", "a broken $brk", "$hero who breaks a $brk", "being honest"],
        moral="truth",
        beats=[
            [WHEN + ", $N was {playing with a ball|running around|dancing} inside the house. Crash! The $brkadj $brk {fell to the floor and broke|broke into many pieces}.",
             "$His $relative had a $brkadj $brk {that was very old|and was very proud of it}. " + WHEN + ", $N {wanted to hold it|came too close}. It slipped and broke."],
            ["$N was {afraid|scared}. $He {hid the pieces under the bed|swept the pieces into a corner} and said nothing. {But $he could not eat|But $he felt a stone in $his heart|All day $he felt bad}.",
             "\"What shall I do now?\" thought $N. $He {hid behind the door|ran into the garden|hid the pieces in a box}. $His heart was {heavy|beating fast}."],
            ["$He met $F, $friend, and told {the whole story|$F everything}. \"{You should tell the truth|Go and say that you are sorry|A lie only grows},\" said $F. \"I will come with you.\"",
             "$friend {named|called} $F asked, \"Why do you look so {sad|worried}?\" $N told $F about the $brk. \"{Tell the truth|Say what happened}. {It will be all right|You will feel better},\" said $F."],
            ["So $N went to $his $relative and said {quietly|with a small voice}, \"I broke the $brk. I am very sorry.\"",
             "$N {took a deep breath|was very brave}. \"It was me. I broke your $brk,\" $he said to $his $relative. \"I am so sorry.\""],
            ["$His $relative {was quiet for a moment|looked at $him} and then {smiled|hugged $him}. \"{Thank you for telling me|I am glad that you told me}. {A $brk is only a thing|We can mend it together}.\" {They glued the pieces together|$N felt as light as a feather}.",
             "\"{Things can break|It can happen to anyone},\" said $his $relative. \"But you told the truth, and that {makes me proud|is what counts}.\" $N felt {so much better|light again}."],
        ]),
    "fear": dict(
        titles=["$N Is Not Afraid", "$N the Brave"],
        topics=["being brave", "$hero who is afraid of $fear", "courage", "fear of $fear"],
        moral="brave",
        beats=[
            ["There was only one thing that $N did not like: $he was afraid of $fear.",
             "But $N had a secret. $He was afraid of $fear, and $he told nobody."],
            [WHEN + ", $his friends {wanted to go on an adventure|called for $him}. \"Come with us!\" they said. But $N {shook $his head|stayed at home|ran away}. $He was " + SAD + ".",
             WHEN + ", $he had to {help a friend|bring a letter to the other side}, and there it was: $fear. $N {could not move|began to shake|closed $his eyes}."],
            ["$F, $friend, sat down next to $him. \"I was afraid of $fear too,\" said $F. \"But listen. $feartalk.\"",
             "Then $he heard a {friendly|soft} voice. It was $F, $friend. \"$feartalk,\" said $F. \"{Let us go together|I will hold your hand|I am with you}.\""],
            ["$F gave $him $feargift. $N took one small step. {Nothing bad happened|It was not so bad}. $He took another step, and then another.",
             "$N {took a deep breath|counted to three}. With $feargift in $his hand and $F at $his side, $he went on. $His heart was beating fast, but {$he did not stop|$he did it}."],
            ["\"I did it!\" {cried|shouted} $N. \"{It is not so bad at all|I am not afraid any more}!\" $F {smiled|laughed}. \"I knew that you could do it,\" said $F.",
             "After that, $N was still {a little|a tiny bit} afraid, but {it did not stop $him|$he knew what to do}. $He even helped other {little ones|children} who were afraid of $fear."],
        ]),
    "gift": dict(
        titles=["A Gift from the Heart", "$N Makes a Gift", "The Birthday"],
        topics=["a birthday", "a gift", "$hero who makes a gift", "a present for a $relative"],
        moral="kind",
        beats=[
            ["{Tomorrow was|Soon it was} the birthday of $his $relative. $N wanted to give {something special|a present}, but $he had {no money|only one coin}.",
             WHEN + ", $N remembered that it was {almost|nearly} the birthday of $his $relative. $He looked into $his pocket. It was empty."],
            ["$He went to the market and saw {rings and silk|beautiful things}, but everything was too {dear|expensive}. $N {walked home slowly|was " + SAD + "}.",
             "\"What can I give?\" $he thought. $He {walked up and down|thought and thought}, but $he {had no idea|could not think of anything}."],
            ["On the way $he met $F, $friend. \"{The best gifts are not bought|A gift from your own hands is worth more than gold},\" said $F. \"{What can you make|You can make something}.\"",
             "$friend {named|called} $F had {an idea|a good idea}. \"Why do you not make something yourself?\" said $F. \"I have some $giftmat for you.\""],
            ["So $N took the $giftmat and worked {all day|until late at night|all afternoon}. $He $giftverb $gift. {It was not perfect, but it was beautiful|It was lovely}.",
             "$N {ran home|thanked $F} and began to work. $He $giftverb $gift {with great care|with a smile}. {When it was ready, the moon was already in the sky|It took many hours}."],
            ["The next day, $his $relative {opened the present|looked at it for a long time} and had tears of joy. \"$gift_cap! {It is the most beautiful present of all|I will keep it for ever}.\"",
             "\"Did you make this for me?\" asked $his $relative. \"{It is wonderful|Nothing could be better}.\" {They danced and ate cake|They hugged for a long time}. $N was " + HAPPY + "."],
        ]),
    "mystery": dict(
        titles=["The Strange Noise", "A Noise in the Night"],
        topics=["a strange noise", "a mystery", "$hero who hears a noise at night", "a noise in the $noiseplace"],
        moral="curious",
        beats=[
            ["One {dark|cold|windy|quiet} night, $N could not sleep. $He heard $noise. It came from the $noiseplace.",
             "It was late, and {the moon was up|everyone was asleep}. Suddenly, $N heard $noise from the $noiseplace."],
            ["\"Is it {a ghost|a monster|a thief}?\" thought $N. $He {pulled the blanket over $his head|was very quiet}. There it was again!",
             "$N sat up. $His heart beat fast. \"Who is there?\" $he {asked|whispered}. There was no answer, only $noise."],
            ["$He {woke|called} $F, $friend. \"Did you hear that?\" {asked|whispered} $N. \"Yes,\" said $F. \"{Let us go and see|We should take a look}.\"",
             "$friend {named|called} $F {was awake too|had heard it too}. \"{I am a little afraid|I do not dare to go alone},\" said $F. \"Let us go together,\" said $N."],
            ["With a {candle|lantern} in $his hand, $N {went first|led the way}. {The floor creaked|The shadows danced}. Slowly, slowly, they {came to the $noiseplace|opened the door}. They looked inside.",
             "They went {on tiptoe|very quietly}, step by step. {The noise grew louder|Now it was very near}. $N {took a deep breath|held up the light} and looked."],
            ["And what did they see? It was only $noisething! They {laughed and laughed|laughed until they cried}. \"So that was our monster,\" said $F.",
             "It was $noisething. \"{Is that all|So it was you}?\" said $N and {laughed|smiled}. {Then they went back to bed|After that, they both slept well}."],
        ]),
    "garden": dict(
        titles=["The Little Seed", "$N and the Seed"],
        topics=["a seed", "a garden", "patience", "$hero who plants a seed", "a $seed"],
        moral="patience",
        beats=[
            [WHEN + ", $his $relative gave $him a {tiny|little} seed. \"{Plant it and take good care of it|Put it into the earth and give it water},\" said $his $relative. $N {planted it in the garden|dug a small hole and put it in}.",
             WHEN + ", $N found a {tiny|small} seed {on the path|in $his pocket}. $He planted it {in the garden|beside the house} and gave it water."],
            ["The next day $he ran to look. There was nothing. $He looked every {day|morning}, but {there was only earth|nothing grew}. \"{It is dead|It will never grow},\" said $N.",
             "$N waited one day. $He waited two days. {Nothing happened|Nothing came up}. $He {was " + SAD + "|wanted to dig it out again}."],
            ["$F, $friend, {looked over the fence|came to visit}. \"{You cannot pull a plant out of the ground|A seed works in secret},\" said $F. \"{Give it water, sun and time|Wait a little longer}.\"",
             "\"Why does it not grow?\" $he asked $F, who was $friend. \"{It is growing already, but under the earth|Good things need time},\" said $F."],
            ["So $N gave it water and waited. {The rain came, and the sun came|A week passed, and then another}. One morning there was a small green leaf!",
             "$N {sang to the seed|watered it every evening} and {learned to wait|was patient}. Then, after {three weeks|many days}, {something green came out of the ground|a little leaf looked out}."],
            ["The plant grew and grew. By {summer|autumn} it was a $seed $seedhow. $seedend. \"{You were right|It was worth it}, $F,\" said $N.",
             "{Soon|In the end} it was a wonderful $seed $seedhow. $seedend. $N was {proud|" + HAPPY + "}."],
        ]),
    "quarrel": dict(
        titles=["Two Friends and a $Thing", "The Quarrel"],
        topics=["a quarrel", "two friends who argue", "saying sorry", "friendship"],
        moral="friends",
        beats=[
            ["$His best friend was $F, $friend. " + WHEN + ", they found a $colour $thing. \"It is mine! I saw it first!\" said $N. \"No, it is mine!\" said $F.",
             "$N and $F were best friends. $F was $friend. But " + "{one day|one morning|one afternoon}" + ", both of them wanted the same $colour $thing."],
            ["They pulled {this way and that way|on both sides} until the $thing fell into the mud. \"{I never want to see you again|You are not my friend any more}!\" {cried|shouted} $N, and $he {ran home|walked away}.",
             "They {shouted at each other|became very angry} and went home without a word. {Each of them sat alone|For three days they did not speak}."],
            ["But at home it was {quiet|too quiet|very lonely}. {There was nobody to play with|It was no fun to play alone}. $N {missed|thought of} $F. \"{A $thing cannot laugh with me|What is a $thing without a friend}?\" $he thought.",
             "$N looked at {the empty place beside $him|the rain outside} and was " + SAD + ". $He {missed|wanted to see} $F so much."],
            ["So $he {put on $his coat|took a flower} and went to $F. {On the bridge|Halfway}, $he met $F, who was {coming to see $him|on the way to $him}! \"I am sorry,\" they both said at the same time.",
             "The next {day|morning}, $N knocked on the door of $F. \"I am sorry,\" said $N. \"{I was wrong|I was silly}.\" \"I am sorry too,\" said $F."],
            ["They {laughed|hugged} and {shared the $thing|played together} all day. {In the end, they gave the $thing to a child who had none|On Monday it belonged to $N, and on Tuesday to $F}.",
             "\"{You can have it today|Let us share it},\" said $F, \"and I will have it tomorrow.\" {And so they did|They never argued about it again}."],
        ]),
    "race": dict(
        titles=["The Race", "$N and the Race"],
        topics=["a race", "a contest", "$hero in a race", "a proud runner"],
        moral="pride",
        beats=[
            [WHEN + ", there was $race. {Everybody wanted to win|The prize was a golden cup}. $F, $friend, was the fastest of all, and very proud.",
             "Every {year|spring|summer} there was $race. $F, $friend, {always won|had won it many times} and laughed at all the others."],
            ["\"{You are much too slow|You will never win},\" $F said to $N. $N {was hurt, but said nothing|only smiled}. \"I will try anyway,\" $he said.",
             "$N wanted to take part. \"You?\" said $F and laughed. \"{I could win in my sleep|You will be the last}!\" $N felt {small|" + SAD + "}, but $he {did not give up|stayed}."],
            ["The race began. $F was {far ahead|soon out of sight}. $N {went on, step by step|kept going, slowly and steadily}.",
             "\"One, two, three, go!\" $F {shot away like an arrow|was gone like the wind}. $N was {the last|far behind}, but $he {did not stop|went on}."],
            ["Then $N heard a cry. $F had {fallen into a hole|hurt a foot|fallen over a root} and could not go on. {The others passed by|Nobody stopped}. But $N {stopped|turned back}. \"{Lean on me|I will help you},\" $he said.",
             "Halfway, $F {stopped to rest|sat down in the shade} and fell asleep. $N {went by|passed} without a sound. When $F woke up, {it was too late|$N was almost there}."],
            ["They reached the end together, {the last of all|side by side}, and everyone {clapped|cheered}. \"{I was a fool|I am sorry that I laughed},\" said $F. \"You {are the real winner|are a true friend}.\"",
             "$N {was there at last|crossed the line}. {All the people cheered|Everybody clapped}. $F {came and shook $his hand|was quiet for once}. \"Well done,\" said $F. \"I will never laugh at anyone again.\""],
        ]),
    "journey": dict(
        titles=["The Long Journey", "$N Saves the Day"],
        topics=["a journey", "an adventure", "$hero who goes on a journey", "a quest for $cure"],
        moral="brave",
        beats=[
            [WHEN + ", $his $relative fell ill. \"Only $cure can help,\" said the {doctor|wise owl}. \"You can find it $cureplace.\"",
             "Then $his $relative became very sick. {Nobody knew what to do|No tea and no soup could help}. \"There is $cure $cureplace,\" said {an old woman|the doctor}. \"{Only that will help|That is the only cure}.\""],
            ["$N {packed some bread|put on $his boots} and {set out|left} before the sun came up. {The way was long|$He walked for two days}. Then $he came to a wide river, and there was no bridge.",
             "\"I will go,\" said $N. $He walked {over hills and through fields|through wind and rain} until $he {came to a high wall of rock|lost the way in the fog}. $He could not go on."],
            ["$friend {named|called} $F was sitting there. \"{I know a way|I can help you},\" said $F, \"if you {give me a little of your bread|tell me a story}.\" $N {gladly did so|did it at once}.",
             "There $he found $F, $friend, {caught in a net|with a thorn in one foot}. $N helped {at once|without waiting}. \"Thank you,\" said $F. \"Now I will show you the way.\""],
            ["{With the help of $F|Together}, $N {got to the other side|found the path}. And there, $cureplace, $he saw $cure. {It shone in the light|It was as beautiful as a star}. $He took {only what $he needed|it with great care}.",
             "They went on together, $cureplace_dir, and at last they found $cure. \"{There it is|We did it}!\" {cried|whispered} $N."],
            ["$N hurried home. The next {day|morning}, $his $relative opened {both eyes|the window} and {smiled|was well again}. \"{My brave $N|You were so brave},\" said $his $relative.",
             "{The way back was easy|They ran all the way back}. $His $relative was well again {after a single day|by the next morning}, and there was a {big|great} feast. $F {sat in the best place|was the guest of honour}."],
        ]),
    "newcomer": dict(
        titles=["The New Neighbour", "A New Friend", "$N Says Hello"],
        topics=["making friends", "a new friend", "$hero who is lonely", "a new neighbour", "friendship"],
        moral="friends",
        beats=[
            ["$N was new there. $He {did not know anyone|had no friends yet}. " + WHEN + ", $he {sat alone on a bench|looked at the others from far away}.",
             "$N had just moved {there|to the place}, and everything was {strange|new}. $He {missed $his old friends|felt very lonely}."],
            ["$He wanted to say hello, but {$he was too shy|no word came out}. \"{What if nobody likes me|What if they laugh at me}?\" $he thought.",
             "The others {were playing a game|laughed and played}. {Nobody saw $him|Nobody asked $him to join}. $N was " + SAD + "."],
            ["Then {a $colour ball|a paper plane|a ball} landed {at $his feet|right beside $him}. $friend came running. \"Hello! I am $F. {Who are you|What is your name}?\" \"My name is $N,\" $he said {quietly|with a small smile}. {They played until it got dark|They played all afternoon|Soon they were running and laughing}. {It turned out that both of them loved $hobby|$F showed $him all the secret places}.",
             "Just then, $F came over. $F was $friend. \"{You are new here, right? Would you like to play|I have not seen you before. Do you want to play with us}?\" asked $F. $N {smiled|was surprised}. \"Yes, please,\" $he said. $F {took $him by the hand and |}showed $him everything: {the pond, the old tower and the best tree to climb|the best places to hide}."],
            ["When it was time to go home, $F asked, \"Will you come again tomorrow?\" \"{Of course|Yes}!\" said $N. $He was not lonely any more.",
             "That evening $N told $his $relative, \"I have a friend now.\" $He was " + HAPPY + "."],
        ]),
    "wish": dict(
        titles=["The Magic $Thing", "One Wish"],
        topics=["magic", "a wish", "a magic $thing", "$hero who finds a magic $thing"],
        moral="kind",
        beats=[
            [WHEN + ", $N found an old $thing $hiding. $He {rubbed it clean|picked it up}. {There was a flash of light|It began to glow}. \"I am a magic $thing,\" said a voice. \"You have one wish.\"",
             WHEN + ", a strange old woman gave $him a $colour $thing. \"It is magic,\" she said. \"It will give you one wish. {Use it well|Think before you speak}.\""],
            ["\"I could wish for $wishbig!\" thought $N. {$His eyes grew wide|$He could see it already}. $He {ran home to think|could not decide}.",
             "$N {danced with joy|could not believe it}. \"I will wish for $wishbig,\" $he said. $He {opened $his mouth to speak|was just about to say it}."],
            ["Then $he met $F, $friend. $F {looked worried|was very quiet}. \"{Have you heard|Do you not know}?\" said $F. \"$wishneed_cap.\"",
             "But on the way $he saw something sad: $wishneed. $F, $friend, said, \"{If only someone could help|We do not know what to do}.\""],
            ["$N looked at the $thing for a long time. {It was not easy|$He thought of $wishbig}. Then $he said, \"I wish for $wishgood.\"",
             "\"{I do not need $wishbig|There are more important things},\" thought $N. $He held the $thing {up high|tight} and said, \"I wish for $wishgood.\""],
            ["$wishend. {Everyone was happy|There was singing in the streets}, and {nobody knew who had done it|only $F knew who had done it}. $N {smiled|did not need any gold}.",
             "$wishend. The $thing {lost its light|turned to dust}, but $N {was not sad at all|was " + HAPPY + "}. \"You are rich in another way,\" said $F."],
        ]),
    "snow": dict(
        titles=["The Snow Day", "$N and the Snowman"],
        topics=["snow", "winter", "a snowman", "$hero in the snow"],
        moral="friends",
        beats=[
            ["One winter morning, $N looked outside. {Everything was white|The whole world was white}. \"Snow!\" {cried|shouted} $N and {ran out|put on a warm coat}.",
             "It had snowed all night. {The trees had white hats|Not a sound could be heard}. $N {could not wait to go out|jumped out of bed}."],
            ["$He wanted to build a {big|huge} snowman, but the {ball|head} was too heavy. $He pushed and pushed. {It did not move|It rolled down the hill and broke}.",
             "$He began to build a snowman. But alone it was {hard work|no fun}, and {the snow kept falling apart|it fell over again and again}."],
            ["$F, $friend, came out too. \"{Shall I help you|May I help}?\" asked $F. \"Yes, please!\" said $N. \"{You push and I pull|Two are stronger than one}.\"",
             "\"You need some help,\" said a voice. It was $F, $friend. \"I will {make the head|bring a carrot for the nose}.\""],
            ["Together they rolled {three big balls|the snow}. They used {stones for the eyes and a carrot for the nose|an old pot for the hat}. $N gave the snowman $his $colour scarf.",
             "They worked until {their hands were cold|noon}. At last the snowman stood there with {a carrot nose and two black eyes|a big smile}. It wore a $colour hat."],
            ["{In spring|After some days} the sun came, and the snowman {became smaller and smaller|melted away}. $N was {a little sad|sad}. \"{He will come back next winter|The snow will come again},\" said $F. \"And then we will build him again.\"",
             "Then they {drank hot milk by the fire|ate warm soup} and looked at {him|the snowman} through the window. \"{It was the best day of the winter|We are a good team},\" said $N."],
        ]),
    "boat": dict(
        titles=["The Little Boat", "$N Goes to Sea"],
        topics=["the sea", "a boat", "$hero who builds a boat", "sailing"],
        moral="practice",
        beats=[
            ["$N {dreamed of the sea|wanted to see the island across the water}. " + WHEN + ", $he began to build a boat out of {old boards|a big box|branches}.",
             WHEN + ", $N found some old boards {on the beach|near the water}. \"I will build a boat,\" $he said, \"and I will sail to the island.\""],
            ["When it was ready, $he pushed it into the water. But {it had a hole|it turned over}, and it {sank at once|went down like a stone}. $N stood there, wet {and sad|from head to foot}.",
             "The boat {looked fine|was painted $colour}. But as soon as $N sat in it, the water came in. {Splash|Glug, glug}! $He had to swim back."],
            ["$F, $friend, had watched everything. \"{You need tar for the holes|A boat must be wide to be safe},\" said $F. \"{I have built many boats|My grandfather built boats}. {Shall we try again|Let me show you}.\"",
             "\"Not bad for a first boat,\" said $F, who was $friend. \"{Do you know what is missing|Let us find out what went wrong}.\" They {looked at the boat together|turned the boat over}."],
            ["They worked for {a whole week|many days}. They {closed every hole|made it wide and strong} and put up a $colour sail. This time the boat {floated like a duck|stayed dry}.",
             "They {took it apart and began again|used more nails and better wood}. $N learned {to saw|to tie a good knot} and to be patient. Then the new boat was ready."],
            ["With the wind behind them, they sailed {to the island|out into the blue}. {They saw dolphins|They ate bread and cheese on the beach}. \"This is the best day of my life,\" said $N.",
             "They sailed all day, and {the gulls flew beside them|the sun danced on the waves}. \"{Where shall we go tomorrow|How far can we go}?\" asked $F. \"{Everywhere|To the end of the sea},\" said $N."],
        ]),
    "moon": dict(
        titles=["$N and the Moon", "The Star That Fell"],
        topics=["the moon", "the stars", "a fallen star", "the night sky", "$hero who finds a star"],
        moral="help",
        beats=[
            ["One clear night, $N saw a star fall from the sky. It landed {in the meadow|behind the house|near the river}. $He ran to look.",
             "One night, something {bright|shining} fell {into the garden|from the sky}. $N {went out to look|ran outside}. It was a little star."],
            ["The star was {small and cold|crying}. \"I fell asleep and lost my place,\" it said. \"{How can I get back?|Now I cannot get home.}\"",
             "\"Please help me,\" said the star {with a thin voice|softly}. \"{The sky is so high, and I am so small|My family is waiting for me}.\""],
            ["$N {tried to throw it|climbed the highest tree}, but the sky was too far away. Then $he asked $F, $friend. \"{We need a kite|Let us use the wind},\" said $F. They tied the star to a big kite and waited for the wind. {Up and up it went|Higher and higher it went}, until it was only a point of light.",
             "$N did not know what to do, so $he went to $F, $friend. $F {thought for a long time|knew many things}. \"The mountain is close to the sky,\" said $F. \"{Let us go there|I know the way}.\" {All night|For hours} they climbed. At the top, $N held the star up as high as $he could. The wind {took it|lifted it} and carried it home."],
            ["\"Thank you!\" called the star {from far away|from high above}. And every night, when $N looks up, one star {shines a little brighter|winks at $him}.",
             "The star was back in its place. It {winked|shone} at $N and $F. {They sat in the grass and looked up for a long time|\"Good night, little star,\" said $N}."],
        ]),
}


@dataclass(frozen=True)
class Story:
    title: str
    topics: list[str]
    text: str


def _character(rng: random.Random, kind: str, taken: str = "") -> tuple[str, str, bool]:
    """Name, description with article, and whether the character is a she."""
    she = rng.random() < 0.5
    if kind == "animal":
        names = ANIMAL_NAMES_SHE if she else ANIMAL_NAMES_HE
        what = f"a {rng.choice(['little', 'small', 'young', 'little', 'clever', 'shy', 'brave', 'friendly', 'old'])} {rng.choice(ANIMALS)}"
    elif kind == "worker":
        names = GIRLS if she else BOYS
        what = f"a {rng.choice(WORKERS_F if she else WORKERS_M)}"
    elif kind == "robot":
        names = ["Bix", "Zed", "Tock", "Beep", "Nib", "Volt"]
        what = f"a {rng.choice(['little', 'small', 'shiny', 'rusty', 'friendly'])} robot"
    else:
        names = GIRLS if she else BOYS
        what = f"a {rng.choice(['little', 'young', 'small', 'little', 'brave', 'clever', 'shy'])} {'girl' if she else 'boy'}"
    name = rng.choice(names)
    while name == taken:
        name = rng.choice(names)
    return name, what, she


def _cap(text: str) -> str:
    return text[0].upper() + text[1:]


def story(rng: random.Random, opening: str | None = None) -> Story:
    """Composes one story; `opening` "once" forces "Once upon a time"."""
    plot = PLOTS[rng.choice(list(PLOTS))]
    kind = rng.choices(["child", "animal", "worker", "robot"], [50, 36, 9, 5])[0]
    name, hero, she = _character(rng, kind)
    friend_kind = rng.choices(["child", "animal", "worker"], [25, 65, 10] if kind == "animal" else [45, 40, 15])[0]
    friend_name, friend, _ = _character(rng, friend_kind, name)
    pronouns = ("it", "it", "its") if kind == "robot" else ("she", "her", "her") if she else ("he", "him", "his")
    relatives = [r for r in RELATIVES if not (kind == "worker" and r.startswith("grand"))]
    skill, fear, seed, gift = rng.choice(SKILLS), rng.choice(FEARS), rng.choice(SEEDS), rng.choice(GIFTS)
    noise, baby, wish, brk, cure = rng.choice(NOISES), rng.choice(BABIES), rng.choice(WISHES), rng.choice(BROKEN), rng.choice(CURES)
    searched = rng.sample(SEARCHED, 3)
    colour, thing = rng.choice(COLOURS), rng.choice(THINGS)
    slots = dict(
        N=name, hero=hero, he=pronouns[0], him=pronouns[1], his=pronouns[2], He=_cap(pronouns[0]), His=_cap(pronouns[2]),
        F=friend_name, friend=friend, home=rng.choice(ANIMAL_HOMES if kind == "animal" else HOMES),
        trait=rng.choice(TRAITS), hobby=rng.choice(HOBBIES), weather=rng.choice(WEATHER), colour=colour, thing=thing,
        Thing=thing.title(), Colour=colour.title(), food=(food := rng.choice(FOODS)), Food=food.title(),
        relative=rng.choice(relatives), hiding=rng.choice(HIDING), searched=searched[0], searchedb=searched[1],
        searchedc_cap=_cap(searched[2]), skill=skill[0], Skill=skill[0].title(), skilling=skill[1], skillplace=skill[2],
        fear=fear[0], feartalk=fear[1], feargift=fear[2], seed=seed[0], seedhow=seed[1], seedend=seed[2],
        gift=gift[0], gift_cap=_cap(gift[0]), giftmat=gift[1], giftverb=gift[2], noise=noise[0], noisething=noise[1], noiseplace=noise[2],
        baby=baby[0], Baby=baby[0].title(), babymother=baby[1], babyplace=baby[2], baby_its="its",
        wishbig=wish[0], wishgood=wish[1], wishneed=wish[2], wishneed_cap=_cap(wish[2]), wishend=wish[3],
        race=rng.choice(RACES), brk=brk[0], Brk=brk[0].title(), brkadj=brk[1], cure=cure[0], cureplace=cure[1],
        cureplace_dir="up and up" if "mountain" in cure[1] else "deeper and deeper", dream=rng.choice(DREAMS),
    )
    once = opening == "once" or (opening is None and rng.random() < 0.45)
    pieces = [rng.choice(OPENINGS_ONCE if once else OPENINGS), rng.choice(CHARACTER)]
    pieces += [rng.choice(beat) for beat in plot["beats"]]
    if rng.random() < 0.45:
        pieces.append(rng.choice(MORALS[plot["moral"]]))
    pieces.append(rng.choice(CLOSINGS))
    sentences = [expand(rng, piece, slots) for piece in pieces if piece]
    if rng.random() < 0.3:  # in paragraphs
        cut = rng.choice([2, 3])
        text = "\n\n".join(" ".join(part) for part in (sentences[:cut], sentences[cut:-1], sentences[-1:]) if part)
    else:
        text = " ".join(sentences)
    title = expand(rng, rng.choice(plot["titles"]), slots)
    topics = [expand(rng, topic, slots) for topic in plot["topics"]] + [hero, f"{hero} named {name}", f"{name} and {friend_name}"]
    topics = [topic[0].lower() + topic[1:] if not topic.startswith((name, friend_name)) else topic for topic in topics]
    return Story(title, topics, text.replace(" .", "."))


if __name__ == "__main__":
    generator = random.Random(1)
    for _ in range(12):
        made = story(generator)
        print(f"# {made.title}   [{'; '.join(made.topics)}]\n{made.text}\n")
