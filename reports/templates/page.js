"use strict";
(() => {
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  /* Every number says its exact value when it is pointed at, and a dash what it stands for. */
  document.addEventListener("mouseover", ({ target }) => {
    const number = target.closest?.("data, .missing");
    if (number && !number.title) number.title = number.value ?? "not available";
  });

  /* Tables: sorted by a button in every heading, filtered by text and by epsilon. */
  const keyOf = (row, column) => {
    const cell = row.cells[column];
    const number = cell.querySelector("data");
    if (number) return Number(number.value);
    const text = cell.textContent.trim();
    return text === "–" ? "" : text.toLowerCase();
  };
  const compare = (a, b) => {
    if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
    return typeof a === "number" ? -1 : 1;
  };
  const sortable = (table) => {
    const body = table.tBodies[0];
    const original = [...body.rows];
    const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    heads.forEach((head, column) => {
      if (head.dataset.sort === "no") return;
      const button = make("button", { type: "button" }, ...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        const next = now === null ? "ascending" : now === "ascending" ? "descending" : null;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        table.classList.toggle("sorted", next !== null);
        if (next === null) return body.append(...original);
        head.setAttribute("aria-sort", next);
        const sign = next === "ascending" ? 1 : -1;
        const keyed = original.map((row) => [keyOf(row, column), row]);
        const known = keyed.filter(([key]) => key !== "");
        known.sort((a, b) => sign * compare(a[0], b[0]));
        const rest = keyed.filter(([key]) => key === "");
        body.append(...[...known, ...rest].map(([, row]) => row));
      });
    });
  };
  const filterable = (table) => {
    const rows = [...table.tBodies[0].rows];
    if (rows.length < 2) return;
    const name = table.caption.querySelector(".words").firstChild.textContent.trim();
    const text = make("input", { type: "search", placeholder: "filter rows", autocomplete: "off" });
    text.setAttribute("aria-label", `Filter the rows of: ${name}`);
    const count = make("span", { className: "count" });
    count.setAttribute("role", "status");
    const bar = make("div", { className: "filter" }, text);
    const column = [...table.tHead.rows[table.tHead.rows.length - 1].cells].findIndex((head) => head.dataset.axis === "epsilon");
    const levels = new Map();
    if (column >= 0) rows.forEach((row) => levels.set(keyOf(row, column), row.cells[column].textContent.trim()));
    const select = make("select", {}, make("option", { value: "" }, "every epsilon"));
    select.setAttribute("aria-label", `Epsilon shown in: ${name}`);
    if (levels.size > 1) {
      [...levels].sort((a, b) => a[0] - b[0]).forEach(([value, words]) => select.append(make("option", { value }, `ε = ${words}`)));
      bar.append(select);
    }
    bar.append(count);
    const words = rows.map((row) => row.textContent.toLowerCase());
    const apply = () => {
      const wanted = text.value.trim().toLowerCase().split(/\s+/);
      let shown = 0;
      rows.forEach((row, i) => {
        const fits = wanted.every((word) => words[i].includes(word)) && (select.value === "" || keyOf(row, column) === Number(select.value));
        row.hidden = !fits;
        shown += fits;
      });
      count.textContent = shown === rows.length ? "" : `${shown} of ${rows.length} rows`;
    };
    text.addEventListener("input", apply);
    select.addEventListener("input", apply);
    table.closest(".scroll").before(bar);
    return () => { text.value = ""; select.value = ""; apply(); };
  };
  const clear = new Map();
  all("table.data").forEach((table) => {
    sortable(table);
    clear.set(table, filterable(table));
  });
  /* A link to a witness must find its row, filtered away or not. */
  const reveal = () => {
    const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!row || !row.hidden) return;
    const undo = clear.get(row.closest("table"));
    if (undo) undo();
    row.scrollIntoView();
  };
  addEventListener("hashchange", reveal);

  /* Figures: what is near the pointer says its values; arrow keys walk along the points. */
  all(".plate").forEach((plate) => {
    const svg = plate.querySelector("svg");
    const marks = svg ? all(".marks circle", svg) : [];
    if (!marks.length) return;
    const points = marks.map((mark) => {
      const title = mark.querySelector("title");
      const point = { mark, x: mark.cx.baseVal.value, y: mark.cy.baseVal.value, words: title.textContent };
      title.remove();
      return point;
    });
    const box = make("div", { className: "tip", hidden: true });
    const spoken = make("p", { className: "spoken" });
    spoken.setAttribute("aria-live", "polite");
    plate.after(box, spoken);
    const hide = () => {
      box.hidden = true;
      points.forEach((point) => point.mark.classList.remove("on"));
    };
    const show = (near) => {
      hide();
      const chosen = points.filter((point) => Math.hypot(point.x - near.x, point.y - near.y) < 3).slice(0, 6);
      near.mark.classList.add("on");
      box.replaceChildren(...chosen.map((point) => {
        const [head, ...lines] = point.words.split("\n");
        return make("p", {}, make("strong", {}, head), ...lines.map((line) => make("span", {}, line)));
      }));
      box.hidden = false;
      put(near);
    };
    const put = (near) => {
      const at = near.mark.getBoundingClientRect();
      const size = box.getBoundingClientRect();
      const [right, left] = [at.right + 10, at.left - 10 - size.width];
      const beside = right + size.width < innerWidth || left > 0;
      const top = beside ? at.top - 12 : at.bottom + 10;
      box.style.left = `${right + size.width < innerWidth ? right : Math.max(8, left)}px`;
      box.style.top = `${Math.max(8, Math.min(top, innerHeight - size.height - 8))}px`;
    };
    let current = -1;
    const point = (event) => {
      const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      const away = (point) => Math.hypot(point.x - place.x, point.y - place.y);
      const near = points.reduce((a, b) => (away(b) < away(a) ? b : a));
      if (away(near) < 14) show(near);
      else hide();
    };
    plate.addEventListener("pointermove", point);
    plate.addEventListener("pointerdown", point);
    plate.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hide());
    plate.addEventListener("blur", hide);
    plate.addEventListener("keydown", (event) => {
      if (event.key === "Escape") return hide();
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      current = (current + step + points.length) % points.length;
      points[current].mark.scrollIntoView({ block: "nearest", inline: "nearest" });
      show(points[current]);
      spoken.textContent = points[current].words.replaceAll("\n", ", ");
    });
    /* A key may scroll the figure into view: what it shows then moves along. */
    addEventListener("scroll", () => {
      const on = points.find((point) => point.mark.classList.contains("on"));
      if (on && document.activeElement === plate) put(on);
      else hide();
    }, { passive: true });
  });

  /* The best protocol under a reader's own caps, by the rule of Results.recommend. */
  const form = document.getElementById("caps");
  if (!form) return;
  const sets = JSON.parse(document.getElementById("candidates").textContent).map((rows) => rows.map(([label, epsilon, ...figures]) => {
    const [success, s, t, mse, m, n, bits, influence, i, j] = figures.map(Number);
    return { label, epsilon, success, mse, bits, influence, ends: { success: [s, t], mse: [m, n], bits: [bits, bits], influence: [i, j] } };
  }));
  const isLess = (a, b) => (Number.isFinite(a) && Number.isFinite(b) ? a < b - 1e-9 * Math.max(Math.abs(a), Math.abs(b)) : a < b);
  const holds = (c, goal, cap) => {
    const [lower, upper] = c.ends[goal];
    if (Number.isNaN(lower)) return null;
    return !isLess(cap, upper) ? true : isLess(cap, lower) ? false : null;
  };
  const order = (goal) => (a, b) => a[goal] - b[goal] || (a.label < b.label ? -1 : a.label > b.label ? 1 : 0) || a.epsilon - b.epsilon;
  const choose = (found, goal, caps) => {
    const known = found.filter((c) => !Number.isNaN(c.ends[goal][0]));
    const kept = (c) => Object.entries(caps).map(([g, cap]) => holds(c, g, cap));
    const holding = known.filter((c) => kept(c).every((k) => k === true)).sort(order(goal));
    const undecided = known.filter((c) => !holding.includes(c) && kept(c).every((k) => k !== false));
    const reached = Math.min(...holding.map((c) => c.ends[goal][1]));
    const best = holding.filter((c) => !isLess(reached, c.ends[goal][0]));
    return { holding, undecided, best };
  };
  const short = (value) => {
    if (!Number.isFinite(value)) return "–";
    if (value === 0) return "0";
    if (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5) return String(Number(value.toPrecision(3)));
    const [digits, power] = value.toExponential(2).split("e");
    return `${digits}×10${[...power.replace("+", "")].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("")}`;
  };
  const goals = { mse: "mean squared error", success: "attack success", bits: "report size", influence: "influence" };
  if (!form.elements.influence) delete goals.influence;
  const words = {
    mse: short,
    success: (value) => (Number.isFinite(value) ? `${short(100 * value)}%` : "–"),
    bits: (value) => (Number.isFinite(value) ? `${value.toLocaleString("en")} bits` : "–"),
    influence: short,
  };
  const named = (c) => `${c.label} at epsilon = ${c.epsilon}`;
  const cell = (c, goal) => make("td", {}, Number.isFinite(c[goal]) ? make("data", { value: c[goal], title: c[goal] }, words[goal](c[goal])) : "–");
  const answer = form.querySelector("output");
  const body = form.querySelector("tbody");
  const update = () => {
    goals.success = form.elements.set.selectedOptions[0].dataset.given || "attack success";
    form.querySelector("[data-goal=success]").textContent = goals.success;
    const caps = {};
    let wrong = "";
    Object.keys(goals).forEach((goal) => {
      const field = form.elements[goal];
      const value = field.value.trim() === "" ? null : Number(field.value.replace(",", "."));
      const bad = value !== null && !(value > 0);
      field.setAttribute("aria-invalid", bad);
      if (bad) wrong = `The cap on ${goals[goal]} must be a number above 0.`;
      else if (value !== null) caps[goal] = goal === "success" ? value / 100 : value;
    });
    body.parentElement.hidden = true;
    if (wrong) return (answer.textContent = wrong);
    const blind = Number(form.elements.set.selectedOptions[0].dataset.blind);
    if (isLess(caps.success, blind)) {
      form.dataset.best = "[]";
      return (answer.textContent = `No protocol can keep that: a guess without any report is right ${words.success(blind)} of the time.`);
    }
    const goal = ["mse", "success", "bits"].find((g) => !(g in caps)) || "mse";
    const { holding, undecided, best } = choose(sets[form.elements.set.value], goal, caps);
    const limits = Object.entries(caps).map(([g, cap]) => `${goals[g]} at most ${words[g](cap)}`).join(" and ");
    const [first, ...ties] = best;
    const said = first
      ? `${named(first)} has the least ${goals[goal]}, ${words[goal](first[goal])}${limits ? `, of all with ${limits}` : ""}.${ties.length ? ` Tied with it: ${ties.map(named).join(", ")}.` : ""}`
      : `Nothing here is shown to have ${limits}.`;
    const attacker = form.elements.set.selectedOptions[0].dataset.attacker;
    answer.textContent = (attacker ? `Against ${attacker}: ` : "") + said + (undecided.length ? ` Cannot be decided: ${undecided.map(named).join(", ")}.` : "");
    form.dataset.best = JSON.stringify(best.map((c) => [c.label, c.epsilon]));
    body.replaceChildren(...holding.slice(0, 8).map((c) => make("tr", {}, make("th", { scope: "row" }, make("bdi", {}, c.label)), make("td", {}, String(c.epsilon)), ...Object.keys(goals).map((g) => cell(c, g)))));
    body.parentElement.hidden = holding.length === 0;
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", update);
  form.hidden = false;
  update();
})();
