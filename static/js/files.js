// Says the name of the chosen file beside « Choisir un fichier ». Without scripts the browser's own control shows it.
document.addEventListener("change", (event) => {
  const box = event.target.closest("[data-file]");
  if (!box) return;
  const [file] = event.target.files;
  box.classList.toggle("is-chosen", Boolean(file));
  box.querySelector("[data-file-name]").textContent = file ? file.name : "Aucun fichier choisi";
});
