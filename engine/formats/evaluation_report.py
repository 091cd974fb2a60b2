"""What an examination found, as one HTML file that needs no other."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine.charts import charts_of
from engine.colors import CLASS_COLORS
from engine.data.source import DataSet
from engine.examination import Examination
from engine.files import write_text
from engine.formats.svg_chart import chart_svg
from engine.project import Project
from engine.scoring import Classified, Labelled, Regressed, Scores

Array = np.ndarray[Any, Any]

_LISTED = 24
_MATRIX = 40
"""Classes of which a confusion matrix is written."""
_CHARACTERS = 160
_NUMBERS = 8


def write_report(path: Path, project: Project, found: Examination, origin: str = "") -> None:
    """Write the report of an examination; raises `FileError` and leaves what was there where that fails."""
    write_text(path, report(project, found, origin))


def report(project: Project, found: Examination, origin: str = "") -> str:
    """The report of an examination: figures, tables, curves and the worst mistakes."""
    title = f"{project.name}: evaluation"
    body = [f"<h1>{escape(title)}</h1>", f"<p>{escape(_about(found, origin))}</p>", _figures(found)]
    for scores in found.scores:
        body += [f"<h2>{escape(scores.output)}</h2>", *_output(found, scores)]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_style()}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def _about(found: Examination, origin: str) -> str:
    size = f"{found.samples.size:,} samples of the {found.part} data"
    some = f"; tables and curves are of {found.looked_at:,} of them, drawn at random"
    said = size + some * (found.looked_at < found.samples.size)
    return f"{said}. {origin} {datetime.now():%Y-%m-%d %H:%M}.".replace("  ", " ")


def _figures(found: Examination) -> str:
    cells = "".join(
        f"<div><b>{value:.4g}</b><span>{escape(name.replace('_', ' '))}</span></div>"
        for name, value in found.figures.items()
    )
    return f'<div class="figures">{cells}</div>'


def _output(found: Examination, scores: Scores) -> Iterator[str]:
    if isinstance(scores, Regressed):
        rows = (("R²", scores.r2), ("Mean absolute error", scores.mae), ("Root mean squared error", scores.rmse))
        yield _table(("", "value"), [(name, "–" if math.isnan(value) else f"{value:.4g}") for name, value in rows])
    else:
        yield _class_table(scores)
    if isinstance(scores, Classified):
        yield "<h3>Confusion matrix</h3>"
        yield _matrix(scores)
    charts = "".join(
        f"<figure><figcaption>{escape(chart.title)}</figcaption>{chart_svg(chart)}</figure>"
        for chart in charts_of(scores)
    )
    yield f'<div class="charts">{charts}</div>'
    places = scores.worst() if isinstance(scores, Regressed) else scores.mistakes()
    yield f"<h3>Worst first</h3>{_samples(found, scores, places[:_LISTED])}"


def _class_table(scores: Classified | Labelled) -> str:
    rows = [
        (row.name, f"{row.precision:.3f}", f"{row.recall:.3f}", f"{row.f1:.3f}", f"{row.support:,}")
        for row in (*scores.rows, *scores.means)
    ]
    return _table(("class", "precision", "recall", "F1", "support"), rows, len(scores.means))


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], sums: int = 0) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in header)
    body = ""
    for number, row in enumerate(rows):
        cells = "".join(f"<td>{escape(text)}</td>" for text in row)
        body += f"<tr{' class=mean' * (number >= len(rows) - sums)}>{cells}</tr>"
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _matrix(scores: Classified) -> str:
    names = scores.classes
    if len(names) > _MATRIX:
        return f"<p>Not shown: there are {len(names):,} classes.</p>"
    shares = scores.confusion / np.maximum(scores.confusion.sum(1, keepdims=True), 1)
    head = "<th>true \\ predicted</th>" + "".join(f"<th>{escape(name)}</th>" for name in names)
    body = ""
    for label, name in enumerate(names):
        cells = ""
        for chosen in range(len(names)):
            kind = "right" if label == chosen else "wrong"
            share = shares[label, chosen]
            shade = f'style="--share:{100 * share:.0f}%" class="{kind}"' if share else 'class="none"'
            cells += f'<td {shade} title="{100 * share:.1f} %">{scores.confusion[label, chosen]:,}</td>'
        body += f"<tr><th>{escape(name)}</th>{cells}</tr>"
    table = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="wide"><table class="matrix">{table}</table></div>'


def _samples(found: Examination, scores: Scores, places: Array) -> str:
    if not len(places):
        return "<p>There are none.</p>"
    data = found.shown(scores.samples[places])
    items = ""
    for row, place in enumerate(places.tolist()):
        picture = _looks(data, row)
        number = f"sample {int(scores.samples[place]) + 1:,}"
        items += f"<li>{picture}<b>{escape(_verdict(scores, place))}</b><span>{number}</span></li>"
    return f'<ul class="samples">{items}</ul>'


def _verdict(scores: Scores, place: int) -> str:
    if isinstance(scores, Classified):
        true, chosen = (scores.classes[int(labels[place])] for labels in (scores.true, scores.predicted))
        sure = scores.certainty[place]
        return f"{true} → {chosen}, " + (f"{100 * sure:.1f} %" if scores.is_probability else f"{sure:.3g}")
    if isinstance(scores, Labelled):
        rows = scores.true[place], scores.predicted[place]
        true, chosen = (
            ", ".join(name for name, on in zip(scores.classes, row, strict=True) if on) or "none" for row in rows
        )
        return f"{true} → {chosen}"
    true, predicted = scores.true[place], scores.predicted[place]
    if len(true) == 1:
        return f"{true[0]:.4g} → {predicted[0]:.4g}"
    return f"mean error {np.abs(predicted - true).mean():.4g}"


def _looks(data: DataSet, row: int) -> str:
    """A sample as a small picture, or in words."""
    name, array = next(iter(data.features.items()))
    sample = np.asarray(array)[row]
    if sample.dtype.kind == "U":
        return f"<p>{escape(' '.join(map(str, sample.reshape(-1)))[:_CHARACTERS])}</p>"
    if name in data.words:
        words = (data.words[name][int(value)] for value in sample.reshape(-1))
        return f"<p>{escape(' '.join(filter(None, words))[:_CHARACTERS])}</p>"
    if sample.ndim == 3 and sample.shape[2] in (1, 3, 4) and min(sample.shape[:2]) >= 4:
        return f'<img alt="" src="data:image/png;base64,{_png(sample, np.asarray(array))}">'
    numbers = [f"{value:.4g}" for value in sample.reshape(-1)[:_NUMBERS]]
    return f"<p>{', '.join(numbers)}{', …' * (sample.size > _NUMBERS)}</p>"


def _png(sample: Array, like: Array) -> str:
    low, high = float(like.min()), float(like.max())
    pixels: Array = np.clip((sample - low) * (255 / ((high - low) or 1)), 0, 255).astype(np.uint8)
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels[..., :3])
    picture.thumbnail((128, 128))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def _style() -> str:
    light, dark = ("".join(f"--class-{i}:{pair[dark]};" for i, pair in enumerate(CLASS_COLORS)) for dark in (0, 1))
    return f"""
