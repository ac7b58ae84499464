// A sheet of attendance: one tap a child. Taps are kept on this device until the server has answered for them, and sent
// again when the network is back; the server takes the same tap twice for one. Without scripts the form does the same.
const sheet = document.querySelector("[data-sheet]:not([data-closed])");
const NAMES = { present: "Présent", absent: "Absent", justified: "Justifié" };
const AGAIN = 5000; // ms between two tries

if (sheet) start();

function start() {
  const stored = `parvis-sheet-${sheet.dataset.sheet}`;
  const token = sheet.querySelector("[name=csrfmiddlewaretoken]").value;
  const sum = sheet.querySelector(".pv-sheet-sum");
  const rows = new Map();
  let taps = read();
  let sending = false;
  let timer = 0;
  let trouble = "";

  for (const row of sheet.querySelectorAll("li")) {
    rows.set(row.querySelector("input").value, row);
    row.append(buttons(row));
  }
  sheet.classList.add("is-live");
  for (const pk of Object.keys(taps)) if (rows.has(pk)) show(pk, taps[pk].status);
  sheet.addEventListener("click", tap);
  addEventListener("online", send);
  tell();
  if (Object.keys(taps).length) send();

  function read() {
    try {
      return JSON.parse(localStorage.getItem(stored)) ?? {};
    } catch {
      return {};
    }
  }

  function keep() {
    try {
      if (Object.keys(taps).length) localStorage.setItem(stored, JSON.stringify(taps));
      else localStorage.removeItem(stored);
    } catch {
      trouble = "Cet appareil ne garde rien : ne fermez pas cette page avant la fin de l’envoi.";
    }
  }

  function buttons(row) {
    const group = document.createElement("span");
    const name = row.querySelector("label").textContent.trim();
    group.className = "pv-taps";
    for (const [status, word] of Object.entries(NAMES)) {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.tap = status;
      button.textContent = word;
      button.setAttribute("aria-label", `${word} : ${name}`);
      button.setAttribute("aria-pressed", row.dataset.s === status);
      group.append(button);
    }
    return group;
  }

  function tap(event) {
    const button = event.target.closest("[data-tap]");
    if (!button) return;
    const pk = button.closest("li").querySelector("input").value;
    taps[pk] = { status: button.dataset.tap, at: Date.now() };
    show(pk, button.dataset.tap);
    keep();
    tell();
    send();
  }

  function show(pk, status) {
    const row = rows.get(pk);
    row.dataset.s = status;
    for (const each of row.querySelectorAll("[data-tap]")) each.setAttribute("aria-pressed", each.dataset.tap === status);
  }

  async function send() {
    const sent = Object.entries(taps);
    if (sending || !sent.length) return;
    sending = true;
    clearTimeout(timer);
    try {
      await answered(sent, await post(sent));
    } catch {
      trouble = "Pas de réseau : les pointages sont gardés sur cet appareil et partiront tout seuls.";
    }
    sending = false;
    keep();
    tell();
    if (Object.keys(taps).length) timer = setTimeout(send, AGAIN);
  }

  function post(sent) {
    const body = new URLSearchParams();
    for (const [pk, { status, at }] of sent) body.append("m", `${pk}:${status}:${Math.max(0, Date.now() - at)}`);
    return fetch(sheet.dataset.send, { method: "POST", body, headers: { "X-CSRFToken": token }, redirect: "manual" });
  }

  async function answered(sent, response) {
    if (response.type === "opaqueredirect" || response.status === 403) {
      trouble = "Votre session est finie : rechargez la page et reconnectez-vous, vos pointages sont gardés.";
      return;
    }
    if (!response.ok) {
      trouble = "Le portail ne répond pas : les pointages sont gardés et partiront tout seuls.";
      return;
    }
    const { marks } = await response.json();
    trouble = "";
    for (const [pk, { at }] of sent) {
      if (taps[pk]?.at !== at) continue; // tapped anew meanwhile
      delete taps[pk];
      if (!(pk in marks)) gone(pk);
      else if (rows.has(pk)) show(pk, marks[pk]);
    }
    keep();
    tell();
  }

  function gone(pk) {
    rows.get(pk)?.querySelector(".pv-taps")?.replaceWith("réservation annulée");
  }

  function tell() {
    const count = (status) => sheet.querySelectorAll(`li[data-s=${status}]`).length;
    const left = sheet.querySelectorAll("li:not([data-s])").length;
    const kept = Object.keys(taps).length;
    const said = [`Présents : ${count("present")}`, `absents : ${count("absent")}`, `justifiés : ${count("justified")}`];
    sum.textContent = `${said.join(", ")}, à pointer : ${left}.`;
    if (kept && trouble) sum.textContent += ` ${trouble} (${kept} à envoyer)`;
    sum.classList.toggle("is-waiting", Boolean(kept && trouble));
  }
}
