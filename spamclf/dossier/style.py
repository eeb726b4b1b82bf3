"""How the page of a dossier looks: calm, in light and dark, on a screen and on paper."""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """
:root { color-scheme: light dark; --page: #ffffff; --card: #f5f6f8; --ink: #1c2330; --soft: #4b5565; --line: #d5dae1;
  --mark: #0b5394; --late: #9a4a00; --known: #e3eefb; }
@media (prefers-color-scheme: dark) { :root { --page: #14181e; --card: #1d232b; --ink: #e7eaef; --soft: #b3bcc9;
  --line: #39424f; --mark: #85bdf5; --late: #f0ad62; --known: #1e3450; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main, header, footer { max-width: 72rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 2.5rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.8rem 0 .6rem; padding-top: .9rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
p, li { max-width: 46rem; }
.soft, caption, figcaption, dt { color: var(--soft); }
nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; margin: 1rem 0 0; padding: 0; }
a { color: var(--mark); }
dl.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .8rem;
  margin: 1.2rem 0; }
dl.figures div { background: var(--card); border-radius: .5rem; padding: .8rem 1rem; }
dl.figures dt { font-size: .85rem; }
dl.figures dd { margin: 0; font-size: 1.55rem; font-variant-numeric: tabular-nums; }
dl.figures dd small { display: block; font-size: .8rem; color: var(--soft); line-height: 1.35; }
.scroll { overflow-x: auto; margin: .6rem 0 1.2rem; }
.scroll:focus-visible, a:focus-visible { outline: 2px solid var(--mark); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; line-height: 1.4; }
caption { text-align: left; padding-bottom: .4rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .8rem .45rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 600; border-bottom: 2px solid var(--line); }
tbody th { font-weight: 600; overflow-wrap: anywhere; min-width: 8rem; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
time { white-space: nowrap; }
code { font: .8em/1.4 ui-monospace, monospace; color: var(--soft); overflow-wrap: anywhere; }
.tag { display: inline-block; border: 1px solid var(--line); border-radius: .3rem; padding: 0 .4rem;
  white-space: nowrap; }
.tag.known { background: var(--known); border-color: var(--mark); }
blockquote { margin: .5rem 0; padding: .5rem .9rem; background: var(--card); border-left: 3px solid var(--line);
  max-width: 46rem; overflow-wrap: anywhere; }
.photos { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 1.2rem; }
figure { margin: 0; }
.photos img, .photos .blank { width: 136px; height: 136px; object-fit: contain; background: var(--card); display: grid;
  place-items: center; color: var(--soft); font-size: .85rem; text-align: center; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--soft); font: 13px system-ui, sans-serif; }
svg .bar { fill: var(--mark); }
svg .late { fill: var(--late); }
svg .axis { stroke: var(--line); }
svg .policy { stroke: var(--ink); stroke-dasharray: 4 4; }
footer { padding-bottom: 3rem; }
@media print { :root { --page: #fff; --card: #f5f6f8; --ink: #000; --soft: #333; --line: #bbb; --mark: #0b5394;
  --late: #9a4a00; --known: #e3eefb; } body { font-size: 10pt; } nav { display: none; } .scroll { overflow: visible; }
  table { font-size: 7.5pt; } tr, figure, blockquote, dl.figures div { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  thead { display: table-header-group; } a { color: inherit; text-decoration: none; } }
"""
