// The table, its filters and its pages.

/** An element: properties that exist are set, others become attributes, children that are strings become text. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const stranger = (text) => make("bdi", {}, text);

const SHORT = {
  "Arts and Entertainment": "AE", "Computers and Electronics": "CE", "Education and Communication": "EC", "Family Life": "FL",
  "Hobbies and Crafts": "HC", "Home and Garden": "HG", "Personal Care and Style": "PS", "Philosophy and Religion": "PR",
};

function columns(table, state) {
  const heat = (name) => ({ key: name, label: SHORT[name] ?? name, title: name, cell: (row) => estimateCell(row.categories[name], true) });
  return [
    { key: "rank", label: "Rank", cell: (row) => make("td", {}, rank(row)) },
    { key: "title", label: "Submission", cell: nameCell },
    ...(state.modality ? [] : [{ key: "modality", label: "Modality", cell: (row) => make("td", {}, row.modality) }]),
    { key: "macro", label: "Macro", cell: (row) => estimateCell(row.macro) },
    { key: "micro", label: "Micro", cell: (row) => estimateCell(row.micro) },
    ...table.categories.map(heat),
    { key: "parameters", label: "Params", title: "Parameters", cell: (row) => make("td", {}, size(row.parameters)) },
    { key: "date", label: "Date", cell: (row) => make("td", { className: "unbroken" }, row.date ?? "") },
  ];
}

function estimateCell(estimate, heat = false) {
  if (!estimate) return make("td");
  const cell = make("td", heat ? { className: "heat" } : {}, make("b", {}, percent(estimate.value)), make("small", {}, span(estimate)));
  if (heat) cell.style.setProperty("--share", `${Math.round(100 * Math.min(1, Math.max(0, 2 * estimate.value - 1)))}%`);
  return cell;
}

function nameCell(row) {
  const open = make("button", { type: "button", className: "open" }, stranger(row.title));
  open.addEventListener("click", () => change({ row: row.id }));
  const chosen = make("input", { type: "checkbox", checked: CHOSEN.has(row.id) });
  chosen.setAttribute("aria-label", `Compare ${row.title}`);
  chosen.addEventListener("change", () => choose(row.id, chosen.checked));
  const words = note(row);
  return make("th", { scope: "row" }, make("div", { className: "name" }, chosen, open), words ? make("small", { className: "note" }, stranger(words)) : null);
}

function drawHead(table, state) {
  const cells = columns(table, state).map((column) => {
    const label = column.title && column.title !== column.label ? make("abbr", { title: column.title }, column.label) : column.label;
    const button = make("button", { type: "button" }, label);
    const sorted = state.sort === column.key;
    const falling = ["macro", "micro", "parameters", "date"].includes(column.key) || table.categories.includes(column.key);
    button.addEventListener("click", () => change({ sort: column.key, down: sorted ? (state.down ? "" : "1") : falling ? "1" : "" }));
    const head = make("th", { scope: "col" }, button);
    if (sorted) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
    return head;
  });
  document.querySelector("#rows thead").replaceChildren(make("tr", {}, ...cells));
}

function drawBody(table, state, rows) {
  const shown = rows.slice(0, SHOWN);
  const byPlace = state.sort === "place" && state.modality;
  const lines = shown.map((row, index) => {
    const line = make("tr", {}, ...columns(table, state).map((column) => column.cell(row)));
    if (row.failure !== null) line.classList.add("failed");
    if (row.kind === "control") line.classList.add("control");
    const above = shown[index - 1];
    if (byPlace && above?.standing && row.standing && above.standing.group !== row.standing.group) line.classList.add("next-group");
    return line;
  });
  document.querySelector("#rows tbody").replaceChildren(...lines);
  const more = document.getElementById("more");
  more.hidden = rows.length <= SHOWN;
  more.textContent = `Show ${Math.min(rows.length - SHOWN, 4 * PAGE_ROWS)} more of ${rows.length}`;
  document.getElementById("count").textContent = `${rows.length} of ${table.rows.length} rows`;
}

function drawFacts(table, state) {
  const set = table.set;
  const signers = [...new Set(table.rows.map((row) => row.signer).filter(Boolean))].sort();
  document.getElementById("facts").textContent =
    `${table.title}: ${set.pairs.toLocaleString("en")} pairs, ${set.visibility}, protocol ${set.protocol}, digest ${set.digest.slice(0, 16)}` +
    (signers.length ? `; signed by: ${signers.join("; ")}` : "");
  const lines = Object.entries(table.comparisons)
    .filter(([modality, comparison]) => comparison.resolvable !== null && (!state.modality || modality === state.modality))
    .map(([modality, comparison]) =>
      make("li", {}, make("strong", {}, `${percent(comparison.resolvable)} points`),
        ` is the smallest true difference that ${modality} rows are likely (4 in 5) to show here: ${comparison.rows} rows, ${comparison.articles.toLocaleString("en")} articles.`));
  const looks = table.looks.map((look) =>
    make("li", {}, stranger(look.team), `: ${look.looks} published scores of this set, which gave away at most ${look.bits.toFixed(1)} bits of its labels.`));
  document.getElementById("resolution").replaceChildren(...lines, ...looks);
  document.getElementById("legend").textContent =
    table.categories.filter((name) => SHORT[name]).map((name) => `${SHORT[name]} ${name}`).join(", ");
}

function drawReported() {
  const names = Object.keys(BOARD.reported[0].categories);
  const head = ["Model", "Modality", "Macro", ...names.map((name) => SHORT[name] ?? name)];
  const section = document.getElementById("reported");
  section.querySelector("thead").replaceChildren(make("tr", {}, ...head.map((name) => make("th", { scope: "col" }, name))));
  section.querySelector("tbody").replaceChildren(...BOARD.reported.map((reported) =>
    make("tr", {}, make("th", { scope: "row" }, reported.model), make("td", {}, reported.modality), make("td", {}, percent(reported.macro)),
      ...names.map((name) => make("td", {}, percent(reported.categories[name]))))));
}

function save(name, type, content) {
  const link = make("a", { href: URL.createObjectURL(new Blob([content], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
