// Drill-down to one row, and rows side by side.

function grid(caption, head, lines) {
  return make("div", { className: "wide", tabIndex: 0, role: "region", ariaLabel: caption }, make("table", {},
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, ...head.map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, ...lines.map(([first, ...rest]) =>
      make("tr", {}, make("th", { scope: "row" }, first), ...rest.map((cell) => make("td", {}, cell)))))));
}

const accuracyLine = ([name, estimate]) => [name, percent(estimate.value), make("span", { className: "unbroken" }, span(estimate))];

function list(entries) {
  return make("dl", {}, ...entries.filter(([, value]) => value !== null && value !== "" && value !== undefined)
    .flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, typeof value === "string" ? stranger(value) : value)]));
}

function paper(text) {
  return text && /^https:\/\/[^\s]+$/.test(text) ? make("a", { href: text, rel: "noopener noreferrer nofollow", target: "_blank" }, text) : text;
}

function command(table, row) {
  const set = table.set;
  const data = set.name === "wikiorder-sample" ? "" : ` --data ${set.name}-${set.version}/${set.subset}`; // that one is the default
  return `wikiorder evaluate submissions/${row.name}${data} --modality ${row.modality} --seed ${row.seed} --sandbox ${row.isolation.sandbox}`;
}

function drawDetails(table, row) {
  const code = command(table, row);
  const copy = make("button", { type: "button" }, "Copy");
  copy.addEventListener("click", () => navigator.clipboard.writeText(code).then(() => (copy.textContent = "Copied")));
  const scores = [["macro", row.macro], ["micro", row.micro], ...Object.entries(row.categories)].filter(([, estimate]) => estimate);
  const gains = Object.entries(row.gains);
  const strata = Object.entries(row.strata).flatMap(([stratum, values]) => Object.entries(values).map(([name, estimate]) => [`${stratum}: ${name}`, estimate]));
  const figures = Object.entries(row.figures);
  return [
    note(row) ? make("p", { className: "note" }, stranger(note(row))) : null,
    list([["Authors", row.authors.join(", ")], ["Licence", row.licence], ["Paper", paper(row.paper)], ["Parameters", size(row.parameters)],
      ["Trained on, as declared", row.training_data.join("; ") || "nothing declared"], ["Date", row.date]]),
    scores.length ? grid("Accuracy, %", ["", "Accuracy", "95 % interval"], scores.map(accuracyLine)) : null,
    gains.length ? grid("What a modality adds, points", ["", "Difference", "95 % interval"],
      gains.map(([name, gain]) => [`the ${name}`, points(gain.value), gain.low === null ? "no interval" : `${points(gain.low)} to ${points(gain.high)}`])) : null,
    strata.length ? grid("By kind of pair, %", ["", "Accuracy", "95 % interval"], strata.map(accuracyLine)) : null,
    row.reliability ? make("figure", {}, reliabilityPlot(row), make("figcaption", {}, "Calibration: how often pairs called in order with a given probability are.")) : null,
    figures.length ? grid("Further figures", ["", "Value"], figures.map(([name, value]) => [name, String(value)])) : null,
    make("h3", {}, "Trust"),
    list([["Sandbox", `${row.isolation.sandbox}, ${row.isolation.isolated ? "isolated" : "not isolated"}`], ["Covers", row.isolation.covers.join("; ")],
      ["Exposes", row.isolation.exposes.join("; ")], ["Signed by", row.signer ?? "nobody"], ...Object.entries(row.trust).map(([name, value]) => [name, value === null ? "not asked" : String(value)])]),
    make("h3", {}, "Reproduce"),
    make("p", { className: "command" }, make("code", {}, code), copy),
    list([["Harness", row.harness], ["Set digest", table.set.digest], ["Bundle digest", row.bundle], ["Submission digest", row.digest],
      ["Image", row.image], ["Weights", row.weights]]),
  ].filter(Boolean);
}

function drawComparison(table, rows) {
  const [first, ...others] = rows;
  const names = [["macro", (row) => row.macro], ["micro", (row) => row.micro], ...table.categories.map((name) => [name, (row) => row.categories[name]])];
  const cell = (estimate, base) => {
    if (!estimate) return "";
    const difference = base && base !== estimate ? ` ${points(estimate.value - base.value)}` : "";
    return make("span", {}, make("b", {}, percent(estimate.value)), difference, make("small", {}, span(estimate)));
  };
  const head = ["", ...rows.map(titled)];
  const lines = [
    ["rank", ...rows.map(rank)],
    ["against the first", "", ...others.map((row) => claim(row, first))],
    ...names.map(([name, of]) => [name, ...rows.map((row) => cell(of(row), of(first)))]),
    ["parameters", ...rows.map((row) => size(row.parameters))],
    ["isolated", ...rows.map((row) => (row.isolation.isolated ? "yes" : "no"))],
    ["trained on, as declared", ...rows.map((row) => row.training_data.join("; ") || "nothing declared")],
  ];
  return [grid("Accuracy in %, the difference from the first in points, and the 95 % interval", head, lines)];
}

function openDialog(title, content) {
  const dialog = document.getElementById("dialog");
  dialog.querySelector("h2").replaceChildren(stranger(title));
  dialog.querySelector("div").replaceChildren(...content);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}
