"""Figures, recognised: as many plots and curves as the reference draws, with labels where it has them."""

from __future__ import annotations

import re
from typing import Any

from autograder.scaffold import bodies
from autograder.scaffold.bodies import Subject
from autograder.scaffold.trying import Bench, Failed

__all__ = ["figure_check"]


def figure_check(bench: Bench, subject: Subject, row: tuple[Any, ...]) -> list[str]:
    """The body of a check, [] where nothing was drawn."""
    call = bodies.answers(subject, "student", ["got"])
    call = [re.sub(r"^answers\.append\((.*)\)$", r"\1", line) for line in call]
    start = bodies.once(subject.inputs, row, [*bodies.prepared(subject), *call])
    try:
        drawn = bench.run([*start, "return plots(student.figures())"], bodies.PLOTS, seed=1)
    except Failed:
        return []
    if not drawn:
        return []
    lines = [*start, "drawn = plots(student.figures())", f'same(len(drawn), {len(drawn)}, name="number of plots")']
    curves = [len(axes["lines"]) for axes in drawn]
    lines.append(f"for axes, curves in zip(drawn, {curves}, strict=True):")
    lines.append('    same(len(axes["lines"]), curves, name="number of curves in a plot")')
    parts = {"xlabel": "label on its x axis", "ylabel": "label on its y axis", "title": "title"}
    for part, word in parts.items():
        if all(axes[part] for axes in drawn):
            lines += [f'    if not axes["{part}"]:', f'        raise CheckFailed("A plot has no {word}.")']
    if all(axes["legend"] for axes in drawn):
        lines += ['    if not axes["legend"]:', '        raise CheckFailed("A plot has no legend.")']
    for place in ("x",):
        lengths = {len(line[place]) for axes in drawn for line in axes["lines"]}
        if len(lengths) == 1:
            lines += [
                '    for line in axes["lines"]:',
                f'        same(len(line["x"]), {lengths.pop()}, name="number of points of a curve")',
                '        finite(line["x"], name="a curve")',
            ]
    return lines if bench.passes(lines, bodies.PLOTS) else []
