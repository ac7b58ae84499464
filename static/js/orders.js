// The order table: after each answer of the server, the cells that have a sentence against them say so.
document.body.addEventListener("htmx:afterSettle", () => {
  for (const fault of document.querySelectorAll("[data-order] .pv-fault")) {
    const cell = document.querySelector(`[data-order] :is(input, select)[aria-describedby="${fault.id}"]`);
    if (fault.textContent.trim()) cell?.setAttribute("aria-invalid", "true");
    else cell?.removeAttribute("aria-invalid");
  }
});
