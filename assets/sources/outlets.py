"""Naming the outlet a message comes from; a page of a person never becomes a source."""

import hashlib
import re
import unicodedata
from functools import cache
from urllib.parse import urlsplit

PERSONAL_PREFIX = "personal-pages"
LONGEST_SLUG = 60
_CYRILLIC = "абвгдеёзийклмнопрстуфхцыэәғқңөұүһі"
_LATIN = "abvgdeoziyklmnoprstufhcyeagqnouuhi"
_LETTERS = str.maketrans(
    {
        **dict(zip(_CYRILLIC, _LATIN, strict=True)),
        **{"ж": "zh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": "", "ю": "yu", "я": "ya"},
        "ё": "yo",
    }
)
# Hosts where a page is mostly a person's: the platform is the source, never the page.
_PLATFORMS = {
    "vk.com": "vk",
    "vkontakte.ru": "vk",
    "facebook.com": "facebook",
    "fb.com": "facebook",
    "instagram.com": "instagram",
    "threads.net": "threads",
    "threads.com": "threads",
    "tiktok.com": "tiktok",
    "twitter.com": "x",
    "x.com": "x",
    "ok.ru": "ok",
    "youtube.com": "youtube",
    "youtu.be": "youtube",
    "livejournal.com": "livejournal",
    "dzen.ru": "dzen",
    "blogspot.com": "blogspot",
    "wordpress.com": "wordpress",
    "medium.com": "medium",
    "substack.com": "substack",
    "pikabu.ru": "pikabu",
    "t.me": "telegram",
    "telegram.me": "telegram",
    "telegram.org": "telegram",
    "whatsapp.com": "whatsapp",
}


def slug(name: str) -> str:
    """A name in lower-case Latin letters, digits and single dashes; a hash where nothing readable is left."""
    letters = unicodedata.normalize("NFKC", name).lower().translate(_LETTERS)
    plain = unicodedata.normalize("NFKD", letters).encode("ascii", "ignore").decode()
    found = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG].strip("-")
    return found or "source-" + hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]


def personal_pages(platform: str | None) -> str:
    """The source that stands for all pages of people on one platform, e.g. `personal-pages-vk`."""
    return f"{PERSONAL_PREFIX}-{slug(platform) if platform else 'other'}"


@cache
def platform_of(host: str) -> str | None:
    """The platform of people's pages that a host belongs to, or None for the host of an outlet."""
    labels = host.lower().split(".")
    for start in range(len(labels) - 1):
        platform = _PLATFORMS.get(".".join(labels[start:]))
        if platform is not None:
            return platform
    return None


def host_of(address: str | None) -> str | None:
    """The host of an address, without `www.`, or None if there is none to see."""
    if not address:
        return None
    try:
        host = urlsplit(address if "://" in address else f"//{address}").hostname
    except ValueError:
        return None
    return host.lower().removeprefix("www.") if host and "." in host else None
