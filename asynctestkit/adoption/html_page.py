"""`--html FILE`: one page to read and to print, with each place to be unfolded. It loads nothing else."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Iterator
from html import escape

from ..leaks.leak import Leak
from ..stacks.rendering import render_chain
from .record import Record, Row

__all__ = ["page_of"]

_STYLE = """\
:root { color-scheme: light dark; --ink: #1c1f24; --soft: #5d6672; --paper: #fff; --sheet: #f5f6f8;
  --line: #d9dde3; --mark: #b3261e; --bar: #4c78c9; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #9aa4b1; --paper: #14171b;
  --sheet: #1e2329; --line: #343b45; --mark: #ff8a80; --bar: #7aa2e8; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem 4rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.25rem 0 .75rem; }
p { margin: .25rem 0; } .soft { color: var(--soft); }
code, pre { font: .85rem/1.45 ui-monospace, Menlo, Consolas, monospace; }
pre { margin: .4rem 0 .9rem; padding: .6rem .8rem; background: var(--paper); border: 1px solid var(--line);
  border-radius: 6px; overflow-x: auto; }
table { border-collapse: collapse; } td, th { padding: .2rem 1rem .2rem 0; text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.bar { display: block; height: .7rem; min-width: 2px; background: var(--bar); border-radius: 2px; }
details { margin: .5rem 0; background: var(--sheet); border: 1px solid var(--line); border-radius: 8px; }
summary { display: grid; grid-template-columns: 8rem 1fr auto; gap: 1rem; padding: .6rem .9rem;
  cursor: pointer; align-items: baseline; }
summary:focus-visible { outline: 2px solid var(--bar); } summary code { overflow-wrap: anywhere; }
.body { padding: 0 .9rem .6rem; border-top: 1px solid var(--line); }
.body h3 { font-size: .9rem; margin: .8rem 0 0; }
.new { color: var(--mark); font-weight: 600; }
.remedy { border-left: 3px solid var(--bar); padding-left: .7rem; }
ul { margin: .3rem 0; padding-left: 1.2rem; } li { overflow-wrap: anywhere; }
@media (max-width: 40rem) { summary { grid-template-columns: 1fr; gap: .1rem; } }
@media print { body { max-width: none; padding: 0; font-size: 11pt; } details { break-inside: avoid; }
  pre { white-space: pre-wrap; } details::details-content { content-visibility: visible; height: auto; } }
"""
_SCRIPT = """\
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(each => each.open = true));
"""


def page_of(record: Record) -> str:
    """The text of the page."""
    rows = record.rows
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<title>Left behind</title>",
            f"<style>\n{_STYLE}</style></head><body>",
            "<h1>Left behind</h1>",
            f"<p>{escape(record.summary())}</p>",
            *([] if record.is_complete else ['<p class="new">The run was stopped before its end.</p>']),
            *(["<h2>By kind</h2>", *_kinds(rows), "<h2>By place</h2>"] if rows else []),
            *(line for row in rows for line in _place(row, record.is_judged)),
            f"<script>\n{_SCRIPT}</script></body></html>\n",
        ]
    )


def _kinds(rows: Iterable[Row]) -> Iterator[str]:
    counts: collections.Counter[str] = collections.Counter()
    for row in rows:
        counts[row.leak.kind] += row.count
    most = max(counts.values())
    yield "<table><tr><th>kind</th><th>leaks</th><th></th></tr>"
    for kind, count in counts.most_common():
        bar = f'<span class="bar" style="width: {12 * count / most:.2f}rem"></span>'
        yield f'<tr><td>{escape(kind)}</td><td class="number">{count:,}</td><td>{bar}</td></tr>'
    yield "</table>"


def _place(row: Row, is_judged: bool) -> Iterator[str]:
    leak = row.leak
    mark = ' <span class="new">new</span>' if is_judged and row.is_new else ""
    many = f"{row.count:,} in {len(row.tests):,} test{'s' if len(row.tests) > 1 else ''}"
    yield "<details><summary>"
    yield f"<span>{escape(leak.kind)}{mark}</span><code>{escape(row.shown_place)}</code>"
    yield f'<span class="soft">{many}</span></summary><div class="body">'
    yield f"<p><code>{escape(leak.name)}</code>, {escape(leak.description)}</p>"
    yield from _chains(leak)
    if leak.remedy:
        yield f'<p class="remedy">{escape(leak.remedy)}</p>'
    yield "<h3>Tests</h3><ul>"
    for test, count in row.tests.items():
        times = f' <span class="soft">{count:,} times</span>' if count > 1 else ""
        yield f"<li><code>{escape(test)}</code>{times}</li>"
    yield "</ul></div></details>"


def _chains(leak: Leak) -> Iterator[str]:
    for title, lines in (
        ("Created", render_chain(leak.created_at, "", "")),
        ("Stands at", render_chain(leak.waiting_at, leak.waits_on, "")),
    ):
        if lines:
            yield f"<h3>{title}</h3><pre>{escape(chr(10).join(lines))}</pre>"
