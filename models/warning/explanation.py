"""Plain words for a candidate in Kazakh, Russian and English, and scrubbed example texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from data_contracts.councils import case_kinds
from data_contracts.reference import ethnic_groups, regions
from models.text.person_names import without_person_names
from models.warning.severity import Assessment
from models.warning.supporting import Evidence
from models.warning.supporting_words import supporting_sentences

EXAMPLE_LENGTH = 280
SIGNAL_NAMES = {
    "hostile": ("қастық", "враждебность", "hostility"),
    "hard_hostile": (
        "қатты қастық (зорлыққа шақыру, оны құптау)",
        "жёсткая враждебность (призывы к насилию, его одобрение)",
        "hard hostility (calls, approval of violence)",
    ),
    "tension": (
        "нақты жанжал немесе оның қаупі",
        "конкретный инцидент или его риск",
        "a concrete incident or its risk",
    ),
    "grievance": ("кемсітілуге шағым", "жалобы на ущемление", "complaints of unfair treatment"),
    "rumour": ("қақтығыс туралы қауесет", "слухи о столкновениях", "rumours of clashes"),
}
MONTHS_KK = (
    "қаңтар",
    "ақпан",
    "наурыз",
    "сәуір",
    "мамыр",
    "маусым",
    "шілде",
    "тамыз",
    "қыркүйек",
    "қазан",
    "қараша",
    "желтоқсан",
)
MONTHS_RU = (
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
)
MONTHS_EN = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
PERSONAL = (
    (re.compile(r"(?i)\b(?:https?://|www\.|t\.me/)\S+"), "[link]"),
    (re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+\b"), "[e-mail]"),
    (re.compile(r"(?<!\w)@\w{2,}"), "[name]"),
    (re.compile(r"(?<!\d)\d{12}(?!\d)"), "[number]"),
    (re.compile(r"(?<!\d)(?:\d[ -]?){15}\d(?!\d)"), "[number]"),
    (re.compile(r"(?<!\d)(?:\+?7|8)[\s(-]*\d{3}[\s)-]*\d{3}[\s-]*\d{2}[\s-]*\d{2}(?!\d)"), "[phone]"),
)


@dataclass(frozen=True)
class Story:
    """The numbers and codes an explanation is written from.

    Attributes:
        region_code: one of the 20, or `unknown`.
        week: Monday of the week.
        case_kind: code of `councils.yml`.
        group_codes: groups spoken of, without `all`.
        signals: threat signals, strongest first.
        observed, expected: texts of the leading cell, seen and expected.
        cluster_count, message_count: of the whole case.
        false_alarms: expected false alarms of this council in a year.
        quiet_count: the count at or below which the leading cell is quiet again.
        accord_count: accordant texts of the same region, week and groups.
        is_continued: grew out of an earlier candidate.
        assessment: severity and its factors.
        evidence: supporting facts of the region.
        neighbour_regions: other regions of the same cluster.
    """

    region_code: str
    week: date
    case_kind: str
    group_codes: Sequence[str]
    signals: Sequence[str]
    observed: int
    expected: float
    cluster_count: int
    message_count: int
    false_alarms: float
    quiet_count: int
    accord_count: int
    is_continued: bool
    assessment: Assessment
    evidence: Sequence[Evidence] = ()
    neighbour_regions: Sequence[str] = ()


def scrub(text: str) -> str:
    """The text without links, addresses, handles, phones, long numbers and names of people.

    All but the names is a second guard: ingestion took them out already.
    """
    for pattern, mark in PERSONAL:
        text = pattern.sub(mark, text)
    return without_person_names(" ".join(text.split()))


def example_text(text: str, label: str, probability: float | None) -> str:
    """A scrubbed example of at most 280 characters that begins with its label and probability."""
    head = f"[{label}] " if probability is None else f"[{label} {probability:.2f}] "
    body = scrub(text)
    room = EXAMPLE_LENGTH - len(head)
    return head + (body if len(body) <= room else body[: room - 1].rstrip() + "…")


def going_away(story: Story) -> str:
    """The condition under which the case goes away, as a rule without language."""
    return f"observed_count<={story.quiet_count} for 2 weeks"


def explain(story: Story) -> dict[str, str]:
    """What, where, how unusual, how sure, what people must judge and what ends it, in `kk`, `ru`, `en`."""
    return {"kk": _kazakh(story), "ru": _russian(story), "en": _english(story)}


LESS_THAN = {"kk": "0,1-ден аз", "ru": "меньше 0,1", "en": "less than 0.1"}


def _number(value: float, language: str) -> str:
    if value < 0.1:
        return LESS_THAN[language]
    text = f"{value:.1f}" if value < 10 else f"{value:.0f}"
    return text if language == "en" else text.replace(".", ",")


def russian_plural(number: int, one: str, few: str, many: str) -> str:
    """The Russian form of a noun after a whole number."""
    if number % 10 == 1 and number % 100 != 11:
        return one
    return few if number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14) else many


def _groups(story: Story, language: str) -> str:
    known = ethnic_groups()
    return ", ".join(known[code].name.in_language(language) if code in known else code for code in story.group_codes)


def _signals(story: Story, place: int) -> str:
    return ", ".join(SIGNAL_NAMES[signal][place] for signal in story.signals)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _kazakh(story: Story) -> str:
    region = regions().get(story.region_code)
    place = region.name_locative.kk if region else "өңірі белгісіз хабарларда"
    monday = f"{story.week.year} жылғы {story.week.day} {MONTHS_KK[story.week.month - 1]}"
    score = story.assessment
    sentences = [
        f"{_capital(place)}, {monday} күні басталған аптада: "
        f"«{case_kinds()[story.case_kind].name.kk.lower()}» түріне ұқсас жағдай.",
        f"Байқалғаны: {_signals(story, 0)}.",
        f"Аталған топтар: {_groups(story, 'kk')}." if story.group_codes else "",
        f"Әртүрлі мәтін саны: {story.observed}; әдетте аптасына күтілетіні: {_number(story.expected, 'kk')}.",
        f"Осы жағдай бойынша барлығы {story.cluster_count} мәтін, {story.message_count} хабар.",
        f"Сол аптада келісім туралы {story.accord_count} мәтін болды." if story.accord_count else "",
        *supporting_sentences(story.evidence, story.neighbour_regions, "kk"),
        "Бұл - бұрын хабарланған жағдайдың жалғасы: ол ушыққан." if story.is_continued else "",
        f"Ауырлығы: 5-тен {score.severity} (мазмұны {score.content}/3, таралуы {score.extent}/3, "
        f"қауіптің жақындығы {score.imminence}/3).",
        "Контекст, айтушының мәртебесі мен ниеті деректерде жоқ: оларды адамдар бағалайды.",
        f"Осы кеңеске жылына күтілетін жалған дабыл саны: {_number(story.false_alarms, 'kk')}.",
        f"Екі апта қатарынан әртүрлі мәтін саны {story.quiet_count} немесе одан аз болса, дабыл алынады.",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _russian(story: Story) -> str:
    region = regions().get(story.region_code)
    place = region.name_locative.ru if region else "в сообщениях, регион которых не установлен"
    monday = f"{story.week.day} {MONTHS_RU[story.week.month - 1]} {story.week.year} года"
    score = story.assessment
    texts = ("текст", "текста", "текстов")
    messages = russian_plural(story.message_count, "сообщение", "сообщения", "сообщений")
    sentences = [
        f"{_capital(place)}, неделя с {monday}: похоже на случай вида "
        f"«{case_kinds()[story.case_kind].name.ru.lower()}».",
        f"Замечено: {_signals(story, 1)}.",
        f"Названы группы: {_groups(story, 'ru')}." if story.group_codes else "",
        f"Разных текстов: {story.observed}; обычно в неделю ожидается: {_number(story.expected, 'ru')}.",
        f"Всего по случаю {story.cluster_count} {russian_plural(story.cluster_count, *texts)}, "
        f"{story.message_count} {messages}.",
        f"О согласии в ту же неделю: {story.accord_count} {russian_plural(story.accord_count, *texts)}."
        if story.accord_count
        else "",
        *supporting_sentences(story.evidence, story.neighbour_regions, "ru"),
        "Это продолжение случая, о котором уже сообщалось: он усилился." if story.is_continued else "",
        f"Тяжесть {score.severity} из 5 (содержание {score.content}/3, охват {score.extent}/3, "
        f"близость угрозы {score.imminence}/3).",
        "Контекста, положения говорящего и намерения в данных нет: их оценивают люди.",
        f"Ложных тревог в год для этого совета ожидается: {_number(story.false_alarms, 'ru')}.",
        f"Тревога снимется, если две недели подряд разных текстов будет не больше {story.quiet_count}.",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _english(story: Story) -> str:
    region = regions().get(story.region_code)
    place = f"In {region.name.en}" if region else "In messages whose region is not known"
    monday = f"{story.week.day} {MONTHS_EN[story.week.month - 1]} {story.week.year}"
    score = story.assessment
    sentences = [
        f"{place}, week of {monday}: looks like a case of {case_kinds()[story.case_kind].name.en.lower()}.",
        f"Seen: {_signals(story, 2)}.",
        f"Groups named: {_groups(story, 'en')}." if story.group_codes else "",
        f"Distinct texts: {story.observed}; usually expected in a week: {_number(story.expected, 'en')}.",
        f"In the whole case: distinct texts {story.cluster_count}, messages {story.message_count}.",
        f"Accordant texts in the same week: {story.accord_count}." if story.accord_count else "",
        *supporting_sentences(story.evidence, story.neighbour_regions, "en"),
        "This continues a case already reported: it has grown." if story.is_continued else "",
        f"Severity {score.severity} of 5 (content {score.content}/3, extent {score.extent}/3, "
        f"imminence {score.imminence}/3).",
        "Context, the speaker's status and intent are not in the data: people judge them.",
        f"False alarms expected for this council in a year: {_number(story.false_alarms, 'en')}.",
        f"The alarm goes away when distinct texts stay at or below {story.quiet_count} for two weeks.",
    ]
    return " ".join(sentence for sentence in sentences if sentence)
