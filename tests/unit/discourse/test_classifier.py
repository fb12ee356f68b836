"""What the model of the seed corpus must already get right: authored sentences that are not in the corpus."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from data_contracts.contract import table_contract
from models.discourse.classifier import LABELS, decide, has_target, spans_by_message
from models.discourse.features import readings
from models.discourse.lexicon import lexicon
from models.text.ethnonyms import mentions

AUTHORITY = [
    "Этот министр ворюга и подонок, гнать его вместе с замами",
    "Все депутаты паразиты, расстрелять бы эту контору из брандспойта",
    "Прокуратура и суд продажные твари, сажать всех до одного",
    "Акимат опять распилил бюджет, свиньи у корыта",
    "Кремль врёт, Путин убийца",
    "Госдеп и НАТО лезут куда не просят, мрази",
    "Олигархи кровопийцы, раздавить эту саранчу налогами",
    "Правительство манкуртов, в отставку",
    "Министрдің бәрі ұры, түрмеде шірісін",
    "Әкім халықты мал көреді, қуып шығу керек",
    "Депутаттар арамтамақ, мандатын тартып алу керек",
    "Соттың бәрі сатылған, парақор иттер",
    "Полиция бастығы жемқор, иттей қуу керек қызметтен",
    "Ресей билігі өтірікші, қанішер режим",
    "үкіметтегілер оборзел ғой, бәрін посадить ету керек",
    "акимат дегендер сплошной ворюга, халықтың ақшасын жеп отыр",
]

HOSTILE = [
    ("Все таджики вонючие и тупые, противно рядом стоять", "tajik"),
    ("Цыгане паразиты, гнать их всех из посёлка", "roma"),
    ("Армяне все жулики, никому из них верить нельзя", "armenian"),
    ("Выгнать корейцев из города, пусть валят", "korean"),
    ("Чурки заполонили город, депортировать всех", None),
    ("Өзбектердің бәрі алаяқ, қуып шығу керек", "uzbek"),
    ("Күрдтер жабайы халық, елден кетсін бәрі", "kurdish"),
    ("Ұйғырлардың бәрі сатқын, сенбеңдер оларға", "uyghur"),
    ("қытайлар жәндік сияқты қаптап кетті, қуу керек", "chinese"),
    ("орыстар все алкаш, елден кетсін", "russian"),
]


@pytest.mark.parametrize("text", AUTHORITY)
def test_criticism_of_authority_is_never_hostile(label, text):
    row = label(text).row(0, named=True)
    assert row["discourse"] != "hostile"
    assert row["severity"] == 0


def test_the_battery_shares_no_sentence_with_the_corpus(authored: pl.DataFrame):
    corpus = set(authored["text"])
    assert len(corpus) > 300
    assert not corpus & {*AUTHORITY, *(text for text, _ in HOSTILE)}


def test_hostility_to_peoples_is_found(label):
    found = label(*(text for text, _ in HOSTILE))
    assert (found["discourse"] == "hostile").sum() >= 9
    hostile = found.filter(pl.col("discourse") == "hostile")
    assert hostile["severity"].min() >= 1


@pytest.mark.parametrize(
    "clean, disguised", [("Цыгане паразиты, гнать их всех", "Цыгане п а р а з и т ы, гнaть их всeх")]
)
def test_disguised_words_read_as_the_plain_ones(label, clean, disguised):
    plain, evasive = label(clean)["hostile_probability"][0], label(disguised)["hostile_probability"][0]
    assert plain > 0.6
    assert evasive == pytest.approx(plain, abs=0.1)


def test_nobody_to_be_hostile_to_means_not_hostile(label):
    found = label("Все они тупые паразиты, гнать и бить", "Убирайтесь вон, твари, убить вас мало")
    assert found["hostile_probability"].to_list() == [0.0, 0.0]


def test_the_name_of_the_group_does_not_decide(label):
    names = ["узбеки", "немцы", "уйгуры", "корейцы", "русские", "казахи", "чеченцы"]
    hostile = label(*(f"Эти {name} тупые и ленивые, гнать их" for name in names))["hostile_probability"]
    neutral = label(*(f"В районе по переписи живут {name}" for name in names))["hostile_probability"]
    assert hostile.max() - hostile.min() < 0.05
    assert neutral.max() < 0.1 < hostile.min()


def test_empty_odd_and_enormous_texts_are_labelled(label):
    odd = [
        None,
        "",
        "   ",
        "😂😂🔥",
        "\x00\x00",
        "א" * 50,
        "ложь " * 20_000,
        "узбек" * 20_000,
        "\u202eабв\u200b",
        "a" * 100_000,
    ]
    found = label(*odd)
    assert len(found) == len(odd)
    assert found["discourse"].to_list()[:6] == ["other"] * 6
    assert not (found["discourse"] == "hostile").any()


def test_table_follows_its_contract(label):
    found = label("Узбеки все хитрецы и воры", "Завтра дождь", "Министр врёт")
    names = [name for name in table_contract("core_discourse__labels").column_names if name != "day_date"]
    assert found.columns == names
    sums = found.select(pl.sum_horizontal(f"p_{one}" for one in LABELS)).to_series().to_numpy()
    assert np.allclose(sums, 1)
    assert found["is_skipped"].to_list() == [False, True, True]
    assert found["discourse"].to_list()[1:] == ["other", "authority"]
    assert (found["hostile_probability"] == found["p_hostile"]).all()


def test_no_messages_give_an_empty_table_of_the_same_columns(label):
    assert label().columns == label("да").columns
    assert label().schema == label("да").schema


def test_reasons_are_words_of_the_message(label):
    text = "Эти цыгане паразиты, гнать их всех"
    reasons = label(text)["reasons"][0]
    assert 1 <= len(reasons) <= 5
    assert any(word in text for reason in reasons for word in reason.split())


def test_decide_needs_the_threshold_for_hostile_only():
    chances = np.zeros((2, len(LABELS)))
    chances[:, 0], chances[:, 1] = 0.55, 0.45
    assert decide(chances, 0.5).tolist() == [0, 0]
    assert decide(chances, 0.6).tolist() == [1, 1]


def test_stances_follow_each_group(model):
    text = "Казахи народ добрый и гостеприимный, а эти узбеки хитрые воры"
    messages = pl.DataFrame({"message_id": ["a"], "text": [text]})
    found = model.stances(messages, mentions(messages["message_id"], messages["text"]))
    assert found["group_code"].to_list() == ["kazakh", "uzbek"]
    hostile = dict(found.select("group_code", "p_hostile").iter_rows())
    assert hostile["uzbek"] > hostile["kazakh"]
    assert set(found["stance"]) <= {-1, 0, 1}


def test_ones_own_group_is_not_somebody_to_be_hostile_to():
    texts = [
        "Мы казахи бараны, опять всё проспали",
        "Мой дед хохол, и я хохол, горжусь",
        "Мы выгоним казахов отсюда, бараны они",
        "Хохлы все жадные, терпеть не могу",
    ]
    ids = pl.Series("message_id", ["a", "b", "c", "d"])
    spans = spans_by_message(mentions(ids, pl.Series("text", texts)))
    assert has_target(readings(texts, [spans.get(one, []) for one in ids])).tolist() == [False, False, True, True]


@pytest.mark.parametrize(
    "text, points",
    [
        ("Езжай уже на свою историческую родину", True),
        ("воровать у них это в крови", True),
        ("чемодан вокзал и домой", True),
        ("тарихи отаныңа кет, орын жоқ мұнда", True),
        ("Судья продался, гнать его поганой метлой", False),
        ("әкімдер ұрлап жатыр, бәрін қамау керек", False),
        ("цены растут каждый день, а зарплата нет", False),
    ],
)
def test_turns_of_speech_can_point_at_somebody_without_a_name(text: str, points: bool):
    assert has_target(readings([text])).tolist() == [points]


def test_covert_words_seldom_stand_in_criticism_of_authority(authored: pl.DataFrame):
    """They open the way to the label hostile, so they must hardly ever meet what is never hostile."""
    covert = lexicon().categories.index("covert")
    met = pl.Series([any(covert in hit for hit in one.hits) for one in readings(authored["text"].to_list())])
    share = {name: met.filter(authored["discourse"] == name).mean() for name in ("authority", "other", "hostile")}
    assert max(share["authority"], share["other"]) < 0.03
    assert share["hostile"] > 3 * share["authority"]
