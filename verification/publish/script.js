"use strict";
// Nothing here is needed to read the page: without script all rows and all frames are shown.
(() => {
  const make = (tag, properties, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };

  const sortable = (table) => {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const value = (row, i) => row.cells[i].textContent.trim();
    heads.forEach((head, i) => {
      const button = make("button", { type: "button" }, ...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const rows = [...body.rows].sort((a, b) =>
          value(a, i).localeCompare(value(b, i), "en", { numeric: true }) * (up ? 1 : -1));
        body.append(...rows);
      });
    });
  };

  const filterable = (table) => {
    const rows = [...table.tBodies[0].rows];
    const found = new Set([...table.querySelectorAll(".status")].map((cell) => cell.textContent.trim()));
    const text = make("input", { type: "search", id: "filter-text" });
    const status = make("select", { id: "filter-status" }, make("option", { value: "" }, "all"),
      ...[...found].map((name) => make("option", { value: name }, name)));
    const shown = make("output", { htmlFor: "filter-text filter-status" });
    const apply = () => {
      const wanted = text.value.toLowerCase();
      rows.forEach((row) => {
        const own = row.querySelector(".status");
        row.hidden = !row.textContent.toLowerCase().includes(wanted)
          || (status.value !== "" && (own === null || own.textContent.trim() !== status.value));
      });
      shown.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} shown`;
    };
    text.addEventListener("input", apply);
    status.addEventListener("change", apply);
    table.closest("#status-table").prepend(make("div", { className: "tools" },
      make("label", { htmlFor: "filter-text" }, "Rows that contain "), text,
      make("label", { htmlFor: "filter-status" }, "status "), status, shown));
    apply();
  };

  const slide = (holder) => {
    const frames = [...holder.querySelectorAll(".frame")];
    if (frames.length < 2) return;
    const range = make("input", { type: "range", id: "width", min: 0, max: frames.length - 1, step: 1, value: 0 });
    const label = make("output", { htmlFor: "width" });
    const show = () => {
      frames.forEach((frame, i) => { frame.hidden = i !== Number(range.value); });
      label.textContent = `n = ${frames[range.value].dataset.width}`;
      range.setAttribute("aria-valuetext", label.textContent);
    };
    range.addEventListener("input", show);
    holder.classList.add("sliding");
    holder.before(make("div", { className: "tools" }, make("label", { htmlFor: "width" }, "Width "), range, label));
    show();
  };

  const table = document.querySelector("#status-table table");
  if (table !== null) { sortable(table); filterable(table); }
  const frames = document.querySelector("#frames");
  if (frames !== null) slide(frames);
  // What is too wide to show scrolls, by keyboard too.
  document.querySelectorAll('math[display="block"], .scroll, .table, .conclusion, .how').forEach((node) => {
    if (node.scrollWidth > node.clientWidth + 1) node.tabIndex = 0;
  });
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((node) => { node.open = true; });
  });
})();
