"""What changed, and where? Changes that hold after correction, and composition against attitude."""

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
    wording.opening(mo, "change", language)
    return (language,)


@app.cell
def _(language, mo, wording):
    indicator = wording.indicator_choice(mo, language)
    indicator
    return (indicator,)


@app.cell
def _(indicator, language, mo, wording):
    changes = wording.table(
        "SELECT domain, domain_value, year_from, year_to, difference_pp, ci_low_pp, ci_high_pp, p_bh, verdict "
        "FROM out_indicators__changes WHERE quarter = ? AND indicator_id = ? ORDER BY p_bh NULLS LAST",
        wording.quarters()[0],
        indicator.value,
    )
    counts = changes["verdict"].value_counts().sort("verdict")
    held = changes.filter(changes["verdict"].is_in(["up", "down"]))
    mo.vstack(
        [
            wording.shown(mo, counts),
            mo.md(wording.say("change.table", language)),
            wording.shown(mo, held),
        ]
    )
    return changes, counts, held


@app.cell
def _(indicator, language, mo, wording):
    parts = wording.table(
        "SELECT year_from, year_to, cells, difference_pp, composition_pp, composition_ci_low_pp, "
        "composition_ci_high_pp, attitude_pp, attitude_ci_low_pp, attitude_ci_high_pp, comparability "
        "FROM out_indicators__decomposition WHERE quarter = ? AND indicator_id = ? ORDER BY ALL",
        wording.quarters()[0],
        indicator.value,
    )
    mo.vstack([mo.md(wording.say("change.why", language)), wording.shown(mo, parts)])
    return (parts,)


if __name__ == "__main__":
    app.run()
