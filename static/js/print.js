// « Imprimer »: shown where scripts are on; without them the browser's own menu prints the same page.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
