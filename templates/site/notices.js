// The service worker of the notices page: shows what is sent to this device, opens it, and follows a new address.

async function show(told) {
  await self.registration.showNotification(told.title, {
    body: told.body,
    image: told.image || undefined,
    lang: told.lang,
    tag: told.tag,
    data: told.url,
    renotify: !told.quiet && !told.withdrawn,
    silent: told.quiet || told.withdrawn,
  });
  if (!told.withdrawn) return;
  // A withdrawal only closes. It is shown for a moment, without a sound, all the same: browsers take the leave away
  // from whoever lets a message pass without showing anything.
  for (const one of await self.registration.getNotifications({ tag: told.tag })) one.close();
}

async function ask(path, body) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return answer.status === 204 ? null : answer.json();
}

// A browser that gave its subscription a new address. Without the old one nobody knows what was wanted: the page then
// says that notices are off.
async function follow(old, given) {
  const { on, kinds, topics } = await ask("/notices/state", { endpoint: old.endpoint });
  if (on) {
    const next = given ?? (await self.registration.pushManager.subscribe(old.options));
    const { endpoint, keys } = next.toJSON();
    await ask("/notices", { endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth }, kinds, topics });
  }
  await ask("/notices/off", { endpoint: old.endpoint });
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("push", (event) => event.waitUntil(show(event.data.json())));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data));
});
self.addEventListener("pushsubscriptionchange", (event) => {
  if (event.oldSubscription) event.waitUntil(follow(event.oldSubscription, event.newSubscription));
});
