// What is typed on a page of staff survives: a warning before it is left, and an offer to put it back after a log-in.
// It is kept in this window alone (sessionStorage), under the person who typed it, and never sent by itself.
"use strict";

(() => {
  const { user } = document.currentScript.dataset; // empty on pages for nobody: the log-in, an error
  const DRAFT = "typed:";
  // Hidden fields that say what was seen when something was typed: put back too, so that old numbers stay refused.
  const SEEN = /(^|-)(seen_version|expected)$/;
  const read = (key) => JSON.parse(sessionStorage.getItem(key));
  const drafts = () => Object.keys(sessionStorage).filter((key) => key.startsWith(DRAFT));
  const mine = (key) => key.startsWith(`${DRAFT}${user} `);
  const forget = (keys) => keys.forEach((key) => sessionStorage.removeItem(key));

  if (!user) {
    // The last post has led nowhere: what was in it is to be offered again.
    for (const key of drafts()) sessionStorage.setItem(key, JSON.stringify({ ...read(key), posted: false }));
    for (const kept of document.querySelectorAll("[data-kept]")) kept.hidden = !drafts().length;
    return;
  }
  // What somebody else has typed, and what has arrived. After a failure the browser goes back to the very page, or loads it again.
  const here = `${DRAFT}${user} ${location.pathname}${location.search} `;
  const again = performance.getEntriesByType("navigation")[0]?.type !== "navigate";
  forget(drafts().filter((key) => !mine(key) || (read(key).posted && !(again && key.startsWith(here)))));

  // A form with data-typed holds in hidden fields what was typed on the page before it.
  const isTyped = (element) => element.name && !["csrfmiddlewaretoken", "once"].includes(element.name)
    && !["submit", "button", "reset", "image"].includes(element.type)
    && (element.type !== "hidden" || element.form.hasAttribute("data-typed")) && element.tagName !== "FIELDSET";
  const isKept = (element) => element.name && (SEEN.test(element.name) || isTyped(element))
    && !["password", "file"].includes(element.type);
  const valueOf = (element) => element.type === "checkbox" || element.type === "radio" ? element.checked
    : element.multiple ? [...element.selectedOptions].map((option) => option.value) : element.value;
  // A radio button is one of several elements of its name.
  const nameOf = (element) => element.type === "radio" ? `${element.name}=${element.value}` : element.name;
  const valuesOf = (form, which) => Object.fromEntries(
    [...form.elements].filter(which).map((element) => [nameOf(element), valueOf(element)]));
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  const keyOf = (form) => `${here}${form.getAttribute("action") || ""}`;
  const forms = [...document.querySelectorAll("form[method=post]:not(#logout-form, #changelist-form)")];
  const shown = new Map(forms.map((form) => [form, valuesOf(form, isTyped)]));
  const touched = new Set();
  let leaving = false;

  // A form that came back with errors holds what is nowhere else.
  for (const form of forms) {
    if (!form.matches("[data-typed], :has(.errorlist, .errornote)")) continue;
    touched.add(form);
    shown.set(form, {});
  }
  const isDirty = (form) => touched.has(form) && !same(valuesOf(form, isTyped), shown.get(form));
  const keep = (form, posted) => {
    const before = shown.get(form);
    const changed = Object.entries(valuesOf(form, isKept)).filter(([name, value]) => !same(value, before[name]));
    if (changed.some(([name]) => !SEEN.test(name))) sessionStorage.setItem(keyOf(form), JSON.stringify({ posted, values: Object.fromEntries(changed) }));
  };

  document.addEventListener("input", (event) => touched.add(event.target.form));
  document.addEventListener("change", (event) => touched.add(event.target.form));
  document.addEventListener("submit", (event) => {
    const form = event.target, verb = event.submitter?.textContent?.trim() || event.submitter?.value || "This";
    // The attribute, since a field called "method" hides the property of that name.
    if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
    // What such a form is answered with is shown once: a second click would throw the answer away.
    if (leaving && form.hasAttribute("data-once")) return event.preventDefault();
    const others = forms.filter((other) => other !== form && isDirty(other));
    if (others.length && !window.confirm(`What you have typed on this page is not saved. “${verb}” leaves it unsaved. Go on?`)) {
      event.preventDefault();
      return;
    }
    leaving = true;
    if (form.id === "logout-form") return forget(drafts());
    others.forEach((other) => keep(other, false));
    if (forms.includes(form)) keep(form, true);
  });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && forms.some(isDirty)) event.preventDefault();
  });
  window.addEventListener("pagehide", () => {
    if (!leaving) forms.filter(isDirty).forEach((form) => keep(form, false));
  });
  window.addEventListener("pageshow", () => { leaving = false; });

  // Lines that were added on the page are added again, as long as there is a button for it.
  const fieldsOf = (form, name) => [...form.elements].filter((element) => nameOf(element) === name);
  const grow = (form, name) => {
    const add = form.querySelector("#add-line, .add-row a");
    for (let lines = 0; add && lines < 100 && /-\d+-/.test(name) && !fieldsOf(form, name).length; lines += 1) add.click();
  };
  const putBack = (form, values) => {
    for (const [name, value] of Object.entries(values)) {
      grow(form, name);
      for (const element of fieldsOf(form, name)) {
        if (!isTyped(element) && !SEEN.test(name)) continue;
        if (typeof value === "boolean") element.checked = value;
        else if (Array.isArray(value)) [...element.options].forEach((option) => { option.selected = value.includes(option.value); });
        else element.value = value;
        element.dispatchEvent(new Event("change", { bubbles: true }));
      }
    }
  };
  const offer = (form) => {
    const key = keyOf(form), draft = read(key);
    if (!draft || !Object.keys(draft.values).some((name) => fieldsOf(form, name).some(isTyped) || /-\d+-/.test(name))) return;
    const box = document.createElement("p"), words = document.createElement("span");
    box.className = "typed";
    box.setAttribute("role", "status");
    words.textContent = "You have typed something here that was not saved.";
    const button = (text, act) => {
      const element = document.createElement("button");
      element.type = "button";
      element.className = "button plain";
      element.textContent = text;
      element.addEventListener("click", () => { act(); forget([key]); box.remove(); });
      return element;
    };
    box.append(words, button("Put it back", () => putBack(form, draft.values)), button("Forget it", () => {}));
    form.before(box);
  };
  // After the scripts that build the lines of a form.
  window.addEventListener("load", () => {
    forms.forEach(offer);
    // Django's own script names these icons, which needs a role.
    for (const icon of document.querySelectorAll("span.help-tooltip[aria-label]")) icon.setAttribute("role", "img");
  });
})();
