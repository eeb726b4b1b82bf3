// The table of flagged accounts.

const total = (name) => timelines.totals[name];
const COLUMNS = [
  { title: "Account", value: (i) => accounts.id[i], text: true },
  { title: "Score", value: (i) => accounts.score[i], show: (i) => shortScore(accounts.score[i]), down: true },
  { title: "Sends", value: (i) => accounts.n_messages[i], down: true },
  { title: "Strangers", value: (i) => total("strangers")[i], down: true },
  { title: "Replies", value: (i) => total("replies")[i], down: true },
  ...(summary.has_reports ? [{ title: "Reports", value: (i) => total("reports")[i], down: true }] : []),
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
    return el("td", { class: text ? "why" : "n" }, text ? prose(shown) : typeof shown === "number" ? number.format(shown) : shown);
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
