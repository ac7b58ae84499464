// The password rule, ticked off while typing; the server alone decides.
const RULES = {
  length: (text) => text.length >= 13,
  letters: (text) => /\p{L}/u.test(text),
  digits: (text) => /\p{Nd}/u.test(text),
  symbols: (text) => /[^\p{L}\p{Nd}\s]/u.test(text),
  phrase: (text) => text.split(/\s+/).filter((word) => word.length >= 2).length >= 7,
};

for (const list of document.querySelectorAll("[data-password]")) {
  const field = document.getElementById(list.dataset.password);
  const show = () => {
    for (const item of list.querySelectorAll("[data-rule]"))
      item.classList.toggle("is-met", RULES[item.dataset.rule](field.value));
  };
  field?.addEventListener("input", show);
  if (field) show();
}
