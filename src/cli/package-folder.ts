import { fileURLToPath } from "node:url";

/** The root of the checkout or of the installed package: two folders up from `src/cli/`, and from `dist/cli/`, where the bundle lies. */
export const PACKAGE_FOLDER: string = fileURLToPath(new URL("../../", import.meta.url));

/** Whether the sources run as they are, rather than the bundle. */
export const IS_SOURCE: boolean = import.meta.url.endsWith(".ts");
