// Filters lists and copies commands. Everything on the page can be read without it.
"use strict";

function listen() {
  for (const form of document.querySelectorAll("form.filter")) filtering(form);
  for (const button of document.querySelectorAll("button.copy")) copying(button);
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", unfold);
  reveal();
}

function filtering(form) {
  const rows = [...form.parentElement.querySelectorAll(".row")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const { text, layer, internet } = form.elements;
  const found = form.querySelector("output");
  const apply = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, index) => {
      const fits =
        words.every((word) => texts[index].includes(word)) &&
        (!layer || !layer.value || row.dataset.layers.split(" ").includes(layer.value)) &&
        (!internet || !internet.checked || "internet" in row.dataset);
      row.hidden = !fits;
      shown += fits;
    });
    found.value = shown === rows.length ? `${shown.toLocaleString("en")} shown` : `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`;
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", apply);
  form.hidden = false;
  apply();
}

function copying(button) {
  const word = button.querySelector("span");
  const code = button.parentElement.querySelector("code");
  button.hidden = false;
  button.addEventListener("click", async () => {
    word.textContent = (await copied(code)) ? "Copied" : "Press Ctrl+C";
    setTimeout(() => (word.textContent = "Copy"), 1500);
  });
}

async function copied(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    // a page opened from a file may not write the clipboard: select the text instead
    getSelection().selectAllChildren(code);
    return false;
  }
}

function reveal() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  for (let each = target; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
}

function unfold() {
  for (const each of document.querySelectorAll(".problem .more, .terms .more")) each.open = true;
}

listen();
