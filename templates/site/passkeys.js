// Signs in with a passkey, and adds one. It says only what stands in the page, in the visitor's language.

const supported = window.PublicKeyCredential && navigator.credentials;

async function ask(path, body, token) {
  const headers = { "Content-Type": "application/json" };
  if (token) headers["X-Form-Token"] = token;
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body ?? {}) });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return answer.json();
}

// Bytes travel in base64url (Web Authentication Level 3, section 5.1.8); older browsers leave the translation to us.
function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (one) => one.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function asOptions(given) {
  const known = (one) => ({ ...one, id: bytes(one.id) });
  return {
    ...given,
    challenge: bytes(given.challenge),
    ...(given.user && { user: { ...given.user, id: bytes(given.user.id) } }),
    ...(given.allowCredentials && { allowCredentials: given.allowCredentials.map(known) }),
    ...(given.excludeCredentials && { excludeCredentials: given.excludeCredentials.map(known) }),
  };
}

function asAnswer({ id, rawId, type, response }) {
  const held = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) held[name] = text(response[name]);
  }
  return { id, rawId: text(rawId), type, response: held, clientExtensionResults: {} };
}

async function attempt(box, what) {
  const [said, button] = [box.querySelector("#said"), box.querySelector("button")];
  button.disabled = true;
  said.textContent = "";
  try {
    location.assign((await what()).to);
  } catch (error) {
    console.warn(error);
    said.textContent = box.dataset.failed;
    said.className = "told";
  } finally {
    button.disabled = false;
  }
}

async function enter() {
  const publicKey = asOptions(await ask("/sign-in/passkey/ask"));
  return ask("/sign-in/passkey", asAnswer(await navigator.credentials.get({ publicKey })));
}

async function add(form) {
  const { token } = form.dataset;
  const publicKey = asOptions(await ask("/desk/account/passkeys/ask", {}, token));
  const made = asAnswer(await navigator.credentials.create({ publicKey }));
  const name = encodeURIComponent(new FormData(form).get("name"));
  return ask(`/desk/account/passkeys?name=${name}`, made, token);
}

const way = document.getElementById("passkey");
const fresh = document.getElementById("new-passkey");
if (supported && way) {
  way.hidden = false;
  way.querySelector("#enter").addEventListener("click", () => attempt(way, enter));
}
if (supported && fresh) {
  fresh.hidden = false;
  fresh.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(fresh, () => add(fresh));
  });
}
