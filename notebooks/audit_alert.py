"""Auditing an alert candidate: its series, bounds, expected false alarms and scrubbed examples."""

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
    wording.opening(mo, "alert", language)
    return (language,)


@app.cell
def _(language, mo, wording):
    candidates = wording.table("SELECT * FROM out_warning__candidates ORDER BY severity DESC, week_date DESC")
    mo.stop(candidates.is_empty(), mo.md(wording.say("alert.none", language)))
    places = {code: name for name, code in wording.region_names(language).items()}
    choices = {
        f"{row['week_date']} {places.get(row['region_code'], row['region_code'])} {row['candidate_id'][:6]}": row[
            "candidate_id"
        ]
        for row in candidates.iter_rows(named=True)
    }
    candidate_choice = mo.ui.dropdown(choices, value=next(iter(choices)), label=wording.say("alert.choose", language))
    candidate_choice
    return candidate_choice, candidates


@app.cell
def _(candidate_choice, candidates, language, mo, wording):
    candidate = candidates.filter(candidates["candidate_id"] == candidate_choice.value).row(0, named=True)
    examples = "\n".join(f"- {text}" for text in candidate["example_texts"])
    mo.md("\n\n".join([candidate[f"explanation_{language}"], wording.say("alert.examples", language), examples]))
    return (candidate,)


@app.cell
def _(candidate, language, mo, wording):
    import altair as alt

    series = wording.table(
        "SELECT week_date, group_code, signal, observed_count, expected, upperbound, p_value, q_value, is_alarm, "
        "is_covered, detector, history_weeks, note FROM out_warning__signals WHERE region_code = ? "
        "AND list_contains(?::VARCHAR[], signal) AND list_contains(?::VARCHAR[], group_code) ORDER BY ALL",
        candidate["region_code"],
        candidate["signals"],
        candidate["group_codes"],
    )
    mo.stop(series.is_empty(), mo.md(wording.say("nothing", language)))
    base = alt.Chart(series).encode(x=alt.X("week_date:T", title=None))
    observed = base.mark_line(point=True).encode(
        y=alt.Y("observed_count:Q", title=wording.say("alert.observed", language)), color="group_code:N"
    )
    bound = base.mark_line(strokeDash=[5, 4]).encode(
        y=alt.Y("upperbound:Q", title=wording.say("alert.bound", language)), color="group_code:N"
    )
    chart = alt.layer(observed, bound).properties(width=620, height=260).facet(row="signal:N")
    mo.vstack([mo.md(wording.say("alert.series", language)), chart, wording.shown(mo, series)])
    return chart, series


@app.cell
def _(language, mo, wording):
    mo.md(wording.say("alert.questions", language))


if __name__ == "__main__":
    app.run()
