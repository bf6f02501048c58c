/** What was switched on when this tab's last page went away in a call, for the one that takes it up. */

const KEY = "ringline.wish";

/** Keeps `{microphone, camera}`. */
export function keepWish(wish) {
  sessionStorage.setItem(KEY, JSON.stringify(wish));
}

/** The same, or nothing known; the page after the next one has to begin anew. */
export function takeWish() {
  const wish = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
  sessionStorage.removeItem(KEY);
  return wish;
}
