// Head and foot, keys and addresses; and the page begins.

function tellSummary() {
  const { counts } = summary, all = counts.automated + counts.not_automated + counts.insufficient_data;
  $("when").textContent = `as of ${summary.as_of.slice(0, 16).replace("T", " ")} UTC, ${summary.history_days} days back · model ${summary.model}`;
  const [promise] = summary.certificate;
  $("promise").textContent = `Threshold ${shortScore(summary.threshold)}: ${promise || "without a promise, for the model has no certificate"}. `;
  const pairs = [["flagged", counts.automated], ["not flagged", counts.not_automated], ["too little to tell", counts.insufficient_data],
    ...(summary.n_cleared ? [["flagged, left out as cleared", summary.n_cleared]] : []),
    ["accounts there by then", all], ["campaigns of flagged accounts", campaigns.kind.length]];
  $("counts").append(...pairs.map(([name, n]) => el("div", {}, el("dt", {}, name), el("dd", {}, number.format(n)))));
  $("unknown").append(...summary.unknown.map((line) => el("li", {}, line)));
  $("certificate").append(...(summary.certificate.length ? summary.certificate.map((line) => el("p", {}, line.trim()))
    : [el("p", {}, `${summary.threshold}, without a promise.`)]));
  $("model").append(...facts([["Model", `${summary.model}, ${summary.digest}`], ["History", `${summary.since} to ${summary.as_of}`],
    ["Rows, later ones too", summary.rows]]).childNodes);
  $("model-about").textContent = summary.about;
  const option = (value, text) => el("option", { value }, text);
  $("by-campaign").append(option("", "Any"), option("some", "In a campaign"), option("no", "In none"),
    ...campaigns.kind.map((_, k) => option(k, `${nameOf(k)} (${number.format(campaigns.n_flagged[k])} flagged)`)));
  $("by-label").append(option("", "Any"), option("none", "None"), option("Automated", "Automated"), option("Not automated", "Not automated"));
  $("by-decision").append(option("", "Any"), option("none", "Not decided"),
    ...Object.entries(DECISIONS).map(([value, title]) => option(value, title)));
}

function follow() {
  const [, what, place] = /^#(account|campaign)-(\d+)$/.exec(location.hash) || [];
  if (what === "account" && Number(place) < N) openCase(Number(place));
  if (what !== "campaign" || Number(place) >= campaigns.kind.length) return;
  if (Number(place) >= shownCrowds) drawCrowds(Number(place) + 1);
  if (narrow.matches) closeCase();
  $(`campaign-${place}`).focus();
}
document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && opened >= 0) return closeCase();
  if (event.key === "/" && !typing) { event.preventDefault(); $("search").focus(); $("search").select(); return; }
  if (event.key === "ArrowDown" && event.target === $("search")) { event.preventDefault(); return goTo(first); }
  if (typing || !event.target.closest("#rows")) return;
  const moved = { ArrowDown: current + 1, ArrowUp: current - 1, PageDown: current + PAGE, PageUp: current - PAGE, Home: 0, End: order.length - 1 }[event.key];
  if (moved !== undefined) { event.preventDefault(); goTo(moved); }
});
const beside = (by) => () => { const i = order[order.indexOf(opened) + by]; if (i !== undefined) location.hash = `account-${i}`; };
$("case-previous").addEventListener("click", beside(-1));
$("case-next").addEventListener("click", beside(1));
$("case-close").addEventListener("click", closeCase);
$("case-print").addEventListener("click", () => window.print());
window.addEventListener("hashchange", follow);

tellSummary();
tellQuality();
tellDecided();
arrange();
drawCrowds(CROWDS);
follow();
