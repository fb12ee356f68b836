"""The 119 results of R's own packages on their own data (`../shared/data/survey/reference.json`)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from models.survey.adjustment import benjamini_hochberg, holm
from models.survey.calibration import calibrate, trim_weights
from models.survey.contrasts import combined, contrast
from models.survey.design import Calibration, Design
from models.survey.estimation import Estimates, estimate
from models.survey.quantiles import quantiles
from models.survey.replicates import replicate_estimates, replicate_weights
from models.survey.small_areas import fay_herriot

pytestmark = pytest.mark.shared_data

DESIGNS = {
    "apistrat": Design("pw", "stype", (), ("fpc",)),
    "apiclus1": Design("pw", None, ("dnum",), ("fpc",)),
    "apiclus2wr": Design("pw", None, ("dnum",)),
}
STYPE = {"E": 4421.0, "H": 755.0, "M": 1018.0}
SCHWIDE = {"Yes": 5122.0, "No": 1072.0}
API99 = 3914069.0
NOT_OURS = re.compile(
    r"^meta$|^lonely\.data$"  # not results
    r"|chisq|glm_logit"  # no models or tests of association are promised
    r"|ciprop_schwide_(asin|likelihood)"  # intervals that are not offered
    r"|^alpha\.|bootstrap"  # reliability has its own tests; random numbers of R
)


class Data:
    def __init__(self, folder: Path) -> None:
        self.folder = folder / "survey"
        self.results: dict[str, Any] = json.loads((self.folder / "reference.json").read_text(encoding="utf-8"))
        self.worst: dict[str, float] = {}
        self.seen: set[str] = set()

    def frame(self, name: str) -> pl.DataFrame:
        name = name.removesuffix("wr")
        frame = pl.read_csv(self.folder / f"{name}.csv", null_values=["NA"], infer_schema_length=None)
        one = lambda column: (pl.col(column) == "Yes").cast(pl.Float64)  # noqa: E731
        if "sch.wide" in frame.columns:
            frame = frame.with_columns(
                one=pl.lit(1.0),
                wide=one("sch.wide"),
                ix=100 * (one("sch.wide") + one("comp.imp") + one("both")) / 3,
                pos=(pl.col("api00") >= 700).cast(pl.Float64),
                neg=(pl.col("api00") < 600).cast(pl.Float64),
            )
        return frame

    def value(self, key: str) -> Any:
        self.seen.add(key)
        return self.results[key]["value"]

    def near(self, key: str, got: Any, wanted: Any, tolerance: float) -> None:
        got, wanted = np.atleast_1d(np.asarray(got, float)), np.atleast_1d(np.asarray(wanted, float))
        assert got.shape == wanted.shape, key
        away = np.where(np.abs(wanted) > 1e-9, np.abs(got - wanted) / np.maximum(np.abs(wanted), 1e-300), np.abs(got))
        family = f"{key.split('.')[1] if key.split('.')[0] in DESIGNS else key.split('.')[0]} @{tolerance:g}"
        self.worst[family] = max(self.worst.get(family, 0.0), float(away.max()))
        assert away.max() <= tolerance, f"{key}: {got} is not {wanted}"

    def table(self, key: str, frame: pl.DataFrame, wanted: dict[str, Any] | None = None) -> None:
        wanted = wanted or self.value(key)
        # R solves its logistic regression to about 1e-9 only
        self.near(key, frame["estimate"], wanted["est"], 1e-8)
        self.near(key, frame["se"], wanted["se"], 1e-8)
        if "lo" in wanted:
            self.near(key, frame["ci_low"], wanted["lo"], 1e-6)
            self.near(key, frame["ci_high"], wanted["hi"], 1e-6)
        for name in ("df", "degf"):
            if name in wanted:
                assert set(frame["df"]) == {float(wanted[name])}, key
        if "deff" in wanted:
            self.near(key, frame["deff"], wanted["deff"], 1e-8)

    def difference(self, key: str, found: Estimates, weights: dict[Any, float]) -> None:
        wanted, got = self.value(key), contrast(found, weights)
        self.near(key, got["difference"], wanted["est"], 1e-8)
        self.near(key, got["se"], wanted["se"], 1e-8)
        if "p_t" in wanted:
            self.near(key, got["p_value"], wanted["p_t"], 1e-6)
            self.near(key, [got["ci_low"], got["ci_high"]], [wanted["lo_t"], wanted["hi_t"]], 1e-6)


@pytest.fixture(scope="module")
def data(shared_data: Path) -> Data:
    return Data(shared_data)


def in_r_order(frame: pl.DataFrame, wanted: dict[str, Any], by: list[str]) -> pl.DataFrame:
    joined = pl.DataFrame({"key": wanted["group"]})
    return joined.join(frame.with_columns(key=pl.concat_str(by, separator="|")), on="key", maintain_order="left")


@pytest.mark.parametrize("name", DESIGNS)
def test_estimates(data: Data, name: str) -> None:
    frame, design = data.frame(name), DESIGNS[name]
    found = {
        "mean_api00": estimate(frame, design, "api00").frame,
        "mean_api00_dfInf": estimate(frame, design, "api00", df="inf").frame,
        "total_enroll": estimate(frame, design, "enroll", "total").frame,
        "total_one": estimate(frame, design, "one", "total").frame,
        "ratio_apistu_enroll": estimate(frame, design, "api.stu", "ratio", denominator="enroll").frame,
        "prop_stype": estimate(frame, design, "stype", "proportion", ci="wald").frame,
    }
    for what, table in found.items():
        if what == "total_one" and name == "apistrat":
            assert table["se"][0] == pytest.approx(0, abs=1e-9)
        data.table(f"{name}.{what}", table)
    n, total = frame.height, float(frame["pw"].sum())
    without = found["mean_api00"]["deff"][0] * total / (total - n)
    data.near(f"{name}.deff", without, data.value(f"{name}.deff_api00_norep"), 1e-8)
    wanted = data.value(f"{name}.quantile_api00")
    table = quantiles(frame, design, "api00")
    for column, key in (("estimate", "est"), ("ci_low", "lo"), ("ci_high", "hi"), ("se", "se")):
        data.near(f"{name}.quantile_api00", table[column], wanted[key], 1e-8)


@pytest.mark.parametrize("name", DESIGNS)
def test_domains(data: Data, name: str) -> None:
    frame, design = data.frame(name), DESIGNS[name]
    for what, outcome, by in (
        ("by_stype_api00", "api00", ["stype"]),
        ("by_stype_schwide", "wide", ["stype"]),
        ("by_stype_awards_api00", "api00", ["stype", "awards"]),
    ):
        wanted = data.value(f"{name}.{what}")
        data.table(f"{name}.{what}", in_r_order(estimate(frame, design, outcome, by=by).frame, wanted, by), wanted)
    ratio = estimate(frame, design, "api.stu", "ratio", denominator="enroll", by=["stype"]).frame
    data.table(f"{name}.by_stype_ratio", ratio)
    by_type = estimate(frame, design, "api00", by=["stype"])
    data.near(f"{name}.vcov", by_type.covariance, data.value(f"{name}.vcov_by_stype_api00"), 1e-8)
    data.difference(f"{name}.contrast_E_minus_H_api00", by_type, {"E": 1, "H": -1})
    wide = estimate(frame, design, "wide", by=["stype"])
    data.difference(f"{name}.contrast_E_minus_H_schwide", wide, {"E": 1, "H": -1})
    both = estimate(frame, design, ["api00", "api99"])
    data.difference(f"{name}.change_api00_minus_api99", both, {"api00": 1, "api99": -1})


@pytest.mark.parametrize("name", DESIGNS)
def test_proportions(data: Data, name: str) -> None:
    frame, design = data.frame(name), DESIGNS[name]
    for method in ("logit", "beta"):
        table = estimate(frame, design, "sch.wide", "proportion", ci=method).frame  # type: ignore[arg-type]
        data.table(f"{name}.ciprop_schwide_{method}", table)
        by_type = estimate(frame, design, "sch.wide", "proportion", by=["stype"], ci=method).frame  # type: ignore[arg-type]
        data.table(f"{name}.ciprop_schwide_H_{method}", by_type.filter(pl.col("stype") == "H"))
        if method == "logit":
            data.table(f"{name}.ciprop_schwide_xlogit", table)
    wald = estimate(frame, design, "sch.wide", "proportion", ci="wald").frame
    data.table(f"{name}.ciprop_schwide_mean", wald)


@pytest.mark.parametrize("name", ["apistrat", "apiclus1"])
def test_indices_and_plan(data: Data, name: str) -> None:
    frame, design = data.frame(name), DESIGNS[name]
    wanted = data.value(f"{name}.composite_0_100")
    data.table(f"{name}.composite_0_100", estimate(frame, design, "ix").frame, wanted)
    data.table(f"{name}.composite_0_100", estimate(frame, design, "ix", by=["stype"]).frame, wanted["by_stype"])
    parts = estimate(frame, design, ["pos", "neg"])
    data.difference(f"{name}.net_index_pos_minus_neg", parts, {"pos": 100, "neg": -100})
    wanted = data.value(f"{name}.plan_test_api00_vs_650")
    row = estimate(frame, design, "api00")
    test = combined(row.frame["estimate"][0] - 650, row.frame["se"][0] ** 2, row.df)
    got = [test["difference"], test["se"], test["t"]]
    data.near(name + ".plan", got, [wanted[part] for part in ("diff", "se", "t")], 1e-8)
    data.near(name + ".plan", test["p_value"], wanted["p_two"], 1e-6)


def test_lonely_strata(data: Data) -> None:
    first = data.results["lonely.data"]["value"]["keep_first_H_cds"]
    frame = data.frame("apistrat").filter((pl.col("stype") != "H") | (pl.col("cds") == int(first)))
    for policy in ("remove", "certainty", "adjust", "average"):
        design = Design("pw", "stype", lonely=policy)  # type: ignore[arg-type]
        data.table(f"lonely.{policy}.mean_api00", estimate(frame, design, "api00").frame)


def test_replicates(data: Data) -> None:
    for name, method in (("apiclus1", "JK1"), ("apistrat", "JKn")):
        full = DESIGNS[name]
        bare = Design("pw", full.strata, full.psu)
        frame = data.frame(name)
        for suffix, design in (("fpc", full), ("nofpc", bare)):
            weights = replicate_weights(frame, design, method)  # type: ignore[arg-type]
            data.table(f"rep.{method}.{name}_{suffix}.mean_api00", replicate_estimates(frame, weights, "api00"))
        data.table(f"taylor.{name}_nofpc.mean_api00", estimate(frame, bare, "api00").frame)
        booted = replicate_weights(frame, full if name == "apiclus1" else bare, "bootstrap", replicates=2000)
        key = "rep.bootstrap2000.apiclus1" if name == "apiclus1" else "rep.subbootstrap2000.apistrat_nofpc"
        wanted = data.results[f"{key}.mean_api00"]["value"]["se"]
        assert replicate_estimates(frame, booted, "api00")["se"][0] == pytest.approx(wanted, rel=0.06)


CALIBRATIONS = {
    "cal.linear_stype.apiclus1": ("w_cal_linear_stype", {"stype": STYPE}, "linear", None),
    "poststrat.stype.apiclus1": ("w_poststrat_stype", {"stype": STYPE}, "raking", None),
    "cal.linear_stype_api99.apiclus1": (
        "w_cal_linear_stype_api99", {"stype": STYPE, "api99": API99}, "linear", None,
    ),
    "cal.raking_stype_api99.apiclus1": (
        "w_cal_raking_stype_api99", {"stype": STYPE, "api99": API99}, "raking", None,
    ),
    "cal.logit_0.4_2.5_stype_api99.apiclus1": (
        "w_cal_logit_stype_api99", {"stype": STYPE, "api99": API99}, "logit", (0.4, 2.5),
    ),
    "cal.linear_bounds_0.5_2_stype_api99.apiclus1": (
        "w_cal_boundedlinear_stype_api99", {"stype": STYPE, "api99": API99}, "truncated", (0.5, 2.0),
    ),
    "rake.stype_schwide.apiclus1": ("w_rake_stype_schwide", {"stype": STYPE, "sch.wide": SCHWIDE}, "raking", None),
    "rake.stype_schwide.apistrat": (
        "w_rake_stype_schwide_apistrat", {"stype": STYPE, "sch.wide": SCHWIDE}, "raking", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("key", CALIBRATIONS)
def test_calibrated_weights_and_errors(data: Data, key: str) -> None:
    file, margins, method, bounds = CALIBRATIONS[key]
    name = key.rsplit(".", 1)[1]
    frame = data.frame(name)
    result = calibrate(frame, margins, method, bounds=bounds, weight="pw")  # type: ignore[arg-type]
    data.near(f"weights.{key}", result.weights, pl.read_csv(data.folder / f"{file}.csv")["w"], 1e-6)
    design = calibrated_design(name, margins, "equal" if key.startswith("rake") else "base")
    frame = frame.with_columns(w=result.weights)
    check_calibrated(data, key, frame, design)
    data.near(key, result.kish_deff_after, data.results[key]["value"]["kish_deff"], 1e-8)
    if key.startswith("poststrat"):
        data.table("poststrat.by_stype_api00.apiclus1", estimate(frame, design, "api00", by=["stype"]).frame)


def calibrated_design(name: str, margins: dict[str, Any], residuals: Any, after: str | None = None) -> Design:
    plain = DESIGNS[name]
    calibration = Calibration("pw", tuple(margins), residual_weights=residuals, calibrated_weight=after)
    return Design("w", plain.strata, plain.psu, plain.fpc, calibration=calibration)


def check_calibrated(data: Data, key: str, frame: pl.DataFrame, design: Design) -> None:
    wanted = data.value(key)
    data.table(key, estimate(frame, design, "api00").frame, wanted)
    total = estimate(frame, design, "enroll", "total").frame
    data.near(key, total["estimate"], wanted["total_enroll"], 1e-8)
    data.near(key, total["se"], wanted["total_enroll_se"], 1e-8)


def test_trimmed_and_naive(data: Data) -> None:
    frame = data.frame("apiclus1")
    margins = {"stype": STYPE, "sch.wide": SCHWIDE}
    frame = frame.with_columns(raked=calibrate(frame, margins, weight="pw").weights)
    trimmed = frame.with_columns(w=trim_weights(frame, "raked", 20, 50).weights)
    key = "trim.20_50.rake.apiclus1"
    data.near(key, trimmed["w"].head(10), data.value(key)["w_first10"], 1e-6)
    check_calibrated(data, key, trimmed, calibrated_design("apiclus1", margins, "equal", "raked"))
    naive = Design("raked", None, ("dnum",), ("fpc",))
    data.table("naive_rake_se_ignoring_calibration.apiclus1", estimate(frame, naive, "api00").frame)
    linear = calibrate(frame, {"stype": STYPE, "api99": API99}, "linear", weight="pw").weights
    table = estimate(frame.with_columns(raked=linear), naive, "api00").frame
    data.table("pitfall.naive_se_after_calibration_stype_api99.apiclus1", table)


def test_pitfalls_are_avoided(data: Data) -> None:
    frame, design = data.frame("apiclus1"), DESIGNS["apiclus1"]
    wrong = data.value("pitfall.contrast_E_minus_H_api00_covmatFALSE.apiclus1")
    by_type = estimate(frame, design, "api00", by=["stype"])
    alone = by_type.frame["se"].to_numpy() ** 2
    data.near("pitfall", np.sqrt(alone[0] + alone[1]), wrong["se"], 1e-8)
    assert contrast(by_type, {"E": 1, "H": -1})["se"] < 0.7 * wrong["se"]
    stacked = pl.concat(
        [frame.with_columns(y=pl.col(name), year=year) for name, year in (("api00", 2000), ("api99", 1999))]
    )
    years = estimate(stacked, design, "y", by=["year"])
    wrong = data.value("pitfall.overlap.change_assuming_independence")
    data.near("pitfall", np.sqrt(np.sum(years.frame["se"].to_numpy() ** 2)), wrong["se"], 1e-8)
    right = data.value("apiclus1.change_api00_minus_api99")
    data.near("pitfall", contrast(years, {"2000": 1, "1999": -1})["se"], right["se"], 1e-8)
    high = data.value("pitfall.drop_rows_instead_of_subset.apiclus2wr_H")
    second, plain = data.frame("apiclus2wr"), DESIGNS["apiclus2wr"]
    inside = estimate(second, plain, "api00", by=["stype"]).frame.filter(pl.col("stype") == "H")
    data.near("pitfall", inside["se"], high["right_se"], 1e-8)
    filtered = estimate(second.filter(pl.col("stype") == "H"), plain, "api00").frame
    data.near("pitfall", filtered["se"], high["se"], 1e-8)
    simple = data.value("pitfall.srs_se_ignoring_design.apiclus1")
    data.near("pitfall", estimate(frame, Design(), "api00").frame["se"], simple["se"], 1e-8)
    data.near("pitfall", estimate(frame, design, "api00").frame["se"], simple["right_se"], 1e-8)


def test_small_areas_and_p_values(data: Data) -> None:
    milk = data.frame("milk")
    area = milk["major_area"].to_numpy()
    indicators = np.column_stack([area == level for level in (2, 3, 4)]).astype(float)
    for method in ("REML", "ML"):
        wanted = data.value(f"fh.milk.{method}")
        fit = fay_herriot(milk["direct_est"], milk["var"], indicators, method)  # type: ignore[arg-type]
        for name in ("beta", "sigma2_v", "eblup", "loglik"):
            data.near(f"fh.milk.{method}", getattr(fit, name), wanted[name], 1e-5)
    wanted = data.value("padjust.example")
    data.near("padjust", holm(wanted["p"]), wanted["holm"], 1e-12)
    data.near("padjust", benjamini_hochberg(wanted["p"]), wanted["BH"], 1e-12)


def test_every_result_was_looked_at(data: Data) -> None:
    if not data.seen:
        pytest.skip("needs the other tests of this module to have run")
    left = {key for key in data.results if not NOT_OURS.search(key)} - data.seen
    assert not left
    print(json.dumps({family: f"{value:.1e}" for family, value in sorted(data.worst.items())}, indent=1))  # noqa: T201
