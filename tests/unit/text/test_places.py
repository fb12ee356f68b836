"""Regions out of texts and out of the names that outside files use."""

from __future__ import annotations

import polars as pl
import pytest

from data_contracts.reference import regions
from models.text.places import places, region_of_name

TEXTS = [
    ("Алматыда жол апаты болды", "KZ-75"),
    ("В Алматинской области прошли учения", "KZ-19"),
    ("Алматы облысының Талғар ауданында", "KZ-19"),
    ("Шымкентте жиналыс өтті, шымкенттіктер наразы", "KZ-79"),
    ("Абай атамыз айтқан", "unknown"),
    ("Абай облысында өрт", "KZ-10"),
    ("пожар в области Абай", "KZ-10"),
    ("Қонаев қаласында", "KZ-19"),
    ("Димаш Қонаев туралы кітап", "unknown"),
    ("Оралда жаңбыр жауды", "KZ-27"),
    ("ол елге оралды", "unknown"),
    ("собрались в Семее", "KZ-10"),
    ("помощь для семей", "unknown"),
    ("жақсы адам алға ұмтылады", "unknown"),
    ("улица Карагандинская, дом 5", "unknown"),
    ("в ВКО холодно", "KZ-63"),
    ("оңтүстік астанада концерт", "KZ-75"),
    ("елорда әкімі", "KZ-71"),
    ("Масанчи, Кордайский район", "KZ-31"),
    ("приехали в Ташкент из Бишкека", "abroad"),
    ("Россия и Казахстан договорились", "unknown"),
    ("Из Алматы в Шымкент", "unknown"),
    ("Шымкент, опять Шымкент, и немного Алматы", "KZ-79"),
]


@pytest.mark.parametrize(("text", "code"), TEXTS)
def test_region_of_text(text, code):
    assert places(pl.Series([text]))["region_code"].item() == code


def test_text_then_vendor_then_source():
    texts = pl.Series(["Ақтауда", "ничего", "ничего", "ничего", "Из Алматы в Шымкент", "Из Алматы в Шымкент"])
    vendor = pl.Series(["г. Астана", "г. Астана", None, None, "Шымкент", "Астана"])
    source = pl.Series(["KZ-55", "KZ-55", "KZ-55", None, None, None], dtype=pl.String)
    found = places(texts, source, vendor)
    assert list(found.iter_rows()) == [
        ("KZ-47", "text"),
        ("KZ-71", "vendor"),
        ("KZ-55", "source"),
        ("unknown", "none"),
        ("KZ-79", "text"),
        ("unknown", "ambiguous"),
    ]


def test_every_official_name_leads_back_to_its_region():
    for code, region in regions().items():
        forms = [
            region.name.kk,
            region.name.ru,
            region.name.en,
            code,
            region.name_genitive.ru,
            region.name.ru.upper(),
        ]
        assert region_of_name(pl.Series(forms)).to_list() == [code] * len(forms)
        sentence = pl.Series([region.name_locative.kk, f"Сегодня {region.name_locative.ru} дождь"])
        assert places(sentence)["region_code"].to_list() == [code, code]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Акмолинская обл.", "KZ-11"), ("г.Алматы", "KZ-75"), ("Астана қ.", "KZ-71"), ("Almaty", "KZ-75"),
        ("Область Жетысу", "KZ-33"), ("Южно-Казахстанская область", "KZ-61"), ("750000000", "KZ-75"),
        ("Казахстан, Алматинская область, Талгар", "KZ-19"), ("Батыс Қазақстан", "KZ-27"),
        ("Казахстан", "KZ"),
        ("Москва", "abroad"), ("Марс", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_names_of_outside_files(name, code):
    assert region_of_name(pl.Series([name], dtype=pl.String)).to_list() == [code]


@pytest.mark.shared_data
def test_no_district_of_the_official_list_is_put_in_a_wrong_region(shared_data):
    kato = pl.read_csv(shared_data / "kazakhstan" / "kato.csv", infer_schema=False)
    kato = kato.filter(pl.col("level").is_in(["oblast", "district"]))
    assert kato.height > 200
    for column in ("name_ru", "name_kk"):
        found = kato.select(true="KZ-" + pl.col("kato").str.slice(0, 2), found=region_of_name(kato[column]))
        assert found.filter(pl.col("found") != pl.col("true")).height == 0
        assert found["found"].is_not_null().mean() > 0.9


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Вьетнамда су тасқыны болды", "abroad"),
        ("В Непале прошли выборы", "abroad"),
        ("Нью-Йорктен хабар келді", "abroad"),
        ("Беларусьте жиын өтті", "abroad"),
        ("Бүгін Қытай басшысы келді", "abroad"),
        ("Шымқаладан сәлем", "KZ-79"),
        ("Самое главное - не молчать", "unknown"),
        ("Того человека я знаю", "unknown"),
        ("Китайка пришла", "unknown"),
        ("Қытай тілі қиын", "unknown"),
        ("Судан балық ұстады", "unknown"),
    ],
)
def test_the_world_by_its_names_and_words_that_look_like_them(text: str, code: str) -> None:
    assert places(pl.Series([text]))["region_code"].to_list() == [code]