:root{{--back:#fff;--text:#1d2330;--muted:#5a6372;--line:#d5d9e1;--soft:#f3f4f7;--good:#3c5bdc;--bad:#d0570f;{light}}}
@media (prefers-color-scheme:dark){{:root{{--back:#21252d;--text:#e8ebf1;--muted:#a7b0be;--line:#383e4a;
--soft:#1b1e24;--good:#86a0ff;--bad:#ff9f63;{dark}}}}}
body{{margin:0;background:var(--back);color:var(--text);font:15px/1.5 system-ui,sans-serif;
font-variant-numeric:tabular-nums}}
main{{max-width:1160px;margin:0 auto;padding:24px}}
h1{{font-size:24px;margin:0}}h2{{font-size:19px;margin:32px 0 8px}}h3{{font-size:15px;margin:24px 0 8px}}
p{{color:var(--muted);margin:4px 0 16px}}
.figures{{display:flex;gap:32px;flex-wrap:wrap}}.figures b{{display:block;font-size:24px}}
.figures span,.samples span,th,.mean td{{color:var(--muted)}}
.wide{{overflow-x:auto}}table{{border-collapse:collapse}}
td,th{{padding:3px 12px;text-align:right;border-bottom:1px solid var(--line);font-weight:normal}}
td:first-child,th:first-child{{text-align:left}}
.matrix td{{text-align:center;min-width:24px}}.matrix .none{{color:var(--muted)}}
.matrix .right{{background:color-mix(in srgb,var(--good) calc(var(--share)*.6),var(--back))}}
.matrix .wrong{{background:color-mix(in srgb,var(--bad) calc(12% + var(--share)*.6),var(--back))}}
.charts{{display:flex;flex-wrap:wrap;gap:16px}}figure{{margin:16px 0 0}}figcaption{{font-weight:600}}
svg text{{font-size:11px;fill:var(--muted)}}.grid{{stroke:var(--line)}}
.line{{fill:none;stroke-width:1.8}}.guide{{fill:none;stroke:var(--muted);stroke-dasharray:4 4}}
.samples{{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:16px;padding:0;list-style:none}}
.samples li{{background:var(--soft);border-radius:6px;padding:10px}}
.samples b,.samples span{{display:block}}.samples p{{margin:0;font-size:13px;overflow-wrap:anywhere}}
.samples img{{width:96px;image-rendering:pixelated;border-radius:3px}}
"""
