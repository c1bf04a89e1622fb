// Saves each change as soon as it is made, and grades by keys. Without it, the page is a plain form.
"use strict";

const form = document.getElementById("grading");
const state = document.getElementById("state");
const kept = `unsaved ${location.pathname}`; // what was not saved, for when the page is opened again
const PAUSE = 2000; // milliseconds between two tries
let unsaved = false;
let sending = null;

const numbers = () => [...form.querySelectorAll("input[type=number]")];
const comments = () => [...form.querySelectorAll("textarea")];

function say(text, good) {
  state.textContent = text;
  state.classList.toggle("unsaved", !good);
}

function keep() {
  const values = {
    stamp: form.elements.stamp.value,
    points: numbers().map((each) => each.value),
    comments: comments().map((each) => each.value),
    flagged: form.elements.flagged.checked,
  };
  sessionStorage.setItem(kept, JSON.stringify(values));
}

function show(now) {
  form.elements.stamp.value = now.stamp;
  numbers().forEach((each, number) => { each.value = now.points[number] ?? ""; });
  comments().forEach((each, number) => { each.value = now.comments[number]; });
  form.elements.flagged.checked = now.flagged;
}

function typed(action) {
  const data = new URLSearchParams(new FormData(form));
  data.set("action", action);
  return data;
}

// One change is under way at a time; what is typed meanwhile is sent after it.
async function send(action) {
  const asked = typed(action);
  let answer;
  try {
    answer = await fetch(location.pathname, { method: "POST", body: asked, headers: { Accept: "application/json" } });
  } catch {
    say("Not saved: there is no connection. It is kept here and sent again.", false);
    await new Promise((done) => setTimeout(done, PAUSE));
    return send(action);
  }
  const isJson = answer.headers.get("content-type")?.startsWith("application/json");
  const now = isJson ? await answer.json() : { said: "Not saved: open the address with the token again." };
  if (answer.status === 409) { // somebody else was first: what stands there is shown, and nothing is sent over it
    const own = [...numbers(), ...comments()].map((each) => each.value).filter((each) => each !== "");
    now.said += ` You had typed: ${own.join(" · ")}`;
    show(now);
    settle();
  }
  if (!answer.ok) {
    say(now.said, false);
    return false;
  }
  const more = action === "save" && typed(action).toString() !== asked.toString();
  if (action === "undo") show(now);
  form.elements.stamp.value = now.stamp;
  if (more) return send("save");
  settle();
  report(now);
  return true;
}

function settle() {
  unsaved = false;
  sessionStorage.removeItem(kept);
}

function report(now) {
  document.getElementById("total").textContent = now.total;
  document.getElementById("graded").textContent = now.graded;
  say("Saved.", true);
  const link = document.getElementById("ungraded");
  if (link && now.next) link.href = `${form.dataset.root}/${now.next}`;
  if (link && !now.next) link.remove();
}

function save(action = "save") {
  if (action === "save") {
    unsaved = true;
    keep();
  }
  say("Saving …", true);
  sending = (sending ?? Promise.resolve()).then(() => (action === "undo" || unsaved ? send(action) : true));
  return sending;
}

async function go(id) {
  const link = document.getElementById(id);
  if (document.activeElement !== document.body) document.activeElement.blur(); // its change event saves
  await sending;
  if (link && link.isConnected && !unsaved) location.assign(link.href);
}

function toggle(number) {
  const field = numbers()[number];
  if (!field) return;
  field.value = field.value === field.dataset.most ? "0" : field.dataset.most;
  save();
}

function noneForTheRest() {
  numbers().filter((each) => each.value === "").forEach((each) => { each.value = "0"; });
  save();
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
  if (event.key === "Escape" && typing) event.target.blur();
  if (typing) return;
  const acts = {
    n: () => go("ungraded"), j: () => go("after"), k: () => go("before"), u: () => save("undo"), 0: noneForTheRest,
    c: () => comments()[0].focus(),
    f: () => { form.elements.flagged.checked = !form.elements.flagged.checked; save(); },
    "?": () => { const keys = document.getElementById("keys"); keys.open = !keys.open; },
  };
  if (/^[1-9]$/.test(event.key)) toggle(Number(event.key) - 1);
  else if (acts[event.key]) acts[event.key]();
  else return;
  event.preventDefault();
}

function takeUp() {
  const values = JSON.parse(sessionStorage.getItem(kept) ?? "null");
  if (!values) return;
  show(values);
  save();
}

form.addEventListener("change", (event) => { if (event.target.name !== "alike") save(); });
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const action = event.submitter?.value ?? "save";
  if (action === "undo") save("undo");
  else save().then((done) => { if (done && action === "next") go("ungraded"); });
});
document.addEventListener("keydown", press);
window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
takeUp();
