from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.text.privacy import PLACEHOLDERS, pseudonyms, scrub

PERSONAL = {
    "phone": (
        "+7 701 123 45 67",
        "8(727)273-45-67",
        "87011234567",
        "8 701 123-45-67",
        "7012345678",
        "тел. 27-34-56",
        "+998 90 123 45 67",
        "қоңырау шалыңыз: 8-747-555-44-33",
        "8️⃣7️⃣0️⃣1️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣",
        "８７０１１２３４５６７",
        "WhatsApp 701.123.45.67",
    ),
    "email": ("ivan.petrov@mail.example", "aliya_k [at] post.example", "иван(собака)почта.рф"),
    "handle": ("@ivan_petrov99", "инста: ivan_iv", "skype: live.ivan_p", "＠aliya_kz"),
    "link": ("https://vk.com/id123456", "vk.com/ivan", "t.me/aliya", "www.page.example/me", "қазақ.қаз"),
    "iin": (
        "850101300123",
        "850101 300123",
        "жсн: 900505 400 321",
        "удостоверение №045678901",
        "паспорт N12345678",
    ),
    "card": ("4400 4301 2345 6789", "4400430123456789", "5536-9137-1234-5678"),
    "account": ("KZ86125KZT5004100100", "KZ86 125K ZT50 0410 0100"),
    "address": (
        "ул. Абая, д. 15, кв. 23",
        "ул. абая 15",
        "улица Панфилова 98",
        "пр. Республики 12/1, кв 4",
        "мкр. Самал-2, дом 58, кв. 3",
        "Абай көшесі, 15-үй, 23-пәтер",
        "Мәңгілік Ел даңғылы 55",
        "8 ықшам ауданы 12",
        "д. 5, кв. 17",
        "на улице Розыбакиева, 247",
    ),
}
HARMLESS = (
    "В 2025 году 1000 человек и 12,5 % казахов",
    "29.10.2025 в 15:30 на площади",
    "население 20 000 000 человек, бюджет 1 234 567 890 тенге",
    "Статья 174 УК РК от 3 июля 2014 года № 226-V",
    "Русские и казахи живут на одной улице дружно",
    "2021-2025 гг., 15 регионов",
    "Халық саны 19 186 015 адам",
    "сказал.Потом ушёл, т.е. 3 раза и т.д. 4",
    "доводят,чтобы мы вышли на улицу.Потом скажут 20 тыс",
    "пр. вопросы 5 раз",
    "Абай көшесінде 5 адам тұрды",
    "телефон 2 раза разбил",
    "тг канал - гадость",
    "счёт 3:2, в 1916-1917 годах",
)


@pytest.mark.parametrize(("kind", "written"), [(kind, text) for kind, texts in PERSONAL.items() for text in texts])
def test_personal_data_are_replaced_inside_a_sentence(kind: str, written: str) -> None:
    text = scrub(pl.Series([f"Осы адам: {written}, сол ғой"]))[0]
    assert PLACEHOLDERS[kind] in text
    assert text.startswith("Осы адам: ") and text.endswith("сол ғой")
    assert not any(character.isdigit() for character in text)
    assert not {"ivan", "aliya", "иван"} & set(text.lower().replace("_", " ").split())


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_of_public_life_stay(text: str) -> None:
    assert scrub(pl.Series([text]))[0] == text


def test_length_order_nulls_and_name_are_kept() -> None:
    texts = pl.Series("text", ["бір", None, "@user сөз", "", "үш 3"])
    assert scrub(texts).to_list() == ["бір", None, "[@] сөз", "", "үш 3"]
    assert scrub(texts).name == "text"
    assert scrub(pl.Series("text", [], dtype=pl.String)).len() == 0


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text(alphabet="аб 0123456789@.+-()ул,\n", max_size=60), min_size=1, max_size=8))
def test_scrubbing_twice_changes_nothing_more(texts: list[str]) -> None:
    once = scrub(pl.Series(texts, dtype=pl.String))
    assert scrub(once).to_list() == once.to_list()
    one_by_one = [scrub(pl.Series([text], dtype=pl.String))[0] for text in texts]
    assert once.to_list() == one_by_one


def test_the_texts_given_are_left_as_they_are() -> None:
    texts = pl.Series(["8 701 123 45 67", "vk.com/ivan", "тыныш"])
    scrub(texts)
    assert texts.to_list() == ["8 701 123 45 67", "vk.com/ivan", "тыныш"]


def test_pseudonyms_count_authors_and_tell_nothing() -> None:
    authors = pl.Series("author", ["user1", " user1 ", "user2", None, ""])
    found = pseudonyms(authors, b"k" * 16)
    assert found[0] == found[1] != found[2]
    assert found[3:].to_list() == [None, None]
    assert pseudonyms(authors, b"n" * 16)[0] != found[0]
    assert found.name == "author" and found.str.len_chars()[0] == 32
    # HMAC-SHA256, computed with openssl: printf user1 | openssl dgst -sha256 -hmac kkkkkkkkkkkkkkkk
    assert found[0] == EXPECTED
    with pytest.raises(ValueError, match="at least 16"):
        pseudonyms(authors, b"short")
    assert pseudonyms(pl.Series("a", [None], dtype=pl.String), b"k" * 16).dtype == pl.String


EXPECTED = "8b8b5200a971e2abdab054bf87463b6c"


def test_the_texts_of_the_caller_stay_as_they_were() -> None:
    given = ["звони +7 701 555 12 34", "просто текст", "пишите на a.b@example.org", "٠١٢ үй"] * 2
    for texts in (pl.Series("t", given), pl.Series("t", given).unique(), pl.Series("t", given).filter([True] * 8)):
        before = texts.to_list()
        scrubbed = scrub(texts)
        assert texts.to_list() == before
        assert scrubbed.to_list() != before
