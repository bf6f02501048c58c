/** Who this page is: the token of the link it was opened with. */

const KEY = "ringline.token";

/**
 * The token from the address's fragment, which then leaves the address bar (and so bookmarks and
 * screenshots), or the one this tab had before a reload; null without either.
 */
export function takeToken() {
  const token = tokenIn(location.hash);
  if (token) {
    sessionStorage.setItem(KEY, token);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return token ?? sessionStorage.getItem(KEY);
}

export function forgetToken() {
  sessionStorage.removeItem(KEY);
}

/** The token in a whole link, in its fragment, or bare; null when there is none. */
export function tokenIn(text) {
  return /(?:^|#token=)([\w-]+\.[\w-]+\.[\w-]*)\s*$/.exec(text.trim())?.[1] ?? null;
}

/** `{sub, name?, exp}` as the token claims them, to show only: the service is who checks. */
export function claimsOf(token) {
  try {
    const base64 = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
