from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.sources.encoding import decoded, detected_encoding
from assets.sources.read_result import SourceError

RUSSIAN = "Регион;Пол;Возраст\nАкмолинская область;мужской;33\nАлматы;женский;54\n"
KAZAKH = "Қазақстан халқы Ассамблеясының мәжілісінде бірлік пен татулық туралы айтылды\n"


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp866", "mac-cyrillic", "utf-8", "utf-8-sig", "utf-16"])
def test_russian_comes_back_from_every_encoding(encoding: str) -> None:
    assert decoded(RUSSIAN.encode(encoding)) == RUSSIAN


@pytest.mark.parametrize("encoding", ["kz1048", "utf-16-le", "utf-16-be", "utf-32"])
def test_kazakh_comes_back_from_every_encoding(encoding: str) -> None:
    assert decoded(KAZAKH.encode(encoding)) == KAZAKH


@pytest.mark.parametrize(
    "data",
    [
        b"caf\xe9,1,2\n",
        bytes(range(128, 256)),
        "я\n".encode("cp1251"),
        b"\xd2\xe5\xec\xe0 \xff\xfe\x81\x98" * 9,
    ],
)
def test_what_is_not_safe_to_tell_is_refused(data: bytes) -> None:
    with pytest.raises(SourceError, match="wrong_encoding"):
        detected_encoding(data)


def test_a_character_cut_at_the_end_of_a_sample_is_forgiven() -> None:
    data = KAZAKH.encode()[:-1] + "ң".encode()[:1]
    assert detected_encoding(data, complete=False) == "utf-8"
    with pytest.raises(SourceError):
        detected_encoding(data, complete=True)


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=80))
def test_utf8_is_never_taken_for_anything_else(text: str) -> None:
    data = ("a" + text).encode()
    if b"\x00" not in data:
        assert decoded(data) == "a" + text
