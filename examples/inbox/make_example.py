"""Makes messages.csv: 1,600 invented messages to a shop, and whether each needs a person.

Nobody wrote these messages to anybody. A message has a matter, which is told in one of several
ways, some padding, typing errors, and now and then a second matter. It needs a person when one of
its matters does. The same words stand on both sides ("parcel", "refund", "cancel"), some matters
need a person only when they have taken long, and of the labels a few are wrong, as they are when
people give them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

MESSAGES, SEED = 1_600, 11
SECOND_MATTER, SLIPS, WRONG_LABELS = 0.14, 0.40, 0.01
GRAVE, WAITING = 0.20, 0.30

# a standard answer is right: it is true for whoever asks
STANDARD = {
    "tracking": [
        "can you tell me where to follow the parcel with the {thing}",
        "I have no tracking number for my order from {ago}",
        "which service delivers the {thing}, and at what time of the day",
    ],
    "return": [
        "the {thing} does not fit me, how do I send it back",
        "how many days do I have to return a {thing}",
        "please send me a return label for the {thing}, I just do not like the colour",
        "when do I get the refund after I send the {thing} back",
    ],
    "invoice": [
        "I need the invoice for the {thing} as a pdf",
        "could you send me the bill again for my tax papers, order from {ago}",
        "where do I find the receipt for the money I paid {ago}",
    ],
    "account": [
        "I cannot log in and the password mail does not arrive",
        "how can I change my address for the next order",
        "please take me off the newsletter, I get it twice",
        "how do I delete my account and cancel the membership",
    ],
    "shop": [
        "what does delivery to the islands cost",
        "do you still have the {thing} in a larger size",
        "is the {thing} on sale next week, and can I pay by bill",
        "are you open on Saturday, I would like to see the {thing}",
        "how long is the warranty of a {thing}, and what do I do if it breaks",
    ],
}

# no standard answer is right: somebody has to look, decide or apologise
PERSON = {
    "lost": [
        "tracking says the {thing} was delivered {ago}, but nobody here and no neighbour has it",
        "the parcel has been standing in the depot since {ago} and nobody moves it",
        "the box arrived {ago} and the {thing} was not in it",
    ],
    "damage": [
        "the {thing} came out of the box in two pieces",
        "the {thing} stopped working after {ago} although I did nothing with it",
        "the {thing} you sent has been used before, there are stains on it",
    ],
    "money": [
        "I sent the {thing} back {ago} and still have no refund on my account",
        "you have taken the money for the {thing} twice",
        "the bill is higher than the price on the page, this is not what we agreed",
        "I paid {ago} and get a reminder today, please stop this",
    ],
    "safety": [
        "the plug of the {thing} gets hot and smells burnt",
        "my son cut himself on the {thing}, the edge is sharp",
        "I got a rash from the {thing} and had to see a doctor",
    ],
    "grave": [
        "somebody ordered a {thing} in my name, I never had an order with you",
        "my mother has died and I have to cancel what she ordered {ago}",
        "if I hear nothing by Friday my lawyer will write to you about the {thing}",
        "I wrote {ago} and got a standard answer that has nothing to do with my question",
    ],
}

# a standard answer is right at first ("please wait for a few days"), and later it is not
MAY_WAIT = {
    "parcel": [
        "where is my {thing}? I ordered it {ago}",
        "I ordered a {thing} {ago} and it has not arrived yet",
        "{ago} you wrote that the parcel with the {thing} is on its way, is that still so",
    ],
    "refund": [
        "I sent the {thing} back {ago}, when do I get my money",
        "no refund yet for the {thing} that I returned {ago}",
    ],
    "promise": [
        "{ago} you said that somebody would look at my question about the {thing}",
        "you wanted to send me a new part for the {thing}, that was {ago}",
    ],
}

THINGS = (
    *("lamp", "kettle", "jacket", "pair of shoes", "backpack", "desk", "chair", "toaster", "tent"),
    *("bicycle light", "coffee machine", "carpet", "coat", "mirror", "drill", "high chair"),
    *("rain coat", "sofa cover", "garden hose", "radio", "pan", "blanket", "suitcase", "shelf"),
)
SOON = ("yesterday", "two days ago", "on Monday", "this morning", "a few days ago")
LONG = ("three weeks ago", "a month ago", "before the holidays", "in spring", "many weeks ago")
BEFORE = ("", "", "", "Hello, ", "Hi, ", "Dear team, ", "Good morning, ", "Sorry to bother you, ")
BEFORE_HARD = ("Hello again, ", "To whom it may concern, ", "I am rather annoyed: ")
AFTER = ("", "", "", ". Thanks", ". Thank you very much", ". Kind regards", ", please", "!", "?")
AFTER_HARD = (". I expect an answer today", ". This is the second time", ". Please call me")
JOINED = (". Also, ", ", and besides ", ". One more thing: ")
CHANNELS = ("mail", "form", "chat")


def matter(rng: np.random.Generator) -> tuple[str, bool]:
    """One thing that people write about, and whether it needs a person."""
    kind, long_ago = rng.random(), bool(rng.random() < 0.45)
    if kind < GRAVE:
        matters, person = PERSON, True
    elif kind < GRAVE + WAITING:
        matters, person = MAY_WAIT, long_ago
    else:
        matters, person = STANDARD, False
    told = str(rng.choice(matters[str(rng.choice(list(matters)))]))
    ago = rng.choice(LONG if long_ago else SOON)
    return told.format(thing=rng.choice(THINGS), ago=ago), person


def message(rng: np.random.Generator) -> tuple[str, bool]:
    """One message, and whether it needs a person."""
    matters = [matter(rng) for _ in range(1 + (rng.random() < SECOND_MATTER))]
    text = str(rng.choice(JOINED)).join(told for told, _ in matters)
    person = any(needs for _, needs in matters)
    # a hard tone is more common where something is wrong, and no proof of it
    tone = rng.random() < (0.30 if person else 0.08)
    before, after = (BEFORE_HARD, AFTER_HARD) if tone else (BEFORE, AFTER)
    return slipped(f"{rng.choice(before)}{text}{rng.choice(after)}", rng), person


def slipped(text: str, rng: np.random.Generator) -> str:
    """The same with the errors of people who type in a hurry."""
    letters = list(text)
    while rng.random() < SLIPS and len(letters) > 10:
        place = int(rng.integers(1, len(letters) - 1))
        if rng.random() < 0.5:
            del letters[place]
        else:
            letters[place], letters[place - 1] = letters[place - 1], letters[place]
    found = "".join(letters)
    return found.lower() if rng.random() < 0.3 else found


def make(folder: Path) -> None:
    """Writes every message down; an empty one is an attachment without a word."""
    rng = np.random.default_rng(SEED)
    rows = []
    for number in range(MESSAGES):
        text, person = message(rng)
        wrong = rng.random() < WRONG_LABELS
        empty = rng.random() < 0.01
        rows.append(
            {
                "message_id": f"M{number + 1:05d}",
                "channel": str(rng.choice(CHANNELS, p=[0.5, 0.35, 0.15])),
                # people with many orders write about harder things a little more often
                "orders": int(rng.poisson(3.5 if person else 3.0)),
                "message": None if empty else text,
                "needs_person": "yes" if empty or person != wrong else "no",
            }
        )
    pl.DataFrame(rows, schema_overrides={"message": pl.String}).write_csv(folder / "messages.csv")


if __name__ == "__main__":
    make(Path(__file__).parent)
