// Every page: a form is sent once, the error summary takes the focus, the current tab is in sight.
const sent = new WeakSet();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || "again" in form.dataset) return;
  if (sent.has(form)) return event.preventDefault();
  sent.add(form);
  setAside(form, true);
});

// aria-disabled, not disabled: a disabled button would not be sent with its name and value, and would lose the focus.
function setAside(form, aside) {
  for (const button of form.querySelectorAll("button:not([type=button])")) {
    if (aside) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  }
}

addEventListener("pageshow", () => {
  for (const form of document.forms) {
    sent.delete(form);
    setAside(form, false);
  }
});

document.querySelector("[data-focus]")?.focus();
for (const here of document.querySelectorAll(":is(.pv-tabs, .pv-header .pv-subtabs) [aria-current]")) {
  here.scrollIntoView({ block: "nearest", inline: "center" });
}
