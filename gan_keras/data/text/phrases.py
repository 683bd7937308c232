"""Phrase grammars: text with a known distribution, so that the likelihood of any line is exact; an English and a Chinese one.

In both grammars each line has one derivation: a modifier attaches in one place only.
"""

import collections
import functools
import math
import random
import re

from gan_keras.data.text.corpus import corpus_from_lines

NUM_LINES = 20_000
WORDS, CHARACTERS = r"\w+|[^\w\s]", r"\S"


class PhraseGrammar:
    """A probabilistic context-free grammar without recursion: finitely many lines, each with a known probability.

    Args:
        rules: Alternatives by symbol, a string such as `"3: the NOUN | 1: a NOUN"`: weights (1 by default) and parts
            separated by white space. A part that is a key of `rules` is a symbol, any other is text.
        token_pattern: Regular expression of tokens in text: `WORDS`, or `CHARACTERS` if nothing separates words.
        joiner: String between two tokens of a line, `" "` or `""`; never before `. , ?`.
        start: Symbol of a whole line.

    Raises:
        ValueError: If a symbol derives itself, or an alternative has a part in capitals that is not a symbol.
    """

    def __init__(self, rules, token_pattern=WORDS, joiner=" ", start="SENTENCE"):
        self.token_pattern, self.joiner, self.start = token_pattern, joiner, start
        self.rules = {symbol: self._alternatives(text, rules) for symbol, text in rules.items()}
        self._check_finite(start, ())

    def _alternatives(self, text, rules):
        """`"3: the NOUN | a NOUN"` to probabilities and tuples of symbols and tokens."""
        matches = [re.fullmatch(r"\s*(?:([\d.]+):)?(.*)", option, re.DOTALL) for option in text.split("|")]
        weights = [float(match[1] or 1) for match in matches]
        options = [tuple(self._parts(match[2], rules)) for match in matches]
        return [(weight / sum(weights), option) for weight, option in zip(weights, options, strict=True)]

    def _parts(self, option, rules):
        for part in option.split():
            if part not in rules and re.fullmatch("[A-Z_]{2,}", part):
                raise ValueError(f"{part} is not a symbol of the grammar. Expected one of {', '.join(rules)}.")
            yield from [part] if part in rules else self.tokens(part)

    def _check_finite(self, symbol, above):
        if symbol in above:
            raise ValueError(f"The symbol {symbol} derives itself. Expected a grammar without recursion.")
        parts = {part for _, option in self.rules[symbol] for part in option if part in self.rules}
        for part in parts:
            self._check_finite(part, (*above, symbol))

    def tokens(self, line):
        """Words and punctuation marks, or characters, of a line."""
        return re.findall(self.token_pattern, line)

    def sample(self, num, seed):
        """Draws a list of `num` >= 1 lines, with repetitions; the first ones do not depend on `num`."""
        if num < 1:
            raise ValueError(f"Got num={num}. Expected at least 1 line.")
        generator = random.Random(seed)
        return [self._join(self._expand(self.start, generator)) for _ in range(num)]

    def _expand(self, symbol, generator):
        if symbol not in self.rules:
            return [symbol]
        probabilities, options = zip(*self.rules[symbol], strict=True)
        (option,) = generator.choices(options, probabilities)
        return [token for part in option for token in self._expand(part, generator)]

    def _join(self, tokens):
        return re.sub(r" ([.,?])", r"\1", self.joiner.join(tokens))

    def log_likelihood(self, line):
        """Log-probability of a line in nats, summed over its derivations; minus infinity without any."""
        tokens = self.tokens(line)

        @functools.cache
        def ends(part, start):
            """Maps each possible end of a part that starts at `start` to the probability of the tokens between."""
            if part not in self.rules:
                return {start + 1: 1.0} if start < len(tokens) and tokens[start] == part else {}
            reached = collections.Counter()
            for probability, option in self.rules[part]:
                positions = {start: probability}
                for inner in option:
                    positions = advance(positions, inner)
                reached.update(positions)
            return reached

        def advance(positions, part):
            reached = collections.Counter()
            for position, probability in positions.items():
                for end, inner_probability in ends(part, position).items():
                    reached[end] += probability * inner_probability
            return reached

        probability = ends(self.start, 0).get(len(tokens), 0.0)
        return math.log(probability) if probability else -math.inf

    @functools.cached_property
    def entropy(self):
        """Entropy of a derivation in nats.

        If each line has one derivation, as in the two grammars here, this is the entropy of a line: the lowest mean negative
        log-likelihood of a line that any model can reach on the grammar's samples.
        """

        @functools.cache
        def entropy_of(part):
            return sum(
                probability * (sum(map(entropy_of, option)) - math.log(probability))
                for probability, option in self.rules.get(part, ())
            )

        return entropy_of(self.start)

    @functools.cached_property
    def num_derivations(self):
        """Number of derivations, and so of lines if each has one derivation."""

        @functools.cache
        def count(part):
            return sum(math.prod(map(count, option)) for _, option in self.rules[part]) if part in self.rules else 1

        return count(self.start)


