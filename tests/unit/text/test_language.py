"""Languages of short messages, on sentences written for the test."""

from __future__ import annotations

import polars as pl
import pytest

from models.text.language import languages

SENTENCES = {
    ("kk", "cyrillic"): [
        "Балалар мектепке барды", "Ертең ауылда жиналыс болады", "рахмет агайын барине", "казактын жери кен",
        "бул не деген масқара", "Халықты алдап жүр", "Президент халыққа жолдау арнады", "Құдай сақтасын",
        "дурыс айтасыз ага", "осы адамдар кайдан келді", "Жаңа Қазақстан",
    ],
    ("kk", "latin"): ["qazaqsha soyle", "barine rahmet dostar", "osy adamdar kim",
        "Menin atym Aigul, men qazaqpyn"],
    ("ru", "cyrillic"): [
        "Дети пошли в школу", "что за бред", "молодец красавчик", "цены опять выросли",
        "куда смотрит полиция",
        "Акимат Шымкента ничего не делает", "позор", "Президент посетил Талдыкорган и Алматы",
    ],
    ("mixed", "cyrillic"): [
        "Ну короче бүгін біз жиналысқа бардық, но никто не пришел и все",
        "Мен сізге айттым ғой, что так нельзя делать, енді не болады",
        "Очень правильно говорите, халық сізбен бірге, рахмет аға",
    ],
    ("uz", "cyrillic"): ["Бугун ҳаво жуда яхши бўлди"],
    ("uz", "latin"): ["Biz bugun maktabga bordik va juda yaxshi bo'ldi"],
    ("ky", "cyrillic"): ["Кыргыз эли үчүн бул абдан жакшы болду"],
    ("tr", "latin"): ["Bugün hava çok güzel ve biz okula gittik"],
    ("en", "latin"): ["The government should do something about it"],
    ("other", "cyrillic"): ["Що це таке і чому ви не знаєте"],
    ("other", "latin"): ["Guten Tag, ich bin nicht von hier"],
    ("other", "other"): ["你好世界", "שלום עולם"],
    ("unknown", "none"): ["😂😂😂", "", "!!! 123", "@handle https://example.org/a"],
}  # fmt: skip
CASES = [(language, script, text) for (language, script), texts in SENTENCES.items() for text in texts]


@pytest.fixture(scope="module")
def found():
    frame = languages(pl.Series([text for _, _, text in CASES]))
    return dict(zip((text for _, _, text in CASES), frame.iter_rows(named=True), strict=True))


@pytest.mark.parametrize(("language", "script", "text"), CASES)
def test_language_and_script(found, language, script, text):
    assert (found[text]["language"], found[text]["script"]) == (language, script)


def test_shares_and_confidence_are_shares(found):
    for row in found.values():
        assert 0.0 <= row["kk_share"] <= 1.0
        assert 0.0 <= row["language_confidence"] <= 1.0
    mixed = found["Очень правильно говорите, халық сізбен бірге, рахмет аға"]
    assert 0.2 < mixed["kk_share"] < 0.8
    assert found["Дети пошли в школу"]["kk_share"] == 0.0


def test_a_loan_or_a_name_does_not_make_kazakh_mixed():
    texts = [
        "Алексей Омельницкий Павлодар облысынан хабарлайды",
        "Инвестиция көлемі үш миллиард доллар болды",
    ]
    assert languages(pl.Series(texts))["language"].to_list() == ["kk", "kk"]


def test_a_row_does_not_depend_on_its_neighbours():
    texts = [text for _, _, text in CASES]
    together = languages(pl.Series(texts))
    alone = pl.concat([languages(pl.Series([text])) for text in texts[:12]])
    assert together.head(12).equals(alone)


@pytest.mark.shared_data
def test_kazakh_news_is_kazakh(shared_data):
    from benchmarks.text_data import kaznerd_sentences

    texts = pl.Series([sentence.text for sentence in kaznerd_sentences(shared_data)[::10]])
    assert (languages(texts)["language"] == "kk").mean() >= 0.99
