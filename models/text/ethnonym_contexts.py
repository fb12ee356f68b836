"""What an ethnonym stands for in its sentence: people, a language or thing, a country, or another word."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from pymorphy3 import MorphAnalyzer

from models.text.ethnonym_forms import Form, contexts, ethnonym_table
from models.text.form_search import WORD

_NEAR_LETTERS = 60
_LONGEST_WORD = 64  # longer runs of letters are no words; reading them whole would cost the square of their length
_KAZAKH_SIGN = re.compile(
    r"[әғқңөұүһі]|\b(?:мен|бен|пен|емес|бул|ушин|деген|бар|жок|керек|гой|бир|биз|олар|болып|бала|халкы|елим|журт)\b"
)
_IZAFET = re.compile(r"(?:[ыі]|[ыі]н|[ыі]н[ыі]ң|[ыі]н[ае]|[ыі]н[ае]н|[ыі]мен|[ыі]нда|[ыі]нде|[ыі]нда[ғг]ы|[ыі]ндегі)$")
# After a vowel or a voiced consonant the past is `-ды`, after a voiceless one `-ты`: `үміті` is a noun.
_FOLDED_IZAFET = re.compile(r"[ыи](?:н[ыи]н|н[ае]н?|нд[ае]|мен)?$")
_KAZAKH_LETTER = re.compile("[әғқңөұүһі]")
_PAST_VERB = re.compile(r"(?:[кқптсшфхцчщ]т[ыі]|[^кқптсшфхцчщ]д[ыі])$")
# Who does or is something, with the ending of izafet: `сарапшылары`, `қаламгерінің`.
_DOER = re.compile(r"(?:[^\W\d_]{2}(?:шы|ші|кер|гер))(?:[лдт][ае]р)?(?:с?[ыі])(?:[^\W\d_]{0,6})$")
_WITHOUT = re.compile(r"с[ыі]з(?:д[ае]р)?$")


class Reading(NamedTuple):
    """A mention as understood: the group it counts for, and whether people are meant."""

    group_code: str
    is_person: bool
    is_slur: bool


class Surroundings(NamedTuple):
    """A form with what stands around it in the normalised text."""

    text: str
    start: int
    end: int
    original: str

    @property
    def written(self) -> str:
        """The form with its capitals, where the normalised text lines up with the original."""
        aligned = len(self.original) == len(self.text)
        return (self.original if aligned else self.text)[self.start : self.end]

    @property
    def original_neighbours(self) -> tuple[str, str]:
        """Capitalised words directly before and after, empty where there are none."""
        before = _TITLE_BEFORE.search(self.original[max(0, self.start - 30) : self.start])
        after = _TITLE_AFTER.match(self.original, self.end)
        return before.group() if before else "", after.group() if after else ""

    @property
    def before(self) -> str:
        """The word before on the same line of words, or the empty string."""
        words = WORD.findall(self.text[max(0, self.start - 30) : self.start])
        return words[-1] if words else ""

    @property
    def after(self) -> str:
        """The next word if nothing but spaces or a hyphen parts it from the form, else the empty string."""
        word = _NEXT.match(self.text, self.end)
        return word.group(1) if word else ""

    @property
    def after_several(self) -> list[tuple[bool, str]]:
        """Up to four words after the form, each with whether a comma, a hyphen or `и` joins it on."""
        words, at = [], self.end
        for _ in range(_FOLLOWING):
            word = _NEXT_IN_LIST.match(self.text, at)
            if word is None:
                break
            words.append((bool(word.group(1)), word.group(2)))
            at = word.end()
        return words

    @property
    def head_in_kazakh(self) -> str:
        """The word that the form stands before, past a row of peoples: `қазақ, орыс және ағылшын [тілдерінде]`."""
        at = self.end
        for _ in range(_FOLLOWING):
            joined = _JOINED_IN_KAZAKH.match(self.text, at)
            if joined is None or not (joined.group(1) or _is_people_bare(joined.group(2))):
                break
            at = joined.end()
        word = _HEAD.match(self.text, at)
        return word.group(1) if word else ""

    def is_near(self, beginnings: frozenset[str]) -> bool:
        """Whether a word within sixty characters starts with one of the beginnings."""
        low, high = max(0, self.start - _NEAR_LETTERS), self.end + _NEAR_LETTERS
        around = self.text[low : self.start] + " " + self.text[self.end : high]
        return any(_starts(word, beginnings) for word in WORD.findall(around))


_TITLE_BEFORE = re.compile(r"(?:[А-ЯЁӘҒҚҢӨҰҮҺІ]\.|[А-ЯЁӘҒҚҢӨҰҮҺІ][а-яёәғқңөұүһі]+)\s*$")
_TITLE_AFTER = re.compile(r"\s[А-ЯЁӘҒҚҢӨҰҮҺІ](?:\.|[а-яёәғқңөұүһі]+)")
_FOLLOWING = 4
_NEXT = re.compile(r"(?:\s{1,2}|[^\S\n]{1,9})([^\W\d_]+)")
# Paired words (`қарым-қатынасына`) take their endings on the second.
_HEAD = re.compile(r"(?:\s{1,2}|[^\S\n]{1,9})([^\W\d_]+(?:-[^\W\d_]+)?)")
_NEXT_IN_LIST = re.compile(
    r"(?:[^\S\n]{0,9}(,|\bи\b|\bили\b|-)[^\S\n]{0,9}|\s{1,2}|[^\S\n]{1,9})(?!(?:и|или)\b)([^\W\d_]{1,64})"
)
_JOINED_IN_KAZAKH = re.compile(
    r"(?:([-–])|[^\S\n]{0,9},[^\S\n]{0,9}|[^\S\n]{1,9}(?:және|жане|мен|бен|пен|әрі)[^\S\n]{1,9})([^\W\d_]{1,64})"
)


def reading(form: str, meaning: Form, around: Surroundings) -> Reading | None:
    """How a form is to be read, or None where it is not a mention of an ethnic group."""
    if _is_surname(form, around) or _names_a_state(around):
        return None
    group, kind, is_slur = meaning
    if (form in contexts()["verbs"] and _stands_as_verb(around)) or _is_a_name(form, around):
        return None
    if around.after in contexts()["language_words_in_latin"]:
        return Reading(group, is_person=False, is_slur=is_slur)
    if kind == "person":
        return _person(form, meaning, around)
    if kind == "language":
        return Reading(group, is_person=False, is_slur=is_slur)
    if kind == "adjective":
        return Reading(group, _adjective_means_people(form, around), is_slur)
    if kind == "country_adjective":
        means_people = _starts(around.after, contexts()["people_ru"]) or any(_agreeing_nouns(form, around.after)[:1])
        return Reading(group, is_person=True, is_slur=is_slur) if means_people else None
    if kind == "kk_bare":
        return Reading(group, is_slur or _attribute_means_people(around), is_slur)
    if kind == "kk_resident_bare":
        return Reading(group, _before_people(around), is_slur)
    if kind == "kk_country_bare":
        people = _before_people(around) or _is_lower_among_capitals(around)
        return Reading(group, is_person=True, is_slur=False) if people else None
    if kind == "kk_country_case":
        return None
    return _homograph(form, group, around)


def _person(form: str, meaning: Form, around: Surroundings) -> Reading | None:
    if _is_people_bare(form) and _heads_in_kazakh(around.head_in_kazakh):
        # A Russian noun that is also the bare Kazakh stem: `чех тілінде`.
        return Reading(meaning.group_code, _attribute_means_people(around), meaning.is_slur)
    if form.startswith("чех") and around.is_near(contexts()["czech_slang_near"]):
        return Reading("chechen", is_person=True, is_slur=True)
    return Reading(meaning.group_code, is_person=True, is_slur=meaning.is_slur)


def _homograph(form: str, group: str, around: Surroundings) -> Reading | None:
    if group == "cossack":
        if _shows_kazakh(around.text) or _stands_before_kazakh(around.after):
            return Reading("kazakh", _attribute_means_people(around), is_slur=False)
        return Reading("cossack", is_person=True, is_slur=False)
    if group == "chechen":
        people = around.is_near(contexts()["chechen_people_near"]) or _before_people(around)
        orator = around.is_near(contexts()["chechen_orator_near"])
        return Reading(group, is_person=True, is_slur=False) if people and not orator else None
    if group == "kalmyk":
        return Reading(group, _before_people(around), is_slur=False) if _heads_izafet(around) else None
    if group == "turkish":
        pot = around.is_near(contexts()["turkish_pot_near"])
        return None if pot else Reading(group, is_person=True, is_slur=False)
    dance = around.is_near(contexts()["polish_dance_near"])
    return None if dance or form == "полька" else Reading(group, is_person=True, is_slur=False)


@lru_cache(maxsize=64)
def _shows_kazakh(text: str) -> bool:
    return _KAZAKH_SIGN.search(text) is not None


def _stands_before_kazakh(word: str) -> bool:
    """A word of Kazakh typed in Russian letters with the ending of izafet: `[казак] елинин`."""
    known = contexts()["people_kk"] | contexts()["things_kk"]
    return _starts(word, known) and _FOLDED_IZAFET.search(word[:_LONGEST_WORD]) is not None


def _is_surname(form: str, around: Surroundings) -> bool:
    """A capitalised `-ов` beside another capitalised word (`Антон Чехов`, `Поляков А.`)."""
    if form not in contexts()["surnames"] or not around.written.istitle():
        return False
    if form in contexts()["always_surnames"]:
        return True
    before, after = around.original_neighbours
    return bool(before) or bool(after)


def _is_a_name(form: str, around: Surroundings) -> bool:
    """A capitalised abusive word that is also a first name: `Мамбет Алиев`, `Мәмбеттің үйі`."""
    if not around.written[:1].isupper():
        return False
    return _starts(form, contexts()["also_names"]) and not _starts(form, contexts()["never_names"])


def _names_a_state(around: Surroundings) -> bool:
    """`Қырғыз Республикасы`, `Қытай Халық Республикасы`, `Араб Әмірліктері`."""
    return _state_after().match(around.text, around.end, around.end + 40) is not None


@cache
def _state_after() -> re.Pattern[str]:
    """A word of a state as the next word or the one after it."""
    words = "|".join(sorted(map(re.escape, contexts()["country_next"])))
    return re.compile(rf"[\W\d_]*(?:[^\W\d_]+[\W\d_]+)?(?:{words})")


def _before_people(around: Surroundings) -> bool:
    return _names_people(around.head_in_kazakh)


def _is_lower_among_capitals(around: Surroundings) -> bool:
    """A bare name that a country and its people share, in small letters in a Kazakh text that uses capitals: people.

    `Тойға бір әзербайжан келді`, but not `Жолда әзербайжан асханасы бар`.
    """
    as_written = around.original[around.start : around.end]
    lines_up = as_written.lower() == around.text[around.start : around.end]
    is_lower = lines_up and as_written.islower() and around.original[:1].isupper()
    return is_lower and _shows_kazakh(around.text) and _attribute_means_people(around)


def _heads_in_kazakh(head: str) -> bool:
    """Whether a word can only be Kazakh and the second part of an izafet."""
    return _KAZAKH_LETTER.search(head[:_LONGEST_WORD]) is not None and _IZAFET.search(head[-_LONGEST_WORD:]) is not None


def _names_people(head: str) -> bool:
    if _starts(head, contexts()["things_kk"]):
        return False
    return _starts(head, contexts()["people_kk"]) or _DOER.search(head[-_LONGEST_WORD:]) is not None


def _is_people_bare(word: str) -> bool:
    """A people's name without an ending, as Kazakh sets it before a noun."""
    return word in _bare_names()


