"""Views of the warehouse for common questions, each with what it answers in three languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from data_contracts.contract import Trilingual

_TABLE = re.compile(r"\bout_[a-z]+__[a-z_]+\b")


@dataclass(frozen=True)
class View:
    """One view.

    Attributes:
        query: DuckDB SQL over `out_` tables.
        answers: the question it answers.
    """

    query: str
    answers: Trilingual

    @property
    def tables(self) -> frozenset[str]:
        """Tables the query reads."""
        return frozenset(_TABLE.findall(self.query))


def _answers(kk: str, ru: str, en: str) -> Trilingual:
    return Trilingual(kk=kk, ru=ru, en=en)


VIEWS: Mapping[str, View] = MappingProxyType(
    {
        "indicators_of_the_country": View(
            """SELECT quarter, indicator_id, year, estimate_pct, ci_low_pct, ci_high_pct, n_count, deff
            FROM out_indicators__estimates WHERE domain = 'country' ORDER BY quarter, indicator_id, year""",
            _answers(
                "Елдің үш индикаторы жылдар бойынша, аралығымен",
                "Три индикатора страны по годам с интервалами",
                "The three indicators of the country by year with intervals",
            ),
        ),
        "indicators_by_region": View(
            """SELECT quarter, indicator_id, year, region_code, estimate_pct, ci_low_pct, ci_high_pct,
                   is_suppressed, suppression_rule
            FROM out_indicators__estimates WHERE domain = 'region' ORDER BY ALL""",
            _answers(
                "Өңірлердің индикаторлары; жасырылғаны ережесімен",
                "Индикаторы регионов; скрытые с правилом",
                "Indicators of the regions; suppressed ones with their rule",
            ),
        ),
        "indicators_by_group": View(
            """SELECT quarter, indicator_id, year, group_code, estimate_pct, ci_low_pct, ci_high_pct,
                   is_suppressed, suppression_rule
            FROM out_indicators__estimates WHERE domain = 'group' ORDER BY ALL""",
            _answers(
                "Этностық топтардың индикаторлары; жасырылғаны ережесімен",
                "Индикаторы этнических групп; скрытые с правилом",
                "Indicators of the ethnic groups; suppressed ones with their rule",
            ),
        ),
        "plan_verdicts": View(
            """SELECT quarter, indicator_id, year, target_pct, estimate_pct, ci_low_pct, ci_high_pct, verdict
            FROM out_indicators__verdicts ORDER BY ALL""",
            _answers(
                "Жоспар орындалды ма, әлде айту мүмкін емес пе",
                "Выполнен ли план, или сказать нельзя",
                "Whether the plan is met, or cannot be told",
            ),
        ),
        "changes_that_can_be_told": View(
            """SELECT quarter, indicator_id, year_from, year_to, domain, domain_value, difference_pp, ci_low_pp,
                   ci_high_pp, verdict
            FROM out_indicators__changes WHERE verdict IN ('up', 'down') ORDER BY ALL""",
            _answers(
                "Кездейсоқтықтан ажыратылатын өзгерістер ғана",
                "Только изменения, отличимые от случайных",
                "Only the changes that can be told from chance",
            ),
        ),
        "composition_and_attitude": View(
            """SELECT quarter, indicator_id, year_from, year_to, difference_pp, composition_pp,
                   composition_ci_low_pp, composition_ci_high_pp, attitude_pp, attitude_ci_low_pp, attitude_ci_high_pp
            FROM out_indicators__decomposition
            WHERE cells = 'group_settlement_age' AND comparability = 'comparable' ORDER BY ALL""",
            _answers(
                "Өзгеріс халық құрамынан ба, жауаптардан ба",
                "Изменение идёт от состава населения или от ответов",
                "Whether a change comes from composition or from answers",
            ),
        ),
        "definitions_compared": View(
            """SELECT quarter, indicator_id, year, alternative_id, estimate_pct, ci_low_pct, ci_high_pct, difference_pp
            FROM out_indicators__sensitivity ORDER BY ALL""",
            _answers(
                "Индикаторлар басқа орынды анықтамалар бойынша",
                "Индикаторы при других разумных определениях",
                "The indicators under other reasonable definitions",
            ),
        ),
        "small_areas_to_quote": View(
            """SELECT quarter, indicator_id, year, region_code, group_code, estimate_kind, estimate_pct, ci_low_pct,
                   ci_high_pct, n_count, direct_share
            FROM out_indicators__small_areas WHERE is_preferred ORDER BY ALL""",
            _answers(
                "Өңірдегі топ бойынша келтіруге болатын баға; modelled – модельдік",
                "Оценка группы в регионе, которую следует приводить; modelled — модельная",
                "The estimate of a group in a region to quote; modelled ones are model-based",
            ),
        ),
        "hostile_rate_by_week": View(
            """SELECT quarter, week_date, region_code, message_count, signal_count, share,
                   corrected_share, corrected_ci_low_share, corrected_ci_high_share
            FROM out_discourse__rates WHERE signal = 'hostile' AND group_code = 'all' ORDER BY ALL""",
            _answers(
                "Қас хабарлардың апталық үлесі, жіктеуіш қатесімен",
                "Недельная доля враждебных сообщений с учётом ошибки классификатора",
                "Hostile messages by week, with the classifier's error",
            ),
        ),
        "threat_beside_peace_by_week": View(
            """SELECT quarter, week_date, region_code,
                   max(share) FILTER (signal = 'hostile') AS hostile_share,
                   max(share) FILTER (signal = 'accord') AS accord_share,
                   max(share) FILTER (signal = 'counter') AS counter_share,
                   max(message_count) AS message_count
            FROM out_discourse__rates WHERE group_code = 'all' GROUP BY ALL ORDER BY ALL""",
            _answers(
                "Алаңдатарлық және бейбіт белгілер қатар, апталар бойынша",
                "Тревожное и мирное рядом, по неделям",
                "Threat and peace signals side by side, by week",
            ),
        ),
        "days_without_messages": View(
            """SELECT quarter, source_id, day_date, flag FROM out_feeds__coverage WHERE flag <> 'ok' ORDER BY ALL""",
            _answers(
                "Дереккөз үнсіз қалған, күрт өскен немесе азайған күндер",
                "Дни, когда источник молчал, резко рос или падал",
                "Days on which a source fell silent, surged or dropped",
            ),
        ),
        "figures_with_sources": View(
            """SELECT quarter, figure_id, value, text, unit, source_table, source_key
            FROM out_bulletin__figures ORDER BY ALL""",
            _answers(
                "Бюллетеньдегі әр санның кестесі мен жолы",
                "Таблица и строка каждого числа бюллетеня",
                "Table and row of each number of the bulletin",
            ),
        ),
        "answers_of_the_country": View(
            """SELECT body_code, letter_count, reply_count, judged_count, ppv_share, ppv_ci_low_share,
                   ppv_ci_high_share, timely_share, lead_median_days
            FROM out_warning__answers WHERE region_code = 'KZ' AND signal = 'all' ORDER BY ALL""",
            _answers(
                "Кеңестердің жауаптары: қанша дабыл дұрыс шықты",
                "Ответы советов: сколько сигналов оказались верными",
                "Answers of the councils: how many alerts were right",
            ),
        ),
        "errors_by_quarter": View(
            """SELECT quarter, entry_kind, count(*) AS entry_count
            FROM out_warning__error_book GROUP BY ALL ORDER BY ALL""",
            _answers("Қателер кітабы тоқсандар бойынша", "Книга ошибок по кварталам", "The error book by quarter"),
        ),
    }
)
