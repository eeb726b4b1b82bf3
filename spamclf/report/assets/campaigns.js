// The campaigns.

function crowd(k) {
  const known = campaigns.n_labelled[k]
    ? `${number.format(campaigns.n_automated[k])} of ${number.format(campaigns.n_labelled[k])} labelled automated` : "none labelled";
  const days = campaigns.first[k] === campaigns.last[k] ? campaigns.first[k] : `${campaigns.first[k]} to ${campaigns.last[k]}`;
  const mine = slice(campaigns, "members", k), grown = campaigns.growth_24h[k];
  const filter = () => { $("filters").reset(); setTimeout(() => { $("by-campaign").value = k; arrange(); $("accounts-title").focus(); }); };
  return el("article", { id: `campaign-${k}`, tabindex: -1, "aria-labelledby": `crowd-${k}` },
    el("h3", { id: `crowd-${k}` }, nameOf(k)),
    el("p", {}, [counted(campaigns.n_accounts[k], "account"), `${number.format(campaigns.n_flagged[k])} flagged`, days, known,
      grown ? `${number.format(grown)} new in 24 hours` : null, campaigns.n_evidence[k] ? `${number.format(campaigns.n_evidence[k])} tied to an operator` : null,
      campaigns.n_fingerprints[k] > 1 ? `${number.format(campaigns.n_fingerprints[k])} versions` : null,
      campaigns.kind[k] === "list" ? counted(campaigns.n_recipients[k], "recipient") : null].filter(Boolean).join(" · ")),
    campaigns.kind[k] === "text" && campaigns.example[k] ? el("blockquote", {}, el("bdi", {}, campaigns.example[k])) : null,
    2 * campaigns.n_flagged[k] < campaigns.n_accounts[k]
      ? el("p", { class: "mild" }, "Most of its members are not flagged: to share it proves nothing.") : null,
    sheet(k),
    members(mine), el("button", { type: "button", on: { click: filter } }, "Show them in the table"));
}
function sheet(k) {
  const there = campaigns.pictures[k].filter(([place]) => place >= 0);
  if (!there.length) return campaigns.pictures[k].length ? el("p", {}, "Its pictures are not at hand.") : null;
  return el("div", { class: "sheet" }, there.map(([place, n], p) =>
    el("figure", {}, picture(place, `Photo ${p + 1} of this campaign`), el("figcaption", {}, counted(n, "account")))));
}
let shownCrowds = 0;
function drawCrowds(upTo) {
  const list = campaigns.kind.map((_, k) => k).slice(shownCrowds, upTo);
  $("crowds").append(...list.map(crowd));
  shownCrowds += list.length;
  $("more").hidden = shownCrowds >= campaigns.kind.length;
}
$("more").addEventListener("click", () => drawCrowds(shownCrowds + CROWDS));
