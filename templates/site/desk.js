// What the form of a post does with a script: pictures are made small before they travel, what is typed is kept by itself,
// days are picked. It says only what stands in the page, in the visitor's language.

const LONG_SIDE = 2048;
const SMALL_ENOUGH = 400_000; // bytes
const QUIET = 2000; // milliseconds without a key

async function shrunk(file) {
  if (!file.type.startsWith("image/") || file.size < SMALL_ENOUGH) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONG_SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    return blob && blob.size < file.size
      ? new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" })
      : file;
  } catch {
    return file; // of a kind that this browser cannot read; the service says whether it can
  }
}

function sendsPicturesAtOnce(form) {
  const picker = form.querySelector('input[type="file"]');
  const add = form.querySelector('button[value="pictures"]');
  if (!picker || !add) return;
  add.hidden = true;
  picker.addEventListener("change", async () => {
    if (!picker.files.length) return;
    const smaller = new DataTransfer();
    for (const file of picker.files) smaller.items.add(await shrunk(file));
    picker.files = smaller.files;
    add.hidden = false;
    form.requestSubmit(add);
  });
}

function keepsItself(form) {
  const said = document.getElementById("autosaved");
  let waiting = 0;
  let call = new AbortController();
  const keep = async () => {
    const typed = new FormData(form);
    typed.delete("files");
    typed.set("then", "quiet");
    call = new AbortController();
    try {
      const answer = await fetch(form.action, { method: "POST", body: typed, signal: call.signal });
      said.textContent = answer.ok ? form.dataset.saved : "";
    } catch {
      said.textContent = "";
    }
  };
  form.addEventListener("input", () => {
    said.textContent = "";
    clearTimeout(waiting);
    waiting = setTimeout(keep, QUIET);
  });
  form.addEventListener("submit", () => {
    clearTimeout(waiting);
    call.abort();
  });
}

const CALENDAR =
  '<svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><path fill="none" stroke="currentColor" stroke-width="2" d="M3 6h18v15H3zM3 11h18M8 3v5M16 3v5"/></svg>';

// Beside a box for a day, a button that opens the device's calendar. The input that has the calendar lies unseen behind it.
function picksDays(box) {
  const day = document.createElement("input");
  if (typeof day.showPicker !== "function") return;
  day.type = "date";
  day.tabIndex = -1;
  day.ariaHidden = "true";
  const open = document.createElement("button");
  open.type = "button";
  open.className = "second";
  open.innerHTML = CALENDAR;
  open.title = box.dataset.pick;
  open.ariaLabel = `${box.labels[0].firstChild.data.trim()} ${box.dataset.pick}`;
  open.addEventListener("click", () => day.showPicker());
  day.addEventListener("change", () => {
    if (!day.value) return;
    const [year, month, of] = day.value.split("-").map(Number);
    const german = document.documentElement.lang === "de";
    const name = new Date(year, month - 1, of).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
    const hours = box.value.match(/\d{1,2}[:.]\d{2}(?!\.?\d).*$/);
    const written = german ? `${of}.${month}.${year}` : name;
    box.value = box.dataset.when === "moment" && hours ? `${written} ${hours[0]}` : written;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
  });
  const beside = document.createElement("div");
  beside.className = "picked";
  box.before(beside);
  beside.append(box, day, open);
}

const form = document.getElementById("write");
if (form) {
  sendsPicturesAtOnce(form);
  keepsItself(form);
}
document.querySelectorAll("input[data-when]").forEach(picksDays);

// Parts of the town hall's pages that keep themselves new rest while nobody looks, and while something in them is chosen.
function rests(part) {
  const chosen = document.getSelection();
  const marked = chosen && !chosen.isCollapsed && part.contains(chosen.anchorNode);
  return document.hidden || marked || part.contains(document.activeElement) || part.querySelector("details[open]") !== null;
}
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches("[data-live]") && rests(event.target)) event.preventDefault();
});
const silence = document.getElementById("silence");
if (silence) {
  const silent = (event) => {
    if (event.target.matches("[data-live]")) silence.hidden = false;
  };
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) document.addEventListener(name, silent);
  document.addEventListener("htmx:afterSwap", () => (silence.hidden = true));
}
