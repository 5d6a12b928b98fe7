"""What the vendor's server says that it has billed: whole days in UTC, page by page, to an admin key alone."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from multidict import MultiMapping

from greenroom.testing.models.checks import BadRequest

__all__ = ["costs"]

DAY = timedelta(days=1)
PARAMETERS = frozenset(
    {"start_time", "end_time", "bucket_width", "project_ids", "api_key_ids", "group_by", "limit", "page"}
)


def costs(query: MultiMapping[str], billed: Mapping[tuple[datetime, str], float]) -> dict[str, Any]:
    """Return the body of an answer; `billed` has what each (beginning of a day, project) cost, in US dollars."""
    for name in query:
        if name.removesuffix("[]") not in PARAMETERS:
            raise BadRequest(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
    if query.get("bucket_width", "1d") != "1d":
        raise BadRequest("Only 1d is supported.", param="bucket_width", code="invalid_value")
    limit = _number(query, "limit", 7)
    if not 1 <= limit <= 180:
        raise BadRequest("'limit' must be from 1 to 180.", param="limit", code="invalid_value")
    if "start_time" not in query:
        raise BadRequest(
            "Missing required parameter: 'start_time'.", param="start_time", code="missing_required_parameter"
        )
    start = datetime.fromtimestamp(_number(query, "page", _number(query, "start_time", 0)), UTC)
    projects = set(query.getall("project_ids[]", [])) | set(query.getall("project_ids", []))
    last = max((day for day, _ in billed), default=start)
    days: list[datetime] = []
    while start <= last and len(days) < limit:
        days.append(start)
        start += DAY
    return {
        "object": "page",
        "data": [_bucket(day, billed, projects) for day in days],
        "has_more": start <= last,
        "next_page": str(int(start.timestamp())) if start <= last else None,
    }


def _bucket(day: datetime, billed: Mapping[tuple[datetime, str], float], projects: set[str]) -> dict[str, Any]:
    value = sum(cost for (of, project), cost in billed.items() if of == day and (not projects or project in projects))
    result = {
        "object": "organization.costs.result",
        "amount": {"value": value, "currency": "usd"},
        "line_item": None,
        "project_id": None,
        "api_key_id": None,
        "quantity": None,
        "quantity_unit": None,
    }
    begins = int(day.timestamp())
    results = [result] if value else []
    return {"object": "bucket", "start_time": begins, "end_time": begins + 86_400, "results": results}


def _number(query: MultiMapping[str], name: str, usual: int) -> int:
    try:
        return int(query.get(name, usual))
    except ValueError:
        raise BadRequest(f"'{name}' must be a number.", param=name, code="invalid_type") from None
