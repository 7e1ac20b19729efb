#!/usr/bin/env python3
"""Grades an exercise of chapter 6: grade.py 1|2|3 PROGRAM [OPTION...] [--seed N]

README.md lists the answers and exit codes.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import grading  # noqa: E402

KEYWORDS = ("FROM", "RUN", "COPY", "ENV", "CMD", "LABEL")
WORDS = ("a", "b.txt", "make", "&&", "echo", "x#y", "#z", "/srv/", "$HOME", "-y", "é", "'q'")


def noise(generator):
    """Lines that mean nothing."""
    kinds = ("", "   ", "# a comment", "  # an indented one", "#RUN no", "# ends with \\")
    return [generator.choice(kinds) for _ in range(generator.choice((0, 0, 1, 2)))]


def make_lines(generator):
    escape = generator.choice("\\\\`")
    lines = ["# escape=`"] if escape == "`" else []
    answers = []
    for _ in range(generator.randint(1, 5)):
        lines += noise(generator)
        text = generator.choice(KEYWORDS)
        number = len(lines) + 1
        lines.append(generator.choice(("", "  ")) + text)
        for _ in range(generator.randint(1, 6)):
            word = generator.choice(WORDS)
            if generator.random() < 0.6:
                lines[-1] += " " + word
                text += " " + word
                continue
            gap = " " if text in KEYWORDS else generator.choice(("", " "))
            lines[-1] += gap + escape + generator.choice(("", "", " "))
            lines += noise(generator)
            piece = generator.choice(("", " ", "    ")) + word.lstrip("#")
            lines.append(piece)
            text += gap + piece
        answers.append(f"{number} {text}")
    return grading.Case("\n".join(answers), stdin="\n".join(lines) + "\n")


def make_piece(generator, variables, depth=0):
    """A piece of a word, and what it becomes."""
    name = generator.choice(("A", "B_1", "LONG", "unset"))
    value = variables.get(name, "")
    kind = generator.randrange(6 if depth < 3 else 4)
    if kind == 0:
        text = generator.choice(("x", "/y", "-", ".z", "9"))
        return text, text
    if kind == 1:
        return f"${name}" + "/", value + "/"
    if kind == 2:
        return f"${{{name}}}", value
    if kind == 3:
        return r"\$" + "-", "$-"
    other, becomes = make_piece(generator, variables, depth + 1)
    if kind == 4:
        return f"${{{name}:-{other}}}", value or becomes
    return f"${{{name}:+{other}}}", becomes if value else ""


def make_word(generator):
    variables = {"A": generator.choice(("", "1", "a b")), "B_1": "b", "LONG": "l" * generator.randint(1, 9)}
    pieces = [make_piece(generator, variables) for _ in range(generator.randint(1, 5))]
    word, answer = ("".join(column) for column in zip(*pieces))
    given = tuple(f"{name}={value}" for name, value in variables.items())
    if generator.random() < 0.1:
        return grading.Case(words=(word + "${A", *given), code=1)
    return grading.Case(answer, words=(word, *given))


def make_stages(generator):
    needs, lines = [], []
    for index in range(generator.randint(1, 6)):
        needs.append(set())
        base = "debian"
        if index and generator.random() < 0.4:
            other = generator.randrange(index)
            needs[index].add(other)
            base = generator.choice((f"stage{other}", f"Stage{other}"))
        lines.append(f"FROM {base} AS " + generator.choice((f"stage{index}", f"STAGE{index}")))
        for _ in range(generator.randrange(3)):
            if index and generator.random() < 0.6:
                other = generator.randrange(index)
                needs[index].add(other)
                source = generator.choice((f"stage{other}", str(other), f"sTAGE{other}"))
            else:
                source = "busybox"
            lines.append(f"COPY --from={source} /a /b")
        lines.append("RUN echo COPY --from=0 FROM stage0")
    reached, todo = set(), [len(needs) - 1]
    while todo:
        index = todo.pop()
        if index not in reached:
            reached.add(index)
            todo += needs[index]
    return grading.Case(" ".join(str(index) for index in sorted(reached)), stdin="\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(grading.main(__doc__, {"1": make_lines, "2": make_word, "3": make_stages}))
