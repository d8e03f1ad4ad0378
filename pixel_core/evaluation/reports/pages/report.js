"use strict";
// Draws the pictures of a report from the JSON in it. All text reaches the page as text, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const BLUE = "#1f5fa8", RED = "#a3001c", GREEN = "#14602f", GREY = "#8a8a8a", BLACK = "#222";
  const LINES = ["#1f5fa8", "#b5651d", "#14602f", "#7a3b8f", "#a3001c", "#3f6f6f", "#6b6b00", "#444"];
  const CONFIG = { displaylogo: false, responsive: true };
  const BASE = { font: { family: "system-ui, sans-serif", size: 13 }, paper_bgcolor: "#fff", plot_bgcolor: "#fff", hovermode: "closest", legend: { orientation: "h", x: 0, y: 1.01, yanchor: "bottom" } };
  const byId = (id) => document.getElementById(id);
  const show = (x) => (x === null || x === undefined ? "" : Math.abs(x) >= 1000 ? x.toFixed(0) : Math.abs(x) >= 10 ? x.toFixed(2) : x.toFixed(3));
  const signed = (x) => (x === null ? "" : (x > 0 ? "+" : "") + show(x));

  for (const [name, chart] of Object.entries(data.charts)) Plotly.newPlot(byId(name), chart.data, chart.layout, chart.config);
  if (data.board) board(data.board);

  function cell(tag, text, kind) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (kind) made.className = kind;
    if (tag === "th") made.scope = kind === "col" ? "col" : "row";
    return made;
  }

  function fill(id, caption, head, rows) {
    const table = byId(id);
    table.replaceChildren();
    table.append(cell("caption", caption));
    const thead = document.createElement("thead"), top = document.createElement("tr"), body = document.createElement("tbody");
    head.forEach((name, k) => { const th = cell("th", name, k ? "" : "text"); th.scope = "col"; top.append(th); });
    thead.append(top);
    for (const row of rows) {
      const tr = document.createElement("tr");
      if (row.kind) tr.className = row.kind;
      row.cells.forEach(([text, kind], k) => tr.append(cell(k ? "td" : "th", text, kind)));
      body.append(tr);
    }
    table.append(thead, body);
  }

  function choice(id, names, chosen, act) {
    const select = byId(id);
    names.forEach((name, k) => { const option = document.createElement("option"); option.value = k; option.textContent = name; select.append(option); });
    select.value = chosen;
    select.addEventListener("change", act);
    return () => Number(select.value);
  }

  function board(b) {
    const figures = b.figures.map((figure) => figure.name);
    const axes = ["headlines", ...new Set(b.figures.map((figure) => figure.axis))];
    const start = Math.max(0, b.figures.findIndex((figure) => figure.headline));
    const trended = choice("trend-figure", ["score", ...figures], 0, trend);
    const names = b.compared.map((at) => b.checkpoints[at]); // first() and second() are places in this list
    const first = choice("first", names, b.first, compared);
    const second = choice("second", names, b.second, compared);
    const axis = choice("compared-axis", axes, 0, compared);
    const task = choice("compared-task", b.tasks.map((one) => one.task), 0, items);
    trend();
    compared();

    function trend() {
      const k = trended() - 1, runs = [...new Set(b.places.map((place) => place[0]))], drawn = [], shapes = [], rows = [];
      runs.forEach((run, colour) => {
        const own = b.places.map((place, at) => ({ at, run: place[0], step: place[1] })).filter((one) => one.run === run);
        own.sort((left, right) => left.step - right.step);
        const points = own.map((one) => ({ ...one, v: k < 0 ? [b.scores[one.at], null, null, 0] : b.values[k][one.at] })).filter((one) => one.v);
        const x = points.map((one) => one.step), y = points.map((one) => one.v[0]);
        const bars = k < 0 ? undefined : { type: "data", symmetric: false, array: points.map((p) => p.v[2] - p.v[0]), arrayminus: points.map((p) => p.v[0] - p.v[1]), thickness: 1.2 };
        const line = { color: LINES[colour % LINES.length] };
        drawn.push({ type: "scatter", mode: "lines+markers", name: run, x, y, error_y: bars, line });
        drawn.push({ type: "scatter", mode: "lines", name: `floor, ${run}`, x, y: points.map((p) => p.v[3]), line: { ...line, dash: "dash", width: 1 } });
        const odd = points.filter((one) => b.odd.some((alert) => alert[0] === one.at && alert[1] === k));
        if (odd.length) drawn.push({ type: "scatter", mode: "markers", name: "out of trend", x: odd.map((p) => p.step), y: odd.map((p) => p.v[0]), marker: { symbol: "diamond-open", size: 15, color: RED, line: { width: 2 } } });
        points.forEach((p) => rows.push({ cells: [[b.checkpoints[p.at]], [show(p.v[0])], [k < 0 ? "" : `${show(p.v[1])} to ${show(p.v[2])}`], [show(p.v[3])]] }));
      });
      const name = k < 0 ? "score" : figures[k] + (b.figures[k].lower ? " (lower is better)" : "");
      const layout = { ...BASE, height: 400, margin: { l: 60, r: 15, t: 50, b: 45 }, xaxis: { title: { text: "step" }, gridcolor: "#eee" }, yaxis: { title: { text: name }, gridcolor: "#eee" }, shapes };
      Plotly.react(byId("trend"), drawn, layout, CONFIG);
      fill("trend-table", `${name} over the steps`, ["checkpoint", "value", "95 % interval", "floor"], rows);
    }

    function pair(k, i, j) { // figure k of i minus that of j: [value, low, high], or null without a pair
      if (i === j) return null;
      const [low, high] = i < j ? [i, j] : [j, i], n = names.length;
      const found = b.pairs[k] && b.pairs[k][low * n - (low * (low + 1)) / 2 + (high - low - 1)];
      return found && (i < j ? found : [-found[0], -found[2], -found[1]]);
    }

    function verdict(k, gap) {
      if (!gap || (gap[1] <= 0 && gap[2] >= 0)) return "";
      return (gap[1] > 0) === b.figures[k].lower ? "worse" : "better";
    }

    function compared() {
      const i = first(), j = second(), wanted = axes[axis()];
      const rows = [], bars = [];
      b.figures.forEach((figure, k) => {
        if (wanted === "headlines" ? !figure.headline : figure.axis !== wanted) return;
        const one = b.values[k][b.compared[i]], other = b.values[k][b.compared[j]];
        if (!one && !other) return;
        const gap = pair(k, i, j), word = verdict(k, gap);
        const told = (v) => (v ? `${show(v[0])} (${show(v[1])} to ${show(v[2])})` : "");
        rows.push({ kind: figure.headline ? "headline" : "", cells: [[figure.name + (figure.lower ? " (lower is better)" : "")], [told(one)], [told(other)], [one ? show(one[3]) : ""], [gap ? `${signed(gap[0])} (${signed(gap[1])} to ${signed(gap[2])})` : "not paired"], [word, word]] });
        const room = one && figure.best - one[3];
        if (gap && room) {
          const scaled = gap.map((x) => x / room).sort((left, right) => left - right);
          bars.push({ name: figure.name, at: gap[0] / room, low: scaled[0], high: scaled[2], word });
        }
      });
      fill("compared-table", `${names[i]} minus ${names[j]}: ${wanted}`, ["figure", "first", "second", "floor", "difference, paired", "verdict"], rows);
      const colour = { worse: RED, better: GREEN, "": BLUE };
      const drawn = ["better", "worse", ""].map((word) => {
        const own = bars.filter((bar) => bar.word === word);
        return { type: "scatter", mode: "markers", name: word || "no clear difference", x: own.map((bar) => bar.at), y: own.map((bar) => bar.name), marker: { color: colour[word], size: 9, symbol: { better: "triangle-right", worse: "triangle-left", "": "circle" }[word] }, error_x: { type: "data", symmetric: false, array: own.map((bar) => bar.high - bar.at), arrayminus: own.map((bar) => bar.at - bar.low), color: colour[word] } };
      });
      const zero = [{ type: "line", x0: 0, x1: 0, yref: "paper", y0: 0, y1: 1, line: { color: GREY, dash: "dash", width: 1.5 } }];
      Plotly.react(byId("compared"), drawn, { ...BASE, height: 170 + 24 * bars.length, margin: { l: 10, r: 15, t: 40, b: 50 }, xaxis: { title: { text: "difference as a share of the way from floor to best: right is better" }, gridcolor: "#eee", zeroline: false }, yaxis: { automargin: true, autorange: "reversed", categoryorder: "array", categoryarray: bars.map((bar) => bar.name) }, shapes: zero }, CONFIG);
      radar("radar-axes", b.axes, i, j);
      radar("radar-domains", b.domains, i, j);
      items();
    }

    function radar(id, spokes, i, j) {
      if (!spokes.length) return;
      const scaled = (k, at) => { const v = b.values[k][b.compared[at]]; return v && b.figures[k].best !== v[3] ? (v[0] - v[3]) / (b.figures[k].best - v[3]) : 0; };
      const around = spokes.map((spoke) => spoke[0]);
      const line = (at, name, style) => ({ type: "scatterpolar", mode: "lines+markers", name, r: [...spokes, spokes[0]].map((spoke) => scaled(spoke[1], at)), theta: [...around, around[0]], line: style, marker: { size: 5 } });
      const floor = { type: "scatterpolar", mode: "lines", name: "floor", r: [...around, 0].map(() => 0), theta: [...around, around[0]], line: { color: GREY, dash: "dash", width: 1.5 } };
      const drawn = [line(i, names[i], { color: BLUE, width: 2.5 }), line(j, names[j], { color: BLACK, width: 1.5, dash: "dot" }), floor];
      const low = Math.max(-1, Math.min(-0.1, ...drawn.flatMap((one) => one.r)));
      Plotly.react(byId(id), drawn, { ...BASE, height: 420, margin: { l: 90, r: 90, t: 70, b: 30 }, polar: { radialaxis: { range: [low, 1], angle: 90, gridcolor: "#e4e4e4", tickangle: 90, tickfont: { size: 10 } } } }, CONFIG);
      fill(`${id}-table`, "0 floor, 1 best possible", ["spoke", names[i], names[j]], spokes.map((spoke) => ({ cells: [[spoke[0]], [show(scaled(spoke[1], i))], [show(scaled(spoke[1], j))]] })));
    }

    function items() {
      const one = b.tasks[task()], i = first(), j = second();
      if (!one) return;
      const mine = one.values[i] || [], other = one.values[j] || [], gaps = [];
      one.items.forEach((name, at) => { if (mine[at] != null && other[at] != null) gaps.push({ name, a: mine[at], b: other[at], d: mine[at] - other[at] }); });
      const changed = gaps.filter((gap) => Math.abs(gap.d) > 1e-6), better = changed.filter((gap) => (gap.d < 0) === one.lower);
      byId("items-count").textContent = `${one.task} (${one.what}): ${gaps.length} items that both answered, ${better.length} better, ${changed.length - better.length} worse, ${gaps.length - changed.length} the same.`;
      changed.sort((left, right) => Math.abs(right.d) - Math.abs(left.d) || (left.name < right.name ? -1 : 1));
      fill("items-table", `The items that differ most, at most 40: ${one.what}`, ["item", "first", "second", "difference"], changed.slice(0, 40).map((gap) => { const word = (gap.d < 0) === one.lower ? "better" : "worse"; return { cells: [[gap.name], [show(gap.a)], [show(gap.b)], [`${signed(gap.d)} ${word}`, word]] }; }));
      const sorted = [...gaps].sort((left, right) => left.d - right.d);
      const drawn = [{ type: "bar", x: sorted.map((_, k) => k + 1), y: sorted.map((gap) => gap.d), hovertext: sorted.map((gap) => `${gap.name}: ${signed(gap.d)}`), hoverinfo: "text", marker: { color: sorted.map((gap) => (Math.abs(gap.d) <= 1e-6 ? GREY : (gap.d < 0) === one.lower ? GREEN : RED)) } }];
      Plotly.react(byId("items-plot"), drawn, { ...BASE, height: 300, margin: { l: 60, r: 15, t: 15, b: 45 }, bargap: 0, xaxis: { title: { text: "items, by their difference" } }, yaxis: { title: { text: "first minus second" }, gridcolor: "#eee" } }, CONFIG);
    }
  }
})();
