// Conveniences of the staff's pages; each of them works without this file too, only slower.
"use strict";

const button = document.getElementById("add-line");
if (button) {
  const template = document.getElementById("empty-line");
  const total = document.getElementById("id_lines-TOTAL_FORMS");
  const body = document.querySelector("table.lines tbody");
  const most = Number(document.getElementById("id_lines-MAX_NUM_FORMS").value);
  const add = () => {
    const number = Number(total.value);
    if (number >= most) return;
    const line = template.content.cloneNode(true);
    for (const element of line.querySelectorAll("[name], [id], [for]")) {
      for (const name of ["name", "id", "for"]) {
        const value = element.getAttribute(name);
        if (value) element.setAttribute(name, value.replace("__prefix__", number));
      }
    }
    body.append(line);
    total.value = number + 1;
    body.lastElementChild.querySelector("input").focus();
  };
  button.hidden = false;
  button.addEventListener("click", add);
  // A scanner ends each code with Enter: that goes to the next field and never posts a half-filled form.
  button.form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    const inputs = [...button.form.querySelectorAll("input:not([type=hidden])")];
    const next = inputs[inputs.indexOf(event.target) + 1];
    if (next) next.focus();
    else add();
  });
}

for (const print of document.querySelectorAll("[data-print]")) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
