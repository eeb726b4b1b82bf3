// A case file.

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
    ["Known label", labelWord(i) ? `${labelWord(i)}, since ${clock(accounts.labelled[i])} UTC; it is no part of the score, but the model may have learned from it` : "none"],
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
    return el("li", {}, el("span", { class: "sentence" }, prose(sentence)), el("span", { class: "track", "aria-hidden": "true" }, bar),
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
    el("p", {}, "Facts relied on:"), el("ul", {}, slice(statements, "facts", i).map((fact) => el("li", {}, prose(words[fact])))),
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
