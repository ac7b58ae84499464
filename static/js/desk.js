// « / » puts the cursor into the agents' search box, unless something is being typed.
document.addEventListener("keydown", (event) => {
  const box = document.getElementById("pv-search-box");
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && box && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    box.focus();
    box.select();
  }
});
