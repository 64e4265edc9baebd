"""What a net minimises: losses that stand for the goal, as pure functions of logits.

All take ``logits`` (cases, classes) and give one loss a case, (cases,), unless they say otherwise;
a binary net's one logit z is the pair (0, z). Costs may have any unit: only their ratios matter
once they are scaled.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

PerCase = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""Logits, the truth (cases,) as numbers of classes, and costs (cases, classes): a loss a case."""


def log_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Minus the logarithm of the probability of what is true: proper (Good 1952)."""
    return functional.cross_entropy(logits, truth, reduction="none")


def expected_cost(logits: Tensor, costs: Tensor) -> Tensor:
    """What a case costs on average when its calls are drawn by the net's own probabilities.

    ``costs`` (cases, classes) hold what each call of each case costs less what it earns, so that a
    loss of utility or profit is the same function. Differentiable in the logits, with example-
    dependent costs (Bahnsen, Aouada & Ottersten 2014, "Example-dependent cost-sensitive logistic
    regression"; Kukar & Kononenko 1998 for a matrix). It is no proper score: probabilities go to 0
    or 1 at the point of equal cost, and are no chances any more.

    >>> costs = torch.tensor([[0.0, 1.0], [10.0, 0.0]])
    >>> expected_cost(torch.zeros(2, 2), costs).tolist()
    [0.5, 5.0]
    """
    return (logits.softmax(dim=1) * costs).sum(dim=1)


def focal(logits: Tensor, truth: Tensor, gamma: float) -> Tensor:
    """The log loss times (1 - p)**gamma: what is easy counts less (Lin et al. 2017, eq. 4).

    >>> easy, truth = torch.tensor([[0.0, 3.0]]), torch.tensor([1])
    >>> bool(focal(easy, truth, 2.0) < 0.01 * log_loss(easy, truth))
    True
    """
    log_p = logits.log_softmax(dim=1).gather(1, truth[:, None])[:, 0]
    # 1 - p without losing digits where p is near 1
    return -((-torch.expm1(log_p)) ** gamma) * log_p


def class_balanced(logits: Tensor, truth: Tensor, counts: Tensor, beta: float) -> Tensor:
    """The log loss, each class by the inverse of its effective number of cases (Cui et al. 2019).

    That number is (1 - beta**n) / (1 - beta) for the ``counts`` n of training cases, (classes,):
    beta 0 leaves all classes alike, beta near 1 weighs by 1 / n. Weights sum to the number of
    classes.

    >>> class_weights(torch.tensor([90.0, 10.0]), 0.0).tolist()
    [1.0, 1.0]
    """
    return class_weights(counts, beta)[truth] * log_loss(logits, truth)


def class_weights(counts: Tensor, beta: float) -> Tensor:
    """The weights of ``class_balanced``, shape (classes,)."""
    effective = (1.0 - torch.pow(beta, counts)) / (1.0 - beta)
    inverse = 1.0 / effective.clamp(min=1e-12)
    return inverse * len(counts) / inverse.sum()


def sensitivity_at(logits: Tensor, truth: Tensor, specificity: float) -> Tensor:
    """How far positives lie below the threshold that lets ``specificity`` of the negatives pass.

    The threshold is the quantile of the negatives in the batch, and gradients flow through it
    (Mackey, Luo & Eban 2018, "Constrained classification and ranking via quantiles", after Eban
    et al. 2017); the step of a miss is the logistic bound log2(1 + exp(threshold - score)), which
    is at least 1 for every missed positive. Zero for negatives, and for a batch of one class.

    >>> scores = torch.tensor([[0.0, -5.0], [0.0, -4.0], [0.0, 9.0]])
    >>> bool(sensitivity_at(scores, torch.tensor([0, 0, 1]), 0.9).sum() < 1e-4)
    True
    """
    score, positive = logits[:, 1] - logits[:, 0], truth == 1
    if not positive.any() or positive.all():
        # still a function of the logits, so that there is a gradient: nothing
        return score * 0.0
    threshold = torch.quantile(score[~positive], specificity)
    missed = functional.softplus(threshold - score) / torch.log(torch.tensor(2.0))
    share = len(score) / positive.sum()
    return torch.where(positive, missed * share, torch.zeros_like(missed))
