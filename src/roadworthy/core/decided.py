"""The table of decisions: one record a case, whose columns every room that reads it knows."""

from __future__ import annotations

ID = "id"
UNIT = "unit"
SCORE = "score"
PROBABILITY = "probability"
PROBABILITY_LOW = "probability_low"
PROBABILITY_HIGH = "probability_high"
ENTROPY = "entropy"
MUTUAL_INFORMATION = "mutual_information"
POLICY_ROUTE = "policy_route"
ROUTE = "route"
REASON = "reason"
AUDIT_PROBABILITY = "audit_probability"
CLEAR_BELOW = "clear_below"
FLAG_ABOVE = "flag_above"
COST_CLEAR = "expected_cost_clear"
COST_FLAG = "expected_cost_flag"
COST_REFER = "expected_cost_refer"
SCOPE_REASONS = "scope_reasons"
QUEUE = "queue"
MARKS = "marks"
DECIDED_AT = "decided_at"
PRODUCT = "product"
PRODUCT_FINGERPRINT = "product_fingerprint"
SUBJECT_FINGERPRINT = "subject_fingerprint"
MODEL_FINGERPRINT = "model_fingerprint"
CERTIFICATE_FINGERPRINT = "certificate_fingerprint"
GUARD_FINGERPRINT = "guard_fingerprint"
ROADWORTHY_VERSION = "roadworthy_version"

BEFORE_FIELDS = (
    *(ID, UNIT, SCORE, PROBABILITY, PROBABILITY_LOW, PROBABILITY_HIGH),
    *(ENTROPY, MUTUAL_INFORMATION, POLICY_ROUTE, ROUTE, REASON, AUDIT_PROBABILITY),
    *(CLEAR_BELOW, FLAG_ABOVE, COST_CLEAR, COST_FLAG, COST_REFER, SCOPE_REASONS, QUEUE, MARKS),
)
AFTER_FIELDS = (
    *(DECIDED_AT, PRODUCT, PRODUCT_FINGERPRINT, SUBJECT_FINGERPRINT, MODEL_FINGERPRINT),
    *(CERTIFICATE_FINGERPRINT, GUARD_FINGERPRINT, ROADWORTHY_VERSION),
)
COLUMNS = (*BEFORE_FIELDS, *AFTER_FIELDS)
"""In the table's order; what queue rules read stands between the two."""
OPTIONAL = (UNIT, MARKS)
"""There only where product.yaml declares them; ``marks`` are those shown, as JSON: the column that
an image stands in, a box in pixels of it, and a score, each; null where nothing says where."""


PLACE, WHY, AUDIT = "place", "why", "audit"
READING = (PLACE, WHY, AUDIT)
"""What a worklist adds for those who read the cases."""


def made(name: str) -> str:
    """What a column is called while it is made: the cases may have one of that name themselves."""
    return f"@{name}"