def english_phrases():
    """English grammar: agreement of subject and verb across clauses, `a` and `an`, questions."""
    return PhraseGrammar(ENGLISH_RULES)


def chinese_phrases():
    """Chinese grammar: the measure word fits its noun, the verb its object."""
    return PhraseGrammar(CHINESE_RULES, CHARACTERS, joiner="")


def load_english_phrases():
    """Loads the `english_phrases` corpus: 20,000 samples of the English grammar."""
    return corpus_from_lines("english_phrases", english_phrases().sample(NUM_LINES, seed=0))


def load_chinese_phrases():
    """Loads the `chinese_phrases` corpus: 20,000 samples of the Chinese grammar."""
    return corpus_from_lines("chinese_phrases", chinese_phrases().sample(NUM_LINES, seed=0))


CHINESE_RULES = {
    "SENTENCE": "6: STATEMENT 。 | 2: WHEN ， STATEMENT 。 | 1: STATEMENT 吗 ？ | 1: STATEMENT ， CONTRAST 。",
    "WHEN": "2: 今天 | 2: 早上 | 昨天晚上 | 下午 | 春天来了 | 下雨的时候 | 吃饭以后 | 星期天",
    "STATEMENT": "4: WHO PERSON_DOES | 3: ANIMAL_PHRASE ANIMAL_DOES | 1: WHO 给 WHOM PRESENT",
    "CONTRAST": "但是 ANIMAL_PHRASE 不 ANIMAL_MOVE | 可是 PERSON_PHRASE 不 PERSON_MOVE",
    # Subjects: the measure word fits the noun.
    "WHO": "2: PRONOUN | 4: PERSON_PHRASE",
    "WHOM": "2: 我 | 他 | 她 | PERSON",
    "PRONOUN": "3: 我 | 2: 他 | 2: 她 | 我们 | 他们",
    "PERSON_PHRASE": "3: WHICH 位 PERSON | 2: WHICH 位 PERSON_QUALITY 的 PERSON",
    "PERSON": "3: 老师 | 2: 医生 | 2: 学生 | 画家 | 农民 | 诗人 | 厨师 | 工人 | 司机 | 作家",
    "PERSON_QUALITY": "2: 年轻 | 2: 快乐 | 聪明 | 安静 | 认真 | 有名",
    "ANIMAL_PHRASE": "4: WHICH 只 SMALL_ANIMAL | 1: WHICH 匹 马 | 1: WHICH 条 LONG_ANIMAL | 1: WHICH 头 BIG_ANIMAL",
    "SMALL_ANIMAL": "3: 猫 | 2: 鸟 | 兔子 | 白鸡 | 羊 | 老虎 | 猴子",
    "LONG_ANIMAL": "2: 鱼 | 黄狗 | 蛇",
    "BIG_ANIMAL": "2: 牛 | 猪 | 大象",
    "WHICH": "2: 一 | 2: 这 | 2: 那 | 两 | 三 | 这两 | 那几",
    # Predicates: the verb fits the object.
    "PERSON_DOES": "4: DEED | 3: 在 PLACE DEED | 1: MANNER 地 DEED | 1: 想 DEED",
    "DEED": "2: PERSON_MOVE | 2: READ READING | 2: 喝 DRINK | 2: EAT MEAL | 1: MAKE PICTURE | 1: WEAR CLOTHES",
    "PERSON_MOVE": "2: 唱歌 | 2: 跳舞 | 工作 | 休息 | 散步 | 游泳 | 睡觉",
    "ANIMAL_DOES": "3: ANIMAL_MOVE | 3: 在 PLACE ANIMAL_MOVE | 1: MANNER 地 ANIMAL_MOVE",
    "ANIMAL_MOVE": "3: 睡觉 | 2: 跑 | 玩 | 吃东西 | 叫 | 喝水 | 休息",
    "MANNER": "2: 慢慢 | 2: 高兴 | 静静 | 悄悄 | 不停",
    "READ": "2: 看 | 读 | 写",
    "READING": "3: NUMBER 本 BOOK | 2: NUMBER 封信 | 1: NUMBER 首 POEM",
    "BOOK": "3: 书 | 2: 小说 | 词典 | 杂志",
    "POEM": "诗 | 古诗",
    "DRINK": "2: NUMBER 杯 HOT_DRINK | NUMBER 瓶 COLD_DRINK | 水",
    "HOT_DRINK": "3: 茶 | 咖啡 | 牛奶",
    "COLD_DRINK": "2: 啤酒 | 果汁",
    "EAT": "3: 吃 | 做 | 买",
    "MEAL": "2: 饭 | NUMBER 碗 BOWL | NUMBER 个 FRUIT",
    "BOWL": "2: 面条 | 米饭 | 汤",
    "FRUIT": "2: 苹果 | 包子 | 鸡蛋 | 西瓜",
    "MAKE": "画 | 送来",
    "PICTURE": "NUMBER 张 PAPER | NUMBER 幅画",
    "PAPER": "地图 | 照片",
    "WEAR": "2: 穿着 | 洗",
    "CLOTHES": "2: NUMBER 件 GARMENT | 1: NUMBER 条 TROUSERS",
    "GARMENT": "2: 衣服 | 红毛衣 | 白衬衫 | 蓝外套",
    "TROUSERS": "裤子 | 裙子 | 绿围巾",
    "PRESENT": "2: 买 READING | 1: 倒 NUMBER 杯 HOT_DRINK | 1: 做 NUMBER 碗 BOWL",
    "NUMBER": "4: 一 | 2: 两 | 三 | 五 | 几",
    "PLACE": "3: 家里 | 2: 学校里 | 2: 花园里 | 公园里 | 山上 | 河边 | 树下 | 院子里 | 月光下 | 桥上",
}

