"""The discourse model as an asset: fitted on the authored corpus, saved without pickle, loaded by whoever labels."""

import dagster as dg

from assets.shipped_model import ensure_model, model_facts, model_folder
from assets.workplace import Workplace


@dg.asset(group_name="discourse", kinds={"scikitlearn"})
def discourse_model(workplace: dg.ResourceParam[Workplace]) -> dg.MaterializeResult:
    """The model of this code and corpus under `models/`; fitted only if it is not there yet."""
    was_fitted = ensure_model(workplace.models, workplace.seed)
    facts = model_facts(workplace.models, workplace.seed)
    return dg.MaterializeResult(
        metadata={
            "path": str(model_folder(workplace.models, workplace.seed)),
            "version": facts.version if facts else "",
            "fitted_now": was_fitted,
        }
    )
