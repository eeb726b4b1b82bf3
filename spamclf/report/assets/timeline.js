// The timeline of a case.

function timeline(i) {
  const spans = slice(timelines, "span", i), step = timelines.step_h[i], begin = timelines.first_h[i];
  if (!spans.length) return null;
  const counts = Object.keys(COUNTED).map((name) => slice(timelines, name, i)), [sends, strangers, replies, reports] = counts;
  const W = 600, TOP = 18, UP = 92, GAP = 16, DOWN = 34, left = 40, n = spans[spans.length - 1] + 1;
  const width = Math.min(26, (W - left) / n), high = Math.max(1, ...sends), low = Math.max(1, ...replies);
  const each = step === 1 ? "hour" : step === 24 ? "day" : step > 24 ? `${step / 24} days` : `${step} hours`;
  const said = `Per ${each}, from ${hour(begin)} UTC: ` + Object.entries(COUNTED).map(([name, noun]) => countedAs(total(name)[i], noun)).join(", ");
  const picture = svg("svg", { viewBox: `0 0 ${W} ${TOP + UP + GAP + DOWN + 4}`, role: "img", "aria-label": said, class: "timeline" });
  const base = TOP + UP, below = base + GAP;
  const bar = (k, y, height, kind) => svg("rect", { class: kind, x: left + spans[k] * width + 0.5, y, width: Math.max(width - 1, 1), height });
  spans.forEach((span, k) => {
    const group = svg("g", {}), title = svg("title", {});
    title.textContent = `${hour(begin + span * step)}: ` + Object.values(COUNTED).map((noun, c) => `${counts[c][k]} ${noun}`).join(", ");
    group.append(title);
    const scale = (value) => (UP * value) / high;
    if (sends[k]) group.append(bar(k, base - scale(sends[k]), scale(sends[k]), "sends"));
    if (strangers[k]) group.append(bar(k, base - scale(strangers[k]), scale(strangers[k]), "strangers"));
    if (replies[k]) group.append(bar(k, below, (DOWN * replies[k]) / low, "replies"));
    if (reports?.[k]) { const x = left + (span + 0.5) * width; group.append(svg("path", { class: "reports", d: `M${x - 5} 3h10l-5 9z` })); }
    picture.append(group);
  });
  picture.append(svg("line", { x1: left, x2: W, y1: base, y2: base }), svg("line", { x1: left, x2: W, y1: below, y2: below }),
    label(left - 6, TOP + 9, number.format(high), "end"), label(left - 6, base, "0", "end"), label(left - 6, below + DOWN, total("replies")[i] ? number.format(low) : "", "end"),
    label(left, base + 12, hour(begin)), label(Math.min(W, Math.max(left + n * width, left + 240)), base + 12, hour(begin + n * step), "end"));
  const legend = el("p", { class: "legend", "aria-hidden": "true" }, Object.entries({ sends: `sends per ${each}`, strangers: "of them first to a stranger", replies: "first replies", reports: "reported or blocked" })
    .filter(([kind]) => kind in COUNTED).map(([kind, text]) => el("span", { class: kind }, text)));
  const table = el("details", {}, el("summary", {}, "As numbers"));
  table.addEventListener("toggle", () => {
    if (table.querySelector("table")) return;
    table.append(el("table", {}, el("thead", {}, el("tr", {}, ["from (UTC)", ...Object.values(COUNTED)].map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, spans.map((span, k) => el("tr", {}, el("th", { scope: "row" }, hour(begin + span * step)),
        counts.map((each) => el("td", { class: "n" }, number.format(each[k]))))))));
  });
  return part("What it did", legend, picture, table);
}

// How it scored at midnights since it began, and at the end.
function scored(i) {
  const at = slice(looks, "at", i), score = slice(looks, "score", i), flagged = slice(looks, "flagged", i), bounds = slice(looks, "threshold", i);
  if (at.length < 2) return null;
  const W = 600, H = 96, TOP = 8, left = 40, right = 8, bound = accounts.threshold[i], span = at[at.length - 1] - at[0];
  const x = (k) => left + ((W - left - right) * (at[k] - at[0])) / span, y = (value) => TOP + H * (1 - value);
  const tell = (k) => score[k] === null ? "too little to tell" : `${shortScore(score[k])}, ${flagged[k] ? "flagged" : "not flagged"}`;
  const when = (k) => new Date(1000 * at[k]).toISOString().slice(0, 16).replace("T", " ");
  const said = `Score over time, threshold ${shortScore(bound)}: ${at.map((_, k) => `${when(k)} ${tell(k)}`).join("; ")}`;
  const picture = svg("svg", { viewBox: `0 0 ${W} ${TOP + H + 22}`, role: "img", "aria-label": said, class: "timeline" });
  const known = at.map((_, k) => k).filter((k) => score[k] !== null);
  picture.append(svg("line", { x1: left, x2: W - right, y1: y(0), y2: y(0) }), svg("polyline", { class: "bound", points: bounds.map((each, k) => `${x(k)},${y(each)}`).join(" ") }),
    svg("polyline", { class: "score", points: known.map((k) => `${x(k)},${y(score[k])}`).join(" ") }),
    ...known.map((k) => {
      const dot = svg("circle", { class: flagged[k] ? "dot flagged" : "dot", cx: x(k), cy: y(score[k]), r: 4 }), title = svg("title", {});
      title.textContent = `${when(k)}: ${tell(k)}`;
      dot.append(title);
      return dot;
    }),
    label(left - 8, y(1) + 4, "1", "end"), label(left - 8, y(0) + 4, "0", "end"), label(left, TOP + H + 17, when(0)), label(W - right, TOP + H + 17, when(at.length - 1), "end"));
  const legend = el("p", { class: "legend", "aria-hidden": "true" }, el("span", { class: "flagged" }, "flagged"), el("span", { class: "open" }, "not flagged"), el("span", { class: "bound" }, `threshold ${shortScore(bound)}`));
  const table = el("details", {}, el("summary", {}, "As numbers"), el("table", {}, el("thead", {}, el("tr", {}, ["at (UTC)", "score"].map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, at.map((_, k) => el("tr", {}, el("th", { scope: "row" }, when(k)), el("td", {}, tell(k)))))));
  return part("How it scored over time", legend, picture, table);
}
