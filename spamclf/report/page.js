"use strict";
// Shows the report's data. Everything enters the page as text (textContent), never as markup.
(() => {
const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const { summary, accounts, reasons, statements, timelines, changes, photos, texts, campaigns, words, pictures, looks, quality } = data;
const N = accounts.id.length, PAGE = 50, CROWDS = 24, MEMBERS = 40, ID = 64;
const COUNTED = { sends: "sends", strangers: "strangers", replies: "replies", reports: "reports" };
const DECISIONS = {
  automated: "Automated", not_automated: "Not automated", appeal_accepted: "Appeal accepted", unsure: "Unsure",
};
const number = new Intl.NumberFormat("en"), collator = new Intl.Collator("en", { numeric: true });

// ---- small helpers ---------------------------------------------------------------------------------------------

function set(node, properties) {
  for (const [name, value] of Object.entries(properties || {})) {
    if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  return node;
}
function el(tag, properties, ...children) {
  const node = set(document.createElement(tag), properties);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}
function svg(tag, properties, ...children) {
  const node = set(document.createElementNS("http://www.w3.org/2000/svg", tag), properties);
  node.append(...children);
  return node;
}
const label = (x, y, text, anchor = "start") => { const node = svg("text", { x, y, "text-anchor": anchor }); node.textContent = text; return node; };
const counted = (n, noun) => `${number.format(n)} ${noun}${n === 1 ? "" : "s"}`;
const countedAs = (n, nouns) => `${number.format(n)} ${n === 1 ? nouns.replace(/ies$/, "y").replace(/s$/, "") : nouns}`;
const slice = (table, name, k) => table[name].slice(table.offsets[k], table.offsets[k + 1]);
const day = (seconds) => new Date(1000 * seconds).toISOString().slice(0, 10);
const clock = (seconds) => new Date(1000 * seconds).toISOString().slice(0, 16).replace("T", " ");
const hour = (hours) => new Date(3_600_000 * hours).toISOString().slice(0, 16).replace("T", " ");
function shortScore(score) {  // as spamclf.wording.score_in_words: what is not certain must not look so
  return score > 0.9999 ? ">0.9999" : score.toFixed(4);
}
const nameOf = (k) => `${campaigns.kind[k][0].toUpperCase()}${campaigns.kind[k].slice(1)} ${campaigns.campaign[k]}`;
function shortId(i) {  // a browser lays out some letters of an id, not a million
  const id = accounts.id[i], letters = [...id.slice(0, 2 * ID + 2)];
  return letters.length > ID ? `${letters.slice(0, ID).join("")}…` : id;
}
const accountLink = (i, more) => el("a", { href: `#account-${i}`, ...more }, el("bdi", {}, shortId(i)));
const crowdLink = (k) => el("a", { href: `#campaign-${k}` }, nameOf(k));
function picture(place, alt, what) {
  if (place < 0) return el("span", { class: "no-picture" }, what || "no picture");
  return el("img", { src: `data:image/jpeg;base64,${pictures[place]}`, alt, loading: "lazy" });
}

// ---- what is known of each account -----------------------------------------------------------------------------

const crowdsOf = Array.from({ length: N }, () => []);
campaigns.kind.forEach((_, k) => slice(campaigns, "members", k).forEach((i) => crowdsOf[i].push(k)));
for (const mine of crowdsOf) mine.sort((a, b) => campaigns.n_accounts[b] - campaigns.n_accounts[a] || a - b);
const mainReason = accounts.id.map((_, i) =>
  reasons.offsets[i] < reasons.offsets[i + 1] ? words[reasons.sentence[reasons.offsets[i]]] : "");
const labelWord = (i) => accounts.label[i] === null ? "" : accounts.label[i] ? "Automated" : "Not automated";
const lowered = accounts.id.map((id) => id.toLowerCase());

// ---- decisions: kept in this browser, exported as files ----------------------------------------------------------

const key = `spamclf-report-${document.querySelector("meta[name=report]").content}`;
const place = new Map(accounts.id.map((id, i) => [id, i]));
const decided = new Map(), drafts = new Map();
let kept = true, retell = () => {};
function stored() {  // null where nothing is, which says nothing: what is decided here stays
  const text = localStorage.getItem(key);
  if (!text) return null;
  const found = new Map();
  let told;
  try { told = JSON.parse(text); } catch { return null; }
  for (const each of Array.isArray(told?.decisions) ? told.decisions : []) {
    const i = place.get(each?.account_id), time = new Date(typeof each?.decided_at === "string" ? each.decided_at : NaN);
    if (i === undefined || !Object.hasOwn(DECISIONS, each.decision) || Number.isNaN(time.getTime())) continue;
    found.set(i, { decision: each.decision, note: typeof each.note === "string" ? each.note : "", decided_at: time.toISOString() });
  }
  return { found, reviewer: typeof told?.reviewer === "string" ? told.reviewer : "" };
}
function hear(mine, reviewer) {  // what other tabs of this report decided; `mine` was just decided here
  const told = stored();
  if (!told) return;
  const before = new Map(decided);
  if (kept) decided.clear();  // what they took back; unless what is here could not be kept
  else for (const i of before.keys()) told.found.delete(i);
  for (const [i, each] of told.found) decided.set(i, each);
  if (mine !== undefined) {
    if (before.has(mine)) decided.set(mine, before.get(mine));
    else decided.delete(mine);
  }
  if (!reviewer && document.activeElement !== $("reviewer")) $("reviewer").value = told.reviewer;
}
try { hear(); } catch { kept = false; }
function records() {
  return [...decided].sort((a, b) => a[0] - b[0]).map(([i, { decided_at, decision, note }]) => ({
    account_id: accounts.id[i], decided_at, decision, note, score_id: accounts.score_id[i], reviewer: $("reviewer").value,
  }));
}
function keep(mine, reviewer = false) {
  try {
    hear(mine, reviewer);
    localStorage.setItem(key, JSON.stringify({ decisions: records(), reviewer: $("reviewer").value }));
    kept = true;
  } catch { kept = false; }
  tellDecided();
}
function tellDecided() {
  $("n-decided").textContent = `${number.format(decided.size)} of ${number.format(N)} decided`;
  $("as-json").disabled = $("as-csv").disabled = !decided.size;
  $("kept").textContent = kept
    ? "Kept in this browser for this report alone; export them before you clear it. spamclf labels add reads the JSON."
    : "This browser keeps nothing for this page: export before you close it. spamclf labels add reads the JSON.";
}
function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
function decisionsAsJson() {
  return JSON.stringify({ format: "spamclf-decisions", version: 1, decisions: records() }, null, 1);
}
function decisionsAsCsv() {
  const columns = ["account_id", "decided_at", "decision", "note", "score_id", "reviewer"];
  const cell = (value) => {  // a spreadsheet must not take what strangers or people wrote for a formula
    const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
    return `"${safe.replaceAll('"', '""')}"`;
  };
  return [columns, ...records()].map((row, k) =>
    columns.map((name) => (k ? cell(row[name]) : name)).join(",")).join("\r\n") + "\r\n";
}
$("as-json").addEventListener("click", () => download("decisions.json", "application/json", decisionsAsJson()));
$("as-csv").addEventListener("click", () => download("decisions.csv", "text/csv", decisionsAsCsv()));
$("reviewer").addEventListener("change", () => keep(undefined, true));
window.addEventListener("storage", (event) => {
  if (event.key !== key || !event.newValue) return;
  try { hear(); } catch { return; }
  const inside = document.activeElement.closest("#rows");
  arrange(false);
  if (inside) $("rows").querySelector("a[tabindex='0']")?.focus({ preventScroll: true });
  tellDecided();
  retell();
});
window.addEventListener("beforeunload", (event) => { if (!kept && decided.size) event.preventDefault(); });

// ---- the table -------------------------------------------------------------------------------------------------

const total = (name) => timelines.totals[name];
const COLUMNS = [
  { title: "Account", value: (i) => accounts.id[i], text: true },
  { title: "Score", value: (i) => accounts.score[i], show: (i) => shortScore(accounts.score[i]), down: true },
  { title: "Sends", value: (i) => accounts.n_messages[i], down: true },
  { title: "Strangers", value: (i) => total("strangers")[i], down: true },
  { title: "Replies", value: (i) => total("replies")[i], down: true },
  { title: "Reports", value: (i) => total("reports")[i], down: true },
  { title: "Campaign", value: (i) => (crowdsOf[i].length ? campaigns.n_accounts[crowdsOf[i][0]] : 0), down: true, cell: crowdCell },
  { title: "Known label", value: (i) => (labelWord(i) ? `${labelWord(i)} ${day(accounts.labelled[i])}` : ""), text: true, down: true, cell: labelCell },
  { title: "Main reason", value: (i) => mainReason[i], text: true },
  { title: "Decision", value: (i) => (decided.has(i) ? DECISIONS[decided.get(i).decision] : ""), text: true, down: true, cell: decisionCell },
];
let column = 1, down = true, order = [], first = 0, current = 0;
function crowdCell(i) {
  const [largest, ...others] = crowdsOf[i];
  if (largest === undefined) return el("td", {});
  return el("td", {}, crowdLink(largest), others.length ? el("span", { class: "soft" }, ` +${others.length}`) : null);
}
function labelCell(i) {
  if (!labelWord(i)) return el("td", {});
  return el("td", {}, labelWord(i), " ", el("span", { class: "soft when" }, day(accounts.labelled[i])));
}
function decisionCell(i) {
  const word = decided.has(i) ? DECISIONS[decided.get(i).decision] : "";
  return el("td", {}, word ? el("span", { class: `mark ${decided.get(i).decision}` }, word) : "");
}
COLUMNS.forEach((each, k) => {
  const sort = () => { down = column === k ? !down : Boolean(each.down); column = k; arrange(); };
  $("head").append(el("th", { scope: "col", class: each.text || each.cell ? "" : "n" },
    el("button", { type: "button", on: { click: sort } }, each.title)));
});

function arrange(anew = true) {  // not anew: where somebody is in the table stays
  const wanted = $("search").value.trim().toLowerCase();
  const crowd = $("by-campaign").value, decision = $("by-decision").value, known = $("by-label").value;
  const among = /^\d+$/.test(crowd) ? new Set(slice(campaigns, "members", Number(crowd))) : null;
  order = [];
  for (let i = 0; i < N; i++) {
    if (wanted && !lowered[i].includes(wanted)) continue;
    if (among ? !among.has(i) : crowd && (crowd === "some") !== crowdsOf[i].length > 0) continue;
    if (known && (labelWord(i) || "none") !== known) continue;
    if (decision && (decided.has(i) ? decided.get(i).decision : "none") !== decision) continue;
    order.push(i);
  }
  const { value, text } = COLUMNS[column], sign = down ? -1 : 1;
  const values = new Array(N);
  for (const i of order) values[i] = value(i);
  const compare = text ? collator.compare : (a, b) => a - b;
  order.sort((a, b) => sign * compare(values[a], values[b]) || a - b);
  [...$("head").children].forEach((head, k) => {
    if (k === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  });
  if (anew) first = current = 0;
  current = Math.max(0, Math.min(current, order.length - 1));
  first = Math.min(first, Math.floor(Math.max(0, order.length - 1) / PAGE) * PAGE);
  const inQueue = summary.counts.automated - summary.n_cleared;
  const every = N < inQueue ? `${counted(N, "account")}, the highest of ${number.format(inQueue)}` : counted(N, "account");
  $("found").textContent = order.length === N ? every : `${number.format(order.length)} of ${every}`;
  draw();
}
function row(i, k) {
  const cells = COLUMNS.map(({ cell, show, value, text }, c) => {
    if (c === 0) return el("th", { scope: "row" }, accountLink(i, { tabindex: k === current ? 0 : -1 }));
    if (cell) return cell(i);
    const shown = show ? show(i) : value(i);
    return el("td", { class: text ? "why" : "n" }, text ? shown : typeof shown === "number" ? number.format(shown) : shown);
  });
  return el("tr", { "data-row": k, class: i === opened ? "open" : "" }, cells);
}
function draw(all = false) {
  const last = all ? order.length : Math.min(first + PAGE, order.length);
  const start = all ? 0 : first;
  $("rows").replaceChildren(...(order.length
    ? order.slice(start, last).map((i, k) => row(i, start + k))
    : [el("tr", {}, el("td", { colspan: COLUMNS.length, class: "soft" }, N ? "No account fits. Clear the filters." : "No account is flagged."))]));
  $("page").textContent = order.length ? `${number.format(first + 1)}–${number.format(last)} of ${number.format(order.length)}` : "none";
  $("previous").disabled = first === 0;
  $("next").disabled = last >= order.length;
}
function goTo(k, focus = true) {
  if (!order.length) return;
  current = Math.max(0, Math.min(k, order.length - 1));
  first = Math.floor(current / PAGE) * PAGE;
  draw();
  if (focus) $("rows").querySelector("a[tabindex='0']")?.focus();
}
$("previous").addEventListener("click", () => goTo(first - PAGE, false));
$("next").addEventListener("click", () => goTo(first + PAGE, false));
$("rows").addEventListener("click", (event) => {
  const line = event.target.closest("tr[data-row]");
  if (!line || getSelection().toString()) return;
  current = Number(line.dataset.row);
  if (!event.target.closest("a")) location.hash = `account-${order[current]}`;
});
for (const id of ["search", "by-campaign", "by-label", "by-decision"]) $(id).addEventListener("input", () => arrange());
$("filters").addEventListener("submit", (event) => { event.preventDefault(); goTo(0); });
$("filters").addEventListener("reset", () => setTimeout(() => arrange()));
window.addEventListener("beforeprint", () => { if (opened < 0) { draw(true); drawCrowds(campaigns.kind.length); } });
window.addEventListener("afterprint", () => draw());

// ---- a case file -----------------------------------------------------------------------------------------------

let opened = -1;
function openCase(i) {
  opened = i;
  const at = order.indexOf(i);
  if (at >= 0) { current = at; first = Math.floor(at / PAGE) * PAGE; }
  draw();
  const shown = shortId(i);
  $("case-title").replaceChildren("Account ", el("bdi", { title: shown === accounts.id[i] ? null : accounts.id[i] }, shown));
  $("case-body").replaceChildren(...[
    caseHead(i), timeline(i), scored(i), whySo(i), against(i), shares(i), shownBy(i), wouldClear(i), statement(i), decide(i),
  ].filter(Boolean));
  $("case").hidden = false;
  document.body.classList.add("with-case");
  cover();
  $("case").scrollTop = 0;
  $("case-previous").disabled = at <= 0;
  $("case-next").disabled = at < 0 || at >= order.length - 1;
  $("rows").querySelector("tr.open")?.scrollIntoView({ block: "nearest" });
  $("case-title").focus({ preventScroll: true });
}
const narrow = matchMedia("(max-width: 1199px)");
function cover() {  // where a case lies over the rest, keys must not reach what is under it
  for (const part of document.querySelectorAll("header, main")) part.inert = narrow.matches && opened >= 0;
}
narrow.addEventListener("change", cover);
function closeCase() {
  if (opened < 0) return;
  opened = -1;
  $("case").hidden = true;
  document.body.classList.remove("with-case");
  cover();
  history.replaceState(null, "", "#accounts");
  goTo(current);
}
function facts(pairs) {
  return el("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== "").flatMap(
    ([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}
const part = (title, ...children) => el("section", {}, el("h3", {}, title), ...children);
function caseHead(i) {
  return facts([
    ["Score", `${shortScore(accounts.score[i])}, flagged from ${shortScore(accounts.threshold[i])}`],
    ["Known label", labelWord(i) ? `${labelWord(i)}, since ${clock(accounts.labelled[i])} UTC; it is no part of the score` : "none"],
    ["Registered", accounts.registered[i] === null ? "not known" : day(accounts.registered[i])],
    ["In the history", Object.entries(COUNTED).map(([name, noun]) => countedAs(total(name)[i], noun)).join(", ")],
    ["Score id", el("code", {}, accounts.score_id[i])],
  ]);
}
function whySo(i) {
  const sizes = slice(reasons, "contribution", i), told = slice(reasons, "sentence", i);
  if (!told.length) return part("Why it is flagged", el("p", {}, "No single fact that is known stands out; the account as a whole resembles automated ones."));
  return part("Why it is flagged", bars(sizes.map((size, k) => [size, words[told[k]]]), "for"),
    el("p", { class: "soft" }, "Each bar: how much a fact adds to the log odds of being automated. One fact of each kind, the largest first."));
}
function bars(rows, side) {
  const most = Math.max(...rows.map(([size]) => Math.abs(size)));
  return el("ol", { class: `bars ${side}` }, rows.map(([size, sentence]) => {
    const bar = el("span", { class: "bar" });
    bar.style.width = `${(100 * Math.abs(size)) / most}%`;
    return el("li", {}, el("span", { class: "sentence" }, sentence), el("span", { class: "track", "aria-hidden": "true" }, bar),
      el("span", { class: "n" }, `${size < 0 ? "−" : "+"}${Math.abs(size).toFixed(2)}`));
  }));
}
function against(i) {
  if (!changes[i]) return null;
  const rows = changes[i].against.map(([family, size, sentence]) => [size, `${family.replaceAll("_", " ")}: ${sentence}`]);
  if (!rows.length) return part("What speaks against it", el("p", {}, "Nothing that is known, or not known, speaks against the flag."));
  return part("What speaks against it", bars(rows, "against"), el("p", { class: "soft" },
    "Each bar: how much that one fact takes from the log odds of being automated, one fact of each kind; what is not known of a kind is told in one sum."));
}
function shares(i) {
  if (!crowdsOf[i].length) return part("What it shares", el("p", {}, "In this data it shares no photo, text or list of recipients with two accounts or more. The model may remember others from earlier data."));
  return part("What it shares", crowdsOf[i].map((k) => {
    const others = slice(campaigns, "members", k).filter((j) => j !== i);
    return el("div", { class: "crowd" }, el("p", {}, crowdLink(k), `: ${counted(campaigns.n_accounts[k], "account")}, ${number.format(campaigns.n_flagged[k])} of them flagged`),
      campaigns.example[k] && campaigns.kind[k] === "text" ? el("blockquote", {}, el("bdi", {}, campaigns.example[k])) : null,
      members(others));
  }));
}
function members(list, most = MEMBERS) {
  const more = list.length - most;
  return el("ul", { class: "members" }, list.slice(0, most).map((j) => el("li", {}, accountLink(j))),
    more > 0 ? el("li", { class: "soft" }, `and ${number.format(more)} more`) : null);
}
function shownBy(i) {
  const name = photos.name[i], told = slice(texts, "text", i), sources = slice(texts, "source", i);
  if (name < 0 && !told.length) return part("What it shows", el("p", {}, "No public photo or text of it is known in the history."));
  return part("What it shows", el("div", { class: "shown" },
    name < 0 ? null : el("figure", {}, picture(photos.picture[i], "Its profile photo", "picture not at hand"), el("figcaption", {}, el("bdi", {}, words[name]))),
    told.length ? el("dl", { class: "facts" }, told.flatMap((text, k) => [el("dt", {}, words[sources[k]]), el("dd", {}, el("bdi", {}, words[text]))])) : null));
}
function wouldClear(i) {
  if (!changes[i]) return part("What would clear it", el("p", { class: "soft" }, "Not searched for this account: spamclf explain finds it."));
  const { lead, changes: pairs } = changes[i];
  return part("What would clear it", el("p", {}, `${lead[0].toUpperCase()}${lead.slice(1)}${pairs.length ? " …" : "."}`),
    pairs.length ? el("table", { class: "pairs" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "it had instead"), el("th", { scope: "col" }, "now"))),
      el("tbody", {}, pairs.map(([now, then]) => el("tr", {}, el("td", {}, then), el("td", {}, now))))) : null,
    el("p", { class: "soft" }, "It speaks of the model, not of the world."));
}
function statement(i) {
  const same = statements.same;
  return part("Statement of reasons, for the user", el("div", { class: "statement" },
    el("p", {}, `Decision: ${same.restriction}, ${same.territory}, ${same.duration}.`),
    el("p", {}, "Facts relied on:"), el("ul", {}, slice(statements, "facts", i).map((fact) => el("li", {}, words[fact]))),
    el("p", {}, `${words[statements.initiative[i]]} ${same.detection} ${same.decision}`),
    el("p", {}, `Ground: ${same.ground}`), el("p", {}, "Redress:"), el("ul", {}, same.redress.map((way) => el("li", {}, way)))),
    labelWord(i) ? el("p", {}, `For you, not for the user: the latest label says ${labelWord(i).toLowerCase()}, since ${clock(accounts.labelled[i])} UTC.`) : null,
    el("p", { class: "soft" }, "A draft: it holds no number that an evader could tune to. spamclf explain writes it with your own clause and who decided."));
}
function decide(i) {
  const now = decided.get(i), note = el("textarea", { id: "note", rows: 1, maxlength: 2000 });
  note.value = now ? now.note : drafts.get(i) || "";
  const when = el("output", { class: "soft", "aria-live": "polite" });
  const tell = (changed) => {
    const mine = decided.get(i);
    for (const button of buttons) button.setAttribute("aria-pressed", String(mine?.decision === button.value));
    when.textContent = mine ? `Decided ${mine.decided_at.slice(0, 16).replace("T", " ")} UTC. Press again to take it back.` : "Not decided yet.";
    if (changed) { keep(i); draw(); }
  };
  const buttons = Object.entries(DECISIONS).map(([value, title]) => el("button", { type: "button", value, on: { click: () => {
    drafts.set(i, note.value);
    if (decided.get(i)?.decision === value) decided.delete(i);
    else decided.set(i, { decision: value, note: note.value, decided_at: new Date().toISOString() });
    tell(true);
  } } }, title));
  note.addEventListener("input", () => {
    drafts.set(i, note.value);  // a case that is closed undecided has its note again when it is opened
    if (decided.has(i)) { decided.get(i).note = note.value; keep(i); }
  });
  const box = part("Your decision", el("div", { class: "decisions", role: "group", "aria-label": "Your decision" }, buttons),
    el("label", {}, "Note ", note), when);
  box.id = "decide";
  tell(false);
  retell = () => {
    if (decided.has(i) && document.activeElement !== note) note.value = decided.get(i).note;
    tell(false);
  };
  return box;
}

// ---- a timeline ------------------------------------------------------------------------------------------------

function timeline(i) {
  const spans = slice(timelines, "span", i), step = timelines.step_h[i], begin = timelines.first_h[i];
  if (!spans.length) return null;
  const [sends, strangers, replies, reports] = Object.keys(COUNTED).map((name) => slice(timelines, name, i));
  const W = 600, TOP = 18, UP = 92, GAP = 16, DOWN = 34, left = 40, n = spans[spans.length - 1] + 1;
  const width = Math.min(26, (W - left) / n), high = Math.max(1, ...sends), low = Math.max(1, ...replies);
  const each = step === 1 ? "hour" : step === 24 ? "day" : step > 24 ? `${step / 24} days` : `${step} hours`;
  const said = `Per ${each}, from ${hour(begin)} UTC: ` + Object.entries(COUNTED).map(([name, noun]) => countedAs(total(name)[i], noun)).join(", ");
  const picture = svg("svg", { viewBox: `0 0 ${W} ${TOP + UP + GAP + DOWN + 4}`, role: "img", "aria-label": said, class: "timeline" });
  const base = TOP + UP, below = base + GAP;
  const bar = (k, y, height, kind) => svg("rect", { class: kind, x: left + spans[k] * width + 0.5, y, width: Math.max(width - 1, 1), height });
  spans.forEach((span, k) => {
    const group = svg("g", {}), title = svg("title", {});
    title.textContent = `${hour(begin + span * step)}: ${sends[k]} sends, ${strangers[k]} strangers, ${replies[k]} replies, ${reports[k]} reports`;
    group.append(title);
    const scale = (value) => (UP * value) / high;
    if (sends[k]) group.append(bar(k, base - scale(sends[k]), scale(sends[k]), "sends"));
    if (strangers[k]) group.append(bar(k, base - scale(strangers[k]), scale(strangers[k]), "strangers"));
    if (replies[k]) group.append(bar(k, below, (DOWN * replies[k]) / low, "replies"));
    if (reports[k]) { const x = left + (span + 0.5) * width; group.append(svg("path", { class: "reports", d: `M${x - 5} 3h10l-5 9z` })); }
    picture.append(group);
  });
  picture.append(svg("line", { x1: left, x2: W, y1: base, y2: base }), svg("line", { x1: left, x2: W, y1: below, y2: below }),
    label(left - 6, TOP + 9, number.format(high), "end"), label(left - 6, base, "0", "end"), label(left - 6, below + DOWN, total("replies")[i] ? number.format(low) : "", "end"),
    label(left, base + 12, hour(begin)), label(Math.min(W, Math.max(left + n * width, left + 240)), base + 12, hour(begin + n * step), "end"));
  const legend = el("p", { class: "legend", "aria-hidden": "true" }, Object.entries({ sends: `sends per ${each}`, strangers: "of them first to a stranger", replies: "first replies", reports: "reported or blocked" })
    .map(([kind, text]) => el("span", { class: kind }, text)));
  const table = el("details", {}, el("summary", {}, "As numbers"));
  table.addEventListener("toggle", () => {
    if (table.querySelector("table")) return;
    table.append(el("table", {}, el("thead", {}, el("tr", {}, ["from (UTC)", ...Object.values(COUNTED)].map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, spans.map((span, k) => el("tr", {}, el("th", { scope: "row" }, hour(begin + span * step)),
        [sends, strangers, replies, reports].map((counts) => el("td", { class: "n" }, number.format(counts[k]))))))));
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

// ---- how good it is --------------------------------------------------------------------------------------------

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

// ---- campaigns -------------------------------------------------------------------------------------------------

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

// ---- head and foot ---------------------------------------------------------------------------------------------

function tellSummary() {
  const { counts } = summary, all = counts.automated + counts.not_automated + counts.insufficient_data;
  $("when").textContent = `as of ${summary.as_of.slice(0, 16).replace("T", " ")} UTC, ${summary.history_days} days back · model ${summary.model}`;
  const [promise] = summary.certificate;
  $("promise").textContent = `Threshold ${shortScore(summary.threshold)}: ${promise || "without a promise, for the model has no certificate"}. `;
  const pairs = [["flagged", counts.automated], ["not flagged", counts.not_automated], ["too little to tell", counts.insufficient_data],
    ...(summary.n_cleared ? [["flagged, left out as cleared", summary.n_cleared]] : []),
    ["accounts scored", all], ["campaigns of flagged accounts", campaigns.kind.length]];
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

// ---- keys and addresses ----------------------------------------------------------------------------------------

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
})();
