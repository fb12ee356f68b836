"""Can this number be trusted? Other definitions, reliability of the items, quality of the wave."""

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
    wording.opening(mo, "trust", language)
    return (language,)


@app.cell
def _(language, mo, wording):
    indicator = wording.indicator_choice(mo, language)
    indicator
    return (indicator,)


@app.cell
def _(indicator, language, mo, wording):
    import interval_charts

    definitions = wording.table(
        "SELECT alternative_id, year, estimate_pct, ci_low_pct, ci_high_pct, n_count, difference_pp, "
        "change_from_first_pp FROM out_indicators__sensitivity WHERE quarter = ? AND indicator_id = ? "
        "ORDER BY year DESC, alternative_id",
        wording.quarters()[0],
        indicator.value,
    )
    mo.stop(definitions.is_empty(), mo.md(wording.say("nothing", language)))
    newest = definitions.filter(definitions["year"] == definitions["year"].max())
    chart = interval_charts.points_with_intervals(
        newest, "alternative_id", "estimate_pct", "ci_low_pct", "ci_high_pct", title=wording.say("percent", language)
    )
    mo.vstack([chart, wording.shown(mo, definitions)])
    return chart, definitions


@app.cell
def _(indicator, language, mo, wording):
    reliability = wording.table(
        "SELECT year, measure, part, value, n_count, note FROM out_survey__reliability "
        "WHERE quarter = ? AND indicator_id = ? AND measure IN ('alpha', 'omega', 'cfi', 'rmsea', 'invariance_level') "
        "ORDER BY ALL",
        wording.quarters()[0],
        indicator.value,
    )
    quality = wording.table(
        "SELECT year, measure, domain_value, value, n_count FROM out_survey__wave_quality WHERE quarter = ? "
        "AND (measure LIKE '%_share' OR measure LIKE 'kish%') ORDER BY ALL",
        wording.quarters()[0],
    )
    mo.vstack(
        [
            mo.md(wording.say("trust.reliability", language)),
            wording.shown(mo, reliability),
            mo.md(wording.say("trust.quality", language)),
            wording.shown(mo, quality),
        ]
    )
    return quality, reliability


if __name__ == "__main__":
    app.run()
