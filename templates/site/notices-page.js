// What the buttons of the notices page do. It says only what stands in the page, in the reader's language.

const form = document.getElementById("notices");
const said = document.getElementById("said");
const buttons = Object.fromEntries([...form.querySelectorAll("button")].map((one) => [one.id, one]));
const SENTENCES = { 422: "elsewhere", 429: "often", 503: "full" };

function say(name, fault = false) {
  said.textContent = name ? said.dataset[name] : "";
  said.className = name ? (fault ? "told" : "done") : "";
  said.scrollIntoView({ block: "nearest" }); // on a phone it may stand above what is seen
}

async function ask(path, body) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw Object.assign(new Error(`${path} answered ${answer.status}`), { status: answer.status });
  return answer.status === 204 ? null : answer.json();
}

// The subscription

// After the city changed its key, an earlier subscription gets nothing more.
function isOurs(subscription) {
  const key = subscription.options?.applicationServerKey;
  const base64 = key ? btoa(String.fromCharCode(...new Uint8Array(key))) : "";
  return !key || base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "") === form.dataset.key;
}

async function subscription() {
  const worker = await navigator.serviceWorker.getRegistration("/");
  const found = worker && (await worker.pushManager.getSubscription());
  return found && isOurs(found) ? found : null;
}

async function subscribe() {
  await navigator.serviceWorker.register("/notices.js");
  const { pushManager } = await navigator.serviceWorker.ready;
  const found = await pushManager.getSubscription();
  if (found && isOurs(found)) return found;
  if (found) await found.unsubscribe(); // it would stand in the way of a new one
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: form.dataset.key });
}

// The form

function box(name, value) {
  const found = form.querySelector(`[name="${name}"][value="${CSS.escape(value)}"]`);
  if (found) return found;
  // A topic that was ticked earlier, and that no post has any more.
  const label = document.createElement("label");
  const made = Object.assign(document.createElement("input"), { type: "checkbox", name, value });
  label.append(made, ` ${value.charAt(0).toUpperCase()}${value.slice(1).replaceAll("-", " ")}`);
  [...form.querySelectorAll(".picks")].at(-1).append(label);
  return made;
}

function show(on) {
  form.hidden = false;
  buttons.on.hidden = on;
  buttons.save.hidden = buttons.off.hidden = !on;
}

async function begin() {
  const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  // Only iPhones and iPads say whether they were opened from the home screen; they can show notices only there.
  if (!able) return say(navigator.standalone === false ? "iphone" : "unable", true);
  if (Notification.permission === "denied") return say("blocked", true);
  const found = await subscription();
  const { on, kinds, topics } = found
    ? await ask("/notices/state", { endpoint: found.endpoint })
    : { on: false, kinds: [], topics: [] };
  for (const value of kinds) box("kinds", value).checked = true;
  for (const value of topics) box("topics", value).checked = true;
  for (const more of form.querySelectorAll("details")) more.open = more.querySelector(":checked") !== null;
  show(on);
  if (on) say("on");
}

async function save() {
  const allowed = await Notification.requestPermission();
  if (allowed !== "granted") return say(allowed === "denied" ? "blocked" : "asked", true);
  const { endpoint, keys } = (await subscribe()).toJSON();
  const ticked = new FormData(form);
  await ask("/notices", {
    endpoint,
    keys: { p256dh: keys.p256dh, auth: keys.auth },
    kinds: ticked.getAll("kinds"),
    topics: ticked.getAll("topics"),
  });
  say(buttons.on.hidden ? "saved" : "on");
  show(true);
}

async function turnOff() {
  const found = await subscription();
  if (found) {
    await ask("/notices/off", { endpoint: found.endpoint });
    await found.unsubscribe();
  }
  say("off");
  show(false);
}

async function attempt(what) {
  say("");
  for (const one of Object.values(buttons)) one.disabled = true;
  try {
    await what();
  } catch (error) {
    console.warn(error);
    say(SENTENCES[error.status] ?? "failed", true);
  } finally {
    for (const one of Object.values(buttons)) one.disabled = false;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(save);
});
buttons.off.addEventListener("click", () => attempt(turnOff));
attempt(begin);
