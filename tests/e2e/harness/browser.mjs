// A real browser: Debian's Chromium, with profiles that know nothing of each other.
import {createHash, X509Certificate} from 'node:crypto';

import {chromium} from 'playwright-core';

import {within} from './waiting.mjs';

// A browser on a busy machine is slow: this is for what hangs.
const deadlineMs = 30_000;

const publicKeyHash = (leaf) => createHash('sha256')
  .update(new X509Certificate(leaf.secure.cert).publicKey.export({type: 'spki', format: 'der'})).digest('base64');

// Starts one that takes the leaf of a test's authority for a good certificate; the scope closes it. Every host name leads
// to this machine, so that no page, and nothing that the browser does by itself, reaches another.
export async function startBrowser(scope, leaf) {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    timeout: deadlineMs,
    args: ['--host-resolver-rules=MAP * 127.0.0.1', `--ignore-certificate-errors-spki-list=${publicKeyHash(leaf)}`],
  });
  scope.onClose(() => browser.close());
  return browser;
}

// A browser's context: its cookies and cache are its own.
export async function newProfile(scope, browser) {
  const profile = await browser.newContext();
  profile.setDefaultTimeout(deadlineMs);
  scope.onClose(() => profile.close());
  return profile;
}

// What the function gives, run by the page itself.
export const inPage = (page, run, argument) => within(`the page ends ${run}`, page.evaluate(run, argument), deadlineMs);

// The page's own fetch(): {status, redirected, text}, or undefined where the browser keeps the answer from the page.
export const fetchIn = (page, url, options) => inPage(page, async ([target, settings]) => {
  try {
    const response = await fetch(target, settings);
    return {status: response.status, redirected: response.redirected, text: await response.text()};
  } catch {
    return undefined;
  }
}, [url, options]);

// Sends a form as a click on its button does: the tab shows the answer.
export async function submitForm(page, action, members = {}) {
  const answered = page.waitForEvent('framenavigated');
  await inPage(page, ([target, fields]) => {
    const form = Object.assign(document.createElement('form'), {method: 'POST', action: target});
    for (const [name, value] of Object.entries(fields)) form.append(Object.assign(document.createElement('input'), {name, value}));
    document.body.append(form);
    form.submit();
  }, [action, members]);
  await answered;
}

export async function followLink(page, url) {
  const shown = page.waitForURL(url);
  await inPage(page, (target) => { location.href = target; }, url);
  await shown;
}

// Shows an image; false: there was none to be had.
export const showImage = (page, url) => inPage(page, (source) => new Promise((resolve) => {
  const [onload, onerror] = [() => resolve(true), () => resolve(false)];
  document.body.append(Object.assign(new Image(), {onload, onerror, src: source}));
}), url);

// Opens a WebSocket, which the page keeps as `socket`: the upstream's first message, or undefined if it did not open.
// `socketClosed` resolves when it is closed.
export const openSocket = (page, url) => inPage(page, (target) => new Promise((resolve) => {
  window.socket = new WebSocket(target);
  window.socketClosed = new Promise((closed) => { window.socket.onclose = (event) => { closed(event.wasClean); resolve(undefined); }; });
  window.socket.onmessage = ({data}) => resolve(data);
}), url);
