// The report's data, what is known of each account, and small helpers. Everything enters the page as text
// (textContent), never as markup.

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const { summary, accounts, reasons, statements, timelines, changes, photos, texts, campaigns, words, pictures, looks, quality } = data;
const N = accounts.id.length, PAGE = 50, CROWDS = 24, MEMBERS = 40, ID = 64;
const COUNTED = { sends: "sends", strangers: "strangers", replies: "replies", ...(summary.has_reports && { reports: "reports" }) };
const DECISIONS = {
  automated: "Automated", not_automated: "Not automated", appeal_accepted: "Appeal accepted", unsure: "Unsure",
};
const number = new Intl.NumberFormat("en"), collator = new Intl.Collator("en", { numeric: true });

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
const prose = (text) =>  // a number keeps its percent sign on one line
  text.split(/((?<![\d.,])\d[\d.,]* %)/).map((each, k) => (k % 2 ? el("span", { class: "together" }, each) : each));
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

const crowdsOf = Array.from({ length: N }, () => []);
campaigns.kind.forEach((_, k) => slice(campaigns, "members", k).forEach((i) => crowdsOf[i].push(k)));
for (const mine of crowdsOf) mine.sort((a, b) => campaigns.n_accounts[b] - campaigns.n_accounts[a] || a - b);
const mainReason = accounts.id.map((_, i) =>
  reasons.offsets[i] < reasons.offsets[i + 1] ? words[reasons.sentence[reasons.offsets[i]]] : "");
const labelWord = (i) => accounts.label[i] === null ? "" : accounts.label[i] ? "Automated" : "Not automated";
const lowered = accounts.id.map((id) => id.toLowerCase());
