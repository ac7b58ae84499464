// « Toute la semaine », « Tout le mois », « Tout effacer » without a round trip; with scripts off the same buttons submit.
const form = document.querySelector("[data-calendar]");

const SCOPES = { semaine: "tr", mois: ".pv-month", effacer: ".pv-month" };

form?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-tick]");
  if (!button) return;
  event.preventDefault();
  const clear = button.dataset.tick === "effacer";
  const boxes = button.closest(SCOPES[button.dataset.tick]).querySelectorAll(clear ? "[name=jour], [name=annuler]" : "[data-fill]");
  for (const box of boxes) box.checked = !clear;
  form.dispatchEvent(new Event("change", { bubbles: true }));
});
