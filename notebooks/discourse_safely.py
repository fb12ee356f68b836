"""Exploring discourse safely: shares with both errors, never a text or an author."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium")


@app.cell
def _():
    import marimo as mo
    import wording

    return mo, wording


@app.cell
def _(mo, wording):
    language_choice = mo.ui.dropdown(wording.LANGUAGES, value="русский", label="Тіл / Язык / Language")
    language_choice
    return (language_choice,)


@app.cell
def _(language_choice, mo, wording):
    language = language_choice.value
    wording.opening(mo, "discourse", language)
    return (language,)


@app.cell
def _(language, mo, wording):
    region = mo.ui.dropdown(wording.region_names(language), value=wording.say("country", language))
    group = mo.ui.dropdown(wording.group_names(language), value=wording.say("all_messages", language))
    signals = wording.table("SELECT DISTINCT signal FROM out_discourse__rates ORDER BY signal")["signal"].to_list()
    signal = mo.ui.dropdown(signals, value="hostile" if "hostile" in signals else None)
    mo.hstack([region, group, signal])
    return group, region, signal


@app.cell
def _(group, language, mo, region, signal, wording):
    import interval_charts

    fewest = 30
    weeks = wording.table(
        "SELECT week_date, cluster_count, 100 * share AS share_pct, 100 * ci_low_share AS low_pct, "
        "100 * ci_high_share AS high_pct, 100 * corrected_share AS corrected_pct, "
        "100 * corrected_ci_low_share AS corrected_low_pct, 100 * corrected_ci_high_share AS corrected_high_pct "
        "FROM out_discourse__rates WHERE region_code = ? AND group_code = ? AND signal = ? AND cluster_count >= ? "
        "QUALIFY row_number() OVER (PARTITION BY week_date ORDER BY quarter DESC) = 1 ORDER BY week_date",
        region.value,
        group.value,
        signal.value,
        fewest,
    )
    mo.stop(weeks.is_empty(), mo.md(wording.say("discourse.few", language)))
    title = wording.say("discourse.share", language)
    counted = interval_charts.line_with_band(
        weeks,
        "week_date",
        "share_pct",
        "low_pct",
        "high_pct",
        title=f"{title}, {wording.say('discourse.counted', language)}",
    )
    corrected = interval_charts.line_with_band(
        weeks,
        "week_date",
        "corrected_pct",
        "corrected_low_pct",
        "corrected_high_pct",
        title=f"{title}, {wording.say('discourse.corrected', language)}",
    )
    mo.vstack([counted, corrected, wording.shown(mo, weeks)])
    return corrected, counted, weeks


@app.cell
def _(language, mo, wording):
    gaps = wording.table(
        "SELECT source_id, flag, count(*) AS day_count, sum(message_count) AS message_count FROM out_feeds__coverage "
        "WHERE flag <> 'ok' GROUP BY ALL ORDER BY day_count DESC"
    )
    mo.vstack([mo.md(wording.say("discourse.coverage", language)), wording.shown(mo, gaps)])
    return (gaps,)


if __name__ == "__main__":
    app.run()