@cache
def _bare_names() -> frozenset[str]:
    table = ethnonym_table()
    bare = {form for form, meaning in table.forms.items() if meaning.kind in ("kk_bare", "kk_country_bare")}
    return frozenset(bare | {stem for stem in table.kazakh_stems if table.forms[stem].kind == "person"})


def _stands_as_verb(around: Surroundings) -> bool:
    """`нас бурят как могут`: a form that is also a verb, beside what it governs."""
    return around.before in contexts()["objects_ru"]


def _attribute_means_people(around: Surroundings) -> bool:
    """A bare Kazakh ethnonym: people, unless it qualifies a thing (`қазақ әдебиеті`)."""
    head = around.head_in_kazakh
    if not head or _WITHOUT.search(head) or _starts(head, contexts()["among_kk"]):
        return True
    if _starts(head, contexts()["nation_kk"]) and _is_addressed(around):
        return True
    if _starts(head, contexts()["things_kk"]):
        return False
    ending = head[-_LONGEST_WORD:]
    return _names_people(head) or not _IZAFET.search(ending) or bool(_PAST_VERB.search(ending))


def _is_addressed(around: Surroundings) -> bool:
    """`қазақ елі, оян!`, `қазақ еліне сақ болу керек`: the people is spoken to, not its country."""
    return _CALL.match(around.text, around.end, around.end + _NEAR_LETTERS) is not None


