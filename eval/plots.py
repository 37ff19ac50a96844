"""Plots as SVG, drawn from numbers alone. Knows nothing of questions, pages or colours, which a stylesheet gives."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from eval.metrics import BINS, Bools, Floats

WIDTH, HEIGHT = 440, 300
LEFT, RIGHT, TOP, BOTTOM = 54, 14, 16, 50  # margins
STEPS = 200  # points of a curve at most


@dataclass(frozen=True)
class Plot:
    """A drawing, what it shows in a sentence or two, and its numbers as a table."""

    title: str
    svg: str
    caption: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Axes:
    """Two scales and their names; `x` and `y` turn values into coordinates."""

    across: str
    up: str
    x_range: tuple[float, float] = (0.0, 1.0)
    y_range: tuple[float, float] = (0.0, 1.0)
    x_text: Callable[[float], str] = field(default=lambda value: f"{100 * value:.0f}")
    y_text: Callable[[float], str] = field(default=lambda value: f"{100 * value:.0f}")

    def x(self, value: float) -> float:
        """Pixels from the left."""
        low, high = self.x_range
        return round(LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """Pixels from the top."""
        low, high = self.y_range
        return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    def bar(self, start: float, end: float, bottom: float, top: float, style: str) -> str:
        """A rectangle between values of both scales, with a pixel of air on either side."""
        x, width = self.x(start) + 1, max(self.x(end) - self.x(start) - 2, 0.5)
        y = min(self.y(bottom), self.y(top))
        height = abs(self.y(bottom) - self.y(top))
        return f'<rect class="{style}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"/>'

    def line(self, start: tuple[float, float], end: tuple[float, float], style: str) -> str:
        """A straight line between two points."""
        (a, b), (c, d) = start, end
        return f'<line class="{style}" x1="{self.x(a)}" y1="{self.y(b)}" x2="{self.x(c)}" y2="{self.y(d)}"/>'

    def upright(self, value: float, text: str, row: int = 0) -> str:
        """A line from the bottom to the top with its name, which stands to the left when there is no room."""
        low, high = self.x_range
        late = value > low + 0.6 * (high - low)
        anchor, x = ("end", self.x(value) - 5) if late else ("start", self.x(value) + 5)
        line = self.line((value, self.y_range[0]), (value, self.y_range[1]), "threshold")
        return f'{line}<text class="name" x="{x:g}" y="{TOP + 11 + 16 * row}" text-anchor="{anchor}">{text}</text>'

    def drawing(self, label: str, *parts: str) -> str:
        """The parts above a grid, with scales and their names."""
        grid = []
        for value in ticks(*self.x_range):
            x, bottom = self.x(value), HEIGHT - BOTTOM
            grid.append(f'<text x="{x}" y="{bottom + 17}" text-anchor="middle">{self.x_text(value)}</text>')
        for value in ticks(*self.y_range):
            y = self.y(value)
            grid.append(f'<line class="grid" x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}"/>')
            grid.append(f'<text x="{LEFT - 7}" y="{y + 4:g}" text-anchor="end">{self.y_text(value)}</text>')
        middle = (TOP + HEIGHT - BOTTOM) / 2
        names = (
            f'<text class="axis" x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{HEIGHT - 8}" text-anchor="middle">'
            f'{self.across}</text><text class="axis" transform="translate(14 {middle:g}) rotate(-90)" '
            f'text-anchor="middle">{self.up}</text>'
        )
        inside = "".join([*grid, *parts, names])
        return f'<svg role="img" aria-label="{label}" viewBox="0 0 {WIDTH} {HEIGHT}">{inside}</svg>'


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round values from low to high: multiples of 1, 2 or 5 times a power of ten, at most so many."""
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(power * times for times in (1, 2, 5, 10, 20) if (high - low) / (power * times) <= most - 1)
    return [round(n * step, 10) for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def risk_coverage(confidence: Floats, right: Bools, answered: Bools, threshold: float) -> Plot:
    """Share of wrong candidates among the most confident, by how many of them are answered.

    The area below is the score `aurc` (Geifman and El-Yaniv 2017).
    """
    n = len(confidence)
    wrong = ~right[np.argsort(-confidence, kind="stable")]
    coverage = np.arange(1, n + 1) / n
    risk = np.cumsum(wrong) / np.arange(1, n + 1)
    area = risk.mean()
    kept = np.unique(np.linspace(0, n - 1, min(n, STEPS)).astype(int))
    axes = Axes("answered, most confident first (% of the questions)", "wrong among them (%)")
    points = [(axes.x(coverage[i]), axes.y(risk[i])) for i in kept]
    line = "L".join(f"{x:g} {y:g}" for x, y in points)
    floor = f"L{points[-1][0]:g} {axes.y(0):g}L{points[0][0]:g} {axes.y(0):g}Z"
    parts = [f'<path class="area" d="M{line}{floor}"/><path class="curve" d="M{line}"/>']
    caption = f"The area below the curve is {_percent(area, 1)} (aurc)."
    if answered.any():
        share, risky = answered.mean(), float((~right[answered]).mean())
        x, y = axes.x(share), axes.y(risky)
        anchor, aside = ("end", -9) if share > 0.6 else ("start", 9)
        parts.append(
            f'<circle class="point" cx="{x}" cy="{y}" r="5"/><text class="name" x="{x + aside:g}" y="{y - 9:g}" '
            f'text-anchor="{anchor}">threshold {threshold:.2f}</text>'
        )
        caption += (
            f" At the threshold {threshold:.2f}, {_percent(share)} of the questions are answered, and "
            f"{_percent(risky)} of those answers are wrong."
        )
    at = [max(1, round(n * tenth / 10)) - 1 for tenth in range(1, 11)]
    rows = [(_percent(coverage[i]), _percent(risk[i], 1)) for i in dict.fromkeys(at)]
    svg = axes.drawing("Risk–coverage curve", *parts)
    return Plot("Risk and coverage", svg, caption, ("answered", "wrong"), rows)


def reliability(confidence: Floats, right: Bools) -> Plot:
    """How often the candidate is right, by confidence: ten bins of equal width, whose gaps make the score `ece`."""
    edges = np.arange(BINS + 1) / BINS
    bins = np.clip((confidence * BINS).astype(int), 0, BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    axes = Axes("confidence (%)", "right (%)")
    bars, names, rows, gaps = [], [], [], 0.0
    for number in np.flatnonzero(counts):
        inside = bins == number
        held, sure = float(right[inside].mean()), float(confidence[inside].mean())
        gaps += counts[number] * abs(held - sure)
        bars.append(axes.bar(edges[number], edges[number + 1], 0, held, "bar"))
        x, y = axes.x((edges[number] + edges[number + 1]) / 2), axes.y(held) - 4
        names.append(f'<text class="count" x="{x:g}" y="{y:g}" text-anchor="middle">{counts[number]}</text>')
        span = f"{100 * edges[number]:.0f}–{_percent(edges[number + 1])}"
        rows.append((span, str(counts[number]), _percent(sure, 1), _percent(held, 1)))
    diagonal = axes.line((0, 0), (1, 1), "ideal")
    caption = (
        f"Each bar is a tenth of the scale, with the number of questions in it; a well calibrated system reaches the "
        f"dashed line. The mean distance is {_percent(gaps / len(confidence), 1)} (ece)."
    )
    columns = ("confidence", "questions", "mean confidence", "right")
    return Plot("Reliability", axes.drawing("Reliability diagram", *bars, diagonal, *names), caption, columns, rows)


def confidences(confidence: Floats, answerable: Bools, threshold: float) -> Plot:
    """How confident the system is where the documents say, upwards, and where they do not, downwards."""
    edges = np.linspace(0, 1, 2 * BINS + 1)
    says, not_says = (np.histogram(np.clip(confidence[of], 0, 1), edges)[0] for of in (answerable, ~answerable))
    most = float(max(says.max(), not_says.max(), 3))  # so that the scale counts whole questions
    axes = Axes(
        "confidence (%)", "questions", y_range=(-1.2 * most, 1.2 * most), y_text=lambda value: f"{abs(value):.0f}"
    )
    bars = [axes.bar(a, b, 0, n, "bar") for a, b, n in zip(edges, edges[1:], says, strict=False) if n]
    bars += [axes.bar(a, b, 0, -n, "bar other") for a, b, n in zip(edges, edges[1:], not_says, strict=False) if n]
    x, low, high = WIDTH - RIGHT - 4, HEIGHT - BOTTOM - 8, TOP + 11
    names = (
        f'<text class="name" x="{x}" y="{high}" text-anchor="end">the documents say</text>'
        f'<text class="name" x="{x}" y="{low}" text-anchor="end">they do not say</text>'
    )
    zero = axes.line((0, 0), (1, 0), "zero")
    caption = (
        f"Answerable questions upwards, unanswerable ones downwards. Right of the line (threshold {threshold:.2f}) the "
        "system answers: below, those are its false answers; above and left of it, its wrong abstentions."
    )
    rows = [
        (f"{100 * a:.0f}–{_percent(b)}", str(yes), str(no))
        for a, b, yes, no in zip(edges, edges[1:], says, not_says, strict=False)
        if yes or no
    ]
    svg = axes.drawing("Histogram of confidence", *bars, zero, axes.upright(threshold, "threshold"), names)
    return Plot("Confidence", svg, caption, ("confidence", "answerable", "unanswerable"), rows)


def latency(milliseconds: Floats) -> Plot:
    """How long answers took. What took much longer than most is counted in the last bar, so that most can be seen."""
    middle, late = np.percentile(milliseconds, [50, 95])
    slowest = float(milliseconds.max())
    marks = ticks(float(milliseconds.min()), max(min(slowest, 1.5 * late), milliseconds.min() + 1))
    step = marks[1] - marks[0]
    start = max(0.0, marks[0] - step)
    stop = marks[-1] + step
    edges = np.linspace(start, stop, 31)
    counts = np.histogram(np.clip(milliseconds, start, stop), edges)[0]
    top = float(max(counts.max(), 5))
    axes = Axes(
        "time to answer (ms)", "questions", (start, stop), (0.0, 1.2 * top), lambda v: f"{v:g}", lambda v: f"{v:g}"
    )
    bars = [axes.bar(a, b, 0, n, "bar") for a, b, n in zip(edges, edges[1:], counts, strict=False) if n]
    lines = [axes.upright(middle, "p50"), axes.upright(late, "p95", row=1)]
    caption = f"Half of the answers took {middle:.0f} ms or less (p50), {_percent(0.95)} {late:.0f} ms or less (p95)."
    if over := int((milliseconds > stop).sum()):
        caption += f" The last bar counts {over} that took longer than {stop:g} ms, up to {slowest:.0f} ms."
    rows = [(f"{a:.0f}–{b:.0f} ms", str(n)) for a, b, n in zip(edges, edges[1:], counts, strict=False) if n]
    return Plot("Latency", axes.drawing("Histogram of latency", *bars, *lines), caption, ("time", "questions"), rows)


def _percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def interval(low: float, value: float, high: float, most: float) -> str:
    """A line from 0 to most, the interval as a bar on it and the value as a stroke: an ornament beside the numbers."""
    a, b, c = (round(100 * min(max(part / most, 0), 1), 1) if most else 0.0 for part in (low, value, high))
    return (
        '<svg class="interval" aria-hidden="true" viewBox="0 0 104 12"><rect class="rail" x="2" y="5.5" width="100" '
        f'height="1"/><rect class="span" x="{a + 2:g}" y="3" width="{max(c - a, 0.5):g}" height="6"/>'
        f'<rect class="value" x="{b + 1:g}" y="1" width="2" height="10"/></svg>'
    )
