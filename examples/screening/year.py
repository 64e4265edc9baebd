import sys

import numpy as np
import polars as pl

audited, n = float(sys.argv[1]), 200_000
draw = np.random.default_rng(3)
ill = draw.random(n) < 0.006
score = np.where(ill, 1 - draw.beta(1, 4, n), draw.beta(1, 5, n))
policy = np.select([score < 0.3, score < 0.9], ["clear", "refer"], "flag")
drawn = (policy == "clear") & (draw.random(n) < audited)
route = np.where(drawn, "refer", policy)
pl.DataFrame(
    {
        "exam": [f"e{i}" for i in range(n)],
        "cancer": pl.Series(ill.astype(int)).set(pl.Series(route == "clear"), None),
        "score": score,
        "policy_route": policy,
        "route": route,
        "audit_probability": pl.Series(np.where(policy == "clear", audited, 0.0)),
    }
).write_parquet("year.parquet")
print(f"{(ill & (policy == 'clear')).sum()} of {ill.sum()} cancers were cleared, and nobody knows")