_CALL = re.compile(
    r"\s+ел(?:і|и|ім|им)?(?:\s*[!,]|\s+(?:[^\W\d_]+\s+)?(?:оян|бірік|бірлес|көтеріл|жинал|тұр(?:ың|ейік)?\b))"
    r"|\s+ел(?:і?не)\s+(?:[^\W\d_]+\s+)?(?:сақ|абай|аман)\b"
)


def _heads_izafet(around: Surroundings) -> bool:
    after = around.after
    return _starts(after, contexts()["people_kk"] | contexts()["things_kk"])


_AGREES = {
    "ий": {("sing", "nomn"), ("sing", "accs")}, "ый": {("sing", "nomn"), ("sing", "accs")},
    "ого": {("sing", "gent"), ("sing", "accs")}, "ому": {("sing", "datv")}, "ом": {("sing", "loct")},
    "им": {("sing", "ablt"), ("plur", "datv")}, "ая": {("sing", "nomn")}, "ую": {("sing", "accs")},
    "ой": {("sing", "gent"), ("sing", "datv"), ("sing", "ablt"), ("sing", "loct")},
    "ым": {("sing", "ablt"), ("plur", "datv")}, "ых": {("plur", "gent"), ("plur", "accs"), ("plur", "loct")},
    "ые": {("plur", "nomn"), ("plur", "accs")}, "ыми": {("plur", "ablt")},
    "ое": {("sing", "nomn"), ("sing", "accs")}, "ие": {("plur", "nomn"), ("plur", "accs")},
    "их": {("plur", "gent"), ("plur", "accs"), ("plur", "loct")}, "ими": {("plur", "ablt")},
}  # fmt: skip


