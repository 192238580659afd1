"use strict";
// The tables by slice, the token view and the theme. Everything shown comes from the JSON in #data, as text nodes.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const make = (tag, text, attributes = {}) => {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const named = (tag, text, attributes) => {
    const node = make(tag, undefined, attributes);
    node.append(make("bdi", text));
    return node;
  };

  // A number as tokeval writes it: counts in full, the rest to four significant digits (it comes rounded to those, or to more for what is not quite 1).
  const shown = (value, unit) => {
    if (value === null) return "–";
    if (unit === "count" || Math.abs(value) >= 10000 || (unit === "tokens" && Number.isInteger(value))) return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
    if (value === 0) return "0";
    if (value < 1 && Number(value.toPrecision(4)) === 1) return String(value);
    return Math.abs(value) < 1e-4 ? value.toExponential(3) : value.toPrecision(4);
  };

  // Theme: the system's, light, dark; kept where the browser lets a page from disk keep something.
  const theme = document.getElementById("theme");
  const themes = ["system", "light", "dark"];
  const kept = { get: () => { try { return localStorage.getItem("tokeval-theme"); } catch { return null; } },
    set: (value) => { try { localStorage.setItem("tokeval-theme", value); } catch { /* not kept */ } } };
  const wear = (value) => {
    if (value === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = value;
    theme.textContent = `Theme: ${value}`;
    theme.dataset.value = value;
  };
  wear(themes.includes(kept.get()) ? kept.get() : "system");
  theme.addEventListener("click", () => {
    const next = themes[(themes.indexOf(theme.dataset.value) + 1) % themes.length];
    wear(next);
    kept.set(next);
  });

  // Colour of a value among others: 0 (none) to 60 per cent of the tone, so that text stays readable.
  const tint = (cell, value, low, high, better) => {
    if (value === null || !(high > low)) return;
    let at = (value - low) / (high - low);
    if (better === "neither") {
      cell.style.setProperty("--tone", "var(--much)");
      cell.style.setProperty("--h", Math.round(55 * at));
      return;
    }
    if (better === "lower") at = 1 - at;
    cell.style.setProperty("--tone", at >= 0.5 ? "var(--good)" : "var(--bad)");
    cell.style.setProperty("--h", Math.round(110 * Math.abs(at - 0.5)));
  };

  const heat = (section) => {
    const table = data[section.dataset.corpus].heat;
    const find = (selector) => section.querySelector(selector);
    const [head, body, choice] = [find("thead"), find("tbody"), find(".metric")];
    let sort = { column: -1, down: false };
    table.metrics.forEach((metric, i) => choice.append(make("option", metric.name, { value: i })));
    const first = table.metrics.findIndex((m) => m.name === "bytes_per_token");
    choice.value = Math.max(first, 0);

    const header = () => {
      const row = make("tr");
      ["slice", ...table.tokenizers].forEach((name, i) => {
        const cell = make("th", undefined, { scope: "col", "aria-sort": "none" });
        if (i) cell.className = "n";
        if (sort.column === i - 1) cell.setAttribute("aria-sort", sort.down ? "descending" : "ascending");
        const button = named("button", name, { type: "button", title: name });
        button.addEventListener("click", () => {
          sort = { column: i - 1, down: sort.column === i - 1 ? !sort.down : false };
          draw();
          head.querySelectorAll("button")[i].focus();
        });
        cell.append(button);
        row.append(cell);
      });
      head.replaceChildren(row);
    };

    // A metric may have slices of its own, such as scripts: a row with neither a figure nor a reason is not its.
    const has = (metric, i) => metric.values[i].some((value, j) => value !== null || `${i},${j}` in metric.why);

    const wanted = (metric) => {
      const [text, script] = [find(".find").value.trim().toLowerCase(), find(".script")?.value ?? ""];
      return table.slices.map((_, i) => i).filter((i) => !table.pools.includes(i) && has(metric, i)
        && table.slices[i].toLowerCase().includes(text) && (!script || table.scripts[i] === script));
    };

    const ordered = (rows, metric) => {
      const key = sort.column;
      if (key < 0) return sort.down ? rows.reverse() : rows;
      const value = (i) => metric.values[i][key];
      return rows.sort((a, b) => {
        if (value(a) === null || value(b) === null) return (value(a) === null) - (value(b) === null) || a - b;
        return (sort.down ? value(b) - value(a) : value(a) - value(b)) || a - b;
      });
    };

    const span = (values) => {
      const known = values.filter((v) => v !== null);
      return known.length ? [Math.min(...known), Math.max(...known)] : [0, 0];
    };

    // Yardsticks lie far off, and would leave the others one colour.
    const coloured = table.tokenizers.map((_, j) => table.rivals[j] || !table.rivals.includes(true));
    const among = (values) => span(values.filter((_, j) => coloured[j]));

    const draw = () => {
      header();
      const metric = table.metrics[choice.value];
      const rows = ordered(wanted(metric), metric);
      const pools = table.pools.filter((i) => has(metric, i));
      const every = table.slices.filter((_, i) => !table.pools.includes(i) && has(metric, i)).length;
      const whole = find(".scale").value === "table" ? span(rows.flatMap((i) => among(metric.values[i]))) : null;
      const withIntervals = find(".intervals").checked && metric.low;
      const seen = new Set();
      const line = (i) => {
        const row = make("tr", undefined, table.pools.includes(i) ? { class: "pool" } : {});
        row.append(named("th", table.slices[i], { scope: "row", title: table.slices[i] }));
        const values = metric.values[i];
        const [low, high] = table.pools.includes(i) ? among(values) : whole ?? among(values);
        values.forEach((value, j) => {
          const cell = make("td", shown(value, metric.unit), { class: "n" });
          if (coloured[j]) tint(cell, value, low, high, metric.better);
          if (metric.best[i].includes(j)) cell.classList.add("best");
          if (withIntervals && metric.low[i][j] !== null) {
            cell.append(make("small", `${shown(metric.low[i][j], metric.unit)}–${shown(metric.high[i][j], metric.unit)}`, { class: "ci" }));
          }
          const why = metric.why[`${i},${j}`];
          if (why !== undefined) {
            cell.title = metric.reasons[why];
            seen.add(metric.reasons[why]);
          }
          row.append(cell);
        });
        return row;
      };
      body.replaceChildren(...pools.map(line), ...rows.map(line));
      const unit = metric.unit === "1" ? "" : ` (${metric.unit})`;
      const mind = metric.misleads ? ` Mind: ${metric.misleads}` : "";
      const arrow = { higher: " Higher is better.", lower: " Lower is better.", neither: "" }[metric.better];
      find(".definition").textContent = `${metric.name}${unit}: ${metric.definition}${arrow}${mind}`;
      const reasons = [...seen].slice(0, 3).map((reason) => ` – ${reason}.`).join("");
      find(".status").textContent = `${rows.length} of ${every} slices.${reasons}`;
      find(".intervals").disabled = !metric.low;
      const key = find(".key");
      key.classList.toggle("plain", metric.better === "neither");
      key.firstElementChild.textContent = metric.better === "neither" ? "less" : "worse";
      key.lastElementChild.textContent = metric.better === "neither" ? "more" : "better";
    };

    section.querySelectorAll("select, input").forEach((field) => field.addEventListener("input", draw));
    draw();
    return (name) => {
      const index = table.metrics.findIndex((metric) => metric.name === name);
      if (index >= 0) { choice.value = index; draw(); section.scrollIntoView(); choice.focus(); }
    };
  };

  const choosers = {};
  document.querySelectorAll("section.heat").forEach((section) => { choosers[section.dataset.corpus] = heat(section); });
  document.querySelectorAll(".choose").forEach((button) =>
    button.addEventListener("click", () => choosers[button.dataset.corpus]?.(button.dataset.metric)));

  // Line ends, and controls that would hide or turn what follows, are made visible; joiners stay what they are.
  const told = (text) => text.replace(/\r?\n/g, "⏎\n").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");

  // A choice of slices with buttons before and after it; `draw` is told the slice's place.
  const bySlice = (section, kept, draw) => {
    const choice = section.querySelector(".slice");
    kept.slices.forEach((name, i) => choice.append(make("option", name, { value: i })));
    choice.value = kept.first;
    choice.addEventListener("input", () => draw(Number(choice.value)));
    section.querySelectorAll(".step").forEach((button) => button.addEventListener("click", () => {
      choice.value = (Number(choice.value) + Number(button.dataset.step) + kept.slices.length) % kept.slices.length;
      draw(Number(choice.value));
    }));
    draw(kept.first);
  };

  document.querySelectorAll("section.words").forEach((section) => {
    const kept = data[section.dataset.corpus].words;
    const fill = (table, lists, say) => {
      const head = make("tr");
      head.append(make("th", "#", { scope: "col", class: "n" }), ...kept.tokenizers.map((name) => named("th", name, { scope: "col" })));
      const rows = Math.max(0, ...lists.map((list) => list.length));
      const lines = Array.from({ length: rows }, (_, rank) => {
        const row = make("tr");
        row.append(make("th", rank + 1, { scope: "row", class: "n" }), ...kept.tokenizers.map((_, i) => {
          const [found, cell] = [lists[i]?.[rank], make("td")];
          if (found) cell.append(make("bdi", found[0]), make("small", say(found)));
          return cell;
        }));
        return row;
      });
      table.tHead.replaceChildren(head);
      table.tBodies[0].replaceChildren(...lines);
    };
    bySlice(section, kept, (i) => {
      fill(section.querySelector(".split"), kept.words[i], ([, count, pieces]) => `${Number((pieces / count).toFixed(1))} tokens × ${count.toLocaleString("en-US")}`);
      fill(section.querySelector(".used"), kept.tokens[i], ([, count]) => `× ${count.toLocaleString("en-US")}`);
    });
  });

  document.querySelectorAll("section.samples").forEach((section) => {
    const kept = data[section.dataset.corpus].samples;
    bySlice(section, kept, (chosen) => {
      const points = Array.from(kept.texts[chosen]);
      const parts = kept.cuts[chosen].flatMap((cut, i) => {
        const title = named("h3", kept.tokenizers[i]);
        if (cut === null) {
          title.append(make("small", "gives no spans"));
          return [title];
        }
        const list = make("ol", undefined, { class: "cut", dir: "auto" });
        let [at, tokens, colour] = [0, 0, 0];
        for (let k = 0; k < cut.length; k += 2) {
          const text = points.slice(at, at + cut[k]).join("");
          const item = make("li", told(text), { class: cut[k + 1] ? `t${colour++ % 5}` : "bare" });
          if (cut[k + 1] > 1) {
            item.classList.add("split");
            item.append(make("sub", cut[k + 1]));
          }
          list.append(item);
          at += cut[k];
          tokens += cut[k + 1];
        }
        title.append(make("small", `${tokens} tokens`));
        return [title, list];
      });
      section.querySelector(".cuts").replaceChildren(...parts);
    });
  });

  // What a mark in a picture says, beside the pointer; the tables say the same to everyone else.
  const tip = document.getElementById("tip");
  document.addEventListener("pointermove", (event) => {
    const mark = event.target.closest?.("svg.chart [role='graphics-symbol'][aria-roledescription]:not([aria-roledescription='axis'])");
    const said = mark?.getAttribute("aria-label");
    tip.hidden = !said;
    if (!said) return;
    tip.textContent = said;
    tip.style.left = `${Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${event.clientY + 16}px`;
  });
})();
