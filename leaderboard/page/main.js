// The state of the page. It is kept in the address, so that a view can be shared.

const CHOSEN = new Set();
let SHOWN = PAGE_ROWS;
let STATE = readState(location.hash);

function change(changes) {
  const from = STATE;
  STATE = { ...STATE, ...changes };
  if (["set", ...Object.keys(FILTERS)].some((key) => STATE[key] !== from[key])) SHOWN = PAGE_ROWS;
  if (STATE.set !== from.set) CHOSEN.clear();
  history.replaceState(null, "", writeState(STATE));
  draw();
}

function draw() {
  const table = TABLES[STATE.set];
  const rows = visible(STATE);
  const focus = document.activeElement?.closest("thead th")?.cellIndex;
  drawFacts(table, STATE);
  drawHead(table, STATE);
  drawBody(table, STATE, rows);
  drawChosen();
  if (focus !== undefined) document.querySelector("#rows thead tr").cells[focus]?.firstChild.focus();
  for (const control of document.querySelectorAll("[data-state]")) control.value = STATE[control.dataset.state];
  drawLater(rows);
  const open = table.rows.find((row) => row.id === STATE.row);
  if (open) openDialog(titled(open), drawDetails(table, open));
}

let waiting = 0;
/** Charts come after the table has been painted; and only the last of several changes draws them. */
function drawLater(rows) {
  clearTimeout(waiting);
  waiting = setTimeout(() => drawCharts(rows), 50);
}

function choose(id, chosen) {
  if (chosen) CHOSEN.add(id);
  else CHOSEN.delete(id);
  drawChosen();
}

function drawChosen() {
  const button = document.getElementById("compare");
  button.disabled = CHOSEN.size < 2;
  button.textContent = CHOSEN.size < 2 ? "Compare: tick two rows" : `Compare ${CHOSEN.size} rows`;
}

function modalities(table) {
  const found = [...new Set(table.rows.map((row) => row.modality))];
  document.querySelector("[data-state=modality]").replaceChildren(
    make("option", { value: "" }, "All modalities"), ...found.map((name) => make("option", { value: name }, name)));
  return found;
}

function begin() {
  const sets = document.querySelector("[data-state=set]");
  sets.replaceChildren(...TABLES.map((table, index) => make("option", { value: String(index) }, `${table.title} (${table.set.visibility})`)));
  sets.parentElement.hidden = TABLES.length < 2;
  const first = modalities(TABLES[STATE.set]);
  if (!location.hash) STATE.modality = first[0];
  for (const control of document.querySelectorAll("[data-state]"))
    control.addEventListener("input", () => {
      const changes = { [control.dataset.state]: control.value };
      if (control.dataset.state === "set") changes.modality = modalities(TABLES[control.value])[0];
      change(changes);
    });
  document.getElementById("reset").addEventListener("click", () => change({ ...DEFAULTS, set: STATE.set }));
  document.getElementById("more").addEventListener("click", () => { SHOWN += 4 * PAGE_ROWS; draw(); });
  document.getElementById("compare").addEventListener("click", () => {
    const table = TABLES[STATE.set];
    openDialog("Side by side", drawComparison(table, table.rows.filter((row) => CHOSEN.has(row.id))));
  });
  document.getElementById("csv").addEventListener("click", () => save("wikiorder.csv", "text/csv", csv(TABLES[STATE.set], visible(STATE))));
  document.getElementById("json").addEventListener("click", () =>
    save("wikiorder.json", "application/json", JSON.stringify({ set: TABLES[STATE.set].set, rows: visible(STATE) }, null, 1)));
  document.getElementById("dialog").addEventListener("close", () => change({ row: "" }));
  addEventListener("hashchange", () => { STATE = readState(location.hash); draw(); });
  draw();
}

drawReported();
if (TABLES.length) begin();
