// How good the scores are.

const exact = (value) => `${(100 * value).toFixed(value < 0.1 ? 2 : 1)}\u00a0%`;
const share = (value) => `${Number((100 * value).toPrecision(value < 0.1 ? 2 : 3))}\u00a0%`;
function figure(what, of) {
  const found = quality.figures.find(([name, whose]) => name === what && whose === of);
  return found ? found.slice(2) : null;
}
function told(what, of, show) {
  const found = figure(what, of);
  return found ? `${show(found[0])} [${show(found[1])}, ${show(found[2])}]` : "–";
}
// A square with two axes; logarithmic from `least` on, if there is one.
function square(title, xName, yName, said, least) {
  const S = 230, left = 46, top = 10, low = least ? Math.log10(least) : 0;
  const x = (value) => left + S * (least ? 1 - Math.log10(Math.max(value, least)) / low : value), y = (value) => top + S * (1 - value);
  const picture = svg("svg", { viewBox: `0 0 ${left + S + 22} ${top + S + 40}`, role: "img", "aria-label": said, class: "curve" });
  const ticks = least ? [0.001, 0.01, 0.1, 1].filter((tick) => tick > 1.5 * least) : [0, 0.5, 1];
  for (const tick of ticks) picture.append(svg("line", { x1: x(tick), x2: x(tick), y1: top, y2: top + S }), label(x(tick), top + S + 15, share(tick), "middle"));
  for (const tick of [0, 0.5, 1]) picture.append(svg("line", { x1: left, x2: left + S, y1: y(tick), y2: y(tick) }), label(left - 6, y(tick) + 4, share(tick), "end"));
  if (least) picture.append(label(x(least), top + S + 15, "none", "middle"));
  picture.append(label(left + S / 2, top + S + 34, xName, "middle"));
  const path = (points, kind, steps) => picture.append(svg("polyline", { class: kind, points: points[0].flatMap((at, k) =>
    steps && k ? [`${x(at)},${y(points[1][k - 1])}`, `${x(at)},${y(points[1][k])}`] : [`${x(at)},${y(points[1][k])}`]).join(" ") }));
  const line = (x1, y1, x2, y2, kind) => picture.append(svg("line", { class: kind, x1: x(x1), y1: y(y1), x2: x(x2), y2: y(y2) }));
  const dot = (at, up) => picture.append(svg("circle", { class: "dot flagged", cx: x(at), cy: y(up), r: 4.5 }));
  return { path, line, dot, drawn: el("div", { class: "drawn" }, el("h3", {}, title), el("p", { class: "soft" }, yName), picture) };
}
function tellQuality() {
  $("quality-said").append(...quality.said.map((line) => el("p", {}, line)));
  if (!quality.figures) return;
  const { curves, fpr } = quality, plain = (value) => value.toFixed(3);
  const rows = [["Area under the ROC curve", "roc_auc", plain], ["Average precision", "average_precision", plain],
    ["Automated accounts found, at the threshold", "recall", exact], ["Honest accounts flagged, at the threshold", "honest_flagged", exact],
    [`Automated found, if at most ${share(fpr)} of these honest ones are flagged`, "recall_cut_here", exact], ["Calibration error", "calibration_error", plain]];
  const table = el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Figures" }, el("table", { class: "figures" },
    el("thead", {}, el("tr", {}, ["", "the model", `one rule: ${quality.rule.replaceAll("_", " ")}`].map((name) => name ? el("th", { scope: "col" }, name) : el("td", {})))),
    el("tbody", {}, rows.map(([title, what, show]) => el("tr", {}, el("th", { scope: "row" }, title), ["model", "rule"].map((of) => el("td", {}, told(what, of, show))))))));
  const [hit, hitLow, hitHigh] = figure("honest_flagged", "model"), [found, foundLow, foundHigh] = figure("recall", "model");
  const least = 0.4 / quality.n_honest;
  const price = square("Found, at which price", "honest accounts flagged", "automated accounts found",
    `At the threshold ${told("recall", "model", exact)} of the automated accounts are found and ${told("honest_flagged", "model", exact)} of the honest ones flagged; ${quality.promise}.`, least);
  if (fpr > least) price.line(fpr, 0, fpr, 1, "bound");
  const chance = quality.n_automated / (quality.n_automated + quality.n_honest);
  const precision = square("Precision and recall", "automated accounts found", "flagged accounts that are automated",
    `Average precision ${told("average_precision", "model", plain)}, of one rule ${told("average_precision", "rule", plain)}, by chance ${plain(chance)}.`);
  precision.line(0, chance, 1, chance, "bound");
  for (const of of ["rule", "model"]) {
    price.path(curves[of].recall, `score ${of}`, true);
    precision.path(curves[of].precision, `score ${of}`);
  }
  price.line(hitLow, found, hitHigh, found, "whisker");
  price.line(hit, foundLow, hit, foundHigh, "whisker");
  price.dot(hit, found);
  const agree = square("Calibration", "mean score", "automated accounts among them",
    `Of accounts with about one score, how many are automated: ${quality.calibration[0].map((mean, k) => `${share(mean)}: ${share(quality.calibration[1][k])}`).join("; ")}.`);
  agree.line(0, 0, 1, 1, "bound");
  quality.calibration[0].forEach((mean, k) => agree.line(mean, quality.calibration[2][k], mean, quality.calibration[3][k], "whisker"));
  agree.path(quality.calibration, "score model");
  quality.calibration[0].forEach((mean, k) => agree.dot(mean, quality.calibration[1][k]));
  $("quality-drawn").append(table, el("p", { class: "legend", "aria-hidden": "true" }, el("span", { class: "line" }, "the model"), el("span", { class: "line rule" }, "one rule"),
    el("span", { class: "bound" }, "promised, by chance, or if scores were right"), el("span", { class: "flagged" }, "at the threshold; a bin of scores")),
    el("div", { class: "curves" }, price.drawn, precision.drawn, agree.drawn),
    el("p", { class: "soft" }, "The rule is the one feature that told best by itself when the model was trained. How soon accounts are found and after how many strangers takes many looks: spamclf evaluate tells it."));
}