def _adjective_means_people(form: str, around: Surroundings) -> bool:
    """A Russian adjective: its noun decides; alone it is a person, except where a language is meant."""
    after = ""
    for joined, word in around.after_several:
        is_adjective = _is_adjective(word)
        if joined and not is_adjective:
            break
        if _starts(word, contexts()["people_ru"]) and not (is_adjective and not _nouns(word)):
            return True
        nouns = _agreeing_nouns(form, word)
        if nouns:
            return nouns[0]
        after = after or word
        if not is_adjective:
            break
    if after and _is_adjective(after) and form.endswith(("ий", "ая", "ое", "ую", "ой")):
        return False
    if form.endswith(("ое", "ом")):
        return False
    return not (form.endswith(("ий", "ого", "ому", "им")) and around.before in contexts()["language_before_ru"])


def _agreeing_nouns(adjective: str, word: str) -> list[bool]:
    """For each reading of the word as a noun that agrees with the adjective, whether it is animate."""
    agreement = _AGREES.get(adjective[-3:]) or _AGREES.get(adjective[-2:], set())
    return [animate for animate, number, case in _nouns(word) if (number, case) in agreement] if word else []


def _starts(word: str, beginnings: frozenset[str]) -> bool:
    return _begins(word[:_LONGEST_WORD], beginnings) if word else False


@lru_cache(maxsize=50_000)
def _begins(word: str, beginnings: frozenset[str]) -> bool:
    return any(word[:size] in beginnings for size in range(2, len(word) + 1))


@cache
def _analyser() -> MorphAnalyzer:
    return MorphAnalyzer()


def _nouns(word: str) -> tuple[tuple[bool, str, str], ...]:
    return _known_nouns(word) if len(word) <= _LONGEST_WORD else ()


@lru_cache(maxsize=50_000)
def _known_nouns(word: str) -> tuple[tuple[bool, str, str], ...]:
    tags = [parse.tag for parse in _analyser().parse(word.replace("ё", "е")) if parse.score > 0.02]
    return tuple((tag.animacy == "anim", str(tag.number), str(tag.case)) for tag in tags if tag.POS == "NOUN")


def _is_adjective(word: str) -> bool:
    return len(word) <= _LONGEST_WORD and _known_adjective(word)


@lru_cache(maxsize=50_000)
def _known_adjective(word: str) -> bool:
    return _analyser().parse(word)[0].tag.POS in ("ADJF", "PRTF")
