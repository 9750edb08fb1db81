import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Where what tests fetch or build once is kept: `${XDG_CACHE_HOME:-~/.cache}/ephor` (XDG Base Directory: a relative one is ignored). */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME: xdg = "", HOME: home = homedir() } = process.env;
  return join(isAbsolute(xdg) ? xdg : join(home, ".cache"), "ephor");
}
