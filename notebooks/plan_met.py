"""Is the plan met? Verdicts with their errors, and the outlook."""

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
    wording.opening(mo, "plan", language)
    return (language,)


@app.cell
def _(language, mo, wording):
    indicator = wording.indicator_choice(mo, language)
    indicator
    return (indicator,)


@app.cell
def _(indicator, language, mo, wording):
    import interval_charts

    verdicts = wording.table(
        "SELECT year, target_pct, estimate_pct, ci_low_pct, ci_high_pct, difference_pp, difference_ci_low_pp, "
        "difference_ci_high_pp, p_below_plan, verdict, n_needed FROM out_indicators__verdicts "
        "WHERE quarter = ? AND indicator_id = ? ORDER BY year",
        wording.quarters()[0],
        indicator.value,
    )
    mo.stop(verdicts.is_empty(), mo.md(wording.say("nothing", language)))
    levels = interval_charts.points_with_intervals(
        verdicts,
        "year",
        "estimate_pct",
        "ci_low_pct",
        "ci_high_pct",
        title=wording.say("percent", language),
        plan="target_pct",
    )
    distance = interval_charts.points_with_intervals(
        verdicts,
        "year",
        "difference_pp",
        "difference_ci_low_pp",
        "difference_ci_high_pp",
        title=wording.say("plan.distance", language),
    )
    mo.vstack([levels, distance, wording.shown(mo, verdicts)])
    return distance, levels, verdicts


@app.cell
def _(indicator, language, mo, wording):
    outlook = wording.table(
        "SELECT year, forecast_pct, ci_low_pct, ci_high_pct, target_pct, p_target_met FROM out_indicators__outlook "
        "WHERE quarter = ? AND indicator_id = ? ORDER BY year",
        wording.quarters()[0],
        indicator.value,
    )
    shown = wording.shown(mo, outlook) if len(outlook) else mo.md(wording.say("nothing", language))
    mo.vstack([mo.md(wording.say("plan.outlook", language)), shown])
    return (outlook,)


if __name__ == "__main__":
    app.run()
