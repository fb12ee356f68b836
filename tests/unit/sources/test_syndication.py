from __future__ import annotations

from pathlib import Path

import pytest

from assets.sources.syndication import read_syndication

RSS = """<?xml version="1.0" encoding="{encoding}"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>Ел хабары</title><link>https://www.el.example/</link>
<item><title>Татулық күні</title><link>https://el.example/1</link><guid>g1</guid>
<pubDate>Wed, 01 Jul 2026 10:00:00 +0500</pubDate><dc:creator>Aigerim Bekova</dc:creator>
<description>&lt;p&gt;Бірлік&nbsp;керек&lt;/p&gt;&lt;script&gt;x()&lt;/script&gt; 5 &amp;lt; 7
</description></item>
<item><title>Екінші</title><link>https://el.example/2</link><pubDate>Thu, 02 Jul 2026 10:00:00 GMT</pubDate>
<content:encoded><![CDATA[<div>Бірінші жол<br>екінші жол</div>]]></content:encoded>
<description>қысқа</description></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title type="html">Ашық лента</title>
<link rel="self" href="https://a.example/feed"/><link href="https://a.example/"/>
<entry><id>e1</id><title>Бір</title><published>2026-07-01T05:00:00Z</published>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Ішкі <b>мәтін</b></p></div></content>
<author><name>Aigerim Bekova</name></author></entry></feed>"""
JSON = """{"version": "https://jsonfeed.org/version/1.1", "title": "J", "home_page_url": "https://j.example/",
"items": [{"id": 1, "content_html": "<p>Сөз</p>", "date_published": "2026-07-01T10:00:00+05:00",
"authors": [{"name": "Aigerim Bekova"}]}]}"""


def read(folder: Path, content: str | bytes, run, name: str = "feed.xml"):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_syndication(path, **run)


def test_rss_gives_titles_texts_and_moments(tmp_path: Path, run) -> None:
    rows = read(tmp_path, RSS.format(encoding="utf-8"), run).rows
    assert rows["text"].to_list() == [
        "Татулық күні\nБірлік керек\n5 < 7",
        "Екінші\nБірінші жол\nекінші жол",
    ]
    assert [moment.isoformat() for moment in rows["published_at"]] == [
        "2026-07-01T05:00:00+00:00",
        "2026-07-02T10:00:00+00:00",
    ]
    assert set(rows["source_id"]) == {"el-example"}
    assert set(rows["source_name"]) == {"Ел хабары"}
    assert "Bekova" not in rows.write_ndjson()


@pytest.mark.parametrize(("content", "source"), [(ATOM, "a-example"), (JSON, "j-example")])
def test_atom_and_json_feed(tmp_path: Path, run, content: str, source: str) -> None:
    result = read(tmp_path, content, run)
    assert (result.rows_in, result.rows["source_id"].to_list()) == (1, [source])
    assert result.rows["published_at"][0].isoformat() == "2026-07-01T05:00:00+00:00"
    assert result.rows["author_pseudonym"][0] is not None
    assert result.rows["text"][0] in ("Бір\nІшкі мәтін", "Сөз")


@pytest.mark.parametrize("encoding", ["windows-1251", "utf-16", "koi8-r"])
def test_declared_encodings_are_followed(tmp_path: Path, run, encoding: str) -> None:
    russian = RSS.replace("Татулық күні", "День согласия").replace("Бірлік", "Единство").replace("Ел хабары", "Весть")
    russian = russian.replace("Екінші", "Второе").replace("Бірінші жол", "а").replace("екінші жол", "б")
    russian = russian.replace("керек", "нужно").replace("қысқа", "кратко")
    rows = read(tmp_path, russian.format(encoding=encoding).encode(encoding), run).rows
    assert rows["text"][0] == "День согласия\nЕдинство нужно\n5 < 7"


def test_small_slips_are_forgiven_when_the_feed_is_whole(tmp_path: Path, run) -> None:
    slipped = RSS.format(encoding="utf-8").replace("Татулық күні", "Нан & тұз")
    result = read(tmp_path, slipped, run)
    assert result.rows_in == 2
    assert result.rows["text"][0].startswith("Нан & тұз")


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "&a;" * 10}">' for n in range(9))
    + "]><rss><channel><item><title>&a8;</title></item></channel></rss>"
)
FILE_BOMB = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><title>&x;</title></channel></rss>'


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("", "empty_file"),
        (RSS.format(encoding="utf-8")[:600], "broken_xml"),
        ("<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "html_instead_of_data"),
        ("<html><h1>Error</h1>", "html_instead_of_data"),
        (BOMB, "xml_entities"),
        (FILE_BOMB, "xml_entities"),
        ("<rss><channel><title>Пусто</title></channel></rss>", "no_rows"),
        ("<svg><item/></svg>", "unknown_format"),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": [', "broken_json"),
        ('{"version": "https://jsonfeed.org/version/1.1"}', "missing_column"),
        (b"\xff\x81\x8d\x9d<rss>\xa0\xff</rss>", "wrong_encoding"),
    ],
)
def test_what_is_no_feed_is_refused_whole(tmp_path: Path, run, content: str | bytes, rule: str) -> None:
    result = read(tmp_path, content, run)
    assert (result.file_rule, result.rows_in, result.rows.height) == (rule, 0, 0)


def test_deep_nesting_ends_in_a_result(tmp_path: Path, run) -> None:
    deep = "<rss><channel><item><description>" + "<b>" * 200_000 + "</b>" * 200_000
    result = read(tmp_path, deep + "</description></item></channel></rss>", run)
    assert result.rows.height == 0
    assert result.quarantine.height == 1


def test_entries_without_date_or_text_are_counted(tmp_path: Path, run) -> None:
    item = "<item><title>{}</title><pubDate>{}</pubDate></item>"
    items = [("бар", "Wed, 01 Jul 2026 10:00:00 GMT"), ("күнсіз", ""), ("", "Wed, 01 Jul 2026 10:00:00 GMT")]
    items += [("болашақ", "Wed, 01 Jul 2036 10:00:00 GMT"), ("бұзық", "yesterday evening")]
    body = "".join(item.format(*pair) for pair in items)
    result = read(tmp_path, f"<rss><channel><title>Т</title>{body}</channel></rss>", run)
    assert (result.rows_in, result.rows_kept) == (5, 1)
    assert result.quarantine["rule"].to_list() == [
        "missing_date",
        "empty_text",
        "future_date",
        "unreadable_date",
    ]
