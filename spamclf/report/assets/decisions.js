// Decisions: kept in this browser, exported as files.

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
