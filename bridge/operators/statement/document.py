"""A statement as a JSON document: whole numbers only (`_mh` milli-hours, `_minutes`, `_kopecks`), days and
moments as ISO text. Its schema is docs/schemas/statement-1.json.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bridge.domain.hours import to_kopecks, to_milli
from bridge.domain.statement import Forecast, Movement, Statement, Work
from bridge.operators.statement.labels import Parties

VERSION = 1


def document(statement: Statement, parties: Parties) -> dict[str, Any]:
    """The document."""
    period = statement.period
    return {
        "version": VERSION,
        "account": statement.account_id,
        "customer": parties.customer,
        "contract": parties.contract,
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
        "time_zone": str(period.zone),
        "made_at": statement.made_at.isoformat(),
        "final": statement.is_final,
        "opening_mh": to_milli(statement.opening),
        "undated_mh": to_milli(statement.undated),
        "topped_up_mh": to_milli(statement.topped_up),
        "written_off_mh": to_milli(statement.written_off),
        "returned_mh": to_milli(statement.returned),
        "closing_mh": to_milli(statement.closing),
        "held_mh": to_milli(statement.held),
        "available_mh": to_milli(statement.available),
        "written_off_kopecks": _kopecks(statement.roubles_written_off),
        "returned_kopecks": _kopecks(statement.roubles_returned),
        "net_kopecks": _kopecks(statement.roubles),
        "top_ups": [_moved(row) for row in statement.top_ups],
        "write_offs": [
            {
                **_moved(one.row),
                **_work(one.row.work),
                "lines": [
                    {
                        "category": line.category,
                        "spent_minutes": line.spent_minutes,
                        "charged_minutes": line.charged_minutes,
                        "coefficient_milli": to_milli(line.coefficient),
                    }
                    for line in one.row.work.lines
                ],
                "hour_price_kopecks": _kopecks(one.hour_price),
                "price_kopecks": _kopecks(one.roubles),
            }
            for one in statement.write_offs
        ],
        "reversals": [
            {
                **_moved(one.row),
                **_work(one.of.work),
                "reverses": one.of.key,
                "price_kopecks": _kopecks(one.roubles),
            }
            for one in statement.reversals
        ],
        "holds": [{**_moved(row), **_work(row.work)} for row in statement.holds],
        "forecast": outlook(statement.forecast),
        "months": [
            {"month": f"{first:%Y-%m}", "written_off_mh": to_milli(amount)}
            for first, amount in statement.months
        ],
        "services": [
            {"service": name, "written_off_mh": to_milli(amount)} for name, amount in statement.services
        ],
    }


def outlook(forecast: Forecast) -> dict[str, Any]:
    """A forecast."""
    return {
        "as_of": forecast.as_of.isoformat(),
        "days": forecast.days,
        "written_off_mh": to_milli(forecast.written_off),
        "pace_mh": to_milli(forecast.pace),
        "days_left": forecast.days_left,
        "ends_on": None if forecast.ends_on is None else forecast.ends_on.isoformat(),
    }


def _moved(row: Movement) -> dict[str, Any]:
    return {"key": row.key, "at": row.at.isoformat(), "amount_mh": to_milli(row.amount)}


def _work(work: Work) -> dict[str, Any]:
    return {
        "ticket": work.number,
        "subject": work.subject,
        "service_id": work.service_id,
        "service": work.service,
        "stage": work.stage,
    }


def _kopecks(value: Decimal | None) -> int | None:
    return None if value is None else to_kopecks(value)