ENGLISH_RULES = {
    "SENTENCE": "6: STATEMENT . | 2: WHEN , STATEMENT . | 1: STATEMENT while CLAUSE . | 1: QUESTION ?",
    "WHEN": "in the morning | at noon | in the evening | at night | on sunday | after lunch | before the party",
    "STATEMENT": "5: ONE_SUBJECT ONE_ACTION | 4: MANY_SUBJECT MANY_ACTION | 1: ONE_SUBJECT will MANY_ACTION",
    "CLAUSE": "ONE ONE_MOVE | MANY MANY_MOVE",
    "QUESTION": "2: does ONE MANY_ACTION | 2: do MANY MANY_ACTION | 1: why does ONE MANY_MOVE | 1: where do MANY MANY_MOVE",
    # Subjects: the verb agrees with the subject across whatever stands between them.
    "ONE_SUBJECT": "6: ONE | 2: ONE with DRESS | 1: ONE that ONE_MOVE | 1: ONE that ONE ONE_KNOW | 1: ONE that MANY MANY_KNOW",
    "MANY_SUBJECT": "6: MANY | 2: MANY with DRESS | 1: MANY that MANY_MOVE | 1: MANY that ONE ONE_KNOW",
    "ONE": "5: the PERSON | 3: the ADJECTIVE PERSON | 2: a PLAIN_ADJECTIVE PERSON | 1: an OPEN_ADJECTIVE PERSON",
    "MANY": "4: the PEOPLE | 2: the ADJECTIVE PEOPLE | 2: NUMBER PEOPLE | 1: many ADJECTIVE PEOPLE",
    "ADJECTIVE": "3: PLAIN_ADJECTIVE | 1: OPEN_ADJECTIVE",
    "PLAIN_ADJECTIVE": "3: young | 2: happy | 2: tall | quiet | clever | tired | busy | friendly | hungry | famous",
    "OPEN_ADJECTIVE": "3: old | angry | elegant | honest | unhappy | eager",
    "PERSON": """
        4: girl | 4: boy | 3: woman | 3: man | 2: teacher | 2: doctor | 2: dog | 2: cat | baker | farmer | painter |
        singer | sailor | student | child | gardener | horse | queen | neighbour | writer
    """,
    "PEOPLE": """
        4: girls | 4: boys | 3: women | 3: men | 2: teachers | 2: doctors | 2: dogs | 2: cats | bakers | farmers |
        painters | singers | sailors | students | children | gardeners | horses | queens | neighbours | writers
    """,
    "NUMBER": "4: two | 2: three | four | five | seven | twelve",
    "DRESS": "the COLOUR GARMENT | a COLOUR GARMENT",
    "GARMENT": "2: hat | 2: coat | scarf | collar | ribbon | umbrella",
    # Predicates.
    "ONE_ACTION": "4: ONE_DEED | 3: ONE_DEED PLACE | 1: HOW ONE_DEED",
    "MANY_ACTION": "4: MANY_DEED | 3: MANY_DEED PLACE | 1: HOW MANY_DEED",
    "ONE_DEED": "3: ONE_MOVE | 2: ONE_EAT FOOD | 2: ONE_MAKE THING | 2: ONE_KNOW WHOM | 1: ONE_GIVE WHOM a THING_NAME",
    "MANY_DEED": "3: MANY_MOVE | 2: MANY_EAT FOOD | 2: MANY_MAKE THING | 2: MANY_KNOW WHOM | 1: MANY_GIVE WHOM a THING_NAME",
    "HOW": "slowly | quietly | happily | often | never | always | suddenly",
    "ONE_MOVE": "3: sleeps | 2: sings | 2: runs | dances | waits | laughs | swims | works | cries | travels",
    "MANY_MOVE": "3: sleep | 2: sing | 2: run | dance | wait | laugh | swim | work | cry | travel",
    "ONE_EAT": "3: eats | 2: buys | cooks | tastes | finds",
    "MANY_EAT": "3: eat | 2: buy | cook | taste | find",
    "ONE_MAKE": "2: makes | 2: carries | paints | repairs | sells | opens | hides",
    "MANY_MAKE": "2: make | 2: carry | paint | repair | sell | open | hide",
    "ONE_KNOW": "3: sees | 2: loves | knows | helps | follows | visits | remembers | forgets",
    "MANY_KNOW": "3: see | 2: love | know | help | follow | visit | remember | forget",
    "ONE_GIVE": "2: gives | shows | sends",
    "MANY_GIVE": "2: give | show | send",
    "WHOM": "3: the PERSON | 2: the PEOPLE | 1: the ADJECTIVE PERSON",
    "FOOD": "3: bread | 2: fresh bread | soup | warm soup | an apple | two apples | a cake | some cheese | rice and fish",
    "THING": "3: a THING_NAME | 2: the COLOUR THING_NAME | 1: NUMBER THING_NAMES",
    "THING_NAME": "2: box | 2: picture | chair | letter | lamp | book | boat | basket | kite | clock",
    "THING_NAMES": "2: boxes | 2: pictures | chairs | letters | lamps | books | boats | baskets | kites | clocks",
    "COLOUR": "2: red | 2: blue | green | white | black | yellow",
    "PLACE": """
        3: in the PLACE_NAME | 2: near the PLACE_NAME | 1: behind the PLACE_NAME | 1: in the COLOUR PLACE_NAME |
        2: at home
    """,
    "PLACE_NAME": "3: garden | 3: house | 2: kitchen | 2: park | school | forest | market | library | tower | station",
}
