"""A tour for a new analyst: which tables there are, what they hold, the three indicators."""

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
    wording.opening(mo, "tour", language)
    return (language,)


@app.cell
def _(language, mo, wording):
    tables = wording.table(
        "SELECT table_name, estimated_size AS row_count, comment FROM duckdb_tables() "
        "WHERE table_name LIKE 'out_%' ORDER BY table_name"
    )
    chosen = mo.ui.dropdown(tables["table_name"].to_list(), value="out_indicators__estimates")
    mo.vstack(
        [mo.md(wording.say("tour.tables", language)), wording.shown(mo, wording.commented(tables, language)), chosen]
    )
    return chosen, tables


@app.cell
def _(chosen, language, mo, wording):
    columns = wording.table(
        "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index",
        chosen.value,
    )
    first_rows = wording.table(f'SELECT * FROM "{chosen.value}" LIMIT 10')
    mo.vstack(
        [
            mo.md(wording.say("tour.columns", language)),
            wording.shown(mo, wording.commented(columns, language)),
            mo.md(wording.say("tour.rows", language)),
            wording.shown(mo, first_rows),
        ]
    )
    return columns, first_rows


@app.cell
def _(language, mo, wording):
    import interval_charts

    country = wording.table("SELECT * FROM indicators_of_the_country WHERE quarter = ?", wording.quarters()[0])
    names = {code: name for name, code in wording.indicator_names(language).items()}
    charts = [
        interval_charts.points_with_intervals(
            rows, "year", "estimate_pct", "ci_low_pct", "ci_high_pct", title="%", heading=names[indicator[0]]
        )
        for indicator, rows in sorted(country.group_by("indicator_id"))
    ]
    mo.vstack([mo.md(wording.say("tour.first", language)), *charts, mo.md(wording.say("tour.rules", language))])
    return charts, country


if __name__ == "__main__":
    app.run()
