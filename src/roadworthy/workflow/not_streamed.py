"""Why a table is read as a whole: whatever one pass cannot do, or finds wrong, ends that pass."""


class NotStreamedError(Exception):
    """This table is not for one pass; the reason is for developers only."""
