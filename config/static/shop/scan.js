// The pages of the scanner, which is a keyboard that ends each code with Enter. Without this file units are typed.
"use strict";

const parcel = document.getElementById("pack");
if (parcel) {
  const code = document.getElementById("code");
  const said = document.getElementById("said");
  const rows = [...parcel.querySelectorAll("tr[data-sku]")];
  const field = (row) => row.querySelector("input");
  const packed = (row) => Number(field(row).value) || 0;
  const left = (row) => Number(row.dataset.open) - packed(row);
  const alike = (text) => text.trim().normalize("NFKC").toUpperCase();
  const count = (scanned) => {
    const named = rows.filter((row) => [row.dataset.sku, row.dataset.barcode].map(alike).includes(alike(scanned)));
    const row = named.find((one) => left(one) > 0);
    if (!named.length) return `No article of this order has the code ${scanned}.`;
    if (!row) return `All units of ${named[0].dataset.sku} are packed already.`;
    field(row).value = packed(row) + 1;
    if (rows.every((one) => left(one) === 0)) return "Everything is packed. Enter ships it.";
    return `${row.dataset.sku}: ${packed(row)} packed, ${left(row)} to go.`;
  };
  document.getElementById("scanner").hidden = false;
  code.focus();
  code.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (code.value.trim()) said.textContent = count(code.value);
    else if (rows.some((row) => packed(row) > 0)) parcel.requestSubmit();
    else said.textContent = "Nothing is packed yet: scan an article.";
    code.value = "";
  });
}

const next = document.getElementById("next-order");
if (next) {
  next.addEventListener("submit", (event) => {
    if (document.getElementById("number").value.trim()) return;
    event.preventDefault();
    if (document.querySelector(".sheet")) window.print();
  });
}
