"""Mentions of ethnic groups: people, adjectives, slurs, homographs, evasive spelling."""

from __future__ import annotations

import time

import polars as pl
import pytest

from data_contracts.reference import ethnic_groups
from models.text.ethnonym_forms import ethnonym_table
from models.text.ethnonyms import mentions

P, N = True, False  # people meant; not people
CASES = [
    ("Русский язык и русские люди", [("russian", N), ("russian", P)]),
    ("Қазақ тілі мен қазақ халқы", [("kazakh", N), ("kazakh", P)]),
    ("Я русский, говорю на русском", [("russian", P), ("russian", N)]),
    ("Он знает русский", [("russian", N)]),
    ("Русских и казахских детей учат по-русски", [("russian", P), ("kazakh", P), ("russian", N)]),
    ("Орысша сөйлейді, өзбекше түсінеді", [("russian", N), ("uzbek", N)]),
    ("қазағымыздың жастары мен ұйғырлардан келген қонақтар", [("kazakh", P), ("uyghur", P)]),
    ("Мен қазақпын", [("kazakh", P)]),
    ("казактар орыстармен тату", [("kazakh", P), ("russian", P)]),
    ("казак тили керек кой", [("kazakh", N)]),
    ("Казаки на Дону поют", [("cossack", P)]),
    ("казахстанцы, қазақстандықтар и россияне", []),
    ("В Узбекистане, Өзбекстанда, Украины и Украину", []),
    ("Қытай тауары арзан, Қытайға барды", []),
    ("қытайлар келді, қытай жұмысшылары", [("chinese", P), ("chinese", P)]),
    ("китайские товары и китайские рабочие", [("chinese", P)]),
    ("итальянская марка", []),
    ("немецкая машина и русская кухня", [("german", N), ("russian", N)]),
    ("Кыргызская Республика, Қырғыз Республикасының елшісі", []),
    ("сварила кофе в турке", []),
    ("Турки-месхетинцы живут рядом", [("turkish", P)]),
    ("Антон Чехов и полярный круг, станцевали польку", []),
    ("поляки и чехи приехали на матч", [("polish", P), ("czech", P)]),
    ("Төле би шешен сөйлеген", []),
    ("шешендер мен ингуштар көшірілді", [("chechen", P), ("ingush", P)]),
    ("ЯКУТОВ, КАЛМЫКОВ И БУРЯТ", [("yakut", P), ("kalmyk", P), ("buryat", P)]),
    ("әзербайжандар көп, Әзербайжан президенті келді", [("azerbaijani", P)]),
    ("үйде жалғыз қалмақ", []),
    ("лица кавказской национальности", [("caucasian", P)]),
    ("указах, приказах и показаний", []),
    ("Ақпарат қазақ , орыс және ағылшын тілдерінде беріледі", [("kazakh", N), ("russian", N), ("english", N)]),
    ("өзбек пен тәжік халқы", [("uzbek", P), ("tajik", P)]),
    ("Кітап чех тілінде шықты, чех жазушысы келді", [("czech", N), ("czech", P)]),
    ("Татар-орыс қарым-қатынасы", [("tatar", N), ("russian", N)]),
    ("татарский    язык и татарские народные песни", [("tatar", N), ("tatar", N)]),
    ("русскоязычным контентом, русскоязычные студенты", [("russian_speaking", N), ("russian_speaking", P)]),
    ("немецкая афёра", [("german", N)]),
    ("түрік ғалымдары мен қырғыз сарапшылары", [("turkish", P), ("kyrgyz", P)]),
    ("неміс қызметі, неміс үміті, неміс айтты", [("german", N), ("german", N), ("german", P)]),
    ("Қазақ елі, оян! Қазақ елінің болашағы", [("kazakh", P), ("kazakh", N)]),
    ("нагыз казак елинин тарихы", [("kazakh", N)]),
    ("Мен әзербайжанмын, сендер қытайсыңдар", [("azerbaijani", P), ("chinese", P)]),
    ("Тойға бір әзербайжан келді", [("azerbaijani", P)]),
    ("Жолда әзербайжан асханасы бар", []),
    ("Тойға Әзербайжан қатысты; әзербайжан келді", [("azerbaijani", P)]),
    ("Шешен құдаларымыз қонаққа келді", [("chechen", P)]),
    ("кәріссіңдер ғой", [("korean", P)]),
    ("Ахыска апамыз, люлилер, жебірейлер", [("turkish", P), ("roma", P), ("jewish", P)]),
    ("Кавказдар келді, Кавказда болдым", [("caucasian", P)]),
    ("приезжие и оралманы, уралмандар", [("migrant", P), ("kandas", P), ("kandas", P)]),
    ("выходцы из Средней Азии и выходцы с Кавказа", [("central_asian", P), ("caucasian", P)]),
    ("кіші жүз бен наймандар, Найман ауылы", [("kazakh", P), ("kazakh", P)]),
    ("Баспасөз орталығында жүздеген журналист отыр", []),
    ("Воевали за Кавказ. Сравнять кавказ с землёй", []),
    ("Міржақып Дулатов көшесі, әзер жетті", []),
    ("налогами нас бурят, а в Беларуси тихо; буряты рядом", [("buryat", P)]),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_groups_and_people(text, expected):
    found = mentions(pl.Series(["m"]), pl.Series([text]))
    assert list(found.select("group_code", "is_person").iter_rows()) == expected


@pytest.mark.parametrize(
    ("text", "surfaces"),
    [
        ("Ка3ахи и pyccкие", ["Ка3ахи", "pyccкие"]),
        ("эти к а з а х и опять", ["к а з а х и"]),
        ("\u200bқаз\u200bақтар", ["қаз\u200bақтар"]),
        ("казаааахи вперёд", ["казаааахи"]),
        ("Мы РУССКИЕ!", ["РУССКИЕ"]),
    ],
)
def test_evasive_spelling_is_found_and_quoted_as_written(text, surfaces):
    found = mentions(pl.Series(["m"]), pl.Series([text]))
    assert found["surface"].to_list() == surfaces
    for surface, start, end in found.select("surface", "start", "end").iter_rows():
        assert text[start:end] == surface


def test_slurs_are_marked_and_ordinary_names_are_not():
    abusive = ["хохлы и жиды", "шала қазақ", "мамбеты", "Мамбеты", "МАМБЕТТЕР", "чурок и хачей", "каклам", "шалалар"]
    ordinary = ["украинцы и евреи", "приезжие"]
    texts = pl.Series([*abusive, *ordinary, "Мамбет Алиев", "Мәмбеттің үйі"])
    found = mentions(texts, texts)
    slurs = found.group_by("message_id", maintain_order=True).agg(pl.col("is_slur").all())
    assert dict(slurs.iter_rows()) == dict.fromkeys(abusive, True) | dict.fromkeys(ordinary, False)


@pytest.mark.parametrize(
    "form",
    ["қазаққа", "қазақтарымыздың", "өзбектерден", "орыстікі", "немістермен", "ұйғырмын", "кореянками",
     "украинцам",
     "дунганами", "казашек", "татарке", "курдянок", "азербайджанцев", "белорусками"],
)  # fmt: skip
def test_case_forms_are_in_the_table(form):
    assert form in ethnonym_table().forms


def test_every_census_group_can_be_found_in_both_languages():
    names = {
        code: [group.name.kk, group.name.ru.split(" ")[0]]
        for code, group in ethnic_groups().items()
        if group.is_census_group and code != "other"
    }
    for code, texts in names.items():
        found = mentions(pl.Series(["kk", "ru"]), pl.Series(texts))
        assert found["group_code"].to_list() == [code, code], texts


def test_no_text_no_mention():
    empty = mentions(pl.Series([], dtype=pl.String), pl.Series([], dtype=pl.String))
    assert empty.height == 0
    assert mentions(pl.Series(["a", "b"]), pl.Series([None, ""], dtype=pl.String)).height == 0


def _seconds(text: str) -> float:
    column, ids = pl.Series([text]), pl.Series(["m"])
    runs = []
    for _ in range(2):
        started = time.process_time()
        mentions(ids, column)
        runs.append(time.process_time() - started)
    return min(runs)


@pytest.mark.parametrize("piece", ["казах", "казак-", "қaзақ", "чехи,", "ру\u0301с", "к а з "])
def test_time_grows_with_the_length_of_one_message_and_not_with_its_square(piece):
    _seconds(piece)
    short, long = _seconds(piece * 1_000), _seconds(piece * 8_000)
    # Eight times the text; the square would be sixty-four times the time.
    assert long < 24 * max(short, 0.002)


def test_words_without_end_are_read_as_names_of_nothing():
    found = mentions(pl.Series(["m"]), pl.Series(["русские " + "ю" * 300_000 + " и жид" + "ыд" * 150_000]))
    assert found["group_code"].to_list() == ["russian"]
