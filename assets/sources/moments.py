"""Dates as outside files write them, read a column at a time into UTC."""

import polars as pl

MOMENT = pl.Datetime("us", "UTC")
MONTHS = {
    "January": ("января", "январь", "қаңтар", "янв"),
    "February": ("февраля", "февраль", "ақпан", "фев"),
    "March": ("марта", "март", "наурыз", "мар"),
    "April": ("апреля", "апрель", "сәуір", "апр"),
    "May": ("мая", "май", "мамыр"),
    "June": ("июня", "июнь", "маусым", "июн"),
    "July": ("июля", "июль", "шілде", "июл"),
    "August": ("августа", "август", "тамыз", "авг"),
    "September": ("сентября", "сентябрь", "қыркүйек", "сен"),
    "October": ("октября", "октябрь", "қазан", "окт"),
    "November": ("ноября", "ноябрь", "қараша", "ноя"),
    "December": ("декабря", "декабрь", "желтоқсан", "дек"),
}
_MONTH_FORMS = [form for forms in MONTHS.values() for form in forms]
_MONTH_NAMES = [month for month, forms in MONTHS.items() for _ in forms]
_ISO = (
    r"^(?<date>\d{4}-\d{2}-\d{2})(?:[T ](?<clock>\d{2}:\d{2})(?::(?<seconds>\d{2})(?:[.,]\d+)?)?)?"
    r"\s*(?<zone>Z|UTC|[+-]\d{2}:?\d{2})?$"
)
_CLOCK_SIGNS = ("%H", "%I", "%T", "%R", "%X", "%c", "%s", "%+")


def moments(raw: pl.Series, formats: tuple[str, ...], timezone: str) -> pl.Series:
    """Dates and times in UTC, to the microsecond; null where no format fits.

    Args:
        raw: text.
        formats: tried in order: strptime patterns, `iso` (ISO 8601, with or without time and offset),
            `unix` (seconds) or `excel` (days since 1899-12-30). `%B` and `%b` also read Kazakh and
            Russian month names.
        timezone: of values that carry no offset; a clock time that did not exist gives null, of one that
            came twice the first is meant.
    """
    text = raw.cast(pl.String).str.strip_chars()
    found = pl.Series(raw.name, [None] * raw.len(), dtype=MOMENT)
    for form in formats:
        open_rows = found.is_null() & text.is_not_null()
        if not open_rows.any():
            break
        found = found.scatter(open_rows.arg_true(), _read(text.filter(open_rows), form, timezone))
    return found


def _read(text: pl.Series, form: str, timezone: str) -> pl.Series:
    if form == "iso":
        return _iso(text, timezone)
    if form in ("unix", "excel"):
        number = text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
        if form == "excel":
            local = (number - 25569.0) * 86400.0
            plausible = number.is_between(1, 2_958_465)
            stamp = (local.round(0) * 1e6).cast(pl.Int64, strict=False).cast(pl.Datetime("us"))
            return _localised(_where(plausible, stamp), timezone)
        stamp = (number * 1e6).cast(pl.Int64, strict=False).cast(pl.Datetime("us"))
        return _where(number.is_between(0, 4_102_444_800), stamp).dt.replace_time_zone("UTC")
    if "%B" in form or "%b" in form:
        text = text.str.to_lowercase().str.replace_many(_MONTH_FORMS, _MONTH_NAMES, leftmost=True)
        form = form.replace("%b", "%B")
    if not any(sign in form for sign in _CLOCK_SIGNS):
        days = text.str.strptime(pl.Date, form, strict=False)
        return _localised(days.cast(pl.Datetime("us")), timezone)
    if "%z" in form or "%:z" in form or "%#z" in form or "%+" in form:
        return text.str.strptime(pl.Datetime("us"), form, strict=False).dt.convert_time_zone("UTC")
    return _localised(text.str.strptime(pl.Datetime("us"), form, strict=False), timezone)


def _where(keep: pl.Series, values: pl.Series) -> pl.Series:
    return pl.select(pl.when(keep).then(values)).to_series()


def _localised(local: pl.Series, timezone: str) -> pl.Series:
    zoned = local.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
    return zoned.dt.convert_time_zone("UTC")


def _iso(text: pl.Series, timezone: str) -> pl.Series:
    parts = text.str.extract_groups(_ISO).struct.unnest()
    frame = parts.with_columns(
        pl.concat_str(
            "date",
            pl.lit("T"),
            pl.col("clock").fill_null("00:00"),
            pl.lit(":"),
            pl.col("seconds").fill_null("00"),
        )
        .str.strptime(pl.Datetime("us"), "%Y-%m-%dT%H:%M:%S", strict=False)
        .alias("local"),
        pl.col("zone").str.replace_many(["Z", "UTC"], ["+0000", "+0000"]).str.replace(":", "", literal=True),
    )
    sign = pl.when(pl.col("zone").str.starts_with("-")).then(-1).otherwise(1)
    hours, minutes = (pl.col("zone").str.slice(start, 2).cast(pl.Int64, strict=False) * sign for start in (1, 3))
    offset = frame.select(pl.duration(hours=hours, minutes=minutes)).to_series()
    given = (frame["local"] - offset).dt.replace_time_zone("UTC")
    assumed = _localised(frame["local"], timezone)
    return pl.select(pl.when(frame["zone"].is_null()).then(assumed).otherwise(given)).to_series()
